//! `tidegate review adapt`: where thresholds stand, and back to what is written.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate::people::thresholds::GATE;
use tidegate::store::{AdaptationRow, Engine, Now, Store, StoreSettings, ThresholdRow};

use super::scene::{SERVER, Scene, id, is_plain, lines, member, now, scene};
use crate::{folder, tidegate};

/// A threshold that labels have moved once, as a gate writes it down.
fn moved(scene: &Scene) {
    let settings = StoreSettings {
        engine: Engine::Sqlite(scene.path().join("state.db")),
        key: None,
        waits: false,
        signer: None,
        now: Now(Arc::new(now)),
    };
    let store = Store::start(settings).expect("a store");
    let at = now();
    let evidence = json!({
        "labels": 812, "reviewers": 4, "rate": 0.0124, "interval": { "low": 0.009, "high": 0.0171 },
    });
    let row = ThresholdRow {
        policy: "default".to_owned(),
        rule: "pack/hate".to_owned(),
        category: Some("hate".to_owned()),
        state: "on".to_owned(),
        target_is: "false_positive_rate".to_owned(),
        target: 0.005,
        low: 0.7,
        high: 0.95,
        written: 0.8,
        threshold: 0.81,
        begun: at,
        moved: Some(at),
        looked: Some(at),
        reason: "up".to_owned(),
        evidence: evidence.to_string(),
        ..ThresholdRow::default()
    };
    let change = AdaptationRow {
        id: id(),
        at,
        policy: row.policy.clone(),
        rule: row.rule.clone(),
        act: "up".to_owned(),
        actor: GATE.to_owned(),
        shadow: false,
        from: 0.8,
        to: 0.81,
        evidence: evidence.to_string(),
    };
    let write = store.write(move |c| {
        row.put(c)?;
        change.insert(c)
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(write).expect("it is kept");
    store.close(Duration::from_secs(5));
}

#[test]
fn whoever_wants_thresholds_to_move_and_has_no_store_is_told_so() {
    let policy =
        std::fs::read_to_string(crate::project().join("tests/cli/codes/TG075/policy.yaml"));
    let policy =
        policy.expect("a policy").replace("retain: 7d", "retain: 30d").replace("hasty", "default");
    let server = SERVER.replace("store: { url: 'sqlite:state.db', text: full }\n", "");
    let server = server.replace("audit: { key: { file: audit.pem } }\n", "");
    let with = folder(&[("tidegate.yaml", &server), ("policies/default.yaml", &policy)]);
    let outcome = tidegate(with.path(), &["check"]);
    assert!(
        outcome.err.contains("TG075") && outcome.err.contains("no store has labels"),
        "{}",
        outcome.err
    );
    let store = format!("{server}store: {{ url: 'sqlite:state.db' }}\n");
    let with = folder(&[("tidegate.yaml", &store), ("policies/default.yaml", &policy)]);
    let outcome = tidegate(with.path(), &["check"]);
    assert!(!outcome.err.contains("TG075"), "{}", outcome.err);
}

#[test]
fn thresholds_are_shown_with_what_moved_them() {
    let scene = scene();
    let none = scene.fine(&["adapt"]);
    assert_eq!(none.lines().count(), 1, "{none}");
    moved(&scene);
    let shown = scene.fine(&["adapt"]);
    assert!(is_plain(&shown), "{shown}");
    for expected in [
        "0.7–0.95",
        "0.5 % false positives",
        "1.24 % (0.9–1.71), 812 labels of 4",
        "pack/hate  up      0.8   0.81  on    gate",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let value = lines(&scene.fine(&["adapt", "--format", "json"])).remove(0);
    assert_eq!(member(&value, "/schema"), "tidegate.review-adapt/v1");
    assert_eq!(member(&value, "/rows/0/threshold"), 0.81);
    assert_eq!(member(&value, "/changes/0/evidence/reviewers"), 4);
}

#[test]
fn a_threshold_is_put_back_to_what_is_written_in_one_act() {
    let scene = scene();
    moved(&scene);
    let ledger = || scene.fine(&["ledger"]).lines().count();
    let before = ledger();
    let said = scene.by("ann", &["adapt", "--reset", "default/pack/hate"]);
    assert_eq!(said, "default/pack/hate: 0.8 again\n");
    assert_eq!(ledger(), before + 1);
    let value = lines(&scene.fine(&["adapt", "--format", "json"])).remove(0);
    assert_eq!(
        (member(&value, "/rows/0/threshold"), member(&value, "/rows/0/reason")),
        (&json!(0.8), &json!("reset"))
    );
    assert_eq!(member(&value, "/changes/0/by"), "ann");
    assert_ne!(member(&value, "/rows/0/changed_at"), &Value::Null);
    let again = ["adapt", "--reset", "default/pack/hate", "--format", "json", "--reviewer", "bo"];
    assert_eq!(member(&lines(&scene.fine(&again))[0], "/written"), 0.8);
    assert!(
        scene
            .wrong(&["adapt", "--reset", "default/x\u{1b}[2J", "--reviewer", "ann"])
            .contains("of a rule `x<U+001B>[2J`")
    );
    assert!(
        scene
            .wrong(&["adapt", "--reset", "default", "--reviewer", "ann"])
            .contains("a policy and a rule of it")
    );
    assert!(scene.fine(&["ledger", "--verify", "--key", &scene.public]).starts_with("whole: "));
}
