//! Bringing a cluster's server up: with which settings, on which socket, past what a killed one left behind, until it
//! accepts connections.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read, Seek},
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, OpenOptionsExt},
    },
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use super::{
    Address,
    cluster::{Plan, tail},
    error::{AtPath, Error},
    stale,
    watchdog::{self, Watched},
};

/// Recovery after a crash may have much to read; while the server lives, it is let work.
const PATIENCE: Duration = Duration::from_mins(10);
/// How long what is left of a killed server may keep its memory, and us from starting.
const PREDECESSOR: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(10);
/// A socket's path may have 107 bytes on Linux and 103 on macOS, `/.s.PGSQL.5432` included.
const LONGEST_SOCKET_DIR: usize = 88;

/// For every cluster. What a client did wrong is told to the client, not logged: statements hold other people's data.
const ALWAYS: [&str; 8] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_min_messages=log",
    "log_min_error_statement=panic",
    "log_checkpoints=off",
    "logging_collector=off",
];
const DURABLE: [&str; 4] = ["max_connections=100", "fsync=on", "synchronous_commit=on", "full_page_writes=on"];
/// Nobody will miss these data; many tests share the cluster.
const THROW_AWAY: [&str; 7] = [
    "max_connections=300",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "shared_buffers=32MB",
    "max_wal_size=256MB",
];

impl Plan {
    /// The data folder itself, or a short one where its name would not do for a socket.
    pub(super) fn socket_dir(&self) -> Result<PathBuf, Error> {
        let name = self.data.as_os_str().as_bytes();
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+@".contains(byte);
        if name.len() <= LONGEST_SOCKET_DIR && name.iter().all(plain) {
            return Ok(self.data.clone());
        }
        let data = fs::metadata(&self.data).at("look at", &self.data)?;
        let short = PathBuf::from(format!("/tmp/coatcheck-{:x}-{:x}", data.dev(), data.ino()));
        self.account.make_private(&short)?;
        if self.account.owns_privately(&short) {
            Ok(short)
        } else {
            Err(io::Error::other("somebody else was here first")).at("use", &short)
        }
    }

    /// Starts the server; again and again while the remains of a killed one are still going down.
    pub(super) fn launch(&self, address: &Address) -> Result<Watched, Error> {
        let until = Instant::now() + PREDECESSOR;
        match fs::rename(self.log(), self.root.join("postgres.log.1")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).at("rename", &self.log());
            }
            Ok(()) | Err(_) => {}
        }
        loop {
            let no_rival = stale::clear(&self.data, &self.binaries, self.account, &self.settings.path());
            match self.launch_once(address, no_rival) {
                Err(Error::Exited { said, .. })
                    if Instant::now() < until
                        && (said.contains("shared memory block") || said.contains("lock file")) =>
                {
                    thread::sleep(PAUSE);
                }
                launched => return launched,
            }
        }
    }

    fn launch_once(&self, address: &Address, no_rival: Option<u32>) -> Result<Watched, Error> {
        let log_file = self.log();
        let log = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&log_file);
        let mut log = log.at("open", &log_file)?;
        log.set_len(0).at("open", &log_file)?;
        let pid_file = self.data.join("postmaster.pid");
        let before = fs::read(&pid_file).unwrap_or_default();

        let signal = if self.is_throw_away() { "QUIT" } else { "INT" };
        let postgres = self.binaries.program("postgres");
        let mut command = watchdog::command(self.account, self.ending(signal), &postgres, &self.settings.path());
        command.arg("-D").arg(&self.data).arg("-k").arg(&address.socket_dir);
        for setting in ALWAYS.iter().chain(if self.is_throw_away() { &THROW_AWAY[..] } else { &DURABLE }) {
            command.args(["-c", setting]);
        }
        if let Some(pid) = no_rival {
            // What `pg_ctl` uses to keep the server from taking its own starter for another server.
            command.env("PG_GRANDPARENT_PID", pid.to_string());
        }
        command.stdout(log.try_clone().at("open", &log_file)?).stderr(log.try_clone().at("open", &log_file)?);
        let mut watched = Watched::spawn(command).map_err(|source| Error::Run { program: postgres, source })?;

        let until = Instant::now() + PATIENCE;
        while !is_ready(&fs::read(&pid_file).unwrap_or_default(), &before) {
            if let Some(status) = watched.exited().at("wait for the server of", &self.root)? {
                let mut said = Vec::new();
                log.rewind().and_then(|()| log.read_to_end(&mut said)).at("read", &log_file)?;
                return Err(Error::Exited { status, said: tail(&said) });
            }
            if Instant::now() > until {
                watched.end().at("wait for the server of", &self.root)?;
                return Err(Error::NotReady { seconds: PATIENCE.as_secs(), log: log_file });
            }
            thread::sleep(PAUSE);
        }
        Ok(watched)
    }
}

/// Whether the pid file says that the server accepts connections. One left by a killed server says so, too: hence
/// what was there before.
fn is_ready(pid_file: &[u8], before: &[u8]) -> bool {
    pid_file != before && pid_file.split(|byte| *byte == b'\n').nth(7).is_some_and(|line| line.trim_ascii() == b"ready")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_ready_when_its_own_pid_file_says_so() {
        let old = b"12\n/data\n1\n5432\n/data\n\n  77 5\nready   \n";
        let starting = b"13\n/data\n2\n5432\n/data\n\n  78 6\nstarting\n";
        let ready = b"13\n/data\n2\n5432\n/data\n\n  78 6\nready   \n";
        assert!(!is_ready(old, old));
        assert!(!is_ready(starting, old));
        assert!(!is_ready(b"13\n/data\n", old));
        assert!(is_ready(ready, old));
        assert!(is_ready(ready, b""));
    }
}
