//! Which overload is meant (spec/liferay.md 2.4), case by case, as seen by what it does.

use serde_json::{Value, json};

use crate::support::{liferay::Liferay, server::Server};

const ILLEGAL: &str = "java.lang.IllegalArgumentException";

async fn no_action(client: &Liferay<'_>, path: &str) {
    let refused = client.get(path).await.expect(404).json();
    let text = refused["exception"].as_str().unwrap();
    assert!(text.starts_with("No JSON web service action with path /dl"), "{path}: {text}");
}

async fn newest(client: &Liferay<'_>, server: &Server) -> Value {
    let latest = json!({"fileEntryId": server.plan_number(), "excludeWorkingCopy": true});
    client.call("/dlfileversion/get-latest-file-version", latest).await.expect(200).json()
}

#[tokio::test]
async fn every_name_of_an_overload_must_be_given() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    for given in [
        format!("fileEntryId={id}"),
        format!("fileEntryId={id}&majorVersion=true"),
        format!("fileEntryId={id}&changeLog=x"),
        format!("fileEntryId={id}&majorVersions=true&changeLog=x"),
        "majorVersion=true&changeLog=x".to_owned(),
        // a property of an object is no parameter
        format!("fileEntryId.x={id}&majorVersion=true&changeLog=x"),
        format!("fileEntryId={id}&lockUuid.x=1"),
    ] {
        no_action(&ann, &format!("/dlapp/check-in-file-entry?{given}")).await;
    }
    no_action(&ann, "/dlapp/check-in-file-entry").await;
    no_action(&ann, &format!("/dlapp/nope?fileEntryId={id}")).await;
    no_action(&ann, &format!("/dlnope/get-file-entry?fileEntryId={id}")).await;
    no_action(&ann, &format!("/dlapp/getFileEntry?fileEntryId={id}")).await;
    no_action(&ann, &format!("/dlapp/Get-File-Entry?fileEntryId={id}")).await;
}

#[tokio::test]
async fn the_names_pick_among_the_ways_to_check_in() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    let check_in = async |given: Value| {
        ann.check_out().await.expect(200);
        ann.update("changed", "NONE").await.expect(200);
        let mut parameters = given;
        parameters["fileEntryId"] = id.into();
        let answer = ann.call("/dlapp/check-in-file-entry", parameters).await;
        let newest = newest(&ann, &server).await;
        (answer, newest["version"].as_str().unwrap().to_owned(), newest["changeLog"].as_str().unwrap().to_owned())
    };
    let (_, version, log) = check_in(json!({"majorVersion": true, "changeLog": "by flag"})).await;
    assert_eq!((version.as_str(), log.as_str()), ("2.0", "by flag"));
    let (_, version, log) = check_in(json!({"changeLog": "by name", "dlVersionNumberIncrease": "MINOR"})).await;
    assert_eq!((version.as_str(), log.as_str()), ("2.1", "by name"));
    let (_, version, _) = check_in(json!({"lockUuid": ""})).await;
    assert_eq!(version, "2.2");
    let (refused, version, _) = check_in(json!({"lockUuid": "x"})).await;
    assert_eq!((refused.json()["exception"].as_str(), version.as_str()), (Some("UUIDs do not match"), "2.2"));
    // of all that qualify the one with the most names
    let (_, version, _) = check_in(json!({"lockUuid": "x", "majorVersion": false, "changeLog": ""})).await;
    assert_eq!(version, "2.3");
    // and of those with as many the first in order: `boolean` is before the enum's class
    let (_, version, _) =
        check_in(json!({"dlVersionNumberIncrease": "NONE", "majorVersion": true, "changeLog": ""})).await;
    assert_eq!(version, "3.0");
}

#[tokio::test]
async fn a_tie_between_bytes_and_a_file_goes_to_bytes() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let parameters = json!({
        "repositoryId": server.group(), "folderId": 0, "sourceFileName": "b.txt", "mimeType": "", "title": "b.txt",
        "description": "", "changeLog": "", "file": "as a file", "bytes": [97, 98],
    });
    let added = ann.call("/dlapp/add-file-entry", parameters).await.expect(200).json();
    assert_eq!(added["size"], "2");
}

