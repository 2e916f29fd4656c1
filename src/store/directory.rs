//! Users, applications and groups: making and changing them, finding one by any spelling, and loading an account with
//! all that was given to it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    actor::{Account, Level, Role, Rule},
    id::{CategoryId, ItemId, LibraryId, PolicyId, PrincipalId, PrincipalKey},
    name,
    person::{Affiliation, License, Person, PrincipalKind},
};

/// The spellings a principal is born with.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct NewPrincipal {
    pub id: PrincipalId,
    pub kind: PrincipalKind,
    pub name: String,
    pub arena_guid: String,
    pub oracle_id: String,
    pub graph_id: Uuid,
}

/// Makes a principal; a user, application or group row must follow in the same transaction.
pub async fn create(db: &mut PgConnection, new: &NewPrincipal, now: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO principals (id, kind, name, arena_guid, oracle_id, graph_id, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, coalesce($7::timestamptz, now()))",
        new.id.0,
        new.kind as PrincipalKind,
        new.name,
        new.arena_guid,
        new.oracle_id,
        new.graph_id,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The user of a principal to be made.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct NewUserRow<'a> {
    pub login: &'a str,
    pub email: &'a str,
    pub password_hash: Option<&'a str>,
    pub license: License,
    pub affiliation: Affiliation,
    pub administrator: bool,
}

