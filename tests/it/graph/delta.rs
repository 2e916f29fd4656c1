//! The change feed (spec/graph.md 9.1): what is told, to whom, and which tokens say nothing.
#![expect(clippy::many_single_char_names, reason = "the names of the items")]

use chrono::Duration;
use coatcheck::{
    domain::{
        actor::{Level, Role},
        id::{CategoryId, ItemKey},
        item::Change,
        lock::CheckOut,
        person::License,
    },
    vault::setup::CategoryEntry,
};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use super::mirror::{Mirror, listed};
use crate::support::{
    acts::{CLIENTS, Clients},
    graph::Graph,
    server::Server,
    world,
};

async fn folder(client: &Graph<'_>, parent: &str, name: &str) -> String {
    let body = json!({"name": name, "folder": {}});
    client.post_json(&format!("{parent}/children"), body).await.expect(201).json()["id"].as_str().unwrap().to_owned()
}

async fn file(client: &Graph<'_>, parent: &str, name: &str) -> String {
    client.put(&format!("{parent}:/{name}:/content"), name).await.expect(201).json()["id"].as_str().unwrap().to_owned()
}

/// `a/b/c.txt`, `a/d.txt` and `z` in the root folder of the world's library; their ids.
async fn tree(server: &Server) -> [String; 5] {
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let at = |id: &str| format!("{drive}/items/{id}");
    let a = folder(&ann, &format!("{drive}/root"), "a").await;
    let b = folder(&ann, &at(&a), "b").await;
    let c = file(&ann, &at(&b), "c.txt").await;
    let d = file(&ann, &at(&a), "d.txt").await;
    let z = folder(&ann, &format!("{drive}/root"), "z").await;
    [a, b, c, d, z]
}

