//! Copying a folder with all below: what lies there is read and written under one snapshot, so that the copy shows one
//! moment. Bytes are not copied; rows name them once more.

use sqlx::PgConnection;
use uuid::Uuid;

use super::Act;
use crate::domain::{
    actor::Dialect,
    id::{CategoryId, EditionId, ItemId, LibraryId, PrincipalId},
    item::Kind,
    name::ItemName,
    permission::Permit,
};

/// Makes the transaction see one moment from its first statement on. What was changed since then and is to be locked fails
/// as transient.
pub async fn at_one_moment(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").execute(db).await?;
    Ok(())
}

/// Keeps the folder a copy goes into where it is until the transaction ends; answers the folders above it. `None`: it is
/// gone, or not in that library any more. `from` is the library that is copied from: nothing is moved there meanwhile.
pub async fn hold_target(
    db: &mut PgConnection,
    folder: ItemId,
    library: LibraryId,
    from: LibraryId,
) -> sqlx::Result<Option<Vec<ItemId>>> {
    sqlx::query!(
        "SELECT id FROM libraries WHERE id = ANY ($1) ORDER BY id FOR SHARE",
        &[library, from] as &[LibraryId]
    )
    .fetch_all(&mut *db)
    .await?;
    sqlx::query_scalar!(
        r#"SELECT ancestors AS "ancestors!: Vec<ItemId>" FROM items
        WHERE id = $1 AND library_id = $2 AND kind = 'folder' AND deleted_at IS NULL FOR SHARE"#,
        folder.0,
        library.0,
    )
    .fetch_optional(db)
    .await
}

/// An item that is to be copied.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Found {
    pub id: ItemId,
    /// `None` for the folder itself.
    pub parent: Option<ItemId>,
    pub kind: Kind,
    pub category: CategoryId,
}

/// A folder and what lies below it, folders before what lies in them; not what is of the categories `hidden`, nor, where
/// `no_private`, what is private, nor what lies below such, nor what another than `caller` never checked in. At most `limit` of them.
pub async fn below(
    db: &mut PgConnection,
    folder: ItemId,
    hidden: &[CategoryId],
    (caller, no_private): (Option<PrincipalId>, bool),
    limit: i64,
) -> sqlx::Result<Vec<Found>> {
    sqlx::query_as!(
        Found,
        r#"WITH RECURSIVE walk (id, parent_id, kind, category_id, depth) AS (
            SELECT i.id, NULL::uuid, i.kind, i.category_id, 0 FROM items i WHERE i.id = $1 AND i.deleted_at IS NULL
            UNION ALL
            SELECT i.id, i.parent_id, i.kind, i.category_id, walk.depth + 1 FROM walk JOIN items i ON i.parent_id = walk.id
            WHERE i.deleted_at IS NULL AND NOT i.category_id = ANY ($2::uuid[])
                AND NOT ($3::boolean AND EXISTS (SELECT FROM editions p WHERE p.id = i.edition_id AND p.private))
                AND (i.unpublished_by IS NULL OR i.unpublished_by = $5::uuid)
        )
        SELECT id AS "id!: ItemId", parent_id AS "parent: ItemId", kind AS "kind!: Kind", category_id AS "category!: CategoryId"
        FROM (SELECT * FROM walk LIMIT $4) found ORDER BY depth, id"#,
        folder.0,
        hidden as &[CategoryId],
        no_private,
        limit,
        caller.map(|caller| caller.0),
    )
    .fetch_all(db)
    .await
}

/// An item to be made as a copy of another, its identities already drawn. A folder does not use those of an edition.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Copied {
    pub of: ItemId,
    pub id: ItemId,
    pub parent: ItemId,
    pub ancestors: Vec<ItemId>,
    pub oracle_id: String,
    pub graph_id: String,
    pub edition: EditionId,
    pub arena_guid: String,
}

/// Whose the copies are.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Copier {
    pub owner: PrincipalId,
    pub author: PrincipalId,
    pub author_name: String,
    /// Who holds the files from birth and alone sees them until their first check-in; nobody, usually.
    pub holder: Option<PrincipalId>,
}

