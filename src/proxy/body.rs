//! Reads a request's body: whole or not at all, under limits of size and time, decoded.

use std::error::Error as _;
use std::io::Read;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::header::{CONTENT_ENCODING, HeaderMap};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, timeout_at};

use super::gatehouse::{Refused, refused};

/// Limits of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// The most bytes of a body as sent, and of a whole answer.
    pub body: usize,
    /// The most bytes of a decompressed body.
    pub decompressed: usize,
    /// How many times larger a decompressed body may be than the compressed one.
    pub ratio: usize,
    /// The longest pause between two pieces.
    pub idle: Duration,
    /// The longest time for the whole request.
    pub total: Duration,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self {
            body: 4 << 20,
            decompressed: 16 << 20,
            ratio: 100,
            idle: Duration::from_secs(15),
            total: Duration::from_secs(60),
        }
    }
}

/// Bytes that a decoder takes at once.
const BUFFER: usize = 4096;

const TOO_LARGE: Refused = too_large("the body is larger than `limits.body` allows");
const TOO_LARGE_DECOMPRESSED: Refused =
    too_large("the decompressed body is larger than `limits.decompressed` allows");
const TOO_DENSE: Refused = too_large("the body grows more than `limits.ratio` allows");
const TOO_SLOW: Refused =
    refused(StatusCode::REQUEST_TIMEOUT, "body_timeout", "the body did not arrive in time");
const BROKEN: Refused = refused(StatusCode::BAD_REQUEST, "broken_body", "the body broke off");
const INVALID_CHUNKS: Refused = refused(
    StatusCode::BAD_REQUEST,
    "invalid_chunk",
    "the chunks of the body are not written as they must be",
);
const UNKNOWN_CODING: Refused = refused(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "unsupported_content_encoding",
    "send the body plain, or with one of gzip, deflate, br, zstd",
);
const BAD_CODING: Refused =
    refused(StatusCode::BAD_REQUEST, "invalid_content_encoding", "the body cannot be decompressed");

const fn too_large(message: &'static str) -> Refused {
    refused(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
}

/// Reads and decodes a body.
pub(super) async fn read(
    body: &mut Incoming,
    headers: &HeaderMap,
    limits: &BodyLimits,
) -> Result<Bytes, Refused> {
    if body.size_hint().lower() > limits.body as u64 {
        return Err(TOO_LARGE);
    }
    let deadline = Instant::now() + limits.total;
    let mut whole = BytesMut::new();
    let mut single: Option<Bytes> = None;
    loop {
        let until = (Instant::now() + limits.idle).min(deadline);
        let frame = timeout_at(until, body.frame()).await.map_err(|_| TOO_SLOW)?;
        let Some(frame) = frame else { break };
        let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() else { continue };
        if whole.len() + single.as_ref().map_or(0, Bytes::len) + data.len() > limits.body {
            return Err(TOO_LARGE);
        }
        // Most bodies come in one piece, which is taken as it is.
        match (single.take(), whole.is_empty()) {
            (None, true) => single = Some(data),
            (Some(first), _) => {
                whole.extend_from_slice(&first);
                whole.extend_from_slice(&data);
            }
            (None, false) => whole.extend_from_slice(&data),
        }
    }
    let raw = single.unwrap_or_else(|| whole.freeze());
    decode(raw, headers, limits)
}

/// Why a body could not be read to its end.
fn broken(error: &hyper::Error) -> Refused {
    use std::io::ErrorKind::{InvalidData, InvalidInput};
    let cause = error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    let is_junk = cause.is_some_and(|cause| matches!(cause.kind(), InvalidData | InvalidInput));
    if is_junk { INVALID_CHUNKS } else { BROKEN }
}

/// Takes one known coding off a body.
fn decode(raw: Bytes, headers: &HeaderMap, limits: &BodyLimits) -> Result<Bytes, Refused> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    let (Some(coding), None) = (codings.next(), codings.next()) else {
        return if headers.contains_key(CONTENT_ENCODING) { Err(UNKNOWN_CODING) } else { Ok(raw) };
    };
    let grown = raw.len().saturating_mul(limits.ratio);
    let most = if grown < limits.decompressed {
        (grown, TOO_DENSE)
    } else {
        (limits.decompressed, TOO_LARGE_DECOMPRESSED)
    };
    let coding = coding.as_bytes().to_ascii_lowercase();
    let mut rest = &*raw;
    let decoded = match coding.as_slice() {
        b"identity" => return Ok(raw),
        b"gzip" | b"x-gzip" => read_most(flate2::bufread::MultiGzDecoder::new(&mut rest), most)?,
        b"deflate" => read_most(flate2::bufread::ZlibDecoder::new(&mut rest), most)?,
        b"br" => read_most(brotli_decompressor::Decompressor::new(&mut rest, BUFFER), most)?,
        b"zstd" => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(&mut rest);
            read_most(decoder.map_err(|_| BAD_CODING)?, most)?
        }
        _ => return Err(UNKNOWN_CODING),
    };
    // Behind the end other servers might see a text that was not screened.
    if rest.is_empty() { Ok(Bytes::from(decoded)) } else { Err(BAD_CODING) }
}

