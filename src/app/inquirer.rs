//! Asks classifiers for commands that go through many texts and can wait.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

use super::certificates::endpoint_authorities;
use super::classifiers::{Endpoints, classifiers, endpoints, mistakes, models, unknown_endpoints};
use super::upstreams::Surroundings;
use crate::classify::Tested;
use crate::config::{Code, LoadedPolicy, LoadedServer, Problem, Problems};
use crate::engine::{Answered, Asked, Inquire, Wanted};
use crate::policy::{Policy, Remote};
use crate::proxy::{Asker, Classifiers};
use crate::telemetry::Metrics;
use crate::upstream::OwnAddresses;
use crate::upstream::demo::DemoSettings;

/// Threads that speak with remote classifiers.
const THREADS: usize = 2;
/// How often it is looked whether a self-test has ended.
const GLANCE: Duration = Duration::from_millis(20);

/// The classifiers of one policy, ready to be asked.
pub struct Inquirer {
    asker: Asker,
    classifiers: Arc<Classifiers>,
    runtime: Runtime,
}

impl fmt::Debug for Inquirer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inquirer").field("classifiers", &self.classifiers).finish_non_exhaustive()
    }
}

impl Inquirer {
    /// Makes the classifiers ready that rules of a policy ask, at the endpoints of the server file, and waits for their
    /// self-tests. `None` where no rule asks one.
    ///
    /// # Errors
    /// What is wrong with one, such as an endpoint that is missing or a self-test that failed.
    pub fn new(
        loaded: &LoadedPolicy,
        policy: &Arc<Policy>,
        server: Option<&LoadedServer>,
        environment: &[(String, String)],
    ) -> Result<Option<Self>, Problems> {
        let asked: Vec<&Remote> = policy
            .remotes
            .iter()
            .map(|remote| &**remote)
            .filter(|one| !one.rules.is_empty())
            .collect();
        if asked.is_empty() {
            return Ok(None);
        }
        let mut problems = Problems::new();
        let models = models(std::slice::from_ref(loaded), std::slice::from_ref(policy));
        // What is wrong with one is known by its name, whatever else tells it apart.
        let named = policy.remotes.iter().filter_map(|remote| {
            Some((remote.name.to_string(), Arc::clone(models.get(&*remote.id)?)))
        });
        problems.extend(mistakes(loaded, policy, &named.collect()));
        problems.extend(match server {
            Some(server) => unknown_endpoints(server, loaded),
            None => no_server_file(loaded, &asked),
        });
        let ready = server.map(|server| ready(server, &asked, environment, &mut problems));
        if problems.has_errors() {
            return Err(problems);
        }
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
        let runtime = runtime.map_err(|error| Problem::new(Code::TG054, error.to_string()))?;
        let inside = runtime.enter();
        let policies = std::slice::from_ref(policy);
        let (ready, metrics) = (ready.unwrap_or_default(), Arc::new(Metrics::new()));
        let made = classifiers((policies, &models), &ready, &metrics, None)?;
        let classifiers = Arc::new(made);
        for remote in asked {
            if let Some(why) = runtime.block_on(fails_its_test(&classifiers, remote)) {
                let message = format!("`{}` fails its self-test: {why}", remote.name);
                let at = loaded.at(&format!("classifiers.{}", remote.name));
                return Err(Problem::new(Code::TG054, message).at(at, "asked just now").into());
            }
        }
        drop(inside);
        let asker = Asker::new(Arc::clone(&classifiers));
        Ok(Some(Self { asker, classifiers, runtime }))
    }

    /// Names and revisions of the classifiers.
    pub fn revisions(&self) -> Vec<String> {
        self.classifiers.states().into_iter().map(|(name, _)| name).collect()
    }
}

impl Inquire for Inquirer {
    fn inquire(&self, wanted: Vec<Wanted>) -> Vec<(Asked, Answered)> {
        self.runtime.block_on(self.asker.ask(wanted))
    }
}

/// Endpoints that nobody can look up.
fn no_server_file(loaded: &LoadedPolicy, asked: &[&Remote]) -> Problems {
    let mut problems = Problems::new();
    for remote in asked {
        let Some(named) = remote.written.as_ref().and_then(|written| written.endpoint.as_ref())
        else {
            continue;
        };
        let at = loaded.at(&format!("classifiers.{}.endpoint", remote.name));
        let message = format!("the server file says where `{named}` is, and there is none");
        let problem = Problem::new(Code::TG024, message).at(at, "asked here");
        problems.push(problem.help("name it: `--config FILE`"));
    }
    problems
}

/// The endpoints that are asked, with their secrets. Others may lack theirs.
fn ready(
    server: &LoadedServer,
    asked: &[&Remote],
    environment: &[(String, String)],
    problems: &mut Problems,
) -> Endpoints {
    let named = asked.iter().filter_map(|remote| remote.written.as_ref()?.endpoint.as_deref());
    let named: BTreeSet<&str> = named.collect();
    let certificates = endpoint_authorities(server, &named, problems);
    let own = OwnAddresses::default();
    let around = Surroundings {
        environment,
        demo: DemoSettings::default(),
        certificates: &certificates,
        own: &own,
    };
    endpoints(server, around, &|name| named.contains(name), problems)
}

/// Why a classifier is not believed, once its self-test has run. One without a self-test is.
async fn fails_its_test(classifiers: &Classifiers, remote: &Remote) -> Option<String> {
    let running = classifiers.get(&remote.id)?;
    loop {
        match running.classifier.state().tested {
            Some(Tested::Pending) => sleep(GLANCE).await,
            Some(Tested::Failed(why)) => return Some(why),
            Some(Tested::Passed) | None => return None,
        }
    }
}
