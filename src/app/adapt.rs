//! Thresholds that follow what people judge: looked at in the store, put in force, and moved where labels say so.
//!
//! Every gate of a store does this. Whoever is the first to see that a threshold should move writes that down, in a
//! transaction in which nobody else does; the others take it up when they look the next time.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::apart::apart;
use crate::config::policy_file::AdaptMode;
use crate::domain::NoticeKind;
use crate::people::acts::Reviewer;
use crate::people::adapt::Decision;
use crate::people::thresholds::{GATE, Labels, Looked, Subject, gone, retire};
use crate::policy::Policy;
use crate::proxy::{Gateway, Thresholds};
use crate::store::{AdaptationRow, Connection, Labelled, Store, StoreError, ThresholdRow};
use crate::telemetry::Telemetry;

/// How often it is looked where thresholds stand: another gate's move, or a reset, is in force after so long.
const LOOK: Duration = Duration::from_secs(5);
/// How long the first look may keep a gate from serving.
const FIRST: Duration = Duration::from_secs(10);
/// Changes that are counted at once.
const CHANGES: i64 = 1000;

/// Looks after the thresholds of the policies in force.
pub(super) struct Adapting {
    store: Store,
    gateway: Arc<Gateway>,
    telemetry: Telemetry,
    /// When each policy was first in force as it is, by its name, with its revision.
    read: HashMap<String, (Arc<str>, i64)>,
    /// Rules with series in the metrics.
    shown: BTreeSet<(String, String)>,
    /// The last change that was counted; those of before the start were counted by others.
    after: String,
    /// The number of new items at which labels of a rule were too few, since not each is a label of that rule.
    few: HashMap<(String, String, String), i64>,
    /// Whether nothing of these policies may move, and the store knows that.
    is_idle: bool,
}

impl Adapting {
    /// For a gate with its store.
    pub(super) fn new(store: Store, gateway: Arc<Gateway>, telemetry: Telemetry) -> Self {
        Self {
            store,
            gateway,
            telemetry,
            read: HashMap::new(),
            shown: BTreeSet::new(),
            after: Uuid::now_v7().to_string(),
            few: HashMap::new(),
            is_idle: false,
        }
    }

