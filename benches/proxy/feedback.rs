//! What the store costs traffic, how much feedback it takes in a second, and what that does to traffic.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::dialects::APIS;
use super::load::{COUNTER, Load, message_length, post, prompt};
use super::servers::Tidegate;
use super::{CLIENTS, median};

/// Rounds of which the median counts.
const ROUNDS: usize = 11;
/// How long each measurement runs.
const SPAN: Duration = Duration::from_secs(1);
/// Opinions a second beside traffic, and who gives them: each waits for the answer, so enough of them.
const RATE: u32 = 2_000;
const SPEAKERS: usize = 64;
/// People who watch decisions live.
const VIEWERS: usize = 100;
/// Opinions that are kept of one decision.
const OF_ONE: usize = 20;

/// What the server file says of the store. No caller is told to wait.
const WAYS: [(&str, &str); 3] = [
    ("none", "store: { url: none }"),
    ("SQLite, redacted", "store: { url: 'sqlite:state.db' }\nlimits: { feedback: 1000000000 }"),
    (
        "SQLite, full and encrypted",
        "store: { url: 'sqlite:state.db', text: full, key: { file: audit.pem } }\nlimits: { feedback: 1000000000 }",
    ),
];

/// Prints the three tables.
pub(crate) fn compare(model: SocketAddr) -> anyhow::Result<()> {
    let none = "log: { decisions: { to: none } }\n";
    let gates: Vec<Tidegate> = WAYS
        .iter()
        .map(|(_, lines)| Tidegate::with(model, "default", &format!("{none}{lines}")))
        .collect::<anyhow::Result<_>>()?;
    let request = APIS[0].request(&format!("{COUNTER} {}", prompt()));
    cost(&gates, &request)?;
    let gate = &gates[1];
    let given = speaking(gate.address, CLIENTS, None, || std::thread::sleep(SPAN * 3))?;
    println!("\n## Feedback, SQLite, {CLIENTS} callers without pause\n");
    println!("| acknowledged a second | median | p99 |\n|---:|---:|---:|");
    println!(
        "| {:.0} | {:.1} ms | {:.1} ms |",
        given.len() as f64 / (SPAN * 3).as_secs_f64(),
        super::percentile(&given, 50) * 1e3,
        super::percentile(&given, 99) * 1e3
    );
    beside(gate, &request)
}

/// What `-- viewers` prints: the same with people who watch.
pub(crate) fn watched(model: SocketAddr) -> anyhow::Result<()> {
    let lines = format!("log: {{ decisions: {{ to: none }} }}\n{}", WAYS[1].1);
    let gate = Tidegate::with(model, "default", &lines)?;
    beside(&gate, &APIS[0].request(&format!("{COUNTER} {}", prompt())))
}

fn cost(gates: &[Tidegate], request: &[u8]) -> anyhow::Result<()> {
    let mut found: Vec<Vec<[f64; 2]>> = vec![Vec::new(); WAYS.len()];
    for _ in 0..ROUNDS {
        for (gate, found) in gates.iter().zip(&mut found) {
            let before = gate.cpu();
            let load = Load::run(gate.address, request, CLIENTS, SPAN)?;
            let count = load.latencies.len() as f64;
            found.push([count / SPAN.as_secs_f64(), (gate.cpu() - before) / count * 1e6]);
        }
    }
    println!("\n## The store, policy `default`, {CLIENTS} clients\n");
    println!("| store | requests/s | of none | CPU µs a request |\n|---|---:|---:|---:|");
    let of = |way: usize, what: usize| median(found[way].iter().map(|one| one[what]).collect());
    for (way, (name, _)) in WAYS.iter().enumerate() {
        let (rate, spent) = (of(way, 0), of(way, 1));
        println!("| {name} | {rate:.0} | {:.1} % | {spent:.0} |", rate / of(0, 0) * 100.0);
    }
    Ok(())
}

