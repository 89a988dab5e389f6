//! `tidegate review judge`: says whether a decision was right.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::super::desk::Desk;
use super::super::shown::{cell, json_line};
use super::{ConfigArg, Form, ReviewerArg, output};
use crate::people::acts::{ENOUGH, Judged, Too};
use crate::people::review::Opinion;
use crate::people::shapes;
use crate::people::verdict::Judgement;
use crate::store::ItemRow;

/// Flags of `review judge`.
#[derive(Debug, Args)]
pub(super) struct JudgeArgs {
    /// The item.
    item: String,
    /// What is said of its decision.
    #[arg(value_enum)]
    judgement: JudgementArg,
    /// The category that the text has in truth.
    #[arg(long)]
    category: Option<String>,
    /// What is to be noted.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// What the model should have answered; `export --format dpo` sets it against what it did.
    #[arg(long, value_name = "TEXT")]
    edited: Option<String>,
    /// Judge all unsettled items of the same text too.
    #[arg(long)]
    alike: bool,
    #[command(flatten)]
    reviewer: ReviewerArg,
    #[command(flatten)]
    config: ConfigArg,
    /// The form.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum JudgementArg {
    /// It was right.
    Upheld,
    /// It was wrong.
    Overturned,
    /// Somebody else should say.
    Unsure,
}

impl From<JudgementArg> for Judgement {
    fn from(judgement: JudgementArg) -> Self {
        match judgement {
            JudgementArg::Upheld => Self::Upheld,
            JudgementArg::Overturned => Self::Overturned,
            JudgementArg::Unsure => Self::Unsure,
        }
    }
}

pub(super) fn run(args: &JudgeArgs) -> anyhow::Result<ExitCode> {
    let reviewer = args.reviewer.name()?;
    let opinion = Opinion {
        judgement: args.judgement.into(),
        category: args.category.clone(),
        note: args.note.clone(),
        edited: args.edited.clone(),
    };
    opinion.check()?;
    let desk = Desk::open(&args.config)?;
    let (item, alike) = (args.item.clone(), args.alike);
    let judged = desk.act(reviewer, move |connection, reviewer| {
        reviewer.judge(connection, &item, (&opinion, Too { alike, near: &[] }))
    })?;
    let shown = cell(&args.item);
    match judged {
        Judged::Kept { items, left_out } => {
            output::say(&told(&items, args.format))?;
            if left_out > 0 {
                output::complain(&format!(
                    "{left_out} alike items are left out: somebody else has them, or three people have judged them"
                ));
            }
            Ok(ExitCode::SUCCESS)
        }
        Judged::NoItem => bail!("there is no item `{shown}`"),
        Judged::Taken(who, until) => {
            bail!("`{}` has item `{shown}` until {}", cell(&who), shapes::time(until))
        }
        Judged::Enough => bail!("item `{shown}`: {ENOUGH}"),
    }
}

/// How items stand now.
pub(super) fn told(items: &[ItemRow], form: Form) -> String {
    let line = |row: &ItemRow| match (form, &row.outcome) {
        (Form::Json, _) => json_line(&shapes::item(row)),
        (Form::Table, None) => format!("{}: {}\n", cell(&row.item.id), row.state.as_str()),
        (Form::Table, Some((outcome, _))) => {
            format!("{}: {}, {}\n", cell(&row.item.id), row.state.as_str(), cell(outcome))
        }
    };
    items.iter().map(line).collect()
}
