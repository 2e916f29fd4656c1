//! What a token reaches (spec/graph.md 3.5).

use serde_json::json;

use crate::support::{graph::address, server::Server, world};

#[tokio::test]
async fn a_token_reaches_as_far_as_its_scopes() {
    let server = Server::start().await;
    let world = &server.world;
    // she reaches the others' library as an administrator; nobody has shared it with her
    let own = world::personal(&server.vault, &world.dora).await;
    let mine = address(&world::file(&server.vault, &world.dora, &own, "mine.txt", "mine").await);
    let ours = server.plan();
    // scope, then statuses: read mine, write mine, read ours, write ours
    let table: [(&str, [u16; 4]); 9] = [
        ("User.Read", [403, 403, 403, 403]),
        ("Files.Read", [200, 403, 403, 403]),
        ("Files.ReadWrite", [200, 204, 403, 403]),
        ("Files.Read.All", [200, 403, 200, 403]),
        ("Files.ReadWrite.All", [200, 204, 200, 204]),
        ("Sites.Read.All", [200, 403, 200, 403]),
        ("Sites.ReadWrite.All", [200, 204, 200, 204]),
        ("https://graph.microsoft.com/Files.ReadWrite.All", [200, 204, 200, 204]),
        ("Sites.Manage.All", [200, 204, 200, 204]),
    ];
    for (scope, expected) in table {
        let token = world::token(&server.vault, world.dora.person.id, &[scope]).await;
        let client = server.graph_with(&token);
        let statuses = [
            client.get(&mine).await.status.as_u16(),
            client.post(&format!("{mine}/checkout")).await.status.as_u16(),
            client.get(&ours).await.status.as_u16(),
            client.post(&format!("{ours}/checkout")).await.status.as_u16(),
        ];
        assert_eq!(statuses, expected, "{scope}");
    }
}

#[tokio::test]
async fn an_application_needs_roles_for_everything() {
    let server = Server::start().await;
    let world = &server.world;
    for (role, read, write) in
        [("Files.ReadWrite", 403, 403), ("Files.Read.All", 200, 403), ("Sites.ReadWrite.All", 200, 204)]
    {
        let token = world::token(&server.vault, world.robot.person.id, &[role]).await;
        let client = server.graph_with(&token);
        client.get(&server.plan()).await.expect(read);
        client.post(&format!("{}/checkout", server.plan())).await.expect(write);
    }
}

#[tokio::test]
async fn every_kind_of_read_and_write_takes_its_scope() {
    let server = Server::start().await;
    let (world, plan, drive) = (&server.world, server.plan(), server.drive());
    let reader = server.graph_with(&world::token(&server.vault, world.ann.person.id, &["Files.Read.All"]).await);
    for path in [plan.clone(), format!("{plan}/versions"), format!("{drive}/root/children"), drive.clone()] {
        reader.get(&path).await.expect(200);
    }
    for refused in [
        reader.put(&format!("{plan}/content"), "x").await,
        reader.put(&format!("{drive}/root:/new.txt:/content"), "x").await,
        reader.post_json(&format!("{drive}/root/children"), json!({"name": "x", "folder": {}})).await,
        reader.patch(&plan, json!({"name": "x"})).await,
        reader.delete(&plan).await,
    ] {
        assert_eq!(refused.expect(403).json()["error"]["code"], "accessDenied");
    }
    let nobody = server.graph_with(&world::token(&server.vault, world.ann.person.id, &["User.Read"]).await);
    for path in [
        plan.clone(),
        format!("{plan}/content"),
        format!("{plan}/versions"),
        format!("{drive}/root/children"),
        drive,
        "/v1.0/drives".to_owned(),
        "/v1.0/me/drive".to_owned(),
    ] {
        nobody.get(&path).await.expect(403);
    }
    nobody.get("/v1.0/me").await.expect(200);
}

#[tokio::test]
async fn a_revoked_token_is_dead_at_once() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    ann.get("/v1.0/me").await.expect(200);
    for token in server.vault.tokens().await.unwrap() {
        if token.person.login == "ann" {
            server.vault.revoke_token(token.id).await.unwrap();
        }
    }
    ann.get("/v1.0/me").await.expect(401);
}
