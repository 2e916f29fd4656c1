//! How the headless API says no (spec/liferay.md 12): the status as a word, the text and the short name of the exception that
//! the rest of the room would name. Conflicts and bad input have statuses of their own here.

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{ALLOW, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{
    dialects::liferay::error::{Error, Words},
    domain::error::Error as Refusal,
    http::{body::BodyError, multipart::MultipartError},
};

/// Everything the headless API refuses.
#[derive(Debug)]
pub enum Problem {
    /// What the rest of the room refuses as well.
    Said(Error),
    /// A guest.
    Guest {
        /// The vendor's class, without its package.
        class: &'static str,
        /// Its method.
        method: &'static str,
    },
    /// No operation of this HTTP method at the address.
    Method {
        /// Those there are, as the header lists them.
        allowed: String,
    },
    /// A request that means nothing; why.
    Bad(&'static str),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Said(error)
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        Self::Said(error.into())
    }
}

impl From<MultipartError> for Problem {
    fn from(error: MultipartError) -> Self {
        Self::Said(error.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::Said(error) => said(&error),
            Self::Guest { class, method } => {
                let package = "com.liferay.headless.delivery.internal.resource.v1_0";
                let body = json!({"message": format!("Access denied to {package}.{class}#{method}")});
                super::json(StatusCode::FORBIDDEN, &body)
            }
            Self::Method { allowed } => {
                let text = "The resource has no such method";
                let mut response = worded(StatusCode::METHOD_NOT_ALLOWED, text, "NotAllowedException");
                if let Ok(allowed) = HeaderValue::try_from(allowed) {
                    response.headers_mut().insert(ALLOW, allowed);
                }
                response
            }
            Self::Bad(why) => worded(StatusCode::BAD_REQUEST, why, "BadRequestException"),
        }
    }
}

fn said(error: &Error) -> Response {
    error.log();
    let words = error.words();
    let kind = if matches!(error, Error::NoAddress(_)) { "NotFoundException" } else { short(words.class) };
    let mut response = worded(status(error, &words), &title(error, &words), kind);
    if let Some(challenge) = error.challenge() {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

fn worded(status: StatusCode, title: &str, kind: &str) -> Response {
    let word = status.canonical_reason().unwrap_or("Error").to_uppercase().replace([' ', '-'], "_");
    super::json(status, &json!({"status": word, "title": title, "type": kind}))
}

/// The name of a class without its package and the class around it.
fn short(class: &str) -> &str {
    class.rsplit(['.', '$']).next().unwrap_or(class)
}

/// The exception's text; where it has none, what the vendor leaves to its class.
fn title(error: &Error, words: &Words) -> String {
    if let Error::Refused(refused) = error {
        if matches!(refused.refusal, Refusal::Held(_) | Refusal::OtherHolderNamed(_)) {
            return "It is checked out by another user".to_owned();
        }
        if matches!(refused.refusal, Refusal::NotCheckedOut) {
            return "It is not checked out".to_owned();
        }
        if matches!(refused.refusal, Refusal::FenceLost) {
            return "The check-out has changed meanwhile".to_owned();
        }
    }
    words.message.clone().unwrap_or_else(|| short(words.class).to_owned())
}

/// What the rest of the room answers with 500 is told apart here.
fn status(error: &Error, words: &Words) -> StatusCode {
    match error {
        Error::Refused(refused) => of_refusal(&refused.refusal),
        Error::TitleTaken(_) => StatusCode::CONFLICT,
        Error::Unconvertible(_)
        | Error::NoSuchConstant(_)
        | Error::ForbiddenClass(_)
        | Error::MissingValue(_)
        | Error::IllegalArgument(_)
        | Error::NotJson
        | Error::FileName(_)
        | Error::FolderName(_)
        | Error::InvalidVersion(_)
        | Error::BadBody => StatusCode::BAD_REQUEST,
        Error::NoAction { .. }
        | Error::NoAddress(_)
        | Error::Guest { .. }
        | Error::Stranger { .. }
        | Error::BadToken
        | Error::BadPassword
        | Error::TooManyTemporaryFiles
        | Error::Unsatisfiable(_)
        | Error::BodyTooLarge
        | Error::BodyStalled
        | Error::House(_) => words.status,
    }
}

fn of_refusal(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Missing(_) | Refusal::WrongKind(_) | Refusal::NoContent | Refusal::LinkExpired => {
            StatusCode::NOT_FOUND
        }
        Refusal::Denied(_)
        | Refusal::LinkRefused(_)
        | Refusal::AccessCode
        | Refusal::BadCredentials
        | Refusal::LockedOut
        | Refusal::PasswordExpired
        | Refusal::NotEnabled
        | Refusal::NoSession => StatusCode::FORBIDDEN,
        Refusal::Held(_)
        | Refusal::NotCheckedOut
        | Refusal::FenceLost
        | Refusal::OtherHolderNamed(_)
        | Refusal::OtherLockNamed
        | Refusal::NotLatest
        | Refusal::Frozen
        | Refusal::NameTaken(_)
        | Refusal::LabelTaken(_)
        | Refusal::CodeTaken { .. }
        | Refusal::Associated
        | Refusal::AlreadyAssociated => StatusCode::CONFLICT,
        Refusal::ContentMissing
        | Refusal::BodyBroken
        | Refusal::BadName(_)
        | Refusal::Impossible(_)
        | Refusal::CategoryNotAssignable
        | Refusal::Invalid(_) => StatusCode::BAD_REQUEST,
        Refusal::ContentTooLarge | Refusal::QuotaReached => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Refusal::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
