//! One exchange from its head to its last byte.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{
    HeaderName, HeaderValue, Method, Request as HttpRequest, Response as HttpResponse, StatusCode,
};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::account::{Account, Call, Identity, InFlight};
use super::answer::{AnswerOutcome, shape};
use super::live::{Asked, Live, add};
use super::prompt::{PromptOutcome, PromptStop};
use super::streaming::Stream;
use super::{GateBody, answer, body, contain, gatehouse, models, prompt, reply};
use crate::domain::{Action, Outcome, Phase};
use crate::engine::{Pseudonyms, Restorer, Subject};
use crate::policy::{Look, Policy, UNAVAILABLE_MESSAGE};
use crate::stream::RelaySettings;
use crate::telemetry::Telemetry;
use crate::upstream::{Answer, Outgoing, forward_request_headers, forward_response_headers};
use crate::wire::openai::{
    Dialect, POLICY_VIOLATION, RefusalShape, Request, Response, StreamMeta, answer_body,
    answer_stream,
};

const EVENTS: &str = "text/event-stream; charset=utf-8";
pub(super) const JSON: &str = "application/json";

/// The data plane: takes requests, screens, forwards, screens back.
#[derive(Debug)]
pub struct Gateway {
    live: ArcSwap<Live>,
    telemetry: Telemetry,
}

/// A request that is known well enough to be screened.
struct Exchange {
    account: Account,
    policies: Vec<Arc<Policy>>,
    live: Arc<Live>,
    request: Request,
    parts: Parts,
    language: Option<String>,
}

impl Gateway {
    /// A gateway with this configuration.
    pub fn new(live: Live, telemetry: Telemetry) -> Self {
        Self { live: ArcSwap::from_pointee(live), telemetry }
    }

    /// Puts a new configuration in force. Requests that have begun keep the old one.
    pub fn replace(&self, live: Live) {
        self.live.store(Arc::new(live));
    }

    /// The configuration in force.
    pub fn live(&self) -> Arc<Live> {
        self.live.load_full()
    }

    /// Where events go.
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// Answers one request.
    pub async fn handle(&self, request: HttpRequest<Incoming>) -> HttpResponse<GateBody> {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let identity = Identity::new(header("x-request-id"), header("traceparent"));
        match self.admit(parts, body, &identity, started).await {
            Ok(exchange) => exchange.run().await,
            Err(mut refused) => {
                reply::identify(
                    refused.headers_mut(),
                    &identity,
                    &identity.prompt_decision.to_string(),
                    "none",
                );
                *refused
            }
        }
    }

    /// Everything before the policy: the gate, the route, the body, the JSON.
    async fn admit(
        &self,
        parts: Parts,
        incoming: Incoming,
        identity: &Identity,
        started: Instant,
    ) -> Result<Exchange, Box<HttpResponse<GateBody>>> {
        let live = self.live.load_full();
        let reject = |refused: gatehouse::Refused| {
            self.telemetry.metrics.rejected(refused.code);
            Box::new(reply::refused(&refused))
        };
        gatehouse::check(&parts).map_err(reject)?;
        let path = parts.uri.path();
        let unknown = || {
            self.telemetry.metrics.rejected("unknown_path");
            let message = "there is no such path; paths that are not screened are not served";
            Box::new(reply::error(StatusCode::NOT_FOUND, "unknown_path", message, None))
        };
        if !live.routes.iter().any(|route| route.path.matches(path)) {
            return Err(unknown());
        }
        if parts.method == Method::GET && path.ends_with("/models") {
            return Err(Box::new(models::list(&live, &parts).await));
        }
        let dialect = Live::dialect(path).ok_or_else(unknown)?;
        if parts.method != Method::POST {
            let message = "use POST";
            let code = "method_not_allowed";
            return Err(reject(gatehouse::Refused {
                status: StatusCode::METHOD_NOT_ALLOWED,
                code,
                message,
            }));
        }
        gatehouse::check_json(&parts.headers).map_err(reject)?;
        let bytes = body::read(incoming, &parts.headers, &live.limits).await.map_err(reject)?;
        let request =
            Request::parse(dialect, bytes, &live.json, live.messages).map_err(|problem| {
                self.telemetry.metrics.rejected(problem.code());
                Box::new(reply::bad_body(&problem))
            })?;
        let language = language_of(&parts, &request);
        let (headers, model) = (&parts.headers, request.model());
        let asked = Asked { path, headers, model, language: language.as_deref() };
        let (route, mut policies) = live.route(asked).ok_or_else(unknown)?;
        let route = route.clone();
        if let Some(name) = headers.get("x-tidegate-policy") {
            let policy = self.asked_for(&live, name)?;
            add(&mut policies, route.policy_for(&policy, asked));
        }
        let in_flight = InFlight::new(&self.telemetry.metrics, &route.id);
        let account = Account {
            telemetry: self.telemetry.clone(),
            identity: identity.clone(),
            route,
            dialect,
            model: request.model().chars().take(128).collect(),
            stream: request.stream(),
            started,
            in_flight,
        };
        Ok(Exchange { account, policies, live, request, parts, language })
    }

