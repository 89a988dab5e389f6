//! What the other system says of somebody, in a token that it signed.

use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::{JwkSet, PublicKeyUse};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey, Validation, decode,
    decode_header,
};
use ring::signature as ring_signature;
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error as ThisError;

/// How far clocks may be apart, in seconds.
const LEEWAY: u64 = 60;

/// The most bytes of a subject (OpenID Connect Core 1.0, 2).
const MOST_SUBJECT: usize = 255;

/// Why a token is not believed.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
pub(super) enum Unbelieved {
    /// No key that was published has signed it.
    #[error("no published key of that name signs ID tokens")]
    Key,
    /// It is malformed, expired, for somebody else, or not signed.
    #[error("the ID token is not valid: {0}")]
    Token(String),
    /// It was not made for this sign-in.
    #[error("the ID token was not made for this sign-in")]
    Nonce,
}

/// What is said.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Claims {
    /// Who it is, for good.
    pub(super) sub: String,
    /// When they showed there who they are, in seconds since 1970.
    #[serde(default)]
    pub(super) auth_time: Option<i64>,
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    aud: Value,
    /// Everything else.
    #[serde(flatten)]
    pub(super) more: Map<String, Value>,
}

/// Whom a token has to come from, and whom and what it has to be for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'e> {
    pub(super) issuer: &'e str,
    pub(super) client: &'e str,
    pub(super) nonce: &'e str,
}

