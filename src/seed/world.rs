//! A world as its file describes it: the keys of each section and nothing else. Every name carries its place in the file.

use std::{collections::BTreeMap, ops::Range, path::PathBuf};

use serde::Deserialize;
use toml::{Spanned, value::Datetime};

use crate::domain::{
    actor::{Level, Role, Rule},
    library::LibraryKind,
    link::Audience,
    part::NewPart,
    person::{Affiliation, License},
};

/// A world. What is left out stays as it is; nothing is ever taken away.
#[derive(Default)]
pub struct World {
    /// `[[users]]`.
    pub users: Vec<Entry<User>>,
    /// `[[groups]]`.
    pub groups: Vec<Entry<Group>>,
    /// `[[applications]]`.
    pub applications: Vec<Entry<Application>>,
    /// `[[categories]]`.
    pub categories: Vec<Entry<Category>>,
    /// `[[policies]]`.
    pub policies: Vec<Entry<Policy>>,
    /// `[[libraries]]`.
    pub libraries: Vec<Entry<Library>>,
    /// `[[folders]]`.
    pub folders: Vec<Entry<Folder>>,
    /// `[[files]]`.
    pub files: Vec<Entry<File>>,
    /// `[[parts]]`.
    pub parts: Vec<Entry<Part>>,
    /// `[[shares]]`.
    pub shares: Vec<Entry<Share>>,
    /// `[[links]]`.
    pub links: Vec<Entry<Link>>,
    /// `[[tokens]]`.
    pub tokens: Vec<Entry<Token>>,
}

/// An entry of a section and where it stands.
pub struct Entry<T> {
    /// Bytes of the file.
    pub at: Range<usize>,
    /// What it says.
    pub is: T,
}

/// Somebody: a login name, a client id or a group's name; with `user:`, `application:` or `group:` before it where two share it.
pub type Who = Spanned<String>;

/// Somebody who can sign in; found by login name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub login: Spanned<String>,
    /// Usually the login name at `localhost`.
    pub email: Option<Spanned<String>>,
    /// Usually the login name.
    pub name: Option<String>,
    /// None: cannot sign in with one.
    pub password: Option<Spanned<String>>,
    /// In place of `password`; relative to the seed file.
    pub password_file: Option<Spanned<PathBuf>>,
    /// Usually full.
    pub license: Option<License>,
    /// Usually employee.
    pub affiliation: Option<Affiliation>,
    pub administrator: Option<bool>,
    pub disabled: Option<bool>,
}

/// A group; found by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub name: Spanned<String>,
    pub description: Option<String>,
    /// Users and applications.
    #[serde(default)]
    pub members: Vec<Who>,
}

/// A program that acts for itself, or for users who sign in through it; found by client id.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    pub client_id: Spanned<String>,
    pub name: Option<String>,
    /// Added to the secrets it has.
    pub secret: Option<Spanned<String>>,
    /// In place of `secret`; relative to the seed file.
    pub secret_file: Option<Spanned<PathBuf>>,
    pub roles: Option<Vec<String>>,
    /// Whether it cannot keep a secret.
    pub public: Option<bool>,
    /// Where browsers are sent back to when users have signed in.
    pub redirect_uris: Option<Vec<Spanned<String>>>,
    /// What it may ask for on behalf of users.
    pub delegated: Option<Vec<String>>,
}

/// A category of files; found by path.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Names from below the root category on, with `/` between them.
    pub path: Spanned<String>,
    pub description: Option<String>,
    pub default_level: Option<Level>,
    /// Whether files can be of it; false for one that only groups others. Usually true.
    pub assignable: Option<bool>,
    /// Whether it can still be given to files. Usually true.
    pub active: Option<bool>,
    #[serde(default)]
    pub levels: BTreeMap<Who, Level>,
}

/// A set of rules and who has it; found by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub name: Spanned<String>,
    pub description: Option<String>,
    #[serde(default)]
    pub rules: Vec<PolicyRule>,
    #[serde(default)]
    pub given_to: Vec<Who>,
}

/// What a policy allows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRule {
    pub action: Rule,
    /// Left out: every category.
    pub category: Option<Spanned<String>>,
}

