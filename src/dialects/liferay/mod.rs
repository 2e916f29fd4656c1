//! The Liferay room: Liferay Portal 7.2 and later, Documents and Media over JSON web services
//! (<https://help.liferay.com/hc/en-us/articles/360017896112-JSON-Web-Services>), and its download addresses.

pub mod answer;
pub mod auth;
pub mod call;
pub mod choose;
pub mod convert;
pub mod discovery;
pub mod download;
pub mod editions;
pub mod error;
pub mod files;
pub mod find;
pub mod folder_locks;
pub mod folders;
pub mod forms;
pub mod groups;
pub mod headless;
pub mod ids;
pub mod locks;
pub mod methods;
pub mod names;
pub mod parameters;
pub mod people;
pub mod revisions;
pub mod search;
pub mod subfolders;
pub mod temporary;
pub mod trash;
pub mod upload;
pub mod wire;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{MethodRouter, any, get},
};

use super::{Hall, Refused, Room};
use crate::{
    domain::actor::Dialect,
    http::{guard::Head, trace},
};
use error::Error;
use headless::error::Problem;

/// The room as the house sees it.
pub const ROOM: Room = Room { dialect: Dialect::Liferay, name: "liferay", claims, router, doors, refuse };

/// The header of answers that are made before the settings are at hand.
const BUILD: HeaderValue =
    HeaderValue::from_static("Liferay Community Edition Portal 7.2.1 CE GA2 (Mueller / Build 7201 / November 4, 2019)");

/// Every route, in the order of the reference. Services and methods are below one of them: `methods.rs` is their table.
pub fn routes() -> Vec<(String, MethodRouter<Hall>)> {
    let mut routes = vec![
        ("/".to_owned(), get(front)),
        ("/api/jsonws".to_owned(), any(services)),
        ("/api/jsonws/".to_owned(), any(services)),
        ("/api/jsonws/{*call}".to_owned(), any(services)),
        (format!("{}/{{*resource}}", headless::MOUNT), any(resources)),
    ];
    // a group id begins with one of these; the words below `/documents` are another vendor's
    for digit in 1..=9 {
        routes.push((format!("/documents/{digit}{{group}}/{{*file}}"), get(documents)));
    }
    routes
}

