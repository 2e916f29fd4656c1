//! The Graph room: Microsoft Graph's drives, items and file check-out
//! (<https://learn.microsoft.com/graph/api/resources/driveitem>; spec/graph.md).
//!
//! Graph's addresses do not fit a router: a path of names stands between colons in the middle of them, encoded or not. So
//! all requests come to one door, `address.rs` reads where they point, and `calls.rs` says what answers there.

mod address;
mod answers;
mod auth;
mod batch;
mod calls;
mod children;
mod commit;
mod content;
mod copies;
mod counted;
mod delta;
mod drives;
pub mod error;
mod filter;
mod find;
mod groups;
pub mod ids;
mod interest;
mod items;
mod locks;
mod pages;
mod people;
mod permissions;
mod preview;
pub mod query;
mod reply;
mod seal;
mod search;
mod service;
mod sessions;
mod shares;
mod sharing;
mod sign_in;
pub mod signed;
mod sites;
mod special;
mod subscriptions;
mod trash;
mod versions;
mod wanted;
pub mod wire;

use std::net::IpAddr;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode},
    response::Response,
    routing::any,
};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use self::{
    address::{Address, Owner, Subject},
    auth::Caller,
    calls::Found,
    error::{Answer, Refusal},
    query::Query,
    reply::Ids,
    signed::Signer,
    wire::View,
};
use super::{Hall, Refused, Room};
use crate::{
    domain::actor::{Actor, Dialect},
    http::{guard::Head, trace},
};

pub use self::{
    answers::Answers,
    calls::{CALLS, Call, On, Operation},
    subscriptions::notification,
};

/// The room as the house sees it.
pub const ROOM: Room = Room { dialect: Dialect::Graph, name: "graph", claims, router, doors, refuse };

/// What only this room needs.
#[derive(Debug)]
pub struct Settings {
    /// The directory tenant that tokens and addresses name.
    pub tenant: uuid::Uuid,
    /// How long a pre-authenticated download URL works.
    pub download_url_lifetime: chrono::Duration,
    /// Whether links may be made for people who have not signed in, and opened by them.
    pub anonymous_links: bool,
    /// What was rendered before.
    pub answers: Answers,
}

/// What addresses may start with; the empty one for the five roots themselves.
const PREFIXES: [&str; 5] = ["/v1.0", "/beta", "/v2.0", "/_api/v2.0", ""];
/// The roots that are also served without a prefix.
const BARE: [&str; 6] = ["drives", "me", "users", "groups", "sites", "shares"];

fn claims(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    BARE.contains(&first)
        || PREFIXES.iter().any(|prefix| !prefix.is_empty() && below(path, prefix).is_some())
        || path == signed::PATH
        || [sessions::PATH, shares::PATH].contains(&path)
        || is_version(first)
        || sign_in::claims(path)
}

/// What follows a prefix of whole segments.
fn below<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `v3` or `v1.5`, but not `v1`, which is Arena's.
fn is_version(segment: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    segment != "v1" && segment.strip_prefix('v').is_some_and(|rest| rest.split('.').all(number))
}

fn router() -> Router<Hall> {
    let mut router = Router::new().route(signed::PATH, any(download)).route(sessions::PATH, any(upload));
    router = router.route(&format!("{}{{secret}}", copies::MONITOR), any(monitor)).route(shares::PATH, any(guest));
    for prefix in PREFIXES.iter().filter(|prefix| !prefix.is_empty()) {
        for path in [(*prefix).to_owned(), format!("{prefix}/"), format!("{prefix}/{{*rest}}")] {
            router = router.route(&path, any(serve));
        }
    }
    for root in BARE {
        for path in [format!("/{root}"), format!("/{root}/"), format!("/{root}/{{*rest}}")] {
            router = router.route(&path, any(serve));
        }
    }
    for path in sign_in::paths() {
        router = router.route(&path, any(sign_in::serve));
    }
    router
}

fn doors() -> Vec<String> {
    let calls = CALLS.iter().map(|call| format!("/v1.0{}", call.sample()));
    calls.chain([signed::PATH, sessions::PATH].map(str::to_owned)).chain(sign_in::doors()).collect()
}

