//! The gate under test: the real service with a configuration of its own, on ports that are free.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tidegate::app::{App, Order, ServeError, ServeOptions};
use tidegate::telemetry::Clock;
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinHandle;

use crate::wire::{Answer, get};

/// How long a test waits for what must happen; nothing is compared with it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Blocks `grenade`, redacts addresses of mail, and is enforced.
pub(crate) const POLICY: &str = "version: 1
name: test
mode: enforce
rules:
  - { id: weapons, words: [grenade], action: block }
  - { id: mail, detect: [email], action: redact }
";

const ROUTES: &str = "version: 1
listen: 127.0.0.1:0
admin: { listen: 127.0.0.1:0 }
routes: [{ id: chat, match: { path: /v1/* }, upstream: model, policy: test }]
policies: { watch: false }
drain: { delay: 0s, timeout: 20s }
log: { level: error, decisions: { to: decisions.jsonl } }
";

/// A running gate.
pub(crate) struct Gate {
    pub(crate) data: SocketAddr,
    pub(crate) admin: SocketAddr,
    folder: TempDir,
    orders: Sender<Order>,
    running: JoinHandle<Result<(), ServeError>>,
}

/// A configuration, before it runs.
pub(crate) struct Setup {
    folder: TempDir,
    server: String,
    policy: String,
    settings: Vec<(String, String)>,
    others: Vec<(&'static str, String)>,
    clock: Clock,
}

impl Setup {
    /// In front of the demo model, which answers at once.
    pub(crate) fn demo() -> Self {
        Self::new("{ builtin: demo }")
    }

    /// In front of a server.
    pub(crate) fn upstream(address: SocketAddr) -> Self {
        Self::new(&format!("{{ url: 'http://{address}' }}"))
    }

    /// In front of an upstream as the server file has it.
    pub(crate) fn new(upstream: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let server = format!("{ROUTES}upstreams: {{ model: {upstream} }}\n");
        let policy = POLICY.to_owned();
        let (settings, others) = (Vec::new(), Vec::new());
        Self { folder, server, policy, settings, others, clock: Clock::default() }
    }

    /// With a setting, named by its path.
    pub(crate) fn with(mut self, path: &str, value: &str) -> Self {
        let name = format!("TIDEGATE_{}", path.replace('.', "__").to_uppercase());
        self.settings.push((name, value.to_owned()));
        self
    }

    /// With a secret in the environment.
    pub(crate) fn secret(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With lines at the end of the policy.
    pub(crate) fn policy(mut self, lines: &str) -> Self {
        self.policy.push_str(lines);
        self
    }

    /// With paths served that no dialect knows.
    pub(crate) fn walking(mut self) -> Self {
        self.server = self.server.replace("policy: test }", "policy: test, unknown_path: walk }");
        self
    }

    /// With the route taking every path.
    pub(crate) fn any_path(mut self) -> Self {
        self.server = self.server.replace("path: /v1/*", "path: /*");
        self
    }

    /// With the route taking every path, and what is no text passing.
    pub(crate) fn everywhere(self) -> Self {
        let all = "image: allow, audio: allow, file: allow, stored: allow, unknown: allow";
        self.policy(&format!("nontext: {{ {all} }}\n")).any_path()
    }

    /// With the route speaking one dialect, whatever the path.
    pub(crate) fn speaking(mut self, dialect: &str) -> Self {
        let route = format!("policy: test, dialect: {dialect} }}");
        self.server = self.server.replace("policy: test }", &route);
        self
    }

    /// With another policy that decides beside that of the route.
    pub(crate) fn shadowed_by(mut self, name: &str) -> Self {
        let route = format!("policy: test, shadow_policy: {name} }}");
        self.server = self.server.replace("policy: test }", &route);
        self
    }

    /// With lines at the end of the server file.
    pub(crate) fn lines(mut self, lines: &str) -> Self {
        self.server.push_str(lines);
        self
    }

    pub(crate) fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// With another policy beside the one of the route.
    pub(crate) fn beside(mut self, file: &'static str, policy: &str) -> Self {
        self.others.push((file, policy.to_owned()));
        self
    }

    pub(crate) async fn start(self) -> Gate {
        match self.launch().await {
            Ok(gate) => gate,
            Err(problem) => panic!("{problem}"),
        }
    }

    /// Starts, or says what is wrong with the configuration.
    pub(crate) async fn launch(self) -> Result<Gate, String> {
        let config = self.folder.path().join("tidegate.yaml");
        std::fs::write(&config, &self.server).expect("a server file");
        std::fs::create_dir(self.folder.path().join("policies")).expect("a folder");
        std::fs::write(self.folder.path().join("policies/test.yaml"), &self.policy)
            .expect("a policy");
        for (file, policy) in &self.others {
            std::fs::write(self.folder.path().join("policies").join(file), policy)
                .expect("a policy");
        }
        let options = ServeOptions {
            config: Some(config),
            environment: self.settings,
            demo_rate: Some(0.0),
            clock: self.clock,
            ..ServeOptions::default()
        };
        let app = match App::start(options).await {
            Ok(app) => app,
            Err(ServeError::Configuration(problems)) => {
                let shown =
                    tidegate::config::render(&problems, tidegate::config::Format::Short, false);
                return Err(format!("the configuration of a test is wrong: {shown}"));
            }
            Err(error) => return Err(error.to_string()),
        };
        let (orders, told) = channel(1);
        let (data, admin) = (app.data_address(), app.admin_address());
        let running = tokio::spawn(app.run(told));
        Ok(Gate { data, admin, folder: self.folder, orders, running })
    }
}

impl Gate {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn order(&self, order: Order) {
        self.orders.send(order).await.expect("the gate listens");
    }

    /// Waits until the gate has drained; the result is the folder that it leaves.
    pub(crate) async fn ended(self) -> TempDir {
        let ended = tokio::time::timeout(PATIENCE, self.running).await;
        ended.expect("the gate ends").expect("it does not panic").expect("no listener broke");
        self.folder
    }

    pub(crate) async fn admin(&self, path: &str) -> Answer {
        get(self.admin, path).await
    }

    /// Waits until the metrics have these lines.
    pub(crate) async fn counts(&self, lines: &[&str]) {
        let mut shown = String::new();
        for _ in 0..PATIENCE.as_millis() / 20 {
            shown = self.admin("/metrics").await.text();
            if lines.iter().all(|line| shown.lines().any(|shown| shown == *line)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let shown: Vec<&str> =
            shown.lines().filter(|line| !line.starts_with('#') && !line.ends_with(" 0")).collect();
        panic!("{lines:?} are not all among\n{}", shown.join("\n"));
    }

    /// The decision records of a request, once `marker`, a later request, is on record too.
    pub(crate) async fn records(&self, request: &str, marker: &str) -> Vec<serde_json::Value> {
        for _ in 0..PATIENCE.as_millis() / 20 {
            let text = std::fs::read_to_string(self.path("decisions.jsonl")).unwrap_or_default();
            let lines = text.lines().map_while(|line| serde_json::from_str(line).ok());
            let all: Vec<serde_json::Value> = lines.collect();
            if all.iter().any(|record| record["request_id"] == marker) {
                return all.into_iter().filter(|r| r["request_id"] == request).collect();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{marker} is not on record");
    }
}

impl Gate {
    /// Whether a request was refused for this reason.
    pub(crate) async fn rejected(&self, reason: &str) -> bool {
        let name = format!("tidegate_http_rejected_total{{reason=\"{reason}\"}} ");
        self.admin("/metrics").await.text().lines().any(|line| line.starts_with(&name))
    }
}
