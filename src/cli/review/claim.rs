//! `tidegate review claim`: takes the oldest item that waits for this person.

use std::process::ExitCode;

use clap::Args;

use super::super::desk::Desk;
use super::super::shown::{cell, json_line};
use super::{ConfigArg, Form, QueueArg, ReviewerArg, output};
use crate::config::units::Period;
use crate::people::acts::{Claimed, Wish};
use crate::people::shapes;

/// How long an item is taken for where nothing else is said.
const USUAL: Period = Period::from_secs(15 * 60);
/// The longest that an item may be taken for.
const LONGEST: Period = Period::from_days(1);

/// Flags of `review claim`.
#[derive(Debug, Args)]
pub(super) struct ClaimArgs {
    /// Only from this queue.
    #[arg(long, value_enum)]
    queue: Option<QueueArg>,
    /// How long it is taken for, a day at most.
    #[arg(long, value_name = "DURATION", default_value_t = USUAL, value_parser = period)]
    hold: Period,
    #[command(flatten)]
    reviewer: ReviewerArg,
    #[command(flatten)]
    config: ConfigArg,
    /// The form.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

fn period(written: &str) -> Result<Period, String> {
    let period: Period = written.parse().map_err(|error| format!("{error}"))?;
    if period > LONGEST {
        return Err(format!("at most {LONGEST}"));
    }
    Ok(period)
}

pub(super) fn run(args: &ClaimArgs) -> anyhow::Result<ExitCode> {
    let reviewer = args.reviewer.name()?;
    let desk = Desk::open(&args.config)?;
    let queue = args.queue.map(|queue| queue.as_str().to_owned());
    let hold = i64::try_from(args.hold.duration().as_millis())?;
    let until = desk.now().saturating_add(hold);
    let taken = desk.act(reviewer, move |connection, reviewer| {
        let wish = Wish { queues: &[queue], until, not: &[], spares: &|_| false };
        reviewer.claim(connection, &wish)
    })?;
    let Claimed::Item(row) = taken else {
        output::complain(&format!("nothing waits for `{}`", cell(reviewer)));
        return Ok(ExitCode::FAILURE);
    };
    output::say(&match args.format {
        Form::Json => json_line(&shapes::item(&row)),
        Form::Table => format!("{}: yours until {}\n", cell(&row.item.id), shapes::time(until)),
    })?;
    Ok(ExitCode::SUCCESS)
}
