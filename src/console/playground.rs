//! Texts tried out: what the policy in force makes of one, or a draft of it beside that, and what a client would get of it
//! piece by piece. What is tried is neither kept nor logged.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use super::AdminState;
use super::answer::{Answer, ApiError, Sent, found};
use super::improve::place;
use super::policies::live;
use super::workshop::{Diagnostic, MOST_DRAFT, Under};
use crate::domain::{
    Action, Author, Category, Finding, Mode, Outcome, Phase, Rewrite, Span, Verdict,
};
use crate::engine::{Scratch, Subject, mend, rehearse, screen_passage, trace, trace_as};
use crate::policy::Policy;
use crate::proxy::try_chat;

/// The most bytes of all texts that are tried at once.
pub(super) const MOST_TEXT: usize = 64 << 10;
/// The most messages of a chat.
const MOST_MESSAGES: usize = 200;
/// The most pieces of a stream.
const MOST_PIECES: usize = 2000;
/// The most characters of a piece.
const LONGEST_PIECE: usize = 1000;
/// The most findings that are told.
const MOST_FINDINGS: usize = 500;
/// What stands between the messages of a chat where they are shown as one text.
const BETWEEN: &str = "\n";

/// What is tried.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trial {
    policy: String,
    draft: Option<String>,
    phase: Phase,
    text: Option<String>,
    messages: Option<Vec<Message>>,
    /// Characters of a piece.
    chunk: Option<usize>,
    /// Whether every step of the decision is wanted, of a single text.
    #[serde(default)]
    trace: bool,
}

/// A turn of a chat.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    role: String,
    content: String,
}

/// The texts of a trial.
#[derive(Clone, Debug)]
enum Said {
    /// What comes in: roles and texts.
    Chat(Vec<(String, String)>),
    /// What goes out.
    Answer(String),
}

/// What a policy made of it.
struct Came {
    action: Action,
    outcome: Outcome,
    /// The verdicts, each with where its text begins in all of it; where that is not known, the place of all its findings.
    verdicts: Vec<(Verdict, Result<usize, Span>)>,
    text: String,
    output: Option<String>,
    message: Option<String>,
    stream: Option<Vec<Value>>,
    /// Every step, of a single text.
    trace: Option<Value>,
}

/// How texts are tried.
#[derive(Clone, Copy)]
struct How {
    /// Characters of a piece of a stream, where one is wanted.
    chunk: Option<usize>,
    /// Whether every step is wanted.
    trace: bool,
    today: Date,
}

fn unprocessable(message: String) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "too_large", message)
}

// === impl Trial ===

impl Trial {
    /// The texts, if they are not too many and not too long.
    fn said(&self) -> Answer<Said> {
        let said = match (self.phase, &self.text, &self.messages) {
            (Phase::Prompt, Some(text), None) => {
                Said::Chat(vec![("user".to_owned(), text.clone())])
            }
            (Phase::Completion, Some(text), None) => Said::Answer(text.clone()),
            (Phase::Prompt, None, Some(messages)) => {
                let turn = |one: &Message| (one.role.clone(), one.content.clone());
                Said::Chat(messages.iter().map(turn).collect())
            }
            (Phase::Completion, None, Some(messages)) => {
                let answer = messages.iter().rev().find(|message| message.role == "assistant");
                let missing = || ApiError::wrong("no message has the role `assistant`");
                Said::Answer(answer.ok_or_else(missing)?.content.clone())
            }
            (_, Some(_), Some(_)) | (_, None, None) => {
                return Err(ApiError::wrong("send either `text` or `messages`"));
            }
        };
        let (bytes, messages) = match &said {
            Said::Answer(text) => (text.len(), 1),
            Said::Chat(turns) => (turns.iter().map(|(_, text)| text.len()).sum(), turns.len()),
        };
        if bytes > MOST_TEXT {
            let message = format!("the texts have {bytes} bytes; {MOST_TEXT} are the most");
            return Err(unprocessable(message));
        }
        if messages > MOST_MESSAGES {
            let message = format!("there are {messages} messages; {MOST_MESSAGES} are the most");
            return Err(unprocessable(message));
        }
        Ok(said)
    }

    /// Characters of a piece, if a stream is asked for.
    fn chunk(&self, said: &Said) -> Answer<Option<usize>> {
        let (Some(chunk), Said::Answer(text)) = (self.chunk, said) else { return Ok(None) };
        if !(1..=LONGEST_PIECE).contains(&chunk) {
            return Err(ApiError::wrong(format!("`chunk` is from 1 to {LONGEST_PIECE}")));
        }
        let pieces = text.chars().count().div_ceil(chunk);
        if pieces > MOST_PIECES {
            let message = format!(
                "the text has {pieces} pieces of {chunk} characters; {MOST_PIECES} are the most"
            );
            return Err(unprocessable(message));
        }
        Ok(Some(chunk))
    }
}