#[tokio::test]
async fn everything_is_listed_first_parents_before_children_in_pages_that_keep_the_options() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    tree(&server).await;
    let mut path = format!("{drive}/root/delta()?%24top=2&$select=id%2Cname,parentReference&AVOverride=1");
    let mut known: Vec<String> = Vec::new();
    let mut pages = 0;
    let last = loop {
        let page = ann.get(&path).await.expect(200).json();
        pages += 1;
        for item in page["value"].as_array().unwrap() {
            assert_eq!(item.as_object().unwrap().len(), 3, "{item}");
            assert_eq!(item["parentReference"]["driveId"], server.world.library.graph_id);
            match item["parentReference"]["id"].as_str() {
                Some(parent) => assert!(known.contains(&parent.to_owned()), "{item} before its parent"),
                None => assert!(known.is_empty() && item["name"] == "root", "{item}"),
            }
            known.push(item["id"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["@odata.nextLink"].as_str() else { break page };
        assert!(next.starts_with(&server.url(&drive.replace('!', "%21"))), "{next}");
        assert!(next.ends_with("&%24top=2&$select=id%2Cname,parentReference&AVOverride=1"), "{next}");
        path = next.replace(&server.url(""), "");
    };
    assert_eq!((known.len(), pages), (7, 4));
    assert!(last["@odata.deltaLink"].as_str().unwrap().contains("/root/delta?token="), "{last}");
    // every size of page lists the same
    for top in [1, 3, 6, 7, 8, 1000] {
        let mirror = Mirror::of(&ann, &format!("{drive}/root"), top).await;
        assert_eq!(mirror.items, listed(&ann, &drive, &format!("{drive}/root")).await);
        assert_eq!(mirror.told.len(), 7, "pages of {top}");
    }
}

#[tokio::test]
async fn only_what_has_changed_is_told_once_as_it_is_now() {
    let server = Server::start().await;
    let (ann, bob, drive) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.drive());
    let [a, b, c, d, z] = tree(&server).await;
    let root = format!("{drive}/root");
    let at = |id: &str| format!("{drive}/items/{id}");
    let mut mirror = Mirror::of(&bob, &root, 2).await;
    assert_eq!(mirror.next(&bob).await, "");
    ann.patch(&at(&c), json!({"name": "e.txt"})).await.expect(200);
    ann.put(&format!("{}/content", at(&c)), "more").await.expect(200);
    ann.patch(&at(&c), json!({"description": "words"})).await.expect(200);
    assert_eq!(mirror.next(&bob).await, "e.txt");
    ann.patch(&at(&d), json!({"fileSystemInfo": {"lastModifiedDateTime": "2020-01-01T00:00:00Z"}})).await.expect(200);
    assert_eq!(mirror.next(&bob).await, "d.txt");
    // a folder that is moved takes along what lies in it, whose eTags are others then
    ann.patch(&at(&a), json!({"parentReference": {"id": z}})).await.expect(200);
    assert_eq!(mirror.next(&bob).await, "a b d.txt e.txt");
    ann.patch(&at(&a), json!({"name": "A"})).await.expect(200);
    assert_eq!(mirror.next(&bob).await, "A");
    ann.delete(&at(&b)).await.expect(204);
    ann.delete(&at(&d)).await.expect(204);
    assert_eq!(mirror.next(&bob).await, "-b -d.txt -e.txt");
    // out of the trash, with all that went along
    server.oracle(&server.world.ann).service("FLD_RESTORE", &[("items", &trash_id(&server, "b").await)]).await;
    assert_eq!(mirror.next(&bob).await, "b e.txt");
    assert_eq!(mirror.items, listed(&bob, &drive, &root).await);
    assert_eq!(mirror.next(&bob).await, "");
    // refusals are no changes
    bob.post(&format!("{}/discardCheckout", at(&c))).await.expect(400);
    server.graph(&server.world.vic).delete(&at(&c)).await.expect(403);
    assert_eq!(mirror.next(&bob).await, "");
}

/// The id in Ann's trash of what was deleted under a name.
async fn trash_id(server: &Server, name: &str) -> String {
    let ann = world::actor(&server.vault, &server.world.ann).await;
    let trash = server.vault.trash(&ann, 100).await.unwrap();
    trash.into_iter().find(|trashed| trashed.item.name == name).unwrap().id
}

#[tokio::test]
async fn what_is_deleted_is_named_by_its_id_and_its_kind_and_nothing_else() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let folder = folder(&ann, &format!("{drive}/root"), "f").await;
    let latest = ann.get(&format!("{drive}/root/delta?token=latest")).await.expect(200).json();
    assert_eq!(latest["value"], json!([]));
    ann.delete(&server.plan()).await.expect(204);
    ann.delete(&format!("{drive}/items/{folder}")).await.expect(204);
    let link = latest["@odata.deltaLink"].as_str().unwrap().replace(&server.url(""), "");
    let world = &server.world;
    let parent = json!({"driveId": world.library.graph_id, "id": world.library.root_graph_id});
    let gone = |id: &str, facet: &str| {
        let mut gone = json!({"id": id, "deleted": {"state": "deleted"}, "parentReference": parent});
        if !facet.is_empty() {
            gone[facet] = json!({});
        }
        gone
    };
    for (select, file, folders) in [("", "file", "folder"), ("&$select=file", "file", ""), ("&select=name", "", "")] {
        let page = ann.get(&format!("{link}{select}")).await.expect(200).json();
        assert_eq!(page["value"], json!([gone(&world.file.graph_id, file), gone(&folder, folders)]), "{select}");
    }
}

#[tokio::test]
async fn a_path_is_told_to_who_names_the_parent_and_to_nobody_else() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let [_, _, c, ..] = tree(&server).await;
    for (select, expected) in [
        ("", None),
        ("?select=*", None),
        ("?$select=id,name,file,parentReference,size", Some("root:/a/b")),
        ("?select=parentreference/path", Some("root:/a/b")),
    ] {
        let page = ann.get(&format!("{drive}/root/delta{select}")).await.expect(200).json();
        let items = page["value"].as_array().unwrap();
        let parent = &items.iter().find(|item| item["id"] == c).unwrap()["parentReference"];
        let path = expected.map(|path| format!("/drives/{}/{path}", server.world.library.graph_id));
        assert_eq!(parent["path"].as_str(), path.as_deref(), "{select}");
        assert!(parent["id"].is_string() && parent["driveId"].is_string(), "{parent}");
    }
}

