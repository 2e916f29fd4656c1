//! The Oracle room: the REST API for Documents, 1.0 to 1.2, of Oracle Content Management
//! (<https://docs.oracle.com/en/cloud/paas/content-cloud/rest-api-documents/>).
//!
//! The companion services beside it (`/documents/integration`, `/documents/web`, `/oauth2`) are claimed and not built.

mod admission;
mod answer;
mod auth;
mod changes;
mod copies;
mod editions;
mod error;
mod files;
mod folders;
mod ids;
mod input;
mod links;
mod locks;
mod operation;
mod query;
mod search;
mod transfers;
mod upload;
mod users;
mod wire;

use axum::{
    Router,
    extract::Request,
    middleware::from_fn_with_state,
    response::Response,
    routing::{MethodRouter, delete, get, post, put},
};

use self::{answer::About, error::Error, operation::Operation};
use super::{Hall, Refused, Room};
use crate::{domain::actor::Dialect, http::guard::Head};

/// The room as the house sees it.
pub const ROOM: Room = Room { dialect: Dialect::Oracle, name: "oracle", claims, router, doors, refuse };

/// The versions of the API, all with the same handlers (spec/oracle.md 2.1).
const VERSIONS: [&str; 3] = ["1.0", "1.1", "1.2"];

/// The routes below `/documents/api/{version}`, in the order of the spec.
#[rustfmt::skip]
fn routes() -> Vec<(&'static str, Operation, MethodRouter<Hall>)> {
    vec![
        ("/files/{fileId}/unreserve",      Operation::Unreserve,       post(locks::unreserve)),
        ("/files/{fileId}/reserve",        Operation::Reserve,         post(locks::reserve)),
        ("/files/{fileId}",                Operation::FileInformation, get(files::information)),
        ("/files/{fileId}/data",           Operation::Download,        get(files::data)),
        ("/files/data",                    Operation::Upload,          post(editions::upload)),
        ("/files/{fileId}/data",           Operation::Upload,          post(editions::upload_version)),
        ("/files/{fileId}/versions",       Operation::Versions,        get(editions::versions)),
        ("/folders/{folderId}",            Operation::Browse,          get(folders::information)),
        ("/folders/items",                 Operation::Browse,          get(folders::home_items)),
        ("/folders/{folderId}/items",      Operation::Browse,          get(folders::items)),
        ("/folders/{folderId}",            Operation::CreateFolder,    post(folders::create)),
        ("/users/items",                   Operation::Users,           get(users::find)),
        ("/publiclinks/file/{fileId}",     Operation::Links,           post(links::create_on_file)),
        ("/publiclinks/folder/{folderId}", Operation::Links,           post(links::create_on_folder)),
        ("/files/{fileId}",                Operation::EditFile,        put(changes::edit_file)),
        ("/files/{fileId}/copy",           Operation::Copy,            post(copies::copy_file)),
        ("/files/{fileId}/move",           Operation::Move,            post(copies::move_file)),
        ("/files/{fileId}",                Operation::Delete,          delete(changes::delete_file)),
        ("/folders/{folderId}",            Operation::EditFolder,      put(changes::edit_folder)),
        ("/folders/{folderId}",            Operation::Delete,          delete(changes::delete_folder)),
        ("/folders/{folderId}/copy",       Operation::Copy,            post(copies::copy_folder)),
        ("/folders/{folderId}/move",       Operation::Move,            post(copies::move_folder)),
        ("/folders/search/items",          Operation::Browse,          get(search::everywhere)),
        ("/folders/{folderId}/search/items", Operation::Browse,        get(search::below)),
        ("/publiclinks/file/{fileId}",     Operation::Links,           get(links::list_on_file)),
        ("/publiclinks/folder/{folderId}", Operation::Links,           get(links::list_on_folder)),
        ("/publiclinks/{linkId}",          Operation::Links,           get(links::show)),
        ("/publiclinks/{linkId}",          Operation::Links,           put(links::update)),
        ("/publiclinks/{linkId}",          Operation::Links,           delete(links::delete)),
        ("/users/{userID}/transferContent", Operation::TransferContent, post(transfers::transfer)),
        ("/files/{fileId}/data/rendition", Operation::Download,        get(files::renditions)),
        ("/files/{fileId}/data/renditions", Operation::Download,       get(files::renditions)),
        ("/files/lists",                   Operation::FileInformation, get(files::lists)),
    ]
}

fn doors() -> Vec<String> {
    routes().into_iter().map(|(path, ..)| format!("/documents/api/1.2{path}")).collect()
}

/// Every route in every version, with and without a slash at its end, which must mean the same.
fn router() -> Router<Hall> {
    let mut router = Router::new();
    for (path, operation, handler) in routes() {
        let handler = handler.route_layer(from_fn_with_state(operation, answer::speak));
        for version in VERSIONS {
            for slash in ["", "/"] {
                router = router.route(&format!("/documents/api/{version}{path}{slash}"), handler.clone());
            }
        }
    }
    router.method_not_allowed_fallback(no_method)
}

fn claims(path: &str) -> bool {
    ["/documents/api", "/documents/integration", "/documents/web", "/oauth2"]
        .iter()
        .any(|ours| path.strip_prefix(ours).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

async fn no_method(request: Request) -> Response {
    answer::refuse(&Head::of(&request), &Error::NoMethod)
}

fn refuse(head: &Head, why: Refused) -> Response {
    let error = match why {
        Refused::House(refusal) => Error::House(refusal),
        Refused::NoRoute => Error::NoRoute,
        Refused::Vault(refusal) => {
            let about = About::what(Operation::Reserve, Some("D".to_owned() + &"0".repeat(43)));
            return answer::refuse_about(head, &Error::from(refusal), &about);
        }
    };
    answer::refuse(head, &error)
}
