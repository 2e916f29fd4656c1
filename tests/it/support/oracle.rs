//! A client of the Oracle room, so that a test reads as a client's acts.

use std::collections::HashMap;

use coatcheck::domain::item::Item;
use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

use super::{
    answer::Answer,
    server::Server,
    world::{PASSWORD, Somebody},
};

/// Somebody's client, or nobody's, with or without a link.
#[derive(Clone)]
pub struct Client<'a> {
    pub server: &'a Server,
    login: Option<String>,
    link: Option<String>,
    cookie: Option<String>,
    xml: bool,
    version: &'static str,
}

impl Server {
    /// Somebody's client, who signs in with a password.
    pub fn oracle(&self, somebody: &Somebody) -> Client<'_> {
        Client { login: Some(somebody.person.login.clone()), ..self.oracle_nobody() }
    }

    /// The client of nobody.
    pub fn oracle_nobody(&self) -> Client<'_> {
        Client { server: self, login: None, link: None, cookie: None, xml: false, version: "1.1" }
    }
}

impl Client<'_> {
    /// The same, bringing a link.
    pub fn link(&self, id: &str) -> Self {
        Self { link: Some(id.to_owned()), ..self.clone() }
    }

    /// The same, bringing cookies.
    pub fn cookie(&self, cookie: impl Into<String>) -> Self {
        Self { cookie: Some(cookie.into()), ..self.clone() }
    }

    /// The same, with the access code of its link.
    pub fn code(&self, code: &str) -> Self {
        let link = self.link.clone().unwrap();
        self.cookie(format!("dAccessCode-{link}={code}"))
    }

    /// The same, which reads and writes XML.
    pub fn xml(&self) -> Self {
        Self { xml: true, ..self.clone() }
    }

    /// The same for another version of the API.
    pub fn version(&self, version: &'static str) -> Self {
        Self { version, ..self.clone() }
    }

    /// A request with this client's credentials.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self.server.url(&format!("/documents/api/{}{path}", self.version));
        let mut headers = HeaderMap::new();
        if let Some(link) = &self.link {
            headers.insert("LinkID", link.parse().unwrap());
        }
        if let Some(cookie) = &self.cookie {
            headers.insert("Cookie", cookie.parse().unwrap());
        }
        if self.xml {
            headers.insert("Accept", "application/xml".parse().unwrap());
        }
        let request = self.server.http.request(method, url).headers(headers);
        match &self.login {
            Some(login) => request.basic_auth(login, Some(PASSWORD)),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.server.send(self.request(Method::GET, path)).await
    }

    /// A companion service, its arguments in the query.
    pub fn service_request(&self, method: Method, name: &str, arguments: &[(&str, &str)]) -> RequestBuilder {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("IdcService", name).append_pair("IsJson", "1").extend_pairs(arguments);
        let url = self.server.url(&format!("/documents/integration?{}", query.finish()));
        let request = self.server.http.request(method, url);
        match &self.login {
            Some(login) => request.basic_auth(login, Some(PASSWORD)),
            None => request,
        }
    }

    /// What a companion service answers, with 200.
    pub async fn service(&self, name: &str, arguments: &[(&str, &str)]) -> Value {
        self.server.send(self.service_request(Method::GET, name, arguments)).await.expect(200).json()
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.server.send(self.request(Method::DELETE, path)).await
    }

    /// Deletes a file, through the companion service.
    pub async fn delete_item(&self, file: &str) {
        let answer = self.service("FLD_MOVE_TO_TRASH", &[("item", &format!("fFileGUID:{file}"))]).await;
        assert_eq!(answer["LocalData"]["StatusCode"], "0", "{answer}");
    }

    /// A body of flat fields, in this client's format.
    pub async fn send(&self, method: Method, path: &str, fields: Value) -> Answer {
        let request = self.request(method, path);
        let request = if self.xml {
            request.header("Content-Type", "application/xml").body(xml(&fields))
        } else {
            // as real clients do it
            request.header("Content-Type", "text/plain;charset=UTF-8").body(fields.to_string())
        };
        self.server.send(request).await
    }

    pub async fn post(&self, path: &str, fields: Value) -> Answer {
        self.send(Method::POST, path, fields).await
    }

    pub async fn put(&self, path: &str, fields: Value) -> Answer {
        self.send(Method::PUT, path, fields).await
    }

    pub async fn reserve(&self, file: &Item) -> Answer {
        self.reserve_id(&file.oracle_id).await
    }

    pub async fn reserve_id(&self, file: &str) -> Answer {
        self.server.send(self.request(Method::POST, &format!("/files/{file}/reserve"))).await
    }

    pub async fn unreserve(&self, file: &Item, named: &str) -> Answer {
        self.post(&format!("/files/{}/unreserve", file.oracle_id), json!({ "reservedByUserID": named })).await
    }

    /// Uploads into a folder.
    pub async fn upload(&self, parent: &str, name: &str, text: &str) -> Answer {
        self.upload_with(json!({ "parentID": parent }), name, text).await
    }

    pub async fn upload_with(&self, parameters: Value, name: &str, text: &str) -> Answer {
        let parameters = part("jsonInputParameters", None, &parameters.to_string());
        let file = part("primaryFile", Some(name), text);
        self.multipart("/files/data", &format!("{parameters}{file}--b--\r\n")).await
    }

    pub async fn upload_version(&self, file: &str, name: Option<&str>, text: &str) -> Answer {
        let file_part = part("primaryFile", name, text);
        self.multipart(&format!("/files/{file}/data"), &format!("{file_part}--b--\r\n")).await
    }

    /// A multipart body, byte for byte, with the boundary `b`.
    pub async fn multipart(&self, path: &str, body: &str) -> Answer {
        let request = self.request(Method::POST, path);
        // no blank before the boundary, as one client has it
        let request = request.header("Content-Type", "multipart/form-data;boundary=b").body(body.to_owned());
        self.server.send(request).await
    }
}

