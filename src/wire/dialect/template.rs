//! JSON that the gate writes itself, with `$names` for what is put in.
//!
//! Whatever is put in is written as a JSON value, so a text can never break out of its string.

use crate::wire::json::{JsonLimits, Strictness, parse, quote};

/// A template, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::wire) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(&'static str),
}

/// Everything that can be put into a template.
pub(in crate::wire) const NAMES: [&str; 32] = [
    "echo",
    "id",
    "created",
    "created_at",
    "model",
    "unit",
    "units",
    "message",
    "line",
    "text",
    "key",
    "key2",
    "open",
    "next",
    "sequence",
    "type",
    "code",
    "param",
    "reason",
    "details",
    "status",
    "item",
    "item_id",
    "item_index",
    "part",
    "part_index",
    "part_text",
    "output",
    "response",
    "moderation",
    "result",
    "results",
];

impl Template {
    /// Reads a template. An error says what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            let length =
                after.find(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '_');
            let (name, behind) =
                after.split_at_checked(length.unwrap_or(after.len())).unwrap_or((after, ""));
            let known = NAMES.iter().find(|known| **known == name).ok_or_else(|| {
                format!("`${name}` is not known; there are ${}", NAMES.join(", $"))
            })?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Value(known));
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self { parts })
    }

    /// Reads a template of JSON.
    pub(super) fn json(text: &str) -> Result<Self, String> {
        let template = Self::read(text)?;
        let sample = template.render(&|_| "0".to_owned());
        parse(sample.as_bytes(), Strictness::Response, &JsonLimits::default())
            .map_err(|problem| format!("it is no JSON: {problem}"))?;
        Ok(template)
    }

    /// Whether one of these names is in it.
    pub(in crate::wire) fn names(&self, wanted: &[&str]) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Value(name) if wanted.contains(name)))
    }

    /// The text with everything put in; `value` gives JSON for a name.
    pub(in crate::wire) fn render(&self, value: &dyn Fn(&'static str) -> String) -> String {
        let mut out = String::with_capacity(256);
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Value(name) => out.push_str(&value(name)),
            }
        }
        out
    }
}

/// A text as a JSON string.
pub(in crate::wire) fn quoted(text: &str) -> String {
    String::from_utf8_lossy(&quote(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_in_as_json() {
        let template = Template::json(r#"{"a":$message,"b":[$unit]}"#).unwrap();
        let value = |name: &'static str| {
            if name == "unit" { "3".to_owned() } else { quoted("x\"\n\u{2028}") }
        };
        assert_eq!(template.render(&value), "{\"a\":\"x\\\"\\n\\u2028\",\"b\":[3]}");
    }

    #[test]
    fn a_template_that_would_not_be_json_is_named() {
        assert!(Template::json("{\"a\":$message").unwrap_err().contains("no JSON"));
        assert!(Template::json("{\"a\":$mesage}").unwrap_err().contains("`$mesage` is not known"));
    }
}
