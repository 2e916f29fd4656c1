//! The lock, its fence and its end.

use chrono::Duration;
use coatcheck::{
    domain::{
        actor::Actor,
        error::Error,
        lock::{CheckOut, CheckedOut, Mode},
    },
    vault::Cancel,
};

use super::{as_is, look, read, text};
use crate::support::{server::Server, world};

fn for_minutes(minutes: i64) -> CheckOut {
    CheckOut { lifetime: Some(Duration::minutes(minutes)), ..CheckOut::default() }
}

#[tokio::test]
async fn the_fence_rises_with_every_taking_and_never_falls() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    for fence in 1..=3 {
        let free = look(vault, &ann, &world.file).await;
        let taken = vault.check_out(&ann, &free, CheckOut::default()).await.unwrap();
        assert_eq!(taken.lock().fence, fence);
        let held = look(vault, &ann, &world.file).await;
        let again = vault.check_out(&ann, &held, CheckOut::default()).await.unwrap();
        assert!(
            matches!(again, CheckedOut::AlreadyYours(lock) if lock.fence == fence && lock.uuid == taken.lock().uuid)
        );
        vault.cancel(&ann, &held, Cancel::default()).await.unwrap();
    }
}

#[tokio::test]
async fn an_edition_that_was_the_newest_a_moment_ago_is_not_checked_out() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (ann, bob) = (world::actor(vault, &world.ann).await, world::actor(vault, &world.bob).await);
    let seen = look(vault, &ann, &world.file).await;
    let edition = seen.file().unwrap().edition.id;
    // somebody publishes without a lock in between
    vault.add_edition(&bob, &look(vault, &bob, &world.file).await, text(vault, "second").await).await.unwrap();
    let late = vault.check_out_edition(&ann, &seen, edition, CheckOut::default()).await;
    assert!(matches!(late, Err(Error::NotLatest)), "{late:?}");
    let now = look(vault, &ann, &world.file).await;
    let newest = now.file().unwrap().edition.id;
    // what changed without an edition does not matter
    vault.check_out(&bob, &now, CheckOut::default()).await.unwrap();
    vault.cancel(&bob, &look(vault, &bob, &world.file).await, Cancel::default()).await.unwrap();
    let taken = vault.check_out_edition(&ann, &now, newest, CheckOut::default()).await.unwrap();
    assert_eq!(taken.lock().fence, 2);
}

#[tokio::test]
async fn an_expired_lock_is_no_lock_at_the_instant_it_expires() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (ann, bob) = (world::actor(vault, &world.ann).await, world::actor(vault, &world.bob).await);
    let free = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &free, for_minutes(10)).await.unwrap();

    server.advance(Duration::minutes(10) - Duration::microseconds(1));
    let held = look(vault, &bob, &world.file).await;
    assert!(matches!(vault.check_out(&bob, &held, CheckOut::default()).await, Err(Error::Held(_))));

    server.advance(Duration::microseconds(1));
    assert!(look(vault, &bob, &world.file).await.item().lock().is_none());
    // even with eyes from before the end
    let taken = vault.check_out(&bob, &free, CheckOut::default()).await.unwrap();
    assert_eq!(taken.lock().fence, 2);
}

#[tokio::test]
async fn a_lapsed_holder_can_neither_save_nor_check_in_what_was_begun_before() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (ann, bob) = (world::actor(vault, &world.ann).await, world::actor(vault, &world.bob).await);
    let free = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &free, for_minutes(10)).await.unwrap();
    let begun = look(vault, &ann, &world.file).await;
    server.advance(Duration::minutes(10));

    assert!(matches!(vault.save_draft(&ann, &begun, text(vault, "late").await).await, Err(Error::FenceLost)));
    assert!(matches!(vault.check_in(&ann, &begun, as_is()).await, Err(Error::FenceLost)));

    let free = look(vault, &bob, &world.file).await;
    vault.check_out(&bob, &free, CheckOut::default()).await.unwrap();
    assert!(
        matches!(vault.check_in(&ann, &begun, as_is()).await, Err(Error::Held(lock)) if lock.holder.login == "bob")
    );
    assert_eq!(read(vault, &bob, &world.file).await, "first");
}

#[tokio::test]
async fn the_same_holder_cannot_write_with_the_fence_of_an_earlier_taking() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let free = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &free, CheckOut::default()).await.unwrap();
    let begun = look(vault, &ann, &world.file).await;
    vault.cancel(&ann, &begun, Cancel::default()).await.unwrap();
    let free = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &free, CheckOut::default()).await.unwrap();

    assert!(matches!(vault.save_draft(&ann, &begun, text(vault, "old").await).await, Err(Error::FenceLost)));
    assert!(matches!(vault.check_in(&ann, &begun, as_is()).await, Err(Error::FenceLost)));
    // and by its own word
    let now = look(vault, &ann, &world.file).await;
    let old = Actor { fence: Some(1), ..ann.clone() };
    assert!(matches!(vault.check_in(&old, &now, as_is()).await, Err(Error::FenceLost)));
    assert!(matches!(vault.cancel(&old, &now, Cancel::default()).await, Err(Error::FenceLost)));
    let current = Actor { fence: Some(2), ..ann };
    vault.check_in(&current, &now, as_is()).await.unwrap();
}

