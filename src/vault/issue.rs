//! Tokens that their bearers ask for, and that end by themselves: for a password, for another token, for an application's
//! secret. Those that administrators make stand in `tokens`.

use std::net::IpAddr;

use super::{Vault, fresh, tokens::is_alive};
use crate::{
    domain::{
        error::{Error, Result},
        id::{GrantId, PrincipalId, TokenId},
    },
    store::{self, auth::NewIssued, directory::Credential},
};

/// A token to be issued.
#[derive(Clone, Debug)]
pub struct Issue {
    /// Which application asked, where it asked for somebody else.
    pub application: Option<PrincipalId>,
    /// Scopes of a delegated token, roles of an application's.
    pub scopes: Vec<String>,
    /// What people call it.
    pub label: &'static str,
    /// How long it lives.
    pub lifetime: chrono::Duration,
}

/// An issued token.
pub struct Issued {
    /// Who it acts for.
    pub principal: PrincipalId,
    /// Its text, answered once and stored nowhere.
    pub text: String,
}

impl Vault {
    /// Issues a token to the user of a login and a password. Wrong ones are counted as everywhere. It ends with the password.
    ///
    /// # Errors
    /// Those of [`Vault::sign_in`].
    pub async fn issue_by_password(&self, login: &str, password: &str, what: Issue) -> Result<Issued> {
        let verified = self.verified(login, password, None).await?;
        let (vault, login) = (self.clone(), login.to_owned());
        self.complete(async move {
            let mut change = vault.0.db.begin().await?;
            vault.hold_verified(&mut change, &login, &verified).await?;
            let issued = vault.issue(&mut change, verified.id, &what).await?;
            change.commit().await?;
            Ok(issued)
        })
        .await
    }

    /// Issues one more token to who bears a token: it reaches as far.
    ///
    /// # Errors
    /// Those of [`Vault::bearer`].
    pub async fn issue_by_token(&self, token: &str, label: &'static str, lifetime: chrono::Duration) -> Result<Issued> {
        let bearer = self.bearer(token).await?.0.person.id;
        let (vault, digest) = (self.clone(), fresh::digest(token));
        self.complete(async move {
            let mut change = vault.0.db.begin().await?;
            store::directory::hold(&mut change, bearer).await?;
            // as it stands now, and not as it is remembered
            let presented = store::auth::token(&mut change, vault.0.clock.instead(), &digest).await?;
            let presented = presented.filter(is_alive).ok_or(Error::NoSession)?;
            let what = Issue { application: None, scopes: presented.scopes, label, lifetime };
            let issued = vault.issue(&mut change, bearer, &what).await?;
            change.commit().await?;
            Ok(issued)
        })
        .await
    }

    /// Issues a token to an application that has presented its secret.
    pub async fn issue_to_application(&self, application: PrincipalId, what: &Issue) -> Result<Issued> {
        let mut db = self.connection().await?;
        self.issue(&mut db, application, what).await
    }

    /// The user of a login and a password, verified now: what is given for them lasts. Wrong ones are counted.
    pub(super) async fn verified(&self, login: &str, password: &str, from: Option<IpAddr>) -> Result<Credential> {
        // not the remembered way, as with a session
        self.counted(&self.tried(login, from).await?, async {
            let user = self.verify_login(login, password).await?;
            if user.expired { Err(Error::PasswordExpired) } else { Ok(user) }
        })
        .await
    }

    /// Holds who was verified until the end of the transaction. A password changed since then has ended what was issued,
    /// and nothing must come after it.
    pub(super) async fn hold_verified(
        &self,
        change: &mut store::PgConnection,
        login: &str,
        verified: &Credential,
    ) -> Result<()> {
        store::directory::hold(change, verified.id).await?;
        let now = store::directory::credential(change, login).await?;
        if now.as_ref() == Some(verified) { Ok(()) } else { Err(Error::BadCredentials) }
    }

    async fn issue(&self, db: &mut store::PgConnection, principal: PrincipalId, what: &Issue) -> Result<Issued> {
        self.issue_from(db, principal, what, None).await
    }

    /// Issues a token that came from a grant, if from any: it ends with that.
    pub(super) async fn issue_from(
        &self,
        db: &mut store::PgConnection,
        principal: PrincipalId,
        what: &Issue,
        grant: Option<GrantId>,
    ) -> Result<Issued> {
        let text = fresh::token("cck_")?;
        let new = NewIssued {
            id: TokenId::fresh(),
            digest: fresh::digest(&text),
            principal,
            application: what.application,
            scopes: &what.scopes,
            label: what.label,
            lifetime: what.lifetime,
            grant,
        };
        store::auth::issue_token(db, &new, self.0.clock.instead()).await?;
        Ok(Issued { principal, text })
    }
}
