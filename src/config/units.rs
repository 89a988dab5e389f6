//! Values with a unit, as they are written in files: `400ms`, `4MiB`, `0.2%`, `12 words`, `2027-01-15`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// The longest duration that files may name: a hundred years, so that no sum with a clock overflows.
const LONGEST_SECONDS: u64 = 100 * 366 * 86_400;

/// A duration: `400ms`, `5s`, `10m`, `24h`, `30d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(Duration);

/// A number of bytes: `128B`, `1KiB`, `4MiB`, `2GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u64);

/// A share of a whole, from `0%` to `100%`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Share(f64);

/// How far apart the parts of a match may lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// So many words.
    Words(u32),
    /// So many characters.
    Chars(u32),
}

/// A day of the calendar, `2027-01-15`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub Date);

/// Why a text is not such a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// No number stands in front.
    #[error("it does not begin with a number")]
    NoNumber,
    /// The number has no unit, or one that is not known.
    #[error("{0}")]
    Unit(&'static str),
    /// The number is beyond what can be meant.
    #[error("the number is too large")]
    TooLarge,
    /// A share above one.
    #[error("a share is at most 100%")]
    AboveWhole,
    /// A window of nothing.
    #[error("a window holds at least 1")]
    EmptyWindow,
    /// Not a day of the calendar.
    #[error("there is no such day; a date is year-month-day")]
    NoSuchDay,
}

// === impl Period ===

impl Period {
    /// A period of so many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// A period of so many seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// A period of so many days.
    pub const fn from_days(days: u64) -> Self {
        Self(Duration::from_secs(days * 86_400))
    }

    /// The period as the standard library has it.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Period {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = number_and_unit(text)?;
        let number: u64 = whole(number)?;
        let (factor, per_second) = match unit {
            "ms" => (1, 1_000),
            "s" => (1, 1),
            "m" => (60, 1),
            "h" => (3_600, 1),
            "d" => (86_400, 1),
            _ => {
                return Err(UnitError::Unit(
                    "a duration is a whole number and its unit: ms, s, m, h or d",
                ));
            }
        };
        let scaled = number.checked_mul(factor).ok_or(UnitError::TooLarge)?;
        if scaled / per_second > LONGEST_SECONDS {
            return Err(UnitError::TooLarge);
        }
        Ok(if per_second == 1 { Self::from_secs(scaled) } else { Self::from_millis(scaled) })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
        let fits = |(size, _): &&(u128, &str)| millis > 0 && millis.is_multiple_of(*size);
        match units.iter().find(fits) {
            // Days are only for round numbers of them: `24h` is how people say it.
            Some((86_400_000, _)) if millis == 86_400_000 => f.write_str("24h"),
            Some((size, unit)) => write!(f, "{}{unit}", millis / size),
            None => f.write_str("0s"),
        }
    }
}

// === impl Size ===

impl Size {
    /// So many bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// The number of bytes as an index; all of memory where it is larger than that.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromStr for Size {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = number_and_unit(text)?;
        let shift = match unit {
            "B" => 0,
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            _ => {
                return Err(UnitError::Unit(
                    "a size is a whole number and its unit: B, KiB, MiB or GiB",
                ));
            }
        };
        let bytes = whole::<u64>(number)?.checked_mul(1 << shift).ok_or(UnitError::TooLarge)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
        match units.iter().find(|(shift, _)| self.0 > 0 && self.0.is_multiple_of(1 << shift)) {
            Some((shift, unit)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{}B", self.0),
        }
    }
}

// === impl Share ===

impl Share {
    /// Nothing of the whole.
    pub const NONE: Self = Self(0.0);
    /// The whole.
    pub const ALL: Self = Self(100.0);

    /// So many percent.
    pub const fn from_percent(percent: f64) -> Self {
        Self(percent)
    }

    /// The share as a number from 0 to 1.
    pub fn fraction(self) -> f64 {
        self.0 / 100.0
    }
}

impl FromStr for Share {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = number_and_unit(text)?;
        if unit != "%" {
            return Err(UnitError::Unit("a share is a number and `%`"));
        }
        let percent: f64 = number.parse().map_err(|_| UnitError::NoNumber)?;
        if percent > 100.0 {
            return Err(UnitError::AboveWhole);
        }
        Ok(Self(percent))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

// === impl Window ===

impl FromStr for Window {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = number_and_unit(text)?;
        let number: u32 = whole(number)?;
        let window = match unit {
            "word" | "words" => Self::Words(number),
            "char" | "chars" => Self::Chars(number),
            _ => return Err(UnitError::Unit("a window is a number of `words` or `chars`")),
        };
        if number == 0 { Err(UnitError::EmptyWindow) } else { Ok(window) }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(number) => write!(f, "{number} words"),
            Self::Chars(number) => write!(f, "{number} chars"),
        }
    }
}

