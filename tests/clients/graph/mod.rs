//! Clients of Graph's API: the vendor's SDKs for Python and JavaScript, as they are published.

mod javascript;
mod python;
mod readme;
mod sign_in;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{
    database::DurableFolder,
    process::{Process, program},
};

/// What the demo's people have for tokens.
const ALICE: &str = "demo-only-token-of-alice";
const BOB: &str = "demo-only-token-of-bob";

/// The demo as somebody starts it who has never seen it, with TLS.
struct Demo {
    server: Process,
    folder: DurableFolder,
    /// What has signed its certificate.
    authority: PathBuf,
}

impl Demo {
    fn start() -> Self {
        let folder = DurableFolder::new();
        let data = folder.path().join("data");
        let made = program(&data).args(["tls", "init"]).output().expect("the program starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let server = Process::start(&data, &["--demo", "--tls", "127.0.0.1:0"]);
        let authority = data.join("tls/ca.crt");
        Self { server, folder, authority }
    }

    /// How Python, with both of its usual HTTP stacks, and Node.js are told to trust the server's certificate, as
    /// `coatcheck tls init` says it.
    fn trusted(&self) -> [(&'static str, &Path); 3] {
        ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"].map(|name| (name, &*self.authority))
    }

    /// Where TLS is spoken, by a name.
    fn secure(&self) -> String {
        let address = self.server.ready["listening_tls"].as_str().expect("it serves TLS");
        address.replace("127.0.0.1", "localhost")
    }

    /// A token of the demo's application.
    fn builder(&self) -> String {
        let mut command = program(&self.folder.path().join("data"));
        let made = command.args(["token", "create", "demo-builder", "--scope", "Files.ReadWrite.All"]).output();
        let made: Value = serde_json::from_slice(&made.expect("the program starts").stdout).expect("JSON");
        made["token"].as_str().expect("a token").to_owned()
    }
}
