//! `tidegate eval`: a policy on labelled texts, in figures.

mod args;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;

pub(super) use args::EvalArgs;
use args::OutputForm;

use super::policy::{asking, named_policy};
use super::rows::{progress_bar, threads};
use super::{FormatArg, output};
use crate::config::identities_file::IdentitiesFile;
use crate::config::{configuration_root, load_identities};
use crate::detect::linear::{FILE_LIMIT_BYTES, Model};
use crate::detect::onnx::Threads;
use crate::engine::Inquire;
use crate::eval::data::{Fields, Rows, Source, sources};
use crate::eval::metrics::Resampling;
use crate::eval::report::{
    About, BarResult, MeasureOptions, Report, Standing, check_bars, document, measure, page, table,
};
use crate::eval::{
    Counts, HeadJudge, Judge, ModelJudge, PolicyJudge, RecordedJudge, RunOptions, Table, probe,
};
use crate::telemetry::Clock;

/// The folder of data and identities below the configuration root.
const FOLDER: &str = "eval";
/// The file of identities in it.
const IDENTITIES: &str = "identities.yaml";
/// The name of the model that is shipped.
const BUILTIN: &str = "builtin";
/// The most names of data that a report lists.
const MOST_NAMED: usize = 20;

/// Who is measured.
type Judges = Vec<Box<dyn Judge>>;

/// What there is for the counterfactual check.
enum Identities {
    Absent,
    Read(IdentitiesFile),
    /// Not valid; the problems have been shown.
    Invalid,
}

/// Where the run looks for what was not named.
struct Place {
    folder: PathBuf,
}

pub(super) fn run(args: &EvalArgs) -> anyhow::Result<ExitCode> {
    let place = Place::of(args);
    let found = sources(&place.data(args)?, args.rows.form())?;
    let jobs = threads(args.jobs, false);
    let Some((judges, asks)) = judges(args, jobs)? else { return Ok(ExitCode::from(2)) };
    let identities = match place.identities(args)? {
        Identities::Absent => None,
        Identities::Read(file) => Some(file),
        Identities::Invalid => return Ok(ExitCode::from(2)),
    };
    let table = judge_rows(args, &found, &judges, threads(args.jobs, asks))?;
    warn_of_bad_rows(table.counts());
    anyhow::ensure!(table.counts().rows > 0, "there is no row to measure on");
    let report = report(args, &found, &table, &judges, (identities.as_ref(), jobs))?;
    let bars = check_bars(&report, &args.bars.bars());
    if let Some(path) = &args.html {
        let page = page(&report, &bars);
        std::fs::write(path, page).with_context(|| format!("`{}`", path.display()))?;
    }
    output::say(&match args.format {
        OutputForm::Table => table_with_bars(&report, &bars),
        OutputForm::Json => format!("{:#}\n", document(&report, &bars)),
    })?;
    Ok(exit_code(&bars))
}

// === impl Place ===

impl Place {
    fn of(args: &EvalArgs) -> Self {
        let config = args.config.path();
        let root = configuration_root(config.as_deref(), args.policy.as_deref());
        Self { folder: root.join(FOLDER) }
    }

    fn data(&self, args: &EvalArgs) -> anyhow::Result<Vec<PathBuf>> {
        if !args.data.is_empty() {
            return Ok(args.data.clone());
        }
        anyhow::ensure!(
            self.folder.is_dir(),
            "name labelled data, or put some into `{}`",
            self.folder.display()
        );
        Ok(vec![self.folder.clone()])
    }

    fn identities(&self, args: &EvalArgs) -> anyhow::Result<Identities> {
        let usual = self.folder.join(IDENTITIES);
        let path: &Path = match &args.figures.identities {
            _ if args.figures.no_identities => return Ok(Identities::Absent),
            Some(path) => path,
            None if usual.is_file() => &usual,
            None => return Ok(Identities::Absent),
        };
        anyhow::ensure!(path.is_file(), "`{}` is not a file", path.display());
        let (file, problems) = load_identities(&configuration_root(None, Some(path)), path);
        output::problems(&problems, FormatArg::Full.into());
        let file = file.filter(|_| !problems.has_errors());
        Ok(file.map_or(Identities::Invalid, Identities::Read))
    }
}

