//! Identifiers that leave the process.

use std::fmt;

use uuid::Uuid;

/// Names one decision in headers, records and feedback. A version 7 UUID, so that ids sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecisionId(Uuid);

impl DecisionId {
    /// The id made from a UUID that the shell drew.
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl DecisionId {
    /// Two numbers from 0 up to 1 that nothing else hangs on, for sampling. All who know the id draw the same.
    pub fn draws(&self) -> [f64; 2] {
        let bytes = self.0.as_bytes();
        let number = |high, low| f64::from(u16::from_be_bytes([high, low])) / 65_536.0;
        [number(bytes[10], bytes[11]), number(bytes[12], bytes[13])]
    }

    /// Sixteen of its random bits, for sampling.
    pub fn low_bits(&self) -> u16 {
        let bytes = self.0.as_bytes();
        u16::from_be_bytes([bytes[14], bytes[15]])
    }
}
