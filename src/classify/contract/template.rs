//! Texts with places in them: `{{text}}` and the like. One pass, so that a text that holds such a place itself stays
//! as it is.

use crate::classify::verdict::Question;

/// What stands for a prompt that is not known.
const UNKNOWN_PROMPT: &str = "(not shown)";
/// The most characters of a prompt that a completion is judged beside: its end.
const PROMPT_SHOWN: usize = 2_000;

/// A place, by the word between the braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Text,
    Prompt,
    Phase,
    Author,
}

const PLACES: [(&str, Place); 4] = [
    ("{{text}}", Place::Text),
    ("{{prompt}}", Place::Prompt),
    ("{{phase}}", Place::Phase),
    ("{{author}}", Place::Author),
];

/// A text with places in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<(String, Option<Place>)>);

impl Template {
    /// Everything that is no place stands for itself.
    pub(super) fn new(written: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = written;
        while let Some((before, place, after)) = next_place(rest) {
            pieces.push((before.to_owned(), Some(place)));
            rest = after;
        }
        pieces.push((rest.to_owned(), None));
        Self(pieces)
    }

    /// How often the text stands in it.
    pub(super) fn texts(&self) -> usize {
        self.0.iter().filter(|(_, place)| *place == Some(Place::Text)).count()
    }

    /// The text with every place filled.
    pub(super) fn fill(&self, question: &Question<'_>) -> String {
        let mut filled = String::new();
        for (literal, place) in &self.0 {
            filled.push_str(literal);
            match place {
                Some(Place::Text) => filled.push_str(question.text),
                Some(Place::Prompt) => filled.push_str(shown_prompt(question)),
                Some(Place::Phase) => filled.push_str(question.phase.as_str()),
                Some(Place::Author) => filled.push_str(question.author.as_str()),
                None => {}
            }
        }
        filled
    }
}

/// What a completion is judged beside.
pub(super) fn shown_prompt<'q>(question: &Question<'q>) -> &'q str {
    let Some(prompt) = question.prompt.filter(|prompt| !prompt.is_empty()) else {
        return UNKNOWN_PROMPT;
    };
    let start = prompt.char_indices().rev().nth(PROMPT_SHOWN - 1).map_or(0, |(at, _)| at);
    prompt.get(start..).unwrap_or(prompt)
}

fn next_place(text: &str) -> Option<(&str, Place, &str)> {
    let found = PLACES.iter().filter_map(|(word, place)| Some((text.find(word)?, word, *place)));
    let (at, word, place) = found.min_by_key(|(at, ..)| *at)?;
    Some((text.get(..at)?, place, text.get(at + word.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Author, Phase};

    #[test]
    fn a_text_that_holds_a_place_stays_as_it_is() {
        let text = "{{prompt}} {{text}}";
        let question =
            Question { text, phase: Phase::Prompt, author: Author::User, prompt: Some("secret") };
        let template = Template::new("{{phase}}/{{author}}: <{{text}}> {{other}}");
        assert_eq!(template.texts(), 1);
        assert_eq!(template.fill(&question), "prompt/user: <{{prompt}} {{text}}> {{other}}");
    }

    #[test]
    fn of_a_long_prompt_the_end_is_shown() {
        let long = format!("{}end", "ü".repeat(5_000));
        let question = Question {
            text: "x",
            phase: Phase::Completion,
            author: Author::Assistant,
            prompt: Some(&long),
        };
        let shown = Template::new("{{prompt}}").fill(&question);
        assert_eq!(shown.chars().count(), PROMPT_SHOWN);
        assert!(shown.ends_with("end"));
    }
}
