//! Tests and exceptions out of what people settled: what a test says, which words an exception may be made of, and how
//! the change of a file is shown.
//!
//! It reads no file and tries nothing out: whoever does puts these into files ([`crate::config::with_item`]), compiles what
//! comes of it and runs the tests.

use serde_json::{Map, Value, json};
use thiserror::Error;

use super::texts::{Unusable, usable};
use super::verdict::Judgement;
use crate::audit::digest;
use crate::config::test_file::TestDefaults;
use crate::domain::{Action, Author, Phase, Span};
use crate::store::{ItemRow, KeptDecision};

/// The most characters of an exception.
const MOST_TERM: usize = 120;
/// The most texts that one exception excuses.
const MOST_TERMS: usize = 4;
/// How many words before and behind a match an exception has, the least first.
const WIDTHS: [(usize, usize); 6] = [(1, 0), (0, 1), (1, 1), (2, 1), (1, 2), (2, 2)];
/// Lines of the file around what changes.
const CONTEXT: usize = 3;

/// What people settled about a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The item.
    pub item: String,
    /// The policy.
    pub policy: String,
    /// The rule that decided.
    pub rule: Option<String>,
    /// Which way the text travelled.
    pub phase: Phase,
    /// The texts that were screened, as far as they are kept as they were, with their authors; the one that the decision is
    /// about is the last.
    pub texts: Vec<(Author, String)>,
    /// What the policy decided, or would have, had it been in force.
    pub action: Action,
    /// What people said of it.
    pub judgement: Judgement,
}

/// Why nothing can be learnt of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotImprovable {
    /// People have not said whether the decision was right.
    #[error("the item is not settled as upheld or overturned")]
    NotSettled,
    /// The text cannot be used.
    #[error("the text cannot be used: {0}")]
    Texts(#[from] Unusable),
    /// The record cannot be read.
    #[error("the decision cannot be read")]
    Unreadable,
    /// A text passed that should not have.
    #[error(
        "the text passed and should not have, and nobody said what should have been done: write a rule, and a test for it"
    )]
    Missed,
    /// There is nothing to excuse.
    #[error("an exception is made for a decision of a rule that people overturned")]
    NothingToExcuse,
}

/// A test to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The policy.
    pub policy: String,
    /// What the test shows.
    pub name: String,
    /// Which way the text travels.
    pub phase: Phase,
    /// Who wrote it.
    pub author: Author,
    /// The text.
    pub text: String,
    /// What the policy is to do.
    pub expect: Action,
}

/// A text in which a rule is not to fire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excuse {
    /// The policy.
    pub policy: String,
    /// The rule.
    pub rule: String,
    /// Which way the text travels.
    pub phase: Phase,
    /// The texts with their authors: in the last one of them in which the rule fires it is not to.
    pub texts: Vec<(Author, String)>,
}

/// A change of a file that somebody may make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The file, from the configuration root.
    pub file: String,
    /// What is added, as YAML.
    pub yaml: String,
    /// The file as it is; `None` where it is not there yet.
    pub before: Option<String>,
    /// The file as it would be.
    pub after: String,
    /// Whether the test that is added does not pass yet, and is marked so.
    pub todo: bool,
    /// How many tests the policy has, the new one among them.
    pub tests: usize,
}

// === impl Settled ===

impl Settled {
    /// What people settled about the text of an item.
    ///
    /// # Errors
    /// When they have not, or the text is not kept as it was.
    pub fn of(row: &ItemRow, decision: Option<&KeptDecision>) -> Result<Self, NotImprovable> {
        let outcome = row.outcome.as_ref().and_then(|(outcome, _)| Judgement::of(outcome));
        let judgement = match outcome {
            Some(judgement @ (Judgement::Upheld | Judgement::Overturned)) => judgement,
            Some(Judgement::Unsure) | None => return Err(NotImprovable::NotSettled),
        };
        let decision = decision.ok_or(Unusable::Gone)?;
        let unreadable = NotImprovable::Unreadable;
        let word = if decision.enforced { &decision.action } else { &decision.would_be };
        let word = if word.is_empty() { &decision.action } else { word };
        let action = Action::ALL.into_iter().find(|action| action.as_str() == word);
        let phase = Phase::ALL.into_iter().find(|phase| phase.as_str() == decision.phase);
        Ok(Self {
            item: row.item.id.clone(),
            policy: row.item.policy.clone(),
            rule: row.item.rule.clone(),
            phase: phase.ok_or(unreadable)?,
            texts: usable(decision)?,
            action: action.ok_or(unreadable)?,
            judgement,
        })
    }

