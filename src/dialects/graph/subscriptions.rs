//! Subscriptions to what changes in a drive (spec/graph.md 13), and how a notification is worded. When somebody is notified,
//! and how that is sent, is not decided here.

use axum::{body::Body, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Ask, PREFIXES,
    address::{self, Base, Drive, Owner, Subject},
    below,
    counted::{Counted, Listed},
    done,
    error::{Answer, Refusal, read_json},
    ids, reply, sign_in, wire,
};
use crate::{
    dialects::Hall,
    domain::{
        error::{Error, Missing},
        id::{ItemKey, SubscriptionId},
        page::Order,
        permission::Action,
        subscription::{LONGEST_STATE, NewSubscription, Notice, Subscription, SubscriptionChange},
    },
    http::outgoing::{Failure, NotAdmitted, Reply, Target},
    vault::fresh,
};

/// The one kind of change that the root of a drive tells of.
const UPDATED: &str = "updated";
/// Most characters of a resource.
const LONGEST_RESOURCE: usize = 1024;
/// Most bytes that are read of what an endpoint says to a validation token.
const LONGEST_ECHO: usize = 4096;
/// What the vendor's sender of notifications is called among applications: receivers look for it in what we sign.
const SENDER: &str = "0bf30f3b-4a52-48df-9a82-234910c0a086";
/// For how long a signature counts.
const SIGNED_FOR: i64 = 3600;

/// The body of a subscription; what else it holds is ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wanted {
    change_type: Option<String>,
    notification_url: Option<String>,
    resource: Option<String>,
    expiration_date_time: Option<DateTime<Utc>>,
    client_state: Option<String>,
    include_resource_data: Option<bool>,
}

/// `POST /subscriptions`: 201 once the endpoint has shown that it wants to be told.
pub async fn create(ask: &Ask, body: Body) -> Answer {
    let wanted: Wanted = read_json(body, ask.hall.limits.text).await?;
    if wanted.include_resource_data == Some(true) {
        return Err(member("'includeResourceData' is not supported for the root of a drive."));
    }
    if !given(wanted.change_type.as_deref(), "changeType")?.eq_ignore_ascii_case(UPDATED) {
        return Err(member("'changeType' must be 'updated' for the root of a drive."));
    }
    let url = given(wanted.notification_url.as_deref(), "notificationUrl")?;
    let resource = given(wanted.resource.as_deref(), "resource")?;
    let expires_at = wanted.expiration_date_time.ok_or_else(|| missing("expirationDateTime"))?;
    let client_state = wanted.client_state.filter(|state| !state.is_empty());
    if let Some(state) = &client_state {
        storable(state, LONGEST_STATE, "clientState")?;
    }
    let drive = drive(ask, resource)?;
    let library = ask.library(&drive).await?;
    let root = ask.hall.vault.look(ask.actor(), &ItemKey::Id(library.root)).await?;
    root.check(ask.actor(), Action::View)?;
    let target = target(ask, url)?;
    let new = NewSubscription {
        library: library.id,
        resource: resource.to_owned(),
        notification_url: url.to_owned(),
        client_state,
        expires_at,
        origin: ask.origin.clone(),
    };
    let (vault, credential) = (&ask.hall.vault, ask.caller.credential);
    vault.check_subscription(ask.actor(), credential, &root, &new).await?;
    validate(ask, &target).await?;
    let made = vault.subscribe(ask.actor(), credential, &root, new).await?;
    answer(ask, StatusCode::CREATED, &Shown::new(&made, true)).await
}

/// `GET /subscriptions`: those of the same user and application.
pub async fn list(ask: &Ask) -> Answer {
    let pages = Counted::of(ask, Order::Created).await?;
    let (page, total) =
        ask.hall.vault.subscriptions(ask.caller.credential, pages.window.offset, pages.window.limit).await?;
    let view = ask.view().await?;
    let shown = page.iter().map(|one| view.selected(&Shown::new(one, false)).map(Value::Object));
    let value = shown.collect::<Result<Vec<_>, Error>>()?;
    let listed = Listed { context: view.context("subscriptions"), value, total };
    Ok(reply::json(StatusCode::OK, &pages.page(ask, listed)?))
}

/// `GET /subscriptions/{id}`.
pub async fn get(ask: &Ask) -> Answer {
    let found = ask.hall.vault.subscription(ask.caller.credential, named(ask)?).await?;
    answer(ask, StatusCode::OK, &Shown::new(&found, false)).await
}

