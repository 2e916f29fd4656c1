//! Libraries and their settings.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    id::{CategoryId, ItemId, LibraryId, LibraryKey, PrincipalId},
    library::{Library, LibraryKind},
    name,
};

/// A library to be made, its identities already drawn; its root folder must follow in the same transaction.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct NewLibrary {
    pub id: LibraryId,
    pub kind: LibraryKind,
    pub name: String,
    pub description: String,
    pub graph_id: String,
    pub graph_site_id: Uuid,
    pub owner: Option<PrincipalId>,
    pub policies_required: bool,
    pub minor_versions: bool,
    pub check_out_required: bool,
    pub arena_workspace: Option<i64>,
    pub arena_api: bool,
    pub arena_request_limit: i64,
    pub quota_bytes: Option<i64>,
    pub created_by: Option<PrincipalId>,
}

/// Makes a library. A taken name violates `libraries_name_key`, a second one of an owner `libraries_owner_key`, a taken
/// workspace `libraries_arena_workspace_key`.
pub async fn create(db: &mut PgConnection, new: &NewLibrary, now: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH made AS (
            INSERT INTO libraries (id, kind, name, name_key, description, graph_id, graph_site_id, owner_id, policies_required,
                arena_workspace, arena_request_limit, created_by, created_at, arena_api, minor_versions, check_out_required,
                quota_bytes)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, coalesce($13::timestamptz, now()), $14, $15, $16, $17)
            RETURNING id
        ) INSERT INTO trees (library_id) SELECT id FROM made",
        new.id.0,
        new.kind as LibraryKind,
        new.name,
        name::key(&new.name),
        new.description,
        new.graph_id,
        new.graph_site_id,
        new.owner.map(|owner| owner.0),
        new.policies_required,
        new.arena_workspace,
        new.arena_request_limit,
        new.created_by.map(|by| by.0),
        now,
        new.arena_api,
        new.minor_versions,
        new.check_out_required,
        new.quota_bytes,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What changes of a library's settings; `None`: as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct LibraryUpdate<'a> {
    pub description: Option<&'a str>,
    pub policies_required: Option<bool>,
    pub minor_versions: Option<bool>,
    pub check_out_required: Option<bool>,
    pub arena_workspace: Option<i64>,
    pub arena_api: Option<bool>,
    pub arena_request_limit: Option<i64>,
    pub quota_bytes: Option<Quota>,
}

/// How much a library may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// As much as there is room for.
    Unlimited,
    /// So many bytes.
    Bytes(i64),
}

/// Changes a library's settings.
pub async fn update(db: &mut PgConnection, id: LibraryId, what: &LibraryUpdate<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE libraries SET description = coalesce($2, description), policies_required = coalesce($3, policies_required),
            arena_workspace = coalesce($4, arena_workspace), arena_request_limit = coalesce($5, arena_request_limit),
            arena_api = coalesce($6, arena_api), minor_versions = coalesce($7, minor_versions),
            check_out_required = coalesce($8, check_out_required),
            quota_bytes = CASE WHEN $9::boolean THEN $10 ELSE quota_bytes END
        WHERE id = $1",
        id.0,
        what.description,
        what.policies_required,
        what.arena_workspace,
        what.arena_request_limit,
        what.arena_api,
        what.minor_versions,
        what.check_out_required,
        what.quota_bytes.is_some(),
        what.quota_bytes.and_then(|quota| match quota {
            Quota::Unlimited => None,
            Quota::Bytes(bytes) => Some(bytes),
        }),
    )
    .execute(db)
    .await?;
    Ok(())
}

