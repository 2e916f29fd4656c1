//! Copies that go on after their request was answered (spec/graph.md 9.3): asked for, made in the background by whichever
//! node has them, watched by whoever knows their secret. One that its node has died over is begun again by another.

use chrono::TimeDelta;

use super::{
    Look, Vault,
    copying::Manner,
    fresh,
    giving::Giving,
    publish::{Aim, Given},
};
use crate::{
    domain::{
        actor::Actor,
        copying::{Failure, Progress},
        edition::{Edition, Metadata, Publish},
        error::{Error, Missing, Result},
        event::Verb,
        id::{CopyId, ItemId, ItemKey, LibraryId},
        item::{Item, Kind, OnConflict},
        lock::Lock,
        name::ItemName,
        permission::{Action, Permit},
        version::Step,
    },
    store::{
        self,
        copy_operations::{Errand, Operation, Wanted},
        drafts::Saved,
    },
};

/// Copies that a node makes at a time; more wait for their turn.
pub(super) const AT_A_TIME: usize = 4;

/// Copies of one caller that may wait; who has more is asked to come back later.
const MOST_WAITING: i64 = 100;

/// Whoever has begun a copy has it for so long; then another may begin it again.
const LEASE: TimeDelta = TimeDelta::minutes(5);

/// After so many beginnings nobody tries any more.
const MOST_ATTEMPTS: i32 = 3;

/// What became of a copy can be asked for so long after its end.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// So many that nobody is at are taken up in one sweep.
const TAKEN_UP: i64 = 100;

impl Vault {
    /// Begins to copy what was looked at into a folder that was looked at, under a name; with what the caller sees of it,
    /// so the holder's working copies. What can be refused at once is. Answers the secret to watch it with: it is stored
    /// nowhere.
    ///
    /// [`OnConflict::AddEdition`] replaces the content of a file of that name.
    ///
    /// # Errors
    /// As [`Vault::copy_file`] and [`Vault::copy_folder`]; [`Error::Held`] where a file is to be replaced that somebody else
    /// holds; [`Error::Overloaded`] for a caller who has too many waiting.
    pub async fn start_copy(
        &self,
        actor: &Actor,
        look: &Look,
        target: &Look,
        name: &ItemName,
        on_conflict: OnConflict,
    ) -> Result<String> {
        self.check_copy(actor, look, target, name, on_conflict).await?;
        let wanted = Wanted {
            mandate: actor.mandate().ok_or(Error::NoSession)?,
            dialect: actor.dialect,
            request: actor.request,
            source: look.item.id,
            target: target.item.id,
            name: name.as_str().to_owned(),
            on_conflict,
        };
        let vault = self.clone();
        self.complete(async move {
            let (id, secret) = (CopyId::fresh(), fresh::token("")?);
            let noted = {
                let mut db = vault.connection().await?;
                let (digest, now) = (fresh::digest(&secret), vault.0.clock.instead());
                store::copy_operations::ask(&mut db, id, &digest, &wanted, MOST_WAITING, seconds(LEASE), now).await?
            };
            if !noted {
                return Err(Error::Overloaded);
            }
            vault.begin_copy(Errand { id, attempt: 0 });
            Ok(secret)
        })
        .await
    }

    /// How far the copy with this secret has come. One that nobody is at any more is begun again.
    ///
    /// # Errors
    /// [`Missing::Item`] for a secret that never was, or whose copy ended long ago.
    pub async fn copy_progress(&self, secret: &str) -> Result<Progress> {
        let mut operation = self.operation(secret).await?;
        let left = Errand { id: operation.id, attempt: operation.attempt };
        if !operation.ended && operation.lapsed && self.take_up(left).await? {
            // given up just now, unless whoever was at it all the same was faster
            operation = self.operation(secret).await?;
        }
        Ok(match operation {
            Operation { ended: true, failure: None, made: Some(item), drive: Some(drive), .. } => {
                Progress::Done { item, drive }
            }
            Operation { ended: true, failure, .. } => Progress::Failed(failure.unwrap_or(Failure::Interrupted)),
            Operation { attempt: 0, .. } => Progress::Waiting,
            Operation { .. } => Progress::Running,
        })
    }

    async fn operation(&self, secret: &str) -> Result<Operation> {
        let mut db = self.connection().await?;
        let (digest, now) = (fresh::digest(secret), self.0.clock.instead());
        let found = store::copy_operations::by_secret(&mut db, &digest, seconds(KEPT), now).await?;
        found.ok_or(Error::Missing(Missing::Item))
    }

