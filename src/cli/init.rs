//! `tidegate init`: a server file, a policy in shadow mode, and a test, to begin with; and files that run the gate
//! in containers or as a service.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::output;
use crate::config::{SchemaOf, schema};

/// Flags of `init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The folder to write to.
    #[arg(default_value = "config")]
    folder: PathBuf,
    /// What else to write, below `deploy/`.
    #[arg(long = "with", value_name = "WHAT", value_delimiter = ',')]
    extras: Vec<Extra>,
    /// Languages of the words, messages and tests of the policy.
    #[arg(long = "lang", value_name = "LANGUAGE", value_delimiter = ',', default_values = ["en", "zh"])]
    languages: Vec<Language>,
}

/// A way to run the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Extra {
    /// A file for Docker Compose.
    Compose,
    /// Objects for Kubernetes.
    K8s,
    /// A unit for systemd.
    Systemd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    /// English.
    En,
    /// Chinese.
    Zh,
}

/// What is always written: path below the folder, content.
const FILES: [(&str, &str); 3] = [
    ("tidegate.yaml", include_str!("init/tidegate.yaml")),
    ("policies/starter.yaml", include_str!("init/starter.yaml.in")),
    ("tests/starter.test.yaml", include_str!("init/starter.test.yaml.in")),
];

/// What editors complete and check those with.
const SCHEMAS: [(&str, SchemaOf); 3] = [
    ("schemas/server.schema.json", SchemaOf::Server),
    ("schemas/policy.schema.json", SchemaOf::Policy),
    ("schemas/test.schema.json", SchemaOf::Test),
];

pub(super) fn run(args: &InitArgs) -> anyhow::Result<ExitCode> {
    let templates = args.files().map(|(path, content)| (path, args.fill(content)));
    let schemas = SCHEMAS.into_iter().map(|(path, of)| (path, schema(of)));
    let files: Vec<(PathBuf, String)> =
        templates.chain(schemas).map(|(path, text)| (args.folder.join(path), text)).collect();
    let taken: Vec<&Path> = files
        .iter()
        .map(|(path, _)| path.as_path())
        .filter(|path| path.try_exists().unwrap_or(true))
        .collect();
    if !taken.is_empty() {
        for path in taken {
            output::complain(&format!("error: `{}` is there already", path.display()));
        }
        output::complain(
            "nothing was written; name another folder (tidegate init FOLDER), or move these files away",
        );
        return Ok(ExitCode::from(2));
    }
    for (path, content) in files {
        write_new(&path, &content).with_context(|| format!("`{}`", path.display()))?;
        output::say(&format!("wrote {}\n", path.display()))?;
    }
    output::say(&args.next_steps())?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that must not be there yet, with the folders above it.
fn write_new(path: &Path, content: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(content.as_bytes())
}

// === impl InitArgs ===

impl InitArgs {
    /// The files that are asked for: path below the folder, content before [`Self::fill`].
    fn files(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let extras = Extra::value_variants().iter().filter(|extra| self.extras.contains(extra));
        FILES.into_iter().chain(extras.map(|extra| extra.file()))
    }

    /// Leaves out the lines of languages that are not asked for, and fills in the version.
    fn fill(&self, template: &str) -> String {
        let line = |line: &str| {
            let marked = Language::value_variants().iter().find_map(|language| {
                line.strip_prefix(language.marker()).map(|rest| (language, rest.to_owned()))
            });
            match marked {
                Some((language, rest)) => self.languages.contains(language).then_some(rest),
                None => Some(line.to_owned()),
            }
        };
        let text: String = template.split_inclusive('\n').filter_map(line).collect();
        text.replace("{version}", env!("CARGO_PKG_VERSION"))
    }

    /// What to do now, as commands.
    fn next_steps(&self) -> String {
        let folder = self.folder.display();
        let always = ["test", "serve"];
        let mut steps = always
            .map(|command| format!("tidegate {command} --config {folder}/tidegate.yaml"))
            .to_vec();
        for extra in Extra::value_variants().iter().filter(|extra| self.extras.contains(extra)) {
            let (path, _) = extra.file();
            steps.push(match extra {
                Extra::Compose => format!("docker compose -f {folder}/{path} up"),
                Extra::K8s | Extra::Systemd => format!("see the first lines of {folder}/{path}"),
            });
        }
        format!("next:\n  {}\n", steps.join("\n  "))
    }
}

// === impl Extra ===

impl Extra {
    /// Path below the folder, content.
    const fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::Compose => ("deploy/compose.yaml", include_str!("init/compose.yaml")),
            Self::K8s => {
                ("deploy/k8s.yaml", include_str!("../../deploy/kubernetes/base/tidegate.yaml"))
            }
            Self::Systemd => {
                ("deploy/tidegate.service", include_str!("../../deploy/systemd/tidegate.service"))
            }
        }
    }
}

// === impl Language ===

impl Language {
    /// What lines of a template begin with that are for this language alone.
    const fn marker(self) -> &'static str {
        match self {
            Self::En => "en|",
            Self::Zh => "zh|",
        }
    }
}
