//! Tokens of the change feed: where a reader stands, signed with a key of the installation, so that any node can go on and
//! nobody can stand where nobody was. What a token is bound to is not in it but in its signature.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::domain::{
    error::{Error, Result},
    feed::{PATH, Stretch, TreePlace},
    id::{ItemId, LibraryId, PrincipalId},
};

/// Where a reader stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// It knows everything up to this place of the feed.
    Since(i64),
    /// It is listing what there is, and knew nothing when the feed ended here.
    Listing {
        /// Where the feed ended.
        since: i64,
        /// The last one listed.
        after: TreePlace,
    },
    /// It is reading what has changed.
    Changes(Stretch),
}

/// What a token is good for; for anything else it says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The drive.
    pub library: LibraryId,
    /// The folder that is followed.
    pub folder: ItemId,
    /// Whoever follows it.
    pub caller: Option<PrincipalId>,
    /// What decides who sees what there.
    pub fingerprint: [u8; 8],
}

/// Writes and reads tokens.
#[derive(Clone, Copy, Debug)]
pub struct Codec {
    /// The key of the installation.
    pub key: [u8; 32],
    /// What its tokens are good for.
    pub bound: Bound,
}

const VERSION: u8 = 1;
/// Of the signature, so many bytes: a token is long enough with them.
const SIGNATURE: usize = 16;

impl Codec {
    /// A token as a text.
    pub fn write(&self, token: &Token) -> Result<String> {
        let mut bytes = vec![VERSION];
        match token {
            Token::Since(position) => {
                bytes.push(0);
                bytes.extend(position.to_be_bytes());
            }
            Token::Listing { since, after } => {
                bytes.push(1);
                bytes.extend(since.to_be_bytes());
                bytes.extend(after.depth.to_be_bytes());
                bytes.extend(after.item.0.as_bytes());
                bytes.extend(after.path.iter().flat_map(|folder| *folder.0.as_bytes()));
            }
            Token::Changes(stretch) => {
                bytes.push(2);
                for place in [stretch.from, stretch.after, stretch.until] {
                    bytes.extend(place.to_be_bytes());
                }
            }
        }
        let signature = self.mac(&bytes)?.finalize().into_bytes();
        bytes.extend(signature.iter().take(SIGNATURE));
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// A token that was written here, on whatever node, for the same.
    pub fn read(&self, text: &str) -> Option<Token> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (said, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE)?)?;
        self.mac(said).ok()?.verify_truncated_left(signature).ok()?;
        let (head, rest) = said.split_first_chunk::<2>()?;
        let number = |bytes: &[u8]| Some(i64::from_be_bytes(bytes.try_into().ok()?));
        match head {
            [VERSION, 0] => Some(Token::Since(number(rest)?)),
            [VERSION, 1] => {
                let (since, rest) = rest.split_first_chunk::<8>()?;
                let (depth, rest) = rest.split_first_chunk::<4>()?;
                let (item, rest) = rest.split_first_chunk::<16>()?;
                let (path, over) = rest.as_chunks::<16>();
                if !over.is_empty() || path.len() > PATH {
                    return None;
                }
                let after = TreePlace {
                    path: path.iter().map(|folder| ItemId(Uuid::from_bytes(*folder))).collect(),
                    depth: i32::from_be_bytes(*depth),
                    item: ItemId(Uuid::from_bytes(*item)),
                };
                Some(Token::Listing { since: i64::from_be_bytes(*since), after })
            }
            [VERSION, 2] => {
                let (from, rest) = rest.split_first_chunk::<8>()?;
                let (after, until) = rest.split_first_chunk::<8>()?;
                let (from, after) = (i64::from_be_bytes(*from), i64::from_be_bytes(*after));
                Some(Token::Changes(Stretch { from, after, until: number(until)? }))
            }
            _ => None,
        }
    }

    fn mac(&self, said: &[u8]) -> Result<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(|error| Error::broken(error.to_string()))?;
        let Bound { library, folder, caller, fingerprint } = self.bound;
        mac.update(library.0.as_bytes());
        mac.update(folder.0.as_bytes());
        mac.update(&[u8::from(caller.is_some())]);
        mac.update(caller.map_or(Uuid::nil(), |caller| caller.0).as_bytes());
        mac.update(&fingerprint);
        mac.update(said);
        Ok(mac)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: u128) -> ItemId {
        ItemId(Uuid::from_u128(number))
    }

    fn codec(key: u8, bound: Bound) -> Codec {
        Codec { key: [key; 32], bound }
    }

    prop_compose! {
        fn bound()(library: u128, folder: u128, caller: Option<u128>, fingerprint: [u8; 8]) -> Bound {
            let caller = caller.map(|caller| PrincipalId(Uuid::from_u128(caller)));
            Bound { library: LibraryId(Uuid::from_u128(library)), folder: id(folder), caller, fingerprint }
        }
    }

    fn token() -> impl Strategy<Value = Token> {
        prop_oneof![
            any::<i64>().prop_map(Token::Since),
            (any::<i64>(), any::<i64>(), any::<i64>()).prop_map(|(from, after, until)| Token::Changes(Stretch {
                from,
                after,
                until
            })),
            (any::<i64>(), any::<i32>(), any::<u128>(), proptest::collection::vec(any::<u128>(), 0..=PATH)).prop_map(
                |(since, depth, item, path)| {
                    let after = TreePlace { path: path.into_iter().map(id).collect(), depth, item: id(item) };
                    Token::Listing { since, after }
                }
            ),
        ]
    }

    proptest! {
        #[test]
        fn a_token_says_where_its_reader_stands_and_nothing_else(bound in bound(), other in bound(), token in token()) {
            let text = codec(1, bound).write(&token).unwrap();
            prop_assert_eq!(codec(1, bound).read(&text), Some(token.clone()));
            prop_assert_eq!(codec(2, bound).read(&text), None);
            prop_assert_eq!(codec(1, other).read(&text), (other == bound).then_some(token.clone()));
            for changed in [
                Bound { library: other.library, ..bound },
                Bound { folder: other.folder, ..bound },
                Bound { caller: other.caller, ..bound },
                Bound { fingerprint: other.fingerprint, ..bound },
            ] {
                prop_assert_eq!(codec(1, changed).read(&text), (changed == bound).then_some(token.clone()));
            }
        }

        #[test]
        fn a_changed_token_says_nothing(bound in bound(), token in token(), at: prop::sample::Index, bit in 0_u8..8) {
            let text = codec(1, bound).write(&token).unwrap();
            let mut bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(codec(1, bound).read(&URL_SAFE_NO_PAD.encode(&bytes)), None);
            bytes.truncate(at);
            prop_assert_eq!(codec(1, bound).read(&URL_SAFE_NO_PAD.encode(&bytes)), None);
        }

        #[test]
        fn nonsense_says_nothing(bound in bound(), text in "\\PC{0,200}") {
            prop_assert_eq!(codec(1, bound).read(&text), None);
        }
    }
}
