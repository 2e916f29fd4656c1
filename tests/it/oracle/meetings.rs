//! Where moving, the trash, shares, links, transfers and what is said about items meet each other.

use coatcheck::domain::{id::LibraryKey, person::License};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use super::{
    tree::{apply, file, folder, id_in, names, said},
    turmoil::is_sound,
};
use crate::support::{
    oracle::{Client, rows, status},
    server::Server,
    world,
};

/// A body that names a destination.
pub fn to(folder: &str) -> Value {
    json!({ "destinationID": folder })
}

/// The id in the caller's trash of what has this id elsewhere.
pub async fn trash_id(client: &Client<'_>, id: &str) -> Option<String> {
    let answer = client.service("FLD_BROWSE_TRASH", &[("fileCount", "-1")]).await;
    let of = |set: &str, column: &'static str| {
        rows(&answer, set).into_iter().map(move |row| (row["fRealItemGUID"].clone(), row[column].clone()))
    };
    let mut all = of("ChildFiles", "fFileGUID").chain(of("ChildFolders", "fFolderGUID"));
    all.find(|(real, _)| real == id).map(|(_, trash)| trash)
}

async fn restore(client: &Client<'_>, id: &str) -> String {
    let trash = trash_id(client, id).await.unwrap();
    status(&client.service("FLD_RESTORE", &[("items", &trash)]).await)
}

async fn purge(client: &Client<'_>, id: &str) {
    let trash = trash_id(client, id).await.unwrap();
    let answer = client.service("FLD_DELETE_FROM_TRASH", &[("item", &trash)]).await;
    assert!(status(&answer).starts_with("0 "), "{answer}");
}

async fn transfer(server: &Server, from: &world::Somebody, to: &world::Somebody) {
    let path = format!("/users/{}/transferContent?targetUserID={}", from.person.oracle_id, to.person.oracle_id);
    server.send(server.oracle(&server.world.dora).request(Method::POST, &path)).await.expect(200);
}

#[tokio::test]
async fn what_was_deleted_for_good_is_nothing_to_transfer() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.oracle(&world.ann), server.oracle(&world.bob));
    let gone = file(&ann, "self", "gone.txt", "x").await;
    ann.delete(&format!("/files/{gone}")).await.expect(200);
    purge(&ann, &gone).await;
    transfer(&server, &world.ann, &world.bob).await;
    assert_eq!(names(&bob, "self").await, ["Engineering"]);

    // what was deleted by itself in a folder that is gone for good goes along, as all of the trash does
    let outer = folder(&ann, "self", "outer").await;
    let alone = file(&ann, &outer, "alone.txt", "x").await;
    ann.delete(&format!("/files/{alone}")).await.expect(200);
    ann.delete(&format!("/folders/{outer}")).await.expect(200);
    purge(&ann, &outer).await;
    transfer(&server, &world.ann, &world.bob).await;
    assert_eq!(trash_id(&ann, &alone).await, None);
    assert!(trash_id(&bob, &alone).await.is_some());
    assert!(restore(&bob, &alone).await.starts_with("-1 "), "its folder is gone");
    purge(&bob, &alone).await;
}

