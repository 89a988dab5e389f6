#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_cmp,
    reason = "a test stops at what it did not expect, and thresholds have nine decimals"
)]

//! On SQLite; the suite of the store has two gates on each database.

use std::sync::Arc;

use super::testing::*;
use super::*;
use crate::store::{Engine, LedgerState, Now, Store, StoreSettings};

fn with_store(test: impl FnOnce(&mut dyn Connection) + Send + 'static) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::Sqlite(folder.path().join("state.db"));
    let now = Now(Arc::new(|| START));
    let settings = StoreSettings { engine, key: None, signer: None, waits: false, now };
    let store = Store::start(settings).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let test = |connection: &mut dyn Connection| {
        test(connection);
        Ok(())
    };
    runtime.block_on(store.write(test)).unwrap();
}

fn latest(connection: &mut dyn Connection) -> ThresholdRow {
    ThresholdRow::of(connection, "p", "r").unwrap().swap_remove(0)
}

#[test]
fn a_threshold_begins_with_what_is_written_and_moves_once_in_a_while_inside_its_bounds() {
    with_store(|c| {
        let subject = subject(0.5, "mode: on");
        let row = subject.begin(c, START, &by(GATE, START)).unwrap();
        assert_eq!((row.threshold, row.state.as_str(), row.moved), (0.5, "on", None));
        assert_eq!(AdaptationRow::last(c, 10).unwrap(), []);
        too_many(c, THREE, START);
        let now = START + 1;
        let Looked { row, change } = follow(c, &subject, (&row, now)).unwrap();
        // The smallest part of a step that mends it.
        assert_eq!((row.threshold, row.reason.as_str(), row.moved), (0.525, "up", Some(now)));
        let change = change.unwrap();
        assert_eq!((change.from, change.to, change.actor.as_str()), (0.5, 0.525, "gate"));
        let evidence: Value = serde_json::from_str(&change.evidence).unwrap();
        assert_eq!(evidence["reviewers"], 3);
        assert_eq!(evidence["flagged_benign"], 60);
        assert_eq!(subject.in_force(&row), 0.525);
        assert!(!subject.is_due(&row, now + DAY - 1) && subject.is_due(&row, now + DAY));
        assert_eq!(LedgerState::verify(c, &[]).unwrap().lines, 151);
        // Nobody has judged anything since.
        let later = now + DAY;
        let Looked { row, change } = follow(c, &subject, (&row, later)).unwrap();
        assert_eq!((row.reason.as_str(), change), ("too_few_labels", None));
        assert_eq!(row.looked, Some(now));
    });
}

#[test]
fn one_person_alone_moves_nothing_however_much_they_judge() {
    with_store(|c| {
        let subject = subject(0.5, "mode: on");
        let row = subject.begin(c, START, &by(GATE, START)).unwrap();
        too_many(c, &["eve"], START);
        let Looked { row, change } = follow(c, &subject, (&row, START + 1)).unwrap();
        assert_eq!((row.reason.as_str(), row.threshold, change), ("too_few_reviewers", 0.5, None));
    });
}

#[test]
fn who_was_there_first_moves_and_whoever_comes_after_does_not() {
    with_store(|c| {
        let subject = subject(0.5, "mode: on");
        let row = subject.begin(c, START, &by(GATE, START)).unwrap();
        too_many(c, THREE, START);
        let first = follow(c, &subject, (&row, START + 1)).unwrap();
        assert!(first.change.is_some());
        // The other one has read the labels as the threshold stood before.
        assert_eq!(follow(c, &subject, (&row, START + 2)), None);
        // A reset comes between as well.
        let row = first.row;
        reset(c, ("p", "r"), &by("ann", START + 3)).unwrap().unwrap();
        assert_eq!(follow(c, &subject, (&row, START + 2 * DAY)), None);
    });
}

#[test]
fn a_reset_is_one_act_and_labels_of_before_count_no_more() {
    with_store(|c| {
        let subject = subject(0.5, "mode: on");
        let row = subject.begin(c, START, &by(GATE, START)).unwrap();
        too_many(c, THREE, START);
        follow(c, &subject, (&row, START + 1)).unwrap();
        let lines = LedgerState::verify(c, &[]).unwrap().lines;
        let row = reset(c, ("p", "r"), &by("ann", START + 2)).unwrap().unwrap();
        assert_eq!((row.threshold, row.reason.as_str()), (0.5, "reset"));
        assert_eq!(LedgerState::verify(c, &[]).unwrap().lines, lines + 1);
        let change = AdaptationRow::last(c, 1).unwrap().swap_remove(0);
        assert_eq!((change.act.as_str(), change.actor.as_str()), ("reset", "ann"));
        assert_eq!((change.from, change.to), (0.525, 0.5));
        assert_eq!(latest(c), row);
        let Looked { row, .. } = follow(c, &subject, (&row, START + 2 + DAY)).unwrap();
        assert_eq!((row.threshold, row.reason.as_str()), (0.5, "too_few_labels"));
        let evidence: Value = serde_json::from_str(&row.evidence).unwrap();
        assert_eq!(evidence["labels"], 0);
        assert_eq!(reset(c, ("p", "other"), &by("ann", START + 3)).unwrap(), None);
    });
}

