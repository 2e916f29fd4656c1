//! lr-gladiator, a command line that reaches files through items.

use std::sync::Arc;

use coatcheck::{
    domain::{actor::Actor, library::Library, part::NewPart},
    seed::{self, Beside, Seed},
};

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
        python.run(include_str!("gladiator_walk.py"), &[&self.server.url("/v1"), PASSWORD, which], &[]).await
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
            let said = ["title", "edition", "locked", "location"].map(|key| match file[key].as_str() {
                Some(text) => text.to_owned(),
                None => file[key].to_string(),
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
    insta::assert_snapshot!(house.walk("working").await, @r#"
    log in with a wrong password: 2
    log in: 0
    status: True 200
    items by number: [('890-0001', 'A'), ('890-0002', '1')]
    items by words: ['Radio', 'Antenna of the radio']
    revisions of 890-0001: [('A', 'WORKING')]
    latest approved of 890-0001: None
    revisions of 890-0002: [('1', 'EFFECTIVE')]
    latest approved of 890-0002: 1
    info: Radio
    dry run: [dry-run] Would upload firmware.bin (edition 7692c3ad3540bb80) as a new file on WORKING revision of 890-0001.
    nothing was done: []
    upload: file_not_found 7692c3ad3540bb80
    upload the same: working_same_edition True
    upload the same as primary: flags_only_update
    dry run: working_different_edition
    upload changed bytes: working_different_edition 3fc4ccfe745870e2 False
    files: [['firmware.bin', 3, '3fc4ccfe745870e2', 'FILE']]
    get files: (1, 0, {'firmware.bin': 'two'})
    get files again: (0, 1, {'firmware.bin': 'two'})
    link: ('created', 'Sources', 'WEB', 'https://example.com/one')
    link elsewhere: ('updated', 'Sources', 'WEB', 'https://example.com/two')
    files: [['b3c16f62a782d75f', 'WEB', 'https://example.com/two'], ['firmware.bin', 3, '3fc4ccfe745870e2', 'FILE']]
    no revision to work on: 2 No WORKING revision exists for this item. Create a working revision in Arena, then retry.
    no such item: 2 Item '890-9999' not found in Arena.
    no such category: 2 File category "Poems" not found. Valid file categories: -uncategorized-, Firmware, Source Code.
    "#);
    insta::assert_snapshot!(house.files().await.join("\n"), @r#"
    plan.txt 1 false null "File" first
    firmware.bin 7692c3ad3540bb80 false null "File\\Firmware" one
    firmware.bin 3fc4ccfe745870e2 false null "File\\Firmware" two
    Sources b3c16f62a782d75f false https://example.com/two "File\\Source Code" 400
    "#);

    house.release("890-0001").await;
    house.server.vault.revise_part(&house.dora, &house.library, "890-0001", "B").await.unwrap();
    insta::assert_snapshot!(house.walk("revised").await, @r#"
    log in: 0
    revisions: [('B', 'WORKING'), ('A', 'EFFECTIVE')]
    latest approved: A
    released: [['b3c16f62a782d75f', 'WEB', 'https://example.com/two'], ['firmware.bin', 3, '3fc4ccfe745870e2', 'FILE']]
    worked on: [['b3c16f62a782d75f', 'WEB', 'https://example.com/two'], ['firmware.bin', 3, '3fc4ccfe745870e2', 'FILE']]
    upload changed bytes: working_different_edition
    link elsewhere: ('updated', 'Sources', 'WEB', 'https://example.com/three')
    get what was released: (1, 0, {'firmware.bin': 'two'})
    get what is worked on: (1, 0, {'firmware.bin': 'three'})
    released: [['b3c16f62a782d75f', 'WEB', 'https://example.com/two'], ['firmware.bin', 3, '3fc4ccfe745870e2', 'FILE']]
    worked on: [['6b3cc7c7bf53bfac', 'WEB', 'https://example.com/three'], ['firmware.bin', 5, '8b5b9db0c13db242', 'FILE']]
    "#);
    insta::assert_snapshot!(house.files().await.join("\n"), @r#"
    plan.txt 1 false null "File" first
    firmware.bin 7692c3ad3540bb80 false null "File\\Firmware" one
    firmware.bin 3fc4ccfe745870e2 true null "File\\Firmware" two
    Sources 6b3cc7c7bf53bfac false https://example.com/three "File\\Source Code" 400
    firmware.bin 8b5b9db0c13db242 false null "File\\Firmware" three
    "#);
}

#[tokio::test]
#[ignore = "installs clients; .ci/run runs it"]
async fn gladiator_knows_when_the_workspace_has_no_requests_left() {
    let Some(python) = Script::ready() else { return };
    let server = Server::start_with(&[("arena.request_limit", "1")]).await;
    let said = python.run(include_str!("gladiator_walk.py"), &[&server.url("/v1"), PASSWORD, "limited"], &[]).await;
    insta::assert_snapshot!(said, @r#"
    log in: 0
    the last request: 0
    one more: 2 Arena API request limit reached for this workspace. You have exceeded your maximum of "1" requests during the last 24 hours. Additional requests can be made at "Wed, 04-Mar-2026 00:00:00 GMT-0800 (PST)".
    "#);
}
