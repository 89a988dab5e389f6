//! The server file with its layers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::{Shelf, Wanted, configuration_root};
use super::layers::{self, Flag, Setting};
use super::policy::LoadedPolicy;
use crate::config::checks;
use crate::config::codes::Code;
use crate::config::document::{self, Document};
use crate::config::problems::{Gravity, Problem, Problems, check_allow_comments};
use crate::config::schema::SchemaOf;
use crate::config::server_file::ServerFile;
use crate::config::source::{Source, SourceSpan};
use crate::config::yaml::{self, FILE_LIMIT_BYTES};

/// What runs where no server file is given: the demo model under the policy `default`.
const WITHOUT_A_FILE: &str = "\
version: 1
upstreams: { demo: { builtin: demo } }
routes: [{ id: default, match: { path: /* }, upstream: demo, policy: default }]
";

/// The server's settings with what they were read from.
#[derive(Clone, Debug)]
pub struct LoadedServer {
    /// The effective settings.
    pub file: ServerFile,
    /// The places of the settings.
    pub document: Document,
    /// Every effective value and where it came from.
    pub settings: Vec<Setting>,
    /// The configuration root; policies, word lists and relative paths begin here.
    pub root: PathBuf,
    /// A short hash of the file.
    pub revision: String,
}

/// Reads the server file, and lays over it the variables `TIDEGATE_…` of `environment`, then `flags`. Without a file
/// the built-in demo model runs under the policy `default`. A value comes back whenever one could be made, also beside
/// errors; it takes effect only if there are none.
pub fn load_server(
    path: Option<&Path>,
    environment: &[(String, String)],
    flags: &[Flag],
) -> (Option<LoadedServer>, Problems) {
    let mut problems = Problems::new();
    let loaded = load(path, environment, flags, &mut problems);
    problems.sort();
    (loaded, problems)
}

/// Routes whose policy is not among `policies`. `found` is what was wrong with those: what could not be read may be
/// the policy that a route means.
pub fn check_route_policies(
    server: &LoadedServer,
    policies: &[LoadedPolicy],
    found: &Problems,
) -> Problems {
    let mut problems = Problems::new();
    let names: Vec<&str> = policies.iter().map(|policy| policy.file.name.as_str()).collect();
    let own = policies.iter().filter_map(|policy| policy.documents.first());
    let own: Vec<&Document> = own.collect();
    let nameless = |document: &&Document| !document.says("name") || !document.is_sound("name");
    if own.iter().any(nameless) || (policies.is_empty() && found.has_errors()) {
        return problems;
    }
    let errors = found.iter().filter(|problem| problem.gravity == Gravity::Error);
    let places: Vec<_> = errors.filter_map(|problem| Some(&problem.primary()?.at)).collect();
    let is_unread = |name: &str| {
        let read = |at: &SourceSpan| own.iter().any(|file| Arc::ptr_eq(file.source(), &at.source));
        places.iter().any(|at| !read(at) && at.source.text().contains(name))
    };
    for (number, route) in server.file.routes.iter().enumerate() {
        let named =
            [("policy", Some(&route.policy)), ("shadow_policy", route.shadow_policy.as_ref())];
        for (key, name) in named.into_iter().filter_map(|(key, name)| Some((key, name?))) {
            if !names.contains(&name.as_str()) && !is_unread(name) {
                let at = server.document.at(&format!("routes[{number}].{key}"));
                let known = names.iter().copied();
                problems.push(checks::unknown(Code::TG062, "policy", name, at, known));
            }
        }
    }
    problems
}

/// More rules than `metrics.max_rules` has labels for.
pub fn check_rule_labels(server: &LoadedServer, policies: &[LoadedPolicy]) -> Problems {
    let mut problems = Problems::new();
    let rules: usize = policies.iter().map(|policy| policy.file.rules.len()).sum();
    let most = server.file.metrics.max_rules;
    if rules > most as usize {
        let message = format!("{rules} rules, of which metrics tell {most} apart");
        let problem = Problem::new(Code::TG066, message);
        let at = server.document.at("metrics.max_rules");
        let problem = problem.at(at, "the others are counted as `other`");
        problems.push(problem.help(format!("metrics: {{ max_rules: {rules} }}")));
    }
    problems
}

fn load(
    path: Option<&Path>,
    environment: &[(String, String)],
    flags: &[Flag],
    problems: &mut Problems,
) -> Option<LoadedServer> {
    let mut shelf = Shelf::default();
    let source = match path {
        Some(path) => {
            let shown = path.display().to_string();
            let wanted = Wanted { path, shown: &shown, limit: FILE_LIMIT_BYTES, asked: None };
            shelf.read(wanted, problems)?.source
        }
        None => Source::new("(built in)", WITHOUT_A_FILE),
    };
    check_allow_comments(&source, problems);
    let mut root = yaml::read(&source, problems)?;
    layers::environment(&mut root, environment, problems);
    layers::flags(&mut root, flags, problems);
    let (file, document): (ServerFile, _) =
        document::typed(&source, root, SchemaOf::Server, problems)?;
    checks::server(&file, &document, problems);
    checks::unavailable_in_server(&file, &document, problems);
    let value = serde_json::to_value(&file).unwrap_or_default();
    let settings = layers::effective(&value, document.root(), &Arc::clone(&source));
    let root = configuration_root(path, None);
    Some(LoadedServer { file, document, settings, root, revision: shelf.revision() })
}