macro_rules! libraries {
    ($tail:tt, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Library,
            r#"SELECT l.id AS "id!: LibraryId", l.kind AS "kind!: LibraryKind", l.name AS "name!", l.description AS "description!",
                l.number AS "number!", l.graph_id AS "graph_id!", l.graph_site_id AS "graph_site_id!",
                l.owner_id AS "owner?: PrincipalId", l.policies_required AS "policies_required!",
                l.minor_versions AS "minor_versions!", l.check_out_required AS "check_out_required!",
                l.arena_workspace AS "arena_workspace?", l.arena_api AS "arena_api!", l.arena_request_limit AS "arena_request_limit!",
                l.quota_bytes AS "quota_bytes?", l.created_by AS "created_by?: PrincipalId",
                l.created_at AS "created_at!", i.id AS "root!: ItemId", i.graph_id AS "root_graph_id!",
                i.oracle_id AS "root_oracle_id!", i.number AS "root_number!"
            FROM libraries l JOIN items i ON i.library_id = l.id AND i.parent_id IS NULL "# + $tail,
            $($argument),*
        )
    };
}

/// The library a key names.
pub async fn find(db: &mut PgConnection, key: &LibraryKey) -> sqlx::Result<Option<Library>> {
    let (kind, id, text, number) = match key {
        LibraryKey::Id(id) => ("id", Some(id.0), None, None),
        LibraryKey::OwnedBy(owner) => ("owner", Some(owner.0), None, None),
        LibraryKey::Site(id) => ("site", Some(*id), None, None),
        LibraryKey::Drive(text) => ("drive", None, Some(text.clone()), None),
        LibraryKey::Named(text) => ("name", None, Some(name::key(text)), None),
        LibraryKey::Number(number) => ("number", None, None, Some(*number)),
        LibraryKey::Workspace(number) => ("workspace", None, None, Some(*number)),
    };
    if text.as_deref().is_some_and(super::has_nul) {
        return Ok(None);
    }
    libraries!(
        r#"WHERE l.id = (CASE $1::text
            WHEN 'id' THEN $2::uuid
            WHEN 'owner' THEN (SELECT x.id FROM libraries x WHERE x.owner_id = $2)
            WHEN 'site' THEN (SELECT x.id FROM libraries x WHERE x.graph_site_id = $2)
            WHEN 'drive' THEN (SELECT x.id FROM libraries x WHERE x.graph_id = $3::text)
            WHEN 'name' THEN (SELECT x.id FROM libraries x WHERE x.name_key = $3 AND x.kind <> 'personal')
            WHEN 'number' THEN (SELECT x.id FROM libraries x WHERE x.number = $4::bigint)
            WHEN 'workspace' THEN (SELECT x.id FROM libraries x WHERE x.arena_workspace = $4)
        END)"#,
        kind,
        id,
        text,
        number,
    )
    .fetch_optional(db)
    .await
}

/// All libraries, by name.
pub async fn all(db: &mut PgConnection) -> sqlx::Result<Vec<Library>> {
    libraries!("WHERE $1::text IS NULL ORDER BY l.name_key, l.id", None::<&str>).fetch_all(db).await
}

/// The libraries with these keys, in no order.
pub async fn by_keys(db: &mut PgConnection, keys: &[LibraryId]) -> sqlx::Result<Vec<Library>> {
    libraries!("WHERE l.id = ANY ($1)", keys as &[LibraryId]).fetch_all(db).await
}

/// The libraries that lie above or are named by these items, and the personal one of `owner`: what somebody with roles on
/// them can see something of. By name.
pub async fn above(db: &mut PgConnection, items: &[ItemId], owner: PrincipalId) -> sqlx::Result<Vec<Library>> {
    libraries!(
        r#"WHERE l.owner_id = $2 OR l.id IN (SELECT x.library_id FROM items x WHERE x.id = ANY ($1) AND x.deleted_at IS NULL)
        ORDER BY l.name_key, l.id"#,
        items as &[ItemId],
        owner.0,
    )
    .fetch_all(db)
    .await
}

