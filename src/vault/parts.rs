//! Parts and their revisions, as callers see them, and the files that belong to them.
//!
//! Parts are seen by whoever has a role on their library. Changing which files belong to a revision takes what describing
//! the library's root folder takes, and seeing the file; making parts and releasing them is for those who may share the
//! library.

use std::{collections::HashMap, sync::Arc};

use super::{Look, NewFileAt, Published, Vault, create::Belonging, editions::edition, locks::ATTEMPTS};
use crate::{
    domain::{
        actor::Actor,
        edition::Edition,
        error::{Error, Missing, Result},
        id::{AssociationId, EditionKey, ItemId, ItemKey, PartId, RevisionId},
        library::Library,
        part::{self, Association, MOST_FILES, NewPart, Revision, RevisionStatus, Terms},
        permission::{self, Action, Denial, Facts, Gate, Permit},
    },
    store::{
        self,
        parts::{Copied, NewAssociation, NewRevision, PartQuery},
    },
};

/// A revision of a part that somebody looked at.
#[derive(Clone, Debug)]
pub struct PartLook {
    revision: Revision,
    library: Arc<Library>,
}

impl PartLook {
    /// The revision.
    pub fn revision(&self) -> &Revision {
        &self.revision
    }

    /// May they change which files belong to it? A revision that is not worked on is [`Error::Frozen`].
    pub fn check(&self, actor: &Actor) -> Result<()> {
        may_change(actor, self).map(drop)
    }
}

/// A file that belongs to a revision, with the edition that shows there.
#[derive(Clone, Debug)]
pub struct PartFile {
    /// That it belongs to it, and how.
    pub association: Association,
    /// The file.
    pub look: Look,
    /// The edition it is pinned to, or else the newest.
    pub edition: Edition,
}

/// A file to be made that belongs to a revision from birth.
#[derive(Debug)]
pub struct NewFileOf {
    /// The file.
    pub file: NewFileAt,
    /// Whether it shows its newest edition; else it is pinned to the one it is made with.
    pub latest: bool,
    /// Whether it is one of the files that come first.
    pub primary: bool,
    /// What is said about it.
    pub reference: String,
}

impl Vault {
    /// The parts of a library that fit, by number, each in its effective revision or else in its working one.
    pub async fn parts(
        &self,
        actor: &Actor,
        library: &Library,
        query: &PartQuery,
        limit: i64,
        offset: i64,
    ) -> Result<Vec<Revision>> {
        match sees(actor, library) {
            // a part that is not seen is not there
            Err(Error::Missing(_)) => return Ok(Vec::new()),
            seen => seen?,
        }
        let mut db = self.connection().await?;
        Ok(store::parts::search(&mut db, library.id, query, limit, offset).await?)
    }

    /// Looks at the revision of a part with this GUID.
    ///
    /// # Errors
    /// [`Missing::Part`].
    pub async fn part(&self, actor: &Actor, library: &Arc<Library>, guid: &str) -> Result<PartLook> {
        sees(actor, library)?;
        let revision = {
            let mut db = self.connection().await?;
            store::parts::by_guid(&mut db, library.id, guid).await?
        };
        let revision = revision.ok_or(Error::Missing(Missing::Part))?;
        Ok(PartLook { revision, library: library.clone() })
    }

    /// All revisions of a part, newest first.
    pub async fn part_revisions(&self, actor: &Actor, part: &PartLook) -> Result<Vec<Revision>> {
        sees(actor, &part.library)?;
        let mut db = self.connection().await?;
        Ok(store::parts::revisions(&mut db, part.revision.part).await?)
    }

