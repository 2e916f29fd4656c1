//! Copying a file, or a folder with all below it. A copy is new in every respect but its content, which rows name once
//! more, and what everybody sees said about it: no byte is copied. Whose lock is on what is copied does not matter.

use std::collections::HashMap;

use super::{
    Look, Published, Vault,
    create::{With, born_held, is_personal},
    external::CODE_KEY,
    files::Tree,
    giving::Giving,
    locks::ATTEMPTS,
    publish::author,
    quota::Turn,
};
use crate::{
    domain::{
        actor::Actor,
        edition::{Edition, Metadata},
        error::{Error, Missing, Result},
        id::{CategoryId, EditionId, ItemId, ItemKey},
        item::{ClientTimes, Item, Kind, NewFile, OnConflict},
        name::ItemName,
        permission::{Action, Permit},
    },
    store::{
        self,
        copies::{Copied, Copier, Found},
        copy_operations::Errand,
    },
};

/// More than so many items are not copied at once.
const MOST_COPIED: usize = 5000;

/// Nor where they name more folders above them than this in all: each row names all of its own.
const MOST_NAMED: usize = 250_000;

const TOO_MUCH: Error = Error::Impossible("more in one folder than is copied at once");

impl Vault {
    /// Copies an edition of a file that was looked at into a folder that was looked at: a new file with this content as its
    /// first edition, which nobody holds.
    ///
    /// # Errors
    /// [`Error::NameTaken`], [`Error::CategoryNotAssignable`], and what the gates say of the file and of the folder.
    pub async fn copy_file(
        &self,
        actor: &Actor,
        look: &Look,
        edition: &Edition,
        target: &Look,
        on_conflict: OnConflict,
    ) -> Result<Published> {
        let (vault, actor, look, edition, target) =
            (self.clone(), actor.clone(), look.clone(), edition.clone(), target.clone());
        self.complete(async move {
            vault.try_copy_file(&actor, &look, &edition, target, on_conflict, &Manner::default()).await
        })
        .await
    }

    /// Copies an edition of a file in some manner; what is said of it may differ from what was published.
    pub(super) async fn try_copy_file(
        &self,
        actor: &Actor,
        look: &Look,
        edition: &Edition,
        target: Look,
        on_conflict: OnConflict,
        manner: &Manner,
    ) -> Result<Published> {
        look.file()?;
        target.folder()?;
        look.check(actor, Action::Download)?;
        let item = &look.item;
        let permit = self.check_create(actor, &target, Some(item.category.id)).await?;
        let file = NewFile {
            name: manner.name_of(item)?,
            metadata: said_of(item, edition),
            comment: String::new(),
            on_conflict,
            client_times: ClientTimes::default(),
        };
        let giving = Giving::once_more(edition.content);
        self.create_wherever(actor, permit, target, &file, &giving, With::WordsOf(item.id, manner.errand)).await
    }

    /// Copies a folder that was looked at, with all below it that the caller may see, into another: all or nothing, and as
    /// it is at one moment.
    ///
    /// # Errors
    /// [`Error::NameTaken`], [`Error::Impossible`] for a folder into itself and for one with too much in it, and what the
    /// gates say of the folder, of the other one, and of making there what is to be copied.
    pub async fn copy_folder(
        &self,
        actor: &Actor,
        look: &Look,
        target: &Look,
        on_conflict: OnConflict,
    ) -> Result<ItemId> {
        self.copy_folder_in(actor, look, target, on_conflict, Manner::default()).await
    }

    /// The same under another name and with another description than its own.
    ///
    /// # Errors
    /// As [`Vault::copy_folder`].
    pub async fn copy_folder_as(
        &self,
        actor: &Actor,
        look: &Look,
        target: &Look,
        name: ItemName,
        description: String,
    ) -> Result<ItemId> {
        let manner = Manner { name: Some(name), description: Some(description), ..Manner::default() };
        self.copy_folder_in(actor, look, target, OnConflict::Fail, manner).await
    }

    async fn copy_folder_in(
        &self,
        actor: &Actor,
        look: &Look,
        target: &Look,
        on_conflict: OnConflict,
        manner: Manner,
    ) -> Result<ItemId> {
        look.folder()?;
        target.folder()?;
        look.check(actor, Action::Download)?;
        let (vault, actor, look, target) = (self.clone(), actor.clone(), look.clone(), target.clone());
        self.complete(async move { vault.try_copy_folder(&actor, &look, target, on_conflict, &manner).await }).await
    }

