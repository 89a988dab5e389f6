//! `tidegate scan`: a policy over rows of files; the rows that are wanted come out.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::policy::{Asking, asking, named_policy};
use super::rows::{ActionArg, FieldArgs, Seen, threads};
use super::{ConfigArg, output};
use crate::app::Inquirer;
use crate::domain::{Action, Phase};
use crate::engine::Inquire;
use crate::scan::{
    BATCH_ROWS, Form, Job, Outcome, OutputError, Plan, ScanError, Selection, Source, Target,
    sources,
};
use crate::telemetry::Clock;

/// The most rows that a summary shows.
const MOST_SAMPLES: u16 = 1_000;

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ModeArg {
    /// Rows that pass.
    #[default]
    Keep,
    /// Rows that do not.
    Drop,
    /// Rows that pass, with what the policy redacts replaced.
    Redact,
    /// All rows, each with a member or column `tidegate`.
    Annotate,
    /// Into the folder OUT: `kept.*` and `dropped.*`.
    Split,
}

/// Flags of `scan`.
#[derive(Debug, Args)]
pub(super) struct ScanArgs {
    /// Rows: files (*.jsonl, *.json, *.csv, *.tsv, *.txt, packed with gzip or Zstandard or not; *.parquet),
    /// folders, or `-` for standard input, which is the default.
    inputs: Vec<PathBuf>,
    /// The policy; by default that of the first route of the server file.
    #[arg(long, short, value_name = "FILE", env = "TIDEGATE_POLICY_FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArg,
    /// What is written.
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    mode: ModeArg,
    /// Where it is written; by default to standard output.
    #[arg(long, short, value_name = "OUT")]
    output: Option<PathBuf>,
    /// The mildest action with which a row does not pass; `redact`, and with `--mode redact` it is `review`.
    #[arg(long, value_enum, value_name = "ACTION")]
    at_least: Option<ActionArg>,
    #[command(flatten)]
    fields: FieldArgs,
    /// Show so many rows that do not pass or were changed, by file and line.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=i64::from(MOST_SAMPLES)))]
    samples: u16,
    /// Show the beginning of their texts too.
    #[arg(long, requires = "samples")]
    show_text: bool,
    /// Write to this file what was read and written with which policy, as JSON with hashes.
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Threads; by default one for each core, or 32 where classifiers are asked.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Stop at the first row that cannot be used.
    #[arg(long)]
    strict: bool,
    /// Write down how far the run is, and go on where it was killed.
    #[arg(long, requires = "output")]
    resume: bool,
}

