//! From files to what is in force.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;

use super::certificates::Certificates;
use super::classifiers::{Models, models, unknown_endpoints};
use super::dialects::{self, KnownDialects, known_dialects};
use super::examine::examine;
use super::exposed::exposed;
use super::suites::{TESTS, run_suite, suite_files};
use super::upstreams::Upstreams;
use super::workshop::facts;
use crate::config::server_file::{self, ServerFile};
use crate::config::test_file::TestDefaults;
use crate::config::{
    Code, Flag, LoadedPolicy, LoadedServer, LoadedTests, Overlay, Problem, Problems,
    check_route_policies, check_rule_labels, configuration_root, load_policies_over, load_server,
    load_tests_over,
};
use crate::console::PolicyFacts;
use crate::domain::{Action, Mode, Phase};
use crate::policy::{Policy, Rule};
use crate::proxy::{
    BlockedTurns, BodyLimits, Classifiers, CleanTexts, Live, PathMatch, Route, StreamTimes,
    UnknownLeaf,
};
use crate::telemetry::Metrics;
use crate::wire::dialect::Dialects;
use crate::wire::json::JsonLimits;

/// A configuration as it was read, before anything is compiled.
#[derive(Debug)]
pub struct Files {
    /// The server file, if a value could be made of it.
    pub server: Option<LoadedServer>,
    /// The policies of the folder.
    pub policies: Vec<LoadedPolicy>,
    /// The test files, where the server file wants tests to pass.
    pub tests: Vec<LoadedTests>,
    /// The dialects.
    pub dialects: KnownDialects,
    /// What is said of secret files that others can read.
    pub(super) exposed: Problems,
}

/// A configuration that may take effect.
#[derive(Debug)]
pub struct Loaded {
    /// The server file.
    pub server: LoadedServer,
    /// Every policy of the folder, compiled.
    pub policies: Vec<Arc<Policy>>,
    /// Their transformers in process.
    pub(super) models: Models,
    /// The dialects that are known, an operator's own first.
    pub dialects: Dialects,
    /// Folders to watch.
    pub folders: Vec<PathBuf>,
    /// Names of tests that failed, if the server file asks for tests.
    pub failed_tests: Vec<String>,
    /// What is to be known of the policies' files once they are in force.
    pub(super) facts: Vec<PolicyFacts>,
}

/// The state of every file that has a say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Revision {
    /// `NAME@HASH` of each policy, with commas between them.
    pub(super) policies: String,
    pub(super) server: String,
    pub(super) certificates: String,
    pub(super) tests: String,
    pub(super) dialects: String,
    /// What is said of secret files that others can read.
    pub(super) exposed: BTreeSet<String>,
}

// === impl Files ===

impl Files {
    /// Reads the server file, the policies and, where they are to pass, the test files. What could be read comes
    /// back also beside errors, so that one run names every mistake.
    pub fn read(
        path: Option<&Path>,
        environment: &[(String, String)],
        flags: &[Flag],
    ) -> (Self, Problems) {
        Self::read_over(path, environment, flags, None)
    }

    /// The same, with a text in the place of a policy's or test's file.
    pub(super) fn read_over(
        path: Option<&Path>,
        environment: &[(String, String)],
        flags: &[Flag],
        overlay: Option<&Overlay>,
    ) -> (Self, Problems) {
        let (server, mut problems) = load_server(path, environment, flags);
        let root = match &server {
            Some(server) => server.root.clone(),
            None => configuration_root(path, None),
        };
        let settings = server.as_ref().map(|server| server.file.policies.clone());
        let settings = settings.unwrap_or_default();
        let (dialects, found) = known_dialects(&root);
        problems.extend(found);
        let exposed = server.as_ref().map(exposed).unwrap_or_default();
        problems.extend(exposed.clone());
        let (policies, tests) = (Vec::new(), Vec::new());
        let mut files = Self { server, policies, tests, dialects, exposed };
        // Which folder a server file means that cannot be read is not known; the usual one may be there.
        if files.server.is_none() && !root.join(&settings.dir).is_dir() {
            return (files, problems);
        }
        let (policies, found) = load_policies_over(&root, &settings.dir, overlay);
        files.policies = policies;
        if let Some(server) = &files.server {
            problems.extend(not_yet(server));
            problems.extend(dialects::unknown(server, &files.dialects.all));
            problems.extend(check_route_policies(server, &files.policies, &found));
            problems.extend(check_rule_labels(server, &files.policies));
            problems.extend(without_labels(server, &files.policies));
            for policy in &files.policies {
                problems.extend(unknown_endpoints(server, policy));
            }
        }
        problems.extend(found);
        let mut suites = suite_files(&root);
        let new = overlay.filter(|new| new.path.parent() == Some(&root.join(TESTS)));
        suites.extend(new.map(|new| new.path.clone()).filter(|new| !suites.contains(new)));
        for path in suites.into_iter().filter(|_| settings.require_tests_pass) {
            let (tests, found) = load_tests_over(&root, &path, overlay);
            problems.extend(found);
            files.tests.extend(tests);
        }
        problems.sort();
        (files, problems)
    }