pub(super) async fn try_out(
    State(state): State<Arc<AdminState>>,
    Sent(trial): Sent<Trial>,
) -> Answer {
    let said = trial.said()?;
    let chunk = trial.chunk(&said)?;
    let running = live(&state, &trial.policy)?;
    let bay = place(&state)?;
    let draft = match trial.draft.map(draft).transpose()? {
        Some(text) => Some(state.workshop.draft(Arc::clone(&bay), trial.policy, text).await?),
        None => None,
    };
    let how = How { chunk, trace: trial.trace, today: state.telemetry.clock.today() };
    let work = move || {
        let _bay = bay;
        let (policy, diagnostics) = match draft {
            Some(draft) => (draft.policy, Some(draft.diagnostics)),
            None => (Arc::clone(&running), None),
        };
        let came = run(&policy, &said, how)?;
        let beside = diagnostics
            .as_ref()
            .map(|_| run(&running, &said, How { chunk: None, trace: false, ..how }))
            .transpose()?;
        let beside = beside.map(|came| answer_of(&running, &came));
        Ok(shown(&policy, &came, beside.as_ref(), &diagnostics.unwrap_or_default()))
    };
    let done: Result<Result<Value, String>, _> = tokio::task::spawn_blocking(work).await;
    let broke = |_| {
        let message = "the text could not be screened; the gate's log says why";
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    };
    done.map_err(broke)?.map(|value| found(&value)).map_err(ApiError::wrong)
}

/// A draft, if it is not too long.
fn draft(text: String) -> Answer<String> {
    let bytes = text.len();
    let message = || format!("the draft has {bytes} bytes; {MOST_DRAFT} are the most");
    if bytes > MOST_DRAFT { Err(unprocessable(message())) } else { Ok(text) }
}

/// What a policy makes of texts, or why they are none that could come.
fn run(policy: &Arc<Policy>, said: &Said, how: How) -> Result<Came, String> {
    let mut scratch = Scratch::asking_nobody();
    match said {
        Said::Chat(messages) => chat(policy, messages, how, &mut scratch),
        Said::Answer(text) => Ok(answer(policy, text, how, &mut scratch)),
    }
}

fn chat(
    policy: &Arc<Policy>,
    messages: &[(String, String)],
    how: How,
    scratch: &mut Scratch,
) -> Result<Came, String> {
    let tried = try_chat(policy, messages, (how.today, MOST_MESSAGES), scratch);
    let tried = tried.map_err(|problem| problem.to_string())?;
    let (mut text, mut output) = (String::new(), String::new());
    let mut places = Vec::new();
    let mut verdicts = Vec::new();
    let mut steps = None;
    let is_single = tried.passages.len() == 1;
    for (index, (passage, verdict)) in tried.passages.into_iter().enumerate() {
        if how.trace && is_single {
            let (phase, author, today) = (Phase::Prompt, passage.author, how.today);
            let subject = Subject { phase, author, today, streamed: false };
            steps = Some(traced((policy, subject), &passage.text, &verdict, scratch));
        }
        if index > 0 {
            text.push_str(BETWEEN);
            output.push_str(BETWEEN);
        }
        let rewrites: &[Rewrite] = tried.rewrites.get(&index).map_or(&[], Vec::as_slice);
        output.push_str(&mend(&passage.text, rewrites));
        places.push(Span::new(text.len(), text.len() + passage.text.len()));
        verdicts.push((verdict, Ok(text.len())));
        text.push_str(&passage.text);
    }
    for (passage, verdict) in tried.together {
        let all = Span::new(0, text.len());
        verdicts.push((verdict, Err(places.get(passage).copied().unwrap_or(all))));
    }
    let strictest =
        verdicts.iter().map(|(verdict, _)| verdict).max_by_key(|one| effective(policy, one));
    let stops = strictest.filter(|verdict| verdict.action.stops());
    let message = stops.map(|verdict| policy.message(verdict.decided_by, None).to_owned());
    Ok(Came {
        action: strictest.map(|verdict| effective(policy, verdict)).unwrap_or_default(),
        outcome: verdicts.iter().map(|(verdict, _)| verdict.outcome).max().unwrap_or_default(),
        output: message.is_none().then_some(output),
        verdicts,
        text,
        message,
        stream: None,
        trace: steps,
    })
}

