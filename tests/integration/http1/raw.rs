//! Requests as bytes, by what is odd about them.

use super::{CHAT, Expected, body, request};
use Expected::{Passes, Refused};

/// A request with its name and what becomes of it.
pub(super) type Case = (String, Vec<u8>, Expected);

const TYPE: &[u8] = b"content-type: application/json";
const HOST: &[u8] = b"host: localhost";
const CHUNKED: &[u8] = b"transfer-encoding: chunked";

fn line() -> Vec<u8> {
    format!("POST {CHAT} HTTP/1.1").into_bytes()
}

fn length() -> Vec<u8> {
    format!("content-length: {}", body().len()).into_bytes()
}

fn name(group: &str, bytes: &[u8]) -> String {
    format!("{group} {:?}", String::from_utf8_lossy(bytes))
}

/// Every one of them.
pub(super) fn all() -> Vec<Case> {
    let groups =
        [lines(), ends(), headers(), lengths(), codings(), chunks(), hosts(), targets(), others()];
    groups.into_iter().flatten().collect()
}

/// Request lines.
fn lines() -> Vec<Case> {
    let bare = Refused;
    let lines: Vec<(String, Expected)> = vec![
        (format!("POST {CHAT} HTTP/1.1"), Passes),
        (format!("POST  {CHAT} HTTP/1.1"), bare(400, "")),
        (format!("POST\t{CHAT} HTTP/1.1"), bare(400, "")),
        (format!("POST {CHAT}  HTTP/1.1"), bare(400, "")),
        (format!("POST {CHAT} HTTP/1.1 "), bare(400, "")),
        (format!(" POST {CHAT} HTTP/1.1"), bare(400, "")),
        (format!("POST {CHAT}"), bare(400, "")),
        (format!("POST {CHAT} http/1.1"), bare(400, "")),
        (format!("POST {CHAT} HTTP/1.2"), bare(400, "")),
        (format!("POST {CHAT} HTTP/2.0"), bare(400, "")),
        (format!("POST {CHAT} HTTP/1.10"), bare(400, "")),
        (format!("PO(ST {CHAT} HTTP/1.1"), bare(400, "")),
        (format!("post {CHAT} HTTP/1.1"), bare(405, "method_not_allowed")),
        (format!("PUT {CHAT} HTTP/1.1"), bare(405, "method_not_allowed")),
        (format!("HEAD {CHAT} HTTP/1.1"), bare(405, "")),
        (format!("TRACE {CHAT} HTTP/1.1"), bare(405, "method_not_allowed")),
        ("CONNECT localhost:80 HTTP/1.1".to_owned(), bare(405, "method_not_allowed")),
    ];
    let whole = |line: String| request(line.as_bytes(), &[HOST, TYPE, &length()], &body());
    lines
        .into_iter()
        .map(|(line, expected)| (name("line", line.as_bytes()), whole(line), expected))
        .collect()
}

/// Ends of lines.
fn ends() -> Vec<Case> {
    let whole = request(&line(), &[HOST, TYPE, &length()], b"");
    let whole = String::from_utf8(whole).expect("text");
    let with = |head: String| [head.into_bytes(), body()].concat();
    let bare = || Refused(400, "bare_line_feed");
    vec![
        ("no carriage return".to_owned(), with(whole.replace("\r\n", "\n")), bare()),
        (
            "one line without one".to_owned(),
            with(whole.replacen("localhost\r\n", "localhost\n", 1)),
            bare(),
        ),
        (
            "the blank line without one".to_owned(),
            with(whole.replace("\r\n\r\n", "\r\n\n")),
            bare(),
        ),
        ("a line feed in front".to_owned(), with(format!("\n{whole}")), bare()),
        ("an empty line in front".to_owned(), with(format!("\r\n{whole}")), Passes),
        ("no line feed".to_owned(), with(whole.replace("\r\n", "\r")), Refused(400, "")),
        (
            "two carriage returns".to_owned(),
            with(whole.replacen("\r\n", "\r\r\n", 1)),
            Refused(400, ""),
        ),
    ]
}

/// Header lines.
fn headers() -> Vec<Case> {
    let with = |line: &[u8], expected| {
        let whole = request(&super::raw::line(), &[HOST, TYPE, &length(), line], &body());
        (name("header", line), whole, expected)
    };
    let refused: [&[u8]; 14] = [
        b"x y: 1",
        b"x\0: 1",
        b": 1",
        b"nothing",
        b" x: 1",
        b"x : 1",
        b"x\t: 1",
        b"x: a\0b",
        b"x: a\rb",
        b"x: \x01",
        b"x: \x7f",
        b"x\xff: 1",
        b"(x): 1",
        b"x: a\r\n b",
    ];
    let passed: [&[u8]; 4] = [b"x:", b"x: \xff", b"x:\ta\tb\t", b"X: 1"];
    let refused = refused.into_iter().map(|line| with(line, Refused(400, "")));
    refused.chain(passed.into_iter().map(|line| with(line, Passes))).collect()
}

