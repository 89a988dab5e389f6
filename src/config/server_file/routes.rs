//! Where requests go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::shapes::{self, Named, SecretRef};
use crate::config::units::Period;

/// A model server, or the built-in demo model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "an upstream")]
pub struct Upstream {
    /// Address of the server.
    #[serde(default)]
    #[schemars(schema_with = "shapes::url")]
    pub url: Option<String>,
    /// The built-in demo model, in place of a server.
    #[serde(default)]
    pub builtin: Option<Builtin>,
    /// Key to send; without it the client's own key is passed on.
    #[serde(default)]
    pub key: Option<SecretRef>,
    /// How long a whole answer may take.
    #[serde(default = "answer_timeout")]
    pub timeout: Period,
    /// How long parts of an answer may take.
    #[serde(default)]
    pub timeouts: UpstreamTimeouts,
    /// TLS towards the server.
    #[serde(default)]
    pub tls: UpstreamTls,
    /// Who honours the `moderation` field of chat and Responses requests.
    #[serde(default)]
    pub moderation: Moderation,
}

/// Who honours the `moderation` field of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Moderation {
    /// The gate, by the policy of the route; the server never sees the field.
    #[default]
    Local,
    /// The server, which knows the field: it passes, and so do the results.
    Upstream,
}

/// A model that needs no server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Builtin {
    /// The demo model: no key, no network.
    Demo,
}

/// How long parts of an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "upstream timeouts")]
pub struct UpstreamTimeouts {
    /// Until the connection is up.
    pub connect: Period,
    /// Until the head of the answer is there.
    pub first_byte: Period,
    /// Between two pieces of the answer.
    pub idle: Period,
}

/// TLS towards a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "upstream TLS")]
pub struct UpstreamTls {
    /// Path of the certificates to trust, in place of those of the machine.
    pub ca: Option<String>,
}

/// A server that classifiers of policies are asked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "an endpoint")]
pub struct Endpoint {
    /// Address of the server.
    #[schemars(schema_with = "shapes::url")]
    pub url: String,
    /// Key to send.
    #[serde(default)]
    pub key: Option<SecretRef>,
    /// TLS towards the server.
    #[serde(default)]
    pub tls: UpstreamTls,
    /// Headers to send; values are secrets.
    #[serde(default)]
    pub headers: Named<SecretRef>,
}

/// How it is known who is calling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "the tenant")]
pub struct Tenant {
    /// Where it is read from.
    pub from: TenantSource,
    /// Lines of key hashes and tenants, for `from: key`.
    pub keys: Option<SecretRef>,
    /// The header, for `from: header`.
    pub name: Option<String>,
    /// Networks whose header is believed.
    pub trusted: Vec<String>,
}

/// Where the tenant is read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TenantSource {
    /// Nobody is told apart.
    #[default]
    None,
    /// From the client's key. Not available in this version.
    Key,
    /// From a header that a trusted proxy sets. Not available in this version.
    Header,
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a route")]
pub struct Route {
    /// The route's name in metrics and records.
    #[schemars(schema_with = "shapes::identifier")]
    pub id: String,
    /// Which requests.
    #[serde(rename = "match")]
    pub matches: RouteMatch,
    /// Name of the upstream.
    pub upstream: String,
    /// Name of the policy.
    pub policy: String,
    /// Name of a policy that decides beside it about the same texts and changes nothing: metrics say what would differ.
    #[serde(default)]
    pub shadow_policy: Option<String>,
    /// The wire format, where the path does not tell.
    #[serde(default)]
    pub dialect: Option<String>,
    /// What happens to a path of this route that no dialect knows.
    #[serde(default)]
    pub unknown_path: UnknownPath,
    /// What happens to text in a place that the dialect does not know.
    #[serde(default)]
    pub unknown_leaf: UnknownLeaf,
}

/// Which requests a route takes; values may hold `*`. All have to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "a route match")]
pub struct RouteMatch {
    /// The path, such as `/v1/*`.
    pub path: Option<String>,
    /// Request headers by name.
    pub header: Option<Named<String>>,
    /// Who is calling. Not available in this version.
    pub tenant: Option<String>,
    /// Which key they call with. Not available in this version.
    pub key: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The language of the text. Not available in this version.
    pub language: Option<String>,
}

/// What happens to a path that no dialect knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnknownPath {
    /// It is refused.
    #[default]
    Deny,
    /// Every string of its JSON is screened.
    Walk,
}

/// What happens to text in a place that the dialect does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnknownLeaf {
    /// It is screened as text.
    #[default]
    Screen,
    /// The request is refused.
    Block,
    /// It passes unscreened, and is counted.
    Pass,
}

impl Default for UpstreamTimeouts {
    fn default() -> Self {
        Self {
            connect: Period::from_secs(5),
            first_byte: Period::from_secs(60),
            idle: Period::from_secs(60),
        }
    }
}

const fn answer_timeout() -> Period {
    Period::from_secs(600)
}
