//! What the proxy adds: latency, requests a second, processor time, time to first token, delay of each
//! chunk, memory; each against the same model asked directly and through nginx as a plain pass-through.
//!
//! Run with `make bench-proxy` (some seven minutes); `cargo bench --bench proxy -- dialects` only compares the dialects, `-- records`, `-- traces` and `-- feedback` what these cost, `-- viewers` the last table of these. Everything runs on this machine and in one run, so
//! only the ratios mean something. Model and clients are part of this program; they do no more than
//! they must. Without nginx, its column stays empty and says so.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a benchmark prints its tables, and may stop at a mistake of its own"
)]

#[path = "../common/mod.rs"]
mod common;
mod dialects;
mod feedback;
mod load;
mod model;
mod records;
mod servers;
mod streams;
mod traces;
mod ways;

use std::time::Duration;

use load::Load;
use servers::{Nginx, Tidegate};

/// Rounds of which the median counts.
const ROUNDS: usize = 5;
/// How long each measurement runs.
const SPAN: Duration = Duration::from_secs(3);
/// Clients at once where throughput is measured.
const CLIENTS: usize = 64;
/// Streams at once where the delay of chunks is measured.
const STREAMS: usize = 32;
/// Open streams where memory is measured.
const OPEN: usize = 1_000;

fn main() -> anyhow::Result<()> {
    servers::raise_open_files();
    let model = model::start()?;
    if std::env::args().any(|word| word == "records") {
        return records::compare(model);
    }
    if std::env::args().any(|word| word == "traces") {
        return traces::compare(model);
    }
    if std::env::args().any(|word| word == "feedback") {
        return feedback::compare(model);
    }
    if std::env::args().any(|word| word == "viewers") {
        return feedback::watched(model);
    }
    let nginx = Nginx::start(model)?;
    for policy in ["bench", "default"] {
        let tidegate = Tidegate::start(model, policy)?;
        println!("\n## Policy `{policy}`\n");
        let mut ways = vec![("model alone", model)];
        ways.extend(nginx.as_ref().map(|nginx| ("nginx", nginx.address)));
        ways.push(("tidegate", tidegate.address));
        let idle = tidegate.memory();
        dialects::added(model, tidegate.address)?;
        if std::env::args().any(|word| word == "dialects") {
            continue;
        }
        requests(&ways, &tidegate, nginx.as_ref())?;
        chunks(&ways)?;
        memory(&tidegate, idle)?;
    }
    if std::env::args().any(|word| word == "dialects") {
        return Ok(());
    }
    records::compare(model)?;
    traces::compare(model)?;
    feedback::compare(model)
}

/// Medians of one client and of many, by way.
fn requests(
    ways: &[(&str, std::net::SocketAddr)],
    tidegate: &Tidegate,
    nginx: Option<&Nginx>,
) -> anyhow::Result<()> {
    let request = dialects::APIS[0].request(&format!("{} {}", load::COUNTER, load::prompt()));
    let mut found: Vec<Vec<[f64; 4]>> = vec![Vec::new(); ways.len()];
    for _ in 0..ROUNDS {
        for (&(name, address), found) in ways.iter().zip(&mut found) {
            let one = Load::run(address, &request, 1, SPAN)?;
            let before = cpu(name, tidegate, nginx);
            let many = Load::run(address, &request, CLIENTS, SPAN)?;
            let spent = cpu(name, tidegate, nginx) - before;
            let count = many.latencies.len() as f64;
            found.push([
                one.percentile(50) * 1e3,
                one.percentile(99) * 1e3,
                count / SPAN.as_secs_f64(),
                spent * 1e3 / count,
            ]);
        }
    }
    println!(
        "| | median, 1 client | p99, 1 client | requests a second, {CLIENTS} clients | CPU s per 1,000 |"
    );
    println!("|---|---|---|---|---|");
    for (&(name, _), rounds) in ways.iter().zip(&found) {
        let column =
            |at: usize| median(rounds.iter().filter_map(|round| round.get(at).copied()).collect());
        let spent = if name == "model alone" { String::new() } else { format!("{:.3}", column(3)) };
        println!(
            "| {name} | {:.3} ms | {:.3} ms | {:.0} | {spent} |",
            column(0),
            column(1),
            column(2)
        );
    }
    Ok(())
}

/// Time to the first token, and what each chunk is late, with pauses like a model's.
fn chunks(ways: &[(&str, std::net::SocketAddr)]) -> anyhow::Result<()> {
    for (tokens, what) in [(model::LEADING, "` word`"), (model::TRAILING, "`word `")] {
        println!(
            "\n| tokens like {what} | first token, 1 stream | chunk, {STREAMS} streams: median | p99 |"
        );
        println!("|---|---|---|---|");
        for &(name, address) in ways {
            let first: Vec<f64> = (0..ROUNDS)
                .map(|_| streams::run(address, 1, tokens).map(|delays| delays.first_of_each))
                .collect::<anyhow::Result<Vec<_>>>()?
                .concat();
            let delays = streams::run(address, STREAMS, tokens)?;
            println!(
                "| {name} | {:.2} ms | {:.2} ms | {:.2} ms |",
                median(first) * 1e3,
                percentile(&delays.all, 50) * 1e3,
                percentile(&delays.all, 99) * 1e3,
            );
        }
    }
    Ok(())
}

fn memory(tidegate: &Tidegate, idle: u64) -> anyhow::Result<()> {
    let before = tidegate.memory();
    let open = streams::open(tidegate.address, OPEN)?;
    let with = tidegate.memory();
    drop(open);
    println!("\n| resident memory | |\n|---|---|");
    println!("| idle, after the start | {:.1} MiB |", mib(idle));
    println!("| idle, after the load above | {:.1} MiB |", mib(before));
    println!("| with {OPEN} open streams | {:.1} MiB |", mib(with));
    println!(
        "| each stream | {:.1} KiB |",
        with.saturating_sub(before) as f64 / 1024.0 / OPEN as f64
    );
    Ok(())
}

/// Processor time that the process behind a way has taken so far, in seconds.
fn cpu(name: &str, tidegate: &Tidegate, nginx: Option<&Nginx>) -> f64 {
    match (name, nginx) {
        ("tidegate", _) => tidegate.cpu(),
        ("nginx", Some(nginx)) => nginx.cpu(),
        _ => 0.0,
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn median(values: Vec<f64>) -> f64 {
    percentile(&values, 50)
}

fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}
