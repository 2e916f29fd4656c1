//! Publishing: making a file, adding an edition, saving a working copy, checking in. What the next edition will be is
//! decided here from what was looked at; the database takes it only if nothing has changed since.

use super::{Look, Vault, locks::ATTEMPTS, metadata::set_with, revise::Revises};
use crate::{
    content::Staged,
    domain::{
        actor::Actor,
        edition::{ContentInfo, Edition, Metadata, Publish, Storage},
        error::{Error, Missing, Result},
        event::Verb,
        id::{EditionId, ItemId, ItemKey, LibraryId, PrincipalId},
        item::{FileParts, Item, Kind, NewFile, OnConflict},
        metadata::Setting,
        name::ItemName,
        permission::{Action, Over, Permit},
        version::{Step, Version, next_label},
    },
    store::{
        self,
        contents::NewContent,
        drafts::Saved,
        editions::{Binding, NewEdition},
        files::NewItem,
        parts::NewAssociation,
    },
};

/// What a caller gives to be published.
#[derive(Debug)]
pub struct Publication {
    /// The bytes; `None`: those of the working copy, else those of the newest edition.
    pub content: Option<Staged>,
    /// What is said about them.
    pub metadata: Metadata,
    /// What the caller says.
    pub comment: String,
    /// How it counts.
    pub how: Publish,
    /// Whether the file takes the name of the bytes as its own (Oracle), choosing another when it is taken.
    pub rename: Option<OnConflict>,
}

impl Publication {
    /// Some bytes as the next major edition.
    pub fn of(content: Staged, metadata: Metadata) -> Self {
        Self { content: Some(content), metadata, comment: String::new(), how: Publish::New(Step::Major), rename: None }
    }
}

/// A check-in.
#[derive(Debug)]
pub struct CheckIn {
    /// What becomes of the file.
    pub publication: Publication,
    /// The lock's uuid, where the client proves with it that it means this very check-out.
    pub lock_uuid: Option<uuid::Uuid>,
}

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
    /// What everybody sees said about this other one.
    WordsOf(ItemId),
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

/// What was published.
#[derive(Clone, Debug)]
pub struct Published {
    /// The file.
    pub file: ItemId,
    /// The edition; `None`: it became a working copy.
    pub edition: Option<EditionId>,
    /// Arena's GUID of that edition.
    pub arena_guid: Option<String>,
}

/// Bytes on their way into a row.
///
/// They are given up to the row before the statement that may name them, and taken back only after a definite no: were
/// it the other way round, a task that dies between commit and answer would delete bytes that a row names.
pub(super) struct Giving {
    pub content: Option<NewContent>,
    pub info: Option<ContentInfo>,
}

impl Giving {
    fn new(staged: Option<Staged>) -> Self {
        let content = staged.map(|staged| NewContent(staged.keep()));
        let info = content.as_ref().map(|NewContent(content)| ContentInfo {
            sha256: content.sha256,
            quick_xor: content.quick_xor,
            size: content.size.cast_signed(),
        });
        Self { content, info }
    }

    /// The row names `blob` now; our own, if it is another, is superfluous.
    async fn given(&self, vault: &Vault, blob: Option<String>) {
        let superfluous = match self.content.as_ref().map(|content| &content.0.place) {
            Some(crate::domain::content::Place::Blob(key)) if blob.as_deref() != Some(&key.to_string()) => *key,
            _ => return,
        };
        // what cannot be deleted now is swept later
        if let Err(error) = vault.0.content.delete(superfluous).await {
            tracing::warn!(%error, "a superfluous blob stays for the sweeper");
        }
    }

    async fn taken_back(&self, vault: &Vault) {
        self.given(vault, None).await;
    }
}

