//! `tidegate review show`: one item, with all that helps to judge it.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::super::desk::Desk;
use super::super::shown::{block, cell, json_line};
use super::{ConfigArg, Form, ReviewerArg, output};
use crate::people::review::hides;
use crate::people::shapes;
use crate::people::texts::{KeptPassage, passages};
use crate::store::{DecisionRow, FeedbackRow, ItemRow, JudgementRow, KeptDecision};

/// Flags of `review show`.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The item.
    item: String,
    #[command(flatten)]
    reviewer: ReviewerArg,
    #[command(flatten)]
    config: ConfigArg,
    /// The form.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

/// An item and what belongs to it.
struct Shown {
    row: ItemRow,
    /// What was said of it; only by this person, where that of others is hidden.
    said: Vec<JudgementRow>,
    is_hidden: bool,
    decision: Option<KeptDecision>,
    others: Vec<KeptDecision>,
    feedback: Vec<FeedbackRow>,
    alike: usize,
}

pub(super) fn run(args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(&args.config)?;
    let shown = load(&desk, &args.item, args.reviewer.said())?;
    output::say(&match args.format {
        Form::Json => json_line(&shown.json()),
        Form::Table => shown.text(),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn load(desk: &Desk, item: &str, reviewer: Option<&str>) -> anyhow::Result<Shown> {
    let (id, reviewer) = (item.to_owned(), reviewer.map(str::to_owned));
    let shown = desk.read(move |connection, key| {
        let Some(row) = ItemRow::find(connection, &id)? else { return Ok(None) };
        let mut said = JudgementRow::of(connection, &id)?;
        let is_hidden = hides(&row, &said, reviewer.as_deref());
        said.retain(|said| !is_hidden || Some(&said.reviewer) == reviewer.as_ref());
        let decision = DecisionRow::find(connection, key, &row.item.decision)?;
        let decision = decision.map(|row| row.decision);
        let of_request = match &decision {
            Some(decision) => DecisionRow::of_request(connection, key, &decision.request)?,
            None => Vec::new(),
        };
        let others = of_request.into_iter().map(|row| row.decision);
        let others = others.filter(|other| other.id != row.item.decision).collect();
        let feedback = FeedbackRow::about(connection, &row.item.decision)?;
        let alike = row.alike(connection)?.len();
        Ok(Some(Shown { row, said, is_hidden, decision, others, feedback, alike }))
    })?;
    shown.with_context(|| format!("there is no item `{}`", cell(item)))
}

impl Shown {
    fn json(&self) -> Value {
        let judgements: Vec<Value> = self.said.iter().map(shapes::judgement).collect();
        let more = json!({
            "judgements": judgements,
            "judgements_hidden": self.is_hidden,
            "about": self.decision.as_ref().map(shapes::decision),
            "of_request": self.others.iter().map(shapes::decision).collect::<Vec<_>>(),
            "feedback": self.feedback.iter().map(shapes::feedback).collect::<Vec<_>>(),
            "alike": self.alike,
        });
        shapes::with(shapes::item(&self.row), more)
    }

    fn text(&self) -> String {
        let ItemRow { item, state, claim, outcome, .. } = &self.row;
        let mut drawn = format!("item {}\n", cell(&item.id));
        let mut line = |name: &str, text: &str| {
            writeln!(drawn, "  {name:<10} {}", cell(text)).unwrap_or_default();
        };
        line("queue", &format!("{} ({})", item.queue, item.source));
        line("state", state.as_str());
        if let Some((outcome, category)) = outcome {
            line("outcome", &with(outcome, category.as_deref()));
        }
        line("came", &shapes::time(item.at));
        line("expires", &shapes::time(item.expires));
        if item.wanted > 1 {
            line("wanted", &format!("{} people, each without knowing of the others", item.wanted));
        }
        if let Some((who, until)) = claim {
            line("claimed", &format!("by {who} until {}", shapes::time(*until)));
        }
        if self.alike > 0 {
            line(
                "alike",
                &format!("{} unsettled items of the same text (`judge --alike`)", self.alike),
            );
        }
        match &self.decision {
            Some(decision) => drawn.push_str(&about(decision)),
            None => drawn.push_str("decision: no longer in the store\n"),
        }
        for other in &self.others {
            drawn.push_str("of the same request, ");
            drawn.push_str(&about(other));
        }
        for row in &self.feedback {
            drawn.push_str(&said_by_user(row));
        }
        drawn.push_str(&self.judgements());
        drawn
    }

    fn judgements(&self) -> String {
        let mut drawn = String::new();
        if self.is_hidden {
            drawn.push_str("judgements: those of others are hidden until the item is settled\n");
        }
        for said in &self.said {
            let what = with(&said.judgement, said.category.as_deref());
            writeln!(drawn, "{}: {}, {}", cell(&said.reviewer), cell(&what), shapes::time(said.at))
                .unwrap_or_default();
            for (name, text) in [("note", &said.note), ("edited", &said.edited)] {
                if let Some(text) = text {
                    write!(drawn, "  {name}\n{}", block(text)).unwrap_or_default();
                }
            }
        }
        drawn
    }
}

fn with(what: &str, category: Option<&str>) -> String {
    category.map_or_else(|| what.to_owned(), |category| format!("{what} ({category})"))
}

/// A decision and its texts.
fn about(decision: &KeptDecision) -> String {
    let rule = decision.rule.as_deref().unwrap_or("no rule");
    let would_be = if decision.would_be == decision.action {
        String::new()
    } else {
        format!(", would have been {}", decision.would_be)
    };
    let mut drawn = format!("decision {}\n", cell(&decision.id));
    // Each part may be as long as a cell, and all of them together longer.
    let category = decision.category.as_deref().map(cell);
    let by = with(&cell(rule), category.as_deref());
    let (action, phase) = (cell(&decision.action), cell(&decision.phase));
    writeln!(drawn, "  {action} of the {phase} by {by}{would_be}, score {:.2}", decision.score)
        .unwrap_or_default();
    let under = format!(
        "policy {} at {}, route {}, model {}",
        decision.policy, decision.revision, decision.route, decision.model
    );
    writeln!(drawn, "  {}", cell(&under)).unwrap_or_default();
    let passages = passages(decision);
    if passages.is_empty() {
        drawn.push_str("  no text is kept\n");
    }
    for passage in &passages {
        drawn.push_str(&passage_text(passage));
    }
    drawn
}

fn passage_text(passage: &KeptPassage) -> String {
    let head = format!("{}, {}", passage.at, passage.author);
    match (&passage.text, passage.sha256.as_ref().or(passage.hmac_sha256.as_ref())) {
        (Some(text), _) => {
            let cut = if passage.cut { ", only the beginning" } else { "" };
            format!("  {}{cut}\n{}", cell(&head), block(text))
        }
        (None, Some(digest)) => {
            format!("  {}: only the digest {} is kept\n", cell(&head), cell(digest))
        }
        (None, None) => format!("  {}: no text is kept\n", cell(&head)),
    }
}

fn said_by_user(row: &FeedbackRow) -> String {
    let feedback = &row.feedback;
    let rating = feedback.rating.map(|rating| format!("{} of {}", rating.value, rating.scale));
    let parts = [
        Some(&feedback.kind),
        feedback.label.as_ref(),
        feedback.thumb.as_ref(),
        rating.as_ref(),
        feedback.category.as_ref(),
    ];
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    let head = cell(&parts.join(", "));
    let comment = feedback.comment.as_deref().map(block).unwrap_or_default();
    format!("a user says: {head}, {}\n{comment}", shapes::time(feedback.at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_shown_with_all_of_its_rule_and_category() {
        let decision = KeptDecision {
            action: "redact".to_owned(),
            would_be: "block".to_owned(),
            phase: "completion".to_owned(),
            rule: Some("pack.harassment/insults-in-chinese".to_owned()),
            category: Some("harassment/threatening".to_owned()),
            ..KeptDecision::default()
        };
        let shown = about(&decision);
        let line = "redact of the completion by pack.harassment/insults-in-chinese \
            (harassment/threatening), would have been block, score 0.00";
        assert!(shown.contains(line), "{shown}");
    }
}
