//! `tidegate review import`: judgements that were made elsewhere, all or none.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;

use super::super::desk::Desk;
use super::{ConfigArg, ReviewerArg, output};
use crate::people::acts::{ImportEnd, Imported};
use crate::people::review::{Opinion, name};
use crate::people::verdict::Judgement;

/// The most bytes of a line.
const MOST_LINE: u64 = 1 << 20;
/// The most judgements of one file.
const MOST_LINES: usize = 100_000;
/// The most mistakes that are named; all are counted.
const MOST_NAMED: usize = 100;

/// Flags of `review import`.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// JSON Lines of `item`, `judgement`, `reviewer`, and if need be `category`, `note`, `edited`; `-` is standard input.
    file: PathBuf,
    #[command(flatten)]
    reviewer: ReviewerArg,
    #[command(flatten)]
    config: ConfigArg,
}

/// A line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    item: String,
    judgement: Judgement,
    reviewer: String,
    category: Option<String>,
    note: Option<String>,
    edited: Option<String>,
}

pub(super) fn run(args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let importer = args.reviewer.name()?;
    let mut wrong = Vec::new();
    let judgements = read(&args.file, &mut wrong)?;
    let desk = Desk::open(&args.config)?;
    if wrong.is_empty() {
        let end = desk
            .act(importer, move |connection, reviewer| reviewer.import(connection, &judgements))?;
        match end {
            ImportEnd::Kept { new, known } => {
                output::say(&format!("{new} judgements are new, {known} were there\n"))?;
                return Ok(ExitCode::SUCCESS);
            }
            ImportEnd::Wrong(found) => wrong = found,
        }
    }
    wrong.sort();
    let file = args.file.display();
    for (line, what) in wrong.iter().take(MOST_NAMED) {
        output::complain(&format!("error: {file}:{line}: {what}"));
    }
    let count = wrong.len();
    output::complain(&format!("nothing was taken in: {count} of the lines cannot be"));
    Ok(ExitCode::from(2))
}

fn read(path: &Path, wrong: &mut Vec<(u64, String)>) -> anyhow::Result<Vec<Imported>> {
    let shown = || format!("`{}`", path.display());
    let mut input: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).with_context(shown)?))
    };
    let (mut read, mut bytes) = (Vec::new(), Vec::new());
    let mut lines: BTreeMap<(String, String), u64> = BTreeMap::new();
    for number in 1_u64.. {
        bytes.clear();
        let mut limited = input.by_ref().take(MOST_LINE + 1);
        if limited.read_until(b'\n', &mut bytes).with_context(shown)? == 0 {
            break;
        }
        anyhow::ensure!(
            bytes.len() as u64 <= MOST_LINE,
            "{}:{number}: the line is longer than 1 MiB",
            path.display()
        );
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        anyhow::ensure!(
            read.len() < MOST_LINES,
            "{}: more than {MOST_LINES} judgements",
            path.display()
        );
        match line(number, &bytes) {
            Ok(one) => {
                let key = (one.item.clone(), one.reviewer.clone());
                if let Some(first) = lines.insert(key, number) {
                    wrong.push((
                        number,
                        format!("the same reviewer judges the same item as in line {first}"),
                    ));
                }
                read.push(one);
            }
            Err(what) => wrong.push((number, what)),
        }
    }
    Ok(read)
}

fn line(number: u64, bytes: &[u8]) -> Result<Imported, String> {
    let line: Line = serde_json::from_slice(bytes).map_err(|error| {
        // The place in the line; what stands there is nobody's business.
        let said = error.to_string();
        let tells = ["missing field", "unknown field", "duplicate field", "unknown variant"];
        if tells.iter().any(|known| said.starts_with(known)) {
            said.escape_debug().to_string()
        } else {
            format!("this is no judgement in JSON (column {})", error.column())
        }
    })?;
    name("reviewer", &line.reviewer).map_err(|error| error.to_string())?;
    let Line { item, judgement, reviewer, category, note, edited } = line;
    let opinion = Opinion { judgement, category, note, edited };
    opinion.check().map_err(|error| error.to_string())?;
    Ok(Imported { line: number, item, reviewer, opinion })
}
