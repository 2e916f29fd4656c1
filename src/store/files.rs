//! Files as items of a tree: making one with its first edition and its lock, changing what is no edition, putting it
//! into the trash. Each is one statement with its event.

use sqlx::PgConnection;

use super::{Act, contents::NewContent, editions::NewEdition};
use crate::domain::{
    actor::Dialect,
    edition::Storage,
    external::ExternalCode,
    id::{CategoryId, ItemId, LibraryId, PrincipalId},
    item::ClientTimes,
    name::ItemName,
    permission::Permit,
};

/// A file to be made, its identities already drawn.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct NewItem {
    pub id: ItemId,
    pub name: ItemName,
    pub oracle_id: String,
    pub graph_id: String,
    pub category: CategoryId,
    pub owner: PrincipalId,
    pub author: PrincipalId,
    pub client_times: ClientTimes,
    /// Who holds the file from birth and alone sees it until the first check-in; nobody, usually. Of files only.
    pub unpublished_by: Option<PrincipalId>,
    /// The code another system is to know it by; its number, usually. Of files only.
    pub external_code: Option<ExternalCode>,
}

/// Makes a file with its first edition and its lock in the folder the permit is for, and notes it. `None`: the folder
/// is gone. A taken name violates `items_name_key`. One that is given no code has one of its own where another file of the
/// library shows the number that it draws. A code that is taken, and a number that somebody takes as a code at this very
/// moment, violate `items_external_code_key`. Answers the blob as `editions::publish` does.
pub async fn create(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    file: &NewItem,
    edition: &NewEdition,
    content: Option<&NewContent>,
    act: &Act,
) -> sqlx::Result<Option<Option<String>>> {
    let upload = content.map(NewContent::columns);
    sqlx::query_scalar!(
        r#"WITH tree AS MATERIALIZED (
            -- who moves or deletes a folder holds this row alone
            SELECT id FROM libraries WHERE id = $2 FOR SHARE
        ), parent AS MATERIALIZED (
            SELECT i.id, i.ancestors FROM items i, tree
            WHERE i.id = $1 AND i.library_id = tree.id AND i.kind = 'folder' AND i.deleted_at IS NULL FOR SHARE OF i
        ), drawn AS MATERIALIZED (
            SELECT parent.id, parent.ancestors, nextval('numbers') AS number FROM parent
        ), stored AS (
            INSERT INTO contents (sha256, size, quick_xor, inline, blob, touched_at)
            SELECT $4::bytea, $5::bigint, $6::bytea, $7::bytea, $8::text, coalesce($3::timestamptz, now()) FROM parent
            WHERE $9::boolean
            ON CONFLICT (sha256) DO UPDATE SET touched_at = excluded.touched_at
            RETURNING blob
        ), file AS (
            INSERT INTO items (id, library_id, parent_id, ancestors, kind, name, name_key, title, description, category_id,
                oracle_id, graph_id, file_number, owner_id, created_by, created_at, modified_by, modified_at,
                client_created_at, client_modified_at, edition_id, ordinal, major, minor, unpublished_by, number, external_code)
            SELECT $10, $2, drawn.id, drawn.ancestors || drawn.id, 'file', $11, $12, $13, $14, $15, $16, $17,
                nextval('file_numbers'), $18, $19, coalesce($3, now()), $19, coalesce($3, now()), $20, $21, $22, $23, $24, $25, $39,
                drawn.number, coalesce($40::text, CASE WHEN EXISTS (SELECT FROM items o WHERE o.library_id = $2
                    AND coalesce(o.external_code, o.number::text) = drawn.number::text AND o.kind = 'file' AND o.deleted_at IS NULL)
                    THEN gen_random_uuid()::text END)
            FROM drawn RETURNING id
        ), published AS (
            INSERT INTO editions (id, file_id, ordinal, major, minor, label, arena_guid, file_name, title, description,
                format, private, storage, location, media_type, sha256, comment, author_id, author_name, created_at, modified_at)
            SELECT $22, file.id, $23, $24, $25, $26, $27, $28, $13, $14, $29, $30, $31, $32, $33, $4, $34, $19, $35,
                coalesce($3, now()), coalesce($3, now())
            FROM file
        ), lock AS (
            INSERT INTO locks (file_id, fence, holder_id, mode, dialect, taken_at, lock_uuid, number, draft_number, owner_text)
            SELECT file.id, 1, $39, 'check_out', $37, coalesce($3, now()), gen_random_uuid(), nextval('numbers'),
                nextval('numbers'), ''
            FROM file WHERE $39::uuid IS NOT NULL
            UNION ALL
            SELECT file.id, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM file WHERE $39 IS NULL
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, edition_id, fence, comment, request_id)
            SELECT coalesce($3, now()), $36, $37, 'create', 'done', $2, file.id, $22, CASE WHEN $39 IS NOT NULL THEN 1 END, $34, $38
            FROM file
        )
        SELECT (SELECT blob FROM stored) AS "blob" FROM file"#,
        permit.item().0,
        library.0,
        act.now,
        edition.content.as_ref().map(|content| &content.sha256.0[..]),
        upload.as_ref().map(|upload| upload.size),
        upload.as_ref().map(|upload| upload.quick_xor),
        upload.as_ref().and_then(|upload| upload.inline),
        upload.as_ref().and_then(|upload| upload.blob.clone()),
        upload.is_some(),
        file.id.0,
        file.name.as_str(),
        file.name.key(),
        edition.title,
        edition.description,
        file.category.0,
        file.oracle_id,
        file.graph_id,
        file.owner.0,
        file.author.0,
        file.client_times.created,
        file.client_times.modified,
        edition.id.0,
        edition.ordinal,
        edition.version.major,
        edition.version.minor,
        edition.label,
        edition.arena_guid,
        edition.file_name.as_deref(),
        edition.format.as_deref(),
        edition.private,
        edition.storage as Storage,
        edition.location.as_deref(),
        edition.media_type.as_deref(),
        edition.comment,
        edition.author_name,
        act.actor.map(|actor| actor.0),
        act.dialect as Dialect,
        act.request,
        file.unpublished_by.map(|by| by.0),
        file.external_code.as_ref().map(ExternalCode::as_str),
    )
    .fetch_optional(db)
    .await
}

