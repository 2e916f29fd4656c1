//! What a node remembers of files is shown and acted on only while it is so. Mostly on two nodes over one database: this one has
//! shown something, the other one changes it; and what is tried by what was remembered ends as if nothing had been.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use coatcheck::{
    domain::{actor::Role, id::ItemKey, item::Item},
    vault::Vault,
};
use futures_util::future::join_all;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::support::{
    acts::{CLIENTS, Client, Clients, Outcome, outcome},
    answer::Answer,
    arena::guid,
    graph::{address, masked},
    server::Server,
    world::{self, PASSWORD, Somebody},
};

/// Two nodes over one database.
struct Nodes {
    /// This one has shown everything before it changes.
    server: Server,
    /// Where it is changed.
    other: SocketAddr,
    vault: Vault,
    /// Clients of the one and of the other.
    here: Clients,
    there: Clients,
}

impl Nodes {
    async fn start() -> Self {
        let server = Server::start_with(&[("arena.request_limit", "1000000")]).await;
        let (other, vault) = server.another_node().await;
        let here = Clients::new(&server);
        let there = here.at_node(other);
        Self { server, other, vault, here, there }
    }

    fn at(&self, node: SocketAddr, method: &str, path: &str) -> RequestBuilder {
        self.server.http.request(method.parse().unwrap(), format!("http://{node}{path}"))
    }

    /// Sends a request that must succeed.
    async fn accepted(&self, request: RequestBuilder) -> Answer {
        let answer = self.server.send(request).await;
        assert!(answer.status.is_success(), "{answer}");
        answer
    }

    /// Changes something through Graph on the other node; `null` is no body.
    async fn graph(&self, who: &Somebody, method: &str, path: &str, body: Value) -> Answer {
        let request = self.at(self.other, method, path).bearer_auth(&who.token);
        self.accepted(if body.is_null() { request.header("content-length", "0") } else { request.json(&body) }).await
    }

    /// Sends content there.
    async fn put(&self, who: &Somebody, path: &str, text: &str) -> Answer {
        self.accepted(self.at(self.other, "PUT", path).bearer_auth(&who.token).body(text.to_owned())).await
    }

    /// Changes something through Liferay there.
    async fn liferay(&self, who: &Somebody, method: &str, parameters: Value) -> Answer {
        let request = self.at(self.other, "POST", "/api/jsonws/invoke");
        let request = request.basic_auth(&who.person.email, Some(PASSWORD));
        self.accepted(request.json(&json!({method: parameters}))).await
    }

    /// Locks a folder there with all below it, for some milliseconds; or releases it.
    async fn lock_below(&self, who: &Somebody, folder: &Item, milliseconds: Option<i64>) {
        let (group, folder) = (self.server.group(), folder.number);
        match milliseconds {
            Some(milliseconds) => {
                let wanted = json!({
                    "repositoryId": group, "folderId": folder, "owner": "o", "inheritable": true,
                    "expirationTime": milliseconds,
                });
                self.liferay(who, "/dlapp/lock-folder", wanted).await;
            }
            None => {
                let wanted = json!({"repositoryId": group, "folderId": folder, "lockUuid": ""});
                self.liferay(who, "/dlapp/unlock-folder", wanted).await;
            }
        }
    }

    /// An item as the other node sees it, with an administrator's eyes.
    async fn item(&self, key: ItemKey) -> Option<Item> {
        let actor = world::actor(&self.vault, &self.server.world.dora).await;
        self.vault.item(&actor, &key).await.ok()
    }

    async fn database(&self) -> PgConnection {
        PgConnection::connect(&self.server.database.url).await.unwrap()
    }

    /// A file of Ann's in the root folder.
    async fn file(&self, name: &str) -> Item {
        let (vault, world) = (&self.server.vault, &self.server.world);
        world::file(vault, &world.ann, &world.library, name, "first").await
    }

    /// In how many of five looks at it somebody sees the world's file.
    async fn shows(&self, node: SocketAddr, who: &Somebody, session: &str) -> usize {
        let file = &self.server.world.file;
        let graph = |path: &str| self.at(node, "GET", path).bearer_auth(&who.token);
        let oracle = format!("/documents/api/1.1/files/{}", file.oracle_id);
        let liferay = format!("/api/jsonws/dlapp/get-file-entry?fileEntryId={}", file.number);
        let looks = [
            graph(&address(file)),
            graph(&format!("{}/root/children?$top=100", self.server.drive())),
            self.at(node, "GET", &format!("/v1/files/{}", guid(file))).header("arena_session_id", session),
            self.at(node, "GET", &oracle).basic_auth(&who.person.login, Some(PASSWORD)),
            self.at(node, "GET", &liferay).basic_auth(&who.person.email, Some(PASSWORD)),
        ];
        let answers = join_all(looks.map(|look| self.server.send(look))).await;
        answers.iter().filter(|answer| answer.status.is_success() && answer.text().contains("plan.txt")).count()
    }
}

async fn done(act: impl Future<Output = Outcome>) {
    assert_eq!(act.await, Outcome::Done);
}

/// Status, tag and body, without what differs from node to node and from request to request.
fn plain(node: SocketAddr, answer: &Answer) -> String {
    let text = format!("{} {}\n{}", answer.status.as_u16(), answer.header("etag"), answer.text());
    let text = masked(&text.replace(&node.to_string(), "HOST"), "tempauth=", "SECRET");
    masked(&text, "request-id\":\"", "ID")
}

/// The body of the same.
fn body(plain: &str) -> Value {
    serde_json::from_str(plain.split_once('\n').unwrap().1).unwrap_or_else(|error| panic!("{error}: {plain}"))
}

/// Who holds a file, and under which fence.
async fn holder(db: &mut PgConnection, file: &Item) -> (Option<Uuid>, i64) {
    let lock = sqlx::query_as("SELECT holder_id, fence FROM locks WHERE file_id = $1").bind(file.id.0);
    lock.fetch_one(db).await.unwrap()
}

