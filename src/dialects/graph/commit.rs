//! Ending an upload session by `PUT` of an item (spec/graph.md 8): where its bytes go, and what becomes of a taken name, is
//! said now. The session's address is only read, never called.

use axum::{
    body::Body,
    http::{StatusCode, Uri, header::IF_MATCH},
};
use serde::Deserialize;

use super::{
    Ask,
    content::deepest,
    error::{Answer, Refusal, read_json},
    ids,
    items::{self, Behavior},
    query::Query,
    sessions, signed,
};
use crate::{
    domain::{
        content::Sha256,
        error::{Error, Missing},
        id::{ItemId, ItemKey},
        item::{Kind, OnConflict},
        name::ItemName,
        permission::Action,
        upload::{Destination, Progress, Purpose, Upload},
    },
    http::etag::Condition,
    vault::Look,
};

/// The body; what else it holds is ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Commit {
    name: Option<String>,
    #[serde(rename = "@microsoft.graph.sourceUrl")]
    source: Option<String>,
    #[serde(rename = "@content.sourceUrl")]
    older_source: Option<String>,
    #[serde(rename = "@microsoft.graph.conflictBehavior")]
    conflict: Option<String>,
    #[serde(rename = "@name.conflictBehavior")]
    older_conflict: Option<String>,
}

/// `PUT` of an item, or of a folder with the name of an item in it.
pub async fn commit(ask: &Ask, body: Body) -> Answer {
    let said: Commit = read_json(body, ask.hall.limits.text).await?;
    let source = said.source.or(said.older_source);
    let source = source.ok_or_else(|| Refusal::Member("'@microsoft.graph.sourceUrl' is missing.".to_owned()))?;
    let secret = secret(&source, &ask.origin)?;
    let behavior = Behavior::of(ask, said.conflict.or(said.older_conflict).as_deref())?;
    let name = said.name.filter(|name| !name.is_empty()).as_deref().map(ids::item_name).transpose()?;
    let (vault, actor) = (&ask.hall.vault, ask.actor());
    let upload = vault.own_upload(actor, &secret).await?;
    if let Some(file) = upload.file {
        return again(ask, name.as_ref(), file).await;
    }
    let on_conflict = match behavior {
        None => upload.purpose.on_conflict,
        Some(Behavior::Replace) => OnConflict::AddEdition,
        Some(Behavior::Fail | Behavior::Rename) => behavior.unwrap_or(Behavior::Fail).for_new(),
    };
    let (to, mut only_on) = destination(ask, name.clone(), on_conflict, upload.progress).await?;
    // what was said at the beginning still counts there, unless something else is said now
    if upload.purpose.only_on.is_some()
        && is_unsaid(ask, on_conflict)
        && leads_to_its_own(ask, &upload.purpose.to, &to).await?
    {
        only_on = upload.purpose.only_on;
    }
    let upload = Upload { purpose: Purpose { to, on_conflict, only_on, ..upload.purpose }, ..upload };
    let arrived = vault.end_upload(actor, &upload).await?;
    if !arrived.made {
        // maybe somebody else ended it at the same moment, and elsewhere
        return again(ask, name.as_ref(), arrived.file).await;
    }
    items::show(ask, &vault.look(actor, &ItemKey::Id(arrived.file)).await?, StatusCode::CREATED).await
}

/// The answer for a session that has ended in this file: there it is, where the address leads to it; elsewhere there is no
/// such session any more.
async fn again(ask: &Ask, name: Option<&ItemName>, file: ItemId) -> Answer {
    match meant(ask, name).await {
        Ok(look) if look.item().id == file => items::show(ask, &look, StatusCode::OK).await,
        Ok(_) | Err(Refusal::Vault(Error::Missing(Missing::Item | Missing::Hidden))) => Err(Refusal::DeadUpload),
        Err(other) => Err(other),
    }
}

/// The item that the address leads to, with the name in it or beside it.
async fn meant(ask: &Ask, name: Option<&ItemName>) -> Result<Look, Refusal> {
    let look = ask.look().await?;
    let Some(name) = name else { return Ok(look) };
    let folder = match look.item().kind() {
        Kind::Folder => look.item().id,
        Kind::File => look.item().parent.ok_or(Error::WrongKind(Kind::File))?,
    };
    let key = ItemKey::Path(Box::new(ItemKey::Id(folder)), vec![name.as_str().to_owned()]);
    Ok(ask.hall.vault.look(ask.actor(), &key).await?)
}

/// Whether the request leaves open what the file that it replaces must be like.
fn is_unsaid(ask: &Ask, on_conflict: OnConflict) -> bool {
    on_conflict == OnConflict::AddEdition && Condition::read(ask.headers(), &IF_MATCH).is_none()
}

/// Whether a commit goes where its session was begun, whichever way it is said.
async fn leads_to_its_own(ask: &Ask, begun: &Destination, now: &Destination) -> Result<bool, Refusal> {
    if begun == now {
        return Ok(true);
    }
    let there = found(ask, begun).await?;
    Ok(there.is_some() && there == found(ask, now).await?)
}

