//! All that a drive tells (spec/graph.md 5.2).

use coatcheck::{
    domain::{actor::Role, id::ItemKey},
    seed::{self, Beside, Seed},
};
use serde_json::{Value, json};

use crate::support::{server::Server, world};

#[tokio::test]
async fn a_drive_tells_who_made_it_and_what_was_done_last() {
    let server = Server::start().await;
    let (ann, bob, drive) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.drive());
    let get = async |path: &str| ann.get(path).await.expect(200).json();
    let mine = get("/v1.0/me/drive").await;
    assert_eq!(mine["createdBy"]["user"]["email"], "ann@example.com");
    assert_eq!(
        (&mine["createdDateTime"], &mine["lastModifiedDateTime"]),
        (&json!("2026-03-04T05:06:07Z"), &mine["createdDateTime"])
    );
    // by every name of the drive
    assert_eq!(server.send(ann.request("GET", "/v1.0/drive")).await.expect(200).json()["id"], mine["id"]);
    assert_eq!(mine.get("system"), None);
    assert_eq!(mine["quota"]["deleted"], 0);

    server.advance(chrono::Duration::minutes(10));
    bob.put(&format!("{drive}/root:/b.txt:/content"), "12345").await.expect(201);
    let changed = get(&drive).await;
    assert_eq!(changed["lastModifiedDateTime"], "2026-03-04T05:16:07Z");
    assert_eq!(changed["lastModifiedBy"]["user"]["email"], "bob@example.com");
    assert_eq!(changed["createdDateTime"], "2026-03-04T05:06:07Z");
    // a working copy is its holder's, and a check-out changes nothing
    server.advance(chrono::Duration::minutes(10));
    bob.post(&format!("{}/checkout", server.plan())).await.expect(204);
    bob.put(&format!("{}/content", server.plan()), "working copy").await.expect(200);
    assert_eq!(get(&drive).await["lastModifiedDateTime"], changed["lastModifiedDateTime"]);
    bob.post(&format!("{}/checkin", server.plan())).await.expect(204);
    assert_eq!(get(&drive).await["lastModifiedDateTime"], "2026-03-04T05:26:07Z");
    // the trash counts by itself
    ann.delete(&format!("{drive}/root:/b.txt:")).await.expect(204);
    let quota = get(&drive).await["quota"].clone();
    assert_eq!((&quota["used"], &quota["deleted"]), (&json!(12), &json!(5)));
    let list = get("/v1.0/drives?$select=id,lastModifiedBy").await;
    let there: Vec<&Value> =
        list["value"].as_array().unwrap().iter().filter(|drive| drive["id"] == changed["id"]).collect();
    assert_eq!(there, [&json!({"id": changed["id"], "lastModifiedBy": get(&drive).await["lastModifiedBy"]})]);
}

#[tokio::test]
async fn what_somebody_does_not_see_tells_no_time() {
    let server = Server::start().await;
    let (vault, world, drive) = (&server.vault, &server.world, server.drive());
    let text = r#"categories = [{ path = "Secret", levels = { bob = "none" } }]"#;
    let seed = |text| Seed { name: "world.toml".to_owned(), text, beside: Beside::Bundled(&[]) };
    seed::apply(vault, &seed(text)).await.unwrap_or_else(|error| panic!("{error}"));
    // who was given one file sees the drive, and nothing that goes on in it
    vault.grant(world.file.id, world.eve.person.id, Role::Viewer, None).await.unwrap();
    server.advance(chrono::Duration::minutes(10));
    let text = r#"files = [{ at = "Engineering/secret.txt", text = "x", category = "Secret", by = "ann" }]"#;
    seed::apply(vault, &seed(text)).await.unwrap_or_else(|error| panic!("{error}"));
    let last = async |who: &world::Somebody| {
        let drive = server.graph(who).get(&drive).await.expect(200).json();
        (drive["lastModifiedDateTime"].as_str().unwrap().to_owned(), drive["lastModifiedBy"].is_object())
    };
    assert_eq!(last(&world.ann).await, ("2026-03-04T05:16:07Z".to_owned(), true));
    assert_eq!(last(&world.bob).await, ("2026-03-04T05:06:07Z".to_owned(), true));
    assert_eq!(last(&world.eve).await, ("2026-03-04T05:06:07Z".to_owned(), false));
}

