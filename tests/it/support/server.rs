//! The real server over a database and a content folder of its own, on a port of its own, with a clock that stands still.

use std::net::SocketAddr;

use coatcheck::{
    app,
    config::{Config, Sources},
    content::{ContentStore, Location, Settings as ContentSettings},
    domain::clock::Clock,
    http::{health::Draining, serve},
    vault::Vault,
};
use sqlx::postgres::PgPoolOptions;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::{
    answer::Answer,
    database::TestDatabase,
    world::{self, World},
};

/// A running server. It stops when it is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub vault: Vault,
    pub config: Config,
    pub clock: Clock,
    /// People, libraries, files and tokens that every test may use.
    pub world: World,
    pub database: TestDatabase,
    pub content: TempDir,
    pub http: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

/// The moment at which every test begins.
pub const START: &str = "2026-03-04T05:06:07Z";

impl Server {
    /// A server with the world of `support/world.rs`.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with some settings changed, such as `("arena.request_limit", "3")`.
    pub async fn start_with(settings: &[(&'static str, &str)]) -> Self {
        let database = super::database().await;
        let content = tempfile::tempdir().expect("there is a place for temporary files");
        let clock = Clock::standing_at(START.parse().expect("a moment"));
        let config = config(settings);
        let vault = open_vault(&database.url, content.path(), clock.clone(), &config).await;
        let world = world::build(&vault).await;
        let (address, stop, serving) = serve_on_some_port(vault.clone(), &config).await;
        Self { address, vault, config, clock, world, database, content, http: client(), stop: Some(stop), serving }
    }

    /// One more node over the same database and content.
    pub async fn another_node(&self) -> (SocketAddr, Vault) {
        let vault = open_vault(&self.database.url, self.content.path(), self.clock.clone(), &self.config).await;
        let (address, stop, serving) = serve_on_some_port(vault.clone(), &self.config).await;
        tokio::spawn(async move {
            let _stop = stop;
            let _ = serving.await;
        });
        (address, vault)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        Answer::read(request.send().await.expect("the server answers")).await
    }

    pub fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(self.url(path))
    }

    pub fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(self.url(path))
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method.parse().expect("a method"), self.url(path))
    }

    /// Lets time pass.
    pub fn advance(&self, by: chrono::Duration) {
        self.clock.advance(by);
    }

    /// Stops accepting, finishes, and waits for it.
    pub async fn stop(&mut self) {
        drop(self.stop.take());
        (&mut self.serving).await.expect("the server stops in order");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A client that follows no redirect and knows no proxy.
pub fn client() -> reqwest::Client {
    // whoever comes first installs it
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client")
}

/// The built-in configuration with cheap passwords and these changes.
pub fn config(settings: &[(&'static str, &str)]) -> Config {
    let cheap = [("auth.argon2_memory_kib", "8"), ("auth.argon2_passes", "1")];
    let environment = cheap.iter().chain(settings).map(|(key, value)| {
        let name = format!("COATCHECK__{}", key.replace('.', "__").to_uppercase());
        (name.into(), (*value).into())
    });
    let read = |_: &std::path::Path| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    Config::load(Sources { file: None, environment: environment.collect(), flags: Vec::new(), read: &read })
        .unwrap_or_else(|error| panic!("{error}"))
}

/// A vault as the server opens it.
pub async fn open_vault(url: &str, content: &std::path::Path, clock: Clock, config: &Config) -> Vault {
    open_vault_with(url, content, clock, app::vault_settings(config)).await
}

/// The same with settings of one's own.
pub async fn open_vault_with(
    url: &str,
    content: &std::path::Path,
    clock: Clock,
    settings: coatcheck::vault::Settings,
) -> Vault {
    let db = PgPoolOptions::new().max_connections(8).test_before_acquire(false).connect(url).await.expect("a pool");
    let content =
        ContentStore::open(&ContentSettings::at(Location::Local(content.to_owned()))).expect("a content store");
    Vault::open(db, content, clock, settings).await.expect("a vault")
}

async fn serve_on_some_port(vault: Vault, config: &Config) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let draining = Draining::default();
    let router = app::router(app::hall(vault.clone(), config), config, draining.clone());
    let limits = app::connection_limits(config);
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        serve::serve(listener, router, limits, draining, async {
            let _ = stopped.await;
        })
        .await;
        vault.finish().await;
    });
    (address, stop, serving)
}
