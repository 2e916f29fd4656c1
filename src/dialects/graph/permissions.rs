//! Who may: links, invitations, permissions (spec/graph.md 10.1 to 10.3).

use axum::{body::Body, http::StatusCode};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use sha2::Sha256;

use super::{
    Ask,
    counted::{Counted, Listed},
    done,
    error::{Answer, Refusal, read_json},
    ids, reply,
    wire::{Invited, Permission, View},
};
use crate::{
    domain::{
        actor::Role,
        error::{Error, Missing},
        id::{PrincipalId, PrincipalKey},
        link::Audience,
        page::Order,
        permission::Action,
    },
    vault::{Given, Grant, GrantChange, Look, Offer},
};

/// So many people are invited at a time.
const MOST_RECIPIENTS: usize = 50;
/// Longest message to them, in characters.
const LONGEST_MESSAGE: usize = 2000;
/// Longest password of a link, in characters.
const LONGEST_PASSWORD: usize = 128;
/// Longest address of a recipient, in characters.
const LONGEST_ADDRESS: usize = 320;

/// The body of `createLink`; what else it holds is ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NewLink {
    #[serde(rename = "type")]
    kind: Option<String>,
    scope: Option<String>,
    password: Option<String>,
    expiration_date_time: Option<DateTime<Utc>>,
    recipients: Option<Vec<Recipient>>,
}

/// `POST …/createLink`: 201 for a new link, 200 for one like it that the caller has made before.
pub async fn create_link(ask: &Ask, body: Body) -> Answer {
    let new: NewLink = read_json(body, ask.hall.limits.text).await?;
    let (role, embedded) = match new.kind.as_deref().unwrap_or("view") {
        "view" => (Role::Downloader, false),
        "edit" => (Role::Contributor, false),
        "embed" => (Role::Downloader, true),
        _ => return Err(Refusal::Member("'type' must be 'view', 'edit' or 'embed'.".to_owned())),
    };
    let audience = match new.scope.as_deref().unwrap_or("organization") {
        "anonymous" => Audience::Everybody,
        "organization" => Audience::SignedIn,
        "users" => Audience::Listed,
        _ => return Err(Refusal::Member("'scope' must be 'anonymous', 'organization' or 'users'.".to_owned())),
    };
    let access_code = password(new.password)?;
    let expires_at = new.expiration_date_time.map(|end| future(ask, end)).transpose()?;
    let recipients = new.recipients.unwrap_or_default();
    if audience != Audience::Listed && !recipients.is_empty() {
        return Err(Refusal::Member("'recipients' are for links of the scope 'users'.".to_owned()));
    }
    let look = ask.look().await?;
    look.check(ask.actor(), Action::Share)?;
    if audience == Audience::Everybody && !ask.hall.graph.anonymous_links {
        return Err(Refusal::NoAnonymousLinks);
    }
    let listed = known(&find(ask, &recipients).await?)?;
    let offer = Offer { role, embedded, audience, listed, access_code, expires_at };
    let (link, is_new) = ask.hall.vault.offer_link(ask.actor(), &look, offer).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    single(ask, &look, &Grant { on: link.item, given: Given::Link(Box::new(link)) }, status).await
}

/// Somebody to be invited: by one of these.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Recipient {
    email: Option<String>,
    alias: Option<String>,
    object_id: Option<String>,
}

/// The body of an invitation. Nothing is sent, whatever it says of that.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Invitation {
    recipients: Option<Vec<Recipient>>,
    roles: Option<Vec<String>>,
    require_sign_in: Option<bool>,
    #[serde(rename = "sendInvitation")]
    _send: Option<bool>,
    message: Option<String>,
    expiration_date_time: Option<String>,
    password: Option<String>,
}

/// `POST …/invite`: roles for those who are known; for others, unless all must sign in, a link that needs none.
pub async fn invite(ask: &Ask, body: Body) -> Answer {
    let invitation: Invitation = read_json(body, ask.hall.limits.text).await?;
    let recipients = invitation.recipients.unwrap_or_default();
    if recipients.is_empty() {
        return Err(Refusal::Member("'recipients' must name somebody.".to_owned()));
    }
    let role = role(&invitation.roles.unwrap_or_default())?;
    let message = invitation.message.filter(|message| !message.is_empty());
    if message.as_ref().is_some_and(|message| message.chars().count() > LONGEST_MESSAGE) {
        return Err(Refusal::TooLong("message"));
    }
    let message = super::items::text(message, "message")?;
    let said = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    if said(&invitation.expiration_date_time) || said(&invitation.password) {
        return Err(Refusal::Member("an invitation has no expiration and no password here.".to_owned()));
    }
    let look = ask.look().await?;
    // before anybody is looked for: who may not share learns of nobody whether there is such a one
    look.check(ask.actor(), Action::Share)?;
    let found = find(ask, &recipients).await?;
    let strangers = found.iter().any(Option::is_none);
    if strangers && invitation.require_sign_in == Some(true) {
        known(&found)?;
    }
    let link = if strangers { Some(link_for_strangers(ask, &look, role).await?) } else { None };
    let mut people: Vec<PrincipalId> = Vec::new();
    for person in found.iter().flatten() {
        if !people.contains(person) {
            people.push(*person);
        }
    }
    let grants = if people.is_empty() {
        Vec::new()
    } else {
        ask.hall.vault.invite(ask.actor(), &look, &people, role, message.as_deref()).await?
    };
    let (view, namer) = (ask.view().await?, Namer::of(ask).await?);
    let mut value = Vec::with_capacity(found.len());
    for (recipient, person) in recipients.iter().zip(&found) {
        let given = match person {
            Some(person) => grants.iter().find(|grant| grant.with() == Some(*person)),
            None => link.as_ref(),
        };
        // whoever was taken away at this very moment
        let Some(given) = given else { continue };
        let permission = Permission::new(&view, look.item(), given, namer.name(given)?);
        let email = recipient.email.clone().filter(|email| !email.is_empty());
        let permission = match email {
            Some(email) => permission.invited(Invited { email, sign_in_required: person.is_some() }),
            None => permission,
        };
        value.push(Value::Object(view.selected(&permission)?));
    }
    let body = Map::from_iter([
        ("@odata.context".to_owned(), view.context("Collection(permission)").into()),
        ("value".to_owned(), Value::Array(value)),
    ]);
    Ok(reply::json(StatusCode::OK, &body))
}

