//! The running service.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use super::load::{Loaded, load};
use super::reload::watch;
use crate::config::server_file::LogFormat as LogFormatFile;
use crate::config::{Flag, Format, Problems, render};
use crate::proxy::{AdminState, Gateway, ListenerSettings, admin_router, serve as serve_data};
use crate::telemetry::{Clock, LogFormat, Metrics, RecordSink, Records, Telemetry, init_log};
use crate::upstream::demo::DemoSettings;

/// How often files are looked at even if no change was told: some file systems tell nothing.
const SLOW_POLL: Duration = Duration::from_secs(30);

/// What `serve` was asked for.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// The server file.
    pub config: Option<PathBuf>,
    /// The environment.
    pub environment: Vec<(String, String)>,
    /// Settings from the command line.
    pub flags: Vec<Flag>,
    /// Whether files are watched; the server file says it otherwise.
    pub watch: Option<bool>,
    /// Tokens a second of the demo model; 0 answers at once.
    pub demo_rate: Option<f64>,
}

/// Why the service did not start.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The configuration is wrong; all of what is wrong with it.
    #[error("the configuration is not valid")]
    Configuration(Box<Problems>),
    /// The policies' own tests failed.
    #[error("tests of the policies failed: {}", .0.join("; "))]
    Tests(Vec<String>),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: String,
        /// Why not.
        error: std::io::Error,
    },
    /// Something of the system failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

struct Service {
    options: ServeOptions,
    gateway: Arc<Gateway>,
    telemetry: Telemetry,
    /// The settings that need a restart, as they were at the start.
    fixed: [String; 2],
    revision: Vec<String>,
}

/// Serves until the process is told to stop, then drains.
pub async fn serve(options: ServeOptions) -> Result<(), ServeError> {
    let clock = Clock::default();
    let (loaded, problems) =
        load(options.config.as_deref(), &options.environment, &options.flags, Some(clock.today()));
    let Some(loaded) = loaded else { return Err(ServeError::Configuration(Box::new(problems))) };
    if !loaded.failed_tests.is_empty() {
        return Err(ServeError::Tests(loaded.failed_tests));
    }
    start_log(&loaded);
    warn_of(&problems);
    let metrics = Arc::new(Metrics::new());
    loaded.announce(&metrics, problems.warnings());
    metrics.reloaded("ok", seconds(clock));
    let (sink, share) = record_sink(&loaded);
    let records = Records::start(&sink, share, Arc::clone(&metrics))?;
    let telemetry = Telemetry { metrics, records, clock };
    let live = loaded.live(&options.environment, demo(&options)).map_err(|problem| {
        let mut problems = Problems::new();
        problems.push(problem);
        ServeError::Configuration(Box::new(problems))
    })?;
    let gateway = Arc::new(Gateway::new(live, telemetry.clone()));
    let file = &loaded.server.file;
    let data = bind(&file.listen).await?;
    let admin = bind(&file.admin.listen).await?;
    info!(listen = %data.local_addr()?, admin = %admin.local_addr()?, "tidegate is serving");
    let service = Service {
        fixed: [file.listen.clone(), file.admin.listen.clone()],
        revision: revisions(&loaded),
        gateway: Arc::clone(&gateway),
        telemetry: telemetry.clone(),
        options: options.clone(),
    };
    let tokens = match &file.admin.auth.tokens {
        Some(reference) => {
            let secret = loaded.secret(reference, &options.environment);
            let secret = secret.map_err(std::io::Error::other)?;
            let lines = secret.expose().lines().filter(|line| !line.trim().is_empty());
            lines.map(|line| crate::domain::Secret::new(line.trim())).collect()
        }
        None => Vec::new(),
    };
    let state = Arc::new(AdminState {
        telemetry,
        ready: AtomicBool::new(true),
        hosts: file.admin.hosts.clone(),
        tokens,
    });
    let settings = ListenerSettings {
        header: file.timeouts.header.duration(),
        connections: file.limits.connections as usize,
        in_flight: file.limits.in_flight as usize,
    };
    let drain = (file.drain.delay.duration(), file.drain.timeout.duration());
    let watched = options.watch.unwrap_or(file.policies.watch).then(|| loaded.folders.clone());
    run(service, state, (data, admin), (settings, drain), watched).await
}

