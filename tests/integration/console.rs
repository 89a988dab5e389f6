//! What the console shows of decisions, and what people do with them there: a real gate, and programs with API tokens.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate::audit::digest;
use tidegate::console::{Permission, Role};
use tidegate::store::{Engine, Now, Store, StoreSettings, TokenRow, UserRow};

use crate::gate::{Gate, PATIENCE, Setup};
use crate::wire::{Answer, Client, ask_with, post, prompt};

const LINES: &str = "store: { url: 'sqlite:state.db', text: full }\n";
/// Stands in every text that users and reviewers write, and nowhere else.
const MARKER: &str = "zebra7391";
/// The demo model repeats what it is told, and once is enough.
const REVIEW: &str = "  - { id: doubt, on: prompt, words: [doubtful], action: review, category: hate, severity: high }\n";

/// The store of a gate, opened beside it.
fn beside(gate: &Gate) -> Store {
    let now = || jiff::Timestamp::now().as_millisecond();
    let engine = Engine::Sqlite(gate.path("state.db"));
    let now = Now(Arc::new(now));
    let settings = StoreSettings { engine, key: None, signer: None, waits: false, now };
    Store::start(settings).expect("the store of the gate")
}

/// A user of each role with a token that may do all that the role may: `tgt_viewer`, `tgt_reviewer`, …
async fn people(store: &Store) {
    for role in Role::ALL {
        person(store, role.as_str(), role, role.permissions()).await;
    }
}

async fn person(store: &Store, name: &str, role: Role, scopes: &[Permission]) {
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    let user = UserRow {
        id: format!("user-{name}"),
        name: name.to_owned(),
        role: role.as_str().to_owned(),
        ..UserRow::default()
    };
    let token = TokenRow {
        id: format!("token-{name}"),
        hash: digest(format!("tgt_{name}").as_bytes()),
        name: name.to_owned(),
        user: user.clone(),
        scopes: scopes.join(" "),
        ..TokenRow::default()
    };
    let kept = store.write(move |c| Ok(user.insert(c)? && token.insert(c)?)).await;
    assert_eq!(kept, Ok(true));
}

fn request(method: &str, path: &str, who: &str, body: Option<&Value>) -> String {
    let body = body.map(Value::to_string).unwrap_or_default();
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer tgt_{who}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

async fn call(
    address: SocketAddr,
    (method, path): (&str, &str),
    who: &str,
    body: Option<Value>,
) -> Answer {
    let mut client = Client::connect(address).await;
    client.send(request(method, path, who, body.as_ref()).as_bytes()).await;
    client.answer().await
}

/// What somebody sees who may.
async fn seen(gate: &Gate, path: &str, who: &str) -> Value {
    let answer = call(gate.admin, ("GET", path), who, None).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

/// What comes of doing something that may be done.
async fn done(gate: &Gate, place: (&str, &str), who: &str, body: Value) -> Value {
    let answer = call(gate.admin, place, who, Some(body)).await;
    assert_eq!(answer.status, 200, "{place:?}: {}", answer.text());
    answer.json()
}

fn is_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (status, &json!(code)));
}

