//! Folders: making, changing, deleting. What moves or deletes a whole tree is a transaction that holds the library's
//! row alone, so that nothing is made inside meanwhile.

use sqlx::PgConnection;

use super::{
    Act,
    files::{Changed, NewItem},
    trail::Way,
};
use crate::domain::{
    actor::Dialect,
    event::{Outcome, Subject, Verb},
    id::{CategoryId, ItemId, LibraryId},
    permission::Permit,
};

/// Makes a folder in the folder the permit is for, and notes it. `false`: that folder is gone. A taken name violates
/// `items_name_key`.
pub async fn create(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    folder: &NewItem,
    description: &str,
    act: &Act,
) -> sqlx::Result<bool> {
    let made = sqlx::query_scalar!(
        r#"WITH tree AS MATERIALIZED (
            SELECT id FROM libraries WHERE id = $2 FOR SHARE
        ), parent AS MATERIALIZED (
            SELECT i.id, i.ancestors FROM items i, tree
            WHERE i.id = $1 AND i.library_id = tree.id AND i.kind = 'folder' AND i.deleted_at IS NULL FOR SHARE OF i
        ), folder AS (
            INSERT INTO items (id, library_id, parent_id, ancestors, kind, name, name_key, title, description, category_id,
                oracle_id, graph_id, owner_id, created_by, created_at, modified_by, modified_at, client_created_at, client_modified_at)
            SELECT $4, $2, parent.id, parent.ancestors || parent.id, 'folder', $5, $6, $5, $7, $8, $9, $10, $11, $12,
                coalesce($3::timestamptz, now()), $12, coalesce($3, now()), $13, $14
            FROM parent RETURNING id
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, comment, request_id)
            SELECT coalesce($3, now()), $15, $16, 'create', 'done', $2, folder.id, $17, $18 FROM folder
        )
        SELECT id FROM folder"#,
        permit.item().0,
        library.0,
        act.now,
        folder.id.0,
        folder.name.as_str(),
        folder.name.key(),
        description,
        folder.category.0,
        folder.oracle_id,
        folder.graph_id,
        folder.owner.0,
        folder.author.0,
        folder.client_times.created,
        folder.client_times.modified,
        act.actor.map(|actor| actor.0),
        act.dialect as Dialect,
        act.comment.as_deref(),
        act.request,
    )
    .fetch_optional(db)
    .await?;
    Ok(made.is_some())
}