    /// A test that keeps what people said.
    ///
    /// # Errors
    /// When what they said does not tell what should have been done.
    pub fn case(&self) -> Result<Case, NotImprovable> {
        let expect = match (self.judgement, self.action) {
            (Judgement::Overturned, Action::Allow) => return Err(NotImprovable::Missed),
            (Judgement::Overturned, _) => Action::Allow,
            (Judgement::Upheld | Judgement::Unsure, action) => action,
        };
        let (author, text) = self.texts.last().cloned().ok_or(Unusable::NoText)?;
        Ok(Case {
            policy: self.policy.clone(),
            name: format!("review {}, {}", self.item, self.judgement.as_str()),
            phase: self.phase,
            author,
            text,
            expect,
        })
    }

    /// What an exception is to excuse.
    ///
    /// # Errors
    /// When people did not overturn what a rule decided.
    pub fn excuse(&self) -> Result<Excuse, NotImprovable> {
        let overturned = self.judgement == Judgement::Overturned && self.action != Action::Allow;
        let rule = self.rule.clone().filter(|_| overturned);
        Ok(Excuse {
            policy: self.policy.clone(),
            rule: rule.ok_or(NotImprovable::NothingToExcuse)?,
            phase: self.phase,
            texts: self.texts.clone(),
        })
    }
}

// === impl Case ===

impl Case {
    /// The test as a file has it, under what each test of the file has that says nothing else. One that does not pass yet is
    /// marked as a known gap.
    pub fn item(&self, defaults: &TestDefaults, todo: bool) -> Value {
        let mut item = Map::new();
        item.insert("name".to_owned(), json!(self.name));
        item.insert("text".to_owned(), json!(self.text));
        if self.phase != defaults.on {
            item.insert("on".to_owned(), json!(self.phase.as_str()));
        }
        let author = match self.author {
            Author::Unknown => Author::User,
            author @ (Author::System | Author::User | Author::Assistant | Author::Tool) => author,
        };
        if self.phase == Phase::Prompt && author != defaults.author {
            item.insert("author".to_owned(), json!(author.as_str()));
        }
        item.insert("expect".to_owned(), json!({ "action": self.expect.as_str() }));
        if todo {
            item.insert("todo".to_owned(), json!(true));
        }
        Value::Object(item)
    }
}

// === impl Proposal ===

impl Proposal {
    /// What the ledger says of the change: the file, and its hashes before and after.
    pub fn detail(&self) -> Value {
        let before = self.before.as_ref().map(|before| digest(before.as_bytes()));
        json!({ "file": self.file, "before": before, "after": digest(self.after.as_bytes()) })
    }

    /// What changes, as a unified diff.
    pub fn diff(&self) -> String {
        unified(&self.file, self.before.as_deref(), &self.after)
    }
}

// === exceptions ===

/// Exceptions that would excuse matches at these places of a text, the smallest first, each as the terms that it has. A term
/// holds the match and some words around it, of the same sentence: the match alone would switch the rule off for good.
pub fn exceptions(text: &str, matches: &[Span]) -> Vec<Vec<String>> {
    let mut wider: Vec<Vec<String>> = Vec::new();
    let words = words(text);
    let mut offer = |terms: Option<Vec<String>>| {
        let terms = terms.filter(|terms| !terms.is_empty() && terms.len() <= MOST_TERMS);
        if let Some(terms) = terms.filter(|terms| !wider.contains(terms)) {
            wider.push(terms);
        }
    };
    for width in WIDTHS {
        let wide = |span: &Span| term(text, *span, widened((text, &words), *span, width));
        offer(distinct(matches.iter().map(wide)));
    }
    offer(distinct(matches.iter().map(|span| term(text, *span, sentence(text, *span)))));
    wider
}

fn distinct(terms: impl Iterator<Item = Option<String>>) -> Option<Vec<String>> {
    let mut distinct = Vec::new();
    for term in terms {
        let term = term?;
        if !distinct.contains(&term) {
            distinct.push(term);
        }
    }
    Some(distinct)
}

/// The text of a term, unless it is too long or says no more than the match.
fn term(text: &str, found: Span, wide: Span) -> Option<String> {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    let said = text.get(wide.range())?;
    let more = wide.contains(found) && letters(said) > letters(text.get(found.range())?);
    let said = said.trim_end_matches('*');
    (more && said.chars().count() <= MOST_TERM).then(|| said.to_owned())
}

/// Runs of letters and digits; a Chinese character is a word.
fn words(text: &str) -> Vec<Span> {
    let mut words: Vec<Span> = Vec::new();
    let mut open = false;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let joins = c.is_alphanumeric() && !is_han(c);
        match words.last_mut() {
            Some(last) if joins && open => last.end = end,
            _ if c.is_alphanumeric() => words.push(Span::new(at, end)),
            _ => {}
        }
        // An apostrophe inside a word does not end it.
        open = joins || (open && matches!(c, '\'' | '’'));
    }
    words
}

