//! MSAL and azure-identity, which take https only: how the vendor's SDKs come by their tokens.

use super::Demo;
use crate::python::Script;

/// The tenant that a server has unless it is told another, as `config/default.toml` says.
const TENANT: &str = "6f1a0c52-7d7e-4c38-9b0e-5c1d2f3a4b60";
/// The demo's application that keeps no secret.
const TERMINAL: &str = "5d1f8a3e-2b64-4c0e-9d77-0a4be1c6f210";

#[tokio::test]
#[ignore = "installs clients; .ci/run runs it"]
async fn the_vendors_libraries_sign_in_over_tls() {
    let Some(python) = Script::ready() else { return };
    let demo = Demo::start();
    let arguments = [&*demo.secure(), TENANT, TERMINAL];
    let said = python.run(include_str!("sign_in_walk.py"), &arguments, &demo.trusted()).await;
    insta::assert_snapshot!(said, @r"
    azure-identity, an application's secret: Engineering
    azure-identity, a wrong secret: Authentication failed: AADSTS7000215: Invalid client secret provided.
    MSAL, an application's secret: Bearer True
    MSAL, from its cache: cache
    MSAL, a device code that nobody has typed: authorization_pending
    MSAL, a device code: Alice Adams alice@demo.example
    MSAL, its account: alice@demo.example True
    MSAL, refreshed: Alice Adams True
    azure-identity, a device code: Alice Adams
    azure-identity, its account: alice@demo.example
    MSAL, a browser: Alice Adams True
    MSAL, the same code again: invalid_grant
    azure-identity, a browser: Alice Adams
    ");
}
