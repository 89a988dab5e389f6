//! A sentence encoder, as `train` and `eval` are given it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use crate::detect::onnx::{Files, Onnx, Reading, Threads, Transformer};

/// The most bytes of a file of an encoder.
const LIMIT_BYTES: u64 = 1 << 30;

/// Flags that name an encoder.
#[derive(Debug, Args)]
pub(super) struct EncoderArgs {
    /// A sentence encoder, an ONNX file: `train` makes a head for it, and `eval` measures that head as its `--model`.
    #[arg(long, requires = "tokenizer", value_name = "MODEL")]
    encoder: Option<PathBuf>,
    /// The `tokenizer.json` of the encoder.
    #[arg(long, requires = "encoder", value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// The output of the encoder that counts; by default its first one.
    #[arg(long, requires = "encoder", value_name = "NAME")]
    encoder_output: Option<String>,
}

// === impl EncoderArgs ===

impl EncoderArgs {
    /// Whether one is named.
    pub(super) const fn is_named(&self) -> bool {
        self.encoder.is_some()
    }

    /// The encoder by itself, if one is named.
    pub(super) fn encoder(&self) -> anyhow::Result<Option<Transformer>> {
        let Some([model, tokenizer]) = self.files()? else { return Ok(None) };
        let output = self.encoder_output.as_deref();
        let encoder = Transformer::parse(&model, &tokenizer, output, &Threads::new(1));
        encoder.map(Some).context("the encoder cannot be used")
    }

    /// The encoder with a head, if one is named.
    pub(super) fn with_head(&self, head: &Path, threads: &Threads) -> anyhow::Result<Option<Onnx>> {
        let Some([model, tokenizer]) = self.files()? else { return Ok(None) };
        let head = read(head)?;
        let files = Files { model: &model, tokenizer: &tokenizer, head: Some(&head) };
        let reading = Reading { output: self.encoder_output.as_deref(), ..Reading::default() };
        Onnx::parse(files, reading, threads).map(Some).context("the encoder cannot be used")
    }

    fn files(&self) -> anyhow::Result<Option<[Vec<u8>; 2]>> {
        let (Some(model), Some(tokenizer)) = (&self.encoder, &self.tokenizer) else {
            return Ok(None);
        };
        Ok(Some([read(model)?, read(tokenizer)?]))
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = || format!("cannot read {}", path.display());
    let size = std::fs::metadata(path).with_context(shown)?.len();
    anyhow::ensure!(size <= LIMIT_BYTES, "{} is larger than 1 GiB", path.display());
    std::fs::read(path).with_context(shown)
}
