//! People, groups and sites page by page, in the order of their names, and members of groups in that of their keys. Of a name,
//! `domain::directory::SORTED` characters count; whoever reads on says behind which.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    directory::{Field, Fits, Group, NamePlace, Slice, Wanted},
    id::{ItemId, LibraryId, PrincipalId},
    name,
};

/// The keys of a part of a list, in order, and how many there are in all, if that was asked.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "said above")]
pub struct Keys<T> {
    pub keys: Vec<T>,
    pub total: Option<i64>,
}

/// What is looked for, as columns; whoever fits one of the rows is wanted, without any everybody.
#[derive(Debug, Default)]
struct Columns {
    fields: Vec<&'static str>,
    fits: Vec<&'static str>,
    texts: Vec<String>,
    /// As keys of names are written.
    keys: Vec<String>,
}

impl Columns {
    fn of(wanted: &[Wanted]) -> Self {
        let mut columns = Self::default();
        for Wanted { field, fits, text } in wanted {
            columns.fields.push(match field {
                Field::Name => "name",
                Field::FirstName => "first",
                Field::LastName => "last",
                Field::Email => "email",
                Field::SignIn => "sign_in",
            });
            columns.fits.push(match fits {
                Fits::Whole => "whole",
                Fits::Start => "start",
                Fits::Within => "within",
            });
            columns.texts.push(text.clone());
            columns.keys.push(name::key(text));
        }
        columns
    }
}

fn place(slice: &Slice) -> (Option<&str>, Option<Uuid>) {
    let after = slice.after.as_ref();
    (after.map(|NamePlace { name, .. }| name.as_str()), after.map(|place| place.key))
}

/// Living users who fit one of what is wanted, `$1` to `$4`.
macro_rules! fitting_users {
    ($what:tt, $tail:tt, $columns:ident $(, $argument:expr)* $(,)?) => {
        sqlx::query_scalar!(
            $what + r#" FROM principals p JOIN users u ON u.id = p.id
            WHERE p.disabled_at IS NULL AND (cardinality($1::text[]) = 0 OR EXISTS (
                SELECT FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS w (field, fits, text, key)
                CROSS JOIN LATERAL (SELECT CASE w.field
                    WHEN 'name' THEN lower(p.name)
                    WHEN 'first' THEN lower(regexp_replace(p.name, ' [^ ]*$', ''))
                    WHEN 'last' THEN lower(coalesce(substring(p.name FROM ' ([^ ]*)$'), ''))
                    WHEN 'email' THEN u.email_key
                    ELSE coalesce(nullif(u.email_key, ''), u.login_key) END AS own,
                    CASE WHEN w.field IN ('name', 'first', 'last') THEN lower(w.text) ELSE w.key END AS text) AS c
                WHERE CASE w.fits WHEN 'whole' THEN c.own = c.text WHEN 'start' THEN strpos(c.own, c.text) = 1
                    ELSE strpos(c.own, c.text) > 0 END))"# + $tail,
            &$columns.fields as &[&str],
            &$columns.fits as &[&str],
            &$columns.texts,
            &$columns.keys,
            $($argument),*
        )
    };
}