/// Asks until it is so; what is asked a second after `since` must find it so.
async fn within_a_second(what: &str, since: Instant, so: impl AsyncFn() -> bool) {
    loop {
        // what counts is when it was asked, however long a busy machine takes to answer
        let asked = since.elapsed();
        if so().await {
            return;
        }
        assert!(asked < Duration::from_secs(1), "{what}: not after {asked:?}");
        tokio::task::yield_now().await;
    }
}

/// A file of Ann's in two folders, and one folder beside them.
struct Tree<'a> {
    nodes: &'a Nodes,
    file: Item,
    inner: Item,
    outer: Item,
    elsewhere: Item,
    /// Whether what was changed gets its place in the feed before it is looked at.
    settles: bool,
}

/// Of the looks those that Bob takes as well.
const BOBS: [&str; 6] = ["item", "selected", "inner", "arena", "oracle", "liferay"];

/// What is done by Graph, and what of Ann's looks tells it: in words, the looks, method, address, body.
type Step<'a> = (&'static str, &'a [&'a str], &'static str, String, Value);

impl<'a> Tree<'a> {
    async fn grow(nodes: &'a Nodes, settles: bool) -> Self {
        let name = if settles { "settled" } else { "unsettled" };
        let (ann, drive) = (nodes.server.graph(&nodes.server.world.ann), nodes.server.drive());
        let made = async |path: &str| {
            let made = ann.put(&format!("{drive}/root:/{path}:/content"), "first").await.expect(201).json();
            nodes.item(ItemKey::Graph(made["id"].as_str().unwrap().to_owned())).await.unwrap()
        };
        let (file, beside) = (made(&format!("{name}/inner/leaf.txt")).await, made(&format!("{name}-else/x.txt")).await);
        let above = async |item: &Item| nodes.item(ItemKey::Id(item.parent.unwrap())).await.unwrap();
        let inner = above(&file).await;
        let outer = above(&inner).await;
        let elsewhere = above(&beside).await;
        Self { nodes, file, inner, outer, elsewhere, settles }
    }

    /// The file as it is now; as it was at first if it is gone.
    async fn now(&self) -> Item {
        self.nodes.item(ItemKey::Id(self.file.id)).await.unwrap_or_else(|| self.file.clone())
    }

    /// All looks at it, each by a name. The file is what its names and editions were before.
    fn looks(
        &self,
        node: SocketAddr,
        who: &Somebody,
        session: &str,
        file: &Item,
    ) -> Vec<(&'static str, RequestBuilder)> {
        let get = |path: &str| self.nodes.at(node, "GET", path);
        let graph = |path: &str| get(path).bearer_auth(&who.token);
        let oracle = |path: &str| get(path).basic_auth(&who.person.login, Some(PASSWORD));
        let liferay = |path: &str| get(path).basic_auth(&who.person.email, Some(PASSWORD));
        let (drive, number) = (self.nodes.server.drive(), file.number);
        let (item, inner, outer) = (address(file), address(&self.inner), address(&self.outer));
        let folders = file.ancestors.iter().skip(1).map(|folder| folder.name.as_str());
        let path = folders.chain([file.name.as_str()]).collect::<Vec<_>>().join("/");
        let beta = |path: &str| graph(&path.replace("/v1.0", "/beta"));
        let coded = format!("groupId={}&externalReferenceCode={number}", self.nodes.server.group());
        vec![
            ("item", graph(&item)),
            ("selected", graph(&format!("{item}?$select=id,name,eTag,publication,parentReference"))),
            ("beta", beta(&format!("{item}?$select=file,lockInfo,eTag"))),
            ("by path", graph(&format!("{drive}/root:/{path}"))),
            ("inner", graph(&format!("{inner}/children?$top=100"))),
            ("inner selected", graph(&format!("{inner}/children?$select=id,name,folder,publication&$top=50"))),
            ("inner beta", beta(&format!("{inner}/children?$select=name,eTag,file,lockInfo"))),
            ("outer", graph(&format!("{outer}/children?$top=100"))),
            ("root", graph(&format!("{drive}/root/children?$select=id,name,folder"))),
            ("arena", get(&format!("/v1/files/{}", guid(file))).header("arena_session_id", session)),
            ("oracle", oracle(&format!("/documents/api/1.1/files/{}", file.oracle_id))),
            ("liferay", liferay(&format!("/api/jsonws/dlapp/get-file-entry?fileEntryId={number}"))),
            ("lock", liferay(&format!("/api/jsonws/dlfileentry/has-file-entry-lock?fileEntryId={number}"))),
            ("by code", liferay(&format!("/api/jsonws/dlapp/get-file-entry-by-external-reference-code?{coded}"))),
            ("headless", liferay(&format!("/o/headless-delivery/v1.0/documents/{number}"))),
        ]
    }

    /// What a node shows in all of them.
    async fn shown(&self, node: SocketAddr, file: &Item) -> BTreeMap<String, String> {
        let (server, world) = (&self.nodes.server, &self.nodes.server.world);
        let mut looks = Vec::new();
        for (who, all) in [(&world.ann, true), (&world.bob, false)] {
            let session = self.nodes.here.arena_session(who).await;
            for (what, request) in self.looks(node, who, &session, file) {
                if all || BOBS.contains(&what) {
                    looks.push((format!("{what} of {}", who.person.login), request));
                }
            }
        }
        let asked =
            looks.into_iter().map(|(what, request)| async move { (what, plain(node, &server.send(request).await)) });
        join_all(asked).await.into_iter().collect()
    }

    /// Does something on the other node. This one, which has shown everything just before, shows it as the other one does as
    /// soon as it is done; `seen` are looks in which it shows.
    async fn step<T>(&self, what: &str, seen: &[&str], change: impl Future<Output = T>) -> T {
        let (here, there) = (self.nodes.server.address, self.nodes.other);
        // lists are kept only where everything has its place in the feed
        self.nodes.vault.settle().await.unwrap();
        let file = self.now().await;
        let before = self.shown(here, &file).await;
        let done = change.await;
        if self.settles {
            self.nodes.vault.settle().await.unwrap();
        }
        let shown = self.shown(here, &file).await;
        let told = self.shown(there, &file).await;
        for (look, shown) in &shown {
            assert_eq!(shown, &told[look], "{what}, settled: {}: {look}", self.settles);
        }
        for look in seen {
            assert_ne!(shown[*look], before[*look], "{what}, settled: {}: {look}", self.settles);
        }
        self.is_what_a_new_list_says(what, &shown).await;
        done
    }

