//! A client of the Arena room, as scripts and connectors of that vendor behave.

use std::collections::HashMap;

use coatcheck::domain::item::Item;
use reqwest::{
    RequestBuilder,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use super::{
    answer::Answer,
    server::Server,
    world::{PASSWORD, Somebody},
};

/// Somebody who has logged in.
pub struct Arena<'a> {
    server: &'a Server,
    pub session: String,
}

impl Server {
    /// Logs in as somebody.
    pub async fn arena(&self, somebody: &Somebody) -> Arena<'_> {
        let answer = self.log_in(&somebody.person.email, PASSWORD).await.expect(200);
        Arena { server: self, session: answer.json()["arenaSessionId"].as_str().unwrap().to_owned() }
    }

    /// `POST /v1/login`.
    pub async fn log_in(&self, email: &str, password: &str) -> Answer {
        self.send(self.post("/v1/login").json(&json!({"email": email, "password": password}))).await
    }
}

impl Arena<'_> {
    /// A request with the session.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.server.request(method, path).header("arena_session_id", &self.session)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.server.send(self.request("GET", path)).await
    }

    /// A JSON object to a path.
    pub async fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.server.send(self.request(method, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.json("PUT", path, &body).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.json("POST", path, &body).await
    }

    /// A file at a web address, with edition 1.
    pub async fn create_web(&self, title: &str) -> Answer {
        let location = "https://example.com/a?b=c";
        self.post(
            "/v1/files",
            json!({"title": title, "edition": "1", "storageMethodName": "WEB", "location": location}),
        )
        .await
    }

    /// A form that is nothing but a file.
    pub async fn bytes(&self, path: &str, file_name: &str, text: &str) -> Answer {
        self.form(path, &[], Some(("content", file_name, text))).await
    }

    pub async fn log_out(&self) -> Answer {
        self.server.send(self.request("PUT", "/v1/logout")).await
    }

    /// `POST /v1/files/checkoutstatuschanges` with these very bytes as JSON.
    pub async fn change_raw(&self, body: impl Into<String>) -> Answer {
        let request = self.request("POST", "/v1/files/checkoutstatuschanges");
        self.server.send(request.header("content-type", "application/json").body(body.into())).await
    }

    pub async fn change(&self, body: Value) -> Answer {
        self.change_raw(body.to_string()).await
    }

    pub async fn check_out(&self, guid: &str) -> Answer {
        self.change(json!({"checkedOut": true, "file": {"guid": guid}})).await
    }

    pub async fn cancel(&self, guid: &str) -> Answer {
        self.change(json!({"checkedOut": false, "newEdition": null, "file": {"guid": guid}})).await
    }

    /// A check-in as the vendor's page prints its form.
    pub async fn check_in(&self, guid: &str, new_edition: &str, text: &str, more: &[(&str, &str)]) -> Answer {
        let parts = [("checkedOut", "false"), ("newEdition", new_edition), ("file.guid", guid)];
        let file = ("file.content", "drawing.txt", text);
        self.form("/v1/files/checkoutstatuschanges", &[&parts, more].concat(), Some(file)).await
    }

    /// `POST /v1/files` with content.
    pub async fn create(&self, title: &str, file_name: &str, text: &str) -> Answer {
        let parts = [("title", title), ("edition", "1"), ("storageMethodName", "FILE")];
        self.form("/v1/files", &parts, Some(("content", file_name, text))).await
    }

    /// A form with these texts, then the file.
    pub async fn form(&self, path: &str, texts: &[(&str, &str)], file: Option<(&str, &str, &str)>) -> Answer {
        let mut form = Form::new();
        for (name, text) in texts {
            form = form.text((*name).to_owned(), (*text).to_owned());
        }
        if let Some((name, file_name, text)) = file {
            form = form.part(name.to_owned(), Part::text(text.to_owned()).file_name(file_name.to_owned()));
        }
        self.server.send(self.request("POST", path).multipart(form)).await
    }

    /// These very bytes as a form with the boundary `b`.
    pub async fn form_raw(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = self.request("POST", path).header("content-type", "multipart/form-data; boundary=b");
        self.server.send(request.body(body.into())).await
    }
}

/// The GUID of a file's newest edition when it was looked at.
pub fn guid(file: &Item) -> &str {
    &file.file.as_ref().unwrap().edition.arena_guid
}

/// The GUID in an answer that shows a file, directly or inside.
#[track_caller]
pub fn guid_in(answer: &Answer) -> String {
    let json = answer.json();
    let file = json.get("file").unwrap_or(&json);
    file["guid"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Status and body with GUIDs as `G1`, `G2` … in the order in which they come.
pub fn plain(answer: &Answer) -> String {
    let text = answer.to_string();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut words: Vec<String> = Vec::new();
    for word in text.split('"') {
        let is_guid = word.len() == 20 && word.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        let next = known.len() + 1;
        words.push(if is_guid {
            format!("G{}", known.entry(word.to_owned()).or_insert(next))
        } else {
            word.to_owned()
        });
    }
    words.join("\"")
}

/// `400 3011`: the status and the vendor's code.
#[track_caller]
pub fn code(answer: &Answer) -> String {
    let json = answer.json();
    assert_eq!(json["status"], answer.status.as_u16(), "{answer}");
    assert_eq!(answer.header("server"), "ArenaSolutions");
    assert_eq!(answer.header("content-type"), "application/json");
    format!("{} {}", answer.status.as_u16(), json["errors"][0]["code"])
}

/// Both.
#[track_caller]
pub fn words(answer: &Answer) -> String {
    format!("{} {}", code(answer), message(answer))
}

/// The vendor's sentence.
#[track_caller]
pub fn message(answer: &Answer) -> String {
    answer.json()["errors"][0]["message"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}
