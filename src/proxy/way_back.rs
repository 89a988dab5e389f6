//! The way back of an exchange: the upstream's answer, whole, streamed, or an error.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Response as HttpResponse, StatusCode};

use super::account::{Call, Told};
use super::answer::{AnswerOutcome, shape};
use super::exchange::{Exchange, JSON};
use super::reply::Voice;
use super::streaming::Stream;
use super::{GateBody, answer, contain, reply};
use crate::config::dialect_file::Framing;
use crate::domain::{Action, Author, Phase};
use crate::engine::{Answers, Judgements, Restorer, Scratch, Subject};
use crate::policy::{Look, Policy};
use crate::stream::RelaySettings;
use crate::telemetry::MOST_TEXT;
use crate::upstream::{Answer, AnswerBody, UpstreamKey, forward_response_headers};
use crate::wire::body::{BodyProblem, POLICY_VIOLATION, Response};
use crate::wire::frame::FrameWriter;
use crate::wire::table::Media;

/// Why an answer does not pass in which the upstream's key stands.
pub(super) const REPEATS_KEY: &str = "it repeats the key that it was asked with";

impl Exchange {
    fn key(&self) -> Option<&UpstreamKey> {
        self.account.route.upstream.upstream.key()
    }

    /// The upstream has answered.
    pub(super) async fn way_back(
        &mut self,
        answer: Answer,
        restorer: Option<Arc<Restorer>>,
        call: Call,
    ) -> (HttpResponse<GateBody>, bool, Action) {
        let (voice, calls) = (Arc::clone(self.request.dialect()), self.request.calls().clone());
        let garbage = |mut call: Call, what| {
            call.unreadable(what);
            let voice = Voice { dialect: &voice, calls: &calls };
            (reply::upstream_garbage(voice, what), false, Action::Allow)
        };
        if let Some(what) = unreadable(answer.status, &answer.headers) {
            return garbage(call, what);
        }
        if !answer.status.is_success() {
            return self.upstream_error(answer, call).await;
        }
        // A stream that is an array is JSON by its type.
        let is_array = self.voice().framing() == Framing::Array;
        let is_json = content_type(&answer).starts_with(JSON) && !is_array;
        if let Some(sort) = voice.media_body().filter(|_| !is_json) {
            return self.media_back(answer, sort, call).await;
        }
        let is_events = content_type(&answer).starts_with("text/event-stream");
        let either = voice.is_answered_either_way();
        let streams = if either { is_events } else { self.request.stream() };
        match (streams && voice.streams(), is_json) {
            (true, false) => self.stream_back(answer, restorer, call).await,
            (true, true) => garbage(call, "it is one JSON body where a stream was asked for"),
            (false, _) if is_events => garbage(call, "it is a stream where one body was asked for"),
            (false, _) => self.whole_back(answer, restorer, call).await,
        }
    }

    /// An answer that is no text passes, and is counted.
    async fn media_back(
        &mut self,
        answer: Answer,
        sort: Media,
        mut call: Call,
    ) -> (HttpResponse<GateBody>, bool, Action) {
        let Answer { status, headers, body } = answer;
        let body = match self.collect(body, &mut call).await {
            Ok(body) => body,
            Err(response) => return (*response, false, Action::Allow),
        };
        self.account.telemetry.metrics.unmoderated(Phase::Completion, sort.as_str());
        let mut response = HttpResponse::new(reply::full(body));
        *response.status_mut() = status;
        *response.headers_mut() = forward_response_headers(&headers, self.key());
        (response, false, Action::Allow)
    }

