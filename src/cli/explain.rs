//! `tidegate explain`: the text with its matches underlined, the rules, the views that saw them, and
//! what would be sent.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::json;
use unicode_width::UnicodeWidthChar as _;

use super::{ConfigArg, FormatArg, output};
use crate::config::{Code, configuration_root, load_policy};
use crate::domain::{Action, Author, Finding, Mode, Outcome, Phase, Verdict};
use crate::engine::{Pseudonyms, Scratch, Subject, mend, screen_passage};
use crate::policy::{Policy, compile};
use crate::telemetry::Clock;

/// The most bytes of a text from standard input.
const LARGEST_TEXT: u64 = 4 << 20;

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum PhaseArg {
    #[default]
    Prompt,
    Completion,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AuthorArg {
    System,
    User,
    Assistant,
    Tool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Form {
    #[default]
    Text,
    Json,
}

/// Flags of `explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The text, or `-` for standard input, or a code such as TG011.
    text: String,
    /// The policy; by default that of the first route of the server file.
    #[arg(long, short, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArg,
    /// Which way the text travels.
    #[arg(long, value_enum, default_value_t)]
    on: PhaseArg,
    /// Who wrote it; by default the user of a prompt, the assistant of a completion.
    #[arg(long, value_enum)]
    author: Option<AuthorArg>,
    /// The form.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    if let Some(code) = Code::ALL.iter().find(|code| code.to_string() == args.text) {
        return explain_code(*code);
    }
    let text = if args.text == "-" {
        let mut text = String::new();
        std::io::stdin().take(LARGEST_TEXT).read_to_string(&mut text)?;
        text
    } else {
        args.text.clone()
    };
    let Some((policy, file)) = load(args)? else { return Ok(ExitCode::from(2)) };
    let phase = match args.on {
        PhaseArg::Prompt => Phase::Prompt,
        PhaseArg::Completion => Phase::Completion,
    };
    let author = match (args.author, phase) {
        (Some(AuthorArg::System), _) => Author::System,
        (Some(AuthorArg::Tool), _) => Author::Tool,
        (Some(AuthorArg::Assistant), _) | (None, Phase::Completion) => Author::Assistant,
        (Some(AuthorArg::User), _) | (None, Phase::Prompt) => Author::User,
    };
    let subject = Subject { phase, author, today: Clock::default().today(), streamed: false };
    let mut verdict = screen_passage(&policy, subject, &text, &mut Scratch::default());
    Pseudonyms::default().assign(&text, &mut verdict.rewrites);
    let shown = match args.format {
        Form::Text => draw(&policy, &file, &text, &verdict, phase),
        Form::Json => as_json(&policy, &text, &verdict),
    };
    output::say(&shown)?;
    Ok(ExitCode::SUCCESS)
}

