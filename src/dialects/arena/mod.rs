//! The Arena room: PTC Arena's REST API, <https://api.arenasolutions.com/v1>, as spec/arena.md describes it.
//!
//! The routes stand in the order of that page. What is not there yet answers 404 in the vendor's shape.

mod activities;
mod associations;
mod attributes;
mod auth;
pub mod body;
mod editions;
mod error;
mod fields;
mod files;
mod form;
mod health;
pub mod ids;
mod items;
mod limits;
mod locks;
mod oauth;
mod search;
mod sessions;
mod settings;
mod updates;
mod uploads;
mod users;
pub mod wire;

use axum::{
    Router,
    extract::{Request, State},
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::{MethodRouter, any, get, post, put},
};

use super::{Hall, Refused, Room};
use crate::{domain::actor::Dialect, http::guard::Head};
use error::{Asked, Error, What};

/// The room as the house sees it.
pub const ROOM: Room = Room { dialect: Dialect::Arena, name: "arena", claims, router, doors, refuse };

/// The routes, without the prefix they are mounted under.
pub fn routes() -> Vec<(&'static str, MethodRouter<Hall>)> {
    vec![
        // 3 access
        ("/login", post(sessions::log_in)),
        ("/logout", put(sessions::log_out)),
        ("/SYSTEM/dbtest", get(health::database)),
        ("/oauth/token", post(oauth::token)),
        // 7 check out, cancel, check in
        ("/files/checkoutstatuschanges", post(locks::change_status)),
        // 8 files
        ("/files", get(files::list).post(files::create)),
        ("/files/json", post(files::create_json)),
        ("/files/{guid}", get(files::show).put(updates::update).post(updates::bring_content).delete(editions::delete)),
        ("/files/{guid}/content", get(files::content).post(updates::replace_content)),
        ("/files/{guid}/watermarkcontent", get(files::content)),
        ("/files/{guid}/editions", get(editions::list).post(editions::add)),
        ("/files/{guid}/editions/json", post(editions::add_json)),
        ("/files/{guid}/items", get(items::of_file)),
        ("/files/{guid}/items/{association}", get(items::of_file_one)),
        ("/files/{guid}/corrections", get(associations::none).post(nowhere)),
        ("/files/{guid}/markups", get(associations::none).post(nowhere)),
        ("/files/{guid}/changereferences", get(associations::none)),
        ("/files/{guid}/changereferences/{association}", get(associations::one)),
        ("/files/{guid}/changeimplementations", get(associations::none)),
        ("/files/{guid}/changeimplementations/{association}", get(associations::one)),
        ("/files/{guid}/qualityprocesses", get(associations::none)),
        ("/files/{guid}/qualityprocesses/{association}", get(associations::one)),
        ("/files/{guid}/requests", get(associations::none)),
        ("/files/{guid}/requests/{association}", get(associations::one)),
        ("/files/{guid}/suppliers", get(associations::none)),
        ("/files/{guid}/suppliers/{association}", get(associations::one)),
        ("/files/{guid}/supplieritems", get(associations::none)),
        ("/files/{guid}/supplieritems/{association}", get(associations::one)),
        ("/files/{guid}/trainingplans", get(associations::none)),
        ("/files/{guid}/trainingplans/{association}", get(associations::one)),
        // 10 settings
        ("/settings/files/categories", get(settings::categories)),
        ("/settings/files/categories/{guid}", get(settings::category)),
        ("/settings/files/attributes", get(settings::attributes)),
        ("/settings/changes/categories", get(settings::change_categories)),
        ("/settings/users", get(users::list)),
        ("/settings/users/{guid}", get(users::show)),
        ("/settings/recentactivities/fileaccesses", get(activities::file_accesses)),
        ("/settings/recentactivities/useraccesses", get(activities::user_accesses)),
        // 11 items
        ("/items", get(items::list)),
        ("/items/{guid}", get(items::show)),
        ("/items/{guid}/revisions", get(items::revisions)),
        ("/items/{guid}/files", get(items::files).post(items::associate)),
        ("/items/{guid}/files/{association}", get(items::file).put(items::change).delete(items::dissociate)),
    ]
}

/// Where the routes are mounted; the vendor's own prefix first.
pub const PREFIXES: [&str; 2] = ["/v1", ""];

/// First segments of the bare paths.
const BARE: [&str; 7] = ["SYSTEM", "files", "items", "login", "logout", "oauth", "settings"];

fn claims(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    first == "v1" || BARE.contains(&first)
}

fn router() -> Router<Hall> {
    let mut router = Router::new();
    for prefix in PREFIXES {
        for (path, methods) in routes() {
            // a trailing slash is the same resource (1.1)
            router = router.route(&format!("{prefix}{path}"), methods.clone());
            router = router.route(&format!("{prefix}{path}/"), methods);
        }
    }
    // requests that lead nowhere count as well, and say what is left (4)
    for path in ["/v1/{*rest}", "/files/{guid}/{*rest}", "/items/{guid}/{*rest}", "/settings/{*rest}"] {
        router = router.route(path, any(nowhere));
    }
    router.method_not_allowed_fallback(wrong_method).route_layer(from_fn(limits::tell))
}

fn doors() -> Vec<String> {
    let routes = routes();
    PREFIXES.iter().flat_map(|prefix| routes.iter().map(move |(path, _)| format!("{prefix}{path}"))).collect()
}

async fn nowhere(State(hall): State<Hall>, request: Request) -> Error {
    auth::count(&hall, request).await;
    Error::NoRoute
}

async fn wrong_method(State(hall): State<Hall>, request: Request) -> Error {
    auth::count(&hall, request).await;
    Error::WrongMethod
}

fn refuse(_head: &Head, why: Refused) -> Response {
    let error = match why {
        Refused::House(refusal) => Error::House(refusal),
        Refused::NoRoute => Error::NoRoute,
        Refused::Vault(refusal) => Asked::about(What::CheckOut, "0".repeat(20)).refused(refusal),
    };
    limits::dress(error.into_response(), None)
}
