//! msgraph-sdk, generated from the vendor's own description of the API, and what it signs in with.

use super::{ALICE, BOB, Demo};
use crate::{environment, python::Script};

#[tokio::test]
#[ignore = "installs clients; .ci/run runs it"]
async fn the_sdk_uploads_checks_out_is_refused_checks_in_and_discards() {
    let Some(python) = Script::ready() else { return };
    let demo = Demo::start();
    let base = format!("{}/v1.0", demo.server.base);
    let said = python.run("graph/sdk_walk.py", &[&base, ALICE, BOB, &demo.builder()]).await;
    insta::assert_snapshot!(said, @"");
}

#[tokio::test]
#[ignore = "installs clients; .ci/run runs it"]
async fn azure_identity_and_msal_sign_in_over_tls() {
    let Some(python) = Script::ready() else { return };
    let demo = Demo::start();
    let authority = demo.authority();
    let trusted = [("SSL_CERT_FILE", authority.as_path()), ("REQUESTS_CA_BUNDLE", authority.as_path())];
    let said = python.run_file(&environment::source("graph/identity_walk.py"), &[&demo.secure()], &trusted).await;
    insta::assert_snapshot!(said, @"");
}
