//! The score of a text that grows.

use super::blocks::{BlockReader, BlockSink, Extent};
use super::file::ZERO;
use super::grams::Census;
use super::header::{Calibrator, Group, LANES, Label, WIDEST_WINDOW};
use super::model::Model;
use crate::domain::Span;

/// What is known of a text besides its characters. By default nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Hits of word lists, by the number of the category.
    pub hits: [u32; LANES],
    /// Whether a model wrote it.
    pub from_model: bool,
}

/// What one category comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// From 0 to 1, calibrated on the held-back part of the training texts.
    pub probability: f32,
    /// Highest score of a window, in log odds before calibration.
    pub window: f64,
    /// Score of the whole text so far, likewise.
    pub whole: f64,
    /// The raw bytes of the window that scores highest; the first of equals.
    pub span: Span,
}

impl Score {
    /// That of a text with nothing to read.
    const NOTHING: Self = Self { probability: 0.0, window: 0.0, whole: 0.0, span: Span::new(0, 0) };
}

/// What all categories come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// The language group, which has thresholds of its own.
    pub group: Group,
    /// Bytes of the text that the scores speak of.
    pub settled: usize,
    lanes: [Score; LANES],
    labels: usize,
}

impl Scores {
    /// Those of at most [`LANES`] categories, by somebody who scores otherwise.
    pub(crate) fn from_parts(group: Group, settled: usize, scores: &[Score]) -> Self {
        let mut lanes = [Score::NOTHING; LANES];
        for (lane, score) in lanes.iter_mut().zip(scores) {
            *lane = *score;
        }
        Self { group, settled, lanes, labels: scores.len().min(LANES) }
    }

    /// A score for each category of the model, in its order.
    pub fn all(&self) -> &[Score] {
        self.lanes.get(..self.labels).unwrap_or(&self.lanes)
    }
}

/// Scores a text that comes in pieces. What it says depends on the text up to [`Running::settled`] alone, not on the
/// pieces; it holds one unfinished block and the sums of [`WIDEST_WINDOW`] blocks, whatever the length of the text.
#[derive(Clone, Debug)]
pub struct Running {
    reader: BlockReader,
    sums: Sums,
}

/// The sums of a block.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    start: usize,
    end: usize,
    grams: u32,
    lanes: [i32; LANES],
}

/// The window of a category that scores highest.
#[derive(Clone, Copy, Debug)]
struct Best {
    score: f64,
    span: Span,
}

#[derive(Clone, Debug)]
struct Sums {
    model: Model,
    tally: Tally,
    /// The blocks of the widest window, the latest at `blocks % WIDEST_WINDOW`.
    recent: [Block; WIDEST_WINDOW],
    blocks: usize,
    grams: u64,
    whole: [i64; LANES],
    best: [Option<Best>; LANES],
    census: Census,
}

/// Adds rows of eight biased bytes: two sums of four lanes of 16 bits, emptied before a lane can overflow.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    even: u64,
    odd: u64,
    pending: u32,
    grams: u32,
    lanes: [i32; LANES],
}

/// Every other byte.
const EVEN: u64 = 0x00ff_00ff_00ff_00ff;
/// So many bytes fit into 16 bits whatever they are: 257 · 255 = 2¹⁶ − 1.
const MOST_PENDING: u32 = 257;

impl Tally {
    fn add(&mut self, row: u64) {
        self.even += row & EVEN;
        self.odd += (row >> 8) & EVEN;
        self.pending += 1;
        if self.pending == MOST_PENDING {
            self.empty();
        }
    }

    fn empty(&mut self) {
        let zero = i32::from(ZERO) * self.pending.cast_signed();
        let sums = [(self.even, 0), (self.odd, 1)];
        for (sum, first) in sums {
            for (lane, part) in self.lanes.iter_mut().skip(first).step_by(2).zip(0..4) {
                *lane += i32::from((sum >> (16 * part) & 0xffff) as u16) - zero;
            }
        }
        self.grams += self.pending;
        (self.even, self.odd, self.pending) = (0, 0, 0);
    }
}

impl BlockSink for Sums {
    fn gram(&mut self, bucket: u32) {
        self.tally.add(self.model.row(bucket));
    }

    fn block(&mut self, extent: Extent) {
        self.tally.empty();
        let Tally { grams, lanes, .. } = std::mem::take(&mut self.tally);
        self.census = extent.census;
        self.grams += u64::from(grams);
        for (whole, lane) in self.whole.iter_mut().zip(lanes) {
            *whole += i64::from(lane);
        }
        self.blocks += 1;
        let block = Block { start: extent.start, end: extent.end, grams, lanes };
        if let Some(place) = self.recent.get_mut(self.blocks % WIDEST_WINDOW) {
            *place = block;
        }
        self.look_at_windows();
    }
}