#[tokio::test]
async fn cancelling_somebody_elses_check_out_keeps_the_draft_for_a_while() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (ann, dora) = (world::actor(vault, &world.ann).await, world::actor(vault, &world.dora).await);
    let free = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &free, CheckOut::default()).await.unwrap();
    let held = look(vault, &ann, &world.file).await;
    vault.save_draft(&ann, &held, text(vault, "a week of work").await).await.unwrap();

    let held = look(vault, &dora, &world.file).await;
    let cancelled = vault.cancel(&dora, &held, Cancel::default()).await.unwrap();
    assert!(cancelled.rescued && cancelled.lock.holder.login == "ann");
    let rescued = vault.rescued_drafts(&ann, &look(vault, &ann, &world.file).await).await.unwrap();
    assert_eq!(rescued.iter().map(|draft| (draft.fence, draft.size)).collect::<Vec<_>>(), [(1, Some(14))]);
    assert_eq!(read(vault, &ann, &world.file).await, "first");

    server.advance(Duration::days(31));
    assert_eq!(vault.sweep().await.unwrap().drafts, 1);
    assert!(vault.rescued_drafts(&ann, &look(vault, &ann, &world.file).await).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_lapsed_holders_draft_is_rescued_and_not_seen_by_the_next_one() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (ann, bob) = (world::actor(vault, &world.ann).await, world::actor(vault, &world.bob).await);
    let free = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &free, for_minutes(10)).await.unwrap();
    let held = look(vault, &ann, &world.file).await;
    vault.save_draft(&ann, &held, text(vault, "unfinished").await).await.unwrap();
    server.advance(Duration::minutes(10));

    let free = look(vault, &bob, &world.file).await;
    vault.check_out(&bob, &free, CheckOut::default()).await.unwrap();
    let held = look(vault, &bob, &world.file).await;
    assert!(held.item().draft_of(bob.id()).is_none());
    vault.check_in(&bob, &held, as_is()).await.unwrap();
    assert_eq!(read(vault, &bob, &world.file).await, "first");
    assert_eq!(vault.rescued_drafts(&ann, &look(vault, &ann, &world.file).await).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_reservation_is_cleared_by_any_contributor_who_names_its_holder() {
    use coatcheck::domain::actor::Dialect;
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let bob = Actor { dialect: Dialect::Oracle, ..world::actor(vault, &world.bob).await };
    let free = look(vault, &ann, &world.file).await;
    let reserve = CheckOut { mode: Mode::Reservation, ..CheckOut::default() };
    vault.check_out(&ann, &free, reserve).await.unwrap();

    let held = look(vault, &bob, &world.file).await;
    let naming = |holder| Cancel { holder, comment: None };
    assert!(matches!(vault.cancel(&bob, &held, naming(bob.id())).await, Err(Error::OtherHolderNamed(_))));
    assert!(matches!(vault.cancel(&bob, &held, naming(None)).await, Err(Error::Held(_))));
    vault.cancel(&bob, &held, naming(ann.id())).await.unwrap();

    // a check-out is not cleared that way
    let free = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &free, CheckOut::default()).await.unwrap();
    let held = look(vault, &bob, &world.file).await;
    assert!(matches!(vault.cancel(&bob, &held, naming(ann.id())).await, Err(Error::Held(_))));
}

#[tokio::test]
async fn of_many_who_take_at_once_exactly_one_wins_every_time() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let people = [&world.ann, &world.bob, &world.max, &world.dora];
    for round in 1..=20 {
        let mut tries = tokio::task::JoinSet::new();
        for n in 0..16 {
            let actor = world::actor(vault, people[n % people.len()]).await;
            let (vault, look) = (vault.clone(), look(vault, &actor, &world.file).await);
            tries.spawn(async move { (actor.id(), vault.check_out(&actor, &look, CheckOut::default()).await) });
        }
        let answers = tries.join_all().await;
        let taken: Vec<_> = answers.iter().filter(|(_, answer)| matches!(answer, Ok(CheckedOut::Taken(_)))).collect();
        assert_eq!(taken.len(), 1, "round {round}");
        let winner = taken[0].0;
        for (who, answer) in &answers {
            match answer {
                Ok(done) => assert!(*who == winner && done.lock().fence == round),
                Err(Error::Held(lock)) => assert!(*who != winner && Some(lock.holder.id) == winner),
                Err(other) => panic!("{other:?}"),
            }
        }
        let actor = world::actor(vault, people.into_iter().find(|who| Some(who.person.id) == winner).unwrap()).await;
        let held = look(vault, &actor, &world.file).await;
        vault.cancel(&actor, &held, Cancel::default()).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_bound_to_a_lapsed_check_out_writes_nothing_even_on_a_look_from_before_the_lapse() {
    use coatcheck::domain::{item::Change, name::ItemName};
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let free = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &free, for_minutes(10)).await.unwrap();
    let begun = look(vault, &ann, &world.file).await;
    server.advance(Duration::minutes(10));

    // an upload that lasted longer than the check-out
    let late = vault.add_edition(&ann, &begun, text(vault, "late").await).await;
    assert!(matches!(late, Err(Error::FenceLost)), "{late:?}");
    let replaced = coatcheck::vault::Publication {
        how: coatcheck::domain::edition::Publish::ReplaceLatest,
        ..text(vault, "late").await
    };
    assert!(matches!(vault.add_edition(&ann, &begun, replaced).await, Err(Error::FenceLost)));
    // and what names its fence
    let named = Actor { fence: Some(1), ..ann.clone() };
    let rename = Change { name: Some(ItemName::parse("late.txt").unwrap()), ..Change::default() };
    assert!(matches!(vault.update(&named, &begun, rename.clone()).await, Err(Error::FenceLost)));
    assert!(matches!(vault.delete(&named, &begun).await, Err(Error::FenceLost)));
    assert_eq!(read(vault, &ann, &world.file).await, "first");
    // without a fence the file is simply free again
    vault.update(&ann, &begun, rename).await.unwrap();
}
