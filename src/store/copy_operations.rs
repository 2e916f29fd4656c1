//! Copies that are made after their request was answered: asked for, begun, ended. The copy itself stands in `copies`; its
//! end here is of the same transaction, so that what is said to be made is there, and what was cut off can be begun again.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    actor::{Ceiling, Dialect, Mandate, Reach},
    copying::Failure,
    id::{CopyId, ItemId, LinkId, PrincipalId},
    item::OnConflict,
};

/// A copy that somebody wants.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Wanted {
    pub mandate: Mandate,
    pub dialect: Dialect,
    pub request: Option<Uuid>,
    pub source: ItemId,
    pub target: ItemId,
    pub name: String,
    pub on_conflict: OnConflict,
}

/// One time that a copy was begun: whoever began it later is the only one who may end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Errand {
    pub id: CopyId,
    pub attempt: i32,
}

/// What has become of a copy.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Operation {
    pub id: CopyId,
    pub attempt: i32,
    pub ended: bool,
    pub failure: Option<Failure>,
    /// Graph's ids of the copy and of its drive, once there is one.
    pub made: Option<String>,
    pub drive: Option<String>,
    /// Whether nobody is at it any more.
    pub lapsed: bool,
}

/// Notes a copy that is to be made, unless `most` of the same caller's are waiting already: `false`. `lease` in seconds.
pub async fn ask(
    db: &mut PgConnection,
    id: CopyId,
    secret: &[u8; 32],
    wanted: &Wanted,
    most: i64,
    lease: f64,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let link = wanted.mandate.link;
    let done = sqlx::query!(
        "INSERT INTO copy_operations (id, secret, actor_id, dialect, request_id, read_reach, write_reach, source_id, target_id,
            name, on_conflict, lease_until, asked_at, link_id, link_changed_at)
        SELECT $1::uuid, $2::bytea, $3::uuid, $4::text, $5::uuid, $6::text, $7::text, $8::uuid, $9::uuid, $10::text,
            $11::text, coalesce($12::timestamptz, now()) + make_interval(secs => $13), coalesce($12, now()),
            $15::uuid, $16::timestamptz
        WHERE (SELECT count(*) FROM copy_operations o WHERE o.actor_id = $3 AND o.ended_at IS NULL) < $14",
        id.0,
        &secret[..],
        wanted.mandate.principal.0,
        wanted.dialect as Dialect,
        wanted.request,
        wanted.mandate.ceiling.read as Reach,
        wanted.mandate.ceiling.write as Reach,
        wanted.source.0,
        wanted.target.0,
        wanted.name,
        wanted.on_conflict as OnConflict,
        now,
        lease,
        most,
        link.map(|(link, _)| link.0),
        link.map(|(_, changed_at)| changed_at),
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Begins what was begun `attempt` times before, and has it for so many seconds. `None`: somebody else has begun it since,
/// or it has ended.
pub async fn begin(
    db: &mut PgConnection,
    id: CopyId,
    attempt: i32,
    lease: f64,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Option<Wanted>> {
    let row = sqlx::query!(
        r#"UPDATE copy_operations
        SET attempt = attempt + 1, lease_until = coalesce($3::timestamptz, now()) + make_interval(secs => $4)
        WHERE id = $1 AND attempt = $2 AND ended_at IS NULL
        RETURNING actor_id AS "actor: PrincipalId", dialect AS "dialect: Dialect", request_id AS request,
            read_reach AS "read: Reach", write_reach AS "write: Reach", source_id AS "source: ItemId",
            target_id AS "target: ItemId", name, on_conflict AS "on_conflict: OnConflict", link_id AS "link: LinkId",
            link_changed_at"#,
        id.0,
        attempt,
        now,
        lease,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Wanted {
        mandate: Mandate {
            principal: row.actor,
            ceiling: Ceiling { read: row.read, write: row.write },
            link: row.link.zip(row.link_changed_at),
        },
        dialect: row.dialect,
        request: row.request,
        source: row.source,
        target: row.target,
        name: row.name,
        on_conflict: row.on_conflict,
    }))
}

/// Ends a copy with what was made, in the transaction that makes it. `false`: somebody else has begun it since, or it has
/// ended; then nothing must be made.
pub async fn finish(
    db: &mut PgConnection,
    errand: Errand,
    made: ItemId,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE copy_operations SET ended_at = coalesce($4::timestamptz, now()), made_id = $3
        WHERE id = $1 AND attempt = $2 AND ended_at IS NULL",
        errand.id.0,
        errand.attempt,
        made.0,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends a copy that cannot be made. It has no effect where [`finish`] would have none.
pub async fn fail(
    db: &mut PgConnection,
    errand: Errand,
    failure: Failure,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE copy_operations SET ended_at = coalesce($4::timestamptz, now()), failure = $3
        WHERE id = $1 AND attempt = $2 AND ended_at IS NULL",
        errand.id.0,
        errand.attempt,
        failure as Failure,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Leaves a copy to whoever comes next. It has no effect where [`finish`] would have none.
pub async fn let_go(db: &mut PgConnection, errand: Errand, now: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE copy_operations SET lease_until = coalesce($3::timestamptz, now())
        WHERE id = $1 AND attempt = $2 AND ended_at IS NULL",
        errand.id.0,
        errand.attempt,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes a copy that nobody is at any more, to begin it within so many seconds. Of many who try exactly one gets it.
pub async fn claim(db: &mut PgConnection, id: CopyId, lease: f64, now: Option<DateTime<Utc>>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE copy_operations SET lease_until = coalesce($2::timestamptz, now()) + make_interval(secs => $3)
        WHERE id = $1 AND ended_at IS NULL AND lease_until <= coalesce($2, now())",
        id.0,
        now,
        lease,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The copy that is watched with this secret, unless it ended more than `kept` seconds ago.
pub async fn by_secret(
    db: &mut PgConnection,
    secret: &[u8; 32],
    kept: f64,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Option<Operation>> {
    sqlx::query_as!(
        Operation,
        r#"SELECT o.id AS "id: CopyId", o.attempt, o.ended_at IS NOT NULL AS "ended!", o.failure AS "failure: Failure",
            i.graph_id AS "made?", l.graph_id AS "drive?", o.lease_until <= coalesce($2::timestamptz, now()) AS "lapsed!"
        FROM copy_operations o LEFT JOIN items i ON i.id = o.made_id LEFT JOIN libraries l ON l.id = i.library_id
        WHERE o.secret = $1
            AND (o.ended_at IS NULL OR o.ended_at > coalesce($2, now()) - make_interval(secs => $3))"#,
        &secret[..],
        now,
        kept,
    )
    .fetch_optional(db)
    .await
}

/// Copies that nobody is at any more; at most so many.
pub async fn lapsed(db: &mut PgConnection, limit: i64, now: Option<DateTime<Utc>>) -> sqlx::Result<Vec<Errand>> {
    sqlx::query_as!(
        Errand,
        r#"SELECT id AS "id: CopyId", attempt FROM copy_operations
        WHERE ended_at IS NULL AND lease_until <= coalesce($2::timestamptz, now()) ORDER BY lease_until LIMIT $1"#,
        limit,
        now,
    )
    .fetch_all(db)
    .await
}

/// Forgets what ended before.
pub async fn forget(db: &mut PgConnection, before: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM copy_operations WHERE ended_at < $1", before).execute(db).await?;
    Ok(())
}
