//! `tidegate audit`: verifies the decision log, and makes the key that signs its checkpoints.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use ring::rand::SystemRandom;
use serde_json::{Value, json};

use super::output;
use crate::audit::{
    Broken, CHECKPOINT_SCHEMA, ChainSummary, Head, Link, MOST_LINE, PublicKey, Signer, Verifier,
    VerifierSettings, new_key,
};

/// The most bytes of a key file.
const MOST_KEY: u64 = 64 << 10;
/// The most keys whose signatures count.
const MOST_KEYS: usize = 16;
/// The most checkpoints that are known from elsewhere.
const MOST_KNOWN: usize = 1_000_000;

/// What is done.
#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find what was changed, left out, put in or moved in a decision log.
    Verify(VerifyArgs),
    /// Make the key that signs checkpoints, or print the public part of one.
    Key(KeyArgs),
}

#[derive(Debug, Args)]
struct VerifyArgs {
    /// Files of the log, the oldest first; `-` is standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// A public key in PEM: every checkpoint has to be signed by it, or by another one that is given.
    #[arg(long, value_name = "PUBLIC")]
    key: Vec<PathBuf>,
    /// A file of checkpoints that are known from elsewhere (`audit.checkpoint.file`, or lines of the log): each has to
    /// be there.
    #[arg(long, value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// A line that is known from elsewhere, by its number and hash.
    #[arg(long, value_name = "SEQ:HASH", value_parser = head)]
    head: Vec<Head>,
    /// Lines of several gates stand among each other.
    #[arg(long)]
    interleaved: bool,
    /// The form of the result.
    #[arg(long, value_enum, default_value_t)]
    format: VerifyFormat,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum VerifyFormat {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Args)]
struct KeyArgs {
    /// Where the new private key goes; the file must not be there yet.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "public",
        required_unless_present = "public"
    )]
    out: Option<PathBuf>,
    /// Print the public key of this private key.
    #[arg(long, value_name = "PRIVATE")]
    public: Option<PathBuf>,
}

fn head(written: &str) -> Result<Head, String> {
    let wrong = || "a number and a SHA-256 with a colon between them".to_owned();
    let (seq, hash) = written.split_once(':').ok_or_else(wrong)?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let seq = seq.parse().ok().filter(|_| is_hash).ok_or_else(wrong)?;
    Ok(Head { chain: None, seq, hash: hash.to_ascii_lowercase() })
}

pub(super) fn run(args: &AuditArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Verify(args) => verify(args),
        Command::Key(args) => key(args),
    }
}

fn key(args: &KeyArgs) -> anyhow::Result<ExitCode> {
    if let Some(path) = &args.public {
        let signer = Signer::from_pem(&key_text(path)?);
        let signer = signer.with_context(|| path.display().to_string())?;
        output::say(&signer.public().to_pem())?;
    }
    if let Some(path) = &args.out {
        let pem = new_key(&SystemRandom::new())?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let shown = path.display();
        let mut file = file.with_context(|| format!("`{shown}` cannot be made"))?;
        file.write_all(pem.as_bytes()).with_context(|| format!("`{shown}`"))?;
        output::say(&Signer::from_pem(&pem)?.public().to_pem())?;
        output::complain(&format!(
            "the private key is in {shown}; above is the public key, for `tidegate audit verify --key`"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// The text of a file that is no longer than a key.
pub(super) fn key_text(path: &Path) -> anyhow::Result<String> {
    let shown = || format!("`{}`", path.display());
    let mut text = String::new();
    File::open(path)
        .with_context(shown)?
        .take(MOST_KEY)
        .read_to_string(&mut text)
        .with_context(shown)?;
    Ok(text)
}

fn verify(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(args.key.len() <= MOST_KEYS, "more than {MOST_KEYS} keys");
    let mut keys = Vec::new();
    for path in &args.key {
        let key = PublicKey::from_pem(&key_text(path)?);
        keys.push(key.with_context(|| path.display().to_string())?);
    }
    let mut known = args.head.clone();
    for path in &args.checkpoints {
        checkpoints(path, &mut known)?;
    }
    let has_keys = !keys.is_empty();
    let settings = VerifierSettings { keys, known, interleaved: args.interleaved };
    let mut verifier = Verifier::new(settings);
    for (number, path) in args.files.iter().enumerate() {
        each_line(path, |line, bytes, ended| {
            verifier.line((number, line), bytes, ended);
            Ok(())
        })?;
    }
    verifier.end();
    let is_whole = verifier.broken().1 == 0;
    match args.format {
        VerifyFormat::Json => {
            output::say(&format!("{}\n", report(&verifier, &args.files, has_keys)))?;
        }
        VerifyFormat::Text => output::say(&told(&verifier, &args.files, has_keys))?,
    }
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Reads a file line by line. A line that is too long comes in parts, none of which is one of a chain.
fn each_line(
    path: &Path,
    mut take: impl FnMut(u64, &[u8], bool) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let shown = || format!("`{}`", path.display());
    let mut input: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).with_context(shown)?))
    };
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        let most = MOST_LINE as u64 + 2;
        if input.by_ref().take(most).read_until(b'\n', &mut line).with_context(shown)? == 0 {
            return Ok(());
        }
        number += 1;
        let ended = line.pop_if(|last| *last == b'\n').is_some();
        let is_cut = !ended && line.len() as u64 == most;
        take(number, &line, ended || is_cut)?;
    }
}

