//! A permission: something that lets somebody do something on an item (spec/graph.md 5.5).

use serde::Serialize;

use super::{
    View, date,
    people::{Identity, IdentitySet},
};
use crate::{
    dialects::graph::shares,
    domain::{
        actor::Role,
        item::Item,
        link::{Audience, Link},
        person::PrincipalKind,
    },
    vault::{Given, Grant},
};

/// A permission.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    id: String,
    roles: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    granted_to_v2: Option<IdentitySet>,
    /// The older name of the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    granted_to: Option<IdentitySet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    granted_to_identities_v2: Option<Vec<IdentitySet>>,
    /// The older name of the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    granted_to_identities: Option<Vec<IdentitySet>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<SharingLink>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<Invited>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inherited_from: Option<InheritedFrom>,
    #[serde(skip_serializing_if = "Option::is_none")]
    share_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_date_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_password: Option<bool>,
}

/// That somebody was invited by e-mail address.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invited {
    /// The address.
    pub email: String,
    /// Whether they must sign in.
    pub sign_in_required: bool,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SharingLink {
    #[serde(rename = "type")]
    kind: &'static str,
    scope: &'static str,
    web_url: String,
    prevents_download: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<Identity>,
}

/// The folder above on which something was given. Its path is left out: it names what lies above.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InheritedFrom {
    drive_id: String,
    id: String,
}

impl Permission {
    /// What was given, as it shows on an item. `id` is its name.
    pub fn new(view: &View, item: &Item, grant: &Grant, id: String) -> Self {
        let above = item.ancestors.iter().find(|folder| folder.id == grant.on.0 && grant.on != item.id);
        let inherited_from =
            above.map(|folder| InheritedFrom { drive_id: item.library.graph_id.clone(), id: folder.graph_id.clone() });
        let bare = Self {
            id,
            roles: ["read"],
            granted_to_v2: None,
            granted_to: None,
            granted_to_identities_v2: None,
            granted_to_identities: None,
            link: None,
            invitation: None,
            inherited_from,
            share_id: None,
            expiration_date_time: None,
            has_password: None,
        };
        match &grant.given {
            Given::Library(person) | Given::Role(person, _) => {
                let role = if let Given::Role(_, role) = &grant.given { *role } else { Role::Owner };
                let to = IdentitySet::from(&**person);
                Self { roles: [word(role)], granted_to_v2: Some(to.clone()), granted_to: Some(to), ..bare }
            }
            Given::Link(link) => bare.of_link(view, link),
        }
    }

    fn of_link(self, view: &View, link: &Link) -> Self {
        let listed = (link.audience == Audience::Listed)
            .then(|| link.listed.iter().map(|person| IdentitySet::from(&**person)).collect::<Vec<_>>());
        let application = (link.created_by.kind == PrincipalKind::Application)
            .then(|| IdentitySet::from(&*link.created_by).application)
            .flatten();
        Self {
            roles: [word(link.role)],
            granted_to_identities_v2: listed.clone(),
            granted_to_identities: listed,
            link: Some(SharingLink {
                kind: match link.role {
                    _ if link.embedded => "embed",
                    Role::Viewer | Role::Downloader => "view",
                    Role::Contributor | Role::Manager | Role::Owner => "edit",
                },
                scope: scope(link.audience),
                web_url: shares::web_url(&view.origin, &link.graph_id),
                prevents_download: link.role < Role::Downloader,
                application,
            }),
            share_id: Some(link.graph_id.clone()),
            expiration_date_time: link.expires_at.map(date),
            has_password: Some(link.has_access_code),
            ..self
        }
    }

    /// The same for somebody who was invited by e-mail address.
    #[must_use]
    pub fn invited(self, invited: Invited) -> Self {
        Self { invitation: Some(invited), ..self }
    }
}

/// Graph's word for a role. What shares is an owner there: nothing else gives permissions.
fn word(role: Role) -> &'static str {
    match role {
        Role::Viewer | Role::Downloader => "read",
        Role::Contributor => "write",
        Role::Manager | Role::Owner => "owner",
    }
}

/// Graph's word for whom a link admits.
pub fn scope(audience: Audience) -> &'static str {
    match audience {
        Audience::Everybody => "anonymous",
        Audience::SignedIn => "organization",
        Audience::Listed => "users",
    }
}
