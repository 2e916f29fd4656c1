//! Who is calling, and what clients ask before they begin.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{
    liferay::told,
    server::Server,
    world::{self, PASSWORD},
};

#[tokio::test]
async fn every_client_finds_a_site_with_a_company() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let sites = ann.get("/group/get-user-sites-groups").await;
    let uuid = server.world.library.id.0.to_string();
    assert_snapshot!(told(&server, &sites).replace(&uuid, "<uuid>"), @r#"200 [{"active":true,"classNameId":"0","classPK":"<group>","companyId":"20097","creatorUserId":"0","description":"","descriptionCurrentValue":"","friendlyURL":"/engineering","groupId":"<group>","groupKey":"Engineering","inheritContent":false,"liveGroupId":"0","manualMembership":true,"membershipRestriction":0,"mvccVersion":"0","name":"Engineering","nameCurrentValue":"Engineering","parentGroupId":"0","remoteStagingGroupCount":0,"site":true,"treePath":"/<group>/","type":1,"typeSettings":"","uuid":"<uuid>"}]"#);
    // also somebody who is a member of nothing
    let own = server.liferay(&server.world.eve).get("/group/get-user-sites-groups").await.expect(200).json();
    assert_eq!((own.as_array().unwrap().len(), own[0]["companyId"].as_str()), (1, Some("20097")));
    let group = server.group();
    assert_eq!(ann.get(&format!("/group/get-group/group-id/{group}")).await.json(), sites.json()[0]);
    let key = json!({"companyId": 20097, "groupKey": "Engineering"});
    assert_eq!(ann.call("/group/get-group", key).await.json(), sites.json()[0]);
    let refused = server.liferay(&server.world.eve).get(&format!("/group/get-group/group-id/{group}")).await;
    assert_snapshot!(told(&server, &refused), @r#"404 {"error":{"message":"No Group exists with the key {groupId=<group>}","type":"com.liferay.portal.kernel.exception.NoSuchGroupException"},"exception":"No Group exists with the key {groupId=<group>}","throwable":"com.liferay.portal.kernel.exception.NoSuchGroupException: No Group exists with the key {groupId=<group>}"}"#);
}

#[tokio::test]
async fn a_user_reads_themselves_and_those_who_share_a_site() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let me = ann.get("/user/get-current-user").await;
    assert_snapshot!(told(&server, &me), @r#"200 {"companyId":"20097","contactId":"<ann>","createDate":null,"emailAddress":"ann@example.com","firstName":"Ann","greeting":"Welcome Ann Example!","jobTitle":"","languageId":"en_US","lastName":"Example","middleName":"","modifiedDate":null,"portraitId":"0","screenName":"ann","status":0,"timeZoneId":"UTC","userId":"<ann>","uuid":"<ann uuid>"}"#);
    let eve = server.liferay(&server.world.eve);
    let number = server.world.ann.person.number;
    for (path, seen) in [
        ("get-user-by-email-address?companyId=20097&emailAddress=ann@example.com".to_owned(), true),
        ("get-user-by-screen-name?companyId=20097&screenName=ann".to_owned(), true),
        (format!("get-user-by-id?userId={number}"), true),
        // an e-mail address is no screen name
        ("get-user-by-screen-name?companyId=20097&screenName=ann@example.com".to_owned(), false),
    ] {
        for somebody in [&server.world.ann, &server.world.bob, &server.world.dora] {
            let answer = server.liferay(somebody).get(&format!("/user/{path}")).await;
            let expected = if seen { me.json() } else { json!(null) };
            assert_eq!(if answer.status == 200 { answer.json() } else { json!(null) }, expected, "{path}");
        }
        assert_ne!(eve.get(&format!("/user/{path}")).await.status, 200, "{path}");
    }
    let refused = eve.get("/user/get-user-by-email-address?companyId=20097&emailAddress=ann@example.com").await;
    assert_snapshot!(told(&server, &refused), @r#"403 {"error":{"message":"User <eve> must have VIEW permission for com.liferay.portal.kernel.model.User <ann>","type":"com.liferay.portal.kernel.security.auth.PrincipalException$MustHavePermission"},"exception":"User <eve> must have VIEW permission for com.liferay.portal.kernel.model.User <ann>","throwable":"com.liferay.portal.kernel.security.auth.PrincipalException$MustHavePermission: User <eve> must have VIEW permission for com.liferay.portal.kernel.model.User <ann>"}"#);
    for unknown in ["companyId=20097&emailAddress=x@example.com", "companyId=1&emailAddress=ann@example.com"] {
        let refused = ann.get(&format!("/user/get-user-by-email-address?{unknown}")).await.expect(404);
        assert!(refused.text().contains("NoSuchUserException"), "{refused}");
    }
}

#[tokio::test]
async fn basic_takes_address_screen_name_and_user_id_and_bearer_takes_a_token() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let server = Server::start().await;
    let ann = &server.world.ann;
    let basic = |login: &str, password: &str| format!("Basic {}", STANDARD.encode(format!("{login}:{password}")));
    let number = ann.person.number.to_string();
    for credential in [
        basic("ann@example.com", PASSWORD),
        basic("ann", PASSWORD),
        basic(&number, PASSWORD),
        format!("Bearer {}", ann.token),
        format!("bearer {}", ann.token),
    ] {
        let me = server.liferay_as(&credential).get("/user/get-current-user").await.expect(200).json();
        assert_eq!(me["userId"], number, "{credential}");
    }
    for credential in [
        basic("ann", "wrong"),
        basic("nobody", PASSWORD),
        "Basic !".into(),
        "Basic".into(),
        "Digest x".into(),
        String::new(),
    ] {
        let refused = server.liferay_as(&credential).get("/user/get-current-user").await.expect(403);
        assert_eq!(
            refused.json()["exception"],
            "Access denied to com.liferay.portal.kernel.service.UserService#getCurrentUser"
        );
        assert_eq!(refused.header("www-authenticate"), "", "{credential}");
        // what guests may do, they may
        assert_eq!(server.liferay_as(&credential).get("/portal/get-build-number").await.expect(200).text(), "7201");
    }
    let refused = server.liferay_as("Bearer nonsense").get("/portal/get-build-number").await.expect(401);
    assert!(refused.header("www-authenticate").starts_with("Bearer "));
    assert!(refused.json()["error"]["type"].is_string());
    let narrow = world::token(&server.vault, ann.person.id, &["Files.Read.All"]).await;
    let reader = server.liferay_as(&format!("Bearer {narrow}"));
    reader.get(&format!("/dlapp/get-file-entry?fileEntryId={}", server.plan_number())).await.expect(200);
    reader.check_out().await.expect(403);
}

#[tokio::test]
async fn wrong_passwords_get_401_where_the_setting_says_so() {
    let server = Server::start_with(&[("liferay.force_basic", "true")]).await;
    let refused = server.liferay_as("Basic bm9ib2R5Ong=").get("/user/get-current-user").await.expect(401);
    assert_eq!(refused.header("www-authenticate"), "Basic realm=\"PortalRealm\"");
    assert!(refused.json()["error"]["type"].is_string());
    server.liferay(&server.world.ann).get("/user/get-current-user").await.expect(200);
}

#[tokio::test]
async fn the_company_and_the_portal_name_themselves() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    assert_eq!(ann.get("/company/get-company-by-id?companyId=20097").await.expect(200).json()["companyId"], "20097");
    ann.get("/company/get-company-by-id?companyId=5").await.expect(404);
    assert_eq!(ann.get("/portal/get-version").await.expect(200).text(), "\"7.2.1\"");
}
