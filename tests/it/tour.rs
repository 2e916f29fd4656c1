//! The README's tours, block by block, as somebody pastes them: against the demo, with a shell, curl and this program.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use super::support::{
    database::DurableFolder,
    process::{self, Process},
};

/// What to paste, and what is answered; `…` in an answer stands for anything.
type Block = (String, String);

/// The sections of a text that have blocks of shell with an answer right below, each with these blocks.
fn tours(text: &str) -> Vec<(String, Vec<Block>)> {
    let sections = text.split("\n## ").skip(1).filter_map(|section| {
        let title = section.lines().next()?.to_owned();
        let blocks: Vec<Block> = section
            .split("```sh\n")
            .skip(1)
            .filter_map(|part| {
                let (paste, rest) = part.split_once("```")?;
                let (answer, _) = rest.trim_start().strip_prefix("```text\n")?.split_once("```")?;
                Some((paste.to_owned(), answer.trim().to_owned()))
            })
            .collect();
        (!blocks.is_empty()).then_some((title, blocks))
    });
    sections.collect()
}

fn fits(said: &str, expected: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = said.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut open = false;
    for part in parts {
        open = true;
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty() || (open && expected.ends_with('…'))
}

/// `coatcheck` for a shell, beside the server over this data folder.
fn install(program: &Path, data: &Path) {
    let script =
        format!("#!/bin/sh\nexec '{}' --data-dir '{}' \"$@\"\n", env!("CARGO_BIN_EXE_coatcheck"), data.display());
    fs::create_dir(program.parent().expect("a folder")).expect("a folder");
    fs::write(program, script).expect("a file");
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("a program");
}

/// Pastes the blocks of a section into one shell, against a demo of their own.
fn walk(title: &str, blocks: &[Block]) {
    let folder = DurableFolder::new();
    let data = folder.path().join("data");
    let server = Process::start(&data, &["--demo"]);
    install(&folder.path().join("bin/coatcheck"), &data);
    let mut script = String::new();
    for (paste, _) in blocks {
        script.push_str(&paste.replace("http://127.0.0.1:8080", &server.base));
        script.push_str("\nprintf '\\n%s\\n' '--- next block'\n");
    }
    let mut shell = Command::new("bash");
    process::isolate(&mut shell);
    let path = std::env::var("PATH").unwrap_or_default();
    shell.env("PATH", format!("{}:{path}", folder.path().join("bin").display())).env("no_proxy", "*");
    let run = shell.current_dir(folder.path()).arg("-c").arg(&script).output().expect("there is a shell");
    let said = String::from_utf8(run.stdout).expect("text");
    let errors = String::from_utf8_lossy(&run.stderr);
    for ((paste, expected), said) in blocks.iter().zip(said.split("--- next block\n")) {
        let said = said.trim();
        assert!(fits(said, expected), "{title}:\n{paste}\nanswered\n{said}\ninstead of\n{expected}\n\n{errors}");
    }
}

#[test]
fn every_block_of_the_readme_answers_as_printed() {
    if !Command::new("curl").arg("--version").output().is_ok_and(|found| found.status.success()) {
        eprintln!("THE TOURS WERE NOT RUN: there is no curl on this machine");
        return;
    }
    let tours = tours(include_str!("../../README.md"));
    let sizes: Vec<(&str, usize)> = tours.iter().map(|(title, blocks)| (title.as_str(), blocks.len())).collect();
    assert!(
        matches!(
            sizes[..],
            [("A tour in five minutes", 6..), ("Arena", 8..), ("Oracle", 6..), ("Graph", 3..), ("Liferay", 2..)]
        ),
        "{sizes:?}"
    );
    for (title, blocks) in &tours {
        walk(title, blocks);
    }
}

#[test]
fn an_ellipsis_stands_for_anything() {
    assert!(fits(r#"{"id":"D12","x":1}"#, r#"{"id":"D…","x":1}"#));
    assert!(!fits(r#"{"id":"D12","x":2}"#, r#"{"id":"D…","x":1}"#));
    assert!(!fits("204 and more", "204"));
}

#[test]
fn only_blocks_with_an_answer_right_below_are_run() {
    let text =
        "a\n```sh\nno\n```\n## One\n```sh\nrun it\n```\n\nwords\n\n```sh\necho 1\n```\n\n```text\n1\n```\n## Two\n";
    assert_eq!(tours(text), [("One".to_owned(), vec![("echo 1\n".to_owned(), "1".to_owned())])]);
}
