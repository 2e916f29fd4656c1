//! How this room spells identities (spec/liferay.md 10): positive 64-bit numbers, uuids, and `0` for a site's root folder.
//! Nothing is looked up here.

use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::domain::item::Item;

/// A Java `long`: on the wire a string of digits (spec/liferay.md 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Long(pub i64);

impl Serialize for Long {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The number of a site's root folder in this room, whatever its own.
pub const ROOT: i64 = 0;

/// The number of the folder an item lies in.
pub fn folder_of(item: &Item) -> i64 {
    match item.ancestors.last() {
        Some(folder) if item.ancestors.len() > 1 => folder.number,
        _ => ROOT,
    }
}

/// An item's own number; that of a root folder is [`ROOT`].
pub fn number_of(item: &Item) -> i64 {
    if item.is_root() { ROOT } else { item.number }
}

/// `/40010/40011/`: the folders above a file, those above and itself for a folder; `/` at the root.
pub fn tree_path(item: &Item) -> String {
    let mut path = "/".to_owned();
    let own = (item.file.is_none() && !item.is_root()).then_some(item.number);
    for number in item.ancestors.iter().skip(1).map(|folder| folder.number).chain(own) {
        path.push_str(&number.to_string());
        path.push('/');
    }
    path
}

/// A uuid in its one spelling: lower case, with hyphens.
pub fn uuid(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    (uuid.to_string() == text).then_some(uuid)
}

/// A group id in a download address: digits that do not begin with 0.
pub fn group(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok().filter(|number| *number > 0)?;
    (number.to_string() == text).then_some(number)
}

/// A folder id in a download address: [`ROOT`] or the number of a folder.
pub fn folder(text: &str) -> Option<i64> {
    if text == "0" { Some(ROOT) } else { group(text) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_is_a_string_of_digits() {
        assert_eq!(serde_json::to_string(&Long(40001)).unwrap(), "\"40001\"");
        assert_eq!(serde_json::to_string(&Long(-1)).unwrap(), "\"-1\"");
    }

    proptest! {
        #[test]
        fn a_number_in_an_address_has_one_spelling(text in "[-+]?0{0,2}[0-9]{1,20}") {
            if let Some(number) = folder(&text) {
                prop_assert_eq!(number.to_string(), text);
            }
        }

        #[test]
        fn a_uuid_has_one_spelling(bits: u128, upper: bool) {
            let text = Uuid::from_u128(bits).to_string();
            prop_assert_eq!(uuid(&text), Some(Uuid::from_u128(bits)));
            let other = if upper { text.to_uppercase() } else { text.replace('-', "") };
            prop_assert!(other == text || uuid(&other).is_none());
        }
    }
}
