//! Reading items: one by any of its spellings, the children of a folder, the files of a library. One row holds all that
//! a dialect shows, so that a read is one round trip; no row per row.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::domain::{
    actor::Dialect,
    edition::Storage,
    id::{CategoryId, EditionId, ItemId, ItemKey, LibraryId, PrincipalId, RevisionId},
    item::{Ancestor, Kind},
    lock::Mode,
    page::{Order, Window},
    special::Special,
};

/// An item as it stands in the database, with its newest edition, its lock and its working copy.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct ItemRow {
    pub id: ItemId,
    pub library: LibraryId,
    pub parent: Option<ItemId>,
    pub ancestors: Vec<ItemId>,
    pub ancestry: Json<Vec<Ancestor>>,
    pub kind: Kind,
    pub name: String,
    pub title: String,
    pub description: String,
    pub category: CategoryId,
    pub number: i64,
    pub external_code: Option<String>,
    pub oracle_id: String,
    pub graph_id: String,
    pub file_number: Option<i64>,
    pub owner: PrincipalId,
    pub created_by: PrincipalId,
    pub created_at: DateTime<Utc>,
    pub modified_by: PrincipalId,
    pub modified_at: DateTime<Utc>,
    pub client_created_at: Option<DateTime<Utc>>,
    pub client_modified_at: Option<DateTime<Utc>>,
    pub revision: i64,
    pub unpublished_by: Option<PrincipalId>,
    pub children: i64,
    pub special: Option<Special>,
    pub folder_lock: Option<Json<super::folder_locks::ReachingLockRow>>,
    pub edition: Option<EditionId>,
    pub ordinal: Option<i32>,
    pub major: Option<i32>,
    pub minor: Option<i32>,
    pub last_ordinal: Option<i32>,
    pub last_major: Option<i32>,
    pub last_minor: Option<i32>,
    pub label: Option<String>,
    pub edition_number: Option<i64>,
    pub edition_guid: Option<String>,
    pub file_name: Option<String>,
    pub edition_title: Option<String>,
    pub edition_description: Option<String>,
    pub format: Option<String>,
    pub private: Option<bool>,
    pub frozen: Option<bool>,
    pub storage: Option<Storage>,
    pub location: Option<String>,
    pub media_type: Option<String>,
    pub comment: Option<String>,
    pub author: Option<PrincipalId>,
    pub author_name: Option<String>,
    pub published_at: Option<DateTime<Utc>>,
    pub edition_modified_at: Option<DateTime<Utc>>,
    pub sha256: Option<Vec<u8>>,
    pub quick_xor: Option<Vec<u8>>,
    pub size: Option<i64>,
    pub lock_revision: Option<i64>,
    pub fence: Option<i64>,
    pub held: bool,
    /// Whether the lock has ended by itself and nothing says of that yet.
    pub lapsed: bool,
    pub holder: Option<PrincipalId>,
    pub mode: Option<Mode>,
    pub dialect: Option<Dialect>,
    pub taken_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
    pub lock_uuid: Option<Uuid>,
    pub lock_number: Option<i64>,
    pub draft_number: Option<i64>,
    pub owner_text: Option<String>,
    pub lock_comment: Option<String>,
    pub draft_revision: Option<i64>,
    pub draft_sha256: Option<Vec<u8>>,
    pub draft_quick_xor: Option<Vec<u8>>,
    pub draft_size: Option<i64>,
    pub draft_file_name: Option<String>,
    pub draft_media_type: Option<String>,
    pub draft_title: Option<String>,
    pub draft_description: Option<String>,
    pub draft_comment: Option<String>,
    pub draft_saved_at: Option<DateTime<Utc>>,
    pub draft_client_created_at: Option<DateTime<Utc>>,
    pub draft_client_modified_at: Option<DateTime<Utc>>,
    /// How often the folders of the library were changed.
    pub tree: i64,
    /// How many the whole list has, where the list is read in pages that say so; else nothing.
    pub total: i64,
}

