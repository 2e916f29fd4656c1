//! Metadata collections: which there are for a caller, making and changing them. What is said in them about items is
//! `metadata`'s.

use super::Vault;
use crate::{
    domain::{
        actor::Actor,
        error::{Error, Missing, Result},
        id::{CollectionId, PrincipalId},
        metadata::{Collection, CollectionChange, CollectionName, Field, MOST_COLLECTIONS, MOST_FIELDS, NewField},
        name, permission,
    },
    store::{self, collections::NewCollection},
};

/// How a change of a definition ended; only [`Edited::Done`] has changed anything.
enum Edited {
    Done,
    Gone,
    TooMany,
}

impl Vault {
    /// The collections there are for the caller, by name, without their fields: everybody's and the caller's own.
    pub async fn collections(&self, actor: &Actor) -> Result<Vec<Collection>> {
        let mut db = self.connection().await?;
        Ok(store::collections::all(&mut db, actor.id()).await?)
    }

    /// The same with their fields.
    pub async fn collections_with_fields(&self, actor: &Actor) -> Result<Vec<Collection>> {
        let mut db = self.connection().await?;
        Ok(store::collections::with_fields(&mut db, actor.id(), None).await?)
    }

    /// Those of them that have one of these names, with their fields.
    pub async fn collections_named(&self, actor: &Actor, names: &[CollectionName]) -> Result<Vec<Collection>> {
        let mut db = self.connection().await?;
        Ok(store::collections::with_fields(&mut db, actor.id(), Some(names)).await?)
    }

    /// The one of this name, with its fields.
    ///
    /// # Errors
    /// [`Missing::Collection`].
    pub async fn collection(&self, actor: &Actor, name: &CollectionName) -> Result<Collection> {
        let found = self.collections_named(actor, std::slice::from_ref(name)).await?;
        found.into_iter().next().ok_or(Error::Missing(Missing::Collection))
    }

    /// May the caller make a collection of this name?
    pub fn check_new_collection(&self, actor: &Actor, name: &CollectionName) -> Result<()> {
        let owner = if name.is_personal() { Some(actor.id().ok_or(Error::NoSession)?) } else { None };
        permission::check_definition(actor, owner).map_err(Error::Denied)
    }

    /// May the caller change this collection?
    pub fn check_collection(&self, actor: &Actor, collection: &Collection) -> Result<()> {
        permission::check_definition(actor, collection.owner).map_err(Error::Denied)
    }

    /// Makes a collection: the caller's own, if its name is a personal one, else everybody's.
    ///
    /// # Errors
    /// [`Error::NameTaken`], of the collection or of a field, [`Error::Impossible`] where there are too many, and what the
    /// checker says.
    pub async fn create_collection(&self, actor: &Actor, name: &CollectionName, fields: Vec<NewField>) -> Result<()> {
        let by = actor.id().ok_or(Error::NoSession)?;
        let owner = name.is_personal().then_some(by);
        permission::check_definition(actor, owner).map_err(Error::Denied)?;
        distinct(&[], &fields)?;
        let (vault, name) = (self.clone(), name.clone());
        self.complete(async move {
            match again!(vault.write_collection(&name, owner, by, &fields).await) {
                Ok(Edited::Done) => Ok(()),
                Ok(Edited::Gone | Edited::TooMany) => Err(Error::Impossible("there are too many collections")),
                Err(error) if store::violated(&error) == Some("metadata_collections_name_key") => {
                    Err(Error::NameTaken(name.as_str().to_owned()))
                }
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    async fn write_collection(
        &self,
        name: &CollectionName,
        owner: Option<PrincipalId>,
        by: PrincipalId,
        fields: &[NewField],
    ) -> sqlx::Result<Edited> {
        let new = NewCollection { id: CollectionId::fresh(), owner, name, by };
        let mut all = self.0.db.begin().await?;
        if !store::collections::create(&mut all, &new, MOST_COLLECTIONS, self.0.clock.instead()).await? {
            return Ok(Edited::TooMany);
        }
        store::collections::add_fields(&mut all, new.id, fields).await?;
        all.commit().await?;
        Ok(Edited::Done)
    }

    /// Changes a collection that was found for the caller.
    ///
    /// # Errors
    /// [`Error::NameTaken`] of a field, [`Error::Impossible`] where there are too many, [`Missing::Collection`] when it went
    /// meanwhile, and what the checker says.
    pub async fn edit_collection(
        &self,
        actor: &Actor,
        collection: &Collection,
        change: CollectionChange,
    ) -> Result<()> {
        permission::check_definition(actor, collection.owner).map_err(Error::Denied)?;
        let staying: Vec<Field> =
            collection.fields.iter().filter(|field| !change.remove.contains(&field.id)).cloned().collect();
        distinct(&staying, &change.add)?;
        let (vault, id) = (self.clone(), collection.id);
        self.complete(async move {
            match again!(vault.write_edit(id, &change).await) {
                Ok(Edited::Done) => Ok(()),
                Ok(Edited::Gone) => Err(Error::Missing(Missing::Collection)),
                Ok(Edited::TooMany) => Err(Error::Impossible("the collection would have too many fields")),
                // somebody else made one of that name a moment ago
                Err(error) if store::violated(&error) == Some("metadata_fields_name_key") => {
                    Err(Error::NameTaken(change.add.first().map_or_else(String::new, |field| field.name().to_owned())))
                }
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    async fn write_edit(&self, collection: CollectionId, change: &CollectionChange) -> sqlx::Result<Edited> {
        let mut all = self.0.db.begin().await?;
        if store::collections::hold(&mut all, collection).await?.is_none() {
            return Ok(Edited::Gone);
        }
        store::collections::remove_fields(&mut all, collection, &change.remove).await?;
        store::collections::change_fields(&mut all, collection, &change.change).await?;
        store::collections::add_fields(&mut all, collection, &change.add).await?;
        if let Some(enabled) = change.enabled {
            store::collections::enable(&mut all, collection, enabled).await?;
        }
        let fields = store::collections::hold(&mut all, collection).await?.unwrap_or(0);
        if usize::try_from(fields).unwrap_or(usize::MAX) > MOST_FIELDS {
            return Ok(Edited::TooMany);
        }
        all.commit().await?;
        Ok(Edited::Done)
    }

    /// Deletes a collection that was found for the caller, with all that was said in it.
    ///
    /// # Errors
    /// [`Missing::Collection`] when it went meanwhile, and what the checker says.
    pub async fn delete_collection(&self, actor: &Actor, collection: &Collection) -> Result<()> {
        permission::check_definition(actor, collection.owner).map_err(Error::Denied)?;
        let (vault, id) = (self.clone(), collection.id);
        self.complete(async move {
            let mut db = vault.connection().await?;
            let gone = again!(store::collections::delete(&mut db, id).await)?;
            if gone { Ok(()) } else { Err(Error::Missing(Missing::Collection)) }
        })
        .await
    }
}

/// Refuses too many fields, and one whose name another has.
fn distinct(there: &[Field], new: &[NewField]) -> Result<()> {
    if there.len() + new.len() > MOST_FIELDS {
        return Err(Error::Impossible("the collection would have too many fields"));
    }
    let mut keys: std::collections::HashSet<String> = there.iter().map(|field| name::key(&field.name)).collect();
    match new.iter().find(|field| !keys.insert(field.key())) {
        Some(field) => Err(Error::NameTaken(field.name().to_owned())),
        None => Ok(()),
    }
}
