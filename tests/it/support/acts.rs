//! The acts every dialect has, each done as that dialect's own client does it, and their answers in one vocabulary: for
//! tests that go through several rooms.

use std::{collections::HashMap, fmt, net::SocketAddr, sync::Arc};

use coatcheck::domain::item::Item;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{
    answer::Answer,
    server::Server,
    world::{PASSWORD, Somebody},
};

/// A dialect, by its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    Arena,
    Oracle,
    Graph,
    Liferay,
}

pub const CLIENTS: [Client; 4] = [Client::Arena, Client::Oracle, Client::Graph, Client::Liferay];

/// What came of an act, whatever the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Done,
    Held,
    NotCheckedOut,
    Denied,
    Missing,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Outcome::Done => "done",
            Outcome::Held => "held",
            Outcome::NotCheckedOut => "not out",
            Outcome::Denied => "denied",
            Outcome::Missing => "missing",
        })
    }
}

/// Clients of all dialects against one server; remembers Arena's sessions.
#[derive(Clone)]
pub struct Clients {
    base: String,
    drive: String,
    http: reqwest::Client,
    sessions: Arc<Mutex<HashMap<String, String>>>,
}

impl Clients {
    pub fn new(server: &Server) -> Self {
        Self::at(format!("http://{}", server.address), server.world.library.graph_id.clone(), server.http.clone())
    }

    pub fn at(base: String, drive: String, http: reqwest::Client) -> Self {
        Self { base, drive, http, sessions: Arc::default() }
    }

    /// The same clients, with their sessions, at another node.
    pub fn at_node(&self, node: SocketAddr) -> Self {
        Self { base: format!("http://{node}"), ..self.clone() }
    }

    pub async fn check_out(&self, client: Client, who: &Somebody, file: &Item) -> Outcome {
        outcome(client, &self.check_out_in_words(client, who, file).await)
    }

    /// The same with the vendor's own answer.
    pub async fn check_out_in_words(&self, client: Client, who: &Somebody, file: &Item) -> Answer {
        match client {
            Client::Arena => self.arena_change(who, file, true).await,
            Client::Oracle => self.oracle(who, &file.oracle_id, "reserve", json!({})).await,
            Client::Graph => self.graph(who, &file.graph_id, "checkout", json!({})).await,
            Client::Liferay => self.liferay(who, "check-out-file-entry", json!({"fileEntryId": file.number})).await,
        }
    }

    pub async fn cancel(&self, client: Client, who: &Somebody, file: &Item) -> Outcome {
        let answer = match client {
            Client::Arena => self.arena_change(who, file, false).await,
            Client::Oracle => {
                let about = self.oracle_about(who, &file.oracle_id).await;
                let holder = about.json()["reservedBy"]["id"].as_str().map(str::to_owned);
                let holder = holder.unwrap_or_else(|| who.person.oracle_id.clone());
                self.oracle(who, &file.oracle_id, "unreserve", json!({"reservedByUserID": holder})).await
            }
            Client::Graph => self.graph(who, &file.graph_id, "discardCheckout", json!({})).await,
            Client::Liferay => self.liferay(who, "cancel-check-out", json!({"fileEntryId": file.number})).await,
        };
        outcome(client, &answer)
    }

    /// A check-in that makes an edition. Oracle has none: its clients upload a version and clear the reservation.
    pub async fn check_in(&self, client: Client, who: &Somebody, file: &Item) -> Outcome {
        let answer = match client {
            Client::Arena => {
                let form = reqwest::multipart::Form::new()
                    .text("checkedOut", "false")
                    .text("newEdition", "true")
                    .text("file.guid", edition(file))
                    .part("file.content", reqwest::multipart::Part::text("checked in").file_name(file.name.clone()));
                let session = self.arena_session(who).await;
                let request = self.http.post(format!("{}/v1/files/checkoutstatuschanges", self.base));
                Answer::read(request.header("arena_session_id", session).multipart(form).send().await.unwrap()).await
            }
            Client::Oracle => {
                let part = reqwest::multipart::Part::text("checked in").file_name(file.name.clone());
                let form = reqwest::multipart::Form::new().part("primaryFile", part);
                let request = self.http.post(format!("{}/documents/api/1.2/files/{}/data", self.base, file.oracle_id));
                let request = request.basic_auth(&who.person.login, Some(PASSWORD)).multipart(form);
                let uploaded = Answer::read(request.send().await.unwrap()).await;
                if outcome(client, &uploaded) != Outcome::Done {
                    return outcome(client, &uploaded);
                }
                return self.cancel(client, who, file).await;
            }
            Client::Graph => self.graph(who, &file.graph_id, "checkin", json!({"comment": "done"})).await,
            Client::Liferay => {
                let params =
                    json!({"fileEntryId": file.number, "dlVersionNumberIncrease": "MINOR", "changeLog": "done"});
                self.liferay(who, "check-in-file-entry", params).await
            }
        };
        outcome(client, &answer)
    }

