//! The hot operations, each over many files of a world, and what their answers must be.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Side, grow::Place};
use crate::common::{
    load::{self, Answer, Script, Step},
    works::{self, JSON, Room},
};

/// What is measured by itself.
#[derive(Clone, Copy)]
pub enum Work {
    /// The same with one file after another.
    Each(&'static str, fn(&Side, &Place) -> Script),
    /// The bytes of one file after another; where they are was asked before.
    Download,
    /// The beginning of what a drive's feed lists.
    FirstPage,
    /// What has changed in a drive since a place in its feed.
    Changes,
}

/// Everything, what leaves most behind at the end.
pub const ALL: [Work; 17] = [
    Work::Each("get item, Graph", |side, place| works::get(&side.world, &side.caller, &place.file)),
    Work::Each("get by path, Graph", by_path),
    Work::Each("get file, Arena", arena_file),
    Work::Each("get file, Oracle", oracle_file),
    Work::Each("get file, Liferay", liferay_file),
    Work::Each("list a folder of 100, Graph", list),
    Work::Download,
    Work::Each("search a folder of 100, Graph", |side, place| search(side, place, &format!("items/{}", place.folder))),
    Work::Each("search the drive, Graph", |side, place| search(side, place, "root")),
    Work::Each("search a word, Oracle", word),
    Work::FirstPage,
    Work::Changes,
    Work::Each("check out + cancel, Graph", |side, place| pair(Room::Graph, side, place)),
    Work::Each("check out + cancel, Arena", |side, place| pair(Room::Arena, side, place)),
    Work::Each("check out + cancel, Oracle", |side, place| pair(Room::Oracle, side, place)),
    Work::Each("check out + cancel, Liferay", |side, place| pair(Room::Liferay, side, place)),
    Work::Each("check out + check in of 1 KiB, Liferay", |side, place| works::check_in(&side.caller, &place.file)),
];

/// Files that change before the changes are asked for.
const CHANGED: usize = 50;

impl Work {
    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Work::Each(name, _) => name,
            Work::Download => "download, small",
            Work::FirstPage => "first page of the feed, Graph",
            Work::Changes => "50 changes of the feed, Graph",
        }
    }

    /// Whether each round has scripts of its own: what has changed gets more from round to round.
    pub fn is_made_anew(self) -> bool {
        matches!(self, Work::Changes)
    }

    /// For each connection its scripts, all over files of their own where the work is about files.
    pub async fn scripts(self, side: &Side, connections: usize) -> Result<Vec<Vec<Script>>> {
        Ok(match self {
            Work::Each(_, script) => dealt(side.places.iter().map(|place| script(side, place)), connections),
            Work::Download => {
                let mut all = Vec::with_capacity(side.places.len());
                for place in &side.places {
                    let (address, bytes) = (side.server.address, place.bytes.clone());
                    let step = works::download(address, &side.world, &side.caller, &place.file.graph, bytes).await?;
                    all.push(Script(vec![step]));
                }
                dealt(all, connections)
            }
            Work::FirstPage => vec![vec![Script(vec![first_page(side)])]; connections],
            Work::Changes => vec![vec![Script(vec![changes(side).await?])]; connections],
        })
    }
}

/// One after the other to each connection in turn.
fn dealt(scripts: impl IntoIterator<Item = Script>, connections: usize) -> Vec<Vec<Script>> {
    let mut dealt = vec![Vec::new(); connections];
    for (place, script) in scripts.into_iter().enumerate() {
        dealt[place % connections].push(script);
    }
    dealt
}

fn pair(room: Room, side: &Side, place: &Place) -> Script {
    works::pair(room, &side.world, &side.caller, &place.file)
}

fn by_path(side: &Side, place: &Place) -> Script {
    let path = format!("/v1.0/drives/{}/root:/{}", side.world.drive, place.path);
    let says = vec![format!("\"id\":\"{}\"", place.file.graph)];
    Script(vec![Step::new("GET", &path, &[("authorization", &side.caller.bearer)], Answer::Says(200, says))])
}

fn list(side: &Side, place: &Place) -> Script {
    works::list(&side.world, &side.caller, &place.folder, place.names.each_ref().map(String::as_str))
}

fn arena_file(side: &Side, place: &Place) -> Script {
    let path = format!("/v1/files/{}", place.file.arena);
    let says = vec![format!("\"guid\":\"{}\"", place.file.arena)];
    Script(vec![Step::new("GET", &path, &[("arena_session_id", &side.caller.session)], Answer::Says(200, says))])
}

fn oracle_file(side: &Side, place: &Place) -> Script {
    let path = format!("/documents/api/1.2/files/{}", place.file.oracle);
    let says = vec![format!("\"id\":\"{}\"", place.file.oracle)];
    Script(vec![Step::new("GET", &path, &[("authorization", &side.caller.basic)], Answer::Says(200, says))])
}

fn liferay_file(side: &Side, place: &Place) -> Script {
    let parameters = json!({"fileEntryId": place.file.number});
    let call = json!({"jsonrpc": "2.0", "method": "get-file-entry", "params": parameters, "id": 1});
    let headers = [("authorization", side.caller.by_mail.as_str()), JSON];
    let says = vec![format!("\"fileEntryId\":\"{}\"", place.file.number)];
    Script(vec![works::post("/api/jsonws/dlapp", &headers, call.to_string(), Answer::Says(200, says))])
}

/// For a part of a name that one file has.
fn search(side: &Side, place: &Place, below: &str) -> Script {
    let path = format!("/v1.0/drives/{}/{below}/search(q='{}')", side.world.drive, place.stem);
    let says = vec![format!("\"id\":\"{}\"", place.file.graph)];
    Script(vec![Step::new("GET", &path, &[("authorization", &side.caller.bearer)], Answer::Says(200, says))])
}

/// For a word that one file has in its name.
fn word(side: &Side, place: &Place) -> Script {
    let path = format!("/documents/api/1.2/folders/{}/search/items?fulltext={}", side.root, place.stem);
    let says = vec![format!("\"id\":\"{}\"", place.file.oracle)];
    Script(vec![Step::new("GET", &path, &[("authorization", &side.caller.basic)], Answer::Says(200, says))])
}

fn first_page(side: &Side) -> Step {
    let path = format!("/v1.0/drives/{}/root/delta?$top=100", side.world.drive);
    let says = vec!["\"@odata.nextLink\":".to_owned()];
    Step::new("GET", &path, &[("authorization", &side.caller.bearer)], Answer::Says(200, says))
}

/// Takes the place where the feed ends, changes some files, and asks what has changed since.
async fn changes(side: &Side) -> Result<Step> {
    let (address, headers) = (side.server.address, [("authorization", side.caller.bearer.as_str())]);
    let path = format!("/v1.0/drives/{}/root/delta?token=latest&$top=100", side.world.drive);
    let latest = Step::new("GET", &path, &headers, Answer::Status(200));
    let said: Value = serde_json::from_slice(&load::fetch(address, &latest).await?)?;
    let link = said["@odata.deltaLink"].as_str().context("the feed has no end")?;
    let changed = &side.places[..side.places.len().min(CHANGED)];
    let pairs: Vec<Script> = changed.iter().map(|place| pair(Room::Graph, side, place)).collect();
    load::once(address, &pairs).await?;
    let ends = changed.first().into_iter().chain(changed.last());
    let says = ends.map(|place| format!("\"id\":\"{}\"", place.file.graph));
    let says = says.chain(["\"@odata.deltaLink\":".to_owned()]).collect();
    Ok(Step::new("GET", works::path_of(address, link)?, &headers, Answer::Says(200, says)))
}