    /// The files of a revision that the caller may see, in the order in which they were associated.
    pub async fn part_files(&self, actor: &Actor, part: &PartLook) -> Result<Vec<PartFile>> {
        sees(actor, &part.library)?;
        let (associations, rows, pinned) = {
            let (mut db, now) = (self.connection().await?, self.0.clock.instead());
            let associations = store::parts::associations(&mut db, part.revision.id).await?;
            if associations.is_empty() {
                return Ok(Vec::new());
            }
            let rows = store::items::of_revision(&mut db, now, part.revision.id).await?;
            let is_newest = |association: &Association| {
                association.edition.is_none() || rows.iter().any(|row| row.edition == association.edition)
            };
            let pinned = if associations.iter().all(is_newest) {
                Vec::new()
            } else {
                store::editions::pinned(&mut db, part.revision.id).await?
            };
            (associations, rows, pinned)
        };
        let people = self.people(pinned.iter().map(|row| row.author)).await?;
        let mut editions = HashMap::with_capacity(pinned.len());
        for row in pinned {
            editions.insert(row.id, edition(row, &people, false)?);
        }
        let looks = self.dress(rows).await?.into_iter().filter(|look| look.check(actor, Action::View).is_ok());
        let mut looks: HashMap<ItemId, Look> = looks.map(|look| (look.item.id, look)).collect();
        let files = associations.into_iter().filter_map(|association| {
            let look = looks.remove(&association.file)?;
            let newest = &look.item.file.as_ref()?.edition;
            let edition = match association.edition {
                Some(pinned) if pinned != newest.id => editions.remove(&pinned)?,
                Some(_) | None => newest.clone(),
            };
            Some(PartFile { association, look, edition })
        });
        Ok(files.collect())
    }

    /// One file of a revision, by the GUID of its association.
    ///
    /// # Errors
    /// [`Missing::Association`], also for a file the caller may not see.
    pub async fn part_file(&self, actor: &Actor, part: &PartLook, guid: &str) -> Result<PartFile> {
        sees(actor, &part.library)?;
        let association = {
            let mut db = self.connection().await?;
            store::parts::association(&mut db, part.revision.id, guid).await?
        };
        let missing = || Error::Missing(Missing::Association);
        let association = association.ok_or_else(missing)?;
        let look = match self.look(actor, &ItemKey::Id(association.file)).await {
            Err(Error::Missing(_)) => return Err(missing()),
            look => look?,
        };
        look.check(actor, Action::View).map_err(|_| missing())?;
        let edition = match association.edition {
            None => look.file()?.edition.clone(),
            Some(pinned) => self.edition(actor, &look, &EditionKey::Id(pinned)).await?,
        };
        Ok(PartFile { association, look, edition })
    }

    /// The revisions of parts that show this edition of a file that was looked at, with their associations; by number.
    pub async fn parts_of(
        &self,
        actor: &Actor,
        look: &Look,
        edition: &Edition,
    ) -> Result<Vec<(Revision, Association)>> {
        look.check(actor, Action::View)?;
        let library = &look.item.library;
        match sees(actor, library) {
            Err(Error::Missing(_)) => return Ok(Vec::new()),
            seen => seen?,
        }
        let mut db = self.connection().await?;
        let associations = store::parts::showing(&mut db, look.item.id, edition.id).await?;
        let ids: Vec<RevisionId> = associations.iter().map(|association| association.revision).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let revisions = store::parts::some(&mut db, library.id, &ids).await?;
        let mut of: HashMap<RevisionId, Association> =
            associations.into_iter().map(|association| (association.revision, association)).collect();
        Ok(revisions.into_iter().filter_map(|revision| of.remove(&revision.id).map(|of| (revision, of))).collect())
    }

    /// Associates a file that was looked at with a revision; answers the association's GUID.
    ///
    /// # Errors
    /// [`Error::Frozen`] for a revision that is not worked on, [`Error::AlreadyAssociated`], [`Missing::Edition`] for an
    /// edition that the file has not, [`Error::Invalid`] beyond the limits, and what the gates say.
    pub async fn associate(&self, actor: &Actor, part: &PartLook, look: &Look, terms: Terms) -> Result<String> {
        let (vault, actor, part, look) = (self.clone(), actor.clone(), part.clone(), look.clone());
        self.complete(async move { vault.try_associate(&actor, part, look, terms).await }).await
    }

