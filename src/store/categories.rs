//! The tree of file categories and the levels given on it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    actor::Level,
    id::{CategoryId, PrincipalId},
    name,
};

/// A category as it stands.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct CategoryRow {
    pub id: CategoryId,
    pub parent: Option<CategoryId>,
    pub ancestors: Vec<CategoryId>,
    pub name: String,
    pub description: String,
    pub number: i64,
    pub arena_guid: String,
    pub default_level: Option<Level>,
    pub active: bool,
    pub assignable: bool,
    pub created_by: Option<PrincipalId>,
    pub created_at: DateTime<Utc>,
}

/// All categories, parents before children, by name.
pub async fn all(db: &mut PgConnection) -> sqlx::Result<Vec<CategoryRow>> {
    sqlx::query_as!(
        CategoryRow,
        r#"SELECT id AS "id: CategoryId", parent_id AS "parent: CategoryId", ancestors AS "ancestors: Vec<CategoryId>", name,
            description, number, arena_guid, default_level AS "default_level: Level", active, assignable,
            created_by AS "created_by: PrincipalId", created_at
        FROM categories ORDER BY cardinality(ancestors), name_key"#,
    )
    .fetch_all(db)
    .await
}

/// Makes a category below `parent`, or the root one, or finds the one of this name there.
pub async fn put(
    db: &mut PgConnection,
    parent: Option<CategoryId>,
    category_name: &str,
    description: &str,
    default_level: Option<Level>,
    arena_guid: &str,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<CategoryId> {
    sqlx::query_scalar!(
        r#"INSERT INTO categories (id, parent_id, ancestors, name, name_key, description, default_level, arena_guid, created_at)
        VALUES ($1, $2, coalesce((SELECT ancestors || id FROM categories WHERE id = $2), '{}'), $3, $4, $5, $6, $7,
            coalesce($8::timestamptz, now()))
        ON CONFLICT (parent_id, name_key) DO UPDATE SET description = excluded.description,
            default_level = coalesce(excluded.default_level, categories.default_level)
        RETURNING id AS "id: CategoryId""#,
        CategoryId::fresh().0,
        parent.map(|parent| parent.0),
        category_name,
        name::key(category_name),
        description,
        default_level as Option<Level>,
        arena_guid,
        now,
    )
    .fetch_one(db)
    .await
}

/// Says whether files can be of a category, and whether it can still be given to files; `None`: as it is.
pub async fn mark(
    db: &mut PgConnection,
    category: CategoryId,
    assignable: Option<bool>,
    active: Option<bool>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE categories SET assignable = coalesce($2, assignable), active = coalesce($3, active) WHERE id = $1",
        category.0,
        assignable,
        active,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Gives somebody a level on a category and everything below, in place of the one they had there; `false`: they had this
/// one.
pub async fn put_level(
    db: &mut PgConnection,
    category: CategoryId,
    principal: PrincipalId,
    level: Level,
) -> sqlx::Result<bool> {
    let given = sqlx::query!(
        "INSERT INTO category_levels (category_id, principal_id, level) VALUES ($1, $2, $3)
        ON CONFLICT (category_id, principal_id) DO UPDATE SET level = excluded.level
            WHERE category_levels.level <> excluded.level",
        category.0,
        principal.0,
        level as Level,
    )
    .execute(db)
    .await?;
    Ok(given.rows_affected() > 0)
}

/// Takes the level somebody has on a category away; `false`: they had none there.
pub async fn remove_level(db: &mut PgConnection, category: CategoryId, principal: PrincipalId) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        "DELETE FROM category_levels WHERE category_id = $1 AND principal_id = $2",
        category.0,
        principal.0,
    )
    .execute(db)
    .await?;
    Ok(taken.rows_affected() > 0)
}

/// Lets a category say nothing by default, so that the one above it does; `false`: it said nothing.
pub async fn inherit_level(db: &mut PgConnection, category: CategoryId) -> sqlx::Result<bool> {
    let changed = sqlx::query!(
        "UPDATE categories SET default_level = NULL WHERE id = $1 AND default_level IS NOT NULL",
        category.0,
    )
    .execute(db)
    .await?;
    Ok(changed.rows_affected() > 0)
}

/// All levels that were given to somebody.
pub async fn levels(db: &mut PgConnection) -> sqlx::Result<Vec<(CategoryId, PrincipalId, Level)>> {
    let rows = sqlx::query!(
        r#"SELECT l.category_id AS "category: CategoryId", l.principal_id AS "principal: PrincipalId", l.level AS "level: Level"
        FROM category_levels l JOIN principals p ON p.id = l.principal_id ORDER BY lower(p.name), p.id"#,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.category, row.principal, row.level)).collect())
}