    /// A list at an address that nobody has ever asked for is read as things are: what was shown of the file and its folder is
    /// the same.
    async fn is_what_a_new_list_says(&self, what: &str, shown: &BTreeMap<String, String>) {
        let server = &self.nodes.server;
        let path = format!("{}/children?$top=100&never={}", address(&self.inner), Uuid::new_v4());
        let request = self.nodes.at(server.address, "GET", &path).bearer_auth(&server.world.ann.token);
        let fresh = plain(server.address, &server.send(request).await);
        assert_eq!(fresh, shown["inner of ann"], "{what}");
        let list = body(&fresh);
        let mut entries = list["value"].as_array().into_iter().flatten();
        if let Some(entry) = entries.find(|entry| entry["id"] == self.file.graph_id) {
            let mut item = body(&shown["item of ann"]);
            item.as_object_mut().unwrap().remove("@odata.context");
            assert_eq!(&item, entry, "{what}");
        }
    }

    /// The same for what Ann does by Graph, one after the other.
    async fn steps(&self, steps: &[Step<'_>]) {
        for (what, seen, method, path, body) in steps {
            let change = self.nodes.graph(&self.nodes.server.world.ann, method, path, body.clone());
            self.step(what, seen, change).await;
        }
    }
}

#[tokio::test]
async fn a_lock_that_is_taken_or_ends_elsewhere_and_what_comes_of_it_are_shown_at_once() {
    let nodes = Nodes::start().await;
    let (world, there) = (&nodes.server.world, &nodes.there);
    let held = ["beta of ann", "inner beta of ann", "selected of bob"];
    for settles in [false, true] {
        let tree = Tree::grow(&nodes, settles).await;
        for client in CLIENTS {
            let file = tree.now().await;
            let taking = there.check_out(client, &world.ann, &file);
            tree.step(&format!("taken in {client:?}"), &held, done(taking)).await;
            if matches!(client, Client::Graph | Client::Liferay) {
                let saving = there.upload(client, &world.ann, &file, "a working copy");
                tree.step(&format!("saved in {client:?}"), &["item of ann", "inner of ann"], done(saving)).await;
            }
            let seen = ["item of ann", "inner of ann", "item of bob", "inner of bob"];
            let publishing = there.check_in(client, &world.ann, &file);
            tree.step(&format!("checked in in {client:?}"), &seen, done(publishing)).await;
            let file = tree.now().await;
            done(there.check_out(client, &world.ann, &file)).await;
            let cancelling = there.cancel(client, &world.ann, &file);
            tree.step(&format!("cancelled in {client:?}"), &held, done(cancelling)).await;
        }
        let beta = address(&tree.file).replace("/v1.0", "/beta");
        let minutes = |minutes: i64| json!({"durationMinutes": minutes});
        tree.steps(&[
            ("locked", &held, "POST", format!("{beta}/lock"), minutes(10)),
            ("locked for less", &held[..2], "POST", format!("{beta}/lock"), minutes(5)),
            ("given back", &held, "POST", format!("{beta}/releaseLock"), Value::Null),
        ])
        .await;
    }
}

#[tokio::test]
async fn a_lock_that_lapses_is_not_shown_any_more_at_the_moment_when_it_does() {
    let nodes = Nodes::start().await;
    let (server, ann) = (&nodes.server, &nodes.server.world.ann);
    let held = ["beta of ann", "inner beta of ann", "lock of ann"];
    // kept answers are given for a minute at most
    let lifetime = chrono::Duration::seconds(20);
    let pass = async || server.advance(lifetime);
    for settles in [false, true] {
        let tree = Tree::grow(&nodes, settles).await;
        let wanted =
            json!({"fileEntryId": tree.file.number, "owner": "", "expirationTime": lifetime.num_milliseconds()});
        let taking = nodes.liferay(ann, "/dlapp/check-out-file-entry", wanted);
        tree.step("taken for a while", &held, taking).await;
        tree.step("lapsed", &held, pass()).await;
        // that of a folder above
        let locking = nodes.lock_below(ann, &tree.outer, Some(lifetime.num_milliseconds()));
        tree.step("locked above", &["lock of ann"], locking).await;
        tree.step("lapsed above", &["lock of ann"], pass()).await;
        tree.step("locked above again", &["lock of ann"], nodes.lock_below(ann, &tree.outer, Some(60_000))).await;
        tree.step("unlocked above", &["lock of ann"], nodes.lock_below(ann, &tree.outer, None)).await;
    }
}

#[tokio::test]
async fn other_names_words_and_places_given_elsewhere_are_shown_at_once() {
    let nodes = Nodes::start().await;
    for settles in [false, true] {
        let tree = Tree::grow(&nodes, settles).await;
        let (item, inner, outer) = (address(&tree.file), address(&tree.inner), address(&tree.outer));
        let to = |folder: &Item| json!({"parentReference": {"id": folder.graph_id}});
        let named = |name: &str| json!({"name": name});
        let file = ["item of ann", "inner of ann", "by path of ann", "oracle of ann", "liferay of ann"];
        let above = ["item of ann", "by path of ann", "inner of ann", "item of bob"];
        let gone = ["item of ann", "by path of ann", "outer of ann"];
        tree.steps(&[
            ("renamed", &file, "PATCH", item.clone(), named("renamed.txt")),
            ("in capitals", &["item of ann", "inner of ann"], "PATCH", item.clone(), named("RENAMED.TXT")),
            ("described", &["item of ann", "inner of ann"], "PATCH", item.clone(), json!({"description": "told"})),
            ("moved", &file, "PATCH", item.clone(), to(&tree.elsewhere)),
            ("moved back", &file, "PATCH", item.clone(), to(&tree.inner)),
            ("folder renamed", &above, "PATCH", inner.clone(), named("Within")),
            ("folder renamed, in its own", &["outer of ann"], "PATCH", inner.clone(), named("Inside")),
            ("folder above renamed", &above, "PATCH", outer.clone(), named(&format!("Outer-{settles}"))),
            ("folder above renamed, in the root", &["root of ann"], "PATCH", outer.clone(), named("Outside")),
            ("folder moved", &gone, "PATCH", inner.clone(), to(&tree.elsewhere)),
            ("folder moved back", &gone, "PATCH", inner.clone(), to(&tree.outer)),
            ("folder above moved", &["item of ann", "root of ann"], "PATCH", outer.clone(), to(&tree.elsewhere)),
            ("folder above moved back", &above, "PATCH", outer.clone(), json!({"parentReference": {"id": "root"}})),
            ("its name for the next one", &["root of ann"], "PATCH", outer.clone(), named(&format!("Was-{settles}"))),
        ])
        .await;
    }
}

#[tokio::test]
async fn what_comes_and_goes_elsewhere_is_shown_at_once() {
    let nodes = Nodes::start().await;
    let world = &nodes.server.world;
    for settles in [false, true] {
        let tree = Tree::grow(&nodes, settles).await;
        let (item, inner, outer) = (address(&tree.file), address(&tree.inner), address(&tree.outer));
        let content = format!("{item}/content");
        let counted = ["inner of ann", "outer of ann", "inner of bob"];
        tree.step("made beside", &counted, nodes.put(&world.bob, &format!("{inner}:/beside.txt:/content"), "x")).await;
        let seen =
            ["item of ann", "inner of ann", "arena of ann", "oracle of ann", "liferay of ann", "headless of ann"];
        tree.step("other content", &seen, nodes.put(&world.bob, &content, "another text")).await;
        let sub = json!({"name": "sub", "folder": {}});
        tree.steps(&[
            ("a folder made", &counted, "POST", format!("{inner}/children"), sub),
            ("brought back", &seen, "POST", format!("{item}/versions/1.0/restoreVersion"), Value::Null),
        ])
        .await;
        // what lies in it shows in its number of children
        let x = format!("{inner}:/sub/x.txt:/content");
        let inside = nodes.put(&world.bob, &x, "x");
        tree.step("made inside", &["inner of ann", "inner of bob"], inside).await;
        let all = ["item of ann", "by path of ann", "inner of ann", "oracle of ann", "arena of ann", "liferay of ann"];
        let above = ["item of bob", "inner of ann", "outer of ann", "root of ann", "headless of ann"];
        tree.steps(&[
            ("gone inside", &["inner of ann"], "DELETE", format!("{inner}:/sub/x.txt"), Value::Null),
            ("gone beside", &counted, "DELETE", format!("{inner}:/beside.txt"), Value::Null),
            ("gone", &all, "DELETE", item.clone(), Value::Null),
            ("back from the trash", &all, "POST", format!("{item}/restore"), json!({})),
            ("gone with a folder", &above, "DELETE", outer.clone(), Value::Null),
            ("back with it", &above, "POST", format!("{outer}/restore"), json!({})),
            ("gone for good", &all, "POST", format!("{item}/permanentDelete"), Value::Null),
            ("all gone for good", &above[1..4], "POST", format!("{outer}/permanentDelete"), Value::Null),
        ])
        .await;
    }
}

#[tokio::test]
async fn what_other_dialects_say_of_a_file_elsewhere_is_shown_at_once() {
    let nodes = Nodes::start().await;
    let ann = &nodes.server.world.ann;
    let session = nodes.here.arena_session(ann).await;
    for settles in [false, true] {
        let tree = Tree::grow(&nodes, settles).await;
        for said in [
            json!({"title": "Told", "description": "in Arena", "format": "pdf"}),
            json!({"edition": "B"}),
            json!({"private": true}),
            json!({"author": {"fullName": "George"}}),
        ] {
            let edition = format!("/v1/files/{}", guid(&tree.now().await));
            let request = nodes.at(nodes.other, "PUT", &edition).header("arena_session_id", &session).json(&said);
            tree.step(&format!("Arena says {said}"), &["arena of ann"], nodes.accepted(request)).await;
        }
        let file = format!("/documents/api/1.1/files/{}", tree.file.oracle_id);
        let request = nodes.at(nodes.other, "PUT", &file).basic_auth(&ann.person.login, Some(PASSWORD));
        let request = request.json(&json!({"name": "oracle.txt"}));
        let seen = ["oracle of ann", "item of ann", "inner of ann", "by path of ann"];
        tree.step("Oracle says a name", &seen, nodes.accepted(request)).await;
        let coded = json!({"externalReferenceCode": format!("ERP-{settles}")});
        let worded = json!({"title": "Liferay", "description": "in Liferay", "keywords": ["k"]});
        for (said, seen) in [
            (coded, ["headless of ann", "liferay of ann", "by code of ann"]),
            (worded, ["headless of ann", "liferay of ann", "item of ann"]),
        ] {
            let document = format!("/o/headless-delivery/v1.0/documents/{}", tree.file.number);
            let request = nodes.at(nodes.other, "PATCH", &document).basic_auth(&ann.person.email, Some(PASSWORD));
            tree.step(&format!("Liferay says {said}"), &seen, nodes.accepted(request.json(&said))).await;
        }
    }
}

#[tokio::test]
async fn what_nothing_says_to_have_changed_is_shown_as_it_was() {
    let nodes = Nodes::start().await;
    let (server, mut db) = (&nodes.server, nodes.database().await);
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let list = format!("{}/root/children?$top=100", server.drive());
    // a change of which the database tells nothing shows who was remembering; a node too busy to ask for the epochs remembers
    // nothing for a moment
    let mut kept = [false; 4];
    for round in 0..40 {
        server.vault.settle().await.unwrap();
        let selected = format!("{plan}?$select=description");
        let ask = async |last: &str| {
            [
                ann.get(&plan).await.expect(200).text(),
                ann.get(&selected).await.expect(200).text(),
                ann.get(&list).await.expect(200).text(),
                // no answer is kept for this one, only what was seen of the file
                ann.get(&format!("{selected}&never={last}{round}")).await.expect(200).text(),
            ]
        };
        let before = ask("before").await;
        let secretly = sqlx::query("UPDATE items SET description = $1 WHERE id = $2");
        let secretly = secretly.bind(format!("untold {round}")).bind(server.world.file.id.0);
        secretly.execute(&mut db).await.unwrap();
        let after = ask("after").await;
        for (kept, (before, after)) in kept.iter_mut().zip(before.iter().zip(&after)) {
            *kept |= before == after;
        }
        if kept == [true; 4] {
            break;
        }
    }
    assert_eq!(kept, [true; 4]);
    nodes.graph(&server.world.bob, "PATCH", &plan, json!({"description": "told"})).await;
    for path in [&plan, &list] {
        assert!(ann.get(path).await.expect(200).text().contains("\"description\":\"told\""));
    }
}

#[tokio::test]
async fn who_has_an_answer_already_is_told_so_until_it_is_another() {
    let nodes = Nodes::start().await;
    let (server, plan) = (&nodes.server, nodes.server.plan());
    let ann = server.graph(&server.world.ann);
    let having = async |tag: &str| server.send(ann.request("GET", &plan).header("if-none-match", tag)).await;
    for round in 0..3 {
        let tag = ann.get(&plan).await.expect(200).header("etag");
        for same in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}")] {
            let answer = having(&same).await.expect(304);
            assert_eq!((answer.header("etag"), answer.body.len()), (tag.clone(), 0), "{same}");
        }
        having("\"other\"").await.expect(200);
        nodes.graph(&server.world.bob, "PATCH", &plan, json!({"description": format!("{round}")})).await;
        let another = having(&tag).await.expect(200);
        assert_eq!(another.json()["description"], format!("{round}"));
        assert_ne!(another.header("etag"), tag);
    }
}

