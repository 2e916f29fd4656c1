//! Parts, their revisions, and the files associated with these. What changes the files of a revision holds its row; what
//! releases it holds it alone. An association passes through the lock's row of the file, so that no file is deleted, and no
//! edition, between the look and the write.

use sqlx::PgConnection;

use super::Act;
use crate::domain::{
    actor::Dialect,
    event::Verb,
    id::{AssociationId, EditionId, ItemId, LibraryId, PartId, RevisionId},
    part::{Association, NewPart, Revision, RevisionStatus, Terms, number_key},
    permission::Permit,
};

/// Which parts are wanted. Patterns are `LIKE`'s, already escaped; case does not count.
#[derive(Clone, Debug, Default)]
pub struct PartQuery {
    /// A number: without `number` the one that is wanted, with it the one that comes first.
    pub exact: Option<String>,
    /// A pattern of the number.
    pub number: Option<String>,
    /// A pattern of the name.
    pub name: Option<String>,
    /// A pattern of the description.
    pub description: Option<String>,
}

macro_rules! revisions {
    ($tail:tt, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Revision,
            r#"SELECT r.id AS "id!: RevisionId", p.id AS "part!: PartId", p.library_id AS "library!: LibraryId",
                p.number AS "number!", p.name AS "name!", p.description AS "description!", r.label AS "label!",
                r.status AS "status!: RevisionStatus", r.arena_guid AS "arena_guid!", r.created_at AS "created_at!",
                r.effective_at AS "effective_at?", r.superseded_at AS "superseded_at?",
                (SELECT count(*) FROM part_files f WHERE f.revision_id = r.id) AS "files!"
            FROM part_revisions r JOIN parts p ON p.id = r.part_id
            "# + $tail,
            $($argument),*
        )
    };
}

macro_rules! associations {
    ($tail:tt, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Association,
            r#"SELECT t.id AS "id!: AssociationId", t.revision_id AS "revision!: RevisionId", t.file_id AS "file!: ItemId",
                t.edition_id AS "edition?: EditionId", t.is_primary AS "primary!", t.reference AS "reference!",
                t.arena_guid AS "arena_guid!"
            FROM part_files t
            "# + $tail,
            $($argument),*
        )
    };
}

/// The parts of a library that fit, by number, each in its effective revision or, where there is none, in its working one.
pub async fn search(
    db: &mut PgConnection,
    library: LibraryId,
    query: &PartQuery,
    limit: i64,
    offset: i64,
) -> sqlx::Result<Vec<Revision>> {
    revisions!(
        "WHERE p.library_id = $1
            AND (r.status = 'effective' OR (r.status = 'working'
                AND NOT EXISTS (SELECT 1 FROM part_revisions e WHERE e.part_id = p.id AND e.status = 'effective')))
            AND ($2::text IS NULL OR $3::text IS NOT NULL OR p.number_key = $2)
            AND ($3 IS NULL OR p.number_key LIKE $3)
            AND ($4::text IS NULL OR lower(p.name) LIKE lower($4))
            AND ($5::text IS NULL OR lower(p.description) LIKE lower($5))
        ORDER BY coalesce(p.number_key = $2, false) DESC, p.number_key LIMIT $6 OFFSET $7",
        library.0,
        query.exact.as_deref().map(number_key),
        query.number.as_deref().map(number_key),
        query.name.as_deref(),
        query.description.as_deref(),
        limit,
        offset,
    )
    .fetch_all(db)
    .await
}

/// The revision of a part with this GUID.
pub async fn by_guid(db: &mut PgConnection, library: LibraryId, guid: &str) -> sqlx::Result<Option<Revision>> {
    if super::has_nul(guid) {
        return Ok(None);
    }
    revisions!("WHERE r.arena_guid = $1 AND p.library_id = $2", guid, library.0).fetch_optional(db).await
}

