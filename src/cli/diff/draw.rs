//! What a comparison came to: for a terminal, a pull request, and programs.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::Bar;
use crate::scan::diff::{Both, Change, Comparison, Difference, Moved, Side};

/// The most rules and categories that a table has; JSON has all.
const MOST_LINES: usize = 50;

/// One table: its head, and lines of as many cells.
struct Table {
    head: [&'static str; 5],
    lines: Vec<[String; 5]>,
    left_out: usize,
}

/// For a terminal.
pub(super) fn text(job: &Comparison<'_>, found: &Difference, bars: &[Bar]) -> String {
    let mut text = format!("{} → {}\n{}\n", name(&job.old), name(&job.new), headline(found));
    for line in details(found) {
        push(&mut text, &format!("  {line}\n"));
    }
    for table in tables(found) {
        push(&mut text, &format!("\n{}", table.aligned()));
    }
    if !found.samples.is_empty() {
        text.push('\n');
    }
    for sample in &found.samples {
        let shown = sample.text.as_ref().map(|shown| format!(": {shown}")).unwrap_or_default();
        let (change, rules) = (sample.change.as_str(), rules(sample));
        let Moved { place, old, new, .. } = sample;
        push(&mut text, &format!("{change}: {place}: {old} → {new}{rules}{shown}\n"));
    }
    for bar in bars {
        push(&mut text, &format!("\n{}\n", bar_line(bar)));
    }
    text
}

/// For a pull request.
pub(super) fn markdown(job: &Comparison<'_>, found: &Difference, bars: &[Bar]) -> String {
    let (old, new) = (code(&name(&job.old)), code(&name(&job.new)));
    let mut text = format!("### {old} → {new}\n\n{}\n", headline(found));
    for line in details(found) {
        push(&mut text, &format!("- {line}\n"));
    }
    for bar in bars {
        let mark = if bar.is_exceeded() { "❌" } else { "✅" };
        push(&mut text, &format!("\n{mark} {}\n", bar_line(bar)));
    }
    for table in tables(found) {
        push(&mut text, &format!("\n{}", table.markdown()));
    }
    if !found.samples.is_empty() {
        text.push_str("\n<details><summary>Examples</summary>\n\n| row | change | rules | text |\n|---|---|---|---|\n");
        for sample in &found.samples {
            let Moved { place, old, new, .. } = sample;
            let shown = sample.text.as_deref().map(code).unwrap_or_default();
            let (place, rules) = (code(place), cell(rules(sample).trim()));
            push(&mut text, &format!("| {place} | {old} → {new} | {rules} | {shown} |\n"));
        }
        text.push_str("\n</details>\n");
    }
    text
}

/// For programs.
pub(super) fn json(job: &Comparison<'_>, found: &Difference, bars: &[Bar]) -> String {
    let side = |side: &Side| {
        let policy = side.policy();
        json!({ "policy": &*policy.name, "revision": &*policy.revision })
    };
    let bar = |bar: &Bar| {
        let exceeded = bar.is_exceeded();
        json!({ "what": bar.what, "at_most": bar.most, "found": bar.found, "exceeded": exceeded })
    };
    let mut document = json!({
        "schema": "tidegate.diff/v1",
        "old": side(&job.old),
        "new": side(&job.new),
        "bars": bars.iter().map(bar).collect::<Vec<_>>(),
    });
    let found = serde_json::to_value(found).unwrap_or_default();
    if let (Value::Object(document), Value::Object(found)) = (&mut document, found) {
        document.extend(found);
    }
    format!("{document:#}\n")
}

fn name(side: &Side) -> String {
    format!("{}@{}", side.policy().name, side.policy().revision)
}

fn headline(found: &Difference) -> String {
    let share = percent(found.share(found.changed));
    let mut line =
        format!("{} rows, {} of them with another action ({share})", found.rows, found.changed);
    for (count, what) in [
        (found.bad, "not usable"),
        (found.left_out.without_text, "records without their texts"),
        (found.left_out.too_old, "records too old"),
    ] {
        if count > 0 {
            push(&mut line, &format!("; {count} {what}"));
        }
    }
    line
}

fn details(found: &Difference) -> Vec<String> {
    let changes = Change::ALL.iter().filter_map(|&change| {
        let count = found.count(change);
        (count > 0)
            .then(|| format!("{}: {count} ({})", change.as_str(), percent(found.share(count))))
    });
    let mut actions: Vec<(&String, &u64)> = found.by_action.iter().collect();
    actions.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let actions: Vec<String> =
        actions.iter().map(|(words, count)| format!("{words} {count}")).collect();
    let actions = (!actions.is_empty()).then(|| actions.join(", "));
    changes.chain(actions).collect()
}

fn bar_line(bar: &Bar) -> String {
    let Bar { what, most, found } = bar;
    let verdict = if bar.is_exceeded() { "more than" } else { "at most" };
    format!("{what}: {} is {verdict} {}", percent(*found), percent(*most))
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    // What is not nothing is not to look like it.
    if percent > 0.0 && percent < 0.01 { "< 0.01 %".to_owned() } else { format!("{percent:.2} %") }
}

fn rules(sample: &Moved) -> String {
    let gone = sample.only_old.iter().map(|id| format!("-{id}"));
    let come = sample.only_new.iter().map(|id| format!("+{id}"));
    let all: Vec<String> = gone.chain(come).collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
}

fn tables(found: &Difference) -> Vec<Table> {
    [("rule", &found.by_rule), ("category", &found.by_category)]
        .into_iter()
        .filter(|(_, counts)| !counts.is_empty())
        .map(|(what, counts)| Table::new(what, counts))
        .collect()
}

// === impl Table ===

impl Table {
    fn new(what: &'static str, counts: &BTreeMap<String, Both>) -> Self {
        let mut all: Vec<(&String, &Both)> = counts.iter().collect();
        let moved = |both: &Both| both.only_old + both.only_new;
        all.sort_by_key(|(_, both)| std::cmp::Reverse((moved(both), both.new)));
        let line = |(name, both): &(&String, &Both)| {
            let Both { old, new, only_old, only_new } = both;
            let [old, new, gone, come] = [old, new, only_old, only_new].map(ToString::to_string);
            [(*name).clone(), old, new, gone, come]
        };
        let lines = all.iter().take(MOST_LINES).map(line).collect();
        let left_out = all.len().saturating_sub(MOST_LINES);
        Self { head: [what, "old", "new", "only old", "only new"], lines, left_out }
    }

