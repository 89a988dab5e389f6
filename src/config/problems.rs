//! Mistakes in files, gathered over a whole run.

use std::collections::BTreeSet;

use super::codes::Code;
use super::source::{Source, SourceSpan};

/// The longest run of comment lines above a line that is searched for an `allow(…)`.
const ALLOW_LOOKBACK_LINES: usize = 8;

/// Whether a problem keeps the file from taking effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gravity {
    /// The file is refused.
    Error,
    /// The file takes effect; a person should look at it.
    Warning,
}

/// A place with what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place. It may lie in another file than the first label's.
    pub at: SourceSpan,
    /// What is said there; empty for a line that only gives context.
    pub text: String,
    /// Whether the text at this place must not be shown (a secret written out).
    pub hidden: bool,
}

/// One mistake: what, where, why, and the smallest fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The stable code, `TG003`.
    pub code: Code,
    /// Error or warning.
    pub gravity: Gravity,
    /// What is wrong, in one line, without a full stop.
    pub message: String,
    /// Where, the main place first. Empty when no text can be shown, such as for a missing file.
    pub labels: Vec<Label>,
    /// How to mend it.
    pub help: Option<String>,
}

/// All problems of one run. Warnings that the file itself silences are dropped on entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
    silenced: usize,
}

// === impl Gravity ===

impl Gravity {
    /// The word in front of the code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

// === impl Problem ===

impl Problem {
    /// A problem of the gravity that its code usually has, with no place yet.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let gravity = code.definition().gravity;
        Self { code, gravity, message: message.into(), labels: Vec::new(), help: None }
    }

    /// The same problem, said about a place; the first call sets the main place.
    #[must_use]
    pub fn at(mut self, at: SourceSpan, text: impl Into<String>) -> Self {
        self.labels.push(Label { at, text: text.into(), hidden: false });
        self
    }

    /// The same problem, with a line of context that is shown and not commented.
    #[must_use]
    pub fn context(self, at: SourceSpan) -> Self {
        self.at(at, "")
    }

    /// The same problem, about a place whose text is never shown.
    #[must_use]
    pub fn at_hidden(mut self, at: SourceSpan, text: impl Into<String>) -> Self {
        self.labels.push(Label { at, text: text.into(), hidden: true });
        self
    }

    /// The same problem with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same problem with another gravity than its code usually has.
    #[must_use]
    pub const fn with_gravity(mut self, gravity: Gravity) -> Self {
        self.gravity = gravity;
        self
    }

    /// The main place.
    pub fn primary(&self) -> Option<&Label> {
        self.labels.first()
    }

    /// Name of the source of the main place, or nothing.
    pub fn source_name(&self) -> Option<&str> {
        self.primary().map(|label| label.at.source.name())
    }

    /// Whether a comment on the line, or right above it, allows this warning.
    fn is_silenced(&self) -> bool {
        if self.gravity == Gravity::Error {
            return false;
        }
        let Some(label) = self.primary() else { return false };
        let source = &label.at.source;
        let line = source.line_of(label.at.span.start);
        allows(source.line_text(line), self.code)
            || (line.saturating_sub(ALLOW_LOOKBACK_LINES)..line)
                .rev()
                .map(|above| source.line_text(above).trim_start())
                .take_while(|text| text.starts_with('#'))
                .any(|text| allows(text, self.code))
    }
}

// === impl Problems ===

impl Problems {
    /// No problems yet.
    pub const fn new() -> Self {
        Self { list: Vec::new(), silenced: 0 }
    }

    /// Adds a problem, unless it is a warning that a comment in place allows.
    pub fn push(&mut self, problem: Problem) {
        if problem.is_silenced() {
            self.silenced += 1;
        } else {
            self.list.push(problem);
        }
    }

    /// Adds a problem about one place.
    pub fn report(&mut self, code: Code, message: impl Into<String>, at: SourceSpan, label: &str) {
        self.push(Problem::new(code, message).at(at, label));
    }

    /// Adds all problems of another run.
    pub fn extend(&mut self, other: Self) {
        self.list.extend(other.list);
        self.silenced += other.silenced;
    }

