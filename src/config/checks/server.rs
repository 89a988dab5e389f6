//! The server file.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use http::Uri;

use super::access::access;
use super::store::store;
use super::unknown;
use super::webhooks::webhooks;
use crate::config::codes::Code;
use crate::config::document::Document;
use crate::config::formats::{url, url_holds_secret};
use crate::config::problems::{Gravity, Problem, Problems};
use crate::config::server_file::{FailMode, Moderation, ServerFile, UnknownLeaf};
use crate::config::units::Share;

/// What shows only when several keys of the server file are looked at.
pub(in crate::config) fn server(file: &ServerFile, document: &Document, problems: &mut Problems) {
    admin(file, document, problems);
    upstreams(file, document, problems);
    own_addresses(file, document, problems);
    routes(file, document, problems);
    records(file, document, problems);
    store(file, document, problems);
    webhooks(file, document, problems);
    access(file, document, problems);
    if file.fail.internal_error == FailMode::Open {
        let message = "`fail.internal_error: open` fails open";
        let at = document.at("fail.internal_error");
        problems.report(Code::TG050, message, at, "traffic passes unscreened then");
    }
}

fn admin(file: &ServerFile, document: &Document, problems: &mut Problems) {
    let loopback =
        file.admin.listen.parse().is_ok_and(|address: SocketAddr| address.ip().is_loopback());
    if loopback {
        return;
    }
    let mut report = |label: &str, help: &str| {
        let problem = Problem::new(Code::TG061, "the admin listener is open to the network");
        problems.push(problem.at(document.at("admin.listen"), label).help(help));
    };
    if file.admin.auth.tokens.is_none() {
        report("anybody could use it", "admin: { auth: { tokens: { file: PATH } } }");
    }
    if file.admin.tls.is_none() && !file.admin.allow_plaintext {
        report(
            "tokens would travel in plain text",
            "admin: { allow_plaintext: true } where the network is trusted",
        );
    }
}

fn upstreams(file: &ServerFile, document: &Document, problems: &mut Problems) {
    for (name, upstream) in file.upstreams.iter() {
        let at = document.key_at(&format!("upstreams.{name}"));
        // A key whose value is wrong has a diagnostic of its own.
        let unread =
            |key: &str, read: bool| !read && document.says(&format!("upstreams.{name}.{key}"));
        if unread("url", upstream.url.is_some()) || unread("builtin", upstream.builtin.is_some()) {
            continue;
        }
        let label = match (&upstream.url, upstream.builtin) {
            (None, None) => "`url` or `builtin` is missing",
            (Some(_), Some(_)) => "either `url` or `builtin`",
            (None, Some(_)) if upstream.key.is_some() || upstream.tls.ca.is_some() => {
                "the built-in model takes neither `key` nor `tls`"
            }
            (None, Some(_)) if upstream.moderation == Moderation::Upstream => {
                "the built-in model knows no `moderation`; leave the key out"
            }
            _ => continue,
        };
        problems.report(Code::TG063, format!("the upstream `{name}` is not one thing"), at, label);
    }
}

/// No upstream is one of the gate's own listeners.
fn own_addresses(file: &ServerFile, document: &Document, problems: &mut Problems) {
    let listeners = [("listen", &file.listen), ("admin.listen", &file.admin.listen)];
    for (name, upstream) in file.upstreams.iter() {
        let Some(url) = &upstream.url else { continue };
        for (key, listen) in listeners {
            if leads_to(url, listen) {
                let message = format!("the upstream `{name}` is the gate itself");
                let at = document.at(&format!("upstreams.{name}.url"));
                let problem = Problem::new(Code::TG065, message).at(at, "this is where it listens");
                problems.push(
                    problem
                        .help(format!("give the address of a model server, not that of `{key}`")),
                );
            }
        }
    }
}

