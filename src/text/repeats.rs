//! The view `repeats`: letters that were stretched are single again.
//!
//! A letter that stands three times or more in a row becomes one (`idiiiot`). So does a doubled letter
//! if a letter of the same word is stretched not more than six letters away (`bullllshiit`), or if it
//! stands among at least three doubled letters in a row (`iiddiioott`). A letter that hardly any language doubles there
//! (`hh`; a consonant at the beginning of a word, as in `kkill`) is stretched too. Other words stay as they are.
//! A Han character that is doubled becomes one (`炸炸弹弹`).
//!
//! Terms are looked for in the spelling of [`repeats_term`](super::repeats_term), which is why a hit
//! here must be a [collapsed](Reading::is_collapsed) place. The rule looks at a few letters only, so a
//! stream holds little, and a text may be read in pieces.

use std::ops::{ControlFlow, Range};

use super::class::{Class, class, drops_marks};
use super::context::tail_start;
use super::reading::Reading;
use super::view::{SKELETON_INDEX, ViewDef};
use crate::domain::{Span, ViewName};

/// Stretched words, over the skeleton.
pub(super) const REPEATS: ViewDef = ViewDef {
    name: ViewName("repeats"),
    summary: "letters and Han characters that were repeated",
    over: Some(SKELETON_INDEX),
    default_on: true,
    applies,
    build,
    open_from,
};

/// So many of a letter in a row are no spelling.
const STRETCHED: usize = 3;
/// So many doubled letters one after the other are none either.
const DOUBLES: usize = 3;
/// How many different letters away a stretched letter still tells of a doubled one.
const REACH: usize = 6;
/// Letters that are not decided yet. One more than the reach: the last letter may still get a mark and
/// so become the letter before it.
const PENDING: usize = REACH + 1;

/// What hears of the text that is left out; it may stop the scan.
type Drops<'a> = dyn FnMut(Range<usize>) -> ControlFlow<()> + 'a;

fn applies(input: &Reading) -> bool {
    if !input.survey().may_be_stretched {
        return false;
    }
    let mut found = false;
    scan(input.as_str(), &mut |_| {
        found = true;
        ControlFlow::Break(())
    });
    found
}

fn build(input: &Reading, out: &mut Reading) {
    out.begin(input);
    let mut copied = 0;
    scan(input.as_str(), &mut |dropped| {
        out.append(input, copied..dropped.start);
        out.collapse(input.raw_end(dropped.end));
        copied = dropped.end;
        ControlFlow::Continue(())
    });
    out.append(input, copied..input.len());
}

fn open_from(input: &Reading) -> usize {
    let (decided, tail) = input.as_str().split_at(tail_start(input.as_str()));
    decided.len() + scan(tail, &mut |_| ControlFlow::Continue(()))
}

/// Finds what is left out, in the order of the text, and tells what is open at its end.
fn scan(text: &str, drops: &mut Drops<'_>) -> usize {
    let mut word = Word::default();
    for (at, c) in text.char_indices() {
        if word.read(c, at, drops).is_break() {
            return text.len();
        }
    }
    let open = word.open_from().unwrap_or(text.len());
    // Nothing comes after this, so there is nothing to stop.
    let _stopped = word.end_word(drops);
    open
}

/// A run of one letter.
#[derive(Clone, Copy)]
struct Run {
    /// Where its first letter begins.
    start: usize,
    /// What repeats the first letter; empty where nothing does.
    repeat: Span,
    collapses: bool,
}

impl Run {
    const NONE: Self = Self { start: 0, repeat: Span::new(0, 0), collapses: false };

    fn is_undecided(&self) -> bool {
        !self.collapses && !self.repeat.is_empty()
    }
}

/// The word that is being read.
struct Word {
    /// The last runs but the one that is being read.
    pending: [Run; PENDING],
    len: usize,
    /// The run that is being read: its letter, how often it stands there, and where.
    letter: Option<char>,
    count: usize,
    run: Run,
    /// Runs since the last stretched one, that one included; zero where there is none near.
    since_stretched: usize,
    /// Doubled runs one after the other, up to the one that is being read.
    doubles: usize,
    /// Whether the run that is being read follows a character that is part of no word.
    begins: bool,
}

impl Default for Word {
    fn default() -> Self {
        Self {
            pending: [Run::NONE; PENDING],
            len: 0,
            letter: None,
            count: 0,
            run: Run::NONE,
            since_stretched: 0,
            doubles: 0,
            begins: false,
        }
    }
}

