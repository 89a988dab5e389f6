//! The store as commands work with it: one thing at a time, waiting for each.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use super::{ConfigArg, environment, output};
use crate::app::{StoreFault, open_store};
use crate::config::Format;
use crate::people::acts::Reviewer;
use crate::people::review;
use crate::store::{Connection, Store, StoreError, TextKey};
use crate::telemetry::Clock;

/// How long the end of a command waits for the database.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who acts.
#[derive(Debug, Args)]
pub(super) struct ReviewerArg {
    /// Who acts; by default the user of this machine.
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true)]
    reviewer: Option<String>,
}

impl ReviewerArg {
    /// Who acts, as it is written, where somebody says it.
    pub(super) fn said(&self) -> Option<&str> {
        self.reviewer.as_deref()
    }

    /// Who acts.
    pub(super) fn name(&self) -> anyhow::Result<&str> {
        let name = self
            .said()
            .ok_or_else(|| anyhow::anyhow!("nobody says who acts: `--reviewer NAME`"))?;
        review::user_name("reviewer", name)?;
        Ok(name.trim())
    }
}

/// A store that is open.
pub(super) struct Desk {
    store: Store,
    runtime: Runtime,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.store.close(PATIENCE);
    }
}

impl Desk {
    /// Opens the store that the server file names.
    pub(super) fn open(config: &ConfigArg) -> anyhow::Result<Self> {
        let path = config.path();
        let opened = open_store(path.as_deref(), &environment(), &[], Clock::default());
        if let Err(StoreFault::Configuration(problems)) = &opened {
            output::problems(problems, Format::Full);
        }
        let store = opened?.store;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { store, runtime })
    }

    /// The time, in milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.store.now()
    }

    /// Looks something up; all that one call reads is of one moment.
    pub(super) fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Connection, Option<&TextKey>) -> Result<T, StoreError>
        + Send
        + 'static,
    ) -> anyhow::Result<T> {
        let store = self.store.clone();
        let read = self.store.read(move |connection| work(connection, store.key()));
        Ok(self.runtime.block_on(read)?)
    }

    /// Does something in somebody's name.
    pub(super) fn act<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&mut dyn Connection, &Reviewer<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> anyhow::Result<T> {
        let (store, name, now) = (self.store.clone(), name.to_owned(), self.store.now());
        let write = self.store.write(move |connection| {
            let signer = store.signer().map(Arc::as_ref);
            let reviewer = Reviewer { name, now, signer, id: || Uuid::now_v7().to_string() };
            work(connection, &reviewer)
        });
        Ok(self.runtime.block_on(write)?)
    }
}
