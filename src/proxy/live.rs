//! What is in force: routes, policies, upstreams, limits. A reload makes a new one; a request keeps
//! the one that it began with.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::policy::{Facts, Policy};
use crate::upstream::Upstream;
use crate::wire::dialect::{Dialect, Dialects, Posture};
use crate::wire::json::JsonLimits;

use super::{BlockedTurns, BodyLimits, Classifiers, CleanTexts};

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
    /// Whether texts pass that could not be screened because something broke in us.
    pub fail_open: bool,
    /// Texts that need not be screened again.
    pub clean_texts: CleanTexts,
    /// Turns that were blocked, under policies that leave them out when they come again.
    pub blocked_turns: BlockedTurns,
    /// The dialects that are known.
    pub dialects: Dialects,
    /// The classifiers that policies ask.
    pub classifiers: Arc<Classifiers>,
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
    /// Whether it honours the `moderation` field of requests; if not, the gate does.
    pub moderates: bool,
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
    /// One that decides beside it and changes nothing.
    pub shadow: Option<Arc<Policy>>,
    /// Whether unknown leaves are screened, block, or pass.
    pub unknown_leaf: UnknownLeaf,
    /// Whether paths are served that no dialect knows, with every text of their JSON screened.
    pub walks: bool,
    /// The dialect in which all requests on the route are read, whatever their paths.
    pub dialect: Option<Arc<Dialect>>,
}

/// What a request says of itself that routes and policies hang on.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'r> {
    /// Its path.
    pub path: &'r str,
    /// Its headers.
    pub headers: &'r http::HeaderMap,
    /// The model that it asks for.
    pub model: &'r str,
    /// The reader's language, as a tag.
    pub language: Option<&'r str>,
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
    pub fn takes(&self, asked: Asked<'_>) -> bool {
        let header = self.header.as_ref().is_none_or(|(name, pattern)| {
            let value = asked.headers.get(name).and_then(|value| value.to_str().ok());
            value.is_some_and(|value| matches(pattern, value))
        });
        let model = self.model.as_ref().is_none_or(|pattern| matches(pattern, asked.model));
        self.path.matches(asked.path) && header && model
    }

    /// A policy as a request on this route gets it.
    pub fn policy_for(&self, policy: &Arc<Policy>, asked: Asked<'_>) -> Arc<Policy> {
        policy.for_request(&Facts {
            route: &self.id,
            path: asked.path,
            model: asked.model,
            language: asked.language,
            headers: &|name| {
                let values = asked.headers.get_all(name).iter();
                values.filter_map(|value| value.to_str().ok()).collect()
            },
        })
    }
}

/// Adds a policy to those of a request, unless it is among them.
pub(super) fn add(policies: &mut Vec<Arc<Policy>>, policy: Arc<Policy>) {
    if !policies.iter().any(|known| known.is_same_variant(&policy)) {
        policies.push(policy);
    }
}

impl Live {
    /// The routes of a request: where it goes, and the policies that it goes through, each as this
    /// request gets it. A route that the client chose applies in addition to the one it would have had
    /// otherwise.
    pub fn route(&self, asked: Asked<'_>) -> Option<(&Route, Vec<Arc<Policy>>)> {
        let mut taken = self.routes.iter().filter(|route| route.takes(asked));
        let first = taken.next()?;
        let mut policies = vec![first.policy_for(&first.policy, asked)];
        if first.is_chosen_by_client()
            && let Some(fallback) = taken.find(|route| !route.is_chosen_by_client())
        {
            add(&mut policies, fallback.policy_for(&fallback.policy, asked));
        }
        Some((first, policies))
    }

    /// The same with other policies in the place of these, by their names. What was remembered of texts goes with the
    /// policies that it was learnt under.
    #[must_use]
    pub fn with_policies(&self, policies: HashMap<String, Arc<Policy>>) -> Self {
        let now = |policy: &Arc<Policy>| {
            policies.get(&*policy.name).map_or_else(|| Arc::clone(policy), Arc::clone)
        };
        let route = |route: &Route| Route {
            policy: now(&route.policy),
            shadow: route.shadow.as_ref().map(now),
            ..route.clone()
        };
        Self {
            routes: self.routes.iter().map(route).collect(),
            policies,
            limits: self.limits,
            json: self.json,
            messages: self.messages,
            event: self.event,
            stream: self.stream,
            fail_open: self.fail_open,
            clean_texts: CleanTexts::default(),
            blocked_turns: BlockedTurns::default(),
            dialects: self.dialects.clone(),
            classifiers: Arc::clone(&self.classifiers),
        }
    }

