//! `tidegate serve` and `tidegate mock-upstream`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use listenfd::ListenFd;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{ConfigArg, environment, output};
use crate::app::{ServeError, ServeOptions, serve};
use crate::config::{Flag, Format};
use crate::telemetry::Clock;
use crate::upstream::demo::{Answers, Demo, DemoSettings, serve_mock};

/// The most tokens a second; 0 has no pauses at all.
const FASTEST: f64 = 1_000_000.0;

/// The most bytes of a file of answers.
const LARGEST_SCRIPT: u64 = 16 << 20;

/// Flags of `serve`.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Address of the data listener; also `TIDEGATE_LISTEN`.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Address of the admin listener; also `TIDEGATE_ADMIN__LISTEN`.
    #[arg(long, value_name = "ADDRESS")]
    admin_listen: Option<String>,
    /// Send every route to this server; also `TIDEGATE_UPSTREAM`.
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// Use this policy for every route.
    #[arg(long, value_name = "NAME", env = "TIDEGATE_POLICY")]
    policy: Option<String>,
    /// Send every route to the built-in demo model.
    #[arg(long, conflicts_with = "upstream")]
    demo: bool,
    /// Tokens a second of the demo model; 0 answers at once.
    #[arg(long, value_name = "RATE", env = "TIDEGATE_DEMO_RATE", value_parser = rate)]
    demo_rate: Option<f64>,
    /// Reload when files change; also `TIDEGATE_POLICIES__WATCH`.
    #[arg(long, overrides_with = "no_watch")]
    watch: bool,
    /// Do not.
    #[arg(long)]
    no_watch: bool,
}

/// Flags of `mock-upstream`.
#[derive(Debug, Args)]
pub(super) struct MockArgs {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:9090", env = "TIDEGATE_MOCK_LISTEN")]
    listen: String,
    /// Answers to give, as JSON Lines: the first one that fits a prompt.
    #[arg(long, value_name = "FILE", env = "TIDEGATE_MOCK_SCRIPT")]
    script: Option<PathBuf>,
    /// Tokens a second; 0 answers at once.
    #[arg(long, default_value_t = 50.0, value_name = "RATE", env = "TIDEGATE_MOCK_RATE", value_parser = rate)]
    rate: f64,
}

/// A number of tokens a second.
fn rate(written: &str) -> Result<f64, String> {
    let rate: f64 = written.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=FASTEST).contains(&rate) { Ok(rate) } else { Err(format!("from 0 to {FASTEST}")) }
}

/// The socket that a service manager has opened for us. Asked for before there are threads, because what is
/// taken leaves the environment.
fn passed() -> anyhow::Result<Option<Arc<std::net::TcpListener>>> {
    let mut sockets = ListenFd::from_env();
    anyhow::ensure!(
        sockets.len() <= 1,
        "the service manager passed {} sockets; there is room for one, the data listener",
        sockets.len()
    );
    let socket = sockets
        .take_tcp_listener(0)
        .context("the socket that the service manager passed cannot be the data listener")?;
    Ok(socket.map(Arc::new))
}

/// Says how to become the first admin of the console.
fn announce(admin: &str, token: &str) {
    output::complain(&format!(
        "nobody can sign in to the console yet: open {admin}/console/ and enter this one-time token: {token}"
    ));
}

pub(super) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let flag = |name: &str, path: &str, value: &Option<String>| {
        let value = value.clone()?;
        Some(Flag { name: name.to_owned(), path: path.to_owned(), value })
    };
    let demo = args.demo.then(|| "demo".to_owned());
    let flags = [
        flag("--listen", "listen", &args.listen),
        flag("--admin-listen", "admin.listen", &args.admin_listen),
        flag("--upstream", "upstream", &args.upstream),
        flag("--demo", "upstream", &demo),
        flag("--policy", "policy", &args.policy),
    ];
    let options = ServeOptions {
        config: args.config.path(),
        environment: environment(),
        flags: flags.into_iter().flatten().collect(),
        watch: (args.watch || args.no_watch).then_some(!args.no_watch),
        demo_rate: args.demo_rate,
        clock: Clock::default(),
        passed: passed()?,
        managed: true,
        announce: Some(announce),
    };
    // It listens; the threads that serve have runtimes of their own.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match runtime.block_on(serve(options)) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(ServeError::Configuration(problems)) => {
            output::problems(&problems, Format::Full);
            output::complain("nothing was started");
            Ok(ExitCode::from(2))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn mock(args: &MockArgs) -> anyhow::Result<ExitCode> {
    let settings = DemoSettings { rate: (args.rate > 0.0).then_some(args.rate) };
    let mut demo = Demo::new(settings);
    if let Some(path) = &args.script {
        let Some(answers) = answers(path)? else { return Ok(ExitCode::from(2)) };
        demo = demo.with_answers(answers);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(&args.listen)
            .await
            .with_context(|| format!("cannot listen on {}", args.listen))?;
        output::complain(&format!("the demo model listens on {}", listener.local_addr()?));
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let server = serve_mock(listener, demo, stop);
        tokio::select! {
            () = server => {}
            end = tokio::signal::ctrl_c() => end?,
        }
        stopped.cancel();
        Ok(ExitCode::SUCCESS)
    })
}

/// Reads a file of answers. `None` when it has mistakes; they have been shown, all of them.
fn answers(path: &Path) -> anyhow::Result<Option<Answers>> {
    let shown = path.display();
    let size = std::fs::metadata(path).with_context(|| format!("`{shown}`"))?.len();
    anyhow::ensure!(size <= LARGEST_SCRIPT, "`{shown}` is larger than {LARGEST_SCRIPT} bytes");
    let text = std::fs::read_to_string(path).with_context(|| format!("`{shown}`"))?;
    match Answers::parse(&text) {
        Ok(answers) => Ok(Some(answers)),
        Err(mistakes) => {
            for mistake in mistakes {
                output::complain(&format!("error: {shown}:{mistake}"));
            }
            Ok(None)
        }
    }
}