#[tokio::test]
async fn a_token_is_read_wherever_it_stands() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let latest = ann.get(&format!("{drive}/root/delta(token='latest')")).await.expect(200).json();
    let link = latest["@odata.deltaLink"].as_str().unwrap();
    let token = link.split_once("token=").unwrap().1;
    ann.patch(&server.plan(), json!({"name": "other.txt"})).await.expect(200);
    for path in [
        format!("{drive}/root/delta?token={token}"),
        format!("{drive}/root/delta()?$token={token}"),
        format!("{drive}/root/delta?$deltatoken={token}"),
        format!("{drive}/root/delta?$skipToken={token}"),
        format!("{drive}/root/delta(token='{token}')"),
        format!("{drive}/root/microsoft.graph.delta(token='{token}')"),
        format!("{drive}/items/{}/delta?token={token}", server.world.library.root_graph_id),
        format!("{drive}/root:/:/delta?token={token}").replace("/v1.0", "/beta"),
        format!("{drive}/root/delta?Token={token}").replace("/v1.0", ""),
    ] {
        let page = ann.get(&path).await.expect(200).json();
        assert_eq!(page["value"][0]["name"], "other.txt", "{path}");
        assert_eq!(page["value"].as_array().unwrap().len(), 1);
    }
    // nothing named is nothing said
    for path in [format!("{drive}/root/delta(token='')"), format!("{drive}/root/delta?token=")] {
        assert_eq!(ann.get(&path).await.expect(200).json()["value"].as_array().unwrap().len(), 2, "{path}");
    }
}

#[tokio::test]
async fn check_out_save_discard_and_check_in_are_told_to_whom_they_show() {
    let server = Server::start().await;
    let (ann, bob, drive, plan) =
        (server.graph(&server.world.ann), server.graph(&server.world.bob), server.drive(), server.plan());
    let root = format!("{drive}/root");
    let (mut holder, mut other) = (Mirror::of(&ann, &root, 10).await, Mirror::of(&bob, &root, 10).await);
    let told = async |holder: &mut Mirror, other: &mut Mirror| {
        (holder.next(&ann).await == "plan.txt", other.next(&bob).await == "plan.txt")
    };
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    assert_eq!(told(&mut holder, &mut other).await, (true, true));
    // the repeated one changes nothing
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    assert_eq!(told(&mut holder, &mut other).await, (false, false));
    ann.put(&format!("{plan}/content"), "mine").await.expect(200);
    assert_eq!(told(&mut holder, &mut other).await, (true, false));
    ann.post(&format!("{plan}/discardCheckout")).await.expect(204);
    assert_eq!(told(&mut holder, &mut other).await, (true, true));
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    ann.put(&format!("{plan}/content"), "mine").await.expect(200);
    ann.post_json(&format!("{plan}/checkin"), json!({})).await.expect(204);
    assert_eq!(told(&mut holder, &mut other).await, (true, true));
    assert_eq!(holder.items, listed(&ann, &drive, &root).await);
    assert_eq!(other.items, listed(&bob, &drive, &root).await);
}

#[tokio::test]
async fn a_code_given_while_a_file_is_checked_out_is_told_to_everybody_and_what_is_saved_is_not() {
    let server = Server::start().await;
    let (bob, drive) = (server.graph(&server.world.bob), server.drive());
    let root = format!("{drive}/root");
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    let mut mirror = Mirror::of(&bob, &root, 10).await;
    ann.update("mine", "MINOR").await.expect(200);
    assert_eq!(mirror.next(&bob).await, "");
    let before = mirror.items.clone();
    let coded = ann.revision("mine still").text("dlVersionNumberIncrease", "MINOR");
    let coded = coded.text("externalReferenceCode", "ERP-17");
    ann.parts("/dlapp/update-file-entry", coded).await.expect(200);
    assert_eq!(mirror.next(&bob).await, "plan.txt");
    assert_ne!(mirror.items, before);
    assert_eq!(mirror.items, listed(&bob, &drive, &root).await);
    // what Ann says of her working copy is hers until she checks it in
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let said: Vec<Option<String>> =
        sqlx::query_scalar("SELECT comment FROM events WHERE item_id = $1 AND verb = 'update'")
            .bind(server.world.file.id.0)
            .fetch_all(&mut db)
            .await
            .unwrap();
    assert_eq!(said, [None]);
    // the same code again is no news
    let again = ann.revision("mine again").text("dlVersionNumberIncrease", "MINOR");
    ann.parts("/dlapp/update-file-entry", again.text("externalReferenceCode", "ERP-17")).await.expect(200);
    assert_eq!(mirror.next(&bob).await, "");
}