    /// Takes up what other nodes have left, and forgets what ended long ago: for the sweeper.
    pub(super) async fn tend_copies(&self, now: chrono::DateTime<chrono::Utc>) -> Result<()> {
        let left = {
            let mut db = self.connection().await?;
            store::copy_operations::forget(&mut db, now - KEPT).await?;
            store::copy_operations::lapsed(&mut db, TAKEN_UP, self.0.clock.instead()).await?
        };
        for errand in left {
            self.take_up(errand).await?;
        }
        Ok(())
    }

    /// Begins again what nobody is at any more, unless it was begun too often: then it has ended, and this is `true`.
    async fn take_up(&self, left: Errand) -> Result<bool> {
        let now = self.0.clock.instead();
        let mut db = self.connection().await?;
        if left.attempt >= MOST_ATTEMPTS {
            store::copy_operations::fail(&mut db, left, Failure::Interrupted, now).await?;
            return Ok(true);
        }
        if store::copy_operations::claim(&mut db, left.id, seconds(LEASE), now).await? {
            self.begin_copy(left);
        }
        Ok(false)
    }

    /// Makes a copy in a task of its own, when it is its turn.
    fn begin_copy(&self, left: Errand) {
        let vault = self.clone();
        let span = tracing::Span::current();
        let work = async move {
            // never closed
            let Ok(_turn) = vault.0.copies.acquire().await else { return };
            if let Err(error) = Box::pin(vault.do_copy(left)).await {
                // its lease lapses, and somebody else tries
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "a copy was left to another try");
            }
        };
        self.0.tasks.spawn(tracing::Instrument::instrument(work, span));
    }

    async fn do_copy(&self, left: Errand) -> Result<()> {
        let now = self.0.clock.instead();
        let wanted = {
            let mut db = self.connection().await?;
            store::copy_operations::begin(&mut db, left.id, left.attempt, seconds(LEASE), now).await?
        };
        // somebody else has it
        let Some(wanted) = wanted else { return Ok(()) };
        let errand = Errand { attempt: left.attempt + 1, ..left };
        let Err(refusal) = Box::pin(self.make_copy(&wanted, errand)).await else { return Ok(()) };
        let mut db = self.connection().await?;
        let worth_another_try = matches!(refusal, Error::Overloaded | Error::Broken(_));
        if worth_another_try && errand.attempt < MOST_ATTEMPTS {
            store::copy_operations::let_go(&mut db, errand, now).await?;
            return Err(refusal);
        }
        if let Error::Broken(cause) = &refusal {
            tracing::error!(error = &**cause as &dyn std::error::Error, "a copy is broken");
        }
        store::copy_operations::fail(&mut db, errand, Failure::from(&refusal), now).await?;
        Ok(())
    }

    /// Makes it and ends it, both or neither; with the rights its caller has now.
    async fn make_copy(&self, wanted: &Wanted, errand: Errand) -> Result<()> {
        let actor = Actor { request: wanted.request, ..self.act_for(&wanted.mandate, wanted.dialect).await? };
        let look = self.look(&actor, &ItemKey::Id(wanted.source)).await?;
        let target = self.look(&actor, &ItemKey::Id(wanted.target)).await?;
        let name = ItemName::parse(&wanted.name)?;
        self.check_copy(&actor, &look, &target, &name, wanted.on_conflict).await?;
        let replaces = wanted.on_conflict == OnConflict::AddEdition;
        let on_conflict = if replaces { OnConflict::Fail } else { wanted.on_conflict };
        let manner = Manner { name: Some(name.clone()), description: None, working_copies: true, errand: Some(errand) };
        if look.item.kind() == Kind::Folder {
            self.try_copy_folder(&actor, &look, target, on_conflict, &manner).await?;
            return Ok(());
        }
        let edition = seen_by(&actor, &look.item)?;
        match self.try_copy_file(&actor, &look, &edition, target.clone(), on_conflict, &manner).await {
            Err(Error::NameTaken(_)) if replaces => {
                self.replace_with_copy(&actor, &target, &name, look.item.id, &edition, errand).await
            }
            made => made.map(drop),
        }
    }

    /// What can be said before a copy is begun: what the gates say, and whether the name is taken by something that is not
    /// to be replaced, or that cannot be.
    async fn check_copy(
        &self,
        actor: &Actor,
        look: &Look,
        target: &Look,
        name: &ItemName,
        on_conflict: OnConflict,
    ) -> Result<()> {
        look.check(actor, Action::Download)?;
        target.folder()?;
        match look.item.kind() {
            Kind::File => drop(self.check_create(actor, target, Some(look.item.category.id)).await?),
            Kind::Folder => {
                if look.item.is_root() {
                    return Err(Error::Impossible("a root folder"));
                }
                target.receives(actor, look)?;
                if target.is_within(look.item.id) {
                    return Err(Error::Impossible("a folder into itself"));
                }
            }
        }
        let replaces = match on_conflict {
            OnConflict::Fail => false,
            OnConflict::AddEdition => true,
            OnConflict::RenameBlank | OnConflict::RenameParentheses | OnConflict::RenameTime => return Ok(()),
        };
        let there = match self.look(actor, &child(target, name)).await {
            Ok(there) => there,
            // one that the caller does not see is met when the copy is made
            Err(Error::Missing(_)) => return Ok(()),
            Err(other) => return Err(other),
        };
        let both_files = there.item.kind() == Kind::File && look.item.kind() == Kind::File;
        if !replaces || !both_files || there.item.id == look.item.id {
            return Err(Error::NameTaken(there.item.name.clone()));
        }
        there.check(actor, Action::SaveDraft).map(drop)
    }

    /// Gives the content of an edition to the file that has the name: as its next edition, or as the working copy of the
    /// caller who holds it.
    async fn replace_with_copy(
        &self,
        actor: &Actor,
        target: &Look,
        name: &ItemName,
        source: ItemId,
        edition: &Edition,
        errand: Errand,
    ) -> Result<()> {
        let look = self.look(actor, &child(target, name)).await?;
        if look.item.kind() == Kind::Folder || look.item.id == source {
            return Err(Error::NameTaken(name.as_str().to_owned()));
        }
        let info = edition.content.ok_or(Error::NoContent)?;
        let permit = look.check(actor, Action::SaveDraft)?;
        let has_copy = look.item.is_held_by(actor.id()) && look.item.lock().is_some_and(Lock::has_working_copy);
        if let Some(fence) = look.bound_fence(actor).filter(|_| has_copy) {
            let saved = Saved { sha256: Some(info.sha256), media_type: edition.media_type.clone(), ..Saved::default() };
            let act = self.act(actor, None);
            let done = again!(self.save_copied(&permit, look.item.library.id, fence, &saved, errand, &act).await)?;
            return if done { Ok(()) } else { Err(Error::FenceLost) };
        }
        let giving = Giving::once_more(Some(info));
        let what = Given {
            metadata: Metadata { declared_type: edition.media_type.clone(), ..Metadata::default() },
            comment: String::new(),
            how: Publish::New(Step::Major),
            rename: None,
        };
        let aim = Aim { errand: Some(errand), ..Aim::new(Verb::AddEdition, Action::SaveDraft) };
        self.try_publish(actor, look, &what, &giving, &aim).await.map(drop)
    }

    async fn save_copied(
        &self,
        permit: &Permit,
        library: LibraryId,
        fence: i64,
        saved: &Saved,
        errand: Errand,
        act: &store::Act,
    ) -> sqlx::Result<bool> {
        let mut all = self.0.db.begin().await?;
        let done = store::drafts::save(&mut all, permit, library, fence, saved, None, act).await?.is_some()
            && store::copy_operations::finish(&mut all, errand, permit.item(), act.now).await?;
        if done {
            all.commit().await?;
        }
        Ok(done)
    }
}

/// What has this name in a folder.
fn child(folder: &Look, name: &ItemName) -> ItemKey {
    ItemKey::Path(Box::new(ItemKey::Id(folder.item.id)), vec![name.as_str().to_owned()])
}

/// The newest edition of a file; to its holder, as the working copy has it.
fn seen_by(actor: &Actor, item: &Item) -> Result<Edition> {
    let file = item.file.as_ref().ok_or(Error::WrongKind(Kind::File))?;
    let mut edition = file.edition.clone();
    if let Some(draft) = item.draft_of(actor.id()) {
        if draft.content.is_some() {
            edition.content = draft.content;
            edition.media_type = draft.media_type.clone().or(edition.media_type);
        }
        edition.title = draft.title.clone().unwrap_or(edition.title);
        edition.description = draft.description.clone().unwrap_or(edition.description);
    }
    Ok(edition)
}

#[expect(clippy::cast_precision_loss, reason = "some hours are few seconds")]
fn seconds(span: TimeDelta) -> f64 {
    span.num_seconds() as f64
}
