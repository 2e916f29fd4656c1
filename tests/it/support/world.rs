//! The world that tests begin in: a handful of people with different rights, two libraries, one file.

use chrono::Duration;
use coatcheck::{
    domain::{
        actor::{Actor, Dialect, Role},
        edition::Metadata,
        id::{ItemKey, LibraryKey, PrincipalId, PrincipalKey},
        item::{ClientTimes, Item, NewFile, OnConflict},
        library::Library,
        name::ItemName,
        person::{Affiliation, License, Person},
    },
    seed::{self, Beside, Seed},
    vault::{NewFileAt, NewToken, NewUser, Vault},
};

/// The password of everybody.
pub const PASSWORD: &str = "correct horse";

/// Somebody, with a bearer token whose scopes reach everything they may.
#[derive(Clone, Debug)]
pub struct Somebody {
    pub person: Person,
    pub token: String,
}

/// What there is at the beginning.
pub struct World {
    /// Contributor, full license: the usual holder.
    pub ann: Somebody,
    /// Contributor, full license: the usual other.
    pub bob: Somebody,
    /// Contributor by role, but with a read-only license.
    pub carl: Somebody,
    /// Account administrator with a full license.
    pub dora: Somebody,
    /// Full license, member of nothing.
    pub eve: Somebody,
    /// Viewer, full license.
    pub vic: Somebody,
    /// Manager, full license.
    pub max: Somebody,
    /// An application that acts for itself with `Files.ReadWrite.All`.
    pub robot: Somebody,
    /// A site's library, workspace 1001 of Arena, with all of them but Eve.
    pub library: Library,
    /// `plan.txt` in its root folder, made by Ann, one edition: `first`.
    pub file: Item,
}

/// Ann's and the others' world, from `world.toml`.
pub async fn build(vault: &Vault) -> World {
    let text = include_str!("world.toml");
    let seed = Seed { name: "world.toml".to_owned(), text, beside: Beside::Bundled(&[]) };
    let applied = seed::apply(vault, &seed).await.unwrap_or_else(|error| panic!("{error}"));
    let somebody = async |login: &str| {
        let token = applied.tokens.iter().find(|token| token.whom == login).and_then(|token| token.token.clone());
        Somebody { person: find(vault, login).await, token: token.unwrap() }
    };
    let ann = somebody("ann").await;
    let library = vault.library_named(&LibraryKey::Workspace(1001)).await.unwrap().unwrap();
    let file = vault.item(&actor(vault, &ann).await, &ItemKey::Number(applied.files[0].number)).await.unwrap();
    World {
        bob: somebody("bob").await,
        carl: somebody("carl").await,
        dora: somebody("dora").await,
        eve: somebody("eve").await,
        vic: somebody("vic").await,
        max: somebody("max").await,
        robot: somebody("robot").await,
        ann,
        library,
        file,
    }
}

/// More of the world, as a seed says it.
pub async fn add(vault: &Vault, text: &str) {
    let seed = Seed { name: "more.toml".to_owned(), text, beside: Beside::Bundled(&[]) };
    seed::apply(vault, &seed).await.unwrap_or_else(|error| panic!("{error}"));
}

/// A user, e-mail `<login>@example.com`, full name `<Login> Example`, with a bearer token.
pub async fn user(vault: &Vault, login: &str, license: License, administrator: bool) -> Somebody {
    let name = format!("{}{} Example", login[..1].to_uppercase(), &login[1..]);
    let person = vault
        .create_user(NewUser {
            login: login.to_owned(),
            email: format!("{login}@example.com"),
            name,
            password: Some(PASSWORD.to_owned()),
            license,
            affiliation: Affiliation::Employee,
            administrator,
        })
        .await
        .unwrap();
    let token = token(vault, person.id, &["Files.ReadWrite.All", "Sites.ReadWrite.All", "User.Read"]).await;
    Somebody { person, token }
}

/// A user with a role on the root folder of a library.
pub async fn member(vault: &Vault, library: &Library, login: &str, license: License, role: Option<Role>) -> Somebody {
    let somebody = user(vault, login, license, false).await;
    if let Some(role) = role {
        vault.grant(library.root, somebody.person.id, role, None).await.unwrap();
    }
    somebody
}

/// A bearer token with some scopes.
pub async fn token(vault: &Vault, principal: PrincipalId, scopes: &[&str]) -> String {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    let new = NewToken { principal, scopes, label: "test".to_owned(), expires_at: None };
    vault.create_token(new).await.unwrap().1
}

/// Somebody as the console's caller.
pub async fn actor(vault: &Vault, somebody: &Somebody) -> Actor {
    let (account, _) = vault.bearer(&somebody.token).await.unwrap();
    Actor::new(account, Dialect::Console)
}

/// A file in the root folder of a library.
pub async fn file(vault: &Vault, somebody: &Somebody, library: &Library, name: &str, text: &str) -> Item {
    let actor = actor(vault, somebody).await;
    let root = vault.look(&actor, &ItemKey::Id(library.root)).await.unwrap();
    let bytes = bytes::Bytes::copy_from_slice(text.as_bytes());
    let content = vault.stage(futures_util::stream::iter([Ok::<_, std::io::Error>(bytes)])).await.unwrap();
    let new = NewFileAt {
        file: NewFile {
            name: ItemName::parse(name).unwrap(),
            metadata: Metadata::default(),
            comment: String::new(),
            on_conflict: OnConflict::Fail,
            client_times: ClientTimes::default(),
        },
        content: Some(content),
    };
    let made = vault.create_file(&actor, &root, new).await.unwrap();
    vault.item(&actor, &ItemKey::Id(made.file)).await.unwrap()
}

/// What is there now, with an administrator's eyes.
pub async fn now(vault: &Vault, world: &World, file: &Item) -> Item {
    let actor = actor(vault, &world.dora).await;
    vault.item(&actor, &ItemKey::Id(file.id)).await.unwrap()
}

/// What has a number of Liferay's, with an administrator's eyes.
pub async fn numbered(vault: &Vault, world: &World, number: i64) -> Item {
    let actor = actor(vault, &world.dora).await;
    vault.item(&actor, &ItemKey::Number(number)).await.unwrap()
}

/// A user's own library.
pub async fn personal(vault: &Vault, somebody: &Somebody) -> Library {
    let actor = actor(vault, somebody).await;
    let library = vault.own_library(&actor).await.unwrap();
    assert_eq!(library.owner, Some(somebody.person.id));
    let again = vault.library(&actor, &LibraryKey::OwnedBy(somebody.person.id)).await.unwrap();
    assert_eq!(again.id, library.id);
    Library::clone(&library)
}

/// Nothing but a name for how long a day is.
pub const DAY: Duration = Duration::days(1);

/// Somebody by login.
pub async fn find(vault: &Vault, login: &str) -> Person {
    vault.person(&PrincipalKey::Login(login.to_owned())).await.unwrap().unwrap()
}
