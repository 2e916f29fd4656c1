//! The room's one way of saying no (spec/oracle.md 2.7): every refusal with its status, its code and its words. The only
//! place where a status of a refusal stands.

use std::sync::Arc;

use axum::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};

use super::{answer::About, operation::Operation, wire::Fields};
use crate::{
    domain::error::{Error as No, Missing},
    http::{body::BodyError, content, guard::Refusal, multipart::MultipartError},
};

pub use token::TokenError;

/// Why a request is refused.
#[derive(Clone, Debug)]
pub enum Error {
    /// The vault says no; of the path's item, or of another that the request names.
    Refused {
        /// The other one's id.
        of: Option<String>,
        /// What the vault says.
        why: Arc<No>,
    },
    /// Somebody else was named than the holder of the reservation.
    WrongHolder(String),
    /// A field, part or parameter is missing.
    Required(&'static str),
    /// A field, part or parameter has a value it cannot have.
    BadValue(&'static str),
    /// The same of a field whose name comes from the request.
    BadField(String),
    /// The body is no JSON or XML, or not an object.
    Unreadable,
    /// The body could not be had.
    Body(Arc<BodyError>),
    /// The upload is no upload.
    Multipart(Arc<MultipartError>),
    /// `If-Match` or `If-Unmodified-Since` does not hold.
    Precondition,
    /// The home, or the root folder of a library, which stays as it is (6.4).
    Root,
    /// The range lies outside the content, which has this size.
    Range(u64),
    /// The `Host` header is none.
    BadHost,
    /// There is no such companion service.
    NoService(String),
    /// What the token endpoint refuses, in OAuth's shape.
    Token(TokenError),
    /// Nobody lives at the path.
    NoRoute,
    /// The path does not know the method.
    NoMethod,
    /// The house refuses.
    House(Refusal),
}

impl Error {
    /// A refusal of the vault about an item that the path does not name.
    pub fn of(id: &str) -> impl FnOnce(No) -> Self {
        move |why| Error::Refused { of: Some(id.to_owned()), why: Arc::new(why) }
    }
}

impl From<No> for Error {
    fn from(why: No) -> Self {
        Error::Refused { of: None, why: Arc::new(why) }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        Error::Body(Arc::new(error))
    }
}

impl From<MultipartError> for Error {
    fn from(error: MultipartError) -> Self {
        Error::Multipart(Arc::new(error))
    }
}

/// Left in the response for the room to word, which knows the operation, the item and the caller.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(self);
        response
    }
}

/// A refusal in the vendor's words.
#[derive(Debug)]
pub struct Worded {
    /// The status.
    pub status: StatusCode,
    /// Headers that go with it.
    pub headers: HeaderMap,
    /// The body.
    pub fields: Fields,
}

/// What a refusal says.
#[derive(Debug)]
pub struct Said {
    /// The status.
    pub status: StatusCode,
    /// The vendor's code.
    pub code: &'static str,
    /// What was asked and why not, as keys.
    pub key: String,
    /// The same in words.
    pub message: String,
}

impl Said {
    /// Whether it is about who calls, or a fault of ours: what a companion service does not answer itself (12).
    pub fn is_of_the_call(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED || self.status.is_server_error()
    }
}

/// The second half of key and message; the first is the operation's.
struct Cause {
    key: String,
    sentence: String,
}

fn cause(key: impl Into<String>, sentence: impl Into<String>) -> Cause {
    Cause { key: key.into(), sentence: sentence.into() }
}

impl Error {
    /// Words it for who asked, about what was asked.
    pub fn word(&self, about: &About) -> Worded {
        if let Error::Token(refusal) = self {
            return refusal.word();
        }
        let Said { status, code, key, message } = self.say(about);
        // only these say more (5.6)
        let in_full = about.operation == Some(Operation::EditFile) && status == StatusCode::FORBIDDEN;
        let fields = Fields::new()
            .text("errorCode", code)
            .text("errorKey", key)
            .text("errorMessage", &message)
            .maybe("errorType", in_full.then_some("file"))
            .maybe("id", about.id.as_deref())
            .maybe("name", about.name().filter(|_| in_full))
            .text("title", message)
            .text("type", "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html");
        Worded { status, headers: self.headers(status), fields }
    }

