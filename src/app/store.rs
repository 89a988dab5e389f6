//! The store, made ready from what the server file says.

use std::path::Path;
use std::sync::Arc;

use thiserror::Error;

use super::upstreams::secret;
use crate::audit::Signer;
use crate::config::server_file::StoreText;
use crate::config::{Code, Flag, LoadedServer, Problem, Problems, load_server};
use crate::domain::KeptText;
use crate::store::{Engine, Now, Store, StoreError, StoreSettings, TextKey};
use crate::telemetry::Clock;
use crate::upstream::{Authorities, trusting};

/// A store that a command works with.
#[derive(Debug)]
pub struct OpenStore {
    /// The store.
    pub store: Store,
    /// The server file that names it.
    pub server: LoadedServer,
}

/// Why there is no store.
#[derive(Debug, Error)]
pub enum StoreFault {
    /// The server file is wrong; all of what is wrong with it.
    #[error("the configuration is not valid")]
    Configuration(Box<Problems>),
    /// The server file names none.
    #[error("the server file names no store; `store: {{ url: sqlite:state.db }}` would be one")]
    None,
    /// It cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens the store that a server file names, for a command.
///
/// # Errors
/// When the file is wrong, names no store, or the store cannot be used.
pub fn open_store(
    path: Option<&Path>,
    environment: &[(String, String)],
    flags: &[Flag],
    clock: Clock,
) -> Result<OpenStore, StoreFault> {
    let (server, mut problems) = load_server(path, environment, flags);
    let wrong = |problems: Problems| StoreFault::Configuration(Box::new(problems));
    let Some(server) = server.filter(|_| !problems.has_errors()) else {
        return Err(wrong(problems));
    };
    let key = server.file.audit.key.as_ref().map(|key| secret(&server, key, environment));
    let signer = key.and_then(Result::ok).and_then(|pem| Signer::from_pem(pem.expose()).ok());
    let settings = settings(&server, environment, signer.map(Arc::new), clock, &mut problems);
    if problems.has_errors() {
        return Err(wrong(problems));
    }
    let settings = settings.ok_or(StoreFault::None)?;
    let store = Store::start(StoreSettings { waits: false, ..settings })?;
    Ok(OpenStore { store, server })
}

/// What the server file asks of the store; what is wrong with it is a problem at its key.
pub(super) fn settings(
    server: &LoadedServer,
    environment: &[(String, String)],
    signer: Option<Arc<Signer>>,
    clock: Clock,
    problems: &mut Problems,
) -> Option<StoreSettings> {
    let store = &server.file.store;
    let mut refuse = |key: &str, message: String| {
        let at = server.document.at(&format!("store.{key}"));
        problems.push(Problem::new(Code::TG069, message).at(at, ""));
    };
    let mut take = |name: &str, reference: Option<&_>| {
        let taken = reference.map(|reference| secret(server, reference, environment)).transpose();
        taken.map_err(|message| refuse(name, message)).unwrap_or_default()
    };
    let password = take("password", store.password.as_ref());
    let key = take("key", store.key.as_ref());
    let key = key.map(|key| TextKey::new(key.expose())).transpose();
    let key = key.map_err(|message| refuse("key", message)).unwrap_or_default();
    let engine = match store.url.strip_prefix("sqlite:") {
        _ if store.url == "none" => return None,
        Some(path) => Engine::Sqlite(server.root.join(path)),
        None => {
            let tls = tls(server).map_err(|message| refuse("ca", message)).unwrap_or_default();
            Engine::Postgres { url: store.url.clone(), password, tls }
        }
    };
    // A file that cannot be opened is a mistake; a server may be on its way.
    let waits = matches!(engine, Engine::Postgres { .. }) && !store.required;
    Some(StoreSettings {
        waits,
        engine,
        key,
        signer,
        now: Now(Arc::new(move || clock.now().as_millisecond())),
    })
}

fn tls(server: &LoadedServer) -> Result<Option<Arc<rustls::ClientConfig>>, String> {
    let store = &server.file.store;
    if store.url.contains("sslmode=disable") {
        return Ok(None);
    }
    let authorities = store.ca.as_ref().map(|ca| {
        let path = server.root.join(ca);
        let unreadable = |error| format!("`{}` cannot be read: {error}", path.display());
        let pem = std::fs::read(&path).map_err(unreadable)?;
        Authorities::from_pem(&pem).map_err(|error| error.to_string())
    });
    // On this machine, or where a server is told to speak plainly, nobody need be trusted.
    match trusting(authorities.transpose()?.as_ref()) {
        Ok(tls) => Ok(Some(Arc::new(tls))),
        Err(_) if !store.url.contains("sslmode=require") => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// The most that is kept of texts.
pub(super) const fn kept_text(text: StoreText) -> KeptText {
    match text {
        StoreText::None => KeptText::Omitted,
        StoreText::Hashed => KeptText::Hashed,
        StoreText::Redacted => KeptText::Redacted,
        StoreText::Full => KeptText::Full,
    }
}
