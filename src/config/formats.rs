//! Texts of a certain form: names, addresses, and the values with a unit.

use std::net::SocketAddr;
use std::str::FromStr;

use super::codes::Code;
use super::units::{Day, Period, Share, Size, UnitError, Window};

/// The most characters of a name.
const NAME_LIMIT: usize = 64;

/// A form that a text has to have.
pub(super) struct Format {
    /// What a schema calls it.
    pub(super) name: &'static str,
    /// What people call it, with its article.
    pub(super) noun: &'static str,
    /// The code of a mistake.
    pub(super) code: Code,
    /// Says why a text does not have this form.
    pub(super) check: fn(&str) -> Result<(), String>,
}

/// Every form that the schemas name.
pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "duration",
        noun: "a duration such as `400ms`",
        code: Code::TG002,
        check: unit::<Period>,
    },
    Format { name: "size", noun: "a size such as `4MiB`", code: Code::TG002, check: unit::<Size> },
    Format {
        name: "share",
        noun: "a share such as `0.2%`",
        code: Code::TG002,
        check: unit::<Share>,
    },
    Format {
        name: "window",
        noun: "a window such as `12 words`",
        code: Code::TG002,
        check: unit::<Window>,
    },
    Format {
        name: "date",
        noun: "a date such as `2027-01-15`",
        code: Code::TG002,
        check: unit::<Day>,
    },
    Format { name: "identifier", noun: "a name", code: Code::TG005, check: identifier },
    Format { name: "rule-id", noun: "a rule id", code: Code::TG006, check: identifier },
    Format {
        name: "address",
        noun: "an address such as `127.0.0.1:8080`",
        code: Code::TG002,
        check: address,
    },
    Format {
        name: "url",
        noun: "an address such as `https://api.openai.com`",
        code: Code::TG002,
        check: url,
    },
    Format { name: "sha256", noun: "a SHA-256 hash", code: Code::TG002, check: sha256 },
];

/// The form that a schema names.
pub(super) fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// Whether an address carries a user name or a password.
pub(super) fn url_holds_secret(text: &str) -> bool {
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
    authority.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
}

fn unit<T: FromStr<Err = UnitError>>(text: &str) -> Result<(), String> {
    text.parse::<T>().map(|_| ()).map_err(|error| error.to_string())
}

fn identifier(text: &str) -> Result<(), String> {
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    let rest = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if !first || !rest {
        return Err(
            "only ASCII letters, digits, `-`, `_` and `.`, and a letter or digit first".to_owned()
        );
    }
    if text.len() > NAME_LIMIT {
        Err(format!("longer than {NAME_LIMIT} characters"))
    } else {
        Ok(())
    }
}

fn address(text: &str) -> Result<(), String> {
    let known: Result<SocketAddr, _> = text.parse();
    known.map(|_| ()).map_err(|_| "an IP address and a port, with `[…]` around IPv6".to_owned())
}

pub(super) fn url(text: &str) -> Result<(), String> {
    let uri: http::Uri =
        text.parse().map_err(|_| "not an address that can be called".to_owned())?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err("it begins with `http://` or `https://`".to_owned());
    }
    if uri.host().is_none_or(str::is_empty) {
        return Err("it names no host".to_owned());
    }
    if uri.query().is_some() { Err("it cannot hold a query".to_owned()) } else { Ok(()) }
}

fn sha256(text: &str) -> Result<(), String> {
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(())
    } else {
        Err("64 hexadecimal digits".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ascii_and_short() {
        for good in ["a", "consumer-chat", "pack.pii", "9lives", "insults.en"] {
            assert_eq!(identifier(good), Ok(()), "{good}");
        }
        for bad in ["", "-a", "a b", "规则", "a/b", &"x".repeat(65)] {
            assert!(identifier(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_name_a_scheme_and_a_host() {
        for good in ["https://api.openai.com", "http://127.0.0.1:8000", "https://a.b/base"] {
            assert_eq!(url(good), Ok(()), "{good}");
        }
        for bad in ["api.openai.com", "ftp://x", "https://", "https://x/?key=1", "https://x y"] {
            assert!(url(bad).is_err(), "{bad}");
        }
        assert!(
            url_holds_secret("https://user:pw@host/x") && !url_holds_secret("https://host/a@b")
        );
    }

    #[test]
    fn an_address_to_listen_on_has_a_port() {
        assert_eq!(address("127.0.0.1:8080"), Ok(()));
        assert_eq!(address("[::1]:8080"), Ok(()));
        for bad in ["127.0.0.1", "8080", "::1:8080x", "localhost"] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
