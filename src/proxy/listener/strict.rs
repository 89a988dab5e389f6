//! Reads along with the HTTP/1 library, byte by byte, and stops a connection at what the library takes and other
//! servers read differently: a bare line feed, two lengths, a length beside chunks, chunks with junk in them.
//!
//! The library gives up some of this before anybody behind it can see it: of two equal lengths it shows one, and of a
//! length beside chunks none. A head that is in doubt is still handed on, so that it can be answered in the words of
//! its dialect, but nothing behind it is.

/// The most bytes of a line that are kept: a header that says how long a body is needs no more.
const LINE_KEPT: usize = 64;

/// The most digits of a length, and of the size of a chunk: each fits into 64 bits.
const MOST_DIGITS: usize = 16;

/// What makes the framing of a request doubtful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// A line ends without a carriage return.
    BareLineFeed,
    /// The target has a fragment.
    Fragment,
    /// More than one length, one that is no plain number, or one beside a coding.
    Length,
    /// More than one coding, or another than `chunked`.
    Coding,
}

/// Why no more bytes of a connection are handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The head that ends here is in doubt. Its number is counted from 1.
    Head(Doubt, u64),
    /// What stands here is no chunk.
    Chunk,
}

/// Follows one connection.
#[derive(Debug)]
pub(super) struct Follower {
    state: State,
    line: Vec<u8>,
    /// How long the line is that is being read, also beyond what is kept of it.
    length: usize,
    after_cr: bool,
    head: Head,
    heads: u64,
}

/// What is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    Body(u64),
    /// The size of a chunk so far, and its digits.
    Size(u64, usize),
    Extension,
    /// The line feed behind the size.
    SizeEnd(u64),
    Data(u64),
    /// The end of a chunk's data: whether the carriage return has come.
    DataEnd(bool),
    Trailers,
}

/// What a head has said so far.
#[derive(Debug, Default)]
struct Head {
    is_begun: bool,
    lengths: usize,
    length: u64,
    codings: usize,
    doubt: Option<Doubt>,
}

impl Follower {
    pub(super) fn new() -> Self {
        Self {
            state: State::Head,
            line: Vec::new(),
            length: 0,
            after_cr: false,
            head: Head::default(),
            heads: 0,
        }
    }