#[tokio::test]
async fn a_lock_that_ends_by_itself_is_told_without_anybody_doing_anything() {
    let server = Server::start().await;
    let (bob, drive) = (server.graph(&server.world.bob), server.drive());
    let root = format!("{drive}/root");
    let ann = world::actor(&server.vault, &server.world.ann).await;
    let look = server.vault.look(&ann, &ItemKey::Id(server.world.file.id)).await.unwrap();
    let hour = CheckOut { lifetime: Some(Duration::hours(1)), ..CheckOut::default() };
    let mut mirror = Mirror::of(&bob, &root, 10).await;
    server.vault.check_out(&ann, &look, hour.clone()).await.unwrap();
    assert_eq!(mirror.next(&bob).await, "plan.txt");
    server.advance(Duration::minutes(59));
    assert_eq!(mirror.next(&bob).await, "");
    server.advance(Duration::minutes(1));
    assert_eq!(mirror.next(&bob).await, "plan.txt");
    assert_eq!(mirror.items, listed(&bob, &drive, &root).await);
    // once, and again with the next taking
    server.advance(Duration::minutes(1));
    assert_eq!(mirror.next(&bob).await, "");
    server.vault.check_out(&ann, &look, hour).await.unwrap();
    server.advance(Duration::hours(2));
    assert_eq!(mirror.next(&bob).await, "plan.txt");
    assert_eq!(mirror.next(&bob).await, "");
}

#[tokio::test]
async fn a_folder_below_the_root_is_followed_alone() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let [a, b, c, d, z] = tree(&server).await;
    let at = |id: &str| format!("{drive}/items/{id}");
    let mut mirror = Mirror::of(&ann, &at(&a), 2).await;
    assert_eq!(mirror.items, listed(&ann, &drive, &at(&a)).await);
    assert_eq!(mirror.items.len(), 4);
    // what happens elsewhere is none of its business
    ann.patch(&server.plan(), json!({"name": "elsewhere.txt"})).await.expect(200);
    ann.patch(&at(&z), json!({"name": "y"})).await.expect(200);
    assert_eq!(mirror.next(&ann).await, "");
    // out of it is gone, into it is there, with all below
    ann.patch(&at(&b), json!({"parentReference": {"id": z}})).await.expect(200);
    assert_eq!(mirror.next(&ann).await, "-b -c.txt");
    ann.patch(&at(&c), json!({"name": "outside.txt"})).await.expect(200);
    assert_eq!(mirror.next(&ann).await, "");
    ann.patch(&at(&z), json!({"parentReference": {"id": a}})).await.expect(200);
    assert_eq!(mirror.next(&ann).await, "b outside.txt y");
    // out with the folder, and out of that one: each step on its way, told at once
    ann.patch(&at(&z), json!({"parentReference": {"path": "/drive/root:"}})).await.expect(200);
    ann.patch(&at(&c), json!({"parentReference": {"path": "/drive/root:"}})).await.expect(200);
    ann.delete(&at(&c)).await.expect(204);
    assert_eq!(mirror.next(&ann).await, "-b -outside.txt -y");
    // the folder itself
    ann.patch(&at(&a), json!({"name": "A"})).await.expect(200);
    assert_eq!(mirror.next(&ann).await, "A");
    ann.patch(&at(&a), json!({"parentReference": {"id": z}})).await.expect(200);
    assert_eq!(mirror.next(&ann).await, "A d.txt");
    ann.delete(&at(&d)).await.expect(204);
    assert_eq!(mirror.next(&ann).await, "-d.txt");
    assert_eq!(mirror.items, listed(&ann, &drive, &at(&a)).await);
    ann.delete(&at(&a)).await.expect(204);
    ann.get(&mirror.link).await.expect(404);
}