/// Believes a token, or not (OpenID Connect Core 1.0, 3.1.3.7).
///
/// # Errors
/// When it is not signed by one of the keys, or not for us and now.
pub(super) fn believe(
    token: &str,
    keys: &JwkSet,
    expected: Expected<'_>,
) -> Result<Claims, Unbelieved> {
    use_ring();
    let wrong = |error: Error| Unbelieved::Token(error.to_string());
    let header = decode_header(token).map_err(wrong)?;
    // A shared secret as a key would make the public keys secrets of everybody.
    if header.alg.family() == AlgorithmFamily::Hmac {
        return Err(Unbelieved::Token("it is not signed with a public key".to_owned()));
    }
    let key = match (&header.kid, &*keys.keys) {
        (Some(kid), _) => keys.find(kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let key = key.ok_or(Unbelieved::Key)?;
    if key.common.public_key_use == Some(PublicKeyUse::Encryption) {
        return Err(Unbelieved::Key);
    }
    let key = DecodingKey::from_jwk(key).map_err(wrong)?;
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.leeway = LEEWAY;
    validation.validate_nbf = true;
    let claims = decode::<Claims>(token, &key, &validation).map_err(wrong)?.claims;
    let for_many = claims.aud.as_array().is_some_and(|audiences| audiences.len() > 1);
    let party = claims.azp.as_deref();
    if party.is_some_and(|party| party != expected.client) || (for_many && party.is_none()) {
        return Err(Unbelieved::Token("it is for another client".to_owned()));
    }
    if claims.sub.is_empty() || claims.sub.len() > MOST_SUBJECT {
        return Err(Unbelieved::Token("its subject is none".to_owned()));
    }
    if claims.nonce != expected.nonce {
        return Err(Unbelieved::Nonce);
    }
    Ok(claims)
}

// === signatures by ring, which everything else here uses too ===

/// Tells the library of tokens, once in a process, who verifies.
fn use_ring() {
    static ONCE: Once = Once::new();
    static RING: CryptoProvider = CryptoProvider {
        signer_factory: no_signer,
        verifier_factory: verifier,
        key_utils: KeyUtils::new_unimplemented(),
    };
    ONCE.call_once(|| {
        // Somebody else in this process may have told it already, which is as good.
        RING.install_default().unwrap_or_default();
    });
}

/// We sign nothing.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the library calls it so")]
fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    Err(ErrorKind::InvalidAlgorithm.into())
}

#[derive(Debug)]
struct Ring {
    algorithm: Algorithm,
    way: Way,
    key: DecodingKey,
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Rsa(&'static ring_signature::RsaParameters),
    Other(&'static dyn ring_signature::VerificationAlgorithm),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the library calls it so")]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let way = match algorithm {
        Algorithm::RS256 => Way::Rsa(&ring_signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Way::Rsa(&ring_signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Way::Rsa(&ring_signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Way::Rsa(&ring_signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Way::Rsa(&ring_signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Way::Rsa(&ring_signature::RSA_PSS_2048_8192_SHA512),
        Algorithm::ES256 => Way::Other(&ring_signature::ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Way::Other(&ring_signature::ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Way::Other(&ring_signature::ED25519),
        // Secrets that are shared sign nothing here, and what the library learns later is not known to ring.
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 | _ => {
            return Err(ErrorKind::InvalidAlgorithm.into());
        }
    };
    if key.family() != algorithm.family() {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Box::new(Ring { algorithm: *algorithm, way, key: key.clone() }))
}

impl signature::Verifier<Vec<u8>> for Ring {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> Result<(), signature::Error> {
        let verified = match (self.way, self.key.kind()) {
            (Way::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                ring_signature::RsaPublicKeyComponents { n, e }.verify(parameters, message, signed)
            }
            (Way::Rsa(parameters), DecodingKeyKind::SecretOrDer(key)) => {
                ring_signature::UnparsedPublicKey::new(parameters, key).verify(message, signed)
            }
            (Way::Other(way), DecodingKeyKind::SecretOrDer(key)) => {
                ring_signature::UnparsedPublicKey::new(way, key).verify(message, signed)
            }
            (Way::Other(_), DecodingKeyKind::RsaModulusExponent { .. }) => {
                return Err(signature::Error::new());
            }
        };
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Ring {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;

    struct Issuer {
        pair: EcdsaKeyPair,
        keys: JwkSet,
    }

    fn issuer() -> Issuer {
        let random = SystemRandom::new();
        let way = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(way, pkcs8.as_ref(), &random).unwrap();
        let point = pair.public_key().as_ref()[1..].to_vec();
        let keys = json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "kid": "k", "use": "sig", "alg": "ES256",
            "x": BASE64.encode(&point[..32]), "y": BASE64.encode(&point[32..]),
        }] });
        Issuer { pair, keys: serde_json::from_value(keys).unwrap() }
    }

    impl Issuer {
        fn token(&self, header: &Value, claims: &Value) -> String {
            let part = |value: &Value| BASE64.encode(value.to_string());
            let signed = format!("{}.{}", part(header), part(claims));
            let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
            format!("{signed}.{}", BASE64.encode(signature))
        }
    }

    const EXPECTED: Expected<'_> = Expected { issuer: "https://id", client: "us", nonce: "n" };

    fn header() -> Value {
        json!({ "alg": "ES256", "kid": "k" })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = json!({ "iss": "https://id", "aud": "us", "sub": "1", "exp": 4_000_000_000_u64, "nonce": "n" });
        let members = claims.as_object_mut().unwrap();
        members.insert(name.to_owned(), value);
        members.retain(|_, value| !value.is_null());
        claims
    }

    #[test]
    fn a_token_for_us_and_this_sign_in_is_believed() {
        let issuer = issuer();
        let token = issuer.token(&header(), &with("groups", json!(["mods"])));
        let claims = believe(&token, &issuer.keys, EXPECTED).unwrap();
        assert_eq!((claims.sub.as_str(), &claims.more["groups"]), ("1", &json!(["mods"])));
        let many = issuer.token(&header(), &{
            let mut claims = with("aud", json!(["us", "others"]));
            claims["azp"] = json!("us");
            claims
        });
        assert!(believe(&many, &issuer.keys, EXPECTED).is_ok());
    }

    #[test]
    fn a_token_of_anybody_else_for_anybody_else_or_of_another_time_is_not() {
        let (issuer, other) = (issuer(), issuer());
        let cases = [
            ("iss", json!("https://evil")),
            ("aud", json!("them")),
            ("aud", json!(["us", "them"])),
            ("azp", json!("them")),
            ("exp", json!(1)),
            ("exp", json!("soon")),
            ("exp", Value::Null),
            ("nbf", json!(4_000_000_000_u64)),
            ("nonce", json!("another")),
            ("nonce", Value::Null),
            ("sub", Value::Null),
            ("sub", json!("")),
            ("sub", json!("s".repeat(300))),
            ("aud", Value::Null),
        ];
        for (name, value) in cases {
            let token = issuer.token(&header(), &with(name, value.clone()));
            assert!(believe(&token, &issuer.keys, EXPECTED).is_err(), "{name} {value}");
        }
        let fine = with("x", json!(1));
        assert!(believe(&other.token(&header(), &fine), &issuer.keys, EXPECTED).is_err());
        for header in [
            json!({ "alg": "none" }),
            json!({ "alg": "HS256", "kid": "k" }),
            json!({ "alg": "RS256", "kid": "k" }),
            json!({ "alg": "ES256", "kid": "unknown" }),
        ] {
            let token = issuer.token(&header, &fine);
            assert!(believe(&token, &issuer.keys, EXPECTED).is_err(), "{header}");
        }
        let token = issuer.token(&header(), &fine);
        for cut in ["", ".", "..", &token[..token.len() - 2], &token[2..]] {
            assert!(believe(cut, &issuer.keys, EXPECTED).is_err(), "{cut}");
        }
    }
}
