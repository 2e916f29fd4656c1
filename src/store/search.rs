//! Finding items by words and names, over many libraries at once. What a caller may see comes in as a filter; a text of
//! the caller's reaches the database's query language only as quoted words of letters and digits.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};

use super::items::{ItemRow, items};
use crate::domain::{
    actor::Dialect,
    directory::Fits,
    edition::Storage,
    id::{CategoryId, EditionId, ItemId, LibraryId, PrincipalId},
    item::{Ancestor, Kind},
    lock::Mode,
    search::{Search, SearchOrder, SearchWindow, Word},
};

/// Where a search looks, as far as the caller sees.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Libraries that are seen as a whole.
    pub libraries: Vec<LibraryId>,
    /// Folders and files that are seen with all below.
    pub roots: Vec<ItemId>,
    /// Only below this folder.
    pub below: Option<ItemId>,
    /// The caller's own root folder, which is no result.
    pub home: Option<ItemId>,
    /// Categories that do not exist for the caller in libraries that require policies.
    pub hidden_by_policy: Vec<CategoryId>,
    /// The same in all others.
    pub hidden: Vec<CategoryId>,
    /// Whether private files do not exist for the caller.
    pub no_private: bool,
    /// Who asks: of files that were never checked in only their own exist for them.
    pub caller: Option<PrincipalId>,
    /// Whether folders stand among files, and not before them.
    pub mixed: bool,
}

/// A page of what was found; folders before files, unless they are to be mixed. The order is stable while paging.
pub async fn find(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    search: &Search,
    scope: &Scope,
    window: SearchWindow,
) -> sqlx::Result<Vec<ItemRow>> {
    let queries: Vec<String> = search.words.iter().map(query).collect();
    // most words name nobody: those the index finds
    let (of_people, of_items): (Vec<String>, Vec<String>) = {
        let named = naming(db, &queries).await?;
        queries.into_iter().partition(|query| named.contains(query))
    };
    let of_items = Some(of_items.join(" & ")).filter(|query| !query.is_empty());
    let order = match window.order {
        SearchOrder::Name => "name",
        SearchOrder::Title => "title",
        SearchOrder::Size => "size",
        SearchOrder::ModifierName => "modifier",
        SearchOrder::Created => "created",
        SearchOrder::Modified => "modified",
    };
    let title_fits = search.title.as_ref().map(|title| match title.fits {
        Fits::Whole => "whole",
        Fits::Start => "start",
        Fits::Within => "within",
    });
    items!(
        r#"WITH page AS MATERIALIZED (
            SELECT i.id, count(*) OVER () AS total, row_number() OVER (
                ORDER BY CASE WHEN i.kind = 'file' AND NOT $17::boolean THEN 1 ELSE 0 END,
                    CASE WHEN NOT $14::boolean THEN s.text END, CASE WHEN $14 THEN s.text END DESC,
                    CASE WHEN NOT $14 THEN s.size END, CASE WHEN $14 THEN s.size END DESC,
                    CASE WHEN NOT $14 THEN s.at END, CASE WHEN $14 THEN s.at END DESC,
                    i.id) AS place
            FROM items i
            JOIN libraries l ON l.id = i.library_id
            JOIN principals m ON m.id = i.modified_by
            LEFT JOIN LATERAL (SELECT
                CASE $13::text WHEN 'name' THEN i.name_key WHEN 'modifier' THEN lower(m.name)
                    WHEN 'title' THEN lower(i.title) END AS text,
                CASE $13 WHEN 'modified' THEN i.modified_at WHEN 'created' THEN i.created_at END AS at,
                CASE $13 WHEN 'size' THEN coalesce((SELECT t.size FROM editions e JOIN contents t ON t.sha256 = e.sha256
                    WHERE e.id = i.edition_id), 0) END AS size) s ON true
            WHERE i.deleted_at IS NULL AND i.id IS DISTINCT FROM $3::uuid
                AND (i.library_id = ANY ($4::uuid[]) OR i.id = ANY ($5::uuid[]) OR i.ancestors && $5)
                AND ($6::uuid IS NULL OR i.ancestors @> ARRAY[$6::uuid])
                AND NOT i.category_id = ANY (CASE WHEN l.policies_required THEN $7::uuid[] ELSE $8::uuid[] END)
                AND NOT ($2::boolean AND EXISTS (SELECT FROM editions p WHERE p.id = i.edition_id AND p.private))
                AND ($9::text IS NULL OR i.words @@ to_tsquery('simple', $9))
                AND NOT EXISTS (SELECT FROM unnest($10::text[]) AS w (query)
                    WHERE NOT i.words @@ to_tsquery('simple', w.query) AND NOT EXISTS (SELECT FROM principals p
                        WHERE p.id IN (i.owner_id, i.modified_by) AND p.words @@ to_tsquery('simple', w.query)))
                AND ($11::text IS NULL OR strpos(i.name_key, $11) > 0)
                AND (i.unpublished_by IS NULL OR i.unpublished_by = $16::uuid)
                AND ($18::text IS NULL OR i.kind = $18)
                AND ($19::uuid IS NULL OR i.created_by = $19)
                AND ($20::text[] IS NULL OR EXISTS (SELECT FROM editions e WHERE e.id = i.edition_id
                    AND coalesce(e.media_type, 'application/octet-stream') = ANY ($20)))
                AND (NOT $21::boolean OR i.parent_id = $6)
                AND CASE $22::text WHEN 'whole' THEN lower(i.title) = lower($23::text)
                    WHEN 'start' THEN strpos(lower(i.title), lower($23)) = 1
                    WHEN 'within' THEN strpos(lower(i.title), lower($23)) > 0 ELSE true END
            ORDER BY place LIMIT $12 OFFSET $15
        )"#,
        "page.total",
        "JOIN page ON page.id = i.id ORDER BY page.place",
        now,
        scope.no_private,
        scope.home.map(|home| home.0),
        &scope.libraries as &Vec<LibraryId>,
        &scope.roots as &Vec<ItemId>,
        scope.below.map(|below| below.0),
        &scope.hidden_by_policy as &Vec<CategoryId>,
        &scope.hidden as &Vec<CategoryId>,
        of_items,
        &of_people,
        search.in_name.as_deref(),
        window.limit,
        order,
        window.descending,
        window.offset,
        scope.caller.map(|caller| caller.0),
        scope.mixed,
        search.kind as Option<Kind>,
        search.made_by.map(|maker| maker.0),
        search.media_types.as_ref() as Option<&Vec<String>>,
        search.directly,
        title_fits,
        search.title.as_ref().map(|title| title.text.as_str()),
    )
    .fetch_all(db)
    .await
}

