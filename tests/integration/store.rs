//! What the store keeps of decisions, and what of them it puts before people.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tidegate::app::Order;

use crate::gate::{Gate, Setup};
use crate::wire::{ask, ask_with, prompt};

const FULL: &str = "store: { url: 'sqlite:state.db', text: full }\n";

/// Rows of the store that a gate has left.
fn rows(folder: &Path, sql: &str) -> Vec<Vec<String>> {
    let file = folder.join("state.db");
    let store =
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a store");
    let mut statement = store.prepare(sql).expect("a statement");
    let columns = statement.column_count();
    let text = |row: &rusqlite::Row<'_>| {
        let cell = |column| {
            let value: rusqlite::types::Value = row.get(column)?;
            Ok(match value {
                rusqlite::types::Value::Null => "-".to_owned(),
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Real(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text,
                rusqlite::types::Value::Blob(_) => "blob".to_owned(),
            })
        };
        (0..columns).map(cell).collect()
    };
    let found = statement.query_map([], text).expect("rows");
    found.map(|row| row.expect("a row")).collect()
}

/// Ends a gate in order, and reads its store.
async fn left(gate: Gate, sql: &str) -> Vec<Vec<String>> {
    gate.order(Order::Stop).await;
    let folder = gate.ended().await;
    rows(folder.path(), sql)
}

const DECISIONS: &str =
    "SELECT phase, action, enforced, rule, route, policy FROM decisions ORDER BY id";

#[tokio::test]
async fn every_decision_is_in_the_store_when_the_gate_has_ended_whatever_the_log_leaves_out() {
    let sampled = "log.decisions.sample_allowed";
    let gate = Setup::demo().with(sampled, "0%").lines(FULL).start().await;
    ask(gate.data, &prompt("say: hello")).await;
    ask(gate.data, &prompt("a grenade")).await;
    let found = left(gate, DECISIONS).await;
    let wanted = [
        ["prompt", "allow", "0", "-", "chat", "test"],
        ["completion", "allow", "0", "-", "chat", "test"],
        ["prompt", "block", "1", "weapons", "chat", "test"],
    ];
    assert_eq!(found, wanted);
}

/// What is kept of the texts of a request, under settings of the store, the log and the policy.
async fn texts(store: &str, log: &str, policy: &str, said: &str) -> Vec<Value> {
    let lines = format!("store: {{ url: 'sqlite:state.db', {store} }}\n");
    let gate =
        Setup::demo().with("log.decisions.text", log).policy(policy).lines(&lines).start().await;
    ask(gate.data, &prompt(said)).await;
    let kept = "SELECT texts, record FROM decisions WHERE phase = 'prompt'";
    let found = left(gate, kept).await;
    let [kept, record] = &found[0][..] else { panic!("{found:?}") };
    assert!(!record.contains("ada@") && !record.contains("said"), "{record}");
    if kept == "-" { Vec::new() } else { serde_json::from_str(kept).expect("a list") }
}

#[tokio::test]
async fn the_store_keeps_of_texts_what_it_is_told_and_never_more_than_policy_and_rules_let() {
    let said = "say: said to ada@example.org";
    assert_eq!(texts("text: none", "full", "", said).await, Vec::<Value>::new());
    let full = texts("text: full", "omitted", "", said).await;
    assert_eq!(full[0]["text"], said);
    let redacted = texts("text: redacted", "full", "", said).await;
    assert_eq!(redacted[0]["text"], "say: said to [REDACTED]");
    let hashed = texts("text: hashed", "full", "", said).await;
    assert_eq!((hashed[0]["text"].is_null(), hashed[0]["sha256"].is_string()), (true, true));
    let limited = texts("text: full", "full", "record: { text: hashed }\n", said).await;
    assert_eq!((limited[0]["text"].is_null(), limited[0]["sha256"].is_string()), (true, true));
    let secret = "  - { id: secret, words: [hello], action: tag, log: hash_only }\n";
    let hidden = texts("text: full", "full", secret, "say: said hello").await;
    assert_eq!((hidden[0]["text"].is_null(), hidden[0]["sha256"].is_string()), (true, true));
}