/// Makes the root folder of a library.
pub async fn create_root(
    db: &mut PgConnection,
    library: LibraryId,
    folder: &NewItem,
    now: Option<chrono::DateTime<chrono::Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO items (id, library_id, parent_id, ancestors, kind, name, name_key, title, category_id, oracle_id, graph_id,
            owner_id, created_by, created_at, modified_by, modified_at)
        VALUES ($1, $2, NULL, '{}', 'folder', $3, $4, $3, $5, $6, $7, $8, $9, coalesce($10::timestamptz, now()), $9,
            coalesce($10::timestamptz, now()))",
        folder.id.0,
        library.0,
        folder.name.as_str(),
        folder.name.key(),
        folder.category.0,
        folder.oracle_id,
        folder.graph_id,
        folder.owner.0,
        folder.author.0,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Holds the trees of these libraries alone until the transaction ends, which counts as a change of them. Several are taken in
/// one order, so that two transactions never wait for each other.
pub async fn hold_trees(db: &mut PgConnection, libraries: &[LibraryId]) -> sqlx::Result<()> {
    // the keys stay as they are: what only refers to a library, such as a session, need not wait
    sqlx::query!(
        "WITH held AS MATERIALIZED (SELECT id FROM libraries WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE)
        UPDATE trees n SET changes = n.changes + 1 FROM held WHERE n.library_id = held.id",
        libraries as &[LibraryId]
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Holds the tree of a library beside others until the transaction ends: who holds it alone waits. First in a transaction
/// that goes through several locks: a folder is locked in the order of tree and locks.
pub async fn share_tree(db: &mut PgConnection, library: LibraryId) -> sqlx::Result<()> {
    sqlx::query!("SELECT id FROM libraries WHERE id = $1 FOR SHARE", library.0).fetch_optional(db).await?;
    Ok(())
}

/// Renames, moves or describes a folder within its library, taking all below along. Needs [`hold_trees`].
/// `false`: it has changed since it was looked at, the target is gone, or the target lies below the folder itself.
pub async fn update(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    revision: i64,
    changed: &Changed,
    act: &Act,
) -> sqlx::Result<bool> {
    let moved = sqlx::query!(
        r#"UPDATE items i SET parent_id = parent.id, ancestors = parent.ancestors || parent.id, name = $5, name_key = $6,
            title = $5, description = $7, client_created_at = $8, client_modified_at = $9,
            modified_by = coalesce($10, i.modified_by), modified_at = coalesce($2::timestamptz, now()), revision = i.revision + 1
        FROM items parent, items old
        WHERE i.id = $1 AND i.revision = $3 AND i.deleted_at IS NULL AND old.id = i.id
            AND parent.id = $4 AND parent.library_id = i.library_id AND parent.kind = 'folder' AND parent.deleted_at IS NULL
            AND parent.id <> i.id AND NOT parent.ancestors @> ARRAY[i.id]
        RETURNING old.ancestors AS "before!: Vec<ItemId>", i.ancestors AS "after: Vec<ItemId>""#,
        permit.item().0,
        act.now,
        revision,
        changed.parent.0,
        changed.name.as_str(),
        changed.name.key(),
        changed.description,
        changed.client_times.created,
        changed.client_times.modified,
        act.actor.map(|actor| actor.0),
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(moved) = moved else { return Ok(false) };
    if moved.before != moved.after {
        sqlx::query!(
            "UPDATE items SET ancestors = $2::uuid[] || ancestors[$3::int:], revision = revision + 1
            WHERE ancestors @> ARRAY[$1::uuid]",
            permit.item().0,
            &moved.after as &[ItemId],
            i32::try_from(moved.before.len()).unwrap_or(i32::MAX).saturating_add(1),
        )
        .execute(&mut *db)
        .await?;
        super::locks::decide_again(&mut *db, permit.item()).await?;
    }
    let on = Subject { library, item: permit.item(), edition: None, holder: None };
    let way = Way { from: library, before: &moved.before, after: &moved.after };
    super::trail::note_moved(&mut *db, &on, &way, act).await?;
    super::trail::note_carried(db, &on, &way, act).await?;
    Ok(true)
}

/// Somebody's lock on a file below a folder; its rows stay locked until the transaction ends, so that none is taken
/// meanwhile.
pub async fn hold_locks_below(db: &mut PgConnection, folder: ItemId) -> sqlx::Result<()> {
    sqlx::query!(
        "SELECT k.file_id FROM locks k JOIN items i ON i.id = k.file_id
        WHERE i.ancestors @> ARRAY[$1::uuid] AND i.deleted_at IS NULL ORDER BY k.file_id FOR UPDATE OF k",
        folder.0,
    )
    .fetch_all(db)
    .await?;
    Ok(())
}

/// A category among these that some file or folder below a folder has, if there is one.
pub async fn category_below(
    db: &mut PgConnection,
    folder: ItemId,
    among: &[CategoryId],
) -> sqlx::Result<Option<CategoryId>> {
    sqlx::query_scalar!(
        r#"SELECT category_id AS "category: CategoryId" FROM items
        WHERE ancestors @> ARRAY[$1::uuid] AND deleted_at IS NULL AND category_id = ANY ($2) LIMIT 1"#,
        folder.0,
        among as &[CategoryId],
    )
    .fetch_optional(db)
    .await
}

/// Whether a file below a folder is private.
pub async fn has_private_below(db: &mut PgConnection, folder: ItemId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM items i JOIN editions e ON e.id = i.edition_id
            WHERE i.ancestors @> ARRAY[$1::uuid] AND i.deleted_at IS NULL AND e.private) AS "private!""#,
        folder.0,
    )
    .fetch_one(db)
    .await
}

/// Puts a folder with all below into the trash, itself under an id of its own there, and notes it in the trail of the folder
/// and of each item below. All locks there end. Needs [`hold_trees`] and [`hold_locks_below`]. `false` as in [`update`].
pub async fn delete(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    revision: i64,
    trash_id: &str,
    act: &Act,
) -> sqlx::Result<bool> {
    let folder = permit.item();
    let gone = sqlx::query!(
        "UPDATE items SET deleted_at = coalesce($2::timestamptz, now()), deleted_by = $4, deleted_with = $1, trash_id = $5,
            revision = revision + 1
        WHERE id = $1 AND revision = $3 AND deleted_at IS NULL",
        folder.0,
        act.now,
        revision,
        act.actor.map(|by| by.0),
        trash_id,
    )
    .execute(&mut *db)
    .await?;
    if gone.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "WITH gone AS (
            UPDATE items SET deleted_at = coalesce($2::timestamptz, now()), deleted_by = $3, deleted_with = $1, unpublished_by = NULL,
                revision = revision + 1
            WHERE ancestors @> ARRAY[$1::uuid] AND deleted_at IS NULL
            RETURNING id
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, fence, comment, request_id,
                from_unpublished_by)
            SELECT coalesce($2, now()), $3, $4, 'delete', 'done', $5, gone.id, k.fence, $6, $7, was.unpublished_by
            FROM gone JOIN items was ON was.id = gone.id LEFT JOIN locks k ON k.file_id = gone.id
        ), closed AS (
            UPDATE locks k SET revision = k.revision + 1, closed_at = coalesce($2, now()), holder_id = NULL, mode = NULL,
                dialect = NULL, taken_at = NULL, expires_at = NULL, lock_uuid = NULL, number = NULL, draft_number = NULL,
                owner_text = NULL, comment = NULL
            FROM gone WHERE k.file_id = gone.id
        ), unlocked AS (
            UPDATE folder_locks f SET holder_id = NULL, dialect = NULL, taken_at = NULL, expires_at = NULL, lock_uuid = NULL,
                number = NULL, owner_text = NULL, inheritable = NULL
            FROM (SELECT id FROM gone UNION ALL SELECT $1) g WHERE f.folder_id = g.id
        )
        UPDATE drafts d SET rescued_at = coalesce($2, now()) FROM gone WHERE d.file_id = gone.id AND d.rescued_at IS NULL",
        folder.0,
        act.now,
        act.actor.map(|by| by.0),
        act.dialect as Dialect,
        library.0,
        act.comment.as_deref(),
        act.request,
    )
    .execute(&mut *db)
    .await?;
    let on = Subject { library, item: folder, edition: None, holder: None };
    super::trail::note(db, Verb::Delete, Outcome::Done, &on, act).await?;
    Ok(true)
}
