//! Uploads that come in fragments (spec/graph.md 8): begun with what is to become of them, continued by whoever knows their
//! address, ended under the rights that their beginner has then. Fragments lie in the content store, so any node can take
//! the next one; a fragment counts when its row does, which is after its bytes are durable.

use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use futures_util::{
    Stream, StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};

use super::{Look, NewFileAt, Publication, Vault, fresh, locks::ATTEMPTS};
use crate::{
    content::{PutError, Staged},
    domain::{
        actor::{Actor, Ceiling, Mandate},
        content::{BlobKey, Content, Sha256},
        edition::Metadata,
        error::{Error, Missing, Result},
        id::{ItemId, ItemKey, UploadId},
        item::{ClientTimes, Kind, NewFile, OnConflict},
        name::ItemName,
        permission::Action,
        upload::{Destination, Fit, LONGEST_FRAGMENT, Misfit, Progress, Purpose, Refused, Span, Upload},
    },
    store::{
        self,
        contents::NewContent,
        uploads::{Ending, Fragment, NewUpload, UploadRow},
    },
};

/// Uploads of one principal that have not ended, at most.
const MOST_UPLOADS: i64 = 1000;
/// How long an upload is remembered after its end: one client sends the last fragment twice (spec/graph.md 8).
const REMEMBERED: Duration = Duration::hours(1);
/// Fragments that are read together.
const PAGE: i64 = 64;
/// Folders that one upload may make on the way to its file.
const DEEPEST: usize = 64;

/// An upload that was begun.
#[derive(Clone)]
pub struct BegunUpload {
    /// What opens it; answered once and stored nowhere.
    pub secret: String,
    /// When it ends by itself, unless a fragment comes before.
    pub expires_at: DateTime<Utc>,
}

/// The file an upload has become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The file.
    pub file: ItemId,
    /// Whether it was made by this.
    pub made: bool,
}

impl Vault {
    /// Begins an upload to the file that was looked at, or into the folder that was: the last one there is on the way.
    /// `size` is what the client expects it to have.
    ///
    /// # Errors
    /// What writing the file now would be refused for, before any byte has come; [`Refused::TooMany`].
    pub async fn begin_upload(
        &self,
        actor: &Actor,
        at: &Look,
        purpose: Purpose,
        size: Option<u64>,
    ) -> std::result::Result<BegunUpload, Refused> {
        let mandate = actor.mandate().ok_or(Error::NoSession)?;
        self.check_upload(actor, at, size).await?;
        let secret = fresh::token("cku_")?;
        let new = NewUpload { id: UploadId::fresh(), digest: fresh::digest(&secret), mandate, purpose };
        let mut db = self.connection().await?;
        let (life, now) = (self.0.settings.upload_life, self.0.clock.instead());
        let begun = store::uploads::begin(&mut db, &new, life, MOST_UPLOADS, now).await.map_err(Error::from)?;
        Ok(BegunUpload { secret, expires_at: begun.ok_or(Refused::TooMany)? })
    }

    /// Refuses what writing so many bytes now would be refused for, to the file that was looked at, or into or below the folder
    /// that was. A first answer: the write asks again.
    ///
    /// # Errors
    /// [`Error::ContentTooLarge`], [`Error::QuotaReached`], and what the gates say.
    pub async fn check_upload(&self, actor: &Actor, at: &Look, size: Option<u64>) -> Result<()> {
        match at.item.kind() {
            Kind::File => at.check(actor, Action::SaveDraft)?,
            Kind::Folder => at.check(actor, Action::Create)?,
        };
        if size.is_some_and(|size| size > self.0.settings.max_file_size) {
            return Err(Error::ContentTooLarge);
        }
        let replaced = at.item.draft_of(actor.id()).map_or(0, |draft| draft.content.map_or(0, |content| content.size));
        let replaced = match (&at.item.file, at.item.lock()) {
            (Some(file), None) => file.edition.size(),
            _ => replaced,
        };
        self.has_room(&at.item.library, size.unwrap_or(0).saturating_sub(replaced.unsigned_abs())).await
    }

    /// The upload that this opens.
    ///
    /// # Errors
    /// [`Refused::Gone`] when it has ended, was cancelled, or never was.
    pub async fn upload(&self, secret: &str) -> std::result::Result<Upload, Refused> {
        self.upload_with(fresh::digest(secret)).await
    }