/// The policy, and the one that it is compared with, and whether one asks classifiers. `None` where one is not valid; the
/// problems have been shown.
fn judges(args: &EvalArgs, jobs: NonZeroUsize) -> anyhow::Result<Option<(Judges, bool)>> {
    let today = Clock::default().today();
    let mut judges: Judges = Vec::new();
    let (mut paths, mut asks) = (Vec::new(), false);
    anyhow::ensure!(
        args.model.is_some() || !args.encoder.is_named(),
        "`--encoder` needs its head: `--model FILE`"
    );
    if let Some(model) = &args.model {
        let (preset, threads) = (args.preset.into(), Threads::new(jobs.get()));
        judges.push(match args.encoder.with_head(model, &threads)? {
            Some(model) => Box::new(HeadJudge { model, threads, preset }),
            None => Box::new(ModelJudge { model: model_of(model)?, preset }),
        });
    }
    if args.score.is_some() {
        judges.push(Box::new(RecordedJudge { threshold: args.threshold }));
    } else if args.model.is_none() || args.policy.is_some() {
        paths.push(args.policy.as_deref());
    }
    paths.extend(args.against.as_deref().map(Some));
    for path in paths {
        let Some(loaded) = named_policy(path, &args.config, None)? else { return Ok(None) };
        let Some((policy, whom)) = asking(&loaded, &args.config) else { return Ok(None) };
        asks |= whom.is_some();
        let whom = whom.map(|whom| whom as Arc<dyn Inquire>);
        judges.push(Box::new(PolicyJudge::new(policy, args.action(), today).asking(whom)));
    }
    Ok(Some((judges, asks)))
}

/// The model of a file, or the one that is shipped.
fn model_of(path: &Path) -> anyhow::Result<Model> {
    if path == Path::new(BUILTIN) {
        return Ok(Model::builtin().clone());
    }
    let shown = || format!("`{}`", path.display());
    let size = std::fs::metadata(path).with_context(shown)?.len();
    anyhow::ensure!(size <= FILE_LIMIT_BYTES as u64, "{} is too large for a model", shown());
    Model::parse(&std::fs::read(path).with_context(shown)?).with_context(shown)
}

fn judge_rows(
    args: &EvalArgs,
    found: &[Source],
    judges: &[Box<dyn Judge>],
    jobs: NonZeroUsize,
) -> anyhow::Result<Table> {
    let fields = Fields { score: args.score.clone(), ..args.rows.fields() };
    let examples = usize::from(args.figures.examples);
    let mut table = Table::new(judges.len(), &fields.groups, examples);
    let mut rows = Rows::new(found.to_vec(), fields);
    let asked: Vec<&dyn Judge> = judges.iter().map(|judge| &**judge).collect();
    let bar = progress_bar(found.iter().map(Source::size).sum());
    let options = RunOptions { jobs, strict: args.rows.strict };
    let result = crate::eval::run(&mut rows, &asked, &mut table, options, &mut |bytes| {
        bar.set_position(bytes);
    });
    bar.finish_and_clear();
    result?;
    Ok(table)
}

fn warn_of_bad_rows(counts: &Counts) {
    for bad in &counts.shown_bad {
        output::complain(&format!("warning: {bad}"));
    }
    let more = counts.bad - counts.shown_bad.len() as u64;
    if more > 0 {
        output::complain(&format!("warning: {more} more rows cannot be used"));
    }
}

fn report(
    args: &EvalArgs,
    found: &[Source],
    table: &Table,
    judges: &[Box<dyn Judge>],
    (identities, jobs): (Option<&IdentitiesFile>, NonZeroUsize),
) -> anyhow::Result<Report> {
    let mut data: Vec<String> = found.iter().take(MOST_NAMED).map(Source::shown).collect();
    if found.len() > MOST_NAMED {
        data.push(format!("and {} more files", found.len() - MOST_NAMED));
    }
    let figures = &args.figures;
    let about = About {
        data,
        made: Clock::default().today().to_string(),
        at_least: args.action().to_string(),
        rounds: figures.bootstrap,
        seed: figures.seed,
        smallest_group: figures.min_group,
    };
    let options = MeasureOptions {
        resampling: Resampling { rounds: figures.bootstrap, seed: figures.seed },
        smallest_group: figures.min_group,
        only: args.only.clone(),
        jobs,
    };
    let named: Vec<(String, bool)> =
        judges.iter().map(|judge| (judge.name(), judge.gives_probabilities())).collect();
    let mut report = measure(table, &named, about, &options)?;
    if let Some(identities) = identities {
        // Sentences that nobody has scored cannot be tried.
        let asked = judges.iter().zip(&mut report.judges).skip(usize::from(args.score.is_some()));
        for (judge, of) in asked {
            of.probe = Some(probe(&**judge, identities, jobs)?);
        }
    }
    Ok(report)
}

fn table_with_bars(report: &Report, bars: &[BarResult]) -> String {
    let mut text = table(report);
    if !bars.is_empty() {
        let lines: Vec<String> = bars.iter().map(|bar| format!("{bar}\n")).collect();
        text.push('\n');
        text.push_str(&lines.concat());
    }
    text
}

/// 1 where a bar is missed, 2 where one cannot be measured, else 0.
fn exit_code(bars: &[BarResult]) -> ExitCode {
    let stands = |standing| bars.iter().any(|bar| bar.standing() == standing);
    if stands(Standing::Missed) {
        ExitCode::from(1)
    } else if stands(Standing::Unmeasured) {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}
