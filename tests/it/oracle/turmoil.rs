//! All that changes the tree, at once: nothing fails, and what must be true of every tree is true afterwards.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use super::{
    meetings::{to, trash_id},
    tree::{file, folder, id_in},
};
use crate::support::{answer::Answer, oracle::Client, server::Server, world};

/// Turns that are taken, and how many of them at once.
const TURNS: usize = 1500;
const AT_ONCE: usize = 12;

/// What must be true of every tree, whatever happened to it.
pub async fn is_sound(server: &Server) {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let rules = [
        "SELECT i.name FROM items i JOIN items p ON p.id = i.parent_id
        WHERE i.ancestors <> p.ancestors || p.id OR i.library_id <> p.library_id",
        "SELECT i.name FROM items i JOIN items p ON p.id = i.parent_id WHERE i.deleted_at IS NULL AND p.deleted_at IS NOT NULL",
        "SELECT i.name FROM items i JOIN locks k ON k.file_id = i.id WHERE (i.deleted_at IS NULL) <> (k.closed_at IS NULL)",
        "SELECT i.name FROM items i WHERE i.kind = 'file' AND i.purged_at IS NULL
            AND NOT EXISTS (SELECT FROM editions e WHERE e.id = i.edition_id AND e.file_id = i.id)",
        "SELECT i.name FROM items i WHERE i.purged_at IS NOT NULL AND (EXISTS (SELECT FROM memberships m WHERE m.item_id = i.id)
            OR EXISTS (SELECT FROM links l WHERE l.item_id = i.id) OR EXISTS (SELECT FROM item_tags t WHERE t.item_id = i.id)
            OR EXISTS (SELECT FROM metadata_values v WHERE v.item_id = i.id)
            OR EXISTS (SELECT FROM metadata_assignments a WHERE a.item_id = i.id)
            OR EXISTS (SELECT FROM editions e WHERE e.file_id = i.id))",
    ];
    for rule in rules {
        let wrong: Vec<String> = sqlx::query_scalar(rule).fetch_all(&mut db).await.unwrap();
        assert!(wrong.is_empty(), "{wrong:?}: {rule}");
    }
}

/// A folder with folders with files, of which much is done at once.
struct Turmoil<'a> {
    ann: Client<'a>,
    max: Client<'a>,
    dora: Client<'a>,
    root: String,
    outer: String,
    /// A file and the folder it was made in.
    deep: Mutex<Vec<(String, String)>>,
    done: AtomicUsize,
}

fn beside(folder: &str) -> Value {
    json!({"destinationID": folder, "duplicateResolution": "TimeStampSuffix"})
}

impl Turmoil<'_> {
    async fn deep(&self, name: &str) -> Option<(String, String)> {
        let made = self.ann.post(&format!("/folders/{}", self.outer), json!({ "name": name })).await;
        if !made.status.is_success() {
            return None;
        }
        let inner = id_in(&made);
        let file = self.ann.upload(&inner, "deep.txt", "deep").await;
        file.status.is_success().then(|| (id_in(&file), inner))
    }

    async fn service(&self, name: &str, arguments: &[(&str, &str)]) {
        let request = self.ann.service_request(Method::POST, name, arguments).body("");
        self.ended(&self.ann.server.send(request).await);
    }

    async fn post(&self, client: &Client<'_>, path: String, body: Value) {
        self.ended(&client.post(&path, body).await);
    }

    fn ended(&self, answer: &Answer) {
        assert!(answer.status.as_u16() < 500, "{answer}");
        self.done.fetch_add(usize::from(answer.status.is_success()), Ordering::Relaxed);
    }

    async fn turn(&self, turn: usize) {
        let (file, inner) = &self.deep.lock().unwrap()[turn % 4].clone();
        let Self { ann, max, dora, root, outer, .. } = self;
        // suffixes are of the time
        ann.server.advance(chrono::Duration::milliseconds(1));
        let number = turn.to_string();
        match (turn * 7) % 19 {
            0 => self.post(ann, format!("/folders/{outer}/move"), to("self")).await,
            1 => self.post(ann, format!("/folders/{outer}/move"), to(root)).await,
            2 => self.ended(&ann.delete(&format!("/folders/{inner}")).await),
            3 => self.ended(&ann.delete(&format!("/files/{file}")).await),
            4..=6 => {
                let id = if turn.is_multiple_of(2) { inner } else { file };
                if let Some(trash) = trash_id(ann, id).await {
                    self.service("FLD_RESTORE", &[("items", &trash)]).await;
                }
            }
            7 => self.post(ann, format!("/folders/{outer}/copy"), beside(root)).await,
            8 => self.post(ann, format!("/files/{file}/copy"), beside(outer)).await,
            9 => self.post(ann, format!("/files/{file}/tags"), json!({"setTags": format!("a,b{turn}")})).await,
            10 => self.post(ann, format!("/files/{file}/metadata"), json!({ "C.f": number })).await,
            11 => {
                self.ended(&dora.delete("/metadata/C").await);
                self.post(dora, "/metadata/C".to_owned(), json!({ "fields": "f" })).await;
                self.post(dora, format!("/folders/{root}/metadata/C"), json!({})).await;
            }
            12 => self.post(dora, format!("/folders/{inner}/metadata/C"), json!({})).await,
            13 => self.post(max, format!("/shares/{inner}"), json!({"userID": "eve,bob", "role": "viewer"})).await,
            14 => {
                let spec = json!({"assignedUsers": "@everybody", "linkName": number});
                self.post(max, format!("/publiclinks/folder/{inner}"), spec).await;
            }
            15 => self.post(ann, format!("/files/{file}/move"), to(outer)).await,
            16 => self.post(ann, format!("/files/{file}/move"), to(inner)).await,
            17 => self.ended(&ann.upload_version(file, None, &number).await),
            _ => match turn % 5 {
                0 => self.service("FLD_EMPTY_TRASH", &[]).await,
                1 if turn > TURNS - 100 => {
                    let user = &ann.server.world.ann.person.oracle_id;
                    self.post(dora, format!("/users/{user}/transferContent"), json!({"targetUserID": "bob"})).await;
                }
                _ => {
                    if let Some(made) = self.deep(&format!("new {turn}")).await {
                        self.deep.lock().unwrap()[turn % 4] = made;
                    }
                }
            },
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_at_once_nothing_fails_and_the_trees_stay_whole() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, dora) = (server.oracle(&world.ann), server.oracle(&world.dora));
    let root = world.library.root_oracle_id.clone();
    world::personal(&server.vault, &world.bob).await;
    dora.post("/metadata/C", json!({ "fields": "f" })).await.expect(201);
    let outer = folder(&ann, &root, "outer").await;
    let mut deep = Vec::new();
    for number in 0..4 {
        let inner = folder(&ann, &outer, &format!("inner {number}")).await;
        deep.push((file(&ann, &inner, "deep.txt", "deep").await, inner));
    }
    let (max, deep) = (server.oracle(&world.max), Mutex::new(deep));
    let turmoil = Turmoil { ann, max, dora, root, outer, deep, done: AtomicUsize::new(0) };
    stream::iter(0..TURNS).map(|turn| turmoil.turn(turn)).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    let done = turmoil.done.load(Ordering::Relaxed);
    assert!(done > TURNS / 5, "{done} done");
    is_sound(&server).await;
}