/// Words what is refused before a call is found.
fn refuse(head: &Head, why: Refused) -> Response {
    if sign_in::claims(head.uri.path()) {
        return sign_in::refuse(head, why);
    }
    let first = head.uri.path().split('/').nth(1).unwrap_or_default();
    let refusal = match why {
        Refused::House(refusal) => Refusal::House(refusal),
        Refused::NoRoute if is_version(first) => Refusal::Version(first.to_owned()),
        Refused::NoRoute => Refusal::NoSegment(first.to_owned()),
        Refused::Vault(refusal) => Refusal::from(refusal),
    };
    let ids = Ids::of(&head.headers, head.request_id);
    reply::dressed(refusal.respond(&ids, head.at), &ids)
}

/// One request, understood: what handlers are given.
struct Ask {
    hall: Hall,
    caller: Caller,
    head: Head,
    /// `scheme://host`.
    origin: String,
    /// The prefix that the request came under.
    prefix: &'static str,
    address: Address,
    query: Query,
    /// Where the client is, for the count of wrong passwords of links.
    from: Option<IpAddr>,
    /// What the sharing token of the address opens, if there is one.
    share: Option<shares::Entered>,
}

impl Ask {
    fn actor(&self) -> &Actor {
        &self.caller.actor
    }

    fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// How things are shown to this caller.
    async fn view(&self) -> Result<View, Refusal> {
        Ok(View {
            origin: self.origin.clone(),
            host: self.host(),
            caller: self.actor().id(),
            signer: Signer::of(&self.hall.vault, self.hall.graph.download_url_lifetime).await?,
            select: self.query.select(),
            beta: self.is_beta(),
            through: self.actor().link,
        })
    }

    /// Whether it came under the prefix of what is not stable yet.
    fn is_beta(&self) -> bool {
        self.prefix == "/beta"
    }

    /// Refuses a call that only exists there (section 12), as any other that does not exist.
    fn only_beta(&self) -> Result<(), Refusal> {
        if self.is_beta() { Ok(()) } else { Err(Refusal::NoCall) }
    }

    /// The host that the client calls us by, as an id can hold it: without port, and without colons.
    fn host(&self) -> String {
        host_of(&self.origin)
    }
}

/// The host of an origin, as an id can hold it.
fn host_of(origin: &str) -> String {
    let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    host.trim_matches(['[', ']']).replace(':', "-")
}

/// What the answer to a request needs of it, whichever door it came through.
struct Entered {
    ids: Ids,
    now: DateTime<Utc>,
}

impl Entered {
    fn new(hall: &Hall, head: &Head) -> Self {
        Self { ids: Ids::of(&head.headers, head.request_id), now: hall.vault.now() }
    }

    /// The answer as it leaves the room.
    fn leave(&self, answer: Answer) -> Response {
        reply::dressed(answer.unwrap_or_else(|refusal| refusal.respond(&self.ids, self.now)), &self.ids)
    }
}

/// The door: every request but those for pre-authenticated content.
async fn serve(State(hall): State<Hall>, request: Request) -> Response {
    let from = hall.origins.client(request.headers(), request.extensions());
    let (head, origin, body) = split(&hall, request);
    let entered = Entered::new(&hall, &head);
    let mut operation = None;
    let answered = Box::pin(answer(hall, head, origin.clone(), from, body, &mut operation)).await;
    let mut response = entered.leave(answered);
    auth::say_where_to_sign_in(&mut response, &origin);
    if let Some(operation) = operation {
        response.extensions_mut().insert(trace::Operation(operation.name()));
    }
    response
}

async fn download(State(hall): State<Hall>, request: Request) -> Response {
    let (head, _, _) = split(&hall, request);
    let entered = Entered::new(&hall, &head);
    entered.leave(content::download(&hall, &head).await)
}

/// The door of upload sessions.
async fn upload(State(hall): State<Hall>, request: Request) -> Response {
    let (head, origin, body) = split(&hall, request);
    let entered = Entered::new(&hall, &head);
    entered.leave(Box::pin(sessions::answer(&hall, &head, &origin, body)).await)
}

/// The door of monitors of copies.
async fn monitor(State(hall): State<Hall>, request: Request) -> Response {
    let (head, origin, _) = split(&hall, request);
    let entered = Entered::new(&hall, &head);
    entered.leave(copies::monitor(&hall, &head, &origin).await)
}

/// The door of sharing links in a browser, without a token.
async fn guest(State(hall): State<Hall>, request: Request) -> Response {
    let from = hall.origins.client(request.headers(), request.extensions());
    let (head, origin, _) = split(&hall, request);
    let entered = Entered::new(&hall, &head);
    entered.leave(shares::guest(&hall, &head, origin, from).await)
}

