//! Publications that come at the same moment, of as many files, by one statement. What each of them does is said by
//! [`editions::publish`](super::editions::publish), and kinds of publications that are not here are written by that alone.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    Act,
    contents::NewContent,
    editions::{Binding, Life, NewEdition},
    feed::Places,
};
use crate::domain::{actor::Dialect, content::Place, edition::Storage, event::Verb, id::LibraryId, permission::Permit};

/// A publication, to be written together with those of other files.
#[derive(Clone, Debug)]
pub struct Publishing {
    /// Who may, and on which file.
    pub permit: Permit,
    /// The file's library.
    pub library: LibraryId,
    /// What the trail calls it.
    pub verb: Verb,
    /// The edition.
    pub edition: NewEdition,
    /// Its bytes, if they are new.
    pub content: Option<NewContent>,
    /// What it is bound to.
    pub binding: Binding,
    /// What the trail says of it.
    pub act: Act,
}

impl Publishing {
    /// Whether the statement can write it: an edition whose bytes are here, in a row of their own if they are new, of a file that
    /// keeps its name, and not after a lapse. What no column can hold would let all others be tried again alone.
    pub fn goes_together(&self) -> bool {
        let Self { edition, content, binding, .. } = self;
        edition.storage == Storage::File
            && edition.location.is_none()
            && edition.content.is_some()
            && edition.item_name.is_none()
            && content.as_ref().is_none_or(|content| matches!(content.0.place, Place::Inline(_)))
            && !matches!(binding.life, Life::Lapsed(_))
            && !texts(edition).any(super::has_nul)
    }
}

/// All that is said of an edition.
fn texts(edition: &NewEdition) -> impl Iterator<Item = &str> {
    let said = [&edition.label, &edition.title, &edition.description, &edition.comment, &edition.author_name];
    let perhaps = [&edition.file_name, &edition.format, &edition.media_type];
    said.into_iter().map(String::as_str).chain(perhaps.into_iter().filter_map(Option::as_deref))
}

/// What became of a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was written.
    Done(Stands),
    /// Nothing was: the file has changed since it was looked at, or the lock is not what it must be.
    Not,
    /// Nothing was: somebody else is changing the file at this moment.
    Busy,
}

/// How a file stands when an edition has been published, besides what was said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stands {
    /// The moment that counts for all that was written.
    pub at: DateTime<Utc>,
    /// The number of the edition.
    pub number: i64,
    /// The revision of the item.
    pub revision: i64,
    /// How often the folders of its library had been changed.
    pub tree: i64,
}

/// Publishes editions that [go together](Publishing::goes_together), perhaps releasing the locks with them, and notes each;
/// no file twice. Answers in the order of what was asked.
///
/// One statement, so one commit, for all of them. Files that somebody else is changing are passed over and not waited for. Bytes
/// are written in the order of their digests: whoever writes some of the same at the same moment waits and goes on. What is noted
/// gets its place in the feed as what happens to locks does.
pub async fn publish_together(db: &mut PgConnection, publishing: &[Publishing]) -> sqlx::Result<Vec<Answer>> {
    match publish_all(db, publishing, Places::AtOnce).await {
        Err(error) if super::is_impatient(&error) => publish_all(db, publishing, Places::Later).await,
        done => done,
    }
}

