//! How what one policy decides differs from what another does.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use crate::domain::{Action, Category, Mode, Outcome, Verdict};

/// What a policy decides about texts that belong together: the strictest counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// What takes effect.
    pub action: Action,
    /// `unscannable` or `unavailable`, where a text was not screened.
    pub unscreened: Option<&'static str>,
    /// The rules that fired.
    pub rules: BTreeSet<Arc<str>>,
    /// Their categories.
    pub categories: BTreeSet<Category>,
}

/// How one decision differs from the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Stopped by the new policy alone.
    NewlyBlocked,
    /// Stopped by the old policy alone.
    NoLongerBlocked,
    /// A stricter action, which stops as much as before.
    Stricter,
    /// A milder one.
    Milder,
    /// The same action by other rules.
    OtherRules,
    /// The same action by the same rules.
    None,
}

// === impl Decided ===

impl Decided {
    /// Takes in what was decided about one text; with `would_be` rules and policies on trial count as if they were in force.
    pub fn add(&mut self, verdict: &Verdict, would_be: bool) {
        let action = if would_be { verdict.shadow_action } else { verdict.action };
        self.action = self.action.max(action);
        self.unscreened = self.unscreened.or(match verdict.outcome {
            Outcome::Screened => None,
            Outcome::Unscannable => Some("unscannable"),
            Outcome::Unavailable => Some("unavailable"),
        });
        for fired in verdict.rules.iter().filter(|one| would_be || one.mode == Mode::Enforce) {
            self.rules.insert(Arc::clone(&fired.id));
            self.categories.extend(fired.category.clone());
        }
    }

    /// The word for people: why nothing was screened, or the action.
    pub fn word(&self) -> &'static str {
        self.unscreened.unwrap_or_else(|| self.action.as_str())
    }
}

// === impl Change ===

impl Change {
    /// All changes, from what matters most.
    pub const ALL: [Self; 5] =
        [Self::NewlyBlocked, Self::NoLongerBlocked, Self::Stricter, Self::Milder, Self::OtherRules];

    /// As metrics name it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::NewlyBlocked => "newly_blocked",
            Self::NoLongerBlocked => "no_longer_blocked",
            Self::Stricter => "stricter",
            Self::Milder => "milder",
            Self::OtherRules => "other_rules",
            Self::None => "none",
        }
    }

    /// For people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewlyBlocked => "newly blocked",
            Self::NoLongerBlocked => "no longer blocked",
            Self::Stricter => "stricter",
            Self::Milder => "milder",
            Self::OtherRules => "same action, other rules",
            Self::None => "unchanged",
        }
    }

    /// What the new decision is to the old one.
    pub fn between(old: &Decided, new: &Decided) -> Self {
        let key = |side: &Decided| (side.action, side.unscreened.is_some());
        match (old.action.stops(), new.action.stops()) {
            (false, true) => Self::NewlyBlocked,
            (true, false) => Self::NoLongerBlocked,
            _ if key(new) > key(old) => Self::Stricter,
            _ if key(new) < key(old) || old.unscreened != new.unscreened => Self::Milder,
            _ if old.rules != new.rules => Self::OtherRules,
            _ => Self::None,
        }
    }
}
