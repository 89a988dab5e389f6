//! The limits of time of one client connection.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::alarm::Alarm;
use super::strict::Doubt;

/// How long a client connection may do nothing.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionTimes {
    /// From the first byte of a request's head to its last; on a new connection also the wait for the
    /// first byte, and the TLS handshake.
    pub header: Duration,
    /// Between the end of one exchange and the first byte of the next.
    pub keep_alive: Duration,
    /// While there is something to write and the client takes none of it.
    pub write_stall: Duration,
}

/// What goes on on a connection, as its service and its socket both see it.
#[derive(Debug)]
pub(super) struct Activity {
    /// When the connection was made.
    start: Instant,
    /// Milliseconds from the start to when the last exchange ended.
    idle_from: AtomicU64,
    /// Exchanges under way: from the head of the request to the end of the answer's body.
    in_flight: AtomicUsize,
    /// Exchanges that ever began.
    begun: AtomicU64,
    /// Answers that gave a piece of their body and were not asked for the next one yet.
    waiting_for_client: AtomicUsize,
    /// How often answers were asked for a piece.
    asked: AtomicU64,
    /// What is doubtful about a request, and which one it is, counted from 1. None is read behind it.
    doubt: OnceLock<(Doubt, u64)>,
}

impl Activity {
    /// A connection on which nothing has gone on yet.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            idle_from: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            begun: AtomicU64::new(0),
            waiting_for_client: AtomicUsize::new(0),
            asked: AtomicU64::new(0),
            doubt: OnceLock::new(),
        })
    }

    /// An exchange begins; it ends when the guard is dropped.
    pub(super) fn enter(self: &Arc<Self>) -> Exchanging {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let number = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        Exchanging { activity: Arc::clone(self), number, handed_out: false }
    }

    /// A request of the connection is in doubt.
    pub(super) fn note_doubt(&self, doubt: Doubt, number: u64) {
        self.doubt.get_or_init(|| (doubt, number));
    }

    fn is_busy(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) > 0
    }

    /// Waits until the client has taken nothing for `limit` although answers wait for it. The socket's
    /// own limit does not see this over HTTP/2, where a client can stop single streams.
    pub(super) async fn stalled(&self, limit: Duration) {
        loop {
            let before = self.asked.load(Ordering::Relaxed);
            let waiting = self.waiting_for_client.load(Ordering::Relaxed) > 0;
            tokio::time::sleep(limit).await;
            let still = self.waiting_for_client.load(Ordering::Relaxed) > 0;
            if waiting && still && self.asked.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }
}

/// An exchange under way.
#[derive(Debug)]
pub(super) struct Exchanging {
    activity: Arc<Activity>,
    /// Which one of the connection it is, counted from 1.
    number: u64,
    handed_out: bool,
}

impl Exchanging {
    /// What is doubtful about the request.
    pub(super) fn doubt(&self) -> Option<Doubt> {
        let (doubt, number) = self.activity.doubt.get()?;
        (*number == self.number).then_some(*doubt)
    }

    /// The answer is asked for a piece of its body.
    pub(super) fn asked(&mut self) {
        self.activity.asked.fetch_add(1, Ordering::Relaxed);
        self.take_back();
    }

    /// The answer gave a piece, which the client has yet to take.
    pub(super) fn handed_out(&mut self) {
        if !self.handed_out {
            self.handed_out = true;
            self.activity.waiting_for_client.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn take_back(&mut self) {
        if self.handed_out {
            self.handed_out = false;
            self.activity.waiting_for_client.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Exchanging {
    fn drop(&mut self) {
        self.take_back();
        let Activity { start, idle_from, in_flight, .. } = &*self.activity;
        let now = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        idle_from.store(now, Ordering::Relaxed);
        in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A socket that ends when the client keeps it waiting.
///
/// The server library's own limit for heads counts the pause between two requests too, so that it
/// could not be shorter than the one for idle connections; hence this.
#[derive(Debug)]
pub(super) struct TimedIo<T> {
    socket: T,
    activity: Arc<Activity>,
    times: ConnectionTimes,
    protocol: Protocol,
    /// Exchanges that had begun when the connection was last looked at.
    seen: u64,
    /// When the first byte of a head came that is not complete yet (HTTP/1 only).
    head_since: Option<Instant>,
    silence: Alarm,
    stall: Alarm,
}

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

impl<T> TimedIo<T> {
    pub(super) fn new(
        socket: T,
        protocol: Protocol,
        activity: Arc<Activity>,
        times: ConnectionTimes,
    ) -> Self {
        Self {
            socket,
            activity,
            times,
            protocol,
            seen: 0,
            head_since: None,
            silence: Alarm::default(),
            stall: Alarm::default(),
        }
    }

    /// Bytes have come.
    fn note_read(&mut self) {
        if self.protocol != Protocol::Http2 && !self.activity.is_busy() && self.head_since.is_none()
        {
            self.head_since = Some(Instant::now());
        }
    }

    /// Ready when the client has been silent for too long.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let begun = self.activity.begun.load(Ordering::Relaxed);
            let busy = self.activity.is_busy();
            if busy || begun != self.seen {
                self.seen = begun;
                self.head_since = None;
            }
            if !busy {
                self.silence.set(self.deadline());
                return self.silence.poll(cx);
            }
            // The server may not read again when the exchange ends, so the timer looks again.
            if !self.silence.is_set() {
                self.silence.set(Instant::now() + self.times.keep_alive);
            }
            ready!(self.silence.poll(cx));
        }
    }

    fn deadline(&self) -> Instant {
        if let Some(since) = self.head_since {
            return since + self.times.header;
        }
        let idle_from = Duration::from_millis(self.activity.idle_from.load(Ordering::Relaxed));
        let is_new = self.seen == 0;
        let limit = if is_new { self.times.header } else { self.times.keep_alive };
        self.activity.start + idle_from + limit
    }

    /// Lets a write through, or fails when the client takes nothing for too long.
    fn poll_stall<R>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if written.is_ready() {
            self.stall.clear();
            return written;
        }
        if !self.stall.is_set() {
            self.stall.set(Instant::now() + self.times.write_stall);
        }
        ready!(self.stall.poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for TimedIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.socket).poll_read(cx, buffer) {
            if buffer.filled().len() > before {
                self.note_read();
            }
            return Poll::Ready(read);
        }
        // The end of the stream: the server closes the connection as if the client had.
        self.poll_silence(cx).map(Ok)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for TimedIo<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.poll_stall(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        self.poll_stall(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        self.poll_stall(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.socket).poll_shutdown(cx);
        self.poll_stall(cx, closed)
    }
}
