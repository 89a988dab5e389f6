//! What the console knows of the files and tries out with them, and the record of what came into force.

mod bench;
mod facts;
mod save;

pub use bench::Bench;
use bench::DraftText;
pub(super) use facts::facts;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};
use tracing::{error, warn};
use uuid::Uuid;

use super::apart::apart;
use super::load::Loaded;
use super::serve::ServeOptions;
use crate::config::Problems;
use crate::console::{
    Bay, Deed, Diagnostic, Draft, InForce, Reload, TestEnd, Under, Wish, Work, WorkshopFault,
};
use crate::people::acts::Reviewer;
use crate::people::improve::Proposal;
use crate::store::{PolicyRevision, Store, StoreError};

/// Drafts, tests and texts that are tried at a time: each may take as much memory as a policy.
const MOST_PLACES: usize = 2;
/// Revisions that are remembered since the start.
const MOST_REVISIONS: usize = 200;
/// Who brings policies into force, in the ledger.
const GATE: &str = "gate";

/// The files of a running gate.
#[derive(Debug)]
pub(super) struct FileShop {
    bench: Bench,
    in_force: ArcSwap<InForce>,
    last: ArcSwap<Reload>,
    /// Policy, revision and time of what came into force, the oldest first.
    revisions: Mutex<VecDeque<(String, String, i64)>>,
    places: Arc<Semaphore>,
    /// Held while a file is checked and written.
    writing: Arc<Mutex<()>>,
    /// Tells that a file was written.
    saved: Arc<Notify>,
    store: Option<Store>,
}

/// A policy and the revision that came into force of it.
pub(super) type Revised = (String, String);

impl FileShop {
    /// Of a gate that starts with these options, with nothing in force yet.
    pub(super) fn new(options: &ServeOptions, store: Option<Store>) -> Self {
        let ServeOptions { config, environment, flags, clock, .. } = options.clone();
        Self {
            bench: Bench { config, environment, flags, clock },
            in_force: ArcSwap::default(),
            last: ArcSwap::default(),
            revisions: Mutex::new(VecDeque::new()),
            places: Arc::new(Semaphore::new(MOST_PLACES)),
            writing: Arc::default(),
            saved: Arc::default(),
            store,
        }
    }

    fn now(&self) -> i64 {
        self.bench.clock.now().as_millisecond()
    }

    /// Files came into force; which policies of them are others than before.
    pub(super) fn applied(&self, loaded: &Loaded, problems: &Problems) -> Vec<Revised> {
        let at = self.now();
        let writable = loaded.server.file.policies.writable;
        let now = InForce { policies: loaded.facts.clone(), at, writable };
        let before = self.in_force.load();
        let known = |revised: &Revised| {
            let mut of = before.policies.iter().filter(|policy| policy.name == revised.0);
            of.any(|policy| policy.revision == revised.1)
        };
        let revised = now.policies.iter().map(|one| (one.name.clone(), one.revision.clone()));
        let revised: Vec<Revised> = revised.filter(|revised| !known(revised)).collect();
        let mut revisions = self.revisions.lock().unwrap_or_else(PoisonError::into_inner);
        revisions.extend(revised.iter().cloned().map(|(policy, revision)| (policy, revision, at)));
        while revisions.len() > MOST_REVISIONS {
            revisions.pop_front();
        }
        drop(revisions);
        self.in_force.store(Arc::new(now));
        let diagnostics = bench::diagnostics(problems);
        self.last.store(Arc::new(Reload { ok: true, at, diagnostics }));
        revised
    }

    /// Files were refused.
    pub(super) fn refused(&self, diagnostics: Vec<Diagnostic>) {
        self.last.store(Arc::new(Reload { ok: false, at: self.now(), diagnostics }));
    }

    /// The same, for what is wrong with files.
    pub(super) fn wrong(&self, problems: &Problems) {
        self.refused(bench::diagnostics(problems));
    }

    /// The files are again those that are in force.
    pub(super) fn is_in_force(&self) {
        self.last.store(Arc::new(Reload { ok: true, at: self.now(), diagnostics: Vec::new() }));
    }

    /// Waits until a file was written from here.
    pub(super) async fn saved(&self) {
        self.saved.notified().await;
    }

    /// Writes into the ledger what came into force, unless it says so already.
    pub(super) async fn record(&self, revised: Vec<Revised>) {
        let Some(store) = self.store.clone().filter(|_| !revised.is_empty()) else { return };
        let of = store.clone();
        let written = store.write(move |connection| {
            let signer = of.signer().map(AsRef::as_ref);
            let id = || Uuid::now_v7().to_string();
            let gate = Reviewer { name: GATE.to_owned(), now: of.now(), signer, id };
            for (policy, revision) in &revised {
                let before = PolicyRevision::list(connection, policy, 1)?.pop();
                let before = before.map(|before| before.revision);
                if before.as_ref() != Some(revision) {
                    let detail = json!({ "revision": revision, "before": before });
                    gate.note(connection, (PolicyRevision::ACT, policy), detail)?;
                }
            }
            Ok(())
        });
        if let Err(error) = written.await {
            warn!(%error, "the ledger does not say which policies came into force");
        }
    }

