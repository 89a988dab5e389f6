//! One of the two policies, and what it decides about a row.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;
use thread_local::ThreadLocal;

use crate::domain::{Action, Category, Mode, Outcome};
use crate::engine::{Inquire, Scratch, Subject, screen_asking};
use crate::policy::Policy;
use crate::scan::fields::Text;

/// A policy that is compared with another.
#[derive(Debug)]
pub struct Side {
    policy: Arc<Policy>,
    whom: Option<Arc<dyn Inquire>>,
    would_be: bool,
    scratch: ThreadLocal<RefCell<Scratch>>,
}

/// What a policy decides about all texts of a row: the strictest counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Decided {
    pub action: Action,
    /// `unscannable` or `unavailable`, where a text was not screened.
    pub unscreened: Option<&'static str>,
    pub rules: BTreeSet<Arc<str>>,
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

// === impl Side ===

impl Side {
    /// A policy, with somebody who answers for the classifiers that it asks.
    pub fn new(policy: Arc<Policy>, whom: Option<Arc<dyn Inquire>>) -> Self {
        Self { policy, whom, would_be: false, scratch: ThreadLocal::new() }
    }

    /// The same, with rules and policies on trial as if they were in force.
    #[must_use]
    pub fn as_if_enforced(self, would_be: bool) -> Self {
        Self { would_be, ..self }
    }

    /// Its policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(super) fn decide(&self, texts: &[Text<'_>], today: Date) -> Decided {
        let scratch = self.scratch.get_or_default();
        let (scratch, whom) = (&mut scratch.borrow_mut(), self.whom.as_deref());
        let mut all = Decided::default();
        for text in texts {
            let (phase, author) = (text.phase, text.author);
            let subject = Subject { phase, author, today, streamed: false };
            let verdict = screen_asking((&self.policy, subject), &text.said, scratch, whom);
            let action = if self.would_be { verdict.shadow_action } else { verdict.action };
            all.action = all.action.max(action);
            all.unscreened = all.unscreened.or(match verdict.outcome {
                Outcome::Screened => None,
                Outcome::Unscannable => Some("unscannable"),
                Outcome::Unavailable => Some("unavailable"),
            });
            for fired in &verdict.rules {
                if self.would_be || fired.mode == Mode::Enforce {
                    all.rules.insert(Arc::clone(&fired.id));
                    all.categories.extend(fired.category.clone());
                }
            }
        }
        all
    }
}

// === impl Decided ===

impl Decided {
    /// The word for people: why nothing was screened, or the action.
    pub(super) fn word(&self) -> &'static str {
        self.unscreened.unwrap_or_else(|| self.action.as_str())
    }
}

// === impl Change ===

impl Change {
    /// All changes, from what matters most.
    pub const ALL: [Self; 5] =
        [Self::NewlyBlocked, Self::NoLongerBlocked, Self::Stricter, Self::Milder, Self::OtherRules];

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

    pub(super) fn between(old: &Decided, new: &Decided) -> Self {
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