    /// The same in parts, for who has another shape for it (12).
    pub fn say(&self, about: &About) -> Said {
        let (status, code, cause) = self.decide(about);
        let missing = code == "-16";
        let (key, sentence) = match about.operation.map(Operation::words) {
            _ if missing => ("!csFldSecurityValidationFailed", "Security validation failed. "),
            Some(words) => (words.key, words.sentence),
            None => ("", ""),
        };
        let message = format!("{} {}", sentence.trim_end(), cause.sentence).trim_start().to_owned();
        Said { status, code, key: format!("{key}{}", cause.key), message }
    }

    fn headers(&self, status: StatusCode) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Oracle Content\""));
        }
        if let Error::Refused { why, .. } = self
            && matches!(**why, No::Overloaded)
        {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if let Error::Range(size) = self {
            headers.extend([content::unsatisfied(*size)]);
        }
        headers
    }

    fn decide(&self, about: &About) -> (StatusCode, &'static str, Cause) {
        const BAD: StatusCode = StatusCode::BAD_REQUEST;
        const CONFLICT: StatusCode = StatusCode::CONFLICT;
        match self {
            Error::Refused { of, why } => {
                let id = of.as_deref().or(about.id.as_deref()).unwrap_or_default();
                refused(about, id, why)
            }
            Error::WrongHolder(named) => {
                let words = format!("The file is not reserved by '{named}'.");
                (CONFLICT, "-1", cause(format!("!csFldNotReservedByUser,{named}"), words))
            }
            Error::Required(field) => {
                let words = format!("Required field \"{field}\" is not provided.");
                (BAD, "-1", cause(format!("!csRequiredFieldMissing,{field}"), words))
            }
            Error::BadValue(field) => (BAD, "-1", bad_value(field)),
            Error::BadField(field) => (BAD, "-1", bad_value(field)),
            Error::Unreadable => (BAD, "-1", cause("!csUnreadableRequest", "The request body cannot be read.")),
            Error::Body(error) => body(error),
            Error::Multipart(error) => match &**error {
                MultipartError::Body(error) => body(error),
                MultipartError::TextTooLong { name, limit } => {
                    let words = format!("The part \"{name}\" is longer than {limit} bytes.");
                    (StatusCode::PAYLOAD_TOO_LARGE, "-1", cause("!csRequestTooLarge", words))
                }
                MultipartError::NotMultipart
                | MultipartError::NoBoundary
                | MultipartError::TooManyParts { .. }
                | MultipartError::TooManyFiles { .. }
                | MultipartError::HeadTooLong
                | MultipartError::BadHead
                | MultipartError::NoName
                | MultipartError::BadFileName
                | MultipartError::NotUtf8 { .. }
                | MultipartError::Truncated
                | MultipartError::StillOpen => {
                    (BAD, "-1", cause("!csUnreadableUpload", format!("The upload cannot be read: {error}.")))
                }
            },
            Error::Root => (StatusCode::FORBIDDEN, "-20", insufficient(about, about.id.as_deref().unwrap_or_default())),
            Error::Precondition => {
                let words = "The content is another one than the request expects.";
                (StatusCode::PRECONDITION_FAILED, "-1", cause("!csPreconditionFailed", words))
            }
            Error::Range(size) => {
                let words = format!("The range lies outside the {size} bytes of the file.");
                (StatusCode::RANGE_NOT_SATISFIABLE, "-1", cause("!csRangeNotSatisfiable", words))
            }
            Error::BadHost => (BAD, "-1", cause("!csBadHost", "The Host header is missing or is no host name.")),
            Error::NoService(name) => {
                let words = format!("There is no service '{name}'.");
                (BAD, "-1", cause(format!("!csUnknownService,{name}"), words))
            }
            Error::Token(refusal) => {
                let Worded { status, .. } = refusal.word();
                (status, "-1", cause("!csTokenRefused", "No token is issued."))
            }
            Error::NoRoute => (StatusCode::NOT_FOUND, "-1", cause("!csUnknownResource", "There is no such resource.")),
            Error::NoMethod => {
                let words = "The resource does not know this method.";
                (StatusCode::METHOD_NOT_ALLOWED, "-1", cause("!csUnknownMethod", words))
            }
            Error::House(refusal) => {
                let status = match refusal {
                    Refusal::AddressTooLong { .. } => StatusCode::URI_TOO_LONG,
                    Refusal::HeadTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                    Refusal::TimedOut { .. } => StatusCode::SERVICE_UNAVAILABLE,
                    Refusal::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
                };
                (status, "-1", cause("!csRequestRefused", format!("The request was refused: {refusal}.")))
            }
        }
    }
}

