//! The trash: what lies in it by itself, taking it out with all that went along, and deleting that for good. What deletes
//! into it stands with files and folders.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::Act;
use crate::domain::{
    actor::Dialect,
    event::{Outcome, Subject, Verb},
    id::{CategoryId, ItemId, LibraryId, PrincipalId},
    name::ItemName,
    permission::Permit,
};

/// The root of a deletion.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct TrashRow {
    pub item: ItemId,
    pub trash_id: String,
    pub deleted_at: DateTime<Utc>,
}

/// What an owner has in the trash, newest first: after the one that was deleted then. All of their own library, and what
/// they own in libraries that are nobody's own.
pub async fn of_owner(
    db: &mut PgConnection,
    owner: PrincipalId,
    after: Option<(DateTime<Utc>, ItemId)>,
    limit: i64,
) -> sqlx::Result<Vec<TrashRow>> {
    let (at, item) = after.unzip();
    sqlx::query_as!(
        TrashRow,
        r#"WITH own AS (
            SELECT i.id FROM items i JOIN libraries l ON l.id = i.library_id
            WHERE l.owner_id = $1 AND l.kind = 'personal' AND i.parent_id IS NULL
        )
        SELECT i.id AS "item: ItemId", i.trash_id AS "trash_id!", i.deleted_at AS "deleted_at!"
        FROM items i JOIN libraries l ON l.id = i.library_id
        WHERE (i.owner_id = $1 AND l.kind <> 'personal' OR i.ancestors && ARRAY(SELECT id FROM own))
            AND i.trash_id IS NOT NULL AND ($2::timestamptz IS NULL OR (i.deleted_at, i.id) < ($2, $3::uuid))
        ORDER BY i.deleted_at DESC, i.id DESC LIMIT $4"#,
        owner.0,
        at,
        item.map(|item: ItemId| item.0),
        limit,
    )
    .fetch_all(db)
    .await
}

/// What an owner has in the trash under this id, as in [`of_owner`].
pub async fn by_trash_id(db: &mut PgConnection, owner: PrincipalId, trash_id: &str) -> sqlx::Result<Option<TrashRow>> {
    if super::has_nul(trash_id) {
        return Ok(None);
    }
    sqlx::query_as!(
        TrashRow,
        r#"SELECT i.id AS "item: ItemId", i.trash_id AS "trash_id!", i.deleted_at AS "deleted_at!"
        FROM items i JOIN libraries l ON l.id = i.library_id
        WHERE i.trash_id = $2 AND $1 = CASE WHEN l.kind = 'personal' THEN l.owner_id ELSE i.owner_id END"#,
        owner.0,
        trash_id,
    )
    .fetch_optional(db)
    .await
}

/// The same by Graph's id of what was deleted.
pub async fn by_graph_id(db: &mut PgConnection, owner: PrincipalId, graph_id: &str) -> sqlx::Result<Option<TrashRow>> {
    if super::has_nul(graph_id) {
        return Ok(None);
    }
    sqlx::query_as!(
        TrashRow,
        r#"SELECT i.id AS "item: ItemId", i.trash_id AS "trash_id!", i.deleted_at AS "deleted_at!"
        FROM items i JOIN libraries l ON l.id = i.library_id
        WHERE i.graph_id = $2 AND i.trash_id IS NOT NULL
            AND $1 = CASE WHEN l.kind = 'personal' THEN l.owner_id ELSE i.owner_id END"#,
        owner.0,
        graph_id,
    )
    .fetch_optional(db)
    .await
}

/// The same by Liferay's number of what was deleted.
pub async fn by_number(db: &mut PgConnection, owner: PrincipalId, number: i64) -> sqlx::Result<Option<TrashRow>> {
    sqlx::query_as!(
        TrashRow,
        r#"SELECT i.id AS "item: ItemId", i.trash_id AS "trash_id!", i.deleted_at AS "deleted_at!"
        FROM items i JOIN libraries l ON l.id = i.library_id
        WHERE i.number = $2 AND i.trash_id IS NOT NULL
            AND $1 = CASE WHEN l.kind = 'personal' THEN l.owner_id ELSE i.owner_id END"#,
        owner.0,
        number,
    )
    .fetch_optional(db)
    .await
}