    pub(super) async fn try_copy_folder(
        &self,
        actor: &Actor,
        look: &Look,
        mut target: Look,
        on_conflict: OnConflict,
        manner: &Manner,
    ) -> Result<ItemId> {
        if look.item.is_root() {
            return Err(Error::Impossible("a root folder"));
        }
        let mut names = 0;
        for _ in 0..ATTEMPTS {
            let permit = target.check(actor, Action::Create)?;
            target.receives(actor, look)?;
            if target.is_within(look.item.id) {
                return Err(Error::Impossible("a folder into itself"));
            }
            let name = manner.name_of(&look.item)?;
            let name = self.free_name(target.item.id, &name, Kind::Folder, on_conflict, names).await?;
            let hidden = self.hidden_categories(actor, &look.item.library).await?;
            let closed = self.categories_closed_to(actor, &target.item.library, Action::Create).await?;
            let categories = self.categories().await?;
            let unassignable = categories.values().filter(|category| !(category.row.assignable && category.row.active));
            let unassignable: Vec<CategoryId> = unassignable.map(|category| category.row.id).collect();
            let what = Copying {
                permit: &permit,
                actor,
                look,
                target: &target,
                name: &name,
                hidden: &hidden,
                unassignable: &unassignable,
                manner,
            };
            let copied = again!(self.copy_all(&what, &closed.iter().map(|(id, _)| *id).collect::<Vec<_>>()).await);
            match copied {
                Ok(Ended::Done(made)) => return Ok(made),
                Ok(Ended::TooMuch) => return Err(TOO_MUCH),
                Ok(Ended::NotAssignable) => return Err(Error::CategoryNotAssignable),
                Ok(Ended::Failed(error)) => return Err(error),
                Ok(Ended::Gone) => target = self.look(actor, &ItemKey::Id(target.item.id)).await?,
                Ok(Ended::SourceGone) => return Err(Error::Missing(Missing::Item)),
                Ok(Ended::Closed(category)) => {
                    self.outcome(actor, Tree::Closed(category), &closed, Action::Create).await?;
                }
                Err(error) if store::violated(&error) == Some("items_name_key") => {
                    if matches!(on_conflict, OnConflict::Fail | OnConflict::AddEdition) {
                        return Err(Error::NameTaken(name.as_str().to_owned()));
                    }
                    names += 1;
                }
                // somebody took one of the numbers as a code at this very moment: the next time there are others
                Err(error) if store::violated(&error) == Some(CODE_KEY) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Overloaded)
    }

    async fn copy_all(&self, what: &Copying<'_>, closed: &[CategoryId]) -> sqlx::Result<Ended> {
        let (source, target, actor) = (&what.look.item, &what.target.item, what.actor);
        let mut all = self.0.db.begin().await?;
        store::copies::at_one_moment(&mut all).await?;
        let turn = Turn::take(&mut all, &target.library).await?;
        let above = store::copies::hold_target(&mut all, target.id, target.library.id, source.library.id).await?;
        // moved below the folder meanwhile: the next look says so
        let Some(mut path) = above.filter(|above| !above.contains(&source.id)) else { return Ok(Ended::Gone) };
        path.push(target.id);
        let limit = i64::try_from(MOST_COPIED + 1).unwrap_or(i64::MAX);
        let found =
            store::copies::below(&mut all, source.id, what.hidden, (actor.id(), actor.is_supplier()), limit).await?;
        if found.is_empty() {
            return Ok(Ended::SourceGone);
        }
        if found.len() > MOST_COPIED {
            return Ok(Ended::TooMuch);
        }
        if let Some(found) = found.iter().find(|found| closed.contains(&found.category)) {
            return Ok(Ended::Closed(found.category));
        }
        if found.iter().any(|found| found.kind == Kind::File && what.unassignable.contains(&found.category)) {
            return Ok(Ended::NotAssignable);
        }
        let copies = match self.drawn(&found, target.id, &path) {
            Ok(copies) => copies,
            Err(error) => return Ok(Ended::Failed(error)),
        };
        let Some(made) = copies.first().map(|copied| copied.id) else { return Ok(Ended::SourceGone) };
        let by = author(actor, what.target);
        let by = Copier {
            owner: target.library.owner.filter(|_| is_personal(target)).unwrap_or(by),
            author: by,
            author_name: actor.person().map_or_else(|| target.owner.name.clone(), |person| person.name.clone()),
            holder: born_held(actor, target),
        };
        let act = self.act(actor, None);
        let holder = actor.id().filter(|_| what.manner.working_copies);
        let root = (what.name, what.manner.description.as_deref());
        store::copies::make(&mut all, what.permit, target.library.id, root, &copies, &by, holder, &act).await?;
        let pairs: Vec<_> = copies.iter().map(|copied| (copied.of, copied.id)).collect();
        store::metadata::copy(&mut all, &pairs).await?;
        if let Some(errand) = what.manner.errand
            && !store::copy_operations::finish(&mut all, errand, made, act.now).await?
        {
            return Ok(Ended::Failed(Error::FenceLost));
        }
        if !turn.fits(&mut all).await? {
            return Ok(Ended::Failed(Error::QuotaReached));
        }
        all.commit().await?;
        Ok(Ended::Done(made))
    }

    /// The identities of the copies, each below that of its parent; so long as their paths are not too much.
    fn drawn(&self, found: &[Found], target: ItemId, path: &[ItemId]) -> Result<Vec<Copied>> {
        let fresh = &self.0.fresh;
        let mut places: HashMap<ItemId, (ItemId, Vec<ItemId>)> = HashMap::new();
        let mut copies = Vec::with_capacity(found.len());
        let mut named = 0;
        for found in found {
            let (parent, ancestors) = match found.parent {
                None => (target, path.to_vec()),
                // folders come before what lies in them
                Some(parent) => {
                    places.get(&parent).cloned().ok_or_else(|| Error::broken("a child before its parent"))?
                }
            };
            named += ancestors.len();
            if named > MOST_NAMED {
                return Err(TOO_MUCH);
            }
            let id = ItemId::fresh();
            let oracle_id = match found.kind {
                Kind::Folder => fresh.oracle_folder(),
                Kind::File => fresh.oracle_file(),
            };
            if found.kind == Kind::Folder {
                places.insert(found.id, (id, ancestors.iter().copied().chain([id]).collect()));
            }
            copies.push(Copied {
                of: found.id,
                id,
                parent,
                ancestors,
                oracle_id: oracle_id?,
                graph_id: fresh.graph_item()?,
                edition: EditionId::fresh(),
                arena_guid: fresh.arena_guid()?,
            });
        }
        Ok(copies)
    }
}

/// What is copied where, by whom.
struct Copying<'a> {
    permit: &'a Permit,
    actor: &'a Actor,
    look: &'a Look,
    target: &'a Look,
    name: &'a ItemName,
    /// Categories that are left out.
    hidden: &'a [CategoryId],
    /// Categories that no new file may have.
    unassignable: &'a [CategoryId],
    manner: &'a Manner,
}

