//! Where the thresholds of a store stand, and what moves them there: what labels say, what is written anew, and people.
//!
//! Several gates may go by one store, and not all by the same files. What was learnt belongs to the settings that it was
//! learnt under, [`Subject::basis`]: a rule that is written anew begins with what is written. Each change is one
//! transaction, which looks first whether another gate was there before.

mod labels;
mod shown;

pub use labels::Labels;
pub use shown::{change, list, row};

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::acts::Reviewer;
use super::adapt::{Adapter, Decision, Move, Settings, Standing, Target, Why};
use crate::config::policy_file::AdaptMode;
use crate::policy::Policy;
use crate::store::{AdaptationRow, Connection, Labelled, StoreError, ThresholdRow};

/// Who acts where no person does.
pub const GATE: &str = "gate";
/// How long settings of a rule are remembered that no gate goes by, in milliseconds: 90 days.
const REMEMBERED: i64 = 90 * 86_400_000;
/// The state of a rule that no gate adapts.
const OFF: &str = "off";

/// A rule whose threshold may move.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// The policy.
    pub policy: Arc<str>,
    /// The rule.
    pub rule: Arc<str>,
    /// Its category.
    pub category: Option<String>,
    /// What tells it from the same rule under other settings.
    pub basis: String,
    /// What tells it from the same rule with another classifier.
    pub scorer: String,
    /// The threshold as it is written.
    pub written: f64,
    /// Whether it moves in truth.
    pub mode: AdaptMode,
    adapter: Adapter,
}

/// What came of a look at labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// Where the threshold stands now.
    pub row: ThresholdRow,
    /// How it was changed.
    pub change: Option<AdaptationRow>,
}

impl Subject {
    /// The rules of a policy whose thresholds may move.
    pub fn of(policy: &Policy) -> Vec<Self> {
        let Some(adapt) = &policy.adapt else { return Vec::new() };
        // What makes no sense was refused with its file.
        let Ok(adapter) = Adapter::new(Settings::of(&adapt.settings)) else { return Vec::new() };
        let subject = |one: &crate::policy::Adaptive| {
            let rule = policy.rules.get(one.rule)?;
            Some(Self {
                policy: Arc::clone(&policy.name),
                rule: Arc::clone(&rule.id),
                category: rule.category.as_ref().map(|category| category.as_str().to_owned()),
                basis: one.basis.clone(),
                scorer: one.scorer.clone(),
                written: one.written,
                mode: adapt.settings.mode,
                adapter,
            })
        };
        adapt.rules.iter().filter_map(subject).collect()
    }

    /// Labels that are needed before a threshold moves.
    pub fn min_labels(&self) -> u32 {
        self.adapter.settings().min_labels
    }

    fn is_of(&self, row: &ThresholdRow) -> bool {
        *row.policy == *self.policy && *row.rule == *self.rule
    }

