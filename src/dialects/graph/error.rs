//! Graph's one way of saying no (spec/graph.md 2). The only place of the room that knows the status of a refusal.

use std::{borrow::Cow, fmt};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ALLOW, CONTENT_RANGE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::Response,
};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{
    address::BadAddress,
    reply::{self, Ids},
};
use crate::{
    domain::{
        error::{Error, Missing},
        item::Kind,
        lock::Lock,
    },
    http::{body::BodyError, content, guard},
};

/// What a handler answers.
pub type Answer = Result<Response, Refusal>;

/// Every no of this room.
#[derive(Debug)]
pub enum Refusal {
    /// The vault's.
    Vault(Error),
    /// The house's: a limit, a time-out, a panic.
    House(guard::Refusal),
    /// No token came with the request.
    NoToken,
    /// The path is no address.
    Address(BadAddress),
    /// The first segment looks like a version, and is none of ours.
    Version(String),
    /// The item has no such call.
    NoCall,
    /// There is no such thing below a drive, a user, the service.
    NoSegment(String),
    /// Only these methods are served at the address.
    Methods(Vec<&'static str>),
    /// A known call that is not served yet.
    NotBuilt,
    /// `/me` for an application.
    NotDelegated,
    /// The token lacks the scope.
    Scope,
    /// A query option that cannot be.
    Query(&'static str),
    /// A body that is no JSON object.
    Json,
    /// A member of the body that cannot be; its path and what is wrong with it.
    Member(String),
    /// A text longer than it may be.
    TooLong(&'static str),
    /// A name that an item cannot have.
    Name(&'static str),
    /// The body could not be had.
    Body(BodyError),
    /// A format the content cannot be converted to.
    Format,
    /// A range outside the content of this size.
    Range(u64),
    /// A pre-authenticated address that has ended, or never was.
    DeadAddress,
    /// A link for people who have not signed in, where there are to be none.
    NoAnonymousLinks,
    /// A text that is no sharing token.
    ShareToken,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Vault(error)
    }
}

impl From<BadAddress> for Refusal {
    fn from(bad: BadAddress) -> Self {
        Refusal::Address(bad)
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        Refusal::Body(error)
    }
}

/// A refusal in the vendor's words.
struct Words {
    status: StatusCode,
    code: &'static str,
    inner: Option<&'static str>,
    message: Cow<'static, str>,
}

fn say(
    status: StatusCode,
    code: &'static str,
    inner: Option<&'static str>,
    message: impl Into<Cow<'static, str>>,
) -> Words {
    Words { status, code, inner, message: message.into() }
}

impl Refusal {
    /// The answer to a request with these ids.
    pub fn respond(self, ids: &Ids, now: DateTime<Utc>) -> Response {
        if let Refusal::Vault(Error::Broken(cause)) = &self {
            tracing::error!(error = &**cause as &dyn std::error::Error, "broken");
        }
        let words = self.words();
        let mut inner = Map::new();
        if let Some(code) = words.inner {
            inner.insert("code".to_owned(), code.into());
        }
        // no zone letter: copied from the service's replies
        inner.insert("date".to_owned(), now.format("%Y-%m-%dT%H:%M:%S").to_string().into());
        inner.insert("request-id".to_owned(), ids.request.clone().into());
        inner.insert("client-request-id".to_owned(), ids.client.clone().into());
        let error = json!({"code": words.code, "message": words.message, "innerError": Value::Object(inner)});
        let mut response = reply::json(words.status, &json!({ "error": error }));
        self.headers(response.headers_mut());
        response
    }

    fn headers(&self, headers: &mut HeaderMap) {
        match self {
            Refusal::NoToken => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"coatcheck\""));
            }
            Refusal::Vault(
                Error::NoSession
                | Error::BadCredentials
                | Error::LockedOut
                | Error::PasswordExpired
                | Error::NotEnabled,
            ) => {
                let challenge = HeaderValue::from_static("Bearer realm=\"coatcheck\", error=\"invalid_token\"");
                headers.insert(WWW_AUTHENTICATE, challenge);
            }
            Refusal::Vault(Error::Overloaded) => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("2"));
            }
            Refusal::Methods(methods) => {
                if let Ok(methods) = HeaderValue::try_from(methods.join(", ")) {
                    headers.insert(ALLOW, methods);
                }
            }
            Refusal::Range(size) => {
                let (_, range) = content::unsatisfied(*size);
                headers.insert(CONTENT_RANGE, range);
            }
            Refusal::Vault(_)
            | Refusal::House(_)
            | Refusal::Address(_)
            | Refusal::Version(_)
            | Refusal::NoCall
            | Refusal::NoSegment(_)
            | Refusal::NotBuilt
            | Refusal::NotDelegated
            | Refusal::Scope
            | Refusal::Query(_)
            | Refusal::Json
            | Refusal::Member(_)
            | Refusal::TooLong(_)
            | Refusal::Name(_)
            | Refusal::Body(_)
            | Refusal::Format
            | Refusal::DeadAddress
            | Refusal::NoAnonymousLinks
            | Refusal::ShareToken => {}
        }
    }

    fn words(&self) -> Words {
        use StatusCode as S;
        let missing = || say(S::NOT_FOUND, "itemNotFound", None, "The resource could not be found.");
        let invalid = |inner, message: Cow<'static, str>| say(S::BAD_REQUEST, "invalidRequest", Some(inner), message);
        match self {
            Refusal::Vault(error) => vault(error),
            Refusal::House(refusal) => house(*refusal),
            Refusal::NoToken => say(S::UNAUTHORIZED, "InvalidAuthenticationToken", None, "Access token is empty."),
            Refusal::Address(BadAddress::Unknown(segment)) | Refusal::NoSegment(segment) => say(
                S::BAD_REQUEST,
                "BadRequest",
                None,
                format!("Resource not found for the segment '{}'.", Short(segment)),
            ),
            Refusal::Address(BadAddress::Text(bad)) => invalid("invalidPath", sentence(bad).into()),
            Refusal::Address(bad @ (BadAddress::Up | BadAddress::Colon)) => {
                invalid("invalidPath", sentence(bad).into())
            }
            Refusal::Version(version) => {
                say(S::NOT_FOUND, "BadRequest", None, format!("Invalid version: {}", Short(version)))
            }
            Refusal::NoCall => say(S::BAD_REQUEST, "invalidRequest", None, "API not found"),
            Refusal::Methods(_) => {
                say(S::METHOD_NOT_ALLOWED, "notAllowed", None, "The HTTP method is not allowed for this resource.")
            }
            Refusal::NotBuilt => say(S::NOT_IMPLEMENTED, "notSupported", None, "This operation is not supported."),
            Refusal::NotDelegated => {
                say(S::BAD_REQUEST, "BadRequest", None, "/me request is only valid with delegated authentication flow.")
            }
            Refusal::Scope => denied("The token lacks the permission for this operation."),
            Refusal::Query(option) => {
                invalid("invalidQueryOption", format!("The query option '{option}' has an invalid value.").into())
            }
            Refusal::Json => {
                say(S::BAD_REQUEST, "invalidRequest", None, "The request body is not a valid JSON object.")
            }
            Refusal::Member(what) => {
                invalid("invalidParameterFormat", format!("The request body is invalid: {what}").into())
            }
            Refusal::TooLong(name) => {
                invalid("parameterIsTooLong", format!("The parameter '{name}' is too long.").into())
            }
            Refusal::Name(why) => invalid("invalidPath", format!("The name is invalid: {why}.").into()),
            Refusal::Body(BodyError::TooLarge { .. }) => too_large(),
            Refusal::Body(BodyError::TimedOut { .. }) => {
                say(S::REQUEST_TIMEOUT, "invalidRequest", None, "The request body did not arrive in time.")
            }
            Refusal::Body(BodyError::Truncated | BodyError::Broken(_)) => broken_body(),
            Refusal::Format => {
                say(S::NOT_ACCEPTABLE, "notSupported", None, "The content cannot be converted to the requested format.")
            }
            Refusal::Range(_) => {
                say(S::RANGE_NOT_SATISFIABLE, "invalidRange", None, "The requested range lies outside the content.")
            }
            Refusal::DeadAddress => missing(),
            Refusal::NoAnonymousLinks => denied("Anonymous sharing links are not allowed here."),
            Refusal::ShareToken => invalid("invalidParameterFormat", "The sharing token is malformed.".into()),
        }
    }
}

