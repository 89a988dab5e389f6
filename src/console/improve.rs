//! Tests and exceptions out of reviewed items and texts that were tried: shown first, and written where that is allowed.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::AdminState;
use super::access::{Permission, Principal};
use super::answer::{Answer, ApiError, Sent, found};
use super::playground::MOST_TEXT;
use super::workshop::{Bay, Deed, Wish};
use crate::domain::{Action, Author, Phase};
use crate::people::improve::{Case, NotImprovable, Proposal, Settled};
use crate::store::{DecisionRow, ItemRow, Store};

/// The most characters of a test's name.
const MOST_NAME: usize = 200;
/// After how many seconds it may be tried again where all places are taken.
const AGAIN: u64 = 2;

/// What is made of something that was settled.
type Wishing = fn(&Settled) -> Answer<Wish>;

/// A place to try something out at.
pub(super) fn place(state: &AdminState) -> Answer<Bay> {
    let busy = || ApiError::too_many("others are trying something out; try again", AGAIN);
    state.workshop.place().ok_or_else(busy)
}

fn shown(proposal: &Proposal, state: &AdminState, saved: bool) -> Value {
    json!({
        "file": proposal.file,
        "yaml": proposal.yaml,
        "diff": proposal.diff(),
        "writable": state.workshop.in_force().writable,
        "todo": proposal.todo,
        "tests": proposal.tests,
        "saved": saved,
    })
}

/// What people settled about an item.
async fn settled(store: &Store, id: String) -> Answer<Settled> {
    let of = store.clone();
    let read = store.read(move |connection| {
        let Some(row) = ItemRow::find(connection, &id)? else { return Ok(None) };
        let decision = DecisionRow::find(connection, of.key(), &row.item.decision)?;
        Ok(Some((row, decision)))
    });
    let (row, decision) = read.await?.ok_or_else(|| ApiError::unknown("item"))?;
    let decision = decision.map(|row| row.decision);
    Settled::of(&row, decision.as_ref()).map_err(not_improvable)
}

/// A proposal holds the text: a token that may edit and not read is told none.
fn may_read(principal: &Principal) -> Answer<()> {
    let needed = Permission::Read;
    let message = format!("this asks for the permission `{}` too", needed.as_str());
    let forbidden = || ApiError::new(StatusCode::FORBIDDEN, "forbidden", message);
    if principal.may(needed) { Ok(()) } else { Err(forbidden()) }
}

fn not_improvable(why: NotImprovable) -> ApiError {
    ApiError::conflict("not_improvable", why.to_string())
}

fn case_of(settled: &Settled) -> Answer<Wish> {
    settled.case().map(Wish::Case).map_err(not_improvable)
}

fn excuse_of(settled: &Settled) -> Answer<Wish> {
    settled.excuse().map(Wish::Excuse).map_err(not_improvable)
}

async fn show(state: &AdminState, principal: &Principal, id: String, wish: Wishing) -> Answer {
    may_read(principal)?;
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let wish = wish(&settled(&store, id).await?)?;
    let proposal = state.workshop.propose(place(state)?, wish).await?;
    Ok(found(&shown(&proposal, state, false)))
}

async fn write(
    state: &AdminState,
    principal: &Principal,
    id: String,
    (act, wish): (&'static str, Wishing),
) -> Answer {
    may_read(principal)?;
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let wish = wish(&settled(&store, id.clone()).await?)?;
    let bay = place(state)?;
    let proposal = state.workshop.propose(Arc::clone(&bay), wish).await?;
    save((state, bay), principal, (act, id), &proposal).await
}

/// Writes a proposal.
async fn save(
    (state, bay): (&AdminState, Bay),
    principal: &Principal,
    (act, object): (&'static str, String),
    proposal: &Proposal,
) -> Answer {
    let deed = Deed { actor: principal.user.name.clone(), act, object };
    state.workshop.save(bay, proposal.clone(), deed).await?;
    Ok(found(&shown(proposal, state, true)))
}

pub(super) async fn show_case(
    State(state): State<Arc<AdminState>>,
    Path(id): Path<String>,
    principal: Principal,
) -> Answer {
    show(&state, &principal, id, case_of).await
}

pub(super) async fn save_case(
    State(state): State<Arc<AdminState>>,
    Path(id): Path<String>,
    principal: Principal,
) -> Answer {
    write(&state, &principal, id, ("test_case", case_of)).await
}

pub(super) async fn show_exception(
    State(state): State<Arc<AdminState>>,
    Path(id): Path<String>,
    principal: Principal,
) -> Answer {
    show(&state, &principal, id, excuse_of).await
}

pub(super) async fn save_exception(
    State(state): State<Arc<AdminState>>,
    Path(id): Path<String>,
    principal: Principal,
) -> Answer {
    write(&state, &principal, id, ("exception", excuse_of)).await
}

/// A test of a text that was tried.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfText {
    policy: String,
    name: String,
    phase: Phase,
    text: String,
    expect: Action,
    #[serde(default)]
    save: bool,
}

pub(super) async fn case_of_text(
    State(state): State<Arc<AdminState>>,
    principal: Principal,
    Sent(of): Sent<OfText>,
) -> Answer {
    may_read(&principal)?;
    let name = of.name.trim();
    let is_name = !name.is_empty() && name.chars().count() <= MOST_NAME;
    if !is_name || name.chars().any(char::is_control) {
        let message =
            format!("`name` has from 1 to {MOST_NAME} characters, none of them a control");
        return Err(ApiError::wrong(message));
    }
    if of.text.len() > MOST_TEXT {
        return Err(ApiError::wrong(format!("`text` has more than {MOST_TEXT} bytes")));
    }
    let author = match of.phase {
        Phase::Prompt => Author::User,
        Phase::Completion => Author::Assistant,
    };
    let OfText { policy, phase, text, expect, .. } = of;
    let (name, object) = (name.to_owned(), policy.clone());
    let case = Case { policy, name, phase, author, text, expect };
    let bay = place(&state)?;
    let proposal = state.workshop.propose(Arc::clone(&bay), Wish::Case(case)).await?;
    if !of.save {
        return Ok(found(&shown(&proposal, &state, false)));
    }
    save((&state, bay), &principal, ("test_case", object), &proposal).await
}
