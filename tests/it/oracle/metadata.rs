//! Metadata of files and folders (spec/oracle.md 10): assigned collections, values, inheritance, personal ones, uploads.

use coatcheck::{
    domain::{
        edition::Metadata,
        error::{Error, Missing},
        id::ItemKey,
        metadata::{CollectionName, Setting, Tags},
    },
    store,
    vault::Publication,
};
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::support::{
    oracle::{Client, numbered, part},
    server::Server,
    world::{self, Somebody},
};

/// A server with the collections `Address` and `Plan`, and what the paths of the world's file and its folder are.
async fn start() -> (Server, String, String) {
    let server = Server::start().await;
    let world = &server.world;
    let dora = server.oracle(&world.dora);
    let address = json!({"fieldsArray": [
        {"fieldName": "Street"},
        {"fieldName": "Number", "fieldType": "number", "defaultValue": "1"},
        {"fieldName": "Due date", "fieldType": "date"},
    ]});
    dora.post("/metadata/Address", address).await.expect(201);
    dora.post("/metadata/Plan", json!({"fields": "State"})).await.expect(201);
    let (file, root) =
        (format!("/files/{}", world.file.oracle_id), format!("/folders/{}", world.library.root_oracle_id));
    (server, file, root)
}

/// What is said, as far as this client sees it.
async fn said(client: &Client<'_>, path: &str) -> Value {
    client.get(&format!("{path}/metadata")).await.expect(200).json()["metadata"].clone()
}