impl Vault {
    /// Makes a file in the folder that was looked at.
    ///
    /// # Errors
    /// [`Error::NameTaken`], [`Error::WrongKind`], [`Error::CategoryNotAssignable`], and what the gates say of the folder
    /// and of the file's own category.
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
        folder.folder()?;
        let permit = self.check_create(actor, folder, new.file.metadata.category).await?;
        self.check_values(actor, folder, &said).await?;
        let (vault, actor, folder) = (self.clone(), actor.clone(), folder.clone());
        self.complete(async move {
            let giving = Giving::new(new.content);
            let with = if said.is_empty() { With::Nothing } else { With::Words(&said) };
            let mut made = vault.create_wherever(&actor, permit, folder.clone(), &new.file, &giving, with).await;
            if new.file.on_conflict == OnConflict::AddEdition && matches!(made, Err(Error::NameTaken(_))) {
                made = vault.add_instead(&actor, &folder, &new.file, &giving, said).await;
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
        said: Vec<Setting>,
    ) -> Result<Published> {
        let name = file.name.as_str().to_owned();
        let key = ItemKey::Path(Box::new(ItemKey::Id(folder.item.id)), vec![name.clone()]);
        let look = self.look(actor, &key).await?;
        if look.file().is_err() {
            return Err(Error::NameTaken(name));
        }
        let what = Given {
            metadata: file.metadata.clone(),
            comment: file.comment.clone(),
            how: Publish::New(Step::Major),
            rename: None,
        };
        let aim = Aim { said, ..Aim::new(Verb::AddEdition, Action::AddEdition) };
        self.try_publish(actor, look, &what, giving, &aim).await
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
        for attempt in 0..ATTEMPTS {
            let name = free_name(&file.name, Kind::File, file.on_conflict, attempt, self.now());
            let new = NewItem {
                id: ItemId::fresh(),
                name: name.clone(),
                oracle_id: self.0.fresh.oracle_file()?,
                graph_id: self.0.fresh.graph_item()?,
                category,
                owner,
                author,
                client_times: file.client_times,
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
            };
            let act = self.act(actor, Some(&file.comment));
            let library = folder.item.library.id;
            let content = giving.content.as_ref();
            let made = match with {
                With::Nothing => {
                    let mut db = self.connection().await?;
                    again!(store::files::create(&mut db, permit, library, &new, &edition, content, &act).await)
                }
                With::Belonging(with) => {
                    again!(self.create_with(permit, library, &new, &edition, content, with, &act).await)
                }
                With::Words(_) | With::WordsOf(_) => {
                    match again!(self.create_saying(permit, library, &new, &edition, content, with, &act).await) {
                        Ok(Ok(made)) => Ok(made),
                        Ok(Err(refusal)) => return Err(refusal),
                        Err(error) => Err(error),
                    }
                }
            };
            match made {
                Ok(Some(blob)) => {
                    giving.given(self, blob).await;
                    return Ok(Published {
                        file: new.id,
                        edition: Some(edition.id),
                        arena_guid: Some(edition.arena_guid),
                    });
                }
                Ok(None) => return Err(Error::Missing(Missing::Item)),
                Err(error) => match store::violated(&error) {
                    Some("items_name_key") => {
                        if matches!(file.on_conflict, OnConflict::Fail | OnConflict::AddEdition) {
                            return Err(Error::NameTaken(name.as_str().to_owned()));
                        }
                    }
                    // bytes that were there already are gone with the edition that named them
                    Some("editions_content_fkey") => return Err(Error::Missing(Missing::Edition)),
                    _ => return Err(error.into()),
                },
            }
        }
        Err(Error::NameTaken(file.name.as_str().to_owned()))
    }

    /// `None` as in `store::files::create`, and when the revision is not worked on any more.
    #[expect(clippy::too_many_arguments, reason = "one transaction")]
    async fn create_with(
        &self,
        permit: &Permit,
        library: LibraryId,
        file: &NewItem,
        edition: &NewEdition,
        content: Option<&NewContent>,
        with: &Belonging,
        act: &store::Act,
    ) -> sqlx::Result<Option<Option<String>>> {
        let mut all = self.0.db.begin().await?;
        let made = store::files::create(&mut all, permit, library, file, edition, content, act).await?;
        let mut association = with.association.clone();
        association.terms.edition = (!with.latest).then_some(edition.id);
        let tied = store::parts::associate(&mut all, &with.permit, library, &association, file.id, None, act).await?;
        if made.is_none() || !tied {
            return Ok(None);
        }
        all.commit().await?;
        Ok(made)
    }

    /// The same with words about the file. The inner refusal is that of the words.
    #[expect(clippy::too_many_arguments, reason = "one transaction")]
    async fn create_saying(
        &self,
        permit: &Permit,
        library: LibraryId,
        file: &NewItem,
        edition: &NewEdition,
        content: Option<&NewContent>,
        with: With<'_>,
        act: &store::Act,
    ) -> sqlx::Result<Result<Option<Option<String>>>> {
        let mut all = self.0.db.begin().await?;
        let made = store::files::create(&mut all, permit, library, file, edition, content, act).await?;
        if made.is_none() {
            return Ok(Ok(None));
        }
        match with {
            With::Words(said) => {
                if let Some(refusal) = set_with(&mut all, permit, file.id, said).await? {
                    return Ok(Err(refusal));
                }
            }
            With::WordsOf(other) => store::metadata::copy(&mut all, &[(other, file.id)]).await?,
            With::Nothing | With::Belonging(_) => {}
        }
        all.commit().await?;
        Ok(Ok(made))
    }

    /// Publishes an edition with words about its file. As [`Vault::create_saying`].
    #[expect(clippy::too_many_arguments, reason = "one transaction")]
    async fn publish_saying(
        &self,
        permit: &Permit,
        library: LibraryId,
        edition: &NewEdition,
        content: Option<&NewContent>,
        binding: Binding,
        aim: &Aim,
        act: &store::Act,
    ) -> sqlx::Result<Result<Option<Option<String>>>> {
        let mut all = self.0.db.begin().await?;
        let done =
            store::editions::publish(&mut all, permit, library, aim.verb, edition, content, binding, act).await?;
        if done.is_none() {
            return Ok(Ok(None));
        }
        if let Some(refusal) = set_with(&mut all, permit, permit.item(), &aim.said).await? {
            return Ok(Err(refusal));
        }
        all.commit().await?;
        Ok(Ok(done))
    }

    /// Publishes an edition of a file and leaves the lock as it is: on a free file, or on one's own lock.
    ///
    /// # Errors
    /// [`Error::Held`], [`Error::FenceLost`], [`Error::LabelTaken`], [`Error::NameTaken`], and what the gates say.
    pub async fn add_edition(&self, actor: &Actor, look: &Look, publication: Publication) -> Result<Published> {
        look.file()?;
        look.check(actor, Action::AddEdition)?;
        self.publish(actor, look, publication, Aim::new(Verb::AddEdition, Action::AddEdition)).await
    }

    /// The same, and says something about the file in collections that it has: both or neither.
    ///
    /// # Errors
    /// As [`Vault::add_edition`] and [`Vault::check_values`].
    pub async fn add_edition_saying(
        &self,
        actor: &Actor,
        look: &Look,
        publication: Publication,
        said: Vec<Setting>,
    ) -> Result<Published> {
        look.file()?;
        look.check(actor, Action::AddEdition)?;
        self.check_values(actor, look, &said).await?;
        self.publish(actor, look, publication, Aim { said, ..Aim::new(Verb::AddEdition, Action::AddEdition) }).await
    }

    /// The same for a vendor that has new editions on free files only: the caller's own lock refuses as well.
    ///
    /// # Errors
    /// As [`Vault::add_edition`]; [`Error::Held`] also for the caller's own lock.
    pub async fn add_edition_when_free(
        &self,
        actor: &Actor,
        look: &Look,
        publication: Publication,
    ) -> Result<Published> {
        look.file()?;
        look.check(actor, Action::AddEdition)?;
        let aim = Aim { only_free: true, ..Aim::new(Verb::AddEdition, Action::AddEdition) };
        self.publish(actor, look, publication, aim).await
    }

    /// Publishes what the caller gives, or else the working copy, and releases the lock: one transaction.
    ///
    /// # Errors
    /// [`Error::NotCheckedOut`], [`Error::Held`], [`Error::FenceLost`], [`Error::OtherLockNamed`], [`Error::Frozen`],
    /// [`Error::LabelTaken`], and what the gates say.
    pub async fn check_in(&self, actor: &Actor, look: &Look, what: CheckIn) -> Result<Published> {
        let comment = what.publication.comment.clone();
        let checked = look.file().and_then(|_| look.check(actor, Action::CheckIn)).map(drop);
        self.note_refusal(actor, look, Verb::CheckIn, Some(&comment), checked).await?;
        let aim = Aim { release: true, lock_uuid: what.lock_uuid, ..Aim::new(Verb::CheckIn, Action::CheckIn) };
        let answer = self.publish(actor, look, what.publication, aim).await;
        self.note_refusal(actor, look, Verb::CheckIn, Some(&comment), answer).await
    }

    /// Saves a working copy when the caller holds the lock; publishes when the file is free.
    ///
    /// # Errors
    /// As [`Vault::add_edition`].
    pub async fn save_draft(&self, actor: &Actor, look: &Look, publication: Publication) -> Result<Published> {
        let fence = look.bound_fence(actor);
        let permit = look.check(actor, Action::SaveDraft)?;
        let Some(fence) = fence.filter(|_| look.item.is_held_by(actor.id())) else {
            return self.publish(actor, look, publication, Aim::new(Verb::AddEdition, Action::SaveDraft)).await;
        };
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move {
            let giving = Giving::new(publication.content);
            let metadata = publication.metadata;
            let draft_name = metadata.file_name.as_ref().map(|name| name.as_str().to_owned());
            let media_type = giving.info.map(|_| {
                let name = draft_name.as_deref().unwrap_or(&look.item.name);
                given_type(&metadata, name)
            });
            let saved = Saved {
                sha256: giving.info.map(|info| info.sha256),
                file_name: draft_name,
                media_type,
                title: metadata.title,
                description: metadata.description,
                comment: Some(publication.comment).filter(|comment| !comment.is_empty()),
            };
            let act = vault.act(&actor, saved.comment.as_deref());
            let mut db = vault.connection().await?;
            let library = look.item.library.id;
            let content = giving.content.as_ref();
            let done = again!(store::drafts::save(&mut db, &permit, library, fence, &saved, content, &act).await);
            drop(db);
            let refusal = match done {
                Ok(Some(blob)) => {
                    giving.given(&vault, blob).await;
                    return Ok(Published { file: look.item.id, edition: None, arena_guid: None });
                }
                Ok(None) => Error::FenceLost,
                Err(error) => error.into(),
            };
            if !matches!(refusal, Error::Broken(_)) {
                giving.taken_back(&vault).await;
            }
            Err(refusal)
        })
        .await
    }

    pub(super) async fn publish(
        &self,
        actor: &Actor,
        look: &Look,
        publication: Publication,
        aim: Aim,
    ) -> Result<Published> {
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move {
            let giving = Giving::new(publication.content);
            let what = Given {
                metadata: publication.metadata,
                comment: publication.comment,
                how: publication.how,
                rename: publication.rename,
            };
            let done = vault.try_publish(&actor, look, &what, &giving, &aim).await;
            if done.as_ref().is_err_and(|refusal| !matches!(refusal, Error::Broken(_))) {
                giving.taken_back(&vault).await;
            }
            done
        })
        .await
    }