    /// What tells these files from others.
    pub(super) fn revision(&self, certificates: &Certificates) -> Revision {
        let policies = self.policies.iter();
        let policies: Vec<String> =
            policies.map(|policy| format!("{}@{}", policy.file.name, policy.revision)).collect();
        let tests: Vec<&str> = self.tests.iter().map(|tests| &*tests.revision).collect();
        Revision {
            policies: policies.join(", "),
            server: self.server.as_ref().map(|server| server.revision.clone()).unwrap_or_default(),
            certificates: certificates.revision.clone(),
            tests: tests.join(", "),
            dialects: self.dialects.revision.clone(),
            exposed: self.exposed.iter().map(|problem| problem.message.clone()).collect(),
        }
    }

    /// Compiles the policies and says what is wrong with them. One with an error is left out.
    pub fn compile(&self, today: Date, problems: &mut Problems) -> Vec<Arc<Policy>> {
        let mut policies = Vec::new();
        for file in &self.policies {
            let (policy, found) = examine(file, today);
            problems.extend(found);
            policies.extend(policy);
        }
        if let Some(server) = &self.server {
            problems.extend(asking_shadows(server, &policies));
        }
        problems.sort();
        policies
    }

    /// Compiles everything and, if the server file asks for it, runs the tests. Nothing comes back where
    /// something is wrong.
    pub fn load(self, today: Date, problems: &mut Problems) -> Option<Loaded> {
        let policies = self.compile(today, problems);
        let Self { server, policies: files, tests, dialects, exposed: _ } = self;
        let server = server.filter(|_| !problems.has_errors())?;
        let failed_tests = failed_tests(&server, &files, &tests, &policies, today);
        let root = &server.root;
        let mut folders =
            vec![root.clone(), root.join(&server.file.policies.dir), root.join(TESTS)];
        folders.push(root.join(dialects::FOLDER));
        folders.extend(files.iter().flat_map(|file| file.folders.iter().cloned()));
        folders.sort();
        folders.dedup();
        let models = models(&files, &policies);
        let facts = files.iter().map(facts).collect();
        let dialects = dialects.all;
        Some(Loaded { server, policies, models, dialects, folders, failed_tests, facts })
    }
}

/// Shadow policies that ask classifiers: nobody asks for them, and their silence would count as blocks.
fn asking_shadows(server: &LoadedServer, policies: &[Arc<Policy>]) -> Problems {
    let mut problems = Problems::new();
    for (index, route) in server.file.routes.iter().enumerate() {
        let Some(name) = &route.shadow_policy else { continue };
        let mut named = policies.iter().filter(|policy| *policy.name == **name);
        if named.any(|policy| policy.remotes.iter().any(|remote| !remote.rules.is_empty())) {
            let at = server.document.at(&format!("routes[{index}].shadow_policy"));
            let message =
                "a shadow policy that asks classifiers: known, but not available in this version";
            let problem =
                Problem::new(Code::TG019, message).at(at, "its rules would not be asked about");
            problems.push(problem.help(format!(
                "`tidegate diff` asks them: tidegate diff {} {name} --from-log decisions.jsonl",
                route.policy
            )));
        }
    }
    problems
}

