//! The plans of all statements that run for every request, or every second, each beside the one that somebody has read and found
//! good (`plans/*.snap`): so a lost index shows as a diff. What the planner is shown stands in `plans/world.sql` and
//! `plans/settings.sql`. After a change of a statement, of an index or of these, run `.ci/sqlx`, then
//! `INSTA_UPDATE=always cargo test --test it plans::`, and read the diff: that is what the snapshots are for.
//!
//! Most are generic plans, made for any arguments: the server settles for one where it is no worse than those for what is given.

use std::{
    collections::BTreeSet,
    fs,
    panic::{self, AssertUnwindSafe},
    path::Path,
};

use insta::{Settings, assert_snapshot};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, raw_sql};

use crate::support;

/// The snapshots are of this major version; the rules below count on every one.
const MAJOR: i32 = 15;

/// What grows with all that people store and do.
const BIG: [&str; 12] = [
    "items",
    "editions",
    "contents",
    "locks",
    "drafts",
    "events",
    "tokens",
    "sessions",
    "memberships",
    "links",
    "uploads",
    "upload_fragments",
];

/// The statements that read one of these from end to end all the same. Nothing is to be added here without a reason.
const READ_WHOLE: &[(&str, &str)] = &[
    // about once an hour, for what nothing names: no index says that
    ("contents.sweep", "contents"),
    // all locks of a tree, which may be most of all locks
    ("folders.hold_locks_below", "locks"),
    // so many of them at a time that it is the shorter way, as long as there are no more than here
    ("feed.note_lapses", "locks"),
    // only for who sees no private files, which the planner does not know
    ("items.counts_in", "editions"),
];

