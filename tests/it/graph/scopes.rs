//! What a token reaches (spec/graph.md 3.5).

use serde_json::json;

use crate::support::{
    graph::{Graph, address},
    server::Server,
    world,
};

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

/// Whether the token is refused for want of a scope, at every call of a kind.
async fn is_refused(client: &Graph<'_>, calls: &[(&str, String)]) -> bool {
    let mut refused = Vec::new();
    for (method, path) in calls {
        let answer = client.server.send(client.request(method, path).header("content-length", "0")).await;
        let wants_more = answer.status == 403;
        if wants_more {
            assert_eq!(answer.json()["error"]["code"], "accessDenied", "{method} {path}");
        }
        refused.push(wants_more);
    }
    assert!(refused.iter().all(|one| *one == refused[0]), "{calls:?}: {refused:?}");
    refused[0]
}

#[tokio::test]
async fn the_permission_table_of_the_reference_holds_for_every_kind_of_call() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (plan, drive) = (server.plan(), server.drive());
    let calls = |all: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        all.iter().map(|(method, path)| (*method, (*path).to_owned())).collect()
    };
    let kinds = [
        calls(&[
            ("GET", &plan),
            ("GET", &drive),
            ("GET", &format!("{plan}/versions")),
            ("GET", &format!("{plan}/content")),
        ]),
        calls(&[("POST", &format!("{plan}/checkout")), ("POST", &format!("{plan}/discardCheckout"))]),
        calls(&[("GET", "/v1.0/users"), ("GET", "/v1.0/users/bob@example.com")]),
        calls(&[("GET", "/v1.0/groups"), ("GET", "/v1.0/groups/x"), ("GET", "/v1.0/groups/x/members")]),
        calls(&[("GET", "/v1.0/sites"), ("GET", "/v1.0/sites/root"), ("GET", "/v1.0/sites/root/sites")]),
        calls(&[("GET", "/v1.0/subscriptions"), ("GET", "/v1.0/subscriptions/x"), ("DELETE", "/v1.0/subscriptions/x")]),
    ];
    // scope, then whether a user's token may and whether an application's may: read, write, users, groups, sites, subscribe
    let table: [(&str, &str, &str); 21] = [
        // Ann is a member herself: the library is shared with her
        ("Files.Read", "r.....", "......"),
        ("Files.ReadWrite", "rw...s", "......"),
        ("Files.Read.All", "r.....", "r....."),
        ("Files.ReadWrite.All", "rw...s", "rw...s"),
        // files that the application was not given are not refused: they are not there
        ("Sites.Selected", "......", "rw..S."),
        ("Sites.Read.All", "r...S.", "r...S."),
        ("Sites.ReadWrite.All", "rw..S.", "rw..S."),
        ("Sites.Manage.All", "rw..S.", "rw..S."),
        ("Sites.FullControl.All", "rw..S.", "rw..S."),
        ("User.Read", "......", "......"),
        ("User.ReadBasic.All", "..u...", "......"),
        ("User.Read.All", "..u...", "..u..."),
        ("User.ReadWrite.All", "..u...", "..u..."),
        ("Group.Read.All", "...g..", "...g.."),
        ("Group.ReadWrite.All", "...g..", "...g.."),
        ("Directory.Read.All", "..ug..", "..ug.."),
        ("Directory.ReadWrite.All", "..ug..", "..ug.."),
        ("Directory.AccessAsUser.All", "..ug..", "......"),
        ("https://graph.microsoft.com/group.read.all", "...g..", "...g.."),
        ("offline_access", "......", "......"),
        ("Mail.Read", "......", "......"),
    ];
    for (scope, delegated, application) in table {
        for (bearer, expected) in [(&world.ann, delegated), (&world.robot, application)] {
            let token = world::token(vault, bearer.person.id, &[scope]).await;
            let client = server.graph_with(&token);
            let mut found = String::new();
            for (kind, letter) in kinds.iter().zip("rwugSs".chars()) {
                found.push(if is_refused(&client, kind).await { '.' } else { letter });
            }
            assert_eq!(found, expected, "{scope} of {}", bearer.person.login);
        }
    }
    // any delegated token says whose it is, an application's nobody
    for (bearer, status) in [(&world.ann, 200), (&world.robot, 400)] {
        let token = world::token(vault, bearer.person.id, &["Mail.Read"]).await;
        server.graph_with(&token).get("/v1.0/me").await.expect(status);
    }
    let own = world::token(vault, world.ann.person.id, &["User.Read"]).await;
    server.graph_with(&own).get("/v1.0/users/ann@example.com").await.expect(200);
}