/// `$1` is the moment that counts, or null for the database's own; `$2` whether private files are left out of the number of
/// a folder's children; files that were never checked in do not count for anybody. `$total` is how many items the whole list has: to count
/// them beside the rows would fetch all of every item for a page of a few.
macro_rules! items {
    ($with:tt, $total:tt, $tail:tt, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            ItemRow,
            $with + r#"
            SELECT i.id AS "id!: ItemId", i.library_id AS "library!: LibraryId", i.parent_id AS "parent?: ItemId",
                i.ancestors AS "ancestors!: Vec<ItemId>",
                (SELECT coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'name', a.name, 'number', a.number,
                        'oracle_id', a.oracle_id, 'graph_id', a.graph_id) ORDER BY u.place), '[]'::jsonb)
                    FROM unnest(i.ancestors) WITH ORDINALITY AS u (id, place) JOIN items a ON a.id = u.id)
                    AS "ancestry!: Json<Vec<Ancestor>>",
                i.kind AS "kind!: Kind", i.name AS "name!", i.title AS "title!", i.description AS "description!",
                i.category_id AS "category!: CategoryId",
                i.number AS "number!", i.external_code AS "external_code?", i.oracle_id AS "oracle_id!", i.graph_id AS "graph_id!", i.file_number AS "file_number?",
                i.owner_id AS "owner!: PrincipalId",
                i.created_by AS "created_by!: PrincipalId", i.created_at AS "created_at!",
                i.modified_by AS "modified_by!: PrincipalId", i.modified_at AS "modified_at!",
                i.client_created_at AS "client_created_at?", i.client_modified_at AS "client_modified_at?", i.revision AS "revision!",
                i.unpublished_by AS "unpublished_by?: PrincipalId",
                CASE WHEN i.kind = 'folder'
                    THEN (SELECT count(*) FROM items c WHERE c.parent_id = i.id AND c.deleted_at IS NULL AND c.unpublished_by IS NULL AND NOT ($2::boolean
                        AND EXISTS (SELECT FROM editions p WHERE p.id = c.edition_id AND p.private)))
                    ELSE 0 END AS "children!",
                CASE WHEN i.kind = 'folder' THEN (SELECT s.name FROM special_folders s WHERE s.item_id = i.id AND s.library_id = i.library_id)
                    END AS "special?: crate::domain::special::Special",
                (SELECT jsonb_build_object('category', (SELECT n.category_id FROM items n WHERE n.id = g.folder_id), 'lock', jsonb_build_object(
                        'folder', g.folder_id, 'folder_number', (SELECT n.number FROM items n WHERE n.id = g.folder_id),
                        'fence', g.fence, 'holder', g.holder_id, 'dialect', g.dialect,
                        'taken_at', (extract(epoch FROM g.taken_at) * 1000000)::bigint,
                        'expires_at', (extract(epoch FROM g.expires_at) * 1000000)::bigint,
                        'lock_uuid', g.lock_uuid, 'number', g.number, 'inheritable', g.inheritable,
                        -- only the folder itself shows it
                        'owner_text', CASE WHEN g.folder_id = i.id THEN g.owner_text ELSE '' END))
                    FROM folder_locks g
                    WHERE g.folder_id = ANY (i.ancestors || i.id) AND (g.inheritable OR g.folder_id = i.id) AND i.deleted_at IS NULL
                        AND g.holder_id IS NOT NULL AND (g.expires_at IS NULL OR g.expires_at > coalesce($1::timestamptz, now()))
                    ORDER BY array_position(i.ancestors || i.id, g.folder_id) DESC LIMIT 1)
                    AS "folder_lock?: Json<crate::store::folder_locks::ReachingLockRow>",
                e.id AS "edition?: EditionId", e.ordinal AS "ordinal?", e.major AS "major?", e.minor AS "minor?",
                i.ordinal AS "last_ordinal?", i.major AS "last_major?", i.minor AS "last_minor?",
                e.label AS "label?", e.number AS "edition_number?", e.arena_guid AS "edition_guid?",
                e.file_name AS "file_name?", e.title AS "edition_title?", e.description AS "edition_description?",
                e.format AS "format?", e.private AS "private?", e.frozen AS "frozen?", e.storage AS "storage?: Storage", e.location AS "location?",
                e.media_type AS "media_type?", e.comment AS "comment?", e.author_id AS "author?: PrincipalId",
                e.author_name AS "author_name?", e.created_at AS "published_at?", e.modified_at AS "edition_modified_at?",
                t.sha256 AS "sha256?", t.quick_xor AS "quick_xor?", t.size AS "size?",
                k.revision AS "lock_revision?", k.fence AS "fence?",
                (k.holder_id IS NOT NULL AND (k.expires_at IS NULL OR k.expires_at > coalesce($1::timestamptz, now())))
                    AS "held!",
                coalesce(k.holder_id IS NOT NULL AND k.expires_at <= coalesce($1, now()) AND k.lapse_fence < k.fence, false)
                    AS "lapsed!",
                k.holder_id AS "holder?: PrincipalId", k.mode AS "mode?: Mode", k.dialect AS "dialect?: Dialect",
                k.taken_at AS "taken_at?", k.expires_at AS "expires_at?", k.lock_uuid AS "lock_uuid?", k.number AS "lock_number?",
                k.draft_number AS "draft_number?", k.owner_text AS "owner_text?", k.comment AS "lock_comment?",
                d.revision AS "draft_revision?", d.sha256 AS "draft_sha256?", dt.quick_xor AS "draft_quick_xor?",
                dt.size AS "draft_size?", d.file_name AS "draft_file_name?", d.media_type AS "draft_media_type?",
                d.title AS "draft_title?", d.description AS "draft_description?", d.comment AS "draft_comment?",
                d.saved_at AS "draft_saved_at?",
                d.client_created_at AS "draft_client_created_at?", d.client_modified_at AS "draft_client_modified_at?",
                (SELECT n.changes FROM trees n WHERE n.library_id = i.library_id) AS "tree!",
                "# + $total + r#" AS "total!"
            FROM items i
            LEFT JOIN editions e ON e.id = i.edition_id
            LEFT JOIN contents t ON t.sha256 = e.sha256
            LEFT JOIN locks k ON k.file_id = i.id
            LEFT JOIN drafts d ON d.file_id = k.file_id AND d.fence = k.fence
            LEFT JOIN contents dt ON dt.sha256 = d.sha256
            "# + $tail,
            $($argument),*
        )
    };
}
pub(super) use items;

