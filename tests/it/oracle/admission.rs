//! Who is let in: roles, links, credentials, in the order of spec/oracle.md 3.3.

use std::fmt::Write as _;

use coatcheck::domain::item::Item;
use insta::assert_snapshot;
use serde_json::json;

use crate::support::{
    oracle::{Client, word},
    server::Server,
    world::{self, Somebody},
};

/// Every operation once, on the file `plan.txt` and the folder it lies in; what it says in one word.
async fn row(client: &Client<'_>, file: &Item, folder: &str, holder: &Somebody) -> String {
    let id = &file.oracle_id;
    let link = json!({"assignedUsers": "@everybody"});
    let answers = [
        ("information", client.get(&format!("/files/{id}")).await),
        ("versions", client.get(&format!("/files/{id}/versions")).await),
        ("items", client.get(&format!("/folders/{folder}/items")).await),
        ("data", client.get(&format!("/files/{id}/data")).await),
        ("unreserve", client.unreserve(file, &holder.person.oracle_id).await),
        ("reserve", client.reserve(file).await),
        ("upload", client.upload(folder, "other.txt", "x").await),
        ("folder", client.post(&format!("/folders/{folder}"), json!({"name": "new"})).await),
        ("link", client.post(&format!("/publiclinks/file/{id}"), link).await),
    ];
    let mut words = String::new();
    for (name, answer) in answers {
        let _ = write!(words, " {name} {}", word(&answer));
    }
    words
}

