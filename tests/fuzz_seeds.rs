//! Tries every seed of the fuzz targets, so that what a fuzzer once found stays found where none runs.
#![allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test, and the checks of the fuzz targets"
)]

use std::fs;

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

type Check = fn(&[u8]);

const TARGETS: [(&str, Check); 9] = [
    ("sse", fuzz::sse::check),
    ("json", fuzz::json::check),
    ("requests", fuzz::requests::check),
    ("forms", fuzz::forms::check),
    ("views", fuzz::views::check),
    ("gate", fuzz::gate::check),
    ("models", fuzz::models::check),
    ("policy", fuzz::policy::check),
    ("audit", fuzz::audit::check),
];

/// The seeds of a target.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = fuzz::folder().join("seeds").join(target);
    let files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let seeds: Vec<Vec<u8>> = files.map(|file| fs::read(file).unwrap()).collect();
    assert!(seeds.len() >= 5, "{target} has few seeds");
    seeds
}

#[test]
fn every_seed_holds_in_every_target() {
    for (name, check) in TARGETS {
        for seed in seeds(name) {
            check(&seed);
        }
    }
}

#[test]
fn every_seed_of_the_wire_holds_with_other_choices() {
    for (name, check) in TARGETS.into_iter().filter(|(name, _)| *name != "policy") {
        for seed in seeds(name) {
            // A seed without a line of choices is nothing but payload.
            let payload = seed.iter().position(|&byte| byte == b'\n').unwrap_or(seed.len());
            for line in ["1", "~z", "2a5Q", "kX!9", "\u{1}\u{2}"] {
                check(&[line.as_bytes(), &seed[payload..]].concat());
            }
        }
    }
}

#[test]
fn every_target_is_run_by_the_script_and_known_to_cargo() {
    let script = fs::read_to_string(fuzz::folder().join("run.sh")).unwrap();
    let manifest = fs::read_to_string(fuzz::folder().join("Cargo.toml")).unwrap();
    let list = TARGETS.map(|(name, _)| name).join(" ");
    assert!(script.contains(&format!("targets=${{*:-{list}}}")), "{list}");
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
}
