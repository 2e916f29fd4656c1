//! Special folders of a library (spec/graph.md 4): found by what they are for, made by whoever writes there first. What they
//! are called at first is the room's; a folder of that name which is there already becomes the special one.

use super::{Look, Vault, locks::ATTEMPTS};
use crate::{
    domain::{
        actor::Actor,
        error::{Error, Result},
        id::{ItemId, ItemKey},
        item::{ClientTimes, Kind, OnConflict},
        library::{Library, LibraryKind},
        name::ItemName,
        permission::{Action, Permit},
        special::SpecialKey,
    },
    store::{self, Act, files::NewItem},
};

/// What became of one attempt.
enum Attempt {
    /// This is the folder, made or found.
    There(ItemId),
    /// The name is taken.
    Taken,
    /// The folder to make it in is not where it was.
    Moved,
}

impl Vault {
    /// The folder of a library that is for this, if there is one. Whether the caller sees it is asked by looking at it.
    pub async fn special_folder(&self, library: &Library, key: &SpecialKey) -> Result<Option<ItemId>> {
        let mut db = self.connection().await?;
        Ok(store::special::find(&mut db, library.id, key).await?)
    }

    /// The same; where there is none, a folder of this name becomes it: one that is in `parent`, else a new one. However many
    /// ask at once, one is made.
    ///
    /// # Errors
    /// What making a folder there would be refused for; a taken name is no reason.
    pub async fn make_special_folder(
        &self,
        actor: &Actor,
        parent: &Look,
        key: SpecialKey,
        name: &ItemName,
    ) -> Result<ItemId> {
        parent.folder()?;
        let mut permit = parent.check(actor, Action::Create)?;
        let (vault, actor, mut parent, name) = (self.clone(), actor.clone(), parent.clone(), name.clone());
        self.complete(async move {
            let mut number = 0;
            for _ in 0..ATTEMPTS {
                let rename = OnConflict::RenameBlank;
                let name = vault.free_name(parent.item.id, &name, Kind::Folder, rename, number).await?;
                match vault.try_special(&actor, &permit, &parent, &key, &name).await? {
                    Attempt::There(folder) => return Ok(folder),
                    Attempt::Moved => {
                        parent = vault.moved(&actor, &parent).await?;
                        permit = parent.check(&actor, Action::Create)?;
                    }
                    Attempt::Taken => match vault.adopt(&actor, &parent, &key, &name).await? {
                        Some(folder) => return Ok(folder),
                        None => number += 1,
                    },
                }
            }
            Err(Error::NameTaken(name.as_str().to_owned()))
        })
        .await
    }

    /// Makes the folder under this name.
    async fn try_special(
        &self,
        actor: &Actor,
        permit: &Permit,
        parent: &Look,
        key: &SpecialKey,
        name: &ItemName,
    ) -> Result<Attempt> {
        let author = actor.id().unwrap_or(parent.item.owner.id);
        let personal = parent.item.library.kind == LibraryKind::Personal;
        let folder = NewItem {
            id: ItemId::fresh(),
            name: name.clone(),
            oracle_id: self.0.fresh.oracle_folder()?,
            graph_id: self.0.fresh.graph_item()?,
            category: parent.item.category.id,
            owner: parent.item.library.owner.filter(|_| personal).unwrap_or(author),
            author,
            client_times: ClientTimes::default(),
            unpublished_by: None,
            external_code: None,
        };
        let act = self.act(actor, None);
        match again!(self.create_special(permit, &parent.item.library, key, &folder, &act).await) {
            Err(error) if store::violated(&error) == Some("items_name_key") => Ok(Attempt::Taken),
            done => Ok(done?),
        }
    }

    async fn create_special(
        &self,
        permit: &Permit,
        library: &Library,
        key: &SpecialKey,
        folder: &NewItem,
        act: &Act,
    ) -> sqlx::Result<Attempt> {
        let mut all = self.0.db.begin().await?;
        store::special::hold(&mut all, library.id, key).await?;
        // in a statement of its own: it sees what whoever held it before has done
        if let Some(there) = store::special::find(&mut all, library.id, key).await? {
            return Ok(Attempt::There(there));
        }
        if !store::folders::create(&mut all, permit, library.id, folder, "", act).await? {
            return Ok(Attempt::Moved);
        }
        store::special::set(&mut all, library.id, key, folder.id).await?;
        all.commit().await?;
        Ok(Attempt::There(folder.id))
    }

    /// Lets the folder that has the name be the special one. `None`: what has the name is none, is not for the caller to
    /// write in, or is for something else already.
    async fn adopt(&self, actor: &Actor, parent: &Look, key: &SpecialKey, name: &ItemName) -> Result<Option<ItemId>> {
        let path = ItemKey::Path(Box::new(ItemKey::Id(parent.item.id)), vec![name.as_str().to_owned()]);
        let there = match self.look(actor, &path).await {
            Ok(there) if there.item.kind() == Kind::Folder => there,
            Ok(_) | Err(Error::Missing(_)) => return Ok(None),
            Err(other) => return Err(other),
        };
        let Ok(permit) = there.check(actor, Action::Create) else { return Ok(None) };
        let act = self.act(actor, None);
        match again!(self.try_adopt(&permit, &there.item.library, key, &act).await) {
            Err(error) if store::violated(&error) == Some("special_folders_item_key") => Ok(None),
            done => Ok(done?),
        }
    }

    async fn try_adopt(
        &self,
        permit: &Permit,
        library: &Library,
        key: &SpecialKey,
        act: &Act,
    ) -> sqlx::Result<Option<ItemId>> {
        let mut all = self.0.db.begin().await?;
        store::special::hold(&mut all, library.id, key).await?;
        if let Some(there) = store::special::find(&mut all, library.id, key).await? {
            return Ok(Some(there));
        }
        if !store::special::note(&mut all, permit, library.id, act).await? {
            return Ok(None);
        }
        store::special::set(&mut all, library.id, key, permit.item()).await?;
        all.commit().await?;
        Ok(Some(permit.item()))
    }
}
