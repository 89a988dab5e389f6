//! Views of a text: normalised readings, each with a map back to the raw bytes.
//!
//! It does not search: what a view shows is for `detect` to look at. Every view is a pure function of the
//! reading it stands on, and says from which byte on more text could still change it.

mod char_table;
mod class;
mod context;
mod decode;
mod dictionary;
mod fold;
mod han;
mod leet;
mod look_alikes;
mod masks;
mod pinyin;
mod reading;
mod repeats;
mod skeleton;
mod spaced;
mod survey;
mod term;
mod upside_down;
mod variants;
mod view;
mod width;
mod zhuyin;

#[cfg(test)]
mod tests;

pub use class::{Class, class};
pub use context::{ceil_char, context_start, floor_char};
pub use decode::{
    DECODERS, DecoderDef, Reads, cue_before, deletable, deletes, widened, widened_open_from,
};
pub use fold::is_attached;
pub use reading::Reading;
pub use survey::{Survey, Words};
pub use term::{normalise_term, repeats_term, skeleton_term};
pub use variants::{PIECES, VARIANTS, VariantDef};
pub use view::{VIEWS, ViewDef};
pub use width::WIDTH;
