//! As whom the server runs, and which folders that user can reach: Postgres refuses to run as root, so root hands it
//! to an ordinary account. Nothing here knows what is run.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::{
        fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

use super::error::{AtPath, Error};

/// The accounts root hands the server to, first found first.
const NAMES: [&str; 3] = ["postgres", "_postgres", "nobody"];
/// What `nobody` is nearly everywhere, for systems without a list of accounts.
const NOBODY: Ids = Ids { uid: 65534, gid: 65534 };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ids {
    uid: u32,
    gid: u32,
}

/// Whom child processes run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// Us; root never runs a server this way.
    Ourselves { uid: u32 },
    /// The ordinary account root hands the server to.
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// The account for the cluster in `data`: whoever owns it, or will. An owner is kept even if a better account has
    /// come since, as Postgres serves a folder only to its owner.
    pub(super) fn of_cluster(data: &Path) -> Result<Self, Error> {
        let us = rustix::process::geteuid();
        let owner = match fs::metadata(data) {
            Ok(folder) => Some(Ids { uid: folder.uid(), gid: folder.gid() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).at("look at", data),
        };
        let foreign = |owner: u32, wanted: u32| Error::ForeignData { data: data.to_owned(), owner, wanted };
        match owner {
            Some(Ids { uid: 0, .. }) if us.is_root() => Err(foreign(0, ordinary().uid)),
            Some(Ids { uid, gid }) if us.is_root() => Ok(Self::Other { uid, gid }),
            Some(Ids { uid, .. }) if uid != us.as_raw() => Err(foreign(uid, us.as_raw())),
            None if us.is_root() => {
                let Ids { uid, gid } = ordinary();
                Ok(Self::Other { uid, gid })
            }
            Some(_) | None => Ok(Self::Ourselves { uid: us.as_raw() }),
        }
    }

    pub(super) fn uid(self) -> u32 {
        match self {
            Self::Ourselves { uid } | Self::Other { uid, .. } => uid,
        }
    }

    /// `program`, to be run as this account and in an environment that holds nothing but `PATH`, so that neither
    /// secrets nor `PG…` variables leak into it.
    pub(super) fn command(self, program: &Path, path: &OsStr) -> Command {
        let mut command = Command::new(program);
        if let Self::Other { uid, gid } = self {
            command.uid(uid).gid(gid); // the standard library also drops root's supplementary groups here
        }
        command.env_clear().env("PATH", path).env("LC_ALL", "C").env("TZ", "UTC").current_dir("/");
        command
    }

    /// The first folder above `path` that this account cannot pass through.
    pub(super) fn blocked_at(self, path: &Path) -> Option<PathBuf> {
        let Self::Other { uid, gid } = self else {
            return None;
        };
        let above: Vec<&Path> = path.ancestors().skip(1).collect();
        let blocks = |folder: &&&Path| fs::metadata(folder).is_ok_and(|found| !may_search(uid, gid, &found));
        above.iter().rev().find(blocks).map(|folder| folder.to_path_buf())
    }

    /// Makes `folder`, for this account alone.
    pub(super) fn make_private(self, folder: &Path) -> Result<(), Error> {
        match fs::DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(error).at("create", folder);
            }
            Ok(()) | Err(_) => {}
        }
        if let Self::Other { uid, gid } = self {
            lchown(folder, Some(uid), Some(gid)).at("hand over", folder)?;
        }
        Ok(())
    }

    /// Whether `folder` is a real folder that belongs to this account and admits nobody else.
    pub(super) fn owns_privately(self, folder: &Path) -> bool {
        fs::symlink_metadata(folder)
            .is_ok_and(|found| found.is_dir() && found.uid() == self.uid() && found.mode() & 0o777 == 0o700)
    }
}

/// Makes `folder` and what is missing above it; `mode` is for the folder itself, whatever our umask says. One that
/// exists stays as it is.
pub(super) fn make_folder(folder: &Path, mode: u32) -> Result<(), Error> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_folder(parent, 0o755)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        done => done.and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(mode))).at("create", folder),
    }
}

fn ordinary() -> Ids {
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    NAMES.iter().find_map(|name| look_up(&accounts, name)).unwrap_or(NOBODY)
}

fn look_up(accounts: &str, name: &str) -> Option<Ids> {
    accounts.lines().find_map(|line| match line.split(':').collect::<Vec<_>>()[..] {
        [login, _, uid, gid, ..] if login == name => Some(Ids { uid: uid.parse().ok()?, gid: gid.parse().ok()? }),
        _ => None,
    })
}

fn may_search(uid: u32, gid: u32, folder: &fs::Metadata) -> bool {
    let bit = if folder.uid() == uid {
        0o100
    } else if folder.gid() == gid {
        0o010
    } else {
        0o001
    };
    folder.mode() & bit != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\nxpostgres:x:7:7::/:\npostgres:x:101:104:,,,:/var:/bin/sh\nbad\n";
        assert_eq!(look_up(accounts, "postgres"), Some(Ids { uid: 101, gid: 104 }));
        assert_eq!(look_up(accounts, "_postgres"), None);
        assert_eq!(look_up("postgres:x:many:1:::", "postgres"), None);
    }
}
