//! `tidegate review list`: items of the queues.

use std::process::ExitCode;

use clap::Args;

use super::super::desk::Desk;
use super::super::shown::{duration, json_line, table};
use super::{ConfigArg, Form, QueueArg, StateArg, output};
use crate::people::shapes;
use crate::store::{ItemFilter, ItemRow, ItemState};

/// Flags of `review list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only this queue.
    #[arg(long, value_enum)]
    queue: Option<QueueArg>,
    /// Only in this state; by default all that nobody has settled.
    #[arg(long, value_enum)]
    state: Option<StateArg>,
    /// Only those that this rule decided.
    #[arg(long)]
    rule: Option<String>,
    /// Only those under this policy.
    #[arg(long)]
    policy: Option<String>,
    /// The most items.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    #[command(flatten)]
    config: ConfigArg,
    /// The form.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

pub(super) fn run(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(&args.config)?;
    let most = usize::try_from(args.limit)?;
    let filter = ItemFilter {
        queue: args.queue.map(|queue| queue.as_str().to_owned()),
        state: args.state.map(ItemState::from),
        waiting: args.state.is_none(),
        policy: args.policy.clone(),
        rule: args.rule.clone(),
        // One more says whether there are more.
        limit: i64::from(args.limit) + 1,
        ..ItemFilter::default()
    };
    let found = desk.read(move |connection, _| ItemRow::list(connection, &filter))?;
    let shown = found.get(..most).unwrap_or(&found);
    match args.format {
        Form::Json => {
            let lines: String = shown.iter().map(|row| json_line(&shapes::item(row))).collect();
            output::say(&lines)?;
        }
        Form::Table => {
            let now = desk.now();
            let rows: Vec<_> = shown.iter().map(|row| cells(row, now)).collect();
            let headings = [
                "ITEM",
                "AGE",
                "QUEUE",
                "STATE",
                "SOURCE",
                "POLICY",
                "RULE",
                "CATEGORY",
                "SCORE",
                "CLAIMED BY",
            ];
            output::say(&table(headings, &rows))?;
        }
    }
    if found.len() > most {
        output::complain(&format!("there are more than {most} items (`--limit`)"));
    }
    Ok(ExitCode::SUCCESS)
}

fn cells(row: &ItemRow, now: i64) -> [String; 10] {
    let item = &row.item;
    let claim = row.claim.as_ref().filter(|(_, until)| *until > now);
    let or_dash = |text: Option<&String>| text.map_or_else(|| "-".to_owned(), Clone::clone);
    [
        item.id.clone(),
        duration(now.saturating_sub(item.at)),
        item.queue.clone(),
        row.outcome.as_ref().map_or(row.state.as_str(), |(outcome, _)| outcome).to_owned(),
        item.source.clone(),
        item.policy.clone(),
        or_dash(item.rule.as_ref()),
        or_dash(item.category.as_ref()),
        format!("{:.2}", item.score),
        claim.map(|(who, _)| who.clone()).unwrap_or_default(),
    ]
}
