//! The command line: one file a command; results on standard output, everything else on standard
//! error.
//!
//! It decides nothing about texts; exit codes are 0 fine, 1 the thing asked about failed, 2 could not
//! do it.

mod audit;
mod check;
mod desk;
mod diff;
mod encoder;
mod eval;
mod explain;
mod health;
mod init;
mod list;
mod output;
mod packs;
mod pages;
mod policy;
mod review;
mod rows;
mod scan;
mod serve;
mod shown;
mod test;
mod train;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::config::Format;

/// An inline content-moderation reverse proxy for LLM APIs.
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gate.
    Serve(serve::ServeArgs),
    /// Write a server file, a policy and a test to begin with.
    Init(init::InitArgs),
    /// Check configuration and policies; no network.
    Check(check::CheckArgs),
    /// Run policy tests and budgets.
    Test(test::TestArgs),
    /// Measure a policy on labelled texts: what it finds, false alarms, fairness.
    Eval(Box<eval::EvalArgs>),
    /// Say why a text is decided so, or what a code such as TG011 means.
    Explain(explain::ExplainArgs),
    /// Apply a policy to rows of files: keep, drop, redact or annotate them.
    Scan(Box<scan::ScanArgs>),
    /// Say what would change if one policy took the place of another.
    Diff(Box<diff::DiffArgs>),
    /// Train the built-in classifier on labelled texts.
    Train(train::TrainArgs),
    /// Verify decision logs, and make the key that signs their checkpoints.
    Audit(audit::AuditArgs),
    /// Work on the review queues: list, show, judge, export, import, count.
    Review(Box<review::ReviewArgs>),
    /// Say who may use the console.
    User(user::UserArgs),
    /// List detectors, views, codes, dialects, packs or metrics.
    List(list::ListArgs),
    /// Print a JSON schema: policy, server, test or decision-log.
    Schema {
        /// Which one.
        what: list::SchemaName,
    },
    /// Ask a health URL; for containers without curl.
    Health(health::HealthArgs),
    /// Run the demo model as an OpenAI-compatible server.
    MockUpstream(serve::MockArgs),
    /// Print shell completions.
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man(pages::ManArgs),
    /// Print the version.
    Version {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Where the configuration is.
#[derive(Clone, Debug, Args)]
struct ConfigArg {
    /// The server file; by default `config/tidegate.yaml` if it is there.
    #[arg(long, short, env = "TIDEGATE_CONFIG")]
    config: Option<PathBuf>,
}

/// The form of diagnostics.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum FormatArg {
    #[default]
    Full,
    Short,
    Json,
    Github,
    Sarif,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Full => Self::Full,
            FormatArg::Short => Self::Short,
            FormatArg::Json => Self::Json,
            FormatArg::Github => Self::Github,
            FormatArg::Sarif => Self::Sarif,
        }
    }
}

impl ConfigArg {
    /// The file that was named, or the usual one if it is there.
    fn path(&self) -> Option<PathBuf> {
        let usual = || {
            ["config/tidegate.yaml", "tidegate.yaml"]
                .map(PathBuf::from)
                .into_iter()
                .find(|path| path.is_file())
        };
        self.config.clone().or_else(usual)
    }
}

/// Runs the command of the process's arguments.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Serve(args) => serve::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Scan(args) => scan::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Review(args) => review::run(&args),
        Command::User(args) => user::run(&args),
        Command::List(args) => list::run(&args),
        Command::Schema { what } => list::schema(what),
        Command::Health(args) => health::run(&args),
        Command::MockUpstream(args) => serve::mock(&args),
        Command::Completions { shell } => pages::completions(&mut Cli::command(), shell),
        Command::Man(args) => pages::man(Cli::command(), &args),
        Command::Version { json } => version(json),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            output::complain(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn version(json: bool) -> anyhow::Result<ExitCode> {
    let version = env!("CARGO_PKG_VERSION");
    if json {
        let value = serde_json::json!({
            "schema": "tidegate.version/v1",
            "version": version,
            "revision": option_env!("TIDEGATE_REVISION"),
            "rustc": option_env!("TIDEGATE_RUSTC"),
        });
        output::say(&format!("{value}\n"))?;
    } else {
        output::say(&format!("tidegate {version}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Every variable of the environment whose name and value are text.
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