/// Living users. A page is a stretch of an index; only who asks how many there are has all of them looked at.
pub async fn users(db: &mut PgConnection, wanted: &[Wanted], slice: &Slice) -> sqlx::Result<Keys<PrincipalId>> {
    let columns = Columns::of(wanted);
    if let ([Wanted { field: Field::Email, fits: Fits::Whole, .. }], [key]) = (wanted, columns.keys.as_slice()) {
        return user_with_email(db, key, slice).await;
    }
    let (name, key) = place(slice);
    let keys = fitting_users!(
        r#"SELECT p.id AS "id: PrincipalId""#,
        " AND (lower(left(p.name, 64)), p.id) > (lower($5::text), $6::uuid)
            ORDER BY lower(left(p.name, 64)), p.id LIMIT $7",
        columns,
        // before everybody
        name.unwrap_or_default(),
        key.unwrap_or_default(),
        slice.limit,
    )
    .fetch_all(&mut *db)
    .await?;
    let total = if slice.count {
        let count = fitting_users!(r#"SELECT count(*) AS "count!""#, "", columns);
        Some(count.fetch_one(db).await?)
    } else {
        None
    };
    Ok(Keys { keys, total })
}

/// The living user whose e-mail address has this key, as a list.
async fn user_with_email(db: &mut PgConnection, email: &str, slice: &Slice) -> sqlx::Result<Keys<PrincipalId>> {
    let (name, key) = place(slice);
    let found = sqlx::query!(
        r#"SELECT p.id AS "id: PrincipalId",
            (lower(left(p.name, 64)), p.id) > (lower($2::text), $3::uuid) AND $4::bigint > 0 AS "is_in_slice!"
        FROM users u JOIN principals p ON p.id = u.id WHERE u.email_key = $1 AND p.disabled_at IS NULL"#,
        email,
        name.unwrap_or_default(),
        key.unwrap_or_default(),
        slice.limit,
    )
    .fetch_optional(db)
    .await?;
    let total = slice.count.then(|| i64::from(found.is_some()));
    let keys = found.into_iter().filter(|found| found.is_in_slice).map(|found| found.id).collect();
    Ok(Keys { keys, total })
}

/// Those in a group who may act; in the order of their keys, so that a place among them says no name.
pub async fn members(db: &mut PgConnection, group: PrincipalId, slice: &Slice) -> sqlx::Result<Keys<PrincipalId>> {
    let (_name, key) = place(slice);
    sqlx::query_as!(
        Keys::<PrincipalId>,
        r#"WITH fit AS (
            SELECT p.id FROM group_members m JOIN principals p ON p.id = m.principal_id
            WHERE m.group_id = $1 AND p.disabled_at IS NULL
        )
        SELECT ARRAY(SELECT f.id FROM fit f WHERE $2::uuid IS NULL OR f.id > $2 ORDER BY f.id LIMIT $3)
                AS "keys!: Vec<PrincipalId>",
            CASE WHEN $4::boolean THEN (SELECT count(*) FROM fit) END AS total"#,
        group.0,
        key,
        slice.limit,
        slice.count,
    )
    .fetch_one(db)
    .await
}

/// Which groups somebody may know.
#[derive(Clone, Debug, Default)]
pub struct KnownGroups {
    /// All of them.
    pub all: bool,
    /// These.
    pub own: Vec<PrincipalId>,
    /// Those that have, or have something in, one of these libraries.
    pub libraries: Vec<LibraryId>,
}

/// Groups that somebody may know; only the one with this object id of Graph, if one is given. Of what is looked for, groups
/// have a name and nothing else.
pub async fn groups(
    db: &mut PgConnection,
    known: &KnownGroups,
    only: Option<Uuid>,
    wanted: &[Wanted],
    slice: &Slice,
) -> sqlx::Result<Keys<PrincipalId>> {
    let columns = Columns::of(wanted);
    let (name, key) = place(slice);
    sqlx::query_as!(
        Keys::<PrincipalId>,
        r#"WITH fit AS (
            SELECT p.id, lower(left(p.name, 64)) AS name FROM groups g JOIN principals p ON p.id = g.id
            WHERE p.disabled_at IS NULL AND ($1::uuid IS NULL OR p.graph_id = $1)
                AND ($2 OR p.id = ANY ($3)
                    OR EXISTS (SELECT FROM libraries l WHERE l.owner_id = p.id AND l.id = ANY ($4))
                    OR EXISTS (SELECT FROM memberships m JOIN items i ON i.id = m.item_id
                        WHERE m.principal_id = p.id AND i.deleted_at IS NULL AND i.library_id = ANY ($4)))
                AND (cardinality($5::text[]) = 0 OR EXISTS (
                    SELECT FROM unnest($5::text[], $6::text[], $7::text[]) AS w (field, fits, text)
                    WHERE w.field = 'name' AND CASE w.fits WHEN 'whole' THEN lower(p.name) = lower(w.text)
                        WHEN 'start' THEN strpos(lower(p.name), lower(w.text)) = 1
                        ELSE strpos(lower(p.name), lower(w.text)) > 0 END))
        )
        SELECT ARRAY(SELECT f.id FROM fit f WHERE $8::text IS NULL OR (f.name, f.id) > (lower($8), $9::uuid)
                ORDER BY f.name, f.id LIMIT $10) AS "keys!: Vec<PrincipalId>",
            CASE WHEN $11::boolean THEN (SELECT count(*) FROM fit) END AS total"#,
        only,
        known.all,
        &known.own as &[PrincipalId],
        &known.libraries as &[LibraryId],
        &columns.fields as &[&str],
        &columns.fits as &[&str],
        &columns.texts,
        name,
        key,
        slice.limit,
        slice.count,
    )
    .fetch_one(db)
    .await
}

