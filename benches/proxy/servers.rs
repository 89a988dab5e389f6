//! The servers that are measured: processes of their own, ended when they are dropped.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// Clock ticks a second in `/proc/PID/stat`: 100 on every Linux platform that counts.
const TICKS: f64 = 100.0;
/// Bytes of a page in `/proc/PID/statm`.
const PAGE: u64 = 4096;

/// Tidegate, in front of the model.
#[derive(Debug)]
pub(crate) struct Tidegate {
    pub(crate) address: SocketAddr,
    admin: SocketAddr,
    process: Running,
}

/// nginx as a plain pass-through in front of the model.
#[derive(Debug)]
pub(crate) struct Nginx {
    pub(crate) address: SocketAddr,
    process: Running,
}

#[derive(Debug)]
struct Running {
    child: Child,
    folder: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Asked to end, nginx ends its workers too. It may have ended by itself, and the folder is only temporary.
        let id = self.child.id().to_string();
        let _asked = Command::new("kill").arg(&id).status();
        std::thread::sleep(Duration::from_millis(300));
        let _ended = self.child.kill();
        let _ended = self.child.wait();
        let _removed = std::fs::remove_dir_all(&self.folder);
    }
}

impl Tidegate {
    /// Starts the binary with one policy: `bench` (10,000 terms, 50 regexes) or a shipped one.
    pub(crate) fn start(model: SocketAddr, policy: &str) -> anyhow::Result<Self> {
        Self::with(model, policy, "log: { decisions: { to: none } }")
    }

    /// The same with lines of the server file that say what is recorded. A key that signs is in `audit.pem`.
    pub(crate) fn with(model: SocketAddr, policy: &str, records: &str) -> anyhow::Result<Self> {
        let folder = folder("tidegate")?;
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
        if policy == "bench" {
            std::fs::create_dir_all(folder.join("policies"))?;
            std::fs::create_dir_all(folder.join("lexicons"))?;
            std::fs::write(
                folder.join("lexicons/terms.txt"),
                super::common::words(10_000).join("\n"),
            )?;
            std::fs::write(folder.join("policies/bench.yaml"), bench_policy()?)?;
        } else {
            for part in ["policies", "lexicons"] {
                copy(&shipped.join(part), &folder.join(part))?;
            }
        }
        let (address, admin) = (free_address()?, free_address()?);
        let store = if records.contains("store:") { "" } else { "store: { url: none }\n" };
        let server = format!(
            "version: 1\nlisten: {address}\nadmin: {{ listen: '{admin}' }}\n{store}{records}\n\
             upstreams:\n  model: {{ url: 'http://{model}' }}\n\
             routes:\n  - {{ id: chat, match: {{ path: '/*' }}, upstream: model, policy: {policy} }}\n"
        );
        let key = tidegate::audit::new_key(&ring::rand::SystemRandom::new())?;
        std::fs::write(folder.join("audit.pem"), key)?;
        let file = folder.join("tidegate.yaml");
        std::fs::write(&file, server)?;
        let child = Command::new(env!("CARGO_BIN_EXE_tidegate"))
            .arg("serve")
            .arg("--config")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("tidegate does not start")?;
        let process = Running { child, folder };
        wait_for(address)?;
        // The allocator gives memory back a little later.
        std::thread::sleep(Duration::from_secs(3));
        Ok(Self { address, admin, process })
    }

