//! The editions of a file.

use super::{Look, Vault, look::content_info};
use crate::{
    domain::{
        actor::Actor,
        edition::Edition,
        error::{Error, Missing, Result},
        id::{EditionKey, ItemKey},
        item::Item,
        permission::Action,
        version::Version,
    },
    store::{self, editions::EditionRow},
};

impl Vault {
    /// The published editions of a file that was looked at, newest first.
    pub async fn editions(&self, actor: &Actor, look: &Look) -> Result<Vec<Edition>> {
        look.file()?;
        look.check(actor, Action::View)?;
        let rows = {
            let mut db = self.connection().await?;
            store::editions::of(&mut db, look.item.id).await?
        };
        let people = self.people(rows.iter().map(|row| row.author)).await?;
        rows.into_iter().enumerate().map(|(place, row)| edition(row, &people, place == 0)).collect()
    }

    /// One edition of a file that was looked at; the newest costs nothing.
    ///
    /// # Errors
    /// [`Missing::Edition`].
    pub async fn edition(&self, actor: &Actor, look: &Look, key: &EditionKey) -> Result<Edition> {
        let latest = &look.file()?.edition;
        if names(key, latest) {
            look.check(actor, Action::View)?;
            return Ok(latest.clone());
        }
        let editions = self.editions(actor, look).await?;
        editions.into_iter().find(|edition| names(key, edition)).ok_or(Error::Missing(Missing::Edition))
    }

    /// The file a Liferay file version belongs to, and that version; `None`: it is the working copy.
    pub async fn file_version(&self, actor: &Actor, number: i64) -> Result<(Item, Option<Edition>)> {
        let file = {
            let mut db = self.connection().await?;
            store::editions::file_of_number(&mut db, number).await?
        };
        let file = file.ok_or(Error::Missing(Missing::Edition))?;
        let look = self.look(actor, &ItemKey::Id(file)).await?;
        if look.item.lock().is_some_and(|lock| lock.draft_number == number) {
            look.check(actor, Action::View)?;
            return Ok((look.into_item(), None));
        }
        let edition = self.edition(actor, &look, &EditionKey::Number(number)).await?;
        Ok((look.into_item(), Some(edition)))
    }
}

fn names(key: &EditionKey, edition: &Edition) -> bool {
    match key {
        EditionKey::Id(id) => edition.id == *id,
        EditionKey::Ordinal(ordinal) => edition.ordinal == *ordinal,
        EditionKey::Version(version) => edition.version == *version,
        EditionKey::Arena(guid) => edition.arena_guid == *guid,
        EditionKey::Label(label) => edition.label == *label,
        EditionKey::Number(number) => edition.number == *number,
    }
}

pub(super) fn edition(row: EditionRow, people: &super::memory::People, latest: bool) -> Result<Edition> {
    Ok(Edition {
        id: row.id,
        ordinal: row.ordinal,
        version: Version { major: row.major, minor: row.minor },
        label: row.label,
        number: row.number,
        arena_guid: row.arena_guid,
        content: content_info(row.sha256.as_deref(), row.quick_xor.as_deref(), row.size)?,
        file_name: row.file_name,
        title: row.title,
        description: row.description,
        format: row.format,
        private: row.private,
        frozen: row.frozen,
        storage: row.storage,
        location: row.location,
        media_type: row.media_type,
        comment: row.comment,
        author: people.get(row.author)?,
        author_name: row.author_name,
        created_at: row.created_at,
        modified_at: row.modified_at,
        latest,
    })
}
