//! Shares: the roles that people and groups were given on a folder or a file. Members of a library have theirs on its root folder.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};

use super::items::{ItemRow, items};
use crate::domain::{
    actor::{Dialect, Role},
    edition::Storage,
    id::{CategoryId, EditionId, ItemId, LibraryId, PrincipalId},
    item::{Ancestor, Kind},
    lock::Mode,
    page::Window,
    permission::Permit,
};

/// Whether one of these was given the role of an owner on the folder the permit is for; with `inherited`, or above it.
pub async fn owned_by(
    db: &mut PgConnection,
    permit: &Permit,
    who: &[PrincipalId],
    inherited: bool,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM items i
            JOIN memberships m ON m.item_id = ANY (CASE WHEN $3 THEN i.ancestors || i.id ELSE ARRAY[i.id] END)
            WHERE i.id = $1 AND m.principal_id = ANY ($2) AND m.role = 'owner') AS "owned!""#,
        permit.item().0,
        who as &[PrincipalId],
        inherited,
    )
    .fetch_one(db)
    .await
}

/// Gives each of these a role on the folder the permit is for, in place of the one they had there; answers for how many that
/// changes anything. An owner stays one.
pub async fn give(
    db: &mut PgConnection,
    permit: &Permit,
    to: &[PrincipalId],
    role: Role,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<u64> {
    // in one order, so that two who give at once never wait for each other
    let given = sqlx::query!(
        "INSERT INTO memberships (item_id, principal_id, role, created_by, created_at)
        SELECT $1, p, $3, $4, coalesce($5::timestamptz, now()) FROM unnest($2::uuid[]) AS p ORDER BY p
        ON CONFLICT (item_id, principal_id) DO UPDATE SET role = excluded.role
            WHERE memberships.role <> excluded.role AND memberships.role <> 'owner'",
        permit.item().0,
        to as &[PrincipalId],
        role as Role,
        permit.actor().map(|by| by.0),
        now,
    )
    .execute(db)
    .await?;
    Ok(given.rows_affected())
}

/// Takes the roles away that these have on the folder the permit is for, `None`: that anybody has; answers who had one. An
/// owner keeps theirs.
pub async fn take(
    db: &mut PgConnection,
    permit: &Permit,
    from: Option<&[PrincipalId]>,
) -> sqlx::Result<Vec<PrincipalId>> {
    sqlx::query_scalar!(
        r#"DELETE FROM memberships
        WHERE item_id = $1 AND ($2::uuid[] IS NULL OR principal_id = ANY ($2)) AND role <> 'owner'
        RETURNING principal_id AS "from: PrincipalId""#,
        permit.item().0,
        from as Option<&[PrincipalId]>,
    )
    .fetch_all(db)
    .await
}

/// How many have a role on this very folder.
pub async fn count(db: &mut PgConnection, folder: ItemId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM memberships WHERE item_id = $1"#, folder.0)
        .fetch_one(db)
        .await
}

/// Who has which role on a folder, and with `inherited` on those above it: nearest first, then by name. Somebody may come
/// more than once then.
pub async fn of(
    db: &mut PgConnection,
    folder: ItemId,
    inherited: bool,
    limit: i64,
) -> sqlx::Result<Vec<(PrincipalId, Role)>> {
    let rows = sqlx::query!(
        r#"SELECT m.principal_id AS "who: PrincipalId", m.role AS "role: Role"
        FROM items i
        JOIN memberships m ON m.item_id = ANY (CASE WHEN $2 THEN i.ancestors || i.id ELSE ARRAY[i.id] END)
        JOIN principals p ON p.id = m.principal_id
        WHERE i.id = $1
        ORDER BY array_position(i.ancestors || i.id, m.item_id) DESC, lower(p.name), p.id
        LIMIT $3"#,
        folder.0,
        inherited,
        limit,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.who, row.role)).collect())
}

/// Gives each of these at least a role on the item the permit is for; answers for how many that changes anything. Who has a
/// higher one there keeps it, and who was given the role of an owner there or above is left alone.
pub async fn raise(
    db: &mut PgConnection,
    permit: &Permit,
    to: &[PrincipalId],
    role: Role,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<u64> {
    let given = sqlx::query!(
        "INSERT INTO memberships (item_id, principal_id, role, created_by, created_at)
        SELECT $1, p, $3, $4, coalesce($5::timestamptz, now()) FROM unnest($2::uuid[]) AS p
        WHERE NOT EXISTS (SELECT FROM items i JOIN memberships m ON m.item_id = ANY (i.ancestors || i.id)
            WHERE i.id = $1 AND m.principal_id = p AND m.role = 'owner')
        ORDER BY p
        ON CONFLICT (item_id, principal_id) DO UPDATE SET role = excluded.role
            WHERE array_position(ARRAY['viewer', 'downloader', 'contributor', 'manager', 'owner'], memberships.role)
                < array_position(ARRAY['viewer', 'downloader', 'contributor', 'manager', 'owner'], excluded.role)",
        permit.item().0,
        to as &[PrincipalId],
        role as Role,
        permit.actor().map(|by| by.0),
        now,
    )
    .execute(db)
    .await?;
    Ok(given.rows_affected())
}

/// Changes the role somebody has on the item the permit is for; `false`: they have none there, or that of an owner.
pub async fn change(db: &mut PgConnection, permit: &Permit, whose: PrincipalId, role: Role) -> sqlx::Result<bool> {
    let changed = sqlx::query!(
        "UPDATE memberships SET role = $3 WHERE item_id = $1 AND principal_id = $2 AND role <> 'owner'",
        permit.item().0,
        whose.0,
        role as Role,
    )
    .execute(db)
    .await?;
    Ok(changed.rows_affected() > 0)
}

/// A role that was given on an item.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Membership {
    pub item: ItemId,
    pub who: PrincipalId,
    pub role: Role,
}

