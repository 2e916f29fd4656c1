//! What can be said of a world before anybody is asked: twice the same, not both at once, none of such a form; and which
//! names it leaves to be found in the database.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    ops::Range,
};

use chrono::{DateTime, Utc};
use toml::{Spanned, value::Datetime};

use super::{
    names::{LibraryRef, Place, PlaceKey, WhoRef, category, category_key},
    problem::Problem,
    world::{Edition, Entry, File, Library, Part, Who, World},
};
use crate::domain::{
    actor::Role,
    error::Error,
    grant,
    library::LibraryKind,
    link::Audience,
    name::{ItemName, key},
    part::{check_label, number_key},
    person::PrincipalKind::{self, Application, Group, User},
    version::Version,
};

/// A name the file uses and does not declare.
#[derive(Clone, Debug)]
pub(super) enum Unknown {
    /// Somebody of one of these kinds.
    Who(String, &'static [PrincipalKind]),
    /// A library.
    Library(LibraryRef),
    /// A category.
    Category(Vec<String>),
    /// A folder or a file in a library.
    Place(Place),
}

/// Who may stand where.
pub(super) const ANYBODY: &[PrincipalKind] = &[User, Application, Group];
pub(super) const ACTORS: &[PrincipalKind] = &[User, Application];
pub(super) const USERS: &[PrincipalKind] = &[User];
pub(super) const GROUPS: &[PrincipalKind] = &[Group];

/// What is wrong, and what is to be looked up, each with its place.
#[derive(Default)]
pub(super) struct Checked {
    pub problems: Vec<Problem>,
    pub unknown: Vec<(Range<usize>, Unknown)>,
    people: HashSet<(PrincipalKind, String)>,
    libraries: HashSet<LibraryRef>,
    categories: HashSet<Vec<String>>,
    /// Folders and files; whether it is a file.
    places: HashMap<PlaceKey, bool>,
}

/// Label and version of an edition.
type Numbers<'a> = (Option<&'a Spanned<String>>, Option<&'a Spanned<String>>);

/// Checks a world.
pub(super) fn check(world: &World) -> Checked {
    let mut checked = Checked::default();
    checked.declare(world);
    checked.people(world);
    checked.rights(world);
    checked.tree(world);
    checked.parts(world);
    checked.sharing(world);
    checked
}

impl Checked {
    fn wrong(&mut self, at: Range<usize>, what: impl Into<String>) {
        self.problems.push(Problem::new(at, what));
    }

    fn once<K: Eq + Hash>(&mut self, seen: &mut HashSet<K>, key: K, at: Range<usize>, what: &str) {
        if !seen.insert(key) {
            self.wrong(at, format!("{what} stands here a second time"));
        }
    }

    fn not_empty(&mut self, text: &Spanned<String>, what: &str) {
        if text.get_ref().trim().is_empty() {
            self.wrong(text.span(), format!("{what} must not be empty"));
        }
    }

    /// Collects what the file declares, so that entries may stand in any order.
    fn declare(&mut self, world: &World) {
        let users = world.users.iter().map(|user| (User, &user.is.login));
        let groups = world.groups.iter().map(|group| (Group, &group.is.name));
        let applications = world.applications.iter().map(|application| (Application, &application.is.client_id));
        for (kind, name) in users.chain(groups).chain(applications) {
            self.not_empty(name, "the name");
            if !self.people.insert((kind, key(name.get_ref()))) {
                self.wrong(name.span(), format!("{:?} is declared a second time", name.get_ref()));
            }
            if name.get_ref().contains(':') && WhoRef::parse(name.get_ref()).kind.is_some() {
                self.wrong(name.span(), "a name must not begin with user:, application: or group:");
            }
        }
        for category in &world.categories {
            if !self.categories.insert(category_key(category.is.path.get_ref())) {
                self.wrong(category.is.path.span(), "this category is declared a second time");
            }
        }
        for library in &world.libraries {
            let Some(library_ref) = library_ref(&library.is) else { continue };
            if !self.libraries.insert(library_ref) {
                self.wrong(library.at.clone(), "this library is declared a second time");
            }
        }
        let folders = world.folders.iter().map(|folder| (&folder.is.at, false));
        let files = world.files.iter().map(|file| (&file.is.at, true));
        for (at, is_file) in folders.chain(files) {
            self.declare_place(at, is_file);
        }
    }

