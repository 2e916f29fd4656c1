//! The headless delivery API (spec/liferay.md 12): documents and their folders as REST resources. It has no check-out,
//! check-in and cancel, as the vendor's has none; what others have checked out it leaves alone.

mod body;
mod content;
mod documents;
pub mod error;
mod filter;
mod folders;
mod query;
mod wire;

use axum::{
    body::Body,
    extract::{FromRequestParts, Request},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{auth::Caller, error::Error, ids};
use crate::{
    dialects::Hall,
    domain::actor::Actor,
    http::{path, trace},
    vault::Vault,
};
use error::Problem;

/// Where the resources are.
pub const MOUNT: &str = "/o/headless-delivery/v1.0";

/// A request for one operation by a caller who is no guest.
struct Task {
    hall: Hall,
    actor: Actor,
    headers: HeaderMap,
    query: String,
    /// The number in the address.
    id: i64,
    /// The external reference code in the address, where there is one.
    code: Option<String>,
}

impl Task {
    fn vault(&self) -> &Vault {
        &self.hall.vault
    }
}

/// What stands before a code in the address.
const BY_CODE: &str = "documents/by-external-reference-code";

type Answered = BoxFuture<'static, Result<Response, Problem>>;

enum Handler {
    /// The body says nothing.
    Asks(fn(Task) -> Answered),
    /// The body is read by the handler, after it has asked whether the caller may.
    Takes(fn(Task, Body) -> Answered),
}

/// One operation of the API.
struct Operation {
    method: Method,
    /// What stands before the number in the address.
    before: &'static str,
    /// What stands behind it, if anything; behind [`BY_CODE`] there is a code.
    behind: &'static str,
    /// The vendor's class, which guests are told of.
    class: &'static str,
    /// Its method.
    name: &'static str,
    handler: Handler,
}

macro_rules! operations {
    ($($method:ident $before:literal $behind:expr, $class:ident.$name:ident, $way:ident $handler:path;)*) => {
        /// Every operation, in the order of the reference.
        static OPERATIONS: &[Operation] = &[$(Operation {
            method: Method::$method,
            before: $before,
            behind: $behind,
            class: stringify!($class),
            name: stringify!($name),
            handler: operations!(@$way $handler),
        }),*];
    };
    (@asks $handler:path) => { Handler::Asks(|task| Box::pin($handler(task))) };
    (@takes $handler:path) => { Handler::Takes(|task, body| Box::pin($handler(task, body))) };
}

operations! {
    // SHOULD
    GET "sites" "documents", DocumentResourceImpl.getSiteDocumentsPage, asks documents::of_site;
    POST "sites" "documents", DocumentResourceImpl.postSiteDocument, takes documents::add_to_site;
    GET "document-folders" "documents", DocumentResourceImpl.getDocumentFolderDocumentsPage, asks documents::of_folder;
    POST "document-folders" "documents", DocumentResourceImpl.postDocumentFolderDocument, takes documents::add_to_folder;
    GET "documents" "", DocumentResourceImpl.getDocument, asks documents::get;
    PATCH "documents" "", DocumentResourceImpl.patchDocument, takes documents::patch;
    PUT "documents" "", DocumentResourceImpl.putDocument, takes documents::put;
    DELETE "documents" "", DocumentResourceImpl.deleteDocument, asks documents::delete;
    // COULD
    GET "sites" "document-folders", DocumentFolderResourceImpl.getSiteDocumentFoldersPage, asks folders::of_site;
    POST "sites" "document-folders", DocumentFolderResourceImpl.postSiteDocumentFolder, takes folders::add_to_site;
    GET "document-folders" "", DocumentFolderResourceImpl.getDocumentFolder, asks folders::get;
    PATCH "document-folders" "", DocumentFolderResourceImpl.patchDocumentFolder, takes folders::patch;
    PUT "document-folders" "", DocumentFolderResourceImpl.putDocumentFolder, takes folders::put;
    DELETE "document-folders" "", DocumentFolderResourceImpl.deleteDocumentFolder, asks folders::delete;
    GET "document-folders" "document-folders", DocumentFolderResourceImpl.getDocumentFolderDocumentFoldersPage, asks folders::of_folder;
    POST "document-folders" "document-folders", DocumentFolderResourceImpl.postDocumentFolderDocumentFolder, takes folders::add_to_folder;
    GET "sites" BY_CODE, DocumentResourceImpl.getSiteDocumentByExternalReferenceCode, asks documents::get_by_code;
    PUT "sites" BY_CODE, DocumentResourceImpl.putSiteDocumentByExternalReferenceCode, takes documents::put_by_code;
    DELETE "sites" BY_CODE, DocumentResourceImpl.deleteSiteDocumentByExternalReferenceCode, asks documents::delete_by_code;
}

/// Every path somebody lives at.
pub fn doors() -> impl Iterator<Item = String> {
    OPERATIONS.iter().map(|operation| {
        let code = if operation.behind == BY_CODE { "/{name}" } else { "" };
        let door = format!("{MOUNT}/{}/{{digits}}/{}{code}", operation.before, operation.behind);
        door.trim_end_matches('/').to_owned()
    })
}

/// Answers a request below the mount point.
pub async fn answer(hall: Hall, request: Request) -> Response {
    let mut name = None;
    let mut response = respond(hall, request, &mut name).await.unwrap_or_else(IntoResponse::into_response);
    if let Some(name) = name {
        response.extensions_mut().insert(trace::Operation(name));
    }
    response
}

async fn respond(hall: Hall, request: Request, name: &mut Option<&'static str>) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let (operation, id, code) = find(parts.uri.path(), &parts.method)?;
    *name = Some(operation.name);
    let Caller(actor) = Caller::from_request_parts(&mut parts, &hall).await?;
    if actor.account.is_none() {
        return Err(Problem::Guest { class: operation.class, method: operation.name });
    }
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let task = Task { hall, actor, headers: parts.headers, query, id, code };
    match operation.handler {
        Handler::Asks(handler) => handler(task).await,
        Handler::Takes(handler) => handler(task, body).await,
    }
}

/// The operation at an address, the number in it, and the code where it has one. Trailing and repeated slashes mean nothing
/// (spec/liferay.md 1.1).
fn find(address: &str, method: &Method) -> Result<(&'static Operation, i64, Option<String>), Problem> {
    let nowhere = || Problem::Said(Error::NoAddress(address.chars().take(512).collect()));
    let below = address.strip_prefix(MOUNT).ok_or_else(nowhere)?;
    let segments = path::segments(below).map_err(|_| nowhere())?;
    let (before, id, behind, code) = match &segments[..] {
        [before, id] => (before, id, "", None),
        [before, id, behind] => (before, id, behind.as_str(), None),
        [before, id, what, by, code] if [what.as_str(), by.as_str()] == ["documents", "by-external-reference-code"] => {
            (before, id, BY_CODE, Some(code.clone()))
        }
        _ => return Err(nowhere()),
    };
    let id = ids::folder(id).ok_or_else(nowhere)?;
    let here: Vec<_> =
        OPERATIONS.iter().filter(|operation| operation.before == before && operation.behind == behind).collect();
    if here.is_empty() {
        return Err(nowhere());
    }
    let wanted = if method == Method::HEAD { &Method::GET } else { method };
    match here.iter().find(|operation| operation.method == *wanted) {
        Some(operation) => Ok((operation, id, code)),
        None => {
            let allowed: Vec<_> = here.iter().map(|operation| operation.method.as_str()).collect();
            Err(Problem::Method { allowed: allowed.join(", ") })
        }
    }
}

/// JSON as this API sends it: no character set behind the type.
fn json(status: StatusCode, body: &Value) -> Response {
    answered(status, Body::from(body.to_string()))
}

/// A body of JSON.
fn answered(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache, no-store, must-revalidate"));
    response
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_has_one_number_in_one_spelling() {
        let found = |method: Method, path: &str| {
            find(&format!("{MOUNT}{path}"), &method).map(|(operation, id, _)| (operation.name, id)).ok()
        };
        assert_eq!(found(Method::GET, "/documents/7"), Some(("getDocument", 7)));
        assert_eq!(found(Method::HEAD, "//documents/7/"), Some(("getDocument", 7)));
        assert_eq!(found(Method::POST, "/sites/7/documents"), Some(("postSiteDocument", 7)));
        assert_eq!(found(Method::PUT, "/document-folders/0"), Some(("putDocumentFolder", 0)));
        for path in [
            "",
            "/",
            "/documents",
            "/documents/",
            "/documents/x",
            "/documents/007",
            "/documents/-7",
            "/documents/+7",
            "/documents/%2B7",
            "/documents/%FF",
            "/documents/99999999999999999999",
            "/documents/7/x",
            "/documents/7/documents/8",
            "/sites/7",
            "x/documents/7",
        ] {
            assert_eq!(found(Method::GET, path), None, "{path}");
        }
        assert_eq!(found(Method::POST, "/documents/7"), None);
    }

    #[test]
    fn a_code_in_an_address_is_any_segment() {
        let code = |path: &str| {
            let found = find(&format!("{MOUNT}/sites/7/documents/by-external-reference-code/{path}"), &Method::PUT);
            found.ok().and_then(|(operation, id, code)| (id == 7 && operation.behind == BY_CODE).then_some(code)?)
        };
        assert_eq!(code("ERP-1").as_deref(), Some("ERP-1"));
        assert_eq!(code("a%2Fb%20c/").as_deref(), Some("a/b c"));
        assert_eq!((code(""), code("a/b"), code("%FF")), (None, None, None));
    }

    proptest! {
        #[test]
        fn no_address_breaks_it(path: String) {
            let _found = find(&format!("{MOUNT}/{path}"), &Method::GET).is_ok();
        }
    }
}
