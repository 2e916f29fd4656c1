//! The one lock of a file: taking, releasing and refreshing it, each one conditional statement together with its event.
//! The database decides a race; nothing here looks first and writes then.

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};
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

/// Taking or releasing the lock of one file, to be done together with others of other files.
#[derive(Clone, Debug)]
pub struct Change {
    /// Who may, and on which file.
    pub permit: Permit,
    /// The file's library.
    pub library: LibraryId,
    /// Which of the two.
    pub how: How,
    /// What the trail says of it.
    pub act: Act,
}

/// What is to become of a lock.
#[derive(Clone, Debug)]
pub enum How {
    /// It is taken, if nobody has it and its revision is still the one that was decided on.
    Take {
        /// Whose it becomes.
        holder: PrincipalId,
        /// As what.
        what: CheckOut,
        /// What was decided on: something was published since, or a folder above was locked, and nothing is done.
        revision: i64,
        /// Also from the holder itself, under this fence.
        own: Option<i64>,
    },
    /// It is released without publishing.
    Release {
        /// Only if this is the holder.
        named: Option<PrincipalId>,
        /// Only under this fence.
        fence: Option<i64>,
        /// The revision that was seen.
        revision: i64,
        /// Only if its revision is still that one, as when it is taken.
        bound: bool,
    },
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum Changed {
    /// The lock that was taken, or the one that is gone.
    Done(LockRow),
    /// Nothing was changed. The lock as it stands, if somebody holds it and its release was asked for.
    Not(Option<LockRow>),
    /// Somebody else is changing the file at this moment.
    Busy,
    /// Nothing was changed: there is a working copy, and with that it goes by itself ([`change_with_draft`]).
    HasDraft,
}

/// Takes and releases locks and notes it in the trail, each of them or not; no file twice. What has lapsed of the room `settles`
/// is not free while nothing says of that.
///
/// One statement, so one commit, for all of them. Rows that somebody else is changing are passed over and not waited for:
/// nobody has to wait for a stranger's file, and two nodes never for each other. What is noted gets its place in the feed at once,
/// if all that is there has one and nobody else gives places; else with the rest.
pub async fn change(db: &mut PgConnection, settles: Option<Dialect>, changes: &[Change]) -> sqlx::Result<Vec<Changed>> {
    change_all(db, settles, changes, false).await
}

/// Takes or releases one lock, and does with the working copy what belongs to that. One that a lapsed holder left behind is
/// rescued when the lock is taken. When it is released, the holder's own is dropped, somebody else's is rescued.
pub async fn change_with_draft(
    db: &mut PgConnection,
    settles: Option<Dialect>,
    change: &Change,
) -> sqlx::Result<Changed> {
    let mut transaction = db.begin().await?;
    let changed = change_all(&mut transaction, settles, std::slice::from_ref(change), true).await?.pop();
    if let Some(Changed::Done(lock)) = &changed {
        let file = change.permit.item();
        match change.how {
            How::Take { .. } => super::drafts::rescue(&mut transaction, file, None, change.act.now).await?,
            How::Release { .. } if change.permit.actor() == Some(lock.holder) => {
                super::drafts::discard(&mut transaction, file, lock.fence).await?;
            }
            How::Release { .. } => {
                super::drafts::rescue(&mut transaction, file, Some(lock.fence), change.act.now).await?;
            }
        }
    }
    transaction.commit().await?;
    Ok(changed.unwrap_or(Changed::Busy))
}

#[expect(clippy::too_many_lines, reason = "one statement")]
async fn change_all(
    db: &mut PgConnection,
    settles: Option<Dialect>,
    changes: &[Change],
    with_drafts: bool,
) -> sqlx::Result<Vec<Changed>> {
    let columns = Columns::of(changes);
    let rows = sqlx::query_as!(
        ChangedRow,
        r#"WITH asked AS MATERIALIZED (
            SELECT a.*, coalesce(a.at, now()) AS moment
            FROM unnest($2::int4[], $3::uuid[], $4::boolean[], $5::timestamptz[], $6::uuid[], $7::text[], $8::uuid[], $9::uuid[],
                $10::text[], $11::text[], $12::interval[], $13::uuid[], $14::text[], $15::bigint[], $16::bigint[], $17::uuid[],
                $18::bigint[], $19::boolean[], $20::boolean[], $21::boolean[])
                AS a (place, file_id, takes, at, actor_id, room, library_id, request_id, said, new_mode, lifetime, new_uuid,
                    new_owner_text, seen, own_fence, named_id, named_fence, anybody, reserved, bound)
        ), old AS MATERIALIZED (
            -- What was asked goes along: to be joined again, each would be compared with each
            SELECT a.*, k.revision, k.lapse_fence, k.fence, k.holder_id, k.mode, k.dialect, k.taken_at, k.expires_at, k.lock_uuid, k.number,
                k.draft_number, k.owner_text, k.comment, k.revision = a.seen AS is_as_seen,
                coalesce(CASE WHEN a.takes THEN k.closed_at IS NULL AND k.revision = a.seen
                    AND (k.holder_id IS NULL OR (k.holder_id = a.actor_id AND k.fence = a.own_fence)
                        OR (k.expires_at <= a.moment AND NOT coalesce(k.dialect = $1::text AND k.lapse_fence < k.fence, false)))
                ELSE k.closed_at IS NULL AND k.holder_id IS NOT NULL AND (k.expires_at IS NULL OR k.expires_at > a.moment)
                    AND (a.named_id IS NULL OR k.holder_id = a.named_id)
                    AND (a.named_fence IS NULL OR k.fence = a.named_fence)
                    AND (NOT a.bound OR k.revision = a.seen)
                    AND (k.holder_id = a.actor_id OR a.anybody
                        OR (a.reserved AND k.mode = 'reservation' AND k.holder_id = a.named_id))
                END, false) AS is_to_change,
                -- not EXISTS, for which all drafts might be read at once
                NOT $22::boolean AND (SELECT true FROM drafts d WHERE d.file_id = k.file_id AND d.rescued_at IS NULL LIMIT 1) IS NOT NULL
                    AS has_draft
            FROM asked a JOIN locks k ON k.file_id = a.file_id
            FOR NO KEY UPDATE OF k SKIP LOCKED
        ), ended AS MATERIALIZED (
            SELECT last FROM feed WHERE NOT EXISTS (SELECT FROM events WHERE position IS NULL)
            FOR NO KEY UPDATE SKIP LOCKED
        ), changed AS (
            -- `k` is the row as this statement sees it. Where that is not the one that was locked, it is left alone: what changed
            -- it meanwhile says something in the feed that this does not see
            UPDATE locks k SET revision = k.revision + 1, fence = k.fence + old.takes::int,
                holder_id = CASE WHEN old.takes THEN old.actor_id END, mode = old.new_mode,
                dialect = CASE WHEN old.takes THEN old.room END, taken_at = CASE WHEN old.takes THEN old.moment END,
                expires_at = old.moment + old.lifetime, lock_uuid = old.new_uuid,
                number = CASE WHEN old.takes THEN nextval('numbers') END,
                draft_number = CASE WHEN old.takes THEN nextval('numbers') END,
                owner_text = old.new_owner_text, comment = CASE WHEN old.takes THEN old.said END
            FROM old WHERE k.file_id = old.file_id AND k.revision = old.revision AND k.lapse_fence = old.lapse_fence
                AND old.is_to_change AND NOT old.has_draft
            RETURNING old.place, old.takes, k.file_id, k.fence, k.taken_at, k.expires_at, k.number, k.draft_number, old.moment,
                old.actor_id, old.room, CASE WHEN NOT old.takes THEN old.holder_id END AS released_id,
                CASE WHEN old.takes OR old.is_as_seen THEN old.library_id END AS library_id, old.said, old.request_id
        ), noted AS (
            INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, fence, holder_id, comment, request_id,
                position)
            SELECT c.moment, c.actor_id, c.room, CASE WHEN c.takes THEN 'check_out' ELSE 'cancel' END, 'done',
                -- what was looked at before may have been moved to another library since
                coalesce(c.library_id, (SELECT i.library_id FROM items i WHERE i.id = c.file_id)),
                c.file_id, c.fence, c.released_id, c.said, c.request_id,
                -- places of those that were refused stay empty
                ended.last + 1 + c.place
            FROM changed c LEFT JOIN ended ON true
        ), raised AS (
            UPDATE feed SET last = ended.last + cardinality($2) FROM ended WHERE EXISTS (SELECT FROM changed)
        )
        SELECT old.place AS "place!", c.place IS NOT NULL AS "is_done!", old.has_draft AS "has_draft!",
            old.is_to_change AS "is_to_change!",
            (old.holder_id IS NOT NULL AND (old.expires_at IS NULL OR old.expires_at > old.moment)) AS "is_held!",
            coalesce(c.fence, old.fence) AS "fence!",
            CASE WHEN c.takes THEN old.actor_id ELSE old.holder_id END AS "holder?: PrincipalId",
            CASE WHEN c.takes THEN old.new_mode ELSE old.mode END AS "mode?: Mode",
            CASE WHEN c.takes THEN old.room ELSE old.dialect END AS "dialect?: Dialect",
            CASE WHEN c.takes THEN c.taken_at ELSE old.taken_at END AS "taken_at?",
            CASE WHEN c.takes THEN c.expires_at ELSE old.expires_at END AS "expires_at?",
            CASE WHEN c.takes THEN old.new_uuid ELSE old.lock_uuid END AS "lock_uuid?",
            CASE WHEN c.takes THEN c.number ELSE old.number END AS "number?",
            CASE WHEN c.takes THEN c.draft_number ELSE old.draft_number END AS "draft_number?",
            CASE WHEN c.takes THEN old.new_owner_text ELSE old.owner_text END AS "owner_text?",
            CASE WHEN c.takes THEN old.said ELSE old.comment END AS "comment?"
        FROM old LEFT JOIN changed c ON c.place = old.place"#,
        settles as Option<Dialect>,
        &columns.places,
        &columns.files,
        &columns.takes,
        &columns.moments as &[Option<DateTime<Utc>>],
        &columns.actors as &[Option<Uuid>],
        &columns.rooms as &[Dialect],
        &columns.libraries,
        &columns.requests as &[Option<Uuid>],
        &columns.said as &[Option<&str>],
        &columns.modes as &[Option<Mode>],
        &columns.lifetimes as &[Option<chrono::Duration>],
        &columns.lock_uuids as &[Option<Uuid>],
        &columns.owner_texts as &[Option<&str>],
        &columns.revisions,
        &columns.own_fences as &[Option<i64>],
        &columns.named as &[Option<Uuid>],
        &columns.fences as &[Option<i64>],
        &columns.anybody,
        &columns.reserved,
        &columns.bound,
        with_drafts,
    )
    .fetch_all(db)
    .await?;
    // a row that was passed over is not among them
    let mut changed = vec![Changed::Busy; changes.len()];
    for row in rows {
        if let Some(one) = usize::try_from(row.place).ok().and_then(|place| changed.get_mut(place)) {
            *one = Changed::from(row);
        }
    }
    Ok(changed)
}