/// A category among these that something has which went into the trash with an item, itself included.
pub async fn category_of(
    db: &mut PgConnection,
    root: ItemId,
    among: &[CategoryId],
) -> sqlx::Result<Option<CategoryId>> {
    sqlx::query_scalar!(
        r#"SELECT category_id AS "category: CategoryId" FROM items
        WHERE deleted_with = $1 AND category_id = ANY ($2) LIMIT 1"#,
        root.0,
        among as &[CategoryId],
    )
    .fetch_optional(db)
    .await
}

/// Whether a file that went into the trash with an item is private.
pub async fn has_private(db: &mut PgConnection, root: ItemId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM items i JOIN editions e ON e.id = i.edition_id
            WHERE i.deleted_with = $1 AND e.private) AS "private!""#,
        root.0,
    )
    .fetch_one(db)
    .await
}

/// Takes an item out of the trash, into the folder the permit is for, with all that went along; opens
/// their locks, which are free and count on. Notes it in the trail of the item and of each item below. Needs
/// [`super::folders::hold_trees`]. `false`: it is not in the trash under this id any more, or the folder is gone. A taken
/// name violates `items_name_key`. What another file has got the code of meanwhile comes back with its number, and with a code
/// of its own where another one shows that; what is taken at this very moment violates `items_external_code_key`.
pub async fn restore(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    row: &TrashRow,
    name: &ItemName,
    act: &Act,
) -> sqlx::Result<bool> {
    let back = sqlx::query!(
        r#"UPDATE items i SET deleted_at = NULL, deleted_by = NULL, deleted_with = NULL, trash_id = NULL,
            name = $5, name_key = $6, title = CASE WHEN i.title = i.name THEN $5 ELSE i.title END,
            parent_id = parent.id, ancestors = parent.ancestors || parent.id, revision = i.revision + 1,
            external_code = CASE WHEN i.kind = 'folder' THEN NULL
                WHEN NOT EXISTS (SELECT FROM items o WHERE o.library_id = i.library_id AND coalesce(o.external_code, o.number::text)
                    = coalesce(i.external_code, i.number::text) AND o.kind = 'file' AND o.deleted_at IS NULL)
                THEN i.external_code
                WHEN EXISTS (SELECT FROM items o WHERE o.library_id = i.library_id AND coalesce(o.external_code, o.number::text)
                    = i.number::text AND o.kind = 'file' AND o.deleted_at IS NULL)
                THEN gen_random_uuid()::text END
        FROM items parent, items old
        WHERE i.id = $1 AND i.trash_id = $2 AND old.id = i.id AND i.library_id = $4
            AND parent.id = $3 AND parent.library_id = i.library_id AND parent.kind = 'folder'
            AND parent.deleted_at IS NULL
        RETURNING old.ancestors AS "before!: Vec<ItemId>", i.ancestors AS "after: Vec<ItemId>""#,
        row.item.0,
        row.trash_id,
        permit.item().0,
        library.0,
        name.as_str(),
        name.key(),
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(back) = back else { return Ok(false) };
    // the newest edition's title is the file's
    sqlx::query!(
        "UPDATE editions e SET title = i.title FROM items i WHERE i.id = $1 AND e.id = i.edition_id AND e.title <> i.title",
        row.item.0,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "WITH back AS (
            UPDATE items i SET deleted_at = NULL, deleted_by = NULL, deleted_with = NULL,
                ancestors = $7::uuid[] || i.ancestors[$8::int:], revision = i.revision + 1,
                external_code = CASE WHEN i.kind = 'folder' THEN NULL
                    WHEN NOT EXISTS (SELECT FROM items o WHERE o.library_id = i.library_id AND coalesce(o.external_code, o.number::text)
                        = coalesce(i.external_code, i.number::text) AND o.kind = 'file' AND o.deleted_at IS NULL)
                    THEN i.external_code
                    WHEN EXISTS (SELECT FROM items o WHERE o.library_id = i.library_id AND coalesce(o.external_code, o.number::text)
                        = i.number::text AND o.kind = 'file' AND o.deleted_at IS NULL)
                    -- what comes back along with it was given that number
                    OR i.number::text IN (SELECT c.external_code FROM items c
                        WHERE c.deleted_with = $1 AND c.external_code IS NOT NULL)
                    THEN gen_random_uuid()::text END
            WHERE i.deleted_with = $1 AND i.id <> $1
            RETURNING i.id
        ), opened AS (
            UPDATE locks k SET closed_at = NULL, revision = k.revision + 1
            FROM (SELECT id FROM back UNION ALL SELECT $1) b WHERE k.file_id = b.id
        )
        INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, fence, comment, request_id)
        SELECT coalesce($2::timestamptz, now()), $3, $4, 'restore', 'done', $5, back.id, k.fence, $6, $9
        FROM back LEFT JOIN locks k ON k.file_id = back.id",
        row.item.0,
        act.now,
        act.actor.map(|actor| actor.0),
        act.dialect as Dialect,
        library.0,
        act.comment.as_deref(),
        &back.after as &[ItemId],
        i32::try_from(back.before.len()).unwrap_or(i32::MAX).saturating_add(1),
        act.request,
    )
    .execute(&mut *db)
    .await?;
    let on = Subject { library, item: row.item, edition: None, holder: None };
    super::trail::note(db, Verb::Restore, Outcome::Done, &on, act).await?;
    Ok(true)
}