#[tokio::test]
async fn a_kept_answer_is_its_callers_alone() {
    let server = Server::start().await;
    let (world, plan) = (&server.world, server.plan());
    let (ann, bob, eve) = (server.graph(&world.ann), server.graph(&world.bob), server.graph(&world.eve));
    let narrow = world::token(&server.vault, world.ann.person.id, &["User.Read"]).await;
    let narrow = server.graph_with(&narrow);
    let list = format!("{}/root/children?$top=100", server.drive());
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    ann.put(&format!("{plan}/content"), "a working copy").await.expect(200);
    server.vault.settle().await.unwrap();
    for path in [&plan, &list] {
        let his = plain(server.address, &bob.get(path).await.expect(200));
        assert!(his.contains("\"size\":5,") && !his.contains("\"size\":14,"), "{his}");
        eve.get(path).await.expect(404);
        for _ in 0..3 {
            let hers = ann.get(path).await.expect(200).text();
            assert!(hers.contains("\"size\":14,") && !hers.contains("\"size\":5,"), "{hers}");
            assert_eq!(plain(server.address, &bob.get(path).await.expect(200)), his);
            eve.get(path).await.expect(404);
            narrow.get(path).await.expect(403);
            server.send(server.get(path)).await.expect(401);
        }
    }
}

