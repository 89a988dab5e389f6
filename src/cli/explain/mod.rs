//! `tidegate explain`: the text with its matches underlined, the rules, the views that saw them, and
//! what would be sent; or what a code of a diagnostic means.

mod draw;
mod machine;

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::policy::named_policy;
use super::{ConfigArg, FormatArg, output};
use crate::config::{Code, LoadedPolicy};
use crate::domain::{Author, Phase, Verdict};
use crate::engine::{Pseudonyms, Scratch, Subject, Trace, screen_passage, trace};
use crate::policy::{Facts, Policy, compile};
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
    /// The policy; by default that of the first route of the server file, or of `--route`.
    #[arg(long, short, value_name = "FILE", env = "TIDEGATE_POLICY_FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArg,
    /// Which way the text travels.
    #[arg(long, value_enum, default_value_t)]
    on: PhaseArg,
    /// Who wrote it; by default the user of a prompt, the assistant of a completion.
    #[arg(long, value_enum)]
    author: Option<AuthorArg>,
    /// Show every step: what each view shows, and why each rule did or did not fire.
    #[arg(long)]
    trace: bool,
    #[command(flatten)]
    request: RequestArgs,
    /// The form.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

/// The request that the text comes with, for overrides and conditions of `suppress`.
#[derive(Debug, Args)]
#[command(next_help_heading = "The request, for `overrides` and `suppress`")]
struct RequestArgs {
    /// Id of the route.
    #[arg(long, value_name = "ID")]
    route: Option<String>,
    /// The path.
    #[arg(long, value_name = "PATH", default_value = "/v1/chat/completions")]
    path: String,
    /// The model.
    #[arg(long, value_name = "NAME", default_value = "")]
    model: String,
    /// The reader's language, such as zh-CN; messages come in it.
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// A header; may be given several times.
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
}

/// All that there is to show.
struct Explained<'t> {
    loaded: &'t LoadedPolicy,
    policy: &'t Policy,
    text: &'t str,
    phase: Phase,
    verdict: Verdict,
    trace: Trace,
    language: Option<&'t str>,
}

impl Explained<'_> {
    /// The total of the scores, of rules in shadow too.
    fn total(&self) -> f64 {
        self.verdict.rules.iter().fold(0.0, |total, fired| total + fired.score)
    }
}

pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    if let Some(code) = Code::parse(&args.text) {
        return explain_code(code);
    }
    anyhow::ensure!(
        !looks_like_a_code(&args.text),
        "there is no code {}; `tidegate list codes` has them all",
        args.text
    );
    let text = if args.text == "-" { standard_input()? } else { args.text.clone() };
    let (policy, route) = (args.policy.as_deref(), args.request.route.as_deref());
    let Some(loaded) = named_policy(policy, &args.config, route)? else {
        return Ok(ExitCode::from(2));
    };
    let (policy, problems) = compile(&loaded);
    let Some(policy) = policy else {
        output::problems(&problems, FormatArg::Full.into());
        return Ok(ExitCode::from(2));
    };
    let policy = variant(&Arc::new(policy), &args.request);
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
    let mut scratch = Scratch::asking_nobody();
    let mut verdict = screen_passage(&policy, subject, &text, &mut scratch);
    let trace = trace(&policy, subject, &text, &verdict, &mut scratch);
    Pseudonyms::default().assign(&text, &mut verdict.rewrites);
    let explained = Explained {
        loaded: &loaded,
        policy: &policy,
        text: &text,
        phase,
        verdict,
        trace,
        language: args.request.language.as_deref(),
    };
    output::say(&match args.format {
        Form::Text => draw::draw(&explained, args.trace),
        Form::Json => machine::json(&explained, args.trace),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A header as `NAME=VALUE`.
fn header(written: &str) -> Result<(String, String), String> {
    let (name, value) = written.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.trim().to_ascii_lowercase(), value.to_owned()))
}

/// The policy as such a request gets it.
fn variant(policy: &Arc<Policy>, request: &RequestArgs) -> Arc<Policy> {
    policy.for_request(&Facts {
        route: request.route.as_deref().unwrap_or_default(),
        path: &request.path,
        model: &request.model,
        language: request.language.as_deref(),
        headers: &|wanted| {
            let named = request.headers.iter().filter(|(name, _)| name == wanted);
            named.map(|(_, value)| value.as_str()).collect()
        },
    })
}

fn looks_like_a_code(text: &str) -> bool {
    text.len() == 5
        && text.starts_with("TG")
        && text.bytes().skip(2).all(|byte| byte.is_ascii_digit())
}

fn standard_input() -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    std::io::stdin().take(LARGEST_TEXT + 1).read_to_end(&mut bytes).context("standard input")?;
    let size = bytes.len() as u64;
    anyhow::ensure!(size <= LARGEST_TEXT, "the text is longer than {LARGEST_TEXT} bytes");
    String::from_utf8(bytes).context("standard input is not UTF-8")
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
