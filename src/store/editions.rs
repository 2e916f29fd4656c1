//! Editions: publishing one, replacing the newest in place, listing them. A publication is one statement: it passes
//! through the lock's row by comparing its revision, so that none happens beside a lock or beside another.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Act, contents::NewContent, locks::Patience};
use crate::domain::{
    edition::{ContentInfo, Storage},
    event::Verb,
    id::{CategoryId, EditionId, ItemId, LibraryId, PrincipalId, RevisionId},
    item::ClientTimes,
    name::ItemName,
    permission::Permit,
    version::Version,
};

/// An edition as it stands in the database.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct EditionRow {
    pub id: EditionId,
    pub ordinal: i32,
    pub major: i32,
    pub minor: i32,
    pub label: String,
    pub number: i64,
    pub arena_guid: String,
    pub file_name: Option<String>,
    pub title: String,
    pub description: String,
    pub format: Option<String>,
    pub private: bool,
    pub frozen: bool,
    pub storage: Storage,
    pub location: Option<String>,
    pub media_type: Option<String>,
    pub sha256: Option<Vec<u8>>,
    pub quick_xor: Option<Vec<u8>>,
    pub size: Option<i64>,
    pub comment: String,
    pub author: PrincipalId,
    pub author_name: String,
    pub created_at: DateTime<Utc>,
    pub modified_at: DateTime<Utc>,
}

macro_rules! editions {
    ($tail:tt, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            EditionRow,
            r#"SELECT e.id AS "id!: EditionId", e.ordinal AS "ordinal!", e.major AS "major!", e.minor AS "minor!", e.label AS "label!",
            e.number AS "number!", e.arena_guid AS "arena_guid!", e.file_name AS "file_name?", e.title AS "title!",
            e.description AS "description!", e.format AS "format?", e.private AS "private!", e.frozen AS "frozen!",
            e.storage AS "storage!: Storage", e.location AS "location?", e.media_type AS "media_type?", e.sha256 AS "sha256?",
            t.quick_xor AS "quick_xor?", t.size AS "size?", e.comment AS "comment!", e.author_id AS "author!: PrincipalId",
            e.author_name AS "author_name!", e.created_at AS "created_at!", e.modified_at AS "modified_at!"
        FROM editions e LEFT JOIN contents t ON t.sha256 = e.sha256
        "# + $tail,
            $($argument),*
        )
    };
}

/// The published editions of a file, newest first.
pub async fn of(db: &mut PgConnection, file: ItemId) -> sqlx::Result<Vec<EditionRow>> {
    editions!("WHERE e.file_id = $1 AND e.ordinal IS NOT NULL ORDER BY e.ordinal DESC", file.0).fetch_all(db).await
}

/// The editions that files of a revision of a part are pinned to and that are not their newest ones.
pub async fn pinned(db: &mut PgConnection, revision: RevisionId) -> sqlx::Result<Vec<EditionRow>> {
    editions!(
        "JOIN part_files p ON p.edition_id = e.id JOIN items i ON i.id = e.file_id
        WHERE p.revision_id = $1 AND i.edition_id <> e.id AND e.ordinal IS NOT NULL",
        revision.0,
    )
    .fetch_all(db)
    .await
}

/// The file that an edition's number belongs to.
pub async fn file_of_number(db: &mut PgConnection, number: i64) -> sqlx::Result<Option<ItemId>> {
    sqlx::query_scalar!(
        r#"SELECT file_id AS "file: ItemId" FROM editions WHERE number = $1 AND ordinal IS NOT NULL
        UNION ALL SELECT file_id FROM locks WHERE draft_number = $1"#,
        number,
    )
    .fetch_optional(db)
    .await
    .map(Option::flatten)
}