    fn aligned(&self) -> String {
        let mut widths = self.head.map(str::len);
        for line in &self.lines {
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = (*width).max(cell.width());
            }
        }
        let mut text = String::new();
        let head = self.head.map(str::to_owned);
        for line in std::iter::once(&head).chain(&self.lines) {
            let mut drawn = String::new();
            for (place, (cell, width)) in line.iter().zip(widths).enumerate() {
                let gap = " ".repeat(width.saturating_sub(cell.width()));
                match place {
                    0 => push(&mut drawn, &format!("{cell}{gap}")),
                    _ => push(&mut drawn, &format!("  {gap}{cell}")),
                }
            }
            push(&mut text, &format!("{}\n", drawn.trim_end()));
        }
        if self.left_out > 0 {
            push(&mut text, &format!("… and {} more\n", self.left_out));
        }
        text
    }

    fn markdown(&self) -> String {
        let mut text = format!("| {} |\n|---|--:|--:|--:|--:|\n", self.head.join(" | "));
        for line in &self.lines {
            let [name, old, new, gone, come] = line;
            let name = code(name);
            push(&mut text, &format!("| {name} | {old} | {new} | {gone} | {come} |\n"));
        }
        if self.left_out > 0 {
            push(&mut text, &format!("\n… and {} more\n", self.left_out));
        }
        text
    }
}

/// Text as code in a cell: nothing in it is markup, whoever wrote it.
fn code(text: &str) -> String {
    let fence = "`".repeat(1 + longest_run_of_ticks(text));
    let gap = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{gap}{}{gap}{fence}", text.replace('|', "\\|"))
}

fn longest_run_of_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

fn cell(text: &str) -> String {
    if text.is_empty() { String::new() } else { code(text) }
}

fn push(text: &mut String, more: &str) {
    text.push_str(more);
}
