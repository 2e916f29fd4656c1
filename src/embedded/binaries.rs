//! Which Postgres to run: what is installed, and the choice among it. Fetching one is `download`'s.

use std::{
    ffi::{OsStr, OsString},
    fmt, fs,
    path::{Path, PathBuf},
};

use super::{Settings, download, error::Error, user::Account};

/// The oldest major version whose SQL we rely on.
const OLDEST: u32 = 15;
const PROGRAMS: [&str; 3] = ["postgres", "initdb", "pg_ctl"];
/// Where packages put the programs: a folder, how the names in it begin, and the way down from there.
const PLACES: [(&str, &str, &str); 9] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr/lib", "postgresql", "bin"),
    ("/usr/lib64", "postgresql", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// The folders that packages put Postgres's programs into, as far as they exist here.
pub fn well_known_folders() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (place, prefix, down) in PLACES {
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            if entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes()) {
                found.push(entry.path().join(down));
            }
        }
    }
    found
}

/// A version as `postgres --version` spells it. Greater is better: any release before any preview, then the newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    released: bool,
    pub(super) major: u32,
    minor: u32,
}

impl Version {
    /// Reads `15.18 (Debian 15.18-0+deb12u1)`, `18.4`, `17beta1`, `18devel`.
    fn parse(text: &str) -> Option<Self> {
        let word = text.split_whitespace().next()?;
        let (digits, rest) = word.split_at(word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len()));
        let major = digits.parse().ok()?;
        let minor = rest.strip_prefix('.').map(|minor| minor.parse().ok());
        match minor {
            Some(minor) => Some(Self { released: true, major, minor: minor? }),
            None => Some(Self { released: rest.is_empty(), major, minor: 0 }),
        }
    }
}

/// An installation: the folder of its programs, and their version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) folder: PathBuf,
    pub(super) version: Version,
}

impl fmt::Display for Binaries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.version.major, self.folder.display())
    }
}

