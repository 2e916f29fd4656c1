//! Malformed input of every kind at every door of the room: the vendor's shape of a refusal, in JSON and in XML, and never
//! a failure of the server's.

use coatcheck::dialects::{ROOMS, Room};
use futures_util::{StreamExt, stream};
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};

use crate::support::{answer::Answer, oracle::Client, server::Server};

/// Requests on their way at once.
const AT_ONCE: usize = 8;

fn room() -> &'static Room {
    ROOMS.iter().find(|room| room.name == "oracle").unwrap()
}

/// The doors below a version, without it; the others are asked for by themselves.
fn doors() -> Vec<String> {
    let doors = (room().doors)();
    doors.iter().filter_map(|door| door.strip_prefix("/documents/api/1.2")).map(str::to_owned).collect()
}

/// A door with something for each of its parameters.
fn filled(door: &str, with: impl Fn(&str) -> String) -> String {
    let mut path = String::new();
    let mut rest = door;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').expect("braces are closed");
        path.push_str(before);
        path.push_str(&with(name));
        rest = after;
    }
    path + rest
}

/// The world's own file, root folder and so on, so that a request gets as far as it can.
struct Real {
    file: String,
    folder: String,
    link: String,
    user: String,
}

impl Real {
    async fn of(server: &Server) -> Self {
        let world = &server.world;
        let (dora, root) = (server.oracle(&world.dora), &world.library.root_oracle_id);
        let folder = dora.post(&format!("/folders/{root}"), json!({ "name": "hostile" })).await.expect(201).json();
        let folder = folder["id"].as_str().unwrap().to_owned();
        let file = dora.upload(&folder, "plan.txt", "x").await.expect(201).json();
        let spec = json!({ "assignedUsers": "@everybody", "role": "contributor" });
        let link = dora.post(&format!("/publiclinks/folder/{folder}"), spec).await.expect(200).json();
        dora.post("/metadata/C", json!({ "fields": "f" })).await.expect(201);
        dora.send(Method::POST, &format!("/folders/{folder}/metadata/C"), json!({})).await.expect(200);
        Self {
            file: file["id"].as_str().unwrap().to_owned(),
            folder,
            link: link["linkID"].as_str().unwrap().to_owned(),
            user: world.bob.person.oracle_id.clone(),
        }
    }

    fn path(&self, door: &str) -> String {
        filled(door, |name| match name {
            "fileId" => self.file.clone(),
            "folderId" => self.folder.clone(),
            "linkId" => self.link.clone(),
            "userID" => self.user.clone(),
            "collectionName" => "C".to_owned(),
            "version" => "1".to_owned(),
            _ => "x".to_owned(),
        })
    }

    /// What a body can say, all of it plausible.
    fn fields(&self) -> Map<String, Value> {
        let fields = json!({
            "name": "x.txt", "description": "x", "destinationID": self.folder, "duplicateResolution": "TimeStampSuffix",
            "version": "1", "setTags": "a,b", "collection": "C", "f": "x", "role": "viewer", "userID": self.user,
            "message": "x", "assignedUsers": "@everybody", "linkName": "x", "password": "test12345",
            "expirationTime": "2027-01-01T00:00:00Z", "settings": "enable", "fields": "g", "removeFields": "none",
            "fieldsArray": [{ "fieldName": "f", "defaultValue": "x" }], "targetUserID": self.user, "currentOnly": "true",
            "reservedByUserID": self.user, "LocalData": { "IdcService": "FLD_RESTORE", "items": "x" },
        });
        fields.as_object().unwrap().clone()
    }
}

/// Whether an answer is no failure of the server's, and a refusal in the vendor's shape.
fn is_sound(answer: &Answer) -> bool {
    let status = answer.status.as_u16();
    if status < 400 || status == 401 {
        return true;
    }
    let text = answer.text();
    if answer.header("content-type").starts_with("application/xml") {
        return status < 500 && text.starts_with("<?xml") && text.contains("<errorCode>");
    }
    let said = serde_json::from_str::<Value>(&text).unwrap_or_default();
    status < 500 && (said["errorCode"].is_string() || said["error"].is_string())
}

async fn all(server: &Server, requests: Vec<(String, RequestBuilder)>) {
    let send = async |(what, request): (String, RequestBuilder)| {
        let answer = server.send(request).await;
        let what: String = what.chars().take(300).collect();
        (!is_sound(&answer)).then(|| format!("{what}\n  {answer}"))
    };
    let answers = stream::iter(requests).map(send).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    let bad: Vec<String> = answers.into_iter().flatten().collect();
    assert!(bad.is_empty(), "{} answers, such as\n{}", bad.len(), bad[..bad.len().min(20)].join("\n"));
}

