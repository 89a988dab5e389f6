//! The two listeners.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::shapes::{self, Named, SecretRef};
use crate::config::units::Period;

/// The admin listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "the admin listener")]
pub struct Admin {
    /// Address and port.
    #[schemars(schema_with = "shapes::address")]
    pub listen: String,
    /// Who may use it; required beyond the loopback address.
    pub auth: AdminAuth,
    /// Allow an address beyond loopback without TLS.
    pub allow_plaintext: bool,
    /// TLS of the admin listener. Files are read again on reload.
    pub tls: Option<TlsFiles>,
    /// `Host` and `Origin` values that are accepted.
    pub hosts: Vec<String>,
    /// How long people stay signed in.
    pub sessions: Sessions,
}

/// How long people stay signed in at the console.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "sessions of the console")]
pub struct Sessions {
    /// After this time without a request one has to sign in again.
    pub idle: Period,
    /// After this time one has to sign in again in any case.
    pub absolute: Period,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { idle: Period::from_secs(30 * 60), absolute: Period::from_secs(12 * 60 * 60) }
    }
}

/// Who may use the admin listener.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "admin authentication")]
pub struct AdminAuth {
    /// Bearer tokens of those who scrape `/metrics`, one a line.
    pub tokens: Option<SecretRef>,
    /// Another system that signs people in at the console, by OpenID Connect.
    pub oidc: Option<Oidc>,
}

/// A system that signs people in, by OpenID Connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "an identity provider")]
pub struct Oidc {
    /// Its name, to the letter as it says it: `https://id.example/realms/us`.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there.
    #[serde(default)]
    pub client_secret: Option<SecretRef>,
    /// Where it sends people back to: this listener's `/api/oidc/callback`, as browsers see it.
    pub redirect: String,
    /// What we ask for besides `openid`.
    #[serde(default = "oidc_scopes")]
    pub scopes: Vec<String>,
    /// The claim that names the groups of people.
    #[serde(default = "oidc_claim")]
    pub claim: String,
    /// Which role a group gives; who is in none of them is not let in.
    pub roles: Named<RoleName>,
    /// Certificate authorities in PEM that vouch for it, in place of those of the platform.
    #[serde(default)]
    pub ca: Option<String>,
}

/// What somebody may do at the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoleName {
    /// Sees figures and decisions, and no text.
    Viewer,
    /// Reads texts and judges.
    Reviewer,
    /// Works on policies.
    Editor,
    /// Everything.
    Admin,
}

fn oidc_scopes() -> Vec<String> {
    ["profile", "email"].map(str::to_owned).to_vec()
}

fn oidc_claim() -> String {
    "groups".to_owned()
}

/// Certificate and key of a listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "TLS files")]
pub struct TlsFiles {
    /// Path of the certificate chain.
    pub cert: String,
    /// Path of the private key.
    pub key: String,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:9901".to_owned(),
            auth: AdminAuth::default(),
            allow_plaintext: false,
            tls: None,
            hosts: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            sessions: Sessions::default(),
        }
    }
}

pub(super) fn data_address() -> String {
    "127.0.0.1:8080".to_owned()
}
