//! What is asked of the program: the scripts of requests, room by room, and what their answers must be.

use std::{fmt::Write as _, net::SocketAddr, sync::Arc};

use anyhow::{Context, Result, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;

use super::{
    house::{File, OTHER, PASSWORD, USER, WORKSPACE, World},
    load::{self, Answer, KEPT, Script, Step},
};

/// Credentials of one user as each room wants them.
pub struct Caller {
    bearer: String,
    basic: String,
    by_mail: String,
    session: String,
}

/// A room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// `/v1.0`, with a bearer token.
    Graph,
    /// `/v1`, with a session, every request counted.
    Arena,
    /// `/documents/api/1.2`, with Basic.
    Oracle,
    /// `/api/jsonws`, JSON-RPC with Basic.
    Liferay,
}

impl Room {
    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Room::Graph => "Graph",
            Room::Arena => "Arena",
            Room::Oracle => "Oracle",
            Room::Liferay => "Liferay",
        }
    }
}

impl Caller {
    /// Signs the user in everywhere.
    pub async fn sign_in(address: SocketAddr, login: &str, token: &str) -> Result<Self> {
        let body = json!({"email": format!("{login}@example.com"), "password": PASSWORD, "workspaceId": WORKSPACE});
        let said = load::fetch(address, &post("/v1/login", &[JSON], body.to_string(), Answer::Status(200))).await?;
        let said: serde_json::Value = serde_json::from_slice(&said)?;
        let session = said["arenaSessionId"].as_str().context("no session")?.to_owned();
        let basic = |name: &str| format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{PASSWORD}")));
        Ok(Self {
            bearer: format!("Bearer {token}"),
            basic: basic(login),
            by_mail: basic(&format!("{login}@example.com")),
            session,
        })
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");

fn post(path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>, answer: Answer) -> Step {
    Step::with_body("POST", path, headers, Some(body.into().into()), answer)
}

/// What each of so many connections repeats, each over a file of its own.
pub fn each<'a>(world: &'a World, connections: usize, script: impl Fn(&'a File) -> Script) -> Vec<Script> {
    world.files.iter().cycle().take(connections).map(script).collect()
}

/// A check-out and its cancel.
pub fn pair(room: Room, world: &World, caller: &Caller, file: &File) -> Script {
    match room {
        Room::Graph => {
            let item = format!("/v1.0/drives/{}/items/{}", world.drive, file.graph);
            let headers = [("authorization", caller.bearer.as_str())];
            let act = |name: &str| post(&format!("{item}/{name}"), &headers, "", Answer::Status(204));
            Script(vec![act("checkout"), act("discardCheckout")])
        }
        Room::Arena => {
            let headers = [("arena_session_id", caller.session.as_str()), JSON];
            let act = |out: bool| {
                let body = json!({"checkedOut": out, "file": {"guid": file.arena}}).to_string();
                let mut says = vec![format!("\"checkedOut\":{out}"), file.arena.clone()];
                // its holder
                says.extend(out.then(|| format!("{USER}@example.com")));
                post("/v1/files/checkoutstatuschanges", &headers, body, Answer::Says(201, says))
            };
            Script(vec![act(true), act(false)])
        }
        Room::Oracle => {
            let headers = [("authorization", caller.basic.as_str()), JSON];
            let path = format!("/documents/api/1.2/files/{}", file.oracle);
            let holder = format!("\"loginName\":\"{USER}\"");
            let reserve = post(&format!("{path}/reserve"), &headers, "", Answer::Says(200, vec![holder]));
            let done = Answer::Says(200, vec!["\"errorCode\":\"0\"".to_owned()]);
            let body = json!({ "reservedByUserID": USER }).to_string();
            Script(vec![reserve, post(&format!("{path}/unreserve"), &headers, body, done)])
        }
        Room::Liferay => {
            let headers = [("authorization", caller.by_mail.as_str()), JSON];
            let act = |method: &str| {
                let call = json!({"jsonrpc": "2.0", "method": method, "params": {"fileEntryId": file.number}, "id": 1});
                let done = vec!["{\"id\":1,\"jsonrpc\":\"2.0\"}".to_owned()];
                post("/api/jsonws/dlapp", &headers, call.to_string(), Answer::Says(200, done))
            };
            Script(vec![act("check-out-file-entry"), act("cancel-check-out")])
        }
    }
}

/// What must be true beside the load: who has a file is seen and keeps others out, who has it no more does not.
pub fn proof(world: &World, caller: &Caller, other: &Caller, file: &File) -> Script {
    let item = format!("/v1.0/drives/{}/items/{}", world.drive, file.graph);
    let (own, others) = ([("authorization", caller.bearer.as_str())], [("authorization", other.bearer.as_str())]);
    let shown = |answer| Step::new("GET", &format!("{item}?$select=id,publication"), &own, answer);
    let holder = |login: &str| {
        shown(Answer::Says(200, vec!["\"checkedOutBy\":".to_owned(), format!("\"displayName\":\"{login}\"")]))
    };
    let act = |name: &str, headers: &[(&str, &str)], status: u16| {
        post(&format!("{item}/{name}"), headers, "", Answer::Status(status))
    };
    Script(vec![
        act("checkout", &own, 204),
        holder(USER),
        act("checkout", &others, 423),
        act("discardCheckout", &own, 204),
        shown(Answer::Lacks(200, "checkedOutBy")),
        act("checkout", &others, 204),
        holder(OTHER),
        act("discardCheckout", &others, 204),
    ])
}

/// One file, shown.
pub fn get(world: &World, caller: &Caller, file: &File) -> Script {
    let path = format!("/v1.0/drives/{}/items/{}", world.drive, file.graph);
    let says = vec![format!("\"id\":\"{}\"", file.graph), "\"displayName\":\"ann\"".to_owned()];
    Script(vec![Step::new("GET", &path, &[("authorization", &caller.bearer)], Answer::Says(200, says))])
}

/// A folder of a hundred files, listed whole.
pub fn list(world: &World, caller: &Caller) -> Script {
    let path = format!("/v1.0/drives/{}/items/{}/children?$top=100", world.drive, world.listed);
    let says = vec!["\"name\":\"l0.txt\"".to_owned(), "\"name\":\"l99.txt\"".to_owned()];
    Script(vec![Step::new("GET", &path, &[("authorization", &caller.bearer)], Answer::Says(200, says))])
}

/// A check-out, and a check-in that brings 1 KiB: the vendor's call that does both at once.
pub fn check_in(caller: &Caller, file: &File) -> Script {
    let mut steps = Vec::new();
    let rpc =
        json!({"jsonrpc": "2.0", "method": "check-out-file-entry", "params": {"fileEntryId": file.number}, "id": 1});
    let basic = ("authorization", caller.by_mail.as_str());
    let done = vec!["{\"id\":1,\"jsonrpc\":\"2.0\"}".to_owned()];
    steps.push(post("/api/jsonws/dlapp", &[basic, JSON], rpc.to_string(), Answer::Says(200, done)));
    let mut form = String::new();
    let fields = [
        ("fileEntryId", file.number.to_string()),
        ("sourceFileName", String::new()),
        ("mimeType", "text/plain".to_owned()),
        ("title", String::new()),
        ("description", String::new()),
        ("changeLog", "bench".to_owned()),
        ("majorVersion", "false".to_owned()),
    ];
    for (name, value) in fields {
        let _ = write!(form, "--part\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    let content = format!("{:01024}", file.number);
    let _ = write!(
        form,
        "--part\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f.txt\"\r\ncontent-type: text/plain\r\n\r\n\
        {content}\r\n--part--\r\n"
    );
    let headers = [basic, ("content-type", "multipart/form-data; boundary=part")];
    let says = vec![format!("\"fileEntryId\":\"{}\"", file.number), "\"size\":\"1024\"".to_owned()];
    let path = "/api/jsonws/dlapp/update-file-entry-and-check-in";
    steps.push(post(path, &headers, form, Answer::Says(200, says)));
    Script(steps)
}

/// Puts a content into the library and answers its path.
pub async fn put(address: SocketAddr, world: &World, caller: &Caller, name: &str, bytes: Arc<[u8]>) -> Result<()> {
    let script = Script(vec![upload(world, caller, name, bytes, 201)]);
    load::once(address, &[script]).await
}

/// An upload in one request; a new file or the next version of one.
pub fn upload(world: &World, caller: &Caller, name: &str, bytes: Arc<[u8]>, status: u16) -> Step {
    let path = format!("/v1.0/drives/{}/root:/{name}:/content", world.drive);
    let says = vec![format!("\"size\":{}", bytes.len())];
    let headers = [("authorization", caller.bearer.as_str())];
    Step::with_body("PUT", &path, &headers, Some(bytes), Answer::Says(status, says))
}

/// A download through Oracle's room, which answers the bytes themselves; of a file that lies in the library's root.
pub async fn download(
    address: SocketAddr,
    world: &World,
    caller: &Caller,
    name: &str,
    bytes: Arc<[u8]>,
) -> Result<Step> {
    let path = format!("/v1.0/drives/{}/root:/{name}?$select=sharepointIds,id", world.drive);
    let said =
        load::fetch(address, &Step::new("GET", &path, &[("authorization", &caller.bearer)], Answer::Status(200)))
            .await?;
    let said: serde_json::Value = serde_json::from_slice(&said)?;
    let id = said["id"].as_str().context("no id")?;
    // the address of the bytes needs no token and may be kept
    let path = format!("/v1.0/drives/{}/items/{id}/content", world.drive);
    let step = Step::new("GET", &path, &[("authorization", &caller.bearer)], Answer::Keeps(302, "location"));
    let location = load::kept(address, &step).await?;
    let path = location.strip_prefix(&format!("http://{address}")).or(location.strip_prefix("http://localhost"));
    let path = path.with_context(|| format!("the bytes are elsewhere: {location}"))?;
    ensure!(path.starts_with('/'), "no path: {path}");
    Ok(Step::new("GET", path, &[], Answer::Bytes(bytes)))
}

/// LOCK and UNLOCK of one file in Subversion, whose locks are durable as well.
pub fn svn_pair(number: usize) -> Script {
    let path = format!("/svn/f{number}.txt");
    let basic = format!("Basic {}", BASE64_STANDARD.encode("ann:ann@example.com"));
    let lock = "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope>\
        <D:locktype><D:write/></D:locktype><D:owner>bench</D:owner></D:lockinfo>";
    let headers = [("authorization", basic.as_str()), ("content-type", "text/xml")];
    let body: Arc<[u8]> = lock.as_bytes().into();
    Script(vec![
        Step::with_body("LOCK", &path, &headers, Some(body), Answer::Keeps(200, "lock-token")),
        Step::new("UNLOCK", &path, &[("authorization", &basic), ("lock-token", KEPT)], Answer::Status(204)),
    ])
}
