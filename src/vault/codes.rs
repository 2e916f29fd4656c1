//! Authorization codes: what a browser carries from where a user signs in to an application (RFC 6749, 4.1). One is good once,
//! for a short time, for the application, the address and the verifier it was asked for with.

use std::net::IpAddr;

use super::{Vault, fresh};
use crate::{
    domain::{
        error::{Error, Result},
        grant::{Challenge, Client, Granted, Invalid},
    },
    store::{
        self,
        grants::{CodeRow, NewCode},
    },
};

/// How long a code is good for.
const LIFETIME: chrono::Duration = chrono::Duration::minutes(5);

/// What an application wants to be sent.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Where the browser is sent.
    pub redirect_uri: String,
    /// What the code is bound to.
    pub challenge: Option<Challenge>,
    /// The scopes, already those the application may ask for.
    pub scopes: Vec<String>,
    /// What the application wants to find again in an identity token.
    pub nonce: Option<String>,
}

impl Vault {
    /// A code for an application, from the user of a login and a password. Wrong ones are counted as everywhere, also by
    /// address.
    ///
    /// # Errors
    /// Those of [`Vault::sign_in`].
    pub async fn authorize(
        &self,
        client: &Client,
        login: &str,
        password: &str,
        from: Option<IpAddr>,
        wanted: Wanted,
    ) -> Result<String> {
        let verified = self.verified(login, password, from).await?;
        let (vault, login, application) = (self.clone(), login.to_owned(), client.id);
        self.complete(async move {
            let code = fresh::token("ccc_")?;
            let mut change = vault.0.db.begin().await?;
            vault.hold_verified(&mut change, &login, &verified).await?;
            let Wanted { redirect_uri, challenge, scopes, nonce } = &wanted;
            let new = NewCode {
                digest: fresh::digest(&code),
                principal: verified.id,
                application,
                redirect_uri,
                challenge: challenge.as_ref().map(|challenge| challenge.text.as_str()),
                hashed: challenge.as_ref().is_some_and(|challenge| challenge.hashed),
                scopes,
                nonce: nonce.as_deref(),
                lifetime: LIFETIME,
            };
            store::grants::create_code(&mut change, &new, vault.0.clock.instead()).await?;
            change.commit().await?;
            Ok(code)
        })
        .await
    }

    /// What an application gets for a code. Whatever comes of it, the code is spent; one that comes again ends what it gave
    /// (RFC 6749, 4.1.2).
    pub async fn redeem_code(
        &self,
        client: &Client,
        code: &str,
        redirect_uri: Option<String>,
        verifier: Option<String>,
    ) -> Result<std::result::Result<Granted, Invalid>> {
        let digest = fresh::digest(code);
        let row = {
            let mut db = self.connection().await?;
            store::grants::code(&mut db, &digest, client.id, self.0.clock.instead()).await?
        };
        let Some(row) = row else { return Ok(Err(Invalid::Unknown)) };
        let person = match self.living_account(row.principal).await {
            Ok(account) => account.person.clone(),
            Err(Error::BadCredentials) => return Ok(Err(Invalid::Unknown)),
            Err(other) => return Err(other),
        };
        let (vault, client) = (self.clone(), client.clone());
        self.complete(async move {
            let now = vault.0.clock.instead();
            let mut change = vault.0.db.begin().await?;
            // whoever else brings it, or ends it, waits here
            store::directory::hold(&mut change, row.principal).await?;
            let row = store::grants::code(&mut change, &digest, client.id, now).await?;
            let Some(row) = row else { return Ok(Err(Invalid::Unknown)) };
            match (row.spent, row.grant) {
                (true, Some(grant)) => {
                    vault.end_grant(change, grant).await?;
                    return Ok(Err(Invalid::Spent));
                }
                (true, None) => return Ok(Err(Invalid::Spent)),
                (false, _) if row.expired => return Ok(Err(Invalid::Expired)),
                (false, _) => {}
            }
            store::grants::spend_code(&mut change, &digest, now).await?;
            if let Some(wrong) = wrong(&client, &row, redirect_uri.as_deref(), verifier.as_deref()) {
                change.commit().await?;
                return Ok(Err(wrong));
            }
            let (granted, grant) = vault.give(&mut change, person, client.id, &row.scopes, row.nonce).await?;
            store::grants::note_grant(&mut change, &digest, grant).await?;
            change.commit().await?;
            Ok(Ok(granted))
        })
        .await
    }
}

/// What of a code is not as it was asked for.
fn wrong(client: &Client, code: &CodeRow, redirect_uri: Option<&str>, verifier: Option<&str>) -> Option<Invalid> {
    if redirect_uri != Some(&code.redirect_uri) {
        return Some(Invalid::RedirectUri);
    }
    let challenge = code.challenge.clone().map(|text| Challenge { text, hashed: code.hashed });
    let proven = match (challenge, verifier) {
        (Some(challenge), Some(verifier)) => challenge.fits(verifier),
        (None, None) => !client.needs_challenge(&code.redirect_uri),
        // a verifier where none was announced: somebody took the announcement out
        (Some(_), None) | (None, Some(_)) => false,
    };
    (!proven).then_some(Invalid::Verifier)
}
