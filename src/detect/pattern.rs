//! One regex: what may be written, compiled under limits, and searched in a piece of text.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind, meta};
use regex_syntax::hir::Hir;
use thiserror::Error;

use super::AtomId;
use crate::domain::Span;

/// The most bytes that one compiled regex may take. Counted repeats of large classes reach it early,
/// and are refused within milliseconds instead of costing time in each search.
const REGEX_LIMIT: usize = 1 << 20;
/// How deep groups of a regex may nest.
const NEST_LIMIT: u32 = 64;

/// One regex to look for.
#[derive(Clone, Debug)]
pub struct PatternSpec {
    /// The leaf that its hits belong to.
    pub atom: AtomId,
    /// The regex, in the syntax of the `regex` crate.
    pub pattern: String,
    /// Says whether a matched text is really one, such as a checksum; `None` takes each match.
    pub validate: Option<fn(&str) -> bool>,
    /// What a hit is called for people.
    pub label: Arc<str>,
    /// The most bytes that a stream may hold for a match of this pattern in progress.
    pub max_match: usize,
    /// What a built-in pattern has in the place of an automaton of its own.
    pub outline: Option<Outline>,
    /// Whether it reads the views too. There, upper and lower case are alike. One with an outline reads the view
    /// `width` instead.
    pub views: bool,
}

/// Where a match of a pattern may be in progress, told by regexes with smaller automata that many
/// patterns share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Outline {
    /// Each match of the pattern lies within a match of this.
    pub around: &'static str,
    /// Each match of the pattern has a match of this in it. `None` where `around` says enough.
    pub within: Option<&'static str>,
}

/// Why a regex cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PatternError {
    /// It is not a regex.
    #[error("{message}")]
    Syntax {
        /// What is wrong, in the words of the regex parser.
        message: String,
        /// Where, in bytes of the pattern.
        at: Range<usize>,
    },
    /// It matches the empty text, so it would match everywhere.
    #[error("this regex matches the empty text")]
    MatchesEmpty,
    /// It compiles to more than the limit.
    #[error("this regex is too large when compiled (the limit is 1 MiB)")]
    TooLarge,
    /// All patterns together cannot be made into one automaton.
    #[error("the patterns together are too large: {reason}")]
    Automaton {
        /// The builder's reason.
        reason: String,
    },
}

/// A regex that is compiled when it is first needed. `None` if that failed, which the tests of the
/// built-in patterns rule out; all others are compiled when they are read.
type SharedRegex = Arc<OnceLock<Option<meta::Regex>>>;

/// A pattern that can be searched for.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) spec: PatternSpec,
    regex: SharedRegex,
    /// The longest match in bytes; `None` where there is none within its bound.
    pub(super) longest: Option<usize>,
    /// The shortest match in bytes. Shorter segments need no search: the automaton matches more than
    /// the pattern does.
    shortest: usize,
}

/// Parses a pattern and checks that it may be used; the result tells its longest match.
pub(super) fn parse(pattern: &str) -> Result<Hir, PatternError> {
    parse_as(pattern, false)
}

fn parse_as(pattern: &str, any_case: bool) -> Result<Hir, PatternError> {
    let hir = regex_syntax::ParserBuilder::new()
        .nest_limit(NEST_LIMIT)
        .case_insensitive(any_case)
        .build()
        .parse(pattern)
        .map_err(|error| syntax_error(&error))?;
    if hir.properties().minimum_len() == Some(0) {
        return Err(PatternError::MatchesEmpty);
    }
    Ok(hir)
}

/// The longest match of a pattern in bytes, `None` where there is no longest.
pub fn longest_match(pattern: &str) -> Result<Option<usize>, PatternError> {
    Ok(parse(pattern)?.properties().maximum_len())
}

/// A built-in pattern: one regex for all policies that use it.
fn shared(pattern: &str) -> SharedRegex {
    static SHARED: Mutex<BTreeMap<String, SharedRegex>> = Mutex::new(BTreeMap::new());
    let mut all = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(all.entry(pattern.to_owned()).or_default())
}

/// Compiles one pattern under the limits.
fn compile(pattern: &str, any_case: bool) -> Result<meta::Regex, PatternError> {
    meta::Regex::builder()
        .configure(
            meta::Config::new()
                .match_kind(MatchKind::LeftmostFirst)
                .nfa_size_limit(Some(REGEX_LIMIT))
                .which_captures(thompson::WhichCaptures::Implicit),
        )
        .syntax(syntax::Config::new().nest_limit(NEST_LIMIT).case_insensitive(any_case))
        .build(pattern)
        .map_err(|_| PatternError::TooLarge)
}

fn syntax_error(error: &regex_syntax::Error) -> PatternError {
    let (message, at) = match error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span()),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span()),
        other => return PatternError::Syntax { message: other.to_string(), at: 0..0 },
    };
    PatternError::Syntax { message, at: at.start.offset..at.end.offset }
}

impl Compiled {
    /// Reads a pattern and compiles it, unless it is built in; with it comes what was read.
    pub(super) fn new(spec: PatternSpec, any_case: bool) -> Result<(Self, Hir), PatternError> {
        let hir = parse_as(&spec.pattern, any_case)?;
        let regex = if spec.outline.is_some() {
            // None of these reads the views in which upper and lower case are alike.
            shared(&spec.pattern)
        } else {
            Arc::new(OnceLock::from(Some(compile(&spec.pattern, any_case)?)))
        };
        let longest = hir.properties().maximum_len().filter(|&len| len <= spec.max_match);
        let shortest = hir.properties().minimum_len().unwrap_or_default();
        Ok((Self { spec, regex, longest, shortest }, hir))
    }

    /// Bytes that the compiled regex takes.
    pub(super) fn memory(&self) -> usize {
        self.regex.get().and_then(Option::as_ref).map_or(0, meta::Regex::memory_usage)
    }

    /// Tells of each match in a stretch of a text, and whether it really is one. False when `work`, in bytes, was used up.
    pub(super) fn search(
        &self,
        text: &str,
        within: Span,
        work: &mut usize,
        found: &mut dyn FnMut(Span, bool),
    ) -> bool {
        if within.len() < self.shortest {
            return true;
        }
        let regex = self.regex.get_or_init(|| compile(&self.spec.pattern, false).ok());
        let Some(regex) = regex else { return false };
        for hit in regex.find_iter(Input::new(text).span(within.range())) {
            // A search may read to the end of its segment for each match, so that is what each
            // match is charged: a quadratic pattern runs out of work instead of time.
            let Some(left) = work.checked_sub(within.len()) else { return false };
            *work = left;
            let valid = match (self.spec.validate, text.get(hit.range())) {
                (Some(validate), Some(matched)) => validate(matched),
                (None, _) | (_, None) => true,
            };
            found(Span::from(hit.range()), valid);
        }
        true
    }
}