/// The item a key names, unless it is in the trash. `no_private`: a folder's private files do not count as its children.
pub async fn by_key(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    key: &ItemKey,
    no_private: bool,
) -> sqlx::Result<Option<ItemRow>> {
    let (base, names) = match key {
        ItemKey::Path(base, names) => (&**base, names.iter().map(|name| crate::domain::name::key(name)).collect()),
        ItemKey::Id(_)
        | ItemKey::Graph(_)
        | ItemKey::Oracle(_)
        | ItemKey::Number(_)
        | ItemKey::Edition(_)
        | ItemKey::Root(_)
        | ItemKey::External(..) => (key, Vec::new()),
    };
    let (kind, id, text, number) = match base {
        ItemKey::Id(id) => ("id", Some(id.0), None, None),
        ItemKey::Graph(text) => ("graph", None, Some(text.as_str()), None),
        ItemKey::Oracle(text) => ("oracle", None, Some(text.as_str()), None),
        ItemKey::Number(number) => ("number", None, None, Some(*number)),
        ItemKey::Edition(guid) => ("edition", None, Some(guid.as_str()), None),
        ItemKey::Root(library) => ("root", Some(library.0), None, None),
        ItemKey::External(library, code) => ("external", Some(library.0), Some(code.as_str()), None),
        // a path from a path names nothing a room can spell
        ItemKey::Path(..) => return Ok(None),
    };
    if text.is_some_and(super::has_nul) || names.iter().any(|name: &String| super::has_nul(name)) {
        return Ok(None);
    }
    items!(
        r#"WITH RECURSIVE walk (id, depth) AS (
            SELECT CASE $3::text
                WHEN 'id' THEN $4::uuid
                WHEN 'graph' THEN (SELECT x.id FROM items x WHERE x.graph_id = $5::text)
                WHEN 'oracle' THEN (SELECT x.id FROM items x WHERE x.oracle_id = $5::text)
                WHEN 'number' THEN (SELECT x.id FROM items x WHERE x.number = $6::bigint)
                WHEN 'edition' THEN (SELECT x.file_id FROM editions x WHERE x.arena_guid = $5::text AND x.ordinal IS NOT NULL)
                WHEN 'external' THEN (SELECT x.id FROM items x WHERE x.library_id = $4
                    AND coalesce(x.external_code, x.number::text) = $5 AND x.kind = 'file' AND x.deleted_at IS NULL)
                WHEN 'root' THEN (SELECT x.id FROM items x WHERE x.library_id = $4::uuid AND x.parent_id IS NULL)
            END, 0
            UNION ALL
            SELECT x.id, walk.depth + 1 FROM walk
            JOIN items x ON x.parent_id = walk.id AND x.name_key = ($7::text[])[walk.depth + 1] AND x.deleted_at IS NULL
            WHERE walk.depth < cardinality($7::text[])
        )"#,
        "1::bigint",
        "WHERE i.id = (SELECT walk.id FROM walk WHERE walk.depth = cardinality($7::text[])) AND i.deleted_at IS NULL",
        now,
        no_private,
        kind,
        id,
        text,
        number,
        &names as &Vec<String>,
    )
    .fetch_optional(db)
    .await
}

