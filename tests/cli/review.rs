//! `tidegate review`: each subcommand against a store that a gate could have filled.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate::audit::Signer;
use tidegate::store::{
    Act, Engine, Feedback, Item, KeptDecision, Now, Rating, Store, StoreSettings,
};
use uuid::Uuid;

use crate::{Outcome, fed, folder, project, run, tidegate};

const SERVER: &str = "version: 1
upstreams: { demo: { builtin: demo } }
routes:
  - { id: chat, match: { path: /v1/* }, upstream: demo, policy: default }
audit: { key: { file: audit.pem } }
store: { url: 'sqlite:state.db', text: full }
";
/// A text with a colour, a joint that cannot be seen, and a direction.
const NASTY: &str = "you \u{1b}[31mid\u{200b}iot\u{202e}!";
const HOUR: i64 = 3_600_000;

fn id() -> String {
    Uuid::now_v7().to_string()
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn passage(at: &str, author: &str, text: &str) -> Value {
    json!({ "at": at, "author": author, "bytes": text.len(), "text": text })
}

/// A decision by the rule `insults`.
fn decision(request: &str, phase: &str, texts: &Value) -> KeptDecision {
    KeptDecision {
        id: id(),
        at: now() - HOUR,
        caller: "alice".to_owned(),
        request: request.to_owned(),
        route: "chat".to_owned(),
        policy: "default".to_owned(),
        revision: "3f9c1ab".to_owned(),
        phase: phase.to_owned(),
        action: "block".to_owned(),
        would_be: "block".to_owned(),
        enforced: true,
        rule: Some("insults".to_owned()),
        category: Some("harassment".to_owned()),
        score: 0.9,
        model: "demo".to_owned(),
        record: json!({ "text": "full" }).to_string(),
        texts: Some(texts.to_string()),
        expires: now() + 24 * HOUR,
        item: None,
    }
}

/// An item about a decision.
fn item(of: &KeptDecision, queue: &str, wanted: i64) -> Item {
    Item {
        id: of.id.clone(),
        at: of.at,
        queue: queue.to_owned(),
        source: if queue == "verdicts" { "verdict" } else { "sample_blocked" }.to_owned(),
        decision: of.id.clone(),
        policy: of.policy.clone(),
        rule: of.rule.clone(),
        category: of.category.clone(),
        score: of.score,
        share: if queue == "verdicts" { 1.0 } else { 0.25 },
        kin: String::new(),
        wanted,
        expires: of.expires,
    }
}

/// A folder with a store in which things wait.
struct Scene {
    folder: tempfile::TempDir,
    /// An answer with a nasty text, in `verdicts`.
    answer: String,
    /// Two prompts of the same text, in `samples`.
    alike: [String; 2],
    /// To be judged by two people, in `samples`.
    twice: String,
    public: String,
}

fn decisions() -> [KeptDecision; 5] {
    let asked = json!([
        passage("messages[0].content", "system", "Be kind."),
        passage("messages[1].content", "user", "Who am I?"),
    ]);
    let said = json!([passage("choices[0].message.content", "assistant", NASTY)]);
    let mut prompt = decision("req_1", "prompt", &asked);
    (prompt.rule, prompt.category) = (None, None);
    prompt.action = "allow".to_owned();
    prompt.would_be.clone_from(&prompt.action);
    let mut answer = decision("req_1", "completion", &said);
    answer.item = Some(item(&answer, "verdicts", 1));
    let plain = |request: &str, text: &str, kin: &str, wanted| {
        let texts = json!([passage("messages[0].content", "user", text)]);
        let mut plain = decision(request, "prompt", &texts);
        let kin = kin.to_owned();
        plain.item = Some(Item { kin, ..item(&plain, "samples", wanted) });
        plain
    };
    let [first, second] =
        ["req_2", "req_3"].map(|request| plain(request, "=SUM(A1) idiot", "k", 1));
    [prompt, answer, first, second, plain("req_4", "夜里的猫", "", 2)]
}

/// An appeal against the answer, and ten ratings.
fn opinions(answer: &str) -> Vec<(Feedback, Option<Item>)> {
    let opinion = |number: i64, kind: &str| Feedback {
        id: id(),
        decision: answer.to_owned(),
        at: now(),
        caller: "alice".to_owned(),
        kind: kind.to_owned(),
        replay: number.to_string(),
        digest: number.to_string(),
        expires: now() + HOUR,
        ..Feedback::default()
    };
    let appeal = Feedback { comment: Some("a joke\u{1b}[2J".to_owned()), ..opinion(0, "appeal") };
    let at = now();
    let queued = Item {
        id: id(),
        at,
        queue: "appeals".to_owned(),
        source: "appeal".to_owned(),
        decision: answer.to_owned(),
        share: 1.0,
        wanted: 1,
        expires: at + HOUR,
        ..Item::default()
    };
    let mut all = vec![(appeal, Some(queued))];
    for (number, value) in (1..).zip([5, 5, 5, 5, 4, 4, 3, 3, 2, 1]) {
        let rating = Some(Rating { value, scale: 5 });
        all.push((Feedback { rating, ..opinion(number, "rating") }, None));
    }
    all
}

fn scene() -> Scene {
    let folder = folder(&[("tidegate.yaml", SERVER)]);
    let made = tidegate(folder.path(), &["audit", "key", "--out", "audit.pem"]);
    std::fs::write(folder.path().join("public.pem"), &made.out).expect("a file");
    let pem = std::fs::read_to_string(folder.path().join("audit.pem")).expect("a key");
    let settings = StoreSettings {
        engine: Engine::Sqlite(folder.path().join("state.db")),
        key: None,
        signer: Some(Arc::new(Signer::from_pem(&pem).expect("a key"))),
        now: Now(Arc::new(now)),
    };
    let store = Store::start(settings).expect("a store");
    let kept = decisions();
    let [_, answer, first, second, twice] = kept.each_ref().map(|decision| decision.id.clone());
    assert!(kept.into_iter().all(|decision| store.keep(decision)));
    let opinions = opinions(&answer);
    let signer = store.signer().cloned();
    let given = store.write(move |connection| {
        for (feedback, item) in &opinions {
            let act = Act {
                id: id(),
                at: feedback.at,
                actor: "client:alice".to_owned(),
                act: "feedback".to_owned(),
                object: feedback.id.clone(),
                detail: json!({ "comment": feedback.comment }),
                ..Act::default()
            };
            feedback.give(connection, item.as_ref(), (&act, signer.as_deref()))?;
        }
        Ok(())
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(given).expect("feedback");
    store.close(Duration::from_secs(5));
    Scene { folder, answer, alike: [first, second], twice, public: "public.pem".to_owned() }
}

impl Scene {
    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn review(&self, arguments: &[&str]) -> Outcome {
        tidegate(self.path(), &[&["review"], arguments].concat())
    }

    /// What a command prints that has to go well.
    fn fine(&self, arguments: &[&str]) -> String {
        let outcome = self.review(arguments);
        assert_eq!(outcome.code, 0, "{arguments:?}: {}", outcome.err);
        outcome.out
    }

    /// The same in somebody's name.
    fn by(&self, who: &str, arguments: &[&str]) -> String {
        self.fine(&[arguments, &["--reviewer", who]].concat())
    }

    /// What a command says that cannot be done.
    fn wrong(&self, arguments: &[&str]) -> String {
        let outcome = self.review(arguments);
        assert_eq!((outcome.code, outcome.out.as_str()), (2, ""), "{arguments:?}: {}", outcome.err);
        outcome.err
    }

    fn import(&self, lines: &str) -> Outcome {
        fed(self.path(), &["review", "import", "-", "--reviewer", "boss"], lines)
    }
}

/// JSON Lines.
fn lines(text: &str) -> Vec<Value> {
    let line =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(line).collect()
}

fn member<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// Nothing that moves a cursor or cannot be seen.
fn is_plain(text: &str) -> bool {
    !text.contains(['\u{1b}', '\u{200b}', '\u{202e}', '\u{9b}', '\r', '\t'])
}

#[test]
fn the_list_has_what_waits_by_queue_state_policy_and_rule() {
    let scene = scene();
    let all = scene.fine(&["list"]);
    assert_eq!(all.lines().count(), 6, "{all}");
    assert!(all.starts_with("ITEM") && all.contains("verdict") && all.contains("insults"), "{all}");
    let count = |arguments: &[&str]| {
        lines(&scene.fine(&[&["list", "--format", "json"], arguments].concat())).len()
    };
    assert_eq!(count(&[]), 5);
    assert_eq!(count(&["--queue", "samples"]), 3);
    assert_eq!(count(&["--queue", "appeals", "--rule", "insults"]), 1);
    assert_eq!(count(&["--policy", "other"]), 0);
    assert_eq!(count(&["--state", "settled"]), 0);
    scene.by("ann", &["judge", &scene.answer, "upheld"]);
    assert_eq!((count(&[]), count(&["--state", "settled"])), (4, 1));
    let limited = scene.review(&["list", "--limit", "2"]);
    assert_eq!(limited.out.lines().count(), 3);
    assert!(limited.err.contains("more than 2 items"), "{}", limited.err);
}

#[test]
fn an_item_is_shown_with_all_around_it_and_nothing_in_it_acts_on_the_terminal() {
    let scene = scene();
    let shown = scene.fine(&["show", &scene.answer]);
    assert!(is_plain(&shown), "{shown:?}");
    for expected in [
        "you <U+001B>[31mid<U+200B>iot<U+202E>!",
        "block of the completion by insults (harassment)",
        "of the same request, decision",
        "Who am I?",
        "a joke<U+001B>[2J",
        "queue      verdicts (verdict)",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let raw = scene.fine(&["show", &scene.answer, "--format", "json"]);
    assert!(is_plain(&raw), "{raw:?}");
    let value = lines(&raw).remove(0);
    assert_eq!(member(&value, "/about/passages/0/text"), NASTY);
    assert_eq!(member(&value, "/of_request/0/passages/1/text"), "Who am I?");
    assert_eq!(member(&value, "/feedback/0/comment"), "a joke\u{1b}[2J");
    let [first, _] = &scene.alike;
    let alike = lines(&scene.fine(&["show", first, "--format", "json"])).remove(0);
    assert_eq!(member(&alike, "/alike"), 1);
    assert!(is_plain(&scene.fine(&["feedback"])));
    assert!(
        scene
            .wrong(&["show", "nothing\u{1b}[2J"])
            .contains("there is no item `nothing<U+001B>[2J`")
    );
}

#[test]
fn two_who_know_nothing_of_each_other_differ_and_a_third_decides() {
    let scene = scene();
    let twice = scene.twice.as_str();
    let judge = |who: &str, what: &str| {
        scene.by(who, &["judge", twice, what, "--note", "my secret reason"])
    };
    let sees = |who: &str| {
        let shown = scene.by(who, &["show", twice]);
        assert_eq!(
            shown.contains("hidden until you have judged"),
            !shown.contains("my secret reason"),
            "{shown}"
        );
        shown.contains("my secret reason")
    };
    assert_eq!(judge("ann", "upheld"), format!("{twice}: second\n"));
    assert!(sees("ann") && !sees("bo"));
    let hidden = lines(&scene.by("bo", &["show", twice, "--format", "json"])).remove(0);
    assert_eq!(
        (member(&hidden, "/judgements"), member(&hidden, "/judgements_hidden")),
        (&Value::Null, &true.into())
    );
    assert_eq!(judge("bo", "overturned"), format!("{twice}: disagreement\n"));
    assert!(sees("bo") && sees("cy"));
    assert_eq!(judge("cy", "overturned"), format!("{twice}: settled, overturned\n"));
    let fourth = scene.wrong(&["judge", twice, "upheld", "--reviewer", "di"]);
    assert!(fourth.contains("three people have judged the item"), "{fourth}");
    let stats = lines(&scene.fine(&["stats", "--format", "json"])).remove(0);
    let rule = member(&stats, "/rules")
        .as_array()
        .and_then(|rules| rules.iter().find(|rule| member(rule, "/rule") == "insults"));
    let rule = rule.expect("the rule");
    assert_eq!((member(rule, "/items"), member(rule, "/overturned")), (&5.into(), &1.into()));
    assert_eq!(member(rule, "/overturn_rate"), 1.0);
    assert_eq!(member(rule, "/agreement/texts"), 1);
}

#[test]
fn what_one_said_is_taken_back_and_the_item_waits_again() {
    let scene = scene();
    let answer = scene.answer.as_str();
    scene.by("ann", &["judge", answer, "overturned"]);
    assert!(scene.wrong(&["undo", answer, "--reviewer", "bo"]).contains("`bo` has said nothing"));
    assert_eq!(scene.by("ann", &["undo", answer]), format!("{answer}: open\n"));
    assert!(scene.wrong(&["undo", answer, "--reviewer", "ann"]).contains("`ann` has said nothing"));
}

#[test]
fn items_of_the_same_text_are_judged_at_once() {
    let scene = scene();
    let [first, second] = &scene.alike;
    let told = scene.by("ann", &["judge", first, "overturned", "--alike", "--edited", "No."]);
    assert_eq!(told, format!("{first}: settled, overturned\n{second}: settled, overturned\n"));
    let acts = lines(&scene.fine(&["ledger"]));
    let judged: Vec<&Value> = acts.iter().filter(|act| member(act, "/act") == "judge").collect();
    assert_eq!(judged.len(), 2);
    let edited = judged.iter().map(|act| member(act, "/detail/edited"));
    assert_eq!(edited.collect::<Vec<_>>(), [&json!("No."), &Value::Null]);
}

#[test]
fn an_item_that_somebody_has_is_nobody_elses_until_it_is_given_back() {
    let scene = scene();
    let claimed =
        lines(&scene.by("ann", &["claim", "--queue", "verdicts", "--format", "json"])).remove(0);
    assert_eq!(
        (member(&claimed, "/item"), member(&claimed, "/claimed_by")),
        (&json!(scene.answer), &json!("ann"))
    );
    let answer = scene.answer.as_str();
    let taken = scene.wrong(&["judge", answer, "upheld", "--reviewer", "bo"]);
    assert!(taken.contains("`ann` has item"), "{taken}");
    assert!(scene.wrong(&["release", answer, "--reviewer", "bo"]).contains("`bo` has no item"));
    let nothing = scene.review(&["claim", "--queue", "verdicts", "--reviewer", "bo"]);
    assert_eq!((nothing.code, nothing.err.as_str()), (1, "nothing waits for `bo`\n"));
    scene.by("ann", &["release", answer]);
    assert_eq!(
        scene.by("bo", &["judge", answer, "upheld"]),
        format!("{answer}: settled, upheld\n")
    );
}

#[test]
fn an_import_is_taken_whole_or_not_at_all_and_once() {
    let scene = scene();
    let [first, second] = &scene.alike;
    let line = |item: &str, who: &str| json!({ "item": item, "judgement": "upheld", "reviewer": who, "note": "batch 7" });
    let good = format!("{}\n\n{}\n", line(first, "ann"), line(second, "ann"));
    let before = scene.fine(&["ledger"]).lines().count();
    let bad = format!(
        "{good}{}\n{}\n{{\"item\":\"{first}\",\"judgement\":\"maybe\",\"reviewer\":\"bo\"}}\nsecret words\n",
        line(first, "ann"),
        line(first, " "),
    );
    let refused = scene.import(&bad);
    assert_eq!(refused.code, 2);
    for expected in [
        "-:4: the same reviewer judges the same item as in line 1",
        "-:5: `reviewer` is empty",
        "-:6: unknown variant `maybe`",
        "-:7: this is no judgement in JSON",
        "nothing was taken in: 4 of the lines",
    ] {
        assert!(refused.err.contains(expected), "{expected}: {}", refused.err);
    }
    assert!(!refused.err.contains("secret"), "{}", refused.err);
    let unknown = scene.import(&format!("{good}{}\n", line("no-such-item", "ann")));
    assert!(
        unknown.code == 2 && unknown.err.contains("-:4: there is no item with this id"),
        "{}",
        unknown.err
    );
    assert_eq!(scene.fine(&["ledger"]).lines().count(), before);
    assert_eq!(scene.import(&good).out, "2 judgements are new, 0 were there\n");
    let after = scene.fine(&["ledger"]).lines().count();
    assert_eq!(after, before + 3);
    assert_eq!(scene.import(&good).out, "0 judgements are new, 2 were there\n");
    assert_eq!(scene.fine(&["ledger"]).lines().count(), after);
    let crowd: String = ["bo", "cy", "di"].map(|who| format!("{}\n", line(first, who))).concat();
    let crowd = scene.import(&crowd);
    assert!(
        crowd.code == 2 && crowd.err.contains("-:3: three people have judged the item"),
        "{}",
        crowd.err
    );
}

#[test]
fn pairs_of_answers_have_the_forms_that_trainers_read() {
    let scene = scene();
    let [first, _] = &scene.alike;
    scene.by("ann", &["judge", &scene.answer, "upheld", "--edited", "A guest.\n你好"]);
    scene.by("ann", &["judge", first, "upheld"]);
    let export = |form: &str| scene.review(&["export", "--format", form, "--reviewer", "ann"]);
    let dpo = export("dpo");
    let expected = json!({
        "prompt": [
            { "role": "system", "content": "Be kind." },
            { "role": "user", "content": "Who am I?" },
        ],
        "chosen": [{ "role": "assistant", "content": "A guest.\n你好" }],
        "rejected": [{ "role": "assistant", "content": NASTY }],
    });
    assert_eq!(lines(&dpo.out), [expected.clone()]);
    assert!(is_plain(&dpo.out));
    assert_eq!(dpo.err, "1 settled items left out: no judgement has an edited answer\n1 rows\n");
    let openai = json!({
        "input": { "messages": member(&expected, "/prompt") },
        "preferred_output": member(&expected, "/chosen"),
        "non_preferred_output": member(&expected, "/rejected"),
    });
    assert_eq!(lines(&export("openai").out), [openai]);
    let acts = lines(&scene.fine(&["ledger"]));
    assert!(
        acts.iter()
            .any(|act| member(act, "/act") == "export" && member(act, "/detail/format") == "dpo")
    );
}

#[test]
fn labelled_rows_are_what_an_evaluation_reads_with_their_weight() {
    let scene = scene();
    let [first, second] = &scene.alike;
    scene.by("ann", &["judge", first, "upheld"]);
    scene.by("ann", &["judge", second, "overturned"]);
    let export = scene.by("ann", &["export", "--format", "eval", "--queue", "samples"]);
    let rows = lines(&export);
    let labels: Vec<&Value> = rows.iter().map(|row| member(row, "/labels/harassment")).collect();
    assert_eq!(labels, [&json!(1), &json!(0)]);
    assert!(
        rows.iter()
            .all(|row| member(row, "/weight") == 4.0 && member(row, "/text") == "=SUM(A1) idiot")
    );
    std::fs::write(scene.path().join("rows.jsonl"), &export).expect("a file");
    let policy = project().join("config/policies/starter.yaml");
    let policy = policy.to_string_lossy();
    let measured =
        tidegate(scene.path(), &["eval", "rows.jsonl", "--policy", &policy, "--format", "json"]);
    assert!(measured.code < 2, "{}", measured.err);
    assert!(measured.out.contains("harassment"), "{}", measured.out);
    let none = scene.by("ann", &["export", "--format", "eval", "--since", "2999-01-01"]);
    assert_eq!(none, "");
}

#[test]
fn a_table_has_no_formulas_and_the_whole_record_has_everything() {
    let scene = scene();
    let [first, _] = &scene.alike;
    scene.by("ann", &["judge", first, "overturned", "--note", "@cmd", "--category", "hate"]);
    scene.by("ann", &["judge", &scene.answer, "upheld"]);
    let table = scene.by("ann", &["export", "--format", "csv"]);
    assert!(is_plain(&table), "{table:?}");
    let mut read = csv::Reader::from_reader(table.as_bytes());
    let headings = read.headers().expect("headings").clone();
    let rows: Vec<csv::StringRecord> = read.records().map(|row| row.expect("a row")).collect();
    let of = |row: &csv::StringRecord, name: &str| {
        let at = headings.iter().position(|heading| heading == name).expect("a column");
        row.get(at).unwrap_or_default().to_owned()
    };
    let row = rows.iter().find(|row| of(row, "item") == *first).expect("the item");
    assert_eq!(
        (of(row, "text"), of(row, "notes")),
        ("'=SUM(A1) idiot".to_owned(), "'@cmd".to_owned())
    );
    assert_eq!(
        (of(row, "outcome"), of(row, "outcome_category")),
        ("overturned".to_owned(), "hate".to_owned())
    );
    let records = lines(&scene.by("ann", &["export"]));
    assert_eq!(records.len(), 2);
    let record =
        records.iter().find(|row| member(row, "/item") == &json!(first)).expect("the item");
    assert_eq!(member(record, "/judgements/0/note"), "@cmd");
    assert_eq!(member(record, "/about/passages/0/text"), "=SUM(A1) idiot");
}

#[test]
fn ratings_are_scored_and_listed() {
    let scene = scene();
    let stats = scene.fine(&["stats"]);
    assert!(stats.contains("ROUTE") && stats.contains("1–5") && stats.contains("40.0"), "{stats}");
    let stats = lines(&scene.fine(&["stats", "--format", "json"])).remove(0);
    let route = member(&stats, "/satisfaction/0");
    assert_eq!((member(route, "/route"), member(route, "/answers")), (&json!("chat"), &json!(10)));
    assert_eq!((member(route, "/promoters"), member(route, "/detractors")), (&json!(6), &json!(2)));
    let later =
        lines(&scene.fine(&["stats", "--since", "2999-01-01", "--format", "json"])).remove(0);
    assert_eq!(member(&later, "/rules"), &json!([]));
    let feedback = lines(&scene.fine(&["feedback", "--limit", "11", "--format", "json"]));
    assert_eq!(feedback.len(), 11);
    assert_eq!(member(feedback.last().expect("an appeal"), "/kind"), "appeal");
}

#[test]
fn what_is_erased_is_gone_everywhere_and_the_ledger_still_verifies() {
    let scene = scene();
    let answer = scene.answer.as_str();
    scene.by(
        "ann",
        &["judge", answer, "upheld", "--note", "my secret reason", "--edited", "A guest."],
    );
    let refused = scene.wrong(&["erase", answer, "--reviewer", "ann"]);
    assert!(refused.contains("--yes"), "{refused}");
    assert_eq!(scene.by("ann", &["erase", answer, "--yes"]), format!("{answer}: erased\n"));
    assert!(
        scene
            .wrong(&["erase", "no-such", "--yes", "--reviewer", "ann"])
            .contains("nothing about a decision")
    );
    let shown = scene.fine(&["show", answer]);
    let ledger = scene.fine(&["ledger"]);
    for secret in ["my secret reason", "A guest.", "idiot", "a joke"] {
        assert!(!shown.contains(secret) && !ledger.contains(secret), "{secret}");
    }
    let last = lines(&ledger).pop().expect("an act");
    assert_eq!(
        (member(&last, "/act"), member(&last, "/object")),
        (&json!("erase"), &json!(answer))
    );
    let eval = scene.review(&["export", "--format", "eval", "--reviewer", "ann"]);
    assert!(eval.err.starts_with("1 settled items left out: no text is kept"), "{}", eval.err);
    let whole = scene.fine(&["ledger", "--verify", "--key", &scene.public]);
    assert!(whole.starts_with("whole: ") && whole.contains("signed by a key"), "{whole}");
}

#[test]
fn a_ledger_that_somebody_changed_is_broken_at_that_line() {
    let scene = scene();
    scene.by("ann", &["judge", &scene.answer, "upheld"]);
    let other = tidegate(scene.path(), &["audit", "key", "--out", "other.pem"]);
    std::fs::write(scene.path().join("other-public.pem"), &other.out).expect("a file");
    let unsigned = scene.review(&["ledger", "--verify", "--key", "other-public.pem"]);
    assert!(
        unsigned.code == 1 && unsigned.out.contains("line 1: it is not signed by a key"),
        "{}",
        unsigned.out
    );
    let database = rusqlite::Connection::open(scene.path().join("state.db")).expect("a database");
    database.execute("UPDATE ledger SET actor = 'bo' WHERE seq = 12", []).expect("a change");
    drop(database);
    let broken = scene.review(&["ledger", "--verify"]);
    assert_eq!(broken.code, 1);
    assert!(
        broken.out.contains("line 12: its columns do not say what the line says"),
        "{}",
        broken.out
    );
}

#[test]
fn wrong_input_says_what_is_wrong_with_it() {
    let scene = scene();
    let answer = scene.answer.as_str();
    let cases: [(&[&str], &str); 9] = [
        (&["judge", answer, "upheld"], "nobody says who acts: `--reviewer NAME`"),
        (&["judge", answer, "maybe", "--reviewer", "ann"], "invalid value 'maybe'"),
        (&["judge", "no-such", "upheld", "--reviewer", "ann"], "there is no item `no-such`"),
        (&["judge", answer, "upheld", "--note", " ", "--reviewer", "ann"], "`note` is empty"),
        (&["judge", answer, "upheld", "--reviewer", "a\nb"], "`reviewer` has a control character"),
        (&["list", "--limit", "0"], "0 is not in 1..=100000"),
        (&["stats", "--since", "yesterday"], "a duration such as 12h or 30d"),
        (&["claim", "--hold", "2d", "--reviewer", "ann"], "at most 24h"),
        (&["ledger", "--key", "public.pem"], "--verify"),
    ];
    for (arguments, expected) in cases {
        let said = scene.wrong(arguments);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    let user = [("USER".to_owned(), "ann".to_owned())];
    let named = run(scene.path(), &["review", "judge", answer, "upheld"], "", &user);
    assert_eq!(named.code, 0, "{}", named.err);
    let acts = lines(&scene.fine(&["ledger"]));
    assert_eq!(acts.last().map(|act| member(act, "/actor")), Some(&json!("ann")));
}

#[test]
fn without_a_store_nothing_is_made() {
    let none = folder(&[("tidegate.yaml", SERVER), ("audit.pem", "")]);
    let outcome = tidegate(none.path(), &["review", "list"]);
    assert!(
        outcome.code == 2 && outcome.err.contains("`audit.key` signs the ledger"),
        "{}",
        outcome.err
    );
    let file = SERVER.replace("audit: { key: { file: audit.pem } }\n", "");
    std::fs::write(none.path().join("tidegate.yaml"), &file).expect("a file");
    let outcome = tidegate(none.path(), &["review", "list"]);
    assert!(outcome.code == 2 && outcome.err.contains("there is no store at"), "{}", outcome.err);
    assert!(!none.path().join("state.db").exists());
    std::fs::write(none.path().join("tidegate.yaml"), file.replace("sqlite:state.db", "none"))
        .expect("a file");
    let outcome = tidegate(none.path(), &["review", "list"]);
    assert!(outcome.code == 2 && outcome.err.contains("names no store"), "{}", outcome.err);
}
