//! `POST /v1/moderations`, answered by the policies of the route: no model is asked, and nothing is refused for what
//! it says.

use std::sync::Arc;

use http::{Response as HttpResponse, StatusCode};
use tokio::time::Instant;

use super::account::{Decided, Unit};
use super::asker::with_answers;
use super::exchange::{Exchange, JSON};
use super::kept::Heard;
use super::{GateBody, contain, reply};
use crate::domain::{Action, Author, Outcome, Phase, Verdict};
use crate::engine::{
    Answers, Judgement, Meeting, Piece, Scratch, Subject, joints, screen_joint, screen_passage,
};
use crate::policy::{Policy, UNAVAILABLE_MESSAGE};
use crate::wire::moderation::{
    InputProblem, ModerationInput, moderation_answer, moderation_result,
};

/// Verdicts with their places.
type Verdicts = Vec<(String, Verdict)>;

impl Exchange {
    /// The answer, and what the policies would have done.
    pub(super) async fn moderate(&mut self) -> (HttpResponse<GateBody>, Action) {
        let input = match ModerationInput::read(self.request.bytes(), self.live.messages) {
            Ok(input) => input,
            Err(problem) => return (self.unjudged(&problem), Action::Allow),
        };
        let mut found = vec![Judgement::default(); input.results.len()];
        let mut action = Action::Allow;
        for policy in &self.policies {
            if let Some(refused) = self.refused_image(policy, &input) {
                return (refused, Action::Block);
            }
            let metrics = &self.account.telemetry.metrics;
            let (asker, mut answers) = (self.asker(Phase::Prompt), Answers::default());
            let look = |scratch: &mut Scratch| self.look(policy, &input, scratch);
            asker.look((policy, Phase::Prompt), (&mut answers, metrics), look).await;
            let screened = contain::screening(metrics, || self.judge(policy, &input, &mut answers));
            let Some((verdicts, decided)) = screened else {
                match self.not_screened(Phase::Prompt, policy) {
                    Some(response) => return (response, action),
                    None => continue,
                }
            };
            self.told.add(decided.told);
            if !decided.recorded {
                return (reply::unavailable(self.voice()), action);
            }
            action = action.max(decided.action);
            for (found, verdicts) in found.iter_mut().zip(&verdicts) {
                if verdicts.iter().any(|(_, verdict)| is_unreadable(policy, verdict)) {
                    return (self.unreadable(), action);
                }
                if verdicts.iter().any(|(_, verdict)| is_unavailable(verdict)) {
                    return (reply::unavailable(self.voice()), action);
                }
                for (_, verdict) in verdicts {
                    found.note(policy, verdict);
                }
            }
        }
        let results: Vec<_> = found
            .iter()
            .zip(&input.results)
            .map(|(found, texts)| {
                moderation_result(found.categories(), &input.model, !texts.is_empty())
            })
            .collect();
        let id = self.account.identity.prompt_decision.to_string().replace('-', "");
        let answer = moderation_answer(&format!("modr-{id}"), &input.model, &results);
        (reply::ours(StatusCode::OK, JSON, answer.to_string().into()), action)
    }

    fn subject(&self) -> Subject {
        let (phase, author) = (Phase::Prompt, Author::User);
        let today = self.account.telemetry.clock.today();
        Subject { phase, author, today, streamed: false }
    }

    /// Looks at every text, so that it is known what classifiers are to be asked.
    fn look(&self, policy: &Arc<Policy>, input: &ModerationInput, scratch: &mut Scratch) {
        for (_, text) in input.results.iter().flatten() {
            screen_passage(policy, self.subject(), text, scratch);
        }
    }

    /// Screens every text under one policy, and accounts for it.
    fn judge(
        &self,
        policy: &Arc<Policy>,
        input: &ModerationInput,
        answers: &mut Answers,
    ) -> (Vec<Verdicts>, Decided) {
        let started = Instant::now();
        let subject = self.subject();
        let judged: Vec<Verdicts> = with_answers(answers, |scratch| {
            let results = input.results.iter();
            results.map(|texts| verdicts((policy, subject), texts, scratch)).collect()
        });
        let all = judged.iter().flatten();
        let verdicts = all.map(|(place, v)| (place.clone(), Author::User.as_str(), v.clone()));
        let texts = input.results.iter().flatten().filter(|_| self.account.keeps_texts(policy));
        let decided = self.account.decide(&Unit {
            phase: Phase::Prompt,
            texts: texts.map(|(place, text)| Heard::new(place, Author::User, text)).collect(),
            policy,
            verdicts: verdicts.collect(),
            bytes: input.results.iter().flatten().map(|(_, text)| text.len()).sum(),
            held_most: 0,
            seconds: started.elapsed().as_secs_f64(),
            outcome: "complete",
        });
        (judged, decided)
    }

    /// An image, which nobody here can judge, is no text in which nothing was found.
    fn refused_image(
        &self,
        policy: &Policy,
        input: &ModerationInput,
    ) -> Option<HttpResponse<GateBody>> {
        let place = input.image.as_ref()?;
        self.account.telemetry.metrics.unmoderated(Phase::Prompt, "image");
        let message =
            format!("image content at `{place}` cannot be screened and is not accepted here.");
        (!policy.nontext.image).then(|| self.bad_request("content_not_screenable", &message))
    }

    fn unjudged(&self, problem: &InputProblem) -> HttpResponse<GateBody> {
        self.account.telemetry.metrics.rejected(problem.code());
        self.bad_request(problem.code(), &problem.to_string())
    }

    fn unreadable(&self) -> HttpResponse<GateBody> {
        self.bad_request("content_not_screenable", UNAVAILABLE_MESSAGE)
    }

    fn bad_request(&self, code: &str, message: &str) -> HttpResponse<GateBody> {
        reply::error(self.voice(), StatusCode::BAD_REQUEST, code, message, Some("input"))
    }
}

/// The verdicts on texts of one result: each by itself, and what they are together.
fn verdicts(
    (policy, subject): (&Arc<Policy>, Subject),
    texts: &[(String, String)],
    scratch: &mut Scratch,
) -> Verdicts {
    let mut verdicts: Verdicts = Vec::new();
    for (place, text) in texts {
        verdicts.push((place.clone(), screen_passage(policy, subject, text, scratch)));
    }
    let pieces = texts.iter().enumerate().map(|(unit, (_, text))| Piece { text, unit });
    for joint in joints(&pieces.collect::<Vec<_>>()) {
        if let Some(one) = screen_joint(policy, subject, (&joint, Meeting::Together), scratch) {
            let place = texts.get(one.piece).map(|(place, _)| format!("{place} (joined)"));
            verdicts.push((place.unwrap_or_default(), one.verdict));
        }
    }
    verdicts
}

/// Whether a text could not be screened, and the policy does not let such pass.
fn is_unreadable(policy: &Policy, verdict: &Verdict) -> bool {
    verdict.outcome == Outcome::Unscannable && policy.unscannable.action().stops()
}

/// Whether a classifier has not answered about a text, and such do not pass.
fn is_unavailable(verdict: &Verdict) -> bool {
    verdict.outcome == Outcome::Unavailable && verdict.shadow_action.stops()
}
