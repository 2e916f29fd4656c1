//! The table of outcomes of check-out, check-in and discard (spec/graph.md 6.1), row by row, at every address that section 4
//! has for a file. What is expected stands here as the specification has it.

use coatcheck::{
    domain::{
        actor::Role,
        id::ItemKey,
        item::Item,
        library::{Library, LibraryKind},
        lock::CheckOut,
        person::PrincipalKind,
    },
    vault::{Cancel, fresh::Fresh},
};
use serde_json::json;

use crate::support::{
    acts::{Client, Clients, Outcome},
    server::Server,
    world::{self, Somebody},
};

const VERBS: [&str; 3] = ["checkout", "checkin", "discardCheckout"];

/// A drive with a file in a folder, both with names that must be encoded.
struct Drive {
    library: Library,
    file: Item,
    folder: Item,
    gone: Item,
    /// The addresses of the drive, and who may come by each of them.
    roots: Vec<(String, Door)>,
}

/// A row of the table: who holds the file, who calls, by which doors; what check-out, check-in and discard answer.
type Row<'a> = (&'static str, Option<&'a Somebody>, &'a Somebody, Door, [u16; 3]);

/// Whom an address of a drive is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    /// Everybody with a token.
    All,
    /// Whoever is a user: it goes through `/me`.
    Users,
    /// Ann alone: it is her own drive.
    Ann,
}

const FOLDER: &str = "Plans & more";
const FILE: &str = "north 100% #1.txt";

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

impl Drive {
    async fn new(server: &Server, library: Library, mut roots: Vec<(String, Door)>) -> Self {
        let (world, drive) = (&server.world, library.graph_id.clone());
        for (somebody, role) in
            [(&world.bob, Role::Contributor), (&world.carl, Role::Contributor), (&world.vic, Role::Viewer)]
        {
            server.vault.grant(library.root, somebody.person.id, role, None).await.unwrap();
        }
        roots.extend([
            (format!("/drives/{drive}"), Door::All),
            (format!("/drives/{}", encoded(&drive)), Door::All),
            (format!("/me/drives/{drive}"), Door::Users),
        ]);
        let ann = server.graph(&world.ann);
        let at = format!("/v1.0/drives/{drive}/root:/{}", encoded(FOLDER));
        let file = ann.put(&format!("{at}/{}:/content", encoded(FILE)), "first").await.expect(201).json();
        let gone = ann.put(&format!("{at}/gone.txt:/content"), "x").await.expect(201).json();
        let actor = world::actor(&server.vault, &world.ann).await;
        let item = async |id: &serde_json::Value| {
            server.vault.item(&actor, &ItemKey::Graph(id.as_str().unwrap().to_owned())).await.unwrap()
        };
        let drive = Drive {
            file: item(&file["id"]).await,
            folder: item(&file["parentReference"]["id"]).await,
            gone: item(&gone["id"]).await,
            library,
            roots,
        };
        ann.delete(&format!("{at}/gone.txt")).await.expect(204);
        drive
    }

    /// Every address of the file, without a call: of the drive, of the item, under every prefix. A path takes its call behind the second colon.
    fn files(&self, caller: Door) -> Vec<String> {
        let (file, folder) = (&self.file.graph_id, &self.folder.graph_id);
        let (at, name) = (encoded(FOLDER), encoded(FILE));
        let forms = [
            format!("/items/{file}"),
            format!("/root:/{at}/{name}:"),
            format!("/root:/{}/{}:", at.to_lowercase(), name.to_uppercase()),
            format!("/root:/./{at}//{name}:"),
            format!("/root:/.%2F{at}%2F{name}:"),
            format!("/items/root:/{at}/{name}:"),
            format!("/items/{folder}:/{name}:"),
            format!("/items/{}", encoded(&format!("root:/{FOLDER}/{FILE}:"))),
            format!("/items/{}", encoded(&format!("{folder}:/{FILE}:"))),
            format!("/root{}", encoded(&format!(":/{FOLDER}/{FILE}:"))),
        ];
        let (first, by_id) = (&self.roots[0].0, format!("/drives/{}", self.library.graph_id));
        let mut all = Vec::new();
        for (root, door) in &self.roots {
            if *door != Door::All && caller == Door::All || *door == Door::Ann && caller != Door::Ann {
                continue;
            }
            // every form below two of the addresses, and by id, path and whole path below each
            let is_chosen = root == first || *root == by_id;
            let chosen = forms.iter().enumerate().filter(|(place, _)| is_chosen || [0, 1, 7].contains(place));
            all.extend(chosen.map(|(_, form)| format!("/v1.0{root}{form}")));
            // the older form of one's own drive is not among the bare ones
            let prefixes = ["/beta", "/v2.0", "/_api/v2.0", ""].iter().filter(|_| is_chosen);
            all.extend(prefixes.map(|prefix| format!("{prefix}{root}{}", forms[0])));
            // an entry of the site's list is the file once more
            let list = root.strip_suffix("/drive").filter(|list| list.contains("/lists/"));
            all.extend(list.map(|list| format!("/v1.0{list}/items/{file}/driveItem")));
        }
        all
    }
}

