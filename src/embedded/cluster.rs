//! A running cluster: started, stopped, and stopped in any case. How one is made is in `initdb`, how its server is
//! brought up in `launch`.

use std::{fs, path::PathBuf};

use super::{
    Address, Durability, Settings,
    binaries::{self, Binaries},
    claim::Claim,
    error::{AtPath, Error},
    stale,
    user::{Account, make_folder},
    watchdog::{Ending, Watched},
};

/// Enough of a log to see why a start failed.
const TAIL: usize = 2000;

/// A running cluster. Dropping it stops it; so does our death, whatever the cause.
#[derive(Debug)]
pub struct Postgres {
    watched: Watched,
    address: Address,
    plan: Plan,
    // Last: the folder is ours until the server in it is gone.
    claim: Claim,
}

/// What a start has found out.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) settings: Settings,
    pub(super) account: Account,
    pub(super) binaries: Binaries,
    /// The cluster's folder, without links or `..`.
    pub(super) root: PathBuf,
    /// Postgres' own folder in it.
    pub(super) data: PathBuf,
}

impl Postgres {
    /// Starts the cluster of `settings.data_dir`, making it first if there is none, and returns once it accepts
    /// connections. Blocks: 0.1 s usually, a second for a new cluster, longer after a crash or to fetch Postgres.
    pub fn start(settings: &Settings) -> Result<Self, Error> {
        let account = Account::of_cluster(&settings.data_dir.join("pgdata"))?;
        let root = make_root(settings, account)?;
        let claim = Claim::take(&root)?;
        if settings.durability == Durability::Durable {
            return Self::start_claimed(settings, account, root, claim);
        }
        let started = Self::start_claimed(settings, account, root.clone(), claim);
        started.inspect_err(|_| drop(fs::remove_dir_all(&root)))
    }

    fn start_claimed(settings: &Settings, account: Account, root: PathBuf, claim: Claim) -> Result<Self, Error> {
        let data = root.join("pgdata");
        let binaries = binaries::choose(settings, &data, account)?;
        let plan = Plan { settings: settings.clone(), account, binaries, root, data };
        if !plan.data.join("PG_VERSION").exists() {
            plan.make_cluster()?;
        }
        let address = Address { socket_dir: plan.socket_dir()? };
        let watched = plan.launch(&address)?;
        claim.announce(&address)?;
        Ok(Self { watched, address, plan, claim })
    }

    /// Where the cluster listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// A URL for `database`, as sqlx reads it.
    pub fn url(&self, database: &str) -> String {
        self.address.url(database)
    }

    /// Whether the server still runs; one that was killed from outside does not come back by itself.
    pub fn is_running(&mut self) -> bool {
        matches!(self.watched.exited(), Ok(None))
    }

    /// Stops the server and waits until it is gone; connections that are still open are cut.
    pub fn stop(mut self) -> Result<(), Error> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Error> {
        if self.watched.is_ended() {
            return Ok(());
        }
        let Plan { settings, account, binaries, root, data } = &self.plan;
        let durable = settings.durability == Durability::Durable;
        if durable {
            self.claim.withdraw()?;
        }
        let status = self.watched.end().at("wait for the server of", root)?;
        if durable {
            stale::clear(data, binaries, *account, &settings.path()); // only if someone killed the watchdog
        }
        if self.address.socket_dir != *data {
            drop(fs::remove_dir(&self.address.socket_dir));
        }
        if durable && !status.success() {
            return Err(Error::Exited { status, said: tail(&fs::read(self.plan.log()).unwrap_or_default()) });
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!(%error, "the embedded PostgreSQL was not stopped cleanly");
        }
    }
}

/// The cluster's folder, made if missing, and proven to be within reach of `account`.
fn make_root(settings: &Settings, account: Account) -> Result<PathBuf, Error> {
    let asked = &settings.data_dir;
    match settings.durability {
        Durability::Durable => {
            // Others may pass through to what is theirs, and see nothing.
            make_folder(asked, if matches!(account, Account::Other { .. }) { 0o711 } else { 0o700 })?;
        }
        Durability::ThrowAway => {
            if let Some(parent) = asked.parent() {
                make_folder(parent, 0o755)?;
            }
            // Before anything in it is touched: it may be somebody's by mistake.
            if fs::read_dir(asked).is_ok_and(|mut entries| entries.next().is_some()) {
                return Err(Error::NotEmpty { folder: asked.clone() });
            }
            account.make_private(asked)?;
        }
    }
    let root = fs::canonicalize(asked).at("look at", asked)?;
    match account.blocked_at(&root.join("pgdata")) {
        Some(blocked_at) => Err(Error::Unreachable { path: root, blocked_at, uid: account.uid() }),
        None => Ok(root),
    }
}

impl Plan {
    pub(super) fn is_throw_away(&self) -> bool {
        self.settings.durability == Durability::ThrowAway
    }

    pub(super) fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    /// How a command that `signal` ends takes a throw-away folder with it.
    pub(super) fn ending(&self, signal: &'static str) -> Ending<'_> {
        Ending { signal, folder: self.is_throw_away().then_some(self.root.as_path()) }
    }
}

/// The end of what a program said.
pub(super) fn tail(log: &[u8]) -> String {
    let text = log.get(log.len().saturating_sub(TAIL)..).unwrap_or(log);
    String::from_utf8_lossy(text).trim().to_owned()
}
