//! A real sentence encoder against what onnxruntime says of the same texts; `sh tests/onnx/run.sh` gets both.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may stop at a file that is not there")]

use std::path::PathBuf;

use serde_json::Value;
use tidegate::detect::onnx::{Threads, Transformer};

#[test]
fn embeddings_of_a_real_model_are_those_of_onnxruntime() {
    let Some(folder) = std::env::var_os("TIDEGATE_ONNX_REAL").map(PathBuf::from) else {
        println!("skipped: `sh tests/onnx/run.sh` gets the model and onnxruntime's figures");
        return;
    };
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let threads = Threads::new(1);
    let parsed = Transformer::parse(&read("model.onnx"), &read("tokenizer.json"), None, &threads);
    let encoder = parsed.unwrap();
    assert_eq!((encoder.width(), encoder.is_by_token()), (384, true));
    let rows: Vec<Value> = serde_json::from_slice(&read("expected.json")).unwrap();
    assert!(rows.len() >= 10);
    for row in &rows {
        let text = row["text"].as_str().unwrap();
        let expected: Vec<f64> =
            row["embedding"].as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect();
        let found = encoder.embed_beginning(text, &threads).unwrap();
        let pairs = || expected.iter().zip(&found).map(|(a, b)| (*a, f64::from(*b)));
        let dot: f64 = pairs().map(|(a, b)| a * b).sum();
        let length = |numbers: &mut dyn Iterator<Item = f64>| -> f64 {
            numbers.map(|it| it * it).sum::<f64>().sqrt()
        };
        let cosine =
            dot / length(&mut pairs().map(|(a, _)| a)) / length(&mut pairs().map(|(_, b)| b));
        let beginning: String = text.chars().take(24).collect();
        println!("{:>4} tokens, cosine {cosine:.7}: {beginning}", row["tokens"]);
        assert_eq!(found.len(), expected.len());
        assert!(cosine >= 0.999, "{cosine} for {text}");
    }
}
