//! The running service.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::future::join_all;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tracing::{info, warn};

use super::adapt::Adapting;
use super::admin::{access, admin_tokens};
use super::apart::apart;
use super::certificates::Certificates;
use super::exporter::Exporter;
use super::load::Loaded;
use super::manager::Manager;
use super::people::watch_people;
use super::ready::Ready;
use super::reload::{Reloader, fixed};
use super::watch::watch;
use super::webhooks::Teller;
use super::workshop::FileShop;
use crate::config::server_file::ServerFile;
use crate::config::{Flag, Problems};
use crate::console::{AdminState, admin_routes};
use crate::proxy::{
    ConnectionTimes, Gateway, ListenerSettings, Pulse, Workers, serve_admin, serve_data,
};
use crate::store::{Store, StoreError};
use crate::telemetry::{Clock, Metrics, Telemetry, hush_panics};
use crate::upstream::demo::DemoSettings;

/// How often files are looked at even if no change was told: some file systems tell nothing.
const SLOW_POLL: Duration = Duration::from_secs(30);

/// Open connections of the admin listener: a scraper, probes, people with their live feeds.
const ADMIN_CONNECTIONS: usize = 512;

/// How long admin requests may go on after the data listener has ended.
const ADMIN_GRACE: Duration = Duration::from_secs(2);

/// How long the last spans may take to reach their collector.
const EXPORTER_GRACE: Duration = Duration::from_secs(2);
/// How long webhooks may take for the last messages.
const TELLERS_GRACE: Duration = Duration::from_secs(2);
/// How long the target of decision records may take for the last of them.
const RECORDS_GRACE: Duration = Duration::from_secs(5);

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
    /// What tells the time.
    pub clock: Clock,
    /// The data listener, where a service manager has opened it; `listen` has no effect then.
    pub passed: Option<Arc<std::net::TcpListener>>,
    /// Whether the service manager that the environment names is told how the service stands.
    pub managed: bool,
    /// Shows whoever starts the gate the one-time token that makes the first admin, with the admin listener's address. It
    /// is a secret, so it does not go to the log.
    pub announce: Option<fn(&str, &str)>,
}

/// What a running service is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Read the files anew, also when none has changed.
    Reload,
    /// Drain, then end.
    Stop,
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
    /// Every decision has to be on record, and cannot be.
    #[error(
        "decision records cannot be written to {target}, and `audit.required` asks for them: {error}"
    )]
    Records {
        /// Where they go.
        target: String,
        /// Why they cannot.
        error: std::io::Error,
    },
    /// The store cannot be used.
    #[error("the store cannot be used: {0}")]
    Store(#[from] StoreError),
    /// Something of the system failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// A service whose listeners are bound; [`run`](Self::run) serves.
#[derive(Debug)]
pub struct App {
    reloader: Reloader,
    state: Arc<AdminState>,
    data: Bound,
    admin: Bound,
    in_flight: usize,
    /// How long requests are still taken after the order to stop.
    delay: Duration,
    watched: Option<Vec<PathBuf>>,
    /// Sends the spans.
    exporter: Option<Exporter>,
    /// Tell others of what happens.
    tellers: Vec<Teller>,
    manager: Manager,
    pulse: Pulse,
}

#[derive(Debug)]
struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    settings: ListenerSettings,
}

/// Serves until the process is told to stop, then drains.
pub async fn serve(options: ServeOptions) -> Result<(), ServeError> {
    let orders = orders_of_signals()?;
    hush_panics();
    App::start(options).await?.run(orders).await
}

impl App {
    /// Loads the configuration and binds the listeners.
    ///
    /// # Errors
    /// When the configuration is wrong, its tests fail, or something of the system does.
    pub async fn start(options: ServeOptions) -> Result<Self, ServeError> {
        let runtime = Handle::current();
        let ready = apart(move || {
            let _runtime = runtime.enter();
            Ready::new(options)
        })
        .await??;
        Self::bind(ready).await
    }

