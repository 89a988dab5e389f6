//! What all decoders have in common.

use super::{DECODERS, DecoderDef, Reads, widened};
use crate::text::Reading;

/// What a decoder reads of a text.
fn input(def: &DecoderDef, text: &str) -> Reading {
    let (mut raw, mut width) = (Reading::default(), Reading::default());
    raw.identity(text);
    let wide = def.reads == Reads::Width && widened(&raw, &mut width);
    if wide { width } else { raw }
}

fn by_name(name: &str) -> &'static DecoderDef {
    DECODERS.iter().find(|def| def.name.0 == name).expect("a decoder of that name")
}

/// What a text says to one decoder.
pub(super) fn decoded_by(name: &str, text: &str) -> String {
    let def = by_name(name);
    let (input, mut out) = (input(def, text), Reading::default());
    (def.build)(&input, &mut out);
    let applies = (def.applies)(&input);
    assert!(applies || out.as_str() == input.as_str(), "{name} does not apply to {text:?}");
    out.as_str().to_owned()
}
