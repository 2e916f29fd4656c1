//! Who is calling: bearer tokens (spec/graph.md 3), and how far their scopes reach (3.5). What the bearer may do is not
//! decided here.

use std::sync::Arc;

use axum::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
    },
    response::Response,
};

use super::{calls::Operation, error::Refusal};
use crate::{
    dialects::of_request,
    domain::{
        actor::{Actor, Dialect},
        id::PrincipalId,
        scope,
    },
    http::trace::{self, RequestId},
    vault::{Credential, Epoch, Presented, Vault},
};

/// What the vendor's own service is called among applications.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// Scopes of which a call takes any one: of a delegated token, or of an application's.
#[derive(Clone, Copy, Debug)]
pub struct OneOf {
    delegated: &'static [&'static str],
    application: &'static [&'static str],
}

/// To see other users, one or all.
pub const SEE_USERS: OneOf = OneOf {
    delegated: &[
        "User.ReadBasic.All",
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
    ],
    application: &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"],
};

/// To see groups and who is in them.
pub const SEE_GROUPS: OneOf = OneOf {
    delegated: &[
        "Group.Read.All",
        "Group.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
    ],
    application: &["Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"],
};

/// To see sites; an application with `Sites.Selected` sees those that it was given a role in.
pub const SEE_SITES: OneOf = OneOf {
    delegated: &["Sites.Read.All", "Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All"],
    application: &[
        "Sites.Selected",
        "Sites.Read.All",
        "Sites.ReadWrite.All",
        "Sites.Manage.All",
        "Sites.FullControl.All",
    ],
};

/// To see whose directory it is.
pub const SEE_ORGANIZATION: OneOf = OneOf {
    delegated: &[
        "User.Read",
        "User.ReadBasic.All",
        "User.Read.All",
        "User.ReadWrite.All",
        "Organization.Read.All",
        "Organization.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
    ],
    application: &[
        "Organization.Read.All",
        "Organization.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ],
};

/// To be told of changes in a drive.
pub const SUBSCRIBE: OneOf =
    OneOf { delegated: &["Files.ReadWrite", "Files.ReadWrite.All"], application: &["Files.ReadWrite.All"] };

/// What the token must carry for an operation, whatever it is about. `None`: how far the token reaches decides, with what
/// its bearer may on the item; or the call asks for more than one thing, and says so itself.
pub fn needed(operation: Operation) -> Option<&'static OneOf> {
    match operation {
        Operation::ListUsers => Some(&SEE_USERS),
        Operation::ListGroups | Operation::GetGroup | Operation::ListMembers => Some(&SEE_GROUPS),
        Operation::ListSites
        | Operation::GetSite
        | Operation::ListSubsites
        | Operation::ListLists
        | Operation::GetList => Some(&SEE_SITES),
        Operation::ListOrganization => Some(&SEE_ORGANIZATION),
        Operation::CreateSubscription
        | Operation::ListSubscriptions
        | Operation::GetSubscription
        | Operation::UpdateSubscription
        | Operation::DeleteSubscription => Some(&SUBSCRIBE),
        Operation::CheckOut
        | Operation::CheckIn
        | Operation::DiscardCheckOut
        | Operation::GetDrive
        | Operation::ListDrives
        | Operation::GetItem
        | Operation::ListChildren
        | Operation::CreateChild
        | Operation::PutContent
        | Operation::GetContent
        | Operation::UpdateItem
        | Operation::DeleteItem
        | Operation::ListVersions
        | Operation::GetVersion
        | Operation::GetVersionContent
        | Operation::GetMe
        | Operation::GetUser
        | Operation::CreateUploadSession
        | Operation::PermanentDelete
        | Operation::Restore
        | Operation::Copy
        | Operation::RestoreVersion
        | Operation::DeleteVersion
        | Operation::Delta
        | Operation::Search
        | Operation::ListRecent
        | Operation::ListSharedWithMe
        | Operation::ListFollowing
        | Operation::ListBundles
        | Operation::ListThumbnails
        | Operation::GetThumbnail
        | Operation::Preview
        | Operation::Follow
        | Operation::Unfollow
        | Operation::CommitUpload
        | Operation::Batch
        | Operation::CreateLink
        | Operation::Invite
        | Operation::ListPermissions
        | Operation::GetPermission
        | Operation::UpdatePermission
        | Operation::DeletePermission
        | Operation::GetShare
        | Operation::GetMetadata
        | Operation::Lock
        | Operation::ReleaseLock
        | Operation::GetContentStream => None,
    }
}

