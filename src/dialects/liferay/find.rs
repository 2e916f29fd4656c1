//! Finding what a client names: sites, folders, files and their namesakes. What is missing is worded after the name.

use std::sync::Arc;

use super::{
    call::said,
    error::{Error, Operation, Subject},
    ids,
};
use crate::{
    domain::{
        actor::Actor,
        error::{Error as Refusal, Missing},
        external::ExternalCode,
        id::{ItemId, ItemKey, LibraryKey},
        item::{FileParts, Item, Kind},
        library::Library,
        page::{Order, Window},
        permission::Action,
    },
    store::items::Among,
    vault::{Eyes, Look, Vault},
};

/// The file with a number, which the caller may view.
pub async fn file(vault: &Vault, actor: &Actor, number: i64) -> Result<Look, Error> {
    file_with(&Eyes::default(), vault, actor, number).await
}

/// The same with these eyes.
pub async fn file_with(eyes: &Eyes, vault: &Vault, actor: &Actor, number: i64) -> Result<Look, Error> {
    let said = said(actor, Operation::View, &Subject::File(number));
    let look = vault.look_with(eyes, actor, &ItemKey::Number(number)).await.map_err(&said)?;
    look.file().map_err(&said)?;
    look.check(actor, Action::View).map_err(&said)?;
    Ok(look)
}

/// What only files have, of a look that is one.
pub fn parts(look: &Look) -> Result<&FileParts, Error> {
    look.file().map_err(Error::broken)
}

/// The site with a number.
pub async fn site(vault: &Vault, actor: &Actor, parameter: &'static str, number: i64) -> Result<Arc<Library>, Error> {
    let library = vault.library(actor, &LibraryKey::Number(number)).await;
    library.map_err(said(actor, Operation::View, &Subject::Site(parameter, number)))
}

/// A folder by its number alone, which the caller may view; not a root folder, which has none.
pub async fn folder(vault: &Vault, actor: &Actor, number: i64) -> Result<Look, Error> {
    let said = said(actor, Operation::View, &Subject::Folder(number));
    let look = vault.look(actor, &ItemKey::Number(number)).await.map_err(&said)?;
    look.folder().map_err(&said)?;
    look.check(actor, Action::View).map_err(&said)?;
    if look.item().is_root() { Err(said(Refusal::Missing(Missing::Item))) } else { Ok(look) }
}

/// A folder of a site; 0 is the root folder.
pub async fn folder_in(vault: &Vault, actor: &Actor, group: i64, number: i64) -> Result<Look, Error> {
    let library = site(vault, actor, "repositoryId", group).await?;
    let look = if number == ids::ROOT {
        let said = said(actor, Operation::View, &Subject::Folder(number));
        let look = vault.look(actor, &ItemKey::Root(library.id)).await.map_err(&said)?;
        look.check(actor, Action::View).map_err(&said)?;
        look
    } else {
        folder(vault, actor, number).await?
    };
    if look.item().library.id == library.id {
        Ok(look)
    } else {
        Err(said(actor, Operation::View, &Subject::Folder(number))(Refusal::Missing(Missing::Item)))
    }
}

/// The files of a folder with exactly this title, as far as the caller may see them.
pub async fn titled(vault: &Vault, actor: &Actor, folder: &Look, title: &str) -> Result<Vec<Item>, Error> {
    let among = Among { kind: Some(Kind::File), title: Some(title.to_owned()), ..Among::default() };
    few(vault, actor, folder, among).await
}

/// What a folder holds under exactly this name, as far as the caller may see it.
pub async fn named(vault: &Vault, actor: &Actor, folder: &Look, kind: Kind, name: &str) -> Result<Vec<Item>, Error> {
    let among = Among { kind: Some(kind), name: Some(name.to_owned()), ..Among::default() };
    few(vault, actor, folder, among).await
}

async fn few(vault: &Vault, actor: &Actor, folder: &Look, among: Among) -> Result<Vec<Item>, Error> {
    let said = said(actor, Operation::View, &Subject::Folder(ids::number_of(folder.item())));
    let window = Window { offset: 0, limit: 2, order: Order::Name };
    Ok(vault.children(actor, folder, among, window).await.map_err(said)?.items)
}

/// The file of a folder with this title; the caller may view it.
pub async fn file_titled(vault: &Vault, actor: &Actor, group: i64, number: i64, title: &str) -> Result<Look, Error> {
    let folder = folder_in(vault, actor, group, number).await?;
    let found = titled(vault, actor, &folder, title).await?.into_iter().next();
    let Some(item) = found else {
        let subject = Subject::Titled(group, number, title.to_owned());
        return Err(said(actor, Operation::View, &subject)(Refusal::Missing(Missing::Item)));
    };
    file(vault, actor, item.number).await
}

/// The file of a folder with this name of its bytes; the caller may view it.
pub async fn file_named(vault: &Vault, actor: &Actor, group: i64, number: i64, name: &str) -> Result<Look, Error> {
    let folder = folder_in(vault, actor, group, number).await?;
    let found = named(vault, actor, &folder, Kind::File, name).await?.into_iter().next();
    let Some(item) = found else {
        let subject = Subject::FileNamed(group, number, name.to_owned());
        return Err(said(actor, Operation::View, &subject)(Refusal::Missing(Missing::Item)));
    };
    file(vault, actor, item.number).await
}

/// The file of a site that another system knows by a code.
pub async fn file_coded(vault: &Vault, actor: &Actor, group: i64, code: &str) -> Result<Look, Error> {
    let library = site(vault, actor, "groupId", group).await?;
    let said = said(actor, Operation::View, &Subject::Coded(group, code.to_owned()));
    // what can be no code is nobody's
    let known = ExternalCode::parse(code).ok().flatten().ok_or_else(|| said(Refusal::Missing(Missing::Item)))?;
    let look = vault.look(actor, &ItemKey::External(library.id, known)).await.map_err(&said)?;
    look.check(actor, Action::View).map_err(&said)?;
    Ok(look)
}

/// The file with a uuid in a site.
pub async fn file_by_uuid(vault: &Vault, actor: &Actor, uuid: &str, group: i64) -> Result<Look, Error> {
    let said = said(actor, Operation::View, &Subject::Uuid(uuid.to_owned(), group));
    let missing = || said(Refusal::Missing(Missing::Item));
    let id = ids::uuid(uuid).ok_or_else(missing)?;
    let look = vault.look(actor, &ItemKey::Id(ItemId(id))).await.map_err(&said)?;
    look.file().map_err(&said)?;
    look.check(actor, Action::View).map_err(&said)?;
    if look.item().library.number == group { Ok(look) } else { Err(missing()) }
}

/// Refuses a title that another file of the folder has. Item names are unique by the database; titles are not, since other
/// dialects give them freely, so that two clients at the very same moment may still end with one title.
pub async fn check_title(
    vault: &Vault,
    actor: &Actor,
    folder: &Look,
    title: &str,
    except: Option<ItemId>,
) -> Result<(), Error> {
    let others = titled(vault, actor, folder, title).await?;
    if others.iter().any(|other| Some(other.id) != except) {
        return Err(Error::TitleTaken(title.to_owned()));
    }
    Ok(())
}
