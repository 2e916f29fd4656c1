//! The README's tour, block by block, as somebody pastes it: against the demo, with a shell and curl.

use std::process::Command;

use super::support::{database::DurableFolder, process::Process};

/// The blocks of the tour: what to paste, and what is answered; `…` in an answer stands for anything.
fn blocks(readme: &str) -> Vec<(String, String)> {
    let tour = readme.split("## A tour in five minutes").nth(1).expect("the README has a tour");
    let tour = tour.split("\n## ").next().unwrap_or_default();
    let mut blocks = Vec::new();
    for part in tour.split("```sh\n").skip(1) {
        let (paste, rest) = part.split_once("```").expect("a block ends");
        let answer =
            rest.split_once("```text\n").and_then(|(_, rest)| rest.split_once("```")).expect("an answer follows").0;
        blocks.push((paste.to_owned(), answer.trim().to_owned()));
    }
    blocks
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

#[test]
fn every_block_of_the_tour_answers_as_printed() {
    if !Command::new("curl").arg("--version").output().is_ok_and(|found| found.status.success()) {
        eprintln!("THE TOUR WAS NOT RUN: there is no curl on this machine");
        return;
    }
    let folder = DurableFolder::new();
    let process = Process::start(&folder.path().join("data"), &["--demo"]);
    let blocks = blocks(include_str!("../../README.md"));
    assert!(blocks.len() >= 6, "{} blocks", blocks.len());
    // one shell for all, as when they are pasted
    let mut script = String::new();
    for (paste, _) in &blocks {
        script.push_str(&paste.replace("http://127.0.0.1:8080", &process.base));
        script.push_str("\nprintf '\\n%s\\n' '--- next block'\n");
    }
    let run = Command::new("bash").arg("-c").arg(&script).env("no_proxy", "*").output().expect("there is a shell");
    let said = String::from_utf8(run.stdout).expect("text");
    for ((paste, expected), said) in blocks.iter().zip(said.split("--- next block\n")) {
        assert!(fits(said.trim(), expected), "{paste}\nanswered\n{said}\ninstead of\n{expected}");
    }
}

#[test]
fn an_ellipsis_stands_for_anything() {
    assert!(fits(r#"{"id":"D12","x":1}"#, r#"{"id":"D…","x":1}"#));
    assert!(!fits(r#"{"id":"D12","x":2}"#, r#"{"id":"D…","x":1}"#));
    assert!(!fits("204 and more", "204"));
}
