//! Folders, and what lies in them.

use serde_json::Value;

use super::{
    call::Ask,
    error::{Error, Operation, Subject},
    files::target_folder,
    find, ids,
    wire::{file_entry::FileEntry, folder::Folder, shown},
};
use crate::{
    domain::{
        error::{Error as Refusal, Missing},
        id::ItemKey,
        item::{Change, ClientTimes, Item, Kind, OnConflict},
        name::ItemName,
        page::{Order, Page, Window},
        permission::Action,
    },
    store::items::Among,
    vault::Look,
};

/// What somebody hears who wants a longer list than one call answers.
const TOO_LONG: &str = "More entries than are listed at once; ask for them in parts, with start and end";

/// A folder or a file; in mixed listings clients tell them apart by their id member.
pub fn show(item: &Item, company: i64) -> Result<Value, Error> {
    match &item.file {
        Some(file) => shown(&FileEntry::of(item, file, company)),
        None => shown(&Folder::of(item, company)),
    }
}

/// `getFolder(folderId)`.
pub async fn get(ask: Ask) -> Result<Value, Error> {
    let look = find::folder(ask.vault(), &ask.actor, ask.number("folderId")?).await?;
    show(look.item(), ask.company())
}

/// `getFolder(repositoryId, parentFolderId, name)`.
pub async fn get_by_name(ask: Ask) -> Result<Value, Error> {
    show(by_name(&ask).await?.item(), ask.company())
}

/// The folder of this name in a folder of a site.
pub async fn by_name(ask: &Ask) -> Result<Look, Error> {
    let (group, parent, name) = (ask.site()?, ask.folder()?, ask.text("name")?);
    let folder = find::folder_in(ask.vault(), &ask.actor, group, parent).await?;
    let found = find::named(ask.vault(), &ask.actor, &folder, Kind::Folder, name).await?.into_iter().next();
    let Some(item) = found else {
        let said = ask.said(Operation::View, &Subject::FolderNamed(group, parent, name.to_owned()));
        return Err(said(Refusal::Missing(Missing::Item)));
    };
    find::folder(ask.vault(), &ask.actor, item.number).await
}

/// `addFolder`.
pub async fn add(ask: Ask) -> Result<Value, Error> {
    let (vault, actor) = (ask.vault(), &ask.actor);
    let parent = find::folder_in(vault, actor, ask.site()?, ask.folder()?).await?;
    let said = ask.said(Operation::AddSubfolder, &Subject::Folder(ask.folder()?));
    parent.check(actor, Action::Create).map_err(&said)?;
    let (name, description) = (name(ask.text("name")?)?, ask.text("description")?);
    let made = vault.create_folder(actor, &parent, &name, description, OnConflict::Fail, ClientTimes::default());
    let made = made.await.map_err(&said)?;
    show(vault.look(actor, &ItemKey::Id(made)).await.map_err(said)?.item(), ask.company())
}

/// The name of a folder.
pub fn name(text: &str) -> Result<ItemName, Error> {
    ItemName::parse(text).map_err(|_| Error::FolderName(text.to_owned()))
}

/// `updateFolder`: name and description.
pub async fn update(ask: Ask) -> Result<Value, Error> {
    let look = find::folder(ask.vault(), &ask.actor, ask.number("folderId")?).await?;
    let said = ask.said(Operation::Update, &Subject::Folder(look.item().number));
    look.check(&ask.actor, Action::Rename).map_err(said)?;
    let change = Change {
        name: Some(name(ask.text("name")?)?),
        description: Some(ask.text("description")?.to_owned()),
        ..Change::default()
    };
    change_to(&ask, &look, Operation::Update, change).await
}

/// `moveFolder`: with all below.
pub async fn relocate(ask: Ask) -> Result<Value, Error> {
    let look = find::folder(ask.vault(), &ask.actor, ask.number("folderId")?).await?;
    let said = ask.said(Operation::Move, &Subject::Folder(look.item().number));
    look.check(&ask.actor, Action::Move).map_err(said)?;
    let target = ask.number("parentFolderId")?;
    let folder = target_folder(&ask, look.item().library.id, target).await?;
    let refused = ask.said(Operation::AddSubfolder, &Subject::Folder(target));
    folder.check(&ask.actor, Action::Create).map_err(refused)?;
    let change = Change { parent: Some(folder.item().id), ..Change::default() };
    change_to(&ask, &look, Operation::Move, change).await
}

async fn change_to(ask: &Ask, look: &Look, operation: Operation, change: Change) -> Result<Value, Error> {
    let said = ask.said(operation, &Subject::Folder(look.item().number));
    ask.vault().update(&ask.actor, look, change).await.map_err(&said)?;
    let look = ask.vault().look(&ask.actor, &ItemKey::Id(look.item().id)).await.map_err(said)?;
    show(look.item(), ask.company())
}

