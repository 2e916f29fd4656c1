//! Every addressing form leads to the same item (spec/graph.md 1.2 and 4).

use serde_json::json;

use crate::support::{server::Server, world};

#[tokio::test]
async fn every_form_of_an_address_leads_to_the_same_file() {
    let server = Server::start().await;
    let (ann, world, drive) = (server.graph(&server.world.ann), &server.world, server.drive());
    let made = ann.put(&format!("{drive}/root:/Plans/north %2525 %231.txt:/content"), "here").await.expect(201).json();
    let id = made["id"].as_str().unwrap();
    let folder = made["parentReference"]["id"].as_str().unwrap();
    let forms = [
        format!("/items/{id}"),
        format!("/items/{id}/"),
        "/root:/Plans/north %2525 %231.txt".to_owned(),
        "/root:/Plans/north %2525 %231.txt:".to_owned(),
        "/root:/Plans/north %2525 %231.txt:/".to_owned(),
        "/root:/.%2Fplans%2FNORTH%20%2525 %231.TXT".to_owned(),
        "/root:/Plans//./north %2525 %231.txt".to_owned(),
        "/items/root:/Plans/north %2525 %231.txt:".to_owned(),
        "/items/root%3A%2FPlans%2Fnorth%20%2525%20%231.txt%3A".to_owned(),
        format!("/items/{folder}:/north %2525 %231.txt:"),
        format!("/items/{folder}%3A%2Fnorth%20%2525%20%231.txt%3A"),
    ];
    let drives = [
        drive.clone(),
        drive.replace('!', "%21"),
        format!("/v1.0/me/drives/{}", world.library.graph_id),
        "/v1.0/sites/root/drive".to_owned(),
    ];
    for drive in &drives {
        for form in &forms {
            let found = ann.get(&format!("{drive}{form}")).await;
            assert_eq!(found.clone().expect(200).json()["id"], made["id"], "{drive}{form}: {found}");
        }
    }
    for form in forms.iter().filter(|form| form.ends_with(':') || form.ends_with("%3A") || form.ends_with(id)) {
        for action in ["checkout", "microsoft.graph.checkout", "checkin", "checkout", "discardCheckout"] {
            ann.post(&format!("{drive}{form}/{action}")).await.expect(204);
        }
        ann.get(&format!("{drive}{form}/content")).await.expect(302);
    }
}

#[tokio::test]
async fn a_file_called_like_a_call_is_reached_by_its_path() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    ann.put(&format!("{drive}/root:/content:/content"), "x").await.expect(201);
    assert_eq!(ann.get(&format!("{drive}/root:/content")).await.expect(200).json()["name"], "content");
    assert_eq!(ann.get(&format!("{drive}/root:/content:")).await.expect(200).json()["name"], "content");
    ann.get(&format!("{drive}/root:/content:/content")).await.expect(302);
}

#[tokio::test]
async fn an_item_of_another_drive_is_not_there() {
    let server = Server::start().await;
    let (ann, world) = (server.graph(&server.world.ann), &server.world);
    let personal = world::personal(&server.vault, &world.ann).await;
    ann.get(&format!("/v1.0/me/drive/items/{}", world.file.graph_id)).await.expect(404);
    ann.get(&format!("/v1.0/drives/{}/items/{}", personal.graph_id, world.file.graph_id)).await.expect(404);
    ann.get(&format!("/v1.0/users/bob@example.com/drive/items/{}", world.file.graph_id)).await.expect(404);
    ann.get(&format!("/v1.0/drives/b!nowhere/items/{}", world.file.graph_id)).await.expect(404);
    // somebody else's own drive does not exist for others
    let bobs = world::personal(&server.vault, &world.bob).await;
    ann.get("/v1.0/users/bob@example.com/drive").await.expect(404);
    ann.get(&format!("/v1.0/drives/{}/root", bobs.graph_id)).await.expect(404);
}

#[tokio::test]
async fn sites_are_named_by_id_host_and_path() {
    let server = Server::start().await;
    let (ann, world) = (server.graph(&server.world.ann), &server.world);
    let guid = world.library.graph_site_id;
    for site in [
        "root".to_owned(),
        format!("contoso.example,{guid},{guid}"),
        format!("contoso.example%2C{guid}%2C{guid}"),
        "127.0.0.1".to_owned(),
        "contoso.example".to_owned(),
        "contoso.example:/sites/Engineering:".to_owned(),
        "contoso.example:/teams/engineering:".to_owned(),
    ] {
        let drive = ann.get(&format!("/v1.0/sites/{site}/drive")).await;
        assert_eq!(drive.clone().expect(200).json()["id"], json!(world.library.graph_id), "{site}: {drive}");
    }
    for nowhere in ["contoso.example:/sites/none:", "contoso.example:/a/b/c:", "none", "h,1,2"] {
        ann.get(&format!("/v1.0/sites/{nowhere}/drive")).await.expect(404);
    }
}

#[tokio::test]
async fn an_application_has_no_me() {
    let server = Server::start().await;
    let robot = server.graph(&server.world.robot);
    for path in ["/me", "/me/drive", "/me/drives", "/me/drive/root", "/drive/root"] {
        let refused = robot.get(&format!("/v1.0{path}")).await.expect(400).json();
        assert_eq!(refused["error"]["code"], "BadRequest");
        assert_eq!(refused["error"]["message"], "/me request is only valid with delegated authentication flow.");
    }
    robot.get(&format!("/v1.0/me/drives/{}", server.world.library.graph_id)).await.expect(400);
    robot.get(&server.plan()).await.expect(200);
}

#[tokio::test]
async fn a_licensed_user_gets_a_drive_by_asking_for_it() {
    let server = Server::start().await;
    let eve = server.graph(&server.world.eve);
    let drive = eve.get("/v1.0/me/drive").await.expect(200).json();
    assert_eq!(drive["driveType"], "business");
    assert_eq!(drive["owner"]["user"]["email"], "eve@example.com");
    assert_eq!(eve.get("/v1.0/users/eve@example.com/drive").await.expect(200).json()["id"], drive["id"]);
    eve.put("/v1.0/me/drive/root:/a/b/c.txt:/content", "deep").await.expect(201);
    assert_eq!(eve.content("/v1.0/me/drive/root:/A/B/C.TXT:").await, "deep");
    assert_eq!(eve.get("/v1.0/me/drive").await.json()["quota"]["used"], 4);
}
