//! Kinds of users (spec/arena.md 3.3), and what is hidden from suppliers in every room (6).

use coatcheck::{
    domain::{
        actor::{Actor, Role},
        error::{Error, Missing},
        id::{ItemId, ItemKey},
        item::{Change, ClientTimes, OnConflict},
        name::ItemName,
        page::{Order, Window},
        permission::Gate,
        person::{Affiliation, License},
    },
    vault::{Among, FileQuery, UserChange, Vault},
};
use serde_json::json;

use crate::support::{
    acts::{CLIENTS, Client, Clients, Outcome},
    arena::{code, guid, guid_in},
    server::Server,
    world::{self, PASSWORD, Somebody},
};

async fn affiliate(server: &Server, somebody: &Somebody, affiliation: Affiliation) {
    let change = UserChange { affiliation: Some(affiliation), ..UserChange::default() };
    server.vault.update_user(somebody.person.id, change).await.unwrap();
}

/// A contributor who is a supplier's.
async fn supplier(server: &Server) -> Somebody {
    let (vault, library) = (&server.vault, &server.world.library);
    let sue = world::member(vault, library, "sue", License::Full, Some(Role::Contributor)).await;
    affiliate(server, &sue, Affiliation::BasicSupplier).await;
    sue
}

/// A private file of Ann's in the root folder, made through Arena; its newest edition's GUID.
async fn secret(server: &Server) -> String {
    let ann = server.arena(&server.world.ann).await;
    let texts = [("title", "Secret"), ("edition", "1"), ("private", "true")];
    let made = ann.form("/v1/files", &texts, Some(("content", "secret.txt", "hush"))).await.expect(201);
    assert_eq!(made.json()["private"], true);
    guid_in(&made)
}

#[tokio::test]
async fn a_suppliers_login_reads_like_a_wrong_password() {
    let server = Server::start().await;
    let ann = &server.world.ann;
    let wrong = server.log_in(&ann.person.email, "wrong").await;
    assert_eq!(code(&wrong), "400 4001");
    for (affiliation, may) in [
        (Affiliation::Employee, true),
        (Affiliation::Partner, true),
        (Affiliation::BasicSupplier, false),
        (Affiliation::AdvancedSupplier, false),
        (Affiliation::Integration, true),
    ] {
        affiliate(&server, ann, affiliation).await;
        let answer = server.log_in(&ann.person.email, PASSWORD).await;
        if may {
            answer.expect(200);
        } else {
            let names = |answer: &crate::support::answer::Answer| -> Vec<String> {
                answer.headers.keys().map(ToString::to_string).collect()
            };
            assert_eq!((answer.status, answer.text()), (wrong.status, wrong.text()), "{affiliation:?}");
            assert_eq!(names(&answer), names(&wrong), "{affiliation:?}");
        }
    }
}

#[tokio::test]
async fn a_supplier_with_the_right_password_is_locked_out_like_one_with_a_wrong_one() {
    let server = Server::start().await;
    let sue = supplier(&server).await;
    for password in [PASSWORD, "wrong", PASSWORD, PASSWORD, "wrong"] {
        assert_eq!(code(&server.log_in(&sue.person.email, password).await), "400 4001");
    }
    assert_eq!(code(&server.log_in(&sue.person.email, PASSWORD).await), "400 4083");
}

#[tokio::test]
async fn the_session_of_somebody_who_becomes_a_supplier_has_ended_for_good() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    affiliate(&server, &server.world.ann, Affiliation::Partner).await;
    ann.get("/v1/files").await.expect(200);
    affiliate(&server, &server.world.ann, Affiliation::AdvancedSupplier).await;
    assert_eq!(code(&ann.get("/v1/files").await), "401 401");
    affiliate(&server, &server.world.ann, Affiliation::Employee).await;
    assert_eq!(code(&ann.get("/v1/files").await), "401 401");
    server.arena(&server.world.ann).await.get("/v1/files").await.expect(200);
}