#[tokio::test]
async fn whoever_sees_only_a_folder_is_told_of_that_folder() {
    let server = Server::start().await;
    let (ann, eve, drive) = (server.graph(&server.world.ann), server.graph(&server.world.eve), server.drive());
    let [a, b, c, _, z] = tree(&server).await;
    let at = |id: &str| format!("{drive}/items/{id}");
    let given = world::actor(&server.vault, &server.world.ann).await;
    let given = server.vault.item(&given, &ItemKey::Graph(a.clone())).await.unwrap();
    server.vault.grant(given.id, server.world.eve.person.id, Role::Viewer, None).await.unwrap();
    let mut mirror = Mirror::of(&eve, &at(&a), 10).await;
    assert_eq!(mirror.items.len(), 4);
    for other in [format!("{drive}/root"), at(&z)] {
        eve.get(&format!("{other}/delta")).await.expect(404);
    }
    // taken where she sees nothing: gone for her, and she is told no more of it
    ann.patch(&at(&b), json!({"parentReference": {"id": z}})).await.expect(200);
    assert_eq!(mirror.next(&eve).await, "-b -c.txt");
    ann.put(&format!("{}/content", at(&c)), "hidden").await.expect(200);
    let page = eve.get(&mirror.link).await.expect(200).json();
    assert_eq!(page["value"], json!([]));
    // a role taken away leaves nothing to follow
    server.vault.revoke(given.id, server.world.eve.person.id).await.unwrap();
    eve.get(&mirror.link).await.expect(404);
}

#[tokio::test]
async fn moved_into_another_library_is_gone_here_and_new_there() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let [a, ..] = tree(&server).await;
    let own = world::personal(&server.vault, &server.world.ann).await;
    let mut here = Mirror::of(&ann, &format!("{drive}/root"), 3).await;
    let mut there = Mirror::of(&ann, "/v1.0/me/drive/root", 3).await;
    let actor = world::actor(&server.vault, &server.world.ann).await;
    let oracle = server.oracle(&server.world.ann);
    let folder = server.vault.item(&actor, &ItemKey::Graph(a)).await.unwrap().oracle_id;
    let plan = server.world.file.oracle_id.clone();
    let to = json!({"destinationID": own.root_oracle_id});
    oracle.post(&format!("/folders/{folder}/move"), to.clone()).await.expect(200);
    oracle.post(&format!("/files/{plan}/move"), to).await.expect(200);
    assert_eq!(here.next(&ann).await, "-a -b -c.txt -d.txt -plan.txt");
    assert_eq!(there.next(&ann).await, "a b c.txt d.txt plan.txt");
    assert_eq!(here.items, listed(&ann, &drive, &format!("{drive}/root")).await);
    assert_eq!(there.items, listed(&ann, "/v1.0/me/drive", "/v1.0/me/drive/root").await);
    // all that is Ann's goes to Bob at once
    let dora = server.oracle(&server.world.dora);
    world::personal(&server.vault, &server.world.bob).await;
    let bob = server.graph(&server.world.bob);
    let mut his = Mirror::of(&bob, "/v1.0/me/drive/root", 3).await;
    let user = &server.world.ann.person.oracle_id;
    dora.post(&format!("/users/{user}/transferContent"), json!({"targetUserID": "bob"})).await.expect(200);
    assert_eq!(there.next(&ann).await, "-a -b -c.txt -d.txt -plan.txt");
    his.follow(&bob).await;
    assert_eq!(his.items, listed(&bob, "/v1.0/me/drive", "/v1.0/me/drive/root").await);
    assert_eq!(his.items.len(), 7);
}

/// A category that only Ann sees files of.
async fn secret(server: &Server) -> CategoryId {
    let mut change = server.vault.set_up().await.unwrap();
    let entry = CategoryEntry { default_level: Some(Level::None), ..CategoryEntry::default() };
    let secret = change.put_category(&["Secret"], &entry).await.unwrap().0.id;
    change.put_level(secret, server.world.ann.person.id, Level::Full).await.unwrap();
    change.commit().await.unwrap();
    secret
}

