//! Takes requests: what is let in, where it goes, and which policies it meets.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{ACCEPT_LANGUAGE, CONNECTION};
use http::request::Parts;
use http::{
    HeaderMap, Method, Request as HttpRequest, Response as HttpResponse, StatusCode, Version,
};
use hyper::body::{Body as _, Incoming};
use tokio::time::Instant;

use super::account::{Account, Identity, InFlight, Told};
use super::exchange::{Exchange, of_request};
use super::feedback::{self, Opinions};
use super::inline::Inline;
use super::listener::CLOSE;
use super::live::{Asked, Live, Route, add};
use super::rehearsal::Rehearsals;
use super::shelf::{Shelf, caller};
use super::thresholds::Moved;
use super::walk::{self, Walk};
use super::{GateBody, body, gatehouse, reply, traced, untexted};
use crate::domain::{Author, Passage, TextKind};
use crate::policy::Policy;
use crate::telemetry::Telemetry;
use crate::wire::body::Request;
use crate::wire::dialect::{Dialect, Posture};

/// The data plane: takes requests, screens, forwards, screens back.
#[derive(Debug)]
pub struct Gateway {
    live: ArcSwap<Live>,
    telemetry: Telemetry,
    rehearsals: Arc<Rehearsals>,
    shelf: Option<Arc<Shelf>>,
    pub(super) opinions: Opinions,
    pub(super) moved: Moved,
}

/// The most characters of a model's name that records keep.
const LONGEST_MODEL: usize = 128;

const UNWANTED_BODY: gatehouse::Refused = gatehouse::refused(
    StatusCode::BAD_REQUEST,
    "unwanted_body",
    "a GET request has no body here; leave it out, or use POST",
);

/// A request that may be screened.
enum Admitted {
    Exchange(Box<Exchange>),
    Walk(Box<Walk>),
}

/// The answer to a request that meets no policy.
struct Unmet {
    response: HttpResponse<GateBody>,
    /// Why it was not let in; nothing where what has no text was passed.
    reason: Option<&'static str>,
}

type Refusal = Box<Unmet>;

impl Gateway {
    /// A gateway with this configuration.
    pub fn new(live: Live, telemetry: Telemetry, shelf: Option<Shelf>) -> Self {
        let rehearsals = Rehearsals::new(&telemetry.metrics);
        let shelf = shelf.map(|shelf| {
            Shelf::announce(&telemetry.metrics);
            Arc::new(shelf)
        });
        let opinions = Opinions::default();
        let (live, moved) = (ArcSwap::from_pointee(live), Moved::default());
        Self { live, telemetry, rehearsals, shelf, opinions, moved }
    }

    /// Where decisions are kept for people to speak of.
    pub fn shelf(&self) -> Option<&Arc<Shelf>> {
        self.shelf.as_ref()
    }

    /// Puts this in force as it is.
    pub(super) fn put(&self, live: Live) {
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
        let (parts, mut body) = request.into_parts();
        let is_http1 = parts.version <= Version::HTTP_11;
        let (identity, method) = (self.identity(&parts.headers), parts.method.clone());
        let admitted = if feedback::is_place(parts.uri.path()) {
            let response = self.hear(&parts, &mut body, &identity).await;
            Err(Box::new(Unmet { response, reason: None }))
        } else {
            self.admit(parts, &mut body, &identity, started).await
        };
        match admitted {
            Ok(Admitted::Exchange(exchange)) => exchange.run().await,
            Ok(Admitted::Walk(walk)) => walk.run().await,
            Err(refusal) => {
                let Unmet { mut response, reason } = *refusal;
                let (headers, decision) = (response.headers_mut(), identity.prompt_decision);
                // What is left of a body would be taken for the next request.
                if is_http1 && !body.is_end_stream() {
                    headers.insert(CONNECTION, CLOSE);
                }
                reply::identify(headers, &identity, &decision.to_string(), "none");
                let answered = (response.status().as_u16(), reason);
                traced::unmet(&self.telemetry, &identity, (started, &method), answered);
                response
            }
        }
    }

    /// Whether a decision that has to be kept could not be now.
    fn keeps_nothing(&self) -> bool {
        self.telemetry.records.refuses() || self.shelf.as_ref().is_some_and(|shelf| shelf.refuses())
    }

    /// Answers a request for which there is no room.
    pub(super) fn overloaded(&self, request: &HttpRequest<Incoming>) -> HttpResponse<GateBody> {
        let (method, started) = (request.method(), Instant::now());
        let voice = self.live.load().voice(method.as_str(), request.uri().path());
        let Unmet { response, reason } = *self.refusal("overloaded", reply::overloaded(&voice));
        let identity = self.identity(request.headers());
        let answered = (response.status().as_u16(), reason);
        traced::unmet(&self.telemetry, &identity, (started, method), answered);
        response
    }

    fn identity(&self, headers: &HeaderMap) -> Identity {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let spans = self.telemetry.spans.as_ref();
        let identity = Identity::new(header("x-request-id"), header("traceparent"), spans);
        let caller = self.shelf.as_ref().map(|_| caller(headers)).unwrap_or_default();
        Identity { caller, ..identity }
    }