#[tokio::test]
async fn no_room_shows_a_private_file_to_a_supplier() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let sue = supplier(&server).await;
    let guid = secret(&server).await;
    let ann = world::actor(vault, &world.ann).await;
    let file = vault.item(&ann, &ItemKey::Edition(guid)).await.unwrap();

    let clients = Clients::new(&server);
    for client in CLIENTS.into_iter().filter(|client| *client != Client::Arena) {
        // Oracle documents another refusal for what may not be seen
        let hidden = if client == Client::Oracle { Outcome::Denied } else { Outcome::Missing };
        assert_eq!(clients.check_out(client, &sue, &file).await, hidden, "{client:?}");
        assert_eq!(clients.upload(client, &sue, &file, "mine").await, hidden, "{client:?}");
        // what is not private is hers to work on
        assert_eq!(clients.check_out(client, &sue, &world.file).await, Outcome::Done, "{client:?}");
        assert_eq!(clients.cancel(client, &sue, &world.file).await, Outcome::Done, "{client:?}");
    }

    // lists and counts, before a supplier and before somebody else
    let (drive, root) = (server.drive(), world.library.root_oracle_id.as_str());
    let (group, password) = (world.library.number, Some(PASSWORD));
    for (who, files) in [(&sue, 1), (&world.bob, 2)] {
        let graph = server.graph(who);
        let listed = graph.get(&format!("{drive}/root/children")).await.expect(200).json();
        assert_eq!(listed["value"].as_array().unwrap().len(), files);
        assert_eq!(graph.get(&format!("{drive}/root")).await.json()["folder"]["childCount"], files);

        let oracle = server.oracle(who).get(&format!("/folders/{root}/items")).await.expect(200).json();
        assert_eq!(oracle["items"].as_array().unwrap().len(), files);
        assert_eq!(oracle["totalResults"], files.to_string());
        assert_eq!(oracle["childItemsCount"], files.to_string());
        // `first`, and `hush`
        assert_eq!(oracle["size"], if files == 1 { "5" } else { "9" });

        let count = server.get(&format!("/api/jsonws/dlapp/get-file-entries-count/repository-id/{group}/folder-id/0"));
        let count = server.send(count.basic_auth(&who.person.email, password)).await.expect(200);
        assert_eq!(count.json(), files);
    }
}

#[tokio::test]
async fn a_private_file_reads_to_a_supplier_like_one_that_is_not_there() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let sue = supplier(&server).await;
    let guid = secret(&server).await;
    let ann = world::actor(vault, &world.ann).await;
    let file = vault.item(&ann, &ItemKey::Edition(guid)).await.unwrap();
    // made and deleted: an id that was somebody's
    let gone = world::file(vault, &world.ann, &world.library, "gone.txt", "x").await;
    let look = vault.look(&ann, &ItemKey::Id(gone.id)).await.unwrap();
    vault.delete(&ann, &look).await.unwrap();

    let graph = server.graph(&sue);
    let (hidden, missing) = (
        graph.get(&crate::support::graph::address(&file)).await,
        graph.get(&crate::support::graph::address(&gone)).await,
    );
    assert_eq!(hidden.status, 404);
    assert_eq!(hidden.json()["error"]["message"], missing.json()["error"]["message"]);
    let liferay = async |number: i64| {
        let path = format!("/api/jsonws/dlapp/get-file-entry/file-entry-id/{number}");
        let answer = server.send(server.get(&path).basic_auth(&sue.person.email, Some(PASSWORD))).await;
        answer.text().replace(&number.to_string(), "N")
    };
    assert_eq!(liferay(file.number).await, liferay(gone.number).await);
}

#[tokio::test]
async fn a_file_is_as_private_as_its_newest_edition_whoever_publishes_it() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let sue = supplier(&server).await;
    let first = secret(&server).await;
    let ann = world::actor(vault, &world.ann).await;
    let file = vault.item(&ann, &ItemKey::Edition(first.clone())).await.unwrap();
    let sees = async || {
        let sue = world::actor(vault, &sue).await;
        vault.look(&sue, &ItemKey::Edition(first.clone())).await.is_ok()
    };
    // an edition that says nothing about it, through a dialect that knows nothing of it
    let clients = Clients::new(&server);
    assert_eq!(clients.upload(Client::Graph, &world.ann, &file, "second").await, Outcome::Done);
    assert!(!sees().await);
    let bob = server.arena(&world.bob).await;
    let newest = vault.item(&ann, &ItemKey::Id(file.id)).await.unwrap();
    bob.check_out(guid(&newest)).await.expect(201);
    bob.check_in(guid(&newest), "true", "third", &[("file.private", "false")]).await.expect(201);
    assert!(sees().await);
}