    /// The same, for the caller who began it; to others it is gone.
    ///
    /// # Errors
    /// [`Refused::Gone`].
    pub async fn own_upload(&self, actor: &Actor, secret: &str) -> std::result::Result<Upload, Refused> {
        let upload = self.upload(secret).await?;
        if Some(upload.mandate.principal) == actor.id() { Ok(upload) } else { Err(Refused::Gone) }
    }

    async fn upload_with(&self, digest: [u8; 32]) -> std::result::Result<Upload, Refused> {
        let row = {
            let mut db = self.connection().await?;
            store::uploads::find(&mut db, &digest, self.0.clock.instead()).await.map_err(Error::from)?
        };
        row.ok_or(Refused::Gone).and_then(|row| Ok(dressed(row, digest)?))
    }

    /// Takes in a fragment; without a span, all bytes at once. `announced` is how many bytes will come, where that is known.
    /// Nothing of it counts before all of it is durable. Answers the
    /// upload as it stands then; the last fragment once more changes nothing, and its bytes are not looked at.
    ///
    /// # Errors
    /// [`Refused::Misfit`], [`Refused::FragmentTooLarge`], [`Error::ContentTooLarge`], [`Error::BodyBroken`],
    /// [`Refused::Gone`] when it has ended meanwhile.
    pub async fn add_fragment<S, E>(
        &self,
        upload: &Upload,
        span: Option<Span>,
        announced: Option<u64>,
        bytes: S,
    ) -> std::result::Result<Upload, Refused>
    where
        S: Stream<Item = std::result::Result<Bytes, E>>,
    {
        if upload.progress.fit(span)? == Fit::Again {
            return Ok(upload.clone());
        }
        let most = self.0.settings.max_file_size;
        if let Some(span) = span {
            if span.length() > LONGEST_FRAGMENT {
                return Err(Refused::FragmentTooLarge);
            }
            if span.last >= most || span.total.is_some_and(|total| total > most) {
                return Err(Error::ContentTooLarge.into());
            }
        }
        match (span, announced) {
            (Some(span), Some(announced)) if announced != span.length() => return Err(Misfit::Length.into()),
            (None, Some(announced)) if announced > most => return Err(Error::ContentTooLarge.into()),
            (None, Some(announced)) if announced > LONGEST_FRAGMENT => return Err(Refused::FragmentTooLarge),
            (Some(_) | None, _) => {}
        }
        let length = span.map_or_else(|| LONGEST_FRAGMENT.min(most), |span| span.length());
        let staged = self.0.content.put(bytes, length).await.map_err(|error| match error {
            PutError::TooLarge { .. } if span.is_some() => Misfit::Length.into(),
            PutError::TooLarge { .. } if most <= LONGEST_FRAGMENT => Refused::Vault(Error::ContentTooLarge),
            PutError::TooLarge { .. } => Refused::FragmentTooLarge,
            PutError::Body(_) => Error::BodyBroken.into(),
            PutError::Store(error) => Error::broken(error).into(),
        })?;
        let size = staged.content().size;
        let (start, total) = match span {
            Some(span) if size != span.length() => return Err(Misfit::Length.into()),
            Some(span) => (span.first, span.total),
            None => (0, Some(size)),
        };
        let before = upload.progress;
        let after = before.after(start, size, total);
        let (vault, mut upload) = (self.clone(), upload.clone());
        let taken = self.complete(async move {
            let fragment = NewContent(staged.keep());
            let (life, now) = (vault.0.settings.upload_life, vault.0.clock.instead());
            let added = {
                let mut db = vault.connection().await?;
                again!(store::uploads::add(&mut db, upload.id, before, after, &fragment, life, now).await)?
            };
            if let Some(expires_at) = added {
                (upload.progress, upload.expires_at) = (after, expires_at);
                return Ok(Ok(upload));
            }
            vault.drop_blobs([blob_of(&fragment.0)].into_iter().flatten()).await;
            Ok(Err(upload.digest))
        });
        match taken.await? {
            Ok(upload) => Ok(upload),
            // somebody else's fragment was faster: against what is here now, this one is the same, or does not fit
            Err(digest) => {
                let now = self.upload_with(digest).await?;
                match now.progress.fit(span)? {
                    Fit::Again => Ok(now),
                    Fit::Next => Err(Error::Overloaded.into()),
                }
            }
        }
    }

