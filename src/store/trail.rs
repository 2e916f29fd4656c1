//! The trail's own writes and reads: refusals, which change nothing else, and what a file has been through.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::Act;
use crate::domain::{
    actor::Dialect,
    event::{Outcome, Subject, Verb},
    id::{CategoryId, EditionId, ItemId, LibraryId, PrincipalId},
    page::Period,
};

/// Notes something that changed nothing: a refusal, or an act on what was so already.
pub async fn note(db: &mut PgConnection, verb: Verb, outcome: Outcome, on: &Subject, act: &Act) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, edition_id, holder_id, comment, request_id)
        VALUES (coalesce($1::timestamptz, now()), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        act.now,
        act.actor.map(|actor| actor.0),
        act.dialect as Dialect,
        verb as Verb,
        outcome as Outcome,
        on.library.0,
        on.item.0,
        on.edition.map(|edition| edition.0),
        on.holder.map(|holder| holder.0),
        act.comment.as_deref(),
        act.request,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The way a folder was taken: the library and the folders above it before, and the folders above it now.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the sentence above says it")]
pub struct Way<'a> {
    pub from: LibraryId,
    pub before: &'a [ItemId],
    pub after: &'a [ItemId],
}

impl Way<'_> {
    fn from(&self, to: LibraryId) -> Option<uuid::Uuid> {
        (self.from != to).then_some(self.from.0)
    }
}

/// Notes an update of a folder, and where it was before, if it was elsewhere.
pub async fn note_moved(db: &mut PgConnection, on: &Subject, way: &Way<'_>, act: &Act) -> sqlx::Result<()> {
    let before = (way.before != way.after).then_some(way.before);
    sqlx::query!(
        "INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, comment, request_id, from_library_id,
            from_ancestors)
        VALUES (coalesce($1::timestamptz, now()), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        act.now,
        act.actor.map(|actor| actor.0),
        act.dialect as Dialect,
        Verb::Update as Verb,
        Outcome::Done as Outcome,
        on.library.0,
        on.item.0,
        act.comment.as_deref(),
        act.request,
        way.from(on.library),
        before as Option<&[ItemId]>,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes of all that lies below a folder, be it in the trash, that it went along with it: each in a trail of its own, so that
/// what became of an item can be told without asking what became of the folders it was ever in.
pub async fn note_carried(db: &mut PgConnection, on: &Subject, way: &Way<'_>, act: &Act) -> sqlx::Result<()> {
    if way.before == way.after {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, request_id, from_library_id,
            from_ancestors, from_unpublished_by)
        SELECT coalesce($1::timestamptz, now()), $2, $3, $4, $5, $6, i.id, $7, $8, $10::uuid[] || i.ancestors[$11::int:],
            i.unpublished_by
        FROM items i WHERE i.ancestors @> ARRAY[$9::uuid] AND i.purged_at IS NULL ORDER BY i.ancestors, i.id",
        act.now,
        act.actor.map(|actor| actor.0),
        act.dialect as Dialect,
        Verb::Carry as Verb,
        Outcome::Done as Outcome,
        on.library.0,
        act.request,
        way.from(on.library),
        on.item.0,
        way.before as &[ItemId],
        i32::try_from(way.after.len()).unwrap_or(i32::MAX).saturating_add(1),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// One entry of the trail.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Entry {
    pub at: DateTime<Utc>,
    pub actor: Option<PrincipalId>,
    pub dialect: Dialect,
    pub verb: Verb,
    pub outcome: Outcome,
    pub fence: Option<i64>,
    pub edition: Option<EditionId>,
    pub comment: Option<String>,
}

/// What happened to an item, oldest first.
pub async fn of(db: &mut PgConnection, item: ItemId) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        r#"SELECT at, actor_id AS "actor: PrincipalId", dialect AS "dialect: Dialect", verb AS "verb: Verb",
            outcome AS "outcome: Outcome", fence, edition_id AS "edition: EditionId", comment
        FROM events WHERE item_id = $1 ORDER BY position, id"#,
        item.0,
    )
    .fetch_all(db)
    .await
}

