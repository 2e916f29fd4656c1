//! This room's one way of saying no (spec/liferay.md 7 and 8): an exception's class and text, with the status the vendor
//! derives from the class. The same refusal is worded differently by operation, so refusals carry theirs.

use axum::{
    http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::answer;
use crate::{
    domain::{
        error::{Error as Refusal, Missing},
        lock::Lock,
        permission::Gate,
    },
    http::{body::BodyError, guard, multipart::MultipartError},
};

/// What somebody wanted: it decides how a refusal is worded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Reading.
    View,
    /// Taking the lock.
    CheckOut,
    /// Checking in.
    CheckIn,
    /// Changing a file or a folder.
    Update,
    /// Going back to an older version.
    Revert,
    /// Cancelling one's own check-out.
    Cancel,
    /// Cancelling somebody else's.
    Override,
    /// Changing when a lock ends.
    Refresh,
    /// Deleting.
    Delete,
    /// Moving to another folder.
    Move,
    /// Making a file in a folder.
    AddDocument,
    /// Making a folder in a folder.
    AddSubfolder,
}

impl Operation {
    /// The vendor's name of the permission it needs.
    fn permission(self) -> &'static str {
        match self {
            Self::View => "VIEW",
            Self::CheckOut | Self::CheckIn | Self::Update | Self::Revert | Self::Cancel | Self::Refresh => "UPDATE",
            Self::Override => "OVERRIDE_CHECKOUT",
            // leaving a folder needs the right to delete from it
            Self::Delete | Self::Move => "DELETE",
            Self::AddDocument => "ADD_DOCUMENT",
            Self::AddSubfolder => "ADD_SUBFOLDER",
        }
    }
}

/// What it was wanted of, as the client named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A file by its number.
    File(i64),
    /// A file by site, folder and title.
    Titled(i64, i64, String),
    /// A file by site, folder and the name of its bytes.
    FileNamed(i64, i64, String),
    /// A file by site and the code another system knows it by.
    Coded(i64, String),
    /// A file by uuid and site.
    Uuid(String, i64),
    /// A folder by its number.
    Folder(i64),
    /// A folder by site, parent and name.
    FolderNamed(i64, i64, String),
    /// A version by its number.
    Version(i64),
    /// A version of a file by its label.
    Label(i64, String),
    /// A site, by the parameter that named it.
    Site(&'static str, i64),
    /// A site by company and key.
    SiteNamed(i64, String),
    /// A user, as the vendor spells the key.
    User(String),
    /// The company, as the vendor spells the key.
    Company(String),
    /// A lock by uuid and company.
    Lock(String, i64),
    /// Some bytes at a download address.
    Address(String),
}

/// A refusal with all its words depend on.
#[derive(Debug)]
pub struct Refused {
    /// What the vault said.
    pub refusal: Refusal,
    /// What was wanted.
    pub operation: Operation,
    /// Of what.
    pub subject: Subject,
    /// The caller's user id.
    pub user: i64,
}

/// Everything this room refuses.
#[derive(Debug)]
pub enum Error {
    /// The vault refused.
    Refused(Box<Refused>),
    /// No such service, method, overload or hint.
    NoAction {
        /// The path without hint and parameters.
        path: String,
        /// The HTTP method, or `null`.
        word: String,
    },
    /// Nobody lives at an address outside the services.
    NoAddress(String),
    /// A guest on a method that needs a user.
    Guest {
        /// The service's Java class.
        class: &'static str,
        /// The Java method.
        method: &'static str,
    },
    /// A user who shares no site with the caller.
    Stranger {
        /// The caller's user id.
        caller: i64,
        /// The other's.
        user: i64,
    },
    /// A bearer token that is unknown or dead.
    BadToken,
    /// Wrong Basic credentials where the setting forces them to be right.
    BadPassword,
    /// A value that cannot be converted; the value.
    Unconvertible(String),
    /// Not one of the enum's names; the value.
    NoSuchConstant(String),
    /// A class that may not be named; its name.
    ForbiddenClass(String),
    /// A path name without a value; the name as written.
    MissingValue(String),
    /// Another argument that cannot be.
    IllegalArgument(Option<&'static str>),
    /// Text that is not JSON.
    NotJson,
    /// A title or name that a file cannot have.
    FileName(String),
    /// A name that a folder cannot have.
    FolderName(String),
    /// The title is taken in the folder.
    TitleTaken(String),
    /// A version that must not be deleted or reverted to; why.
    InvalidVersion(String),
    /// The caller has as many temporary files as one may have.
    TooManyTemporaryFiles,
    /// The range lies outside the content.
    Unsatisfiable(u64),
    /// The body is larger than anything taken.
    BodyTooLarge,
    /// The client sent nothing for too long.
    BodyStalled,
    /// The body cannot be read: broken multipart, a text that is not UTF-8.
    BadBody,
    /// The house refused before a handler was reached.
    House(guard::Refusal),
}

/// Whose fault it is, for JSON-RPC's codes (spec/liferay.md 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no such method: no JSON-RPC answer at all.
    NoAction,
    /// The method refused.
    Service,
    /// A parameter could not be converted.
    Conversion,
    /// It is our fault.
    Internal,
}

