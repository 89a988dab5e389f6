//! The way in: every passage of a request through a policy.

use std::cell::Cell;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::account::{Account, Decided, Told, Unit};
use super::asker::with_answers;
use super::clean_texts::CleanTexts;
use super::joined::{self, Together};
use super::live::{Live, UnknownLeaf};
use super::shelf::Shelf;
use crate::domain::{Action, Author, Outcome, Passage, Phase, Verdict};
use crate::engine::{Answers, Judgement, Pseudonyms, Scratch, Subject, screen_passage};
use crate::policy::Policy;
use crate::wire::body::{MediaPart, PassageEdit, Request};
use crate::wire::table::Media;

/// What becomes of a prompt.
#[derive(Debug)]
pub(super) enum PromptOutcome {
    /// It goes on, perhaps changed.
    Pass {
        /// The body to forward.
        body: Bytes,
        /// Headers that are changed, with their new values.
        headers: Vec<(String, String)>,
        /// What was decided.
        action: Action,
        /// Ids of rules that tag.
        tags: Vec<Arc<str>>,
    },
    /// It does not.
    Stop(PromptStop),
}

/// Why a prompt does not go on.
#[derive(Clone, Debug)]
pub(super) struct PromptStop {
    /// `respond` or `block`.
    pub(super) action: Action,
    /// The rule that decided.
    pub(super) rule: Option<usize>,
    /// Whether the text could be read.
    pub(super) outcome: Outcome,
    /// What the client reads, where no rule says it.
    pub(super) message: Option<String>,
}

impl PromptStop {
    /// A prompt whose decision could not be recorded, and has to be.
    const fn unrecorded() -> Self {
        let outcome = Outcome::Unavailable;
        Self { action: Action::Block, rule: None, outcome, message: None }
    }
}

thread_local! {
    static SCRATCH: Cell<Scratch> = Cell::new(Scratch::default());
}

/// Lends the buffers of this thread. Work that panics does not give them back, so that nobody finds
/// them half used.
pub(super) fn with_scratch<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
    let mut scratch = SCRATCH.take();
    let done = work(&mut scratch);
    SCRATCH.set(scratch);
    done
}

/// Screens a request under one policy.
pub(super) fn screen(
    account: &Account,
    policy: &Arc<Policy>,
    request: &Request,
    live: &Live,
    (pseudonyms, judgement): (&mut Pseudonyms, Option<&mut Judgement>),
    answers: &mut Answers,
) -> (PromptOutcome, Told) {
    let started = Instant::now();
    let clean = &live.clean_texts;
    // Whoever asks what a text scores is told, though nothing was found in it before.
    let scored = judgement.is_some() && !policy.classifiers.is_empty()
        || Shelf::wants_scores(account, policy, Phase::Prompt);
    let known = Some(clean).filter(|_| !scored);
    let (mut verdicts, bytes) = screen_passages(account, policy, request, (known, answers));
    let stop = refused_media(account, policy, request)
        .or_else(|| refused_unknown(account, request))
        .or_else(|| stop_of(verdicts.iter()));
    let together =
        if stop.is_some() { Vec::new() } else { screen_together(account, policy, request, clean) };
    let stop = stop.or_else(|| stop_of(together.iter().map(|one| &one.verdict)));
    if stop.is_some() && policy.drops_blocked {
        live.blocked_turns.learn(policy, request, (&verdicts, &together));
    }
    let spliced = if stop.is_some() {
        Ok(None)
    } else {
        splice(request, (&mut verdicts, &together), pseudonyms)
    };
    let stop = stop.or_else(|| spliced.as_ref().err().cloned());
    let seconds = started.elapsed().as_secs_f64();
    let mut placed: Vec<(String, &'static str, Verdict)> = request
        .passages()
        .iter()
        .zip(verdicts)
        .map(|(passage, verdict)| (passage.path.clone(), passage.author.as_str(), verdict))
        .collect();
    let passages: Vec<&Passage> = request.passages().iter().collect();
    placed.extend(together.into_iter().map(|one| one.placed(&passages)));
    if let Some(judgement) = judgement {
        for (_, _, verdict) in &placed {
            judgement.note(policy, verdict);
        }
    }
    let tags = tags(policy, placed.iter().map(|(_, _, verdict)| verdict));
    let mut action = placed.iter().map(|(_, _, verdict)| verdict.action).max().unwrap_or_default();
    if let Some(stop) = &stop {
        action = action.max(stop.action);
        if stop.rule.is_none()
            && let Some((_, _, first)) = placed.first_mut()
        {
            (first.action, first.outcome) = (action, stop.outcome);
        }
    }
    let texts = account.heard(policy, request.passages().iter());
    let Decided { told, recorded, .. } = account.decide(&Unit {
        phase: Phase::Prompt,
        texts,
        policy,
        verdicts: placed,
        bytes,
        held_most: 0,
        seconds,
        outcome: if stop.is_some() { "cut" } else { "complete" },
    });
    account.count_unknown(Phase::Prompt, request.unknown_leaves());
    let outcome = match (stop, spliced) {
        _ if !recorded => PromptOutcome::Stop(PromptStop::unrecorded()),
        (Some(stop), _) => PromptOutcome::Stop(stop),
        (None, Ok(Some((body, headers)))) => PromptOutcome::Pass { body, headers, action, tags },
        (None, _) => {
            let (body, headers) = (request.bytes().clone(), Vec::new());
            PromptOutcome::Pass { body, headers, action, tags }
        }
    };
    (outcome, told)
}

/// Looks at each text by itself, so that it is known what classifiers are to be asked.
pub(super) fn look(
    account: &Account,
    policy: &Arc<Policy>,
    request: &Request,
    scratch: &mut Scratch,
) {
    for passage in request.passages() {
        if let Some((subject, text)) = to_screen(account, policy, passage) {
            screen_passage(policy, subject, text, scratch);
        }
    }
}

/// What is screened of a passage, and as what; `None` where it passes as it is.
fn to_screen<'p>(
    account: &Account,
    policy: &Policy,
    passage: &'p Passage,
) -> Option<(Subject, &'p str)> {
    if account.passes_unscreened(passage) {
        return None;
    }
    let today = account.telemetry.clock.today();
    let subject = Subject { phase: Phase::Prompt, author: passage.author, today, streamed: false };
    let text = match passage.author {
        Author::Assistant => policy.without_own_message(&passage.text),
        Author::System | Author::User | Author::Tool | Author::Unknown => &passage.text,
    };
    Some((subject, text))
}

