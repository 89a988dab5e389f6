//! Exchanges on paths that no dialect knows, where a route opts in (`unknown_path: walk`): every text of
//! the JSON passes the policies, both ways, and what cannot be read so is not passed on.
//!
//! Nothing is known of the shape, so nothing is changed: what a rule would replace is blocked.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Method, Response as HttpResponse, StatusCode};

use super::account::{Account, Call, Decided, Told, Unit};
use super::asker::{Asker, with_answers};
use super::exchange::{JSON, outgoing, violation};
use super::live::Live;
use super::way_back::{REPEATS_KEY, unreadable};
use super::{GateBody, contain, reply};
use crate::domain::{Action, Author, Outcome, Passage, Phase, Verdict};
use crate::engine::{Answers, Scratch, Subject, screen_passage};
use crate::policy::{Policy, UNAVAILABLE_MESSAGE};
use crate::upstream::{Answer, forward_response_headers};
use crate::wire::body::BodyProblem;
use crate::wire::dialect::Dialect;
use crate::wire::json::Strictness;
use crate::wire::walk::texts;

/// The name of this wire format in records and metrics.
pub(super) const NAME: &str = "walk";

/// A request on an unknown path.
pub(super) struct Walk {
    pub(super) account: Account,
    pub(super) policies: Vec<Arc<Policy>>,
    pub(super) live: Arc<Live>,
    pub(super) parts: Parts,
    pub(super) body: Bytes,
    pub(super) language: Option<String>,
    pub(super) told: Told,
    /// In whose words errors are told.
    pub(super) voice: Arc<Dialect>,
}

/// Why a body goes no further.
struct Refusal {
    message: String,
    outcome: Outcome,
    status: u16,
}

/// What policies came to: what was decided, or the answer that says why a body goes no further.
type Screened = Result<Action, Box<HttpResponse<GateBody>>>;

impl Walk {
    pub(super) async fn run(mut self) -> HttpResponse<GateBody> {
        let (response, phase, action) = self.answer().await;
        let account = &self.account;
        account.answered(response.status().as_u16(), false);
        let decision = match phase {
            Phase::Prompt => account.identity.prompt_decision,
            Phase::Completion => account.identity.completion_decision,
        };
        let mut response = response;
        let headers = response.headers_mut();
        reply::identify(headers, &account.identity, &decision.to_string(), action.as_str());
        self.told.write(headers);
        response
    }

    async fn answer(&mut self) -> (HttpResponse<GateBody>, Phase, Action) {
        let body = self.body.clone();
        let asked = match self.read(&body, Strictness::Request) {
            Ok(asked) => asked,
            Err(problem) => {
                self.account.telemetry.metrics.rejected(problem.code());
                return (reply::bad_body(&self.voice, &problem), Phase::Prompt, Action::Allow);
            }
        };
        let action = match self.screen(Phase::Prompt, &asked).await {
            Ok(action) => action,
            Err(response) => return (*response, Phase::Prompt, Action::Block),
        };
        let mut call = Call::new(&self.account);
        let upstream = Arc::clone(&self.account.route.upstream);
        let outgoing = outgoing(&self.account, &self.parts, body, &[]);
        match upstream.upstream.send(outgoing).await {
            Ok(answer) => {
                let (response, decided) = self.way_back(answer, call).await;
                (response, Phase::Completion, action.max(decided))
            }
            Err(error) => {
                call.failed(&error);
                (reply::upstream_failed(&self.voice, &error), Phase::Prompt, action)
            }
        }
    }

    /// The texts of a body; none where there is no body.
    fn read(&self, body: &Bytes, strictness: Strictness) -> Result<Vec<Passage>, BodyProblem> {
        if body.is_empty() && (strictness == Strictness::Response || self.is_bodiless()) {
            return Ok(Vec::new());
        }
        texts(body, strictness, &self.live.json)
    }

    fn is_bodiless(&self) -> bool {
        self.parts.method == Method::GET
    }

