//! Numbers and addresses that people and machines have.

use proptest::prelude::*;

use super::{find, hits, misses};
use crate::detect::entity::by_name;

#[test]
fn mail_addresses_are_found() {
    hits(
        "email",
        &["bob@example.com", "first.last+tag@mail.example.co.uk", "a@b-c.io", "X_1%y@EXAMPLE.ORG"],
    );
    assert_eq!(find("email", "写信给bob@example.com吧"), ["bob@example.com"]);
    assert_eq!(find("email", "to bob@example.com."), ["bob@example.com"]);
    assert_eq!(find("email", "write to...bob@example.com"), ["bob@example.com"]);
    // Longer before the `@` than RFC 5321 allows is still somebody's address, or is meant to slip by.
    let long = format!("{}bob@example.com", "part.".repeat(14));
    assert_eq!(find("email", &format!("to {long}!")), [long]);
}

#[test]
fn what_only_looks_like_mail_is_not() {
    misses(
        "email",
        &[
            "icon@2x.png",
            "theme@dark.scss",
            "a@b",
            "价格@100.00",
            "user@localhost",
            "@handle",
            "x@-example.com",
            "x@example.c0m",
            "name@example.com1",
            "x.@example.com",
            "3 @ 4.00",
        ],
    );
}

#[test]
fn cards_in_groups_with_dots_are_found_and_versions_and_addresses_are_not() {
    hits("credit_card", &["4111.1111.1111.1111", "5555.5555.5555.4444"]);
    misses(
        "credit_card",
        &["4111.1111.1111.1112", "4.11.1111.1111", "192.168.100.101", "4.1111.1111.1111.1111"],
    );
    misses("credit_card", &["4111.1111-1111.1111", "1111.1111.1111.1111", "4111.1111.1111"]);
}

#[test]
fn telephone_numbers_are_found() {
    hits(
        "phone",
        &[
            "+1 415 555 2671",
            "+14155552671",
            "+1 (415) 555-2671",
            "+44 20 7946 0958",
            "+49 30 901820",
            "+86 138 1234 5678",
            "+8613812345678",
            "+852 2345 6789",
            "415-555-2671",
            "(415) 555-2671",
            "415.555.2671",
            "1-415-555-2671",
            "800 555 2671",
            "13812345678",
            "138 1234 5678",
            "138-1234-5678",
            "8613812345678",
            "86-13812345678",
            "0086 13812345678",
            "010-62512345",
            "010 62512345",
            "(010)62512345",
            "400-820-8820",
            "0755-26712345",
        ],
    );
    assert_eq!(find("phone", "电话13812345678转"), ["13812345678"]);
}

#[test]
fn other_numbers_are_not_telephones() {
    misses(
        "phone",
        &[
            "2024-11-23",
            "1700000000",
            "1700000000000",
            "12812345678",
            "138123456789",
            "11.22.3333",
            "978-3-16-148410-0",
            "9783161484100",
            "order 20241123000012",
            "+0 123 456 789",
            "+999 123 456 78",
            "411-555-2671",
            "415-911-2671",
            "x=+1234",
            "1+2222222",
            "555-2671",
            "192.168.100.200",
            "d41d8cd98f00b204e9800998ecf8427e",
            "+86 138 1234",
            "0.13812345678",
            "212.555 0187a",
            "a gain of +10000000000000000",
        ],
    );
}

#[test]
fn card_numbers_are_found() {
    hits(
        "credit_card",
        &[
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "4222222222222",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "3782 822463 10005",
            "30569309025904",
            "3056 930902 5904",
            "3530111333300000",
            "6011111111111117",
            "6200000000000005",
        ],
    );
}

#[test]
fn other_numbers_are_not_cards() {
    assert_eq!(find("credit_card", "2024 4111 1111 1111 1111"), ["4111 1111 1111 1111"]);
    misses(
        "credit_card",
        &[
            "4111111111111112",
            "4111 1111 1111 1112",
            "41111111111111111",
            "411111111111111",
            "9111111111111111",
            "0000000000000000",
            "1700000000000",
            "9783161484100",
            "20241123123456",
            "411111111111111a",
            "4111-1111 1111-1111",
            "1234567812345670",
            "id4111111111111111",
        ],
    );
}

#[test]
fn account_numbers_are_found() {
    hits(
        "iban",
        &[
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "GB82WEST12345698765432",
            "GB82 WEST 1234 5698 7654 32",
            "FR1420041010050500013M02606",
            "NO9386011117947",
            "NO93 8601 1117 947",
            "ES91 2100 0418 4502 0005 1332",
            "MT84MALT011000012345MTLCAST001S",
            "BE68 5390 0754 7034",
        ],
    );
    assert_eq!(
        find("iban", "ES91 2100 0418 4502 0005 1332 HOLA"),
        ["ES91 2100 0418 4502 0005 1332"]
    );
}

#[test]
fn other_codes_are_not_accounts() {
    misses(
        "iban",
        &[
            "DE89370400440532013001",
            "DE8937040044053201300",
            "XX89370400440532013000",
            "ISBN 978 3161484100",
            "AB12 CDEF GHIJ KLMN",
        ],
    );
}