/// All revisions of the part with this number, newest first; none: there is no such part.
pub async fn by_number(db: &mut PgConnection, library: LibraryId, number: &str) -> sqlx::Result<Vec<Revision>> {
    if super::has_nul(number) {
        return Ok(Vec::new());
    }
    revisions!("WHERE p.library_id = $1 AND p.number_key = $2 ORDER BY r.ordinal DESC", library.0, number_key(number))
        .fetch_all(db)
        .await
}

/// All revisions of a part, newest first: the working one, the effective one, the superseded ones.
pub async fn revisions(db: &mut PgConnection, part: PartId) -> sqlx::Result<Vec<Revision>> {
    revisions!("WHERE p.id = $1 ORDER BY r.ordinal DESC", part.0).fetch_all(db).await
}

/// These revisions, by number, newest first.
pub async fn some(db: &mut PgConnection, library: LibraryId, ids: &[RevisionId]) -> sqlx::Result<Vec<Revision>> {
    revisions!(
        "WHERE r.id = ANY ($1) AND p.library_id = $2 ORDER BY p.number_key, r.ordinal DESC",
        ids as &[RevisionId],
        library.0,
    )
    .fetch_all(db)
    .await
}

/// The associations of a revision, oldest first.
pub async fn associations(db: &mut PgConnection, revision: RevisionId) -> sqlx::Result<Vec<Association>> {
    associations!("WHERE t.revision_id = $1 ORDER BY t.created_at, t.id", revision.0).fetch_all(db).await
}

/// One association of a revision.
pub async fn association(db: &mut PgConnection, revision: RevisionId, guid: &str) -> sqlx::Result<Option<Association>> {
    if super::has_nul(guid) {
        return Ok(None);
    }
    associations!("WHERE t.revision_id = $1 AND t.arena_guid = $2", revision.0, guid).fetch_optional(db).await
}

/// The associations of a file that show this edition.
pub async fn showing(db: &mut PgConnection, file: ItemId, edition: EditionId) -> sqlx::Result<Vec<Association>> {
    associations!(
        "JOIN items i ON i.id = t.file_id
        WHERE t.file_id = $1 AND coalesce(t.edition_id, i.edition_id) = $2 ORDER BY t.created_at, t.id",
        file.0,
        edition.0,
    )
    .fetch_all(db)
    .await
}

/// Whether a file belongs to any revision of a part: then it is not deleted.
pub async fn has_file(db: &mut PgConnection, file: ItemId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"SELECT EXISTS (SELECT 1 FROM part_files WHERE file_id = $1) AS "has!""#, file.0)
        .fetch_one(db)
        .await
}

/// Whether any file below a folder belongs to a revision of a part. To be asked under `folders::hold_locks_below`, after
/// which no file there gets a new association.
pub async fn has_file_below(db: &mut PgConnection, folder: ItemId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM part_files t JOIN items i ON i.id = t.file_id
            WHERE i.ancestors @> ARRAY[$1::uuid] AND i.deleted_at IS NULL) AS "has!""#,
        folder.0,
    )
    .fetch_one(db)
    .await
}

/// Whether an edition is shown with any revision of a part: pinned there, or as the newest of its file. Then it is not
/// deleted. To be asked while the lock's row of the file is held.
pub async fn associates(db: &mut PgConnection, edition: EditionId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM editions e JOIN part_files t ON t.file_id = e.file_id JOIN items i ON i.id = e.file_id
            WHERE e.id = $1 AND coalesce(t.edition_id, i.edition_id) = e.id) AS "has!""#,
        edition.0,
    )
    .fetch_one(db)
    .await
}

/// The identities of a part or a revision to be made.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct NewRevision {
    pub id: RevisionId,
    pub label: String,
    pub arena_guid: String,
}