#[expect(clippy::too_many_lines, reason = "one statement")]
async fn publish_all(db: &mut PgConnection, publishing: &[Publishing], places: Places) -> sqlx::Result<Vec<Answer>> {
    let columns = Columns::of(publishing);
    let rows = sqlx::query_as!(
        AnswerRow,
        r#"WITH asked AS MATERIALIZED (
            SELECT a.*, coalesce(a.at, now()) AS moment
            FROM unnest($1::int4[], $2::uuid[], $3::timestamptz[], $4::bigint[], $5::boolean[], $6::boolean[], $7::bytea[], $8::uuid[],
                $9::int4[], $10::int4[], $11::int4[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
                $18::boolean[], $19::text[], $20::text[], $21::uuid[], $22::text[], $23::uuid[], $24::timestamptz[],
                $25::timestamptz[], $26::uuid[], $27::text[], $28::text[], $29::uuid[], $30::uuid[], $31::uuid[])
                AS a (place, file_id, at, seen, releases, alive, sha256, edition_id, ordinal, major, minor, label, arena_guid,
                    file_name, title, description, format, private, media_type, comment, author_id, author_name, category_id,
                    client_created_at, client_modified_at, actor_id, room, verb, library_id, request_id, holder_id)
        ), old AS MATERIALIZED (
            -- as where locks are taken: what was asked goes along
            SELECT a.*, k.revision, k.lapse_fence, k.fence, i.library_id AS lies_in, i.category_id AS was_category_id,
                i.edition_id AS was_edition_id, i.unpublished_by AS was_unpublished_by,
                k.revision = a.seen AND k.closed_at IS NULL
                    AND (NOT (a.releases OR a.alive) OR k.expires_at IS NULL OR k.expires_at > a.moment) AS fits
            FROM asked a JOIN locks k ON k.file_id = a.file_id
            JOIN items i ON i.id = k.file_id
            FOR NO KEY UPDATE OF k, i SKIP LOCKED
        ), guard AS (
            UPDATE locks k SET revision = k.revision + 1,
                holder_id = CASE WHEN old.releases THEN NULL ELSE k.holder_id END,
                mode = CASE WHEN old.releases THEN NULL ELSE k.mode END,
                dialect = CASE WHEN old.releases THEN NULL ELSE k.dialect END,
                taken_at = CASE WHEN old.releases THEN NULL ELSE k.taken_at END,
                expires_at = CASE WHEN old.releases THEN NULL ELSE k.expires_at END,
                lock_uuid = CASE WHEN old.releases THEN NULL ELSE k.lock_uuid END,
                number = CASE WHEN old.releases THEN NULL ELSE k.number END,
                draft_number = CASE WHEN old.releases THEN NULL ELSE k.draft_number END,
                owner_text = CASE WHEN old.releases THEN NULL ELSE k.owner_text END,
                comment = CASE WHEN old.releases THEN NULL ELSE k.comment END
            FROM old WHERE k.file_id = old.file_id AND k.revision = old.revision AND k.lapse_fence = old.lapse_fence AND old.fits
            RETURNING old.*
        ), stored AS (
            INSERT INTO contents (sha256, size, quick_xor, inline, touched_at)
            SELECT DISTINCT ON (b.sha256) b.sha256, b.size, b.quick_xor, b.inline, coalesce(b.at, now())
            FROM unnest($32::bytea[], $33::bigint[], $34::bytea[], $35::bytea[], $36::timestamptz[])
                AS b (sha256, size, quick_xor, inline, at)
            WHERE b.sha256 IN (SELECT guard.sha256 FROM guard)
            ORDER BY b.sha256
            ON CONFLICT (sha256) DO UPDATE SET touched_at = excluded.touched_at
            RETURNING sha256
        ), published AS (
            INSERT INTO editions (id, file_id, ordinal, major, minor, label, arena_guid, file_name, title, description,
                format, private, storage, media_type, sha256, comment, author_id, author_name, created_at, modified_at)
            SELECT edition_id, file_id, ordinal, major, minor, label, arena_guid, file_name, title, description, format, private,
                'file', media_type, sha256, comment, author_id, author_name, moment, moment
            FROM guard
            RETURNING id, number
        ), file AS (
            UPDATE items i SET edition_id = guard.edition_id, ordinal = guard.ordinal, major = guard.major, minor = guard.minor,
                title = guard.title, description = guard.description,
                unpublished_by = CASE WHEN guard.releases THEN NULL ELSE i.unpublished_by END,
                client_created_at = coalesce(guard.client_created_at, i.client_created_at),
                client_modified_at = coalesce(guard.client_modified_at, i.client_modified_at),
                category_id = guard.category_id, modified_by = guard.author_id, modified_at = guard.moment, revision = i.revision + 1
            FROM guard WHERE i.id = guard.file_id
            RETURNING guard.place, i.revision
        ), dropped AS (
            DELETE FROM drafts d USING guard
            WHERE guard.releases AND d.file_id = guard.file_id AND d.fence = guard.fence AND d.holder_id = guard.actor_id
        ), rescued AS (
            -- somebody else's, whose lock an administrator checked in
            UPDATE drafts d SET rescued_at = guard.moment FROM guard
            WHERE guard.releases AND d.file_id = guard.file_id AND d.fence = guard.fence
                AND d.holder_id IS DISTINCT FROM guard.actor_id
        ), numbered AS (
            -- as where locks are taken; and not before the bytes are written, which may be waited for
            UPDATE feed SET last = last + cardinality($1)
            WHERE $37::boolean AND (SELECT count(*) FROM guard) > 0 AND (SELECT count(*) FROM stored) >= 0
                AND NOT EXISTS (SELECT FROM events WHERE position IS NULL)
            RETURNING last - cardinality($1) AS before
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, edition_id, fence, holder_id,
                comment, request_id, from_category_id, from_private, from_unpublished_by, position)
            SELECT guard.moment, guard.actor_id, guard.room, guard.verb, 'done', guard.library_id, guard.file_id, guard.edition_id,
                guard.fence, guard.holder_id, guard.comment, guard.request_id,
                CASE WHEN e.id IS NOT NULL THEN guard.was_category_id END, e.private,
                CASE WHEN e.id IS NOT NULL THEN guard.was_unpublished_by END,
                numbered.before + 1 + guard.place
            FROM guard LEFT JOIN editions e ON e.id = guard.was_edition_id
                    AND (guard.was_category_id <> guard.category_id OR e.private <> guard.private)
                LEFT JOIN numbered ON true
        )
        SELECT old.place IS NOT NULL AND (NOT old.fits OR file.place IS NOT NULL) AS "reached!",
            file.place IS NOT NULL AS "done!", a.moment AS "at!",
            published.number AS "number?", file.revision AS "revision?",
            (SELECT n.changes FROM trees n WHERE n.library_id = old.lies_in) AS "tree?"
        FROM asked a LEFT JOIN old ON old.place = a.place LEFT JOIN file ON file.place = a.place
            LEFT JOIN published ON published.id = a.edition_id
        ORDER BY a.place"#,
        &columns.places,
        &columns.files,
        &columns.moments as &[Option<DateTime<Utc>>],
        &columns.revisions,
        &columns.releases,
        &columns.alive,
        &columns.sha256 as &[&[u8]],
        &columns.editions,
        &columns.ordinals,
        &columns.majors,
        &columns.minors,
        &columns.labels as &[&str],
        &columns.arena_guids as &[&str],
        &columns.file_names as &[Option<&str>],
        &columns.titles as &[&str],
        &columns.descriptions as &[&str],
        &columns.formats as &[Option<&str>],
        &columns.private,
        &columns.media_types as &[Option<&str>],
        &columns.comments as &[&str],
        &columns.authors,
        &columns.author_names as &[&str],
        &columns.categories,
        &columns.client_created as &[Option<DateTime<Utc>>],
        &columns.client_modified as &[Option<DateTime<Utc>>],
        &columns.actors as &[Option<Uuid>],
        &columns.rooms as &[Dialect],
        &columns.verbs as &[Verb],
        &columns.libraries,
        &columns.requests as &[Option<Uuid>],
        &columns.holders as &[Option<Uuid>],
        &columns.brought.sha256 as &[&[u8]],
        &columns.brought.sizes,
        &columns.brought.quick_xor as &[&[u8]],
        &columns.brought.inline as &[&[u8]],
        &columns.brought.moments as &[Option<DateTime<Utc>>],
        places == Places::AtOnce,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Answer::from).collect())
}

