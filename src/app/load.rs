//! From files to what is in force.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;

use super::certificates::{Certificates, read_certificates};
use super::suites::{run_suite, suite_files};
use crate::config::server_file::{self, Builtin, ServerFile};
use crate::config::{
    Code, Flag, LoadedPolicy, LoadedServer, Problem, Problems, SecretRef, check_dates,
    check_route_policies, load_policies, load_server, load_tests,
};
use crate::domain::{Mode, Secret};
use crate::policy::{Policy, compile, lint};
use crate::proxy::{
    BodyLimits, CleanTexts, Live, NamedUpstream, PathMatch, Route, StreamTimes, UnknownLeaf,
};
use crate::telemetry::Metrics;
use crate::upstream::demo::{Demo, DemoSettings};
use crate::upstream::{Remote, RemoteSettings, Upstream, UpstreamTimeouts};
use crate::wire::dialect::Dialects;
use crate::wire::json::JsonLimits;

/// A configuration that may take effect.
#[derive(Debug)]
pub struct Loaded {
    /// The server file.
    pub server: LoadedServer,
    /// Every policy of the folder, compiled.
    pub policies: Vec<Arc<Policy>>,
    /// The dialects that are known, an operator's own first.
    pub dialects: Dialects,
    /// Folders to watch.
    pub folders: Vec<PathBuf>,
    /// Names of tests that failed, if the policies' tests were run.
    pub failed_tests: Vec<String>,
}

