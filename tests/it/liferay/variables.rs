//! `$` names, filters, `@` flags and commands inside of commands.

use serde_json::{Value, json};

use crate::support::{liferay::Liferay, server::Server};

const ILLEGAL: &str = "java.lang.IllegalArgumentException";

async fn text(client: &Liferay<'_>, commands: Value) -> String {
    client.invoke(&commands).await.expect(200).text()
}

async fn refused(client: &Liferay<'_>, commands: &Value) {
    let answer = client.invoke(commands).await.expect(500).json();
    assert_eq!(answer["throwable"], ILLEGAL, "{commands}");
}

/// A call that lists the files of the world's library.
fn files(server: &Server, rest: Value) -> Value {
    let mut parameters = json!({"repositoryId": server.group(), "folderId": 0});
    let Value::Object(rest) = rest else { panic!("{rest}") };
    parameters.as_object_mut().unwrap().extend(rest);
    parameters
}

#[tokio::test]
async fn the_vendors_own_example_gives_what_it_prints() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    let commands = json!({"$file[title,fileEntryId] = /dlapp/get-file-entry": {
        "fileEntryId": id,
        "$versions[version,status] = /dlfileversion/get-file-versions": {
            "@fileEntryId": "$file.fileEntryId", "status": -1}}});
    let expected =
        format!(r#"{{"fileEntryId":"{id}","title":"plan.txt","versions":[{{"status":0,"version":"1.0"}}]}}"#);
    assert_eq!(text(&ann, commands.clone()).await, expected);
    // a top-level name does not show, also in a batch; and `cmd` says the same
    assert_eq!(text(&ann, json!([commands])).await, format!("[{expected}]"));
    assert_eq!(ann.post("/invoke", &[("cmd", &commands.to_string())]).await.expect(200).text(), expected);
}

#[tokio::test]
async fn children_of_a_list_run_for_each_of_its_elements() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    bob.add("bobs.txt", "bobs.txt", "x").await.expect(200);
    ann.check_out().await.expect(200);
    let commands = json!({"$file[title] = /dlapp/get-file-entries": files(&server, json!({
        "$held = /dlfileentry/is-file-entry-checked-out": {"@fileEntryId": "$file.fileEntryId"},
        "$author[ screenName ] = /user/get-user-by-id": {"@userId": "$file.userId"},
        "$same[title]=/dlapp/get-file-entry": {
            "@groupId": "$file.groupId", "@folderId": "$file.folderId", "@title": "$file.title",
            "$again = /user/get-user-by-screen-name": {"@screenName": "$author.screenName", "companyId": 20097,
                "$none = /dlapp/cancel-check-out": {"@fileEntryId": "$file.fileEntryId"}},
        },
    }))});
    // cancelling answers nothing, which is null
    let found: Value = serde_json::from_str(&text(&ann, commands).await).unwrap();
    let shown = |title: &str, author: &str, held: bool| {
        let found = found.as_array().unwrap().iter().find(|file| file["title"] == title).unwrap();
        assert_eq!(found.as_object().unwrap().keys().collect::<Vec<_>>(), ["author", "held", "same", "title"]);
        assert_eq!((&found["held"], &found["author"]), (&json!(held), &json!({"screenName": author})));
        assert_eq!(found["same"]["title"], title);
        assert_eq!(found["same"]["again"]["screenName"], author);
        assert_eq!(found["same"]["again"]["none"], Value::Null);
        assert!(found["same"]["again"].as_object().unwrap().contains_key("none"));
    };
    shown("bobs.txt", "bob", false);
    // what lies deeper runs later: it was still held
    shown("plan.txt", "ann", true);
    assert_eq!(found.as_array().unwrap().len(), 2);
    assert_eq!(ann.labels().await, ["1.0"]);
}

