//! Where decisions, feedback and reviews are kept.

use std::net::IpAddr;

use http::Uri;

use crate::config::codes::Code;
use crate::config::document::Document;
use crate::config::problems::{Problem, Problems};
use crate::config::server_file::{ServerFile, StoreText};

/// Words of an address of `PostgreSQL` that are known.
const PARAMETERS: [&str; 2] = ["sslmode", "target_session_attrs"];

pub(super) fn store(file: &ServerFile, document: &Document, problems: &mut Problems) {
    let store = &file.store;
    let mut report = |key: &str, message: &str, help: &str| {
        let at = document.at(&format!("store.{key}"));
        problems
            .push(Problem::new(Code::TG069, message.to_owned()).at(at, "").help(help.to_owned()));
    };
    let is_postgres = ["postgres://", "postgresql://"].iter().any(|s| store.url.starts_with(s));
    let path = store.url.strip_prefix("sqlite:");
    if !is_postgres && path.is_none_or(str::is_empty) && store.url != "none" {
        let help = "`none`, `sqlite:state.db` or `postgres://tidegate@db/tidegate`";
        return report("url", "this is no address of a store", help);
    }
    if is_postgres {
        postgres(&store.url, &mut report);
    }
    for (key, is_there) in [("password", store.password.is_some()), ("ca", store.ca.is_some())] {
        if is_there && !is_postgres {
            report(key, "only PostgreSQL has one", "leave it out");
        }
    }
    if store.key.is_some() && matches!(store.text, StoreText::None | StoreText::Hashed) {
        let help = "leave `key` out, or keep texts: `text: redacted` or `text: full`";
        report("key", "there are no texts to encrypt", help);
    }
    if store.required && store.url == "none" {
        let help = "give `store.url`, or leave `required` out";
        report("required", "there is no store that could be away", help);
    }
}

fn postgres(url: &str, report: &mut impl FnMut(&str, &str, &str)) {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    if authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':')) {
        let help = "put it beside the address: `password: { env: STORE_PASSWORD }`";
        return report("url", "the address holds a password", help);
    }
    let Ok(parsed) = url.parse::<Uri>() else {
        let help = "`postgres://USER@HOST:PORT/DATABASE`";
        return report("url", "this is no address of PostgreSQL", help);
    };
    let parameters = parsed.query().unwrap_or_default().split('&').filter(|word| !word.is_empty());
    let mut mode = None;
    for (name, value) in parameters.filter_map(|word| word.split_once('=')) {
        if !PARAMETERS.contains(&name) {
            let help =
                "`sslmode` and `target_session_attrs` are known; limits of time are the gate's own";
            return report(
                "url",
                &format!("`{name}` is no parameter that has an effect here"),
                help,
            );
        }
        mode = if name == "sslmode" { Some(value) } else { mode };
    }
    let host = parsed.host().unwrap_or_default();
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    let is_near = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    if !is_near && mode != Some("require") {
        let help =
            "add `?sslmode=require`; `store.ca` names the authorities where they are your own";
        report("url", "texts would go over the network in the clear", help);
    }
}
