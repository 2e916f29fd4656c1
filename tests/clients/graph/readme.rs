//! What the README tells users of the SDKs, run as it stands there.

use std::fs;

use super::Demo;
use crate::{node, python};

/// The block of this language below "Graph" in the README, and what it says is printed.
fn block(language: &str, demo: &Demo) -> (String, String) {
    let readme = include_str!("../../../README.md");
    let section = readme.split("\n## ").find(|section| section.starts_with("Graph\n")).expect("a section");
    let (_, rest) = section.split_once(&format!("```{language}\n")).expect("a block");
    let (script, rest) = rest.split_once("```").expect("its end");
    let (_, rest) = rest.split_once("```text\n").expect("what it prints");
    let (printed, _) = rest.split_once("```").expect("its end");
    assert!(script.lines().count() <= 14, "{script}");
    assert!(script.contains("https://localhost:8443"), "{script}");
    (script.replace("https://localhost:8443", &demo.secure()), printed.to_owned())
}

#[tokio::test]
#[ignore = "installs clients; .ci/run runs it"]
async fn what_the_readme_shows_in_python_prints_what_it_says() {
    let Some(python) = python::Script::ready() else { return };
    let demo = Demo::start();
    let (script, printed) = block("python", &demo);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("readme.py");
    fs::write(&file, script).unwrap();
    let authority = demo.authority();
    let trusted = [("SSL_CERT_FILE", authority.as_path()), ("REQUESTS_CA_BUNDLE", authority.as_path())];
    assert_eq!(python.run_file(&file, &[], &trusted).await, printed);
}

#[tokio::test]
#[ignore = "installs clients; .ci/run runs it"]
async fn what_the_readme_shows_in_javascript_prints_what_it_says() {
    let Some(node) = node::Script::ready() else { return };
    let demo = Demo::start();
    let (script, printed) = block("js", &demo);
    let authority = demo.authority();
    assert_eq!(node.run(&script, &[], &[("NODE_EXTRA_CA_CERTS", &authority)]).await, printed);
}
