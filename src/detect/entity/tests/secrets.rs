//! Secrets of programs. None of the keys here was ever valid: they are put together from their parts.

use super::{find, hits, misses};

/// `length` characters of `alphabet` that look drawn by chance, always the same.
fn drawn(alphabet: &str, length: usize) -> String {
    let mut state = 0x9e37_79b9_u32;
    let letters: Vec<char> = alphabet.chars().collect();
    let next = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        letters[(*state >> 16) as usize % letters.len()]
    };
    (0..length).map(|_| next(&mut state)).collect()
}

const WORD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";

#[test]
fn keys_of_services_are_found() {
    let word = |prefix: &str, length| format!("{prefix}{}", drawn(WORD, length));
    let hex = |prefix: &str, length| format!("{prefix}{}", drawn(HEX, length));
    let keys = [
        word("sk-", 48),
        hex("sk-", 32),
        word("sk-proj-", 48),
        word("sk-ant-api03-", 93),
        word("AIza", 35),
        word("ghp_", 36),
        word("gho_", 36),
        word("ghs_", 36),
        format!("github_pat_{}_{}", drawn(WORD, 22), drawn(WORD, 59)),
        word("glpat-", 20),
        format!("xoxb-{}-{}", drawn("0123456789", 12), drawn(WORD, 24)),
        word("sk_live_", 24),
        word("rk_live_", 24),
        word("sk_test_", 24),
        word("rk_test_", 24),
        word("gsk_", 52),
        word("xai-", 80),
        word("pplx-", 48),
        word("r8_", 37),
        word("GOCSPX-", 28),
        word("sk-or-v1-", 64),
        word("sk-svcacct-", 80),
        format!("xapp-1-{}", drawn(WORD, 40)),
        format!("glpat-{}.01.{}", drawn(WORD, 27), drawn(HEX, 9)),
        word("hf_", 34),
        format!("SG.{}.{}", drawn(WORD, 22), drawn(WORD, 43)),
        hex("SK", 32),
        word("npm_", 36),
        word("pypi-AgEIcHlwaS5vcmc", 60),
        hex("dop_v1_", 64),
        format!("AccountKey={}==", drawn(WORD, 86)),
        format!("{}JQQJ99{}", drawn(WORD, 52), drawn(WORD, 26)),
        word("LTAI", 20),
        word("AKID", 32),
        hex("dapi", 32),
        hex("shpat_", 32),
        format!("123456789:AA{}", drawn(WORD, 33)),
        word("MISTRAL_API_KEY=", 32),
        hex("AZURE_OPENAI_API_KEY:", 32),
        word("cohere.api-key='", 40),
        word("hf_access_token=\"", 40),
        word("api_key\":\"", 40),
        word("client_secret=", 40),
        "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        "AKIAIOSFODNN7EXAMPLE".to_owned(),
    ];
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    hits("api_key", &keys);
}

#[test]
fn placeholders_and_words_are_not_keys() {
    misses(
        "api_key",
        &[
            "sk-xxxxxxxxxxxxxxxxxxxxxxxx",
            "sk-000000000000000000000000",
            "AKIAXXXXXXXXXXXXXXXX",
            "sk-proj-your-api-key-goes-in-here-1",
            "sk-proj-this-is-only-a-name-of-a-file",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "sk-short",
            "sk-proj-learn-with-2-long-words-in-it",
            "sk_test_your_key_goes_here_please_1",
            "API_KEY=your-api-key-from-the-page-1",
            "api_key=configuration_of_the_client_22",
            "hf_api_key=configuration_of_the_client_22",
            "secret_key=/etc/secrets/production/openai/key22",
            "access_token=ConfigurationServiceFactoryBuilder",
            "api_key=00000000000000000000000000000000",
            "123456789:AA_is_the_name_of_a_bot",
            "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
            "MISTRAL_API_KEY=${MISTRAL_API_KEY_OF_MINE_22}",
            "task-force-of-the-united-nations",
            "AKIAIOSFODNN7EXAMPLEX",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        ],
    );
}

#[test]
fn private_keys_are_found_with_all_that_belongs_to_them() {
    let body = format!("{}\n{}==", drawn(WORD, 64), drawn(WORD, 30));
    for kind in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "] {
        let begin = format!("-----BEGIN {kind}PRIVATE KEY-----");
        let whole = format!("{begin}\n{body}\n-----END {kind}PRIVATE KEY-----");
        hits("private_key", &[&whole]);
        assert_eq!(find("private_key", &format!("{begin} is the header")), [begin.as_str()]);
        let cut = format!("{begin}\n{body}");
        assert_eq!(find("private_key", &format!("{cut} …")), [cut.as_str()]);
        let quoted = format!("    \"{}\"", whole.replace('\n', "\",\n    \""));
        assert_eq!(find("private_key", &quoted), [quoted.trim().trim_matches('"')]);
        let indented = whole.replace('\n', "\n  ");
        let yaml = format!("key: |\n  {indented}\nnext: 1");
        assert_eq!(find("private_key", &yaml), [indented.as_str()]);
        let flat = whole.replace('\n', " ");
        assert_eq!(find("private_key", &format!("密钥{flat}。")), [flat.as_str()]);
        let escaped = whole.replace('\n', "\\n");
        assert_eq!(find("private_key", &format!("\"{escaped}\"")), [escaped.as_str()]);
    }
    let old = format!(
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B\n\n{body}\n\
         -----END RSA PRIVATE KEY-----"
    );
    hits("private_key", &[&old]);
    misses(
        "private_key",
        &["-----BEGIN CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----", "BEGIN PRIVATE KEY"],
    );
}

#[test]
fn tokens_are_found_by_their_headers() {
    // {"alg":"HS256","typ":"JWT"} and {"sub":"1234567890"}
    let token = |header: &str| format!("{header}.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{}", drawn(WORD, 43));
    let good = token("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9");
    hits("jwt", &[&good]);
    assert_eq!(find("jwt", &format!("Authorization: Bearer {good}\r\n")), [good.as_str()]);
    // {"typ":"JWT"} names no algorithm; the other header is cut.
    let unnamed = token("eyJ0eXAiOiJKV1QifQ");
    let cut = token("eyJhbGciOiJIUzI1NiIsIn");
    misses("jwt", &[&unnamed, &cut, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"]);
}

#[test]
fn each_key_with_its_secret_part_blanked_is_a_placeholder() {
    for prefix in
        ["sk-", "sk-proj-", "ghp_", "gsk_", "hf_", "npm_", "sk_live_", "AKID", "glpat-", "API_KEY="]
    {
        for blank in ["x", "0", "ab", "X1"] {
            for length in [32, 36, 40, 52] {
                let key = format!("{prefix}{}", &blank.repeat(length)[..length]);
                misses("api_key", &[&key]);
            }
        }
    }
}
