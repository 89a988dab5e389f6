//! Model files: what is in a `.tgm`, and everything that can be wrong with one.
//!
//! `TGLINEAR`, the format version and the length of the header (32 bits each, little endian), the header in JSON, a map of
//! one bit a bucket (the lowest bit first) that says which buckets have weights, those weights (8 bits a category, with
//! sign, bucket by bucket), and the SHA-256 of all that.

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::blocks::{BlockReader, BlockSink, Extent};
use super::header::{Features, Header, LANES, Label, WIDEST_WINDOW};

/// A file of more bytes is no model.
pub const FILE_LIMIT_BYTES: usize = 64 << 20;
/// A header of more bytes is none.
const HEADER_LIMIT_BYTES: usize = 256 << 10;
/// Fewest and most bits of a bucket's number.
const BITS: std::ops::RangeInclusive<u32> = 8..=22;
const MAGIC: &[u8; 8] = b"TGLINEAR";
const VERSION: u32 = 1;
/// Version of the definition of the features (`grams.rs`, `blocks.rs` and the view `fold`).
const FEATURES_VERSION: u32 = 1;
const CHECKSUM_BYTES: usize = 32;
/// A category of more bytes is none.
const NAME_LIMIT_BYTES: usize = 64;
/// A weight and its lane are one byte; this stands for the weight 0, so that sums need no sign.
pub(super) const ZERO: u8 = 128;
/// The weights of a bucket that has none.
pub(super) const ZERO_ROW: u64 = u64::from_le_bytes([ZERO; LANES]);

/// A text that has something of everything that features depend on.
const PROBE: &str = "Tide-gates OPEN at 7 o'clock: Ｆｕｌｌ ｗｉｄｔｈ, caf\u{e9} cafe\u{301} na\u{200b}ïve Straße ﬁn İI. \
    你好，世界！漢字ひらがなカタカナ 한국어 Привет ไทย हिन्दी 👍🏽 x_y+z=1; the same words, the same words again and again, \
    so that more than one block is needed to read them all.";

/// Why bytes are not a model that can be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ModelError {
    /// It is no model file at all.
    #[error("this is not a model file: it does not begin with `TGLINEAR`")]
    Magic,
    /// It is one of another release.
    #[error(
        "the model has format {found}, and this version reads format {VERSION}: train it again"
    )]
    Version {
        /// Its format.
        found: u32,
    },
    /// It ends too early.
    #[error("the model ends after {found} bytes where {needed} are needed: copy it again")]
    Truncated {
        /// Bytes that it says it has, as far as that is known.
        needed: usize,
        /// Bytes that are there.
        found: usize,
    },
    /// Something follows its end.
    #[error("the model has {extra} bytes behind its end")]
    Trailing {
        /// How many.
        extra: usize,
    },
    /// It is larger than any model, or says so.
    #[error("{what} of the model is {found}, and the most is {most}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        found: usize,
        /// How large it may be.
        most: usize,
    },
    /// Its bytes have changed since it was made.
    #[error("the checksum of the model is wrong: the file is damaged; copy it again")]
    Checksum,
    /// What it says of itself cannot be read.
    #[error("the header of the model cannot be read: {0}")]
    Header(String),
    /// Something that it says of itself cannot be.
    #[error("{what} of the model is {found}: {allowed}")]
    Value {
        /// What.
        what: &'static str,
        /// What it says.
        found: String,
        /// What is possible.
        allowed: &'static str,
    },
    /// A number of a category is not one.
    #[error("{what} of `{label}` is not a finite number")]
    NotFinite {
        /// The category.
        label: String,
        /// Which number.
        what: &'static str,
    },
    /// It was trained with other features than this version reads.
    #[error(
        "the model was trained with other features than this version reads ({found} instead of {expected}): train it again"
    )]
    Features {
        /// The digest that this version comes to.
        expected: String,
        /// The one in the model.
        found: String,
    },
}

/// The features of this version, with `2^bits` buckets.
pub(super) fn features(bits: u32) -> Features {
    Features {
        version: FEATURES_VERSION,
        bits,
        probe: PROBE.to_owned(),
        digest: digest(PROBE, bits),
    }
}

