//! Giving everything of one user to another: the whole of the one's own library, and what else is theirs.

use sqlx::PgConnection;

use super::Act;
use crate::domain::{
    actor::Dialect,
    id::{ItemId, LibraryId, PrincipalId},
    permission::Permit,
};

/// Keeps the locks of all files of a library, and of all files somebody owns elsewhere, as they are until the transaction
/// ends.
pub async fn hold_locks(db: &mut PgConnection, library: Option<LibraryId>, owner: PrincipalId) -> sqlx::Result<()> {
    sqlx::query!(
        "SELECT k.file_id FROM locks k JOIN items i ON i.id = k.file_id
        WHERE i.library_id = $1 OR i.owner_id = $2 ORDER BY k.file_id FOR UPDATE OF k",
        library.map(|library| library.0),
        owner.0,
    )
    .fetch_all(db)
    .await?;
    Ok(())
}

/// Whether anything lies below a root folder, be it in the trash. What was deleted for good is nothing.
pub async fn has_items(db: &mut PgConnection, root: ItemId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM items WHERE ancestors @> ARRAY[$1::uuid] AND purged_at IS NULL) AS "has!""#,
        root.0,
    )
    .fetch_one(db)
    .await
}

/// Moves all that lies in a root folder, the trash with it, into the folder of another library, and notes each item. Needs
/// `folders::hold_trees` of both libraries and [`hold_locks`]. Codes as in `moves::folder`.
pub async fn move_all(
    db: &mut PgConnection,
    permit: &Permit,
    root: ItemId,
    to: (LibraryId, ItemId, PrincipalId),
    act: &Act,
) -> sqlx::Result<()> {
    let (library, folder, owner) = to;
    sqlx::query!(
        "WITH target AS MATERIALIZED (
            SELECT id, ancestors || id AS path FROM items WHERE id = $2
        ), home AS MATERIALIZED (
            SELECT library_id FROM items WHERE id = $1
        ), moved AS (
            UPDATE items i SET library_id = $3, parent_id = CASE WHEN i.parent_id = $1 THEN target.id ELSE i.parent_id END,
                ancestors = target.path || i.ancestors[2:], owner_id = $4, revision = i.revision + 1,
                external_code = CASE WHEN i.kind = 'file' AND i.deleted_at IS NULL AND EXISTS (SELECT FROM items o
                    WHERE o.library_id = $3 AND coalesce(o.external_code, o.number::text) = i.number::text AND o.kind = 'file'
                        AND o.deleted_at IS NULL) THEN gen_random_uuid()::text END
            FROM target WHERE i.ancestors @> ARRAY[$1::uuid]
            RETURNING i.id, i.unpublished_by, ARRAY[$1::uuid] || i.ancestors[cardinality(target.path) + 1:] AS before
        ), again AS (
            UPDATE locks k SET revision = k.revision + 1 FROM moved WHERE k.file_id = moved.id
        )
        INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, request_id, from_library_id,
            from_ancestors, from_unpublished_by)
        SELECT coalesce($5::timestamptz, now()), $6, $7, 'update', 'done', $3, moved.id, $8, home.library_id, moved.before,
            moved.unpublished_by
        FROM moved, home ORDER BY moved.id",
        root.0,
        folder.0,
        library.0,
        owner.0,
        act.now,
        permit.actor().map(|actor| actor.0),
        act.dialect as Dialect,
        act.request,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Gives what somebody owns to somebody else, save the root folder of the one's own library, and notes each item. Needs
/// [`hold_locks`].
pub async fn give_all(
    db: &mut PgConnection,
    permit: &Permit,
    from: PrincipalId,
    to: PrincipalId,
    act: &Act,
) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH given AS (
            UPDATE items i SET owner_id = $2, revision = i.revision + 1 FROM libraries l
            WHERE i.owner_id = $1 AND i.purged_at IS NULL AND l.id = i.library_id
                AND NOT (i.parent_id IS NULL AND l.kind = 'personal' AND l.owner_id = $1)
            RETURNING i.id, i.library_id
        ), again AS (
            UPDATE locks k SET revision = k.revision + 1 FROM given WHERE k.file_id = given.id
        )
        INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, request_id)
        SELECT coalesce($3::timestamptz, now()), $4, $5, 'update', 'done', library_id, id, $6 FROM given ORDER BY id",
        from.0,
        to.0,
        act.now,
        permit.actor().map(|actor| actor.0),
        act.dialect as Dialect,
        act.request,
    )
    .execute(db)
    .await?;
    Ok(())
}
