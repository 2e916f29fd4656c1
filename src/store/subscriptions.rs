//! Subscriptions: one row each, with the place in the feed up to which its subscriber has been told. Who is about to tell
//! somebody has the row for a while; whoever had it last is the only one who can note what came of it.

use chrono::{DateTime, Duration, Utc};
use sqlx::PgConnection;

use crate::domain::{
    actor::Reach,
    id::{GrantId, LibraryId, PrincipalId, SubscriptionId, TokenId},
    subscription::{NewSubscription, Subscription, SubscriptionChange},
};

/// Whose a token is, and where it came from.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct CredentialRow {
    pub token: TokenId,
    pub grant: Option<GrantId>,
    pub principal: PrincipalId,
    pub application: Option<PrincipalId>,
}

/// The token with this digest, unless it is revoked. Until the transaction ends nobody revokes it.
pub async fn hold_credential(db: &mut PgConnection, digest: &[u8; 32]) -> sqlx::Result<Option<CredentialRow>> {
    sqlx::query_as!(
        CredentialRow,
        r#"SELECT id AS "token: TokenId", grant_id AS "grant: GrantId", principal_id AS "principal: PrincipalId",
            application_id AS "application: PrincipalId"
        FROM tokens WHERE digest = $1 AND revoked_at IS NULL FOR SHARE"#,
        &digest[..],
    )
    .fetch_optional(db)
    .await
}

/// How many living ones there are of who bears the token, made through the same application.
pub async fn count(db: &mut PgConnection, digest: &[u8; 32], now: Option<DateTime<Utc>>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM subscriptions s JOIN tokens t ON t.digest = $1
        WHERE s.principal_id = t.principal_id AND s.application_id IS NOT DISTINCT FROM t.application_id
            AND s.expires_at > coalesce($2::timestamptz, now())"#,
        &digest[..],
        now,
    )
    .fetch_one(db)
    .await
}

/// Makes a subscription whose subscriber knows everything up to a place in the feed.
pub async fn create(
    db: &mut PgConnection,
    id: SubscriptionId,
    of: &CredentialRow,
    reach: Reach,
    new: &NewSubscription,
    position: i64,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO subscriptions (id, principal_id, application_id, token_id, grant_id, read_reach, library_id, resource,
            notification_url, client_state, origin, created_at, expires_at, position, next_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, coalesce($14::timestamptz, now()), $12, $13,
            coalesce($14, now()))",
        id.0,
        of.principal.0,
        of.application.map(|application| application.0),
        of.token.0,
        of.grant.map(|grant| grant.0),
        reach as Reach,
        new.library.0,
        new.resource,
        new.notification_url,
        new.client_state,
        new.origin,
        new.expires_at,
        position,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Living subscriptions of who bears the token, made through the same application, in the order they were made: all, or the
/// one that is named.
pub async fn of_bearer(
    db: &mut PgConnection,
    digest: &[u8; 32],
    only: Option<SubscriptionId>,
    offset: i64,
    limit: i64,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Vec<Subscription>> {
    sqlx::query_as!(
        Subscription,
        r#"SELECT s.id AS "id: SubscriptionId", s.resource, s.notification_url, s.client_state, s.expires_at,
            coalesce(a.client_id, o.client_id) AS application, p.graph_id AS creator
        FROM subscriptions s JOIN tokens t ON t.digest = $1 JOIN principals p ON p.id = s.principal_id
            LEFT JOIN applications a ON a.id = s.application_id LEFT JOIN applications o ON o.id = s.principal_id
        WHERE s.principal_id = t.principal_id AND s.application_id IS NOT DISTINCT FROM t.application_id
            AND s.expires_at > coalesce($2::timestamptz, now()) AND ($3::uuid IS NULL OR s.id = $3)
        ORDER BY s.created_at, s.id OFFSET $4 LIMIT $5"#,
        &digest[..],
        now,
        only.map(|only| only.0),
        offset,
        limit,
    )
    .fetch_all(db)
    .await
}

/// Changes a living subscription of whose credential this is, which from now on is the one it was made with. `false`: there
/// is none.
pub async fn change(
    db: &mut PgConnection,
    id: SubscriptionId,
    of: &CredentialRow,
    reach: Reach,
    change: &SubscriptionChange,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE subscriptions SET token_id = $4, grant_id = $5, read_reach = $6, expires_at = coalesce($7, expires_at),
            notification_url = coalesce($8, notification_url),
            -- at another address nothing has been tried yet
            failures = CASE WHEN $8::text IS NULL THEN failures ELSE 0 END,
            failing_since = CASE WHEN $8 IS NULL THEN failing_since END,
            next_at = CASE WHEN $8 IS NULL OR failing_since IS NULL THEN next_at ELSE coalesce($9::timestamptz, now()) END
        WHERE id = $1 AND principal_id = $2 AND application_id IS NOT DISTINCT FROM $3::uuid
            AND expires_at > coalesce($9, now())",
        id.0,
        of.principal.0,
        of.application.map(|application| application.0),
        of.token.0,
        of.grant.map(|grant| grant.0),
        reach as Reach,
        change.expires_at,
        change.notification_url,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends a living subscription of who bears the token, made through the same application. `false`: there is none.
pub async fn delete(
    db: &mut PgConnection,
    digest: &[u8; 32],
    id: SubscriptionId,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM subscriptions s USING tokens t WHERE t.digest = $1 AND s.id = $2 AND s.principal_id = t.principal_id
            AND s.application_id IS NOT DISTINCT FROM t.application_id AND s.expires_at > coalesce($3::timestamptz, now())",
        &digest[..],
        id.0,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends what was made with a token. A statement of its own after that is revoked: whoever was about to make one more was
/// waited for, and this sees it. So are the next two.
pub async fn end_of_token(db: &mut PgConnection, token: TokenId) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM subscriptions WHERE token_id = $1", token.0).execute(db).await?;
    Ok(())
}

/// Ends what was made with tokens that came from grants.
pub async fn end_of_grants(db: &mut PgConnection, grants: &[GrantId]) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM subscriptions WHERE grant_id = ANY ($1)", grants as &[GrantId]).execute(db).await?;
    Ok(())
}

/// Ends what somebody made with any token but an administrator's.
pub async fn end_of_issued(db: &mut PgConnection, principal: PrincipalId) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM subscriptions s WHERE s.principal_id = $1
            AND NOT EXISTS (SELECT FROM tokens t WHERE t.id = s.token_id AND NOT t.issued)",
        principal.0,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets what has ended by itself.
pub async fn sweep(db: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM subscriptions WHERE expires_at <= $1", now).execute(db).await?;
    Ok(())
}

/// One time that somebody is at a subscription, for what happened up to a place in the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Errand {
    pub id: SubscriptionId,
    pub turn: i64,
    /// The highest place when it was begun.
    pub until: i64,
}

/// Takes subscriptions in whose libraries something has happened that is not told yet, so many at most, for as long as
/// `lease`. Of many who try each gets others.
pub async fn claim(
    db: &mut PgConnection,
    limit: i64,
    lease: Duration,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Vec<Errand>> {
    sqlx::query_as!(
        Errand,
        r#"WITH due AS MATERIALIZED (
            SELECT s.id FROM subscriptions s
            WHERE s.next_at <= coalesce($3::timestamptz, now()) AND s.expires_at > coalesce($3, now())
                AND (EXISTS (SELECT FROM events v
                        WHERE v.library_id = s.library_id AND v.position > s.position AND v.position > 0)
                    OR EXISTS (SELECT FROM events v
                        WHERE v.from_library_id = s.library_id AND v.position > s.position AND v.position > 0))
            ORDER BY s.next_at LIMIT $1 FOR NO KEY UPDATE OF s SKIP LOCKED
        )
        UPDATE subscriptions s SET turn = s.turn + 1, next_at = coalesce($3, now()) + $2::interval
        FROM due, feed WHERE s.id = due.id
        RETURNING s.id AS "id: SubscriptionId", s.turn, feed.last AS until"#,
        limit,
        lease as Duration,
        now,
    )
    .fetch_all(db)
    .await
}

/// What is to be known of a subscription that somebody is at.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Claimed {
    pub principal: PrincipalId,
    pub read_reach: Reach,
    pub library: LibraryId,
    pub subscription: Subscription,
    pub origin: String,
    pub position: i64,
    pub failures: i32,
    /// For how many seconds it could not be told.
    pub failing_for: f64,
}