/// Waits until there are so many rows.
async fn rows(gate: &Gate, path: &str, count: usize) -> Vec<Value> {
    let mut last = Value::Null;
    for _ in 0..PATIENCE.as_millis() / 20 {
        last = seen(gate, path, "admin").await;
        let rows = last["rows"].as_array().expect("rows");
        if rows.len() == count {
            return rows.clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let found = last["rows"].as_array().map(Vec::len);
    panic!("{path} has {found:?} rows and not {count}, the first {}", last["rows"][0]);
}

/// A gate with people, and a decision that somebody is to look at, with an appeal against it.
async fn scene() -> (Gate, Store, String) {
    let gate = Setup::demo().policy(REVIEW).lines(LINES).start().await;
    let store = beside(&gate);
    people(&store).await;
    let text = format!("a doubtful {MARKER} word");
    ask_with(gate.data, "", &prompt(&text)).await;
    let item = rows(&gate, "/api/review/items", 1).await.remove(0);
    let decision = item["decision"].as_str().expect("an id").to_owned();
    let appeal = json!({ "decision_id": decision, "kind": "appeal", "comment": format!("a joke, {MARKER}") });
    let given = post(gate.data, "/v1/feedback", &appeal.to_string()).await;
    assert!(given.status < 300, "{}", given.text());
    rows(&gate, "/api/review/items", 2).await;
    (gate, store, decision)
}

#[tokio::test]
async fn decisions_are_listed_found_and_shown_and_counted() {
    let (gate, _store, decision) = scene().await;
    ask_with(gate.data, "x-request-id: my-request\r\n", &prompt("a grenade")).await;
    let all = rows(&gate, "/api/decisions", 3).await;
    assert_eq!((&all[0]["action"], &all[0]["request"]), (&json!("block"), &json!("my-request")));
    assert_eq!((&all[0]["rule"], &all[0]["would_have"]), (&json!("weapons"), &json!(false)));
    for query in ["action=block", "rule=weapons", "id=my-request", "action=block&rule=&route=chat"]
    {
        let found = seen(&gate, &format!("/api/decisions?{query}"), "viewer").await;
        assert_eq!(found["rows"], json!([all[0]]), "{query}");
    }
    let page = seen(&gate, "/api/decisions?limit=2", "viewer").await;
    let next = page["next"].as_str().expect("there is more");
    let rest = seen(&gate, &format!("/api/decisions?limit=2&after={next}"), "viewer").await;
    assert_eq!((&rest["rows"], &rest["next"]), (&json!([all[2]]), &Value::Null));
    let shown = seen(&gate, &format!("/api/decisions/{decision}"), "reviewer").await;
    assert_eq!(shown["decision"]["decision"], decision);
    assert_eq!(shown["passages"][0]["text"], format!("a doubtful {MARKER} word"));
    let found = &shown["passages"][0]["findings"][0];
    assert_eq!(
        (&found["rule"], &found["start"], &found["end"]),
        (&json!("doubt"), &json!(2), &json!(10))
    );
    assert_eq!(shown["request"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&shown["feedback"][0]["kind"], &shown["items"][0]["severe"]),
        (&json!("appeal"), &json!(true))
    );
    let overview = seen(&gate, "/api/overview?hours=1", "viewer").await;
    let totals = &overview["totals"];
    assert_eq!(
        (&totals["block"], &totals["review"], &totals["allow"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(overview["buckets"].as_array().map(Vec::len), Some(60));
    let rules: Vec<&Value> =
        overview["rules"].as_array().expect("rules").iter().map(|rule| &rule["rule"]).collect();
    assert_eq!(rules, [&json!("doubt"), &json!("weapons")]);
    assert_eq!(
        (&overview["store"]["engine"], &overview["ready"]),
        (&json!("sqlite"), &json!(true))
    );
    for wrong in ["action=explode", "limit=0", "limit=201", "since=now", "after=x", "other=1"] {
        let path = format!("/api/decisions?{wrong}");
        let answer = call(gate.admin, ("GET", &path), "viewer", None).await;
        is_refused(&answer, 400, "invalid");
    }
    let none = call(gate.admin, ("GET", "/api/decisions/none"), "viewer", None).await;
    is_refused(&none, 404, "not_found");
}

#[tokio::test]
async fn decisions_are_seen_as_they_are_made_until_the_one_who_watches_may_no_more() {
    let gate = Setup::demo().lines(LINES).start().await;
    let store = beside(&gate);
    people(&store).await;
    let mut watching = Client::connect(gate.admin).await;
    watching.send(request("GET", "/api/live", "viewer", None).as_bytes()).await;
    watching.read_until("here begins").await;
    ask_with(gate.data, "", &prompt(&format!("a grenade {MARKER}"))).await;
    watching.read_until("event: decision").await;
    watching.read_until("\"action\":\"block\"").await;
    let revoked = store.write(|c| TokenRow::revoke(c, "token-viewer", 1)).await;
    assert_eq!(revoked, Ok(true));
    watching.read_until("\r\n0\r\n\r\n").await;
    let mut other = Client::connect(gate.admin).await;
    other.send(request("GET", "/api/live", "viewer", None).as_bytes()).await;
    is_refused(&other.answer().await, 401, "not_signed_in");
}

#[tokio::test]
async fn a_watcher_sees_a_role_taken_away_as_the_end() {
    let gate = Setup::demo().lines(LINES).start().await;
    let store = beside(&gate);
    people(&store).await;
    let mut watching = Client::connect(gate.admin).await;
    watching.send(request("GET", "/api/live", "reviewer", None).as_bytes()).await;
    watching.read_until("here begins").await;
    let change = tidegate::store::UserChange { disabled: Some(true), ..Default::default() };
    store.write(move |c| UserRow::change(c, "user-reviewer", &change, None)).await.expect("a user");
    watching.read_until("\r\n0\r\n\r\n").await;
}

/// Every place that is read, with what stands for names in it.
async fn every_place(gate: &Gate, decision: &str, item: &str) -> Vec<String> {
    let document = seen(gate, "/api/openapi.json", "viewer").await;
    let mut places = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let id = if path.starts_with("/api/review") { item } else { decision };
        let path = path.replace("{id}", id).replace("{name}", "test");
        let path = if path.ends_with("/export") { format!("{path}?form=csv") } else { path };
        if operations.get("get").is_some() && path != "/api/live" {
            places.push(path);
        }
    }
    assert!(places.len() > 15, "{places:?}");
    places
}

#[tokio::test]
async fn who_may_not_read_texts_is_told_none_at_any_place() {
    let (gate, store, decision) = scene().await;
    // Every permission but the one to read, as a token may have.
    let others: Vec<Permission> = Permission::ALL
        .into_iter()
        .filter(|one| ![Permission::Read, Permission::Export, Permission::Edit].contains(one))
        .collect();
    person(&store, "blind", Role::Admin, &others).await;
    let item = seen(&gate, "/api/review/items?queue=verdicts", "reviewer").await;
    let item = item["rows"][0]["item"].as_str().expect("an item").to_owned();
    let said =
        json!({ "judgement": "overturned", "note": MARKER, "edited": format!("No, {MARKER}.") });
    done(&gate, ("POST", &format!("/api/review/items/{item}/judgement")), "reviewer", said).await;
    let mut reads = 0;
    for path in every_place(&gate, &decision, &item).await {
        for who in ["viewer", "blind"] {
            let answer = call(gate.admin, ("GET", &path), who, None).await;
            assert!(!answer.text().contains(MARKER), "{who} {path}: {}", answer.text());
        }
        let answer = call(gate.admin, ("GET", &path), "admin", None).await;
        reads += usize::from(answer.text().contains(MARKER));
    }
    // Otherwise the marker is nowhere, and this proves nothing.
    assert!(reads >= 4, "{reads}");
}

#[tokio::test]
async fn an_item_is_taken_judged_taken_back_and_settled() {
    let (gate, store, decision) = scene().await;
    person(&store, "bo", Role::Reviewer, Role::Reviewer.permissions()).await;
    let first = done(&gate, ("POST", "/api/review/claim"), "reviewer", json!({})).await;
    let second = done(&gate, ("POST", "/api/review/claim"), "reviewer", json!({})).await;
    assert_ne!(first["item"]["queue"], second["item"]["queue"], "queues take turns");
    let verdict = json!({ "queue": "verdicts" });
    let shown = done(&gate, ("POST", "/api/review/claim"), "reviewer", verdict.clone()).await;
    assert_eq!(
        (&shown["item"]["severe"], &shown["item"]["claimed_by"]),
        (&json!(true), &json!("reviewer"))
    );
    let rule = &shown["rule"];
    assert_eq!(
        (&rule["id"], &rule["action"], &rule["severity"]),
        (&json!("doubt"), &json!("review"), &json!("high"))
    );
    assert_eq!(shown["decision"]["decision"]["decision"], decision);
    // The other one is about the same text.
    assert_eq!((&shown["item"]["alike"], &shown["alike"][0]["same"]), (&json!(1), &json!(true)));
    let item = shown["item"]["item"].as_str().expect("an item").to_owned();
    let at = |what: &str| format!("/api/review/items/{item}/{what}");
    let nothing = call(gate.admin, ("POST", "/api/review/claim"), "bo", Some(verdict)).await;
    assert_eq!(nothing.status, 204);
    let upheld = json!({ "judgement": "upheld" });
    for place in ["claim", "judgement"] {
        let answer = call(gate.admin, ("POST", &at(place)), "bo", Some(upheld.clone())).await;
        is_refused(&answer, 409, "taken");
        assert_eq!(answer.json()["error"]["by"], "reviewer");
    }
    let freed = call(gate.admin, ("DELETE", &at("claim")), "reviewer", None).await;
    assert_eq!(freed.status, 204);
    let taken = call(gate.admin, ("POST", &at("claim")), "bo", Some(json!({}))).await;
    assert_eq!((taken.status, &taken.json()["item"]["claimed_by"]), (200, &json!("bo")));
    let judged = done(&gate, ("POST", &at("judgement")), "bo", upheld.clone()).await;
    assert_eq!(
        (&judged["items"][0]["outcome"], &judged["left_out"]),
        (&json!("upheld"), &json!(0))
    );
    let undone = call(gate.admin, ("DELETE", &at("judgement")), "bo", None).await;
    assert_eq!((undone.status, &undone.json()["state"]), (200, &json!("open")));
    let again = call(gate.admin, ("DELETE", &at("judgement")), "bo", None).await;
    is_refused(&again, 404, "not_found");
    // The appeal is held by somebody else.
    let alike = json!({ "judgement": "overturned", "category": "violence", "alike": true });
    let judged = done(&gate, ("POST", &at("judgement")), "bo", alike).await;
    assert_eq!(
        (judged["items"].as_array().map(Vec::len), &judged["left_out"]),
        (Some(1), &json!(1))
    );
    let stats = seen(&gate, "/api/review/stats?days=1", "viewer").await;
    let rule = &stats["rules"][0];
    assert_eq!((&rule["judged"], &rule["overturn_rate"]), (&json!(1), &json!(1.0)));
    assert_eq!(stats["reviewers"], json!([{ "reviewer": "bo", "judged": 1 }]));
    let wrong = json!({ "judgement": "upheld", "note": " " });
    let wrong = call(gate.admin, ("POST", &at("judgement")), "bo", Some(wrong)).await;
    is_refused(&wrong, 400, "invalid");
}

#[tokio::test]
async fn what_was_judged_is_exported_and_erased_and_the_ledger_knows_it() {
    let (gate, _store, decision) = scene().await;
    let items = seen(&gate, "/api/review/items", "reviewer").await;
    for item in items["rows"].as_array().expect("items") {
        let item = item["item"].as_str().expect("an id");
        let place = format!("/api/review/items/{item}/judgement");
        let note = format!("=HYPERLINK {MARKER}");
        done(&gate, ("POST", &place), "reviewer", json!({ "judgement": "upheld", "note": note }))
            .await;
    }
    let export = |form: &str| format!("/api/review/export?form={form}");
    let labels = call(gate.admin, ("GET", &export("labels")), "editor", None).await;
    assert_eq!(labels.header("content-type"), Some("application/x-ndjson"));
    assert!(
        labels.whole
            && labels.header("content-disposition").is_some_and(|it| it.starts_with("attachment"))
    );
    let lines = labels.text();
    assert_eq!(lines.lines().count(), 2, "{lines}");
    let line: Value =
        lines.lines().next().and_then(|line| serde_json::from_str(line).ok()).expect("JSON");
    assert_eq!(
        (&line["text"], &line["labels"]["hate"]),
        (&json!(format!("a doubtful {MARKER} word")), &json!(1))
    );
    let table = call(gate.admin, ("GET", &export("csv")), "editor", None).await.text();
    assert!(table.starts_with("item,at,") && table.contains("'=HYPERLINK"), "{table}");
    let refused = call(gate.admin, ("GET", &export("csv")), "reviewer", None).await;
    is_refused(&refused, 403, "forbidden");
    let acts = seen(&gate, "/api/ledger?act=export", "admin").await;
    assert_eq!(acts["rows"][0]["detail"], json!({ "format": "csv", "items": 2 }));
    assert_eq!(
        (acts["rows"].as_array().map(Vec::len), &acts["rows"][0]["actor"]),
        (Some(2), &json!("editor"))
    );
    let texts = format!("/api/decisions/{decision}/texts");
    let erased = call(gate.admin, ("DELETE", &texts), "admin", None).await;
    assert_eq!(erased.status, 204);
    let shown = seen(&gate, &format!("/api/decisions/{decision}"), "admin").await;
    assert!(!shown.to_string().contains(MARKER) && shown["passages"] == json!([]), "{shown}");
    let state = seen(&gate, "/api/ledger/verify", "admin").await;
    assert_eq!((&state["faults"], &state["signed"]), (&json!([]), &json!(false)));
    assert!(state["erased"].as_i64() >= Some(3), "{state}");
    let judged = seen(&gate, "/api/ledger?act=judge&limit=1", "admin").await;
    assert_eq!(
        (&judged["rows"][0]["detail"], &judged["rows"][0]["erased"]),
        (&Value::Null, &json!(true))
    );
    assert!(judged["next"].is_string());
    let newest = seen(&gate, "/api/ledger?limit=1", "admin").await;
    assert_eq!(
        (&newest["rows"][0]["act"], &newest["rows"][0]["object"]),
        (&json!("erase"), &json!(decision))
    );
}

#[tokio::test]
async fn whoever_has_seen_much_that_is_severe_is_given_something_else_and_then_nothing() {
    let gate = Setup::demo().policy(REVIEW).lines(LINES).start().await;
    let store = beside(&gate);
    people(&store).await;
    for number in 0..62 {
        ask_with(gate.data, "", &prompt(&format!("a doubtful word, number {}", word(number))))
            .await;
    }
    let answer = ask_with(gate.data, "", &prompt("say: hello")).await;
    let decision = answer.header("x-tidegate-decision").expect("an id");
    rows(&gate, "/api/review/items?limit=200", 62).await;
    let report = json!({ "decision_id": decision, "kind": "report" }).to_string();
    let report = post(gate.data, "/v1/feedback", &report).await;
    assert!(report.status < 300, "{}", report.text());
    let verdicts = json!({ "queue": "verdicts" });
    for _ in 0..60 {
        let shown = done(&gate, ("POST", "/api/review/claim"), "reviewer", verdicts.clone()).await;
        let item = shown["item"]["item"].as_str().expect("an id");
        let place = format!("/api/review/items/{item}/judgement");
        done(&gate, ("POST", &place), "reviewer", json!({ "judgement": "upheld" })).await;
    }
    let capped =
        call(gate.admin, ("POST", "/api/review/claim"), "reviewer", Some(verdicts.clone())).await;
    is_refused(&capped, 429, "severe_cap");
    let other = done(&gate, ("POST", "/api/review/claim"), "reviewer", json!({})).await;
    assert_eq!(
        (&other["item"]["queue"], &other["item"]["severe"]),
        (&json!("reports"), &json!(false))
    );
    // It is a cap for each of them.
    done(&gate, ("POST", "/api/review/claim"), "editor", verdicts).await;
}

/// A number in letters: digits are the same to the one who looks for texts that are alike.
fn word(number: u32) -> String {
    let letter = |place: u32| char::from_u32('a' as u32 + place).unwrap_or('z');
    [letter(number / 8), letter(number % 8)].iter().collect()
}
