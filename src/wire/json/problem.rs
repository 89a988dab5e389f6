//! What is wrong with a document, and where.

use std::fmt;

use thiserror::Error;

/// Why a document is refused; each says where, in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JsonProblem {
    /// It begins with a byte order mark.
    #[error("the body begins with a byte order mark; send plain UTF-8")]
    ByteOrderMark,
    /// It is not UTF-8.
    #[error("the body is not valid UTF-8 at byte {at}")]
    InvalidUtf8 {
        /// First bad byte.
        at: usize,
    },
    /// It is not JSON.
    #[error("the body is not valid JSON at byte {at}: {what}")]
    Invalid {
        /// Where.
        at: usize,
        /// What is wrong there.
        what: Malformed,
    },
    /// An object has the same key twice.
    #[error("the key `{key}` stands twice in one object, the second time at byte {at}")]
    DuplicateKey {
        /// Where the second one begins.
        at: usize,
        /// The key, shortened.
        key: String,
    },
    /// Half of a surrogate pair stands alone.
    #[error("the string at byte {at} has half of a surrogate pair")]
    LoneSurrogate {
        /// Where the string begins.
        at: usize,
    },
    /// It nests too deep.
    #[error("the body nests deeper than {limit} levels at byte {at}")]
    TooDeep {
        /// Where.
        at: usize,
        /// The limit.
        limit: usize,
    },
    /// It has too many values.
    #[error("the body has more than {limit} values")]
    TooManyValues {
        /// The limit.
        limit: usize,
    },
    /// Something follows the document.
    #[error("bytes follow the end of the JSON body at byte {at}")]
    TrailingBytes {
        /// Where.
        at: usize,
    },
}

/// What is wrong with the JSON itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Something else should stand here.
    Syntax(&'static str),
    /// A number that JSON does not have: `NaN`, `Infinity`, `01`, `1.`.
    Number,
    /// A control character stands in a string as it is.
    ControlCharacter,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax(expected) => expected,
            Self::Number => "this is not a JSON number",
            Self::ControlCharacter => "control characters must be escaped",
        })
    }
}

impl JsonProblem {
    /// A stable name for clients and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ByteOrderMark => "byte_order_mark",
            Self::InvalidUtf8 { .. } => "invalid_utf8",
            Self::Invalid { what: Malformed::Syntax(_), .. } => "invalid_json",
            Self::Invalid { what: Malformed::Number, .. } => "invalid_number",
            Self::Invalid { what: Malformed::ControlCharacter, .. } => "control_character",
            Self::DuplicateKey { .. } => "duplicate_key",
            Self::LoneSurrogate { .. } => "lone_surrogate",
            Self::TooDeep { .. } => "too_deep",
            Self::TooManyValues { .. } => "too_many_values",
            Self::TrailingBytes { .. } => "trailing_bytes",
        }
    }
}
