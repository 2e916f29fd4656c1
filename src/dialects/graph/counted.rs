//! Lists whose pages are counted from their first entry (spec/graph.md 1.2): a token says how many came before.

use serde_json::{Map, Value};

use super::{Ask, error::Refusal, query, seal::Seal};
use crate::domain::{
    error::Result as Outcome,
    page::{Order, Window},
};

/// A list, or a page of one.
pub struct Listed {
    /// `@odata.context`.
    pub context: String,
    /// The entries.
    pub value: Vec<Value>,
    /// How many there are in all.
    pub total: i64,
}

/// A list that is about to be read.
pub struct Counted {
    /// What of it is wanted.
    pub window: Window,
    seal: Seal,
}

impl Counted {
    /// The part of a list that the request asks for. Tokens of another list, another order or another caller say nothing.
    ///
    /// # Errors
    /// [`Refusal::Query`] for a `$top` or a token that cannot be.
    pub async fn of(ask: &Ask, order: Order) -> Result<Self, Refusal> {
        let limit = ask.query.top()?;
        let key = ask.hall.vault.secret("graph.counted").await?;
        let caller = ask.actor().id().map(|caller| caller.0);
        let seal = Seal::new(key, format!("{caller:?} {order:?} {}", ask.head.uri.path()));
        let offset = match ask.query.get("skiptoken") {
            Some(text) => offset(&seal, text).ok_or(Refusal::Query("$skiptoken"))?,
            None => 0,
        };
        Ok(Self { window: Window { offset, limit, order }, seal })
    }

    /// A page, with the address of the next one.
    pub fn page(&self, ask: &Ask, listed: Listed) -> Outcome<Map<String, Value>> {
        let next = self.window.offset.saturating_add(self.window.limit);
        let more = self.window.limit > 0 && next < listed.total;
        let token = if more { Some(self.seal.write(&next.to_be_bytes())?) } else { None };
        Ok(body(ask, listed, token.as_deref()))
    }
}

fn offset(seal: &Seal, text: &str) -> Option<i64> {
    let said = seal.read(text)?;
    said.try_into().ok().map(i64::from_be_bytes).filter(|offset| *offset >= 0)
}

/// A list with the address of its next page, which keeps all options of this one.
pub fn body(ask: &Ask, listed: Listed, next: Option<&str>) -> Map<String, Value> {
    let mut body = Map::from_iter([("@odata.context".to_owned(), listed.context.into())]);
    if ask.query.count() {
        body.insert("@odata.count".to_owned(), listed.total.into());
    }
    if let Some(token) = next {
        let options = query::with_token(ask.head.uri.query().unwrap_or_default(), token);
        let link = format!("{}{}?{options}", ask.origin, ask.head.uri.path());
        body.insert("@odata.nextLink".to_owned(), link.into());
    }
    body.insert("value".to_owned(), Value::Array(listed.value));
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_counts_from_the_first_entry_and_not_backwards() {
        let seal = Seal::new([1; 32], "versions".to_owned());
        let read = |said: &[u8]| offset(&seal, &seal.write(said).unwrap());
        assert_eq!(read(&7_i64.to_be_bytes()), Some(7));
        assert_eq!(read(&(-1_i64).to_be_bytes()), None);
        assert_eq!(read(b"7"), None);
    }
}
