//! Folders as a tree: the ids of those below, how many files several hold, copies of whole folders, and the folders of
//! other repositories, of which there are none.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    call::Ask,
    error::{Error, Operation, Subject},
    find, folders,
    ids::{self, Long},
    wire::shown,
};
use crate::{
    domain::{
        id::ItemKey,
        item::Kind,
        page::{Order, Window},
        permission::Action,
        search::{Search, SearchOrder, SearchWindow},
    },
    store::items::Among,
};

/// More folders than this are not counted in one call: each is looked up by itself.
const MOST_FOLDERS: usize = 200;

/// `getSubfolderIds`: all that are below, or only those right in the folder.
pub async fn ids(ask: Ask) -> Result<Value, Error> {
    let (vault, actor) = (ask.vault(), &ask.actor);
    let folder = find::folder_in(vault, actor, ask.site()?, ask.folder()?).await?;
    let said = ask.said(Operation::View, &Subject::Folder(ids::number_of(folder.item())));
    let all = Window { offset: 0, limit: i64::MAX, order: Order::Name };
    let window = folders::at_once(&ask, all);
    let found = if ask.flag("recurse").unwrap_or(true) {
        let search = Search { kind: Some(Kind::Folder), ..Search::default() };
        let window = SearchWindow { offset: 0, limit: window.limit, order: SearchOrder::Name, descending: false };
        vault.search_below(actor, &folder, &search, window).await
    } else {
        let among = Among { kind: Some(Kind::Folder), ..Among::default() };
        vault.children(actor, &folder, among, window).await
    };
    let found = found.map_err(said)?;
    folders::check_whole(&ask, all, &found)?;
    let numbers: Vec<Long> = found.items.iter().map(|item| Long(item.number)).collect();
    shown(&numbers)
}

/// `getSubfolderIds(repositoryId, folderIds, folderId)`: fills a list of its caller, which over a wire stays where it is.
pub async fn ids_into(ask: Ask) -> Result<Value, Error> {
    find::folder_in(ask.vault(), &ask.actor, ask.site()?, ask.folder()?).await?;
    Ok(Value::Null)
}

/// `getFoldersFileEntriesCount`: the files right in these folders, together. A folder that is not there has none.
pub async fn files_count(ask: Ask) -> Result<Value, Error> {
    let (vault, actor) = (ask.vault(), &ask.actor);
    let site = ask.site()?;
    find::site(vault, actor, "repositoryId", site).await?;
    let numbers: BTreeSet<i64> = ask.numbers("folderIds")?.iter().copied().collect();
    if numbers.len() > MOST_FOLDERS {
        return Err(Error::IllegalArgument(Some("More folders than are counted at once")));
    }
    if !folders::is_listed(&ask)? {
        return Ok(0.into());
    }
    let mut total = 0_i64;
    for number in numbers {
        let folder = match find::folder_in(vault, actor, site, number).await {
            Ok(folder) => folder,
            Err(refusal) if refusal.is_missing() => continue,
            Err(refusal) => return Err(refusal),
        };
        let said = ask.said(Operation::View, &Subject::Folder(number));
        let among = Among { kind: Some(Kind::File), ..Among::default() };
        let window = Window { offset: 0, limit: 1, order: Order::Name };
        total = total.saturating_add(vault.children(actor, &folder, among, window).await.map_err(said)?.total);
    }
    Ok(total.into())
}

/// `getMountFolders`: no other repository is mounted anywhere.
pub async fn mounts(ask: Ask) -> Result<Value, Error> {
    find::folder_in(ask.vault(), &ask.actor, ask.site()?, ask.folder()?).await?;
    Ok(Value::Array(Vec::new()))
}

/// `getMountFoldersCount`.
pub async fn mounts_count(ask: Ask) -> Result<Value, Error> {
    find::folder_in(ask.vault(), &ask.actor, ask.site()?, ask.folder()?).await?;
    Ok(0.into())
}

/// `copyFolder`: with all below that the caller sees, all or nothing; locks and older versions stay behind.
pub async fn copy(ask: Ask) -> Result<Value, Error> {
    let (vault, actor) = (ask.vault(), &ask.actor);
    let (site, source, parent) = (ask.site()?, ask.number("sourceFolderId")?, ask.number("parentFolderId")?);
    let look = find::folder_in(vault, actor, site, source).await?;
    let refused = ask.said(Operation::View, &Subject::Folder(source));
    look.check(actor, Action::Download).map_err(refused)?;
    let target = find::folder_in(vault, actor, site, parent).await?;
    let said = ask.said(Operation::AddSubfolder, &Subject::Folder(parent));
    target.check(actor, Action::Create).map_err(&said)?;
    let name = folders::name(ask.text("name")?)?;
    let copy = vault.copy_folder_as(actor, &look, &target, name, ask.text("description")?.to_owned()).await;
    let copy = copy.map_err(&said)?;
    folders::show(vault.look(actor, &ItemKey::Id(copy)).await.map_err(said)?.item(), ask.company())
}
