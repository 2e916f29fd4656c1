//! One item: showing, changing, moving, deleting it (spec/graph.md 7, 4, 10 and 11; 7.1, 7.2 and 7.5).

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{IF_MATCH, IF_NONE_MATCH},
    },
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Ask,
    address::{self, Base, Drive, Place},
    answers,
    children::{self, FileSystemInfo},
    done,
    error::{Answer, Refusal, read_json},
    ids, preview, reply, sharing,
    wire::DriveItem,
};
use crate::{
    domain::{
        error::{Error, Missing},
        id::{ItemId, ItemKey},
        item::{Change, ClientTimes, Item, Kind, OnConflict},
        name::ItemName,
        permission::Action,
    },
    http::etag::{Condition, ETag},
    vault::{Cancel, Look},
};

/// What to do when a name is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behavior {
    /// Refuse.
    Fail,
    /// Take what is there.
    Replace,
    /// Choose another name.
    Rename,
}

impl Behavior {
    /// What the request says: in the query, or in its body.
    pub fn of(ask: &Ask, in_body: Option<&str>) -> Result<Option<Self>, Refusal> {
        let refusal = || Refusal::Query("@microsoft.graph.conflictBehavior");
        match ask.query.conflict().or(in_body).unwrap_or_default().to_ascii_lowercase().as_str() {
            "" => Ok(None),
            "fail" => Ok(Some(Behavior::Fail)),
            "replace" => Ok(Some(Behavior::Replace)),
            "rename" => Ok(Some(Behavior::Rename)),
            _ => Err(refusal()),
        }
    }

    /// What the vault is told about something new; `replace` finds the existing one afterwards.
    pub fn for_new(self) -> OnConflict {
        match self {
            Behavior::Fail | Behavior::Replace => OnConflict::Fail,
            Behavior::Rename => OnConflict::RenameBlank,
        }
    }
}

/// `GET` of an item.
pub async fn get(ask: &Ask) -> Answer {
    if let Some(answer) = answers::recall(ask).await {
        return Ok(answer);
    }
    let look = ask.look().await?;
    look.check(ask.actor(), Action::View)?;
    let tag = ids::e_tag(look.item(), ask.actor().id());
    if is_known(ask.headers(), tag.as_ref()) {
        return Ok(reply::tagged(reply::empty(StatusCode::NOT_MODIFIED), tag.as_ref()));
    }
    let body = shown(ask, &look).await?;
    answers::give(ask, &body, tag, look.proof())
}

/// An item as the answer, with its `ETag`, and its children where they are asked for.
pub async fn show(ask: &Ask, look: &Look, status: StatusCode) -> Answer {
    let body = shown(ask, look).await?;
    Ok(reply::tagged(reply::json(status, &body), ids::e_tag(look.item(), ask.actor().id()).as_ref()))
}

async fn shown(ask: &Ask, look: &Look) -> Result<Map<String, Value>, Refusal> {
    let view = ask.view().await?;
    let mut body = view.single("driveItem/$entity", &DriveItem::new(&view, look.item())?)?;
    sharing::add_facet(ask, &view, std::slice::from_ref(look.item()), std::slice::from_mut(&mut body)).await?;
    preview::add_thumbnails(ask, std::slice::from_mut(&mut body));
    if let Some(wanted) = ask.query.children()?
        && look.item().kind() == Kind::Folder
    {
        body.extend(children::expanded(ask, &view, look, &wanted).await?);
    }
    Ok(body)
}

/// Whether the client says that it has this very state.
pub fn is_known(headers: &HeaderMap, tag: Option<&ETag>) -> bool {
    Expected::read(headers, &IF_NONE_MATCH).is_some_and(|expected| expected.is_met_by(tag))
}

/// Holds a write to what the request's conditions say: `If-Match` is met by the eTag or the cTag. The lock is asked
/// before this: a client that meets 412 tries again, one that meets 423 stops.
///
/// A look that met an `If-Match` counts for exactly the state it saw.
pub fn conditions(ask: &Ask, look: Look) -> Result<Look, Refusal> {
    let caller = ask.actor().id();
    let tags = [ids::e_tag(look.item(), caller), ids::c_tag(look.item(), caller)];
    let meets = |expected: &Expected<'_>| tags.iter().any(|tag| expected.is_met_by(tag.as_ref()));
    if Expected::read(ask.headers(), &IF_NONE_MATCH).is_some_and(|expected| meets(&expected)) {
        return Err(Error::PreconditionFailed.into());
    }
    match Expected::read(ask.headers(), &IF_MATCH) {
        None | Some(Expected { condition: Condition::Any, .. }) => Ok(look),
        Some(expected) if meets(&expected) => Ok(look.exactly()),
        Some(_) => Err(Error::PreconditionFailed.into()),
    }
}

