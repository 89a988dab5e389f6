//! One exchange from its policies to the head of its answer: the prompt, and what becomes of it.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Response as HttpResponse, StatusCode};

use super::account::{Account, Call, Told};
use super::asker::Asker;
use super::inline::Inline;
use super::live::Live;
use super::prompt::{PromptOutcome, PromptStop};
use super::reply::Voice;
use super::{GateBody, contain, gatehouse, prompt, reply};
use crate::config::dialect_file::Served;
use crate::domain::{Action, Author, Outcome, Phase};
use crate::engine::{Answers, Judgements, Pseudonyms, Scratch};
use crate::policy::{Look, Policy, UNAVAILABLE_MESSAGE};
use crate::upstream::{Outgoing, forward_own_headers, forward_request_headers};
use crate::wire::body::{POLICY_VIOLATION, Request, Shortened};
use crate::wire::dialect::{AnswerMeta, Blocked, Cut, RefusalShape, Said};
use crate::wire::frame::FrameWriter;

pub(super) const JSON: &str = "application/json";
/// The most characters of a prompt that an answer is judged beside.
const MOST_BESIDE: usize = 2_000;

/// A request that is known well enough to be screened.
pub(super) struct Exchange {
    pub(super) account: Account,
    pub(super) policies: Vec<Arc<Policy>>,
    pub(super) live: Arc<Live>,
    pub(super) request: Request,
    pub(super) parts: Parts,
    pub(super) language: Option<String>,
    /// The moderation that was asked for beside the answer.
    pub(super) inline: Option<Inline>,
    /// What the client is told of policies and rules.
    pub(super) told: Told,
}

/// A prompt that goes on.
struct Cleared {
    action: Action,
    tags: Vec<Arc<str>>,
}

impl Exchange {
    pub(super) async fn run(mut self) -> HttpResponse<GateBody> {
        let (mut response, streaming, decision, action) = self.answer().await;
        let account = &self.account;
        if !streaming {
            account.answered(response.status().as_u16(), account.stream);
        }
        let identity = &account.identity;
        let decision = match decision {
            Phase::Prompt => identity.prompt_decision,
            Phase::Completion => identity.completion_decision,
        };
        reply::identify(response.headers_mut(), identity, &decision.to_string(), action.as_str());
        self.told.write(response.headers_mut());
        response
    }

    /// The response, whether it goes on as a stream, and what was decided where.
    async fn answer(&mut self) -> (HttpResponse<GateBody>, bool, Phase, Action) {
        if self.voice().file().serves == Some(Served::Moderations) {
            let (response, action) = self.moderate().await;
            return (response, false, Phase::Prompt, action);
        }
        let mut pseudonyms = Pseudonyms::default();
        let Cleared { action, tags } = match self.screen_prompt(&mut pseudonyms).await {
            Ok(cleared) => cleared,
            Err((response, action)) => return (*response, false, Phase::Prompt, action),
        };
        let restorer = pseudonyms.restorer().map(Arc::new);
        let mut call = Call::new(&self.account);
        let upstream = Arc::clone(&self.account.route.upstream);
        let mut outgoing =
            outgoing(&self.account, &self.parts, self.request.bytes().clone(), &tags);
        // What was read as JSON is nothing else to the upstream, whatever the client calls it.
        let sort = outgoing.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        let is_json = |sort: &[u8]| sort.to_ascii_lowercase().starts_with(JSON.as_bytes());
        if !self.voice().takes_form() && !sort.is_some_and(is_json) {
            outgoing.headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        }
        let reads = |name: &str| self.request.dialect().reads_header(name);
        forward_own_headers(&self.parts.headers, &mut outgoing.headers, reads);
        let answer = match upstream.upstream.send(outgoing).await {
            Ok(answer) => answer,
            Err(error) => {
                call.failed(&error);
                return (
                    reply::upstream_failed(self.voice(), &error),
                    false,
                    Phase::Prompt,
                    action,
                );
            }
        };
        let (mut response, streaming, decided) = self.way_back(answer, restorer, call).await;
        let tagged: Vec<&str> = tags.iter().map(|tag| &**tag).collect();
        if let Ok(value) = HeaderValue::from_str(&tagged.join(","))
            && !tagged.is_empty()
        {
            response.headers_mut().insert(HeaderName::from_static("x-tidegate-tags"), value);
        }
        // The record that says why is the one of the stricter decision.
        let phase = if action > decided { Phase::Prompt } else { Phase::Completion };
        (response, streaming, phase, action.max(decided))
    }

