//! Word lists: one term a line, with attributes behind ` ;`.

use std::collections::HashMap;
use std::sync::Arc;

use super::check::closest_word;
use super::codes::Code;
use super::policy_file::{Boundary, LetterCase};
use super::problems::{Problem, Problems};
use super::source::{Source, SourceSpan};
use crate::domain::Span;

/// The largest word list that is read.
pub(super) const LIST_LIMIT_BYTES: usize = 32 << 20;

/// The most terms of one list.
const TERM_LIMIT: usize = 1_000_000;

/// The longest term.
const TERM_LIMIT_BYTES: usize = 512;

/// The most mistakes that are named in one list: a file of another kind has one on each line.
const MISTAKE_LIMIT: usize = 50;

/// The attributes of a term.
const ATTRIBUTES: [&str; 4] = ["tag", "score", "boundary", "case"];

/// One term of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// The term as the list has it, without the `*` at its end.
    pub text: String,
    /// Whether it ends in `*`: then it matches with any ending.
    pub any_ending: bool,
    /// A label of its own.
    pub tag: Option<String>,
    /// What it adds to the total, in place of the rule's score.
    pub score: Option<f64>,
    /// Where it may begin and end, where this differs from its list.
    pub boundary: Option<Boundary>,
    /// Whether case matters, where this differs from its list.
    pub case: Option<LetterCase>,
    /// Where it stands, in bytes of the list.
    pub span: Span,
}

/// Reads a list. Mistakes go to `problems`, and their lines are left out.
pub(super) fn parse(
    source: &Arc<Source>,
    boundary: Boundary,
    problems: &mut Problems,
) -> Vec<Term> {
    let mut reader = Reader { source, boundary, problems, seen: HashMap::new(), mistakes: 0 };
    let mut terms = Vec::new();
    for number in 0.. {
        let line = source.line_span(number);
        if line.start >= source.text().len() {
            break;
        }
        terms.extend(reader.line(line));
        if terms.len() > TERM_LIMIT {
            let message = format!("this list has more than {TERM_LIMIT} terms");
            reader.problem(Problem::new(Code::TG026, message), line, "one too many");
            break;
        }
    }
    terms
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    boundary: Boundary,
    problems: &'a mut Problems,
    /// Terms with the place of their first line.
    seen: HashMap<(String, bool), Span>,
    mistakes: usize,
}

// === impl Reader ===

impl Reader<'_> {
    /// The term of one line, or nothing for a comment, a blank line or a mistake.
    fn line(&mut self, line: Span) -> Option<Term> {
        let text = self.source.slice(line);
        let mark =
            if line.start == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let text = text.get(mark..)?;
        if text.trim().is_empty() || text.trim_start().starts_with('#') {
            return None;
        }
        let mut parts = text.split(" ;");
        let written = parts.next()?;
        let indent = written.len() - written.trim_start().len();
        let written = written.trim();
        let start = line.start + mark + indent;
        let (text, any_ending) = match written.strip_suffix('*') {
            Some(stem) => (stem, true),
            None => (written, false),
        };
        let span = Span::new(start, start + written.len());
        let mut term = Term {
            text: text.to_owned(),
            any_ending,
            tag: None,
            score: None,
            boundary: None,
            case: None,
            span,
        };
        for attribute in parts {
            self.attribute(&mut term, attribute.trim(), line)?;
        }
        self.is_sound(&term).then_some(term)
    }

    /// Takes one `name=value`; nothing comes back for a mistake.
    fn attribute(&mut self, term: &mut Term, attribute: &str, line: Span) -> Option<()> {
        let at = self.place(attribute, line);
        let (name, value) = attribute
            .split_once('=')
            .map_or((attribute, ""), |(name, value)| (name.trim(), value.trim()));
        let known = match name {
            "tag" => put(&mut term.tag, Some(value.to_owned()).filter(|tag| !tag.is_empty())),
            "score" => {
                put(&mut term.score, value.parse().ok().filter(|score: &f64| score.is_finite()))
            }
            "boundary" => put(
                &mut term.boundary,
                word(value, [("word", Boundary::Word), ("none", Boundary::None)]),
            ),
            "case" => put(
                &mut term.case,
                word(value, [("fold", LetterCase::Fold), ("exact", LetterCase::Exact)]),
            ),
            _ => {
                let label = match closest_word(name, ATTRIBUTES) {
                    Some(word) => format!("did you mean `{word}`?"),
                    None => format!("a term can have: {}", ATTRIBUTES.join(", ")),
                };
                self.problem(Problem::new(Code::TG073, "this attribute is not known"), at, &label);
                return None;
            }
        };
        if known.is_none() {
            let label = match name {
                "tag" => "a name belongs here",
                "score" => "a number belongs here",
                "boundary" => "`word` or `none` belongs here",
                _ => "`fold` or `exact` belongs here",
            };
            self.problem(
                Problem::new(Code::TG073, format!("`{name}` has a value that is not allowed")),
                at,
                label,
            );
        }
        known
    }

    /// Whether a term can stand in the list.
    fn is_sound(&mut self, term: &Term) -> bool {
        if term.text.is_empty() {
            let message = "this term has no letters";
            self.problem(
                Problem::new(Code::TG012, message),
                term.span,
                "nothing is left to look for",
            );
            return false;
        }
        if term.text.len() > TERM_LIMIT_BYTES {
            let message = format!("this term is longer than {TERM_LIMIT_BYTES} bytes");
            self.problem(Problem::new(Code::TG026, message), term.span, "too long to be a term");
            return false;
        }
        if term.text.chars().count() == 1
            && term.boundary.unwrap_or(self.boundary) == Boundary::Word
            && !term.any_ending
        {
            let problem = Problem::new(Code::TG071, "this term is one character");
            let help = "write ` ;boundary=none` behind it if every occurrence is meant";
            self.problem(
                problem.help(help),
                term.span,
                "a whole word of one character is hardly ever meant",
            );
        }
        let first = *self.seen.entry((term.text.clone(), term.any_ending)).or_insert(term.span);
        if first != term.span {
            let place = SourceSpan { source: Arc::clone(self.source), span: term.span };
            let first = SourceSpan { source: Arc::clone(self.source), span: first };
            let problem = Problem::new(Code::TG072, format!("`{}` is given twice", term.text));
            self.push(problem.at(place, "this one").at(first, "is already given here"));
            return false;
        }
        true
    }

    /// The place of a piece of a line; of an empty one, the semicolon that promises it.
    fn place(&self, piece: &str, line: Span) -> Span {
        let piece = if piece.is_empty() { ";" } else { piece };
        let at = self.source.slice(line).rfind(piece).unwrap_or(0);
        Span::new(line.start + at, line.start + at + piece.len())
    }

    fn problem(&mut self, problem: Problem, span: Span, label: &str) {
        self.push(problem.at(SourceSpan { source: Arc::clone(self.source), span }, label));
    }

    /// Names a mistake, up to a limit; reading goes on, so that no term is lost to a warning.
    fn push(&mut self, problem: Problem) {
        self.mistakes += 1;
        if self.mistakes <= MISTAKE_LIMIT {
            self.problems.push(problem);
        }
    }
}

