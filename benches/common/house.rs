//! What is measured: the real program over a durable Postgres of the bench's own, and a small world in it.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use coatcheck::embedded::{self, Durability, Postgres, Settings};
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// Files that are checked out and in, so many for each of 64 connections.
const FILES: usize = 256;

/// Files of a folder beside them.
const HUNDRED: usize = 100;

/// The user whose requests are measured: a contributor with a policy, in a library that requires one.
pub const USER: &str = "ann";
/// Somebody else with the same rights.
pub const OTHER: &str = "bob";
/// The password of both.
pub const PASSWORD: &str = "bench-only-password";
/// The Arena workspace of the library.
pub const WORKSPACE: i64 = 1001;

/// A folder that goes when it is dropped, and that the account gets through which Postgres runs under.
pub fn folder() -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    open(folder.path())?;
    Ok(folder)
}

/// Lets other accounts through a folder.
pub fn open(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?)
}

/// A Postgres of our own, as durable as it is delivered.
pub struct Cluster {
    postgres: Option<Postgres>,
    data: PathBuf,
}

impl Cluster {
    /// Makes and starts it in `folder`.
    pub async fn start(folder: &Path) -> Result<Self> {
        let data = folder.join("cluster");
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let dirs = embedded::default_dirs(
            embedded::is_root(),
            variable("HOME").as_deref(),
            variable("XDG_DATA_HOME").as_deref(),
            variable("XDG_CACHE_HOME").as_deref(),
        );
        let settings = Settings {
            bin_dir: variable("PG_BIN_DIR").filter(|folder| !folder.as_os_str().is_empty()),
            search_path: std::env::var_os("PATH"),
            installed: embedded::well_known_folders(),
            cache_dir: dirs.map_or_else(|| folder.join("cache"), |dirs| dirs.cache),
            data_dir: data.clone(),
            database: None,
            durability: Durability::Durable,
            allow_download: true,
        };
        let postgres = tokio::task::spawn_blocking(move || Postgres::start(&settings)).await??;
        Ok(Self { postgres: Some(postgres), data })
    }

    /// Makes an empty database in it, and answers its URL.
    pub async fn create(&self, database: &str) -> Result<String> {
        let mut db = PgConnection::connect(&self.url("postgres")).await?;
        let statement = format!("CREATE DATABASE {database}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut db).await?;
        db.close().await?;
        Ok(self.url(database))
    }

    /// A URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        self.postgres.as_ref().map(|postgres| postgres.url(database)).unwrap_or_default()
    }

    /// Its first process.
    pub fn postmaster(&self) -> Result<u32> {
        let text = fs::read_to_string(self.data.join("pgdata/postmaster.pid"))?;
        Ok(text.lines().next().context("no process in Postgres's pid file")?.trim().parse()?)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(postgres) = self.postgres.take() {
            // what is left of it is in a folder that goes as well
            let _ = postgres.stop();
        }
    }
}

/// The running program. Killed when it is dropped.
pub struct Server {
    child: Child,
    /// Where it answers.
    pub address: SocketAddr,
}

impl Server {
    /// Starts it over a database that is there, and waits until it says where it answers.
    pub fn start(folder: &Path, database: &str) -> Result<Self> {
        let mut command = program(folder, database);
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("no pipe")?);
        let mut said = String::new();
        let ready: Value = loop {
            ensure!(lines.read_line(&mut said)? > 0, "the server ended before it was ready; it said {said:?}");
            if let Ok(ready) = serde_json::from_str(&said) {
                break ready;
            }
        };
        // whatever it says later must find a reader
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        let base = ready["listening"].as_str().context("it does not say where it listens")?;
        let address = base.trim_start_matches("http://").parse()?;
        Ok(Self { child, address })
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(folder: &Path, database: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coatcheck"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("COATCHECK") || text.starts_with("DATABASE_URL") {
            command.env_remove(&name);
        }
    }
    command.env("DATABASE_URL", database).env("COATCHECK__ARENA__REQUEST_LIMIT", "1000000000");
    command.env("COATCHECK__LOG__FILTER", "warn");
    command.arg("--data-dir").arg(folder.join("data")).args(["--output", "json"]);
    command
}

