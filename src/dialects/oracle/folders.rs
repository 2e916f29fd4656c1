//! Folders: their information, their listings, making them (spec/oracle.md 6.1 to 6.3).

use axum::extract::State;

use super::{
    admission::Admitted,
    answer::{Answer, Base},
    auth::Caller,
    error::Error,
    ids::FolderId,
    input::Unread,
    query::Query,
    wire::{self, Fields},
};
use crate::{
    domain::{
        id::{ItemId, ItemKey},
        item::{ClientTimes, Item, Kind, OnConflict},
        name::ItemName,
        page::{Page, Window},
        permission::Action,
    },
    vault::{Among, Vault},
};

/// `GET /folders/{folderId}` (6.1).
pub async fn information(State(vault): State<Vault>, caller: Caller, folder: FolderId) -> Result<Answer, Error> {
    let on = caller.folder(&vault, &folder, Action::View).await?;
    on.check(Action::View)?;
    Ok(Answer::done(shown(&vault, &on, &folder).await?))
}

/// `GET /folders/items` (6.2): the caller's home.
pub async fn home_items(State(vault): State<Vault>, caller: Caller, query: Query) -> Result<Answer, Error> {
    let on = caller.folder(&vault, &FolderId::Home, Action::View).await?;
    let (among, window) = (among(&query)?, query.window()?);
    let page = vault.home(&on.actor, &on.look, among, window).await?;
    let sizes = vault.folder_sizes(&on.actor, &folders_of(&page)).await?;
    let entry = |item: &Item| wire::at_home(item, size(&sizes, item), on.actor.id());
    Ok(Answer::done(listing(&page, window, entry).text("ownerFolderID", "self")))
}

/// `GET /folders/{folderId}/items` (6.2): the folder's own fields, and a page of what lies in it.
pub async fn items(
    State(vault): State<Vault>,
    caller: Caller,
    folder: FolderId,
    query: Query,
) -> Result<Answer, Error> {
    if folder == FolderId::Home {
        return home_items(State(vault), caller, query).await;
    }
    let on = caller.folder(&vault, &folder, Action::View).await?;
    on.check(Action::View)?;
    let (among, window) = (among(&query)?, query.window()?);
    let page = vault.children(&on.actor, &on.look, among, window).await?;
    let sizes = vault.folder_sizes(&on.actor, &folders_of(&page)).await?;
    let asker = on.actor.id();
    let entry = |item: &Item| wire::file(item, asker).unwrap_or_else(|| wire::folder(item, size(&sizes, item), asker));
    Ok(Answer::done(shown(&vault, &on, &folder).await?.and(listing(&page, window, entry))))
}

/// `POST /folders/{folderId}` (6.3): a folder below it, under another name if its own is taken.
pub async fn create(
    State(vault): State<Vault>,
    caller: Caller,
    folder: FolderId,
    base: Base,
    body: Unread,
) -> Result<Answer, Error> {
    let on = caller.folder(&vault, &folder, Action::Create).await?;
    on.check(Action::Create)?;
    let input = body.read().await?;
    let name = ItemName::parse(input.required("name")?).map_err(crate::domain::Error::from)?;
    let description = input.text("description")?.unwrap_or_default();
    let (rename, times) = (OnConflict::RenameParentheses, ClientTimes::default());
    let made = vault.create_folder(&on.actor, &on.look, &name, description, rename, times).await?;
    let made = vault.item(&on.actor, &ItemKey::Id(made)).await?;
    let fields = wire::folder(&made, 0, on.actor.id());
    Ok(Answer::created(&base.address(&format!("/folders/{}", made.oracle_id)), fields))
}

/// The folder's own fields.
pub async fn shown(vault: &Vault, on: &Admitted, asked: &FolderId) -> Result<Fields, Error> {
    let item = on.look.item();
    let size = size(&vault.folder_sizes(&on.actor, &[item.id]).await?, item);
    Ok(match asked {
        FolderId::Home => wire::home(item, size),
        FolderId::Id(_) => wire::folder(item, size, on.actor.id()),
    })
}

/// Folders before files; exact names only, where one is given.
fn among(query: &Query) -> Result<Among, Error> {
    Ok(Among { name: query.get("filterName")?.map(str::to_owned), folders_first: true, ..Among::default() })
}

/// The fields of a page (2.10).
pub fn listing(page: &Page<Item>, window: Window, entry: impl Fn(&Item) -> Fields) -> Fields {
    let items: Vec<Fields> = page.items.iter().map(entry).collect();
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let more = window.offset.saturating_add(count) < page.total;
    Fields::new()
        .number("count", count)
        .number("hasMore", more.into())
        .number("limit", window.limit)
        .number("offset", window.offset)
        .number("totalResults", page.total)
        .list("items", items)
}

/// The folders of a page.
pub fn folders_of(page: &Page<Item>) -> Vec<ItemId> {
    page.items.iter().filter(|item| item.kind() == Kind::Folder).map(|item| item.id).collect()
}

/// What lies below a folder comes to.
pub fn size(sizes: &std::collections::HashMap<ItemId, i64>, item: &Item) -> i64 {
    sizes.get(&item.id).copied().unwrap_or(0)
}
