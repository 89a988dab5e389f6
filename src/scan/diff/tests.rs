use super::log::{Logged, logged};
use crate::domain::{Action, Author, Phase};
use crate::engine::{Change, Decided};

fn decided(action: Action, rules: &[&str]) -> Decided {
    let rules = rules.iter().map(|&id| id.into()).collect();
    Decided { action, rules, ..Decided::default() }
}

#[test]
fn a_change_is_named_after_what_it_means_for_traffic() {
    let change = |old, new| Change::between(&decided(old, &["a"]), &decided(new, &["a"]));
    for old in Action::ALL {
        for new in Action::ALL {
            let expected = match (old.stops(), new.stops()) {
                (false, true) => Change::NewlyBlocked,
                (true, false) => Change::NoLongerBlocked,
                _ if new > old => Change::Stricter,
                _ if new < old => Change::Milder,
                _ => Change::None,
            };
            assert_eq!(change(old, new), expected, "{old} → {new}");
        }
    }
    let by = |old: &[&str], new: &[&str]| {
        Change::between(&decided(Action::Tag, old), &decided(Action::Tag, new))
    };
    assert_eq!((by(&["a"], &["b"]), by(&["a"], &["a"])), (Change::OtherRules, Change::None));
}

#[test]
fn what_could_not_be_screened_is_never_the_same_as_what_was() {
    let fine = decided(Action::Allow, &[]);
    let silent = Decided { unscreened: Some("unavailable"), ..fine.clone() };
    let large = Decided { unscreened: Some("unscannable"), ..fine.clone() };
    assert_eq!(Change::between(&fine, &silent), Change::Stricter);
    assert_eq!(Change::between(&silent, &fine), Change::Milder);
    assert_eq!(Change::between(&silent, &large), Change::Milder);
}

#[test]
fn a_record_that_keeps_its_texts_is_a_row_with_them() {
    let record = r#"{"schema":"tidegate.decision/v1","ts":"2026-11-01T10:00:00Z","decision_id":"d1","phase":"prompt",
        "text":"full","passages":[{"at":"messages[0].content","author":"system","text":"你好"},{"at":"x","text":"b"}]}"#;
    let Ok(Logged::Texts { id, texts }) = logged(record.as_bytes(), None) else {
        panic!("it has texts")
    };
    let seen: Vec<_> =
        texts.iter().map(|text| (&*text.field, text.author, text.phase, &*text.said)).collect();
    assert_eq!(id, "d1");
    assert_eq!(
        seen,
        [
            ("messages[0].content", Author::System, Phase::Prompt, "你好"),
            ("x", Author::User, Phase::Prompt, "b")
        ]
    );
    let later = "2026-11-01T10:00:01Z".parse().ok();
    assert_eq!(logged(record.as_bytes(), later), Ok(Logged::TooOld));
}

#[test]
fn a_record_without_all_of_its_texts_is_not_decided_again() {
    for (text, passages) in [
        ("omitted", "[]"),
        ("redacted", r#"[{"at":"x","text":"[EMAIL]"}]"#),
        ("hashed", r#"[{"at":"x","sha256":"00"}]"#),
        ("full", r#"[{"at":"x","text":"a"},{"at":"y","sha256":"00"}]"#),
        ("full", r#"[{"at":"x","text":"a","cut":true}]"#),
        ("full", r#"[{"at":"x","text":"a"}],"passages_left_out":1"#),
        ("full", "[]"),
    ] {
        let record = format!(
            r#"{{"schema":"tidegate.decision/v1","phase":"prompt","text":"{text}","passages":{passages}}}"#
        );
        assert_eq!(logged(record.as_bytes(), None), Ok(Logged::WithoutText), "{record}");
    }
    let checkpoint = br#"{"schema":"tidegate.checkpoint/v1","seq":7}"#;
    assert_eq!(logged(checkpoint, None), Ok(Logged::NoRecord));
    for wrong in
        ["{}", "[]", "x", r#"{"schema":"other/v1"}"#, r#"{"schema":"tidegate.decision/v1"}"#]
    {
        assert!(logged(wrong.as_bytes(), None).is_err(), "{wrong}");
    }
}
