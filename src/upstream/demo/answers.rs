//! Answers from a file, for `tidegate mock-upstream --script`: JSON Lines, one answer a line, and the first
//! one that fits a prompt is given. Blank lines and lines that begin with `#` are passed over.
//!
//! | key | meaning |
//! |---|---|
//! | `when` | a regex that the prompt (the last user message) has to match; every prompt without it |
//! | `times` | after so many uses the answer is passed over; no limit without it |
//! | `reply` | the text of the answer |
//! | `refuse` | the text of a refusal |
//! | `reasoning` | what is thought before the answer |
//! | `tool` | `{ "name": …, "arguments": … }`, a tool call; the arguments are an object, or text as it is |
//! | `status` | 400 to 599: an error instead of an answer |
//! | `delay` | seconds before the first token, 60 at most |
//! | `cut` | the connection breaks off after so many tokens |
//!
//! An answer has one of `reply`, `refuse`, `tool`, `status`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use regex::Regex;
use serde_json::{Map, Value};
use thiserror::Error;

use super::script::{LONGEST_STALL, Script};

/// The most answers of one file.
const MOST_ANSWERS: usize = 10_000;
/// The most mistakes that are named.
const MOST_MISTAKES: usize = 20;

/// Answers, in the order in which they are tried.
#[derive(Debug, Default)]
pub struct Answers {
    list: Vec<Answer>,
}

/// A line that is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{line}: {what}")]
pub struct BadAnswer {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

#[derive(Debug)]
struct Answer {
    when: Option<Regex>,
    /// How often it may still be given.
    left: Option<AtomicU64>,
    script: Script,
}

/// The keys of a line.
const KEYS: [&str; 9] =
    ["when", "times", "reply", "refuse", "reasoning", "tool", "status", "delay", "cut"];

/// The keys of which a line has exactly one.
const KINDS: [&str; 4] = ["reply", "refuse", "tool", "status"];

impl Answers {
    /// Reads a file of answers; the mistakes come all at once.
    pub fn parse(text: &str) -> Result<Self, Vec<BadAnswer>> {
        let (mut list, mut mistakes) = (Vec::new(), Vec::new());
        let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate();
        let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        for (number, line) in lines {
            if list.len() == MOST_ANSWERS || mistakes.len() >= MOST_MISTAKES {
                let what = if mistakes.is_empty() {
                    format!("there are more than {MOST_ANSWERS} answers")
                } else {
                    "there may be more mistakes below".to_owned()
                };
                mistakes.push(BadAnswer { line: number + 1, what });
                break;
            }
            match answer(line) {
                Ok(answer) => list.push(answer),
                Err(found) => mistakes
                    .extend(found.into_iter().map(|what| BadAnswer { line: number + 1, what })),
            }
        }
        if mistakes.is_empty() { Ok(Self { list }) } else { Err(mistakes) }
    }

