//! Spans as a message of OTLP 1.x, in the binary form of Protocol Buffers.
//!
//! Numbers of fields are those of `opentelemetry/proto/{trace,common,resource}/v1` and `collector/trace/v1`, which are
//! stable. `tests/otlp` has the message read by the project's own library.

use super::{Attribute, Span};

/// Field numbers and wire types (<https://protobuf.dev/programming-guides/encoding/>).
const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const LENGTH: u64 = 2;
const FIXED32: u64 = 5;
/// `STATUS_CODE_ERROR`
const ERROR: u64 = 2;
/// The flag of a trace that is kept, and that whether the parent is remote is not known.
const SAMPLED: u32 = 1;

/// An `ExportTraceServiceRequest` with these spans, of a service with these attributes.
pub fn encode(service: &[(&'static str, Attribute)], version: &str, spans: &[Span]) -> Vec<u8> {
    let mut resource = Message::default();
    for (name, value) in service {
        resource.message(1, &key_value(name, value));
    }
    let mut scope = Message::default();
    scope.bytes(1, b"tidegate");
    scope.bytes(2, version.as_bytes());
    let mut of_scope = Message::default();
    of_scope.message(1, &scope);
    for one in spans {
        of_scope.message(2, &span(one));
    }
    let mut of_resource = Message::default();
    of_resource.message(1, &resource);
    of_resource.message(2, &of_scope);
    let mut request = Message::default();
    request.message(1, &of_resource);
    request.0
}

fn span(span: &Span) -> Message {
    let mut message = Message::default();
    message.bytes(1, &span.trace.to_be_bytes());
    message.bytes(2, &span.id.to_be_bytes());
    if let Some(parent) = span.parent {
        message.bytes(4, &parent.to_be_bytes());
    }
    message.bytes(5, span.name.as_bytes());
    message.number(6, span.kind as u64);
    message.fixed64(7, span.began);
    message.fixed64(8, span.ended);
    for (name, value) in &span.attributes {
        message.message(9, &key_value(name, value));
    }
    if span.failed {
        let mut status = Message::default();
        status.number(3, ERROR);
        message.message(15, &status);
    }
    message.fixed32(16, SAMPLED);
    message
}

fn key_value(name: &str, attribute: &Attribute) -> Message {
    let mut message = Message::default();
    message.bytes(1, name.as_bytes());
    message.message(2, &value(attribute));
    message
}

fn value(attribute: &Attribute) -> Message {
    let mut message = Message::default();
    match attribute {
        Attribute::Text(text) => message.bytes(1, text.as_bytes()),
        Attribute::Bool(yes) => message.number(2, u64::from(*yes)),
        // Two's complement, as the type `int64` wants it.
        Attribute::Int(number) => message.number(3, number.cast_unsigned()),
        Attribute::Double(number) => message.fixed64(4, number.to_bits()),
        Attribute::Texts(texts) => {
            let mut list = Message::default();
            for text in texts {
                let mut one = Message::default();
                one.bytes(1, text.as_bytes());
                list.message(1, &one);
            }
            message.message(5, &list);
        }
    }
    message
}

/// A message that is being written.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.0.push(number.to_le_bytes()[0]);
    }

    fn tag(&mut self, field: u64, wire: u64) {
        self.varint(field << 3 | wire);
    }

    fn number(&mut self, field: u64, number: u64) {
        self.tag(field, VARINT);
        self.varint(number);
    }

    fn fixed64(&mut self, field: u64, number: u64) {
        self.tag(field, FIXED64);
        self.0.extend(number.to_le_bytes());
    }

    fn fixed32(&mut self, field: u64, number: u32) {
        self.tag(field, FIXED32);
        self.0.extend(number.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.tag(field, LENGTH);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
    }

    fn message(&mut self, field: u64, message: &Self) {
        self.bytes(field, &message.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::spans::SpanKind;

    #[test]
    fn a_message_has_the_bytes_that_the_protocol_says() {
        let span = Span {
            trace: 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c,
            id: 0xb7ad_6b71_6920_3331,
            parent: None,
            name: "n".to_owned(),
            kind: SpanKind::Server,
            began: 1,
            ended: 300,
            attributes: vec![("k", Attribute::Int(-1))],
            failed: true,
        };
        let whole = encode(&[("a", Attribute::Bool(true))], "1", std::slice::from_ref(&span));
        let mut expected = vec![0x0a, 0x10];
        expected.extend(span.trace.to_be_bytes());
        expected.extend([0x12, 0x08]);
        expected.extend(span.id.to_be_bytes());
        expected.extend([0x2a, 0x01, b'n', 0x30, 0x02]);
        expected.extend([0x39, 1, 0, 0, 0, 0, 0, 0, 0, 0x41, 44, 1, 0, 0, 0, 0, 0, 0]);
        expected.extend([0x4a, 0x10, 0x0a, 0x01, b'k', 0x12, 0x0b, 0x18]);
        expected.extend([0xff; 9]);
        expected.extend([0x01, 0x7a, 0x02, 0x18, 0x02, 0x85, 0x01, 1, 0, 0, 0]);
        assert_eq!(super::span(&span).0, expected);
        let at = whole.len() - expected.len();
        assert_eq!(whole[at..], expected);
        let head = [0x0a, 0x09, 0x0a, 0x07, 0x0a, 0x01, b'a', 0x12, 0x02, 0x10, 0x01, 0x12];
        assert_eq!(whole[2..14], head);
    }
}
