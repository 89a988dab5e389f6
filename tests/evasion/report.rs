//! The table in `docs/evasion.md`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::rows::{Layer, Row};
use crate::run::Outcome;

const BEGIN: &str = "<!-- evasion:begin -->";
const END: &str = "<!-- evasion:end -->";

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/evasion.md")
}

pub(crate) fn document() -> String {
    std::fs::read_to_string(path()).expect("docs/evasion.md")
}

/// What is found of ordinary text.
#[derive(Debug)]
pub(crate) struct Ordinary {
    pub(crate) what: &'static str,
    pub(crate) size: String,
    pub(crate) found: usize,
}

/// Tenths of a percent as a percentage.
fn percent(of_thousand: usize) -> String {
    format!("{}.{} %", of_thousand / 10, of_thousand % 10)
}

fn line(row: &Row, outcome: &Outcome) -> String {
    let layer = match row.layer {
        Layer::Normalise => "N",
        Layer::Decode => "D",
        Layer::Classify => "C",
    };
    let verdict = match row.layer {
        Layer::Classify => "reported".to_owned(),
        Layer::Normalise | Layer::Decode if outcome.recall() >= row.bar() => {
            format!("≥ {}", percent(row.bar()))
        }
        Layer::Normalise | Layer::Decode => format!("**under {}**", percent(row.bar())),
    };
    let (plain, streamed) = (percent(outcome.recall()), percent(outcome.recall_streamed()));
    let streamed = if plain == streamed { "same".to_owned() } else { streamed };
    let Row { id, words, .. } = row;
    let (variants, view) = (outcome.variants, outcome.view());
    format!("| {id} | {layer} | {words} | {variants} | {plain} | {streamed} | {view} | {verdict} |")
        .replace("|  |", "| |")
}

/// How a row begins in the table.
pub(crate) fn head(row: &Row) -> String {
    line(row, &Outcome::default()).split('|').take(4).collect::<Vec<_>>().join("|")
}

/// The share of all variants of these layers that are found, of a thousand.
pub(crate) fn total(rows: &[(&Row, Outcome)]) -> usize {
    let owed = || rows.iter().filter(|(row, _)| row.layer != Layer::Classify);
    let variants: usize = owed().map(|(_, outcome)| outcome.variants).sum();
    owed().map(|(_, outcome)| outcome.found).sum::<usize>() * 1000 / variants.max(1)
}

/// Writes the table of a full run into the document.
pub(crate) fn write(rows: &[(&Row, Outcome)], ordinary: &[Ordinary]) {
    let mut made = String::from(
        "\n| row | layer | what | variants | found | streamed | most by view | bar |\n|---|---|---|---|---|---|---|---|\n",
    );
    for (row, outcome) in rows {
        made.push_str(&line(row, outcome));
        made.push('\n');
    }
    let owed: usize = rows
        .iter()
        .filter(|(row, _)| row.layer != Layer::Classify)
        .map(|(_, one)| one.variants)
        .sum();
    write!(
        made,
        "\nOf {owed} variants of layers N and D, {} are found; the bar is 97 %.\n\n",
        percent(total(rows))
    )
    .expect("a text grows");
    made.push_str("| ordinary text | size | found |\n|---|---|---|\n");
    for Ordinary { what, size, found } in ordinary {
        writeln!(made, "| {what} | {size} | {found} |").expect("a text grows");
    }
    let text = document();
    let (head, rest) = text.split_once(BEGIN).expect("where the table begins");
    let (_, tail) = rest.split_once(END).expect("where the table ends");
    std::fs::write(path(), format!("{head}{BEGIN}\n{made}\n{END}{tail}")).expect("docs/evasion.md");
}
