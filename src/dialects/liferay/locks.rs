//! Check out, check in, cancel, refresh, and questions about the lock (spec/liferay.md 11).

use chrono::Duration;
use serde_json::Value;
use uuid::Uuid;

use super::{
    call::Ask,
    error::{Error, Operation, Subject},
    files, find, ids, revisions,
    wire::{file_version::FileVersion, lock::Lock, shown},
};
use crate::{
    domain::{
        edition::Publish,
        error::{Error as Refusal, Missing},
        event::Verb,
        item::Item,
        lock::{CheckOut, Mode},
        permission::Action,
        version::Step,
    },
    vault::{Cancel, CheckIn, Eyes, Look, Publication},
};

/// The change log of a version that a check-out became which ended by itself (spec/liferay.md 11.8).
pub const TIMED_OUT: &str = "Automatic timeout checkin";

/// `checkOutFileEntry(fileEntryId)`: answers nothing.
pub async fn check_out(ask: Ask) -> Result<Value, Error> {
    let ask = &ask;
    ask.vault().by_glance(|eyes| async move { take(ask, &eyes, None, "").await }).await?;
    Ok(Value::Null)
}

/// The same of `dlfileentry`: answers the file.
pub async fn check_out_and_show(ask: Ask) -> Result<Value, Error> {
    let look = take(&ask, &Eyes::default(), None, "").await?;
    files::show(&ask, &look)
}

/// `checkOutFileEntry(fileEntryId, owner, expirationTime)`: answers the file, as it was approved last.
pub async fn check_out_for(ask: Ask) -> Result<Value, Error> {
    let lifetime = Some(ask.number("expirationTime")?);
    let look = take(&ask, &Eyes::default(), lifetime, ask.text("owner")?).await?;
    files::show(&ask, &look)
}

async fn take(ask: &Ask, eyes: &Eyes, milliseconds: Option<i64>, owner: &str) -> Result<Look, Error> {
    let number = ask.number("fileEntryId")?;
    let look = find::file_with(eyes, ask.vault(), &ask.actor, number).await?;
    let what = CheckOut {
        mode: Mode::CheckOut,
        lifetime: Some(lifetime(ask, milliseconds.unwrap_or(0))),
        owner_text: owner.to_owned(),
        comment: None,
    };
    let taken = ask.vault().check_out(&ask.actor, &look, what).await;
    taken.map_err(ask.said(Operation::CheckOut, &Subject::File(number)))?;
    Ok(look)
}

/// Nothing, less, and more than the limit are the limit.
pub fn lifetime(ask: &Ask, milliseconds: i64) -> Duration {
    let limit = ask.settings().lock_limit;
    let wanted = Duration::try_milliseconds(milliseconds).unwrap_or(limit);
    if wanted > Duration::zero() && wanted < limit { wanted } else { limit }
}

/// `cancelCheckOut(fileEntryId)`: a quiet success for a file that is not checked out.
pub async fn cancel(ask: Ask) -> Result<Value, Error> {
    let ask = &ask;
    ask.vault().by_glance(|eyes| async move { drop_working_copy(ask, &eyes).await }).await?;
    Ok(Value::Null)
}

/// The same of `dlfileentry`: answers the version that was dropped.
pub async fn cancel_and_show(ask: Ask) -> Result<Value, Error> {
    let Some((look, dropped)) = drop_working_copy(&ask, &Eyes::default()).await? else { return Ok(Value::Null) };
    shown(&FileVersion::working_copy(look.item(), find::parts(&look)?, &dropped, ask.company()))
}

async fn drop_working_copy(ask: &Ask, eyes: &Eyes) -> Result<Option<(Look, crate::domain::lock::Lock)>, Error> {
    let number = ask.number("fileEntryId")?;
    let look = find::file_with(eyes, ask.vault(), &ask.actor, number).await?;
    if look.item().lock().is_none() && eyes.are_open() {
        return Ok(None);
    }
    let own = look.item().is_held_by(ask.actor.id());
    let operation = if own { Operation::Cancel } else { Operation::Override };
    match ask.vault().cancel(&ask.actor, &look, Cancel::default()).await {
        Ok(cancelled) => Ok(Some((look, cancelled.lock))),
        // somebody was quicker; the client may rely on the file being free
        Err(Refusal::NotCheckedOut) => Ok(None),
        Err(refusal) => Err(ask.said(operation, &Subject::File(number))(refusal)),
    }
}

