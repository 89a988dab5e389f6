//! `ShieldGemma`: the probability of "Yes" against "No" for the first token.
//! Source: <https://ai.google.dev/gemma/docs/shieldgemma/model_card>.

use serde_json::Value;

use super::super::labels::Tally;
use super::super::read::{list, member, text};
use super::super::unreadable::{Unreadable, shortened};
use super::{Labels, Scores};

/// A logarithm of a probability, as far as rounding goes.
const MOST_LOGPROB: f64 = 1e-3;

pub(super) fn read(labels: &Labels, written: &str, choice: &Value) -> Result<Scores, Unreadable> {
    let logprobs = member(member(choice, "logprobs")?, "content")?;
    let first = list(logprobs, "`logprobs.content`")?;
    let first = first.first().ok_or_else(|| Unreadable::Missing("first token".to_owned()))?;
    // The token that was drawn has to be one of the two: else the model was asked something else.
    if answer_of(text(first, "token")?).is_none() || answer_of(first_word(written)).is_none() {
        return Err(Unreadable::prose(written));
    }
    let top = list(member(first, "top_logprobs")?, "`top_logprobs`")?;
    let (mut yes, mut no, mut least) = (0.0, 0.0, f64::INFINITY);
    for one in top {
        let probability = logprob(member(one, "logprob")?)?.exp();
        least = f64::min(least, probability);
        match answer_of(text(one, "token")?) {
            Some(true) => yes += probability,
            Some(false) => no += probability,
            None => {}
        }
    }
    if yes <= 0.0 && no <= 0.0 {
        return Err(Unreadable::Missing("`Yes` or `No` in `top_logprobs`".to_owned()));
    }
    // An answer that is not listed is at most as likely as the least likely one that is.
    if yes <= 0.0 {
        yes = least;
    }
    let mut tally = Tally::new(labels);
    tally.note("yes", yes / (yes + no))?;
    tally.finish()
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default()
}

/// `Yes` or `No`; tokens may have a space before them.
fn answer_of(token: &str) -> Option<bool> {
    let token = token.trim_start_matches(['\u{2581}', ' ', '\n']).trim();
    let is = |word: &str| token.eq_ignore_ascii_case(word);
    is("yes").then_some(true).or_else(|| is("no").then_some(false))
}

fn logprob(value: &Value) -> Result<f64, Unreadable> {
    let number = value.as_f64().filter(|number| *number <= MOST_LOGPROB);
    number
        .map(|number| number.min(0.0))
        .ok_or_else(|| Unreadable::Score(format!("logprob {}", shortened(&value.to_string()))))
}
