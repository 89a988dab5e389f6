//! A stream of each dialect: the one of its golden files, with as many pieces as there are tokens.

use std::fs;
use std::path::Path;

/// Stands for a piece of text in the golden files; what it stands in comes once for each token.
const PIECE: &str = "{{piece}}";
/// Stands for a whole text.
const TEXT: &str = "{{text}}";

/// The events of a stream of these tokens in each dialect that streams, by name.
pub(crate) fn streams(tokens: &[String]) -> Vec<(String, Vec<String>)> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialects");
    let folders = fs::read_dir(golden).expect("the golden files are there");
    let mut streams: Vec<(String, Vec<String>)> = folders
        .filter_map(|folder| {
            let folder = folder.ok()?;
            let stream = fs::read_to_string(folder.path().join("stream.txt")).ok()?;
            let name = folder.file_name().into_string().ok()?;
            stream.contains(PIECE).then(|| (name, events(&stream, tokens)))
        })
        .collect();
    streams.sort();
    streams
}

fn events(stream: &str, tokens: &[String]) -> Vec<String> {
    let ends = ["\r\n\r\n", "\n\n", "\n"];
    let end = ends.into_iter().find(|end| stream.contains(end)).unwrap_or("\n");
    let whole = escaped(&tokens.concat());
    let mut events = Vec::new();
    for event in stream.split_inclusive(end) {
        let event = event.replace(TEXT, &whole);
        if event.contains(PIECE) {
            events.extend(tokens.iter().map(|token| event.replace(PIECE, &escaped(token))));
        } else {
            events.push(event);
        }
    }
    events
}

/// A text as it stands between the quotes of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .expect("it is quoted")
        .to_owned()
}
