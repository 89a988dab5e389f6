//! The classifiers that policies ask, made ready from what the policies say and the endpoints of the server file.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::upstreams::{Surroundings, secret};
use crate::classify::{Classifier, Endpoint, categories, load_models};
use crate::config::policy_file::ClassifierKind;
use crate::config::server_file::Endpoint as Written;
use crate::config::{Code, LoadedPolicy, LoadedServer, Problem, Problems};
use crate::detect::onnx::Onnx;
use crate::domain::Category;
use crate::policy::{Policy, Remote};
use crate::proxy::{Classifiers, Running};
use crate::telemetry::Metrics;

/// Endpoints by their names.
pub(super) type Endpoints = HashMap<String, Ready>;

/// An endpoint with its secrets.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    endpoint: Endpoint,
    /// What tells it from the same name with other settings. No secret is in it as it is.
    mark: String,
}

/// Transformers in process, by the names of their classifiers, or by what tells these apart.
pub(super) type Models = BTreeMap<String, Arc<Onnx>>;

/// The transformers of all policies, by what tells their classifiers apart.
pub(super) fn models(files: &[LoadedPolicy], policies: &[Arc<Policy>]) -> Models {
    let mut all = Models::new();
    for (file, policy) in files.iter().zip(policies) {
        // Its problems have been told when the policy was looked at.
        let (mut found, _) = load_models(file);
        for remote in policy.remotes.iter() {
            all.extend(found.remove(&*remote.name).map(|model| (remote.id.to_string(), model)));
        }
    }
    all
}

/// Makes endpoints ready; what one lacks is a problem at its key.
pub(super) fn endpoints(
    server: &LoadedServer,
    around: Surroundings<'_>,
    is_wanted: &dyn Fn(&str) -> bool,
    problems: &mut Problems,
) -> Endpoints {
    let mut endpoints = Endpoints::new();
    for (name, written) in server.file.endpoints.iter().filter(|(name, _)| is_wanted(name)) {
        match endpoint(server, (name, written), around) {
            Ok(ready) => drop(endpoints.insert(name.to_owned(), ready)),
            Err(message) => {
                let at = server.document.at(&format!("endpoints.{name}"));
                problems.push(Problem::new(Code::TG062, message).at(at, ""));
            }
        }
    }
    endpoints
}

fn endpoint(
    server: &LoadedServer,
    (name, written): (&str, &Written),
    around: Surroundings<'_>,
) -> Result<Ready, String> {
    let base = written.url.parse().map_err(|_| format!("`{}` is not an address", written.url))?;
    let read = |reference| secret(server, reference, around.environment);
    let key = written.key.as_ref().map(read).transpose()?;
    let mut headers = Vec::new();
    for (header, reference) in written.headers.iter() {
        headers.push((header.to_owned(), read(reference)?));
    }
    let authorities = around.certificates.authorities.get(&format!("endpoints.{name}")).cloned();
    // A secret that changes makes another endpoint.
    let mut hash = Sha256::new();
    for secret in key.iter().chain(headers.iter().map(|(_, secret)| secret)) {
        hash.update((secret.expose().len() as u64).to_le_bytes());
        hash.update(secret.expose());
    }
    let revision = &around.certificates.revision;
    let mark = format!("{written:?} {revision} {:?}", hash.finalize());
    let own = around.own.clone();
    Ok(Ready { endpoint: Endpoint { base, key, headers, authorities, own }, mark })
}

/// What is wrong with the classifiers of a policy that have to be asked, as they are written.
pub(super) fn mistakes(loaded: &LoadedPolicy, policy: &Policy, models: &Models) -> Problems {
    let mut problems = Problems::new();
    for remote in policy.remotes.iter() {
        let place = format!("classifiers.{}", remote.name);
        let Some(written) = &remote.written else { continue };
        let model = models.get(&*remote.name).map(|model| &**model);
        let known = categories(written, model);
        for mistake in known.as_ref().err().into_iter().flatten() {
            let message = format!("`{}` cannot be asked: {}", remote.name, mistake.message);
            let key = format!("{place}.{}", mistake.key);
            let problem = Problem::new(Code::TG054, message);
            let problem = problem.at(loaded.at(&key), "here");
            problems.push(match &mistake.help {
                Some(help) => problem.help(help.clone()),
                None => problem,
            });
        }
        // Which labels a model has that could not be read is not known.
        let read = written.kind != ClassifierKind::Onnx || model.is_some();
        if let Some(known) = known.ok().filter(|_| read) {
            problems.extend(labels(loaded, policy, remote, &known));
        }
    }
    problems
}

