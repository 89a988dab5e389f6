//! `tidegate serve` under a service manager: a socket that it is passed, and what it tells.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::folder;

/// How long a read may take before the test fails; nothing waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

const POLICY: &str = "version: 1\nname: p\nrules: [{ id: r, words: [blorp], action: block }]\n";
const SERVER: &str = "version: 1\nlisten: 127.0.0.1:0\nadmin: { listen: 127.0.0.1:0 }\n\
    upstreams: { demo: { builtin: demo } }\n\
    routes: [{ id: r, match: {}, upstream: demo, policy: p }]\n\
    policies: { watch: false }\n\
    drain: { delay: 0s, timeout: 1s }\n";

/// The gate, and the end of the socket that a manager reads; it ends with the test.
struct Managed {
    process: Child,
    told: UnixDatagram,
    folder: TempDir,
}

impl Drop for Managed {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().unwrap_or_default();
        self.process.wait().map(drop).unwrap_or_default();
    }
}

/// The first socket that is passed is descriptor 3, and is meant for the process that has the number in `LISTEN_PID`.
fn command(folder: &Path, count: u32, passed: Option<OwnedFd>) -> Command {
    let mut command = Command::new("sh");
    let script = if passed.is_some() {
        "exec 3<&0 </dev/null; LISTEN_PID=$$ exec \"$@\""
    } else {
        "exec \"$@\""
    };
    command
        .args(["-c", script, "sh"])
        .arg(assert_cmd::cargo::cargo_bin!("tidegate"))
        .args(["serve", "--config", "tidegate.yaml"])
        .current_dir(folder)
        .env("LISTEN_FDS", count.to_string())
        .stdin(passed.map_or_else(Stdio::null, Stdio::from))
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

fn start(watchdog: Option<Duration>, passed: Option<OwnedFd>) -> Managed {
    let folder = folder(&[("tidegate.yaml", SERVER), ("policies/p.yaml", POLICY)]);
    let path = folder.path().join("notify");
    let told = UnixDatagram::bind(&path).unwrap_or_else(|error| panic!("{error}"));
    told.set_read_timeout(Some(PATIENCE)).unwrap_or_else(|error| panic!("{error}"));
    let mut command = command(folder.path(), u32::from(passed.is_some()), passed);
    command.env("NOTIFY_SOCKET", &path);
    if let Some(watchdog) = watchdog {
        command.env("WATCHDOG_USEC", watchdog.as_micros().to_string());
    }
    let process = command.spawn().unwrap_or_else(|error| panic!("{error}"));
    Managed { process, told, folder }
}

impl Managed {
    /// The next thing that the manager is told.
    fn told(&self) -> String {
        let mut bytes = [0; 4096];
        let length = self.told.recv(&mut bytes).unwrap_or_else(|error| panic!("{error}"));
        String::from_utf8_lossy(bytes.get(..length).unwrap_or_default()).into_owned()
    }

    /// The address in what is told when the service is ready.
    fn ready(&self) -> SocketAddr {
        let told = self.told();
        let status = told.strip_prefix("READY=1\nSTATUS=serving on ");
        let address = status.and_then(|status| status.split(',').next()?.parse().ok());
        address.unwrap_or_else(|| panic!("{told}"))
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.process.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    fn ended(&mut self) -> Option<i32> {
        self.process.wait().unwrap_or_else(|error| panic!("{error}")).code()
    }
}

/// The first line of what is answered to a prompt.
fn ask(address: SocketAddr, prompt: &str) -> String {
    let body = format!(
        "{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":\"{prompt}\"}}]}}"
    );
    let mut socket = TcpStream::connect(address).unwrap_or_else(|error| panic!("{error}"));
    socket.set_read_timeout(Some(PATIENCE)).unwrap_or_else(|error| panic!("{error}"));
    write!(
        socket,
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap_or_else(|error| panic!("{error}"));
    let mut line = String::new();
    BufReader::new(socket).read_line(&mut line).unwrap_or_else(|error| panic!("{error}"));
    line.trim_end().to_owned()
}

#[test]
fn the_manager_is_told_of_the_start_of_reloads_and_of_the_stop() {
    let mut gate = start(None, None);
    let address = gate.ready();
    // What it was told is true: no attempt is needed before this one.
    assert_eq!(ask(address, "blorp"), "HTTP/1.1 400 Bad Request");
    let milder = POLICY.replace("block", "tag");
    for (policy, status) in [(milder.as_str(), "200 OK"), ("version: 1\nrulez: []\n", "200 OK")] {
        std::fs::write(gate.folder.path().join("policies/p.yaml"), policy)
            .unwrap_or_else(|error| panic!("{error}"));
        gate.signal("-HUP");
        let told = gate.told();
        let since = told.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").map(str::trim);
        assert!(since.is_some_and(|since| since.parse::<u64>().is_ok()), "{told}");
        assert_eq!(gate.ready(), address);
        assert_eq!(ask(address, "blorp"), format!("HTTP/1.1 {status}"));
    }
    gate.signal("-TERM");
    assert_eq!(gate.told(), "STOPPING=1\nSTATUS=draining\n");
    assert_eq!(gate.ended(), Some(0));
}

#[test]
fn signs_of_life_come_for_as_long_as_the_gate_runs() {
    let mut gate = start(Some(Duration::from_millis(60)), None);
    let mut told: Vec<String> = (0..6).map(|_| gate.told()).collect();
    told.retain(|told| !told.starts_with("READY=1\n"));
    assert_eq!(told, vec!["WATCHDOG=1\n"; 5]);
    gate.signal("-TERM");
    assert_eq!(gate.ended(), Some(0));
}

#[test]
fn connections_made_before_the_start_are_answered_and_the_socket_outlives_the_gate() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    let address = socket.local_addr().unwrap_or_else(|error| panic!("{error}"));
    for _ in 0..2 {
        // Nobody listens yet but the one who keeps the socket.
        let early = std::thread::spawn(move || ask(address, "hello"));
        let passed = socket.try_clone().unwrap_or_else(|error| panic!("{error}"));
        let mut gate = start(None, Some(passed.into()));
        assert_eq!(gate.ready(), address);
        assert_eq!(early.join().ok().as_deref(), Some("HTTP/1.1 200 OK"));
        assert_eq!(ask(address, "blorp"), "HTTP/1.1 400 Bad Request");
        gate.signal("-TERM");
        assert_eq!(gate.told(), "STOPPING=1\nSTATUS=draining\n");
        assert_eq!(gate.ended(), Some(0));
    }
}

#[test]
fn a_socket_that_is_no_data_listener_and_one_too_many_are_refused() {
    let folder = folder(&[("tidegate.yaml", SERVER), ("policies/p.yaml", POLICY)]);
    let listener = UnixListener::bind(folder.path().join("local"));
    let listener = listener.unwrap_or_else(|error| panic!("{error}"));
    for (count, why) in [
        (
            1,
            "error: the socket that the service manager passed cannot be the data listener: fd 3 is not a valid tcp socket\n",
        ),
        (
            2,
            "error: the service manager passed 2 sockets; there is room for one, the data listener\n",
        ),
    ] {
        let passed = listener.try_clone().unwrap_or_else(|error| panic!("{error}"));
        let mut process = command(folder.path(), count, Some(passed.into()))
            .spawn()
            .unwrap_or_else(|error| panic!("{error}"));
        let mut complaint = String::new();
        let stderr = process.stderr.take().unwrap_or_else(|| panic!("no standard error"));
        BufReader::new(stderr)
            .read_to_string(&mut complaint)
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(complaint, why);
        assert_eq!(process.wait().ok().and_then(|status| status.code()), Some(2));
    }
}