async fn run(
    service: Service,
    state: Arc<AdminState>,
    (data, admin): (TcpListener, TcpListener),
    (settings, (delay, timeout)): (ListenerSettings, (Duration, Duration)),
    watched: Option<Vec<PathBuf>>,
) -> Result<(), ServeError> {
    let (stop, stop_admin) = (CancellationToken::new(), CancellationToken::new());
    let tasks = TaskTracker::new();
    let router = admin_router(Arc::clone(&state));
    let admin_stopped = stop_admin.clone();
    tasks.spawn(async move {
        let served = axum::serve(admin, router)
            .with_graceful_shutdown(async move { admin_stopped.cancelled().await })
            .await;
        if let Err(error) = served {
            error!(%error, "the admin listener failed");
        }
    });
    let gateway = Arc::clone(&service.gateway);
    let data_stopped = stop.clone();
    tasks.spawn(async move { serve_data(data, settings, gateway, data_stopped, timeout).await });
    tasks.close();
    wait_for_the_end(service, watched).await?;
    info!("draining");
    state.ready.store(false, Ordering::Relaxed);
    tokio::time::sleep(delay).await;
    stop.cancel();
    // The data listener returns when its last stream has ended; health stays up until then.
    let drained = async {
        while tasks.len() > 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(timeout + Duration::from_secs(1), drained).await.unwrap_or_default();
    stop_admin.cancel();
    tokio::time::timeout(Duration::from_secs(2), tasks.wait()).await.unwrap_or_default();
    info!("drained");
    Ok(())
}

/// Reloads when files change or on SIGHUP; returns on SIGTERM or SIGINT.
async fn wait_for_the_end(
    mut service: Service,
    watched: Option<Vec<PathBuf>>,
) -> Result<(), ServeError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let watch = match watched.as_deref().map(watch) {
        Some(Ok(watch)) => Some(watch),
        Some(Err(error)) => {
            warn!(%error, "files cannot be watched; they are looked at every 30 s");
            None
        }
        None => None,
    };
    let (_guard, mut changed) = match watch {
        Some((guard, changed)) => (Some(guard), Some(changed)),
        None => (None, None),
    };
    let mut poll = tokio::time::interval(SLOW_POLL);
    poll.tick().await;
    loop {
        let told = async {
            match &mut changed {
                Some(changed) => changed.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = hang_up.recv() => service.reload(true),
            Some(()) = told => service.reload(false),
            _ = poll.tick(), if watched.is_some() => service.reload(false),
        }
    }
}

impl Service {
    /// Tries the files as they are now. Anything wrong: the old configuration stays.
    fn reload(&mut self, asked: bool) {
        let today = self.telemetry.clock.today();
        let options = &self.options;
        let (loaded, problems) =
            load(options.config.as_deref(), &options.environment, &options.flags, Some(today));
        let Some(loaded) = loaded else {
            return self.keep_old("invalid", &problems);
        };
        if revisions(&loaded) == self.revision && !asked {
            return;
        }
        if !loaded.failed_tests.is_empty() {
            warn!(tests = ?loaded.failed_tests, "policy tests failed; the policy in force was not changed");
            return self.refused("tests_failed");
        }
        let file = &loaded.server.file;
        for ((name, before), now) in ["listen", "admin.listen"]
            .iter()
            .zip(&self.fixed)
            .zip([&file.listen, &file.admin.listen])
        {
            if before != now {
                warn!(setting = name, "this setting needs a restart; nothing was changed");
                return self.refused("invalid");
            }
        }
        match loaded.live(&options.environment, demo(options)) {
            Ok(live) => {
                self.gateway.replace(live);
                self.revision = revisions(&loaded);
                loaded.announce(&self.telemetry.metrics, problems.warnings());
                self.telemetry.metrics.reloaded("ok", seconds(self.telemetry.clock));
                info!(policies = ?self.revision, "configuration reloaded");
            }
            Err(problem) => {
                let mut problems = Problems::new();
                problems.push(problem);
                self.keep_old("invalid", &problems);
            }
        }
    }

    fn keep_old(&self, outcome: &str, problems: &Problems) {
        warn_of(problems);
        warn!("the configuration in force was not changed");
        self.refused(outcome);
    }

    fn refused(&self, outcome: &str) {
        self.telemetry.metrics.reloaded(outcome, seconds(self.telemetry.clock));
    }
}

/// Each problem as a line of the log.
fn warn_of(problems: &Problems) {
    if problems.errors() + problems.warnings() == 0 {
        return;
    }
    for line in render(problems, Format::Short, false).lines().filter(|line| !line.is_empty()) {
        warn!("{line}");
    }
}

fn revisions(loaded: &Loaded) -> Vec<String> {
    let policies = loaded.policies.iter();
    let mut revisions: Vec<String> =
        policies.map(|policy| format!("{}@{}", policy.name, policy.revision)).collect();
    revisions.push(format!("server@{}", loaded.server.revision));
    revisions
}

fn demo(options: &ServeOptions) -> DemoSettings {
    match options.demo_rate {
        None => DemoSettings::default(),
        Some(rate) => DemoSettings { rate: (rate > 0.0).then_some(rate) },
    }
}

fn seconds(clock: Clock) -> f64 {
    clock.now().as_duration().as_secs_f64()
}

fn start_log(loaded: &Loaded) {
    let log = &loaded.server.file.log;
    let format = match log.format {
        LogFormatFile::Json => LogFormat::Json,
        LogFormatFile::Text => LogFormat::Human,
    };
    init_log(format, &format!("{:?}", log.level).to_ascii_lowercase());
}

fn record_sink(loaded: &Loaded) -> (RecordSink, f64) {
    let decisions = &loaded.server.file.log.decisions;
    let sink = match decisions.to.as_str() {
        "stdout" => RecordSink::Stdout,
        "none" => RecordSink::None,
        path => RecordSink::File(loaded.server.root.join(path)),
    };
    (sink, decisions.sample_allowed.fraction())
}

async fn bind(address: &str) -> Result<TcpListener, ServeError> {
    let failed = |error| ServeError::Listen { address: address.to_owned(), error };
    let parsed: Result<SocketAddr, _> = address.parse();
    match parsed {
        Ok(parsed) => TcpListener::bind(parsed).await.map_err(failed),
        Err(_) => TcpListener::bind(address).await.map_err(failed),
    }
}
