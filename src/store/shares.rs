//! Shares: the roles that people and groups were given on a folder. Members of a library have theirs on its root folder.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    actor::Role,
    id::{ItemId, PrincipalId},
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