/// Screens each text by itself; the result is their verdicts, and how many bytes were screened.
fn screen_passages(
    account: &Account,
    policy: &Arc<Policy>,
    request: &Request,
    (clean, answers): (Option<&CleanTexts>, &mut Answers),
) -> (Vec<Verdict>, usize) {
    let mut verdicts = Vec::new();
    let mut bytes = 0;
    with_answers(answers, |scratch| {
        for passage in request.passages() {
            let Some((subject, text)) = to_screen(account, policy, passage) else {
                account.telemetry.metrics.unmoderated(Phase::Prompt, "disabled");
                verdicts.push(Verdict::default());
                continue;
            };
            let key = clean.and_then(|clean| Some((clean, clean.key(policy, subject, text)?)));
            if let Some((clean, key)) = key {
                let known = clean.knows(key);
                account.telemetry.metrics.cache_read("verdicts", known);
                if known {
                    verdicts.push(Verdict::default());
                    continue;
                }
            }
            bytes += text.len();
            let verdict = screen_passage(policy, subject, text, scratch);
            if let Some((clean, key)) = key {
                clean.learn(key, &verdict);
            }
            verdicts.push(verdict);
        }
    });
    (verdicts, bytes)
}

/// Screens texts that the model may read as one.
fn screen_together(
    account: &Account,
    policy: &Policy,
    request: &Request,
    clean: &CleanTexts,
) -> Vec<Together> {
    let groups = request.adjoining();
    if groups.is_empty() {
        return Vec::new();
    }
    let today = account.telemetry.clock.today();
    let subject = Subject { phase: Phase::Prompt, author: Author::Unknown, today, streamed: false };
    let passages: Vec<&Passage> = request.passages().iter().collect();
    with_scratch(|scratch| {
        joined::screen(policy, subject, (&groups, &passages), Some(clean), scratch)
    })
}

/// The strictest verdict that stops the prompt.
fn stop_of<'v>(verdicts: impl Iterator<Item = &'v Verdict>) -> Option<PromptStop> {
    let strictest = verdicts.filter(|v| v.action.stops()).max_by_key(|v| v.action)?;
    Some(PromptStop {
        action: strictest.action,
        rule: strictest.decided_by,
        outcome: strictest.outcome,
        message: None,
    })
}

