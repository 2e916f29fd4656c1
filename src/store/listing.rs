//! A folder's items by keyset: a page begins after the last entry of the one before, so that nothing is passed over or comes
//! twice when others come and go meanwhile. Lists that count their pages stand with the items.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};

use super::items::{ItemRow, items};
use crate::domain::{
    actor::Dialect,
    edition::Storage,
    id::{CategoryId, EditionId, ItemId, LibraryId, PrincipalId},
    item::{Ancestor, Kind},
    listing::{Filter, Last, Sort, SortBy, SortKey},
    lock::Mode,
};

/// What of a folder exists for whoever lists it.
#[derive(Clone, Debug)]
pub struct Sight {
    /// The folder.
    pub folder: ItemId,
    /// Categories whose files do not exist for the caller.
    pub hidden: Vec<CategoryId>,
    /// Whether private files do not exist for the caller.
    pub no_private: bool,
    /// Who asks: of files that were never checked in only their own exist for them.
    pub caller: Option<PrincipalId>,
}

/// The entries after `last`, so many at most.
pub async fn page(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    sight: &Sight,
    filter: &Filter,
    sort: Sort,
    last: Option<&Last>,
    limit: i64,
) -> sqlx::Result<Vec<ItemRow>> {
    if (sort == Sort { by: SortBy::Name, descending: false }) {
        return by_name(db, now, sight, filter, last, limit).await;
    }
    let (mut name, mut size, mut at) = (None, None, None);
    match last.map(|last| &last.key) {
        Some(SortKey::Name(key)) => name = Some(key.as_str()),
        Some(SortKey::Size(bytes)) => size = Some(*bytes),
        Some(SortKey::Modified(modified)) => at = Some(*modified),
        None => {}
    }
    let order = match sort.by {
        SortBy::Name => "name",
        SortBy::Size => "size",
        SortBy::Modified => "modified",
    };
    items!(
        r#"WITH page AS MATERIALIZED (
            SELECT i.id, row_number() OVER (
                ORDER BY CASE WHEN NOT $10::boolean THEN s.name END, CASE WHEN $10 THEN s.name END DESC,
                    CASE WHEN NOT $10 THEN s.size END, CASE WHEN $10 THEN s.size END DESC,
                    CASE WHEN NOT $10 THEN s.at END, CASE WHEN $10 THEN s.at END DESC,
                    CASE WHEN NOT $10 THEN i.id END, i.id DESC) AS place
            FROM items i
            LEFT JOIN LATERAL (SELECT
                CASE $9::text WHEN 'name' THEN i.name_key END AS name,
                CASE $9 WHEN 'size' THEN coalesce((SELECT t.size FROM editions e JOIN contents t ON t.sha256 = e.sha256
                    WHERE e.id = i.edition_id), 0) END AS size,
                CASE $9 WHEN 'modified' THEN i.modified_at END AS at) s ON true
            WHERE i.parent_id = $3::uuid AND i.deleted_at IS NULL
                AND ($4::text IS NULL OR i.kind = $4)
                AND ($5::text IS NULL OR i.name_key = $5)
                AND ($6::text IS NULL OR left(i.name_key, length($6)) = $6)
                AND NOT i.category_id = ANY ($7::uuid[])
                AND NOT ($2::boolean AND EXISTS (SELECT FROM editions p WHERE p.id = i.edition_id AND p.private))
                AND (i.unpublished_by IS NULL OR i.unpublished_by = $8::uuid)
                AND ($11::uuid IS NULL OR CASE
                    WHEN $9 = 'name' AND $10 THEN (s.name, i.id) < ($12::text, $11)
                    WHEN $9 = 'name' THEN (s.name, i.id) > ($12, $11)
                    WHEN $9 = 'size' AND $10 THEN (s.size, i.id) < ($13::bigint, $11)
                    WHEN $9 = 'size' THEN (s.size, i.id) > ($13, $11)
                    WHEN $10 THEN (s.at, i.id) < ($14::timestamptz, $11)
                    ELSE (s.at, i.id) > ($14, $11) END)
            ORDER BY place LIMIT $15
        )"#,
        "0::bigint",
        "JOIN page ON page.id = i.id ORDER BY page.place",
        now,
        sight.no_private,
        sight.folder.0,
        filter.kind as Option<Kind>,
        filter.name.as_deref(),
        filter.prefix.as_deref(),
        &sight.hidden as &Vec<CategoryId>,
        sight.caller.map(|caller| caller.0),
        order,
        sort.descending,
        last.map(|last| last.item.0),
        name,
        size,
        at,
        limit,
    )
    .fetch_all(db)
    .await
}

/// The same in the order that most ask for, which an index has: a page costs what it holds. Names are unique in a folder.
async fn by_name(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    sight: &Sight,
    filter: &Filter,
    last: Option<&Last>,
    limit: i64,
) -> sqlx::Result<Vec<ItemRow>> {
    let after = match last.map(|last| &last.key) {
        Some(SortKey::Name(key)) => key.as_str(),
        // no name is empty
        Some(SortKey::Size(_) | SortKey::Modified(_)) | None => "",
    };
    items!(
        r#"WITH page AS MATERIALIZED (
            SELECT i.id, i.name_key FROM items i
            WHERE i.parent_id = $3::uuid AND i.deleted_at IS NULL AND i.name_key > $9::text
                AND ($4::text IS NULL OR i.kind = $4)
                AND ($5::text IS NULL OR i.name_key = $5)
                AND ($6::text IS NULL OR left(i.name_key, length($6)) = $6)
                AND NOT i.category_id = ANY ($7::uuid[])
                AND NOT ($2::boolean AND EXISTS (SELECT FROM editions p WHERE p.id = i.edition_id AND p.private))
                AND (i.unpublished_by IS NULL OR i.unpublished_by = $8::uuid)
            ORDER BY i.name_key LIMIT $10
        )"#,
        "0::bigint",
        "JOIN page ON page.id = i.id ORDER BY page.name_key",
        now,
        sight.no_private,
        sight.folder.0,
        filter.kind as Option<Kind>,
        filter.name.as_deref(),
        filter.prefix.as_deref(),
        &sight.hidden as &Vec<CategoryId>,
        sight.caller.map(|caller| caller.0),
        after,
        limit,
    )
    .fetch_all(db)
    .await
}

/// How many entries there are in all.
pub async fn count(db: &mut PgConnection, sight: &Sight, filter: &Filter) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM items i
        WHERE i.parent_id = $1::uuid AND i.deleted_at IS NULL
            AND ($2::text IS NULL OR i.kind = $2)
            AND ($3::text IS NULL OR i.name_key = $3)
            AND ($4::text IS NULL OR left(i.name_key, length($4)) = $4)
            AND NOT i.category_id = ANY ($5::uuid[])
            AND NOT ($6::boolean AND EXISTS (SELECT FROM editions p WHERE p.id = i.edition_id AND p.private))
            AND (i.unpublished_by IS NULL OR i.unpublished_by = $7::uuid)"#,
        sight.folder.0,
        filter.kind as Option<Kind>,
        filter.name.as_deref(),
        filter.prefix.as_deref(),
        &sight.hidden as &Vec<CategoryId>,
        sight.no_private,
        sight.caller.map(|caller| caller.0),
    )
    .fetch_one(db)
    .await
}
