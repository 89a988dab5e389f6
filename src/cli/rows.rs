//! What commands over many rows have in common: an action as a flag, and a bar that shows how far they are.

use std::io::IsTerminal as _;
use std::num::NonZeroUsize;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};

use crate::domain::Action;

/// Threads where classifiers are asked: most of them wait for answers.
const ASKING_THREADS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(31);

/// So many threads as were named; else one for each core, or more where classifiers are asked.
pub(super) fn threads(named: Option<NonZeroUsize>, asks: bool) -> NonZeroUsize {
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    named.unwrap_or_else(|| if asks { cores().max(ASKING_THREADS) } else { cores() })
}

/// An action that a flag names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ActionArg {
    #[default]
    Tag,
    Redact,
    Review,
    Respond,
    Block,
}

impl From<ActionArg> for Action {
    fn from(action: ActionArg) -> Self {
        match action {
            ActionArg::Tag => Self::Tag,
            ActionArg::Redact => Self::Redact,
            ActionArg::Review => Self::Review,
            ActionArg::Respond => Self::Respond,
            ActionArg::Block => Self::Block,
        }
    }
}

/// A bar over the bytes of the data, on a terminal; elsewhere, and where nobody knows how many there are, nothing is shown.
pub(super) fn progress_bar(bytes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() || bytes == 0 {
        return ProgressBar::hidden();
    }
    let form = "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {elapsed}, {eta} left";
    let style = ProgressStyle::with_template(form);
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
