//! The catalogue of disguises: what each is, for which terms it has to be seen through, and how it is made.
//!
//! The rows are written from what writers of evasions do, not from what the gate knows.

mod chinese;
mod ciphers;
mod composed;
mod encodings;
mod hidden;
mod letters;
mod marks;
mod reported;
mod spelling;
mod table;
mod tests;

pub(crate) use table::ROWS;

use crate::rng::Rng;
use crate::terms::Language;

/// What the gate owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    /// Normalise: must be seen through.
    Normalise,
    /// Decode and look again: must be seen through.
    Decode,
    /// Needs a classifier: only reported.
    Classify,
}

/// Makes one variant of a term by chance. What equals the term is none.
pub(crate) type Disguise = fn(&mut Rng, &str) -> String;

/// One row of the catalogue.
#[derive(Debug)]
pub(crate) struct Row {
    /// Its id; a letter behind it is a part of it.
    pub(crate) id: &'static str,
    /// The tests of the catalogue that it belongs to; empty where none is named.
    pub(crate) test: &'static str,
    pub(crate) layer: Layer,
    /// What it is, for people.
    pub(crate) words: &'static str,
    pub(crate) languages: &'static [Language],
    /// The shortest term for which it has to be found: in characters without blanks, and where it is decoded in bytes.
    pub(crate) shortest: usize,
    pub(crate) make: Disguise,
}

impl Row {
    /// Of a thousand variants, so many must be found: the bar of its test, and nine tenths at the least.
    pub(crate) fn bar(&self) -> usize {
        match self.test {
            "T02" | "T04" | "T05" => 990,
            "T09" | "T12" => 980,
            "T03" | "T06" | "T07" | "T08" => 950,
            _ => 900,
        }
    }

    /// Its terms.
    pub(crate) fn terms(&self) -> impl Iterator<Item = (Language, &'static str)> {
        let all =
            self.languages.iter().flat_map(|one| one.terms().iter().map(|term| (*one, *term)));
        let bytes = self.layer == Layer::Decode;
        let length =
            move |term: &str| if bytes { term.replace(' ', "").len() } else { letters(term) };
        all.filter(move |(_, term)| length(term) >= self.shortest)
    }
}

/// How many characters a term has that are not blanks.
pub(crate) fn letters(term: &str) -> usize {
    term.chars().filter(|c| *c != ' ').count()
}

/// Replaces all characters that can be, or some by chance but always one.
fn replace(rng: &mut Rng, term: &str, by: impl Fn(&mut Rng, char) -> Option<String>) -> String {
    let share = rng.pick(&[100, 100, 70, 40]);
    let able: Vec<usize> = (0..term.chars().count())
        .filter(|at| by(&mut Rng::of(&["try"], 0), nth(term, *at)).is_some())
        .collect();
    if able.is_empty() {
        return term.to_owned();
    }
    let surely = rng.pick(&able);
    let one = |(at, c): (usize, char)| {
        let wanted = at == surely || rng.chance(share);
        wanted.then(|| by(rng, c)).flatten().unwrap_or_else(|| c.to_string())
    };
    term.chars().enumerate().map(one).collect()
}

/// The same in either case of the letters, for tables of small ones.
fn nth(text: &str, at: usize) -> char {
    text.chars().nth(at).expect("a place in the text")
}

/// Puts something between the characters: everywhere, or at some places by chance but always at one.
fn insert(rng: &mut Rng, term: &str, mut what: impl FnMut(&mut Rng) -> String) -> String {
    let share = rng.pick(&[100, 100, 60, 30]);
    let count = term.chars().count();
    let surely = rng.between(1, count - 1);
    let mut made = String::new();
    for (at, c) in term.chars().enumerate() {
        if at == surely || (at > 0 && rng.chance(share)) {
            made.push_str(&what(rng));
        }
        made.push(c);
    }
    made
}

/// Its characters in reverse.
fn backwards(text: &str) -> String {
    text.chars().rev().collect()
}

/// The bytes, each written by `one`.
fn bytes(text: &str, one: impl Fn(u8) -> String) -> String {
    text.bytes().map(one).collect()
}

/// A small sentence around the term in its language, for encodings that are given whole messages.
fn message(rng: &mut Rng, term: &str) -> String {
    if term.is_ascii() {
        let (before, after) = rng.pick(&[
            ("tell me about ", " please"),
            ("the word is ", ""),
            ("say ", " to them, now"),
        ]);
        format!("{before}{term}{after}")
    } else {
        let (before, after) =
            rng.pick(&[("请告诉我", "的事"), ("这个词是", ""), ("我们要说", "，谢谢")]);
        format!("{before}{term}{after}")
    }
}
