//! The trash: who has what in it, what comes back and how, and what is gone for good.

use chrono::Duration;
use coatcheck::{
    domain::{
        actor::{Actor, Dialect, Level, Role},
        edition::Metadata,
        error::{Error, Missing},
        id::{ItemId, ItemKey},
        item::{Change, ClientTimes, Item, OnConflict},
        link::Audience,
        lock::CheckOut,
        name::ItemName,
        permission::Gate,
        person::{Affiliation, License},
    },
    vault::{LinkSpec, Publication, Trashed, UserChange, Vault},
};
use sqlx::{Connection, PgConnection};

use super::{as_is, content::blobs, look, read, text};
use crate::support::{self, server::Server, world};

async fn at(vault: &Vault, actor: &Actor, item: ItemId) -> coatcheck::vault::Look {
    vault.look(actor, &ItemKey::Id(item)).await.unwrap()
}

async fn folder(server: &Server, actor: &Actor, parent: ItemId, name: &str) -> ItemId {
    let parent = at(&server.vault, actor, parent).await;
    let name = ItemName::parse(name).unwrap();
    server.vault.create_folder(actor, &parent, &name, "", OnConflict::Fail, ClientTimes::default()).await.unwrap()
}

async fn move_to(vault: &Vault, actor: &Actor, item: ItemId, parent: ItemId) {
    let change = Change { parent: Some(parent), ..Change::default() };
    vault.update(actor, &at(vault, actor, item).await, change).await.unwrap();
}

async fn delete(vault: &Vault, actor: &Actor, item: ItemId) {
    vault.delete(actor, &at(vault, actor, item).await).await.unwrap();
}

async fn trash(vault: &Vault, actor: &Actor) -> Vec<Trashed> {
    vault.trash(actor, 1000).await.unwrap()
}

async fn names(vault: &Vault, actor: &Actor) -> Vec<String> {
    trash(vault, actor).await.into_iter().map(|trashed| trashed.item.name).collect()
}

/// Its id in its owner's trash.
async fn id_of(vault: &Vault, owner: &Actor, item: ItemId) -> String {
    trash(vault, owner).await.into_iter().find(|trashed| trashed.item.id == item).expect("it is in the trash").id
}

#[tokio::test]
async fn what_is_deleted_lies_in_the_trash_of_its_owner_and_in_nobody_elses() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let bob = world::actor(vault, &world.bob).await;
    // whoever deletes it
    delete(vault, &bob, world.file.id).await;
    for other in [&world.bob, &world.carl, &world.dora, &world.eve, &world.max, &world.robot] {
        let other = world::actor(vault, other).await;
        assert!(trash(vault, &other).await.is_empty());
    }
    let [trashed] = &*trash(vault, &ann).await else { panic!("one") };
    assert_eq!((trashed.item.id, trashed.deleted_at), (world.file.id, server.clock.instead().unwrap()));
    assert!(trashed.id.len() == 44 && trashed.id.starts_with('D') && trashed.id != world.file.oracle_id);
    for other in [&world.bob, &world.max, &world.dora] {
        let other = world::actor(vault, other).await;
        assert!(matches!(vault.restore(&other, &trashed.id).await, Err(Error::Missing(Missing::Item))));
        assert!(matches!(vault.purge(&other, &trashed.id).await, Err(Error::Missing(Missing::Item))));
        assert_eq!(vault.empty_trash(&other).await.unwrap(), 0);
    }
    for wrong in [&*world.file.oracle_id, "", "a\0b", &"x".repeat(10_000)] {
        assert!(matches!(vault.restore(&ann, wrong).await, Err(Error::Missing(Missing::Item))), "{wrong}");
        assert!(matches!(vault.purge(&ann, wrong).await, Err(Error::Missing(Missing::Item))), "{wrong}");
    }
    let nobody = Actor::anonymous(Dialect::Console);
    assert!(matches!(vault.trash(&nobody, 10).await, Err(Error::NoSession)));
    assert!(matches!(vault.empty_trash(&nobody).await, Err(Error::NoSession)));
    assert!(matches!(vault.restore(&nobody, &trashed.id).await, Err(Error::NoSession)));
}

