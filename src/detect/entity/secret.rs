//! Secrets of programs: keys of services, private keys, signed tokens.

use super::EntityDef;

/// Keys of services: those that have a form of their own, and those that a name tells (`MISTRAL_API_KEY=…`).
///
/// The forms are those that the services document or that public secret scanners have recorded.
pub(super) const API_KEY: EntityDef = EntityDef {
    name: "api_key",
    placeholder: "API_KEY",
    summary: "keys of OpenAI, Anthropic, AWS, Google, Azure, GitHub, GitLab, Slack, Stripe, Hugging Face and others; random texts behind names such as API_KEY=",
    patterns: &[
        // OpenAI, and the many that write keys like it (DeepSeek, Moonshot, DashScope)
        r"(?-u:\b)sk-[A-Za-z0-9]{20,64}(?-u:\b)",
        r"(?-u:\b)sk-(?:proj|svcacct|admin|or-v1)-[A-Za-z0-9_\-]{20,200}",
        // Anthropic
        r"(?-u:\b)sk-ant-[a-z]{3,8}[0-9]{2}-[A-Za-z0-9_\-]{20,120}",
        // Amazon Web Services: access key ids
        r"(?-u:\b)A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}(?-u:\b)",
        // Google: API keys, OAuth client secrets
        r"(?-u:\b)AIza[A-Za-z0-9_\-]{35}",
        r"(?-u:\b)GOCSPX-[A-Za-z0-9_\-]{28}",
        // GitHub, GitLab
        r"(?-u:\b)gh[opsur]_[A-Za-z0-9]{36,255}(?-u:\b)",
        r"(?-u:\b)github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}(?-u:\b)",
        r"(?-u:\b)glpat-[A-Za-z0-9_.\-]{19,64}[A-Za-z0-9_]",
        // Slack
        r"(?-u:\b)xox[abeoprs]-[A-Za-z0-9\-]{10,200}",
        r"(?-u:\b)xapp-[0-9]-[A-Za-z0-9\-]{20,200}",
        // Stripe
        r"(?-u:\b)[rs]k_(?:live|test)_[A-Za-z0-9]{16,200}(?-u:\b)",
        // Hugging Face, Groq, xAI, Perplexity, Replicate
        r"(?-u:\b)hf_[A-Za-z0-9]{30,40}(?-u:\b)",
        r"(?-u:\b)gsk_[A-Za-z0-9]{52}(?-u:\b)",
        r"(?-u:\b)xai-[A-Za-z0-9]{80}(?-u:\b)",
        r"(?-u:\b)pplx-[A-Za-z0-9]{48}(?-u:\b)",
        r"(?-u:\b)r8_[A-Za-z0-9]{37}(?-u:\b)",
        // SendGrid, Twilio
        r"(?-u:\b)SG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43}",
        r"(?-u:\b)SK[0-9a-f]{32}(?-u:\b)",
        // npm, PyPI
        r"(?-u:\b)npm_[A-Za-z0-9]{36}(?-u:\b)",
        r"(?-u:\b)pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_\-]{50,200}",
        // DigitalOcean, Databricks, Shopify
        r"(?-u:\b)do[opr]_v1_[0-9a-f]{64}(?-u:\b)",
        r"(?-u:\b)dapi[0-9a-f]{32}(?-u:\b)",
        r"(?-u:\b)shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}(?-u:\b)",
        // Azure: keys of AI services since 2024, account keys in connection strings
        r"(?-u:\b)[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}(?-u:\b)",
        r"(?-u:\b)AccountKey=[A-Za-z0-9+/]{86}==",
        // Alibaba Cloud, Tencent Cloud: access key ids
        r"(?-u:\b)LTAI[A-Za-z0-9]{12,26}(?-u:\b)",
        r"(?-u:\b)AKID[A-Za-z0-9]{32}(?-u:\b)",
        // Telegram bots
        r"(?-u:\b)[0-9]{8,10}:AA[A-Za-z0-9_\-]{33}",
        // Keys without a form of their own, where a name says what they are: Mistral, Azure OpenAI,
        // Cohere, secret keys of AWS
        r#"(?-u:\b)(?:[A-Za-z0-9]{1,20}[_.\-]){0,4}(?i-u:(?:api|secret|access|account)[_\-]?key|(?:access|auth)[_\-]?token|client[_\-]?secret)['"]?[:=]['"]?[A-Za-z0-9+/_\-]{24,120}={0,2}"#,
    ],
    validate: is_key,
    outline: super::word_with(KEY_PREFIXES),
};

