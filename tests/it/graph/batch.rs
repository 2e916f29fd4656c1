//! Several requests in one (spec/graph.md 9.4).

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::support::{
    answer::Answer,
    graph::{Graph, address},
    server::Server,
    world,
};

async fn send(who: &Graph<'_>, requests: Value) -> Answer {
    who.post_json("/v1.0/$batch", json!({ "requests": requests })).await
}

/// The answers of a batch that is well-formed.
async fn answers(who: &Graph<'_>, requests: Value) -> Vec<Value> {
    send(who, requests).await.expect(200).json()["responses"].as_array().unwrap().clone()
}

/// `id status` of each, in the order of the requests.
fn statuses(answers: &[Value]) -> String {
    let texts = answers.iter().map(|answer| format!("{} {}", answer["id"].as_str().unwrap(), answer["status"]));
    texts.collect::<Vec<_>>().join(", ")
}

/// The address of the world's file below a prefix.
fn plan(server: &Server) -> String {
    address(&server.world.file).replacen("/v1.0", "", 1)
}

fn drive(server: &Server) -> String {
    server.drive().replacen("/v1.0", "", 1)
}

#[tokio::test]
async fn parts_are_answered_as_if_they_had_come_by_themselves() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let (plan, drive) = (plan(&server), drive(&server));
    let all = answers(
        &ann,
        json!([
            {"id": "get", "method": "GET", "url": format!("{plan}?$select=name,size")},
            {"id": "bare", "method": "get", "url": format!("{}/children?$top=1", format!("{drive}/root").trim_start_matches('/'))},
            {"id": "new", "method": "POST", "url": format!("{drive}/root/children"), "body": {"name": "Plans", "folder": {}}},
            {"id": "nothing", "method": "GET", "url": format!("{drive}/items/01NOWHERE")},
            {"id": "download", "method": "GET", "url": format!("{plan}/content")},
            {"id": "unknown", "method": "GET", "url": "/nonsense"},
            {"id": "method", "method": "DELETE", "url": format!("{plan}/checkout")},
            {"id": "head", "method": "HEAD", "url": plan.clone()},
        ]),
    )
    .await;
    assert_eq!(
        statuses(&all),
        "get 200, bare 200, new 201, nothing 404, download 302, unknown 400, method 405, head 200"
    );
    let [get, bare, new, nothing, download, unknown, method, head] = &*all else { panic!("eight") };
    assert_eq!((&get["body"]["name"], &get["body"]["size"]), (&json!("plan.txt"), &json!(5)));
    assert!(get["headers"]["ETag"].as_str().unwrap().starts_with("\"{"));
    assert!(get["headers"]["Content-Type"].as_str().unwrap().starts_with("application/json"));
    assert_eq!(bare["body"]["value"].as_array().unwrap().len(), 1);
    assert!(new["headers"]["Location"].as_str().unwrap().ends_with(new["body"]["id"].as_str().unwrap()));
    assert_eq!(nothing["body"]["error"]["code"], "itemNotFound");
    assert!(download["headers"]["Location"].as_str().unwrap().starts_with("http://") && download.get("body").is_none());
    assert_eq!(unknown["body"]["error"]["code"], "BadRequest");
    assert_eq!(method["headers"]["Allow"], "POST");
    assert!(head.get("body").is_none());
    // each has ids of its own
    let mut ids: Vec<&str> = all.iter().map(|part| part["headers"]["request-id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all.len());
    assert_eq!(nothing["body"]["error"]["innerError"]["request-id"], nothing["headers"]["request-id"]);
}

#[tokio::test]
async fn a_file_is_checked_out_written_and_checked_in_in_one_batch() {
    let server = Server::start().await;
    let (ann, bob) = (server.graph(&server.world.ann), server.graph(&server.world.bob));
    let plan = plan(&server);
    let content = format!("{plan}/content");
    let all = answers(
        &ann,
        json!([
            {"id": "4", "method": "GET", "url": format!("{plan}?$select=size,publication"), "dependsOn": ["3"]},
            {"id": "3", "method": "POST", "url": format!("{plan}/checkin"), "body": {"comment": "in one"}, "dependsOn": ["2"]},
            {"id": "2", "method": "PUT", "url": content, "headers": {"content-type": "text/plain"}, "body": STANDARD.encode("second!"), "dependsOn": ["1"]},
            {"id": "1", "method": "POST", "url": format!("{plan}/checkout")},
        ]),
    )
    .await;
    assert_eq!(statuses(&all), "4 200, 3 204, 2 200, 1 204");
    assert_eq!(all[0]["body"]["size"], 7);
    assert_eq!(all[0]["body"]["publication"]["versionId"], "2.0");
    assert!(all[1].get("body").is_none());
    assert_eq!(ann.content(&server.plan()).await, "second!");
    // somebody else's lock is met in a part as anywhere
    ann.post(&format!("{}/checkout", server.plan())).await.expect(204);
    let refused = answers(&bob, json!([{"id": "1", "method": "POST", "url": format!("{plan}/checkout")}])).await;
    assert_eq!(refused[0]["status"], 423);
    assert_eq!(refused[0]["body"]["error"]["innerError"]["code"], "resourceLocked");
    // and another room sees what a part has done
    let held = world::now(&server.vault, &server.world, &server.world.file).await;
    assert!(held.is_held_by(Some(server.world.ann.person.id)));
}

#[tokio::test]
async fn a_part_whose_dependency_failed_is_not_tried() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let (plan, drive) = (plan(&server), drive(&server));
    let all = answers(
        &ann,
        json!([
            {"id": "a", "method": "GET", "url": format!("{drive}/items/01NOWHERE")},
            {"id": "b", "method": "DELETE", "url": plan, "dependsOn": ["A"]},
            {"id": "c", "method": "DELETE", "url": plan, "dependsOn": ["b"]},
            {"id": "d", "method": "GET", "url": plan},
            {"id": "e", "method": "GET", "url": format!("{plan}/content"), "dependsOn": ["d"]},
            {"id": "f", "method": "GET", "url": plan, "dependsOn": ["e", "d"]},
            {"id": "g", "method": "GET", "url": "http://elsewhere", "dependsOn": ["a"]},
            {"id": "h", "method": "GET", "url": plan, "dependsOn": ["a", "d"]},
        ]),
    )
    .await;
    assert_eq!(statuses(&all), "a 404, b 424, c 424, d 200, e 302, f 200, g 424, h 424");
    assert_eq!(all[1]["body"]["error"]["code"], "failedDependency");
    ann.get(&server.plan()).await.expect(200);
}

