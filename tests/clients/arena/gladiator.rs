//! lr-gladiator, a command line that reaches files through items.

use std::sync::Arc;

use coatcheck::{
    domain::{actor::Actor, library::Library, part::NewPart},
    seed::{self, Beside, Seed},
};
use serde_json::Value;

use crate::{
    python::Script,
    support::{
        server::Server,
        world::{self, PASSWORD},
    },
};

/// A server with the categories that gladiator knows without being told, one item that is worked on and one that is not.
struct House {
    server: Server,
    dora: Actor,
    library: Arc<Library>,
}

impl House {
    async fn open() -> Self {
        let server = Server::start().await;
        let text = "[[categories]]\npath = \"Firmware\"\n[[categories]]\npath = \"Source Code\"\n";
        let categories = Seed { name: "categories.toml".to_owned(), text, beside: Beside::Bundled(&[]) };
        seed::apply(&server.vault, &categories).await.unwrap_or_else(|error| panic!("{error}"));
        let dora = world::actor(&server.vault, &server.world.dora).await;
        let house = House { dora, library: Arc::new(server.world.library.clone()), server };
        for (number, name, label) in [("890-0001", "Radio", "A"), ("890-0002", "Antenna of the radio", "1")] {
            let new = NewPart { number: number.into(), name: name.into(), label: label.into(), ..NewPart::default() };
            house.server.vault.make_part(&house.dora, &house.library, new).await.unwrap();
        }
        house.release("890-0002").await;
        house
    }

    async fn release(&self, number: &str) {
        self.server.vault.release_part(&self.dora, &self.library, number).await.unwrap();
    }

    async fn walk(&self, which: &str) -> String {
        let python = Script::ready().expect("it was there a moment ago");
        python.run("arena/gladiator_walk.py", &[&self.server.url("/v1"), PASSWORD, which]).await
    }

    /// The files of the workspace, each with its content and what else counts.
    async fn files(&self) -> Vec<String> {
        let dora = self.server.arena(&self.server.world.dora).await;
        let list = dora.get("/v1/files?limit=400").await.expect(200).json();
        let mut files = Vec::new();
        for file in list["results"].as_array().unwrap() {
            let guid = file["guid"].as_str().unwrap();
            let content = dora.get(&format!("/v1/files/{guid}/content")).await;
            let content = if content.status == 200 { content.text() } else { content.status.as_u16().to_string() };
            let file = dora.get(&format!("/v1/files/{guid}")).await.expect(200).json();
            let said = ["title", "edition", "locked", "location"].map(|key| match &file[key] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            files.push(format!("{} {} {content}", said.join(" "), file["category"]["path"]));
        }
        files
    }
}

#[tokio::test]
#[ignore = "installs clients; .ci/run runs it"]
async fn gladiator_lists_uploads_replaces_links_and_fetches() {
    if Script::ready().is_none() {
        return;
    }
    let house = House::open().await;
    insta::assert_snapshot!(house.walk("working").await, @"");
    insta::assert_snapshot!(house.files().await.join("\n"), @"");

    house.release("890-0001").await;
    house.server.vault.revise_part(&house.dora, &house.library, "890-0001", "B").await.unwrap();
    insta::assert_snapshot!(house.walk("revised").await, @"");
    insta::assert_snapshot!(house.files().await.join("\n"), @"");
}

#[tokio::test]
#[ignore = "installs clients; .ci/run runs it"]
async fn gladiator_knows_when_the_workspace_has_no_requests_left() {
    let Some(python) = Script::ready() else { return };
    let server = Server::start_with(&[("arena.request_limit", "1")]).await;
    let said = python.run("arena/gladiator_walk.py", &[&server.url("/v1"), PASSWORD, "limited"]).await;
    insta::assert_snapshot!(said, @"");
}