    async fn try_publish(
        &self,
        actor: &Actor,
        mut look: Look,
        what: &Given,
        giving: &Giving,
        aim: &Aim,
    ) -> Result<Published> {
        // The act belongs to the check-out under which it was begun.
        let fence = look.bound_fence(actor);
        for attempt in 0..ATTEMPTS {
            let permit = look.check(actor, aim.action)?;
            let file = look.file()?;
            may_publish(actor, file, fence, &permit, aim)?;
            aim.revises.as_ref().map_or(Ok(()), |revises| revises.fits(&file.edition))?;
            let plan = self.plan(actor, &look, what, giving, aim, attempt).await?;
            let act = self.act(actor, Some(what.comment.as_str()).filter(|comment| !comment.is_empty()));
            let binding = Binding {
                revision: file.lock_revision,
                release: aim.release,
                bound: fence.is_some(),
                holder: file.lock.as_ref().map(|lock| lock.holder.id).filter(|holder| Some(*holder) != actor.id()),
            };
            let library = look.item.library.id;
            let content = giving.content.as_ref();
            let edition = &plan.edition;
            let mut db = self.connection().await?;
            let done = match &plan.write {
                Write::Add if !aim.said.is_empty() => {
                    // a transaction has a connection of its own
                    drop(db);
                    let done =
                        again!(self.publish_saying(&permit, library, edition, content, binding, aim, &act).await);
                    db = self.connection().await?;
                    match done {
                        Ok(Ok(done)) => Ok(done),
                        Ok(Err(refusal)) => return Err(refusal),
                        Err(error) => Err(error),
                    }
                }
                Write::Add => {
                    again!(
                        store::editions::publish(&mut db, &permit, library, aim.verb, edition, content, binding, &act)
                            .await
                    )
                }
                Write::Replace(kept, guid) => {
                    let (verb, by, kept) = (aim.verb, author(actor, &look), (*kept, guid.as_str()));
                    again!(
                        store::editions::replace_latest(
                            &mut db, &permit, library, verb, by, edition, kept, content, binding, &act,
                        )
                        .await
                    )
                }
                Write::Describe => {
                    let by = author(actor, &look);
                    again!(
                        store::editions::describe_latest(&mut db, &permit, library, by, edition, binding, &act).await
                    )
                    .map(|done| done.then_some(None))
                }
                Write::Nothing => Ok(Some(None)),
            };
            drop(db);
            match done {
                Ok(Some(blob)) => {
                    giving.given(self, blob).await;
                    return Ok(Published {
                        file: look.item.id,
                        edition: Some(plan.edition.id),
                        arena_guid: Some(plan.edition.arena_guid),
                    });
                }
                Ok(None) => look = self.look_again(actor, &look).await?,
                Err(error) => match store::violated(&error) {
                    // chosen here, unaware of a label that somebody gave by hand: now all are asked for
                    Some("editions_label_key") if what.metadata.label.is_none() && attempt == 0 => {}
                    Some("editions_label_key") => return Err(Error::LabelTaken(plan.edition.label)),
                    Some("items_name_key") if !matches!(what.rename, None | Some(OnConflict::Fail)) => {}
                    Some("items_name_key") => {
                        let name = plan.edition.item_name.map_or_else(String::new, |name| name.as_str().to_owned());
                        return Err(Error::NameTaken(name));
                    }
                    _ => return Err(error.into()),
                },
            }
        }
        Err(Error::Overloaded)
    }