    /// An upload by somebody who does not check in: Graph's and Liferay's become a working copy while checked out.
    pub async fn upload(&self, client: Client, who: &Somebody, file: &Item, text: &str) -> Outcome {
        let answer = match client {
            Client::Arena => {
                let part = reqwest::multipart::Part::text(text.to_owned()).file_name(file.name.clone());
                let form = reqwest::multipart::Form::new()
                    .text("checkedOut", "false")
                    .text("newEdition", "false")
                    .text("file.guid", edition(file))
                    .part("file.content", part);
                let session = self.arena_session(who).await;
                let request = self.http.post(format!("{}/v1/files/checkoutstatuschanges", self.base));
                Answer::read(request.header("arena_session_id", session).multipart(form).send().await.unwrap()).await
            }
            Client::Oracle => {
                let part = reqwest::multipart::Part::text(text.to_owned()).file_name(file.name.clone());
                let form = reqwest::multipart::Form::new().part("primaryFile", part);
                let request = self.http.post(format!("{}/documents/api/1.2/files/{}/data", self.base, file.oracle_id));
                let request = request.basic_auth(&who.person.login, Some(PASSWORD)).multipart(form);
                Answer::read(request.send().await.unwrap()).await
            }
            Client::Graph => {
                let url = format!("{}/v1.0/drives/{}/items/{}/content", self.base, self.drive, file.graph_id);
                let request = self.http.put(url).bearer_auth(&who.token).body(text.to_owned());
                Answer::read(request.send().await.unwrap()).await
            }
            Client::Liferay => {
                let params = json!({
                    "fileEntryId": file.number, "sourceFileName": file.name, "mimeType": "text/plain", "title": file.title,
                    "description": "", "changeLog": "", "dlVersionNumberIncrease": "MINOR",
                    "bytes": text.as_bytes(),
                });
                self.liferay(who, "update-file-entry", params).await
            }
        };
        outcome(client, &answer)
    }

    async fn arena_change(&self, who: &Somebody, file: &Item, checked_out: bool) -> Answer {
        let session = self.arena_session(who).await;
        let body =
            json!({"checkedOut": checked_out, "newEdition": null, "comment": null, "file": {"guid": edition(file)}});
        let request = self.http.post(format!("{}/v1/files/checkoutstatuschanges", self.base));
        Answer::read(request.header("arena_session_id", session).json(&body).send().await.unwrap()).await
    }

    /// A session of somebody's; one at a time, as the vendor has it.
    pub async fn arena_session(&self, who: &Somebody) -> String {
        let mut sessions = self.sessions.lock().await;
        if let Some(session) = sessions.get(&who.person.login) {
            return session.clone();
        }
        let body = json!({"email": who.person.email, "password": PASSWORD});
        let request = self.http.post(format!("{}/v1/login", self.base)).json(&body);
        let answer = Answer::read(request.send().await.unwrap()).await.expect(200);
        let session = answer.json()["arenaSessionId"].as_str().unwrap().to_owned();
        sessions.insert(who.person.login.clone(), session.clone());
        session
    }

    async fn oracle(&self, who: &Somebody, file: &str, verb: &str, body: Value) -> Answer {
        let request = self.http.post(format!("{}/documents/api/1.1/files/{file}/{verb}", self.base));
        let request = request.basic_auth(&who.person.login, Some(PASSWORD)).json(&body);
        Answer::read(request.send().await.unwrap()).await
    }

    async fn oracle_about(&self, who: &Somebody, file: &str) -> Answer {
        let request = self.http.get(format!("{}/documents/api/1.1/files/{file}", self.base));
        Answer::read(request.basic_auth(&who.person.login, Some(PASSWORD)).send().await.unwrap()).await
    }

    async fn graph(&self, who: &Somebody, item: &str, verb: &str, body: Value) -> Answer {
        let request = self.http.post(format!("{}/v1.0/drives/{}/items/{item}/{verb}", self.base, self.drive));
        Answer::read(request.bearer_auth(&who.token).json(&body).send().await.unwrap()).await
    }

    async fn liferay(&self, who: &Somebody, method: &str, params: Value) -> Answer {
        let body = json!({"jsonrpc": "2.0", "method": method, "params": params, "id": 1});
        let request = self.http.post(format!("{}/api/jsonws/dlapp", self.base));
        Answer::read(request.basic_auth(&who.person.email, Some(PASSWORD)).json(&body).send().await.unwrap()).await
    }
}

fn edition(file: &Item) -> String {
    file.file.as_ref().expect("a file").edition.arena_guid.clone()
}

/// The vendor's answer in our one vocabulary. What is none of these is a failure of the test.
pub fn outcome(client: Client, answer: &Answer) -> Outcome {
    let status = answer.status.as_u16();
    let known = match client {
        Client::Arena => match (status, answer.json()["errors"][0]["code"].as_i64()) {
            (201, _) => Some(Outcome::Done),
            (400, Some(3133 | 3085)) => Some(Outcome::Held),
            (400, Some(3132)) => Some(Outcome::NotCheckedOut),
            (400, Some(3024)) => Some(Outcome::Denied),
            (400, Some(3011)) => Some(Outcome::Missing),
            _ => None,
        },
        Client::Oracle => match (status, answer.json()["errorCode"].as_str()) {
            (200 | 201, _) => Some(Outcome::Done),
            (409, Some("-1")) => Some(Outcome::Held),
            (403, Some("-20")) => Some(Outcome::Denied),
            (404, _) => Some(Outcome::Missing),
            _ => None,
        },
        Client::Graph => match status {
            200 | 201 | 204 => Some(Outcome::Done),
            423 => Some(Outcome::Held),
            400 => Some(Outcome::NotCheckedOut),
            403 => Some(Outcome::Denied),
            404 => Some(Outcome::Missing),
            _ => None,
        },
        Client::Liferay => {
            let error = answer.json()["error"]["message"].as_str().map(str::to_owned);
            match error.as_deref() {
                None => Some(Outcome::Done),
                Some(text) if text.contains("DuplicateLock") || text.contains("MustOwnLock") => Some(Outcome::Held),
                Some(text) if text.contains("OVERRIDE_CHECKOUT") => Some(Outcome::Held),
                Some(text) if text.contains("MustHavePermission") => Some(Outcome::Denied),
                Some(text) if text.contains("NoSuchFileEntry") => Some(Outcome::Missing),
                Some(_) => None,
            }
        }
    };
    known.unwrap_or_else(|| panic!("{client:?} answered {answer}"))
}
