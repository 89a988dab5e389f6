//! Upstreams, made ready from what the server file says, and the secrets that it names.

use std::collections::HashMap;
use std::sync::Arc;

use super::certificates::Certificates;
use crate::config::server_file::{Builtin, Moderation, Upstream as Written};
use crate::config::{Code, LoadedServer, Problem, Problems, SecretRef};
use crate::domain::Secret;
use crate::proxy::NamedUpstream;
use crate::upstream::demo::{Demo, DemoSettings};
use crate::upstream::{OwnAddresses, Remote, RemoteSettings, Upstream, UpstreamTimeouts};

/// Upstreams by their names.
pub type Upstreams = HashMap<String, Arc<NamedUpstream>>;

/// What upstreams are made of beside the server file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings<'s> {
    pub(super) environment: &'s [(String, String)],
    pub(super) demo: DemoSettings,
    pub(super) certificates: &'s Certificates,
    /// The gate's own listeners.
    pub(super) own: &'s OwnAddresses,
}

/// Makes every upstream ready; what one lacks is a problem at its key. An upstream whose lines have a mistake
/// has been spoken of already.
pub(super) fn upstreams(
    server: &LoadedServer,
    around: Surroundings<'_>,
    problems: &mut Problems,
) -> Upstreams {
    let mut upstreams = Upstreams::new();
    for (name, written) in server.file.upstreams.iter() {
        let place = format!("upstreams.{name}");
        match upstream(server, (name, written), around) {
            Ok(Some(upstream)) => {
                let moderates = written.moderation == Moderation::Upstream;
                let named = NamedUpstream { name: Arc::from(name), upstream, moderates };
                upstreams.insert(name.to_owned(), Arc::new(named));
            }
            Ok(None) => {}
            Err(message) => {
                let at = server.document.at(&place);
                problems.push(Problem::new(Code::TG062, message).at(at, ""));
            }
        }
    }
    upstreams
}

fn upstream(
    server: &LoadedServer,
    (name, written): (&str, &Written),
    around: Surroundings<'_>,
) -> Result<Option<Upstream>, String> {
    if written.builtin == Some(Builtin::Demo) {
        return Ok(Some(Upstream::Demo(Demo::new(around.demo))));
    }
    let Some(url) = written.url.as_deref() else { return Ok(None) };
    let base = url.parse().map_err(|_| format!("`{url}` is not an address"))?;
    let key = match &written.key {
        Some(reference) => Some(secret(server, reference, around.environment)?),
        None => None,
    };
    let timeouts = UpstreamTimeouts {
        connect: written.timeouts.connect.duration(),
        first_byte: written.timeouts.first_byte.duration(),
        idle: written.timeouts.idle.duration(),
        total: written.timeout.duration(),
    };
    let own = around.own.clone();
    let authorities = around.certificates.authorities.get(name).cloned();
    let remote = Remote::new(RemoteSettings { base, key, authorities, timeouts, own });
    let remote = remote.map_err(|error| error.to_string())?;
    Ok(Some(Upstream::Remote(Box::new(remote))))
}

/// The value that a reference names. The message of an error names the reference, never a value.
pub(super) fn secret(
    server: &LoadedServer,
    reference: &SecretRef,
    environment: &[(String, String)],
) -> Result<Secret, String> {
    match reference {
        SecretRef::Env { env } => {
            let value = environment.iter().find(|(name, _)| name == env);
            let value = value.filter(|(_, value)| !value.is_empty());
            value
                .map(|(_, value)| Secret::new(value.clone()))
                .ok_or_else(|| format!("the environment variable `{env}` is not set"))
        }
        SecretRef::File { file } => {
            let path = server.root.join(file);
            let value = std::fs::read_to_string(&path)
                .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
            Ok(Secret::new(value.trim_end_matches(['\n', '\r'])))
        }
    }
}