async fn folder(client: &Client<'_>, parent: &str, name: &str) -> String {
    let made = client.post(parent, json!({ "name": name })).await.expect(201).json();
    format!("/folders/{}", made["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_collection_is_assigned_and_values_are_set_shown_and_taken_away() {
    let (server, file, _) = start().await;
    let world = &server.world;
    let (max, ann, vic) = (server.oracle(&world.max), server.oracle(&world.ann), server.oracle(&world.vic));
    assert_snapshot!(numbered(&vic.get(&format!("{file}/metadata")).await), @r#"
    200
    {"errorCode":"0","idList":"D1","metadata":{},"type":"file"}
    "#);
    assert_snapshot!(numbered(&vic.xml().get(&format!("{file}/metadata")).await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><errorCode>0</errorCode><idList>D1</idList><metadata></metadata><type>file</type></response>
    "#);
    assert_snapshot!(numbered(&max.post(&format!("{file}/metadata/address"), json!({})).await), @r#"
    200
    {"errorCode":"0","idList":"D1","type":"file"}
    "#);
    // once more is no matter
    max.post(&format!("{file}/metadata/Address"), json!({})).await.expect(200);
    assert_eq!(said(&vic, &file).await, json!({"Address": {"Number": "1"}}));

    let first = json!({"collection": "Address", "Street": "Main <Street>", "Number": 7});
    assert_snapshot!(numbered(&ann.post(&format!("{file}/metadata"), first).await), @r#"
    200
    {"errorCode":"0","idList":"D1","type":"file"}
    "#);
    let second = json!({"ADDRESS.due DATE": "2017-01-01T00:00:01", "Address.Number": "8"});
    ann.post(&format!("{file}/metadata"), second).await.expect(200);
    assert_snapshot!(numbered(&vic.get(&format!("{file}/metadata")).await), @r#"
    200
    {"errorCode":"0","idList":"D1","metadata":{"Address":{"Street":"Main <Street>","Number":"8","Due date":"2017-01-01T00:00:01"}},"type":"file"}
    "#);
    assert_snapshot!(numbered(&vic.xml().get(&format!("{file}/metadata")).await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><errorCode>0</errorCode><idList>D1</idList><metadata><Address><Street>Main &lt;Street&gt;</Street><Number>8</Number><field name="Due date">2017-01-01T00:00:01</field></Address></metadata><type>file</type></response>
    "#);
    assert_snapshot!(numbered(&vic.get(&format!("{file}/metadataFields")).await), @r#"
    200
    {"errorCode":"0","idList":"D1","metadataFields":{"Address":{"isEnabled":"1","isInherited":"0","type":"collection","items":[{"type":"field","fieldName":"Street","fieldType":"string","isEnabled":"1"},{"type":"field","fieldName":"Number","fieldType":"number","defaultValue":"1","isEnabled":"1"},{"type":"field","fieldName":"Due date","fieldType":"date","isEnabled":"1"}]}},"type":"file"}
    "#);

    // in the query, or in the body
    let path = format!("{file}/metadata?collection=Address&fields=Street,Number");
    assert_snapshot!(numbered(&max.delete(&path).await), @r#"
    200
    {"errorCode":"0","idList":"D1","type":"file"}
    "#);
    assert_eq!(said(&vic, &file).await, json!({"Address": {"Number": "1", "Due date": "2017-01-01T00:00:01"}}));
    let body = json!({"collection": "Address", "fields": "Due date"});
    max.send(Method::DELETE, &format!("{file}/metadata"), body).await.expect(200);
    assert_eq!(said(&vic, &file).await, json!({"Address": {"Number": "1"}}));
    // without fields the collection goes, and what is said in it
    ann.post(&format!("{file}/metadata"), json!({"Address.Street": "x"})).await.expect(200);
    max.delete(&format!("{file}/metadata?collection=Address")).await.expect(200);
    assert_eq!(said(&vic, &file).await, json!({}));
    max.post(&format!("{file}/metadata/Address"), json!({})).await.expect(200);
    assert_eq!(said(&vic, &file).await, json!({"Address": {"Number": "1"}}));

    // nothing of it is a new version
    assert_eq!(ann.get(&file).await.json()["version"], "1");
}

#[tokio::test]
async fn values_may_come_as_xml() {
    let (server, file, _) = start().await;
    server.oracle(&server.world.max).post(&format!("{file}/metadata/Address"), json!({})).await.expect(200);
    let ann = server.oracle(&server.world.ann);
    let send = async |body: &str| {
        let request = ann.request(Method::POST, &format!("{file}/metadata")).header("Content-Type", "text/xml");
        server.send(request.body(body.to_owned())).await.expect(200)
    };
    send("<v><collection>Address</collection><Street>a &amp; b</Street></v>").await;
    send("<v><Address.Number>5</Address.Number><field name=\"Address.Due date\">2020-02-02T02:02:02Z</field></v>")
        .await;
    let all = json!({"Address": {"Street": "a & b", "Number": "5", "Due date": "2020-02-02T02:02:02Z"}});
    assert_eq!(said(&ann, &file).await, all);
}

#[tokio::test]
async fn what_folders_above_say_holds_until_something_nearer_is_said() {
    let (server, _, root) = start().await;
    let world = &server.world;
    let (max, ann) = (server.oracle(&world.max), server.oracle(&world.ann));
    let outer = folder(&ann, &root, "outer").await;
    let inner = folder(&ann, &outer, "inner").await;
    let made = ann.upload(inner.strip_prefix("/folders/").unwrap(), "a.txt", "x").await.expect(201).json();
    let file = format!("/files/{}", made["id"].as_str().unwrap());

    max.post(&format!("{outer}/metadata/Address"), json!({})).await.expect(200);
    ann.post(&format!("{outer}/metadata"), json!({"Address.Street": "outer", "Address.Number": 2})).await.expect(200);
    for path in [&outer, &inner, &file] {
        assert_eq!(said(&ann, path).await, json!({"Address": {"Street": "outer", "Number": "2"}}), "{path}");
    }
    assert_eq!(said(&ann, &root).await, json!({}));
    // a value, where the collection is inherited; then one nearer still
    ann.post(&format!("{inner}/metadata"), json!({"Address.Street": "inner"})).await.expect(200);
    assert_eq!(said(&ann, &file).await, json!({"Address": {"Street": "inner", "Number": "2"}}));
    assert_eq!(said(&ann, &outer).await, json!({"Address": {"Street": "outer", "Number": "2"}}));
    ann.post(&format!("{file}/metadata"), json!({"Address.Street": ""})).await.expect(200);
    assert_eq!(said(&ann, &file).await, json!({"Address": {"Street": "", "Number": "2"}}));

    // what is the item's own
    let direct = async |path: &str| {
        ann.get(&format!("{path}/metadata?directAssigned=1")).await.expect(200).json()["metadata"].clone()
    };
    assert_eq!(direct(&outer).await, json!({"Address": {"Street": "outer", "Number": "2"}}));
    assert_eq!(direct(&inner).await, json!({"Address": {"Street": "inner"}}));
    max.post(&format!("{file}/metadata/Plan"), json!({})).await.expect(200);
    assert_eq!(direct(&file).await, json!({"Address": {"Street": ""}, "Plan": {}}));
    let fields = ann.get(&format!("{file}/metadataFields")).await.expect(200).json();
    assert_eq!(fields["metadataFields"]["Address"]["isInherited"], "1");
    assert_eq!(fields["metadataFields"]["Plan"]["isInherited"], "0");
    let fields = ann.get(&format!("{file}/metadataFields?directAssigned=1")).await.expect(200).json();
    assert_eq!(fields["metadataFields"].as_object().unwrap().len(), 1);
    ann.get(&format!("{file}/metadata?directAssigned=perhaps")).await.expect(400);

    // a value taken away lets the folder speak again
    max.delete(&format!("{file}/metadata?collection=Address&fields=Street")).await.expect(200);
    assert_eq!(said(&ann, &file).await["Address"]["Street"], "inner");
    // where it is assigned no more, nothing of it shows below; nor is it one to set
    max.delete(&format!("{outer}/metadata?collection=Address")).await.expect(200);
    assert_eq!(said(&ann, &file).await, json!({"Plan": {}}));
    ann.post(&format!("{file}/metadata"), json!({"Address.Street": "x"})).await.expect(409);
}

#[tokio::test]
async fn home_has_metadata_like_any_other_folder() {
    let (server, ..) = start().await;
    let ann = server.oracle(&server.world.ann);
    assert_snapshot!(numbered(&ann.post("/folders/self/metadata/Plan", json!({})).await), @r#"
    200
    {"errorCode":"0","idList":"self","type":"folder"}
    "#);
    ann.post("/folders/self/metadata", json!({"Plan.State": "home"})).await.expect(200);
    assert_eq!(said(&ann, "/folders/self").await, json!({"Plan": {"State": "home"}}));
    server.oracle_nobody().get("/folders/self/metadata").await.expect(401);
}

/// The statuses of: reading, assigning, setting, taking away, reading the fields.
async fn row(server: &Server, who: &Somebody, path: &str) -> [u16; 5] {
    let client = server.oracle(who);
    let path = format!("{path}/metadata");
    let answers = [
        client.get(&path).await,
        client.post(&format!("{path}/Plan"), json!({})).await,
        client.post(&path, json!({"Plan.State": "x"})).await,
        client.delete(&format!("{path}?collection=Plan&fields=State")).await,
        client.get(&format!("{path}Fields")).await,
    ];
    for answer in answers.iter().filter(|answer| answer.status == 403) {
        assert_eq!(answer.json()["errorCode"], "-20");
    }
    answers.map(|answer| answer.status.as_u16())
}

#[tokio::test]
async fn who_may_what() {
    let (server, file, root) = start().await;
    let world = &server.world;
    for path in [&file, &root] {
        server.oracle(&world.max).post(&format!("{path}/metadata/Plan"), json!({})).await.expect(200);
        for (who, row_of) in [
            (&world.eve, [403, 403, 403, 403, 403]),
            (&world.vic, [200, 403, 403, 403, 200]),
            (&world.carl, [200, 403, 403, 403, 200]),
            (&world.ann, [200, 403, 200, 403, 200]),
            (&world.max, [200, 200, 200, 200, 200]),
            (&world.dora, [200, 200, 200, 200, 200]),
        ] {
            assert_eq!(row(&server, who, path).await, row_of, "{} {path}", who.person.login);
        }
    }
    // whether there is such a collection is not said to who may not assign one
    let vic = server.oracle(&world.vic);
    vic.post(&format!("{file}/metadata/None"), json!({})).await.expect(403);
    server.oracle_nobody().get(&format!("{file}/metadata")).await.expect(401);
    // the role of a link
    let links = format!("/publiclinks/file/{}", world.file.oracle_id);
    let spec = json!({"assignedUsers": "@everybody", "role": "contributor"});
    let link = server.oracle(&world.max).post(&links, spec).await.expect(200).json();
    let link = link["linkID"].as_str().unwrap();
    for client in [server.oracle_nobody().link(link), vic.link(link)] {
        client.post(&format!("{file}/metadata"), json!({"Plan.State": "linked"})).await.expect(200);
        client.post(&format!("{file}/metadata/Plan"), json!({})).await.expect(403);
    }
    assert_eq!(said(&vic, &file).await, json!({"Plan": {"State": "linked"}}));
}

#[tokio::test]
async fn what_is_personal_shows_to_its_owner_alone_whatever_their_role() {
    let (server, file, root) = start().await;
    let world = &server.world;
    let (vic, carl, dora) = (server.oracle(&world.vic), server.oracle(&world.carl), server.oracle(&world.dora));
    for (client, word) in [(&vic, "vic's"), (&carl, "carl's")] {
        client
            .post("/metadata/Personal.Notes", json!({"fieldsArray": [{"fieldName": "Mood", "defaultValue": "fine"}]}))
            .await
            .expect(201);
        client.post(&format!("{root}/metadata/Personal.Notes"), json!({})).await.expect(200);
        assert_eq!(said(client, &file).await, json!({"Personal.Notes": {"Mood": "fine"}}));
        client
            .post(&format!("{file}/metadata"), json!({"collection": "personal.notes", "Mood": word}))
            .await
            .expect(200);
    }
    assert_eq!(said(&vic, &file).await, json!({"Personal.Notes": {"Mood": "vic's"}}));
    assert_eq!(said(&carl, &file).await, json!({"Personal.Notes": {"Mood": "carl's"}}));
    assert_eq!(said(&dora, &file).await, json!({}));
    dora.post(&format!("{file}/metadata"), json!({"Personal.Notes.Mood": "x"})).await.expect(404);
    dora.post(&format!("{file}/metadata/Personal.Notes"), json!({})).await.expect(404);
    server.oracle(&world.eve).post(&format!("{file}/metadata/Personal.Notes"), json!({})).await.expect(403);
    // what shows to nobody else is no change of the file, and no lock stands in its way
    server.oracle(&world.ann).reserve(&world.file).await.expect(200);
    vic.post(&format!("{file}/metadata"), json!({"Personal.Notes.Mood": "still"})).await.expect(200);
    assert_eq!(said(&vic, &file).await, json!({"Personal.Notes": {"Mood": "still"}}));
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let trail = store::trail::of(&mut db, world.file.id).await.unwrap();
    assert!(trail.iter().all(|entry| entry.actor != Some(world.vic.person.id)), "{trail:?}");
    // together with what everybody sees it takes what that takes
    let both = json!({"Personal.Notes.Mood": "both", "Plan.State": "x"});
    vic.post(&format!("{file}/metadata"), both).await.expect(403);
    assert_eq!(said(&vic, &file).await, json!({"Personal.Notes": {"Mood": "still"}}));

    vic.delete(&format!("{file}/metadata?collection=Personal.Notes&fields=Mood")).await.expect(200);
    vic.delete(&format!("{root}/metadata?collection=Personal.Notes")).await.expect(200);
    assert_eq!(said(&vic, &file).await, json!({}));
    // a credential that only reads writes nothing of one's own either
    let token = world::token(&server.vault, world.carl.person.id, &["Files.Read.All"]).await;
    let path = format!("/documents/api/1.2{file}/metadata");
    let body = json!({"Personal.Notes.Mood": "x"}).to_string();
    server.send(server.post(&path).bearer_auth(&token).body(body)).await.expect(403);
    // who only brings a link has nothing of their own
    let links = format!("/publiclinks/file/{}", world.file.oracle_id);
    let link = server.oracle(&world.max).post(&links, json!({"assignedUsers": "@everybody"})).await.expect(200).json();
    let nobody = server.oracle_nobody().link(link["linkID"].as_str().unwrap());
    assert_eq!(said(&nobody, &file).await, json!({}));
    for body in [json!({"Personal.Notes.Mood": "x"}), json!({"Plan.State": "x"}), json!({"Nope.State": "x"})] {
        nobody.post(&format!("{file}/metadata"), body).await.expect(403);
    }
    for name in ["Plan", "Nope", "Personal.Notes"] {
        nobody.delete(&format!("{file}/metadata?collection={name}")).await.expect(403);
        nobody.post(&format!("{file}/metadata/{name}"), json!({})).await.expect(403);
    }
    // nor with a contributor's link, which lets them say what everybody sees
    let spec = json!({"assignedUsers": "@everybody", "role": "contributor", "linkName": "more"});
    let link = server.oracle(&world.max).post(&links, spec).await.expect(200).json();
    let nobody = server.oracle_nobody().link(link["linkID"].as_str().unwrap());
    server.oracle(&world.ann).unreserve(&world.file, "ann").await.expect(200);
    nobody.post(&format!("{file}/metadata"), json!({"Personal.Notes.Mood": "x"})).await.expect(404);
}

#[tokio::test]
async fn somebody_elses_lock_stands_in_the_way_of_what_everybody_sees() {
    let (server, file, root) = start().await;
    let world = &server.world;
    let (max, ann, bob) = (server.oracle(&world.max), server.oracle(&world.ann), server.oracle(&world.bob));
    max.post(&format!("{file}/metadata/Plan"), json!({})).await.expect(200);
    ann.reserve(&world.file).await.expect(200);
    assert_snapshot!(numbered(&bob.post(&format!("{file}/metadata"), json!({"Plan.State": "x"})).await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csUnableToManageMetadata!csFldReservedByOther,Ann Example","errorMessage":"Unable to manage metadata. The file is reserved by 'Ann Example'.","id":"D1","title":"Unable to manage metadata. The file is reserved by 'Ann Example'.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    max.post(&format!("{file}/metadata/Address"), json!({})).await.expect(409);
    max.delete(&format!("{file}/metadata?collection=Plan")).await.expect(409);
    max.delete(&format!("{file}/metadata?collection=Plan&fields=State")).await.expect(409);
    assert_eq!(said(&bob, &file).await, json!({"Plan": {}}));
    ann.post(&format!("{file}/metadata"), json!({"Plan.State": "mine"})).await.expect(200);
    // the folder is nobody's
    max.post(&format!("{root}/metadata/Address"), json!({})).await.expect(200);
    bob.post(&format!("{root}/metadata"), json!({"Address.Street": "x"})).await.expect(200);
    ann.unreserve(&world.file, "ann").await.expect(200);
    bob.post(&format!("{file}/metadata"), json!({"Plan.State": "bob's"})).await.expect(200);
}

#[tokio::test]
async fn what_was_looked_at_before_somebody_took_the_file_is_not_written() {
    let (server, file, _) = start().await;
    let (world, vault) = (&server.world, &server.vault);
    server.oracle(&world.max).post(&format!("{file}/metadata/Plan"), json!({})).await.expect(200);
    let ann = server.oracle(&world.ann);
    ann.post("/metadata/Personal.Notes", json!({"fields": "Mood"})).await.expect(201);
    let max = world::actor(vault, &world.max).await;
    let look = vault.look(&max, &ItemKey::Id(world.file.id)).await.unwrap();
    let plan = vault.collection(&max, &CollectionName::parse("Plan").unwrap()).await.unwrap();
    let (id, field) = (plan.id, plan.fields[0].id);
    let setting = Setting { collection: id, owner: None, field, value: "x".to_owned() };
    ann.reserve(&world.file).await.expect(200);

    let held = |refused: Result<(), Error>| assert!(matches!(refused, Err(Error::Held(_))), "{refused:?}");
    held(vault.set_tags(&max, &look, Tags::parse("a").unwrap()).await);
    held(vault.set_values(&max, &look, vec![setting.clone()]).await);
    held(vault.clear_values(&max, &look, &plan, vec![field]).await);
    held(vault.assign(&max, &look, &plan).await);
    held(vault.unassign(&max, &look, &plan).await);
    let bytes = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from_static(b"x"))]);
    let publication = Publication::of(vault.stage(bytes).await.unwrap(), Metadata::default());
    held(vault.add_edition_saying(&max, &look, publication, vec![setting.clone()]).await.map(drop));
    assert_eq!(said(&ann, &file).await, json!({"Plan": {}}));
    assert_eq!(ann.get(&format!("{file}/tags")).await.json()["tags"], "");

    // a field is its collection's, and a collection is whose it is
    let notes = world::actor(vault, &world.ann).await;
    let notes = vault.collection(&notes, &CollectionName::parse("Personal.Notes").unwrap()).await.unwrap();
    let stolen = Setting { collection: notes.id, owner: None, field: notes.fields[0].id, value: "x".to_owned() };
    let crossed = Setting { field: notes.fields[0].id, ..setting };
    ann.unreserve(&world.file, "ann").await.expect(200);
    for setting in [stolen, crossed] {
        let refused = vault.set_values(&max, &look, vec![setting]).await;
        assert!(matches!(refused, Err(Error::Missing(Missing::Collection))), "{refused:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_and_nothing_is_said() {
    let (server, file, _) = start().await;
    let world = &server.world;
    let (max, ann) = (server.oracle(&world.max), server.oracle(&world.ann));
    max.post(&format!("{file}/metadata/Address"), json!({})).await.expect(200);
    let path = format!("{file}/metadata");
    assert_snapshot!(numbered(&ann.post(&path, json!({"Address.Number": "seven"})).await), @r#"
    400
    {"errorCode":"-1","errorKey":"!csUnableToManageMetadata!csInvalidFieldValue,Address.Number","errorMessage":"Unable to manage metadata. The value of field \"Address.Number\" is not valid.","id":"D1","title":"Unable to manage metadata. The value of field \"Address.Number\" is not valid.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_snapshot!(numbered(&ann.post(&path, json!({"Nope.Number": "7"})).await), @r#"
    404
    {"errorCode":"-16","errorKey":"!csFldSecurityValidationFailed!csFldDoesNotExist,Nope","errorMessage":"Security validation failed. 'Nope' does not exist.","id":"D1","title":"Security validation failed. 'Nope' does not exist.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_snapshot!(numbered(&ann.post(&path, json!({"Plan.State": "x"})).await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csUnableToManageMetadata!csFldImpossible","errorMessage":"Unable to manage metadata. This cannot be done: the collection is not assigned to the item.","id":"D1","title":"Unable to manage metadata. This cannot be done: the collection is not assigned to the item.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    let long = "ä".repeat(2001);
    let huge = "x".repeat(10_000);
    let many: serde_json::Map<_, _> = (0..1001).map(|n| (format!("Address.f{n}"), json!("x"))).collect();
    for (status, body) in [
        (400, json!({"Street": "x"})),
        (400, json!({"collection": 1, "Street": "x"})),
        (400, json!({"Address.Due date": "2017-02-30T00:00:00"})),
        (400, json!({"Address.Street": ["x"]})),
        (400, json!({"Address.Street": {"x": "y"}})),
        (400, json!({"Address.Street": "a\u{0}b"})),
        (400, json!({"Address.Street": long})),
        (400, json!({"Address.Street": huge})),
        (400, json!({"Address.Street": "fine", "Address.Number": "not"})),
        (400, Value::Object(many)),
        (404, json!({"Address.Nope": "x"})),
        (404, json!({"collection": "Nope"})),
        (404, json!({"collection": "Address", "Nope": "x"})),
        (404, json!({".Street": "x"})),
        (404, json!({"Address.": "x"})),
        (404, json!({"a.b.c": "x"})),
        (404, json!({"'; DROP TABLE items; --.x": "x"})),
        (404, json!({"a\u{0}b.x": "x"})),
        (404, json!({format!("{huge}.x"): "x"})),
        (404, json!({format!("Address.{huge}"): "x"})),
        (404, json!({"日本.x": "x"})),
    ] {
        let answer = ann.post(&path, body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {answer}");
        let code = if status == 404 { "-16" } else { "-1" };
        assert_eq!(answer.json()["errorCode"], code, "{body}");
        assert!(answer.body.len() < 2000, "{answer}");
    }
    for (status, query) in
        [(400, ""), (400, "?fields=Street"), (404, "?collection=Nope"), (404, "?collection=%22a&fields=b")]
    {
        max.delete(&format!("{path}{query}")).await.expect(status);
    }
    max.delete(&format!("{path}?collection=Address&fields=Street,Nope")).await.expect(404);
    for name in ["Nope", "%22a", "a%00", "%FF", &huge[..3000]] {
        max.post(&format!("{path}/{name}"), json!({})).await.expect(404);
    }
    assert_eq!(said(&ann, &file).await, json!({"Address": {"Number": "1"}}));
    // nothing to say is said
    ann.post(&path, json!({})).await.expect(200);
    ann.post(&path, json!({"collection": "Address", "Street": null})).await.expect(200);
    // of two for one field the last counts; what a value holds is its writer's business
    let odd = "'; DROP TABLE items; -- \"q\" </Street>\n\u{1f980}";
    let body = format!(r#"{{"Address.Street": "first", "address.STREET": {}}}"#, json!(odd));
    server.send(ann.request(Method::POST, &path).body(body)).await.expect(200);
    assert_eq!(said(&ann, &file).await["Address"]["Street"], odd);
    let long = "ä".repeat(2000);
    ann.post(&path, json!({"Address.Street": long})).await.expect(200);
    assert_eq!(said(&ann, &file).await["Address"]["Street"], long);
}

#[tokio::test]
async fn what_is_disabled_neither_shows_nor_can_be_said() {
    let (server, file, _) = start().await;
    let world = &server.world;
    let (dora, ann) = (server.oracle(&world.dora), server.oracle(&world.ann));
    dora.post(&format!("{file}/metadata/Address"), json!({})).await.expect(200);
    ann.post(&format!("{file}/metadata"), json!({"Address.Street": "x", "Address.Number": 3})).await.expect(200);
    dora.put("/metadata/Address/field", json!({"fields": "Street", "settings": "disable"})).await.expect(200);
    assert_eq!(said(&ann, &file).await, json!({"Address": {"Number": "3"}}));
    ann.post(&format!("{file}/metadata"), json!({"Address.Street": "y"})).await.expect(409);
    dora.put("/metadata/Address", json!({"settings": "disable"})).await.expect(200);
    assert_eq!(said(&ann, &file).await, json!({}));
    ann.post(&format!("{file}/metadata"), json!({"Address.Number": 4})).await.expect(409);
    dora.post(&format!("{file}/metadata/Address"), json!({})).await.expect(409);
    // and is there again
    dora.put("/metadata/Address", json!({"settings": "enable"})).await.expect(200);
    dora.put("/metadata/Address/field", json!({"fields": "Street", "settings": "enable"})).await.expect(200);
    assert_eq!(said(&ann, &file).await, json!({"Address": {"Street": "x", "Number": "3"}}));
    // a field that goes takes along what was said in it
    dora.delete("/metadata/Address/field?fields=Street").await.expect(200);
    dora.post("/metadata/Address/field", json!({"fields": "Street"})).await.expect(200);
    assert_eq!(said(&ann, &file).await, json!({"Address": {"Number": "3"}}));
}

#[tokio::test]
async fn an_upload_says_something_about_its_file_or_is_none() {
    let (server, file, root) = start().await;
    let world = &server.world;
    let (max, ann) = (server.oracle(&world.max), server.oracle(&world.ann));
    max.post(&format!("{root}/metadata/Address"), json!({})).await.expect(200);
    let parameters = part("jsonInputParameters", None, &json!({"parentID": world.library.root_oracle_id}).to_string());
    let values = |values: &str| part("metadataValues", None, values);
    let bytes = |name| part("primaryFile", Some(name), "x");
    let one = values(r#"{"collection": "Address", "Street": "one"}"#);
    let two = values(r#"{"Address.Street": "two", "Address.Number": 2}"#);
    let send = async |path: &str, parts: &[&str]| ann.multipart(path, &format!("{}--b--\r\n", parts.concat())).await;

    // before the file, after it, before everything
    let made = send("/files/data", &[&parameters, &one, &bytes("a.txt")]).await.expect(201).json();
    let a = format!("/files/{}", made["id"].as_str().unwrap());
    assert_eq!(said(&ann, &a).await, json!({"Address": {"Street": "one", "Number": "1"}}));
    let made = send("/files/data", &[&parameters, &bytes("b.txt"), &two]).await.expect(201).json();
    let b = format!("/files/{}", made["id"].as_str().unwrap());
    assert_eq!(said(&ann, &b).await, json!({"Address": {"Street": "two", "Number": "2"}}));
    assert_eq!(ann.get(&format!("{b}/metadata?directAssigned=1")).await.json()["metadata"], said(&ann, &b).await);
    send("/files/data", &[&two, &parameters, &bytes("A.txt")]).await.expect(201);
    assert_eq!(said(&ann, &a).await, json!({"Address": {"Street": "two", "Number": "2"}}));
    // a version says something about the file
    let version = send(&format!("{file}/data"), &[&bytes("plan.txt"), &one]).await.expect(201).json();
    assert_eq!(version["version"], "2");
    assert_eq!(said(&ann, &file).await, json!({"Address": {"Street": "one", "Number": "1"}}));

    // what cannot be said keeps the whole upload out
    for (status, bad) in [
        (400, "{"),
        (400, "[]"),
        (400, r#"{"Street": "x"}"#),
        (400, r#"{"Address.Number": "x"}"#),
        (404, r#"{"Nope.x": "x"}"#),
        (404, r#"{"Address.Nope": "x"}"#),
        (404, r#"{"Personal.Nope.x": "x"}"#),
        (409, r#"{"Plan.State": "x"}"#),
    ] {
        let bad = values(bad);
        for parts in [[&parameters, &bad, &bytes("new.txt")], [&parameters, &bytes("new.txt"), &bad]] {
            let answer =
                ann.multipart("/files/data", &format!("{}--b--\r\n", parts.map(String::as_str).concat())).await;
            assert_eq!(answer.status.as_u16(), status, "{answer}");
        }
        send(&format!("{file}/data"), &[&bytes("plan.txt"), &bad]).await.expect(status);
    }
    send("/files/data", &[&parameters, &one, &bytes("new.txt"), &one]).await.expect(400);
    let listed = ann.get(&format!("{root}/items?filterName=new.txt")).await.expect(200).json();
    assert_eq!(listed["count"], "0");
    assert_eq!(ann.get(&file).await.json()["version"], "2");

    // a viewer's note cannot come with an upload that is not theirs, a contributor's own can
    ann.post("/metadata/Personal.Notes", json!({"fields": "Mood"})).await.expect(201);
    ann.post(&format!("{root}/metadata/Personal.Notes"), json!({})).await.expect(200);
    let note = values(r#"{"Personal.Notes.Mood": "good"}"#);
    let made = send("/files/data", &[&parameters, &bytes("mine.txt"), &note]).await.expect(201).json();
    let mine = format!("/files/{}", made["id"].as_str().unwrap());
    assert_eq!(said(&ann, &mine).await["Personal.Notes"]["Mood"], "good");
    assert!(said(&max, &mine).await.get("Personal.Notes").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_set_one_field_at_once_one_is_the_last() {
    let (server, file, root) = start().await;
    let world = &server.world;
    for path in [&file, &root] {
        server.oracle(&world.max).post(&format!("{path}/metadata/Address"), json!({})).await.expect(200);
        let writes = (0..8).map(|n| {
            let client = server.oracle(if n % 2 == 0 { &world.ann } else { &world.bob });
            // both or neither, also in the other order
            let body = if n < 4 {
                format!(r#"{{"Address.Street": "s{n}", "Address.Number": "{n}"}}"#)
            } else {
                format!(r#"{{"Address.Number": "{n}", "Address.Street": "s{n}"}}"#)
            };
            async move {
                client.post(&format!("{path}/metadata"), serde_json::from_str(&body).unwrap()).await.status.as_u16()
            }
        });
        assert_eq!(futures_util::future::join_all(writes).await, [200; 8]);
        let last = said(&server.oracle(&world.ann), path).await;
        let (street, number) = (&last["Address"]["Street"], last["Address"]["Number"].as_str().unwrap());
        assert_eq!(street, &json!(format!("s{number}")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_that_goes_while_something_is_said_in_it_breaks_nothing() {
    let (server, file, root) = start().await;
    let world = &server.world;
    let (dora, ann) = (server.oracle(&world.dora), server.oracle(&world.ann));
    let assignment = format!("{file}/metadata/Brief");
    for round in 0..12 {
        dora.post("/metadata/Brief", json!({"fields": "a,b,c"})).await.expect(201);
        dora.post(&format!("{root}/metadata/Brief"), json!({})).await.expect(200);
        let says = (0..6).map(|n| {
            let ann = ann.clone();
            let path = format!("{}/metadata", if n % 2 == 0 { &file } else { &root });
            let name = ["x.txt", "y.txt", "z.txt"][n % 3];
            let parameters =
                part("jsonInputParameters", None, &json!({"parentID": world.library.root_oracle_id}).to_string());
            let values = part("metadataValues", None, r#"{"Brief.c": "1", "Brief.a": "2"}"#);
            let upload = format!("{parameters}{values}{}--b--\r\n", part("primaryFile", Some(name), "x"));
            async move {
                if n < 4 {
                    ann.post(&path, json!({"Brief.a": "1", "Brief.b": "2", "Brief.c": "3"})).await.status.as_u16()
                } else {
                    ann.multipart("/files/data", &upload).await.status.as_u16()
                }
            }
        });
        let other = world::file(&server.vault, &world.ann, &world.library, &format!("copy {round}"), "x").await;
        let copy = async {
            let mut db = PgConnection::connect(&server.database.url).await.unwrap();
            let mut all = db.begin().await.unwrap();
            store::metadata::copy(&mut all, &[(world.library.root, other.id)]).await.unwrap();
            all.commit().await.unwrap();
        };
        let (fields, assigned, gone, statuses, ()) = tokio::join!(
            dora.delete("/metadata/Brief/field?fields=b"),
            dora.post(&assignment, json!({})),
            dora.delete("/metadata/Brief"),
            futures_util::future::join_all(says),
            copy,
        );
        assert_eq!(gone.status, 200, "{gone}");
        assert!(matches!(fields.status.as_u16(), 200 | 404), "{fields}");
        assert!(matches!(assigned.status.as_u16(), 200 | 404), "{assigned}");
        assert!(statuses.iter().all(|status| matches!(status, 200 | 201 | 404)), "{statuses:?}");
        assert_eq!(said(&ann, &file).await, json!({}));
    }
}

#[tokio::test]
async fn what_everybody_sees_said_is_copied_and_all_of_it_goes_with_its_item() {
    let (server, file, _) = start().await;
    let world = &server.world;
    let (max, ann) = (server.oracle(&world.max), server.oracle(&world.ann));
    max.post(&format!("{file}/metadata/Address"), json!({})).await.expect(200);
    ann.post("/metadata/Personal.Notes", json!({"fields": "Mood"})).await.expect(201);
    ann.post(&format!("{file}/metadata/Personal.Notes"), json!({})).await.expect(200);
    ann.post(&format!("{file}/metadata"), json!({"Address.Street": "x", "Personal.Notes.Mood": "y"})).await.expect(200);
    ann.post(&format!("{file}/tags"), json!({"setTags": "b,a"})).await.expect(200);
    let root = &world.library.root_oracle_id;
    let target = folder(&ann, &format!("/folders/{root}"), "target").await;
    let target = target.strip_prefix("/folders/").unwrap();

    // a file alone, and in its folder: what everybody sees goes along, what one alone sees does not
    let expected = json!({"Address": {"Street": "x", "Number": "1"}});
    let copied = ann.post(&format!("{file}/copy"), json!({ "destinationID": target })).await.expect(200).json();
    let copied = format!("/files/{}", copied["id"].as_str().unwrap());
    assert_eq!(said(&ann, &copied).await, expected);
    assert_eq!(ann.get(&format!("{copied}/tags")).await.json()["tags"], "b,a");
    let whole =
        ann.post(&format!("/folders/{target}/copy"), json!({ "destinationID": "self" })).await.expect(200).json();
    let inside = ann.get(&format!("/folders/{}/items", whole["id"].as_str().unwrap())).await.expect(200).json();
    let inside = format!("/files/{}", inside["items"][0]["id"].as_str().unwrap());
    assert_eq!(said(&ann, &inside).await, expected);
    assert_eq!(ann.get(&format!("{inside}/tags")).await.json()["tags"], "b,a");

    // what is in the trash keeps it, and what is gone for good has nothing left
    let service = async |name: &str, arguments: &str| {
        let path = format!("/documents/integration?IdcService={name}&IsJson=1{arguments}");
        let request = server.get(&path).basic_auth("ann", Some(world::PASSWORD));
        let answer = server.send(request).await.expect(200).json();
        assert_eq!(answer["LocalData"]["StatusCode"], "0", "{answer}");
        answer
    };
    let left = async || {
        let mut db = PgConnection::connect(&server.database.url).await.unwrap();
        let counted = "SELECT (SELECT count(*) FROM item_tags) + (SELECT count(*) FROM metadata_values)
            + (SELECT count(*) FROM metadata_assignments)";
        sqlx::query_scalar::<_, i64>(counted).fetch_one(&mut db).await.unwrap()
    };
    // of each of three files two tags, one assignment and one value, and of the first both for its author alone
    assert_eq!(left().await, 3 * 4 + 2);
    ann.delete(&inside).await.expect(200);
    let trash = service("FLD_BROWSE_TRASH", "").await;
    let id = trash["ResultSets"]["ChildFiles"]["rows"][0][0].as_str().unwrap();
    service("FLD_RESTORE", &format!("&items=fFileGUID:{id}")).await;
    assert_eq!(said(&ann, &inside).await, expected);
    ann.delete(&inside).await.expect(200);
    service("FLD_EMPTY_TRASH", "").await;
    assert_eq!(left().await, 2 * 4 + 2);
}

#[tokio::test]
async fn a_search_shows_what_is_said_when_the_newer_version_asks_for_it() {
    let (server, file, root) = start().await;
    let world = &server.world;
    let (max, ann) = (server.oracle(&world.max), server.oracle(&world.ann));
    max.post(&format!("{root}/metadata/Address"), json!({})).await.expect(200);
    ann.post(&format!("{file}/metadata"), json!({"Address.Street": "x"})).await.expect(200);
    let sub = folder(&ann, &root, "plan b").await;
    let search = format!("{root}/search/items?fulltext=plan&fields=metadata");
    let found = ann.version("1.2").get(&search).await.expect(200).json();
    let shown: Vec<_> = found["items"].as_array().unwrap().iter().map(|item| item["metadata"].clone()).collect();
    assert_eq!(shown, [json!({"Address": {"Number": "1"}}), json!({"Address": {"Street": "x", "Number": "1"}})]);
    let sub = sub.strip_prefix("/folders/").unwrap();
    assert_eq!(found["items"][0]["id"], sub);
    // an older one knows no such thing
    let found = ann.get(&search).await.expect(200).json();
    assert!(found["items"][0].get("metadata").is_none(), "{found}");
}
