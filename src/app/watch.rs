//! Tells when files change.

use std::path::PathBuf;
use std::time::Duration;

use notify_debouncer_full::new_debouncer;
use notify_debouncer_full::notify::{self, RecursiveMode};
use tokio::sync::mpsc::{Receiver, channel};

/// How long files must be quiet before a reload: two quick edits give one.
const QUIET: Duration = Duration::from_millis(300);

/// Watches folders. A folder is watched and not its files, because a mounted ConfigMap swaps a symbolic
/// link in it. The watcher lives as long as the returned guard.
pub(super) fn watch(folders: &[PathBuf]) -> notify::Result<(Guard, Receiver<()>)> {
    let (tell, changed) = channel(1);
    let mut debouncer =
        new_debouncer(QUIET, None, move |events: notify_debouncer_full::DebounceEventResult| {
            let is_change = |event: &notify_debouncer_full::DebouncedEvent| !event.kind.is_access();
            let change = events.is_ok_and(|events| events.iter().any(is_change));
            if change {
                // A reload that is waiting already will see this change too.
                tell.try_send(()).unwrap_or_default();
            }
        })?;
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        debouncer.watch(folder, RecursiveMode::NonRecursive)?;
    }
    Ok((Guard { _debouncer: Box::new(debouncer) }, changed))
}

/// Keeps a watch alive.
pub(super) struct Guard {
    _debouncer: Box<dyn Send>,
}
