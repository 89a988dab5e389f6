//! Screens one text, whole or while it grows.

use std::sync::Arc;

use jiff::civil::Date;

use super::answers::Scratch;
use super::asking::Asking;
use super::count::Count;
use super::measure::{at_mark, most_held};
use super::mend::{merge, put_back};
use super::place::{Placed, place, spans};
use super::pseudonym::Restorer;
use super::rules::Sight;
use super::scoring::Scoring;
pub use super::tally::Stop;
use super::tally::{Fired, Tally};
use super::thin::thin;
use super::weigh::{fired_among, first_pending, worth_remembering};
use crate::detect::{Hit, Scan, Window};
use crate::domain::{Author, Mode, Phase, Rewrite, Span, Verdict};
use crate::policy::{OnFailure, Policy};
use crate::text::ceil_char;

/// The most hits of one scan, the most of a prompt that rules may need at one time, and the most of a
/// completion that fire: beyond it the text counts as one that cannot be scanned.
pub(super) const MOST_HITS: usize = 10_000;
/// From so many hits of a prompt on, those are let go that no rule can need any more.
const THIN_FROM: usize = 1_024;
/// The most bytes that regexes may read for one piece of a stream, and for one whole text.
pub(super) const MOST_WORK: usize = 64 << 20;
/// Bytes of a whole text that are looked at in one scan; doubled while nothing becomes decided.
const BLOCK: usize = 16 << 10;
/// The most bytes of decided text that are kept for context: many more than its characters take, but
/// for runs of marks and invisible ones.
const MOST_CONTEXT: usize = 4 << 10;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Which way it travels.
    pub phase: Phase,
    /// Who wrote it.
    pub author: Author,
    /// The day, for rules on trial.
    pub today: Date,
    /// Whether it is passed on while it grows, so that only so much of it may be held.
    pub streamed: bool,
}

/// What is known after a piece of text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Everything before this byte of the whole text is decided.
    pub decided: usize,
    /// What to replace in the text that became decided now; ordered, not overlapping.
    pub rewrites: Vec<Rewrite>,
    /// Where the text stops. Nothing can follow.
    pub stop: Option<Stop>,
}

/// One text being screened.
#[derive(Clone, Debug)]
pub struct Screen {
    policy: Arc<Policy>,
    subject: Subject,
    restorer: Option<Arc<Restorer>>,
    /// Some decided text for context, then the undecided text.
    buffer: String,
    /// Where the undecided text begins in `buffer`.
    from: usize,
    /// Where `buffer` begins in the whole text.
    base: usize,
    /// Words and characters before the undecided text.
    count: Count,
    /// Hits that rules with conditions may still need. In a prompt: all hits.
    remembered: Vec<Placed>,
    tally: Tally,
    /// What the models in process say.
    scoring: Scoring,
    /// What classifiers say that have to be asked.
    asking: Asking,
    /// Where patterns without a longest match start anew after one was given up.
    restart: usize,
    /// How many more hits of a completion may fire.
    hits_left: usize,
    /// At how many remembered hits of a prompt they are thinned next.
    thin_at: usize,
    work_left: usize,
    stopped: bool,
}

/// Screens a whole passage.
pub fn screen_passage(
    policy: &Arc<Policy>,
    subject: Subject,
    text: &str,
    scratch: &mut Scratch,
) -> Verdict {
    whole(Screen::new(Arc::clone(policy), subject, None), text, scratch)
}

/// The same without the classifiers that have to be asked: for texts that are too many and too short to ask about.
pub fn screen_by_rules(
    policy: &Arc<Policy>,
    subject: Subject,
    text: &str,
    scratch: &mut Scratch,
) -> Verdict {
    let mut screen = Screen::new(Arc::clone(policy), subject, None);
    screen.asking.ask_nobody();
    whole(screen, text, scratch)
}

fn whole(mut screen: Screen, text: &str, scratch: &mut Scratch) -> Verdict {
    let mut rewrites = Vec::new();
    let (mut at, mut block) = (0, BLOCK);
    while text.len() - at > block {
        let end = ceil_char(text, at + block);
        let before = screen.decided();
        let progress = screen.push(text.get(at..end).unwrap_or_default(), scratch);
        rewrites.extend(progress.rewrites);
        if progress.stop.is_some() {
            return screen.tally.finish(rewrites);
        }
        if progress.decided == before {
            block *= 2;
        }
        at = end;
    }
    let progress = screen.push_last(text.get(at..).unwrap_or_default(), scratch);
    rewrites.extend(progress.rewrites);
    screen.tally.finish(rewrites)
}

