//! The time of day, asked for in one place.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

/// Tells the time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Copy, Debug, Default)]
enum Source {
    #[default]
    System,
    Fixed(Timestamp),
    Read(fn() -> Timestamp),
}

impl Clock {
    /// A clock that stands still.
    pub const fn fixed(at: Timestamp) -> Self {
        Self(Source::Fixed(at))
    }

    /// A clock that asks `read`.
    pub const fn read_by(read: fn() -> Timestamp) -> Self {
        Self(Source::Read(read))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        match self.0 {
            Source::System => Timestamp::now(),
            Source::Fixed(at) => at,
            Source::Read(read) => read(),
        }
    }

    /// Today, in UTC.
    pub fn today(&self) -> Date {
        Offset::UTC.to_datetime(self.now()).date()
    }
}
