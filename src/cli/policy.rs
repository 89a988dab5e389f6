//! Which policy a command means.

use std::path::Path;

use anyhow::Context as _;

use super::{ConfigArg, FormatArg, output};
use crate::config::{LoadedPolicy, configuration_root, load_policies, load_policy};
use crate::policy::Policy;

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

/// Refuses a policy that would need somebody to be asked.
pub(super) fn asks_nobody(policy: &Policy) -> anyhow::Result<()> {
    let asking = policy.remotes.iter().filter(|remote| !remote.rules.is_empty());
    let asked: Vec<String> = asking.map(|remote| format!("`{}`", remote.name)).collect();
    anyhow::ensure!(
        asked.is_empty(),
        "rules of `{}` ask {}, and this command asks nobody: leave these rules out, or `suppress` them",
        policy.name,
        asked.join(", ")
    );
    Ok(())
}

/// The policy of the route that was named, else of the first.
fn usual_policy(config: &ConfigArg, route: Option<&str>) -> anyhow::Result<Option<LoadedPolicy>> {
    let config = config.path().context("name a policy with -p FILE")?;
    let (server, mut problems) = crate::config::load_server(Some(&config), &[], &[]);
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
