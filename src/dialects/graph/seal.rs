//! What clients bring back as it was given to them: signed with a key of the installation, so that any node reads it and nobody
//! can make one, and good for the very thing it was given for.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::error::{Error, Result};

/// Signs what is said of one thing, and knows it again.
pub struct Seal {
    key: [u8; 32],
    thing: String,
}

/// Of the signature, so many bytes.
const SIGNATURE: usize = 16;
/// Longest text that is read at all: a name of four-byte letters, encoded, is shorter.
const LONGEST: usize = 4096;

impl Seal {
    /// That of one thing. To others, what it writes says nothing.
    pub fn new(key: [u8; 32], thing: String) -> Self {
        Self { key, thing }
    }

    /// The text that says this.
    pub fn write(&self, said: &[u8]) -> Result<String> {
        let mut bytes = said.to_vec();
        bytes.extend(self.mac(said)?.finalize().into_bytes().iter().take(SIGNATURE));
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What a text says; `None`: it was not written here, or is about something else.
    pub fn read(&self, text: &str) -> Option<Vec<u8>> {
        if text.len() > LONGEST {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (said, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE)?)?;
        self.mac(said).ok()?.verify_truncated_left(signature).ok()?;
        Some(said.to_vec())
    }

    fn mac(&self, said: &[u8]) -> Result<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(|error| Error::broken(error.to_string()))?;
        // the length keeps the thing and what is said of it apart
        mac.update(&u64::try_from(self.thing.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(self.thing.as_bytes());
        mac.update(said);
        Ok(mac)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seal(key: u8, thing: &str) -> Seal {
        Seal::new([key; 32], thing.to_owned())
    }

    proptest! {
        #[test]
        fn what_is_said_is_read_by_who_has_the_key_and_asks_for_the_same(
            said in prop::collection::vec(any::<u8>(), 0..64), thing in "[a-z]{0,4}", other in "[a-z]{0,4}",
        ) {
            let text = seal(1, &thing).write(&said).unwrap();
            prop_assert_eq!(seal(1, &thing).read(&text), Some(said.clone()));
            prop_assert_eq!(seal(2, &thing).read(&text), None);
            prop_assert_eq!(seal(1, &other).read(&text), (other == thing).then_some(said));
        }

        #[test]
        fn what_was_changed_says_nothing(
            said in prop::collection::vec(any::<u8>(), 0..64), at: prop::sample::Index, bit in 0_u8..8,
        ) {
            let mut bytes = URL_SAFE_NO_PAD.decode(seal(1, "users").write(&said).unwrap()).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(seal(1, "users").read(&URL_SAFE_NO_PAD.encode(&bytes)), None);
            bytes.truncate(at);
            prop_assert_eq!(seal(1, "users").read(&URL_SAFE_NO_PAD.encode(&bytes)), None);
        }

        #[test]
        fn nonsense_says_nothing(text in "\\PC{0,120}") {
            prop_assert_eq!(seal(1, "users").read(&text), None);
        }
    }
}