/// An edition to be published, completely decided.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct NewEdition {
    pub id: EditionId,
    pub arena_guid: String,
    pub ordinal: i32,
    pub version: Version,
    pub label: String,
    pub file_name: Option<String>,
    pub title: String,
    pub description: String,
    pub format: Option<String>,
    pub private: bool,
    pub storage: Storage,
    pub location: Option<String>,
    pub media_type: Option<String>,
    pub content: Option<ContentInfo>,
    pub comment: String,
    pub author: PrincipalId,
    pub author_name: String,
    pub category: CategoryId,
    /// The name of the file in its folder, where it changes with the edition.
    pub item_name: Option<ItemName>,
    /// The times of the client's own disk that the file has with the edition; not for one that it is made with.
    pub client_times: ClientTimes,
}

/// What the lock must be at the moment of a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Anything, unless it is released.
    Any,
    /// It lives: the publication was begun under its fence.
    Alive,
    /// It has lapsed, and still stands in its row: [`publish`] alone does this. The patience is with whoever is about to
    /// change the file or its lock.
    Lapsed(Patience),
}

/// What a publication is bound to and what becomes of the lock.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The revision of the lock's row that the decision was made on.
    pub revision: i64,
    /// Whether the lock is released with it.
    pub release: bool,
    /// What the lock must be at that moment.
    pub life: Life,
    /// Whose lock it is, where it is not the caller's.
    pub holder: Option<PrincipalId>,
}