/// Checkpoints that are known: lines as they are in the log, or lines of the gate's own log that have them as
/// `checkpoint`.
fn checkpoints(path: &Path, known: &mut Vec<Head>) -> anyhow::Result<()> {
    let before = known.len();
    each_line(path, |number, bytes, _| {
        let shown = || format!("{}:{number}", path.display());
        let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return Ok(()) };
        let held = value.get("checkpoint").and_then(Value::as_str).map(str::as_bytes);
        let is_one = value.get("schema").and_then(Value::as_str) == Some(CHECKPOINT_SCHEMA);
        let Some(line) = held.or_else(|| is_one.then_some(bytes)) else { return Ok(()) };
        let link = Link::of(line).with_context(shown)?;
        anyhow::ensure!(
            known.len() < MOST_KNOWN,
            "{}: more than {MOST_KNOWN} checkpoints",
            shown()
        );
        known.push(Head { chain: Some(link.chain), seq: link.seq, hash: link.hash });
        Ok(())
    })?;
    anyhow::ensure!(known.len() > before, "no checkpoint is in `{}`", path.display());
    Ok(())
}

fn report(verifier: &Verifier, files: &[PathBuf], has_keys: bool) -> Value {
    let [lines, records, checkpoints, signed] = verifier.counts();
    let (broken, count) = verifier.broken();
    let name = |file: usize| files.get(file).map(|path| path.display().to_string());
    let broken: Vec<Value> = broken
        .iter()
        .map(|Broken { file, line, fault }| {
            json!({ "file": name(*file), "line": line, "what": fault.to_string() })
        })
        .collect();
    let chains: Vec<Value> = verifier
        .chains()
        .map(|(id, chain)| {
            let ChainSummary { first, last, hash, checkpoint, checkpoint_time, ended, .. } = chain;
            json!({
                "chain": id, "first": first, "last": last, "hash": hash, "ended": ended,
                "checkpoint": checkpoint, "checkpoint_time": checkpoint_time,
                "after_checkpoint": last - checkpoint.unwrap_or(0),
            })
        })
        .collect();
    json!({
        "schema": "tidegate.audit/v1",
        "whole": count == 0,
        "files": files.len(),
        "lines": lines,
        "records": records,
        "checkpoints": checkpoints,
        "checkpoints_signed": has_keys.then_some(signed),
        "lost": verifier.lost(),
        "chains": chains,
        "broken": broken,
        "broken_count": count,
    })
}

fn told(verifier: &Verifier, files: &[PathBuf], has_keys: bool) -> String {
    let [_, records, checkpoints, signed] = verifier.counts();
    let (broken, count) = verifier.broken();
    let mut text = Vec::new();
    for Broken { file, line, fault } in broken {
        let name = files.get(*file).map(|path| path.display().to_string()).unwrap_or_default();
        text.push(format!("{name}:{line}: {fault}"));
    }
    let shown = broken.len() as u64;
    if count > shown {
        text.push(format!("and {} more", count - shown));
    }
    for (id, chain) in verifier.chains() {
        let begin =
            if chain.first > 1 { format!(" from line {} on", chain.first) } else { String::new() };
        let vouched = match chain.checkpoint {
            Some(at) => format!(
                "last checkpoint at line {at} ({}), {} lines after it",
                chain.checkpoint_time.as_deref().unwrap_or("no time"),
                chain.last - at
            ),
            None => "no checkpoint".to_owned(),
        };
        let end = if chain.ended { "ended in order" } else { "not ended" };
        text.push(format!(
            "chain {id}{begin}: {} lines, {vouched}, {end}\n  head {}:{}",
            chain.last + 1 - chain.first,
            chain.last,
            chain.hash
        ));
    }
    let signatures = if has_keys {
        format!("{signed} of {checkpoints} checkpoints signed by the given key")
    } else {
        format!("{checkpoints} checkpoints, signatures not checked (`--key`)")
    };
    let files = files.len();
    let lost = match verifier.lost() {
        0 => String::new(),
        lost => format!(", {lost} records lost before they were written"),
    };
    let result = if count == 0 { "whole" } else { "BROKEN" };
    text.push(format!("{result}: {records} records in {files} files, {signatures}{lost}\n"));
    text.join("\n")
}
