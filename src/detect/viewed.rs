//! Regexes that read the views of a text, not only the text as it stands.
//!
//! They are searched for in each reading as in a text of its own, upper and lower case alike, since views
//! have no capitals; what is found leads back to raw bytes.

use super::pattern::{PatternError, PatternSpec};
use super::pattern_set::{PatternScan, PatternScratch, PatternSet, PatternWindow, Reads};
use super::scanner::Window;
use crate::domain::Span;
use crate::text::Reading;

/// The regexes of a policy that read some view, or all.
#[derive(Debug)]
pub(super) struct ViewedPatterns {
    set: PatternSet,
    /// The number that each has among all regexes.
    numbers: Vec<usize>,
}

/// What regexes look at and may use up in the readings of one window.
pub(super) struct InViews<'s> {
    pub(super) viewed: Option<&'s ViewedPatterns>,
    pub(super) window: Window<'s>,
    pub(super) scratch: &'s mut PatternScratch,
    /// What may still be spent, in bytes.
    pub(super) work_left: &'s mut usize,
    /// Takes what matched and was none, in raw bytes.
    pub(super) rejected: &'s mut Vec<Span>,
}

impl InViews<'_> {
    /// Searches the first `upto` bytes of a reading, and hands each match to `found`: its number among all
    /// regexes, and its bytes in the reading. What is told is in raw bytes.
    pub(super) fn scan(
        &mut self,
        reading: &Reading,
        upto: usize,
        found: &mut dyn FnMut(usize, Span),
    ) -> PatternScan {
        let Some(viewed) = self.viewed else {
            return PatternScan { decided: usize::MAX, overflow: None, exhausted: false };
        };
        let upto = upto.min(reading.len());
        let window = PatternWindow {
            text: reading.as_str().get(..upto).unwrap_or_default(),
            // The character that `from` lies in, if it lies in one, begins no match: none crosses it.
            from: reading.upto(self.window.from).min(upto),
            last: self.window.last,
            restart: reading.upto(self.window.restart).min(upto),
        };
        let scan = viewed.set.scan(window, self.work_left, self.scratch);
        for found_here in &self.scratch.matches {
            if let Some(&number) = viewed.numbers.get(found_here.pattern) {
                found(number, found_here.span);
            }
        }
        let rejected = self.scratch.rejected.iter();
        self.rejected.extend(rejected.map(|span| reading.raw_span(span.start, span.end)));
        PatternScan {
            decided: reading.raw_start(scan.decided),
            // Another character stands behind it, so nothing more belongs to its last one.
            overflow: scan.overflow.map(|span| reading.raw_span(span.start, span.end)),
            exhausted: scan.exhausted,
        }
    }
}

impl ViewedPatterns {
    /// Compiles those of `specs` that read views; `None` where there are none. Errors as in
    /// [`PatternSet::new`].
    pub(super) fn new(
        specs: &[PatternSpec],
    ) -> Result<Option<Self>, (Option<usize>, PatternError)> {
        Self::chosen(specs, |spec| spec.views, Reads::Views)
    }

    /// The same with the patterns of entities, to which upper and lower case are not alike.
    pub(super) fn entities(
        specs: &[PatternSpec],
    ) -> Result<Option<Self>, (Option<usize>, PatternError)> {
        Self::chosen(specs, |spec| spec.outline.is_some(), Reads::Width)
    }

    fn chosen(
        specs: &[PatternSpec],
        is_one: fn(&PatternSpec) -> bool,
        reads: Reads,
    ) -> Result<Option<Self>, (Option<usize>, PatternError)> {
        let chosen = || specs.iter().enumerate().filter(|(_, spec)| is_one(spec));
        let numbers: Vec<usize> = chosen().map(|(number, _)| number).collect();
        if numbers.is_empty() {
            return Ok(None);
        }
        match PatternSet::new(chosen().map(|(_, spec)| spec.clone()).collect(), reads) {
            Ok(set) => Ok(Some(Self { set, numbers })),
            Err((index, error)) => {
                Err((index.and_then(|index| numbers.get(index)).copied(), error))
            }
        }
    }

    /// Bytes that the automata take.
    pub(super) fn memory(&self) -> usize {
        self.set.memory()
    }
}