#[tokio::test]
async fn a_restored_file_is_the_same_file_with_a_free_lock_and_dead_fences() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let bob = world::actor(vault, &world.bob).await;
    let before = world::now(vault, world, &world.file).await;
    vault.check_out(&bob, &look(vault, &bob, &world.file).await, CheckOut::default()).await.unwrap();
    vault.save_draft(&bob, &look(vault, &bob, &world.file).await, text(vault, "mine").await).await.unwrap();
    delete(vault, &bob, world.file.id).await;
    server.advance(Duration::hours(1));
    let id = id_of(vault, &ann, world.file.id).await;
    assert_eq!(vault.restore(&ann, &id).await.unwrap(), world.file.id);

    let after = world::now(vault, world, &world.file).await;
    assert!(after.lock().is_none());
    assert_eq!(after.file.as_ref().unwrap().fence, 1);
    let shown = |item: &Item| {
        let item = item.clone();
        (item.name, item.title, item.parent, item.modified_at, item.oracle_id, item.graph_id, item.number, item.owner)
    };
    assert_eq!(shown(&after), shown(&before));
    assert_eq!(read(vault, &ann, &world.file).await, "first");
    // what was begun before is not ended now, though the draft is kept for who began it
    let late = Actor { fence: Some(1), ..bob.clone() };
    let answer = vault.check_in(&late, &look(vault, &bob, &world.file).await, as_is()).await;
    assert!(matches!(answer, Err(Error::FenceLost | Error::NotCheckedOut)), "{answer:?}");
    let drafts = vault.rescued_drafts(&bob, &look(vault, &bob, &world.file).await).await.unwrap();
    assert_eq!(drafts.len(), 1);
    vault.check_out(&ann, &look(vault, &ann, &world.file).await, CheckOut::default()).await.unwrap();
    assert_eq!(world::now(vault, world, &world.file).await.lock().unwrap().fence, 2);
    let answer = vault.check_in(&late, &look(vault, &bob, &world.file).await, as_is()).await;
    assert!(matches!(answer, Err(Error::Held(_) | Error::FenceLost)), "{answer:?}");

    // the id in the trash was for that deletion
    assert!(trash(vault, &ann).await.is_empty());
    assert!(matches!(vault.restore(&ann, &id).await, Err(Error::Missing(Missing::Item))));
    delete(vault, &ann, world.file.id).await;
    assert_ne!(id_of(vault, &ann, world.file.id).await, id);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let trail = coatcheck::store::trail::of(&mut db, world.file.id).await.unwrap();
    let verbs: Vec<_> = trail.iter().map(|entry| format!("{:?}", entry.verb)).collect();
    assert_eq!(verbs[..5], ["Create", "CheckOut", "SaveDraft", "Delete", "Restore"]);
}

#[tokio::test]
async fn a_name_taken_meanwhile_is_counted_on() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let root = world.library.root;
    delete(vault, &ann, world.file.id).await;
    folder(&server, &ann, root, "PLAN.txt").await;
    folder(&server, &ann, root, "plan(2).txt").await;
    vault.restore(&ann, &id_of(vault, &ann, world.file.id).await).await.unwrap();
    let back = world::now(vault, world, &world.file).await;
    // a title that was the name follows it, also in the edition that shows it
    assert_eq!((&*back.name, &*back.title), ("plan(3).txt", "plan(3).txt"));
    assert_eq!(back.file.unwrap().edition.title, "plan(3).txt");

    let drawer = folder(&server, &ann, root, "drawer").await;
    delete(vault, &ann, drawer).await;
    folder(&server, &ann, root, "drawer").await;
    vault.restore(&ann, &id_of(vault, &ann, drawer).await).await.unwrap();
    assert_eq!(vault.item(&ann, &ItemKey::Id(drawer)).await.unwrap().name, "drawer(2)");
}

