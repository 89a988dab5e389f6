//! Bodies and events, read and changed by what a dialect says: passages out, edits in, every other byte as it came.
//!
//! It knows no API; `wire::dialect` does. It decides nothing about texts.

mod adjoining;
mod data_url;
mod form;
mod fragments;
mod headers;
mod history;
mod leaves;
mod nodes;
mod plain;
mod problem;
mod request;
mod rerouting;
mod response;
mod splice;
mod stream;
mod trim;

#[cfg(test)]
mod tests;

use bytes::Bytes;

pub use adjoining::{Adjoining, Member, Side};
pub use history::Shortened;
pub use leaves::MediaPart;
pub(in crate::wire) use leaves::Reader;
pub use problem::BodyProblem;
pub use request::{Request, TakenModeration};
pub use response::{Response, StoppedUnit, UnitPassage};
pub use splice::{PassageEdit, Unsplicable};
pub use stream::{
    Channel, Event, EventKind, EventProblem, Fragment, FragmentEdit, Part, PartKey, Tokens,
};
pub use trim::Strip;

use super::dialect::{AnswerMeta, Dialect, Said};
use super::frame::Framer;
use super::sse::Frame;
use crate::config::dialect_file::Framing;

/// The code of an error that says that the content policy was violated.
pub const POLICY_VIOLATION: &str = "content_policy_violation";

impl Dialect {
    /// How events of its streams are told apart.
    pub fn framing(&self) -> Framing {
        self.stream.as_ref().map_or(Framing::Sse, |stream| stream.framing)
    }

    /// What cuts its streams into frames of at most `limit` bytes.
    pub fn framer(&self, limit: usize) -> Framer {
        Framer::new(self.framing(), limit)
    }

    /// What it calls the list of answers in an event, if there may be several.
    pub fn unit_list(&self) -> Option<&str> {
        self.stream.as_ref()?.unit.as_deref()
    }

    /// Whether parts of its answers begin and end with events of their own.
    pub fn has_parts(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| !stream.opens.is_empty())
    }

    /// Reads a frame of a stream.
    ///
    /// # Errors
    /// When it cannot be known what a client would read in it.
    pub fn read_event(&self, frame: &Frame) -> Result<Event, EventProblem> {
        match &self.stream {
            Some(spec) => stream::read_event(spec, frame),
            None => Err(EventProblem::NotOneArray),
        }
    }

    /// What an event says of its stream, where it says it.
    pub fn meta_of(&self, event: &Event) -> Option<AnswerMeta> {
        event.meta(self.stream.as_ref()?)
    }

    /// The bytes of an event with fragments changed and copies taken out; without changes, the very same bytes.
    pub fn render(&self, event: &Event, edits: &[FragmentEdit], strip: &Strip<'_>) -> Bytes {
        let rendered = self.stream.as_ref().map(|spec| trim::Rendered { event, spec });
        rendered.map_or_else(|| event.raw.clone(), |rendered| rendered.whole(edits, strip))
    }

    /// The same without these answers; `None` when no other answer remains.
    pub fn render_without(
        &self,
        event: &Event,
        gone: &[u64],
        (edits, strip): (&[FragmentEdit], &Strip<'_>),
    ) -> Option<Bytes> {
        let spec = self.stream.as_ref()?;
        trim::Rendered { event, spec }.without(gone, edits, strip)
    }

    /// The decided part of a text in the event that carried it, where there is one answer; what repeats the text goes.
    pub fn render_piece(&self, event: &Event, edits: &[FragmentEdit], unit: u64) -> Option<Bytes> {
        if self.unit_list().is_some() {
            return None;
        }
        let units = [unit];
        let strip = Strip { edited: &units, tokens: &units, prompt_tokens: false };
        Some(self.render(event, edits, &strip))
    }

    /// The decided part of a text as an event of its own, where the event that carried it cannot go out as a whole.
    /// `token` is the part as it is written, quotes included.
    pub fn piece_of(&self, meta: &AnswerMeta, channel: &Channel, token: &[u8]) -> Option<Said> {
        let Part::Text(key) = &channel.part else { return None };
        let text = String::from_utf8_lossy(token);
        self.piece(meta, (&key.name, key.keys), channel.unit?, &text)
    }
}
