//! What callers present: tokens and sessions by their digests, wrong passwords counted, the epoch that says when what a
//! node remembers about callers is no longer true, and keys of our own.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    id::{GrantId, LibraryId, PrincipalId, SessionId, TokenId},
    page::Period,
};

/// The epochs: whatever was remembered under an earlier one may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epochs {
    /// Of accounts, tokens, passwords, people, libraries, categories.
    pub rights: i64,
    /// Of API sessions.
    pub sessions: i64,
}

/// The epochs there are now.
pub async fn epochs(db: &mut PgConnection) -> sqlx::Result<Epochs> {
    sqlx::query_as!(Epochs, "SELECT rights, sessions FROM epoch").fetch_one(db).await
}

/// Starts a new epoch of rights, in the transaction that makes something remembered untrue.
pub async fn start_rights_epoch(db: &mut PgConnection) -> sqlx::Result<Epochs> {
    sqlx::query_as!(Epochs, "UPDATE epoch SET rights = rights + 1, sessions = sessions + 1 RETURNING rights, sessions")
        .fetch_one(db)
        .await
}

/// Starts a new epoch of sessions, in the transaction that ends one.
pub async fn start_session_epoch(db: &mut PgConnection) -> sqlx::Result<Epochs> {
    sqlx::query_as!(Epochs, "UPDATE epoch SET sessions = sessions + 1 RETURNING rights, sessions").fetch_one(db).await
}

/// The installation's own key of this name, if it was made.
pub async fn stored_secret(db: &mut PgConnection, name: &str) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!("SELECT value FROM secrets WHERE name = $1", name).fetch_optional(db).await
}

/// The installation's own key of this name; made from `fresh` by whoever comes first.
pub async fn secret(db: &mut PgConnection, name: &str, fresh: &[u8]) -> sqlx::Result<Vec<u8>> {
    sqlx::query!(
        "INSERT INTO secrets (name, value, created_at) VALUES ($1, $2, now()) ON CONFLICT (name) DO NOTHING",
        name,
        fresh,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query_scalar!("SELECT value FROM secrets WHERE name = $1", name).fetch_one(db).await
}

/// A token as it stands.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct TokenRow {
    pub id: TokenId,
    pub principal: PrincipalId,
    /// The application it was issued to, where one acts for somebody.
    pub application: Option<PrincipalId>,
    pub scopes: Vec<String>,
    pub label: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// Seconds until it ends, by the database's clock; not positive: its end has come.
    pub remaining: Option<f64>,
}

/// The token with this digest, dead or alive.
pub async fn token(db: &mut PgConnection, now: Option<DateTime<Utc>>, digest: &[u8]) -> sqlx::Result<Option<TokenRow>> {
    sqlx::query_as!(
        TokenRow,
        r#"SELECT id AS "id: TokenId", principal_id AS "principal: PrincipalId", application_id AS "application: PrincipalId",
            scopes, label, created_at, expires_at, revoked_at,
            extract(epoch FROM expires_at - coalesce($1::timestamptz, now()))::float8 AS remaining
        FROM tokens WHERE digest = $2"#,
        now,
        digest,
    )
    .fetch_optional(db)
    .await
}

/// The newest living token of a principal with this label.
pub async fn token_labelled(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    principal: PrincipalId,
    label: &str,
) -> sqlx::Result<Option<TokenRow>> {
    sqlx::query_as!(
        TokenRow,
        r#"SELECT id AS "id: TokenId", principal_id AS "principal: PrincipalId", application_id AS "application: PrincipalId",
            scopes, label, created_at, expires_at, revoked_at,
            extract(epoch FROM expires_at - coalesce($1::timestamptz, now()))::float8 AS remaining
        FROM tokens WHERE principal_id = $2 AND label = $3 AND revoked_at IS NULL
            AND (expires_at IS NULL OR expires_at > coalesce($1, now()))
        ORDER BY created_at DESC, id DESC LIMIT 1"#,
        now,
        principal.0,
        label,
    )
    .fetch_optional(db)
    .await
}

