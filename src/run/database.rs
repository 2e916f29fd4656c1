//! Which Postgres: the one that is configured, the private one, or the private one that another process already runs.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, anyhow};
use tokio::task::spawn_blocking;

use crate::{
    config::Config,
    embedded::{self, Dirs, Durability, Postgres, Settings},
};

/// The database in the private cluster.
const NAME: &str = "coatcheck";
/// How often the private server is looked after.
const LOOK: Duration = Duration::from_millis(500);
/// Another process may come or go between looking for it and starting.
const ATTEMPTS: usize = 3;

/// A database to connect to.
#[derive(Debug)]
pub struct Database {
    url: String,
    /// The server, where it is ours to stop.
    server: Option<Postgres>,
    embedded: bool,
}

impl Database {
    /// For the serving process: the configured one, or the private one, which must not be another's.
    pub async fn for_server(config: &Config) -> anyhow::Result<Self> {
        match Self::configured(config) {
            Some(database) => Ok(database),
            None => Self::start(settings(config)?).await.map_err(Into::into),
        }
    }

    /// For a command: the configured one, else the private one of a running server, else the private one, started.
    pub async fn for_command(config: &Config) -> anyhow::Result<Self> {
        if let Some(database) = Self::configured(config) {
            return Ok(database);
        }
        let settings = settings(config)?;
        for _ in 1..ATTEMPTS {
            let folder = settings.data_dir.clone();
            let running = blocking(move || embedded::running(&folder)).await??;
            if let Some(address) = running {
                return Ok(Self { url: address.url(NAME), server: None, embedded: true });
            }
            match Self::start(settings.clone()).await {
                Err(embedded::Error::InUse { .. }) => {}
                started => return Ok(started?),
            }
        }
        Ok(Self::start(settings).await?)
    }

    fn configured(config: &Config) -> Option<Self> {
        let url = &config.database.url;
        (!url.is_empty()).then(|| Self { url: url.expose().to_owned(), server: None, embedded: false })
    }

    async fn start(settings: Settings) -> Result<Self, embedded::Error> {
        let started = spawn_blocking(move || Postgres::start(&settings)).await;
        let server = started.unwrap_or_else(|stopped| std::panic::resume_unwind(stopped.into_panic()))?;
        Ok(Self { url: server.url(NAME), server: Some(server), embedded: true })
    }

    /// Where it is. Holds a password where one is configured: not for logs.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is a private one.
    pub fn is_embedded(&self) -> bool {
        self.embedded
    }

    /// Resolves when a private server of ours has died; never for any other.
    pub(super) async fn lost(&mut self) {
        while self.server.as_mut().is_none_or(Postgres::is_running) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Stops a private server that is ours.
    pub async fn stop(self) -> anyhow::Result<()> {
        match self.server {
            Some(server) => blocking(move || server.stop()).await?.context("the private Postgres did not stop cleanly"),
            None => Ok(()),
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> anyhow::Result<T> {
    spawn_blocking(work).await.context("a task has stopped")
}

/// The folders for data and cache: as configured, else the usual ones.
pub fn folders(config: &Config) -> anyhow::Result<Dirs> {
    let (around, set) = (&config.surroundings, &config.embedded);
    let usual = embedded::default_dirs(
        embedded::is_root(),
        around.home.as_deref(),
        around.xdg_data_home.as_deref(),
        around.xdg_cache_home.as_deref(),
    );
    let choose = |set: &Option<PathBuf>, usual: Option<PathBuf>| {
        let folder = set.clone().or(usual).ok_or_else(|| {
            anyhow!("there is no folder for data: HOME is not set; choose one with --data-dir or `embedded.data_dir`")
        })?;
        std::path::absolute(&folder).with_context(|| format!("{} is no folder", folder.display()))
    };
    let data = choose(&set.data_dir, usual.as_ref().map(|dirs| dirs.data.clone()))?;
    let cache = choose(&set.cache_dir, Some(usual.map_or_else(|| data.join("cache"), |dirs| dirs.cache)))?;
    Ok(Dirs { data, cache })
}

fn settings(config: &Config) -> anyhow::Result<Settings> {
    let Dirs { data, cache } = folders(config)?;
    Ok(Settings {
        bin_dir: config.embedded.bin_dir.clone(),
        search_path: config.surroundings.path.clone(),
        installed: embedded::well_known_folders(),
        data_dir: data,
        cache_dir: cache,
        database: Some(NAME.to_owned()),
        durability: Durability::Durable,
        allow_download: config.embedded.download,
    })
}