/// Publishes an edition, perhaps releasing the lock with it, and notes it. `None`: the file has changed since it was
/// looked at, or the lock is not what it must be, or it is passed over; nothing was done.
///
/// Answers the name of the blob that holds the bytes now, if they are not in the row: an upload under another name is
/// then superfluous.
#[expect(clippy::too_many_arguments, reason = "one statement")]
pub async fn publish(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    verb: Verb,
    edition: &NewEdition,
    content: Option<&NewContent>,
    binding: Binding,
    act: &Act,
) -> sqlx::Result<Option<Option<String>>> {
    let upload = content.map(NewContent::columns);
    sqlx::query_scalar!(
        r#"WITH unclaimed AS MATERIALIZED (
            SELECT k.file_id FROM locks k JOIN items i ON i.id = k.file_id
            WHERE $41::boolean AND k.file_id = $1 FOR NO KEY UPDATE SKIP LOCKED
        ), guard AS (
            UPDATE locks SET revision = revision + 1,
                holder_id = CASE WHEN $4 THEN NULL ELSE holder_id END, mode = CASE WHEN $4 THEN NULL ELSE mode END,
                dialect = CASE WHEN $4 THEN NULL ELSE dialect END, taken_at = CASE WHEN $4 THEN NULL ELSE taken_at END,
                expires_at = CASE WHEN $4 THEN NULL ELSE expires_at END, lock_uuid = CASE WHEN $4 THEN NULL ELSE lock_uuid END,
                number = CASE WHEN $4 THEN NULL ELSE number END, draft_number = CASE WHEN $4 THEN NULL ELSE draft_number END,
                owner_text = CASE WHEN $4 THEN NULL ELSE owner_text END, comment = CASE WHEN $4 THEN NULL ELSE comment END
            WHERE file_id = $1 AND revision = $3 AND closed_at IS NULL
                AND CASE WHEN $40::boolean THEN holder_id IS NOT NULL AND expires_at <= coalesce($2::timestamptz, now())
                    ELSE NOT ($4::boolean OR $36::boolean) OR expires_at IS NULL OR expires_at > coalesce($2, now()) END
                AND (NOT $41 OR EXISTS (SELECT FROM unclaimed))
            RETURNING file_id, fence
        ), stored AS (
            INSERT INTO contents (sha256, size, quick_xor, inline, blob, touched_at)
            SELECT $5::bytea, $6::bigint, $7::bytea, $8::bytea, $9::text, coalesce($2, now()) FROM guard
            WHERE $10::boolean
            ON CONFLICT (sha256) DO UPDATE SET touched_at = excluded.touched_at
            RETURNING blob
        ), published AS (
            INSERT INTO editions (id, file_id, ordinal, major, minor, label, arena_guid, file_name, title, description,
                format, private, storage, location, media_type, sha256, comment, author_id, author_name, created_at, modified_at)
            SELECT $11, file_id, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $5, $25, $26, $27,
                coalesce($2, now()), coalesce($2, now())
            FROM guard
        ), file AS (
            UPDATE items SET edition_id = $11, ordinal = $12, major = $13, minor = $14, title = $18, description = $19,
                unpublished_by = CASE WHEN $4 THEN NULL ELSE unpublished_by END,
                client_created_at = coalesce($38, client_created_at), client_modified_at = coalesce($39, client_modified_at),
                category_id = $28, name = coalesce($29, name), name_key = coalesce($30, name_key), modified_by = $26,
                modified_at = coalesce($2, now()), revision = items.revision + 1
            FROM guard WHERE items.id = guard.file_id
        ), dropped AS (
            DELETE FROM drafts d USING guard
            WHERE $4 AND d.file_id = guard.file_id AND d.fence = guard.fence AND d.holder_id = $31
        ), rescued AS (
            -- somebody else's, whose lock an administrator checked in
            UPDATE drafts d SET rescued_at = coalesce($2, now()) FROM guard
            WHERE $4 AND d.file_id = guard.file_id AND d.fence = guard.fence AND d.holder_id IS DISTINCT FROM $31
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, edition_id, fence, holder_id,
                comment, request_id, from_category_id, from_private, from_unpublished_by)
            SELECT coalesce($2, now()), $31, $32, $33, 'done', $34, file_id, $11, fence, $37, $25, $35, was.category_id, was.private,
                was.unpublished_by
            FROM guard LEFT JOIN LATERAL (SELECT i.category_id, e.private, i.unpublished_by
                FROM items i JOIN editions e ON e.id = i.edition_id
                WHERE i.id = guard.file_id AND (i.category_id <> $28 OR e.private <> $21)) was ON true
        )
        SELECT (SELECT blob FROM stored) AS "blob" FROM guard"#,
        permit.item().0,
        act.now,
        binding.revision,
        binding.release,
        edition.content.as_ref().map(|content| &content.sha256.0[..]),
        upload.as_ref().map(|upload| upload.size),
        upload.as_ref().map(|upload| upload.quick_xor),
        upload.as_ref().and_then(|upload| upload.inline),
        upload.as_ref().and_then(|upload| upload.blob.clone()),
        upload.is_some(),
        edition.id.0,
        edition.ordinal,
        edition.version.major,
        edition.version.minor,
        edition.label,
        edition.arena_guid,
        edition.file_name.as_deref(),
        edition.title,
        edition.description,
        edition.format.as_deref(),
        edition.private,
        edition.storage as Storage,
        edition.location.as_deref(),
        edition.media_type.as_deref(),
        edition.comment,
        edition.author.0,
        edition.author_name,
        edition.category.0,
        edition.item_name.as_ref().map(|name| name.as_str().to_owned()),
        edition.item_name.as_ref().map(ItemName::key),
        act.actor.map(|actor| actor.0),
        act.dialect as crate::domain::actor::Dialect,
        verb as Verb,
        library.0,
        act.request,
        binding.life == Life::Alive,
        binding.holder.map(|holder| holder.0),
        edition.client_times.created,
        edition.client_times.modified,
        matches!(binding.life, Life::Lapsed(_)),
        binding.life == Life::Lapsed(Patience::PassesOver),
    )
    .fetch_optional(db)
    .await
}