#[tokio::test]
async fn an_owner_who_was_left_without_a_role_can_be_shared_with() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, max) = (server.oracle(&world.ann), server.oracle(&world.bob), server.oracle(&world.max));
    let root = &world.library.root_oracle_id;
    let with = |who: &world::Somebody| json!({"userID": who.person.oracle_id, "role": "viewer"});

    // Bob's folder comes into Ann's own library, and stays his
    let moved = folder(&bob, root, "moved").await;
    ann.post(&format!("/folders/{moved}/move"), to("self")).await.expect(200);
    assert_eq!(said(&bob.get(&format!("/folders/{moved}")).await), "403 -20");
    ann.post(&format!("/shares/{moved}"), with(&world.bob)).await.expect(200);
    bob.get(&format!("/folders/{moved}")).await.expect(200);
    // and once he has a role, it can be changed and taken
    let better = json!({"userID": "bob", "role": "contributor"});
    ann.put(&format!("/shares/{moved}/role"), better).await.expect(200);
    ann.send(Method::DELETE, &format!("/shares/{moved}/user"), json!({"userID": "bob"})).await.expect(200);
    assert_eq!(said(&bob.get(&format!("/folders/{moved}")).await), "403 -20");
    // whose library it is needs no share
    assert_eq!(said(&ann.post(&format!("/shares/{moved}"), with(&world.ann)).await), "409 -1");

    // Ann's folder is given to Eve, who is no member
    let given = folder(&ann, root, "given").await;
    assert_eq!(said(&max.post(&format!("/shares/{given}"), with(&world.ann)).await), "409 -1");
    transfer(&server, &world.ann, &world.eve).await;
    let eve = server.oracle(&world.eve);
    assert_eq!(said(&eve.get(&format!("/folders/{given}")).await), "403 -20");
    max.post(&format!("/shares/{given}"), with(&world.eve)).await.expect(200);
    assert_eq!(eve.get(&format!("/folders/{given}")).await.expect(200).json()["ownedBy"]["loginName"], "eve");
}

#[tokio::test]
async fn a_home_shows_no_more_than_the_credential_reaches() {
    let server = Server::start().await;
    let world = &server.world;
    let gus = world::user(&server.vault, "gus", License::Full, false).await;
    let seed = "[[groups]]\nname = \"Crew\"\nmembers = [\"gus\"]\n";
    apply(&server, seed).await;
    let max = server.oracle(&world.max);
    let crew = folder(&max, &world.library.root_oracle_id, "crew").await;
    let alone = folder(&max, &world.library.root_oracle_id, "alone").await;
    let group = server.vault.principal_named("Crew").await.unwrap();
    for (shared, with) in [(&crew, &group.oracle_id), (&alone, &gus.person.oracle_id)] {
        let spec = json!({"userID": with, "role": "viewer"});
        max.post(&format!("/shares/{shared}"), spec).await.expect(200);
    }
    let narrow = world::token(&server.vault, gus.person.id, &["Files.Read"]).await;
    for (token, seen) in [(&gus.token, vec!["alone", "crew"]), (&narrow, vec!["alone"])] {
        let get = async |path: &str| {
            let request = server.get(&format!("/documents/api/1.1{path}")).bearer_auth(token);
            server.send(request).await
        };
        let listing = get("/folders/self/items").await.expect(200).json();
        let listed: Vec<_> = listing["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect();
        assert_eq!(listed, seen);
        let found = get("/folders/search/items?fulltext=*").await.expect(200).json();
        assert_eq!(found["totalResults"], listing["totalResults"]);
        let reached = get(&format!("/folders/{crew}")).await.status.is_success();
        assert_eq!(reached, seen.contains(&"crew"));
    }
}

#[tokio::test]
async fn the_trash_below_a_folder_goes_where_the_folder_goes() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.oracle(&world.ann), server.oracle(&world.bob));
    let outer = folder(&ann, &world.library.root_oracle_id, "outer").await;
    let inner = folder(&ann, &outer, "inner").await;
    let deep = file(&ann, &inner, "deep.txt", "deep").await;
    let other = file(&ann, &outer, "other.txt", "other").await;
    ann.delete(&format!("/files/{other}")).await.expect(200);
    ann.delete(&format!("/folders/{inner}")).await.expect(200);
    ann.post(&format!("/folders/{outer}/move"), to("self")).await.expect(200);
    // a name that is taken meanwhile
    file(&ann, &outer, "other.txt", "new").await;
    for id in [&inner, &other] {
        assert!(restore(&ann, id).await.starts_with("0 "));
    }
    assert_eq!(names(&ann, &outer).await, ["inner", "other(2).txt", "other.txt"]);
    assert_eq!(ann.get(&format!("/files/{deep}/data")).await.expect(200).text(), "deep");
    assert_eq!(said(&bob.get(&format!("/files/{deep}")).await), "403 -20");
    ann.reserve_id(&deep).await.expect(200);
    let own = server.vault.library_named(&LibraryKey::OwnedBy(world.ann.person.id)).await.unwrap().unwrap();
    let path = format!("/v1.0/drives/{}/root:/outer/inner/deep.txt", own.graph_id);
    assert_eq!(server.graph(&world.ann).get(&path).await.expect(200).json()["name"], "deep.txt");

    // gone for good with its folder's links and shares
    let spec = json!({ "assignedUsers": "@everybody" });
    let link = ann.post(&format!("/publiclinks/folder/{inner}"), spec).await.expect(200).json();
    let link = link["linkID"].as_str().unwrap().to_owned();
    ann.post(&format!("/shares/{inner}"), json!({"userID": "bob", "role": "viewer"})).await.expect(200);
    server.oracle_nobody().link(&link).get(&format!("/files/{deep}")).await.expect(200);
    bob.get(&format!("/files/{deep}")).await.expect(200);
    ann.delete(&format!("/folders/{inner}")).await.expect(200);
    for client in [&bob, &server.oracle_nobody().link(&link)] {
        assert_eq!(said(&client.get(&format!("/files/{deep}")).await), "404 -16");
    }
    assert!(restore(&ann, &inner).await.starts_with("0 "));
    server.oracle_nobody().link(&link).get(&format!("/files/{deep}")).await.expect(200);
    bob.get(&format!("/files/{deep}")).await.expect(200);
    assert_eq!(names(&bob, "self").await, ["Engineering", "inner"]);
    ann.delete(&format!("/folders/{inner}")).await.expect(200);
    purge(&ann, &inner).await;
    assert_eq!(names(&bob, "self").await, ["Engineering"]);
    // a copy of what was above does not bring it back
    let beside = json!({"destinationID": "self", "duplicateResolution": "TimeStampSuffix"});
    let copy = id_in(&ann.post(&format!("/folders/{outer}/copy"), beside).await.expect(200));
    assert_eq!(names(&ann, &copy).await, ["other(2).txt", "other.txt"]);
}

