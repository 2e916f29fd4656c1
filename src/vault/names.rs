//! Names to try where one may be taken: the first free number, found by asking once for those that are taken.

use uuid::Uuid;

use super::Vault;
use crate::{
    domain::{
        error::Result,
        id::ItemId,
        item::{Kind, OnConflict},
        name::ItemName,
    },
    store,
};

/// So many numbers are looked at; where all of them are taken there may be thousands more, so then any will do.
const NUMBERS: u64 = 512;

/// So often the first free number is tried. Whoever loses it as often meets a crowd that takes the same, so then any will do.
const IN_ORDER: usize = 16;

impl Vault {
    /// The name to try the `attempt`-th time in a folder: its own at first and whenever it is free again, else with the first
    /// number that is free. A folder's name has no extension, whatever it looks like.
    pub(super) async fn free_name(
        &self,
        folder: ItemId,
        name: &ItemName,
        kind: Kind,
        on_conflict: OnConflict,
        attempt: usize,
    ) -> Result<ItemName> {
        if attempt == 0 {
            return Ok(name.clone());
        }
        let suffix: fn(u64) -> String = match on_conflict {
            OnConflict::Fail | OnConflict::AddEdition => return Ok(name.clone()),
            OnConflict::RenameBlank => |number| format!(" {number}"),
            OnConflict::RenameParentheses => |number| format!("({})", number + 1),
            OnConflict::RenameTime => {
                let digits = self.now().timestamp_micros().unsigned_abs().wrapping_add(attempt as u64) % 1_000_000;
                return Ok(suffixed(name, kind, &format!("{digits:06}")));
            }
        };
        let numbered = |number: u64| if number == 0 { name.clone() } else { suffixed(name, kind, &suffix(number)) };
        if attempt <= IN_ORDER {
            let keys: Vec<String> = (0..=NUMBERS).map(|number| numbered(number).key()).collect();
            let mut db = self.connection().await?;
            if let Some(place) = store::items::first_free(&mut db, folder, &keys).await? {
                return Ok(numbered(place.unsigned_abs().saturating_sub(1)));
            }
        }
        Ok(numbered(1 + Uuid::new_v4().as_u64_pair().1 % 1_000_000))
    }
}

fn suffixed(name: &ItemName, kind: Kind, suffix: &str) -> ItemName {
    match kind {
        Kind::File => name.with_suffix(suffix),
        Kind::Folder => name.followed_by(suffix),
    }
}
