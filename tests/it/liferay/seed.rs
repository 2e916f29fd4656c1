//! The vendor's own page: `DLAppService.cancelCheckOut(fileEntryId)`, and the job it belongs to, end to end.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{liferay::told, server::Server};

#[tokio::test]
async fn a_checkout_is_cancelled_and_anybody_may_check_out_again() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));

    assert_snapshot!(ann.check_out().await, @"
    200 OK
    {}
    ");
    ann.update("second", "MINOR").await.expect(200);
    assert_eq!(ann.labels().await, ["PWC", "1.0"]);

    let path = format!("/dlapp/cancel-check-out/file-entry-id/{}", server.plan_number());
    assert_snapshot!(ann.get(&path).await, @"
    200 OK
    {}
    ");
    assert_eq!(ann.labels().await, ["1.0"]);
    assert_eq!(ann.download("").await.text(), "first");
    assert_snapshot!(bob.check_out().await, @"
    200 OK
    {}
    ");
}

#[tokio::test]
async fn the_web_applications_command_cancels_several_one_after_the_other() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    let commands = json!([
        {"/dlapp/cancel-check-out": {"fileEntryId": server.plan_number()}},
        {"/dlapp/cancel-check-out": {"fileEntryId": 1}},
        {"/dlapp/check-out-file-entry": {"fileEntryId": server.plan_number()}},
    ]);
    assert_snapshot!(told(&server, &ann.invoke(&commands).await), @r#"404 {"error":{"message":"No FileEntry exists with the key {fileEntryId=1}","type":"com.liferay.document.library.kernel.exception.NoSuchFileEntryException"},"exception":"No FileEntry exists with the key {fileEntryId=1}","rootCause":{"message":"No repository associated with file entry 1","type":"com.liferay.portal.kernel.repository.InvalidRepositoryIdException"},"throwable":"com.liferay.document.library.kernel.exception.NoSuchFileEntryException: No FileEntry exists with the key {fileEntryId=1}"}"#);
    // the first stays done, the third was not begun
    assert_eq!(ann.labels().await, ["1.0"]);
}

#[tokio::test]
async fn the_job_from_end_to_end() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let front = server.send(ann.request("HEAD", "/")).await.expect(200);
    assert!(front.header("liferay-portal").contains("Build 7201"));

    let sites = ann.call("/group/get-user-sites-groups", json!({})).await.expect(200).json();
    let company = sites[0]["companyId"].as_str().unwrap();
    assert_eq!(sites[0]["groupId"], server.group().to_string());
    let me = json!({"emailAddress": "ann@example.com", "companyId": company});
    let me = ann.call("/user/get-user-by-email-address", me).await.expect(200).json();
    assert_eq!(me["userId"], server.world.ann.person.number.to_string());

    let added = ann.add("report.txt", "report.txt", "one").await.expect(200).json();
    assert_eq!((added["version"].as_str(), added["title"].as_str()), (Some("1.0"), Some("report.txt")));

    assert_eq!(ann.check_out().await.expect(200).text(), "{}");
    let updated = ann.update("second", "MINOR").await.expect(200).json();
    assert_eq!(updated["version"], "1.0");
    assert_eq!(ann.labels().await, ["PWC", "1.0"]);
    let cancelled =
        ann.rpc("dlapp", "cancel-check-out", json!({"fileEntryId": server.plan_number()})).await.expect(200);
    assert_eq!(cancelled.text(), r#"{"id":1,"jsonrpc":"2.0"}"#);
    let held = ann.get(&format!("/dlfileentry/is-file-entry-checked-out?fileEntryId={}", server.plan_number())).await;
    assert_eq!(held.text(), "false");

    ann.check_out().await.expect(200);
    ann.update("third", "NONE").await.expect(200);
    assert_eq!(ann.check_in("MINOR", "done").await.expect(200).text(), "{}");
    assert_eq!(ann.labels().await, ["1.1", "1.0"]);
    assert_eq!(ann.download("").await.text(), "third");
    assert_eq!(ann.download("?version=1.0").await.text(), "first");
}