#[tokio::test]
async fn one_request_for_many_files_is_one_guess_of_an_access_code() {
    let server = Server::start_with(&[("oracle.wrong_codes_per_link", "4")]).await;
    let world = &server.world;
    let max = server.oracle(&world.max);
    let shared = folder(&max, &world.library.root_oracle_id, "shared").await;
    let mut files = Vec::new();
    for number in 0..6 {
        files.push(file(&max, &shared, &format!("{number}.txt"), "x").await);
    }
    let spec = json!({"assignedUsers": "@everybody", "password": "test12345"});
    let link = max.post(&format!("/publiclinks/folder/{shared}"), spec).await.expect(200).json();
    let nobody = server.oracle_nobody().link(link["linkID"].as_str().unwrap());
    let lists = format!("/files/lists?ids={}", files.join(","));
    assert_eq!(nobody.code("wrong1234").get(&lists).await.expect(200).json()["count"], "0");
    nobody.code("test12345").get(&format!("/files/{}", files[0])).await.expect(200);
    assert_eq!(nobody.code("test12345").get(&lists).await.expect(200).json()["count"], "6");
}

#[tokio::test]
async fn folders_far_below_each_other_are_too_much_to_copy_at_once() {
    let server = Server::start().await;
    let ann = server.oracle(&server.world.ann);
    let top = folder(&ann, "self", "top").await;
    let mut bottom = top.clone();
    for _ in 0..44 {
        bottom = folder(&ann, &bottom, "x").await;
    }
    // a copy of all of it goes below its own deepest folder: twice as deep each time
    for round in 0..4 {
        let holder = folder(&ann, "self", &format!("holder {round}")).await;
        let copy = id_in(&ann.post(&format!("/folders/{top}/copy"), to(&holder)).await.expect(200));
        ann.post(&format!("/folders/{copy}/move"), to(&bottom)).await.expect(200);
        let deepest = "SELECT oracle_id FROM items WHERE kind = 'folder' ORDER BY cardinality(ancestors) DESC LIMIT 1";
        let mut db = PgConnection::connect(&server.database.url).await.unwrap();
        bottom = sqlx::query_scalar(deepest).fetch_one(&mut db).await.unwrap();
    }
    let holder = folder(&ann, "self", "holder").await;
    let refused = ann.post(&format!("/folders/{top}/copy"), to(&holder)).await;
    assert_eq!(said(&refused), "409 -1");
    assert!(refused.text().contains("more in one folder than is copied at once"), "{refused}");
    is_sound(&server).await;
}

