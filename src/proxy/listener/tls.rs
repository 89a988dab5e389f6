//! The server side of TLS.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why certificate and key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate chain is no PEM, or is empty.
    #[error("the certificate chain cannot be read: {0}")]
    Certificates(pem::Error),
    /// The private key is no PEM.
    #[error("the private key cannot be read: {0}")]
    Key(pem::Error),
    /// They do not fit each other, or are of a kind that is not supported.
    #[error("certificate and key cannot be used: {0}")]
    Pair(#[from] rustls::Error),
}

/// Certificate and key of a listener, which a reload can replace: connections that exist keep theirs.
#[derive(Debug)]
pub struct ServerTls(ArcSwap<ServerConfig>);

impl ServerTls {
    /// TLS 1.2 and 1.3 with this certificate chain and key (PEM), offering HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// When certificate or key cannot be read, or do not belong together.
    pub fn new(certificates: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        Ok(Self(ArcSwap::from_pointee(server_config(certificates, key)?)))
    }

    /// Takes the certificate and key of another one, from the next connection on.
    pub fn replace(&self, other: &Self) {
        self.0.store(other.0.load_full());
    }

    /// What the next connection gets.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        self.0.load_full()
    }
}

fn server_config(certificates: &[u8], key: &[u8]) -> Result<ServerConfig, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificates)
        .collect::<Result<_, _>>()
        .map_err(TlsError::Certificates)?;
    if chain.is_empty() {
        return Err(TlsError::Certificates(pem::Error::NoItemsFound));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(TlsError::Key)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &[u8] = include_bytes!("../../../tests/fixtures/tls/server.pem");
    const KEY: &[u8] = include_bytes!("../../../tests/fixtures/tls/server.key.pem");

    #[test]
    fn http_2_is_offered_first() {
        let config = server_config(CERTIFICATE, KEY).unwrap();
        assert_eq!(config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    }

    #[test]
    fn each_broken_part_is_named() {
        assert!(matches!(server_config(b"", KEY), Err(TlsError::Certificates(_))));
        assert!(matches!(server_config(CERTIFICATE, b"x"), Err(TlsError::Key(_))));
        let other = include_bytes!("../../../tests/fixtures/tls/authority.pem");
        assert!(matches!(server_config(other, KEY), Err(TlsError::Pair(_))));
    }
}
