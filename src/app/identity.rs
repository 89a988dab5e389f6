//! The system that signs people in at the console, made ready from what the server file says.

use super::upstreams::secret;
use crate::config::server_file::{Oidc, RoleName};
use crate::config::{Code, LoadedServer, Problem, Problems};
use crate::console::{OidcSettings, Provider, Role};
use crate::upstream::{Authorities, OwnAddresses};

/// The system that the server file names; what is wrong with it is a problem at its key.
pub(super) fn identity(
    server: &LoadedServer,
    environment: &[(String, String)],
    own: &OwnAddresses,
    problems: &mut Problems,
) -> Option<Provider> {
    let oidc = server.file.admin.auth.oidc.as_ref()?;
    let ready = settings(server, oidc, environment, own);
    let ready = ready.and_then(|settings| {
        Provider::new(settings).map_err(|fault| ("issuer", fault.to_string()))
    });
    match ready {
        Ok(provider) => Some(provider),
        Err((key, message)) => {
            let at = server.document.at(&format!("admin.auth.oidc.{key}"));
            problems.push(Problem::new(Code::TG078, message).at(at, ""));
            None
        }
    }
}

fn settings(
    server: &LoadedServer,
    oidc: &Oidc,
    environment: &[(String, String)],
    own: &OwnAddresses,
) -> Result<OidcSettings, (&'static str, String)> {
    let take = |reference| secret(server, reference, environment);
    let client_secret = oidc.client_secret.as_ref().map(take).transpose();
    let authorities = oidc.ca.as_ref().map(|ca| {
        let path = server.root.join(ca);
        let unreadable = |error| format!("`{}` cannot be read: {error}", path.display());
        let pem = std::fs::read(&path).map_err(unreadable)?;
        Authorities::from_pem(&pem).map_err(|error| error.to_string())
    });
    let role = |name: &RoleName| match name {
        RoleName::Viewer => Role::Viewer,
        RoleName::Reviewer => Role::Reviewer,
        RoleName::Editor => Role::Editor,
        RoleName::Admin => Role::Admin,
    };
    Ok(OidcSettings {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        client_secret: client_secret.map_err(|why| ("client_secret", why))?,
        redirect: oidc.redirect.clone(),
        scopes: oidc.scopes.clone(),
        claim: oidc.claim.clone(),
        roles: oidc.roles.iter().map(|(group, name)| (group.to_owned(), role(name))).collect(),
        authorities: authorities.transpose().map_err(|why| ("ca", why))?,
        own: own.clone(),
    })
}