/// A site's, a group's and somebody's own drive.
async fn drives(server: &Server) -> Vec<Drive> {
    let (vault, world) = (&server.vault, &server.world);
    let site = &world.library;
    let id = format!("127.0.0.1,{guid},{guid}", guid = site.graph_site_id);
    let sites = vec![
        (format!("/sites/{id}/drive"), Door::All),
        (format!("/sites/{}/drive", encoded(&id)), Door::All),
        ("/sites/root/drive".to_owned(), Door::All),
        ("/sites/127.0.0.1/drive".to_owned(), Door::All),
        (format!("/sites/{}/drive", site.graph_site_id), Door::All),
        (format!("/sites/root/lists/{}/drive", site.graph_site_id), Door::All),
        ("/sites/127.0.0.1:/sites/Engineering:/drive".to_owned(), Door::All),
        (format!("/sites/{id}/drives/{}", site.graph_id), Door::All),
    ];
    let mut db = sqlx::PgPool::connect(&server.database.url).await.unwrap().acquire().await.unwrap();
    let group = Fresh::new("B5D17B95F47087F4E518").principal(PrincipalKind::Group, "Pilots").unwrap();
    coatcheck::store::directory::create(&mut db, &group, None).await.unwrap();
    coatcheck::store::directory::create_group(&mut db, group.id, "Pilots", "").await.unwrap();
    drop(db);
    let new = vault.draw_library(LibraryKind::Group, "Pilots", Some(group.id)).unwrap();
    let pilots = vault.create_library(&new, world.dora.person.id).await.unwrap();
    vault.grant(pilots.root, world.ann.person.id, Role::Contributor, None).await.unwrap();
    let groups = vec![
        (format!("/groups/{}/drive", group.graph_id), Door::All),
        (format!("/groups/{}/drives/{}", group.graph_id, pilots.graph_id), Door::All),
    ];
    let own = world::personal(vault, &world.ann).await;
    let users = vec![
        ("/me/drive".to_owned(), Door::Ann),
        ("/drive".to_owned(), Door::Ann),
        (format!("/users/{}/drive", world.ann.person.graph_id), Door::All),
        ("/users/ann@example.com/drive".to_owned(), Door::All),
        (format!("/users/ann%40example.com/drives/{}", own.graph_id), Door::All),
    ];
    vec![
        Drive::new(server, site.clone(), sites).await,
        Drive::new(server, pilots, groups).await,
        Drive::new(server, own, users).await,
    ]
}

/// Makes `holder` the holder of a file, or nobody.
async fn hold(server: &Server, file: &Item, holder: Option<&Somebody>) {
    let (vault, world) = (&server.vault, &server.world);
    let key = ItemKey::Id(file.id);
    let ann = world::actor(vault, &world.ann).await;
    let held = vault.look(&ann, &key).await.unwrap().item().lock().map(|lock| lock.holder.id);
    if held == holder.map(|holder| holder.person.id) {
        return;
    }
    if let Some(held) = held {
        let was = [&world.ann, &world.bob, &world.robot].into_iter().find(|known| known.person.id == held).unwrap();
        let was = world::actor(vault, was).await;
        vault.cancel(&was, &vault.look(&was, &key).await.unwrap(), Cancel::default()).await.unwrap();
    }
    if let Some(holder) = holder {
        let holder = world::actor(vault, holder).await;
        let look = vault.look(&holder, &key).await.unwrap();
        vault.check_out(&holder, &look, CheckOut::default()).await.unwrap();
    }
}

