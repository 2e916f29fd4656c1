//! The house keeps its plan: arrows run one way, rooms share a floor plan, every file says what it is.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// All source files below `folder`, with their text; the folder itself counts from the crate's root.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root).unwrap().to_owned(), text));
            }
        }
    }
    assert!(!found.is_empty(), "nothing in {folder}");
    found
}

/// Where one of these words stands outside of comments, as `file:line: text`.
fn places(folder: &str, words: &[&str]) -> Vec<String> {
    let mut places = Vec::new();
    for (path, text) in sources(folder) {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if words.iter().any(|word| code.contains(word)) {
                places.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    places
}

fn assert_nowhere(folder: &str, words: &[&str]) {
    let places = places(folder, words);
    assert!(places.is_empty(), "{folder} must not say {words:?}:\n{}", places.join("\n"));
}

#[test]
fn every_file_opens_by_saying_what_it_is() {
    for folder in ["src", "tests"] {
        for (path, text) in sources(folder) {
            assert!(text.starts_with("//! "), "{} does not open with a `//!` sentence", path.display());
        }
    }
}

#[test]
fn the_domain_knows_no_async_no_http_and_no_other_layer() {
    let others = ["axum", "async fn", ".await", "tokio", "sqlx::query", "crate::store", "crate::vault", "crate::http"];
    assert_nowhere("src/domain", &others);
    assert_nowhere("src/domain", &["crate::dialects", "crate::content", "crate::config", "crate::app"]);
}

#[test]
fn all_sql_is_in_the_store() {
    for folder in ["src/dialects", "src/vault", "src/http", "src/content", "src/config", "src/cli", "src/seed"] {
        assert_nowhere(folder, &["sqlx::query", "query_as!", "query_scalar!", "query!"]);
    }
}

#[test]
fn layers_look_down_only() {
    assert_nowhere("src/store", &["crate::vault", "crate::dialects", "crate::http", "crate::app", "axum"]);
    assert_nowhere("src/vault", &["crate::dialects", "crate::http", "crate::app", "crate::config", "axum"]);
    assert_nowhere("src/content", &["crate::store", "crate::vault", "crate::dialects", "crate::http"]);
    assert_nowhere("src/http", &["crate::store", "crate::vault", "crate::dialects", "crate::domain", "crate::config"]);
    assert_nowhere(
        "src/embedded",
        &["crate::store", "crate::vault", "crate::dialects", "crate::http", "crate::config"],
    );
}

#[test]
fn only_one_place_calls_servers_that_clients_name_and_no_room_is_named_by_who_tells_subscribers() {
    let callers = places("src", &["reqwest"]);
    let known = ["src/http/outgoing.rs", "src/cli/health.rs", "src/content/open.rs"];
    let strangers: Vec<_> = callers.iter().filter(|place| !known.iter().any(|file| place.starts_with(file))).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
    assert_nowhere("src/run", &["dialects::arena", "dialects::oracle", "dialects::graph", "dialects::liferay"]);
}

#[test]
fn rooms_use_the_vault_and_the_domain_and_never_each_other() {
    let rooms = ["arena", "oracle", "graph", "liferay"];
    for room in rooms {
        let folder = format!("src/dialects/{room}");
        assert_nowhere(&folder, &["sqlx", "PgConnection", "crate::app", "crate::config"]);
        for other in rooms.into_iter().filter(|other| *other != room) {
            let words = [format!("dialects::{other}"), format!("super::{other}"), format!("super::super::{other}")];
            assert_nowhere(&folder, &words.each_ref().map(String::as_str));
        }
    }
}

#[test]
fn rooms_share_a_floor_plan() {
    for room in ["arena", "oracle", "graph", "liferay"] {
        for part in ["mod", "auth", "ids", "wire", "error"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dialects").join(room);
            let there = folder.join(format!("{part}.rs")).is_file() || folder.join(part).join("mod.rs").is_file();
            assert!(there, "{room} has no {part}");
        }
    }
}

#[test]
fn nobody_reads_a_clock_or_the_environment_but_those_who_may() {
    let clocks = places("src", &["Utc::now(", "SystemTime::now("]);
    let strangers: Vec<_> = clocks.iter().filter(|place| !place.starts_with("src/http/guard.rs")).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
    let readers = places("src", &["env::var", "env::vars"]);
    let strangers: Vec<_> = readers.iter().filter(|place| !place.starts_with("src/config")).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

/// The tables of the pages that say what is served: each row as its cells.
fn parity() -> Vec<(PathBuf, Vec<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut rows = Vec::new();
    for entry in fs::read_dir(root.join("docs/parity")).unwrap().map(Result::unwrap) {
        let text = fs::read_to_string(entry.path()).unwrap();
        for line in text.lines().filter(|line| line.starts_with('|')) {
            let cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
            rows.push((entry.path().strip_prefix(root).unwrap().to_owned(), cells.collect()));
        }
    }
    rows
}

/// What stands between backticks and names Rust.
fn named(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2).filter(|word| word.contains(".rs"))
}

#[test]
fn every_test_a_parity_page_names_exists() {
    let mut seen = 0;
    for (page, row) in parity() {
        for name in row.iter().flat_map(|cell| named(cell)) {
            let (file, test) = name.split_once("::").unwrap_or((name, ""));
            let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file))
                .unwrap_or_else(|error| panic!("{}: {file}: {error}", page.display()));
            let attributes = text.split(&format!("fn {test}(")).next().filter(|before| before.len() < text.len());
            let is_test = attributes.is_some_and(|before| {
                // what stands before `fn` on its own line
                let lines = before.lines().rev().map(str::trim).skip_while(|line| matches!(*line, "" | "async"));
                lines
                    .take_while(|line| line.starts_with("#["))
                    .any(|line| line == "#[test]" || line.starts_with("#[tokio::test"))
            });
            assert!(test.is_empty() || is_test, "{}: {file} has no test {test}", page.display());
            seen += usize::from(!test.is_empty());
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn what_a_parity_page_calls_needed_is_served_and_tested() {
    let rows = parity();
    let ranked = |row: &[String]| row.iter().any(|cell| cell == "MUST" || cell == "SHOULD");
    let open: Vec<_> = rows
        .iter()
        .filter(|(_, row)| ranked(row) && row.iter().filter(|cell| named(cell).next().is_some()).count() < 2)
        .collect();
    assert!(open.is_empty(), "{open:#?}");
    for (page, last) in [("arena.md", 33), ("oracle.md", 46), ("graph.md", 79), ("liferay.md", 166)] {
        let of_page = rows.iter().filter(|(path, _)| path.ends_with(page));
        let numbers: Vec<u32> = of_page.filter_map(|(_, row)| row[0].parse().ok()).collect();
        assert_eq!(numbers, (1..=last).collect::<Vec<_>>(), "{page}");
    }
}
