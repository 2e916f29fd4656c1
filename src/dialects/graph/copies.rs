//! Copies and their monitors (spec/graph.md 9.3): a copy is made after its request was answered, and is watched at an
//! address whose secret is all that is needed.

use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode, header::LOCATION},
};
use serde_json::{Value, json};

use super::{
    Ask,
    address::{self, Base, Drive, Owner, Place, Subject},
    error::{Answer, Refusal, read_json},
    ids,
    items::{self, Behavior, Destination, Reference},
    reply,
};
use crate::{
    dialects::Hall,
    domain::{
        copying::{Failure, Progress},
        error::Error,
        id::ItemKey,
        item::{Item, OnConflict},
        name::ItemName,
        permission::Action,
    },
    http::guard::Head,
    vault::Look,
};

/// Where monitors are, but for their secret.
pub const MONITOR: &str = "/_api/v2.0/monitor/";

/// `POST …/copy`: 202 with the address of the monitor, or the refusal that is known at once.
pub async fn copy(ask: &Ask, body: Body) -> Answer {
    let said: Destination = read_json(body, ask.hall.limits.text).await?;
    let on_conflict = match said.behavior(ask)? {
        Behavior::Fail => OnConflict::Fail,
        Behavior::Replace => OnConflict::AddEdition,
        Behavior::Rename => OnConflict::RenameBlank,
    };
    let name = said.name()?;
    let look = ask.look().await?;
    look.check(ask.actor(), Action::Download)?;
    if look.item().is_root() {
        return Err(Error::Impossible("a root folder").into());
    }
    let target = target(ask, look.item(), &said.parent_reference.unwrap_or_default()).await?;
    let name = match name {
        Some(name) => name,
        None => ItemName::parse(&look.item().name).map_err(Error::from)?,
    };
    let secret = ask.hall.vault.start_copy(ask.actor(), &look, &target, &name, on_conflict).await?;
    let mut response = reply::empty(StatusCode::ACCEPTED);
    let monitor = HeaderValue::try_from(format!("{}{MONITOR}{secret}", ask.origin)).map_err(Error::broken)?;
    response.headers_mut().insert(LOCATION, monitor);
    if items::prefers(ask.headers(), "respond-async") {
        response.headers_mut().insert("preference-applied", HeaderValue::from_static("respond-async"));
    }
    Ok(response)
}

/// The folder that a `parentReference` names, in any drive; where it says nothing, the one the item lies in.
async fn target(ask: &Ask, item: &Item, reference: &Reference) -> Result<Look, Refusal> {
    let own = &item.library.graph_id;
    let said = Reference::said;
    let drive = said(reference.drive_id.as_ref());
    let in_drive = |drive: Option<String>| Drive::Id(drive.unwrap_or_else(|| own.clone()), None);
    match (said(reference.id.as_ref()), said(reference.path.as_ref())) {
        (Some(id), _) => {
            let base = if id.eq_ignore_ascii_case("root") { Base::Root } else { Base::Id(id) };
            ask.look_at(&in_drive(drive), &Place { base, path: Vec::new() }).await
        }
        (None, Some(path)) => {
            let (named, place) = path_in(&path)?;
            if named.is_some() && drive.is_some() && named != drive {
                return Err(Refusal::Member("'parentReference' names two drives.".to_owned()));
            }
            ask.look_at(&in_drive(named.or(drive)), &place).await
        }
        (None, None) => match drive.filter(|drive| drive != own) {
            Some(drive) => ask.look_at(&in_drive(Some(drive)), &Place { base: Base::Root, path: Vec::new() }).await,
            None => {
                let parent = item.parent.ok_or(Error::Impossible("a root folder"))?;
                Ok(ask.hall.vault.look(ask.actor(), &ItemKey::Id(parent)).await?)
            }
        },
    }
}

/// `/drive/root:/a/b`, in whichever drive it is, and `/drives/{id}/root:/a/b`.
fn path_in(path: &str) -> Result<(Option<String>, Place), Refusal> {
    let refusal = || Refusal::Member("'parentReference.path' is not the path of a folder.".to_owned());
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let address = address::parse(&path).map_err(|_| refusal())?;
    match address.subject {
        Subject::Item(drive, place) if address.tail.is_empty() => match drive {
            Drive::Id(id, _) => Ok((Some(id), place)),
            Drive::Of(Owner::Me) => Ok((None, place)),
            Drive::Of(Owner::User(_) | Owner::Group(_) | Owner::Site(_)) | Drive::List(..) | Drive::Shared(_) => {
                Err(refusal())
            }
        },
        Subject::Item(..) | Subject::Service | Subject::Owner(_) | Subject::Drive(_) | Subject::Share(_) => {
            Err(refusal())
        }
    }
}