fn split(hall: &Hall, request: Request) -> (Head, String, Body) {
    let mut head = Head::of(&request);
    // without a usable host, links are relative to wherever the client believes to be
    let origin = hall.origins.of(&head.uri, &head.headers, request.extensions()).unwrap_or_default();
    if head.method == Method::POST
        && let Some(name) = head.headers.get("x-http-method-override")
        && let Ok(method) = Method::from_bytes(name.as_bytes().to_ascii_uppercase().as_slice())
        && [Method::PATCH, Method::PUT, Method::DELETE].contains(&method)
    {
        head.method = method;
    }
    (head, origin, request.into_body())
}

async fn answer(
    hall: Hall,
    head: Head,
    origin: String,
    from: Option<IpAddr>,
    body: Body,
    found: &mut Option<Operation>,
) -> Answer {
    // the token comes first: a stranger learns nothing from our parsing
    let caller = Caller::of(&hall.vault, &head.headers, head.request_id).await?;
    act(hall, caller, head, origin, from, body, found).await
}

/// What a caller asks for, by itself or as a part of a batch.
fn act(
    hall: Hall,
    caller: Caller,
    head: Head,
    origin: String,
    from: Option<IpAddr>,
    body: Body,
    found: &mut Option<Operation>,
) -> BoxFuture<'_, Answer> {
    // a batch comes back here for its parts
    Box::pin(call(hall, caller, head, origin, from, body, found))
}

async fn call(
    hall: Hall,
    caller: Caller,
    head: Head,
    origin: String,
    from: Option<IpAddr>,
    body: Body,
    found: &mut Option<Operation>,
) -> Answer {
    let path = head.uri.path();
    let (prefix, rest) = PREFIXES.iter().find_map(|prefix| Some((*prefix, below(path, prefix)?))).unwrap_or(("", path));
    let address = address::parse(rest)?;
    let operation = match calls::find(&head.method, &address) {
        Found::Operation(operation) => operation,
        Found::Methods(methods) => return Err(Refusal::Methods(methods)),
        Found::Nothing => return Err(nothing(&address)),
    };
    *found = Some(operation);
    if caller.actor.is_application() && is_of_caller(&address) {
        return Err(Refusal::NotDelegated);
    }
    caller.check(operation)?;
    let query = Query::parse(head.uri.query().unwrap_or_default());
    let mut ask = Ask { hall, caller, head, origin, prefix, address, query, from, share: None };
    if let Some(token) = ask.address.shared() {
        let token = token.to_owned();
        Box::pin(shares::enter(&mut ask, &token)).await?;
    }
    let answered = handler(&ask, operation, body).await;
    answered.map(|response| shares::applied(&ask, response))
}