/// The link for those who cannot sign in. One for all of them: nobody can tell who uses it.
async fn link_for_strangers(ask: &Ask, look: &Look, role: Role) -> Result<Grant, Refusal> {
    if !ask.hall.graph.anonymous_links {
        return Err(Refusal::NoAnonymousLinks);
    }
    let role = link_role(role)?;
    let offer = Offer {
        role,
        embedded: false,
        audience: Audience::Everybody,
        listed: Vec::new(),
        access_code: None,
        expires_at: None,
    };
    let (link, _) = ask.hall.vault.offer_link(ask.actor(), look, offer).await?;
    Ok(Grant { on: link.item, given: Given::Link(Box::new(link)) })
}

/// Whom each of the recipients names; `None`: nobody.
async fn find(ask: &Ask, recipients: &[Recipient]) -> Result<Vec<Option<PrincipalId>>, Refusal> {
    if recipients.len() > MOST_RECIPIENTS {
        return Err(Refusal::Member(format!("'recipients' has more than {MOST_RECIPIENTS} entries.")));
    }
    let given =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut keys = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        let key = match (given(&recipient.object_id), given(&recipient.email), given(&recipient.alias)) {
            (Some(id), ..) => ids::guid(&id).map(PrincipalKey::Graph),
            (None, Some(text), _) | (None, None, Some(text)) if text.chars().count() > LONGEST_ADDRESS => None,
            (None, Some(email), _) => Some(PrincipalKey::Email(email)),
            (None, None, Some(alias)) => Some(PrincipalKey::Login(alias)),
            (None, None, None) => None,
        };
        let malformed = || Refusal::Member("a recipient needs 'email', 'alias' or 'objectId'.".to_owned());
        keys.push(key.ok_or_else(malformed)?);
    }
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        found.push(ask.hall.vault.person(&key).await?.map(|person| person.id));
    }
    Ok(found)
}

/// All of them, if there are all.
fn known(found: &[Option<PrincipalId>]) -> Result<Vec<PrincipalId>, Refusal> {
    let unknown = |place| Refusal::Member(format!("'recipients[{place}]' is nobody who can sign in here."));
    found.iter().enumerate().map(|(place, person)| person.ok_or_else(|| unknown(place))).collect()
}

/// `GET …/permissions`.
pub async fn list(ask: &Ask) -> Answer {
    let pages = Counted::of(ask, Order::Name).await?;
    let look = ask.look().await?;
    let grants = ask.hall.vault.grants(ask.actor(), &look).await?;
    let (view, namer) = (ask.view().await?, Namer::of(ask).await?);
    let (from, most) =
        (usize::try_from(pages.window.offset).unwrap_or(usize::MAX), usize::try_from(pages.window.limit).unwrap_or(0));
    let mut value = Vec::new();
    for grant in grants.iter().skip(from).take(most) {
        value.push(Value::Object(view.selected(&show(&view, &look, &namer, grant)?)?));
    }
    let total = i64::try_from(grants.len()).unwrap_or(i64::MAX);
    let listed = Listed { context: view.context("Collection(permission)"), value, total };
    Ok(reply::json(StatusCode::OK, &pages.page(ask, listed)?))
}

/// `GET …/permissions/{id}`.
pub async fn get(ask: &Ask) -> Answer {
    let (look, grant) = named(ask).await?;
    single(ask, &look, &grant, StatusCode::OK).await
}

/// What a body says of a member.
#[derive(Debug, Default)]
enum Said<T> {
    /// It is not there.
    #[default]
    Nothing,
    /// It is there; `None` for `null`.
    Something(Option<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Said<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Said::Something)
    }
}

/// The body of a `PATCH`: what is not there stays, `null` removes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Patch {
    roles: Option<Vec<String>>,
    expiration_date_time: Said<DateTime<Utc>>,
    password: Said<String>,
}

