//! The feed: the trail in an order into which nothing is ever put in the middle, so that whoever has read up to a place has
//! missed nothing before it.
//!
//! Ids of the trail are drawn before their transactions commit: behind an id that was read, a lower one may still appear. So
//! places are given afterwards, to events that are committed, by one at a time, who holds the row of `feed`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};

use super::items::{ItemRow, items};
use crate::domain::{
    actor::Dialect,
    edition::Storage,
    feed::{PATH, Stretch, TreePlace},
    id::{CategoryId, EditionId, ItemId, LibraryId, PrincipalId},
    item::{Ancestor, Kind},
    lock::Mode,
};

/// How far the feed goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The highest place given.
    pub last: i64,
    /// Events up to here may be gone.
    pub first: i64,
    /// Whether something was committed that has no place yet, or a lock has lapsed that nothing says of.
    pub unsettled: bool,
}

/// When what is noted gets its place in the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Places {
    /// At once: whoever else gives places is waited for.
    AtOnce,
    /// With the rest.
    Later,
}

/// How far the feed goes at this moment.
pub async fn ends(db: &mut PgConnection, now: Option<DateTime<Utc>>) -> sqlx::Result<Ends> {
    sqlx::query_as!(
        Ends,
        r#"SELECT last, first, (EXISTS (SELECT FROM events WHERE position IS NULL)
            OR EXISTS (SELECT FROM locks WHERE expires_at <= coalesce($1::timestamptz, now()) AND lapse_fence < fence))
            AS "unsettled!"
        FROM feed"#,
        now,
    )
    .fetch_one(db)
    .await
}

/// That nothing has happened below a folder, nor to it, after a place in the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// The library.
    pub library: LibraryId,
    /// The folder.
    pub folder: ItemId,
    /// The place.
    pub since: i64,
    /// How often the folders of the library had been changed.
    pub tree: i64,
    /// When the first of the locks there ends by itself.
    pub until: Option<DateTime<Utc>>,
    /// The moment that counts; `None`: the database's own.
    pub now: Option<DateTime<Utc>>,
}

/// So many events at most are looked through to know that none matters.
const LOOKED_THROUGH: i64 = 200;

/// Whether nothing has happened in each of these, in their order: then how far the feed went. Where so much happens elsewhere that
/// it would take long to tell, something may have.
pub async fn quiet(db: &mut PgConnection, stretches: &[Quiet]) -> sqlx::Result<Vec<Option<i64>>> {
    let libraries: Vec<uuid::Uuid> = stretches.iter().map(|stretch| stretch.library.0).collect();
    let folders: Vec<uuid::Uuid> = stretches.iter().map(|stretch| stretch.folder.0).collect();
    let sinces: Vec<i64> = stretches.iter().map(|stretch| stretch.since).collect();
    let trees: Vec<i64> = stretches.iter().map(|stretch| stretch.tree).collect();
    let untils: Vec<Option<DateTime<Utc>>> = stretches.iter().map(|stretch| stretch.until).collect();
    let moments: Vec<Option<DateTime<Utc>>> = stretches.iter().map(|stretch| stretch.now).collect();
    let found = sqlx::query!(
        r#"SELECT coalesce((SELECT array_agg(a.place)
            FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
                WITH ORDINALITY AS a (library_id, folder_id, since, tree, ends, at, place)
            JOIN trees n ON n.library_id = a.library_id AND n.changes = a.tree
            WHERE (a.ends IS NULL OR a.ends > coalesce(a.at, now()))
                AND (feed.last = a.since OR (feed.last - a.since <= $7
                    AND NOT EXISTS (SELECT FROM events v LEFT JOIN items i ON i.id = v.item_id
                        WHERE v.library_id = a.library_id AND v.position > a.since AND v.position > 0
                            AND (i.id IS NULL OR i.id = a.folder_id OR a.folder_id = ANY (i.ancestors)
                                OR a.folder_id = ANY (v.from_ancestors)))
                    AND NOT EXISTS (SELECT FROM events v
                        WHERE v.from_library_id = a.library_id AND v.position > a.since AND v.position > 0)))
        ), '{}') AS "places!", feed.last AS "last!"
        FROM feed WHERE NOT EXISTS (SELECT FROM events WHERE position IS NULL)"#,
        &libraries,
        &folders,
        &sinces,
        &trees,
        &untils as &[Option<DateTime<Utc>>],
        &moments as &[Option<DateTime<Utc>>],
        LOOKED_THROUGH,
    )
    .fetch_optional(db)
    .await?;
    let mut quiet = vec![None; stretches.len()];
    if let Some(found) = found {
        for place in found.places {
            if let Some(one) = usize::try_from(place - 1).ok().and_then(|place| quiet.get_mut(place)) {
                *one = Some(found.last);
            }
        }
    }
    Ok(quiet)
}

