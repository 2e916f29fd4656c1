//! pyrena, a library: find, check out, be refused, cancel.

use crate::{
    python::Script,
    support::{arena::guid, server::Server, world::PASSWORD},
};

#[tokio::test]
#[ignore = "installs clients; .ci/run runs it"]
async fn pyrena_finds_checks_out_is_refused_and_cancels() {
    let Some(python) = Script::ready() else { return };
    let server = Server::start().await;
    let said = python.run(include_str!("pyrena_walk.py"), &[&server.url("/v1"), PASSWORD], &[]).await;
    insta::assert_snapshot!(said, @r#"
    log in: Ann Example Bob Example
    find by name: FILE-000001 plan.txt
    find by number: plan.txt
    find nothing: []
    find in a category: ['plan.txt']
    find by what is no attribute: HTTP Error 400 - The attribute "colour" is not searchable. (Arena Error Code 3019)
    show: 1 True False 5 text/plain
    content: b'first'
    editions: [('1', True)]
    corrections: []
    categories: ['File']
    attributes: True
    user: ann@example.com
    check out: True for review Ann Example
    check out what is checked out: HTTP Error 400 - The File cannot be updated. (Arena Error Code 3133)
    cancel somebody else's check-out: HTTP Error 400 - You do not have privileges to perform the requested operation. (Arena Error Code 3085)
    seen by the other: True ann@example.com True
    check in: HTTP Error 400 - The format of the request is not valid. Please check the syntax. (Arena Error Code 400)
    new content: HTTP Error 415 - The content type of the request is not supported. (Arena Error Code 415)
    cancel: False never mind
    cancel again: HTTP Error 400 - "This action cannot be completed. Cancelling a check out can only be performed on checked out Files." (Arena Error Code 3132)
    create: FILE-000002 WEB https://example.com/ None
    update: Another page html
    content of a page: HTTP Error 400 - The requested file with guid "GUID" does not have any content. Please make sure it is a valid file. (Arena Error Code 3028)
    show what is deleted: HTTP Error 400 - The guid "GUID" is not valid. (Arena Error Code 3011)
    after the logout: HTTP Error 400 - The attribute "email" is required. (Arena Error Code 3001)
    "#);

    let dora = server.arena(&server.world.dora).await;
    let file = dora.get(&format!("/v1/files/{}", guid(&server.world.file))).await.expect(200).json();
    assert_eq!((&file["checkedOut"], &file["latest"]), (&false.into(), &true.into()));
}
