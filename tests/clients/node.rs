//! Clients written in JavaScript, in an environment of their own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::environment::{self, made_once, run};

/// What is installed, and each file by its hash.
const PACKAGE: &str = include_str!("node/package.json");
const LOCK: &str = include_str!("node/package-lock.json");
/// The oldest Node.js that the clients run on: the first with `fetch`.
const OLDEST: u32 = 18;

/// A script on an environment that has the clients.
pub struct Script {
    environment: PathBuf,
}

impl Script {
    /// The environment; `None`, loudly, if this machine has no Node.js that will do.
    pub fn ready() -> Option<Self> {
        let (Some(version), Some(_)) = (environment::version("node"), environment::version("npm")) else {
            eprintln!("THE CLIENTS WERE NOT RUN: there is no node with npm on this machine");
            return None;
        };
        let major = version.strip_prefix('v').and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
        if major.is_none_or(|major| major < OLDEST) {
            eprintln!("THE CLIENTS WERE NOT RUN: they need Node.js {OLDEST} or newer, and this is {version}");
            return None;
        }
        Some(Self { environment: made_once("node", &format!("{version}\n{PACKAGE}\n{LOCK}"), install) })
    }

    /// Runs a script with these arguments and variables; answers the lines it printed.
    pub async fn run(self, script: &str, arguments: &[&str], variables: &[(&str, &Path)]) -> String {
        // packages are looked for from where the script lies
        let folder = tempfile::tempdir_in(&self.environment).expect("there is a place for temporary files");
        let file = folder.path().join("script.mjs");
        fs::write(&file, script).expect("a file");
        let mut command = Command::new("node");
        command.arg(&file).args(arguments).envs(variables.iter().copied()).current_dir(folder.path());
        environment::said(command).await
    }
}

fn install(environment: &Path) {
    let _ = fs::remove_dir_all(environment);
    fs::create_dir_all(environment).expect("a folder");
    fs::write(environment.join("package.json"), PACKAGE).expect("a file");
    fs::write(environment.join("package-lock.json"), LOCK).expect("a file");
    run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(environment));
}