    /// Puts the thresholds in force that others have moved, before anything is served. A store that is away leaves what is
    /// written.
    pub(super) async fn begin(&mut self) {
        match tokio::time::timeout(FIRST, self.look()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "thresholds stand as they are written"),
            Err(_) => warn!("the store is slow; thresholds stand as they are written"),
        }
    }

    /// Looks as long as the gate runs.
    pub(super) async fn run(mut self) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        look.tick().await;
        loop {
            look.tick().await;
            if let Err(error) = self.look().await {
                debug!(%error, "the store cannot say where thresholds stand");
            }
        }
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        let live = self.gateway.live();
        let mut policies: Vec<&Arc<Policy>> = live.policies.values().collect();
        policies.sort_by(|a, b| a.name.cmp(&b.name));
        let subjects: Vec<Subject> =
            policies.iter().flat_map(|policy| Subject::of(policy)).collect();
        let is_new = self.note_read(&policies);
        if subjects.is_empty() && self.is_idle && !is_new {
            return Ok(());
        }
        let rows = self.store.read(ThresholdRow::list).await?;
        self.retire(&rows, &policies, &subjects).await?;
        let mut standing = Vec::with_capacity(subjects.len());
        for subject in subjects {
            let row = self.standing(&subject, &rows).await?;
            standing.push((subject, row));
        }
        self.put_in_force(&standing);
        let mut has_moved = false;
        for (subject, row) in &mut standing {
            if let Some(looked) = self.follow(subject, row).await? {
                has_moved |= looked.change.is_some();
                *row = looked.row;
            }
        }
        if has_moved {
            self.put_in_force(&standing);
        }
        self.count().await?;
        self.is_idle = standing.is_empty();
        Ok(())
    }

    /// Notes when policies came to be as they are; whether one is new.
    fn note_read(&mut self, policies: &[&Arc<Policy>]) -> bool {
        let now = self.store.now();
        let is_there = |name: &String| policies.iter().any(|policy| *policy.name == **name);
        let before = self.read.len();
        self.read.retain(|name, _| is_there(name));
        let mut is_new = self.read.len() != before;
        for policy in policies {
            let known = self.read.get(&*policy.name);
            if known.is_none_or(|(revision, _)| *revision != policy.revision) {
                // What was there at the start is not newer than what others go by.
                let at = if known.is_none() { i64::MIN } else { now };
                let as_now = (Arc::clone(&policy.revision), at);
                self.read.insert(policy.name.to_string(), as_now);
                is_new = true;
            }
        }
        is_new
    }

    fn read_at(&self, policy: &str) -> i64 {
        self.read.get(policy).map_or(i64::MIN, |(_, at)| *at)
    }

    async fn retire(
        &self,
        rows: &[ThresholdRow],
        policies: &[&Arc<Policy>],
        subjects: &[Subject],
    ) -> Result<(), StoreError> {
        let mut off = Vec::new();
        for policy in policies {
            let read = self.read_at(&policy.name);
            off.extend(gone(rows, (&[&policy.name], subjects), read).into_iter().cloned());
        }
        if off.is_empty() {
            return Ok(());
        }
        self.store.write(move |connection| retire(connection, &off)).await
    }

    /// Where a threshold stands, which begins with what is written.
    async fn standing(
        &self,
        subject: &Subject,
        rows: &[ThresholdRow],
    ) -> Result<ThresholdRow, StoreError> {
        let read = self.read_at(&subject.policy);
        if let Some(row) = subject.standing(rows, read) {
            return Ok(row.clone());
        }
        let subject = subject.clone();
        self.act(move |connection, gate| subject.begin(connection, read, gate)).await
    }

    /// Does something in the name of the gate.
    async fn act<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Connection, &Reviewer<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (store, now) = (self.store.clone(), self.store.now());
        let write = self.store.write(move |connection| {
            let signer = store.signer().map(Arc::as_ref);
            let id = || Uuid::now_v7().to_string();
            work(connection, &Reviewer { name: GATE.to_owned(), now, signer, id })
        });
        write.await
    }

    fn put_in_force(&mut self, standing: &[(Subject, ThresholdRow)]) {
        let metrics = &self.telemetry.metrics;
        let mut thresholds = Thresholds::new();
        let mut shown = BTreeSet::new();
        for (subject, row) in standing {
            let (policy, rule) = (subject.policy.to_string(), subject.rule.to_string());
            let in_force = subject.in_force(row);
            let shadow = Some(row.threshold).filter(|_| subject.mode == AdaptMode::Shadow);
            metrics.threshold((&policy, &rule), [subject.written, in_force], shadow);
            shown.insert((policy.clone(), rule.clone()));
            if in_force.total_cmp(&subject.written).is_ne() {
                thresholds.insert((policy, rule, subject.basis.clone()), in_force);
            }
        }
        for (policy, rule) in self.shown.difference(&shown) {
            metrics.no_threshold(policy, rule);
        }
        self.shown = shown;
        if self.gateway.adapt(thresholds) {
            info!("thresholds were put in force that labels have moved");
        }
    }

    /// Looks at the labels of a rule, where there are enough new ones and it is time; what came of that.
    async fn follow(
        &mut self,
        subject: &Subject,
        row: &ThresholdRow,
    ) -> Result<Option<Looked>, StoreError> {
        let now = self.store.now();
        if !subject.is_due(row, now) {
            return Ok(None);
        }
        let (policy, since) = (subject.policy.to_string(), subject.new_since(row, now));
        let count = move |c: &mut dyn Connection| Labelled::count(c, &policy, since);
        let count = self.store.read(count).await?;
        let key = (subject.policy.to_string(), subject.rule.to_string(), subject.basis.clone());
        let few = self.few.get(&key).copied().unwrap_or_default();
        if count < i64::from(subject.min_labels()).max(few) {
            // Old labels leave the window, so what there has to be may never be there: the next time it is looked anyway.
            self.few.remove(&key);
            let (waiting, row) = (subject.clone(), row.clone());
            let wait = move |c: &mut dyn Connection, _: &Reviewer<'_>| waiting.wait(c, &row, count);
            self.act(wait).await?;
            return Ok(None);
        }
        let decision = self.decision(subject, row, now).await?;
        let missing = i64::from(subject.min_labels())
            - i64::try_from(decision.evidence.new_labels).unwrap_or(i64::MAX);
        self.few.remove(&key);
        if missing > 0 {
            self.few.insert(key, count.saturating_add(missing));
        }
        let (own, before) = (subject.clone(), row.clone());
        let carry = move |c: &mut dyn Connection, gate: &Reviewer<'_>| {
            own.carry_out(c, (&before, &decision), gate)
        };
        let looked = self.act(carry).await?;
        if let Some(change) = looked.as_ref().and_then(|looked| looked.change.as_ref()) {
            self.tell(change);
        }
        Ok(looked)
    }

    /// What the labels of a rule say, read page by page, so that others come between.
    async fn decision(
        &self,
        subject: &Subject,
        row: &ThresholdRow,
        now: i64,
    ) -> Result<Decision, StoreError> {
        let mut labels = Labels::default();
        loop {
            let (subject, row) = (subject.clone(), row.clone());
            let mut more = labels;
            let page = move |c: &mut dyn Connection| {
                let rest = subject.read_labels(c, (&row, now), &mut more)?;
                Ok((more, rest))
            };
            let (read, rest) = self.store.read(page).await?;
            labels = read;
            if !rest {
                break;
            }
        }
        let (subject, row) = (subject.clone(), row.clone());
        let decided = apart(move || subject.decide(&row, &labels, now)).await;
        decided.map_err(|error| StoreError::Away(error.to_string()))
    }

    fn tell(&self, change: &AdaptationRow) {
        let AdaptationRow { policy, rule, act, from, to, shadow, .. } = change;
        info!(policy, rule, direction = act, from, to, shadow, "labels moved a threshold");
        self.telemetry.notices.tell(NoticeKind::ThresholdMoved, || {
            json!({
                "policy": policy,
                "rule": rule,
                "direction": act,
                "from": from,
                "to": to,
                "mode": if *shadow { "shadow" } else { "on" },
            })
        });
    }

    /// Counts what was changed since the last look, by whomever.
    async fn count(&mut self) -> Result<(), StoreError> {
        let after = self.after.clone();
        let since = move |c: &mut dyn Connection| AdaptationRow::since(c, &after, CHANGES);
        for change in self.store.read(since).await? {
            let mode = if change.shadow { AdaptMode::Shadow } else { AdaptMode::On };
            let of = (change.policy.as_str(), change.rule.as_str());
            self.telemetry.metrics.adapted(of, &change.act, mode.as_str());
            self.after = change.id;
        }
        Ok(())
    }
}
