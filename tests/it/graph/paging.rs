//! Pages of a folder that changes while it is read (spec/graph.md 7.4): what stays as it is comes once, whatever comes, goes
//! and changes around it; and a token is good for whom and what it was written for.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use serde_json::{Value, json};

use crate::support::{graph::Graph, server::Server};

const ORDERS: [&str; 6] =
    ["name", "name desc", "size", "size desc", "lastModifiedDateTime", "lastModifiedDateTime desc"];

fn names(page: &Value) -> Vec<String> {
    page["value"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

fn next(server: &Server, page: &Value) -> Option<String> {
    page["@odata.nextLink"].as_str().map(|link| link.replace(&server.url(""), ""))
}

/// The token in a page's link.
fn token(page: &Value) -> String {
    page["@odata.nextLink"].as_str().unwrap().rsplit_once("skiptoken=").unwrap().1.to_owned()
}

/// A folder with files whose names, sizes and times are in three different orders, and with ties of size and time.
async fn folder(server: &Server, client: &Graph<'_>) -> String {
    let folder = format!("{}/root:/many", server.drive());
    for number in 0..12_usize {
        if number % 3 == 0 {
            server.advance(Duration::seconds(5));
        }
        let name = format!("{}{number:02}.txt", if number % 2 == 0 { "K" } else { "k" });
        client.put(&format!("{folder}/{name}:/content"), &"x".repeat((number * 7) % 5)).await.expect(201);
    }
    folder
}

#[tokio::test]
async fn pages_put_together_are_the_whole_list_in_every_order() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let folder = folder(&server, &ann).await;
    for order in ORDERS {
        let whole = names(&ann.get(&format!("{folder}:/children?$orderby={order}")).await.expect(200).json());
        assert_eq!(whole.len(), 12, "{order}");
        for top in [1, 5, 6, 11, 12, 13] {
            let mut all = Vec::new();
            let mut path = Some(format!("{folder}:/children?$orderby={order}&$top={top}&$count=true"));
            while let Some(at) = path {
                let page = ann.get(&at).await.expect(200).json();
                assert_eq!(page["@odata.count"], 12, "{order}");
                let found = names(&page);
                assert!(!found.is_empty() && found.len() <= top, "{order} {top}");
                all.extend(found);
                path = next(&server, &page);
            }
            assert_eq!(all, whole, "{order} {top}");
        }
    }
    // both directions are each other's reverse, ties included
    for order in ["name", "size", "lastModifiedDateTime"] {
        let list = async |direction: &str| {
            names(&ann.get(&format!("{folder}:/children?$orderby={order}%20{direction}")).await.json())
        };
        let mut down = list("desc").await;
        down.reverse();
        assert_eq!(list("asc").await, down, "{order}");
    }
    let none = ann.get(&format!("{folder}:/children?$top=0&$count=true")).await.expect(200).json();
    assert_eq!((names(&none).len(), next(&server, &none), &none["@odata.count"]), (0, None, &Value::from(12)));
}

#[tokio::test]
async fn what_stays_as_it_is_comes_exactly_once_while_others_come_and_go() {
    let server = Server::start().await;
    let (ann, bob) = (server.graph(&server.world.ann), server.graph(&server.world.bob));
    for (round, order) in ORDERS.into_iter().enumerate() {
        let folder = format!("{}/root:/round {round}", server.drive());
        for number in 0..24_usize {
            if number % 4 == 0 {
                server.advance(Duration::seconds(1));
            }
            ann.put(&format!("{folder}/{number:02}.txt:/content"), &"x".repeat((number * 5) % 7)).await.expect(201);
        }
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut path = Some(format!("{folder}:/children?$orderby={order}&$top=3&$select=name"));
        let mut turn = 0;
        while let Some(at) = path {
            let page = ann.get(&at).await.expect(200).json();
            let found = names(&page);
            for name in &found {
                *seen.entry(name.clone()).or_default() += 1;
            }
            // odd ones change: one is deleted (often one that was just shown, the last of its page too), one renamed,
            // one rewritten and so made larger and newer; others come, before and after where the reader stands
            let odd = |number: usize| format!("{folder}/{:02}.txt:", number * 2 + 1);
            match turn {
                0..=3 => {
                    bob.delete(&odd(turn)).await.expect(204);
                    bob.patch(&odd(turn + 4), serde_json::json!({"name": format!("{}r.txt", 20 - turn)}))
                        .await
                        .expect(200);
                    bob.put(&format!("{}/content", odd(turn + 8)), "a long text that was not there").await.expect(200);
                }
                4..=8 => {
                    bob.put(&format!("{folder}/0 {turn}.txt:/content"), "").await.expect(201);
                    bob.put(&format!("{folder}/zz {turn}.txt:/content"), &"y".repeat(50)).await.expect(201);
                }
                _ => {}
            }
            turn += 1;
            server.advance(Duration::milliseconds(1));
            assert!(turn < 30, "{order} does not end");
            path = next(&server, &page);
        }
        for number in (0..24).step_by(2) {
            assert_eq!(seen.get(&format!("{number:02}.txt")), Some(&1), "{order}: {number} in {seen:?}");
        }
        assert!(turn > 5, "{order}");
    }
}

#[tokio::test]
async fn the_last_one_of_a_page_need_not_be_there_any_more() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let folder = folder(&server, &ann).await;
    let first = ann.get(&format!("{folder}:/children?$top=4")).await.expect(200).json();
    for name in names(&first) {
        ann.delete(&format!("{folder}/{name}")).await.expect(204);
    }
    let second = ann.get(&next(&server, &first).unwrap()).await.expect(200).json();
    assert_eq!(names(&second), ["K04.txt", "k05.txt", "K06.txt", "k07.txt"]);
    // the folder may have another name meanwhile; by its id, it is the same list
    let by_id = ann.get(&folder).await.json()["id"].as_str().unwrap().to_owned();
    ann.patch(&folder, serde_json::json!({"name": "renamed"})).await.expect(200);
    ann.get(&next(&server, &second).unwrap()).await.expect(404);
    let rest = format!("{}/items/{by_id}/children?$skiptoken={}", server.drive(), token(&second));
    assert_eq!(names(&ann.get(&rest).await.expect(200).json()), ["K08.txt", "k09.txt", "K10.txt", "k11.txt"]);
}

