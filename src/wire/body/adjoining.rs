//! Which texts of a body stand side by side, so that whoever reads them may read them as one: a term that is split
//! over them is in none of them.
//!
//! It only says which; what they come to together is for the engine to say.

use std::collections::BTreeMap;

use super::splice::Place;
use crate::domain::{Author, Passage, TextKind};

/// How many of the last messages of one author are read as one text.
const LAST_TURNS: usize = 8;

/// Why texts stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// They are parts of one message.
    Parts,
    /// They are messages of one author, with those of others between them.
    Turns,
    /// They are strings in the arguments of tool calls.
    Leaves,
}

/// A text beside others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Index of the passage.
    pub passage: usize,
    /// Number of what it belongs to: of the message, or of the text itself.
    pub unit: usize,
}

/// Texts side by side, in document order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjoining {
    /// Why.
    pub side: Side,
    /// Who wrote them.
    pub author: Author,
    /// The texts.
    pub members: Vec<Member>,
}

/// What texts must have in common.
type Common<'p> = (Side, Author, &'p str, Option<usize>, bool);

/// The texts of a request that stand side by side.
pub(super) fn adjoining(passages: &[Passage], places: &[Place]) -> Vec<Adjoining> {
    let mut groups: BTreeMap<Common<'_>, Vec<usize>> = BTreeMap::new();
    if passages.len() < 2 {
        return Vec::new();
    }
    for (index, passage) in passages.iter().enumerate() {
        let Some(side) = side_of(passage.kind) else { continue };
        let is_key = matches!(places.get(index), Some(Place::Key));
        let field = passage.path.split(['.', '[']).next().unwrap_or_default();
        let common = (side, passage.author, field, passage.turn, is_key);
        groups.entry(common).or_default().push(index);
        if side == Side::Parts && passage.turn.is_some() && !is_key {
            let common = (Side::Turns, passage.author, field, None, false);
            groups.entry(common).or_default().push(index);
        }
    }
    let several = groups.into_iter().filter(|(_, group)| group.len() > 1);
    several.filter_map(|(common, group)| of_group(passages, common, &group)).collect()
}

/// The same for the arguments of tool calls in an answer: by `unit`, where it has several.
pub(super) fn arguments<'p>(
    passages: impl Iterator<Item = (&'p Passage, Option<u64>)>,
    places: &[Place],
) -> Vec<Adjoining> {
    let mut groups = BTreeMap::<_, Vec<usize>>::new();
    for (index, (passage, unit)) in passages.enumerate() {
        if side_of(passage.kind) == Some(Side::Leaves) {
            let is_key = matches!(places.get(index), Some(Place::Key));
            groups.entry((passage.author, unit, is_key)).or_default().push(index);
        }
    }
    let several = groups.into_iter().filter(|(_, group)| group.len() > 1);
    several.map(|((author, ..), group)| apart(Side::Leaves, author, &group)).collect()
}

/// Subtitles, one after the other.
pub(super) fn subtitles<'p>(passages: impl Iterator<Item = &'p Passage>) -> Vec<Adjoining> {
    let authors: Vec<Author> = passages.map(|passage| passage.author).collect();
    let group: Vec<usize> = (0..authors.len()).collect();
    let several = authors.first().filter(|_| authors.len() > 1);
    several.map(|&author| apart(Side::Parts, author, &group)).into_iter().collect()
}

/// Texts each of which is a unit of its own.
fn apart(side: Side, author: Author, group: &[usize]) -> Adjoining {
    let member = |(unit, &passage): (usize, &usize)| Member { passage, unit };
    Adjoining { side, author, members: group.iter().enumerate().map(member).collect() }
}

