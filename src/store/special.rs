//! Special folders: which folder of a library is for what. A row counts while its folder is in the library and not in the
//! trash.

use sqlx::PgConnection;

use super::Act;
use crate::domain::{
    actor::Dialect,
    id::{ItemId, LibraryId},
    permission::Permit,
    special::{Special, SpecialKey},
};

/// Nobody's, in the key of the table.
fn application(key: &SpecialKey) -> uuid::Uuid {
    key.application.map_or(uuid::Uuid::nil(), |application| application.0)
}

/// The folder that is for this.
pub async fn find(db: &mut PgConnection, library: LibraryId, key: &SpecialKey) -> sqlx::Result<Option<ItemId>> {
    sqlx::query_scalar!(
        r#"SELECT i.id AS "id: ItemId" FROM special_folders s JOIN items i ON i.id = s.item_id AND i.library_id = s.library_id
        WHERE s.library_id = $1 AND s.name = $2 AND s.application_id = $3 AND i.deleted_at IS NULL"#,
        library.0,
        key.special as Special,
        application(key),
    )
    .fetch_optional(db)
    .await
}

/// Holds what a folder may be made for until the transaction ends, so that of many who make one at once one does.
pub async fn hold(db: &mut PgConnection, library: LibraryId, key: &SpecialKey) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO special_folders (library_id, name, application_id) VALUES ($1, $2, $3)
        ON CONFLICT (library_id, name, application_id) DO UPDATE SET name = excluded.name",
        library.0,
        key.special as Special,
        application(key),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Says that this folder is the one from now on. Needs [`hold`]. One that is for something else already violates
/// `special_folders_item_key`.
pub async fn set(db: &mut PgConnection, library: LibraryId, key: &SpecialKey, folder: ItemId) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE special_folders SET item_id = $4 WHERE library_id = $1 AND name = $2 AND application_id = $3",
        library.0,
        key.special as Special,
        application(key),
        folder.0,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that a folder that was there shows as a special one. `false`: it is gone.
pub async fn note(db: &mut PgConnection, permit: &Permit, library: LibraryId, act: &Act) -> sqlx::Result<bool> {
    let noted = sqlx::query!(
        "WITH folder AS (
            UPDATE items SET revision = revision + 1
            WHERE id = $1 AND library_id = $2 AND kind = 'folder' AND deleted_at IS NULL RETURNING id
        )
        INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, request_id)
        SELECT coalesce($3::timestamptz, now()), $4, $5, 'update', 'done', $2, folder.id, $6 FROM folder",
        permit.item().0,
        library.0,
        act.now,
        act.actor.map(|actor| actor.0),
        act.dialect as Dialect,
        act.request,
    )
    .execute(db)
    .await?;
    Ok(noted.rows_affected() > 0)
}
