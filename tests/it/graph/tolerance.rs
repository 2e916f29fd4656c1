//! What real clients send that a strict server would refuse (spec/graph.md 1.2), row by row.

use coatcheck::dialects::graph::{CALLS, On};
use reqwest::Body;
use serde_json::{Value, json};

use crate::support::{answer::Answer, graph::Graph, server::Server};

/// Each byte of a text as `%XX`.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |escaped, byte| escaped + &format!("%{byte:02x}"))
}

fn names(list: &Value) -> Vec<&str> {
    list["value"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

async fn file(client: &Graph<'_>, drive: &str, name: &str) -> String {
    let made = client.put(&format!("{drive}/root:/{name}:/content"), name).await.expect(201).json();
    format!("{drive}/items/{}", made["id"].as_str().unwrap())
}

#[tokio::test]
async fn row_1_anything_in_a_segment_may_be_percent_encoded() {
    let server = Server::start().await;
    let (ann, world) = (server.graph(&server.world.ann), &server.world);
    let (drive, file) = (&world.library.graph_id, &world.file.graph_id);
    for drive in [drive.clone(), drive.replace('!', "%21"), escaped(drive), escaped(drive).to_uppercase()] {
        for file in [file.clone(), escaped(file)] {
            let found = ann.get(&format!("/v1.0/drives/{drive}/items/{file}")).await.expect(200).json();
            assert_eq!(found["id"], world.file.graph_id);
        }
    }
    let everything = format!("/{}/{}/{}/{}", escaped("v1.0"), escaped("drives"), escaped(drive), escaped("root"));
    assert_eq!(ann.get(&everything.replace(&escaped("v1.0"), "v1.0")).await.expect(200).json()["name"], "root");
    let action = format!("/v1.0/drives/{drive}/items/{file}/{}", escaped("checkout"));
    ann.post(&action).await.expect(204);
}

#[tokio::test]
async fn row_2_a_slash_may_stand_at_the_end() {
    let server = Server::start().await;
    let (ann, drive, plan) = (server.graph(&server.world.ann), server.drive(), server.plan());
    let quota = ann.get(&format!("{drive}/?select=quota")).await.expect(200).json();
    assert!(quota["quota"]["remaining"].is_i64() && quota.get("name").is_none(), "{quota}");
    for path in
        [format!("{drive}/root/"), format!("{drive}/root/children/"), format!("{plan}/"), "/v1.0/me/".to_owned()]
    {
        ann.get(&path).await.expect(200);
    }
    ann.post(&format!("{plan}/checkout/")).await.expect(204);
    ann.post(&format!("{drive}/root:/plan.txt:/discardCheckout/")).await.expect(204);
}

#[tokio::test]
async fn row_3_options_come_with_and_without_their_dollar_and_in_any_case() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    file(&ann, &drive, "other.txt").await;
    for top in ["$top", "top", "%24top", "$TOP", "Top"] {
        for skip in ["$skipToken", "skiptoken", "$skiptoken", "%24SKIPTOKEN", "skipToken"] {
            let path = format!("{drive}/root/children?{top}=1");
            let first = ann.get(&path).await.expect(200).json();
            let token = first["@odata.nextLink"].as_str().unwrap().split_once("skiptoken=").unwrap().1;
            let second = ann.get(&format!("{path}&{skip}={token}")).await.expect(200).json();
            assert_eq!([names(&first), names(&second)], [["other.txt"], ["plan.txt"]], "{top} {skip}");
        }
    }
}

#[tokio::test]
async fn rows_4_and_5_unknown_options_and_members_are_passed_over_and_too_large_a_page_is_the_largest() {
    let server = Server::start().await;
    let (ann, drive, plan) = (server.graph(&server.world.ann), server.drive(), server.plan());
    for options in
        ["AVOverride=1", "$unknown=x&", "$expand=nothing", "a&&=&=b", "$select=nonsense,id,more/of/it", "%zz"]
    {
        assert_eq!(ann.get(&format!("{plan}?{options}")).await.expect(200).json()["id"], server.world.file.graph_id);
    }
    ann.get(&format!("{plan}/content?AVOverride=1")).await.expect(302);
    for top in ["999", "1000", "100000", "99999999999999999999"] {
        let list = ann.get(&format!("{drive}/root/children?$top={top}")).await.expect(200).json();
        assert_eq!(names(&list), ["plan.txt"], "{top}");
        ann.get(&format!("{drive}/root/delta?$top={top}")).await.expect(200);
    }
}

#[tokio::test]
async fn row_6_whatever_is_accepted_json_is_answered() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    for accept in [
        "application/json;odata.metadata=minimal;odata.streaming=False;IEEE754Compatible=False",
        "application/json; q=0",
        "text/html, */*;q=0.1",
        "image/png",
        "",
        "\u{7f}",
    ] {
        let request = ann.request("GET", &server.plan()).header("accept", accept.replace('\u{7f}', ";;,"));
        server.send(request).await.expect(200).json();
    }
}