fn answer(
    policy: &Arc<Policy>,
    text: &str,
    How { chunk, trace, today }: How,
    scratch: &mut Scratch,
) -> Came {
    let (phase, author) = (Phase::Completion, Author::Assistant);
    let subject = Subject { phase, author, today, streamed: false };
    let verdict = screen_passage(policy, subject, text, scratch);
    let cut = verdict.stop_at.filter(|_| verdict.action.stops()).unwrap_or(text.len());
    let output = mend(text.get(..cut).unwrap_or_default(), &verdict.rewrites);
    let stops = verdict.action.stops();
    let message = stops.then(|| policy.message(verdict.decided_by, None).to_owned());
    let streamed = Subject { streamed: true, ..subject };
    let stream = chunk.map(|chunk| stream(policy, streamed, &pieces(text, chunk), scratch));
    let trace = trace.then(|| traced((policy, subject), text, &verdict, scratch));
    Came {
        action: effective(policy, &verdict),
        outcome: verdict.outcome,
        trace,
        verdicts: vec![(verdict, Ok(0))],
        text: text.to_owned(),
        output: Some(output),
        message,
        stream,
    }
}

/// Every step of the decision about a text.
fn traced(
    (policy, subject): (&Policy, Subject),
    text: &str,
    verdict: &Verdict,
    scratch: &mut Scratch,
) -> Value {
    let steps = trace(policy, subject, text, verdict, scratch);
    let total = verdict.rules.iter().fold(0.0, |total, fired| total + fired.score);
    let units = units(text);
    let unit = |at: usize| units.get(at).copied().unwrap_or_default();
    trace_as((policy, text), (&steps, total), &|span| [unit(span.start), unit(span.end)])
}

/// A text in pieces of so many characters.
fn pieces(text: &str, characters: usize) -> Vec<&str> {
    let borders = text.char_indices().map(|(at, _)| at).step_by(characters.max(1));
    let mut borders: Vec<usize> = borders.collect();
    borders.push(text.len());
    let ends = borders.iter().skip(1);
    borders.iter().zip(ends).filter_map(|(start, end)| text.get(*start..*end)).collect()
}

/// What a client gets of a stream, with each piece that comes.
fn stream(
    policy: &Arc<Policy>,
    subject: Subject,
    pieces: &[&str],
    scratch: &mut Scratch,
) -> Vec<Value> {
    let text = pieces.concat();
    let mut steps = Vec::new();
    let mut told = |step| steps.push(step);
    rehearse(policy, subject, pieces, None, (scratch, &mut told));
    let rows = pieces.iter().zip(steps).map(|(piece, step)| {
        let held = text.get(step.held.range()).unwrap_or_default();
        json!({
            "in": piece,
            "out": step.out,
            "held": held.chars().count(),
            "held_bytes": held.len(),
            "stopped": step.stopped,
        })
    });
    rows.collect()
}

/// What was decided, or would have been, were the policy in force.
fn effective(policy: &Policy, verdict: &Verdict) -> Action {
    if policy.mode == Mode::Shadow { verdict.shadow_action } else { verdict.action }
}

/// What a policy says, in short.
fn answer_of(policy: &Policy, came: &Came) -> Value {
    let mut rules: Vec<Value> = Vec::new();
    for fired in came.verdicts.iter().flat_map(|(verdict, _)| &verdict.rules) {
        let rule = json!({
            "id": &*fired.id,
            "action": fired.action.map(Action::as_str),
            "category": fired.category.as_ref().map(Category::as_str),
            "score": fired.score,
            "enforced": fired.mode == Mode::Enforce,
        });
        if !rules.iter().any(|known| known.get("id") == rule.get("id")) {
            rules.push(rule);
        }
    }
    json!({
        "action": came.action.as_str(),
        "enforced": policy.mode == Mode::Enforce,
        "outcome": match came.outcome {
            Outcome::Screened => "screened",
            Outcome::Unscannable => "unscannable",
            Outcome::Unavailable => "unavailable",
        },
        "rules": rules,
    })
}

