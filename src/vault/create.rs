//! Making a file in a folder: with its first edition and its lock, and, where that is wanted, with what belongs to it or is
//! said about it, both or neither.

use super::{
    Look, Published, Vault,
    external::{CODE_KEY, taken},
    giving::{Giving, given_type},
    locks::ATTEMPTS,
    metadata::set_with,
    publish::{Aim, Given, author, ended_with},
    quota::Turn,
};
use crate::{
    content::Staged,
    domain::{
        actor::{Actor, Dialect},
        edition::{Publish, Storage},
        error::{Error, Missing, Result},
        event::Verb,
        id::{EditionId, ItemId, ItemKey, PrincipalId},
        item::{ClientTimes, Item, Kind, NewFile, OnConflict},
        library::{Library, LibraryKind},
        metadata::Setting,
        permission::{Action, Permit},
        version::{Step, Version},
    },
    store::{
        self, contents::NewContent, copy_operations::Errand, editions::NewEdition, files::NewItem,
        parts::NewAssociation, uploads::Ending,
    },
};

/// A file to be made in a folder that was looked at, with its bytes.
#[derive(Debug)]
pub struct NewFileAt {
    /// The file.
    pub file: NewFile,
    /// Its bytes; `None` only for a file whose bytes are elsewhere.
    pub content: Option<Staged>,
}