/// Makes a part with its first revision, which is worked on, and notes it. A taken number violates `parts_number_key`.
pub async fn create(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    part: (PartId, &NewPart),
    revision: &NewRevision,
    act: &Act,
) -> sqlx::Result<()> {
    let (id, part) = part;
    sqlx::query!(
        "WITH part AS (
            INSERT INTO parts (id, library_id, number, number_key, name, description, created_by, created_at)
            VALUES ($2, $3, $4, $5, $6, $7, $8, coalesce($1::timestamptz, now()))
            RETURNING id, created_at
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, part_id, comment, request_id)
            SELECT created_at, $8, $9, 'create', 'done', $3, id, $10, $11 FROM part
        )
        INSERT INTO part_revisions (id, part_id, ordinal, label, status, arena_guid, created_at)
        SELECT $12, id, 1, $13, 'working', $14, created_at FROM part",
        act.now,
        id.0,
        library.0,
        part.number.trim(),
        number_key(&part.number),
        part.name,
        part.description,
        permit.actor().map(|actor| actor.0),
        act.dialect as Dialect,
        act.comment.as_deref(),
        act.request,
        revision.id.0,
        revision.label,
        revision.arena_guid,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Changes what is said of a part, whatever its revisions; `false`: it is so already.
pub async fn describe(db: &mut PgConnection, part: PartId, name: &str, description: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE parts SET name = $2, description = $3 WHERE id = $1 AND (name <> $2 OR description <> $3)",
        part.0,
        name,
        description,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Holds a part until the transaction ends, so that its revisions change one after the other.
async fn hold(db: &mut PgConnection, part: PartId) -> sqlx::Result<()> {
    sqlx::query!("SELECT id FROM parts WHERE id = $1 FOR NO KEY UPDATE", part.0).fetch_optional(db).await?;
    Ok(())
}

/// Makes the revision that is worked on the effective one, in the transaction of the caller: its files are pinned to the
/// editions they show, these are frozen, the effective revision until now is superseded. `None`: none is worked on.
pub async fn release(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    part: PartId,
    act: &Act,
) -> sqlx::Result<Option<RevisionId>> {
    hold(db, part).await?;
    let revision = sqlx::query_scalar!(
        r#"SELECT id AS "id: RevisionId" FROM part_revisions WHERE part_id = $1 AND status = 'working' FOR UPDATE"#,
        part.0
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(revision) = revision else { return Ok(None) };
    // nobody publishes meanwhile, and who decided on an edition that is frozen now looks again
    sqlx::query!(
        "SELECT k.file_id FROM locks k JOIN part_files t ON t.file_id = k.file_id
        WHERE t.revision_id = $1 ORDER BY k.file_id FOR UPDATE OF k",
        revision.0
    )
    .fetch_all(&mut *db)
    .await?;
    sqlx::query!(
        "WITH pinned AS (
            UPDATE part_files t SET edition_id = coalesce(t.edition_id, i.edition_id) FROM items i
            WHERE t.revision_id = $1 AND i.id = t.file_id
            RETURNING t.file_id, t.edition_id
        ), frozen AS (
            UPDATE editions e SET frozen = true FROM pinned WHERE e.id = pinned.edition_id AND NOT e.frozen
        )
        UPDATE locks k SET revision = k.revision + 1 FROM pinned WHERE k.file_id = pinned.file_id",
        revision.0
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "UPDATE part_revisions SET status = 'superseded', superseded_at = coalesce($2::timestamptz, now())
        WHERE part_id = $1 AND status = 'effective'",
        part.0,
        act.now,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "WITH noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, part_id, comment, request_id)
            VALUES (coalesce($2::timestamptz, now()), $3, $4, $5, 'done', $6, $7, $8, $9)
        )
        UPDATE part_revisions SET status = 'effective', effective_at = coalesce($2, now()) WHERE id = $1",
        revision.0,
        act.now,
        permit.actor().map(|actor| actor.0),
        act.dialect as Dialect,
        Verb::Release as Verb,
        library.0,
        part.0,
        act.comment.as_deref(),
        act.request,
    )
    .execute(db)
    .await?;
    Ok(Some(revision))
}

/// What the next revision takes over from an association.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Copied {
    pub of: AssociationId,
    pub id: AssociationId,
    pub arena_guid: String,
}

