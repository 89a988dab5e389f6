//! What the console asks of the store.

use super::*;

fn of_minute(minute: i64, action: &str, enforced: bool) -> KeptDecision {
    KeptDecision {
        at: minute * 60_000,
        action: action.to_owned(),
        would_be: action.to_owned(),
        enforced,
        rule: (action != "allow").then(|| "insults".to_owned()),
        request: id(),
        expires: i64::MAX,
        ..decision(&id(), "alice")
    }
}

async fn keep(store: &Store, decisions: &[KeptDecision]) {
    for decision in decisions {
        assert!(store.keep(decision.clone()));
    }
    // The thread that writes does all in order.
    store.write(|c| c.script("SELECT 1")).await.unwrap();
}

async fn listed(store: &Store, filter: DecisionFilter) -> Vec<KeptDecision> {
    let rows = store.read(move |c| DecisionRow::list(c, &filter)).await.unwrap();
    rows.into_iter().map(|row| row.decision).collect()
}

#[test]
fn decisions_are_listed_by_what_is_asked_for_without_their_texts() {
    with_each(|store, _| async move {
        let unscannable = KeptDecision {
            action: "unscannable".to_owned(),
            route: "kids".to_owned(),
            phase: "completion".to_owned(),
            ..of_minute(3, "block", true)
        };
        let kept = [of_minute(1, "allow", false), of_minute(2, "redact", true), unscannable];
        keep(&store, &kept).await;
        let [allowed, redacted, unscannable] = kept.each_ref().map(|decision| decision.id.clone());
        let text = |text: &str| Some(text.to_owned());
        let none = DecisionFilter { limit: 10, ..DecisionFilter::default() };
        let cases = [
            (none.clone(), vec![&unscannable, &redacted, &allowed]),
            (DecisionFilter { action: text("block"), ..none.clone() }, vec![&unscannable]),
            (DecisionFilter { action: text("unscannable"), ..none.clone() }, vec![&unscannable]),
            (DecisionFilter { action: text("allow"), ..none.clone() }, vec![&allowed]),
            (
                DecisionFilter { rule: text("insults"), ..none.clone() },
                vec![&unscannable, &redacted],
            ),
            (DecisionFilter { policy: text("other"), ..none.clone() }, vec![]),
            (DecisionFilter { route: text("kids"), ..none.clone() }, vec![&unscannable]),
            (DecisionFilter { phase: text("prompt"), ..none.clone() }, vec![&redacted, &allowed]),
            (
                DecisionFilter { since: Some(60_001), until: Some(180_000), ..none.clone() },
                vec![&redacted],
            ),
            (DecisionFilter { id: text(&allowed), ..none.clone() }, vec![&allowed]),
            (DecisionFilter { id: text(&kept[1].request), ..none }, vec![&redacted]),
        ];
        for (filter, expected) in cases {
            let found = listed(&store, filter.clone()).await;
            let ids: Vec<&String> = found.iter().map(|decision| &decision.id).collect();
            assert_eq!(ids, expected, "{filter:?}");
            assert!(found.iter().all(|one| one.texts.is_none() && one.record.is_empty()));
        }
    });
}

#[test]
fn pages_of_decisions_follow_each_other_also_where_all_are_of_one_time() {
    with_each(|store, _| async move {
        let mut kept: Vec<KeptDecision> = (0..5).map(|_| of_minute(1, "block", true)).collect();
        // One decision under two policies is two rows, and a page may end between them.
        let other = KeptDecision { policy: "strict".to_owned(), ..kept[2].clone() };
        kept.push(other);
        keep(&store, &kept).await;
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page =
                listed(&store, DecisionFilter { after, limit: 1, ..Default::default() }).await;
            let Some(last) = page.last() else { break };
            after = Some((last.at, last.id.clone(), last.policy.clone()));
            seen.extend(page.into_iter().map(|one| (one.id, one.policy)));
        }
        let mut expected: Vec<_> =
            kept.iter().map(|one| (one.id.clone(), one.policy.clone())).collect();
        expected.sort();
        expected.reverse();
        assert_eq!(seen, expected);
        let id = kept[2].id.clone();
        let policies = store.read(move |c| DecisionRow::with_id(c, None, &id)).await.unwrap();
        assert_eq!(policies.len(), 2);
    });
}