fn claims(path: &str) -> bool {
    let below = |mount: &str| path.strip_prefix(mount).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let group = path.strip_prefix("/documents/").and_then(|rest| rest.split('/').next());
    let is_group = group.is_some_and(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    path == "/" || below("/api/jsonws") || below("/o/headless-delivery") || is_group
}

fn router() -> Router<Hall> {
    let mut router = Router::new();
    for (path, methods) in routes() {
        router = router.route(&path, methods);
    }
    router.method_not_allowed_fallback(async |State(hall): State<Hall>, request: Request| {
        marked(no_address(&Head::of(&request)), build(&hall))
    })
}

fn doors() -> Vec<String> {
    let services = methods::methods()
        .iter()
        .map(|method| format!("/api/jsonws/{}/{}", method.service.path, names::kebab(method.name)));
    services.chain(headless::doors()).chain(["/documents/{digits}/{digits}/{name}".to_owned()]).collect()
}

async fn services(State(hall): State<Hall>, request: Request) -> Response {
    let build = build(&hall);
    marked(forms::answer(hall, request).await, build)
}

async fn resources(State(hall): State<Hall>, request: Request) -> Response {
    let build = build(&hall);
    marked(headless::answer(hall, request).await, build)
}

async fn documents(State(hall): State<Hall>, request: Request) -> Response {
    let build = build(&hall);
    marked(download::answer(hall, request).await, build)
}

/// `GET /`, `HEAD /`: clients read the build from the header; people learn where to go.
async fn front(State(hall): State<Hall>) -> Response {
    let page = "<!DOCTYPE html><title>Coatcheck</title><p>JSON web services: <code>/api/jsonws</code></p>\n";
    marked(([(CONTENT_TYPE, "text/html;charset=UTF-8")], page).into_response(), build(&hall))
}

/// The build in the header of every answer.
pub fn build(hall: &Hall) -> HeaderValue {
    HeaderValue::from_str(&hall.liferay.build).unwrap_or(BUILD)
}

/// Every answer says whose it is, in its headers and for the log.
fn marked(mut response: Response, build: HeaderValue) -> Response {
    response.headers_mut().insert(answer::PORTAL, build);
    response.extensions_mut().insert(trace::Dialect(ROOM.name));
    response
}

fn refuse(head: &Head, why: Refused) -> Response {
    let response = match why {
        Refused::House(refusal) => worded(head, Error::House(refusal)),
        Refused::NoRoute => no_address(head),
        Refused::Vault(refusal) => {
            let (operation, subject) = (error::Operation::CheckOut, error::Subject::File(0));
            Error::Refused(Box::new(error::Refused { refusal, operation, subject, user: 0 })).into_response()
        }
    };
    marked(response, BUILD)
}

fn no_address(head: &Head) -> Response {
    worded(head, Error::NoAddress(head.uri.path().chars().take(512).collect()))
}

/// In the shape of the API that the path belongs to.
fn worded(head: &Head, refusal: Error) -> Response {
    if head.uri.path().starts_with("/o/") { Problem::from(refusal).into_response() } else { refusal.into_response() }
}

/// What only this room needs.
#[expect(clippy::struct_excessive_bools, reason = "each is a setting")]
#[derive(Clone, Debug)]
pub struct Settings {
    /// The `Liferay-Portal` header of every answer.
    pub build: String,
    /// The number of the one company.
    pub company: i64,
    /// The longest and the usual life of a check-out.
    pub lock_limit: chrono::Duration,
    /// Whether a refresh with 0 lets a check-out never end, and not at the limit.
    pub endless_locks: bool,
    /// How many entries one call lists.
    pub list_limit: i64,
    /// How many hits of a search one call shows.
    pub search_limit: i64,
    /// Whether wrong Basic credentials get 401 instead of the rights of a guest.
    pub force_basic: bool,
    /// Whether a call in the path counts only with the HTTP method its method is documented with.
    pub strict_methods: bool,
    /// Whether `callback` makes an answer a script.
    pub jsonp: bool,
}

impl Settings {
    /// The number behind `Build` in the header.
    pub fn build_number(&self) -> i32 {
        let digits = self.build.split("Build ").nth(1).unwrap_or_default();
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits.get(..end).and_then(|digits| digits.parse().ok()).unwrap_or(7201)
    }

    /// The version behind `Portal` in the header.
    pub fn version(&self) -> &str {
        let rest = self.build.split("Portal ").nth(1).unwrap_or_default();
        rest.split(' ').next().filter(|version| !version.is_empty()).unwrap_or("7.2.1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_claims_its_mount_points_and_no_other_vendors() {
        for ours in [
            "/",
            "/api/jsonws",
            "/api/jsonws/",
            "/api/jsonws/a/b",
            "/documents/20121/0/a",
            "/documents/1",
            "/o/headless-delivery/v1.0",
        ] {
            assert!(claims(ours), "{ours}");
        }
        for other in [
            "/api/jsonwsx",
            "/api",
            "/documents/api/1.2",
            "/documents/integration",
            "/documents/web",
            "/documents",
            "/documents/",
            "//",
        ] {
            assert!(!claims(other), "{other}");
        }
    }

    #[test]
    fn the_build_is_read_from_the_header() {
        let build = BUILD.to_str().unwrap().to_owned();
        let settings = Settings {
            build,
            company: 1,
            lock_limit: chrono::Duration::days(1),
            endless_locks: false,
            list_limit: 1,
            search_limit: 1,
            force_basic: false,
            strict_methods: false,
            jsonp: false,
        };
        assert_eq!((settings.build_number(), settings.version()), (7201, "7.2.1"));
    }
}
