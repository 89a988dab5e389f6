//! `tidegate review undo`: takes back what one said of an item.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::super::desk::Desk;
use super::super::shown::cell;
use super::judge::told;
use super::{ConfigArg, Form, ReviewerArg, output};

/// Flags of `review undo`.
#[derive(Debug, Args)]
pub(super) struct UndoArgs {
    /// The item.
    item: String,
    #[command(flatten)]
    reviewer: ReviewerArg,
    #[command(flatten)]
    config: ConfigArg,
    /// The form.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

pub(super) fn run(args: &UndoArgs) -> anyhow::Result<ExitCode> {
    let reviewer = args.reviewer.name()?;
    let desk = Desk::open(&args.config)?;
    let item = args.item.clone();
    let undone =
        desk.act(reviewer, move |connection, reviewer| reviewer.undo(connection, &item))?;
    let nothing =
        || format!("`{}` has said nothing of an item `{}`", cell(reviewer), cell(&args.item));
    let row = undone.with_context(nothing)?;
    output::say(&told(&[row], args.format))?;
    Ok(ExitCode::SUCCESS)
}