    /// Takes the prompt through every policy; an error is the answer in the model's place.
    async fn screen_prompt(
        &mut self,
        pseudonyms: &mut Pseudonyms,
    ) -> Result<Cleared, (Box<HttpResponse<GateBody>>, Action)> {
        let (mut action, mut tags) = (Action::Allow, Vec::new());
        let policies = self.policies_for(Phase::Prompt);
        self.leave_out_blocked(&policies).map_err(|response| (response, action))?;
        for policy in policies {
            let metrics = &self.account.telemetry.metrics;
            let mut answers = Answers::default();
            let look = |scratch: &mut Scratch| {
                prompt::look(&self.account, &policy, &self.request, scratch);
            };
            let asker = self.asker(Phase::Prompt);
            asker.look((&policy, Phase::Prompt), (&mut answers, metrics), look).await;
            let mut judgement = self.inline.as_ref().map(|inline| inline.prompt.clone());
            let screened = contain::screening(metrics, || {
                prompt::screen(
                    &self.account,
                    &policy,
                    &self.request,
                    &self.live,
                    (pseudonyms, judgement.as_mut()),
                    &mut answers,
                )
            });
            if let (Some(inline), Some(mut judgement)) = (&mut self.inline, judgement) {
                judgement.unscreened |= screened.is_none();
                inline.prompt = judgement;
            }
            let Some(screened) = screened else {
                match self.not_screened(Phase::Prompt, &policy) {
                    Some(response) => return Err((Box::new(response), action)),
                    None => continue,
                }
            };
            let (outcome, told) = screened;
            self.told.add(told);
            match outcome {
                PromptOutcome::Stop(stop) => {
                    let response = self.stopped_prompt(&policy, &stop);
                    return Err((Box::new(response), stop.action));
                }
                PromptOutcome::Pass { body, headers, action: decided, tags: named } => {
                    action = action.max(decided);
                    tags.extend(named);
                    self.take_body(body, headers).map_err(|response| (response, action))?;
                }
            }
        }
        Ok(Cleared { action, tags })
    }

    /// Leaves turns out that were blocked before, where a policy says so, with the refusals that followed them.
    fn leave_out_blocked(
        &mut self,
        policies: &[Arc<Policy>],
    ) -> Result<(), Box<HttpResponse<GateBody>>> {
        let dropping = policies.iter().filter(|policy| policy.drops_blocked);
        let dropping: Vec<&Policy> = dropping.map(|policy| &**policy).collect();
        if dropping.is_empty() {
            return Ok(());
        }
        let blocked = self.live.blocked_turns.known(&dropping, &self.request);
        let shortened = self.request.without_turns(&blocked, &self.live.json);
        let Some(Shortened { body, gone }) = shortened.filter(|_| !blocked.is_empty()) else {
            return Ok(());
        };
        self.account.telemetry.metrics.left_out(&self.account.dialect, gone);
        self.take_body(body, Vec::new())
    }

