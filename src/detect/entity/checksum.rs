//! Check digits of numbers that people type.

/// The digits of a text, whatever stands between them.
pub(super) fn digits(text: &str) -> impl DoubleEndedIterator<Item = u32> + '_ {
    text.chars().filter_map(|c| c.to_digit(10))
}

/// The Luhn check of ISO/IEC 7812-1: from the right, every second digit is doubled and its digits are
/// added; the sum is a multiple of ten.
pub(super) fn luhn(number: &str) -> bool {
    let sum: u32 = digits(number)
        .rev()
        .enumerate()
        .map(|(at, digit)| match at % 2 {
            0 => digit,
            _ if digit > 4 => digit * 2 - 9,
            _ => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The check of ISO 7064 MOD 97-10 as IBANs use it (ISO 13616): the first four characters go to the end,
/// letters count as 10 to 35, and the number leaves 1 when divided by 97.
pub(super) fn mod_97(code: &str) -> bool {
    let Some((head, tail)) = code.split_at_checked(4) else { return false };
    let mut rest = 0;
    for c in tail.chars().chain(head.chars()) {
        let Some(value) = c.to_digit(36) else { return false };
        rest = if value < 10 { rest * 10 + value } else { rest * 100 + value } % 97;
    }
    rest == 1
}

/// The check of ISO 7064 MOD 11-2 over the 17 digits and the check character of a Chinese resident
/// identity number (GB 11643): the weights are powers of two, the check character stands for 0 to 10,
/// and the sum leaves 1 when divided by 11.
pub(super) fn mod_11_2(number: &str) -> bool {
    let mut sum = 0;
    for (at, c) in number.chars().enumerate() {
        let value = match c {
            'X' | 'x' if at == 17 => 10,
            _ => match c.to_digit(10) {
                Some(digit) => digit,
                None => return false,
            },
        };
        sum = (sum * 2 + value) % 11;
    }
    sum == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_numbers_pass() {
        assert!(luhn("79927398713") && !luhn("79927398710"));
        assert!(mod_97("GB82WEST12345698765432") && !mod_97("GB82WEST12345698765431"));
        assert!(mod_11_2("11010519491231002X") && !mod_11_2("110105194912310021"));
        assert!(!mod_97("GB8") && !mod_97("GB82-"));
    }

    /// `number` with the check character that makes it right.
    fn completed(number: &str, checks: &str, valid: fn(&str) -> bool) -> String {
        checks.chars().map(|check| format!("{number}{check}")).find(|whole| valid(whole)).unwrap()
    }

    /// `number` with another digit at one place.
    fn changed(number: &str, at: usize, by: u8) -> String {
        let mut bytes = number.as_bytes().to_vec();
        bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
        String::from_utf8(bytes).unwrap()
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_always_seen(body in "[0-9]{17}", at in 0..17_usize, by in 1..10_u8) {
            let card = completed(&body, "0123456789", luhn);
            prop_assert!(!luhn(&changed(&card, at, by)));
            let id = completed(&body, "0123456789X", mod_11_2);
            prop_assert!(!mod_11_2(&changed(&id, at, by)));
        }

        #[test]
        fn one_wrong_digit_of_an_iban_is_always_seen(
            body in "[0-9]{18}", at in 0..18_usize, by in 1..10_u8,
        ) {
            let check = (2..=98).find(|check| mod_97(&format!("DE{check:02}{body}"))).unwrap();
            let iban = format!("DE{check:02}{body}");
            prop_assert!(!mod_97(&changed(&iban, at + 4, by)));
        }
    }
}
