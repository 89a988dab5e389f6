//! Credentials: the prefixes of the large providers, private keys, signed tokens.
//!
//! Prefixes and lengths are those that the providers document and that secret scanners use.

use super::{EntityDef, always};

/// Keys of providers, by their prefixes.
pub(super) const API_KEY: EntityDef = EntityDef {
    name: "api_key",
    placeholder: "API_KEY",
    summary: "keys of AWS, OpenAI, Anthropic, Google, GitHub, GitLab, Slack, Stripe, Hugging Face and others",
    patterns: &[
        r"(?-u:\b)(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}(?-u:\b)",
        r"(?-u:\b)sk-(?:proj-|svcacct-|ant-(?:api|admin)[0-9]{2}-|or-v1-)?[A-Za-z0-9_-]{20,200}",
        r"(?-u:\b)AIza[0-9A-Za-z_-]{35}",
        r"(?-u:\b)gh[pousr]_[A-Za-z0-9]{36,100}(?-u:\b)",
        r"(?-u:\b)github_pat_[A-Za-z0-9_]{40,120}(?-u:\b)",
        r"(?-u:\b)glpat-[A-Za-z0-9_-]{20,50}",
        r"(?-u:\b)xox[abeprs]-[A-Za-z0-9-]{10,100}",
        r"(?-u:\b)[sr]k_(?:live|test)_[A-Za-z0-9]{20,120}(?-u:\b)",
        r"(?-u:\b)hf_[A-Za-z0-9]{30,60}(?-u:\b)",
        r"(?-u:\b)SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,60}",
        r"(?-u:\b)npm_[A-Za-z0-9]{36}(?-u:\b)",
        r"(?-u:\b)pypi-[A-Za-z0-9_-]{50,200}",
        r"(?-u:\b)do[opr]_v1_[0-9a-f]{64}(?-u:\b)",
        r"(?-u:\b)dapi[0-9a-f]{32}(?-u:\b)",
    ],
    validate: is_random,
};

/// Private keys in PEM form: the whole block where its end is there, else the header.
pub(super) const PRIVATE_KEY: EntityDef = EntityDef {
    name: "private_key",
    placeholder: "PRIVATE_KEY",
    summary: "private keys in PEM form",
    patterns: &[
        r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/= \r\n\t:,.-]{0,3900}?-----END (?:[A-Z0-9]{1,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----)?",
    ],
    validate: always,
};

/// Signed tokens.
pub(super) const JWT: EntityDef = EntityDef {
    name: "jwt",
    placeholder: "JWT",
    summary: "JSON web tokens: three base64url parts, the first two of which begin with an object",
    patterns: &[r"(?-u:\b)eyJ[A-Za-z0-9_-]{8,300}\.eyJ[A-Za-z0-9_-]{8,400}\.[A-Za-z0-9_-]{16,300}"],
    validate: always,
};

/// Whether a key looks drawn at random: placeholders (`sk-xxxxxxxx…`) and words with hyphens do not.
fn is_random(key: &str) -> bool {
    const FEWEST_BITS: f64 = 2.8;
    let body = key.trim_start_matches(|c: char| !c.is_ascii_digit() && !c.is_ascii_uppercase());
    let digits = body.bytes().any(|b| b.is_ascii_digit());
    digits && entropy(body) >= FEWEST_BITS
}

/// Shannon's entropy of the characters, in bits a character.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "keys are short")]
    let length = text.len() as f64;
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| {
            let share = f64::from(count) / length;
            -share * share.log2()
        })
        .sum()
}