    /// A body that a policy changed is read again, so that the next policy sees what is forwarded.
    fn take_body(
        &mut self,
        body: Bytes,
        headers: Vec<(String, String)>,
    ) -> Result<(), Box<HttpResponse<GateBody>>> {
        let is_same = body.as_ptr() == self.request.bytes().as_ptr()
            && body.len() == self.request.bytes().len();
        if is_same && headers.is_empty() {
            return Ok(());
        }
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
                self.parts.headers.insert(name, value);
            }
        }
        let dialect = Arc::clone(self.request.dialect());
        let (json, messages) = (&self.live.json, self.live.messages);
        let model = self.request.model().to_owned();
        let request = self
            .request
            .again(body, json, messages)
            .and_then(|request| request.with_headers(of_request(&self.parts)));
        let request = request.map_err(|problem| Box::new(reply::bad_body(&dialect, &problem)))?;
        self.request = request.for_model(Some(&model));
        Ok(())
    }

    /// Asks the classifiers of this exchange.
    pub(super) fn asker(&self, phase: Phase) -> Asker {
        let prompt = (phase == Phase::Completion && !self.live.classifiers.is_empty()).then(|| {
            let texts = self.request.passages().iter().rev();
            let asked = texts.filter(|text| text.author == Author::User).map(|text| &*text.text);
            asked.map(end_of).next().map(Arc::from)
        });
        Asker { classifiers: Arc::clone(&self.live.classifiers), prompt: prompt.flatten() }
    }

    /// A prompt that does not go on: as an error, or as an answer in the model's place.
    fn stopped_prompt(&self, policy: &Policy, stop: &PromptStop) -> HttpResponse<GateBody> {
        if stop.outcome == Outcome::Unavailable {
            return reply::unavailable(self.voice());
        }
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
        let dialect = self.voice();
        let category = policy.category(stop.rule);
        let as_error = look == Look::Error || !dialect.can_answer();
        let meta = self.own_meta();
        if as_error {
            // What could not be screened is a fault, however the dialect tells of a block.
            let screened = stop.outcome == Outcome::Screened;
            if let Some(blocked) = dialect.blocked(&meta, message, category).filter(|_| screened) {
                return self.blocked(policy.block_style.status, blocked);
            }
            let param = dialect.prompt_param();
            return violation(dialect, policy.block_style.status, stop.outcome, (message, param));
        }
        let shape = match look {
            Look::Error | Look::Refusal => RefusalShape::Refusal,
            Look::ContentFilter if self.request.wants_json() => RefusalShape::Refusal,
            Look::ContentFilter => RefusalShape::Content,
        };
        if !self.request.stream() {
            let what = (self.request.choices(), message, shape);
            let body = dialect.answer_body(&meta, what, category);
            // No model said anything, so nothing of the answer is judged.
            let body = self.with_results(body, &Judgements::new());
            return reply::ours(StatusCode::OK, JSON, body);
        }
        let mut events = Vec::new();
        for unit in 0..self.request.choices() {
            events.extend(dialect.opening(&meta, unit));
            let message = Some(message);
            let cut = Cut { unit, message, shape, category, shown: false, open: None, next: 0 };
            events.extend(dialect.ending(&meta, &cut));
        }
        events.extend(dialect.closing(&meta, self.request.include_usage()));
        let body = FrameWriter::whole(dialect.framing(), &events);
        let body = self.stream_with_results(body, meta);
        reply::ours(StatusCode::OK, FrameWriter::content_type(dialect.framing()), body)
    }

    /// The dialect's own answer to a prompt that is blocked.
    fn blocked(&self, status: u16, blocked: Blocked) -> HttpResponse<GateBody> {
        let Blocked { status: own, body } = blocked;
        let status = StatusCode::from_u16(own.unwrap_or(status)).unwrap_or(StatusCode::BAD_REQUEST);
        if self.request.stream() && status.is_success() {
            return self.events(status, &[Said { event: None, data: body }]);
        }
        reply::ours(status, JSON, Bytes::from(body))
    }

    fn events(&self, status: StatusCode, events: &[Said]) -> HttpResponse<GateBody> {
        let framing = self.voice().framing();
        let body = FrameWriter::whole(framing, events);
        reply::ours(status, FrameWriter::content_type(framing), body)
    }

    /// The dialect in which the client is answered.
    pub(super) fn voice(&self) -> Voice<'_> {
        Voice { dialect: self.request.dialect(), calls: self.request.calls() }
    }

    pub(super) fn own_meta(&self) -> AnswerMeta {
        let prefix = self.request.dialect().id_prefix();
        let seconds = self.account.telemetry.clock.now().as_second();
        AnswerMeta {
            id: format!("{prefix}{}", self.account.identity.prompt_decision),
            created: u64::try_from(seconds).unwrap_or(0),
            model: self.request.model().to_owned(),
            calls: self.request.calls().clone(),
        }
    }

    /// The screening of a unit broke: the answer that says so, or nothing where the text passes.
    pub(super) fn not_screened(
        &self,
        phase: Phase,
        policy: &Arc<Policy>,
    ) -> Option<HttpResponse<GateBody>> {
        let open = self.live.fail_open;
        self.account.not_screened(phase, policy, if open { "complete" } else { "failed" });
        (!open).then(|| reply::not_screened(self.voice()))
    }
}