#[tokio::test]
async fn searches_and_folders_keep_private_files_from_suppliers() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let sue = supplier(&server).await;
    let guid = secret(&server).await;
    let (ann, sue) = (world::actor(vault, &world.ann).await, world::actor(vault, &sue).await);
    let search = async |actor: &Actor| {
        let found = vault.search_files(actor, &world.library, FileQuery::default(), 50, 0).await.unwrap();
        found.into_iter().map(|item| item.name).collect::<Vec<_>>()
    };
    assert_eq!(search(&ann).await, ["plan.txt", "secret.txt"]);
    assert_eq!(search(&sue).await, ["plan.txt"]);

    // a folder is never private, what lies in it may be
    let drawer = drawer(vault, &ann, world.library.root).await;
    let look = vault.look(&ann, &ItemKey::Edition(guid)).await.unwrap();
    vault.update(&ann, &look, Change { parent: Some(drawer), ..Change::default() }).await.unwrap();
    let seen = vault.look(&sue, &ItemKey::Id(drawer)).await.unwrap();
    assert_eq!(seen.item().children, 0);
    let window = Window { offset: 0, limit: 10, order: Order::Name };
    let page = vault.children(&sue, &seen, Among::default(), window).await.unwrap();
    assert_eq!((page.items.len(), page.total), (0, 0));
    assert_eq!(vault.folder_sizes(&sue, &[drawer]).await.unwrap()[&drawer], 0);
    assert_eq!(vault.folder_sizes(&ann, &[drawer]).await.unwrap()[&drawer], 4);
    // nor does she delete what she cannot see
    let refused = vault.delete(&sue, &seen).await;
    assert!(matches!(refused, Err(Error::Denied(denial)) if denial.gate == Gate::Visible), "{refused:?}");
    let by_path = ItemKey::Path(Box::new(ItemKey::Id(drawer)), vec!["secret.txt".to_owned()]);
    assert!(matches!(vault.look(&sue, &by_path).await, Err(Error::Missing(Missing::Hidden))));
    vault.look(&ann, &by_path).await.unwrap();
    vault.delete(&ann, &vault.look(&ann, &ItemKey::Id(drawer)).await.unwrap()).await.unwrap();
}

async fn drawer(vault: &Vault, actor: &Actor, root: ItemId) -> ItemId {
    let root = vault.look(actor, &ItemKey::Id(root)).await.unwrap();
    let name = ItemName::parse("drawer").unwrap();
    vault.create_folder(actor, &root, &name, "", OnConflict::Fail, ClientTimes::default()).await.unwrap()
}

#[tokio::test]
async fn kinds_of_users_are_given_by_a_seed() {
    use coatcheck::seed::{self, Beside, Seed};
    let server = Server::start().await;
    let text = r#"
        users = [{ login = "sue", password = "correct horse", affiliation = "basic_supplier" }]
        libraries = [{ name = "Engineering", members = { sue = "contributor" } }]
    "#;
    let apply = async |text: &str| {
        let seed = Seed { name: "world.toml".to_owned(), text, beside: Beside::Bundled(&[]) };
        serde_json::to_value(seed::apply(&server.vault, &seed).await.unwrap_or_else(|error| panic!("{error}"))).unwrap()
    };
    apply(text).await;
    assert_eq!(code(&server.log_in("sue@localhost", PASSWORD).await), "400 4001");
    assert_eq!(apply(text).await["users"][0]["done"], json!("found"));
    assert_eq!(apply(&text.replace("basic_supplier", "partner")).await["users"][0]["done"], json!("changed"));
    server.log_in("sue@localhost", PASSWORD).await.expect(200);
    apply(text).await;
    let users = server.vault.user_list().await.unwrap();
    let sue = users.into_iter().find(|user| user.person.login == "sue").unwrap();
    assert_eq!(sue.affiliation, Affiliation::BasicSupplier);
}