/// Lengths of bodies.
fn lengths() -> Vec<Case> {
    let plain = body().len().to_string();
    let with = |lines: &[&[u8]], expected| {
        let lines: Vec<&[u8]> = [HOST, TYPE].iter().chain(lines).copied().collect();
        (name("lengths", &lines.join(&b'|')), request(&line(), &lines, &body()), expected)
    };
    let one =
        |value: &str, expected| with(&[format!("content-length: {value}").as_bytes()], expected);
    let doubtful = || Refused(400, "invalid_content_length");
    let mut cases: Vec<Case> = [
        format!("+{plain}"),
        "-1".to_owned(),
        format!("{plain}, {plain}"),
        format!("{plain},"),
        format!("0x{:x}", body().len()),
        "6e1".to_owned(),
        "99999999999999999999".to_owned(),
        format!("{plain}.0"),
        String::new(),
        format!("{plain} 1"),
        format!("\u{b}{plain}"),
        format!("\"{plain}\""),
    ]
    .iter()
    .map(|value| one(value, Refused(400, "")))
    .collect();
    cases.push(one(&format!("0{plain}"), doubtful()));
    cases.push(one(&format!("{plain}\t"), Passes));
    cases.push(with(&[&length(), &length()], doubtful()));
    cases.push(with(&[&length(), b"content-length: 1"], Refused(400, "")));
    cases.push(with(&[b"content-length : 1", &length()], Refused(400, "")));
    cases
}

/// Transfer codings.
fn codings() -> Vec<Case> {
    let chunked =
        format!("{:x}\r\n{}\r\n0\r\n\r\n", body().len(), String::from_utf8_lossy(&body()));
    let with = |lines: &[&[u8]], expected| {
        let lines: Vec<&[u8]> = [HOST, TYPE].iter().chain(lines).copied().collect();
        let whole = request(&line(), &lines, chunked.as_bytes());
        (name("codings", &lines.join(&b'|')), whole, expected)
    };
    let one =
        |value: &str, expected| with(&[format!("transfer-encoding: {value}").as_bytes()], expected);
    let doubtful = || Refused(400, "invalid_transfer_encoding");
    let both = || Refused(400, "invalid_content_length");
    let mut cases = vec![
        with(&[CHUNKED], Passes),
        one("Chunked", Passes),
        with(&[CHUNKED, CHUNKED], doubtful()),
        with(&[CHUNKED, b"transfer-encoding: identity"], Refused(400, "")),
        with(&[&length(), CHUNKED], both()),
        with(&[CHUNKED, &length()], both()),
        with(&[CHUNKED, b"content-length: 0"], both()),
        with(&[b"transfer-encoding : chunked"], Refused(400, "")),
        with(&[b"transfer-encoding:\r\n chunked"], Refused(400, "")),
    ];
    for value in ["gzip, chunked", "identity, chunked", "chunked, chunked", ",chunked"] {
        cases.push(one(value, doubtful()));
    }
    for value in [
        "identity",
        "gzip",
        "xchunked",
        "chunked;q=1",
        "\"chunked\"",
        "\u{b}chunked",
        "chunked,",
        "chunked\0",
        "",
    ] {
        cases.push(one(value, Refused(400, "")));
    }
    cases
}

