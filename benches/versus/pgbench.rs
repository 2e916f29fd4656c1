//! The anchor for locks and reads: what Postgres itself does, asked by its own load generator over the same socket, with
//! prepared statements and one statement for each verb.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use sqlx::{Connection, PgConnection};

/// Rows of the anchor's tables.
const FILES: u32 = 10_000;

/// A database of its own, and the program.
pub struct Pgbench {
    program: PathBuf,
    scripts: PathBuf,
    url: String,
}

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// Take a lock and note it, release it and note it: two transactions.
    Pairs,
    /// The columns of one file by its key.
    Get,
    /// The same of a hundred files of one folder.
    List,
    /// Take a lock; then content, edition, release and event in one transaction.
    CheckIns,
}

const TABLES: &str = "
    CREATE TABLE files (id bigint PRIMARY KEY, folder_id bigint NOT NULL, name text NOT NULL, media_type text NOT NULL,
        size bigint NOT NULL, edition int NOT NULL DEFAULT 1, created_at timestamptz NOT NULL DEFAULT now(),
        modified_at timestamptz NOT NULL DEFAULT now());
    CREATE INDEX files_folder ON files (folder_id, name);
    CREATE TABLE locks (file_id bigint PRIMARY KEY REFERENCES files, holder text, fence bigint NOT NULL DEFAULT 0,
        taken_at timestamptz) WITH (fillfactor = 50);
    CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL, verb text NOT NULL,
        file_id bigint NOT NULL, holder text, fence bigint NOT NULL);
    CREATE TABLE editions (file_id bigint NOT NULL REFERENCES files, ordinal int NOT NULL, content bytea NOT NULL,
        created_at timestamptz NOT NULL, PRIMARY KEY (file_id, ordinal));";

const TAKE: &str = "WITH taken AS (UPDATE locks SET holder = 'ann', fence = fence + 1, taken_at = now()
    WHERE file_id = :id AND holder IS NULL RETURNING file_id, holder, fence, taken_at)
    INSERT INTO events (at, verb, file_id, holder, fence) SELECT taken_at, 'check_out', file_id, holder, fence FROM taken;";

const RELEASE: &str = "WITH freed AS (UPDATE locks SET holder = NULL, taken_at = NULL
    WHERE file_id = :id AND holder = 'ann' RETURNING file_id, fence)
    INSERT INTO events (at, verb, file_id, holder, fence) SELECT now(), 'cancel', file_id, 'ann', fence FROM freed;";

const CHECK_IN: &str = "WITH freed AS (UPDATE locks SET holder = NULL, taken_at = NULL
        WHERE file_id = :id AND holder = 'ann' RETURNING file_id, fence),
    file AS (UPDATE files SET edition = edition + 1, size = 1024, modified_at = now() FROM freed
        WHERE files.id = freed.file_id RETURNING id, edition),
    published AS (INSERT INTO editions (file_id, ordinal, content, created_at)
        SELECT id, edition, decode(repeat(md5(:id::text), 64), 'hex'), now() FROM file)
    INSERT INTO events (at, verb, file_id, holder, fence) SELECT now(), 'check_in', file_id, 'ann', fence FROM freed;";

impl Work {
    /// Each client has rows of its own, as each of our connections has files of its own.
    fn script(self, clients: usize) -> String {
        let own = format!("\\set n random(0, {FILES} / {clients} - 1)\n\\set id 1 + :client_id + {clients} * :n\n");
        let flat = |statement: &str| statement.split_whitespace().collect::<Vec<_>>().join(" ");
        let verbs: &[&str] = match self {
            Work::Pairs => &[TAKE, RELEASE],
            Work::CheckIns => &[TAKE, CHECK_IN],
            Work::Get => {
                &["SELECT id, folder_id, name, media_type, size, edition, created_at, modified_at FROM files \
                WHERE id = :id;"]
            }
            Work::List => {
                &["SELECT id, folder_id, name, media_type, size, edition, created_at, modified_at FROM files \
                WHERE folder_id = :id % 100 ORDER BY name LIMIT 100;"]
            }
        };
        let mut script = own;
        for verb in verbs {
            let _ = writeln!(script, "{}", flat(verb));
        }
        script
    }
}

/// What a run came to.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Scripts per second.
    pub rate: f64,
    /// Scripts done.
    pub done: f64,
}

impl Pgbench {
    /// Fills a database at `url` with the anchor's tables. The program is the one beside that of Postgres, whose first
    /// process is `postmaster`; scripts are written to `scripts`.
    pub async fn prepare(postmaster: u32, scripts: &Path, url: &str) -> Result<Self> {
        let program = fs::read_link(format!("/proc/{postmaster}/exe"))?.with_file_name("pgbench");
        let program = if program.is_file() { program } else { PathBuf::from("pgbench") };
        let mut db = PgConnection::connect(url).await.context("the anchor's database takes no connection")?;
        sqlx::raw_sql(TABLES).execute(&mut db).await?;
        let fill = format!(
            "INSERT INTO files (id, folder_id, name, media_type, size) SELECT n, n % 100, 'file ' || n || '.txt', 'text/plain', n
                FROM generate_series(1, {FILES}) AS n;
            INSERT INTO locks (file_id) SELECT id FROM files;
            VACUUM ANALYZE;"
        );
        for statement in fill.split(";\n") {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut db).await?;
        }
        db.close().await?;
        Ok(Self { program, scripts: scripts.to_owned(), url: url.to_owned() })
    }

    /// Runs a work with so many clients for so long.
    pub async fn run(&self, work: Work, clients: usize, time: Duration) -> Result<Run> {
        let file = self.scripts.join(format!("{work:?}-{clients}.sql"));
        fs::write(&file, work.script(clients))?;
        let mut command = Command::new(&self.program);
        command.args([
            "-n",
            "-M",
            "prepared",
            "-j",
            "1",
            "-c",
            &clients.to_string(),
            "-T",
            &time.as_secs().to_string(),
        ]);
        command.arg("-f").arg(&file).arg(&self.url).stdin(Stdio::null());
        let said = tokio::task::spawn_blocking(move || command.output()).await?.context("pgbench does not start")?;
        let text = String::from_utf8_lossy(&said.stdout);
        ensure!(said.status.success(), "pgbench failed: {text}{}", String::from_utf8_lossy(&said.stderr));
        let number = |before: &str| -> Result<f64> {
            let rest = text.split_once(before).with_context(|| format!("pgbench does not tell {before:?}: {text}"))?.1;
            let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
            Ok(rest[..end].parse()?)
        };
        ensure!(!text.contains("number of failed transactions:") || number("number of failed transactions: ")? == 0.0);
        let run = Run { rate: number("tps = ")?, done: number("number of transactions actually processed: ")? };
        self.check(work).await?;
        Ok(run)
    }

    /// A run counts only if every lock was released and every verb noted.
    async fn check(&self, work: Work) -> Result<()> {
        if matches!(work, Work::Get | Work::List) {
            return Ok(());
        }
        let mut db = PgConnection::connect(&self.url).await?;
        let (takes, fences): (i64, i64) = sqlx::query_as(
            "SELECT count(*), (SELECT sum(fence)::bigint FROM locks) FROM events WHERE verb = 'check_out'",
        )
        .fetch_one(&mut db)
        .await?;
        ensure!(takes == fences, "pgbench's trail has {takes} check-outs, its locks {fences}");
        // what the next run begins with is what this one began with
        sqlx::raw_sql("UPDATE locks SET holder = NULL WHERE holder IS NOT NULL").execute(&mut db).await?;
        db.close().await?;
        Ok(())
    }
}