// === impl Day ===

impl FromStr for Day {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        // Only the extended form of ISO 8601 without a time: `20270115` is more likely a slip.
        if text.len() != 10 {
            return Err(UnitError::NoSuchDay);
        }
        text.parse().map(Self).map_err(|_| UnitError::NoSuchDay)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A number in front and the unit behind it, with or without one space between.
fn number_and_unit(text: &str) -> Result<(&str, &str), UnitError> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end).ok_or(UnitError::NoNumber)?;
    if number.is_empty() {
        return Err(UnitError::NoNumber);
    }
    Ok((number, unit.strip_prefix(' ').unwrap_or(unit)))
}

fn whole<N: FromStr>(digits: &str) -> Result<N, UnitError> {
    if digits.contains('.') {
        return Err(UnitError::Unit(
            "only whole numbers can stand here; a smaller unit says the rest",
        ));
    }
    digits.parse().map_err(|_| UnitError::TooLarge)
}

/// Reads and writes a type as its text, and describes it in schemas.
macro_rules! as_text {
    ($($name:ident: $format:literal, $example:literal;)*) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": $format, "examples": [$example] })
            }
        }
    )*};
}

as_text! {
    Period: "duration", "400ms";
    Size: "size", "4MiB";
    Share: "share", "0.2%";
    Window: "window", "12 words";
    Day: "date", "2027-01-15";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_read_with_their_unit() {
        for (text, millis) in [
            ("400ms", 400),
            ("5s", 5_000),
            ("10m", 600_000),
            ("24h", 86_400_000),
            ("30d", 2_592_000_000),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.duration(), Duration::from_millis(millis));
            assert_eq!(period.to_string(), text);
        }
        assert_eq!("0s".parse::<Period>().unwrap().to_string(), "0s");
    }

    #[test]
    fn a_value_without_its_unit_says_which_there_are() {
        assert_eq!(
            "400".parse::<Period>().unwrap_err().to_string(),
            "a duration is a whole number and its unit: ms, s, m, h or d"
        );
        assert_eq!(
            "4MB".parse::<Size>().unwrap_err().to_string(),
            "a size is a whole number and its unit: B, KiB, MiB or GiB"
        );
        assert_eq!("0.2".parse::<Share>().unwrap_err().to_string(), "a share is a number and `%`");
        assert_eq!(
            "12".parse::<Window>().unwrap_err().to_string(),
            "a window is a number of `words` or `chars`"
        );
        assert_eq!("ms".parse::<Period>().unwrap_err(), UnitError::NoNumber);
        assert_eq!(
            "1.5s".parse::<Period>().unwrap_err().to_string(),
            "only whole numbers can stand here; a smaller unit says the rest"
        );
    }

    #[test]
    fn what_is_too_large_is_refused() {
        assert_eq!("99999999999999999999s".parse::<Period>(), Err(UnitError::TooLarge));
        assert_eq!("99999999999999d".parse::<Period>(), Err(UnitError::TooLarge));
        assert_eq!("99999999999999999GiB".parse::<Size>(), Err(UnitError::TooLarge));
        assert_eq!("100.1%".parse::<Share>(), Err(UnitError::AboveWhole));
        assert_eq!("0 words".parse::<Window>(), Err(UnitError::EmptyWindow));
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        assert_eq!("2027-01-15".parse::<Day>().unwrap().to_string(), "2027-01-15");
        for text in ["2027-02-30", "15.1.2027", "20270115", "2027-01-15T10:00", "tomorrow"] {
            assert_eq!(text.parse::<Day>(), Err(UnitError::NoSuchDay), "{text}");
        }
    }

    #[test]
    fn windows_and_sizes_are_read() {
        assert_eq!("12 words".parse(), Ok(Window::Words(12)));
        assert_eq!("80 chars".parse(), Ok(Window::Chars(80)));
        assert_eq!("4MiB".parse(), Ok(Size::from_bytes(4 << 20)));
        assert!(("0.2%".parse::<Share>().unwrap().fraction() - 0.002).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(millis in 0_u64..100_000_000_000, bytes: u64) {
            let period = Period::from_millis(millis);
            prop_assert_eq!(period.to_string().parse(), Ok(period));
            let size = Size::from_bytes(bytes);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }

        #[test]
        fn arbitrary_text_never_panics(text in ".{0,20}") {
            drop((text.parse::<Period>(), text.parse::<Size>(), text.parse::<Share>()));
            drop((text.parse::<Window>(), text.parse::<Day>()));
        }
    }
}
