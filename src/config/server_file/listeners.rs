//! The two listeners.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::shapes::{self, SecretRef};
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
    /// Bearer tokens, one a line.
    pub tokens: Option<SecretRef>,
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