#[test]
fn social_security_numbers_are_found() {
    hits("us_ssn", &["123-45-6789", "123 45 6789", "899-12-3456"]);
}

#[test]
fn other_groups_of_three_two_and_four_are_not() {
    misses(
        "us_ssn",
        &[
            "000-12-3456",
            "666-12-3456",
            "900-12-3456",
            "123-00-6789",
            "123-45-0000",
            "078-05-1120",
            "123456789",
            "123-45-67890",
            "1123-45-6789",
            "123-45 6789",
            "1-536-22-8145",
            "536-22-8145-1",
            "219-09-9999",
        ],
    );
}

#[test]
fn chinese_identity_numbers_are_found() {
    hits("cn_id", &["11010519491231002X", "11010519491231002x"]);
    assert_eq!(find("cn_id", "身份证11010519491231002X号"), ["11010519491231002X"]);
}

#[test]
fn wrong_identity_numbers_are_not() {
    misses(
        "cn_id",
        &[
            "110105194912310021",
            "11010519490231002X",
            "99010519491231002X",
            "1101051949123100",
            "11010519491231002XY",
            "211010519491231002X",
        ],
    );
}

#[test]
fn machine_addresses_are_found() {
    hits("ipv4", &["192.168.0.1", "8.8.8.8", "255.255.255.255", "1.2.3.4"]);
    assert_eq!(find("ipv4", "10.0.0.0/8, 服务器10.1.2.3:8080"), ["10.0.0.0", "10.1.2.3"]);
    hits(
        "ipv6",
        &[
            "2001:db8::1",
            "2001:0db8:0000:0000:0000:ff00:0042:8329",
            "fe80::1",
            "::1",
            "2001:db8::",
            "::ffff:192.0.2.1",
            "64:ff9b::192.0.2.33",
            "2001:db8:1:2:3:4:5:6",
        ],
    );
    hits("mac_address", &["00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e"]);
}

#[test]
fn versions_times_and_paths_are_not_machines() {
    misses(
        "ipv4",
        &[
            "v1.2.3.4",
            "1.2.3",
            "1.2.3.4.5",
            "1.3.6.1.4.1.311",
            "256.1.1.1",
            "01.02.03.04",
            "2024.11.23",
        ],
    );
    misses(
        "ipv6",
        &[
            "12:30:45",
            "std::vec",
            "ab::cd",
            "f32::consts",
            "f32::MAX",
            "00:1A:2B:3C:4D:5E",
            "1:2:3:4:5:6:7:8:9",
            "key: value",
            "a::b::c",
        ],
    );
    misses(
        "mac_address",
        &[
            "00:1A:2B:3C:4D",
            "00:1A:2B:3C:4D:5E:6F",
            "00:1A-2B:3C-4D:5E",
            "12:30:45",
            "00:00:00:00:00:00",
            "20-24-01-31-12-30",
        ],
    );
}

#[test]
fn page_addresses_are_found_without_what_ends_the_sentence() {
    hits(
        "url",
        &[
            "https://example.com",
            "http://example.com/a?b=c&d=%20#e",
            "HTTPS://EXAMPLE.COM/",
            "ftp://10.0.0.1/x",
            "wss://example.com:8443/s",
            "http://[::1]:8080/",
            "www.example.com",
            "WWW.example.com.cn/a?b=c",
        ],
    );
    assert_eq!(find("url", "见https://example.com/a，谢谢"), ["https://example.com/a"]);
    assert_eq!(find("url", "Read https://example.com/a."), ["https://example.com/a"]);
    misses(
        "url",
        &[
            "example.com",
            "http://",
            "mailto:bob@example.com",
            "xhttp://a",
            "www.x",
            "www.html",
            "wwww.a.b",
        ],
    );
}

#[test]
fn coin_addresses_are_found_by_their_checksums() {
    hits(
        "crypto_address",
        &[
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        ],
    );
    misses(
        "crypto_address",
        &[
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed",
            "0x0000000000000000000000000000000000000000",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "1111111111111111111111111111111111",
        ],
    );
}

proptest! {
    #[test]
    fn generated_cards_are_found_and_altered_ones_are_not(
        body in "4[0-9]{14}", at in 1..15_usize, by in 1..10_u8,
    ) {
        let validate = by_name("credit_card").unwrap().validate;
        let card = (0..10).map(|check| format!("{body}{check}")).find(|card| validate(card));
        if let Some(card) = card {
            prop_assert_eq!(find("credit_card", &format!("卡号{card}。")), [card.as_str()]);
            let mut bytes = card.into_bytes();
            bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
            prop_assert!(!validate(std::str::from_utf8(&bytes).unwrap()));
        }
    }

    #[test]
    fn no_check_panics_on_any_text(text in any::<String>(), ascii in "[ -~]{0,60}") {
        for entity in crate::detect::entity::ENTITIES {
            (entity.validate)(&text);
            (entity.validate)(&ascii);
        }
    }
}
