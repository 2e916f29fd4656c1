//! Moving an item, also into another library. Identity, editions, times and owner stay what they are.

use super::{Look, Vault, external::CODE_KEY, files::Tree, locks::ATTEMPTS, quota::Turn};
use crate::{
    domain::{
        actor::Actor,
        error::{Error, Result},
        id::{CategoryId, ItemKey, LibraryId},
        item::{Item, Kind, OnConflict},
        library::Library,
        name::ItemName,
        permission::{Action, Denial, Gate, Permit},
    },
    store::{self, files::Seen, moves::Destination},
};

impl Vault {
    /// Moves an item that was looked at into a folder that was looked at, a folder with all that lies below it and in the
    /// trash there. What is there already stays.
    ///
    /// # Errors
    /// [`Error::Held`] for somebody else's lock on it or below it, [`Error::NameTaken`], [`Error::Impossible`] for a root
    /// folder and a folder into itself, [`Error::Associated`] for what belongs to a part and would leave its library, and
    /// what the gates say of the item, of all below it, of the folder it comes into, and, where it leaves its library, of the
    /// one it lies in.
    pub async fn relocate(&self, actor: &Actor, look: &Look, target: &Look, on_conflict: OnConflict) -> Result<()> {
        target.folder()?;
        let (vault, actor, look, target) = (self.clone(), actor.clone(), look.clone(), target.clone());
        self.complete(async move { Box::pin(vault.try_relocate(&actor, look, target, on_conflict)).await }).await
    }

    async fn try_relocate(
        &self,
        actor: &Actor,
        mut look: Look,
        mut target: Look,
        on_conflict: OnConflict,
    ) -> Result<()> {
        let mut names = 0;
        for _ in 0..ATTEMPTS {
            let permit = look.check(actor, Action::Move)?;
            let item = &look.item;
            if item.is_root() {
                return Err(Error::Impossible("a root folder"));
            }
            look.check_named_fence(actor)?;
            if target.is_within(item.id) {
                return Err(Error::Impossible("a folder into itself"));
            }
            if item.library.id != target.item.library.id {
                look.leaves(actor)?;
            }
            target.receives(actor, &look)?;
            if item.parent == Some(target.item.id) {
                return Ok(());
            }
            let name = ItemName::parse(&item.name)?;
            let name = self.free_name(target.item.id, &name, item.kind(), on_conflict, names).await?;
            let to = destination(item, &target, name);
            let act = self.act(actor, None);
            let done = match look.seen(actor) {
                Some(seen) => {
                    let from = item.library.id;
                    let (done, mut db) = if from == to.library || target.item.library.quota_bytes.is_none() {
                        let mut db = self.connection().await?;
                        (again!(store::moves::file(&mut db, &permit, from, seen, &to, &act).await), db)
                    } else {
                        let room = &target.item.library;
                        let done = match again!(self.relocate_within(room, &permit, from, seen, &to, &act).await) {
                            Ok(None) => return Err(Error::QuotaReached),
                            Ok(Some(done)) => Ok(done),
                            Err(error) => Err(error),
                        };
                        (done, self.connection().await?)
                    };
                    if matches!(done, Ok(false))
                        && from != to.library
                        && store::parts::has_file(&mut db, item.id).await?
                    {
                        return Err(Error::Associated);
                    }
                    done
                }
                None => {
                    let closed = self.closed_on_the_way(actor, &look, &target).await?;
                    let room = &target.item.library;
                    match again!(self.relocate_folder(room, &permit, item, &to, &closed, actor, &act).await) {
                        Ok(tree) => self.outcome(actor, tree, &closed, Action::Move).await.map(Ok)?,
                        Err(error) => Err(error),
                    }
                }
            };
            match done {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    look = self.look_again(actor, &look).await?;
                    target = self.look(actor, &ItemKey::Id(target.item.id)).await?;
                }
                Err(error) if store::violated(&error) == Some("items_name_key") => {
                    if matches!(on_conflict, OnConflict::Fail | OnConflict::AddEdition) {
                        return Err(Error::NameTaken(to.name.as_str().to_owned()));
                    }
                    names += 1;
                }
                // somebody took one of the numbers as a code there at this very moment: now it is seen
                Err(error) if store::violated(&error) == Some(CODE_KEY) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Overloaded)
    }