/// What the statement answers for each publication.
struct AnswerRow {
    reached: bool,
    done: bool,
    at: DateTime<Utc>,
    number: Option<i64>,
    revision: Option<i64>,
    tree: Option<i64>,
}

impl From<AnswerRow> for Answer {
    fn from(row: AnswerRow) -> Self {
        match (row.number, row.revision, row.tree) {
            (Some(number), Some(revision), Some(tree)) if row.done => {
                Answer::Done(Stands { at: row.at, number, revision, tree })
            }
            _ if row.reached => Answer::Not,
            _ => Answer::Busy,
        }
    }
}

/// The columns of several publications, as the statement takes them.
#[derive(Default)]
struct Columns<'a> {
    places: Vec<i32>,
    files: Vec<Uuid>,
    moments: Vec<Option<DateTime<Utc>>>,
    revisions: Vec<i64>,
    releases: Vec<bool>,
    alive: Vec<bool>,
    sha256: Vec<&'a [u8]>,
    editions: Vec<Uuid>,
    ordinals: Vec<i32>,
    majors: Vec<i32>,
    minors: Vec<i32>,
    labels: Vec<&'a str>,
    arena_guids: Vec<&'a str>,
    file_names: Vec<Option<&'a str>>,
    titles: Vec<&'a str>,
    descriptions: Vec<&'a str>,
    formats: Vec<Option<&'a str>>,
    private: Vec<bool>,
    media_types: Vec<Option<&'a str>>,
    comments: Vec<&'a str>,
    authors: Vec<Uuid>,
    author_names: Vec<&'a str>,
    categories: Vec<Uuid>,
    client_created: Vec<Option<DateTime<Utc>>>,
    client_modified: Vec<Option<DateTime<Utc>>>,
    actors: Vec<Option<Uuid>>,
    rooms: Vec<Dialect>,
    verbs: Vec<Verb>,
    libraries: Vec<Uuid>,
    requests: Vec<Option<Uuid>>,
    holders: Vec<Option<Uuid>>,
    brought: Brought<'a>,
}