/// `PATCH /subscriptions/{id}`: another end, another address. The rest stays, and may be repeated.
pub async fn update(ask: &Ask, body: Body) -> Answer {
    let id = named(ask)?;
    let wanted: Wanted = read_json(body, ask.hall.limits.text).await?;
    let (vault, credential) = (&ask.hall.vault, ask.caller.credential);
    let there = vault.subscription(credential, id).await?;
    let changes = wanted.change_type.as_ref().is_some_and(|said| !said.eq_ignore_ascii_case(UPDATED));
    let stays = [
        ("changeType", changes.then_some(""), UPDATED),
        ("resource", wanted.resource.as_deref(), &there.resource),
        ("clientState", wanted.client_state.as_deref(), there.client_state.as_deref().unwrap_or_default()),
    ];
    for (name, said, is) in stays {
        if said.is_some_and(|said| said != is) {
            return Err(Refusal::Member(format!("'{name}' of a subscription cannot be changed.")));
        }
    }
    let url = wanted.notification_url.filter(|url| *url != there.notification_url);
    if wanted.expiration_date_time.is_none() && url.is_none() {
        return Err(missing("expirationDateTime"));
    }
    if let Some(end) = wanted.expiration_date_time {
        vault.check_subscription_end(end).await?;
    }
    if let Some(url) = &url {
        validate(ask, &target(ask, url)?).await?;
    }
    let change = SubscriptionChange { expires_at: wanted.expiration_date_time, notification_url: url };
    let changed = vault.change_subscription(ask.actor(), credential, id, change).await?;
    answer(ask, StatusCode::OK, &Shown::new(&changed, false)).await
}

/// `DELETE /subscriptions/{id}`.
pub async fn delete(ask: &Ask) -> Answer {
    ask.hall.vault.unsubscribe(ask.caller.credential, named(ask)?).await?;
    Ok(done())
}

/// The subscription that the address names.
fn named(ask: &Ask) -> Result<SubscriptionId, Refusal> {
    let id = ask.address.tail.get(1).and_then(|word| ids::guid(&word.name));
    Ok(id.map(SubscriptionId).ok_or(Error::Missing(Missing::Item))?)
}

/// A subscription as its owner sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: String,
    resource: &'a str,
    application_id: String,
    change_type: &'static str,
    // the vendor has it in the answer to who has just said it, and null ever after
    client_state: Option<&'a str>,
    notification_url: &'a str,
    expiration_date_time: String,
    creator_id: String,
    latest_supported_tls_version: &'static str,
}

impl<'a> Shown<'a> {
    fn new(of: &'a Subscription, with_state: bool) -> Self {
        Self {
            id: of.id.0.to_string(),
            resource: &of.resource,
            application_id: audience(of),
            change_type: UPDATED,
            client_state: of.client_state.as_deref().filter(|_| with_state),
            notification_url: &of.notification_url,
            expiration_date_time: wire::date(of.expires_at),
            creator_id: of.creator.to_string(),
            latest_supported_tls_version: "v1_2",
        }
    }
}

/// The application that a subscription was made through; whoever made it where there was none, with an administrator's token.
fn audience(of: &Subscription) -> String {
    of.application.clone().unwrap_or_else(|| of.creator.to_string())
}

async fn answer(ask: &Ask, status: StatusCode, shown: &Shown<'_>) -> Answer {
    Ok(reply::json(status, &ask.view().await?.single("subscriptions/$entity", shown)?))
}

/// The drive whose root a resource names: by any address, with or without a prefix, a slash or our own origin before it.
fn drive(ask: &Ask, resource: &str) -> Result<Drive, Refusal> {
    storable(resource, LONGEST_RESOURCE, "resource")?;
    let path = resource.strip_prefix(&ask.origin).filter(|_| !ask.origin.is_empty()).unwrap_or(resource);
    let drive =
        root_of(path).ok_or_else(|| member("'resource' must name the root of a drive, like '/drives/{id}/root'."))?;
    let is_own = drive.owner() == Some(&Owner::Me);
    if is_own && ask.actor().is_application() { Err(Refusal::NotDelegated) } else { Ok(drive) }
}

fn root_of(path: &str) -> Option<Drive> {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let rest = PREFIXES.iter().find_map(|prefix| below(&path, prefix))?;
    let address = address::parse(rest).ok()?;
    match address.subject {
        Subject::Item(drive, place) if address.tail.is_empty() && place.base == Base::Root && place.path.is_empty() => {
            Some(drive).filter(|drive| !matches!(drive, Drive::Shared(_)))
        }
        Subject::Item(..) | Subject::Service | Subject::Owner(_) | Subject::Drive(_) | Subject::Share(_) => None,
    }
}

/// The endpoint, if it may be called at all.
fn target(ask: &Ask, url: &str) -> Result<Target, Refusal> {
    ask.hall.outgoing.admit(url).map_err(|why| match why {
        NotAdmitted::NoUrl => member("'notificationUrl' is not an absolute URL."),
        NotAdmitted::Insecure => member("'notificationUrl' must begin with 'https://'."),
        NotAdmitted::NotListed => Refusal::NotificationHost,
    })
}

/// Asks the endpoint whether it wants to be told: it must repeat what it cannot know.
async fn validate(ask: &Ask, target: &Target) -> Result<(), Refusal> {
    let token = fresh::token("")?;
    match ask.hall.outgoing.ask(target, ("validationToken", &token), LONGEST_ECHO).await {
        Ok(reply) => echoes(&reply, &token).map_err(Refusal::Validation),
        Err(Failure::Busy) => Err(Error::Overloaded.into()),
        Err(Failure::Unreachable) => Err(Refusal::Validation("it could not be reached")),
        Err(Failure::Late) => Err(Refusal::Validation("it did not answer in time")),
        Err(Failure::TooLong) => Err(Refusal::Validation("its answer is too long")),
    }
}