/// What the vault says, about the item with this id.
fn refused(about: &About, id: &str, why: &No) -> (StatusCode, &'static str, Cause) {
    const BAD: StatusCode = StatusCode::BAD_REQUEST;
    const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
    const CONFLICT: StatusCode = StatusCode::CONFLICT;
    match why {
        // the one dialect that tells hidden from missing (3.3, step 5)
        No::Missing(Missing::Hidden) | No::Denied(_) | No::LinkRefused(_) => {
            (FORBIDDEN, "-20", insufficient(about, id))
        }
        No::Missing(
            Missing::Item
            | Missing::Edition
            | Missing::Library
            | Missing::Principal
            | Missing::Category
            | Missing::Link
            | Missing::Lock
            | Missing::Part
            | Missing::Association
            | Missing::Collection,
        )
        | No::WrongKind(_) => {
            let words = format!("'{id}' does not exist.");
            (StatusCode::NOT_FOUND, "-16", cause(format!("!csFldDoesNotExist,{id}"), words))
        }
        // a check-out of another dialect is not for contributors to clear (13)
        No::Held(_) if about.operation == Some(Operation::Unreserve) => (FORBIDDEN, "-20", insufficient(about, id)),
        No::Held(lock) => {
            let holder = &lock.holder.name;
            let words = format!("The file is reserved by '{holder}'.");
            (CONFLICT, "-1", cause(format!("!csFldReservedByOther,{holder}"), words))
        }
        No::OtherHolderNamed(_) => {
            (CONFLICT, "-1", cause("!csFldNotReservedByUser", "The file is not reserved by that user."))
        }
        No::NotCheckedOut => (CONFLICT, "-1", cause("!csFldNotReserved", "The file is not reserved.")),
        No::FenceLost | No::OtherLockNamed => {
            (CONFLICT, "-1", cause("!csFldReservationEnded", "The reservation that was named has ended."))
        }
        No::NotLatest | No::Frozen => {
            (CONFLICT, "-1", cause("!csFldVersionUnchangeable", "This version of the file cannot be changed."))
        }
        No::NoContent => (CONFLICT, "-1", cause("!csFldNoContent", "The file has no content here.")),
        No::ContentMissing => {
            (BAD, "-1", cause("!csRequiredFieldMissing,primaryFile", "Required field \"primaryFile\" is not provided."))
        }
        No::ContentTooLarge => {
            (StatusCode::PAYLOAD_TOO_LARGE, "-1", cause("!csRequestTooLarge", "The file is larger than a file may be."))
        }
        No::QuotaReached => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "-1",
            cause("!csQuotaReached", "The folder holds as much as its owner may store."),
        ),
        No::BodyBroken => (BAD, "-1", cause("!csUnreadableUpload", "The upload ended early.")),
        No::NameTaken(name) | No::LabelTaken(name) | No::CodeTaken { code: name, .. } => {
            let what = match about.operation {
                Some(Operation::Links) => "a public link",
                Some(Operation::Metadata) => "a collection or a field",
                _ => "an item",
            };
            // a link may have none, and that once on each item (8)
            let named = if name.is_empty() { "without a name".to_owned() } else { format!("with the name '{name}'") };
            (CONFLICT, "-17", cause(format!("!csFldNameTaken,{name}"), format!("There is already {what} {named}.")))
        }
        No::BadName(bad) => (BAD, "-1", cause("!csFldInvalidName", format!("The name is not valid: {bad}."))),
        No::Impossible(what) => (CONFLICT, "-1", cause("!csFldImpossible", format!("This cannot be done: {what}."))),
        No::Associated | No::AlreadyAssociated => {
            let words = "Something else refers to the item. Remove the association first.";
            (CONFLICT, "-1", cause("!csFldImpossible", words))
        }
        No::PreconditionFailed => {
            let words = "The item is in another state than the request expects.";
            (StatusCode::PRECONDITION_FAILED, "-1", cause("!csPreconditionFailed", words))
        }
        No::CategoryNotAssignable => (CONFLICT, "-1", cause("!csFldImpossible", "The category cannot be assigned.")),
        No::LinkExpired => (BAD, "-26", cause("!csLinkInvalidOrExpired", "The link is invalid or expired.")),
        No::AccessCode => {
            let words = "The access code must be provided to access the link.";
            (FORBIDDEN, "-18", cause("!csAccessCodeRequiredForLinkAccess", words))
        }
        No::Invalid(what) => (BAD, "-1", bad_value(what)),
        No::BadCredentials | No::LockedOut | No::PasswordExpired | No::NotEnabled | No::NoSession => {
            (StatusCode::UNAUTHORIZED, "-1", cause("!csUserNotAuthenticated", "The user is not signed in."))
        }
        No::Overloaded => {
            (StatusCode::SERVICE_UNAVAILABLE, "-1", cause("!csServerBusy", "The server is busy. Try again."))
        }
        No::Broken(error) => {
            tracing::error!(error = &**error as &dyn std::error::Error, "broken");
            (StatusCode::INTERNAL_SERVER_ERROR, "-1", cause("!csSystemError", "A system error occurred."))
        }
    }
}

