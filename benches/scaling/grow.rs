//! A seeded world made as large as it is wanted: rows straight into the tables, by the statements of `grow.sql`; and the files
//! of it that are asked for.

use std::{sync::Arc, time::Instant};

use anyhow::{Context, Result, ensure};
use sqlx::{Connection, PgConnection};

use crate::common::house::{Cluster, File, OTHER};

/// Each begins with a line that names it.
const STEPS: &str = include_str!("grow.sql");
const STEP: &str = "\n--- ";

/// Three floors of folders with a hundred of each hold so many.
const MOST: u32 = 1_000_000;
/// Fewer do not fill folders.
const LEAST: u32 = 1000;

/// Files that are asked for, spread over all.
const ASKED: u32 = 4096;

/// How large a world is made.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Files.
    pub files: u32,
    /// Events of each file.
    pub rounds: u32,
    /// Of so many files one is checked out; 0: none is.
    pub held_every: u32,
}

/// What is needed to ask for a file of a grown world, and to know that it is answered.
pub struct Place {
    /// Its ids.
    pub file: File,
    /// Its name without the extension; nothing else has it in its own.
    pub stem: String,
    /// Names from below the library's root to the file, with slashes between.
    pub path: String,
    /// Graph's id of its folder.
    pub folder: String,
    /// The first and the last name in that folder.
    pub names: [String; 2],
    /// What is in it.
    pub bytes: Arc<[u8]>,
}

/// What was made.
pub struct Grown {
    /// Files that nobody holds.
    pub places: Vec<Place>,
    /// Oracle's id of the library's root folder.
    pub root: String,
}

impl Size {
    /// The sizes for these numbers of files, so many events and check-outs at the largest, and as many for each file at the
    /// others.
    pub fn all(files: &[u32], events: u32, held: u32) -> Result<Vec<Size>> {
        let largest = files.iter().copied().max().context("no size")?;
        ensure!(files.is_sorted_by(|a, b| a < b), "the sizes must rise: {files:?}");
        ensure!(
            files.iter().all(|files| (LEAST..=MOST).contains(files)),
            "a size has {LEAST} to {MOST} files: {files:?}"
        );
        let rounds = events / largest;
        ensure!(rounds >= 3, "a file has three events at least, so {} at the largest size", largest.saturating_mul(3));
        ensure!(held <= largest / 2, "half of the files can be held at most, {} at the largest size", largest / 2);
        let held_every = largest.checked_div(held).unwrap_or(0);
        Ok(files.iter().map(|files| Size { files: *files, rounds, held_every }).collect())
    }

    /// Files that nobody holds, as evenly spread as can be; counted from 0.
    fn asked(self) -> Vec<i64> {
        let count = ASKED.min(self.files / 2);
        let files = u64::from(self.files);
        let numbers = (0..u64::from(count)).map(|place| place * files / u64::from(count));
        let held =
            |number: u64| self.held_every > 0 && number % u64::from(self.held_every) == u64::from(self.held_every) - 1;
        // none of two neighbours is held, if the other is; and no two of these are neighbours
        let free = numbers.map(|number| if held(number) { number - 1 } else { number });
        free.filter_map(|number| i64::try_from(number).ok()).collect()
    }
}

/// Settings for what comes once and is never measured.
pub async fn hurry(cluster: &Cluster) -> Result<()> {
    set(cluster, ["ALTER SYSTEM SET max_wal_size = '4GB'", "ALTER SYSTEM SET autovacuum = off", RELOAD]).await
}

/// All settings as they were, and everything on disk.
pub async fn calm(cluster: &Cluster) -> Result<()> {
    set(cluster, ["ALTER SYSTEM RESET ALL", RELOAD, "CHECKPOINT"]).await
}

const RELOAD: &str = "SELECT pg_reload_conf()";

