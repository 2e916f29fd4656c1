//! The files of a whole site, or below one of its folders.

use serde_json::Value;

use super::{
    call::Ask,
    error::{Error, Operation, Subject},
    find, folders, ids,
};
use crate::domain::{
    id::{PrincipalId, PrincipalKey},
    item::{Item, Kind},
    page::{Order, Page, Window},
    search::{Search, SearchOrder, SearchWindow},
};

/// `getGroupFileEntries`: what was changed last comes first, as its clients show what is new; by title where there is a
/// comparator (spec/liferay.md 9.3).
pub async fn files(ask: Ask) -> Result<Value, Error> {
    let page = found(&ask, folders::window(&ask)?).await?;
    page.items.iter().map(|item| folders::show(item, ask.company())).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

/// `getGroupFileEntriesCount`.
pub async fn files_count(ask: Ask) -> Result<Value, Error> {
    let window = Window { offset: 0, limit: 1, order: Order::Name };
    Ok(found(&ask, Some(window)).await?.total.into())
}

/// The part of a site's files a client wants; `None`: none of them.
async fn found(ask: &Ask, window: Option<Window>) -> Result<Page<Item>, Error> {
    let nothing = Page { items: Vec::new(), total: 0 };
    let root = if ask.has("rootFolderId") { ask.number("rootFolderId")? } else { ids::ROOT };
    let folder = find::folder_in(ask.vault(), &ask.actor, ask.site()?, root).await?;
    let is_listed = folders::is_listed(ask)?;
    let Some(window) = window.filter(|_| is_listed) else { return Ok(nothing) };
    // nobody made nothing
    let Some(made_by) = maker_of(ask, ask.number("userId")?).await? else { return Ok(nothing) };
    let media_types = ask.media_types()?;
    let search = Search { kind: Some(Kind::File), made_by, media_types, ..Search::default() };
    let by_title = ask.has("obc");
    let listed = SearchWindow {
        offset: window.offset,
        limit: folders::at_once(ask, window).limit,
        order: if by_title { SearchOrder::Title } else { SearchOrder::Modified },
        descending: !by_title,
    };
    let said = ask.said(Operation::View, &Subject::Folder(root));
    let page = ask.vault().search_below(&ask.actor, &folder, &search, listed).await.map_err(said)?;
    folders::check_whole(ask, window, &page)?;
    Ok(page)
}

/// Who is to have made what is listed: anybody by 0, else the user with the number; `None`: there is none.
pub async fn maker_of(ask: &Ask, number: i64) -> Result<Option<Option<PrincipalId>>, Error> {
    if number == 0 {
        return Ok(Some(None));
    }
    let said = ask.said(Operation::View, &Subject::User(format!("userId={number}")));
    Ok(ask.vault().person(&PrincipalKey::Number(number)).await.map_err(said)?.map(|person| Some(person.id)))
}
