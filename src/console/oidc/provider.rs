//! The other system: what it says of itself, its keys, and the exchange of a code for a token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use form_urlencoded::{Serializer, byte_serialize};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Uri};
use jsonwebtoken::jwk::JwkSet;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::time::Instant;
use tracing::debug;

use super::id_token::{Claims, Expected, Unbelieved, believe};
use super::ticket::Ticket;
use crate::console::Role;
use crate::domain::Secret;
use crate::upstream::{
    Authorities, Outgoing, OwnAddresses, Remote, RemoteSettings, Upstream, UpstreamTimeouts,
};

/// How long one question to it may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of an answer.
const MOST_ANSWER: usize = 256 << 10;
/// How long what it says of itself is good.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// How often its keys are asked for at most, where a token names one that is not known.
const KEYS_AGAIN: Duration = Duration::from_secs(60);
/// The most servers that it has, by scheme, host and port.
const MOST_SERVERS: usize = 4;

/// What there is to know of the other system.
#[derive(Debug)]
pub struct OidcSettings {
    /// Its name, an address.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: Option<Secret>,
    /// Where it sends people back to: our `/api/oidc/callback`.
    pub redirect: String,
    /// What we want to know of people, besides `openid`.
    pub scopes: Vec<String>,
    /// The claim that names their groups.
    pub claim: String,
    /// Which role a group gives.
    pub roles: Vec<(String, Role)>,
    /// Whom to trust in place of the authorities of the platform.
    pub authorities: Option<Authorities>,
    /// The gate's own listeners, to which it must not lead.
    pub own: OwnAddresses,
}

/// What is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct OidcFault(String);

/// Why somebody cannot be signed in by it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Unsigned {
    /// It cannot be asked, or does not answer as it should.
    #[error("the identity provider cannot be asked: {0}")]
    Away(String),
    /// It does not take the code.
    #[error("the identity provider does not take the code ({0})")]
    Code(u16),
    /// Its token is not believed.
    #[error(transparent)]
    Token(#[from] Unbelieved),
}

/// What it says of itself (OpenID Connect Discovery 1.0, 3).
#[derive(Clone, Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// The other system.
#[derive(Debug)]
pub struct Provider {
    pub(super) settings: OidcSettings,
    servers: Mutex<HashMap<String, Arc<Upstream>>>,
    metadata: Mutex<Option<(Instant, Metadata)>>,
    keys: Mutex<Option<(Instant, Arc<JwkSet>)>>,
}

/// A value as a form and a query carry it.
fn encoded(value: &str) -> String {
    byte_serialize(value.as_bytes()).collect()
}

/// An address in two: the server, and the place there.
fn parted(address: &str) -> Result<(Uri, String), String> {
    let wrong = || "it names an address that is none".to_owned();
    let uri: Uri = address.parse().map_err(|_| wrong())?;
    let local = matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if local => {}
        _ => return Err("beyond this machine it is asked over https alone".to_owned()),
    }
    let place = uri.path_and_query().map_or("/", PathAndQuery::as_str).to_owned();
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(PathAndQuery::from_static("/"));
    Ok((Uri::from_parts(parts).map_err(|_| wrong())?, place))
}

impl Provider {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// When the settings cannot be right.
    pub fn new(settings: OidcSettings) -> Result<Self, OidcFault> {
        parted(&settings.issuer).map_err(OidcFault)?;
        parted(&settings.redirect).map_err(OidcFault)?;
        Ok(Self {
            settings,
            servers: Mutex::default(),
            metadata: Mutex::default(),
            keys: Mutex::default(),
        })
    }

