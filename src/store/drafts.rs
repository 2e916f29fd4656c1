//! Working copies: saving one under the lock's fence, and the rescued ones that a cancel or a lapse left behind.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Act, contents::NewContent};
use crate::domain::{
    actor::Dialect,
    content::Sha256,
    id::{ItemId, LibraryId, PrincipalId},
    item::ClientTimes,
    permission::Permit,
};

/// What the holder saves; `None`: as it was in the working copy, or as published.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Saved {
    pub sha256: Option<Sha256>,
    pub file_name: Option<String>,
    pub media_type: Option<String>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub comment: Option<String>,
    pub client_times: ClientTimes,
}

/// Saves a working copy for the holder, under `fence`, and notes it. `None`: the lock is not the caller's under that
/// fence (any more). Answers the blob as `editions::publish` does.
pub async fn save(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    fence: i64,
    saved: &Saved,
    content: Option<&NewContent>,
    act: &Act,
) -> sqlx::Result<Option<Option<String>>> {
    let upload = content.map(NewContent::columns);
    sqlx::query_scalar!(
        r#"WITH guard AS (
            UPDATE locks SET revision = revision + 1
            WHERE file_id = $1 AND holder_id = $2::uuid AND fence = $3 AND closed_at IS NULL
                AND (expires_at IS NULL OR expires_at > coalesce($4::timestamptz, now()))
            RETURNING file_id, fence, holder_id
        ), stored AS (
            INSERT INTO contents (sha256, size, quick_xor, inline, blob, touched_at)
            SELECT $5::bytea, $6::bigint, $7::bytea, $8::bytea, $9::text, coalesce($4, now()) FROM guard
            WHERE $10::boolean
            ON CONFLICT (sha256) DO UPDATE SET touched_at = excluded.touched_at
            RETURNING blob
        ), saved AS (
            INSERT INTO drafts (file_id, fence, holder_id, sha256, file_name, media_type, title, description, comment, saved_at,
                client_created_at, client_modified_at)
            SELECT file_id, fence, holder_id, $5, $11, $12, $13, $14, $15, coalesce($4, now()), $19::timestamptz, $20::timestamptz FROM guard
            ON CONFLICT (file_id, fence) DO UPDATE SET
                sha256 = coalesce(excluded.sha256, drafts.sha256), file_name = coalesce(excluded.file_name, drafts.file_name),
                media_type = coalesce(excluded.media_type, drafts.media_type), title = coalesce(excluded.title, drafts.title),
                description = coalesce(excluded.description, drafts.description),
                client_created_at = coalesce(excluded.client_created_at, drafts.client_created_at),
                client_modified_at = coalesce(excluded.client_modified_at, drafts.client_modified_at),
                comment = coalesce(excluded.comment, drafts.comment), saved_at = excluded.saved_at, revision = drafts.revision + 1,
                rescued_at = NULL
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, fence, comment, request_id)
            -- it is bound to the lock and not to the place: the file may have been moved since it was looked at
            SELECT coalesce($4, now()), $2, $16, 'save_draft', 'done', coalesce((SELECT i.library_id FROM items i WHERE i.id = $1), $17),
                file_id, fence, $15, $18 FROM guard
        )
        SELECT (SELECT blob FROM stored) AS "blob" FROM guard"#,
        permit.item().0,
        permit.actor().map(|actor| actor.0),
        fence,
        act.now,
        saved.sha256.as_ref().map(|sha256| &sha256.0[..]),
        upload.as_ref().map(|upload| upload.size),
        upload.as_ref().map(|upload| upload.quick_xor),
        upload.as_ref().and_then(|upload| upload.inline),
        upload.as_ref().and_then(|upload| upload.blob.clone()),
        upload.is_some(),
        saved.file_name.as_deref(),
        saved.media_type.as_deref(),
        saved.title.as_deref(),
        saved.description.as_deref(),
        saved.comment.as_deref(),
        permit.dialect() as Dialect,
        library.0,
        act.request,
        saved.client_times.created,
        saved.client_times.modified,
    )
    .fetch_optional(db)
    .await
}

/// The working copy under this fence, or any that is not rescued yet, was left behind: it is kept for a while.
pub async fn rescue(
    db: &mut PgConnection,
    file: ItemId,
    fence: Option<i64>,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE drafts SET rescued_at = coalesce($3::timestamptz, now())
        WHERE file_id = $1 AND rescued_at IS NULL AND ($2::bigint IS NULL OR fence = $2)",
        file.0,
        fence,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Drops the working copy under this fence: its holder gave it up.
pub async fn discard(db: &mut PgConnection, file: ItemId, fence: i64) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM drafts WHERE file_id = $1 AND fence = $2", file.0, fence).execute(db).await?;
    Ok(())
}

/// A working copy that a cancel or a lapse left behind.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Rescued {
    pub fence: i64,
    pub holder: PrincipalId,
    pub file_name: Option<String>,
    pub media_type: Option<String>,
    pub sha256: Option<Vec<u8>>,
    pub size: Option<i64>,
    pub saved_at: DateTime<Utc>,
    pub rescued_at: DateTime<Utc>,
}

/// The rescued drafts of a file, newest first: all but the one behind a lock that is held. One whose holder's lock has
/// lapsed counts from the moment of the lapse. The mark alone does not tell: a draft saved while its lock is being
/// released is not seen by the release.
pub async fn rescued(db: &mut PgConnection, now: Option<DateTime<Utc>>, file: ItemId) -> sqlx::Result<Vec<Rescued>> {
    sqlx::query_as!(
        Rescued,
        r#"SELECT d.fence, d.holder_id AS "holder: PrincipalId", d.file_name, d.media_type, d.sha256, c.size AS "size?",
            d.saved_at, coalesce(d.rescued_at, CASE WHEN k.fence = d.fence THEN k.expires_at END, d.saved_at) AS "rescued_at!"
        FROM drafts d JOIN locks k ON k.file_id = d.file_id LEFT JOIN contents c ON c.sha256 = d.sha256
        WHERE d.file_id = $2 AND (k.fence <> d.fence OR k.holder_id IS NULL OR k.expires_at <= coalesce($1::timestamptz, now()))
        ORDER BY d.fence DESC"#,
        now,
        file.0,
    )
    .fetch_all(db)
    .await
}

/// Forgets drafts rescued before `before`, and marks those behind no lock any more; answers how many are gone. What has lapsed
/// of the room `settles`, while nothing says of that, is still to be checked in.
pub async fn forget(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    before: DateTime<Utc>,
    settles: Option<Dialect>,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "UPDATE drafts d
        SET rescued_at = coalesce(CASE WHEN k.fence = d.fence THEN k.expires_at END, $1::timestamptz, now()) FROM locks k
        WHERE k.file_id = d.file_id AND d.rescued_at IS NULL
            AND (k.fence <> d.fence OR k.holder_id IS NULL OR k.expires_at <= coalesce($1, now()))",
        now,
    )
    .execute(&mut *db)
    .await?;
    let gone = sqlx::query!(
        "DELETE FROM drafts d USING locks k WHERE k.file_id = d.file_id AND d.rescued_at < $2
            AND (k.fence <> d.fence OR k.holder_id IS NULL OR k.expires_at <= coalesce($1::timestamptz, now()))
            AND NOT coalesce(k.fence = d.fence AND k.dialect = $3::text AND k.lapse_fence < k.fence, false)",
        now,
        before,
        settles as Option<Dialect>,
    )
    .execute(db)
    .await?;
    Ok(gone.rows_affected())
}
