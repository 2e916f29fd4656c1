//! The serving process: what is started in which order, and stopped in the reverse one. What is served is put together
//! in `app`; what is printed for people is the command line's business.

mod database;
mod lapses;
mod logs;
pub mod relay;
mod sweeper;
pub mod tls;
mod turns;

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, bail};
use axum::Router;
use sqlx::{
    Connection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{net::TcpListener, signal::unix};
use tokio_util::sync::CancellationToken;

use self::relay::Relay;
pub use self::{
    database::{Database, folders},
    logs::start_logs,
};
use crate::{
    app,
    config::Config,
    content::{ContentStore, Location, Settings as ContentSettings},
    domain::clock::Clock,
    http::{
        health::Draining,
        serve::{self, Doors},
        tls::Tls,
    },
    store,
    vault::Vault,
};

/// A database that hangs must not keep us from going.
const CLOSING: Duration = Duration::from_secs(5);

/// A connection that was idle for so long is asked whether it lives before it is used.
const LONG_IDLE: Duration = Duration::from_secs(2);

/// An open vault, and the pool it works on.
pub struct Opened {
    /// The vault.
    pub vault: Vault,
    pool: PgPool,
}

impl Opened {
    /// Lets changes that were begun come to their end, and gives the connections back.
    pub async fn close(self) {
        self.vault.finish().await;
        if tokio::time::timeout(CLOSING, self.pool.close()).await.is_err() {
            tracing::warn!("the database did not take its connections back in {} s", CLOSING.as_secs());
        }
    }
}

/// Brings the schema up to date and opens the vault over it.
pub async fn open_vault(config: &Config, database: &Database) -> anyhow::Result<Opened> {
    let url = database.url();
    let options: PgConnectOptions =
        url.parse().context("`database.url` cannot be read; it looks like postgres://user:password@host/database")?;
    store::migrate::migrate(url).await.with_context(|| {
        let host = options.get_host();
        let advice = "check that it runs and that DATABASE_URL names it, or leave that unset for a private one";
        let place = options.get_database().unwrap_or("postgres");
        if database.is_embedded() {
            "the private Postgres cannot be used".to_owned()
        } else {
            format!("database {place:?} at {host}:{} cannot be used; {advice}", options.get_port())
        }
    })?;
    let pool = PgPoolOptions::new()
        .max_connections(config.database.max_connections)
        .acquire_timeout(config.database.acquire_seconds.into())
        // Asking each time would double the round trips; a connection that has lain idle may have died meanwhile.
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for > LONG_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options.application_name("coatcheck"))
        .await
        .context("the database takes no connections")?;
    let content = ContentStore::open(&content_settings(config)?).context("the content store cannot be opened")?;
    let vault = Vault::open(pool.clone(), content, Clock::Database, app::vault_settings(config))
        .await
        .context("the vault cannot be opened")?;
    Ok(Opened { vault, pool })
}

fn content_settings(config: &Config) -> anyhow::Result<ContentSettings> {
    let location = match &config.content.location {
        Some(url) if url.contains("://") => Location::Url {
            url: url.clone(),
            options: config
                .content
                .options
                .iter()
                .map(|(name, secret)| (name.clone(), secret.expose().to_owned()))
                .collect(),
        },
        Some(folder) => Location::Local(folder.into()),
        None => Location::Local(folders(config)?.data.join("content")),
    };
    Ok(ContentSettings { location, inline_limit: config.content.inline_bytes })
}

/// Resolves at the first signal to stop, also at one that came before anybody waited.
pub struct Signal(tokio::task::JoinHandle<std::io::Result<()>>);

impl Signal {
    /// From now on SIGTERM and SIGINT are ours to answer.
    pub fn catch() -> Self {
        Self(tokio::spawn(serve::shutdown_signal()))
    }