    /// Makes the file, or its next edition or working copy, of an upload that has all its bytes: one version, under the
    /// rights that the caller has now. Refused, the upload stays as it is. One that has become a file already answers that.
    ///
    /// # Errors
    /// [`Refused::Incomplete`], [`Refused::Gone`]; [`Error::NameTaken`], [`Error::Held`], [`Error::QuotaReached`],
    /// [`Error::PreconditionFailed`], and what the gates say.
    pub async fn end_upload(&self, actor: &Actor, upload: &Upload) -> std::result::Result<Arrived, Refused> {
        if let Some(file) = upload.file {
            return Ok(Arrived { file, made: false });
        }
        let mut upload = upload.clone();
        let progress = &mut upload.progress;
        match progress.total {
            Some(total) if total == progress.received => {}
            None if progress.last_start.is_some() => {
                let mut db = self.connection().await?;
                let received = progress.received;
                if !store::uploads::close(&mut db, upload.id, received).await.map_err(Error::from)? {
                    drop(db);
                    let now = self.upload_with(upload.digest).await?;
                    if !now.progress.is_complete() {
                        return Err(Refused::Incomplete);
                    }
                    upload = Upload { purpose: upload.purpose, ..now };
                }
            }
            Some(_) | None => return Err(Refused::Incomplete),
        }
        let (vault, actor) = (self.clone(), actor.clone());
        self.complete(async move { Ok(vault.try_end(&actor, &upload).await) }).await?
    }

    async fn try_end(&self, actor: &Actor, upload: &Upload) -> std::result::Result<Arrived, Refused> {
        let done = match self.whole(upload).await {
            Ok(Some(content)) => self.arrive(actor, upload, content).await.map_err(Refused::from),
            Ok(None) => Err(Refused::Gone),
            Err(error) => Err(error.into()),
        };
        let Err(refusal) = done else { return done };
        // somebody else may have ended it in the meantime
        match self.upload_with(upload.digest).await? {
            Upload { file: Some(file), .. } => Ok(Arrived { file, made: false }),
            Upload { file: None, .. } => Err(refusal),
        }
    }

    /// Cancels an upload; one that has become a file is forgotten, the file stays.
    pub async fn cancel_upload(&self, upload: &Upload) -> std::result::Result<(), Refused> {
        let (vault, id) = (self.clone(), upload.id);
        let removed = self.complete(async move { vault.remove_upload(id).await }).await?;
        if removed { Ok(()) } else { Err(Refused::Gone) }
    }

    /// Removes an upload with its bytes; whether there was one.
    pub(super) async fn remove_upload(&self, upload: UploadId) -> Result<bool> {
        let gone = again!(self.try_remove(upload).await)?;
        let Some(gone) = gone else { return Ok(false) };
        self.drop_blobs(gone.into_iter().flatten()).await;
        Ok(true)
    }

    async fn try_remove(&self, upload: UploadId) -> sqlx::Result<Option<Vec<Option<String>>>> {
        let mut all = self.0.db.begin().await?;
        let gone = store::uploads::remove(&mut all, upload).await?;
        all.commit().await?;
        Ok(gone)
    }

    /// Deletes blobs that nothing names any more; what cannot be deleted now is swept later.
    async fn drop_blobs(&self, blobs: impl Iterator<Item = String>) {
        for key in blobs.filter_map(|blob| blob.parse::<BlobKey>().ok()) {
            if let Err(error) = self.0.content.delete(key).await {
                tracing::warn!(%key, error = &error as &dyn std::error::Error, "a fragment's blob stays for the sweeper");
            }
        }
    }

    /// All bytes of a complete upload as one content: fragments are joined once, whatever becomes of the end, so that an end
    /// that was refused can be tried again at once. `None`: it has ended.
    async fn whole(&self, upload: &Upload) -> Result<Option<Content>> {
        let mut failed = None;
        for _ in 0..ATTEMPTS {
            let first = {
                let mut db = self.connection().await?;
                store::uploads::fragments(&mut db, upload.id, 0, 2).await?
            };
            match first.as_slice() {
                [] => return Ok(None),
                [only] if only.size.unsigned_abs() == upload.progress.received => return content_of(only).map(Some),
                // fragments that somebody else has joined meanwhile cannot be read; those that are still there can
                _ => {
                    if let Some(error) = failed.take() {
                        return Err(error);
                    }
                }
            }
            match self.join(upload).await {
                Ok(Some(content)) => return Ok(Some(content)),
                Ok(None) => {}
                Err(error) => failed = Some(error),
            }
        }
        Err(Error::Overloaded)
    }

