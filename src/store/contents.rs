//! Rows that name bytes: where some content lies, and what the sweeper may take away.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::content::{Content, Place, Sha256};

/// Bytes that were stored just now and get their row with the change that needs them.
#[derive(Clone, Debug)]
pub struct NewContent(pub Content);

/// The columns of a [`NewContent`].
#[derive(Debug)]
pub(super) struct Columns<'a> {
    pub size: i64,
    pub quick_xor: &'a [u8],
    pub inline: Option<&'a [u8]>,
    pub blob: Option<String>,
}

impl NewContent {
    pub(super) fn columns(&self) -> Columns<'_> {
        let (inline, blob) = match &self.0.place {
            Place::Inline(bytes) => (Some(&bytes[..]), None),
            Place::Blob(key) => (None, Some(key.to_string())),
        };
        Columns { size: self.0.size.cast_signed(), quick_xor: &self.0.quick_xor.0, inline, blob }
    }
}

/// Where some content lies.
pub async fn place(db: &mut PgConnection, sha256: Sha256) -> sqlx::Result<Option<Place>> {
    let row =
        sqlx::query!("SELECT inline, blob FROM contents WHERE sha256 = $1", &sha256.0[..]).fetch_optional(db).await?;
    Ok(row.and_then(|row| match (row.inline, row.blob) {
        (Some(inline), _) => Some(Place::Inline(Bytes::from(inline))),
        (None, Some(blob)) => blob.parse().ok().map(Place::Blob),
        (None, None) => None,
    }))
}

/// Removes the rows of contents that nothing names and nobody has touched since `before`; answers the names of their
/// blobs, for those that have one: they are never used again and may now be deleted.
pub async fn sweep(db: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<Option<String>>> {
    sqlx::query_scalar!(
        r#"DELETE FROM contents WHERE sha256 IN (
            SELECT c.sha256 FROM contents c
            WHERE c.touched_at < $1
                AND NOT EXISTS (SELECT 1 FROM editions e WHERE e.sha256 = c.sha256)
                AND NOT EXISTS (SELECT 1 FROM drafts d WHERE d.sha256 = c.sha256)
                AND NOT EXISTS (SELECT 1 FROM temporary_files f WHERE f.sha256 = c.sha256)
            LIMIT $2 FOR UPDATE SKIP LOCKED)
            AND touched_at < $1
        RETURNING blob"#,
        before,
        limit,
    )
    .fetch_all(db)
    .await
}

/// Which of these blobs some content or a fragment of an upload names.
pub async fn known(db: &mut PgConnection, blobs: &[String]) -> sqlx::Result<Vec<String>> {
    // one statement, so that a blob on its way from the one to the other is seen
    let rows = sqlx::query_scalar!(
        "SELECT blob FROM contents WHERE blob = ANY ($1) UNION SELECT blob FROM upload_fragments WHERE blob = ANY ($1)",
        blobs,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().flatten().collect())
}

/// The database's moment, for ages counted by its clock.
pub async fn now(db: &mut PgConnection) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(r#"SELECT now() AS "now!""#).fetch_one(db).await
}
