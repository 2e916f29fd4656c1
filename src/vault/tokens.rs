//! Bearer tokens: made by an administrator, stored as digests, dead at once when revoked.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};

use super::{Vault, fresh};
use crate::{
    domain::{
        actor::{Account, Actor, Dialect, Mandate},
        clock::Clock,
        error::{Error, Missing, Result},
        id::{PrincipalId, TokenId},
        person::Person,
    },
    store,
};

/// Further than this no token's end is remembered; it is asked for again then.
const FAR: Duration = Duration::from_hours(24);

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Who it acts for: a user, or an application for itself.
    pub principal: PrincipalId,
    /// Scopes of a delegated token, roles of an application's.
    pub scopes: Vec<String>,
    /// What people call it.
    pub label: String,
    /// When it ends; `None`: when it is revoked.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A token as its administrators see it.
#[derive(Clone, Debug)]
pub struct TokenInfo {
    /// Its key.
    pub id: TokenId,
    /// Who it acts for.
    pub person: Arc<Person>,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// What people call it.
    pub label: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether it still lives.
    pub alive: bool,
}

/// What a bearer token that was presented is.
#[derive(Clone, Debug)]
pub enum Presented {
    /// One that counts: who bears it, its scopes, and the application that acts with it for its bearer, if one does.
    Living(Arc<Account>, Arc<[String]>, Option<PrincipalId>),
    /// One that has counted.
    Expired,
}

/// What a node remembers of a token that counts.
#[derive(Clone, Debug)]
pub(super) struct Borne {
    principal: PrincipalId,
    scopes: Arc<[String]>,
    application: Option<PrincipalId>,
}

impl From<store::auth::TokenRow> for Borne {
    fn from(row: store::auth::TokenRow) -> Self {
        Self { principal: row.principal, scopes: row.scopes.into(), application: row.application }
    }
}

impl Vault {
    /// Who presents this bearer token, and with which scopes.
    ///
    /// # Errors
    /// [`Error::NoSession`] for one that is unknown, revoked, expired, or whose bearer is disabled.
    pub async fn bearer(&self, token: &str) -> Result<(Arc<Account>, Arc<[String]>)> {
        match self.presented(token).await? {
            Presented::Living(account, scopes, _) => Ok((account, scopes)),
            Presented::Expired => Err(Error::NoSession),
        }
    }

    /// The same, for who tells the bearer of a token that its time is over: nobody else can present it.
    ///
    /// # Errors
    /// [`Error::NoSession`] for one that is unknown or revoked, or whose bearer is disabled.
    pub async fn presented(&self, token: &str) -> Result<Presented> {
        let memory = &self.0.memory.tokens;
        let digest = fresh::digest(token);
        let recall = || {
            let (borne, end) = memory.recall(&digest)?;
            end.is_none_or(|end| Instant::now() < end).then_some(Some(borne))
        };
        let borne = match recall() {
            Some(borne) => borne,
            None => {
                let looked_up = self.0.flights.share(digest, recall, async {
                    let epoch = memory.epoch();
                    let asked = Instant::now();
                    let row = {
                        let mut db = self.connection().await?;
                        store::auth::token(&mut db, self.0.clock.instead(), &digest).await?
                    };
                    let row = row.filter(|row| row.revoked_at.is_none()).ok_or(Error::NoSession)?;
                    if !is_alive(&row) {
                        return Ok(None);
                    }
                    // Remembered until its end by the database's clock; a clock that does not run by itself cannot tell.
                    let end = row.remaining.map(|seconds| match self.0.clock {
                        Clock::Database => {
                            asked + Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO).min(FAR)
                        }
                        Clock::Virtual(_) => asked,
                    });
                    let borne = Borne::from(row);
                    memory.remember(digest, (borne.clone(), end), epoch);
                    // who has waited finds this remembered, too
                    self.bearer_of(borne.principal).await?;
                    Ok(Some(borne))
                });
                Box::pin(looked_up).await?
            }
        };
        let Some(Borne { principal, scopes, application }) = borne else { return Ok(Presented::Expired) };
        Ok(Presented::Living(self.bearer_of(principal).await?, scopes, application))
    }

    /// The account that a credential other than a token was made for, as it stands now.
    ///
    /// # Errors
    /// [`Error::NoSession`] when it is gone or disabled.
    pub async fn bearer_of(&self, principal: PrincipalId) -> Result<Arc<Account>> {
        self.account(principal).await?.filter(|account| !account.disabled).ok_or(Error::NoSession)
    }

    /// Who acts under a mandate, as they stand now. A link that has ended or was changed since gives nothing any more.
    ///
    /// # Errors
    /// As [`Self::bearer_of`].
    pub async fn act_for(&self, mandate: &Mandate, dialect: Dialect) -> Result<Actor> {
        let account = self.bearer_of(mandate.principal).await?;
        let actor = Actor { ceiling: mandate.ceiling, ..Actor::new(account, dialect) };
        let Some((link, changed_at)) = mandate.link else { return Ok(actor) };
        match self.reopen_share(&actor, link, changed_at).await {
            Err(Error::LinkExpired | Error::LinkRefused(_)) => Ok(actor),
            reopened => reopened,
        }
    }

    /// Makes a token; its text is answered once and stored nowhere.
    pub async fn create_token(&self, new: NewToken) -> Result<(TokenId, String)> {
        let text = fresh::token("cck_")?;
        let id = TokenId::fresh();
        let mut db = self.connection().await?;
        let NewToken { principal, scopes, label, expires_at } = new;
        let now = self.0.clock.instead();
        store::auth::create_token(
            &mut db,
            id,
            &fresh::digest(&text),
            principal,
            None,
            &scopes,
            &label,
            expires_at,
            now,
        )
        .await?;
        Ok((id, text))
    }

    /// All tokens, newest first.
    pub async fn tokens(&self) -> Result<Vec<TokenInfo>> {
        let rows = {
            let mut db = self.connection().await?;
            store::auth::tokens(&mut db, self.0.clock.instead()).await?
        };
        let people = self.people(rows.iter().map(|row| row.principal)).await?;
        rows.into_iter()
            .map(|row| {
                Ok(TokenInfo {
                    id: row.id,
                    person: people.get(row.principal)?,
                    alive: is_alive(&row),
                    scopes: row.scopes,
                    label: row.label,
                    created_at: row.created_at,
                    expires_at: row.expires_at,
                })
            })
            .collect()
    }

    /// Revokes a token: at once on this node, within a second on all. With one that a sign-in gave, the sign-in ends.
    pub async fn revoke_token(&self, id: TokenId) -> Result<()> {
        let mut change = self.0.db.begin().await?;
        let grant = store::grants::of_token(&mut change, id.0).await?;
        if !store::auth::revoke_token(&mut change, id, self.0.clock.instead()).await? {
            return Err(Error::Missing(Missing::Principal));
        }
        if let Some(grant) = grant {
            store::grants::revoke(&mut change, grant, self.0.clock.instead()).await?;
        }
        let epoch = self.start_epoch(&mut change).await?;
        change.commit().await?;
        self.enter(epoch);
        Ok(())
    }
}

pub(super) fn is_alive(row: &store::auth::TokenRow) -> bool {
    row.revoked_at.is_none() && row.remaining.is_none_or(|seconds| seconds > 0.0)
}