/// Makes the user of a principal. A taken login violates `users_login_key`, a taken address `users_email_key`.
pub async fn create_user(db: &mut PgConnection, id: PrincipalId, new: &NewUserRow<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO users (id, login, login_key, email, email_key, password_hash, license, affiliation, administrator)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id.0,
        new.login,
        name::key(new.login),
        new.email,
        name::key(new.email),
        new.password_hash,
        new.license as License,
        new.affiliation as Affiliation,
        new.administrator,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What changes of a user's row; `None`: as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct UserUpdate<'a> {
    pub name: Option<&'a str>,
    pub email: Option<&'a str>,
    pub license: Option<License>,
    pub affiliation: Option<Affiliation>,
    pub administrator: Option<bool>,
}

/// Changes a user.
pub async fn update_user(db: &mut PgConnection, id: PrincipalId, what: &UserUpdate<'_>) -> sqlx::Result<()> {
    sqlx::query!("UPDATE principals SET name = coalesce($2, name) WHERE id = $1", id.0, what.name)
        .execute(&mut *db)
        .await?;
    sqlx::query!(
        "UPDATE users SET email = coalesce($2, email), email_key = coalesce($3, email_key), license = coalesce($4, license),
            administrator = coalesce($5, administrator), affiliation = coalesce($6, affiliation) WHERE id = $1",
        id.0,
        what.email,
        what.email.map(name::key),
        what.license as Option<License>,
        what.administrator,
        what.affiliation as Option<Affiliation>,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Holds a principal until the end of the transaction: whoever changes what it may present, and whoever opens a session for
/// it, line up here.
pub async fn hold(db: &mut PgConnection, id: PrincipalId) -> sqlx::Result<()> {
    sqlx::query!("SELECT id FROM principals WHERE id = $1 FOR NO KEY UPDATE", id.0).fetch_optional(db).await?;
    Ok(())
}

/// Sets a user's password hash; the password has not expired.
pub async fn set_password(db: &mut PgConnection, id: PrincipalId, hash: &str) -> sqlx::Result<()> {
    sqlx::query!("UPDATE users SET password_hash = $2, password_expired_at = NULL WHERE id = $1", id.0, hash)
        .execute(db)
        .await?;
    Ok(())
}

/// Lets a user's password expire, if it has not before.
pub async fn expire_password(db: &mut PgConnection, id: PrincipalId, now: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE users SET password_expired_at = least(password_expired_at, coalesce($2::timestamptz, now())) WHERE id = $1",
        id.0,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Disables a principal, or enables it again.
pub async fn set_disabled(
    db: &mut PgConnection,
    id: PrincipalId,
    disabled: bool,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE principals SET disabled_at = CASE WHEN $2 THEN coalesce(disabled_at, $3::timestamptz, now()) END WHERE id = $1",
        id.0,
        disabled,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Makes the application of a principal, or sets its roles. If these are other ones, what it subscribed to with them ends.
pub async fn put_application(
    db: &mut PgConnection,
    id: PrincipalId,
    client_id: &str,
    roles: &[String],
) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH ended AS (
            DELETE FROM subscriptions s USING applications a WHERE a.id = $1 AND s.principal_id = $1 AND a.roles <> $3
        )
        INSERT INTO applications (id, client_id, roles) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET roles = excluded.roles",
        id.0,
        client_id,
        roles,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Adds a secret of an application, by its digest; `false`: it was there.
pub async fn add_secret(
    db: &mut PgConnection,
    id: PrincipalId,
    digest: &[u8],
    expires_at: Option<DateTime<Utc>>,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let added = sqlx::query!(
        "INSERT INTO application_secrets (id, application_id, digest, created_at, expires_at)
        VALUES ($1, $2, $3, coalesce($5::timestamptz, now()), $4) ON CONFLICT (digest) DO NOTHING",
        Uuid::now_v7(),
        id.0,
        digest,
        expires_at,
        now,
    )
    .execute(db)
    .await?;
    Ok(added.rows_affected() > 0)
}

/// What administrators see of an application besides the person.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct ApplicationRow {
    pub id: PrincipalId,
    pub roles: Vec<String>,
    pub disabled: bool,
    /// Those that have not expired.
    pub secrets: i64,
    pub public: bool,
    pub redirect_uris: Vec<String>,
    pub delegated: Vec<String>,
}

/// All applications, by client id.
pub async fn application_rows(db: &mut PgConnection, now: Option<DateTime<Utc>>) -> sqlx::Result<Vec<ApplicationRow>> {
    sqlx::query_as!(
        ApplicationRow,
        r#"SELECT a.id AS "id: PrincipalId", a.roles, (p.disabled_at IS NOT NULL) AS "disabled!",
            a.public, a.redirect_uris, a.delegated,
            (SELECT count(*) FROM application_secrets s WHERE s.application_id = a.id
                AND (s.expires_at IS NULL OR s.expires_at > coalesce($1::timestamptz, now()))) AS "secrets!"
        FROM applications a JOIN principals p ON p.id = a.id ORDER BY lower(a.client_id), a.client_id"#,
        now,
    )
    .fetch_all(db)
    .await
}

/// The application with this client id that has a secret of this digest which has not expired.
pub async fn application_with_secret(
    db: &mut PgConnection,
    client_id: &str,
    digest: &[u8],
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Option<PrincipalId>> {
    if super::has_nul(client_id) {
        return Ok(None);
    }
    sqlx::query_scalar!(
        r#"SELECT a.id AS "id: PrincipalId" FROM application_secrets s JOIN applications a ON a.id = s.application_id
        WHERE s.digest = $2 AND lower(a.client_id) = $1 AND (s.expires_at IS NULL OR s.expires_at > coalesce($3::timestamptz, now()))"#,
        name::key(client_id),
        digest,
        now,
    )
    .fetch_optional(db)
    .await
}

/// Makes the group of a principal.
pub async fn create_group(
    db: &mut PgConnection,
    id: PrincipalId,
    group_name: &str,
    description: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO groups (id, name_key, description) VALUES ($1, $2, $3)",
        id.0,
        name::key(group_name),
        description,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Puts a principal into a group; `false`: it was there.
pub async fn add_member(db: &mut PgConnection, group: PrincipalId, member: PrincipalId) -> sqlx::Result<bool> {
    let added = sqlx::query!(
        "INSERT INTO group_members (group_id, principal_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        group.0,
        member.0
    )
    .execute(db)
    .await?;
    Ok(added.rows_affected() > 0)
}

/// Gives a principal another name; for a user see [`update_user`].
pub async fn rename(db: &mut PgConnection, id: PrincipalId, new_name: &str) -> sqlx::Result<()> {
    sqlx::query!("UPDATE principals SET name = $2 WHERE id = $1", id.0, new_name).execute(db).await?;
    Ok(())
}

/// Describes a group.
pub async fn describe_group(db: &mut PgConnection, id: PrincipalId, description: &str) -> sqlx::Result<bool> {
    let done =
        sqlx::query!("UPDATE groups SET description = $2 WHERE id = $1 AND description <> $2", id.0, description)
            .execute(db)
            .await?;
    Ok(done.rows_affected() > 0)
}

/// An application's roles.
pub async fn application_roles(db: &mut PgConnection, id: PrincipalId) -> sqlx::Result<Option<Vec<String>>> {
    sqlx::query_scalar!("SELECT roles FROM applications WHERE id = $1", id.0).fetch_optional(db).await
}

/// The policy of this name, and its description.
pub async fn policy_named(db: &mut PgConnection, policy_name: &str) -> sqlx::Result<Option<(PolicyId, String)>> {
    let row = sqlx::query!(
        r#"SELECT id AS "id: PolicyId", description FROM policies WHERE name_key = $1"#,
        name::key(policy_name),
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.id, row.description)))
}

/// The group of this name.
pub async fn group_named(db: &mut PgConnection, group_name: &str) -> sqlx::Result<Option<PrincipalId>> {
    sqlx::query_scalar!(r#"SELECT id AS "id: PrincipalId" FROM groups WHERE name_key = $1"#, name::key(group_name))
        .fetch_optional(db)
        .await
}

/// Makes a policy, or finds the one of this name.
pub async fn put_policy(db: &mut PgConnection, policy_name: &str, description: &str) -> sqlx::Result<PolicyId> {
    sqlx::query_scalar!(
        r#"INSERT INTO policies (id, name, name_key, description) VALUES ($1, $2, $3, $4)
        ON CONFLICT (name_key) DO UPDATE SET description = excluded.description RETURNING id AS "id: PolicyId""#,
        PolicyId::fresh().0,
        policy_name,
        name::key(policy_name),
        description,
    )
    .fetch_one(db)
    .await
}

/// Gives a policy a rule, `None`: for every category; `false`: it had it.
pub async fn put_rule(
    db: &mut PgConnection,
    policy: PolicyId,
    rule: Rule,
    category: Option<CategoryId>,
) -> sqlx::Result<bool> {
    let given = sqlx::query!(
        "INSERT INTO policy_rules (id, policy_id, action, category_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        Uuid::now_v7(),
        policy.0,
        rule as Rule,
        category.map(|category| category.0),
    )
    .execute(db)
    .await?;
    Ok(given.rows_affected() > 0)
}

/// Gives somebody a policy; `false`: they had it.
pub async fn grant_policy(db: &mut PgConnection, policy: PolicyId, principal: PrincipalId) -> sqlx::Result<bool> {
    let given = sqlx::query!(
        "INSERT INTO policy_grants (policy_id, principal_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        policy.0,
        principal.0,
    )
    .execute(db)
    .await?;
    Ok(given.rows_affected() > 0)
}

/// Takes a rule from a policy; `false`: it had none such.
pub async fn remove_rule(
    db: &mut PgConnection,
    policy: PolicyId,
    rule: Rule,
    category: Option<CategoryId>,
) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        "DELETE FROM policy_rules WHERE policy_id = $1 AND action = $2 AND category_id IS NOT DISTINCT FROM $3",
        policy.0,
        rule as Rule,
        category.map(|category| category.0),
    )
    .execute(db)
    .await?;
    Ok(taken.rows_affected() > 0)
}

/// Takes a policy from somebody; `false`: they did not have it.
pub async fn revoke_policy(db: &mut PgConnection, policy: PolicyId, principal: PrincipalId) -> sqlx::Result<bool> {
    let taken =
        sqlx::query!("DELETE FROM policy_grants WHERE policy_id = $1 AND principal_id = $2", policy.0, principal.0,)
            .execute(db)
            .await?;
    Ok(taken.rows_affected() > 0)
}

/// A policy with its rules and those it was given to.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct PolicyRow {
    pub id: PolicyId,
    pub name: String,
    pub description: String,
    pub rules: Vec<(Rule, Option<CategoryId>)>,
    pub holders: Vec<PrincipalId>,
}

/// All policies, by name.
pub async fn policies(db: &mut PgConnection) -> sqlx::Result<Vec<PolicyRow>> {
    let rows = sqlx::query!(
        r#"SELECT p.id AS "id: PolicyId", p.name, p.description,
            ARRAY(SELECT r.action FROM policy_rules r WHERE r.policy_id = p.id ORDER BY r.id) AS "actions!: Vec<Rule>",
            ARRAY(SELECT r.category_id FROM policy_rules r WHERE r.policy_id = p.id ORDER BY r.id)
                AS "categories!: Vec<Option<CategoryId>>",
            ARRAY(SELECT g.principal_id FROM policy_grants g JOIN principals h ON h.id = g.principal_id
                WHERE g.policy_id = p.id ORDER BY lower(h.name), h.id) AS "holders!: Vec<PrincipalId>"
        FROM policies p ORDER BY p.name_key"#,
    )
    .fetch_all(db)
    .await?;
    let policy = rows.into_iter().map(|row| PolicyRow {
        id: row.id,
        name: row.name,
        description: row.description,
        rules: row.actions.into_iter().zip(row.categories).collect(),
        holders: row.holders,
    });
    Ok(policy.collect())
}

/// Gives somebody a role on a folder or file, in place of the one they had there; `false`: they had this one.
pub async fn put_membership(
    db: &mut PgConnection,
    item: ItemId,
    principal: PrincipalId,
    role: Role,
    by: Option<PrincipalId>,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let given = sqlx::query!(
        "INSERT INTO memberships (item_id, principal_id, role, created_by, created_at) VALUES ($1, $2, $3, $4, coalesce($5::timestamptz, now()))
        ON CONFLICT (item_id, principal_id) DO UPDATE SET role = excluded.role WHERE memberships.role <> excluded.role",
        item.0,
        principal.0,
        role as Role,
        by.map(|by| by.0),
        now,
    )
    .execute(db)
    .await?;
    Ok(given.rows_affected() > 0)
}

/// Takes the role that somebody has on a folder or file away; answers the library it lies in, `None`: there was no such role.
pub async fn remove_membership(
    db: &mut PgConnection,
    item: ItemId,
    principal: PrincipalId,
) -> sqlx::Result<Option<LibraryId>> {
    sqlx::query_scalar!(
        r#"DELETE FROM memberships m USING items i WHERE m.item_id = $1 AND m.principal_id = $2 AND i.id = m.item_id
        RETURNING i.library_id AS "library: LibraryId""#,
        item.0,
        principal.0,
    )
    .fetch_optional(db)
    .await
}

macro_rules! people {
    ($tail:tt, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Person,
            r#"SELECT p.id AS "id!: PrincipalId", p.kind AS "kind!: PrincipalKind", p.name AS "name!",
                coalesce(u.login, a.client_id, p.name) AS "login!", coalesce(u.email, '') AS "email!",
                p.number AS "number!", p.arena_guid AS "arena_guid!", p.oracle_id AS "oracle_id!", p.graph_id AS "graph_id!"
            FROM principals p LEFT JOIN users u ON u.id = p.id LEFT JOIN applications a ON a.id = p.id "# + $tail,
            $($argument),*
        )
    };
}

/// The principals with these keys, in no order.
pub async fn people(db: &mut PgConnection, ids: &[PrincipalId]) -> sqlx::Result<Vec<Person>> {
    people!("WHERE p.id = ANY ($1)", ids as &[PrincipalId]).fetch_all(db).await
}

/// The living users who have a text, as it is compared, in their login name, full name or e-mail address; first the one whose
/// login name it is, then by login name.
pub async fn users_with(db: &mut PgConnection, text: &str, limit: i64) -> sqlx::Result<Vec<Person>> {
    if super::has_nul(text) {
        return Ok(Vec::new());
    }
    people!(
        "WHERE p.kind = 'user' AND p.disabled_at IS NULL
            AND (strpos(u.login_key, $1) > 0 OR strpos(lower(p.name), $1) > 0 OR strpos(u.email_key, $1) > 0)
        ORDER BY u.login_key <> $1, u.login_key LIMIT $2",
        name::key(text),
        limit,
    )
    .fetch_all(db)
    .await
}

/// The living user with an e-mail address.
pub async fn user_with_email(db: &mut PgConnection, email: &str) -> sqlx::Result<Option<Person>> {
    if super::has_nul(email) {
        return Ok(None);
    }
    people!(
        "WHERE p.id = (SELECT x.id FROM users x WHERE x.email_key = $1) AND p.disabled_at IS NULL",
        name::key(email)
    )
    .fetch_optional(db)
    .await
}

/// Whom each of these names: by Oracle's id, else by login name, e-mail address or client id. In their order.
pub async fn named(db: &mut PgConnection, names: &[&str]) -> sqlx::Result<Vec<Option<PrincipalId>>> {
    if names.iter().any(|name| super::has_nul(name)) {
        return Ok(vec![None; names.len()]);
    }
    let keys: Vec<String> = names.iter().map(|name| name::key(name)).collect();
    sqlx::query_scalar!(
        r#"SELECT coalesce((SELECT x.id FROM principals x WHERE x.oracle_id = n.text),
            (SELECT x.id FROM users x WHERE x.login_key = n.key), (SELECT x.id FROM users x WHERE x.email_key = n.key),
            (SELECT x.id FROM applications x WHERE lower(x.client_id) = n.key)) AS "id?: PrincipalId"
        FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS n (text, key, place) ORDER BY n.place"#,
        names as &[&str],
        &keys,
    )
    .fetch_all(db)
    .await
}