/// By the function of the store that runs it, and words of it that no other statement has, blanks not counting.
const HOT: &[(&str, &str)] = &[
    // who asks
    ("auth.epochs", "SELECT rights, sessions FROM epoch"),
    ("auth.token", "FROM tokens WHERE digest = $2"),
    (
        "auth.issue_token",
        "INSERT INTO tokens (id, digest, principal_id, application_id, scopes, label, created_at, expires_at, issued",
    ),
    ("auth.use_session", "UPDATE sessions SET expires_at = coalesce"),
    ("auth.open_session", "INSERT INTO sessions"),
    ("auth.end_sessions", "WHERE user_id = $1 AND ended_at IS NULL"),
    ("auth.last_workspace", "FROM sessions WHERE user_id = $1 ORDER BY created_at DESC"),
    ("auth.failures", "SELECT coalesce((SELECT failures FROM login_failures"),
    ("auth.count_failure", "INSERT INTO login_failures"),
    ("auth.count_request", "INSERT INTO request_counts"),
    ("auth.count_requests_of_one", "UPDATE request_counts c SET used = c.used + $3"),
    ("auth.requests_used", "FROM request_counts c, today"),
    ("grants.presented", "FROM grants WHERE family = $1 FOR UPDATE"),
    ("directory.credential", "SELECT u.id AS \"id: PrincipalId\", u.password_hash"),
    ("directory.account", "ARRAY(SELECT group_id FROM group_members WHERE principal_id = p.id)"),
    ("directory.account_roles", "FROM memberships WHERE principal_id = ANY ($1)"),
    ("directory.account_rules", "FROM policy_grants g JOIN policy_rules r"),
    ("directory.find", "WHEN 'arena' THEN (SELECT x.id FROM principals x WHERE x.arena_guid = $3)"),
    ("directory.people", "LEFT JOIN applications a ON a.id = p.id WHERE p.id = ANY ($1)"),
    ("libraries.find", "WHEN 'workspace' THEN (SELECT x.id FROM libraries x"),
    // a look
    ("items.by_key", "WITH RECURSIVE walk (id, depth)"),
    ("items.unchanged", "AS a (item_id, revision, lock_revision, tree, at, place)"),
    ("items.unchanged.one", "$3::bigint AS lock_revision, $4::bigint AS tree"),
    ("feed.quiet", "AS a (library_id, folder_id, since, tree, ends, at, place)"),
    ("items.by_oracle_ids", "WHERE i.oracle_id = ANY ($3::text[])"),
    ("links.by_oracle_id", "WHERE l.oracle_id = $2"),
    ("links.by_graph_id", "WHERE l.graph_id = $2"),
    ("links.by_id", "i.deleted_at IS NULL WHERE l.id = $2"),
    ("links.on_any", "WHERE l.item_id = ANY ($2::uuid[])"),
    ("editions.of", "WHERE e.file_id = $1 AND e.ordinal IS NOT NULL ORDER BY e.ordinal DESC"),
    ("editions.file_of_number", "FROM editions WHERE number = $1"),
    ("contents.place", "SELECT inline, blob FROM contents WHERE sha256 = $1"),
    ("drafts.rescued", "FROM drafts d JOIN locks k ON k.file_id = d.file_id LEFT JOIN contents c"),
    ("metadata.tags_of", "array_agg(tag ORDER BY place)"),
    ("metadata.of", "JOIN metadata_collections c ON c.id = s.collection_id"),
    ("parts.has_file", "SELECT EXISTS (SELECT 1 FROM part_files WHERE file_id = $1)"),
    // lists and searches
    ("items.children", "ORDER BY CASE WHEN $7::boolean AND i.kind = 'file' THEN 1 ELSE 0 END"),
    ("items.counts_in", "count(*) FILTER (WHERE i.kind = 'file') AS \"files!\""),
    ("items.sizes_below", "LEFT JOIN items i ON i.ancestors @> ARRAY[f.id]"),
    ("items.first_free", "WITH ORDINALITY AS n (key, place) WHERE NOT EXISTS"),
    ("items.files", "ORDER BY i.file_number LIMIT $12 OFFSET $13"),
    ("items.held_below", "WITH blocking AS"),
    ("listing.page", "ORDER BY CASE WHEN NOT $10::boolean THEN s.name END"),
    ("listing.by_name", "i.deleted_at IS NULL AND i.name_key > $9::text"),
    ("listing.count", "FROM items i WHERE i.parent_id = $1::uuid AND i.deleted_at IS NULL AND ($2::text IS NULL"),
    ("lists.users", "(lower(left(p.name, 64)), p.id) > (lower($5::text), $6::uuid)"),
    ("search.naming", "WHERE EXISTS (SELECT FROM principals p WHERE p.words @@ to_tsquery"),
    ("interest.recent", "used AS ( SELECT done.item_id"),
    ("interest.followed", "FROM follows f JOIN items i ON i.id = f.item_id JOIN libraries l"),
    ("shares.shared", "GROUP BY g.item_id"),
    ("shares.items_given", "row_number() OVER (ORDER BY i.name_key, i.id) AS place"),
    ("shares.memberships", "ORDER BY array_position($1::uuid[], m.item_id) DESC"),
    ("trash.of_owner", "WITH own AS"),
    ("trail.done_to", "FROM events WHERE item_id = $1 AND outcome = 'done'"),
    ("trail.file_accesses", "v.verb IN ('check_out', 'check_in', 'cancel', 'add_edition')"),
    ("libraries.used_bytes", "AS \"used!\" FROM items i JOIN editions e"),
    ("libraries.deleted_bytes", "AS \"deleted!\""),
    ("libraries.last_change", "WITH latest AS MATERIALIZED"),
    // locks
    ("locks.change", "AS a (file_id, seen, takes, actor_id, holder_id, held_fence"),
    ("locks.change.one", "$6::bigint AS seen, $7::boolean AS takes"),
    ("locks.change_unclaimed", "FROM locks WHERE file_id = ANY ($1) FOR NO KEY UPDATE SKIP LOCKED"),
    ("locks.wait", "SELECT file_id FROM locks WHERE file_id = $1 FOR NO KEY UPDATE"),
    ("locks.refresh", "SELECT taken_at, $2, $6, 'refresh', 'done'"),
    ("locks.let_lapse", "UPDATE locks k SET holder_id = NULL, revision = k.revision + 1, lapse_fence = k.fence"),
    ("locks.file_by_uuid", "FROM locks WHERE lock_uuid = $2"),
    ("folder_locks.take", "INSERT INTO folder_locks"),
    ("folder_locks.refresh", "UPDATE folder_locks f SET taken_at = moment.at"),
    ("folder_locks.holder_over", "FROM items i JOIN folder_locks f ON f.folder_id = ANY (i.ancestors || i.id)"),
    (
        "folders.hold_locks_below",
        "WHERE i.ancestors @> ARRAY[$1::uuid] AND i.deleted_at IS NULL ORDER BY k.file_id FOR UPDATE OF k",
    ),
    // writes
    ("drafts.rescue", "AND rescued_at IS NULL AND ($2::bigint IS NULL OR fence = $2)"),
    ("drafts.discard", "DELETE FROM drafts WHERE file_id = $1 AND fence = $2"),
    ("drafts.save", "ON CONFLICT (file_id, fence) DO UPDATE SET"),
    ("editions.publish", "WITH unclaimed AS MATERIALIZED ( SELECT k.file_id"),
    ("publications.publish_together", "AS was_unpublished_by"),
    ("editions.replace_latest", "), replaced AS ("),
    ("editions.describe_latest", "), described AS ("),
    ("files.create", "WHERE $39::uuid IS NOT NULL UNION ALL"),
    ("files.update", "UPDATE editions e SET title = $8, description = $9"),
    ("files.delete", "SET deleted_at = coalesce($2, now()), deleted_by = $4, deleted_with = i.id"),
    (
        "folders.create",
        "RETURNING id ), noted AS ( INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, comment, request_id) SELECT coalesce($3, now()), $15, $16, 'create'",
    ),
    ("folders.share_tree", "SELECT id FROM libraries WHERE id = $1 FOR SHARE"),
    ("moves.file", "WITH trees AS MATERIALIZED"),
    (
        "trail.note",
        "INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, edition_id, holder_id, comment, request_id) VALUES",
    ),
    // uploads in fragments, temporary files
    ("uploads.begin", "INSERT INTO uploads"),
    ("uploads.find", "FROM uploads WHERE digest = $1"),
    ("uploads.add", "WITH upload AS ( UPDATE uploads"),
    ("uploads.fragments", "FROM upload_fragments WHERE upload_id = $1 AND start >= $2"),
    ("uploads.remove_fragments", "DELETE FROM upload_fragments WHERE upload_id = $1"),
    ("uploads.finish", "UPDATE uploads SET finished_at"),
    ("temporary.create", "INSERT INTO temporary_files"),
    ("temporary.names", "SELECT name FROM temporary_files"),
    // what goes on every second or so, on every node, and the feed
    ("feed.ends", "AS \"unsettled!\" FROM feed"),
    ("feed.hold", "SELECT last FROM feed FOR NO KEY UPDATE"),
    ("feed.note_lapses", "WITH lapsed AS MATERIALIZED"),
    ("feed.number", "WITH next AS MATERIALIZED"),
    ("feed.below", "(i.ancestors[1:64], cardinality(i.ancestors), i.id) > ("),
    ("feed.touched", "WHERE v.library_id = $1 AND v.position > $3"),
    ("feed.shown", "i.deleted_at IS NULL AND (i.id = $4::uuid OR i.ancestors @> ARRAY[$4])"),
    ("feed.gone", "WITH past AS MATERIALIZED"),
    ("items.lapsed", "k.lapse_fence < k.fence AND k.dialect = $3::text"),
    ("subscriptions.claim", "WITH due AS MATERIALIZED"),
    ("subscriptions.claimed", "WHERE s.id = $1 AND s.turn = $2"),
    ("copy_operations.lapsed", "WHERE ended_at IS NULL AND lease_until <="),
    ("uploads.expired", "FROM uploads WHERE expires_at <= $1"),
    ("contents.sweep", "DELETE FROM contents"),
    ("contents.known", "SELECT blob FROM contents WHERE blob = ANY ($1)"),
];

