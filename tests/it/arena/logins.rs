//! Logins that are refused though the password is right, and what ends a session (spec/arena.md 3.1, 3.3, 13).

use chrono::Duration;
use coatcheck::{
    domain::{actor::Role, id::PrincipalId, person::Affiliation},
    vault::{LibraryUpdate, PasswordChange, UserChange},
};
use insta::assert_snapshot;
use reqwest::RequestBuilder;
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};

use crate::support::{
    answer::Answer,
    arena::{Arena, code},
    server::Server,
    world::{PASSWORD, Somebody},
};

async fn change(server: &Server, somebody: &Somebody, change: UserChange) {
    server.vault.update_user(somebody.person.id, change).await.unwrap();
}

fn expired() -> UserChange {
    UserChange { password: Some(PasswordChange::Expire), ..UserChange::default() }
}

fn password(text: &str) -> UserChange {
    UserChange { password: Some(PasswordChange::Set(text.to_owned())), ..UserChange::default() }
}

async fn api(server: &Server, open: bool) {
    let update = LibraryUpdate { arena_api: Some(open), ..LibraryUpdate::default() };
    server.vault.update_library(server.world.library.id, &update).await.unwrap();
}

#[tokio::test]
async fn an_expired_password_is_named_only_to_who_knows_it() {
    let server = Server::start().await;
    let ann = &server.world.ann;
    let wrong = server.log_in(&ann.person.email, "wrong").await;
    change(&server, ann, expired()).await;
    assert_snapshot!(server.log_in(&ann.person.email, PASSWORD).await, @r#"
    400 Bad Request
    {"status":400,"errors":[{"code":4081,"message":"Your password has either been reset by an Account Administrator or has expired. Please proceed to the browser-based Arena user interface and configure a new password."}]}
    "#);
    assert_eq!(server.log_in(&ann.person.email, "wrong").await.text(), wrong.text());
    // the right one is no wrong one, however often
    for _ in 0..6 {
        assert_eq!(code(&server.log_in(&ann.person.email, PASSWORD).await), "400 4081");
    }
    change(&server, ann, password("another")).await;
    server.log_in(&ann.person.email, "another").await.expect(200);
    assert_eq!(code(&server.log_in(&ann.person.email, PASSWORD).await), "400 4001");
}

#[tokio::test]
async fn an_expired_password_opens_no_other_room_however_lately_it_did() {
    let server = Server::start().await;
    let ann = &server.world.ann;
    let (_, other) = server.another_node().await;
    let path = format!("/folders/{}/items", server.world.library.root_oracle_id);
    server.oracle(ann).get(&path).await.expect(200);
    other.sign_in("ann", PASSWORD).await.unwrap();
    change(&server, ann, expired()).await;
    server.oracle(ann).get(&path).await.expect(401);
    // the other node has a second to notice
    let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while other.sign_in("ann", PASSWORD).await.is_ok() {
        assert!(std::time::Instant::now() < until, "the other node still remembers it");
        tokio::task::yield_now().await;
    }
    // a token is none of the password's business
    server.graph(ann).get(&server.plan()).await.expect(200);
    change(&server, ann, password(PASSWORD)).await;
    server.oracle(ann).get(&path).await.expect(200);
}

#[tokio::test]
async fn a_workspace_without_the_api_says_so_to_who_could_enter_it() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    api(&server, false).await;
    assert_snapshot!(server.log_in("ann@example.com", PASSWORD).await, @r#"
    400 Bad Request
    {"status":400,"errors":[{"code":4079,"message":"API feature is not enabled in your workspace."}]}
    "#);
    let named = json!({"email": "ann@example.com", "password": PASSWORD, "workspaceId": 1001});
    assert_eq!(code(&server.send(server.post("/v1/login").json(&named)).await), "400 4079");
    assert_eq!(code(&server.log_in("ann@example.com", "wrong").await), "400 4001");
    assert_eq!(code(&server.log_in("eve@example.com", PASSWORD).await), "400 4001");
    assert_eq!(code(&ann.get("/v1/files").await), "401 401");
    api(&server, true).await;
    assert_eq!(code(&ann.get("/v1/files").await), "401 401");
    server.log_in("ann@example.com", PASSWORD).await.expect(200);
}

async fn apply(server: &Server, text: &str) {
    use coatcheck::seed::{self, Beside, Seed};
    let seed = Seed { name: "world.toml".to_owned(), text, beside: Beside::Bundled(&[]) };
    seed::apply(&server.vault, &seed).await.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test]
async fn a_seed_closes_a_workspace_and_opens_it_again() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    apply(&server, r#"libraries = [{ name = "Engineering", arena_api = false }]"#).await;
    assert_eq!(code(&ann.get("/v1/files").await), "401 401");
    assert_eq!(code(&server.log_in("ann@example.com", PASSWORD).await), "400 4079");
    // what is not said stays as it is
    apply(&server, r#"libraries = [{ name = "Engineering", description = "closed" }]"#).await;
    assert_eq!(code(&server.log_in("ann@example.com", PASSWORD).await), "400 4079");
    apply(&server, r#"libraries = [{ name = "Engineering", arena_api = true }]"#).await;
    assert_eq!(code(&ann.get("/v1/files").await), "401 401");
    server.log_in("ann@example.com", PASSWORD).await.expect(200);
    apply(
        &server,
        r#"libraries = [{ name = "New", arena_workspace = 3, arena_api = false, members = { eve = "viewer" } }]"#,
    )
    .await;
    assert_eq!(code(&server.log_in("eve@example.com", PASSWORD).await), "400 4079");
}

#[tokio::test]
async fn who_names_no_workspace_is_never_let_into_another_than_the_last_because_that_is_closed() {
    let server = Server::start().await;
    let seed =
        r#"libraries = [{ name = "Second", arena_workspace = 2000, members = { ann = "viewer", bob = "viewer" } }]"#;
    apply(&server, seed).await;
    let entered = async |email: &str| server.log_in(email, PASSWORD).await.expect(200).json()["workspaceId"].clone();
    assert_eq!(entered("ann@example.com").await, 1001);
    api(&server, false).await;
    assert_eq!(code(&server.log_in("ann@example.com", PASSWORD).await), "400 4079");
    // who has entered none yet gets one that is open
    assert_eq!(entered("bob@example.com").await, 2000);
    api(&server, true).await;
    assert_eq!(entered("bob@example.com").await, 2000);
    assert_eq!(entered("ann@example.com").await, 1001);
}

/// What may end a session of Ann's.
#[derive(Clone, Copy, Debug)]
enum End {
    SecondLogin,
    Logout,
    Disabled,
    Password,
    Expired,
    Supplier,
    ApiOff,
    Removed,
}

#[tokio::test]
async fn what_ends_a_session() {
    for end in [
        End::SecondLogin,
        End::Logout,
        End::Disabled,
        End::Password,
        End::Expired,
        End::Supplier,
        End::ApiOff,
        End::Removed,
    ] {
        let server = Server::start().await;
        let (vault, world) = (&server.vault, &server.world);
        let (ann, bob) = (server.arena(&world.ann).await, server.arena(&world.bob).await);
        ann.get("/v1/files").await.expect(200);
        match end {
            End::SecondLogin => drop(server.arena(&world.ann).await),
            End::Logout => drop(ann.log_out().await.expect(200)),
            End::Disabled => {
                let disabled = |disabled| UserChange { disabled: Some(disabled), ..UserChange::default() };
                change(&server, &world.ann, disabled(true)).await;
                change(&server, &world.ann, disabled(false)).await;
            }
            End::Password => change(&server, &world.ann, password(PASSWORD)).await,
            End::Expired => change(&server, &world.ann, expired()).await,
            End::Supplier => {
                let supplier = Some(Affiliation::AdvancedSupplier);
                change(&server, &world.ann, UserChange { affiliation: supplier, ..UserChange::default() }).await;
            }
            End::ApiOff => api(&server, false).await,
            End::Removed => {
                assert!(vault.revoke(world.library.root, world.ann.person.id).await.unwrap());
                vault.grant(world.library.root, world.ann.person.id, Role::Contributor, None).await.unwrap();
            }
        }
        assert_eq!(code(&ann.get("/v1/files").await), "401 401", "{end:?}");
        // nobody else's
        if !matches!(end, End::ApiOff) {
            bob.get("/v1/files").await.expect(200);
        }
    }
}

async fn group_of(server: &Server, name: &str, members: &[&Somebody]) -> PrincipalId {
    let mut setup = server.vault.set_up().await.unwrap();
    let (group, _) = setup.put_group(name, None).await.unwrap();
    for member in members {
        setup.put_member(group, member.person.id).await.unwrap();
    }
    setup.commit().await.unwrap();
    group
}

#[tokio::test]
async fn a_group_that_is_removed_takes_along_only_those_who_have_no_other_way_in() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let root = world.library.root;
    let guests = group_of(&server, "Guests", &[&world.eve, &world.vic, &world.dora]).await;
    let others = group_of(&server, "Others", &[&world.max]).await;
    vault.grant(root, guests, Role::Viewer, None).await.unwrap();
    vault.grant(root, others, Role::Viewer, None).await.unwrap();
    // a role further down lets nobody into the workspace, and taking it away shows nobody out
    vault.grant(world.file.id, world.max.person.id, Role::Viewer, None).await.unwrap();
    let mut sessions: Vec<(&str, Arena)> = Vec::new();
    for somebody in [&world.eve, &world.vic, &world.dora, &world.max] {
        sessions.push((&somebody.person.login, server.arena(somebody).await));
    }
    assert!(vault.revoke(world.file.id, world.max.person.id).await.unwrap());
    assert!(vault.revoke(root, world.max.person.id).await.unwrap());
    assert!(vault.revoke(root, guests).await.unwrap());
    assert!(!vault.revoke(root, guests).await.unwrap(), "there is nothing to take away twice");
    let mut alive = Vec::new();
    for (login, session) in &sessions {
        if session.get("/v1/files").await.status == 200 {
            alive.push(*login);
        }
    }
    assert_eq!(alive, ["vic", "dora", "max"]);
}

#[tokio::test]
async fn a_login_that_was_verified_before_the_password_changed_opens_nothing_after() {
    let server = Server::start().await;
    let vault = server.vault.clone();
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let mut changing = db.begin().await.unwrap();
    // a change of the password that has done all but commit
    let ann = server.world.ann.person.id.0;
    let hold = sqlx::query("SELECT 1 FROM principals WHERE id = $1 FOR NO KEY UPDATE").bind(ann);
    changing.execute(hold).await.unwrap();
    let other = vault.hash_password("another").await.unwrap();
    let set = sqlx::query("UPDATE users SET password_hash = $2 WHERE id = $1").bind(ann).bind(other);
    changing.execute(set).await.unwrap();
    let login = tokio::spawn(async move { vault.open_session("ann", PASSWORD, None, None).await });
    let mut watch = PgConnection::connect(&server.database.url).await.unwrap();
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut watch).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    changing.commit().await.unwrap();
    let answer = login.await.unwrap();
    assert!(matches!(answer, Err(coatcheck::domain::error::Error::BadCredentials)), "{answer:?}");
}

/// A login that a proxy has forwarded for this address.
fn login_from(server: &Server, address: &str, email: &str, password: &str) -> RequestBuilder {
    let body = json!({"email": email, "password": password});
    server.post("/v1/login").header("x-forwarded-for", address).json(&body)
}

async fn from(server: &Server, address: &str, email: &str, password: &str) -> Answer {
    server.send(login_from(server, address, email, password)).await
}

#[tokio::test]
async fn an_address_that_fails_too_often_lets_nobody_in_for_a_while() {
    let settings = [("arena.failed_logins_per_address", "6"), ("server.trusted_proxies", "127.0.0.1")];
    let server = Server::start_with(&settings).await;
    let wrong = from(&server, "192.0.2.1", "nobody0@example.com", "wrong").await;
    for n in 1..3 {
        assert_eq!(code(&from(&server, "192.0.2.1", &format!("nobody{n}@example.com"), "wrong").await), "400 4001");
    }
    // a right one is let in, and makes nothing good
    from(&server, "192.0.2.1", "ann@example.com", PASSWORD).await.expect(200);
    server.advance(Duration::minutes(2));
    for n in 3..6 {
        assert_eq!(code(&from(&server, "192.0.2.1", &format!("nobody{n}@example.com"), "wrong").await), "400 4001");
    }
    let refused = from(&server, "192.0.2.1", "ann@example.com", PASSWORD).await;
    assert_eq!((refused.status, refused.text()), (wrong.status, wrong.text()));
    // elsewhere she gets in: nothing counts against her
    from(&server, "192.0.2.2", "ann@example.com", PASSWORD).await.expect(200);
    // not even what was refused at the address
    for _ in 0..6 {
        from(&server, "192.0.2.1", "ann@example.com", "wrong").await.expect(400);
    }
    from(&server, "192.0.2.2", "ann@example.com", PASSWORD).await.expect(200);
    // the five minutes begin with the first failure
    server.advance(Duration::minutes(3) + Duration::seconds(1));
    from(&server, "192.0.2.1", "ann@example.com", PASSWORD).await.expect(200);
    assert_eq!(code(&from(&server, "192.0.2.1", "nobody@example.com", "wrong").await), "400 4001");
    from(&server, "192.0.2.1", "ann@example.com", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_locked_login_is_a_locked_login_from_wherever_and_an_address_comes_first() {
    let settings = [("arena.failed_logins_per_address", "6"), ("server.trusted_proxies", "127.0.0.1")];
    let server = Server::start_with(&settings).await;
    for n in 0..5 {
        assert_eq!(code(&from(&server, &format!("192.0.2.{n}"), "ann@example.com", "wrong").await), "400 4001");
    }
    for n in 0..6 {
        assert_eq!(code(&from(&server, "192.0.2.9", &format!("n{n}@example.com"), "wrong").await), "400 4001");
    }
    assert_eq!(code(&from(&server, "192.0.2.0", "ann@example.com", PASSWORD).await), "400 4083");
    assert_eq!(code(&from(&server, "192.0.2.9", "ann@example.com", PASSWORD).await), "400 4001");
}

#[tokio::test]
async fn addresses_of_version_6_count_by_their_network() {
    let settings = [("arena.failed_logins_per_address", "3"), ("server.trusted_proxies", "127.0.0.1")];
    let server = Server::start_with(&settings).await;
    for n in 0..3 {
        from(&server, &format!("2001:db8:0:1::{n}"), &format!("n{n}@example.com"), "wrong").await.expect(400);
    }
    assert_eq!(code(&from(&server, "2001:db8:0:1:ffff::1", "ann@example.com", PASSWORD).await), "400 4001");
    from(&server, "2001:db8:0:2::1", "ann@example.com", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn without_a_trusted_proxy_nobody_says_where_they_come_from() {
    let server = Server::start_with(&[("arena.failed_logins_per_address", "3")]).await;
    for n in 0..3 {
        from(&server, &format!("192.0.2.{n}"), &format!("n{n}@example.com"), "wrong").await.expect(400);
    }
    assert_eq!(code(&from(&server, "192.0.2.77", "ann@example.com", PASSWORD).await), "400 4001");
    // other rooms have no such count
    let path = format!("/folders/{}/items", server.world.library.root_oracle_id);
    server.oracle(&server.world.ann).get(&path).await.expect(200);
}

#[tokio::test]
async fn a_session_knows_where_it_was_opened() {
    let server = Server::start_with(&[("server.trusted_proxies", "127.0.0.1")]).await;
    from(&server, "10.1.1.1, 2001:db8::7", "ann@example.com", PASSWORD).await.expect(200);
    server.log_in("bob@example.com", PASSWORD).await.expect(200);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let addresses: Vec<Option<String>> =
        sqlx::query_scalar("SELECT address FROM sessions ORDER BY created_at, id").fetch_all(&mut db).await.unwrap();
    assert_eq!(addresses, [Some("2001:db8::7".to_owned()), Some("127.0.0.1".to_owned())]);
}

#[tokio::test]
async fn whoever_is_refused_is_refused_after_the_same_work() {
    use std::time::{Duration, Instant};
    let server = Server::start().await;
    // a hash that takes long enough to stand out
    let mut settings: coatcheck::vault::Settings = coatcheck::app::vault_settings(&server.config);
    settings.passwords.memory_kib = 32 * 1024;
    settings.passwords.failures = i32::MAX;
    let vault = crate::support::server::open_vault_with(
        &server.database.url,
        server.content.path(),
        server.clock.clone(),
        settings,
    )
    .await;
    let world = &server.world;
    for somebody in [&world.ann, &world.bob, &world.vic] {
        vault.update_user(somebody.person.id, password(PASSWORD)).await.unwrap();
    }
    let supplier = UserChange { affiliation: Some(Affiliation::BasicSupplier), ..UserChange::default() };
    vault.update_user(world.bob.person.id, supplier).await.unwrap();
    let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
    vault.update_user(world.vic.person.id, disabled).await.unwrap();
    // each by turns, and of each the fastest: what a busy machine adds does not count
    let tries = [("ann", "wrong"), ("nobody", "wrong"), ("bob", PASSWORD), ("bob", "wrong"), ("vic", PASSWORD)];
    let mut fastest = [Duration::MAX; 5];
    for _ in 0..4 {
        for (fastest, (login, password)) in fastest.iter_mut().zip(tries) {
            let begun = Instant::now();
            let answer = vault.open_session(login, password, None, None).await;
            *fastest = begun.elapsed().min(*fastest);
            assert!(matches!(answer, Err(coatcheck::domain::error::Error::BadCredentials)), "{answer:?}");
        }
    }
    // without the hash it would be a small part of it
    let [wrong, others @ ..] = fastest;
    assert!(others.iter().all(|other| *other > wrong / 4), "{fastest:?}");
}

#[tokio::test]
async fn wrong_passwords_of_one_user_count_together_however_the_user_is_spelled() {
    let server = Server::start().await;
    let ann = &server.world.ann.person;
    let number = ann.number.to_string();
    for spelling in [&ann.login, &ann.email, &number, &ann.login.to_uppercase(), &ann.email] {
        assert_eq!(code(&server.log_in(spelling, "wrong").await), "400 4001", "{spelling}");
    }
    for spelling in [&ann.login, &ann.email, &number] {
        assert_eq!(code(&server.log_in(spelling, PASSWORD).await), "400 4083", "{spelling}");
    }
    // a number has one spelling
    for spelling in [format!("0{}", server.world.bob.person.number), format!("+{}", server.world.bob.person.number)] {
        assert_eq!(code(&server.log_in(&spelling, PASSWORD).await), "400 4001", "{spelling}");
    }
    server.log_in(&server.world.bob.person.number.to_string(), PASSWORD).await.expect(200);
}

#[tokio::test]
async fn who_was_let_in_as_an_administrator_and_is_none_any_more_does_not_come_back_with_the_old_session() {
    let server = Server::start().await;
    let dora = &server.world.dora;
    let client = server.arena(dora).await;
    let administrator = |yes| UserChange { administrator: Some(yes), ..UserChange::default() };
    change(&server, dora, administrator(false)).await;
    assert_eq!(code(&client.get("/v1/files").await), "401 401");
    change(&server, dora, administrator(true)).await;
    assert_eq!(code(&client.get("/v1/files").await), "401 401");
    server.arena(dora).await.get("/v1/files").await.expect(200);
}

#[tokio::test]
async fn somebodys_own_library_admits_them_and_no_administrator() {
    let server = Server::start().await;
    let own = crate::support::world::personal(&server.vault, &server.world.ann).await;
    let update = LibraryUpdate { arena_workspace: Some(1777), ..LibraryUpdate::default() };
    server.vault.update_library(own.id, &update).await.unwrap();
    let enter = async |somebody: &Somebody| {
        let body = json!({"email": somebody.person.email, "password": PASSWORD, "workspaceId": 1777});
        server.send(server.post("/v1/login").json(&body)).await
    };
    enter(&server.world.ann).await.expect(200);
    for other in [&server.world.dora, &server.world.bob] {
        assert_eq!(code(&enter(other).await), "400 4001");
    }
}
