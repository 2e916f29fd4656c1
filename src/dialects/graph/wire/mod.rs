//! Graph's JSON, field for field (spec/graph.md 5). Absent values are left out; nothing is looked up here.

mod drive;
mod group;
mod item;
mod people;
mod permission;
mod site;
mod version;

pub use drive::{Drive, DriveFacts};
pub use group::{Group, Member};
pub use item::{DriveItem, LockInfo, bytes};
pub use people::{IdentitySet, User};
pub use permission::{Invited, Permission, scope};
pub use site::{List, Site};
pub use version::DriveItemVersion;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    query::Select,
    signed::{self, Bytes, Claims, Signer},
};
use crate::domain::{
    actor::OpenedLink,
    error::{Error, Result},
    id::{ItemId, PrincipalId},
};

/// With whose eyes things are shown, and what addresses start with.
#[derive(Clone)]
pub struct View {
    /// `scheme://host`.
    pub origin: String,
    /// The host alone, as site ids spell it.
    pub host: String,
    /// The caller.
    pub caller: Option<PrincipalId>,
    /// For addresses of content.
    pub signer: Signer,
    /// What the caller wants to see.
    pub select: Select,
    /// Whether what is not stable yet is shown, too.
    pub beta: bool,
    /// The link the caller came through: nothing above its item is shown.
    pub through: Option<OpenedLink>,
}

impl View {
    /// A pre-authenticated address of some bytes; none for somebody without an account and without a link.
    pub fn download_url(&self, item: ItemId, bytes: Bytes) -> Result<Option<String>> {
        self.address(item, bytes, false)
    }

    /// The same for a browser that shows them.
    pub fn preview_url(&self, item: ItemId, bytes: Bytes) -> Result<Option<String>> {
        self.address(item, bytes, true)
    }

    fn address(&self, item: ItemId, bytes: Bytes, shown: bool) -> Result<Option<String>> {
        let link = self.through.map(|link| (link.id, link.changed_at));
        if self.caller.is_none() && link.is_none() {
            return Ok(None);
        }
        let secret = self.signer.sign(&Claims { item, caller: self.caller, link, bytes, shown })?;
        Ok(Some(format!("{}{}?{}={secret}", self.origin, signed::PATH, signed::OPTION)))
    }

    /// What `@odata.context` says: cosmetic, but expected.
    pub fn context(&self, what: &str) -> String {
        format!("{}/v1.0/$metadata#{what}", self.origin)
    }

    /// An object with its selected members.
    pub fn selected(&self, object: &impl Serialize) -> Result<Map<String, Value>> {
        match serde_json::to_value(object) {
            Ok(Value::Object(mut object)) => {
                self.select.apply(&mut object);
                Ok(object)
            }
            Ok(_) => Err(Error::broken("a resource that is no object")),
            Err(error) => Err(Error::broken(error)),
        }
    }

    /// A single object, with its context before it.
    pub fn single(&self, what: &str, object: &impl Serialize) -> Result<Map<String, Value>> {
        let mut whole = Map::from_iter([("@odata.context".to_owned(), self.context(what).into())]);
        whole.extend(self.selected(object)?);
        Ok(whole)
    }
}

/// UTC in whole seconds with the letter `Z`: one client's parser has it in its pattern (1.4).
pub fn date(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
