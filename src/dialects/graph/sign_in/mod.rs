//! Signing in (spec/graph.md 3): the OAuth endpoints below a tenant, which grant types there are, discovery, and the pages
//! where people type their passwords. What they refuse has OAuth's shape, not the envelope of the rest of the room.

mod authorize;
mod client;
mod device;
mod discovery;
mod identity;
mod page;
mod refusal;
mod token;

use std::net::IpAddr;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use serde::Serialize;
use uuid::Uuid;

pub use self::identity::sign;

use self::refusal::Refusal;
use super::reply::{self, Ids};
use crate::{
    dialects::{Hall, Refused},
    domain::grant::NATIVE_CLIENT,
    http::{guard::Head, trace},
};

/// What is served below a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Token,
    Authorize,
    DeviceCode,
    Device,
    NativeClient,
    Configuration,
    Keys,
    Instance,
    UserRealm,
}

/// The paths below a tenant, in both versions of the vendor's; `*` stands for any segment.
const DOORS: [(&str, Door); 15] = [
    ("oauth2/v2.0/token", Door::Token),
    ("oauth2/token", Door::Token),
    ("oauth2/v2.0/authorize", Door::Authorize),
    ("oauth2/authorize", Door::Authorize),
    ("oauth2/v2.0/devicecode", Door::DeviceCode),
    ("oauth2/devicecode", Door::DeviceCode),
    ("oauth2/v2.0/deviceauth", Door::Device),
    ("oauth2/deviceauth", Door::Device),
    (NATIVE_CLIENT, Door::NativeClient),
    ("v2.0/.well-known/openid-configuration", Door::Configuration),
    (".well-known/openid-configuration", Door::Configuration),
    ("discovery/v2.0/keys", Door::Keys),
    ("discovery/keys", Door::Keys),
    ("discovery/instance", Door::Instance),
    ("userrealm/*", Door::UserRealm),
];

/// Bytes of a form.
const LONGEST: usize = 64 * 1024;

impl Door {
    fn methods(self) -> &'static [&'static str] {
        match self {
            Door::Token | Door::DeviceCode => &["POST"],
            Door::Authorize | Door::Device => &["GET", "HEAD", "POST"],
            Door::NativeClient | Door::Configuration | Door::Keys | Door::Instance | Door::UserRealm => {
                &["GET", "HEAD"]
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Door::Token => "token",
            Door::Authorize => "authorize",
            Door::DeviceCode => "device code",
            Door::Device => "device sign-in",
            Door::NativeClient => "native client",
            Door::Configuration => "openid configuration",
            Door::Keys => "keys",
            Door::Instance => "instance discovery",
            Door::UserRealm => "user realm",
        }
    }
}

/// The paths for the router.
pub fn paths() -> impl Iterator<Item = String> {
    DOORS.iter().map(|(path, _)| format!("/{{tenant}}/{}", path.replace('*', "{user}")))
}

/// The same for a sweep of all doors.
pub fn doors() -> impl Iterator<Item = String> {
    DOORS.iter().map(|(path, _)| format!("/common/{}", path.replace('*', "{user}")))
}

/// Whether a path is one of a tenant's, also one that leads nowhere.
pub fn claims(path: &str) -> bool {
    let mut segments = path.split('/').skip(1);
    let Some(tenant) = segments.next() else { return false };
    let ours = match segments.next() {
        Some("oauth2" | "discovery" | "userrealm" | ".well-known") => true,
        Some("v2.0") => segments.next() == Some(".well-known"),
        Some(_) | None => false,
    };
    ours && is_tenant(tenant)
}

/// A word of the vendor's, an id, or a domain name. `v1.0` is none.
fn is_tenant(segment: &str) -> bool {
    let domain = || {
        let letters = segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-');
        letters && segment.contains('.') && segment.split('.').all(|label| !label.is_empty()) && segment.len() <= 253
    };
    !super::is_version(segment)
        && (["common", "organizations", "consumers"].contains(&segment) || Uuid::try_parse(segment).is_ok() || domain())
}

/// Words what is refused before a door is found.
pub fn refuse(head: &Head, why: Refused) -> Response {
    let refusal = match why {
        Refused::House(refusal) => Refusal::House(refusal),
        Refused::NoRoute => Refusal::NoRoute,
        Refused::Vault(error) => Refusal::Vault(error),
    };
    let ids = Ids::of(&head.headers, head.request_id);
    reply::dressed(refusal.respond(&ids, head.at), &ids)
}