    async fn try_associate(&self, actor: &Actor, mut part: PartLook, mut look: Look, terms: Terms) -> Result<String> {
        for _ in 0..ATTEMPTS {
            let permit = self.may_associate(actor, &part, &look, &terms).await?;
            has_room(&part)?;
            let new = self.draw_association(part.revision.id, terms.clone())?;
            let act = self.act(actor, None);
            let (file, seen) = (look.item.id, look.file()?.lock_revision);
            let done = {
                let mut db = self.connection().await?;
                let library = part.library.id;
                again!(store::parts::associate(&mut db, &permit, library, &new, file, Some(seen), &act).await)
            };
            if tied(done)? {
                return Ok(new.arena_guid);
            }
            part = self.part(actor, &part.library, &part.revision.arena_guid).await?;
            look = self.look_again(actor, &look).await?;
        }
        Err(Error::Overloaded)
    }

    /// Makes a file in the root folder, which was looked at, that belongs to a revision from birth; answers the
    /// association's GUID besides.
    ///
    /// # Errors
    /// As [`Vault::associate`] and [`Vault::create_file`].
    pub async fn create_associated(
        &self,
        actor: &Actor,
        part: &PartLook,
        folder: &Look,
        new: NewFileOf,
    ) -> Result<(Published, String)> {
        let permit = may_change(actor, part)?;
        if folder.item.library.id != part.library.id {
            return Err(Error::Missing(Missing::Item));
        }
        let terms = Terms { edition: None, primary: new.primary, reference: new.reference };
        terms.check()?;
        has_room(part)?;
        let association = self.draw_association(part.revision.id, terms)?;
        let guid = association.arena_guid.clone();
        let with = Belonging { permit, association, latest: new.latest };
        let made = self.create_file_of(actor, folder, new.file, with).await;
        match made {
            // the folder has gone, or the revision was released meanwhile
            Err(Error::Missing(Missing::Item)) => {
                self.part(actor, &part.library, &part.revision.arena_guid).await?.revision.changeable()?;
                Err(Error::Missing(Missing::Item))
            }
            made => made.map(|made| (made, guid)),
        }
    }

    /// Changes how a file belongs to a revision.
    ///
    /// # Errors
    /// As [`Vault::associate`], and [`Missing::Association`] when it does not belong to it any more.
    pub async fn change_association(
        &self,
        actor: &Actor,
        part: &PartLook,
        file: &PartFile,
        terms: Terms,
    ) -> Result<()> {
        let (vault, actor, part, file) = (self.clone(), actor.clone(), part.clone(), file.clone());
        self.complete(async move { vault.try_change(&actor, part, file, &terms).await }).await
    }

