//! Clients written in Python, in an environment of their own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::environment::{self, made_once, run};

/// What is installed, each file by its hash.
const REQUIREMENTS: &str = include_str!("requirements.txt");
/// The oldest minor version of Python 3 that the clients run on.
const OLDEST: u32 = 10;

/// A script on an environment that has the clients.
pub struct Script {
    environment: PathBuf,
}

impl Script {
    /// The environment; `None`, loudly, if this machine has no Python that will do.
    pub fn ready() -> Option<Self> {
        let Some(version) = environment::version("python3") else {
            eprintln!("THE CLIENTS WERE NOT RUN: there is no python3 on this machine");
            return None;
        };
        let minor = version.strip_prefix("Python 3.").and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
        if minor.is_none_or(|minor| minor < OLDEST) {
            eprintln!("THE CLIENTS WERE NOT RUN: they need Python 3.{OLDEST} or newer, and this is {version}");
            return None;
        }
        Some(Self { environment: made_once("python", &format!("{version}\n{REQUIREMENTS}"), install) })
    }

    /// Runs a script with these arguments and variables in a folder of its own; answers the lines it printed.
    pub async fn run(self, script: &str, arguments: &[&str], variables: &[(&str, &Path)]) -> String {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let file = folder.path().join("script.py");
        fs::write(&file, script).expect("a file");
        let mut command = Command::new(self.environment.join("bin/python"));
        command.arg(&file).args(arguments).envs(variables.iter().copied());
        // it finds the other programs of its environment first
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = [self.environment.join("bin")].into_iter().chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(paths).expect("paths")).env("PYTHONUTF8", "1");
        command.current_dir(folder.path());
        environment::said(command).await
    }
}

fn install(environment: &Path) {
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment));
    let install = ["-m", "pip", "install", "--no-deps", "--require-hashes", "--only-binary=:all:", "-r"];
    run(Command::new(environment.join("bin/python")).args(install).arg(environment::source("requirements.txt")));
}
