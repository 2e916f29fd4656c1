//! People of the workspace and what they did, as the settings show it (spec/arena.md 10.3, 10.4).

use serde::Serialize;

use super::{Moment, User};
use crate::{
    domain::{event::Verb, person::Person},
    vault,
};

/// A user of the workspace.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Member<'a> {
    email: Option<&'a str>,
    enabled: bool,
    first_name: &'a str,
    full_name: &'a str,
    guid: &'a str,
    last_name: &'a str,
    #[serde(rename = "type")]
    kind: String,
}

impl<'a> From<&'a vault::LibraryUser> for Member<'a> {
    fn from(user: &'a vault::LibraryUser) -> Self {
        Member {
            email: user.email.as_deref().filter(|email| !email.is_empty()),
            enabled: user.enabled,
            first_name: &user.first_name,
            full_name: &user.name,
            guid: &user.arena_guid,
            last_name: &user.last_name,
            kind: user.affiliation.to_uppercase(),
        }
    }
}

/// Something done to a file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileAccess<'a> {
    activity: &'static str,
    comments: Option<&'a str>,
    date_time: Moment,
    file: Option<Edition<'a>>,
    user: Option<User>,
}

/// The edition it was done to.
#[derive(Debug, Serialize)]
struct Edition<'a> {
    edition: &'a str,
    guid: &'a str,
    name: Option<&'a str>,
    title: &'a str,
}

impl<'a> FileAccess<'a> {
    /// An entry of the trail, and who did it, if somebody in particular did.
    pub fn of(access: &'a vault::FileAccess, by: Option<&Person>) -> Self {
        let edition = access.edition_guid.as_deref().map(|guid| Edition {
            edition: access.label.as_deref().unwrap_or_default(),
            guid,
            name: access.file_name.as_deref(),
            title: access.title.as_deref().unwrap_or_default(),
        });
        FileAccess {
            activity: activity(access.verb),
            comments: access.comment.as_deref().filter(|comment| !comment.is_empty()),
            date_time: Moment(access.at),
            file: edition,
            user: by.map(User::from),
        }
    }
}

fn activity(verb: Verb) -> &'static str {
    match verb {
        Verb::CheckOut => "File checked out",
        Verb::CheckIn => "File checked in",
        Verb::Cancel => "File check out cancelled",
        Verb::AddEdition => "New Edition created",
        // not asked for
        Verb::Refresh
        | Verb::Lapse
        | Verb::SaveDraft
        | Verb::Create
        | Verb::Update
        | Verb::Carry
        | Verb::Delete
        | Verb::Restore
        | Verb::Purge
        | Verb::Share
        | Verb::Link
        | Verb::Associate
        | Verb::Dissociate
        | Verb::Release
        | Verb::Revise
        | Verb::LockFolder
        | Verb::UnlockFolder
        | Verb::RefreshFolder => "File changed",
    }
}

/// A session.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserAccess<'a> {
    connected_through: &'static str,
    /// No name is looked up for an address.
    domain: Option<&'a str>,
    /// Minutes.
    duration: i64,
    login_date_time: Moment,
    logout_date_time: Option<Moment>,
    originating_ip: Option<&'a str>,
    user: Option<User>,
}

impl<'a> UserAccess<'a> {
    /// A session, and whose it was.
    pub fn of(access: &'a vault::UserAccess, by: Option<&Person>) -> Self {
        UserAccess {
            connected_through: "API",
            domain: None,
            duration: access.minutes,
            login_date_time: Moment(access.opened_at),
            logout_date_time: access.ended_at.map(Moment),
            originating_ip: access.address.as_deref(),
            user: by.map(User::from),
        }
    }
}
