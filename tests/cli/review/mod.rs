//! `tidegate review`: each subcommand against a store that a gate could have filled.

mod exports;
mod improving;
mod moved;
mod scene;

use serde_json::{Value, json};

use crate::{folder, run, tidegate};
use scene::{NASTY, SERVER, is_plain, lines, member, scene};

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
        let seen = shown.matches("my secret reason").count();
        (seen, shown.contains("those of others are hidden"))
    };
    assert_eq!(judge("ann", "upheld"), format!("{twice}: second\n"));
    // Everybody sees their own, and the first two nothing else.
    assert_eq!((sees("ann"), sees("bo")), ((1, true), (0, true)));
    let hidden = lines(&scene.by("bo", &["show", twice, "--format", "json"])).remove(0);
    assert_eq!(
        (member(&hidden, "/judgements"), member(&hidden, "/judgements_hidden")),
        (&json!([]), &true.into())
    );
    assert_eq!(judge("bo", "overturned"), format!("{twice}: disagreement\n"));
    assert_eq!((sees("ann"), sees("bo"), sees("cy")), ((1, true), (1, true), (2, false)));
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
    assert!(matches!(none.path().join("state.db").try_exists(), Ok(false)));
    std::fs::write(none.path().join("tidegate.yaml"), file.replace("sqlite:state.db", "none"))
        .expect("a file");
    let outcome = tidegate(none.path(), &["review", "list"]);
    assert!(outcome.code == 2 && outcome.err.contains("names no store"), "{}", outcome.err);
}
