//! Libraries, categories, policies, and who has what of them.

use super::{Done, Setup};
use crate::{
    domain::{
        actor::{Level, Role, Rule},
        error::{Error, Missing, Result},
        id::{CategoryId, ItemId, LibraryKey, PolicyId, PrincipalId},
        library::{Library, LibraryKind},
        name,
    },
    store::{
        self,
        categories::CategoryRow,
        directory,
        libraries::{LibraryUpdate, NewLibrary, Quota},
    },
};

/// A library; `None`: as it is, or as usual for a new one.
#[derive(Clone, Debug)]
pub struct LibraryEntry {
    /// Its name; a site's and a group's library is found by it.
    pub name: String,
    /// Personal, a group's, a site's.
    pub kind: LibraryKind,
    /// Whose it is; a personal one is found by this.
    pub owner: Option<PrincipalId>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether a policy must allow what a role allows.
    pub policies_required: Option<bool>,
    /// Whether uploads and plain check-ins through Graph make minor versions.
    pub minor_versions: Option<bool>,
    /// Whether bytes come into a file by a check-out only.
    pub check_out_required: Option<bool>,
    /// Arena's workspace id.
    pub arena_workspace: Option<i64>,
    /// Whether the workspace can be entered through Arena's API.
    pub arena_api: Option<bool>,
    /// Requests a day through Arena.
    pub arena_request_limit: Option<i64>,
    /// Bytes it may hold.
    pub quota_bytes: Option<i64>,
    /// Who makes it.
    pub by: PrincipalId,
}

/// A category; `None`: as it is, or as usual for a new one.
#[derive(Clone, Debug, Default)]
pub struct CategoryEntry {
    /// What it is for.
    pub description: Option<String>,
    /// What everybody may who is given no level of their own.
    pub default_level: Option<Level>,
    /// Whether files can be of it.
    pub assignable: Option<bool>,
    /// Whether it can still be given to files.
    pub active: Option<bool>,
}

impl CategoryEntry {
    fn changes(&self, there: &CategoryRow) -> bool {
        self.description.as_ref().is_some_and(|description| *description != there.description)
            || self.default_level.is_some_and(|level| Some(level) != there.default_level)
            || self.assignable.is_some_and(|assignable| assignable != there.assignable)
            || self.active.is_some_and(|active| active != there.active)
    }
}

impl Setup {
    /// A library that is there.
    pub async fn library(&mut self, key: &LibraryKey) -> Result<Option<Library>> {
        Ok(store::libraries::find(self.db(), key).await?)
    }

    /// A library, by name, or by owner for a personal one.
    ///
    /// # Errors
    /// [`Error::NameTaken`] for a name or a workspace that another library has.
    pub async fn put_library(&mut self, entry: &LibraryEntry) -> Result<(Library, Done)> {
        let key = match (entry.kind, entry.owner) {
            (LibraryKind::Personal, Some(owner)) => LibraryKey::OwnedBy(owner),
            _ => LibraryKey::Named(entry.name.clone()),
        };
        let done = match self.library(&key).await? {
            Some(there) if there.kind != entry.kind || there.owner != entry.owner => {
                return Err(Error::NameTaken(entry.name.clone()));
            }
            Some(there) => self.change_library(there.clone(), entry).await?,
            None => self.make_library(entry).await?,
        };
        self.note(done.1);
        Ok(done)
    }

    async fn make_library(&mut self, entry: &LibraryEntry) -> Result<(Library, Done)> {
        let drawn = self.vault.draw_library(entry.kind, &entry.name, entry.owner)?;
        let new = NewLibrary {
            description: entry.description.clone().unwrap_or_default(),
            policies_required: entry.policies_required.unwrap_or(false),
            minor_versions: entry.minor_versions.unwrap_or(false),
            check_out_required: entry.check_out_required.unwrap_or(false),
            arena_workspace: entry.arena_workspace,
            arena_api: entry.arena_api.unwrap_or(drawn.arena_api),
            arena_request_limit: entry.arena_request_limit.unwrap_or(drawn.arena_request_limit),
            quota_bytes: entry.quota_bytes,
            created_by: Some(entry.by),
            ..drawn
        };
        let vault = self.vault.clone();
        vault.create_library_in(self.db(), &new, entry.by).await?;
        let made = self.library(&LibraryKey::Id(new.id)).await?.ok_or(Error::Missing(Missing::Library))?;
        Ok((made, Done::Made))
    }

    async fn change_library(&mut self, there: Library, entry: &LibraryEntry) -> Result<(Library, Done)> {
        let update = LibraryUpdate {
            description: entry.description.as_deref().filter(|description| *description != there.description),
            policies_required: entry.policies_required.filter(|required| *required != there.policies_required),
            minor_versions: entry.minor_versions.filter(|minor| *minor != there.minor_versions),
            check_out_required: entry.check_out_required.filter(|required| *required != there.check_out_required),
            arena_workspace: entry.arena_workspace.filter(|workspace| Some(*workspace) != there.arena_workspace),
            arena_api: entry.arena_api.filter(|open| *open != there.arena_api),
            arena_request_limit: entry.arena_request_limit.filter(|limit| *limit != there.arena_request_limit),
            quota_bytes: entry.quota_bytes.filter(|quota| Some(*quota) != there.quota_bytes).map(Quota::Bytes),
        };
        if update == LibraryUpdate::default() {
            return Ok((there, Done::Found));
        }
        let vault = self.vault.clone();
        vault.update_library_in(self.db(), there.id, &update).await?;
        let changed = self.library(&LibraryKey::Id(there.id)).await?.ok_or(Error::Missing(Missing::Library))?;
        Ok((changed, Done::Changed))
    }