/// `checkInFileEntry` with an increase or a flag: the working copy becomes a version. Of a file that is not checked out
/// nothing becomes anything, quietly.
pub async fn check_in(ask: Ask) -> Result<Value, Error> {
    publish_working_copy(&ask, ask.publish(), Ask::change_log, None).await
}

/// `checkInFileEntry(fileEntryId, lockUuid)`: a minor version, if that very lock is meant. An empty uuid means any.
pub async fn check_in_by_uuid(ask: Ask) -> Result<Value, Error> {
    let uuid = meant(&ask)?;
    publish_working_copy(&ask, Publish::New(Step::Minor), |_| Ok(String::new()), uuid).await
}

/// The lock that is meant; an empty uuid means any.
pub fn meant(ask: &Ask) -> Result<Option<Uuid>, Error> {
    Ok(match ask.text("lockUuid")? {
        "" => None,
        // no lock has the nil uuid
        text => Some(ids::uuid(text).unwrap_or(Uuid::nil())),
    })
}

async fn publish_working_copy(
    ask: &Ask,
    how: Publish,
    comment: fn(&Ask) -> Result<String, Error>,
    lock_uuid: Option<Uuid>,
) -> Result<Value, Error> {
    ask.vault().by_glance(|eyes| async move { publish_seen(ask, &eyes, how, comment, lock_uuid).await }).await?;
    Ok(Value::Null)
}

async fn publish_seen(
    ask: &Ask,
    eyes: &Eyes,
    how: Publish,
    comment: fn(&Ask) -> Result<String, Error>,
    lock_uuid: Option<Uuid>,
) -> Result<(), Error> {
    let number = ask.number("fileEntryId")?;
    let look = find::file_with(eyes, ask.vault(), &ask.actor, number).await?;
    let said = ask.said(Operation::CheckIn, &Subject::File(number));
    if look.item().lock().is_some() {
        // whose it is comes before what is wrong with the words
        let (checked, log) = (look.check(&ask.actor, Action::CheckIn).map(drop), comment(ask).ok());
        let log = log.as_deref().filter(|log| !log.is_empty());
        ask.vault().note_refusal(&ask.actor, &look, Verb::CheckIn, log, checked).await.map_err(&said)?;
    } else if ask.actor.fence.is_none() && eyes.are_open() {
        // a caller who names a fence means a check-out, and learns when it has ended
        return Ok(());
    }
    let comment = comment(ask)?;
    if is_meant(ask, look.item(), lock_uuid) {
        check_title(ask, &look, &comment).await?;
    }
    let (metadata, rename) = revisions::name_of_working_copy(&look, ask.actor.id())?;
    let publication = Publication { content: None, metadata, comment, how, rename };
    match ask.vault().check_in(&ask.actor, &look, CheckIn { publication, lock_uuid }).await {
        Ok(_) | Err(Refusal::NotCheckedOut) => Ok(()),
        Err(refusal) => Err(said(refusal)),
    }
}

/// Whether the check-out is the one a caller means, who may name its uuid and its fence; which one it is comes before what is
/// wrong with its working copy.
fn is_meant(ask: &Ask, item: &Item, lock_uuid: Option<Uuid>) -> bool {
    item.lock().is_some_and(|lock| {
        lock_uuid.is_none_or(|uuid| uuid == lock.uuid) && ask.actor.fence.is_none_or(|fence| fence == lock.fence)
    })
}

/// Refuses a title that somebody has taken since it was saved. The trail has that as it has a taken name.
async fn check_title(ask: &Ask, look: &Look, comment: &str) -> Result<(), Error> {
    let title = match revisions::check_working_copy(ask.vault(), &ask.actor, look.item()).await {
        Err(Error::TitleTaken(title)) => title,
        checked => return checked,
    };
    let refusal: Result<(), Refusal> = Err(Refusal::NameTaken(title.clone()));
    match ask.vault().note_refusal(&ask.actor, look, Verb::CheckIn, Some(comment), refusal).await {
        Ok(()) | Err(Refusal::NameTaken(_)) => Err(Error::TitleTaken(title)),
        Err(other) => Err(ask.said(Operation::CheckIn, &Subject::File(look.item().number))(other)),
    }
}

