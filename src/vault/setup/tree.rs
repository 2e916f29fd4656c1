//! Folders, and files with their editions.

use super::{
    super::{external::CODE_KEY, giving::media_type},
    Done, Setup,
};
use crate::{
    content::Staged,
    domain::{
        edition::{ContentInfo, Storage},
        error::{Error, Missing, Result},
        event::Verb,
        id::{CategoryId, EditionId, ItemId, ItemKey, PrincipalId},
        item::{ClientTimes, Kind},
        library::LibraryKind,
        name::ItemName,
        permission::{Action, Permit},
        version::{Step, Version, next_label},
    },
    store::{
        self,
        contents::NewContent,
        editions::{Binding, EditionRow, Life, NewEdition},
        files::{Changed, NewItem},
        items::ItemRow,
    },
};

/// A file, found by its folder and name; `None`: as it is, or as usual for a new one.
#[derive(Debug)]
pub struct FileEntry {
    /// The folder.
    pub parent: ItemId,
    /// Its name there.
    pub name: ItemName,
    /// Whose it is, when it is made.
    pub by: PrincipalId,
    /// Its title; usually its name.
    pub title: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Its category; usually its folder's.
    pub category: Option<CategoryId>,
    /// What it has held, oldest first; at least one.
    pub editions: Vec<EditionEntry>,
}

/// An edition of a file.
#[derive(Debug)]
pub struct EditionEntry {
    /// The bytes.
    pub content: Staged,
    /// What was said with them.
    pub comment: Option<String>,
    /// Arena's label; usually the next one.
    pub label: Option<String>,
    /// Liferay's and Graph's version; usually the next major one. Must be higher than the one before.
    pub version: Option<Version>,
    /// Who published it.
    pub by: PrincipalId,
}

impl Setup {
    /// An item as it stands, with its editions, oldest first.
    pub async fn item(&mut self, id: ItemId) -> Result<(ItemRow, Vec<EditionRow>)> {
        let row = self.row(&ItemKey::Id(id)).await?.ok_or(Error::Missing(Missing::Item))?;
        let mut editions = store::editions::of(self.db(), id).await?;
        editions.reverse();
        Ok((row, editions))
    }

