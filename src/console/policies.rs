//! The policies that are in force: their rules with what these did, their files and their past.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::access::{Permission, Principal};
use super::answer::{Answer, ApiError, found};
use super::workshop::{Diagnostic, PolicyFacts};
use super::{AdminState, improve, playground};
use crate::domain::{Action, Category, Mode};
use crate::people::export::Reviewed;
use crate::people::figures::{Figures, RuleFigures};
use crate::people::shapes;
use crate::policy::{Policy, Rule};
use crate::store::{ItemFilter, ItemRow, JudgementRow, PolicyRevision, Store, StoreError, hits};

/// From when on rules are counted, in milliseconds before now: thirty days.
const COUNTED: i64 = 30 * 86_400_000;
/// Items that are read at once.
const PAGE: i64 = 1000;
/// The most pages of items that are read of one policy.
const MOST_PAGES: usize = 100;
/// The most revisions that are told.
const MOST_REVISIONS: i64 = 50;

/// The places about policies.
pub(super) fn routes() -> Router<Arc<AdminState>> {
    Router::new()
        .route("/api/policies", get(policies))
        .route("/api/policies/{name}", get(policy))
        .route("/api/playground", post(playground::try_out))
        .route("/api/playground/tests", post(playground::tests))
        .route("/api/playground/test-case", post(improve::case_of_text))
        .route("/api/review/items/{id}/test-case", get(improve::show_case).post(improve::save_case))
        .route(
            "/api/review/items/{id}/exception",
            get(improve::show_exception).post(improve::save_exception),
        )
}

async fn policies(State(state): State<Arc<AdminState>>, principal: Principal) -> Response {
    let in_force = state.workshop.in_force();
    let row = |policy: &PolicyFacts| {
        let since = state.workshop.revisions(&policy.name);
        let loaded = since.first().map_or(in_force.at, |(_, at)| *at);
        json!({
            "name": policy.name,
            "revision": policy.revision,
            "rules": policy.rules.len(),
            "loaded_at": shapes::time(loaded),
        })
    };
    let rows: Vec<Value> = in_force.policies.iter().map(row).collect();
    let last = state.workshop.last_reload();
    let reads = principal.may(Permission::Read);
    let diagnostics: Vec<Diagnostic> =
        last.diagnostics.into_iter().map(|one| if reads { one } else { one.unquoted() }).collect();
    let last = json!({ "ok": last.ok, "at": shapes::time(last.at), "diagnostics": diagnostics });
    found(&json!({ "rows": rows, "last_reload": last, "writable": in_force.writable }))
}

/// The policy of this name that is in force.
pub(super) fn live(state: &AdminState, name: &str) -> Answer<Arc<Policy>> {
    let live = state.gateway.live();
    live.policies.get(name).cloned().ok_or_else(|| ApiError::unknown("policy"))
}

async fn policy(
    State(state): State<Arc<AdminState>>,
    Path(name): Path<String>,
    principal: Principal,
) -> Answer {
    let policy = live(&state, &name)?;
    let in_force = state.workshop.in_force();
    let facts = in_force.policies.iter().find(|known| known.name == name);
    let facts = facts.ok_or_else(|| ApiError::unknown("policy"))?;
    // What the store says is a help: the rules are shown without it too.
    let counted = match state.store() {
        Some(store) => Counted::of(&store, &name).await.ok(),
        None => None,
    };
    let today = state.telemetry.clock.today();
    let rules = policy.rules.iter().enumerate().map(|(index, rule)| {
        let enforces = policy.mode_of(rule, today) == Mode::Enforce;
        let in_effect = enforces && policy.is_on(index, today);
        shown(rule, facts, (in_effect, policy.is_on(index, today)), counted.as_ref())
    });
    let rules: Vec<Value> = rules.collect();
    let files = principal.may(Permission::Read).then(|| {
        let file = |(path, text): &(String, String)| json!({ "path": path, "text": text });
        facts.files.iter().map(file).collect::<Vec<_>>()
    });
    let history = counted.map_or_else(Vec::new, |counted| counted.revisions);
    let history: Vec<Value> = if history.is_empty() {
        let since_start = state.workshop.revisions(&name).into_iter();
        since_start.map(|(revision, at)| revised(&revision, at, "gate")).collect()
    } else {
        history.iter().map(|one| revised(&one.revision, one.at, &one.actor)).collect()
    };
    Ok(found(&json!({
        "name": name,
        "revision": facts.revision,
        "enforcement": policy.mode.as_str(),
        "sensitivity": policy.sensitivity.as_str(),
        "rules": rules,
        "files": files,
        "history": history,
        "writable": in_force.writable,
    })))
}