    async fn way_back(
        &mut self,
        answer: Answer,
        mut call: Call,
    ) -> (HttpResponse<GateBody>, Action) {
        let Answer { status, headers, body } = answer;
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let sort = header(CONTENT_TYPE).unwrap_or_default();
        let is_other = !sort.is_empty() && !sort.starts_with(JSON);
        let other =
            is_other.then_some("only JSON in one piece is, on a path that no dialect knows");
        let unreadable = unreadable(status, &headers).or(other);
        if let Some(what) = unreadable {
            call.unreadable(what);
            return (reply::upstream_garbage(&self.voice, what), Action::Allow);
        }
        let body = match body.collect(self.live.limits.decompressed).await {
            Ok(body) => body,
            Err(error) => {
                call.failed(&error);
                return (reply::upstream_failed(&self.voice, &error), Action::Allow);
            }
        };
        let upstream = Arc::clone(&self.account.route.upstream);
        let key = upstream.upstream.key();
        if key.is_some_and(|key| key.is_in(&body)) {
            call.unreadable(REPEATS_KEY);
            return (reply::upstream_garbage(&self.voice, REPEATS_KEY), Action::Allow);
        }
        call.ended("ok");
        if key.is_some() && status == StatusCode::UNAUTHORIZED {
            return (reply::upstream_said_no(&self.voice, status), Action::Allow);
        }
        let Ok(said) = self.read(&body, Strictness::Response) else {
            self.account.telemetry.metrics.unmoderated(Phase::Completion, "undecodable");
            return (
                reply::upstream_garbage(&self.voice, "it is not readable JSON"),
                Action::Allow,
            );
        };
        let action = match self.screen(Phase::Completion, &said).await {
            Ok(action) => action,
            Err(response) if status.is_success() => return (*response, Action::Block),
            Err(_) => return (reply::upstream_said_no(&self.voice, status), Action::Block),
        };
        let mut response = HttpResponse::new(reply::full(body));
        *response.status_mut() = status;
        *response.headers_mut() = forward_response_headers(&headers, key);
        (response, action)
    }

    /// Texts through all policies.
    async fn screen(&mut self, phase: Phase, texts: &[Passage]) -> Screened {
        let mut action = Action::Allow;
        for policy in self.policies.clone() {
            let metrics = &self.account.telemetry.metrics;
            let classifiers = Arc::clone(&self.live.classifiers);
            let (asker, mut answers) = (Asker { classifiers, prompt: None }, Answers::default());
            let look = |scratch: &mut Scratch| drop(self.verdicts(&policy, phase, texts, scratch));
            asker.look((&policy, phase), (&mut answers, metrics), look).await;
            let screened =
                contain::screening(metrics, || self.screen_by(&policy, phase, texts, &mut answers));
            let Some((decided, refusal)) = screened else {
                let open = self.live.fail_open;
                let outcome = if open { "complete" } else { "failed" };
                self.account.not_screened(phase, &policy, outcome);
                if open {
                    continue;
                }
                return Err(Box::new(reply::not_screened(&self.voice)));
            };
            self.told.add(decided.told);
            let is_unavailable =
                refusal.as_ref().is_some_and(|refusal| refusal.outcome == Outcome::Unavailable);
            if is_unavailable || !decided.recorded {
                return Err(Box::new(reply::unavailable(&self.voice)));
            }
            if let Some(Refusal { message, outcome, status }) = refusal {
                return Err(Box::new(violation(&self.voice, status, outcome, (&message, None))));
            }
            action = action.max(decided.action);
        }
        self.account.count_unknown(phase, texts.len());
        Ok(action)
    }

    fn verdicts(
        &self,
        policy: &Arc<Policy>,
        phase: Phase,
        texts: &[Passage],
        scratch: &mut Scratch,
    ) -> Vec<Verdict> {
        let today = self.account.telemetry.clock.today();
        let subject = Subject { phase, author: Author::Unknown, today, streamed: false };
        texts.iter().map(|text| screen_passage(policy, subject, &text.text, scratch)).collect()
    }

    fn screen_by(
        &self,
        policy: &Arc<Policy>,
        phase: Phase,
        texts: &[Passage],
        answers: &mut Answers,
    ) -> (Decided, Option<Refusal>) {
        let started = tokio::time::Instant::now();
        let mut verdicts =
            with_answers(answers, |scratch| self.verdicts(policy, phase, texts, scratch));
        for verdict in verdicts.iter_mut().filter(|verdict| !verdict.rewrites.is_empty()) {
            verdict.action = verdict.action.max(Action::Block);
            verdict.rewrites.clear();
        }
        let stopping = verdicts.iter().filter(|verdict| verdict.action.stops());
        let refusal = stopping.max_by_key(|verdict| verdict.action).map(|verdict| {
            let rule = verdict.decided_by.or_else(|| Some(verdict.rules.first()?.rule));
            let message = match verdict.outcome {
                Outcome::Screened => policy.message(rule, self.language.as_deref()),
                Outcome::Unscannable | Outcome::Unavailable => UNAVAILABLE_MESSAGE,
            };
            let status = policy.block_style.status;
            Refusal { message: message.to_owned(), outcome: verdict.outcome, status }
        });
        let placed = texts.iter().zip(verdicts);
        let decided = self.account.decide(&Unit {
            texts: self.account.heard(policy, texts.iter()),
            phase,
            policy,
            verdicts: placed.map(|(p, v)| (p.path.clone(), p.author.as_str(), v)).collect(),
            bytes: texts.iter().map(|text| text.text.len()).sum(),
            held_most: 0,
            seconds: started.elapsed().as_secs_f64(),
            outcome: if refusal.is_some() { "cut" } else { "complete" },
        });
        (decided, refusal)
    }
}
