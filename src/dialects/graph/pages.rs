//! Pages of people, groups and sites (spec/graph.md 1.2 and 11): lists in a fixed order, of which a token says behind whom the
//! next page begins. It is signed with a key of the installation and good for the very list it was given for.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Ask, error::Refusal, query, seal::Seal};
use crate::domain::{
    directory::{NamePlace, Slice},
    error::Result as Outcome,
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
        let codec = Codec(Seal::new(ask.hall.vault.secret("graph.pages").await?, list));
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

/// Writes and reads the tokens of one list.
struct Codec(Seal);

const VERSION: u8 = 1;

impl Codec {
    fn write(&self, place: &NamePlace) -> Outcome<String> {
        let mut bytes = vec![VERSION];
        bytes.extend(place.key.as_bytes());
        bytes.extend(place.name.as_bytes());
        self.0.write(&bytes)
    }

    /// A place that was written here, on whatever node, for the same list.
    fn read(&self, text: &str) -> Option<NamePlace> {
        let said = self.0.read(text)?;
        let (version, rest) = said.split_first()?;
        let (key, name) = rest.split_first_chunk::<16>()?;
        let name = std::str::from_utf8(name).ok()?.to_owned();
        (*version == VERSION).then_some(NamePlace { name, key: Uuid::from_bytes(*key) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_says_where_the_next_page_of_its_list_begins(name in "\\PC{0,64}", key: u128) {
            let codec = Codec(Seal::new([1; 32], "users".to_owned()));
            let place = NamePlace { name, key: Uuid::from_u128(key) };
            prop_assert_eq!(codec.read(&codec.write(&place).unwrap()), Some(place));
        }
    }
}
