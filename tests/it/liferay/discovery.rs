//! What the services say of themselves, to programs and to people.

use std::collections::BTreeSet;

use coatcheck::dialects::liferay::methods::methods;
use serde_json::{Value, json};

use crate::support::{answer::Answer, server::Server};

async fn discovered(server: &Server, below: &str) -> Value {
    let answer = server.liferay_guest().get(below).await.expect(200);
    assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8");
    answer.json()
}

#[tokio::test]
async fn discovery_lists_what_the_table_has_and_all_of_it_is_answered() {
    let server = Server::start().await;
    let found = discovered(&server, "?discover").await;
    let members: Vec<&String> = found.as_object().unwrap().keys().collect();
    assert_eq!(members, ["contextName", "basePath", "baseURL", "services", "types", "version"]);
    assert_eq!(
        (&found["contextName"], &found["basePath"], &found["version"]),
        (&json!(""), &json!("/api/jsonws"), &json!("7.2.1"))
    );
    assert_eq!(found["baseURL"], format!("http://{}/api/jsonws", server.address));

    let services = found["services"].as_array().unwrap();
    let names = |parameters: Vec<&str>| parameters.join(",");
    let told: BTreeSet<(String, String)> = services
        .iter()
        .map(|service| {
            let parameters = service["parameters"].as_array().unwrap();
            let named = parameters.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
            (service["path"].as_str().unwrap().to_owned(), names(named))
        })
        .collect();
    let table: BTreeSet<(String, String)> = methods()
        .iter()
        .map(|method| (method.path(), names(method.parameters.iter().map(|parameter| parameter.name).collect())))
        .collect();
    assert_eq!(told, table);
    assert_eq!(services.len(), methods().len());

    // a guest is refused by name, which says that the call was understood
    let guest = server.liferay_guest();
    for service in services {
        let path = service["path"].as_str().unwrap();
        let given: serde_json::Map<String, Value> = service["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|parameter| (parameter["name"].as_str().unwrap().to_owned(), Value::Null))
            .collect();
        let answer = guest.invoke(&json!({path: given})).await;
        if path.starts_with("/portal/") {
            answer.expect(200);
            continue;
        }
        let (class, name) = service["name"].as_str().unwrap().split_once('#').unwrap();
        let refusal = answer.expect(403).json();
        let expected = format!(".{class}Service#{name}");
        assert!(refusal["exception"].as_str().unwrap().ends_with(&expected), "{refusal} {expected}");
    }
}

#[tokio::test]
async fn an_entry_has_verb_name_typed_parameters_path_and_result() {
    let server = Server::start().await;
    let found = discovered(&server, "/dlapp/cancel-check-out?discover=/dlapp/cancel-check-out").await;
    assert_eq!(
        found["services"].to_string(),
        r#"[{"method":"POST","name":"DLApp#cancelCheckOut","parameters":[{"name":"fileEntryId","type":"long"}],"path":"/dlapp/cancel-check-out","returns":{"type":"void"}}]"#
    );
    assert_eq!(found["types"], json!([]));
    let found =
        discovered(&server, "?discover=*/update-file-entry,/dlapp/get-file-entries,/portal/*,/dlfileentry/is-*").await;
    let entry = |wanted: &dyn Fn(&Value) -> bool| {
        found["services"].as_array().unwrap().iter().find(|service| wanted(service)).unwrap().clone()
    };
    let types = |service: &Value| -> Vec<String> {
        let parameters = service["parameters"].as_array().unwrap();
        parameters.iter().map(|parameter| parameter["type"].as_str().unwrap().to_owned()).collect()
    };
    let update = entry(&|service| service["path"] == "/dlapp/update-file-entry");
    assert!(types(&update).contains(&"object<com.liferay.portal.kernel.service.ServiceContext>".to_owned()));
    let all: BTreeSet<String> = found["services"].as_array().unwrap().iter().flat_map(types).collect();
    for word in ["long", "int", "boolean", "string", "file", "byte[]", "string[]"] {
        assert!(all.contains(word), "{word} of {all:?}");
    }
    assert!(all.contains("object<com.liferay.document.library.kernel.model.DLVersionNumberIncrease>"));
    let list = entry(&|service| service["path"] == "/dlapp/get-file-entries");
    let listed = "list<object<com.liferay.portal.kernel.repository.model.FileEntry>>";
    assert_eq!((&list["method"], &list["returns"]["type"]), (&json!("GET"), &json!(listed)));
    assert_eq!(entry(&|service| service["path"] == "/portal/get-version")["returns"]["type"], "string");
    assert_eq!(entry(&|service| service["path"] == "/dlfileentry/is-file-entry-checked-out")["method"], "GET");
    assert_eq!(found["types"][0]["type"], "com.liferay.portal.kernel.repository.model.FileEntry");
}

#[tokio::test]
async fn a_filter_picks_by_path_and_any_path_discovers() {
    let server = Server::start().await;
    let count = async |below: &str| discovered(&server, below).await["services"].as_array().unwrap().len();
    let all = methods().len();
    let of = |service: &str| methods().iter().filter(|method| method.service.path == service).count();
    for (below, expected) in [
        ("?discover", all),
        ("/?discover=", all),
        ("/nowhere/at/all?discover", all),
        ("/dlapp/cancel-check-out?discover=%2Fdlapp%2F*", of("dlapp")),
        ("?discover=/dlapp/*", of("dlapp")),
        ("?discover=/dlapp/*,/portal/*", of("dlapp") + of("portal")),
        ("?discover=/nope/*", 0),
        ("?discover=dlapp", 0),
    ] {
        assert_eq!(count(below).await, expected, "{below}");
    }
    let ann = server.liferay(&server.world.ann);
    // nothing is called
    ann.post(&format!("/dlapp/check-out-file-entry?discover&fileEntryId={}", server.plan_number()), &[])
        .await
        .expect(200);
    assert_eq!(ann.labels().await, ["1.0"]);
    let long = ann.get(&format!("?discover={}", "*a".repeat(600))).await.expect(500);
    assert_eq!(long.json()["throwable"], "java.lang.IllegalArgumentException");
    // hard to match, and soon answered
    assert_eq!(count(&format!("?discover={}", "*a".repeat(500))).await, 0);
}

#[tokio::test]
async fn every_object_has_the_properties_that_discovery_names() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let (file, group, me) = (server.plan_number(), server.group(), server.world.ann.person.number);
    ann.check_out().await.expect(200);
    ann.call("/dlapp/add-folder", json!({"repositoryId": group, "parentFolderId": 0, "name": "f", "description": ""}))
        .await
        .expect(200);
    let found = discovered(&server, "?discover").await;
    let mut seen = BTreeSet::new();
    for (name, object) in [
        ("Company", ann.call("/company/get-company-by-id", json!({"companyId": 20097})).await),
        ("FileEntry", ann.call("/dlapp/get-file-entry", json!({"fileEntryId": file})).await),
        ("FileVersion", ann.call("/dlfileversion/get-latest-file-version", json!({"fileEntryId": file})).await),
        (
            "Folder",
            ann.call("/dlapp/get-folder", json!({"repositoryId": group, "parentFolderId": 0, "name": "f"})).await,
        ),
        ("Group", ann.call("/group/get-group", json!({"groupId": group})).await),
        (
            "Hits",
            ann.call("/dlapp/search", json!({"repositoryId": group, "searchContext": {"keywords": "plan"}})).await,
        ),
        ("Lock", ann.call("/dlfileentry/get-file-entry-lock", json!({"fileEntryId": file})).await),
        ("Repository", ann.call("/repository/get-repository", json!({"repositoryId": group})).await),
        ("User", ann.call("/user/get-user-by-id", json!({"userId": me})).await),
    ] {
        let object: Answer = object.expect(200);
        let described = found["types"].as_array().unwrap().iter().find(|model| model["entity"] == name).unwrap();
        let properties: Vec<&str> = described["properties"]
            .as_array()
            .unwrap()
            .iter()
            .map(|property| property["name"].as_str().unwrap())
            .collect();
        let object = object.json();
        assert_eq!(object.as_object().unwrap().keys().collect::<Vec<_>>(), properties, "{name}");
        for property in described["properties"].as_array().unwrap() {
            let value = &object[property["name"].as_str().unwrap()];
            let fits = match property["type"].as_str().unwrap() {
                // a long is a text, a date a number or nothing
                "long" => {
                    value.as_str().map_or(value.is_number() || value.is_null(), |text| text.parse::<i64>().is_ok())
                }
                "int" | "float" => value.is_number(),
                "boolean" => value.is_boolean(),
                kind if kind.ends_with("[]") || kind.starts_with("list<") => value.is_array(),
                _ => value.is_string(),
            };
            assert!(fits, "{name} {property} {value}");
        }
        seen.insert(name.to_owned());
    }
    let told: BTreeSet<String> =
        found["types"].as_array().unwrap().iter().map(|model| model["entity"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, seen);
}

#[tokio::test]
async fn the_page_shows_every_method_in_four_ways_and_runs_nothing() {
    let server = Server::start().await;
    let guest = server.liferay_guest();
    let page = guest.get("").await.expect(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains("form-action 'none'; frame-ancestors 'none'; base-uri 'none'"), "{policy}");
    assert_eq!(page.header("cache-control"), "private, no-cache, no-store, must-revalidate");
    assert_eq!(
        (page.header("x-frame-options"), page.header("x-content-type-options")),
        ("DENY".into(), "nosniff".into())
    );
    assert!(page.header("liferay-portal").contains("Build 7201"));
    let text = page.text();
    assert_eq!(text.matches("<details>").count(), methods().len());
    let base = format!("http://{}/api/jsonws", server.address);
    for sample in [
        "cancelCheckOut(long fileEntryId): void".to_owned(),
        "Liferay.Service(&#39;/dlapp/cancel-check-out&#39;, {&quot;fileEntryId&quot;:0}, function(obj) { console.log(obj); });".to_owned(),
        format!("curl {base}/dlapp/cancel-check-out -u test@example.com:password -d &#39;fileEntryId=0&#39;"),
        format!("<pre>{base}/dlapp/cancel-check-out/file-entry-id/0</pre>"),
        format!("curl {base}/dlapp -u test@example.com:password -d &#39;{{&quot;jsonrpc&quot;:&quot;2.0&quot;,&quot;method&quot;:&quot;cancel-check-out&quot;,&quot;params&quot;:{{&quot;fileEntryId&quot;:0}},&quot;id&quot;:1}}&#39;"),
        "list&lt;object&lt;com.liferay.portal.kernel.repository.model.FileEntry&gt;&gt;".to_owned(),
    ] {
        assert!(text.contains(&sample), "{sample}");
    }
    assert!(!text.contains("<script") && !text.contains("list<object"));

    for answer in
        [guest.get("/").await, guest.post("", &[]).await, server.send(guest.request("POST", "/api/jsonws")).await]
    {
        assert_eq!(answer.expect(200).text(), text);
    }
    let head = server.send(guest.request("HEAD", "/api/jsonws")).await.expect(200);
    assert_eq!((head.text(), head.header("content-type")), (String::new(), "text/html; charset=utf-8".to_owned()));
    // with a body it is no question for a page
    for answer in [guest.post("", &[("a", "b")]).await, server.send(guest.request("PUT", "/api/jsonws")).await] {
        assert!(answer.expect(404).json()["error"]["type"].is_string());
    }
}

#[tokio::test]
async fn a_host_that_is_none_gets_into_no_page() {
    let server = Server::start().await;
    for host in ["<b>", "a\"onload=", "user@host"] {
        for path in ["/api/jsonws", "/api/jsonws?discover"] {
            let answer = server.send(server.get(path).header("Host", host)).await;
            // whether the server or the room turns it down
            assert!(!answer.text().contains(host), "{answer}");
        }
    }
}
