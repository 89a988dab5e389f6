//! Keys of checkpoints: Ed25519, in the PEM files that OpenSSL writes and reads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::rand::SecureRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use thiserror::Error;

use super::chain::{digest, hex};

/// What stands before the seed in a private key (PKCS #8, RFC 8410).
const PRIVATE: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// What stands before the point in a public key (RFC 8410).
const PUBLIC: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// Bytes of a seed and of a point.
const KEY: usize = 32;
/// Digits of the short name of a key.
const SHORT: usize = 16;

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// It is no private key of this kind.
    #[error("it is not an Ed25519 private key in PEM (`tidegate audit key` makes one)")]
    Private,
    /// It is no public key of this kind.
    #[error(
        "it is not an Ed25519 public key in PEM (`tidegate audit key --public PRIVATE` prints it)"
    )]
    Public,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Random,
}

/// Signs checkpoints, and keys digests of texts.
#[derive(Debug)]
pub struct Signer {
    pair: Ed25519KeyPair,
    digests: hmac::Key,
}

/// Knows what a signer signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; KEY]);

/// A new private key, in PEM.
///
/// # Errors
/// When there are no random bytes.
pub fn new_key(random: &dyn SecureRandom) -> Result<String, KeyError> {
    let mut seed = [0; KEY];
    random.fill(&mut seed).map_err(|_| KeyError::Random)?;
    Ok(pem("PRIVATE KEY", &[&PRIVATE[..], &seed].concat()))
}

impl Signer {
    /// A signer with the private key in a PEM text.
    ///
    /// # Errors
    /// When that is none.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes());
        let der = der.map_err(|_| KeyError::Private)?;
        let der = der.secret_pkcs8_der();
        let pair =
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| KeyError::Private)?;
        // Another key for another purpose: who may compare digests can sign nothing with what they have.
        let derived =
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, der), b"tidegate text digests v1");
        Ok(Self { pair, digests: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()) })
    }

    /// The signature of bytes, in base64.
    pub fn sign(&self, bytes: &[u8]) -> String {
        STANDARD.encode(self.pair.sign(bytes).as_ref())
    }

    /// The digest of a text that nobody can guess texts from who lacks the key, in hexadecimal digits.
    pub fn digest(&self, text: &str) -> String {
        hex(hmac::sign(&self.digests, text.as_bytes()).as_ref())
    }

    /// The key that knows its signatures.
    pub fn public(&self) -> PublicKey {
        let mut key = [0; KEY];
        key.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(key)
    }
}

impl PublicKey {
    /// The key in a PEM text.
    ///
    /// # Errors
    /// When that is none.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes());
        let der = der.map_err(|_| KeyError::Public)?;
        let key = der.as_ref().strip_prefix(&PUBLIC[..]).ok_or(KeyError::Public)?;
        Ok(Self(key.try_into().map_err(|_| KeyError::Public)?))
    }

    /// The key as a PEM text.
    pub fn to_pem(self) -> String {
        pem("PUBLIC KEY", &[&PUBLIC[..], &self.0].concat())
    }

    /// Its short name: the first digits of its SHA-256.
    pub fn name(self) -> String {
        digest(&self.0).chars().take(SHORT).collect()
    }

    /// Whether it made this signature, in base64, of these bytes.
    pub fn signed(self, bytes: &[u8], signature: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        UnparsedPublicKey::new(&ED25519, self.0).verify(bytes, &signature).is_ok()
    }
}

/// A PEM text: both sorts of key fit into one line.
fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;

    use super::*;

    #[test]
    fn a_new_key_signs_what_its_public_key_knows_and_no_other() {
        let signer = Signer::from_pem(&new_key(&SystemRandom::new()).unwrap()).unwrap();
        let other = Signer::from_pem(&new_key(&SystemRandom::new()).unwrap()).unwrap();
        let public = PublicKey::from_pem(&signer.public().to_pem()).unwrap();
        let signature = signer.sign(b"line");
        assert!(public.signed(b"line", &signature));
        assert!(!public.signed(b"lime", &signature));
        assert!(!public.signed(b"line", "AAAA"));
        assert!(!other.public().signed(b"line", &signature));
        assert_ne!(signer.digest("text"), other.digest("text"));
        assert_ne!(signer.public().name(), other.public().name());
    }

    #[test]
    fn keys_that_openssl_wrote_are_read() {
        // openssl genpkey -algorithm ed25519; openssl pkey -pubout
        let private = "-----BEGIN PRIVATE KEY-----\n\
            MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let public = "-----BEGIN PUBLIC KEY-----\n\
            MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
        assert_eq!(Signer::from_pem(private).unwrap().public().to_pem(), public);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            assert_eq!(Signer::from_pem(text).unwrap_err(), KeyError::Private, "{text}");
            assert_eq!(PublicKey::from_pem(text).unwrap_err(), KeyError::Public, "{text}");
        }
    }
}
