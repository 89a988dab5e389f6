//! Items of the review queues and what is said of them, in both databases.

use super::*;

#[test]
fn of_two_reviewers_one_holds_an_item_and_what_is_taken_back_counts_no_more() {
    with_each(|store, _| async move {
        let wanted = Item { wanted: 2, ..item("d", "report") };
        let put = wanted.clone();
        store.write(move |c| put.insert(c)).await.unwrap();
        let claim =
            |who: &str| Claim { reviewer: who.to_owned(), now: 1_000_000, until: 1_100_000 };
        let ann = claim("ann");
        assert!(
            store.write(move |c| ann.next(c, Some("reports"), |_| true)).await.unwrap().is_some()
        );
        let bob = claim("bob");
        assert_eq!(store.write(move |c| bob.next(c, None, |_| true)).await.unwrap(), None);
        assert_eq!(judge(&store, &wanted.id, "bob", "upheld").await, None);
        let row = judge(&store, &wanted.id, "ann", "upheld").await.unwrap();
        assert_eq!(row.state, ItemState::Second);
        // Ann has judged it; it is for others now.
        let ann = claim("ann");
        assert_eq!(store.write(move |c| ann.next(c, None, |_| true)).await.unwrap(), None);
        let row = judge(&store, &wanted.id, "bob", "overturned").await.unwrap();
        assert_eq!(row.state, ItemState::Disagreement);
        let (bob, undone, what) = (claim("bob"), wanted.id.clone(), act("undo", &wanted.id));
        let undo = move |c: &mut dyn Connection| {
            JudgementRow::undo(c, &bob, &undone, two_agree, (&what, None))
        };
        assert_eq!(store.write(undo).await.unwrap().unwrap().state, ItemState::Second);
        let row = judge(&store, &wanted.id, "bob", "upheld").await.unwrap();
        assert_eq!(
            (row.state, row.outcome),
            (ItemState::Settled, Some(("upheld".to_owned(), None)))
        );
        assert_eq!(ledger(&store).await.lines, 4);
        let sizes = store.read(ItemRow::sizes).await.unwrap();
        assert_eq!(sizes.len(), 1);
        assert_eq!((sizes[0].state, sizes[0].items), (ItemState::Settled, 1));
    });
}

#[test]
fn the_rules_of_items_that_wait_are_known_and_of_those_that_are_settled_not() {
    with_each(|store, _| async move {
        let rule = |rule: Option<&str>, decision: &str| Item {
            policy: "house".to_owned(),
            rule: rule.map(str::to_owned),
            ..item(decision, "report")
        };
        let items = [rule(Some("insult"), "a"), rule(Some("insult"), "b"), rule(None, "c")];
        for item in items.clone() {
            store.write(move |c| item.insert(c)).await.unwrap();
        }
        let waiting = async || {
            let mut waiting = store.read(ItemRow::rules_waiting).await.unwrap();
            waiting.sort();
            waiting
        };
        let row = |rule: &str| ("reports".to_owned(), "house".to_owned(), rule.to_owned());
        assert_eq!(waiting().await, [row(""), row("insult")]);
        let claim = Claim { reviewer: "ann".to_owned(), now: 1_000_000, until: 1_100_000 };
        let other = items[2].id.clone();
        store.write(move |c| claim.take(c, &other)).await.unwrap();
        judge(&store, &items[2].id, "ann", "upheld").await.unwrap();
        assert_eq!(waiting().await, [row("insult")]);
    });
}

#[test]
fn a_flood_of_the_same_text_fills_no_queue() {
    with_each(|store, _| async move {
        let put = (0..50).map(|index| {
            let one = Item { kin: "same".to_owned(), ..item(&format!("d{index}"), "verdict") };
            store.write(move |c| one.insert(c))
        });
        let ids = futures_util::future::join_all(put).await;
        let sizes = store.read(ItemRow::sizes).await.unwrap();
        assert_eq!(sizes[0].items, 20);
        assert_eq!(ids[49], ids[0]);
        let first = ids[0].clone().unwrap();
        let alike = store.read(move |c| ItemRow::find(c, &first)?.unwrap().alike(c)).await.unwrap();
        assert_eq!(alike.len(), 19);
    });
}

#[test]
fn a_reviewer_who_comes_late_opens_nothing_again() {
    with_each(|store, _| async move {
        let wanted = item("d", "report");
        let put = wanted.clone();
        store.write(move |c| put.insert(c)).await.unwrap();
        let row = judge(&store, &wanted.id, "ann", "upheld").await.unwrap();
        assert_eq!(row.state, ItemState::Settled);
        assert_eq!(judge(&store, &wanted.id, "bob", "overturned").await, None);
        // Ann may change her mind.
        let row = judge(&store, &wanted.id, "ann", "overturned").await.unwrap();
        assert_eq!(row.outcome, Some(("overturned".to_owned(), None)));
    });
}