/// Makes the caller the only one who gives places, until the transaction ends. What is committed by then is seen by the
/// statements that follow.
pub async fn hold(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("SELECT last FROM feed FOR NO KEY UPDATE").fetch_one(db).await?;
    Ok(())
}

/// Notes lapses of locks, so many at most; answers how many. A lock that somebody is about to change is left alone: either
/// they note something, or it is noted the next time. So are those of the room `settles`: what becomes of them says it.
/// Needs [`hold`].
pub async fn note_lapses(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    settles: Option<Dialect>,
    limit: i64,
) -> sqlx::Result<u64> {
    let noted = sqlx::query!(
        "WITH lapsed AS MATERIALIZED (
            SELECT file_id FROM locks WHERE expires_at <= coalesce($1::timestamptz, now()) AND lapse_fence < fence
                AND ($3::text IS NULL OR dialect IS DISTINCT FROM $3)
            ORDER BY expires_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
        ), known AS (
            UPDATE locks k SET lapse_fence = k.fence FROM lapsed WHERE k.file_id = lapsed.file_id
            RETURNING k.file_id, k.fence, k.holder_id, k.dialect, k.expires_at
        )
        INSERT INTO events (at, dialect, verb, outcome, library_id, item_id, fence, holder_id)
        SELECT known.expires_at, known.dialect, 'lapse', 'done', i.library_id, i.id, known.fence, known.holder_id
        FROM known JOIN items i ON i.id = known.file_id WHERE known.holder_id IS NOT NULL",
        now,
        limit,
        settles as Option<Dialect>,
    )
    .execute(db)
    .await?;
    Ok(noted.rows_affected())
}

/// Gives places to committed events that have none, the older ids first, so many at most; answers how many. Needs [`hold`].
pub async fn number(db: &mut PgConnection, limit: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"WITH next AS MATERIALIZED (
            SELECT id, row_number() OVER (ORDER BY id) AS place
            FROM (SELECT id FROM events WHERE position IS NULL ORDER BY id LIMIT $1) unnumbered
        ), numbered AS (
            UPDATE events e SET position = feed.last + next.place FROM next, feed WHERE e.id = next.id
            RETURNING e.id
        ), raised AS (
            UPDATE feed SET last = last + (SELECT count(*) FROM next) WHERE EXISTS (SELECT FROM next)
        )
        SELECT count(*) AS "count!" FROM numbered"#,
        limit,
    )
    .fetch_one(db)
    .await
}

/// What somebody sees below a folder: all but what is of some categories, what is private, what others have never checked in,
/// and what lies in a folder below it that is of such a category.
#[derive(Clone, Debug)]
pub struct Sight {
    /// The library.
    pub library: LibraryId,
    /// The folder.
    pub folder: ItemId,
    /// The folders above it.
    pub ancestors: Vec<ItemId>,
    /// Categories whose files and folders do not exist for the caller.
    pub hidden: Vec<CategoryId>,
    /// Whether private files do not exist for the caller.
    pub no_private: bool,
    /// Whose files that were never checked in exist.
    pub caller: Option<PrincipalId>,
}

impl Sight {
    /// The first path that begins with the folder's own, and the first one after all that do.
    fn range(&self) -> (Vec<ItemId>, Vec<ItemId>) {
        let first = TreePlace::before(&self.ancestors, self.folder).path;
        let mut end = first.clone();
        if let Some(last) = end.last_mut() {
            // no id is the highest one of all
            *last = ItemId(uuid::Uuid::from_u128(last.0.as_u128().saturating_add(1)));
        }
        (first, end)
    }

    /// In a path, the place of the first folder below this one; counted from 1.
    fn below(&self) -> i32 {
        i32::try_from(self.ancestors.len().saturating_add(2)).unwrap_or(i32::MAX)
    }
}