    /// What is answered to a prompt, if anything fits it.
    pub(super) fn pick(&self, prompt: &str) -> Option<Script> {
        let fits = |answer: &&Answer| {
            answer.when.as_ref().is_none_or(|when| when.is_match(prompt)) && answer.take()
        };
        self.list.iter().find(fits).map(|answer| answer.script.clone())
    }
}

impl Answer {
    /// Uses the answer up by one; false when it was used up before.
    fn take(&self) -> bool {
        let one_less = |left: u64| left.checked_sub(1);
        self.left.as_ref().is_none_or(|left| {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
        })
    }
}

/// Reads a line; its mistakes come all at once.
fn answer(line: &str) -> Result<Answer, Vec<String>> {
    let keys = match serde_json::from_str(line) {
        Ok(Value::Object(keys)) => keys,
        Ok(_) => return Err(vec!["an answer is an object: { \"reply\": \"…\" }".to_owned()]),
        Err(error) if error.is_eof() => return Err(vec!["the line ends too early".to_owned()]),
        Err(error) => return Err(vec![format!("this is not JSON, at column {}", error.column())]),
    };
    let mut line = Line { keys, mistakes: Vec::new() };
    line.unknown_keys();
    line.kind();
    let status = line.status();
    let stall = line.delay();
    let when = line.when();
    let script = Script {
        say: line.text("reply"),
        refuse: line.text("refuse"),
        reasoning: line.text("reasoning"),
        tool: line.tool(),
        fail: status,
        stall,
        cut: line.count("cut").and_then(|count| usize::try_from(count).ok()),
        ..Script::default()
    };
    let left = line.count("times").map(AtomicU64::new);
    if line.mistakes.is_empty() { Ok(Answer { when, left, script }) } else { Err(line.mistakes) }
}

/// A line as written, and what is wrong with it.
struct Line {
    keys: Map<String, Value>,
    mistakes: Vec<String>,
}

// === impl Line ===

impl Line {
    /// Names unknown keys. One that is nearly a known key is read as if it were that one.
    fn unknown_keys(&mut self) {
        let unknown = self.keys.keys().filter(|key| !KEYS.contains(&key.as_str()));
        let unknown: Vec<String> = unknown.cloned().collect();
        for key in unknown {
            let distance = |known: &&str| strsim::damerau_levenshtein(known, &key);
            let close = KEYS.into_iter().filter(|known| distance(known) <= 2).min_by_key(distance);
            let more = match close {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("there are {}", KEYS.join(", ")),
            };
            self.mistakes.push(format!("unknown key `{key}`: {more}"));
            if let (Some(known), Some(value)) = (close, self.keys.remove(&key)) {
                self.keys.entry(known).or_insert(value);
            }
        }
    }

    fn kind(&mut self) {
        let given: Vec<&str> =
            KINDS.into_iter().filter(|kind| self.keys.contains_key(*kind)).collect();
        match given.as_slice() {
            [_] => {}
            [] => self.mistakes.push(format!("one of {} is needed", KINDS.join(", "))),
            [first, second, ..] => {
                self.mistakes.push(format!("`{first}` and `{second}` exclude each other"));
            }
        }
    }

    fn text(&mut self, key: &str) -> Option<String> {
        let value = self.keys.get(key)?;
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.mistakes.push(format!("`{key}` is text in quotes"));
        }
        text
    }

    fn count(&mut self, key: &str) -> Option<u64> {
        let value = self.keys.get(key)?;
        let count = value.as_u64();
        if count.is_none() {
            self.mistakes.push(format!("`{key}` is a whole number from 0 on"));
        }
        count
    }

    fn status(&mut self) -> Option<u16> {
        let status = self.keys.get("status")?.as_u64();
        let status = status.and_then(|status| u16::try_from(status).ok());
        let status = status.filter(|status| (400..600).contains(status));
        if status.is_none() {
            self.mistakes.push("`status` is from 400 to 599".to_owned());
        }
        status
    }

    fn delay(&mut self) -> Duration {
        let Some(value) = self.keys.get("delay") else { return Duration::ZERO };
        let stall = value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        stall.filter(|stall| *stall <= LONGEST_STALL).unwrap_or_else(|| {
            let longest = LONGEST_STALL.as_secs();
            self.mistakes.push(format!("`delay` is a number of seconds from 0 to {longest}"));
            Duration::ZERO
        })
    }

    fn when(&mut self) -> Option<Regex> {
        let written = self.text("when")?;
        let regex = Regex::new(&written).map_err(|error| {
            let what = error.to_string();
            let what = what.lines().last().unwrap_or_default().trim_start_matches("error: ");
            self.mistakes.push(format!("`when` is no regex: {what}"));
        });
        regex.ok()
    }

