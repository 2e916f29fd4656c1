//! What stands in the trail afterwards.

use coatcheck::{
    domain::{
        actor::{Actor, Dialect, Role},
        id::ItemKey,
        item::{Change, ClientTimes, OnConflict},
        link::Audience,
        lock::CheckOut,
        name::ItemName,
    },
    store,
    vault::{LinkSpec, LinkUpdate},
};
use sqlx::{Connection, PgConnection};

use super::{as_is, look};
use crate::support::{server::Server, world};

/// The trail of an item: verb, outcome, fence.
async fn of(server: &Server, item: coatcheck::domain::id::ItemId) -> Vec<String> {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let entries = store::trail::of(&mut db, item).await.unwrap();
    entries.iter().map(|entry| format!("{:?} {:?} {:?}", entry.verb, entry.outcome, entry.fence)).collect()
}

#[tokio::test]
async fn a_link_made_changed_and_removed_is_in_the_trail() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let max = world::actor(vault, &world.max).await;
    let file = look(vault, &max, &world.file).await;
    let spec = LinkSpec {
        name: String::new(),
        role: Role::Viewer,
        audience: Audience::Everybody,
        listed: Vec::new(),
        access_code: None,
        expires_at: None,
    };
    let link = vault.create_link(&max, &file, spec).await.unwrap();
    let update = LinkUpdate { role: Some(Role::Downloader), ..LinkUpdate::default() };
    vault.update_link(&max, &file, &link, update).await.unwrap();
    vault.delete_link(&max, &file, &link).await.unwrap();
    assert!(vault.delete_link(&max, &file, &link).await.is_err());
    let trail = of(&server, world.file.id).await;
    assert_eq!(trail, ["Create Done None", "Link Done None", "Link Done None", "Link Done None"]);
}

#[tokio::test]
async fn a_file_deleted_with_its_folder_says_so_in_its_own_trail() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let root = vault.look(&ann, &ItemKey::Id(world.library.root)).await.unwrap();
    let name = ItemName::parse("drawer").unwrap();
    let drawer = vault.create_folder(&ann, &root, &name, "", OnConflict::Fail, ClientTimes::default()).await.unwrap();
    let change = Change { parent: Some(drawer), ..Change::default() };
    vault.update(&ann, &look(vault, &ann, &world.file).await, change).await.unwrap();
    vault.check_out(&ann, &look(vault, &ann, &world.file).await, CheckOut::default()).await.unwrap();
    let drawer = vault.look(&ann, &ItemKey::Id(drawer)).await.unwrap();
    vault.delete(&ann, &drawer).await.unwrap();
    let trail = of(&server, world.file.id).await;
    assert_eq!(trail, ["Create Done None", "Update Done Some(0)", "CheckOut Done Some(1)", "Delete Done Some(1)"]);
}

#[tokio::test]
async fn a_check_in_for_somebody_else_says_for_whom() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let dora = Actor { dialect: Dialect::Arena, ..world::actor(vault, &world.dora).await };
    vault.check_out(&ann, &look(vault, &ann, &world.file).await, CheckOut::default()).await.unwrap();
    vault.check_in(&dora, &look(vault, &dora, &world.file).await, as_is()).await.unwrap();
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let holder: Option<uuid::Uuid> =
        sqlx::query_scalar("SELECT holder_id FROM events WHERE verb = 'check_in' AND outcome = 'done'")
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!(holder, Some(world.ann.person.id.0));
}