/// A body, and headers with their new values.
type Changed = (Bytes, Vec<(String, String)>);

/// Applies the rewrites of all passages. A text that cannot be changed in place is blocked by the
/// rule that wanted it changed.
fn splice(
    request: &Request,
    (verdicts, together): (&mut [Verdict], &[Together]),
    pseudonyms: &mut Pseudonyms,
) -> Result<Option<Changed>, PromptStop> {
    for (passage, verdict) in request.passages().iter().zip(verdicts.iter_mut()) {
        pseudonyms.assign(&passage.text, &mut verdict.rewrites);
    }
    let all = joined::rewrites(verdicts.iter(), together);
    let edits: Vec<PassageEdit<'_>> =
        all.iter().map(|(&passage, rewrites)| PassageEdit { passage, rewrites }).collect();
    if edits.is_empty() {
        return Ok(None);
    }
    request.splice(&edits).map(|body| Some((body, request.headers(&edits)))).map_err(
        |unsplicable| {
            let at = |index: &usize| {
                request.passages().get(*index).is_some_and(|p| p.path == unsplicable.path)
            };
            let own = verdicts.iter().enumerate().filter(|(index, _)| at(index)).map(|(_, v)| v);
            let changes = |one: &&Together| one.rewrites.iter().any(|(passage, _)| at(passage));
            let joined = together.iter().filter(changes).map(|one| &one.verdict);
            let fixed = own.chain(joined).find(|verdict| !verdict.rewrites.is_empty());
            let rule = fixed.and_then(|v| v.decided_by.or_else(|| Some(v.rules.first()?.rule)));
            PromptStop { action: Action::Block, rule, outcome: Outcome::Screened, message: None }
        },
    )
}

/// Parts that are not text pass only where the policy says so, and are counted.
fn refused_media(account: &Account, policy: &Policy, request: &Request) -> Option<PromptStop> {
    for part in request.media() {
        let passes = match part.sort {
            Media::Image => policy.nontext.image,
            Media::Audio => policy.nontext.audio,
            Media::File => policy.nontext.file,
            Media::Stored => policy.nontext.stored,
            Media::Unknown | Media::Typed => policy.nontext.unknown,
        };
        account.telemetry.metrics.unmoderated(Phase::Prompt, part.sort.as_str());
        if !passes && policy.mode == crate::domain::Mode::Enforce {
            return Some(PromptStop {
                action: Action::Block,
                rule: None,
                outcome: Outcome::Unscannable,
                message: Some(not_screenable(part)),
            });
        }
    }
    None
}

fn not_screenable(part: &MediaPart) -> String {
    let MediaPart { path, sort, .. } = part;
    match sort {
        Media::Stored => format!(
            "what the model's server keeps, named at `{path}`, cannot be screened and is not accepted here: send the \
             texts themselves."
        ),
        Media::Image | Media::Audio | Media::File | Media::Unknown | Media::Typed => format!(
            "{} content at `{path}` cannot be screened and is not accepted here.",
            sort.as_str()
        ),
    }
}

fn refused_unknown(account: &Account, request: &Request) -> Option<PromptStop> {
    if account.route.unknown_leaf != UnknownLeaf::Block || request.unknown_leaves() == 0 {
        return None;
    }
    let unknown = request.passages().iter().find(|passage| passage.author == Author::Unknown);
    Some(PromptStop {
        action: Action::Block,
        rule: None,
        outcome: Outcome::Unscannable,
        message: unknown.map(|passage| format!("the field `{}` is not known here.", passage.path)),
    })
}

/// Ids of the rules that ask for a tag, or that fired in a text that a total tags.
fn tags<'v>(policy: &Policy, verdicts: impl Iterator<Item = &'v Verdict>) -> Vec<Arc<str>> {
    let mut tags: Vec<Arc<str>> = Vec::new();
    for verdict in verdicts.filter(|verdict| verdict.action >= Action::Tag) {
        for fired in &verdict.rules {
            let tagging = fired.mode == crate::domain::Mode::Enforce
                && matches!(fired.action, Some(Action::Tag) | None)
                && policy.mode == crate::domain::Mode::Enforce;
            if tagging && !tags.contains(&fired.id) {
                tags.push(Arc::clone(&fired.id));
            }
        }
    }
    tags
}
