//! What a user's sign-in through an application gives: an access token, and a refresh token to ask for more with.
//!
//! A refresh token of a public client is exchanged whenever it is used (RFC 9700, 4.14). Its successor is computed from it
//! with a key of the installation: who lost the answer and asks again, soon, gets the same one. A token that was exchanged
//! longer ago says that somebody has a copy, and ends all that this sign-in gave. Who proves with a secret who they are
//! keeps their token, which lives on from each use.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Issue, Vault, fresh};
use crate::{
    domain::{
        error::{Error, Missing, Result},
        grant::{self, Client, Granted, Invalid},
        id::{GrantId, PrincipalId, PrincipalKey},
        person::{Person, PrincipalKind},
        scope,
    },
    store::{
        self,
        grants::{NewGrant, SignIn},
    },
};

/// For so long after an exchange the exchanged token gives its successor again.
const RETRY: chrono::Duration = chrono::Duration::minutes(10);

const PREFIX: &str = "ccr_";
/// Characters of 128 bits, the part of a refresh token that every exchange keeps, and of the 256 that change.
const FAMILY: usize = 22;
const REST: usize = 43;

impl Vault {
    /// The application with this client id, as users sign in through it; `None`: there is none, or it is disabled.
    pub async fn client(&self, client_id: &str) -> Result<Option<Client>> {
        let mut db = self.connection().await?;
        Ok(store::grants::client(&mut db, client_id).await?)
    }

    /// Sets what an application may do where users sign in. What it was given before stays, within that.
    ///
    /// # Errors
    /// [`Missing::Principal`]; [`Error::Invalid`] for an address that no browser is sent to.
    pub async fn put_sign_in(&self, application: PrincipalId, what: &SignIn) -> Result<()> {
        if !what.redirect_uris.iter().all(|uri| grant::is_redirect_uri(uri)) {
            return Err(Error::Invalid("redirect uri"));
        }
        let mut db = self.connection().await?;
        let done = store::grants::put_sign_in(&mut db, application, what).await?;
        if done { Ok(()) } else { Err(Error::Missing(Missing::Principal)) }
    }

    /// Signs a user in through an application, by password. Wrong ones are counted as everywhere, also by address.
    ///
    /// # Errors
    /// Those of [`Vault::sign_in`].
    pub async fn grant_by_password(
        &self,
        client: &Client,
        login: &str,
        password: &str,
        from: Option<IpAddr>,
        scopes: Vec<String>,
    ) -> Result<Granted> {
        let verified = self.verified(login, password, from).await?;
        let person = self.living_account(verified.id).await?.person.clone();
        let (vault, login, application) = (self.clone(), login.to_owned(), client.id);
        self.complete(async move {
            let mut change = vault.0.db.begin().await?;
            vault.hold_verified(&mut change, &login, &verified).await?;
            let (granted, _) = vault.give(&mut change, person, application, &scopes, None).await?;
            change.commit().await?;
            Ok(granted)
        })
        .await
    }

    /// Exchanges a refresh token that an application presents for new tokens, of these scopes or of all it was given.
    pub async fn refresh(
        &self,
        client: &Client,
        token: &str,
        asked: Vec<String>,
    ) -> Result<std::result::Result<Granted, Invalid>> {
        let Some(family) = family(token) else { return Ok(Err(Invalid::Unknown)) };
        let family = fresh::digest(family);
        let bearer = {
            let mut db = self.connection().await?;
            store::grants::bearer(&mut db, &family).await?
        };
        let Some(bearer) = bearer else { return Ok(Err(Invalid::Unknown)) };
        let person = match self.living_account(bearer).await {
            Ok(account) => account.person.clone(),
            Err(Error::BadCredentials) => return Ok(Err(Invalid::Unknown)),
            Err(other) => return Err(other),
        };
        let successor = self.successor(token).await?;
        let (vault, client, token) = (self.clone(), client.clone(), token.to_owned());
        self.complete(async move {
            let (now, lifetime) = (vault.0.clock.instead(), vault.0.settings.refresh_token_lifetime);
            let mut change = vault.0.db.begin().await?;
            store::directory::hold(&mut change, bearer).await?;
            let grant = store::grants::presented(&mut change, &family, RETRY, now).await?;
            let grant = grant.filter(|grant| grant.application == client.id && !grant.revoked);
            let Some(grant) = grant else { return Ok(Err(Invalid::Unknown)) };
            if grant.expired {
                return Ok(Err(Invalid::Expired));
            }
            let digest = fresh::digest(&token);
            let next = fresh::digest(&successor);
            let counts = grant.digest == digest;
            let again = grant.lately && grant.former.as_deref() == Some(&digest[..]) && grant.digest == next;
            if !counts && !again {
                vault.end_grant(change, grant.id).await?;
                return Ok(Err(Invalid::Spent));
            }
            let Some((scopes, open_id)) = within(&asked, &grant.scopes, &client.delegated) else {
                return Ok(Err(Invalid::Scope));
            };
            let exchanged = counts && client.public;
            store::grants::renew(&mut change, grant.id, exchanged.then_some(&next), lifetime, now).await?;
            let what = vault.access(client.id, scopes.clone());
            let issued = vault.issue_from(&mut change, bearer, &what, Some(grant.id)).await?;
            change.commit().await?;
            let refresh_token = if exchanged || again { successor } else { token };
            let person = person.into();
            Ok(Ok(Granted { person, access_token: issued.text, refresh_token, scopes, open_id, nonce: None }))
        })
        .await
    }

