//! Many change everything at once while others follow: in the end every follower has what there is, nothing skipped and
//! nothing left over.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use coatcheck::{
    domain::{
        actor::Actor,
        edition::{Metadata, Publish},
        error::{Error, Result},
        id::{ItemId, ItemKey},
        item::{Change, ClientTimes, NewFile, OnConflict},
        lock::CheckOut,
        name::ItemName,
        version::Step,
    },
    vault::{Cancel, CheckIn, NewFileAt, Publication, Vault},
};
use futures_util::{StreamExt, future::join_all, stream};
use sqlx::{Connection, PgConnection};

use super::mirror::{Mirror, listed};
use crate::support::{server::Server, world};

/// Acts that are tried, and how many of them at once.
const TURNS: usize = 22_000;
const AT_ONCE: usize = 16;
/// Changes that must have come of them.
const CHANGES: i64 = 10_000;

struct Turmoil<'a> {
    vault: &'a Vault,
    actors: [Actor; 2],
    /// Folders and files, some of them in the trash.
    folders: Mutex<Vec<ItemId>>,
    files: Mutex<Vec<ItemId>>,
    done: AtomicUsize,
}

fn pick(among: &Mutex<Vec<ItemId>>, seed: usize) -> ItemId {
    let among = among.lock().unwrap();
    // the first ones most of all, so that acts meet
    let range = if seed.is_multiple_of(3) { among.len().min(6) } else { among.len() };
    among[(seed / 3) % range]
}

