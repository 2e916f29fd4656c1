//! Groups and their members (spec/graph.md 5.6 and 11).

use serde::Serialize;

use super::{User, date};
use crate::{
    dialects::graph::ids,
    domain::{
        directory,
        person::{Person, PrincipalKind},
    },
};

/// A group. No mail is delivered here, so none has an address; all of them can be given rights.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    id: String,
    created_date_time: String,
    display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    mail_enabled: bool,
    mail_nickname: String,
    security_enabled: bool,
    group_types: Vec<&'static str>,
    visibility: &'static str,
}

impl From<&directory::Group> for Group {
    fn from(group: &directory::Group) -> Self {
        Self {
            id: group.graph_id.to_string(),
            created_date_time: date(group.created_at),
            display_name: group.name.clone(),
            description: group.description.clone(),
            mail_enabled: false,
            mail_nickname: ids::nickname(group),
            security_enabled: true,
            // what clients take for a group with a drive
            group_types: if group.has_library { vec!["Unified"] } else { Vec::new() },
            visibility: "Private",
        }
    }
}

/// Somebody in a group.
#[derive(Clone, Debug, Serialize)]
pub struct Member {
    #[serde(rename = "@odata.type")]
    kind: &'static str,
    #[serde(flatten)]
    who: Who,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Who {
    User(User),
    Application(ServicePrincipal),
    /// Whom the token may not see.
    Stranger {
        id: String,
    },
}

/// An application, as a member of a group.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ServicePrincipal {
    id: String,
    app_id: String,
    display_name: String,
}

impl Member {
    /// A member; its id alone for a token that may not see it otherwise.
    pub fn new(person: &Person, may_see: bool) -> Self {
        let id = person.graph_id.to_string();
        let (kind, who) = match person.kind {
            PrincipalKind::User => ("#microsoft.graph.user", Who::User(person.into())),
            PrincipalKind::Application => {
                let (app_id, display_name) = (person.login.clone(), person.name.clone());
                let application = ServicePrincipal { id: id.clone(), app_id, display_name };
                ("#microsoft.graph.servicePrincipal", Who::Application(application))
            }
            PrincipalKind::Group => ("#microsoft.graph.group", Who::Stranger { id: id.clone() }),
        };
        Self { kind, who: if may_see { who } else { Who::Stranger { id } } }
    }
}
