//! Texts as they lie in the store: in the clear, or encrypted with a key that only the gates have.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use super::StoreError;

/// What stands before what is encrypted.
const MARK: &str = "aes256gcm:";
/// The fewest characters of a secret that is a key.
pub(super) const SHORTEST: usize = 32;

/// A key that encrypts texts (AES-256-GCM, a fresh nonce for each; the row's id is authenticated with it).
pub struct TextKey(LessSafeKey);

impl std::fmt::Debug for TextKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TextKey(…)")
    }
}

impl TextKey {
    /// The key that a long random secret stands for.
    ///
    /// # Errors
    /// A sentence where the secret is too short to be one.
    pub fn new(secret: &str) -> Result<Self, String> {
        let short = format!(
            "the key has fewer than {SHORTEST} characters; `openssl rand -base64 32` makes one"
        );
        if secret.len() < SHORTEST {
            return Err(short);
        }
        let bytes = digest(&SHA256, [b"tidegate texts\0", secret.as_bytes()].concat().as_slice());
        let key = UnboundKey::new(&AES_256_GCM, bytes.as_ref()).map_err(|_| short)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    pub(super) fn seal(&self, id: &str, text: &str) -> Result<String, StoreError> {
        let failed = |_| StoreError::Away("a text cannot be encrypted".to_owned());
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(failed)?;
        let mut bytes = text.as_bytes().to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(unique, Aad::from(id), &mut bytes).map_err(failed)?;
        Ok([MARK, &BASE64.encode([&nonce[..], &bytes].concat())].concat())
    }
}

/// A text as it lies in the store, by the id of its row.
pub(super) fn seal(key: Option<&TextKey>, id: &str, text: &str) -> Result<String, StoreError> {
    key.map_or_else(|| Ok(text.to_owned()), |key| key.seal(id, text))
}

/// The text that lies in the store.
pub(super) fn open(key: Option<&TextKey>, id: &str, text: String) -> Result<String, StoreError> {
    let Some(sealed) = text.strip_prefix(MARK) else { return Ok(text) };
    let unreadable =
        |what: &str| StoreError::Unreadable(format!("a text was encrypted with {what}"));
    let key = key.ok_or_else(|| unreadable("a key that is not given (`store.key`)"))?;
    let mut bytes = BASE64.decode(sealed).map_err(|_| unreadable("something else"))?;
    let nonce =
        bytes.get(..NONCE_LEN).and_then(|nonce| Nonce::try_assume_unique_for_key(nonce).ok());
    let nonce = nonce.ok_or_else(|| unreadable("something else"))?;
    let plain = key.0.open_within(nonce, Aad::from(id), &mut bytes, NONCE_LEN..);
    let plain = plain.map_err(|_| unreadable("another key, or changed"))?;
    String::from_utf8(plain.to_vec()).map_err(|_| unreadable("something else"))
}