/// Somebody's clients and nobody's with a link, in JSON and in XML.
fn clients<'a>(server: &'a Server, real: &Real) -> Vec<Client<'a>> {
    let somebody = [&server.world.ann, &server.world.dora].map(|somebody| server.oracle(somebody));
    let clients = somebody.into_iter().chain([server.oracle_nobody().link(&real.link)]);
    clients.flat_map(|client| [client.clone(), client.xml()]).collect()
}

#[tokio::test]
async fn hostile_identities_and_queries_are_refused_in_the_vendors_shape() {
    let server = Server::start().await;
    let real = Real::of(&server).await;
    let clients = clients(&server, &real);
    let long = "D".repeat(5000);
    let identities = [
        "%00",
        "%FF%FE",
        "D%00B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD",
        "99999999999999999999999",
        "-1",
        "%2e%2e",
        "%2F",
        "system%3A",
        "Personal",
        "a%CC%88%E2%80%AE",
        "'%20OR%201=1;--",
        &long,
    ];
    let mut requests = Vec::new();
    for door in doors() {
        for identity in identities {
            let path = filled(&door, |_| identity.to_owned());
            for (client, method) in [(0, "GET"), (0, "POST"), (1, "PUT"), (3, "DELETE"), (4, "GET"), (5, "POST")] {
                let request = clients[client].request(method.parse().unwrap(), &path).body("{}");
                requests.push((format!("{method} {path} ({client})"), request));
            }
        }
    }
    all(&server, requests).await;

    let names = [
        "limit",
        "offset",
        "orderby",
        "version",
        "fulltext",
        "querytext",
        "filterName",
        "ids",
        "info",
        "currentOnly",
        "directAssigned",
        "fields",
        "retrieveFields",
        "message",
        "targetUserID",
        "collection",
        "page",
        "format",
        "LinkID",
        "dAccessCode",
        "IdcService",
        "items",
        "item",
        "fileCount",
        "idcToken",
    ];
    let dashes = "a-".repeat(3500);
    let accents = "%C3%A9-".repeat(1000);
    let commas = "x,".repeat(3500);
    let long = "x".repeat(7500);
    let values = [
        "%00",
        "a%00b",
        "%FF",
        "-1",
        "99999999999999999999999",
        "1e309",
        "%25%5F%5C",
        "fItemName%3CCONTAINS%3E%22%00%22",
        "fFileGUID:%00",
        "%27%20%26%20!(",
        &dashes,
        &accents,
        &commas,
        &long,
    ];
    let mut requests = Vec::new();
    for door in doors() {
        let path = real.path(&door);
        for (place, value) in values.iter().enumerate() {
            // a long value stands alone: more of it is refused before the room is reached
            let query: Vec<String> = if value.len() > 1000 {
                let name = ["fulltext", "querytext", "ids", "filterName"][place % 4];
                vec![format!("{name}={value}"), format!("fulltext={value}"), format!("ids={value}")]
            } else {
                vec![names.map(|name| format!("{name}={value}")).join("&")]
                    .into_iter()
                    .chain(names.map(|name| format!("{name}={value}")))
                    .collect()
            };
            let per_name = door.ends_with("items") || door.contains("lists");
            for query in query.into_iter().take(if per_name { usize::MAX } else { 1 }) {
                let client = &clients[(requests.len() + place) % clients.len()];
                requests.push((format!("GET {path}?{query}"), client.request(Method::GET, &format!("{path}?{query}"))));
            }
        }
    }
    all(&server, requests).await;
}

