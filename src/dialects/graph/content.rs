//! Bytes in and out (spec/graph.md 7, 7 and 9; 7.3): uploads as they come, downloads by a pre-authenticated address.

use axum::{
    body::Body,
    http::{
        HeaderValue, Method, StatusCode,
        header::{CONTENT_TYPE, IF_MATCH, LOCATION},
    },
};

use super::{
    Ask,
    address::Place,
    children,
    error::{Answer, Refusal},
    ids,
    items::{self, Behavior},
    preview,
    query::Query,
    reply,
    signed::{self, Bytes, Signer},
    special::Ground,
    wire,
};
use crate::{
    content::Staged,
    dialects::{Hall, of_request},
    domain::{
        actor::{Actor, Dialect},
        edition::{Metadata, Publish},
        error::{Error, Missing},
        id::{EditionKey, ItemKey},
        item::{ClientTimes, Item, Kind, NewFile, OnConflict},
        name::ItemName,
        permission::Action,
    },
    http::{
        content::{self as http_content, DownloadError},
        disposition::Disposition,
        etag::{Condition, ETag},
        guard::Head,
        trace,
    },
    vault::{Download, Look, NewFileAt, Publication, media_type},
};

/// `PUT …/content`: a new version, the working copy of a check-out, or a new file with its missing folders.
pub async fn put(ask: &Ask, body: Body) -> Answer {
    let behavior = Behavior::of(ask, None)?.unwrap_or(Behavior::Replace);
    let (_, place) = ask.place()?;
    match ask.look().await {
        Ok(look) if look.item().kind() == Kind::Folder => {
            // by path, a file is meant to take the folder's place
            Err(if place.path.is_empty() { Error::WrongKind(Kind::File) } else { taken(&look) }.into())
        }
        Ok(look) => match behavior {
            Behavior::Fail => match look.check(ask.actor(), Action::SaveDraft) {
                Ok(_) | Err(Error::NotCheckedOut) => Err(taken(&look).into()),
                Err(refusal) => Err(refusal.into()),
            },
            Behavior::Replace => Box::pin(replace(ask, look, body)).await,
            Behavior::Rename => beside(ask, &look, body).await,
        },
        Err(Refusal::Vault(Error::Missing(Missing::Item | Missing::Hidden))) if !place.path.is_empty() => {
            Box::pin(create(ask, place, behavior, body)).await
        }
        Err(other) => Err(other),
    }
}

/// The refusal for a name that is taken by what was looked at.
pub fn taken(look: &Look) -> Error {
    Error::NameTaken(look.item().name.clone())
}

async fn replace(ask: &Ask, look: Look, body: Body) -> Answer {
    let (vault, actor) = (&ask.hall.vault, ask.actor());
    look.check(actor, Action::SaveDraft)?;
    let look = items::conditions(ask, look)?;
    let content = stage(ask, body).await?;
    let how = Publish::New(look.item().library.usual_step());
    let publication = Publication { how, ..Publication::of(content, metadata(ask)) };
    let saved = vault.save_draft(actor, &look, publication).await?;
    items::show(ask, &vault.look_after(actor, &saved).await?, StatusCode::OK).await
}

/// A new file in the folder of an existing one, under another name.
async fn beside(ask: &Ask, look: &Look, body: Body) -> Answer {
    let parent = look.item().parent.ok_or(Error::WrongKind(Kind::File))?;
    let folder = ask.hall.vault.look(ask.actor(), &ItemKey::Id(parent)).await?;
    folder.check(ask.actor(), Action::Create)?;
    let name = ItemName::parse(&look.item().name).map_err(Error::from)?;
    let content = stage(ask, body).await?;
    make(ask, &folder, name, OnConflict::RenameBlank, content).await
}

/// Folders that one upload may make on the way to its file.
const DEEPEST: usize = 64;