/// Policies with thresholds that labels move, where no store has labels.
fn without_labels(server: &LoadedServer, policies: &[LoadedPolicy]) -> Problems {
    let mut problems = Problems::new();
    let adaptive = policies.iter().filter(|policy| policy.file.adapt.enabled);
    for policy in adaptive.filter(|_| server.file.store.url == "none") {
        let message = format!("no store has labels for the thresholds of `{}`", policy.file.name);
        let problem = Problem::new(Code::TG075, message);
        let problem = problem.at(policy.at("adapt"), "no threshold will move");
        problems
            .push(problem.help("name one in the server file: `store: { url: sqlite:state.db }`"));
    }
    problems
}

/// Settings of the server file that this version cannot honour: refused by name, never passed over.
fn not_yet(server: &LoadedServer) -> Problems {
    let file = &server.file;
    let mut problems = Problems::new();
    let mut missing = |path: String, what: &str| {
        let message = format!("{what}: known, but not available in this version");
        let at = server.document.key_at(&path);
        problems.push(Problem::new(Code::TG019, message).at(at, "this would not be done"));
    };
    for (index, route) in file.routes.iter().enumerate() {
        if route.matches.header.iter().flat_map(crate::config::Named::iter).count() > 1 {
            missing(format!("routes[{index}].match.header"), "more than one header");
        }
    }
    problems
}

/// Runs the tests of every policy, without budgets: those are for `tidegate test`.
fn failed_tests(
    server: &LoadedServer,
    files: &[LoadedPolicy],
    suites: &[LoadedTests],
    policies: &[Arc<Policy>],
    today: Date,
) -> Vec<String> {
    let mut failed = Vec::new();
    if !server.file.policies.require_tests_pass {
        return failed;
    }
    let mut run = |policy: &Arc<Policy>, tests: &_, defaults: &_| {
        let report = run_suite(policy, (tests, defaults), &[], today, false);
        let misses =
            report.tests.iter().filter(|test| !test.todo && !test.result.misses.is_empty());
        failed.extend(misses.map(|test| format!("{}: {}", policy.name, test.name)));
    };
    for (file, policy) in files.iter().zip(policies) {
        run(policy, &file.file.tests, &TestDefaults::default());
    }
    for tests in suites {
        let own = files.iter().position(|file| {
            let source = file.documents.first().map(|document| document.source().name().to_owned());
            source.is_some_and(|name| tests.policy.ends_with(Path::new(&name)))
        });
        if let Some(policy) = own.and_then(|own| policies.get(own)) {
            run(policy, &tests.file.tests, &tests.file.defaults);
        }
    }
    failed
}

/// Ids of the routes, for metrics.
pub fn names_of_routes(server: &ServerFile) -> Vec<&str> {
    server.routes.iter().map(|route| route.id.as_str()).collect()
}