#[tokio::test]
async fn what_is_no_batch_is_refused_as_a_whole() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let part = |id: &str| json!({"id": id, "method": "GET", "url": "/me"});
    let with = |member: &str, value: Value| {
        let mut part = part("1");
        part[member] = value;
        json!({"requests": [part]})
    };
    let waiting = |pairs: &[(&str, &[&str])]| {
        let parts =
            pairs.iter().map(|(id, others)| json!({"id": id, "method": "GET", "url": "/me", "dependsOn": others}));
        json!({"requests": parts.collect::<Vec<_>>()})
    };
    let many = |count: usize| json!({"requests": (0..count).map(|id| part(&id.to_string())).collect::<Vec<_>>()});
    for body in [
        json!({}),
        json!({"requests": null}),
        json!({"requests": {}}),
        json!({"requests": "x"}),
        json!({"requests": ["x"]}),
        json!({"requests": [[]]}),
        json!({"requests": [{"id": "1", "method": "GET"}]}),
        json!({"requests": [{"id": "1", "url": "/me"}]}),
        json!({"requests": [{"method": "GET", "url": "/me"}]}),
        many(21),
        json!({"requests": [part("a"), part("a")]}),
        json!({"requests": [part("a"), part("A")]}),
        with("id", json!("")),
        with("id", json!(7)),
        with("method", json!(null)),
        with("url", json!(["/me"])),
        with("headers", json!("x")),
        with("headers", json!({"If-Match": 7})),
        with("dependsOn", json!("1")),
        with("dependsOn", json!([1])),
        waiting(&[("1", &["1"])]),
        waiting(&[("1", &["2"])]),
        waiting(&[("1", &["2"]), ("2", &["1"])]),
        waiting(&[("1", &["3"]), ("2", &["1"]), ("3", &["2"]), ("4", &[])]),
    ] {
        let refused = ann.post_json("/v1.0/$batch", body.clone()).await;
        assert_eq!(refused.status.as_u16(), 400, "{body}: {refused}");
        assert_eq!(refused.json()["error"]["code"], "invalidRequest", "{body}");
    }
    for garbage in ["", "[]", "\"x\"", "{", "{\"requests\": [", "\u{0}", &"[".repeat(10_000)] {
        let request = ann.request("POST", "/v1.0/$batch").body(garbage.to_owned());
        server.send(request).await.expect(400);
    }
    let large = ann.request("POST", "/v1.0/$batch").body(vec![b' '; (4 << 20) + 1]);
    server.send(large).await.expect(413);
    ann.get("/v1.0/$batch").await.expect(405);
    assert_eq!(send(&ann, json!([])).await.expect(200).json(), json!({"responses": []}));
    assert_eq!(answers(&ann, many(20)["requests"].clone()).await.len(), 20);
    server.send(server.request("POST", "/v1.0/$batch").json(&many(1))).await.expect(401);
}