#[tokio::test]
async fn what_somebody_may_not_see_is_never_told_and_what_is_hidden_from_them_goes() {
    let server = Server::start().await;
    let secret = secret(&server).await;
    let (ann, bob, drive) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.drive());
    let [_, _, c, ..] = tree(&server).await;
    let root = format!("{drive}/root");
    let actor = world::actor(&server.vault, &server.world.ann).await;
    let of_category = async |item: &str, category: CategoryId| {
        let look = server.vault.look(&actor, &ItemKey::Graph(item.to_owned())).await.unwrap();
        server.vault.update(&actor, &look, Change { category: Some(category), ..Change::default() }).await.unwrap();
    };
    let public = server.vault.root_category().await.unwrap().row.id;
    let hidden = file(&ann, &root, "hidden.txt").await;
    of_category(&hidden, secret).await;
    let (mut hers, mut his) = (Mirror::of(&ann, &root, 3).await, Mirror::of(&bob, &root, 3).await);
    assert!(hers.items.contains_key(&hidden) && !his.items.contains_key(&hidden));
    // whatever is done to it, he is not even told that it is there
    for name in ["one.txt", "two.txt"] {
        ann.patch(&format!("{drive}/items/{hidden}"), json!({ "name": name })).await.expect(200);
        assert_eq!((hers.next(&ann).await.as_str(), his.next(&bob).await.as_str()), (name, ""));
    }
    ann.delete(&format!("{drive}/items/{hidden}")).await.expect(204);
    assert_eq!((hers.next(&ann).await.as_str(), his.next(&bob).await.as_str()), ("-two.txt", ""));
    // what becomes secret is gone for him, also when it is renamed, moved and deleted right after
    of_category(&c, secret).await;
    assert_eq!((hers.next(&ann).await.as_str(), his.next(&bob).await.as_str()), ("c.txt", "-c.txt"));
    of_category(&c, public).await;
    assert_eq!((hers.next(&ann).await.as_str(), his.next(&bob).await.as_str()), ("c.txt", "c.txt"));
    of_category(&c, secret).await;
    ann.patch(&format!("{drive}/items/{c}"), json!({"name": "d.txt"})).await.expect(200);
    ann.delete(&format!("{drive}/items/{c}")).await.expect(204);
    assert_eq!((hers.next(&ann).await.as_str(), his.next(&bob).await.as_str()), ("-c.txt", "-c.txt"));
    assert_eq!(his.items, listed(&bob, &drive, &root).await);
}

#[tokio::test]
async fn who_may_see_other_things_than_before_begins_anew() {
    let server = Server::start().await;
    let secret = secret(&server).await;
    let (bob, drive) = (server.graph(&server.world.bob), server.drive());
    let root = format!("{drive}/root");
    let mut mirror = Mirror::of(&bob, &root, 3).await;
    let mut change = server.vault.set_up().await.unwrap();
    change.put_level(secret, server.world.bob.person.id, Level::Read).await.unwrap();
    change.commit().await.unwrap();
    let refused = bob.get(&mirror.link).await.expect(410);
    assert_eq!(refused.json()["error"]["code"], "resyncRequired");
    mirror.link = refused.header("location").replace(&server.url(""), "");
    assert_eq!(mirror.follow(&bob).await, 2);
    // a role, which changes nothing here, does not
    world::member(&server.vault, &server.world.library, "new", License::Full, Some(Role::Viewer)).await;
    assert_eq!(mirror.follow(&bob).await, 0);
}

#[tokio::test]
async fn a_suppliers_users_are_told_nothing_of_private_files() {
    let server = Server::start().await;
    let (ann, drive, root) = (server.graph(&server.world.ann), server.drive(), format!("{}/root", server.drive()));
    let sam = world::member(&server.vault, &server.world.library, "sam", License::Full, Some(Role::Viewer)).await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    sqlx::query("UPDATE users SET affiliation = 'basic_supplier' WHERE login = 'sam'").execute(&mut db).await.unwrap();
    let token = world::token(&server.vault, sam.person.id, &["Files.Read.All"]).await;
    sqlx::query("UPDATE epoch SET rights = rights + 1").execute(&mut db).await.unwrap();
    let (_, node) = server.another_node().await;
    node.settle().await.unwrap();
    let sam = server.graph_with(&token);
    let mut mirror = Mirror::of(&sam, &root, 10).await;
    assert_eq!(mirror.items.len(), 2);
    let arena = Clients::new(&server).arena_session(&server.world.ann).await;
    let private = async |private: bool| {
        let file = world::now(&server.vault, &server.world, &server.world.file).await.file.unwrap();
        let path = format!("/v1/files/{}", file.edition.arena_guid);
        let request = server.request("PUT", &path).header("arena_session_id", &arena);
        server.send(request.json(&json!({ "private": private }))).await.expect(201);
    };
    private(true).await;
    assert_eq!(mirror.next(&sam).await, "-plan.txt");
    ann.put(&format!("{}/content", server.plan()), "more").await.expect(200);
    assert_eq!(mirror.next(&sam).await, "");
    private(false).await;
    assert_eq!(mirror.next(&sam).await, "plan.txt");
    assert_eq!(mirror.items, listed(&sam, &drive, &root).await);
}

