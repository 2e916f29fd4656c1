//! Seeds: a world from a file, once or often, all of it or nothing.

use coatcheck::{
    domain::{
        actor::{Actor, Dialect},
        edition::Metadata,
        error::Error as Refusal,
        id::{ItemKey, LibraryKey, PrincipalKey},
        lock::CheckOut,
        permission::Action,
    },
    seed::{self, Applied, Beside, Error, Seed},
    vault::{BroughtLink, CheckIn, Publication, Vault, setup::Done},
};
use insta::assert_snapshot;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::support::{server::Server, world};

const RICH: &str = r#"
[[users]]
login = "ada"
email = "ada@example.com"
name = "Ada Example"
password = "ada's password"
administrator = true

[[users]]
login = "Ben"
password = "ben's password"
license = "read_only"

[[groups]]
name = "Crew"
members = ["ada", "ben", "probe"]

[[applications]]
client_id = "probe"
name = "Probe"
secret = "probe's secret"
roles = ["Files.Read.All"]

# a child before its parent
[[categories]]
path = "Plans/Secret"
default_level = "none"
levels = { ada = "full", "group:Crew" = "read" }

[[categories]]
path = "Plans"

[[categories]]
path = "Archive"
assignable = false
active = false

[[policies]]
name = "Planners"
rules = [{ action = "edit_file", category = "Plans" }, { action = "read_file" }]
given_to = ["group:Crew"]

[[libraries]]
name = "Yard"
policies_required = true
arena_workspace = 77
arena_request_limit = 5
members = { Crew = "contributor", ada = "owner" }

[[libraries]]
kind = "personal"
owner = "ada"

[[libraries]]
name = "Crew room"
kind = "group"
owner = "Crew"

[[folders]]
at = "Yard/Hulls/Old"
description = "out of use"

[[files]]
at = "Yard/Hulls/keel.txt"
title = "The keel"
category = "Plans"
editions = [
    { text = "one", comment = "laid", label = "A", version = "1.0" },
    { text = "two", comment = "longer", by = "Ben" },
    { text = "one", label = "C", version = "3.5" },
]

[[files]]
at = "~ada/diary.txt"
text = "dear me"

[[shares]]
on = "Yard/hulls/KEEL.txt"
role = "viewer"
with = ["probe"]

[[links]]
on = "Yard/Hulls"
role = "downloader"
access_code = "open"
expires = 2090-01-01T00:00:00Z

[[links]]
on = "Yard/Hulls/keel.txt"
name = "for Ben"
role = "viewer"
audience = "listed"
users = ["ben"]

[[tokens]]
for = "ada"
label = "known"
scopes = ["Files.ReadWrite.All"]
token = "a-token-that-all-know"

[[tokens]]
for = "probe"
label = "drawn"
scopes = ["Files.Read.All"]
"#;

const PARTS: &str = r#"
libraries = [{ name = "Yard" }]
files = [{ at = "Yard/keel.txt", text = "one" }, { at = "Yard/mast.txt", text = "two" }]

[[parts]]
library = "yard"
number = "S-1"
name = "Ship"
revisions = [
    { label = "A", released = true, files = ["Yard/keel.txt"] },
    { label = "B", files = ["Yard/mast.txt", "Yard/keel.txt"] },
]
"#;

