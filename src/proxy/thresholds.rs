//! Thresholds that labels have moved: the policies in force stand at them, whichever files are read anew meanwhile.
//!
//! Whoever answers a request reads nothing here. A threshold that moves makes new policies, which share all that is large
//! with those before, and requests that have begun keep the old ones.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::gateway::Gateway;
use super::live::Live;
use crate::policy::Policy;

/// Thresholds by the policy, the rule, and what tells the rule from the same one under other settings.
pub type Thresholds = HashMap<(String, String, String), f64>;

/// The thresholds that are in force in the place of what is written.
#[derive(Debug, Default)]
pub(super) struct Moved(Mutex<Thresholds>);

impl Gateway {
    /// Puts a new configuration in force, at the thresholds that were moved. Requests that have begun keep the old one.
    pub fn replace(&self, live: Live) {
        let moved = self.moved.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.put(at(&live, &moved).unwrap_or(live));
    }

    /// Puts thresholds in force, and what is written where none is among them. Whether that changed anything.
    pub fn adapt(&self, thresholds: Thresholds) -> bool {
        let mut moved = self.moved.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *moved == thresholds {
            return false;
        }
        *moved = thresholds;
        // A reload waits meanwhile, so nothing that is newer is lost.
        if let Some(live) = at(&self.live(), &moved) {
            self.put(live);
        }
        true
    }
}

/// A configuration at these thresholds; `None` where nothing in it may move.
fn at(live: &Live, moved: &Thresholds) -> Option<Live> {
    if live.policies.values().all(|policy| policy.adapt.is_none()) {
        return None;
    }
    let policy = |policy: &Arc<Policy>| {
        if policy.adapt.is_none() {
            return Arc::clone(policy);
        }
        let of = |rule: &str, basis: &str| {
            moved.get(&(policy.name.to_string(), rule.to_owned(), basis.to_owned())).copied()
        };
        Arc::new(policy.with_thresholds(&|rule, adaptive| of(rule, &adaptive.basis)))
    };
    let policies = live.policies.iter();
    Some(live.with_policies(policies.map(|(name, one)| (name.clone(), policy(one))).collect()))
}
