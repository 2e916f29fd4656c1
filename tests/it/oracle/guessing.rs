//! Guessing the access codes of public links: counted for each link and for each address, and refused when there are too many.

use chrono::Duration;
use coatcheck::{
    domain::{
        actor::{Actor, Dialect, Role},
        error::Error,
        id::ItemKey,
        link::Audience,
        permission::Action,
    },
    vault::{BroughtLink, LinkSpec, Settings},
};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    answer::Answer,
    oracle::{Client, link, word},
    server::{Server, open_vault_with},
    world,
};

/// A file's information, asked for from an address.
async fn ask(client: &Client<'_>, from: &str) -> Answer {
    let file = client.server.world.file.oracle_id.clone();
    let request = client.request(Method::GET, &format!("/files/{file}")).header("x-forwarded-for", from);
    client.server.send(request).await
}

#[tokio::test]
async fn wrong_codes_close_a_link_for_a_while_also_to_who_knows_the_right_one() {
    let settings = [
        ("oracle.wrong_codes_per_link", "4"),
        ("oracle.wrong_code_minutes", "15"),
        ("server.trusted_proxies", "127.0.0.1"),
    ];
    let server = Server::start_with(&settings).await;
    let world = &server.world;
    let id = link(&server, json!({"assignedUsers": "@everybody", "password": "test12345"})).await;
    let other = link(&server, json!({"assignedUsers": "@everybody", "linkName": "b", "password": "test12345"})).await;
    let (nobody, eve) = (server.oracle_nobody().link(&id), server.oracle(&world.eve).link(&id));
    let missing = ask(&nobody, "192.0.2.1").await.expect(403);
    // no code is no guess, nor is one of another link
    for _ in 0..9 {
        assert_eq!(ask(&nobody, "192.0.2.1").await.text(), missing.text());
        assert_eq!(ask(&nobody.cookie(format!("dAccessCode-{other}=x")), "192.0.2.1").await.text(), missing.text());
    }
    // two spellings of one cookie are one guess, and the right one in between takes no guess back
    for (n, guess) in ["wrong", "test%31234", "TEST12345"].into_iter().enumerate() {
        assert_eq!(word(&ask(&nobody.code(guess), &format!("192.0.2.{n}")).await), "403/-18", "{guess}");
        assert_eq!(word(&ask(&eve.code("test12345"), "192.0.2.9").await), "200", "after {guess}");
        assert_eq!(word(&ask(&eve.code("test%312345"), "192.0.2.9").await), "200", "after {guess}");
    }
    assert_eq!(ask(&nobody.code("wrong again"), "192.0.2.4").await.text(), missing.text());
    // now the right one is refused in the same bytes, also to who was let in with it a moment ago
    assert_eq!(ask(&nobody.code("test12345"), "192.0.2.5").await.text(), missing.text());
    assert_eq!(word(&ask(&eve.code("test12345"), "192.0.2.9").await), "403/-18");
    // on the other node as well
    let (address, _vault) = server.another_node().await;
    let url = format!("http://{address}/documents/api/1.1/files/{}", world.file.oracle_id);
    let request = server.http.get(url).header("LinkID", &id).header("Cookie", format!("dAccessCode-{id}=test12345"));
    assert_eq!(server.send(request).await.text(), missing.text());
    // the other link is open, and so is the file to who needs no link
    assert_eq!(word(&ask(&nobody.link(&other).code("test12345"), "192.0.2.5").await), "200");
    assert_eq!(word(&ask(&server.oracle(&world.vic).link(&id).code("wrong"), "192.0.2.5").await), "200");
    // the window begins with the first wrong one, and refused ones do not prolong it
    server.advance(Duration::minutes(14));
    assert_eq!(word(&ask(&nobody.code("wrong"), "192.0.2.5").await), "403/-18");
    assert_eq!(word(&ask(&nobody.code("test12345"), "192.0.2.5").await), "403/-18");
    server.advance(Duration::minutes(1));
    assert_eq!(word(&ask(&nobody.code("test12345"), "192.0.2.5").await), "200");
    // a new count begins, and ends however late the last of them came
    for (n, minutes) in [10, 0, 10, 0].into_iter().enumerate() {
        assert_eq!(word(&ask(&nobody.code("wrong"), &format!("192.0.2.{n}")).await), "403/-18");
        assert_eq!(word(&ask(&nobody.code("test12345"), "192.0.2.5").await), "200");
        server.advance(Duration::minutes(minutes));
    }
}