fn revised(revision: &str, at: i64, who: &str) -> Value {
    json!({ "revision": revision, "at": shapes::time(at), "who": who })
}

/// A rule with what it did.
fn shown(
    rule: &Rule,
    facts: &PolicyFacts,
    (in_effect, is_on): (bool, bool),
    counted: Option<&Counted>,
) -> Value {
    let written = facts.rules.iter().find(|known| *known.id == *rule.id);
    let figures = counted.and_then(|counted| counted.figures.get(&*rule.id));
    let judged = figures.map(|figures| figures.upheld + figures.overturned + figures.unresolved);
    json!({
        "id": &*rule.id,
        "action": rule.effect.action().map(Action::as_str),
        "score": rule.effect.score(),
        "category": rule.category.as_ref().map(Category::as_str),
        "severity": rule.severity,
        "level": rule.level.as_str(),
        "on": is_on,
        "enforced": in_effect,
        "detect": written.map(|written| &written.detect),
        "hits": counted.map(|counted| counted.hits.get(&*rule.id).copied().unwrap_or_default()),
        "judged": counted.map(|_| judged.unwrap_or_default()),
        "overturn_rate": figures.and_then(|figures| figures.overturn_rate),
    })
}

/// What the store has counted of a policy.
struct Counted {
    hits: BTreeMap<String, i64>,
    figures: BTreeMap<String, RuleFigures>,
    revisions: Vec<PolicyRevision>,
}

impl Counted {
    async fn of(store: &Store, policy: &str) -> Result<Self, StoreError> {
        let since = store.now() - COUNTED;
        let name = policy.to_owned();
        let read = store.search(move |connection| {
            let hits = hits(connection, &name, since)?;
            Ok((hits, PolicyRevision::list(connection, &name, MOST_REVISIONS)?))
        });
        let (hits, revisions) = read.await?;
        let figures = figures(store, policy, since).await?;
        let figures = figures.rules().into_iter().filter_map(|figures| {
            let rule = figures.rule.clone()?;
            Some((rule, figures))
        });
        Ok(Self { hits: hits.into_iter().collect(), figures: figures.collect(), revisions })
    }
}

/// What reviews of a policy came to from a time on.
async fn figures(store: &Store, policy: &str, since: i64) -> Result<Figures, StoreError> {
    let mut figures = Figures::default();
    let policy = Some(policy.to_owned());
    let since = Some(since);
    let mut filter = ItemFilter { policy, since, limit: PAGE, ..ItemFilter::default() };
    for _ in 0..MOST_PAGES {
        let of = filter.clone();
        let page = store.search(move |connection| {
            let rows = ItemRow::list(connection, &of)?;
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
                return Ok((rows, Vec::new()));
            };
            let said = JudgementRow::between(connection, &first.item.id, &last.item.id)?;
            Ok((rows, said))
        });
        let (rows, said) = page.await?;
        let Some(last) = rows.last() else { break };
        filter.after = Some(last.item.id.clone());
        let by_item = Reviewed::by_item(said);
        for row in &rows {
            let said = by_item.get(&row.item.id).map_or(&[][..], Vec::as_slice);
            // More rules than are counted are left out.
            figures.add(row, said).unwrap_or_default();
        }
    }
    Ok(figures)
}
