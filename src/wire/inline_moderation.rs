//! Moderation that a request for an answer asks for beside it: what is asked.
//!
//! How the results look in an answer is said in dialect files; which they are is for others to say.

use super::body::BodyProblem;
use super::json::{Doc, Kind, NodeId};
use crate::domain::Phase;

/// The most bytes of a model's name.
const LONGEST_MODEL: usize = 128;
/// The most characters of an unknown key that a message repeats.
const KEY_SHOWN: usize = 40;

const ASKED: &str = "must be an object with `model` and `policy`, or null";
const MODEL: &str = "must name a moderation model, such as `omni-moderation-latest`, in at most 128 letters, digits and `-_./:`";
const POLICY: &str = "must be an object with `input` and `output`, or null";
const DIRECTION: &str = "must be an object with `mode`, or null";
const MODE: &str = "must be `score` or `block`";

/// What happens to a text to which a category applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModerationMode {
    /// What the policy says; the categories are told.
    #[default]
    Score,
    /// It is blocked.
    Block,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedModeration {
    /// The model that is to judge, which results repeat.
    pub model: String,
    /// Of the prompt.
    pub input: ModerationMode,
    /// Of the answer.
    pub output: ModerationMode,
}

/// Why moderation gave no results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModerationFault {
    /// A stable name.
    pub code: &'static str,
    /// For people.
    pub message: &'static str,
}

impl AskedModeration {
    /// Reads the member of a request; `null` asks for nothing.
    pub(in crate::wire) fn read(
        doc: &Doc,
        bytes: &[u8],
        (field, node): (&str, NodeId),
    ) -> Result<Option<Self>, BodyProblem> {
        let reader = Fields { doc, bytes };
        let Some([model, policy]) = reader.members((field, node), ["model", "policy"], ASKED)?
        else {
            return Ok(None);
        };
        let model = model.map(|node| (node, doc.string(node, bytes).unwrap_or_default()));
        let model = model.filter(|(_, model)| is_name(model));
        let Some((_, model)) = model else { return wrong(format!("{field}.model"), MODEL) };
        let field = format!("{field}.policy");
        let directions = policy
            .map(|node| reader.members((&field, node), ["input", "output"], POLICY))
            .transpose()?;
        let [input, output] = directions.flatten().unwrap_or_default();
        Ok(Some(Self {
            model: model.into_owned(),
            input: reader.mode(&format!("{field}.input"), input)?,
            output: reader.mode(&format!("{field}.output"), output)?,
        }))
    }

    /// What happens to texts that travel this way.
    pub const fn mode(&self, phase: Phase) -> ModerationMode {
        match phase {
            Phase::Prompt => self.input,
            Phase::Completion => self.output,
        }
    }
}

/// The document that fields are read from.
struct Fields<'d> {
    doc: &'d Doc,
    bytes: &'d [u8],
}

impl Fields<'_> {
    /// The members of an object by their names; `None` for `null`. A name that nobody knows may ask for something
    /// that would not be done.
    fn members<const N: usize>(
        &self,
        (field, node): (&str, NodeId),
        names: [&str; N],
        expected: &'static str,
    ) -> Result<Option<[Option<NodeId>; N]>, BodyProblem> {
        match self.doc.kind(node) {
            Kind::Null => return Ok(None),
            Kind::Object => {}
            Kind::Array | Kind::String | Kind::Number | Kind::True | Kind::False => {
                return wrong(field.to_owned(), expected);
            }
        }
        for child in self.doc.children(node) {
            let key = self.doc.key(child, self.bytes).unwrap_or_default();
            if !names.contains(&&*key) {
                let key: String = key.chars().take(KEY_SHOWN).collect();
                return wrong(format!("{field}.{key}"), unknown(expected));
            }
        }
        Ok(Some(names.map(|name| self.doc.member(node, name, self.bytes))))
    }

    fn mode(&self, field: &str, node: Option<NodeId>) -> Result<ModerationMode, BodyProblem> {
        let members =
            node.map(|node| self.members((field, node), ["mode"], DIRECTION)).transpose()?;
        let Some([mode]) = members.flatten() else { return Ok(ModerationMode::Score) };
        let mode = mode.and_then(|node| self.doc.string(node, self.bytes));
        match mode.as_deref() {
            Some("score") => Ok(ModerationMode::Score),
            Some("block") => Ok(ModerationMode::Block),
            Some(_) | None => wrong(format!("{field}.mode"), MODE),
        }
    }
}

