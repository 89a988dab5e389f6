//! Who may use the console.

use crate::config::codes::Code;
use crate::config::document::Document;
use crate::config::problems::{Problem, Problems};
use crate::config::server_file::ServerFile;

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
