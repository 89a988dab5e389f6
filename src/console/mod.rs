//! The admin listener: metrics and health, the console and its interface. It is never reachable through the data
//! listener.

mod access;
mod admin;
mod answer;
mod asked;
mod assets;
mod decisions;
mod feedback;
mod improve;
mod learning;
mod ledger;
mod live;
mod oidc;
mod openapi;
mod overview;
mod passages;
mod playground;
mod policies;
mod review;
mod workshop;

pub use access::{
    Attempts, Hashing, Permission, Refusals, Role, SetupToken, WeakPassword, hash_password,
};

pub use oidc::{OidcFault, OidcSettings, Provider};
pub use workshop::{
    Bay, Deed, Diagnostic, Draft, InForce, PolicyFacts, Reload, RuleFacts, TestEnd, Under, Wish,
    Work, Workshop, WorkshopFault,
};

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, patch, post, put};

use crate::domain::Secret;
use crate::proxy::Gateway;
use crate::store::Store;
use crate::telemetry::Telemetry;

use access::new_id;

/// What the admin listener shows.
#[derive(Debug)]
pub struct AdminState {
    /// Where the metrics come from.
    pub telemetry: Telemetry,
    /// What is in force.
    pub gateway: Arc<Gateway>,
    /// Whether requests may come: policies are loaded, listeners are up, no drain has begun.
    pub ready: AtomicBool,
    /// Accepted values of `Host` and `Origin`, without ports.
    pub hosts: Vec<String>,
    /// Accepted bearer tokens of scrapers; none means that none is asked for.
    pub tokens: Vec<Secret>,
    /// Who may use the console.
    pub access: Access,
    /// What is known of the files, and tried out with them.
    pub workshop: Arc<dyn Workshop>,
}

/// What the door of the console knows.
#[derive(Debug)]
pub struct Access {
    /// After how long without a request a session ends, in milliseconds.
    pub idle: i64,
    /// After how long a session ends in any case, in milliseconds.
    pub absolute: i64,
    /// Makes the first admin.
    pub setup: SetupToken,
    /// Wrong passwords of late.
    pub attempts: Attempts,
    /// Limits the passwords that are looked at at once.
    pub hashing: Hashing,
    /// Who tried of late what they may not do.
    pub refusals: Refusals,
    /// Whether the listener speaks TLS.
    pub tls: bool,
    /// The other system that may sign users in.
    pub oidc: Option<Provider>,
}

impl Access {
    /// A door with these limits, in milliseconds, and this way to the first admin.
    pub fn new((idle, absolute): (i64, i64), setup: SetupToken) -> Self {
        Self {
            idle,
            absolute,
            setup,
            attempts: Attempts::default(),
            hashing: Hashing::default(),
            refusals: Refusals::default(),
            tls: false,
            oidc: None,
        }
    }
}

impl AdminState {
    /// The store, where there is one.
    fn store(&self) -> Option<Store> {
        self.gateway.shelf().map(|shelf| shelf.store.clone())
    }
}

/// The routes of the admin listener.
pub fn admin_routes(state: Arc<AdminState>) -> Router {
    let api = api().route_layer(from_fn_with_state(Arc::clone(&state), access::guard));
    admin::routes(&state)
        .merge(assets::routes())
        .merge(api)
        .layer(from_fn_with_state(Arc::clone(&state), admin::check_host))
        .layer(from_fn(assets::with_headers))
        .with_state(state)
}

/// The interface; `access::TABLE` says what each place asks for.
fn api() -> Router<Arc<AdminState>> {
    Router::new()
        .route("/api/setup", get(access::needed).post(access::set_up))
        .route("/api/session", get(access::session).post(access::sign_in).delete(access::sign_out))
        .route("/api/oidc/login", get(oidc::login))
        .route("/api/oidc/callback", get(oidc::callback))
        .route("/api/session/confirm", post(access::confirm))
        .route("/api/password", put(access::password))
        .route("/api/users", get(access::users).post(access::add_user))
        .route("/api/users/{id}", patch(access::change_user))
        .route("/api/users/{id}/sessions", delete(access::end_sessions))
        .route("/api/tokens", get(access::tokens).post(access::add_token))
        .route("/api/tokens/{id}", delete(access::revoke_token))
        .route("/api/adapt", get(learning::adapted))
        .route("/api/adapt/reset", post(learning::reset))
        .merge(overview::routes())
        .merge(live::routes())
        .merge(decisions::routes())
        .merge(review::routes())
        .merge(feedback::routes())
        .merge(ledger::routes())
        .merge(openapi::routes())
        .merge(policies::routes())
}