fn insufficient(about: &About, id: &str) -> Cause {
    let service = about.operation.map_or("", |operation| operation.words().service);
    let subject = match id.bytes().next() {
        // a definition is no item's
        _ if about.id.is_none() && about.operation == Some(Operation::Metadata) => "fMetadataCollection",
        Some(b'D') => "fFileGUID",
        Some(b'L') => "fLinkGUID",
        Some(b'U') => "fUserGUID",
        _ => "fFolderGUID",
    };
    let name = about.asker();
    cause(
        format!("!csCloudItemInsufficientPrivileges,{name},{subject}:{id},{service}"),
        format!("User '{name}' has insufficient privilege to access {subject}:{id} with service {service}."),
    )
}

fn bad_value(field: &str) -> Cause {
    cause(format!("!csInvalidFieldValue,{field}"), format!("The value of field \"{field}\" is not valid."))
}

fn body(error: &BodyError) -> (StatusCode, &'static str, Cause) {
    let (status, key) = match error {
        BodyError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "!csRequestTooLarge"),
        BodyError::TimedOut { .. } => (StatusCode::REQUEST_TIMEOUT, "!csRequestTimedOut"),
        BodyError::Truncated | BodyError::Broken(_) => (StatusCode::BAD_REQUEST, "!csUnreadableRequest"),
    };
    (status, "-1", cause(key, format!("The request body cannot be read: {error}.")))
}

mod token;

#[cfg(test)]
mod tests;