/// All that must be as it was for a look at a file to be true still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The file.
    pub item: ItemId,
    /// Its revision.
    pub revision: i64,
    /// The revision of its lock, which rises with all that belongs to the file.
    pub lock_revision: i64,
    /// How often the folders of its library were changed.
    pub tree: i64,
    /// The moment that counts; `None`: the database's own. A lock that has ended by then is another state.
    pub now: Option<DateTime<Utc>>,
}

/// `$asked` gives the rows of what is asked, as `a`.
macro_rules! unchanged {
    ($asked:tt, $($argument:expr),* $(,)?) => {
        sqlx::query_scalar!(
            r#"SELECT coalesce(array_agg(a.place), '{}') AS "places!" FROM "# + $asked + r#"
            JOIN items i ON i.id = a.item_id AND i.revision = a.revision AND i.deleted_at IS NULL
            JOIN locks k ON k.file_id = i.id AND k.revision = a.lock_revision
                AND (k.expires_at IS NULL OR k.expires_at > coalesce(a.at, now()))
            JOIN trees n ON n.library_id = i.library_id AND n.changes = a.tree"#,
            $($argument),*
        )
    };
}

/// Which of these files are as they were, in the order they were asked about.
pub async fn unchanged(db: &mut PgConnection, states: &[State]) -> sqlx::Result<Vec<bool>> {
    let places = if let [state] = states {
        // half of the time of one that comes alone: lists are dear to begin with
        unchanged!(
            "(SELECT $1::uuid AS item_id, $2::bigint AS revision, $3::bigint AS lock_revision, $4::bigint AS tree,
                $5::timestamptz AS at, 1::bigint AS place) AS a",
            state.item.0,
            state.revision,
            state.lock_revision,
            state.tree,
            state.now,
        )
        .fetch_one(db)
        .await?
    } else {
        let items: Vec<Uuid> = states.iter().map(|state| state.item.0).collect();
        let revisions: Vec<i64> = states.iter().map(|state| state.revision).collect();
        let lock_revisions: Vec<i64> = states.iter().map(|state| state.lock_revision).collect();
        let trees: Vec<i64> = states.iter().map(|state| state.tree).collect();
        let moments: Vec<Option<DateTime<Utc>>> = states.iter().map(|state| state.now).collect();
        unchanged!(
            "unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[])
                WITH ORDINALITY AS a (item_id, revision, lock_revision, tree, at, place)",
            &items,
            &revisions,
            &lock_revisions,
            &trees,
            &moments as &[Option<DateTime<Utc>>],
        )
        .fetch_one(db)
        .await?
    };
    let mut unchanged = vec![false; states.len()];
    for place in places {
        if let Some(state) = usize::try_from(place - 1).ok().and_then(|place| unchanged.get_mut(place)) {
            *state = true;
        }
    }
    Ok(unchanged)
}

