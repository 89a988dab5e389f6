//! One suite for both databases. PostgreSQL takes part where `TIDEGATE_TEST_POSTGRES` holds the address of a server
//! in which databases may be made (`make store-test` starts one).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod accounts;
mod console;
mod ledger;
mod reviews;
mod thresholds;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ring::rand::SystemRandom;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::audit::{Signer, new_key};

/// The time that tests see.
static NOW: AtomicI64 = AtomicI64::new(1_000_000);

fn settings(engine: Engine) -> StoreSettings {
    let now = Now(Arc::new(|| NOW.load(Ordering::Relaxed)));
    StoreSettings { engine, key: None, signer: None, waits: false, now }
}

/// A store to try, and what has to live as long.
struct Tried {
    engine: Engine,
    _folder: tempfile::TempDir,
}

#[expect(clippy::disallowed_methods, reason = "nobody but the environment knows of a server")]
fn tried() -> Vec<Tried> {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = Engine::Sqlite(folder.path().join("state.db"));
    let mut all = vec![Tried { engine: sqlite, _folder: folder }];
    if let Ok(url) = std::env::var("TIDEGATE_TEST_POSTGRES") {
        let name = format!("t{}", Uuid::now_v7().simple());
        let mut admin = ::postgres::Client::connect(&url, ::postgres::NoTls).unwrap();
        admin.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let url = url.replace("/postgres?", &format!("/{name}?"));
        assert!(url.contains(&name), "the address names the database `postgres` and has a query");
        let engine = Engine::Postgres { url, password: None, tls: None };
        all.push(Tried { engine, _folder: tempfile::tempdir().unwrap() });
    }
    all
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The same for every database there is.
fn with_each<F: Future<Output = ()>>(test: impl Fn(Store, Engine) -> F) {
    for Tried { engine, _folder } in tried() {
        let store = Store::start(settings(engine.clone())).unwrap();
        runtime().block_on(test(store, engine));
    }
}

fn id() -> String {
    Uuid::now_v7().to_string()
}

fn decision(id: &str, caller: &str) -> KeptDecision {
    KeptDecision {
        id: id.to_owned(),
        at: 1_000_000,
        caller: caller.to_owned(),
        request: "req_1".to_owned(),
        route: "chat".to_owned(),
        policy: "default".to_owned(),
        phase: "prompt".to_owned(),
        action: "block".to_owned(),
        would_be: "block".to_owned(),
        enforced: true,
        rule: Some("insults".to_owned()),
        category: Some("harassment".to_owned()),
        score: 1.5,
        record: r#"{"action":"block"}"#.to_owned(),
        texts: Some(r#"[{"text":"名字 O'Hara; DROP TABLE decisions"}]"#.to_owned()),
        expires: 2_000_000,
        ..KeptDecision::default()
    }
}

fn act(act: &str, object: &str) -> Act {
    Act {
        id: id(),
        at: 1_000_000,
        ts: "1970-01-01T00:16:40Z".to_owned(),
        actor: "client:abc".to_owned(),
        act: act.to_owned(),
        object: object.to_owned(),
        detail: json!({ "label": "false_positive" }),
    }
}

fn said(decision: &str, replay: &str) -> Feedback {
    Feedback {
        id: id(),
        decision: decision.to_owned(),
        at: 1_000_000,
        caller: "alice".to_owned(),
        kind: "label".to_owned(),
        label: Some("false_positive".to_owned()),
        comment: Some("it was a joke".to_owned()),
        replay: replay.to_owned(),
        digest: "d".to_owned(),
        expires: 2_000_000,
        ..Feedback::default()
    }
}

async fn give(store: &Store, feedback: Feedback, item: Option<Item>) -> Given {
    let act = act("feedback", &feedback.id);
    store.write(move |c| feedback.give(c, item.as_ref(), (&act, None))).await.unwrap()
}

fn item(decision: &str, source: &str) -> Item {
    Item {
        id: id(),
        at: 1_000_000,
        queue: "reports".to_owned(),
        source: source.to_owned(),
        decision: decision.to_owned(),
        share: 1.0,
        wanted: 1,
        expires: 2_000_000,
        ..Item::default()
    }
}

/// The latest opinions.
fn newest() -> FeedbackFilter {
    FeedbackFilter { limit: 10, ..FeedbackFilter::default() }
}

async fn ledger(store: &Store) -> LedgerState {
    store.read(|c| LedgerState::verify(c, &[])).await.unwrap()
}

fn two_agree(row: &ItemRow, said: &[JudgementRow]) -> Outcome {
    let word = |index: usize| said.get(index).map(|one| one.judgement.clone());
    match (word(0), word(1)) {
        (None, _) => (ItemState::Open, None),
        (Some(one), None) if row.item.wanted == 1 => (ItemState::Settled, Some((one, None))),
        (Some(_), None) => (ItemState::Second, None),
        (Some(one), Some(other)) if one == other => (ItemState::Settled, Some((one, None))),
        (Some(_), Some(_)) => (ItemState::Disagreement, None),
    }
}

async fn judge(store: &Store, item: &str, reviewer: &str, word: &str) -> Option<ItemRow> {
    let given = JudgementRow {
        id: id(),
        item: item.to_owned(),
        at: 1_000_000,
        reviewer: reviewer.to_owned(),
        judgement: word.to_owned(),
        ..JudgementRow::default()
    };
    let act = act("judge", item);
    store.write(move |c| given.give(c, two_agree, (&act, None))).await.unwrap()
}

#[test]
fn a_decision_is_found_as_it_was_kept_also_by_what_comes_right_after_it() {
    with_each(|store, _| async move {
        let kept = decision(&id(), "alice");
        assert!(store.keep(kept.clone()));
        let wanted = kept.id.clone();
        // The thread that writes does all in order.
        let found = store.write(move |c| DecisionRow::find(c, None, &wanted)).await.unwrap();
        assert_eq!(found.unwrap().decision, kept);
        let filter =
            DecisionFilter { rule: Some("insults".to_owned()), limit: 10, ..Default::default() };
        let listed = store.read(move |c| DecisionRow::list(c, &filter)).await.unwrap();
        assert_eq!(listed.len(), 1);
        let filter =
            DecisionFilter { rule: Some("' OR 1=1".to_owned()), limit: 10, ..Default::default() };
        let listed = store.read(move |c| DecisionRow::list(c, &filter)).await.unwrap();
        assert_eq!(listed.len(), 0);
    });
}

#[test]
fn texts_lie_encrypted_where_there_is_a_key_and_no_other_key_opens_them() {
    for Tried { engine, _folder } in tried() {
        let secret = "0123456789abcdef0123456789abcdef";
        let key = || Some(TextKey::new(secret).unwrap());
        let store = Store::start(StoreSettings { key: key(), ..settings(engine) }).unwrap();
        runtime().block_on(async {
            let kept = decision(&id(), "alice");
            store.keep(kept.clone());
            let wanted = kept.id.clone();
            let raw = "SELECT texts FROM decisions WHERE id = $1";
            let raw = store.write(move |c| c.row(raw, &[wanted.into()])?.unwrap().text(0)).await;
            assert!(!raw.unwrap().contains("Hara"));
            let wanted = kept.id.clone();
            let found = store.read(move |c| DecisionRow::find(c, key().as_ref(), &wanted)).await;
            assert_eq!(found.unwrap().unwrap().decision.texts, kept.texts);
            let wanted = kept.id.clone();
            let other = TextKey::new(&secret.replace('0', "x")).unwrap();
            let found = store.read(move |c| DecisionRow::find(c, Some(&other), &wanted)).await;
            assert!(matches!(found, Err(StoreError::Unreadable(_))), "{found:?}");
        });
    }
}

#[test]
fn feedback_is_kept_once_and_only_from_the_caller_of_the_decision() {
    with_each(|store, _| async move {
        let kept = decision(&id(), "alice");
        store.keep(kept.clone());
        let first = give(&store, said(&kept.id, "r1"), Some(item(&kept.id, "report"))).await;
        let Given::Kept(first) = first else { panic!("{first:?}") };
        assert_eq!(first.review, Some(("open".to_owned(), None)));
        assert_eq!(first.route, "chat");
        let again = give(&store, said(&kept.id, "r1"), None).await;
        assert_eq!(again, Given::Known(first.clone()));
        let other = Feedback { digest: "other".to_owned(), ..said(&kept.id, "r1") };
        assert_eq!(give(&store, other, None).await, Given::Clash);
        let foreign = Feedback { caller: "mallory".to_owned(), ..said(&kept.id, "r2") };
        assert_eq!(give(&store, foreign, None).await, Given::Unknown);
        assert_eq!(give(&store, said(&id(), "r3"), None).await, Given::Unknown);
        let listed = store.read(|c| FeedbackRow::list(c, &newest())).await.unwrap();
        assert_eq!(listed, [first]);
        let state = ledger(&store).await;
        assert_eq!((state.lines, state.faults.len()), (1, 0));
    });
}

#[test]
fn what_two_gates_do_at_once_is_one_chain_and_each_item_has_one_holder() {
    for Tried { engine, _folder } in tried() {
        let stores = [0, 1].map(|_| Store::start(settings(engine.clone())).unwrap());
        runtime().block_on(async {
            let kept: Vec<KeptDecision> = (0..20).map(|_| decision(&id(), "alice")).collect();
            for one in &kept {
                stores[0].keep(one.clone());
            }
            stores[0].write(|_| Ok(())).await.unwrap();
            let gives = kept.iter().enumerate().map(|(index, one)| {
                give(&stores[index % 2], said(&one.id, &one.id), Some(item(&one.id, "report")))
            });
            for given in futures_util::future::join_all(gives).await {
                assert!(matches!(given, Given::Kept(_)), "{given:?}");
            }
            let state = ledger(&stores[1]).await;
            assert_eq!((state.lines, state.faults), (20, Vec::new()));
            let claims = (0..20).map(|index| {
                let claim =
                    Claim { reviewer: format!("r{index}"), now: 1_000_000, until: 1_100_000 };
                stores[index % 2].write(move |c| claim.next(c, None, |_| true))
            });
            let claimed = futures_util::future::join_all(claims).await;
            let mut ids: Vec<String> =
                claimed.into_iter().map(|c| c.unwrap().unwrap().item.id).collect();
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), 20);
        });
    }
}

