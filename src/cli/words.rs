//! The command line's one way of saying no: every refusal of the vault, what it means here, and what to do next.

use std::sync::Arc;

use anyhow::anyhow;

use crate::domain::{
    error::{Error, Missing},
    permission::Gate,
    person::Person,
};

/// A refusal in a sentence.
pub(super) fn say(error: Error) -> anyhow::Error {
    about(error, "it")
}

/// A refusal in a sentence about `what`, which is quoted where nothing better is known.
pub(super) fn about(error: Error, what: &str) -> anyhow::Error {
    let said = match error {
        Error::Missing(missing) => missing_words(missing, what),
        Error::Denied(denial) => format!("{} Another user can be named with --as LOGIN.", gate_words(denial.gate)),
        Error::Held(lock) => format!(
            "{} holds the lock since {}; only they, an administrator, a manager of the folder or somebody with a policy's \
             rule `override_check_out` can cancel it",
            lock.holder.login,
            lock.taken_at.to_rfc3339()
        ),
        Error::NotCheckedOut => format!("nobody holds the lock of {what}; `coatcheck lock list` shows what is held"),
        Error::FenceLost => "the check-out has ended meanwhile; look again with `coatcheck lock list`".to_owned(),
        Error::OtherHolderNamed(lock) => format!("{} holds the lock, not the one you named", lock.holder.login),
        Error::OtherLockNamed => "it has been checked out anew meanwhile; look again".to_owned(),
        Error::WrongKind(kind) => format!("this needs a {}, which {what} is not", super::output::word(kind)),
        Error::NotLatest => "this is not the newest edition; name the newest".to_owned(),
        Error::Frozen => "the edition is frozen; publish a new one".to_owned(),
        Error::NoContent => "the file has no content here".to_owned(),
        Error::ContentMissing => "content is needed and none was given".to_owned(),
        Error::ContentTooLarge => "the content is larger than `content.max_file_bytes` allows".to_owned(),
        Error::BodyBroken => "the content ended early; try again".to_owned(),
        Error::NameTaken(name) => format!("{name:?} is taken already; choose another"),
        Error::LabelTaken(label) => format!("the label {label:?} is taken by another edition of the file"),
        Error::CodeTaken { code, .. } => format!("the code {code:?} is taken by another file of the library"),
        Error::QuotaReached => "the library holds as much as its quota lets it".to_owned(),
        Error::BadName(bad) => bad.to_string(),
        Error::Impossible(why) => format!("this cannot be done: {why}"),
        Error::PreconditionFailed => "it has changed meanwhile; look again".to_owned(),
        Error::CategoryNotAssignable => "files cannot be given that category".to_owned(),
        Error::LinkExpired => "the link has expired".to_owned(),
        Error::AccessCode => "the access code is missing or wrong".to_owned(),
        Error::LinkRefused(_) => "the link does not allow that".to_owned(),
        Error::Invalid(which) => format!("the {which} cannot be used"),
        Error::BadCredentials => {
            format!("{what:?} cannot act: no such user, or disabled; `coatcheck user list` shows who there is")
        }
        Error::Associated => format!("{what} is associated with a part; take that away first"),
        Error::AlreadyAssociated => format!("{what} is associated with that revision already"),
        Error::PasswordExpired => "the password has expired; set another with `coatcheck user passwd`".to_owned(),
        Error::NotEnabled => "the library is not open to that API".to_owned(),
        Error::LockedOut => "too many wrong passwords; wait a few minutes".to_owned(),
        Error::NoSession => "somebody must act: name a user with --as LOGIN".to_owned(),
        Error::Overloaded => "the database is busy; try again".to_owned(),
        Error::Broken(cause) => return anyhow!("{cause}").context("this did not work"),
    };
    anyhow!(said)
}

/// No policy of this name.
pub(super) fn no_policy(name: &str) -> anyhow::Error {
    anyhow!("there is no policy {name:?}; `coatcheck policy list` shows them")
}

/// A policy has no such rule, or not for this category.
pub(super) fn no_such_rule(policy: &str, rule: &str, category: Option<&str>) -> anyhow::Error {
    let limit = category.map_or_else(|| "every category".to_owned(), |path| format!("category {path:?}"));
    anyhow!("policy {policy:?} has no rule {rule} for {limit}; `coatcheck policy list` shows its rules")
}

/// Somebody was not given what is to be taken from them.
pub(super) fn not_given(who: &str, what: &str) -> anyhow::Error {
    anyhow!("{who} was given no {what}; what comes from a group is taken from the group")
}

/// How people are named in answers: as commands understand it.
pub(super) fn names(people: &[Arc<Person>]) -> Vec<String> {
    people.iter().map(|person| person.login.clone()).collect()
}

fn missing_words(missing: Missing, what: &str) -> String {
    match missing {
        Missing::Item | Missing::Hidden => {
            format!(
                "there is no file or folder {what:?} that you can see; name it by LIBRARY/PATH or by any of its ids"
            )
        }
        Missing::Edition => format!("there is no such edition of {what}"),
        Missing::Library => format!("there is no library {what:?}; `coatcheck library list` shows them"),
        Missing::Principal => {
            format!("there is no user, group or application {what:?}; `coatcheck user list` shows the users")
        }
        Missing::Category => format!("there is no category {what:?}; `coatcheck category list` shows them"),
        Missing::Link => format!("there is no link {what:?}"),
        Missing::Lock => format!("there is no such lock on {what}"),
        Missing::Part => format!("there is no part {what:?}; `coatcheck part list LIBRARY` shows them"),
        Missing::Association => format!("{what} is not associated with that revision"),
        Missing::Collection => format!("there is no metadata collection {what:?}"),
    }
}

fn gate_words(gate: Gate) -> &'static str {
    match gate {
        Gate::Account => "That account is disabled.",
        Gate::Visible => "That user cannot see it.",
        Gate::Scope => "That credential does not reach it.",
        Gate::License => "That user's license does not allow changes.",
        Gate::Policy => "None of that user's policies allows it, and the library requires one.",
        Gate::Category => "That user may not change files of this category.",
        Gate::Role => "That user's role here does not allow it.",
        Gate::Grounds => "Somebody else holds the lock.",
    }
}
