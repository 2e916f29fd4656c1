//! What a gate closes stays closed by every way round it.

use coatcheck::{
    domain::{
        actor::{Actor, Level, Role},
        edition::Metadata,
        error::{Error, Missing},
        id::{CategoryId, ItemId, ItemKey},
        item::{Change, ClientTimes, NewFile, OnConflict},
        name::ItemName,
        permission::Gate,
    },
    store,
    vault::{NewFileAt, Publication},
};
use sqlx::{Connection, PgConnection};

use super::{look, staged};
use crate::support::{server::Server, world};

/// A category that only Ann may write, Bob may read, and nobody else knows of.
pub(super) async fn secret(server: &Server) -> CategoryId {
    let (vault, world) = (&server.vault, &server.world);
    let root = vault.root_category().await.unwrap().row.id;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let secret =
        store::categories::put(&mut db, Some(root), "Secret", "", Some(Level::None), "SECRETSECRETSECRETSE", None)
            .await
            .unwrap();
    store::categories::put_level(&mut db, secret, world.ann.person.id, Level::Full).await.unwrap();
    store::categories::put_level(&mut db, secret, world.bob.person.id, Level::Read).await.unwrap();
    // what was remembered is asked for anew
    vault.grant(world.library.root, world.ann.person.id, Role::Contributor, None).await.unwrap();
    secret
}

async fn folder(server: &Server, actor: &Actor) -> ItemId {
    let root = server.vault.look(actor, &ItemKey::Id(server.world.library.root)).await.unwrap();
    let name = ItemName::parse("drawer").unwrap();
    server.vault.create_folder(actor, &root, &name, "", OnConflict::Fail, ClientTimes::default()).await.unwrap()
}

#[tokio::test]
async fn a_folder_is_not_deleted_over_a_file_in_it_that_the_caller_could_not_delete() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let secret = secret(&server).await;
    let ann = world::actor(vault, &world.ann).await;
    let drawer = folder(&server, &ann).await;
    let change = Change { parent: Some(drawer), category: Some(secret), ..Change::default() };
    vault.update(&ann, &look(vault, &ann, &world.file).await, change).await.unwrap();

    for other in [&world.bob, &world.max] {
        let other = world::actor(vault, other).await;
        let drawer = vault.look(&other, &ItemKey::Id(drawer)).await.unwrap();
        let answer = vault.delete(&other, &drawer).await;
        assert!(matches!(answer, Err(Error::Denied(denial)) if denial.gate == Gate::Category), "{answer:?}");
    }
    vault.look(&ann, &ItemKey::Id(world.file.id)).await.unwrap();
    let look = vault.look(&ann, &ItemKey::Id(drawer)).await.unwrap();
    vault.delete(&ann, &look).await.unwrap();
}

#[tokio::test]
async fn no_file_is_put_into_a_category_that_the_caller_may_not_write() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let secret = secret(&server).await;
    let given = || Metadata { category: Some(secret), ..Metadata::default() };
    for (who, knows) in [(&world.bob, true), (&world.max, false)] {
        let who = world::actor(vault, who).await;
        let file = look(vault, &who, &world.file).await;
        let added = vault.add_edition(&who, &file, Publication::of(staged(vault, "x").await, given())).await.map(drop);
        let root = vault.look(&who, &ItemKey::Id(world.library.root)).await.unwrap();
        let new = NewFileAt {
            file: NewFile {
                name: ItemName::parse("new.txt").unwrap(),
                metadata: given(),
                comment: String::new(),
                on_conflict: OnConflict::Fail,
                client_times: ClientTimes::default(),
            },
            content: Some(staged(vault, "x").await),
        };
        let made = vault.create_file(&who, &root, new).await.map(drop);
        for answer in [added, made] {
            match answer {
                Err(Error::Denied(denial)) => assert!(knows && denial.gate == Gate::Category),
                Err(Error::Missing(Missing::Category)) => assert!(!knows),
                other => panic!("{other:?}"),
            }
        }
    }
    let ann = world::actor(vault, &world.ann).await;
    let file = look(vault, &ann, &world.file).await;
    vault.add_edition(&ann, &file, Publication::of(staged(vault, "x").await, given())).await.unwrap();
}
