//! Signing in through applications: what each may do there, what sign-ins gave, codes that are under way. Of everything
//! that is presented only digests are kept.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::{
    grant::Client,
    id::{GrantId, PrincipalId},
    name,
};

/// What an application may do where users sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct SignIn {
    pub public: bool,
    pub redirect_uris: Vec<String>,
    pub delegated: Vec<String>,
}

/// The application with this client id that is not disabled.
pub async fn client(db: &mut PgConnection, client_id: &str) -> sqlx::Result<Option<Client>> {
    if super::has_nul(client_id) {
        return Ok(None);
    }
    sqlx::query_as!(
        Client,
        r#"SELECT a.id AS "id: PrincipalId", a.client_id, p.name, a.public, a.redirect_uris, a.delegated
        FROM applications a JOIN principals p ON p.id = a.id WHERE lower(a.client_id) = $1 AND p.disabled_at IS NULL"#,
        name::key(client_id),
    )
    .fetch_optional(db)
    .await
}

/// What an application may do where users sign in; `None`: there is no such application.
pub async fn sign_in(db: &mut PgConnection, id: PrincipalId) -> sqlx::Result<Option<SignIn>> {
    sqlx::query_as!(SignIn, "SELECT public, redirect_uris, delegated FROM applications WHERE id = $1", id.0)
        .fetch_optional(db)
        .await
}

/// Sets what an application may do where users sign in; `false`: there is no such application. If it may ask for other things
/// than before, what it subscribed to for users ends.
pub async fn put_sign_in(db: &mut PgConnection, id: PrincipalId, what: &SignIn) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "WITH ended AS (
            DELETE FROM subscriptions s USING applications a
            WHERE a.id = $1 AND s.application_id = $1 AND a.delegated <> $4
        )
        UPDATE applications SET public = $2, redirect_uris = $3, delegated = $4 WHERE id = $1",
        id.0,
        what.public,
        &what.redirect_uris,
        &what.delegated,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A grant to be made.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct NewGrant<'a> {
    pub id: GrantId,
    pub principal: PrincipalId,
    pub application: PrincipalId,
    pub scopes: &'a [String],
    pub family: [u8; 32],
    pub digest: [u8; 32],
    pub lifetime: chrono::Duration,
}