/// Reads to the end, or refuses as is said for what is larger.
fn read_most(mut decoder: impl Read, (most, larger): (usize, Refused)) -> Result<Vec<u8>, Refused> {
    let mut decoded: Vec<u8> = Vec::new();
    let mut piece = [0; BUFFER];
    loop {
        let read = decoder.read(&mut piece).map_err(|_| BAD_CODING)?;
        let piece = piece.get(..read).unwrap_or_default();
        if piece.is_empty() {
            break;
        }
        if decoded.len() + read > most {
            return Err(larger);
        }
        if decoded.capacity() < decoded.len() + read {
            // Four times as much, but never room for more than may come: what is left behind in growing is
            // memory too.
            let more = (decoded.len() * 3).max(4 * BUFFER).min(most - decoded.len());
            decoded.reserve_exact(more.max(read));
        }
        decoded.extend_from_slice(piece);
    }
    // Some decoders tell only now of bytes behind the end that they have in their buffer.
    match decoder.read(&mut piece) {
        Ok(0) => Ok(decoded),
        Ok(_) | Err(_) => Err(BAD_CODING),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use http::HeaderValue;

    use super::*;

    fn decoded(coding: &'static str, body: Vec<u8>) -> Result<Bytes, &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        decode(Bytes::from(body), &headers, &BodyLimits::default()).map_err(|refused| refused.code)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_limit_that_was_hit_is_named() {
        let refusal = |limits: BodyLimits| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            let body = Bytes::from(gzip(&vec![b'a'; 100_000]));
            decode(body, &headers, &limits).unwrap_err().message
        };
        let small = BodyLimits { decompressed: 1_000, ratio: 1_000_000, ..BodyLimits::default() };
        assert!(refusal(small).contains("limits.decompressed"));
        let dense = BodyLimits { ratio: 2, ..BodyLimits::default() };
        assert!(refusal(dense).contains("limits.ratio"));
    }

    #[test]
    fn one_known_coding_is_taken_off_under_its_limits() {
        assert_eq!(decoded("gzip", gzip(b"{}")).unwrap(), "{}");
        assert_eq!(decoded("gzip", gzip(&vec![b'a'; 10 << 20])), Err("body_too_large"));
        assert_eq!(decoded("gzip", b"not gzip".to_vec()), Err("invalid_content_encoding"));
        assert_eq!(decoded("gzip, gzip", gzip(b"{}")), Err("unsupported_content_encoding"));
        assert_eq!(decoded("compress", vec![]), Err("unsupported_content_encoding"));
        assert_eq!(decoded("gzip", [gzip(b"{"), gzip(b"}")].concat()).unwrap(), "{}");
    }

    #[test]
    fn bytes_behind_the_end_of_a_coding_are_refused() {
        let zlib = {
            let level = flate2::Compression::best();
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(b"{}").unwrap();
            encoder.finish().unwrap()
        };
        let zstd = ruzstd::encoding::compress_to_vec(
            &b"{}"[..],
            ruzstd::encoding::CompressionLevel::Uncompressed,
        );
        // Two bytes as they are, and the end.
        let brotli = vec![0x8b, 0x00, 0x80, b'{', b'}', 0x03];
        for (coding, body) in
            [("gzip", gzip(b"{}")), ("deflate", zlib), ("zstd", zstd), ("br", brotli)]
        {
            assert_eq!(decoded(coding, body.clone()).unwrap(), "{}", "{coding}");
            for behind in [&b"x"[..], b"{}", &[b'x'; 9000]] {
                let more = [&body, behind].concat();
                assert_eq!(decoded(coding, more), Err("invalid_content_encoding"), "{coding}");
            }
            let cut = body[..body.len() - 1].to_vec();
            assert!(decoded(coding, cut).is_err(), "{coding}");
        }
    }
}
