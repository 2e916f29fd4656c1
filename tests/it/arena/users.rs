//! The users of the workspace (spec/arena.md 10.3).

use coatcheck::{
    domain::{actor::Role, id::PrincipalId, person::License},
    vault::UserChange,
};
use insta::assert_snapshot;
use sqlx::{Connection, PgConnection};

use crate::support::{
    answer::Answer,
    arena::{Arena, code, message, plain},
    server::Server,
    world,
};

/// Full names in the order of the list.
#[track_caller]
fn names(answer: &Answer) -> String {
    let json = answer.json();
    let entries = json["results"].as_array().unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(json["count"], entries.len());
    entries.iter().map(|user| user["fullName"].as_str().unwrap()).collect::<Vec<_>>().join(", ")
}

async fn listed(client: &Arena<'_>, query: &str) -> String {
    names(&client.get(&format!("/v1/settings/users{query}")).await.expect(200))
}

async fn rename(server: &Server, id: PrincipalId, name: &str) {
    let change = UserChange { name: Some(name.to_owned()), ..UserChange::default() };
    server.vault.update_user(id, change).await.unwrap();
}

#[tokio::test]
async fn the_users_of_a_workspace_are_those_who_can_see_something_of_it() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    // Eve is a member of nothing
    assert_eq!(
        listed(&ann, "").await,
        "Ann Example, Bob Example, Carl Example, Dora Example, Max Example, Robot, Vic Example"
    );
    // a role on one file, or through a group, is enough
    let (vault, world) = (&server.vault, &server.world);
    let fay = world::user(vault, "fay", License::Full, false).await;
    let mut change = vault.set_up().await.unwrap();
    let (group, _) = change.put_group("guests", None).await.unwrap();
    change.put_member(group, world.eve.person.id).await.unwrap();
    change.put_role(world.file.id, group, Role::Viewer, world.dora.person.id).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(listed(&ann, "?email=eve@example.com").await, "Eve Example");
    assert_eq!(listed(&ann, "?email=fay@example.com").await, "");
    let stranger = format!("/v1/settings/users/{}", fay.person.arena_guid);
    assert_eq!(message(&ann.get(&stranger).await), format!(r#"The guid "{}" is not valid."#, fay.person.arena_guid));
    vault.grant(world.file.id, fay.person.id, Role::Viewer, None).await.unwrap();
    assert_eq!(listed(&ann, "?email=fay@example.com").await, "Fay Example");
    ann.get(&stranger).await.expect(200);
}

#[tokio::test]
async fn a_user_is_shown_with_a_first_and_a_last_name() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.arena(&world.ann).await;
    rename(&server, world.ann.person.id, "Ann Maria  van Example").await;
    rename(&server, world.bob.person.id, "Bob").await;
    let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
    server.vault.update_user(world.bob.person.id, disabled).await.unwrap();
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let kinds = "UPDATE users SET affiliation = 'basic_supplier' WHERE login = 'vic'";
    sqlx::query(kinds).execute(&mut db).await.unwrap();
    assert_snapshot!(plain(&ann.get("/settings/users/").await), @r#"
    200 OK
    {"count":7,"results":[{"email":"ann@example.com","enabled":true,"firstName":"Ann Maria  van","fullName":"Ann Maria  van Example","guid":"G1","lastName":"Example","type":"EMPLOYEE"},{"email":"bob@example.com","enabled":false,"firstName":"Bob","fullName":"Bob","guid":"G2","lastName":"","type":"EMPLOYEE"},{"email":"carl@example.com","enabled":true,"firstName":"Carl","fullName":"Carl Example","guid":"G3","lastName":"Example","type":"EMPLOYEE"},{"email":"dora@example.com","enabled":true,"firstName":"Dora","fullName":"Dora Example","guid":"G4","lastName":"Example","type":"EMPLOYEE"},{"email":"max@example.com","enabled":true,"firstName":"Max","fullName":"Max Example","guid":"G5","lastName":"Example","type":"EMPLOYEE"},{"email":null,"enabled":true,"firstName":"Robot","fullName":"Robot","guid":"G6","lastName":"","type":"INTEGRATION"},{"email":"vic@example.com","enabled":true,"firstName":"Vic","fullName":"Vic Example","guid":"G7","lastName":"Example","type":"BASIC_SUPPLIER"}]}
    "#);
    let mine = ann.get("/v1/settings/users?email=ANN@example.com").await.json();
    let guid = mine["results"][0]["guid"].as_str().unwrap();
    assert_eq!(guid, world.ann.person.arena_guid);
    assert_eq!(ann.get(&format!("/v1/settings/users/{guid}")).await.expect(200).json(), mine["results"][0]);
    for guid in ["x", "00000000000000000000", &world.eve.person.arena_guid, &world.file.graph_id] {
        let refused = ann.get(&format!("/v1/settings/users/{guid}")).await;
        assert_eq!(code(&refused), "400 3011");
        assert_eq!(message(&refused), format!(r#"The guid "{guid}" is not valid."#));
    }
}

#[tokio::test]
async fn users_are_found_by_each_attribute_with_wildcards() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.arena(&world.ann).await;
    rename(&server, world.max.person.id, "Max 100%_Sure").await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let kinds = "UPDATE users SET affiliation = 'partner' WHERE login = 'vic'";
    sqlx::query(kinds).execute(&mut db).await.unwrap();
    let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
    server.vault.update_user(world.carl.person.id, disabled).await.unwrap();
    for (query, found) in [
        ("?firstName=ann", "Ann Example"),
        ("?firstName=an", ""),
        ("?firstName=*A*", "Ann Example, Carl Example, Dora Example, Max 100%_Sure"),
        ("?lastName=example&firstName=b*", "Bob Example"),
        ("?lastName=100%25_*", "Max 100%_Sure"),
        ("?lastName=%25", ""),
        ("?lastName=100%25%5C_sure", ""),
        ("?lastName=_______", ""),
        ("?fullName=vic+example", "Vic Example"),
        ("?email=dora@*", "Dora Example"),
        ("?email=*", "Ann Example, Bob Example, Carl Example, Dora Example, Max 100%_Sure, Vic Example"),
        ("?type=PARTNER", "Vic Example"),
        ("?type=integration", "Robot"),
        ("?type=EMPLOYEE&enabled=false", "Carl Example"),
        ("?enabled=FALSE", "Carl Example"),
        ("?enabled=true&firstName=carl", ""),
        ("?limit=2", "Ann Example, Bob Example"),
        ("?limit=2&offset=5", "Robot, Vic Example"),
        ("?offset=7", ""),
        ("?offset=9223372036854775807", ""),
    ] {
        assert_eq!(listed(&ann, query).await, found, "{query}");
    }
    for (query, refusal) in [
        ("?login=ann", r#"400 3019 The attribute "login" is not searchable."#),
        ("?email=", r#"400 3020 The value for the attribute "email" cannot be empty."#),
        ("?enabled=", r#"400 3020 The value for the attribute "enabled" cannot be empty."#),
        ("?enabled=1", r#"400 3257 The value "1" is not valid for the attribute "enabled" of Boolean type."#),
        ("?fullName=a%00", r#"400 3003 The value for the attribute "fullName" is not valid."#),
        ("?limit=401", "400 3220 Limit must be 1-400, offset must equal or bigger than 0."),
        ("?offset=x", "400 3041 The limit or offset parameter is invalid."),
    ] {
        let refused = ann.get(&format!("/v1/settings/users{query}")).await;
        assert_eq!(format!("{} {}", code(&refused), message(&refused)), refusal);
    }
}
