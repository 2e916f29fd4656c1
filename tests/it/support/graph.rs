//! A client of the Graph room: somebody with a token.

use coatcheck::domain::item::Item;
use reqwest::RequestBuilder;
use serde_json::Value;

use super::{answer::Answer, server::Server, world::Somebody};

/// Somebody who speaks Graph.
pub struct Graph<'a> {
    pub server: &'a Server,
    token: String,
}

impl Server {
    /// Somebody as a client of Graph.
    pub fn graph(&self, somebody: &Somebody) -> Graph<'_> {
        self.graph_with(&somebody.token)
    }

    /// A client of Graph with this token.
    pub fn graph_with(&self, token: &str) -> Graph<'_> {
        Graph { server: self, token: token.to_owned() }
    }

    /// The address of the world's file below `/drives`.
    pub fn plan(&self) -> String {
        address(&self.world.file)
    }

    /// The address of the world's library.
    pub fn drive(&self) -> String {
        format!("/v1.0/drives/{}", self.world.library.graph_id)
    }
}

impl Graph<'_> {
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.server.request(method, path).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.server.send(self.request("GET", path)).await
    }

    /// A `POST` without a body, as clients send actions.
    pub async fn post(&self, path: &str) -> Answer {
        self.server.send(self.request("POST", path).header("content-length", "0")).await
    }

    pub async fn post_json(&self, path: &str, body: Value) -> Answer {
        self.server.send(self.request("POST", path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.server.send(self.request("PATCH", path).json(&body)).await
    }

    pub async fn put(&self, path: &str, content: &str) -> Answer {
        self.server.send(self.request("PUT", path).body(content.to_owned())).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.server.send(self.request("DELETE", path)).await
    }

    /// The content of an item, by way of its pre-authenticated address, fetched without a token.
    pub async fn content(&self, item: &str) -> String {
        let redirect = self.get(&format!("{item}/content")).await.expect(302);
        self.server.send(self.server.http.get(redirect.header("location"))).await.expect(200).text()
    }

    /// What the caller sees of the lock.
    pub async fn publication(&self, item: &str) -> String {
        self.get(&format!("{item}?$select=publication")).await.expect(200).json()["publication"].to_string()
    }
}

/// The address of an item below `/drives`.
pub fn address(item: &Item) -> String {
    format!("/v1.0/drives/{}/items/{}", item.library.graph_id, item.graph_id)
}

/// An answer with its status and, if it has one, its body as indented JSON, in which everything that differs from run to
/// run is named.
pub fn shown(server: &Server, answer: &Answer) -> String {
    if answer.body.is_empty() {
        return answer.status.to_string();
    }
    format!("{}\n{}", answer.status, tidy(server, &serde_json::to_string_pretty(&answer.json()).expect("JSON")))
}

fn tidy(server: &Server, text: &str) -> String {
    let world = &server.world;
    let mut text = text.to_owned();
    let mut names = vec![
        (server.address.to_string(), "HOST".to_owned()),
        (world.library.graph_id.clone(), "DRIVE".to_owned()),
        (world.library.graph_id.replace('!', "%21"), "DRIVE".to_owned()),
        (world.library.root_graph_id.clone(), "ROOT".to_owned()),
        (world.library.graph_site_id.to_string(), "SITE".to_owned()),
        (world.file.graph_id.clone(), "PLAN".to_owned()),
        (world.file.id.0.to_string().to_uppercase(), "PLAN-GUID".to_owned()),
        (world.library.root.0.to_string().to_uppercase(), "ROOT-GUID".to_owned()),
    ];
    for somebody in [&world.ann, &world.bob, &world.dora, &world.robot] {
        names.push((somebody.person.graph_id.to_string(), somebody.person.login.to_uppercase()));
    }
    for (id, name) in names {
        text = text.replace(&id, &name);
    }
    let text = masked(&text, "tempauth=", "SECRET");
    let text = masked(&text, "\"request-id\": \"", "ID");
    masked(&text, "\"client-request-id\": \"", "ID")
}

/// The text with whatever stands between `before` and the next quote under another name.
pub fn masked(text: &str, before: &str, name: &str) -> String {
    let mut parts = text.split(before);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find('"').unwrap_or(part.len());
        masked.push_str(before);
        masked.push_str(name);
        masked.push_str(&part[end..]);
    }
    masked
}
