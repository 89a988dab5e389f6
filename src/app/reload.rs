//! Reload: read everything, check everything, test everything, then swap whole; or keep the old and
//! say so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use serde_json::json;
use tokio::runtime::Handle;
use tracing::{error, info, warn};

use super::certificates::{Certificates, read_certificates};
use super::classifiers::{Endpoints, classifiers, endpoints};
use super::load::{Files, Loaded, Revision};
use super::serve::{ServeOptions, demo, seconds};
use super::upstreams::{Surroundings, Upstreams, upstreams};
use super::workshop::FileShop;
use crate::config::server_file::ServerFile;
use crate::config::{Code, Format, Gravity, Problem, Problems, render};
use crate::console::Diagnostic;
use crate::domain::NoticeKind;
use crate::proxy::{Gateway, Live, ServerTls};
use crate::telemetry::Telemetry;
use crate::upstream::OwnAddresses;

/// What is in force, and what a reload needs to put something else in its place.
#[derive(Debug)]
pub(super) struct Reloader {
    pub(super) options: ServeOptions,
    pub(super) gateway: Arc<Gateway>,
    /// The gate's own listeners.
    pub(super) own: OwnAddresses,
    pub(super) telemetry: Telemetry,
    /// Where classifiers are tested.
    pub(super) runtime: Handle,
    /// TLS of the data listener and of the admin listener.
    pub(super) tls: [Option<Arc<ServerTls>>; 2],
    /// The settings that need a restart, as they were at the start.
    pub(super) fixed: Vec<(&'static str, String)>,
    /// What is in force, by its contents.
    pub(super) revision: ArcSwap<Revision>,
    /// Whether the last attempt was refused, so that the files are not what is in force.
    pub(super) is_refused: AtomicBool,
    /// What was said last of secret files that others can read.
    pub(super) exposed: ArcSwap<BTreeSet<String>>,
    /// What the console is told of all this.
    pub(super) workshop: Arc<FileShop>,
}

/// Everything that is read: the files, and what lies outside the configuration.
pub(super) struct Read {
    pub(super) files: Files,
    pub(super) certificates: Certificates,
    pub(super) upstreams: Upstreams,
    pub(super) endpoints: Endpoints,
    pub(super) revision: Revision,
}

impl Read {
    /// Reads everything that `options` name. What could be read comes back also beside errors.
    pub(super) fn new(options: &ServeOptions, own: &OwnAddresses) -> (Self, Problems) {
        let (files, mut problems) =
            Files::read(options.config.as_deref(), &options.environment, &options.flags);
        let (mut certificates, mut ready) = (Certificates::default(), Upstreams::new());
        let mut asked = Endpoints::new();
        if let Some(server) = &files.server {
            certificates = read_certificates(server, &mut problems);
            let environment = &options.environment;
            let (demo, certificates) = (demo(options), &certificates);
            let around = Surroundings { environment, demo, certificates, own };
            ready = upstreams(server, around, &mut problems);
            asked = endpoints(server, around, &|_| true, &mut problems);
        }
        let revision = files.revision(&certificates);
        let read = Self { files, certificates, upstreams: ready, endpoints: asked, revision };
        (read, problems)
    }
}

impl Reloader {
    /// Tries the files as they are now. Anything wrong: the old configuration stays. Where the files are
    /// what is in force nothing is done, unless it was `asked` for.
    pub(super) fn reload(&self, asked: bool) {
        let (read, mut problems) = Read::new(&self.options, &self.own);
        let Read { files, certificates, upstreams, endpoints, revision } = read;
        if !asked && !problems.has_errors() && revision == **self.revision.load() {
            return self.is_in_force();
        }
        let Some(loaded) = files.load(self.telemetry.clock.today(), &mut problems) else {
            return self.keep_old(&problems);
        };
        if !loaded.failed_tests.is_empty() {
            let tests = loaded.failed_tests.join("; ");
            error!(tests, "policy tests failed; the configuration in force was not changed");
            let failed = loaded.failed_tests.iter();
            let failed = failed
                .map(|test| Diagnostic::error("tests_failed", format!("test failed: {test}")));
            self.workshop.refused(failed.collect());
            return self.refused("tests_failed");
        }
        let now = fixed(&loaded.server.file);
        let changed = self.fixed.iter().zip(&now).filter(|(was, is)| was != is);
        let changed: Vec<&str> = changed.map(|((name, _), _)| *name).collect();
        if !changed.is_empty() {
            let settings = changed.join(", ");
            error!(settings, "these settings need a restart; nothing was changed");
            let message = format!("these settings need a restart: {settings}");
            self.workshop.refused(vec![Diagnostic::error("restart_needed", message)]);
            return self.refused("invalid");
        }
        let before = Arc::clone(&self.gateway.live().classifiers);
        let metrics = &self.telemetry.metrics;
        let _runtime = self.runtime.enter();
        let asked =
            classifiers((&loaded.policies, &loaded.models), &endpoints, metrics, Some(&before));
        match asked.and_then(|asked| loaded.live(&upstreams, Arc::new(asked))) {
            Ok(live) => {
                self.say(&problems);
                self.swap(live, &certificates);
                self.applied(&loaded, &problems, revision);
            }
            Err(problem) => {
                problems.push(problem);
                self.keep_old(&problems);
            }
        }
    }

