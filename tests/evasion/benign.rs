//! Ordinary text, in which nothing is to be found that it does not plainly say.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tidegate::domain::Finding;
use tidegate::engine::Scratch;
use tidegate::policy::Policy;

use crate::gate::{pieces, redacted, streamed, whole};
use crate::rng::Rng;

/// One text with the name of its file.
pub(crate) struct Ordinary {
    pub(crate) file: String,
    pub(crate) text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(path: &Path) -> Ordinary {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
    let file = path.strip_prefix(root()).unwrap_or(path).display().to_string();
    Ordinary { file, text }
}

/// Long texts: those beside this test (`tools/benign_mixed.py` writes them), and documents and source of the project
/// that speak of nothing forbidden.
pub(crate) fn documents() -> Vec<Ordinary> {
    let folder = root().join("tests/evasion/benign");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|one| one.expect("a file").path())
        .collect();
    paths.sort();
    for more in [
        "LICENSE",
        "docs/operations.md",
        "docs/metrics.md",
        "docs/dialects.md",
        "src/wire/sse.rs",
        "src/proxy/body.rs",
    ] {
        paths.push(root().join(more));
    }
    paths.iter().map(|path| read(path)).collect()
}

/// Single prompts of the project's corpora, and everyday lines.
pub(crate) fn prompts() -> Vec<String> {
    let mut all = Vec::new();
    for name in ["benign.en.jsonl", "benign.zh.jsonl"] {
        let corpus = read(&root().join("config/tests/corpora").join(name)).text;
        let lines = corpus.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        all.extend(lines.map(|line| line["text"].as_str().expect("a text").to_owned()));
    }
    let everyday = read(&root().join("config/everyday.txt")).text;
    all.extend(everyday.lines().filter(|line| !line.is_empty()).map(str::to_owned));
    all
}

/// Findings in what the text does not plainly say: neither as it stands, nor in capitals.
pub(crate) fn false_alarms(
    policy: &Arc<Policy>,
    text: &str,
    scratch: &mut Scratch,
) -> Vec<Finding> {
    let verdict = whole(policy, text, scratch);
    let plain = |one: &Finding| {
        let said = text[one.span.start..one.span.end].to_lowercase();
        said == one.matched.to_lowercase() || one.view.to_string() == "raw"
    };
    verdict.findings.into_iter().filter(|one| !plain(one)).collect()
}

/// What a streaming client gets of a text, and what is left of it when it is screened whole.
pub(crate) fn both_ways(
    policy: &Arc<Policy>,
    text: &str,
    scratch: &mut Scratch,
) -> (String, String) {
    let mut rng = Rng::of(&["ordinary"], text.len() as u64);
    let verdict = whole(policy, text, scratch);
    (redacted(text, &verdict), streamed(policy, &pieces(&mut rng, text, 160), scratch))
}
