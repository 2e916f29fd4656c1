//! Opening the content store as configured. Where the settings come from is for `config` to know.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use object_store::aws::AmazonS3ConfigKey;
use object_store::azure::AzureConfigKey;
use object_store::gcp::GoogleConfigKey;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreScheme, parse_url_opts};
use reqwest::Url;

use super::error::OpenError;
use super::local::Folder;
use super::{CHUNK, ContentStore, Inner};

/// What the content store is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where blobs lie.
    pub location: Location,
    /// Content of at most so many bytes stays in the row that names it. Below 512 KiB.
    pub inline_limit: usize,
}

impl Settings {
    /// 16 KiB (design.md section 6).
    pub const INLINE_LIMIT: usize = 16 * 1024;

    /// At `location`, with the usual limit.
    pub fn at(location: Location) -> Self {
        Self { location, inline_limit: Self::INLINE_LIMIT }
    }
}

/// Where blobs lie.
#[derive(Clone)]
pub enum Location {
    /// In a folder of this machine, or one that all nodes have mounted.
    Local(PathBuf),
    /// In S3, Google Cloud Storage or Azure, or in the folder of a `file://` URL.
    Url {
        /// As in `s3://bucket/prefix`.
        url: String,
        /// Credentials, region, endpoint and the like, under the names `object_store` knows.
        options: Vec<(String, String)>,
    },
}

/// Names the options and shows none: they hold credentials.
impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => f.debug_tuple("Local").field(path).finish(),
            Self::Url { url, options } => {
                let names: Vec<&str> = options.iter().map(|(name, _)| name.as_str()).collect();
                f.debug_struct("Url").field("url", url).field("options", &names).finish()
            }
        }
    }
}

impl ContentStore {
    /// Opens the store; makes a local folder that is not there. Whether a remote store can be reached shows with
    /// [`ContentStore::probe`].
    pub fn open(settings: &Settings) -> Result<Self, OpenError> {
        let inline_limit = settings.inline_limit;
        if inline_limit >= CHUNK {
            return Err(OpenError::InlineLimit { limit: inline_limit, most: CHUNK - 1 });
        }
        let (objects, folder) = match &settings.location {
            Location::Local(path) => local(path)?,
            Location::Url { url, options } => remote(url, options)?,
        };
        Ok(Self(Arc::new(Inner { objects, folder, inline_limit })))
    }
}

type Opened = (Box<dyn ObjectStore>, Option<Folder>);

fn local(path: &Path) -> Result<Opened, OpenError> {
    let folder = Folder::open(path)?;
    let files = LocalFileSystem::new_with_prefix(folder.path())
        .map_err(|source| OpenError::Store { url: folder.path().display().to_string(), source: source.into() })?;
    Ok((Box::new(files.with_fsync(true)), Some(folder)))
}

fn remote(text: &str, options: &[(String, String)]) -> Result<Opened, OpenError> {
    let unknown = || OpenError::Url { url: text.to_owned() };
    let url = Url::parse(text).map_err(|_| unknown())?;
    let (scheme, _) = ObjectStoreScheme::parse(&url).map_err(|_| unknown())?;
    #[expect(clippy::wildcard_enum_match_arm, reason = "kinds to come are unknown as well")]
    let known: fn(&str) -> bool = match scheme {
        ObjectStoreScheme::Local => |_| false,
        ObjectStoreScheme::AmazonS3 => names::<AmazonS3ConfigKey>,
        ObjectStoreScheme::GoogleCloudStorage => names::<GoogleConfigKey>,
        ObjectStoreScheme::MicrosoftAzure => names::<AzureConfigKey>,
        // Memory forgets, and plain HTTP has no uploads that are all or nothing.
        _ => return Err(unknown()),
    };
    // `object_store` passes over options it does not know; a misspelt one would only show as a riddle later.
    if let Some((name, _)) = options.iter().find(|(name, _)| !known(name)) {
        return Err(OpenError::Option { url: text.to_owned(), name: name.clone() });
    }
    if scheme == ObjectStoreScheme::Local {
        return local(&url.to_file_path().map_err(|()| unknown())?);
    }
    // One of the process, wanted before the first client is built; it may have been set already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = options.iter().map(|(name, value)| (name, value));
    let (store, prefix) = parse_url_opts(&url, options)
        .map_err(|source| OpenError::Store { url: text.to_owned(), source: source.into() })?;
    Ok((Box::new(PrefixStore::new(store, prefix)), None))
}

fn names<K: FromStr>(option: &str) -> bool {
    option.to_ascii_lowercase().parse::<K>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str, options: &[(&str, &str)]) -> Result<ContentStore, OpenError> {
        let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ContentStore::open(&Settings::at(Location::Url { url: url.to_owned(), options }))
    }

    #[tokio::test]
    async fn the_three_clouds_open_by_url_and_options() {
        let secret = ("secret_access_key", "secret");
        assert!(at("s3://bucket/deep/prefix", &[("region", "eu-west-1"), ("access_key_id", "key"), secret]).is_ok());
        assert!(at("az://container", &[("account_name", "name"), ("account_key", "c2VjcmV0")]).is_ok());
        assert!(at("gs://bucket", &[("google_skip_signature", "true")]).is_ok());
    }

    #[tokio::test]
    async fn opening_a_second_remote_store_is_fine() {
        for _ in 0..2 {
            assert!(at("s3://bucket", &[("region", "eu-west-1")]).is_ok());
        }
    }

    #[test]
    fn a_misspelt_option_is_an_error_that_names_it_and_not_its_value() {
        let said = at("s3://bucket", &[("secret_acces_key", "hush")]).unwrap_err().to_string();
        assert!(said.contains("no option secret_acces_key") && !said.contains("hush"), "{said}");
    }

    #[test]
    fn what_cannot_keep_content_is_refused() {
        for url in ["memory:///", "http://example.com/dav", "ftp://example.com", "no url"] {
            assert!(matches!(at(url, &[]), Err(OpenError::Url { .. })), "{url}");
        }
    }

    #[test]
    fn settings_print_no_credential() {
        let options = vec![("secret_access_key".to_owned(), "hush".to_owned())];
        let settings = Settings::at(Location::Url { url: "s3://bucket".to_owned(), options });
        assert!(!format!("{settings:?}").contains("hush"));
    }

    #[test]
    fn a_file_url_is_a_local_folder() {
        let dir = tempfile::tempdir().unwrap();
        let url = Url::from_directory_path(dir.path().join("made")).unwrap();
        assert!(at(url.as_str(), &[]).unwrap().0.folder.is_some());
        assert!(dir.path().join("made").is_dir());
    }

    #[test]
    fn an_inline_limit_that_no_row_should_hold_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings { location: Location::Local(dir.path().to_owned()), inline_limit: CHUNK };
        assert!(matches!(ContentStore::open(&settings), Err(OpenError::InlineLimit { .. })));
    }
}
