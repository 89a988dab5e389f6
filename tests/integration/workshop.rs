//! Policies tried out and improved from the console, beside what is in force.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate::audit::digest;
use tidegate::people::acts::{Reviewer, Too};
use tidegate::people::review::Opinion;
use tidegate::people::verdict::Judgement;
use tidegate::store::{Engine, Item, KeptDecision, Now, Store, StoreSettings, TokenRow, UserRow};

use crate::gate::{Gate, PATIENCE, POLICY, Setup};
use crate::wire::{Answer, Client, ask, prompt};

const STORE: &str = "store: { url: 'sqlite:state.db', text: full }\n";
const DAY: i64 = 86_400_000;

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A settled item about a prompt that the rule `weapons` blocked.
fn overturned(id: &str, text: &str) -> KeptDecision {
    let of = |name: &str| name.to_owned();
    let texts = json!([{ "at": "messages[0].content", "author": "user", "bytes": text.len(), "text": text }]);
    let item = Item {
        id: of(id),
        at: now(),
        queue: of("verdicts"),
        source: of("verdict"),
        decision: of(id),
        policy: of("test"),
        rule: Some(of("weapons")),
        share: 1.0,
        wanted: 1,
        expires: now() + DAY,
        ..Item::default()
    };
    KeptDecision {
        id: of(id),
        at: now(),
        request: of(id),
        route: of("chat"),
        policy: of("test"),
        phase: of("prompt"),
        action: of("block"),
        would_be: of("block"),
        enforced: true,
        rule: Some(of("weapons")),
        record: of("{}"),
        texts: Some(texts.to_string()),
        expires: now() + DAY,
        item: Some(item),
        ..KeptDecision::default()
    }
}

/// A store with a token for each role, called as the role, and items whose decisions were judged.
async fn seeded(folder: &Path, items: &[(KeptDecision, Judgement)]) {
    let settings = StoreSettings {
        engine: Engine::Sqlite(folder.join("state.db")),
        key: None,
        signer: None,
        waits: false,
        now: Now(Arc::new(now)),
    };
    let store = Store::start(settings).expect("a store");
    for (decision, _) in items {
        assert!(store.keep(decision.clone()));
    }
    let judged: Vec<(String, Judgement)> =
        items.iter().map(|(decision, said)| (decision.id.clone(), *said)).collect();
    let seed = store.write(move |connection| {
        for role in ["viewer", "reviewer", "editor", "admin"] {
            let name = role.to_owned();
            let user = UserRow {
                id: name.clone(),
                name: name.clone(),
                role: name.clone(),
                at: now(),
                ..UserRow::default()
            };
            assert!(user.insert(connection)?);
            let token = TokenRow {
                id: name.clone(),
                hash: digest(format!("tgt_{role}").as_bytes()),
                name,
                user,
                scopes: "see read judge export edit manage".to_owned(),
                at: now(),
                ..TokenRow::default()
            };
            assert!(token.insert(connection)?);
        }
        for (item, judgement) in &judged {
            let id = || uuid::Uuid::now_v7().to_string();
            let reviewer = Reviewer { name: "reviewer".to_owned(), now: now(), signer: None, id };
            let opinion =
                Opinion { judgement: *judgement, category: None, note: None, edited: None };
            reviewer.judge(connection, item, (&opinion, Too::default()))?;
        }
        Ok(())
    });
    seed.await.expect("a seed");
    let closing = tokio::task::spawn_blocking(move || store.close(Duration::from_secs(5)));
    closing.await.expect("it closes");
}

async fn gate(setup: Setup, items: &[(KeptDecision, Judgement)]) -> Gate {
    seeded(setup.folder(), items).await;
    setup.lines(STORE).start().await
}

/// Asks the interface in the name of a role.
async fn call(gate: &Gate, role: &str, method: &str, path: &str, body: &Value) -> Answer {
    let mut client = Client::connect(gate.admin).await;
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer tgt_{role}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    client.send(format!("{head}{body}").as_bytes()).await;
    client.answer().await
}

