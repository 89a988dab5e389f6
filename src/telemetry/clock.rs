//! The time of day, asked for in one place.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

/// Tells the time; a test can stop it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    fixed: Option<Timestamp>,
}

impl Clock {
    /// A clock that stands still.
    pub const fn fixed(at: Timestamp) -> Self {
        Self { fixed: Some(at) }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.fixed.unwrap_or_else(Timestamp::now)
    }

    /// Today, in UTC.
    pub fn today(&self) -> Date {
        Offset::UTC.to_datetime(self.now()).date()
    }
}