/// The subscription of an errand. `None`: it has ended, or somebody else is at it.
pub async fn claimed(
    db: &mut PgConnection,
    errand: Errand,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Option<Claimed>> {
    let row = sqlx::query!(
        r#"SELECT s.id AS "id: SubscriptionId", s.resource, s.notification_url, s.client_state, s.expires_at,
            coalesce(a.client_id, o.client_id) AS application, p.graph_id AS creator,
            s.principal_id AS "principal: PrincipalId", s.read_reach AS "read_reach: Reach",
            s.library_id AS "library: LibraryId", s.origin, s.position, s.failures,
            coalesce(extract(epoch FROM coalesce($3::timestamptz, now()) - s.failing_since), 0)::float8 AS "failing_for!"
        FROM subscriptions s JOIN principals p ON p.id = s.principal_id
            LEFT JOIN applications a ON a.id = s.application_id LEFT JOIN applications o ON o.id = s.principal_id
        WHERE s.id = $1 AND s.turn = $2 AND s.expires_at > coalesce($3, now())"#,
        errand.id.0,
        errand.turn,
        now,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Claimed {
        principal: row.principal,
        read_reach: row.read_reach,
        library: row.library,
        subscription: Subscription {
            id: row.id,
            resource: row.resource,
            notification_url: row.notification_url,
            client_state: row.client_state,
            expires_at: row.expires_at,
            application: row.application,
            creator: row.creator,
        },
        origin: row.origin,
        position: row.position,
        failures: row.failures,
        failing_for: row.failing_for,
    }))
}

/// Notes that the subscriber has been told of everything up to a place, or that there is nothing to tell of it.
pub async fn told(
    db: &mut PgConnection,
    errand: Errand,
    position: i64,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE subscriptions SET position = greatest(position, $3), next_at = coalesce($4::timestamptz, now()),
            failures = 0, failing_since = NULL
        WHERE id = $1 AND turn = $2",
        errand.id.0,
        errand.turn,
        position,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that the subscriber could not be told, and is to be told after `wait`.
pub async fn not_told(
    db: &mut PgConnection,
    errand: Errand,
    wait: Duration,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE subscriptions SET failures = failures + 1,
            failing_since = coalesce(failing_since, $4::timestamptz, now()), next_at = coalesce($4, now()) + $3::interval
        WHERE id = $1 AND turn = $2",
        errand.id.0,
        errand.turn,
        wait as Duration,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}