/// What a conditional header expects. Quotes may be missing and tags may be weak; and since our tags hold a comma, one
/// without quotes is also compared whole.
struct Expected<'a> {
    condition: Condition,
    whole: &'a str,
}

impl<'a> Expected<'a> {
    fn read(headers: &'a HeaderMap, name: &HeaderName) -> Option<Self> {
        let whole = headers.get(name).and_then(|line| line.to_str().ok()).unwrap_or_default().trim();
        Some(Self { condition: Condition::read(headers, name)?, whole })
    }

    fn is_met_by(&self, tag: Option<&ETag>) -> bool {
        let bare = self.whole.strip_prefix("W/").unwrap_or(self.whole);
        self.condition.matches(tag, ETag::same_meaning) || tag.is_some_and(|tag| tag.text() == bare)
    }
}

/// The body of a `PATCH`; what else it holds is ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Patch {
    name: Option<String>,
    description: Option<String>,
    parent_reference: Option<Reference>,
    file_system_info: Option<FileSystemInfo>,
    folder: Option<Map<String, Value>>,
    #[serde(rename = "@microsoft.graph.conflictBehavior")]
    conflict: Option<String>,
    #[serde(rename = "@name.conflictBehavior")]
    older_conflict: Option<String>,
}

/// A folder; empty texts mean that nothing is said.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reference {
    /// A drive.
    pub drive_id: Option<String>,
    /// The id of a folder, or `root`.
    pub id: Option<String>,
    /// The path of a folder.
    pub path: Option<String>,
}

impl Reference {
    /// A member that says something.
    pub fn said(member: Option<&String>) -> Option<String> {
        member.filter(|text| !text.is_empty()).cloned()
    }
}

/// The body of a copy and of a restore: where to, and under which name; what else it holds is ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Destination {
    name: Option<String>,
    /// A folder.
    pub parent_reference: Option<Reference>,
    #[serde(rename = "@microsoft.graph.conflictBehavior")]
    conflict: Option<String>,
    #[serde(rename = "@name.conflictBehavior")]
    older_conflict: Option<String>,
}

impl Destination {
    /// What to do when the name is taken; to refuse, if nothing is said.
    pub fn behavior(&self, ask: &Ask) -> Result<Behavior, Refusal> {
        let in_body = self.conflict.as_deref().or(self.older_conflict.as_deref());
        Ok(Behavior::of(ask, in_body)?.unwrap_or(Behavior::Fail))
    }

    /// The name; an empty one means that none is said.
    pub fn name(&self) -> Result<Option<ItemName>, Refusal> {
        self.name.as_deref().filter(|name| !name.is_empty()).map(ids::item_name).transpose()
    }
}

/// `PATCH` of an item: name, place, description, the times of the client's disk. Makes no version.
pub async fn update(ask: &Ask, body: Body) -> Answer {
    let patch: Patch = read_json(body, ask.hall.limits.text).await?;
    let in_body = patch.conflict.or(patch.older_conflict);
    let behavior = Behavior::of(ask, in_body.as_deref())?.unwrap_or(Behavior::Fail);
    let name = patch.name.filter(|name| !name.is_empty()).as_deref().map(ids::item_name).transpose()?;
    let description = text(patch.description, "description")?;
    let (vault, actor) = (&ask.hall.vault, ask.actor());
    let look = match ask.look().await {
        Err(Refusal::Vault(Error::Missing(Missing::Item))) if patch.folder.is_some() => {
            let times = patch.file_system_info.map(ClientTimes::from).unwrap_or_default();
            return make_folder(ask, &description.unwrap_or_default(), times).await;
        }
        found => found?,
    };
    look.check(actor, Action::Describe)?;
    let look = conditions(ask, look)?;
    let parent = match &patch.parent_reference {
        Some(reference) => target(ask, look.item(), reference).await?,
        None => None,
    };
    let client_times = patch.file_system_info.map(ClientTimes::from).unwrap_or_default();
    let change = Change { name, parent, description, client_times, ..Change::default() };
    if change.is_empty() {
        return show(ask, &look, StatusCode::OK).await;
    }
    let id = look.item().id;
    match behavior {
        Behavior::Fail => vault.update(actor, &look, change).await?,
        Behavior::Replace => vault.update_over(actor, &look, change).await?,
        Behavior::Rename => vault.update_beside(actor, &look, change).await?,
    }
    show(ask, &vault.look(actor, &ItemKey::Id(id)).await?, StatusCode::OK).await
}

