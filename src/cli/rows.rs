//! What commands over many rows have in common: actions and fields as flags, threads, and a bar that shows how far they are.

use std::io::IsTerminal as _;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::output;
use crate::domain::{Action, Phase};
use crate::scan::{BadRow, Fields, Form, TextField, Watch};

/// The most bad rows that are named; all are counted.
const MOST_NAMED_BAD: u64 = 100;
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

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum PhaseArg {
    #[default]
    Prompt,
    Completion,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum InputArg {
    /// One JSON object a line.
    Jsonl,
    /// One array of JSON objects.
    Json,
    /// Commas between values, names in the first line.
    Csv,
    /// Tabs between values.
    Tsv,
    /// Each line a text.
    Txt,
    /// Columns of any type.
    Parquet,
}

/// How rows are written, and where their texts stand.
#[derive(Debug, Args)]
pub(super) struct FieldArgs {
    /// How rows are written, where the ending does not say it.
    #[arg(long, value_enum, value_name = "FORM")]
    input: Option<InputArg>,
    /// The field with the text, or several: `messages[*].content`, `answer=completion`; by default `text`, and all of
    /// `messages`.
    #[arg(long, value_name = "FIELD", value_delimiter = ',', value_parser = text_field)]
    text: Vec<TextField>,
    /// Which way a text travels where its row does not say it.
    #[arg(long, value_enum, default_value_t, value_name = "PHASE")]
    on: PhaseArg,
    /// The field that says who wrote a row or a message.
    #[arg(long, value_name = "FIELD", default_value = "role")]
    role: String,
}

impl FieldArgs {
    /// How rows are written, where that was said.
    pub(super) fn form(&self) -> Option<Form> {
        self.input.map(InputArg::form)
    }

    pub(super) fn fields(&self) -> Fields {
        let phase = match self.on {
            PhaseArg::Prompt => Phase::Prompt,
            PhaseArg::Completion => Phase::Completion,
        };
        Fields { texts: self.text.clone(), role: self.role.clone(), phase }
    }
}

impl InputArg {
    const fn form(self) -> Form {
        match self {
            Self::Jsonl => Form::JsonLines,
            Self::Json => Form::JsonArray,
            Self::Csv => Form::Csv,
            Self::Tsv => Form::Tsv,
            Self::Txt => Form::Text,
            Self::Parquet => Form::Parquet,
        }
    }
}

fn text_field(written: &str) -> Result<TextField, String> {
    let (path, phase) = match written.rsplit_once('=') {
        Some((path, "prompt")) => (path, Some(Phase::Prompt)),
        Some((path, "completion")) => (path, Some(Phase::Completion)),
        Some(_) => return Err("write FIELD, FIELD=prompt or FIELD=completion".to_owned()),
        None => (written, None),
    };
    if path.is_empty() {
        return Err("a field has a name".to_owned());
    }
    Ok(TextField { path: path.to_owned(), phase })
}

/// Shows how far a run is, and what rows are bad.
pub(super) struct Seen {
    bar: ProgressBar,
    bad: u64,
}

impl Seen {
    /// A run over so many bytes.
    pub(super) fn over(bytes: u64) -> Self {
        Self { bar: progress_bar(bytes), bad: 0 }
    }

    /// The run is over.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
        if self.bad > MOST_NAMED_BAD {
            let more = self.bad - MOST_NAMED_BAD;
            output::complain(&format!("warning: {more} more rows cannot be used"));
        }
    }
}

impl Watch for Seen {
    fn bad(&mut self, row: &BadRow) {
        self.bad += 1;
        if self.bad <= MOST_NAMED_BAD {
            self.bar.suspend(|| output::complain(&format!("warning: {row}")));
        }
    }

    fn done(&mut self, bytes: u64) -> ControlFlow<()> {
        self.bar.set_position(bytes);
        ControlFlow::Continue(())
    }
}
