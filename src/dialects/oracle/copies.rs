//! Copying and moving files and folders (spec/oracle.md 5.7, 6.4), also into other libraries.

use axum::extract::State;

use super::{
    admission::Admitted,
    answer::Answer,
    auth::Caller,
    changes::branch,
    error::Error,
    files::ordinal,
    ids::{FileId, FolderId},
    input::{Input, Unread},
    wire::Fields,
};
use crate::{
    domain::{
        actor::Actor,
        error::{Error as No, Missing},
        id::{EditionKey, ItemKey},
        item::OnConflict,
        permission::Action,
    },
    vault::{Look, Vault},
};

/// `POST /files/{fileId}/copy` (5.7): a new file of the newest version, or of the one that is named.
pub async fn copy_file(
    State(vault): State<Vault>,
    caller: Caller,
    file: FileId,
    body: Unread,
) -> Result<Answer, Error> {
    let on = caller.file(&vault, &file, Action::Download).await?;
    on.check(Action::Download)?;
    let input = body.read().await?;
    let to = Destination::of(&vault, &caller, &on, &input).await?;
    let edition = match input.number("version")? {
        Some(number) => vault.edition(&on.actor, &on.look, &EditionKey::Ordinal(ordinal(number)?)).await?,
        None => on.look.file()?.edition.clone(),
    };
    let made = vault.copy_file(&to.actor, &on.look, &edition, &to.folder, to.on_conflict).await?;
    let made = vault.item(&to.actor, &ItemKey::Id(made.file)).await?;
    Ok(Answer::done(to.answer(&on, "file").text("id", &made.oracle_id)))
}

/// `POST /folders/{folderId}/copy` (6.4): with all below that the caller may see.
pub async fn copy_folder(
    State(vault): State<Vault>,
    caller: Caller,
    folder: FolderId,
    body: Unread,
) -> Result<Answer, Error> {
    let on = branch(&vault, &caller, &folder, Action::Download).await?;
    let input = body.read().await?;
    let to = Destination::of(&vault, &caller, &on, &input).await?;
    let made = vault.copy_folder(&to.actor, &on.look, &to.folder, to.on_conflict).await?;
    let made = vault.item(&to.actor, &ItemKey::Id(made)).await?;
    Ok(Answer::done(to.answer(&on, "folder").text("id", &made.oracle_id)))
}

/// `POST /files/{fileId}/move` (5.7).
pub async fn move_file(
    State(vault): State<Vault>,
    caller: Caller,
    file: FileId,
    body: Unread,
) -> Result<Answer, Error> {
    let on = caller.file(&vault, &file, Action::Move).await?;
    on.check(Action::Move)?;
    relocate(&vault, &caller, &on, &body.read().await?, "file").await
}

/// `POST /folders/{folderId}/move` (6.4).
pub async fn move_folder(
    State(vault): State<Vault>,
    caller: Caller,
    folder: FolderId,
    body: Unread,
) -> Result<Answer, Error> {
    let on = branch(&vault, &caller, &folder, Action::Move).await?;
    relocate(&vault, &caller, &on, &body.read().await?, "folder").await
}

async fn relocate(
    vault: &Vault,
    caller: &Caller,
    on: &Admitted,
    input: &Input,
    kind: &'static str,
) -> Result<Answer, Error> {
    let to = Destination::of(vault, caller, on, input).await?;
    vault.relocate(&to.actor, &on.look, &to.folder, to.on_conflict).await?;
    Ok(Answer::done(to.answer(on, kind)))
}

/// Where a body says that something is to go.
struct Destination {
    /// As the client names it.
    named: String,
    folder: Look,
    /// The caller, with the link if it is needed for either end.
    actor: Actor,
    on_conflict: OnConflict,
}

impl Destination {
    async fn of(vault: &Vault, caller: &Caller, on: &Admitted, input: &Input) -> Result<Self, Error> {
        let named = input.required("destinationID")?;
        let on_conflict = match input.text("duplicateResolution")? {
            None | Some("") => OnConflict::Fail,
            Some("TimeStampSuffix") => OnConflict::RenameTime,
            Some(_) => return Err(Error::BadValue("duplicateResolution")),
        };
        let folder = FolderId::parse(named).ok_or(No::Missing(Missing::Item)).map_err(Error::of(named))?;
        let folder = caller.folder(vault, &folder, Action::Create).await.map_err(Error::of(named))?;
        folder.check(Action::Create).map_err(Error::of(named))?;
        let actor = if on.actor.link.is_some() { on.actor.clone() } else { folder.actor };
        Ok(Self { named: named.to_owned(), folder: folder.look, actor, on_conflict })
    }

    fn answer(&self, on: &Admitted, kind: &'static str) -> Fields {
        Fields::new().text("destinationID", &self.named).text("idList", &on.look.item().oracle_id).text("type", kind)
    }
}