#[tokio::test]
async fn wrong_codes_from_one_address_close_all_links_there_and_nowhere_else() {
    let settings = [("oracle.wrong_codes_per_address", "3"), ("server.trusted_proxies", "127.0.0.1")];
    let server = Server::start_with(&settings).await;
    let world = &server.world;
    let mut links = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let spec = json!({"assignedUsers": "@everybody", "linkName": name, "password": "test12345"});
        links.push(server.oracle_nobody().link(&link(&server, spec).await));
    }
    for link in &links[..3] {
        assert_eq!(word(&ask(&link.code("wrong"), "2001:db8:1:2::1").await), "403/-18");
    }
    for link in &links {
        // of version 6 a whole network is one address
        assert_eq!(word(&ask(&link.code("test12345"), "2001:db8:1:2:ffff::7").await), "403/-18");
        assert_eq!(word(&ask(&link.code("test12345"), "2001:db8:1:3::1").await), "200");
    }
    // what is refused there counts for no link: nobody locks others out from one address
    for _ in 0..120 {
        ask(&links[0].code("wrong"), "2001:db8:1:2::1").await.expect(403);
    }
    assert_eq!(word(&ask(&links[0].code("test12345"), "192.0.2.1").await), "200");
    // a wrong code is no failed login, and a failed login no wrong code
    let login = server.http.get(server.url("/documents/api/1.1/folders/self")).header("x-forwarded-for", "192.0.2.8");
    for _ in 0..4 {
        server.send(login.try_clone().unwrap().basic_auth("nobody", Some("wrong"))).await.expect(401);
    }
    assert_eq!(word(&ask(&links[0].code("test12345"), "192.0.2.8").await), "200");
    assert_eq!(word(&ask(&server.oracle(&world.vic), "2001:db8:1:2::1").await), "200");
    // an open link asks for no code, so nobody is turned away
    let open = link(&server, json!({"assignedUsers": "@everybody", "linkName": "open"})).await;
    assert_eq!(word(&ask(&server.oracle_nobody().link(&open).code("x"), "2001:db8:1:2::1").await), "200");
    server.advance(Duration::minutes(15));
    assert_eq!(word(&ask(&links[0].code("test12345"), "2001:db8:1:2::1").await), "200");
}

#[tokio::test]
async fn guessing_many_codes_at_once_gets_no_further_than_one_after_another() {
    let server = Server::start().await;
    // slow enough that all have begun before the first is counted
    let mut settings: Settings = coatcheck::app::vault_settings(&server.config);
    settings.passwords.memory_kib = 32 * 1024;
    settings.passwords.parallelism = 2;
    settings.passwords.wrong_codes_per_address = 5;
    let (url, content) = (&server.database.url, server.content.path());
    let vault = open_vault_with(url, content, server.clock.clone(), settings).await;
    let max = world::actor(&vault, &server.world.max).await;
    let file = vault.look(&max, &ItemKey::Id(server.world.file.id)).await.unwrap();
    let spec = LinkSpec {
        name: String::new(),
        role: Role::Viewer,
        audience: Audience::Everybody,
        listed: Vec::new(),
        access_code: Some("guessed last".to_owned()),
        expires_at: None,
    };
    let id = vault.create_link(&max, &file, spec).await.unwrap().oracle_id;
    let nobody = Actor::anonymous(Dialect::Oracle);
    let guesses = (0..15).map(|n| format!("wrong {n}")).chain(["guessed last".to_owned()]);
    let tries = guesses.map(|guess| {
        let from = "192.0.2.1".parse().ok();
        let link = BroughtLink { oracle_id: Some(id.clone()), codes: vec![guess], from };
        let (vault, nobody, file) = (vault.clone(), nobody.clone(), ItemKey::Id(server.world.file.id));
        async move { vault.look_with_link(&nobody, &file, Action::View, Some(&link)).await.map(drop) }
    });
    let answers = futures_util::future::join_all(tries).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(Error::AccessCode))), "{answers:?}");
}
