//! The Oracle room: the REST API for Documents, 1.0 to 1.2, of Oracle Content Management
//! (<https://docs.oracle.com/en/cloud/paas/content-cloud/rest-api-documents/>).
//!
//! Beside it the older interface of the same server (`/documents/integration`, `/documents/web`) and a token endpoint.

mod admission;
mod answer;
mod auth;
mod catalog;
mod changes;
mod collections;
mod copies;
mod editions;
mod error;
mod files;
mod folders;
pub mod ids;
pub mod input;
mod links;
mod locks;
mod metadata;
mod oauth;
mod operation;
mod query;
mod route;
mod search;
mod services;
mod shares;
mod tags;
mod transfers;
mod upload;
mod users;
pub mod wire;

use axum::{Router, extract::Request, middleware::from_fn_with_state, response::Response};

use self::{
    answer::About,
    error::Error,
    operation::Operation,
    route::{Route, delete, get, post, put},
};
use super::{Hall, Refused, Room};
use crate::{domain::actor::Dialect, http::guard::Head};

/// The room as the house sees it.
pub const ROOM: Room = Room { dialect: Dialect::Oracle, name: "oracle", claims, router, doors, refuse };

/// The versions of the API, all with the same handlers (spec/oracle.md 2.1).
const VERSIONS: [&str; 3] = ["1.0", "1.1", "1.2"];

/// The routes below `/documents/api/{version}`, in the order of the spec's table (spec/oracle.md 1).
#[rustfmt::skip]
fn routes() -> Vec<(&'static str, Operation, Route)> {
    vec![
        ("/files/{fileId}/unreserve",                     Operation::Unreserve,       post(locks::unreserve)),
        ("/files/{fileId}/reserve",                       Operation::Reserve,         post(locks::reserve)),
        ("/files/{fileId}",                               Operation::FileInformation, get(files::information)),
        ("/files/{fileId}/data",                          Operation::Download,        get(files::data)),
        ("/files/data",                                   Operation::Upload,          post(editions::upload)),
        ("/files/{fileId}/data",                          Operation::Upload,          post(editions::upload_version)),
        ("/files/{fileId}/versions",                      Operation::Versions,        get(editions::versions)),
        ("/folders/{folderId}",                           Operation::Browse,          get(folders::information)),
        ("/folders/items",                                Operation::Browse,          get(folders::home_items)),
        ("/folders/{folderId}/items",                     Operation::Browse,          get(folders::items)),
        ("/folders/{folderId}",                           Operation::CreateFolder,    post(folders::create)),
        ("/users/items",                                  Operation::Users,           get(users::find)),
        ("/publiclinks/file/{fileId}",                    Operation::Links,           post(links::create_on_file)),
        ("/publiclinks/folder/{folderId}",                Operation::Links,           post(links::create_on_folder)),
        ("/shares/{folderId}",                            Operation::Shares,          post(shares::share)),
        ("/files/{fileId}",                               Operation::EditFile,        put(changes::edit_file)),
        ("/files/{fileId}/copy",                          Operation::Copy,            post(copies::copy_file)),
        ("/files/{fileId}/move",                          Operation::Move,            post(copies::move_file)),
        ("/files/{fileId}",                               Operation::Delete,          delete(changes::delete_file)),
        ("/folders/{folderId}",                           Operation::EditFolder,      put(changes::edit_folder)),
        ("/folders/{folderId}",                           Operation::Delete,          delete(changes::delete_folder)),
        ("/folders/{folderId}/copy",                      Operation::Copy,            post(copies::copy_folder)),
        ("/folders/{folderId}/move",                      Operation::Move,            post(copies::move_folder)),
        ("/folders/search/items",                         Operation::Browse,          get(search::everywhere)),
        ("/folders/{folderId}/search/items",              Operation::Browse,          get(search::below)),
        ("/users/search/items",                           Operation::Users,           get(users::find_by_email)),
        ("/publiclinks/file/{fileId}",                    Operation::Links,           get(links::list_on_file)),
        ("/publiclinks/folder/{folderId}",                Operation::Links,           get(links::list_on_folder)),
        ("/publiclinks/{linkId}",                         Operation::Links,           get(links::show)),
        ("/publiclinks/{linkId}",                         Operation::Links,           put(links::update)),
        ("/publiclinks/{linkId}",                         Operation::Links,           delete(links::delete)),
        ("/shares/{folderId}/items",                      Operation::Shares,          get(shares::list)),
        ("/shares/{folderId}/role",                       Operation::Shares,          put(shares::share)),
        ("/shares/{folderId}/user",                       Operation::Shares,          delete(shares::unshare)),
        ("/shares/{folderId}",                            Operation::Shares,          delete(shares::unshare_all)),
        ("/folders/{folderId}/metadata",                  Operation::Metadata,        get(metadata::values)),
        ("/files/{fileId}/tags",                          Operation::Metadata,        get(tags::list)),
        ("/files/{fileId}/tags",                          Operation::Metadata,        post(tags::replace)),
        ("/folders/{folderId}/tags",                      Operation::Metadata,        get(tags::list)),
        ("/folders/{folderId}/tags",                      Operation::Metadata,        post(tags::replace)),
        ("/shares/{folderId}/myuser",                     Operation::Shares,          delete(shares::leave)),
        ("/users/{userID}/transferContent",               Operation::TransferContent, post(transfers::transfer)),
        ("/folders/{folderId}/metadata",                  Operation::Metadata,        post(metadata::set)),
        ("/folders/{folderId}/metadata",                  Operation::Metadata,        delete(metadata::clear)),
        ("/folders/{folderId}/metadata/{collectionName}", Operation::Metadata,        post(metadata::assign)),
        ("/folders/{folderId}/metadataFields",            Operation::Metadata,        get(metadata::fields)),
        ("/files/{fileId}/metadata",                      Operation::Metadata,        get(metadata::values)),
        ("/files/{fileId}/metadata",                      Operation::Metadata,        post(metadata::set)),
        ("/files/{fileId}/metadata",                      Operation::Metadata,        delete(metadata::clear)),
        ("/files/{fileId}/metadata/{collectionName}",     Operation::Metadata,        post(metadata::assign)),
        ("/files/{fileId}/metadataFields",                Operation::Metadata,        get(metadata::fields)),
        ("/metadata",                                     Operation::Metadata,        get(collections::list)),
        ("/metadata/{collectionName}",                    Operation::Metadata,        get(collections::show)),
        ("/metadata/{collectionName}",                    Operation::Metadata,        post(collections::create)),
        ("/metadata/{collectionName}",                    Operation::Metadata,        put(collections::edit)),
        ("/metadata/{collectionName}",                    Operation::Metadata,        delete(collections::remove)),
        ("/metadata/{collectionName}/field",              Operation::Metadata,        post(collections::add_fields)),
        ("/metadata/{collectionName}/field",              Operation::Metadata,        put(collections::edit_fields)),
        ("/metadata/{collectionName}/field",              Operation::Metadata,        delete(collections::remove_fields)),
        ("/files/{fileId}/data/rendition",                Operation::Download,        get(files::renditions)),
        ("/files/{fileId}/data/renditions",               Operation::Download,        get(files::renditions)),
        ("/files/lists",                                  Operation::FileInformation, get(files::lists)),
    ]
}

