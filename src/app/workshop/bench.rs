//! Tries changes of policies out: a draft compiled beside everything else as it lies there, its tests, and the tests and
//! exceptions that people's judgements come to. It takes time and memory, and blocks meanwhile.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use serde_json::{Value, json};

use super::save::save;
use crate::app::classifiers::unknown_endpoints;
use crate::app::examine::examine;
use crate::app::load::Files;
use crate::app::suites::{TESTS, run_suite, suite_files};
use crate::config::test_file::{TestCase, TestDefaults};
use crate::config::{
    Flag, LoadedPolicy, LoadedServer, LoadedTests, Overlay, Problems, flow, load_policies,
    load_policy, load_policy_over, load_server, load_tests, with_item,
};
use crate::console::{Diagnostic, TestEnd, Wish, WorkshopFault};
use crate::domain::{Phase, Verdict};
use crate::engine::{Scratch, Subject, run_test, screen_passage};
use crate::people::improve::{Case, Excuse, Proposal, exceptions};
use crate::policy::Policy;
use crate::telemetry::Clock;

/// The most exceptions that are tried out: each is a policy that is compiled and tested.
const MOST_TRIES: usize = 7;
/// Misses that are told of one test.
const MOST_MISSES: usize = 3;

/// Tries changes of policies out.
#[derive(Clone, Debug, Default)]
pub struct Bench {
    /// The server file.
    pub config: Option<PathBuf>,
    /// The environment.
    pub environment: Vec<(String, String)>,
    /// Settings from the command line.
    pub flags: Vec<Flag>,
    /// What tells the day.
    pub clock: Clock,
}

/// The text of a policy in the place of its file's own, by somebody who may not know every file beside it.
#[derive(Clone, Debug)]
pub(super) struct DraftText {
    pub(super) text: String,
    /// The other files that it may name.
    pub(super) known: BTreeSet<String>,
}

impl DraftText {
    fn over(self, path: &Path) -> Overlay {
        Overlay { path: path.to_owned(), text: self.text, known: Some(self.known) }
    }
}

/// A policy where it lies.
struct Place {
    server: LoadedServer,
    path: PathBuf,
}

/// A policy that was compiled.
pub(super) struct Made {
    pub(super) loaded: LoadedPolicy,
    pub(super) policy: Arc<Policy>,
    pub(super) problems: Problems,
}

/// A file of tests, or the tests that stand in the policy.
struct Suite {
    tests: Vec<TestCase>,
    defaults: TestDefaults,
    /// The file, from the configuration root, with its text.
    file: (String, String),
}

type Done<T> = Result<T, WorkshopFault>;

/// What is wrong, as data.
pub(super) fn diagnostics(problems: &Problems) -> Vec<Diagnostic> {
    problems.iter().map(Diagnostic::from).collect()
}

fn wrong(problems: &Problems) -> WorkshopFault {
    WorkshopFault::Wrong(diagnostics(problems))
}

impl Bench {
    fn today(&self) -> Date {
        self.clock.today()
    }

    fn server(&self) -> Done<LoadedServer> {
        let (server, problems) =
            load_server(self.config.as_deref(), &self.environment, &self.flags);
        server.filter(|_| !problems.has_errors()).ok_or_else(|| wrong(&problems))
    }

    /// Where a policy lies: in the file that it was read from last, if that is known.
    fn place(&self, policy: &str, file: Option<&str>) -> Done<Place> {
        let server = self.server()?;
        if let Some(path) = file.map(|file| server.root.join(file)).filter(|path| path.is_file()) {
            return Ok(Place { server, path });
        }
        let (policies, _) = load_policies(&server.root, &server.file.policies.dir);
        let found = policies.into_iter().find(|loaded| loaded.file.name == policy);
        let source = found.as_ref().and_then(|loaded| loaded.documents.first());
        let path = source.map(|document| PathBuf::from(document.source().location()));
        let path = path.ok_or_else(|| WorkshopFault::NoPolicy(policy.to_owned()))?;
        Ok(Place { server, path })
    }