#[tokio::test]
async fn a_kept_answer_names_the_host_that_is_asked() {
    let server = Server::start_with(&[("server.trusted_proxies", "127.0.0.1")]).await;
    let ann = server.graph(&server.world.ann);
    let list = format!("{}/root/children?$top=100", server.drive());
    server.vault.settle().await.unwrap();
    for path in [server.plan(), list] {
        for _ in 0..2 {
            for origin in ["http://one.test", "https://one.test", "http://two.test:8443"] {
                let (scheme, host) = origin.split_once("://").unwrap();
                let request = ann.request("GET", &path).header("x-forwarded-proto", scheme);
                let told = server.send(request.header("x-forwarded-host", host)).await.expect(200).text();
                assert!(told.contains(&format!("\"webUrl\":\"{origin}/")), "{origin}: {told}");
                assert_eq!(told.matches("://").count(), told.matches(&format!("{origin}/")).count(), "{told}");
            }
            let told = ann.get(&path).await.expect(200).text();
            assert!(told.contains(&server.url("/")) && !told.contains("one.test"), "{told}");
        }
    }
}

#[tokio::test]
async fn an_address_of_content_has_nearly_its_whole_life_before_it_whenever_it_is_shown() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let list = format!("{}/root/children?$top=100", server.drive());
    server.vault.settle().await.unwrap();
    // they live an hour
    for minutes in [0, 5, 30] {
        server.advance(chrono::Duration::minutes(minutes));
        let item = ann.get(&plan).await.expect(200).json();
        let listed = ann.get(&list).await.expect(200).json()["value"][0].clone();
        server.advance(chrono::Duration::minutes(58));
        for shown in [item, listed] {
            let address = shown["@microsoft.graph.downloadUrl"].as_str().unwrap();
            assert_eq!(server.send(server.http.get(address)).await.expect(200).text(), "first");
        }
    }
}

