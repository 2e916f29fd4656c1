//! Giving everything of one user to another: for administrators, when somebody has left.

use super::{Vault, external::CODE_KEY, locks::ATTEMPTS};
use crate::{
    domain::{
        actor::Actor,
        error::{Error, Missing, Result},
        id::{ItemId, LibraryKey, PrincipalId},
        item::{ClientTimes, Kind, OnConflict},
        library::Library,
        name::ItemName,
        permission::{self, Permit},
        person::{Person, PrincipalKind},
    },
    store::{self, files::NewItem, items::ItemRow},
};

impl Vault {
    /// Refuses who may not transfer anybody's content, before anything is read of whose it is.
    pub fn may_transfer(&self, actor: &Actor) -> Result<()> {
        permission::check_transfer(actor, None).map(drop).map_err(Error::Denied)
    }

    /// Moves all of a user's own library, its trash as well, into a folder of that user's name in another user's own
    /// library, and makes the other the owner of it and of whatever else the one owns. With nothing to move there is no
    /// folder.
    ///
    /// # Errors
    /// What the checker says; [`Missing::Principal`] for who is no user; [`Error::Impossible`] for one and the same;
    /// [`Error::Held`] for somebody else's lock on what is to be moved; [`Error::Associated`] where it belongs to a part.
    pub async fn transfer_content(&self, actor: &Actor, from: PrincipalId, to: PrincipalId) -> Result<()> {
        self.may_transfer(actor)?;
        let (from, to) = (self.user(from).await?, self.user(to).await?);
        if from.id == to.id {
            return Err(Error::Impossible("to the same user"));
        }
        let (vault, actor) = (self.clone(), actor.clone());
        self.complete(async move { vault.try_transfer(&actor, &from, &to).await }).await
    }

    async fn user(&self, id: PrincipalId) -> Result<Person> {
        let person = self.person(&crate::domain::id::PrincipalKey::Id(id)).await?;
        person.filter(|person| person.kind == PrincipalKind::User).ok_or(Error::Missing(Missing::Principal))
    }

    async fn try_transfer(&self, actor: &Actor, from: &Person, to: &Person) -> Result<()> {
        let own = self.library_named(&LibraryKey::OwnedBy(from.id)).await?;
        let others = self.make_personal_library(to).await?;
        let permit = permission::check_transfer(actor, Some(others.root)).map_err(Error::Denied)?;
        let name = ItemName::nearest(&from.name);
        for attempt in 0..ATTEMPTS {
            let rename = OnConflict::RenameParentheses;
            let name = self.free_name(others.root, &name, Kind::Folder, rename, attempt).await?;
            let folder = NewItem {
                id: ItemId::fresh(),
                name,
                oracle_id: self.0.fresh.oracle_folder()?,
                graph_id: self.0.fresh.graph_item()?,
                category: self.root_category().await?.row.id,
                owner: to.id,
                author: actor.id().unwrap_or(to.id),
                client_times: ClientTimes::default(),
                unpublished_by: None,
                external_code: None,
            };
            let what =
                Transfer { permit: &permit, actor, from: from.id, to: to.id, own: own.as_ref(), others: &others };
            match again!(self.transfer_all(&what, &folder).await) {
                Ok(Transferred::Done) => return Ok(()),
                Ok(Transferred::Held(held)) => {
                    if let Some(refusal) = self.refuse_held(actor, *held).await? {
                        return Err(refusal);
                    }
                }
                Ok(Transferred::Associated) => return Err(Error::Associated),
                // or one of the numbers, taken as a code there at this very moment
                Err(error) if matches!(store::violated(&error), Some("items_name_key" | CODE_KEY)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::NameTaken(from.name.clone()))
    }

    async fn transfer_all(&self, what: &Transfer<'_>, folder: &NewItem) -> sqlx::Result<Transferred> {
        let act = self.act(what.actor, None);
        let own = what.own;
        let mut all = self.0.db.begin().await?;
        let trees: Vec<_> = own.iter().map(|own| own.id).chain([what.others.id]).collect();
        store::folders::hold_trees(&mut all, &trees).await?;
        store::transfers::hold_locks(&mut all, own.map(|own| own.id), what.from).await?;
        if let Some(own) = own {
            let (now, settles) = (self.0.clock.instead(), self.settles());
            if let Some(held) = store::items::held_below(&mut all, now, own.root, what.actor.id(), settles).await? {
                return Ok(Transferred::Held(Box::new(held)));
            }
            if store::parts::has_file_below(&mut all, own.root).await? {
                return Ok(Transferred::Associated);
            }
            if store::transfers::has_items(&mut all, own.root).await? {
                store::folders::create(&mut all, what.permit, what.others.id, folder, "", &act).await?;
                let to = (what.others.id, folder.id, what.to);
                store::transfers::move_all(&mut all, what.permit, own.root, to, &act).await?;
            }
        }
        store::transfers::give_all(&mut all, what.permit, what.from, what.to, &act).await?;
        all.commit().await?;
        Ok(Transferred::Done)
    }
}

struct Transfer<'a> {
    permit: &'a Permit,
    actor: &'a Actor,
    from: PrincipalId,
    to: PrincipalId,
    /// The one's own library, if there is one.
    own: Option<&'a Library>,
    /// The other's.
    others: &'a Library,
}

/// How it ended; only [`Transferred::Done`] has changed anything.
enum Transferred {
    Done,
    Held(Box<ItemRow>),
    Associated,
}
