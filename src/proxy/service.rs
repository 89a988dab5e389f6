//! What the two listeners serve: the gate, with a limit of requests in flight and a net under every
//! exchange, and the admin routes.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::contain::{forget, part};
use super::listener::{ListenerSettings, serve};
use super::{GateBody, Gateway, reply};
use crate::telemetry::Metrics;

/// Serves the gate until `stop`, with at most `in_flight` requests at once; further ones are answered
/// with 503 and not queued, because who waits in the queue of an overloaded server has given up when
/// the turn comes.
pub async fn serve_data(
    listener: TcpListener,
    settings: ListenerSettings,
    gateway: Arc<Gateway>,
    in_flight: usize,
    stop: CancellationToken,
) {
    let free = Arc::new(Semaphore::new(in_flight));
    let service = service_fn(move |request| {
        let (gateway, free) = (Arc::clone(&gateway), Arc::clone(&free));
        // What an exchange needs until the head of its answer is much, and a connection keeps room for
        // its service as long as it lives: in a box it is given back when the answer begins.
        Box::pin(async move { Ok::<_, Infallible>(answer(&gateway, &free, request).await) })
    });
    serve(listener, settings, service, stop).await;
}

/// Serves the admin routes until `stop`.
pub async fn serve_admin(
    listener: TcpListener,
    settings: ListenerSettings,
    routes: axum::Router,
    stop: CancellationToken,
) {
    serve(listener, settings, TowerToHyperService::new(routes), stop).await;
}

/// One request, if there is room for it. A panic in an exchange ends that exchange alone.
async fn answer(
    gateway: &Gateway,
    free: &Arc<Semaphore>,
    request: Request<Incoming>,
) -> Response<GateBody> {
    let metrics = &gateway.telemetry().metrics;
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let voice = || gateway.live().voice(method.as_str(), uri.path());
    let Ok(permit) = Arc::clone(free).try_acquire_owned() else {
        return gateway.overloaded(&request);
    };
    // What the exchange shares with others is atomic or is put back only when it is whole.
    let handled = AssertUnwindSafe(gateway.handle(request)).catch_unwind().await;
    let response = handled.unwrap_or_else(|panic| {
        forget(panic);
        metrics.panicked("exchange");
        reply::internal_error(&voice())
    });
    let metrics = Arc::clone(metrics);
    response.map(|body| Contained { body: Some(body), metrics, _permit: permit }.boxed_unsync())
}

/// A body that counts as in flight to its last byte. A panic while it is made breaks it off, and one
/// while it is accounted for, which is when it is dropped, breaks nothing.
struct Contained {
    /// There until it is dropped.
    body: Option<GateBody>,
    metrics: Arc<Metrics>,
    _permit: OwnedSemaphorePermit,
}

impl Body for Contained {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let metrics = Arc::clone(&self.metrics);
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = part(&metrics, "exchange", || Pin::new(body).poll_frame(context));
        let broken = || Poll::Ready(Some(Err(std::io::Error::other("the exchange broke"))));
        polled.unwrap_or_else(broken)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for Contained {
    fn drop(&mut self) {
        let body = self.body.take();
        part(&self.metrics, "exchange", || drop(body)).unwrap_or_default();
    }
}
