//! `tidegate diff`: what would change if one policy took the place of another.

mod draw;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::policy::{asking, named_policy};
use super::rows::{FieldArgs, Seen, threads};
use super::{ConfigArg, output};
use crate::config::units::{Period, Share};
use crate::engine::Inquire;
use crate::scan::diff::{Change, Comparison, Difference, Rows, Side, compare};
use crate::scan::{Form, Source, sources};
use crate::telemetry::Clock;

/// The most rows of each kind of change that are shown.
const MOST_SAMPLES: u16 = 1_000;

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum OutputForm {
    #[default]
    Text,
    /// For a pull request.
    Markdown,
    Json,
}

/// Flags of `diff`.
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The policy as it is.
    old: PathBuf,
    /// The policy that may take its place.
    new: PathBuf,
    /// Texts to try both on: files (*.jsonl, *.json, *.csv, *.tsv, *.txt, packed or not), folders, or `-`.
    #[arg(long, value_name = "DATA", num_args = 1.., required_unless_present = "from_log")]
    corpus: Vec<PathBuf>,
    /// Decision records that keep their texts, in place of a corpus.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "corpus")]
    from_log: Vec<PathBuf>,
    /// Of decision records, only those since then: `7d`, or a time such as 2026-11-01T00:00:00Z.
    #[arg(long, value_name = "TIME", requires = "from_log", value_parser = since)]
    since: Option<Timestamp>,
    #[command(flatten)]
    fields: FieldArgs,
    /// Rules and policies on trial count as if they were in force.
    #[arg(long)]
    as_if_enforced: bool,
    /// Exit with 1 if more than this share of rows gets another action, such as `0.5%`.
    #[arg(long, value_name = "SHARE")]
    fail_if_changed: Option<Share>,
    /// Exit with 1 if more than this share of rows is newly blocked.
    #[arg(long, value_name = "SHARE")]
    fail_if_newly_blocked: Option<Share>,
    /// Show so many rows of each kind of change.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(..=i64::from(MOST_SAMPLES)))]
    samples: u16,
    /// Show the beginning of their texts too.
    #[arg(long)]
    show_text: bool,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    format: OutputForm,
    #[command(flatten)]
    config: ConfigArg,
    /// Threads; by default one for each core, or 32 where classifiers are asked.
    #[arg(long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
    /// Stop at the first row that cannot be used.
    #[arg(long)]
    strict: bool,
}

/// A share that was not to be exceeded.
struct Bar {
    what: &'static str,
    most: f64,
    found: f64,
}

pub(super) fn run(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    let found = args.sources()?;
    let streams = found.iter().filter(|source| source.path.is_none()).count();
    anyhow::ensure!(streams <= 1, "`-` is standard input, which can be read once");
    let Some((old, new)) = args.side(&args.old)?.zip(args.side(&args.new)?) else {
        return Ok(ExitCode::from(2));
    };
    let asks = old.asks() || new.asks();
    let job = Comparison {
        old,
        new,
        today: Clock::default().today(),
        sources: &found,
        rows: args.rows(),
        jobs: threads(args.jobs, asks),
        strict: args.strict,
        samples: usize::from(args.samples),
        show_text: args.show_text,
    };
    let mut seen = Seen::over(found.iter().map(Source::size).sum());
    let difference = compare(&job, &mut seen);
    seen.end();
    let difference = difference?;
    let bars = args.bars(&difference);
    output::say(&match args.format {
        OutputForm::Text => draw::text(&job, &difference, &bars),
        OutputForm::Markdown => draw::markdown(&job, &difference, &bars),
        OutputForm::Json => draw::json(&job, &difference, &bars),
    })?;
    anyhow::ensure!(difference.rows > 0, "{}", nothing(&difference));
    Ok(ExitCode::from(u8::from(bars.iter().any(Bar::is_exceeded))))
}

/// Why nothing was compared.
fn nothing(difference: &Difference) -> String {
    let out = difference.left_out;
    if out.without_text + out.too_old > 0 {
        "no record could be decided again: `log.decisions.text: full` keeps texts, `--since` may be too late".to_owned()
    } else {
        "there is no row to compare on".to_owned()
    }
}

// === impl DiffArgs ===

impl DiffArgs {
    /// One of the policies; `None` where it is not valid, the problems have been shown.
    fn side(&self, path: &Path) -> anyhow::Result<Option<Side>> {
        let loaded = named_policy(Some(path), &self.config, None)?;
        let asking = loaded.and_then(|loaded| asking(&loaded, &self.config));
        Ok(asking.map(|(policy, whom)| {
            let whom = whom.map(|whom| whom as Arc<dyn Inquire>);
            Side::new(policy, whom).as_if_enforced(self.as_if_enforced)
        }))
    }

    fn sources(&self) -> anyhow::Result<Vec<Source>> {
        if self.from_log.is_empty() {
            return Ok(sources(&self.corpus, self.fields.form())?);
        }
        // A log is rotated under names that no ending tells.
        Ok(sources(&self.from_log, Some(Form::JsonLines))?)
    }

    fn rows(&self) -> Rows {
        if self.from_log.is_empty() {
            Rows::Data(self.fields.fields())
        } else {
            Rows::Records { since: self.since }
        }
    }

    fn bars(&self, difference: &Difference) -> Vec<Bar> {
        let newly = difference.count(Change::NewlyBlocked);
        let bars = [
            ("changed", self.fail_if_changed, difference.changed),
            ("newly blocked", self.fail_if_newly_blocked, newly),
        ];
        let bar = |(what, most, rows): (&'static str, Option<Share>, u64)| {
            Some(Bar { what, most: most?.fraction(), found: difference.share(rows) })
        };
        bars.into_iter().filter_map(bar).collect()
    }
}

impl Bar {
    fn is_exceeded(&self) -> bool {
        self.found > self.most
    }
}

fn since(written: &str) -> Result<Timestamp, String> {
    if let Ok(at) = written.parse::<Timestamp>() {
        return Ok(at);
    }
    let usage = || "write a period such as 7d, or a time such as 2026-11-01T00:00:00Z".to_owned();
    let period: Period = written.parse().map_err(|_| usage())?;
    Clock::default().now().checked_sub(period.duration()).map_err(|_| usage())
}