/// The parts of [`API_KEY`] that its keys have in common.
const KEY_PREFIXES: &str = concat!(
    r"sk-|A(?:KIA|SIA|BIA|CCA)[A-Z2-7]|AIza|GOCSPX-|gh[opsur]_|github_pat_|glpat-|xox[abeoprs]-|xapp-",
    r"|[rs]k_(?:live|test)_|hf_|gsk_|xai-|pplx-|r8_|SG\.|SK[0-9a-f]{4}|npm_|pypi-|do[opr]_v1_|dapi[0-9a-f]{4}",
    r"|shp(?:at|ca|pa|ss)_|LTAI|AKID|JQQJ99|[0-9]:AA",
    // Names end in key, token or secret; so little of them makes a smaller automaton.
    r#"|(?i-u:key|en|et)['":=]"#,
);

/// Private keys in PEM form (RFC 7468, and as `OpenPGP` writes them). The header alone is a hit. Lines may be
/// indented or quoted, as in YAML and program text; a key that is cut goes as far as the characters of one do.
pub(super) const PRIVATE_KEY: EntityDef = EntityDef {
    name: "private_key",
    placeholder: "PRIVATE_KEY",
    summary: "private keys in PEM form",
    patterns: &[concat!(
        r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----",
        r"(?:(?:\r?\n|\\n)[ \t]{0,20}(?:Proc-Type|DEK-Info|Version|Comment): [A-Za-z0-9,.() \-]{1,72}){0,3}",
        // Words on the same line are no key.
        r#"(?:(?:["', +]{0,4}\r?\n|\\n| ?[A-Za-z0-9+/=\\]{16})"#,
        r#"[A-Za-z0-9+/=\r\n\\ \t"',]{0,4096}[A-Za-z0-9+/=\\])?"#,
        r#"(?:[\r\n \t"',]{0,24}-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----)?"#,
    )],
    validate: |_| true,
    outline: super::around(concat!(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----",
        r"(?:(?:\r?\n|\\n)[ \t]*[A-Za-z\-]+: [A-Za-z0-9,.() \-]+)*",
        r#"(?:(?:["', +]*\r?\n|\\n| ?[A-Za-z0-9+/=\\])[A-Za-z0-9+/=\r\n\\ \t"',]*)?"#,
        r#"(?:[\r\n \t"',]*-----END [A-Z0-9 ]+-----)?"#,
    )),
};

/// JSON web tokens (RFC 7519) in compact form, signed or not.
pub(super) const JWT: EntityDef = EntityDef {
    name: "jwt",
    placeholder: "JWT",
    summary: "JSON web tokens whose header names an algorithm",
    patterns: &[
        r"(?-u:\b)eyJ[A-Za-z0-9_\-]{10,512}\.eyJ[A-Za-z0-9_\-]{4,4096}\.[A-Za-z0-9_\-]{0,1024}",
    ],
    validate: is_jwt,
    outline: super::around(r"eyJ[A-Za-z0-9_\-]+\.[A-Za-z0-9_.\-]+"),
};

/// Parts of keys that are the same in every key of their service.
const PREFIXES: [&str; 33] = [
    "sk-proj-",
    "sk-svcacct-",
    "sk-admin-",
    "sk-or-v1-",
    "sk-ant-",
    "sk-",
    "AKIA",
    "ASIA",
    "ABIA",
    "ACCA",
    "AIza",
    "GOCSPX-",
    "github_pat_",
    "glpat-",
    "xapp-",
    "sk_live_",
    "rk_live_",
    "sk_test_",
    "rk_test_",
    "hf_",
    "gsk_",
    "xai-",
    "pplx-",
    "r8_",
    "SG.",
    "npm_",
    "pypi-AgEIcHlwaS5vcmc",
    "dop_v1_",
    "doo_v1_",
    "dor_v1_",
    "dapi",
    "LTAI",
    "AKID",
];