    async fn bind(ready: Ready) -> Result<Self, ServeError> {
        let Ready {
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
        } = ready;
        let file = &loaded.server.file;
        let store = gateway.shelf().map(|shelf| shelf.store.clone());
        let workshop = Arc::new(FileShop::new(&options, store));
        workshop.record(workshop.applied(&loaded, &problems)).await;
        let state = Arc::new(AdminState {
            telemetry: telemetry.clone(),
            gateway: Arc::clone(&gateway),
            ready: AtomicBool::new(false),
            hosts: file.admin.hosts.clone(),
            tokens: admin_tokens(&loaded, &options)?,
            access: access(&gateway, file, identity, &options).await,
            workshop: Arc::<FileShop>::clone(&workshop),
        });
        let workers = Workers::start()?;
        let pulse = workers.pulse();
        telemetry.metrics.know_runtime("main", Handle::current().metrics());
        for (name, runtime) in workers.runtimes() {
            telemetry.metrics.know_runtime(&name, runtime);
        }
        let [settings, admin] = listeners(file, &certificates, workers, &telemetry.metrics);
        let watches = options.watch.unwrap_or(file.policies.watch);
        let watched = watches.then(|| watched(&loaded, certificates.folders));
        let data = match &options.passed {
            Some(listener) => Bound::passed(listener, settings)?,
            None => Bound::new(&file.listen, settings).await?,
        };
        let admin = Bound::new(&file.admin.listen, admin).await?;
        own.set(vec![data.address, admin.address]);
        let manager = Manager { is_told: options.managed };
        info!(listen = %data.address, admin = %admin.address, "tidegate is serving");
        Ok(Self {
            reloader: Reloader {
                gateway,
                own,
                telemetry,
                runtime: Handle::current(),
                tls: [certificates.data, certificates.admin],
                fixed: fixed(file),
                exposed: ArcSwap::from_pointee(revision.exposed.clone()),
                revision: ArcSwap::from_pointee(revision),
                is_refused: AtomicBool::new(false),
                workshop,
                options,
            },
            state,
            data,
            admin,
            in_flight: file.limits.in_flight as usize,
            delay: file.drain.delay.duration(),
            watched,
            exporter,
            tellers,
            manager,
            pulse,
        })
    }

    /// Where the data listener is.
    pub const fn data_address(&self) -> SocketAddr {
        self.data.address
    }

    /// Where the admin listener is.
    pub const fn admin_address(&self) -> SocketAddr {
        self.admin.address
    }

    /// Serves until an order to stop, or until nobody is left who could give one; then drains.
    ///
    /// # Errors
    /// When a listener breaks.
    pub async fn run(self, orders: Receiver<Order>) -> Result<(), ServeError> {
        let alive = self.manager.keep_alive(self.pulse.clone());
        tokio::select! {
            ended = self.run_and_drain(orders) => ended,
            never = alive => match never {},
        }
    }

    async fn run_and_drain(self, orders: Receiver<Order>) -> Result<(), ServeError> {
        let Self {
            reloader,
            state,
            data,
            admin,
            in_flight,
            delay,
            watched,
            exporter,
            tellers,
            manager,
            ..
        } = self;
        let status = format!("serving on {}, admin on {}", data.address, admin.address);
        let (stop, stop_admin) = (CancellationToken::new(), CancellationToken::new());
        let tasks = TaskTracker::new();
        let mut admin = tasks.spawn(serve_admin(
            admin.listener,
            admin.settings,
            admin_routes(Arc::clone(&state)),
            stop_admin.clone(),
        ));
        let exporter = exporter.map(|exporter| tasks.spawn(exporter.run()));
        let telling: Vec<_> = tellers
            .into_iter()
            .map(|teller| AbortOnDropHandle::new(tasks.spawn(teller.run())))
            .collect();
        let store = reloader.gateway.shelf().map(|shelf| shelf.store.clone());
        let watching = watching(store.clone(), &reloader.gateway, (&state.telemetry, &tasks)).await;
        let gateway = Arc::clone(&reloader.gateway);
        let mut data =
            tasks.spawn(serve_data(data.listener, data.settings, gateway, in_flight, stop.clone()));
        state.ready.store(true, Ordering::Relaxed);
        manager.ready(&status);
        let tell = Tell { manager, status };
        tokio::select! {
            () = follow(reloader, orders, watched, &tell) => {}
            broke = &mut data => return Err(broken("data", broke)),
            broke = &mut admin => return Err(broken("admin", broke)),
        }
        info!("draining");
        manager.stopping();
        state.ready.store(false, Ordering::Relaxed);
        tokio::time::sleep(delay).await;
        stop.cancel();
        // Health stays up until the last stream has ended.
        ended("data", data).await?;
        stop_admin.cancel();
        ended("admin", admin).await?;
        drop(watching);
        // Nobody makes spans any more, so their exporter comes to its end; a collector that does not answer is not waited for.
        let records = state.telemetry.records.clone();
        drop(state);
        if let Some(exporter) = exporter {
            drop(tokio::time::timeout(EXPORTER_GRACE, exporter).await);
        }
        // Nobody gives them messages any more: what waits has a moment to be told.
        drop(tokio::time::timeout(TELLERS_GRACE, join_all(telling)).await);
        // Whatever was decided is on record before the process ends.
        apart(move || {
            if let Some(store) = store {
                store.close(RECORDS_GRACE);
            }
            records.close(RECORDS_GRACE);
        })
        .await?;
        info!("drained");
        Ok(())
    }
}

/// What looks after the store as long as the gate runs. Thresholds that were moved are in force when this returns.
async fn watching(
    store: Option<Store>,
    gateway: &Arc<Gateway>,
    (telemetry, tasks): (&Telemetry, &TaskTracker),
) -> Vec<AbortOnDropHandle<()>> {
    let Some(store) = store else { return Vec::new() };
    let mut adapting = Adapting::new(store.clone(), Arc::clone(gateway), telemetry.clone());
    adapting.begin().await;
    let people = tasks.spawn(watch_people(store, telemetry.clone()));
    [people, tasks.spawn(adapting.run())].map(AbortOnDropHandle::new).into()
}

