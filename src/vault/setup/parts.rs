//! Parts and their revisions.

use super::{
    super::parts::{revision_refusal, worked_on},
    Done, Setup,
};
use crate::{
    domain::{
        error::{Error, Result},
        id::{ItemId, PartId, PrincipalId},
        library::Library,
        part::{NewPart, Revision, RevisionStatus, Terms},
        permission::{Action, Permit},
    },
    store,
};

impl Setup {
    /// The revisions of a part, newest first.
    pub async fn revisions(&mut self, part: PartId) -> Result<Vec<Revision>> {
        Ok(store::parts::revisions(self.db(), part).await?)
    }

    /// A part, by its number. `named`: whether a name was given; else the one it has stays.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a text that no part can have.
    pub async fn put_part(
        &mut self,
        library: &Library,
        new: &NewPart,
        named: bool,
        by: PrincipalId,
    ) -> Result<(PartId, Done)> {
        new.check()?;
        let there = store::parts::by_number(self.db(), library.id, &new.number).await?;
        let done = match there.first() {
            Some(there) => {
                let name = if named { &new.name } else { &there.name };
                let description = if new.description.is_empty() { &there.description } else { &new.description };
                let changed = store::parts::describe(self.db(), there.part, name, description).await?;
                (there.part, Done::changed_if(changed))
            }
            None => {
                let (id, revision) = (PartId::fresh(), self.vault.draw_revision(&new.label)?);
                let (permit, act) = (Permit::of_operator(by, library.root, Action::Share), self.act(by, None));
                store::parts::create(self.db(), &permit, library.id, (id, new), &revision, &act).await?;
                (id, Done::Made)
            }
        };
        self.note(done.1);
        Ok(done)
    }

    /// A revision of a part, by its label, with at least these files. One that was released stays as it is; one that is not
    /// there is opened, with the files of the effective one.
    ///
    /// # Errors
    /// [`Error::Impossible`] when another one is worked on.
    pub async fn put_revision(
        &mut self,
        library: &Library,
        part: PartId,
        label: &str,
        files: &[ItemId],
        released: bool,
        by: PrincipalId,
    ) -> Result<Done> {
        let (permit, act) = (Permit::of_operator(by, library.root, Action::Share), self.act(by, None));
        let all = self.revisions(part).await?;
        let (there, mut done) = match all.iter().find(|there| there.label == label.trim()) {
            Some(there) => (there.clone(), Done::Found),
            None => (self.open_revision(&permit, &all, label, &act).await?, Done::Made),
        };
        if there.status == RevisionStatus::Working {
            let has = store::parts::associations(self.db(), there.id).await?;
            for file in files.iter().filter(|file| has.iter().all(|has| has.file != **file)) {
                let terms = Terms { edition: None, primary: false, reference: String::new() };
                let new = self.vault.draw_association(there.id, terms)?;
                let (db, library) = (self.db(), library.id);
                if !store::parts::associate(db, &permit, library, &new, *file, None, &act).await? {
                    return Err(Error::Overloaded);
                }
                done = done.and(true);
            }
            if released {
                store::parts::release(self.db(), &permit, library.id, part, &act).await?;
                done = done.and(true);
            }
        }
        Ok(self.note(done))
    }

    async fn open_revision(
        &mut self,
        permit: &Permit,
        all: &[Revision],
        label: &str,
        act: &store::Act,
    ) -> Result<Revision> {
        let effective = all.iter().find(|there| there.status == RevisionStatus::Effective);
        let from = effective.ok_or_else(worked_on)?;
        let new = self.vault.draw_revision(label)?;
        let copies = store::parts::associations(self.db(), from.id).await?;
        let copies = self.vault.draw_copies(&copies)?;
        let opened = store::parts::revise(self.db(), permit, from, &new, &copies, act).await;
        if !opened.map_err(|error| revision_refusal(error, label))? {
            return Err(Error::Overloaded);
        }
        let opened = store::parts::revisions(self.db(), from.part).await?.into_iter().find(|there| there.id == new.id);
        opened.ok_or(Error::Overloaded)
    }
}
