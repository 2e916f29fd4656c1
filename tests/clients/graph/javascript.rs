//! `@microsoft/microsoft-graph-client`, which takes https only.

use super::{ALICE, BOB, Demo};
use crate::node::Script;

#[tokio::test]
#[ignore = "installs clients; .ci/run runs it"]
async fn the_client_for_javascript_does_the_same_over_tls() {
    let Some(node) = Script::ready() else { return };
    let demo = Demo::start();
    let base = format!("{}/", demo.secure());
    let arguments = [&*base, ALICE, BOB, &demo.builder()];
    let said = node.run(include_str!("client_walk.mjs"), &arguments, &demo.trusted()).await;
    insta::assert_snapshot!(said, @r#"
    drive: business Alice Adams Alice Adams
    folder: Sketches 0
    the same folder again: 409 nameAlreadyExists  An item with the same name already exists under the parent.
    small upload: small.txt 5 text/plain
    large upload, into one's own drive: large.bin 1280000 [327679,655359,983039,1279999]
    large upload, resumed: large.bin 1280000
    too large a step: 416 invalidRange fragmentOutOfOrder The uploaded fragment is not the next one expected.
    listed page by page: ["large.bin","page 0.txt","page 1.txt","page 2.txt","page 3.txt","page 4.txt","small.txt"]
    download: small
    check out: checkout 1.0 Alice Adams
    the draft, for its holder and for others: changed small
    discarded by another: 423 notAllowed resourceLocked The file is checked out for editing by Alice Adams.
    versions: [["2.0",7,"by the client"],["1.0",5,null]]
    discarded by an application: changed
    batch: [204,204,200]
    batch, what it answered: 2
    delta: [{"state":"deleted"}]
    what was deleted: 404 itemNotFound  The resource could not be found.
    "#);
}