/// A refusal in the vendor's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// HTTP status outside JSON-RPC.
    pub status: StatusCode,
    /// The exception's class.
    pub class: &'static str,
    /// Its text; `None`: it has none.
    pub message: Option<String>,
    /// What it wraps.
    pub root: Option<(&'static str, String)>,
    /// For JSON-RPC.
    pub fault: Fault,
}

const DOCUMENT: &str = "com.liferay.document.library.kernel.model.DLFileEntry";
const FOLDER: &str = "com.liferay.document.library.kernel.model.DLFolder";

macro_rules! library {
    ($name:literal) => {
        concat!("com.liferay.document.library.kernel.exception.", $name)
    };
}
const NO_FILE: &str = library!("NoSuchFileEntryException");
const NO_FOLDER: &str = library!("NoSuchFolderException");
const NO_VERSION: &str = library!("NoSuchFileVersionException");
const NO_BYTES: &str = library!("NoSuchFileException");
const DUPLICATE_FILE: &str = library!("DuplicateFileEntryException");
const DUPLICATE_CODE: &str = library!("DuplicateFileEntryExternalReferenceCodeException");
const DUPLICATE_FOLDER: &str = library!("DuplicateFolderNameException");
const FILE_NAME: &str = library!("FileNameException");
const FOLDER_NAME: &str = library!("FolderNameException");
const FILE_SIZE: &str = library!("FileSizeException");
const INVALID_FOLDER: &str = library!("InvalidFolderException");
const INVALID_VERSION: &str = library!("InvalidFileVersionException");
const MUST_OWN_LOCK: &str = library!("FileEntryLockException$MustOwnLock");
const DUPLICATE_LOCK: &str = "com.liferay.portal.kernel.lock.DuplicateLockException";
const INVALID_LOCK: &str = "com.liferay.portal.kernel.lock.InvalidLockException";
const NO_LOCK: &str = "com.liferay.portal.kernel.lock.NoSuchLockException";
const NO_GROUP: &str = "com.liferay.portal.kernel.exception.NoSuchGroupException";
const NO_USER: &str = "com.liferay.portal.kernel.exception.NoSuchUserException";
const NO_COMPANY: &str = "com.liferay.portal.kernel.exception.NoSuchCompanyException";
const NO_MODEL: &str = "com.liferay.portal.kernel.exception.NoSuchModelException";
const SYSTEM: &str = "com.liferay.portal.kernel.exception.SystemException";
const UPLOAD: &str = "com.liferay.portal.kernel.upload.UploadException";
const NO_ACTION: &str = "com.liferay.portal.kernel.jsonwebservice.NoSuchJSONWebServiceException";
const MUST_HAVE: &str = "com.liferay.portal.kernel.security.auth.PrincipalException$MustHavePermission";
const MUST_BE_SIGNED_IN: &str = "com.liferay.portal.kernel.security.auth.PrincipalException$MustBeAuthenticated";
const SECURITY: &str = "java.lang.SecurityException";
const CLASS_CAST: &str = "java.lang.ClassCastException";
const ILLEGAL_ARGUMENT: &str = "java.lang.IllegalArgumentException";
const ILLEGAL_STATE: &str = "java.lang.IllegalStateException";
const TYPE_CONVERSION: &str = "jodd.typeconverter.TypeConversionException";

/// More of a client's value than this is not said back to it.
const QUOTED: usize = 256;