#[tokio::test]
async fn a_restored_folder_brings_back_what_went_with_it_and_nothing_else() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let bob = world::actor(vault, &world.bob).await;
    let top = folder(&server, &ann, world.library.root, "top").await;
    let upper = folder(&server, &ann, top, "upper").await;
    let inner = folder(&server, &bob, upper, "inner").await;
    let early = world::file(vault, &world.bob, &world.library, "early.txt", "e").await;
    let late = world::file(vault, &world.ann, &world.library, "late.txt", "l").await;
    for (item, parent) in [(early.id, inner), (late.id, upper), (world.file.id, inner)] {
        move_to(vault, &ann, item, parent).await;
    }
    delete(vault, &ann, early.id).await;
    delete(vault, &bob, upper).await;
    assert_eq!(names(vault, &ann).await, ["upper"]);
    assert_eq!(names(vault, &bob).await, ["early.txt"]);
    // its folder is in the trash
    let early_id = id_of(vault, &bob, early.id).await;
    assert!(matches!(vault.restore(&bob, &early_id).await, Err(Error::Impossible(_))));
    // the path above changes while it is away
    let elsewhere = folder(&server, &ann, world.library.root, "elsewhere").await;
    move_to(vault, &ann, top, elsewhere).await;

    vault.restore(&ann, &id_of(vault, &ann, upper).await).await.unwrap();
    let path = |item: Item| item.ancestors.iter().map(|above| above.name.clone()).collect::<Vec<_>>().join("/");
    let plan = vault.item(&ann, &ItemKey::Id(world.file.id)).await.unwrap();
    assert_eq!(path(plan), "Engineering/elsewhere/top/upper/inner");
    assert_eq!(path(vault.item(&ann, &ItemKey::Id(late.id)).await.unwrap()), "Engineering/elsewhere/top/upper");
    assert!(matches!(vault.look(&ann, &ItemKey::Id(early.id)).await, Err(Error::Missing(Missing::Item))));
    vault.check_out(&bob, &look(vault, &bob, &late).await, CheckOut::default()).await.unwrap();
    assert_eq!(names(vault, &bob).await, ["early.txt"]);
    vault.restore(&bob, &early_id).await.unwrap();
    let back = vault.item(&ann, &ItemKey::Id(early.id)).await.unwrap();
    assert_eq!(path(back), "Engineering/elsewhere/top/upper/inner");
    assert!(names(vault, &ann).await.is_empty() && names(vault, &bob).await.is_empty());
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    for item in [upper, late.id, world.file.id, early.id] {
        let trail = coatcheck::store::trail::of(&mut db, item).await.unwrap();
        let restores = trail.iter().filter(|entry| format!("{:?}", entry.verb) == "Restore").count();
        assert_eq!(restores, 1);
    }
}

#[tokio::test]
async fn what_is_restored_or_deleted_for_good_passes_the_gates_again() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    delete(vault, &ann, world.file.id).await;
    let id = id_of(vault, &ann, world.file.id).await;
    let refused = async |gate: Gate| {
        let ann = world::actor(vault, &world.ann).await;
        for answer in [
            vault.restore(&ann, &id).await.map(drop),
            vault.purge(&ann, &id).await,
            vault.empty_trash(&ann).await.map(drop),
        ] {
            assert!(matches!(&answer, Err(Error::Denied(denial)) if denial.gate == gate), "{gate:?}: {answer:?}");
        }
    };
    let license = |license| UserChange { license: Some(license), ..UserChange::default() };
    vault.update_user(world.ann.person.id, license(License::ReadOnly)).await.unwrap();
    refused(Gate::License).await;
    vault.update_user(world.ann.person.id, license(License::Full)).await.unwrap();
    vault.grant(world.library.root, world.ann.person.id, Role::Downloader, None).await.unwrap();
    refused(Gate::Role).await;
    // who cannot see it any more has nothing there
    vault.revoke(world.library.root, world.ann.person.id).await.unwrap();
    let ann = world::actor(vault, &world.ann).await;
    assert!(trash(vault, &ann).await.is_empty());
    assert!(matches!(vault.restore(&ann, &id).await, Err(Error::Missing(Missing::Item))));
    assert!(matches!(vault.purge(&ann, &id).await, Err(Error::Missing(Missing::Item))));
    assert_eq!(vault.empty_trash(&ann).await.unwrap(), 0);
    vault.grant(world.library.root, world.ann.person.id, Role::Contributor, None).await.unwrap();
    let ann = world::actor(vault, &world.ann).await;
    vault.restore(&ann, &id).await.unwrap();
}

