//! `tidegate review ledger`: every act of people, printed or verified.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::super::audit::key_text;
use super::super::desk::Desk;
use super::super::shown::json_line;
use super::{ConfigArg, Since, output, since};
use crate::audit::PublicKey;
use crate::people::shapes;
use crate::store::{LedgerEntry, LedgerState};

/// Lines that are read at once.
const PAGE: i64 = 1000;
/// The most keys whose signatures count.
const MOST_KEYS: usize = 16;

/// Flags of `review ledger`.
#[derive(Debug, Args)]
pub(super) struct LedgerArgs {
    /// Verify the whole ledger instead of printing it.
    #[arg(long)]
    verify: bool,
    /// A public key in PEM: every line has to be signed by it, or by another one that is given.
    #[arg(long, value_name = "PUBLIC", requires = "verify")]
    key: Vec<PathBuf>,
    /// Only acts from then on: a duration back, or a date.
    #[arg(long, value_name = "DURATION|DATE", value_parser = since, conflicts_with = "verify")]
    since: Option<Since>,
    #[command(flatten)]
    config: ConfigArg,
}

pub(super) fn run(args: &LedgerArgs) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(&args.config)?;
    if args.verify {
        return verify(&desk, &args.key);
    }
    let from = args.since.map_or(i64::MIN, |since| since.at(desk.now()));
    let mut next = i64::MIN;
    loop {
        let page = desk.read(move |connection, _| LedgerEntry::list(connection, next, PAGE))?;
        let Some(last) = page.last() else { return Ok(ExitCode::SUCCESS) };
        next = last.seq.saturating_add(1);
        let lines = page.iter().filter(|entry| entry.at >= from);
        output::say(&lines.map(|entry| json_line(&printed(entry))).collect::<String>())?;
    }
}

/// An act as it was, with the line that vouches for it and the salt of the detail's digest.
fn printed(entry: &LedgerEntry) -> Value {
    let (detail, salt) = entry.details();
    json!({
        "seq": entry.seq,
        "at": shapes::time(entry.at),
        "actor": entry.actor,
        "act": entry.act,
        "object": entry.object,
        "detail": detail,
        "salt": salt,
        "line": entry.line,
    })
}

fn verify(desk: &Desk, paths: &[PathBuf]) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(paths.len() <= MOST_KEYS, "more than {MOST_KEYS} keys");
    let keys = paths.iter().map(|path| key(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let signed = if keys.is_empty() { "" } else { ", every one signed by a key that was given" };
    let state = desk.read(move |connection, _| LedgerState::verify(connection, &keys))?;
    for fault in &state.faults {
        output::say(&format!("{fault}\n"))?;
    }
    let LedgerState { lines, erased, head, faults, .. } = state;
    if !faults.is_empty() {
        output::say(&format!("broken: {} faults in {lines} lines\n", faults.len()))?;
        return Ok(ExitCode::FAILURE);
    }
    let head = head.unwrap_or_else(|| "none".to_owned());
    output::say(&format!(
        "whole: {lines} lines{signed}, the details of {erased} erased\nhead: {head}\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn key(path: &Path) -> anyhow::Result<PublicKey> {
    let shown = || format!("`{}`", path.display());
    PublicKey::from_pem(&key_text(path)?).with_context(shown)
}