fn of_group(
    passages: &[Passage],
    (side, author, ..): Common<'_>,
    group: &[usize],
) -> Option<Adjoining> {
    if side != Side::Turns {
        return Some(apart(side, author, group));
    }
    let turn = |&index: &usize| passages.get(index).and_then(|passage| passage.turn);
    let turns: Vec<&[usize]> = group.chunk_by(|one, next| turn(one) == turn(next)).collect();
    let last = turns.get(turns.len().saturating_sub(LAST_TURNS)..).unwrap_or_default();
    let member = |(unit, group): (usize, &&[usize])| {
        group.iter().map(|&passage| Member { passage, unit }).collect::<Vec<_>>()
    };
    let members = last.iter().enumerate().flat_map(member).collect();
    (last.len() > 1).then_some(Adjoining { side, author, members })
}

/// Beside which sort of texts one of this kind stands. Names, schemas and what is there for machines stand alone.
fn side_of(kind: TextKind) -> Option<Side> {
    match kind {
        TextKind::Text
        | TextKind::Refusal
        | TextKind::ToolResult
        | TextKind::Transcript
        | TextKind::Code => Some(Side::Parts),
        TextKind::ToolArgs => Some(Side::Leaves),
        TextKind::Reasoning
        | TextKind::Schema
        | TextKind::Citation
        | TextKind::Logprob
        | TextKind::Meta => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::{Value, json};

    use super::*;
    use crate::wire::body::Request;
    use crate::wire::dialect::Dialects;
    use crate::wire::json::JsonLimits;

    /// The texts that stand side by side, a bar between units.
    fn sides(dialect: &str, body: &Value) -> Vec<(Side, Author, String)> {
        let dialects = Dialects::default();
        let bytes = Bytes::from(body.to_string());
        let dialect = dialects.get(dialect).unwrap();
        let request = Request::parse(dialect, bytes, &JsonLimits::default(), 100).unwrap();
        let shown = |one: &Adjoining| {
            let units = one.members.chunk_by(|one, next| one.unit == next.unit);
            let text = |member: &Member| request.passages()[member.passage].text.clone();
            let unit = |members: &[Member]| members.iter().map(text).collect::<Vec<_>>().join(",");
            (one.side, one.author, units.map(unit).collect::<Vec<_>>().join("|"))
        };
        request.adjoining().iter().map(shown).collect()
    }

    fn chat(messages: &Value) -> Vec<(Side, Author, String)> {
        sides("openai.chat", &json!({"model": "m", "user": "u", "messages": messages}))
    }

    #[test]
    fn parts_of_a_message_and_messages_of_a_role_stand_side_by_side() {
        let part = |text: &str| json!({"type": "text", "text": text});
        let found = chat(&json!([
            {"role": "system", "content": "s"},
            {"role": "user", "name": "bob", "content": [part("a"), part("b")]},
            {"role": "assistant", "content": "x"},
            {"role": "user", "content": "c"},
        ]));
        let side = |side, text: &str| (side, Author::User, text.to_owned());
        assert_eq!(found, [side(Side::Parts, "a|b"), side(Side::Turns, "a,b|c")]);
        assert_eq!(chat(&json!([{"role": "user", "content": "a"}])), []);
    }

    #[test]
    fn only_the_last_messages_of_a_role_are_read_as_one() {
        let message = |at: usize| json!({"role": "user", "content": at.to_string()});
        let found = chat(&Value::from((0..20).map(message).collect::<Vec<_>>()));
        let text = "12|13|14|15|16|17|18|19".to_owned();
        assert_eq!(found, [(Side::Turns, Author::User, text)]);
    }

    #[test]
    fn values_of_arguments_stand_side_by_side_and_so_do_their_keys() {
        let arguments = json!({"k": "a", "l": ["b", {"m": "c"}]}).to_string();
        let call = json!({"id": "1", "type": "function",
            "function": {"name": "f", "arguments": arguments}});
        let found = chat(&json!([{"role": "assistant", "content": null, "tool_calls": [call]}]));
        let side = |text: &str| (Side::Leaves, Author::Assistant, text.to_owned());
        assert_eq!(found, [side("a|b|c"), side("k|l|m")]);
    }

    #[test]
    fn prompts_of_a_list_stand_apart() {
        let body = json!({"model": "m", "prompt": ["a", "b"]});
        assert_eq!(sides("openai.completions", &body), []);
    }
}