/// `PATCH` of a path that leads nowhere yet, as a folder: it is made there, if the folder above it is there (7.5).
async fn make_folder(ask: &Ask, description: &str, times: ClientTimes) -> Answer {
    let (drive, place) = ask.place()?;
    let Some((name, above)) = place.path.split_last() else { return Err(Error::Missing(Missing::Item).into()) };
    let name = ids::item_name(name)?;
    let ground = ask.ground(drive, &Place { base: place.base.clone(), path: above.to_vec() }).await?;
    ground.look().folder()?;
    let (vault, actor) = (&ask.hall.vault, ask.actor());
    ground.look().check(actor, Action::Create)?;
    if Condition::read(ask.headers(), &IF_MATCH).is_some() {
        return Err(Error::PreconditionFailed.into());
    }
    let above = ground.made(ask).await?;
    let made = vault.create_folder(actor, &above, &name, description, OnConflict::Fail, times).await?;
    children::created(ask, made).await
}

/// The folder that a `parentReference` names, if it says anything; in the item's own drive only.
pub async fn target(ask: &Ask, item: &Item, reference: &Reference) -> Result<Option<ItemId>, Refusal> {
    let said = Reference::said;
    let drive = Drive::Id(item.library.graph_id.clone(), None);
    if said(reference.drive_id.as_ref()).is_some_and(|drive| drive != item.library.graph_id) {
        return Err(Refusal::Member("'parentReference' names another drive.".to_owned()));
    }
    let place = match (said(reference.id.as_ref()), said(reference.path.as_ref())) {
        (Some(id), _) => {
            let base = if id.eq_ignore_ascii_case("root") { Base::Root } else { Base::Id(id) };
            Place { base, path: Vec::new() }
        }
        (None, Some(path)) => path_in(&path, &item.library.graph_id)?,
        (None, None) => return Ok(None),
    };
    let folder = ask.look_at(&drive, &place).await?;
    folder.folder()?;
    Ok(Some(folder.item().id))
}

/// `/drive/root:/a/b` and `/drives/{id}/root:/a/b`.
fn path_in(path: &str, drive: &str) -> Result<Place, Refusal> {
    let refusal = || Refusal::Member("'parentReference.path' is not the path of a folder.".to_owned());
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let address = address::parse(&path).map_err(|_| refusal())?;
    match address.subject {
        address::Subject::Item(Drive::Id(id, _), _) if id != drive => {
            Err(Refusal::Member("'parentReference' names another drive.".to_owned()))
        }
        address::Subject::Item(Drive::Shared(_), _) => Err(refusal()),
        address::Subject::Item(_, place) if address.tail.is_empty() => Ok(place),
        address::Subject::Item(..)
        | address::Subject::Service
        | address::Subject::Owner(_)
        | address::Subject::Drive(_)
        | address::Subject::Share(_) => Err(refusal()),
    }
}

/// A text that the database can hold.
pub fn text(text: Option<String>, name: &'static str) -> Result<Option<String>, Refusal> {
    match text {
        Some(text) if text.contains('\0') => Err(Refusal::Member(format!("'{name}' contains a NUL character."))),
        other => Ok(other),
    }
}

/// `DELETE` of an item: into the trash. With `Prefer: bypass-checked-out`, somebody else's check-out is discarded first,
/// if the caller has grounds for that; `bypass-shared-lock` is about locks that there are none of here.
pub async fn delete(ask: &Ask) -> Answer {
    let (vault, actor) = (&ask.hall.vault, ask.actor());
    let mut look = ask.look().await?;
    let mut bypassed = false;
    if let Err(refusal) = look.check(actor, Action::Delete) {
        let may_bypass = matches!(refusal, Error::Held(_))
            && look.item().lock().is_some()
            && prefers(ask.headers(), "bypass-checked-out")
            && look.check(actor, Action::Cancel).is_ok();
        if !may_bypass {
            return Err(refusal.into());
        }
        look = conditions(ask, look)?;
        vault.cancel(actor, &look, Cancel::default()).await?;
        look = vault.look(actor, &ItemKey::Id(look.item().id)).await?;
        bypassed = true;
    } else {
        look = conditions(ask, look)?;
    }
    vault.delete(actor, &look).await?;
    let mut response = done();
    if bypassed {
        response.headers_mut().insert("preference-applied", HeaderValue::from_static("bypass-checked-out"));
    }
    Ok(response)
}

/// Whether a `Prefer` header has this.
pub fn prefers(headers: &HeaderMap, wanted: &str) -> bool {
    let lines = headers.get_all("prefer").iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|preference| preference.trim().eq_ignore_ascii_case(wanted))
}
