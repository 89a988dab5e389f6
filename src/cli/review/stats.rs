//! `tidegate review stats`: what reviews and ratings came to.

use std::process::ExitCode;

use anyhow::ensure;
use clap::Args;
use serde_json::json;

use super::super::desk::Desk;
use super::super::shown::{duration, json_line, table};
use super::{ConfigArg, Form, Since, output, since};
use crate::domain::Interval;
use crate::people::agreement::MOST_RULES;
use crate::people::figures::{Figures, RouteSatisfaction, RuleFigures, satisfaction};
use crate::people::shapes;
use crate::store::{ItemFilter, Tally};

/// Items that are read at once.
const PAGE: i64 = 1000;

/// Flags of `review stats`.
#[derive(Debug, Args)]
pub(super) struct StatsArgs {
    /// Only items that came, and ratings that were given, from then on: a duration back, or a date.
    #[arg(long, value_name = "DURATION|DATE", value_parser = since)]
    since: Option<Since>,
    #[command(flatten)]
    config: ConfigArg,
    /// The form.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

pub(super) fn run(args: &StatsArgs) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(&args.config)?;
    let now = desk.now();
    let from = args.since.map_or(0, |since| since.at(now));
    let rules = rules(&desk, from)?;
    let tallies = desk.read(move |connection, _| {
        Tally::of_ratings(connection, (from, now.saturating_add(1)), false)
    })?;
    let routes = satisfaction(&tallies);
    output::say(&match args.format {
        Form::Json => json_line(&json!({
            "schema": "tidegate.review-stats/v1",
            "since": args.since.map(|_| shapes::time(from)),
            "until": shapes::time(now),
            "rules": rules,
            "satisfaction": routes,
        })),
        Form::Table => drawn(&rules, &routes),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn rules(desk: &Desk, from: i64) -> anyhow::Result<Vec<RuleFigures>> {
    let mut figures = Figures::default();
    let mut filter = ItemFilter { limit: PAGE, since: Some(from), ..ItemFilter::default() };
    loop {
        let of = filter.clone();
        let page = desk.read(move |connection, _| {
            let last = figures.add_page(connection, &of)?;
            Ok((figures, last))
        })?;
        figures = page.0;
        let Some(last) = page.1 else { break };
        filter.after = Some(last);
    }
    let left_out = figures.left_out();
    ensure!(left_out == 0, "{left_out} items are of more than {MOST_RULES} rules");
    Ok(figures.rules())
}

fn drawn(rules: &[RuleFigures], routes: &[RouteSatisfaction]) -> String {
    let headings = [
        "POLICY",
        "RULE",
        "ITEMS",
        "WAITING",
        "UPHELD",
        "OVERTURNED",
        "UNRESOLVED",
        "UNSURE",
        "OVERTURN RATE",
        "KAPPA",
        "MEDIAN TO SETTLE",
    ];
    let rows: Vec<[String; 11]> = rules.iter().map(rule_cells).collect();
    let mut drawn = table(headings, &rows);
    if routes.is_empty() {
        return drawn;
    }
    let headings =
        ["ROUTE", "SCALE", "ANSWERS", "PROMOTE", "PASSIVE", "DETRACT", "SCORE", "95 %", "MEAN"];
    let rows: Vec<[String; 9]> = routes.iter().map(route_cells).collect();
    drawn.push('\n');
    drawn.push_str(&table(headings, &rows));
    drawn
}

fn rule_cells(rule: &RuleFigures) -> [String; 11] {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let between =
        |interval: Interval| format!(" ({:.1}–{:.1})", interval.low * 100.0, interval.high * 100.0);
    let rate = rule
        .overturn_rate
        .map(|rate| percent(rate) + &rule.overturn_interval.map(between).unwrap_or_default());
    let kappa = rule.agreement.map(|kappa| {
        // Adding 0 makes no -0 of it.
        let rounded = (kappa.kappa * 100.0).round() / 100.0 + 0.0;
        format!("{rounded:.2} of {}", kappa.texts)
    });
    let dash = || "-".to_owned();
    [
        rule.policy.clone(),
        rule.rule.clone().unwrap_or_else(dash),
        rule.items.to_string(),
        rule.waiting.to_string(),
        rule.upheld.to_string(),
        rule.overturned.to_string(),
        rule.unresolved.to_string(),
        rule.unsure.to_string(),
        rate.unwrap_or_else(dash),
        kappa.unwrap_or_else(dash),
        rule.median_to_settle_ms.map_or_else(dash, duration),
    ]
}

fn route_cells(of: &RouteSatisfaction) -> [String; 9] {
    let found = &of.satisfaction;
    let scale = if of.scale == 5 { "1–5" } else { "0–10" };
    [
        of.route.clone(),
        scale.to_owned(),
        found.answers.to_string(),
        found.promoters.to_string(),
        found.passives.to_string(),
        found.detractors.to_string(),
        format!("{:.1}", found.score),
        format!("{:.1} to {:.1}", found.interval.low, found.interval.high),
        format!("{:.2}", found.mean),
    ]
}