impl Sums {
    fn new(model: &Model) -> Self {
        Self {
            model: model.clone(),
            tally: Tally::default(),
            recent: [Block::default(); WIDEST_WINDOW],
            blocks: 0,
            grams: 0,
            whole: [0; LANES],
            best: [None; LANES],
            census: Census::default(),
        }
    }

    /// Scores the windows that end with the latest block.
    fn look_at_windows(&mut self) {
        for (lane, label) in self.model.labels().iter().enumerate() {
            let (mut sum, mut grams, mut span) = (0_i64, 0_u64, Span::new(0, 0));
            for back in 0..label.blocks.min(self.blocks) {
                let Some(block) = self.recent.get((self.blocks - back) % WIDEST_WINDOW) else {
                    break;
                };
                sum += i64::from(block.lanes.get(lane).copied().unwrap_or_default());
                grams += u64::from(block.grams);
                span = Span::new(block.start, if back == 0 { block.end } else { span.end });
            }
            let Some(best) = self.best.get_mut(lane).filter(|_| grams > 0) else { continue };
            let score = score(label, sum, grams);
            if best.is_none_or(|best| score > best.score) {
                *best = Some(Best { score, span });
            }
        }
    }

    fn scores(&self, context: &Context, settled: usize) -> Scores {
        let group = group(self.census);
        let mut scores = [Score::NOTHING; LANES];
        let labels = self.model.labels();
        let lanes =
            scores.iter_mut().zip(labels).zip(&self.best).zip(&self.whole).zip(context.hits);
        for ((((out, label), best), &sum), hits) in lanes {
            let Some(Best { score: window, span }) = *best else { continue };
            let whole = score(label, sum, self.grams);
            let probability =
                label.calibrators.get(group).probability(window, whole, hits, context.from_model);
            *out = Score { probability, window, whole, span };
        }
        Scores { group, settled, lanes: scores, labels: labels.len() }
    }
}

/// `bias + scale · sum / √grams`.
fn score(label: &Label, sum: i64, grams: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "sums of texts of any size that is read stay far below 2⁵³"
    )]
    let (sum, grams) = (sum as f64, grams.max(1) as f64);
    f64::from(label.bias) + f64::from(label.scale) * sum / grams.sqrt()
}

/// Chinese, where a third of it is Han: a character of it says as much as three letters. Kana make a text Japanese.
pub(in crate::detect) fn group(census: Census) -> Group {
    let others = census.letters.saturating_add(census.kana.saturating_mul(5));
    if census.han > 0 && census.han.saturating_mul(3) >= others { Group::Zh } else { Group::Other }
}

impl Calibrator {
    /// The probability for a window's score and the whole text's, both before calibration.
    pub fn probability(&self, window: f64, whole: f64, hits: u32, from_model: bool) -> f32 {
        let odds = f64::from(self.bias)
            + f64::from(self.window) * window
            + f64::from(self.whole) * whole
            + f64::from(self.hits) * f64::from(hits).ln_1p()
            + f64::from(self.model) * f64::from(u8::from(from_model));
        #[expect(clippy::cast_possible_truncation, reason = "a probability needs no more digits")]
        let probability = (1.0 / (1.0 + (-odds).exp())) as f32;
        // Odds that are too large to count on either side are certain, not unknown.
        if probability.is_nan() { 1.0 } else { probability }
    }
}

impl Running {
    /// Begins a text.
    pub fn new(model: &Model) -> Self {
        Self { reader: BlockReader::new(model.bits()), sums: Sums::new(model) }
    }

    /// The model that scores.
    pub const fn model(&self) -> &Model {
        &self.sums.model
    }

    /// Begins another text. Buffers keep their capacity.
    pub fn reset(&mut self) {
        self.reader.reset();
        self.sums = Sums::new(&self.sums.model);
    }

    /// Reads on.
    pub fn push(&mut self, text: &str) {
        self.reader.push(text, &mut self.sums);
    }

    /// The text is over: all of it is settled.
    pub fn finish(&mut self) {
        self.reader.finish(&mut self.sums);
    }

    /// Bytes up to the last edge: what the scores speak of, and what no more text changes.
    pub const fn settled(&self) -> usize {
        self.reader.settled()
    }

    /// Bytes that have come.
    pub fn seen(&self) -> usize {
        self.reader.seen()
    }

    /// What the text up to [`Running::settled`] comes to. A text without a letter, a digit or a symbol scores 0.
    pub fn scores(&self, context: &Context) -> Scores {
        self.sums.scores(context, self.settled())
    }
}
