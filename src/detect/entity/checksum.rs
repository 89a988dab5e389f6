//! Check digits.

use sha2::{Digest as _, Sha256};

use super::digits;

/// Luhn's check (ISO/IEC 7812-1, annex B).
pub(super) fn luhn(number: &str) -> bool {
    let reversed: Vec<u8> = digits(number).collect();
    let sum: u32 = reversed
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| {
            let doubled = u32::from(digit) << (place % 2);
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The check of IBANs: modulo 97 with the first four characters moved to the end (ISO 13616).
pub(super) fn iban(text: &str) -> bool {
    let plain: Vec<u8> = text.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let (head, tail) = plain.split_at(plain.len().min(4));
    let mut rest = 0_u32;
    for &c in tail.iter().chain(head) {
        let (value, places) = match c {
            b'0'..=b'9' => (u32::from(c - b'0'), 10),
            _ => (u32::from(c.to_ascii_uppercase() - b'A') + 10, 100),
        };
        rest = (rest * places + value) % 97;
    }
    rest == 1
}

/// The check character of Chinese resident ids: ISO 7064 MOD 11-2 (GB 11643-1999).
pub(super) fn resident_id(text: &str) -> bool {
    let mut sum = 0_u32;
    for (place, c) in text.bytes().enumerate() {
        let value = match c {
            b'0'..=b'9' => u32::from(c - b'0'),
            b'X' | b'x' if place == 17 => 10,
            _ => return false,
        };
        // The weight of each place is 2 to the power of its distance from the end, modulo 11.
        sum += value * (1 << (17_usize.saturating_sub(place))) % 11;
    }
    text.len() == 18 && sum % 11 == 1
}

/// Base58Check: the last four bytes are the beginning of the double SHA-256 of the rest.
pub(super) fn base58(text: &str) -> bool {
    const ALPHABET: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for c in text.chars() {
        let Some(mut carry) = ALPHABET.find(c) else { return false };
        for byte in &mut bytes {
            carry += usize::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).unwrap_or(0);
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push(u8::try_from(carry & 0xff).unwrap_or(0));
            carry >>= 8;
        }
    }
    bytes.extend(text.chars().take_while(|&c| c == '1').map(|_| 0));
    bytes.reverse();
    let Some((payload, check)) = bytes.split_last_chunk::<4>() else { return false };
    let digest = Sha256::digest(Sha256::digest(payload));
    payload.len() == 21 && digest.starts_with(check)
}

/// Bech32 and Bech32m (BIP 173, BIP 350).
pub(super) fn bech32(text: &str) -> bool {
    const ALPHABET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let lower = text.to_ascii_lowercase();
    let Some((prefix, data)) = lower.rsplit_once('1') else { return false };
    let data: Option<Vec<u32>> =
        data.chars().map(|c| ALPHABET.find(c).and_then(|at| u32::try_from(at).ok())).collect();
    let Some(data) = data else { return false };
    let high = prefix.bytes().map(|b| u32::from(b >> 5));
    let low = prefix.bytes().map(|b| u32::from(b & 31));
    let mut check = 1_u32;
    for value in high.chain([0]).chain(low).chain(data) {
        let top = check >> 25;
        check = ((check & 0x01ff_ffff) << 5) ^ value;
        for (bit, generator) in GENERATOR.iter().enumerate() {
            if top >> bit & 1 == 1 {
                check ^= generator;
            }
        }
    }
    check == 1 || check == 0x2bc8_30a3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with_luhn_digit(body: &str) -> String {
        (0..10).map(|digit| format!("{body}{digit}")).find(|number| luhn(number)).unwrap()
    }

    proptest! {
        #[test]
        fn one_wrong_digit_never_passes_the_card_check(body in "[0-9]{15}", at in 0_usize..16, by in 1_u8..10) {
            let number = with_luhn_digit(&body);
            let mut wrong = number.into_bytes();
            wrong[at] = b'0' + (wrong[at] - b'0' + by) % 10;
            prop_assert!(!luhn(std::str::from_utf8(&wrong).unwrap()));
        }

        #[test]
        fn one_wrong_digit_never_passes_the_resident_id_check(body in "[0-9]{17}", at in 0_usize..17, by in 1_u8..10) {
            let id = "0123456789X".chars().map(|c| format!("{body}{c}")).find(|id| resident_id(id)).unwrap();
            let mut wrong = id.into_bytes();
            wrong[at] = b'0' + (wrong[at] - b'0' + by) % 10;
            prop_assert!(!resident_id(std::str::from_utf8(&wrong).unwrap()));
        }

        #[test]
        fn one_wrong_digit_never_passes_the_iban_check(at in 4_usize..22, by in 1_u8..10) {
            let mut wrong = b"DE89370400440532013000".to_vec();
            wrong[at] = b'0' + (wrong[at] - b'0' + by) % 10;
            prop_assert!(!iban(std::str::from_utf8(&wrong).unwrap()));
        }
    }
}
