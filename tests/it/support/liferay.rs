//! A client of Liferay's JSON web services, so that stories read as its acts.

use base64::{Engine as _, engine::general_purpose::STANDARD};
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

/// Where the headless API is.
const HEADLESS: &str = "/o/headless-delivery/v1.0";

/// Somebody with a client.
pub struct Liferay<'a> {
    server: &'a Server,
    credential: Option<String>,
}

impl Server {
    /// A client that signs in with e-mail address and password.
    pub fn liferay(&self, somebody: &Somebody) -> Liferay<'_> {
        let credential = STANDARD.encode(format!("{}:{PASSWORD}", somebody.person.email));
        Liferay { server: self, credential: Some(format!("Basic {credential}")) }
    }

    /// A client with this `Authorization`.
    pub fn liferay_as(&self, credential: &str) -> Liferay<'_> {
        Liferay { server: self, credential: Some(credential.to_owned()) }
    }

    /// A client without credentials.
    pub fn liferay_guest(&self) -> Liferay<'_> {
        Liferay { server: self, credential: None }
    }

    /// The group id of the world's library.
    pub fn group(&self) -> i64 {
        self.world.library.number
    }

    /// The id of the world's file.
    pub fn plan_number(&self) -> i64 {
        self.world.file.number
    }
}

impl Liferay<'_> {
    /// A request with the client's credential.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let request = self.server.request(method, path);
        match &self.credential {
            Some(credential) => request.header("Authorization", credential),
            None => request,
        }
    }

    /// `GET` below `/api/jsonws`.
    pub async fn get(&self, path: &str) -> Answer {
        self.server.send(self.request("GET", &format!("/api/jsonws{path}"))).await
    }

    /// `POST` of a form below `/api/jsonws`.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let request = self.request("POST", &format!("/api/jsonws{path}"));
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(body.finish());
        self.server.send(request).await
    }

    /// `POST` of parts below `/api/jsonws`.
    pub async fn parts(&self, path: &str, form: Form) -> Answer {
        self.server.send(self.request("POST", &format!("/api/jsonws{path}")).multipart(form)).await
    }

    /// `POST` of text below `/api/jsonws`.
    pub async fn text(&self, path: &str, body: impl Into<String>) -> Answer {
        let request = self.request("POST", &format!("/api/jsonws{path}"));
        self.server.send(request.header("Content-Type", "application/json").body(body.into())).await
    }

    /// `invoke` with these commands.
    pub async fn invoke(&self, commands: &Value) -> Answer {
        self.text("/invoke", commands.to_string()).await
    }

    /// One method with these parameters, by `invoke`.
    pub async fn call(&self, method: &str, parameters: Value) -> Answer {
        self.invoke(&json!({method: parameters})).await
    }

    /// One method of a service by JSON-RPC.
    pub async fn rpc(&self, service: &str, method: &str, params: Value) -> Answer {
        let envelope = json!({"jsonrpc": "2.0", "method": method, "params": params, "id": 1});
        self.text(&format!("/{service}"), envelope.to_string()).await
    }

    /// A request below `/o/headless-delivery/v1.0` without a body.
    pub async fn rest(&self, method: &str, path: &str) -> Answer {
        self.server.send(self.request(method, &format!("{HEADLESS}{path}"))).await
    }

    /// The same with JSON.
    pub async fn rest_json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.server.send(self.request(method, &format!("{HEADLESS}{path}")).json(body)).await
    }

    /// The same with a `file` of this name and these bytes, and a `document`; either may be missing.
    pub async fn rest_form(
        &self,
        method: &str,
        path: &str,
        file: Option<(&str, &str)>,
        document: Option<&Value>,
    ) -> Answer {
        let mut form = Form::new();
        if let Some((name, text)) = file {
            form = form.part("file", Part::bytes(text.as_bytes().to_vec()).file_name(name.to_owned()));
        }
        if let Some(document) = document {
            form = form.text("document", document.to_string());
        }
        self.rest_parts(method, path, form).await
    }

    /// The same with any parts.
    pub async fn rest_parts(&self, method: &str, path: &str, form: Form) -> Answer {
        self.server.send(self.request(method, &format!("{HEADLESS}{path}")).multipart(form)).await
    }

    /// Makes a folder in another one of the world's library, the root folder by 0; answers its number.
    pub async fn make_folder(&self, parent: i64, name: &str) -> i64 {
        let wanted = json!({
            "repositoryId": self.server.group(), "parentFolderId": parent, "name": name, "description": "",
        });
        let made = self.call("/dlapp/add-folder", wanted).await.expect(200).json();
        made["folderId"].as_str().unwrap().parse().unwrap()
    }

    /// Adds a file to a folder; answers its number.
    pub async fn add_to(&self, folder: i64, title: &str) -> i64 {
        let wanted = json!({
            "repositoryId": self.server.group(), "folderId": folder, "sourceFileName": title, "mimeType": "",
            "title": title, "description": "", "changeLog": "", "bytes": [65],
        });
        let made = self.call("/dlapp/add-file-entry", wanted).await.expect(200).json();
        made["fileEntryId"].as_str().unwrap().parse().unwrap()
    }

    /// Locks a folder with all that it holds.
    pub async fn lock_below(&self, folder: i64, milliseconds: i64) -> Answer {
        let wanted = json!({
            "repositoryId": self.server.group(), "folderId": folder, "owner": "o", "inheritable": true,
            "expirationTime": milliseconds,
        });
        self.call("/dlapp/lock-folder", wanted).await
    }

    /// Releases a folder's lock, whichever it is.
    pub async fn unlock(&self, folder: i64) -> Answer {
        let wanted = json!({"repositoryId": self.server.group(), "folderId": folder, "lockUuid": ""});
        self.call("/dlapp/unlock-folder", wanted).await
    }

    /// Checks the world's file out.
    pub async fn check_out(&self) -> Answer {
        self.call("/dlapp/check-out-file-entry", json!({"fileEntryId": self.server.plan_number()})).await
    }

    /// Cancels the check-out of the world's file.
    pub async fn cancel(&self) -> Answer {
        self.call("/dlapp/cancel-check-out", json!({"fileEntryId": self.server.plan_number()})).await
    }

    /// Checks the world's file in.
    pub async fn check_in(&self, increase: &str, change_log: &str) -> Answer {
        let parameters = json!({
            "fileEntryId": self.server.plan_number(), "dlVersionNumberIncrease": increase, "changeLog": change_log,
        });
        self.call("/dlapp/check-in-file-entry", parameters).await
    }

    /// Sends new content of the world's file.
    pub async fn update(&self, text: &'static str, increase: &str) -> Answer {
        self.parts("/dlapp/update-file-entry", self.revision(text).text("dlVersionNumberIncrease", increase.to_owned()))
            .await
    }

    /// What `updateFileEntry` takes, save how the version counts.
    pub fn revision(&self, text: &'static str) -> Form {
        Form::new()
            .text("fileEntryId", self.server.plan_number().to_string())
            .text("sourceFileName", "plan.txt")
            .text("mimeType", "")
            .text("title", "plan.txt")
            .text("description", "")
            .text("changeLog", "changed")
            .part("file", Part::bytes(text.as_bytes()).file_name("plan.txt"))
    }

    /// Adds a file to the root folder of the world's library.
    pub async fn add(&self, title: &str, source: &str, text: &'static str) -> Answer {
        let form = Form::new()
            .text("repositoryId", self.server.group().to_string())
            .text("folderId", "0")
            .text("sourceFileName", source.to_owned())
            .text("mimeType", "")
            .text("title", title.to_owned())
            .text("description", "about it")
            .text("changeLog", "made")
            .part("file", Part::bytes(text.as_bytes()).file_name("upload.txt"));
        self.parts("/dlapp/add-file-entry", form).await
    }

    /// The labels of the versions of the world's file, newest first.
    pub async fn labels(&self) -> Vec<String> {
        let path = format!("/dlfileversion/get-file-versions/file-entry-id/{}/status/-1", self.server.plan_number());
        let versions = self.get(&path).await.expect(200).json();
        versions.as_array().unwrap().iter().map(|version| version["version"].as_str().unwrap().to_owned()).collect()
    }

    /// The bytes of the world's file.
    pub async fn download(&self, query: &str) -> Answer {
        let (group, uuid) = (self.server.group(), self.server.world.file.id.0);
        self.server.send(self.request("GET", &format!("/documents/{group}/0/plan.txt/{uuid}{query}"))).await
    }
}

