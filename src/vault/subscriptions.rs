//! Subscriptions to what changes in a library (spec/graph.md 13), as their owners make and see them: whoever bears a token
//! of the same user and application. Telling the subscribers is `notices`.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{Look, Vault, fresh};
use crate::{
    domain::{
        actor::Actor,
        error::{Error, Missing, Result},
        id::SubscriptionId,
        permission::Action,
        subscription::{MOST, NewSubscription, Refused, Subscription, SubscriptionChange, check_end},
    },
    store,
};

/// A bearer token as far as it says whose something is; not the token itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Credential([u8; 32]);

impl Credential {
    /// That of a token.
    pub fn of(token: &str) -> Self {
        Self(fresh::digest(token))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

type Outcome<T> = std::result::Result<T, Refused>;

impl Vault {
    /// Whether a subscription may be made of what is below a root folder: to be asked before anybody's server is.
    pub async fn check_subscription(
        &self,
        actor: &Actor,
        credential: Credential,
        root: &Look,
        new: &NewSubscription,
    ) -> Outcome<()> {
        root.check(actor, Action::View)?;
        let now = self.0.clock.instead();
        let mut db = self.connection().await?;
        check_end(moment(&mut db, now).await?, new.expires_at)?;
        let there = store::subscriptions::count(&mut db, &credential.0, now).await.map_err(Error::from)?;
        if there < MOST { Ok(()) } else { Err(Refused::TooMany) }
    }

    /// Makes a subscription of what is below a root folder that was looked at. Whatever happens from now on is told; it lives
    /// on when the token has had its time, and ends when that is revoked.
    ///
    /// # Errors
    /// [`Error::NoSession`] for a token that was revoked meanwhile.
    pub async fn subscribe(
        &self,
        actor: &Actor,
        credential: Credential,
        root: &Look,
        new: NewSubscription,
    ) -> Outcome<Subscription> {
        self.check_subscription(actor, credential, root, &new).await?;
        let known = self.settle().await?.last;
        let (vault, reach, bearer) = (self.clone(), actor.ceiling.read, actor.id());
        let id = self
            .complete(async move {
                let now = vault.0.clock.instead();
                let bearer = bearer.ok_or(Error::NoSession)?;
                let mut all = vault.0.db.begin().await?;
                // one after the other, so that they are counted
                store::directory::hold(&mut all, bearer).await?;
                let of = store::subscriptions::hold_credential(&mut all, &credential.0).await?;
                let of = of.ok_or(Error::NoSession)?;
                if store::subscriptions::count(&mut all, &credential.0, now).await? >= MOST {
                    return Ok(None);
                }
                let id = SubscriptionId::fresh();
                store::subscriptions::create(&mut all, id, &of, reach, &new, known, now).await?;
                all.commit().await?;
                Ok(Some(id))
            })
            .await?;
        match id {
            Some(id) => Ok(self.subscription(credential, id).await?),
            None => Err(Refused::TooMany),
        }
    }

    /// The caller's living subscriptions in the order they were made, from one of them on, so many at most; and how many
    /// there are in all.
    pub async fn subscriptions(
        &self,
        credential: Credential,
        offset: i64,
        limit: i64,
    ) -> Result<(Vec<Subscription>, i64)> {
        let mut db = self.connection().await?;
        let now = self.0.clock.instead();
        let all = store::subscriptions::count(&mut db, &credential.0, now).await?;
        let page = store::subscriptions::of_bearer(&mut db, &credential.0, None, offset, limit, now).await?;
        Ok((page, all))
    }

    /// One of the caller's living subscriptions.
    ///
    /// # Errors
    /// [`Missing::Item`] for any other.
    pub async fn subscription(&self, credential: Credential, id: SubscriptionId) -> Result<Subscription> {
        let mut db = self.connection().await?;
        let now = self.0.clock.instead();
        let found = store::subscriptions::of_bearer(&mut db, &credential.0, Some(id), 0, 1, now).await?;
        found.into_iter().next().ok_or(Error::Missing(Missing::Item))
    }

    /// Renews one of the caller's subscriptions, or sends what it tells elsewhere. It belongs to this token from now on.
    ///
    /// # Errors
    /// [`Missing::Item`] for one that is another's, or has ended.
    pub async fn change_subscription(
        &self,
        actor: &Actor,
        credential: Credential,
        id: SubscriptionId,
        change: SubscriptionChange,
    ) -> Outcome<Subscription> {
        if let Some(end) = change.expires_at {
            self.check_subscription_end(end).await?;
        }
        let (vault, reach) = (self.clone(), actor.ceiling.read);
        let changed = self.complete(async move {
            let mut all = vault.0.db.begin().await?;
            let of = store::subscriptions::hold_credential(&mut all, &credential.0).await?;
            let of = of.ok_or(Error::NoSession)?;
            let now = vault.0.clock.instead();
            let done = store::subscriptions::change(&mut all, id, &of, reach, &change, now).await?;
            all.commit().await?;
            Ok(done)
        });
        if changed.await? { Ok(self.subscription(credential, id).await?) } else { Err(missing()) }
    }

    /// Whether a subscription may end then: to be asked before anybody's server is.
    pub async fn check_subscription_end(&self, end: DateTime<Utc>) -> Outcome<()> {
        let mut db = self.connection().await?;
        check_end(moment(&mut db, self.0.clock.instead()).await?, end)
    }

    /// Ends one of the caller's subscriptions: what is not told yet is not told any more.
    ///
    /// # Errors
    /// [`Missing::Item`] for one that is another's, or has ended.
    pub async fn unsubscribe(&self, credential: Credential, id: SubscriptionId) -> Result<()> {
        let vault = self.clone();
        let done = self.complete(async move {
            let mut db = vault.connection().await?;
            Ok(store::subscriptions::delete(&mut db, &credential.0, id, vault.0.clock.instead()).await?)
        });
        if done.await? { Ok(()) } else { Err(Error::Missing(Missing::Item)) }
    }
}

fn missing() -> Refused {
    Refused::Vault(Error::Missing(Missing::Item))
}

/// The database's moment, where no other is given.
async fn moment(db: &mut store::PgConnection, instead: Option<DateTime<Utc>>) -> Result<DateTime<Utc>> {
    match instead {
        Some(now) => Ok(now),
        None => Ok(store::contents::now(db).await?),
    }
}
