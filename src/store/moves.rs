//! Moving items, within a library or into another one. A pure move leaves everything but the place as it is: not even the
//! times change.

use sqlx::PgConnection;

use super::{Act, files::Seen, trail::Way};
use crate::domain::{
    actor::Dialect,
    event::Subject,
    id::{ItemId, LibraryId},
    name::ItemName,
    permission::Permit,
};

/// Where something goes, completely decided.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Destination {
    pub library: LibraryId,
    pub folder: ItemId,
    /// Its name there.
    pub name: ItemName,
    pub title: String,
}

/// Moves a file, and notes it. `false`: it has changed since it was looked at, the target is gone or not in that library
/// any more, or the file would leave its library and belongs to a part. A taken name violates `items_name_key`. A code stays
/// behind in its library; in the other one the file shows its number, or a code of its own where another one shows that, and
/// what takes it at this very moment violates `items_external_code_key`.
pub async fn file(
    db: &mut PgConnection,
    permit: &Permit,
    from: LibraryId,
    seen: Seen,
    to: &Destination,
    act: &Act,
) -> sqlx::Result<bool> {
    let done = sqlx::query_scalar!(
        r#"WITH trees AS MATERIALIZED (
            -- who moves or deletes a folder holds these rows alone
            SELECT id FROM libraries WHERE id = ANY ($4) ORDER BY id FOR SHARE
        ), parent AS MATERIALIZED (
            SELECT i.id, i.library_id, i.ancestors FROM items i, trees
            WHERE i.id = $5 AND i.library_id = $6 AND trees.id = i.library_id AND i.kind = 'folder' AND i.deleted_at IS NULL
            FOR SHARE OF i
        ), guard AS (
            UPDATE locks SET revision = revision + 1 FROM parent
            WHERE file_id = $1 AND revision = $3 AND closed_at IS NULL
                AND (NOT $12::boolean OR expires_at IS NULL OR expires_at > coalesce($2::timestamptz, clock_timestamp()))
                AND (NOT $13::boolean OR NOT EXISTS (SELECT FROM part_files p WHERE p.file_id = locks.file_id))
            RETURNING file_id, fence
        ), old AS MATERIALIZED (
            -- as it is now: a folder above may have been moved while this waited for its tree
            SELECT i.id, i.library_id, i.ancestors, i.unpublished_by FROM items i, guard WHERE i.id = guard.file_id FOR NO KEY UPDATE OF i
        ), file AS (
            UPDATE items i SET library_id = parent.library_id, parent_id = parent.id, ancestors = parent.ancestors || parent.id,
                name = $7, name_key = $8, title = $9, revision = i.revision + 1,
                -- a code is one of its library
                external_code = CASE WHEN i.library_id = parent.library_id THEN i.external_code
                    WHEN EXISTS (SELECT FROM items o WHERE o.library_id = parent.library_id
                        AND coalesce(o.external_code, o.number::text) = i.number::text AND o.kind = 'file' AND o.deleted_at IS NULL)
                    THEN gen_random_uuid()::text END
            FROM old, parent WHERE i.id = old.id
            RETURNING i.id, i.ancestors
        ), edition AS (
            UPDATE editions e SET title = $9 FROM items i, guard
            WHERE i.id = guard.file_id AND e.id = i.edition_id AND e.title <> $9
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, fence, request_id,
                from_library_id, from_ancestors, from_unpublished_by)
            SELECT coalesce($2, now()), $10, $11, 'update', 'done', $6, guard.file_id, guard.fence, $14,
                CASE WHEN old.library_id <> $6 THEN old.library_id END,
                CASE WHEN file.ancestors <> old.ancestors THEN old.ancestors END, old.unpublished_by
            FROM guard, old, file
        )
        SELECT file.id FROM file"#,
        permit.item().0,
        act.now,
        seen.revision,
        &[from, to.library] as &[LibraryId],
        to.folder.0,
        to.library.0,
        to.name.as_str(),
        to.name.key(),
        to.title,
        act.actor.map(|actor| actor.0),
        act.dialect as Dialect,
        seen.bound,
        from != to.library,
        act.request,
    )
    .fetch_optional(db)
    .await?;
    Ok(done.is_some())
}

/// Moves a folder with all below, also with what lies in the trash there, and notes it. Needs `folders::hold_trees` of both
/// libraries. `false`: it has changed since it was looked at, the target is gone or not in that library any more, or it
/// lies below the folder itself. A taken name violates `items_name_key`. Codes as in [`file()`]; what is in the trash has none in
/// another library.
pub async fn folder(
    db: &mut PgConnection,
    permit: &Permit,
    revision: i64,
    to: &Destination,
    act: &Act,
) -> sqlx::Result<bool> {
    let moved = sqlx::query!(
        r#"UPDATE items i SET library_id = parent.library_id, parent_id = parent.id, ancestors = parent.ancestors || parent.id,
            name = $5, name_key = $6, title = $5, revision = i.revision + 1
        FROM items parent, items old
        WHERE i.id = $1 AND i.revision = $2 AND i.deleted_at IS NULL AND old.id = i.id
            AND parent.id = $3 AND parent.library_id = $4 AND parent.kind = 'folder' AND parent.deleted_at IS NULL
            AND parent.id <> i.id AND NOT parent.ancestors @> ARRAY[i.id]
        RETURNING old.library_id AS "from!: LibraryId", old.ancestors AS "before!: Vec<ItemId>",
            i.ancestors AS "after: Vec<ItemId>""#,
        permit.item().0,
        revision,
        to.folder.0,
        to.library.0,
        to.name.as_str(),
        to.name.key(),
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(moved) = moved else { return Ok(false) };
    sqlx::query!(
        "UPDATE items i SET library_id = $4, ancestors = $2::uuid[] || i.ancestors[$3::int:], revision = i.revision + 1,
            external_code = CASE WHEN i.library_id = $4 THEN i.external_code
                WHEN i.kind = 'file' AND i.deleted_at IS NULL AND EXISTS (SELECT FROM items o WHERE o.library_id = $4
                    AND coalesce(o.external_code, o.number::text) = i.number::text AND o.kind = 'file' AND o.deleted_at IS NULL)
                THEN gen_random_uuid()::text END
        WHERE i.ancestors @> ARRAY[$1::uuid]",
        permit.item().0,
        &moved.after as &[ItemId],
        i32::try_from(moved.before.len()).unwrap_or(i32::MAX).saturating_add(1),
        to.library.0,
    )
    .execute(&mut *db)
    .await?;
    super::locks::decide_again(&mut *db, permit.item()).await?;
    let on = Subject { library: to.library, item: permit.item(), edition: None, holder: None };
    let way = Way { from: moved.from, before: &moved.before, after: &moved.after };
    super::trail::note_moved(&mut *db, &on, &way, act).await?;
    super::trail::note_carried(db, &on, &way, act).await?;
    Ok(true)
}