impl Word {
    fn read(&mut self, c: char, at: usize, drops: &mut Drops<'_>) -> ControlFlow<()> {
        let end = at + c.len_utf8();
        if self.letter == Some(c) {
            self.count += 1;
            self.run.repeat.end = end;
            if self.is_surely_stretched() {
                self.collapse_pending(PENDING);
            }
            return ControlFlow::Continue(());
        }
        match class(c) {
            Class::Letter if self.is_letter() => {
                self.end_run(drops)?;
                self.begins = false;
            }
            Class::Letter | Class::Han | Class::Other => self.end_word(drops)?,
            Class::Gap => {
                self.end_word(drops)?;
                self.begins = true;
            }
        }
        if matches!(class(c), Class::Letter | Class::Han) {
            self.letter = Some(c);
            self.count = 1;
            self.run = Run { start: at, repeat: Span::new(end, end), collapses: false };
        }
        ControlFlow::Continue(())
    }

    fn is_letter(&self) -> bool {
        self.letter.is_some_and(|letter| class(letter) == Class::Letter)
    }

    /// Whether the run collapses whatever comes: the last of just enough letters may still get a mark
    /// and become another letter.
    fn is_surely_stretched(&self) -> bool {
        let least = self.least();
        self.count > least || (self.count == least && self.letter.is_some_and(drops_marks))
    }

    /// Whether a doubled letter is spelled so in hardly any language.
    fn is_odd(&self) -> bool {
        let odd = |c| {
            let vowel_or_l = matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'l');
            matches!(c, 'h' | 'j' | 'q' | 'w' | 'x' | 'y') || (self.begins && !vowel_or_l)
        };
        self.letter.is_some_and(|c| c.is_ascii_lowercase() && odd(c))
    }

    /// How many times the letter must stand in a row to be stretched.
    fn least(&self) -> usize {
        if self.is_odd() { 2 } else { STRETCHED }
    }

    /// Lets the last `count` runs collapse.
    fn collapse_pending(&mut self, count: usize) {
        let runs = self.pending.get_mut(..self.len).unwrap_or_default();
        for run in runs.iter_mut().rev().take(count.min(REACH)) {
            run.collapses = true;
        }
    }

    /// Ends the run that is being read, within a word.
    fn end_run(&mut self, drops: &mut Drops<'_>) -> ControlFlow<()> {
        self.judge_run();
        if self.len == PENDING {
            self.release(1, drops)?;
        }
        if let Some(slot) = self.pending.get_mut(self.len) {
            *slot = self.run;
            self.len += 1;
        }
        ControlFlow::Continue(())
    }

    /// Says whether the run that ends here collapses, and what that tells of the runs before it.
    fn judge_run(&mut self) {
        let (doubled, stretched) = (self.count >= 2, self.count >= self.least());
        self.doubles = if doubled { self.doubles + 1 } else { 0 };
        let near = (1..=REACH).contains(&self.since_stretched);
        self.since_stretched = match self.since_stretched {
            _ if stretched => 1,
            0 => 0,
            since => since + 1,
        };
        self.run.collapses = doubled && (near || stretched || self.doubles >= DOUBLES);
        if stretched {
            self.collapse_pending(PENDING);
        } else if self.doubles >= DOUBLES {
            self.collapse_pending(DOUBLES - 1);
        }
    }

    /// Leaves out what the first `count` pending runs repeat, and forgets them.
    fn release(&mut self, count: usize, drops: &mut Drops<'_>) -> ControlFlow<()> {
        for run in self.pending.iter().take(count).filter(|run| run.collapses) {
            if !run.repeat.is_empty() {
                drops(run.repeat.range())?;
            }
        }
        self.pending.rotate_left(count);
        self.len -= count;
        ControlFlow::Continue(())
    }

    /// Ends the word, or the Han character.
    fn end_word(&mut self, drops: &mut Drops<'_>) -> ControlFlow<()> {
        if self.letter.is_none() {
            return ControlFlow::Continue(());
        }
        if self.is_letter() {
            self.judge_run();
        } else {
            self.run.collapses = self.count >= 2;
        }
        self.release(self.len, drops)?;
        let run = self.run;
        *self = Self::default();
        if run.collapses { drops(run.repeat.range()) } else { ControlFlow::Continue(()) }
    }

    /// The first letter of a run stands whatever comes. A doubled letter is open until it is known
    /// whether it collapses.
    fn open_from(&self) -> Option<usize> {
        let pending = self.pending.iter().take(self.len).find(|run| run.is_undecided());
        let near = (1..=REACH).contains(&self.since_stretched);
        let decided = near || self.doubles + 1 >= DOUBLES || self.is_surely_stretched();
        let open = self.is_letter() && self.count >= 2 && !decided;
        pending.map(|run| run.start).or_else(|| open.then_some(self.run.start))
    }
}
