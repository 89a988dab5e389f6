//! Model files: no bytes break the reading of one, and what a model that was read says of a text are probabilities, the
//! same in pieces.

use sha2::{Digest, Sha256};
use tidegate::detect::linear::{Context, Model, Running};

/// Bytes of the checksum at the end of a file.
const CHECKSUM: usize = 32;
/// What the models are tried on.
const TEXT: &str = "A first sentence that is long enough to be a block of its own, and more. 你好，世界。 ab\u{301}c 😀";

/// Checks one file, as it is and with the checksum that fits.
pub fn check(input: &[u8]) {
    let _error = Model::parse(input);
    let body = input.get(..input.len().saturating_sub(CHECKSUM)).unwrap_or_default();
    let sealed = [body, &Sha256::digest(body)].concat();
    let Ok(model) = Model::parse(&sealed) else { return };
    let whole = model.score(TEXT, &Context::default());
    let mut running = Running::new(&model);
    for c in TEXT.chars() {
        running.push(c.encode_utf8(&mut [0; 4]));
    }
    running.finish();
    assert_eq!(running.scores(&Context::default()), whole);
    for score in whole.all() {
        assert!((0.0..=1.0).contains(&score.probability), "{}", score.probability);
        assert!(TEXT.get(score.span.range()).is_some());
    }
}