#[tokio::test]
async fn a_flag_takes_from_the_whole_of_any_earlier_result() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    let me = server.world.ann.person.number;
    let commands = json!([
        {"$file[title] = /dlapp/get-file-entry": {"fileEntryId": id, "$author[userId] = /user/get-user-by-id": {"@userId": "$file.userId"}}},
        {"/dlfileversion/get-file-versions-count": {"@fileEntryId": "$file.fileEntryId", "status": -1}},
        {"$user[screenName] = /user/get-user-by-id": {"@userId": "$author.userId"}},
        {"$count = /dlapp/get-file-entries-count": files(&server, json!({}))},
        {"$folders = /dlapp/get-folders": {"@repositoryId": "$file.groupId", "parentFolderId": 0, "start": 0, "@end": "$count"}},
        {"$none[a] = /dlapp/cancel-check-out": {"fileEntryId": id}},
        // a property that is not there is null, as one of nothing
        {"$titled[title] = /dlapp/get-file-entry": {"@fileEntryId": "$file.fileEntryId", "@title": "$none.a.b", "@groupId": "$file.nope"}},
    ]);
    let expected = json!([
        {"author": {"userId": me.to_string()}, "title": "plan.txt"}, 1, {"screenName": "ann"}, 1, [], null, {"title": "plan.txt"},
    ]);
    assert_eq!(ann.invoke(&commands).await.expect(200).json(), expected);
    // a flag comes after what is said outright, and takes the place of it
    let commands = json!({"$file = /dlapp/get-file-entry": {"fileEntryId": id,
        "$again[title] = /dlapp/get-file-entry": {"@fileEntryId": "$file.fileEntryId", "fileEntryId": 1}}});
    assert_eq!(ann.invoke(&commands).await.expect(200).json()["again"], json!({"title": "plan.txt"}));
}

#[tokio::test]
async fn an_inner_list_gets_a_child_in_each_element() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    let commands = json!({"$file[title] = /dlapp/get-file-entry": {
        "fileEntryId": id,
        "$versions[version] = /dlfileversion/get-file-versions": {"@fileEntryId": "$file.fileEntryId", "status": -1},
        "$versions.$author[screenName] = /user/get-user-by-id": {"@userId": "$versions.userId"},
        "$versions.$file[title] = /dlapp/get-file-entry": null,
        "$nothing.$child = /dlapp/check-out-file-entry": {"fileEntryId": id},
        "$title.$child = /dlapp/check-out-file-entry": {"fileEntryId": id},
    }});
    // the name of what is around is not given again
    refused(&ann, &commands).await;
    let mut commands = commands;
    commands["$file[title] = /dlapp/get-file-entry"]
        .as_object_mut()
        .unwrap()
        .shift_remove("$versions.$file[title] = /dlapp/get-file-entry");
    assert_eq!(
        text(&ann, commands).await,
        r#"{"title":"plan.txt","versions":[{"author":{"screenName":"ann"},"version":"1.0"}]}"#
    );
    assert_eq!(ann.labels().await, ["1.0"]);
}

#[tokio::test]
async fn nothing_and_a_scalar_take_no_children() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    let child = json!({"fileEntryId": id});
    let commands = json!({"$n = /dlapp/get-file-entries-count": files(&server, json!({"$c = /dlapp/check-out-file-entry": child}))});
    assert_eq!(text(&ann, commands).await, "1");
    let commands =
        json!({"$n = /dlapp/cancel-check-out": {"fileEntryId": id, "$c = /dlapp/check-out-file-entry": child}});
    assert_eq!(text(&ann, commands).await, "{}");
    let commands = json!({"$n = /dlapp/get-folders": {"repositoryId": server.group(), "parentFolderId": 0, "$c = /dlapp/check-out-file-entry": child}});
    assert_eq!(text(&ann, commands).await, "[]");
    assert_eq!(ann.labels().await, ["1.0"]);
    // a command without a name may have children, which show under theirs
    let commands =
        json!({"/dlapp/get-file-entry": {"fileEntryId": id, "$held = /dlfileentry/is-file-entry-checked-out": child}});
    assert_eq!(ann.invoke(&commands).await.expect(200).json()["held"], false);
}

