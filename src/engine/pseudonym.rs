//! Values that the model never sees: numbered placeholders out, the originals back in the answer.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::{Rewrite, Span};

/// The most values of one conversation that get a number; further ones get the plain placeholder,
/// which is not put back.
const MOST_PSEUDONYMS: usize = 1024;

/// The numbered placeholders of one exchange. The same value always has the same placeholder.
#[derive(Debug, Default)]
pub struct Pseudonyms {
    numbers: HashMap<Arc<str>, usize>,
    by_value: HashMap<(Arc<str>, String), String>,
}

impl Pseudonyms {
    /// Gives the restorable rewrites of a text their numbered placeholders. The text is what the
    /// spans point into; a placeholder that the text already contains by itself is never used.
    pub fn assign(&mut self, text: &str, rewrites: &mut [Rewrite]) {
        for rewrite in rewrites.iter_mut().filter(|rewrite| rewrite.restorable) {
            let Some(value) = text.get(rewrite.span.range()) else { continue };
            let key = (Arc::clone(&rewrite.label), value.to_owned());
            if let Some(placeholder) = self.by_value.get(&key) {
                rewrite.replacement.clone_from(placeholder);
                continue;
            }
            if self.by_value.len() >= MOST_PSEUDONYMS {
                rewrite.restorable = false;
                continue;
            }
            let number = self.numbers.entry(Arc::clone(&rewrite.label)).or_insert(0);
            let placeholder = loop {
                *number += 1;
                let placeholder = format!("[{}_{number}]", rewrite.label);
                if !text.contains(&placeholder) {
                    break placeholder;
                }
            };
            rewrite.replacement.clone_from(&placeholder);
            self.by_value.insert(key, placeholder);
        }
    }

    /// What puts the originals back, if there are any.
    pub fn restorer(&self) -> Option<Restorer> {
        if self.by_value.is_empty() {
            return None;
        }
        let pairs = self.by_value.iter();
        let originals =
            pairs.map(|((_, value), placeholder)| (placeholder.clone(), value.clone())).collect();
        Some(Restorer { originals })
    }
}

/// Puts originals back into an answer.
#[derive(Debug)]
pub struct Restorer {
    originals: HashMap<String, String>,
}

impl Restorer {
    /// The placeholders in `text`, as rewrites that put the originals back, and the first byte that
    /// could still become part of one when more text follows.
    pub fn scan(&self, text: &str, from: usize, last: bool) -> (Vec<Rewrite>, usize) {
        let mut found = Vec::new();
        let mut at = from;
        while let Some(open) = text.get(at..).and_then(|rest| rest.find('[')).map(|open| open + at)
        {
            let rest = text.get(open..).unwrap_or_default();
            let whole = rest.find(']').and_then(|close| rest.get(..=close));
            match whole.and_then(|whole| self.originals.get_key_value(whole)) {
                Some((placeholder, original)) => {
                    found.push(Rewrite {
                        span: Span::new(open, open + placeholder.len()),
                        replacement: original.clone(),
                        label: Arc::from("restored"),
                        restorable: false,
                    });
                    at = open + placeholder.len();
                }
                None if !last && self.originals.keys().any(|key| key.starts_with(rest)) => {
                    return (found, open);
                }
                None => at = open + 1,
            }
        }
        (found, text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str, value: &str) -> Rewrite {
        let start = text.find(value).unwrap();
        Rewrite {
            span: Span::new(start, start + value.len()),
            replacement: "[EMAIL]".to_owned(),
            label: Arc::from("EMAIL"),
            restorable: true,
        }
    }

    #[test]
    fn the_same_value_has_the_same_placeholder_and_comes_back() {
        let mut pseudonyms = Pseudonyms::default();
        let text = "a@x.com b@x.com a@x.com [EMAIL_1]";
        let mut rewrites = [email(text, "a@x.com"), email(text, "b@x.com"), email(text, "a@x.com")];
        pseudonyms.assign(text, &mut rewrites);
        let given: Vec<&str> = rewrites.iter().map(|r| r.replacement.as_str()).collect();
        assert_eq!(given, ["[EMAIL_2]", "[EMAIL_3]", "[EMAIL_2]"]);
        let restorer = pseudonyms.restorer().unwrap();
        let (found, open) = restorer.scan("to [EMAIL_3] [x] and [EMA", 0, false);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].span, found[0].replacement.as_str()), (Span::new(3, 12), "b@x.com"));
        assert_eq!(open, 21);
    }
}
