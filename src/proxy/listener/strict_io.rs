//! A socket of HTTP/1 from which nothing is read behind a request that is in doubt.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::alarm::Alarm;
use super::strict::{Follower, Stop};
use super::timed::Activity;

/// Bytes that are read at once to be thrown away: a socket that is closed with bytes in it is reset, and the client
/// might not read why its request was refused.
const THROWN_AWAY: usize = 4096;

/// How long the rest of a request is thrown away after the answer, and how much of it.
const LINGERING: Duration = Duration::from_secs(2);
const MOST_LINGERED: usize = 32 << 20;

/// A socket that is followed.
#[derive(Debug)]
pub(super) struct StrictIo<T> {
    socket: T,
    follower: Follower,
    activity: Arc<Activity>,
    stop: Option<Stop>,
    /// What was thrown away since the answer ended, while a request was under way.
    lingered: Option<usize>,
    patience: Alarm,
}

impl<T> StrictIo<T> {
    pub(super) fn new(socket: T, activity: Arc<Activity>) -> Self {
        Self {
            socket,
            follower: Follower::new(),
            activity,
            stop: None,
            lingered: None,
            patience: Alarm::default(),
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for StrictIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.stop {
            Some(Stop::Chunk) => return Poll::Ready(Err(no_chunk())),
            Some(Stop::Head(..)) => return self.throw_away(cx),
            None => {}
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, buffer))?;
        let new = buffer.filled().get(before..).unwrap_or_default();
        let (taken, stop) = self.follower.follow(new);
        if let Some(stop) = stop {
            self.stop = Some(stop);
            buffer.set_filled(before + taken);
            if let Stop::Head(doubt, number) = stop {
                self.activity.note_doubt(doubt, number);
            } else if taken == 0 {
                return Poll::Ready(Err(no_chunk()));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + Unpin> StrictIo<T> {
    /// Ready when the client has sent the rest of its request and closed, or has had its time.
    fn linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [0; THROWN_AWAY];
        loop {
            if self.patience.poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer));
            let lingered = self.lingered.unwrap_or(0) + buffer.filled().len();
            self.lingered = Some(lingered);
            if read.is_err() || buffer.filled().is_empty() || lingered > MOST_LINGERED {
                return Poll::Ready(());
            }
        }
    }

    /// Ready when the client has closed, or was silent for too long.
    fn throw_away(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; THROWN_AWAY];
        let mut buffer = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer))?;
        if buffer.filled().is_empty() {
            return Poll::Ready(Ok(()));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

fn no_chunk() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "this is no chunk")
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for StrictIo<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingered.is_none() {
            ready!(Pin::new(&mut self.socket).poll_shutdown(cx))?;
            if self.stop.is_none() && !self.follower.is_inside() {
                return Poll::Ready(Ok(()));
            }
            self.lingered = Some(0);
            self.patience.set(Instant::now() + LINGERING);
        }
        self.linger(cx).map(Ok)
    }
}
