//! Renaming or moving where the name is taken: a file onto another one, which goes into the trash, both or neither; or
//! anything under another name.

use super::{
    Look, Vault,
    files::{Later, changed, parted, save_later, what_changes},
    locks::ATTEMPTS,
};
use crate::{
    domain::{
        actor::Actor,
        error::{Error, Result},
        id::ItemKey,
        item::{Change, Kind, OnConflict},
        name::ItemName,
        permission::{Action, Permit},
    },
    store::{self, files::Changed, files::Seen},
};

impl Vault {
    /// Changes an item as [`Vault::update`] does. A file of the same name at its new place is put into the trash, if the
    /// caller may delete it: files alone take each other's place.
    ///
    /// # Errors
    /// As [`Vault::update`]; [`Error::NameTaken`] where a folder is involved, or what does not exist for the caller;
    /// [`Error::Held`] for somebody else's lock on the other file, [`Error::Associated`] for one that belongs to a part.
    pub async fn update_over(&self, actor: &Actor, look: &Look, change: Change) -> Result<()> {
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move { Box::pin(vault.try_update_over(&actor, look, &change)).await }).await
    }

    /// Changes an item as [`Vault::update`] does; under another name, where its own is taken at its new place.
    ///
    /// # Errors
    /// As [`Vault::update`]; [`Error::NameTaken`] only when others took every name that was tried.
    pub async fn update_beside(&self, actor: &Actor, look: &Look, change: Change) -> Result<()> {
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move { Box::pin(vault.try_update_beside(&actor, &look, &change)).await }).await
    }

    async fn try_update_beside(&self, actor: &Actor, look: &Look, change: &Change) -> Result<()> {
        let item = &look.item;
        let name = change.name.clone().map_or_else(|| ItemName::parse(&item.name), Ok)?;
        let parent = change.parent.or(item.parent).ok_or(Error::Impossible("a root folder"))?;
        for attempt in 0..ATTEMPTS {
            let mut change = change.clone();
            if attempt > 0 {
                let rename = OnConflict::RenameBlank;
                change.name = Some(self.free_name(parent, &name, item.kind(), rename, attempt).await?);
            }
            match self.try_update(actor, look.clone(), &change).await {
                Err(Error::NameTaken(_)) => {}
                other => return other,
            }
        }
        Err(Error::NameTaken(name.as_str().to_owned()))
    }

    async fn try_update_over(&self, actor: &Actor, mut look: Look, change: &Change) -> Result<()> {
        for attempt in 0..ATTEMPTS {
            let name = match self.try_update(actor, look.clone(), change).await {
                Err(Error::NameTaken(name)) => name,
                other => return other,
            };
            let parent = change.parent.or(look.item.parent).ok_or(Error::Impossible("a root folder"))?;
            let key = ItemKey::Path(Box::new(ItemKey::Id(parent)), vec![name.clone()]);
            let there = match self.look(actor, &key).await {
                Ok(there) if there.item.kind() == Kind::File && look.item.kind() == Kind::File => there,
                // gone or moved a moment ago, or else it does not exist for the caller, and has its name all the same
                Err(Error::Missing(_)) if attempt == 0 => continue,
                Ok(_) | Err(Error::Missing(_)) => return Err(Error::NameTaken(name)),
                Err(other) => return Err(other),
            };
            let goes = there.check(actor, Action::Delete)?;
            let comes = look.check(actor, what_changes(change))?;
            let (now, later) = parted(actor, &look.item, change);
            let changed = changed(&look.item, parent, &now)?;
            let trash = self.0.fresh.oracle_file()?;
            match again!(
                self.take_place(actor, (&look, &comes, &changed, later.as_ref()), (&there, &goes, &trash)).await
            ) {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    let mut db = self.connection().await?;
                    if store::parts::has_file(&mut db, there.item.id).await? {
                        return Err(Error::Associated);
                    }
                    drop(db);
                    look = self.look_again(actor, &look).await?;
                }
                // somebody took the name again
                Err(error) if store::violated(&error) == Some("items_name_key") => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Overloaded)
    }

    /// `false`: one of them has changed since it was looked at, or the folder is gone; nothing was done.
    async fn take_place(
        &self,
        actor: &Actor,
        (look, comes, changed, later): (&Look, &Permit, &Changed, Option<&Later>),
        (there, goes, trash): (&Look, &Permit, &str),
    ) -> sqlx::Result<bool> {
        let (Some(seen), Some(other)) = (look.seen(actor), &there.item.file) else { return Ok(false) };
        let (act, library) = (self.act(actor, None), look.item.library.id);
        let mut all = self.0.db.begin().await?;
        store::folders::share_tree(&mut all, library).await?;
        let gone = Seen { revision: other.lock_revision, bound: there.rests_on_own_lock(actor) };
        if !store::files::delete(&mut all, goes, library, gone, self.settles(), trash, &act).await? {
            return Ok(false);
        }
        if !store::files::update(&mut all, comes, library, seen, changed, &act).await?
            || !save_later(&mut all, comes, library, later, &act).await?
        {
            return Ok(false);
        }
        all.commit().await?;
        Ok(true)
    }
}