/// Those that are asked over a line of their own, which has settings of its own (`vault/line.rs`).
const ON_A_LINE: [&str; 9] = [
    "auth.count_request",
    "auth.count_requests_of_one",
    "items.unchanged",
    "items.unchanged.one",
    "feed.quiet",
    "locks.change",
    "locks.change.one",
    "locks.change_unclaimed",
    "publications.publish_together",
];

/// What it is called here, a piece of it that no other has, and what it is asked with: the number of an argument and its value.
type Asked = (&'static str, &'static str, &'static [(usize, &'static str)]);

/// Hot statements with conditions that count only where something is asked for. A plan for any arguments says nothing of them,
/// and the server makes one each time: here for these arguments, by their number; all others are null.
const ASKED: &[Asked] = &[
    ("items.held.of_one", "($3::uuid IS NULL OR k.holder_id = $3)", &[(3, "pg_temp.id('principal', 21)")]),
    (
        "search.find.words",
        "i.words @@ to_tsquery('simple', $9)",
        &[
            (2, "false"),
            (4, "ARRAY[pg_temp.id('library', 1)]"),
            (5, "'{}'"),
            (7, "'{}'"),
            (8, "'{}'"),
            (9, "$$(('7777'))$$"),
            (10, "'{}'"),
            (12, "25"),
            (13, "'modified'"),
            (14, "true"),
            (15, "0"),
            (17, "true"),
            (21, "false"),
        ],
    ),
    (
        "search.find.below",
        "i.words @@ to_tsquery('simple', $9)",
        &[
            (2, "false"),
            (4, "ARRAY[pg_temp.id('library', 1)]"),
            (5, "'{}'"),
            (6, "pg_temp.id('folder', 5)"),
            (7, "'{}'"),
            (8, "'{}'"),
            (10, "'{}'"),
            (11, "'777'"),
            (12, "25"),
            (13, "'name'"),
            (14, "false"),
            (15, "0"),
            (17, "false"),
            (21, "false"),
        ],
    ),
];