    /// Where the threshold stands, of the rows of the store; `None` where it has to [`begin`](Self::begin) first: it was
    /// never there, or the files that this gate has read at the time `read` are newer than what another gate began with.
    pub fn standing<'r>(&self, rows: &'r [ThresholdRow], read: i64) -> Option<&'r ThresholdRow> {
        let own = rows.iter().find(|row| self.is_of(row) && row.basis == self.basis)?;
        let others = rows.iter().filter(|row| self.is_of(row) && row.basis != self.basis);
        let newest = others.map(|row| row.begun).max();
        let is_behind = newest.is_some_and(|newest| newest > own.begun && read >= newest);
        Some(own).filter(|own| !is_behind && own.state != OFF)
    }

    /// The threshold that is in force where it stands so.
    pub fn in_force(&self, row: &ThresholdRow) -> f64 {
        let Settings { low, high, .. } = self.adapter.settings();
        match self.mode {
            AdaptMode::Shadow => self.written,
            AdaptMode::On => row.threshold.clamp(low, high),
        }
    }

    /// Begins with what is written, unless another gate has; where the threshold stands then. Labels go on counting, but
    /// for those of another classifier, and for those from before a threshold fell.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn begin(
        &self,
        connection: &mut dyn Connection,
        read: i64,
        gate: &Reviewer<'_>,
    ) -> Result<ThresholdRow, StoreError> {
        connection.serialise()?;
        let rows = ThresholdRow::of(connection, &self.policy, &self.rule)?;
        if let Some(row) = self.standing(&rows, read) {
            return Ok(row.clone());
        }
        let before = rows.first();
        let row = self.begun(before, gate.now);
        row.put(connection)?;
        row.forget(connection, gate.now.saturating_sub(REMEMBERED))?;
        if let Some(before) = before {
            let detail = json!({ "same_classifier": before.scorer == self.scorer });
            let change = Change { act: "file", from: before.threshold, evidence: detail };
            change.keep(connection, &row, gate)?;
        }
        Ok(row)
    }

    fn begun(&self, before: Option<&ThresholdRow>, now: i64) -> ThresholdRow {
        let Settings { target, low, high, .. } = self.adapter.settings();
        let (target_is, target) = match target {
            Target::FalsePositiveRate(rate) => ("false_positive_rate", rate),
            Target::Precision(share) => ("precision", share),
        };
        let lowered = before.and_then(|before| {
            let stood = if before.state == AdaptMode::On.as_str() {
                before.threshold
            } else {
                before.written
            };
            let is_other = before.scorer != self.scorer || self.written < stood;
            if is_other { Some(now) } else { before.lowered }
        });
        ThresholdRow {
            policy: self.policy.to_string(),
            rule: self.rule.to_string(),
            basis: self.basis.clone(),
            scorer: self.scorer.clone(),
            category: self.category.clone(),
            state: self.mode.as_str().to_owned(),
            target_is: target_is.to_owned(),
            target,
            low,
            high,
            written: self.written,
            threshold: self.written,
            begun: now,
            moved: before.map(|_| now),
            lowered,
            looked: None,
            reason: "begun".to_owned(),
            evidence: "{}".to_owned(),
        }
    }

    /// Whether labels may be looked at: the last move and the last look are long enough ago.
    pub fn is_due(&self, row: &ThresholdRow, now: i64) -> bool {
        let every = i64::try_from(self.adapter.settings().every.as_millis()).unwrap_or(i64::MAX);
        row.moved.max(row.looked).is_none_or(|last| now.saturating_sub(last) >= every)
    }

    /// From when on labels are new, in milliseconds since 1970.
    pub fn new_since(&self, row: &ThresholdRow, now: i64) -> i64 {
        self.counts_since(row, now).max(row.moved.unwrap_or(i64::MIN))
    }

    /// From when on labels count, in milliseconds since 1970.
    pub fn counts_since(&self, row: &ThresholdRow, now: i64) -> i64 {
        let begins = self.adapter.window_begins(timestamp(now));
        let begins = begins.map_or(i64::MIN, Timestamp::as_millisecond);
        begins.max(row.lowered.unwrap_or(i64::MIN))
    }

    /// What labels say of a threshold that stands so.
    pub fn decide(&self, row: &ThresholdRow, labels: &Labels, now: i64) -> Decision {
        let standing = Standing {
            threshold: row.threshold,
            moved: row.moved.map(timestamp),
            lowered: row.lowered.map(timestamp),
        };
        self.adapter.decide(standing, &labels.all(), timestamp(now))
    }

    /// Carries out what labels say of a threshold that stood like `row`; `None` where it stands otherwise by now, because
    /// another gate or a person was there before, or where it has to rest.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn carry_out(
        &self,
        connection: &mut dyn Connection,
        (row, decision): (&ThresholdRow, &Decision),
        gate: &Reviewer<'_>,
    ) -> Result<Option<Looked>, StoreError> {
        connection.serialise()?;
        let Some(row) = self.unchanged(connection, row)? else { return Ok(None) };
        if !self.is_due(&row, gate.now) {
            return Ok(None);
        }
        let evidence = serde_json::to_value(decision.evidence).unwrap_or_default();
        let mut after = ThresholdRow {
            reason: decision.to.word(),
            evidence: evidence.to_string(),
            looked: Some(gate.now),
            ..row.clone()
        };
        if decision.to == Move::Stay(Why::TooFewLabels) {
            // It was no look: as soon as there are enough there will be one.
            after.looked = row.looked;
        }
        let act = match decision.to {
            Move::Up(to) => Some(("up", to)),
            Move::Down(to) => Some(("down", to)),
            Move::AtBound(_) | Move::Stay(_) => None,
        };
        if let Some((act, to)) = act {
            let lowered = if act == "down" { Some(gate.now) } else { row.lowered };
            after = ThresholdRow { threshold: to, moved: Some(gate.now), lowered, ..after };
        }
        after.put(connection)?;
        let keep = |(act, _): (&'static str, f64)| {
            Change { act, from: row.threshold, evidence }.keep(connection, &after, gate)
        };
        let change = act.map(keep).transpose()?;
        Ok(Some(Looked { row: after, change }))
    }

    /// Notes how many new labels there are where they are too few to look at.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn wait(
        &self,
        connection: &mut dyn Connection,
        row: &ThresholdRow,
        new_labels: i64,
    ) -> Result<(), StoreError> {
        connection.serialise()?;
        let Some(row) = self.unchanged(connection, row)? else { return Ok(()) };
        let reason = Move::Stay(Why::TooFewLabels).word();
        let evidence = json!({ "new_labels": new_labels }).to_string();
        if row.reason == reason && row.evidence == evidence {
            return Ok(());
        }
        ThresholdRow { reason, evidence, ..row }.put(connection)
    }

    /// The row as the store has it, where nobody has changed the threshold meanwhile.
    fn unchanged(
        &self,
        connection: &mut dyn Connection,
        row: &ThresholdRow,
    ) -> Result<Option<ThresholdRow>, StoreError> {
        let rows = ThresholdRow::of(connection, &self.policy, &self.rule)?;
        let now = rows.into_iter().find(|now| now.basis == row.basis);
        let stands = |row: &ThresholdRow| (row.begun, row.moved, row.lowered, row.looked);
        Ok(now.filter(|now| {
            let same = now.threshold.total_cmp(&row.threshold).is_eq();
            same && now.state == row.state && stands(now) == stands(row)
        }))
    }

    /// Labels that count for a threshold that stands so: a page of them after those that are there. Whether there may be
    /// more.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn read_labels(
        &self,
        connection: &mut dyn Connection,
        (row, now): (&ThresholdRow, i64),
        labels: &mut Labels,
    ) -> Result<bool, StoreError> {
        let since = self.counts_since(row, now);
        let limit = labels.room();
        let last = labels.last.clone();
        let before = last.as_ref().map(|(at, id)| (*at, id.as_str()));
        // What was drawn before a fall was drawn under another threshold, whenever people come to it.
        let drawn = row.lowered.unwrap_or(i64::MIN);
        let page = Labelled::page(connection, (&self.policy, since, drawn), before, limit)?;
        let more = i64::try_from(page.len()).is_ok_and(|length| length >= limit);
        labels.add(self, &page);
        Ok(more && labels.room() > 0)
    }
}