#[tokio::test]
async fn who_loses_a_role_is_shown_nothing_more_at_once_here_and_within_a_second_elsewhere() {
    let nodes = Nodes::start().await;
    let (server, world) = (&nodes.server, &nodes.server.world);
    let (here, there, root) = (server.address, nodes.other, world.library.root);
    server.vault.settle().await.unwrap();
    let his = nodes.here.arena_session(&world.bob).await;
    let hers = nodes.here.arena_session(&world.vic).await;
    for _ in 0..2 {
        for node in [here, there] {
            assert_eq!(nodes.shows(node, &world.bob, &his).await, 5);
            assert_eq!(nodes.shows(node, &world.vic, &hers).await, 5);
        }
    }
    done(nodes.here.check_out(Client::Graph, &world.bob, &world.file)).await;
    done(nodes.here.cancel(Client::Graph, &world.bob, &world.file)).await;

    assert!(nodes.vault.revoke(root, world.bob.person.id).await.unwrap());
    let since = Instant::now();
    assert_eq!(nodes.shows(there, &world.bob, &his).await, 0);
    within_a_second("Bob sees nothing", since, async || nodes.shows(here, &world.bob, &his).await == 0).await;
    for client in [Client::Graph, Client::Liferay] {
        assert_eq!(nodes.here.check_out(client, &world.bob, &world.file).await, Outcome::Missing, "{client:?}");
    }
    // and the other way round
    assert!(server.vault.revoke(root, world.vic.person.id).await.unwrap());
    let since = Instant::now();
    assert_eq!(nodes.shows(here, &world.vic, &hers).await, 0);
    within_a_second("Vic sees nothing", since, async || nodes.shows(there, &world.vic, &hers).await == 0).await;

    // who may only look on takes nothing by what was seen before
    done(nodes.here.check_out(Client::Graph, &world.max, &world.file)).await;
    done(nodes.here.cancel(Client::Graph, &world.max, &world.file)).await;
    nodes.vault.grant(root, world.max.person.id, Role::Viewer, None).await.unwrap();
    let since = Instant::now();
    assert_eq!(nodes.there.check_out(Client::Graph, &world.max, &world.file).await, Outcome::Denied);
    let is_denied = async || {
        let outcome = nodes.here.check_out(Client::Graph, &world.max, &world.file).await;
        if outcome == Outcome::Done {
            // what he may not take any more he need not be able to give back
            done(nodes.here.cancel(Client::Graph, &world.robot, &world.file)).await;
            return false;
        }
        assert_eq!(outcome, Outcome::Denied);
        true
    };
    within_a_second("Max takes nothing", since, is_denied).await;
}

#[tokio::test]
async fn a_share_and_a_token_that_end_elsewhere_end_what_is_kept_within_a_second() {
    let nodes = Nodes::start().await;
    let (server, world) = (&nodes.server, &nodes.server.world);
    let tree = Tree::grow(&nodes, true).await;
    server.vault.settle().await.unwrap();
    let paths = [address(&tree.file), format!("{}/children?$top=100", address(&tree.inner))];
    let statuses = async |node: SocketAddr, who: &Somebody| {
        let looks = paths.iter().map(|path| nodes.at(node, "GET", path).bearer_auth(&who.token));
        let answers = join_all(looks.map(|look| server.send(look))).await;
        [answers[0].status.as_u16(), answers[1].status.as_u16()]
    };
    let (eve, outer) = (&world.eve, tree.outer.id);
    assert_eq!(statuses(server.address, eve).await, [404; 2]);
    nodes.vault.grant(outer, eve.person.id, Role::Viewer, None).await.unwrap();
    let since = Instant::now();
    within_a_second("shared", since, async || statuses(server.address, eve).await == [200; 2]).await;
    assert_eq!(statuses(server.address, eve).await, [200; 2]);
    assert!(nodes.vault.revoke(outer, eve.person.id).await.unwrap());
    let since = Instant::now();
    assert_eq!(statuses(nodes.other, eve).await, [404; 2]);
    within_a_second("no longer shared", since, async || statuses(server.address, eve).await == [404; 2]).await;
    // at once where it was done
    server.vault.grant(outer, eve.person.id, Role::Viewer, None).await.unwrap();
    assert_eq!(statuses(server.address, eve).await, [200; 2]);
    assert_eq!(statuses(server.address, eve).await, [200; 2]);
    assert!(server.vault.revoke(outer, eve.person.id).await.unwrap());
    assert_eq!(statuses(server.address, eve).await, [404; 2]);

    for (vault, at_once, later, scope) in [
        (&nodes.vault, nodes.other, server.address, "Files.ReadWrite.All"),
        (&server.vault, server.address, nodes.other, "Files.Read.All"),
    ] {
        let token = world::token(&server.vault, world.ann.person.id, &[scope]).await;
        let ann = Somebody { token, ..world.ann.clone() };
        for node in [at_once, later, at_once, later] {
            assert_eq!(statuses(node, &ann).await, [200; 2]);
        }
        let tokens = vault.tokens().await.unwrap();
        let token = tokens.iter().find(|token| token.person.login == "ann" && token.scopes == [scope]).unwrap();
        vault.revoke_token(token.id).await.unwrap();
        let since = Instant::now();
        assert_eq!(statuses(at_once, &ann).await, [401; 2]);
        within_a_second("revoked", since, async || statuses(later, &ann).await == [401; 2]).await;
    }
}

#[tokio::test]
async fn what_was_seen_free_and_is_taken_elsewhere_is_refused_as_by_a_node_that_remembers_nothing() {
    let nodes = Nodes::start().await;
    let (server, world, mut db) = (&nodes.server, &nodes.server.world, nodes.database().await);
    let (stranger, _vault) = server.another_node().await;
    let strangers = nodes.here.at_node(stranger);
    for (n, client) in CLIENTS.into_iter().enumerate() {
        let (other, file) = (CLIENTS[(n + 1) % CLIENTS.len()], nodes.file(&format!("{client:?}.txt")).await);
        done(nodes.here.check_out(client, &world.ann, &file)).await;
        done(nodes.here.cancel(client, &world.ann, &file)).await;
        done(nodes.there.check_out(other, &world.bob, &file)).await;
        let refused = nodes.here.check_out_in_words(client, &world.ann, &file).await;
        assert_eq!(outcome(client, &refused), Outcome::Held, "{client:?}");
        // once, and by whom
        let noted: Vec<(String, String, Option<Uuid>)> = sqlx::query_as(
            "SELECT verb, outcome, holder_id FROM events WHERE item_id = $1 AND outcome <> 'done' ORDER BY id",
        )
        .bind(file.id.0)
        .fetch_all(&mut db)
        .await
        .unwrap();
        let held = ("check_out".to_owned(), "held".to_owned(), Some(world.bob.person.id.0));
        assert_eq!(noted, [held], "{client:?}");
        if matches!(client, Client::Oracle | Client::Graph) {
            assert!(refused.text().contains("Bob Example"), "{refused}");
        }
        let as_ever = strangers.check_out_in_words(client, &world.ann, &file).await;
        assert_eq!(plain(server.address, &refused), plain(stranger, &as_ever), "{client:?}");

        done(nodes.there.cancel(other, &world.bob, &file)).await;
        done(nodes.here.check_out(client, &world.ann, &file)).await;
        assert_eq!(holder(&mut db, &file).await, (Some(world.ann.person.id.0), 3), "{client:?}");
    }
}

