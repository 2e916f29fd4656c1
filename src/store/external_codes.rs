//! Codes by which other systems know files. What a file shows, `coalesce(external_code, number::text)`, is unique in its library;
//! it is looked up where all other spellings are, in `items.rs`, and made anew where a file is made, comes back or moves.

use sqlx::PgConnection;

use crate::domain::{external::ExternalCode, id::ItemId};

/// Gives a file a code in the place of its own, in the transaction that writes something else of it; one that is its number is
/// none. A code that another file of the library shows violates `items_external_code_key`.
pub async fn set(db: &mut PgConnection, file: ItemId, code: &ExternalCode) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE items SET external_code = nullif($2::text, number::text), revision = revision + 1 WHERE id = $1",
        file.0,
        code.as_str(),
    )
    .execute(db)
    .await?;
    Ok(())
}