    /// An answer to a request that is not let in, counted by why.
    fn refusal(&self, reason: &'static str, response: HttpResponse<GateBody>) -> Refusal {
        self.telemetry.metrics.rejected(reason);
        Box::new(Unmet { response, reason: Some(reason) })
    }

    /// Everything before the policy: the gate, the route, the body, the JSON.
    async fn admit(
        &self,
        parts: Parts,
        incoming: &mut Incoming,
        identity: &Identity,
        started: Instant,
    ) -> Result<Admitted, Refusal> {
        let live = self.live.load_full();
        let path = parts.uri.path();
        let first = live.first_on(path);
        let posture = live.posture(first, parts.method.as_str(), (path, parts.uri.query()));
        let voice = posture.voice();
        let reject = |refused| self.reject(&voice, refused);
        gatehouse::check(&parts).map_err(|refused| {
            let mut refusal = reject(refused);
            if parts.version <= Version::HTTP_11 {
                refusal.response.headers_mut().insert(CONNECTION, CLOSE);
            }
            refusal
        })?;
        let unknown = || self.unknown_path(&voice, &parts);
        if first.is_none() {
            return Err(unknown());
        }
        if self.keeps_nothing() {
            return Err(self.refusal("not_recorded", reply::not_recorded(&voice)));
        }
        let dialect = match posture {
            Posture::Screen(dialect) => dialect,
            Posture::Pass(_) if !incoming.is_end_stream() => return Err(reject(UNWANTED_BODY)),
            Posture::Pass(dialect) => {
                let response = untexted::pass(&live, &parts, &dialect).await;
                return Err(Box::new(Unmet { response, reason: None }));
            }
            Posture::Refuse(dialect) if live.dialects.of_path(path, None).is_some() => {
                let refused = gatehouse::use_other("use POST", "POST");
                return Err(self.reject(&dialect, refused));
            }
            Posture::Refuse(_) | Posture::Unknown => {
                return self.admit_walk(live, parts, incoming, (identity, started)).await;
            }
        };
        let form = dialect.takes_form().then(|| gatehouse::boundary(&parts.headers));
        let boundary = form.transpose().map_err(reject)?;
        if boundary.is_none() {
            let lenient = dialect.takes_any_content_type();
            gatehouse::check_json(&parts.headers, lenient).map_err(reject)?;
        }
        let bytes = body::read(incoming, &parts.headers, &live.limits).await.map_err(reject)?;
        let request = self.read_body(&live, &parts, &dialect, (bytes, boundary.as_deref()))?;
        let model = dialect.model_of_path(path).map(gatehouse::plain_model);
        let request = request.for_model(model.as_deref());
        let language = language_of(&parts, &request);
        let (headers, model) = (&parts.headers, request.model());
        let asked = Asked { path, headers, model, language: language.as_deref() };
        let (route, mut policies) = live.route(asked).ok_or_else(unknown)?;
        let route = route.clone();
        self.add_asked_for(&live, (&route, asked), &mut policies)?;
        let (request, inline) = if route.upstream.moderates {
            (request, None)
        } else {
            self.take_moderation(request, &live, &policies)?
        };
        let account = Account {
            model: shown_model(request.model()),
            stream: request.stream(),
            ..self.account(route, Some(&dialect), (identity, started))
        };
        let account = account.traced_as(&parts.method);
        let told = Told::default();
        let exchange = Exchange { account, policies, live, request, parts, language, inline, told };
        Ok(Admitted::Exchange(Box::new(exchange)))
    }

    /// Reads a body in its dialect, with the headers that belong to it.
    fn read_body(
        &self,
        live: &Live,
        parts: &Parts,
        dialect: &Arc<Dialect>,
        (bytes, boundary): (Bytes, Option<&str>),
    ) -> Result<Request, Refusal> {
        let (json, messages) = (&live.json, live.messages);
        let request = match boundary {
            Some(boundary) => Request::parse_form(dialect, (bytes, boundary), json, messages),
            None => Request::parse(dialect, bytes, json, messages),
        };
        request
            .and_then(|request| request.with_headers(of_request(parts)))
            .map_err(|problem| self.refusal(problem.code(), reply::bad_body(dialect, &problem)))
    }

    /// Takes out of a request the moderation that it asks for beside its answer: the gate honours it, and the
    /// upstream may not know it.
    fn take_moderation(
        &self,
        request: Request,
        live: &Live,
        policies: &[Arc<Policy>],
    ) -> Result<(Request, Option<Inline>), Refusal> {
        let dialect = Arc::clone(request.dialect());
        let taken = request.moderation(&live.json).and_then(|taken| {
            let Some((asked, bytes)) = taken else { return Ok((request, None)) };
            let model = request.model().to_owned();
            let request = request.again(bytes, &live.json, live.messages)?;
            let inline = asked.map(|asked| Inline::new(asked, policies));
            Ok((request.for_model(Some(&model)), inline))
        });
        taken.map_err(|problem| self.refusal(problem.code(), reply::bad_body(&dialect, &problem)))
    }

