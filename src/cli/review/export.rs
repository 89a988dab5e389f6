//! `tidegate review export`: settled items for people, evaluations and trainers.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::super::desk::Desk;
use super::super::shown::{json_line, visible};
use super::{ConfigArg, QueueArg, ReviewerArg, Since, output, since};
use crate::people::export::{COLUMNS, Form, Reviewed, Written as Line, csv_row};
use crate::store::{ItemFilter, ItemState};

/// Items that are read at once.
const PAGE: i64 = 200;

/// Flags of `review export`.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// What is written, to standard output.
    #[arg(long, value_enum, default_value_t)]
    format: ExportForm,
    /// Only items that were settled from then on: a duration back, or a date.
    #[arg(long, value_name = "DURATION|DATE", value_parser = since)]
    since: Option<Since>,
    /// Only items of this queue.
    #[arg(long, value_enum)]
    queue: Option<QueueArg>,
    #[command(flatten)]
    reviewer: ReviewerArg,
    #[command(flatten)]
    config: ConfigArg,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ExportForm {
    /// Everything that is known of each item.
    #[default]
    Jsonl,
    /// Labelled texts, as `eval` and `train` read them.
    Eval,
    /// Pairs of answers, as TRL reads them: `prompt`, `chosen`, `rejected`.
    Dpo,
    /// Pairs of answers, as fine-tuning at OpenAI reads them.
    Openai,
    /// A table for spreadsheets.
    Csv,
}

impl ExportForm {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Eval => "eval",
            Self::Dpo => "dpo",
            Self::Openai => "openai",
            Self::Csv => "csv",
        }
    }

    const fn form(self) -> Form {
        match self {
            Self::Jsonl => Form::Items,
            Self::Eval => Form::Labels,
            Self::Dpo => Form::Trl,
            Self::Openai => Form::Openai,
            Self::Csv => Form::Csv,
        }
    }
}

/// An item as a terminal may see it.
fn line(written: Line) -> String {
    match written {
        Line::Json(value) => json_line(&value),
        Line::Cells(cells) => csv_row((*cells).map(|cell| visible(&cell))),
    }
}

/// What an export came to.
#[derive(Default)]
struct Written {
    rows: u64,
    /// Items that are not in it, by the reason.
    left_out: BTreeMap<String, u64>,
}

pub(super) fn run(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let reviewer = args.reviewer.name()?;
    let desk = Desk::open(&args.config)?;
    let from = args.since.map(|since| since.at(desk.now()));
    let queue = args.queue.map(QueueArg::as_str);
    let (form, filter) = (
        args.format,
        ItemFilter {
            queue: queue.map(str::to_owned),
            state: Some(ItemState::Settled),
            settled_since: from,
            limit: PAGE,
            ..ItemFilter::default()
        },
    );
    // An export that nobody could tell of afterwards is none.
    let detail = json!({ "format": form.as_str(), "queue": queue, "since": from });
    desk.act(reviewer, move |connection, reviewer| {
        reviewer.note(connection, ("export", "items"), detail)
    })?;
    let written = write(&desk, form, filter)?;
    let Written { rows, left_out } = written;
    for (why, count) in &left_out {
        output::complain(&format!("{count} settled items left out: {why}"));
    }
    output::complain(&format!("{rows} rows"));
    Ok(ExitCode::SUCCESS)
}

fn write(desk: &Desk, form: ExportForm, mut filter: ItemFilter) -> anyhow::Result<Written> {
    let mut written = Written::default();
    if form == ExportForm::Csv {
        output::say(&csv_row(COLUMNS.map(str::to_owned)))?;
    }
    let form = form.form();
    loop {
        let of = filter.clone();
        let page = desk.read(move |connection, key| {
            Reviewed::page(connection, key, (&of, form.takes_requests()))
        })?;
        let Some(last) = page.last() else { return Ok(written) };
        filter.after = Some(last.row.item.id.clone());
        let mut rows = String::new();
        for reviewed in &page {
            match form.of(reviewed).map(line) {
                Ok(row) => {
                    written.rows += 1;
                    rows.push_str(&row);
                }
                Err(why) => *written.left_out.entry(why.to_string()).or_default() += 1,
            }
        }
        output::say(&rows)?;
    }
}
