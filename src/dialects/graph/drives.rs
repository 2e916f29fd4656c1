//! Drives (spec/graph.md 7, 1 and 2).

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::{
    Ask,
    address::{Owner, Subject},
    auth::{SEE_GROUPS, SEE_USERS},
    counted::{Counted, Listed},
    error::{Answer, Refusal},
    reply,
    wire::{self, DriveItem, View},
};
use crate::domain::{
    actor::Reach,
    error::Error,
    id::{ItemKey, PrincipalId, PrincipalKey},
    library::{Library, LibraryKind},
    page::Order,
    permission::Action,
    person::PrincipalKind,
};

/// `GET {root}`.
pub async fn get(ask: &Ask) -> Answer {
    let Subject::Drive(drive) = &ask.address.subject else { return Err(Refusal::NoCall) };
    let library = ask.library(drive).await?;
    reaches(ask, &library).await?;
    let view = ask.view().await?;
    let mut body = Map::from_iter([("@odata.context".to_owned(), view.context("drives/$entity").into())]);
    body.extend(show(ask, &view, &library).await?);
    if let Some(wanted) = ask.query.expansion("root")? {
        match ask.hall.vault.item(ask.actor(), &ItemKey::Id(library.root)).await {
            Ok(root) => {
                let view = View { select: wanted.select, ..view };
                body.insert("root".to_owned(), Value::Object(view.selected(&DriveItem::new(&view, &root)?)?));
            }
            // who sees only some of the drive does not see its top
            Err(Error::Missing(_)) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Ok(reply::json(StatusCode::OK, &body))
}

/// `GET /drives` and `GET {owner}/drives`.
pub async fn list(ask: &Ask) -> Answer {
    ask.may_read()?;
    let all = libraries(ask).await?;
    let pages = Counted::of(ask, Order::Name).await?;
    let total = all.len();
    let (from, most) =
        (usize::try_from(pages.window.offset).unwrap_or(usize::MAX), usize::try_from(pages.window.limit).unwrap_or(0));
    let view = ask.view().await?;
    let mut value: Vec<Value> = Vec::new();
    for library in all.iter().skip(from).take(most) {
        value.push(Value::Object(show(ask, &view, library).await?));
    }
    let listed = Listed { context: view.context("drives"), value, total: i64::try_from(total).unwrap_or(i64::MAX) };
    Ok(reply::json(StatusCode::OK, &pages.page(ask, listed)?))
}

async fn libraries(ask: &Ask) -> Result<Vec<Library>, Refusal> {
    let one = match &ask.address.subject {
        Subject::Owner(Owner::Me) => ask.hall.vault.own_library(ask.actor()).await.map_err(Refusal::from),
        Subject::Owner(Owner::User(user)) => {
            let user = ask.principal(user, PrincipalKind::User).await?;
            ask.library_of(user.id).await
        }
        Subject::Owner(Owner::Group(group)) => {
            let group = ask.principal(group, PrincipalKind::Group).await?;
            ask.library_of(group.id).await
        }
        Subject::Owner(Owner::Site(site)) => Ok(ask.site(site).await?),
        Subject::Service | Subject::Drive(_) | Subject::Item(..) | Subject::Share(_) => {
            let mut all = ask.hall.vault.libraries(ask.actor()).await?;
            all.retain(|library| ask.actor().ceiling.read == Reach::All || is_own(ask, library));
            return Ok(all);
        }
    };
    match one {
        Ok(library) => {
            reaches(ask, &library).await?;
            Ok(vec![Library::clone(&library)])
        }
        // somebody without a drive has an empty list of them, for who may know that there is such a one
        Err(Refusal::Vault(Error::Missing(_))) if may_know(ask) => Ok(Vec::new()),
        Err(other) => Err(other),
    }
}

/// Whether the token shows that whose drives are asked for is there at all.
fn may_know(ask: &Ask) -> bool {
    match &ask.address.subject {
        Subject::Owner(Owner::User(_)) => ask.caller.has_one_of(&SEE_USERS),
        Subject::Owner(Owner::Group(_)) => ask.caller.has_one_of(&SEE_GROUPS),
        Subject::Owner(Owner::Me | Owner::Site(_))
        | Subject::Service
        | Subject::Drive(_)
        | Subject::Item(..)
        | Subject::Share(_) => true,
    }
}

fn is_own(ask: &Ask, library: &Library) -> bool {
    library.kind == LibraryKind::Personal && library.owner == ask.actor().id()
}

/// Refuses a token that does not reach the drive. One of whose items only some are shared with the caller is reached by
/// every token that reads at all.
pub async fn reaches(ask: &Ask, library: &Library) -> Result<(), Refusal> {
    ask.may_read()?;
    match ask.hall.vault.look(ask.actor(), &ItemKey::Id(library.root)).await {
        Ok(root) => {
            root.check(ask.actor(), Action::View)?;
            Ok(())
        }
        Err(Error::Missing(_)) => Ok(()),
        Err(other) => Err(other.into()),
    }
}

/// A library as a drive, with its selected members.
pub async fn show(ask: &Ask, view: &View, library: &Library) -> Result<Map<String, Value>, Refusal> {
    let (vault, actor) = (&ask.hall.vault, ask.actor());
    let person = async |id: Option<PrincipalId>| match id {
        Some(id) => vault.person(&PrincipalKey::Id(id)).await,
        None => Ok(None),
    };
    let owner = person(library.owner).await?;
    // somebody's own library comes into being for them
    let maker = library.created_by.or(library.personal_to());
    let created_by = if maker == library.owner { owner.clone() } else { person(maker).await? };
    let (used, deleted) = if view.select.wants("quota") {
        (vault.used_bytes(actor, library).await?, vault.deleted_bytes(actor, library).await?)
    } else {
        (0, 0)
    };
    let tells_change = view.select.wants("lastModifiedDateTime") || view.select.wants("lastModifiedBy");
    let last_change = if tells_change { vault.last_change(actor, library).await? } else { None };
    let facts = wire::DriveFacts { owner, created_by, used, deleted, last_change };
    Ok(view.selected(&wire::Drive::new(view, library, &facts))?)
}
