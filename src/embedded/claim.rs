//! Who owns a data folder: an advisory lock that the kernel releases however its holder dies, and the note in the
//! locked file that says where the holder's cluster listens.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::{
    Address,
    error::{AtPath, Error},
};

const FILE: &str = "owner.lock";
/// A predecessor that was just killed, or a look by [`running`], is over by then.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long [`running`] waits for an owner that is still starting.
const STARTING: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(20);

/// The folder is ours as long as this lives.
#[derive(Debug)]
pub(super) struct Claim {
    file: File,
    path: PathBuf,
}

impl Claim {
    pub(super) fn take(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(FILE);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.at("open", &path)?;
        let until = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::InUse { folder: folder.to_owned() });
                }
                Err(TryLockError::Error(error)) => return Err(error).at("lock", &path),
            }
        }
        let claim = Self { file, path };
        claim.withdraw()?; // what the last owner announced
        Ok(claim)
    }

    /// Says where our cluster listens, now that it does.
    pub(super) fn announce(&self, address: &Address) -> Result<(), Error> {
        let mut file = &self.file;
        file.write_all(format!("{}\n", address.socket_dir.display()).as_bytes()).at("write", &self.path)
    }

    /// Takes the announcement back.
    pub(super) fn withdraw(&self) -> Result<(), Error> {
        let mut file = &self.file;
        file.set_len(0).and_then(|()| file.rewind()).at("write", &self.path)
    }
}

/// Where the cluster in `data_dir` listens, if another process runs one there; waits while it is starting.
///
/// The proof is the lock that process holds, never a pid file: those outlive their process. Blocks.
pub fn running(data_dir: &Path) -> Result<Option<Address>, Error> {
    let path = data_dir.join(FILE);
    let mut file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.at("open", &path)?,
    };
    let until = Instant::now() + STARTING;
    loop {
        match file.try_lock_shared() {
            Ok(()) => return Ok(None),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error).at("lock", &path),
        }
        let mut note = String::new();
        file.rewind().and_then(|()| file.read_to_string(&mut note)).at("read", &path)?;
        if let Some(socket_dir) = note.strip_suffix('\n') {
            return Ok(Some(Address { socket_dir: socket_dir.into() }));
        }
        if Instant::now() > until {
            return Err(Error::OwnerNotReady { folder: data_dir.to_owned(), seconds: STARTING.as_secs() });
        }
        thread::sleep(PAUSE);
    }
}
