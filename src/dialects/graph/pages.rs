//! Pages of people, groups and sites (spec/graph.md 1.2 and 11): lists in a fixed order, of which a token says behind whom the
//! next page begins. It is signed with a key of the installation and good for the very list it was given for.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;
use uuid::Uuid;

use super::{Ask, error::Refusal, query};
use crate::domain::{
    directory::{NamePlace, Slice},
    error::{Error, Result as Outcome},
};

/// Entries of a page when nobody says.
const PAGE: i64 = 100;
/// Entries of a page at most; who asks for more gets so many.
const LARGEST_PAGE: i64 = 999;

/// A list that is about to be read.
pub struct Pages {
    /// What of it is wanted.
    pub slice: Slice,
    codec: Codec,
}

/// A list, or a page of one.
pub struct Listed {
    /// `@odata.context`.
    pub context: String,
    /// The entries.
    pub value: Vec<Value>,
    /// Where the next ones begin; `None`: there are none.
    pub next: Option<NamePlace>,
    /// How many there are in all, if that was asked.
    pub total: Option<i64>,
}

impl Pages {
    /// The part of a list by name that the request asks for. `list` says which list it is, with what chooses its entries; the
    /// tokens of another one say nothing here.
    ///
    /// # Errors
    /// [`Refusal::Query`] for a `$top` or a token that cannot be, and for another order.
    pub async fn of(ask: &Ask, list: String) -> Result<Self, Refusal> {
        by_name(ask)?;
        Self::read(ask, list).await
    }

    /// The same of a list whose order nobody chooses.
    pub async fn in_any_order(ask: &Ask, list: String) -> Result<Self, Refusal> {
        if ask.query.get("orderby").is_some() {
            return Err(Refusal::Query("$orderby"));
        }
        Self::read(ask, list).await
    }

    async fn read(ask: &Ask, list: String) -> Result<Self, Refusal> {
        let limit = ask.query.top_within(PAGE, LARGEST_PAGE)?;
        let codec = Codec { key: ask.hall.vault.secret("graph.pages").await?, list };
        let after = match ask.query.get("skiptoken") {
            Some(text) => Some(codec.read(text).ok_or(Refusal::Query("$skiptoken"))?),
            None => None,
        };
        Ok(Self { slice: Slice { after, limit, count: ask.query.count() }, codec })
    }

    /// A page with the address of the next one, which keeps all options of this one.
    pub fn page(&self, ask: &Ask, listed: Listed) -> Outcome<Map<String, Value>> {
        let mut body = Map::from_iter([("@odata.context".to_owned(), listed.context.into())]);
        if let Some(total) = listed.total {
            body.insert("@odata.count".to_owned(), total.into());
        }
        if let Some(next) = &listed.next {
            let options = query::with_token(ask.head.uri.query().unwrap_or_default(), &self.codec.write(next)?);
            let link = format!("{}{}?{options}", ask.origin, ask.head.uri.path());
            body.insert("@odata.nextLink".to_owned(), link.into());
        }
        body.insert("value".to_owned(), Value::Array(listed.value));
        Ok(body)
    }
}

/// Refuses every order but the one that these lists have.
fn by_name(ask: &Ask) -> Result<(), Refusal> {
    let Some(text) = ask.query.get("orderby") else { return Ok(()) };
    let words: Vec<String> = text.split_ascii_whitespace().map(str::to_ascii_lowercase).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["displayname" | "name"] | ["displayname" | "name", "asc"] => Ok(()),
        _ => Err(Refusal::Query("$orderby")),
    }
}

/// Writes and reads tokens.
struct Codec {
    key: [u8; 32],
    /// What the tokens are good for.
    list: String,
}

const VERSION: u8 = 1;
/// Of the signature, so many bytes.
const SIGNATURE: usize = 16;

impl Codec {
    fn write(&self, place: &NamePlace) -> Outcome<String> {
        let mut bytes = vec![VERSION];
        bytes.extend(place.key.as_bytes());
        bytes.extend(place.name.as_bytes());
        let signature = self.mac(&bytes)?.finalize().into_bytes();
        bytes.extend(signature.iter().take(SIGNATURE));
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// A place that was written here, on whatever node, for the same list.
    fn read(&self, text: &str) -> Option<NamePlace> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (said, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE)?)?;
        self.mac(said).ok()?.verify_truncated_left(signature).ok()?;
        let (version, rest) = said.split_first()?;
        let (key, name) = rest.split_first_chunk::<16>()?;
        let name = std::str::from_utf8(name).ok()?.to_owned();
        (*version == VERSION).then_some(NamePlace { name, key: Uuid::from_bytes(*key) })
    }

    fn mac(&self, said: &[u8]) -> Outcome<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(|error| Error::broken(error.to_string()))?;
        // the length keeps the list and what is said of it apart
        mac.update(&u64::try_from(self.list.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(self.list.as_bytes());
        mac.update(said);
        Ok(mac)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codec(key: u8, list: &str) -> Codec {
        Codec { key: [key; 32], list: list.to_owned() }
    }

    proptest! {
        #[test]
        fn a_token_says_where_the_next_page_of_its_list_begins(name in "\\PC{0,64}", key: u128, list in "[a-z]{0,4}", other in "[a-z]{0,4}") {
            let place = NamePlace { name, key: Uuid::from_u128(key) };
            let text = codec(1, &list).write(&place).unwrap();
            prop_assert_eq!(codec(1, &list).read(&text), Some(place.clone()));
            prop_assert_eq!(codec(2, &list).read(&text), None);
            prop_assert_eq!(codec(1, &other).read(&text), (other == list).then_some(place));
        }

        #[test]
        fn a_changed_token_says_nothing(name in "\\PC{0,64}", key: u128, at: prop::sample::Index, bit in 0_u8..8) {
            let place = NamePlace { name, key: Uuid::from_u128(key) };
            let mut bytes = URL_SAFE_NO_PAD.decode(codec(1, "users").write(&place).unwrap()).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(codec(1, "users").read(&URL_SAFE_NO_PAD.encode(&bytes)), None);
            bytes.truncate(at);
            prop_assert_eq!(codec(1, "users").read(&URL_SAFE_NO_PAD.encode(&bytes)), None);
        }

        #[test]
        fn nonsense_says_nothing(text in "\\PC{0,120}") {
            prop_assert_eq!(codec(1, "users").read(&text), None);
        }
    }
}
