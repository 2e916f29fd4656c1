//! What the README shows to users of the SDKs, as they paste it.

use super::Demo;
use crate::{node, python};

const README: &str = include_str!("../../../README.md");

/// The block in this language, and the answer right below it.
fn block(language: &str) -> (String, &'static str) {
    let (_, rest) = README.split_once(&format!("```{language}\n")).expect("the README has a block for it");
    let (program, rest) = rest.split_once("```").expect("it ends");
    let (answer, _) =
        rest.trim_start().strip_prefix("```text\n").and_then(|rest| rest.split_once("```")).expect("an answer");
    (program.to_owned(), answer)
}

/// The block, aimed at this server.
fn aimed(program: &str, demo: &Demo) -> String {
    let shown = "https://localhost:8443";
    assert!(program.contains(shown), "{program}");
    program.replace(shown, &demo.secure())
}

#[tokio::test]
#[ignore = "installs clients; .ci/run runs it"]
async fn the_readmes_lines_of_python_answer_as_printed() {
    let Some(python) = python::Script::ready() else { return };
    let (program, answer) = block("python");
    let demo = Demo::start();
    assert_eq!(python.run(&aimed(&program, &demo), &[], &demo.trusted()).await, answer);
}

#[tokio::test]
#[ignore = "installs clients; .ci/run runs it"]
async fn the_readmes_lines_of_javascript_answer_as_printed() {
    let Some(node) = node::Script::ready() else { return };
    let (program, answer) = block("js");
    let demo = Demo::start();
    assert_eq!(node.run(&aimed(&program, &demo), &[], &demo.trusted()).await, answer);
}