/// `PATCH …/permissions/{id}`: another role; of a link also another end and another password.
pub async fn update(ask: &Ask, body: Body) -> Answer {
    let patch: Patch = read_json(body, ask.hall.limits.text).await?;
    let wanted = patch.roles.as_deref().map(role).transpose()?;
    let access_code = match patch.password {
        Said::Nothing => None,
        Said::Something(said) => Some(password(said)?),
    };
    let expires_at = match patch.expiration_date_time {
        Said::Nothing => None,
        Said::Something(end) => Some(end.map(|end| future(ask, end)).transpose()?),
    };
    let (look, grant) = named(ask).await?;
    let is_link = matches!(grant.given, Given::Link(_));
    let change = GrantChange {
        role: match wanted {
            Some(role) if is_link => Some(link_role(role)?),
            wanted => wanted,
        },
        // what a role has not, it need not lose
        access_code: access_code.filter(|code| is_link || code.is_some()),
        expires_at: expires_at.filter(|end| is_link || end.is_some()),
    };
    let changed = ask.hall.vault.change_grant(ask.actor(), &look, &grant, change).await?;
    single(ask, &look, &changed, StatusCode::OK).await
}

/// `DELETE …/permissions/{id}`.
pub async fn delete(ask: &Ask) -> Answer {
    let (look, grant) = named(ask).await?;
    ask.hall.vault.revoke_grant(ask.actor(), &look, &grant).await?;
    Ok(done())
}

/// The permission of the address, if the caller sees it, and its item.
async fn named(ask: &Ask) -> Result<(Look, Grant), Refusal> {
    let id = ask.address.tail.get(1).map(|word| word.name.as_str()).unwrap_or_default();
    let look = ask.look().await?;
    let namer = Namer::of(ask).await?;
    for grant in ask.hall.vault.grants(ask.actor(), &look).await? {
        if namer.name(&grant)? == id {
            return Ok((look, grant));
        }
    }
    Err(Error::Missing(Missing::Link).into())
}

async fn single(ask: &Ask, look: &Look, grant: &Grant, status: StatusCode) -> Answer {
    let view = ask.view().await?;
    let permission = show(&view, look, &Namer::of(ask).await?, grant)?;
    Ok(reply::json(status, &view.single("permission/$entity", &permission)?))
}

fn show(view: &View, look: &Look, namer: &Namer, grant: &Grant) -> Result<Permission, Error> {
    Ok(Permission::new(view, look.item(), grant, namer.name(grant)?))
}

/// Names permissions: the same one always alike, also on what lies below, and telling nothing.
struct Namer([u8; 32]);

impl Namer {
    async fn of(ask: &Ask) -> Result<Self, Error> {
        Ok(Self(ask.hall.vault.secret("graph.permissions").await?))
    }

    fn name(&self, grant: &Grant) -> Result<String, Error> {
        let (kind, what) = match &grant.given {
            Given::Library(person) => (0_u8, person.id.0),
            Given::Role(person, _) => (1, person.id.0),
            Given::Link(link) => (2, link.id.0),
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).map_err(|error| Error::broken(error.to_string()))?;
        mac.update(&[kind]);
        mac.update(grant.on.0.as_bytes());
        mac.update(what.as_bytes());
        let name = mac.finalize().into_bytes();
        Ok(URL_SAFE_NO_PAD.encode(name.get(..18).unwrap_or_default()))
    }
}

/// The highest of some roles. Who reads may download, and who is to be an owner shares; owning itself is given by nobody.
fn role(words: &[String]) -> Result<Role, Refusal> {
    let one = |word: &String| match word.as_str() {
        "read" => Ok(Role::Downloader),
        "write" => Ok(Role::Contributor),
        "owner" => Ok(Role::Manager),
        _ => Err(Refusal::Member("'roles' must be 'read', 'write' or 'owner'.".to_owned())),
    };
    let roles = words.iter().map(one).collect::<Result<Vec<_>, _>>()?;
    roles.into_iter().max().ok_or_else(|| Refusal::Member("'roles' must name a role.".to_owned()))
}

/// A role that a link can carry.
fn link_role(role: Role) -> Result<Role, Refusal> {
    if role > Role::Contributor {
        return Err(Refusal::Member("a link cannot carry the role 'owner'.".to_owned()));
    }
    Ok(role)
}

/// A password for a link; an empty one is none.
fn password(said: Option<String>) -> Result<Option<String>, Refusal> {
    match said.filter(|password| !password.is_empty()) {
        Some(password) if password.chars().count() > LONGEST_PASSWORD => Err(Refusal::TooLong("password")),
        Some(password) if password.chars().any(char::is_control) => {
            Err(Refusal::Member("'password' contains a control character.".to_owned()))
        }
        password => Ok(password),
    }
}

fn future(ask: &Ask, end: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
    if end <= ask.hall.vault.now() {
        return Err(Refusal::Member("'expirationDateTime' lies in the past.".to_owned()));
    }
    Ok(end)
}