/// The world that is worked in, by the names each room has for it.
pub struct World {
    /// Graph's id of the drive.
    pub drive: String,
    /// A token of the user.
    pub token: String,
    /// A token of somebody else.
    pub other_token: String,
    /// The files that are checked out.
    pub files: Vec<File>,
}

/// A file by its names.
#[derive(Clone)]
pub struct File {
    /// In Graph.
    pub graph: String,
    /// In Oracle.
    pub oracle: String,
    /// In Liferay.
    pub number: i64,
    /// Of its edition, in Arena.
    pub arena: String,
}

impl World {
    /// Makes it through the program's own command.
    pub fn make(folder: &Path, database: &str) -> Result<Self> {
        let mut seed = String::new();
        for login in [USER, OTHER] {
            let _ = write!(
                seed,
                "[[users]]\nlogin = \"{login}\"\nname = \"{login}\"\nemail = \"{login}@example.com\"\npassword = \"{PASSWORD}\"\n\
                [[tokens]]\nfor = \"{login}\"\nlabel = \"bench\"\nscopes = [\"Files.ReadWrite.All\", \"Sites.ReadWrite.All\"]\n"
            );
        }
        let _ = write!(
            seed,
            "[[users]]\nlogin = \"dora\"\nadministrator = true\n\
            [[categories]]\npath = \"Drawings\"\n[[categories]]\npath = \"Drawings/Released\"\n\
            [[policies]]\nname = \"Editors\"\nrules = [{{ action = \"edit_file\" }}]\ngiven_to = [\"{USER}\", \"{OTHER}\"]\n\
            [[libraries]]\nname = \"Bench\"\npolicies_required = true\narena_workspace = {WORKSPACE}\n\
            members = {{ {USER} = \"contributor\", {OTHER} = \"contributor\" }}\n"
        );
        for number in 0..FILES {
            let _ = write!(
                seed,
                "[[files]]\nat = \"Bench/Gearbox/Locks/f{number}.txt\"\ncategory = \"Drawings/Released\"\nby = \"{USER}\"\n\
                text = \"file {number}\"\n"
            );
        }
        let _ = writeln!(seed, "[[folders]]\nat = \"Bench/Hundred\"");
        for number in 0..HUNDRED {
            let _ = write!(
                seed,
                "[[files]]\nat = \"Bench/Hundred/l{number}.txt\"\nby = \"{USER}\"\ntext = \"listed {number}\"\n"
            );
        }
        let file = folder.join("world.toml");
        fs::write(&file, seed)?;
        let said = program(folder, database).arg("seed").arg(&file).output()?;
        ensure!(said.status.success(), "the world was not made: {}", String::from_utf8_lossy(&said.stderr));
        Self::read(&serde_json::from_slice(&said.stdout).context("the seed command does not speak JSON")?)
            .context("the seed command leaves something out")
    }

    fn read(made: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let list = |name: &str| made[name].as_array().cloned().unwrap_or_default();
        let token = |login: &str| {
            list("tokens").iter().find(|token| token["for"] == login).and_then(|token| text(&token["token"]))
        };
        let library = list("libraries").into_iter().next()?;
        let locks = list("files").into_iter().filter(|file| text(&file["at"]).is_some_and(|at| at.contains("/Locks/")));
        let files = locks.map(|file| {
            Some(File {
                graph: text(&file["graph_id"])?,
                oracle: text(&file["oracle_id"])?,
                number: file["number"].as_i64()?,
                arena: text(&file["editions"][0]["arena_guid"])?,
            })
        });
        Some(Self {
            drive: text(&library["graph_drive_id"])?,
            token: token(USER)?,
            other_token: token(OTHER)?,
            files: files.collect::<Option<_>>()?,
        })
    }
}
