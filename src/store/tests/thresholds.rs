//! Thresholds that follow labels, in both databases.

use super::*;

fn threshold(rule: &str, basis: &str, begun: i64) -> ThresholdRow {
    ThresholdRow {
        policy: "house".to_owned(),
        rule: rule.to_owned(),
        basis: basis.to_owned(),
        state: "on".to_owned(),
        threshold: 0.5,
        begun,
        evidence: "{}".to_owned(),
        ..ThresholdRow::default()
    }
}

#[test]
fn where_a_threshold_stands_is_kept_for_each_of_its_settings_and_forgotten_after_a_while() {
    with_each(|store, _| async move {
        let rows = [threshold("a", "new", 20), threshold("a", "old", 10), threshold("b", "new", 5)];
        for row in rows.clone() {
            store.write(move |c| row.put(c)).await.unwrap();
        }
        assert_eq!(store.read(ThresholdRow::list).await.unwrap(), rows);
        let moved = ThresholdRow {
            threshold: 0.75,
            category: Some("is not changed".to_owned()),
            moved: Some(30),
            lowered: Some(30),
            looked: Some(31),
            reason: "down".to_owned(),
            ..rows[0].clone()
        };
        store.write(move |c| moved.put(c)).await.unwrap();
        let of = store.read(|c| ThresholdRow::of(c, "house", "a")).await.unwrap();
        assert_eq!((of.len(), of[0].threshold, of[0].moved), (2, 0.75, Some(30)));
        assert_eq!((&of[0].category, of[0].lowered, of[0].looked), (&None, Some(30), Some(31)));
        assert_eq!(of[1], rows[1]);
        let kept = of[0].clone();
        store.write(move |c| kept.forget(c, 11)).await.unwrap();
        let left = store.read(ThresholdRow::list).await.unwrap();
        assert_eq!(left, [of[0].clone(), rows[2].clone()]);
    });
}

#[test]
fn changes_of_thresholds_are_listed_by_their_time() {
    with_each(|store, _| async move {
        let change = |index: i64| AdaptationRow {
            id: id(),
            at: index,
            policy: "house".to_owned(),
            rule: "a".to_owned(),
            act: "up".to_owned(),
            actor: "gate".to_owned(),
            shadow: index == 1,
            from: 0.5,
            to: 0.75,
            evidence: "{}".to_owned(),
        };
        let changes = [0, 1, 2].map(change);
        for change in changes.clone() {
            store.write(move |c| change.insert(c)).await.unwrap();
        }
        let newest = store.read(|c| AdaptationRow::last(c, 2)).await.unwrap();
        assert_eq!(newest, [changes[2].clone(), changes[1].clone()]);
        let first = changes[0].id.clone();
        let since = store.read(move |c| AdaptationRow::since(c, &first, 10)).await.unwrap();
        assert_eq!(since, changes[1..]);
    });
}

#[test]
fn settled_items_that_the_gate_drew_are_read_as_labels_the_newest_first() {
    with_each(|store, _| async move {
        let drawn = |decision: &str, source: &str, scores: Option<&str>| Item {
            policy: "house".to_owned(),
            scores: scores.map(str::to_owned),
            share: 0.25,
            ..item(decision, source)
        };
        let scores = Some(r#"{"a":0.5}"#);
        let items = [
            drawn("1", "verdict", scores),
            drawn("2", "sample_allowed", scores),
            drawn("3", "report", scores),
            drawn("4", "sample_blocked", None),
            drawn("5", "sample_blocked", scores),
        ];
        for item in items.clone() {
            store.write(move |c| item.insert(c)).await.unwrap();
        }
        for item in &items[..4] {
            judge(&store, &item.id, "ann", "overturned").await.unwrap();
        }
        let page = |limit, before: Option<(i64, String)>| {
            let read = move |c: &mut dyn Connection| {
                let before = before.as_ref().map(|(at, id)| (*at, id.as_str()));
                Labelled::page(c, ("house", 0, 0), before, limit)
            };
            store.read(read)
        };
        let all = page(10, None).await.unwrap();
        let found: Vec<&str> = all.iter().map(|one| one.item.as_str()).collect();
        assert_eq!(found, [items[1].id.as_str(), items[0].id.as_str()]);
        assert_eq!((all[0].reviewer.as_str(), all[0].outcome.as_str()), ("ann", "overturned"));
        assert_eq!((all[0].share, all[0].scores.as_str()), (0.25, r#"{"a":0.5}"#));
        let first = page(1, None).await.unwrap();
        let last = Some((first[0].settled_at, first[0].item.clone()));
        assert_eq!(page(10, last).await.unwrap(), all[1..]);
        let count = |since| store.read(move |c| Labelled::count(c, "house", since));
        assert_eq!((count(999_999).await.unwrap(), count(1_000_000).await.unwrap()), (2, 0));
    });
}

#[test]
fn of_two_gates_that_see_the_same_labels_one_moves_the_threshold() {
    use crate::people::thresholds::{Labels, testing};
    for Tried { engine, _folder } in tried() {
        let stores = [0, 1].map(|_| Store::start(settings(engine.clone())).unwrap());
        runtime().block_on(async {
            let subject = testing::subject(0.5, "mode: on");
            let at = testing::START;
            let begin = |store: Store| {
                let subject = subject.clone();
                async move {
                    let gate = testing::by("gate", at);
                    store.write(move |c| subject.begin(c, at, &gate)).await.unwrap()
                }
            };
            let [one, other] = stores.clone().map(begin);
            let (row, same) = futures_util::join!(one, other);
            assert_eq!(row, same);
            let fill = move |c: &mut dyn Connection| {
                testing::too_many(c, testing::THREE, at);
                Ok(())
            };
            stores[0].write(fill).await.unwrap();
            let moves = |store: Store| {
                let (subject, row, now) = (subject.clone(), row.clone(), at + 1);
                async move {
                    let decided = store.read(move |c| {
                        let mut labels = Labels::default();
                        while subject.read_labels(c, (&row, now), &mut labels)? {}
                        let decision = subject.decide(&row, &labels, now);
                        Ok((subject, row, decision))
                    });
                    let (subject, row, decision) = decided.await.unwrap();
                    let gate = testing::by("gate", now);
                    store.write(move |c| subject.carry_out(c, (&row, &decision), &gate)).await
                }
            };
            let [one, other] = stores.clone().map(moves);
            let (one, other) = futures_util::join!(one, other);
            let moved = [one.unwrap(), other.unwrap()];
            assert_eq!(moved.iter().flatten().count(), 1, "{moved:?}");
            let changes = stores[1].read(|c| AdaptationRow::last(c, 10)).await.unwrap();
            assert_eq!(changes.len(), 1);
            assert_eq!((changes[0].from, changes[0].to), (0.5, 0.525));
        });
    }
}
