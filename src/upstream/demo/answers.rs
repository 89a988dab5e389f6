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
use serde::Deserialize;
use serde_json::Value;
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

/// A line as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    when: Option<String>,
    times: Option<u64>,
    reply: Option<String>,
    refuse: Option<String>,
    reasoning: Option<String>,
    tool: Option<WrittenTool>,
    status: Option<u16>,
    delay: Option<f64>,
    cut: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTool {
    name: String,
    arguments: Value,
}

impl Answers {
    /// Reads a file of answers; the mistakes come all at once.
    pub fn parse(text: &str) -> Result<Self, Vec<BadAnswer>> {
        let (mut list, mut mistakes) = (Vec::new(), Vec::new());
        let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate();
        let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        for (number, line) in lines {
            if list.len() == MOST_ANSWERS || mistakes.len() == MOST_MISTAKES {
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
                Err(what) => mistakes.push(BadAnswer { line: number + 1, what }),
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

fn answer(line: &str) -> Result<Answer, String> {
    let written: Written = serde_json::from_str(line).map_err(|error| {
        // The place in the file is the line that is named already.
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or(&what);
        format!("{what} (column {})", error.column())
    })?;
    let Written { when, times, reply, refuse, reasoning, tool, status, delay, cut } = written;
    let given = [
        ("reply", reply.is_some()),
        ("refuse", refuse.is_some()),
        ("tool", tool.is_some()),
        ("status", status.is_some()),
    ];
    let given: Vec<&str> =
        given.into_iter().filter_map(|(key, is_given)| is_given.then_some(key)).collect();
    match given.as_slice() {
        [_] => {}
        [] => return Err("one of `reply`, `refuse`, `tool`, `status` is needed".to_owned()),
        [first, second, ..] => return Err(format!("`{first}` and `{second}` exclude each other")),
    }
    if status.is_some_and(|status| !(400..600).contains(&status)) {
        return Err("`status` is from 400 to 599".to_owned());
    }
    let stall = Duration::try_from_secs_f64(delay.unwrap_or(0.0)).ok();
    let stall = stall.filter(|stall| *stall <= LONGEST_STALL);
    let stall = stall.ok_or_else(|| format!("`delay` is from 0 to {}", LONGEST_STALL.as_secs()))?;
    let when = match when {
        Some(when) => Some(Regex::new(&when).map_err(|error| {
            let what = error.to_string();
            format!("`when`: {}", what.lines().last().unwrap_or_default())
        })?),
        None => None,
    };
    let tool = tool.map(|tool| {
        let text = tool.arguments.as_str().map(str::to_owned);
        (tool.name, text.unwrap_or_else(|| tool.arguments.to_string()))
    });
    let script = Script {
        say: reply,
        refuse,
        reasoning,
        tool,
        fail: status,
        stall,
        cut,
        ..Script::default()
    };
    Ok(Answer { when, left: times.map(AtomicU64::new), script })
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
        assert!(found[6].contains("replly") && found[6].contains("reply"), "{found:?}");
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