    /// Compiles a policy, with a text in the place of its own file.
    ///
    /// # Errors
    /// When there is no such policy, or it is wrong.
    pub(super) fn make(&self, policy: &str, (file, text): (Option<&str>, DraftText)) -> Done<Made> {
        let place = self.place(policy, file)?;
        self.compile(&place, Some(&text.over(&place.path)))
    }

    fn compile(&self, place: &Place, overlay: Option<&Overlay>) -> Done<Made> {
        let (loaded, mut problems) = load_policy_over(&place.server.root, &place.path, overlay);
        let Some(loaded) = loaded else { return Err(wrong(&problems)) };
        problems.extend(unknown_endpoints(&place.server, &loaded));
        let (policy, found) = examine(&loaded, self.today());
        problems.extend(found);
        problems.sort();
        let policy = policy.filter(|_| !problems.has_errors()).ok_or_else(|| wrong(&problems))?;
        Ok(Made { loaded, policy, problems })
    }

    /// Runs the tests of a policy, those that stand in it and those of its files: under the one that is in force, or a draft.
    ///
    /// # Errors
    /// When there is no such policy, or it is wrong.
    pub(super) fn test(
        &self,
        policy: &str,
        (file, under): (Option<&str>, Result<Arc<Policy>, DraftText>),
    ) -> Done<Vec<TestEnd>> {
        let place = self.place(policy, file)?;
        let (loaded, policy) = match under {
            Ok(live) => {
                let (loaded, problems) = load_policy(&place.server.root, &place.path);
                (loaded.ok_or_else(|| wrong(&problems))?, live)
            }
            Err(draft) => {
                let made = self.compile(&place, Some(&draft.over(&place.path)))?;
                (made.loaded, made.policy)
            }
        };
        Ok(self.run(&policy, &suites(&place.server.root, &loaded)))
    }

    fn run(&self, policy: &Arc<Policy>, suites: &[Suite]) -> Vec<TestEnd> {
        let run = |suite: &Suite| {
            let tests = (suite.tests.as_slice(), &suite.defaults);
            run_suite(policy, tests, &[], self.today(), false).tests
        };
        let ends = suites.iter().flat_map(run).map(|test| {
            let why = test.result.misses.iter().take(MOST_MISSES);
            let why: Vec<String> =
                why.map(|miss| format!("{}: {}", miss.text, miss.what)).collect();
            let ok = test.result.misses.is_empty();
            TestEnd { name: test.name, ok, todo: test.todo, why: why.join("; ") }
        });
        ends.collect()
    }

    /// A change that fulfils a wish, tried out.
    ///
    /// # Errors
    /// When there is none, or the files are wrong as they are.
    pub fn propose(&self, wish: &Wish) -> Done<Proposal> {
        match wish {
            Wish::Case(case) => self.case(case),
            Wish::Excuse(excuse) => self.exception(excuse),
        }
    }

    fn case(&self, case: &Case) -> Done<Proposal> {
        let place = self.place(&case.policy, None)?;
        let made = self.compile(&place, None)?;
        let suites = suites(&place.server.root, &made.loaded);
        let tests: usize = suites.iter().map(|suite| suite.tests.len()).sum();
        if suites.iter().flat_map(|suite| &suite.tests).any(|test| test.name == case.name) {
            let message = format!("there is a test `{}` already", case.name);
            return Err(WorkshopFault::NoWay(message));
        }
        // A file of tests is the place for more of them; then the policy, where it has some.
        let suite =
            suites.iter().find(|suite| is_of_tests(&suite.file.0)).or_else(|| suites.first());
        let defaults = suite.map(|suite| suite.defaults.clone()).unwrap_or_default();
        let test: TestCase = serde_json::from_value(case.item(&defaults, false))
            .map_err(|error| WorkshopFault::System(error.to_string()))?;
        let mut scratch = Scratch::asking_nobody();
        let end = run_test(&made.policy, &test, &defaults, self.today(), &mut scratch);
        let todo = !end.misses.is_empty();
        let item = case.item(&defaults, todo);
        let (file, before, after) = match suite {
            Some(Suite { file: (file, text), .. }) => {
                (file.clone(), Some(text.clone()), added(text, "tests", &item)?)
            }
            None => new_suite(&place, &item)?,
        };
        let yaml = added("tests:\n", "tests", &item)?;
        let yaml = yaml.split_once('\n').map_or(String::new(), |(_, lines)| lines.to_owned());
        Ok(Proposal { file, yaml, before, after, todo, tests: tests + 1 })
    }