    /// A path that no dialect knows, where a route opts in.
    async fn admit_walk(
        &self,
        live: Arc<Live>,
        parts: Parts,
        incoming: &mut Incoming,
        (identity, started): (&Identity, Instant),
    ) -> Result<Admitted, Refusal> {
        let voice = live.voice(parts.method.as_str(), parts.uri.path());
        let reject = |refused| self.reject(&voice, refused);
        let language = preferred_language(&parts);
        let (path, headers) = (parts.uri.path(), &parts.headers);
        let asked = Asked { path, headers, model: "", language: language.as_deref() };
        let taken = live.route(asked).filter(|(route, _)| route.walks);
        let (route, mut policies) = taken.ok_or_else(|| self.unknown_path(&voice, &parts))?;
        let route = route.clone();
        let has_body = parts.method == Method::POST;
        if has_body {
            gatehouse::check_json(headers, false).map_err(reject)?;
        }
        let body = body::read(incoming, headers, &live.limits).await;
        let body = body.map_err(reject)?;
        if !has_body && !body.is_empty() {
            return Err(reject(UNWANTED_BODY));
        }
        self.add_asked_for(&live, (&route, asked), &mut policies)?;
        let account = self.account(route, None, (identity, started));
        let account = account.traced_as(&parts.method);
        let told = Told::default();
        let walk = Walk { account, policies, live, parts, body, language, told, voice };
        Ok(Admitted::Walk(Box::new(walk)))
    }

    fn account(
        &self,
        route: Route,
        api: Option<&Arc<Dialect>>,
        (identity, started): (&Identity, Instant),
    ) -> Account {
        Account {
            telemetry: self.telemetry.clone(),
            identity: identity.clone(),
            in_flight: InFlight::new(&self.telemetry.metrics, &route.id),
            route,
            dialect: api.map_or_else(|| Arc::from(walk::NAME), |api| Arc::clone(api.name())),
            api: api.cloned(),
            model: String::new(),
            stream: false,
            started,
            shelf: self.shelf.clone(),
            caller: identity.caller.clone(),
            rehearsals: Arc::clone(&self.rehearsals),
            traced: None,
        }
    }

    fn reject(&self, voice: &Dialect, refused: gatehouse::Refused) -> Refusal {
        self.refusal(refused.code, reply::refused(voice, &refused))
    }

    fn unknown_path(&self, voice: &Dialect, parts: &Parts) -> Refusal {
        let why = voice.why_refused(parts.method.as_str(), parts.uri.path());
        let message = "there is no such path, and none is served that is not screened; is the \
            base URL right? That of OpenAI's SDKs ends in `/v1`";
        let (message, code) = (why.unwrap_or(message), "unknown_path");
        self.refusal(code, reply::error(voice, StatusCode::NOT_FOUND, code, message, None))
    }

    /// Adds the policy that the caller asks for with a header.
    fn add_asked_for(
        &self,
        live: &Live,
        (route, asked): (&Route, Asked<'_>),
        policies: &mut Vec<Arc<Policy>>,
    ) -> Result<(), Refusal> {
        for names in asked.headers.get_all("x-tidegate-policy") {
            for name in names.to_str().unwrap_or("?").split(',') {
                let policy = self.asked_for(live, (asked.path, name.trim()))?;
                add(policies, route.policy_for(&policy, asked));
            }
        }
        Ok(())
    }

    /// A policy that the caller asks for in addition; it can only tighten.
    fn asked_for(&self, live: &Live, (path, name): (&str, &str)) -> Result<Arc<Policy>, Refusal> {
        live.policies.get(name).cloned().ok_or_else(|| {
            let (code, message) =
                ("unknown_policy", "`x-tidegate-policy` names no policy of this gate");
            let voice = live.voice(Method::POST.as_str(), path);
            self.refusal(code, reply::error(&voice, StatusCode::BAD_REQUEST, code, message, None))
        })
    }
}

/// A model's name as records have it.
fn shown_model(model: &str) -> String {
    model.chars().filter(|c| !c.is_control()).take(LONGEST_MODEL).collect()
}

/// The reader's language: what the client asks for, else what the last user message is written in.
fn language_of(parts: &Parts, request: &Request) -> Option<String> {
    if let Some(asked) = preferred_language(parts) {
        return Some(asked);
    }
    let of_user = |p: &&Passage| p.author == Author::User && p.kind == TextKind::Text;
    let last = request.passages().iter().rev().find(of_user)?.turn;
    let mut texts = request.passages().iter().filter(of_user).filter(|p| p.turn == last);
    let han = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
    texts.any(|p| p.text.chars().any(han)).then(|| "zh".to_owned())
}

fn preferred_language(parts: &Parts) -> Option<String> {
    let header = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let asked = header.and_then(|value| value.split([',', ';']).next()).map(str::trim);
    asked.filter(|tag| !tag.is_empty() && *tag != "*").map(str::to_owned)
}
