//! Values become arguments (spec/liferay.md 2.3, 2.5, 2.6), type by type, in the forms that clients send them in.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{liferay::Liferay, server::Server, world};

const CAST: &str = "java.lang.ClassCastException: Unable to convert value: ";

async fn thrown(client: &Liferay<'_>, method: &str, parameters: Value) -> String {
    let refused = client.call(method, parameters).await.expect(500).json();
    assert_eq!(refused["error"]["type"], refused["throwable"].as_str().unwrap().split(':').next().unwrap());
    refused["throwable"].as_str().unwrap().to_owned()
}

fn addition(server: &Server, name: &str) -> Value {
    json!({
        "repositoryId": server.group(), "folderId": 0, "sourceFileName": name, "mimeType": "", "title": name,
        "description": "", "changeLog": "",
    })
}

#[tokio::test]
async fn a_long_is_decimal_digits_with_a_sign_and_blanks() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    for good in [json!(id), json!(id.to_string()), json!(format!(" +{id}\t")), json!(format!("000{id}"))] {
        ann.call("/dlapp/get-file-entry", json!({"fileEntryId": good})).await.expect(200);
    }
    ann.get(&format!("/dlapp/get-file-entry?fileEntryId=+{id}+")).await.expect(200);
    ann.call("/dlapp/get-file-entry", json!({"fileEntryId": -5})).await.expect(404);
    for (bad, shown) in [
        (json!("abc"), "abc"),
        (json!(""), ""),
        (json!(" "), " "),
        (json!("1.5"), "1.5"),
        (json!(1.5), "1.5"),
        (json!(1e300), "1e+300"),
        (json!("0x10"), "0x10"),
        (json!("1 2"), "1 2"),
        (json!("--1"), "--1"),
        (json!("\u{661}"), "\u{661}"),
        (json!("9223372036854775808"), "9223372036854775808"),
        (json!(9_223_372_036_854_775_808_u64), "9223372036854775808"),
        (json!("-9223372036854775809"), "-9223372036854775809"),
        (json!(true), "true"),
        (json!([id]), &format!("[{id}]")),
        (json!({"a": 1}), "{\"a\":1}"),
    ] {
        let cause = format!("java.lang.NumberFormatException: For input string: \"{shown}\"");
        let text = thrown(&ann, "/dlapp/get-file-entry", json!({"fileEntryId": bad})).await;
        assert_eq!(text, format!("{CAST}{shown}; <--- {cause}"));
    }
    // not all of a long value comes back
    let text = thrown(&ann, "/dlapp/get-file-entry", json!({"fileEntryId": "x".repeat(100_000)})).await;
    assert!(text.len() < 1000);
}

#[tokio::test]
async fn an_int_has_32_bits() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let versions = |status: Value| json!({"fileEntryId": server.plan_number(), "status": status});
    for (status, count) in [(json!(-1), 1), (json!("0"), 1), (json!(2_147_483_647), 0), (json!("-2147483648"), 0)] {
        let found = ann.call("/dlfileversion/get-file-versions", versions(status)).await.expect(200).json();
        assert_eq!(found.as_array().unwrap().len(), count);
    }
    for status in [json!(2_147_483_648_i64), json!("-2147483649"), json!("x")] {
        assert!(thrown(&ann, "/dlfileversion/get-file-versions", versions(status)).await.starts_with(CAST));
    }
}

#[tokio::test]
async fn a_flag_has_five_words_for_each_answer() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    let latest = |flag: Value| json!({"fileEntryId": server.plan_number(), "excludeWorkingCopy": flag});
    let words = [
        ("1.0", [json!("true"), json!("YES"), json!("y"), json!(" On "), json!("1")]),
        ("1.0", [json!(true), json!(1), json!("TRUE"), json!("yes"), json!("Y")]),
        ("PWC", [json!("false"), json!("No"), json!("n"), json!("OFF"), json!("0")]),
        ("PWC", [json!(false), json!(0), json!("False"), json!("no"), json!("N")]),
    ];
    for (version, words) in words {
        for word in words {
            let found = ann.call("/dlfileversion/get-latest-file-version", latest(word.clone())).await.expect(200);
            assert_eq!(found.json()["version"], version, "{word}");
        }
    }
    for bad in [json!("maybe"), json!(""), json!(2), json!("t"), json!([]), json!({})] {
        assert!(thrown(&ann, "/dlfileversion/get-latest-file-version", latest(bad)).await.starts_with(CAST));
    }
}

