//! Changing a file: its working copy while it is checked out, else a version of its own; going back to an older version
//! (spec/liferay.md 11.4, 11.5, 11.7).

use serde_json::Value;

use super::{
    call::{Ask, said},
    error::{Error, Operation, Subject},
    files::{non_empty, show_published},
    find,
    names::{extension_of, file_name},
    upload,
    wire::file_version::WORKING_COPY,
};
use crate::{
    domain::{
        actor::Actor,
        edition::{Edition, Metadata, Publish},
        error::{Error as Refusal, Missing},
        id::{EditionKey, ItemKey, PrincipalId},
        item::{Item, OnConflict},
        name::ItemName,
        permission::Action,
        version::{Step, Version},
    },
    vault::{CheckIn, Look, Publication, Vault},
};

/// `updateFileEntry`: into the working copy of its holder; a version at once on a free file.
pub async fn update(ask: Ask) -> Result<Value, Error> {
    let (look, publication) = prepare(&ask).await?;
    let said = ask.said(Operation::Update, &Subject::File(look.item().number));
    let saved = ask.vault().save_draft(&ask.actor, &look, publication).await.map_err(said)?;
    show_published(&ask, &look, &saved).await
}

/// `updateFileEntryAndCheckIn`: the same, and the caller's own check-out ends with it.
pub async fn update_and_check_in(ask: Ask) -> Result<Value, Error> {
    let (look, mut publication) = prepare(&ask).await?;
    let said = ask.said(Operation::Update, &Subject::File(look.item().number));
    let done = if look.item().is_held_by(ask.actor.id()) {
        if publication.rename.is_none() {
            // an earlier update may have named the working copy, and somebody has taken its title since
            check_working_copy(ask.vault(), &ask.actor, look.item()).await?;
            let (named, rename) = name_of_working_copy(&look, ask.actor.id())?;
            (publication.metadata.file_name, publication.rename) = (named.file_name, rename);
        }
        ask.vault().check_in(&ask.actor, &look, CheckIn { publication, lock_uuid: None }).await
    } else {
        ask.vault().save_draft(&ask.actor, &look, publication).await
    };
    show_published(&ask, &look, &done.map_err(said)?).await
}

/// What is to be published or saved, from the arguments and from what there is.
async fn prepare(ask: &Ask) -> Result<(Look, Publication), Error> {
    let bytes = upload::take(ask.payload())?;
    let (vault, actor) = (ask.vault(), &ask.actor);
    let number = ask.number("fileEntryId")?;
    let look = match bytes.seen(number) {
        Some(look) => look,
        None => find::file(vault, actor, number).await?,
    };
    let said = ask.said(Operation::Update, &Subject::File(number));
    look.check(actor, Action::SaveDraft).map_err(&said)?;
    let (comment, source) = (ask.change_log()?, ask.text("sourceFileName")?);
    let before = Before::of(look.item(), actor.id());
    let type_of_part = bytes.media_type();
    // an empty new content keeps the old one
    let content = bytes.staged(vault).await.map_err(&said)?.filter(|staged| staged.content().size > 0);
    let (declared_type, media_type) = match (non_empty(ask.text("mimeType")?), non_empty(source)) {
        (Some(said), _) => (Some(said.to_owned()), None),
        // bytes without a name keep extension and type
        (None, None) => (before.media_type.clone(), None),
        // an empty part says nothing of the bytes that stay
        (None, Some(_)) => (None, type_of_part.filter(|_| content.is_some())),
    };
    let extension = match non_empty(source) {
        Some(source) if content.is_some() => extension_of(source),
        _ => extension_of(&before.file_name),
    };
    let title = non_empty(ask.text("title")?).or(non_empty(source)).unwrap_or(&before.title);
    let name = if title == before.title && extension == extension_of(&before.file_name) {
        None
    } else {
        let name = named(look.item(), title, extension)?;
        check_free(vault, actor, look.item(), title, &name).await?;
        Some(name)
    };
    let metadata = Metadata {
        file_name: name.clone(),
        media_type,
        declared_type,
        title: Some(title.to_owned()),
        description: Some(ask.text("description")?.to_owned()),
        external_code: ask.external_code()?,
        ..Metadata::default()
    };
    let rename = name.map(|_| OnConflict::Fail);
    Ok((look, Publication { content, metadata, comment, how: ask.publish(), rename }))
}

/// What a file is called and of which type it is, as the caller sees it: by the working copy, for its holder.
pub struct Before {
    /// Its title.
    pub title: String,
    /// The name of its bytes.
    pub file_name: String,
    /// Their media type.
    pub media_type: Option<String>,
}

impl Before {
    /// That of a file.
    pub fn of(item: &Item, caller: Option<PrincipalId>) -> Self {
        let draft = item.draft_of(caller);
        let edition = item.file.as_ref().map(|file| &file.edition);
        Self {
            title: draft.and_then(|draft| draft.title.clone()).unwrap_or_else(|| item.title.clone()),
            file_name: draft.and_then(|draft| draft.file_name.clone()).unwrap_or_else(|| item.name.clone()),
            media_type: draft
                .and_then(|draft| draft.media_type.clone())
                .or_else(|| edition.and_then(|edition| edition.media_type.clone())),
        }
    }
}