#[tokio::test]
async fn what_went_along_with_a_folder_has_to_be_the_callers_to_write_as_well() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let secret = super::gates::secret(&server).await;
    let ann = world::actor(vault, &world.ann).await;
    let drawer = folder(&server, &ann, world.library.root, "drawer").await;
    let hidden = world::file(vault, &world.ann, &world.library, "hidden.txt", "x").await;
    let change = Change { category: Some(secret), ..Change::default() };
    vault.update(&ann, &look(vault, &ann, &hidden).await, change.clone()).await.unwrap();
    let change = Change { parent: Some(drawer), ..change };
    vault.update(&ann, &look(vault, &ann, &world.file).await, change).await.unwrap();
    delete(vault, &ann, drawer).await;
    delete(vault, &ann, hidden.id).await;
    let (drawer_id, hidden_id) = (id_of(vault, &ann, drawer).await, id_of(vault, &ann, hidden.id).await);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    for (level, listed) in [(Level::Read, 2), (Level::None, 1)] {
        coatcheck::store::categories::put_level(&mut db, secret, world.ann.person.id, level).await.unwrap();
        // what was remembered is asked for anew
        vault.grant(world.library.root, world.ann.person.id, Role::Contributor, None).await.unwrap();
        let ann = world::actor(vault, &world.ann).await;
        assert_eq!(trash(vault, &ann).await.len(), listed);
        for answer in [vault.restore(&ann, &drawer_id).await.map(drop), vault.purge(&ann, &drawer_id).await] {
            assert!(matches!(&answer, Err(Error::Denied(denial)) if denial.gate == Gate::Category), "{answer:?}");
        }
        for answer in [vault.restore(&ann, &hidden_id).await.map(drop), vault.purge(&ann, &hidden_id).await] {
            match (&answer, level) {
                (Err(Error::Denied(denial)), Level::Read) => assert_eq!(denial.gate, Gate::Category),
                (Err(Error::Missing(Missing::Item)), Level::None) => {}
                _ => panic!("{level:?}: {answer:?}"),
            }
        }
    }
    coatcheck::store::categories::put_level(&mut db, secret, world.ann.person.id, Level::Full).await.unwrap();
    vault.grant(world.library.root, world.ann.person.id, Role::Contributor, None).await.unwrap();
    let ann = world::actor(vault, &world.ann).await;
    vault.restore(&ann, &drawer_id).await.unwrap();
    vault.purge(&ann, &hidden_id).await.unwrap();
}

#[tokio::test]
async fn suppliers_have_no_private_files_in_the_trash_either() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let drawer = folder(&server, &ann, world.library.root, "drawer").await;
    let alone = world::file(vault, &world.ann, &world.library, "alone.txt", "x").await;
    let private = || Metadata { private: Some(true), ..Metadata::default() };
    for file in [&alone, &world.file] {
        let publication = Publication::of(super::staged(vault, "p").await, private());
        vault.add_edition(&ann, &look(vault, &ann, file).await, publication).await.unwrap();
    }
    move_to(vault, &ann, world.file.id, drawer).await;
    delete(vault, &ann, drawer).await;
    delete(vault, &ann, alone.id).await;
    let (drawer_id, alone_id) = (id_of(vault, &ann, drawer).await, id_of(vault, &ann, alone.id).await);
    let supplier = UserChange { affiliation: Some(Affiliation::BasicSupplier), ..UserChange::default() };
    vault.update_user(world.ann.person.id, supplier).await.unwrap();
    let ann = world::actor(vault, &world.ann).await;
    assert_eq!(names(vault, &ann).await, ["drawer"]);
    for answer in [vault.restore(&ann, &drawer_id).await.map(drop), vault.purge(&ann, &drawer_id).await] {
        assert!(matches!(&answer, Err(Error::Denied(denial)) if denial.gate == Gate::Visible), "{answer:?}");
    }
    for answer in [vault.restore(&ann, &alone_id).await.map(drop), vault.purge(&ann, &alone_id).await] {
        assert!(matches!(answer, Err(Error::Missing(Missing::Item))), "{answer:?}");
    }
}