pub(super) fn run(args: &ScanArgs) -> anyhow::Result<ExitCode> {
    let standard_input = [PathBuf::from("-")];
    let paths = if args.inputs.is_empty() { &standard_input[..] } else { &args.inputs };
    let found = sources(paths, args.fields.form())?;
    let streams = found.iter().filter(|source| source.path.is_none()).count();
    anyhow::ensure!(streams <= 1, "`-` is standard input, which can be read once");
    let selection = args.selection();
    let at_least = args.at_least()?;
    let target = args.target(selection)?;
    let form = found.first().map_or(Form::JsonLines, |source| source.form);
    never_over_inputs(&target, args.manifest.as_deref(), &found, form)?;
    let Some((policy, whom)) = policy(args)? else { return Ok(ExitCode::from(2)) };
    let plan =
        Plan::new(&policy, Clock::default().today(), args.fields.fields(), selection, at_least)
            .showing_text(args.show_text)
            .asking(whom.clone().map(|whom| whom as Arc<dyn Inquire>));
    let jobs = threads(args.jobs, whom.is_some());
    let job = Job {
        plan: &plan,
        sources: &found,
        target,
        jobs,
        strict: args.strict,
        samples: usize::from(args.samples),
        hash: args.manifest.is_some(),
        resume: args.resume,
        batch_rows: BATCH_ROWS,
    };
    let mut seen = Seen::over(found.iter().map(Source::size).sum());
    let result = crate::scan::run(&job, &mut seen);
    seen.end();
    let outcome = match result {
        // As `| head` does it.
        Err(ScanError::Output(OutputError::Gone)) => return Ok(ExitCode::SUCCESS),
        result => result?,
    };
    if outcome.resumed {
        output::complain("resumed where an earlier run stopped");
    }
    output::complain(outcome.summary.to_string().trim_end());
    if let Some(path) = &args.manifest {
        let manifest = format!("{:#}\n", manifest(&job, whom.as_deref(), &outcome, form));
        std::fs::write(path, manifest).with_context(|| format!("`{}`", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

// === impl ScanArgs ===

impl ScanArgs {
    fn selection(&self) -> Selection {
        match self.mode {
            ModeArg::Keep => Selection::Keep,
            ModeArg::Drop => Selection::Drop,
            ModeArg::Redact => Selection::Redact,
            ModeArg::Annotate => Selection::Annotate,
            ModeArg::Split => Selection::Split,
        }
    }

    /// What is kept as it is must not need a redaction; what is redacted may.
    fn at_least(&self) -> anyhow::Result<Action> {
        let redacts = self.selection() == Selection::Redact;
        Ok(match self.at_least {
            Some(ActionArg::Tag | ActionArg::Redact) if redacts => {
                anyhow::bail!("with `--mode redact`, `--at-least` is review, respond or block");
            }
            Some(action) => action.into(),
            None if redacts => Action::Review,
            None => Action::Redact,
        })
    }

    fn target(&self, selection: Selection) -> anyhow::Result<Target> {
        let Some(path) = self.output.as_ref().filter(|path| path.as_os_str() != "-") else {
            anyhow::ensure!(selection != Selection::Split, "`--mode split` needs a folder: -o OUT");
            return Ok(Target::Stdout);
        };
        if selection == Selection::Split {
            return Ok(Target::Split(path.clone()));
        }
        // A file takes its name when it is whole, which would put it in the place of a device or pipe.
        anyhow::ensure!(
            path.metadata().map_or(true, |about| about.is_file()),
            "`{}` is not a file; leave out -o and redirect standard output",
            path.display()
        );
        let packed = path.extension().is_some_and(|ending| ending == "gz" || ending == "zst");
        anyhow::ensure!(
            !packed,
            "`{}` would not be packed; leave out -o and pipe into gzip or zstd",
            path.display()
        );
        Ok(Target::File(path.clone()))
    }
}

/// The policy, and who answers for the classifiers that it asks; `None` where something is wrong, the problems have been
/// shown.
fn policy(args: &ScanArgs) -> anyhow::Result<Option<Asking>> {
    let loaded = named_policy(args.policy.as_deref(), &args.config, None)?;
    Ok(loaded.and_then(|loaded| asking(&loaded, &args.config)))
}

/// Refuses to write over what is read, or two things into one file.
fn never_over_inputs(
    target: &Target,
    manifest: Option<&Path>,
    inputs: &[Source],
    form: Form,
) -> anyhow::Result<()> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut taken: BTreeSet<PathBuf> =
        inputs.iter().filter_map(|source| source.path.as_deref()).map(real).collect();
    let written = target.paths(form).into_iter().chain(manifest.map(Path::to_owned));
    for path in written {
        anyhow::ensure!(
            taken.insert(real(&path)),
            "`{}` would be written over; name another file",
            path.display()
        );
    }
    Ok(())
}

/// What was read and written, with which policy.
fn manifest(job: &Job<'_>, asked: Option<&Inquirer>, outcome: &Outcome, form: Form) -> Value {
    let policy = job.plan.policy();
    let models: Vec<Value> = policy
        .classifiers
        .iter()
        .map(|one| json!({ "name": one.name, "revision": one.model.revision() }))
        .collect();
    let inputs: Vec<Value> = outcome
        .inputs
        .iter()
        .map(|one| json!({ "path": one.shown, "bytes": one.bytes, "sha256": one.sha256 }))
        .collect();
    let output = |one: &crate::scan::OutputFile| {
        let path = one.path.as_ref().map(|path| path.display().to_string());
        let path = path.unwrap_or_else(|| "standard output".to_owned());
        json!({ "path": path, "bytes": one.bytes, "rows": one.rows, "sha256": one.sha256 })
    };
    let outputs: Vec<Value> = outcome.outputs.iter().map(output).collect();
    let fields = job.plan.fields();
    let texts: Vec<Value> = fields
        .texts
        .iter()
        .map(|field| json!({ "field": field.path, "phase": field.phase.map(Phase::as_str) }))
        .collect();
    let summary = &outcome.summary;
    json!({
        "schema": "tidegate.scan/v1",
        "version": env!("CARGO_PKG_VERSION"),
        "policy": { "name": policy.name, "revision": policy.revision },
        "models": models,
        "classifiers": asked.map(Inquirer::revisions).unwrap_or_default(),
        "options": {
            "mode": job.plan.selection(),
            "at_least": job.plan.at_least(),
            "input": form,
            "text": texts,
            "role": fields.role,
            "on": fields.phase.as_str(),
            "strict": job.strict,
        },
        "inputs": inputs,
        "outputs": outputs,
        "counts": {
            "rows": summary.rows,
            "kept": summary.kept,
            "dropped": summary.dropped,
            "redacted": summary.redacted,
            "unscannable": summary.unscannable,
            "unanswered": summary.unanswered,
            "bad": summary.bad,
            "by_action": summary.by_action,
            "by_category": summary.by_category,
            "by_rule": summary.by_rule,
        },
        "resumed": outcome.resumed,
    })
}