    fn exception(&self, excuse: &Excuse) -> Done<Proposal> {
        let place = self.place(&excuse.policy, None)?;
        let made = self.compile(&place, None)?;
        let number = made.loaded.file.rules.iter().position(|rule| rule.id == excuse.rule);
        let no_way = |message: &str| WorkshopFault::NoWay(message.to_owned());
        let number = number.ok_or_else(|| no_way("the policy has no such rule any more"))?;
        let fires = |policy: &Arc<Policy>, text: &(_, String)| {
            let verdict = self.screened(policy, (excuse.phase, text));
            verdict.rules.iter().any(|fired| *fired.id == *excuse.rule).then_some(verdict)
        };
        let mut texts = excuse.texts.iter().rev();
        let found = texts.find_map(|text| Some((text, fires(&made.policy, text)?)));
        let (text, verdict) =
            found.ok_or_else(|| no_way("the rule no longer fires on the text that is kept"))?;
        let of_rule = verdict.findings.iter().filter(|one| *one.rule_id == *excuse.rule);
        let spans: Vec<_> = of_rule.map(|finding| finding.span).collect();
        let offers = exceptions(&text.1, &spans);
        if offers.is_empty() {
            return Err(no_way(
                "what matched is all of its sentence: an exception would switch it off for good",
            ));
        }
        let suites = suites(&place.server.root, &made.loaded);
        let failed = |ends: Vec<TestEnd>| {
            let failed = ends.into_iter().filter(|end| !end.ok && !end.todo);
            failed.map(|end| end.name).collect::<Vec<_>>()
        };
        let before = failed(self.run(&made.policy, &suites));
        let (written, path) = made.loaded.whole(&format!("rules[{number}]"));
        for terms in offers.into_iter().take(MOST_TRIES) {
            let mut after = Ok(written.source.text().to_owned());
            for term in &terms {
                after = after.and_then(|text| {
                    added(&text, &format!("{path}.except"), &Value::from(term.as_str()))
                });
            }
            let after = after?;
            let path = PathBuf::from(written.source.location());
            let overlay = Overlay { path, text: after.clone(), known: None };
            let Ok(draft) = self.compile(&place, Some(&overlay)) else { continue };
            let lets_more = || {
                failed(self.run(&draft.policy, &suites)).iter().any(|name| !before.contains(name))
            };
            if fires(&draft.policy, text).is_none() && !lets_more() {
                let tests = suites.iter().map(|suite| suite.tests.len()).sum();
                let file = written.source.name().to_owned();
                let yaml = format!("except: {}\n", flow(&json!(terms)));
                let before = Some(written.source.text().to_owned());
                return Ok(Proposal { file, yaml, before, after, todo: false, tests });
            }
        }
        Err(no_way(
            "no exception of the words around the match excuses it and leaves the policy's tests as they are",
        ))
    }

    fn screened(
        &self,
        policy: &Arc<Policy>,
        (phase, (author, text)): (Phase, &(crate::domain::Author, String)),
    ) -> Verdict {
        let subject = Subject { phase, author: *author, today: self.today(), streamed: false };
        screen_passage(policy, subject, text, &mut Scratch::asking_nobody())
    }