#[tokio::test]
async fn every_row_of_the_table_holds_at_every_address() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, robot) = (&world.ann, &world.bob, &world.robot);
    let rows: [Row<'_>; 12] = [
        ("free", None, ann, Door::Ann, [204, 400, 400]),
        ("the caller's own", Some(ann), ann, Door::Ann, [204, 204, 204]),
        ("somebody else's", Some(bob), ann, Door::Ann, [423, 423, 423]),
        ("an application's, to a user", Some(robot), ann, Door::Ann, [423, 423, 423]),
        ("somebody else's, the other way round", Some(ann), bob, Door::Users, [423, 423, 423]),
        ("free, to an application", None, robot, Door::All, [204, 400, 400]),
        ("an application's own", Some(robot), robot, Door::All, [204, 204, 204]),
        ("a user's, to an application", Some(ann), robot, Door::All, [423, 423, 204]),
        ("free, to who may only read", None, &world.vic, Door::Users, [403, 403, 403]),
        ("held, to who may only read", Some(ann), &world.vic, Door::Users, [403, 403, 403]),
        ("held, to whose license forbids it", Some(ann), &world.carl, Door::Users, [403, 403, 403]),
        ("held, to who sees nothing of it", Some(ann), &world.eve, Door::Users, [404, 404, 404]),
    ];
    for drive in drives(&server).await {
        for (row, holder, caller, door, expected) in &rows {
            let client = server.graph(caller);
            for address in drive.files(*door) {
                for (verb, status) in VERBS.iter().zip(expected) {
                    hold(&server, &drive.file, *holder).await;
                    let answer = client.post(&format!("{address}/{verb}")).await;
                    assert_eq!(answer.status.as_u16(), *status, "{row}: {address}/{verb}: {answer}");
                    if answer.status == 204 {
                        assert!(answer.body.is_empty() && !answer.headers.contains_key("content-type"));
                    }
                    if *status == 423 {
                        let error = &answer.json()["error"];
                        let holder = holder.unwrap().person.name.clone();
                        let message = format!("The file is checked out for editing by {holder}.");
                        assert_eq!(error["message"], message.as_str());
                        assert_eq!(
                            (&error["code"], &error["innerError"]["code"]),
                            (&json!("notAllowed"), &json!("resourceLocked"))
                        );
                    }
                }
            }
        }
        // the same call in its other spellings
        let address = format!("/v1.0/drives/{}/items/{}", drive.library.graph_id, drive.file.graph_id);
        for form in ["checkout", "checkout/", "microsoft.graph.checkout", "microsoft.graph.checkout/", "Checkout"] {
            hold(&server, &drive.file, None).await;
            server.graph(ann).post(&format!("{address}/{form}")).await.expect(204);
            server.graph(ann).post(&format!("{address}/{form}")).await.expect(204);
        }
        for form in ["checkin/", "microsoft.graph.checkin", "discardCheckout/", "microsoft.graph.discardCheckout"] {
            hold(&server, &drive.file, Some(ann)).await;
            server.graph(ann).post(&format!("{address}/{form}")).await.expect(204);
        }
    }
}