    /// What the next edition will be.
    async fn plan(
        &self,
        actor: &Actor,
        look: &Look,
        what: &Given,
        giving: &Giving,
        aim: &Aim,
        attempt: usize,
    ) -> Result<Plan> {
        let file = look.file()?;
        // the working copy waits for its check-in, whatever is published beside it
        let (last, draft) = (&file.edition, look.item.draft_of(actor.id()).filter(|_| aim.release));
        let given = &what.metadata;
        let brought = giving.info.or(draft.and_then(|draft| draft.content));
        let (storage, location) = match brought {
            Some(_) => (Storage::File, None),
            None => given.place(Some(last))?,
        };
        let content = brought.or(last.content).filter(|_| storage == Storage::File);
        let title = given.title.clone().or_else(|| draft.and_then(|draft| draft.title.clone()));
        let description = given.description.clone().or_else(|| draft.and_then(|draft| draft.description.clone()));
        let changed = content != last.content
            || title.as_ref().is_some_and(|title| *title != last.title)
            || description.as_ref().is_some_and(|description| *description != last.description);
        let (replace, step) = match what.how {
            Publish::New(step) => (false, step),
            Publish::ReplaceLatest => (true, Step::Minor),
            Publish::Automatic => (!changed, Step::Minor),
        };
        if replace && last.frozen && (changed || what.how == Publish::ReplaceLatest) {
            return Err(Error::Frozen);
        }
        if let Some(lock) = file.lock.as_ref().filter(|_| aim.revises.is_some() && storage != last.storage) {
            // the holder has checked out bytes that were here, or was to bring some
            return Err(Error::Held(Box::new(lock.clone())));
        }
        if let Some(category) = given.category.filter(|category| *category != look.item.category.id) {
            self.check_category(actor, &look.item.library, category).await?;
        }
        let given_name = given.file_name.as_ref().map(|name| name.as_str().to_owned());
        let file_name =
            given_name.or(draft.and_then(|draft| draft.file_name.clone())).or_else(|| last.file_name.clone());
        let item_name = match (&given.file_name, what.rename) {
            (Some(name), Some(on_conflict)) if name.as_str() != look.item.name => {
                Some(free_name(name, Kind::File, on_conflict, attempt, self.now()))
            }
            _ => None,
        };
        let media_type = match (giving.info, draft) {
            (Some(_), _) => Some(given_type(given, file_name.as_deref().unwrap_or(&look.item.name))),
            (None, Some(draft)) => draft.media_type.clone().or_else(|| last.media_type.clone()),
            (None, None) => {
                given.declared_type.clone().or_else(|| given.media_type.clone()).or_else(|| last.media_type.clone())
            }
        };
        let label = match (&given.label, replace) {
            (Some(label), _) => label.clone(),
            (None, true) => last.label.clone(),
            (None, false) => self.next_label(look, last, attempt).await?,
        };
        // who only says something about it has not published it
        let (author, author_name) = match (&aim.revises, giving.info) {
            (Some(_), None) => (last.author.id, Some(last.author_name.clone())),
            (Some(_), Some(_)) => (author(actor, look), Some(last.author_name.clone())),
            (None, _) => (author(actor, look), actor.person().map(|person| person.name.clone())),
        };
        let edition = NewEdition {
            id: if replace { last.id } else { EditionId::fresh() },
            arena_guid: if replace { last.arena_guid.clone() } else { self.0.fresh.arena_guid()? },
            ordinal: if replace { last.ordinal } else { file.last_ordinal.saturating_add(1) },
            version: if replace { last.version } else { file.last_version.next(step) },
            label,
            file_name: content.map(|_| file_name.unwrap_or_else(|| look.item.name.clone())),
            title: title.unwrap_or_else(|| title_after(&look.item, last, item_name.as_ref())),
            description: description.unwrap_or_else(|| last.description.clone()),
            format: given.format.clone().or_else(|| last.format.clone()).filter(|format| !format.is_empty()),
            private: given.private.unwrap_or(last.private),
            storage,
            location,
            media_type: media_type.filter(|_| content.is_some()),
            content,
            comment: if aim.revises.is_some() { last.comment.clone() } else { what.comment.clone() },
            author,
            author_name: given.author_name.clone().or(author_name).unwrap_or_else(|| last.author_name.clone()),
            category: given.category.unwrap_or(look.item.category.id),
            item_name,
        };
        let only_said = aim.revises.is_some() && giving.info.is_none() && storage == last.storage;
        let write = match (replace, only_said) {
            (false, _) => Write::Add,
            (true, false) => Write::Replace(EditionId::fresh(), self.0.fresh.arena_guid()?),
            (true, true) if edition.category == look.item.category.id && says_nothing_new(&edition, last) => {
                Write::Nothing
            }
            (true, true) => Write::Describe,
        };
        Ok(Plan { edition, write })
    }