#[tokio::test]
async fn the_state_of_a_quota_tells_how_near_its_end_is() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = server.graph(&world.ann);
    ann.put(&format!("{}/root:/large:/content", server.drive()), &"x".repeat(995)).await.expect(201);
    for (bytes, state, remaining) in [
        (None, "normal", None),
        (Some(1_000_000), "normal", Some(999_000)),
        (Some(1110), "nearing", Some(110)),
        (Some(1112), "normal", Some(112)),
        (Some(1009), "critical", Some(9)),
        (Some(1000), "exceeded", Some(0)),
        (Some(10), "exceeded", Some(0)),
    ] {
        let text = match bytes {
            Some(bytes) => format!("libraries = [{{ name = \"Engineering\", quota_bytes = {bytes} }}]"),
            None => "libraries = [{ name = \"Engineering\" }]".to_owned(),
        };
        let seed = Seed { name: "world.toml".to_owned(), text: &text, beside: Beside::Bundled(&[]) };
        seed::apply(vault, &seed).await.unwrap_or_else(|error| panic!("{error}"));
        let quota = ann.get(&format!("{}?$select=quota", server.drive())).await.expect(200).json()["quota"].clone();
        assert_eq!((&quota["state"], &quota["used"]), (&json!(state), &json!(1000)), "{bytes:?}");
        if let Some(remaining) = remaining {
            assert_eq!((&quota["remaining"], &quota["total"]), (&json!(remaining), &json!(bytes)));
        }
    }
}

#[tokio::test]
async fn who_sees_one_file_of_a_drive_is_not_told_how_much_else_there_is() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (ann, bob) = (server.graph(&world.ann), server.graph(&world.bob));
    let made = ann.put("/v1.0/me/drive/root:/shared.txt:/content", "12345").await.expect(201).json();
    ann.put("/v1.0/me/drive/root:/hers.txt:/content", "1234567").await.expect(201);
    ann.put("/v1.0/me/drive/root:/deleted.txt:/content", "123").await.expect(201);
    ann.delete("/v1.0/me/drive/root:/deleted.txt:").await.expect(204);
    let actor = world::actor(vault, &world.ann).await;
    let shared = vault.item(&actor, &ItemKey::Graph(made["id"].as_str().unwrap().to_owned())).await.unwrap();
    vault.grant(shared.id, world.bob.person.id, Role::Manager, None).await.unwrap();
    let drive = format!("/v1.0/drives/{}?$select=quota", shared.library.graph_id);
    let hers = ann.get(&drive).await.expect(200).json()["quota"].clone();
    assert_eq!((&hers["used"], &hers["deleted"]), (&json!(12), &json!(3)));
    let his = bob.get(&drive).await.expect(200).json()["quota"].clone();
    assert_eq!((&his["used"], &his["deleted"], &his["state"]), (&json!(0), &json!(0), &json!("normal")));
    assert_eq!((&his["remaining"], &his["total"]), (&hers["total"], &hers["total"]));
}

#[tokio::test]
async fn the_top_folder_comes_along_when_it_is_expanded() {
    let server = Server::start().await;
    let (world, drive) = (&server.world, server.drive());
    let ann = server.graph(&world.ann);
    let expanded = ann.get(&format!("{drive}?$expand=root($select=id,root)&$select=name")).await.expect(200).json();
    assert_eq!(expanded["root"], json!({"id": world.library.root_graph_id, "root": {}}));
    assert_eq!((&expanded["name"], expanded.get("id")), (&json!("Engineering"), None));
    for ignored in ["items", "list,items($top=3)", "items($expand=children)"] {
        ann.get(&format!("{drive}?$expand={ignored}")).await.expect(200);
    }
    ann.get(&format!("{drive}?$expand=root(")).await.expect(400);
    // who sees one file of the drive does not see its top
    server.vault.grant(world.file.id, world.eve.person.id, Role::Viewer, None).await.unwrap();
    let hers = server.graph(&world.eve).get(&format!("{drive}?$expand=root")).await.expect(200).json();
    assert_eq!(hers.get("root"), None);
}
