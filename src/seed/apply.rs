//! A checked world put into the vault, in one transaction: first every name that the file does not declare is looked up,
//! then entry after entry is put, and in the end the identities are answered.

use std::{collections::HashMap, ops::Range};

use toml::Spanned;

use super::{
    answer::{Applied, Category, Item, Library, Link, Part, Person, Policy, Share, Token},
    check::{self, Unknown, moment},
    names::{LibraryRef, Place, PlaceKey, WhoRef, category, category_key},
    prepare::Prepared,
    problem::Problem,
    world::{Entry, Who, World},
};
use crate::{
    content::Staged,
    domain::{
        error::Error,
        id::{CategoryId, ItemId, LibraryKey, PrincipalId},
        item::Kind,
        library::{self, LibraryKind},
        name::{ItemName, key},
        person::PrincipalKind,
    },
    vault::{
        Vault,
        setup::{
            CategoryEntry, Done, EditionEntry, FileEntry, LibraryEntry, LinkEntry, Setup, SignInEntry, TokenEntry,
            UserEntry,
        },
    },
};

/// Why a world was not applied.
pub(super) enum Refusal {
    /// The file is wrong, or does not fit what is there.
    Wrong(Vec<Problem>),
    /// The vault could not.
    Vault(Error),
}

/// Where names are looked for.
const HERE: &str = "in this file or in the database";

type Result<T> = std::result::Result<T, Refusal>;

/// A refusal of the vault belongs to the entry that was put.
trait At<T> {
    fn at(self, at: &Range<usize>) -> Result<T>;
}

impl<T> At<T> for crate::domain::error::Result<T> {
    fn at(self, at: &Range<usize>) -> Result<T> {
        self.map_err(|error| {
            let ours = matches!(error, Error::Broken(_) | Error::Overloaded);
            if ours { Refusal::Vault(error) } else { wrong(at.clone(), words(&error)) }
        })
    }
}

/// A refusal as it reads next to the line it is about.
fn words(refusal: &Error) -> String {
    #[expect(clippy::wildcard_enum_match_arm, reason = "what setting up hardly meets reads well enough as it is")]
    match refusal {
        Error::NameTaken(name) => format!("{name} is taken; choose another"),
        Error::LabelTaken(label) => format!("the file has an edition with the label {label:?} already"),
        Error::WrongKind(Kind::Folder) => "a file lies where a folder is needed".to_owned(),
        Error::WrongKind(Kind::File) => "a folder lies where a file is needed".to_owned(),
        Error::CategoryNotAssignable => "no file can be of this category, which only groups others".to_owned(),
        Error::Invalid(what) => format!("this cannot be used as {what}"),
        Error::Impossible(why) => format!("this cannot be done: {why}"),
        other => other.to_string(),
    }
}

fn wrong(at: Range<usize>, what: impl Into<String>) -> Refusal {
    Refusal::Wrong(vec![Problem::new(at, what)])
}

pub(super) async fn apply(
    vault: &Vault,
    world: &World,
    unknown: Vec<(Range<usize>, Unknown)>,
    prepared: Prepared,
) -> Result<Applied> {
    let setup = vault.set_up().await.map_err(Refusal::Vault)?;
    let mut work = Work { setup, known: Known::default(), operator: None, applied: Applied::default() };
    work.look_up(unknown).await?;
    work.people(world, &prepared).await?;
    work.rights(world).await?;
    work.tree(world, prepared.contents).await?;
    work.parts(world).await?;
    work.sharing(world).await?;
    work.tokens(world, &prepared.tokens).await?;
    work.setup.commit().await.map_err(Refusal::Vault)?;
    Ok(work.applied)
}

/// What names mean, declared or found.
#[derive(Default)]
struct Known {
    people: HashMap<(PrincipalKind, String), PrincipalId>,
    libraries: HashMap<LibraryRef, library::Library>,
    categories: HashMap<Vec<String>, CategoryId>,
    items: HashMap<PlaceKey, (ItemId, Kind)>,
}

struct Work {
    setup: Setup,
    known: Known,
    /// Whose act it is where nobody is named.
    operator: Option<PrincipalId>,
    applied: Applied,
}

impl Work {
    /// Finds what the file names and does not declare; all that is missing is said at once.
    async fn look_up(&mut self, unknown: Vec<(Range<usize>, Unknown)>) -> Result<()> {
        let mut problems = Vec::new();
        for (at, unknown) in unknown {
            if let Some(what) = self.look_one_up(&unknown).await.map_err(Refusal::Vault)? {
                problems.push(Problem::new(at, what));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Refusal::Wrong(problems)) }
    }