    /// The label of the next edition where none is given. Those the file has are asked for only when the next one is likely
    /// to be among them, or has been.
    async fn next_label(&self, look: &Look, last: &Edition, attempt: usize) -> Result<String> {
        // Labels that only counted up so far do not collide.
        if attempt == 0 && last.label.parse() == Ok(last.ordinal) {
            return Ok(next_label(&last.label, |_| false));
        }
        let editions = {
            let mut db = self.connection().await?;
            store::editions::of(&mut db, look.item.id).await?
        };
        Ok(next_label(&last.label, |label| editions.iter().any(|edition| edition.label == label)))
    }
}

/// Who counts as the author: the caller, or the owner of the folder for somebody who only brings a link.
pub(super) fn author(actor: &Actor, look: &Look) -> PrincipalId {
    actor.id().unwrap_or(look.item.owner.id)
}

/// Which way of publishing it is.
pub(super) struct Aim {
    pub verb: Verb,
    pub action: Action,
    pub release: bool,
    /// On a free file only: the caller's own lock stands in the way as well.
    pub only_free: bool,
    pub lock_uuid: Option<uuid::Uuid>,
    /// The edition that is changed in place, where one is named.
    pub revises: Option<Revises>,
    /// What is said about the file with a new edition.
    pub said: Vec<Setting>,
}

