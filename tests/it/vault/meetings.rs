//! Acts that meet in the database, one waiting for the other: nothing is lost, nobody is turned away for it.

use coatcheck::{
    domain::{
        actor::{Actor, Dialect},
        lock::CheckOut,
        permission::Action,
    },
    store::{
        Act,
        drafts::{self, Saved},
    },
    vault::Cancel,
};
use sqlx::{Connection, Executor, PgConnection};

use super::{look, text};
use crate::support::{server::Server, world};

/// Waits until somebody waits for a row that somebody else holds.
pub(super) async fn somebody_waits(server: &Server) {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut db).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
}

fn act(server: &Server, actor: &Actor) -> Act {
    Act { actor: actor.id(), dialect: Dialect::Console, request: None, now: server.clock.instead(), comment: None }
}

#[tokio::test]
async fn a_working_copy_saved_while_its_check_out_is_cancelled_is_rescued() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (ann, dora) = (world::actor(vault, &world.ann).await, world::actor(vault, &world.dora).await);
    let free = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &free, CheckOut::default()).await.unwrap();
    let held = look(vault, &ann, &world.file).await;
    let permit = held.check(&ann, Action::SaveDraft).unwrap();

    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let mut saving = db.begin().await.unwrap();
    let saved = Saved { title: Some("a week of work".to_owned()), ..Saved::default() };
    drafts::save(&mut saving, &permit, world.library.id, 1, &saved, None, &act(&server, &ann)).await.unwrap().unwrap();
    let cancelling = {
        let (vault, held) = (vault.clone(), look(vault, &dora, &world.file).await);
        tokio::spawn(async move { vault.cancel(&dora, &held, Cancel::default()).await })
    };
    somebody_waits(&server).await;
    saving.commit().await.unwrap();
    assert!(cancelling.await.unwrap().unwrap().rescued);

    let rescued = vault.rescued_drafts(&ann, &look(vault, &ann, &world.file).await).await.unwrap();
    assert_eq!(rescued.iter().map(|draft| draft.fence).collect::<Vec<_>>(), [1]);
    // and is kept for as long as any other
    assert_eq!(vault.sweep().await.unwrap().drafts, 0);
    server.advance(chrono::Duration::days(31));
    assert_eq!(vault.sweep().await.unwrap().drafts, 1);
}

#[tokio::test]
async fn a_deadlock_is_tried_again_and_nobody_hears_of_it() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let file = look(vault, &ann, &world.file).await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let mut other = db.begin().await.unwrap();
    // somebody else holds the row of the bytes, and will want the file
    other.execute("SELECT 1 FROM contents FOR UPDATE").await.unwrap();
    let writing = {
        let (vault, ann, same_bytes) = (vault.clone(), ann.clone(), text(vault, "first").await);
        tokio::spawn(async move { vault.add_edition(&ann, &file, same_bytes).await })
    };
    somebody_waits(&server).await;
    other.execute("UPDATE locks SET comment = comment").await.unwrap();
    other.commit().await.unwrap();
    writing.await.unwrap().unwrap();
    assert_eq!(look(vault, &ann, &world.file).await.file().unwrap().edition.ordinal, 2);
}

#[tokio::test]
async fn a_login_does_not_wait_for_a_folder_on_the_move() {
    let server = Server::start().await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let mut moving = db.begin().await.unwrap();
    coatcheck::store::folders::hold_trees(&mut moving, &[server.world.library.id]).await.unwrap();
    let login = server.vault.open_session("ann", world::PASSWORD, None, None);
    let patience = std::time::Duration::from_secs(5);
    tokio::time::timeout(patience, login).await.expect("the login does not wait").unwrap();
    moving.rollback().await.unwrap();
}