/// What lies below a folder after a place, parents before children. Nobody need wait for a page, be the tree ever so large:
/// it is a stretch of an index.
pub async fn below(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    sight: &Sight,
    after: &TreePlace,
    limit: i64,
) -> sqlx::Result<Vec<ItemRow>> {
    let (first, end) = sight.range();
    // the index cannot tell paths apart that differ further down
    let deep = sight.ancestors.len() >= PATH;
    items!(
        r#"WITH page AS MATERIALIZED (
            SELECT i.id FROM items i
            WHERE i.deleted_at IS NULL AND i.ancestors[1:64] >= $3::uuid[] AND i.ancestors[1:64] < $4::uuid[]
                AND (i.ancestors[1:64], cardinality(i.ancestors), i.id) > ($5::uuid[], $6::int, $7::uuid)
                AND (NOT $8::boolean OR i.ancestors @> ARRAY[$9::uuid])
                AND NOT ($2::boolean AND EXISTS (SELECT FROM editions p WHERE p.id = i.edition_id AND p.private))
                AND (cardinality($10::uuid[]) = 0 OR NOT i.category_id = ANY ($10) AND NOT EXISTS (SELECT FROM items a
                    WHERE a.id = ANY (i.ancestors[$11::int:]) AND a.category_id = ANY ($10)))
                AND (i.unpublished_by IS NULL OR i.unpublished_by = $13::uuid)
            ORDER BY i.ancestors[1:64], cardinality(i.ancestors), i.id LIMIT $12
        )"#,
        "0::bigint",
        "JOIN page ON page.id = i.id ORDER BY i.ancestors[1:64], cardinality(i.ancestors), i.id",
        now,
        sight.no_private,
        &first as &[ItemId],
        &end as &[ItemId],
        &after.path as &[ItemId],
        after.depth,
        after.item.0,
        deep,
        sight.folder.0,
        &sight.hidden as &[CategoryId],
        sight.below(),
        limit,
        sight.caller.map(|caller| caller.0),
    )
    .fetch_all(db)
    .await
}

/// An item that something was done to in a stretch of the feed, and the last place there that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the sentence above says it")]
pub struct Touched {
    pub item: ItemId,
    pub position: i64,
}

/// The items of a library, or that left it, that something was done to in what is left of a stretch, each once, by its last
/// place there; so many at most. What a holder saves counts for `caller` alone.
pub async fn touched(
    db: &mut PgConnection,
    library: LibraryId,
    caller: Option<PrincipalId>,
    stretch: &Stretch,
    limit: i64,
) -> sqlx::Result<Vec<Touched>> {
    sqlx::query_as!(
        Touched,
        r#"(SELECT v.item_id AS "item!: ItemId", v.position AS "position!" FROM events v
            WHERE v.library_id = $1 AND v.position > $3 AND v.position <= $4 AND v.position > 0 AND v.item_id IS NOT NULL
                AND v.outcome = 'done' AND v.verb NOT IN ('refresh', 'associate', 'dissociate', 'release', 'revise', 'lock_folder', 'unlock_folder', 'refresh_folder')
                AND (v.verb <> 'save_draft' OR v.actor_id = $2::uuid)
                AND NOT EXISTS (SELECT FROM events n
                    WHERE n.item_id = v.item_id AND n.position > v.position AND n.position <= $4 AND n.position > 0
                        AND (n.library_id = $1 OR n.from_library_id = $1) AND n.outcome = 'done'
                        AND n.verb NOT IN ('refresh', 'associate', 'dissociate', 'release', 'revise', 'lock_folder', 'unlock_folder', 'refresh_folder')
                        AND (n.verb <> 'save_draft' OR n.actor_id = $2))
            ORDER BY v.position LIMIT $5)
        UNION ALL
        -- what has left for another library
        (SELECT v.item_id, v.position FROM events v
            WHERE v.from_library_id = $1 AND v.position > $3 AND v.position <= $4 AND v.position > 0 AND v.item_id IS NOT NULL
                AND v.outcome = 'done' AND v.library_id <> $1
                AND NOT EXISTS (SELECT FROM events n
                    WHERE n.item_id = v.item_id AND n.position > v.position AND n.position <= $4 AND n.position > 0
                        AND (n.library_id = $1 OR n.from_library_id = $1) AND n.outcome = 'done'
                        AND n.verb NOT IN ('refresh', 'associate', 'dissociate', 'release', 'revise', 'lock_folder', 'unlock_folder', 'refresh_folder')
                        AND (n.verb <> 'save_draft' OR n.actor_id = $2))
            ORDER BY v.position LIMIT $5)
        ORDER BY 2 LIMIT $5"#,
        library.0,
        caller.map(|caller| caller.0),
        stretch.after,
        stretch.until,
        limit,
    )
    .fetch_all(db)
    .await
}

