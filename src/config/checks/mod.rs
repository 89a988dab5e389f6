//! Mistakes that show only when several keys are looked at together.
//!
//! It compiles nothing: whether a regex compiles or a term folds to nothing is for `policy` to say.

mod access;
mod rules;
mod scope;
mod server;
mod settings;
mod store;
mod tests_file;
mod unavailable;
mod webhooks;

use super::check::closest_word;
use super::codes::Code;
use super::problems::Problem;
use super::source::SourceSpan;

pub(super) use rules::{names, rules};
pub(super) use scope::scopes;
pub(super) use server::server;
pub(super) use settings::{pack_settings, settings};
pub(super) use tests_file::tests;
pub(super) use unavailable::{policy as unavailable_in_policy, server as unavailable_in_server};

/// The most names that a help line lists.
const NAMES_SHOWN: usize = 12;

/// The problem for a name that is not defined, with the one that was probably meant.
pub(super) fn unknown<'a>(
    code: Code,
    what: &str,
    name: &str,
    at: SourceSpan,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Problem {
    let problem = Problem::new(code, format!("there is no {what} `{name}`"));
    if let Some(meant) = closest_word(name, known.clone()) {
        return problem.at(at, format!("did you mean `{meant}`?"));
    }
    let known: Vec<_> = known.take(NAMES_SHOWN).collect();
    let problem = problem.at(at, "this name is not defined");
    if known.is_empty() {
        problem
    } else {
        problem.help(format!("there are: {}", known.join(", ")))
    }
}
