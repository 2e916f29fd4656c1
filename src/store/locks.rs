//! The one lock of a file: taking, releasing and refreshing it, each one conditional statement together with its event.
//! The database decides a race: what was decided on is named, and where that is not so any more nothing is done.

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::{Act, feed::Places};
use crate::domain::{
    actor::Dialect,
    id::{ItemId, LibraryId, LockId, PrincipalId},
    lock::{CheckOut, Mode},
    permission::Permit,
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
    /// The revision of the lock that was decided on. It rises with whatever happens to the file: where it is another one by now,
    /// nothing is done.
    pub revision: i64,
    /// Which of the two.
    pub how: How,
    /// What the trail says of it.
    pub act: Act,
}

/// What is to become of a lock.
#[derive(Clone, Debug)]
pub enum How {
    /// It is taken.
    Take {
        /// Whose it becomes.
        holder: PrincipalId,
        /// As what.
        what: CheckOut,
        /// From the holder itself, under this fence; else it must be free.
        own: Option<i64>,
    },
    /// It is released without publishing.
    Release {
        /// Whose it is.
        holder: PrincipalId,
        /// Under which fence.
        fence: i64,
    },
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum Changed {
    /// The lock is the one that was asked for.
    Taken(LockRow),
    /// The lock is gone.
    Released,
    /// It is not as it was decided on, or somebody else is changing it at this moment: nothing was changed.
    Not,
}

/// Takes and releases locks and notes it in the trail, each of them or not; no file twice. Nothing for locks that have lapsed and
/// are not ended yet, nor for working copies: those go by themselves ([`change_alone`]).
///
/// One statement, so one commit, for all of them. Rows that somebody else changes for longer than its
/// [patience](super::PATIENCE) are passed over: nobody has to wait for a stranger's file, and two nodes never for each other. What is
/// noted gets its place in the feed at once, if all that is there has one; else with the rest.
pub async fn change(db: &mut PgConnection, changes: &[Change]) -> sqlx::Result<Vec<Changed>> {
    match change_all(db, None, changes, Lapsed::Stay, Places::AtOnce).await {
        Err(error) if super::is_impatient(&error) => change_unclaimed(db, changes).await,
        done => done,
    }
}

/// The same for those whose rows nobody else is changing; nothing of it waits.
async fn change_unclaimed(db: &mut PgConnection, changes: &[Change]) -> sqlx::Result<Vec<Changed>> {
    let files: Vec<Uuid> = changes.iter().map(|change| change.permit.item().0).collect();
    let mut transaction = db.begin().await?;
    let unclaimed = sqlx::query_scalar!(
        "SELECT file_id FROM locks WHERE file_id = ANY ($1) FOR NO KEY UPDATE SKIP LOCKED",
        &files,
    )
    .fetch_all(&mut *transaction)
    .await?;
    let mut changed = vec![Changed::Not; changes.len()];
    let (places, those): (Vec<usize>, Vec<Change>) = (changes.iter().enumerate())
        .filter(|(_, change)| unclaimed.contains(&change.permit.item().0))
        .map(|(place, change)| (place, change.clone()))
        .unzip();
    let done = change_all(&mut transaction, None, &those, Lapsed::Stay, Places::Later).await?;
    for (place, done) in places.into_iter().zip(done) {
        if let Some(one) = changed.get_mut(place) {
            *one = done;
        }
    }
    transaction.commit().await?;
    Ok(changed)
}

/// Takes or releases one lock once nobody else is changing it, and does with the working copy what belongs to that. One that a
/// lapsed holder left behind is rescued when the lock is taken. When it is released, the holder's own is dropped, somebody else's is
/// rescued. A lock that has lapsed is free, but for those of the room `settles` while nothing says that they have.
pub async fn change_alone(db: &mut PgConnection, settles: Option<Dialect>, change: &Change) -> sqlx::Result<Changed> {
    let file = change.permit.item();
    let mut transaction = db.begin().await?;
    // what is seen from here on is what was there when the row was had
    wait(&mut transaction, file).await?;
    let changes = std::slice::from_ref(change);
    let changed = change_all(&mut transaction, settles, changes, Lapsed::Go, Places::AtOnce).await?.pop();
    let changed = changed.unwrap_or(Changed::Not);
    match (&changed, &change.how) {
        (Changed::Taken(_), _) => super::drafts::rescue(&mut transaction, file, None, change.act.now).await?,
        (Changed::Released, How::Release { holder, fence }) if change.permit.actor() == Some(*holder) => {
            super::drafts::discard(&mut transaction, file, *fence).await?;
        }
        (Changed::Released, How::Release { fence, .. }) => {
            super::drafts::rescue(&mut transaction, file, Some(*fence), change.act.now).await?;
        }
        (Changed::Released | Changed::Not, _) => {}
    }
    transaction.commit().await?;
    Ok(changed)
}

/// What is done with locks that have lapsed and are not ended yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lapsed {
    /// They are in the way.
    Stay,
    /// They are taken as if they were free.
    Go,
}