/// All users, by login name.
pub async fn users(db: &mut PgConnection) -> sqlx::Result<Vec<Person>> {
    people!("WHERE $1::text IS NULL AND p.kind = 'user' ORDER BY u.login_key", None::<&str>).fetch_all(db).await
}

/// A search for the users of a library; a pattern is `LIKE`'s, already escaped.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of Arena's search, spec/arena.md 10.3")]
pub struct UserQuery {
    /// Only the one of exactly this GUID.
    pub guid: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub full_name: Option<String>,
    pub email: Option<String>,
    /// A pattern of what `users.affiliation` says.
    pub affiliation: Option<String>,
    pub enabled: Option<bool>,
}

/// A user or an application as the others of a library see them.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct LibraryUser {
    pub arena_guid: String,
    pub name: String,
    /// What stands before the last blank of the name; all of a name without one.
    pub first_name: String,
    /// What stands behind it.
    pub last_name: String,
    /// None for an application.
    pub email: Option<String>,
    /// An application is an integration.
    pub affiliation: String,
    pub enabled: bool,
}

/// Those who have a role on anything in a library, of their own or through a group, those who have one everywhere
/// (administrators, applications), and the caller; by full name.
pub async fn library_users(
    db: &mut PgConnection,
    library: LibraryId,
    caller: Option<PrincipalId>,
    query: &UserQuery,
    limit: i64,
    offset: i64,
) -> sqlx::Result<Vec<LibraryUser>> {
    sqlx::query_as!(
        LibraryUser,
        r#"WITH given AS MATERIALIZED (
            SELECT DISTINCT m.principal_id FROM memberships m JOIN items i ON i.id = m.item_id
            WHERE i.library_id = $1 AND i.deleted_at IS NULL
        ), somebody AS (
            SELECT p.id, p.arena_guid, p.name, u.email, coalesce(u.affiliation, 'integration') AS affiliation,
                p.disabled_at IS NULL AS enabled,
                regexp_replace(btrim(p.name), ' +[^ ]*$', '') AS first_name,
                coalesce(substring(btrim(p.name) FROM ' ([^ ]*)$'), '') AS last_name
            FROM principals p LEFT JOIN users u ON u.id = p.id JOIN libraries l ON l.id = $1
            WHERE p.kind <> 'group' AND (p.id = $2 OR p.id = l.owner_id OR p.kind = 'application'
                OR (u.administrator AND l.kind <> 'personal')
                OR p.id IN (SELECT principal_id FROM given UNION ALL
                    SELECT g.principal_id FROM group_members g JOIN given ON given.principal_id = g.group_id))
        )
        SELECT arena_guid AS "arena_guid!", name AS "name!", first_name AS "first_name!", last_name AS "last_name!",
            email AS "email?", affiliation AS "affiliation!", enabled AS "enabled!"
        FROM somebody
        WHERE ($3::text IS NULL OR arena_guid = $3)
            AND ($4::text IS NULL OR lower(first_name) LIKE lower($4))
            AND ($5::text IS NULL OR lower(last_name) LIKE lower($5))
            AND ($6::text IS NULL OR lower(name) LIKE lower($6))
            AND ($7::text IS NULL OR lower(email) LIKE lower($7))
            AND ($8::text IS NULL OR affiliation LIKE lower($8))
            AND ($9::boolean IS NULL OR enabled = $9)
        ORDER BY lower(name), arena_guid LIMIT $10 OFFSET $11"#,
        library.0,
        caller.map(|caller| caller.0),
        query.guid,
        query.first_name,
        query.last_name,
        query.full_name,
        query.email,
        query.affiliation,
        query.enabled,
        limit,
        offset,
    )
    .fetch_all(db)
    .await
}

