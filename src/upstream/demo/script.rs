//! The little language in which a prompt tells the demo model what to do.
//!
//! Each line of the last user message may be a directive; without one the demo echoes.
//!
//! | directive | what it does |
//! |---|---|
//! | `say: TEXT`, `说：TEXT` | answers with exactly TEXT (the rest of the message, further lines too) |
//! | `refuse: TEXT` | answers with a refusal |
//! | `reasoning: TEXT` | thinks TEXT before it answers |
//! | `tool: NAME {json}` | calls a tool with these arguments |
//! | `fail: 503` | answers with this status and an error body |
//! | `stall: 2s` | waits before the first token |
//! | `cut: 3` | breaks off after so many tokens |
//! | `garbage:` | answers with something that is not JSON |
//! | `logprobs:` | adds token texts with alternatives |

use std::time::Duration;

/// What a prompt asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) say: Option<String>,
    pub(super) refuse: Option<String>,
    pub(super) reasoning: Option<String>,
    pub(super) tool: Option<(String, String)>,
    pub(super) fail: Option<u16>,
    pub(super) stall: Duration,
    pub(super) cut: Option<usize>,
    pub(super) garbage: bool,
    pub(super) logprobs: bool,
}

/// The longest pause that a prompt may ask for.
pub(super) const LONGEST_STALL: Duration = Duration::from_secs(60);

/// Reads the directives of a message.
pub(super) fn read(message: &str) -> Script {
    let mut script = Script::default();
    let mut rest = message;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        if let Some(text) =
            directive(rest, "say").or_else(|| rest.trim_start().strip_prefix("说："))
        {
            script.say = Some(text.trim_start_matches([' ']).to_owned());
            return script;
        }
        if let Some(text) = directive(line, "refuse") {
            script.refuse = Some(text.trim().to_owned());
        } else if let Some(text) = directive(line, "reasoning") {
            script.reasoning = Some(text.trim().to_owned());
        } else if let Some(call) = directive(line, "tool") {
            let (name, arguments) =
                call.trim().split_once(' ').unwrap_or_else(|| (call.trim(), "{}"));
            script.tool = Some((name.to_owned(), arguments.trim().to_owned()));
        } else if let Some(status) = directive(line, "fail") {
            script.fail = status.trim().parse().ok().filter(|status| (400..600).contains(status));
        } else if let Some(pause) = directive(line, "stall") {
            let seconds = pause.trim().trim_end_matches('s').parse().unwrap_or(0.0);
            script.stall =
                Duration::try_from_secs_f64(seconds).unwrap_or_default().min(LONGEST_STALL);
        } else if let Some(tokens) = directive(line, "cut") {
            script.cut = tokens.trim().parse().ok();
        } else if directive(line, "garbage").is_some() {
            script.garbage = true;
        } else if directive(line, "logprobs").is_some() {
            script.logprobs = true;
        }
        rest = after;
    }
    script
}

fn directive<'t>(line: &'t str, name: &str) -> Option<&'t str> {
    line.trim_start().strip_prefix(name)?.strip_prefix(':')
}

/// Cuts a text into tokens as real tokenisers do: a word with the space before it, long words in
/// pieces, Chinese by the character.
pub(super) fn tokens(text: &str) -> Vec<&str> {
    const LONGEST_TOKEN: usize = 6;
    let mut tokens = Vec::new();
    let (mut start, mut length) = (0, 0);
    let mut before = '\0';
    for (at, c) in text.char_indices() {
        let wide = |c: char| ('\u{2e80}'..='\u{9fff}').contains(&c);
        let begins = (c.is_whitespace() && !before.is_whitespace())
            || wide(c)
            || wide(before)
            || c.is_alphanumeric() != before.is_alphanumeric() && !before.is_whitespace()
            || length >= LONGEST_TOKEN;
        if begins && at > start {
            tokens.extend(text.get(start..at));
            (start, length) = (at, 0);
        }
        length += 1;
        before = c;
    }
    tokens.extend(text.get(start..).filter(|rest| !rest.is_empty()));
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_says_what_it_is_told_to() {
        assert_eq!(read("say: a b\nc").say.as_deref(), Some("a b\nc"));
        assert_eq!(read("说：你好").say.as_deref(), Some("你好"));
        let script = read("reasoning: hmm\ncut: 3\nstall: 2s\nsay: ok");
        assert_eq!((script.cut, script.stall), (Some(3), Duration::from_secs(2)));
        assert_eq!((script.reasoning.as_deref(), script.say.as_deref()), (Some("hmm"), Some("ok")));
        assert_eq!(read("hello"), Script::default());
    }

    #[test]
    fn tokens_put_together_are_the_text() {
        for text in ["Hello there, international friend!", "你好，world 你 好", "", "  x\n\n y"]
        {
            assert_eq!(tokens(text).concat(), text);
        }
        assert_eq!(tokens("a big 傻瓜"), ["a", " big", " ", "傻", "瓜"]);
    }
}
