//! Uploads that come in fragments: one row for each, its bytes beside it until it has ended. What fits where was decided
//! before; every write names the state that it was decided on.

use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use sqlx::PgConnection;

use super::contents::NewContent;
use crate::domain::{
    actor::{Mandate, Reach},
    content::{Place, QuickXor, Sha256},
    id::{ItemId, LinkId, PrincipalId, UploadId},
    item::{ClientTimes, OnConflict},
    upload::{Progress, Purpose},
};

/// An upload to be begun, its identity and its address already drawn.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct NewUpload {
    pub id: UploadId,
    pub digest: [u8; 32],
    pub mandate: Mandate,
    pub purpose: Purpose,
}

/// Begins an upload that ends by itself after `life`; answers when. `None`: its principal has `most` already that have not
/// ended.
pub async fn begin(
    db: &mut PgConnection,
    new: &NewUpload,
    life: Duration,
    most: i64,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    let purpose = &new.purpose;
    let link = new.mandate.link;
    let names: Vec<String> = purpose.to.names.iter().map(|name| name.as_str().to_owned()).collect();
    sqlx::query_scalar!(
        r#"INSERT INTO uploads (id, digest, principal_id, read_reach, write_reach, item_id, names, on_conflict, deferred,
            only_on, description, client_created_at, client_modified_at, created_at, expires_at, link_id, link_changed_at)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, coalesce($14::timestamptz, now()),
            coalesce($14, now()) + make_interval(secs => $15), $17, $18
        WHERE (SELECT count(*) FROM uploads u WHERE u.principal_id = $3 AND u.finished_at IS NULL
            AND u.expires_at > coalesce($14, now())) < $16
        RETURNING expires_at"#,
        new.id.0,
        &new.digest[..],
        new.mandate.principal.0,
        new.mandate.ceiling.read as Reach,
        new.mandate.ceiling.write as Reach,
        purpose.to.item.0,
        &names,
        purpose.on_conflict as OnConflict,
        purpose.deferred,
        purpose.only_on.as_ref().map(|sha256| &sha256.0[..]),
        purpose.description,
        purpose.client_times.created,
        purpose.client_times.modified,
        now,
        seconds(life),
        most,
        link.map(|(link, _)| link.0),
        link.map(|(_, changed_at)| changed_at),
    )
    .fetch_optional(db)
    .await
}

/// An upload as its row has it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct UploadRow {
    pub id: UploadId,
    pub principal: PrincipalId,
    pub read_reach: Reach,
    pub write_reach: Reach,
    pub link: Option<LinkId>,
    pub link_changed_at: Option<DateTime<Utc>>,
    pub item: ItemId,
    pub names: Vec<String>,
    pub on_conflict: OnConflict,
    pub deferred: bool,
    pub only_on: Option<Vec<u8>>,
    pub description: Option<String>,
    pub client_created_at: Option<DateTime<Utc>>,
    pub client_modified_at: Option<DateTime<Utc>>,
    pub received: i64,
    pub total: Option<i64>,
    pub last_start: Option<i64>,
    pub expires_at: DateTime<Utc>,
    pub file: Option<ItemId>,
}

/// The upload with this address, while it lives.
pub async fn find(
    db: &mut PgConnection,
    digest: &[u8; 32],
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Option<UploadRow>> {
    sqlx::query_as!(
        UploadRow,
        r#"SELECT id AS "id: UploadId", principal_id AS "principal: PrincipalId", read_reach AS "read_reach: Reach",
            write_reach AS "write_reach: Reach", link_id AS "link: LinkId", link_changed_at, item_id AS "item: ItemId", names, on_conflict AS "on_conflict: OnConflict",
            deferred, only_on, description, client_created_at, client_modified_at, received, total, last_start, expires_at,
            file_id AS "file: ItemId"
        FROM uploads WHERE digest = $1 AND expires_at > coalesce($2::timestamptz, now())"#,
        &digest[..],
        now,
    )
    .fetch_optional(db)
    .await
}

/// Takes in a fragment that was decided on at `before`, and lets the upload live on for `life`; answers until when. `None`:
/// it has changed since, or ended; nothing was taken in.
pub async fn add(
    db: &mut PgConnection,
    upload: UploadId,
    before: Progress,
    after: Progress,
    fragment: &NewContent,
    life: Duration,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    let columns = fragment.columns();
    sqlx::query_scalar!(
        r#"WITH upload AS (
            UPDATE uploads SET received = $4, total = $5, last_start = $2,
                expires_at = coalesce($6::timestamptz, now()) + make_interval(secs => $7)
            WHERE id = $1 AND received = $2 AND total IS NOT DISTINCT FROM $3 AND last_start IS NOT DISTINCT FROM $13
                AND finished_at IS NULL AND expires_at > coalesce($6, now())
            RETURNING id, expires_at
        ), fragment AS (
            INSERT INTO upload_fragments (upload_id, start, size, sha256, quick_xor, inline, blob)
            SELECT id, $2, $8, $9, $10, $11, $12 FROM upload
        )
        SELECT expires_at FROM upload"#,
        upload.0,
        before.received.cast_signed(),
        before.total.map(u64::cast_signed),
        after.received.cast_signed(),
        after.total.map(u64::cast_signed),
        now,
        seconds(life),
        columns.size,
        &fragment.0.sha256.0[..],
        columns.quick_xor,
        columns.inline,
        columns.blob,
        before.last_start.map(u64::cast_signed),
    )
    .fetch_optional(db)
    .await
}