    async fn given(self) {
        match self.0.await {
            Ok(Ok(())) => tracing::info!("told to stop; finishing what was begun"),
            Ok(Err(error)) => tracing::error!(%error, "signals cannot be received; stopping"),
            Err(error) => tracing::error!(%error, "nobody waits for signals any more; stopping"),
        }
    }
}

/// A house that is put together and has its ports, and answers nobody yet.
pub struct House {
    /// Where it will answer.
    pub addresses: Addresses,
    doors: Doors,
    renewal: Option<(Tls, unix::Signal)>,
    relay: Option<Relay>,
    router: Router,
    draining: Draining,
}

/// Where a server answers: at one of the two or both.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// Without TLS.
    pub plain: Option<SocketAddr>,
    /// With TLS.
    pub secure: Option<SocketAddr>,
}

/// Puts the house together and takes the ports, so that what does not work is known before anything is told to people.
/// `tls` is what [`tls::open`] has read for these settings.
pub async fn prepare(config: &Config, opened: &Opened, tls: Option<Tls>) -> anyhow::Result<House> {
    lapses::declare(&opened.vault).await.context("the database does not take what becomes of check-outs that end")?;
    let draining = Draining::default();
    let hall = app::hall(opened.vault.clone(), config);
    let relay = Relay::new(opened.vault.clone(), hall.outgoing.clone(), app::words(hall.clone()));
    let relay = config.graph.enabled.then_some(relay);
    let router = app::router(hall, config, draining.clone());
    let (mut doors, mut addresses) = (Doors::default(), Addresses { plain: None, secure: None });
    let mut renewal = None;
    if let Some(wanted) = config.server.listen {
        let (listener, address) = listen(wanted, "--listen").await?;
        (doors.plain, addresses.plain) = (Some(listener), Some(address));
    }
    if let (Some(wanted), Some(tls)) = (config.tls.listen, tls) {
        let (listener, address) = listen(wanted, "--tls").await?;
        (doors.secure, addresses.secure) = (Some((listener, tls.clone())), Some(address));
        renewal = Some((tls, tls::hangups()?));
    }
    Ok(House { addresses, doors, renewal, relay, router, draining })
}

async fn listen(wanted: SocketAddr, flag: &str) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(wanted).await.with_context(|| {
        format!("cannot listen on {wanted}; stop what listens there, or choose another address with {flag}")
    })?;
    let address = listener.local_addr().context("the listener has no address")?;
    Ok((listener, address))
}

/// Serves until the signal comes or the database is gone for good; then not ready, draining, finishing what was begun,
/// giving the connections back, in this order. The database itself is the caller's to stop.
pub async fn serve(
    config: &Config,
    database: &mut Database,
    opened: Opened,
    house: House,
    signal: Signal,
) -> anyhow::Result<()> {
    let House { addresses: _, doors, renewal, relay, router, draining } = house;
    let sweeper = sweeper::start(opened.vault.clone(), config.content.sweep_minutes);
    let lapses = lapses::start(opened.vault.clone());
    let period = Duration::from_millis(config.graph.relay_milliseconds.into());
    let stopping = CancellationToken::new();
    let relay = relay.map(|relay| relay.start(period, stopping.clone()));
    let renewal = renewal.map(|(tls, hangups)| tls::watch(tls, hangups));
    let mut lost = false;
    let stop = async {
        tokio::select! {
            () = signal.given() => {}
            () = database.lost() => {
                tracing::error!("the private Postgres has stopped by itself; stopping");
                lost = true;
            }
        }
        // what it is at may come to its end while connections drain
        stopping.cancel();
    };
    let drained = serve::serve(doors, router, app::connection_limits(config), draining, stop).await;
    tracing::info!(open = drained.open, cut = drained.cut, "drained");
    sweeper.abort();
    for task in [lapses, relay, renewal].into_iter().flatten() {
        task.abort();
    }
    opened.close().await;
    if lost {
        bail!(
            "the private Postgres has stopped by itself; its log is {}; start again, which recovers what was committed",
            folders(config)?.data.join("postgres.log").display()
        );
    }
    Ok(())
}