#[tokio::test]
async fn every_hot_statement_runs_by_the_plan_that_was_found_good() {
    let database = support::database().await;
    let mut db = PgConnection::connect(&database.url).await.unwrap();
    // nothing runs in one transaction with VACUUM
    for sql in [include_str!("plans/settings.sql"), include_str!("plans/world.sql"), "VACUUM (ANALYZE)"] {
        raw_sql(sql).execute(&mut db).await.unwrap();
    }
    let statements = statements();
    let mut plans = Vec::new();
    for (name, words) in HOT {
        let avoided = if ON_A_LINE.contains(name) { "off" } else { "on" };
        let settings = format!("SET enable_seqscan = {avoided}; SET enable_mergejoin = {avoided}");
        raw_sql(AssertSqlSafe(settings)).execute(&mut db).await.unwrap();
        plans.push((*name, plan(&mut db, the_one(&statements, name, words), None).await));
    }
    raw_sql("RESET enable_seqscan; RESET enable_mergejoin").execute(&mut db).await.unwrap();
    for (name, words, arguments) in ASKED {
        plans.push((*name, plan(&mut db, the_one(&statements, name, words), Some(*arguments)).await));
    }

    let major: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::int / 10000")
        .fetch_one(&mut db)
        .await
        .unwrap();
    if major == MAJOR {
        let other: Vec<&str> =
            plans.iter().filter(|(name, plan)| is_another(name, plan)).map(|(name, _)| *name).collect();
        assert!(
            other.is_empty(),
            "the plans of {other:?} are not what they were; the file's head says how to accept them"
        );
    } else {
        eprintln!("this is Postgres {major}: its plans are not compared with those of {MAJOR}");
    }

    let found: BTreeSet<(&str, &str)> =
        plans.iter().flat_map(|(name, plan)| read_whole(plan).map(move |table| (*name, table))).collect();
    let known: BTreeSet<_> = READ_WHOLE.iter().copied().collect();
    let news: Vec<_> = found.difference(&known).collect();
    assert!(news.is_empty(), "these read a big table from end to end: {news:?}");
    let past: Vec<_> = known.difference(&found).collect();
    assert!(major != MAJOR || past.is_empty(), "these do not any more, so strike them from READ_WHOLE: {past:?}");
}