    /// Where somebody with this ticket is sent; with `again` they have to show there who they are, also if they did before.
    pub(super) async fn door(&self, ticket: &Ticket, again: bool) -> Result<String, Unsigned> {
        let metadata = self.metadata().await?;
        let scopes = ["openid"].into_iter().chain(self.settings.scopes.iter().map(String::as_str));
        let scopes = scopes.collect::<Vec<_>>().join(" ");
        let (state, nonce, challenge) = (ticket.state(), ticket.nonce(), ticket.challenge());
        let members = [
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &self.settings.redirect),
            ("scope", &scopes),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        // Asked for an age, it has to say when it was (OpenID Connect Core 1.0, 3.1.2.1).
        let again = again.then_some([("prompt", "login"), ("max_age", "0")]);
        let query = form(members.into_iter().chain(again.into_iter().flatten()));
        let mark = if metadata.authorization_endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{}{mark}{query}", metadata.authorization_endpoint))
    }

    /// Who came back with this code.
    pub(super) async fn who(&self, code: &str, ticket: &Ticket) -> Result<Claims, Unsigned> {
        let metadata = self.metadata().await?;
        let tokens = self.exchange(&metadata, code, ticket).await?;
        let nonce = ticket.nonce();
        let expected = Expected {
            issuer: &self.settings.issuer,
            client: &self.settings.client_id,
            nonce: &nonce,
        };
        let keys = self.keys(&metadata, false).await?;
        match believe(&tokens.id_token, &keys, expected) {
            // It may have new keys.
            Err(Unbelieved::Key) => {
                let keys = self.keys(&metadata, true).await?;
                Ok(believe(&tokens.id_token, &keys, expected)?)
            }
            believed => Ok(believed?),
        }
    }

