//! Entities: things with a shape and, mostly, a check digit. A pattern finds candidates, a validator
//! throws out what only looks like one.
//!
//! Borders in the patterns are ASCII borders, because Chinese text stands directly beside numbers
//! (`电话13812345678`).

mod checksum;
mod contact;
mod finance;
mod identity;
mod network;
mod secret;

/// One sort of entity.
#[derive(Clone, Copy, Debug)]
pub struct EntityDef {
    /// Its name in policies.
    pub name: &'static str,
    /// What stands in its place when it is redacted, without brackets.
    pub placeholder: &'static str,
    /// One line for `tidegate list detectors`.
    pub summary: &'static str,
    /// Regexes that find candidates.
    pub patterns: &'static [&'static str],
    /// Whether a candidate really is one.
    pub validate: fn(&str) -> bool,
}

/// All entities, by name.
pub const ENTITIES: &[EntityDef] = &[
    secret::API_KEY,
    finance::CREDIT_CARD,
    identity::CN_ID,
    finance::CRYPTO_ADDRESS,
    contact::EMAIL,
    finance::IBAN,
    network::IPV4,
    network::IPV6,
    secret::JWT,
    contact::PHONE,
    secret::PRIVATE_KEY,
    network::URL,
    identity::US_SSN,
];

/// The entity with this name.
pub fn by_name(name: &str) -> Option<&'static EntityDef> {
    ENTITIES.iter().find(|entity| entity.name == name)
}

/// For shapes that are proof enough.
fn always(_: &str) -> bool {
    true
}

/// The digits of a candidate, whatever stands between them.
fn digits(text: &str) -> impl Iterator<Item = u8> + '_ {
    text.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The matches of an entity in a text.
    fn found<'t>(name: &str, text: &'t str) -> Vec<&'t str> {
        let entity = by_name(name).unwrap();
        let mut found: Vec<&str> = entity
            .patterns
            .iter()
            .flat_map(|pattern| {
                regex::Regex::new(pattern)
                    .unwrap()
                    .find_iter(text)
                    .map(|m| m.as_str())
                    .collect::<Vec<_>>()
            })
            .filter(|text| (entity.validate)(text))
            .collect();
        found.sort_by_key(|text| std::cmp::Reverse(text.len()));
        let mut whole: Vec<&str> = Vec::new();
        for one in found {
            if !whole.iter().any(|known| known.contains(one)) {
                whole.push(one);
            }
        }
        whole
    }

    #[test]
    fn real_ones_are_found_in_english_and_chinese() {
        for (name, text, expected) in [
            ("credit_card", "card 4111 1111 1111 1111 thanks", "4111 1111 1111 1111"),
            ("credit_card", "卡号5500005555555559谢谢", "5500005555555559"),
            ("credit_card", "amex 3782-822463-10005.", "3782-822463-10005"),
            ("email", "mail bob.smith+x@mail.example.co.uk now", "bob.smith+x@mail.example.co.uk"),
            ("email", "邮箱zhang@example.cn。", "zhang@example.cn"),
            ("phone", "call +44 20 7946 0958 today", "+44 20 7946 0958"),
            ("phone", "call (415) 555-2671", "(415) 555-2671"),
            ("phone", "电话13812345678", "13812345678"),
            ("phone", "手机 +86 138-1234-5678", "+86 138-1234-5678"),
            ("iban", "pay DE89 3704 0044 0532 0130 00 now", "DE89 3704 0044 0532 0130 00"),
            ("iban", "GB82WEST12345698765432", "GB82WEST12345698765432"),
            ("us_ssn", "ssn 536-22-8726", "536-22-8726"),
            ("cn_id", "身份证11010519491231002X", "11010519491231002X"),
            ("ipv4", "host 192.168.1.254 up", "192.168.1.254"),
            ("ipv6", "addr 2001:db8::8a2e:370:7334 up", "2001:db8::8a2e:370:7334"),
            ("url", "see https://example.com/a?b=1.", "https://example.com/a?b=1"),
            ("api_key", "key AKIAIOSFODNN7EXAMPLE ok", "AKIAIOSFODNN7EXAMPLE"),
            (
                "api_key",
                "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
                "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            ),
            ("api_key", "密钥sk-proj-a8Kd93jfLq02mZx7PtVb4Rw5", "sk-proj-a8Kd93jfLq02mZx7PtVb4Rw5"),
            (
                "private_key",
                "-----BEGIN RSA PRIVATE KEY-----\nMIIB",
                "-----BEGIN RSA PRIVATE KEY-----",
            ),
            (
                "jwt",
                "t eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P x",
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
            ),
            (
                "crypto_address",
                "to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
                "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            ),
            (
                "crypto_address",
                "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
                "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            ),
            (
                "crypto_address",
                "eth 0x52908400098527886E0F7030069857D2E4169EE7",
                "0x52908400098527886E0F7030069857D2E4169EE7",
            ),
        ] {
            assert_eq!(found(name, text), [expected], "{name}: {text}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_not_found() {
        for (name, text) in [
            ("credit_card", "order 4111 1111 1111 1112, id 1234567890123456"),
            ("credit_card", "digits 41111111111111111111111 run on"),
            ("email", "a@b and @home and user@localhost"),
            ("phone", "order 12345678, date 2026-11-23, version 1.2.3, 3.14159265"),
            ("phone", "hash 138123456789012 and 23812345678"),
            ("iban", "DE89 3704 0044 0532 0130 01"),
            ("us_ssn", "666-12-3456 000-12-3456 900-12-3456 123-00-4567 536228726"),
            ("cn_id", "110105194912310021 and 11010519491331002X"),
            ("ipv4", "version 1.2.3 and 999.1.1.1 and 1.2.3.4.5"),
            ("ipv6", "time 12:34:56 and std::vec"),
            (
                "api_key",
                "sk-xxxxxxxxxxxxxxxxxxxxxxxx AKIAXXXXXXXXXXXXXXXX task-list-for-the-morning-meeting",
            ),
            ("jwt", "eyJ.eyJ.x"),
            ("crypto_address", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb and 0x1234"),
            ("url", "http:// and example"),
        ] {
            assert_eq!(found(name, text), Vec::<&str>::new(), "{name}: {text}");
        }
    }

    #[test]
    fn every_entity_has_a_longest_match() {
        for entity in ENTITIES {
            for pattern in entity.patterns {
                let longest = crate::detect::longest_match(pattern).unwrap();
                assert!(longest.is_some_and(|longest| longest <= 4096), "{}", entity.name);
            }
        }
    }
}