    fn declare_place(&mut self, at: &Spanned<String>, is_file: bool) {
        let place = match Place::parse(at.get_ref()) {
            Ok(place) if place.names.is_empty() => {
                return self.wrong(at.span(), format!("{:?} names a library; add a path below it", at.get_ref()));
            }
            Ok(place) => place,
            Err(what) => return self.wrong(at.span(), what),
        };
        let (library, mut names) = place.key();
        let declared = self.places.insert((library.clone(), names.clone()), is_file);
        if declared.is_some_and(|was_file| was_file || is_file) {
            self.wrong(at.span(), format!("{:?} is declared a second time", at.get_ref()));
        }
        // Folders above come with it.
        while names.pop().is_some() && !names.is_empty() {
            if *self.places.entry((library.clone(), names.clone())).or_insert(false) {
                return self.wrong(at.span(), format!("{:?} lies in a file, which cannot hold it", at.get_ref()));
            }
        }
        self.library(at.span(), &library);
    }

    fn people(&mut self, world: &World) {
        let mut addresses = HashSet::new();
        for user in &world.users {
            let user = &user.is;
            if let Some(email) = &user.email {
                self.not_empty(email, "an e-mail address");
                self.once(&mut addresses, key(email.get_ref()), email.span(), "this e-mail address");
            }
            self.one_of(user.password.as_ref().map(Spanned::span), user.password_file.as_ref().map(Spanned::span));
            if let Some(password) = &user.password {
                self.not_empty(password, "a password");
            }
        }
        for group in &world.groups {
            group.is.members.iter().for_each(|member| self.who(member, ACTORS));
        }
        let mut secrets = HashSet::new();
        for application in &world.applications {
            let application = &application.is;
            if key(application.client_id.get_ref()) != *application.client_id.get_ref() {
                self.wrong(application.client_id.span(), "a client id must not hold capital letters");
            }
            for uri in application.redirect_uris.iter().flatten() {
                if !grant::is_redirect_uri(uri.get_ref()) {
                    self.wrong(uri.span(), "no browser can be sent there");
                }
            }
            self.one_of(
                application.secret.as_ref().map(Spanned::span),
                application.secret_file.as_ref().map(Spanned::span),
            );
            if let Some(secret) = &application.secret {
                self.not_empty(secret, "a secret");
                self.once(&mut secrets, secret.get_ref().clone(), secret.span(), "this secret");
            }
        }
        let (mut texts, mut labels) = (HashSet::new(), HashSet::new());
        for token in &world.tokens {
            let at = token.at.clone();
            let token = &token.is;
            self.who(&token.whom, ACTORS);
            self.moment(token.expires.as_ref());
            self.one_of(token.token.as_ref().map(Spanned::span), token.token_file.as_ref().map(Spanned::span));
            if let Some(text) = &token.token {
                if text.get_ref().len() < 16 || !text.get_ref().bytes().all(|byte| byte.is_ascii_graphic()) {
                    self.wrong(text.span(), "a token has at least 16 characters, all of them ASCII and none a blank");
                }
                self.once(&mut texts, text.get_ref().clone(), text.span(), "this token");
            } else if token.token_file.is_none() {
                let named = (key(token.whom.get_ref()), token.label.clone());
                self.once(
                    &mut labels,
                    named,
                    at,
                    "a token without a text, for the same bearer and with the same label,",
                );
            }
        }
    }

