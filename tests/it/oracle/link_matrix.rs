//! Every kind of public link before every kind of caller (spec/oracle.md 3.3), compared with the rules written down once more.

use std::fmt::Write as _;

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::support::{oracle::word, server::Server};

const ROLES: [&str; 3] = ["viewer", "downloader", "contributor"];

/// Whom the link names; `eve` is the caller, `bob` is not.
const ASSIGNED: [&str; 4] = ["@everybody", "@serviceinstance", "eve,bob", "bob"];

/// Whether the link has an access code, and which the caller brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    /// The link asks for none.
    None,
    Right,
    Wrong,
    Missing,
}

const CODES: [Code; 4] = [Code::None, Code::Right, Code::Wrong, Code::Missing];

/// When the link ends. The tests' clock stands in 2026.
const EXPIRY: [(&str, Option<&str>); 3] =
    [("no end", None), ("future", Some("2027-01-01T00:00:01Z")), ("past", Some("2017-01-01T00:00:01Z"))];

/// The caller: `eve`, who has no role of her own, or nobody.
const CALLERS: [&str; 2] = ["eve", "nobody"];

/// What is wanted, and the least role for it, by its place among `ROLES`.
const OPERATIONS: [(&str, usize); 3] = [("information", 0), ("download", 1), ("reserve", 2)];

#[derive(Clone, Copy, Debug)]
struct Cell {
    role: usize,
    assigned: &'static str,
    code: Code,
    expiry: &'static str,
    caller: &'static str,
    operation: (&'static str, usize),
}

/// The rules of 3.3 from step 6 on, in their order, and of anonymous use.
fn expected(cell: Cell) -> &'static str {
    let nobody = cell.caller == "nobody";
    if cell.expiry == "past" {
        return "400/-26";
    }
    match cell.assigned {
        "@everybody" => {}
        _ if nobody => return "401/-1",
        "bob" => return "403/-20",
        _ => {}
    }
    if matches!(cell.code, Code::Wrong | Code::Missing) {
        return "403/-18";
    }
    let (operation, least) = cell.operation;
    if cell.role < least {
        return "403/-20";
    }
    // a reservation needs a holder
    if nobody && operation == "reserve" { "401/-1" } else { "200" }
}

#[tokio::test]
async fn every_link_admits_whom_the_rules_say_to_what_they_say() {
    // each of them is a guess
    let settings = [("oracle.wrong_codes_per_address", "1000000"), ("oracle.wrong_codes_per_link", "1000000")];
    let server = Server::start_with(&settings).await;
    let world = &server.world;
    let (max, file) = (server.oracle(&world.max), &world.file.oracle_id);
    let (mut said, mut open, mut coded, mut count) = (Vec::new(), String::new(), String::new(), 0);
    for (role, role_name) in ROLES.into_iter().enumerate() {
        for assigned in ASSIGNED {
            for code in CODES {
                for (expiry, expiration) in EXPIRY {
                    count += 1;
                    let mut spec =
                        json!({"assignedUsers": assigned, "role": role_name, "linkName": format!("link {count}")});
                    if code != Code::None {
                        spec["password"] = json!("test12345");
                    }
                    if let Some(expiration) = expiration {
                        spec["expirationTime"] = json!(expiration);
                    }
                    let made = max.post(&format!("/publiclinks/file/{file}"), spec).await.expect(200).json();
                    let link = made["linkID"].as_str().unwrap();
                    for caller in CALLERS {
                        let client = if caller == "eve" { server.oracle(&world.eve) } else { server.oracle_nobody() };
                        let client = match code {
                            Code::None | Code::Missing => client.link(link),
                            Code::Right => client.link(link).code("test12345"),
                            Code::Wrong => client.link(link).code("Test12345"),
                        };
                        let mut row = format!("{role_name} {assigned} {caller}:");
                        for operation in OPERATIONS {
                            let (method, path) = match operation.0 {
                                "information" => (Method::GET, format!("/files/{file}")),
                                "download" => (Method::GET, format!("/files/{file}/data")),
                                _ => (Method::POST, format!("/files/{file}/reserve")),
                            };
                            let answer = word(&server.send(client.request(method, &path)).await);
                            let _ = write!(row, " {} {answer}", operation.0);
                            said.push((Cell { role, assigned, code, expiry, caller, operation }, answer));
                        }
                        if code == Code::None && expiry == "no end" {
                            let _ = writeln!(open, "{row}");
                        } else if (role_name, assigned, expiry) == ("contributor", "@everybody", "future") {
                            let _ = writeln!(coded, "{code:?} {row}");
                        }
                    }
                }
            }
        }
    }
    assert_eq!(said.len(), 3 * 4 * 4 * 3 * 2 * 3);
    let wrong: Vec<_> = said.iter().filter(|(cell, answer)| expected(*cell) != answer).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_snapshot!(open, @r#"
    viewer @everybody eve: information 200 download 403/-20 reserve 403/-20
    viewer @everybody nobody: information 200 download 403/-20 reserve 403/-20
    viewer @serviceinstance eve: information 200 download 403/-20 reserve 403/-20
    viewer @serviceinstance nobody: information 401/-1 download 401/-1 reserve 401/-1
    viewer eve,bob eve: information 200 download 403/-20 reserve 403/-20
    viewer eve,bob nobody: information 401/-1 download 401/-1 reserve 401/-1
    viewer bob eve: information 403/-20 download 403/-20 reserve 403/-20
    viewer bob nobody: information 401/-1 download 401/-1 reserve 401/-1
    downloader @everybody eve: information 200 download 200 reserve 403/-20
    downloader @everybody nobody: information 200 download 200 reserve 403/-20
    downloader @serviceinstance eve: information 200 download 200 reserve 403/-20
    downloader @serviceinstance nobody: information 401/-1 download 401/-1 reserve 401/-1
    downloader eve,bob eve: information 200 download 200 reserve 403/-20
    downloader eve,bob nobody: information 401/-1 download 401/-1 reserve 401/-1
    downloader bob eve: information 403/-20 download 403/-20 reserve 403/-20
    downloader bob nobody: information 401/-1 download 401/-1 reserve 401/-1
    contributor @everybody eve: information 200 download 200 reserve 200
    contributor @everybody nobody: information 200 download 200 reserve 401/-1
    contributor @serviceinstance eve: information 200 download 200 reserve 200
    contributor @serviceinstance nobody: information 401/-1 download 401/-1 reserve 401/-1
    contributor eve,bob eve: information 200 download 200 reserve 200
    contributor eve,bob nobody: information 401/-1 download 401/-1 reserve 401/-1
    contributor bob eve: information 403/-20 download 403/-20 reserve 403/-20
    contributor bob nobody: information 401/-1 download 401/-1 reserve 401/-1
    "#);
    assert_snapshot!(coded, @r#"
    None contributor @everybody eve: information 200 download 200 reserve 200
    None contributor @everybody nobody: information 200 download 200 reserve 401/-1
    Right contributor @everybody eve: information 200 download 200 reserve 200
    Right contributor @everybody nobody: information 200 download 200 reserve 401/-1
    Wrong contributor @everybody eve: information 403/-18 download 403/-18 reserve 403/-18
    Wrong contributor @everybody nobody: information 403/-18 download 403/-18 reserve 403/-18
    Missing contributor @everybody eve: information 403/-18 download 403/-18 reserve 403/-18
    Missing contributor @everybody nobody: information 403/-18 download 403/-18 reserve 403/-18
    "#);
}