/// Those of the items that somebody sees at or below a folder, in no order.
pub async fn shown(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    sight: &Sight,
    among: &[ItemId],
) -> sqlx::Result<Vec<ItemRow>> {
    items!(
        "",
        "0::bigint",
        r#"WHERE i.id = ANY ($3::uuid[]) AND i.deleted_at IS NULL AND (i.id = $4::uuid OR i.ancestors @> ARRAY[$4])
            AND NOT ($2::boolean AND coalesce(e.private, false))
            AND (cardinality($5::uuid[]) = 0 OR i.id = $4 OR NOT i.category_id = ANY ($5) AND NOT EXISTS (SELECT FROM items a
                WHERE a.id = ANY (i.ancestors[$6::int:]) AND a.category_id = ANY ($5)))
            AND (i.unpublished_by IS NULL OR i.unpublished_by = $7::uuid)"#,
        now,
        sight.no_private,
        among as &[ItemId],
        sight.folder.0,
        &sight.hidden as &[CategoryId],
        sight.below(),
        sight.caller.map(|caller| caller.0),
    )
    .fetch_all(db)
    .await
}

/// An item that is not shown.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct GoneRow {
    pub id: ItemId,
    pub graph_id: String,
    pub kind: Kind,
    /// Of the folder it was deleted from, where that is at or below the folder looked at.
    pub parent: Option<String>,
}

/// Those of the items that are not shown, and that somebody could have seen at or below a folder before or within a stretch:
/// at the place where they were deleted, or at one they were taken away from, and as what they are or have been since. What
/// was done to a file before its first check-in was seen by its maker alone, and so was the end of one that had none. Of the
/// others not even their ids are told.
pub async fn gone(
    db: &mut PgConnection,
    sight: &Sight,
    stretch: &Stretch,
    among: &[ItemId],
) -> sqlx::Result<Vec<GoneRow>> {
    sqlx::query_as!(
        GoneRow,
        r#"WITH past AS MATERIALIZED (
            SELECT v.item_id, v.from_ancestors, v.from_category_id, v.from_private FROM events v
            WHERE v.item_id = ANY ($1) AND v.position > $5 AND v.position <= $6 AND v.position > 0 AND v.outcome = 'done'
                AND (v.from_ancestors IS NOT NULL OR v.from_category_id IS NOT NULL)
                AND (v.from_unpublished_by IS NULL OR v.from_unpublished_by = $7::uuid)
        )
        SELECT i.id AS "id!: ItemId", i.graph_id AS "graph_id!", i.kind AS "kind!: Kind",
            CASE WHEN i.deleted_at IS NOT NULL AND i.ancestors @> ARRAY[$2::uuid] THEN p.graph_id END AS "parent?"
        FROM items i LEFT JOIN editions e ON e.id = i.edition_id LEFT JOIN items p ON p.id = i.parent_id
        WHERE i.id = ANY ($1) AND (i.unpublished_by IS NULL OR i.unpublished_by = $7)
            -- its last deletion, be it before the stretch: what lies in the trash may be deleted for good much later
            AND (i.deleted_at IS NULL OR NOT EXISTS (
                SELECT FROM (SELECT d.from_unpublished_by AS maker FROM events d
                    WHERE d.item_id = i.id AND d.position > 0 AND d.verb = 'delete' AND d.outcome = 'done' AND d.edition_id IS NULL
                    ORDER BY d.position DESC LIMIT 1) deletion
                WHERE deletion.maker IS NOT NULL AND deletion.maker IS DISTINCT FROM $7))
            AND EXISTS (
                SELECT FROM (SELECT i.ancestors AS path UNION ALL SELECT past.from_ancestors FROM past
                    WHERE past.item_id = i.id AND past.from_ancestors IS NOT NULL) places
                WHERE places.path @> ARRAY[$2] AND (cardinality($3::uuid[]) = 0 OR NOT EXISTS (SELECT FROM items a
                    WHERE a.id = ANY (places.path[array_position(places.path, $2) + 1:]) AND a.category_id = ANY ($3))))
            AND EXISTS (
                SELECT FROM (SELECT i.category_id AS category, coalesce(e.private, false) AS private
                    UNION ALL SELECT coalesce(past.from_category_id, i.category_id),
                        coalesce(past.from_private, e.private, false) FROM past
                    WHERE past.item_id = i.id AND past.from_category_id IS NOT NULL) shades
                WHERE NOT shades.category = ANY ($3) AND NOT ($4::boolean AND shades.private))"#,
        among as &[ItemId],
        sight.folder.0,
        &sight.hidden as &[CategoryId],
        sight.no_private,
        stretch.from,
        stretch.until,
        sight.caller.map(|caller| caller.0),
    )
    .fetch_all(db)
    .await
}