    async fn join(&self, upload: &Upload) -> Result<Option<Content>> {
        let staged = Box::pin(self.0.content.put(self.bytes_of(upload.id), upload.progress.received)).await;
        let staged = staged.map_err(|error| match error {
            PutError::TooLarge { .. } => Error::broken("fragments of an upload are more than it received"),
            PutError::Body(error) => error,
            PutError::Store(error) => Error::broken(error),
        })?;
        if staged.content().size != upload.progress.received {
            return Err(Error::broken("fragments of an upload are less than it received"));
        }
        let whole = NewContent(staged.keep());
        if let Some(gone) = again!(self.try_join(upload.id, &whole).await)? {
            self.drop_blobs(gone.into_iter().flatten()).await;
            return Ok(Some(whole.0));
        }
        self.drop_blobs(blob_of(&whole.0).into_iter()).await;
        Ok(None)
    }

    async fn try_join(&self, upload: UploadId, whole: &NewContent) -> sqlx::Result<Option<Vec<Option<String>>>> {
        let mut all = self.0.db.begin().await?;
        let gone = store::uploads::join(&mut all, upload, whole).await?;
        all.commit().await?;
        Ok(gone)
    }

    /// The fragments' bytes in order, a page of fragments at a time.
    fn bytes_of(&self, upload: UploadId) -> impl Stream<Item = Result<Bytes>> + use<> {
        let pages = stream::try_unfold((self.clone(), 0), move |(vault, from)| async move {
            let page = {
                let mut db = vault.connection().await?;
                store::uploads::fragments(&mut db, upload, from, PAGE).await?
            };
            let next = page.last().map(|last| last.start.saturating_add(last.size.max(1)));
            Ok::<_, Error>(next.map(|next| (stream::iter(page.into_iter().map(Ok)), (vault, next))))
        });
        let vault = self.clone();
        pages.try_flatten().and_then(move |fragment: Fragment| vault.clone().open_fragment(fragment)).try_flatten()
    }

    async fn open_fragment(self, fragment: Fragment) -> Result<BoxStream<'static, Result<Bytes>>> {
        let bytes = self.open_bytes(&content_of(&fragment)?, None).await?;
        Ok(bytes.into_stream().map_err(Error::broken).boxed())
    }

    /// Puts the bytes where they were meant to go.
    async fn arrive(&self, actor: &Actor, upload: &Upload, content: Content) -> Result<Arrived> {
        let purpose = &upload.purpose;
        let ending = Ending { upload: upload.id, client_times: purpose.client_times, kept: REMEMBERED };
        let content = Staged::lent(content);
        match self.look(actor, &purpose.to.key(purpose.to.names.len())).await {
            Ok(look) if look.item.kind() == Kind::Folder => Err(match purpose.to.names.last() {
                None => Error::WrongKind(Kind::File),
                Some(name) => Error::NameTaken(name.as_str().to_owned()),
            }),
            Ok(look) if purpose.on_conflict == OnConflict::AddEdition || purpose.to.names.is_empty() => {
                // somebody else's lock comes before the condition
                look.check(actor, Action::SaveDraft)?;
                let look = as_wanted(look, actor, purpose)?;
                let publication = Publication::of(content, said(purpose));
                let saved = self.save_draft_ending(actor, &look, publication, Some(ending)).await?;
                Ok(Arrived { file: saved.file, made: false })
            }
            Ok(look) if purpose.on_conflict == OnConflict::Fail => {
                look.check(actor, Action::SaveDraft)?;
                Err(Error::NameTaken(look.item.name.clone()))
            }
            Ok(_) | Err(Error::Missing(Missing::Item | Missing::Hidden)) if !purpose.to.names.is_empty() => {
                if purpose.only_on.is_some() {
                    return Err(Error::PreconditionFailed);
                }
                let (folder, name) = self.make_way(actor, &purpose.to).await?;
                let file = NewFile {
                    name,
                    metadata: said(purpose),
                    comment: String::new(),
                    on_conflict: purpose.on_conflict,
                    client_times: ClientTimes::default(),
                };
                let new = NewFileAt { file, content: Some(content) };
                let made = self.create_file_ending(actor, &folder, new, Vec::new(), Some(ending)).await?;
                Ok(Arrived { file: made.file, made: true })
            }
            Ok(_) => Err(Error::Missing(Missing::Item)),
            Err(error) => Err(error),
        }
    }

    /// The folder that the file goes into, made with those above it where they are missing; and the file's name.
    async fn make_way(&self, actor: &Actor, to: &Destination) -> Result<(Look, ItemName)> {
        let Some((name, folders)) = to.names.split_last() else { return Err(Error::Missing(Missing::Item)) };
        let mut there = folders.len();
        let mut folder = loop {
            match self.look(actor, &to.key(there)).await {
                Ok(folder) => break folder,
                Err(Error::Missing(Missing::Item | Missing::Hidden)) if there > 0 => there -= 1,
                Err(error) => return Err(error),
            }
        };
        folder.folder()?;
        folder.check(actor, Action::Create)?;
        let missing = folders.get(there..).unwrap_or_default();
        if missing.len() > DEEPEST {
            return Err(Error::Impossible("too many folders are missing"));
        }
        for name in missing {
            let made = self.create_folder(actor, &folder, name, "", OnConflict::Fail, ClientTimes::default()).await;
            let key = match made {
                Ok(id) => ItemKey::Id(id),
                // somebody made it at the same moment
                Err(Error::NameTaken(_)) => {
                    ItemKey::Path(Box::new(ItemKey::Id(folder.item.id)), vec![name.as_str().to_owned()])
                }
                Err(error) => return Err(error),
            };
            folder = self.look(actor, &key).await?;
        }
        Ok((folder, name.clone()))
    }
}

