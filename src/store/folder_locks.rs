//! Locks on folders: taking, releasing and refreshing them, each one conditional statement together with its event, and
//! the one that decides about a folder. What reaches down is told to all below in the same statement: whoever decided on a
//! file there before looks again.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Act;
use crate::domain::{
    actor::Dialect,
    id::{ItemId, LibraryId, LockId, PrincipalId},
    lock::LockFolder,
    permission::{Over, Permit},
};

/// A lock on a folder as it stands, or stood, in its row. Inside an item's row its moments are whole microseconds since 1970: a
/// year of five digits can be counted, but not be read as text.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct FolderLockRow {
    pub folder: Uuid,
    /// Liferay's number of the folder.
    pub folder_number: i64,
    pub fence: i64,
    pub holder: Uuid,
    pub dialect: Dialect,
    #[serde(deserialize_with = "moment")]
    pub taken_at: DateTime<Utc>,
    #[serde(deserialize_with = "end")]
    pub expires_at: Option<DateTime<Utc>>,
    pub lock_uuid: Uuid,
    pub number: i64,
    pub owner_text: String,
    pub inheritable: bool,
}

fn moment<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    i64::deserialize(deserializer).map(counted)
}

fn end<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    Ok(Option::<i64>::deserialize(deserializer)?.map(counted))
}

/// A moment that cannot be said is as late as one can be.
fn counted(microseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(microseconds).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The lock on a folder that reaches an item, with the folder's category: who does not see the folder is told little of it.
#[derive(Clone, Debug, serde::Deserialize)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct ReachingLockRow {
    pub category: Uuid,
    pub lock: FolderLockRow,
}

/// Whether more files lie below a folder than so many.
pub async fn has_more_below(db: &mut PgConnection, folder: ItemId, most: i64) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT count(*) > $2::bigint AS "more!" FROM (
            SELECT i.id FROM items i
            WHERE i.ancestors @> ARRAY[$1::uuid] AND i.kind = 'file' AND i.deleted_at IS NULL LIMIT $2::bigint + 1
        ) below"#,
        folder.0,
        most,
    )
    .fetch_one(db)
    .await
}

/// Takes the lock of a folder and notes it in the trail, or does neither. `None`: somebody has it, or the folder is gone or not
/// in that library any more. Needs [`super::folders::hold_trees`], so that nothing comes into the folder meanwhile; that no
/// lock above decides was asked under it. The moment that counts is the one after the waiting for that.
pub async fn take(
    db: &mut PgConnection,
    permit: &Permit,
    holder: PrincipalId,
    library: LibraryId,
    what: &LockFolder,
    act: &Act,
) -> sqlx::Result<Option<FolderLockRow>> {
    sqlx::query_as!(
        FolderLockRow,
        r#"WITH folder AS MATERIALIZED (
            SELECT id, number, coalesce($3::timestamptz, clock_timestamp()) AS moment FROM items
            WHERE id = $1 AND library_id = $9 AND kind = 'folder' AND deleted_at IS NULL
        ), taken AS (
            INSERT INTO folder_locks AS f (folder_id, fence, holder_id, dialect, taken_at, expires_at, lock_uuid, number,
                owner_text, inheritable)
            SELECT folder.id, 1, $2, $4, folder.moment, folder.moment + $5::interval, $6, nextval('numbers'), $7, $8::boolean
            FROM folder
            ON CONFLICT (folder_id) DO UPDATE SET fence = f.fence + 1, holder_id = excluded.holder_id,
                dialect = excluded.dialect, taken_at = excluded.taken_at, expires_at = excluded.expires_at,
                lock_uuid = excluded.lock_uuid, number = excluded.number, owner_text = excluded.owner_text,
                inheritable = excluded.inheritable
            WHERE f.holder_id IS NULL OR f.expires_at <= coalesce($3, clock_timestamp())
            RETURNING *
        ), again AS (
            UPDATE locks k SET revision = k.revision + 1 FROM items i, taken
            WHERE taken.inheritable AND i.ancestors @> ARRAY[taken.folder_id] AND i.deleted_at IS NULL AND k.file_id = i.id
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, fence, request_id)
            SELECT taken_at, $2, $4, 'lock_folder', 'done', $9, folder_id, fence, $10 FROM taken
        )
        SELECT folder_id AS "folder!", folder.number AS "folder_number!", fence AS "fence!", holder_id AS "holder!",
            dialect AS "dialect!: Dialect", taken_at AS "taken_at!", expires_at, lock_uuid AS "lock_uuid!",
            taken.number AS "number!", owner_text AS "owner_text!", inheritable AS "inheritable!"
        FROM taken JOIN folder ON folder.id = taken.folder_id"#,
        permit.item().0,
        holder.0,
        act.now,
        permit.dialect() as Dialect,
        what.lifetime as Option<chrono::Duration>,
        LockId::fresh().0,
        what.owner_text,
        what.inheritable,
        library.0,
        act.request,
    )
    .fetch_optional(db)
    .await
}

