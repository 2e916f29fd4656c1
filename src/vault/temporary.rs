//! Temporary files: bytes that somebody keeps here for a while, under a word of their own, to use them later. They are no
//! items: nobody else sees them, no list has them, and the trail says nothing of them. What it takes to keep some is what it
//! takes to make a file in the folder.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Look, Vault,
    giving::{Giving, given_type},
    quota::Turn,
};
use crate::{
    content::Staged,
    domain::{
        actor::Actor,
        edition::Metadata,
        error::{Error, Missing, Result},
        id::{ItemId, PrincipalId},
        name::{ItemName, LONGEST_NAME},
        permission::{Action, Permit},
        temporary::TemporaryFile,
    },
    store::{self, temporary::NewTemporary},
};

/// What would outlive all dates ends with them.
const LAST: DateTime<Utc> = DateTime::<Utc>::MAX_UTC;

/// Where somebody's temporary files are: at a folder, under the client's own word for what belongs together.
#[derive(Clone, Copy, Debug)]
pub struct Shelf<'a> {
    /// The folder.
    pub folder: &'a Look,
    /// The word.
    pub name: &'a str,
}

impl Shelf<'_> {
    /// Refuses a place that is no folder, and a word that is too long for one.
    fn check(&self) -> Result<()> {
        self.folder.folder()?;
        let fits = self.name.chars().count() <= LONGEST_NAME && !self.name.contains(char::is_control);
        if fits { Ok(()) } else { Err(Error::Invalid("folder name")) }
    }
}

/// Bytes to be kept for a while.
#[derive(Debug)]
pub struct NewTemporaryFile {
    /// Their name.
    pub name: ItemName,
    /// What the client says of their type.
    pub metadata: Metadata,
    /// The bytes.
    pub content: Staged,
}

impl Vault {
    /// Keeps some bytes on the caller's shelf until they expire.
    ///
    /// # Errors
    /// [`Error::NameTaken`], [`Error::QuotaReached`], [`Error::NoSession`] for who is nobody, and what the gates say of making a
    /// file there.
    pub async fn add_temporary(&self, actor: &Actor, shelf: Shelf<'_>, new: NewTemporaryFile) -> Result<TemporaryFile> {
        shelf.check()?;
        let owner = actor.id().ok_or(Error::NoSession)?;
        let permit = self.check_create(actor, shelf.folder, None).await?;
        let (vault, folder, word) = (self.clone(), shelf.folder.clone(), shelf.name.to_owned());
        self.complete(async move {
            let media_type = given_type(&new.metadata, new.name.as_str());
            let giving = Giving::new(Some(new.content));
            let made = vault.keep(&permit, &folder, owner, (&word, &new.name, &media_type), &giving).await;
            if made.as_ref().is_err_and(|refusal| !matches!(refusal, Error::Broken(_))) {
                giving.taken_back(&vault).await;
            }
            made
        })
        .await
    }

    async fn keep(
        &self,
        permit: &Permit,
        folder: &Look,
        owner: PrincipalId,
        (word, name, media_type): (&str, &ItemName, &str),
        giving: &Giving,
    ) -> Result<TemporaryFile> {
        let info = giving.info.ok_or(Error::ContentMissing)?;
        let library = &folder.item.library;
        let mut all = self.0.db.begin().await?;
        let turn = Turn::take(&mut all, library).await?;
        let created_at = self.moment(&mut all).await?;
        let new = NewTemporary {
            id: Uuid::now_v7(),
            owner,
            folder_name: word,
            name: name.as_str(),
            media_type,
            sha256: info.sha256,
            created_at,
            expires_at: created_at.checked_add_signed(self.0.settings.temporary_file_life).unwrap_or(LAST),
        };
        let made = store::temporary::create(&mut all, permit, &new, giving.content.as_ref()).await?;
        let made = made.ok_or(Error::Missing(Missing::Item))?;
        let number = made.number.ok_or_else(|| Error::NameTaken(name.as_str().to_owned()))?;
        let kept = store::temporary::used_bytes(&mut all, created_at, library.id).await?;
        if !turn.has_room_for(kept) {
            return Err(Error::QuotaReached);
        }
        all.commit().await?;
        giving.given(self, made.blob).await;
        Ok(TemporaryFile {
            id: new.id,
            number,
            name: name.as_str().to_owned(),
            media_type: media_type.to_owned(),
            size: info.size,
            owner: self.people([owner]).await?.get(owner)?,
            created_at,
            expires_at: new.expires_at,
        })
    }

    /// The names of what is on the caller's shelf, in the order of the alphabet.
    ///
    /// # Errors
    /// [`Error::NoSession`] for who is nobody, and what the gates say of looking at the folder.
    pub async fn temporary_names(&self, actor: &Actor, shelf: Shelf<'_>) -> Result<Vec<String>> {
        let (owner, folder) = whose(actor, shelf)?;
        let mut db = self.connection().await?;
        let now = self.moment(&mut db).await?;
        Ok(store::temporary::names(&mut db, now, owner, folder, shelf.name).await?)
    }

    /// Takes something from the caller's shelf.
    ///
    /// # Errors
    /// [`Missing::Item`], and as [`Vault::temporary_names`].
    pub async fn delete_temporary(&self, actor: &Actor, shelf: Shelf<'_>, name: &str) -> Result<()> {
        let (owner, folder) = whose(actor, shelf)?;
        let (vault, word, name) = (self.clone(), shelf.name.to_owned(), name.to_owned());
        self.complete(async move {
            let mut db = vault.connection().await?;
            let now = vault.moment(&mut db).await?;
            let gone = again!(store::temporary::delete(&mut db, now, owner, folder, (&word, &name)).await)?;
            if gone { Ok(()) } else { Err(Error::Missing(Missing::Item)) }
        })
        .await
    }

    /// The moment that counts: a virtual clock's, else the database's.
    async fn moment(&self, db: &mut store::PgConnection) -> Result<DateTime<Utc>> {
        match self.0.clock.instead() {
            Some(now) => Ok(now),
            None => Ok(store::contents::now(db).await?),
        }
    }
}

/// Whose shelf it is, and at which folder; refuses who may not look at that.
fn whose(actor: &Actor, shelf: Shelf<'_>) -> Result<(PrincipalId, ItemId)> {
    shelf.check()?;
    shelf.folder.check(actor, Action::View)?;
    Ok((actor.id().ok_or(Error::NoSession)?, shelf.folder.item.id))
}