impl Aim {
    pub fn new(verb: Verb, action: Action) -> Self {
        Self { verb, action, release: false, only_free: false, lock_uuid: None, revises: None, said: Vec::new() }
    }
}

/// What is to be published, besides bytes.
struct Given {
    metadata: Metadata,
    comment: String,
    how: Publish,
    rename: Option<OnConflict>,
}

struct Plan {
    edition: NewEdition,
    write: Write,
}

/// How the edition comes into the database.
enum Write {
    /// As a new one.
    Add,
    /// In place of the newest, which is kept under this identity.
    Replace(EditionId, String),
    /// In place, the bytes staying where they are.
    Describe,
    /// Not at all: it is there already.
    Nothing,
}

fn says_nothing_new(edition: &NewEdition, last: &Edition) -> bool {
    edition.label == last.label
        && edition.title == last.title
        && edition.description == last.description
        && edition.format == last.format
        && edition.private == last.private
        && edition.location == last.location
        && edition.author_name == last.author_name
}

/// Whether the lock allows it: the state comes first, then whose lock it is, then which check-out is meant.
fn may_publish(actor: &Actor, file: &FileParts, fence: Option<i64>, permit: &Permit, aim: &Aim) -> Result<()> {
    let Some(lock) = &file.lock else {
        return match (aim.release, fence) {
            (true, None) => Err(Error::NotCheckedOut),
            // it was the caller's when the act began
            (_, Some(_)) => Err(Error::FenceLost),
            (false, None) => Ok(()),
        };
    };
    let own = Some(lock.holder.id) == actor.id();
    if aim.only_free || (!own && permit.over() != Over::Anybody) {
        return Err(Error::Held(Box::new(lock.clone())));
    }
    // begun on a free file, a save meets a working copy that it knows nothing of
    let unaware = aim.action == Action::SaveDraft && fence.is_none();
    if unaware || fence.is_some_and(|fence| fence != lock.fence) {
        return Err(Error::FenceLost);
    }
    if aim.lock_uuid.is_some_and(|uuid| uuid != lock.uuid) {
        return Err(Error::OtherLockNamed);
    }
    Ok(())
}

