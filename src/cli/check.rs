//! `tidegate check`: everything that is wrong with the configuration, at once, without a network.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{ConfigArg, FormatArg, environment, output};
use crate::app::{Files, examine, known_dialects, suite_files};
use crate::config::{
    LoadedPolicy, LoadedServer, Problems, check_word_list, configuration_root, load_policy,
    load_tests,
};
use crate::policy::holds;
use crate::telemetry::Clock;

/// The most bytes of a file that are looked at to see whether it is a server file.
const MOST_LOOKED_AT: u64 = 64 << 10;

/// Flags of `check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Policies, test files, word lists or server files; without any, the whole configuration is checked.
    paths: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigArg,
    /// Warnings count as errors.
    #[arg(long)]
    deny_warnings: bool,
    /// Print each setting of the server file, and where it came from.
    #[arg(long)]
    show_effective: bool,
    /// The form of diagnostics.
    #[arg(long, value_enum, default_value_t)]
    format: FormatArg,
}

/// What a check found.
#[derive(Debug, Default)]
struct Findings {
    problems: Problems,
    /// The policies that compile, for what they may hold of a stream.
    sound: Vec<LoadedPolicy>,
    /// What was seen of word lists.
    lists: Vec<String>,
}

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let mut findings = if args.paths.is_empty() { whole(args)? } else { named(&args.paths)? };
    findings.problems.sort();
    let Findings { problems, sound, lists } = findings;
    let failed = problems.has_errors() || (args.deny_warnings && problems.warnings() > 0);
    let format = args.format.into();
    match args.format {
        FormatArg::Full | FormatArg::Short => output::problems(&problems, format),
        FormatArg::Json | FormatArg::Github | FormatArg::Sarif => {
            output::say(&crate::config::render(&problems, format, false))?;
        }
    }
    if matches!(args.format, FormatArg::Full) && !problems.has_errors() {
        for policy in &sound {
            output::say(&hold_table(policy))?;
        }
        for list in &lists {
            output::say(list)?;
        }
    }
    if !failed && matches!(args.format, FormatArg::Full | FormatArg::Short) {
        output::say("ok\n")?;
    }
    Ok(ExitCode::from(u8::from(failed)))
}

fn whole(args: &CheckArgs) -> anyhow::Result<Findings> {
    let path = args.config.path();
    let mut findings = Findings::default();
    let server = findings.server(path.as_deref());
    if args.show_effective {
        for setting in server.iter().flat_map(|server| &server.settings) {
            output::say(&format!("{} = {}  ({})\n", setting.path, setting.value, setting.origin))?;
        }
    }
    Ok(findings)
}

fn named(paths: &[PathBuf]) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    for path in paths {
        anyhow::ensure!(path.is_file(), "`{}` is not a file", path.display());
        let root = configuration_root(None, Some(path));
        findings.file(&root, path);
    }
    Ok(findings)
}

impl Findings {
    /// A server file with every policy and test file of its root.
    fn server(&mut self, path: Option<&Path>) -> Option<LoadedServer> {
        let (files, problems) = Files::read(path, &environment(), &[]);
        self.problems.extend(problems);
        let Files { server, policies, .. } = files;
        for policy in policies {
            self.policy(policy);
        }
        let server = server?;
        // Where they need not pass, nobody has read them yet.
        for path in suite_files(&server.root) {
            if !server.file.policies.require_tests_pass {
                self.problems.extend(load_tests(&server.root, &path).1);
            }
        }
        Some(server)
    }

    fn file(&mut self, root: &Path, path: &Path) {
        if path.to_string_lossy().ends_with(".test.yaml") {
            return self.problems.extend(load_tests(root, path).1);
        }
        if is_server_file(path) {
            drop(self.server(Some(path)));
            return;
        }
        if path.extension().is_some_and(|ending| ending == "txt") {
            let (terms, problems) = check_word_list(root, path);
            self.problems.extend(problems);
            let list = format!("{}: a word list of {terms} terms\n", path.display());
            return self.lists.push(list);
        }
        let folder = path.parent().filter(|folder| folder.ends_with("dialects"));
        if let Some(root) = folder.map(|folder| folder.parent().unwrap_or(folder)) {
            return self.problems.extend(known_dialects(root).1);
        }
        let (policy, problems) = load_policy(root, path);
        self.problems.extend(problems);
        if let Some(policy) = policy {
            self.policy(policy);
        }
    }

    fn policy(&mut self, loaded: LoadedPolicy) {
        let (policy, problems) = examine(&loaded, Clock::default().today());
        self.problems.extend(problems);
        if policy.is_some() {
            self.sound.push(loaded);
        }
    }
}

/// Whether a file is meant as a server file: by its name, or by what no policy has.
fn is_server_file(path: &Path) -> bool {
    let written = || File::open(path).map(|file| BufReader::new(file.take(MOST_LOOKED_AT)));
    let tells = |line: &str| line.starts_with("routes:") || line.starts_with("upstreams:");
    path.file_name().is_some_and(|name| name == "tidegate.yaml")
        || path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
            && written().is_ok_and(|file| file.lines().map_while(Result::ok).any(|it| tells(&it)))
}

/// The most that each rule of a policy may hold of a stream.
fn hold_table(policy: &LoadedPolicy) -> String {
    let heading = format!("{}: the most bytes that each rule holds of a stream", policy.file.name);
    let rows = holds(policy).into_iter().map(|hold| format!("  {hold}"));
    std::iter::once(heading).chain(rows).map(|line| line + "\n").collect()
}
