//! Takes requests: what is let in, where it goes, and which policies it meets.

use std::sync::Arc;

use arc_swap::ArcSwap;
use http::header::ACCEPT_LANGUAGE;
use http::request::Parts;
use http::{HeaderValue, Method, Request as HttpRequest, Response as HttpResponse, StatusCode};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::account::{Account, Identity, InFlight};
use super::exchange::Exchange;
use super::live::{Asked, Live, add};
use super::{GateBody, body, gatehouse, models, reply};
use crate::domain::Author;
use crate::policy::Policy;
use crate::telemetry::Telemetry;
use crate::wire::openai::Request;

/// The data plane: takes requests, screens, forwards, screens back.
#[derive(Debug)]
pub struct Gateway {
    live: ArcSwap<Live>,
    telemetry: Telemetry,
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

/// The reader's language: what the client asks for, else what the last user message is written in.
fn language_of(parts: &Parts, request: &Request) -> Option<String> {
    let header = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let asked = header.and_then(|value| value.split([',', ';']).next()).map(str::trim);
    if let Some(asked) = asked.filter(|tag| !tag.is_empty() && *tag != "*") {
        return Some(asked.to_owned());
    }
    let last = request.passages().iter().rev().find(|p| p.author == Author::User)?;
    let han = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
    last.text.chars().any(han).then(|| "zh".to_owned())
}
