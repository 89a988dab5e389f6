//! `tidegate review erase`: takes texts out of the store for good.

use std::process::ExitCode;

use anyhow::ensure;
use clap::Args;

use super::super::desk::Desk;
use super::super::shown::cell;
use super::{ConfigArg, ReviewerArg, output};

/// Flags of `review erase`.
#[derive(Debug, Args)]
pub(super) struct EraseArgs {
    /// The decision.
    decision: String,
    /// Yes, they are to go; nothing brings them back.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    reviewer: ReviewerArg,
    #[command(flatten)]
    config: ConfigArg,
}

pub(super) fn run(args: &EraseArgs) -> anyhow::Result<ExitCode> {
    let shown = cell(&args.decision);
    let reviewer = args.reviewer.name()?;
    ensure!(
        args.yes,
        "this takes the texts of decision `{shown}`, notes, edited answers and comments out of the store for good; with \
         `--yes` it is done"
    );
    let desk = Desk::open(&args.config)?;
    let decision = args.decision.clone();
    let had =
        desk.act(reviewer, move |connection, reviewer| reviewer.erase(connection, &decision))?;
    ensure!(had, "the store has nothing about a decision `{shown}`");
    output::say(&format!("{shown}: erased\n"))?;
    Ok(ExitCode::SUCCESS)
}