    async fn look_one_up(&mut self, unknown: &Unknown) -> crate::domain::error::Result<Option<String>> {
        Ok(match unknown {
            Unknown::Who(text, kinds) => {
                let WhoRef { kind, name } = WhoRef::parse(text);
                let found = self.setup.principal(kind, name).await?;
                match found.filter(|person| kinds.contains(&person.kind)) {
                    Some(person) => {
                        self.known.people.insert((person.kind, key(name)), person.id);
                        None
                    }
                    None => Some(format!("{} is named {name:?}, {HERE}", no_one(kinds))),
                }
            }
            Unknown::Library(library) => match self.library(library).await? {
                Some(_) => None,
                None => Some(match library {
                    LibraryRef::Named(_) => format!("there is no such library, {HERE}"),
                    LibraryRef::Of(_) => format!("this user has no personal library, {HERE}"),
                }),
            },
            Unknown::Category(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                match self.setup.category(&names).await? {
                    Some(row) => {
                        self.known.categories.insert(names.into_iter().map(key).collect(), row.id);
                        None
                    }
                    None => Some(format!("there is no such category, {HERE}")),
                }
            }
            Unknown::Place(place) => {
                let names: Vec<&str> = place.names.iter().map(ItemName::as_str).collect();
                let item = match self.library(&place.library).await? {
                    Some(library) => self.setup.item_at(library.root, &names).await?,
                    None => None,
                };
                match item {
                    Some(item) => {
                        self.known.items.insert(place.key(), item);
                        None
                    }
                    None => Some(format!("there is no such folder or file, {HERE}")),
                }
            }
        })
    }

    async fn library(&mut self, wanted: &LibraryRef) -> crate::domain::error::Result<Option<library::Library>> {
        if let Some(library) = self.known.libraries.get(wanted) {
            return Ok(Some(library.clone()));
        }
        let by = match wanted {
            LibraryRef::Named(name) => LibraryKey::Named(name.clone()),
            LibraryRef::Of(login) => match self.setup.principal(Some(PrincipalKind::User), login).await? {
                Some(owner) => LibraryKey::OwnedBy(owner.id),
                None => return Ok(None),
            },
        };
        let found = self.setup.library(&by).await?;
        if let Some(library) = &found {
            self.known.libraries.insert(wanted.clone(), library.clone());
        }
        Ok(found)
    }

    /// Somebody who was declared or found.
    fn who(&self, who: &Who, kinds: &[PrincipalKind]) -> Result<PrincipalId> {
        let WhoRef { kind, name } = WhoRef::parse(who.get_ref());
        let mut fits = kinds.iter().filter(|candidate| kind.is_none_or(|kind| kind == **candidate));
        let found = fits.find_map(|kind| self.known.people.get(&(*kind, key(name))).copied());
        found.ok_or_else(|| wrong(who.span(), format!("{} is named {name:?}", no_one(kinds))))
    }

    fn whoever(&self, who: Option<&Who>, at: &Range<usize>) -> Result<PrincipalId> {
        match (who, self.operator) {
            (Some(who), _) => self.who(who, check::USERS),
            (None, Some(operator)) => Ok(operator),
            (None, None) => {
                let what = "somebody must do this: declare a user with `administrator = true`, or name one with `by`";
                Err(wrong(at.clone(), what))
            }
        }
    }

    async fn people(&mut self, world: &World, prepared: &Prepared) -> Result<()> {
        for (Entry { at, is: user }, hash) in world.users.iter().zip(&prepared.hashes) {
            let entry = UserEntry {
                login: user.login.get_ref().clone(),
                email: user.email.as_ref().map(|email| email.get_ref().clone()),
                name: user.name.clone(),
                password_hash: hash.clone(),
                license: user.license,
                affiliation: user.affiliation,
                administrator: user.administrator,
                disabled: user.disabled,
            };
            let (id, done) = self.setup.put_user(&entry).await.at(at)?;
            self.known.people.insert((PrincipalKind::User, key(&entry.login)), id);
            let person = self.setup.person(id).await.at(at)?;
            self.applied.users.push(Person::of(person, done));
        }
        for (Entry { at, is: application }, secret) in world.applications.iter().zip(&prepared.secrets) {
            let client_id = application.client_id.get_ref();
            let (name, roles) = (application.name.as_deref(), application.roles.as_deref());
            let (id, done) = self.setup.put_application(client_id, name, roles, secret.as_deref()).await.at(at)?;
            let uris = application.redirect_uris.as_ref().map(|uris| uris.iter().map(|uri| uri.get_ref().clone()));
            let sign_in = SignInEntry {
                public: application.public,
                redirect_uris: uris.map(Iterator::collect),
                delegated: application.delegated.clone(),
            };
            let done = self.setup.put_sign_in(id, &sign_in, done).await.at(at)?;
            self.known.people.insert((PrincipalKind::Application, key(client_id)), id);
            let person = self.setup.person(id).await.at(at)?;
            self.applied.applications.push(Person::of(person, done));
        }
        for Entry { at, is: group } in &world.groups {
            let name = group.name.get_ref();
            let (id, mut done) = self.setup.put_group(name, group.description.as_deref()).await.at(at)?;
            self.known.people.insert((PrincipalKind::Group, key(name)), id);
            for member in &group.members {
                let who = self.who(member, check::ACTORS)?;
                done = done.and(self.setup.put_member(id, who).await.at(&member.span())?);
            }
            let person = self.setup.person(id).await.at(at)?;
            self.applied.groups.push(Person::of(person, done));
        }
        self.operator = self.setup.administrator().await.map_err(Refusal::Vault)?;
        Ok(())
    }

