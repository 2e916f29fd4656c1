//! Tokens of a folder's pages: the last entry of the page before, signed with a key of the installation, so that any node can
//! go on and nobody can make one. What a token is bound to is not in it but in its signature.

use chrono::DateTime;
use uuid::Uuid;

use crate::{
    dialects::graph::seal::Seal,
    domain::{
        error::Result,
        id::{ItemId, PrincipalId},
        listing::{Last, Sort, SortBy, SortKey},
    },
};

/// Writes and reads the tokens of one caller for one folder in one order; to others they say nothing.
#[derive(Clone, Copy, Debug)]
pub struct Codec {
    /// The key of the installation.
    pub key: [u8; 32],
    /// The folder that is listed.
    pub folder: ItemId,
    /// Whoever lists it.
    pub caller: Option<PrincipalId>,
    /// In which order.
    pub sort: Sort,
}

const VERSION: u8 = 1;

impl Codec {
    /// The token for what comes after this entry.
    pub fn write(&self, last: &Last) -> Result<String> {
        let mut bytes = vec![VERSION];
        bytes.extend(last.item.0.as_bytes());
        match &last.key {
            SortKey::Name(name) => bytes.extend(name.as_bytes()),
            SortKey::Size(size) => bytes.extend(size.to_be_bytes()),
            SortKey::Modified(at) => bytes.extend(at.timestamp_micros().to_be_bytes()),
        }
        self.seal().write(&bytes)
    }

    /// What a token says; `None`: it was not written here, or is for something else.
    pub fn read(&self, text: &str) -> Option<Last> {
        let said = self.seal().read(text)?;
        let (version, rest) = said.split_first()?;
        let (item, key) = rest.split_first_chunk::<16>()?;
        if *version != VERSION {
            return None;
        }
        let number = || key.try_into().ok().map(i64::from_be_bytes);
        let key = match self.sort.by {
            SortBy::Name => SortKey::Name(String::from_utf8(key.to_vec()).ok()?),
            SortBy::Size => SortKey::Size(number()?),
            SortBy::Modified => SortKey::Modified(DateTime::from_timestamp_micros(number()?)?),
        };
        Some(Last { key, item: ItemId(Uuid::from_bytes(*item)) })
    }

    fn seal(&self) -> Seal {
        Seal::new(self.key, format!("{:?}", (self.folder, self.caller, self.sort)))
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    const ORDERS: [SortBy; 3] = [SortBy::Name, SortBy::Size, SortBy::Modified];

    prop_compose! {
        fn codec()(
            key: u8, folder: u128, caller: Option<u128>, by in 0_usize..3, descending: bool,
        ) -> Codec {
            let caller = caller.map(|caller| PrincipalId(Uuid::from_u128(caller)));
            let sort = Sort { by: ORDERS[by], descending };
            Codec { key: [key; 32], folder: ItemId(Uuid::from_u128(folder)), caller, sort }
        }
    }

    fn last(by: SortBy, name: &str, number: i64, item: u128) -> Last {
        let key = match by {
            SortBy::Name => SortKey::Name(name.to_owned()),
            SortBy::Size => SortKey::Size(number),
            SortBy::Modified => SortKey::Modified(DateTime::from_timestamp_micros(number >> 12).unwrap()),
        };
        Last { key, item: ItemId(Uuid::from_u128(item)) }
    }

    proptest! {
        #[test]
        fn a_token_is_read_by_whoever_it_is_for_alone(
            codec in codec(), other in codec(), name in "\\PC{0,255}", number: i64, item: u128,
        ) {
            let last = last(codec.sort.by, &name, number, item);
            let text = codec.write(&last).unwrap();
            prop_assert_eq!(codec.read(&text), Some(last.clone()));
            for changed in [
                Codec { key: other.key, ..codec },
                Codec { folder: other.folder, ..codec },
                Codec { caller: other.caller, ..codec },
                Codec { sort: other.sort, ..codec },
            ] {
                let same = (changed.key, changed.folder, changed.caller) == (codec.key, codec.folder, codec.caller)
                    && changed.sort == codec.sort;
                prop_assert_eq!(changed.read(&text), same.then_some(last.clone()));
            }
        }

        #[test]
        fn a_changed_token_says_nothing(codec in codec(), number: i64, at: prop::sample::Index, bit in 0_u8..8) {
            let text = codec.write(&last(codec.sort.by, "name", number, 7)).unwrap();
            let mut bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(codec.read(&URL_SAFE_NO_PAD.encode(&bytes)), None);
            bytes.truncate(at);
            prop_assert_eq!(codec.read(&URL_SAFE_NO_PAD.encode(&bytes)), None);
        }

        #[test]
        fn nonsense_says_nothing(codec in codec(), text in "\\PC{0,200}") {
            prop_assert_eq!(codec.read(&text), None);
        }
    }
}
