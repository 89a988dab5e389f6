//! Reload: read everything, check everything, test everything, then swap whole; or keep the old and
//! say so.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tracing::{info, warn};

use super::certificates::Certificates;
use super::load::{Loaded, load};
use super::serve::{ServeOptions, demo, seconds};
use crate::config::server_file::ServerFile;
use crate::config::{Format, Problems, render};
use crate::proxy::{Gateway, Live, ServerTls};
use crate::telemetry::Telemetry;

/// What is in force, and what a reload needs to put something else in its place.
#[derive(Debug)]
pub(super) struct Reloader {
    pub(super) options: ServeOptions,
    pub(super) gateway: Arc<Gateway>,
    pub(super) telemetry: Telemetry,
    /// TLS of the data listener and of the admin listener.
    pub(super) tls: [Option<Arc<ServerTls>>; 2],
    /// The settings that need a restart, as they were at the start.
    pub(super) fixed: Vec<(&'static str, String)>,
    /// What is in force, by its contents.
    pub(super) revision: ArcSwap<Vec<String>>,
}

impl Reloader {
    /// Tries the files as they are now. Anything wrong: the old configuration stays. Where nothing
    /// changed nothing is done, unless it was `asked` for.
    pub(super) fn reload(&self, asked: bool) {
        let today = self.telemetry.clock.today();
        let options = &self.options;
        let (loaded, mut problems) =
            load(options.config.as_deref(), &options.environment, &options.flags, Some(today));
        let Some(loaded) = loaded else {
            return self.keep_old(&problems);
        };
        let certificates = loaded.certificates(&mut problems);
        if problems.has_errors() {
            return self.keep_old(&problems);
        }
        let revision = revisions(&loaded, &certificates);
        if revision == **self.revision.load() && !asked {
            return;
        }
        if !loaded.failed_tests.is_empty() {
            warn!(tests = ?loaded.failed_tests, "policy tests failed; the policy in force was not changed");
            return self.refused("tests_failed");
        }
        let now = fixed(&loaded.server.file);
        if let Some(((name, _), _)) = self.fixed.iter().zip(&now).find(|(was, is)| was != is) {
            warn!(setting = name, "this setting needs a restart; nothing was changed");
            return self.refused("invalid");
        }
        match loaded.live(&options.environment, demo(options), &certificates) {
            Ok(live) => {
                self.swap(live, &certificates);
                loaded.announce(&self.telemetry.metrics, problems.warnings());
                self.telemetry.metrics.reloaded("ok", seconds(self.telemetry.clock));
                info!(policies = ?revision, "configuration reloaded");
                self.revision.store(Arc::new(revision));
            }
            Err(problem) => {
                problems.push(problem);
                self.keep_old(&problems);
            }
        }
    }

    fn swap(&self, live: Live, certificates: &Certificates) {
        self.gateway.replace(live);
        for (old, new) in self.tls.iter().zip([&certificates.data, &certificates.admin]) {
            if let (Some(old), Some(new)) = (old, new) {
                old.replace(new);
            }
        }
    }

    fn keep_old(&self, problems: &Problems) {
        warn_of(problems);
        warn!("the configuration in force was not changed");
        self.refused("invalid");
    }

    /// A reload that broke in itself.
    pub(super) fn broke(&self, error: &std::io::Error) {
        warn!(%error, "the files could not be loaded; the configuration in force was not changed");
        self.refused("failed");
    }

    fn refused(&self, outcome: &str) {
        self.telemetry.metrics.reloaded(outcome, seconds(self.telemetry.clock));
    }
}

/// Each problem as a line of the log.
pub(super) fn warn_of(problems: &Problems) {
    if problems.errors() + problems.warnings() == 0 {
        return;
    }
    for line in render(problems, Format::Short, false).lines().filter(|line| !line.is_empty()) {
        warn!("{line}");
    }
}

/// The state of every file that has a say.
pub(super) fn revisions(loaded: &Loaded, certificates: &Certificates) -> Vec<String> {
    let policies = loaded.policies.iter();
    let mut revisions: Vec<String> =
        policies.map(|policy| format!("{}@{}", policy.name, policy.revision)).collect();
    revisions.push(format!("server@{}", loaded.server.revision));
    revisions.push(format!("certificates@{}", certificates.revision));
    revisions
}

/// The settings that are read once, when the listeners, the log and the records are set up.
pub(super) fn fixed(file: &ServerFile) -> Vec<(&'static str, String)> {
    let (admin, times, limits) = (&file.admin, &file.timeouts, &file.limits);
    vec![
        ("listen", file.listen.clone()),
        ("admin.listen", admin.listen.clone()),
        ("tls", file.tls.is_some().to_string()),
        ("admin.tls", admin.tls.is_some().to_string()),
        ("admin.hosts", admin.hosts.join(",")),
        ("admin.auth", format!("{:?}", admin.auth)),
        ("limits.connections", limits.connections.to_string()),
        ("limits.in_flight", limits.in_flight.to_string()),
        ("timeouts.header", format!("{:?}", times.header)),
        ("timeouts.keep_alive", format!("{:?}", times.keep_alive)),
        ("timeouts.write_stall", format!("{:?}", times.write_stall)),
        ("drain", format!("{:?}", file.drain)),
        ("log", format!("{:?}", file.log)),
    ]
}