#[tokio::test]
async fn a_token_is_good_for_one_folder_one_order_and_one_caller() {
    let server = Server::start().await;
    let (ann, bob, drive) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.drive());
    let folder = folder(&server, &ann).await;
    ann.put(&format!("{drive}/root:/other/a.txt:/content"), "a").await.expect(201);
    let page = ann.get(&format!("{folder}:/children?$top=2")).await.expect(200).json();
    let good = token(&page);
    ann.get(&format!("{folder}:/children?$skiptoken={good}")).await.expect(200);
    ann.get(&format!("{folder}:/children?$orderby=NAME&SkipToken={good}&$top=1")).await.expect(200);
    let refused = async |who: &Graph<'_>, path: &str| {
        let said = who.get(path).await.expect(400).json();
        let error = &said["error"];
        assert_eq!(
            (&error["code"], &error["innerError"]["code"]),
            (&"invalidRequest".into(), &"invalidQueryOption".into()),
            "{path}"
        );
    };
    for order in &ORDERS[1..] {
        refused(&ann, &format!("{folder}:/children?$orderby={order}&$skiptoken={good}")).await;
    }
    refused(&ann, &format!("{drive}/root:/other:/children?$skiptoken={good}")).await;
    refused(&ann, &format!("{drive}/root/children?$skiptoken={good}")).await;
    refused(&ann, &format!("{}/children?$skiptoken={good}", server.plan())).await;
    refused(&bob, &format!("{folder}:/children?$skiptoken={good}")).await;
    // the one of another order is for that order alone
    let sizes = token(&ann.get(&format!("{folder}:/children?$top=2&$orderby=size")).await.json());
    ann.get(&format!("{folder}:/children?$orderby=size&$skiptoken={sizes}")).await.expect(200);
    refused(&ann, &format!("{folder}:/children?$orderby=size desc&$skiptoken={sizes}")).await;
    refused(&ann, &format!("{folder}:/children?$skiptoken={sizes}")).await;
    // forged ones: of another kind, made up, changed, cut
    let mut bytes = URL_SAFE_NO_PAD.decode(&good).unwrap();
    bytes[17] ^= 1;
    let changed = URL_SAFE_NO_PAD.encode(&bytes);
    let counted = URL_SAFE_NO_PAD.encode("Name 2");
    let long = "A".repeat(5000);
    for bad in ["x", "A", "AAAA", "%00", "-1", "2", &counted, &changed, &good[..good.len() - 4], &long] {
        refused(&ann, &format!("{folder}:/children?$skiptoken={bad}")).await;
    }
    // who may not see the folder learns nothing about the token
    server.graph(&server.world.eve).get(&format!("{folder}:/children?$skiptoken={good}")).await.expect(404);
    // the key is the installation's: another node goes on
    let (address, _vault) = server.another_node().await;
    let there = server.http.get(format!("http://{address}{folder}:/children?$skiptoken={good}"));
    let there = server.send(there.bearer_auth(&server.world.ann.token)).await.expect(200).json();
    assert_eq!(names(&there).len(), 10);
}

#[tokio::test]
async fn expanded_children_go_on_where_they_end() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let folder = folder(&server, &ann).await;
    let shown = ann.get(&format!("{folder}?$expand=children($top=5;$select=name)")).await.expect(200).json();
    let first: Vec<&str> =
        shown["children"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
    ann.delete(&format!("{folder}/{}", first[0])).await.expect(204);
    let link = shown["children@odata.nextLink"].as_str().unwrap().replace(&server.url(""), "");
    // the link asks for what the expansion asked for
    let next = ann.get(&link).await.expect(200).json();
    assert_eq!(next["value"][0], json!({"name": "k05.txt"}));
    let last = next["@odata.nextLink"].as_str().unwrap().replace(&server.url(""), "");
    let (second, third) = (names(&next), names(&ann.get(&last).await.expect(200).json()));
    assert_eq!((first.len(), second.len(), third.len()), (5, 5, 2));
    let all = ann.get(&format!("{folder}?$expand=children($top=20)")).await.expect(200).json();
    assert!(all.get("children@odata.nextLink").is_none());
}