#[tokio::test]
async fn what_is_done_in_any_dialect_is_told() {
    let server = Server::start().await;
    let clients = Clients::new(&server);
    let (bob, drive) = (server.graph(&server.world.bob), server.drive());
    let mut mirror = Mirror::of(&bob, &format!("{drive}/root"), 10).await;
    for client in CLIENTS {
        let file = world::now(&server.vault, &server.world, &server.world.file).await;
        clients.check_out(client, &server.world.ann, &file).await;
        assert_eq!(mirror.next(&bob).await, "plan.txt", "{client:?} check-out");
        clients.check_in(client, &server.world.ann, &file).await;
        assert_eq!(mirror.next(&bob).await, "plan.txt", "{client:?} check-in");
        let file = world::now(&server.vault, &server.world, &server.world.file).await;
        clients.check_out(client, &server.world.ann, &file).await;
        clients.cancel(client, &server.world.ann, &file).await;
        assert_eq!(mirror.next(&bob).await, "plan.txt", "{client:?} cancel");
    }
    let oracle = server.oracle(&server.world.ann);
    oracle.upload(&server.world.library.root_oracle_id, "new.txt", "new").await.expect(201);
    assert_eq!(mirror.next(&bob).await, "new.txt");
    assert_eq!(mirror.items, listed(&bob, &drive, &format!("{drive}/root")).await);
}

#[tokio::test]
async fn tokens_that_were_not_given_for_this_say_nothing() {
    let server = Server::start().await;
    let (ann, bob, drive) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.drive());
    let [a, ..] = tree(&server).await;
    world::personal(&server.vault, &server.world.ann).await;
    let mirror = Mirror::of(&ann, &format!("{drive}/root"), 2).await;
    let token = mirror.link.split_once("token=").unwrap().1.split('&').next().unwrap().to_owned();
    let mut forged = token.clone();
    forged.replace_range(5..6, if &token[5..6] == "A" { "B" } else { "A" });
    let refused = async |client: &Graph<'_>, path: &str| {
        let refused = client.get(path).await.expect(410);
        let error = refused.json()["error"].clone();
        assert_eq!(
            (&error["code"], &error["innerError"]["code"]),
            (&Value::from("resyncRequired"), &Value::from("resyncApplyDifferences"))
        );
        let again = refused.header("location").replace(&server.url(""), "");
        assert!(!again.contains("token"), "{again}");
        client.get(&again).await.expect(200);
        again
    };
    let long = "A".repeat(4000);
    for text in [forged.as_str(), &token[1..], "x", "%00", "null", "LATEST1", &long, "%F0%9F%98%80"] {
        refused(&ann, &format!("{drive}/root/delta?token={text}")).await;
    }
    let again = refused(&ann, &format!("{drive}/root/delta(token='{forged}')?$top=3&$select=name")).await;
    assert!(again.ends_with("/root/delta?$top=3&$select=name"), "{again}");
    refused(&ann, &format!("{drive}/items/{a}/delta?token={token}")).await;
    refused(&ann, &format!("/v1.0/me/drive/root/delta?token={token}")).await;
    refused(&bob, &format!("{drive}/root/delta?token={token}")).await;
    // it still says the same where it was given, on whatever node
    let (address, _) = server.another_node().await;
    let request = server.http.get(format!("http://{address}{drive}/root/delta?token={token}"));
    server.send(request.bearer_auth(&server.world.ann.token)).await.expect(200);
    // what was read is not kept for ever; and nobody has read further than there is
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    ann.patch(&server.plan(), json!({"name": "b.txt"})).await.expect(200);
    ann.get(&mirror.link).await.expect(200);
    sqlx::query("UPDATE feed SET first = last").execute(&mut db).await.unwrap();
    refused(&ann, &mirror.link).await;
    let young = Mirror::of(&ann, &format!("{drive}/root"), 9).await;
    sqlx::query("UPDATE feed SET first = 0, last = last - 1").execute(&mut db).await.unwrap();
    refused(&ann, &young.link).await;
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused() {
    let server = Server::start().await;
    let (ann, eve, drive) = (server.graph(&server.world.ann), server.graph(&server.world.eve), server.drive());
    let refused = ann.get(&format!("{}/delta", server.plan())).await.expect(400);
    assert_eq!(refused.json()["error"]["code"], "invalidRequest");
    ann.get(&format!("{drive}/items/01NOTHING/delta")).await.expect(404);
    eve.get(&format!("{drive}/root/delta")).await.expect(404);
    ann.get(&format!("{drive}/root/delta?$top=x")).await.expect(400);
    ann.post(&format!("{drive}/root/delta")).await.expect(405);
    server.send(server.get(&format!("{drive}/root/delta"))).await.expect(401);
    let narrow = world::token(&server.vault, server.world.ann.person.id, &["User.Read"]).await;
    server.graph_with(&narrow).get(&format!("{drive}/root/delta")).await.expect(403);
    // an administrator sees the library, but it is neither her own nor shared with her
    let own = world::token(&server.vault, server.world.dora.person.id, &["Files.Read"]).await;
    server.graph_with(&own).get("/v1.0/me/drive/root/delta").await.expect(200);
    server.graph_with(&own).get(&format!("{drive}/root/delta")).await.expect(403);
    let page = ann.get(&format!("{drive}/root/delta?$top=0")).await.expect(200).json();
    assert_eq!(page["value"].as_array().unwrap().len(), 1, "a page that leads nowhere would have no end");
    // an application
    let robot = server.graph(&server.world.robot);
    assert_eq!(Mirror::of(&robot, &format!("{drive}/root"), 5).await.items.len(), 2);
}

