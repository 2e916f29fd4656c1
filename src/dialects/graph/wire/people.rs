//! People: identity sets and users (spec/graph.md 5.1 and 5.6).

use serde::Serialize;

use crate::domain::person::{Person, PrincipalKind};

/// Who did something: a user, an application, a group or a site.
#[derive(Clone, Debug, Default, Serialize)]
pub struct IdentitySet {
    /// A human being.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Identity>,
    /// A program that acts for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<Identity>,
    /// Several people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Identity>,
    /// A site, as the owner of a drive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<Identity>,
}

/// One of them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Object id.
    pub id: String,
    /// Name.
    pub display_name: String,
    /// E-mail address; left out where there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
}

impl From<&Person> for IdentitySet {
    fn from(person: &Person) -> Self {
        let identity = |email| Identity { id: person.graph_id.to_string(), display_name: person.name.clone(), email };
        match person.kind {
            PrincipalKind::User => Self { user: Some(identity(person.email.clone())), ..Self::default() },
            PrincipalKind::Application => Self { application: Some(identity(String::new())), ..Self::default() },
            PrincipalKind::Group => Self { group: Some(identity(person.email.clone())), ..Self::default() },
        }
    }
}

/// A user. What the house does not know (title, telephones, office, language) is left out.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    id: String,
    display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    given_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    surname: String,
    user_principal_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    mail: String,
    business_phones: [String; 0],
}

impl From<&Person> for User {
    fn from(person: &Person) -> Self {
        let name = if person.email.is_empty() { &person.login } else { &person.email };
        let (first, last) = person.first_and_last_name();
        Self {
            id: person.graph_id.to_string(),
            display_name: person.name.clone(),
            given_name: first.to_owned(),
            surname: last.to_owned(),
            user_principal_name: name.clone(),
            mail: person.email.clone(),
            business_phones: [],
        }
    }
}