/// Opens the next revision of a part and takes over the files of the effective one, in the transaction of the caller: those
/// that followed the newest edition follow it again. `false`: `from` is not the effective one. A revision that is worked on
/// violates `part_revisions_working_key`, a taken label `part_revisions_label_key`.
pub async fn revise(
    db: &mut PgConnection,
    permit: &Permit,
    from: &Revision,
    revision: &NewRevision,
    copies: &[Copied],
    act: &Act,
) -> sqlx::Result<bool> {
    hold(db, from.part).await?;
    let made = sqlx::query!(
        "WITH effective AS (
            SELECT part_id FROM part_revisions WHERE id = $12 AND part_id = $2 AND status = 'effective'
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, part_id, comment, request_id)
            SELECT coalesce($5::timestamptz, now()), $6, $7, $8, 'done', $9, part_id, $10, $11 FROM effective
        )
        INSERT INTO part_revisions (id, part_id, ordinal, label, status, arena_guid, created_at)
        SELECT $1, part_id, (SELECT max(ordinal) + 1 FROM part_revisions WHERE part_id = $2), $3, 'working', $4,
            coalesce($5, now()) FROM effective",
        revision.id.0,
        from.part.0,
        revision.label,
        revision.arena_guid,
        act.now,
        permit.actor().map(|actor| actor.0),
        act.dialect as Dialect,
        Verb::Revise as Verb,
        from.library.0,
        act.comment.as_deref(),
        act.request,
        from.id.0,
    )
    .execute(&mut *db)
    .await?;
    if made.rows_affected() == 0 {
        return Ok(false);
    }
    let olds: Vec<AssociationId> = copies.iter().map(|copied| copied.of).collect();
    let ids: Vec<AssociationId> = copies.iter().map(|copied| copied.id).collect();
    let guids: Vec<String> = copies.iter().map(|copied| copied.arena_guid.clone()).collect();
    sqlx::query!(
        "INSERT INTO part_files (id, revision_id, file_id, edition_id, latest, is_primary, reference, arena_guid,
            created_by, created_at)
        SELECT n.id, $1, t.file_id, CASE WHEN t.latest THEN NULL ELSE t.edition_id END, t.latest, t.is_primary, t.reference,
            n.guid, $5, coalesce($6::timestamptz, now())
        FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS n (old, id, guid)
        JOIN part_files t ON t.id = n.old",
        revision.id.0,
        &olds as &[AssociationId],
        &ids as &[AssociationId],
        &guids,
        permit.actor().map(|actor| actor.0),
        act.now,
    )
    .execute(db)
    .await?;
    Ok(true)
}

/// An association to be made.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct NewAssociation {
    pub id: AssociationId,
    pub arena_guid: String,
    pub revision: RevisionId,
    pub terms: Terms,
}

/// Associates a file with a revision that is worked on, and notes it. `false`: the revision is not, the file has changed
/// since it was looked at (`seen`; `None`: it was made in this very transaction), or the edition is gone. A file that is
/// associated already violates `part_files_once_key`.
pub async fn associate(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    new: &NewAssociation,
    file: ItemId,
    seen: Option<i64>,
    act: &Act,
) -> sqlx::Result<bool> {
    let done = sqlx::query_scalar!(
        r#"WITH revision AS MATERIALIZED (
            -- one after the other; who releases it waits, and who waited for the release finds another status
            SELECT id, part_id FROM part_revisions WHERE id = $2 AND status = 'working' FOR NO KEY UPDATE
        ), guard AS (
            UPDATE locks k SET revision = k.revision + 1 FROM revision
            WHERE k.file_id = $3 AND ($4::bigint IS NULL OR k.revision = $4) AND k.closed_at IS NULL
                AND ($5::uuid IS NULL OR EXISTS (
                    SELECT 1 FROM editions e WHERE e.id = $5 AND e.file_id = $3 AND e.ordinal IS NOT NULL))
            RETURNING k.file_id, k.fence, revision.id AS revision_id, revision.part_id
        ), tied AS (
            INSERT INTO part_files (id, revision_id, file_id, edition_id, latest, is_primary, reference, arena_guid,
                created_by, created_at)
            SELECT $6, revision_id, file_id, $5, $5 IS NULL, $7, $8, $9, $10, coalesce($1::timestamptz, now()) FROM guard
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, edition_id, part_id, fence,
                comment, request_id)
            SELECT coalesce($1, now()), $10, $11, $12, 'done', $13, file_id, $5, part_id, fence, $14, $15 FROM guard
        )
        SELECT file_id FROM guard"#,
        act.now,
        new.revision.0,
        file.0,
        seen,
        new.terms.edition.map(|edition| edition.0),
        new.id.0,
        new.terms.primary,
        new.terms.reference,
        new.arena_guid,
        permit.actor().map(|actor| actor.0),
        act.dialect as Dialect,
        Verb::Associate as Verb,
        library.0,
        act.comment.as_deref(),
        act.request,
    )
    .fetch_optional(db)
    .await?;
    Ok(done.is_some())
}

