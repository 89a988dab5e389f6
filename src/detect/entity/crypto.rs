//! Addresses of Bitcoin and Ethereum.

use super::EntityDef;
use super::{base58, keccak};

/// Bitcoin addresses (`Base58Check`, Bech32, Bech32m) and Ethereum addresses.
pub(super) const CRYPTO_ADDRESS: EntityDef = EntityDef {
    name: "crypto_address",
    placeholder: "CRYPTO_ADDRESS",
    summary: "addresses of Bitcoin and Ethereum with valid checksums",
    patterns: &[
        r"(?-u:\b)[13][1-9A-HJ-NP-Za-km-z]{25,34}(?-u:\b)",
        r"(?-u:\b)bc1[02-9ac-hj-np-z]{8,87}(?-u:\b)",
        r"(?-u:\b)BC1[02-9AC-HJ-NP-Z]{8,87}(?-u:\b)",
        r"(?-u:\b)0x[0-9A-Fa-f]{40}(?-u:\b)",
    ],
    validate: is_address,
    outline: super::word_with("[13][1-9A-HJ-NP-Za-km-z]{5}|bc1|BC1|0x"),
};

/// The alphabet of Bech32. Source: BIP-173.
const BECH32: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// Generator of the checksum. Source: BIP-173.
const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
/// What the checksum leaves: version 0 (BIP-173), and all later versions (BIP-350).
const BECH32_REST: u32 = 1;
const BECH32M_REST: u32 = 0x2bc8_30a3;

fn is_address(text: &str) -> bool {
    match text.strip_prefix("0x") {
        Some(hex) => is_ethereum(hex),
        None if text.starts_with(['b', 'B']) => is_bech32(&text.to_ascii_lowercase()),
        None => base58::is_valid(text),
    }
}

/// The checksum over the expanded prefix and the data, whose first character is the witness version.
fn is_bech32(text: &str) -> bool {
    let Some((prefix, data)) = text.rsplit_once('1') else { return false };
    let values: Option<Vec<u32>> =
        data.chars().map(|c| u32::try_from(BECH32.find(c)?).ok()).collect();
    let Some(values) = values else { return false };
    let high = prefix.bytes().map(|byte| u32::from(byte) >> 5);
    let low = prefix.bytes().map(|byte| u32::from(byte) & 31);
    let expanded = high.chain([0]).chain(low);
    let rest = expanded.chain(values.iter().copied()).fold(1, |sum: u32, value| {
        let top = sum >> 25;
        let turned = ((sum & 0x01ff_ffff) << 5) ^ value;
        let parts = GENERATOR.iter().enumerate().filter(|&(bit, _)| (top >> bit) & 1 == 1);
        parts.fold(turned, |sum, (_, part)| sum ^ part)
    });
    match values.first() {
        Some(0) => rest == BECH32_REST,
        Some(1..=16) => rest == BECH32M_REST,
        _ => false,
    }
}

/// Forty hexadecimal digits; where capital and small letters are mixed, a capital stands where the hash
/// of the small form has a digit of 8 or more (EIP-55). The zero address belongs to nobody.
fn is_ethereum(hex: &str) -> bool {
    let mixed = hex.bytes().any(|byte| byte.is_ascii_uppercase())
        && hex.bytes().any(|byte| byte.is_ascii_lowercase());
    if !mixed {
        return hex.bytes().any(|byte| byte != b'0');
    }
    let Some(hash) = keccak::hash(&hex.to_ascii_lowercase()) else { return false };
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    hex.bytes().zip(nibbles).all(|(byte, nibble)| {
        !byte.is_ascii_alphabetic() || byte.is_ascii_uppercase() == (nibble >= 8)
    })
}