/// What administrators see of a user besides the person.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct UserRow {
    pub id: PrincipalId,
    pub license: License,
    pub affiliation: Affiliation,
    pub administrator: bool,
    pub disabled: bool,
    pub password_expired: bool,
}

/// All users, by login name.
pub async fn user_rows(db: &mut PgConnection) -> sqlx::Result<Vec<UserRow>> {
    sqlx::query_as!(
        UserRow,
        r#"SELECT u.id AS "id: PrincipalId", u.license AS "license: License", u.affiliation AS "affiliation: Affiliation",
            u.administrator, (p.disabled_at IS NOT NULL) AS "disabled!",
            (u.password_expired_at IS NOT NULL) AS "password_expired!"
        FROM users u JOIN principals p ON p.id = u.id ORDER BY u.login_key"#,
    )
    .fetch_all(db)
    .await
}

/// What administrators see of one user.
pub async fn user_row(db: &mut PgConnection, id: PrincipalId) -> sqlx::Result<Option<UserRow>> {
    sqlx::query_as!(
        UserRow,
        r#"SELECT u.id AS "id: PrincipalId", u.license AS "license: License", u.affiliation AS "affiliation: Affiliation",
            u.administrator, (p.disabled_at IS NOT NULL) AS "disabled!",
            (u.password_expired_at IS NOT NULL) AS "password_expired!"
        FROM users u JOIN principals p ON p.id = u.id WHERE u.id = $1"#,
        id.0,
    )
    .fetch_optional(db)
    .await
}