fn vault(error: &Error) -> Words {
    use StatusCode as S;
    let invalid = |message: &'static str| say(S::BAD_REQUEST, "invalidRequest", None, message);
    match error {
        Error::Missing(
            Missing::Item
            | Missing::Hidden
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
        | Error::LinkExpired => say(S::NOT_FOUND, "itemNotFound", None, "The resource could not be found."),
        Error::Denied(_) | Error::AccessCode | Error::LinkRefused(_) => denied("Access denied."),
        Error::Held(lock) | Error::OtherHolderNamed(lock) => locked(lock),
        Error::NotCheckedOut => invalid("The file is not checked out."),
        // the fence a client names is a condition of its own
        Error::FenceLost | Error::OtherLockNamed => say(
            S::PRECONDITION_FAILED,
            "resourceModified",
            Some("entityTagDoesNotMatch"),
            "The check-out that this request belongs to has ended.",
        ),
        Error::WrongKind(Kind::File) => invalid("The operation is only valid for files."),
        Error::WrongKind(Kind::Folder) => invalid("The operation is only valid for folders."),
        Error::NotLatest => invalid("The version is not the current one."),
        Error::Frozen => denied("The current version cannot be changed."),
        Error::NoContent => invalid("The file has no content."),
        Error::ContentMissing => invalid("The request body must hold the content."),
        Error::ContentTooLarge => too_large(),
        Error::BodyBroken => broken_body(),
        Error::NameTaken(_) | Error::LabelTaken(_) => {
            say(S::CONFLICT, "nameAlreadyExists", None, "An item with the same name already exists under the parent.")
        }
        Error::BadName(bad) => {
            say(S::BAD_REQUEST, "invalidRequest", Some("invalidPath"), format!("The name is invalid: {bad}."))
        }
        Error::Associated | Error::AlreadyAssociated => say(
            S::CONFLICT,
            "notAllowed",
            None,
            "The item is referred to by something else. Remove the association first.",
        ),
        Error::Impossible(_) => invalid("The operation is not possible for this item."),
        Error::PreconditionFailed => say(
            S::PRECONDITION_FAILED,
            "resourceModified",
            Some("entityTagDoesNotMatch"),
            "The resource has changed since it was last read.",
        ),
        Error::CategoryNotAssignable | Error::Invalid(_) => {
            say(S::BAD_REQUEST, "invalidRequest", Some("invalidParameterFormat"), "A value of the request is invalid.")
        }
        Error::BadCredentials | Error::LockedOut | Error::PasswordExpired | Error::NotEnabled | Error::NoSession => {
            say(
                S::UNAUTHORIZED,
                "InvalidAuthenticationToken",
                None,
                "The access token is invalid or its lifetime validation failed.",
            )
        }
        Error::Overloaded => say(
            S::SERVICE_UNAVAILABLE,
            "serviceNotAvailable",
            None,
            "The service is temporarily overloaded; try again later.",
        ),
        Error::Broken(_) => broken(),
    }
}

fn house(refusal: guard::Refusal) -> Words {
    use StatusCode as S;
    match refusal {
        guard::Refusal::AddressTooLong { .. } => {
            say(S::URI_TOO_LONG, "invalidRequest", Some("invalidPath"), "The request address is too long.")
        }
        guard::Refusal::HeadTooLarge { .. } => {
            say(S::REQUEST_HEADER_FIELDS_TOO_LARGE, "invalidRequest", None, "The request headers are too long.")
        }
        guard::Refusal::TimedOut { .. } => {
            say(S::GATEWAY_TIMEOUT, "serviceNotAvailable", None, "The request could not be answered in time.")
        }
        guard::Refusal::Panicked => broken(),
    }
}

fn locked(lock: &Lock) -> Words {
    let message = format!("The file is checked out for editing by {}.", lock.holder.name);
    say(StatusCode::LOCKED, "notAllowed", Some("resourceLocked"), message)
}

fn denied(message: &'static str) -> Words {
    say(StatusCode::FORBIDDEN, "accessDenied", Some("accessRestricted"), message)
}

fn too_large() -> Words {
    say(
        StatusCode::PAYLOAD_TOO_LARGE,
        "invalidRequest",
        Some("maxFileSizeExceeded"),
        "The request body is larger than the limit.",
    )
}

fn broken_body() -> Words {
    say(StatusCode::BAD_REQUEST, "invalidRequest", None, "The request body ended early.")
}

fn broken() -> Words {
    say(StatusCode::INTERNAL_SERVER_ERROR, "generalException", None, "An unexpected error has occurred.")
}

fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// A client's own text, cut so that an answer stays short.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(64).and_then(|(at, _)| self.0.get(..at)) {
            Some(start) => write!(f, "{start}…"),
            None => f.write_str(self.0),
        }
    }
}

/// A small JSON body: nothing, or an object, whatever its `Content-Type` says (1.2).
pub async fn read_json<T: serde::de::DeserializeOwned>(body: Body, limit: usize) -> Result<T, Refusal> {
    let bytes = crate::http::body::read(body, limit).await?;
    let object = if bytes.trim_ascii().is_empty() {
        Map::new()
    } else {
        serde_json::from_slice::<Map<String, Value>>(&bytes).map_err(|_| Refusal::Json)?
    };
    serde_path_to_error::deserialize(Value::Object(object)).map_err(|error| {
        let path = error.path().to_string();
        Refusal::Member(format!("'{}' has the wrong type or value.", Short(&path)))
    })
}
