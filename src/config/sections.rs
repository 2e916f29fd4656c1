//! The sections as types. Sentences about each key stand in `config/default.toml`, which a test holds against these.
#![expect(missing_docs, reason = "config/default.toml documents every key; a test compares the two")]

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use uuid::Uuid;

use super::Secret;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    #[serde(with = "address")]
    pub listen: Option<SocketAddr>,
    #[serde(with = "blank")]
    pub public_url: Option<String>,
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    pub max_connections: usize,
    pub head_seconds: Seconds,
    pub idle_seconds: Seconds,
    pub body_pause_seconds: Seconds,
    pub write_pause_seconds: Seconds,
    pub request_seconds: Seconds,
    pub drain_notice_seconds: Seconds,
    pub drain_seconds: Seconds,
    pub max_address_bytes: usize,
    pub max_head_bytes: usize,
    pub max_header_lines: usize,
    pub max_text_bytes: usize,
    pub max_parts: usize,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    #[serde(with = "address")]
    pub listen: Option<SocketAddr>,
    #[serde(with = "blank")]
    pub certificate: Option<PathBuf>,
    #[serde(with = "blank")]
    pub key: Option<PathBuf>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    pub url: Secret,
    #[serde(with = "blank")]
    pub url_file: Option<PathBuf>,
    pub max_connections: u32,
    pub acquire_seconds: Seconds,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Embedded {
    #[serde(with = "blank")]
    pub data_dir: Option<PathBuf>,
    #[serde(with = "blank")]
    pub cache_dir: Option<PathBuf>,
    #[serde(with = "blank")]
    pub bin_dir: Option<PathBuf>,
    pub download: bool,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    #[serde(with = "blank")]
    pub location: Option<String>,
    #[serde(with = "blank")]
    pub options_file: Option<PathBuf>,
    pub inline_bytes: usize,
    pub max_file_bytes: u64,
    pub grace_hours: u32,
    pub sweep_minutes: u32,
    pub options: BTreeMap<String, Secret>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    pub argon2_memory_kib: u32,
    pub argon2_passes: u32,
    pub argon2_lanes: u32,
    pub argon2_parallel: usize,
    pub basic_cache_seconds: Seconds,
    pub revocation_milliseconds: u32,
    pub token_minutes: u32,
    pub refresh_token_days: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Arena {
    pub enabled: bool,
    pub session_minutes: u32,
    pub request_limit: u32,
    pub failed_logins: u32,
    pub failed_logins_per_address: u32,
    pub failed_login_minutes: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Oracle {
    pub enabled: bool,
    pub tenant_suffix: String,
    pub token_minutes: u32,
    pub wrong_codes_per_link: u32,
    pub wrong_codes_per_address: u32,
    pub wrong_code_minutes: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    pub enabled: bool,
    pub tenant_id: Uuid,
    pub download_url_minutes: u32,
    pub upload_session_hours: u32,
    pub anonymous_links: bool,
    pub notification_hosts: Vec<String>,
    #[serde(deserialize_with = "networks")]
    pub notification_networks: Vec<IpNet>,
    pub notification_seconds: Seconds,
    pub relay_milliseconds: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Liferay {
    pub enabled: bool,
    pub build: String,
    pub company_id: i64,
    pub lock_limit_milliseconds: i64,
    pub endless_locks: bool,
    pub lock_expiry: LockExpiry,
    pub temporary_file_hours: u32,
    pub temporary_files: u32,
    pub list_limit: u32,
    pub search_limit: u32,
    pub force_basic: bool,
    pub strict_http_methods: bool,
    pub jsonp: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LockExpiry {
    Cancel,
    CheckIn,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Locks {
    pub rescued_draft_days: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    pub filter: String,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// Whole seconds.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Seconds(pub u32);

impl From<Seconds> for Duration {
    fn from(seconds: Seconds) -> Self {
        Self::from_secs(seconds.0.into())
    }
}

/// Variables that are not settings but decide where folders and programs are.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Surroundings {
    pub path: Option<OsString>,
    pub home: Option<PathBuf>,
    pub xdg_data_home: Option<PathBuf>,
    pub xdg_cache_home: Option<PathBuf>,
}

impl Surroundings {
    pub(super) fn of(environment: &[(OsString, OsString)]) -> Self {
        let find = |name: &str| {
            let found = environment.iter().find(|(key, value)| key == name && !value.is_empty());
            found.map(|(_, value)| value.clone())
        };
        Self {
            path: find("PATH"),
            home: find("HOME").map(PathBuf::from),
            xdg_data_home: find("XDG_DATA_HOME").map(PathBuf::from),
            xdg_cache_home: find("XDG_CACHE_HOME").map(PathBuf::from),
        }
    }
}

/// An empty text stands for "not set", so that every key can stand in the default file.
mod blank {
    use super::{Deserialize, Deserializer, OsStr, Serializer};

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(super) fn serialize<T, S>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: AsRef<OsStr>,
        S: Serializer,
    {
        serializer.serialize_str(&value.as_ref().map(|value| value.as_ref().to_string_lossy()).unwrap_or_default())
    }

    pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: From<String>,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(deserializer)?;
        Ok((!text.is_empty()).then(|| text.into()))
    }
}

/// An empty text stands for "no listener".
mod address {
    use super::{Deserialize, Deserializer, Error, Serializer, SocketAddr};

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(super) fn serialize<S: Serializer>(value: &Option<SocketAddr>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.map(|address| address.to_string()).unwrap_or_default())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(D::Error::custom),
        }
    }
}

/// A bare address is the network of that one address.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let read = |text: &String| {
        let one = || text.parse::<IpAddr>().map(IpNet::from);
        let network = text.parse::<IpNet>().ok().or_else(|| one().ok());
        network.ok_or_else(|| D::Error::custom(format_args!("{text:?} is no IP address or network")))
    };
    texts.iter().map(read).collect()
}