/// Chunks, each before a second request.
pub(super) fn chunks() -> Vec<Case> {
    let text = String::from_utf8(body()).expect("text");
    let size = format!("{:x}", text.len());
    let with = |chunks: String, expected| {
        let whole = request(&line(), &[HOST, TYPE, CHUNKED], chunks.as_bytes());
        (name("chunks", chunks.as_bytes()), whole, expected)
    };
    let sized = |size: String, expected| with(format!("{size}\r\n{text}\r\n0\r\n\r\n"), expected);
    let junk = || Refused(400, "invalid_chunk");
    let mut cases: Vec<Case> = [
        format!("0x{size}"),
        format!("{size} "),
        format!("{size}\t"),
        format!(" {size}"),
        format!("+{size}"),
        format!("-{size}"),
        format!("{size},"),
        format!("{size}_0"),
        format!("{size}g"),
        String::new(),
        "ffffffffffffffffff".to_owned(),
        format!("{}{size}", "0".repeat(40)),
        format!("{size};a\0"),
        format!("{size};a\rb"),
        format!("{size};a\nb"),
        format!("{size};\u{e9}"),
        format!("{size}\n"),
        format!("{size}\r"),
        format!("\"{size}\""),
        "\u{ff13}".to_owned(),
    ]
    .into_iter()
    .map(|size| sized(size, junk()))
    .collect();
    cases.extend(
        [
            size.clone(),
            size.to_uppercase(),
            format!("0000{size}"),
            format!("{size};a=b"),
            format!("{size};a=\"b;c\""),
        ]
        .map(|size| sized(size, Passes)),
    );
    let wrong = [
        format!("{size}\n{text}\r\n0\r\n\r\n"),
        format!("{size}\r\n{text}\n0\r\n\r\n"),
        format!("{size}\r\n{text}0\r\n\r\n"),
        format!("{size}\r\n{text}XX0\r\n\r\n"),
        format!("{size}\r\n{text}\r\n0\n\n"),
        format!("{size}\r\n{text}\r\n0\r\nx: y\n\r\n"),
        format!("{size}\r\n{text}\r\n0\r\nx: y\rz\r\n\r\n"),
        format!("{size}\r\n{text}\r\n\r\n0\r\n\r\n"),
        format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len() + 1),
        format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len() - 1),
    ];
    cases.extend(wrong.map(|chunks| with(chunks, junk())));
    let trailers = "content-length: 5\r\ntransfer-encoding: identity\r\nauthorization: Bearer x";
    cases.push(with(format!("{size}\r\n{text}\r\n0\r\n{trailers}\r\n\r\n"), Passes));
    cases
}

/// Hosts.
fn hosts() -> Vec<Case> {
    let with = |hosts: &[&[u8]], expected| {
        let length = length();
        let lines: Vec<&[u8]> = hosts.iter().copied().chain([TYPE, &length]).collect();
        (name("hosts", &hosts.join(&b'|')), request(&line(), &lines, &body()), expected)
    };
    let bad = || Refused(400, "invalid_host");
    let mut cases =
        vec![with(&[], bad()), with(&[HOST, HOST], bad()), with(&[HOST, b"host: other"], bad())];
    for host in [
        "", "a@b", "a b", "a,b", "a/b", "a?b", "a#b", "\u{e9}", "a:99999", "a:b", "a:", "a:80:80",
        "..", "a%00", "[::1", "http://a",
    ] {
        cases.push(with(&[format!("host: {host}").as_bytes()], bad()));
    }
    for host in ["a", "[::1]:80", "127.0.0.1", "a.example:8080"] {
        cases.push(with(&[format!("host: {host}").as_bytes()], Passes));
    }
    cases
}

/// Targets: T37 has those that are paths.
fn targets() -> Vec<Case> {
    let with = |target: &str, expected| {
        let line = format!("POST {target} HTTP/1.1");
        let whole = request(line.as_bytes(), &[HOST, TYPE, &length()], &body());
        (name("target", target.as_bytes()), whole, expected)
    };
    vec![
        with(&format!("http://localhost{CHAT}"), Passes),
        with(&format!("http://other{CHAT}"), Refused(400, "invalid_host")),
        with(&format!("http://localhost:80{CHAT}"), Refused(400, "invalid_host")),
        with(&format!("http://u@localhost{CHAT}"), Refused(400, "invalid_host")),
        with(&format!("ftp://localhost{CHAT}"), Refused(400, "invalid_target")),
        with(&format!("{CHAT}#x"), Refused(400, "invalid_target")),
        with(&format!("{CHAT}\u{7f}"), Refused(400, "")),
        with(&format!("{CHAT}?"), Refused(400, "unknown_query_parameter")),
        with(&format!("{CHAT}?user=1"), Refused(400, "unknown_query_parameter")),
        with(&format!("{CHAT}?beta=true&beta=false"), Refused(400, "invalid_query_parameter")),
        with(&format!("{CHAT}?beta=%74rue"), Refused(400, "invalid_query_parameter")),
        with(&format!("{CHAT}?beta=true"), Passes),
        with("*", Refused(404, "unknown_path")),
        with("localhost:80", Refused(404, "unknown_path")),
    ]
}

/// Other headers that change what a request is.
fn others() -> Vec<Case> {
    let with = |lines: &[&[u8]], expected| {
        let length = length();
        let lines: Vec<&[u8]> = [HOST, TYPE, &length].iter().chain(lines).copied().collect();
        (name("others", &lines.join(&b'|')), request(&line(), &lines, &body()), expected)
    };
    vec![
        with(&[b"expect: x"], Refused(417, "unknown_expectation")),
        with(&[b"expect: 100-continue, x"], Refused(417, "unknown_expectation")),
        with(&[b"authorization: Bearer a", b"x-api-key: b"], Refused(400, "ambiguous_credentials")),
        with(
            &[b"authorization: Bearer a", b"authorization: Bearer b"],
            Refused(400, "ambiguous_credentials"),
        ),
        with(&[b"content-type: text/plain"], Refused(415, "unsupported_media_type")),
    ]
}
