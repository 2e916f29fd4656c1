//! Reserve and unreserve (spec/oracle.md 4). Whose lock it is and who may clear it is the vault's to say.

use axum::extract::State;

use super::{
    answer::Answer,
    auth::Caller,
    error::Error,
    ids::{self, FileId},
    input::Unread,
    wire::{Fields, time, user},
};
use crate::{
    domain::{
        error::Error as No,
        id::PrincipalId,
        item::Item,
        lock::{CheckOut, Mode},
        permission::Action,
    },
    vault::{Cancel, Eyes, Vault},
};

/// `POST /files/{fileId}/reserve` (4.1). Whatever body is sent is ignored.
pub async fn reserve(State(vault): State<Vault>, caller: Caller, file: FileId) -> Result<Answer, Error> {
    let (vault, caller, file) = (&vault, &caller, &file);
    let act = |eyes| async move {
        let on = caller.file_with(&eyes, vault, file, Action::CheckOut).await?;
        let what = CheckOut { mode: Mode::Reservation, ..CheckOut::default() };
        let reserved = match vault.check_out(&on.actor, &on.look, what).await {
            // a reservation needs a holder, whoever has the file now (3.3)
            Err(No::Held(_)) if on.actor.account.is_none() => return Err(No::NoSession.into()),
            reserved => reserved?,
        };
        let lock = reserved.lock();
        let fields = of_file(on.look.item()).text("reservationDate", time(lock.taken_at));
        Ok(Answer::done(fields.object("reservedBy", user(&lock.holder))))
    };
    vault.by_glance(act).await
}

/// `POST /files/{fileId}/unreserve` (4.2), in the order that is given there.
pub async fn unreserve(
    State(vault): State<Vault>,
    caller: Caller,
    file: FileId,
    body: Unread,
) -> Result<Answer, Error> {
    let (vault, caller, file) = (&vault, &caller, &file);
    let admitted = |eyes| async move {
        let on = caller.file_with(&eyes, vault, file, Action::Cancel).await?;
        if !on.may(Action::Cancel) {
            // nothing is read of the body; the vault refuses, so that the trail has it
            vault.cancel(&on.actor, &on.look, Cancel::default()).await?;
        }
        Ok::<_, Error>(())
    };
    vault.by_glance(admitted).await?;
    let input = match body.read().await.and_then(|input| input.required("reservedByUserID").map(str::to_owned)) {
        Ok(named) => named,
        // what is wrong with the body is for nobody to know who does not see the file by now
        Err(wrong) => return admitted(Eyes::default()).await.and(Err(wrong)),
    };
    let named = input.as_str();
    let act = |eyes| async move {
        let on = caller.file_with(&eyes, vault, file, Action::Cancel).await?;
        let holder = meant(vault, on.look.item(), named).await?;
        match vault.cancel(&on.actor, &on.look, Cancel { holder: Some(holder), comment: None }).await {
            Ok(_) | Err(No::NotCheckedOut) => Ok(Answer::done(of_file(on.look.item()))),
            Err(No::OtherHolderNamed(_)) => Err(Error::WrongHolder(named.to_owned())),
            Err(no) => Err(no.into()),
        }
    };
    vault.by_glance(act).await
}

/// Whom the client means by an id or a login name; for nobody we know, a key that nobody has.
async fn meant(vault: &Vault, file: &Item, named: &str) -> Result<PrincipalId, No> {
    if let Some(lock) = file.lock().filter(|lock| ids::names(named, &lock.holder)) {
        return Ok(lock.holder.id);
    }
    for key in ids::user_keys(named) {
        // an e-mail address finds people as well, but does not name a holder
        if let Some(person) = vault.person(&key).await?.filter(|person| ids::names(named, person)) {
            return Ok(person.id);
        }
    }
    Ok(PrincipalId::fresh())
}

fn of_file(item: &Item) -> Fields {
    Fields::new().text("id", &item.oracle_id).text("type", "file")
}
