//! Shares of folders (spec/oracle.md 9): giving and taking roles, and who has which.

use std::sync::Arc;

use axum::extract::State;

use super::{
    admission::Admitted,
    answer::Answer,
    auth::Caller,
    error::Error,
    ids::{self, FolderId},
    input::{Input, Unread},
    query::Query,
    wire::{self, Fields},
};
use crate::{
    domain::{actor::Role, id::PrincipalId, name::LONGEST_COMMENT, permission::Action, person::Person},
    vault::Vault,
};

/// `POST /shares/{folderId}`, and `PUT /shares/{folderId}/role`, which means the same: sharing again changes the role.
pub async fn share(
    State(vault): State<Vault>,
    caller: Caller,
    folder: FolderId,
    body: Unread,
) -> Result<Answer, Error> {
    let on = managed(&vault, &caller, &folder).await?;
    let input = body.read().await?;
    let with = people(&vault, &input).await?;
    let role = role(input.required("role")?)?;
    vault.share(&on.actor, &on.look, &keys(&with), role, message(input.text("message")?)?).await?;
    Ok(Answer::done(of(&on).text("role", wire::role(role)).and(named(&with))))
}

/// `GET /shares/{folderId}/items`: `currentOnly` leaves out what was shared above, and may stand in a body as well.
pub async fn list(
    State(vault): State<Vault>,
    caller: Caller,
    folder: FolderId,
    query: Query,
    body: Unread,
) -> Result<Answer, Error> {
    let on = caller.folder(&vault, &folder, Action::View).await?;
    on.check(Action::View)?;
    let current_only = body.read().await?.flag("currentOnly")? || query.flag("currentOnly")?;
    let shares = vault.shares(&on.actor, &on.look, !current_only).await?;
    let entry = |share: &crate::vault::Share| {
        let role = Fields::new().text("role", wire::role(share.role)).text("type", "share");
        role.object("user", wire::member(&share.with))
    };
    let items: Vec<Fields> = shares.iter().map(entry).collect();
    Ok(Answer::done(of(&on).text("count", items.len().to_string()).array("items", items)))
}

/// `DELETE /shares/{folderId}/user`. Who has no share there is left alone.
pub async fn unshare(
    State(vault): State<Vault>,
    caller: Caller,
    folder: FolderId,
    body: Unread,
) -> Result<Answer, Error> {
    let on = managed(&vault, &caller, &folder).await?;
    let input = body.read().await?;
    let from = people(&vault, &input).await?;
    vault.unshare(&on.actor, &on.look, &keys(&from), message(input.text("message")?)?).await?;
    Ok(Answer::done(of(&on).and(named(&from))))
}

/// `DELETE /shares/{folderId}`: all shares that were made on this very folder.
pub async fn unshare_all(
    State(vault): State<Vault>,
    caller: Caller,
    folder: FolderId,
    query: Query,
) -> Result<Answer, Error> {
    let on = managed(&vault, &caller, &folder).await?;
    vault.unshare_all(&on.actor, &on.look, message(query.get("message")?)?).await?;
    Ok(Answer::done(of(&on)))
}

/// `DELETE /shares/{folderId}/myuser`: the caller's own share.
pub async fn leave(State(vault): State<Vault>, caller: Caller, folder: FolderId) -> Result<Answer, Error> {
    let on = caller.folder(&vault, &folder, Action::View).await?;
    vault.leave(&on.actor, &on.look).await?;
    Ok(Answer::done(of(&on)))
}

async fn managed(vault: &Vault, caller: &Caller, folder: &FolderId) -> Result<Admitted, Error> {
    let on = caller.folder(vault, folder, Action::Share).await?;
    on.check(Action::Share)?;
    Ok(on)
}

/// What every answer says. `self` is another folder for everybody else, so the folder's own id is named.
fn of(on: &Admitted) -> Fields {
    Fields::new().text("id", &on.look.item().oracle_id).text("type", "share")
}

/// Whom `userID` names, each once, in its order: users, applications, and groups by their ids.
async fn people(vault: &Vault, input: &Input) -> Result<Vec<Arc<Person>>, Error> {
    const BAD: Error = Error::BadValue("userID");
    let names = ids::listed(input.required("userID")?).ok_or(BAD)?;
    let mut people: Vec<Arc<Person>> = Vec::with_capacity(names.len());
    for person in vault.people_named(&names).await? {
        let person = person.ok_or(BAD)?;
        if !people.contains(&person) {
            people.push(person);
        }
    }
    Ok(people)
}

fn keys(people: &[Arc<Person>]) -> Vec<PrincipalId> {
    people.iter().map(|person| person.id).collect()
}

/// The last of them; of several also all.
fn named(people: &[Arc<Person>]) -> Fields {
    let members =
        if people.len() > 1 { people.iter().map(|person| wire::member(person)).collect() } else { Vec::new() };
    let last = people.last().map(|person| Fields::new().object("user", wire::member(person)));
    last.unwrap_or_default().list("members", members)
}

fn role(text: &str) -> Result<Role, Error> {
    Ok(match text {
        "viewer" => Role::Viewer,
        "downloader" => Role::Downloader,
        "contributor" => Role::Contributor,
        "manager" => Role::Manager,
        _ => return Err(Error::BadValue("role")),
    })
}

/// What the sharer says; it stands in the folder's trail.
fn message(text: Option<&str>) -> Result<Option<&str>, Error> {
    match text.filter(|text| !text.is_empty()) {
        Some(text) if text.chars().count() > LONGEST_COMMENT => Err(Error::BadValue("message")),
        text => Ok(text),
    }
}
