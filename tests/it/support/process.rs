//! The real program as a process of its own, over a folder of its own: for what only a process can show.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// A running `coatcheck serve`. Killed when it is dropped.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub base: String,
    /// What it said when it was ready.
    pub ready: Value,
    data: PathBuf,
}

/// The program with nothing of this process's surroundings that decides.
pub fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coatcheck"));
    isolate(&mut command);
    command.env("COATCHECK__AUTH__ARGON2_MEMORY_KIB", "64").env("COATCHECK__AUTH__ARGON2_PASSES", "1");
    command.env("COATCHECK__LOG__FILTER", "warn").env("COATCHECK__ARENA__REQUEST_LIMIT", "1000000");
    command.arg("--data-dir").arg(data).args(["--output", "json"]);
    command
}

/// Takes away what a developer has set for this program.
pub fn isolate(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("COATCHECK") || text.starts_with("DATABASE_URL") {
            command.env_remove(&name);
        }
    }
}

impl Process {
    /// Starts a server and waits until it says where it listens.
    pub fn start(data: &Path, arguments: &[&str]) -> Self {
        Self::start_among(data, arguments, &[])
    }

    /// The same with some more variables around it.
    pub fn start_among(data: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = program(data);
        command.arg("serve").args(arguments).envs(variables.iter().copied());
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut said = String::new();
        let mut lines = BufReader::new(child.stdout.take().expect("piped"));
        let ready = loop {
            let more = lines.read_line(&mut said).expect("it says text");
            assert!(more > 0, "the server ended before it was ready; it said {said:?}");
            if let Ok(ready) = serde_json::from_str::<Value>(&said) {
                break ready;
            }
        };
        // whatever it says later must find a reader
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        let base = ready["listening"].as_str().expect("it says where it listens").to_owned();
        Self { child, base, ready, data: data.to_owned() }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Memory it holds, in bytes.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs on Linux");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
        line.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok()).expect("a number") * 1024
    }

    /// Sends it a signal that does not end it.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it runs");
    }

    /// As a power cut would: no word of warning.
    pub fn kill(mut self) {
        kill_process(self.pid(), Signal::KILL).expect("it runs");
        self.child.wait().expect("it was ours");
    }

    /// The same, and its database server as well.
    pub fn kill_with_database(self) {
        let postmaster = postmaster(&self.data);
        self.kill();
        if let Some(postmaster) = postmaster {
            // it may be gone already
            let _ = kill_process(postmaster, Signal::KILL);
        }
    }

    /// Waits for an end of its own; answers its exit code.
    pub fn wait(mut self) -> Option<i32> {
        self.child.wait().expect("it was ours").code()
    }

    /// Asks it to stop and waits; answers whether it ended in order.
    pub fn stop(mut self) -> bool {
        kill_process(self.pid(), Signal::TERM).expect("it runs");
        self.child.wait().expect("it was ours").success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process of the private Postgres in a data folder, if its pid file names one.
pub fn postmaster(data: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(data.join("pgdata/postmaster.pid")).ok()?;
    Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
}