/// A change of a file that makes no edition, completely decided.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Changed {
    pub parent: ItemId,
    pub name: ItemName,
    pub title: String,
    pub description: String,
    pub category: CategoryId,
    pub client_times: ClientTimes,
}

/// The state of a file that a change of it was decided on.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The revision of the lock's row.
    pub revision: i64,
    /// Whether the change counts only while the lock lives, also after what had to be waited for.
    pub bound: bool,
}

/// Renames, moves within the library or describes a file, and notes it. `false`: it has changed since it was looked at,
/// or the target folder is gone.
pub async fn update(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    seen: Seen,
    changed: &Changed,
    act: &Act,
) -> sqlx::Result<bool> {
    let done = sqlx::query_scalar!(
        r#"WITH tree AS MATERIALIZED (
            SELECT id FROM libraries WHERE id = $4 FOR SHARE
        ), parent AS MATERIALIZED (
            SELECT i.id, i.ancestors FROM items i, tree
            WHERE i.id = $5 AND i.library_id = tree.id AND i.kind = 'folder' AND i.deleted_at IS NULL FOR SHARE OF i
        ), guard AS (
            UPDATE locks SET revision = revision + 1 FROM parent
            WHERE file_id = $1 AND revision = $3 AND closed_at IS NULL
                AND (NOT $17::boolean OR expires_at IS NULL OR expires_at > coalesce($2::timestamptz, clock_timestamp()))
            RETURNING file_id, fence
        ), old AS MATERIALIZED (
            -- as it is now: a folder above may have been moved while this waited for its tree
            SELECT i.id, i.ancestors, i.category_id, i.unpublished_by FROM items i, guard WHERE i.id = guard.file_id FOR NO KEY UPDATE OF i
        ), file AS (
            UPDATE items i SET parent_id = parent.id, ancestors = parent.ancestors || parent.id, name = $6, name_key = $7,
                title = $8, description = $9, category_id = $10, client_created_at = $11, client_modified_at = $12,
                modified_by = coalesce($13, i.modified_by), modified_at = coalesce($2, now()), revision = i.revision + 1
            FROM old, parent WHERE i.id = old.id
            RETURNING i.id, i.ancestors
        ), edition AS (
            UPDATE editions e SET title = $8, description = $9, modified_at = coalesce($2, now())
            FROM items i, guard WHERE i.id = guard.file_id AND e.id = i.edition_id AND (e.title <> $8 OR e.description <> $9)
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, fence, comment, request_id,
                from_ancestors, from_category_id, from_unpublished_by)
            SELECT coalesce($2, now()), $13, $14, 'update', 'done', $4, guard.file_id, guard.fence, $15, $16,
                CASE WHEN file.ancestors <> old.ancestors THEN old.ancestors END,
                CASE WHEN old.category_id <> $10 THEN old.category_id END, old.unpublished_by
            FROM guard, old, file
        )
        SELECT file.id FROM file"#,
        permit.item().0,
        act.now,
        seen.revision,
        library.0,
        changed.parent.0,
        changed.name.as_str(),
        changed.name.key(),
        changed.title,
        changed.description,
        changed.category.0,
        changed.client_times.created,
        changed.client_times.modified,
        act.actor.map(|actor| actor.0),
        act.dialect as Dialect,
        act.comment.as_deref(),
        act.request,
        seen.bound,
    )
    .fetch_optional(db)
    .await?;
    Ok(done.is_some())
}