    /// A policy that the caller asks for in addition; it can only tighten.
    fn asked_for(
        &self,
        live: &Live,
        asked: &HeaderValue,
    ) -> Result<Arc<Policy>, Box<HttpResponse<GateBody>>> {
        let known = asked.to_str().ok().and_then(|name| live.policies.get(name));
        known.cloned().ok_or_else(|| {
            self.telemetry.metrics.rejected("unknown_policy");
            let message = "`x-tidegate-policy` names no policy of this gate";
            Box::new(reply::error(StatusCode::BAD_REQUEST, "unknown_policy", message, None))
        })
    }
}

impl Exchange {
    async fn run(self) -> HttpResponse<GateBody> {
        let telemetry = self.account.telemetry.clone();
        let (route, identity) = (Arc::clone(&self.account.route.id), self.account.identity.clone());
        let (dialect, stream) = (self.account.dialect.name(), self.account.stream);
        let started = self.account.started;
        let (mut response, streaming, decision, action) = self.answer().await;
        if !streaming {
            let seconds = started.elapsed().as_secs_f64();
            telemetry.metrics.answered(
                &route,
                (response.status().as_u16(), dialect),
                stream,
                seconds,
            );
        }
        let decision = match decision {
            Phase::Prompt => identity.prompt_decision,
            Phase::Completion => identity.completion_decision,
        };
        reply::identify(response.headers_mut(), &identity, &decision.to_string(), action.as_str());
        response
    }

    /// The response, whether it goes on as a stream, and what was decided where.
    async fn answer(mut self) -> (HttpResponse<GateBody>, bool, Phase, Action) {
        let mut pseudonyms = Pseudonyms::default();
        let (mut action, mut tags) = (Action::Allow, Vec::new());
        for policy in self.policies.clone() {
            let metrics = &self.account.telemetry.metrics;
            let screened = contain::screening(metrics, || {
                prompt::screen(&self.account, &policy, &self.request, &mut pseudonyms)
            });
            let Some(screened) = screened else {
                match self.not_screened(Phase::Prompt, &policy) {
                    Some(response) => return (response, false, Phase::Prompt, action),
                    None => continue,
                }
            };
            match screened {
                PromptOutcome::Stop(stop) => {
                    let response = self.stopped_prompt(&policy, &stop);
                    return (response, false, Phase::Prompt, stop.action);
                }
                PromptOutcome::Pass { body, action: decided, tags: named } => {
                    action = action.max(decided);
                    tags.extend(named);
                    if let Err(response) = self.take_body(body) {
                        return (*response, false, Phase::Prompt, action);
                    }
                }
            }
        }
        let restorer = pseudonyms.restorer().map(Arc::new);
        let mut call = Call::new(&self.account);
        let upstream = Arc::clone(&self.account.route.upstream);
        let answer = match upstream.upstream.send(self.outgoing(&tags)).await {
            Ok(answer) => answer,
            Err(error) => {
                call.ended(error.outcome());
                return (reply::upstream_failed(error), false, Phase::Prompt, action);
            }
        };
        let (mut response, streaming, decided) = self.way_back(answer, restorer, call).await;
        let tagged: Vec<&str> = tags.iter().map(|tag| &**tag).collect();
        if let Ok(value) = HeaderValue::from_str(&tagged.join(","))
            && !tagged.is_empty()
        {
            response.headers_mut().insert(HeaderName::from_static("x-tidegate-tags"), value);
        }
        (response, streaming, Phase::Completion, action.max(decided))
    }

