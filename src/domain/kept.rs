//! What records keep of texts.

use serde::{Deserialize, Serialize};

/// What a decision record keeps of the texts that were screened; each keeps more than the one before.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum KeptText {
    /// Nothing.
    #[default]
    Omitted,
    /// A digest of each text.
    Hashed,
    /// Each text without what rules found in it.
    Redacted,
    /// Each text.
    Full,
}

impl KeptText {
    /// The word that files and records use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Omitted => "omitted",
            Self::Hashed => "hashed",
            Self::Redacted => "redacted",
            Self::Full => "full",
        }
    }
}
