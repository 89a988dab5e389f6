//! One item, with all that helps to judge it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::items::{counted, row};
use super::severity::{rule_of, severity};
use crate::console::access::{Permission, Principal};
use crate::console::answer::{Answer, ApiError, Named, found};
use crate::console::decisions::Detail;
use crate::console::{AdminState, RuleFacts};
use crate::people::duplicates::Sketch;
use crate::people::review::hides;
use crate::people::shapes;
use crate::people::texts::subject;
use crate::proxy::Live;
use crate::store::{
    Connection, DecisionRow, Item, ItemFilter, ItemRow, JudgementRow, Outcomes, StoreError, TextKey,
};

/// The most items of the same rule whose texts are compared with that of an item.
const MOST_COMPARED: i64 = 100;
/// The most near-duplicates that are shown.
pub(super) const MOST_NEAR: usize = 20;

/// An item and what belongs to it.
struct Shown {
    row: ItemRow,
    alike: Vec<ItemRow>,
    near: Vec<ItemRow>,
    /// What was said of it; only by this person, where that of others is hidden.
    said: Vec<JudgementRow>,
    is_hidden: bool,
    decision: Option<Detail>,
    outcomes: Outcomes,
}

/// `GET /api/review/items/{id}`.
pub(super) async fn show(
    State(state): State<Arc<AdminState>>,
    Named(id): Named,
    principal: Principal,
) -> Answer {
    shown(&state, &principal, id).await
}

/// An item as this person sees it.
pub(super) async fn shown(
    state: &AdminState,
    principal: &Principal,
    id: String,
) -> Answer<Response> {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let reviewer = principal.user.name.clone();
    let keyed = store.clone();
    let shown = store.read(move |c| Shown::find(c, keyed.key(), (&id, &reviewer))).await?;
    let shown = shown.ok_or_else(|| ApiError::unknown("item"))?;
    let reads = principal.may(Permission::Read);
    let mut body = shown.json(&state.gateway.live(), reads);
    if let Some(rule) = body.get_mut("rule").and_then(Value::as_object_mut).filter(|_| reads) {
        let item = &shown.row.item;
        rule.insert("source".to_owned(), written(state, item).map_or(Value::Null, Value::String));
    }
    Ok(found(&body))
}

/// The rule as its file has it, where it is still in force.
fn written(state: &AdminState, item: &Item) -> Option<String> {
    let in_force = state.workshop.in_force();
    let policy = in_force.policies.iter().find(|policy| policy.name == item.policy)?;
    let id = item.rule.as_deref()?;
    policy.rules.iter().find(|rule| rule.id == id).map(RuleFacts::written)
}

impl Shown {
    fn find(
        connection: &mut dyn Connection,
        key: Option<&TextKey>,
        (id, reviewer): (&str, &str),
    ) -> Result<Option<Self>, StoreError> {
        let Some(row) = ItemRow::find(connection, id)? else { return Ok(None) };
        let mut said = JudgementRow::of(connection, id)?;
        let is_hidden = hides(&row, &said, Some(reviewer));
        said.retain(|said| !is_hidden || said.reviewer == reviewer);
        let decision = Detail::find(connection, key, &row.item.decision)?;
        let alike = row.alike(connection)?;
        let near = near(connection, key, (&row, decision.as_ref()))?;
        let item = &row.item;
        let outcomes = Outcomes::of_rule(connection, &item.policy, item.rule.as_deref())?;
        Ok(Some(Self { row, alike, near, said, is_hidden, decision, outcomes }))
    }

    fn json(&self, live: &Live, reads: bool) -> Value {
        let alike = i64::try_from(self.alike.len()).unwrap_or(i64::MAX);
        let item = counted(live, &[(self.row.clone(), alike)]).pop();
        let mark = |rows: &[ItemRow], same: bool| -> Vec<Value> {
            let more = json!({ "same": same });
            rows.iter().map(|other| shapes::with(row(live, other), more.clone())).collect()
        };
        let alike_rows = [mark(&self.alike, true), mark(&self.near, false)].concat();
        let decision = self.decision.as_ref();
        let of_decision = |other: &ItemRow| row(live, other);
        let said = self.said.iter().map(|said| judgement(said, reads));
        json!({
            "item": item,
            "decision": decision.map(|decision| decision.shown(reads, of_decision)),
            "judgements": said.collect::<Vec<_>>(),
            "hidden": self.is_hidden,
            "alike": alike_rows,
            "rule": self.rule(live),
        })
    }

    /// The rule as it is now.
    fn rule(&self, live: &Live) -> Value {
        let item = &self.row.item;
        let rule = rule_of(live, &self.row);
        let Outcomes { upheld, overturned, .. } = self.outcomes;
        let judged = upheld + overturned;
        #[expect(
            clippy::cast_precision_loss,
            reason = "counts of people's judgements are far below 2^53"
        )]
        let rate = (judged > 0).then(|| overturned as f64 / judged as f64);
        json!({
            "policy": item.policy,
            "id": item.rule,
            "action": rule.and_then(|rule| rule.effect.action()),
            "category": item.category,
            "severity": severity(live, &self.row),
            "source": null,
            "overturn_rate": rate,
            "judged": judged,
        })
    }
}

/// What somebody said of an item; what was written only for those who read texts.
fn judgement(said: &JudgementRow, reads: bool) -> Value {
    let mut shown = shapes::judgement(said);
    if let Some(members) = shown.as_object_mut().filter(|_| !reads) {
        members.remove("note");
        members.remove("edited");
    }
    shown
}

/// Items of the same rule that wait too, with nearly the same text, the oldest first.
fn near(
    connection: &mut dyn Connection,
    key: Option<&TextKey>,
    (row, decision): (&ItemRow, Option<&Detail>),
) -> Result<Vec<ItemRow>, StoreError> {
    let text = decision.and_then(Detail::decision).and_then(|decision| subject(decision).ok());
    let Some(own) = text.as_deref().and_then(Sketch::of) else { return Ok(Vec::new()) };
    let filter = ItemFilter {
        waiting: true,
        policy: Some(row.item.policy.clone()),
        rule: row.item.rule.clone(),
        limit: MOST_COMPARED,
        ..ItemFilter::default()
    };
    let mut near = Vec::new();
    for other in ItemRow::list(connection, &filter)? {
        let is_same = !row.item.kin.is_empty() && other.item.kin == row.item.kin;
        if is_same || other.item.decision == row.item.decision || near.len() >= MOST_NEAR {
            continue;
        }
        let decision = DecisionRow::find(connection, key, &other.item.decision)?;
        let text = decision.and_then(|found| subject(&found.decision).ok());
        if text.as_deref().and_then(Sketch::of).is_some_and(|sketch| own.is_near(&sketch)) {
            near.push(other);
        }
    }
    Ok(near)
}