/// Groups by their keys, in the same order, for somebody who knows them.
pub async fn groups_by_keys(
    db: &mut PgConnection,
    keys: &[PrincipalId],
    known: &KnownGroups,
) -> sqlx::Result<Vec<Group>> {
    sqlx::query_as!(
        Group,
        r#"SELECT p.id AS "id: PrincipalId", p.name, g.description, p.graph_id, p.created_at,
            EXISTS (SELECT FROM libraries l WHERE l.owner_id = p.id AND ($2 OR l.id = ANY ($3))) AS "has_library!"
        FROM unnest($1::uuid[]) WITH ORDINALITY AS n (id, place)
            JOIN groups g ON g.id = n.id JOIN principals p ON p.id = n.id ORDER BY n.place"#,
        keys as &[PrincipalId],
        known.all,
        &known.libraries as &[LibraryId],
    )
    .fetch_all(db)
    .await
}

/// Which sites are wanted.
#[derive(Clone, Debug, Default)]
pub struct SiteQuery {
    /// All of them, else those in which one of `items` lies.
    pub all: bool,
    /// Folders and files, also root folders.
    pub items: Vec<ItemId>,
    /// Each of these stands in the name or the description.
    pub words: Vec<String>,
    /// Only the one of this name.
    pub name: Option<String>,
}

/// Sites.
pub async fn sites(db: &mut PgConnection, query: &SiteQuery, slice: &Slice) -> sqlx::Result<Keys<LibraryId>> {
    let keys: Vec<String> = query.words.iter().map(|word| name::key(word)).collect();
    let (name, key) = place(slice);
    sqlx::query_as!(
        Keys::<LibraryId>,
        r#"WITH fit AS (
            SELECT l.id, lower(left(l.name, 64)) AS name FROM libraries l
            WHERE l.kind = 'site'
                AND ($1 OR l.id IN (SELECT x.library_id FROM items x WHERE x.id = ANY ($2) AND x.deleted_at IS NULL))
                AND NOT EXISTS (SELECT FROM unnest($3::text[], $4::text[]) AS w (text, key)
                    WHERE strpos(l.name_key, w.key) = 0 AND strpos(lower(l.description), lower(w.text)) = 0)
                AND ($5::text IS NULL OR l.name_key = $5)
        )
        SELECT ARRAY(SELECT f.id FROM fit f WHERE $6::text IS NULL OR (f.name, f.id) > (lower($6), $7::uuid)
                ORDER BY f.name, f.id LIMIT $8) AS "keys!: Vec<LibraryId>",
            CASE WHEN $9::boolean THEN (SELECT count(*) FROM fit) END AS total"#,
        query.all,
        &query.items as &[ItemId],
        &query.words,
        &keys,
        query.name.as_deref().map(name::key),
        name,
        key,
        slice.limit,
        slice.count,
    )
    .fetch_one(db)
    .await
}

/// When the root folders of these libraries were last changed, in no order.
pub async fn modified(db: &mut PgConnection, keys: &[LibraryId]) -> sqlx::Result<Vec<(LibraryId, DateTime<Utc>)>> {
    let rows = sqlx::query!(
        r#"SELECT library_id AS "library: LibraryId", modified_at FROM items
        WHERE library_id = ANY ($1) AND parent_id IS NULL"#,
        keys as &[LibraryId],
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.library, row.modified_at)).collect())
}