/// The end of a prompt that an answer is judged beside.
fn end_of(text: &str) -> &str {
    let start = text.char_indices().rev().take(MOST_BESIDE).last();
    text.get(start.map_or(0, |(at, _)| at)..).unwrap_or_default()
}

/// The headers of a request, by name.
pub(super) fn of_request(parts: &Parts) -> impl Iterator<Item = (&str, &[u8])> {
    parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
}

/// The path and the query to ask the upstream for, and the key that the query had: keys are passed on in headers,
/// because addresses are written into logs.
pub(super) fn path_and_query(parts: &Parts) -> (String, Option<String>) {
    let path = parts.uri.path().to_owned();
    let (mut kept, mut key) = (Vec::new(), None);
    for pair in parts.uri.query().into_iter().flat_map(|query| query.split('&')) {
        match pair.split_once('=') {
            Some((name, value)) if name == gatehouse::KEY => key = Some(value.to_owned()),
            _ => kept.push(pair),
        }
    }
    if kept.is_empty() {
        return (path, key);
    }
    (format!("{path}?{}", kept.join("&")), key)
}

/// The client's headers, with the key in them that stood in the query.
pub(super) fn with_key(headers: &http::HeaderMap, key: Option<&str>) -> http::HeaderMap {
    let mut headers = headers.clone();
    let value = key.and_then(|key| HeaderValue::from_str(key).ok());
    if let Some(mut value) = value {
        value.set_sensitive(true);
        headers.entry("x-goog-api-key").or_insert(value);
    }
    headers
}

/// The request to the upstream.
pub(super) fn outgoing(
    account: &Account,
    parts: &Parts,
    body: Bytes,
    tags: &[Arc<str>],
) -> Outgoing {
    let upstream = &account.route.upstream.upstream;
    let (path_and_query, key) = path_and_query(parts);
    let client = with_key(&parts.headers, key.as_deref());
    let mut headers = forward_request_headers(&client, upstream.key());
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("traceparent", &account.trace_for_upstream().to_string());
    set("x-request-id", &account.identity.request_id);
    if !tags.is_empty() {
        let tags: Vec<&str> = tags.iter().map(|tag| &**tag).collect();
        set("x-tidegate-tags", &tags.join(","));
    }
    Outgoing { method: parts.method.clone(), path_and_query, headers, body }
}

/// The error that says that a text may not pass.
pub(super) fn violation<'v>(
    voice: impl Into<Voice<'v>>,
    status: u16,
    outcome: Outcome,
    (message, param): (&str, Option<&str>),
) -> HttpResponse<GateBody> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let code = match outcome {
        Outcome::Screened => POLICY_VIOLATION,
        Outcome::Unscannable | Outcome::Unavailable => "content_not_screenable",
    };
    reply::error(voice, status, code, &format!("{message} ({code})"), param)
}
