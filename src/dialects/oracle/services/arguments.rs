//! What a service is asked with (spec/oracle.md 12): parameters of the query and, in a POST, fields of `LocalData`. Where
//! both name one, the query counts. An item is `fFileGUID:{id}` or `fFolderGUID:{id}`.

use super::super::{
    error::Error,
    ids::{FileId, FolderId},
    input::{Input, Unread},
    query::Query,
};
use crate::domain::error::{Error as No, Missing};

/// Items that one request may name.
const MOST_ITEMS: usize = 100;

/// The arguments of a service.
pub struct Arguments {
    query: Query,
    local: Input,
}

/// An item as an argument names it.
pub enum Named {
    /// A file.
    File(FileId),
    /// A folder.
    Folder(FolderId),
}

impl Arguments {
    /// Those of a request without a body.
    pub fn of(query: Query) -> Self {
        Self { query, local: Input::default() }
    }

    /// Those of a request with one.
    pub async fn read(query: Query, body: Unread) -> Result<Self, Error> {
        Ok(Self { query, local: body.read().await?.object("LocalData")? })
    }

    /// An argument that says something.
    pub fn text(&self, name: &'static str) -> Result<Option<String>, Error> {
        if let Some(text) = self.query.get(name)? {
            return Ok(Some(text.to_owned()));
        }
        let text = self.local.scalar(name)?.filter(|text| !text.is_empty());
        Ok(text.map(std::borrow::Cow::into_owned))
    }

    /// One that must be there.
    pub fn required(&self, name: &'static str) -> Result<String, Error> {
        self.text(name)?.ok_or(Error::Required(name))
    }

    /// How many are wanted; `None`: all, which is also said as `-1`.
    pub fn count(&self, name: &'static str) -> Result<Option<usize>, Error> {
        match self.text(name)?.as_deref() {
            None | Some("-1") => Ok(None),
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok(Some(digits.parse().unwrap_or(usize::MAX)))
            }
            Some(_) => Err(Error::BadValue(name)),
        }
    }

    /// The item in an argument, and its id as it was sent.
    pub fn item(&self, name: &'static str) -> Result<(Named, String), Error> {
        let text = self.required(name)?;
        let Some((id, is_file)) = prefixed(&text) else { return Err(Error::BadValue(name)) };
        let named = if is_file { FileId::parse(id).map(Named::File) } else { FolderId::parse(id).map(Named::Folder) };
        let named = named.ok_or(No::Missing(Missing::Item)).map_err(Error::of(id))?;
        Ok((named, id.to_owned()))
    }

    /// Ids of the trash, with or without what says that they are: several between commas.
    pub fn trash_ids(&self, name: &'static str) -> Result<Vec<String>, Error> {
        let text = self.required(name)?;
        let ids: Vec<String> = text
            .split(',')
            .map(|id| prefixed(id.trim()).map_or(id.trim(), |(id, _)| id).to_owned())
            .filter(|id| !id.is_empty())
            .take(MOST_ITEMS + 1)
            .collect();
        if ids.is_empty() || ids.len() > MOST_ITEMS { Err(Error::BadValue(name)) } else { Ok(ids) }
    }
}

fn prefixed(text: &str) -> Option<(&str, bool)> {
    let file = text.strip_prefix("fFileGUID:").map(|id| (id, true));
    file.or_else(|| text.strip_prefix("fFolderGUID:").map(|id| (id, false)))
}