/// The principal a key names. A login may be a login name, an e-mail address or an application's client id.
pub async fn find(db: &mut PgConnection, key: &PrincipalKey) -> sqlx::Result<Option<Person>> {
    let (kind, id, text, number) = match key {
        PrincipalKey::Id(id) => ("id", Some(id.0), None, None),
        PrincipalKey::Graph(id) => ("graph", Some(*id), None, None),
        PrincipalKey::Login(text) => ("login", None, Some(name::key(text)), None),
        PrincipalKey::Email(text) => ("email", None, Some(name::key(text)), None),
        PrincipalKey::Oracle(text) => ("oracle", None, Some(text.clone()), None),
        PrincipalKey::Arena(text) => ("arena", None, Some(text.clone()), None),
        PrincipalKey::Number(number) => ("number", None, None, Some(*number)),
    };
    if text.as_deref().is_some_and(super::has_nul) {
        return Ok(None);
    }
    people!(
        r#"WHERE p.id = (CASE $1::text
            WHEN 'id' THEN $2::uuid
            WHEN 'graph' THEN (SELECT x.id FROM principals x WHERE x.graph_id = $2)
            WHEN 'oracle' THEN (SELECT x.id FROM principals x WHERE x.oracle_id = $3::text)
            WHEN 'arena' THEN (SELECT x.id FROM principals x WHERE x.arena_guid = $3)
            WHEN 'number' THEN (SELECT x.id FROM principals x WHERE x.number = $4::bigint)
            WHEN 'email' THEN (SELECT x.id FROM users x WHERE x.email_key = $3)
            WHEN 'login' THEN coalesce((SELECT x.id FROM users x WHERE x.login_key = $3),
                (SELECT x.id FROM users x WHERE x.email_key = $3), (SELECT x.id FROM applications x WHERE lower(x.client_id) = $3))
        END)"#,
        kind,
        id,
        text,
        number,
    )
    .fetch_optional(db)
    .await
}

