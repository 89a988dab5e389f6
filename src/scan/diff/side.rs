//! One of the two policies, and what it decides about a row.

use std::cell::RefCell;
use std::sync::Arc;

use jiff::civil::Date;
use thread_local::ThreadLocal;

use crate::engine::{Decided, Inquire, Scratch, Subject, screen_asking};
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

    /// Whether classifiers are asked.
    pub fn asks(&self) -> bool {
        self.whom.is_some()
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
            all.add(&verdict, self.would_be);
        }
        all
    }
}