impl Screen {
    /// A screen for one text. The restorer puts originals back into an answer.
    pub fn new(policy: Arc<Policy>, subject: Subject, restorer: Option<Arc<Restorer>>) -> Self {
        Self {
            scoring: Scoring::new(&policy, subject),
            asking: Asking::new(&policy, subject),
            policy,
            subject,
            restorer,
            buffer: String::new(),
            from: 0,
            base: 0,
            count: Count::default(),
            remembered: Vec::new(),
            tally: Tally::new(subject.phase, subject.today),
            restart: 0,
            hits_left: MOST_HITS,
            thin_at: THIN_FROM,
            work_left: MOST_WORK,
            stopped: false,
        }
    }

    /// Everything before this byte is decided.
    pub fn decided(&self) -> usize {
        self.base + self.from
    }

    /// Bytes that are held because they are not decided.
    pub fn held(&self) -> usize {
        self.buffer.len() - self.from
    }

    /// The verdict so far.
    pub fn verdict(&self) -> &Verdict {
        self.tally.verdict()
    }

    /// More text has come.
    pub fn push(&mut self, text: &str, scratch: &mut Scratch) -> Progress {
        self.step(text, false, scratch)
    }

    /// The last text has come (it may be empty).
    pub fn push_last(&mut self, text: &str, scratch: &mut Scratch) -> Progress {
        self.step(text, true, scratch)
    }

    /// The verdict; call it after [`Self::push_last`], or after a stop.
    pub fn finish(self) -> Verdict {
        self.tally.finish(Vec::new())
    }

    /// Looks whether classifiers have answered that the text did not wait for.
    pub fn look_again(&mut self, scratch: &mut Scratch) -> Progress {
        let mut progress = Progress::default();
        if !self.stopped && !self.asking.is_idle() {
            self.take("", (false, false), &mut progress, scratch);
            self.stopped = progress.stop.is_some();
        }
        progress.decided = self.decided();
        progress
    }

    fn step(&mut self, text: &str, last: bool, scratch: &mut Scratch) -> Progress {
        if self.stopped {
            return Progress { decided: self.decided(), ..Progress::default() };
        }
        let mut progress = Progress::default();
        let mut rest = text;
        while let Some((before, after)) = self.bounded().then(|| self.mark(rest)).flatten() {
            self.take(before, (false, true), &mut progress, scratch);
            if progress.stop.is_some() {
                break;
            }
            rest = after;
        }
        if progress.stop.is_none() && (last || !rest.is_empty()) {
            self.take(rest, (last, false), &mut progress, scratch);
        }
        self.stopped = progress.stop.is_some();
        progress.decided = self.decided();
        progress
    }

    /// Whether only so much of the text may be held.
    fn bounded(&self) -> bool {
        self.subject.streamed && self.subject.phase == Phase::Completion
    }

