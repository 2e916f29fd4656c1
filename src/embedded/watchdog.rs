//! A child process that cannot outlive us: started through a small shell script that ends it when our side of a
//! pipe closes, which the kernel does for us however we die. What the child is, is the caller's business.
//!
//! Linux' parent-death signal would be no substitute: it follows the *thread* that started the child, and the
//! threads of an async runtime come and go.

use std::{
    ffi::OsStr,
    io,
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio},
};

use std::os::unix::process::CommandExt;

use super::user::Account;

const SCRIPT: &str = include_str!("watchdog.sh");

/// How a watched command is ended, and what goes with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending<'a> {
    /// Name of the signal, as `kill -s` wants it.
    pub(super) signal: &'static str,
    /// Removed once the command has failed or was ended.
    pub(super) folder: Option<&'a Path>,
}

/// A running watched command. Dropping it ends the command without waiting.
#[derive(Debug)]
pub(super) struct Watched {
    child: Child,
    pipe: Option<ChildStdin>,
}

/// The shell that will run `program` under watch; the caller adds the program's arguments and its output.
pub(super) fn command(account: Account, ending: Ending<'_>, program: &Path, path: &OsStr) -> Command {
    let mut command = account.command(Path::new("/bin/sh"), path);
    command
        .args(["-c", SCRIPT, "coatcheck-watchdog", ending.signal])
        .arg(ending.folder.unwrap_or(Path::new("")))
        .arg(program)
        .stdin(Stdio::piped())
        // Ctrl-C in a terminal is for us alone: we stop the database when the last request is done.
        .process_group(0);
    command
}

impl Watched {
    pub(super) fn spawn(mut command: Command) -> io::Result<Self> {
        let mut child = command.spawn()?;
        let pipe = child.stdin.take();
        Ok(Self { child, pipe })
    }

    /// Lets the command come to its own end.
    pub(super) fn output(self) -> io::Result<Output> {
        let Self { child, pipe } = self;
        let output = child.wait_with_output();
        drop(pipe); // only now: closing it earlier would end the command
        output
    }

    /// The status of a command that has ended by itself.
    pub(super) fn exited(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Whether [`Self::end`] was called.
    pub(super) fn is_ended(&self) -> bool {
        self.pipe.is_none()
    }

    /// Ends the command and waits until it, and what goes with it, is gone.
    pub(super) fn end(&mut self) -> io::Result<ExitStatus> {
        drop(self.pipe.take());
        self.child.wait()
    }
}