/// Holds an item until the transaction ends, so that what is given on it (shares, links) changes one after another, and not
/// beside its deletion. `false`: it is in the trash.
pub async fn hold(db: &mut PgConnection, item: ItemId) -> sqlx::Result<bool> {
    let held = sqlx::query!("SELECT id FROM items WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE", item.0)
        .fetch_optional(db)
        .await?;
    Ok(held.is_some())
}

/// Which of some names, compared without case, is the first that nothing in a folder has; counted from 1. `None`: all are taken.
pub async fn first_free(db: &mut PgConnection, folder: ItemId, keys: &[String]) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        r#"SELECT n.place AS "place!" FROM unnest($2::text[]) WITH ORDINALITY AS n (key, place)
        WHERE NOT EXISTS (SELECT FROM items i WHERE i.parent_id = $1 AND i.name_key = n.key AND i.deleted_at IS NULL)
        ORDER BY n.place LIMIT 1"#,
        folder.0,
        keys,
    )
    .fetch_optional(db)
    .await
}

/// Which of a folder's items are wanted.
#[derive(Clone, Debug, Default)]
pub struct Among {
    /// Only folders or only files.
    pub kind: Option<Kind>,
    /// Only the one of exactly this name, case included.
    pub name: Option<String>,
    /// Only those of exactly this title, case included.
    pub title: Option<String>,
    /// Only files of one of these media types, and folders, which have none; where none is known, it is
    /// `application/octet-stream`.
    pub media_types: Option<Vec<String>>,
    /// Folders before files.
    pub folders_first: bool,
    /// Categories whose files do not exist for the caller.
    pub hidden: Vec<CategoryId>,
    /// Whether private files do not exist for the caller.
    pub no_private: bool,
    /// Who asks: of files that were never checked in only their own exist for them.
    pub caller: Option<PrincipalId>,
    /// Folders that lie elsewhere and show here all the same, save those that lie below another of them.
    pub guests: Vec<ItemId>,
}

/// The items of a folder. The order is stable while paging.
pub async fn children(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    folder: ItemId,
    among: &Among,
    window: Window,
) -> sqlx::Result<Vec<ItemRow>> {
    items!(
        r#"WITH page AS MATERIALIZED (
            SELECT i.id, count(*) OVER () AS total, row_number() OVER (
                ORDER BY CASE WHEN $7::boolean AND i.kind = 'file' THEN 1 ELSE 0 END,
                    CASE WHEN $8::text = 'name' OR ($8 = 'title' AND i.kind = 'folder') THEN i.name_key
                        WHEN $8 = 'title' THEN lower(i.title) END,
                    CASE WHEN $8 = 'name_desc' THEN i.name_key END DESC,
                    CASE WHEN $8 = 'created' THEN i.created_at WHEN $8 = 'modified' THEN i.modified_at END,
                    CASE WHEN $8 = 'created_desc' THEN i.created_at WHEN $8 = 'modified_desc' THEN i.modified_at END DESC,
                    CASE WHEN $8 = 'size' THEN s.size WHEN $8 = 'file_number' THEN i.file_number END,
                    CASE WHEN $8 = 'size_desc' THEN s.size END DESC,
                    i.id) AS place
            FROM items i
            LEFT JOIN LATERAL (SELECT CASE WHEN $8 IN ('size', 'size_desc')
                THEN coalesce((SELECT t.size FROM editions e JOIN contents t ON t.sha256 = e.sha256 WHERE e.id = i.edition_id), 0)
                END AS size) s ON true
            WHERE (i.parent_id = $3::uuid OR (i.id = ANY ($11::uuid[]) AND i.kind = 'folder' AND i.id <> $3
                    AND NOT i.ancestors && ($11::uuid[] || $3::uuid)))
                AND i.deleted_at IS NULL
                AND ($4::text IS NULL OR i.kind = $4)
                AND ($5::text IS NULL OR i.name = $5)
                AND NOT i.category_id = ANY ($6::uuid[])
                AND NOT ($2::boolean AND EXISTS (SELECT FROM editions p WHERE p.id = i.edition_id AND p.private))
                AND ($12::text IS NULL OR i.title = $12)
                AND (i.unpublished_by IS NULL OR i.unpublished_by = $13::uuid)
                AND ($14::text[] IS NULL OR i.kind = 'folder' OR EXISTS (SELECT FROM editions e WHERE e.id = i.edition_id
                    AND coalesce(e.media_type, 'application/octet-stream') = ANY ($14)))
            ORDER BY place LIMIT $9 OFFSET $10
        )"#,
        "page.total",
        "JOIN page ON page.id = i.id ORDER BY page.place",
        now,
        among.no_private,
        folder.0,
        among.kind as Option<Kind>,
        among.name.as_deref(),
        &among.hidden as &Vec<CategoryId>,
        among.folders_first,
        order_word(window.order),
        window.limit,
        window.offset,
        &among.guests as &Vec<ItemId>,
        among.title.as_deref(),
        among.caller.map(|caller| caller.0),
        among.media_types.as_ref() as Option<&Vec<String>>,
    )
    .fetch_all(db)
    .await
}