/// Latency of one client's requests: alone, while people watch, while they speak, and while they do both.
fn beside(gate: &Tidegate, request: &[u8]) -> anyhow::Result<()> {
    let token = gate.token()?;
    let mut found: [Vec<[f64; 3]>; 4] = Default::default();
    let pause = Duration::from_secs(1) * u32::try_from(SPEAKERS)? / RATE;
    for _ in 0..ROUNDS {
        for (way, found) in found.iter_mut().enumerate() {
            let viewers = Viewers::start(gate, &token, if way % 2 == 1 { VIEWERS } else { 0 })?;
            let mut with = Ok(Load::default());
            let speakers = if way >= 2 { SPEAKERS } else { 0 };
            let given = speaking(gate.address, speakers, Some(pause), || {
                with = Load::run(gate.address, request, 1, SPAN);
            })?;
            let with = with?;
            viewers.stop()?;
            let rate = given.len() as f64 / SPAN.as_secs_f64();
            found.push([rate, with.percentile(50), with.percentile(99)]);
        }
    }
    println!("\n## Traffic of one client while people speak and watch\n");
    println!("| feedback/s | viewers | median | p99 |\n|---:|---:|---:|---:|");
    for (way, found) in found.iter().enumerate() {
        let of = |what: usize| median(found.iter().map(|one| one[what]).collect());
        let viewers = if way % 2 == 1 { VIEWERS } else { 0 };
        println!("| {:.0} | {viewers} | {:.3} ms | {:.3} ms |", of(0), of(1) * 1e3, of(2) * 1e3);
    }
    Ok(())
}

/// People who watch decisions live, each over a connection of their own.
struct Viewers {
    stop: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<anyhow::Result<u64>>>,
}

impl Viewers {
    fn start(gate: &Tidegate, token: &str, count: usize) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for _ in 0..count {
            let mut stream = TcpStream::connect(gate.admin())?;
            stream.set_read_timeout(Some(Duration::from_millis(300)))?;
            let host = gate.admin();
            write!(
                stream,
                "GET /api/live HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\r\n"
            )?;
            let stop = Arc::clone(&stop);
            threads.push(std::thread::spawn(move || watch(stream, &stop)));
        }
        Ok(Self { stop, threads })
    }

    /// Each has to have seen something.
    fn stop(self) -> anyhow::Result<()> {
        self.stop.store(true, Relaxed);
        for thread in self.threads {
            let seen = thread.join().ok().context("a viewer panicked")??;
            anyhow::ensure!(seen > 200, "a viewer saw {seen} bytes");
        }
        Ok(())
    }
}

/// The bytes that one who watches got.
fn watch(mut stream: TcpStream, stop: &AtomicBool) -> anyhow::Result<u64> {
    let (mut seen, mut buffer) = (0, [0_u8; 8192]);
    while !stop.load(Relaxed) {
        match stream.read(&mut buffer) {
            Ok(0) => anyhow::bail!("the live feed ended"),
            Ok(read) => seen += read as u64,
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(seen)
}

/// Seconds of each opinion that so many people gave while `meanwhile` went on.
fn speaking(
    address: SocketAddr,
    speakers: usize,
    pause: Option<Duration>,
    meanwhile: impl FnOnce(),
) -> anyhow::Result<Vec<f64>> {
    let stop = Arc::new(AtomicBool::new(false));
    let speakers: Vec<_> = (0..speakers)
        .map(|_| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || speak(address, pause, &stop))
        })
        .collect();
    meanwhile();
    stop.store(true, Relaxed);
    let mut given = Vec::new();
    for speaker in speakers {
        given.extend(speaker.join().ok().context("a speaker panicked")??);
    }
    Ok(given)
}

/// Gives opinions, at an even pace where there is one, and asks for another decision as soon as enough was said of one.
fn speak(
    address: SocketAddr,
    pause: Option<Duration>,
    stop: &AtomicBool,
) -> anyhow::Result<Vec<f64>> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let (mut next, mut given) = (Instant::now(), Vec::new());
    'decisions: loop {
        let answer = asked(&mut stream, &APIS[0].request("hello"))?;
        let found = answer.lines().find_map(|line| line.strip_prefix("x-tidegate-decision: "));
        let decision = found.context("a decision's id")?.to_owned();
        for _ in 0..OF_ONE {
            if stop.load(Relaxed) {
                break 'decisions;
            }
            if let Some(pause) = pause {
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
                next += pause;
            }
            let number = NUMBER.fetch_add(1, Relaxed);
            let body = format!(
                r#"{{"decision_id":"{decision}","rating":4,"scale":5,"comment":"opinion {number}"}}"#
            );
            let began = Instant::now();
            let answer = asked(&mut stream, &post("/v1/feedback", &body))?;
            anyhow::ensure!(answer.starts_with("HTTP/1.1 201"), "{answer}");
            given.push(began.elapsed().as_secs_f64());
        }
    }
    Ok(given)
}

fn asked(stream: &mut TcpStream, request: &[u8]) -> anyhow::Result<String> {
    stream.write_all(request)?;
    let (mut answer, mut buffer) = (Vec::new(), [0_u8; 4096]);
    while message_length(&answer).is_none() {
        let read = stream.read(&mut buffer)?;
        anyhow::ensure!(read > 0, "the connection was closed");
        answer.extend_from_slice(&buffer[..read]);
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