/// Makes a model file. `rows` are numbers of buckets, ascending, with a weight for each lane; of them `header.rows` is
/// set, and `header.features` to those of this version.
///
/// # Errors
///
/// Where the header holds what [`super::Model::parse`] would refuse.
pub fn encode(
    header: &Header,
    bits: u32,
    rows: &[(u32, [i8; LANES])],
) -> Result<Vec<u8>, ModelError> {
    let header = Header { rows: rows.len(), features: features(bits), ..header.clone() };
    check(&header)?;
    let json =
        serde_json::to_vec(&header).map_err(|error| ModelError::Header(error.to_string()))?;
    let length = u32::try_from(json.len()).unwrap_or(u32::MAX);
    let mut map = vec![0_u8; (1_usize << bits) / 8];
    let mut weights = Vec::with_capacity(rows.len() * header.labels.len());
    for &(bucket, row) in rows {
        let bucket = bucket as usize;
        let out_of_range = || ModelError::Value {
            what: "a bucket",
            found: bucket.to_string(),
            allowed: "it has to be below 2^bits",
        };
        *map.get_mut(bucket / 8).ok_or_else(out_of_range)? |= 1 << (bucket % 8);
        weights.extend(row.iter().take(header.labels.len()).map(|weight| weight.to_le_bytes()[0]));
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(json);
    bytes.extend(map);
    bytes.extend(weights);
    let checksum = Sha256::digest(&bytes);
    bytes.extend(checksum);
    Ok(bytes)
}

/// A model file that was read.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) header: Header,
    /// The weights of each bucket, a byte a lane, biased by [`ZERO`].
    pub(super) table: Box<[u64]>,
    pub(super) checksum: [u8; CHECKSUM_BYTES],
}

pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, ModelError> {
    limit("the size", bytes.len(), FILE_LIMIT_BYTES)?;
    let mut rest = Rest { all: bytes.len(), left: bytes };
    if !MAGIC.starts_with(bytes.get(..MAGIC.len()).unwrap_or(bytes)) {
        return Err(ModelError::Magic);
    }
    rest.take(MAGIC.len())?;
    let version = rest.number()?;
    if version != VERSION {
        return Err(ModelError::Version { found: version });
    }
    let length = rest.number()? as usize;
    limit("the header", length, HEADER_LIMIT_BYTES)?;
    let json = rest.take(length)?;
    // A damaged file is called that, whatever the damage makes of the header.
    let (body, checksum) =
        bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(ModelError::Checksum)?;
    let intact = Sha256::digest(body).as_slice() == checksum;
    let header = serde_json::from_slice::<Header>(json).map_err(|error| {
        if intact { ModelError::Header(error.to_string()) } else { ModelError::Checksum }
    })?;
    let checked = check(&header);
    if !intact && checked.is_err() {
        return Err(ModelError::Checksum);
    }
    checked?;
    let map = rest.take((1_usize << header.features.bits) / 8)?;
    let weights = rest.take(header.rows * header.labels.len())?;
    rest.take(CHECKSUM_BYTES)?;
    if !rest.left.is_empty() {
        return Err(ModelError::Trailing { extra: rest.left.len() });
    }
    if !intact {
        return Err(ModelError::Checksum);
    }
    let expected = digest(&header.features.probe, header.features.bits);
    if expected != header.features.digest {
        return Err(ModelError::Features { expected, found: header.features.digest });
    }
    let table = table(&header, map, weights)?;
    Ok(Decoded { header, table, checksum: *checksum })
}

fn table(header: &Header, map: &[u8], weights: &[u8]) -> Result<Box<[u64]>, ModelError> {
    let marked: usize = map.iter().map(|byte| byte.count_ones() as usize).sum();
    if marked != header.rows {
        return Err(ModelError::Value {
            what: "the number of buckets with weights",
            found: header.rows.to_string(),
            allowed: "it has to be the number of those in the map",
        });
    }
    let mut rows = weights.chunks_exact(header.labels.len());
    let mut row = || {
        let mut lanes = [ZERO; LANES];
        for (lane, &weight) in lanes.iter_mut().zip(rows.next().into_iter().flatten()) {
            *lane = ZERO.wrapping_add(weight);
        }
        u64::from_le_bytes(lanes)
    };
    let bits = map.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
    Ok(bits.map(|has_weights| if has_weights { row() } else { ZERO_ROW }).collect())
}