#[test]
fn decisions_are_counted_by_spans_of_time_and_rules_by_how_often_they_fired() {
    with_each(|store, _| async move {
        let other = KeptDecision { rule: Some("spam".to_owned()), ..of_minute(12, "block", true) };
        let kept = [
            of_minute(0, "block", true),
            of_minute(10, "block", true),
            of_minute(11, "block", false),
            of_minute(14, "block", true),
            other,
            of_minute(14, "allow", false),
            of_minute(20, "block", true),
        ];
        keep(&store, &kept).await;
        let (since, until) = (10 * 60_000, 20 * 60_000);
        let read = move |c: &mut dyn Connection| ActionCount::over_time(c, (since, until), 300_000);
        let counts = store.read(read).await.unwrap();
        let counts: Vec<_> =
            counts.iter().map(|one| (one.bucket, &*one.action, one.enforced, one.count)).collect();
        let expected = [(0, "allow", false, 1), (0, "block", false, 1), (0, "block", true, 3)];
        assert_eq!(counts, expected);
        let top = store.read(move |c| RuleHits::top(c, (since, None), 10)).await.unwrap();
        let top: Vec<_> = top.iter().map(|one| (&*one.rule, one.hits)).collect();
        assert_eq!(top, [("insults", 4), ("spam", 1)]);
        let none = store.read(move |c| RuleHits::top(c, (since, Some("other")), 10)).await.unwrap();
        assert_eq!(none, []);
    });
}

async fn put(store: &Store, item: Item) {
    store.write(move |c| item.insert(c)).await.unwrap();
}

#[test]
fn items_that_wait_are_told_from_those_that_are_settled_and_outcomes_are_counted() {
    with_each(|store, _| async move {
        let of_rule = |at| Item {
            at,
            policy: "default".to_owned(),
            rule: Some("insults".to_owned()),
            kin: "k".to_owned(),
            ..item(&id(), "verdict")
        };
        let items = [of_rule(1), of_rule(2), of_rule(3)];
        for one in items.clone() {
            put(&store, one).await;
        }
        judge(&store, &items[0].id, "ann", "overturned").await.unwrap();
        judge(&store, &items[1].id, "bo", "upheld").await.unwrap();
        let waiting = ItemFilter { waiting: true, limit: 10, ..ItemFilter::default() };
        let counted = waiting.clone();
        let rows = store.read(move |c| ItemRow::list(c, &waiting)).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(store.read(move |c| ItemRow::count(c, &counted)).await.unwrap(), 1);
        let settled = store.read({
            let id = items[0].id.clone();
            move |c| ItemRow::find(c, &id)
        });
        let settled = settled.await.unwrap().unwrap();
        assert_eq!(store.read(move |c| settled.count_alike(c)).await.unwrap(), 1);
        let about = items[2].decision.clone();
        let about = store.read(move |c| ItemRow::about(c, &about)).await.unwrap();
        assert_eq!(about[0].item.id, items[2].id);
        let of = |rule: Option<&'static str>| {
            let store = store.clone();
            async move { store.read(move |c| Outcomes::of_rule(c, "default", rule)).await.unwrap() }
        };
        let expected = Outcomes { upheld: 1, overturned: 1, unresolved: 0 };
        assert_eq!(of(Some("insults")).await, expected);
        assert_eq!(of(None).await, Outcomes::default());
        let counts = store.read(|c| ReviewerCount::since(c, 0, 10)).await.unwrap();
        let judged: Vec<_> = counts.iter().map(|one| (&*one.reviewer, one.judged)).collect();
        assert_eq!(judged, [("ann", 1), ("bo", 1)]);
    });
}