#[tokio::test]
async fn what_commits_late_with_an_early_id_is_told_all_the_same() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let [_, _, c, ..] = tree(&server).await;
    let mut mirror = Mirror::of(&ann, &format!("{drive}/root"), 10).await;
    let (library, item) = (server.world.library.id.0, server.world.file.id.0);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let mut late = db.begin().await.unwrap();
    let early: i64 = sqlx::query_scalar(
        "INSERT INTO events (at, dialect, verb, outcome, library_id, item_id)
        VALUES (now(), 'console', 'update', 'done', $1, $2) RETURNING id",
    )
    .bind(library)
    .bind(item)
    .fetch_one(&mut *late)
    .await
    .unwrap();
    ann.patch(&format!("{drive}/items/{c}"), json!({"name": "e.txt"})).await.expect(200);
    assert_eq!(mirror.next(&ann).await, "e.txt");
    assert_eq!(mirror.next(&ann).await, "");
    late.commit().await.unwrap();
    let later: i64 = sqlx::query_scalar("SELECT max(id) FROM events").fetch_one(&mut db).await.unwrap();
    assert!(early < later);
    assert_eq!(mirror.next(&ann).await, "plan.txt");
    assert_eq!(mirror.next(&ann).await, "");
}

#[tokio::test]
async fn a_tree_deeper_than_the_index_tells_is_listed_in_order() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let names: Vec<String> = (0..70).map(|depth| format!("d{depth}")).collect();
    for depth in [20, 40, 60, 70] {
        let path = names[..depth].join("/");
        ann.put(&format!("{drive}/root:/{path}/at {depth}.txt:/content"), "deep").await.expect(201);
    }
    let half = names[..66].join("/");
    ann.put(&format!("{drive}/root:/{half}/beside/other.txt:/content"), "other").await.expect(201);
    for top in [1, 7, 200] {
        let mirror = Mirror::of(&ann, &format!("{drive}/root"), top).await;
        assert_eq!(mirror.items, listed(&ann, &drive, &format!("{drive}/root")).await);
        let place = |name: &str| mirror.told.iter().position(|told| told == name).unwrap();
        assert!(names.windows(2).all(|pair| place(&pair[0]) < place(&pair[1])));
        let beside = Mirror::of(&ann, &format!("{drive}/root:/{half}/beside:"), top).await;
        assert_eq!(beside.told, ["beside", "other.txt"]);
    }
}
