//! Flags of `eval`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::ConfigArg;
use crate::cli::encoder::EncoderArgs;
use crate::cli::rows::ActionArg;
use crate::config::units::Share;
use crate::detect::linear::Preset;
use crate::domain::{Action, Phase};
use crate::eval::data::{Fields, Form, LabelField, canonical};
use crate::eval::report::{Bar, BarKind};

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum OutputForm {
    #[default]
    Table,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum InputForm {
    /// One JSON object a line.
    Jsonl,
    /// Commas between values, names in the first line.
    Csv,
    /// Tabs between values.
    Tsv,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum PresetArg {
    Low,
    #[default]
    Balanced,
    Strict,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum PhaseArg {
    #[default]
    Prompt,
    Completion,
}

impl From<PresetArg> for Preset {
    fn from(preset: PresetArg) -> Self {
        match preset {
            PresetArg::Low => Self::Low,
            PresetArg::Balanced => Self::Balanced,
            PresetArg::Strict => Self::Strict,
        }
    }
}

/// Flags of `eval`.
#[derive(Debug, Args)]
pub(in crate::cli) struct EvalArgs {
    /// Labelled texts: files (*.jsonl, *.csv, *.tsv, packed with gzip or not), folders, or `-`; by default the
    /// folder `eval` beside the server file.
    pub(super) data: Vec<PathBuf>,
    /// The policy; by default that of the first route of the server file.
    #[arg(long, short, value_name = "FILE", env = "TIDEGATE_POLICY_FILE")]
    pub(super) policy: Option<PathBuf>,
    #[command(flatten)]
    pub(super) config: ConfigArg,
    /// Another policy, to be compared with the first on the same texts.
    #[arg(long, value_name = "FILE")]
    pub(super) against: Option<PathBuf>,
    /// Measure scores that the data have in this field, an object of categories or one number, instead of a policy; such
    /// as those of another model.
    #[arg(long, value_name = "FIELD", conflicts_with = "policy")]
    pub(super) score: Option<String>,
    /// Measure a model in process instead of a policy: a file that `train` has written, or `builtin`. With `--policy` both
    /// are measured.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["score", "against"])]
    pub(super) model: Option<PathBuf>,
    #[command(flatten)]
    pub(super) encoder: EncoderArgs,
    /// Whose thresholds of the model count, with `--model`.
    #[arg(long, value_enum, default_value_t, value_name = "PRESET", requires = "model")]
    pub(super) preset: PresetArg,
    /// From which score on a category applies, with `--score`.
    #[arg(long, value_name = "SCORE", default_value_t = 0.5, value_parser = finite, requires = "score")]
    pub(super) threshold: f64,
    /// The mildest action that counts as a category being found.
    #[arg(long, value_enum, default_value_t, value_name = "ACTION")]
    pub(super) at_least: ActionArg,
    /// Measure only these categories.
    #[arg(long, value_name = "CATEGORIES", value_delimiter = ',', value_parser = category)]
    pub(super) only: Vec<String>,
    #[command(flatten)]
    pub(super) rows: RowArgs,
    #[command(flatten)]
    pub(super) figures: FigureArgs,
    #[command(flatten)]
    pub(super) bars: BarArgs,
    /// The form of the result on standard output.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: OutputForm,
    /// Write a page with plots to this file; it needs nothing else and no network.
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// Threads; by default one for each core.
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<NonZeroUsize>,
}

/// How rows are written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rows")]
pub(super) struct RowArgs {
    /// The form of the data, where the names of the files do not say it.
    #[arg(long, value_enum, value_name = "FORM")]
    pub(super) input: Option<InputForm>,
    /// The field with the text; `a.b` leads into an object.
    #[arg(long, value_name = "FIELD", default_value = "text")]
    text: String,
    /// The field with labels, an object of categories or one value; by default `labels`, else `label`. Several fields are
    /// categories each, FIELD=CATEGORY where the name differs.
    #[arg(long, value_name = "FIELD[=CATEGORY]", value_delimiter = ',', value_parser = label_field)]
    label: Vec<LabelField>,
    /// The category that a bare 1 or 0 is about.
    #[arg(long, value_name = "CATEGORY", default_value = "any", value_parser = category)]
    category: String,
    /// Labels are scores, and a category applies from this one on.
    #[arg(long, value_name = "SCORE", value_parser = finite)]
    positive_from: Option<f64>,
    /// The field with the id.
    #[arg(long, value_name = "FIELD", default_value = "id")]
    id: String,
    /// The field that says `prompt` or `completion`.
    #[arg(long, value_name = "FIELD", default_value = "role")]
    role: String,
    /// Which way a text travels where its row does not say it.
    #[arg(long, value_enum, default_value_t)]
    on: PhaseArg,
    /// The field with the language.
    #[arg(long, value_name = "FIELD", default_value = "lang")]
    language: String,
    /// The field with the group, for fairness.
    #[arg(long, value_name = "FIELD", default_value = "group")]
    group: String,
    /// More fields of groups.
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    by: Vec<String>,
    /// Stop at the first row that cannot be used.
    #[arg(long)]
    pub(super) strict: bool,
}

/// How figures are made.
#[derive(Debug, Args)]
#[command(next_help_heading = "Figures")]
pub(super) struct FigureArgs {
    /// Rounds of the bootstrap; 0 for no intervals.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub(super) bootstrap: u32,
    /// The seed of the bootstrap.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// Groups with fewer rows are marked, and not compared.
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(super) min_group: u64,
    /// Keep so many misses and false alarms of each category, with their texts, for the page and for JSON.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=1000))]
    pub(super) examples: u16,
    /// Groups and sentences of the counterfactual check; by default `identities.yaml` in the folder `eval`.
    #[arg(long, value_name = "FILE", conflicts_with = "no_identities")]
    pub(super) identities: Option<PathBuf>,
    /// Leave the counterfactual check out.
    #[arg(long)]
    pub(super) no_identities: bool,
}

/// What figures must keep to.
#[derive(Debug, Args)]
#[command(next_help_heading = "Bars (exit code 1 where one is missed)")]
pub(super) struct BarArgs {
    /// The least recall, such as 0.8 or hate=80%; without a category, of `any`.
    #[arg(long, value_name = "[CATEGORY=]SHARE", value_parser = bound)]
    min_recall: Vec<Bound>,
    /// The least precision.
    #[arg(long, value_name = "[CATEGORY=]SHARE", value_parser = bound)]
    min_precision: Vec<Bound>,
    /// The highest false-alarm rate.
    #[arg(long, value_name = "[CATEGORY=]SHARE", value_parser = bound)]
    max_fpr: Vec<Bound>,
    /// The least disparate impact by every field of groups; 0.8 is the four-fifths rule.
    #[arg(long, value_name = "[CATEGORY=]SHARE", value_parser = bound)]
    min_disparate_impact: Vec<Bound>,
    /// The highest rate of counterfactual flips.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    max_flips: Option<f64>,
}

/// A bound and the category that it is for.
#[derive(Clone, Debug)]
struct Bound {
    category: Option<String>,
    bound: f64,
}

// === impl EvalArgs ===

impl EvalArgs {
    pub(super) fn action(&self) -> Action {
        self.at_least.into()
    }
}

// === impl RowArgs ===

impl RowArgs {
    pub(super) fn form(&self) -> Option<Form> {
        self.input.map(|form| match form {
            InputForm::Jsonl => Form::JsonLines,
            InputForm::Csv => Form::Csv,
            InputForm::Tsv => Form::Tsv,
        })
    }

    pub(super) fn fields(&self) -> Fields {
        let mut groups = vec![self.language.clone()];
        for field in std::iter::once(&self.group).chain(&self.by) {
            if !groups.contains(field) {
                groups.push(field.clone());
            }
        }
        Fields {
            text: self.text.clone(),
            labels: self.label.clone(),
            category: self.category.clone(),
            positive_from: self.positive_from,
            id: self.id.clone(),
            role: self.role.clone(),
            phase: match self.on {
                PhaseArg::Prompt => Phase::Prompt,
                PhaseArg::Completion => Phase::Completion,
            },
            score: None,
            groups,
        }
    }
}

// === impl BarArgs ===

impl BarArgs {
    pub(super) fn bars(&self) -> Vec<Bar> {
        let of = |kind, bounds: &[Bound]| {
            let bar = |one: &Bound| Bar { kind, category: one.category.clone(), bound: one.bound };
            bounds.iter().map(bar).collect::<Vec<_>>()
        };
        let mut bars = of(BarKind::MinRecall, &self.min_recall);
        bars.extend(of(BarKind::MinPrecision, &self.min_precision));
        bars.extend(of(BarKind::MaxFalseAlarmRate, &self.max_fpr));
        bars.extend(of(BarKind::MinDisparateImpact, &self.min_disparate_impact));
        let flips = self.max_flips;
        bars.extend(flips.map(|bound| Bar { kind: BarKind::MaxFlips, category: None, bound }));
        bars
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a parser of clap")]
fn category(written: &str) -> Result<String, String> {
    Ok(canonical(written))
}

fn label_field(written: &str) -> Result<LabelField, String> {
    let (field, category) = match written.split_once('=') {
        Some((field, category)) => (field, Some(category.to_owned())),
        None => (written, None),
    };
    if field.is_empty() || category.as_deref() == Some("") {
        return Err("write FIELD or FIELD=CATEGORY".to_owned());
    }
    Ok(LabelField { field: field.to_owned(), category })
}

fn finite(written: &str) -> Result<f64, String> {
    let number: Option<f64> = written.parse().ok();
    number.filter(|number| number.is_finite()).ok_or_else(|| "not a number".to_owned())
}

/// A share as `0.8` or `80%`.
fn share(written: &str) -> Result<f64, String> {
    if let Ok(share) = written.parse::<Share>() {
        return Ok(share.fraction());
    }
    let number: Option<f64> = written.parse().ok();
    let wrong = || "a share is a number from 0 to 1, or such as 80%".to_owned();
    number.filter(|number| (0.0..=1.0).contains(number)).ok_or_else(wrong)
}

fn bound(written: &str) -> Result<Bound, String> {
    let (name, bound) = match written.rsplit_once('=') {
        Some((name, bound)) => (Some(canonical(name)), bound),
        None => (None, written),
    };
    Ok(Bound { category: name, bound: share(bound)? })
}