fn explain_code(code: Code) -> anyhow::Result<ExitCode> {
    let about = code.definition();
    let example = |text: &str| {
        let lines: Vec<String> = text.lines().map(|line| format!("    {line}\n")).collect();
        lines.concat()
    };
    output::say(&format!(
        "{code}: {}\n\n{}\n\nwrong:\n{}\nright:\n{}",
        about.title,
        about.explanation,
        example(about.wrong),
        example(about.right)
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The policy and the name of its file. `None` when it is not valid; the problems have been shown.
fn load(args: &ExplainArgs) -> anyhow::Result<Option<(Arc<Policy>, String)>> {
    let path = match &args.policy {
        Some(path) => path.clone(),
        None => usual_policy(args)?,
    };
    let root = configuration_root(args.config.config.as_deref(), Some(&path));
    let (loaded, mut problems) = load_policy(&root, &path);
    let policy = loaded.as_ref().and_then(|loaded| {
        let (policy, found) = compile(loaded);
        problems.extend(found);
        policy
    });
    if problems.has_errors() || policy.is_none() {
        output::problems(&problems, FormatArg::Full.into());
        return Ok(None);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(policy.map(|policy| (Arc::new(policy), name)))
}

/// The policy of the first route.
fn usual_policy(args: &ExplainArgs) -> anyhow::Result<PathBuf> {
    let config = args.config.path().context("name a policy with -p FILE")?;
    let (server, _) = crate::config::load_server(Some(&config), &[], &[]);
    let server = server.context("the server file is not valid; run `tidegate check`")?;
    let route = server.file.routes.first().context("the server file has no route")?;
    let folder = server.root.join(&server.file.policies.dir);
    let path = folder.join(format!("{}.yaml", route.policy));
    anyhow::ensure!(path.is_file(), "name a policy with -p FILE");
    Ok(path)
}

fn draw(policy: &Policy, file: &str, text: &str, verdict: &Verdict, phase: Phase) -> String {
    let mut out = String::new();
    let shadow = policy.mode == Mode::Shadow;
    let action = if shadow { verdict.shadow_action } else { verdict.action };
    let mut headline = action.as_str().to_uppercase();
    if verdict.outcome == Outcome::Unscannable {
        headline.push_str(" (unscannable)");
    }
    let mode = if shadow { " (shadow: recorded, nothing is touched)" } else { "" };
    // Writing to a string cannot fail.
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    line(&format!("{headline}   policy {}@{}{mode}", policy.name, policy.revision));
    line("");
    for drawn in underlined(text, &verdict.findings) {
        line(&format!("  {drawn}"));
    }
    if verdict.findings.is_empty() {
        line("  nothing matched");
    } else {
        line("  rule                     action    why");
        let mut seen = Vec::new();
        for finding in &verdict.findings {
            let row = row(policy, file, text, finding);
            if !seen.contains(&row) {
                line(&format!("  {row}"));
                seen.push(row);
            }
        }
        line("");
    }
    let total: f64 = verdict.rules.iter().map(|rule| rule.score).sum();
    if total > 0.0 {
        line(&format!("  score {total}"));
    }
    line(&sent(policy, text, verdict, phase));
    out
}

fn row(policy: &Policy, file: &str, text: &str, finding: &Finding) -> String {
    let raw: String = text.get(finding.span.range()).unwrap_or_default().chars().take(40).collect();
    let action = finding.action.map_or_else(|| format!("+{}", finding.score), |a| a.to_string());
    let atom = policy.rules.get(finding.rule);
    let detector = crate::detect::entity::by_name(&finding.matched);
    let why = match (finding.view.0, detector) {
        (_, Some(entity)) => format!("detector {}: {}", entity.name, entity.summary),
        ("raw", None) => format!("regex `{}`", finding.matched),
        (view, None) if raw.to_lowercase() == finding.matched.to_lowercase() && view == "fold" => {
            format!("term \"{}\"", finding.matched)
        }
        (view, None) => {
            format!("term \"{}\"; \"{raw}\" → {view} → \"{}\"", finding.matched, finding.matched)
        }
    };
    let mode = match (finding.mode, atom) {
        (Mode::Shadow, _) if policy.mode == Mode::Enforce => " (shadow)",
        _ => "",
    };
    format!("{:<24} {action:<9} {why}{mode}   {file}", finding.rule_id)
}

/// The text with a line of marks under each line that has matches, and the rules' names under those.
fn underlined(text: &str, findings: &[Finding]) -> Vec<String> {
    let mut drawn = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let range = at..at + line.len();
        at = range.end;
        let shown: String = line.trim_end_matches('\n').chars().map(visible).collect();
        drawn.push(shown);
        let here: Vec<&Finding> = findings
            .iter()
            .filter(|finding| finding.span.start < range.end && range.start < finding.span.end)
            .collect();
        if here.is_empty() {
            continue;
        }
        let mut marks = String::new();
        for (offset, c) in line.trim_end_matches('\n').char_indices() {
            let place = range.start + offset;
            let marked = here.iter().any(|finding| finding.span.range().contains(&place));
            let mark = if marked { '─' } else { ' ' };
            marks.extend(std::iter::repeat_n(mark, visible(c).width().unwrap_or(1)));
        }
        drawn.push(marks.trim_end().to_owned());
        for finding in here {
            let before =
                line.get(..finding.span.start.saturating_sub(range.start)).unwrap_or_default();
            let column: usize = before.chars().map(|c| visible(c).width().unwrap_or(1)).sum();
            drawn.push(format!("{}{}", " ".repeat(column), finding.rule_id));
        }
    }
    drawn.dedup();
    drawn.push(String::new());
    drawn
}

/// What cannot be seen is drawn as a box.
fn visible(c: char) -> char {
    if c.is_control() || (!c.is_ascii() && crate::text::is_attached(c)) { '▯' } else { c }
}

fn sent(policy: &Policy, text: &str, verdict: &Verdict, phase: Phase) -> String {
    let enforced = verdict.action;
    let (to, whole) = match phase {
        Phase::Prompt => ("sent upstream", mend(text, &verdict.rewrites)),
        Phase::Completion => {
            let stop = verdict.stop_at.unwrap_or(text.len());
            let part = text.get(..stop).unwrap_or_default();
            ("sent to the client", mend(part, &verdict.rewrites))
        }
    };
    let mut out = String::new();
    match (enforced, phase) {
        (Action::Block | Action::Respond, Phase::Prompt) => {
            let message = policy.message(verdict.decided_by, None);
            // Writing to a string cannot fail.
            write!(out, "  {to}: nothing\n  answered: {message}").unwrap_or_default();
        }
        (Action::Block | Action::Respond, Phase::Completion) => {
            let message = policy.message(verdict.decided_by, None);
            write!(out, "  {to}: {whole}\n  then: {message}").unwrap_or_default();
        }
        _ => write!(out, "  {to}: {whole}").unwrap_or_default(),
    }
    out
}

fn as_json(policy: &Policy, text: &str, verdict: &Verdict) -> String {
    let findings: Vec<_> = verdict
        .findings
        .iter()
        .map(|finding| {
            json!({
                "rule": &*finding.rule_id,
                "category": finding.category.as_ref().map(ToString::to_string),
                "action": finding.action.map(Action::as_str),
                "score": finding.score,
                "mode": finding.mode.as_str(),
                "span": [finding.span.start, finding.span.end],
                "text": text.get(finding.span.range()),
                "view": finding.view.0,
                "matched": &*finding.matched,
            })
        })
        .collect();
    let value = json!({
        "schema": "tidegate.explain/v1",
        "policy": &*policy.name,
        "revision": &*policy.revision,
        "mode": policy.mode.as_str(),
        "action": verdict.action.as_str(),
        "would_be": verdict.shadow_action.as_str(),
        "unscannable": verdict.outcome == Outcome::Unscannable,
        "score": verdict.score,
        "findings": findings,
        "output": mend(text, &verdict.rewrites),
    });
    format!("{value}\n")
}