/// A library; found by name, a personal one by its owner.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// Needed but for a personal one, which is usually named after its owner.
    pub name: Option<Spanned<String>>,
    #[serde(default = "site")]
    pub kind: LibraryKind,
    /// A user for a personal one, a group for a group's.
    pub owner: Option<Who>,
    pub description: Option<String>,
    pub policies_required: Option<bool>,
    /// Whether uploads and plain check-ins through Graph make minor versions; usually false.
    pub minor_versions: Option<bool>,
    /// Whether bytes come into a file by a check-out only; usually false. The files of a seed are published all the same.
    pub check_out_required: Option<bool>,
    pub arena_workspace: Option<Spanned<i64>>,
    /// Usually true.
    pub arena_api: Option<bool>,
    pub arena_request_limit: Option<Spanned<i64>>,
    /// Usually as many as there is room for.
    pub quota_bytes: Option<Spanned<i64>>,
    #[serde(default)]
    pub members: BTreeMap<Who, Role>,
}

fn site() -> LibraryKind {
    LibraryKind::Site
}

/// A folder; found by path. Those above it are made where they are missing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// `LIBRARY/PATH`; `~LOGIN/PATH` in a personal library.
    pub at: Spanned<String>,
    pub description: Option<String>,
    pub by: Option<Who>,
}

/// A file; found by path. Folders above it are made where they are missing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// `LIBRARY/PATH`; `~LOGIN/PATH` in a personal library.
    pub at: Spanned<String>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub category: Option<Spanned<String>>,
    /// Whose it is; usually the owner of a personal library, else the first administrator.
    pub by: Option<Who>,
    /// The text of its only edition.
    pub text: Option<Spanned<String>>,
    /// The file that holds its only edition; relative to the seed file.
    pub path: Option<Spanned<PathBuf>>,
    pub comment: Option<String>,
    pub label: Option<Spanned<String>>,
    pub version: Option<Spanned<String>>,
    /// Several editions, oldest first, in place of the five keys above.
    #[serde(default)]
    pub editions: Vec<Spanned<Edition>>,
}

/// An edition of a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    pub text: Option<Spanned<String>>,
    /// Relative to the seed file.
    pub path: Option<Spanned<PathBuf>>,
    pub comment: Option<String>,
    pub label: Option<Spanned<String>>,
    pub version: Option<Spanned<String>>,
    /// Who published it; usually whose the file is.
    pub by: Option<Who>,
}

/// Something that is built, which Arena calls an item; found by its library and number.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The library's name; `~LOGIN` for a personal one.
    pub library: Spanned<String>,
    pub number: Spanned<String>,
    /// Usually its number.
    pub name: Option<String>,
    pub description: Option<String>,
    pub by: Option<Who>,
    /// Oldest first; all but the last must be released.
    pub revisions: Vec<Spanned<Revision>>,
}

impl Part {
    /// It as it would be made, with this label for its first revision.
    pub fn to_make(&self, label: &str) -> NewPart {
        let number = self.number.get_ref().clone();
        NewPart {
            name: self.name.clone().unwrap_or_else(|| number.clone()),
            number,
            description: self.description.clone().unwrap_or_default(),
            label: label.to_owned(),
        }
    }
}

/// A revision of a part; found by its label.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    pub label: Spanned<String>,
    /// Whether it has been released; left out, it is worked on.
    #[serde(default)]
    pub released: bool,
    /// `LIBRARY/PATH`, besides those it takes over from the revision before.
    #[serde(default)]
    pub files: Vec<Spanned<String>>,
}

/// A role on a folder or a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// `LIBRARY/PATH`.
    pub on: Spanned<String>,
    pub role: Role,
    pub with: Vec<Who>,
    pub by: Option<Who>,
}

/// A public link; found by what it is on and its name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// `LIBRARY/PATH`.
    pub on: Spanned<String>,
    /// Left out: the one unnamed link an item may have.
    #[serde(default)]
    pub name: String,
    /// Viewer, downloader or contributor.
    pub role: Spanned<Role>,
    #[serde(default = "everybody")]
    pub audience: Audience,
    /// Whom the audience `listed` names.
    #[serde(default)]
    pub users: Vec<Who>,
    pub access_code: Option<Spanned<String>>,
    pub expires: Option<Spanned<Datetime>>,
    pub by: Option<Who>,
}

fn everybody() -> Audience {
    Audience::Everybody
}

/// A bearer token; found by its text, else by whom it is for and its label.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// A user, or an application for itself.
    #[serde(rename = "for")]
    pub whom: Who,
    pub scopes: Vec<String>,
    #[serde(default)]
    pub label: String,
    pub expires: Option<Spanned<Datetime>>,
    /// Its text, so that tests can know it; left out, one is drawn that nobody can guess.
    pub token: Option<Spanned<String>>,
    /// In place of `token`; relative to the seed file.
    pub token_file: Option<Spanned<PathBuf>>,
}