/// All tokens, newest first.
pub async fn tokens(db: &mut PgConnection, now: Option<DateTime<Utc>>) -> sqlx::Result<Vec<TokenRow>> {
    sqlx::query_as!(
        TokenRow,
        r#"SELECT id AS "id: TokenId", principal_id AS "principal: PrincipalId", application_id AS "application: PrincipalId",
            scopes, label, created_at, expires_at, revoked_at,
            extract(epoch FROM expires_at - coalesce($1::timestamptz, now()))::float8 AS remaining
        FROM tokens ORDER BY created_at DESC, id"#,
        now,
    )
    .fetch_all(db)
    .await
}

/// Remembers a token by its digest.
#[expect(clippy::too_many_arguments, reason = "one row")]
pub async fn create_token(
    db: &mut PgConnection,
    id: TokenId,
    digest: &[u8],
    principal: PrincipalId,
    application: Option<PrincipalId>,
    scopes: &[String],
    label: &str,
    expires_at: Option<DateTime<Utc>>,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO tokens (id, digest, principal_id, application_id, scopes, label, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, coalesce($8::timestamptz, now()), $7)
        ON CONFLICT (digest) DO UPDATE SET scopes = excluded.scopes, label = excluded.label, expires_at = excluded.expires_at,
            revoked_at = NULL",
        id.0,
        digest,
        principal.0,
        application.map(|application| application.0),
        scopes,
        label,
        expires_at,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A token to be issued, its text already drawn.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct NewIssued<'a> {
    pub id: TokenId,
    pub digest: [u8; 32],
    pub principal: PrincipalId,
    pub application: Option<PrincipalId>,
    pub scopes: &'a [String],
    pub label: &'a str,
    pub lifetime: chrono::Duration,
    pub grant: Option<GrantId>,
}

/// Remembers a token that its bearer has asked for by its digest, and forgets those of the same principal and label that
/// have had their time.
pub async fn issue_token(db: &mut PgConnection, new: &NewIssued<'_>, now: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH over AS (
            DELETE FROM tokens
            WHERE principal_id = $3 AND label = $6 AND issued AND expires_at <= coalesce($8::timestamptz, now())
        )
        INSERT INTO tokens (id, digest, principal_id, application_id, scopes, label, created_at, expires_at, issued, grant_id)
        VALUES ($1, $2, $3, $4, $5, $6, coalesce($8, now()), coalesce($8, now()) + $7::interval, true, $9)",
        new.id.0,
        &new.digest[..],
        new.principal.0,
        new.application.map(|application| application.0),
        new.scopes,
        new.label,
        new.lifetime as chrono::Duration,
        now,
        new.grant.map(|grant| grant.0),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Revokes what was issued to somebody: tokens, grants, and codes that would give more; ends what was subscribed to with them. Needs a transaction that holds them, so that none is issued meanwhile.
pub async fn revoke_issued(
    db: &mut PgConnection,
    principal: PrincipalId,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE tokens SET revoked_at = coalesce($2::timestamptz, now())
        WHERE principal_id = $1 AND issued AND revoked_at IS NULL",
        principal.0,
        now,
    )
    .execute(&mut *db)
    .await?;
    super::grants::revoke_all(db, Some(principal), None, now).await?;
    super::subscriptions::end_of_issued(db, principal).await
}

/// Revokes a token, and ends the subscriptions made with it; `false`: there is none, or it was revoked before.
pub async fn revoke_token(db: &mut PgConnection, id: TokenId, now: Option<DateTime<Utc>>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE tokens SET revoked_at = coalesce($2::timestamptz, now()) WHERE id = $1 AND revoked_at IS NULL",
        id.0,
        now,
    )
    .execute(&mut *db)
    .await?;
    super::subscriptions::end_of_token(db, id).await?;
    Ok(done.rows_affected() == 1)
}

/// An API session as it stands, if it lives.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct SessionRow {
    pub id: SessionId,
    pub user: PrincipalId,
    pub library: LibraryId,
}

/// A session to be opened.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct NewSession {
    pub id: SessionId,
    pub digest: [u8; 32],
    pub user: PrincipalId,
    pub library: LibraryId,
    pub address: Option<String>,
}