/// Puts a value where there is one.
fn put<T>(place: &mut Option<T>, value: Option<T>) -> Option<()> {
    *place = Some(value?);
    Some(())
}

/// What a word stands for.
fn word<T>(text: &str, words: [(&str, T); 2]) -> Option<T> {
    words.into_iter().find(|(word, _)| *word == text).map(|(_, meaning)| meaning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> (Vec<Term>, Vec<String>) {
        let mut problems = Problems::new();
        let terms = parse(&Source::new("l.txt", text), Boundary::Word, &mut problems);
        let lines = problems.iter().map(|problem| {
            format!(
                "{}:{}",
                problem.code,
                problem.primary().map_or(0, |label| label.at.position().line)
            )
        });
        (terms, lines.collect())
    }

    #[test]
    fn a_list_is_one_term_a_line_with_attributes() {
        let (terms, problems) = read(
            "# insults: UTF-8\nidiot\n\npiece of garbage\ncow ;boundary=word ;tag=mild\ndamn* ;score=1\nC# ;case=exact\n",
        );
        assert!(problems.is_empty(), "{problems:?}");
        let texts: Vec<_> = terms.iter().map(|term| term.text.as_str()).collect();
        assert_eq!(texts, ["idiot", "piece of garbage", "cow", "damn", "C#"]);
        assert_eq!(
            (terms[2].boundary, terms[2].tag.as_deref()),
            (Some(Boundary::Word), Some("mild"))
        );
        assert_eq!((terms[3].any_ending, terms[3].score), (true, Some(1.0)));
        assert_eq!(terms[4].case, Some(LetterCase::Exact));
    }

    #[test]
    fn a_byte_order_mark_and_crlf_are_accepted() {
        let (terms, problems) = read("\u{feff}idiot\r\n白痴 ;boundary=none\r\n");
        assert!(problems.is_empty());
        assert_eq!(
            terms.iter().map(|term| term.text.as_str()).collect::<Vec<_>>(),
            ["idiot", "白痴"]
        );
        assert_eq!(terms[0].span, Span::new(3, 8));
    }

    #[test]
    fn each_mistake_is_named_and_the_other_lines_are_read() {
        let (terms, problems) =
            read("ok\ncow ;boundry=word\nx\n*\nok\ny ;boundary=none\nz ;score=lots\nz ;tag=\n");
        assert_eq!(problems, ["TG073:2", "TG071:3", "TG012:4", "TG072:5", "TG073:7", "TG073:8"]);
        assert_eq!(terms.len(), 3);
    }

    #[test]
    fn a_warning_about_a_term_is_silenced_above_it() {
        let (terms, problems) = read("# tidegate: allow(TG071) the letter itself is the slur\nx\n");
        assert_eq!((terms.len(), problems.len()), (1, 0));
    }

    #[test]
    fn a_term_that_is_too_long_is_refused() {
        let (terms, problems) = read(&"a".repeat(TERM_LIMIT_BYTES + 1));
        assert_eq!((terms.len(), problems), (0, vec!["TG026:1".to_owned()]));
    }

    #[test]
    fn a_file_of_another_kind_does_not_give_a_mistake_a_line() {
        let (_, problems) = read(&"x ;y\n".repeat(10_000));
        assert!(problems.len() <= MISTAKE_LIMIT);
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "(?s).{0,200}", lines in proptest::collection::vec("[a-c*;# =\u{feff}白]{0,12}", 0..9)) {
            let _ = read(&text);
            let (terms, _) = read(&lines.join("\n"));
            for term in terms {
                prop_assert!(!term.text.is_empty());
            }
        }
    }
}