/// `deleteFolder(folderId)`: with all below.
pub async fn delete(ask: Ask) -> Result<Value, Error> {
    let look = find::folder(ask.vault(), &ask.actor, ask.number("folderId")?).await?;
    remove(&ask, &look).await
}

/// `deleteFolder(repositoryId, parentFolderId, name)`.
pub async fn delete_by_name(ask: Ask) -> Result<Value, Error> {
    let look = by_name(&ask).await?;
    remove(&ask, &look).await
}

async fn remove(ask: &Ask, look: &Look) -> Result<Value, Error> {
    let said = ask.said(Operation::Delete, &Subject::Folder(look.item().number));
    ask.vault().delete(&ask.actor, look).await.map_err(said)?;
    Ok(Value::Null)
}

/// `getFileEntries`.
pub async fn files(ask: Ask) -> Result<Value, Error> {
    listed(&ask, Some(Kind::File)).await
}

/// `getFileEntriesCount`.
pub async fn files_count(ask: Ask) -> Result<Value, Error> {
    counted(&ask, Some(Kind::File)).await
}

/// `getFolders`.
pub async fn folders(ask: Ask) -> Result<Value, Error> {
    listed(&ask, Some(Kind::Folder)).await
}

/// `getFoldersCount`.
pub async fn folders_count(ask: Ask) -> Result<Value, Error> {
    counted(&ask, Some(Kind::Folder)).await
}

/// `getFoldersAndFileEntriesAndFileShortcuts`: folders first.
pub async fn all(ask: Ask) -> Result<Value, Error> {
    listed(&ask, None).await
}

/// `getFoldersAndFileEntriesAndFileShortcutsCount`.
pub async fn all_count(ask: Ask) -> Result<Value, Error> {
    counted(&ask, None).await
}

async fn listed(ask: &Ask, kind: Option<Kind>) -> Result<Value, Error> {
    let page = children(ask, kind, window(ask)?).await?;
    page.items.iter().map(|item| show(item, ask.company())).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

async fn counted(ask: &Ask, kind: Option<Kind>) -> Result<Value, Error> {
    let window = Window { offset: 0, limit: 1, order: Order::Name };
    Ok(children(ask, kind, Some(window)).await?.total.into())
}

/// The part of a folder's items a client wants; `None`: none of them.
async fn children(ask: &Ask, kind: Option<Kind>, window: Option<Window>) -> Result<Page<Item>, Error> {
    let folder = find::folder_in(ask.vault(), &ask.actor, ask.site()?, ask.folder()?).await?;
    let is_listed = is_listed(ask)?;
    let Some(window) = window.filter(|_| is_listed) else {
        return Ok(Page { items: Vec::new(), total: 0 });
    };
    let said = ask.said(Operation::View, &Subject::Folder(ids::number_of(folder.item())));
    let among = Among { kind, media_types: ask.media_types()?, folders_first: kind.is_none(), ..Among::default() };
    let page = ask.vault().children(&ask.actor, &folder, among, at_once(ask, window)).await.map_err(said)?;
    check_whole(ask, window, &page)?;
    Ok(page)
}

/// Whether anything is listed: only what is approved, or anything but what is in the trash, and only basic documents, is
/// all there is. A status or a document type that nothing here has gives an empty list.
pub fn is_listed(ask: &Ask) -> Result<bool, Error> {
    for name in ["status", "fileEntryTypeId"] {
        if ask.has(name) && !matches!(ask.number(name)?, -1 | 0) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `start` and `end` are a half-open window; -1 and -1 are everything. `None` for an empty one.
pub fn window(ask: &Ask) -> Result<Option<Window>, Error> {
    let (start, end) = match (ask.has("start"), ask.has("end")) {
        (true, true) => (ask.number("start")?, ask.number("end")?),
        _ => (-1, -1),
    };
    Ok(between(start, end))
}

/// The window as far as one call lists: to be followed by [`check_whole`].
pub fn at_once(ask: &Ask, window: Window) -> Window {
    Window { limit: window.limit.min(ask.settings().list_limit), ..window }
}

/// Refuses a page that is less of the window than is there, lest somebody takes it for the whole.
pub fn check_whole(ask: &Ask, window: Window, page: &Page<Item>) -> Result<(), Error> {
    let most = ask.settings().list_limit;
    let rest = page.total.saturating_sub(window.offset);
    if window.limit > most && rest > most { Err(Error::IllegalArgument(Some(TOO_LONG))) } else { Ok(()) }
}

/// The window between two places, the second not in it; -1 is the end of the list. Files come by title, folders by name
/// (spec/liferay.md 9.3).
pub fn between(start: i64, end: i64) -> Option<Window> {
    let offset = start.max(0);
    let limit = if end == -1 { i64::MAX } else { end.saturating_sub(offset) };
    (limit > 0).then_some(Window { offset, limit, order: Order::Title })
}