/// What a file is made together with.
#[derive(Clone, Copy)]
pub(super) enum With<'a> {
    Nothing,
    /// That it belongs to a revision of a part.
    Belonging(&'a Belonging),
    /// What is said about it.
    Words(&'a [Setting]),
    /// What everybody sees said about this other one, which it is a copy of.
    WordsOf(ItemId, Option<Errand>),
    /// The end of the upload that brought it.
    End(&'a Ending),
}

/// That a file to be made belongs to a revision of a part.
pub(super) struct Belonging {
    /// To change which files belong to it.
    pub permit: Permit,
    /// How it belongs to it.
    pub association: NewAssociation,
    /// Whether it shows its newest edition; else it is pinned to the one it is made with.
    pub latest: bool,
}

impl Vault {
    /// Makes a file in the folder that was looked at.
    ///
    /// # Errors
    /// [`Error::NameTaken`], [`Error::CodeTaken`], [`Error::WrongKind`], [`Error::CategoryNotAssignable`], and what the gates
    /// say of the folder and of the file's own category.
    pub async fn create_file(&self, actor: &Actor, folder: &Look, new: NewFileAt) -> Result<Published> {
        self.create_file_saying(actor, folder, new, Vec::new()).await
    }

    /// The same, and says something about the file in collections that the folder has: both or neither.
    ///
    /// # Errors
    /// As [`Vault::create_file`] and [`Vault::check_values`].
    pub async fn create_file_saying(
        &self,
        actor: &Actor,
        folder: &Look,
        new: NewFileAt,
        said: Vec<Setting>,
    ) -> Result<Published> {
        self.check_values(actor, folder, &said).await?;
        self.create_file_ending(actor, folder, new, said, None).await
    }

    /// The same, the values checked, as the end of an upload where there is one: all or nothing.
    pub(super) async fn create_file_ending(
        &self,
        actor: &Actor,
        folder: &Look,
        new: NewFileAt,
        said: Vec<Setting>,
        ending: Option<Ending>,
    ) -> Result<Published> {
        folder.folder()?;
        let permit = self.check_create(actor, folder, new.file.metadata.category).await?;
        let (vault, actor, folder) = (self.clone(), actor.clone(), folder.clone());
        self.complete(async move {
            let giving = Giving::new(new.content);
            let with = match &ending {
                Some(ending) => With::End(ending),
                None if said.is_empty() => With::Nothing,
                None => With::Words(&said),
            };
            let mut made = vault.create_wherever(&actor, permit, folder.clone(), &new.file, &giving, with).await;
            if new.file.on_conflict == OnConflict::AddEdition && matches!(made, Err(Error::NameTaken(_))) {
                let aim = Aim { said, ending, ..Aim::new(Verb::AddEdition, Action::AddEdition) };
                made = vault.add_instead(&actor, &folder, &new.file, &giving, &aim).await;
            }
            if made.as_ref().is_err_and(|refusal| !matches!(refusal, Error::Broken(_))) {
                giving.taken_back(&vault).await;
            }
            made
        })
        .await
    }

    /// Makes it in the folder that was looked at, even if that was moved into another library a moment ago.
    pub(super) async fn create_wherever(
        &self,
        actor: &Actor,
        mut permit: Permit,
        mut folder: Look,
        file: &NewFile,
        giving: &Giving,
        with: With<'_>,
    ) -> Result<Published> {
        for _ in 0..ATTEMPTS {
            match self.try_create(actor, &permit, &folder, file, giving, with).await {
                Err(Error::Missing(Missing::Item)) => {
                    folder = self.moved(actor, &folder).await?;
                    permit = self.check_create(actor, &folder, file.metadata.category).await?;
                }
                made => return made,
            }
        }
        Err(Error::Overloaded)
    }

    /// Makes a file in the folder that was looked at, which belongs to a revision of a part from birth: both or neither.
    /// What the caller may do to the part was asked.
    pub(super) async fn create_file_of(
        &self,
        actor: &Actor,
        folder: &Look,
        new: NewFileAt,
        with: Belonging,
    ) -> Result<Published> {
        folder.folder()?;
        let permit = self.check_create(actor, folder, new.file.metadata.category).await?;
        let (vault, actor, folder) = (self.clone(), actor.clone(), folder.clone());
        self.complete(async move {
            let giving = Giving::new(new.content);
            let made = vault.try_create(&actor, &permit, &folder, &new.file, &giving, With::Belonging(&with)).await;
            if made.as_ref().is_err_and(|refusal| !matches!(refusal, Error::Broken(_))) {
                giving.taken_back(&vault).await;
            }
            made
        })
        .await
    }

    /// Somebody made a file of that name a moment ago: these bytes are its next edition.
    async fn add_instead(
        &self,
        actor: &Actor,
        folder: &Look,
        file: &NewFile,
        giving: &Giving,
        aim: &Aim,
    ) -> Result<Published> {
        let name = file.name.as_str().to_owned();
        let key = ItemKey::Path(Box::new(ItemKey::Id(folder.item.id)), vec![name.clone()]);
        let look = match self.look(actor, &key).await {
            Ok(look) if look.item.kind() == Kind::File => look,
            // what does not exist for the caller has its name all the same
            Ok(_) | Err(Error::Missing(_)) => return Err(Error::NameTaken(name)),
            Err(other) => return Err(other),
        };
        let what = Given {
            metadata: file.metadata.clone(),
            comment: file.comment.clone(),
            how: Publish::New(if actor.dialect == Dialect::Graph {
                look.item.library.usual_step()
            } else {
                Step::Major
            }),
            rename: None,
        };
        self.try_publish(actor, look, &what, giving, aim).await
    }

    async fn try_create(
        &self,
        actor: &Actor,
        permit: &Permit,
        folder: &Look,
        file: &NewFile,
        giving: &Giving,
        with: With<'_>,
    ) -> Result<Published> {
        let author = author(actor, folder);
        let author_name = match (&file.metadata.author_name, actor.person()) {
            (Some(name), _) => name.clone(),
            (None, Some(person)) => person.name.clone(),
            (None, None) => folder.item.owner.name.clone(),
        };
        let category = file.metadata.category.unwrap_or(folder.item.category.id);
        let (storage, location) = match giving.info {
            Some(_) => (Storage::File, None),
            None => file.metadata.place(None)?,
        };
        let owner = folder.item.library.owner.filter(|_| is_personal(&folder.item)).unwrap_or(author);
        let mut names = 0;
        for _ in 0..ATTEMPTS {
            let name = self.free_name(folder.item.id, &file.name, Kind::File, file.on_conflict, names).await?;
            let new = NewItem {
                id: ItemId::fresh(),
                name: name.clone(),
                oracle_id: self.0.fresh.oracle_file()?,
                graph_id: self.0.fresh.graph_item()?,
                category,
                owner,
                author,
                client_times: file.client_times,
                unpublished_by: born_held(actor, &folder.item),
                external_code: file.metadata.external_code.clone(),
            };
            let edition = NewEdition {
                id: EditionId::fresh(),
                arena_guid: self.0.fresh.arena_guid()?,
                ordinal: 1,
                version: Version::FIRST,
                label: file.metadata.label.clone().unwrap_or_else(|| "1".to_owned()),
                file_name: giving.info.map(|_| file.metadata.file_name.as_ref().unwrap_or(&name).as_str().to_owned()),
                title: file.metadata.title.clone().unwrap_or_else(|| name.as_str().to_owned()),
                description: file.metadata.description.clone().unwrap_or_default(),
                format: file.metadata.format.clone().filter(|format| !format.is_empty()),
                private: file.metadata.private.unwrap_or(false),
                storage,
                location: location.clone(),
                media_type: giving.info.map(|_| given_type(&file.metadata, name.as_str())),
                content: giving.info,
                comment: file.comment.clone(),
                author,
                author_name: author_name.clone(),
                category,
                item_name: None,
                // the item itself has them
                client_times: ClientTimes::default(),
            };
            let act = self.act(actor, Some(&file.comment));
            let library = &folder.item.library;
            let content = giving.content.as_ref();
            let alone = matches!(with, With::Nothing) && library.quota_bytes.is_none();
            let made = if alone {
                let mut db = self.connection().await?;
                again!(store::files::create(&mut db, permit, library.id, &new, &edition, content, &act).await)
            } else {
                match again!(self.create_with(permit, library, &new, &edition, content, with, &act).await) {
                    Ok(Ok(made)) => Ok(made),
                    Ok(Err(refusal)) => return Err(refusal),
                    Err(error) => Err(error),
                }
            };
            match made {
                Ok(Some(blob)) => {
                    giving.given(self, blob).await;
                    return Ok(Published {
                        file: new.id,
                        edition: Some(edition.id),
                        arena_guid: Some(edition.arena_guid),
                        look: None,
                    });
                }
                Ok(None) => return Err(Error::Missing(Missing::Item)),
                Err(error) => match store::violated(&error) {
                    Some("items_name_key") => {
                        if matches!(file.on_conflict, OnConflict::Fail | OnConflict::AddEdition) {
                            return Err(Error::NameTaken(name.as_str().to_owned()));
                        }
                        names += 1;
                    }
                    // somebody took the number as a code at this very moment: the next time it draws another
                    Some(CODE_KEY) if new.external_code.is_none() => {}
                    Some(CODE_KEY) => return Err(taken(library, new.external_code.as_ref())),
                    // bytes that were there already are gone with the edition that named them
                    Some("editions_content_fkey") => return Err(Error::Missing(Missing::Edition)),
                    _ => return Err(error.into()),
                },
            }
        }
        Err(if names == 0 { Error::Overloaded } else { Error::NameTaken(file.name.as_str().to_owned()) })
    }

    /// `None` as in `store::files::create`, and when the revision is not worked on any more. The inner refusal is that of what
    /// is written with the file, or of the library's quota.
    #[expect(clippy::too_many_arguments, reason = "one transaction")]
    async fn create_with(
        &self,
        permit: &Permit,
        library: &Library,
        file: &NewItem,
        edition: &NewEdition,
        content: Option<&NewContent>,
        with: With<'_>,
        act: &store::Act,
    ) -> sqlx::Result<Result<Option<Option<String>>>> {
        let mut all = self.0.db.begin().await?;
        let turn = Turn::take(&mut all, library).await?;
        let made = store::files::create(&mut all, permit, library.id, file, edition, content, act).await?;
        if made.is_none() {
            return Ok(Ok(None));
        }
        match with {
            With::Nothing => {}
            With::Belonging(with) => {
                let mut association = with.association.clone();
                association.terms.edition = (!with.latest).then_some(edition.id);
                let id = library.id;
                if !store::parts::associate(&mut all, &with.permit, id, &association, file.id, None, act).await? {
                    return Ok(Ok(None));
                }
            }
            With::Words(said) => {
                if let Some(refusal) = set_with(&mut all, permit, file.id, said).await? {
                    return Ok(Err(refusal));
                }
            }
            With::WordsOf(other, errand) => {
                store::metadata::copy(&mut all, &[(other, file.id)]).await?;
                if let Some(errand) = errand
                    && !store::copy_operations::finish(&mut all, errand, file.id, act.now).await?
                {
                    return Ok(Err(Error::FenceLost));
                }
            }
            With::End(ending) => {
                if let Some(refusal) = ended_with(&mut all, Some(ending), file.id, act).await? {
                    return Ok(Err(refusal));
                }
            }
        }
        if !turn.fits(&mut all).await? {
            return Ok(Err(Error::QuotaReached));
        }
        all.commit().await?;
        Ok(Ok(made))
    }
}

/// Who holds a new file of this folder from birth, and alone sees it until it is checked in for the first time: who makes
/// it, where check-outs are required (spec/graph.md 6.4). What nobody in particular makes nobody could check in: it is
/// published as it comes.
pub(super) fn born_held(actor: &Actor, folder: &Item) -> Option<PrincipalId> {
    actor.id().filter(|_| folder.library.check_out_required)
}

/// Whether it lies in somebody's own library.
pub(super) fn is_personal(item: &Item) -> bool {
    item.library.kind == LibraryKind::Personal
}
