//! The one lock of a file: taking, releasing and refreshing it, each one conditional statement together with its event.
//! The database decides a race; nothing here looks first and writes then.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Act;
use crate::domain::{
    actor::Dialect,
    id::{ItemId, LibraryId, LockId, PrincipalId},
    lock::{CheckOut, Mode},
    permission::{Over, Permit},
};

/// A lock as it stands, or stood, in its row.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct LockRow {
    pub fence: i64,
    pub holder: PrincipalId,
    pub mode: Mode,
    pub dialect: Dialect,
    pub taken_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub lock_uuid: Uuid,
    pub number: i64,
    pub draft_number: i64,
    pub owner_text: String,
    pub comment: Option<String>,
}

/// What a statement does with a row that somebody else is about to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It waits for them.
    Waits,
    /// It leaves the row alone, as if there was nothing to do: not now.
    PassesOver,
}

/// Takes the lock and notes it in the trail, or does neither. `None`: somebody has it, the file is gone, or its revision
/// is another than the one it was decided on: something was published since, or a folder above was locked. `own`: also from the
/// holder itself, under this fence.
/// A working copy that a lapsed holder left behind is rescued on the way; but what has lapsed of the room `settles` is not
/// free while nothing says of that.
#[expect(clippy::too_many_arguments, reason = "one statement")]
pub async fn take(
    db: &mut PgConnection,
    permit: &Permit,
    holder: PrincipalId,
    library: LibraryId,
    what: &CheckOut,
    revision: i64,
    own: Option<i64>,
    settles: Option<Dialect>,
    act: &Act,
) -> sqlx::Result<Option<LockRow>> {
    sqlx::query_as!(
        LockRow,
        r#"WITH taken AS (
            UPDATE locks SET holder_id = $2, fence = fence + 1, revision = revision + 1, mode = $4, dialect = $5,
                taken_at = coalesce($3, now()), expires_at = coalesce($3, now()) + $6::interval, lock_uuid = $7,
                number = nextval('numbers'), draft_number = nextval('numbers'), owner_text = $8, comment = $9
            WHERE file_id = $1 AND closed_at IS NULL
                AND (holder_id IS NULL OR (holder_id = $2 AND fence = $13::bigint)
                    OR (expires_at <= coalesce($3::timestamptz, now())
                        AND NOT coalesce(dialect = $14::text AND lapse_fence < fence, false)))
                AND revision = $12
            RETURNING *
        ), rescued AS (
            UPDATE drafts SET rescued_at = taken.taken_at FROM taken
            WHERE drafts.file_id = taken.file_id AND drafts.rescued_at IS NULL
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, fence, comment, request_id)
            SELECT taken_at, $2, $5, 'check_out', 'done', $10, file_id, fence, $9, $11 FROM taken
        )
        SELECT fence, holder_id AS "holder!: PrincipalId", mode AS "mode!: Mode", dialect AS "dialect!: Dialect",
            taken_at AS "taken_at!", expires_at, lock_uuid AS "lock_uuid!", number AS "number!",
            draft_number AS "draft_number!", owner_text AS "owner_text!", comment
        FROM taken"#,
        permit.item().0,
        holder.0,
        act.now,
        what.mode as Mode,
        permit.dialect() as Dialect,
        what.lifetime as Option<chrono::Duration>,
        LockId::fresh().0,
        what.owner_text,
        what.comment.as_deref(),
        library.0,
        act.request,
        revision,
        own,
        settles as Option<Dialect>,
    )
    .fetch_optional(db)
    .await
}

/// What [`release`] found and did.
#[derive(Clone, Debug)]
pub struct Released {
    /// The lock as it stood before.
    pub lock: LockRow,
    /// Whether it is gone now; else nothing changed.
    pub released: bool,
}