/// An answer as text, its ids and uuids replaced by words.
pub fn told(server: &Server, answer: &Answer) -> String {
    let world = &server.world;
    let mut text = answer.text();
    for (number, word) in [
        (world.file.number, "<file>"),
        (world.library.number, "<group>"),
        (world.ann.person.number, "<ann>"),
        (world.bob.person.number, "<bob>"),
        (world.vic.person.number, "<vic>"),
        (world.carl.person.number, "<carl>"),
        (world.eve.person.number, "<eve>"),
    ] {
        text = replace_number(&text, &number.to_string(), word);
    }
    for (id, word) in [(world.file.id.0, "<file uuid>"), (world.ann.person.id.0, "<ann uuid>")] {
        text = text.replace(&id.to_string(), word);
    }
    format!("{} {text}", answer.status.as_u16())
}

/// The text with a word in place of a number; not where its digits happen to stand inside a uuid.
fn replace_number(text: &str, number: &str, word: &str) -> String {
    let apart = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '-');
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(number) {
        let (before, after) = (&rest[..at], &rest[at + number.len()..]);
        let last = before.chars().next_back().or(told.chars().next_back());
        let whole = apart(last) && apart(after.chars().next());
        told.push_str(before);
        told.push_str(if whole { word } else { number });
        rest = after;
    }
    told.push_str(rest);
    told
}