#[tokio::test]
async fn a_text_takes_numbers_and_flags_and_no_lists() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let titled = |title: Value| json!({"groupId": server.group(), "folderId": 0, "title": title});
    for (title, shown) in
        [(json!(5), "5"), (json!(1.5), "1.5"), (json!(true), "true"), (json!("x"), "x"), (json!(null), "")]
    {
        let missing = ann.call("/dlapp/get-file-entry", titled(title)).await.expect(404).json();
        let text = missing["exception"].as_str().unwrap().to_owned();
        assert!(text.ends_with(&format!(", title={shown}}}")), "{text}");
    }
    for bad in [json!([]), json!({})] {
        assert!(thrown(&ann, "/dlapp/get-file-entry", titled(bad)).await.starts_with(CAST));
    }
    let nul = thrown(&ann, "/dlapp/get-file-entry", titled(json!("a\0b"))).await;
    assert_eq!(nul, "java.lang.IllegalArgumentException");
}

#[tokio::test]
async fn an_increase_is_one_of_four_names_exactly() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let check_in = |increase: Value| json!({"fileEntryId": server.plan_number(), "dlVersionNumberIncrease": increase, "changeLog": ""});
    for good in ["AUTOMATIC", "MAJOR", "MINOR", "NONE"] {
        ann.call("/dlapp/check-in-file-entry", check_in(good.into())).await.expect(200);
    }
    ann.call("/dlapp/check-in-file-entry", check_in(Value::Null)).await.expect(200);
    for (bad, shown) in [(json!("minor"), "minor"), (json!(" MINOR"), " MINOR"), (json!(""), ""), (json!(1), "1")] {
        let class = "com.liferay.document.library.kernel.model.DLVersionNumberIncrease";
        let expected = format!("java.lang.IllegalArgumentException: No enum constant {class}.{shown}");
        assert_eq!(thrown(&ann, "/dlapp/check-in-file-entry", check_in(bad)).await, expected);
    }
}

#[tokio::test]
async fn a_list_is_json_text_or_an_array_or_has_commas() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let count = |types: Value| json!({"repositoryId": server.group(), "folderId": 0, "mimeTypes": types});
    for (types, found) in [
        (json!(["text/plain"]), 1),
        (json!(["a", "text/plain"]), 1),
        (json!("[\"a\",\"text/plain\"]"), 1),
        (json!("a, text/plain"), 1),
        (json!("text/plain"), 1),
        (json!("a,b"), 0),
        (json!(5), 0),
        (json!([]), 1),
        (json!(null), 1),
    ] {
        let answer = ann.call("/dlapp/get-file-entries-count", count(types.clone())).await.expect(200);
        assert_eq!(answer.text(), found.to_string(), "{types}");
    }
    for bad in [json!([["a"]]), json!({"a": 1}), json!("[[1]]")] {
        assert!(thrown(&ann, "/dlapp/get-file-entries-count", count(bad)).await.starts_with(CAST));
    }
}