/// What is needed to verify a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Whose.
    pub id: PrincipalId,
    /// In PHC form; none: cannot sign in with a password.
    pub password_hash: Option<String>,
    /// Whether the user is disabled.
    pub disabled: bool,
    /// Whether the password has expired.
    pub expired: bool,
    /// Whose people the user belongs to.
    pub affiliation: Affiliation,
}

/// The credential behind a login name, an e-mail address or, where the text is a number as we print it, Liferay's user id.
pub async fn credential(db: &mut PgConnection, login: &str) -> sqlx::Result<Option<Credential>> {
    if super::has_nul(login) {
        return Ok(None);
    }
    sqlx::query_as!(
        Credential,
        r#"SELECT u.id AS "id: PrincipalId", u.password_hash, (p.disabled_at IS NOT NULL) AS "disabled!",
            (u.password_expired_at IS NOT NULL) AS "expired!", u.affiliation AS "affiliation: Affiliation"
        FROM users u JOIN principals p ON p.id = u.id
        WHERE u.id = coalesce((SELECT x.id FROM users x WHERE x.login_key = $1), (SELECT x.id FROM users x WHERE x.email_key = $1),
            (SELECT x.id FROM principals x WHERE x.number = $2::bigint))"#,
        name::key(login),
        login.parse::<i64>().ok().filter(|number| number.to_string() == login),
    )
    .fetch_optional(db)
    .await
}

