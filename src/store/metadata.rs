//! What is said about items: their tags, the metadata collections assigned to them and the values in their fields. A change
//! of what everybody sees passes through the lock's row of a file, or the row of a folder.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::{Act, files::Seen};
use crate::domain::{
    id::{CollectionId, FieldId, ItemId, LibraryId, PrincipalId},
    metadata::{Assigned, Collection, Field, FieldKind, Setting, Tags, Value},
    name,
    permission::Permit,
};

/// Passes through the lock's row of the file that was seen so, or holds the row of the folder in its tree, so that its lock is
/// taken before or after; for a change that follows in the same transaction. `false`: it has changed since it was looked at, or
/// is gone.
pub async fn hold(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    seen: Option<Seen>,
    act: &Act,
) -> sqlx::Result<bool> {
    let Some(seen) = seen else {
        let folder = sqlx::query!(
            "WITH tree AS MATERIALIZED (
                SELECT id FROM libraries WHERE id = $2 FOR SHARE
            )
            SELECT i.id FROM items i, tree
            WHERE i.id = $1 AND i.library_id = tree.id AND i.kind = 'folder' AND i.deleted_at IS NULL FOR NO KEY UPDATE OF i",
            permit.item().0,
            library.0,
        )
        .fetch_optional(db)
        .await?;
        return Ok(folder.is_some());
    };
    let guard = sqlx::query!(
        "UPDATE locks SET revision = revision + 1
        WHERE file_id = $1 AND revision = $2 AND closed_at IS NULL
            AND (NOT $3::boolean OR expires_at IS NULL OR expires_at > coalesce($4::timestamptz, clock_timestamp()))",
        permit.item().0,
        seen.revision,
        seen.bound,
        act.now,
    )
    .execute(db)
    .await?;
    Ok(guard.rows_affected() > 0)
}

/// Holds an item in its place, so that what only one user sees can be said of it, whoever has its lock. `false`: it is gone.
pub async fn hold_in_place(db: &mut PgConnection, permit: &Permit) -> sqlx::Result<bool> {
    let item = sqlx::query!("SELECT id FROM items WHERE id = $1 AND deleted_at IS NULL FOR SHARE", permit.item().0)
        .fetch_optional(db)
        .await?;
    Ok(item.is_some())
}

/// The tags of an item.
pub async fn tags(db: &mut PgConnection, item: ItemId) -> sqlx::Result<Tags> {
    let tags = sqlx::query_scalar!("SELECT tag FROM item_tags WHERE item_id = $1 ORDER BY place", item.0);
    Ok(Tags::of(tags.fetch_all(db).await?))
}

/// The tags of each of these items, as far as it has some.
pub async fn tags_of(db: &mut PgConnection, items: &[ItemId]) -> sqlx::Result<Vec<(ItemId, Tags)>> {
    let rows = sqlx::query!(
        r#"SELECT item_id AS "item!: ItemId", array_agg(tag ORDER BY place) AS "tags!" FROM item_tags
        WHERE item_id = ANY ($1) GROUP BY item_id"#,
        items as &[ItemId],
    );
    Ok(rows.fetch_all(db).await?.into_iter().map(|row| (row.item, Tags::of(row.tags))).collect())
}

