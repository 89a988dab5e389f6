//! What the console knows of the files of policies, and what it can try out with them. Whoever loads them does the work.

use std::fmt;
use std::sync::Arc;

use axum::http::StatusCode;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::json;
use thiserror::Error;
use tokio::sync::OwnedSemaphorePermit;

use super::answer::ApiError;
use crate::config::{Code, Problem, SourceSpan};
use crate::people::improve::{Case, Excuse, Proposal};
use crate::policy::Policy;

/// The most bytes of a draft.
pub(super) const MOST_DRAFT: usize = 256 << 10;

/// What is in force.
#[derive(Clone, Debug, Default)]
pub struct InForce {
    /// The policies.
    pub policies: Vec<PolicyFacts>,
    /// When they came into force, in milliseconds since 1970.
    pub at: i64,
    /// Whether their files may be changed from here.
    pub writable: bool,
}

/// A policy that is in force, as its files have it.
#[derive(Clone, Debug)]
pub struct PolicyFacts {
    /// Its name.
    pub name: String,
    /// A hash of its files.
    pub revision: String,
    /// Its files, its own first, then its packs: path from the configuration root, and text.
    pub files: Vec<(String, String)>,
    /// Its rules, those of packs first.
    pub rules: Vec<RuleFacts>,
    /// The names of all files that it reads, from the configuration root: packs, word lists, models.
    pub reads: Vec<String>,
}

/// A rule as its file has it.
#[derive(Clone, Debug)]
pub struct RuleFacts {
    /// Its id, with the prefix of its pack.
    pub id: String,
    /// What it looks for, in a few words.
    pub detect: String,
    /// Where it is written.
    pub source: SourceSpan,
}

/// A mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Its code: `TG003`, or a word where it is none of a file.
    pub code: String,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// What is wrong.
    pub message: String,
    /// The file, from the configuration root.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
    /// How to mend it.
    pub help: Option<String>,
}

/// How the last look at the files went.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Reload {
    /// Whether they are in force.
    pub ok: bool,
    /// When it was, in milliseconds since 1970.
    #[serde(skip)]
    pub at: i64,
    /// What is wrong with them.
    pub diagnostics: Vec<Diagnostic>,
}

/// A draft of a policy.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The policy.
    pub policy: Arc<Policy>,
    /// Warnings about it.
    pub diagnostics: Vec<Diagnostic>,
}

/// What is tested.
#[derive(Clone, Debug)]
pub enum Under {
    /// The policy that is in force.
    Live(Arc<Policy>),
    /// The text of its file, instead.
    Draft(String),
}

/// How one test of a policy went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestEnd {
    /// Its name.
    pub name: String,
    /// Whether it went as expected.
    pub ok: bool,
    /// Whether it is a known gap: it may fail.
    pub todo: bool,
    /// What went wrong, in words.
    pub why: String,
}

/// A change that somebody wishes for.
#[derive(Clone, Debug)]
pub enum Wish {
    /// A test.
    Case(Case),
    /// An exception.
    Excuse(Excuse),
}

/// What the ledger says of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Who makes it.
    pub actor: String,
    /// `test_case` or `exception`.
    pub act: &'static str,
    /// What it comes from: an item, or a policy.
    pub object: String,
}

/// Why something cannot be tried or written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WorkshopFault {
    /// There is no such policy.
    #[error("there is no policy `{0}` in the policies folder")]
    NoPolicy(String),
    /// A file is wrong; what is wrong with it.
    #[error("the files would be wrong: {}", .0.iter().map(|one| one.message.as_str()).collect::<Vec<_>>().join("; "))]
    Wrong(Vec<Diagnostic>),
    /// Tests fail; which.
    #[error("tests of the policies would fail: {}", .0.join("; "))]
    TestsFail(Vec<String>),
    /// There is nothing to propose.
    #[error("{0}")]
    NoWay(String),
    /// Nobody may write the files from here.
    #[error(
        "the files may not be changed from here: `policies.writable: true` in the server file allows it"
    )]
    NotWritable,
    /// The file is another one by now.
    #[error("`{0}` changed since it was read; look again")]
    Changed(String),
    /// The file is not one of those that may be written.
    #[error(
        "`{0}` is not written: it is a link, or lies outside the folders of policies and tests"
    )]
    Outside(String),
    /// The file is written, and the ledger does not say so.
    #[error("the file is written, and the ledger cannot say so now; the gate's log does")]
    Unrecorded,
    /// Something of the system failed.
    #[error("{0}")]
    System(String),
}

/// Where something is tried out: the place is free again when nobody holds it, nor works at it, any more.
pub type Bay = Arc<OwnedSemaphorePermit>;

/// Work that takes a while.
pub type Work<'w, T> = BoxFuture<'w, Result<T, WorkshopFault>>;

