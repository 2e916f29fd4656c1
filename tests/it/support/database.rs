//! A database for each test: a clone of one migrated template, in a throw-away cluster that the whole test process
//! shares, or on the server that `DATABASE_URL` names. What is in the schema is the business of `migrate`.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    future::Future,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use coatcheck::embedded::{self, Durability, Postgres, Settings};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;
use tokio::{runtime, sync::OnceCell, task::spawn_blocking};

/// Below this much free memory (Docker gives 64 MB), the disk is better.
const ROOM_IN_MEMORY: u64 = 1 << 30;
/// Names the advisory lock under which a template is made.
const MAKING_A_TEMPLATE: i64 = 0x00C0_A7C4_EC00;

/// A test's own database. It is dropped with this, whoever is still connected.
#[derive(Debug)]
pub struct TestDatabase {
    /// For any number of connections; they need not be closed in the end.
    pub url: String,
    name: String,
    server: &'static Server,
}

impl TestDatabase {
    /// A new database with the schema that `migrate` makes. Only the first call in a process runs it: it gets the URL
    /// of the template, and must have closed its connections when it returns.
    pub async fn new<F, Fut>(migrate: F) -> Self
    where
        F: FnOnce(String) -> Fut,
        Fut: Future<Output = ()>,
    {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        static COUNT: AtomicU32 = AtomicU32::new(1);

        let server = spawn_blocking(Server::get).await.expect("the server starts");
        let template = TEMPLATE.get_or_init(|| server.template(migrate)).await;
        let name = server.unique(COUNT.fetch_add(1, Ordering::Relaxed));
        let strategy = server.strategy();
        let clone = format!(r#"CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY {strategy}"#);
        // A connection belongs to the runtime of one test, so each opens its own.
        let mut admin = PgConnection::connect(&server.url("postgres")).await.expect("the server answers");
        admin.execute(AssertSqlSafe(clone)).await.expect("the template can be cloned");
        admin.close().await.expect("the connection closes");
        Self { url: server.url(&name), name, server }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let url = self.server.url("postgres");
        let drop = format!(r#"DROP DATABASE IF EXISTS "{}" WITH (FORCE)"#, self.name);
        // Not in the test's runtime, which may be on its way out; and nobody waits for a cluster that will be removed.
        let dropping = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut admin = PgConnection::connect(&url).await?;
                admin.execute(AssertSqlSafe(drop)).await?;
                admin.close().await
            })
        });
        if matches!(self.server, Server::External { .. }) {
            let dropped = dropping.join();
            assert!(thread::panicking() || matches!(dropped, Ok(Ok(()))), "{} stays behind: {dropped:?}", self.name);
        }
    }
}

/// Where the databases are.
#[derive(Debug)]
enum Server {
    /// Ours: stopped and removed when the process ends, however it does.
    Own(Box<Postgres>),
    /// Somebody's, and its data are on a disk.
    External { url: String },
}

