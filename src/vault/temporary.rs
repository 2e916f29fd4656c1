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
        content::Sha256,
        edition::Metadata,
        error::{Error, Missing, Result},
        id::{ItemId, PrincipalId},
        name::{ItemName, LONGEST_NAME},
        permission::{Action, Permit},
        temporary::{Refused, TemporaryFile},
    },
    store::{self, temporary::NewTemporary},
};

/// Names that are listed at most: as many as the setting may allow somebody to have.
const MOST_NAMES: i64 = 10_000;
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

/// Bytes on their way to a shelf.
struct Keeping<'a> {
    permit: &'a Permit,
    folder: &'a Look,
    owner: PrincipalId,
    word: &'a str,
    name: &'a str,
    media_type: &'a str,
    giving: &'a Giving,
}

/// What the row says of them, and the blob that holds them now.
struct Kept {
    id: Uuid,
    number: i64,
    blob: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl Vault {
    /// Keeps some bytes on the caller's shelf until they expire.
    ///
    /// # Errors
    /// [`Refused::TooMany`], [`Error::NameTaken`], [`Error::QuotaReached`], [`Error::NoSession`] for who is nobody, and what the
    /// gates say of making a file there.
    pub async fn add_temporary(
        &self,
        actor: &Actor,
        shelf: Shelf<'_>,
        new: NewTemporaryFile,
    ) -> std::result::Result<TemporaryFile, Refused> {
        shelf.check()?;
        let owner = actor.id().ok_or(Error::NoSession)?;
        let permit = self.check_create(actor, shelf.folder, None).await?;
        let (vault, folder, word) = (self.clone(), shelf.folder.clone(), shelf.name.to_owned());
        self.complete(async move {
            let media_type = given_type(&new.metadata, new.name.as_str());
            let giving = Giving::new(Some(new.content));
            let keeping = Keeping {
                permit: &permit,
                folder: &folder,
                owner,
                word: &word,
                name: new.name.as_str(),
                media_type: &media_type,
                giving: &giving,
            };
            let made = vault.keep(&keeping).await;
            if made.as_ref().is_err_and(|refusal| !matches!(refusal, Refused::Vault(Error::Broken(_)))) {
                giving.taken_back(&vault).await;
            }
            Ok(made)
        })
        .await?
    }

    async fn keep(&self, keeping: &Keeping<'_>) -> std::result::Result<TemporaryFile, Refused> {
        let Keeping { name, media_type, giving, .. } = *keeping;
        let info = giving.info.ok_or(Error::ContentMissing)?;
        // before the row is there: whatever is refused then, nothing names the bytes
        let owner = self.somebody(keeping.owner).await?;
        let kept = again!(self.try_keep(keeping, info.sha256).await).map_err(Error::from)??;
        giving.given(self, kept.blob).await;
        Ok(TemporaryFile {
            id: kept.id,
            number: kept.number,
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            size: info.size,
            owner,
            created_at: kept.created_at,
            expires_at: kept.expires_at,
        })
    }

    /// The inner refusal is a definite one: nothing was kept.
    async fn try_keep(
        &self,
        keeping: &Keeping<'_>,
        sha256: Sha256,
    ) -> sqlx::Result<std::result::Result<Kept, Refused>> {
        let Keeping { permit, folder, owner, word, name, media_type, giving } = *keeping;
        let settings = &self.0.settings;
        let mut all = self.0.db.begin().await?;
        let turn = Turn::take(&mut all, &folder.item.library).await?;
        let created_at = self.moment(&mut all).await?;
        let expires_at = created_at.checked_add_signed(settings.temporary_file_life).unwrap_or(LAST);
        let id = Uuid::now_v7();
        let new = NewTemporary { id, owner, folder_name: word, name, media_type, sha256, created_at, expires_at };
        let Some(made) = store::temporary::create(&mut all, permit, &new, giving.content.as_ref()).await? else {
            return Ok(Err(Error::Missing(Missing::Item).into()));
        };
        let Some(number) = made.number else {
            return Ok(Err(Error::NameTaken(name.to_owned()).into()));
        };
        // those that are made in the same moment do not count each other, and are no more than there are connections
        let most = settings.temporary_files;
        if store::temporary::living(&mut all, created_at, owner, most.saturating_add(1)).await? > most {
            return Ok(Err(Refused::TooMany));
        }
        if !turn.fits_beside(&mut all, created_at).await? {
            return Ok(Err(Error::QuotaReached.into()));
        }
        all.commit().await?;
        Ok(Ok(Kept { id, number, blob: made.blob, created_at, expires_at }))
    }

    /// The names of what is on the caller's shelf, in the order of the alphabet.
    ///
    /// # Errors
    /// [`Error::NoSession`] for who is nobody, and what the gates say of looking at the folder.
    pub async fn temporary_names(&self, actor: &Actor, shelf: Shelf<'_>) -> Result<Vec<String>> {
        let (owner, folder) = whose(actor, shelf)?;
        let mut db = self.connection().await?;
        let now = self.moment(&mut db).await?;
        Ok(store::temporary::names(&mut db, now, owner, folder, shelf.name, MOST_NAMES).await?)
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
    async fn moment(&self, db: &mut store::PgConnection) -> sqlx::Result<DateTime<Utc>> {
        match self.0.clock.instead() {
            Some(now) => Ok(now),
            None => store::contents::now(db).await,
        }
    }
}

/// Whose shelf it is, and at which folder; refuses who may not look at that.
fn whose(actor: &Actor, shelf: Shelf<'_>) -> Result<(PrincipalId, ItemId)> {
    shelf.check()?;
    shelf.folder.check(actor, Action::View)?;
    Ok((actor.id().ok_or(Error::NoSession)?, shelf.folder.item.id))
}