/// Replaces the newest edition in place, perhaps releasing the lock with it, and notes it. Identity, number, GUID and
/// version stay; the replaced edition is kept as an internal one under `kept`. `None` as in [`publish`].
#[expect(clippy::too_many_arguments, reason = "one statement")]
pub async fn replace_latest(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    verb: Verb,
    by: PrincipalId,
    edition: &NewEdition,
    kept: (EditionId, &str),
    content: Option<&NewContent>,
    binding: Binding,
    act: &Act,
) -> sqlx::Result<Option<Option<String>>> {
    let upload = content.map(NewContent::columns);
    sqlx::query_scalar!(
        r#"WITH guard AS (
            UPDATE locks SET revision = revision + 1,
                holder_id = CASE WHEN $4 THEN NULL ELSE holder_id END, mode = CASE WHEN $4 THEN NULL ELSE mode END,
                dialect = CASE WHEN $4 THEN NULL ELSE dialect END, taken_at = CASE WHEN $4 THEN NULL ELSE taken_at END,
                expires_at = CASE WHEN $4 THEN NULL ELSE expires_at END, lock_uuid = CASE WHEN $4 THEN NULL ELSE lock_uuid END,
                number = CASE WHEN $4 THEN NULL ELSE number END, draft_number = CASE WHEN $4 THEN NULL ELSE draft_number END,
                owner_text = CASE WHEN $4 THEN NULL ELSE owner_text END, comment = CASE WHEN $4 THEN NULL ELSE comment END
            WHERE file_id = $1 AND revision = $3 AND closed_at IS NULL
                AND (NOT ($4::boolean OR $34::boolean) OR expires_at IS NULL OR expires_at > coalesce($2::timestamptz, now()))
            RETURNING file_id, fence
        ), stored AS (
            INSERT INTO contents (sha256, size, quick_xor, inline, blob, touched_at)
            SELECT $5::bytea, $6::bigint, $7::bytea, $8::bytea, $9::text, coalesce($2, now()) FROM guard
            WHERE $10::boolean
            ON CONFLICT (sha256) DO UPDATE SET touched_at = excluded.touched_at
            RETURNING blob
        ), kept AS (
            INSERT INTO editions (id, file_id, ordinal, major, minor, label, arena_guid, file_name, title, description,
                format, private, frozen, storage, location, media_type, sha256, comment, author_id, author_name, created_at, modified_at)
            SELECT $12, e.file_id, NULL, e.major, e.minor, e.label, $13, e.file_name, e.title, e.description, e.format,
                e.private, e.frozen, e.storage, e.location, e.media_type, e.sha256, e.comment, e.author_id, e.author_name,
                e.created_at, e.modified_at
            FROM editions e, guard WHERE e.id = $11
        ), replaced AS (
            UPDATE editions e SET label = $14, file_name = $15, title = $16, description = $17, format = $18, private = $19,
                storage = $20, location = $21, media_type = $22, sha256 = $5, comment = $23, author_id = $24, author_name = $25,
                modified_at = coalesce($2, now())
            FROM guard WHERE e.id = $11
        ), file AS (
            UPDATE items SET title = $16, description = $17, category_id = $26, name = coalesce($27, name),
                client_created_at = coalesce($38, client_created_at), client_modified_at = coalesce($39, client_modified_at),
                unpublished_by = CASE WHEN $4 THEN NULL ELSE unpublished_by END,
                name_key = coalesce($28, name_key), modified_by = $36, modified_at = coalesce($2, now()), revision = items.revision + 1
            FROM guard WHERE items.id = guard.file_id
        ), dropped AS (
            DELETE FROM drafts d USING guard
            WHERE $4 AND d.file_id = guard.file_id AND d.fence = guard.fence AND d.holder_id = $29
        ), rescued AS (
            -- somebody else's, whose lock an administrator checked in
            UPDATE drafts d SET rescued_at = coalesce($2, now()) FROM guard
            WHERE $4 AND d.file_id = guard.file_id AND d.fence = guard.fence AND d.holder_id IS DISTINCT FROM $29
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, edition_id, fence, holder_id,
                comment, request_id, from_category_id, from_private, from_unpublished_by)
            SELECT coalesce($2, now()), $29, $30, $31, 'done', $32, file_id, $11, fence, $35, $37, $33, was.category_id, was.private,
                was.unpublished_by
            FROM guard LEFT JOIN LATERAL (SELECT i.category_id, e.private, i.unpublished_by
                FROM items i JOIN editions e ON e.id = i.edition_id
                WHERE i.id = guard.file_id AND (i.category_id <> $26 OR e.private <> $19)) was ON true
        )
        SELECT (SELECT blob FROM stored) AS "blob" FROM guard"#,
        permit.item().0,
        act.now,
        binding.revision,
        binding.release,
        edition.content.as_ref().map(|content| &content.sha256.0[..]),
        upload.as_ref().map(|upload| upload.size),
        upload.as_ref().map(|upload| upload.quick_xor),
        upload.as_ref().and_then(|upload| upload.inline),
        upload.as_ref().and_then(|upload| upload.blob.clone()),
        upload.is_some(),
        edition.id.0,
        kept.0.0,
        kept.1,
        edition.label,
        edition.file_name.as_deref(),
        edition.title,
        edition.description,
        edition.format.as_deref(),
        edition.private,
        edition.storage as Storage,
        edition.location.as_deref(),
        edition.media_type.as_deref(),
        edition.comment,
        edition.author.0,
        edition.author_name,
        edition.category.0,
        edition.item_name.as_ref().map(|name| name.as_str().to_owned()),
        edition.item_name.as_ref().map(ItemName::key),
        act.actor.map(|actor| actor.0),
        act.dialect as crate::domain::actor::Dialect,
        verb as Verb,
        library.0,
        act.request,
        binding.life == Life::Alive,
        binding.holder.map(|holder| holder.0),
        by.0,
        act.comment.as_deref(),
        edition.client_times.created,
        edition.client_times.modified,
    )
    .fetch_optional(db)
    .await
}