/// Changes how a file belongs to a revision that is worked on, and notes it. `false` as in [`associate`], and when it does
/// not belong to it any more.
pub async fn change(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    association: &Association,
    terms: &Terms,
    seen: i64,
    act: &Act,
) -> sqlx::Result<bool> {
    let done = sqlx::query_scalar!(
        r#"WITH revision AS MATERIALIZED (
            SELECT id, part_id FROM part_revisions WHERE id = $2 AND status = 'working' FOR NO KEY UPDATE
        ), guard AS (
            UPDATE locks k SET revision = k.revision + 1 FROM revision
            WHERE k.file_id = $3 AND k.revision = $4 AND k.closed_at IS NULL
                AND ($5::uuid IS NULL OR EXISTS (
                    SELECT 1 FROM editions e WHERE e.id = $5 AND e.file_id = $3 AND e.ordinal IS NOT NULL))
            RETURNING k.file_id, k.fence, revision.part_id
        ), changed AS (
            UPDATE part_files t SET edition_id = $5, latest = $5 IS NULL, is_primary = $7, reference = $8 FROM guard
            WHERE t.id = $6 AND t.file_id = guard.file_id
            RETURNING t.id, t.file_id, guard.fence, guard.part_id
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, edition_id, part_id, fence,
                comment, request_id)
            SELECT coalesce($1::timestamptz, now()), $9, $10, $11, 'done', $12, file_id, $5, part_id, fence, $13, $14
            FROM changed
        )
        SELECT id FROM changed"#,
        act.now,
        association.revision.0,
        association.file.0,
        seen,
        terms.edition.map(|edition| edition.0),
        association.id.0,
        terms.primary,
        terms.reference,
        permit.actor().map(|actor| actor.0),
        act.dialect as Dialect,
        Verb::Associate as Verb,
        library.0,
        act.comment.as_deref(),
        act.request,
    )
    .fetch_optional(db)
    .await?;
    Ok(done.is_some())
}

/// Takes a file away from a revision that is worked on, and notes it. The file itself stays as it is. `false`: the revision
/// is not worked on, or the file does not belong to it any more.
pub async fn dissociate(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    association: &Association,
    act: &Act,
) -> sqlx::Result<bool> {
    let done = sqlx::query_scalar!(
        r#"WITH revision AS MATERIALIZED (
            SELECT id, part_id FROM part_revisions WHERE id = $2 AND status = 'working' FOR NO KEY UPDATE
        ), gone AS (
            DELETE FROM part_files t USING revision WHERE t.id = $3 AND t.revision_id = revision.id
            RETURNING t.file_id, t.edition_id, revision.part_id
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, edition_id, part_id, comment,
                request_id)
            SELECT coalesce($1::timestamptz, now()), $4, $5, $6, 'done', $7, file_id, edition_id, part_id, $8, $9 FROM gone
        )
        SELECT file_id FROM gone"#,
        act.now,
        association.revision.0,
        association.id.0,
        permit.actor().map(|actor| actor.0),
        act.dialect as Dialect,
        Verb::Dissociate as Verb,
        library.0,
        act.comment.as_deref(),
        act.request,
    )
    .fetch_optional(db)
    .await?;
    Ok(done.is_some())
}