    fn tool(&mut self) -> Option<(String, String)> {
        let tool = self.keys.get("tool")?;
        let name = tool.get("name").and_then(Value::as_str);
        let known = |key: &str| key == "name" || key == "arguments";
        let only = tool.as_object().is_some_and(|tool| tool.keys().all(|key| known(key)));
        let (Some(name), Some(arguments), true) = (name, tool.get("arguments"), only) else {
            self.mistakes.push("`tool` has `name`, a text, and `arguments`".to_owned());
            return None;
        };
        let text = arguments.as_str().map(str::to_owned);
        Some((name.to_owned(), text.unwrap_or_else(|| arguments.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        Answers::parse(text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_first_answer_that_fits_is_given() {
        let answers = Answers::parse(
            "# a comment\n\n{\"when\": \"(?i)bomb\", \"reply\": \"no\"}\n{\"when\": \"天气\", \"reply\": \"晴\"}\n",
        )
        .unwrap();
        let said = |prompt: &str| answers.pick(prompt).and_then(|script| script.say);
        assert_eq!(said("a BOMB").as_deref(), Some("no"));
        assert_eq!(said("今天天气").as_deref(), Some("晴"));
        assert_eq!(said("hello"), None);
    }

    #[test]
    fn an_answer_is_used_up_after_its_times() {
        let answers =
            Answers::parse("{\"times\": 2, \"status\": 503}\n{\"reply\": \"back\"}\n").unwrap();
        let status = || answers.pick("x").unwrap().fail;
        assert_eq!([status(), status(), status(), status()], [Some(503), Some(503), None, None]);
    }

    #[test]
    fn an_answer_has_everything_that_a_prompt_can_ask_for() {
        let line = "{\"reasoning\": \"hm\", \"tool\": {\"name\": \"f\", \"arguments\": {\"a\": 1}}, \"delay\": 0.5, \"cut\": 3}";
        let script = Answers::parse(line).unwrap().pick("").unwrap();
        assert_eq!(script.tool, Some(("f".to_owned(), "{\"a\":1}".to_owned())));
        assert_eq!((script.stall, script.cut), (Duration::from_millis(500), Some(3)));
        assert_eq!(script.reasoning.as_deref(), Some("hm"));
        let text = "{\"tool\": {\"name\": \"f\", \"arguments\": \"{broken\"}}";
        let script = Answers::parse(text).unwrap().pick("").unwrap();
        assert_eq!(script.tool.unwrap().1, "{broken");
    }

    #[test]
    fn every_mistake_is_named_with_its_line() {
        let text = "{\"reply\": 1}\n{}\n{\"reply\": \"a\", \"status\": 500}\n{\"status\": 200}\n{\"reply\": \"a\", \"delay\": 61}\n{\"reply\": \"a\", \"when\": \"(\"}\n{\"replly\": \"a\"}\n";
        let found = mistakes(text);
        let lines: Vec<&str> = found.iter().filter_map(|one| one.split(':').next()).collect();
        assert_eq!(lines, ["1", "2", "3", "4", "5", "6", "7"], "{found:?}");
        assert_eq!(found[6], "7: unknown key `replly`: did you mean `reply`?");
    }

    #[test]
    fn all_mistakes_of_a_line_come_at_once_in_plain_words() {
        let line = "{\"reply\": 1, \"status\": \"x\", \"tool\": {}, \"delay\": true, \"cut\": -1, \"colour\": 2, \"when\": \"(\"}";
        assert_eq!(
            mistakes(line),
            [
                "1: unknown key `colour`: there are when, times, reply, refuse, reasoning, tool, status, delay, cut",
                "1: `reply` and `tool` exclude each other",
                "1: `status` is from 400 to 599",
                "1: `delay` is a number of seconds from 0 to 60",
                "1: `when` is no regex: unclosed group",
                "1: `reply` is text in quotes",
                "1: `tool` has `name`, a text, and `arguments`",
                "1: `cut` is a whole number from 0 on",
            ]
        );
        let text = "[1]\n{\"reply\": \"a\n{\"reply\" \"a\"}\n";
        assert_eq!(
            mistakes(text),
            [
                "1: an answer is an object: { \"reply\": \"…\" }",
                "2: the line ends too early",
                "3: this is not JSON, at column 10",
            ]
        );
    }

    #[test]
    fn more_answers_than_the_limit_are_refused() {
        let many = |count: usize| "{\"reply\": \"a\"}\n".repeat(count);
        assert!(Answers::parse(&many(MOST_ANSWERS)).is_ok());
        assert_eq!(mistakes(&many(MOST_ANSWERS + 1)), ["10001: there are more than 10000 answers"]);
        assert_eq!(mistakes(&"x\n".repeat(99)).len(), MOST_MISTAKES + 1);
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,60}") {
            drop(Answers::parse(&text));
            drop(Answers::parse(&format!("{{\"reply\": \"a\", {text}}}")));
        }
    }
}
