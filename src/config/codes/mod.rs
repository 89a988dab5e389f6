//! The stable codes of all diagnostics, with what `tidegate explain TG003` says about each.
//!
//! It finds no mistakes: the reader, the checks and `policy` do, and name a code from here.

mod policy;
mod reading;
mod rules;
mod server;

use std::fmt;

use super::problems::Gravity;

/// The number of a kind of mistake. Codes are never reused for another meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

/// What is known about one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The code.
    pub code: Code,
    /// Whether it usually is an error or a warning.
    pub gravity: Gravity,
    /// The mistake in a few words.
    pub title: &'static str,
    /// Why it is one, and what to do.
    pub explanation: &'static str,
    /// A short piece of a file that provokes it.
    pub wrong: &'static str,
    /// The same piece, mended.
    pub right: &'static str,
}

/// The tables of definitions; together they hold each code once.
const TABLES: [&[Definition]; 4] =
    [reading::DEFINITIONS, policy::DEFINITIONS, rules::DEFINITIONS, server::DEFINITIONS];

/// What stands for a code that no table holds; a test keeps it from ever being shown.
const UNLISTED: Definition = Definition {
    code: Code(0),
    gravity: Gravity::Error,
    title: "unlisted",
    explanation: "",
    wrong: "",
    right: "",
};

macro_rules! codes {
    ($($name:ident = $number:literal),* $(,)?) => {
        impl Code {
            $(
                #[doc = concat!("The code `", stringify!($name), "`; its definition says what it means.")]
                pub const $name: Self = Self($number);
            )*

            /// Every code, by number.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

codes! {
    TG001 = 1, TG002 = 2, TG003 = 3, TG004 = 4, TG005 = 5, TG006 = 6, TG007 = 7, TG008 = 8, TG009 = 9,
    TG010 = 10, TG011 = 11, TG012 = 12, TG013 = 13, TG014 = 14, TG015 = 15, TG016 = 16, TG017 = 17,
    TG018 = 18, TG019 = 19, TG020 = 20, TG021 = 21, TG022 = 22, TG023 = 23, TG024 = 24, TG025 = 25,
    TG026 = 26, TG027 = 27, TG028 = 28, TG029 = 29, TG030 = 30, TG031 = 31, TG032 = 32, TG033 = 33,
    TG034 = 34, TG035 = 35, TG036 = 36, TG037 = 37, TG038 = 38, TG039 = 39, TG040 = 40, TG041 = 41,
    TG042 = 42, TG043 = 43, TG045 = 45, TG046 = 46, TG047 = 47, TG048 = 48, TG050 = 50, TG051 = 51, TG052 = 52,
    TG053 = 53, TG054 = 54, TG060 = 60, TG061 = 61, TG062 = 62, TG063 = 63, TG064 = 64, TG065 = 65, TG066 = 66, TG067 = 67, TG068 = 68, TG069 = 69,
    TG070 = 70, TG071 = 71, TG072 = 72,
    TG073 = 73, TG074 = 74, TG075 = 75, TG077 = 77, TG078 = 78, TG079 = 79, TG080 = 80, TG081 = 81, TG082 = 82, TG083 = 83, TG084 = 84,
}

// === impl Code ===

impl Code {
    /// The code that `text` spells, such as `TG003`; upper or lower case.
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, number) = text.split_at_checked(2)?;
        if !prefix.eq_ignore_ascii_case("TG") || number.len() != 3 {
            return None;
        }
        let code = Self(number.parse().ok()?);
        Self::ALL.contains(&code).then_some(code)
    }

    /// What the code means.
    pub fn definition(self) -> &'static Definition {
        definitions().find(|definition| definition.code == self).unwrap_or(&UNLISTED)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TG{:03}", self.0)
    }
}

/// All definitions, table by table; sort by code for a list.
pub fn definitions() -> impl Iterator<Item = &'static Definition> {
    TABLES.iter().flat_map(|table| table.iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_defined_once_and_in_full() {
        for code in Code::ALL {
            assert_eq!(definitions().filter(|d| d.code == *code).count(), 1, "{code}");
            let definition = code.definition();
            for text in
                [definition.title, definition.explanation, definition.wrong, definition.right]
            {
                assert!(!text.trim().is_empty(), "{code}");
            }
            assert!(!definition.title.ends_with('.'), "{code}");
            assert_ne!(definition.wrong, definition.right, "{code}");
        }
        assert_eq!(definitions().count(), Code::ALL.len());
    }

    #[test]
    fn a_code_is_read_as_it_is_written() {
        for code in Code::ALL {
            assert_eq!(Code::parse(&code.to_string()), Some(*code));
        }
        assert_eq!(Code::parse("tg003"), Some(Code::TG003));
        for text in ["", "TG", "TG3", "TG0003", "TG999", "XX003", "抱歉"] {
            assert_eq!(Code::parse(text), None, "{text}");
        }
    }
}