/// What the statement answers for each change that it reached.
#[expect(clippy::struct_excessive_bools, reason = "the columns of the statement")]
struct ChangedRow {
    place: i32,
    is_done: bool,
    has_draft: bool,
    is_to_change: bool,
    is_held: bool,
    fence: i64,
    holder: Option<PrincipalId>,
    mode: Option<Mode>,
    dialect: Option<Dialect>,
    taken_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    lock_uuid: Option<Uuid>,
    number: Option<i64>,
    draft_number: Option<i64>,
    owner_text: Option<String>,
    comment: Option<String>,
}

impl ChangedRow {
    /// The lock that was taken, else the one that was there.
    fn lock(self) -> Option<LockRow> {
        Some(LockRow {
            fence: self.fence,
            holder: self.holder?,
            mode: self.mode?,
            dialect: self.dialect?,
            taken_at: self.taken_at?,
            expires_at: self.expires_at,
            lock_uuid: self.lock_uuid?,
            number: self.number?,
            draft_number: self.draft_number?,
            owner_text: self.owner_text?,
            comment: self.comment,
        })
    }
}

impl From<ChangedRow> for Changed {
    fn from(row: ChangedRow) -> Self {
        let (is_done, is_held) = (row.is_done, row.is_held);
        match (row.is_to_change, row.has_draft) {
            (true, true) => return Changed::HasDraft,
            // somebody changed it between the statement's beginning and its lock
            (true, false) if !is_done => return Changed::Busy,
            (true | false, _) => {}
        }
        match row.lock() {
            Some(lock) if is_done => Changed::Done(lock),
            lock => Changed::Not(lock.filter(|_| is_held)),
        }
    }
}

