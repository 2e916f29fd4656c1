//! Metadata collections and their fields. Whoever changes one holds its row, and so does whoever says something in its
//! fields: so nothing is said in a field that is going.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    id::{CollectionId, FieldId, PrincipalId},
    metadata::{Collection, CollectionName, Field, FieldChange, FieldKind, NewField},
};

struct FieldRow {
    id: CollectionId,
    owner: Option<PrincipalId>,
    name: String,
    enabled: bool,
    field: Option<FieldId>,
    field_name: Option<String>,
    kind: Option<FieldKind>,
    default_value: Option<String>,
    field_enabled: Option<bool>,
}

/// Everybody's collections and the caller's own, without their fields, by name.
pub async fn all(db: &mut PgConnection, caller: Option<PrincipalId>) -> sqlx::Result<Vec<Collection>> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: CollectionId", owner_id AS "owner: PrincipalId", name, enabled
        FROM metadata_collections WHERE owner_id IS NULL OR owner_id = $1 ORDER BY name_key"#,
        caller.map(|caller| caller.0),
    )
    .fetch_all(db)
    .await?;
    let dress = |(id, owner, name, enabled)| Collection { id, owner, name, enabled, fields: Vec::new() };
    Ok(rows.into_iter().map(|row| dress((row.id, row.owner, row.name, row.enabled))).collect())
}

/// The same with their fields; only those with these names, if some are named.
pub async fn with_fields(
    db: &mut PgConnection,
    caller: Option<PrincipalId>,
    names: Option<&[CollectionName]>,
) -> sqlx::Result<Vec<Collection>> {
    let keys: Option<Vec<String>> = names.map(|names| names.iter().map(CollectionName::key).collect());
    let rows = sqlx::query_as!(
        FieldRow,
        r#"SELECT c.id AS "id: CollectionId", c.owner_id AS "owner: PrincipalId", c.name, c.enabled,
            f.id AS "field?: FieldId", f.name AS "field_name?", f.kind AS "kind?: FieldKind", f.default_value,
            f.enabled AS "field_enabled?"
        FROM metadata_collections c LEFT JOIN metadata_fields f ON f.collection_id = c.id
        WHERE (c.owner_id IS NULL OR c.owner_id = $1) AND ($2::text[] IS NULL OR c.name_key = ANY ($2))
        ORDER BY c.name_key, c.id, f.place"#,
        caller.map(|caller| caller.0),
        keys.as_deref(),
    )
    .fetch_all(db)
    .await?;
    let mut collections: Vec<Collection> = Vec::new();
    for row in rows {
        let field = match (row.field, row.field_name, row.kind, row.field_enabled) {
            (Some(id), Some(name), Some(kind), Some(enabled)) => {
                Some(Field { id, name, kind, default: row.default_value, enabled })
            }
            _ => None,
        };
        match collections.last_mut().filter(|last| last.id == row.id) {
            Some(last) => last.fields.extend(field),
            None => collections.push(Collection {
                id: row.id,
                owner: row.owner,
                name: row.name,
                enabled: row.enabled,
                fields: field.into_iter().collect(),
            }),
        }
    }
    Ok(collections)
}

/// A collection to be made.
#[derive(Clone, Debug)]
pub struct NewCollection<'a> {
    /// Its key.
    pub id: CollectionId,
    /// Whose it is to be; `None`: everybody's.
    pub owner: Option<PrincipalId>,
    /// Its name.
    pub name: &'a CollectionName,
    /// Who makes it.
    pub by: PrincipalId,
}

/// Makes a collection without fields. `false`: there are `most` already. A taken name violates
/// `metadata_collections_name_key`.
pub async fn create(
    db: &mut PgConnection,
    new: &NewCollection<'_>,
    most: i64,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let made = sqlx::query!(
        "INSERT INTO metadata_collections (id, owner_id, name, name_key, created_by, created_at)
        SELECT $1, $2, $3, $4, $5, coalesce($6::timestamptz, now())
        WHERE (SELECT count(*) FROM metadata_collections c WHERE c.owner_id IS NOT DISTINCT FROM $2::uuid) < $7",
        new.id.0,
        new.owner.map(|owner| owner.0),
        new.name.as_str(),
        new.name.key(),
        new.by.0,
        now,
        most,
    )
    .execute(db)
    .await?;
    Ok(made.rows_affected() > 0)
}