impl Server {
    /// The server of this process. Blocks while it starts.
    fn get() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(|| match env::var_os("DATABASE_URL").filter(|url| !url.is_empty()) {
            Some(url) => Self::External { url: url.into_string().expect("DATABASE_URL is text") },
            None => Self::Own(Box::new(throw_away())),
        })
    }

    fn url(&self, database: &str) -> String {
        match self {
            Self::Own(postgres) => postgres.url(database),
            Self::External { url } => with_database(url, database),
        }
    }

    /// Two checkpoints cost nothing without fsync, and much with it.
    fn strategy(&self) -> &'static str {
        match self {
            Self::Own(_) => "FILE_COPY",
            Self::External { .. } => "WAL_LOG",
        }
    }

    fn unique(&self, number: u32) -> String {
        match self {
            Self::Own(_) => format!("t_{number}"),
            Self::External { .. } => format!("coatcheck_test_{}", random_id()),
        }
    }

    /// The name of a database with the schema, making it under another name first: one that has its name is whole. On
    /// an external server it stays, for the next run with the same migrations.
    async fn template<F, Fut>(&self, migrate: F) -> String
    where
        F: FnOnce(String) -> Fut,
        Fut: Future<Output = ()>,
    {
        let name = format!("coatcheck_template_{}", migrations_digest(&migrations()));
        let making = format!("{name}_making");
        let mut admin = PgConnection::connect(&self.url("postgres")).await.expect("the server answers");
        let lock = sqlx::query("SELECT pg_advisory_lock($1)").bind(MAKING_A_TEMPLATE);
        lock.execute(&mut admin).await.expect("nobody makes a template for ever");
        let is_there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(&name)
            .fetch_one(&mut admin)
            .await
            .expect("databases can be listed");
        if !is_there {
            let begin = format!(r#"DROP DATABASE IF EXISTS "{making}" WITH (FORCE)"#);
            admin.execute(AssertSqlSafe(begin)).await.expect("a half-made template can be dropped");
            admin
                .execute(AssertSqlSafe(format!(r#"CREATE DATABASE "{making}""#)))
                .await
                .expect("databases can be made");
            migrate(self.url(&making)).await;
            let done = format!(r#"ALTER DATABASE "{making}" RENAME TO "{name}""#);
            admin.execute(AssertSqlSafe(done)).await.expect("the migrations have closed their connections");
        }
        admin.close().await.expect("the connection closes");
        name
    }
}

/// A data folder on the disk for a server that syncs its writes, as the tests that kill it need one. Removed in the
/// end; whatever runs in it must be stopped before.
#[derive(Debug)]
pub struct DurableFolder(TempDir);

impl DurableFolder {
    pub fn new() -> Self {
        // Root hands the server to an ordinary account, which must get through to it.
        let passable = fs::Permissions::from_mode(0o711);
        let folder = tempfile::Builder::new().prefix("coatcheck-test-").permissions(passable).tempdir();
        Self(folder.expect("there is a place for temporary files"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// For a cluster in it, with the database `coatcheck`.
    pub fn settings(&self) -> Settings {
        let database = Some("coatcheck".to_owned());
        Settings { database, ..settings(self.0.path().join("data"), Durability::Durable) }
    }
}

/// A throw-away cluster of one's own.
pub fn throw_away() -> Postgres {
    Postgres::start(&settings(throw_away_folder(), Durability::ThrowAway)).unwrap_or_else(|error| panic!("{error}"))
}

/// In memory if there is room for some hundred clones.
pub fn throw_away_folder() -> PathBuf {
    let shm = Path::new("/dev/shm");
    let room = rustix::fs::statvfs(shm).map_or(0, |shm| shm.f_bavail.saturating_mul(shm.f_frsize));
    let place = if room >= ROOM_IN_MEMORY { shm.to_owned() } else { env::temp_dir() };
    place.join(format!("coatcheck-test-{}", random_id()))
}

pub fn settings(data_dir: PathBuf, durability: Durability) -> Settings {
    let [home, data, cache] =
        ["HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"].map(|name| env::var_os(name).map(PathBuf::from));
    let dirs = embedded::default_dirs(embedded::is_root(), home.as_deref(), data.as_deref(), cache.as_deref());
    Settings {
        bin_dir: env::var_os("PG_BIN_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from),
        search_path: env::var_os("PATH"),
        installed: embedded::well_known_folders(),
        cache_dir: dirs.map_or_else(|| env::temp_dir().join("coatcheck-cache"), |dirs| dirs.cache),
        data_dir,
        database: None,
        durability,
        allow_download: true,
    }
}

/// Unlike a process id, never seen before: neither on a server others use as well nor in a folder they do.
fn random_id() -> String {
    let mut bytes = [0; 8];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).expect("randomness");
    format!("{:016x}", u64::from_ne_bytes(bytes))
}

/// `url` with another database in it.
fn with_database(url: &str, database: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, String::new()), |(base, query)| (base, format!("?{query}")));
    let authority = base.find("://").map_or(0, |at| at + 3);
    let end = base[authority..].find('/').map_or(base.len(), |at| authority + at);
    format!("{}/{database}{query}", &base[..end])
}

fn migrations() -> Vec<(OsString, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let read = |entry: io::Result<fs::DirEntry>| entry.and_then(|it| Ok((it.file_name(), fs::read(it.path())?)));
    let found = fs::read_dir(folder).into_iter().flatten().map(read);
    found.collect::<io::Result<Vec<_>>>().expect("migrations can be read")
}

fn migrations_digest(migrations: &[(OsString, Vec<u8>)]) -> String {
    let mut sorted = migrations.to_vec();
    sorted.sort();
    let mut digest = Sha256::new();
    for (name, text) in &sorted {
        digest.update(Sha256::digest(name.as_encoded_bytes()));
        digest.update(Sha256::digest(text));
    }
    let first = digest.finalize().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    format!("{first:016x}")
}