impl Error {
    /// The refusal in the vendor's words.
    pub fn words(&self) -> Words {
        match self {
            Self::Refused(refused) => refused.words(),
            Self::NoAction { path, word } => Words {
                fault: Fault::NoAction,
                ..no_such(NO_ACTION, format!("No JSON web service action with path {path} and method {word} for null"))
            },
            Self::NoAddress(path) => no_such(NO_MODEL, format!("Nothing is served at {path}")),
            Self::Guest { class, method } => forbidden(SECURITY, format!("Access denied to {class}#{method}")),
            Self::Stranger { caller, user } => {
                let model = "com.liferay.portal.kernel.model.User";
                forbidden(MUST_HAVE, format!("User {caller} must have VIEW permission for {model} {user}"))
            }
            Self::BadToken | Self::BadPassword => {
                Words { status: StatusCode::UNAUTHORIZED, ..forbidden(SECURITY, "Access denied") }
            }
            Self::Unconvertible(value) => {
                let value: String = value.chars().take(QUOTED).collect();
                let cause = format!("java.lang.NumberFormatException: For input string: \"{value}\"");
                conversion(CLASS_CAST, format!("Unable to convert value: {value}; <--- {cause}"))
            }
            Self::NoSuchConstant(value) => {
                let value: String = value.chars().take(QUOTED).collect();
                let class = super::methods::INCREASE_CLASS;
                conversion(ILLEGAL_ARGUMENT, format!("No enum constant {class}.{value}"))
            }
            Self::ForbiddenClass(class) => {
                let class: String = class.chars().take(QUOTED).collect();
                conversion(TYPE_CONVERSION, format!("{class} is not allowed to be instantiated"))
            }
            Self::MissingValue(name) => conversion(ILLEGAL_ARGUMENT, format!("Missing value for parameter {name}")),
            Self::IllegalArgument(Some(text)) => conversion(ILLEGAL_ARGUMENT, *text),
            Self::IllegalArgument(None) => Words { fault: Fault::Conversion, ..bare(ILLEGAL_ARGUMENT) },
            Self::NotJson => conversion(ILLEGAL_STATE, "Unable to deserialize object"),
            // an exception without a text is its class name
            Self::FileName(name) if name.is_empty() => bare(FILE_NAME),
            Self::FileName(name) => refused(FILE_NAME, name),
            Self::FolderName(name) if name.is_empty() => bare(FOLDER_NAME),
            Self::FolderName(name) => refused(FOLDER_NAME, name),
            Self::TitleTaken(title) => {
                refused(DUPLICATE_FILE, format!("A file entry already exists with title {title}"))
            }
            Self::InvalidVersion(why) => refused(INVALID_VERSION, why),
            Self::TooManyTemporaryFiles => refused(UPLOAD, "There are too many temporary files; delete some of them"),
            Self::Unsatisfiable(size) => Words {
                status: StatusCode::RANGE_NOT_SATISFIABLE,
                ..refused(ILLEGAL_ARGUMENT, format!("The range lies outside the {size} bytes"))
            },
            Self::BodyTooLarge => Words { status: StatusCode::PAYLOAD_TOO_LARGE, ..bare(FILE_SIZE) },
            Self::BodyStalled => Words { status: StatusCode::REQUEST_TIMEOUT, ..bare(UPLOAD) },
            Self::BadBody => bare(UPLOAD),
            Self::House(refusal) => Words {
                status: match refusal {
                    guard::Refusal::AddressTooLong { .. } => StatusCode::URI_TOO_LONG,
                    guard::Refusal::HeadTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                    guard::Refusal::TimedOut { .. } => StatusCode::GATEWAY_TIMEOUT,
                    guard::Refusal::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
                },
                ..match refusal {
                    guard::Refusal::Panicked => unexpected(),
                    guard::Refusal::AddressTooLong { .. }
                    | guard::Refusal::HeadTooLarge { .. }
                    | guard::Refusal::TimedOut { .. } => refused(SYSTEM, refusal.to_string()),
                }
            },
        }
    }

    /// Logs what is our fault: once, where it becomes an answer.
    pub fn log(&self) {
        if let Self::Refused(refused) = self
            && let Refusal::Broken(cause) = &refused.refusal
        {
            tracing::error!(error = &**cause as &dyn std::error::Error, "a request failed");
        }
    }

    /// Whether something is not there, or not for the caller.
    pub fn is_missing(&self) -> bool {
        let Self::Refused(refused) = self else { return false };
        matches!(refused.refusal, Refusal::Missing(_) | Refusal::WrongKind(_))
    }

    /// The challenge that goes with a 401; never with a 403: a browser would start to remember a password for this origin
    /// (spec/liferay.md 1.2).
    pub fn challenge(&self) -> Option<HeaderValue> {
        let bearer = HeaderValue::from_static("Bearer realm=\"PortalRealm\", error=\"invalid_token\"");
        let basic = HeaderValue::from_static("Basic realm=\"PortalRealm\"");
        let by_token = matches!(self, Self::BadToken).then_some(bearer);
        by_token.or_else(|| matches!(self, Self::BadPassword).then_some(basic))
    }