    async fn whole_back(
        &mut self,
        answer: Answer,
        restorer: Option<Arc<Restorer>>,
        mut call: Call,
    ) -> (HttpResponse<GateBody>, bool, Action) {
        let is_text = !content_type(&answer).starts_with(JSON);
        let Answer { status, headers, body } = answer;
        let mut body = match self.collect(body, &mut call).await {
            Ok(body) => body,
            Err(response) => return (*response, false, Action::Allow),
        };
        let upstream_seconds = call.asked().elapsed().as_secs_f64();
        let mut action = Action::Allow;
        let is_empty = body.is_empty() && self.voice().is_answered_either_way();
        let policies = if is_empty { Vec::new() } else { self.policies_for(Phase::Completion) };
        let mut judged = self.inline.is_some().then(Judgements::new);
        for (index, policy) in policies.iter().enumerate() {
            let Ok(read) = self.read_whole(&body, is_text) else {
                self.account.telemetry.metrics.unmoderated(Phase::Completion, "undecodable");
                return (
                    reply::upstream_garbage(self.voice(), "it is not readable JSON"),
                    false,
                    action,
                );
            };
            let restorer = restorer.as_ref().filter(|_| index == 0);
            let facts = (self.request.wants_json(), self.language.as_deref());
            let metrics = &self.account.telemetry.metrics;
            let mut answers = self.answers(policy, &read, restorer).await;
            let outcome = contain::screening(metrics, || {
                let with = (judged.as_mut(), &mut answers);
                answer::screen(&self.account, policy, &read, restorer, facts, with)
            });
            let Some(outcome) = outcome else {
                if let Some(judged) = &mut judged {
                    judged.entry(None).or_default().unscreened = true;
                }
                match self.not_screened(Phase::Completion, policy) {
                    Some(response) => return (response, false, action),
                    None => continue,
                }
            };
            let (outcome, told) = outcome;
            self.told.add(told);
            match outcome {
                AnswerOutcome::Pass { body: screened, action: decided } => {
                    body = screened;
                    action = action.max(decided);
                }
                AnswerOutcome::Unavailable => {
                    return (reply::unavailable(self.voice()), false, Action::Block);
                }
                AnswerOutcome::Refuse { message } => {
                    let status = StatusCode::from_u16(policy.block_style.status);
                    let status = status.unwrap_or(StatusCode::BAD_REQUEST);
                    let message = format!("{message} ({POLICY_VIOLATION})");
                    let response =
                        reply::error(self.voice(), status, POLICY_VIOLATION, &message, None);
                    return (response, false, Action::Block);
                }
            }
        }
        if let Some(judged) = judged {
            body = self.with_results(body, &judged);
        }
        let added = self.account.started.elapsed().as_secs_f64() - upstream_seconds;
        self.account.telemetry.metrics.overhead(&self.account.route.id, false, added.max(0.0));
        let mut response = HttpResponse::new(reply::full(body));
        *response.status_mut() = status;
        *response.headers_mut() = forward_response_headers(&headers, self.key());
        (response, false, action)
    }

    /// What classifiers say of the texts of an answer.
    async fn answers(
        &self,
        policy: &Arc<Policy>,
        answer: &Response,
        restorer: Option<&Arc<Restorer>>,
    ) -> Answers {
        let (phase, mut answers) = (Phase::Completion, Answers::default());
        if policy.asks_on(phase) {
            let today = self.account.telemetry.clock.today();
            let look =
                |scratch: &mut Scratch| answer::look(policy, answer, (restorer, today), scratch);
            let metrics = &self.account.telemetry.metrics;
            self.asker(phase).look((policy, phase), (&mut answers, metrics), look).await;
        }
        answers
    }

    /// The whole body of an answer in which the upstream's key does not stand.
    async fn collect(
        &self,
        body: AnswerBody,
        call: &mut Call,
    ) -> Result<Bytes, Box<HttpResponse<GateBody>>> {
        let body = body.collect(self.live.limits.decompressed).await.map_err(|error| {
            call.failed(&error);
            Box::new(reply::upstream_failed(self.voice(), &error))
        })?;
        if self.key().is_some_and(|key| key.is_in(&body)) {
            call.unreadable(REPEATS_KEY);
            return Err(Box::new(reply::upstream_garbage(self.voice(), REPEATS_KEY)));
        }
        call.ended("ok");
        Ok(body)
    }