async fn set(cluster: &Cluster, statements: [&'static str; 3]) -> Result<()> {
    let mut db = PgConnection::connect(&cluster.url("postgres")).await?;
    for statement in statements {
        sqlx::raw_sql(statement).execute(&mut db).await?;
    }
    Ok(db.close().await?)
}

/// Makes a world of this size of the one that was seeded into a database, and says how long each step takes.
pub async fn grow(database: &str, size: Size) -> Result<Grown> {
    let mut db = PgConnection::connect(database).await?;
    for step in STEPS.split(STEP).skip(1) {
        let (name, statements) = step.split_once('\n').context("a step without statements")?;
        let statements = statements
            .replace(":files", &size.files.to_string())
            .replace(":rounds", &size.rounds.to_string())
            .replace(":held_every", &size.held_every.to_string())
            .replace(":'holder'", &format!("'{OTHER}'"));
        let began = Instant::now();
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statements)).execute(&mut db).await;
        done.with_context(|| format!("growing to {} files: {name}", size.files))?;
        println!("  {name}: {:.1} s", began.elapsed().as_secs_f64());
    }
    check(&mut db, size).await?;
    let grown = Grown { places: places(&mut db, size).await?, root: root(&mut db).await? };
    db.close().await?;
    Ok(grown)
}

/// Whether what should have come has come, and the feed ends where it should.
async fn check(db: &mut PgConnection, size: Size) -> Result<()> {
    let (files, held, events, unnumbered, last): (i64, i64, i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM grown g JOIN items i ON i.id = g.id JOIN editions e ON e.id = i.edition_id
                JOIN contents c ON c.sha256 = e.sha256 JOIN locks k ON k.file_id = i.id),
            (SELECT count(*) FROM locks k JOIN drafts d ON d.file_id = k.file_id AND d.fence = k.fence
                WHERE k.holder_id = d.holder_id),
            (SELECT count(*) FROM events), (SELECT count(*) FROM events WHERE position IS NULL),
            (SELECT last - (SELECT max(position) FROM events) FROM feed)",
    )
    .fetch_one(db)
    .await?;
    let wanted = size.files.checked_div(size.held_every).unwrap_or(0);
    ensure!(files == i64::from(size.files), "{files} files instead of {}", size.files);
    ensure!(held == i64::from(wanted), "{held} files are held instead of {wanted}");
    ensure!(events >= i64::from(size.files) * i64::from(size.rounds), "only {events} events");
    ensure!(unnumbered == 0 && last == 0, "the feed has no end: {unnumbered} events without a place, {last} too many");
    Ok(())
}

type PlaceRow = (String, String, i64, String, String, String, String, String, String, Vec<u8>);

async fn places(db: &mut PgConnection, size: Size) -> Result<Vec<Place>> {
    let rows: Vec<PlaceRow> = sqlx::query_as(
        "SELECT i.graph_id, i.oracle_id, i.number, e.arena_guid, i.name,
            (SELECT string_agg(a.name, '/' ORDER BY u.place)
                FROM unnest(i.ancestors[2:]) WITH ORDINALITY AS u (id, place) JOIN items a ON a.id = u.id),
            f.graph_id, n.first, n.last, c.inline
        FROM grown g JOIN items i ON i.id = g.id JOIN editions e ON e.id = i.edition_id JOIN contents c ON c.sha256 = e.sha256
            JOIN items f ON f.id = i.parent_id,
            LATERAL (SELECT min(x.name) AS first, max(x.name) AS last FROM items x
                WHERE x.parent_id = i.parent_id AND x.deleted_at IS NULL) n
        WHERE g.n = ANY ($1) ORDER BY g.n",
    )
    .bind(size.asked())
    .fetch_all(db)
    .await?;
    ensure!(!rows.is_empty(), "no files to ask for");
    Ok(rows.into_iter().map(Place::from).collect())
}

impl From<PlaceRow> for Place {
    fn from((graph, oracle, number, arena, name, above, folder, first, last, bytes): PlaceRow) -> Self {
        Self {
            file: File { graph, oracle, number, arena },
            stem: name.trim_end_matches(".txt").to_owned(),
            path: format!("{above}/{name}"),
            folder,
            names: [first, last],
            bytes: bytes.into(),
        }
    }
}

async fn root(db: &mut PgConnection) -> Result<String> {
    Ok(sqlx::query_scalar("SELECT i.oracle_id FROM growth w JOIN items i ON i.id = w.root_id").fetch_one(db).await?)
}