/// Makes copies, the first of which is called `name` and may have another description, and notes each: files with their newest edition as the first one, free or
/// held. Of what `holder` has checked out, the bytes of the working copy are copied. A taken name violates `items_name_key`. A
/// file has a code of its own where another one of the library shows the number that it draws; a number that somebody takes as
/// a code at this very moment violates `items_external_code_key`.
#[expect(clippy::too_many_arguments, reason = "one statement")]
pub async fn make(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    (name, description): (&ItemName, Option<&str>),
    copies: &[Copied],
    by: &Copier,
    holder: Option<PrincipalId>,
    act: &Act,
) -> sqlx::Result<()> {
    let uuids = |pick: fn(&Copied) -> Uuid| copies.iter().map(pick).collect::<Vec<Uuid>>();
    let texts = |pick: fn(&Copied) -> String| copies.iter().map(pick).collect::<Vec<String>>();
    // arrays of arrays must be rectangles in SQL, so each path travels as its text
    let path = |copied: &Copied| {
        let path: Vec<String> = copied.ancestors.iter().map(|above| above.0.to_string()).collect();
        format!("{{{}}}", path.join(","))
    };
    sqlx::query!(
        r#"WITH n AS MATERIALIZED (
            SELECT u.*, nextval('numbers') AS number
            FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::uuid[], $10::text[])
                WITH ORDINALITY AS u (of, id, parent, path, oracle_id, graph_id, edition, arena_guid, place)
        ), made AS (
            INSERT INTO items (id, library_id, parent_id, ancestors, kind, name, name_key, title, description, category_id,
                oracle_id, graph_id, file_number, owner_id, created_by, created_at, modified_by, modified_at,
                edition_id, ordinal, major, minor, unpublished_by, number, external_code)
            SELECT n.id, $2, n.parent, n.path::uuid[], s.kind, CASE WHEN n.place = 1 THEN $11 ELSE s.name END,
                CASE WHEN n.place = 1 THEN $12 ELSE s.name_key END, CASE WHEN n.place = 1 THEN $11 ELSE s.title END,
                CASE WHEN n.place = 1 THEN coalesce($21, s.description) ELSE s.description END, s.category_id, n.oracle_id, n.graph_id,
                CASE WHEN s.kind = 'file' THEN nextval('file_numbers') END, $13, $14, coalesce($1::timestamptz, now()), $14,
                coalesce($1, now()), CASE WHEN s.kind = 'file' THEN n.edition END,
                CASE WHEN s.kind = 'file' THEN 1 END, CASE WHEN s.kind = 'file' THEN 1 END, CASE WHEN s.kind = 'file' THEN 0 END,
                CASE WHEN s.kind = 'file' THEN $20::uuid END, n.number,
                CASE WHEN s.kind = 'file' AND EXISTS (SELECT FROM items o WHERE o.library_id = $2
                    AND coalesce(o.external_code, o.number::text) = n.number::text AND o.kind = 'file' AND o.deleted_at IS NULL)
                    THEN gen_random_uuid()::text END
            FROM n JOIN items s ON s.id = n.of
            RETURNING id, kind, edition_id
        ), published AS (
            INSERT INTO editions (id, file_id, ordinal, major, minor, label, arena_guid, file_name, title, description,
                format, private, storage, location, media_type, sha256, author_id, author_name, created_at, modified_at)
            SELECT n.edition, n.id, 1, 1, 0, '1', n.arena_guid,
                CASE WHEN d.sha256 IS NULL THEN e.file_name ELSE coalesce(d.file_name, e.file_name, s.name) END,
                e.title, e.description, e.format, e.private,
                CASE WHEN d.sha256 IS NULL THEN e.storage ELSE 'file' END, CASE WHEN d.sha256 IS NULL THEN e.location END,
                CASE WHEN d.sha256 IS NULL THEN e.media_type ELSE coalesce(d.media_type, e.media_type) END,
                coalesce(d.sha256, e.sha256), $14, $15, coalesce($1, now()), coalesce($1, now())
            FROM n JOIN items s ON s.id = n.of JOIN editions e ON e.id = s.edition_id
            LEFT JOIN locks k ON k.file_id = s.id AND k.holder_id = $19::uuid
                AND (k.expires_at IS NULL OR k.expires_at > coalesce($1, now()))
            LEFT JOIN drafts d ON d.file_id = k.file_id AND d.fence = k.fence
        ), lock AS (
            INSERT INTO locks (file_id, fence, holder_id, mode, dialect, taken_at, lock_uuid, number, draft_number, owner_text)
            SELECT id, 1, $20::uuid, 'check_out', $17, coalesce($1, now()), gen_random_uuid(), nextval('numbers'), nextval('numbers'), ''
            FROM made WHERE kind = 'file' AND $20 IS NOT NULL
            UNION ALL
            SELECT id, 0, NULL::uuid, NULL, NULL, NULL::timestamptz, NULL::uuid, NULL::bigint, NULL::bigint, NULL FROM made WHERE kind = 'file' AND $20 IS NULL
        )
        INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, edition_id, fence, request_id)
        SELECT coalesce($1, now()), $16, $17, 'create', 'done', $2, made.id, made.edition_id,
            CASE WHEN made.kind = 'file' AND $20 IS NOT NULL THEN 1 END, $18
        FROM made JOIN n ON n.id = made.id ORDER BY n.place"#,
        act.now,
        library.0,
        &uuids(|copied| copied.of.0),
        &uuids(|copied| copied.id.0),
        &uuids(|copied| copied.parent.0),
        &copies.iter().map(path).collect::<Vec<String>>(),
        &texts(|copied| copied.oracle_id.clone()),
        &texts(|copied| copied.graph_id.clone()),
        &uuids(|copied| copied.edition.0),
        &texts(|copied| copied.arena_guid.clone()),
        name.as_str(),
        name.key(),
        by.owner.0,
        by.author.0,
        by.author_name,
        permit.actor().map(|actor| actor.0),
        act.dialect as Dialect,
        act.request,
        holder.map(|holder| holder.0),
        by.holder.map(|holder| holder.0),
        description,
    )
    .execute(db)
    .await?;
    Ok(())
}