#[test]
fn every_plan_belongs_to_a_hot_statement() {
    let names = HOT.iter().map(|(name, ..)| name).chain(ASKED.iter().map(|(name, ..)| name));
    let known: BTreeSet<String> = names.map(|name| format!("{name}.snap")).collect();
    assert_eq!(known.len(), HOT.len() + ASKED.len(), "each has a name of its own");
    let found: BTreeSet<String> = fs::read_dir(folder().join("tests/it/plans"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "snap"))
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(found.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "nothing compares these");
}

/// A statement of the store, as it was checked.
struct Statement {
    sql: String,
    /// The types of its parameters, in SQL.
    types: Vec<String>,
}

fn statements() -> Vec<Statement> {
    let checked = fs::read_dir(folder().join(".sqlx")).unwrap();
    checked
        .map(|entry| statement(&serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap()))
        .collect()
}

fn statement(checked: &Value) -> Statement {
    let types = checked["describe"]["parameters"]["Left"].as_array().expect("the types of the parameters");
    Statement { sql: checked["query"].as_str().unwrap().to_owned(), types: types.iter().map(in_sql).collect() }
}

/// `Int8Array` is `int8[]`.
fn in_sql(checked: &Value) -> String {
    let name = checked.as_str().expect("a type that the database was born with").to_lowercase();
    name.strip_suffix("array").map_or_else(|| name.clone(), |element| format!("{element}[]"))
}

fn the_one<'a>(statements: &'a [Statement], name: &str, words: &str) -> &'a Statement {
    let fit: Vec<&Statement> = statements.iter().filter(|it| single_spaced(&it.sql).contains(words)).collect();
    match fit[..] {
        [one] => one,
        _ => panic!("{} statements have the words of {name}: {words}", fit.len()),
    }
}

fn single_spaced(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The plan for some arguments, by their number, else for any.
async fn plan(db: &mut PgConnection, statement: &Statement, asked: Option<&[(usize, &str)]>) -> String {
    let given = |number| asked.into_iter().flatten().find(|(it, _)| *it == number).map_or("NULL", |(_, value)| *value);
    let arguments: Vec<&str> = (1..=statement.types.len()).map(given).collect();
    let mode = if asked.is_some() { "custom" } else { "generic" };
    let prepare = format!(
        "SET plan_cache_mode = force_{mode}_plan; PREPARE hot{} AS {}",
        in_parentheses(&statement.types),
        statement.sql,
    );
    raw_sql(AssertSqlSafe(prepare)).execute(&mut *db).await.unwrap();
    let explain = format!("EXPLAIN (COSTS OFF) EXECUTE hot{}", in_parentheses(&arguments));
    let rows = raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *db).await.unwrap();
    raw_sql("DEALLOCATE hot").execute(&mut *db).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
}

/// Where there is nothing, SQL wants no parentheses either.
fn in_parentheses<T: AsRef<str>>(all: &[T]) -> String {
    let all: Vec<&str> = all.iter().map(AsRef::as_ref).collect();
    if all.is_empty() { String::new() } else { format!("({})", all.join(", ")) }
}

/// Whether a plan is not the one that stands in its file; the difference is printed.
fn is_another(name: &str, plan: &str) -> bool {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("plans");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    // all of them are to be seen, not the first alone
    panic::catch_unwind(AssertUnwindSafe(|| settings.bind(|| assert_snapshot!(name, plan)))).is_err()
}

/// The big tables of a plan that are read from end to end.
fn read_whole(plan: &str) -> impl Iterator<Item = &str> {
    let tables = plan.lines().filter_map(|line| line.split_once("Seq Scan on ")?.1.split_whitespace().next());
    tables.filter(|table| BIG.contains(table))
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
