//! Temporary files: what somebody keeps here for a while without making a file of it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{error::Error, person::Person};

/// Bytes under a name, for their owner alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemporaryFile {
    /// Our key.
    pub id: Uuid,
    /// Liferay's number.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// In bytes.
    pub size: i64,
    /// Whose it is.
    pub owner: Arc<Person>,
    /// When it was brought.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
}

/// Why something is not kept.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The caller has as many temporary files as one may have.
    #[error("too many temporary files")]
    TooMany,
    /// As for making a file in the folder.
    #[error(transparent)]
    Vault(#[from] Error),
}