    /// A draft. It may name the files that policies in force read, and no others that lie beside them, such as keys: what is
    /// wrong with a file tells of what is in it.
    fn draft_text(&self, text: String) -> DraftText {
        let in_force = self.in_force.load();
        let known = in_force.policies.iter().flat_map(|policy| policy.reads.iter().cloned());
        DraftText { text, known: known.collect() }
    }

    /// The file of a policy that is in force.
    fn file(&self, policy: &str) -> Option<String> {
        let in_force = self.in_force.load();
        let found = in_force.policies.iter().find(|known| known.name == policy)?;
        found.files.first().map(|(file, _)| file.clone())
    }

    /// Does work in a thread of its own, which goes on where nobody waits for it any more.
    async fn work<T: Send + 'static>(
        &self,
        bay: Bay,
        work: impl FnOnce(&Bench) -> Result<T, WorkshopFault> + Send + 'static,
    ) -> Result<T, WorkshopFault> {
        let bench = self.bench.clone();
        let at_work = move || {
            let _bay = bay;
            work(&bench)
        };
        let done = apart(at_work).await;
        done.unwrap_or_else(|error| Err(WorkshopFault::System(error.to_string())))
    }
}

impl crate::console::Workshop for FileShop {
    fn in_force(&self) -> Arc<InForce> {
        self.in_force.load_full()
    }

    fn last_reload(&self) -> Reload {
        Reload::clone(&self.last.load())
    }

    fn revisions(&self, policy: &str) -> Vec<(String, i64)> {
        let revisions = self.revisions.lock().unwrap_or_else(PoisonError::into_inner);
        let of = revisions.iter().rev().filter(|(name, ..)| name == policy);
        of.map(|(_, revision, at)| (revision.clone(), *at)).collect()
    }

    fn place(&self) -> Option<Bay> {
        Arc::clone(&self.places).try_acquire_owned().ok().map(Arc::new)
    }

    fn draft(&self, bay: Bay, policy: String, text: String) -> Work<'_, Draft> {
        let (file, text) = (self.file(&policy), self.draft_text(text));
        Box::pin(self.work(bay, move |bench| {
            let made = bench.make(&policy, (file.as_deref(), text))?;
            let diagnostics = bench::diagnostics(&made.problems);
            Ok(Draft { policy: made.policy, diagnostics })
        }))
    }

    fn test(&self, bay: Bay, policy: String, under: Under) -> Work<'_, Vec<TestEnd>> {
        let file = self.file(&policy);
        let under = match under {
            Under::Live(live) => Ok(live),
            Under::Draft(text) => Err(self.draft_text(text)),
        };
        Box::pin(self.work(bay, move |bench| bench.test(&policy, (file.as_deref(), under))))
    }

    fn propose(&self, bay: Bay, wish: Wish) -> Work<'_, Proposal> {
        Box::pin(self.work(bay, move |bench| bench.propose(&wish)))
    }

    fn save(&self, bay: Bay, proposal: Proposal, deed: Deed) -> Work<'_, ()> {
        Box::pin(async move {
            if !self.in_force.load().writable {
                return Err(WorkshopFault::NotWritable);
            }
            let (writing, saved) = (Arc::clone(&self.writing), Arc::clone(&self.saved));
            let (store, runtime) = (self.store.clone(), Handle::current());
            self.work(bay, move |bench| {
                let alone = writing.lock().unwrap_or_else(PoisonError::into_inner);
                bench.check(&proposal)?;
                bench.save(&proposal)?;
                drop(alone);
                saved.notify_one();
                let Some(store) = store else { return Ok(()) };
                runtime.block_on(note(&store, &proposal, deed)).map_err(|error| {
                    let file = proposal.file;
                    error!(%error, file, "a file was written, and the ledger does not say so");
                    WorkshopFault::Unrecorded
                })
            })
            .await
        })
    }
}

/// Writes into the ledger that a file was changed.
async fn note(store: &Store, proposal: &Proposal, deed: Deed) -> Result<(), StoreError> {
    let (of, detail) = (store.clone(), proposal.detail());
    let written = store.write(move |connection| {
        let signer = of.signer().map(AsRef::as_ref);
        let id = || Uuid::now_v7().to_string();
        let actor = Reviewer { name: deed.actor, now: of.now(), signer, id };
        actor.note(connection, (deed.act, &deed.object), detail)
    });
    written.await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Workshop as _;

    #[test]
    fn two_work_at_a_time_and_a_place_is_free_when_its_work_has_ended() {
        let shop = FileShop::new(&ServeOptions::default(), None);
        let (first, second) = (shop.place(), shop.place());
        assert!(first.is_some() && second.is_some() && shop.place().is_none());
        let at_work = first.clone();
        drop(first);
        assert!(shop.place().is_none(), "whoever asked has gone, and the work goes on");
        drop(at_work);
        assert!(shop.place().is_some());
    }
}
