//! Where passwords come from: a prompt, a file, standard input. Never an argument, which everybody on the machine can see.

use std::{
    fs,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use clap::Args;

/// Where a password comes from.
#[derive(Args, Debug)]
pub(super) struct Source {
    /// A file that holds the password, or - for standard input; else it is asked for
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Source {
    /// Reads the password; at a terminal it is asked for twice.
    pub(super) fn read(&self, whose: &str) -> anyhow::Result<String> {
        let password =
            match &self.password_file {
                Some(file) if file == Path::new("-") => first_line(&read_input()?),
                Some(file) => {
                    let text = fs::read_to_string(file);
                    first_line(&text.with_context(|| {
                        format!("cannot read {}; name a file that holds the password", file.display())
                    })?)
                }
                None if io::stdin().is_terminal() => ask(whose)?,
                None => first_line(&read_input()?),
            };
        ensure!(
            !password.is_empty(),
            "the password of {whose} is empty; give one at the prompt, with --password-file FILE, or on standard input"
        );
        Ok(password)
    }
}

fn ask(whose: &str) -> anyhow::Result<String> {
    let hear = |prompt: String| rpassword::prompt_password(prompt).context("cannot ask; use --password-file");
    let password = hear(format!("Password for {whose}: "))?;
    ensure!(password == hear("Once more: ".to_owned())?, "the two passwords differ; try again");
    Ok(password)
}

fn read_input() -> anyhow::Result<String> {
    let mut text = String::new();
    io::stdin().take(64 * 1024).read_to_string(&mut text).context("standard input is no text")?;
    Ok(text)
}

/// Editors and `echo` leave a line break at the end.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