    fn rights(&mut self, world: &World) {
        for entry in &world.categories {
            let path = &entry.is.path;
            let names = category(path.get_ref());
            if names.iter().any(|name| name.is_empty()) {
                self.wrong(path.span(), "a category is named by its path, such as \"Drawings/Released\"");
            }
            if let Some((_, above)) = names.split_last()
                && !above.is_empty()
            {
                self.category(path.span(), above.iter().map(|name| key(name)).collect());
            }
            entry.is.levels.keys().for_each(|who| self.who(who, ANYBODY));
        }
        let mut policies = HashSet::new();
        for Entry { is: policy, .. } in &world.policies {
            self.not_empty(&policy.name, "the name");
            self.once(&mut policies, key(policy.name.get_ref()), policy.name.span(), "this policy");
            for category in policy.rules.iter().filter_map(|rule| rule.category.as_ref()) {
                self.category(category.span(), category_key(category.get_ref()));
            }
            policy.given_to.iter().for_each(|who| self.who(who, ANYBODY));
        }
        let mut workspaces = HashSet::new();
        for Entry { at, is: library } in &world.libraries {
            self.owned(at.clone(), library);
            if let Some(workspace) = &library.arena_workspace {
                self.once(&mut workspaces, *workspace.get_ref(), workspace.span(), "this workspace");
            }
            if let Some(limit) = library.arena_request_limit.as_ref().filter(|limit| *limit.get_ref() < 0) {
                self.wrong(limit.span(), "a request limit is not negative");
            }
            if let Some(quota) = library.quota_bytes.as_ref().filter(|quota| *quota.get_ref() < 0) {
                self.wrong(quota.span(), "a quota is not negative");
            }
            library.members.keys().for_each(|who| self.who(who, ANYBODY));
        }
    }

    fn owned(&mut self, at: Range<usize>, library: &Library) {
        match (library.kind, &library.owner) {
            (LibraryKind::Site, None) => {}
            (LibraryKind::Site, Some(owner)) => {
                self.wrong(owner.span(), "a site's library belongs to nobody; say kind = \"personal\" or \"group\"");
            }
            (LibraryKind::Personal, Some(owner)) => self.who(owner, USERS),
            (LibraryKind::Group, Some(owner)) => self.who(owner, GROUPS),
            (LibraryKind::Personal | LibraryKind::Group, None) => {
                self.wrong(at.clone(), "a personal library and a group's need an `owner`");
            }
        }
        match &library.name {
            Some(name) => {
                if let Err(bad) = ItemName::parse(name.get_ref()) {
                    self.wrong(name.span(), bad.to_string());
                } else if name.get_ref().starts_with('~') {
                    self.wrong(name.span(), "a library's name must not begin with ~, which marks somebody's own");
                }
            }
            None if library.kind != LibraryKind::Personal => self.wrong(at, "the library needs a `name`"),
            None => {}
        }
    }

    fn tree(&mut self, world: &World) {
        for folder in &world.folders {
            if let Some(by) = &folder.is.by {
                self.who(by, USERS);
            }
        }
        for Entry { at, is: file } in &world.files {
            if let Some(by) = &file.by {
                self.who(by, USERS);
            }
            if let Some(category) = &file.category {
                self.category(category.span(), category_key(category.get_ref()));
            }
            self.contents(at.clone(), file);
        }
    }

    fn contents(&mut self, at: Range<usize>, file: &File) {
        let own = [
            file.text.as_ref().map(Spanned::span),
            file.path.as_ref().map(Spanned::span),
            file.label.as_ref().map(Spanned::span),
            file.version.as_ref().map(Spanned::span),
        ];
        if file.editions.is_empty() {
            self.bytes(at, file.text.as_ref().map(Spanned::span), file.path.as_ref().map(Spanned::span));
            return self.numbers(&[(file.label.as_ref(), file.version.as_ref())]);
        }
        if let Some(span) = own.into_iter().flatten().next() {
            self.wrong(span, "a file has either `editions` or one of its own; put this into the edition it belongs to");
        }
        for edition in &file.editions {
            let at = edition.span();
            let Edition { text, path, by, .. } = edition.get_ref();
            if let Some(by) = by {
                self.who(by, USERS);
            }
            self.bytes(at, text.as_ref().map(Spanned::span), path.as_ref().map(Spanned::span));
        }
        let numbers = file.editions.iter().map(Spanned::get_ref);
        let numbers: Vec<_> = numbers.map(|edition| (edition.label.as_ref(), edition.version.as_ref())).collect();
        self.numbers(&numbers);
    }