#[test]
fn what_is_written_anew_takes_the_place_of_what_was_learnt() {
    with_store(|c| {
        let before = subject(0.5, "mode: on");
        let row = before.begin(c, START, &by(GATE, START)).unwrap();
        too_many(c, THREE, START);
        follow(c, &before, (&row, START + 1)).unwrap();
        let after = subject(0.6, "mode: on");
        let read = START + 10;
        let rows = ThresholdRow::list(c).unwrap();
        assert_eq!(after.standing(&rows, read), None);
        let row = after.begin(c, read, &by(GATE, read)).unwrap();
        // It stands higher than before, so labels of before say enough.
        assert_eq!((row.threshold, row.moved, row.lowered), (0.6, Some(read), None));
        let change = AdaptationRow::last(c, 1).unwrap().swap_remove(0);
        assert_eq!((change.act.as_str(), change.from, change.to), ("file", 0.525, 0.6));
        // A gate that has not read the new files yet goes on with its own.
        let rows = ThresholdRow::list(c).unwrap();
        assert_eq!(before.standing(&rows, START).unwrap().threshold, 0.525);
        assert_eq!(after.standing(&rows, read), Some(&row));
        // Whoever writes the old ones again begins again, and lower.
        let again = START + 20;
        assert_eq!(before.standing(&rows, again), None);
        let row = before.begin(c, again, &by(GATE, again)).unwrap();
        assert_eq!((row.threshold, row.lowered), (0.5, Some(again)));
        assert_eq!(list(c).unwrap()["rows"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn what_is_tried_in_shadow_moves_nothing_and_begins_as_written_when_it_is_switched_on() {
    with_store(|c| {
        let shadow = subject(0.5, "mode: shadow");
        let row = shadow.begin(c, START, &by(GATE, START)).unwrap();
        too_many(c, THREE, START);
        let Looked { row, change } = follow(c, &shadow, (&row, START + 1)).unwrap();
        assert_eq!((row.threshold, shadow.in_force(&row)), (0.525, 0.5));
        assert!(change.unwrap().shadow);
        let on = subject(0.5, "mode: on");
        let row = on.begin(c, START + 2, &by(GATE, START + 2)).unwrap();
        assert_eq!((row.threshold, on.in_force(&row), row.lowered), (0.5, 0.5, None));
    });
}

#[test]
fn what_is_switched_off_is_shown_as_such_and_begins_anew_later() {
    with_store(|c| {
        let subject = subject(0.5, "mode: on");
        let row = subject.begin(c, START, &by(GATE, START)).unwrap();
        too_many(c, THREE, START);
        follow(c, &subject, (&row, START + 1)).unwrap();
        let rows = ThresholdRow::list(c).unwrap();
        // Files that are older than what another gate began with say nothing.
        assert_eq!(gone(&rows, (&["p"], &[]), START - 1).len(), 0);
        assert_eq!(gone(&rows, (&["q"], &[]), START + 5).len(), 0);
        let off: Vec<ThresholdRow> =
            gone(&rows, (&["p"], &[]), START + 5).into_iter().cloned().collect();
        retire(c, &off).unwrap();
        assert_eq!(list(c).unwrap()["rows"][0]["state"], "off");
        assert_eq!(reset(c, ("p", "r"), &by("ann", START + 6)).unwrap(), None);
        let rows = ThresholdRow::list(c).unwrap();
        assert_eq!(subject.standing(&rows, START + 7), None);
        let row = subject.begin(c, START + 7, &by(GATE, START + 7)).unwrap();
        assert_eq!((row.threshold, row.state.as_str()), (0.5, "on"));
    });
}

#[test]
fn labels_are_read_page_by_page_and_those_of_other_rules_or_without_a_score_are_left_out() {
    with_store(|c| {
        let subject = subject(0.5, "mode: on");
        let row = subject.begin(c, START, &by(GATE, START)).unwrap();
        settle(c, (0.2, false, 2_100), (THREE, START));
        c.run("UPDATE items SET scores = '{\"other\":0.5}' WHERE id IN (SELECT id FROM items ORDER BY id LIMIT 7)", &[])
            .unwrap();
        c.run("UPDATE items SET scores = NULL WHERE id IN (SELECT max(id) FROM items)", &[])
            .unwrap();
        c.run("UPDATE items SET source = 'report' WHERE id IN (SELECT max(id) FROM items WHERE scores IS NOT NULL)", &[])
            .unwrap();
        let mut labels = Labels::default();
        let mut pages = 1;
        while subject.read_labels(c, (&row, START + 1), &mut labels).unwrap() {
            pages += 1;
        }
        assert_eq!((labels.len(), pages), (2_100 - 9, 3));
        assert_eq!(Labelled::count(c, "p", START - 1).unwrap(), 2_098);
        assert_eq!(Labelled::count(c, "p", START).unwrap(), 0);
    });
}