    fn mark<'t>(&self, text: &'t str) -> Option<(&'t str, &'t str)> {
        at_mark(text, self.base + self.buffer.len())
    }

    /// Screens a piece. At a mark, what is held is measured.
    fn take(
        &mut self,
        text: &str,
        (last, at_mark): (bool, bool),
        progress: &mut Progress,
        scratch: &mut Scratch,
    ) {
        self.buffer.push_str(text);
        self.scoring.push(&self.policy, text);
        self.asking.push(text);
        if last {
            self.scoring.finish(&self.policy);
            self.asking.finish();
        }
        loop {
            let scan = self.scan(last, scratch);
            let open = self.buffer.len() - scan.decided;
            let mut outcome = match self.subject.phase {
                Phase::Prompt => self.collect(&scan, last, scratch),
                Phase::Completion => self.advance(&scan, last, scratch),
            };
            if at_mark && outcome.stop.is_none() && !outcome.again {
                outcome.stop = self.measure(open.min(self.held()), scratch);
            }
            self.tally.tell(&self.asking.said);
            progress.rewrites.extend(outcome.rewrites);
            progress.stop = outcome.stop;
            if progress.stop.is_some() || !outcome.again {
                break;
            }
        }
        let end = if last { usize::MAX } else { self.decided() };
        let upto = progress.stop.map_or(end, |stop| stop.at);
        self.scoring.settle(upto, self.tally.scores());
    }

    /// More may be held for the terms and patterns that are open than there is room for: the text
    /// fails, or goes out as it is.
    fn measure(&mut self, open: usize, scratch: &Scratch) -> Option<Stop> {
        if open <= most_held(&self.policy.scanner, self.policy.stream.max_match) {
            return None;
        }
        let stop = self.overflowed();
        if stop.is_none() {
            self.move_to(self.base + self.buffer.len(), scratch);
            self.restart = self.decided();
        }
        stop
    }

    fn scan(&mut self, last: bool, scratch: &mut Scratch) -> Scan {
        // A stream looks at its held text again with each piece, so its bounds hold for each piece;
        // a whole text has one bound for all of it.
        scratch.scan.hits_left = MOST_HITS;
        scratch.scan.work_left = if self.subject.streamed { MOST_WORK } else { self.work_left };
        let window = Window {
            text: &self.buffer,
            from: self.from,
            last,
            restart: self.restart.saturating_sub(self.base),
            pieces: self.subject.phase == Phase::Prompt,
        };
        let scan = self.policy.scanner.scan(window, &mut scratch.scan);
        self.work_left = scratch.scan.work_left;
        scan
    }

    /// A prompt: hits are gathered, and weighed when the text is whole.
    fn collect(&mut self, scan: &Scan, last: bool, scratch: &mut Scratch) -> StepOutcome {
        let placed = self.place(&scratch.scan.hits);
        self.remembered.extend(placed);
        self.move_to(self.base + scan.decided, scratch);
        if self.remembered.len() > self.thin_at {
            self.remembered = thin(&self.policy, &self.remembered, self.count);
            self.thin_at = (2 * self.remembered.len()).clamp(THIN_FROM, MOST_HITS);
        }
        if scan.exhausted || self.remembered.len() > MOST_HITS {
            let rest = self.weigh_all();
            let failed = self.tally.fail(&self.policy, 0, self.policy.unscannable);
            return StepOutcome {
                rewrites: rest.rewrites,
                stop: failed.or(rest.stop),
                again: false,
            };
        }
        if !last {
            return StepOutcome::default();
        }
        let scored = self.scoring.hits(0).map(|hit| Placed::unplaced(&hit, 0));
        self.remembered.extend(scored);
        self.remembered.sort_by_key(|placed| placed.hit.span.start);
        let unanswered = self.ask_about_prompt(scratch);
        let mut outcome = self.weigh_all();
        for on in unanswered {
            let stop = self.tally.unavailable(&self.policy, 0, on);
            outcome.stop = outcome.stop.or(stop);
        }
        outcome
    }

    /// Takes in what classifiers say of the whole prompt; what is to happen where they have not answered.
    fn ask_about_prompt(&mut self, scratch: &mut Scratch) -> Vec<OnFailure> {
        if self.asking.is_idle() {
            return Vec::new();
        }
        if let Some(edge) = self.asking.next_edge(usize::MAX) {
            let fired = self.fired(&self.remembered, 0, Sight::Whole);
            self.asking.without.tally.add(&self.policy, &fired);
            let scores = self.scoring.said_at(edge);
            self.asking.decide(&self.policy, edge, &scores);
        }
        let unanswered = self.asking.settle(&self.policy, &mut scratch.answers);
        let found = self.asking.hits(0).map(|hit| Placed::unplaced(&hit, 0));
        self.remembered.extend(found);
        self.remembered.sort_by_key(|placed| placed.hit.span.start);
        unanswered
    }

    fn weigh_all(&mut self) -> StepOutcome {
        let hits = std::mem::take(&mut self.remembered);
        let fired = self.fired(&hits, 0, Sight::Whole);
        let (rewrites, stop) = self.tally.add(&self.policy, &fired);
        StepOutcome { rewrites: merge(rewrites), stop, again: false }
    }

    /// A completion: what became decided is weighed and let go.
    fn advance(&mut self, scan: &Scan, last: bool, scratch: &mut Scratch) -> StepOutcome {
        if scan.exhausted {
            return self.give_up(scratch);
        }
        let mut placed = self.place(&scratch.scan.hits);
        let unanswered = self.ask(&placed, self.base + scan.decided, scratch);
        placed.extend(self.scored());
        placed.sort_by_key(|placed| placed.hit.span.start);
        let overflow = scan.overflow.filter(|_| self.subject.streamed);
        let overflow = overflow.map(|span| span.shifted(self.base));
        let (restored, open) = self.restorable(last);
        let failed = self.asking.failed_at();
        // At the end of the text nothing is left to wait for.
        let all = last && overflow.is_none() && failed.is_none();
        let upto = self.base + scan.decided.min(open);
        let rejected = scratch.scan.rejected.iter().map(|span| span.shifted(self.base));
        let originals = restored.iter().map(|rewrite| rewrite.span);
        let whole: Vec<Span> = spans(&placed).chain(originals).chain(rejected).collect();
        let frontier = self.frontier(&placed, (&whole, overflow), (upto, all));
        let start = self.decided();
        let mut known = std::mem::take(&mut self.remembered);
        known.extend(placed.into_iter().filter(|placed| all || placed.hit.span.start < frontier));
        let fired = self.fired(&known, start, Sight::Forward);
        self.hits_left = self.hits_left.saturating_sub(fired.len());
        self.remembered = worth_remembering(&self.policy, known, self.count_at(frontier));
        let (rewrites, mut stop) = self.tally.add(&self.policy, &fired);
        if stop.is_none() {
            stop = self.unavailable(unanswered, (failed, frontier));
        }
        let limit = stop.map_or(frontier, |stop| stop.at);
        let rewrites = put_back(merge(rewrites), restored, limit);
        self.move_to(limit, scratch);
        self.scoring.forget(frontier);
        self.asking.forget_hits(frontier);
        if self.hits_left == 0 && stop.is_none() {
            return StepOutcome { rewrites, ..self.give_up(scratch) };
        }
        let mut again = false;
        if let Some(overflow) = overflow
            && stop.is_none()
            && frontier == overflow.start
        {
            stop = self.overflowed();
            self.restart = overflow.end;
            again = stop.is_none();
        }
        StepOutcome { rewrites, stop, again }
    }

    /// Up to where a completion is decided, of which scanner and restorer know everything before `upto`. It lies inside
    /// none of what is to stay whole.
    fn frontier(
        &self,
        placed: &[Placed],
        (whole, overflow): (&[Span], Option<Span>),
        (upto, all): (usize, bool),
    ) -> usize {
        let open = self.scoring.open().min(self.asking.open()).max(self.decided());
        let frontier = upto.min(open).min(overflow.map_or(usize::MAX, |span| span.start));
        // Where scores wait is no matter of matches, so it may lie inside one.
        let frontier = Span::before_crossing(&whole.iter().copied(), frontier).max(self.decided());
        if all { frontier } else { self.hold_for_rules((placed, whole), frontier) }
    }

    /// Asks about the blocks of a completion that are known up to `upto`, and takes in what was answered; what is to
    /// happen where there was no answer.
    fn ask(&mut self, placed: &[Placed], upto: usize, scratch: &mut Scratch) -> Vec<OnFailure> {
        if self.asking.is_idle() {
            return Vec::new();
        }
        let scored = self.scoring.take_told();
        self.asking.note(placed, &scored, upto);
        while let Some(edge) = self.asking.next_edge(upto) {
            let known = self.asking.without.upto(edge);
            let fired = self.fired(&known, 0, Sight::Forward);
            let kept = worth_remembering(&self.policy, known, self.count_at(edge));
            self.asking.without.remembered = kept;
            self.asking.without.tally.add(&self.policy, &fired);
            let scores = self.scoring.said_at(edge);
            self.asking.decide(&self.policy, edge, &scores);
        }
        self.asking.settle(&self.policy, &mut scratch.answers)
    }

    /// Classifiers have not answered: what happens to the text, and where it stops, if it does.
    fn unavailable(
        &mut self,
        unanswered: Vec<OnFailure>,
        (failed, frontier): (Option<usize>, usize),
    ) -> Option<Stop> {
        let watched = self.policy.mode == Mode::Shadow;
        for on in unanswered.into_iter().filter(|on| watched || !on.action().stops()) {
            self.tally.unavailable(&self.policy, frontier, on);
        }
        failed.filter(|&at| at <= frontier)?;
        self.tally.unavailable(&self.policy, frontier, OnFailure::Block)
    }

    /// Too much to screen: the text fails from here on, as the policy says.
    fn give_up(&mut self, scratch: &Scratch) -> StepOutcome {
        let stop = self.tally.fail(&self.policy, self.decided(), self.policy.unscannable);
        if stop.is_none() {
            self.move_to(self.base + self.buffer.len(), scratch);
        }
        StepOutcome { rewrites: Vec::new(), stop, again: false }
    }

    /// A match in progress has grown beyond what may be held for it.
    fn overflowed(&mut self) -> Option<Stop> {
        let on =
            if self.policy.stream.block_on_overflow { OnFailure::Block } else { OnFailure::Allow };
        self.tally.fail(&self.policy, self.decided(), on)
    }

    /// The placeholders in the undecided text, by their place in the whole text, and the byte of the
    /// buffer from which on one could still come.
    fn restorable(&self, last: bool) -> (Vec<Rewrite>, usize) {
        let Some(restorer) = &self.restorer else { return (Vec::new(), self.buffer.len()) };
        let (mut found, open) = restorer.scan(&self.buffer, self.from, last);
        for rewrite in &mut found {
            rewrite.span = rewrite.span.shifted(self.base);
        }
        (found, open)
    }

    /// Moves the frontier back to the first hit whose window is still open, and then to where no hit
    /// crosses it.
    fn hold_for_rules(&self, (placed, whole): (&[Placed], &[Span]), frontier: usize) -> usize {
        if self.policy.conditions.windowed.is_empty() {
            return frontier;
        }
        let mut frontier = frontier;
        loop {
            let upto = self.count_at(frontier);
            let mut known = self.remembered.clone();
            known.extend(placed.iter().filter(|p| p.hit.span.start < frontier));
            let open = first_pending((&self.policy, self.subject), &known, self.decided(), upto);
            let held = open.map_or(frontier, |open| open.min(frontier));
            let held = Span::before_crossing(&whole.iter().copied(), held);
            if held == frontier {
                return frontier;
            }
            frontier = held.max(self.decided());
        }
    }

    fn count_at(&self, at: usize) -> Count {
        let text = self.buffer.get(self.from..at - self.base).unwrap_or_default();
        self.count.after_text(text)
    }

    /// What models and classifiers have found behind what is decided, placed.
    fn scored(&self) -> Vec<Placed> {
        let hits = self.scoring.hits(self.decided()).chain(self.asking.hits(self.decided()));
        let in_buffer =
            |hit: Hit| hit.at(Span::new(hit.span.start - self.base, hit.span.end - self.base));
        self.place(&hits.map(in_buffer).collect::<Vec<_>>())
    }

    fn place(&self, hits: &[Hit]) -> Vec<Placed> {
        let relative =
            |hit: &Hit| hit.at(Span::new(hit.span.start - self.from, hit.span.end - self.from));
        let hits: Vec<Hit> = hits.iter().map(relative).collect();
        if self.policy.conditions.windowed.is_empty() {
            return hits.iter().map(|hit| Placed::unplaced(hit, self.decided())).collect();
        }
        let text = self.buffer.get(self.from..).unwrap_or_default();
        place(&hits, text, self.decided(), self.count)
    }

    /// What fires among `known` with a place at or after `start`, in the order of the text.
    fn fired(&self, known: &[Placed], start: usize, sight: Sight) -> Vec<Fired> {
        fired_among((&self.policy, self.subject), known, start, sight)
    }

    /// Makes everything before `at` of the whole text decided, and lets go of it but for a little
    /// context.
    fn move_to(&mut self, at: usize, scratch: &Scratch) {
        let at = (at - self.base).min(self.buffer.len());
        if !self.policy.conditions.windowed.is_empty() {
            let passed = self.buffer.get(self.from..at).unwrap_or_default();
            self.count = self.count.after_text(passed);
        }
        self.from = at;
        let keep = scratch.scan.context_start(&self.buffer, at, MOST_CONTEXT);
        self.buffer.drain(..keep);
        self.base += keep;
        self.from -= keep;
    }
}

/// What one step over the buffer gave.
#[derive(Debug, Default)]
struct StepOutcome {
    rewrites: Vec<Rewrite>,
    stop: Option<Stop>,
    /// Whether to look at the rest of the buffer once more.
    again: bool,
}
