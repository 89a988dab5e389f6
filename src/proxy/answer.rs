//! The way back of a whole answer: every passage through the policies, choice by choice.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use jiff::civil::Date;
use tokio::time::Instant;

use super::account::{Account, Decided, Told, Unit};
use super::asker::with_answers;
use super::joined::{self, Together};
use super::prompt::with_scratch;
use crate::domain::{Action, Author, EditClass, Outcome, Passage, Phase, TextKind, Verdict};
use crate::engine::{Answers, Judgements, Restorer, Scratch, Screen, Subject, merge};
use crate::policy::{Look, Policy};
use crate::wire::body::{PassageEdit, Response, StoppedUnit};
use crate::wire::dialect::RefusalShape;

/// What becomes of an answer.
#[derive(Debug)]
pub(super) enum AnswerOutcome {
    /// It goes to the client.
    Pass {
        /// The body.
        body: Bytes,
        /// What was decided.
        action: Action,
    },
    /// A classifier has not answered about it, and the policy does not let it pass so; or what was decided cannot be
    /// recorded, and has to be.
    Unavailable,
    /// An error takes its place (`block_style.completion: error`, or no choice that could be stopped).
    Refuse {
        /// What the client reads.
        message: String,
    },
}

/// A choice that is stopped: by which rule, and how strictly.
#[derive(Clone, Copy, Debug)]
struct Stopped {
    action: Action,
    rule: Option<usize>,
    outcome: Outcome,
}

impl Stopped {
    fn take_stricter(&mut self, other: Self) {
        if self.action < other.action {
            *self = other;
        }
    }
}

/// What stops in an answer.
#[derive(Debug, Default)]
struct Stops {
    /// Choices.
    stopped: BTreeMap<u64, Stopped>,
    /// What stands beside them.
    beside: Option<Stopped>,
}

impl Stops {
    fn add(&mut self, unit: Option<u64>, verdict: &Verdict) {
        if !verdict.action.stops() {
            return;
        }
        let rule = verdict.decided_by.or_else(|| Some(verdict.rules.first()?.rule));
        let found = Stopped { action: verdict.action, rule, outcome: verdict.outcome };
        let known = match unit {
            Some(unit) => self.stopped.entry(unit).or_insert(found),
            None => self.beside.get_or_insert(found),
        };
        known.take_stricter(found);
    }
}

