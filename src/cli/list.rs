//! `tidegate list` and `tidegate schema`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{ConfigArg, output};
use crate::app::known_dialects;
use crate::config::{Code, SchemaOf, configuration_root};
use crate::detect::entity::ENTITIES;
use crate::telemetry::record_schema;
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
}

/// The form of a list.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Form {
    #[default]
    Table,
    Json,
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

pub(super) fn run(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let rows: Vec<(String, String)> = match args.what {
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
    };
    match args.format {
        Form::Table => {
            let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
            for (name, summary) in rows {
                output::say(&format!("{name:width$}  {summary}\n"))?;
            }
        }
        Form::Json => {
            let rows: Vec<_> = rows
                .into_iter()
                .map(|(name, summary)| json!({ "name": name, "summary": summary }))
                .collect();
            output::say(&format!("{}\n", json!({ "schema": "tidegate.list/v1", "items": rows })))?;
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