/// Puts a file into the trash, under an id of its own there, ending its lock; the draft of an ended lock is rescued. From
/// there it comes back like any other file, also if it was never checked in. `false`
/// as in [`update`], when the file belongs to a part, whose associations pass through the same row, and while nothing says
/// of the lapse of a check-out through the room `settles`.
pub async fn delete(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    seen: Seen,
    settles: Option<Dialect>,
    trash_id: &str,
    act: &Act,
) -> sqlx::Result<bool> {
    let done = sqlx::query_scalar!(
        r#"WITH guard AS (
            UPDATE locks SET revision = revision + 1, closed_at = coalesce($2, now()), holder_id = NULL, mode = NULL,
                dialect = NULL, taken_at = NULL, expires_at = NULL, lock_uuid = NULL, number = NULL, draft_number = NULL,
                owner_text = NULL, comment = NULL
            WHERE file_id = $1 AND revision = $3 AND closed_at IS NULL
                AND (NOT $9::boolean OR expires_at IS NULL OR expires_at > coalesce($2::timestamptz, clock_timestamp()))
                AND NOT coalesce(dialect = $11::text AND lapse_fence < fence AND expires_at <= coalesce($2, now()), false)
                AND NOT EXISTS (SELECT 1 FROM part_files p WHERE p.file_id = locks.file_id)
            RETURNING file_id, fence
        ), rescued AS (
            UPDATE drafts d SET rescued_at = coalesce($2, now()) FROM guard
            WHERE d.file_id = guard.file_id AND d.rescued_at IS NULL
        ), file AS (
            UPDATE items i SET deleted_at = coalesce($2, now()), deleted_by = $4, deleted_with = i.id, trash_id = $10,
                unpublished_by = NULL, revision = i.revision + 1
            FROM guard WHERE i.id = guard.file_id
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, fence, comment, request_id,
                from_unpublished_by)
            SELECT coalesce($2, now()), $4, $5, 'delete', 'done', $6, guard.file_id, guard.fence, $7, $8, was.unpublished_by
            FROM guard JOIN items was ON was.id = guard.file_id
        )
        SELECT file_id FROM guard"#,
        permit.item().0,
        act.now,
        seen.revision,
        act.actor.map(|actor| actor.0),
        act.dialect as Dialect,
        library.0,
        act.comment.as_deref(),
        act.request,
        seen.bound,
        trash_id,
        settles as Option<Dialect>,
    )
    .fetch_optional(db)
    .await?;
    Ok(done.is_some())
}