impl Turmoil<'_> {
    async fn act(&self, turn: usize) -> Result<()> {
        // a mixture that is the same in every run
        let seed = turn.wrapping_mul(2_654_435_761) >> 7;
        let (vault, actor) = (self.vault, &self.actors[seed % 2]);
        let look = async |id: ItemId| vault.look(actor, &ItemKey::Id(id)).await;
        let (folder, file) = (pick(&self.folders, seed / 5), pick(&self.files, seed / 7));
        match turn % 16 {
            0 => {
                let parent = look(folder).await?;
                let name = ItemName::parse(&format!("folder {turn}"))?;
                let times = ClientTimes::default();
                let made = vault.create_folder(actor, &parent, &name, "", OnConflict::Fail, times).await?;
                self.folders.lock().unwrap().push(made);
            }
            1 | 2 => {
                let parent = look(folder).await?;
                let bytes = bytes::Bytes::from(format!("{turn}"));
                let content = vault.stage(stream::iter([Ok::<_, std::io::Error>(bytes)])).await?;
                let file = NewFile {
                    name: ItemName::parse(&format!("file {turn}.txt"))?,
                    metadata: Metadata::default(),
                    comment: String::new(),
                    on_conflict: OnConflict::Fail,
                    client_times: ClientTimes::default(),
                };
                let made = vault.create_file(actor, &parent, NewFileAt { file, content: Some(content) }).await?;
                self.files.lock().unwrap().push(made.file);
            }
            3 | 4 => {
                let change = Change { name: Some(ItemName::parse(&format!("name {turn}"))?), ..Change::default() };
                vault.update(actor, &look(file).await?, change).await?;
            }
            5 => {
                let change = Change { name: Some(ItemName::parse(&format!("named {turn}"))?), ..Change::default() };
                vault.update(actor, &look(folder).await?, change).await?;
            }
            6 | 7 => {
                let change = Change { parent: Some(folder), ..Change::default() };
                vault.update(actor, &look(file).await?, change).await?;
            }
            // what moves or deletes a folder changes all below: a few of them are many changes
            8 if turn % 64 == 8 => {
                let change = Change { parent: Some(folder), ..Change::default() };
                vault.update(actor, &look(pick(&self.folders, seed / 11)).await?, change).await?;
            }
            8 => {
                let change = Change { description: Some(format!("words {turn}")), ..Change::default() };
                vault.update(actor, &look(folder).await?, change).await?;
            }
            9 => {
                vault.check_out(actor, &look(file).await?, CheckOut::default()).await?;
            }
            10 | 11 => {
                let bytes = bytes::Bytes::from(format!("more {turn}"));
                let content = vault.stage(stream::iter([Ok::<_, std::io::Error>(bytes)])).await?;
                vault.save_draft(actor, &look(file).await?, Publication::of(content, Metadata::default())).await?;
            }
            12 => {
                let how = Publish::New(Step::Major);
                let (metadata, comment) = (Metadata::default(), String::new());
                let publication = Publication { content: None, metadata, comment, how, rename: None };
                vault.check_in(actor, &look(file).await?, CheckIn { publication, lock_uuid: None }).await?;
            }
            13 => {
                vault.cancel(actor, &look(file).await?, Cancel::default()).await?;
            }
            14 if turn % 64 == 14 => vault.delete(actor, &look(folder).await?).await?,
            14 => vault.delete(actor, &look(file).await?).await?,
            _ => {
                for actor in &self.actors {
                    for trashed in vault.trash(actor, 3).await? {
                        vault.restore(actor, &trashed.id).await?;
                    }
                }
            }
        }
        self.done.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// What meets somebody else's act is refused; nothing breaks.
    async fn turn(&self, turn: usize) {
        if let Err(Error::Broken(cause)) = self.act(turn).await {
            panic!("turn {turn}: {cause}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn followers_of_any_pace_end_with_exactly_what_there_is() {
    let server = Server::start().await;
    let (vault, drive) = (&server.vault, server.drive());
    let (ann, bob) = (server.graph(&server.world.ann), server.graph(&server.world.bob));
    let actors = [world::actor(vault, &server.world.ann).await, world::actor(vault, &server.world.bob).await];
    let root = vault.look(&actors[0], &ItemKey::Id(server.world.library.root)).await.unwrap();
    let mut folders = vec![server.world.library.root];
    for name in ["one", "two", "three"] {
        let (name, times) = (ItemName::parse(name).unwrap(), ClientTimes::default());
        folders.push(vault.create_folder(&actors[0], &root, &name, "", OnConflict::Fail, times).await.unwrap());
    }
    // nobody puts this one into the trash: it is followed
    let (name, times) = (ItemName::parse("followed").unwrap(), ClientTimes::default());
    let followed = vault.create_folder(&actors[0], &root, &name, "", OnConflict::Fail, times).await.unwrap();
    let followed = vault.item(&actors[0], &ItemKey::Id(followed)).await.unwrap();
    let scope = format!("{drive}/items/{}", followed.graph_id);
    folders.push(followed.id);
    let files = Mutex::new(vec![server.world.file.id]);
    let turmoil = Turmoil { vault, actors, folders: Mutex::new(folders), files, done: AtomicUsize::new(0) };

    let (over, all) = (AtomicBool::new(false), format!("{drive}/root"));
    let readers = [
        (&ann, all.clone(), 1000),
        (&ann, all.clone(), 7),
        (&bob, all.clone(), 50),
        (&bob, all.clone(), 1),
        (&ann, scope.clone(), 20),
        (&bob, scope.clone(), 3),
    ];
    let following = readers.map(|(client, folder, top)| {
        let over = &over;
        async move {
            let mut mirror = None;
            loop {
                let last = over.load(Ordering::SeqCst);
                // its folder may lie in the trash just now
                let there = client.get(&folder).await.status == 200;
                match &mut mirror {
                    None if there => mirror = Some(Mirror::of_what_may_go(client, &folder, top).await),
                    Some(mirror) if there => drop(Mirror::follow(mirror, client).await),
                    None | Some(_) => {}
                }
                if last {
                    return (client, folder, top, mirror.unwrap());
                }
            }
        }
    });
    let changing = async {
        stream::iter(0..TURNS).map(|turn| turmoil.turn(turn)).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
        over.store(true, Ordering::SeqCst);
    };
    let (followers, ()) = tokio::join!(join_all(following), changing);

    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let (last, unsettled): (i64, i64) =
        sqlx::query_as("SELECT last, (SELECT count(*) FROM events WHERE position IS NULL) FROM feed")
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert!(last >= CHANGES && unsettled == 0, "{last} changes, {} acts done", turmoil.done.load(Ordering::Relaxed));
    for (client, folder, top, mirror) in followers {
        if client.get(&folder).await.status == 404 {
            // the folder that holds the followed one ended in the trash
            continue;
        }
        let there = listed(client, &drive, &folder).await;
        assert!(there.len() > 1);
        assert_eq!(mirror.items, there, "{folder} in pages of {top}");
    }
    // every event has a place of its own
    let twice: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT position FROM events WHERE position > 0 GROUP BY position HAVING count(*) > 1) t",
    )
    .fetch_one(&mut db)
    .await
    .unwrap();
    assert_eq!(twice, 0);
}