    /// Follows what has come: how much of it may be handed on, and why no more.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> (usize, Option<Stop>) {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let left = (bytes.len() - at) as u64;
            if let State::Body(rest) | State::Data(rest) = self.state {
                let taken = rest.min(left);
                at += usize::try_from(taken).unwrap_or(usize::MAX);
                self.state = match (self.state, rest - taken) {
                    (State::Body(_), 0) => State::Head,
                    (State::Body(_), rest) => State::Body(rest),
                    (_, 0) => State::DataEnd(false),
                    (_, rest) => State::Data(rest),
                };
                continue;
            }
            let stop = match self.state {
                State::Head => self.head_byte(byte),
                State::Trailers => self.trailer_byte(byte),
                State::Body(_)
                | State::Size(..)
                | State::Extension
                | State::SizeEnd(_)
                | State::Data(_)
                | State::DataEnd(_) => self.chunk_byte(byte),
            };
            match stop {
                Some(stop @ Stop::Head(..)) => return (at + 1, Some(stop)),
                Some(Stop::Chunk) => return (at, stop),
                None => at += 1,
            }
        }
        (at, None)
    }

    /// Whether a request has begun of which the end has not come.
    pub(super) fn is_inside(&self) -> bool {
        self.state != State::Head || self.head.is_begun || self.length > 0
    }

    fn head_byte(&mut self, byte: u8) -> Option<Stop> {
        if byte == b'#' && !self.head.is_begun {
            self.head.doubt(Doubt::Fragment);
        }
        if byte != b'\n' {
            self.keep(byte);
            return None;
        }
        if !self.after_cr {
            self.head.doubt(Doubt::BareLineFeed);
        }
        let is_blank = self.end_line();
        if !is_blank {
            self.head.line(&self.line, self.length);
            self.forget_line();
            return None;
        }
        self.forget_line();
        if !self.head.is_begun {
            // Empty lines before a request are passed over by the rules.
            return None;
        }
        let head = std::mem::take(&mut self.head);
        self.heads += 1;
        self.state = match (head.codings, head.length) {
            (0, 0) => State::Head,
            (0, length) => State::Body(length),
            _ => State::Size(0, 0),
        };
        head.in_doubt().map(|doubt| Stop::Head(doubt, self.heads))
    }

    /// Keeps a byte of a line. The carriage return at its end is no part of it.
    fn keep(&mut self, byte: u8) {
        if std::mem::replace(&mut self.after_cr, byte == b'\r') {
            self.push(b'\r');
        }
        if byte != b'\r' {
            self.push(byte);
        }
    }

    fn push(&mut self, byte: u8) {
        self.length += 1;
        if self.line.len() < LINE_KEPT {
            self.line.push(byte);
        }
    }

    /// A line has ended; whether it was blank.
    const fn end_line(&mut self) -> bool {
        self.after_cr = false;
        self.length == 0
    }

    fn forget_line(&mut self) {
        self.line.clear();
        self.length = 0;
    }

    fn chunk_byte(&mut self, byte: u8) -> Option<Stop> {
        self.state = match (self.state, byte) {
            (State::Size(size, digits), _) if byte.is_ascii_hexdigit() && digits < MOST_DIGITS => {
                let digit = char::from(byte).to_digit(16).unwrap_or(0);
                State::Size(size << 4 | u64::from(digit), digits + 1)
            }
            (State::Size(size, 1..), b'\r') => State::SizeEnd(size),
            (State::Size(size, 1..), b';') => {
                self.head.length = size;
                State::Extension
            }
            (State::Extension, b'\r') => State::SizeEnd(self.head.length),
            (State::Extension, b'\t' | b' '..=b'~') => State::Extension,
            (State::SizeEnd(0), b'\n') => State::Trailers,
            (State::SizeEnd(size), b'\n') => State::Data(size),
            (State::DataEnd(false), b'\r') => State::DataEnd(true),
            (State::DataEnd(true), b'\n') => State::Size(0, 0),
            _ => return Some(Stop::Chunk),
        };
        None
    }

    fn trailer_byte(&mut self, byte: u8) -> Option<Stop> {
        match (self.after_cr, byte) {
            (true, b'\n') => {
                if self.end_line() {
                    self.head = Head::default();
                    self.state = State::Head;
                }
                self.forget_line();
                None
            }
            (false, b'\n') | (true, _) => Some(Stop::Chunk),
            (false, _) => {
                self.keep(byte);
                None
            }
        }
    }
}

impl Head {
    fn doubt(&mut self, doubt: Doubt) {
        self.doubt.get_or_insert(doubt);
    }