impl Binaries {
    /// The installation that `folder`, or the link in it, leads to; or why `account` cannot run it.
    pub(super) fn within(folder: &Path, account: Account, path: &OsStr) -> Result<Self, String> {
        let real = fs::canonicalize(folder.join("postgres")).map_err(|error| format!("`postgres`: {error}"))?;
        let folder = real.parent().unwrap_or(folder).to_owned();
        if let Some(missing) = PROGRAMS.into_iter().find(|program| !folder.join(program).is_file()) {
            return Err(format!("`{missing}` is missing"));
        }
        if let Some(blocked_at) = account.blocked_at(&real) {
            let uid = account.uid();
            return Err(format!("{} is private, out of reach for uid {uid}", blocked_at.display()));
        }
        let output = account.command(&real, path).arg("--version").output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout);
        let version = said.split_once(") ").and_then(|(_, version)| Version::parse(version)).ok_or_else(|| {
            format!("`postgres --version` says {:?} {:?}", said.trim(), String::from_utf8_lossy(&output.stderr).trim())
        })?;
        if version.major < OLDEST {
            return Err(format!("it is PostgreSQL {}, too old: {OLDEST} is needed", version.major));
        }
        Ok(Self { folder, version })
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The installation to run `data` with, as `account`: the one that was named; for existing data their own version;
/// else the newest.
pub(super) fn choose(settings: &Settings, data: &Path, account: Account) -> Result<Binaries, Error> {
    let made_by = made_by(data)?;
    if let Some(folder) = &settings.bin_dir {
        let named = Binaries::within(folder, account, &settings.path())
            .map_err(|reason| Error::NotAnInstallation { folder: folder.clone(), reason })?;
        return best(&[named], data, made_by.as_deref());
    }
    let installed = installed(settings, account);
    let fits =
        |binaries: &&Binaries| made_by.as_deref().is_none_or(|major| major == binaries.version.major.to_string());
    if installed.iter().any(|binaries| fits(&binaries)) || made_by.as_deref().is_some_and(|it| it != download::MAJOR) {
        return best(&installed, data, made_by.as_deref());
    }
    match download::fetched(settings, account) {
        Err(Error::NoBinaries { .. }) if made_by.is_some() => best(&installed, data, made_by.as_deref()),
        fetched => fetched,
    }
}

/// The major version that made `data`, in the words of its `PG_VERSION`; none where there is no cluster yet.
fn made_by(data: &Path) -> Result<Option<String>, Error> {
    let file = data.join("PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File { action: "read", path: file, source }),
    }
}

fn installed(settings: &Settings, account: Account) -> Vec<Binaries> {
    let path: OsString = settings.path();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
    folders.extend(settings.installed.iter().cloned());
    folders.iter().filter_map(|folder| Binaries::within(folder, account, &path).ok()).collect()
}

/// The greatest version among `found` that can open the data.
fn best(found: &[Binaries], data: &Path, made_by: Option<&str>) -> Result<Binaries, Error> {
    let list = || found.iter().map(Binaries::to_string).collect::<Vec<_>>().join(", ");
    let wrong = |made_by: &str| Error::WrongMajor {
        data: data.to_owned(),
        made_by: made_by.to_owned(),
        found: if found.is_empty() { "none".to_owned() } else { list() },
    };
    let fits = |binaries: &&Binaries| made_by.is_none_or(|major| major == binaries.version.major.to_string());
    found.iter().filter(fits).max_by_key(|binaries| binaries.version).cloned().ok_or_else(|| match made_by {
        Some(made_by) => wrong(made_by),
        None => Error::NoBinaries { unfetched: "none was asked for".to_owned() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Option<(bool, u32, u32)> {
        Version::parse(text).map(|it| (it.released, it.major, it.minor))
    }

    fn some(versions: &[&str]) -> Vec<Binaries> {
        let one = |text: &&str| Some(Binaries { folder: format!("/{text}").into(), version: Version::parse(text)? });
        versions.iter().filter_map(one).collect()
    }

    fn chosen(versions: &[&str], made_by: Option<&str>) -> Result<String, String> {
        let best = best(&some(versions), Path::new("/data"), made_by);
        best.map(|it| it.folder.display().to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn versions_are_read_as_the_packages_write_them() {
        assert_eq!(version("15.18 (Debian 15.18-0+deb12u1)"), Some((true, 15, 18)));
        assert_eq!(version("18.4\n"), Some((true, 18, 4)));
        assert_eq!(version("17beta1"), Some((false, 17, 0)));
        assert_eq!(version("19devel"), Some((false, 19, 0)));
        assert_eq!(version("16rc1 (Ubuntu)"), Some((false, 16, 0)));
        for broken in ["", "beta", "15.x", ".4", "99999999999.1"] {
            assert_eq!(version(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn the_newest_release_is_chosen_and_a_preview_only_for_want_of_one() {
        assert_eq!(chosen(&["15.18", "17.2", "16.9"], None), Ok("/17.2".to_owned()));
        assert_eq!(chosen(&["16.9", "16.11"], None), Ok("/16.11".to_owned()));
        assert_eq!(chosen(&["18beta1", "15.18"], None), Ok("/15.18".to_owned()));
        assert_eq!(chosen(&["18beta1"], None), Ok("/18beta1".to_owned()));
    }

    #[test]
    fn existing_data_are_opened_by_the_version_that_made_them_or_not_at_all() {
        assert_eq!(chosen(&["17.2", "15.18"], Some("15")), Ok("/15.18".to_owned()));
        let refused = chosen(&["17.2"], Some("15")).unwrap_or_else(|error| error);
        assert!(refused.starts_with("/data was made by PostgreSQL 15"), "{refused}");
        assert!(refused.contains("(found: 17 in /17.2)") && refused.contains("pg_dumpall"), "{refused}");
    }
}
