//! Preference data: of two answers to one conversation, the one that people prefer, in the forms that trainers read.
//!
//! The forms are those of TRL ("Dataset formats and types", preference, standard and conversational:
//! <https://huggingface.co/docs/trl/dataset_formats>) and of OpenAI ("Direct preference optimization", data format:
//! <https://developers.openai.com/api/docs/guides/direct-preference-optimization>). Each line is one pair.

use serde::{Deserialize, Serialize};

/// The most bytes of text that one pair has; trainers cut what is far shorter.
pub const MOST_BYTES: usize = 1 << 20;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// Instructions for the model.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Speaker,
    /// What is said.
    pub content: String,
}

/// A conversation with an answer that is preferred and one that is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    prompt: Vec<Message>,
    chosen: String,
    rejected: String,
}

/// Why something is no pair to learn from, or has no place in a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPair {
    /// There is nothing to answer.
    #[error("the conversation is empty")]
    EmptyPrompt,
    /// A message says nothing.
    #[error("message {0} of the conversation is empty")]
    EmptyMessage(usize),
    /// The last message is not the user's, so no answer follows it.
    #[error("the last message of the conversation is not the user's")]
    NothingAsked,
    /// The preferred answer says nothing.
    #[error("the chosen answer is empty")]
    EmptyChosen,
    /// The other answer says nothing.
    #[error("the rejected answer is empty")]
    EmptyRejected,
    /// Both answers say the same, but for blanks at their ends.
    #[error("the chosen and the rejected answer are the same")]
    Same,
    /// There is more text than [`MOST_BYTES`].
    #[error("the pair has {0} bytes of text, more than {MOST_BYTES}")]
    TooLong(usize),
    /// The plain form has one text for the prompt, and how several messages become one is for the model's template to
    /// say.
    #[error("a conversation of several messages has no plain form; write the conversational one")]
    NotPlain,
}

/// A line of TRL's standard form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrlPlain {
    /// What is to be answered.
    pub prompt: String,
    /// The preferred answer.
    pub chosen: String,
    /// The other one.
    pub rejected: String,
}

/// A line of TRL's conversational form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrlConversation {
    /// The messages before the answer.
    pub prompt: Vec<Message>,
    /// The preferred answer: one message of the assistant.
    pub chosen: Vec<Message>,
    /// The other one.
    pub rejected: Vec<Message>,
}

/// What a model of OpenAI's is given. Tools, which the form has too, are left out: the gate keeps no list of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAiInput {
    /// The messages before the answer.
    pub messages: Vec<Message>,
}

/// A line of OpenAI's form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAiPreference {
    /// What is to be answered.
    pub input: OpenAiInput,
    /// The preferred answer: one message of the assistant.
    pub preferred_output: Vec<Message>,
    /// The other one.
    pub non_preferred_output: Vec<Message>,
}

// === impl Pair ===

impl Pair {
    /// A conversation that ends with the user's message, and two answers to it that differ.
    pub fn new(prompt: Vec<Message>, chosen: String, rejected: String) -> Result<Self, NoPair> {
        let last = prompt.last().ok_or(NoPair::EmptyPrompt)?;
        if last.role != Speaker::User {
            return Err(NoPair::NothingAsked);
        }
        if let Some(place) = prompt.iter().position(|message| is_blank(&message.content)) {
            return Err(NoPair::EmptyMessage(place + 1));
        }
        if is_blank(&chosen) {
            return Err(NoPair::EmptyChosen);
        }
        if is_blank(&rejected) {
            return Err(NoPair::EmptyRejected);
        }
        if chosen.trim() == rejected.trim() {
            return Err(NoPair::Same);
        }
        let before = prompt.iter().map(|message| message.content.len());
        let bytes = before.fold(chosen.len().saturating_add(rejected.len()), usize::saturating_add);
        if bytes > MOST_BYTES {
            return Err(NoPair::TooLong(bytes));
        }
        Ok(Self { prompt, chosen, rejected })
    }

    /// For TRL as texts; only where the conversation is a single message.
    pub fn trl_plain(&self) -> Result<TrlPlain, NoPair> {
        match self.prompt.as_slice() {
            [only] => Ok(TrlPlain {
                prompt: only.content.clone(),
                chosen: self.chosen.clone(),
                rejected: self.rejected.clone(),
            }),
            _ => Err(NoPair::NotPlain),
        }
    }

    /// For TRL as messages.
    pub fn trl_conversation(&self) -> TrlConversation {
        TrlConversation {
            prompt: self.prompt.clone(),
            chosen: answer(&self.chosen),
            rejected: answer(&self.rejected),
        }
    }