/// Whoever loads the files.
pub trait Workshop: fmt::Debug + Send + Sync {
    /// What is in force.
    fn in_force(&self) -> Arc<InForce>;

    /// How the last look at the files went.
    fn last_reload(&self) -> Reload;

    /// The revisions of a policy that came into force since the start, with their times in milliseconds since 1970, the newest
    /// first.
    fn revisions(&self, policy: &str) -> Vec<(String, i64)>;

    /// A place to try something out at, while it is held; `None` where all are taken.
    fn place(&self) -> Option<Bay>;

    /// Compiles a policy with a text in the place of its own file, and everything else as it lies there.
    fn draft(&self, bay: Bay, policy: String, text: String) -> Work<'_, Draft>;

    /// Runs the tests of a policy.
    fn test(&self, bay: Bay, policy: String, under: Under) -> Work<'_, Vec<TestEnd>>;

    /// A change that fulfils a wish, tried out.
    fn propose(&self, bay: Bay, wish: Wish) -> Work<'_, Proposal>;

    /// Writes a change, and into the ledger that it was made, and has the files looked at again; all of that also where nobody
    /// waits for it any more.
    fn save(&self, bay: Bay, proposal: Proposal, deed: Deed) -> Work<'_, ()>;
}

// === impl RuleFacts ===

impl RuleFacts {
    /// The rule as its file writes it, moved to the left.
    pub fn written(&self) -> String {
        let column = self.source.position().column.saturating_sub(1);
        let moved = |line: &str| {
            let blanks = line.chars().take_while(|c| *c == ' ').count().min(column);
            line.chars().skip(blanks).collect::<String>()
        };
        let mut lines = self.source.text().lines();
        let first = lines.next().unwrap_or_default().to_owned();
        let lines: Vec<String> = std::iter::once(first).chain(lines.map(moved)).collect();
        lines.join("\n")
    }
}

// === impl Diagnostic ===

impl From<&Problem> for Diagnostic {
    fn from(problem: &Problem) -> Self {
        let label = problem.primary();
        let position = label.map(|label| label.at.position());
        let said = label.map(|label| label.text.as_str()).filter(|said| !said.is_empty());
        let said = said.map(|said| format!(": {said}")).unwrap_or_default();
        Self {
            code: problem.code.to_string(),
            severity: problem.gravity.as_str(),
            message: format!("{}{said}", problem.message),
            file: problem.source_name().map(str::to_owned),
            line: position.map(|position| position.line),
            column: position.map(|position| position.column),
            help: problem.help.clone(),
        }
    }
}

impl Diagnostic {
    /// The same without what it quotes of a file, for somebody who does not read files.
    #[must_use]
    pub fn unquoted(self) -> Self {
        let title = Code::parse(&self.code).map(|code| code.definition().title);
        Self { message: title.unwrap_or_default().to_owned(), help: None, ..self }
    }

    /// An error of no file.
    pub fn error(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            severity: "error",
            message: message.into(),
            file: None,
            line: None,
            column: None,
            help: None,
        }
    }
}

// === impl WorkshopFault ===

impl From<WorkshopFault> for ApiError {
    fn from(fault: WorkshopFault) -> Self {
        let message = fault.to_string();
        let unprocessable =
            |code| Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message.clone());
        match &fault {
            WorkshopFault::NoPolicy(_) => Self::unknown("policy"),
            WorkshopFault::Wrong(diagnostics) => {
                unprocessable("invalid_files").with(json!({ "diagnostics": diagnostics }))
            }
            WorkshopFault::TestsFail(tests) => {
                unprocessable("tests_fail").with(json!({ "tests": tests }))
            }
            WorkshopFault::NoWay(_) => Self::conflict("no_proposal", message),
            WorkshopFault::NotWritable => Self::conflict("not_writable", message),
            WorkshopFault::Changed(_) => Self::conflict("conflict", message),
            WorkshopFault::Outside(_) => Self::conflict("not_a_policy_file", message),
            WorkshopFault::Unrecorded => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Self::new(status, "store_unavailable", message)
            }
            WorkshopFault::System(why) => {
                tracing::error!(why, "the console could not try something out");
                let message = "that went wrong; the gate's log says why";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;

    #[test]
    fn a_rule_is_shown_as_it_is_written_and_moved_to_the_left() {
        let text = "rules:\n  - id: a\n    # why\n    all:\n      - words: x\n  - id: b\n";
        let start = text.find("id: a").expect("it is there");
        let end = text.find("\n  - id: b").expect("it is there");
        let source = SourceSpan::new(&Source::new("p.yaml", text), start, end);
        let rule = RuleFacts { id: "a".to_owned(), detect: String::new(), source };
        assert_eq!(rule.written(), "id: a\n# why\nall:\n  - words: x");
    }
}