/// How something is copied; by default under its name, as it was published.
#[derive(Clone, Debug, Default)]
pub(super) struct Manner {
    /// Another name than its own.
    pub name: Option<ItemName>,
    /// Another description of a folder than its own; what lies in it keeps its own.
    pub description: Option<String>,
    /// Whether of files in a folder that the caller has checked out the working copies are copied.
    pub working_copies: bool,
    /// What ends with the copy, both or neither.
    pub errand: Option<Errand>,
}

impl Manner {
    fn name_of(&self, item: &Item) -> Result<ItemName> {
        self.name.clone().map_or_else(|| Ok(ItemName::parse(&item.name)?), Ok)
    }
}

/// How it ended; only [`Ended::Done`] has changed anything.
enum Ended {
    /// This is the copy.
    Done(ItemId),
    /// The target is not where it was.
    Gone,
    SourceGone,
    TooMuch,
    /// Something has this category, with which the caller may make nothing there.
    Closed(CategoryId),
    /// A file has a category that no new one may have.
    NotAssignable,
    /// No identity could be drawn, or there is no room for all.
    Failed(Error),
}

/// What is said of a copy. A title that was the name follows the name.
fn said_of(item: &Item, edition: &Edition) -> Metadata {
    let follows = edition.title == item.name || edition.file_name.as_ref() == Some(&edition.title);
    let file_name = edition.file_name.as_ref().filter(|name| **name != item.name);
    Metadata {
        file_name: file_name.and_then(|name| ItemName::parse(name).ok()),
        declared_type: edition.media_type.clone(),
        title: (!follows).then(|| edition.title.clone()),
        description: Some(edition.description.clone()),
        format: edition.format.clone(),
        private: Some(edition.private),
        category: Some(item.category.id),
        storage: Some(edition.storage),
        location: edition.location.clone(),
        ..Metadata::default()
    }
}