#[tokio::test]
async fn row_7_bytes_of_files_are_never_read_as_what_they_are_called() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let types = [
        None,
        Some("application/json"),
        Some("application/json; charset=utf-16"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data"),
        Some("nonsense"),
    ];
    for (number, content_type) in types.into_iter().enumerate() {
        let labelled = |request: reqwest::RequestBuilder| match content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request,
        };
        let item = format!("{drive}/root:/{number}.txt:");
        let put = labelled(ann.request("PUT", &format!("{item}/content"))).body("{\"a=b&");
        let made = server.send(put).await.expect(201).json();
        assert_eq!((&made["size"], &made["file"]["mimeType"]), (&json!(6), &json!("text/plain")), "{content_type:?}");
        let begun = ann.post_json(&format!("{item}/createUploadSession"), json!({})).await.expect(200).json();
        let fragment = server.http.put(begun["uploadUrl"].as_str().unwrap()).header("content-range", "bytes 0-3/4");
        server.send(labelled(fragment).body("[{\"}")).await.expect(200);
        assert_eq!(ann.content(&item).await, "[{\"}");
    }
}

#[tokio::test]
async fn row_8_an_action_without_parameters_takes_any_way_of_saying_nothing() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let empty = || Body::wrap_stream(futures_util::stream::empty::<Result<Vec<u8>, std::io::Error>>());
    for action in ["checkout", "checkin", "checkout", "discardCheckout"] {
        let request = || ann.request("POST", &format!("{plan}/{action}"));
        let ways = [
            request().header("content-length", "0"),
            request().header("content-type", "application/json").header("content-length", "0"),
            request().header("content-type", "application/json").body("{}"),
            request().header("content-type", "application/json").body(" "),
            request().body("{}"),
            // without a length, in no chunk at all
            request().body(empty()),
        ];
        for (number, way) in ways.into_iter().enumerate() {
            if action != "checkout" {
                ann.post(&format!("{plan}/checkout")).await.expect(204);
            }
            let answer = server.send(way).await;
            assert_eq!(answer.status, 204, "{action} {number}: {answer}");
        }
    }
}

#[tokio::test]
async fn row_9_uploads_may_come_in_chunks() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let chunks = || {
        let parts = ["in ", "three ", "chunks"].map(|part| Ok::<_, std::io::Error>(part.to_owned()));
        Body::wrap_stream(futures_util::stream::iter(parts))
    };
    let item = format!("{drive}/root:/chunks.txt:");
    let put = ann.request("PUT", &format!("{item}/content")).body(chunks());
    assert_eq!(server.send(put).await.expect(201).json()["size"], 15);
    let begun = ann.post_json(&format!("{item}/createUploadSession"), json!({})).await.expect(200).json();
    let fragment = server.http.put(begun["uploadUrl"].as_str().unwrap()).header("content-range", "bytes 0-14/15");
    server.send(fragment.body(chunks())).await.expect(200);
    assert_eq!(ann.content(&item).await, "in three chunks");
}

#[tokio::test]
async fn row_10_members_that_say_nothing_here_are_passed_over_in_every_body() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let with = |mut body: Value| {
        body["@odata.type"] = json!("#microsoft.graph.anything");
        body["x@odata.bind"] = json!("https://elsewhere.example");
        body["unheardOf"] = json!({"deep": [1, null]});
        body
    };
    let items = format!("{drive}/items");
    let folder = with(json!({"name": "F", "folder": {"@odata.type": "microsoft.graph.folder", "childCount": 7}}));
    let made = ann.post_json(&format!("{drive}/root/children"), folder).await.expect(201).json();
    let folder = format!("{items}/{}", made["id"].as_str().unwrap());
    let item = file(&ann, &drive, "a.txt").await;
    let change = with(json!({"description": "d", "fileSystemInfo": with(json!({}))}));
    assert_eq!(ann.patch(&item, change).await.expect(200).json()["description"], "d");
    ann.post(&format!("{item}/checkout")).await.expect(204);
    ann.post_json(&format!("{item}/checkin"), with(json!({"comment": "c", "checkInAs": ""}))).await.expect(204);
    let session = with(json!({"item": with(json!({"name": "a.txt"})), "deferCommit": false}));
    ann.post_json(&format!("{item}/createUploadSession"), session).await.expect(200);
    let place =
        with(json!({"parentReference": with(json!({"id": made["id"], "path": "", "driveType": ""})), "name": "b.txt"}));
    ann.post_json(&format!("{item}/copy"), place).await.expect(202);
    let beta = item.replace("/v1.0", "/beta");
    ann.post_json(&format!("{beta}/lock"), with(json!({"durationMinutes": 5}))).await.expect(200);
    ann.post_json(&format!("{beta}/releaseLock"), with(json!({}))).await.expect(204);
    let eve = server.graph(&server.world.eve);
    let own = file(&eve, "/v1.0/me/drive", "own.txt").await;
    let link = with(json!({"type": "view", "scope": "organization"}));
    eve.post_json(&format!("{own}/createLink"), link).await.expect(201);
    let invitation = with(json!({
        "recipients": [with(json!({"email": "ann@example.com"}))], "roles": ["read"], "requireSignIn": true
    }));
    eve.post_json(&format!("{own}/invite"), invitation).await.expect(200);
    let batch = with(json!({"requests": [with(json!({"id": "1", "method": "GET", "url": "/me"}))]}));
    assert_eq!(ann.post_json("/v1.0/$batch", batch).await.expect(200).json()["responses"][0]["status"], 200);
    ann.delete(&folder).await.expect(204);
}