#[tokio::test]
async fn what_each_role_may() {
    let server = Server::start().await;
    let world = &server.world;
    let folder = &world.library.root_oracle_id;
    let mut table = String::new();
    let people = [
        ("eve, nothing", &world.eve),
        ("vic, viewer", &world.vic),
        ("carl, contributor with a reading license", &world.carl),
        ("ann, contributor", &world.ann),
        ("max, manager", &world.max),
        ("dora, administrator", &world.dora),
    ];
    for (who, somebody) in people {
        let client = server.oracle(somebody);
        let words = row(&client, &world.file, folder, somebody).await;
        let _ = writeln!(table, "{who}:{words}");
        // free again for the next one
        let _ = client.unreserve(&world.file, &somebody.person.oracle_id).await;
    }
    assert_snapshot!(table, @r#"
    eve, nothing: information 403/-20 versions 403/-20 items 403/-20 data 403/-20 unreserve 403/-20 reserve 403/-20 upload 403/-20 folder 403/-20 link 403/-20
    vic, viewer: information 200 versions 200 items 200 data 403/-20 unreserve 403/-20 reserve 403/-20 upload 403/-20 folder 403/-20 link 403/-20
    carl, contributor with a reading license: information 200 versions 200 items 200 data 200 unreserve 403/-20 reserve 403/-20 upload 403/-20 folder 403/-20 link 403/-20
    ann, contributor: information 200 versions 200 items 200 data 200 unreserve 200 reserve 200 upload 201 folder 201 link 403/-20
    max, manager: information 200 versions 200 items 200 data 200 unreserve 200 reserve 200 upload 201 folder 201 link 200
    dora, administrator: information 200 versions 200 items 200 data 200 unreserve 200 reserve 200 upload 201 folder 201 link 409/-17
    "#);
}

#[tokio::test]
async fn what_each_link_adds() {
    let server = Server::start().await;
    let world = &server.world;
    let folder = &world.library.root_oracle_id;
    let manager = server.oracle(&world.max);
    let mut table = String::new();
    for role in ["viewer", "downloader", "contributor"] {
        let spec = json!({"assignedUsers": "@everybody", "role": role, "linkName": role});
        let link = manager.post(&format!("/publiclinks/folder/{folder}"), spec).await.expect(200).json();
        let link = link["linkID"].as_str().unwrap();
        for (who, client) in [("eve", server.oracle(&world.eve)), ("nobody", server.oracle_nobody())] {
            let words = row(&client.link(link), &world.file, folder, &world.eve).await;
            let _ = writeln!(table, "{role} link, {who}:{words}");
            let _ = manager.unreserve(&world.file, &world.eve.person.oracle_id).await;
        }
    }
    assert_snapshot!(table, @r#"
    viewer link, eve: information 200 versions 200 items 200 data 403/-20 unreserve 403/-20 reserve 403/-20 upload 403/-20 folder 403/-20 link 403/-20
    viewer link, nobody: information 200 versions 200 items 200 data 403/-20 unreserve 403/-20 reserve 403/-20 upload 403/-20 folder 403/-20 link 403/-20
    downloader link, eve: information 200 versions 200 items 200 data 200 unreserve 403/-20 reserve 403/-20 upload 403/-20 folder 403/-20 link 403/-20
    downloader link, nobody: information 200 versions 200 items 200 data 200 unreserve 403/-20 reserve 403/-20 upload 403/-20 folder 403/-20 link 403/-20
    contributor link, eve: information 200 versions 200 items 200 data 200 unreserve 200 reserve 200 upload 201 folder 201 link 403/-20
    contributor link, nobody: information 200 versions 200 items 200 data 200 unreserve 200 reserve 401/-1 upload 201 folder 201 link 403/-20
    "#);
}

#[tokio::test]
async fn whom_a_link_admits() {
    let server = Server::start().await;
    let world = &server.world;
    let manager = server.oracle(&world.max);
    let path = format!("/publiclinks/file/{}", world.file.oracle_id);
    let other = world::file(&server.vault, &world.ann, &world.library, "other.txt", "x").await;
    let mut table = String::new();
    let audiences = [
        ("@everybody", "@everybody".to_owned()),
        ("@serviceinstance", "@serviceinstance".to_owned()),
        ("eve's id", world.eve.person.oracle_id.clone()),
        ("eve's address", "eve@example.com, ANN".to_owned()),
        ("bob", "bob".to_owned()),
    ];
    for (name, assigned) in audiences {
        let spec = json!({"assignedUsers": assigned, "linkName": name});
        let link = manager.post(&path, spec).await.expect(200).json()["linkID"].as_str().unwrap().to_owned();
        let information = format!("/files/{}", world.file.oracle_id);
        let eve = server.oracle(&world.eve).link(&link);
        let nobody = server.oracle_nobody().link(&link);
        let elsewhere = eve.get(&format!("/files/{}", other.oracle_id)).await;
        let _ = writeln!(
            table,
            "{name}: eve {}, nobody {}, eve on another file {}",
            word(&eve.get(&information).await),
            word(&nobody.get(&information).await),
            word(&elsewhere),
        );
    }
    assert_snapshot!(table, @r#"
    @everybody: eve 200, nobody 200, eve on another file 403/-20
    @serviceinstance: eve 200, nobody 401/-1, eve on another file 403/-20
    eve's id: eve 200, nobody 401/-1, eve on another file 403/-20
    eve's address: eve 200, nobody 401/-1, eve on another file 403/-20
    bob: eve 403/-20, nobody 401/-1, eve on another file 403/-20
    "#);
}

#[tokio::test]
async fn the_order_of_the_decision() {
    let server = Server::start().await;
    let world = &server.world;
    let manager = server.oracle(&world.max);
    let file = format!("/files/{}", world.file.oracle_id);
    let missing = format!("/files/D{}", "0".repeat(43));
    let path = format!("/publiclinks/file/{}", world.file.oracle_id);
    let make = async |spec| manager.post(&path, spec).await.expect(200).json()["linkID"].as_str().unwrap().to_owned();
    let ended = json!({"assignedUsers": "@everybody", "linkName": "ended", "expirationTime": "2017-01-01T00:00:01"});
    let ended = make(ended).await;
    let coded = json!({"assignedUsers": "@everybody", "linkName": "coded", "password": "test12345"});
    let coded = make(coded).await;
    let listed = json!({"assignedUsers": "bob", "linkName": "listed", "password": "test12345"});
    let listed = make(listed).await;
    let unknown = format!("LF{}", "0".repeat(42));
    let (eve, nobody) = (server.oracle(&world.eve), server.oracle_nobody());

    let get = async |client: &Client<'_>, path: &str| word(&client.get(path).await);
    // nobody, with nothing: not even whether it is there
    assert_eq!(get(&nobody, &file).await, "401/-1");
    assert_eq!(get(&nobody, &missing).await, "401/-1");
    // what is not there is not there for anybody, whatever link is brought
    assert_eq!(get(&eve, &missing).await, "404/-16");
    assert_eq!(get(&eve.link(&unknown), &missing).await, "404/-16");
    assert_eq!(get(&nobody.link(&coded), &missing).await, "404/-16");
    // the own role suffices: the link is not looked at
    assert_eq!(get(&server.oracle(&world.vic).link(&ended), &file).await, "200");
    assert_eq!(get(&eve, &file).await, "403/-20");
    assert_eq!(get(&eve.link(&unknown), &file).await, "400/-26");
    assert_eq!(get(&eve.link("nonsense"), &file).await, "400/-26");
    assert_eq!(get(&eve.link(&ended), &file).await, "400/-26");
    // who is not on the list learns nothing of the code
    assert_eq!(get(&eve.link(&listed), &file).await, "403/-20");
    assert_eq!(get(&nobody.link(&listed), &file).await, "401/-1");
    assert_eq!(get(&nobody.link(&coded), &file).await, "403/-18");
    assert_eq!(get(&nobody.link(&coded).code("test12345"), &file).await, "200");
    // a code that is not in the cookie does not count
    let header = nobody.link(&coded).request(reqwest::Method::GET, &file).header("dAccessCode", "test12345");
    assert_eq!(word(&server.send(header).await), "403/-18");
    // a role above the link's: the link of a viewer makes nobody a contributor
    assert_eq!(word(&eve.link(&coded).code("test12345").reserve(&world.file).await), "403/-20");
    // a link works until it ends, to the second
    let soon = json!({"assignedUsers": "@everybody", "linkName": "soon", "expirationTime": "2026-03-04T05:06:08Z"});
    let soon = make(soon).await;
    assert_eq!(get(&nobody.link(&soon), &file).await, "200");
    server.advance(chrono::Duration::seconds(1));
    assert_eq!(get(&nobody.link(&soon), &file).await, "400/-26");
    // an applink is an invalid link
    let request = nobody.request(reqwest::Method::GET, &file).header("appLinkID", "x").header("accessToken", "y");
    assert_eq!(word(&server.send(request).await), "400/-26");
}

#[tokio::test]
async fn a_wrong_credential_is_wrong_whatever_comes_with_it() {
    let server = Server::start().await;
    let world = &server.world;
    let path = format!("/publiclinks/file/{}", world.file.oracle_id);
    let link = server.oracle(&world.max).post(&path, json!({"assignedUsers": "@everybody"})).await.expect(200).json();
    let link = link["linkID"].as_str().unwrap();
    let url = server.url(&format!("/documents/api/1.1/files/{}", world.file.oracle_id));
    let ask = async |authorization: &str| {
        let request = server.http.get(&url).header("LinkID", link).header("Authorization", authorization);
        server.send(request).await
    };
    for wrong in ["Basic YW5uOndyb25n", "Basic", "Basic %%%", "Bearer nonsense", "Digest x", "Basic AGE6Yg=="] {
        let answer = ask(wrong).await.expect(401);
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"Oracle Content\"", "{wrong}");
    }
    // this word is for nobody, whom the link admits
    ask("Bearer anonymous").await.expect(200);
    ask(&format!("Bearer {}", world.ann.token)).await.expect(200);
    let by_address = server.http.get(&url).basic_auth("Ann@Example.com", Some(world::PASSWORD));
    server.send(by_address).await.expect(200);
    let request = server.http.get(&url).header("Authorization", "Bearer anonymous");
    server.send(request).await.expect(401);
}

#[tokio::test]
async fn a_token_reaches_no_further_than_its_scopes() {
    let server = Server::start().await;
    let world = &server.world;
    let reading = world::token(&server.vault, world.ann.person.id, &["Files.Read.All"]).await;
    let free = world::token(&server.vault, world.ann.person.id, &[]).await;
    let path = format!("/documents/api/1.1/files/{}", world.file.oracle_id);
    let reserve = format!("{path}/reserve");
    server.send(server.get(&path).bearer_auth(&reading)).await.expect(200);
    let answer = server.send(server.post(&reserve).bearer_auth(&reading)).await;
    assert_eq!(word(&answer), "403/-20");
    server.send(server.post(&reserve).bearer_auth(&free)).await.expect(200);
}