    fn bytes(&mut self, at: Range<usize>, text: Option<Range<usize>>, path: Option<Range<usize>>) {
        if text.is_none() && path.is_none() {
            self.wrong(at, "content is missing: give `text`, or the `path` of a file beside this one");
        }
        self.one_of(text, path);
    }

    /// Labels differ, versions rise.
    fn numbers(&mut self, numbers: &[Numbers<'_>]) {
        let (mut labels, mut last) = (HashSet::new(), None);
        for (label, version) in numbers {
            if let Some(label) = label {
                self.not_empty(label, "a label");
                self.once(&mut labels, label.get_ref().clone(), label.span(), "this label");
            }
            let Some(version) = version else { continue };
            match version.get_ref().parse::<Version>() {
                Err(bad) => self.wrong(version.span(), format!("{bad}, such as \"2.0\"")),
                Ok(is) if Some(is) <= last => self.wrong(version.span(), "a version is higher than the one before"),
                Ok(is) => last = Some(is),
            }
        }
    }

    fn parts(&mut self, world: &World) {
        let mut numbers = HashSet::new();
        for Entry { at, is: part } in &world.parts {
            let library = LibraryRef::parse(part.library.get_ref());
            self.library(part.library.span(), &library);
            let first = part.revisions.first().map(|first| first.get_ref().label.get_ref().as_str());
            let new = part.to_make(first.unwrap_or_default());
            match (first, new.check()) {
                (None, _) => self.wrong(at.clone(), "a part needs at least one of `revisions`"),
                // said where the label stands
                (Some(_), Err(Error::Invalid("revision")) | Ok(())) => {}
                (Some(_), Err(Error::Invalid(what))) => {
                    self.wrong(part.number.span(), format!("this part cannot have such a {what}"));
                }
                (Some(_), Err(refusal)) => self.wrong(part.number.span(), refusal.to_string()),
            }
            let number = (library, number_key(part.number.get_ref()));
            self.once(&mut numbers, number, part.number.span(), "this part");
            if let Some(by) = &part.by {
                self.who(by, USERS);
            }
            self.revisions(part);
        }
    }

    fn revisions(&mut self, part: &Part) {
        let mut labels = HashSet::new();
        let library = LibraryRef::parse(part.library.get_ref());
        for (place, revision) in part.revisions.iter().enumerate() {
            let at = revision.span();
            let revision = revision.get_ref();
            if check_label(revision.label.get_ref()).is_err() {
                self.wrong(revision.label.span(), "this cannot be the label of a revision");
            }
            self.once(&mut labels, revision.label.get_ref().trim().to_owned(), revision.label.span(), "this label");
            if !revision.released && place + 1 < part.revisions.len() {
                self.wrong(at, "only the last revision can be worked on; say `released = true` for this one");
            }
            for file in &revision.files {
                self.place(file);
                if Place::parse(file.get_ref()).is_ok_and(|place| place.library != library) {
                    self.wrong(file.span(), "a part has files of its own library only");
                }
            }
        }
    }

    fn sharing(&mut self, world: &World) {
        for Entry { is: share, .. } in &world.shares {
            self.place(&share.on);
            share.with.iter().for_each(|who| self.who(who, ANYBODY));
            if let Some(by) = &share.by {
                self.who(by, USERS);
            }
        }
        let mut links = HashSet::new();
        for Entry { at, is: link } in &world.links {
            self.place(&link.on);
            self.once(&mut links, (key(link.on.get_ref()), link.name.clone()), at.clone(), "a link of this name on it");
            if *link.role.get_ref() > Role::Contributor {
                self.wrong(link.role.span(), "a link gives viewer, downloader or contributor");
            }
            if let Some(code) = &link.access_code {
                self.not_empty(code, "an access code");
            }
            link.users.iter().for_each(|who| self.who(who, USERS));
            if let Some(by) = &link.by {
                self.who(by, USERS);
            }
            match (link.audience, link.users.first()) {
                (Audience::Listed, None) => self.wrong(at.clone(), "the audience `listed` needs `users`"),
                (Audience::Everybody | Audience::SignedIn, Some(first)) => {
                    self.wrong(first.span(), "`users` goes with the audience `listed`");
                }
                (Audience::Listed, Some(_)) | (Audience::Everybody | Audience::SignedIn, None) => {}
            }
            self.moment(link.expires.as_ref());
        }
    }

    fn one_of(&mut self, one: Option<Range<usize>>, other: Option<Range<usize>>) {
        if let (Some(_), Some(other)) = (one, other) {
            self.wrong(other, "this stands beside another way of saying the same; keep one");
        }
    }

    fn moment(&mut self, at: Option<&Spanned<Datetime>>) {
        if let Some(at) = at
            && moment(at.get_ref()).is_none()
        {
            self.wrong(at.span(), "a moment needs its offset, such as 2030-01-31T00:00:00Z");
        }
    }

    fn who(&mut self, who: &Who, kinds: &'static [PrincipalKind]) {
        let WhoRef { kind, name } = WhoRef::parse(who.get_ref());
        let fits = |candidate: &&PrincipalKind| {
            kind.is_none_or(|kind| kind == **candidate) && self.people.contains(&(**candidate, key(name)))
        };
        match kinds.iter().filter(fits).count() {
            0 if kind.is_some_and(|kind| !kinds.contains(&kind)) => {
                self.wrong(who.span(), format!("{} cannot stand here, only a {}", who.get_ref(), words(kinds)));
            }
            0 => self.unknown.push((who.span(), Unknown::Who(who.get_ref().clone(), kinds))),
            1 => {}
            _ => {
                let what = format!("{name:?} is several; write user:{name}, application:{name} or group:{name}");
                self.wrong(who.span(), what);
            }
        }
    }

    fn library(&mut self, at: Range<usize>, library: &LibraryRef) {
        if !self.libraries.contains(library) {
            self.unknown.push((at, Unknown::Library(library.clone())));
        }
    }

    fn category(&mut self, at: Range<usize>, names: Vec<String>) {
        if !self.categories.contains(&names) {
            self.unknown.push((at, Unknown::Category(names)));
        }
    }

    fn place(&mut self, on: &Spanned<String>) {
        match Place::parse(on.get_ref()) {
            Err(what) => self.wrong(on.span(), what),
            Ok(place) if place.names.is_empty() => self.library(on.span(), &place.library),
            Ok(place) if self.places.contains_key(&place.key()) => {}
            Ok(place) => self.unknown.push((on.span(), Unknown::Place(place))),
        }
    }
}

/// What a library entry is found by, if it says enough.
pub(super) fn library_ref(library: &Library) -> Option<LibraryRef> {
    match library.kind {
        LibraryKind::Personal => {
            let owner = library.owner.as_ref()?;
            Some(LibraryRef::Of(key(WhoRef::parse(owner.get_ref()).name)))
        }
        LibraryKind::Group | LibraryKind::Site => Some(LibraryRef::Named(key(library.name.as_ref()?.get_ref()))),
    }
}

/// A moment that knows its offset.
pub(super) fn moment(at: &Datetime) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(&at.to_string()).ok().map(|at| at.to_utc())
}

/// Kinds of people in words.
pub(super) fn words(kinds: &[PrincipalKind]) -> String {
    let word = |kind: &PrincipalKind| match kind {
        User => "user",
        Application => "application",
        Group => "group",
    };
    kinds.iter().map(word).collect::<Vec<_>>().join(" or ")
}