    /// Ends all that users were given through an application, or what one user was; answers how many sign-ins have ended.
    pub async fn end_grants(&self, application: PrincipalId, user: Option<PrincipalId>) -> Result<u64> {
        let now = self.0.clock.instead();
        let mut change = self.0.db.begin().await?;
        store::directory::hold(&mut change, user.unwrap_or(application)).await?;
        let ended = store::grants::revoke_all(&mut change, user, Some(application), now).await?;
        let epoch = self.start_epoch(&mut change).await?;
        change.commit().await?;
        self.enter(epoch);
        Ok(ended)
    }

    /// The application with this client id.
    ///
    /// # Errors
    /// [`Missing::Principal`].
    pub async fn application_named(&self, client_id: &str) -> Result<Person> {
        let found = self.person(&PrincipalKey::Login(client_id.to_owned())).await?;
        let application = found.filter(|person| person.kind == PrincipalKind::Application);
        application.ok_or(Error::Missing(Missing::Principal))
    }

    /// Makes a grant and issues an access token from it, in a transaction that holds who has signed in.
    pub(super) async fn give(
        &self,
        change: &mut store::PgConnection,
        person: Person,
        application: PrincipalId,
        scopes: &[String],
        nonce: Option<String>,
    ) -> Result<(Granted, GrantId)> {
        let (mut family, mut rest) = ([0; 16], [0; 32]);
        fresh::fill(&mut family)?;
        fresh::fill(&mut rest)?;
        let family = URL_SAFE_NO_PAD.encode(family);
        let refresh_token = format!("{PREFIX}{family}{}", URL_SAFE_NO_PAD.encode(rest));
        let grant = NewGrant {
            id: GrantId::fresh(),
            principal: person.id,
            application,
            scopes,
            family: fresh::digest(&family),
            digest: fresh::digest(&refresh_token),
            lifetime: self.0.settings.refresh_token_lifetime,
        };
        store::grants::create(change, &grant, self.0.clock.instead()).await?;
        let (open_id, scopes): (Vec<_>, Vec<_>) = scopes.iter().cloned().partition(|scope| scope::is_open_id(scope));
        let what = self.access(application, scopes.clone());
        let issued = self.issue_from(change, person.id, &what, Some(grant.id)).await?;
        let person = person.into();
        let granted = Granted { person, access_token: issued.text, refresh_token, scopes, open_id, nonce };
        Ok((granted, grant.id))
    }

    fn access(&self, application: PrincipalId, scopes: Vec<String>) -> Issue {
        let lifetime = self.0.settings.access_token_lifetime;
        Issue { application: Some(application), scopes, label: "sign-in", lifetime }
    }

    /// Ends a grant, with which this change is done.
    pub(super) async fn end_grant(
        &self,
        mut change: sqlx::Transaction<'_, sqlx::Postgres>,
        grant: GrantId,
    ) -> Result<()> {
        store::grants::revoke(&mut change, grant, self.0.clock.instead()).await?;
        let epoch = self.start_epoch(&mut change).await?;
        change.commit().await?;
        self.enter(epoch);
        Ok(())
    }

    /// What a refresh token is exchanged for.
    async fn successor(&self, token: &str) -> Result<String> {
        let key = self.secret("grants.refresh").await?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| Error::broken(error.to_string()))?;
        mac.update(token.as_bytes());
        let family = family(token).unwrap_or_default();
        Ok(format!("{PREFIX}{family}{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
    }
}

/// The part of a refresh token that every exchange keeps; `None`: it is no refresh token.
fn family(token: &str) -> Option<&str> {
    let text = token.strip_prefix(PREFIX)?;
    let letters = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    (letters && text.len() == FAMILY + REST).then(|| text.split_at(FAMILY).0)
}

/// What a grant gives of the scopes asked for, as long as the application may still ask for them: permissions, and what
/// OpenID Connect knows. `None`: none of the permissions.
fn within(asked: &[String], granted: &[String], delegated: &[String]) -> Option<(Vec<String>, Vec<String>)> {
    let (open_id, granted): (Vec<_>, Vec<_>) = granted.iter().cloned().partition(|scope| scope::is_open_id(scope));
    let held = scope::permitted(&granted, delegated, false)?;
    let open_id = if asked.is_empty() { open_id } else { scope::open_id(asked) };
    Some((scope::permitted(asked, &held, false)?, open_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_names_its_family() {
        let text = format!("ccr_{}{}", "f".repeat(FAMILY), "r".repeat(REST));
        assert_eq!(family(&text), Some("f".repeat(FAMILY).as_str()));
        for other in [&text[1..], &text[..text.len() - 1], "", "ccr_", &format!("{text}x"), &text.replace('f', "ä")] {
            assert_eq!(family(other), None, "{other}");
        }
    }

    #[test]
    fn a_grant_gives_no_more_than_it_was_given_and_its_application_may_still_ask_for() {
        let of = |words: &str| words.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let get = |asked: &str, granted: &str, delegated: &str| {
            within(&of(asked), &of(granted), &of(delegated))
                .map(|(scopes, open_id)| format!("{} + {}", scopes.join(" "), open_id.join(" ")))
        };
        let all = "Files.ReadWrite.All User.Read.All";
        assert_eq!(get("", "Files.Read.All openid", all).as_deref(), Some("Files.Read.All + openid"));
        assert_eq!(get(".default", "Files.Read.All openid", all).as_deref(), Some("Files.Read.All + "));
        assert_eq!(get("Files.Read openid", "Files.Read.All", all).as_deref(), Some("Files.Read + openid"));
        assert_eq!(get("Files.ReadWrite.All", "Files.Read.All", all), None);
        assert_eq!(get("", all, "User.Read.All").as_deref(), Some("User.Read.All + "));
        assert_eq!(get("", "Files.Read.All", "User.Read.All"), None);
    }
}