#[tokio::test]
async fn row_11_the_scheme_of_the_token_may_be_written_in_any_case() {
    let server = Server::start().await;
    for scheme in ["Bearer", "bearer", "BEARER", "bEARER"] {
        let token = format!("{scheme} {}", server.world.ann.token);
        server.send(server.get(&server.plan()).header("authorization", token)).await.expect(200);
    }
}

#[tokio::test]
async fn row_12_every_action_and_function_is_known_by_its_full_name() {
    let server = Server::start().await;
    // where those are too that are not stable yet
    let (ann, drive) = (server.graph(&server.world.ann), server.drive().replace("/v1.0", "/beta"));
    let said = |answer: &Answer| {
        let error = answer.status.as_u16() >= 400;
        (answer.status.as_u16(), error.then(|| answer.json()["error"]["message"].to_string()))
    };
    for call in CALLS.iter().filter(|call| call.on == On::Item && !call.tail.is_empty() && !call.tail.contains('/')) {
        let mut outcomes = Vec::new();
        for namespace in ["", "microsoft.graph."] {
            // each upon a file of its own, as some leave nothing of it
            let item = file(&ann, &drive, &format!("{namespace}{}.{}", call.tail, call.method)).await;
            let request =
                ann.request(call.method, &format!("{item}/{namespace}{}", call.tail)).header("content-length", "0");
            outcomes.push(said(&server.send(request).await));
        }
        assert_eq!(outcomes[0], outcomes[1], "{call:?}");
        assert_ne!(outcomes[1].1.as_deref(), Some("\"API not found\""), "{call:?}");
    }
}

#[tokio::test]
async fn row_13_functions_come_with_and_without_parentheses() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    for function in [
        "root/delta",
        "root/delta()",
        "root/delta(token=latest)",
        "root/delta(token='latest')",
        "root/delta?token=latest",
        "root/microsoft.graph.delta(token='latest')",
        "root/search(q='plan')",
        "root/search(q=%27plan%27)",
        "search(q='plan')",
        "root/search?q=plan",
    ] {
        ann.get(&format!("{drive}/{function}")).await.expect(200);
    }
    for function in ["recent", "recent()", "microsoft.graph.recent()", "sharedWithMe", "sharedWithMe()", "following()"]
    {
        ann.get(&format!("/v1.0/me/drive/{function}")).await.expect(200);
    }
}

#[tokio::test]
async fn every_prefix_leads_to_the_same_and_links_keep_it() {
    let server = Server::start().await;
    let (ann, world) = (server.graph(&server.world.ann), &server.world);
    file(&ann, &server.drive(), "other.txt").await;
    for prefix in ["/v1.0", "/beta", "/v2.0", "/_api/v2.0", ""] {
        let drive = format!("{prefix}/drives/{}", world.library.graph_id);
        assert_eq!(
            ann.get(&format!("{drive}/items/{}", world.file.graph_id)).await.expect(200).json()["name"],
            "plan.txt"
        );
        for call in ["root/children?$top=1", "root/delta?$top=1"] {
            let page = ann.get(&format!("{drive}/{call}")).await.expect(200).json();
            let next = page["@odata.nextLink"].as_str().unwrap();
            assert!(next.starts_with(&server.url(&format!("{prefix}/drives/"))), "{prefix}: {next}");
            ann.get(&next.replace(&server.url(""), "")).await.expect(200);
        }
        ann.post(&format!("{drive}/items/{}/checkout", world.file.graph_id)).await.expect(204);
        ann.post(&format!("{drive}/items/{}/discardCheckout", world.file.graph_id)).await.expect(204);
    }
    // the caller's own drive, as older clients say it
    let own = ann.get("/v1.0/me/drive").await.expect(200).json();
    for prefix in ["/v1.0", "/beta", "/v2.0", "/_api/v2.0"] {
        assert_eq!(ann.get(&format!("{prefix}/drive")).await.expect(200).json()["id"], own["id"], "{prefix}");
        ann.get(&format!("{prefix}/drive/root:/")).await.expect(200);
    }
}