/// What the newest editions of all files below each of these folders come to, in bytes; with or without private files.
pub async fn sizes_below(
    db: &mut PgConnection,
    folders: &[ItemId],
    no_private: bool,
) -> sqlx::Result<Vec<(ItemId, i64)>> {
    let rows = sqlx::query!(
        r#"SELECT f.id AS "folder!: ItemId", coalesce(sum(t.size), 0)::bigint AS "size!"
        FROM unnest($1::uuid[]) AS f (id)
        LEFT JOIN items i ON i.ancestors @> ARRAY[f.id] AND i.kind = 'file' AND i.deleted_at IS NULL AND i.unpublished_by IS NULL
        LEFT JOIN editions e ON e.id = i.edition_id AND NOT ($2::boolean AND e.private)
        LEFT JOIN contents t ON t.sha256 = e.sha256
        GROUP BY f.id"#,
        folders as &[ItemId],
        no_private,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.folder, row.size)).collect())
}

/// How many files and how many folders lie in each of these folders of one library, as far as `among` does not hide them; a
/// folder that holds nothing is left out.
pub async fn counts_in(
    db: &mut PgConnection,
    folders: &[ItemId],
    among: &Among,
) -> sqlx::Result<Vec<(ItemId, (i64, i64))>> {
    let rows = sqlx::query!(
        r#"SELECT i.parent_id AS "folder!: ItemId", count(*) FILTER (WHERE i.kind = 'file') AS "files!",
            count(*) FILTER (WHERE i.kind = 'folder') AS "folders!"
        FROM items i
        WHERE i.parent_id = ANY ($1::uuid[]) AND i.deleted_at IS NULL AND NOT i.category_id = ANY ($2::uuid[])
            AND NOT ($3::boolean AND EXISTS (SELECT FROM editions p WHERE p.id = i.edition_id AND p.private))
            AND (i.unpublished_by IS NULL OR i.unpublished_by = $4::uuid)
        GROUP BY i.parent_id"#,
        folders as &[ItemId],
        &among.hidden as &Vec<CategoryId>,
        among.no_private,
        among.caller.map(|caller| caller.0),
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.folder, (row.files, row.folders))).collect())
}

/// What a search for files looks at; a pattern is `LIKE`'s, already escaped.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of Arena's search, spec/arena.md 8.1")]
pub struct FileQuery {
    pub title: Option<String>,
    pub number: Option<String>,
    pub name: Option<String>,
    pub format: Option<String>,
    pub any: Option<String>,
    pub categories: Option<Vec<CategoryId>>,
    /// Categories whose files do not exist for the caller.
    pub hidden: Vec<CategoryId>,
    /// Whether private files do not exist for the caller.
    pub no_private: bool,
    /// Who asks: of files that were never checked in only their own exist for them.
    pub caller: Option<PrincipalId>,
    /// Folders and files the caller was given a role on; `None`: the whole library.
    pub below: Option<Vec<ItemId>>,
}