    /// For OpenAI.
    pub fn openai(&self) -> OpenAiPreference {
        OpenAiPreference {
            input: OpenAiInput { messages: self.prompt.clone() },
            preferred_output: answer(&self.chosen),
            non_preferred_output: answer(&self.rejected),
        }
    }
}

/// Whether a text shows nothing.
fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

fn answer(text: &str) -> Vec<Message> {
    vec![Message { role: Speaker::Assistant, content: text.to_owned() }]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn message(role: Speaker, content: &str) -> Message {
        Message { role, content: content.to_owned() }
    }

    fn pair(prompt: Vec<Message>, chosen: &str, rejected: &str) -> Result<Pair, NoPair> {
        Pair::new(prompt, chosen.to_owned(), rejected.to_owned())
    }

    fn long() -> Pair {
        let prompt = vec![
            message(Speaker::System, "Be kind."),
            message(Speaker::User, "晚上好"),
            message(Speaker::Assistant, "Good evening!"),
            message(Speaker::User, "What colour is the sky?"),
        ];
        pair(prompt, "It is blue.", "Look\nyourself.").expect("a pair")
    }

    fn written<T: Serialize>(line: &T) -> Value {
        let text = serde_json::to_string(line).expect("plain values");
        assert!(!text.contains('\n'), "one line: {text}");
        serde_json::from_str(&text).expect("what was written")
    }

    #[test]
    fn the_plain_form_of_trl_has_three_texts() {
        let pair = pair(vec![message(Speaker::User, "The sky is")], " blue.", " green.");
        let line = pair.and_then(|pair| pair.trl_plain()).expect("a pair of one message");
        let expected = json!({"prompt": "The sky is", "chosen": " blue.", "rejected": " green."});
        assert_eq!(written(&line), expected);
        assert_eq!(long().trl_plain(), Err(NoPair::NotPlain));
    }

    #[test]
    fn the_conversational_form_of_trl_has_three_lists_of_messages() {
        let expected = json!({
            "prompt": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "晚上好"},
                {"role": "assistant", "content": "Good evening!"},
                {"role": "user", "content": "What colour is the sky?"},
            ],
            "chosen": [{"role": "assistant", "content": "It is blue."}],
            "rejected": [{"role": "assistant", "content": "Look\nyourself."}],
        });
        assert_eq!(written(&long().trl_conversation()), expected);
    }

    #[test]
    fn the_form_of_openai_has_the_conversation_as_input_and_two_outputs() {
        let found = written(&long().openai());
        assert_eq!(found["input"]["messages"][3]["content"], "What colour is the sky?");
        let output = json!([{"role": "assistant", "content": "It is blue."}]);
        assert_eq!(found["preferred_output"], output);
        assert_eq!(found["non_preferred_output"][0]["content"], "Look\nyourself.");
        let keys: Vec<&String> = found.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["input", "preferred_output", "non_preferred_output"]);
    }

    #[test]
    fn what_is_no_pair_is_refused_with_the_reason() {
        let asked = || vec![message(Speaker::User, "Hello?")];
        for (prompt, chosen, rejected, expected) in [
            (Vec::new(), "a", "b", "the conversation is empty"),
            (vec![message(Speaker::User, " ")], "a", "b", "message 1 of the conversation is empty"),
            (
                vec![message(Speaker::User, "a"), message(Speaker::Assistant, "b")],
                "a",
                "b",
                "the last message of the conversation is not the user's",
            ),
            (asked(), "\n", "b", "the chosen answer is empty"),
            (asked(), "a", "", "the rejected answer is empty"),
            (asked(), "a ", "a\n", "the chosen and the rejected answer are the same"),
        ] {
            let refused = pair(prompt, chosen, rejected).expect_err(expected);
            assert_eq!(refused.to_string(), expected);
        }
        let refused = pair(asked(), &"a".repeat(MOST_BYTES), "b").expect_err("too long");
        assert_eq!(refused, NoPair::TooLong(MOST_BYTES + 7));
    }

    proptest! {
        #[test]
        fn every_form_is_read_back_as_it_was_written(asked in ".+", chosen in ".+", rejected in ".+") {
            let Ok(pair) = pair(vec![message(Speaker::User, &asked)], &chosen, &rejected) else {
                return Ok(());
            };
            let plain = pair.trl_plain().expect("one message");
            let back: TrlPlain = serde_json::from_value(written(&plain)).expect("the same form");
            prop_assert_eq!(back, plain);
            let conversation = pair.trl_conversation();
            let back: TrlConversation = serde_json::from_value(written(&conversation)).expect("the same form");
            prop_assert_eq!(back, conversation);
            let openai = pair.openai();
            let back: OpenAiPreference = serde_json::from_value(written(&openai)).expect("the same form");
            prop_assert_eq!(back, openai);
        }
    }
}
