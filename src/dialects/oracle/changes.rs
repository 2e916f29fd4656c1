//! Editing and deleting files and folders (spec/oracle.md 5.6, 5.8, 6.4). The home and the root folder of a library stay as
//! they are.

use axum::extract::State;

use super::{
    admission::Admitted,
    answer::{About, Answer},
    auth::Caller,
    error::Error,
    files::ordinal,
    folders,
    ids::{FileId, FolderId},
    input::{Input, Unread},
    query::Query,
    wire::{self, Fields},
};
use crate::{
    domain::{
        error::{Error as No, Missing},
        id::ItemKey,
        item::Change,
        name::ItemName,
        permission::Action,
    },
    vault::Vault,
};

/// `PUT /files/{fileId}` (5.6): another name. The body is read first, because a refusal says the name that was asked for.
pub async fn edit_file(
    State(vault): State<Vault>,
    caller: Caller,
    about: About,
    file: FileId,
    body: Unread,
) -> Result<Answer, Error> {
    let input = body.read().await;
    let asked = input.as_ref().ok().and_then(|input| input.text("name").ok().flatten());
    if let Some(name) = asked {
        about.note_name(name);
    }
    let on = caller.file(&vault, &file, Action::Rename).await?;
    if asked.is_none() {
        about.note_name(&on.look.item().name);
    }
    on.check(Action::Rename)?;
    let shown = match name(&input?)? {
        Some(name) => {
            vault.update(&on.actor, &on.look, Change { name: Some(name), ..Change::default() }).await?;
            vault.look(&on.actor, &ItemKey::Id(on.look.item().id)).await?
        }
        None => on.look,
    };
    Ok(Answer::done(wire::file(shown.item(), on.actor.id()).ok_or(No::Missing(Missing::Item))?))
}

/// `PUT /folders/{folderId}` (6.4): another name, another description.
pub async fn edit_folder(
    State(vault): State<Vault>,
    caller: Caller,
    folder: FolderId,
    body: Unread,
) -> Result<Answer, Error> {
    let on = branch(&vault, &caller, &folder, Action::Rename).await?;
    let input = body.read().await?;
    let description = input.text("description")?.map(str::to_owned);
    let change = Change { name: name(&input)?, description, ..Change::default() };
    let says_nothing = change.name.is_none() && change.description.is_none();
    let on = if says_nothing {
        on
    } else {
        vault.update(&on.actor, &on.look, change).await?;
        let look = vault.look(&on.actor, &ItemKey::Id(on.look.item().id)).await?;
        Admitted { look, ..on }
    };
    Ok(Answer::done(folders::shown(&vault, &on, &folder).await?))
}

/// `DELETE /files/{fileId}` (5.8): the whole file, or the version that is named.
pub async fn delete_file(
    State(vault): State<Vault>,
    caller: Caller,
    file: FileId,
    query: Query,
) -> Result<Answer, Error> {
    let on = caller.file(&vault, &file, Action::Delete).await?;
    on.check(Action::Delete)?;
    match query.number("version")? {
        Some(version) => vault.delete_version(&on.actor, &on.look, ordinal(version)?).await?,
        // who means a version and cannot say which does not mean the whole file
        None if query.names("version") => return Err(Error::BadValue("version")),
        None => vault.delete(&on.actor, &on.look).await?,
    }
    let id = &on.look.item().oracle_id;
    Ok(Answer::done(Fields::new().text("id", id).text("idList", id).text("type", "file")))
}

/// `DELETE /folders/{folderId}` (6.4): with everything in it.
pub async fn delete_folder(State(vault): State<Vault>, caller: Caller, folder: FolderId) -> Result<Answer, Error> {
    let on = branch(&vault, &caller, &folder, Action::Delete).await?;
    vault.delete(&on.actor, &on.look).await?;
    Ok(Answer::done(Fields::new().text("idList", &on.look.item().oracle_id).text("type", "folder")))
}

/// A folder that hangs on another, for an act that is allowed on it.
pub async fn branch(vault: &Vault, caller: &Caller, folder: &FolderId, action: Action) -> Result<Admitted, Error> {
    let on = caller.folder(vault, folder, action).await?;
    on.check(action)?;
    if on.look.item().is_root() {
        return Err(Error::Root);
    }
    Ok(on)
}

/// The name that is asked for, if any is.
fn name(input: &Input) -> Result<Option<ItemName>, Error> {
    let name = input.text("name")?.map(ItemName::parse).transpose().map_err(No::from)?;
    Ok(name)
}