fn is_han(c: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&c) || ('\u{20000}'..='\u{3ffff}').contains(&c)
}

/// A match with so many words before and behind it. Two Chinese characters count as one.
fn widened((text, words): (&str, &[Span]), span: Span, (before, behind): (usize, usize)) -> Span {
    let limits = sentence(text, span);
    let inside = |word: &&Span| word.start >= limits.start && word.end <= limits.end;
    let han = |word: &Span| text.get(word.range()).is_some_and(|word| word.starts_with(is_han));
    let weight = |word: &Span| if han(word) { 1 } else { 2 };
    let touched = words.iter().filter(|word| word.overlaps(span));
    let own = touched.fold(span, |own, word| own.union(*word));
    let mut wide = own;
    let mut left = 2 * before;
    for word in words.iter().rev().filter(|word| word.end <= own.start).filter(inside) {
        if left == 0 {
            break;
        }
        left = left.saturating_sub(weight(word));
        wide = wide.union(*word);
    }
    let mut left = 2 * behind;
    for word in words.iter().filter(|word| word.start >= own.end).filter(inside) {
        if left == 0 {
            break;
        }
        left = left.saturating_sub(weight(word));
        wide = wide.union(*word);
    }
    wide
}

/// The sentence, or the line, that a match stands in; of a match over several, all of it.
fn sentence(text: &str, span: Span) -> Span {
    let ends = |c: char| matches!(c, '\n' | '\r' | '.' | '!' | '?' | '。' | '！' | '？');
    let before = text.get(..span.start).unwrap_or_default();
    let start = before.rfind(ends).map_or(0, |at| {
        at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    });
    let behind = text.get(span.end..).unwrap_or_default();
    let end = span.end + behind.find(ends).unwrap_or(behind.len());
    let said = text.get(start..end).unwrap_or_default();
    let blank = said.len() - said.trim_start().len();
    Span::new(start + blank, start + said.trim_end().len())
}

// === differences ===

