//! `tidegate review improve`: a test or an exception out of what people settled about an item.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::super::desk::Desk;
use super::super::environment;
use super::super::shown::{cell, json_line, visible};
use super::{ConfigArg, Form, ReviewerArg, output};
use crate::app::Bench;
use crate::console::{Wish, WorkshopFault};
use crate::people::improve::{Proposal, Settled};
use crate::store::{DecisionRow, ItemRow};
use crate::telemetry::Clock;

/// Flags of `review improve`.
#[derive(Debug, Args)]
pub(super) struct ImproveArgs {
    /// The item.
    item: String,
    #[command(flatten)]
    what: What,
    /// Write the file; otherwise what would change is only shown.
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    reviewer: ReviewerArg,
    #[command(flatten)]
    config: ConfigArg,
    /// The form.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// A test that keeps what people said.
    #[arg(long)]
    test_case: bool,
    /// An exception to the rule that people overturned.
    #[arg(long)]
    exception: bool,
}

pub(super) fn run(args: &ImproveArgs) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(&args.config)?;
    let settled = settled(&desk, &args.item)?;
    let wish = if args.what.exception {
        Wish::Excuse(settled.excuse()?)
    } else {
        Wish::Case(settled.case()?)
    };
    let clock = Clock::default();
    let (config, environment) = (args.config.path(), environment());
    let bench = Bench { config, environment, flags: Vec::new(), clock };
    let proposal = bench.propose(&wish)?;
    output::say(&told(&proposal, args.format))?;
    if args.write {
        let reviewer = args.reviewer.name()?;
        bench.check(&proposal).map_err(failed)?;
        bench.save(&proposal)?;
        note(&desk, reviewer, args, &proposal)?;
        output::complain(&format!("wrote {}", proposal.file));
    } else {
        output::complain("nothing is written; `--write` does");
    }
    Ok(ExitCode::SUCCESS)
}

fn failed(fault: WorkshopFault) -> anyhow::Error {
    anyhow::Error::new(fault).context("nothing is written")
}

fn settled(desk: &Desk, item: &str) -> anyhow::Result<Settled> {
    let id = item.to_owned();
    let found = desk.read(move |connection, key| {
        let Some(row) = ItemRow::find(connection, &id)? else { return Ok(None) };
        let decision = DecisionRow::find(connection, key, &row.item.decision)?;
        Ok(Some((row, decision.map(|row| row.decision))))
    })?;
    let (row, decision) = found.with_context(|| format!("there is no item `{}`", cell(item)))?;
    Ok(Settled::of(&row, decision.as_ref())?)
}

/// Writes into the ledger what was written.
fn note(desk: &Desk, name: &str, args: &ImproveArgs, proposal: &Proposal) -> anyhow::Result<()> {
    let act = if args.what.exception { "exception" } else { "test_case" };
    let detail = proposal.detail();
    let item = args.item.clone();
    desk.act(name, move |connection, reviewer| reviewer.note(connection, (act, &item), detail))
}

fn told(proposal: &Proposal, form: Form) -> String {
    match form {
        Form::Json => json_line(&json!({
            "schema": "tidegate.proposal/v1",
            "file": proposal.file,
            "yaml": proposal.yaml,
            "diff": proposal.diff(),
            "todo": proposal.todo,
            "tests": proposal.tests,
        })),
        Form::Table => {
            let todo =
                "the policy does not do so yet: the test is marked as a known gap (`todo`)\n";
            format!("{}{}", visible(&proposal.diff()), if proposal.todo { todo } else { "" })
        }
    }
}
