//! Public links (spec/oracle.md 8): making, listing, changing, removing. Opening one is `admission`'s.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};

use super::{
    admission::Admitted,
    answer::Answer,
    auth::Caller,
    error::Error,
    ids::{self, FileId, FolderId, LinkId},
    input::{Input, Unread},
    wire::{self, Fields, parse_time},
};
use crate::{
    domain::{
        actor::Role,
        id::PrincipalId,
        item::Kind,
        link::{Audience, Link},
        permission::Action,
        person::{Person, PrincipalKind},
    },
    vault::{LinkSpec, LinkUpdate, Look, Vault},
};

/// Characters of an access code.
const CODE: std::ops::RangeInclusive<usize> = 8..=50;
/// Characters of a link's name.
const LONGEST_NAME: usize = 255;

/// `POST /publiclinks/file/{fileId}`.
pub async fn create_on_file(
    State(vault): State<Vault>,
    caller: Caller,
    file: FileId,
    body: Unread,
) -> Result<Answer, Error> {
    let on = caller.file(&vault, &file, Action::Share).await?;
    create(&vault, &on, body).await
}

/// `POST /publiclinks/folder/{folderId}`.
pub async fn create_on_folder(
    State(vault): State<Vault>,
    caller: Caller,
    folder: FolderId,
    body: Unread,
) -> Result<Answer, Error> {
    let on = caller.folder(&vault, &folder, Action::Share).await?;
    create(&vault, &on, body).await
}

async fn create(vault: &Vault, on: &Admitted, body: Unread) -> Result<Answer, Error> {
    on.check(Action::Share)?;
    let input = body.read().await?;
    let (audience, listed) = assigned(vault, input.required("assignedUsers")?).await?;
    let spec = LinkSpec {
        name: name(&input)?,
        role: role(&input)?.unwrap_or(Role::Viewer),
        audience,
        listed,
        access_code: input.text("password")?.map(access_code).transpose()?.flatten(),
        expires_at: input.text("expirationTime")?.map(expiration).transpose()?.flatten(),
    };
    let link = vault.create_link(&on.actor, &on.look, spec).await?;
    // 200, not 201: clients test for it
    Ok(Answer::done(shown(&link, &on.look)))
}

/// `GET /publiclinks/file/{fileId}`.
pub async fn list_on_file(State(vault): State<Vault>, caller: Caller, file: FileId) -> Result<Answer, Error> {
    let on = caller.file(&vault, &file, Action::Share).await?;
    list(&vault, &on).await
}

/// `GET /publiclinks/folder/{folderId}`.
pub async fn list_on_folder(State(vault): State<Vault>, caller: Caller, folder: FolderId) -> Result<Answer, Error> {
    let on = caller.folder(&vault, &folder, Action::Share).await?;
    list(&vault, &on).await
}

async fn list(vault: &Vault, on: &Admitted) -> Result<Answer, Error> {
    let items: Vec<Fields> = vault.links(&on.actor, &on.look).await?.iter().map(wire::link).collect();
    let item = on.look.item();
    let kind = match item.kind() {
        Kind::File => "file",
        Kind::Folder => "folder",
    };
    let head = Fields::new().text("count", items.len().to_string()).text("id", &item.oracle_id).text("type", kind);
    Ok(Answer::done(head.list("items", items)))
}

/// `GET /publiclinks/{linkId}`.
pub async fn show(State(vault): State<Vault>, caller: Caller, id: LinkId) -> Result<Answer, Error> {
    let (link, on) = vault.link(&caller.actor, id.as_str()).await?;
    Ok(Answer::done(shown(&link, &on)))
}

/// `PUT /publiclinks/{linkId}`: an empty access code or expiration removes it.
pub async fn update(State(vault): State<Vault>, caller: Caller, id: LinkId, body: Unread) -> Result<Answer, Error> {
    let (link, on) = vault.link(&caller.actor, id.as_str()).await?;
    let input = body.read().await?;
    let audience = match input.text("assignedUsers")? {
        Some(text) => Some(assigned(&vault, text).await?),
        None => None,
    };
    let change = LinkUpdate {
        role: role(&input)?,
        audience,
        access_code: input.text("password")?.map(access_code).transpose()?,
        expires_at: input.text("expirationTime")?.map(expiration).transpose()?,
    };
    let link = vault.update_link(&caller.actor, &on, &link, change).await?;
    Ok(Answer::done(shown(&link, &on)))
}

/// `DELETE /publiclinks/{linkId}`.
pub async fn delete(State(vault): State<Vault>, caller: Caller, id: LinkId) -> Result<Answer, Error> {
    let (link, on) = vault.link(&caller.actor, id.as_str()).await?;
    vault.delete_link(&caller.actor, &on, &link).await?;
    Ok(Answer::done(Fields::new().text("linkID", id.as_str()).text("type", "publiclink")))
}

/// A link by itself: with the id of what it opens.
fn shown(link: &Link, on: &Look) -> Fields {
    wire::link(link).text("id", &on.item().oracle_id)
}

/// `@everybody`, `@serviceinstance`, or people by id, login name or e-mail address, with commas between them.
async fn assigned(vault: &Vault, text: &str) -> Result<(Audience, Vec<PrincipalId>), Error> {
    const BAD: Error = Error::BadValue("assignedUsers");
    match text.trim() {
        "@everybody" => return Ok((Audience::Everybody, Vec::new())),
        "@serviceinstance" => return Ok((Audience::SignedIn, Vec::new())),
        _ => {}
    }
    let names = ids::listed(text).ok_or(BAD)?;
    let people = vault.people_named(&names).await?;
    let user = |person: &Option<Arc<Person>>| {
        person.as_ref().filter(|person| person.kind == PrincipalKind::User).map(|user| user.id)
    };
    Ok((Audience::Listed, people.iter().map(user).collect::<Option<_>>().ok_or(BAD)?))
}

fn name(input: &Input) -> Result<String, Error> {
    let name = input.text("linkName")?.unwrap_or_default();
    let bad = name.chars().any(char::is_control) || name.chars().count() > LONGEST_NAME;
    if bad { Err(Error::BadValue("linkName")) } else { Ok(name.to_owned()) }
}

/// `role`, or `roleName` as one client has it.
fn role(input: &Input) -> Result<Option<Role>, Error> {
    let text = match input.text("role")? {
        Some(role) => Some(role),
        None => input.text("roleName")?,
    };
    match text {
        None => Ok(None),
        Some("viewer") => Ok(Some(Role::Viewer)),
        Some("downloader") => Ok(Some(Role::Downloader)),
        Some("contributor") => Ok(Some(Role::Contributor)),
        Some(_) => Err(Error::BadValue("role")),
    }
}

/// An access code; an empty one is none.
fn access_code(text: &str) -> Result<Option<String>, Error> {
    match text {
        "" => Ok(None),
        code if CODE.contains(&code.chars().count()) => Ok(Some(code.to_owned())),
        _ => Err(Error::BadValue("password")),
    }
}

/// When a link ends; an empty text is never.
fn expiration(text: &str) -> Result<Option<DateTime<Utc>>, Error> {
    match text {
        "" => Ok(None),
        text => parse_time(text).map(Some).ok_or(Error::BadValue("expirationTime")),
    }
}