/// Loads, compiles and, if `today` is given and the server file asks for it, tests everything.
pub fn load(
    path: Option<&Path>,
    environment: &[(String, String)],
    flags: &[Flag],
    today: Option<Date>,
) -> (Option<Loaded>, Problems) {
    let (server, mut problems) = load_server(path, environment, flags);
    let Some(server) = server else { return (None, problems) };
    problems.extend(not_yet(&server));
    let (dialects, found) = super::dialects::dialects(&server.root);
    problems.extend(found);
    problems.extend(super::dialects::unknown(&server.file, &server.document, &dialects));
    let (files, found) = load_policies(&server.root, &server.file.policies.dir);
    let found_any = !files.is_empty() || !found.has_errors();
    problems.extend(found);
    let names: Vec<&str> = files.iter().map(|policy| policy.file.name.as_str()).collect();
    // Where no policy can be read, that every route names an unknown one would say nothing new.
    if found_any {
        problems.extend(check_route_policies(&server, &names));
    }
    let mut policies = Vec::new();
    let mut folders = vec![server.root.clone(), server.root.join(&server.file.policies.dir)];
    folders.extend(Some(server.root.join("dialects")).filter(|folder| folder.is_dir()));
    for file in &files {
        let (policy, found) = compile(file);
        problems.extend(found);
        problems.extend(policy.as_ref().map(|policy| lint(file, policy)).unwrap_or_default());
        problems.extend(today.map(|today| check_dates(file, today)).unwrap_or_default());
        policies.extend(policy.map(Arc::new));
        folders.extend(file.folders.iter().cloned());
    }
    problems.sort();
    if problems.has_errors() {
        return (None, problems);
    }
    let failed_tests = match today.filter(|_| server.file.policies.require_tests_pass) {
        Some(today) => failed_tests(&server, &files, &policies, today, &mut problems),
        None => Vec::new(),
    };
    folders.sort();
    folders.dedup();
    (Some(Loaded { server, policies, dialects, folders, failed_tests }), problems)
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
    policies: &[Arc<Policy>],
    today: Date,
    problems: &mut Problems,
) -> Vec<String> {
    let mut failed = Vec::new();
    let mut run = |policy: &Arc<Policy>, tests: &_, defaults: &_| {
        let report = run_suite(policy, (tests, defaults), &[], today, false);
        let misses =
            report.tests.iter().filter(|test| !test.todo && !test.result.misses.is_empty());
        failed.extend(misses.map(|test| format!("{}: {}", policy.name, test.name)));
    };
    for (file, policy) in files.iter().zip(policies) {
        run(policy, &file.file.tests, &crate::config::test_file::TestDefaults::default());
    }
    for path in suite_files(&server.root) {
        let (tests, found) = load_tests(&server.root, &path);
        problems.extend(found);
        let Some(tests) = tests else { continue };
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
    /// Reads the certificates that the server file names. It is no part of loading, because whoever
    /// checks a configuration elsewhere has no private keys there.
    pub fn certificates(&self, problems: &mut Problems) -> Certificates {
        read_certificates(&self.server, problems)
    }

    /// Makes what the data plane runs on. An error names what cannot be set up.
    pub fn live(
        &self,
        environment: &[(String, String)],
        demo: DemoSettings,
        certificates: &Certificates,
    ) -> Result<Live, Problem> {
        let file = &self.server.file;
        let mut upstreams: HashMap<&str, Arc<NamedUpstream>> = HashMap::new();
        for (name, upstream) in file.upstreams.iter() {
            let made = self.upstream((name, upstream), environment, demo, certificates)?;
            upstreams
                .insert(name, Arc::new(NamedUpstream { name: Arc::from(name), upstream: made }));
        }
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
            let upstream =
                upstreams.get(route.upstream.as_str()).ok_or_else(|| missing("upstream"))?;
            let policy = policies.get(&route.policy).ok_or_else(|| missing("policy"))?;
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
            dialects: self.dialects.clone(),
            fail_open: file.fail.internal_error == server_file::FailMode::Open,
        })
    }

    fn upstream(
        &self,
        (name, written): (&str, &server_file::Upstream),
        environment: &[(String, String)],
        demo: DemoSettings,
        certificates: &Certificates,
    ) -> Result<Upstream, Problem> {
        if written.builtin == Some(Builtin::Demo) {
            return Ok(Upstream::Demo(Demo::new(demo)));
        }
        let place = format!("upstreams.{name}");
        let wrong = |message: String| {
            Problem::new(Code::TG062, message).at(self.server.document.at(&place), "")
        };
        let url = written.url.as_deref().unwrap_or_default();
        let base = url.parse().map_err(|_| wrong(format!("`{url}` is not an address")))?;
        let key = match &written.key {
            Some(reference) => Some(self.secret(reference, environment).map_err(wrong)?),
            None => None,
        };
        let timeouts = UpstreamTimeouts {
            connect: written.timeouts.connect.duration(),
            first_byte: written.timeouts.first_byte.duration(),
            idle: written.timeouts.idle.duration(),
            total: written.timeout.duration(),
        };
        let authorities = certificates.authorities.get(name).cloned();
        let remote = Remote::new(RemoteSettings { base, key, authorities, timeouts });
        remote
            .map(|remote| Upstream::Remote(Box::new(remote)))
            .map_err(|error| wrong(error.to_string()))
    }

    /// The value that a reference names. The message of an error names the reference, never a value.
    pub fn secret(
        &self,
        reference: &SecretRef,
        environment: &[(String, String)],
    ) -> Result<Secret, String> {
        match reference {
            SecretRef::Env { env } => {
                let value = environment.iter().find(|(name, _)| name == env);
                let value = value.filter(|(_, value)| !value.is_empty());
                value
                    .map(|(_, value)| Secret::new(value.clone()))
                    .ok_or_else(|| format!("the environment variable `{env}` is not set"))
            }
            SecretRef::File { file } => {
                let path = self.server.root.join(file);
                let value = std::fs::read_to_string(&path)
                    .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
                Ok(Secret::new(value.trim_end_matches(['\n', '\r'])))
            }
        }
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
        for policy in &self.policies {
            for rule in policy.rules.iter() {
                metrics.know_rule(&policy.name, &rule.id, rule.mode.min(policy.mode));
            }
        }
    }
}
