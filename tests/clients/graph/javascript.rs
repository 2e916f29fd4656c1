//! `@microsoft/microsoft-graph-client`, which takes https only.

use super::{ALICE, BOB, Demo};
use crate::node::Script;

#[tokio::test]
#[ignore = "installs clients; .ci/run runs it"]
async fn the_client_for_javascript_does_the_same_over_tls() {
    let Some(node) = Script::ready() else { return };
    let demo = Demo::start();
    let base = format!("{}/", demo.secure());
    let authority = demo.authority();
    let trusted = [("NODE_EXTRA_CA_CERTS", authority.as_path())];
    let said = node.run(include_str!("client_walk.mjs"), &[&base, ALICE, BOB, &demo.builder()], &trusted).await;
    insta::assert_snapshot!(said, @"");
}