#[tokio::test]
async fn more_names_win_and_unknown_ones_do_not_count() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.add("b.txt", "b.txt", "x").await.expect(200);
    let count = async |rest: &str| {
        let path = format!("/dlapp/get-file-entries?repositoryId={}&folderId=0{rest}", server.group());
        ann.get(&path).await.expect(200).json().as_array().unwrap().len()
    };
    assert_eq!(count("").await, 2);
    assert_eq!(count("&start=0").await, 2);
    assert_eq!(count("&end=1&start=0&nonsense=x&fileEntryTypeIdd=1").await, 1);
    assert_eq!(count("&START=0&END=1").await, 1);
    assert_eq!(count("&mimeTypes=image/png").await, 0);
    // null is given, too
    assert_eq!(count("&-mimeTypes").await, 2);
}

#[tokio::test]
async fn a_hint_picks_by_the_number_of_parameters() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    let title = async |path: String| ann.get(&path).await.expect(200).json()["title"].clone();
    assert_eq!(title(format!("/dlapp/get-file-entry.1?fileEntryId={id}")).await, "plan.txt");
    assert_eq!(
        title(format!("/dlapp/get-file-entry.1/file-entry-id/{id}?groupId=1&folderId=1&title=x")).await,
        "plan.txt"
    );
    let titled = format!("groupId={}&folderId=0&title=plan.txt", server.group());
    assert_eq!(title(format!("/dlapp/get-file-entry.3?fileEntryId=1&{titled}")).await, "plan.txt");
    // what is missing is null, which no number can be
    let refused = ann.get(&format!("/dlapp/get-file-entry.3?fileEntryId={id}")).await.expect(500).json();
    assert_eq!(refused["throwable"], ILLEGAL);
    // the service context counts
    assert_eq!(ann.get(&format!("/dlapp/check-out-file-entry.2?fileEntryId={id}")).await.expect(200).text(), "{}");
    ann.cancel().await.expect(200);
    let long = format!("/dlapp/check-out-file-entry.4?fileEntryId={id}&expirationTime=0");
    assert_eq!(ann.get(&long).await.expect(200).json()["title"], "plan.txt");
    for hint in ["", "0", "2", "9", "x", "-1", "1.1", "4294967297", "99999999999999999999"] {
        no_action(&ann, &format!("/dlapp/get-file-entry.{hint}?fileEntryId={id}")).await;
    }
    // in the other forms as well
    let given = json!({"fileEntryId": id, "groupId": 1, "folderId": 1, "title": "x"});
    assert_eq!(ann.call("/dlapp/get-file-entry.1", given.clone()).await.expect(200).json()["title"], "plan.txt");
    assert_eq!(ann.rpc("dlapp", "get-file-entry.1", given).await.expect(200).json()["result"]["title"], "plan.txt");
    let refused = ann.rpc("dlapp", "get-file-entry.2", json!({})).await.expect(404).json();
    let text = "No JSON web service action with path /dlapp/get-file-entry and method null for null";
    assert_eq!(refused["exception"], text);
}

#[tokio::test]
async fn null_is_no_number_and_no_flag() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    for path in [
        "/dlapp/get-file-entry/-file-entry-id".to_owned(),
        "/dlapp/get-file-entry?-fileEntryId=5".to_owned(),
        "/dlapp/get-file-entry?%2BfileEntryId=".to_owned(),
        format!("/dlfileversion/get-latest-file-version?fileEntryId={id}&-excludeWorkingCopy="),
        format!("/dlfileversion/get-file-versions?fileEntryId={id}&-status="),
    ] {
        let refused = ann.get(&path).await.expect(500).json();
        assert_eq!(
            refused,
            json!({"error": {"message": ILLEGAL, "type": ILLEGAL}, "exception": ILLEGAL, "throwable": ILLEGAL}),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_second_attempt_knows_the_caller_and_the_company() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let me = server.world.ann.person.number.to_string();
    for path in ["/user/get-user-by-id", "/user/get-user-by-email-address?emailAddress=ann@example.com"] {
        assert_eq!(ann.get(path).await.expect(200).json()["userId"], me, "{path}");
    }
    assert_eq!(ann.get("/company/get-company-by-id").await.expect(200).json()["companyId"], "20097");
    // who says otherwise is heard
    let refused = ann.get("/user/get-user-by-email-address?emailAddress=ann@example.com&companyId=1").await;
    refused.expect(404);
}
