//! Upload sessions over a server that is killed: what was acknowledged is there, and one version is made.

use std::path::Path;

use coatcheck::{domain::clock::Clock, embedded, vault::Vault};
use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::support::{
    database::DurableFolder,
    process::Process,
    server,
    world::{self, World},
};

async fn beside(data: &Path) -> Vault {
    let address = embedded::running(data).unwrap().expect("the server's Postgres runs");
    server::open_vault(&address.url("coatcheck"), &data.join("content"), Clock::Database, &server::config(&[])).await
}

/// One client that goes on with its session wherever the server listens now.
struct Uploader {
    http: Client,
    item: String,
    token: String,
    session: String,
    whole: Vec<u8>,
}

impl Uploader {
    async fn begin(base: &str, world: &World, whole: Vec<u8>, defer: bool) -> Self {
        let http = server::client();
        let item = format!("/v1.0/drives/{}/items/{}", world.library.graph_id, world.file.graph_id);
        let asked = http.post(format!("{base}{item}/createUploadSession")).bearer_auth(&world.ann.token);
        let begun = asked.json(&json!({"deferCommit": defer})).send().await.unwrap();
        let begun: Value = serde_json::from_slice(&begun.bytes().await.unwrap()).unwrap();
        let url = begun["uploadUrl"].as_str().unwrap();
        let session = url.strip_prefix(base).unwrap().to_owned();
        Self { http, item, token: world.ann.token.clone(), session, whole }
    }

    fn put(&self, base: &str, from: usize, to: usize) -> impl Future<Output = reqwest::Result<Response>> + use<> {
        let range = format!("bytes {from}-{}/{}", to - 1, self.whole.len());
        let put = self.http.put(format!("{base}{}", self.session)).header("content-range", range);
        put.body(self.whole[from..to].to_vec()).send()
    }

    /// Where the server wants to go on; `None`: it has everything.
    async fn next(&self, base: &str) -> Option<usize> {
        let said = self.http.get(format!("{base}{}", self.session)).send().await.unwrap();
        assert_eq!(said.status().as_u16(), 200);
        let said: Value = serde_json::from_slice(&said.bytes().await.unwrap()).unwrap();
        let range = said["nextExpectedRanges"].get(0)?.as_str()?.to_owned();
        Some(range.split('-').next()?.parse().unwrap())
    }

    async fn read(&self, base: &str) -> Vec<u8> {
        let get = self.http.get(format!("{base}{}/content", self.item)).bearer_auth(&self.token);
        let redirect = get.send().await.unwrap();
        assert_eq!(redirect.status().as_u16(), 302);
        let address = redirect.headers()["location"].to_str().unwrap().to_owned();
        let answer = self.http.get(address).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        answer.bytes().await.unwrap().to_vec()
    }

    async fn versions(&self, base: &str) -> usize {
        let get = self.http.get(format!("{base}{}/versions", self.item)).bearer_auth(&self.token);
        let said = get.send().await.unwrap().bytes().await.unwrap();
        serde_json::from_slice::<Value>(&said).unwrap()["value"].as_array().unwrap().len()
    }
}

/// Bytes of which no piece equals another.
fn bytes(length: usize, salt: usize) -> Vec<u8> {
    (0..length).map(|at| ((at + salt).wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_after_any_kill_and_makes_one_version() {
    const FRAGMENT: usize = 327_681;
    let folder = DurableFolder::new();
    let data = folder.path().join("data");
    let mut process = Process::start(&data, &[]);
    let vault = beside(&data).await;
    let world = world::build(&vault).await;
    drop(vault);

    for (round, defer) in [false, true, false].into_iter().enumerate() {
        let whole = bytes(3 * FRAGMENT + 1000, round);
        let uploader = Uploader::begin(&process.base, &world, whole, defer).await;
        let total = uploader.whole.len();
        let mut acknowledged = 0;
        while acknowledged < total {
            let to = total.min(acknowledged + FRAGMENT);
            // in its middle, whatever that is: begun, and killed when the machine gets to it
            let sending = tokio::spawn(uploader.put(&process.base, acknowledged, to));
            tokio::task::yield_now().await;
            if round == 2 && to == total {
                process.kill_with_database();
            } else {
                process.kill();
            }
            let answered = sending.await.unwrap().is_ok_and(|answer| answer.status().is_success());
            process = Process::start(&data, &[]);
            match uploader.next(&process.base).await {
                None => acknowledged = total,
                Some(next) => {
                    assert!(next == to || next == acknowledged, "{next}: neither {acknowledged} nor {to}");
                    assert!(!answered || next == to, "what was acknowledged is gone");
                    acknowledged = next;
                    if next < to {
                        let sent = uploader.put(&process.base, next, to).await.unwrap();
                        assert!(sent.status().is_success(), "{}", sent.status());
                        acknowledged = to;
                        // acknowledged, and killed at once
                        process.kill();
                        process = Process::start(&data, &[]);
                        assert_eq!(uploader.next(&process.base).await, (to < total).then_some(to));
                    }
                }
            }
        }
        // perhaps it was killed between its last fragment and its end, perhaps the end is to be asked for
        let last = total - (total - 1) % FRAGMENT - 1;
        if defer {
            let ended = uploader.http.post(format!("{}{}", process.base, uploader.session)).send().await.unwrap();
            assert_eq!(ended.status().as_u16(), 200);
        } else {
            for _ in 0..2 {
                assert_eq!(uploader.put(&process.base, last, total).await.unwrap().status().as_u16(), 200);
            }
        }
        assert_eq!(uploader.versions(&process.base).await, 2 + round);
        assert!(uploader.read(&process.base).await == uploader.whole);
    }
    assert!(process.stop(), "it stops in order");
}
