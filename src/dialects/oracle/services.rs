//! The companion services (spec/oracle.md 12), an older interface of the same server: one door, the service named by a
//! parameter, one envelope for yes and no. For who is signed in; a public link does not count here.

mod arguments;
mod history;
mod session;
mod trash;

use axum::{
    Json,
    extract::State,
    http::{
        HeaderValue, Method,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};

use self::{arguments::Arguments, session::IdcToken};
use super::{
    Hall,
    answer::About,
    auth::Caller,
    error::Error,
    input::Unread,
    operation::Operation,
    query::Query,
    wire::{Envelope, Fields, ResultSets},
};
use crate::{
    domain::{error::Error as No, person::Person},
    vault::Vault,
};

/// Characters of a service's name that are said again.
const LONGEST_NAME: usize = 100;

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    TenantConfig,
    UserInfo,
    OauthToken,
    MoveToTrash,
    BrowseTrash,
    Restore,
    DeleteFromTrash,
    EmptyTrash,
    FileRevisions,
    ActivityHistory,
}

impl Service {
    #[rustfmt::skip]
    const TABLE: [(&'static str, Service, Operation); 10] = [
        ("SCS_GET_TENANT_CONFIG",  Service::TenantConfig,    Operation::Service),
        ("GET_USER_INFO",          Service::UserInfo,        Operation::Service),
        ("GET_OAUTH_TOKEN",        Service::OauthToken,      Operation::Service),
        ("FLD_MOVE_TO_TRASH",      Service::MoveToTrash,     Operation::Delete),
        ("FLD_BROWSE_TRASH",       Service::BrowseTrash,     Operation::BrowseTrash),
        ("FLD_RESTORE",            Service::Restore,         Operation::Restore),
        ("FLD_DELETE_FROM_TRASH",  Service::DeleteFromTrash, Operation::Purge),
        ("FLD_EMPTY_TRASH",        Service::EmptyTrash,      Operation::EmptyTrash),
        ("FLD_FILE_REVISIONS",     Service::FileRevisions,   Operation::Versions),
        ("GET_ACTIVITY_HISTORY",   Service::ActivityHistory, Operation::Activities),
    ];

    /// The one of this name, and what it is called in refusals.
    fn named(name: &str) -> Option<(Service, Operation)> {
        Self::TABLE.iter().find(|(known, ..)| *known == name).map(|(_, service, operation)| (*service, *operation))
    }

    /// Whether it only reads.
    fn is_safe(self) -> bool {
        match self {
            Service::TenantConfig
            | Service::UserInfo
            | Service::BrowseTrash
            | Service::FileRevisions
            | Service::ActivityHistory => true,
            Service::OauthToken
            | Service::MoveToTrash
            | Service::Restore
            | Service::DeleteFromTrash
            | Service::EmptyTrash => false,
        }
    }
}

/// What a service has to say beside what all say.
#[derive(Debug, Default)]
struct Reply {
    local: Fields,
    sets: ResultSets,
}

/// Somebody who is signed in and asks for a service.
struct Asker {
    caller: Caller,
    person: Person,
    token: IdcToken,
}

/// `GET` and `POST` of `/documents/integration` and `/documents/web`.
pub async fn call(
    State(hall): State<Hall>,
    caller: Caller,
    query: Query,
    about: About,
    method: Method,
    body: Unread,
) -> Result<Response, Error> {
    let vault = &hall.vault;
    let asker = Asker::of(vault, caller).await?;
    let arguments = if method == Method::POST { Arguments::read(query, body).await } else { Ok(Arguments::of(query)) };
    let name = arguments.as_ref().ok().and_then(|arguments| arguments.text("IdcService").ok().flatten());
    let name: String = name.unwrap_or_default().chars().take(LONGEST_NAME).collect();
    let named = Service::named(&name);
    let answer = match (arguments, named) {
        (Err(unreadable), _) => Err(unreadable),
        (Ok(_), None) if name.is_empty() => Err(Error::Required("IdcService")),
        (Ok(_), None) => Err(Error::NoService(name.clone())),
        // a request that may be sent again by anybody changes nothing
        (Ok(_), Some((service, _))) if method == Method::HEAD && !service.is_safe() => Err(Error::NoMethod),
        (Ok(arguments), Some((service, _))) => asker.ask(vault, service, &arguments).await,
    };
    match answer {
        Ok(reply) => {
            let words = format!("You are logged in as '{}'.", asker.person.name);
            Ok(asker.envelope(&name, "0", words, reply))
        }
        Err(error) => {
            let operation = named.map_or(Operation::Service, |(_, operation)| operation);
            let said = error.say(&about.of(operation, None));
            if said.is_of_the_call() {
                return Err(error);
            }
            Ok(asker.envelope(&name, said.code, said.message, Reply::default()))
        }
    }
}

impl Asker {
    async fn of(vault: &Vault, caller: Caller) -> Result<Self, Error> {
        let account = caller.actor.account.as_ref().ok_or(No::NoSession)?;
        let person = account.person.clone();
        let token = IdcToken::of(vault, person.id).await?;
        Ok(Self { caller: Caller { link: None, ..caller }, person, token })
    }

    async fn ask(&self, vault: &Vault, service: Service, arguments: &Arguments) -> Result<Reply, Error> {
        // who sends none has sent a credential with this very request
        if arguments.text("idcToken")?.is_some_and(|sent| !self.token.is(&sent)) {
            return Err(Error::BadValue("idcToken"));
        }
        match service {
            Service::TenantConfig | Service::UserInfo => Ok(Reply::default()),
            Service::OauthToken => session::oauth_token(vault, &self.caller).await,
            Service::MoveToTrash => trash::move_to_trash(vault, &self.caller, arguments).await,
            Service::BrowseTrash => trash::browse(vault, &self.caller, arguments).await,
            Service::Restore => trash::restore(vault, &self.caller, arguments).await,
            Service::DeleteFromTrash => trash::delete(vault, &self.caller, arguments).await,
            Service::EmptyTrash => trash::empty(vault, &self.caller).await,
            Service::FileRevisions => history::revisions(vault, &self.caller, arguments).await,
            Service::ActivityHistory => history::activities(vault, &self.caller, arguments).await,
        }
    }

    fn envelope(&self, service: &str, code: &str, message: String, reply: Reply) -> Response {
        let local = Fields::new()
            .maybe("IdcService", Some(service).filter(|name| !name.is_empty()))
            .text("StatusCode", code)
            .text("StatusMessage", message)
            .text("dUser", &self.person.oracle_id)
            .text("dUserFullName", &self.person.name)
            .text("idcToken", self.token.text())
            .text("localizedForResponse", "1")
            .and(reply.local)
            .in_top_order();
        let mut response = Json(Envelope { local, sets: reply.sets }).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
