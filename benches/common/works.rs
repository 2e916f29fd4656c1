//! What is asked of the program: the scripts of requests, room by room, and what their answers must be.

use std::{fmt::Write as _, net::SocketAddr, sync::Arc};

use anyhow::{Context, Result, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;

use super::{
    house::{File, OTHER, PASSWORD, USER, WORKSPACE, World},
    load::{self, Answer, Script, Step},
};

/// Credentials of one user as each room wants them.
pub struct Caller {
    /// For Graph: `Bearer …`.
    pub bearer: String,
    /// For Oracle: `Basic …`, by the login.
    pub basic: String,
    /// For Liferay: `Basic …`, by the e-mail address.
    pub by_mail: String,
    /// Arena's session.
    pub session: String,
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

/// What is listed of each file: the members that are columns of the anchor's rows.
const LISTED: &str = "id,name,file,size,eTag,createdDateTime,lastModifiedDateTime";

/// What most bodies are.
pub const JSON: (&str, &str) = ("content-type", "application/json");

/// A request with a body.
pub fn post(path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>, answer: Answer) -> Step {
    Step::with_body("POST", path, headers, Some(body.into().into()), answer)
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

/// A folder of a hundred files by Graph's id, listed whole, with what the anchor's rows tell; the names of the first and of the last
/// one are looked for.
pub fn list(world: &World, caller: &Caller, folder: &str, names: [&str; 2]) -> Script {
    let path = format!("/v1.0/drives/{}/items/{folder}/children?$top=100&$select={LISTED}", world.drive);
    let says = names.map(|name| format!("\"name\":\"{name}\"")).to_vec();
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

/// A download of a file by Graph's id. Where the bytes are is asked for now: that address needs no token and may be kept.
pub async fn download(
    address: SocketAddr,
    world: &World,
    caller: &Caller,
    file: &str,
    bytes: Arc<[u8]>,
) -> Result<Step> {
    let path = format!("/v1.0/drives/{}/items/{file}/content", world.drive);
    let step = Step::new("GET", &path, &[("authorization", &caller.bearer)], Answer::Keeps(302, "location"));
    let location = load::kept(address, &step).await?;
    Ok(Step::new("GET", path_of(address, &location)?, &[], Answer::Bytes(bytes)))
}

/// The path of an address that the program gives, which must be one of its own.
pub fn path_of(address: SocketAddr, location: &str) -> Result<&str> {
    let path = location.strip_prefix(&format!("http://{address}")).or(location.strip_prefix("http://localhost"));
    let path = path.with_context(|| format!("this is elsewhere: {location}"))?;
    ensure!(path.starts_with('/'), "no path: {path}");
    Ok(path)
}
