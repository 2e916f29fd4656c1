//! What was revoked is dead at once where it was revoked, and within a second everywhere.

use std::time::{Duration, Instant};

use coatcheck::{
    domain::{clock::Clock, error::Error, id::ItemKey},
    vault::{PasswordChange, UserChange},
};
use futures_util::future::join_all;

use crate::support::{
    server::{Server, open_vault},
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
    loop {
        // what counts is when it was presented, however long a busy machine takes to answer
        let presented = revoked.elapsed();
        if other.bearer(&world.ann.token).await.is_err() {
            break;
        }
        assert!(presented < Duration::from_secs(1), "still alive on the other node after {presented:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_disabled_user_and_a_changed_password_end_what_was_remembered() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    vault.sign_in("ann", PASSWORD).await.unwrap();
    vault.sign_in("ANN@example.com", PASSWORD).await.unwrap();
    let change = UserChange { password: Some(PasswordChange::Set("another".to_owned())), ..UserChange::default() };
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

#[tokio::test]
async fn guessing_many_passwords_at_once_gets_no_more_tries_than_one_after_another() {
    use coatcheck::vault::Settings;
    let server = Server::start().await;
    // slow enough that all have begun before the first is counted
    let mut settings: Settings = coatcheck::app::vault_settings(&server.config);
    settings.passwords.memory_kib = 32 * 1024;
    settings.passwords.parallelism = 2;
    let vault = crate::support::server::open_vault_with(
        &server.database.url,
        server.content.path(),
        server.clock.clone(),
        settings,
    )
    .await;
    let change = UserChange { password: Some(PasswordChange::Set("guessed last".to_owned())), ..UserChange::default() };
    vault.update_user(server.world.ann.person.id, change).await.unwrap();
    let guesses = (0..15).map(|n| format!("wrong {n}")).chain(["guessed last".to_owned()]);
    let tries = guesses.map(|guess| {
        let vault = vault.clone();
        async move { vault.sign_in("ann", &guess).await }
    });
    let answers = join_all(tries).await;
    assert!(matches!(answers.last(), Some(Err(Error::LockedOut))), "{:?}", answers.last());
}

/// Counts statements of one kind, such as `DELETE ON login_failures`.
struct Statements(sqlx::PgConnection);

impl Statements {
    async fn of(server: &Server, kind: &str) -> Self {
        use sqlx::{AssertSqlSafe, Connection, PgConnection};
        let mut db = PgConnection::connect(&server.database.url).await.unwrap();
        let counting = format!(
            "CREATE SEQUENCE statements;
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN PERFORM nextval('statements'); RETURN NULL; END $$;
            CREATE TRIGGER note AFTER {kind} FOR EACH STATEMENT EXECUTE FUNCTION note()"
        );
        sqlx::raw_sql(AssertSqlSafe(counting)).execute(&mut db).await.unwrap();
        Self(db)
    }

    /// A number that rises with each statement, and with each question.
    async fn number(&mut self) -> i64 {
        sqlx::query_scalar("SELECT nextval('statements')").fetch_one(&mut self.0).await.unwrap()
    }
}

// A node too busy to ask for the epochs remembers nothing for a moment; so these try it several times, each with another
// credential.

#[tokio::test]
async fn a_password_that_many_present_at_once_is_verified_once() {
    let server = Server::start().await;
    // whenever one was right, what has failed before is forgotten, were it nothing
    let mut verified = Statements::of(&server, "DELETE ON login_failures").await;
    let mut seen = Vec::new();
    for login in ["ann", "Ann", "aNn", "anN", "ANn", "ANN"] {
        let before = verified.number().await;
        let answers = join_all((0..32).map(|_| server.vault.sign_in(login, PASSWORD))).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        seen.push(verified.number().await - before - 1);
    }
    assert!(seen.contains(&1), "{seen:?}");
}

#[tokio::test]
async fn a_session_that_many_present_at_once_is_looked_up_once() {
    let server = Server::start().await;
    // a clock that stands still lets no session be remembered
    let vault = open_vault(&server.database.url, server.content.path(), Clock::Database, &server.config).await;
    let mut used = Statements::of(&server, "UPDATE ON sessions").await;
    let mut seen = Vec::new();
    for login in ["ann", "bob", "vic", "max", "dora", "carl"] {
        let session = vault.open_session(login, PASSWORD, None, None).await.unwrap();
        let before = used.number().await;
        let answers = join_all((0..32).map(|_| vault.session(&session.token))).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        seen.push(used.number().await - before - 1);
    }
    assert!(seen.contains(&1), "{seen:?}");
}

#[tokio::test]
async fn a_wrong_password_that_many_present_at_once_is_counted_for_each() {
    use sqlx::{Connection, PgConnection};
    let server = Server::start().await;
    let vault = &server.vault;
    let answers = join_all((0..16).map(|_| vault.sign_in("ann", "wrong"))).await;
    // who comes when five have been counted is not asked any more
    let wrong = answers.iter().filter(|answer| matches!(answer, Err(Error::BadCredentials))).count();
    let late = answers.iter().filter(|answer| matches!(answer, Err(Error::LockedOut))).count();
    assert_eq!(wrong + late, 16, "{answers:?}");
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let counted: i32 = sqlx::query_scalar("SELECT failures FROM login_failures").fetch_one(&mut db).await.unwrap();
    assert!(counted >= 5 && usize::try_from(counted) == Ok(wrong), "{counted} of {wrong}");
    assert!(matches!(vault.sign_in("ann", PASSWORD).await, Err(Error::LockedOut)));
}

#[tokio::test]
async fn a_database_in_trouble_ends_no_session() {
    use sqlx::{Connection, Executor, PgConnection};
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let session = vault.open_session("ann", PASSWORD, None, None).await.unwrap();
    vault.session(&session.token).await.unwrap();
    // nothing about ann is remembered any more, and asking for her roles fails
    vault.update_user(world.ann.person.id, UserChange::default()).await.unwrap();
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    db.execute("ALTER TABLE memberships RENAME TO away").await.unwrap();
    assert!(matches!(vault.session(&session.token).await, Err(Error::Broken(_))));
    db.execute("ALTER TABLE away RENAME TO memberships").await.unwrap();
    vault.session(&session.token).await.unwrap();
}

#[tokio::test]
async fn what_makes_nothing_untrue_lets_nobody_forget() {
    use sqlx::{Connection, PgConnection};
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let before = coatcheck::store::auth::epochs(&mut db).await.unwrap();
    // the first look at one's own library, and a first login
    world::personal(vault, &world.ann).await;
    let session = vault.open_session("ann", PASSWORD, None, None).await.unwrap();
    assert_eq!(coatcheck::store::auth::epochs(&mut db).await.unwrap(), before);
    // a second login ends the first
    vault.open_session("ann", PASSWORD, None, None).await.unwrap();
    assert_ne!(coatcheck::store::auth::epochs(&mut db).await.unwrap(), before);
    assert!(matches!(vault.session(&session.token).await, Err(Error::NoSession)));
}

#[tokio::test]
async fn a_sweep_forgets_wrong_passwords_and_sessions_of_long_ago() {
    use sqlx::{Connection, PgConnection};
    let server = Server::start().await;
    let vault = &server.vault;
    assert!(matches!(vault.sign_in("nobody", "wrong").await, Err(Error::BadCredentials)));
    vault.open_session("ann", PASSWORD, None, None).await.unwrap();
    vault.open_session("bob", PASSWORD, None, None).await.unwrap();
    let left = async || -> (i64, i64) {
        vault.sweep().await.unwrap();
        let mut db = PgConnection::connect(&server.database.url).await.unwrap();
        sqlx::query_as("SELECT (SELECT count(*) FROM login_failures), (SELECT count(*) FROM sessions)")
            .fetch_one(&mut db)
            .await
            .unwrap()
    };
    server.advance(chrono::Duration::days(90));
    let living = vault.open_session("bob", PASSWORD, None, None).await.unwrap();
    // administrators may still ask who was there
    assert_eq!(left().await, (0, 3));
    vault.session(&living.token).await.unwrap();
    server.advance(chrono::Duration::minutes(89));
    vault.session(&living.token).await.unwrap();
    server.advance(chrono::Duration::minutes(2));
    // ann's last session still says which workspace she entered last
    assert_eq!(left().await, (0, 2));
    vault.session(&living.token).await.unwrap();
}