/// A title that was the name follows the name.
fn title_after(item: &Item, last: &Edition, renamed: Option<&ItemName>) -> String {
    match renamed {
        Some(name) if item.title == item.name => name.as_str().to_owned(),
        _ => last.title.clone(),
    }
}

pub(super) fn is_personal(item: &Item) -> bool {
    item.library.kind == crate::domain::library::LibraryKind::Personal
}

fn given_type(given: &Metadata, file_name: &str) -> String {
    given.declared_type.clone().unwrap_or_else(|| media_type(given.media_type.as_deref(), file_name))
}

/// The media type of some bytes: what the name's extension says, else what the client says, unless that is JSON, which
/// clients say of anything (spec/graph.md 5.1).
pub(super) fn media_type(said: Option<&str>, file_name: &str) -> String {
    let by_name = mime_guess::from_path(file_name).first_raw();
    let said = said.filter(|said| !said.is_empty() && !said.starts_with("application/json"));
    by_name.or(said).unwrap_or("application/octet-stream").to_owned()
}

/// The number to try the `attempt`-th time: the first few in order; where these are taken there may be thousands, so then
/// any.
fn next_number(attempt: usize) -> u64 {
    const IN_ORDER: usize = 8;
    if attempt <= IN_ORDER { attempt as u64 } else { uuid::Uuid::new_v4().as_u64_pair().1 % 1_000_000 }
}

/// The name to try the `attempt`-th time. A folder's name has no extension, whatever it looks like.
pub(super) fn free_name(
    name: &ItemName,
    kind: Kind,
    on_conflict: OnConflict,
    attempt: usize,
    now: chrono::DateTime<chrono::Utc>,
) -> ItemName {
    let suffix = match (on_conflict, attempt) {
        (OnConflict::Fail | OnConflict::AddEdition, _)
        | (OnConflict::RenameBlank | OnConflict::RenameParentheses | OnConflict::RenameTime, 0) => return name.clone(),
        (OnConflict::RenameBlank, n) => format!(" {}", next_number(n)),
        (OnConflict::RenameParentheses, n) => format!("({})", next_number(n) + 1),
        (OnConflict::RenameTime, n) => {
            let digits = now.timestamp_micros().unsigned_abs().wrapping_add(n as u64) % 1_000_000;
            format!("{digits:06}")
        }
    };
    match kind {
        Kind::File => name.with_suffix(&suffix),
        Kind::Folder => name.followed_by(&suffix),
    }
}