/// One request, as far as all doors have it in common.
struct Ask {
    hall: Hall,
    head: Head,
    /// `scheme://host`.
    origin: String,
    /// The tenant as the address names it.
    tenant: String,
    /// What stands behind the door's name: a user.
    last: String,
    /// Whether the door is one of the vendor's first version.
    first_version: bool,
    /// Where the request comes from.
    from: Option<IpAddr>,
}

impl Ask {
    /// An address below the tenant.
    fn url(&self, path: &str) -> String {
        format!("{}/{}/{path}", self.origin, self.tenant)
    }

    fn issuer(&self) -> String {
        issuer(&self.origin, self.hall.graph.tenant)
    }

    /// The host that clients call us by, with its port.
    fn host(&self) -> &str {
        self.origin.split_once("://").map_or("", |(_, host)| host)
    }
}

/// Who signs, as tokens name it: the tenant at the server as its reader calls it.
pub fn issuer(origin: &str, tenant: Uuid) -> String {
    format!("{origin}/{tenant}/v2.0")
}

/// Every request to an address below a tenant.
pub async fn serve(State(hall): State<Hall>, request: Request) -> Response {
    let head = Head::of(&request);
    let ids = Ids::of(&head.headers, head.request_id);
    let now = hall.vault.now();
    let mut door = None;
    let answered = Box::pin(answer(hall, head, request, &mut door)).await;
    let mut response = answered.unwrap_or_else(|refusal| refusal.respond(&ids, now));
    if let Some(door) = door {
        response.extensions_mut().insert(trace::Operation(door.name()));
    }
    reply::dressed(response, &ids)
}

async fn answer(hall: Hall, head: Head, request: Request, found: &mut Option<Door>) -> Result<Response, Refusal> {
    let path = head.uri.path().to_owned();
    let (tenant, rest) = path.trim_start_matches('/').split_once('/').ok_or(Refusal::NoRoute)?;
    let (_, door) = DOORS.into_iter().find(|(pattern, _)| fits(pattern, rest)).ok_or(Refusal::NoRoute)?;
    *found = Some(door);
    let another = Uuid::try_parse(tenant).is_ok_and(|id| id != hall.graph.tenant);
    if !is_tenant(tenant) || another {
        return Err(Refusal::Tenant(tenant.to_owned()));
    }
    if !door.methods().contains(&head.method.as_str()) {
        return Err(Refusal::Methods(door.methods()));
    }
    // without a usable host, links are relative to wherever the client believes to be
    let origin = hall.origins.of(&head.uri, &head.headers, request.extensions()).unwrap_or_default();
    let from = hall.origins.client(&head.headers, request.extensions());
    let last = rest.rsplit('/').next().unwrap_or_default().to_owned();
    let first_version = !rest.contains("v2.0/");
    let ask = Ask { hall, head, origin, tenant: tenant.to_owned(), last, first_version, from };
    match door {
        Door::Token => token::grant(&ask, request).await,
        Door::Authorize => authorize::answer(&ask, request).await,
        Door::DeviceCode => device::begin(&ask, request).await,
        Door::Device => device::answer(&ask, request).await,
        Door::NativeClient => Ok(page::native_client()),
        Door::Configuration => Ok(discovery::configuration(&ask)),
        Door::Keys => identity::keys(&ask).await,
        Door::Instance => Ok(discovery::instance(&ask)),
        Door::UserRealm => Ok(discovery::user_realm(&ask)),
    }
}

fn fits(pattern: &str, rest: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => rest.strip_prefix(start).is_some_and(|last| !last.is_empty() && !last.contains('/')),
        None => pattern == rest,
    }
}

fn is_post(head: &Head) -> bool {
    head.method == Method::POST
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            *response.status_mut() = status;
            let kind = HeaderValue::from_static("application/json; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            reply::empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_of_a_tenant_are_claimed_and_no_others() {
        for ours in [
            "/common/oauth2/v2.0/token",
            "/organizations/oauth2/token",
            "/consumers/oauth2/nothing",
            "/6f1a0c52-7d7e-4c38-9b0e-5c1d2f3a4b60/v2.0/.well-known/openid-configuration",
            "/contoso.example/.well-known/openid-configuration",
            "/common/discovery/instance",
            "/common/userrealm/ann@example.com",
        ] {
            assert!(claims(ours), "{ours}");
        }
        for others in [
            "/",
            "/common",
            "/common/files",
            "/oauth2/v1/token",
            "/documents/oauth2/token",
            "/v1.0/oauth2/token",
            "/v1/oauth2/token",
            "/beta/oauth2/token",
            "/a..b/oauth2/token",
            "/common/v2.0/drives",
        ] {
            assert!(!claims(others), "{others}");
        }
    }
}