/// A new file by path; folders that are missing on the way are made.
async fn create(ask: &Ask, place: &Place, behavior: Behavior, body: Body) -> Answer {
    let (vault, actor) = (&ask.hall.vault, ask.actor());
    if Condition::read(ask.headers(), &IF_MATCH).is_some() {
        return Err(Error::PreconditionFailed.into());
    }
    let (ground, missing) = deepest(ask, place).await?;
    ground.look().folder()?;
    ground.look().check(actor, Action::Create)?;
    let mut names = missing.iter().map(|name| ids::item_name(name)).collect::<Result<Vec<_>, _>>()?;
    let name = names.pop().ok_or(Error::Missing(Missing::Item))?;
    let content = stage(ask, body).await?;
    // no folder comes into being for bytes that have no room
    vault.check_upload(actor, ground.look(), Some(content.content().size)).await?;
    let mut folder = ground.made(ask).await?;
    for name in names {
        let made = vault.create_folder(actor, &folder, &name, "", OnConflict::Fail, ClientTimes::default()).await;
        let key = match made {
            Ok(id) => ItemKey::Id(id),
            // somebody made it at the same moment
            Err(Error::NameTaken(_)) => {
                ItemKey::Path(Box::new(ItemKey::Id(folder.item().id)), vec![name.as_str().to_owned()])
            }
            Err(other) => return Err(other.into()),
        };
        folder = vault.look(actor, &key).await?;
    }
    let on_conflict = match behavior {
        Behavior::Replace => OnConflict::AddEdition,
        Behavior::Fail | Behavior::Rename => behavior.for_new(),
    };
    make(ask, &folder, name, on_conflict, content).await
}

/// The last folder on the way that is there or is to come, and the names that are not; for somebody who is about to make them.
pub async fn deepest(ask: &Ask, place: &Place) -> Result<(Ground, Vec<String>), Refusal> {
    let (drive, _) = ask.place()?;
    for there in (0..place.path.len()).rev() {
        let (path, missing) = place.path.split_at(there);
        // the last of them is the file
        if missing.len() > DEEPEST + 1 {
            return Err(Refusal::Name("too many of its folders are missing"));
        }
        let place = Place { base: place.base.clone(), path: path.to_vec() };
        if there == 0 {
            return Ok((ask.ground(drive, &place).await?, missing.to_vec()));
        }
        match ask.look_at(drive, &place).await {
            Ok(look) => return Ok((Ground::There(look), missing.to_vec())),
            Err(Refusal::Vault(Error::Missing(Missing::Item | Missing::Hidden))) => {}
            Err(other) => return Err(other),
        }
    }
    Err(Error::Missing(Missing::Item).into())
}

async fn make(ask: &Ask, folder: &Look, name: ItemName, on_conflict: OnConflict, content: Staged) -> Answer {
    let file = NewFile {
        name,
        metadata: metadata(ask),
        comment: String::new(),
        on_conflict,
        client_times: ClientTimes::default(),
    };
    let made = ask.hall.vault.create_file(ask.actor(), folder, NewFileAt { file, content: Some(content) }).await?;
    children::created(ask, made.file).await
}

/// Writes the body, whatever its type says it is. Too long a one is refused before its first byte if it says so.
async fn stage(ask: &Ask, body: Body) -> Result<Staged, Refusal> {
    if http_body::Body::size_hint(&body).lower() > ask.hall.limits.file {
        return Err(Error::ContentTooLarge.into());
    }
    Ok(ask.hall.vault.stage(body.into_data_stream()).await?)
}

fn metadata(ask: &Ask) -> Metadata {
    let said = ask.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    Metadata { media_type: said.map(str::to_owned), ..Metadata::default() }
}

/// `GET …/content`: where the bytes are. So the token stays away from them.
pub async fn get(ask: &Ask) -> Answer {
    let look = ask.look().await?;
    look.file()?;
    look.check(ask.actor(), Action::Download)?;
    if ask.query.get("format").is_some() {
        return Err(Refusal::Format);
    }
    let bytes = wire::bytes(&ask.view().await?, look.item()).ok_or(Error::NoContent)?;
    let tag = ids::e_tag(look.item(), ask.actor().id());
    redirect(ask, &look, tag.as_ref(), bytes).await
}

