//! What is in force: routes, policies, upstreams, limits. A reload makes a new one; a request keeps
//! the one that it began with.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::policy::Policy;
use crate::upstream::Upstream;
use crate::wire::json::JsonLimits;
use crate::wire::openai::Dialect;

use super::BodyLimits;

/// The configuration in force.
#[derive(Debug)]
pub struct Live {
    /// Routes, in order: the first that matches is taken.
    pub routes: Vec<Route>,
    /// Policies by name.
    pub policies: HashMap<String, Arc<Policy>>,
    /// Limits of bodies.
    pub limits: BodyLimits,
    /// Limits of JSON.
    pub json: JsonLimits,
    /// The most messages of one request.
    pub messages: usize,
    /// The most bytes of one event of a stream.
    pub event: usize,
    /// The times of streams.
    pub stream: StreamTimes,
}

/// The times of streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamTimes {
    /// How long the head of an answer waits for the first decided text.
    pub head_hold: Duration,
    /// How long a stream is silent before a keep-alive is sent.
    pub keep_alive: Duration,
}

impl Default for StreamTimes {
    fn default() -> Self {
        Self { head_hold: Duration::from_secs(2), keep_alive: Duration::from_secs(15) }
    }
}

/// A model server with its name in metrics.
#[derive(Debug)]
pub struct NamedUpstream {
    /// The name.
    pub name: Arc<str>,
    /// The server.
    pub upstream: Upstream,
}

/// One route.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its id, the label in metrics.
    pub id: Arc<str>,
    /// Which paths it takes.
    pub path: PathMatch,
    /// A header that the request must have, by name and pattern (`kids-*`).
    pub header: Option<(http::HeaderName, String)>,
    /// The model that the request must ask for, as a pattern.
    pub model: Option<String>,
    /// Where requests go.
    pub upstream: Arc<NamedUpstream>,
    /// The policy.
    pub policy: Arc<Policy>,
    /// Whether unknown leaves are screened, block, or pass.
    pub unknown_leaf: UnknownLeaf,
}

/// What happens to strings that no table names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownLeaf {
    /// They are screened.
    #[default]
    Screen,
    /// The request is refused.
    Block,
    /// They pass unscreened, and are counted.
    Pass,
}

/// Which paths a route takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathMatch {
    /// This one.
    Exact(String),
    /// All that begin so.
    Prefix(String),
}

impl PathMatch {
    /// Reads a pattern: a trailing `*` takes everything that begins with the rest.
    pub fn new(pattern: &str) -> Self {
        match pattern.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.to_owned()),
            None => Self::Exact(pattern.to_owned()),
        }
    }

    /// Whether a path is taken.
    pub fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => path == exact,
            Self::Prefix(prefix) => path.starts_with(prefix.as_str()),
        }
    }
}

impl Route {
    /// Whether the route depends on something that the client chooses beside the path.
    pub fn is_chosen_by_client(&self) -> bool {
        self.header.is_some() || self.model.is_some()
    }

    /// Whether a request is taken.
    pub fn takes(&self, path: &str, headers: &http::HeaderMap, model: &str) -> bool {
        let header = self.header.as_ref().is_none_or(|(name, pattern)| {
            headers.get(name).and_then(|v| v.to_str().ok()).is_some_and(|v| matches(pattern, v))
        });
        self.path.matches(path) && header && self.model.as_ref().is_none_or(|p| matches(p, model))
    }
}

impl Live {
    /// The routes of a request: where it goes, and the policies that it goes through. A route that
    /// the client chose applies in addition to the one it would have had otherwise.
    pub fn route(
        &self,
        path: &str,
        headers: &http::HeaderMap,
        model: &str,
    ) -> Option<(&Route, Vec<Arc<Policy>>)> {
        let mut taken = self.routes.iter().filter(|route| route.takes(path, headers, model));
        let first = taken.next()?;
        let mut policies = vec![Arc::clone(&first.policy)];
        if first.is_chosen_by_client()
            && let Some(fallback) = taken.find(|route| !route.is_chosen_by_client())
            && !Arc::ptr_eq(&fallback.policy, &first.policy)
        {
            policies.push(Arc::clone(&fallback.policy));
        }
        Some((first, policies))
    }

    /// The dialect of a path that some route takes; `None` is an endpoint without a posture.
    pub fn dialect(path: &str) -> Option<Dialect> {
        Dialect::of_path(path)
    }
}

/// Whether a value fits a pattern in which one trailing `*` stands for anything.
fn matches(pattern: &str, value: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => value.starts_with(prefix),
        None => value == pattern,
    }
}