/// `GET` of a monitor: 202 while the copy is being made, 200 when it is there or has failed. A token that comes with it is
/// not looked at.
pub async fn monitor(hall: &Hall, head: &Head, origin: &str) -> Answer {
    if head.method != Method::GET && head.method != Method::HEAD {
        return Err(Refusal::Methods(vec!["GET", "HEAD"]));
    }
    let secret = head.uri.path().strip_prefix(MONITOR).unwrap_or_default();
    let (status, body) = shown(&hall.vault.copy_progress(secret).await?, origin);
    Ok(reply::json(status, &body))
}

fn shown(progress: &Progress, origin: &str) -> (StatusCode, Value) {
    match progress {
        Progress::Waiting => (StatusCode::ACCEPTED, status("notStarted", 0.0)),
        // it is there as a whole or not at all: before that nothing is
        Progress::Running => (StatusCode::ACCEPTED, status("inProgress", 0.0)),
        Progress::Done { item, drive } => {
            let mut body = status("completed", 100.0);
            body["resourceId"] = item.as_str().into();
            body["resourceLocation"] = format!("{origin}/v1.0/drives/{}/items/{item}", ids::encoded(drive)).into();
            (StatusCode::OK, body)
        }
        Progress::Failed(failure) => {
            let (code, inner, message) = words(*failure);
            let mut body = status("failed", 0.0);
            body["errorCode"] = code.into();
            body["error"] = json!({"code": code, "message": message});
            if let Some(inner) = inner {
                body["error"]["innerError"] = json!({ "code": inner });
            }
            (StatusCode::OK, body)
        }
    }
}

fn status(word: &str, percentage: f64) -> Value {
    json!({"operation": "itemCopy", "status": word, "percentageComplete": percentage})
}

/// Code, more specific code and message of a failure, as a request that is refused so would have them.
fn words(failure: Failure) -> (&'static str, Option<&'static str>, &'static str) {
    match failure {
        Failure::Missing => ("itemNotFound", None, "The resource could not be found."),
        Failure::Denied => ("accessDenied", Some("accessRestricted"), "Access denied."),
        Failure::NameTaken => {
            ("nameAlreadyExists", None, "An item with the same name already exists under the parent.")
        }
        Failure::Held => ("notAllowed", Some("resourceLocked"), "The resource you are attempting to access is locked."),
        Failure::Changed => ("resourceModified", None, "The resource has changed while it was being replaced."),
        Failure::QuotaReached => ("quotaLimitReached", None, "The drive has reached its quota."),
        Failure::Impossible => ("invalidRequest", None, "The operation is not possible for this item."),
        Failure::Interrupted => ("generalException", None, "The copy was interrupted."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_drive_or_leaves_it_open() {
        let read = |path: &str| path_in(path).map(|(drive, place)| (drive, place.path.join("/"))).ok();
        assert_eq!(read("/drive/root:/a/b"), Some((None, "a/b".to_owned())));
        assert_eq!(read("drive/root:"), Some((None, String::new())));
        assert_eq!(read("/drives/b!x/root:/a%20b"), Some((Some("b!x".to_owned()), "a b".to_owned())));
        for bad in ["", "a/b", "/drives/b!x", "/users/u/drive/root:/a", "/drive/root:/a:/content", "/drive/root:/../a"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_monitor_shows_how_far_a_copy_has_come() {
        let shown = |progress| {
            let (status, body) = shown(&progress, "http://x");
            format!("{} {body}", status.as_u16())
        };
        assert_eq!(
            shown(Progress::Running),
            r#"202 {"operation":"itemCopy","status":"inProgress","percentageComplete":0.0}"#
        );
        assert_eq!(
            shown(Progress::Done { item: "01A".to_owned(), drive: "b!d".to_owned() }),
            r#"200 {"operation":"itemCopy","status":"completed","percentageComplete":100.0,"resourceId":"01A","resourceLocation":"http://x/v1.0/drives/b%21d/items/01A"}"#
        );
        assert_eq!(
            shown(Progress::Failed(Failure::NameTaken)),
            r#"200 {"operation":"itemCopy","status":"failed","percentageComplete":0.0,"errorCode":"nameAlreadyExists","error":{"code":"nameAlreadyExists","message":"An item with the same name already exists under the parent."}}"#
        );
    }
}