/// How a deletion for good ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purged {
    /// Whether roles were given on what is gone.
    pub roles: bool,
}

/// Deletes an item in the trash for good, with all that went along: what they held, what was said about them, who had a
/// role on them and which links led to them. Their rows stay, since others name them, and name nothing. The bytes are the
/// sweeper's. Notes it in the trail of the item and of each item below. Needs [`super::folders::hold_trees`]. `None`: it is not in
/// the trash under this id any more.
pub async fn purge(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    row: &TrashRow,
    act: &Act,
) -> sqlx::Result<Option<Purged>> {
    let gone = sqlx::query!(
        "UPDATE items SET purged_at = coalesce($3::timestamptz, now()), trash_id = NULL WHERE id = $1 AND trash_id = $2",
        permit.item().0,
        row.trash_id,
        act.now,
    )
    .execute(&mut *db)
    .await?;
    if gone.rows_affected() == 0 {
        return Ok(None);
    }
    sqlx::query!(
        "WITH gone AS (
            UPDATE items SET purged_at = coalesce($2::timestamptz, now()), name = '(deleted)', name_key = '(deleted)', title = '', external_code = NULL,
                description = '', client_created_at = NULL, client_modified_at = NULL, revision = revision + 1
            WHERE deleted_with = $1
            RETURNING id
        )
        INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, fence, comment, request_id)
        SELECT coalesce($2, now()), $3, $4, 'purge', 'done', $5, gone.id, k.fence, $6, $7
        FROM gone LEFT JOIN locks k ON k.file_id = gone.id WHERE gone.id <> $1",
        row.item.0,
        act.now,
        act.actor.map(|actor| actor.0),
        act.dialect as Dialect,
        library.0,
        act.comment.as_deref(),
        act.request,
    )
    .execute(&mut *db)
    .await?;
    let gone = sqlx::query_scalar!(r#"SELECT id AS "id: ItemId" FROM items WHERE deleted_with = $1"#, row.item.0);
    let gone = gone.fetch_all(&mut *db).await?;
    let on = Subject { library, item: row.item, edition: None, holder: None };
    super::trail::note(&mut *db, Verb::Purge, Outcome::Done, &on, act).await?;
    // whoever is reading them, or has just copied them, has the sweeper's grace
    sqlx::query!(
        "UPDATE contents SET touched_at = coalesce($2::timestamptz, now()) WHERE sha256 IN (
            SELECT e.sha256 FROM editions e WHERE e.file_id = ANY ($1)
            UNION SELECT d.sha256 FROM drafts d WHERE d.file_id = ANY ($1)
            UNION SELECT t.sha256 FROM temporary_files t WHERE t.folder_id = ANY ($1))",
        &gone as &[ItemId],
        act.now,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("DELETE FROM drafts WHERE file_id = ANY ($1)", &gone as &[ItemId]).execute(&mut *db).await?;
    sqlx::query!("DELETE FROM editions WHERE file_id = ANY ($1)", &gone as &[ItemId]).execute(&mut *db).await?;
    super::temporary::forget(&mut *db, &gone).await?;
    sqlx::query!("DELETE FROM links WHERE item_id = ANY ($1)", &gone as &[ItemId]).execute(&mut *db).await?;
    let roles =
        sqlx::query!("DELETE FROM memberships WHERE item_id = ANY ($1)", &gone as &[ItemId]).execute(&mut *db).await?;
    super::interest::forget(&mut *db, &gone).await?;
    super::folder_locks::forget(&mut *db, &gone).await?;
    super::metadata::forget(db, &gone).await?;
    Ok(Some(Purged { roles: roles.rows_affected() > 0 }))
}