async fn tried(gate: &Gate, body: Value) -> Value {
    let answer = call(gate, "reviewer", "POST", "/api/playground", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn read(gate: &Gate, file: &str) -> String {
    std::fs::read_to_string(gate.path(file)).unwrap_or_default()
}

#[tokio::test]
async fn a_draft_that_is_wrong_says_where_and_one_that_is_right_answers_beside_what_is_in_force() {
    let gate = gate(Setup::demo(), &[]).await;
    let wrong = POLICY.replace("action: block", "action: blokc");
    let body = json!({ "policy": "test", "phase": "prompt", "text": "a grenade", "draft": wrong });
    let answer = call(&gate, "reviewer", "POST", "/api/playground", &body).await;
    assert_eq!(answer.status, 422, "{}", answer.text());
    let first = &answer.json()["error"]["diagnostics"][0];
    assert_eq!((&first["line"], &first["severity"]), (&json!(5), &json!("error")), "{first}");
    assert_eq!(first["file"], "policies/test.yaml");

    std::fs::write(gate.path("secret.txt"), "# a key\nabc\nabc\n").expect("a file");
    let naming = format!("{POLICY}lexicons: {{ x: {{ file: secret.txt }} }}\n");
    let body = json!({ "policy": "test", "phase": "prompt", "text": "abc", "draft": naming });
    let answer = call(&gate, "reviewer", "POST", "/api/playground", &body).await;
    let said = answer.text();
    assert!(answer.status == 422 && said.contains("read by no policy in force"), "{said}");
    assert!(!said.contains("abc"), "what lies beside the policies is not told: {said}");

    let draft = POLICY.replace("grenade", "mortar");
    let came = tried(
        &gate,
        json!({ "policy": "test", "phase": "prompt", "text": "a grenade", "draft": draft }),
    )
    .await;
    assert_eq!((&came["action"], &came["live"]["action"]), (&json!("allow"), &json!("block")));
    assert_eq!(came["live"]["rules"][0]["id"], "weapons");
    assert_eq!(came["output"], "a grenade");
    let nobody = json!({ "policy": "nobody", "phase": "prompt", "text": "x" });
    assert_eq!(call(&gate, "reviewer", "POST", "/api/playground", &nobody).await.status, 404);
    let viewer = call(&gate, "viewer", "POST", "/api/playground", &nobody).await;
    assert_eq!(viewer.status, 403, "a viewer tries nothing out");
}

#[tokio::test]
async fn findings_of_a_chat_are_placed_in_utf_16_units_and_what_is_split_over_turns_is_found() {
    let gate = gate(Setup::demo(), &[]).await;
    let messages = json!([
        { "role": "system", "content": "你好😀" },
        { "role": "user", "content": "写信给 ada@example.org 吧" },
    ]);
    let came =
        tried(&gate, json!({ "policy": "test", "phase": "prompt", "messages": messages })).await;
    assert_eq!(came["text"], "你好😀\n写信给 ada@example.org 吧");
    assert_eq!(came["output"], "你好😀\n写信给 [EMAIL] 吧");
    let found = &came["findings"][0];
    assert_eq!((&found["start"], &found["end"]), (&json!(9), &json!(24)), "{found}");
    assert_eq!(found["quote"], "ada@example.org");
    assert_eq!(came["action"], "redact");

    let encoded = json!({ "policy": "test", "phase": "prompt", "text": "说 Z3JlbmFkZQ== now", "trace": true });
    let came = tried(&gate, encoded).await;
    assert_eq!((&came["action"], &came["output"]), (&json!("block"), &Value::Null), "{came}");
    assert_eq!(came["findings"][0]["views"][0], "base64");
    let step = &came["trace"]["rules"][0];
    assert_eq!((&step["end"], &step["found"][0]["span"]), (&json!("fired"), &json!([2, 14])));
    assert!(came["message"].is_string());

    let split =
        json!([{ "role": "user", "content": "gren" }, { "role": "user", "content": "ade" }]);
    let came =
        tried(&gate, json!({ "policy": "test", "phase": "prompt", "messages": split })).await;
    assert_eq!((&came["action"], &came["findings"][0]["joined"]), (&json!("block"), &json!(true)));
}

#[tokio::test]
async fn a_stream_in_pieces_of_any_size_is_the_whole_answer() {
    let gate = gate(Setup::demo(), &[]).await;
    let text = "Mail ada@example.org, then take the gren\u{200b}ade and 写信 to eve@example.org.";
    for chunk in [1, 2, 7, 1000] {
        let came = tried(
            &gate,
            json!({ "policy": "test", "phase": "completion", "text": text, "chunk": chunk }),
        )
        .await;
        let stream = came["stream"].as_array().expect("a stream");
        let parts: Vec<&str> = stream.iter().filter_map(|row| row["out"].as_str()).collect();
        assert_eq!(
            parts.concat(),
            came["output"].as_str().unwrap_or_default(),
            "pieces of {chunk}"
        );
        assert_eq!(came["output"], "Mail [EMAIL], then take the ");
        assert_eq!(stream.last().map(|row| &row["stopped"]), Some(&json!(true)));
        if chunk == 1 {
            let held = stream.iter().any(|row| row["out"] == "" && row["held"].as_u64() > Some(3));
            assert!(held, "an address is held until it is whole: {stream:?}");
        }
    }
}

#[tokio::test]
async fn what_is_tried_is_neither_in_the_store_nor_in_the_log() {
    let gate = gate(Setup::demo(), &[]).await;
    tried(&gate, json!({ "policy": "test", "phase": "prompt", "text": "a secret grenade" })).await;
    ask(gate.data, &prompt("say: marker")).await;
    gate.order(tidegate::app::Order::Stop).await;
    let folder = gate.ended().await;
    for file in std::fs::read_dir(folder.path()).expect("a folder").flatten() {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("a secret grenade"), "{:?}", file.path());
    }
}

#[tokio::test]
async fn policies_are_shown_with_their_rules_their_past_and_to_whom_may_read_their_files() {
    let gate =
        gate(Setup::demo(), &[(overturned("item-1", "a toy grenade"), Judgement::Overturned)])
            .await;
    let shown = call(&gate, "reviewer", "GET", "/api/policies/test", &Value::Null).await.json();
    let rule = &shown["rules"][0];
    assert_eq!(
        (&rule["id"], &rule["detect"], &rule["enforced"]),
        (&json!("weapons"), &json!("1 term"), &json!(true))
    );
    assert_eq!(
        (&rule["hits"], &rule["judged"], &rule["overturn_rate"]),
        (&json!(1), &json!(1), &json!(1.0))
    );
    assert_eq!(shown["files"][0]["text"], POLICY);
    assert_eq!(shown["history"][0]["who"], "gate");
    let viewer = call(&gate, "viewer", "GET", "/api/policies/test", &Value::Null).await;
    assert_eq!(viewer.json()["files"], Value::Null);
    assert!(!viewer.text().contains("grenade"), "{}", viewer.text());

    let wrong = POLICY.replace("action: block", "action: blokc");
    std::fs::write(gate.path("policies/test.yaml"), wrong).expect("it can be written");
    gate.order(tidegate::app::Order::Reload).await;
    gate.counts(&["tidegate_policy_reloads_total{outcome=\"invalid\"} 1"]).await;
    let all = call(&gate, "viewer", "GET", "/api/policies", &Value::Null).await.json();
    let last = &all["last_reload"];
    assert_eq!((&last["ok"], &last["diagnostics"][0]["line"]), (&json!(false), &json!(5)), "{all}");
    std::fs::write(gate.path("policies/test.yaml"), POLICY.replace("grenade", "mortar"))
        .expect("it can be written");
    gate.order(tidegate::app::Order::Reload).await;
    gate.counts(&["tidegate_policy_reloads_total{outcome=\"ok\"} 2"]).await;
    let mut shown = Value::Null;
    for _ in 0..PATIENCE.as_millis() / 50 {
        shown = call(&gate, "viewer", "GET", "/api/policies/test", &Value::Null).await.json();
        // The ledger is told behind the metrics.
        if shown["history"].as_array().is_some_and(|past| past.len() > 1) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let past = shown["history"].as_array().expect("a past");
    let revisions: Vec<&Value> = past.iter().map(|one| &one["revision"]).collect();
    assert_eq!((revisions.len(), revisions[0]), (2, &shown["revision"]));
}

#[tokio::test]
async fn tests_run_under_a_draft_and_a_failing_one_says_why() {
    let tests = "tests: [{ name: blocks, text: a grenade, expect: { action: block } }]\n";
    let gate = gate(Setup::demo().policy(tests), &[]).await;
    let body = json!({ "policy": "test" });
    let came = call(&gate, "reviewer", "POST", "/api/playground/tests", &body).await.json();
    assert_eq!((&came["passed"], &came["failed"]), (&json!(1), &json!(0)), "{came}");
    let draft = format!("{POLICY}{tests}").replace("words: [grenade]", "words: [mortar]");
    let body = json!({ "policy": "test", "draft": draft });
    let came = call(&gate, "reviewer", "POST", "/api/playground/tests", &body).await.json();
    assert_eq!((&came["passed"], &came["failed"]), (&json!(0), &json!(1)), "{came}");
    assert!(
        came["cases"][0]["why"]
            .as_str()
            .is_some_and(|why| why.contains("expected block, got allow"))
    );
}

#[tokio::test]
async fn nothing_is_written_where_the_server_file_does_not_allow_it() {
    let item = (overturned("item-1", "a toy grenade"), Judgement::Overturned);
    let gate = gate(Setup::demo(), &[item]).await;
    for place in ["test-case", "exception"] {
        let path = format!("/api/review/items/item-1/{place}");
        let shown = call(&gate, "editor", "GET", &path, &Value::Null).await;
        assert_eq!(
            (shown.status, &shown.json()["writable"]),
            (200, &json!(false)),
            "{}",
            shown.text()
        );
        let refused = call(&gate, "editor", "POST", &path, &json!({})).await;
        assert_eq!(refused.status, 409, "{}", refused.text());
        assert_eq!(refused.json()["error"]["code"], "not_writable");
        assert_eq!(call(&gate, "reviewer", "GET", &path, &Value::Null).await.status, 403);
    }
    assert_eq!(read(&gate, "policies/test.yaml"), POLICY);
    assert_eq!(read(&gate, "tests/test.test.yaml"), "");
}

/// Waits until a prompt is answered with this status.
async fn answers(gate: &Gate, text: &str, status: u16) {
    for _ in 0..PATIENCE.as_millis() / 50 {
        if ask(gate.data, &prompt(text)).await.status == status {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("`{text}` is not answered with {status}");
}

#[tokio::test]
async fn an_exception_and_a_test_of_a_reviewed_text_are_written_and_come_into_force() {
    let tests = "# positive\ntests: [{ name: blocks, text: a toy and a grenade, expect: { action: block } }]\n";
    let items = [
        (overturned("item-1", "where do I buy a toy grenade?"), Judgement::Overturned),
        (overturned("item-2", "throw the grenade"), Judgement::Upheld),
        (overturned("item-3", "grenade"), Judgement::Overturned),
    ];
    let setup = Setup::demo().policy(tests).with("policies.writable", "true");
    let gate = gate(setup, &items).await;
    ask(gate.data, &prompt("say: toy grenade")).await.is_error(400, "content_policy_violation");
    let exception = "/api/review/items/item-1/exception";
    let saved = call(&gate, "editor", "POST", exception, &json!({})).await;
    assert_eq!((saved.status, &saved.json()["saved"]), (200, &json!(true)), "{}", saved.text());
    let expected = format!("{POLICY}{tests}").replace(
        "words: [grenade], action: block }",
        "words: [grenade], action: block, except: ['toy grenade'] }",
    );
    assert_eq!(read(&gate, "policies/test.yaml"), expected);
    answers(&gate, "say: toy grenade", 200).await;
    ask(gate.data, &prompt("a grenade")).await.is_error(400, "content_policy_violation");

    let again = call(&gate, "editor", "GET", exception, &Value::Null).await;
    assert_eq!((again.status, &again.json()["error"]["code"]), (409, &json!("no_proposal")));
    let whole =
        call(&gate, "editor", "GET", "/api/review/items/item-3/exception", &Value::Null).await;
    assert!(whole.text().contains("all of its sentence"), "{}", whole.text());
    let upheld =
        call(&gate, "editor", "GET", "/api/review/items/item-2/exception", &Value::Null).await;
    assert_eq!(upheld.json()["error"]["code"], "not_improvable");

    let saved =
        call(&gate, "editor", "POST", "/api/review/items/item-2/test-case", &json!({})).await;
    assert_eq!((saved.status, &saved.json()["todo"]), (200, &json!(false)), "{}", saved.text());
    let test =
        "{ name: 'review item-2, upheld', text: 'throw the grenade', expect: { action: block } }";
    assert!(
        read(&gate, "policies/test.yaml").contains(test),
        "{}",
        read(&gate, "policies/test.yaml")
    );
    let twice =
        call(&gate, "editor", "POST", "/api/review/items/item-2/test-case", &json!({})).await;
    assert!(twice.text().contains("already"), "{}", twice.text());

    gate.order(tidegate::app::Order::Stop).await;
    let folder = gate.ended().await;
    let store = rusqlite::Connection::open(folder.path().join("state.db")).expect("a store");
    let mut acts = store.prepare("SELECT actor, act, object, detail FROM ledger WHERE act IN ('exception', 'test_case') ORDER BY seq").expect("a statement");
    let rows = acts.query_map([], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, String>(3)?,
        ))
    });
    let rows: Vec<_> = rows.expect("rows").map(|row| row.expect("a row")).collect();
    let named: Vec<[&str; 3]> =
        rows.iter().map(|(who, what, item, _)| [who.as_str(), what, item]).collect();
    assert_eq!(named, [["editor", "exception", "item-1"], ["editor", "test_case", "item-2"]]);
    assert!(
        rows[0].3.contains(&digest(expected.as_bytes())),
        "the hash of what was written: {}",
        rows[0].3
    );
}

#[tokio::test]
async fn a_text_that_was_tried_becomes_a_test_in_a_file_of_its_own_and_a_known_gap_says_so() {
    let gate = gate(Setup::demo().with("policies.writable", "true"), &[]).await;
    let mut body = json!({ "policy": "test", "name": "写信", "phase": "completion", "text": "mortar 迫击炮", "expect": "block" });
    let shown = call(&gate, "editor", "POST", "/api/playground/test-case", &body).await;
    assert_eq!(shown.json()["todo"], true, "{}", shown.text());
    assert_eq!(read(&gate, "tests/test.test.yaml"), "");
    body["save"] = json!(true);
    let saved = call(&gate, "editor", "POST", "/api/playground/test-case", &body).await;
    assert_eq!(saved.status, 200, "{}", saved.text());
    let expected = "version: 1\npolicy: test.yaml\ntests:\n  - name: '写信'\n    text: 'mortar 迫击炮'\n    on: completion\n    \
        expect: { action: block }\n    todo: true\n";
    assert_eq!(read(&gate, "tests/test.test.yaml"), expected);
    gate.counts(&["tidegate_policy_reloads_total{outcome=\"ok\"} 2"]).await;
    let came =
        call(&gate, "reviewer", "POST", "/api/playground/tests", &json!({ "policy": "test" }))
            .await;
    assert_eq!((&came.json()["known_gaps"], &came.json()["failed"]), (&json!(1), &json!(0)));
}