#[tokio::test]
async fn a_part_that_is_wrong_spoils_no_other() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let (plan, drive) = (plan(&server), drive(&server));
    let get = |id: &str, url: &str| json!({"id": id, "method": "GET", "url": url});
    let long = format!("/{}", "x".repeat(9000));
    let all = answers(
        &ann,
        json!([
            get("absolute", &server.url(&server.plan())),
            get("elsewhere", "https://graph.example.com/v1.0/me"),
            get("host", "//graph.example.com/v1.0/me"),
            get("nested", "/$batch"),
            {"id": "nesting", "method": "POST", "url": "$BATCH/", "body": {"requests": []}},
            get("twice", "/v1.0/me"),
            get("empty", ""),
            get("up", &format!("{drive}/root:/../x")),
            get("nul", &format!("{drive}/root:/a%00b")),
            get("escape", "/me/%zz"),
            get("long", &long),
            {"id": "verb", "method": "G ET", "url": "/me"},
            {"id": "unheard", "method": "FETCH", "url": "/me"},
            {"id": "header", "method": "GET", "url": "/me", "headers": {"a b": "x"}},
            {"id": "value", "method": "GET", "url": "/me", "headers": {"x": "a\nb"}},
            {"id": "list", "method": "PATCH", "url": plan, "body": [1]},
            {"id": "number", "method": "PATCH", "url": plan, "body": 7},
            {"id": "base64", "method": "PUT", "url": format!("{plan}/content"), "body": "not base64!"},
            {"id": "type", "method": "PATCH", "url": plan, "body": {"name": 7}},
            get("right", &plan),
        ]),
    )
    .await;
    assert_eq!(
        statuses(&all),
        "absolute 400, elsewhere 400, host 400, nested 400, nesting 400, twice 400, empty 400, up 400, nul 400, escape 400, \
         long 414, verb 400, unheard 405, header 400, value 400, list 400, number 400, base64 400, type 400, right 200"
    );
    for part in &all[..19] {
        assert!(part["body"]["error"]["code"].is_string() && part["headers"]["request-id"].is_string(), "{part}");
    }
    assert_eq!(ann.content(&server.plan()).await, "first");
}

#[tokio::test]
async fn a_part_acts_for_the_caller_and_for_nobody_else() {
    let server = Server::start().await;
    let world = &server.world;
    let plan = plan(&server);
    let others = json!({
        "Authorization": format!("Bearer {}", world.ann.token), "authorization": format!("Bearer {}", world.ann.token),
        "Host": "elsewhere.example", "X-Forwarded-Host": "elsewhere.example", "Content-Length": "3", "Connection": "close",
        "X-HTTP-Method-Override": "DELETE", "Cookie": "a=b", "Transfer-Encoding": "chunked",
    });
    let parts = json!([
        {"id": "get", "method": "GET", "url": plan, "headers": others},
        {"id": "out", "method": "POST", "url": format!("{plan}/checkout"), "headers": others},
        {"id": "del", "method": "DELETE", "url": plan, "headers": others},
    ]);
    assert_eq!(statuses(&answers(&server.graph(&world.eve), parts.clone()).await), "get 404, out 404, del 404");
    assert_eq!(statuses(&answers(&server.graph(&world.vic), parts.clone()).await), "get 200, out 403, del 403");
    let scopeless = world::token(&server.vault, world.ann.person.id, &["User.Read"]).await;
    let scopeless = server.graph_with(&scopeless);
    assert_eq!(statuses(&answers(&scopeless, parts.clone()).await), "get 403, out 403, del 403");
    let robot = server.graph(&world.robot);
    let me = answers(&robot, json!([{"id": "1", "method": "GET", "url": "/me"}])).await;
    assert_eq!(me[0]["status"], 400);
    // links are those of the request as it came
    let seen = answers(&server.graph(&world.vic), parts).await;
    assert!(seen[0]["body"]["webUrl"].as_str().unwrap().starts_with(&format!("http://{}", server.address)));
}