    async fn exchange(
        &self,
        metadata: &Metadata,
        code: &str,
        ticket: &Ticket,
    ) -> Result<Tokens, Unsigned> {
        let settings = &self.settings;
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, kind);
        let verifier = ticket.verifier();
        let mut members = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &settings.redirect),
            ("code_verifier", &verifier),
        ];
        let methods = &metadata.token_endpoint_auth_methods_supported;
        // Without a word of it, it takes HTTP's own way (OpenID Connect Discovery 1.0, 3).
        let basic = methods.is_empty() || methods.iter().any(|way| way == "client_secret_basic");
        match &settings.client_secret {
            Some(secret) if basic => {
                let (id, secret) = (encoded(&settings.client_id), encoded(secret.expose()));
                let pair = format!("Basic {}", BASE64.encode(format!("{id}:{secret}")));
                let mut pair = HeaderValue::from_str(&pair)
                    .map_err(|_| Unsigned::Away("the client's secret cannot be sent".to_owned()))?;
                pair.set_sensitive(true);
                headers.insert(AUTHORIZATION, pair);
            }
            Some(secret) => {
                members.push(("client_id", &settings.client_id));
                members.push(("client_secret", secret.expose()));
            }
            None => members.push(("client_id", &settings.client_id)),
        }
        let body = Bytes::from(form(members));
        let address = &metadata.token_endpoint;
        let (status, answer) = self.ask(Method::POST, address, headers, body).await?;
        if status != 200 {
            return Err(Unsigned::Code(status));
        }
        read(&answer)
    }

    async fn metadata(&self) -> Result<Metadata, Unsigned> {
        let known = self.metadata.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((since, metadata)) = known
            && since.elapsed() < FRESH
        {
            return Ok(metadata);
        }
        let issuer = self.settings.issuer.trim_end_matches('/');
        let address = format!("{issuer}/.well-known/openid-configuration");
        let metadata: Metadata = self.get(&address).await?;
        // Else somebody else speaks for it (OpenID Connect Discovery 1.0, 4.3).
        if metadata.issuer != self.settings.issuer {
            let why = "it says that it is another one than `issuer`, which has to be the same to the letter";
            return Err(Unsigned::Away(why.to_owned()));
        }
        self.check_places(&metadata).map_err(Unsigned::Away)?;
        let mut known = self.metadata.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((Instant::now(), metadata.clone()));
        Ok(metadata)
    }

    /// Whether nobody is sent, and nothing is asked, where a far system has no business: in the clear, or on this machine.
    fn check_places(&self, metadata: &Metadata) -> Result<(), String> {
        let Metadata { authorization_endpoint, token_endpoint, jwks_uri, .. } = metadata;
        let near = parted(&self.settings.issuer)?.0.scheme_str() == Some("http");
        for place in [authorization_endpoint, token_endpoint, jwks_uri] {
            if parted(place)?.0.scheme_str() == Some("http") && !near {
                return Err("it names an address that is not https".to_owned());
            }
        }
        Ok(())
    }

    async fn keys(&self, metadata: &Metadata, again: bool) -> Result<Arc<JwkSet>, Unsigned> {
        let limit = if again { KEYS_AGAIN } else { FRESH };
        let known = self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((since, keys)) = known
            && since.elapsed() < limit
        {
            return Ok(keys);
        }
        let keys: Arc<JwkSet> = Arc::new(self.get(&metadata.jwks_uri).await?);
        let mut known = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((Instant::now(), Arc::clone(&keys)));
        Ok(keys)
    }

    async fn get<T: DeserializeOwned>(&self, address: &str) -> Result<T, Unsigned> {
        let (status, answer) =
            self.ask(Method::GET, address, HeaderMap::new(), Bytes::new()).await?;
        if status != 200 {
            return Err(Unsigned::Away(format!("it answers {status}")));
        }
        read(&answer)
    }

    async fn ask(
        &self,
        method: Method,
        address: &str,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<(u16, Bytes), Unsigned> {
        let (base, path_and_query) = parted(address).map_err(Unsigned::Away)?;
        let server = self.server(base)?;
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let away = |error: crate::upstream::UpstreamError| {
            debug!(cause = error.cause(), "the identity provider cannot be asked");
            Unsigned::Away(error.to_string())
        };
        let sent = server.send(Outgoing { method, path_and_query, headers, body }).await;
        let answer = sent.map_err(away)?;
        let status = answer.status.as_u16();
        Ok((status, answer.body.collect(MOST_ANSWER).await.map_err(away)?))
    }

    fn server(&self, base: Uri) -> Result<Arc<Upstream>, Unsigned> {
        let name = base.to_string();
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = servers.get(&name) {
            return Ok(Arc::clone(known));
        }
        if servers.len() >= MOST_SERVERS {
            servers.clear();
        }
        let timeouts = UpstreamTimeouts {
            connect: TIMEOUT,
            first_byte: TIMEOUT,
            idle: TIMEOUT,
            total: TIMEOUT,
        };
        let authorities = self.settings.authorities.clone();
        let own = self.settings.own.clone();
        let remote = Remote::new(RemoteSettings { base, key: None, authorities, timeouts, own })
            .map_err(|error| Unsigned::Away(error.to_string()))?;
        let server = Arc::new(Upstream::Remote(Box::new(remote)));
        servers.insert(name, Arc::clone(&server));
        Ok(server)
    }
}

fn form<'m>(members: impl IntoIterator<Item = (&'m str, &'m str)>) -> String {
    Serializer::new(String::new()).extend_pairs(members).finish()
}

fn read<T: DeserializeOwned>(answer: &Bytes) -> Result<T, Unsigned> {
    let unread = |_| Unsigned::Away("its answer cannot be read".to_owned());
    serde_json::from_slice(answer).map_err(unread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_over_https_beyond_this_machine() {
        let (base, place) = parted("https://id.example:8443/realm/a?b=c").unwrap();
        assert_eq!(
            (base.to_string().as_str(), place.as_str()),
            ("https://id.example:8443/", "/realm/a?b=c")
        );
        assert!(parted("http://127.0.0.1:1/").is_ok() && parted("http://localhost").is_ok());
        for wrong in
            ["http://id.example", "ftp://id", "id.example", "", "http://localhost.evil.example"]
        {
            assert!(parted(wrong).is_err(), "{wrong}");
        }
    }
}
