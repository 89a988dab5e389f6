//! Who may use the admin listener, as the server file says.

use super::load::Loaded;
use super::serve::ServeOptions;
use super::upstreams::secret;
use crate::config::server_file::ServerFile;
use crate::config::units::Period;
use crate::console::{Access, Provider, SetupToken};
use crate::domain::Secret;
use crate::proxy::Gateway;

/// Who may use the console. Where nobody can sign in yet, whoever starts the gate is told how to become the first admin.
pub(super) async fn access(
    gateway: &Gateway,
    file: &ServerFile,
    identity: Option<Provider>,
    options: &ServeOptions,
) -> Access {
    let millis = |period: Period| i64::try_from(period.duration().as_millis()).unwrap_or(i64::MAX);
    let sessions = &file.admin.sessions;
    let times = (millis(sessions.idle), millis(sessions.absolute));
    let (setup, token) = match gateway.shelf() {
        Some(shelf) => SetupToken::for_store(&shelf.store).await,
        None => (SetupToken::default(), None),
    };
    if let Some((announce, token)) = options.announce.zip(token) {
        let scheme = if file.admin.tls.is_some() { "https" } else { "http" };
        announce(&format!("{scheme}://{}", file.admin.listen), &token);
    }
    let tls = file.admin.tls.is_some();
    Access { oidc: identity, tls, ..Access::new(times, setup) }
}

/// The tokens of those who scrape.
///
/// # Errors
/// When they cannot be read.
pub(super) fn admin_tokens(
    loaded: &Loaded,
    options: &ServeOptions,
) -> std::io::Result<Vec<Secret>> {
    let Some(reference) = &loaded.server.file.admin.auth.tokens else { return Ok(Vec::new()) };
    let secret = secret(&loaded.server, reference, &options.environment);
    let secret = secret.map_err(std::io::Error::other)?;
    let lines = secret.expose().lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.map(Secret::new).collect())
}
