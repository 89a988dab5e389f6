//! Who may use the console.

use std::time::Duration;

use crate::config::codes::Code;
use crate::config::document::Document;
use crate::config::problems::{Problem, Problems};
use crate::config::server_file::ServerFile;

/// The shortest time without a request after which a session may end.
const SHORTEST: Duration = Duration::from_secs(60);
/// The path that people come back to.
const CALLBACK: &str = "/api/oidc/callback";

/// Whether an address is one that secrets may travel to.
fn is_safe(address: &str) -> bool {
    let local = ["127.0.0.1", "localhost", "[::1]"];
    let plain = address.strip_prefix("http://").is_some_and(|rest| {
        let host = rest.split('/').next().unwrap_or_default();
        local.iter().any(|name| host == *name || host.starts_with(&format!("{name}:")))
    });
    plain || address.strip_prefix("https://").is_some_and(|rest| !rest.is_empty())
}

pub(super) fn access(file: &ServerFile, document: &Document, problems: &mut Problems) {
    sessions(file, document, problems);
    let Some(oidc) = &file.admin.auth.oidc else { return };
    let mut report = |key: &str, message: &str, help: &str| {
        let at = document.at(&format!("admin.auth.oidc{key}"));
        let problem = Problem::new(Code::TG078, message.to_owned()).at(at, "");
        problems.push(problem.help(help.to_owned()));
    };
    if !is_safe(&oidc.issuer) {
        let help = "issuer: https://id.example.com";
        report(".issuer", "secrets and people are sent there, so it has to be `https`", help);
    }
    if !is_safe(&oidc.redirect) || !oidc.redirect.ends_with(CALLBACK) {
        let help = "redirect: https://gate.example.com/api/oidc/callback";
        report(".redirect", "nobody who is sent there comes back to the console", help);
    }
    if oidc.roles.is_empty() {
        report(
            ".roles",
            "no group gives a role, so nobody gets in",
            "roles: { moderators: reviewer }",
        );
    }
    if file.store.url == "none" {
        report("", "there is no store to keep users in", "store: { url: 'sqlite:state.db' }");
    }
}

/// People have to get somewhere between signing in and having to sign in again.
fn sessions(file: &ServerFile, document: &Document, problems: &mut Problems) {
    let sessions = &file.admin.sessions;
    let (idle, absolute) = (sessions.idle.duration(), sessions.absolute.duration());
    let mut report = |key: &str, message: &str, help: &str| {
        let at = document.at(&format!("admin.sessions.{key}"));
        let problem = Problem::new(Code::TG077, message.to_owned()).at(at, "");
        problems.push(problem.help(help.to_owned()));
    };
    if idle < SHORTEST {
        report("idle", "whoever signs in is signed out before they can do anything", "idle: 30m");
    }
    if absolute < idle {
        report("absolute", "a session ends before it could be idle for so long", "absolute: 12h");
    }
}
