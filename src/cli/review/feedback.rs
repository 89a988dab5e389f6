//! `tidegate review feedback`: what users said, the newest first.

use std::process::ExitCode;

use clap::Args;

use super::super::desk::Desk;
use super::super::shown::{json_line, table};
use super::{ConfigArg, Form, output};
use crate::people::shapes;
use crate::store::{FeedbackFilter, FeedbackRow};

/// Flags of `review feedback`.
#[derive(Debug, Args)]
pub(super) struct FeedbackArgs {
    /// The most that is listed.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    #[command(flatten)]
    config: ConfigArg,
    /// The form.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

pub(super) fn run(args: &FeedbackArgs) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(&args.config)?;
    let filter = FeedbackFilter { limit: i64::from(args.limit), ..FeedbackFilter::default() };
    let found = desk.read(move |connection, _| FeedbackRow::list(connection, &filter))?;
    output::say(&match args.format {
        Form::Json => found.iter().map(|row| json_line(&shapes::feedback(row))).collect(),
        Form::Table => {
            let rows: Vec<_> = found.iter().map(cells).collect();
            table(["AT", "DECISION", "ROUTE", "KIND", "SAYS", "COMMENT", "STATE", "OUTCOME"], &rows)
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn cells(row: &FeedbackRow) -> [String; 8] {
    let feedback = &row.feedback;
    let rating = feedback.rating.map(|rating| format!("{} of {}", rating.value, rating.scale));
    let says = [
        feedback.label.as_ref(),
        feedback.thumb.as_ref(),
        rating.as_ref(),
        feedback.category.as_ref(),
    ];
    let says: Vec<&str> = says.into_iter().flatten().map(String::as_str).collect();
    let (state, outcome) = row.review.clone().unzip();
    [
        shapes::time(feedback.at),
        feedback.decision.clone(),
        row.route.clone(),
        feedback.kind.clone(),
        says.join(", "),
        feedback.comment.clone().unwrap_or_default(),
        state.unwrap_or_else(|| "-".to_owned()),
        outcome.flatten().unwrap_or_default(),
    ]
}