    /// What lies at a path below a folder, if anything does.
    pub async fn item_at(&mut self, folder: ItemId, names: &[&str]) -> Result<Option<(ItemId, Kind)>> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let row = self.row(&ItemKey::Path(Box::new(ItemKey::Id(folder)), names)).await?;
        Ok(row.map(|row| (row.id, row.kind)))
    }

    async fn row(&mut self, key: &ItemKey) -> Result<Option<ItemRow>> {
        let now = self.vault.0.clock.instead();
        Ok(store::items::by_key(self.db(), now, key, false).await?)
    }

    async fn child(&mut self, parent: ItemId, name: &ItemName) -> Result<Option<ItemRow>> {
        self.row(&ItemKey::Path(Box::new(ItemKey::Id(parent)), vec![name.as_str().to_owned()])).await
    }

    /// A folder, by its parent and name.
    ///
    /// # Errors
    /// [`Error::WrongKind`] where a file has the name.
    pub async fn put_folder(
        &mut self,
        parent: ItemId,
        name: &ItemName,
        description: Option<&str>,
        by: PrincipalId,
    ) -> Result<(ItemId, Done)> {
        let done = match self.child(parent, name).await? {
            Some(there) if there.kind == Kind::File => return Err(Error::WrongKind(Kind::Folder)),
            Some(there) => {
                let said = description.filter(|description| *description != there.description);
                if let Some(description) = said {
                    self.describe_folder(&there, parent, description, by).await?;
                }
                (there.id, Done::changed_if(said.is_some()))
            }
            None => (self.make_folder(parent, name, description.unwrap_or_default(), by).await?, Done::Made),
        };
        self.note(done.1);
        Ok(done)
    }

    async fn make_folder(
        &mut self,
        parent: ItemId,
        name: &ItemName,
        description: &str,
        by: PrincipalId,
    ) -> Result<ItemId> {
        let above = self.row(&ItemKey::Id(parent)).await?.ok_or(Error::Missing(Missing::Item))?;
        let new = NewItem {
            id: ItemId::fresh(),
            name: name.clone(),
            oracle_id: self.vault.0.fresh.oracle_folder()?,
            graph_id: self.vault.0.fresh.graph_item()?,
            category: above.category,
            owner: self.owner_in(&above, by).await?,
            author: by,
            client_times: ClientTimes::default(),
            unpublished_by: None,
            external_code: None,
        };
        let (permit, act) = (Permit::of_operator(by, parent, Action::Create), self.act(by, None));
        let made = store::folders::create(self.db(), &permit, above.library, &new, description, &act).await?;
        if made { Ok(new.id) } else { Err(Error::WrongKind(Kind::Folder)) }
    }

    async fn describe_folder(
        &mut self,
        there: &ItemRow,
        parent: ItemId,
        description: &str,
        by: PrincipalId,
    ) -> Result<()> {
        let changed = Changed { description: description.to_owned(), ..as_it_is(there, parent)? };
        let (permit, act) = (Permit::of_operator(by, there.id, Action::Describe), self.act(by, None));
        store::folders::hold_trees(self.db(), &[there.library]).await?;
        let (library, revision) = (there.library, there.revision);
        let done = store::folders::update(self.db(), &permit, library, revision, &changed, &act).await?;
        if done { Ok(()) } else { Err(Error::Overloaded) }
    }

    /// A file, by its folder and name. Editions it has already, in this order, are not published again, whatever was
    /// published between and after them; those that are missing come on top. Nothing is done to a file that somebody holds.
    ///
    /// # Errors
    /// [`Error::WrongKind`] where a folder has the name, [`Error::CategoryNotAssignable`], [`Error::LabelTaken`], [`Error::Invalid`] for a version that is
    /// not higher than the last.
    pub async fn put_file(&mut self, file: FileEntry) -> Result<(ItemId, Done)> {
        let done = match self.child(file.parent, &file.name).await? {
            Some(there) if there.kind == Kind::Folder => return Err(Error::WrongKind(Kind::File)),
            Some(there) => (there.id, self.change_file(there, file).await?),
            None => (self.make_file(file).await?, Done::Made),
        };
        self.note(done.1);
        Ok(done)
    }

    async fn make_file(&mut self, file: FileEntry) -> Result<ItemId> {
        let above = self.row(&ItemKey::Id(file.parent)).await?.ok_or(Error::Missing(Missing::Item))?;
        self.check_category(file.category, above.category).await?;
        let mut editions = file.editions.into_iter();
        let first = editions.next().ok_or(Error::ContentMissing)?;
        let new = NewItem {
            id: ItemId::fresh(),
            name: file.name.clone(),
            oracle_id: self.vault.0.fresh.oracle_file()?,
            graph_id: self.vault.0.fresh.graph_item()?,
            category: file.category.unwrap_or(above.category),
            owner: self.owner_in(&above, file.by).await?,
            author: first.by,
            client_times: ClientTimes::default(),
            unpublished_by: None,
            external_code: None,
        };
        let title = file.title.unwrap_or_else(|| file.name.as_str().to_owned());
        let description = file.description.unwrap_or_default();
        let born = NewEdition {
            ordinal: 1,
            version: first.version.unwrap_or(Version::FIRST),
            label: first.label.clone().unwrap_or_else(|| "1".to_owned()),
            ..self.edition(&first, file.name.as_str(), title, description, new.category).await?
        };
        let permit = Permit::of_operator(first.by, file.parent, Action::Create);
        let (act, content) = (self.act(first.by, first.comment.as_deref()), new_content(&first));
        let made = store::files::create(self.db(), &permit, above.library, &new, &born, Some(&content), &act).await;
        // somebody took its number as a code at this very moment: the next time it draws another
        let made = made.map_err(|error| match store::violated(&error) {
            Some(CODE_KEY) => Error::Overloaded,
            _ => Error::from(error),
        })?;
        let blob = made.ok_or(Error::WrongKind(Kind::Folder))?;
        self.given.push((first.content, blob));
        for next in editions {
            self.publish(new.id, next).await?;
        }
        Ok(new.id)
    }

    async fn change_file(&mut self, there: ItemRow, file: FileEntry) -> Result<Done> {
        let (_, has) = self.item(there.id).await?;
        let mut has = has.into_iter().map(|edition| edition.sha256);
        let missing = file.editions.into_iter().skip_while(|wanted| {
            let wanted = &wanted.content.content().sha256.0[..];
            has.any(|has| has.as_deref() == Some(wanted))
        });
        let missing: Vec<EditionEntry> = missing.collect();
        let title = file.title.filter(|title| *title != there.title);
        let description = file.description.filter(|description| *description != there.description);
        self.check_category(file.category, there.category).await?;
        let category = file.category.filter(|category| *category != there.category);
        let described = title.is_some() || description.is_some() || category.is_some();
        if !described && missing.is_empty() {
            return Ok(Done::Found);
        }
        // what its holder left is published first
        if there.held || there.folder_lock.is_some() || self.vault.is_left_behind(&there) {
            return Ok(Done::Held);
        }
        if described {
            let now = as_it_is(&there, file.parent)?;
            let changed = Changed {
                title: title.unwrap_or(now.title),
                description: description.unwrap_or(now.description),
                category: category.unwrap_or(now.category),
                ..now
            };
            let (permit, act) = (Permit::of_operator(file.by, there.id, Action::Describe), self.act(file.by, None));
            let seen = store::files::Seen { revision: there.lock_revision.unwrap_or(0), bound: false };
            if !store::files::update(self.db(), &permit, there.library, seen, &changed, &act).await? {
                return Err(Error::Overloaded);
            }
        }
        for next in missing {
            self.publish(there.id, next).await?;
        }
        Ok(Done::Changed)
    }

    /// One more edition of a file that nobody holds.
    async fn publish(&mut self, file: ItemId, next: EditionEntry) -> Result<()> {
        let (there, has) = self.item(file).await?;
        let half = || Error::broken("a file without an edition or a lock");
        let (Some(ordinal), Some(major), Some(minor)) = (there.last_ordinal, there.last_major, there.last_minor) else {
            return Err(half());
        };
        let last = Version { major, minor };
        let version = next.version.unwrap_or_else(|| last.next(Step::Major));
        if version <= last {
            return Err(Error::Invalid("version, which must be higher than the last one"));
        }
        let label = next.label.clone().unwrap_or_else(|| {
            next_label(there.label.as_deref().unwrap_or_default(), |label| has.iter().any(|has| has.label == label))
        });
        let edition = NewEdition {
            ordinal: ordinal.saturating_add(1),
            version,
            label,
            ..self.edition(&next, &there.name, there.title.clone(), there.description.clone(), there.category).await?
        };
        let permit = Permit::of_operator(next.by, file, Action::AddEdition);
        let (act, content) = (self.act(next.by, next.comment.as_deref()), new_content(&next));
        let binding =
            Binding { revision: there.lock_revision.ok_or_else(half)?, release: false, life: Life::Any, holder: None };
        let (library, verb) = (there.library, Verb::AddEdition);
        let published =
            store::editions::publish(self.db(), &permit, library, verb, &edition, Some(&content), binding, &act).await;
        match published {
            Ok(Some(blob)) => {
                self.given.push((next.content, blob));
                Ok(())
            }
            // changed by somebody else between two statements of ours
            Ok(None) => Err(Error::Overloaded),
            Err(error) if store::violated(&error) == Some("editions_label_key") => {
                Err(Error::LabelTaken(edition.label))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What an edition is, whatever its number.
    async fn edition(
        &mut self,
        entry: &EditionEntry,
        name: &str,
        title: String,
        description: String,
        category: CategoryId,
    ) -> Result<NewEdition> {
        let content = entry.content.content();
        let author = self.person(entry.by).await?;
        Ok(NewEdition {
            id: EditionId::fresh(),
            arena_guid: self.vault.0.fresh.arena_guid()?,
            ordinal: 0,
            version: Version::FIRST,
            label: String::new(),
            file_name: Some(name.to_owned()),
            title,
            description,
            format: None,
            private: false,
            storage: Storage::File,
            location: None,
            media_type: Some(media_type(None, name)),
            content: Some(ContentInfo {
                sha256: content.sha256,
                quick_xor: content.quick_xor,
                size: content.size.cast_signed(),
            }),
            comment: entry.comment.clone().unwrap_or_default(),
            author: entry.by,
            author_name: author.name,
            category,
            item_name: None,
            client_times: ClientTimes::default(),
        })
    }

    /// Refuses a category that no file can be of. One that is not active any more may have files from before.
    async fn check_category(&mut self, wanted: Option<CategoryId>, there: CategoryId) -> Result<()> {
        let Some(wanted) = wanted.filter(|wanted| *wanted != there) else { return Ok(()) };
        let all = store::categories::all(self.db()).await?;
        let assignable = all.iter().any(|category| category.id == wanted && category.assignable);
        if assignable { Ok(()) } else { Err(Error::CategoryNotAssignable) }
    }

    /// Whose a new item is: in a personal library its owner's, elsewhere its author's.
    async fn owner_in(&mut self, above: &ItemRow, by: PrincipalId) -> Result<PrincipalId> {
        let library = self.library(&crate::domain::id::LibraryKey::Id(above.library)).await?;
        let owner = library.filter(|library| library.kind == LibraryKind::Personal).and_then(|library| library.owner);
        Ok(owner.unwrap_or(by))
    }
}

fn new_content(entry: &EditionEntry) -> NewContent {
    NewContent(entry.content.content().clone())
}

fn as_it_is(there: &ItemRow, parent: ItemId) -> Result<Changed> {
    Ok(Changed {
        parent,
        name: ItemName::parse(&there.name)?,
        title: there.title.clone(),
        description: there.description.clone(),
        category: there.category,
        client_times: ClientTimes { created: there.client_created_at, modified: there.client_modified_at },
    })
}
