//! Codes by which other systems know files. They are looked up where all other spellings are, in `items.rs`.

use sqlx::PgConnection;

use crate::domain::{external::ExternalCode, id::ItemId};

/// Gives a file a code in the place of its own, in the transaction that writes something else of it; one that is its number is
/// none. `false`: it is the number of another file of the library that was given no code. A code that another file was given
/// violates `items_external_code_key`.
pub async fn set(db: &mut PgConnection, file: ItemId, code: &ExternalCode) -> sqlx::Result<bool> {
    let set = sqlx::query!(
        "UPDATE items i SET external_code = CASE WHEN i.number = $3::bigint THEN NULL ELSE $2 END, revision = i.revision + 1
        WHERE i.id = $1 AND NOT EXISTS (SELECT FROM items o
            WHERE o.number = $3 AND o.id <> i.id AND o.library_id = i.library_id AND o.kind = 'file'
                AND o.external_code IS NULL AND o.deleted_at IS NULL)",
        file.0,
        code.as_str(),
        code.number(),
    )
    .execute(db)
    .await?;
    Ok(set.rows_affected() > 0)
}