/// The catalog of a version, at both of its names (11).
#[rustfmt::skip]
fn catalog_routes() -> Vec<(&'static str, Operation, Route)> {
    vec![
        ("",                               Operation::Catalog, get(catalog::version)),
        ("/metadata-catalog",              Operation::Catalog, get(catalog::resources)),
        ("/metadata-catalog/{resource}",   Operation::Catalog, get(catalog::resource)),
        ("/catalog",                       Operation::Catalog, get(catalog::resources)),
        ("/catalog/{resource}",            Operation::Catalog, get(catalog::resource)),
    ]
}

/// What stands beside the versions: their list (11), the companion services and the token endpoint (12).
#[rustfmt::skip]
fn companions() -> Vec<(&'static str, Operation, Route)> {
    vec![
        ("/documents/integration", Operation::Service, get(services::call)),
        ("/documents/integration", Operation::Service, post(services::call)),
        ("/documents/web",         Operation::Service, get(services::call)),
        ("/documents/web",         Operation::Service, post(services::call)),
        ("/oauth2/v1/token",       Operation::Token,   post(oauth::token)),
        ("/documents/api",         Operation::Catalog, get(catalog::versions)),
    ]
}

fn doors() -> Vec<String> {
    let versioned = routes().into_iter().chain(catalog_routes());
    let versioned = versioned.map(|(path, ..)| format!("/documents/api/1.2{path}"));
    versioned.chain(companions().into_iter().map(|(path, ..)| path.to_owned())).collect()
}

/// Every route in every version, with and without a slash at its end, which must mean the same.
fn router() -> Router<Hall> {
    let versioned = routes().into_iter().chain(catalog_routes());
    let versioned = versioned.flat_map(|(path, operation, route)| {
        VERSIONS.map(|version| (format!("/documents/api/{version}{path}"), operation, route.clone()))
    });
    let beside = companions().into_iter().map(|(path, operation, route)| (path.to_owned(), operation, route));
    let mut router = Router::new();
    for (path, operation, route) in versioned.chain(beside) {
        let handler = route.handler.route_layer(from_fn_with_state(operation, answer::speak));
        for slash in ["", "/"] {
            router = router.route(&format!("{path}{slash}"), handler.clone());
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
