//! Ways to set the gate up, side by side under the same load.

use std::net::SocketAddr;
use std::time::Duration;

use super::dialects::APIS;
use super::load::{COUNTER, Load, prompt};
use super::servers::Tidegate;
use super::{CLIENTS, median};

/// Rounds of which the median counts: short ones, one way after the other, so that all see the same machine.
const ROUNDS: usize = 21;
/// How long each measurement runs.
const SPAN: Duration = Duration::from_secs(1);

/// A way to set the gate up.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) name: &'static str,
    /// Lines of the server file.
    pub(crate) lines: String,
}

/// Prints requests a second of many clients and what they cost, by way; the first one is what others are compared with.
/// The gates come back as they stand after the load.
pub(crate) fn compare(
    model: SocketAddr,
    (title, column): (&str, &str),
    ways: &[Way],
) -> anyhow::Result<Vec<Tidegate>> {
    let request = APIS[0].request(&format!("{COUNTER} {}", prompt()));
    let gates: Vec<Tidegate> = ways
        .iter()
        .map(|way| Tidegate::with(model, "default", &way.lines))
        .collect::<anyhow::Result<_>>()?;
    let mut found: Vec<Vec<[f64; 2]>> = vec![Vec::new(); ways.len()];
    for _ in 0..ROUNDS {
        for (gate, found) in gates.iter().zip(&mut found) {
            let before = gate.cpu();
            let load = Load::run(gate.address, &request, CLIENTS, SPAN)?;
            let count = load.latencies.len() as f64;
            let spent = (gate.cpu() - before) / count * 1e6;
            found.push([count / SPAN.as_secs_f64(), spent]);
        }
    }
    println!("\n## {title}, policy `default`, {CLIENTS} clients\n");
    println!(
        "| {column} | requests/s | of {} | CPU µs a request |\n|---|---:|---:|---:|",
        ways[0].name
    );
    let of = |way: usize, what: usize| median(found[way].iter().map(|one| one[what]).collect());
    for (way, Way { name, .. }) in ways.iter().enumerate() {
        let (rate, spent) = (of(way, 0), of(way, 1));
        println!("| {name} | {rate:.0} | {:.1} % | {spent:.0} |", rate / of(0, 0) * 100.0);
    }
    Ok(gates)
}