#[tokio::test]
async fn what_is_unknown_is_refused_and_what_was_done_before_it_stays() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    for last in [
        json!({"/dlapp/get-file-entry": {"@fileEntryId": "$nobody.fileEntryId"}}),
        json!({"$self = /dlapp/get-file-entry": {"@fileEntryId": "$self.fileEntryId"}}),
        // a later one
        json!({"$a = /dlapp/get-file-entry": {"fileEntryId": id, "$b = /dlapp/get-file-entry": {"@fileEntryId": "$c.fileEntryId"}, "$c = /dlapp/get-file-entry": {"fileEntryId": id}}}),
        // a list has no properties of its own, and a text none at all
        json!({"$a = /dlapp/get-file-entry": {"fileEntryId": id, "$b = /dlfileversion/get-file-versions": {"fileEntryId": id, "status": -1}, "$c = /dlapp/get-file-entry": {"@fileEntryId": "$b.fileEntryId"}}}),
        json!({"$a = /dlapp/get-file-entry": {"fileEntryId": id, "$b = /dlapp/get-file-entry": {"@fileEntryId": "$a.title.x"}}}),
    ] {
        ann.cancel().await.expect(200);
        refused(&ann, &json!([{"/dlapp/check-out-file-entry": {"fileEntryId": id}}, last, {"/dlapp/cancel-check-out": {"fileEntryId": id}}])).await;
        assert_eq!(ann.labels().await, ["PWC", "1.0"], "{last}");
    }
    // what was named for one element is not known outside of it
    let commands = json!([
        {"$file = /dlapp/get-file-entries": files(&server, json!({"$inside = /dlapp/get-file-entry": {"@fileEntryId": "$file.fileEntryId"}}))},
        {"/dlapp/get-file-entry": {"@fileEntryId": "$inside.fileEntryId"}},
    ]);
    refused(&ann, &commands).await;
}

#[tokio::test]
async fn what_is_malformed_is_refused_before_anything_is_run() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    for bad in [
        json!({"$a": {}}),
        json!({"a = /portal/get-version": {}}),
        json!({"$a[b = /portal/get-version": {}}),
        json!({"$a.$b = /portal/get-version": {}}),
        json!({"$a = /portal/get-version": {"@b": 5}}),
        json!({"$a = /portal/get-version": {"@b": "c.d"}}),
        json!({"$a = /portal/get-version": {"$a = /portal/get-version": {}}}),
        json!({"$a = /portal/get-version": {"$b": {}}}),
        json!({"$a = /portal/get-version": {"$b = /portal/get-version": 5}}),
        json!(5),
    ] {
        refused(&ann, &json!([{"/dlapp/check-out-file-entry": {"fileEntryId": id}}, bad])).await;
    }
    assert_eq!(ann.labels().await, ["1.0"]);
}

#[tokio::test]
async fn a_failing_child_fails_the_request_with_its_own_error() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    let with = |child: &str| json!({"$a = /dlapp/get-file-entry": {"fileEntryId": id, format!("$b = {child}"): {"fileEntryId": 1}}});
    let missing = ann.invoke(&with("/dlapp/cancel-check-out")).await.expect(404).json();
    assert_eq!(missing["exception"], "No FileEntry exists with the key {fileEntryId=1}");
    let unknown = ann.invoke(&with("/dlapp/nope")).await.expect(404).json();
    assert_eq!(unknown["exception"], "No JSON web service action with path /dlapp/nope and method null for null");
}

#[tokio::test]
async fn a_text_has_a_hundred_commands_ten_levels_and_a_thousand_calls() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let leaf = |count: usize| -> Value {
        (0..count)
            .map(|n| (format!("$c{n} = /portal/get-build-number"), json!({})))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let one = |mut children: Value| {
        children["fileEntryId"] = server.plan_number().into();
        json!({"/dlapp/get-file-entry": children})
    };
    let answer = ann.invoke(&one(leaf(99))).await.expect(200).json();
    assert_eq!(answer["c98"], 7201);
    refused(&ann, &one(leaf(100))).await;
    refused(&ann, &json!([one(leaf(50)), one(leaf(49))])).await;

    let deep = |levels: usize| {
        (1..levels).rev().fold(json!({}), |inner, level| {
            let mut inner: Value = inner;
            inner["fileEntryId"] = server.plan_number().into();
            json!({format!("$l{level}[title] = /dlapp/get-file-entry"): inner})
        })
    };
    ann.invoke(&deep(11)).await.expect(200);
    refused(&ann, &deep(12)).await;

    // ten files: one call, ten, a hundred, a thousand
    for number in 0..9 {
        let name = format!("{number}.txt");
        ann.add(&name, &name, "x").await.expect(200);
    }
    let listed = |level: usize, child: Value| json!({format!("$l{level}[title] = /dlapp/get-file-entries"): files(&server, child)});
    let number = json!({"$n = /portal/get-build-number": {}});
    let hundred = ann.invoke(&listed(1, listed(2, number.clone()))).await.expect(200).json();
    assert_eq!(hundred[9]["l2"][9]["n"], 7201);
    refused(&ann, &listed(1, listed(2, listed(3, number)))).await;
}