    /// Our own fault, met by this room.
    pub fn broken(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let (operation, subject) = (Operation::View, Subject::File(0));
        Self::Refused(Box::new(Refused { refusal: Refusal::broken(cause), operation, subject, user: 0 }))
    }
}

impl Refused {
    fn words(&self) -> Words {
        match &self.refusal {
            Refusal::Missing(what) => self.missing(*what),
            // a file where a folder is meant is no folder, and the reverse
            Refusal::WrongKind(_) => self.missing(Missing::Item),
            Refusal::Denied(denial) if denial.gate == Gate::Account => {
                forbidden(MUST_BE_SIGNED_IN, format!("User {} must be authenticated", self.user))
            }
            Refusal::Denied(_) | Refusal::LinkRefused(_) | Refusal::AccessCode => self.must_have(self.operation),
            Refusal::Held(lock) | Refusal::OtherHolderNamed(lock) => match self.operation {
                Operation::CheckOut | Operation::Delete | Operation::Move => {
                    refused(DUPLICATE_LOCK, self.lock_text(lock))
                }
                // who changes a folder takes its lock meanwhile, and cannot
                Operation::Update if matches!(self.subject, Subject::Folder(_) | Subject::FolderNamed(..)) => {
                    refused(DUPLICATE_LOCK, self.lock_text(lock))
                }
                Operation::CheckIn | Operation::Update | Operation::Revert => bare(MUST_OWN_LOCK),
                Operation::Cancel | Operation::Override => self.must_have(Operation::Override),
                Operation::View | Operation::Refresh | Operation::AddDocument | Operation::AddSubfolder => {
                    self.must_have(self.operation)
                }
            },
            Refusal::NotCheckedOut | Refusal::FenceLost => bare(MUST_OWN_LOCK),
            Refusal::OtherLockNamed => refused(INVALID_LOCK, "UUIDs do not match"),
            Refusal::NotLatest => refused(INVALID_VERSION, "Not the latest file version"),
            Refusal::Frozen => refused(INVALID_VERSION, "The file version must not be replaced"),
            Refusal::LabelTaken(label) => {
                refused(INVALID_VERSION, format!("A file version already exists with label {label}"))
            }
            Refusal::CodeTaken { code, library } => {
                let text = format!("Duplicate file entry external reference code {code} in group {library}");
                refused(DUPLICATE_CODE, text)
            }
            Refusal::NoContent => Words { status: StatusCode::NOT_FOUND, ..bare(NO_BYTES) },
            Refusal::ContentMissing | Refusal::ContentTooLarge | Refusal::QuotaReached => bare(FILE_SIZE),
            Refusal::BodyBroken => bare(UPLOAD),
            Refusal::NameTaken(name) if matches!(self.subject, Subject::Folder(_) | Subject::FolderNamed(..)) => {
                refused(DUPLICATE_FOLDER, format!("A folder already exists with name {name}"))
            }
            Refusal::NameTaken(name) => {
                refused(DUPLICATE_FILE, format!("A file entry already exists with file name {name}"))
            }
            Refusal::BadName(bad) => refused(FILE_NAME, bad.to_string()),
            Refusal::Impossible(_)
                if self.operation == Operation::CheckOut && matches!(self.subject, Subject::Folder(_)) =>
            {
                refused(INVALID_LOCK, "The folder holds more than can be locked with it")
            }
            Refusal::Impossible(_) => bare(INVALID_FOLDER),
            Refusal::Associated | Refusal::AlreadyAssociated => {
                refused(ILLEGAL_STATE, "Something else refers to the file")
            }
            Refusal::PreconditionFailed => {
                Words { status: StatusCode::PRECONDITION_FAILED, ..refused(ILLEGAL_STATE, "Precondition failed") }
            }
            Refusal::CategoryNotAssignable | Refusal::Invalid(_) => conversion_bare(ILLEGAL_ARGUMENT),
            Refusal::LinkExpired => no_such(NO_MODEL, "The link has expired"),
            Refusal::BadCredentials
            | Refusal::LockedOut
            | Refusal::PasswordExpired
            | Refusal::NotEnabled
            | Refusal::NoSession => forbidden(SECURITY, "Access denied"),
            Refusal::Overloaded => Words { status: StatusCode::SERVICE_UNAVAILABLE, ..unexpected() },
            Refusal::Broken(_) => unexpected(),
        }
    }