    /// Reads a line, of which `line` is all that is kept.
    fn line(&mut self, line: &[u8], length: usize) {
        if !std::mem::replace(&mut self.is_begun, true) {
            return;
        }
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { return };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let is_whole = length <= LINE_KEPT;
        if name.eq_ignore_ascii_case(b"content-length") {
            self.lengths += 1;
            match plain_number(value).filter(|_| is_whole) {
                Some(number) => self.length = number,
                None => self.doubt(Doubt::Length),
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.codings += 1;
            if !is_whole || !value.eq_ignore_ascii_case(b"chunked") {
                self.doubt(Doubt::Coding);
            }
        }
    }

    /// What is doubtful about a head that is whole.
    fn in_doubt(&self) -> Option<Doubt> {
        if self.codings > 1 {
            return Some(Doubt::Coding);
        }
        let lengths = self.lengths > 1 || self.lengths + self.codings > 1;
        self.doubt.or_else(|| lengths.then_some(Doubt::Length))
    }
}

/// A number in digits alone, without zeros in front.
fn plain_number(digits: &[u8]) -> Option<u64> {
    let is_plain = (1..=MOST_DIGITS).contains(&digits.len())
        && digits.iter().all(u8::is_ascii_digit)
        && (digits == b"0" || !digits.starts_with(b"0"));
    std::str::from_utf8(digits).ok().filter(|_| is_plain)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAIN: &str = "POST /v1/x HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc";
    const CHUNKED: &str = "POST /v1/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n\
                           3;a=\"b\"\r\nabc\r\n00\r\nx: y\r\n\r\n";

    fn stop(bytes: &str) -> Option<Stop> {
        Follower::new().follow(bytes.as_bytes()).1
    }

    fn head(lines: &str) -> Option<Stop> {
        stop(&format!("POST /v1/x HTTP/1.1\r\nhost: a\r\n{lines}\r\n"))
    }

    #[test]
    fn requests_one_after_another_are_followed_to_their_ends() {
        let all = [PLAIN, CHUNKED, "\r\n", PLAIN, "GET /x HTTP/1.1\r\nhost: a\r\n\r\n"].concat();
        assert_eq!(Follower::new().follow(all.as_bytes()), (all.len(), None));
        let bad = format!("{all}GET /y HTTP/1.1\nhost: a\r\n\r\nrest");
        let (taken, found) = Follower::new().follow(bad.as_bytes());
        assert_eq!(found, Some(Stop::Head(Doubt::BareLineFeed, 5)));
        assert_eq!(&bad[taken..], "rest", "the head is handed on, and nothing behind it");
    }

    #[test]
    fn a_head_that_two_servers_read_differently_is_in_doubt() {
        let doubt = |lines: &str| match head(lines) {
            Some(Stop::Head(doubt, 1)) => Some(doubt),
            _ => None,
        };
        assert_eq!(doubt("content-length: 3\r\n"), None);
        for lines in [
            "content-length: 3\r\ncontent-length: 3\r\n",
            "content-length: 3\r\ntransfer-encoding: chunked\r\n",
            "content-length: 03\r\n",
            "content-length: +3\r\n",
            "content-length: 3, 3\r\n",
            "content-length:\r\n",
            "content-length: 11111111111111111\r\n",
        ] {
            assert_eq!(doubt(lines), Some(Doubt::Length), "{lines}");
        }
        let long = format!("transfer-encoding: chunked{}\r\n", " ".repeat(60));
        for lines in [
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: gzip, chunked\r\n",
            "transfer-encoding: ,chunked\r\n",
            &long,
        ] {
            assert_eq!(doubt(lines), Some(Doubt::Coding), "{lines}");
        }
        assert_eq!(doubt("x: y\n"), Some(Doubt::BareLineFeed));
        assert_eq!(
            stop("GET /x#y HTTP/1.1\r\nhost: a\r\n\r\n"),
            Some(Stop::Head(Doubt::Fragment, 1))
        );
        assert_eq!(
            stop("\nGET / HTTP/1.1\r\nhost: a\r\n\r\n"),
            Some(Stop::Head(Doubt::BareLineFeed, 1))
        );
    }

    #[test]
    fn junk_between_chunks_is_no_chunk() {
        let head = "POST /v1/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
        for body in [
            "3 \r\n",
            "3\t\r\n",
            " 3\r\n",
            "+3\r\n",
            "0x3\r\n",
            "\r\n",
            "-1\r\n",
            "3\n",
            "3;a\n",
            "3;a\0\r\n",
            "3;a\rb",
            "3\r\nabcX",
            "3\r\nabc\n",
            "3\r\nabc\rX",
            "0\r\nx: y\n\r\n",
            "0\r\n\n",
            "0\r\nx\rX",
            "00000000000000003\r\n",
        ] {
            assert_eq!(stop(&format!("{head}{body}")), Some(Stop::Chunk), "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_found_does_not_depend_on_how_the_bytes_come(
            text in "(POST /x HTTP/1.1\r\n)?(host: a\r\n|content-length: 3\r?\n|transfer-encoding: chunked\r\n|x#: y\r?\n){0,4}(\r\n|\n){0,2}(3\r\nabc\r\n|3 \r\n|abc|0\r\n\r\n){0,4}",
            size in 1_usize..8,
        ) {
            let whole = Follower::new().follow(text.as_bytes());
            let mut cut = Follower::new();
            let mut taken = 0;
            let mut found = None;
            for piece in text.as_bytes().chunks(size) {
                let (some, stop) = cut.follow(piece);
                taken += some;
                found = stop;
                if stop.is_some() {
                    break;
                }
            }
            prop_assert_eq!((taken, found), whole);
        }
    }
}