/// Opens a session. Needs a transaction in which the bearer's earlier one was ended: see [`end_sessions`].
pub async fn open_session(
    db: &mut PgConnection,
    new: &NewSession,
    lifetime: chrono::Duration,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO sessions (id, digest, user_id, library_id, created_at, expires_at, address)
        VALUES ($1, $2, $3, $4, coalesce($6::timestamptz, now()), coalesce($6, now()) + $5::interval, $7)",
        new.id.0,
        &new.digest,
        new.user.0,
        new.library.0,
        lifetime as chrono::Duration,
        now,
        new.address.as_deref(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The living session with this digest, which lives `lifetime` from now on; `None`: it is dead.
pub async fn use_session(
    db: &mut PgConnection,
    digest: &[u8],
    lifetime: chrono::Duration,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Option<SessionRow>> {
    sqlx::query_as!(
        SessionRow,
        r#"UPDATE sessions SET expires_at = coalesce($3::timestamptz, now()) + $2::interval
        WHERE digest = $1 AND ended_at IS NULL AND expires_at > coalesce($3, now())
        RETURNING id AS "id: SessionId", user_id AS "user: PrincipalId", library_id AS "library: LibraryId""#,
        digest,
        lifetime as chrono::Duration,
        now,
    )
    .fetch_optional(db)
    .await
}

/// Ends one session.
pub async fn end_session(db: &mut PgConnection, id: SessionId, now: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE sessions SET ended_at = coalesce($2::timestamptz, now()) WHERE id = $1 AND ended_at IS NULL",
        id.0,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends all sessions of a user or an application; answers whether there were any. Until the end of the transaction none is
/// opened for them, so that none slips past a change that ends them.
pub async fn end_sessions(db: &mut PgConnection, user: PrincipalId, now: Option<DateTime<Utc>>) -> sqlx::Result<bool> {
    super::directory::hold(db, user).await?;
    let ended = sqlx::query!(
        "UPDATE sessions SET ended_at = coalesce($2::timestamptz, now()) WHERE user_id = $1 AND ended_at IS NULL",
        user.0,
        now,
    )
    .execute(db)
    .await?;
    Ok(ended.rows_affected() > 0)
}

/// Who among these and, for groups, their members has a living session in a library.
pub async fn session_users(
    db: &mut PgConnection,
    library: LibraryId,
    among: &[PrincipalId],
) -> sqlx::Result<Vec<PrincipalId>> {
    sqlx::query_scalar!(
        r#"SELECT user_id AS "user: PrincipalId" FROM sessions WHERE library_id = $1 AND ended_at IS NULL
            AND (user_id = ANY ($2)
                OR user_id IN (SELECT m.principal_id FROM group_members m WHERE m.group_id = ANY ($2)))"#,
        library.0,
        among as &[PrincipalId],
    )
    .fetch_all(db)
    .await
}

/// Ends all sessions in a library.
pub async fn end_sessions_in(
    db: &mut PgConnection,
    library: LibraryId,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE sessions SET ended_at = coalesce($2::timestamptz, now()) WHERE library_id = $1 AND ended_at IS NULL",
        library.0,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets wrong passwords that no longer count since `failures_before`, and sessions dead since `sessions_before`, all but
/// each user's last: it says which workspace was entered last.
pub async fn sweep(
    db: &mut PgConnection,
    failures_before: DateTime<Utc>,
    sessions_before: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM login_failures WHERE last_failed_at < $1", failures_before).execute(&mut *db).await?;
    sqlx::query!(
        "DELETE FROM sessions s WHERE s.expires_at < $1
            AND EXISTS (SELECT FROM sessions n WHERE n.user_id = s.user_id AND (n.created_at, n.id) > (s.created_at, s.id))",
        sessions_before,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The workspace a user entered last.
pub async fn last_workspace(db: &mut PgConnection, user: PrincipalId) -> sqlx::Result<Option<LibraryId>> {
    sqlx::query_scalar!(
        r#"SELECT library_id AS "library: LibraryId" FROM sessions WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1"#,
        user.0,
    )
    .fetch_optional(db)
    .await
}

/// How often a credential was presented wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// For one login or link.
    pub login: i32,
    /// From one address within its `window`.
    pub address: i32,
}

/// Which failures are counted together.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// For so long they count.
    pub length: chrono::Duration,
    /// Those of a login follow each other less than a window apart; else, as always those of an address, all fall into the
    /// window that began with the first.
    pub in_a_row: bool,
}

/// The failures that count for a login or a link, and the address it is tried from.
pub async fn failures(
    db: &mut PgConnection,
    login_key: &str,
    address_key: Option<&str>,
    window: Window,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Failures> {
    sqlx::query_as!(
        Failures,
        r#"SELECT coalesce((SELECT failures FROM login_failures
                WHERE login_key = $1 AND CASE WHEN $5 THEN last_failed_at ELSE began_at END
                    > coalesce($4::timestamptz, now()) - $3::interval), 0) AS "login!",
            coalesce((SELECT failures FROM login_failures
                WHERE login_key = $2 AND began_at > coalesce($4, now()) - $3), 0) AS "address!""#,
        login_key,
        address_key,
        window.length as chrono::Duration,
        now,
        window.in_a_row,
    )
    .fetch_one(db)
    .await
}

/// Counts a failure for a login or a link and the address it was tried from; what no longer counts is forgotten.
pub async fn count_failure(
    db: &mut PgConnection,
    login_key: &str,
    address_key: Option<&str>,
    window: Window,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO login_failures AS f (login_key, failures, began_at, last_failed_at)
        SELECT key, 1, coalesce($4::timestamptz, now()), coalesce($4, now())
        FROM unnest(ARRAY[$1::text, $2::text]) WITH ORDINALITY AS k (key, place) WHERE key IS NOT NULL ORDER BY place
        ON CONFLICT (login_key) DO UPDATE SET (failures, began_at, last_failed_at) = (
            SELECT CASE WHEN counts THEN f.failures + 1 ELSE 1 END,
                CASE WHEN counts THEN f.began_at ELSE excluded.began_at END, excluded.last_failed_at
            FROM (SELECT CASE WHEN f.login_key = $2 OR NOT $5 THEN f.began_at ELSE f.last_failed_at END
                > excluded.last_failed_at - $3::interval AS counts) AS c)",
        login_key,
        address_key,
        window.length as chrono::Duration,
        now,
        window.in_a_row,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets the wrong passwords of a login after a right one.
pub async fn forget_failures(db: &mut PgConnection, login_key: &str) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM login_failures WHERE login_key = $1", login_key).execute(db).await?;
    Ok(())
}

/// A session as it was, or is.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct UserAccess {
    pub user: PrincipalId,
    pub opened_at: DateTime<Utc>,
    /// When it ended or lapsed; `None`: it lives.
    pub ended_at: Option<DateTime<Utc>>,
    /// For how long it has lived, in whole minutes.
    pub minutes: i64,
    pub address: Option<String>,
}

/// The sessions of a library, newest first. One that nobody ended ended when it lapsed, whatever noticed it later.
pub async fn user_accesses(
    db: &mut PgConnection,
    now: Option<DateTime<Utc>>,
    library: LibraryId,
    period: &Period,
) -> sqlx::Result<Vec<UserAccess>> {
    sqlx::query_as!(
        UserAccess,
        r#"SELECT s.user_id AS "user: PrincipalId", s.created_at AS opened_at, t.ended_at,
            floor(extract(epoch FROM coalesce(t.ended_at, $1, now()) - s.created_at) / 60)::bigint AS "minutes!", s.address
        FROM sessions s CROSS JOIN LATERAL (SELECT CASE WHEN s.ended_at IS NOT NULL OR s.expires_at <= coalesce($1::timestamptz, now())
            THEN least(s.ended_at, s.expires_at) END AS ended_at) t
        WHERE s.library_id = $2
            AND s.created_at >= coalesce($3::timestamptz, '-infinity') AND s.created_at < coalesce($4::timestamptz, 'infinity')
        ORDER BY s.created_at DESC, s.id DESC LIMIT $5 OFFSET $6"#,
        now,
        library.0,
        period.from,
        period.until,
        period.limit,
        period.offset,
    )
    .fetch_all(db)
    .await
}