    fn applied(&self, loaded: &Loaded, problems: &Problems, revision: Revision) {
        let revised = self.workshop.applied(loaded, problems);
        let metrics = &self.telemetry.metrics;
        loaded.announce(metrics, problems.warnings());
        metrics.reloaded("ok", seconds(self.telemetry.clock));
        let Revision { policies, server, certificates, tests, dialects, exposed: _ } = &revision;
        info!(policies, server, certificates, tests, dialects, "configuration reloaded");
        self.telemetry.notices.tell(NoticeKind::PolicyApplied, || json!({ "policies": policies }));
        self.is_refused.store(false, Ordering::Relaxed);
        self.revision.store(Arc::new(revision));
        self.runtime.block_on(self.workshop.record(revised));
    }

    /// The files are what is in force. That is news where they were refused before.
    fn is_in_force(&self) {
        if self.is_refused.swap(false, Ordering::Relaxed) {
            self.telemetry.metrics.reloaded("ok", seconds(self.telemetry.clock));
            self.workshop.is_in_force();
            info!("the files are again those of the configuration in force");
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
        self.say(problems);
        self.workshop.wrong(problems);
        error!("the files were refused; the configuration in force was not changed");
        self.refused("invalid");
    }

    /// Says what is wrong. Files are looked at again and again: of a secret file that others can read, which may be meant so
    /// where it lies, it is said once, and again where it is another one or in another mode.
    fn say(&self, problems: &Problems) {
        let is_exposed = |problem: &&Problem| problem.code == Code::TG068;
        let now = problems.iter().filter(is_exposed).map(|problem| problem.message.clone());
        let known = self.exposed.swap(Arc::new(now.collect()));
        warn_of(problems.iter().filter(|one| !is_exposed(one) || !known.contains(&one.message)));
    }

    /// A reload that broke in itself.
    pub(super) fn broke(&self, error: &std::io::Error) {
        error!(%error, "the files could not be loaded; the configuration in force was not changed");
        let message = "the files could not be loaded; the gate's log says why";
        self.workshop.refused(vec![Diagnostic::error("failed", message)]);
        self.refused("failed");
    }

    fn refused(&self, outcome: &str) {
        // The same mistake is looked at again and again.
        if !self.is_refused.swap(true, Ordering::Relaxed) {
            self.telemetry.notices.tell(NoticeKind::PolicyRefused, || json!({ "why": outcome }));
        }
        self.telemetry.metrics.reloaded(outcome, seconds(self.telemetry.clock));
    }
}

/// Each problem as a line of the log, errors as errors.
pub(super) fn warn_of<'p>(problems: impl IntoIterator<Item = &'p Problem>) {
    for problem in problems {
        let mut one = Problems::new();
        one.push(problem.clone());
        let text = render(&one, Format::Short, false);
        let line = text.lines().next().unwrap_or_default();
        match problem.gravity {
            Gravity::Error => error!("{line}"),
            Gravity::Warning => warn!("{line}"),
        }
    }
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
        ("admin.sessions", format!("{:?}", admin.sessions)),
        ("limits.connections", limits.connections.to_string()),
        ("limits.in_flight", limits.in_flight.to_string()),
        ("timeouts.header", format!("{:?}", times.header)),
        ("timeouts.keep_alive", format!("{:?}", times.keep_alive)),
        ("timeouts.write_stall", format!("{:?}", times.write_stall)),
        ("drain", format!("{:?}", file.drain)),
        ("log", format!("{:?}", file.log)),
        ("telemetry", format!("{:?}", file.telemetry)),
        ("audit", format!("{:?}", file.audit)),
        ("store", format!("{:?}", file.store)),
        ("webhooks", format!("{:?}", file.webhooks)),
    ]
}
