//! Addresses of machines and pages.

use super::EntityDef;

/// IPv4 addresses. A version of four numbers is written like an address and counts as one (`1.2.3.4`),
/// unless a letter stands before it (`v1.2.3.4`); dotted numbers of another length never do.
pub(super) const IPV4: EntityDef = EntityDef {
    name: "ipv4",
    placeholder: "IPV4",
    summary: "IPv4 addresses",
    patterns: &[r"(?-u:\b)[0-9]{1,3}(?:\.[0-9]{1,3}){3,9}(?-u:\b)"],
    validate: is_ipv4,
    outline: super::word_with(r"[0-9]\.[0-9]"),
};

/// IPv6 addresses (RFC 4291).
pub(super) const IPV6: EntityDef = EntityDef {
    name: "ipv6",
    placeholder: "IPV6",
    summary: "IPv6 addresses",
    patterns: &[
        r"(?-u:\b)[0-9A-Fa-f]{1,4}(?:::?[0-9A-Fa-f]{1,4}){1,11}(?:\.[0-9]{1,3}){3}(?-u:\b)",
        r"(?-u:\b)[0-9A-Fa-f]{1,4}(?:::?[0-9A-Fa-f]{1,4}){1,11}(?-u:\b)",
        r"(?-u:\b)[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6}::",
        r"::[Ff]{4}:[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?-u:\b)",
        r"::1(?-u:\b)",
    ],
    validate: is_ipv6,
    outline: super::word_with("[0-9A-Fa-f]:[0-9A-Fa-f:]|::"),
};

/// Hardware addresses: six pairs of hexadecimal digits, separated alike.
pub(super) const MAC_ADDRESS: EntityDef = EntityDef {
    name: "mac_address",
    placeholder: "MAC",
    summary: "hardware addresses of network devices",
    patterns: &[
        r"(?-u:\b)[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5,9}(?-u:\b)",
        r"(?-u:\b)[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5,9}(?-u:\b)",
    ],
    validate: is_mac,
    outline: super::word_with(r"[0-9A-Fa-f][:\-][0-9A-Fa-f]{2}[:\-]"),
};

/// Addresses of pages and services, with their scheme or with `www.`. Of a longer one the first part is found:
/// browsers and servers take some 2,000 bytes.
pub(super) const URL: EntityDef = EntityDef {
    name: "url",
    placeholder: "URL",
    summary: "web addresses with a scheme (http, https, ftp, ws, wss) or www.",
    patterns: &[
        r"(?-u:\b)(?:[Hh][Tt][Tt][Pp][Ss]?|[Ff][Tt][Pp]|[Ww][Ss][Ss]?)://[A-Za-z0-9\[%](?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]{0,2000}[A-Za-z0-9\-_~/#=&%\]])?",
        r"(?-u:\b)[Ww]{3}\.[A-Za-z0-9](?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]{0,2000}[A-Za-z0-9\-_~/#=&%\]])?",
    ],
    validate: is_url,
    outline: super::around(r"(?:[A-Za-z]+://|[Ww]+\.)[!-~]+"),
};

fn is_ipv4(text: &str) -> bool {
    let octet =
        |part: &str| (part.len() == 1 || !part.starts_with('0')) && part.parse::<u8>().is_ok();
    text.split('.').count() == 4 && text.split('.').all(octet)
}

/// Eight groups, or fewer around one `::`; the last two may be an IPv4 address. Names joined by `::` in
/// program text (`ab::cd`, `f32::`) may look so, which is why an address must have a decimal digit, and three
/// groups, or none before the `::`, or a first group like those of real networks.
fn is_ipv6(text: &str) -> bool {
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let (text, tail_groups) = match text.rsplit_once(':') {
        Some((head, tail)) if tail.contains('.') => {
            if !is_ipv4(tail) {
                return false;
            }
            // The colon before the IPv4 address may be the second of a pair.
            (if head.ends_with(':') { text.trim_end_matches(tail) } else { head }, 2)
        }
        _ => (text, 0),
    };
    let group =
        |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_hexdigit());
    let count = |part: &str| {
        if part.is_empty() {
            return Some(0);
        }
        part.split(':').all(group).then(|| part.split(':').count())
    };
    match text.split_once("::") {
        None => count(text).is_some_and(|groups| groups + tail_groups == 8),
        Some((head, tail)) => {
            let (Some(before), Some(behind)) = (count(head), count(tail)) else { return false };
            let behind = behind + tail_groups;
            let plausible = before + behind > 2 || before == 0 || is_wide(head);
            before + behind < 8 && plausible && has_digit
        }
    }
}

/// Whether the first group is of four digits, as those of real networks are (`fe80`, `2001`).
fn is_wide(groups: &str) -> bool {
    let group = groups.split(':').next().unwrap_or_default();
    group.len() == 4 && group.bytes().any(|b| b.is_ascii_digit())
}

/// Six pairs; zeros alone belong to nobody, and decimal digits by hyphens are more often a date.
fn is_mac(text: &str) -> bool {
    let is_number = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
    text.len() == 17 && !is_number && text.bytes().any(|byte| !matches!(byte, b':' | b'-' | b'0'))
}

/// A host that is more than a single sign; one without a scheme has a further dot.
fn is_url(text: &str) -> bool {
    match text.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('.') => {
            rest.split(['/', '?', '#']).next().unwrap_or_default().len() > 1
        }
        _ => text.split(['/', '?', '#', ':']).next().unwrap_or_default().split('.').count() > 2,
    }
}