/// `200`, or status and code of a refusal.
pub fn word(answer: &Answer) -> String {
    let status = answer.status.as_u16();
    if answer.status.is_success() {
        return status.to_string();
    }
    format!("{status}/{}", answer.json()["errorCode"].as_str().unwrap())
}

/// A link of Max's on the world's file: its id.
pub async fn link(server: &Server, spec: Value) -> String {
    let path = format!("/publiclinks/file/{}", server.world.file.oracle_id);
    let made = server.oracle(&server.world.max).post(&path, spec).await.expect(200).json();
    made["linkID"].as_str().unwrap().to_owned()
}

/// One part of a multipart body.
pub fn part(name: &str, file_name: Option<&str>, text: &str) -> String {
    let file_name = file_name.map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
    format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{file_name}\r\n\r\n{text}\r\n")
}

fn xml(fields: &Value) -> String {
    let fields = fields.as_object().unwrap().iter();
    let elements: Vec<_> = fields
        .map(|(key, value)| {
            let text = value.as_str().unwrap().replace('&', "&amp;").replace('<', "&lt;");
            format!("<{key}>{text}</{key}>")
        })
        .collect();
    format!("<?xml version=\"1.0\"?><AnyRoot>{}</AnyRoot>", elements.concat())
}

/// Status and message of a companion service's answer.
pub fn status(answer: &Value) -> String {
    let local = &answer["LocalData"];
    format!("{} {}", local["StatusCode"].as_str().unwrap(), local["StatusMessage"].as_str().unwrap())
}

/// The rows of a result set, each by the names of its columns.
pub fn rows(answer: &Value, set: &str) -> Vec<HashMap<String, String>> {
    let set = &answer["ResultSets"][set];
    let names: Vec<&str> =
        set["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
    let rows = set["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        let texts = row.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
        assert_eq!(row.as_array().unwrap().len(), names.len());
        names.iter().map(|name| (*name).to_owned()).zip(texts).collect()
    })
    .collect()
}

/// The answer with its identities numbered: `D1` is the first file's id in it, `U2` the second user's.
pub fn numbered(answer: &Answer) -> String {
    let text = answer.text();
    let mut seen: Vec<&str> = Vec::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        let id = matches!(word.len(), 36 | 44) && word.starts_with(['D', 'F', 'L', 'U']);
        if id && !seen.contains(&word) {
            seen.push(word);
        }
    }
    let mut out = text.clone();
    for kind in ["D", "F", "L", "U"] {
        for (place, id) in seen.iter().filter(|id| id.starts_with(kind)).enumerate() {
            out = out.replace(id, &format!("{kind}{}", place + 1));
        }
    }
    format!("{}\n{out}", answer.status.as_u16())
}