/// What a file is called under a title: after it, or as it is while title and extension are those that were approved last.
/// Its name need not come from its title, nor its title be one that names can come from.
pub fn named(item: &Item, title: &str, extension: &str) -> Result<ItemName, Error> {
    let same = title == item.title && extension == extension_of(&item.name);
    let present = ItemName::parse(&item.name).ok().filter(|_| same);
    present.map_or_else(|| file_name(title, extension), Ok)
}

/// Refuses a title or a name that a file is to get and that something else in the folder has, also for a working copy, whose
/// name counts only when it is checked in.
pub async fn check_free(vault: &Vault, actor: &Actor, item: &Item, title: &str, name: &ItemName) -> Result<(), Error> {
    check_title(vault, actor, item, title).await?;
    let Some(parent) = item.parent.filter(|_| name.as_str() != item.name) else { return Ok(()) };
    let said = said(actor, Operation::Update, &Subject::File(item.number));
    let path = ItemKey::Path(Box::new(ItemKey::Id(parent)), vec![name.as_str().to_owned()]);
    match vault.look(actor, &path).await {
        Ok(there) if there.item().id != item.id => Err(said(Refusal::NameTaken(name.as_str().to_owned()))),
        Ok(_) | Err(Refusal::Missing(_)) => Ok(()),
        Err(other) => Err(said(other)),
    }
}

/// Refuses a title that a file is to get and that another file of the folder has. The title it has stays its own, whoever
/// has it beside it.
pub async fn check_title(vault: &Vault, actor: &Actor, item: &Item, title: &str) -> Result<(), Error> {
    let Some(parent) = item.parent.filter(|_| title != item.title) else { return Ok(()) };
    match vault.look(actor, &ItemKey::Id(parent)).await {
        Ok(folder) => find::check_title(vault, actor, &folder, title, Some(item.id)).await,
        // the file was shared without its folder: nobody is seen to have it
        Err(Refusal::Missing(_)) => Ok(()),
        Err(other) => Err(said(actor, Operation::Update, &Subject::File(item.number))(other)),
    }
}

/// Refuses the title of the caller's working copy, if another file of the folder has taken it since it was saved.
pub async fn check_working_copy(vault: &Vault, actor: &Actor, item: &Item) -> Result<(), Error> {
    match item.draft_of(actor.id()).and_then(|draft| draft.title.as_deref()) {
        Some(title) => check_title(vault, actor, item, title).await,
        None => Ok(()),
    }
}

/// The name a file takes when its working copy is checked in, if the working copy has another title or extension.
pub fn name_of_working_copy(look: &Look, caller: Option<PrincipalId>) -> Result<(Metadata, Option<OnConflict>), Error> {
    let item = look.item();
    let Some((title, extension)) = item.draft_of(caller).and_then(|draft| item.retitled_by(draft)) else {
        return Ok((Metadata::default(), None));
    };
    let metadata = Metadata { file_name: Some(named(item, title, extension)?), ..Metadata::default() };
    Ok((metadata, Some(OnConflict::Fail)))
}

/// `revertFileEntry`: an older version's content and metadata become a new major version.
pub async fn revert(ask: Ask) -> Result<Value, Error> {
    let (vault, actor) = (ask.vault(), &ask.actor);
    let (number, label) = (ask.number("fileEntryId")?, ask.text("version")?);
    let look = find::file(vault, actor, number).await?;
    let said = ask.said(Operation::Revert, &Subject::File(number));
    look.check(actor, Action::AddEdition).map_err(&said)?;
    if label == WORKING_COPY {
        return Err(Error::InvalidVersion(format!("Unable to revert file entry {number} to its working copy")));
    }
    let missing = ask.said(Operation::Revert, &Subject::Label(number, label.to_owned()));
    let version: Version = label.parse().map_err(|_| missing(Refusal::Missing(Missing::Edition)))?;
    let edition = vault.edition(actor, &look, &EditionKey::Version(version)).await.map_err(missing)?;
    if edition.latest {
        return Err(Error::InvalidVersion("Unable to revert from the latest file version".to_owned()));
    }
    let name = name_of_version(look.item(), &edition)?;
    // a name that was given apart from the versions stays
    let renamed = look.item().is_named_by_edition() && name.as_str() != look.item().name;
    if renamed {
        check_free(vault, actor, look.item(), &edition.title, &name).await?;
    } else {
        check_title(vault, actor, look.item(), &edition.title).await?;
    }
    let download = vault.download(actor, &look, &edition).await.map_err(&said)?;
    let bytes = vault.open_bytes(&download.content, None).await.map_err(&said)?;
    let content = Some(vault.stage(bytes.into_stream()).await.map_err(&said)?);
    let rename = renamed.then_some(OnConflict::Fail);
    let metadata = Metadata {
        file_name: Some(name),
        declared_type: Some(download.media_type),
        title: Some(edition.title.clone()),
        description: Some(edition.description.clone()),
        ..Metadata::default()
    };
    let comment = format!("Reverted to {label}");
    let publication = Publication { content, metadata, comment, how: Publish::New(Step::Major), rename };
    vault.add_edition(actor, &look, publication).await.map_err(said)?;
    Ok(Value::Null)
}

/// What the bytes of a version are called. It need not come from the version's title.
fn name_of_version(item: &Item, edition: &Edition) -> Result<ItemName, Error> {
    let name = edition.file_name.as_deref().unwrap_or(&item.name);
    ItemName::parse(name).map_err(|_| Error::FileName(name.to_owned()))
}