#[tokio::test]
async fn what_is_deleted_for_good_is_gone_with_its_bytes_its_roles_and_its_links() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let max = world::actor(vault, &world.max).await;
    let drawer = folder(&server, &ann, world.library.root, "drawer").await;
    let inner = folder(&server, &ann, drawer, "inner").await;
    let other = world::file(vault, &world.bob, &world.library, "other.txt", "o").await;
    move_to(vault, &ann, world.file.id, inner).await;
    move_to(vault, &ann, other.id, inner).await;
    let large = "x".repeat(100_000);
    vault.add_edition(&ann, &look(vault, &ann, &world.file).await, text(vault, &large).await).await.unwrap();
    vault.grant(drawer, world.eve.person.id, Role::Viewer, None).await.unwrap();
    let spec = LinkSpec {
        name: String::new(),
        role: Role::Viewer,
        audience: Audience::Everybody,
        listed: Vec::new(),
        access_code: None,
        expires_at: None,
    };
    let link = vault.create_link(&max, &look(vault, &max, &world.file).await, spec).await.unwrap();
    // by itself, so not along with the folder
    delete(vault, &ann, other.id).await;
    delete(vault, &ann, drawer).await;
    let shown = trash(vault, &ann).await;
    let oracle_id = &shown[0].item.oracle_id;
    assert_eq!(blobs(server.content.path()), 1);
    vault.purge(&ann, &shown[0].id).await.unwrap();
    assert!(trash(vault, &ann).await.is_empty());
    assert!(matches!(vault.purge(&ann, &shown[0].id).await, Err(Error::Missing(Missing::Item))));
    assert!(matches!(vault.restore(&ann, &shown[0].id).await, Err(Error::Missing(Missing::Item))));
    let edition = world.file.file.as_ref().unwrap().edition.arena_guid.clone();
    for key in [
        ItemKey::Id(drawer),
        ItemKey::Id(inner),
        ItemKey::Id(world.file.id),
        ItemKey::Oracle(oracle_id.clone()),
        ItemKey::Oracle(world.file.oracle_id.clone()),
        ItemKey::Graph(world.file.graph_id.clone()),
        ItemKey::Number(world.file.number),
        ItemKey::Edition(edition),
    ] {
        assert!(matches!(vault.look(&max, &key).await, Err(Error::Missing(Missing::Item))), "{key:?}");
    }
    assert!(matches!(vault.link(&max, &link.oracle_id).await, Err(Error::Missing(Missing::Link))));
    let eve = world::actor(vault, &world.eve).await;
    assert!(vault.libraries(&eve).await.unwrap().is_empty());
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let left: (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM editions e JOIN items i ON i.id = e.file_id WHERE i.purged_at IS NOT NULL),
            (SELECT count(*) FROM memberships m JOIN items i ON i.id = m.item_id WHERE i.purged_at IS NOT NULL),
            (SELECT count(*) FROM items WHERE purged_at IS NOT NULL AND (name = '(deleted)' AND title = '') ),
            (SELECT count(*) FROM items WHERE name = 'plan.txt')",
    )
    .fetch_one(&mut db)
    .await
    .unwrap();
    assert_eq!(left, (0, 0, 3, 0));
    // the name is free again, and what was deleted by itself stays where it is
    world::file(vault, &world.ann, &world.library, "plan.txt", "again").await;
    let bob = world::actor(vault, &world.bob).await;
    let [stays] = &*trash(vault, &bob).await else { panic!("one") };
    assert!(matches!(vault.restore(&bob, &stays.id).await, Err(Error::Impossible(_))));
    // the sweeper's grace begins when it is gone
    assert_eq!(vault.sweep().await.unwrap().contents, 0);
    server.advance(Duration::days(3650));
    assert!(vault.sweep().await.unwrap().contents >= 1);
    assert_eq!(blobs(server.content.path()), 0);
    vault.purge(&bob, &stays.id).await.unwrap();
    assert!(trash(vault, &bob).await.is_empty());
}

