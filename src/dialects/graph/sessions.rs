//! Upload sessions (spec/graph.md 8): begun on an item's address, continued and ended at an address of their own, which
//! needs no token. What fits and what becomes of the bytes is settled below.

use axum::{
    body::Body,
    http::{
        HeaderMap, Method, StatusCode,
        header::{CONTENT_RANGE, IF_MATCH},
    },
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Ask,
    children::FileSystemInfo,
    content::{deepest, taken},
    done,
    error::{Answer, Refusal, read_json},
    host_of, ids,
    items::{self, Behavior},
    query::{Query, Select},
    reply, signed,
    signed::Signer,
    wire::{self, DriveItem, View},
};
use crate::{
    dialects::{Hall, of_request},
    domain::{
        actor::{Actor, Dialect},
        content::Sha256,
        error::{Error, Missing},
        id::ItemKey,
        item::{ClientTimes, Item, Kind, OnConflict},
        name::ItemName,
        permission::Action,
        upload::{Destination, LONGEST_FRAGMENT, Purpose, Refused, Span, Upload},
    },
    http::{etag::Condition, guard::Head, trace},
    vault::Look,
};

/// Where fragments are taken. The secret stands in the query, which is never logged.
pub const PATH: &str = "/_layouts/15/upload.aspx";

/// The body of a `createUploadSession`, in both of its layouts; what else it holds is ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wanted {
    item: Option<Properties>,
    defer_commit: Option<bool>,
    #[serde(rename = "@microsoft.graph.conflictBehavior")]
    conflict: Option<String>,
    #[serde(rename = "@name.conflictBehavior")]
    older_conflict: Option<String>,
}

/// What is said of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Properties {
    name: Option<String>,
    file_size: Option<u64>,
    description: Option<String>,
    file_system_info: Option<FileSystemInfo>,
    #[serde(rename = "@microsoft.graph.conflictBehavior")]
    conflict: Option<String>,
    #[serde(rename = "@name.conflictBehavior")]
    older_conflict: Option<String>,
}

/// `POST …/createUploadSession`. Whatever would be refused now is, before any byte has come.
pub async fn create(ask: &Ask, body: Body) -> Answer {
    let wanted: Wanted = read_json(body, ask.hall.limits.text).await?;
    let item = wanted.item.unwrap_or_default();
    let in_body = item.conflict.or(item.older_conflict).or(wanted.conflict).or(wanted.older_conflict);
    // the documentation says `fail`, and clients count on `replace` (7.1)
    let behavior = Behavior::of(ask, in_body.as_deref())?.unwrap_or(Behavior::Replace);
    if let Some(name) = item.name.as_deref().filter(|name| !name.is_empty()) {
        ids::item_name(name)?;
    }
    let description = items::text(item.description, "description")?.filter(|text| !text.is_empty());
    let (at, to, only_on) = destination(ask, behavior, item.file_size).await?;
    let purpose = Purpose {
        to,
        on_conflict: match behavior {
            Behavior::Replace => OnConflict::AddEdition,
            Behavior::Fail | Behavior::Rename => behavior.for_new(),
        },
        deferred: wanted.defer_commit.unwrap_or(false),
        only_on,
        description,
        client_times: item.file_system_info.map(ClientTimes::from).unwrap_or_default(),
    };
    let begun = ask.hall.vault.begin_upload(ask.actor(), &at, purpose, item.file_size).await?;
    let body = json!({
        "@odata.context": ask.view().await?.context("microsoft.graph.uploadSession"),
        "uploadUrl": format!("{}{PATH}?{}={}", ask.origin, signed::OPTION, begun.secret),
        "expirationDateTime": wire::date(begun.expires_at),
        "nextExpectedRanges": ["0-"],
    });
    Ok(reply::json(StatusCode::OK, &body))
}

/// Where the session of this address goes: what was looked at on the way, and the content that it counts on. A special folder
/// comes into being when nothing else stands in the way of a file of this `size`.
async fn destination(
    ask: &Ask,
    behavior: Behavior,
    size: Option<u64>,
) -> Result<(Look, Destination, Option<Sha256>), Refusal> {
    let actor = ask.actor();
    let (_, place) = ask.place()?;
    let by_path = !place.path.is_empty();
    let conditional = Condition::read(ask.headers(), &IF_MATCH);
    match ask.look().await {
        Ok(look) if look.item().kind() == Kind::Folder => {
            // by path, a file is meant to take the folder's place
            Err(if by_path { taken(&look) } else { Error::WrongKind(Kind::File) }.into())
        }
        Ok(look) => {
            look.check(actor, Action::SaveDraft)?;
            match behavior {
                Behavior::Fail => Err(taken(&look).into()),
                Behavior::Replace => {
                    let look = items::conditions(ask, look)?;
                    let content = ids::content(look.item(), actor.id());
                    let only_on = match conditional {
                        None | Some(Condition::Any) => None,
                        Some(_) => content.map(|content| content.sha256),
                    };
                    // who names a file by its path means whatever is there in the end
                    let to = if by_path { beside(look.item())? } else { itself(look.item()) };
                    Ok((look, to, only_on))
                }
                Behavior::Rename => {
                    let to = beside(look.item())?;
                    Ok((ask.hall.vault.look(actor, &ItemKey::Id(to.item)).await?, to, None))
                }
            }
        }
        Err(Refusal::Vault(Error::Missing(Missing::Item | Missing::Hidden))) if by_path => {
            let (ground, missing) = deepest(ask, place).await?;
            ground.look().folder()?;
            ground.look().check(actor, Action::Create)?;
            if conditional.is_some() {
                return Err(Error::PreconditionFailed.into());
            }
            let names = missing.iter().map(|name| ids::item_name(name)).collect::<Result<Vec<_>, _>>()?;
            ask.hall.vault.check_upload(actor, ground.look(), size).await?;
            let folder = ground.made(ask).await?;
            let to = Destination { item: folder.item().id, names };
            Ok((folder, to, None))
        }
        Err(other) => Err(other),
    }
}