/// `$asked` gives the rows of what is asked, as `a`; `$many` is how many they are.
macro_rules! changing {
    ($asked:tt, $many:tt, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            ChangedRow,
            r#"WITH changed AS (
                UPDATE locks k SET revision = k.revision + 1, fence = k.fence + a.takes::int,
                    holder_id = CASE WHEN a.takes THEN a.holder_id END, mode = a.new_mode,
                    dialect = CASE WHEN a.takes THEN a.room END, taken_at = CASE WHEN a.takes THEN coalesce($1::timestamptz, now()) END,
                    expires_at = coalesce($1, now()) + a.lifetime, lock_uuid = a.new_uuid,
                    number = CASE WHEN a.takes THEN nextval('numbers') END,
                    draft_number = CASE WHEN a.takes THEN nextval('numbers') END,
                    owner_text = a.new_owner_text, comment = CASE WHEN a.takes THEN a.said END
                FROM "# + $asked + r#"
                WHERE k.file_id = a.file_id AND k.revision = a.seen AND k.closed_at IS NULL AND CASE
                    WHEN k.holder_id IS NULL THEN a.takes
                    -- one that has lapsed is no less its holder's to take anew
                    WHEN a.takes AND k.fence = a.held_fence THEN true
                    WHEN k.expires_at <= coalesce($1, now()) OR k.lapse_fence = k.fence
                        THEN a.takes AND $2::boolean AND NOT coalesce(k.dialect = $3::text AND k.lapse_fence < k.fence, false)
                    ELSE NOT a.takes AND k.fence = a.held_fence END
                RETURNING a.place, a.takes, a.actor_id, a.holder_id, a.room, a.library_id, a.said, a.request_id, k.file_id, k.fence,
                    k.taken_at, k.expires_at, k.number, k.draft_number
            ), numbered AS (
                -- Places of those that were refused stay empty
                UPDATE feed SET last = last + "# + $many + r#"
                WHERE $4::boolean AND EXISTS (SELECT FROM changed) AND NOT EXISTS (SELECT FROM events WHERE position IS NULL)
                RETURNING last - "# + $many + r#" AS before
            ), noted AS (
                INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, fence, holder_id, comment, request_id,
                    position)
                SELECT coalesce($1, now()), c.actor_id, c.room, CASE WHEN c.takes THEN 'check_out' ELSE 'cancel' END, 'done',
                    c.library_id, c.file_id, c.fence, CASE WHEN NOT c.takes THEN c.holder_id END, c.said, c.request_id,
                    numbered.before + c.place
                FROM changed c LEFT JOIN numbered ON true
            )
            SELECT place AS "place!", fence AS "fence!", taken_at AS "taken_at?", expires_at AS "expires_at?", number AS "number?",
                draft_number AS "draft_number?" FROM changed"#,
            $($argument),*
        )
    };
}

async fn change_all(
    db: &mut PgConnection,
    settles: Option<Dialect>,
    changes: &[Change],
    lapsed: Lapsed,
    places: Places,
) -> sqlx::Result<Vec<Changed>> {
    // asked at the same moment, so at the same one also where a clock says which
    let moment = changes.iter().filter_map(|change| change.act.now).max();
    let asked: Vec<Asked<'_>> = changes.iter().map(Asked::of).collect();
    let (goes, at_once) = (lapsed == Lapsed::Go, places == Places::AtOnce);
    let rows = if let [one] = asked.as_slice() {
        // a third off the time of one that comes alone: lists are dear to begin with
        changing!(
            r#"(SELECT $5::uuid AS file_id, $6::bigint AS seen, $7::boolean AS takes, $8::uuid AS actor_id, $9::uuid AS holder_id,
                $10::bigint AS held_fence, $11::text AS room, $12::uuid AS library_id, $13::uuid AS request_id, $14::text AS said,
                $15::text AS new_mode, $16::interval AS lifetime, $17::uuid AS new_uuid, $18::text AS new_owner_text,
                1::bigint AS place) AS a"#,
            "1",
            moment,
            goes,
            settles as Option<Dialect>,
            at_once,
            one.file,
            one.revision,
            one.takes,
            one.actor,
            one.holder,
            one.fence,
            one.room as Dialect,
            one.library,
            one.request,
            one.said,
            one.mode as Option<Mode>,
            one.lifetime as Option<chrono::Duration>,
            one.lock_uuid,
            one.owner_text,
        )
        .fetch_all(db)
        .await?
    } else {
        let columns = Columns::of(&asked);
        changing!(
            r#"unnest($5::uuid[], $6::bigint[], $7::boolean[], $8::uuid[], $9::uuid[], $10::bigint[], $11::text[], $12::uuid[],
                $13::uuid[], $14::text[], $15::text[], $16::interval[], $17::uuid[], $18::text[]) WITH ORDINALITY
                AS a (file_id, seen, takes, actor_id, holder_id, held_fence, room, library_id, request_id, said, new_mode, lifetime,
                    new_uuid, new_owner_text, place)"#,
            "cardinality($5)",
            moment,
            goes,
            settles as Option<Dialect>,
            at_once,
            &columns.files,
            &columns.revisions,
            &columns.takes,
            &columns.actors as &[Option<Uuid>],
            &columns.holders,
            &columns.fences as &[Option<i64>],
            &columns.rooms as &[Dialect],
            &columns.libraries,
            &columns.requests as &[Option<Uuid>],
            &columns.said as &[Option<&str>],
            &columns.modes as &[Option<Mode>],
            &columns.lifetimes as &[Option<chrono::Duration>],
            &columns.lock_uuids as &[Option<Uuid>],
            &columns.owner_texts as &[Option<&str>],
        )
        .fetch_all(db)
        .await?
    };
    let mut changed = vec![Changed::Not; changes.len()];
    for row in rows {
        let place = usize::try_from(row.place - 1).unwrap_or(usize::MAX);
        if let (Some(one), Some(change), Some(asked)) = (changed.get_mut(place), changes.get(place), asked.get(place)) {
            *one = row.of(change, asked);
        }
    }
    Ok(changed)
}