#[test]
fn of_several_policies_that_decide_about_the_same_people_speak_of_the_strictest() {
    with_each(|store, _| async move {
        let id = id();
        let of = |policy: &str, source: &str, weight| {
            let item = Some(Item { policy: policy.to_owned(), ..item(&id, source) });
            KeptDecision { policy: policy.to_owned(), weight, item, ..decision(&id, "alice") }
        };
        for kept in
            [of("mild", "verdict", 2), of("strict", "sample_blocked", 8), of("mild", "verdict", 2)]
        {
            store.keep(kept);
        }
        let given = give(&store, said(&id, "r1"), None).await;
        let Given::Kept(given) = given else { panic!("{given:?}") };
        assert_eq!(given.policy, "strict");
        let filter = ItemFilter { limit: 10, ..ItemFilter::default() };
        let items = store.read(move |c| ItemRow::list(c, &filter)).await.unwrap();
        assert_eq!(items.len(), 2);
        let filter = DecisionFilter { limit: 10, ..DecisionFilter::default() };
        let decisions = store.read(move |c| DecisionRow::list(c, &filter)).await.unwrap();
        assert_eq!(decisions.len(), 2);
    });
}

#[test]
fn a_decision_that_the_database_refuses_is_counted_and_holds_up_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::start(settings(Engine::Sqlite(folder.path().join("state.db")))).unwrap();
    runtime().block_on(async {
        let good = [id(), id()];
        store.keep(decision(&good[0], "alice"));
        // SQLite takes what is no number for nothing, and a score is something.
        store.keep(KeptDecision { score: f64::NAN, ..decision(&id(), "alice") });
        store.keep(decision(&good[1], "alice"));
        for id in good {
            let found = store.write(move |c| DecisionRow::find(c, None, &id)).await.unwrap();
            assert!(found.is_some());
        }
        assert_eq!((store.state().away, store.state().lost, store.state().waiting), (None, 1, 0));
    });
}