/// The files of a library that fit, by file number.
pub async fn files(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    library: LibraryId,
    query: &FileQuery,
    limit: i64,
    offset: i64,
) -> sqlx::Result<Vec<ItemRow>> {
    items!(
        r#"WITH page AS MATERIALIZED (
            SELECT i.id FROM items i LEFT JOIN editions e ON e.id = i.edition_id
            WHERE i.library_id = $3 AND i.kind = 'file' AND i.deleted_at IS NULL
                AND ($4::text IS NULL OR lower(e.title) LIKE lower($4))
                AND ($5::text IS NULL OR 'file-' || lpad(i.file_number::text, greatest(6, length(i.file_number::text)), '0') LIKE lower($5))
                AND ($6::text IS NULL OR lower(e.file_name) LIKE lower($6))
                AND ($7::text IS NULL OR lower(e.format) LIKE lower($7))
                AND ($8::text IS NULL OR lower(e.title) LIKE lower($8) OR lower(e.file_name) LIKE lower($8)
                    OR 'file-' || lpad(i.file_number::text, greatest(6, length(i.file_number::text)), '0') LIKE lower($8))
                AND ($9::uuid[] IS NULL OR i.category_id = ANY ($9))
                AND NOT i.category_id = ANY ($10::uuid[])
                AND NOT ($2::boolean AND coalesce(e.private, false))
                AND ($11::uuid[] IS NULL OR i.id = ANY ($11) OR i.ancestors && $11)
                AND (i.unpublished_by IS NULL OR i.unpublished_by = $14::uuid)
            ORDER BY i.file_number
            LIMIT $12 OFFSET $13
        )"#,
        "0::bigint",
        "JOIN page ON page.id = i.id ORDER BY i.file_number",
        now,
        query.no_private,
        library.0,
        query.title.as_deref(),
        query.number.as_deref(),
        query.name.as_deref(),
        query.format.as_deref(),
        query.any.as_deref(),
        query.categories.as_ref() as Option<&Vec<CategoryId>>,
        &query.hidden as &Vec<CategoryId>,
        query.below.as_ref() as Option<&Vec<ItemId>>,
        limit,
        offset,
        query.caller.map(|caller| caller.0),
    )
    .fetch_all(db)
    .await
}

/// The items with these ids of Oracle's, in no order.
pub async fn by_oracle_ids(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    ids: &[String],
    no_private: bool,
) -> sqlx::Result<Vec<ItemRow>> {
    items!("", "0::bigint", "WHERE i.oracle_id = ANY ($3::text[]) AND i.deleted_at IS NULL", now, no_private, ids)
        .fetch_all(db)
        .await
}

/// The files of a revision of a part, in no order.
pub async fn of_revision(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    revision: RevisionId,
) -> sqlx::Result<Vec<ItemRow>> {
    items!(
        "",
        "0::bigint",
        "WHERE i.id IN (SELECT p.file_id FROM part_files p WHERE p.revision_id = $3) AND i.deleted_at IS NULL",
        now,
        false,
        revision.0,
    )
    .fetch_all(db)
    .await
}

/// These items as they lie in the trash, in no order.
pub async fn in_trash(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    items: &[ItemId],
) -> sqlx::Result<Vec<ItemRow>> {
    items!("", "0::bigint", "WHERE i.id = ANY ($3::uuid[]) AND i.trash_id IS NOT NULL", now, false, items as &[ItemId])
        .fetch_all(db)
        .await
}

/// Every file whose lock is held, for the list of locks; oldest first.
pub async fn held(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    holder: Option<PrincipalId>,
) -> sqlx::Result<Vec<ItemRow>> {
    items!(
        "",
        "0::bigint",
        r#"WHERE i.deleted_at IS NULL AND k.holder_id IS NOT NULL
            AND (k.expires_at IS NULL OR k.expires_at > coalesce($1::timestamptz, now()))
            AND ($3::uuid IS NULL OR k.holder_id = $3)
        ORDER BY k.taken_at, i.id"#,
        now,
        false,
        holder.map(|holder| holder.0),
    )
    .fetch_all(db)
    .await
}

/// Every folder whose own lock is held, for the list of locks; oldest first.
pub async fn held_folders(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    holder: Option<PrincipalId>,
) -> sqlx::Result<Vec<ItemRow>> {
    items!(
        "",
        "0::bigint",
        r#"JOIN folder_locks f ON f.folder_id = i.id
        WHERE i.deleted_at IS NULL AND f.holder_id IS NOT NULL
            AND (f.expires_at IS NULL OR f.expires_at > coalesce($1::timestamptz, now()))
            AND ($3::uuid IS NULL OR f.holder_id = $3)
        ORDER BY f.taken_at, i.id"#,
        now,
        false,
        holder.map(|holder| holder.0),
    )
    .fetch_all(db)
    .await
}

