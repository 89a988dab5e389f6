//! Addresses of machines.

use core::net::Ipv6Addr;

use super::{EntityDef, always};

/// IPv4 addresses. Four numbers with dots between them are taken for one even where they could be a
/// version; a rule that minds says so with `except`.
pub(super) const IPV4: EntityDef = EntityDef {
    name: "ipv4",
    placeholder: "IPV4",
    summary: "IPv4 addresses",
    patterns: &[r"(?-u:\b)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?-u:\b)(?:\.[0-9]{1,3})?"],
    validate: |text| {
        let parts: Vec<&str> = text.split('.').collect();
        let small =
            |part: &&str| part.parse::<u8>().is_ok() && (part.len() == 1 || !part.starts_with('0'));
        parts.len() == 4 && parts.iter().all(small)
    },
};

/// IPv6 addresses.
pub(super) const IPV6: EntityDef = EntityDef {
    name: "ipv6",
    placeholder: "IPV6",
    summary: "IPv6 addresses",
    patterns: &[r"(?-u:\b)[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]{2,33}(?::[0-9A-Fa-f]{1,4}|::)"],
    validate: |text| {
        text.bytes().filter(|&b| b == b':').count() >= 3 && text.parse::<Ipv6Addr>().is_ok()
    },
};

/// Addresses of pages.
pub(super) const URL: EntityDef = EntityDef {
    name: "url",
    placeholder: "URL",
    summary: "web addresses with http or https",
    patterns: &[
        r"(?i:https?)://[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250})(?::[0-9]{1,5})?(?:[/?#](?:[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]{0,760}[A-Za-z0-9_~/#&=+-])?)?",
    ],
    validate: always,
};