#[tokio::test]
async fn hostile_bodies_are_refused_in_the_vendors_shape() {
    let server = Server::start().await;
    let real = Real::of(&server).await;
    let clients = clients(&server, &real);
    let deep = format!("{}{}", r#"{"a":"#.repeat(2000), "}".repeat(2000));
    let arrays = "[".repeat(5000);
    let xml_deep = format!("{}{}", "<a>".repeat(5000), "</a>".repeat(5000));
    let json = ["{", "[]", "5", "null", "\"x\"", "\0", "\u{feff}{}", "{\"name\":\"\\ud800\"}", "{}{}", &deep, &arrays];
    let xml = [
        "<",
        "<a",
        "<a/><b/>",
        "<a>\0</a>",
        "<a><name>&#0;</name></a>",
        "<a><name>&#x1;</name></a>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a><name>&x;</name></a>",
        "<a><field name=\"\">x</field></a>",
        "<a><name><![CDATA[\u{202e}]]></name></a>",
        "<a xmlns:x=\"y\"><x:name>z</x:name></a>",
        &xml_deep,
    ];
    let words =
        ["\0", "a\0b", "", " ", "\u{1}", "-1", "99999999999999999999999", "İ\u{307}\u{202e}/..", "a.b.c", ".", "#"];
    let long = "é".repeat(20_000);
    let many = "x,".repeat(20_000);
    let values = words.into_iter().chain([long.as_str(), many.as_str()]).map(Value::from);
    let values: Vec<Value> = values
        .chain([
            json!(-1),
            json!(1e300),
            json!(u64::MAX),
            json!(true),
            json!(null),
            json!([]),
            json!({}),
            json!([[[]]]),
        ])
        .chain([json!([{}]), json!([{"fieldName": "\0"}]), json!([1]), json!({"a": {"b": ["\0"]}})])
        .collect();
    let mut requests = Vec::new();
    for door in doors() {
        let path = real.path(&door);
        // what deletes what the others are about is asked for with bodies only where it reads them
        let reads = ["/user", "/field", "/metadata"].iter().any(|end| door.ends_with(end)) && door != "/metadata";
        for method in ["POST", "PUT", "DELETE"].into_iter().filter(|method| *method != "DELETE" || reads) {
            let mut add = |kind: &str, body: String| {
                let client = &clients[requests.len() % clients.len()];
                let request = client.request(method.parse().unwrap(), &path).header("content-type", kind);
                requests.push((format!("{method} {path} {body}"), request.body(body)));
            };
            for body in json {
                add("application/json", body.to_owned());
            }
            for body in xml {
                add("application/xml", body.to_owned());
            }
            for value in &values {
                let all: Map<_, _> = real.fields().into_iter().map(|(name, _)| (name, value.clone())).collect();
                add("application/json", Value::Object(all).to_string());
            }
        }
    }
    all(&server, requests).await;

    // one wrong field among good ones
    let dora = server.oracle(&server.world.dora);
    let mut requests = Vec::new();
    for door in doors().into_iter().filter(|door| !door.contains("transferContent")) {
        let path = real.path(&door);
        for method in ["POST", "PUT"] {
            for (place, name) in real.fields().keys().enumerate() {
                let mut fields = real.fields();
                fields.insert(name.clone(), values[(place + requests.len()) % values.len()].clone());
                let body = Value::Object(fields).to_string();
                let request = dora.request(method.parse().unwrap(), &path);
                requests.push((format!("{method} {path} {name} {body}"), request.body(body)));
            }
        }
    }
    all(&server, requests).await;
}

#[tokio::test]
async fn hostile_services_headers_and_forms_are_refused_in_the_vendors_shape() {
    let server = Server::start().await;
    let real = Real::of(&server).await;
    let ann = server.oracle(&server.world.ann);
    let services = [
        "SCS_GET_TENANT_CONFIG",
        "GET_USER_INFO",
        "GET_OAUTH_TOKEN",
        "FLD_MOVE_TO_TRASH",
        "FLD_BROWSE_TRASH",
        "FLD_RESTORE",
        "FLD_DELETE_FROM_TRASH",
        "FLD_EMPTY_TRASH",
        "FLD_FILE_REVISIONS",
        "GET_ACTIVITY_HISTORY",
        "\0",
        "",
        "NO_SUCH",
    ];
    let long = "x,".repeat(3000);
    let mut requests = Vec::new();
    for service in services {
        for value in
            ["\0", "", "fFileGUID:", "fFolderGUID:self", "fFileGUID:\0", "-2", "99999999999999999999", ",", &long]
        {
            let arguments = ["item", "items", "fileCount"].map(|name| (name, value));
            requests
                .push((format!("{service} {value}"), ann.service_request(Method::POST, service, &arguments).body("")));
            for body in ["{", "[]", "{\"LocalData\": []}", "{\"LocalData\": {\"item\": \"\\u0000\", \"items\": [1]}}"] {
                let request = ann.service_request(Method::POST, service, &[]).body(body);
                requests.push((format!("{service} {body}"), request));
            }
        }
    }
    for path in ["/oauth2/v1/token", "/documents/web", "/documents/integration", "/documents/api"] {
        for body in
            ["", "\0", "grant_type=%00", "grant_type=password&username=%00&password=%FF", "%", "grant_type&grant_type"]
        {
            for credential in
                ["Basic ", "Basic AAAA", "Basic AGE6AGI=", "Bearer \u{ff}", "Bearer ", "Nonsense", "Basic %%%"]
            {
                let request = server.post(path).header("content-type", "application/x-www-form-urlencoded");
                let request = request.header("authorization", credential.as_bytes()).body(body);
                requests.push((format!("{path} {credential} {body}"), request));
            }
        }
    }
    let file = format!("/files/{}", real.file);
    for value in ["%00", "\u{ff}", "", "L", &"L".repeat(5000), "a;b;c=", "=;=", "dAccessCode-=%00"] {
        let nobody = server.oracle_nobody();
        for name in [
            "LinkID",
            "Cookie",
            "Range",
            "If-None-Match",
            "If-Match",
            "Accept",
            "X-Coatcheck-Fence",
            "Host",
            "X-Forwarded-For",
        ] {
            let request = nobody.link(&real.link).request(Method::GET, &file);
            requests.push((format!("{name}: {value}"), request.header(name, value.as_bytes())));
        }
        let code = format!("dAccessCode-{}={value}", real.link);
        let request = nobody.link(&real.link).request(Method::GET, &file).header("Cookie", code.as_bytes());
        requests.push((code, request));
    }
    let part = |head: &str, body: &str| format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n");
    let good = part("name=\"jsonInputParameters\"", &json!({ "parentID": real.folder }).to_string());
    let bytes = part("name=\"primaryFile\"; filename=\"a.txt\"", "x");
    let forms = [
        String::new(),
        "--b--".to_owned(),
        "--b\r\n\r\n\r\n--b--\r\n".to_owned(),
        part("name=\"jsonInputParameters\"", "{\"parentID\": \"\\u0000\"}") + &bytes,
        part("name=\"jsonInputParameters\"", &"[".repeat(3000)) + &bytes,
        good.clone() + &part("name=\"primaryFile\"; filename=\"a\0b\"", "x"),
        good.clone() + &part(&format!("name=\"primaryFile\"; filename=\"{}\"", "é".repeat(300)), "x"),
        good.clone() + &part("name=\"primaryFile\"; filename=\"..\"", "x"),
        good.clone() + &part("name=\"primaryFile\"; filename=\"a/b\\c\"", "x"),
        good.clone() + &bytes + &part("name=\"metadataValues\"", "{\"C.f\": \"\\u0000\"}"),
        good.clone() + &part("name=\"metadataValues\"", "{\"\": 1, \".\": 2, \"C.\": [], \"..\": {}}") + &bytes,
        good + &part("name=\"metadataValues\"", "null") + &bytes,
    ];
    for form in forms {
        for path in ["/files/data".to_owned(), format!("{file}/data")] {
            let body = format!("{form}--b--\r\n");
            let request = ann.request(Method::POST, &path).header("Content-Type", "multipart/form-data;boundary=b");
            requests.push((format!("{path} {body}"), request.body(body)));
        }
    }
    all(&server, requests).await;
}

#[tokio::test]
async fn no_moment_is_too_far_away_to_be_refused() {
    let server = Server::start().await;
    let max = server.oracle(&server.world.max);
    let path = format!("/publiclinks/file/{}", server.world.file.oracle_id);
    let moments = [
        "-9999-01-01T00:00:00Z",
        "-4714-01-01T00:00:00Z",
        "-262143-01-01T00:00:00Z",
        "+262142-12-31T23:59:59Z",
        "99999-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-12-31T23:59:60Z",
        "9999-12-31T23:59:59.999999999Z",
    ];
    for (place, moment) in moments.into_iter().enumerate() {
        let spec = json!({"assignedUsers": "@everybody", "linkName": place.to_string(), "expirationTime": moment});
        let answer = max.post(&path, spec).await;
        // years that are written with four digits, and no others
        if place < 5 {
            assert!(answer.clone().expect(400).text().contains("expirationTime"), "{moment}: {answer}");
            continue;
        }
        let link = format!("/publiclinks/{}", answer.expect(200).json()["linkID"].as_str().unwrap());
        max.get(&link).await.expect(200);
        max.get(&path).await.expect(200);
    }
}
