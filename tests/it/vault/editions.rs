//! Publishing, working copies, replacing in place.

use coatcheck::{
    domain::{
        edition::{Metadata, Publish},
        error::Error,
        id::ItemKey,
        item::{ClientTimes, NewFile, OnConflict},
        lock::CheckOut,
        name::ItemName,
        version::Step,
    },
    vault::{Cancel, CheckIn, NewFileAt, Publication},
};

use super::{as_is, look, read, read_bytes, staged, text};
use crate::support::{server::Server, world};

#[tokio::test]
async fn a_working_copy_is_seen_by_its_holder_alone_and_published_by_the_check_in() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (ann, bob) = (world::actor(vault, &world.ann).await, world::actor(vault, &world.bob).await);
    let free = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &free, CheckOut::default()).await.unwrap();
    for words in ["second", "second, better"] {
        let held = look(vault, &ann, &world.file).await;
        assert!(vault.save_draft(&ann, &held, text(vault, words).await).await.unwrap().edition.is_none());
    }
    let mine = look(vault, &ann, &world.file).await;
    let copy = vault.download_working_copy(&ann, &mine).await.unwrap();
    assert_eq!(read_bytes(vault, &copy).await, "second, better");
    let theirs = look(vault, &bob, &world.file).await;
    let copy = vault.download_working_copy(&bob, &theirs).await.unwrap();
    assert_eq!(read_bytes(vault, &copy).await, "first");

    vault.check_in(&ann, &mine, as_is()).await.unwrap();
    assert_eq!(read(vault, &bob, &world.file).await, "second, better");
    let editions = vault.editions(&bob, &look(vault, &bob, &world.file).await).await.unwrap();
    let seen: Vec<_> = editions.iter().map(|e| (e.ordinal, e.version.to_string(), e.label.clone(), e.latest)).collect();
    assert_eq!(seen, [(2, "2.0".to_owned(), "2".to_owned(), true), (1, "1.0".to_owned(), "1".to_owned(), false)]);
    assert!(look(vault, &bob, &world.file).await.item().lock().is_none());
}

#[tokio::test]
async fn cancelling_leaves_content_editions_and_dates_as_they_were() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let free = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &free, CheckOut::default()).await.unwrap();
    let held = look(vault, &ann, &world.file).await;
    vault.save_draft(&ann, &held, text(vault, "dropped").await).await.unwrap();
    server.advance(world::DAY);
    vault.cancel(&ann, &look(vault, &ann, &world.file).await, Cancel::default()).await.unwrap();

    let after = look(vault, &ann, &world.file).await;
    assert_eq!(after.item().modified_at, world.file.modified_at);
    assert_eq!(after.file().unwrap().edition, world.file.file.as_ref().unwrap().edition);
    assert_eq!(read(vault, &ann, &world.file).await, "first");
    assert!(vault.rescued_drafts(&ann, &after).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_check_in_in_place_keeps_identity_and_loses_no_bytes() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let free = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &free, CheckOut::default()).await.unwrap();
    let held = look(vault, &ann, &world.file).await;
    let publication = Publication { how: Publish::ReplaceLatest, ..text(vault, "replaced").await };
    vault.check_in(&ann, &held, CheckIn { publication, lock_uuid: None }).await.unwrap();

    let after = look(vault, &ann, &world.file).await;
    let (before, now) = (&world.file.file.as_ref().unwrap().edition, &after.file().unwrap().edition);
    assert_eq!((now.id, now.number, &now.arena_guid, now.ordinal), (before.id, before.number, &before.arena_guid, 1));
    assert_eq!(read(vault, &ann, &world.file).await, "replaced");
    assert_eq!(vault.editions(&ann, &after).await.unwrap().len(), 1);
    // the replaced bytes are still named by an internal edition: no sweep takes them
    server.advance(world::DAY * 60);
    assert_eq!(vault.sweep().await.unwrap().contents, 0);
}

#[tokio::test]
async fn an_automatic_check_in_makes_an_edition_only_when_something_changed() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    for (publication, version) in [
        (Publication { how: Publish::Automatic, content: None, ..text(vault, "").await }, "1.0"),
        (Publication { how: Publish::Automatic, ..text(vault, "changed").await }, "1.1"),
        (Publication { how: Publish::Automatic, ..text(vault, "changed").await }, "1.1"),
        (Publication { how: Publish::New(Step::Minor), content: None, ..text(vault, "").await }, "1.2"),
        (Publication { how: Publish::New(Step::Major), content: None, ..text(vault, "").await }, "2.0"),
    ] {
        let free = look(vault, &ann, &world.file).await;
        vault.check_out(&ann, &free, CheckOut::default()).await.unwrap();
        let held = look(vault, &ann, &world.file).await;
        vault.check_in(&ann, &held, CheckIn { publication, lock_uuid: None }).await.unwrap();
        let now = look(vault, &ann, &world.file).await;
        assert_eq!(now.file().unwrap().edition.version.to_string(), version);
    }
}