#[tokio::test]
async fn headers_of_a_part_count_in_any_case() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let plan = plan(&server);
    let tag = ann.get(&server.plan()).await.header("etag");
    let patch = |id: &str, headers: Value| json!({"id": id, "method": "PATCH", "url": plan, "headers": headers, "body": {"description": id}});
    let first = answers(&ann, json!([patch("1", json!({"IF-MATCH": "\"{0},0\""}))])).await;
    assert_eq!(statuses(&first), "1 412");
    let second = answers(&ann, json!([patch("2", json!({"if-match": tag, "client-request-id": "mine"}))])).await;
    assert_eq!(statuses(&second), "2 200");
    assert_eq!(second[0]["headers"]["client-request-id"], "mine");
    let new = second[0]["headers"]["ETag"].as_str().unwrap();
    let known =
        answers(&ann, json!([{"id": "1", "method": "GET", "url": plan, "headers": {"If-None-Match": new}}])).await;
    assert_eq!((&known[0]["status"], known[0].get("body")), (&json!(304), None));
    let deleted = answers(
        &ann,
        json!([{"id": "1", "method": "DELETE", "url": plan, "headers": {"Prefer": "bypass-shared-lock"}}]),
    )
    .await;
    assert_eq!(statuses(&deleted), "1 204");
}

#[tokio::test]
async fn a_batch_under_another_prefix_stays_there() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let drive = drive(&server);
    let parts = json!({"requests": [
        {"id": "1", "method": "POST", "url": format!("{drive}/root/children"), "body": {"name": "B", "folder": {}}},
    ]});
    for (prefix, name) in [("/beta", "B"), ("/v2.0", "C"), ("/_api/v2.0", "D")] {
        let mut parts = parts.clone();
        parts["requests"][0]["body"]["name"] = name.into();
        let answer = ann.post_json(&format!("{prefix}/$batch"), parts).await.expect(200).json();
        let location = answer["responses"][0]["headers"]["Location"].as_str().unwrap().to_owned();
        assert!(location.starts_with(&server.url(&format!("{prefix}/drives/"))), "{location}");
    }
    ann.post_json("/$batch", parts).await.expect(404);
}

#[tokio::test]
async fn uploads_of_a_batch_are_bytes_whatever_their_type() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let drive = drive(&server);
    let put = |name: &str, kind: &str, body: Value| json!({"id": name, "method": "PUT", "url": format!("{drive}/root:/{name}:/content"), "headers": {"Content-Type": kind}, "body": body});
    let bytes: Vec<u8> = (0..=255).collect();
    let unpadded = STANDARD.encode(&bytes).replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned();
    let all = answers(
        &ann,
        json!([
            put("a.bin", "application/octet-stream", STANDARD.encode(&bytes).into()),
            put("b.bin", "application/json", unpadded.into()),
            put("c.json", "application/json", json!({"a": [1, "ä"]})),
            put("d.txt", "text/plain", json!("")),
            put("e.txt", "text/plain", Value::Null),
            put("f #1.txt", "text/plain", STANDARD.encode("f").into()),
        ]),
    )
    .await;
    assert_eq!(statuses(&all), "a.bin 201, b.bin 201, c.json 201, d.txt 201, e.txt 201, f #1.txt 201");
    assert_eq!(all[5]["body"]["name"], "f #1.txt");
    let read = async |name: &str| {
        let redirect = ann.get(&format!("{}/root:/{name}:/content", server.drive())).await.expect(302);
        server.send(server.http.get(redirect.header("location"))).await.expect(200).body
    };
    assert_eq!(read("a.bin").await, bytes);
    assert_eq!(read("b.bin").await, bytes);
    assert_eq!(read("c.json").await, "{\"a\":[1,\"ä\"]}".as_bytes());
    assert!(read("d.txt").await.is_empty() && read("e.txt").await.is_empty());
}

#[tokio::test]
async fn many_batches_at_once_check_out_for_one_only() {
    let server = Server::start().await;
    let world = &server.world;
    let check_out = json!([{"id": "1", "method": "POST", "url": format!("{}/checkout", plan(&server))}]);
    let people = [&world.ann, &world.bob, &world.max, &world.dora].map(|who| server.graph(who));
    let sent = people.iter().map(|who| answers(who, check_out.clone()));
    let mut statuses: Vec<i64> =
        futures_util::future::join_all(sent).await.iter().map(|all| all[0]["status"].as_i64().unwrap()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 423, 423, 423]);
}

#[tokio::test]
async fn a_copy_is_started_in_a_batch() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let all = answers(
        &ann,
        json!([{"id": "1", "method": "POST", "url": format!("{}/copy", plan(&server)), "headers": {"Prefer": "respond-async"},
            "body": {"name": "copy.txt"}}]),
    )
    .await;
    assert_eq!(statuses(&all), "1 202");
    assert_eq!(all[0]["headers"]["Preference-Applied"], "respond-async");
    let monitor = all[0]["headers"]["Location"].as_str().unwrap();
    assert_eq!(super::copies::outcome(&server, monitor).await["status"], "completed");
}