/// Changes what is said of the newest edition, its bytes staying where they are, and notes it as an update of the file.
/// `false`: the file has changed since it was looked at, or the lock has lapsed; nothing was done.
pub async fn describe_latest(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    by: PrincipalId,
    edition: &NewEdition,
    binding: Binding,
    act: &Act,
) -> sqlx::Result<bool> {
    let done = sqlx::query_scalar!(
        r#"WITH guard AS (
            UPDATE locks SET revision = revision + 1
            WHERE file_id = $1 AND revision = $3 AND closed_at IS NULL
                AND (NOT $4::boolean OR expires_at IS NULL OR expires_at > coalesce($2::timestamptz, now()))
            RETURNING file_id, fence
        ), described AS (
            UPDATE editions e SET label = $6, title = $7, description = $8, format = $9, private = $10, location = $11,
                author_name = $12, modified_at = coalesce($2, now())
            FROM guard WHERE e.id = $5
        ), file AS (
            UPDATE items SET title = $7, description = $8, category_id = $13, modified_by = $14,
                modified_at = coalesce($2, now()), revision = items.revision + 1
            FROM guard WHERE items.id = guard.file_id
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, edition_id, fence, holder_id,
                comment, request_id, from_category_id, from_private, from_unpublished_by)
            SELECT coalesce($2, now()), $15, $16, 'update', 'done', $17, file_id, $5, fence, $18, $19, $20, was.category_id, was.private,
                was.unpublished_by
            FROM guard LEFT JOIN LATERAL (SELECT i.category_id, e.private, i.unpublished_by
                FROM items i JOIN editions e ON e.id = i.edition_id
                WHERE i.id = guard.file_id AND (i.category_id <> $13 OR e.private <> $10)) was ON true
        )
        SELECT file_id FROM guard"#,
        permit.item().0,
        act.now,
        binding.revision,
        binding.life == Life::Alive,
        edition.id.0,
        edition.label,
        edition.title,
        edition.description,
        edition.format.as_deref(),
        edition.private,
        edition.location.as_deref(),
        edition.author_name,
        edition.category.0,
        by.0,
        act.actor.map(|actor| actor.0),
        act.dialect as crate::domain::actor::Dialect,
        library.0,
        binding.holder.map(|holder| holder.0),
        act.comment.as_deref(),
        act.request,
    )
    .fetch_optional(db)
    .await?;
    Ok(done.is_some())
}

