//! The small commands, and what all have in common.

use serde_json::Value;

use crate::{folder, project, tidegate};

#[test]
fn lists_come_as_tables_and_as_json() {
    for what in ["detectors", "views", "codes", "dialects", "packs", "metrics"] {
        let table = tidegate(project(), &["list", what]);
        assert_eq!((table.code, table.err.as_str()), (0, ""), "{what}");
        let json = tidegate(project(), &["list", what, "--format", "json"]);
        let value: Value = serde_json::from_str(&json.out).unwrap_or_default();
        assert_eq!(value.get("schema").and_then(Value::as_str), Some("tidegate.list/v1"), "{what}");
        let items = value.get("items").and_then(Value::as_array).map_or(0, Vec::len);
        assert_eq!(items, table.out.lines().count(), "{what}");
    }
}

#[test]
fn whatever_a_finding_says_it_was_seen_by_is_listed() {
    let table = tidegate(project(), &["list", "views"]).out;
    for (name, switch) in
        [("leet_mixed", ""), ("caesar", "decoded"), ("pieces", "spaced"), ("reversed", "reversed")]
    {
        let line = table.lines().find(|line| line.split(' ').next() == Some(name));
        assert!(line.is_some_and(|line| line.contains(switch)), "{name}: {table}");
    }
}

#[test]
fn schemas_are_json_schemas() {
    for what in ["policy", "server", "test", "recipe", "identities", "decision-log"] {
        let outcome = tidegate(project(), &["schema", what]);
        let value: Value = serde_json::from_str(&outcome.out).unwrap_or_default();
        assert!(jsonschema::validator_for(&value).is_ok(), "{what}");
        assert!(value.get("properties").or_else(|| value.get("anyOf")).is_some(), "{what}");
    }
}

#[test]
fn the_schemas_beside_the_shipped_configuration_are_those_of_the_binary() {
    for what in ["policy", "server", "test", "identities"] {
        let path = project().join(format!("config/schemas/{what}.schema.json"));
        let shipped = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            shipped == tidegate(project(), &["schema", what]).out,
            "{what}: run `make schemas`"
        );
    }
}

#[test]
fn completions_and_the_manual_come_from_the_binary() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let outcome = tidegate(project(), &["completions", shell]);
        assert_eq!(outcome.code, 0, "{shell}");
        assert!(outcome.out.contains("mock-upstream"), "{shell}");
    }
    let manual = tidegate(project(), &["man"]);
    assert!(manual.out.contains(".TH tidegate"), "{}", manual.out);
}

#[test]
fn the_version_is_that_of_the_package() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(tidegate(project(), &["version"]).out, format!("tidegate {version}\n"));
    let json = tidegate(project(), &["version", "--json"]).out;
    let json: Value = serde_json::from_str(&json).unwrap_or_default();
    assert_eq!(
        (&json["schema"], &json["version"]),
        (&"tidegate.version/v1".into(), &version.into())
    );
    assert!(json["rustc"].as_str().is_some_and(|rustc| rustc.starts_with("rustc 1.")), "{json}");
    assert!(json.get("revision").is_some(), "{json}");
}

#[test]
fn wrong_usage_exits_with_2_and_says_what_is_right() {
    let folder = folder(&[]);
    for (arguments, part) in [
        (&["chek"][..], "check"),
        (&["check", "--fromat", "json"], "--format"),
        (&["list", "everything"], "detectors"),
        (&["schema", "polcy"], "policy, server, test, dialect, recipe, identities, decision-log"),
        (&["serve", "--demo", "--upstream", "http://127.0.0.1:1"], "cannot be used with"),
        (&["serve", "--config", "gone.yaml"], "gone.yaml"),
        (&["health", "--url", "not a url"], "not a url"),
        (&["mock-upstream", "--listen", "nowhere"], "nowhere"),
        (&["mock-upstream", "--rate", "-3"], "-3"),
        (&["mock-upstream", "--script", "gone.jsonl"], "gone.jsonl"),
        (&["test", "--yes"], "--update"),
        (&["test", "--config", "gone.yaml"], "`gone.yaml` is not a file"),
    ] {
        let outcome = tidegate(folder.path(), arguments);
        assert_eq!((outcome.code, outcome.out.as_str()), (2, ""), "{arguments:?}");
        assert!(outcome.err.contains(part), "{arguments:?}: {}", outcome.err);
    }
}

#[test]
fn nobody_at_a_health_address_is_unhealthy_and_no_misuse() {
    // Port 9 on loopback: nobody listens there.
    let outcome = tidegate(project(), &["health", "--url", "http://127.0.0.1:9/readyz"]);
    assert_eq!((outcome.code, outcome.out.as_str()), (1, ""));
    let wanted = "unhealthy: no connection to http://127.0.0.1:9/readyz: ";
    assert!(outcome.err.starts_with(wanted), "{}", outcome.err);
    assert!(outcome.err.contains("refused"), "{}", outcome.err);
}

#[test]
fn a_server_that_cannot_start_names_every_mistake_and_starts_nothing() {
    let folder = folder(&[
        ("tidegate.yaml", "version: 1\nlistn: 127.0.0.1:0\nupstreams: { u: {} }\nroutes: []\n"),
        ("policies/p.yaml", "version: 1\nname: p\nrules: 3\n"),
    ]);
    let outcome = tidegate(folder.path(), &["serve", "--config", "tidegate.yaml"]);
    insta::assert_snapshot!(outcome.drawn());
}

#[test]
fn serve_names_certificates_that_cannot_be_used() {
    let server = "version: 1\nlisten: 127.0.0.1:0\nadmin: { listen: 127.0.0.1:0 }\ntls: { cert: cert.pem, key: key.pem }\n\
        upstreams: { m: { url: 'https://127.0.0.1:9', tls: { ca: ca.pem } } }\n\
        routes: [{ id: chat, match: { path: /v1/* }, upstream: m, policy: p }]\n";
    let policy = "version: 1\nname: p\nrules: [{ id: a, words: [grenade], action: block }]\n";
    let large = "x".repeat((4 << 20) + 1);
    let folder = folder(&[
        ("tidegate.yaml", server),
        ("policies/p.yaml", policy),
        ("cert.pem", "no certificate"),
        ("ca.pem", &large),
    ]);
    let check = tidegate(folder.path(), &["check", "--config", "tidegate.yaml"]);
    assert_eq!(check.code, 0, "who checks has no keys: {}", check.err);
    let outcome = tidegate(folder.path(), &["serve", "--config", "tidegate.yaml"]);
    assert_eq!(outcome.code, 2, "{}", outcome.err);
    for part in ["[TG064]", "key.pem` cannot be read", "larger than 4 MiB", "nothing was started"] {
        assert!(outcome.err.contains(part), "{part}: {}", outcome.err);
    }
}