/// What the statement answers for each change that it made.
struct ChangedRow {
    place: i64,
    fence: i64,
    taken_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    number: Option<i64>,
    draft_number: Option<i64>,
}

impl ChangedRow {
    /// What became of the lock that this was asked of.
    fn of(self, change: &Change, asked: &Asked<'_>) -> Changed {
        let How::Take { holder, what, .. } = &change.how else { return Changed::Released };
        match (self.taken_at, self.number, self.draft_number, asked.lock_uuid) {
            (Some(taken_at), Some(number), Some(draft_number), Some(lock_uuid)) => Changed::Taken(LockRow {
                fence: self.fence,
                holder: *holder,
                mode: what.mode,
                dialect: change.permit.dialect(),
                taken_at,
                expires_at: self.expires_at,
                lock_uuid,
                number,
                draft_number,
                owner_text: what.owner_text.clone(),
                comment: change.act.comment.clone(),
            }),
            _ => Changed::Not,
        }
    }
}

/// A change as the statement takes it.
struct Asked<'a> {
    file: Uuid,
    revision: i64,
    takes: bool,
    actor: Option<Uuid>,
    holder: Uuid,
    fence: Option<i64>,
    room: Dialect,
    library: Uuid,
    request: Option<Uuid>,
    said: Option<&'a str>,
    mode: Option<Mode>,
    lifetime: Option<chrono::Duration>,
    lock_uuid: Option<Uuid>,
    owner_text: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn of(change: &'a Change) -> Self {
        let Change { permit, library, revision, how, act } = change;
        let (holder, fence, what) = match how {
            How::Take { holder, what, own } => (holder, *own, Some(what)),
            How::Release { holder, fence } => (holder, Some(*fence), None),
        };
        Self {
            file: permit.item().0,
            revision: *revision,
            takes: what.is_some(),
            actor: what.map(|_| holder.0).or(permit.actor().map(|actor| actor.0)),
            holder: holder.0,
            fence,
            room: permit.dialect(),
            library: library.0,
            request: act.request,
            said: act.comment.as_deref(),
            mode: what.map(|what| what.mode),
            lifetime: what.and_then(|what| what.lifetime),
            lock_uuid: what.map(|_| LockId::fresh().0),
            owner_text: what.map(|what| what.owner_text.as_str()),
        }
    }
}

/// The columns of several.
#[derive(Default)]
struct Columns<'a> {
    files: Vec<Uuid>,
    revisions: Vec<i64>,
    takes: Vec<bool>,
    actors: Vec<Option<Uuid>>,
    holders: Vec<Uuid>,
    fences: Vec<Option<i64>>,
    rooms: Vec<Dialect>,
    libraries: Vec<Uuid>,
    requests: Vec<Option<Uuid>>,
    said: Vec<Option<&'a str>>,
    modes: Vec<Option<Mode>>,
    lifetimes: Vec<Option<chrono::Duration>>,
    lock_uuids: Vec<Option<Uuid>>,
    owner_texts: Vec<Option<&'a str>>,
}

impl<'a> Columns<'a> {
    fn of(asked: &[Asked<'a>]) -> Self {
        let mut columns = Self::default();
        for one in asked {
            columns.files.push(one.file);
            columns.revisions.push(one.revision);
            columns.takes.push(one.takes);
            columns.actors.push(one.actor);
            columns.holders.push(one.holder);
            columns.fences.push(one.fence);
            columns.rooms.push(one.room);
            columns.libraries.push(one.library);
            columns.requests.push(one.request);
            columns.said.push(one.said);
            columns.modes.push(one.mode);
            columns.lifetimes.push(one.lifetime);
            columns.lock_uuids.push(one.lock_uuid);
            columns.owner_texts.push(one.owner_text);
        }
        columns
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
