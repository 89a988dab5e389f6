//! Calls: what answers repeat of a request, and what it asks for, where one body may be several of them (JSON-RPC).

/// One call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The id that its answer repeats, as JSON; empty where no answer is wanted.
    pub echo: String,
    /// What is asked for; empty in what is itself an answer.
    pub method: String,
}

impl Call {
    /// Whether somebody waits for its answer.
    fn is_answered(&self) -> bool {
        !self.echo.is_empty() && !self.method.is_empty()
    }
}

/// The calls of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    all: Vec<Call>,
    listed: bool,
}

impl Calls {
    /// No calls, or none that are known.
    pub const NONE: Self = Self { all: Vec::new(), listed: false };

    /// The one call of a body.
    pub fn one(call: Call) -> Self {
        Self { all: vec![call], listed: false }
    }

    /// The calls of a list.
    pub const fn list(all: Vec<Call>) -> Self {
        Self { all, listed: true }
    }

    /// What has to be answered: each call that wants it. Where the dialect has no calls, or nothing is known of them,
    /// that is one answer which repeats nothing.
    pub(in crate::wire) fn answered(&self) -> Vec<Option<&Call>> {
        if self.all.is_empty() {
            return vec![None];
        }
        self.all.iter().filter(|call| call.is_answered()).map(Some).collect()
    }

    /// One text for each answer; those of a list are put together as one. Empty where nobody waits for an answer.
    pub(super) fn say(&self, one: impl Fn(Option<&Call>) -> String) -> String {
        let said: Vec<String> = self.answered().into_iter().map(one).collect();
        let said = said.join(",");
        if self.listed && !said.is_empty() { format!("[{said}]") } else { said }
    }

    /// The call that an answer with this id is for. An answer that repeats no id can only be for a call that is alone.
    pub(in crate::wire) fn of_answer(&self, echo: &str) -> Option<&Call> {
        let same = self.all.iter().find(|call| call.echo == echo && call.is_answered());
        same.or_else(|| self.all.first().filter(|call| self.all.len() == 1 && call.is_answered()))
    }
}