/// What was done to an item, newest first; not what concerns its working copy alone, nor what befell it without anybody's
/// doing it: a lock's lapse, a move of a folder above.
pub async fn done_to(db: &mut PgConnection, item: ItemId, limit: i64) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        r#"SELECT at, actor_id AS "actor: PrincipalId", dialect AS "dialect: Dialect", verb AS "verb: Verb",
            outcome AS "outcome: Outcome", fence, edition_id AS "edition: EditionId", comment
        FROM events WHERE item_id = $1 AND outcome = 'done' AND verb NOT IN ('save_draft', 'refresh', 'lapse', 'carry', 'refresh_folder')
        ORDER BY position DESC, id DESC LIMIT $2"#,
        item.0,
        limit,
    )
    .fetch_all(db)
    .await
}

/// A check-out, check-in, cancel or new edition that was done.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct FileAccess {
    pub at: DateTime<Utc>,
    pub actor: Option<PrincipalId>,
    pub verb: Verb,
    pub comment: Option<String>,
    /// Of the edition it was about: the one that was published, else the one that was the newest then. All of them are
    /// there, or none where that edition is gone.
    pub edition_guid: Option<String>,
    pub label: Option<String>,
    pub title: Option<String>,
    pub file_name: Option<String>,
}

/// What was done to the files of a library, newest first; not to those of the categories `hidden`. The words of the first
/// condition are those of the index.
pub async fn file_accesses(
    db: &mut PgConnection,
    library: LibraryId,
    hidden: &[CategoryId],
    period: &Period,
) -> sqlx::Result<Vec<FileAccess>> {
    sqlx::query_as!(
        FileAccess,
        r#"WITH page AS MATERIALIZED (
            SELECT v.* FROM events v
            WHERE v.library_id = $1 AND v.outcome = 'done' AND v.verb IN ('check_out', 'check_in', 'cancel', 'add_edition')
                AND v.at >= coalesce($2::timestamptz, '-infinity') AND v.at < coalesce($3::timestamptz, 'infinity')
                AND (cardinality($6::uuid[]) = 0
                    OR EXISTS (SELECT FROM items i WHERE i.id = v.item_id AND NOT i.category_id = ANY ($6)))
            ORDER BY v.at DESC, v.id DESC LIMIT $4 OFFSET $5
        )
        SELECT page.at AS "at!", page.actor_id AS "actor: PrincipalId", page.verb AS "verb!: Verb", page.comment,
            e.arena_guid AS "edition_guid?", e.label AS "label?", e.title AS "title?", e.file_name AS "file_name?"
        FROM page LEFT JOIN LATERAL (SELECT x.* FROM editions x WHERE x.id = coalesce(page.edition_id, (
            -- neither of them has its place in the feed yet
            SELECT b.edition_id FROM events b
            WHERE b.item_id = page.item_id AND b.position IS NULL AND page.position IS NULL AND b.id < page.id
                AND b.outcome = 'done' AND b.edition_id IS NOT NULL AND b.verb IN ('create', 'check_in', 'add_edition')
                AND NOT EXISTS (SELECT FROM events d WHERE d.item_id = b.item_id AND d.id < page.id
                    AND d.verb = 'delete' AND d.outcome = 'done' AND d.edition_id = b.edition_id)
            ORDER BY b.id DESC LIMIT 1), (
            SELECT b.edition_id FROM events b
            WHERE b.item_id = page.item_id AND (b.position, b.id) < (coalesce(page.position, 9223372036854775807), page.id)
                AND b.outcome = 'done' AND b.edition_id IS NOT NULL AND b.verb IN ('create', 'check_in', 'add_edition')
                AND NOT EXISTS (SELECT FROM events d WHERE d.item_id = b.item_id AND d.id < page.id
                    AND d.verb = 'delete' AND d.outcome = 'done' AND d.edition_id = b.edition_id)
            ORDER BY b.position DESC, b.id DESC LIMIT 1)) LIMIT 1) e ON true
        ORDER BY page.at DESC, page.id DESC"#,
        library.0,
        period.from,
        period.until,
        period.limit,
        period.offset,
        hidden as &[CategoryId],
    )
    .fetch_all(db)
    .await
}
