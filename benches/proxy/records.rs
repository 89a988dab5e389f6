//! What decision records cost: the same requests with records in a file, chained and signed, and without.

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

/// What the server file says of records.
const WAYS: [(&str, &str); 4] = [
    ("none", "log: { decisions: { to: none } }"),
    ("file", "log: { decisions: { to: decisions.jsonl } }\naudit: { key: { file: audit.pem } }"),
    (
        "file, texts in full",
        "log: { decisions: { to: decisions.jsonl, text: full } }\naudit: { key: { file: audit.pem } }",
    ),
    (
        "file, fsync always",
        "log: { decisions: { to: decisions.jsonl, sync: always } }\naudit: { key: { file: audit.pem } }",
    ),
];

/// Requests a second of many clients, by what is recorded.
pub(crate) fn compare(model: SocketAddr) -> anyhow::Result<()> {
    let request = APIS[0].request(&format!("{COUNTER} {}", prompt()));
    let gates: Vec<Tidegate> = WAYS
        .iter()
        .map(|(_, lines)| Tidegate::with(model, "default", lines))
        .collect::<anyhow::Result<_>>()?;
    let mut found: Vec<Vec<[f64; 2]>> = vec![Vec::new(); WAYS.len()];
    for _ in 0..ROUNDS {
        for (gate, found) in gates.iter().zip(&mut found) {
            let before = gate.cpu();
            let load = Load::run(gate.address, &request, CLIENTS, SPAN)?;
            let count = load.latencies.len() as f64;
            let spent = (gate.cpu() - before) / count * 1e6;
            found.push([count / SPAN.as_secs_f64(), spent]);
        }
    }
    println!("\n## Decision records, policy `default`, {CLIENTS} clients\n");
    println!("| records | requests/s | of none | CPU µs a request |\n|---|---:|---:|---:|");
    let of = |way: usize, what: usize| median(found[way].iter().map(|one| one[what]).collect());
    for (way, (name, _)) in WAYS.iter().enumerate() {
        let (rate, spent) = (of(way, 0), of(way, 1));
        println!("| {name} | {rate:.0} | {:.1} % | {spent:.0} |", rate / of(0, 0) * 100.0);
    }
    Ok(())
}