/// Whether a URL names what a listener listens on, as far as that can be told without asking for names.
fn leads_to(url: &str, listen: &str) -> bool {
    let Ok(url) = url.parse::<Uri>() else { return false };
    let default = if url.scheme_str() == Some("https") { 443 } else { 80 };
    let Some((host, port)) = listen.rsplit_once(':') else { return false };
    if url.port_u16().unwrap_or(default).to_string() != port {
        return false;
    }
    let bare =
        |host: &str| host.trim_start_matches('[').trim_end_matches([']', '.']).to_ascii_lowercase();
    let (to, host) = (bare(url.host().unwrap_or_default()), bare(host));
    let address = |host: &str| host.parse().ok().map(|address: IpAddr| address.to_canonical());
    let loops = |host: &str| host == "localhost" || address(host).is_some_and(|a| a.is_loopback());
    let is_any = |host: &str| address(host).is_some_and(|a| a.is_unspecified());
    // Two loopback addresses are two places; `localhost` and an unspecified one are any of them.
    let same = to == host || address(&to).is_some_and(|to| address(&host) == Some(to));
    let wide = |host: &str| host == "localhost" || is_any(host);
    same || ((loops(&to) || is_any(&to))
        && (loops(&host) || is_any(&host))
        && (wide(&to) || wide(&host)))
}

/// Where decision records go, and what is asked of them.
fn records(file: &ServerFile, document: &Document, problems: &mut Problems) {
    let decisions = &file.log.decisions;
    let to = decisions.to.as_str();
    let mut report = |key: &str, message: String, label: &str, help: &str| {
        let problem = Problem::new(Code::TG067, message).at(document.at(key), label);
        problems.push(problem.help(help.to_owned()));
    };
    let is_server = to.starts_with("http://") || to.starts_with("https://");
    let is_file = !is_server && !matches!(to, "stdout" | "none");
    if is_server {
        let why = url(to).err().or_else(|| {
            url_holds_secret(to).then(|| "it holds a user or a password; use `key`".to_owned())
        });
        if let Some(why) = why {
            let message = format!("records cannot be sent there: {why}");
            report("log.decisions.to", message, "", "to: https://logs.example.com/tidegate");
        }
    }
    if to.is_empty() {
        let message = "decision records go nowhere that has a name".to_owned();
        report("log.decisions.to", message, "`stdout`, `none`, a file or a URL", "to: stdout");
    }
    if decisions.rotate.is_some() && !is_file {
        let message = "only a file is rotated".to_owned();
        let label = "records go elsewhere";
        report("log.decisions.rotate", message, label, "give `to` the path of a file");
    }
    if decisions.key.is_some() && !is_server {
        let message = "only a server is sent a key".to_owned();
        let label = "records go elsewhere";
        report(
            "log.decisions.key",
            message,
            label,
            "give `to` a URL, or `audit.key` the key that signs",
        );
    }
    if file.audit.required && to == "none" {
        let message = "every decision has to be on record, and records go nowhere".to_owned();
        report("audit.required", message, "", "log: { decisions: { to: decisions.jsonl } }");
    }
    if file.audit.required && decisions.sample_allowed < Share::ALL {
        let message = "every decision has to be on record, and some are left out".to_owned();
        report("audit.required", message, "", "leave `log.decisions.sample_allowed` out");
    }
}

fn routes(file: &ServerFile, document: &Document, problems: &mut Problems) {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (number, route) in file.routes.iter().enumerate() {
        let at = |key: &str| document.at(&format!("routes[{number}].{key}"));
        if let Some(first) = seen.insert(&route.id, number) {
            let problem =
                Problem::new(Code::TG005, format!("two routes have the id `{}`", route.id));
            let problem = problem.at(at("id"), "this one");
            problems.push(
                problem.at(document.at(&format!("routes[{first}].id")), "is already given here"),
            );
        }
        if !file.upstreams.contains(&route.upstream)
            && !document.may_name("upstreams", &route.upstream)
        {
            problems.push(unknown(
                Code::TG062,
                "upstream",
                &route.upstream,
                at("upstream"),
                file.upstreams.names(),
            ));
        }
        if route.unknown_leaf == UnknownLeaf::Pass {
            let problem = Problem::new(Code::TG050, "`unknown_leaf: pass` fails open")
                .with_gravity(Gravity::Warning);
            problems
                .push(problem.at(at("unknown_leaf"), "text in unknown places passes unscreened"));
        }
    }
    if file.routes.is_empty() && document.is_sound("routes") {
        problems.report(
            Code::TG062,
            "there is no route",
            document.at("routes"),
            "every request would be refused",
        );
    }
}