#[tokio::test]
async fn a_lock_of_ones_own_that_ended_elsewhere_is_no_longer_taken_for_granted() {
    let nodes = Nodes::start().await;
    let (server, mut db) = (&nodes.server, nodes.database().await);
    let (ann, bob) = (&server.world.ann, &server.world.bob);
    for client in CLIENTS {
        let file = nodes.file(&format!("{client:?}.txt")).await;
        done(nodes.here.check_out(client, ann, &file)).await;
        done(nodes.there.cancel(client, ann, &file)).await;
        done(nodes.here.check_out(client, ann, &file)).await;
        assert_eq!(holder(&mut db, &file).await, (Some(ann.person.id.0), 2), "{client:?}");
        done(nodes.there.cancel(client, ann, &file)).await;
        done(nodes.there.check_out(client, bob, &file)).await;
        assert_eq!(nodes.here.check_out(client, ann, &file).await, Outcome::Held, "{client:?}");
        let is_refused = match client {
            // there anybody may end a reservation who names its holder, and she names herself
            Client::Oracle => !server.oracle(ann).unreserve(&file, &ann.person.oracle_id).await.status.is_success(),
            // there the owner of a file may end anybody's check-out
            Client::Liferay => true,
            Client::Arena | Client::Graph => nodes.here.cancel(client, ann, &file).await == Outcome::Held,
        };
        assert!(is_refused, "{client:?}");
        assert_eq!(holder(&mut db, &file).await, (Some(bob.person.id.0), 3), "{client:?}");
    }
}

#[tokio::test]
async fn what_was_seen_free_and_is_taken_elsewhere_is_really_released_also_where_nothing_to_do_is_a_success() {
    let nodes = Nodes::start().await;
    let (server, mut db, ann) = (&nodes.server, nodes.database().await, &nodes.server.world.ann);
    for client in CLIENTS {
        let file = nodes.file(&format!("{client:?}.txt")).await;
        done(nodes.here.check_out(client, ann, &file)).await;
        done(nodes.here.cancel(client, ann, &file)).await;
        server.graph(ann).get(&address(&file)).await.expect(200);
        done(nodes.there.check_out(Client::Graph, ann, &file)).await;
        match client {
            // the client of the acts would look at the file first
            Client::Oracle => {
                server.oracle(ann).unreserve(&file, &ann.person.oracle_id).await.expect(200);
            }
            Client::Arena | Client::Graph | Client::Liferay => done(nodes.here.cancel(client, ann, &file)).await,
        }
        assert_eq!(holder(&mut db, &file).await, (None, 2), "{client:?}");
        let shown = format!("{}?$select=file,lockInfo", address(&file).replace("/v1.0", "/beta"));
        let shown = nodes.accepted(nodes.at(nodes.other, "GET", &shown).bearer_auth(&ann.token)).await.json();
        assert_eq!(shown["lockInfo"], json!({"lockType": "none"}), "{client:?}");
        done(nodes.there.check_out(client, &server.world.bob, &file)).await;
    }
}

#[tokio::test]
async fn a_folder_that_is_locked_elsewhere_holds_what_was_seen_free_below_it() {
    let nodes = Nodes::start().await;
    let (ann, bob) = (&nodes.server.world.ann, &nodes.server.world.bob);
    let tree = Tree::grow(&nodes, true).await;
    for client in CLIENTS {
        done(nodes.here.check_out(client, ann, &tree.file)).await;
        done(nodes.here.cancel(client, ann, &tree.file)).await;
        nodes.lock_below(bob, &tree.outer, Some(60_000)).await;
        assert_eq!(nodes.here.check_out(client, ann, &tree.file).await, Outcome::Held, "{client:?}");
        nodes.lock_below(bob, &tree.outer, None).await;
        done(nodes.here.check_out(client, ann, &tree.file)).await;
        done(nodes.here.cancel(client, ann, &tree.file)).await;
    }
}

#[tokio::test]
async fn a_file_that_went_to_another_drive_elsewhere_is_taken_there_and_not_where_it_was() {
    let nodes = Nodes::start().await;
    let (server, world, mut db) = (&nodes.server, &nodes.server.world, nodes.database().await);
    let own = world::personal(&server.vault, &world.ann).await;
    let (old, new) = (server.plan(), format!("/v1.0/drives/{}/items/{}", own.graph_id, world.file.graph_id));
    let (ann, bob) = (server.graph(&world.ann), server.graph(&world.bob));
    for who in [&ann, &bob] {
        who.get(&old).await.expect(200);
    }
    for client in [Client::Graph, Client::Arena] {
        done(nodes.here.check_out(client, &world.ann, &world.file)).await;
        done(nodes.here.cancel(client, &world.ann, &world.file)).await;
    }
    let moving = nodes.at(nodes.other, "POST", &format!("/documents/api/1.1/files/{}/move", world.file.oracle_id));
    let moving = moving.basic_auth(&world.ann.person.login, Some(PASSWORD));
    nodes.accepted(moving.json(&json!({"destinationID": own.root_oracle_id}))).await;

    for who in [&ann, &bob] {
        who.post(&format!("{old}/checkout")).await.expect(404);
        who.get(&old).await.expect(404);
    }
    assert_eq!(nodes.here.check_out(Client::Arena, &world.ann, &world.file).await, Outcome::Missing);
    for path in [&new, &old] {
        bob.post(&format!("{path}/checkout")).await.expect(404);
        bob.get(path).await.expect(404);
    }
    assert_eq!(holder(&mut db, &world.file).await, (None, 2));
    ann.get(&new).await.expect(200);
    ann.post(&format!("{new}/checkout")).await.expect(204);
    ann.post(&format!("{old}/discardCheckout")).await.expect(404);
    assert_eq!(holder(&mut db, &world.file).await, (Some(world.ann.person.id.0), 3));
    ann.post(&format!("{new}/discardCheckout")).await.expect(204);
}