    async fn stream_back(
        &mut self,
        answer: Answer,
        restorer: Option<Arc<Restorer>>,
        call: Call,
    ) -> (HttpResponse<GateBody>, bool, Action) {
        let today = self.account.telemetry.clock.today();
        let relays: Vec<RelaySettings> = self
            .policies_for(Phase::Completion)
            .into_iter()
            .enumerate()
            .map(|(index, policy)| RelaySettings {
                dialect: Arc::clone(self.request.dialect()),
                subject: Subject {
                    phase: Phase::Completion,
                    author: Author::Assistant,
                    today,
                    streamed: true,
                },
                restorer: restorer.clone().filter(|_| index == 0),
                event_limit: self.live.event,
                units: self.request.choices(),
                include_usage: self.request.include_usage(),
                kept_bytes: if self.account.keeps_texts(&policy) { MOST_TEXT } else { 0 },
                shape: shape(&policy, self.request.wants_json()),
                policy,
                language: self.language.clone(),
                meta: self.own_meta(),
            })
            .collect();
        let times = self.live.stream;
        let mut stream =
            Stream::new(self.account.clone(), relays, answer.body, (times.keep_alive, call))
                .asking(self.asker(Phase::Completion))
                .moderated(self.inline.as_ref(), self.own_meta());
        if let Some((action, rule)) = stream.hold_head(times.head_hold).await
            && action == Action::Block
            && let Some(policy) =
                self.policies.iter().find(|policy| policy.block_style.completion == Look::Error)
        {
            let message = policy.message(rule, self.language.as_deref());
            let message = format!("{message} ({POLICY_VIOLATION})");
            let status = StatusCode::from_u16(policy.block_style.status);
            let status = status.unwrap_or(StatusCode::BAD_REQUEST);
            let response = reply::error(self.voice(), status, POLICY_VIOLATION, &message, None);
            self.told.add(Told::of_rule(policy, rule));
            // The stream accounts for itself when it is dropped here.
            stream.gives_way(response.status().as_u16());
            return (response, true, action);
        }
        if let Some(reason) = stream.early_failure() {
            let response = reply::stream_failed(self.voice(), reason);
            stream.gives_way(response.status().as_u16());
            return (response, true, Action::Allow);
        }
        if stream.is_broken() {
            let response = reply::not_screened(self.voice());
            stream.gives_way(response.status().as_u16());
            return (response, true, Action::Allow);
        }
        let sort = FrameWriter::content_type(self.voice().framing());
        let mut response = HttpResponse::new(stream.into_body());
        *response.status_mut() = answer.status;
        let headers = response.headers_mut();
        *headers = forward_response_headers(&answer.headers, self.key());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(sort));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        (response, true, Action::Allow)
    }

    /// A whole answer, read: as text only where it says that it is no JSON, and is none.
    fn read_whole(&self, body: &Bytes, is_text: bool) -> Result<Response, BodyProblem> {
        let dialect = self.request.dialect();
        let read = Response::parse(dialect, body.clone(), &self.live.json);
        match read {
            Ok(read) => Ok(read.to(self.request.calls())),
            Err(_) if is_text && dialect.has_text_body() => {
                Response::parse_text(dialect, body.clone())
            }
            Err(problem) => Err(problem),
        }
    }

    /// An error of the upstream may quote the prompt, or a key: it passes only when it is clean.
    async fn upstream_error(
        &mut self,
        answer: Answer,
        mut call: Call,
    ) -> (HttpResponse<GateBody>, bool, Action) {
        let Answer { status, headers, body } = answer;
        let outcome = if status.is_server_error() { "http_5xx" } else { "http_4xx" };
        call.ended(outcome);
        let Ok(body) = body.collect(self.live.limits.body).await else {
            return (reply::upstream_said_no(self.voice(), status), false, Action::Allow);
        };
        // That a key was refused is for operators to hear: it is theirs, and some servers repeat parts of it.
        let is_about_key =
            self.key().is_some_and(|key| status == StatusCode::UNAUTHORIZED || key.is_in(&body));
        if is_about_key {
            return (reply::upstream_said_no(self.voice(), status), false, Action::Allow);
        }
        let Ok(read) = self.read_whole(&body, false) else {
            return (reply::upstream_said_no(self.voice(), status), false, Action::Allow);
        };
        for policy in &self.policies.clone() {
            let facts = (false, None);
            let metrics = &self.account.telemetry.metrics;
            let mut answers = self.answers(policy, &read, None).await;
            let outcome = contain::screening(metrics, || {
                answer::screen(&self.account, policy, &read, None, facts, (None, &mut answers))
            });
            match outcome.map(|(outcome, _)| outcome) {
                Some(AnswerOutcome::Pass { body: same, .. }) if same == body => {}
                None if self.not_screened(Phase::Completion, policy).is_none() => {}
                None
                | Some(
                    AnswerOutcome::Pass { .. }
                    | AnswerOutcome::Refuse { .. }
                    | AnswerOutcome::Unavailable,
                ) => {
                    return (reply::upstream_said_no(self.voice(), status), false, Action::Block);
                }
            }
        }
        let mut response = HttpResponse::new(reply::full(body));
        *response.status_mut() = status;
        *response.headers_mut() = forward_response_headers(&headers, self.key());
        (response, false, Action::Allow)
    }
}

/// What makes an answer unreadable whatever its dialect.
pub(super) fn unreadable(status: StatusCode, headers: &HeaderMap) -> Option<&'static str> {
    if headers.get_all(CONTENT_ENCODING).iter().any(|coding| coding != "identity") {
        return Some("it is compressed although that was not asked for");
    }
    if headers.get_all(TRANSFER_ENCODING).iter().any(|coding| coding != "chunked") {
        return Some("its transfer coding is not known");
    }
    if headers.get_all(CONTENT_TYPE).iter().count() > 1 {
        return Some("it has two content types");
    }
    let moves = status.is_redirection() || status.is_informational();
    moves.then_some("it redirects, and redirects are not followed")
}

fn content_type(answer: &Answer) -> &str {
    answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
