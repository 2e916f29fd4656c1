//! The editions of a file.

use super::{Look, Vault, locks::ATTEMPTS, look::content_info};
use crate::{
    domain::{
        actor::Actor,
        edition::Edition,
        error::{Error, Missing, Result},
        id::{EditionId, EditionKey, ItemKey},
        item::{Item, Kind},
        name::ItemName,
        permission::{Action, Permit},
        version::Version,
    },
    store::{
        self,
        editions::{Deleted, EditionRow},
        files::Seen,
    },
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

    /// Deletes the newest edition of a file that nobody holds. The one before becomes the newest; with the last one the
    /// file goes into the trash. The deleted edition is kept as an internal one, and its numbers are never given again.
    ///
    /// # Errors
    /// [`Error::Held`], also for the caller's own lock, [`Error::NotLatest`], [`Error::Associated`] for one that belongs to
    /// a part, [`Missing::Edition`] for one that is deleted already, and what the gates say.
    pub async fn delete_edition(&self, actor: &Actor, look: &Look, edition: EditionId) -> Result<()> {
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move { vault.try_delete_edition(&actor, look, edition).await }).await
    }

    async fn try_delete_edition(&self, actor: &Actor, mut look: Look, edition: EditionId) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let permit = self.may_delete_edition(actor, &look, edition).await?;
            // free and with this edition as its newest: at any other revision it need not be
            let seen = Seen { revision: look.file()?.lock_revision, bound: false };
            let (library, act) = (look.item.library.id, self.act(actor, None));
            let deleted = self.delete_row(&look, &permit, edition, seen, &act).await?;
            let done = {
                let mut db = self.connection().await?;
                let done = match deleted {
                    Deleted::Done => true,
                    Deleted::Changed => false,
                    Deleted::Only => {
                        let trash = self.0.fresh.oracle_file()?;
                        again!(
                            store::files::delete(&mut db, &permit, library, seen, self.settles(), &trash, &act).await
                        )?
                    }
                };
                if !done && store::parts::associates(&mut db, edition).await? {
                    return Err(Error::Associated);
                }
                done
            };
            if done {
                return Ok(());
            }
            look = self.look_again(actor, &look).await?;
        }
        Err(Error::Overloaded)
    }

    /// Deletes an edition of a file by its number, whichever it is, save the only one. Was it the newest, the one before
    /// becomes the newest. The holder of the lock may, and keeps it.
    ///
    /// # Errors
    /// [`Missing::Edition`], [`Error::Held`] for somebody else's lock, [`Error::Associated`] for one that belongs to a part,
    /// [`Error::Impossible`] for the only one, and what the gates say.
    pub async fn delete_version(&self, actor: &Actor, look: &Look, ordinal: i32) -> Result<()> {
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        let key = EditionKey::Ordinal(ordinal);
        self.complete(async move { vault.try_delete_version(&actor, look, &key, Newest::Goes).await }).await
    }

    /// The same for a vendor whose clients delete earlier versions only: the newest one stays (spec/graph.md 7, 17).
    ///
    /// # Errors
    /// As [`Vault::delete_version`]; [`Error::Impossible`] for the newest one.
    pub async fn delete_earlier_version(&self, actor: &Actor, look: &Look, key: &EditionKey) -> Result<()> {
        let (vault, actor, look, key) = (self.clone(), actor.clone(), look.clone(), key.clone());
        self.complete(async move { vault.try_delete_version(&actor, look, &key, Newest::Stays).await }).await
    }

    async fn try_delete_version(&self, actor: &Actor, mut look: Look, key: &EditionKey, newest: Newest) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let permit = look.check(actor, Action::Delete)?;
            let seen = look.seen(actor).ok_or(Error::WrongKind(Kind::File))?;
            look.check_named_fence(actor)?;
            let edition = self.edition(actor, &look, key).await?;
            if edition.latest && newest == Newest::Stays {
                return Err(Error::Impossible("it is the current version"));
            }
            let edition = edition.id;
            match self.delete_row(&look, &permit, edition, seen, &self.act(actor, None)).await? {
                Deleted::Done => return Ok(()),
                Deleted::Only => return Err(Error::Impossible("it is the only version")),
                Deleted::Changed => {}
            }
            {
                let mut db = self.connection().await?;
                if store::parts::associates(&mut db, edition).await? {
                    return Err(Error::Associated);
                }
            }
            look = self.look_again(actor, &look).await?;
        }
        Err(Error::Overloaded)
    }

    /// Deletes an edition, and with it the name that the file has from it. What the edition before is called may be taken by
    /// then: no reason to keep an edition, so that the file keeps its name instead.
    async fn delete_row(
        &self,
        look: &Look,
        permit: &Permit,
        edition: EditionId,
        seen: Seen,
        act: &store::Act,
    ) -> Result<Deleted> {
        let library = look.item.library.id;
        let mut name = self.name_before(look, edition).await?;
        let mut db = self.connection().await?;
        loop {
            match again!(store::editions::delete(&mut db, permit, library, edition, name.as_ref(), seen, act).await) {
                Err(error) if name.is_some() && store::violated(&error) == Some("items_name_key") => name = None,
                deleted => return Ok(deleted?),
            }
        }
    }

    /// The name that a file gets back when this edition is deleted, if it has its name from it: that of the edition before. At
    /// any other revision of the file it need not be.
    async fn name_before(&self, look: &Look, edition: EditionId) -> Result<Option<ItemName>> {
        if look.file()?.edition.id != edition || !look.item.is_named_by_edition() {
            return Ok(None);
        }
        let editions = {
            let mut db = self.connection().await?;
            store::editions::of(&mut db, look.item.id).await?
        };
        let before = editions.into_iter().find(|row| row.id != edition).and_then(|row| row.file_name);
        Ok(before.filter(|name| *name != look.item.name).and_then(|name| ItemName::parse(&name).ok()))
    }

    /// Rights first, then the state of the file: free, and the edition its newest. That an edition cannot be edited in place
    /// (`frozen`) is no reason to keep it.
    async fn may_delete_edition(&self, actor: &Actor, look: &Look, edition: EditionId) -> Result<Permit> {
        let file = look.file()?;
        let permit = look.check(actor, Action::Delete)?;
        if let Some(lock) = &file.lock {
            return Err(Error::Held(Box::new(lock.clone())));
        }
        if actor.fence.is_some() {
            return Err(Error::FenceLost);
        }
        if file.edition.id != edition {
            // superseded by now, or deleted
            self.edition(actor, look, &EditionKey::Id(edition)).await?;
            return Err(Error::NotLatest);
        }
        Ok(permit)
    }
}

/// What becomes of a deletion that names the newest edition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Newest {
    /// It is deleted like any other.
    Goes,
    /// It is refused.
    Stays,
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