const FILES: usize = 16;
const ROUNDS: usize = 12;

/// Somebody who takes a file and releases it again and again, each time on both nodes and in any dialect; answers how often they
/// had it.
async fn take_and_release(nodes: [Clients; 2], who: Somebody, file: Item, seed: usize) -> usize {
    let mut taken = 0;
    for round in 0..ROUNDS {
        let (one, other) = (&nodes[(seed + round) % 2], &nodes[(seed + round + 1) % 2]);
        // in turn, and each at either node
        let client = CLIENTS[(seed + round + round / 2) % CLIENTS.len()];
        match one.check_out(client, &who, &file).await {
            Outcome::Done => {}
            Outcome::Held => continue,
            outcome @ (Outcome::NotCheckedOut | Outcome::Denied | Outcome::Missing) => panic!("{outcome:?}"),
        }
        done(other.cancel(CLIENTS[(seed + round / 2) % CLIENTS.len()], &who, &file)).await;
        taken += 1;
    }
    taken
}

async fn status(who: &Somebody, request: RequestBuilder) -> u16 {
    request.bearer_auth(&who.token).send().await.unwrap().status().as_u16()
}

/// Who writes while others take and release.
#[derive(Clone)]
struct Writer {
    http: reqwest::Client,
    nodes: [SocketAddr; 2],
    drive: String,
    who: Somebody,
    /// The addresses of what the others take.
    files: Vec<String>,
}

impl Writer {
    /// Makes files, renames them, describes their folder, and describes files that others take, on both nodes.
    async fn write(self, seed: usize) {
        let Self { http, nodes, drive, who, files } = self;
        for round in 0..ROUNDS {
            let node = nodes[(seed + round) % 2];
            let at = |path: &str| format!("http://{node}{path}");
            let said = |text: &str| json!({"description": text});
            let (folder, file) = (format!("{drive}/root:/new{seed}"), &files[(5 * seed + round) % files.len()]);
            let made = format!("{folder}/{round}.txt");
            assert_eq!(status(&who, http.put(at(&format!("{made}:/content"))).body("new")).await, 201);
            let renamed = json!({"name": format!("{round} more.txt")});
            assert_eq!(status(&who, http.patch(at(&made)).json(&renamed)).await, 200);
            assert_eq!(status(&who, http.patch(at(&folder)).json(&said(&format!("{round}")))).await, 200);
            let told = status(&who, http.patch(at(file)).json(&said(&format!("{seed} {round}")))).await;
            assert!(matches!(told, 200 | 423), "{told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_tells_takings_and_releases_of_two_nodes_in_the_order_in_which_they_were() {
    let nodes = Nodes::start().await;
    let (server, world) = (&nodes.server, &nodes.server.world);
    let mut files = Vec::new();
    for n in 0..FILES {
        files.push(nodes.file(&format!("{n}.txt")).await);
    }
    let taken = Arc::new(AtomicUsize::new(0));
    let (mut all, mut settling) = (JoinSet::new(), JoinSet::new());
    for (n, file) in files.iter().enumerate() {
        for (m, who) in [&world.ann, &world.bob].into_iter().enumerate() {
            let (clients, who, file) = ([nodes.here.clone(), nodes.there.clone()], who.clone(), file.clone());
            let taken = taken.clone();
            all.spawn(async move {
                taken.fetch_add(take_and_release(clients, who, file, n + m).await, Ordering::Relaxed);
            });
        }
    }
    let writer = Writer {
        http: server.http.clone(),
        nodes: [server.address, nodes.other],
        drive: server.drive(),
        who: world.max.clone(),
        files: files.iter().map(address).collect(),
    };
    for seed in 0..4 {
        all.spawn(writer.clone().write(seed));
    }
    let over = Arc::new(AtomicBool::new(false));
    for vault in [server.vault.clone(), nodes.vault.clone()] {
        let over = over.clone();
        settling.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                vault.settle().await.unwrap();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }
    all.join_all().await;
    over.store(true, Ordering::Relaxed);
    settling.join_all().await;
    let taken = taken.load(Ordering::Relaxed);
    server.graph(&world.ann).get(&format!("{}/root/delta", server.drive())).await.expect(200);

    let mut db = nodes.database().await;
    let (events, placed, places, highest, last): (i64, i64, i64, i64, i64) = sqlx::query_as(
        "SELECT count(*), count(position), count(DISTINCT position), coalesce(max(position), 0), (SELECT last FROM feed)
        FROM events WHERE position IS DISTINCT FROM 0",
    )
    .fetch_one(&mut db)
    .await
    .unwrap();
    assert_eq!((placed, places, highest), (events, events, last));
    let told: Vec<(Uuid, String, i64)> = sqlx::query_as(
        "SELECT item_id, verb, fence FROM events WHERE verb IN ('check_out', 'cancel') AND outcome = 'done'
        ORDER BY item_id, position",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    assert_eq!(told.len(), 2 * taken);
    let mut by_file: BTreeMap<Uuid, Vec<(String, i64)>> = BTreeMap::new();
    for (file, verb, fence) in told {
        by_file.entry(file).or_default().push((verb, fence));
    }
    assert_eq!(by_file.len(), FILES);
    for (file, told) in by_file {
        let pairs = (1..).flat_map(|fence| [("check_out".to_owned(), fence), ("cancel".to_owned(), fence)]);
        let expected: Vec<(String, i64)> = pairs.take(told.len()).collect();
        assert_eq!(told, expected, "{file}");
    }
}