#[tokio::test]
async fn what_is_no_file_or_not_there_or_without_a_token_is_refused_at_every_address() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.graph(&world.ann);
    for drive in drives(&server).await {
        for (root, _) in &drive.roots {
            let at = format!("{root}/root:/{}", encoded(FOLDER));
            let folders = [
                format!("{root}/root"),
                format!("{root}/items/root"),
                format!("{root}/items/{}", drive.folder.graph_id),
                format!("{at}:"),
                format!("{root}/items/{}", encoded(&format!("root:/{FOLDER}:"))),
            ];
            let missing = [
                format!("{root}/items/01MISSINGMISSINGMISSINGMISSINGMI01"),
                format!("{root}/items/{}", drive.gone.graph_id),
                format!("{at}/gone.txt:"),
                format!("{at}/none.txt:"),
                format!("{root}/items/{}:/none.txt:", drive.folder.graph_id),
                format!("{root}/items/{}:/below.txt:", drive.file.graph_id),
            ];
            for verb in VERBS {
                for folder in &folders {
                    let refused = ann.post(&format!("/v1.0{folder}/{verb}")).await;
                    let refused = refused.expect(400).json();
                    assert_eq!(refused["error"]["code"], "invalidRequest", "{folder}");
                }
                for missing in &missing {
                    let refused = ann.post(&format!("/v1.0{missing}/{verb}")).await.expect(404).json();
                    assert_eq!(refused["error"]["code"], "itemNotFound", "{missing}");
                }
                let call = format!("/v1.0{root}/items/{}/{verb}", drive.file.graph_id);
                server.send(server.post(&call)).await.expect(401);
                server.graph_with("nonsense").post(&call).await.expect(401);
            }
        }
        // an application has no `/me`
        for me in ["/me/drive".to_owned(), "/drive".to_owned(), format!("/me/drives/{}", drive.library.graph_id)] {
            let call = format!("/v1.0{me}/items/{}/checkout", drive.file.graph_id);
            let refused = server.graph(&world.robot).post(&call).await.expect(400).json();
            assert_eq!(refused["error"]["code"], "BadRequest");
        }
    }
}

#[tokio::test]
async fn a_policy_forbids_before_the_lock_is_told() {
    let server = Server::start().await;
    let (world, plan) = (&server.world, server.plan());
    server.graph(&world.ann).post(&format!("{plan}/checkout")).await.expect(204);
    let update = coatcheck::vault::LibraryUpdate { policies_required: Some(true), ..Default::default() };
    server.vault.update_library(world.library.id, &update).await.unwrap();
    for verb in VERBS {
        for somebody in [&world.ann, &world.bob] {
            let refused = server.graph(somebody).post(&format!("{plan}/{verb}")).await.expect(403).json();
            assert_eq!(refused["error"]["code"], "accessDenied");
        }
    }
}

#[tokio::test]
async fn a_lock_of_another_dialect_is_the_callers_own_or_refuses_by_name() {
    let server = Server::start().await;
    let (clients, world, plan) = (Clients::new(&server), &server.world, server.plan());
    let (ann, bob) = (server.graph(&world.ann), server.graph(&world.bob));
    for client in [Client::Arena, Client::Oracle, Client::Liferay] {
        for (verb, mine) in VERBS.iter().zip([204, 204, 204]) {
            // a check-in changes the identity that Arena's clients use
            let file = world::now(&server.vault, world, &world.file).await;
            assert_eq!(clients.check_out(client, &world.ann, &file).await, Outcome::Done, "{client:?}");
            for other in VERBS {
                let refused = bob.post(&format!("{plan}/{other}")).await.expect(423).json();
                let message = "The file is checked out for editing by Ann Example.";
                assert_eq!(refused["error"]["message"], message, "{client:?} {other}");
            }
            assert!(bob.publication(&plan).await.contains("Ann Example"));
            let answer = ann.post(&format!("{plan}/{verb}")).await;
            assert_eq!(answer.status.as_u16(), mine, "{client:?} {verb}: {answer}");
            if *verb == "checkout" {
                ann.post(&format!("{plan}/discardCheckout")).await.expect(204);
            }
        }
        // the reverse
        ann.post(&format!("{plan}/checkout")).await.expect(204);
        let file = world::now(&server.vault, world, &world.file).await;
        assert_eq!(clients.check_out(client, &world.bob, &file).await, Outcome::Held, "{client:?}");
        assert_eq!(clients.check_in(client, &world.bob, &file).await, Outcome::Held, "{client:?}");
        assert_eq!(clients.upload(client, &world.bob, &file, "x").await, Outcome::Held, "{client:?}");
        ann.post(&format!("{plan}/discardCheckout")).await.expect(204);
    }
}
