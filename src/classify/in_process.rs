//! Runs transformers on threads of their own, away from those that serve connections.

use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use std::thread::available_parallelism;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::carrier::{Carrier, Failed};
use super::contract::{Answered, Asked};
use crate::detect::onnx::{Files, Onnx, OnnxError, Reading, Threads};

/// What transformers may use of a machine: some threads, and as many texts at a time.
///
/// A text has its slot until its run has come to an end, also when nobody waits for it any more, so that work that was
/// given up does not pile up behind new work; one that waits for a slot and is given up is never begun.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    threads: Threads,
    slots: Arc<Semaphore>,
    size: usize,
    #[cfg(test)]
    begun: Arc<std::sync::atomic::AtomicUsize>,
}

/// A transformer, as a carrier of questions.
#[derive(Debug)]
pub(super) struct InProcess {
    model: Arc<Onnx>,
    pool: Pool,
}

// === impl Pool ===

impl Pool {
    pub(super) fn new(size: usize) -> Self {
        let size = size.max(1);
        Self {
            threads: Threads::new(size),
            slots: Arc::new(Semaphore::new(size)),
            size,
            #[cfg(test)]
            begun: Arc::default(),
        }
    }

    /// The one of this process, for all classifiers together: half of the cores, since the others serve connections.
    pub(super) fn shared() -> &'static Self {
        static SHARED: OnceLock<Pool> = OnceLock::new();
        SHARED.get_or_init(|| {
            let cores = available_parallelism().map_or(1, NonZeroUsize::get);
            Self::new(cores.div_ceil(2))
        })
    }

    /// Texts at a time.
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// Reads the files of a transformer.
    pub(super) fn load(&self, files: Files<'_>, reading: Reading<'_>) -> Result<Onnx, OnnxError> {
        Onnx::parse(files, reading, &self.threads)
    }

    /// Takes a slot away.
    #[cfg(test)]
    pub(super) async fn hold(&self) -> tokio::sync::OwnedSemaphorePermit {
        Arc::clone(&self.slots).acquire_owned().await.unwrap()
    }

    /// How many runs have begun.
    #[cfg(test)]
    pub(super) fn begun(&self) -> usize {
        self.begun.load(std::sync::atomic::Ordering::SeqCst)
    }
}

// === impl InProcess ===

impl InProcess {
    pub(super) const fn new(model: Arc<Onnx>, pool: Pool) -> Self {
        Self { model, pool }
    }

    async fn run(&self, body: Vec<u8>) -> Result<Bytes, Failed> {
        let slot = Arc::clone(&self.pool.slots).acquire_owned().await;
        let slot = slot.map_err(|_| Failed::Unreached)?;
        let (model, threads) = (Arc::clone(&self.model), self.pool.threads.clone());
        #[cfg(test)]
        self.pool.begun.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let run = spawn_blocking(move || {
            let answered = answer(&model, &body, &threads);
            drop(slot);
            answered
        });
        // A panic has ended that thread alone.
        let answered = run
            .await
            .unwrap_or_else(|_| Answered::Failed("the runtime gave up on the text".to_owned()));
        Ok(serde_json::to_vec(&answered).unwrap_or_default().into())
    }
}

impl Carrier for InProcess {
    fn post(&self, body: Vec<u8>) -> BoxFuture<'_, Result<Bytes, Failed>> {
        Box::pin(self.run(body))
    }
}

fn answer(model: &Onnx, body: &[u8], threads: &Threads) -> Answered {
    let asked: Asked = match serde_json::from_slice(body) {
        Ok(asked) => asked,
        Err(error) => return Answered::Failed(error.to_string()),
    };
    let rows: Result<Vec<_>, _> =
        asked.texts.iter().map(|text| model.scores(text, threads)).collect();
    rows.map_or_else(|error| Answered::Failed(error.to_string()), Answered::Rows)
}