    fn must_have(&self, operation: Operation) -> Words {
        let (model, key) = match &self.subject {
            Subject::File(number) => (DOCUMENT, *number),
            Subject::Folder(number) | Subject::FolderNamed(_, number, _) => (FOLDER, *number),
            Subject::Titled(_, folder, _) | Subject::FileNamed(_, folder, _) => (FOLDER, *folder),
            Subject::Version(number) => ("com.liferay.document.library.kernel.model.DLFileVersion", *number),
            Subject::Label(file, _) => (DOCUMENT, *file),
            Subject::Site(_, number)
            | Subject::SiteNamed(number, _)
            | Subject::Uuid(_, number)
            | Subject::Coded(number, _) => ("com.liferay.portal.kernel.model.Group", *number),
            Subject::User(key) | Subject::Company(key) | Subject::Address(key) => {
                let (user, permission) = (self.user, operation.permission());
                return forbidden(MUST_HAVE, format!("User {user} must have {permission} permission for {key}"));
            }
            Subject::Lock(_, company) => ("com.liferay.portal.lock.model.Lock", *company),
        };
        let (user, permission) = (self.user, operation.permission());
        forbidden(MUST_HAVE, format!("User {user} must have {permission} permission for {model} {key}"))
    }

    /// What is missing is named as the client named it, whatever was the missing part; hidden things like absent ones.
    fn missing(&self, what: Missing) -> Words {
        match what {
            Missing::Library => match &self.subject {
                Subject::Site(..) | Subject::SiteNamed(..) => {}
                Subject::Titled(site, ..)
                | Subject::FileNamed(site, ..)
                | Subject::FolderNamed(site, ..)
                | Subject::Coded(site, _)
                | Subject::Uuid(_, site) => {
                    return no_such(NO_GROUP, format!("No Group exists with the key {{repositoryId={site}}}"));
                }
                Subject::File(_)
                | Subject::Folder(_)
                | Subject::Version(_)
                | Subject::Label(..)
                | Subject::User(_)
                | Subject::Company(_)
                | Subject::Lock(..)
                | Subject::Address(_) => return bare_no_such(NO_GROUP),
            },
            Missing::Principal => {
                if !matches!(self.subject, Subject::User(_)) {
                    return bare_no_such(NO_USER);
                }
            }
            Missing::Category | Missing::Link | Missing::Part | Missing::Association | Missing::Collection => {
                return bare_no_such(NO_MODEL);
            }
            Missing::Item | Missing::Hidden | Missing::Edition | Missing::Lock => {}
        }
        let key = |class, kind: &str, key: String| no_such(class, format!("No {kind} exists with the key {{{key}}}"));
        match &self.subject {
            Subject::File(number) => Words {
                root: Some((
                    "com.liferay.portal.kernel.repository.InvalidRepositoryIdException",
                    format!("No repository associated with file entry {number}"),
                )),
                ..key(NO_FILE, "FileEntry", format!("fileEntryId={number}"))
            },
            Subject::Titled(group, folder, title) => {
                key(NO_FILE, "DLFileEntry", format!("groupId={group}, folderId={folder}, title={title}"))
            }
            Subject::FileNamed(group, folder, name) => {
                key(NO_FILE, "DLFileEntry", format!("groupId={group}, folderId={folder}, fileName={name}"))
            }
            Subject::Coded(group, code) => {
                key(NO_FILE, "DLFileEntry", format!("groupId={group}, externalReferenceCode={code}"))
            }
            Subject::Uuid(uuid, group) => key(NO_FILE, "DLFileEntry", format!("uuid={uuid}, groupId={group}")),
            Subject::Folder(number) => key(NO_FOLDER, "Folder", format!("folderId={number}")),
            Subject::FolderNamed(group, parent, name) => {
                key(NO_FOLDER, "DLFolder", format!("groupId={group}, parentFolderId={parent}, name={name}"))
            }
            Subject::Version(number) => key(NO_VERSION, "FileVersion", format!("fileVersionId={number}")),
            Subject::Label(file, label) => {
                key(NO_VERSION, "DLFileVersion", format!("fileEntryId={file}, version={label}"))
            }
            Subject::Site(parameter, number) => key(NO_GROUP, "Group", format!("{parameter}={number}")),
            Subject::SiteNamed(company, name) => {
                key(NO_GROUP, "Group", format!("companyId={company}, groupKey={name}"))
            }
            Subject::User(name) => key(NO_USER, "User", name.clone()),
            Subject::Company(name) => key(NO_COMPANY, "Company", name.clone()),
            Subject::Lock(uuid, company) => no_such(NO_LOCK, format!("{{uuid={uuid}, companyId={company}}}")),
            Subject::Address(path) => no_such(NO_FILE, format!("No file exists at {path}")),
        }
    }

