//! `Base58Check`, the text form of the older Bitcoin addresses.

use sha2::{Digest, Sha256};

/// The alphabet of Base58: no `0`, `O`, `I`, `l`. Source: Bitcoin Core, `src/base58.cpp`.
const ALPHABET: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// An address: a version byte, a hash of 20 bytes and the checksum.
const LENGTH: usize = 25;

/// Whether a text is an address with a right checksum: the first four bytes of the double SHA-256 of
/// what stands before it.
pub(super) fn is_valid(text: &str) -> bool {
    let Some(bytes) = decode(text) else { return false };
    let Some((payload, checksum)) = bytes.split_last_chunk::<4>() else { return false };
    let hash = Sha256::digest(Sha256::digest(payload));
    matches!(payload.first(), Some(0x00 | 0x05)) && hash.starts_with(checksum)
}

/// The number that the text stands for, in 25 bytes, the greatest first. One `1` at the beginning stands
/// for each zero byte there.
fn decode(text: &str) -> Option<[u8; LENGTH]> {
    let mut bytes = [0_u8; LENGTH];
    for c in text.chars() {
        let mut carry = u32::try_from(ALPHABET.find(c)?).ok()?;
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = u8::try_from(carry % 256).ok()?;
            carry /= 256;
        }
        if carry != 0 {
            return None;
        }
    }
    let ones = text.bytes().take_while(|&byte| byte == b'1').count();
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    (ones == zeros).then_some(bytes)
}