/// Whom to tell of reloads, and how the service stands when none goes on.
struct Tell {
    manager: Manager,
    status: String,
}

impl Bound {
    async fn new(address: &str, settings: ListenerSettings) -> Result<Self, ServeError> {
        let failed = |error| ServeError::Listen { address: address.to_owned(), error };
        let parsed: Result<SocketAddr, _> = address.parse();
        let listener = match parsed {
            Ok(parsed) => TcpListener::bind(parsed).await.map_err(failed)?,
            Err(_) => TcpListener::bind(address).await.map_err(failed)?,
        };
        let address = listener.local_addr()?;
        Ok(Self { listener, address, settings })
    }
}

impl Bound {
    /// A socket that listens already.
    fn passed(
        listener: &std::net::TcpListener,
        settings: ListenerSettings,
    ) -> Result<Self, ServeError> {
        let listener = listener.try_clone()?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, settings })
    }
}

/// The folders of everything that was read.
fn watched(loaded: &Loaded, more: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut folders = loaded.folders.clone();
    folders.extend(more);
    folders.sort();
    folders.dedup();
    folders
}

async fn ended(name: &str, listener: JoinHandle<()>) -> Result<(), ServeError> {
    listener.await.map_err(|error| broken(name, Err(error)))
}

/// A listener ended that nobody had told to.
fn broken(name: &str, ended: Result<(), tokio::task::JoinError>) -> ServeError {
    let why = ended.err().map_or_else(|| "it ended".to_owned(), |error| error.to_string());
    ServeError::Io(std::io::Error::other(format!("the {name} listener broke: {why}")))
}

/// SIGHUP reloads, SIGTERM and SIGINT stop.
fn orders_of_signals() -> std::io::Result<Receiver<Order>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let (give, orders) = channel(1);
    // Nobody waits for this one: there is nothing in it that a drain could lose.
    TaskTracker::new().spawn(async move {
        loop {
            let order = tokio::select! {
                _ = terminate.recv() => Order::Stop,
                _ = interrupt.recv() => Order::Stop,
                _ = hang_up.recv() => Order::Reload,
            };
            if give.send(order).await.is_err() {
                return;
            }
        }
    });
    Ok(orders)
}

/// Reloads when files change or when told to; returns when told to stop.
async fn follow(
    reloader: Reloader,
    mut orders: Receiver<Order>,
    watched: Option<Vec<PathBuf>>,
    tell: &Tell,
) {
    let watch = match watched.as_deref().map(watch) {
        Some(Ok(watch)) => Some(watch),
        Some(Err(error)) => {
            warn!(%error, "files cannot be watched; they are looked at every 30 s");
            None
        }
        None => None,
    };
    let reloader = Arc::new(reloader);
    let (_guard, mut changed) = watch.unzip();
    let mut poll = tokio::time::interval(SLOW_POLL);
    poll.tick().await;
    loop {
        let told = async {
            match &mut changed {
                Some(changed) => changed.recv().await,
                None => std::future::pending().await,
            }
        };
        let asked = tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Reload) => true,
                Some(Order::Stop) | None => return,
            },
            Some(()) = told => false,
            () = reloader.workshop.saved() => true,
            _ = poll.tick(), if watched.is_some() => false,
        };
        if asked {
            tell.manager.reloading();
        }
        let trying = Arc::clone(&reloader);
        if let Err(error) = apart(move || trying.reload(asked)).await {
            reloader.broke(&error);
        }
        if asked {
            tell.manager.ready(&tell.status);
        }
    }
}

/// What the data listener and the admin listener are made of.
fn listeners(
    file: &ServerFile,
    certificates: &Certificates,
    workers: Workers,
    metrics: &Arc<Metrics>,
) -> [ListenerSettings; 2] {
    let settings = ListenerSettings {
        name: "data",
        connections: file.limits.connections as usize,
        times: connection_times(file),
        grace: file.drain.timeout.duration(),
        tls: certificates.data.clone(),
        workers: Some(Arc::new(workers)),
        metrics: Arc::clone(metrics),
        tells_peers: false,
    };
    let admin = ListenerSettings {
        name: "admin",
        connections: ADMIN_CONNECTIONS,
        grace: ADMIN_GRACE,
        tls: certificates.admin.clone(),
        workers: None,
        tells_peers: true,
        ..settings.clone()
    };
    [settings, admin]
}

fn connection_times(file: &ServerFile) -> ConnectionTimes {
    let times = &file.timeouts;
    ConnectionTimes {
        header: times.header.duration(),
        keep_alive: times.keep_alive.duration(),
        write_stall: times.write_stall.duration(),
    }
}

pub(super) fn demo(options: &ServeOptions) -> DemoSettings {
    match options.demo_rate {
        None => DemoSettings::default(),
        Some(rate) => DemoSettings { rate: (rate > 0.0).then_some(rate) },
    }
}

pub(super) fn seconds(clock: Clock) -> f64 {
    clock.now().as_duration().as_secs_f64()
}
