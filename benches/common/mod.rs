//! What the benchmarks share: made-up terms, patterns of the sort that policies have, and running text.
#![allow(dead_code, reason = "each benchmark takes what it needs")]

use std::sync::Arc;

use jiff::civil::date;
use tidegate::config::load_policy;
use tidegate::domain::{Author, Phase};
use tidegate::engine::Subject;
use tidegate::policy::{Policy, compile};

/// The policy that is shipped.
pub(crate) fn default_policy() -> Arc<Policy> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let (loaded, _) = load_policy(&root, &root.join("policies/default.yaml"));
    let policy = loaded.and_then(|loaded| compile(&loaded).0).map(Arc::new);
    policy.expect("the policy that is shipped compiles")
}

/// A prompt of a user.
pub(crate) fn prompt() -> Subject {
    let (phase, author) = (Phase::Prompt, Author::User);
    Subject { phase, author, today: date(2026, 11, 1), streamed: false }
}

/// Made-up words, deterministic: pronounceable, so that their beginnings resemble real text.
pub(crate) fn words(count: usize) -> Vec<String> {
    let (onsets, nuclei, codas) = (
        [
            "b", "br", "c", "ch", "d", "f", "g", "gl", "h", "k", "l", "m", "n", "p", "r", "s",
            "st", "t", "v", "w",
        ],
        ["a", "e", "i", "o", "u", "ai", "ea", "oo"],
        ["", "n", "r", "s", "t", "ck", "ng", "l", "m", "x"],
    );
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).unwrap_or(0)
    };
    let mut made = std::collections::BTreeSet::new();
    while made.len() < count {
        let syllables = 2 + draw(3);
        let word: String = (0..syllables)
            .map(|_| {
                let parts = [
                    onsets[draw(onsets.len())],
                    nuclei[draw(nuclei.len())],
                    codas[draw(codas.len())],
                ];
                parts.concat()
            })
            .collect();
        made.insert(word + "zq");
    }
    made.into_iter().collect()
}

/// Fifty patterns of the sort that policies have.
pub(crate) fn patterns() -> Vec<String> {
    let mut patterns: Vec<String> = [
        r"(?-u:\b)[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}(?-u:\b)",
        r"(?-u:\b)[0-9](?:[ -]?[0-9]){12,18}(?-u:\b)",
        r"(?-u:\b)[0-9]{3}-[0-9]{2}-[0-9]{4}(?-u:\b)",
        r"(?-u:\b)1[3-9][0-9]{9}(?-u:\b)",
        r"(?-u:\b)[1-9][0-9]{16}[0-9Xx](?-u:\b)",
        r"(?-u:\b)AKIA[0-9A-Z]{16}(?-u:\b)",
        r"sk-[A-Za-z0-9_-]{20,80}",
        r"ghp_[A-Za-z0-9]{36}",
        r"(?-u:\b)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?-u:\b)",
        r"https?://[A-Za-z0-9./?=_&%-]{4,200}",
        r"(?i)ignore (?:all )?(?:the )?previous instructions",
        r"忽略(?:以上|之前)(?:所有)?(?:的)?指令",
        r"(?-u:\b)[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}(?-u:\b)",
        r"eyJ[A-Za-z0-9_-]{10,200}\.[A-Za-z0-9_-]{10,200}\.[A-Za-z0-9_-]{10,200}",
    ]
    .map(str::to_owned)
    .to_vec();
    patterns.extend((0..36).map(|n| format!(r"(?i)PROJECT{n:02}-[0-9]{{4,6}}")));
    patterns
}

pub(crate) fn english() -> String {
    let paragraph = "The harbour was quiet when the ferry came in, and the two of them stood by the rail \
        without saying much. It had rained in the night; the planks were dark, and the gulls walked about \
        as if they owned the place. \"You could have told me,\" she said at last, and he nodded, because \
        there was nothing to add. On 14 March they would sell the boat for about $5,200 and be done. ";
    paragraph.repeat(64_000 / paragraph.len())
}

pub(crate) fn chinese() -> String {
    let paragraph = "清晨的港口很安静，渡轮靠岸的时候，他们两个人站在栏杆旁边，谁也没有说话。夜里下过雨，木板还是湿的，\
        海鸥在上面走来走去，好像这里是它们的地盘。“你早就应该告诉我，”她终于开口说，他点了点头，因为没有什么可以补充的。";
    paragraph.repeat(64_000 / paragraph.len())
}