/// Releases the lock without publishing, and notes it. The holder's own draft is dropped, somebody else's is rescued.
/// `None`: nobody held it.
///
/// `named`: only if this is the holder. `fence`: only under this fence.
pub async fn release(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    named: Option<PrincipalId>,
    fence: Option<i64>,
    act: &Act,
) -> sqlx::Result<Option<Released>> {
    let row = sqlx::query!(
        r#"WITH old AS MATERIALIZED (
            SELECT * FROM locks
            WHERE file_id = $1 AND closed_at IS NULL AND holder_id IS NOT NULL
                AND (expires_at IS NULL OR expires_at > coalesce($3::timestamptz, now()))
            FOR NO KEY UPDATE
        ), freed AS (
            UPDATE locks k SET holder_id = NULL, revision = k.revision + 1, mode = NULL, dialect = NULL, taken_at = NULL,
                expires_at = NULL, lock_uuid = NULL, number = NULL, draft_number = NULL, owner_text = NULL, comment = NULL
            FROM old
            WHERE k.file_id = old.file_id
                AND ($4::uuid IS NULL OR old.holder_id = $4)
                AND ($5::bigint IS NULL OR old.fence = $5)
                AND (old.holder_id = $2::uuid OR $6::boolean
                    OR ($7::boolean AND old.mode = 'reservation' AND old.holder_id = $4))
            RETURNING k.file_id
        ), dropped AS (
            DELETE FROM drafts d USING old, freed
            WHERE d.file_id = old.file_id AND d.fence = old.fence AND old.holder_id = $2
        ), rescued AS (
            UPDATE drafts d SET rescued_at = coalesce($3, now()) FROM old, freed
            WHERE d.file_id = old.file_id AND d.fence = old.fence AND old.holder_id IS DISTINCT FROM $2
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, fence, holder_id, comment, request_id)
            SELECT coalesce($3, now()), $2, $8, 'cancel', 'done', $9, old.file_id, old.fence, old.holder_id, $10, $11
            FROM old, freed
        )
        SELECT old.fence, old.holder_id AS "holder!: PrincipalId", old.mode AS "mode!: Mode", old.dialect AS "dialect!: Dialect",
            old.taken_at AS "taken_at!", old.expires_at, old.lock_uuid AS "lock_uuid!", old.number AS "number!",
            old.draft_number AS "draft_number!", old.owner_text AS "owner_text!", old.comment,
            freed.file_id IS NOT NULL AS "released!"
        FROM old LEFT JOIN freed ON true"#,
        permit.item().0,
        permit.actor().map(|actor| actor.0),
        act.now,
        named.map(|named| named.0),
        fence,
        permit.over() == Over::Anybody,
        permit.over() == Over::NamedReservation,
        permit.dialect() as Dialect,
        library.0,
        act.comment.as_deref(),
        act.request,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Released {
        lock: LockRow {
            fence: row.fence,
            holder: row.holder,
            mode: row.mode,
            dialect: row.dialect,
            taken_at: row.taken_at,
            expires_at: row.expires_at,
            lock_uuid: row.lock_uuid,
            number: row.number,
            draft_number: row.draft_number,
            owner_text: row.owner_text,
            comment: row.comment,
        },
        released: row.released,
    }))
}

/// Ends a lock that has lapsed, which nobody does, and notes it at the moment when it lapsed; the working copy is rescued.
/// `false`: it is another lock by now, or none, or one that is passed over.
pub async fn let_lapse(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    file: ItemId,
    fence: i64,
    patience: Patience,
) -> sqlx::Result<bool> {
    let done = sqlx::query_scalar!(
        r#"WITH unclaimed AS MATERIALIZED (
            SELECT file_id FROM locks WHERE $4::boolean AND file_id = $1 FOR NO KEY UPDATE SKIP LOCKED
        ), old AS MATERIALIZED (
            SELECT * FROM locks
            WHERE file_id = $1 AND fence = $2 AND closed_at IS NULL AND holder_id IS NOT NULL
                AND expires_at <= coalesce($3::timestamptz, now())
                AND (NOT $4 OR EXISTS (SELECT FROM unclaimed))
            FOR NO KEY UPDATE
        ), freed AS (
            UPDATE locks k SET holder_id = NULL, revision = k.revision + 1, lapse_fence = k.fence, mode = NULL, dialect = NULL,
                taken_at = NULL, expires_at = NULL, lock_uuid = NULL, number = NULL, draft_number = NULL, owner_text = NULL,
                comment = NULL
            FROM old WHERE k.file_id = old.file_id
            RETURNING k.file_id
        ), rescued AS (
            UPDATE drafts d SET rescued_at = coalesce(d.rescued_at, old.expires_at) FROM old, freed
            WHERE d.file_id = old.file_id AND d.fence = old.fence
        ), noted AS (
            INSERT INTO events (at, dialect, verb, outcome, library_id, item_id, fence, holder_id)
            SELECT old.expires_at, old.dialect, 'lapse', 'done', i.library_id, i.id, old.fence, old.holder_id
            FROM old JOIN items i ON i.id = old.file_id, freed WHERE old.lapse_fence < old.fence
        )
        SELECT file_id FROM freed"#,
        file.0,
        fence,
        now,
        patience == Patience::PassesOver,
    )
    .fetch_optional(db)
    .await?;
    Ok(done.is_some())
}

