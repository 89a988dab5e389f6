//! The gate's own listeners, to which no upstream may lead: through the data listener a client would reach what is
//! behind the admin listener, or send the gate in circles.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::TcpStream;
use tower::Service;

/// The addresses of the gate's own listeners, once they listen.
#[derive(Clone, Debug, Default)]
pub struct OwnAddresses(Arc<OnceLock<Vec<SocketAddr>>>);

impl OwnAddresses {
    /// The listeners are there. Only the first call counts.
    pub fn set(&self, addresses: Vec<SocketAddr>) {
        self.0.get_or_init(|| addresses);
    }

    /// Whether a connection leads to one of them: whatever name it was made by, what counts is where it came to.
    fn lead_to(&self, peer: SocketAddr, local: SocketAddr) -> bool {
        let (to, from) = (plain(peer.ip()), plain(local.ip()));
        let is_here = to == from || (to.is_loopback() && from.is_loopback());
        self.0.get().into_iter().flatten().any(|own| {
            let listens = plain(own.ip());
            own.port() == peer.port() && (listens == to || (listens.is_unspecified() && is_here))
        })
    }
}

/// An address of IPv4 in IPv6 is the one of IPv4.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// The connection led to the gate itself.
#[derive(Clone, Copy, Debug, Error)]
#[error("the address is one of the gate's own listeners")]
struct OwnListener;

/// A connector that does not connect to the gate itself.
#[derive(Clone, Debug)]
pub(super) struct OutwardConnector {
    pub(super) inner: HttpConnector,
    pub(super) own: OwnAddresses,
}

impl Service<Uri> for OutwardConnector {
    type Response = TokioIo<TcpStream>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let (connecting, own) = (self.inner.call(address), self.own.clone());
        Box::pin(async move {
            let stream = connecting.await?;
            let (peer, local) = (stream.inner().peer_addr()?, stream.inner().local_addr()?);
            if own.lead_to(peer, local) { Err(OwnListener.into()) } else { Ok(stream) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_leads_to_the_gate_by_whatever_name() {
        let own = OwnAddresses::default();
        let leads =
            |peer: &str, local: &str| own.lead_to(peer.parse().unwrap(), local.parse().unwrap());
        assert!(!leads("127.0.0.1:9901", "127.0.0.1:5"), "nothing listens yet");
        own.set(vec!["127.0.0.1:9901".parse().unwrap(), "0.0.0.0:8080".parse().unwrap()]);
        assert!(leads("127.0.0.1:9901", "127.0.0.1:5"));
        assert!(leads("[::ffff:127.0.0.1]:9901", "[::ffff:127.0.0.1]:5"));
        assert!(leads("127.0.0.2:8080", "127.0.0.1:5") && leads("10.0.0.5:8080", "10.0.0.5:5"));
        assert!(leads("[::1]:8080", "[::1]:5"));
        for (peer, local) in [
            ("127.0.0.1:9902", "127.0.0.1:5"),
            ("10.0.0.5:9901", "10.0.0.5:5"),
            ("10.0.0.6:8080", "10.0.0.5:5"),
        ] {
            assert!(!leads(peer, local), "{peer}");
        }
    }
}
