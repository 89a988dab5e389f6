//! Whom the client side of TLS trusts.

use std::sync::Arc;

use hyper_rustls::ConfigBuilderExt as _;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

/// Certificate authorities that take the place of those of the platform.
#[derive(Clone, Debug)]
pub struct Authorities(Arc<RootCertStore>);

/// Why certificate authorities cannot be used.
#[derive(Debug, Error)]
pub enum AuthoritiesError {
    /// The file is no PEM, or something in it is no certificate.
    #[error("the certificate authorities cannot be read: {0}")]
    Unreadable(String),
    /// There is none in it.
    #[error("there is no certificate in the file")]
    Empty,
}

impl Authorities {
    /// Reads certificates in PEM.
    ///
    /// # Errors
    /// When one of them cannot be used, or there is none.
    pub fn from_pem(pem: &[u8]) -> Result<Self, AuthoritiesError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let unreadable =
                |error: &dyn std::fmt::Display| AuthoritiesError::Unreadable(error.to_string());
            let certificate = certificate.map_err(|error| unreadable(&error))?;
            roots.add(certificate).map_err(|error| unreadable(&error))?;
        }
        if roots.is_empty() {
            return Err(AuthoritiesError::Empty);
        }
        Ok(Self(Arc::new(roots)))
    }
}

/// What a connection needs: trust in the given authorities or in those of the platform. Where no TLS
/// is spoken nobody is trusted, so that a machine without certificates can run.
pub(super) fn client_config(
    spoken: bool,
    authorities: Option<&Authorities>,
) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?;
    let builder = match authorities {
        Some(Authorities(roots)) => builder.with_root_certificates(Arc::clone(roots)),
        None if spoken => builder.try_with_platform_verifier()?,
        None => builder.with_root_certificates(RootCertStore::empty()),
    };
    Ok(builder.with_no_client_auth())
}

/// What a TLS connection to something else than a model needs: trust in these authorities, or in those of the platform.
///
/// # Errors
/// When the platform has none that can be used.
pub fn trusting(authorities: Option<&Authorities>) -> Result<ClientConfig, rustls::Error> {
    client_config(true, authorities)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        let key = include_bytes!("../../tests/fixtures/tls/server.key.pem");
        let authority = include_bytes!("../../tests/fixtures/tls/authority.pem");
        assert!(Authorities::from_pem(authority).is_ok());
        assert!(matches!(Authorities::from_pem(key), Err(AuthoritiesError::Empty)));
        assert!(matches!(Authorities::from_pem(b"x"), Err(AuthoritiesError::Empty)));
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(Authorities::from_pem(broken), Err(AuthoritiesError::Unreadable(_))));
    }
}