/// How the deletion of an edition ended; only [`Deleted::Done`] has changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone; was it the newest, the one before it is now.
    Done,
    /// It is the only one.
    Only,
    /// The file has changed since it was looked at.
    Changed,
}

/// Deletes any edition of a file but its only one, and notes it. With the newest the one before becomes the newest, and the
/// file takes `name`, if there is one. The row stays as an internal edition; what the file counts by stays as well, so that no
/// number is given twice.
pub async fn delete(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    edition: EditionId,
    name: Option<&ItemName>,
    seen: super::files::Seen,
    act: &Act,
) -> sqlx::Result<Deleted> {
    let row = sqlx::query!(
        r#"WITH remaining AS MATERIALIZED (
            SELECT e.id, e.title, e.description, e.private FROM editions e
            WHERE e.file_id = $1 AND e.ordinal IS NOT NULL AND e.id <> $4
            ORDER BY e.ordinal DESC LIMIT 1
        ), guard AS (
            UPDATE locks SET revision = revision + 1
            WHERE file_id = $1 AND revision = $3 AND closed_at IS NULL
                AND (NOT $10::boolean OR expires_at IS NULL OR expires_at > coalesce($2::timestamptz, clock_timestamp()))
                AND EXISTS (SELECT FROM remaining)
                AND NOT EXISTS (SELECT FROM part_files p JOIN items i ON i.id = p.file_id
                    WHERE p.file_id = $1 AND coalesce(p.edition_id, i.edition_id) = $4)
            RETURNING file_id, fence
        ), deleted AS (
            UPDATE editions e SET ordinal = NULL FROM guard WHERE e.id = $4 AND e.file_id = guard.file_id
        ), file AS (
            UPDATE items i SET edition_id = remaining.id, title = remaining.title, description = remaining.description,
                name = CASE WHEN i.edition_id = $4 THEN coalesce($11, i.name) ELSE i.name END,
                name_key = CASE WHEN i.edition_id = $4 THEN coalesce($12, i.name_key) ELSE i.name_key END,
                modified_by = CASE WHEN i.edition_id = $4 THEN coalesce($5, i.modified_by) ELSE i.modified_by END,
                modified_at = CASE WHEN i.edition_id = $4 THEN coalesce($2, now()) ELSE i.modified_at END,
                revision = i.revision + 1
            FROM guard, remaining WHERE i.id = guard.file_id
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, edition_id, fence, comment,
                request_id, from_category_id, from_private, from_unpublished_by)
            SELECT coalesce($2, now()), $5, $6, 'delete', 'done', $7, guard.file_id, $4, fence, $8, $9, was.category_id, was.private,
                was.unpublished_by
            FROM guard LEFT JOIN LATERAL (
                SELECT i.category_id, e.private, i.unpublished_by
                FROM items i JOIN editions e ON e.id = i.edition_id, remaining
                WHERE i.id = guard.file_id AND e.private <> remaining.private) was ON true
        )
        SELECT EXISTS (SELECT FROM remaining) AS "others!", EXISTS (SELECT FROM guard) AS "done!""#,
        permit.item().0,
        act.now,
        seen.revision,
        edition.0,
        act.actor.map(|actor| actor.0),
        act.dialect as crate::domain::actor::Dialect,
        library.0,
        act.comment.as_deref(),
        act.request,
        seen.bound,
        name.map(ItemName::as_str),
        name.map(ItemName::key),
    )
    .fetch_one(db)
    .await?;
    Ok(match row {
        row if row.done => Deleted::Done,
        row if row.others => Deleted::Changed,
        _ => Deleted::Only,
    })
}

/// Marks an edition as not to be edited in place, or takes the mark away.
pub async fn set_frozen(db: &mut PgConnection, edition: EditionId, frozen: bool) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH edition AS (UPDATE editions SET frozen = $2 WHERE id = $1 RETURNING file_id)
        UPDATE locks k SET revision = k.revision + 1 FROM edition WHERE k.file_id = edition.file_id",
        edition.0,
        frozen,
    )
    .execute(db)
    .await?;
    Ok(())
}
