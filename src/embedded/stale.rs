//! What a killed server leaves behind: a `postmaster.pid` that may name a server that still runs, nobody, or (after
//! a restart of the machine or container) some process that has nothing to do with it. Only called with the folder
//! claimed.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt, path::Path, process::Command};

use super::{binaries::Binaries, user::Account};

/// Ends a server that still runs on `data`. The pid of a file that names nobody's server is returned: Postgres must
/// be told that this process is no rival.
///
/// The file itself is never deleted here: what else must be checked before that, the server does itself.
pub(super) fn clear(data: &Path, binaries: &Binaries, account: Account, path: &OsStr) -> Option<u32> {
    let pid: u32 = fs::read_to_string(data.join("postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()?;
    if !serves(pid, data) {
        return Some(pid);
    }
    let mut stop = account.command(&binaries.program("pg_ctl"), path);
    // A server that is on its way out already makes this fail, which is fine.
    let _ = stop.args(["stop", "-m", "fast", "-w", "-t", "60", "-D"]).arg(data).output();
    None
}

/// Whether process `pid` was started as the server of `data`. A zombie was not: it has no arguments any more.
fn serves(pid: u32, data: &Path) -> bool {
    let named = |arguments: &[u8]| {
        let mut arguments = arguments.split(|byte| *byte == 0);
        let program = arguments.next().unwrap_or_default();
        program.ends_with(b"postgres") && arguments.any(|argument| argument == data.as_os_str().as_bytes())
    };
    if cfg!(target_os = "linux") {
        return fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|arguments| named(&arguments));
    }
    let output = Command::new("/bin/ps").args(["-ww", "-o", "command=", "-p", &pid.to_string()]).output();
    let data = data.to_string_lossy();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(&format!(" -D {data} ")))
}