#[tokio::test]
async fn writers_of_a_free_file_line_up_and_none_is_lost() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let before = look(vault, &ann, &world.file).await;
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..12 {
        let publication = text(vault, &format!("writer {n}")).await;
        let (vault, ann, before) = (vault.clone(), ann.clone(), before.clone());
        writers.spawn(async move { vault.add_edition(&ann, &before, publication).await });
    }
    assert!(writers.join_all().await.iter().all(Result::is_ok));
    let editions = vault.editions(&ann, &look(vault, &ann, &world.file).await).await.unwrap();
    assert_eq!(editions.iter().map(|edition| edition.ordinal).collect::<Vec<_>>(), (1..=13).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_check_in_of_a_free_file_is_refused_and_a_taken_label_as_well() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let free = look(vault, &ann, &world.file).await;
    assert!(matches!(vault.check_in(&ann, &free, as_is()).await, Err(Error::NotCheckedOut)));
    assert!(matches!(vault.cancel(&ann, &free, Cancel::default()).await, Err(Error::NotCheckedOut)));

    let metadata = Metadata { label: Some("1".to_owned()), ..Metadata::default() };
    let publication = Publication::of(staged(vault, "x").await, metadata);
    assert!(matches!(vault.add_edition(&ann, &free, publication).await, Err(Error::LabelTaken(label)) if label == "1"));
}

#[tokio::test]
async fn an_administrator_of_arena_checks_in_for_somebody_whose_draft_is_kept() {
    use coatcheck::domain::actor::{Actor, Dialect};
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let dora = Actor { dialect: Dialect::Arena, ..world::actor(vault, &world.dora).await };
    let free = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &free, CheckOut::default()).await.unwrap();
    let held = look(vault, &ann, &world.file).await;
    vault.save_draft(&ann, &held, text(vault, "ann's own").await).await.unwrap();

    let held = look(vault, &dora, &world.file).await;
    let check_in = CheckIn { publication: text(vault, "dora's").await, lock_uuid: None };
    vault.check_in(&dora, &held, check_in).await.unwrap();
    assert_eq!(read(vault, &ann, &world.file).await, "dora's");
    let rescued = vault.rescued_drafts(&ann, &look(vault, &ann, &world.file).await).await.unwrap();
    assert_eq!(rescued.len(), 1);
}

#[tokio::test]
async fn there_is_a_next_edition_after_the_greatest_number_for_a_label() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let greatest = u64::MAX.to_string();
    for (label, expected) in [(Some(&greatest), greatest.clone()), (None, format!("{greatest}-1"))] {
        let metadata = Metadata { label: label.cloned(), ..Metadata::default() };
        let publication = Publication::of(staged(vault, &expected).await, metadata);
        vault.add_edition(&ann, &look(vault, &ann, &world.file).await, publication).await.unwrap();
        assert_eq!(look(vault, &ann, &world.file).await.file().unwrap().edition.label, expected);
    }
}

#[tokio::test]
async fn a_label_taken_ahead_of_its_time_is_passed_over() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    for (label, expected) in [(Some("4"), "4"), (Some("3"), "3"), (None, "5")] {
        let metadata = Metadata { label: label.map(str::to_owned), ..Metadata::default() };
        let publication = Publication::of(staged(vault, expected).await, metadata);
        vault.add_edition(&ann, &look(vault, &ann, &world.file).await, publication).await.unwrap();
        assert_eq!(look(vault, &ann, &world.file).await.file().unwrap().edition.label, expected);
    }
}

#[tokio::test]
async fn an_upload_beside_a_working_copy_publishes_nothing_of_it() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let free = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &free, CheckOut::default()).await.unwrap();
    let held = look(vault, &ann, &world.file).await;
    let metadata = Metadata { title: Some("secret plan".to_owned()), ..Metadata::default() };
    vault.save_draft(&ann, &held, Publication::of(staged(vault, "draft").await, metadata)).await.unwrap();
    let held = look(vault, &ann, &world.file).await;
    vault.add_edition(&ann, &held, text(vault, "for all").await).await.unwrap();
    let after = look(vault, &ann, &world.file).await;
    assert_eq!(after.file().unwrap().edition.title, "plan.txt");
    assert_eq!(read(vault, &ann, &world.file).await, "for all");
    vault.check_in(&ann, &after, as_is()).await.unwrap();
    assert_eq!(look(vault, &ann, &world.file).await.file().unwrap().edition.title, "secret plan");
    assert_eq!(read(vault, &ann, &world.file).await, "draft");
}

#[tokio::test]
async fn an_upload_begun_on_a_free_file_does_not_publish_over_a_check_out_made_meanwhile() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let begun = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &begun, CheckOut::default()).await.unwrap();
    let late = vault.save_draft(&ann, &begun, text(vault, "begun before").await).await;
    assert!(matches!(late, Err(Error::FenceLost)), "{late:?}");
    assert_eq!(read(vault, &ann, &world.file).await, "first");
}

#[tokio::test]
async fn files_of_one_name_made_at_once_become_editions_of_one_file() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    // all have seen that the name is free
    let folder = vault.look(&ann, &ItemKey::Id(world.library.root)).await.unwrap();
    let mut uploads = tokio::task::JoinSet::new();
    for n in 0..8 {
        let file = NewFile {
            name: ItemName::parse("new.txt").unwrap(),
            metadata: Metadata::default(),
            comment: String::new(),
            on_conflict: OnConflict::AddEdition,
            client_times: ClientTimes::default(),
        };
        let new = NewFileAt { file, content: Some(staged(vault, &format!("upload {n}")).await) };
        let (vault, ann, folder) = (vault.clone(), ann.clone(), folder.clone());
        uploads.spawn(async move { vault.create_file(&ann, &folder, new).await.unwrap().file });
    }
    let files: std::collections::HashSet<_> = uploads.join_all().await.into_iter().collect();
    assert_eq!(files.len(), 1);
    let look = vault.look(&ann, &ItemKey::Id(files.into_iter().next().unwrap())).await.unwrap();
    assert_eq!(look.file().unwrap().edition.ordinal, 8);
}
