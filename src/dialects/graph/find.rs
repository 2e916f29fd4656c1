//! From addresses to drives and items (spec/graph.md 4): who is asked for what, in as few questions as will do.

use std::sync::Arc;

use super::{
    Ask,
    address::{Base, Drive, Owner, Place, Site, Subject},
    error::Refusal,
    ids, special,
};
use crate::{
    domain::{
        actor::Reach,
        directory::{self, Slice},
        error::{Error, Missing},
        id::{ItemKey, LibraryKey, PrincipalId},
        item::Item,
        library::{Library, LibraryKind},
        person::{Person, PrincipalKind},
    },
    vault::{Eyes, Look, SitesWanted},
};

/// A site may be called this to be the root site; otherwise the first by name is.
const ROOT_SITE: &str = "root";

impl Ask {
    /// The drive of the address.
    pub async fn library(&self, drive: &Drive) -> Result<Arc<Library>, Refusal> {
        let vault = &self.hall.vault;
        match drive {
            Drive::Id(id, _) => Ok(vault.library(self.actor(), &LibraryKey::Drive(id.clone())).await?),
            Drive::Of(Owner::Me) => Ok(vault.own_library(self.actor()).await?),
            Drive::Of(Owner::User(user)) => {
                let user = self.principal(user, PrincipalKind::User).await?;
                self.library_of(user.id).await
            }
            Drive::Of(Owner::Group(group)) => {
                let group = self.principal(group, PrincipalKind::Group).await?;
                self.library_of(group.id).await
            }
            Drive::Of(Owner::Site(site)) => self.site(site).await,
            Drive::List(owner, list) => self.list(owner, list).await,
            Drive::Shared(_) => Ok(self.shared()?.item().library.clone()),
        }
    }

    /// The item that the sharing token of the address opens.
    fn shared(&self) -> Result<&Look, Refusal> {
        Ok(self.share.as_ref().map(|share| &share.look).ok_or(Error::Missing(Missing::Link))?)
    }

    /// Looks at an item below the shared one, or at that itself. Others are not there, whatever the caller may elsewhere.
    async fn look_at_shared(&self, place: &Place) -> Result<Look, Refusal> {
        let shared = self.shared()?;
        let top = shared.item().id;
        let base = match &place.base {
            Base::Root if place.path.is_empty() => return Ok(shared.clone()),
            Base::Root => ItemKey::Id(top),
            Base::Id(id) => ItemKey::Graph(id.clone()),
            Base::Special(_) => return Err(Error::Missing(Missing::Item).into()),
        };
        let look = self.hall.vault.look(self.actor(), &along(base, place)).await?;
        let item = look.item();
        let is_below = item.id == top || item.ancestors.iter().any(|above| above.id == top.0);
        if is_below { Ok(look) } else { Err(Error::Missing(Missing::Item).into()) }
    }

    /// Where an item of this request is to be found again: below the sharing token, if the request came by one.
    pub fn url_of(&self, item: &Item) -> String {
        let drive = match &self.address.subject {
            Subject::Item(Drive::Shared(token), _) => format!("shares/{}", ids::encoded(token)),
            Subject::Service | Subject::Owner(_) | Subject::Drive(_) | Subject::Item(..) | Subject::Share(_) => {
                format!("drives/{}", ids::encoded(&item.library.graph_id))
            }
        };
        format!("{}{}/{drive}/items/{}", self.origin, self.prefix, item.graph_id)
    }

    /// A user's own drive comes into being when its user asks for it.
    pub async fn library_of(&self, owner: PrincipalId) -> Result<Arc<Library>, Refusal> {
        let vault = &self.hall.vault;
        if self.actor().id() == Some(owner) && !self.actor().is_application() {
            return Ok(vault.own_library(self.actor()).await?);
        }
        Ok(vault.library(self.actor(), &LibraryKey::OwnedBy(owner)).await?)
    }

    /// Somebody of this kind by the id in the address.
    pub async fn principal(&self, text: &str, kind: PrincipalKind) -> Result<Person, Refusal> {
        let person = self.hall.vault.person(&ids::user_key(text)).await?;
        let person = person.filter(|person| person.kind == kind);
        Ok(person.ok_or(Error::Missing(Missing::Principal))?)
    }

