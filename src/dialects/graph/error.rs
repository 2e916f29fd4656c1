//! Graph's one way of saying no (spec/graph.md 2). The only place of the room that knows the status of a refusal.

use std::{borrow::Cow, fmt};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ALLOW, CONTENT_RANGE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE},
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
        subscription,
        upload::{Misfit, Refused},
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
    /// The token that came has had its time.
    Expired,
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
    /// A lock in the way of a lock (section 12).
    LockMismatch,
    /// A pre-authenticated address that has ended, or never was.
    DeadAddress,
    /// An upload session that has ended, or never was.
    DeadUpload,
    /// A `Content-Range` that cannot be.
    ContentRange,
    /// A fragment that does not fit.
    Fragment(Misfit),
    /// A fragment larger than one may be.
    FragmentTooLarge,
    /// The end of an upload whose bytes are not all here.
    Incomplete,
    /// Too many upload sessions of one caller.
    TooManyUploads,
    /// A token of the change feed that says nothing any more; the address at which to begin anew.
    Resync(String),
    /// A part of a batch that waited for one which failed.
    Dependency,
    /// An answer that does not fit into that of a batch.
    BatchTooLarge,
    /// A link for people who have not signed in, where there are to be none.
    NoAnonymousLinks,
    /// A text that is no sharing token.
    ShareToken,
    /// A host that notifications are not sent to.
    NotificationHost,
    /// An endpoint that has not shown that it wants notifications; what it did.
    Validation(&'static str),
    /// Too many subscriptions of one caller.
    TooManySubscriptions,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Vault(error)
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Gone => Refusal::DeadUpload,
            Refused::Misfit(misfit) => Refusal::Fragment(misfit),
            Refused::FragmentTooLarge => Refusal::FragmentTooLarge,
            Refused::Incomplete => Refusal::Incomplete,
            Refused::TooMany => Refusal::TooManyUploads,
            Refused::Vault(error) => Refusal::Vault(error),
        }
    }
}