impl Loaded {
    /// Makes what the data plane runs on, with the upstreams and classifiers that were made ready.
    ///
    /// # Errors
    /// When a route names what is not there.
    pub fn live(
        &self,
        upstreams: &Upstreams,
        classifiers: Arc<Classifiers>,
    ) -> Result<Live, Problem> {
        let file = &self.server.file;
        let policies: HashMap<String, Arc<Policy>> = self
            .policies
            .iter()
            .map(|policy| (policy.name.to_string(), Arc::clone(policy)))
            .collect();
        let mut routes = Vec::new();
        for (index, route) in file.routes.iter().enumerate() {
            let missing = |what: &str| {
                let at = self.server.document.at(&format!("routes[{index}]"));
                Problem::new(Code::TG062, format!("route `{}` has no {what}", route.id)).at(at, "")
            };
            let upstream = upstreams.get(&route.upstream).ok_or_else(|| missing("upstream"))?;
            let policy = policies.get(&route.policy).ok_or_else(|| missing("policy"))?;
            let shadow = route.shadow_policy.as_ref().map(|name| policies.get(name));
            let shadow =
                shadow.map(|found| found.ok_or_else(|| missing("shadow policy"))).transpose()?;
            let mut headers = route.matches.header.iter().flat_map(crate::config::Named::iter);
            let header =
                headers.find_map(|(name, value)| Some((name.parse().ok()?, value.clone())));
            routes.push(Route {
                id: Arc::from(route.id.as_str()),
                path: PathMatch::new(route.matches.path.as_deref().unwrap_or("/*")),
                header,
                model: route.matches.model.clone(),
                upstream: Arc::clone(upstream),
                policy: Arc::clone(policy),
                shadow: shadow.cloned(),
                unknown_leaf: match route.unknown_leaf {
                    server_file::UnknownLeaf::Screen => UnknownLeaf::Screen,
                    server_file::UnknownLeaf::Block => UnknownLeaf::Block,
                    server_file::UnknownLeaf::Pass => UnknownLeaf::Pass,
                },
                walks: route.unknown_path == server_file::UnknownPath::Walk,
                dialect: route.dialect.as_deref().and_then(|name| self.dialects.get(name)).cloned(),
            });
        }
        let limits = &file.limits;
        Ok(Live {
            routes,
            policies,
            limits: BodyLimits {
                body: limits.body.as_usize(),
                decompressed: limits.decompressed.as_usize(),
                ratio: limits.ratio as usize,
                idle: file.timeouts.body_idle.duration(),
                total: file.timeouts.request.duration(),
            },
            json: JsonLimits { depth: limits.depth as usize, ..JsonLimits::default() },
            messages: limits.messages as usize,
            event: limits.event.as_usize(),
            stream: StreamTimes {
                head_hold: file.stream.head_hold.duration(),
                keep_alive: file.stream.keep_alive.duration(),
            },
            clean_texts: CleanTexts::default(),
            blocked_turns: BlockedTurns::default(),
            dialects: self.dialects.clone(),
            classifiers,
            fail_open: file.fail.internal_error == server_file::FailMode::Open,
        })
    }

    /// Policies that decide beside the first of a route, by the id of that.
    fn shadows(&self) -> impl Iterator<Item = (&str, &str)> {
        let routes = self.server.file.routes.iter();
        routes.filter_map(|route| Some((&*route.id, route.shadow_policy.as_deref()?)))
    }

    /// Tells the metrics what is in force.
    pub fn announce(&self, metrics: &Metrics, warnings: usize) {
        let rules = |policy: &Policy, mode: Mode| {
            policy.rules.iter().filter(|rule| rule.mode.min(policy.mode) == mode).count()
        };
        let policies: Vec<(&str, &str, usize, usize)> = self
            .policies
            .iter()
            .map(|policy| {
                let counts = (rules(policy, Mode::Enforce), rules(policy, Mode::Shadow));
                (&*policy.name, &*policy.revision, counts.0, counts.1)
            })
            .collect();
        metrics.policies(&policies);
        metrics.warnings(warnings);
        for (route, policy) in self.shadows() {
            metrics.know_shadow_policy(route, policy);
        }
        for dialect in self.dialects.iter() {
            metrics.know_dialect(dialect.name());
        }
        let file = &self.server.file;
        for route in names_of_routes(file) {
            metrics.know_route(route);
        }
        for upstream in file.upstreams.names() {
            metrics.know_upstream(upstream);
        }
        let mut rules: Vec<(&str, &str, Mode)> = Vec::new();
        for policy in &self.policies {
            for rule in policy.rules.iter() {
                know_rule(metrics, policy, rule);
                rules.push((&policy.name, &rule.id, rule.mode.min(policy.mode)));
            }
        }
        metrics.know_rules(&rules, file.metrics.max_rules as usize);
    }
}

/// Tells the metrics what a rule may come to.
fn know_rule(metrics: &Metrics, policy: &Policy, rule: &Rule) {
    if let Some(category) = &rule.category {
        metrics.know_category(category.as_str());
    }
    if rule.effect.action() != Some(Action::Redact) {
        return;
    }
    let phases = [(Phase::Prompt, rule.on_prompt), (Phase::Completion, rule.on_completion)];
    rule.matcher.visit_atoms(&mut |atom| {
        let own = policy.atoms.get(atom as usize).and_then(|atom| atom.placeholder.as_ref());
        for (phase, _) in phases.iter().filter(|(_, applies)| *applies) {
            metrics.know_redaction(*phase, own.unwrap_or(&rule.placeholder));
        }
    });
}