/// The columns of several changes, as the statement takes them.
#[derive(Default)]
struct Columns<'a> {
    places: Vec<i32>,
    files: Vec<Uuid>,
    takes: Vec<bool>,
    moments: Vec<Option<DateTime<Utc>>>,
    actors: Vec<Option<Uuid>>,
    rooms: Vec<Dialect>,
    libraries: Vec<Uuid>,
    requests: Vec<Option<Uuid>>,
    said: Vec<Option<&'a str>>,
    modes: Vec<Option<Mode>>,
    lifetimes: Vec<Option<chrono::Duration>>,
    lock_uuids: Vec<Option<Uuid>>,
    owner_texts: Vec<Option<&'a str>>,
    revisions: Vec<i64>,
    own_fences: Vec<Option<i64>>,
    named: Vec<Option<Uuid>>,
    fences: Vec<Option<i64>>,
    anybody: Vec<bool>,
    reserved: Vec<bool>,
    bound: Vec<bool>,
}

impl<'a> Columns<'a> {
    fn of(changes: &'a [Change]) -> Self {
        let mut columns = Self::default();
        for (place, change) in (0..).zip(changes) {
            columns.add(place, change);
        }
        columns
    }

    fn add(&mut self, place: i32, change: &'a Change) {
        let Change { permit, library, how, act } = change;
        let taken = match how {
            How::Take { holder, what, own, .. } => Some((*holder, what, *own)),
            How::Release { .. } => None,
        };
        let (named, fence, revision, bound) = match how {
            How::Take { revision, .. } => (None, None, *revision, true),
            How::Release { named, fence, revision, bound } => (*named, *fence, *revision, *bound),
        };
        self.places.push(place);
        self.files.push(permit.item().0);
        self.takes.push(taken.is_some());
        self.moments.push(act.now);
        self.actors.push(taken.map(|(holder, ..)| holder).or(permit.actor()).map(|actor| actor.0));
        self.rooms.push(permit.dialect());
        self.libraries.push(library.0);
        self.requests.push(act.request);
        self.said.push(act.comment.as_deref());
        self.modes.push(taken.map(|(_, what, ..)| what.mode));
        self.lifetimes.push(taken.and_then(|(_, what, ..)| what.lifetime));
        self.lock_uuids.push(taken.map(|_| LockId::fresh().0));
        self.owner_texts.push(taken.map(|(_, what, ..)| what.owner_text.as_str()));
        self.revisions.push(revision);
        self.own_fences.push(taken.and_then(|(.., own)| own));
        self.named.push(named.map(|named| named.0));
        self.fences.push(fence);
        self.anybody.push(permit.over() == Over::Anybody);
        self.reserved.push(permit.over() == Over::NamedReservation);
        self.bound.push(bound);
    }
}

/// Waits until nobody is changing this file's row any more.
pub async fn wait(db: &mut PgConnection, file: ItemId) -> sqlx::Result<()> {
    sqlx::query!("SELECT file_id FROM locks WHERE file_id = $1 FOR NO KEY UPDATE", file.0).fetch_optional(db).await?;
    Ok(())
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
            SELECT taken_at, $2, $6, 'refresh', 'done', coalesce((SELECT i.library_id FROM items i WHERE i.id = $1), $7), file_id,
                fence, $8 FROM refreshed
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
