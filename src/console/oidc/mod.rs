//! People whom another system signs in, by OpenID Connect: the authorization code flow with PKCE (RFC 7636), as OpenID
//! Connect Core 1.0 has it.

mod id_token;
mod provider;
mod sign_in;
mod ticket;

pub use provider::{OidcFault, OidcSettings, Provider};
pub(super) use sign_in::{callback, login};
