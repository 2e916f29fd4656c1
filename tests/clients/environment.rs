//! Environments that clients are installed into: made once below `target/`, and made again when what is to be in them
//! changes.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The folder of an environment that was made as `wanted` says.
pub fn made_once(name: &str, wanted: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients");
    fs::create_dir_all(&folder).expect("a folder");
    // one test at a time, of all that run
    let lock = File::create(folder.join(format!("{name}.lock"))).expect("a file");
    lock.lock().expect("a lock");
    let environment = folder.join(name);
    let marker = folder.join(format!("{name}.installed"));
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return environment;
    }
    let _ = fs::remove_file(&marker);
    make(&environment);
    fs::write(&marker, wanted).expect("a file");
    environment
}

/// A file of these tests.
pub fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(path)
}

/// What a program says of its version, such as `Python 3.12.1`; `None` if it is not there.
pub fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs it to a good end.
pub fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}\n{}", words(&output));
}

/// What a script of a client printed; it must have ended well.
pub async fn said(mut command: Command) -> String {
    // nothing of this process's surroundings leads it elsewhere
    command.env("NO_PROXY", "*").env("no_proxy", "*").env("NO_COLOR", "1");
    let shown = format!("{command:?}");
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends");
    let output = output.unwrap_or_else(|error| panic!("{shown}: {error}"));
    assert!(output.status.success(), "{shown} failed\n{}", words(&output));
    String::from_utf8(output.stdout).expect("text")
}

fn words(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