    /// A body that a policy changed is read again, so that the next policy sees what is forwarded.
    fn take_body(&mut self, body: Bytes) -> Result<(), Box<HttpResponse<GateBody>>> {
        if body.as_ptr() == self.request.bytes().as_ptr()
            && body.len() == self.request.bytes().len()
        {
            return Ok(());
        }
        let dialect = self.account.dialect;
        self.request = Request::parse(dialect, body, &self.live.json, self.live.messages)
            .map_err(|problem| Box::new(reply::bad_body(&problem)))?;
        Ok(())
    }

    fn outgoing(&self, tags: &[Arc<str>]) -> Outgoing {
        let upstream = &self.account.route.upstream.upstream;
        let mut headers = forward_request_headers(&self.parts.headers, upstream.key());
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("traceparent", &self.account.identity.trace.to_string());
        set("x-request-id", &self.account.identity.request_id);
        if !tags.is_empty() {
            let tags: Vec<&str> = tags.iter().map(|tag| &**tag).collect();
            set("x-tidegate-tags", &tags.join(","));
        }
        let body = self.request.bytes().clone();
        Outgoing {
            method: Method::POST,
            path_and_query: path_and_query(&self.parts),
            headers,
            body,
        }
    }

    /// A prompt that does not go on: as an error, or as an answer in the model's place.
    fn stopped_prompt(&self, policy: &Policy, stop: &PromptStop) -> HttpResponse<GateBody> {
        let written = policy.message(stop.rule, self.language.as_deref());
        let message = match (&stop.message, stop.outcome) {
            (Some(message), _) => message,
            (None, Outcome::Screened) => written,
            (None, Outcome::Unscannable | Outcome::Unavailable) => UNAVAILABLE_MESSAGE,
        };
        let look = match stop.action {
            Action::Respond => Look::ContentFilter,
            Action::Allow | Action::Tag | Action::Redact | Action::Review | Action::Block => {
                policy.block_style.prompt
            }
        };
        let wants_json = self.request.wants_json();
        let shape = match look {
            Look::Error => {
                let status = StatusCode::from_u16(policy.block_style.status);
                let status = status.unwrap_or(StatusCode::BAD_REQUEST);
                let code = match stop.outcome {
                    Outcome::Screened => POLICY_VIOLATION,
                    Outcome::Unscannable | Outcome::Unavailable => "content_not_screenable",
                };
                let message = format!("{message} ({code})");
                let param = Some(self.account.dialect.prompt_param());
                return reply::error(status, code, &message, param);
            }
            Look::Refusal => RefusalShape::Refusal,
            Look::ContentFilter if wants_json => RefusalShape::Refusal,
            Look::ContentFilter => RefusalShape::Content,
        };
        let meta = self.own_meta();
        let what = (self.request.choices(), message, shape);
        if self.request.stream() {
            let usage = self.request.include_usage();
            let body = answer_stream(self.account.dialect, &meta, what, usage);
            return reply::ours(StatusCode::OK, EVENTS, body);
        }
        reply::ours(StatusCode::OK, JSON, answer_body(self.account.dialect, &meta, what))
    }

    fn own_meta(&self) -> StreamMeta {
        let prefix = match self.account.dialect {
            Dialect::Chat => "chatcmpl",
            Dialect::Completions => "cmpl",
        };
        let seconds = self.account.telemetry.clock.now().as_second();
        StreamMeta {
            id: format!("{prefix}-{}", self.account.identity.prompt_decision),
            created: u64::try_from(seconds).unwrap_or(0),
            model: self.request.model().to_owned(),
        }
    }