/// Puts these tags in the place of an item's others. Needs [`hold`].
pub async fn set_tags(db: &mut PgConnection, permit: &Permit, tags: &Tags) -> sqlx::Result<()> {
    let keys: Vec<String> = tags.as_slice().iter().map(|tag| name::key(tag)).collect();
    sqlx::query!("DELETE FROM item_tags WHERE item_id = $1 AND NOT tag_key = ANY ($2)", permit.item().0, &keys)
        .execute(&mut *db)
        .await?;
    sqlx::query!(
        "INSERT INTO item_tags (item_id, place, tag, tag_key)
        SELECT $1, u.place, u.tag, u.tag_key
        FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS u (tag, tag_key, place)
        ON CONFLICT (item_id, tag_key) DO UPDATE SET place = excluded.place, tag = excluded.tag",
        permit.item().0,
        tags.as_slice(),
        &keys,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Holds collections, so that neither they nor their fields go before the transaction ends; in one order, so that two
/// transactions never wait for each other. Answers those there are.
pub async fn hold_collections(
    db: &mut PgConnection,
    collections: &[CollectionId],
) -> sqlx::Result<Vec<HeldCollection>> {
    sqlx::query_as!(
        HeldCollection,
        r#"SELECT id AS "id: CollectionId", owner_id AS "owner: PrincipalId", enabled
        FROM metadata_collections WHERE id = ANY ($1) ORDER BY id FOR SHARE"#,
        collections as &[CollectionId],
    )
    .fetch_all(db)
    .await
}

/// A collection that stays as it is until the transaction ends.
#[derive(Clone, Copy, Debug)]
pub struct HeldCollection {
    /// Which.
    pub id: CollectionId,
    /// Whose it is; `None`: everybody's.
    pub owner: Option<PrincipalId>,
    /// Whether it is in use.
    pub enabled: bool,
}

/// A field as it stands for an item.
#[derive(Clone, Copy, Debug)]
pub struct Settable {
    /// Which.
    pub field: FieldId,
    /// Of which collection.
    pub collection: CollectionId,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether it and its collection are in use.
    pub enabled: bool,
    /// Whether its collection is assigned to the item or above it.
    pub assigned: bool,
}

/// How these fields stand for an item; those that are gone are left out.
pub async fn settable(db: &mut PgConnection, item: ItemId, fields: &[FieldId]) -> sqlx::Result<Vec<Settable>> {
    sqlx::query_as!(
        Settable,
        r#"SELECT f.id AS "field: FieldId", c.id AS "collection: CollectionId", f.kind AS "kind: FieldKind", c.enabled AND f.enabled AS "enabled!",
            EXISTS (SELECT FROM metadata_assignments a
                WHERE a.collection_id = c.id AND a.item_id = ANY (i.ancestors || i.id)) AS "assigned!"
        FROM metadata_fields f JOIN metadata_collections c ON c.id = f.collection_id CROSS JOIN items i
        WHERE i.id = $1 AND f.id = ANY ($2)"#,
        item.0,
        fields as &[FieldId],
    )
    .fetch_all(db)
    .await
}

/// Sets values of an item, which is the permit's or one that is made in it. Needs [`hold_collections`]; no field may come
/// twice.
pub async fn set_values(
    db: &mut PgConnection,
    _permit: &Permit,
    item: ItemId,
    settings: &[Setting],
) -> sqlx::Result<()> {
    let fields: Vec<FieldId> = settings.iter().map(|setting| setting.field).collect();
    let values: Vec<String> = settings.iter().map(|setting| setting.value.clone()).collect();
    sqlx::query!(
        "INSERT INTO metadata_values (item_id, field_id, value)
        SELECT $1, u.field_id, u.value FROM unnest($2::uuid[], $3::text[]) AS u (field_id, value)
        ON CONFLICT (item_id, field_id) DO UPDATE SET value = excluded.value",
        item.0,
        &fields as &[FieldId],
        &values,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes values of an item away.
pub async fn clear_values(db: &mut PgConnection, permit: &Permit, fields: &[FieldId]) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM metadata_values WHERE item_id = $1 AND field_id = ANY ($2)",
        permit.item().0,
        fields as &[FieldId],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Assigns a collection to an item. Needs [`hold_collections`].
pub async fn assign(db: &mut PgConnection, permit: &Permit, collection: CollectionId) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO metadata_assignments (item_id, collection_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        permit.item().0,
        collection.0,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes a collection away from an item, with all that was said in it there.
pub async fn unassign(db: &mut PgConnection, permit: &Permit, collection: CollectionId) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH said AS (
            DELETE FROM metadata_values v USING metadata_fields f
            WHERE v.item_id = $1 AND f.id = v.field_id AND f.collection_id = $2
        )
        DELETE FROM metadata_assignments WHERE item_id = $1 AND collection_id = $2",
        permit.item().0,
        collection.0,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What is said about each of these items in the collections that they or the folders above them have, as far as the
/// caller sees it: everybody's, and the caller's own. One statement, however many items.
pub async fn of(
    db: &mut PgConnection,
    items: &[ItemId],
    caller: Option<PrincipalId>,
) -> sqlx::Result<HashMap<ItemId, Vec<Assigned>>> {
    let rows = sqlx::query!(
        r#"WITH path AS MATERIALIZED (
            SELECT i.id AS item_id, u.id AS above_id, u.place
            FROM items i CROSS JOIN LATERAL unnest(i.ancestors || i.id) WITH ORDINALITY AS u (id, place)
            WHERE i.id = ANY ($1)
        ), assigned AS (
            SELECT p.item_id, a.collection_id, bool_or(p.above_id = p.item_id) AS here
            FROM path p JOIN metadata_assignments a ON a.item_id = p.above_id
            GROUP BY p.item_id, a.collection_id
        )
        SELECT s.item_id AS "item!: ItemId", s.here AS "here!", c.id AS "collection!: CollectionId",
            c.owner_id AS "owner?: PrincipalId", c.name AS "name!", c.enabled AS "enabled!",
            f.id AS "field?: FieldId", f.name AS "field_name?", f.kind AS "kind?: FieldKind", f.default_value AS "default_value?",
            f.enabled AS "field_enabled?", v.value AS "value?", v.here AS "said_here?"
        FROM assigned s
            JOIN metadata_collections c ON c.id = s.collection_id AND (c.owner_id IS NULL OR c.owner_id = $2)
            LEFT JOIN metadata_fields f ON f.collection_id = c.id
            -- the nearest that says something
            LEFT JOIN LATERAL (
                SELECT x.value, x.item_id = s.item_id AS here
                FROM path p JOIN metadata_values x ON x.item_id = p.above_id
                WHERE p.item_id = s.item_id AND x.field_id = f.id ORDER BY p.place DESC LIMIT 1
            ) v ON true
        ORDER BY s.item_id, c.name_key, c.id, f.place"#,
        items as &[ItemId],
        caller.map(|caller| caller.0),
    )
    .fetch_all(db)
    .await?;
    let mut found: HashMap<ItemId, Vec<Assigned>> = HashMap::new();
    for row in rows {
        let all = found.entry(row.item).or_default();
        if all.last().is_none_or(|last| last.collection.id != row.collection) {
            let collection = Collection {
                id: row.collection,
                owner: row.owner,
                name: row.name,
                enabled: row.enabled,
                fields: Vec::new(),
            };
            all.push(Assigned { collection, here: row.here, values: Vec::new() });
        }
        let (Some(last), Some(id)) = (all.last_mut(), row.field) else { continue };
        if let (Some(name), Some(kind), Some(enabled)) = (row.field_name, row.kind, row.field_enabled) {
            last.collection.fields.push(Field { id, name, kind, default: row.default_value, enabled });
        }
        if let (Some(text), Some(here)) = (row.value, row.said_here) {
            last.values.push(Value { field: id, here, text });
        }
    }
    Ok(found)
}

/// Copies tags and all that everybody sees from items to others, of which nothing is said yet: from the first of each pair
/// to the second. What only one user sees stays behind. To be called in a transaction.
pub async fn copy(db: &mut PgConnection, pairs: &[(ItemId, ItemId)]) -> sqlx::Result<()> {
    let (from, to): (Vec<ItemId>, Vec<ItemId>) = pairs.iter().copied().unzip();
    sqlx::query!(
        "INSERT INTO item_tags (item_id, place, tag, tag_key)
        SELECT u.target, t.place, t.tag, t.tag_key
        FROM unnest($1::uuid[], $2::uuid[]) AS u (source, target) JOIN item_tags t ON t.item_id = u.source
        ON CONFLICT DO NOTHING",
        &from as &[ItemId],
        &to as &[ItemId],
    )
    .execute(&mut *db)
    .await?;
    // as in hold_collections; what is going is waited for, and then left out
    let collections = sqlx::query_scalar!(
        r#"SELECT c.id AS "id: CollectionId" FROM metadata_collections c
        WHERE c.owner_id IS NULL AND (
            EXISTS (SELECT FROM metadata_assignments a WHERE a.collection_id = c.id AND a.item_id = ANY ($1))
            OR EXISTS (SELECT FROM metadata_values v JOIN metadata_fields f ON f.id = v.field_id
                WHERE f.collection_id = c.id AND v.item_id = ANY ($1)))
        ORDER BY c.id FOR SHARE OF c"#,
        &from as &[ItemId],
    )
    .fetch_all(&mut *db)
    .await?;
    sqlx::query!(
        "INSERT INTO metadata_assignments (item_id, collection_id)
        SELECT u.target, a.collection_id
        FROM unnest($1::uuid[], $2::uuid[]) AS u (source, target) JOIN metadata_assignments a ON a.item_id = u.source
        WHERE a.collection_id = ANY ($3)
        ON CONFLICT DO NOTHING",
        &from as &[ItemId],
        &to as &[ItemId],
        &collections as &[CollectionId],
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "INSERT INTO metadata_values (item_id, field_id, value)
        SELECT u.target, f.id, v.value
        FROM unnest($1::uuid[], $2::uuid[]) AS u (source, target)
            JOIN metadata_values v ON v.item_id = u.source
            JOIN metadata_fields f ON f.id = v.field_id AND f.collection_id = ANY ($3)
        ON CONFLICT DO NOTHING",
        &from as &[ItemId],
        &to as &[ItemId],
        &collections as &[CollectionId],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets all that was said about items, whoever said it: they are gone for good.
pub async fn forget(db: &mut PgConnection, items: &[ItemId]) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH tags AS (DELETE FROM item_tags WHERE item_id = ANY ($1)),
            said AS (DELETE FROM metadata_values WHERE item_id = ANY ($1))
        DELETE FROM metadata_assignments WHERE item_id = ANY ($1)",
        items as &[ItemId],
    )
    .execute(db)
    .await?;
    Ok(())
}