    /// The text form of a lock, dates as Java prints them. Its key is the folder it is on, else what was asked about.
    fn lock_text(&self, lock: &Lock) -> String {
        let date = |moment: chrono::DateTime<chrono::Utc>| moment.format("%a %b %d %H:%M:%S GMT %Y").to_string();
        let asked = if let Subject::File(number) | Subject::Folder(number) = self.subject { number } else { 0 };
        let key = lock.folder.map(|folder| folder.number).filter(|number| *number != 0).unwrap_or(asked);
        format!(
            "{{lockId={}, uuid={}, userId={}, userName={}, owner={}, key={key}, createDate={}, expirationDate={}}}",
            lock.number,
            lock.uuid,
            lock.holder.number,
            lock.holder.name,
            super::wire::lock::owner(lock),
            date(lock.taken_at),
            lock.expires_at.map_or_else(|| "null".to_owned(), date),
        )
    }
}

fn refused(class: &'static str, message: impl Into<String>) -> Words {
    Words { message: Some(message.into()), ..bare(class) }
}

/// Conflicts and bad input are 500, too: the vendor's status rule.
fn bare(class: &'static str) -> Words {
    Words { status: StatusCode::INTERNAL_SERVER_ERROR, class, message: None, root: None, fault: Fault::Service }
}

fn no_such(class: &'static str, message: impl Into<String>) -> Words {
    Words { status: StatusCode::NOT_FOUND, ..refused(class, message) }
}

fn bare_no_such(class: &'static str) -> Words {
    Words { status: StatusCode::NOT_FOUND, ..bare(class) }
}

fn forbidden(class: &'static str, message: impl Into<String>) -> Words {
    Words { status: StatusCode::FORBIDDEN, ..refused(class, message) }
}

fn conversion(class: &'static str, message: impl Into<String>) -> Words {
    Words { fault: Fault::Conversion, ..refused(class, message) }
}

fn conversion_bare(class: &'static str) -> Words {
    Words { fault: Fault::Conversion, ..bare(class) }
}

fn unexpected() -> Words {
    Words { fault: Fault::Internal, ..refused(SYSTEM, "Unexpected error") }
}

impl Words {
    /// The error object of section 7. An exception without a text shows its class in its place.
    pub fn object(&self) -> Value {
        let message = self.message.as_deref().unwrap_or(self.class);
        let mut object = Map::new();
        object.insert("error".to_owned(), json!({"message": message, "type": self.class}));
        object.insert("exception".to_owned(), message.into());
        if let Some((class, message)) = &self.root {
            object.insert("rootCause".to_owned(), json!({"message": message, "type": class}));
        }
        object.insert("throwable".to_owned(), self.throwable().into());
        Value::Object(object)
    }

    /// `<class>: <message>`, or the class alone.
    pub fn throwable(&self) -> String {
        match &self.message {
            Some(message) => format!("{}: {message}", self.class),
            None => self.class.to_owned(),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.log();
        let words = self.words();
        let mut response = answer::json(words.status, &words.object());
        if let Some(challenge) = self.challenge() {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        if let Self::Unsatisfiable(size) = self {
            let (name, value) = crate::http::content::unsatisfied(size);
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { .. } => Self::BodyTooLarge,
            BodyError::TimedOut { .. } => Self::BodyStalled,
            BodyError::Truncated | BodyError::Broken(_) => Self::BadBody,
        }
    }
}

impl From<MultipartError> for Error {
    fn from(error: MultipartError) -> Self {
        match error {
            MultipartError::Body(error) => error.into(),
            MultipartError::TextTooLong { .. }
            | MultipartError::TooManyParts { .. }
            | MultipartError::TooManyFiles { .. } => Self::BodyTooLarge,
            MultipartError::NotMultipart
            | MultipartError::NoBoundary
            | MultipartError::HeadTooLong
            | MultipartError::BadHead
            | MultipartError::NoName
            | MultipartError::BadFileName
            | MultipartError::NotUtf8 { .. }
            | MultipartError::Truncated
            | MultipartError::StillOpen => Self::BadBody,
        }
    }
}