fn echoes(reply: &Reply, token: &str) -> Result<(), &'static str> {
    let kind = reply.content_type.split(';').next().unwrap_or_default().trim();
    if reply.status != StatusCode::OK {
        Err("it did not answer with status 200")
    } else if !kind.eq_ignore_ascii_case("text/plain") {
        Err("its answer is not of the type text/plain")
    } else if reply.body != token.as_bytes() {
        Err("its answer is not the validation token")
    } else {
        Ok(())
    }
}

/// A member that must be there, and not empty.
fn given<'a>(text: Option<&'a str>, name: &str) -> Result<&'a str, Refusal> {
    text.filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Refusal {
    Refusal::Member(format!("'{name}' must be given."))
}

fn member(what: &str) -> Refusal {
    Refusal::Member(what.to_owned())
}

/// Refuses a text that is too long, or that no database can hold.
fn storable(text: &str, longest: usize, name: &'static str) -> Result<(), Refusal> {
    if text.chars().count() > longest {
        Err(Refusal::TooLong(name))
    } else if text.contains('\0') {
        Err(Refusal::Member(format!("'{name}' has an invalid character.")))
    } else {
        Ok(())
    }
}

/// What a notification proves: that we sent it, to this application. Nobody signs in with it: it names no user.
#[derive(Serialize)]
struct Claims {
    aud: String,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    tid: String,
    sub: &'static str,
    azp: &'static str,
    ver: &'static str,
}

/// A notification as it is sent: what the subscriber asked for, and a token signed with the key that is published beside the
/// sign-in, so that a receiver can tell it from anybody else's.
pub async fn notification(hall: &Hall, notice: &Notice) -> Result<Vec<u8>, Error> {
    let of = &notice.subscription;
    let now = hall.vault.now().timestamp();
    let claims = Claims {
        aud: audience(of),
        iss: sign_in::issuer(&notice.origin, hall.graph.tenant),
        iat: now,
        nbf: now,
        exp: now.saturating_add(SIGNED_FOR),
        tid: hall.graph.tenant.to_string(),
        sub: SENDER,
        azp: SENDER,
        ver: "2.0",
    };
    let body = json!({
        "value": [{
            "subscriptionId": of.id.0.to_string(),
            "subscriptionExpirationDateTime": wire::date(of.expires_at),
            "changeType": UPDATED,
            "resource": of.resource,
            "clientState": of.client_state,
            "tenantId": hall.graph.tenant.to_string(),
        }],
        "validationTokens": [sign_in::sign(&hall.vault, claims).await?],
    });
    serde_json::to_vec(&body).map_err(Error::broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_names_the_root_of_a_drive_by_any_address() {
        let by_id = || Drive::Id("b!x".to_owned(), None);
        for path in ["/drives/b!x/root", "drives/b!x/root", "/v1.0/drives/b%21x/root", "beta/drives/b!x/root/"] {
            assert_eq!(root_of(path), Some(by_id()), "{path}");
        }
        assert_eq!(root_of("/drives/b!x/items/root"), Some(by_id()));
        assert_eq!(root_of("me/drive/root"), Some(Drive::Of(Owner::Me)));
        assert_eq!(root_of("/users/ann/drive/root"), Some(Drive::Of(Owner::User("ann".to_owned()))));
        assert_eq!(root_of("/groups/g/drive/root"), Some(Drive::Of(Owner::Group("g".to_owned()))));
        assert!(root_of("/sites/root/drive/root").is_some() && root_of("/sites/h:/a:/drive/root").is_some());
        for other in [
            "",
            "/",
            "/me",
            "/me/drive",
            "/me/messages",
            "/me/drive/root/children",
            "/me/drive/root:/a",
            "/me/drive/root?$select=id",
            "/drives/b!x/items/01A",
            "/me/drive/special/documents",
            "/shares/u!x/root",
            "/subscriptions",
            "https://elsewhere.example/me/drive/root",
            "/me/drive/root:/../x",
            "/drives/%ff/root",
        ] {
            assert_eq!(root_of(other), None, "{other}");
        }
    }

    #[test]
    fn an_echo_is_exact() {
        let said = |status: u16, kind: &str, body: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            echoes(&Reply { status, content_type: kind.to_owned(), body: body.as_bytes().to_vec() }, "t").is_ok()
        };
        assert!(said(200, "text/plain", "t") && said(200, "Text/Plain; charset=utf-8", "t"));
        for (status, kind, body) in [
            (201, "text/plain", "t"),
            (302, "text/plain", "t"),
            (200, "text/html", "t"),
            (200, "", "t"),
            (200, "text/plain", ""),
            (200, "text/plain", "T"),
            (200, "text/plain", "\"t\""),
            (200, "text/plain", "t\n"),
        ] {
            assert!(!said(status, kind, body), "{status} {kind} {body:?}");
        }
    }
}
