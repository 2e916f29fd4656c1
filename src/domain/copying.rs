//! Copies that are made in the background: how far one has come, and why one failed.

use super::error::Error;

/// How far a copy has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nobody has begun it yet.
    Waiting,
    /// Somebody is at it. It is made as one, so nothing of it is there before all is.
    Running,
    /// It is there.
    Done {
        /// Graph's id of the copy.
        item: String,
        /// Graph's id of the library it was made in, or was moved to since.
        drive: String,
    },
    /// It will not be there.
    Failed(Failure),
}

/// Why a copy failed; kept for who asks later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Failure {
    /// What was to be copied, or the folder for it, is not there any more, or not for the caller.
    Missing,
    /// The caller may not.
    Denied,
    /// The name is taken.
    NameTaken,
    /// What it was to replace is held by somebody else.
    Held,
    /// What it was to replace has changed under it.
    Changed,
    /// The library it was to be made in has no room for it.
    QuotaReached,
    /// Too much at once, a folder into itself, a category that no new file may have.
    Impossible,
    /// It was begun too often and never ended.
    Interrupted,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        match error {
            Error::Missing(_) | Error::NoSession | Error::LinkExpired => Failure::Missing,
            Error::Denied(_)
            | Error::AccessCode
            | Error::LinkRefused(_)
            | Error::BadCredentials
            | Error::LockedOut
            | Error::PasswordExpired
            | Error::NotEnabled => Failure::Denied,
            Error::NameTaken(_) | Error::LabelTaken(_) | Error::CodeTaken { .. } => Failure::NameTaken,
            Error::QuotaReached => Failure::QuotaReached,
            Error::Held(_) | Error::OtherHolderNamed(_) => Failure::Held,
            Error::NotCheckedOut
            | Error::FenceLost
            | Error::OtherLockNamed
            | Error::PreconditionFailed
            | Error::NotLatest
            | Error::Frozen => Failure::Changed,
            Error::WrongKind(_)
            | Error::NoContent
            | Error::ContentMissing
            | Error::ContentTooLarge
            | Error::BodyBroken
            | Error::BadName(_)
            | Error::Impossible(_)
            | Error::Associated
            | Error::AlreadyAssociated
            | Error::CategoryNotAssignable
            | Error::Invalid(_) => Failure::Impossible,
            Error::Overloaded | Error::Broken(_) => Failure::Interrupted,
        }
    }
}
