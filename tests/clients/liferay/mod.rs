//! Clients of Liferay's JSON web services, as they are published.

use std::fs;

use crate::{
    node::Script,
    support::{database::DurableFolder, process::Process},
};

/// The release that the connector was written for: it asks for the build before anything else, and knows no later one.
const BUILD: &str = "Liferay Community Edition Portal 7.0.3 GA4 (Wilberforce / Build 7003 / March 28, 2017)";

#[tokio::test]
#[ignore = "installs clients; .ci/run runs it"]
async fn the_connectors_for_javascript_check_out_update_check_in_and_cancel() {
    let Some(node) = Script::ready() else { return };
    let folder = DurableFolder::new();
    let config = folder.path().join("coatcheck.toml");
    fs::write(&config, format!("[liferay]\nbuild = \"{BUILD}\"\n")).expect("a file");
    let config = config.to_str().expect("text");
    let server = Process::start(&folder.path().join("data"), &["--demo", "--config", config]);
    let said = node.run(include_str!("connector_walk.mjs"), &[&server.base], &[]).await;
    insta::assert_snapshot!(said, @r#"
    signed in: 7.0 alice@demo.example ["Engineering","Marketing"]
    a wrong password: 403 java.lang.SecurityException Access denied to com.liferay.portal.kernel.service.GroupService#getUserSitesGroups
    added: plan.txt 1.0 5 text/plain
    check out: {}
    is checked out: true true
    for another: false
    updated: 1.0
    versions: [["PWC",2,"7",""],["1.0",0,"5",""]]
    checked out by another: 500 com.liferay.portal.kernel.lock.DuplicateLockException 
    updated by another: 500 com.liferay.document.library.kernel.exception.FileEntryLockException$MustOwnLock 
    checked in by another: 500 com.liferay.document.library.kernel.exception.FileEntryLockException$MustOwnLock 
    cancel: {}
    versions: [["1.0",0,"5",""]]
    cancel what is not checked out: {}
    versions: [["2.0",0,"2","MAJOR"],["1.1",0,"1","MINOR"],["1.0",0,"5",""]]
    lock: Alice Adams  86400000 false
    cancelled by another: 403 com.liferay.portal.kernel.security.auth.PrincipalException$MustHavePermission User N must have OVERRIDE_CHECKOUT permission for com.liferay.document.library.kernel.model.DLFileEntry N
    cancelled by an administrator: {}
    is checked out: false
    batch: [null,null,7003]
    what is not there: 404 com.liferay.document.library.kernel.exception.NoSuchFileEntryException No FileEntry exists with the key {fileEntryId=1}
    no such method: 404 com.liferay.portal.kernel.jsonwebservice.NoSuchJSONWebServiceException No JSON web service action with path /dlapp/nope and method null for null
    a number that is none: Error Server responded with 500: Internal Server Error 
    listed: ["plan.txt","review.md"]
    deleted: {}
    what was deleted: 404 com.liferay.document.library.kernel.exception.NoSuchFileEntryException No FileEntry exists with the key {fileEntryId=N}
    "#);
}
