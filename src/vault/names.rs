//! Names to try where one may be taken.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{
    item::{Kind, OnConflict},
    name::ItemName,
};

/// The name to try the `attempt`-th time. A folder's name has no extension, whatever it looks like.
pub(super) fn free_name(
    name: &ItemName,
    kind: Kind,
    on_conflict: OnConflict,
    attempt: usize,
    now: DateTime<Utc>,
) -> ItemName {
    let suffix = match (on_conflict, attempt) {
        (OnConflict::Fail | OnConflict::AddEdition, _)
        | (OnConflict::RenameBlank | OnConflict::RenameParentheses | OnConflict::RenameTime, 0) => return name.clone(),
        (OnConflict::RenameBlank, n) => format!(" {}", next_number(n)),
        (OnConflict::RenameParentheses, n) => format!("({})", next_number(n) + 1),
        (OnConflict::RenameTime, n) => {
            let digits = now.timestamp_micros().unsigned_abs().wrapping_add(n as u64) % 1_000_000;
            format!("{digits:06}")
        }
    };
    match kind {
        Kind::File => name.with_suffix(&suffix),
        Kind::Folder => name.followed_by(&suffix),
    }
}

/// The number to try the `attempt`-th time: the first few in order; where these are taken there may be thousands, so then
/// any.
fn next_number(attempt: usize) -> u64 {
    const IN_ORDER: usize = 8;
    if attempt <= IN_ORDER { attempt as u64 } else { Uuid::new_v4().as_u64_pair().1 % 1_000_000 }
}
