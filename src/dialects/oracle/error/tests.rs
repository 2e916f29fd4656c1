//! The whole of what this room refuses, as one page.

use std::{fmt::Write as _, time::Duration};

use insta::assert_snapshot;

use super::*;
use crate::domain::{actor::Role, item::Kind, name::BadName};

/// Every refusal that needs no lock to be one; the stories of the room have the others.
fn all() -> Vec<Error> {
    let vault = [
        No::Missing(Missing::Item),
        No::Missing(Missing::Hidden),
        No::Missing(Missing::Edition),
        No::Missing(Missing::Link),
        No::NotCheckedOut,
        No::FenceLost,
        No::OtherLockNamed,
        No::WrongKind(Kind::File),
        No::NotLatest,
        No::Frozen,
        No::NoContent,
        No::ContentMissing,
        No::ContentTooLarge,
        No::BodyBroken,
        No::NameTaken("a.txt".to_owned()),
        No::BadName(BadName::Empty),
        No::Impossible("a root folder"),
        No::PreconditionFailed,
        No::CategoryNotAssignable,
        No::LinkExpired,
        No::AccessCode,
        No::LinkRefused(Role::Viewer),
        No::Invalid("password"),
        No::BadCredentials,
        No::LockedOut,
        No::NoSession,
        No::Overloaded,
        No::broken("the cause, which nobody sees"),
    ];
    let own = [
        Error::of("FB4CD874EF94CD2CC1B60B72T0000000000100000001")(No::Missing(Missing::Hidden)),
        Error::WrongHolder("bob".to_owned()),
        Error::Required("parentID"),
        Error::BadValue("limit"),
        Error::Unreadable,
        BodyError::TooLarge { limit: 5 }.into(),
        BodyError::TimedOut { after: Duration::from_secs(30) }.into(),
        BodyError::Truncated.into(),
        MultipartError::TooManyParts { limit: 100 }.into(),
        MultipartError::TextTooLong { name: "jsonInputParameters".to_owned(), limit: 5 }.into(),
        MultipartError::Body(BodyError::TooLarge { limit: 5 }).into(),
        Error::Root,
        Error::Precondition,
        Error::Range(5),
        Error::BadHost,
        Error::NoRoute,
        Error::NoMethod,
        Error::House(Refusal::AddressTooLong { limit: 5 }),
        Error::House(Refusal::HeadTooLarge { limit: 5 }),
        Error::House(Refusal::TimedOut { after: Duration::from_mins(1) }),
        Error::House(Refusal::Panicked),
    ];
    vault.into_iter().map(Error::from).chain(own).collect()
}

#[test]
fn every_refusal_has_its_status_its_code_and_its_words() {
    let id = "D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD".to_owned();
    let about = About::what(Operation::Upload, Some(id));
    let mut page = String::new();
    for error in all() {
        let Worded { status, headers, fields } = error.word(&about);
        let body: serde_json::Value = serde_json::from_str(&fields.to_json()).unwrap();
        let text = |key: &str| body[key].as_str().unwrap().to_owned();
        let names: Vec<&str> = headers.keys().map(axum::http::HeaderName::as_str).collect();
        let line = format!("{} {} {}", status.as_u16(), text("errorCode"), text("errorMessage"));
        let _ = writeln!(page, "{}", [line.as_str()].into_iter().chain(names).collect::<Vec<_>>().join(" + "));
    }
    assert_snapshot!(page, @r#"
    404 -16 Security validation failed. 'D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD' does not exist.
    403 -20 Unable to check in. User 'anonymous' has insufficient privilege to access fFileGUID:D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD with service CHECKIN_UNIVERSAL.
    404 -16 Security validation failed. 'D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD' does not exist.
    404 -16 Security validation failed. 'D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD' does not exist.
    409 -1 Unable to check in. The file is not reserved.
    409 -1 Unable to check in. The reservation that was named has ended.
    409 -1 Unable to check in. The reservation that was named has ended.
    404 -16 Security validation failed. 'D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD' does not exist.
    409 -1 Unable to check in. This version of the file cannot be changed.
    409 -1 Unable to check in. This version of the file cannot be changed.
    409 -1 Unable to check in. The file has no content here.
    400 -1 Unable to check in. Required field "primaryFile" is not provided.
    413 -1 Unable to check in. The file is larger than a file may be.
    400 -1 Unable to check in. The upload ended early.
    409 -17 Unable to check in. There is already an item with the name 'a.txt'.
    400 -1 Unable to check in. The name is not valid: a name must not be empty.
    409 -1 Unable to check in. This cannot be done: a root folder.
    412 -1 Unable to check in. The item is in another state than the request expects.
    409 -1 Unable to check in. The category cannot be assigned.
    400 -26 Unable to check in. The link is invalid or expired.
    403 -18 Unable to check in. The access code must be provided to access the link.
    403 -20 Unable to check in. User 'anonymous' has insufficient privilege to access fFileGUID:D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD with service CHECKIN_UNIVERSAL.
    400 -1 Unable to check in. The value of field "password" is not valid.
    401 -1 Unable to check in. The user is not signed in. + www-authenticate
    401 -1 Unable to check in. The user is not signed in. + www-authenticate
    401 -1 Unable to check in. The user is not signed in. + www-authenticate
    503 -1 Unable to check in. The server is busy. Try again. + retry-after
    500 -1 Unable to check in. A system error occurred.
    403 -20 Unable to check in. User 'anonymous' has insufficient privilege to access fFolderGUID:FB4CD874EF94CD2CC1B60B72T0000000000100000001 with service CHECKIN_UNIVERSAL.
    409 -1 Unable to check in. The file is not reserved by 'bob'.
    400 -1 Unable to check in. Required field "parentID" is not provided.
    400 -1 Unable to check in. The value of field "limit" is not valid.
    400 -1 Unable to check in. The request body cannot be read.
    413 -1 Unable to check in. The request body cannot be read: the body is longer than 5 bytes.
    408 -1 Unable to check in. The request body cannot be read: the client sent nothing for 30 seconds.
    400 -1 Unable to check in. The request body cannot be read: the body ended early.
    400 -1 Unable to check in. The upload cannot be read: more than 100 parts.
    413 -1 Unable to check in. The part "jsonInputParameters" is longer than 5 bytes.
    413 -1 Unable to check in. The request body cannot be read: the body is longer than 5 bytes.
    403 -20 Unable to check in. User 'anonymous' has insufficient privilege to access fFileGUID:D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD with service CHECKIN_UNIVERSAL.
    412 -1 Unable to check in. The content is another one than the request expects.
    416 -1 Unable to check in. The range lies outside the 5 bytes of the file. + content-range
    400 -1 Unable to check in. The Host header is missing or is no host name.
    404 -1 Unable to check in. There is no such resource.
    405 -1 Unable to check in. The resource does not know this method.
    414 -1 Unable to check in. The request was refused: the address is longer than 5 bytes.
    431 -1 Unable to check in. The request was refused: the headers are longer than 5 bytes.
    503 -1 Unable to check in. The request was refused: no answer within 60 seconds.
    500 -1 Unable to check in. The request was refused: internal error.
    "#);
}