/// The least entropy of a key, in bits a character. The random part of the shortest keys, 16 characters,
/// has about 3.5; `xxxxxxxx`, `12121212` and `0000` have 1 or less.
const LEAST_ENTROPY: f64 = 2.5;

/// Words that stand in keys which people wrote to show where a key goes.
const PLACEHOLDERS: [&str; 8] =
    ["your", "xxxx", "placeholder", "changeme", "redacted", "0123456789", "abcdefgh", "insert"];

/// Long keys of mixed letters without any digit are words joined by hyphens, not keys.
const LONG_ENOUGH_FOR_DIGITS: usize = 20;

/// The shortest run of letters and digits that the secret after `sk-` has: the words of a name
/// (`sk-proj-learn-with-2-words`) are shorter.
const LEAST_RUN: usize = 12;
/// The same for a key that only its name tells, in which signs of base 64 count as well.
const LEAST_NAMED_RUN: usize = 20;
/// The fewest digits in a key that only its name tells: of 24 random letters and digits four are digits.
const LEAST_NAMED_DIGITS: usize = 2;
/// The entropy with which fewer digits will do; names of 40 letters stay below.
const HIGH_ENTROPY: f64 = 4.5;

/// Whether the part behind the prefix, or behind the name, looks drawn by chance.
fn is_key(text: &str) -> bool {
    // What stands before the colon of a bot's key is a number.
    let is_name = |name: &str| !name.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((name, value)) = text.split_once(['=', ':'])
        && is_name(name)
    {
        let value = value.trim_start_matches(['\'', '"']);
        return is_random(value) && is_named_key(value);
    }
    let prefix =
        PREFIXES.iter().find(|prefix| text.starts_with(**prefix)).copied().unwrap_or_default();
    let secret = text.strip_prefix(prefix).unwrap_or(text);
    let has_run = || secret.split(['-', '_']).any(|run| run.len() >= LEAST_RUN);
    is_random(secret) && (!prefix.starts_with("sk-") || has_run())
}

/// Whether a text is neither a placeholder nor words.
fn is_random(secret: &str) -> bool {
    let lower = secret.to_ascii_lowercase();
    let digits = secret.bytes().any(|byte| byte.is_ascii_digit());
    entropy(secret) >= LEAST_ENTROPY
        && (digits || secret.len() < LONG_ENOUGH_FOR_DIGITS)
        && !PLACEHOLDERS.iter().any(|word| lower.contains(word))
}

/// Names and paths stand behind `key=` too: a key has a long run with digits, of hexadecimal digits or of
/// capital and small letters.
fn is_named_key(value: &str) -> bool {
    let count = |test: fn(&u8) -> bool| value.bytes().filter(test).count();
    let mixed = count(u8::is_ascii_uppercase) > 0 && count(u8::is_ascii_lowercase) > 0;
    value.split(['-', '_']).any(|run| run.len() >= LEAST_NAMED_RUN)
        && (count(u8::is_ascii_digit) >= LEAST_NAMED_DIGITS || entropy(value) >= HIGH_ENTROPY)
        && (mixed || value.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Shannon entropy of the characters of a text, in bits a character.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let all: f64 = counts.iter().copied().map(f64::from).sum();
    let seen = counts.iter().copied().filter(|&count| count > 0).map(f64::from);
    seen.map(|count| -(count / all) * (count / all).log2()).sum()
}

/// The first part is a JSON object that names its algorithm, the second one begins like an object.
fn is_jwt(text: &str) -> bool {
    let mut parts = text.split('.');
    let header = parts.next().and_then(decode_base64url).unwrap_or_default();
    let header = String::from_utf8(header).unwrap_or_default();
    let payload = parts.next().and_then(decode_base64url).unwrap_or_default();
    header.starts_with('{')
        && header.trim_end().ends_with('}')
        && header.contains("\"alg\"")
        && payload.starts_with(b"{\"")
}

/// The bytes that a text without padding stands for (RFC 4648, section 5).
fn decode_base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        buffer = (buffer << 6 | u32::from(value)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}
