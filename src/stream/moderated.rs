//! The results of moderation in a stream that asked for them: in an event of their own before the one that says that the
//! stream is over, or in the answer that its last event holds. Every other byte passes as it is.
//!
//! It stands behind the relays, whose events are whole and plain; it screens nothing.

use std::sync::Arc;

use bytes::BytesMut;

use crate::wire::body::EventKind;
use crate::wire::dialect::{AnswerMeta, Dialect};
use crate::wire::frame::{FrameWriter, Framer};
use crate::wire::sse::Frame;

/// The most bytes of an event: what relays let out is bounded there.
const MOST_EVENT: usize = usize::MAX / 2;

/// The end of a stream that is to say what moderation came to.
#[derive(Clone, Debug)]
pub struct Moderated {
    dialect: Arc<Dialect>,
    framer: Framer,
    writer: FrameWriter,
    /// What the stream is called.
    meta: AnswerMeta,
    named: bool,
    /// The results are said, or there was an error in their place.
    over: bool,
}

impl Moderated {
    /// For a stream of a dialect, called like this where it does not say.
    pub fn new(dialect: &Arc<Dialect>, meta: AnswerMeta) -> Self {
        Self {
            framer: dialect.framer(MOST_EVENT),
            writer: FrameWriter::new(dialect.framing()),
            dialect: Arc::clone(dialect),
            meta,
            named: false,
            over: false,
        }
    }

    /// Events for the client. `results` is asked when all texts are decided.
    pub fn push(&mut self, bytes: &[u8], results: &dyn Fn() -> Option<String>, out: &mut BytesMut) {
        if self.framer.push(bytes).is_err() {
            return;
        }
        while let Some(frame) = self.framer.next_frame() {
            self.pass(&frame, results, out);
        }
    }

    /// Nothing more comes. `complete` is whether the stream has come to its end.
    pub fn finish(
        &mut self,
        complete: bool,
        results: &dyn Fn() -> Option<String>,
        out: &mut BytesMut,
    ) {
        let framer = std::mem::replace(&mut self.framer, self.dialect.framer(MOST_EVENT));
        if let Some(frame) = framer.finish() {
            self.pass(&frame, results, out);
        }
        // Some servers do not say that a stream is over.
        if complete {
            self.say(results, out);
        }
    }

    fn pass(&mut self, frame: &Frame, results: &dyn Fn() -> Option<String>, out: &mut BytesMut) {
        let Ok(event) = self.dialect.read_event(frame) else {
            return self.writer.pass(&frame.raw, out);
        };
        if !self.named
            && let Some(meta) = self.dialect.meta_of(&event)
        {
            (self.meta, self.named) = (meta, true);
        }
        match event.kind {
            EventKind::Error => self.over = true,
            EventKind::Done => self.say(results, out),
            EventKind::Delta if !event.finished.is_empty() && !self.over => {
                let data = event.data().and_then(|data| std::str::from_utf8(data).ok());
                let put = data
                    .zip(results())
                    .and_then(|(data, results)| self.dialect.with_moderation(data, &results));
                if let Some(data) = put {
                    self.over = true;
                    let (before, after) = (event.data.start, event.data.end);
                    out.extend_from_slice(event.raw.get(..before).unwrap_or_default());
                    out.extend_from_slice(data.as_bytes());
                    return out.extend_from_slice(event.raw.get(after..).unwrap_or_default());
                }
            }
            EventKind::Delta | EventKind::Comment => {}
        }
        self.writer.pass(&frame.raw, out);
    }

    /// Says the results in an event of their own, where the dialect has one and they are not said.
    fn say(&mut self, results: &dyn Fn() -> Option<String>, out: &mut BytesMut) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let said = results().and_then(|json| self.dialect.moderation_event(&self.meta, &json));
        if let Some(said) = said {
            self.writer.say(&said, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::dialect::Dialects;

    const RESULTS: &str = "{\"input\":1,\"output\":2}";

    /// What comes out of a stream that comes in pieces of so many bytes.
    fn through(dialect: &str, stream: &str, size: usize) -> String {
        let dialects = Dialects::default();
        let dialect = dialects.get(dialect).unwrap();
        let meta = AnswerMeta { id: "own".to_owned(), ..AnswerMeta::default() };
        let (mut end, mut out) = (Moderated::new(dialect, meta), BytesMut::new());
        let results = || Some(RESULTS.to_owned());
        for piece in stream.as_bytes().chunks(size) {
            end.push(piece, &results, &mut out);
        }
        end.finish(true, &results, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    fn chunk(rest: &str) -> String {
        format!("data: {{\"id\":\"c1\",\"created\":7, \"model\":\"m\",{rest}}}\r\n\r\n")
    }

    #[test]
    fn a_chat_says_them_in_a_chunk_of_its_own_before_its_end_and_all_else_is_as_it_was() {
        let text = chunk("\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]");
        let usage = chunk("\"choices\":[],\"usage\":{\"total_tokens\":3}");
        let said = format!(
            "data: {{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":7,\"model\":\"m\",\
             \"choices\":[],\"moderation\":{RESULTS}}}\n\n"
        );
        let before = format!("{text}: ping\n\n{usage}");
        for size in [1, 7, 1 << 20] {
            let whole = format!("{before}data: [DONE]\n\n");
            let wanted = format!("{before}{said}data: [DONE]\n\n");
            assert_eq!(through("openai.chat", &whole, size), wanted, "in pieces of {size}");
            assert_eq!(through("openai.chat", &before, size), format!("{before}{said}"));
        }
    }

    #[test]
    fn responses_say_them_in_the_answer_of_the_last_event() {
        let delta = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\
                     \"delta\":\"a\",\"output_index\":0,\"content_index\":0}\n\n";
        for (has, gives) in [
            (
                "{\"id\":\"r\", \"x\":1.0}",
                format!("{{\"id\":\"r\", \"x\":1.0,\"moderation\":{RESULTS}}}"),
            ),
            (
                "{\"moderation\":null,\"id\":\"r\"}",
                format!("{{\"moderation\":{RESULTS},\"id\":\"r\"}}"),
            ),
        ] {
            for kind in ["response.completed", "response.incomplete", "response.failed"] {
                let event = |response: &str| {
                    format!(
                        "event: {kind}\ndata: {{\"type\":\"{kind}\",\"response\":{response}}}\n\n"
                    )
                };
                let (stream, wanted) = (event(has), event(&gives));
                let stream = format!("{delta}{stream}");
                assert_eq!(through("openai.responses", &stream, 5), format!("{delta}{wanted}"));
            }
        }
    }

    #[test]
    fn a_stream_that_fails_says_no_results() {
        let error = "data: {\"error\":{\"message\":\"no\"}}\n\ndata: [DONE]\n\n";
        assert_eq!(through("openai.chat", error, 9), error);
    }
}
