//! The ledger, in both databases.

use super::*;

#[test]
fn every_change_of_the_ledger_is_found_and_erasing_details_is_none() {
    for Tried { engine, _folder } in tried() {
        let signer = Arc::new(Signer::from_pem(&new_key(&SystemRandom::new()).unwrap()).unwrap());
        let other = Signer::from_pem(&new_key(&SystemRandom::new()).unwrap()).unwrap();
        let store = Store::start(settings(engine)).unwrap();
        runtime().block_on(async {
            for _ in 0..5 {
                let (act, signer) = (act("judge", "i"), Arc::clone(&signer));
                store.write(move |c| act.append(c, Some(&signer))).await.unwrap();
            }
            let state = |key| {
                let store = store.clone();
                async move { store.read(move |c| LedgerState::verify(c, &[key])).await.unwrap() }
            };
            let sound = state(signer.public()).await;
            assert_eq!((sound.lines, sound.erased, sound.faults.len()), (5, 0, 0));
            assert_eq!(state(other.public()).await.faults.len(), 5);
            let harm = [
                (
                    "UPDATE ledger SET detail = NULL WHERE seq = 2",
                    "UPDATE meta SET value = value",
                    None,
                ),
                (
                    "UPDATE ledger SET actor = 'eve' WHERE seq = 3",
                    "UPDATE ledger SET actor = 'client:abc' WHERE seq = 3",
                    Some(LedgerFault::Columns(3)),
                ),
                (
                    "UPDATE ledger SET detail = 'x' WHERE seq = 4",
                    "UPDATE ledger SET detail = NULL WHERE seq = 4",
                    Some(LedgerFault::Detail(4)),
                ),
                (
                    "UPDATE ledger SET line = replace(line, 'judge', 'judgf') WHERE seq = 5",
                    "UPDATE ledger SET line = replace(line, 'judgf', 'judge') WHERE seq = 5",
                    Some(LedgerFault::Line { seq: 5, fault: crate::audit::Fault::Changed }),
                ),
                (
                    "DELETE FROM ledger WHERE seq = 3",
                    "DELETE FROM ledger WHERE seq = 3",
                    Some(LedgerFault::Missing(4)),
                ),
            ];
            for (harm, mend, fault) in harm {
                store.write(move |c| c.run(harm, &[])).await.unwrap();
                let faults = state(signer.public()).await.faults;
                assert_eq!(faults.first(), fault.as_ref(), "{harm}");
                store.write(move |c| c.run(mend, &[])).await.unwrap();
            }
        });
    }
}

#[test]
fn what_is_erased_or_has_expired_is_gone_and_the_ledger_still_verifies() {
    with_each(|store, _| async move {
        let kept = decision(&id(), "alice");
        store.keep(kept.clone());
        give(&store, said(&kept.id, "r1"), Some(item(&kept.id, "report"))).await;
        let erased = kept.id.clone();
        assert!(store.write(move |c| DecisionRow::erase(c, &erased)).await.unwrap());
        let wanted = kept.id.clone();
        let found =
            store.read(move |c| DecisionRow::find(c, None, &wanted)).await.unwrap().unwrap();
        assert_eq!(found.decision.texts, None);
        let listed = store.read(|c| FeedbackRow::list(c, &newest())).await.unwrap();
        assert_eq!(listed[0].feedback.comment, None);
        let state = ledger(&store).await;
        assert_eq!((state.lines, state.erased, state.faults.len()), (1, 1, 0));
        assert!(!store.write(|c| retention::expire(c, 2_000_000)).await.unwrap());
        assert_eq!(store.read(|c| FeedbackRow::list(c, &newest())).await.unwrap(), []);
        assert_eq!(ledger(&store).await.lines, 1);
    });
}