    /// Whether at least one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|problem| problem.gravity == Gravity::Error).count()
    }

    /// How many warnings there are.
    pub fn warnings(&self) -> usize {
        self.list.len() - self.errors()
    }

    /// How many warnings a comment in place allowed.
    pub const fn silenced(&self) -> usize {
        self.silenced
    }

    /// How many files they lie in.
    pub fn files(&self) -> usize {
        self.list.iter().filter_map(Problem::source_name).collect::<BTreeSet<_>>().len()
    }

    /// Whether nothing was found.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many problems there are.
    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// The problems, in the order they have.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.list.iter()
    }

    /// Orders them by file, then by place; equal places keep the order of finding.
    pub fn sort(&mut self) {
        self.list.sort_by(|one, other| key(one).cmp(&key(other)));
        self.list.dedup();
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        let mut problems = Self::new();
        problems.push(problem);
        problems
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The `allow(…)` comments of a source that name no reason or no code: such a comment silences nothing.
pub(super) fn check_allow_comments(source: &std::sync::Arc<Source>, problems: &mut Problems) {
    for line in 0.. {
        let span = source.line_span(line);
        if span.start >= source.text().len() {
            break;
        }
        let Some((codes, reason)) = allow_comment(source.slice(span)) else { continue };
        let message = if codes.is_empty() || codes.iter().any(|code| Code::parse(code).is_none()) {
            "this comment allows no code that exists"
        } else if reason.is_empty() {
            "this comment gives no reason"
        } else {
            continue;
        };
        let at = SourceSpan::line(source, line);
        let label = "so it silences nothing";
        let help = "write `# tidegate: allow(TG031) why this is fine here`";
        problems.push(Problem::new(Code::TG042, message).at(at, label).help(help));
    }
}

fn key(problem: &Problem) -> (Option<&str>, usize) {
    (problem.source_name(), problem.primary().map_or(0, |label| label.at.span.start))
}

fn allows(line: &str, code: Code) -> bool {
    allow_comment(line).is_some_and(|(codes, reason)| {
        !reason.is_empty() && codes.iter().any(|word| Code::parse(word) == Some(code))
    })
}

/// The codes and the reason of a comment `# tidegate: allow(TG031, TG039) reason`.
fn allow_comment(line: &str) -> Option<(Vec<&str>, &str)> {
    let (before, comment) = line.rsplit_once('#')?;
    if !before.is_empty() && !before.ends_with([' ', '\t']) {
        return None;
    }
    let body = comment.trim_start().strip_prefix("tidegate:")?.trim_start();
    let (codes, reason) = body.strip_prefix("allow(")?.split_once(')')?;
    let codes = codes.split(',').map(str::trim).filter(|code| !code.is_empty()).collect();
    Some((codes, reason.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning_on(text: &str, offset: usize) -> Problem {
        let source = Source::new("a.yaml", text);
        Problem::new(Code::TG031, "x").at(SourceSpan::new(&source, offset, offset + 1), "")
    }

    #[test]
    fn a_warning_is_silenced_in_place_with_a_reason() {
        for text in [
            "words: [hi] # tidegate: allow(TG031) greetings are the point",
            "words: [hi]  # tidegate: allow(TG039, TG031) greetings",
        ] {
            let mut problems = Problems::new();
            problems.push(warning_on(text, 8));
            assert!(problems.is_empty(), "{text}");
            assert_eq!(problems.silenced(), 1);
        }
        let above = "# tidegate: allow(TG031) fine\n# more words\nwords: [hi]";
        let mut problems = Problems::new();
        problems.push(warning_on(above, above.len() - 2));
        assert!(problems.is_empty());
    }

    #[test]
    fn without_a_reason_or_for_another_code_nothing_is_silenced() {
        for text in [
            "words: [hi] # tidegate: allow(TG031)",
            "words: [hi] # tidegate: allow(TG039) other",
            "words: [hi]# tidegate: allow(TG031) not a comment",
        ] {
            let mut problems = Problems::new();
            problems.push(warning_on(text, 8));
            assert_eq!(problems.warnings(), 1, "{text}");
        }
    }

    #[test]
    fn an_error_cannot_be_silenced() {
        let mut problems = Problems::new();
        problems
            .push(warning_on("a # tidegate: allow(TG031) please", 0).with_gravity(Gravity::Error));
        assert!(problems.has_errors());
    }

    #[test]
    fn an_allow_comment_without_reason_is_named() {
        let source =
            Source::new("a.yaml", "a: 1 # tidegate: allow(TG031)\nb: 2\n# tidegate: allow(XX) y");
        let mut problems = Problems::new();
        check_allow_comments(&source, &mut problems);
        let lines: Vec<_> =
            problems.iter().filter_map(Problem::primary).map(|l| l.at.position().line).collect();
        assert_eq!(lines, [1, 3]);
    }

    #[test]
    fn problems_are_ordered_by_file_and_place() {
        let source = Source::new("b.yaml", "abc");
        let other = Source::new("a.yaml", "abc");
        let mut problems = Problems::new();
        problems.report(Code::TG003, "second", SourceSpan::new(&source, 2, 3), "");
        problems.report(Code::TG003, "first", SourceSpan::new(&source, 0, 1), "");
        problems.report(Code::TG003, "zeroth", SourceSpan::new(&other, 2, 3), "");
        problems.sort();
        let order: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(order, ["zeroth", "first", "second"]);
        assert_eq!((problems.errors(), problems.warnings(), problems.files()), (3, 0, 2));
    }
}
