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
    let said = python.run("arena/pyrena_walk.py", &[&server.url("/v1"), PASSWORD]).await;
    insta::assert_snapshot!(said, @"");

    let dora = server.arena(&server.world.dora).await;
    let file = dora.get(&format!("/v1/files/{}", guid(&server.world.file))).await.expect(200).json();
    assert_eq!((&file["checkedOut"], &file["latest"]), (&false.into(), &true.into()));
}
