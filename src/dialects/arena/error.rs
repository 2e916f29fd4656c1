//! The room's one way of saying no (spec/arena.md 5): statuses, codes and the vendor's own sentences. No refusal gets its
//! status anywhere else.

use axum::{
    Json,
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{limits::spell_reset, wire::storage_name};
use crate::{
    domain::{
        self,
        edition::{Misplaced, Storage},
        error::{Error as Refusal, Missing},
        name::{BadName, LONGEST_NAME},
    },
    http::{
        body::BodyError,
        content::{DownloadError, unsatisfied},
        guard,
        multipart::MultipartError,
        oauth::Malformed,
    },
    vault::Requests,
};

/// Every no of the room.
#[derive(Debug)]
pub enum Error {
    /// What the vault refuses, and what it was asked for.
    Vault(Refusal, Asked),
    /// What the house refuses before a handler is reached.
    House(guard::Refusal),
    /// Nobody lives at the path.
    NoRoute,
    /// Somebody does, but knows no such method.
    WrongMethod,
    /// The workspace has no requests left.
    LimitReached(Requests),
    /// Neither JSON nor a form, or not the one that is needed.
    ContentType,
    /// JSON or multipart that cannot be read.
    Syntax,
    /// More text than anybody needs to say.
    TooLarge,
    /// The client sent nothing for too long.
    Stalled,
    /// An attribute is missing.
    Required(&'static str),
    /// A value that cannot be: of another type, of no enumeration, with a NUL.
    NotValid(String),
    /// Neither true nor false.
    NotBoolean { attribute: String, value: String },
    /// More characters than the attribute holds.
    TooLong { attribute: &'static str, longest: usize },
    /// No such search attribute.
    NotSearchable(String),
    /// A search attribute without a value.
    EmptyValue(String),
    /// `limit` or `offset` is no number.
    NoWindow,
    /// `limit` or `offset` is out of bounds.
    WindowTooLarge,
    /// The category is not active any more.
    InactiveCategory { guid: String, name: String },
    /// The attribute means nothing for files whose bytes are elsewhere.
    NotForStorage { attribute: &'static str, storage: Storage },
    /// Bytes come to a file whose bytes are elsewhere, without the word that they are to be here.
    StorageRequired(Storage),
    /// The range lies outside the content.
    Range { size: u64 },
    /// What the token endpoint refuses, in OAuth's shape.
    Token(TokenError),
}

/// Every no of the token endpoint (3.4), as OAuth names it (RFC 6749, 5.2).
#[derive(Debug)]
pub enum TokenError {
    /// A parameter is missing, given twice or cannot be.
    Request(&'static str),
    /// Another grant than client credentials.
    GrantType,
    /// No credential, or a wrong one, and whether it came with HTTP Basic.
    Client {
        /// Whether it did.
        basic: bool,
    },
    /// What else the vault refuses.
    Vault(Refusal),
}

/// What the vault was asked for, and the GUID the client named: the vendor's wording depends on both.
#[derive(Clone, Debug)]
pub struct Asked {
    what: What,
    guid: Option<String>,
}

/// What the vault was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// To know the caller, or to list what the caller may see.
    Call,
    /// To let somebody in.
    LogIn,
    /// To show a file, or a category for its own sake.
    Show,
    /// To give a file's content.
    Content,
    /// To read the bytes of that content.
    Bytes,
    /// To make a file.
    Create,
    /// To give a category to a file.
    Categorize,
    /// To show a part, or to change the files that belong to it.
    Part,
    /// To check a file out.
    CheckOut,
    /// To cancel a check-out.
    Cancel,
    /// To check a file in.
    CheckIn,
    /// To change an edition in place.
    Update,
    /// To add an edition.
    NewEdition,
    /// To delete an edition.
    Delete,
}

impl Asked {
    /// Something about the file or category with this GUID, as the client spells it.
    pub fn about(what: What, guid: impl Into<String>) -> Self {
        Self { what, guid: Some(guid.into()) }
    }

    /// Something that names no GUID.
    pub fn nothing(what: What) -> Self {
        Self { what, guid: None }
    }

    /// The vault's answer, with its refusal in the room's words.
    pub fn answer<T>(&self, answer: domain::Result<T>) -> Result<T, Error> {
        answer.map_err(|refusal| self.refused(refusal))
    }

    /// The vault's refusal in the room's words.
    pub fn refused(&self, refusal: Refusal) -> Error {
        Error::Vault(refusal, self.clone())
    }
}

impl From<Misplaced> for Error {
    fn from(misplaced: Misplaced) -> Self {
        match misplaced {
            Misplaced::NoContent => Error::NotValid("storageMethodName".to_owned()),
            Misplaced::NoLocation => Error::Required("location"),
            Misplaced::Location(storage) => Error::NotForStorage { attribute: "location", storage },
        }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { .. } => Error::TooLarge,
            BodyError::TimedOut { .. } => Error::Stalled,
            BodyError::Truncated | BodyError::Broken(_) => Error::Syntax,
        }
    }
}

impl From<MultipartError> for Error {
    fn from(error: MultipartError) -> Self {
        match error {
            MultipartError::NotMultipart => Error::ContentType,
            MultipartError::TextTooLong { .. } => Error::TooLarge,
            // only a file makes a form so long
            MultipartError::Body(BodyError::TooLarge { .. }) => {
                Asked::nothing(What::Call).refused(Refusal::ContentTooLarge)
            }
            MultipartError::Body(error) => error.into(),
            MultipartError::NoBoundary
            | MultipartError::TooManyParts { .. }
            | MultipartError::TooManyFiles { .. }
            | MultipartError::HeadTooLong
            | MultipartError::BadHead
            | MultipartError::NoName
            | MultipartError::BadFileName
            | MultipartError::NotUtf8 { .. }
            | MultipartError::Truncated
            | MultipartError::StillOpen => Error::Syntax,
        }
    }
}

impl From<DownloadError<Error>> for Error {
    fn from(error: DownloadError<Error>) -> Self {
        match error {
            DownloadError::Open(error) => error,
            DownloadError::Unsatisfiable { size } => Error::Range { size },
            // conditions are not looked at
            DownloadError::Precondition => Error::Syntax,
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Error::Vault(Refusal::Broken(cause), _) | Error::Token(TokenError::Vault(Refusal::Broken(cause))) = &self
        {
            tracing::error!(error = &**cause as &dyn std::error::Error, "broken");
        }
        if let Error::Token(refusal) = &self {
            return refusal.answer();
        }
        let (status, code, message) = self.words();
        let body = json!({"status": status.as_u16(), "errors": [{"code": code, "message": message}]});
        let mut response = (status, Json(body)).into_response();
        if let Error::Range { size } = self {
            response.headers_mut().extend([unsatisfied(size)]);
        }
        response
    }
}

type Words = (StatusCode, u16, String);

const PRIVILEGES: &str = "Either you do not have privileges to access the requested data or it does not exist.";
const NOT_UPDATED: &str = "The File cannot be updated.";
const BROKEN: &str = "Sorry, a system error occurred, please try again.";
const UNAVAILABLE: &str = "The service is currently unavailable.";
const SYNTAX: &str = "The format of the request is not valid. Please check the syntax.";
/// The vendor prints it with its quotes.
const NOT_CHECKED_OUT: &str =
    "\"This action cannot be completed. Cancelling a check out can only be performed on checked out Files.\"";

impl Error {
    fn words(&self) -> Words {
        match self {
            Error::Vault(refusal, asked) => refused(refusal, asked),
            Error::House(refusal) => house(refusal),
            Error::NoRoute => plain(StatusCode::NOT_FOUND, "No resource has been found."),
            Error::WrongMethod => plain(StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed."),
            Error::LimitReached(requests) => (
                StatusCode::TOO_MANY_REQUESTS,
                4084,
                format!(
                    "You have exceeded your maximum of \"{}\" requests during the last 24 hours. \
                     Additional requests can be made at \"{}\".",
                    requests.limit,
                    spell_reset(requests.reset)
                ),
            ),
            Error::ContentType => {
                plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The content type of the request is not supported.")
            }
            Error::Syntax => plain(StatusCode::BAD_REQUEST, SYNTAX),
            Error::TooLarge => plain(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large."),
            Error::Stalled => plain(StatusCode::REQUEST_TIMEOUT, "The request took too long."),
            Error::Required(attribute) => bad(3001, format!("The attribute \"{attribute}\" is required.")),
            Error::NotValid(attribute) => not_valid(attribute),
            Error::NotBoolean { attribute, value } => bad(
                3257,
                format!("The value \"{value}\" is not valid for the attribute \"{attribute}\" of Boolean type."),
            ),
            Error::TooLong { attribute, longest } => too_long(attribute, *longest),
            Error::NotSearchable(attribute) => bad(3019, format!("The attribute \"{attribute}\" is not searchable.")),
            Error::EmptyValue(attribute) => {
                bad(3020, format!("The value for the attribute \"{attribute}\" cannot be empty."))
            }
            Error::NoWindow => bad(3041, "The limit or offset parameter is invalid."),
            Error::WindowTooLarge => bad(3220, "Limit must be 1-400, offset must equal or bigger than 0."),
            Error::InactiveCategory { guid, name } => {
                bad(3038, format!("The category \"{name}\" (guid {guid}) is inactive."))
            }
            Error::NotForStorage { attribute, storage } => bad(
                6008,
                format!(
                    "The attribute \"{attribute}\" is not supported for Files with a storageMethodName value of \"{}\".",
                    storage_name(*storage)
                ),
            ),
            Error::Token(refusal) => {
                let (status, _, words) = refusal.words();
                plain(status, &words)
            }
            // "storageMethondName" is printed so
            Error::StorageRequired(storage) => bad(
                3222,
                format!(
                    "The attribute storageMethodName is required when updating a File with a preexisting \
                     storageMethodName value of \"{}\" to a storageMethondName value of \"FILE\".",
                    storage_name(*storage)
                ),
            ),
            Error::Range { .. } => {
                plain(StatusCode::RANGE_NOT_SATISFIABLE, "The requested range is outside the file content.")
            }
        }
    }
}

impl From<Malformed> for TokenError {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Request(why) => TokenError::Request(why),
            Malformed::Client { basic } => TokenError::Client { basic },
        }
    }
}

impl TokenError {
    fn answer(&self) -> Response {
        let (status, error, description) = self.words();
        let mut response = (status, Json(json!({"error": error, "error_description": description}))).into_response();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let TokenError::Client { basic: true } = self {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Arena\""));
        }
        response
    }

    fn words(&self) -> (StatusCode, &'static str, String) {
        match self {
            TokenError::Request(why) => (StatusCode::BAD_REQUEST, "invalid_request", (*why).to_owned()),
            TokenError::GrantType => (
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "The only grant type is client_credentials.".to_owned(),
            ),
            TokenError::Client { .. } => (
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "The client ID, client secret or workspace ID is not valid or access is not allowed from this address."
                    .to_owned(),
            ),
            TokenError::Vault(refusal) => {
                let (status, _, words) = refused(refusal, &Asked::nothing(What::LogIn));
                if matches!(refusal, Refusal::LockedOut) {
                    (StatusCode::UNAUTHORIZED, "invalid_client", words)
                } else if matches!(refusal, Refusal::NotEnabled) {
                    (status, "unauthorized_client", words)
                } else if status == StatusCode::SERVICE_UNAVAILABLE {
                    (status, "temporarily_unavailable", words)
                } else if status.is_server_error() {
                    (status, "server_error", words)
                } else {
                    (status, "invalid_request", words)
                }
            }
        }
    }
}

/// The vault's refusals. Where the vendor has several sentences for one, what was asked decides.
fn refused(refusal: &Refusal, asked: &Asked) -> Words {
    let guid = asked.guid.as_deref().unwrap_or_default();
    if let Some(words) = not_deleted(refusal).filter(|_| asked.what == What::Delete) {
        return words;
    }
    match refusal {
        Refusal::Missing(Missing::Category) if asked.what == What::Show => invalid_guid(guid),
        Refusal::Missing(Missing::Category) => bad(3002, format!("The category guid \"{guid}\" is not valid.")),
        // a GUID that is no GUID, names nothing, or nothing the caller may see: one answer
        Refusal::Missing(Missing::Item | Missing::Hidden | Missing::Edition | Missing::Part | Missing::Principal)
        | Refusal::WrongKind(_)
            if asked.guid.is_some() =>
        {
            invalid_guid(guid)
        }
        Refusal::Missing(Missing::Association) => bad(3029, "The file association does not exist."),
        Refusal::Missing(
            Missing::Item
            | Missing::Hidden
            | Missing::Edition
            | Missing::Library
            | Missing::Collection
            | Missing::Principal
            | Missing::Link
            | Missing::Lock
            | Missing::Part,
        )
        | Refusal::WrongKind(_)
        | Refusal::Denied(_)
        | Refusal::LinkExpired
        | Refusal::AccessCode
        | Refusal::LinkRefused(_) => bad(3024, PRIVILEGES),
        Refusal::NotCheckedOut | Refusal::FenceLost if asked.what == What::Cancel => bad(3132, NOT_CHECKED_OUT),
        Refusal::Held(_) | Refusal::OtherHolderNamed(_) if matches!(asked.what, What::Cancel | What::CheckIn) => {
            bad(3085, "You do not have privileges to perform the requested operation.")
        }
        Refusal::Held(_) if asked.what == What::NewEdition => {
            bad(3109, "The file is locked and new editions cannot be created.")
        }
        Refusal::Held(_)
        | Refusal::OtherHolderNamed(_)
        | Refusal::OtherLockNamed
        | Refusal::NotCheckedOut
        | Refusal::FenceLost
        | Refusal::PreconditionFailed
        | Refusal::Impossible(_) => bad(3133, NOT_UPDATED),
        Refusal::NotLatest => not_latest(asked.what, guid),
        Refusal::Frozen => bad(
            3084,
            format!(
                "This edition of the given file \"{guid}\" cannot be updated because it either contains a markup or it \
                 is associated with a locked object."
            ),
        ),
        Refusal::NoContent => bad(
            3028,
            format!(
                "The requested file with guid \"{guid}\" does not have any content. Please make sure it is a valid file."
            ),
        ),
        Refusal::ContentMissing | Refusal::ContentTooLarge => bad(3033, "The file content is missing."),
        Refusal::QuotaReached => plain(StatusCode::BAD_REQUEST, "The workspace has reached its storage quota."),
        Refusal::BodyBroken => plain(StatusCode::BAD_REQUEST, SYNTAX),
        Refusal::BadName(BadName::TooLong) => too_long("name", LONGEST_NAME),
        Refusal::NameTaken(_) | Refusal::BadName(BadName::Empty | BadName::Character | BadName::Dots) => {
            not_valid("name")
        }
        Refusal::LabelTaken(label) => bad(6002, format!("The file edition id \"{label}\" is in use.")),
        Refusal::CodeTaken { .. } => not_valid("code"),
        Refusal::CategoryNotAssignable => bad(3007, "This category is structural; objects may not be assigned to it."),
        Refusal::Invalid(attribute) => not_valid(attribute),
        Refusal::BadCredentials => bad(
            4001,
            "The username, password or workspace ID is not valid or you are not allowed to log in due to IP restriction.",
        ),
        Refusal::PasswordExpired => bad(
            4081,
            "Your password has either been reset by an Account Administrator or has expired. Please proceed to the \
             browser-based Arena user interface and configure a new password.",
        ),
        Refusal::NotEnabled => bad(4079, "API feature is not enabled in your workspace."),
        Refusal::Associated => bad(6010, "The File cannot be deleted due to existing associations."),
        // the vendor prints the number alone
        Refusal::AlreadyAssociated => bad(3097, "The file association already exists."),
        Refusal::LockedOut => bad(4083, "Too many invalid password attempts, account disabled for five minutes."),
        Refusal::NoSession => plain(
            StatusCode::UNAUTHORIZED,
            "There is no access token associated with this request or the access token is not valid.",
        ),
        Refusal::Overloaded => plain(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE),
        Refusal::Broken(_) if asked.what == What::Bytes => {
            bad(3017, format!("The file with guid \"{guid}\" cannot be downloaded at this time."))
        }
        Refusal::Broken(_) => (StatusCode::INTERNAL_SERVER_ERROR, 3000, BROKEN.to_owned()),
    }
}

/// A DELETE has one answer to what is not there, not seen or not allowed, and one to a state that forbids it (8.8).
fn not_deleted(refusal: &Refusal) -> Option<Words> {
    if matches!(refusal, Refusal::Missing(_) | Refusal::WrongKind(_) | Refusal::Denied(_)) {
        return Some((StatusCode::FORBIDDEN, 3024, PRIVILEGES.to_owned()));
    }
    let in_the_way = matches!(
        refusal,
        Refusal::Held(_)
            | Refusal::OtherHolderNamed(_)
            | Refusal::OtherLockNamed
            | Refusal::NotCheckedOut
            | Refusal::FenceLost
            | Refusal::NotLatest
            | Refusal::Frozen
            | Refusal::PreconditionFailed
            | Refusal::Impossible(_)
    );
    in_the_way.then(|| bad(6003, "File cannot be deleted."))
}

fn not_latest(what: What, guid: &str) -> Words {
    match what {
        // "if" is printed so
        What::CheckOut => {
            bad(3130, "This action cannot be completed. Only the latest edition if a File can be checked out.")
        }
        What::CheckIn => bad(
            3128,
            format!(
                "This edition of File \"{guid}\" cannot be checked in. Only the latest File edition or new File editions \
                 can be checked in."
            ),
        ),
        What::Call
        | What::LogIn
        | What::Show
        | What::Content
        | What::Bytes
        | What::Create
        | What::Categorize
        | What::Part
        | What::Cancel
        | What::Update
        | What::NewEdition
        | What::Delete => bad(3030, format!("This edition of the given file \"{guid}\" cannot be updated.")),
    }
}

fn house(refusal: &guard::Refusal) -> Words {
    match refusal {
        guard::Refusal::AddressTooLong { .. } => plain(StatusCode::URI_TOO_LONG, "The address is too long."),
        guard::Refusal::HeadTooLarge { .. } => {
            plain(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers of the request are too large.")
        }
        guard::Refusal::TimedOut { .. } => plain(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE),
        guard::Refusal::Panicked => (StatusCode::INTERNAL_SERVER_ERROR, 3000, BROKEN.to_owned()),
    }
}

/// What HTTP itself refuses: the code is the status.
fn plain(status: StatusCode, message: &str) -> Words {
    (status, status.as_u16(), message.to_owned())
}

fn bad(code: u16, message: impl Into<String>) -> Words {
    (StatusCode::BAD_REQUEST, code, message.into())
}

fn invalid_guid(guid: &str) -> Words {
    bad(3011, format!("The guid \"{guid}\" is not valid."))
}

fn not_valid(attribute: &str) -> Words {
    bad(3003, format!("The value for the attribute \"{attribute}\" is not valid."))
}

fn too_long(attribute: &str, longest: usize) -> Words {
    bad(
        3101,
        format!("The length of the value exceeds the maximum length ({longest}) for the attribute \"{attribute}\"."),
    )
}