    /// Whether everything would be taken into force with a change, and no test of any policy fails that passes without it,
    /// also where failing tests are no reason to refuse files.
    ///
    /// # Errors
    /// When the files would be wrong, or tests fail.
    pub fn check(&self, proposal: &Proposal) -> Done<()> {
        let root = self.server()?.root;
        let (path, text) = (root.join(&proposal.file), proposal.after.clone());
        let after = self.failing(Some(&Overlay { path, text, known: None }))?;
        if after.is_empty() {
            return Ok(());
        }
        let before = self.failing(None).unwrap_or_default();
        let new: Vec<String> = after.into_iter().filter(|test| !before.contains(test)).collect();
        if new.is_empty() { Ok(()) } else { Err(WorkshopFault::TestsFail(new)) }
    }

    /// The tests that fail of all policies.
    fn failing(&self, overlay: Option<&Overlay>) -> Done<Vec<String>> {
        let all = Flag {
            name: "a change".to_owned(),
            path: "policies.require_tests_pass".to_owned(),
            value: "true".to_owned(),
        };
        let flags = [self.flags.as_slice(), &[all]].concat();
        let (path, environment) = (self.config.as_deref(), self.environment.as_slice());
        let (files, mut problems) = Files::read_over(path, environment, &flags, overlay);
        let loaded = files.load(self.today(), &mut problems).ok_or_else(|| wrong(&problems))?;
        Ok(loaded.failed_tests)
    }

    /// Writes a change into its file.
    ///
    /// # Errors
    /// When the file is another one by now, or not one that may be written.
    pub fn save(&self, proposal: &Proposal) -> Done<()> {
        let server = self.server()?;
        save(&server.root, &[&server.file.policies.dir, TESTS], proposal)
    }
}

/// The tests of a policy: those that stand in it, and those of the files about it.
fn suites(root: &Path, loaded: &LoadedPolicy) -> Vec<Suite> {
    let own = loaded.documents.first().map(|document| Arc::clone(document.source()));
    let mut suites = Vec::new();
    if let Some(own) = own.as_ref().filter(|_| !loaded.file.tests.is_empty()) {
        let file = (own.name().to_owned(), own.text().to_owned());
        let (tests, defaults) = (loaded.file.tests.clone(), TestDefaults::default());
        suites.push(Suite { tests, defaults, file });
    }
    let about = |tests: &LoadedTests| {
        own.as_ref().is_some_and(|own| tests.policy.ends_with(Path::new(own.name())))
    };
    let files = suite_files(root).into_iter().filter_map(|path| load_tests(root, &path).0);
    suites.extend(files.filter(about).map(|tests| {
        let source = tests.document.source();
        let file = (source.name().to_owned(), source.text().to_owned());
        Suite { tests: tests.file.tests, defaults: tests.file.defaults, file }
    }));
    suites
}

fn is_of_tests(file: &str) -> bool {
    file.ends_with(".test.yaml")
}

fn added(text: &str, path: &str, item: &Value) -> Done<String> {
    with_item(text, path, item).map_err(|unaddable| WorkshopFault::NoWay(unaddable.to_string()))
}

/// A file of tests for a policy that has none: its name, that it is not there, and its text.
fn new_suite(place: &Place, item: &Value) -> Done<(String, Option<String>, String)> {
    let name = place.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = place.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let file = format!("{TESTS}/{stem}.test.yaml");
    let text = format!("version: 1\npolicy: {}\ntests:\n", flow(&json!(name)));
    let after = added(&text, "tests", item)?;
    // A file of this name that cannot be read as tests stays as it is.
    let before = std::fs::read_to_string(place.server.root.join(&file)).ok();
    if before.is_some() {
        return Err(WorkshopFault::NoWay(format!(
            "`{file}` is there and cannot be read as tests of the policy"
        )));
    }
    Ok((file, None, after))
}