    /// The library of a site.
    pub async fn site(&self, site: &Site) -> Result<Arc<Library>, Refusal> {
        let vault = &self.hall.vault;
        let key = match site {
            Site::Path(path) => match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                // as in the addresses of sites: /sites/name, /teams/name
                ["sites" | "teams", name] | [name] => LibraryKey::Named((*name).to_owned()),
                _ => return Err(Error::Missing(Missing::Library).into()),
            },
            Site::Id(id) => match ids::parse_site_id(id) {
                Some(guid) => LibraryKey::Site(guid),
                None if id.eq_ignore_ascii_case(ROOT_SITE) || id.eq_ignore_ascii_case(&self.host()) => {
                    return Ok(Arc::new(self.root_site().await?.library));
                }
                // the host by any name it may be reached by
                None if id.contains('.') => return Ok(Arc::new(self.root_site().await?.library)),
                None => return Err(Error::Missing(Missing::Library).into()),
            },
        };
        let library = vault.library(self.actor(), &key).await?;
        if library.kind == LibraryKind::Site { Ok(library) } else { Err(Error::Missing(Missing::Library).into()) }
    }

    /// The root site of those that the caller sees.
    ///
    /// # Errors
    /// [`Missing::Library`] where the caller sees none.
    pub async fn root_site(&self) -> Result<directory::Site, Refusal> {
        let (vault, first) = (&self.hall.vault, Slice { after: None, limit: 1, count: false });
        let named = SitesWanted::Named(ROOT_SITE.to_owned());
        let mut found = vault.list_sites(self.actor(), named, &first).await?;
        if found.entries.is_empty() {
            found = vault.list_sites(self.actor(), SitesWanted::Words(Vec::new()), &first).await?;
        }
        Ok(found.entries.pop().ok_or(Error::Missing(Missing::Library))?)
    }

    /// The library behind a list of a site: each has one, which goes by the site's GUID and by its name.
    async fn list(&self, owner: &Owner, list: &str) -> Result<Arc<Library>, Refusal> {
        let Owner::Site(site) = owner else { return Err(Refusal::NoCall) };
        let library = self.site(site).await?;
        if ids::is_list(&library, list) { Ok(library) } else { Err(Error::Missing(Missing::Library).into()) }
    }

    /// The drive and the place of the address.
    pub fn place(&self) -> Result<(&Drive, &Place), Refusal> {
        match &self.address.subject {
            Subject::Item(drive, place) => Ok((drive, place)),
            Subject::Service | Subject::Owner(_) | Subject::Drive(_) | Subject::Share(_) => Err(Refusal::NoCall),
        }
    }

    /// Looks at the item of the address.
    pub async fn look(&self) -> Result<Look, Refusal> {
        let (drive, place) = self.place()?;
        self.look_at(drive, place).await
    }

    /// The same with these eyes. There are no glances but at an item that is named by its id in a drive that is named by its own.
    pub async fn look_with(&self, eyes: &Eyes) -> Result<Look, Refusal> {
        let missing = || Refusal::from(Error::Missing(Missing::Item));
        match self.place()? {
            (Drive::Id(drive, _), Place { base: Base::Id(id), path }) if path.is_empty() => {
                let look = self.hall.vault.look_with(eyes, self.actor(), &ItemKey::Graph(id.clone())).await?;
                if look.item().library.graph_id == *drive { Ok(look) } else { Err(missing()) }
            }
            (drive, place) if eyes.are_open() => self.look_at(drive, place).await,
            _ => Err(missing()),
        }
    }

    /// Looks at an item of a drive. One that lies in another drive is not there.
    pub async fn look_at(&self, drive: &Drive, place: &Place) -> Result<Look, Refusal> {
        let vault = &self.hall.vault;
        if let Drive::Shared(_) = drive {
            return self.look_at_shared(place).await;
        }
        if let Base::Id(id) = &place.base {
            // the item tells its drive, so that nobody need be asked for the drive
            let look = vault.look(self.actor(), &along(ItemKey::Graph(id.clone()), place)).await?;
            let is_in_drive = self.is_in(drive, &look.item().library).await?;
            return if is_in_drive { Ok(look) } else { Err(Error::Missing(Missing::Item).into()) };
        }
        if let Base::Special(name) = &place.base {
            let special = special::parse(name)?;
            let library = self.library(drive).await?;
            return self.look_at_special(&library, special, &place.path).await;
        }
        let library = self.library(drive).await?;
        Ok(vault.look(self.actor(), &along(ItemKey::Id(library.root), place)).await?)
    }

    /// Whether the drive of the address is this library.
    pub async fn is_in(&self, drive: &Drive, found: &Library) -> Result<bool, Refusal> {
        Ok(match drive {
            Drive::Id(drive, _) => found.graph_id == *drive,
            Drive::Of(Owner::Me) => found.kind == LibraryKind::Personal && found.owner == self.actor().id(),
            Drive::Of(Owner::User(_) | Owner::Group(_) | Owner::Site(_)) | Drive::List(..) => {
                self.library(drive).await?.id == found.id
            }
            Drive::Shared(_) => false,
        })
    }

    /// Refuses a token that reaches nothing by reading.
    pub fn may_read(&self) -> Result<(), Refusal> {
        if self.actor().ceiling.read == Reach::Nothing { Err(Refusal::Scope) } else { Ok(()) }
    }
}

fn along(base: ItemKey, place: &Place) -> ItemKey {
    if place.path.is_empty() { base } else { ItemKey::Path(Box::new(base), place.path.clone()) }
}