fn wrong<T>(field: String, expected: &'static str) -> Result<T, BodyProblem> {
    Err(BodyProblem::Field { field, expected })
}

/// What is said of a key that an object does not have.
fn unknown(expected: &'static str) -> &'static str {
    match expected {
        ASKED => "is not known; `moderation` has `model` and `policy`",
        POLICY => "is not known; `moderation.policy` has `input` and `output`",
        _ => "is not known here; there is `mode`",
    }
}

/// Whether a text looks like a model's name, which answers may repeat.
fn is_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
    (1..=LONGEST_MODEL).contains(&text.len()) && text.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::wire::json::{JsonLimits, Strictness, parse};

    fn read(asked: &Value) -> Result<Option<AskedModeration>, String> {
        let bytes = json!({ "moderation": asked }).to_string().into_bytes();
        let doc = parse(&bytes, Strictness::Request, &JsonLimits::default()).unwrap();
        let node = doc.member(Doc::ROOT, "moderation", &bytes).unwrap();
        AskedModeration::read(&doc, &bytes, ("moderation", node)).map_err(|p| p.to_string())
    }

    fn modes(policy: &Value) -> (ModerationMode, ModerationMode) {
        let asked = read(&json!({"model": "omni-moderation-latest", "policy": policy})).unwrap();
        let asked = asked.unwrap();
        assert_eq!(asked.model, "omni-moderation-latest");
        assert_eq!(asked.mode(Phase::Prompt), asked.input);
        (asked.mode(Phase::Prompt), asked.mode(Phase::Completion))
    }

    #[test]
    fn each_direction_has_a_mode_and_scores_where_none_is_said() {
        use ModerationMode::{Block, Score};
        let mode = |mode: &str| json!({"mode": mode});
        assert_eq!(modes(&json!(null)), (Score, Score));
        assert_eq!(modes(&json!({})), (Score, Score));
        assert_eq!(modes(&json!({"input": mode("block")})), (Block, Score));
        assert_eq!(modes(&json!({"input": null, "output": mode("block")})), (Score, Block));
        assert_eq!(
            modes(&json!({"input": mode("score"), "output": mode("score")})),
            (Score, Score)
        );
        assert_eq!(read(&json!({"model": "m"})).unwrap().unwrap().input, Score);
        assert_eq!(read(&json!(null)), Ok(None));
    }

    #[test]
    fn a_mistake_is_named_with_its_place_and_what_is_allowed() {
        let model = "m";
        for (asked, said) in [
            (json!("on"), "`moderation` must be an object with `model` and `policy`, or null"),
            (json!([]), "`moderation` must be an object with `model` and `policy`, or null"),
            (json!({}), "`moderation.model` must name a moderation model, such as"),
            (json!({"model": 7}), "`moderation.model` must name a moderation model, such as"),
            (json!({"model": "a b"}), "`moderation.model` must name a moderation model, such as"),
            (
                json!({"model": model, "mode": "block"}),
                "`moderation.mode` is not known; `moderation` has `model` and `policy`",
            ),
            (
                json!({"model": model, "policy": "block"}),
                "`moderation.policy` must be an object with `input` and `output`, or null",
            ),
            (
                json!({"model": model, "policy": {"prompt": {}}}),
                "`moderation.policy.prompt` is not known; `moderation.policy` has `input` and `output`",
            ),
            (
                json!({"model": model, "policy": {"input": "block"}}),
                "`moderation.policy.input` must be an object with `mode`, or null",
            ),
            (
                json!({"model": model, "policy": {"input": {}}}),
                "`moderation.policy.input.mode` must be `score` or `block`",
            ),
            (
                json!({"model": model, "policy": {"output": {"mode": "Block"}}}),
                "`moderation.policy.output.mode` must be `score` or `block`",
            ),
            (
                json!({"model": model, "policy": {"output": {"mode": "block", "at": 1}}}),
                "`moderation.policy.output.at` is not known here; there is `mode`",
            ),
        ] {
            let problem = read(&asked).unwrap_err();
            assert!(problem.starts_with(said), "{asked}: {problem}");
        }
    }
}