/// Screens a whole answer under one policy.
pub(super) fn screen(
    account: &Account,
    policy: &Arc<Policy>,
    answer: &Response,
    restorer: Option<&Arc<Restorer>>,
    (wants_json, language): (bool, Option<&str>),
    (judged, answers): (Option<&mut Judgements>, &mut Answers),
) -> (AnswerOutcome, Told) {
    let started = Instant::now();
    let mut stops = Stops::default();
    let mut copies: Vec<Option<u64>> = Vec::new();
    let mut verdicts: Vec<Verdict> = Vec::new();
    let mut bytes = 0;
    let today = account.telemetry.clock.today();
    with_answers(answers, |scratch| {
        for (index, one) in answer.passages().iter().enumerate() {
            let passage = &one.passage;
            let subject = subject(passage, today);
            bytes += passage.text.len();
            let mut verdict = screen_one(policy, subject, &passage.text, restorer, scratch);
            if take_what_it_can(&mut verdict, passage, answer.goes_with_copies(index)) {
                copies.push(one.unit);
            }
            let unit = one.unit.filter(|_| answer.goes_when_stopped(index));
            stops.add(unit, &verdict);
            verdicts.push(verdict);
        }
    });
    let together = screen_together(policy, answer, today);
    for one in &together {
        stops.add(unit_of(answer, one), &one.verdict);
    }
    if let Some(judged) = judged {
        judge(policy, answer, (&verdicts, &together), judged);
    }
    let Stops { stopped, beside } = stops;
    let messages = messages(policy, &stopped, language);
    let shape = shape(policy, wants_json);
    let choices: Vec<StoppedUnit<'_>> = messages
        .iter()
        .map(|(unit, message)| {
            let category = stopped.get(unit).and_then(|stop| policy.category(stop.rule));
            StoppedUnit { unit: *unit, message, shape, category }
        })
        .collect();
    let all = joined::rewrites(verdicts.iter(), &together);
    let edits: Vec<PassageEdit<'_>> =
        all.iter().map(|(&passage, rewrites)| PassageEdit { passage, rewrites }).collect();
    let body = answer.render(&edits, &choices, &copies);
    let seconds = started.elapsed().as_secs_f64();
    let refuse = refusal(policy, (&stopped, answer.can_be_stopped()), beside, language);
    let placed = placed(answer, verdicts, together);
    let texts = account.heard(policy, answer.passages().iter().map(|one| &one.passage));
    let Decided { action, told, recorded } = account.decide(&Unit {
        phase: Phase::Completion,
        texts,
        policy,
        verdicts: placed,
        bytes,
        held_most: 0,
        seconds,
        outcome: if stopped.is_empty() && beside.is_none() { "complete" } else { "cut" },
    });
    account.count_unknown(Phase::Completion, answer.unknown_leaves());
    let mut all = stopped.values().chain(&beside);
    let outcome = match (refuse, body) {
        _ if !recorded => AnswerOutcome::Unavailable,
        _ if all.any(|stop| stop.outcome == Outcome::Unavailable) => AnswerOutcome::Unavailable,
        (Some(message), _) => AnswerOutcome::Refuse { message },
        (None, Ok(body)) => AnswerOutcome::Pass { body, action },
        (None, Err(_)) => {
            AnswerOutcome::Refuse { message: policy.message(None, language).to_owned() }
        }
    };
    (outcome, told)
}

/// Looks at each text of an answer, so that it is known what classifiers are to be asked.
pub(super) fn look(
    policy: &Arc<Policy>,
    answer: &Response,
    (restorer, today): (Option<&Arc<Restorer>>, Date),
    scratch: &mut Scratch,
) {
    for one in answer.passages() {
        let subject = subject(&one.passage, today);
        screen_one(policy, subject, &one.passage.text, restorer, scratch);
    }
}

const fn subject(passage: &Passage, today: Date) -> Subject {
    Subject { phase: Phase::Completion, author: passage.author, today, streamed: false }
}

/// Screens arguments of tool calls that are read as one. What is to be replaced where nothing can be stops the choice.
fn screen_together(policy: &Policy, answer: &Response, today: Date) -> Vec<Together> {
    let groups = answer.adjoining();
    if groups.is_empty() {
        return Vec::new();
    }
    let (phase, author) = (Phase::Completion, Author::Assistant);
    let subject = Subject { phase, author, today, streamed: false };
    let passages: Vec<&Passage> = answer.passages().iter().map(|one| &one.passage).collect();
    let mut together = with_scratch(|scratch| {
        joined::screen(policy, subject, (&groups, &passages), None, scratch)
    });
    for one in &mut together {
        let fixed = |index: usize| passages.get(index).is_none_or(|p| p.edit == EditClass::Fixed);
        if one.rewrites.iter().any(|&(passage, _)| fixed(passage)) {
            one.verdict.action = one.verdict.action.max(Action::Block);
            one.rewrites.clear();
        }
    }
    together
}

/// What the texts of each choice come to in the categories of moderation: those of the model and its tools, without
/// what repeats the request, and without words that the model did not choose.
fn judge(
    policy: &Policy,
    answer: &Response,
    (verdicts, together): (&[Verdict], &[Together]),
    judged: &mut Judgements,
) {
    for (one, verdict) in answer.passages().iter().zip(verdicts) {
        let Passage { author, kind, .. } = one.passage;
        if !matches!(author, Author::System | Author::User) && kind != TextKind::Logprob {
            judged.entry(one.unit).or_default().note(policy, verdict);
        }
    }
    for one in together {
        let unit = answer.passages().get(one.passage).and_then(|passage| passage.unit);
        judged.entry(unit).or_default().note(policy, &one.verdict);
    }
}