    /// The categories the caller may not take anything of out of the one library, or bring into the other.
    async fn closed_on_the_way(&self, actor: &Actor, look: &Look, target: &Look) -> Result<Vec<(CategoryId, Gate)>> {
        let mut closed = self.categories_closed_to(actor, &look.item.library, Action::Move).await?;
        if look.item.library.id != target.item.library.id {
            closed.extend(self.categories_closed_to(actor, &target.item.library, Action::Create).await?);
        }
        Ok(closed)
    }

    /// Moves a file into a library with a quota. `None`: there is no room for it.
    async fn relocate_within(
        &self,
        room: &Library,
        permit: &Permit,
        from: LibraryId,
        seen: Seen,
        to: &Destination,
        act: &store::Act,
    ) -> sqlx::Result<Option<bool>> {
        let mut all = self.0.db.begin().await?;
        let turn = Turn::take(&mut all, room).await?;
        let done = store::moves::file(&mut all, permit, from, seen, to, act).await?;
        if done && !turn.fits(&mut all).await? {
            return Ok(None);
        }
        all.commit().await?;
        Ok(Some(done))
    }

    #[expect(clippy::too_many_arguments, reason = "one transaction")]
    async fn relocate_folder(
        &self,
        room: &Library,
        permit: &Permit,
        folder: &Item,
        to: &Destination,
        closed: &[(CategoryId, Gate)],
        actor: &Actor,
        act: &store::Act,
    ) -> sqlx::Result<Tree> {
        let from = folder.library.id;
        let mut all = self.0.db.begin().await?;
        store::folders::hold_trees(&mut all, &[from, to.library]).await?;
        let turn = Turn::take(&mut all, room).await?;
        if let Some(no) = self.stands_in_the_way(&mut all, folder.id, closed, actor).await? {
            return Ok(no);
        }
        if from != to.library && store::parts::has_file_below(&mut all, folder.id).await? {
            return Ok(Tree::Associated);
        }
        let done = store::moves::folder(&mut all, permit, folder.revision, to, act).await?;
        if done && from != to.library && !turn.fits(&mut all).await? {
            return Ok(Tree::NoRoom);
        }
        all.commit().await?;
        Ok(if done { Tree::Done } else { Tree::Changed })
    }

    /// What forbids taking a folder away: somebody's lock on it that was not there when it was looked at; below it something of a
    /// closed category, something private, somebody's lock. No lock is taken there until the transaction ends.
    pub(super) async fn stands_in_the_way(
        &self,
        all: &mut store::PgConnection,
        folder: crate::domain::id::ItemId,
        closed: &[(CategoryId, Gate)],
        actor: &Actor,
    ) -> sqlx::Result<Option<Tree>> {
        if self.is_held_from(all, folder, actor.id()).await? {
            return Ok(Some(Tree::Changed));
        }
        let closed: Vec<CategoryId> = closed.iter().map(|(category, _)| *category).collect();
        let held = self.held_below(all, folder, actor.id()).await?;
        if !closed.is_empty()
            && let Some(category) = store::folders::category_below(all, folder, &closed).await?
        {
            return Ok(Some(Tree::Closed(category)));
        }
        if actor.is_supplier() && store::folders::has_private_below(all, folder).await? {
            return Ok(Some(Tree::Private));
        }
        Ok(held.map(|held| Tree::Held(Box::new(held))))
    }

    /// Whether it was done, or the refusal; `Ok(false)`: it is worth another look.
    pub(super) async fn outcome(
        &self,
        actor: &Actor,
        tree: Tree,
        closed: &[(CategoryId, Gate)],
        action: Action,
    ) -> Result<bool> {
        let denied = |gate| Err(Error::Denied(Denial { gate, action }));
        match tree {
            Tree::Done => Ok(true),
            Tree::Changed => Ok(false),
            Tree::Held(held) => self.refuse_held(actor, *held).await?.map_or(Ok(false), Err),
            Tree::Private => denied(Gate::Visible),
            Tree::Associated => Err(Error::Associated),
            Tree::NoRoom => Err(Error::QuotaReached),
            Tree::Closed(category) => {
                let gate = closed.iter().find(|(closed, _)| *closed == category);
                denied(gate.map_or(Gate::Category, |(_, gate)| *gate))
            }
        }
    }
}

fn destination(item: &Item, target: &Look, name: ItemName) -> Destination {
    // a title that was the name follows the name
    let follows = item.title == item.name || item.kind() == Kind::Folder;
    let title = if follows { name.as_str().to_owned() } else { item.title.clone() };
    Destination { library: target.item.library.id, folder: target.item.id, name, title }
}
