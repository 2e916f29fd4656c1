//! msgraph-sdk, generated from the vendor's own description of the API.

use super::{ALICE, BOB, Demo};
use crate::python::Script;

#[tokio::test]
#[ignore = "installs clients; .ci/run runs it"]
async fn the_sdk_for_python_works_through_the_life_of_a_file() {
    let Some(python) = Script::ready() else { return };
    let demo = Demo::start();
    let base = format!("{}/v1.0", demo.server.base);
    let said = python.run(include_str!("sdk_walk.py"), &[&base, ALICE, BOB, &demo.builder()], &[]).await;
    insta::assert_snapshot!(said, @r#"
    drive: business Alice Adams normal Alice Adams
    me: alice@demo.example
    the drive of the site: documentLibrary Engineering
    folder: Plans 0 root
    the same folder again: 409 nameAlreadyExists None - An item with the same name already exists under the parent.
    small upload: small.txt 5 text/plain c2hDGNjABgAAAAAABQAAAAAAAAA=
    large upload: large.bin 1280000
    listed page by page: ['large.bin', 'page 0.txt', 'page 1.txt', 'page 2.txt', 'page 3.txt', 'page 4.txt', 'small.txt']
    download: b'small'
    download of what is large: True
    what is not there: 404 itemNotFound None - The resource could not be found.
    check out: checkout 1.0 Alice Adams
    the draft, for its holder and for others: b'changed' b'small'
    written by another: 423 notAllowed resourceLocked - The file is checked out for editing by Alice Adams.
    checked out by another: 423 notAllowed resourceLocked - The file is checked out for editing by Alice Adams.
    discarded by another: 423 notAllowed resourceLocked - The file is checked out for editing by Alice Adams.
    check in: b'changed'
    versions: [('2.0', 7, 'by the SDK'), ('1.0', 5, None)]
    the first version: b'small'
    restored: b'small' ['3.0', '2.0', '1.0']
    discarded by an application: b'small' b'small'
    check in what is not checked out: 400 invalidRequest None - The file is not checked out.
    rename: renamed.txt a plan
    copy: copied.txt 5
    search: ['copied.txt']
    link: view organization ['read']
    invite: [(['read'], 'Erin Evans')]
    what was deleted: 404 itemNotFound None - The resource could not be found.
    delta: [(None, 'deleted')]
    what was in a deleted folder: 404 itemNotFound None - The resource could not be found.
    "#);
}