    /// A role on an item, in place of the one somebody had there; whether that is new.
    pub async fn put_role(&mut self, item: ItemId, to: PrincipalId, role: Role, by: PrincipalId) -> Result<bool> {
        let now = self.vault.0.clock.instead();
        let given = directory::put_membership(self.db(), item, to, role, Some(by), now).await?;
        Ok(self.noted(given))
    }

    /// A category by its names from below the root category on, `None` if there is none; the root category for no names.
    pub async fn category(&mut self, names: &[&str]) -> Result<Option<CategoryRow>> {
        let all = store::categories::all(self.db()).await?;
        let child = |parent: Option<CategoryId>, fits: &dyn Fn(&CategoryRow) -> bool| {
            all.iter().find(|row| row.parent == parent && fits(row)).cloned()
        };
        let mut found = child(None, &|_| true);
        for wanted in names {
            let Some(above) = found else { return Ok(None) };
            found = child(Some(above.id), &|row| name::key(&row.name) == name::key(wanted));
        }
        Ok(found)
    }

    /// A category by its names from below the root category on; those above must be there. The root category for no names.
    pub async fn put_category(&mut self, names: &[&str], entry: &CategoryEntry) -> Result<(CategoryRow, Done)> {
        let there = self.category(names).await?;
        let (parent, last) = match (names.split_last(), &there) {
            (Some((last, above)), _) => {
                fits_a_name(last)?;
                let parent = self.category(above).await?.ok_or(Error::Missing(Missing::Category))?;
                (Some(parent.id), (*last).to_owned())
            }
            (None, Some(root)) => (None, root.name.clone()),
            (None, None) => return Err(Error::Missing(Missing::Category)),
        };
        let done = match &there {
            None => Done::Made,
            Some(there) => Done::changed_if(entry.changes(there)),
        };
        if done != Done::Found {
            let (guid, now) = (self.vault.0.fresh.arena_guid()?, self.vault.0.clock.instead());
            let said = there.as_ref().map(|there| there.description.clone()).unwrap_or_default();
            let (description, level) = (entry.description.as_deref().unwrap_or(&said), entry.default_level);
            let id = store::categories::put(self.db(), parent, &last, description, level, &guid, now).await?;
            store::categories::mark(self.db(), id, entry.assignable, entry.active).await?;
        }
        self.note(done);
        Ok((self.category(names).await?.ok_or(Error::Missing(Missing::Category))?, done))
    }

    /// A level on a category, in place of the one somebody had there; whether that is new.
    pub async fn put_level(&mut self, category: CategoryId, to: PrincipalId, level: Level) -> Result<bool> {
        let given = store::categories::put_level(self.db(), category, to, level).await?;
        Ok(self.noted(given))
    }

    /// Takes the level somebody has on a category away; whether they had one there.
    pub async fn take_level(&mut self, category: CategoryId, from: PrincipalId) -> Result<bool> {
        let taken = store::categories::remove_level(self.db(), category, from).await?;
        Ok(self.noted(taken))
    }

    /// Lets a category say nothing by default, so that the one above it does; whether it said something.
    pub async fn inherit_level(&mut self, category: CategoryId) -> Result<bool> {
        let changed = store::categories::inherit_level(self.db(), category).await?;
        Ok(self.noted(changed))
    }

    /// The policy of this name.
    pub async fn policy(&mut self, name: &str) -> Result<Option<PolicyId>> {
        Ok(directory::policy_named(self.db(), name).await?.map(|(id, _)| id))
    }

    /// A policy, by name.
    pub async fn put_policy(&mut self, name: &str, description: Option<&str>) -> Result<(PolicyId, Done)> {
        fits_a_name(name)?;
        let there = directory::policy_named(self.db(), name).await?;
        let done = match &there {
            None => Done::Made,
            Some((_, said)) => Done::changed_if(description.is_some_and(|description| description != said)),
        };
        let id = match (there, done) {
            (Some((id, _)), Done::Found) => id,
            _ => directory::put_policy(self.db(), name, description.unwrap_or_default()).await?,
        };
        Ok((id, self.note(done)))
    }

    /// A rule of a policy, `None`: for every category; whether that is new.
    pub async fn put_rule(&mut self, policy: PolicyId, rule: Rule, category: Option<CategoryId>) -> Result<bool> {
        let given = directory::put_rule(self.db(), policy, rule, category).await?;
        Ok(self.noted(given))
    }

    /// Takes a rule from a policy; whether it had it.
    pub async fn take_rule(&mut self, policy: PolicyId, rule: Rule, category: Option<CategoryId>) -> Result<bool> {
        let taken = directory::remove_rule(self.db(), policy, rule, category).await?;
        Ok(self.noted(taken))
    }

    /// Takes a policy from somebody; whether they had it, not counting through a group.
    pub async fn take_policy(&mut self, policy: PolicyId, from: PrincipalId) -> Result<bool> {
        let taken = directory::revoke_policy(self.db(), policy, from).await?;
        Ok(self.noted(taken))
    }

    /// A policy given to somebody; whether that is new.
    pub async fn give_policy(&mut self, policy: PolicyId, to: PrincipalId) -> Result<bool> {
        let given = directory::grant_policy(self.db(), policy, to).await?;
        Ok(self.noted(given))
    }
}

/// Refuses what nobody could name afterwards.
fn fits_a_name(name: &str) -> Result<()> {
    let fits =
        !name.trim().is_empty() && name.chars().count() <= name::LONGEST_NAME && !name.contains(char::is_control);
    if fits { Ok(()) } else { Err(Error::Invalid("name")) }
}