    async fn rights(&mut self, world: &World) -> Result<()> {
        // Parents first, wherever they stand.
        let mut categories: Vec<_> = world.categories.iter().collect();
        categories.sort_by_key(|entry| category(entry.is.path.get_ref()).len());
        for Entry { at, is: entry } in categories {
            let path = entry.path.get_ref();
            let names = category(path);
            let put = CategoryEntry {
                description: entry.description.clone(),
                default_level: entry.default_level,
                assignable: entry.assignable,
                active: entry.active,
            };
            let (row, mut done) = self.setup.put_category(&names, &put).await.at(at)?;
            for (who, level) in &entry.levels {
                let to = self.who(who, check::ANYBODY)?;
                done = done.and(self.setup.put_level(row.id, to, *level).await.at(&who.span())?);
            }
            self.known.categories.insert(category_key(path), row.id);
            let (number, arena_guid) = (row.number, row.arena_guid);
            self.applied.categories.push(Category { done, path: path.clone(), id: row.id.0, number, arena_guid });
        }
        for Entry { at, is: policy } in &world.policies {
            let name = policy.name.get_ref();
            let (id, mut done) = self.setup.put_policy(name, policy.description.as_deref()).await.at(at)?;
            for rule in &policy.rules {
                let category = self.category(rule.category.as_ref())?;
                done = done.and(self.setup.put_rule(id, rule.action, category).await.at(at)?);
            }
            for who in &policy.given_to {
                let to = self.who(who, check::ANYBODY)?;
                done = done.and(self.setup.give_policy(id, to).await.at(&who.span())?);
            }
            self.applied.policies.push(Policy { done, name: name.clone(), id: id.0 });
        }
        for entry in &world.libraries {
            self.put_library(entry).await?;
        }
        Ok(())
    }

    fn category(&self, named: Option<&Spanned<String>>) -> Result<Option<CategoryId>> {
        let Some(named) = named else { return Ok(None) };
        let found = self.known.categories.get(&category_key(named.get_ref())).copied();
        found.map(Some).ok_or_else(|| wrong(named.span(), "there is no such category"))
    }

    async fn put_library(&mut self, Entry { at, is: entry }: &Entry<super::world::Library>) -> Result<()> {
        let owner = match (&entry.owner, entry.kind) {
            (Some(owner), LibraryKind::Group) => Some(self.who(owner, check::GROUPS)?),
            (Some(owner), LibraryKind::Personal | LibraryKind::Site) => Some(self.who(owner, check::USERS)?),
            (None, _) => None,
        };
        let by = match owner.filter(|_| entry.kind == LibraryKind::Personal) {
            Some(owner) => owner,
            None => self.whoever(None, at)?,
        };
        let name = match (&entry.name, owner) {
            (Some(name), _) => name.get_ref().clone(),
            (None, Some(owner)) => self.setup.person(owner).await.at(at)?.name,
            (None, None) => return Err(wrong(at.clone(), "the library needs a `name`")),
        };
        let put = LibraryEntry {
            name,
            kind: entry.kind,
            owner,
            description: entry.description.clone(),
            policies_required: entry.policies_required,
            minor_versions: entry.minor_versions,
            check_out_required: entry.check_out_required,
            arena_workspace: entry.arena_workspace.as_ref().map(|number| *number.get_ref()),
            arena_api: entry.arena_api,
            arena_request_limit: entry.arena_request_limit.as_ref().map(|number| *number.get_ref()),
            quota_bytes: entry.quota_bytes.as_ref().map(|bytes| *bytes.get_ref()),
            by,
        };
        let (library, mut done) = self.setup.put_library(&put).await.at(at)?;
        for (who, role) in &entry.members {
            let to = self.who(who, check::ANYBODY)?;
            done = done.and(self.setup.put_role(library.root, to, *role, by).await.at(&who.span())?);
        }
        self.applied.libraries.push(Library::of(&library, done));
        if let Some(found_by) = check::library_ref(entry) {
            self.known.libraries.insert(found_by, library);
        }
        Ok(())
    }