#[tokio::test]
async fn emptying_takes_everything_of_the_callers_and_nothing_of_others() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let bob = world::actor(vault, &world.bob).await;
    let other = world::file(vault, &world.bob, &world.library, "other.txt", "o").await;
    let own = world::personal(vault, &world.ann).await;
    for n in 0..205 {
        let made = folder(&server, &ann, if n % 2 == 0 { own.root } else { world.library.root }, &n.to_string()).await;
        delete(vault, &ann, made).await;
        server.advance(Duration::seconds(i64::from(n % 3)));
    }
    delete(vault, &ann, other.id).await;
    let all = trash(vault, &ann).await;
    assert_eq!((all.len(), &*all[0].item.name, &*all[204].item.name), (205, "204", "0"));
    assert_eq!(vault.trash(&ann, 3).await.unwrap().len(), 3);
    assert_eq!(vault.trash(&ann, 0).await.unwrap().len(), 0);
    assert_eq!(vault.empty_trash(&ann).await.unwrap(), 205);
    assert!(trash(vault, &ann).await.is_empty());
    assert_eq!(names(vault, &bob).await, ["other.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_restores_and_purges_at_once_exactly_one_counts() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    for round in 0..12 {
        let file = world::file(vault, &world.ann, &world.library, &format!("{round}.txt"), "x").await;
        delete(vault, &ann, file.id).await;
        let id = id_of(vault, &ann, file.id).await;
        let mut tries = tokio::task::JoinSet::new();
        for n in 0..6 {
            let (vault, ann, id) = (vault.clone(), ann.clone(), id.clone());
            tries.spawn(async move {
                if n % 2 == 0 {
                    ("restored", vault.restore(&ann, &id).await.map(drop))
                } else {
                    ("purged", vault.purge(&ann, &id).await)
                }
            });
        }
        let answers = tries.join_all().await;
        let done: Vec<_> = answers.iter().filter(|(_, answer)| answer.is_ok()).collect();
        let [(what, _)] = done[..] else { panic!("{answers:?}") };
        assert!(answers.iter().all(|(_, answer)| matches!(answer, Ok(()) | Err(Error::Missing(Missing::Item)))));
        let there = vault.look(&ann, &ItemKey::Id(file.id)).await.is_ok();
        assert_eq!(there, *what == "restored");
        assert!(trash(vault, &ann).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_and_a_deletion_of_the_folder_at_once_never_leave_a_living_file_in_a_dead_folder() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    for round in 0..12 {
        let drawer = folder(&server, &ann, world.library.root, &format!("drawer {round}")).await;
        let file = world::file(vault, &world.ann, &world.library, "in.txt", "x").await;
        move_to(vault, &ann, file.id, drawer).await;
        delete(vault, &ann, file.id).await;
        let id = id_of(vault, &ann, file.id).await;
        let above = at(vault, &ann, drawer).await;
        let (restored, deleted) = tokio::join!(
            tokio::spawn({
                let (vault, ann, id) = (vault.clone(), ann.clone(), id.clone());
                async move { vault.restore(&ann, &id).await }
            }),
            tokio::spawn({
                let (vault, ann) = (vault.clone(), ann.clone());
                async move { vault.delete(&ann, &above).await }
            }),
        );
        deleted.unwrap().unwrap();
        // brought back first and gone along with the folder, or not brought back
        let restored = restored.unwrap();
        assert!(matches!(restored, Ok(_) | Err(Error::Impossible(_))), "{restored:?}");
        assert!(vault.look(&ann, &ItemKey::Id(file.id)).await.is_err());
        assert_eq!(trash(vault, &ann).await.iter().any(|trashed| trashed.item.id == file.id), restored.is_err());
        vault.empty_trash(&ann).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_in_the_trash_before_it_had_ids_gets_one() {
    let database = support::database().await;
    let mut db = PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").execute(&mut db).await.unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (trash, before): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.ends_with("0009_trash.sql"));
    let before = before.into_iter().filter(|file| *file < trash[0]);
    for file in before {
        sqlx::raw_sql(sqlx::AssertSqlSafe(std::fs::read_to_string(file).unwrap())).execute(&mut db).await.unwrap();
    }
    sqlx::raw_sql(
        "INSERT INTO principals (id, kind, name, arena_guid, oracle_id, graph_id, created_at)
            VALUES (gen_random_uuid(), 'user', 'A', 'A', 'U', gen_random_uuid(), now());
        INSERT INTO libraries (id, kind, name, name_key, graph_id, graph_site_id, created_at)
            VALUES (gen_random_uuid(), 'site', 'L', 'l', 'b', gen_random_uuid(), now());
        INSERT INTO categories (id, name, name_key, arena_guid, created_at)
            SELECT gen_random_uuid(), 'C', 'c', 'C', now() WHERE NOT EXISTS (SELECT FROM categories);
        INSERT INTO items (id, library_id, ancestors, kind, name, name_key, title, category_id, oracle_id, graph_id, owner_id,
            created_by, created_at, modified_by, modified_at, deleted_at, deleted_with)
        SELECT p.id, (SELECT id FROM libraries), '{}', 'folder', 'n', 'n', 'n', (SELECT id FROM categories LIMIT 1),
            'F' || repeat('1', 23) || 'B5D17B95F47087F4E518', 'g', p.id, p.id, now(), p.id, now(), now(), p.id
        FROM principals p",
    )
    .execute(&mut db)
    .await
    .unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(std::fs::read_to_string(&trash[0]).unwrap())).execute(&mut db).await.unwrap();
    let id: String = sqlx::query_scalar("SELECT trash_id FROM items").fetch_one(&mut db).await.unwrap();
    assert!(id.len() == 44 && id.starts_with('F') && id.ends_with("B5D17B95F47087F4E518"), "{id}");
    assert!(id.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()), "{id}");
}