/// The columns of the bytes that are new.
#[derive(Default)]
struct Brought<'a> {
    sha256: Vec<&'a [u8]>,
    sizes: Vec<i64>,
    quick_xor: Vec<&'a [u8]>,
    inline: Vec<&'a [u8]>,
    moments: Vec<Option<DateTime<Utc>>>,
}

impl<'a> Columns<'a> {
    fn of(publishing: &'a [Publishing]) -> Self {
        let mut columns = Self::default();
        for (place, one) in (0..).zip(publishing) {
            columns.add(place, one);
        }
        columns
    }

    fn add(&mut self, place: i32, publishing: &'a Publishing) {
        let Publishing { permit, library, verb, edition, content, binding, act } = publishing;
        let sha256: &[u8] = match &edition.content {
            Some(content) => &content.sha256.0,
            None => &[],
        };
        self.places.push(place);
        self.files.push(permit.item().0);
        self.moments.push(act.now);
        self.revisions.push(binding.revision);
        self.releases.push(binding.release);
        self.alive.push(binding.life == Life::Alive);
        self.sha256.push(sha256);
        self.editions.push(edition.id.0);
        self.ordinals.push(edition.ordinal);
        self.majors.push(edition.version.major);
        self.minors.push(edition.version.minor);
        self.labels.push(&edition.label);
        self.arena_guids.push(&edition.arena_guid);
        self.file_names.push(edition.file_name.as_deref());
        self.titles.push(&edition.title);
        self.descriptions.push(&edition.description);
        self.formats.push(edition.format.as_deref());
        self.private.push(edition.private);
        self.media_types.push(edition.media_type.as_deref());
        self.comments.push(&edition.comment);
        self.authors.push(edition.author.0);
        self.author_names.push(&edition.author_name);
        self.categories.push(edition.category.0);
        self.client_created.push(edition.client_times.created);
        self.client_modified.push(edition.client_times.modified);
        self.actors.push(act.actor.map(|actor| actor.0));
        self.rooms.push(act.dialect);
        self.verbs.push(*verb);
        self.libraries.push(library.0);
        self.requests.push(act.request);
        self.holders.push(binding.holder.map(|holder| holder.0));
        if let Some(content) = content {
            self.brought.add(content, act.now);
        }
    }
}