#[test]
fn a_text_that_no_database_could_hold_is_held_all_the_same() {
    with_each(|store, _| async move {
        let odd = KeptDecision { model: "gpt\0\u{202e}名".to_owned(), ..decision(&id(), "alice") };
        let id = odd.id.clone();
        store.keep(odd);
        let found = store.write(move |c| DecisionRow::find(c, None, &id)).await.unwrap().unwrap();
        let model = found.decision.model;
        assert!(model == "gpt\0\u{202e}名" || model == "gpt\u{fffd}\u{202e}名", "{model:?}");
        assert_eq!(store.state().away, None);
    });
}

#[test]
fn more_than_goes_at_once_goes_one_after_the_other() {
    with_each(|store, _| async move {
        for _ in 0..1_200 {
            store.keep(KeptDecision { texts: None, ..decision(&id(), "alice") });
        }
        let more = || async { store.write(|c| retention::expire(c, 2_000_000)).await.unwrap() };
        assert!(more().await);
        assert!(!more().await);
        let left = "SELECT count(*) FROM decisions";
        assert_eq!(store.read(move |c| c.number(left, &[])).await.unwrap(), 0);
    });
}

#[test]
fn of_one_decision_only_so_much_is_said_and_texts_stay_while_somebody_looks() {
    with_each(|store, _| async move {
        let kept = KeptDecision { kin: "k".to_owned(), ..decision(&id(), "alice") };
        store.keep(kept.clone());
        let late = Item { expires: 3_000_000, ..item(&kept.id, "report") };
        give(&store, said(&kept.id, "r0"), Some(late)).await;
        let wanted = kept.id.clone();
        let found =
            store.read(move |c| DecisionRow::find(c, None, &wanted)).await.unwrap().unwrap();
        assert_eq!(found.decision.expires, 3_000_000);
        let filter = ItemFilter { limit: 10, ..ItemFilter::default() };
        let items = store.read(move |c| ItemRow::list(c, &filter)).await.unwrap();
        assert_eq!(items[0].item.kin, "k");
        for number in 1..20 {
            let given = give(&store, said(&kept.id, &format!("r{number}")), None).await;
            assert!(matches!(given, Given::Kept(_)), "{given:?}");
        }
        assert_eq!(give(&store, said(&kept.id, "r20"), None).await, Given::Enough);
        // What was said before is still known.
        assert!(matches!(give(&store, said(&kept.id, "r3"), None).await, Given::Known(_)));
    });
}

