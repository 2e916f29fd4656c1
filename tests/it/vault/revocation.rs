//! What was revoked is dead at once where it was revoked, and within a second everywhere.

use std::time::{Duration, Instant};

use coatcheck::{
    domain::{error::Error, id::ItemKey},
    vault::UserChange,
};

use crate::support::{
    server::Server,
    world::{self, PASSWORD},
};

#[tokio::test]
async fn a_revoked_token_is_dead_at_once_here_and_within_a_second_on_another_node() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (_, other) = server.another_node().await;
    // both remember it
    for node in [vault, &other] {
        node.bearer(&world.ann.token).await.unwrap();
        node.bearer(&world.ann.token).await.unwrap();
    }
    let token = vault.tokens().await.unwrap().into_iter().find(|token| token.person.login == "ann").unwrap();
    vault.revoke_token(token.id).await.unwrap();
    let revoked = Instant::now();
    assert!(matches!(vault.bearer(&world.ann.token).await, Err(Error::NoSession)));
    while other.bearer(&world.ann.token).await.is_ok() {
        assert!(revoked.elapsed() < Duration::from_secs(1), "still alive on the other node");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_disabled_user_and_a_changed_password_end_what_was_remembered() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    vault.sign_in("ann", PASSWORD).await.unwrap();
    vault.sign_in("ANN@example.com", PASSWORD).await.unwrap();
    let change = UserChange { password: Some("another".to_owned()), ..UserChange::default() };
    vault.update_user(world.ann.person.id, change).await.unwrap();
    assert!(matches!(vault.sign_in("ann", PASSWORD).await, Err(Error::BadCredentials)));
    vault.sign_in("ann", "another").await.unwrap();

    let change = UserChange { disabled: Some(true), ..UserChange::default() };
    vault.update_user(world.ann.person.id, change).await.unwrap();
    assert!(matches!(vault.sign_in("ann", "another").await, Err(Error::BadCredentials)));
    assert!(matches!(vault.bearer(&world.ann.token).await, Err(Error::NoSession)));
}

#[tokio::test]
async fn a_role_given_counts_with_the_next_request() {
    use coatcheck::domain::actor::Role;
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    vault.grant(world.library.root, world.eve.person.id, Role::Viewer, None).await.unwrap();
    let eve = world::actor(vault, &world.eve).await;
    assert!(vault.item(&eve, &ItemKey::Id(world.file.id)).await.is_ok());
}

#[tokio::test]
async fn five_wrong_passwords_lock_a_login_for_five_minutes_whether_it_exists_or_not() {
    let server = Server::start().await;
    let vault = &server.vault;
    for login in ["ann", "nobody@example.com"] {
        for _ in 0..5 {
            assert!(matches!(vault.sign_in(login, "wrong").await, Err(Error::BadCredentials)));
        }
        assert!(matches!(vault.sign_in(login, PASSWORD).await, Err(Error::LockedOut)));
    }
    server.advance(chrono::Duration::minutes(5));
    vault.sign_in("ann", PASSWORD).await.unwrap();
    assert!(matches!(vault.sign_in("nobody@example.com", PASSWORD).await, Err(Error::BadCredentials)));
}
