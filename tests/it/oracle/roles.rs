//! What each role may (spec/oracle.md 3.2), operation by operation: given on the folder of the file, given above it, and
//! given on both, where the higher counts.

use std::fmt::Write as _;

use coatcheck::domain::person::License;
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::support::{
    answer::Answer,
    oracle::{Client, part, word},
    server::Server,
    world,
};

const ROLES: [&str; 5] = ["viewer", "downloader", "contributor", "manager", "owner"];

/// What is sent along. Texts may name the same things as paths.
#[derive(Clone, Copy)]
enum Body {
    None,
    /// Flat fields.
    Json(&'static str),
    /// A file for the folder.
    Upload,
    /// The next version of the file.
    Version,
}

use Body::{Json, None, Upload, Version};

/// Every operation on something: its name, how it is asked for, the least role for it. Paths and bodies name in braces the
/// `file`, its `folder` and the folder `above` it, on which the caller has the role in question; `link`, a link on the file;
/// `target`, a folder elsewhere on which they are a contributor, and `source`, a file in it; `me`, the caller. Each is tried
/// on things that nothing was done to before.
#[rustfmt::skip]
const OPERATIONS: &[(&str, &str, &str, Body, &str)] = &[
    ("file information",    "GET",    "/files/{file}",                None, "viewer"),
    ("versions",            "GET",    "/files/{file}/versions",       None, "viewer"),
    ("folder information",  "GET",    "/folders/{folder}",            None, "viewer"),
    ("listing",             "GET",    "/folders/{folder}/items",      None, "viewer"),
    ("download",            "GET",    "/files/{file}/data",           None, "downloader"),
    ("reserve",             "POST",   "/files/{file}/reserve",        None, "contributor"),
    ("unreserve",           "POST",   "/files/{file}/unreserve",      Json(r#"{"reservedByUserID": "{me}"}"#), "contributor"),
    ("upload",              "POST",   "/files/data",                  Upload, "contributor"),
    ("upload version",      "POST",   "/files/{file}/data",           Version, "contributor"),
    ("create folder",       "POST",   "/folders/{folder}",            Json(r#"{"name": "new"}"#), "contributor"),
    ("link on file",        "POST",   "/publiclinks/file/{file}",     Json(r#"{"assignedUsers": "@everybody", "linkName": "new"}"#), "manager"),
    ("link on folder",      "POST",   "/publiclinks/folder/{folder}", Json(r#"{"assignedUsers": "@everybody", "linkName": "new"}"#), "manager"),
    ("links on file",       "GET",    "/publiclinks/file/{file}",     None, "manager"),
    ("links on folder",     "GET",    "/publiclinks/folder/{folder}", None, "manager"),
    ("link",                "GET",    "/publiclinks/{link}",          None, "manager"),
    ("change link",         "PUT",    "/publiclinks/{link}",          Json(r#"{"role": "contributor"}"#), "manager"),
    ("remove link",         "DELETE", "/publiclinks/{link}",          None, "manager"),
    ("share",               "POST",   "/shares/{folder}",             Json(r#"{"userID": "bob", "role": "viewer"}"#), "manager"),
    ("change share",        "PUT",    "/shares/{folder}/role",        Json(r#"{"userID": "bob", "role": "manager"}"#), "manager"),
    ("shares",              "GET",    "/shares/{folder}/items",       None, "viewer"),
    ("unshare",             "DELETE", "/shares/{folder}/user",        Json(r#"{"userID": "bob"}"#), "manager"),
    ("unshare all",         "DELETE", "/shares/{folder}",             None, "manager"),
    ("leave",               "DELETE", "/shares/{folder}/myuser",      None, "viewer"),
    ("edit file",           "PUT",    "/files/{file}",                Json(r#"{"name": "other.txt"}"#), "contributor"),
    ("copy file",           "POST",   "/files/{file}/copy",           Json(r#"{"destinationID": "{target}"}"#), "downloader"),
    ("copy file into",      "POST",   "/files/{source}/copy",         Json(r#"{"destinationID": "{folder}"}"#), "contributor"),
    ("move file",           "POST",   "/files/{file}/move",           Json(r#"{"destinationID": "{target}"}"#), "contributor"),
    ("move file into",      "POST",   "/files/{source}/move",         Json(r#"{"destinationID": "{folder}"}"#), "contributor"),
    ("delete file",         "DELETE", "/files/{file}",                None, "contributor"),
    ("edit folder",         "PUT",    "/folders/{folder}",            Json(r#"{"description": "other"}"#), "contributor"),
    ("copy folder",         "POST",   "/folders/{folder}/copy",       Json(r#"{"destinationID": "{target}"}"#), "downloader"),
    ("move folder",         "POST",   "/folders/{folder}/move",       Json(r#"{"destinationID": "{target}"}"#), "contributor"),
    ("delete folder",       "DELETE", "/folders/{folder}",            None, "contributor"),
    ("search",              "GET",    "/folders/{folder}/search/items?fulltext=file", None, "viewer"),
    ("metadata",            "GET",    "/files/{file}/metadata",       None, "viewer"),
    ("metadata of folder",  "GET",    "/folders/{folder}/metadata",   None, "viewer"),
    ("metadata fields",     "GET",    "/files/{file}/metadataFields", None, "viewer"),
    ("tags",                "GET",    "/files/{file}/tags",           None, "viewer"),
    ("set tags",            "POST",   "/files/{file}/tags",           Json(r#"{"setTags": "a,b"}"#), "contributor"),
    ("set folder's tags",   "POST",   "/folders/{folder}/tags",       Json(r#"{"setTags": "a,b"}"#), "contributor"),
    ("assign collection",   "POST",   "/folders/{folder}/metadata/Common", None, "manager"),
];

/// Where a role is given: on the folder of the file and on the one above it.
#[derive(Clone, Copy, Debug)]
enum Given {
    Here,
    Above,
    /// Above, and a viewer's here.
    LessHere,
    /// Here, and a viewer's above.
    LessAbove,
}

/// What the braces stand for.
struct Things(Vec<(&'static str, String)>);

impl Things {
    fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id))
    }
}

fn id(answer: &Answer) -> String {
    assert!(answer.status.is_success(), "{answer}");
    let body = answer.json();
    body.get("linkID").unwrap_or(&body["id"]).as_str().unwrap().to_owned()
}

/// A folder `above`, a `folder` in it, a `file` in that, all the owner's, on which Eve is given a role.
async fn things(server: &Server, owner: &Client<'_>, role: &str, given: Given, number: usize) -> Things {
    let name = format!("above {number}");
    let above = id(&owner.post("/folders/self", json!({ "name": name })).await);
    let folder = id(&owner.post(&format!("/folders/{above}"), json!({"name": "folder"})).await);
    let file = id(&owner.upload(&folder, "file.txt", "text").await);
    let link = id(&owner.post(&format!("/publiclinks/file/{file}"), json!({"assignedUsers": "bob"})).await);
    let roles = match given {
        Given::Here => vec![(&folder, role)],
        Given::Above => vec![(&above, role)],
        Given::LessHere => vec![(&folder, "viewer"), (&above, role)],
        Given::LessAbove => vec![(&above, "viewer"), (&folder, role)],
    };
    if role != "owner" {
        for (on, role) in roles {
            owner.post(&format!("/shares/{on}"), json!({"userID": "eve", "role": role})).await.expect(200);
        }
    }
    let target = id(&owner.post("/folders/self", json!({"name": format!("target {number}")})).await);
    let source = id(&owner.upload(&target, "source.txt", "text").await);
    owner.post(&format!("/shares/{target}"), json!({"userID": "eve", "role": "contributor"})).await.expect(200);
    let me = if role == "owner" { "olga".to_owned() } else { server.world.eve.person.oracle_id.clone() };
    Things(vec![
        ("above", above),
        ("folder", folder),
        ("file", file),
        ("link", link),
        ("target", target),
        ("source", source),
        ("me", me),
    ])
}

async fn ask(client: &Client<'_>, things: &Things, method: &str, path: &str, body: Body) -> Answer {
    let path = things.fill(path);
    let method: Method = method.parse().unwrap();
    match body {
        None => client.server.send(client.request(method, &path)).await,
        Json(text) => client.server.send(client.request(method, &path).body(things.fill(text))).await,
        Upload => client.upload(&things.fill("{folder}"), "new.txt", "new").await,
        Version => {
            let body = format!("{}--b--\r\n", part("primaryFile", Some("file.txt"), "more"));
            client.multipart(&path, &body).await
        }
    }
}

/// One line for each operation, one column for each role.
async fn table(given: Given) -> String {
    let server = Server::start().await;
    let olga = world::user(&server.vault, "olga", License::Full, false).await;
    let (owner, eve) = (server.oracle(&olga), server.oracle(&server.world.eve));
    let common = json!({"fieldsArray": [{"fieldName": "Stage", "fieldType": "text"}]});
    server.oracle(&server.world.dora).post("/metadata/Common", common).await.expect(201);
    let mut table = format!("{:<19}", "operation");
    for role in ROLES {
        let _ = write!(table, " {role:<11}");
    }
    table = format!("{}\n", table.trim_end());
    let rank = |role: &str| ROLES.iter().position(|known| *known == role).unwrap();
    let mut number = 0;
    for (name, method, path, body, least) in OPERATIONS.iter().copied() {
        let mut row = format!("{name:<19}");
        for role in ROLES {
            number += 1;
            let things = things(&server, &owner, role, given, number).await;
            let client = if role == "owner" { &owner } else { &eve };
            let answer = ask(client, &things, method, path, body).await;
            let may = rank(role) >= rank(least);
            let right = if may { answer.status.is_success() } else { word(&answer) == "403/-20" };
            assert!(right, "{name}, {role} {given:?}: {answer}");
            let _ = write!(row, " {:<11}", word(&answer));
        }
        let _ = writeln!(table, "{}", row.trim_end());
    }
    table
}

#[tokio::test]
async fn what_each_role_may_where_it_was_given() {
    assert_snapshot!(table(Given::Here).await, @r#"
    operation           viewer      downloader  contributor manager     owner
    file information    200         200         200         200         200
    versions            200         200         200         200         200
    folder information  200         200         200         200         200
    listing             200         200         200         200         200
    download            403/-20     200         200         200         200
    reserve             403/-20     403/-20     200         200         200
    unreserve           403/-20     403/-20     200         200         200
    upload              403/-20     403/-20     201         201         201
    upload version      403/-20     403/-20     201         201         201
    create folder       403/-20     403/-20     201         201         201
    link on file        403/-20     403/-20     403/-20     200         200
    link on folder      403/-20     403/-20     403/-20     200         200
    links on file       403/-20     403/-20     403/-20     200         200
    links on folder     403/-20     403/-20     403/-20     200         200
    link                403/-20     403/-20     403/-20     200         200
    change link         403/-20     403/-20     403/-20     200         200
    remove link         403/-20     403/-20     403/-20     200         200
    share               403/-20     403/-20     403/-20     200         200
    change share        403/-20     403/-20     403/-20     200         200
    shares              200         200         200         200         200
    unshare             403/-20     403/-20     403/-20     200         200
    unshare all         403/-20     403/-20     403/-20     200         200
    leave               200         200         200         200         200
    edit file           403/-20     403/-20     200         200         200
    copy file           403/-20     200         200         200         200
    copy file into      403/-20     403/-20     200         200         200
    move file           403/-20     403/-20     200         200         200
    move file into      403/-20     403/-20     200         200         200
    delete file         403/-20     403/-20     200         200         200
    edit folder         403/-20     403/-20     200         200         200
    copy folder         403/-20     200         200         200         200
    move folder         403/-20     403/-20     200         200         200
    delete folder       403/-20     403/-20     200         200         200
    search              200         200         200         200         200
    metadata            200         200         200         200         200
    metadata of folder  200         200         200         200         200
    metadata fields     200         200         200         200         200
    tags                200         200         200         200         200
    set tags            403/-20     403/-20     200         200         200
    set folder's tags   403/-20     403/-20     200         200         200
    assign collection   403/-20     403/-20     403/-20     200         200
    "#);
}

#[tokio::test]
async fn a_role_holds_for_everything_below() {
    table(Given::Above).await;
}

#[tokio::test]
async fn the_highest_role_counts_wherever_it_was_given() {
    table(Given::LessHere).await;
    table(Given::LessAbove).await;
}