#[tokio::test]
async fn what_is_deleted_in_ones_own_library_is_in_ones_own_trash_whoever_made_it() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.oracle(&world.ann), server.oracle(&world.bob));
    let moved = folder(&bob, &world.library.root_oracle_id, "moved").await;
    let inner = file(&bob, &moved, "inner.txt", "x").await;
    ann.post(&format!("/folders/{moved}/move"), to("self")).await.expect(200);
    for (id, path) in [(&inner, format!("/files/{inner}")), (&moved, format!("/folders/{moved}"))] {
        ann.delete(&path).await.expect(200);
        assert_eq!(trash_id(&bob, id).await, None);
        assert!(restore(&ann, id).await.starts_with("0 "));
        assert_eq!(ann.get(&path).await.expect(200).json()["ownedBy"]["loginName"], "bob");
    }
    ann.post(&format!("/shares/{moved}"), json!({"userID": "bob", "role": "contributor"})).await.expect(200);
    bob.delete(&format!("/files/{inner}")).await.expect(200);
    assert_eq!(trash_id(&bob, &inner).await, None);
    ann.delete(&format!("/folders/{moved}")).await.expect(200);
    purge(&ann, &moved).await;
    purge(&ann, &inner).await;
    // what Bob has elsewhere is his
    let his = file(&bob, &world.library.root_oracle_id, "his.txt", "x").await;
    ann.delete(&format!("/files/{his}")).await.expect(200);
    assert_eq!(trash_id(&ann, &his).await, None);
    assert!(restore(&bob, &his).await.starts_with("0 "));
}

#[tokio::test]
async fn who_was_let_into_a_folder_cannot_carry_it_away() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.oracle(&world.ann), server.oracle(&world.bob));
    let shared = folder(&ann, "self", "shared").await;
    let inner = folder(&ann, &shared, "inner").await;
    let alone = file(&ann, "self", "alone.txt", "x").await;
    ann.post(&format!("/shares/{shared}"), json!({"userID": "bob", "role": "contributor"})).await.expect(200);
    let mut links = Vec::new();
    for path in [format!("folder/{shared}"), format!("file/{alone}")] {
        let spec = json!({"assignedUsers": "@everybody", "role": "contributor"});
        let link = ann.post(&format!("/publiclinks/{path}"), spec).await.expect(200).json();
        links.push(link["linkID"].as_str().unwrap().to_owned());
    }
    let eve = server.oracle(&world.eve);
    for (client, path) in [
        (&bob, format!("/folders/{shared}/move")),
        (&eve.link(&links[0]), format!("/folders/{shared}/move")),
        (&eve.link(&links[1]), format!("/files/{alone}/move")),
    ] {
        assert_eq!(said(&client.post(&path, to("self")).await), "403 -20", "{path}");
    }
    assert_eq!(names(&ann, "self").await, ["Engineering", "shared", "alone.txt"]);
    // what lies in it can be taken, as it can be deleted
    bob.post(&format!("/folders/{inner}/move"), to("self")).await.expect(200);
    assert_eq!(names(&bob, "self").await, ["Engineering", "inner", "shared"]);
}