    async fn try_change(&self, actor: &Actor, mut part: PartLook, mut file: PartFile, terms: &Terms) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let permit = self.may_associate(actor, &part, &file.look, terms).await?;
            let act = self.act(actor, None);
            let (library, seen) = (part.library.id, file.look.file()?.lock_revision);
            let done = {
                let mut db = self.connection().await?;
                again!(store::parts::change(&mut db, &permit, library, &file.association, terms, seen, &act).await)
            };
            if done? {
                return Ok(());
            }
            part = self.part(actor, &part.library, &part.revision.arena_guid).await?;
            file = self.part_file(actor, &part, &file.association.arena_guid).await?;
        }
        Err(Error::Overloaded)
    }

    /// Takes a file away from a revision; the file itself stays.
    ///
    /// # Errors
    /// As [`Vault::change_association`].
    pub async fn dissociate(&self, actor: &Actor, part: &PartLook, file: &PartFile) -> Result<()> {
        let permit = may_change(actor, part)?;
        let (vault, act, library) = (self.clone(), self.act(actor, None), part.library.id);
        let (actor, part, association) = (actor.clone(), part.clone(), file.association.clone());
        self.complete(async move {
            let done = {
                let mut db = vault.connection().await?;
                again!(store::parts::dissociate(&mut db, &permit, library, &association, &act).await)?
            };
            if done {
                return Ok(());
            }
            vault.part(&actor, &part.library, &part.revision.arena_guid).await?.revision.changeable()?;
            Err(Error::Missing(Missing::Association))
        })
        .await
    }

    /// Makes a part, whose first revision is worked on.
    ///
    /// # Errors
    /// [`Error::NameTaken`] for a number that another part of the library has, [`Error::Invalid`], and what the gates say.
    pub async fn make_part(&self, actor: &Actor, library: &Arc<Library>, new: NewPart) -> Result<PartLook> {
        let permit = may_manage(actor, library)?;
        new.check()?;
        let (vault, act) = (self.clone(), self.act(actor, None));
        let (actor, library) = (actor.clone(), library.clone());
        self.complete(async move {
            let revision = vault.draw_revision(&new.label)?;
            let made = {
                let mut db = vault.connection().await?;
                let part = (PartId::fresh(), &new);
                again!(store::parts::create(&mut db, &permit, library.id, part, &revision, &act).await)
            };
            match made {
                Ok(()) => vault.part(&actor, &library, &revision.arena_guid).await,
                Err(error) if store::violated(&error) == Some("parts_number_key") => Err(Error::NameTaken(new.number)),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Releases the revision of a part that is worked on: it is the effective one from now on, and its files stay as they
    /// are.
    ///
    /// # Errors
    /// [`Missing::Part`], [`Error::Impossible`] when none is worked on, and what the gates say.
    pub async fn release_part(&self, actor: &Actor, library: &Arc<Library>, number: &str) -> Result<PartLook> {
        let permit = may_manage(actor, library)?;
        let there = self.newest_revision(library, number).await?;
        let (vault, act) = (self.clone(), self.act(actor, None));
        let (actor, library) = (actor.clone(), library.clone());
        self.complete(async move {
            let released = again!(vault.release_now(&permit, &there, &act).await)?;
            if !released {
                return Err(Error::Impossible("no revision of it is worked on"));
            }
            vault.part(&actor, &library, &there.arena_guid).await
        })
        .await
    }

    async fn release_now(&self, permit: &Permit, part: &Revision, act: &store::Act) -> sqlx::Result<bool> {
        let mut all = self.0.db.begin().await?;
        let released = store::parts::release(&mut all, permit, part.library, part.part, act).await?;
        all.commit().await?;
        Ok(released.is_some())
    }

    /// Opens the next revision of a part, with the files of the effective one.
    ///
    /// # Errors
    /// [`Missing::Part`], [`Error::Impossible`] while a revision is worked on, [`Error::NameTaken`] for a label that
    /// another revision has, and what the gates say.
    pub async fn revise_part(
        &self,
        actor: &Actor,
        library: &Arc<Library>,
        number: &str,
        label: &str,
    ) -> Result<PartLook> {
        let permit = may_manage(actor, library)?;
        part::check_label(label)?;
        let (vault, act) = (self.clone(), self.act(actor, None));
        let (number, label) = (number.to_owned(), label.trim().to_owned());
        let (actor, library) = (actor.clone(), library.clone());
        self.complete(async move {
            for _ in 0..ATTEMPTS {
                let from = vault.newest_revision(&library, &number).await?;
                if from.status == RevisionStatus::Working {
                    return Err(worked_on());
                }
                let new = vault.draw_revision(&label)?;
                let copies = {
                    let mut db = vault.connection().await?;
                    store::parts::associations(&mut db, from.id).await?
                };
                let copies = vault.draw_copies(&copies)?;
                match again!(vault.revise_now(&permit, &from, &new, &copies, &act).await) {
                    Ok(true) => return vault.part(&actor, &library, &new.arena_guid).await,
                    // released anew between the look and the write
                    Ok(false) => {}
                    Err(error) => return Err(revision_refusal(error, &label)),
                }
            }
            Err(Error::Overloaded)
        })
        .await
    }

    async fn revise_now(
        &self,
        permit: &Permit,
        from: &Revision,
        new: &NewRevision,
        copies: &[Copied],
        act: &store::Act,
    ) -> sqlx::Result<bool> {
        let mut all = self.0.db.begin().await?;
        let done = store::parts::revise(&mut all, permit, from, new, copies, act).await?;
        all.commit().await?;
        Ok(done)
    }

    async fn newest_revision(&self, library: &Library, number: &str) -> Result<Revision> {
        let mut db = self.connection().await?;
        let newest = store::parts::by_number(&mut db, library.id, number).await?.into_iter().next();
        newest.ok_or(Error::Missing(Missing::Part))
    }

    pub(super) fn draw_revision(&self, label: &str) -> Result<NewRevision> {
        Ok(NewRevision {
            id: RevisionId::fresh(),
            label: label.trim().to_owned(),
            arena_guid: self.0.fresh.arena_guid()?,
        })
    }

    pub(super) fn draw_association(&self, revision: RevisionId, terms: Terms) -> Result<NewAssociation> {
        Ok(NewAssociation { id: AssociationId::fresh(), arena_guid: self.0.fresh.arena_guid()?, revision, terms })
    }

    /// New identities for what the next revision takes over, in the same order.
    pub(super) fn draw_copies(&self, associations: &[Association]) -> Result<Vec<Copied>> {
        let copied = |old: &Association| {
            Ok(Copied { of: old.id, id: AssociationId::fresh(), arena_guid: self.0.fresh.arena_guid()? })
        };
        associations.iter().map(copied).collect()
    }

    async fn may_associate(&self, actor: &Actor, part: &PartLook, look: &Look, terms: &Terms) -> Result<Permit> {
        let permit = may_change(actor, part)?;
        look.check(actor, Action::View)?;
        terms.check()?;
        if let Some(pinned) = terms.edition {
            // the newest costs nothing
            self.edition(actor, look, &EditionKey::Id(pinned)).await?;
        }
        if look.item.library.id == part.library.id { Ok(permit) } else { Err(Error::Missing(Missing::Item)) }
    }
}

/// Whether parts of a library exist for the caller: parts are no files, so that a role is all it takes.
fn sees(actor: &Actor, library: &Library) -> Result<()> {
    match permission::check(actor, Action::View, &Facts::of_root(library, &[])) {
        Ok(_) | Err(Denial { gate: Gate::Policy, .. }) => Ok(()),
        Err(Denial { gate: Gate::Account | Gate::Visible, .. }) => Err(Error::Missing(Missing::Part)),
        Err(denial) => Err(Error::Denied(denial)),
    }
}

/// May they, as far as the library as a whole goes?
fn may(actor: &Actor, library: &Library, action: Action) -> Result<Permit> {
    sees(actor, library)?;
    permission::check(actor, action, &Facts::of_root(library, &[])).map_err(Error::Denied)
}

/// May they change which files belong to it? What was released stays as it was.
fn may_change(actor: &Actor, part: &PartLook) -> Result<Permit> {
    let permit = may(actor, &part.library, Action::Describe)?;
    permit.actor().ok_or(Error::NoSession)?;
    part.revision.changeable()?;
    Ok(permit)
}

/// May they make parts and release them?
fn may_manage(actor: &Actor, library: &Library) -> Result<Permit> {
    let permit = may(actor, library, Action::Share)?;
    permit.actor().ok_or(Error::NoSession)?;
    Ok(permit)
}

fn has_room(part: &PartLook) -> Result<()> {
    if part.revision.files < MOST_FILES { Ok(()) } else { Err(Error::Invalid("file")) }
}

fn tied(done: sqlx::Result<bool>) -> Result<bool> {
    done.map_err(|error| match store::violated(&error) {
        Some("part_files_once_key") => Error::AlreadyAssociated,
        _ => error.into(),
    })
}

pub(super) fn worked_on() -> Error {
    Error::Impossible("a revision of it is worked on already")
}

/// Why a revision was not opened.
pub(super) fn revision_refusal(error: sqlx::Error, label: &str) -> Error {
    match store::violated(&error) {
        Some("part_revisions_label_key") => Error::NameTaken(label.to_owned()),
        Some("part_revisions_working_key") => worked_on(),
        _ => error.into(),
    }
}