/// A change that is to be kept.
struct Change {
    act: &'static str,
    from: f64,
    evidence: Value,
}

impl Change {
    /// Keeps how a threshold came to stand so, as a row and as a line of the ledger.
    fn keep(
        self,
        connection: &mut dyn Connection,
        row: &ThresholdRow,
        by: &Reviewer<'_>,
    ) -> Result<AdaptationRow, StoreError> {
        let Self { act, from, evidence } = self;
        let change = AdaptationRow {
            id: (by.id)(),
            at: by.now,
            policy: row.policy.clone(),
            rule: row.rule.clone(),
            act: act.to_owned(),
            actor: by.name.clone(),
            shadow: row.state != AdaptMode::On.as_str(),
            from,
            to: row.threshold,
            evidence: evidence.to_string(),
        };
        change.insert(connection)?;
        let detail = json!({
            "change": act,
            "from": from,
            "to": row.threshold,
            "mode": row.state,
            "evidence": evidence,
        });
        by.note(connection, ("adapt", &format!("{}/{}", row.policy, row.rule)), detail)?;
        Ok(change)
    }
}

/// Puts the threshold of a rule back to what is written, in one act; labels from before do not count any more. The row as
/// it stands then; `None` where no threshold of such a rule moves.
///
/// # Errors
/// When the database cannot be reached.
pub fn reset(
    connection: &mut dyn Connection,
    (policy, rule): (&str, &str),
    by: &Reviewer<'_>,
) -> Result<Option<ThresholdRow>, StoreError> {
    connection.serialise()?;
    let rows = ThresholdRow::of(connection, policy, rule)?;
    let mut latest = None;
    for before in rows.into_iter().filter(|row| row.state != OFF) {
        let row = ThresholdRow {
            threshold: before.written,
            moved: Some(by.now),
            lowered: Some(by.now),
            looked: None,
            reason: "reset".to_owned(),
            evidence: "{}".to_owned(),
            ..before.clone()
        };
        row.put(connection)?;
        latest.get_or_insert((before.threshold, row));
    }
    let Some((from, row)) = latest else { return Ok(None) };
    Change { act: "reset", from, evidence: json!({}) }.keep(connection, &row, by)?;
    Ok(Some(row))
}

/// Notes that nothing moves these thresholds any more.
///
/// # Errors
/// When the database cannot be reached.
pub fn retire(connection: &mut dyn Connection, gone: &[ThresholdRow]) -> Result<(), StoreError> {
    connection.serialise()?;
    for row in gone {
        let rows = ThresholdRow::of(connection, &row.policy, &row.rule)?;
        if let Some(now) = rows.into_iter().find(|now| now == row) {
            ThresholdRow { state: OFF.to_owned(), reason: OFF.to_owned(), ..now }
                .put(connection)?;
        }
    }
    Ok(())
}

/// The rows of rules that move no more: of these policies, and not among these subjects, by files that were read at the
/// time `read`.
pub fn gone<'r>(
    rows: &'r [ThresholdRow],
    (policies, subjects): (&[&str], &[Subject]),
    read: i64,
) -> Vec<&'r ThresholdRow> {
    let is_gone = |row: &&ThresholdRow| {
        row.state != OFF
            && row.begun <= read
            && policies.contains(&row.policy.as_str())
            && !subjects.iter().any(|subject| subject.is_of(row))
    };
    rows.iter().filter(is_gone).collect()
}

/// A time that is in milliseconds since 1970.
fn timestamp(at: i64) -> Timestamp {
    Timestamp::from_millisecond(at).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
