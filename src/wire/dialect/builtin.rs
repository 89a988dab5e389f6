//! The dialects that come with the gate: files of the same form as an operator's own.

use std::sync::{Arc, LazyLock};

use super::inherit::filled;
use super::{Dialect, DialectProblem, compile};
use crate::config::dialect_file::DialectFile;
use crate::config::read_dialect_text;

/// A file with its name.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../config/dialects/", $name)))),*]
    };
}

/// The files, each behind the one that it extends.
pub(super) const FILES: &[(&str, &str)] = files![
    "anthropic.messages.yaml",
    "anthropic.batches.yaml",
    "anthropic.complete.yaml",
    "anthropic.count_tokens.yaml",
    "openai.chat.yaml",
    "azure.chat.yaml",
    "openai.completions.yaml",
    "azure.completions.yaml",
    "openai.embeddings.yaml",
    "azure.embeddings.yaml",
    "bedrock.converse.yaml",
    "cohere.chat.yaml",
    "cohere.embed.yaml",
    "cohere.rerank.yaml",
    "gemini.count_tokens.yaml",
    "gemini.embed.yaml",
    "gemini.generate.yaml",
    "gemini.stream_sse.yaml",
    "gemini.stream_array.yaml",
    "mcp.yaml",
    "mistral.agents.yaml",
    "mistral.chat.yaml",
    "mistral.fim.yaml",
    "mistral.moderations.yaml",
    "ollama.chat.yaml",
    "ollama.embed.yaml",
    "ollama.generate.yaml",
    "openai.images.yaml",
    "openai.image_edits.yaml",
    "openai.moderations.yaml",
    "openai.responses.yaml",
    "openai.responses.compact.yaml",
    "openai.responses.input_tokens.yaml",
    "openai.speech.yaml",
    "openai.transcriptions.yaml",
    "openai.translations.yaml",
];

/// Every dialect that is built in.
///
/// # Panics
/// Never: a test reads every file.
pub fn builtin() -> &'static [Arc<Dialect>] {
    static ALL: LazyLock<Vec<Arc<Dialect>>> = LazyLock::new(|| {
        let mut known: Vec<Arc<Dialect>> = Vec::new();
        for (name, text) in FILES {
            let (file, _) = read_dialect_text(name, text);
            let dialect = file.and_then(|file| resolve(&file, &known).ok());
            known.extend(dialect.map(Arc::new));
        }
        known
    });
    &ALL
}

/// Compiles a file, with what it extends looked up among the dialects that are known.
///
/// # Errors
/// Every mistake of the file, the name of what it extends included.
pub fn resolve(file: &DialectFile, known: &[Arc<Dialect>]) -> Result<Dialect, Vec<DialectProblem>> {
    let Some(base) = &file.extends else { return compile(file) };
    let found = known.iter().find(|dialect| **dialect.name() == **base);
    let found = found.ok_or_else(|| {
        let message = format!("there is no dialect `{base}`");
        vec![DialectProblem { path: vec!["extends".to_owned()], message }]
    })?;
    compile(&filled(file, found.file()))
}
