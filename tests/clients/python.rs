//! An environment with Python clients in it, made once and used again until what is to be in it changes.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tokio::task::spawn_blocking;

/// What is installed, each file by its hash.
const REQUIREMENTS: &str = include_str!("requirements.txt");
/// The oldest minor version of Python 3 that the clients run on.
const OLDEST: u32 = 9;

/// A script of this repository on an environment that has the clients.
pub struct Script {
    environment: PathBuf,
}

impl Script {
    /// The environment; `None`, loudly, if this machine has no Python that will do.
    pub fn ready() -> Option<Self> {
        let Some(version) = version() else {
            eprintln!("THE CLIENTS WERE NOT RUN: there is no python3 on this machine");
            return None;
        };
        let minor = version.strip_prefix("Python 3.").and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
        if minor.is_none_or(|minor| minor < OLDEST) {
            eprintln!("THE CLIENTS WERE NOT RUN: they need Python 3.{OLDEST} or newer, and this is {version}");
            return None;
        }
        Some(Self { environment: environment(&version) })
    }

    /// Runs a script with these arguments in a folder of its own; answers the lines it printed.
    pub async fn run(self, script: &str, arguments: &[&str]) -> String {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let mut command = self.program("python");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script)).args(arguments);
        // it finds the other programs of its environment first
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = [self.environment.join("bin")].into_iter().chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(paths).expect("paths"));
        command.env("NO_PROXY", "*").env("no_proxy", "*").env("PYTHONUTF8", "1").env("NO_COLOR", "1");
        command.current_dir(folder.path());
        let output = spawn_blocking(move || command.output()).await.expect("it ends").expect("the script starts");
        assert!(output.status.success(), "{script} failed\n{}", words(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    fn program(&self, name: &str) -> Command {
        Command::new(self.environment.join("bin").join(name))
    }
}

/// `Python 3.12.1`.
fn version() -> Option<String> {
    let output = Command::new("python3").arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The folder of an environment in which exactly the requirements are installed.
fn environment(version: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients");
    fs::create_dir_all(&folder).expect("a folder");
    // one test at a time, of all that run
    let lock = File::create(folder.join("lock")).expect("a file");
    lock.lock().expect("a lock");
    let environment = folder.join("python");
    let marker = folder.join("installed");
    let wanted = format!("{version}\n{REQUIREMENTS}");
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return environment;
    }
    let _ = fs::remove_file(&marker);
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment));
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/requirements.txt");
    let install = ["-m", "pip", "install", "--no-deps", "--require-hashes", "--only-binary=:all:", "-r"];
    run(Command::new(environment.join("bin/python")).args(install).arg(requirements));
    fs::write(&marker, wanted).expect("a file");
    environment
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}\n{}", words(&output));
}

fn words(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
