//! Everything of a service but its listeners, read and started.

use std::sync::Arc;

use tracing::warn;

use super::certificates::Certificates;
use super::classifiers::classifiers;
use super::descriptors;
use super::exporter::{Exporter, exporter};
use super::identity::identity;
use super::load::{Loaded, Revision};
use super::records::records;
use super::reload::{Read, warn_of};
use super::serve::{ServeError, ServeOptions, seconds};
use super::store::{kept_text, settings as store_settings};
use super::webhooks::{Teller, tellers};
use crate::config::Problems;
use crate::config::server_file::{LogFormat as LogFormatFile, ServerFile};
use crate::console::Provider;
use crate::proxy::{Gateway, Shelf};
use crate::store::Store;
use crate::telemetry::{Feed, LogFormat, Metrics, Records, Telemetry, init_log};
use crate::upstream::OwnAddresses;

/// Everything but the listeners.
pub(super) struct Ready {
    pub(super) options: ServeOptions,
    pub(super) loaded: Loaded,
    pub(super) certificates: Certificates,
    pub(super) gateway: Arc<Gateway>,
    pub(super) telemetry: Telemetry,
    pub(super) exporter: Option<Exporter>,
    pub(super) tellers: Vec<Teller>,
    pub(super) revision: Revision,
    pub(super) own: OwnAddresses,
    /// Signs people in.
    pub(super) identity: Option<Provider>,
    /// Warnings about the files.
    pub(super) problems: Problems,
}

impl Ready {
    /// Reads and starts what `options` name.
    ///
    /// # Errors
    /// When the configuration is wrong, its tests fail, or something of the system does.
    pub(super) fn new(options: ServeOptions) -> Result<Self, ServeError> {
        let clock = options.clock;
        let own = OwnAddresses::default();
        let (read, mut problems) = Read::new(&options, &own);
        let Read { files, certificates, upstreams, endpoints, revision } = read;
        let Some(loaded) = files.load(clock.today(), &mut problems) else {
            return Err(ServeError::Configuration(Box::new(problems)));
        };
        if !loaded.failed_tests.is_empty() {
            return Err(ServeError::Tests(loaded.failed_tests));
        }
        start_log(&loaded);
        warn_of(&problems);
        if let Some(told) = descriptors::provide(loaded.server.file.limits.connections) {
            warn!("{told}");
        }
        let metrics = Arc::new(Metrics::new());
        loaded.announce(&metrics, problems.warnings());
        metrics.reloaded("ok", seconds(clock));
        let records = records(&loaded, &options, &own, &mut problems);
        let (server, environment) = (&loaded.server, &options.environment);
        let signer = records.signer.clone();
        let store = store_settings(server, environment, signer, clock, &mut problems);
        let (notices, tellers) =
            tellers(server, environment, &own, (&metrics, clock), &mut problems);
        let identity = identity(server, environment, &own, &mut problems);
        if problems.has_errors() {
            return Err(ServeError::Configuration(Box::new(problems)));
        }
        let target = loaded.server.file.log.decisions.to.clone();
        let records = Records::start(records, Arc::clone(&metrics), clock)
            .map_err(|error| ServeError::Records { target, error })?;
        let wrong = |problems: Problems| ServeError::Configuration(Box::new(problems));
        let traced =
            exporter(&loaded.server, &options.environment, &own, &metrics).map_err(wrong)?;
        let (spans, exporter) = traced.unzip();
        let store = store.map(Store::start).transpose()?;
        let feed = Feed::default();
        let telemetry = Telemetry { metrics, records, notices, feed, spans, clock };
        let asked =
            classifiers((&loaded.policies, &loaded.models), &endpoints, &telemetry.metrics, None);
        let live = asked.and_then(|asked| loaded.live(&upstreams, Arc::new(asked)));
        let live = live.map_err(|problem| wrong(problem.into()))?;
        let shelf = store.map(|store| shelf(store, &loaded.server.file));
        let gateway = Arc::new(Gateway::new(live, telemetry.clone(), shelf));
        Ok(Self {
            options,
            loaded,
            certificates,
            gateway,
            telemetry,
            exporter,
            tellers,
            revision,
            own,
            identity,
            problems,
        })
    }
}

fn shelf(store: Store, file: &ServerFile) -> Shelf {
    Shelf {
        store,
        text: kept_text(file.store.text),
        retain: i64::try_from(file.store.retain.duration().as_millis()).unwrap_or(i64::MAX),
        required: file.store.required,
        feedback: file.limits.feedback,
    }
}

fn start_log(loaded: &Loaded) {
    let log = &loaded.server.file.log;
    let format = match log.format {
        LogFormatFile::Json => LogFormat::Json,
        LogFormatFile::Text => LogFormat::Human,
    };
    init_log(format, &format!("{:?}", log.level).to_ascii_lowercase());
}