/// What a library holds: the newest editions of its files and the working copies behind their locks, in bytes; what is in
/// the trash or was never checked in does not count, nor, where `no_private`, what is private. The conditions are those of an
/// index.
pub async fn used_bytes(db: &mut PgConnection, id: LibraryId, no_private: bool) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT (coalesce(sum(t.size), 0) + coalesce(sum(w.size), 0))::bigint AS "used!" FROM items i
            JOIN editions e ON e.id = i.edition_id LEFT JOIN contents t ON t.sha256 = e.sha256
            LEFT JOIN locks k ON k.file_id = i.id AND k.holder_id IS NOT NULL
            LEFT JOIN drafts d ON d.file_id = k.file_id AND d.fence = k.fence LEFT JOIN contents w ON w.sha256 = d.sha256
        WHERE i.library_id = $1 AND i.deleted_at IS NULL AND i.kind = 'file' AND i.unpublished_by IS NULL
            AND NOT ($2 AND e.private)"#,
        id.0,
        no_private,
    )
    .fetch_one(db)
    .await
}

/// What lies in a library's trash, in bytes: the newest editions; without private ones where `no_private`. The conditions are
/// those of an index.
pub async fn deleted_bytes(db: &mut PgConnection, id: LibraryId, no_private: bool) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT coalesce(sum(t.size), 0)::bigint AS "deleted!" FROM items i
            JOIN editions e ON e.id = i.edition_id LEFT JOIN contents t ON t.sha256 = e.sha256
        WHERE i.library_id = $1 AND i.deleted_at IS NOT NULL AND i.purged_at IS NULL AND NOT ($2 AND e.private)"#,
        id.0,
        no_private,
    )
    .fetch_one(db)
    .await
}

/// Who changed something in a library last, and when, as far as its last `events` entries of the trail tell; not in what does
/// not exist for `caller`: files of the categories `hidden`, private ones where `no_private`, those of others that were never
/// checked in, and what befell such ones up to their end. The newest entries have no place in the feed yet, a second's worth at
/// most; they count too. Those from before there was a feed do not.
pub async fn last_change(
    db: &mut PgConnection,
    id: LibraryId,
    hidden: &[CategoryId],
    no_private: bool,
    caller: Option<PrincipalId>,
    events: i64,
) -> sqlx::Result<Option<(DateTime<Utc>, Option<PrincipalId>)>> {
    let row = sqlx::query!(
        r#"WITH latest AS MATERIALIZED (
            (SELECT * FROM events WHERE library_id = $1 AND position IS NULL ORDER BY id DESC LIMIT $5)
            UNION ALL
            (SELECT * FROM events WHERE library_id = $1 AND position > 0 ORDER BY position DESC LIMIT $5)
        )
        SELECT v.at AS "at!", v.actor_id AS "by?: PrincipalId" FROM latest v JOIN items i ON i.id = v.item_id
        WHERE v.outcome = 'done'
            AND v.verb IN ('create', 'update', 'add_edition', 'check_in', 'delete', 'restore')
            AND NOT i.category_id = ANY ($2)
            AND NOT ($3::boolean AND EXISTS (SELECT FROM editions p WHERE p.id = i.edition_id AND p.private))
            AND (i.unpublished_by IS NULL OR i.unpublished_by = $4::uuid)
            AND NOT EXISTS (SELECT FROM latest d WHERE d.item_id = v.item_id AND d.id >= v.id AND d.verb = 'delete'
                AND d.outcome = 'done' AND d.edition_id IS NULL AND d.from_unpublished_by IS DISTINCT FROM $4
                AND d.from_unpublished_by IS NOT NULL)
        ORDER BY v.position DESC NULLS FIRST, v.id DESC LIMIT 1"#,
        id.0,
        hidden as &[CategoryId],
        no_private,
        caller.map(|caller| caller.0),
        events,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.at, row.by)))
}

/// Takes a turn in a library with a quota: whoever else writes there under it waits until the transaction ends. Answers the
/// quota, if there still is one.
pub async fn take_turn(db: &mut PgConnection, id: LibraryId) -> sqlx::Result<Option<i64>> {
    let quota = sqlx::query_scalar!(
        "UPDATE libraries SET quota_turn = quota_turn + 1 WHERE id = $1 AND quota_bytes IS NOT NULL RETURNING quota_bytes",
        id.0,
    )
    .fetch_optional(db)
    .await?;
    Ok(quota.flatten())
}