/// Files whose check-out through a room has lapsed without anything saying so, the oldest lapses first, after the one of this
/// moment and file; so many at most.
pub async fn lapsed(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    room: Dialect,
    after: Option<(DateTime<Utc>, ItemId)>,
    limit: i64,
) -> sqlx::Result<Vec<ItemRow>> {
    items!(
        "",
        "0::bigint",
        r#"WHERE i.deleted_at IS NULL AND k.expires_at <= coalesce($1::timestamptz, now()) AND k.lapse_fence < k.fence
            AND k.dialect = $3::text AND ($5::timestamptz IS NULL OR (k.expires_at, i.id) > ($5, $6::uuid))
        ORDER BY k.expires_at, i.id LIMIT $4"#,
        now,
        false,
        room as Dialect,
        limit,
        after.map(|(lapsed_at, _)| lapsed_at),
        after.map(|(_, file)| file.0),
    )
    .fetch_all(db)
    .await
}

/// Something at or below a folder that somebody else holds, if there is something: what forbids deleting or moving the folder.
/// A file or a folder below it, or, where an inheritable lock of somebody else's counts for what it holds, the folder that is
/// locked. Also a file whose check-out through the room `settles` has lapsed, be it the caller's, while nothing says of that.
pub async fn held_below(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    folder: ItemId,
    caller: Option<PrincipalId>,
    settles: Option<Dialect>,
) -> sqlx::Result<Option<ItemRow>> {
    items!(
        r#"WITH blocking AS (
            SELECT k.file_id AS id, k.taken_at,
                CASE WHEN k.expires_at <= coalesce($1::timestamptz, now())
                    THEN k.dialect = $5::text AND k.lapse_fence < k.fence
                    ELSE k.holder_id IS DISTINCT FROM $4::uuid END AS blocks
            FROM items f JOIN locks k ON k.file_id = f.id
            WHERE f.ancestors @> ARRAY[$3::uuid] AND f.deleted_at IS NULL AND k.holder_id IS NOT NULL
            UNION ALL
            SELECT g.folder_id, g.taken_at, g.holder_id IS DISTINCT FROM $4
                AND (g.expires_at IS NULL OR g.expires_at > coalesce($1, now()))
            FROM folder_locks g JOIN items f ON f.id = g.folder_id
            WHERE f.ancestors @> ARRAY[$3] AND f.deleted_at IS NULL AND g.holder_id IS NOT NULL
            UNION ALL
            -- of those that count for what it holds, the nearest
            (SELECT g.folder_id, g.taken_at, g.holder_id IS DISTINCT FROM $4
            FROM items f JOIN folder_locks g ON g.folder_id = ANY (f.ancestors || f.id)
            WHERE f.id = $3 AND g.inheritable AND g.holder_id IS NOT NULL
                AND (g.expires_at IS NULL OR g.expires_at > coalesce($1, now()))
            ORDER BY array_position(f.ancestors || f.id, g.folder_id) DESC LIMIT 1)
        )"#,
        "0::bigint",
        r#"WHERE i.deleted_at IS NULL
            AND i.id = (SELECT b.id FROM blocking b WHERE b.blocks ORDER BY b.taken_at, b.id LIMIT 1)"#,
        now,
        false,
        folder.0,
        caller.map(|caller| caller.0),
        settles as Option<Dialect>,
    )
    .fetch_optional(db)
    .await
}

fn order_word(order: Order) -> &'static str {
    match order {
        Order::Name => "name",
        Order::NameDescending => "name_desc",
        Order::Title => "title",
        Order::Created => "created",
        Order::CreatedDescending => "created_desc",
        Order::Modified => "modified",
        Order::ModifiedDescending => "modified_desc",
        Order::Size => "size",
        Order::SizeDescending => "size_desc",
        Order::FileNumber => "file_number",
    }
}