/// Somebody with a living token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who acts.
    pub actor: Actor,
    /// What is known of the token.
    pub credential: Credential,
    /// Scopes of a delegated token, roles of an application's.
    scopes: Arc<[String]>,
    /// The application that acts for somebody, where one does.
    pub application: Option<PrincipalId>,
    /// The epoch of rights before it was asked who they are.
    pub epoch: Epoch,
}

impl Caller {
    /// The bearer of the request's token.
    pub async fn of(vault: &Vault, headers: &HeaderMap, request: Option<RequestId>) -> Result<Self, Refusal> {
        let token = token(headers).ok_or(Refusal::NoToken)?;
        let epoch = vault.epoch();
        let (account, scopes, application) = match vault.presented(token).await? {
            Presented::Living(account, scopes, application) => (account, scopes, application),
            Presented::Expired => return Err(Refusal::Expired),
        };
        trace::record_actor(account.person.id.0);
        let ceiling = scope::ceiling(&scopes, account.application);
        let actor = Actor { ceiling, ..Actor::new(account, Dialect::Graph) };
        let actor = of_request(actor, request, headers);
        Ok(Self { actor, credential: Credential::of(token), scopes, application, epoch })
    }

    /// The same caller in a request of its own: a part of a batch.
    pub fn in_request(&self, request: RequestId, headers: &HeaderMap) -> Self {
        let actor = of_request(self.actor.clone(), Some(request), headers);
        Self { actor, ..self.clone() }
    }

    /// Whether the token carries one of these scopes or roles.
    pub fn has_one_of(&self, wanted: &OneOf) -> bool {
        let wanted = if self.actor.is_application() { wanted.application } else { wanted.delegated };
        let has = |wanted: &&str| self.scopes.iter().any(|scope| scope::bare(scope).eq_ignore_ascii_case(wanted));
        wanted.iter().any(has)
    }

    /// Refuses a token that carries none of what an operation takes (3.5).
    pub fn check(&self, operation: Operation) -> Result<(), Refusal> {
        if needed(operation).is_none_or(|wanted| self.has_one_of(wanted)) { Ok(()) } else { Err(Refusal::Scope) }
    }
}

/// Says in a challenge where a token is to be had. Clients read the address of the sign-in from it, and whose token it is.
pub fn say_where_to_sign_in(response: &mut Response, origin: &str) {
    if response.status() != StatusCode::UNAUTHORIZED {
        return;
    }
    let Some(said) = response.headers().get(WWW_AUTHENTICATE).and_then(|said| said.to_str().ok()) else { return };
    let challenge =
        format!("{said}, authorization_uri=\"{origin}/common/oauth2/v2.0/authorize\", client_id=\"{GRAPH}\"");
    if let Ok(challenge) = HeaderValue::try_from(challenge) {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
}

/// The scheme may be written in any case: one client sends `bearer` (1.2).
fn token(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_read_in_any_case() {
        let read = |text: &'static str| {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(text))]);
            token(&headers).map(str::to_owned)
        };
        assert_eq!(read("bearer  a.b").as_deref(), Some("a.b"));
        assert_eq!(read("BEARER x").as_deref(), Some("x"));
        for none in ["", "Bearer", "Bearer ", "Basic x", "x"] {
            assert_eq!(read(none), None, "{none:?}");
        }
    }
}