/// What [`release`] found and did.
#[derive(Clone, Debug)]
pub struct Released {
    /// The lock as it stood before.
    pub lock: FolderLockRow,
    /// Whether it is gone now; else nothing changed.
    pub released: bool,
}

/// Releases the lock of a folder, and notes it. `None`: nobody held it.
///
/// `named`: only this very lock. `fence`: only under this fence.
pub async fn release(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    named: Option<Uuid>,
    fence: Option<i64>,
    act: &Act,
) -> sqlx::Result<Option<Released>> {
    let row = sqlx::query!(
        r#"WITH old AS MATERIALIZED (
            SELECT * FROM folder_locks
            WHERE folder_id = $1 AND holder_id IS NOT NULL AND (expires_at IS NULL OR expires_at > coalesce($3::timestamptz, now()))
            FOR NO KEY UPDATE
        ), freed AS (
            UPDATE folder_locks f SET holder_id = NULL, dialect = NULL, taken_at = NULL, expires_at = NULL, lock_uuid = NULL,
                number = NULL, owner_text = NULL, inheritable = NULL
            FROM old
            WHERE f.folder_id = old.folder_id AND ($4::uuid IS NULL OR old.lock_uuid = $4)
                AND ($5::bigint IS NULL OR old.fence = $5) AND (old.holder_id = $2::uuid OR $6::boolean)
            RETURNING f.folder_id
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, fence, holder_id, request_id, comment)
            SELECT coalesce($3, now()), $2, $7, 'unlock_folder', 'done', $8, old.folder_id, old.fence, old.holder_id, $9, $10
            FROM old, freed
        )
        SELECT old.folder_id AS "folder!", i.number AS "folder_number!", old.fence AS "fence!", old.holder_id AS "holder!",
            old.dialect AS "dialect!: Dialect", old.taken_at AS "taken_at!", old.expires_at, old.lock_uuid AS "lock_uuid!",
            old.number AS "number!", old.owner_text AS "owner_text!", old.inheritable AS "inheritable!",
            freed.folder_id IS NOT NULL AS "released!"
        FROM old JOIN items i ON i.id = old.folder_id LEFT JOIN freed ON true"#,
        permit.item().0,
        permit.actor().map(|actor| actor.0),
        act.now,
        named,
        fence,
        permit.over() == Over::Anybody,
        permit.dialect() as Dialect,
        library.0,
        act.request,
        act.comment.as_deref(),
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Released {
        lock: FolderLockRow {
            folder: row.folder,
            folder_number: row.folder_number,
            fence: row.fence,
            holder: row.holder,
            dialect: row.dialect,
            taken_at: row.taken_at,
            expires_at: row.expires_at,
            lock_uuid: row.lock_uuid,
            number: row.number,
            owner_text: row.owner_text,
            inheritable: row.inheritable,
        },
        released: row.released,
    }))
}

/// How a lock is prolonged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prolonging {
    /// Only while so much of its time is left that nobody can have seen it end: nothing else needs to be held or told.
    WellBefore,
    /// Until its end. Needs [`super::folders::hold_trees`], and [`super::folders::hold_locks_below`] of an inheritable one:
    /// whoever sees it end while it is prolonged looks again.
    NearTheEnd,
}