/// What changes between two texts of a file, as a unified diff with one hunk.
pub fn unified(file: &str, before: Option<&str>, after: &str) -> String {
    let old: Vec<&str> = before.unwrap_or_default().split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let alike = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| {
        pairs.take_while(|(old, new)| old == new).count()
    };
    let first = alike(&mut old.iter().zip(&new));
    let last = alike(&mut old.iter().rev().zip(new.iter().rev()));
    let last = last.min(old.len() - first).min(new.len() - first);
    if first == old.len() && first == new.len() {
        return String::new();
    }
    let from = first.saturating_sub(CONTEXT);
    let behind = last.min(CONTEXT);
    let (old_end, new_end) = (old.len() - last + behind, new.len() - last + behind);
    // A side without lines is counted from the line before.
    let side = |end: usize| {
        let lines = end - from;
        format!("{},{lines}", if lines == 0 { from } else { from + 1 })
    };
    let was = if before.is_some() { format!("a/{file}") } else { "/dev/null".to_owned() };
    let head = format!("--- {was}\n+++ b/{file}\n@@ -{} +{} @@\n", side(old_end), side(new_end));
    let mut lines = vec![head];
    let mut draw = |mark: char, part: Option<&[&str]>| {
        for line in part.unwrap_or_default() {
            let end = if line.ends_with('\n') { "" } else { "\n\\ No newline at end of file\n" };
            lines.push(format!("{mark}{line}{end}"));
        }
    };
    draw(' ', old.get(from..first));
    draw('-', old.get(first..old.len() - last));
    draw('+', new.get(first..new.len() - last));
    draw(' ', old.get(old.len() - last..old_end));
    lines.concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::{Item, ItemState};

    fn at(text: &str, part: &str) -> Span {
        let start = text.find(part).unwrap();
        Span::new(start, start + part.len())
    }

    #[test]
    fn an_exception_holds_the_match_and_words_of_its_sentence() {
        let text = "Hello. I bought a bath bomb for mum! Nice.";
        let found = exceptions(text, &[at(text, "bomb")]);
        let terms: Vec<String> = found.into_iter().flatten().collect();
        let wanted = [
            "bath bomb",
            "bomb for",
            "bath bomb for",
            "a bath bomb for",
            "bath bomb for mum",
            "a bath bomb for mum",
            "I bought a bath bomb for mum",
        ];
        assert_eq!(terms, wanted);
        let text = "我买了玩具手榴弹给孩子。";
        let found = exceptions(text, &[at(text, "手榴弹")]);
        assert_eq!(found.first(), Some(&vec!["玩具手榴弹".to_owned()]));
    }

    #[test]
    fn a_match_that_is_all_of_its_sentence_can_have_no_exception() {
        for text in ["bomb", "a. bomb! b", "bomb.", "  bomb  \n other"] {
            assert_eq!(exceptions(text, &[at(text, "bomb")]), Vec::<Vec<String>>::new(), "{text}");
        }
    }

    #[test]
    fn several_matches_are_excused_together() {
        let text = "bath bomb, bath bomb and photo bomb";
        let spans: Vec<Span> =
            text.match_indices("bomb").map(|(at, part)| Span::new(at, at + part.len())).collect();
        assert_eq!(exceptions(text, &spans)[0], ["bath bomb", "photo bomb"]);
    }

    fn item(outcome: &str, action: &str) -> (ItemRow, KeptDecision) {
        let row = ItemRow {
            item: Item {
                id: "i".to_owned(),
                policy: "p".to_owned(),
                rule: Some("weapons".to_owned()),
                ..Item::default()
            },
            state: ItemState::Settled,
            claim: None,
            outcome: Some((outcome.to_owned(), None)),
            settled_at: Some(0),
        };
        let texts = json!([{ "at": "prompt", "author": "user", "bytes": 2, "text": "hi" }]);
        let decision = KeptDecision {
            action: action.to_owned(),
            enforced: true,
            phase: "prompt".to_owned(),
            record: "{}".to_owned(),
            texts: Some(texts.to_string()),
            ..KeptDecision::default()
        };
        (row, decision)
    }

    #[test]
    fn what_people_said_becomes_a_test_of_the_text() {
        let case = |outcome, action| {
            let (row, decision) = item(outcome, action);
            Settled::of(&row, Some(&decision)).and_then(|settled| settled.case())
        };
        let expect = |case: Result<Case, NotImprovable>| case.map(|case| case.expect);
        assert_eq!(expect(case("upheld", "block")), Ok(Action::Block));
        assert_eq!(expect(case("overturned", "block")), Ok(Action::Allow));
        assert_eq!(expect(case("upheld", "allow")), Ok(Action::Allow));
        assert_eq!(expect(case("overturned", "allow")), Err(NotImprovable::Missed));
        assert_eq!(expect(case("unresolved", "block")), Err(NotImprovable::NotSettled));
        let written = case("upheld", "block").unwrap().item(&TestDefaults::default(), false);
        let wanted =
            json!({ "name": "review i, upheld", "text": "hi", "expect": { "action": "block" } });
        assert_eq!(written, wanted);
    }

    #[test]
    fn only_a_rule_that_was_overturned_is_excused_and_only_with_a_text_that_is_kept() {
        let (row, decision) = item("upheld", "block");
        let settled = Settled::of(&row, Some(&decision)).unwrap();
        assert_eq!(settled.excuse(), Err(NotImprovable::NothingToExcuse));
        let (row, decision) = item("overturned", "block");
        assert_eq!(Settled::of(&row, Some(&decision)).unwrap().excuse().unwrap().rule, "weapons");
        let gone = NotImprovable::Texts(Unusable::Gone);
        assert_eq!(Settled::of(&row, None), Err(gone));
        let erased = KeptDecision { texts: None, ..decision };
        assert_eq!(Settled::of(&row, Some(&erased)), Err(NotImprovable::Texts(Unusable::NoText)));
    }

    #[test]
    fn a_change_is_shown_with_the_lines_around_it() {
        let before = "a\nb\nc\nd\ne\nf\n";
        let after = "a\nb\nc\nd\nX\ne\nf\n";
        let wanted = "--- a/f.yaml\n+++ b/f.yaml\n@@ -2,5 +2,6 @@\n b\n c\n d\n+X\n e\n f\n";
        assert_eq!(unified("f.yaml", Some(before), after), wanted);
        let new = "--- /dev/null\n+++ b/f.yaml\n@@ -0,0 +1,1 @@\n+a\n";
        assert_eq!(unified("f.yaml", None, "a\n"), new);
        let last = "--- a/f\n+++ b/f\n@@ -1,1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n\\ No newline at end of file\n";
        assert_eq!(unified("f", Some("a"), "a\nb"), last);
        assert_eq!(unified("f", Some("a"), "a"), "");
    }

    proptest! {
        #[test]
        fn every_exception_is_a_part_of_the_text_that_holds_a_match(
            text in "([a-c]{1,3}[ .!\n]|[一二三。]){1,20}",
            from in 0_usize..40,
        ) {
            let borders: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let start = borders[from % borders.len()];
            let end = start + text[start..].chars().next().map_or(0, char::len_utf8);
            let found = text[start..end].to_owned();
            for term in exceptions(&text, &[Span::new(start, end)]).into_iter().flatten() {
                prop_assert!(text.contains(&term) && term.contains(&found), "{:?} {:?}", text, term);
                prop_assert!(term != found);
            }
        }
    }
}
