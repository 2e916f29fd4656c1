//! The versions of a file: listing them and uploading new ones (spec/oracle.md 5.3 to 5.5). What is streamed here is staged
//! before anything names it.

use axum::extract::{Request, State};

use super::{
    Hall,
    admission::Admitted,
    answer::{Answer, Base},
    auth::Caller,
    error::Error,
    ids::{FileId, FolderId},
    input::Input,
    metadata,
    upload::Upload,
    wire::{self, Fields},
};
use crate::{
    domain::{
        actor::Actor,
        edition::{Metadata, Publish},
        error::{Error as No, Missing},
        id::{EditionKey, ItemKey},
        item::{ClientTimes, Kind, NewFile, OnConflict},
        metadata::Setting,
        name::ItemName,
        permission::Action,
        version::Step,
    },
    vault::{NewFileAt, Publication, Published, Vault},
};

/// `GET /files/{fileId}/versions` (5.5): oldest first.
pub async fn versions(State(vault): State<Vault>, caller: Caller, file: FileId) -> Result<Answer, Error> {
    let on = caller.file(&vault, &file, Action::View).await?;
    let editions = vault.editions(&on.actor, &on.look).await?;
    let (item, asker) = (on.look.item(), on.actor.id());
    let items: Vec<Fields> = editions.iter().rev().map(|edition| wire::edition(item, edition, asker)).collect();
    let count = items.len();
    Ok(Answer::done(wire::head_of_versions(item, asker).text("count", count.to_string()).list("items", items)))
}

/// `POST /files/data` (5.3): a new file, or a new version of the one that has its name.
pub async fn upload(State(hall): State<Hall>, caller: Caller, base: Base, request: Request) -> Result<Answer, Error> {
    let vault = &hall.vault;
    let mut upload = Upload::open(&hall.limits, request)?;
    let parameters = upload.parameters().await?;
    let parent = parameters.required("parentID")?.to_owned();
    let beside = match parameters.text("duplicateResolution")? {
        None | Some("") => false,
        Some("TimeStampSuffix") => true,
        Some(_) => return Err(Error::BadValue("duplicateResolution")),
    };
    let folder = FolderId::parse(&parent).ok_or(No::Missing(Missing::Item)).map_err(Error::of(&parent))?;
    let folder = caller.folder(vault, &folder, Action::Create).await.map_err(Error::of(&parent))?;
    folder.check(Action::Create).map_err(Error::of(&parent))?;

    let (name, media_type, bytes) = upload.primary().await?.into_parts();
    let name = name.ok_or(Error::Required("primaryFile"))?;
    let there = if beside { None } else { namesake(vault, &folder, &name).await? };
    if let Some(file) = &there {
        file.check(Action::AddEdition)?;
    }
    let content = vault.stage(bytes).await?;
    let said = said(vault, &folder.actor, upload.finish().await?).await?;
    let metadata = Metadata { media_type, ..Metadata::default() };
    let published = match there {
        Some(file) => {
            let publication = Publication::of(content, metadata);
            vault.add_edition_saying(&file.actor, &file.look, publication, said).await?
        }
        None => {
            let on_conflict = if beside { OnConflict::RenameTime } else { OnConflict::AddEdition };
            let client_times = ClientTimes::default();
            let file = NewFile { name, metadata, comment: String::new(), on_conflict, client_times };
            let new = NewFileAt { file, content: Some(content) };
            vault.create_file_saying(&folder.actor, &folder.look, new, said).await?
        }
    };
    created(vault, &folder, &base, &published).await
}

/// `POST /files/{fileId}/data` (5.4): the next version of this file, which takes the name of what is uploaded.
pub async fn upload_version(
    State(hall): State<Hall>,
    caller: Caller,
    file: FileId,
    base: Base,
    request: Request,
) -> Result<Answer, Error> {
    let vault = &hall.vault;
    let on = caller.file(vault, &file, Action::AddEdition).await?;
    on.check(Action::AddEdition)?;
    let mut upload = Upload::open(&hall.limits, request)?;
    let (file_name, media_type, bytes) = upload.primary().await?.into_parts();
    let content = vault.stage(bytes).await?;
    let said = said(vault, &on.actor, upload.finish().await?).await?;
    let publication = Publication {
        content: Some(content),
        metadata: Metadata { file_name, media_type, ..Metadata::default() },
        comment: String::new(),
        how: Publish::New(Step::Major),
        rename: Some(OnConflict::RenameParentheses),
    };
    let published = vault.add_edition_saying(&on.actor, &on.look, publication, said).await?;
    created(vault, &on, &base, &published).await
}

/// What the upload says about the file, if it does: known before anything is published.
async fn said(vault: &Vault, actor: &Actor, metadata: Option<Input>) -> Result<Vec<Setting>, Error> {
    match metadata {
        Some(values) => metadata::settings(vault, actor, &values).await,
        None => Ok(Vec::new()),
    }
}

/// The file in the folder that has this name already, in any case.
async fn namesake(vault: &Vault, folder: &Admitted, name: &ItemName) -> Result<Option<Admitted>, Error> {
    let key = ItemKey::Path(Box::new(ItemKey::Id(folder.look.item().id)), vec![name.as_str().to_owned()]);
    match vault.look(&folder.actor, &key).await {
        Ok(look) if look.item().kind() == Kind::File => Ok(Some(Admitted { actor: folder.actor.clone(), look })),
        Ok(_) => Err(No::NameTaken(name.as_str().to_owned()).into()),
        // one that is hidden keeps its name all the same, which making the file finds out
        Err(No::Missing(_)) => Ok(None),
        Err(no) => Err(no.into()),
    }
}

/// The file as it has become, with exactly the version that was published.
async fn created(vault: &Vault, by: &Admitted, base: &Base, published: &Published) -> Result<Answer, Error> {
    let look = vault.look_after(&by.actor, published).await?;
    let fields = match published.edition {
        Some(id) => {
            let edition = vault.edition(&by.actor, &look, &EditionKey::Id(id)).await?;
            wire::edition(look.item(), &edition, by.actor.id())
        }
        None => wire::file(look.item(), by.actor.id()).ok_or(No::Missing(Missing::Item))?,
    };
    Ok(Answer::created(&base.address(&format!("/files/{}", look.item().oracle_id)), fields))
}
