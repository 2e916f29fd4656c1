//! The bytes of an edition as the vault knows them: their digests, their size and where they lie. Not how they are
//! read, written or hashed: that is `crate::content`.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use uuid::Uuid;

/// The SHA-256 of some content.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256(pub [u8; 32]);

/// The quickXorHash of some content (spec/graph.md 5.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct QuickXor(pub [u8; 20]);

/// A stored digest that has not the length of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest of {0} bytes")]
pub struct BadDigest(pub usize);

macro_rules! digest {
    ($name:ident) => {
        impl $name {
            /// Lower-case hexadecimal.
            pub fn to_hex(self) -> String {
                hex(&self.0)
            }

            /// Base64 with the standard alphabet, padded.
            pub fn to_base64(self) -> String {
                STANDARD.encode(self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.to_hex())
            }
        }

        /// As a database column holds it.
        impl TryFrom<&[u8]> for $name {
            type Error = BadDigest;

            fn try_from(bytes: &[u8]) -> Result<Self, BadDigest> {
                bytes.try_into().map($name).map_err(|_| BadDigest(bytes.len()))
            }
        }
    };
}

digest!(Sha256);
digest!(QuickXor);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a `String` does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Names one blob in the content store. Never used twice, and no client ever sees one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobKey(pub Uuid);

/// Text that is not the one spelling of a [`BlobKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a blob key")]
pub struct BadBlobKey;

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl fmt::Debug for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for BlobKey {
    type Err = BadBlobKey;

    fn from_str(text: &str) -> Result<Self, BadBlobKey> {
        let key = Self(Uuid::try_parse(text).map_err(|_| BadBlobKey)?);
        // Upper case, braces and the like are other texts, not other spellings.
        if key.to_string() == text { Ok(key) } else { Err(BadBlobKey) }
    }
}

/// Where the bytes of some content lie.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// Here, and in the row that names the content: it is small.
    Inline(Bytes),
    /// In the content store.
    Blob(BlobKey),
}

/// Shows how much, never what.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(bytes) => write!(f, "Inline({} bytes)", bytes.len()),
            Self::Blob(key) => write!(f, "Blob({key})"),
        }
    }
}

/// Some bytes that are kept: what identifies them and where they lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Identifies the bytes.
    pub sha256: Sha256,
    /// What Graph clients verify a transfer with.
    pub quick_xor: QuickXor,
    /// In bytes.
    pub size: u64,
    /// Where the bytes lie.
    pub place: Place,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_spells_itself_in_hex_and_base64() {
        let digest = QuickXor([0xf0; 20]);
        assert_eq!(digest.to_hex(), "f0".repeat(20));
        assert_eq!(format!("{digest:?}"), digest.to_hex());
        assert_eq!(digest.to_base64(), "8PDw8PDw8PDw8PDw8PDw8PDw8PA=");
    }

    #[test]
    fn a_digest_is_read_back_only_at_its_own_length() {
        assert_eq!(QuickXor::try_from([1; 20].as_slice()), Ok(QuickXor([1; 20])));
        assert_eq!(Sha256::try_from([1; 20].as_slice()), Err(BadDigest(20)));
    }

    #[test]
    fn a_blob_key_has_one_spelling() {
        let text = "01935c2a-0000-7000-8000-00000000000a";
        assert_eq!(text.parse::<BlobKey>().map(|key| key.to_string()), Ok(text.to_owned()));
        for other in [text.to_uppercase(), text.replace('-', ""), format!("{{{text}}}"), String::new()] {
            assert_eq!(other.parse::<BlobKey>(), Err(BadBlobKey), "{other:?}");
        }
    }

    #[test]
    fn a_place_does_not_print_its_bytes() {
        assert_eq!(format!("{:?}", Place::Inline(Bytes::from_static(b"secret"))), "Inline(6 bytes)");
    }
}