/// Says that an upload without a total has all its bytes. `false`: it is not as far as `received`, or has ended.
pub async fn close(db: &mut PgConnection, upload: UploadId, received: u64) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE uploads SET total = received WHERE id = $1 AND received = $2 AND total IS NULL AND finished_at IS NULL",
        upload.0,
        received.cast_signed(),
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A fragment.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Fragment {
    pub start: i64,
    pub size: i64,
    pub sha256: Vec<u8>,
    pub quick_xor: Vec<u8>,
    pub inline: Option<Vec<u8>>,
    pub blob: Option<String>,
}

impl Fragment {
    /// Where its bytes lie.
    pub fn place(&self) -> Option<Place> {
        match (&self.inline, &self.blob) {
            (Some(inline), _) => Some(Place::Inline(Bytes::from(inline.clone()))),
            (None, Some(blob)) => blob.parse().ok().map(Place::Blob),
            (None, None) => None,
        }
    }

    /// Its digests.
    pub fn digests(&self) -> Option<(Sha256, QuickXor)> {
        Some((Sha256::try_from(&*self.sha256).ok()?, QuickXor::try_from(&*self.quick_xor).ok()?))
    }
}

/// The fragments of an upload that begin at `from` or behind, so many at most.
pub async fn fragments(db: &mut PgConnection, upload: UploadId, from: i64, limit: i64) -> sqlx::Result<Vec<Fragment>> {
    sqlx::query_as!(
        Fragment,
        "SELECT start, size, sha256, quick_xor, inline, blob FROM upload_fragments
        WHERE upload_id = $1 AND start >= $2 ORDER BY start LIMIT $3",
        upload.0,
        from,
        limit,
    )
    .fetch_all(db)
    .await
}

/// Puts one content in the place of all fragments of an upload that has all its bytes. Answers the blobs that nothing names
/// any more. `None`: somebody else did, or it has ended.
pub async fn join(
    db: &mut PgConnection,
    upload: UploadId,
    whole: &NewContent,
) -> sqlx::Result<Option<Vec<Option<String>>>> {
    let held = sqlx::query_scalar!(
        "SELECT id FROM uploads WHERE id = $1 AND finished_at IS NULL AND total = received FOR UPDATE",
        upload.0,
    )
    .fetch_optional(&mut *db)
    .await?;
    if held.is_none() {
        return Ok(None);
    }
    // a statement of its own: one that waited for the row does not see what was joined while it did
    let fragments =
        sqlx::query_scalar!(r#"SELECT count(*) AS "fragments!" FROM upload_fragments WHERE upload_id = $1"#, upload.0,)
            .fetch_one(&mut *db)
            .await?;
    if fragments < 2 {
        return Ok(None);
    }
    let gone = remove_fragments(db, upload).await?;
    let columns = whole.columns();
    sqlx::query!(
        "INSERT INTO upload_fragments (upload_id, start, size, sha256, quick_xor, inline, blob) VALUES ($1, 0, $2, $3, $4, $5, $6)",
        upload.0,
        columns.size,
        &whole.0.sha256.0[..],
        columns.quick_xor,
        columns.inline,
        columns.blob,
    )
    .execute(db)
    .await?;
    Ok(Some(gone))
}

async fn remove_fragments(db: &mut PgConnection, upload: UploadId) -> sqlx::Result<Vec<Option<String>>> {
    sqlx::query_scalar!("DELETE FROM upload_fragments WHERE upload_id = $1 RETURNING blob", upload.0)
        .fetch_all(db)
        .await
}

/// What an upload ends in besides its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    /// The upload.
    pub upload: UploadId,
    /// The times of the client's own disk, where the file itself is to have them at once; those of a working copy wait with
    /// it.
    pub client_times: ClientTimes,
    /// How long it is remembered.
    pub kept: Duration,
}

/// Ends an upload with the file it became, in the transaction that writes the file; its fragments' bytes are the file's now.
/// `false`: it has ended already.
pub async fn finish(
    db: &mut PgConnection,
    ending: &Ending,
    file: ItemId,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE uploads SET finished_at = coalesce($3::timestamptz, now()), file_id = $2,
            expires_at = coalesce($3, now()) + make_interval(secs => $4)
        WHERE id = $1 AND finished_at IS NULL",
        ending.upload.0,
        file.0,
        now,
        seconds(ending.kept),
    )
    .execute(&mut *db)
    .await?;
    if done.rows_affected() != 1 {
        return Ok(false);
    }
    remove_fragments(db, ending.upload).await?;
    if !ending.client_times.is_empty() {
        sqlx::query!(
            "UPDATE items SET client_created_at = coalesce($2, client_created_at),
                client_modified_at = coalesce($3, client_modified_at), revision = revision + 1
            WHERE id = $1",
            file.0,
            ending.client_times.created,
            ending.client_times.modified,
        )
        .execute(db)
        .await?;
    }
    Ok(true)
}

/// Removes an upload, ended or not. Answers the blobs that nothing names any more. `None`: there is none.
pub async fn remove(db: &mut PgConnection, upload: UploadId) -> sqlx::Result<Option<Vec<Option<String>>>> {
    let held = sqlx::query_scalar!("SELECT id FROM uploads WHERE id = $1 FOR UPDATE", upload.0);
    if held.fetch_optional(&mut *db).await?.is_none() {
        return Ok(None);
    }
    let gone = remove_fragments(db, upload).await?;
    sqlx::query!("DELETE FROM uploads WHERE id = $1", upload.0).execute(db).await?;
    Ok(Some(gone))
}

/// Uploads that have ended by themselves by now, so many at most.
pub async fn expired(db: &mut PgConnection, now: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<UploadId>> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: UploadId" FROM uploads WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2"#,
        now,
        limit,
    )
    .fetch_all(db)
    .await
}

/// `make_interval` counts in seconds.
fn seconds(time: Duration) -> f64 {
    time.as_seconds_f64()
}
