//! Publishing: adding an edition, saving a working copy, checking in. What the next edition will be is
//! decided here from what was looked at; the database takes it only if nothing has changed since.

use super::{
    Look, Vault,
    external::{CODE_KEY, another, coded, taken},
    giving::{Giving, given_type},
    locks::ATTEMPTS,
    metadata::set_with,
    publications::Written,
    quota::Turn,
    revise::Revises,
};
use crate::{
    content::Staged,
    domain::{
        actor::Actor,
        edition::{ContentInfo, Edition, Metadata, Publish, Storage},
        error::{Error, Missing, Result},
        event::{Outcome, Subject, Verb},
        external::ExternalCode,
        id::{EditionId, ItemId, ItemKey, PrincipalId},
        item::{FileParts, Item, Kind, OnConflict},
        lock::Lock,
        metadata::Setting,
        name::ItemName,
        permission::{self, Action, Over, Permit},
        version::{Step, next_label},
    },
    store::{
        self,
        contents::NewContent,
        copy_operations::Errand,
        drafts::Saved,
        editions::{Binding, Life, NewEdition},
        uploads::Ending,
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

/// What was published.
#[derive(Clone, Debug)]
pub struct Published {
    /// The file.
    pub file: ItemId,
    /// The edition; `None`: it became a working copy.
    pub edition: Option<EditionId>,
    /// Arena's GUID of that edition.
    pub arena_guid: Option<String>,
    /// The file as it stands with it, where that is known.
    pub(super) look: Option<Box<Look>>,
}

impl Vault {
    /// Writes an edition, with what is written with it. The outer refusal is that of one of these.
    pub(super) async fn write(&self, writing: &Writing<'_>) -> Result<sqlx::Result<Option<Written>>> {
        let aim = writing.aim;
        // what was left behind was counted while it was a working copy: it waits for no turn
        let takes_turn =
            writing.look.item.library.quota_bytes.is_some() && !matches!(writing.binding.life, Life::Lapsed(_));
        let alone = aim.said.is_empty()
            && aim.ending.is_none()
            && aim.errand.is_none()
            && writing.code.is_none()
            && !takes_turn;
        if alone && let Some(written) = self.write_together(writing).await {
            return Ok(written);
        }
        if alone || matches!(writing.plan.write, Write::Nothing) {
            let mut db = self.connection().await?;
            return Ok(again!(writing.write(&mut db).await).map(|done| done.map(Written::at)));
        }
        match again!(self.write_with(writing).await) {
            Ok(Ok(done)) => Ok(Ok(done.map(Written::at))),
            Ok(Err(refusal)) => Err(refusal),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Writes an edition with what is written with it or not at all: words about its file, the end of an upload or of a copy, a
    /// turn under the library's quota. The inner refusal is that of one of these.
    async fn write_with(&self, writing: &Writing<'_>) -> sqlx::Result<Result<Option<Option<String>>>> {
        let mut all = self.0.db.begin().await?;
        let turn = Turn::take(&mut all, &writing.look.item.library).await?;
        let done = writing.write(&mut all).await?;
        if done.is_none() {
            return Ok(Ok(None));
        }
        if let Some(refusal) = set_with(&mut all, writing.permit, writing.permit.item(), &writing.aim.said).await? {
            return Ok(Err(refusal));
        }
        if let Some(refusal) =
            ended_with(&mut all, writing.aim.ending.as_ref(), writing.look.item.id, writing.act).await?
        {
            return Ok(Err(refusal));
        }
        if let Some(errand) = writing.aim.errand
            && !store::copy_operations::finish(&mut all, errand, writing.look.item.id, writing.act.now).await?
        {
            return Ok(Err(Error::FenceLost));
        }
        coded(&mut all, writing.look.item.id, writing.code).await?;
        if !turn.fits(&mut all).await? {
            return Ok(Err(Error::QuotaReached));
        }
        all.commit().await?;
        Ok(Ok(done))
    }

    /// Publishes an edition of a file and leaves the lock as it is: on a free file, or on one's own lock.
    ///
    /// # Errors
    /// [`Error::Held`], [`Error::FenceLost`], [`Error::LabelTaken`], [`Error::NameTaken`], [`Error::CodeTaken`], and what the
    /// gates say.
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

    /// Saves a working copy when the caller holds the lock, if it is one that has a working copy; publishes else.
    ///
    /// # Errors
    /// As [`Vault::add_edition`].
    pub async fn save_draft(&self, actor: &Actor, look: &Look, publication: Publication) -> Result<Published> {
        let (bytes, what) = publication.parts();
        self.save(actor, look, bytes, what, None).await
    }

    /// The same, as the end of an upload: both or neither.
    pub(super) async fn save_draft_ending(
        &self,
        actor: &Actor,
        look: &Look,
        publication: Publication,
        ending: Option<Ending>,
    ) -> Result<Published> {
        let (bytes, what) = publication.parts();
        self.save(actor, look, bytes, what, ending).await
    }

    /// The same with bytes from anywhere.
    pub(super) async fn save(
        &self,
        actor: &Actor,
        look: &Look,
        bytes: Source,
        what: Given,
        mut ending: Option<Ending>,
    ) -> Result<Published> {
        let fence = look.bound_fence(actor);
        let permit = look.check(actor, Action::SaveDraft)?;
        let has_copy = look.item.is_held_by(actor.id()) && look.item.lock().is_some_and(Lock::has_working_copy);
        let Some(fence) = fence.filter(|_| has_copy) else {
            let aim = Aim { ending, ..Aim::new(Verb::AddEdition, Action::SaveDraft) };
            return self.publish_from(actor, look, bytes, what, aim).await;
        };
        // nobody else is to know them before the check-in
        let client_times = ending.as_mut().map(|ending| std::mem::take(&mut ending.client_times)).unwrap_or_default();
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move {
            let giving = bytes.giving();
            let metadata = what.metadata;
            // it is the file's, and not the working copy's
            let code = another(metadata.external_code.as_ref(), &look.item);
            let draft_name = metadata.file_name.as_ref().map(|name| name.as_str().to_owned());
            let named_before = look.item.draft_of(actor.id()).and_then(|draft| draft.file_name.as_deref());
            let media_type = match giving.info {
                Some(_) => {
                    let name = draft_name.as_deref().or(named_before).unwrap_or(&look.item.name);
                    Some(given_type(&metadata, name))
                }
                None => metadata.declared_type.clone(),
            };
            let saved = Saved {
                sha256: giving.info.map(|info| info.sha256),
                file_name: draft_name,
                media_type,
                title: metadata.title,
                description: metadata.description,
                comment: Some(what.comment).filter(|comment| !comment.is_empty()),
                client_times,
            };
            let act = vault.act(&actor, saved.comment.as_deref());
            let library = look.item.library.id;
            let content = giving.content.as_ref();
            let done = if ending.is_none() && look.item.library.quota_bytes.is_none() && code.is_none() {
                let mut db = vault.connection().await?;
                again!(store::drafts::save(&mut db, &permit, library, fence, &saved, content, &act).await).map(Ok)
            } else {
                let saving = Saving { permit: &permit, look: &look, fence, saved: &saved, code, content, act: &act };
                again!(vault.save_with(&saving, ending.as_ref()).await)
            };
            let refusal = match done {
                Ok(Ok(Some(blob))) => {
                    vault.forget(&look);
                    giving.given(&vault, blob).await;
                    return Ok(Published { file: look.item.id, edition: None, arena_guid: None, look: None });
                }
                Ok(Ok(None)) => Error::FenceLost,
                Ok(Err(refusal)) => refusal,
                Err(error) if is_content_gone(&error) => Error::Missing(Missing::Edition),
                Err(error) if store::violated(&error) == Some(CODE_KEY) => taken(&look.item.library, code),
                Err(error) => error.into(),
            };
            if !matches!(refusal, Error::Broken(_)) {
                giving.taken_back(&vault).await;
            }
            Err(refusal)
        })
        .await
    }

    async fn save_with(
        &self,
        saving: &Saving<'_>,
        ending: Option<&Ending>,
    ) -> sqlx::Result<Result<Option<Option<String>>>> {
        let Saving { permit, look, fence, saved, code, content, act } = *saving;
        let mut all = self.0.db.begin().await?;
        let turn = Turn::take(&mut all, &look.item.library).await?;
        let done = store::drafts::save(&mut all, permit, look.item.library.id, fence, saved, content, act).await?;
        if done.is_none() {
            return Ok(Ok(None));
        }
        if let Some(refusal) = ended_with(&mut all, ending, look.item.id, act).await? {
            return Ok(Err(refusal));
        }
        coded(&mut all, look.item.id, code).await?;
        if code.is_some() {
            // what is saved is told to the holder alone, and so is what they say of it; the code is everybody's at once
            let on = Subject { library: look.item.library.id, item: look.item.id, edition: None, holder: None };
            let act = store::Act { comment: None, ..act.clone() };
            store::trail::note(&mut all, Verb::Update, Outcome::Done, &on, &act).await?;
        }
        if !turn.fits(&mut all).await? {
            return Ok(Err(Error::QuotaReached));
        }
        all.commit().await?;
        Ok(Ok(done))
    }

    pub(super) async fn publish(
        &self,
        actor: &Actor,
        look: &Look,
        publication: Publication,
        aim: Aim,
    ) -> Result<Published> {
        let (bytes, what) = publication.parts();
        self.publish_from(actor, look, bytes, what, aim).await
    }

    async fn publish_from(
        &self,
        actor: &Actor,
        look: &Look,
        bytes: Source,
        what: Given,
        aim: Aim,
    ) -> Result<Published> {
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move {
            let giving = bytes.giving();
            let done = vault.try_publish(&actor, look, &what, &giving, &aim).await;
            if done.as_ref().is_err_and(|refusal| !matches!(refusal, Error::Broken(_))) {
                giving.taken_back(&vault).await;
            }
            done
        })
        .await
    }

    /// Publishes, and looks again when the file has changed since it was looked at.
    pub(super) async fn try_publish(
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
            if giving.info.is_some() {
                look.takes_bytes()?;
            }
            aim.revises.as_ref().map_or(Ok(()), |revises| revises.fits(&file.edition))?;
            let plan = self.plan(actor, &look, what, giving, aim, attempt).await?;
            let act = self.act(actor, Some(what.comment.as_str()).filter(|comment| !comment.is_empty()));
            let binding = Binding {
                revision: file.lock_revision,
                release: aim.release,
                life: if fence.is_some() { Life::Alive } else { Life::Any },
                holder: file.lock.as_ref().map(|lock| lock.holder.id).filter(|holder| Some(*holder) != actor.id()),
            };
            let writing = Writing {
                permit: &permit,
                look: &look,
                plan: &plan,
                by: author(actor, &look),
                code: another(what.metadata.external_code.as_ref(), &look.item),
                content: giving.content.as_ref(),
                binding,
                aim,
                act: &act,
            };
            let done = self.write(&writing).await?;
            match done {
                Ok(Some(written)) => {
                    if let Some(glance) = &look.glance {
                        glance.spend();
                    }
                    giving.given(self, written.blob).await;
                    let seen = self.remember_edition(&look, &plan.edition, binding, written.stands).await;
                    return Ok(Published {
                        file: look.item.id,
                        edition: Some(plan.edition.id),
                        arena_guid: Some(plan.edition.arena_guid),
                        look: seen.map(Box::new),
                    });
                }
                Ok(None) => look = self.look_again(actor, &look).await?,
                Err(error) => match store::violated(&error) {
                    // chosen here, unaware of a label that somebody gave by hand: now all are asked for
                    Some("editions_label_key") if what.metadata.label.is_none() && attempt == 0 => {}
                    Some("editions_label_key") => return Err(Error::LabelTaken(plan.edition.label)),
                    _ if is_content_gone(&error) => return Err(Error::Missing(Missing::Edition)),
                    Some(CODE_KEY) => return Err(taken(&look.item.library, writing.code)),
                    Some("items_name_key") if !matches!(what.rename, None | Some(OnConflict::Fail)) => {}
                    Some("items_name_key") => {
                        let name = plan.edition.item_name.map_or_else(String::new, |name| name.as_str().to_owned());
                        return Err(Error::NameTaken(name));
                    }
                    _ => {
                        if let Some(glance) = &look.glance {
                            glance.spend();
                        }
                        return Err(error.into());
                    }
                },
            }
        }
        Err(Error::Overloaded)
    }

    /// Looks at the file that something was published of: as it stood then, where that is known, and else as it is now.
    ///
    /// # Errors
    /// As [`Vault::look`].
    pub async fn look_after(&self, actor: &Actor, published: &Published) -> Result<Look> {
        match published.look.as_deref() {
            Some(look) if permission::sees(actor, &look.facts()) => Ok(look.clone()),
            Some(look) => Err(Error::Missing(look.unseen())),
            None => self.look(actor, &ItemKey::Id(published.file)).await,
        }
    }

    /// What the next edition will be.
    pub(super) async fn plan(
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
        let given_name = given.file_name.as_ref().map(|name| name.as_str().to_owned());
        let file_name =
            given_name.or(draft.and_then(|draft| draft.file_name.clone())).or_else(|| last.file_name.clone());
        let media_type = match giving.info {
            Some(_) => Some(given_type(given, file_name.as_deref().unwrap_or(&look.item.name))),
            None => (given.declared_type.clone())
                .or_else(|| given.media_type.clone())
                .or_else(|| draft.and_then(|draft| draft.media_type.clone()))
                .or_else(|| last.media_type.clone()),
        };
        let changed = content != last.content
            || title.as_ref().is_some_and(|title| *title != last.title)
            || description.as_ref().is_some_and(|description| *description != last.description);
        let retyped = content.is_some() && media_type != last.media_type;
        // nobody has seen the first edition before it is checked in: whatever comes until then is that one still
        let is_first = file.unpublished_by.is_some() && aim.revises.is_none();
        let (replace, step) = match what.how {
            _ if is_first => (true, Step::Minor),
            Publish::New(step) => (false, step),
            Publish::ReplaceLatest => (true, Step::Minor),
            Publish::Automatic => (!changed && !retyped, Step::Minor),
        };
        if replace && !is_first && last.frozen && (changed || what.how == Publish::ReplaceLatest) {
            return Err(Error::Frozen);
        }
        if let Some(lock) = file.lock.as_ref().filter(|_| aim.revises.is_some() && storage != last.storage) {
            // the holder has checked out bytes that were here, or was to bring some
            return Err(Error::Held(Box::new(lock.clone())));
        }
        if let Some(category) = given.category.filter(|category| *category != look.item.category.id) {
            self.check_category(actor, &look.item.library, category).await?;
        }
        let item_name = match (&given.file_name, what.rename) {
            (Some(name), Some(on_conflict)) if name.as_str() != look.item.name => {
                let folder = look.item.parent.ok_or(Error::WrongKind(Kind::File))?;
                Some(self.free_name(folder, name, Kind::File, on_conflict, attempt).await?)
            }
            _ => None,
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
            client_times: draft.map(|draft| draft.client_times).unwrap_or_default(),
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
        Ok(Plan { edition, write, is_labelled: given.label.is_some() })
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

impl Publication {
    fn parts(self) -> (Source, Given) {
        let what = Given { metadata: self.metadata, comment: self.comment, how: self.how, rename: self.rename };
        (Source::Brought(self.content), what)
    }
}

/// Where the bytes of a publication come from.
pub(super) enum Source {
    /// The client, if it brought some.
    Brought(Option<Staged>),
    /// They are here already.
    Here(ContentInfo),
}

impl Source {
    fn giving(self) -> Giving {
        match self {
            Source::Brought(staged) => Giving::new(staged),
            Source::Here(info) => Giving::once_more(Some(info)),
        }
    }
}

/// Whether bytes that were here are gone with the edition that named them.
pub(super) fn is_content_gone(error: &sqlx::Error) -> bool {
    matches!(store::violated(error), Some("editions_content_fkey" | "drafts_content_fkey"))
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
    /// The upload that ends with it.
    pub ending: Option<Ending>,
    /// The copy that ends with it.
    pub errand: Option<Errand>,
}

impl Aim {
    pub fn new(verb: Verb, action: Action) -> Self {
        Self {
            verb,
            action,
            release: false,
            only_free: false,
            lock_uuid: None,
            revises: None,
            said: Vec::new(),
            ending: None,
            errand: None,
        }
    }
}

/// What is to be published, besides bytes.
pub(super) struct Given {
    pub metadata: Metadata,
    pub comment: String,
    pub how: Publish,
    pub rename: Option<OnConflict>,
}

/// What the next edition will be, completely decided.
pub(super) struct Plan {
    pub edition: NewEdition,
    pub write: Write,
    /// Whether somebody gave its label by hand.
    pub is_labelled: bool,
}

/// How the edition comes into the database.
pub(super) enum Write {
    /// As a new one.
    Add,
    /// In place of the newest, which is kept under this identity.
    Replace(EditionId, String),
    /// In place, the bytes staying where they are.
    Describe,
    /// Not at all: it is there already.
    Nothing,
}

/// An edition on its way into the database.
pub(super) struct Writing<'a> {
    pub permit: &'a Permit,
    pub look: &'a Look,
    pub plan: &'a Plan,
    pub by: PrincipalId,
    pub code: Option<&'a ExternalCode>,
    pub content: Option<&'a NewContent>,
    pub binding: Binding,
    pub aim: &'a Aim,
    pub act: &'a store::Act,
}

impl Writing<'_> {
    async fn write(&self, db: &mut store::PgConnection) -> sqlx::Result<Option<Option<String>>> {
        let Self { permit, look, plan, by, code: _, content, binding, aim, act } = *self;
        let (library, edition, verb) = (look.item.library.id, &plan.edition, aim.verb);
        match &plan.write {
            Write::Add => store::editions::publish(db, permit, library, verb, edition, content, binding, act).await,
            Write::Replace(kept, guid) => {
                let kept = (*kept, guid.as_str());
                store::editions::replace_latest(db, permit, library, verb, by, edition, kept, content, binding, act)
                    .await
            }
            Write::Describe => {
                let done = store::editions::describe_latest(db, permit, library, by, edition, binding, act).await?;
                Ok(done.then_some(None))
            }
            Write::Nothing => Ok(Some(None)),
        }
    }
}

/// A working copy on its way into the database.
#[derive(Clone, Copy)]
struct Saving<'a> {
    permit: &'a Permit,
    look: &'a Look,
    fence: i64,
    saved: &'a Saved,
    code: Option<&'a ExternalCode>,
    content: Option<&'a NewContent>,
    act: &'a store::Act,
}

/// Ends an upload in the transaction that writes its file; refuses when it has ended already, and who asked looks again.
pub(super) async fn ended_with(
    db: &mut store::PgConnection,
    ending: Option<&Ending>,
    file: ItemId,
    act: &store::Act,
) -> sqlx::Result<Option<Error>> {
    let Some(ending) = ending else { return Ok(None) };
    let done = store::uploads::finish(db, ending, file, act.now).await?;
    Ok((!done).then_some(Error::Overloaded))
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
    if aim.release && own && !lock.is_check_out_in(actor.dialect) {
        return Err(Error::NotCheckedOut);
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