    async fn tree(&mut self, world: &World, contents: Vec<Vec<Staged>>) -> Result<()> {
        // Folders above others first, wherever they stand.
        let mut folders: Vec<_> = world.folders.iter().collect();
        folders.sort_by_key(|entry| entry.is.at.get_ref().matches('/').count());
        for Entry { at, is: folder } in folders {
            let place = place(&folder.at)?;
            let by = self.whose(&place, folder.by.as_ref(), at).await?;
            let (parent, name) = self.parent(&place, by, at).await?;
            let (id, done) = self.setup.put_folder(parent, &name, folder.description.as_deref(), by).await.at(at)?;
            self.known.items.insert(place.key(), (id, Kind::Folder));
            let (row, _) = self.setup.item(id).await.at(at)?;
            self.applied.folders.push(Item::of(folder.at.get_ref(), &row, &[], done));
        }
        for (entry, contents) in world.files.iter().zip(contents) {
            self.put_file(entry, contents).await?;
        }
        Ok(())
    }

    async fn put_file(&mut self, Entry { at, is: file }: &Entry<super::world::File>, bytes: Vec<Staged>) -> Result<()> {
        let place = place(&file.at)?;
        let by = self.whose(&place, file.by.as_ref(), at).await?;
        let (parent, name) = self.parent(&place, by, at).await?;
        let number = |text: Option<&Spanned<String>>| text.map(|text| text.get_ref().clone());
        let version = |text: Option<&Spanned<String>>| text.and_then(|text| text.get_ref().parse().ok());
        let mut editions = Vec::with_capacity(bytes.len());
        if file.editions.is_empty() {
            editions.extend(bytes.into_iter().map(|content| EditionEntry {
                content,
                comment: file.comment.clone(),
                label: number(file.label.as_ref()),
                version: version(file.version.as_ref()),
                by,
            }));
        } else {
            for (content, edition) in bytes.into_iter().zip(&file.editions) {
                let edition = edition.get_ref();
                editions.push(EditionEntry {
                    content,
                    comment: edition.comment.clone(),
                    label: number(edition.label.as_ref()),
                    version: version(edition.version.as_ref()),
                    by: match &edition.by {
                        Some(by) => self.who(by, check::USERS)?,
                        None => by,
                    },
                });
            }
        }
        let put = FileEntry {
            parent,
            name,
            by,
            title: file.title.clone(),
            description: file.description.clone(),
            category: self.category(file.category.as_ref())?,
            editions,
        };
        let (id, done) = self.setup.put_file(put).await.at(at)?;
        self.known.items.insert(place.key(), (id, Kind::File));
        let (row, editions) = self.setup.item(id).await.at(at)?;
        self.applied.files.push(Item::of(file.at.get_ref(), &row, &editions, done));
        Ok(())
    }

    /// Whose an item is where nobody is named: in a personal library its owner's.
    async fn whose(&mut self, place: &Place, by: Option<&Who>, at: &Range<usize>) -> Result<PrincipalId> {
        let library = self.library(&place.library).await.at(at)?;
        let personal = library.filter(|library| library.kind == LibraryKind::Personal);
        match (by, personal.and_then(|library| library.owner)) {
            (None, Some(owner)) => Ok(owner),
            (by, _) => self.whoever(by, at),
        }
    }

    /// The folder an item lies in, made with those above where they are missing; and the item's name there.
    async fn parent(&mut self, place: &Place, by: PrincipalId, at: &Range<usize>) -> Result<(ItemId, ItemName)> {
        let library = self.library(&place.library).await.at(at)?;
        let library = library.ok_or_else(|| wrong(at.clone(), "there is no such library"))?;
        let Some((name, above)) = place.names.split_last() else {
            return Err(wrong(at.clone(), "this names a library; add a path below it"));
        };
        let (mut folder, mut path) = (library.root, Vec::new());
        for step in above {
            path.push(step.key());
            let known = (place.library.clone(), path.clone());
            folder = match self.known.items.get(&known) {
                Some((id, _)) => *id,
                None => self.setup.put_folder(folder, step, None, by).await.at(at)?.0,
            };
            self.known.items.insert(known, (folder, Kind::Folder));
        }
        Ok((folder, name.clone()))
    }