async fn found(ask: &Ask, to: &Destination) -> Result<Option<ItemId>, Refusal> {
    match ask.hall.vault.look(ask.actor(), &to.key(to.names.len())).await {
        Ok(look) => Ok(Some(look.item().id)),
        Err(Error::Missing(_)) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// The secret of an upload address of ours. Any other address is refused, wherever it leads.
fn secret(source: &str, origin: &str) -> Result<String, Refusal> {
    let refusal =
        || Refusal::Member("'@microsoft.graph.sourceUrl' is not the address of an upload session.".to_owned());
    let uri: Uri = source.parse().map_err(|_| refusal())?;
    let said = match (uri.scheme_str(), uri.authority()) {
        (Some(scheme), Some(authority)) => format!("{scheme}://{authority}"),
        _ => String::new(),
    };
    if !said.eq_ignore_ascii_case(origin) || uri.path() != sessions::PATH {
        return Err(refusal());
    }
    let query = Query::parse(uri.query().unwrap_or_default());
    query.get(signed::OPTION).map(str::to_owned).ok_or(Refusal::DeadUpload)
}

/// Where the file goes, and the content that it must have now, if a condition says so. A folder is meant as the one the file
/// goes into, under the name that the body has.
async fn destination(
    ask: &Ask,
    name: Option<ItemName>,
    on_conflict: OnConflict,
    progress: Progress,
) -> Result<(Destination, Option<Sha256>), Refusal> {
    let actor = ask.actor();
    let (_, place) = ask.place()?;
    let conditional = Condition::read(ask.headers(), &IF_MATCH);
    match ask.look().await {
        Ok(look) if look.item().kind() == Kind::Folder => {
            look.check(actor, Action::Create)?;
            let name =
                name.ok_or_else(|| Refusal::Member("'name' is missing, and the item is a folder.".to_owned()))?;
            let key = ItemKey::Path(Box::new(ItemKey::Id(look.item().id)), vec![name.as_str().to_owned()]);
            let to = Destination { item: look.item().id, names: vec![name] };
            match ask.hall.vault.look(actor, &key).await {
                Ok(there) => Ok((to, expected(ask, there, on_conflict)?)),
                Err(Error::Missing(_)) if conditional.is_none() => Ok((to, None)),
                Err(Error::Missing(_)) => Err(Error::PreconditionFailed.into()),
                Err(other) => Err(other.into()),
            }
        }
        Ok(look) => {
            look.check(actor, Action::SaveDraft)?;
            let item = look.item();
            let other = name.filter(|name| name.key() != crate::domain::name::key(&item.name));
            let to = match (item.parent, other) {
                // who names a file by its id means that one
                (_, None) if place.path.is_empty() && on_conflict == OnConflict::AddEdition => {
                    Destination { item: item.id, names: Vec::new() }
                }
                (Some(parent), other) => {
                    let name = match other {
                        Some(name) => name,
                        None => ItemName::parse(&item.name).map_err(Error::from)?,
                    };
                    Destination { item: parent, names: vec![name] }
                }
                (None, _) => return Err(Error::WrongKind(Kind::File).into()),
            };
            Ok((to, expected(ask, look, on_conflict)?))
        }
        Err(Refusal::Vault(Error::Missing(Missing::Item | Missing::Hidden))) if !place.path.is_empty() => {
            if conditional.is_some() {
                return Err(Error::PreconditionFailed.into());
            }
            let (ground, missing) = deepest(ask, place).await?;
            ground.look().folder()?;
            ground.look().check(actor, Action::Create)?;
            let mut names = missing.iter().map(|name| ids::item_name(name)).collect::<Result<Vec<_>, _>>()?;
            // the path is that of the file, or of a folder that is still to be made for it
            if let Some(name) = name
                && names.last().is_none_or(|last| last.key() != name.key())
            {
                names.push(name);
            }
            // nothing is made for what cannot end there
            if !progress.can_end() {
                return Err(Refusal::Incomplete);
            }
            ask.hall.vault.check_upload(actor, ground.look(), Some(progress.received)).await?;
            let folder = ground.made(ask).await?;
            Ok((Destination { item: folder.item().id, names }, None))
        }
        Err(other) => Err(other),
    }
}

/// What the request's conditions say of a file that is there, where it is to be replaced.
fn expected(ask: &Ask, look: Look, on_conflict: OnConflict) -> Result<Option<Sha256>, Refusal> {
    if look.item().kind() == Kind::Folder || on_conflict != OnConflict::AddEdition {
        return Ok(None);
    }
    look.check(ask.actor(), Action::SaveDraft)?;
    let look = items::conditions(ask, look)?;
    match Condition::read(ask.headers(), &IF_MATCH) {
        None | Some(Condition::Any) => Ok(None),
        Some(_) => Ok(ids::content(look.item(), ask.actor().id()).map(|content| content.sha256)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_upload_address_of_ours_is_read() {
        let origin = "https://files.example:8443";
        let read = |text: &str| secret(text, origin).ok();
        let path = sessions::PATH;
        assert_eq!(read(&format!("{origin}{path}?tempauth=cku_x")).as_deref(), Some("cku_x"));
        assert_eq!(read(&format!("HTTPS://FILES.example:8443{path}?tempauth=cku_x")).as_deref(), Some("cku_x"));
        for bad in [
            format!("http://files.example:8443{path}?tempauth=x"),
            format!("https://files.example{path}?tempauth=x"),
            format!("https://files.example:8443@evil.example{path}?tempauth=x"),
            format!("https://evil.example{path}?tempauth=x"),
            format!("https://evil.example?{origin}{path}?tempauth=x"),
            format!("{path}?tempauth=x"),
            format!("//files.example:8443{path}?tempauth=x"),
            format!("{origin}/v1.0/me?tempauth=x"),
            format!("{origin}{path}"),
            "file:///etc/passwd".to_owned(),
            "ftp://files.example".to_owned(),
            "not an address".to_owned(),
            String::new(),
        ] {
            assert_eq!(read(&bad), None, "{bad}");
        }
    }
}