#[test]
fn what_fails_harms_nothing_that_is_written_with_it() {
    with_each(|store, _| async move {
        let bad =
            store.write(|c| c.run("INSERT INTO meta (name, value) VALUES ('schema', 'x')", &[]));
        let good = (0..10).map(|index| {
            let one = item(&format!("d{index}"), "verdict");
            store.write(move |c| one.insert(c))
        });
        let (bad, good) = futures_util::join!(bad, futures_util::future::join_all(good));
        assert!(matches!(bad, Err(StoreError::Conflict(_))), "{bad:?}");
        assert!(good.iter().all(Result::is_ok), "{good:?}");
        let sizes = store.read(ItemRow::sizes).await.unwrap();
        assert_eq!(sizes[0].items, 10);
    });
}

#[test]
fn a_store_of_a_later_version_is_refused() {
    for Tried { engine, _folder } in tried() {
        let store = Store::start(settings(engine.clone())).unwrap();
        let set = "UPDATE meta SET value = '99' WHERE name = 'schema'";
        runtime().block_on(store.write(move |c| c.run(set, &[]))).unwrap();
        store.close(Duration::from_secs(5));
        let again = Store::start(settings(engine));
        let Err(StoreError::Schema(why)) = again else { panic!("{again:?}") };
        assert!(why.contains("step 99"), "{why}");
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    std::fs::write(&path, "this is a letter to the editor, and no database at all, by any means")
        .unwrap();
    let refused = Store::start(settings(Engine::Sqlite(path.clone())));
    assert!(matches!(refused, Err(StoreError::Schema(_))), "{refused:?}");
    assert!(std::fs::read_to_string(path).unwrap().starts_with("this is a letter"));
}