/// Holds the end to the content that the beginning was to count on, and the write to this very state. A check-out in
/// between is no other content.
fn as_wanted(look: Look, actor: &Actor, purpose: &Purpose) -> Result<Look> {
    let Some(wanted) = purpose.only_on else { return Ok(look) };
    let draft = look.item.draft_of(actor.id()).and_then(|draft| draft.content);
    let content = draft.or(look.item.file.as_ref().and_then(|file| file.edition.content));
    if content.is_none_or(|content| content.sha256 != wanted) {
        return Err(Error::PreconditionFailed);
    }
    Ok(look.exactly())
}

fn said(purpose: &Purpose) -> Metadata {
    Metadata { description: purpose.description.clone(), ..Metadata::default() }
}

fn blob_of(content: &Content) -> Option<String> {
    match &content.place {
        crate::domain::content::Place::Inline(_) => None,
        crate::domain::content::Place::Blob(key) => Some(key.to_string()),
    }
}

fn content_of(fragment: &Fragment) -> Result<Content> {
    let broken = || Error::broken("a fragment without a place or digests");
    let (sha256, quick_xor) = fragment.digests().ok_or_else(broken)?;
    let place = fragment.place().ok_or_else(broken)?;
    Ok(Content { sha256, quick_xor, size: fragment.size.unsigned_abs(), place })
}

fn dressed(row: UploadRow, digest: [u8; 32]) -> Result<Upload> {
    let names = row.names.iter().map(|name| ItemName::parse(name)).collect::<std::result::Result<_, _>>()?;
    let only_on = row.only_on.as_deref().map(Sha256::try_from).transpose().map_err(Error::broken)?;
    Ok(Upload {
        id: row.id,
        digest,
        mandate: Mandate {
            principal: row.principal,
            ceiling: Ceiling { read: row.read_reach, write: row.write_reach },
            link: row.link.zip(row.link_changed_at),
        },
        purpose: Purpose {
            to: Destination { item: row.item, names },
            on_conflict: row.on_conflict,
            deferred: row.deferred,
            only_on,
            description: row.description,
            client_times: ClientTimes { created: row.client_created_at, modified: row.client_modified_at },
        },
        progress: Progress {
            received: row.received.unsigned_abs(),
            total: row.total.map(i64::unsigned_abs),
            last_start: row.last_start.map(i64::unsigned_abs),
        },
        expires_at: row.expires_at,
        file: row.file,
    })
}
