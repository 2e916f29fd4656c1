//! Public links.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    actor::Role,
    id::{ItemId, LinkId, PrincipalId},
    link::Audience,
};

/// A link as it stands.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct LinkRow {
    pub id: LinkId,
    pub item: ItemId,
    pub oracle_id: String,
    pub graph_id: String,
    pub name: String,
    pub embedded: bool,
    pub role: Role,
    pub audience: Audience,
    pub listed: Vec<PrincipalId>,
    pub access_code_hash: Option<String>,
    pub expires_at: Option<DateTime<Utc>>,
    pub expired: bool,
    pub created_by: PrincipalId,
    pub created_at: DateTime<Utc>,
    pub modified_at: DateTime<Utc>,
}

macro_rules! links {
    ($tail:tt, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            LinkRow,
            r#"SELECT l.id AS "id!: LinkId", l.item_id AS "item!: ItemId", l.oracle_id AS "oracle_id!", l.graph_id AS "graph_id!",
                l.name AS "name!", l.embedded AS "embedded!", l.role AS "role!: Role", l.audience AS "audience!: Audience",
                ARRAY(SELECT principal_id FROM link_users u WHERE u.link_id = l.id ORDER BY principal_id)
                    AS "listed!: Vec<PrincipalId>",
                l.access_code_hash AS "access_code_hash?", l.expires_at AS "expires_at?",
                coalesce(l.expires_at <= coalesce($1::timestamptz, now()), false) AS "expired!",
                l.created_by AS "created_by!: PrincipalId", l.created_at AS "created_at!", l.modified_at AS "modified_at!"
            FROM links l JOIN items i ON i.id = l.item_id AND i.deleted_at IS NULL "# + $tail,
            $($argument),*
        )
    };
}

/// The link with Oracle's link id, unless its item is in the trash.
pub async fn by_oracle_id(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    oracle_id: &str,
) -> sqlx::Result<Option<LinkRow>> {
    if super::has_nul(oracle_id) {
        return Ok(None);
    }
    links!("WHERE l.oracle_id = $2", now, oracle_id).fetch_optional(db).await
}

/// The link with Graph's share id, unless its item is in the trash.
pub async fn by_graph_id(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    graph_id: &str,
) -> sqlx::Result<Option<LinkRow>> {
    if super::has_nul(graph_id) {
        return Ok(None);
    }
    links!("WHERE l.graph_id = $2", now, graph_id).fetch_optional(db).await
}

/// The link with this key, unless its item is in the trash.
pub async fn by_id(db: &mut PgConnection, now: Option<DateTime<Utc>>, id: LinkId) -> sqlx::Result<Option<LinkRow>> {
    links!("WHERE l.id = $2", now, id.0).fetch_optional(db).await
}

/// Holds a link as it is until the transaction ends. `false`: there is none any more.
pub async fn hold(db: &mut PgConnection, id: LinkId) -> sqlx::Result<bool> {
    let held = sqlx::query!("SELECT id FROM links WHERE id = $1 FOR SHARE", id.0).fetch_optional(db).await?;
    Ok(held.is_some())
}

/// The links on any of these items, those on later ones first, oldest first; of all, or only this one.
pub async fn on_any(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    items: &[ItemId],
    only: Option<LinkId>,
    limit: i64,
) -> sqlx::Result<Vec<LinkRow>> {
    links!(
        "WHERE l.item_id = ANY ($2::uuid[]) AND ($3::uuid IS NULL OR l.id = $3)
        ORDER BY array_position($2::uuid[], l.item_id) DESC, l.created_at, l.id LIMIT $4",
        now,
        items as &[ItemId],
        only.map(|only| only.0),
        limit,
    )
    .fetch_all(db)
    .await
}

/// The links on an item, oldest first.
pub async fn on(db: &mut PgConnection, now: Option<DateTime<Utc>>, item: ItemId) -> sqlx::Result<Vec<LinkRow>> {
    links!("WHERE l.item_id = $2 ORDER BY l.created_at, l.id", now, item.0).fetch_all(db).await
}

/// How many links there are on an item.
pub async fn count(db: &mut PgConnection, item: ItemId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM links WHERE item_id = $1"#, item.0).fetch_one(db).await
}

/// A link to be made or to take the place of one, its identities already drawn.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct NewLink {
    pub id: LinkId,
    pub item: ItemId,
    pub oracle_id: String,
    pub graph_id: String,
    pub name: String,
    pub embedded: bool,
    pub role: Role,
    pub audience: Audience,
    pub listed: Vec<PrincipalId>,
    pub access_code_hash: Option<String>,
    pub expires_at: Option<DateTime<Utc>>,
    pub created_by: PrincipalId,
}

/// Makes a link. A taken name on the same item violates `links_name_key`. Needs a transaction.
pub async fn create(db: &mut PgConnection, link: &NewLink, now: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO links (id, item_id, oracle_id, graph_id, name, role, audience, access_code_hash, expires_at, created_by,
            created_at, modified_at, embedded)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, coalesce($11::timestamptz, now()), coalesce($11, now()), $12)",
        link.id.0,
        link.item.0,
        link.oracle_id,
        link.graph_id,
        link.name,
        link.role as Role,
        link.audience as Audience,
        link.access_code_hash.as_deref(),
        link.expires_at,
        link.created_by.0,
        now,
        link.embedded,
    )
    .execute(&mut *db)
    .await?;
    list_users(db, link.id, &link.listed).await
}

/// What changes of a link; `None`: as it is, `Some(None)`: removed.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct LinkChange {
    pub role: Option<Role>,
    pub audience: Option<(Audience, Vec<PrincipalId>)>,
    pub access_code_hash: Option<Option<String>>,
    pub expires_at: Option<Option<DateTime<Utc>>>,
}

/// Changes a link; `false`: there is none. Needs a transaction.
pub async fn update(
    db: &mut PgConnection,
    id: LinkId,
    change: &LinkChange,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let changed = sqlx::query!(
        "UPDATE links SET role = coalesce($2, role), audience = coalesce($3, audience),
            access_code_hash = CASE WHEN $4 THEN $5 ELSE access_code_hash END,
            expires_at = CASE WHEN $6 THEN $7::timestamptz ELSE expires_at END, modified_at = coalesce($8::timestamptz, now())
        WHERE id = $1",
        id.0,
        change.role as Option<Role>,
        change.audience.as_ref().map(|(audience, _)| *audience) as Option<Audience>,
        change.access_code_hash.is_some(),
        change.access_code_hash.as_ref().and_then(Option::as_deref),
        change.expires_at.is_some(),
        change.expires_at.flatten(),
        now,
    )
    .execute(&mut *db)
    .await?;
    if changed.rows_affected() == 0 {
        return Ok(false);
    }
    if let Some((_, listed)) = &change.audience {
        sqlx::query!("DELETE FROM link_users WHERE link_id = $1", id.0).execute(&mut *db).await?;
        list_users(db, id, listed).await?;
    }
    Ok(true)
}

/// Removes a link; `false`: there was none.
pub async fn delete(db: &mut PgConnection, id: LinkId) -> sqlx::Result<bool> {
    let gone = sqlx::query!("DELETE FROM links WHERE id = $1", id.0).execute(db).await?;
    Ok(gone.rows_affected() > 0)
}

async fn list_users(db: &mut PgConnection, id: LinkId, listed: &[PrincipalId]) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO link_users (link_id, principal_id) SELECT $1, u FROM unnest($2::uuid[]) u ON CONFLICT DO NOTHING",
        id.0,
        listed as &[PrincipalId],
    )
    .execute(db)
    .await?;
    Ok(())
}
