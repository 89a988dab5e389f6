//! `tidegate list` and `tidegate schema`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{ConfigArg, output};
use crate::app::known_dialects;
use crate::config::{Code, SchemaOf, configuration_root};
use crate::detect::entity::ENTITIES;
use crate::telemetry::{METRICS, MetricDefinition, record_schema};
use crate::text::{DECODERS, VARIANTS, VIEWS};

/// What can be listed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Built-in detectors.
    Detectors,
    /// Views of a text, and decoders.
    Views,
    /// Codes of diagnostics.
    Codes,
    /// Wire formats.
    Dialects,
    /// Packs of the configuration, which policies include.
    Packs,
    /// Metrics, with their types and labels.
    Metrics,
}

/// The form of a list.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Form {
    #[default]
    Table,
    Json,
    Markdown,
}

/// Flags of `list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// What to list.
    what: What,
    #[command(flatten)]
    config: ConfigArg,
    /// The form.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

/// A schema that can be printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum SchemaName {
    /// Policy files.
    Policy,
    /// The server file.
    Server,
    /// Test files.
    Test,
    /// Dialect files.
    Dialect,
    /// Recipes of models.
    Recipe,
    /// Files of identities, for `eval`.
    Identities,
    /// Lines of the decision log.
    DecisionLog,
}

/// Views, decoders and variants of terms: all that a finding can name as what saw it.
fn views() -> Vec<(String, String)> {
    let views = VIEWS.iter().map(|view| {
        let default = if view.over.is_none() { "always on" } else { "on" };
        (view.name.to_string(), format!("{} ({default})", view.summary))
    });
    let decoders = DECODERS.iter().map(|def| (def.name, def.summary, def.switch));
    let variants = VARIANTS.iter().map(|def| (def.name, def.summary, def.switch));
    let switched = decoders.chain(variants).map(|(name, summary, switch)| {
        // Lists ask for syllables themselves.
        let default = if switch == "pinyin" { "off" } else { "on" };
        (name.to_string(), format!("{summary} ({default}; switch `{switch}`)"))
    });
    views.chain(switched).collect()
}

/// What is listed: for each thing its name, what else is known of it, and what it is.
struct Rows {
    /// What is known beside name and summary.
    more: &'static [&'static str],
    rows: Vec<(String, Vec<String>, String)>,
}

impl Rows {
    fn plain(rows: Vec<(String, String)>) -> Self {
        let rows = rows.into_iter().map(|(name, summary)| (name, Vec::new(), summary)).collect();
        Self { more: &[], rows }
    }
}

fn metrics() -> Rows {
    let row = |metric: &MetricDefinition| {
        let more = vec![metric.kind.to_owned(), metric.labels.join(", ")];
        (metric.name.to_owned(), more, metric.help.to_owned())
    };
    Rows { more: &["type", "labels"], rows: METRICS.iter().map(row).collect() }
}

fn rows(args: &ListArgs) -> Rows {
    let plain = match args.what {
        What::Detectors => ENTITIES
            .iter()
            .map(|entity| (entity.name.to_owned(), entity.summary.to_owned()))
            .collect(),
        What::Views => views(),
        What::Codes => Code::ALL
            .iter()
            .map(|code| (code.to_string(), code.definition().title.to_owned()))
            .collect(),
        What::Dialects => known_dialects(&configuration_root(args.config.path().as_deref(), None))
            .0
            .all
            .iter()
            .map(|dialect| {
                let paths: Vec<&str> = dialect.paths().collect();
                (dialect.name().to_string(), paths.join(" "))
            })
            .collect(),
        What::Packs => super::packs::rows(&args.config),
        What::Metrics => return metrics(),
    };
    Rows::plain(plain)
}

pub(super) fn run(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let Rows { more, rows } = rows(args);
    match args.format {
        Form::Table => {
            let width = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
            for (name, _, summary) in rows {
                output::say(&format!("{name:width$}  {summary}\n"))?;
            }
        }
        Form::Json => {
            let item = |(name, known, summary): (String, Vec<String>, String)| {
                let known =
                    more.iter().zip(known).map(|(key, value)| ((*key).to_owned(), json!(value)));
                let ends =
                    [("name".to_owned(), json!(name)), ("summary".to_owned(), json!(summary))];
                Value::Object(ends.into_iter().chain(known).collect())
            };
            let items: Vec<Value> = rows.into_iter().map(item).collect();
            let list = json!({ "schema": "tidegate.list/v1", "items": items });
            output::say(&format!("{list}\n"))?;
        }
        Form::Markdown => {
            let cells = |cells: &[&str]| format!("| {} |\n", cells.join(" | "));
            let headings: Vec<&str> =
                [&["name"], more, &["meaning"]].into_iter().flatten().copied().collect();
            output::say(&cells(&headings))?;
            output::say(&format!("|{}\n", "---|".repeat(headings.len())))?;
            for (name, known, summary) in rows {
                let (name, summary) = (format!("`{name}`"), summary.replace('|', "\\|"));
                let mut row = vec![name.as_str()];
                row.extend(known.iter().map(String::as_str));
                row.push(&summary);
                output::say(&cells(&row))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn schema(what: SchemaName) -> anyhow::Result<ExitCode> {
    let what = match what {
        SchemaName::Policy => crate::config::schema(SchemaOf::Policy),
        SchemaName::Server => crate::config::schema(SchemaOf::Server),
        SchemaName::Test => crate::config::schema(SchemaOf::Test),
        SchemaName::Dialect => crate::config::schema(SchemaOf::Dialect),
        SchemaName::Recipe => crate::config::schema(SchemaOf::Recipe),
        SchemaName::Identities => crate::config::schema(SchemaOf::Identities),
        SchemaName::DecisionLog => record_schema(),
    };
    output::say(&what)?;
    Ok(ExitCode::SUCCESS)
}