/// Who was given which role on any of these items, those on later ones first, then by name; all, or only some of them.
pub async fn memberships(
    db: &mut PgConnection,
    items: &[ItemId],
    among: Option<&[PrincipalId]>,
    limit: i64,
) -> sqlx::Result<Vec<Membership>> {
    sqlx::query_as!(
        Membership,
        r#"SELECT m.item_id AS "item: ItemId", m.principal_id AS "who: PrincipalId", m.role AS "role: Role"
        FROM memberships m JOIN principals p ON p.id = m.principal_id
        WHERE m.item_id = ANY ($1::uuid[]) AND ($2::uuid[] IS NULL OR m.principal_id = ANY ($2))
        ORDER BY array_position($1::uuid[], m.item_id) DESC, lower(p.name), p.id
        LIMIT $3"#,
        items as &[ItemId],
        among as Option<&[PrincipalId]>,
        limit,
    )
    .fetch_all(db)
    .await
}

/// What was given on an item, in short.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "in short")]
pub struct Shared {
    pub item: ItemId,
    /// Whether a link on it admits everybody.
    pub everybody: bool,
    /// Whether a link on it admits whoever is signed in.
    pub signed_in: bool,
    /// When the first of it was given.
    pub since: DateTime<Utc>,
    /// By whom.
    pub by: Option<PrincipalId>,
}

/// What was given on each of these items, roles and living links; nothing for those on which there is none.
pub async fn shared(db: &mut PgConnection, now: Option<DateTime<Utc>>, items: &[ItemId]) -> sqlx::Result<Vec<Shared>> {
    sqlx::query_as!(
        Shared,
        r#"SELECT g.item_id AS "item!: ItemId", bool_or(g.audience = 'everybody') AS "everybody!",
            bool_or(g.audience = 'signed_in') AS "signed_in!", min(g.created_at) AS "since!",
            (array_agg(g.created_by ORDER BY g.created_at, g.created_by))[1] AS "by?: PrincipalId"
        FROM (
            SELECT l.item_id, l.audience, l.created_at, l.created_by FROM links l
            WHERE l.item_id = ANY ($1::uuid[]) AND (l.expires_at IS NULL OR l.expires_at > coalesce($2::timestamptz, now()))
            UNION ALL
            SELECT m.item_id, '' AS audience, m.created_at, m.created_by FROM memberships m WHERE m.item_id = ANY ($1)
        ) g
        GROUP BY g.item_id"#,
        items as &[ItemId],
        now,
    )
    .fetch_all(db)
    .await
}

/// Which of the items that somebody has a role on are shown to them as shared.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "as in store::search::Scope")]
pub struct Given {
    pub items: Vec<ItemId>,
    /// Who it is: what lies in their own library is not shared with them.
    pub with: PrincipalId,
    pub hidden_by_policy: Vec<CategoryId>,
    pub hidden: Vec<CategoryId>,
    pub no_private: bool,
}

/// A page of those items, by name. The root folders of groups' and sites' libraries are their members' and not shared.
pub async fn items_given(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    given: &Given,
    window: Window,
) -> sqlx::Result<Vec<ItemRow>> {
    items!(
        r#"WITH page AS MATERIALIZED (
            SELECT i.id, count(*) OVER () AS total, row_number() OVER (ORDER BY i.name_key, i.id) AS place
            FROM items i JOIN libraries l ON l.id = i.library_id
            WHERE i.id = ANY ($3::uuid[]) AND i.deleted_at IS NULL
                AND CASE WHEN l.kind = 'personal' THEN l.owner_id IS DISTINCT FROM $4::uuid ELSE i.parent_id IS NOT NULL END
                AND NOT i.category_id = ANY (CASE WHEN l.policies_required THEN $5::uuid[] ELSE $6::uuid[] END)
                AND NOT ($2::boolean AND EXISTS (SELECT FROM editions p WHERE p.id = i.edition_id AND p.private))
                AND (i.unpublished_by IS NULL OR i.unpublished_by = $4)
            ORDER BY place LIMIT $7 OFFSET $8
        )"#,
        "page.total",
        "JOIN page ON page.id = i.id ORDER BY page.place",
        now,
        given.no_private,
        &given.items as &Vec<ItemId>,
        given.with.0,
        &given.hidden_by_policy as &Vec<CategoryId>,
        &given.hidden as &Vec<CategoryId>,
        window.limit,
        window.offset,
    )
    .fetch_all(db)
    .await
}