/// Those of the words that are in anybody's name.
async fn naming(db: &mut PgConnection, queries: &[String]) -> sqlx::Result<Vec<String>> {
    if queries.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar!(
        r#"SELECT w.query AS "query!" FROM unnest($1::text[]) AS w (query)
        WHERE EXISTS (SELECT FROM principals p WHERE p.words @@ to_tsquery('simple', w.query))"#,
        queries,
    )
    .fetch_all(db)
    .await
}

/// A word in the database's words: its parts one after the other, each in any of its spellings.
fn query(word: &Word) -> String {
    let last = word.parts.len().saturating_sub(1);
    let part = |(place, spellings): (usize, &std::collections::BTreeSet<String>)| {
        let suffix = if word.prefix && place == last { ":*" } else { "" };
        let spellings: Vec<String> =
            spellings.iter().map(|spelling| format!("'{}'{suffix}", quoted(spelling))).collect();
        format!("({})", spellings.join(" | "))
    };
    let parts: Vec<String> = word.parts.iter().enumerate().map(part).collect();
    format!("({})", parts.join(" <-> "))
}

/// There is nothing in a word that would need it, as far as its parser goes; here it does not count on that.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "''")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_quoted_parts() {
        let queries = |text: &str| Search::of_words(text).unwrap().words.iter().map(query).collect::<Vec<_>>();
        assert_eq!(queries("Plan.t* x"), ["(('plan') <-> ('t':*))", "(('x'))"]);
        assert_eq!(queries("öl*"), ["(('ÖL':* | 'Öl':* | 'öl':*))"]);
        assert_eq!(quoted("a'b\\"), "a''b\\\\");
    }
}