/// Holds a collection alone until the transaction ends; answers how many fields it has. `None`: it is gone.
pub async fn hold(db: &mut PgConnection, collection: CollectionId) -> sqlx::Result<Option<i64>> {
    let held = sqlx::query!("SELECT id FROM metadata_collections WHERE id = $1 FOR UPDATE", collection.0)
        .fetch_optional(&mut *db)
        .await?;
    if held.is_none() {
        return Ok(None);
    }
    let fields = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM metadata_fields WHERE collection_id = $1"#,
        collection.0,
    )
    .fetch_one(db)
    .await?;
    Ok(Some(fields))
}

/// Puts a collection in or out of use. Needs [`hold`], as do the following.
pub async fn enable(db: &mut PgConnection, collection: CollectionId, enabled: bool) -> sqlx::Result<()> {
    sqlx::query!("UPDATE metadata_collections SET enabled = $2 WHERE id = $1", collection.0, enabled)
        .execute(db)
        .await?;
    Ok(())
}

/// Makes fields after those there are. A taken name violates `metadata_fields_name_key`.
pub async fn add_fields(db: &mut PgConnection, collection: CollectionId, fields: &[NewField]) -> sqlx::Result<()> {
    let ids: Vec<FieldId> = fields.iter().map(|_| FieldId::fresh()).collect();
    let names: Vec<String> = fields.iter().map(|field| field.name().to_owned()).collect();
    let keys: Vec<String> = fields.iter().map(NewField::key).collect();
    let kinds: Vec<FieldKind> = fields.iter().map(NewField::kind).collect();
    let defaults: Vec<Option<String>> = fields.iter().map(|field| field.default().map(str::to_owned)).collect();
    sqlx::query!(
        "INSERT INTO metadata_fields (id, collection_id, place, name, name_key, kind, default_value)
        SELECT u.id, $1, u.place + (SELECT coalesce(max(place), 0) FROM metadata_fields WHERE collection_id = $1),
            u.name, u.name_key, u.kind, u.default_value
        FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
            WITH ORDINALITY AS u (id, name, name_key, kind, default_value, place)",
        collection.0,
        &ids as &[FieldId],
        &names,
        &keys,
        &kinds as &[FieldKind],
        &defaults as &[Option<String>],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Changes fields.
pub async fn change_fields(
    db: &mut PgConnection,
    collection: CollectionId,
    changes: &[FieldChange],
) -> sqlx::Result<()> {
    let ids: Vec<FieldId> = changes.iter().map(|change| change.field).collect();
    let given: Vec<bool> = changes.iter().map(|change| change.default.is_some()).collect();
    let defaults: Vec<Option<String>> = changes.iter().map(|change| change.default.clone().flatten()).collect();
    let enabled: Vec<Option<bool>> = changes.iter().map(|change| change.enabled).collect();
    sqlx::query!(
        "UPDATE metadata_fields f SET default_value = CASE WHEN u.given THEN u.default_value ELSE f.default_value END,
            enabled = coalesce(u.enabled, f.enabled)
        FROM unnest($2::uuid[], $3::boolean[], $4::text[], $5::boolean[]) AS u (id, given, default_value, enabled)
        WHERE f.id = u.id AND f.collection_id = $1",
        collection.0,
        &ids as &[FieldId],
        &given,
        &defaults as &[Option<String>],
        &enabled as &[Option<bool>],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Removes fields with all that was said in them.
pub async fn remove_fields(db: &mut PgConnection, collection: CollectionId, fields: &[FieldId]) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM metadata_fields WHERE collection_id = $1 AND id = ANY ($2)",
        collection.0,
        fields as &[FieldId],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Deletes a collection with its fields, its assignments and all that was said in it. `false`: it is gone.
pub async fn delete(db: &mut PgConnection, collection: CollectionId) -> sqlx::Result<bool> {
    let gone = sqlx::query!("DELETE FROM metadata_collections WHERE id = $1", collection.0).execute(db).await?;
    Ok(gone.rows_affected() > 0)
}