#[tokio::test]
async fn texts_in_the_store_are_encrypted_where_there_is_a_key() {
    let lines = "store: { url: 'sqlite:state.db', text: full, key: { env: STORE_KEY } }\n";
    let setup = Setup::demo().lines(lines);
    let refused = Setup::demo().lines(lines).launch().await.err().unwrap_or_default();
    assert!(refused.contains("TG069") && refused.contains("`STORE_KEY` is not set"), "{refused}");
    let gate = setup.secret("STORE_KEY", "0123456789abcdef0123456789abcdef").start().await;
    ask(gate.data, &prompt("say: said in confidence")).await;
    let found = left(gate, "SELECT texts FROM decisions").await;
    for row in found {
        assert!(row[0].starts_with("aes256gcm:") && !row[0].contains("confidence"), "{row:?}");
    }
}

#[tokio::test]
async fn people_are_shown_what_a_policy_asks_for_and_how_likely_that_was() {
    let review = "  - { id: doubt, words: [doubtful], action: review, category: hate }\n\
        review: { sample: { allowed: 100%, blocked: 50% }, retain: 7d, blind_second_review: 100% }\n";
    let gate = Setup::demo().policy(review).lines(FULL).start().await;
    ask(gate.data, &prompt("say: hello")).await;
    ask(gate.data, &prompt("a doubtful word")).await;
    for _ in 0..40 {
        ask(gate.data, &prompt("a grenade")).await;
    }
    let items = "SELECT i.source, i.queue, i.rule, i.category, i.share, i.wanted, i.expires - i.at, count(*), \
        count(DISTINCT i.kin) FROM items i JOIN decisions d ON d.id = i.decision WHERE d.phase = 'prompt' \
        GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1";
    let found = left(gate, items).await;
    let week = (7 * 86_400_000).to_string();
    let like = |row: &Vec<String>, wanted: [&str; 6]| row[..6] == wanted && row[6] == week;
    assert!(like(&found[0], ["sample_allowed", "samples", "-", "-", "1", "2"]), "{found:?}");
    assert!(
        like(&found[1], ["sample_blocked", "samples", "weapons", "-", "0.5", "2"]),
        "{found:?}"
    );
    assert!(like(&found[2], ["verdict", "verdicts", "doubt", "hate", "1", "2"]), "{found:?}");
    // Half of forty, and all of one text; more than twenty alike are not asked for.
    let drawn: u32 = found[1][7].parse().expect("a number");
    assert!((5..=20).contains(&drawn) && found[1][8] == "1", "{found:?}");
}

#[tokio::test]
async fn a_store_that_cannot_be_used_keeps_the_gate_from_starting_and_says_why() {
    let setup = Setup::demo().lines(FULL);
    std::fs::write(
        setup.folder().join("state.db"),
        "no database, but a text that is long enough to be read",
    )
    .expect("a file");
    let refused = setup.launch().await.err().unwrap_or_default();
    assert!(
        refused.contains("the store cannot be used") && refused.contains("no sound SQLite"),
        "{refused}"
    );
    let nowhere = "store: { url: 'sqlite:nowhere/state.db' }\n";
    let refused = Setup::demo().lines(nowhere).launch().await.err().unwrap_or_default();
    assert!(refused.contains("nowhere/state.db` cannot be opened"), "{refused}");
}

#[tokio::test]
async fn without_a_store_feedback_is_refused_by_name_and_with_one_it_is_limited() {
    let gate = Setup::demo().start().await;
    let body = r#"{"decision_id":"0190a0a0-0000-7000-8000-000000000000","thumbs":"up"}"#;
    let answer = crate::wire::post(gate.data, "/v1/feedback", body).await;
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (404, Some("no_store")));
    let gate = Setup::demo().with("limits.feedback", "2").lines(FULL).start().await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(crate::wire::post(gate.data, "/v1/feedback", body).await.status);
    }
    assert_eq!(statuses, [404, 404, 429]);
    ask_with(gate.data, "", &prompt("say: traffic is not counted with it")).await;
}