/// The choice that texts together belong to.
fn unit_of(answer: &Response, together: &Together) -> Option<u64> {
    let unit = answer.passages().get(together.passage)?.unit;
    unit.filter(|_| answer.goes_when_stopped(together.passage))
}

/// Verdicts with their places.
fn placed(
    answer: &Response,
    verdicts: Vec<Verdict>,
    together: Vec<Together>,
) -> Vec<(String, &'static str, Verdict)> {
    let passages: Vec<&Passage> = answer.passages().iter().map(|one| &one.passage).collect();
    let own = answer.passages().iter().zip(verdicts);
    let own = own.map(|(p, v)| (p.passage.path.clone(), p.passage.author.as_str(), v));
    let joined = together.into_iter().map(|one| one.placed(&passages));
    own.chain(joined).collect()
}

/// The message of an error that takes the whole answer's place: where blocks look like that, and where
/// the text stands beside the choices, so that no choice could be stopped in its stead.
fn refusal(
    policy: &Policy,
    (stopped, in_place): (&BTreeMap<u64, Stopped>, bool),
    beside: Option<Stopped>,
    language: Option<&str>,
) -> Option<String> {
    if let Some(stop) = beside {
        return Some(policy.message(stop.rule, language).to_owned());
    }
    if let Some(stop) = stopped.values().next().filter(|_| !in_place) {
        return Some(policy.message(stop.rule, language).to_owned());
    }
    let blocked = stopped.values().find(|stop| stop.action == Action::Block)?;
    let as_error = policy.block_style.completion == Look::Error;
    as_error.then(|| policy.message(blocked.rule, language).to_owned())
}

/// What the client reads in the place of each stopped choice.
fn messages(
    policy: &Policy,
    stopped: &BTreeMap<u64, Stopped>,
    language: Option<&str>,
) -> Vec<(u64, String)> {
    let text = |stop: &Stopped| policy.message(stop.rule, language).to_owned();
    stopped.iter().map(|(&choice, stop)| (choice, text(stop))).collect()
}

/// What a verdict can do with a passage of this sort. Copies of text elsewhere that can go are not changed:
/// the result is whether they go. A text that cannot be changed stops its choice instead.
fn take_what_it_can(verdict: &mut Verdict, passage: &Passage, can_go: bool) -> bool {
    if passage.kind == TextKind::Logprob && can_go {
        let goes = verdict.action > Action::Tag;
        verdict.rewrites.clear();
        verdict.action = verdict.action.min(Action::Redact);
        return goes;
    }
    if matches!(passage.edit, EditClass::Fixed | EditClass::Opaque) && !verdict.rewrites.is_empty()
    {
        verdict.action = verdict.action.max(Action::Block);
        verdict.rewrites.clear();
    }
    false
}

/// How a stopped choice looks. Prose in the content of an answer that must be JSON makes SDKs fail to
/// parse, so the message goes into `refusal` there.
pub(super) fn shape(policy: &Policy, wants_json: bool) -> RefusalShape {
    if wants_json || policy.block_style.completion == Look::Refusal {
        RefusalShape::Refusal
    } else {
        RefusalShape::Content
    }
}

fn screen_one(
    policy: &Arc<Policy>,
    subject: Subject,
    text: &str,
    restorer: Option<&Arc<Restorer>>,
    scratch: &mut Scratch,
) -> Verdict {
    let mut screen = Screen::new(Arc::clone(policy), subject, restorer.cloned());
    let progress = screen.push_last(text, scratch);
    let mut verdict = screen.finish();
    verdict.rewrites = merge(progress.rewrites);
    if verdict.outcome == Outcome::Unscannable && progress.stop.is_some() {
        verdict.action = Action::Block;
    }
    verdict
}