/// Writes down the room whose lapsed check-outs are checked in, or that all are cancelled. Whether something else stood there;
/// the first time nothing does.
pub async fn set_policy(db: &mut PgConnection, room: Option<Dialect>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"WITH said AS (
            INSERT INTO lapse_policy (room) VALUES ($1::text)
            ON CONFLICT (singleton) DO UPDATE SET room = excluded.room
        )
        -- as it stood before
        SELECT EXISTS (SELECT FROM lapse_policy WHERE room IS DISTINCT FROM $1) AS "is_another!""#,
        room as Option<Dialect>,
    )
    .fetch_one(db)
    .await
}

/// The file whose lock has this uuid, if it is held.
pub async fn file_by_uuid(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    uuid: Uuid,
) -> sqlx::Result<Option<ItemId>> {
    sqlx::query_scalar!(
        r#"SELECT file_id AS "file: ItemId" FROM locks
        WHERE lock_uuid = $2 AND closed_at IS NULL AND (expires_at IS NULL OR expires_at > coalesce($1::timestamptz, now()))"#,
        now,
        uuid,
    )
    .fetch_optional(db)
    .await
}

/// Sets when the caller's own lock ends; counts from now. That of a file that was never checked in never ends by itself, so
/// that nobody is left with a file that they alone see and do not hold. `None`: the lock is not the caller's (any more).
pub async fn refresh(
    db: &mut PgConnection,
    permit: &Permit,
    library: LibraryId,
    uuid: Uuid,
    lifetime: Option<chrono::Duration>,
    act: &Act,
) -> sqlx::Result<Option<LockRow>> {
    sqlx::query_as!(
        LockRow,
        r#"WITH refreshed AS (
            UPDATE locks SET revision = revision + 1, taken_at = coalesce($3, now()),
                expires_at = CASE WHEN EXISTS (SELECT FROM items i WHERE i.id = $1 AND i.unpublished_by IS NOT NULL) THEN NULL
                    ELSE coalesce($3, now()) + $5::interval END
            WHERE file_id = $1 AND closed_at IS NULL AND holder_id = $2::uuid AND lock_uuid = $4
                AND (expires_at IS NULL OR expires_at > coalesce($3::timestamptz, now()))
            RETURNING *
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, fence, request_id)
            SELECT taken_at, $2, $6, 'refresh', 'done', $7, file_id, fence, $8 FROM refreshed
        )
        SELECT fence, holder_id AS "holder!: PrincipalId", mode AS "mode!: Mode", dialect AS "dialect!: Dialect",
            taken_at AS "taken_at!", expires_at, lock_uuid AS "lock_uuid!", number AS "number!",
            draft_number AS "draft_number!", owner_text AS "owner_text!", comment
        FROM refreshed"#,
        permit.item().0,
        permit.actor().map(|actor| actor.0),
        act.now,
        uuid,
        lifetime as Option<chrono::Duration>,
        permit.dialect() as Dialect,
        library.0,
        act.request,
    )
    .fetch_optional(db)
    .await
}

/// What was decided on files below a folder is decided again: they are in another library now, or below other locks.
pub async fn decide_again(db: &mut PgConnection, folder: ItemId) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE locks k SET revision = k.revision + 1 FROM items i WHERE k.file_id = i.id AND i.ancestors @> ARRAY[$1::uuid]",
        folder.0,
    )
    .execute(db)
    .await?;
    Ok(())
}
