//! What somebody has to do with items: what they worked on last, and what they follow. Both show to nobody else.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};

use super::{
    items::{ItemRow, items},
    search::Scope,
};
use crate::domain::{
    actor::Dialect,
    edition::Storage,
    id::{CategoryId, EditionId, ItemId, LibraryId, PrincipalId},
    item::{Ancestor, Kind},
    lock::Mode,
};

/// Begins to follow an item; again changes nothing. `false`: there are too many already, not counting what lies in the trash.
pub async fn follow(
    db: &mut PgConnection,
    whose: PrincipalId,
    item: ItemId,
    most: i64,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    // the row that is there answers too, and is left as it is
    let followed = sqlx::query_scalar!(
        r#"INSERT INTO follows (principal_id, item_id, followed_at)
        SELECT $1, $2, coalesce($4::timestamptz, now())
        WHERE EXISTS (SELECT FROM follows WHERE principal_id = $1 AND item_id = $2)
            OR (SELECT count(*) FROM follows f JOIN items i ON i.id = f.item_id
                WHERE f.principal_id = $1 AND i.deleted_at IS NULL) < $3
        ON CONFLICT (principal_id, item_id) DO UPDATE SET followed_at = follows.followed_at
        RETURNING true AS "followed!""#,
        whose.0,
        item.0,
        most,
        now,
    )
    .fetch_optional(db)
    .await?;
    Ok(followed.is_some())
}

/// Ends it; where there is nothing to end, nothing happens.
pub async fn unfollow(db: &mut PgConnection, whose: PrincipalId, item: ItemId) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM follows WHERE principal_id = $1 AND item_id = $2", whose.0, item.0).execute(db).await?;
    Ok(())
}

/// The same by Graph's ids of a drive and of an item in it, whatever has become of that. `false`: there was nothing to end.
pub async fn unfollow_named(db: &mut PgConnection, whose: PrincipalId, drive: &str, item: &str) -> sqlx::Result<bool> {
    if super::has_nul(drive) || super::has_nul(item) {
        return Ok(false);
    }
    let ended = sqlx::query!(
        "DELETE FROM follows f USING items i JOIN libraries l ON l.id = i.library_id
        WHERE f.principal_id = $1 AND f.item_id = i.id AND i.graph_id = $3 AND l.graph_id = $2",
        whose.0,
        drive,
        item,
    )
    .execute(db)
    .await?;
    Ok(ended.rows_affected() > 0)
}

/// Nobody follows these any more: they are gone for good.
pub async fn forget(db: &mut PgConnection, items: &[ItemId]) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM follows WHERE item_id = ANY ($1)", items as &[ItemId]).execute(db).await?;
    Ok(())
}

/// What somebody follows and still sees, the latest first; in one library or everywhere.
pub async fn followed(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    whose: PrincipalId,
    scope: &Scope,
    within: Option<LibraryId>,
    (limit, offset): (i64, i64),
) -> sqlx::Result<Vec<ItemRow>> {
    items!(
        r#"WITH page AS MATERIALIZED (
            SELECT i.id, count(*) OVER () AS total, row_number() OVER (ORDER BY f.followed_at DESC, i.id DESC) AS place
            FROM follows f JOIN items i ON i.id = f.item_id JOIN libraries l ON l.id = i.library_id
            WHERE f.principal_id = $3::uuid AND i.deleted_at IS NULL AND ($4::uuid IS NULL OR i.library_id = $4)
                AND (i.library_id = ANY ($5::uuid[]) OR i.id = ANY ($6::uuid[]) OR i.ancestors && $6)
                AND NOT i.category_id = ANY (CASE WHEN l.policies_required THEN $7::uuid[] ELSE $8::uuid[] END)
                AND NOT ($2::boolean AND EXISTS (SELECT FROM editions p WHERE p.id = i.edition_id AND p.private))
                AND (i.unpublished_by IS NULL OR i.unpublished_by = $3)
            ORDER BY place LIMIT $9 OFFSET $10
        )"#,
        "page.total",
        "JOIN page ON page.id = i.id ORDER BY page.place",
        now,
        scope.no_private,
        whose.0,
        within.map(|library| library.0),
        &scope.libraries as &Vec<LibraryId>,
        &scope.roots as &Vec<ItemId>,
        &scope.hidden_by_policy as &Vec<CategoryId>,
        &scope.hidden as &Vec<CategoryId>,
        limit,
        offset,
    )
    .fetch_all(db)
    .await
}

/// The files somebody worked on last and still sees, the latest first; in one library or everywhere. Of what they did, the
/// last `events` entries count. The words of the first condition are those of the index.
pub async fn recent(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    whose: PrincipalId,
    scope: &Scope,
    within: Option<LibraryId>,
    events: i64,
    (limit, offset): (i64, i64),
) -> sqlx::Result<Vec<ItemRow>> {
    items!(
        r#"WITH done AS MATERIALIZED (
            SELECT v.item_id, v.id FROM events v
            WHERE v.actor_id = $3::uuid AND v.outcome = 'done'
                AND v.verb IN ('create', 'update', 'check_out', 'save_draft', 'add_edition', 'check_in')
            ORDER BY v.id DESC LIMIT $11
        ), used AS (
            SELECT done.item_id, max(done.id) AS last FROM done GROUP BY done.item_id
        ), page AS MATERIALIZED (
            SELECT i.id, count(*) OVER () AS total, row_number() OVER (ORDER BY used.last DESC) AS place
            FROM used JOIN items i ON i.id = used.item_id JOIN libraries l ON l.id = i.library_id
            WHERE i.kind = 'file' AND i.deleted_at IS NULL AND ($4::uuid IS NULL OR i.library_id = $4)
                AND (i.library_id = ANY ($5::uuid[]) OR i.id = ANY ($6::uuid[]) OR i.ancestors && $6)
                AND NOT i.category_id = ANY (CASE WHEN l.policies_required THEN $7::uuid[] ELSE $8::uuid[] END)
                AND NOT ($2::boolean AND EXISTS (SELECT FROM editions p WHERE p.id = i.edition_id AND p.private))
                AND (i.unpublished_by IS NULL OR i.unpublished_by = $3)
            ORDER BY place LIMIT $9 OFFSET $10
        )"#,
        "page.total",
        "JOIN page ON page.id = i.id ORDER BY page.place",
        now,
        scope.no_private,
        whose.0,
        within.map(|library| library.0),
        &scope.libraries as &Vec<LibraryId>,
        &scope.roots as &Vec<ItemId>,
        &scope.hidden_by_policy as &Vec<CategoryId>,
        &scope.hidden as &Vec<CategoryId>,
        limit,
        offset,
        events,
    )
    .fetch_all(db)
    .await
}
