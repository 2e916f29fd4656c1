//! Searching (spec/graph.md 9.2).

use coatcheck::{
    domain::{
        actor::Role,
        id::ItemKey,
        person::{Affiliation, License},
    },
    seed::{self, Beside, Seed},
    vault::UserChange,
};

use crate::support::{
    graph::{Graph, address},
    server::Server,
    world,
};

/// The names that are found, in order.
async fn found(who: &Graph<'_>, path: &str) -> String {
    let body = who.get(path).await.expect(200).json();
    let items = body["value"].as_array().unwrap();
    assert!(items.iter().all(|item| item["searchResult"] == serde_json::json!({})), "{body}");
    items.iter().map(|item| item["name"].as_str().unwrap()).collect::<Vec<_>>().join(", ")
}

async fn put(who: &Graph<'_>, path: &str, text: &str) {
    who.put(&format!("{}/root:/{path}:/content", who.server.drive()), text).await.expect(201);
}

/// A world with some plans in it.
async fn start() -> Server {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    put(&ann, "Old Plans/PLAN%20B.txt", "12345678").await;
    put(&ann, "Old Plans/deep/it's a plan.md", "1").await;
    put(&ann, "other.txt", "other").await;
    drop(ann);
    server
}

#[tokio::test]
async fn a_part_of_a_name_is_found_in_any_case_wherever_it_stands() {
    let server = start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let all = "it's a plan.md, Old Plans, PLAN B.txt, plan.txt";
    for search in [
        "/search(q='plan')",
        "/root/search(q='PLAN')",
        "/items/root/search(q='pLaN')",
        "/search(q=plan)",
        "/search('plan')",
        "/microsoft.graph.search(q='plan')",
        "/root/search?q=plan",
        "/root/search()?q='plan'",
        "/search(q%3D%27plan%27)",
    ] {
        assert_eq!(found(&ann, &format!("{drive}{search}")).await, all, "{search}");
    }
    for (text, names) in [
        ("lan%20b", "PLAN B.txt"),
        (".txt", "other.txt, PLAN B.txt, plan.txt"),
        ("it''s", "it's a plan.md"),
        ("''", "it's a plan.md"),
        ("nowhere", ""),
        ("%25", ""),
        ("_", ""),
        ("*", ""),
        ("a%2Fb", ""),
        ("x=y", ""),
        ("%27%27); DROP TABLE items; --", ""),
        ("%5C", ""),
        ("%F0%9F%98%80", ""),
    ] {
        assert_eq!(found(&ann, &format!("{drive}/root/search(q='{text}')")).await, names, "{text}");
    }
}