#[tokio::test]
async fn bytes_are_signed_or_unsigned_numbers_in_a_text_or_an_array_or_a_part() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let content = [0_u8, 1, 72, 127, 128, 195, 188, 255];
    let signed: Vec<i8> = content.iter().map(|byte| byte.cast_signed()).collect();
    let mut number = 0;
    let mut next = || {
        number += 1;
        format!("{number}.bin")
    };
    let check = async |name: &str, answer: crate::support::answer::Answer| {
        let size = answer.expect(200).json();
        let size = size.get("result").unwrap_or(&size)["size"].clone();
        assert_eq!(size, content.len().to_string(), "{name}");
        let address = format!("/documents/{}/0/{name}", server.group());
        assert_eq!(server.send(ann.request("GET", &address)).await.expect(200).body, content, "{name}");
    };
    for bytes in [
        json!(signed),
        json!(content),
        json!(json!(signed).to_string()),
        json!(json!(content).to_string()),
        json!("0, 1,72,127,-128, -61,188,255"),
    ] {
        let name = next();
        let mut parameters = addition(&server, &name);
        parameters["bytes"] = bytes.clone();
        check(&name, ann.call("/dlapp/add-file-entry", parameters).await).await;
        let name = next();
        let mut parameters = addition(&server, &name);
        parameters["bytes"] = bytes.clone();
        check(&name, ann.rpc("dlapp", "add-file-entry", parameters).await).await;
        if let Value::String(text) = &bytes {
            let name = next();
            let mut form: Vec<(String, String)> = Vec::new();
            for (key, value) in addition(&server, &name).as_object().unwrap() {
                form.push((key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
            }
            form.push(("bytes".to_owned(), text.clone()));
            let form: Vec<(&str, &str)> = form.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            check(&name, ann.post("/dlapp/add-file-entry", &form).await).await;
        }
    }
    let name = next();
    let mut form = Form::new().part("bytes", Part::bytes(content.to_vec()).file_name("x"));
    for (key, value) in addition(&server, &name).as_object().unwrap() {
        form = form.text(key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    check(&name, ann.parts("/dlapp/add-file-entry", form).await).await;
    for bad in [
        json!([256]),
        json!([-129]),
        json!([1.5]),
        json!(["a"]),
        json!([[1]]),
        json!([null]),
        json!("a"),
        json!("[1"),
        json!(true),
        json!({}),
    ] {
        let mut parameters = addition(&server, "bad.bin");
        parameters["bytes"] = bad.clone();
        assert!(thrown(&ann, "/dlapp/add-file-entry", parameters).await.starts_with(CAST), "{bad}");
    }
}

#[tokio::test]
async fn a_file_is_a_part_or_its_text() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let mut parameters = addition(&server, "text.txt");
    parameters["file"] = "Gr\u{fc}\u{df}e".into();
    assert_eq!(ann.call("/dlapp/add-file-entry", parameters).await.expect(200).json()["size"], "7");
    let mut parameters = addition(&server, "none.txt");
    parameters["file"] = Value::Null;
    assert_eq!(ann.call("/dlapp/add-file-entry", parameters).await.expect(200).json()["size"], "0");
    let mut parameters = addition(&server, "bad.txt");
    parameters["file"] = 5.into();
    assert!(thrown(&ann, "/dlapp/add-file-entry", parameters).await.starts_with(CAST));
    // a part where no bytes are meant
    let form = Form::new().part("fileEntryId", Part::bytes(&b"5"[..]).file_name("five"));
    let refused = ann.parts("/dlapp/get-file-entry", form).await.expect(500).json();
    assert!(refused["throwable"].as_str().unwrap().starts_with(&format!("{CAST}five")));
}

#[tokio::test]
async fn a_file_over_the_limit_has_the_vendors_exception() {
    let server = Server::start_with(&[("content.max_file_bytes", "1000")]).await;
    let ann = server.liferay(&server.world.ann);
    let mut parameters = addition(&server, "large.txt");
    parameters["file"] = "x".repeat(1001).into();
    let class = "com.liferay.document.library.kernel.exception.FileSizeException";
    assert_eq!(thrown(&ann, "/dlapp/add-file-entry", parameters).await, class);
}

#[tokio::test]
async fn a_context_is_json_or_new_and_may_say_nonsense() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let (id, group) = (server.plan_number(), server.group());
    let relocate = |context: Value| json!({"fileEntryId": id, "newFolderId": 0, "serviceContext": context});
    for context in [
        json!({}),
        json!({"scopeGroupId": group}),
        json!({"scopeGroupId": group.to_string(), "addGuestPermissions": "maybe", "nonsense": [[]], "workflowAction": {}}),
        json!({"scopeGroupId": "x"}),
        json!(null),
        json!(""),
        json!(format!("{{\"scopeGroupId\":{group}}}")),
    ] {
        ann.call("/dlapp/move-file-entry", relocate(context.clone())).await.expect(200);
    }
    // a site that is there counts: files do not leave theirs in this room
    let other = world::personal(&server.vault, &server.world.ann).await.number;
    ann.call("/dlapp/move-file-entry", relocate(json!({"scopeGroupId": other}))).await.expect(500);
    // and one that is not does not
    ann.call("/dlapp/move-file-entry", relocate(json!({"scopeGroupId": 77}))).await.expect(200);
    for bad in [json!([]), json!(5), json!("nonsense"), json!("[]"), json!(true)] {
        assert!(thrown(&ann, "/dlapp/move-file-entry", relocate(bad)).await.starts_with(CAST));
    }
    let with =
        async |rest: &str| ann.get(&format!("/dlapp/move-file-entry?fileEntryId={id}&newFolderId=0{rest}")).await;
    with(&format!("&serviceContext.scopeGroupId={group}")).await.expect(200);
    for rest in [
        format!("&serviceContext.scopeGroupId={other}"),
        format!("&%2BserviceContext=&serviceContext.scopeGroupId={other}"),
        format!("&serviceContext=%7B%22scopeGroupId%22:{group}%7D&serviceContext.scopeGroupId={other}"),
    ] {
        with(&rest).await.expect(500);
    }
    with("&-serviceContext=&serviceContext.scopeGroupId=x&serviceContext.=&serviceContext..=1").await.expect(200);
    let json =
        json!({"fileEntryId": id, "newFolderId": 0, "+serviceContext": "", "serviceContext.scopeGroupId": other});
    ann.call("/dlapp/move-file-entry", json).await.expect(500);
    let path = format!(
        "/dlapp/move-file-entry/file-entry-id/{id}/new-folder-id/0/+service-context/service-context.scope-group-id/{other}"
    );
    ann.get(&path).await.expect(500);
}

#[tokio::test]
async fn no_class_is_named_but_those_of_the_list() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    let allowed = [
        "com.liferay.portal.kernel.service.ServiceContext",
        "com.liferay.portal.service.ServiceContext",
        "com.liferay.document.library.kernel.model.DLVersionNumberIncrease",
    ];
    let forbidden = [
        "java.lang.Runtime",
        "com.liferay.portal.kernel.service.ServiceContextFactory",
        "com.liferay.portal.kernel.service.servicecontext",
        " com.liferay.portal.kernel.service.ServiceContext",
        "../../etc/passwd",
        "x",
    ];
    let segment = |class: &str| class.replace('/', "%2F").replace(' ', "%20");
    for (class, passes) in allowed.iter().map(|class| (*class, true)).chain(forbidden.map(|class| (class, false))) {
        let path = segment(class);
        let query: String = form_urlencoded::byte_serialize(class.as_bytes()).collect();
        let answers = [
            ann.get(&format!("/dlapp/check-in-file-entry/file-entry-id/{id}/lock-uuid/x/+service-context:{path}"))
                .await,
            ann.get(&format!("/dlapp/check-in-file-entry/file-entry-id/{id}/lock-uuid/x/service-context:{path}")).await,
            ann.get(&format!("/dlapp/check-in-file-entry?fileEntryId={id}&lockUuid=x&%2BserviceContext={query}")).await,
            // a client that does not escape its plus
            ann.get(&format!("/dlapp/check-in-file-entry?fileEntryId={id}&lockUuid=x&+serviceContext={query}")).await,
            ann.post(
                "/dlapp/check-in-file-entry",
                &[("fileEntryId", &id.to_string()), ("lockUuid", "x"), ("+serviceContext", class)],
            )
            .await,
            ann.call(
                "/dlapp/check-in-file-entry",
                json!({"fileEntryId": id, "lockUuid": "x", "+serviceContext": class}),
            )
            .await,
            ann.call(
                "/dlapp/check-in-file-entry",
                json!({"fileEntryId": id, "lockUuid": "x", format!("+serviceContext:{class}"): ""}),
            )
            .await,
        ];
        for (form, answer) in answers.into_iter().enumerate() {
            if passes {
                assert_eq!(answer.expect(200).text(), "{}", "{form} {class}");
            } else {
                let refused = answer.expect(500).json();
                assert_eq!(refused["error"]["type"], "jodd.typeconverter.TypeConversionException", "{form} {class}");
                assert_eq!(refused["exception"], format!("{class} is not allowed to be instantiated"), "{form}");
            }
        }
        let rpc = json!({"fileEntryId": id, "lockUuid": "x", "+serviceContext": class});
        let answer = ann.rpc("dlapp", "check-in-file-entry", rpc).await.expect(200).json();
        assert_eq!(answer["error"]["code"], if passes { Value::Null } else { json!(-32603) }, "{class}");
    }
}

#[tokio::test]
async fn a_name_in_a_path_has_a_value_unless_it_says_otherwise() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    for (below, name) in [
        ("file-entry-id", "file-entry-id"),
        (&format!("file-entry-id/{id}/change-log"), "change-log"),
        ("-change-log/+service-context/FileEntryId", "FileEntryId"),
        ("file-entry-id/%2F/x%20y", "x y"),
    ] {
        let refused = ann.get(&format!("/dlapp/check-in-file-entry/{below}")).await.expect(500).json();
        let expected = format!("java.lang.IllegalArgumentException: Missing value for parameter {name}");
        assert_eq!(refused["throwable"], expected, "{below}");
    }
    // camel case in a path is as good for a parameter, though not for a method
    ann.get(&format!("/dlapp/get-file-entry/fileEntryId/{id}")).await.expect(200);
}
