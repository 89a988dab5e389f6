//! Which policy a command means.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use super::{ConfigArg, FormatArg, environment, output};
use crate::app::Inquirer;
use crate::config::{
    LoadedPolicy, Problems, configuration_root, load_policies, load_policy, load_server,
};
use crate::policy::{Policy, compile};

/// The policy of this file; without one, that of a route of the server file, the first unless one is named. `None`
/// when it is not valid; the problems have been shown.
pub(super) fn named_policy(
    policy: Option<&Path>,
    config: &ConfigArg,
    route: Option<&str>,
) -> anyhow::Result<Option<LoadedPolicy>> {
    let Some(path) = policy else { return usual_policy(config, route) };
    anyhow::ensure!(path.is_file(), "`{}` is not a file", path.display());
    let root = configuration_root(config.config.as_deref(), Some(path));
    let (loaded, problems) = load_policy(&root, path);
    if problems.has_errors() {
        output::problems(&problems, FormatArg::Full.into());
        return Ok(None);
    }
    Ok(loaded)
}

/// A policy with those who answer for the classifiers that it asks; nobody where it asks none.
pub(super) type Asking = (Arc<Policy>, Option<Arc<Inquirer>>);

/// Compiles a policy and makes the classifiers ready that it asks, at the endpoints of the server file. `None` when
/// something is wrong; the problems have been shown.
pub(super) fn asking(loaded: &LoadedPolicy, config: &ConfigArg) -> Option<Asking> {
    let made = try_asking(loaded, config);
    made.map_err(|problems| output::problems(&problems, FormatArg::Full.into())).ok()
}

fn try_asking(loaded: &LoadedPolicy, config: &ConfigArg) -> Result<Asking, Problems> {
    let (policy, problems) = compile(loaded);
    let policy = policy.filter(|_| !problems.has_errors()).map(Arc::new).ok_or(problems)?;
    let asks = policy.remotes.iter().any(|remote| !remote.rules.is_empty());
    let server = match config.path().filter(|_| asks) {
        None => None,
        Some(path) => {
            let (server, problems) = load_server(Some(&path), &environment(), &[]);
            Some(server.filter(|_| !problems.has_errors()).ok_or(problems)?)
        }
    };
    let whom = Inquirer::new(loaded, &policy, server.as_ref(), &environment())?;
    Ok((policy, whom.map(Arc::new)))
}

/// The policy of the route that was named, else of the first.
fn usual_policy(config: &ConfigArg, route: Option<&str>) -> anyhow::Result<Option<LoadedPolicy>> {
    let config = config.path().context("name a policy with -p FILE")?;
    let (server, mut problems) = load_server(Some(&config), &[], &[]);
    let Some(server) = server.filter(|_| !problems.has_errors()) else {
        output::problems(&problems, FormatArg::Full.into());
        return Ok(None);
    };
    let mut routes = server.file.routes.iter();
    let route = match route {
        Some(id) => routes.find(|route| route.id == *id).with_context(|| {
            let known: Vec<&str> = server.file.routes.iter().map(|one| one.id.as_str()).collect();
            format!("the server file has no route `{id}`; there are: {}", known.join(", "))
        })?,
        None => routes.next().context("the server file has no route")?,
    };
    let (policies, found) = load_policies(&server.root, &server.file.policies.dir);
    problems.extend(found);
    let policy = policies.into_iter().find(|policy| policy.file.name == route.policy);
    if policy.is_none() || problems.has_errors() {
        output::problems(&problems, FormatArg::Full.into());
        anyhow::ensure!(
            problems.has_errors(),
            "there is no policy `{}`, which the route `{}` names",
            route.policy,
            route.id
        );
        return Ok(None);
    }
    Ok(policy)
}
