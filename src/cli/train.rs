//! `tidegate train`: labelled texts and a recipe in, a model file, or the head of an encoder, and a report out.

use std::io::IsTerminal as _;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::encoder::EncoderArgs;
use super::output;
use crate::config::{Format, load_recipe};
use crate::eval::train::{Options, Progress, ReadError, Reader, train, train_head};

/// Flags of `train`.
#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    /// Labelled texts: .jsonl and .jsonl.gz files, or folders of them.
    #[arg(required = true)]
    data: Vec<PathBuf>,
    /// Where the model goes.
    #[arg(long, short)]
    output: PathBuf,
    /// What to train on, and how; by default the recipe of the model that is shipped.
    #[arg(long)]
    recipe: Option<PathBuf>,
    /// Seed of chance, instead of that of the recipe.
    #[arg(long)]
    seed: Option<u64>,
    /// Share of rows held back, from 0.02 to 0.9, instead of that of the recipe.
    #[arg(long, value_parser = share)]
    holdout: Option<f64>,
    #[command(flatten)]
    encoder: EncoderArgs,
    /// Where the report goes, as JSON; standard output has it as tables.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Stop at the first row that cannot be used.
    #[arg(long)]
    strict: bool,
    /// Threads; by default one a core. The model does not depend on it.
    #[arg(long)]
    threads: Option<NonZero<usize>>,
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.02..=0.9).contains(&share) {
        Ok(share)
    } else {
        Err("from 0.02 to 0.9 is possible".to_owned())
    }
}

pub(super) fn run(args: &TrainArgs) -> anyhow::Result<ExitCode> {
    let (recipe, problems) = load_recipe(args.recipe.as_deref());
    output::problems(&problems, Format::Full);
    let Some(recipe) = recipe.filter(|_| !problems.has_errors()) else {
        return Ok(ExitCode::from(2));
    };
    let Some(reader) = read(args)? else { return Ok(ExitCode::FAILURE) };
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok());
    let threads = threads.map_or(1, NonZero::get);
    let options = Options { seed: args.seed, holdout: args.holdout, threads };
    let bar = Bar::new();
    let trained = match args.encoder.encoder()? {
        Some(encoder) => train_head(&reader.rows, &recipe, options, &encoder, &bar),
        None => train(&reader.rows, &recipe, options, &bar),
    };
    bar.0.finish_and_clear();
    let trained = trained?;
    write(&args.output, &trained.bytes)?;
    if let Some(path) = &args.report {
        write(path, trained.report.json().as_bytes())?;
    }
    output::say(&trained.report.table())?;
    Ok(ExitCode::SUCCESS)
}

/// Reads the data; nothing where a bad row stops it.
fn read(args: &TrainArgs) -> anyhow::Result<Option<Reader>> {
    let mut reader = Reader { strict: args.strict, ..Reader::default() };
    for path in &args.data {
        match reader.read(path) {
            Err(error @ ReadError::Bad(_)) => {
                output::complain(&format!("error: {error}"));
                return Ok(None);
            }
            result => result?,
        }
    }
    for bad in &reader.bad {
        output::complain(&format!("warning: {}:{}: {}", bad.path.display(), bad.line, bad.reason));
    }
    if reader.bad_count > reader.bad.len() {
        let more = reader.bad_count - reader.bad.len();
        output::complain(&format!("warning: and {more} more rows that cannot be used"));
    }
    if reader.bad_count > 0 {
        let (bad, lines) = (reader.bad_count, reader.lines);
        output::complain(&format!("warning: {bad} of {lines} rows left out"));
    }
    Ok(Some(reader))
}

/// Writes a file in one step: whoever reads it sees the old one or the new one.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut name = path.file_name().context("the output needs a file name")?.to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path));
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// A bar on standard error where that is a terminal; else a line a stage.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        Self(if std::io::stderr().is_terminal() {
            ProgressBar::no_length()
        } else {
            ProgressBar::hidden()
        })
    }
}

impl Progress for Bar {
    fn stage(&self, name: &'static str, steps: usize) {
        if self.0.is_hidden() {
            output::complain(&format!("{name}: {steps} rows"));
            return;
        }
        let style = ProgressStyle::with_template("{msg} {wide_bar} {percent}% {eta}");
        self.0.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.0.set_message(name);
        self.0.set_length(steps as u64);
        self.0.reset();
    }

    fn done(&self, steps: usize) {
        self.0.inc(steps as u64);
    }
}
