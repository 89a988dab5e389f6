//! Framing of server-sent events: no byte is lost, no split matters, and payloads are what the
//! specification says.

use tidegate::wire::sse::{Frame, Framer};

use super::pieces::Choices;

/// Checks one stream.
pub fn check(input: &[u8]) {
    let (mut choices, stream) = Choices::of(input);
    let limit = 1 + choices.below(4096);
    let whole = read(&[stream], limit);
    let split = read(&choices.split(stream), limit);
    assert_eq!(whole.frames, split.frames, "the split matters");
    assert_eq!(whole.too_large, split.too_large, "the split matters for the limit");
    if whole.too_large {
        assert!(whole.frames.iter().all(|frame| frame.raw.len() <= limit));
        return;
    }
    assert_eq!(
        whole.rest.as_ref().map(|rest| &rest.raw),
        split.rest.as_ref().map(|rest| &rest.raw)
    );
    let mut bytes: Vec<u8> = Vec::new();
    for frame in whole.frames.iter().chain(&whole.rest) {
        bytes.extend_from_slice(&frame.raw);
        assert_eq!(
            frame.data_range.clone().map(|range| &frame.raw[range]),
            frame.data.as_deref().filter(|_| frame.data_range.is_some()),
            "the range is not where the payload stands"
        );
    }
    assert_eq!(bytes, stream, "bytes were lost or added");
    let payloads: Vec<Vec<u8>> =
        whole.frames.iter().filter_map(|frame| frame.data.as_ref().map(|d| d.to_vec())).collect();
    assert_eq!(payloads, by_the_specification(stream));
}

struct Outcome {
    frames: Vec<Frame>,
    rest: Option<Frame>,
    too_large: bool,
}

fn read(pieces: &[&[u8]], limit: usize) -> Outcome {
    let mut framer = Framer::new(limit);
    let (mut frames, mut too_large) = (Vec::new(), false);
    for piece in pieces {
        too_large |= framer.push(piece).is_err();
        while let Some(frame) = framer.next_frame() {
            frames.push(frame);
        }
    }
    Outcome { frames, rest: framer.finish(), too_large }
}

/// The payloads of a stream, read line by line as the specification (WHATWG HTML, 9.2.6) tells it.
fn by_the_specification(stream: &[u8]) -> Vec<Vec<u8>> {
    let (mut payloads, mut payload): (Vec<Vec<u8>>, Option<Vec<u8>>) = (Vec::new(), None);
    let mut rest = stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream);
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        // The CR at the end of what has come may be half of a line ending.
        if rest[end..] == *b"\r" {
            break;
        }
        let (line, behind) = rest.split_at(end);
        rest = behind.strip_prefix(b"\r\n").unwrap_or_else(|| &behind[1..]);
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if line.is_empty() {
            payloads.extend(payload.take());
        } else if name == b"data" {
            match &mut payload {
                Some(lines) => {
                    lines.push(b'\n');
                    lines.extend_from_slice(value);
                }
                None => payload = Some(value.to_vec()),
            }
        }
    }
    payloads
}
