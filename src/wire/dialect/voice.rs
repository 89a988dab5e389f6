//! Events of our own in a stream, one after the other: where a dialect repeats what the client has had, each of them
//! counts as had for the next one.

use super::memory::{Focus, Memory};
use super::shapes::{Facts, Step};
use super::{AnswerMeta, Cut, Dialect, RefusalShape, Said};

/// Says events.
struct Voice<'v> {
    memory: &'v mut Memory,
    facts: Facts<'v>,
    said: bool,
    out: Vec<Said>,
}

impl Voice<'_> {
    fn say(&mut self, steps: &[Step], focus: Option<Focus>) {
        for step in steps {
            let shown = match focus {
                Some(place) => self.memory.shows(place),
                None => self.facts.shown,
            };
            let facts =
                Facts { memory: Some(self.memory), focus, shown, said: self.said, ..self.facts };
            let Some(said) = facts.step(step) else { continue };
            self.said |= step.says();
            self.memory.sent(said.data.as_bytes());
            self.out.push(said);
        }
    }

    /// Ends what is open at the client: parts, then items.
    fn leave(&mut self, parts: &[Step], items: &[Step]) {
        for part in self.memory.open_parts() {
            self.say(parts, Some(part));
        }
        for item in self.memory.open_items() {
            self.say(items, Some(item));
        }
    }
}

impl Dialect {
    /// What a stream of this dialect has to keep in mind.
    pub fn memory(&self) -> Memory {
        Memory::new(self.stream.as_ref().and_then(|stream| stream.remember.clone()))
    }

    /// The events before the first one of an answer.
    pub fn opening(&self, meta: &AnswerMeta, unit: u64) -> Vec<Said> {
        self.opening_after(&mut self.memory(), meta, unit)
    }

    /// The same to a client that has had this.
    pub fn opening_after(&self, memory: &mut Memory, meta: &AnswerMeta, unit: u64) -> Vec<Said> {
        let own = self.own(meta, memory);
        let own = (own.0.as_str(), own.1.as_str());
        let facts = Facts { meta: Some(meta), unit, own, ..Facts::default() };
        let mut voice = Voice { memory, facts, said: false, out: Vec::new() };
        voice.say(&self.shapes.opening, None);
        voice.out
    }

    /// An answer of our own for where none was announced, and what the id of an item of ours begins with.
    fn own(&self, meta: &AnswerMeta, memory: &Memory) -> (String, String) {
        if !memory.is_kept() {
            return (String::new(), String::new());
        }
        let item = self.own_item(meta);
        let facts = Facts {
            meta: Some(meta),
            memory: Some(memory),
            own: ("null", &item),
            ..Facts::default()
        };
        (facts.fill(&self.shapes.answer.body), item)
    }

    /// What the id of an item of ours begins with.
    pub(super) fn own_item(&self, meta: &AnswerMeta) -> String {
        let number = meta.id.strip_prefix(self.id_prefix()).unwrap_or(&meta.id);
        format!("{}{number}", self.shapes.item_prefix)
    }

    /// The events that end an answer that is all ours; the opening is not among them.
    pub fn ending(&self, meta: &AnswerMeta, cut: &Cut<'_>) -> Vec<Said> {
        let mut memory = self.memory();
        if memory.is_kept() {
            self.opening_after(&mut memory, meta, cut.unit);
        }
        self.end(&mut memory, meta, (cut, true))
    }

    /// The events that end an answer to a client that has had this of it.
    pub fn ending_after(&self, memory: &mut Memory, meta: &AnswerMeta, cut: &Cut<'_>) -> Vec<Said> {
        self.end(memory, meta, (cut, false))
    }

    fn end(
        &self,
        memory: &mut Memory,
        meta: &AnswerMeta,
        (cut, ours): (&Cut<'_>, bool),
    ) -> Vec<Said> {
        let Cut { unit, message, shape, category, shown, open, next } = *cut;
        let reason = self.reason(category);
        let refusal = shape == RefusalShape::Refusal;
        let own = self.own(meta, memory);
        let own = (own.0.as_str(), own.1.as_str());
        let plain = Facts { meta: Some(meta), reason, ..Facts::default() };
        let facts = Facts { unit, message, refusal, shown, open, next, ours, own, ..plain };
        let mut voice = Voice { memory, facts, said: false, out: Vec::new() };
        let shapes = &self.shapes;
        voice.leave(&shapes.part_ending, &shapes.item_ending);
        voice.say(&shapes.saying, None);
        voice.leave(&shapes.part_ending, &shapes.item_ending);
        for call in meta.calls.answered() {
            voice.facts.call = call;
            voice.say(self.ending_of(call), None);
        }
        voice.out
    }

    /// The events that end a stream. Nothing is known of the tokens used, so they are zero.
    pub fn closing(&self, meta: &AnswerMeta, usage: bool) -> Vec<Said> {
        let facts = Facts { meta: Some(meta), usage, ..Facts::default() };
        let mut memory = self.memory();
        let mut voice = Voice { memory: &mut memory, facts, said: false, out: Vec::new() };
        voice.say(&self.shapes.closing, None);
        voice.out
    }
}
