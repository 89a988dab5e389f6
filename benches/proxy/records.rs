//! What decision records cost: the same requests with records in a file, chained and signed, and without.

use std::net::SocketAddr;

use super::ways::{Way, compare as compare_ways};

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
    let ways: Vec<Way> =
        WAYS.iter().map(|&(name, lines)| Way { name, lines: lines.to_owned() }).collect();
    compare_ways(model, ("Decision records", "records"), &ways).map(drop)
}