fn shown(
    policy: &Policy,
    came: &Came,
    beside: Option<&Value>,
    diagnostics: &[Diagnostic],
) -> Value {
    let mut shown = answer_of(policy, came);
    let units = units(&came.text);
    let all = came
        .verdicts
        .iter()
        .flat_map(|(verdict, place)| verdict.findings.iter().map(move |finding| (finding, *place)));
    let count = all.clone().count();
    let findings: Vec<Value> = all
        .take(MOST_FINDINGS)
        .map(|(one, place)| finding(one, place, (&came.text, &units)))
        .collect();
    let asked = policy.remotes.iter().map(|remote| &*remote.name).collect::<Vec<_>>();
    let more = json!({
        "findings": findings,
        "findings_left_out": count.saturating_sub(MOST_FINDINGS),
        "text": came.text,
        "output": came.output,
        "message": came.message,
        "stream": came.stream,
        "trace": came.trace,
        "live": beside,
        "diagnostics": diagnostics,
        // Nobody is asked: what has to be asked is taken to find nothing.
        "classifiers": if asked.is_empty() { "none" } else { "not_asked" },
        "not_asked": asked,
    });
    if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
        shown.extend(more);
    }
    shown
}

fn finding(
    finding: &Finding,
    place: Result<usize, Span>,
    (text, units): (&str, &[usize]),
) -> Value {
    let span = place.map_or_else(|all| all, |from| finding.span.shifted(from));
    let unit = |at: usize| units.get(at).or_else(|| units.last()).copied().unwrap_or_default();
    json!({
        "rule": &*finding.rule_id,
        "category": finding.category.as_ref().map(Category::as_str),
        "action": finding.action.map(Action::as_str),
        "start": unit(span.start),
        "end": unit(span.end),
        "score": finding.score,
        "enforced": finding.mode == Mode::Enforce,
        "views": finding.view.names().collect::<Vec<_>>(),
        "matched": &*finding.matched,
        "quote": text.get(span.range()),
        "joined": place.is_err(),
    })
}

/// For each byte of a text, and its end, how many UTF-16 units stand before it: as browsers count.
fn units(text: &str) -> Vec<usize> {
    let mut units = Vec::with_capacity(text.len() + 1);
    let mut before = 0;
    for c in text.chars() {
        units.extend(std::iter::repeat_n(before, c.len_utf8()));
        before += c.len_utf16();
    }
    units.push(before);
    units
}

/// Whose tests are run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfPolicy {
    policy: String,
    draft: Option<String>,
}

pub(super) async fn tests(
    State(state): State<Arc<AdminState>>,
    Sent(of): Sent<OfPolicy>,
) -> Answer {
    let running = live(&state, &of.policy)?;
    let under = of.draft.map(draft).transpose()?.map_or(Under::Live(running), Under::Draft);
    let cases = state.workshop.test(place(&state)?, of.policy, under).await?;
    let count = |ok: bool, todo: bool| {
        cases.iter().filter(|case| case.ok == ok && (case.ok || case.todo == todo)).count()
    };
    Ok(found(&json!({
        "passed": count(true, false),
        "failed": count(false, false),
        "known_gaps": count(false, true),
        "cases": cases,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(phase: &str, rest: &Value) -> Answer<(Said, Option<usize>)> {
        let mut trial = json!({ "policy": "p", "phase": phase });
        trial
            .as_object_mut()
            .expect("an object")
            .extend(rest.as_object().expect("an object").clone());
        let trial: Trial = serde_json::from_value(trial).expect("a trial");
        let said = trial.said()?;
        let chunk = trial.chunk(&said)?;
        Ok((said, chunk))
    }

    #[test]
    fn what_is_too_much_is_refused_and_says_so() {
        let refused = |phase: &str, rest: Value| format!("{:?}", said(phase, &rest).err());
        let long = "x".repeat(MOST_TEXT + 1);
        assert!(refused("prompt", json!({ "text": long })).contains("65536 are the most"));
        let many = vec![json!({ "role": "user", "content": "x" }); MOST_MESSAGES + 1];
        assert!(refused("prompt", json!({ "messages": many })).contains("200 are the most"));
        let pieces = json!({ "text": "x".repeat(2001), "chunk": 1 });
        assert!(refused("completion", pieces).contains("2000 are the most"));
        let chunk = json!({ "text": "x", "chunk": 0 });
        assert!(refused("completion", chunk).contains("from 1 to 1000"));
        assert!(refused("prompt", json!({})).contains("either"));
        assert!(said("completion", &json!({ "text": "x".repeat(2000), "chunk": 1 })).is_ok());
    }

    #[test]
    fn places_are_counted_as_browsers_count() {
        assert_eq!(units("a你😀b"), [0, 1, 1, 1, 2, 2, 2, 2, 4, 5]);
    }

    #[test]
    fn pieces_are_cut_between_characters() {
        assert_eq!(pieces("你好abc", 2), ["你好", "ab", "c"]);
        assert_eq!(pieces("", 2), Vec::<&str>::new());
    }
}