#[tokio::test]
async fn below_a_folder_only_what_lies_there_is_found() {
    let server = start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    assert_eq!(found(&ann, &format!("{drive}/root:/old plans:/search(q='plan')")).await, "it's a plan.md, PLAN B.txt");
    let deep = ann.get(&format!("{drive}/root:/old plans/deep")).await.json();
    let by_id = format!("{drive}/items/{}/search(q='plan')", deep["id"].as_str().unwrap());
    assert_eq!(found(&ann, &by_id).await, "it's a plan.md");
    // a file holds nothing
    assert_eq!(found(&ann, &format!("{}/search(q='plan')", server.plan())).await, "");
    ann.get(&format!("{drive}/items/01NOWHERE/search(q='plan')")).await.expect(404);
    ann.get(&format!("{drive}/root:/nowhere:/search(q='plan')")).await.expect(404);
    // what is in the trash is not found, nor what lies in another drive
    ann.delete(&format!("{drive}/root:/old plans/deep")).await.expect(204);
    ann.put("/v1.0/me/drive/root:/my plan.txt:/content", "mine").await.expect(201);
    assert_eq!(found(&ann, &format!("{drive}/search(q='plan')")).await, "Old Plans, PLAN B.txt, plan.txt");
    assert_eq!(found(&ann, "/v1.0/me/drive/search(q='plan')").await, "my plan.txt");
    assert_eq!(found(&ann, "/v1.0/me/drive/root/search(q='plan')").await, "my plan.txt");
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_refused() {
    let server = start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let long = format!("/root/search(q='{}')", "x".repeat(501));
    for search in [
        "/search",
        "/search()",
        "/search(q='')",
        "/search(q='%20')",
        "/root/search(q=)",
        "/root/search?q=",
        "/root/search?q=%00",
        "/root/search(q='%00')",
        &long,
        "/root/search(q='x')?$orderby=webUrl",
        "/root/search(q='x')?$top=x",
        "/root/search(q='x')?$skiptoken=nonsense",
    ] {
        let refused = ann.get(&format!("{drive}{search}")).await.expect(400).json();
        assert_eq!(refused["error"]["code"], "invalidRequest", "{search}");
    }
    let longest = format!("{drive}/root/search(q='{}')", "x".repeat(500));
    assert_eq!(found(&ann, &longest).await, "");
    ann.post(&format!("{drive}/root/search(q='x')")).await.expect(405);
    server.send(server.get(&format!("{drive}/root/search(q='x')"))).await.expect(401);
}

#[tokio::test]
async fn a_search_is_paged_ordered_and_selected() {
    let server = start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let mut next = format!("{drive}/root/search(q='plan')?$top=3&$select=name,searchResult");
    let mut pages = Vec::new();
    loop {
        pages.push(found(&ann, &next).await);
        let body = ann.get(&next).await.json();
        match body["@odata.nextLink"].as_str() {
            Some(link) => next = link.strip_prefix(&server.url("")).unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(pages, ["it's a plan.md, Old Plans, PLAN B.txt", "plan.txt"]);
    let by = async |order: &str| found(&ann, &format!("{drive}/root/search(q='plan')?$orderby={order}")).await;
    assert_eq!(by("name%20desc").await, "plan.txt, PLAN B.txt, Old Plans, it's a plan.md");
    assert_eq!(by("size").await, "Old Plans, it's a plan.md, plan.txt, PLAN B.txt");
    assert_eq!(by("size%20desc").await, "PLAN B.txt, plan.txt, it's a plan.md, Old Plans");
    let one = ann.get(&format!("{drive}/root/search(q='plan.txt')?$select=id&$count=true")).await.expect(200).json();
    assert_eq!(one["@odata.count"], 1);
    assert_eq!(one["value"], serde_json::json!([{"id": server.world.file.graph_id}]));
}

#[tokio::test]
async fn one_finds_what_one_may_see_and_nothing_else() {
    let server = start().await;
    let (vault, world, drive) = (&server.vault, &server.world, server.drive());
    let everything = format!("{drive}/search(q='plan')");
    let eve = server.graph(&world.eve);
    eve.get(&everything).await.expect(404);
    assert_eq!(found(&server.graph(&world.vic), &everything).await, "it's a plan.md, Old Plans, PLAN B.txt, plan.txt");
    assert_eq!(
        found(&server.graph(&world.robot), &everything).await,
        "it's a plan.md, Old Plans, PLAN B.txt, plan.txt"
    );

    // a role on one folder, and on one file
    let dora = world::actor(vault, &world.dora).await;
    let deep = vec!["old plans".to_owned(), "deep".to_owned()];
    let deep = ItemKey::Path(Box::new(ItemKey::Id(world.library.root)), deep);
    let deep = vault.item(&dora, &deep).await.unwrap();
    vault.grant(deep.id, world.eve.person.id, Role::Viewer, None).await.unwrap();
    assert_eq!(found(&eve, &everything).await, "it's a plan.md");
    vault.grant(world.file.id, world.eve.person.id, Role::Viewer, None).await.unwrap();
    assert_eq!(found(&eve, &everything).await, "it's a plan.md, plan.txt");
    assert_eq!(found(&eve, &format!("{drive}/root/search(q='plan')")).await, "it's a plan.md, plan.txt");
    assert_eq!(found(&eve, &format!("{}/search(q='plan')", address(&deep))).await, "it's a plan.md");
    eve.get(&format!("{drive}/root:/old plans:/search(q='plan')")).await.expect(404);

    // a token that reads nothing, and one that reads its bearer's own: nobody has shared it with her
    for (scopes, status) in [(vec!["User.Read"], 403), (vec!["Files.Read"], 403), (vec!["Files.Read.All"], 200)] {
        let token = world::token(vault, world.dora.person.id, &scopes).await;
        server.graph_with(&token).get(&everything).await.expect(status);
    }
    let token = world::token(vault, world.eve.person.id, &["Files.Read"]).await;
    assert_eq!(found(&server.graph_with(&token), &everything).await, "it's a plan.md, plan.txt");
}

#[tokio::test]
async fn private_files_and_hidden_categories_are_not_found() {
    let server = start().await;
    let (vault, world) = (&server.vault, &server.world);
    let everything = format!("{}/root/search(q='plan')", server.drive());
    let sue = world::member(vault, &world.library, "sue", License::Full, Some(Role::Contributor)).await;
    let change = UserChange { affiliation: Some(Affiliation::BasicSupplier), ..UserChange::default() };
    vault.update_user(sue.person.id, change).await.unwrap();
    assert_eq!(found(&server.graph(&sue), &everything).await, "it's a plan.md, Old Plans, PLAN B.txt, plan.txt");
    let arena = server.arena(&world.ann).await;
    let texts = [("title", "t"), ("edition", "1"), ("private", "true")];
    arena.form("/v1/files", &texts, Some(("content", "private plan.txt", "hush"))).await.expect(201);
    assert_eq!(found(&server.graph(&sue), &everything).await, "it's a plan.md, Old Plans, PLAN B.txt, plan.txt");
    assert!(found(&server.graph(&world.bob), &everything).await.contains("private plan.txt"));

    let text = r#"
        categories = [{ path = "Secret", levels = { bob = "none" } }]
        files = [{ at = "Engineering/secret plan.txt", text = "x", category = "Secret", by = "ann" }]
    "#;
    let seed = Seed { name: "world.toml".to_owned(), text, beside: Beside::Bundled(&[]) };
    seed::apply(vault, &seed).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(found(&server.graph(&world.ann), &everything).await.contains("secret plan.txt"));
    let bob = server.graph(&world.bob).get(&everything).await.expect(200).text();
    assert!(!bob.contains("secret"), "{bob}");
}