/// Labels that rules ask for, and that no answer of a classifier has.
fn labels(loaded: &LoadedPolicy, policy: &Policy, remote: &Remote, known: &[Category]) -> Problems {
    let mut problems = Problems::new();
    for condition in &remote.conditions {
        let Some(category) = condition.category.as_ref().filter(|one| !known.contains(one)) else {
            continue;
        };
        let asks = |index: &&usize| {
            let mut asks = false;
            if let Some(rule) = policy.rules.get(**index) {
                rule.matcher.visit_atoms(&mut |atom| asks |= atom == condition.atom);
            }
            asks
        };
        let rule = remote.rules.iter().find(asks).and_then(|&index| policy.rules.get(index));
        let index = rule
            .and_then(|rule| loaded.file.rules.iter().position(|written| *written.id == *rule.id));
        let at = loaded.at(&format!(
            "rules[{}].classifier.{}.labels",
            index.unwrap_or_default(),
            remote.name
        ));
        let message = format!("`{}` has no label `{}`", remote.name, category.as_str());
        let named: Vec<&str> = known.iter().map(Category::as_str).collect();
        let problem = Problem::new(Code::TG015, message).at(at, "no answer of it has this");
        problems.push(problem.help(format!("its labels: {}", named.join(", "))));
    }
    problems
}

/// Classifiers whose endpoint the server file does not have.
pub(super) fn unknown_endpoints(server: &LoadedServer, loaded: &LoadedPolicy) -> Problems {
    let mut problems = Problems::new();
    for (name, written) in loaded.file.classifiers.iter() {
        let Some(named) = &written.endpoint else { continue };
        if server.file.endpoints.contains(named) {
            continue;
        }
        let known: Vec<&str> = server.file.endpoints.names().collect();
        let help = if known.is_empty() {
            format!("add to the server file: `endpoints: {{ {named}: {{ url: https://… }} }}`")
        } else {
            format!("endpoints of the server file: {}", known.join(", "))
        };
        let at = loaded.at(&format!("classifiers.{name}.endpoint"));
        let problem = Problem::new(Code::TG024, format!("unknown endpoint `{named}`"));
        problems.push(problem.at(at, "not in the server file").help(help));
    }
    problems
}

/// Takes the classifiers of all policies into use. One that was in use before, and is the same, stays. It has to be called
/// inside a runtime.
///
/// # Errors
/// What is wrong with one.
pub(super) fn classifiers(
    (policies, models): (&[Arc<Policy>], &Models),
    endpoints: &Endpoints,
    metrics: &Arc<Metrics>,
    before: Option<&Classifiers>,
) -> Result<Classifiers, Problem> {
    let mut found = Classifiers::default();
    for remote in policies.iter().flat_map(|policy| policy.remotes.iter()) {
        if remote.rules.is_empty() || found.get(&remote.id).is_some() {
            continue;
        }
        let Some(written) = &remote.written else { continue };
        let ready = written.endpoint.as_ref().and_then(|name| endpoints.get(name));
        let mark = ready.map(|ready| ready.mark.clone()).unwrap_or_default();
        let known = before.and_then(|before| before.get(&remote.id));
        if let Some(known) = known.filter(|known| known.endpoint == mark) {
            found.add(Arc::clone(&remote.id), Arc::clone(known));
            continue;
        }
        let metrics = Arc::clone(metrics);
        let made = match (models.get(&*remote.id), ready) {
            (Some(model), _) => {
                Classifier::in_process(&remote.name, written, Arc::clone(model), metrics)
            }
            (None, Some(ready)) => {
                Classifier::new(&remote.name, written, ready.endpoint.clone(), metrics)
            }
            (None, None) => continue,
        };
        let classifier = made.map_err(|mistakes| {
            let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            let message = format!("`{}` cannot be asked: {}", remote.name, told.join("; "));
            Problem::new(Code::TG054, message)
        })?;
        found.add(Arc::clone(&remote.id), Arc::new(Running::new(classifier, mark)));
    }
    Ok(found)
}