/// An account with all that was given to it, directly and through groups.
pub async fn account(db: &mut PgConnection, id: PrincipalId) -> sqlx::Result<Option<Account>> {
    let Some(person) = people!("WHERE p.id = $1", id.0).fetch_optional(&mut *db).await? else { return Ok(None) };
    let row = sqlx::query!(
        r#"SELECT u.license AS "license?: License", coalesce(u.affiliation, 'integration') AS "affiliation!: Affiliation",
            coalesce(u.administrator, false) AS "administrator!",
            coalesce((SELECT a.roles FROM applications a WHERE a.id = p.id), '{}') AS "scopes!", (p.disabled_at IS NOT NULL) AS "disabled!",
            ARRAY(SELECT group_id FROM group_members WHERE principal_id = p.id) AS "groups!: Vec<PrincipalId>"
        FROM principals p LEFT JOIN users u ON u.id = p.id WHERE p.id = $1"#,
        id.0,
    )
    .fetch_one(&mut *db)
    .await?;
    let mut principals = row.groups;
    principals.push(id);
    let given = sqlx::query!(
        r#"SELECT item_id AS "item: ItemId", principal_id AS "principal: PrincipalId", role AS "role: Role"
        FROM memberships WHERE principal_id = ANY ($1)"#,
        &principals as &[PrincipalId],
    )
    .fetch_all(&mut *db)
    .await?;
    let mut roles = HashMap::<ItemId, Role>::new();
    let mut shared = Vec::new();
    for row in given {
        roles.entry(row.item).and_modify(|role| *role = row.role.max(*role)).or_insert(row.role);
        if row.principal == id {
            shared.push(row.item);
        }
    }
    let granted = sqlx::query!(
        r#"SELECT DISTINCT r.action AS "rule: Rule", r.category_id AS "category: CategoryId"
        FROM policy_grants g JOIN policy_rules r ON r.policy_id = g.policy_id WHERE g.principal_id = ANY ($1)"#,
        &principals as &[PrincipalId],
    )
    .fetch_all(&mut *db)
    .await?;
    let named = sqlx::query!(
        r#"SELECT category_id AS "category: CategoryId", level AS "level: Level" FROM category_levels WHERE principal_id = ANY ($1)"#,
        &principals as &[PrincipalId],
    )
    .fetch_all(db)
    .await?;
    let mut levels = HashMap::<CategoryId, Level>::new();
    for row in named {
        levels.entry(row.category).and_modify(|level| *level = row.level.max(*level)).or_insert(row.level);
    }
    Ok(Some(Account {
        application: person.kind == PrincipalKind::Application,
        person,
        license: row.license.unwrap_or(License::Full),
        affiliation: row.affiliation,
        scopes: row.scopes,
        administrator: row.administrator,
        disabled: row.disabled,
        principals,
        roles,
        shared,
        rules: granted.into_iter().map(|row| (row.rule, row.category)).collect(),
        levels,
    }))
}