#[tokio::test]
async fn parts_are_seeded_with_their_revisions_and_again_nothing_changes() {
    let server = Server::start().await;
    let made = apply(&server.vault, PARTS).await.unwrap();
    let part = &made.parts[0];
    let revisions = |part: &seed::Part| {
        let text = |it: &seed::PartRevision| format!("{} {:?}", it.label, it.status);
        part.revisions.iter().map(text).collect::<Vec<_>>().join(", ")
    };
    assert_eq!((part.done, revisions(part).as_str()), (Done::Made, "A Effective, B Working"));
    let dora = world::actor(&server.vault, &server.world.dora).await;
    let yard = server.vault.library(&dora, &LibraryKey::Named("Yard".to_owned())).await.unwrap();
    let files = async |guid: &str| {
        let part = server.vault.part(&dora, &yard, guid).await.unwrap();
        let files = server.vault.part_files(&dora, &part).await.unwrap();
        let name = |file: &coatcheck::vault::PartFile| {
            format!("{} {}", file.look.item().name, file.association.edition.is_some())
        };
        files.iter().map(name).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(files(&part.revisions[0].arena_guid).await, "keel.txt true");
    assert_eq!(files(&part.revisions[1].arena_guid).await, "keel.txt false, mast.txt false");

    let again = apply(&server.vault, PARTS).await.unwrap();
    assert_eq!(again.parts[0].done, Done::Found);
    assert_eq!(again.parts[0].revisions[1].arena_guid, part.revisions[1].arena_guid);

    // what was released stays; what is worked on is added to and released
    let more = PARTS
        .replace("label = \"B\"", "label = \"B\", released = true")
        .replace("files = [\"Yard/keel.txt\"]", "files = []")
        .replace("\"Ship\"", "\"Boat\"");
    let changed = apply(&server.vault, &more).await.unwrap();
    assert_eq!(
        (changed.parts[0].done, revisions(&changed.parts[0]).as_str()),
        (Done::Changed, "A Superseded, B Effective")
    );
    assert_eq!(apply(&server.vault, &more).await.unwrap().parts[0].done, Done::Found);
    let found = server.vault.parts(&dora, &yard, &coatcheck::vault::PartQuery::default(), 20, 0).await.unwrap();
    assert_eq!((found[0].name.as_str(), found[0].label.as_str()), ("Boat", "B"));
}

#[tokio::test]
async fn a_part_that_cannot_be_is_shown_where_it_stands() {
    let server = Server::start().await;
    let text = r#"
        libraries = [{ name = "Yard" }]
        files = [{ at = "Engineering/other.txt", text = "x" }]
        parts = [
            { library = "Nowhere", number = "S-1", revisions = [{ label = "A" }] },
            { library = "Yard", number = " ", revisions = [{ label = "A" }] },
            { library = "Yard", number = "S-2", revisions = [] },
            { library = "Yard", number = "S-3", revisions = [{ label = "A" }, { label = "A" }, { label = "" }] },
            { library = "Yard", number = "s-3", revisions = [{ label = "A", files = ["Engineering/other.txt"] }] },
        ]
    "#;
    assert_snapshot!(apply(&server.vault, text).await.unwrap_err().to_string(), @r#"
    world.toml: 8 things are wrong; nothing was written

    world.toml:6:42: this part cannot have such a number
     6 |             { library = "Yard", number = " ", revisions = [{ label = "A" }] },
       |                                          ^^^

    world.toml:7:13: a part needs at least one of `revisions`
     7 |             { library = "Yard", number = "S-2", revisions = [] },
       |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    world.toml:8:62: only the last revision can be worked on; say `released = true` for this one
     8 |             { library = "Yard", number = "S-3", revisions = [{ label = "A" }, { label = "A" }, { label = "" }] },
       |                                                              ^^^^^^^^^^^^^^^

    world.toml:8:79: only the last revision can be worked on; say `released = true` for this one
     8 |             { library = "Yard", number = "S-3", revisions = [{ label = "A" }, { label = "A" }, { label = "" }] },
       |                                                                               ^^^^^^^^^^^^^^^

    world.toml:8:89: this label stands here a second time
     8 |             { library = "Yard", number = "S-3", revisions = [{ label = "A" }, { label = "A" }, { label = "" }] },
       |                                                                                         ^^^

    world.toml:8:106: this cannot be the label of a revision
     8 |             { library = "Yard", number = "S-3", revisions = [{ label = "A" }, { label = "A" }, { label = "" }] },
       |                                                                                                          ^^

    world.toml:9:42: this part stands here a second time
     9 |             { library = "Yard", number = "s-3", revisions = [{ label = "A", files = ["Engineering/other.txt"] }] },
       |                                          ^^^^^

    world.toml:9:86: a part has files of its own library only
     9 |             { library = "Yard", number = "s-3", revisions = [{ label = "A", files = ["Engineering/other.txt"] }] },
       |                                                                                      ^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    let taken = r#"
        parts = [
            { library = "Engineering", number = "S-1", revisions = [{ label = "A" }] },
        ]
    "#;
    apply(&server.vault, taken).await.unwrap();
    let second = taken.replace("\"A\"", "\"B\"");
    assert_snapshot!(apply(&server.vault, &second).await.unwrap_err().to_string(), @r#"
    world.toml: one thing is wrong; nothing was written

    world.toml:3:69: this cannot be done: a revision of it is worked on already
     3 |             { library = "Engineering", number = "S-1", revisions = [{ label = "B" }] },
       |                                                                     ^^^^^^^^^^^^^^^
    "#);
}

async fn apply(vault: &Vault, text: &str) -> Result<Applied, Error> {
    let beside = Beside::Bundled(&[("big.bin", BIG)]);
    seed::apply(vault, &Seed { name: "world.toml".to_owned(), text, beside }).await
}

/// What is wrong with a seed, in its own words.
async fn problems(vault: &Vault, text: &str) -> String {
    apply(vault, text).await.map(|applied| format!("{applied:?}")).unwrap_err().to_string()
}

/// Everything in the database but the moment contents were last touched.
async fn fingerprint(server: &Server) -> Vec<(String, String)> {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    let mut prints = Vec::new();
    for table in tables {
        let query = format!("SELECT coalesce(string_agg(t::text, '\n' ORDER BY t::text), '') FROM {table} t");
        prints.push((table, sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut db).await.unwrap()));
    }
    prints
}

async fn console(vault: &Vault, login: &str) -> Actor {
    Actor::new(vault.account_named(login).await.unwrap(), Dialect::Console)
}

/// More than stands in a row.
static BIG: &[u8] = &[7; 20_000];

#[tokio::test]
async fn a_world_is_there_with_every_identity_and_right() {
    let server = Server::start().await;
    let vault = &server.vault;
    let made = apply(vault, RICH).await.unwrap();

    assert!(vault.sign_in("ADA@example.com", "ada's password").await.unwrap().administrator);
    let (probe, scopes) = vault.bearer(made.tokens[1].token.as_ref().unwrap()).await.unwrap();
    assert!(probe.application && *scopes == ["Files.Read.All"]);
    assert_eq!(made.tokens[0].token.as_deref(), Some("a-token-that-all-know"));

    let yard = vault.library_named(&LibraryKey::Workspace(77)).await.unwrap().unwrap();
    assert_eq!((yard.number, yard.arena_request_limit), (made.libraries[0].liferay_group_id, 5));
    assert_eq!(made.libraries[1].name, "Ada Example");

    let ada = console(vault, "ada").await;
    let keel = made.files.iter().find(|file| file.at == "Yard/Hulls/keel.txt").unwrap();
    for key in [
        ItemKey::Number(keel.number),
        ItemKey::Oracle(keel.oracle_id.clone()),
        ItemKey::Graph(keel.graph_id.clone()),
        ItemKey::Edition(keel.editions[0].arena_guid.clone()),
    ] {
        let item = vault.item(&ada, &key).await.unwrap();
        assert_eq!(
            (item.id.0, item.title.as_str(), item.category.path.join("/")),
            (keel.id, "The keel", "Plans".to_owned())
        );
    }
    let editions: Vec<String> =
        keel.editions.iter().map(|it| format!("{} {} {}", it.ordinal, it.version, it.label)).collect();
    assert_eq!(editions, ["1 1.0 A", "2 2.0 A-1", "3 3.5 C"]);

    // rights hold: Ben contributes, but his license only reads
    let ben = console(vault, "ben").await;
    let look = vault.look(&ben, &ItemKey::Number(keel.number)).await.unwrap();
    assert!(matches!(vault.check_out(&ben, &look, CheckOut::default()).await, Err(Refusal::Denied(_))));

    let folder = ItemKey::Number(made.folders[0].number);
    let link = &made.links[0].oracle_id;
    let nobody = Actor::anonymous(Dialect::Oracle);
    let hulls = ItemKey::Path(Box::new(ItemKey::Root(yard.id)), vec!["hulls".to_owned()]);
    let with = |code: &str| BroughtLink { oracle_id: Some(link.clone()), codes: vec![code.to_owned()], from: None };
    assert!(vault.look_with_link(&nobody, &hulls, Action::View, Some(&with("shut"))).await.is_err());
    assert!(vault.look_with_link(&nobody, &folder, Action::View, Some(&with("open"))).await.is_ok());
}

#[tokio::test]
async fn applied_again_it_changes_nothing() {
    let server = Server::start().await;
    let mut first = apply(&server.vault, RICH).await.unwrap();
    let before = fingerprint(&server).await;
    let second = apply(&server.vault, RICH).await.unwrap();
    for (table, after) in fingerprint(&server).await {
        let before = &before.iter().find(|(name, _)| *name == table).unwrap().1;
        assert_eq!(after, *before, "{table}");
    }
    // a drawn token is told once
    first.tokens[1].token = None;
    let text = |applied: &Applied| {
        serde_json::to_string_pretty(applied).unwrap().replace("made", "found").replace("changed", "found")
    };
    assert_eq!(text(&first), text(&second));
}

#[tokio::test]
async fn what_differs_is_changed_and_nothing_is_taken_away() {
    let server = Server::start().await;
    let vault = &server.vault;
    apply(vault, RICH).await.unwrap();
    let changed = apply(
        vault,
        r#"
        users = [{ login = "BEN", name = "Ben Example", license = "full", password = "another", email = "ben@example.com" }]
        groups = [{ name = "crew", description = "all hands" }]
        applications = [{ client_id = "probe", roles = ["Files.ReadWrite.All"], public = true, delegated = ["User.Read"] }]
        categories = [
            { path = "plans/secret", levels = { ada = "read" } },
            { path = "archive", description = "what was", assignable = true },
        ]
        libraries = [{ name = "yard", description = "on the river", members = { Crew = "viewer" } }]
        files = [
            { at = "Yard/Hulls/keel.txt", description = "of oak", text = "three" },
            { at = "~ada/diary.txt", text = "dear me" },
        ]
        links = [{ on = "Yard/Hulls", role = "viewer", access_code = "sesame" }]
        tokens = [{ for = "ada", label = "renamed", scopes = ["User.Read"], token = "a-token-that-all-know" }]
        "#,
    )
    .await
    .unwrap();
    let done = |entries: Vec<Done>| assert!(entries.iter().all(|done| *done == Done::Changed), "{entries:?}");
    done(changed.users.iter().map(|it| it.done).collect());
    done(changed.groups.iter().map(|it| it.done).collect());
    done(changed.applications.iter().map(|it| it.done).collect());
    done(changed.categories.iter().map(|it| it.done).collect());
    done(changed.libraries.iter().map(|it| it.done).collect());
    done(changed.links.iter().map(|it| it.done).collect());
    done(changed.tokens.iter().map(|it| it.done).collect());
    assert_eq!((changed.files[0].done, changed.files[1].done), (Done::Changed, Done::Found));
    assert_eq!(changed.files[0].editions.len(), 4);
    let archive = vault.all_categories().await.unwrap().into_iter().find(|it| it.row.name == "Archive").unwrap();
    assert_eq!((archive.row.assignable, archive.row.active), (true, false), "what is not said stays");

    let probe = vault.client("probe").await.unwrap().unwrap();
    assert!(probe.public && probe.delegated == ["User.Read"]);

    assert!(vault.sign_in("ben", "ben's password").await.is_err());
    assert_eq!(vault.sign_in("ben@example.com", "another").await.unwrap().person.name, "Ben Example");
    let group = vault.principal_named("Crew").await.unwrap();
    let ben = vault.account_named("ben").await.unwrap();
    assert!(ben.principals.contains(&group.id), "he was left out and is still a member");
}

#[tokio::test]
async fn what_people_published_since_stays_on_top() {
    let server = Server::start().await;
    let (vault, ann) = (&server.vault, world::actor(&server.vault, &server.world.ann).await);
    let text = r#"files = [{ at = "Engineering/a.txt", by = "ann", editions = [{ text = "1" }, { text = "2" }] }]"#;
    let made = apply(vault, text).await.unwrap();
    let key = ItemKey::Number(made.files[0].number);

    let look = vault.look(&ann, &key).await.unwrap();
    vault.check_out(&ann, &look, CheckOut::default()).await.unwrap();
    // held: what differs waits, what does not is found
    assert_eq!(apply(vault, text).await.unwrap().files[0].done, Done::Found);
    let more = text.replace("{ text = \"2\" }", "{ text = \"2\" }, { text = \"3\" }");
    assert_eq!(apply(vault, &more).await.unwrap().files[0].done, Done::Held);

    let look = vault.look(&ann, &key).await.unwrap();
    let bytes = bytes::Bytes::from_static(b"by hand");
    let content = vault.stage(futures_util::stream::iter([Ok::<_, std::io::Error>(bytes)])).await.unwrap();
    let publication = Publication::of(content, Metadata::default());
    vault.check_in(&ann, &look, CheckIn { publication, lock_uuid: None }).await.unwrap();

    assert_eq!(apply(vault, text).await.unwrap().files[0].done, Done::Found, "the seed's editions are all there");
    let after = apply(vault, &more).await.unwrap();
    assert_eq!((after.files[0].done, after.files[0].editions.len()), (Done::Changed, 4));
}

#[tokio::test]
async fn a_late_refusal_leaves_nothing_behind() {
    let server = Server::start().await;
    apply(&server.vault, RICH).await.unwrap();
    let before = fingerprint(&server).await;
    let text = r#"
        users = [{ login = "new", password = "x", administrator = true }]
        libraries = [{ name = "New", members = { new = "owner" } }]
        files = [{ at = "New/big.bin", path = "big.bin" }]
        tokens = [{ for = "new", scopes = [], token = "a-token-that-all-know" }]
    "#;
    assert_snapshot!(problems(&server.vault, text).await, @r#"
    world.toml: one thing is wrong; nothing was written

    world.toml:5:19: this token is taken; choose another
     5 |         tokens = [{ for = "new", scopes = [], token = "*********************" }]
       |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    let after = fingerprint(&server).await;
    // numbers that were drawn are not given back
    assert!(before == after, "something was written");
    assert!(server.vault.person(&PrincipalKey::Login("new".to_owned())).await.unwrap().is_none());
}

#[tokio::test]
async fn no_file_is_put_into_a_category_that_only_groups_others() {
    let server = Server::start().await;
    let text = r#"
        categories = [{ path = "Groups", assignable = false }, { path = "Old", active = false }]
        files = [
            { at = "Engineering/old.txt", category = "Old", text = "from before" },
            { at = "Engineering/new.txt", category = "Groups", text = "x" },
        ]
    "#;
    assert_snapshot!(problems(&server.vault, text).await, @r#"
    world.toml: one thing is wrong; nothing was written

    world.toml:5:13: no file can be of this category, which only groups others
     5 |             { at = "Engineering/new.txt", category = "Groups", text = "x" },
       |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    let made = apply(&server.vault, &text.replace("assignable = false", "assignable = true")).await.unwrap();
    assert_eq!(made.files.iter().map(|it| it.done).collect::<Vec<_>>(), [Done::Made, Done::Made]);
    // what is so already is no reason to refuse
    let again = apply(&server.vault, text).await.unwrap();
    assert_eq!(again.files.iter().map(|it| it.done).collect::<Vec<_>>(), [Done::Found, Done::Found]);
    assert_eq!(again.categories.iter().map(|it| it.done).collect::<Vec<_>>(), [Done::Changed, Done::Found]);
}

#[tokio::test]
async fn everything_that_is_wrong_is_shown_where_it_stands() {
    let server = Server::start().await;
    let text = r#"
[[users]]
login = "ada"
pasword = "hush"

[[users]]
login = "ben"
license = "big"

[[users]]
login = "cid"
password = "one"
password_file = "two"

[[users]]
login = "CID"

[[gruops]]
name = "x"

[[libraries]]
kind = "group"

[[libraries]]
name = "Yard"
members = { cid = "contributor" }

[[files]]
at = "Yard/../x"
text = ""

[[files]]
at = "Yard/x"
editions = [{ text = "1", version = "2.0" }, { version = "1.0" }]

[[links]]
on = "Yard"
role = "owner"
users = ["cid"]
expires = 2030-01-01

[[tokens]]
for = "cid"
scopes = []
token = "short"
"#;
    assert_snapshot!(problems(&server.vault, text).await);
    assert_snapshot!(problems(&server.vault, "users = [\nlogin = x\n").await);
}

#[tokio::test]
async fn names_come_from_the_file_or_the_database_and_dangling_ones_are_shown() {
    let server = Server::start().await;
    let fits = r#"
        groups = [{ name = "Team", members = ["ann", "robot"] }]
        shares = [{ on = "Engineering/plan.txt", role = "viewer", with = ["eve", "group:Team"] }]
        files = [{ at = "Engineering/more.txt", text = "", by = "ann" }]
    "#;
    apply(&server.vault, fits).await.unwrap();

    let text = r#"
groups = [{ name = "Team", members = ["ane", "group:Team"] }]
shares = [{ on = "Engineering/plan.md", role = "viewer", with = ["eve", "user:Team"] }]
files = [
    { at = "Enginering/more.txt", text = "" },
    { at = "~ann/more.txt", text = "" },
    { at = "Engineering/file.txt", path = "none.bin", category = "Plans" },
]
"#;
    assert_snapshot!(problems(&server.vault, text).await);
    let text = text.replace(r#", "group:Team"] }]"#, "] }]").replace(r#"path = "none.bin""#, r#"text = """#);
    assert_snapshot!(problems(&server.vault, &text).await);
}