/// What is left of the bytes.
struct Rest<'a> {
    all: usize,
    left: &'a [u8],
}

impl<'a> Rest<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], ModelError> {
        let needed = self.all - self.left.len() + bytes;
        let truncated = ModelError::Truncated { needed, found: self.all };
        let (taken, left) = self.left.split_at_checked(bytes).ok_or(truncated)?;
        self.left = left;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, ModelError> {
        let bytes = self.take(4)?.first_chunk::<4>().copied().unwrap_or_default();
        Ok(u32::from_le_bytes(bytes))
    }
}

fn limit(what: &'static str, found: usize, most: usize) -> Result<(), ModelError> {
    if found > most { Err(ModelError::TooLarge { what, found, most }) } else { Ok(()) }
}

fn check(header: &Header) -> Result<(), ModelError> {
    let value = |what, found: String, allowed| Err(ModelError::Value { what, found, allowed });
    let features = &header.features;
    if features.version != FEATURES_VERSION {
        let found = features.version.to_string();
        return value("the version of the features", found, "this version reads 1: train it again");
    }
    if !BITS.contains(&features.bits) {
        let found = features.bits.to_string();
        return value("the number of bits", found, "from 8 to 22 are possible");
    }
    limit("the number of buckets with weights", header.rows, 1 << features.bits)?;
    let labels = &header.labels;
    if labels.is_empty() || labels.len() > LANES {
        let found = labels.len().to_string();
        return value("the number of categories", found, "from 1 to 8 are possible");
    }
    for (number, label) in labels.iter().enumerate() {
        let taken = labels.iter().take(number).any(|other| other.name == label.name);
        if label.name.is_empty() || label.name.len() > NAME_LIMIT_BYTES || taken {
            let allowed = "each has a name of its own, of at most 64 bytes";
            return value("a category", format!("`{}`", label.name.escape_debug()), allowed);
        }
        check_label(label)?;
    }
    Ok(())
}

fn check_label(label: &Label) -> Result<(), ModelError> {
    let finite = |what, numbers: &[f32]| {
        let broken = || ModelError::NotFinite { label: label.name.clone(), what };
        numbers.iter().all(|number| number.is_finite()).then_some(()).ok_or_else(broken)
    };
    let value = |what, found: String, allowed| Err(ModelError::Value { what, found, allowed });
    finite("the scale", &[label.scale])?;
    finite("the bias", &[label.bias])?;
    if label.scale < 0.0 {
        return value("the scale", label.scale.to_string(), "it must not be below 0");
    }
    if !(1..=WIDEST_WINDOW).contains(&label.blocks) {
        return value(
            "the width of windows",
            label.blocks.to_string(),
            "from 1 to 8 blocks are possible",
        );
    }
    for group in super::Group::ALL {
        let it = label.calibrators.get(group);
        finite("the calibration", &[it.bias, it.window, it.whole, it.hits, it.model])?;
        let it = label.thresholds.get(group);
        let all = [it.low, it.balanced, it.strict];
        finite("a threshold", &all)?;
        let is_sound =
            all.is_sorted_by(|a, b| a >= b) && all.iter().all(|it| (0.0..=1.0).contains(it));
        if !is_sound {
            let allowed =
                "they lie from 0 to 1, and that of a stricter preset is not above the others";
            return value("the thresholds", format!("{all:?}"), allowed);
        }
    }
    Ok(())
}

/// A number that two definitions of the features share only by chance.
fn digest(text: &str, bits: u32) -> String {
    #[derive(Default)]
    struct Sink(Sha256);

    impl BlockSink for Sink {
        fn gram(&mut self, bucket: u32) {
            self.0.update(bucket.to_le_bytes());
        }

        fn block(&mut self, extent: Extent) {
            self.0.update((extent.end as u64).to_le_bytes());
        }
    }

    let (mut reader, mut sink) = (BlockReader::new(bits), Sink::default());
    reader.push(text, &mut sink);
    reader.finish(&mut sink);
    hex(sink.0.finalize().iter().take(8))
}

/// Bytes in hexadecimal digits.
pub(super) fn hex<'a>(bytes: impl Iterator<Item = &'a u8>) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes.flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