/// What answers an operation. Handlers' futures are large, and laying them out takes as much of the stack again: so this is no
/// part of a future, and what it takes is given back before anything runs.
#[inline(never)]
fn handler(ask: &Ask, operation: Operation, body: Body) -> BoxFuture<'_, Answer> {
    match operation {
        Operation::CheckOut => Box::pin(locks::check_out(ask)),
        Operation::CheckIn => Box::pin(locks::check_in(ask, body)),
        Operation::DiscardCheckOut => Box::pin(locks::discard(ask)),
        Operation::GetDrive => Box::pin(drives::get(ask)),
        Operation::ListDrives => Box::pin(drives::list(ask)),
        Operation::GetItem => Box::pin(items::get(ask)),
        Operation::ListChildren => Box::pin(children::list(ask)),
        Operation::CreateChild => Box::pin(children::create(ask, body)),
        Operation::PutContent => Box::pin(content::put(ask, body)),
        Operation::GetContent => Box::pin(content::get(ask)),
        Operation::UpdateItem => Box::pin(items::update(ask, body)),
        Operation::DeleteItem => Box::pin(items::delete(ask)),
        Operation::ListVersions => Box::pin(versions::list(ask)),
        Operation::GetVersion => Box::pin(versions::get(ask)),
        Operation::GetVersionContent => Box::pin(versions::content(ask)),
        Operation::GetMe => Box::pin(people::me(ask)),
        Operation::GetUser => Box::pin(people::user(ask)),
        Operation::CreateUploadSession => Box::pin(sessions::create(ask, body)),
        Operation::PermanentDelete => Box::pin(trash::permanent_delete(ask)),
        Operation::Restore => Box::pin(trash::restore(ask, body)),
        Operation::Copy => Box::pin(copies::copy(ask, body)),
        Operation::RestoreVersion => Box::pin(versions::restore(ask)),
        Operation::DeleteVersion => Box::pin(versions::delete(ask)),
        Operation::Delta => Box::pin(delta::list(ask)),
        Operation::Search => Box::pin(search::search(ask)),
        Operation::ListSharedWithMe => Box::pin(sharing::with_me(ask)),
        Operation::Batch => Box::pin(batch::run(ask, body)),
        Operation::CreateLink => Box::pin(permissions::create_link(ask, body)),
        Operation::Invite => Box::pin(permissions::invite(ask, body)),
        Operation::ListPermissions => Box::pin(permissions::list(ask)),
        Operation::GetPermission => Box::pin(permissions::get(ask)),
        Operation::UpdatePermission => Box::pin(permissions::update(ask, body)),
        Operation::DeletePermission => Box::pin(permissions::delete(ask)),
        Operation::GetShare => Box::pin(shares::get(ask)),
        Operation::Lock => Box::pin(locks::lock(ask, body)),
        Operation::ReleaseLock => Box::pin(locks::release(ask)),
        Operation::GetContentStream => Box::pin(content::stream(ask)),
        Operation::ListRecent => Box::pin(interest::recent(ask)),
        Operation::ListFollowing => Box::pin(interest::following(ask)),
        Operation::ListBundles => Box::pin(interest::bundles(ask)),
        Operation::ListThumbnails => Box::pin(preview::thumbnails(ask)),
        Operation::GetThumbnail => Box::pin(preview::thumbnail(ask)),
        Operation::Preview => Box::pin(preview::preview(ask, body)),
        Operation::Follow => Box::pin(interest::follow(ask)),
        Operation::Unfollow => Box::pin(interest::unfollow(ask)),
        Operation::CommitUpload => Box::pin(commit::commit(ask, body)),
        Operation::CreateSubscription => Box::pin(subscriptions::create(ask, body)),
        Operation::ListSubscriptions => Box::pin(subscriptions::list(ask)),
        Operation::GetSubscription => Box::pin(subscriptions::get(ask)),
        Operation::UpdateSubscription => Box::pin(subscriptions::update(ask, body)),
        Operation::DeleteSubscription => Box::pin(subscriptions::delete(ask)),
        Operation::ListUsers => Box::pin(people::list(ask)),
        Operation::ListGroups => Box::pin(groups::list(ask)),
        Operation::GetGroup => Box::pin(groups::get(ask)),
        Operation::ListMembers => Box::pin(groups::members(ask)),
        Operation::ListSites => Box::pin(sites::list(ask)),
        Operation::GetSite => Box::pin(sites::get(ask)),
        Operation::ListSubsites => Box::pin(sites::below(ask)),
        Operation::ListLists => Box::pin(sites::lists(ask)),
        Operation::GetList => Box::pin(sites::get_list(ask)),
        Operation::ListOrganization => Box::pin(service::organization(ask)),
        Operation::GetMetadata => Box::pin(async { Ok(service::metadata()) }),
    }
}

/// What to say of an address where nothing is served.
fn nothing(address: &Address) -> Refusal {
    match (&address.subject, address.tail.first()) {
        (Subject::Item(..), _) | (_, None) => Refusal::NoCall,
        (_, Some(word)) => Refusal::NoSegment(word.name.clone()),
    }
}

/// Whether the address goes through `/me`, which an application has not.
fn is_of_caller(address: &Address) -> bool {
    let owner = match &address.subject {
        Subject::Owner(owner) => Some(owner),
        Subject::Drive(drive) | Subject::Item(drive, _) => drive.owner(),
        Subject::Service | Subject::Share(_) => None,
    };
    owner == Some(&Owner::Me)
}

/// 204 without a body.
fn done() -> Response {
    reply::empty(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_claimed_by_whole_segments() {
        for ours in [
            "/v1.0",
            "/v1.0/",
            "/v1.0/me",
            "/beta/x",
            "/_api/v2.0/drives",
            "/v2.0/drives",
            "/drives",
            "/me/drive",
            "/v3/me",
            "/v1.5",
            "/_layouts/15/download.aspx",
            "/_layouts/15/upload.aspx",
            "/_layouts/15/guestaccess.aspx",
        ] {
            assert!(claims(ours), "{ours}");
        }
        for others in
            ["/", "/v1", "/v1/files", "/v1.0x", "/version", "/v", "/v1.", "/meme", "/_api/web", "/documents/1"]
        {
            assert!(!claims(others), "{others}");
        }
    }
}