#[test]
fn who_is_spared_something_is_given_the_next_and_what_was_taken_is_known() {
    with_each(|store, _| async move {
        let of = |at, queue: &str| Item { at, queue: queue.to_owned(), ..item(&id(), "verdict") };
        let mut items: Vec<Item> = (0..150).map(|at| of(at, "verdicts")).collect();
        items.push(of(200, "samples"));
        for one in items.clone() {
            put(&store, one).await;
        }
        assert_eq!(store.read(Claim::queues).await.unwrap(), ["samples", "verdicts"]);
        let claim = Claim { reviewer: "ann".to_owned(), now: 1_000_000, until: 1_100_000 };
        let taken = store
            .write(move |c| {
                // Far behind the first page of what waits.
                let found = claim.next(c, Some("verdicts"), |row| row.item.at >= 149)?;
                let row = found.map(|row| row.item);
                if let Some(of) = &row {
                    Act { actor: "ann".to_owned(), ..act("claim", &of.id) }.append(c, None)?;
                }
                Ok(row)
            })
            .await
            .unwrap();
        assert_eq!(taken.unwrap().id, items[149].id);
        let known = store.read(|c| Claim::taken(c, "ann", 0)).await.unwrap();
        assert_eq!(known.len(), 1);
        assert_eq!(known[0].item.id, items[149].id);
        assert_eq!(store.read(|c| Claim::taken(c, "ann", 1_000_001)).await.unwrap(), []);
        assert_eq!(store.read(|c| Claim::taken(c, "bo", 0)).await.unwrap(), []);
    });
}

#[test]
fn feedback_is_listed_by_kind_and_ratings_are_counted_over_time() {
    with_each(|store, _| async move {
        keep(&store, &[decision("d", "alice")]).await;
        let rating = |at, value, replay: &str| Feedback {
            at,
            kind: "rating".to_owned(),
            rating: Some(Rating { value, scale: 5 }),
            ..said("d", replay)
        };
        for feedback in [said("d", "1"), rating(10, 5, "2"), rating(20, 1, "3"), rating(21, 1, "4")]
        {
            give(&store, feedback, None).await;
        }
        let of = |kind: &str, before: Option<String>| {
            let filter = FeedbackFilter { kind: Some(kind.to_owned()), before, limit: 2 };
            let store = store.clone();
            async move { store.read(move |c| FeedbackRow::list(c, &filter)).await.unwrap() }
        };
        let first = of("rating", None).await;
        assert_eq!(first.len(), 2);
        let rest = of("rating", Some(first[1].feedback.id.clone())).await;
        assert_eq!(rest.len(), 1);
        assert_eq!(of("label", None).await.len(), 1);
        let tallies = store.read(|c| Tally::over_time(c, (10, 30), 10)).await.unwrap();
        let tallies: Vec<_> =
            tallies.iter().map(|(span, tally)| (*span, tally.value, tally.count)).collect();
        assert_eq!(tallies, [(0, 5, 1), (1, 1, 2)]);
    });
}

#[test]
fn the_ledger_is_searched_newest_first_and_verified_page_by_page() {
    with_each(|store, _| async move {
        let acts: Vec<Act> = (0..3)
            .map(|number| Act {
                at: number,
                actor: if number == 1 { "bo" } else { "ann" }.to_owned(),
                ..act(if number == 2 { "judge" } else { "claim" }, &number.to_string())
            })
            .collect();
        store.write(move |c| acts.iter().try_for_each(|act| act.append(c, None))).await.unwrap();
        let found = |filter: LedgerFilter| {
            let store = store.clone();
            async move {
                let filter = LedgerFilter { limit: 10, ..filter };
                let rows = store.read(move |c| LedgerEntry::search(c, &filter)).await.unwrap();
                rows.iter().map(|row| row.seq).collect::<Vec<_>>()
            }
        };
        let (none, text) = (LedgerFilter::default(), |text: &str| Some(text.to_owned()));
        assert_eq!(found(none.clone()).await, [3, 2, 1]);
        assert_eq!(found(LedgerFilter { before: Some(3), ..none.clone() }).await, [2, 1]);
        assert_eq!(found(LedgerFilter { actor: text("ann"), ..none.clone() }).await, [3, 1]);
        assert_eq!(found(LedgerFilter { act: text("claim"), ..none.clone() }).await, [2, 1]);
        assert_eq!(found(LedgerFilter { object: text("1"), ..none.clone() }).await, [2]);
        assert_eq!(found(LedgerFilter { since: Some(1), until: Some(2), ..none }).await, [2]);
        let mut verifier = Verifier::new(Vec::new());
        let (verifier, more) = store
            .read(move |c| {
                let more = verifier.page(c)?;
                Ok((verifier, more))
            })
            .await
            .unwrap();
        assert!(more);
        let state = verifier.end();
        assert_eq!((state.lines, state.faults.len(), state.unsigned), (3, 0, 0));
        assert!(state.head.is_some());
    });
}