/// 302 to a pre-authenticated address, or 304.
pub async fn redirect(ask: &Ask, look: &Look, tag: Option<&ETag>, bytes: Bytes) -> Answer {
    if items::is_known(ask.headers(), tag) {
        return Ok(reply::tagged(reply::empty(StatusCode::NOT_MODIFIED), tag));
    }
    let address = ask.view().await?.download_url(look.item().id, bytes)?.ok_or(Error::NoSession)?;
    let mut response = reply::tagged(reply::empty(StatusCode::FOUND), tag);
    let location = HeaderValue::try_from(address).map_err(Error::broken)?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// `GET` of a pre-authenticated address. A token that comes with it is not looked at.
pub async fn download(hall: &Hall, head: &Head) -> Answer {
    if head.method != Method::GET && head.method != Method::HEAD {
        return Err(Refusal::Methods(vec!["GET", "HEAD"]));
    }
    let query = Query::parse(head.uri.query().unwrap_or_default());
    let signer = Signer::of(&hall.vault, hall.graph.download_url_lifetime).await?;
    let claims = query.get(signed::OPTION).and_then(|secret| signer.read(secret)).ok_or(Refusal::DeadAddress)?;
    let actor = match claims.caller {
        Some(caller) => Actor::new(hall.vault.bearer_of(caller).await.map_err(dead)?, Dialect::Graph),
        None => Actor::anonymous(Dialect::Graph),
    };
    if let Some(caller) = actor.id() {
        trace::record_actor(caller.0);
    }
    let actor = match claims.link {
        Some((link, changed_at)) => hall.vault.reopen_share(&actor, link, changed_at).await.map_err(dead)?,
        None => actor,
    };
    let actor = of_request(actor, head.request_id, &head.headers);
    let look = hall.vault.look(&actor, &ItemKey::Id(claims.item)).await.map_err(dead)?;
    let item = look.item();
    let (found, tag) = match claims.bytes {
        Bytes::Draft(fence) => {
            let is_there = item.draft_of(actor.id()).is_some() && item.lock().is_some_and(|lock| lock.fence == fence);
            if !is_there {
                return Err(Refusal::DeadAddress);
            }
            (hall.vault.download_working_copy(&actor, &look).await?, ids::e_tag(item, actor.id()))
        }
        Bytes::Edition(id) => {
            let edition = hall.vault.edition(&actor, &look, &EditionKey::Id(id)).await.map_err(dead)?;
            let drafted = item.draft_of(actor.id()).is_some_and(|draft| draft.content.is_some());
            let is_shown = edition.latest && !drafted;
            let tag = if is_shown { ids::e_tag(item, actor.id()) } else { ids::version_tag(item, edition.version) };
            (hall.vault.download(&actor, &look, &edition).await?, tag)
        }
    };
    let found = named(item, found);
    if claims.shown {
        return Ok(preview::dressed(send(hall, head, &found, preview::of(item, &found), tag).await?));
    }
    send(hall, head, &found, saved(item, &found), tag).await
}

/// Some bytes as what their file's name says that they are; it may have another one since they came.
fn named(item: &Item, found: Download) -> Download {
    Download { media_type: media_type(Some(&found.media_type), &item.name), ..found }
}

/// Some bytes as a browser saves them.
fn saved(item: &Item, found: &Download) -> http_content::Download {
    http_content::Download {
        disposition: Some((Disposition::Attachment, item.name.clone())),
        ..http_content::Download::new(found.content.size, found.media_type.clone())
    }
}

/// Some bytes, or the part of them that is asked for.
async fn send(hall: &Hall, head: &Head, found: &Download, how: http_content::Download, etag: Option<ETag>) -> Answer {
    let download = http_content::Download { etag, ..how };
    let open = |range| hall.vault.open_bytes(&found.content, range);
    let answer = http_content::respond(&head.method, &head.headers, &download, open).await;
    answer.map_err(|error| match error {
        DownloadError::Precondition => Error::PreconditionFailed.into(),
        DownloadError::Unsatisfiable { size } => Refusal::Range(size),
        DownloadError::Open(error) => Refusal::Vault(error),
    })
}

/// An address whose bearer or bytes are gone has ended.
fn dead(error: Error) -> Refusal {
    let is_over = matches!(error, Error::NoSession | Error::Missing(_) | Error::LinkExpired | Error::LinkRefused(_));
    if is_over { Refusal::DeadAddress } else { Refusal::Vault(error) }
}

/// `GET …/contentStream`: the bytes themselves, without a redirect (12).
pub async fn stream(ask: &Ask) -> Answer {
    ask.only_beta()?;
    let look = ask.look().await?;
    look.file()?;
    let found = named(look.item(), ask.hall.vault.download_working_copy(ask.actor(), &look).await?);
    let tag = ids::e_tag(look.item(), ask.actor().id());
    send(&ask.hall, &ask.head, &found, saved(look.item(), &found), tag).await
}
