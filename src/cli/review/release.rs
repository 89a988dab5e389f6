//! `tidegate review release`: gives an item back.

use std::process::ExitCode;

use anyhow::ensure;
use clap::Args;

use super::super::desk::Desk;
use super::super::shown::cell;
use super::{ConfigArg, ReviewerArg, output};

/// Flags of `review release`.
#[derive(Debug, Args)]
pub(super) struct ReleaseArgs {
    /// The item.
    item: String,
    #[command(flatten)]
    reviewer: ReviewerArg,
    #[command(flatten)]
    config: ConfigArg,
}

pub(super) fn run(args: &ReleaseArgs) -> anyhow::Result<ExitCode> {
    let reviewer = args.reviewer.name()?;
    let desk = Desk::open(&args.config)?;
    let item = args.item.clone();
    let had =
        desk.act(reviewer, move |connection, reviewer| reviewer.release(connection, &item))?;
    ensure!(had, "`{}` has no item `{}`", cell(reviewer), cell(&args.item));
    output::say(&format!("{}: given back\n", cell(&args.item)))?;
    Ok(ExitCode::SUCCESS)
}