    /// The first route on a path, whatever else it wants of a request.
    pub fn first_on(&self, path: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.path.matches(path))
    }

    /// What becomes of a request by the first route on its path, its method, path and query, and in whose words an
    /// error is told.
    pub fn posture(
        &self,
        route: Option<&Route>,
        method: &str,
        (path, query): (&str, Option<&str>),
    ) -> Posture {
        match route.and_then(|route| route.dialect.as_ref()) {
            Some(dialect) if method == "POST" => Posture::Screen(Arc::clone(dialect)),
            _ => self.dialects.posture(method, (path, query)),
        }
    }

    /// The dialect in which errors on a path are told.
    pub fn voice(&self, method: &str, path: &str) -> Arc<Dialect> {
        self.posture(self.first_on(path), method, (path, None)).voice()
    }
}

/// Whether a value fits a pattern in which one trailing `*` stands for anything.
fn matches(pattern: &str, value: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => value.starts_with(prefix),
        None => value == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Mode;
    use crate::engine::testing::Sketch;
    use crate::policy::{Condition, Variant};
    use crate::upstream::demo::Demo;

    fn route(id: &str, header: Option<&str>, policy: &Arc<Policy>) -> Route {
        let upstream = Upstream::Demo(Demo::default());
        let upstream =
            Arc::new(NamedUpstream { name: Arc::from("demo"), upstream, moderates: false });
        let header = header.map(|name| (name.parse().unwrap(), "*".to_owned()));
        Route {
            id: Arc::from(id),
            path: PathMatch::new("/*"),
            header,
            model: None,
            upstream,
            policy: Arc::clone(policy),
            shadow: None,
            unknown_leaf: UnknownLeaf::Screen,
            walks: false,
            dialect: None,
        }
    }

    fn live(routes: Vec<Route>) -> Live {
        let limits = BodyLimits {
            body: 1 << 20,
            decompressed: 1 << 20,
            ratio: 100,
            idle: Duration::from_secs(1),
            total: Duration::from_secs(1),
        };
        Live {
            routes,
            policies: HashMap::new(),
            limits,
            json: JsonLimits::default(),
            messages: 10,
            event: 1 << 20,
            stream: StreamTimes::default(),
            fail_open: false,
            clean_texts: CleanTexts::default(),
            blocked_turns: BlockedTurns::default(),
            dialects: Dialects::default(),
            classifiers: Arc::default(),
        }
    }

    /// A policy that is in shadow on the route `lab`.
    fn lenient_in_the_lab() -> Arc<Policy> {
        let mut sketch = Sketch::default();
        sketch.block("bombs", &["bomb"]);
        let policy = sketch.build();
        let when = serde_json::from_value(serde_json::json!({ "route": "lab" })).unwrap();
        let in_the_lab = Policy {
            mode: Mode::Shadow,
            rules: policy.rules.to_vec().into(),
            ..Policy::clone(&policy)
        };
        let variant = Variant { when: Condition::new(&when), policy: Arc::new(in_the_lab) };
        Arc::new(Policy { variants: Arc::from([variant]), ..Policy::clone(&policy) })
    }

    fn modes(live: &Live, headers: &http::HeaderMap) -> Vec<(String, Mode)> {
        let asked = Asked { path: "/v1/chat/completions", headers, model: "m", language: None };
        let (route, policies) = live.route(asked).unwrap();
        policies.iter().map(|policy| (route.id.to_string(), policy.mode)).collect()
    }

    #[test]
    fn each_request_gets_the_variant_of_its_route() {
        let policy = lenient_in_the_lab();
        let none = http::HeaderMap::new();
        let lab = live(vec![route("lab", None, &policy)]);
        assert_eq!(modes(&lab, &none), [("lab".to_owned(), Mode::Shadow)]);
        let chat = live(vec![route("chat", None, &policy)]);
        assert_eq!(modes(&chat, &none), [("chat".to_owned(), Mode::Enforce)]);
    }

    #[test]
    fn a_client_that_chooses_a_route_keeps_the_policy_it_would_have_had() {
        let policy = lenient_in_the_lab();
        let both = live(vec![route("lab", Some("x-lab"), &policy), route("chat", None, &policy)]);
        let mut headers = http::HeaderMap::new();
        assert_eq!(modes(&both, &headers), [("chat".to_owned(), Mode::Enforce)]);
        headers.insert("x-lab", http::HeaderValue::from_static("yes"));
        let chosen = [("lab".to_owned(), Mode::Shadow), ("lab".to_owned(), Mode::Enforce)];
        assert_eq!(modes(&both, &headers), chosen);
    }

    #[test]
    fn the_same_policy_is_not_applied_twice() {
        let policy = lenient_in_the_lab();
        let both = live(vec![route("a", Some("x-a"), &policy), route("b", None, &policy)]);
        let mut headers = http::HeaderMap::new();
        headers.insert("x-a", http::HeaderValue::from_static("yes"));
        assert_eq!(modes(&both, &headers), [("a".to_owned(), Mode::Enforce)]);
    }
}