fn itself(item: &Item) -> Destination {
    Destination { item: item.id, names: Vec::new() }
}

/// Its folder, and its name.
fn beside(item: &Item) -> Result<Destination, Error> {
    let parent = item.parent.ok_or(Error::WrongKind(Kind::File))?;
    Ok(Destination { item: parent, names: vec![ItemName::parse(&item.name)?] })
}

/// Whatever comes to a session's own address. A token that comes with it is not looked at: the address is the credential,
/// and what it may is what its maker may.
pub async fn answer(hall: &Hall, head: &Head, origin: &str, body: Body) -> Answer {
    let query = Query::parse(head.uri.query().unwrap_or_default());
    let secret = query.get(signed::OPTION).ok_or(Refusal::DeadUpload)?;
    let upload = hall.vault.upload(secret).await?;
    let actor = hall.vault.act_for(&upload.mandate, Dialect::Graph).await.map_err(dead)?;
    trace::record_actor(upload.mandate.principal.0);
    let actor = of_request(actor, head.request_id, &head.headers);
    match head.method {
        Method::PUT => {
            let upload = take(hall, &head.headers, &upload, body).await?;
            let goes_on = !upload.progress.is_complete() || (upload.purpose.deferred && upload.file.is_none());
            if goes_on { Ok(pending(&upload, StatusCode::ACCEPTED)) } else { end(hall, &actor, origin, &upload).await }
        }
        Method::POST => end(hall, &actor, origin, &upload).await,
        Method::GET | Method::HEAD => Ok(pending(&upload, StatusCode::OK)),
        Method::DELETE => {
            hall.vault.cancel_upload(&upload).await?;
            Ok(done())
        }
        _ => Err(Refusal::Methods(vec!["GET", "PUT", "POST", "DELETE"])),
    }
}

/// A session whose beginner is disabled is not there.
fn dead(error: Error) -> Refusal {
    if matches!(error, Error::NoSession) { Refusal::DeadUpload } else { Refusal::Vault(error) }
}

/// Takes in one fragment.
async fn take(hall: &Hall, headers: &HeaderMap, upload: &Upload, body: Body) -> Result<Upload, Refusal> {
    let span = match headers.get(CONTENT_RANGE) {
        None => None,
        Some(text) => Some(text.to_str().ok().and_then(Span::parse).ok_or(Refusal::ContentRange)?),
    };
    let announced = http_body::Body::size_hint(&body).exact();
    let mut bytes = body.into_data_stream();
    let taken = hall.vault.add_fragment(upload, span, announced, &mut bytes).await;
    if matches!(taken, Ok(_) | Err(Refused::Misfit(_))) {
        // a client that is still sending would miss the answer
        drain(&mut bytes).await;
    }
    Ok(taken?)
}

/// Reads what is left of a fragment, and no more than one may have.
async fn drain<E>(bytes: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin)) {
    let mut left = LONGEST_FRAGMENT;
    while let Some(Ok(chunk)) = bytes.next().await {
        match left.checked_sub(chunk.len() as u64) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// Ends a session; answers the item.
async fn end(hall: &Hall, actor: &Actor, origin: &str, upload: &Upload) -> Answer {
    let arrived = hall.vault.end_upload(actor, upload).await?;
    let look = hall.vault.look(actor, &ItemKey::Id(arrived.file)).await?;
    let view = View {
        origin: origin.to_owned(),
        host: host_of(origin),
        caller: actor.id(),
        signer: Signer::of(&hall.vault, hall.graph.download_url_lifetime).await?,
        select: Select::default(),
        beta: false,
        through: actor.link,
    };
    let body = view.single("driveItem/$entity", &DriveItem::new(&view, look.item())?)?;
    let status = if arrived.made { StatusCode::CREATED } else { StatusCode::OK };
    Ok(reply::tagged(reply::json(status, &body), ids::e_tag(look.item(), actor.id()).as_ref()))
}

/// How far a session is: one range at most, and with its end as soon as that is known, since clients count on both.
fn pending(upload: &Upload, status: StatusCode) -> axum::response::Response {
    let progress = upload.progress;
    let next = match progress.total {
        Some(total) if total == progress.received => Vec::new(),
        Some(total) => vec![format!("{}-{}", progress.received, total.saturating_sub(1))],
        None => vec![format!("{}-", progress.received)],
    };
    let body = Map::from_iter([
        ("expirationDateTime".to_owned(), Value::from(wire::date(upload.expires_at))),
        ("nextExpectedRanges".to_owned(), Value::from(next)),
    ]);
    reply::json(status, &body)
}
