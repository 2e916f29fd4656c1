//! `Config`, and the only reader of files and environment. What a setting does is said in `config/default.toml`.

mod check;
mod layers;
mod secret;
mod sections;

use std::{
    ffi::OsString,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

pub use self::{
    layers::Origin,
    secret::{REDACTED, Secret},
    sections::{
        Arena, Auth, Content, Database, Embedded, Graph, Liferay, LockExpiry, Locks, Log, LogFormat, Oracle, Seconds,
        Server, Surroundings, Tls,
    },
};

/// The built-in defaults, comments included.
pub const DEFAULT: &str = include_str!("../../config/default.toml");

/// Every setting. Unknown keys are refused while it is read.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The listener and its limits.
    pub server: Server,
    /// The listener that speaks TLS.
    pub tls: Tls,
    /// The Postgres that is used when it is named.
    pub database: Database,
    /// The private Postgres that is started otherwise.
    pub embedded: Embedded,
    /// Where bytes lie.
    pub content: Content,
    /// Passwords and tokens.
    pub auth: Auth,
    /// The Arena dialect.
    pub arena: Arena,
    /// The Oracle dialect.
    pub oracle: Oracle,
    /// The Graph dialect.
    pub graph: Graph,
    /// The Liferay dialect.
    pub liferay: Liferay,
    /// Locks in all dialects.
    pub locks: Locks,
    /// The log.
    pub log: Log,
    /// What else of the environment the program needs; not a setting.
    #[serde(skip)]
    pub surroundings: Surroundings,
}

/// A flag of the command line that sets a key.
#[derive(Clone, Debug)]
pub struct Flag {
    /// The flag as it was typed, for messages: `--listen`.
    pub name: &'static str,
    /// The key it sets: `server.listen`.
    pub key: &'static str,
    /// The value as it was typed.
    pub value: String,
}

/// Everything a configuration is made of, so that reading one is a function.
pub struct Sources<'a> {
    /// The file named by `--config`.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The flags that were given.
    pub flags: Vec<Flag>,
    /// Reads a text file.
    pub read: &'a dyn Fn(&Path) -> io::Result<String>,
}

/// Whether secrets are shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Secrets {
    /// As `[redacted]`.
    Redacted,
    /// As they are, for a person at a terminal who asked for them.
    Shown,
}

impl Config {
    /// Reads this process's files and environment. The only place of the program that does.
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
    pub fn from_process(file: Option<PathBuf>, flags: Vec<Flag>) -> Result<Self, ConfigError> {
        let read = |path: &Path| fs::read_to_string(path);
        Self::load(Sources { file, environment: std::env::vars_os().collect(), flags, read: &read })
    }

    /// Puts the layers on each other and checks the result. All problems are reported at once.
    pub fn load(sources: Sources<'_>) -> Result<Self, ConfigError> {
        let mut layers = layers::Layers::new(sources.read);
        layers.add_file(sources.file, &sources.environment);
        layers.add_environment(&sources.environment);
        layers.add_flags(&sources.flags);
        let mut config = layers.read()?;
        config.surroundings = Surroundings::of(&sources.environment);
        Ok(config)
    }

    /// The settings as TOML that can be read again, once secrets are filled in.
    pub fn print(&self, secrets: Secrets) -> Result<String, toml::ser::Error> {
        let mut table = toml::Table::try_from(self)?;
        if secrets == Secrets::Shown {
            let mut show = |section: &str, key: &str, secret: &Secret| {
                if let Some(toml::Value::Table(section)) = table.get_mut(section) {
                    section.insert(key.to_owned(), secret.expose().into());
                }
            };
            show("database", "url", &self.database.url);
            let options = self.content.options.iter();
            let options = options.map(|(key, secret)| (key.clone(), secret.expose().into())).collect();
            if let Some(toml::Value::Table(content)) = table.get_mut("content") {
                content.insert("options".to_owned(), toml::Value::Table(options));
            }
        }
        toml::to_string(&table)
    }
}

/// One thing that is wrong, where it came from, and what to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// What is wrong and what to do about it. Never holds a secret's text.
    pub what: String,
    /// Which layer said so; `None` when several settings do not go together.
    pub origin: Option<Origin>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(origin) => write!(f, "{origin}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used:")?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        f.write_str("\nconfig/default.toml lists every setting; `coatcheck config check` tries a configuration")
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests;