impl<'a> Brought<'a> {
    fn add(&mut self, content: &'a NewContent, now: Option<DateTime<Utc>>) {
        let columns = content.columns();
        let Some(inline) = columns.inline else { return };
        self.sha256.push(&content.0.sha256.0);
        self.sizes.push(columns.size);
        self.quick_xor.push(columns.quick_xor);
        self.inline.push(inline);
        self.moments.push(now);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        domain::{
            content::{BlobKey, Content, QuickXor, Sha256},
            edition::ContentInfo,
            id::{CategoryId, EditionId, ItemId, PrincipalId},
            item::ClientTimes,
            name::ItemName,
            permission::Action,
            version::Version,
        },
        store::locks::Patience,
    };

    const SHA256: Sha256 = Sha256([1; 32]);
    const QUICK_XOR: QuickXor = QuickXor([2; 20]);

    #[expect(clippy::unnecessary_wraps, reason = "as a publication has it")]
    fn content(place: Place) -> Option<NewContent> {
        Some(NewContent(Content { sha256: SHA256, quick_xor: QUICK_XOR, size: 5, place }))
    }

    fn publishing() -> Publishing {
        let by = PrincipalId::fresh();
        let edition = NewEdition {
            id: EditionId::fresh(),
            arena_guid: "GUID".to_owned(),
            ordinal: 2,
            version: Version { major: 1, minor: 1 },
            label: "2".to_owned(),
            file_name: Some("plan.txt".to_owned()),
            title: "plan.txt".to_owned(),
            description: String::new(),
            format: None,
            private: false,
            storage: Storage::File,
            location: None,
            media_type: Some("text/plain".to_owned()),
            content: Some(ContentInfo { sha256: SHA256, quick_xor: QUICK_XOR, size: 5 }),
            comment: String::new(),
            author: by,
            author_name: "Ann".to_owned(),
            category: CategoryId::fresh(),
            item_name: None,
            client_times: ClientTimes::default(),
        };
        Publishing {
            permit: Permit::of_operator(by, ItemId::fresh(), Action::CheckIn),
            library: LibraryId::fresh(),
            verb: Verb::CheckIn,
            edition,
            content: content(Place::Inline(Bytes::from_static(b"bytes"))),
            binding: Binding { revision: 3, release: true, life: Life::Alive, holder: None },
            act: Act { actor: Some(by), dialect: Dialect::Graph, request: None, now: None, comment: None },
        }
    }

    fn changed(change: impl Fn(&mut Publishing)) -> bool {
        let mut publishing = publishing();
        change(&mut publishing);
        publishing.goes_together()
    }

    #[test]
    fn a_new_edition_with_small_bytes_or_those_that_are_here_goes_together_with_others() {
        assert!(publishing().goes_together());
        assert!(changed(|it| it.content = None));
        assert!(changed(|it| it.binding = Binding { release: false, life: Life::Any, ..it.binding }));
    }

    #[test]
    fn what_the_statement_does_not_do_or_the_database_refuses_goes_alone() {
        assert!(!changed(|it| it.content = content(Place::Blob(BlobKey(Uuid::nil())))));
        assert!(!changed(|it| it.edition.item_name = Some(ItemName::parse("other.txt").unwrap())));
        assert!(!changed(|it| it.binding.life = Life::Lapsed(Patience::Waits)));
        assert!(!changed(|it| (it.edition.storage, it.edition.content) = (Storage::Placeholder, None)));
        assert!(!changed(|it| it.edition.location = Some("https://example.com".to_owned())));
        let nuls: [fn(&mut Publishing); 3] = [
            |it| it.edition.title.push('\0'),
            |it| it.edition.comment.push('\0'),
            |it| it.edition.format = Some("a\0b".to_owned()),
        ];
        for nul in nuls {
            assert!(!changed(nul));
        }
    }

    #[test]
    fn bytes_stand_beside_their_editions_and_only_where_they_are_new() {
        let all = [publishing(), Publishing { content: None, ..publishing() }, publishing()];
        let columns = Columns::of(&all);
        assert_eq!((columns.places, columns.sha256.len()), (vec![0, 1, 2], 3));
        assert_eq!((columns.brought.sha256.len(), columns.brought.inline), (2, vec![&b"bytes"[..]; 2]));
    }
}
