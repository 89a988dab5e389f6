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
/// Opinions a second beside traffic, and who gives them.
const RATE: u64 = 2_000;
const SPEAKERS: u64 = 8;

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
    let decision = decision(gate.address)?;
    let body =
        format!(r#"{{"decision_id":"{decision}","rating":4,"scale":5,"comment":"{COUNTER}"}}"#);
    let said = post("/v1/feedback", &body);
    let given = Load::run(gate.address, &said, CLIENTS, SPAN * 3)?;
    println!("\n## Feedback, SQLite, {CLIENTS} callers without pause\n");
    println!("| acknowledged a second | median | p99 |\n|---:|---:|---:|");
    println!(
        "| {:.0} | {:.1} ms | {:.1} ms |",
        given.latencies.len() as f64 / (SPAN * 3).as_secs_f64(),
        given.percentile(50) * 1e3,
        given.percentile(99) * 1e3
    );
    beside(gate, &request, &said)
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

/// Latency of one client's requests, alone and while people speak.
fn beside(gate: &Tidegate, request: &[u8], said: &[u8]) -> anyhow::Result<()> {
    let (stop, told) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut found: [Vec<[f64; 2]>; 2] = [Vec::new(), Vec::new()];
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let alone = Load::run(gate.address, request, 1, SPAN)?;
        found[0].push([alone.percentile(50), alone.percentile(99)]);
        stop.store(false, Relaxed);
        let before = told.load(Relaxed);
        let speakers: Vec<_> = (0..SPEAKERS)
            .map(|_| {
                let (stop, told, said) = (Arc::clone(&stop), Arc::clone(&told), said.to_vec());
                let address = gate.address;
                std::thread::spawn(move || speak(address, said, &stop, &told))
            })
            .collect();
        let began = Instant::now();
        let with = Load::run(gate.address, request, 1, SPAN)?;
        rates.push((told.load(Relaxed) - before) as f64 / began.elapsed().as_secs_f64());
        found[1].push([with.percentile(50), with.percentile(99)]);
        stop.store(true, Relaxed);
        for speaker in speakers {
            speaker.join().ok().context("a speaker panicked")??;
        }
    }
    println!("\n## Traffic of one client while people speak\n");
    println!("| feedback/s | median | p99 |\n|---:|---:|---:|");
    for (rate, found) in [0.0, median(rates)].into_iter().zip(&found) {
        let of = |what: usize| median(found.iter().map(|one| one[what] * 1e3).collect());
        println!("| {rate:.0} | {:.3} ms | {:.3} ms |", of(0), of(1));
    }
    Ok(())
}

/// Gives opinions at an even pace.
fn speak(
    address: SocketAddr,
    mut said: Vec<u8>,
    stop: &AtomicBool,
    told: &AtomicU64,
) -> anyhow::Result<()> {
    static NUMBER: AtomicU64 = AtomicU64::new(5_000_000_000);
    let pause = Duration::from_secs(1) / u32::try_from(RATE / SPEAKERS)?;
    let place = said.windows(COUNTER.len()).position(|window| window == COUNTER.as_bytes());
    let place = place.context("a counter")?;
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let (mut next, mut answer) = (Instant::now(), [0_u8; 4096]);
    while !stop.load(Relaxed) {
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        next += pause;
        let digits = format!("{:010}", NUMBER.fetch_add(1, Relaxed));
        said[place..place + COUNTER.len()].copy_from_slice(digits.as_bytes());
        stream.write_all(&said)?;
        let mut length = 0;
        while message_length(&answer[..length]).is_none() {
            let read = stream.read(&mut answer[length..])?;
            anyhow::ensure!(read > 0, "the connection was closed");
            length += read;
        }
        anyhow::ensure!(answer.starts_with(b"HTTP/1.1 201"), "feedback was refused");
        told.fetch_add(1, Relaxed);
    }
    Ok(())
}

/// A decision to speak of.
fn decision(address: SocketAddr) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(&APIS[0].request("hello"))?;
    let (mut answer, mut buffer) = (Vec::new(), [0_u8; 4096]);
    while message_length(&answer).is_none() {
        let read = stream.read(&mut buffer)?;
        anyhow::ensure!(read > 0, "the connection was closed");
        answer.extend_from_slice(&buffer[..read]);
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let found = answer.lines().find_map(|line| line.strip_prefix("x-tidegate-decision: "));
    Ok(found.context("a decision's id")?.to_owned())
}