    async fn target(&mut self, on: &Spanned<String>) -> Result<(ItemId, Kind)> {
        let place = place(on)?;
        if place.names.is_empty() {
            let library = self.library(&place.library).await.at(&on.span())?;
            let library = library.ok_or_else(|| wrong(on.span(), "there is no such library"))?;
            return Ok((library.root, Kind::Folder));
        }
        let found = self.known.items.get(&place.key()).copied();
        found.ok_or_else(|| wrong(on.span(), "there is no such folder or file"))
    }

    async fn parts(&mut self, world: &World) -> Result<()> {
        for Entry { at, is: part } in &world.parts {
            let named = part.library.get_ref();
            let library = self.library(&LibraryRef::parse(named)).await.at(&part.library.span())?;
            let library = library.ok_or_else(|| wrong(part.library.span(), "there is no such library"))?;
            let by = self.whoever(part.by.as_ref(), at)?;
            let first = part.revisions.first().map(|first| first.get_ref().label.get_ref().as_str());
            let new = part.to_make(first.unwrap_or_default());
            let (id, mut done) = self.setup.put_part(&library, &new, part.name.is_some(), by).await.at(at)?;
            for revision in &part.revisions {
                let (at, revision) = (revision.span(), revision.get_ref());
                let mut files = Vec::with_capacity(revision.files.len());
                for file in &revision.files {
                    match self.target(file).await? {
                        (item, Kind::File) => files.push(item),
                        (_, Kind::Folder) => return Err(wrong(file.span(), "a part has files, not folders")),
                    }
                }
                let label = revision.label.get_ref();
                let put = self.setup.put_revision(&library, id, label, &files, revision.released, by);
                done = done.and(put.await.at(&at)? != Done::Found);
            }
            let revisions = self.setup.revisions(id).await.at(at)?;
            self.applied.parts.push(Part::of(named, part.number.get_ref(), id, &revisions, done));
        }
        Ok(())
    }

    async fn sharing(&mut self, world: &World) -> Result<()> {
        for Entry { at, is: share } in &world.shares {
            let (item, _) = self.target(&share.on).await?;
            let by = self.whoever(share.by.as_ref(), at)?;
            let mut done = Done::Found;
            for who in &share.with {
                let to = self.who(who, check::ANYBODY)?;
                done = done.and(self.setup.put_role(item, to, share.role, by).await.at(&who.span())?);
            }
            let with = share.with.iter().map(|who| who.get_ref().clone()).collect();
            self.applied.shares.push(Share { done, on: share.on.get_ref().clone(), with, role: share.role });
        }
        for Entry { at, is: link } in &world.links {
            let (item, kind) = self.target(&link.on).await?;
            let listed = link.users.iter().map(|user| self.who(user, check::USERS)).collect::<Result<_>>()?;
            let put = LinkEntry {
                item,
                is_folder: kind == Kind::Folder,
                name: link.name.clone(),
                role: *link.role.get_ref(),
                audience: link.audience,
                listed,
                access_code: link.access_code.as_ref().map(|code| code.get_ref().clone()),
                expires_at: link.expires.as_ref().and_then(|at| moment(at.get_ref())),
                by: self.whoever(link.by.as_ref(), at)?,
            };
            let (row, done) = self.setup.put_link(&put).await.at(at)?;
            self.applied.links.push(Link::of(link.on.get_ref(), row, done));
        }
        Ok(())
    }

    async fn tokens(&mut self, world: &World, texts: &[Option<String>]) -> Result<()> {
        for (Entry { at, is: token }, text) in world.tokens.iter().zip(texts) {
            let put = TokenEntry {
                principal: self.who(&token.whom, check::ACTORS)?,
                scopes: token.scopes.clone(),
                label: token.label.clone(),
                expires_at: token.expires.as_ref().and_then(|at| moment(at.get_ref())),
                text: text.clone(),
            };
            let (id, text, done) = self.setup.put_token(&put).await.at(at)?;
            let whom = WhoRef::parse(token.whom.get_ref()).name.to_owned();
            self.applied.tokens.push(Token { done, whom, label: put.label, id: id.0, token: text });
        }
        Ok(())
    }
}

fn place(text: &Spanned<String>) -> Result<Place> {
    Place::parse(text.get_ref()).map_err(|what| wrong(text.span(), what))
}

fn no_one(kinds: &[PrincipalKind]) -> String {
    format!("no {}", check::words(kinds))
}
