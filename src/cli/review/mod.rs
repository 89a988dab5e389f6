//! `tidegate review`: the review queues without a browser, one file a subcommand.

mod adapt;
mod claim;
mod erase;
mod export;
mod feedback;
mod import;
mod improve;
mod judge;
mod ledger;
mod list;
mod release;
mod show;
mod stats;
mod undo;

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use jiff::tz::Offset;

use super::desk::ReviewerArg;
use super::shown::Form;
use super::{ConfigArg, output};
use crate::config::units::{Day, Period};
use crate::store::ItemState;

/// What is done.
#[derive(Debug, Args)]
pub(super) struct ReviewArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List items of the queues, the oldest first.
    List(list::ListArgs),
    /// Show an item: the decision, its texts as they are kept, what was said of it.
    Show(show::ShowArgs),
    /// Say whether a decision was right.
    Judge(judge::JudgeArgs),
    /// Take back what one said of an item.
    Undo(undo::UndoArgs),
    /// Take the oldest item, so that nobody else judges it meanwhile.
    Claim(claim::ClaimArgs),
    /// Give an item back.
    Release(release::ReleaseArgs),
    /// Write settled items: all of them, labelled texts, preference pairs or a table.
    Export(export::ExportArgs),
    /// Take in judgements that were made elsewhere, all or none.
    Import(import::ImportArgs),
    /// Count what reviews and ratings came to.
    Stats(stats::StatsArgs),
    /// List what users said, the newest first.
    Feedback(feedback::FeedbackArgs),
    /// Show thresholds that move with judgements, or put one back to what is written.
    Adapt(adapt::AdaptArgs),
    /// Make a test or an exception out of a settled item, and show or write it.
    Improve(improve::ImproveArgs),
    /// Take the texts of a decision, and what people wrote about it, out of the store.
    Erase(erase::EraseArgs),
    /// Print the ledger of acts, or verify it.
    Ledger(ledger::LedgerArgs),
}

pub(super) fn run(args: &ReviewArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::List(args) => list::run(args),
        Command::Show(args) => show::run(args),
        Command::Judge(args) => judge::run(args),
        Command::Undo(args) => undo::run(args),
        Command::Claim(args) => claim::run(args),
        Command::Release(args) => release::run(args),
        Command::Export(args) => export::run(args),
        Command::Import(args) => import::run(args),
        Command::Stats(args) => stats::run(args),
        Command::Feedback(args) => feedback::run(args),
        Command::Adapt(args) => adapt::run(args),
        Command::Improve(args) => improve::run(args),
        Command::Erase(args) => erase::run(args),
        Command::Ledger(args) => ledger::run(args),
    }
}

/// A review queue.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum QueueArg {
    /// What policies send to review.
    Verdicts,
    /// Samples of what was allowed and blocked.
    Samples,
    /// What users report.
    Reports,
    /// What users want looked at again.
    Appeals,
}

impl QueueArg {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Verdicts => "verdicts",
            Self::Samples => "samples",
            Self::Reports => "reports",
            Self::Appeals => "appeals",
        }
    }
}

/// How an item stands.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum StateArg {
    /// Nobody has judged it.
    Open,
    /// One has, and another one is to.
    Second,
    /// They do not agree.
    Disagreement,
    /// It is decided.
    Settled,
}

impl From<StateArg> for ItemState {
    fn from(state: StateArg) -> Self {
        match state {
            StateArg::Open => Self::Open,
            StateArg::Second => Self::Second,
            StateArg::Disagreement => Self::Disagreement,
            StateArg::Settled => Self::Settled,
        }
    }
}

/// From when on.
#[derive(Clone, Copy, Debug)]
enum Since {
    /// So many milliseconds ago.
    Ago(i64),
    /// From this time on, in milliseconds since 1970.
    At(i64),
}

impl Since {
    /// In milliseconds since 1970.
    const fn at(self, now: i64) -> i64 {
        match self {
            Self::Ago(millis) => now.saturating_sub(millis),
            Self::At(at) => at,
        }
    }
}

fn since(written: &str) -> Result<Since, String> {
    if let Ok(period) = written.parse::<Period>() {
        let millis = i64::try_from(period.duration().as_millis());
        return millis.map(Since::Ago).map_err(|_| "the number is too large".to_owned());
    }
    let wrong =
        "a duration such as 12h or 30d, or a date such as 2027-01-15 (its beginning in UTC)";
    let Day(day) = written.parse().map_err(|_| wrong.to_owned())?;
    let at = Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).map_err(|_| wrong.to_owned())?;
    Ok(Since::At(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_duration_back_or_the_beginning_of_a_day() {
        let at = |written| since(written).map(|since| since.at(1_000_000_000));
        assert_eq!(at("10s"), Ok(999_990_000));
        assert_eq!(at("1970-01-02"), Ok(86_400_000));
        assert!(at("yesterday").is_err_and(|why| why.contains("30d")));
        assert!(at("2027-02-30").is_err());
    }
}