/// Sets when the caller's own lock ends; counts from now. `None`: the lock is not the caller's (any more), or has too little
/// time left to be prolonged in this way.
pub async fn refresh(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    uuid: Uuid,
    lifetime: Option<chrono::Duration>,
    how: Prolonging,
    act: &Act,
) -> sqlx::Result<Option<FolderLockRow>> {
    sqlx::query_as!(
        FolderLockRow,
        r#"WITH moment AS MATERIALIZED (
            SELECT coalesce($3::timestamptz, clock_timestamp()) AS at
        ), refreshed AS (
            UPDATE folder_locks f SET taken_at = moment.at, expires_at = moment.at + $5::interval FROM moment
            WHERE f.folder_id = $1 AND f.holder_id = $2::uuid AND f.lock_uuid = $4
                -- as it is once the row was waited for
                AND (f.expires_at IS NULL OR f.expires_at > coalesce($3, clock_timestamp())
                    + CASE WHEN $9::boolean THEN interval '1 minute' ELSE interval '0' END)
            RETURNING f.*
        ), again AS (
            UPDATE locks k SET revision = k.revision + 1 FROM items i, refreshed
            WHERE NOT $9 AND refreshed.inheritable AND i.ancestors @> ARRAY[refreshed.folder_id] AND i.deleted_at IS NULL
                AND k.file_id = i.id
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, fence, request_id)
            SELECT taken_at, $2, $6, 'refresh_folder', 'done', $7, folder_id, fence, $8 FROM refreshed
        )
        SELECT folder_id AS "folder!", i.number AS "folder_number!", fence AS "fence!", holder_id AS "holder!",
            dialect AS "dialect!: Dialect", taken_at AS "taken_at!", expires_at, lock_uuid AS "lock_uuid!",
            refreshed.number AS "number!", owner_text AS "owner_text!", inheritable AS "inheritable!"
        FROM refreshed JOIN items i ON i.id = refreshed.folder_id"#,
        permit.item().0,
        permit.actor().map(|actor| actor.0),
        act.now,
        uuid,
        lifetime as Option<chrono::Duration>,
        permit.dialect() as Dialect,
        library.0,
        act.request,
        how == Prolonging::WellBefore,
    )
    .fetch_optional(db)
    .await
}

/// The folder whose lock has this uuid, if it is held.
pub async fn folder_by_uuid(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    uuid: Uuid,
) -> sqlx::Result<Option<ItemId>> {
    sqlx::query_scalar!(
        r#"SELECT folder_id AS "folder: ItemId" FROM folder_locks
        WHERE lock_uuid = $2 AND (expires_at IS NULL OR expires_at > coalesce($1::timestamptz, now()))"#,
        now,
        uuid,
    )
    .fetch_optional(db)
    .await
}

/// Who holds the lock that decides about a folder: its own, else the nearest inheritable one above. To be asked while the tree
/// is held ([`super::folders::hold_trees`], or shared), so that none is taken until the transaction ends; what has ended by
/// itself while that was waited for is none.
pub async fn holder_over(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    folder: ItemId,
) -> sqlx::Result<Option<PrincipalId>> {
    sqlx::query_scalar!(
        r#"SELECT f.holder_id AS "holder!: PrincipalId" FROM items i JOIN folder_locks f ON f.folder_id = ANY (i.ancestors || i.id)
        WHERE i.id = $2 AND (f.inheritable OR f.folder_id = i.id) AND f.holder_id IS NOT NULL
            AND (f.expires_at IS NULL OR f.expires_at > coalesce($1::timestamptz, clock_timestamp()))
        ORDER BY array_position(i.ancestors || i.id, f.folder_id) DESC LIMIT 1"#,
        now,
        folder.0,
    )
    .fetch_optional(db)
    .await
}

/// Forgets the locks of folders that were deleted for good.
pub async fn forget(db: &mut PgConnection, items: &[ItemId]) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM folder_locks WHERE folder_id = ANY ($1)", items as &[ItemId]).execute(db).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_moment_makes_a_lock_unreadable() {
        let lock = |taken: i64, end: Option<i64>| {
            let nobody = Uuid::nil();
            let row = json!({
                "folder": nobody, "folder_number": 1, "fence": 1, "holder": nobody, "dialect": "liferay", "taken_at": taken,
                "expires_at": end, "lock_uuid": nobody, "number": 2, "owner_text": "", "inheritable": true,
            });
            let row: FolderLockRow = serde_json::from_value(row).unwrap();
            (row.taken_at, row.expires_at)
        };
        let (taken, end) = lock(1_772_600_767_000_001, Some(316_516_000_000_000_000));
        assert_eq!((taken.timestamp_micros(), end.unwrap().timestamp()), (1_772_600_767_000_001, 316_516_000_000));
        assert_eq!(lock(0, None), (DateTime::UNIX_EPOCH, None));
        assert_eq!(lock(0, Some(i64::MAX)).1, Some(DateTime::<Utc>::MAX_UTC));
    }
}
