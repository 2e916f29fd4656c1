//! How versions count (spec/graph.md 6.4): major only, and major and minor.

use coatcheck::{
    seed::{self, Beside, Seed},
    vault::LibraryUpdate,
};
use serde_json::json;

use crate::support::{
    acts::{Client, Clients, Outcome},
    graph::Graph,
    server::Server,
};

/// The ids of the versions, newest first, each with its level.
async fn versions(client: &Graph<'_>, item: &str) -> Vec<String> {
    let list = client.get(&format!("{item}/versions")).await.expect(200).json();
    let word = |version: &serde_json::Value| {
        assert_eq!(version["id"], version["publication"]["versionId"]);
        format!("{} {}", version["id"].as_str().unwrap(), version["publication"]["level"].as_str().unwrap())
    };
    list["value"].as_array().unwrap().iter().map(word).collect()
}

async fn facet(client: &Graph<'_>, item: &str) -> String {
    let item = client.get(&format!("{item}?$select=publication")).await.expect(200).json();
    let facet = &item["publication"];
    assert_eq!(facet.get("checkedOutBy").is_some(), facet["level"] == "checkout");
    format!("{} {}", facet["versionId"].as_str().unwrap(), facet["level"].as_str().unwrap())
}

/// As whoever sets the place up says it.
async fn count_minor_versions(server: &Server) {
    let text = r#"libraries = [{ name = "Engineering", minor_versions = true }]"#;
    let seed = Seed { name: "world.toml".to_owned(), text, beside: Beside::Bundled(&[]) };
    seed::apply(&server.vault, &seed).await.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test]
async fn a_drive_that_counts_major_versions_makes_those_however_it_is_said() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    ann.put(&format!("{plan}/content"), "upload").await.expect(200);
    for body in [json!({}), json!({"checkInAs": "unspecified"}), json!({"checkInAs": "published"})] {
        ann.post(&format!("{plan}/checkout")).await.expect(204);
        ann.post_json(&format!("{plan}/checkin"), body).await.expect(204);
    }
    let expected = ["5.0 published", "4.0 published", "3.0 published", "2.0 published", "1.0 published"];
    assert_eq!(versions(&ann, &plan).await, expected);
}

#[tokio::test]
async fn a_drive_with_minor_versions_publishes_what_says_so() {
    let server = Server::start().await;
    let (ann, bob, plan) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.plan());
    count_minor_versions(&server).await;
    assert_eq!(facet(&ann, &plan).await, "1.0 published");
    ann.put(&format!("{plan}/content"), "upload").await.expect(200);
    assert_eq!(facet(&ann, &plan).await, "1.1 draft");
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    assert_eq!(
        (facet(&ann, &plan).await.as_str(), facet(&bob, &plan).await.as_str()),
        ("1.2 checkout", "1.1 checkout")
    );
    ann.put(&format!("{plan}/content"), "working copy").await.expect(200);
    ann.post_json(&format!("{plan}/checkin"), json!({"comment": "a draft", "checkInAs": ""})).await.expect(204);
    // whoever reads the file reads its drafts
    assert_eq!((facet(&bob, &plan).await.as_str(), bob.content(&plan).await.as_str()), ("1.2 draft", "working copy"));
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    ann.post_json(&format!("{plan}/checkin"), json!({"checkInAs": "Published"})).await.expect(204);
    assert_eq!(facet(&bob, &plan).await, "2.0 published");
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    ann.post(&format!("{plan}/discardCheckout")).await.expect(204);
    assert_eq!(facet(&bob, &plan).await, "2.0 published", "a discard counts nothing");
    bob.put(&format!("{plan}/content"), "more").await.expect(200);
    assert_eq!(versions(&bob, &plan).await, ["2.1 draft", "2.0 published", "1.2 draft", "1.1 draft", "1.0 published"]);
    assert_eq!(bob.content(&format!("{plan}/versions/1.1")).await, "upload");
    // a new file begins as everywhere
    let made = ann.put(&format!("{}/root:/new.txt:/content", server.drive()), "x").await.expect(201).json();
    let made = format!("{}/items/{}", server.drive(), made["id"].as_str().unwrap());
    assert_eq!(facet(&ann, &made).await, "1.0 published");
}

#[tokio::test]
async fn other_dialects_count_by_their_own_rules_and_show_these_versions() {
    let server = Server::start().await;
    let (clients, world, plan) = (Clients::new(&server), &server.world, server.plan());
    count_minor_versions(&server).await;
    let ann = server.graph(&world.ann);
    ann.put(&format!("{plan}/content"), "minor").await.expect(200);
    let about = server.oracle(&world.bob).get(&format!("/files/{}", world.file.oracle_id)).await.expect(200).json();
    assert_eq!(about["version"], "2", "Oracle counts every one");
    let entry =
        server.liferay(&world.bob).call("/dlapp/get-file-entry", json!({"fileEntryId": world.file.number})).await;
    assert_eq!(entry.expect(200).json()["version"], "1.1");
    // what they publish themselves is minor or major as their client says
    assert_eq!(clients.upload(Client::Oracle, &world.ann, &world.file, "by Oracle").await, Outcome::Done);
    assert_eq!(clients.upload(Client::Liferay, &world.ann, &world.file, "by Liferay").await, Outcome::Done);
    assert_eq!(versions(&ann, &plan).await, ["2.1 draft", "2.0 published", "1.1 draft", "1.0 published"]);
    // a minor one of theirs is a draft also where drives count major ones only, and the next is a major one
    let update = LibraryUpdate { minor_versions: Some(false), ..LibraryUpdate::default() };
    server.vault.update_library(world.library.id, &update).await.unwrap();
    assert_eq!(facet(&ann, &plan).await, "2.1 draft");
    ann.put(&format!("{plan}/content"), "major").await.expect(200);
    assert_eq!(facet(&ann, &plan).await, "3.0 published");
}
