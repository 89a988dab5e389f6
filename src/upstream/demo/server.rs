//! The demo model on a socket, for `tidegate mock-upstream`.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Demo, Reply};

/// The largest request body that is read.
const LARGEST_BODY: usize = 16 << 20;

/// Serves the demo model until the token is cancelled.
pub async fn serve_mock(listener: TcpListener, demo: Demo, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors: wait for some to come back.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        };
        stream.set_nodelay(true).unwrap_or_default();
        let demo = demo.clone();
        tasks.spawn(async move {
            let service = service_fn(|request| answer(demo.clone(), request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A client that goes away in mid-answer is no fault of the demo's.
            connection.await.unwrap_or_default();
        });
    }
}

async fn answer(demo: Demo, request: Request<Incoming>) -> Result<Response<MockBody>, Infallible> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, LARGEST_BODY).collect().await;
    let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let reply = demo.reply(&head.method, head.uri.path(), &body);
    let mut response = Response::new(MockBody::new(reply.clone()));
    *response.status_mut() = reply.status;
    let content_type = http::HeaderValue::from_static(reply.content_type);
    response.headers_mut().insert(http::header::CONTENT_TYPE, content_type);
    Ok(response)
}

/// A reply as a body: each piece after its pause.
struct MockBody {
    pieces: std::vec::IntoIter<(std::time::Duration, Bytes)>,
    next: Option<Bytes>,
    pause: Option<Pin<Box<Sleep>>>,
    whole: Option<u64>,
    breaks_off: bool,
    /// Whether the connection had a chance to send what was written.
    let_out: bool,
}

impl MockBody {
    fn new(reply: Reply) -> Self {
        let whole = match reply.pieces.as_slice() {
            [(_, one)] if !reply.breaks_off => Some(one.len() as u64),
            _ => None,
        };
        Self {
            pieces: reply.pieces.into_iter(),
            next: None,
            pause: None,
            whole,
            breaks_off: reply.breaks_off,
            let_out: false,
        }
    }
}

impl Body for MockBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        loop {
            if let Some(pause) = &mut self.pause {
                if pause.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                self.pause = None;
            }
            if let Some(piece) = self.next.take() {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            match self.pieces.next() {
                Some((pause, piece)) => {
                    self.next = Some(piece);
                    self.pause = (!pause.is_zero()).then(|| Box::pin(tokio::time::sleep(pause)));
                }
                None if self.breaks_off && !self.let_out => {
                    // What was written goes out while the body waits; then the connection may break.
                    self.let_out = true;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                None if self.breaks_off => {
                    self.breaks_off = false;
                    let error = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
                    return Poll::Ready(Some(Err(error)));
                }
                None => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        !self.breaks_off && self.next.is_none() && self.pieces.len() == 0
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.whole.map_or_else(http_body::SizeHint::new, http_body::SizeHint::with_exact)
    }
}
