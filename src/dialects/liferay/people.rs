//! Sites, users, the company and the portal itself (spec/liferay.md 9.2, 10.7): what clients ask before they begin.

use serde_json::Value;

use super::{
    call::Ask,
    error::{Error, Operation, Subject},
    find,
    wire::{company::Company, group::Group, repository::Repository, shown, user::User},
};
use crate::domain::{
    error::{Error as Refusal, Missing},
    id::PrincipalKey,
    person::{Person, PrincipalKind},
};

/// `getUserSitesGroups()`: every public client signs in with it and takes the company from the first one, so a user who
/// can see nothing else gets a site of their own.
pub async fn sites(ask: Ask) -> Result<Value, Error> {
    let said = ask.said(Operation::View, &Subject::Site("userId", 0));
    let mut libraries = ask.vault().libraries(&ask.actor).await.map_err(&said)?;
    if libraries.is_empty() && !ask.actor.is_application() {
        libraries.push(ask.vault().own_library(&ask.actor).await.map_err(said)?.as_ref().clone());
    }
    libraries
        .iter()
        .map(|library| shown(&Group::of(library, ask.company())))
        .collect::<Result<_, _>>()
        .map(Value::Array)
}

/// `getGroup(groupId)`.
pub async fn site(ask: Ask) -> Result<Value, Error> {
    let library = find::site(ask.vault(), &ask.actor, "groupId", ask.number("groupId")?).await?;
    shown(&Group::of(&library, ask.company()))
}

/// `getGroup(companyId, groupKey)`.
pub async fn site_by_key(ask: Ask) -> Result<Value, Error> {
    let key = ask.text("groupKey")?;
    let subject = Subject::SiteNamed(ask.number("companyId")?, key.to_owned());
    ask.check_company(&subject)?;
    let said = ask.said(Operation::View, &subject);
    let libraries = ask.vault().libraries(&ask.actor).await.map_err(&said)?;
    match libraries.iter().find(|library| library.name == key) {
        Some(library) => shown(&Group::of(library, ask.company())),
        None => Err(said(Refusal::Missing(Missing::Library))),
    }
}

/// `getCurrentUser()`.
pub async fn me(ask: Ask) -> Result<Value, Error> {
    let said = ask.said(Operation::View, &Subject::User(String::new()));
    let person = ask.actor.person().ok_or_else(|| said(Refusal::NoSession))?;
    shown(&User::of(person, ask.company()))
}

/// `getUserByEmailAddress(companyId, emailAddress)`.
pub async fn by_email(ask: Ask) -> Result<Value, Error> {
    let (company, email) = (ask.number("companyId")?, ask.text("emailAddress")?);
    let subject = Subject::User(format!("companyId={company}, emailAddress={email}"));
    ask.check_company(&subject)?;
    one(&ask, PrincipalKey::Email(email.to_owned()), subject, |_| true).await
}

/// `getUserByScreenName(companyId, screenName)`.
pub async fn by_screen_name(ask: Ask) -> Result<Value, Error> {
    let (company, name) = (ask.number("companyId")?, ask.text("screenName")?);
    let subject = Subject::User(format!("companyId={company}, screenName={name}"));
    ask.check_company(&subject)?;
    let found = |person: &Person| crate::domain::name::key(&person.login) == crate::domain::name::key(name);
    one(&ask, PrincipalKey::Login(name.to_owned()), subject, found).await
}

/// `getUserById(userId)`.
pub async fn by_id(ask: Ask) -> Result<Value, Error> {
    let number = ask.number("userId")?;
    one(&ask, PrincipalKey::Number(number), Subject::User(format!("userId={number}")), |_| true).await
}

/// Somebody the caller may know: themselves, and whoever shares a site with them.
async fn one(ask: &Ask, key: PrincipalKey, subject: Subject, fits: impl Fn(&Person) -> bool) -> Result<Value, Error> {
    let said = ask.said(Operation::View, &subject);
    let person = ask.vault().person(&key).await.map_err(&said)?;
    let person = person.filter(|person| person.kind != PrincipalKind::Group && fits(person));
    let person = person.ok_or_else(|| said(Refusal::Missing(Missing::Principal)))?;
    if !ask.vault().knows(&ask.actor, person.id).await.map_err(&said)? {
        let caller = ask.actor.person().map_or(0, |caller| caller.number);
        return Err(Error::Stranger { caller, user: person.number });
    }
    shown(&User::of(&person, ask.company()))
}

/// `getCompanyById(companyId)`.
pub async fn company(ask: Ask) -> Result<Value, Error> {
    ask.check_company(&Subject::Company(format!("companyId={}", ask.number("companyId")?)))?;
    shown(&Company::of(ask.company()))
}

/// `getCompanyByVirtualHost(virtualHost)`: the one company there is lives under every name this house is reached by.
pub async fn company_by_host(ask: Ask) -> Result<Value, Error> {
    let host = ask.text("virtualHost")?;
    let company = if is_host(host) {
        shown(&Company::of(ask.company()))
    } else {
        let host: String = host.chars().take(256).collect();
        Err(ask.said(Operation::View, &Subject::Company(format!("virtualHost={host}")))(Refusal::Missing(
            Missing::Item,
        )))
    };
    std::future::ready(company).await
}

/// A host name or an IP address, without a port.
fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        inner && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_name = text.len() <= 253 && text.split('.').all(label);
    is_name || text.trim_matches(['[', ']']).parse::<std::net::Ipv6Addr>().is_ok()
}

/// `getRepository(repositoryId)`: a site's own, which has the site's number.
pub async fn repository(ask: Ask) -> Result<Value, Error> {
    let library = find::site(ask.vault(), &ask.actor, "repositoryId", ask.number("repositoryId")?).await?;
    shown(&Repository::of(&library, ask.company()))
}

/// `getBuildNumber()`: the one in the header of every answer.
pub async fn build_number(ask: Ask) -> Result<Value, Error> {
    let number = ask.settings().build_number();
    std::future::ready(Ok(number.into())).await
}

/// `getVersion()`.
pub async fn version(ask: Ask) -> Result<Value, Error> {
    let version = ask.settings().version().to_owned();
    std::future::ready(Ok(version.into())).await
}
