//! `tidegate user`: who may use the console, made and changed by whoever has the machine.

use std::sync::Arc;
use std::time::Duration;

use tidegate::store::{Engine, Now, Store, StoreSettings};

use crate::{Outcome, fed, folder};

const SERVER: &str = "version: 1\nupstreams: { demo: { builtin: demo } }\nstore: { url: 'sqlite:state.db' }\n\
     routes: [{ id: chat, match: {}, upstream: demo, policy: default }]\n";
const PASSWORD: &str = "a long word of mine\n";

/// A folder in which a gate with a store has been.
fn place() -> tempfile::TempDir {
    let folder = folder(&[("tidegate.yaml", SERVER)]);
    let engine = Engine::Sqlite(folder.path().join("state.db"));
    let now = Now(Arc::new(|| 0));
    let store = Store::start(StoreSettings { engine, key: None, signer: None, waits: false, now });
    store.expect("a store").close(Duration::from_secs(5));
    folder
}

fn user(place: &tempfile::TempDir, arguments: &[&str], input: &str) -> Outcome {
    fed(place.path(), &[&["user"], arguments].concat(), input)
}

#[test]
fn a_user_is_made_listed_and_changed_and_each_act_is_in_the_ledger() {
    let place = place();
    let made = user(&place, &["add", "ann 安娜", "--role", "admin"], PASSWORD);
    assert_eq!((made.code, made.out.as_str()), (0, "ann 安娜: made\n"), "{}", made.err);
    let list = |format: &str| user(&place, &["list", "--format", format], "").out;
    assert!(list("table").contains("ann 安娜") && list("table").contains("admin"));
    let change = ["change", "ANN 安娜", "--role", "viewer", "--disable", "--password"];
    let changed = user(&place, &change, "another long word\n");
    assert!(changed.out.contains("signed out everywhere"), "{}", changed.err);
    let line: serde_json::Value = serde_json::from_str(list("json").trim()).expect("one user");
    let member = |name: &str| line.get(name).cloned().unwrap_or_default();
    assert_eq!((member("role"), member("disabled")), ("viewer".into(), true.into()));
    let ledger = fed(place.path(), &["review", "ledger", "--verify"], "");
    assert_eq!(ledger.code, 0, "{}", ledger.err);
    let ledger = fed(place.path(), &["review", "ledger"], "").out;
    assert!(ledger.contains("add_user") && ledger.contains("change_user"), "{ledger}");
    assert!(!ledger.contains("argon2") && !ledger.contains("long word"), "{ledger}");
}

#[test]
fn what_cannot_be_a_user_is_refused_with_the_reason() {
    let place = place();
    let wrong = |arguments: &[&str], input: &str| {
        let outcome = user(&place, arguments, input);
        assert_eq!((outcome.code, outcome.out.as_str()), (2, ""), "{arguments:?}");
        outcome.err
    };
    assert!(wrong(&["add", "ann"], "short\n").contains("at least 12 characters"));
    assert!(wrong(&["add", "ann"], "").contains("no password on standard input"));
    for name in ["gate", "client:x", "an\u{200b}n", ""] {
        assert!(wrong(&["add", name], PASSWORD).contains("`name`"), "{name}");
    }
    assert!(
        wrong(&["change", "nobody\u{1b}[2J", "--enable"], "")
            .contains("there is no user `nobody<U+001B>[2J`")
    );
    assert!(wrong(&["change", "ann"], "").contains("nothing is to be changed"));
    assert_eq!(user(&place, &["add", "ann"], PASSWORD).code, 0);
    assert!(wrong(&["add", "Ann"], PASSWORD).contains("there is a user `Ann` already"));
}