/// Makes a grant.
pub async fn create(db: &mut PgConnection, new: &NewGrant<'_>, now: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO grants (id, principal_id, application_id, scopes, family, digest, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, coalesce($8::timestamptz, now()), coalesce($8, now()) + $7::interval)",
        new.id.0,
        new.principal.0,
        new.application.0,
        new.scopes,
        &new.family[..],
        &new.digest[..],
        new.lifetime as chrono::Duration,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A grant as it stands.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct GrantRow {
    pub id: GrantId,
    pub principal: PrincipalId,
    pub application: PrincipalId,
    pub scopes: Vec<String>,
    pub digest: Vec<u8>,
    pub former: Option<Vec<u8>>,
    pub revoked: bool,
    pub expired: bool,
    /// Whether the former refresh token was exchanged so lately that who lost the answer may ask again.
    pub lately: bool,
}

/// Whose grant a refresh token belongs to, for who wants to hold them first.
pub async fn bearer(db: &mut PgConnection, family: &[u8]) -> sqlx::Result<Option<PrincipalId>> {
    sqlx::query_scalar!(r#"SELECT principal_id AS "principal: PrincipalId" FROM grants WHERE family = $1"#, family)
        .fetch_optional(db)
        .await
}

/// The grant that a refresh token belongs to, dead or alive, held until the end of the transaction.
pub async fn presented(
    db: &mut PgConnection,
    family: &[u8],
    retry: chrono::Duration,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Option<GrantRow>> {
    sqlx::query_as!(
        GrantRow,
        r#"SELECT id AS "id: GrantId", principal_id AS "principal: PrincipalId", application_id AS "application: PrincipalId",
            scopes, digest, former, (revoked_at IS NOT NULL) AS "revoked!",
            (expires_at <= coalesce($3::timestamptz, now())) AS "expired!",
            coalesce(exchanged_at > coalesce($3, now()) - $2::interval, false) AS "lately!"
        FROM grants WHERE family = $1 FOR UPDATE"#,
        family,
        retry as chrono::Duration,
        now,
    )
    .fetch_optional(db)
    .await
}

/// Lets a grant live on from now; with another refresh token, if there is one.
pub async fn renew(
    db: &mut PgConnection,
    id: GrantId,
    successor: Option<&[u8; 32]>,
    lifetime: chrono::Duration,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE grants SET expires_at = coalesce($4::timestamptz, now()) + $3::interval,
            former = CASE WHEN $2::bytea IS NULL THEN former ELSE digest END,
            exchanged_at = CASE WHEN $2 IS NULL THEN exchanged_at ELSE coalesce($4, now()) END,
            digest = coalesce($2, digest)
        WHERE id = $1",
        id.0,
        successor.map(|digest| &digest[..]),
        lifetime as chrono::Duration,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Revokes a grant with the access tokens that came from it; `false`: it was revoked before, or is not there.
pub async fn revoke(db: &mut PgConnection, id: GrantId, now: Option<DateTime<Utc>>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE grants SET revoked_at = coalesce($2::timestamptz, now()) WHERE id = $1 AND revoked_at IS NULL",
        id.0,
        now,
    )
    .execute(&mut *db)
    .await?;
    revoke_tokens(db, &[id], now).await?;
    Ok(done.rows_affected() == 1)
}

/// Revokes the access tokens that came from grants, and ends the subscriptions made with them. A statement of its own after the grants are revoked: whoever was about
/// to issue one more from them was waited for, and this sees it.
async fn revoke_tokens(db: &mut PgConnection, grants: &[GrantId], now: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE tokens SET revoked_at = coalesce($2::timestamptz, now()) WHERE grant_id = ANY ($1) AND revoked_at IS NULL",
        grants as &[GrantId],
        now,
    )
    .execute(&mut *db)
    .await?;
    super::subscriptions::end_of_grants(db, grants).await
}

/// Revokes all that was given to somebody, or through an application, or to somebody through an application, and forgets
/// the codes that would give more; answers how many sign-ins have ended. Needs a transaction, and where it is about a user
/// one that holds them, so that they are given nothing meanwhile.
pub async fn revoke_all(
    db: &mut PgConnection,
    principal: Option<PrincipalId>,
    application: Option<PrincipalId>,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<u64> {
    let (principal, application) = (principal.map(|id| id.0), application.map(|id| id.0));
    sqlx::query!(
        "DELETE FROM authorization_codes WHERE spent_at IS NULL
            AND ($1::uuid IS NULL OR principal_id = $1) AND ($2::uuid IS NULL OR application_id = $2)",
        principal,
        application,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "DELETE FROM device_codes WHERE spent_at IS NULL AND principal_id IS NOT NULL
            AND ($1::uuid IS NULL OR principal_id = $1) AND ($2::uuid IS NULL OR application_id = $2)",
        principal,
        application,
    )
    .execute(&mut *db)
    .await?;
    let ended = sqlx::query_scalar!(
        r#"UPDATE grants SET revoked_at = coalesce($3::timestamptz, now()) WHERE revoked_at IS NULL
            AND ($1::uuid IS NULL OR principal_id = $1) AND ($2::uuid IS NULL OR application_id = $2)
        RETURNING id AS "id: GrantId""#,
        principal,
        application,
        now,
    )
    .fetch_all(&mut *db)
    .await?;
    revoke_tokens(db, &ended, now).await?;
    Ok(ended.len() as u64)
}

/// The grant that a token came from.
pub async fn of_token(db: &mut PgConnection, token: uuid::Uuid) -> sqlx::Result<Option<GrantId>> {
    let found = sqlx::query_scalar!(r#"SELECT grant_id AS "grant: GrantId" FROM tokens WHERE id = $1"#, token);
    Ok(found.fetch_optional(db).await?.flatten())
}

/// A code for a browser to carry.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct NewCode<'a> {
    pub digest: [u8; 32],
    pub principal: PrincipalId,
    pub application: PrincipalId,
    pub redirect_uri: &'a str,
    pub challenge: Option<&'a str>,
    pub hashed: bool,
    pub scopes: &'a [String],
    pub nonce: Option<&'a str>,
    pub lifetime: chrono::Duration,
}

/// Remembers a code by its digest.
pub async fn create_code(db: &mut PgConnection, new: &NewCode<'_>, now: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO authorization_codes
            (digest, principal_id, application_id, redirect_uri, challenge, hashed, scopes, nonce, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($10::timestamptz, now()), coalesce($10, now()) + $9::interval)",
        &new.digest[..],
        new.principal.0,
        new.application.0,
        new.redirect_uri,
        new.challenge,
        new.hashed,
        new.scopes,
        new.nonce,
        new.lifetime as chrono::Duration,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A code as it stands.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct CodeRow {
    pub principal: PrincipalId,
    pub redirect_uri: String,
    pub challenge: Option<String>,
    pub hashed: bool,
    pub scopes: Vec<String>,
    pub nonce: Option<String>,
    pub spent: bool,
    pub expired: bool,
    /// What it gave when it was spent.
    pub grant: Option<GrantId>,
}

/// A code that was given to an application.
pub async fn code(
    db: &mut PgConnection,
    digest: &[u8],
    application: PrincipalId,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Option<CodeRow>> {
    sqlx::query_as!(
        CodeRow,
        r#"SELECT principal_id AS "principal: PrincipalId", redirect_uri, challenge, hashed, scopes, nonce,
            (spent_at IS NOT NULL) AS "spent!", (expires_at <= coalesce($3::timestamptz, now())) AS "expired!",
            grant_id AS "grant: GrantId"
        FROM authorization_codes WHERE digest = $1 AND application_id = $2"#,
        digest,
        application.0,
        now,
    )
    .fetch_optional(db)
    .await
}

/// Spends a code; `false`: somebody was quicker, or it is gone.
pub async fn spend_code(db: &mut PgConnection, digest: &[u8], now: Option<DateTime<Utc>>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE authorization_codes SET spent_at = coalesce($2::timestamptz, now()) WHERE digest = $1 AND spent_at IS NULL",
        digest,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes what a code has given.
pub async fn note_grant(db: &mut PgConnection, digest: &[u8], grant: GrantId) -> sqlx::Result<()> {
    sqlx::query!("UPDATE authorization_codes SET grant_id = $2 WHERE digest = $1", digest, grant.0).execute(db).await?;
    Ok(())
}

/// A device that begins to wait.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct NewDevice<'a> {
    pub digest: [u8; 32],
    pub user_code: [u8; 32],
    pub application: PrincipalId,
    pub scopes: &'a [String],
    pub lifetime: chrono::Duration,
}

/// Lets a device wait, and forgets those of the same application that have waited in vain. A user code that is taken
/// violates `device_codes_user_code_key`.
pub async fn create_device(db: &mut PgConnection, new: &NewDevice<'_>, now: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH over AS (
            DELETE FROM device_codes WHERE application_id = $3 AND expires_at <= coalesce($6::timestamptz, now()) - $5::interval
        )
        INSERT INTO device_codes (digest, user_code, application_id, scopes, created_at, expires_at)
        VALUES ($1, $2, $3, $4, coalesce($6, now()), coalesce($6, now()) + $5)",
        &new.digest[..],
        &new.user_code[..],
        new.application.0,
        new.scopes,
        new.lifetime as chrono::Duration,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// For which application a device waits.
#[derive(Clone, Debug)]
pub struct Waits {
    /// Its name.
    pub name: String,
    /// Its client id.
    pub client_id: String,
    /// What it asks for.
    pub scopes: Vec<String>,
}

/// The device with this user code that still waits.
pub async fn waiting(
    db: &mut PgConnection,
    user_code: &[u8],
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Option<Waits>> {
    sqlx::query_as!(
        Waits,
        "SELECT p.name, a.client_id, d.scopes FROM device_codes d JOIN applications a ON a.id = d.application_id
            JOIN principals p ON p.id = a.id
        WHERE d.user_code = $1 AND d.decided_at IS NULL AND d.expires_at > coalesce($2::timestamptz, now())",
        user_code,
        now,
    )
    .fetch_optional(db)
    .await
}

/// Lets somebody say yes to the device with this user code, or nobody: no. `false`: none waits.
pub async fn decide(
    db: &mut PgConnection,
    user_code: &[u8],
    principal: Option<PrincipalId>,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE device_codes SET decided_at = coalesce($3::timestamptz, now()), principal_id = $2
        WHERE user_code = $1 AND decided_at IS NULL AND expires_at > coalesce($3, now())",
        user_code,
        principal.map(|id| id.0),
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A waiting device as it stands.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
#[expect(clippy::struct_excessive_bools, reason = "each is a column that is null or not")]
pub struct DeviceRow {
    pub principal: Option<PrincipalId>,
    pub scopes: Vec<String>,
    pub decided: bool,
    pub spent: bool,
    pub expired: bool,
    /// Whether it has asked before, less than an interval ago.
    pub hurried: bool,
}

/// The device of an application that asks, and notes that it has asked now.
pub async fn poll(
    db: &mut PgConnection,
    digest: &[u8],
    application: PrincipalId,
    interval: chrono::Duration,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Option<DeviceRow>> {
    sqlx::query_as!(
        DeviceRow,
        r#"WITH before AS MATERIALIZED (
            SELECT digest, polled_at FROM device_codes WHERE digest = $1 AND application_id = $2 FOR UPDATE
        )
        UPDATE device_codes d SET polled_at = coalesce($4::timestamptz, now()) FROM before WHERE d.digest = before.digest
        RETURNING d.principal_id AS "principal: PrincipalId", d.scopes, (d.decided_at IS NOT NULL) AS "decided!",
            (d.spent_at IS NOT NULL) AS "spent!", (d.expires_at <= coalesce($4, now())) AS "expired!",
            coalesce(before.polled_at > coalesce($4, now()) - $3::interval, false) AS "hurried!""#,
        digest,
        application.0,
        interval as chrono::Duration,
        now,
    )
    .fetch_optional(db)
    .await
}

/// Spends the yes that somebody said to a device; `false`: somebody was quicker, or it is gone.
pub async fn spend_device(
    db: &mut PgConnection,
    digest: &[u8],
    principal: PrincipalId,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE device_codes SET spent_at = coalesce($3::timestamptz, now())
        WHERE digest = $1 AND principal_id = $2 AND spent_at IS NULL",
        digest,
        principal.0,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets grants and codes whose time was over at a moment. Spent codes are kept until then, so that one that comes again
/// is known.
pub async fn sweep(db: &mut PgConnection, over_before: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM authorization_codes WHERE expires_at < $1", over_before).execute(&mut *db).await?;
    sqlx::query!("DELETE FROM device_codes WHERE expires_at < $1", over_before).execute(&mut *db).await?;
    sqlx::query!("DELETE FROM grants WHERE expires_at < $1 OR revoked_at < $1", over_before).execute(db).await?;
    Ok(())
}
