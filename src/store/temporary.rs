//! Temporary files: bytes under a name for their uploader alone, until they expire. One that has expired is not there, whether
//! it was swept or not.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::contents::NewContent;
use crate::domain::{
    content::Sha256,
    id::{ItemId, LibraryId, PrincipalId},
    permission::Permit,
};

/// A temporary file to be made.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct NewTemporary<'a> {
    pub id: Uuid,
    pub owner: PrincipalId,
    pub folder_name: &'a str,
    pub name: &'a str,
    pub media_type: &'a str,
    pub sha256: Sha256,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// How the making ended.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its number; `None`: its owner has one of this name there. Then all that was written is to be taken back.
    pub number: Option<i64>,
    /// The blob that holds the bytes now, as `editions::publish` answers it.
    pub blob: Option<String>,
}

/// Makes a temporary file at the folder the permit is for, in the place of one that has expired. `None`: the folder is gone.
pub async fn create(
    db: &mut PgConnection,
    permit: &Permit,
    new: &NewTemporary<'_>,
    content: Option<&NewContent>,
) -> sqlx::Result<Option<Made>> {
    let upload = content.map(NewContent::columns);
    sqlx::query_as!(
        Made,
        r#"WITH folder AS MATERIALIZED (
            SELECT id FROM items WHERE id = $1 AND kind = 'folder' AND deleted_at IS NULL FOR SHARE
        ), stored AS (
            INSERT INTO contents (sha256, size, quick_xor, inline, blob, touched_at)
            SELECT $2::bytea, $3::bigint, $4::bytea, $5::bytea, $6::text, $7::timestamptz FROM folder WHERE $8::boolean
            ON CONFLICT (sha256) DO UPDATE SET touched_at = excluded.touched_at
            RETURNING blob
        ), made AS (
            INSERT INTO temporary_files AS f (id, owner_id, folder_id, folder_name, name, media_type, sha256, created_at, expires_at)
            SELECT $9, $10, folder.id, $11, $12, $13, $2, $7, $14 FROM folder
            ON CONFLICT ON CONSTRAINT temporary_files_name_key DO UPDATE SET id = excluded.id, number = excluded.number,
                media_type = excluded.media_type, sha256 = excluded.sha256, created_at = excluded.created_at,
                expires_at = excluded.expires_at
            WHERE f.expires_at <= excluded.created_at
            RETURNING f.number
        )
        SELECT (SELECT number FROM made) AS "number?", (SELECT blob FROM stored) AS "blob?" FROM folder"#,
        permit.item().0,
        &new.sha256.0[..],
        upload.as_ref().map(|upload| upload.size),
        upload.as_ref().map(|upload| upload.quick_xor),
        upload.as_ref().and_then(|upload| upload.inline),
        upload.as_ref().and_then(|upload| upload.blob.clone()),
        new.created_at,
        upload.is_some(),
        new.id,
        new.owner.0,
        new.folder_name,
        new.name,
        new.media_type,
        new.expires_at,
    )
    .fetch_optional(db)
    .await
}

/// How many somebody has, wherever they are; counts to `most` and not on.
pub async fn living(db: &mut PgConnection, now: DateTime<Utc>, owner: PrincipalId, most: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "living!"
        FROM (SELECT FROM temporary_files WHERE owner_id = $1 AND expires_at > $2 LIMIT $3) living"#,
        owner.0,
        now,
        most,
    )
    .fetch_one(db)
    .await
}

/// The names of what somebody has at a folder under a word, in the order of the alphabet; so many at most.
pub async fn names(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    owner: PrincipalId,
    folder: ItemId,
    folder_name: &str,
    most: i64,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "SELECT name FROM temporary_files
        WHERE owner_id = $1 AND folder_id = $2 AND folder_name = $3 AND expires_at > $4 ORDER BY name LIMIT $5",
        owner.0,
        folder.0,
        folder_name,
        now,
        most,
    )
    .fetch_all(db)
    .await
}

/// Deletes one of them; its bytes are the sweeper's, after its grace. `false`: there is none.
pub async fn delete(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    owner: PrincipalId,
    folder: ItemId,
    (folder_name, name): (&str, &str),
) -> sqlx::Result<bool> {
    let gone = sqlx::query!(
        "WITH gone AS (
            DELETE FROM temporary_files WHERE owner_id = $1 AND folder_id = $2 AND folder_name = $3 AND name = $4
            RETURNING sha256, expires_at
        ), touched AS (
            UPDATE contents SET touched_at = $5::timestamptz FROM gone WHERE contents.sha256 = gone.sha256
        )
        SELECT FROM gone WHERE expires_at > $5",
        owner.0,
        folder.0,
        folder_name,
        name,
        now,
    )
    .fetch_all(db)
    .await?;
    Ok(!gone.is_empty())
}

/// The bytes of what is kept for a while in a library, by whomever.
pub async fn used_bytes(db: &mut PgConnection, now: DateTime<Utc>, library: LibraryId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT coalesce(sum(t.size), 0)::bigint AS "used!" FROM temporary_files f
            JOIN items i ON i.id = f.folder_id JOIN contents t ON t.sha256 = f.sha256
        WHERE i.library_id = $1 AND f.expires_at > $2"#,
        library.0,
        now,
    )
    .fetch_one(db)
    .await
}

/// Deletes what has expired; answers how many.
pub async fn sweep(db: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let gone = sqlx::query!("DELETE FROM temporary_files WHERE expires_at <= $1", now).execute(db).await?;
    Ok(gone.rows_affected())
}

/// Deletes what is kept at these folders, which are deleted for good.
pub async fn forget(db: &mut PgConnection, folders: &[ItemId]) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM temporary_files WHERE folder_id = ANY ($1)", folders as &[ItemId]).execute(db).await?;
    Ok(())
}