    /// The admin listener.
    pub(crate) const fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// A token of somebody who may see decisions, put into the store `state.db`.
    pub(crate) fn token(&self) -> anyhow::Result<String> {
        use tidegate::store::{Engine, Now, Store, StoreSettings, TokenRow, UserRow};
        let now = Now(std::sync::Arc::new(|| 1));
        let engine = Engine::Sqlite(self.process.folder.join("state.db"));
        let settings = StoreSettings { engine, key: None, signer: None, waits: false, now };
        let store = Store::start(settings)?;
        let token = "tgt_of-somebody-who-watches".to_owned();
        let (name, role) = ("viewer".to_owned(), "viewer".to_owned());
        let user = UserRow { id: name.clone(), name: name.clone(), role, ..UserRow::default() };
        let hash = tidegate::audit::digest(token.as_bytes());
        let row = TokenRow {
            id: name.clone(),
            hash,
            name,
            user: user.clone(),
            scopes: "see".to_owned(),
            ..TokenRow::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(store.write(move |c| {
            user.insert(c)?;
            row.insert(c)
        }))?;
        store.close(Duration::from_secs(5));
        Ok(token)
    }

    /// Resident bytes.
    pub(crate) fn memory(&self) -> u64 {
        let pages = std::fs::read_to_string(format!("/proc/{}/statm", self.process.child.id()));
        let pages = pages.ok().and_then(|line| line.split(' ').nth(1)?.parse::<u64>().ok());
        pages.unwrap_or_default() * PAGE
    }

    /// Seconds of processor time so far.
    pub(crate) fn cpu(&self) -> f64 {
        cpu_of(self.process.child.id())
    }

    /// A metric by its name and labels; 0 where there is no such series.
    pub(crate) fn metric(&self, series: &str) -> anyhow::Result<f64> {
        let mut stream = TcpStream::connect(self.admin)?;
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let value = answer.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        Ok(value.unwrap_or("0").trim().parse()?)
    }
}

impl Nginx {
    /// Starts nginx, if there is one.
    pub(crate) fn start(model: SocketAddr) -> anyhow::Result<Option<Self>> {
        let program = ["nginx", "/usr/sbin/nginx"]
            .into_iter()
            .find(|program| Command::new(program).arg("-v").stderr(Stdio::null()).status().is_ok());
        let Some(program) = program else {
            eprintln!(
                "nginx is not installed (apt-get install nginx-light); its column is left out"
            );
            return Ok(None);
        };
        let folder = folder("nginx")?;
        let address = free_address()?;
        let path = folder.display();
        let configuration = format!(
            "daemon off; worker_processes auto; pid {path}/pid; error_log {path}/error.log;\n\
             events {{ worker_connections 8192; }}\n\
             http {{ access_log off; client_body_temp_path {path}/body; proxy_temp_path {path}/proxy; fastcgi_temp_path {path}/f; uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;\n\
             client_body_buffer_size 64k; keepalive_requests 10000000;\n\
             upstream model {{ server {model}; keepalive 256; keepalive_requests 10000000; }}\n\
             server {{ listen {address}; location / {{ proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_buffering off; }} }} }}\n"
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, configuration)?;
        let child = Command::new(program).arg("-c").arg(&file).stderr(Stdio::null()).spawn()?;
        let process = Running { child, folder };
        wait_for(address)?;
        Ok(Some(Self { address, process }))
    }

    /// Seconds of processor time of all its workers so far.
    pub(crate) fn cpu(&self) -> f64 {
        let master = self.process.child.id();
        let children = format!("/proc/{master}/task/{master}/children");
        let children = std::fs::read_to_string(children).unwrap_or_default();
        let workers = children.split_whitespace().filter_map(|id| id.parse().ok());
        cpu_of(master) + workers.map(cpu_of).sum::<f64>()
    }
}

/// Lets this process and those it starts have files for a thousand streams.
pub(crate) fn raise_open_files() {
    let own = std::process::id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &own, "--nofile=16384:"]).status();
    if !raised.is_ok_and(|status| status.success()) {
        eprintln!("the limit of open files could not be raised; the streams at the end may fail");
    }
}

fn bench_policy() -> Result<String, std::fmt::Error> {
    let mut policy = "version: 1\nname: bench\nlexicons:\n  terms: { file: lexicons/terms.txt }\n\
         rules:\n  - { id: terms, category: harassment, lexicon: terms, action: block }\n\
         \x20 - id: patterns\n    category: privacy\n    action: redact\n    regex:\n"
        .to_owned();
    for pattern in super::common::patterns() {
        writeln!(policy, "      - '{}'", pattern.replace('\'', "''"))?;
    }
    Ok(policy)
}

fn cpu_of(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name in brackets may hold blanks.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = |nth: usize| fields.split_whitespace().nth(nth)?.parse::<f64>().ok();
    (ticks(11).unwrap_or_default() + ticks(12).unwrap_or_default()) / TICKS
}

fn folder(name: &str) -> std::io::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("tidegate-bench-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

fn wait_for(address: SocketAddr) -> anyhow::Result<()> {
    let until = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(address).is_err() {
        anyhow::ensure!(Instant::now() < until, "nothing listens on {address}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
