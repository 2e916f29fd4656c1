//! Input that no client in its right mind sends: refused as what it is, never our fault.

use chrono::{DateTime, Duration, Utc};
use coatcheck::{
    domain::{
        edition::Metadata,
        error::{Error, Missing},
        id::{ItemKey, LibraryKey, PrincipalKey},
        item::{Change, ClientTimes},
        lock::CheckOut,
    },
    vault::Publication,
};

use super::{look, staged};
use crate::support::{server::Server, world};

const NUL: &str = "a\0b";

#[tokio::test]
async fn a_text_with_a_nul_names_nothing() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let path = ItemKey::Path(Box::new(ItemKey::Root(world.library.id)), vec![NUL.to_owned()]);
    for key in [path, ItemKey::Graph(NUL.to_owned()), ItemKey::Oracle(NUL.to_owned()), ItemKey::Edition(NUL.to_owned())]
    {
        let answer = vault.look(&ann, &key).await;
        assert!(matches!(answer, Err(Error::Missing(Missing::Item))), "{key:?}: {answer:?}");
    }
    for key in [LibraryKey::Named(NUL.to_owned()), LibraryKey::Drive(NUL.to_owned())] {
        assert!(matches!(vault.library(&ann, &key).await, Err(Error::Missing(Missing::Library))), "{key:?}");
    }
    for key in [PrincipalKey::Login(NUL.to_owned()), PrincipalKey::Oracle(NUL.to_owned())] {
        assert!(matches!(vault.person(&key).await, Ok(None)), "{key:?}");
    }
    assert!(matches!(vault.link(&ann, NUL).await, Err(Error::Missing(Missing::Link))));
    assert!(matches!(vault.sign_in(NUL, world::PASSWORD).await, Err(Error::BadCredentials)));
    assert!(matches!(vault.sign_in("ann", NUL).await, Err(Error::BadCredentials)));
}

#[tokio::test]
async fn values_that_cannot_be_stored_are_refused_and_leave_nothing() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let file = look(vault, &ann, &world.file).await;
    for what in [
        CheckOut { comment: Some(NUL.to_owned()), ..CheckOut::default() },
        CheckOut { owner_text: NUL.to_owned(), ..CheckOut::default() },
        CheckOut { lifetime: Some(Duration::MAX), ..CheckOut::default() },
        CheckOut { lifetime: Some(Duration::days(365 * 293_000)), ..CheckOut::default() },
    ] {
        let answer = vault.check_out(&ann, &file, what.clone()).await;
        assert!(matches!(answer, Err(Error::Invalid(_))), "{what:?}: {answer:?}");
    }
    let before_all = ClientTimes { created: Some(DateTime::<Utc>::MIN_UTC), modified: None };
    for change in [
        Change { description: Some(NUL.to_owned()), ..Change::default() },
        Change { client_times: before_all, ..Change::default() },
    ] {
        let answer = vault.update(&ann, &file, change.clone()).await;
        assert!(matches!(answer, Err(Error::Invalid(_))), "{change:?}: {answer:?}");
    }
    // more than an index takes, and nothing in it to compress
    let endless: String = (0..400).map(|_| uuid::Uuid::new_v4().to_string()).collect();
    for label in [NUL.to_owned(), endless] {
        let metadata = Metadata { label: Some(label), ..Metadata::default() };
        let publication = Publication::of(staged(vault, &"x".repeat(100_000)).await, metadata);
        let answer = vault.add_edition(&ann, &file, publication).await;
        assert!(matches!(answer, Err(Error::Invalid(_))), "{answer:?}");
    }
    assert_eq!(walk(server.content.path()), Vec::<std::path::PathBuf>::new());
    let metadata = Metadata { title: Some(NUL.to_owned()), ..Metadata::default() };
    vault.check_out(&ann, &file, CheckOut::default()).await.unwrap();
    let held = look(vault, &ann, &world.file).await;
    let publication = Publication::of(staged(vault, &"x".repeat(100_000)).await, metadata);
    assert!(matches!(vault.save_draft(&ann, &held, publication).await, Err(Error::Invalid(_))));
    assert_eq!(walk(server.content.path()), Vec::<std::path::PathBuf>::new());
}

/// The files below a folder.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    if !folder.is_dir() {
        return vec![folder.to_owned()];
    }
    std::fs::read_dir(folder).unwrap().flat_map(|entry| walk(&entry.unwrap().path())).collect()
}

#[tokio::test]
async fn somebody_whose_name_is_no_file_name_has_a_library_all_the_same() {
    let server = Server::start().await;
    let vault = &server.vault;
    for (n, name) in ["Ann Example / Contractor", "..", "", &"x".repeat(300)].into_iter().enumerate() {
        let user = world::user(vault, &format!("odd{n}"), coatcheck::domain::person::License::Full, false).await;
        let change = coatcheck::vault::UserChange { name: Some(name.to_owned()), ..Default::default() };
        vault.update_user(user.person.id, change).await.unwrap();
        let library = world::personal(vault, &user).await;
        assert_eq!(library.name, name);
    }
}