/// `refreshFileEntryLock(lockUuid, companyId, expirationTime)`: the caller's own lock lasts so long from now.
pub async fn refresh(ask: Ask) -> Result<Value, Error> {
    let (subject, uuid, lifetime) = prolonged(&ask)?;
    let look = ask.vault().look_by_lock(&ask.actor, uuid).await.map_err(ask.said(Operation::Refresh, &subject))?;
    let said = not_prolonged(&ask, &subject, &Subject::File(look.item().number));
    let lock = ask.vault().refresh_lock(&ask.actor, &look, uuid, lifetime).await.map_err(said)?;
    shown(&Lock::of(&lock, look.item().number, ask.company()))
}

/// Why a lock does not last longer: worded by what is locked, or by the uuid where the lock has ended meanwhile.
pub fn not_prolonged(ask: &Ask, lock: &Subject, locked: &Subject) -> impl Fn(Refusal) -> Error + use<> {
    let (of_lock, of_locked) = (ask.said(Operation::Refresh, lock), ask.said(Operation::Refresh, locked));
    move |refusal| {
        let ended = matches!(refusal, Refusal::Missing(Missing::Lock));
        if ended { of_lock(refusal) } else { of_locked(refusal) }
    }
}

/// The lock that is to last longer, and how long; `None`: for ever, where the settings allow it.
pub fn prolonged(ask: &Ask) -> Result<(Subject, Uuid, Option<Duration>), Error> {
    let uuid = ask.text("lockUuid")?;
    let subject = Subject::Lock(uuid.to_owned(), ask.number("companyId")?);
    ask.check_company(&subject)?;
    let missing = || ask.said(Operation::Refresh, &subject)(Refusal::Missing(Missing::Lock));
    let uuid = ids::uuid(uuid).ok_or_else(missing)?;
    let milliseconds = ask.number("expirationTime")?;
    let endless = milliseconds == 0 && ask.settings().endless_locks;
    Ok((subject, uuid, (!endless).then(|| lifetime(ask, milliseconds))))
}

/// `verifyFileEntryLock`: whether the uuid is the lock's, be it that of a folder above.
pub async fn verify(ask: Ask) -> Result<Value, Error> {
    let look = find::file(ask.vault(), &ask.actor, ask.number("fileEntryId")?).await?;
    let uuid = ids::uuid(ask.text("lockUuid")?);
    Ok(look.item().deciding_lock().is_some_and(|lock| Some(lock.uuid) == uuid).into())
}

/// `verifyFileEntryCheckOut`: whether the uuid is the lock's and there is a working copy. Every lock of a file has one.
pub async fn verify_check_out(ask: Ask) -> Result<Value, Error> {
    let look = find::file(ask.vault(), &ask.actor, ask.number("fileEntryId")?).await?;
    let uuid = ids::uuid(ask.text("lockUuid")?);
    Ok(look.item().lock().is_some_and(|lock| Some(lock.uuid) == uuid).into())
}

/// `isFileEntryCheckedOut`: by anybody.
pub async fn is_checked_out(ask: Ask) -> Result<Value, Error> {
    let look = find::file(ask.vault(), &ask.actor, ask.number("fileEntryId")?).await?;
    Ok(look.item().lock().is_some().into())
}

/// `hasFileEntryLock`: by the caller, who has it also by the lock of a folder above.
pub async fn is_mine(ask: Ask) -> Result<Value, Error> {
    let look = find::file(ask.vault(), &ask.actor, ask.number("fileEntryId")?).await?;
    Ok(look.item().deciding_lock().is_some_and(|lock| Some(lock.holder.id) == ask.actor.id()).into())
}

/// `getFileEntryLock`: the only way to learn the lock's uuid.
pub async fn get(ask: Ask) -> Result<Value, Error> {
    let look = find::file(ask.vault(), &ask.actor, ask.number("fileEntryId")?).await?;
    match look.item().lock() {
        Some(held) => shown(&Lock::of(held, look.item().number, ask.company())),
        None => Ok(Value::Null),
    }
}