impl From<subscription::Refused> for Refusal {
    fn from(refused: subscription::Refused) -> Self {
        let end = |what: &str| Refusal::Member(format!("'expirationDateTime' {what}."));
        match refused {
            subscription::Refused::Past => end("must be in the future"),
            subscription::Refused::TooFar => end("can only be 42300 minutes in the future"),
            subscription::Refused::TooMany => Refusal::TooManySubscriptions,
            subscription::Refused::Vault(error) => Refusal::Vault(error),
        }
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
            Refusal::Expired => {
                // a client that asks for another token on its own looks for this word
                let challenge = "Bearer realm=\"coatcheck\", error=\"invalid_token\", \
                    error_description=\"expired_token: the token is expired\"";
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
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
            Refusal::TooManyUploads => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("60"));
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
            Refusal::Resync(address) => {
                if let Ok(address) = HeaderValue::try_from(address) {
                    headers.insert(LOCATION, address);
                }
            }
            Refusal::Vault(_)
            | Refusal::House(_)
            | Refusal::Address(_)
            | Refusal::Version(_)
            | Refusal::NoCall
            | Refusal::NoSegment(_)
            | Refusal::NotDelegated
            | Refusal::Scope
            | Refusal::Query(_)
            | Refusal::Json
            | Refusal::Member(_)
            | Refusal::TooLong(_)
            | Refusal::Name(_)
            | Refusal::Body(_)
            | Refusal::Format
            | Refusal::LockMismatch
            | Refusal::DeadAddress
            | Refusal::DeadUpload
            | Refusal::ContentRange
            | Refusal::Fragment(_)
            | Refusal::FragmentTooLarge
            | Refusal::Incomplete
            | Refusal::Dependency
            | Refusal::BatchTooLarge
            | Refusal::NoAnonymousLinks
            | Refusal::ShareToken
            | Refusal::NotificationHost
            | Refusal::Validation(_)
            | Refusal::TooManySubscriptions => {}
        }
    }

    #[expect(clippy::too_many_lines, reason = "one table")]
    fn words(&self) -> Words {
        use StatusCode as S;
        let missing = || say(S::NOT_FOUND, "itemNotFound", None, "The resource could not be found.");
        let invalid = |inner, message: Cow<'static, str>| say(S::BAD_REQUEST, "invalidRequest", Some(inner), message);
        match self {
            Refusal::Vault(error) => vault(error),
            Refusal::House(refusal) => house(*refusal),
            Refusal::NoToken => say(S::UNAUTHORIZED, "InvalidAuthenticationToken", None, "Access token is empty."),
            Refusal::Expired => say(
                S::UNAUTHORIZED,
                "InvalidAuthenticationToken",
                None,
                "Lifetime validation failed, the token is expired.",
            ),
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
            Refusal::Format => say(
                S::NOT_ACCEPTABLE,
                "notSupported",
                Some("invalidAcceptType"),
                "The content cannot be converted to the requested format.",
            ),
            Refusal::Range(_) => {
                say(S::RANGE_NOT_SATISFIABLE, "invalidRange", None, "The requested range lies outside the content.")
            }
            Refusal::LockMismatch => say(
                S::CONFLICT,
                "nameAlreadyExists",
                Some("lockMismatch"),
                "The lock of the file does not allow the operation.",
            ),
            Refusal::DeadAddress => missing(),
            Refusal::DeadUpload => {
                say(S::NOT_FOUND, "itemNotFound", Some("uploadSessionNotFound"), "The upload session was not found.")
            }
            Refusal::ContentRange => invalid(
                "invalidParameterFormat",
                "The Content-Range header is not of the form 'bytes a-b/total'.".into(),
            ),
            Refusal::Fragment(misfit) => unfit(*misfit),
            Refusal::FragmentTooLarge => say(
                S::PAYLOAD_TOO_LARGE,
                "invalidRequest",
                Some("maxFragmentLengthExceeded"),
                "The fragment is larger than 60 MiB.",
            ),
            Refusal::Incomplete => {
                say(S::BAD_REQUEST, "invalidRequest", None, "The upload session has not received all bytes.")
            }
            Refusal::TooManyUploads => say(
                S::TOO_MANY_REQUESTS,
                "activityLimitReached",
                Some("throttledRequest"),
                "There are too many unfinished upload sessions; finish or cancel some.",
            ),
            Refusal::Resync(_) => say(
                S::GONE,
                "resyncRequired",
                Some("resyncApplyDifferences"),
                "The delta token is unknown or too old. Enumerate again from the address in 'Location'.",
            ),
            Refusal::Dependency => {
                say(S::FAILED_DEPENDENCY, "failedDependency", None, "A request that this one depends on has failed.")
            }
            Refusal::BatchTooLarge => say(
                S::PAYLOAD_TOO_LARGE,
                "invalidRequest",
                None,
                "The response does not fit into that of the batch; send the request by itself.",
            ),
            Refusal::NoAnonymousLinks => denied("Anonymous sharing links are not allowed here."),
            Refusal::ShareToken => invalid("invalidParameterFormat", "The sharing token is malformed.".into()),
            Refusal::NotificationHost => denied(
                "Notifications are not sent to this host. An administrator can list it in the setting \
                 'graph.notification_hosts'.",
            ),
            Refusal::Validation(why) => say(
                S::BAD_REQUEST,
                "invalidRequest",
                None,
                format!(
                    "Subscription validation request failed: {why}. The notification endpoint must answer a POST with \
                     status 200, the type text/plain and the decoded value of 'validationToken'."
                ),
            ),
            Refusal::TooManySubscriptions => denied("There are too many subscriptions; delete some."),
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
        Error::QuotaReached => {
            say(S::INSUFFICIENT_STORAGE, "quotaLimitReached", None, "The drive has reached its storage quota.")
        }
        Error::BodyBroken => broken_body(),
        Error::NameTaken(_) | Error::LabelTaken(_) | Error::CodeTaken { .. } => {
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

/// A fragment that is not the next one is 416; one that contradicts itself or those before it is 400.
fn unfit(misfit: Misfit) -> Words {
    let range =
        |inner, message: &'static str| say(StatusCode::RANGE_NOT_SATISFIABLE, "invalidRange", Some(inner), message);
    let length =
        |message: &'static str| say(StatusCode::BAD_REQUEST, "invalidRequest", Some("fragmentLengthMismatch"), message);
    match misfit {
        Misfit::Overlap => range("fragmentOverlap", "The uploaded fragment overlaps with data that was received."),
        Misfit::OutOfOrder => range("fragmentOutOfOrder", "The uploaded fragment is not the next one expected."),
        Misfit::Beyond => range("fragmentOutOfOrder", "The uploaded fragment goes beyond the end of the file."),
        Misfit::Total => length("The total size differs from the one declared before."),
        Misfit::Length => length("The length of the body differs from the declared range."),
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