    /// The upstream has answered.
    async fn way_back(
        self,
        answer: Answer,
        restorer: Option<Arc<Restorer>>,
        call: Call,
    ) -> (HttpResponse<GateBody>, bool, Action) {
        let garbage = |mut call: Call, what| {
            call.ended("protocol_error");
            (reply::upstream_garbage(what), false, Action::Allow)
        };
        if answer.headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            return garbage(call, "it is compressed although that was not asked for");
        }
        if answer.status.is_redirection() || answer.status.is_informational() {
            return garbage(call, "it redirects, and redirects are not followed");
        }
        if !answer.status.is_success() {
            return self.upstream_error(answer, call).await;
        }
        let is_json = content_type(&answer).starts_with(JSON);
        match (self.request.stream(), is_json) {
            (true, false) => self.stream_back(answer, restorer, call).await,
            (true, true) => garbage(call, "it is one JSON body where a stream was asked for"),
            (false, _) if content_type(&answer).starts_with("text/event-stream") => {
                garbage(call, "it is a stream where one body was asked for")
            }
            (false, _) => self.whole_back(answer, restorer, call).await,
        }
    }

    async fn whole_back(
        self,
        answer: Answer,
        restorer: Option<Arc<Restorer>>,
        mut call: Call,
    ) -> (HttpResponse<GateBody>, bool, Action) {
        let Answer { status, headers, body } = answer;
        let mut body = match body.collect(self.live.limits.decompressed).await {
            Ok(body) => body,
            Err(error) => {
                call.ended(error.outcome());
                return (reply::upstream_failed(error), false, Action::Allow);
            }
        };
        call.ended("ok");
        let upstream_seconds = call.asked().elapsed().as_secs_f64();
        let mut action = Action::Allow;
        for (index, policy) in self.policies.iter().enumerate() {
            let Ok(read) = Response::parse(self.account.dialect, body.clone(), &self.live.json)
            else {
                self.account.telemetry.metrics.unmoderated(Phase::Completion, "undecodable");
                return (reply::upstream_garbage("it is not readable JSON"), false, action);
            };
            let restorer = restorer.as_ref().filter(|_| index == 0);
            let facts = (self.request.wants_json(), self.language.as_deref());
            let metrics = &self.account.telemetry.metrics;
            let outcome = contain::screening(metrics, || {
                answer::screen(&self.account, policy, &read, restorer, facts)
            });
            let Some(outcome) = outcome else {
                match self.not_screened(Phase::Completion, policy) {
                    Some(response) => return (response, false, action),
                    None => continue,
                }
            };
            match outcome {
                AnswerOutcome::Pass { body: screened, action: decided } => {
                    body = screened;
                    action = action.max(decided);
                }
                AnswerOutcome::Refuse { message } => {
                    let status = StatusCode::from_u16(policy.block_style.status);
                    let status = status.unwrap_or(StatusCode::BAD_REQUEST);
                    let message = format!("{message} ({POLICY_VIOLATION})");
                    let response = reply::error(status, POLICY_VIOLATION, &message, None);
                    return (response, false, Action::Block);
                }
            }
        }
        let added = self.account.started.elapsed().as_secs_f64() - upstream_seconds;
        self.account.telemetry.metrics.overhead(&self.account.route.id, false, added.max(0.0));
        let mut response = HttpResponse::new(reply::full(body));
        *response.status_mut() = status;
        *response.headers_mut() = forward_response_headers(&headers);
        (response, false, action)
    }

    async fn stream_back(
        self,
        answer: Answer,
        restorer: Option<Arc<Restorer>>,
        call: Call,
    ) -> (HttpResponse<GateBody>, bool, Action) {
        let today = self.account.telemetry.clock.today();
        let relays: Vec<RelaySettings> = self
            .policies
            .iter()
            .enumerate()
            .map(|(index, policy)| RelaySettings {
                dialect: self.account.dialect,
                policy: Arc::clone(policy),
                subject: Subject {
                    phase: Phase::Completion,
                    author: crate::domain::Author::Assistant,
                    today,
                    streamed: true,
                },
                restorer: restorer.clone().filter(|_| index == 0),
                event_limit: self.live.event,
                choices: self.request.choices(),
                include_usage: self.request.include_usage(),
                shape: shape(policy, self.request.wants_json()),
                language: self.language.clone(),
                meta: self.own_meta(),
            })
            .collect();
        let times = self.live.stream;
        let mut stream =
            Stream::new(self.account.clone(), relays, answer.body, (times.keep_alive, call));
        if let Some((action, rule)) = stream.hold_head(times.head_hold).await
            && action == Action::Block
            && let Some(policy) =
                self.policies.iter().find(|policy| policy.block_style.completion == Look::Error)
        {
            let message = policy.message(rule, self.language.as_deref());
            let message = format!("{message} ({POLICY_VIOLATION})");
            let status = StatusCode::from_u16(policy.block_style.status);
            let status = status.unwrap_or(StatusCode::BAD_REQUEST);
            let response = reply::error(status, POLICY_VIOLATION, &message, None);
            // The stream accounts for itself when it is dropped here.
            stream.gives_way(response.status().as_u16());
            return (response, true, action);
        }
        if stream.is_broken() {
            let response = reply::not_screened();
            stream.gives_way(response.status().as_u16());
            return (response, true, Action::Allow);
        }
        let mut response = HttpResponse::new(stream.into_body());
        *response.status_mut() = answer.status;
        let headers = response.headers_mut();
        *headers = forward_response_headers(&answer.headers);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(EVENTS));
        headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        (response, true, Action::Allow)
    }

    /// An error of the upstream may quote the prompt, or a key: it passes only when it is clean.
    async fn upstream_error(
        self,
        answer: Answer,
        mut call: Call,
    ) -> (HttpResponse<GateBody>, bool, Action) {
        let Answer { status, headers, body } = answer;
        let outcome = if status.is_server_error() { "http_5xx" } else { "http_4xx" };
        call.ended(outcome);
        let Ok(body) = body.collect(self.live.limits.body).await else {
            return (reply::upstream_said_no(status), false, Action::Allow);
        };
        let Ok(read) = Response::parse(self.account.dialect, body.clone(), &self.live.json) else {
            return (reply::upstream_said_no(status), false, Action::Allow);
        };
        for policy in &self.policies {
            let facts = (false, None);
            let metrics = &self.account.telemetry.metrics;
            let outcome = contain::screening(metrics, || {
                answer::screen(&self.account, policy, &read, None, facts)
            });
            match outcome {
                Some(AnswerOutcome::Pass { body: same, .. }) if same == body => {}
                None if self.not_screened(Phase::Completion, policy).is_none() => {}
                None | Some(AnswerOutcome::Pass { .. } | AnswerOutcome::Refuse { .. }) => {
                    return (reply::upstream_said_no(status), false, Action::Block);
                }
            }
        }
        let mut response = HttpResponse::new(reply::full(body));
        *response.status_mut() = status;
        *response.headers_mut() = forward_response_headers(&headers);
        (response, false, Action::Allow)
    }

    /// The screening of a unit broke: the answer that says so, or nothing where the text passes.
    fn not_screened(&self, phase: Phase, policy: &Arc<Policy>) -> Option<HttpResponse<GateBody>> {
        let open = self.live.fail_open;
        self.account.not_screened(phase, policy, if open { "complete" } else { "failed" });
        (!open).then(reply::not_screened)
    }
}

fn content_type(answer: &Answer) -> &str {
    answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

pub(super) fn path_and_query(parts: &Parts) -> String {
    parts.uri.path_and_query().map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned())
}

/// The reader's language: what the client asks for, else what the last user message is written in.
fn language_of(parts: &Parts, request: &Request) -> Option<String> {
    let header = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let asked = header.and_then(|value| value.split([',', ';']).next()).map(str::trim);
    if let Some(asked) = asked.filter(|tag| !tag.is_empty() && *tag != "*") {
        return Some(asked.to_owned());
    }
    let last = request.passages().iter().rev().find(|p| p.author == crate::domain::Author::User)?;
    let han = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
    last.text.chars().any(han).then(|| "zh".to_owned())
}
