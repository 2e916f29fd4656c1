//! Services about who asks (spec/oracle.md 12): the token against forged requests, and a bearer token for who is signed in.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{
    super::{auth::Caller, error::Error, oauth::LIFETIME, wire::Fields},
    Reply,
};
use crate::{
    domain::{error::Error as No, id::PrincipalId, person::Person},
    vault::{IssuedToken, Vault},
};

/// What only a page that got it from here can send: signed for one user, the same for ever.
pub struct IdcToken(Hmac<Sha256>);

impl IdcToken {
    /// Somebody's.
    pub async fn of(vault: &Vault, person: PrincipalId) -> Result<Self, No> {
        let key = vault.secret("oracle.idc-token").await?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| No::broken(error.to_string()))?;
        mac.update(person.0.as_bytes());
        Ok(Self(mac))
    }

    /// As it is sent.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.clone().finalize().into_bytes())
    }

    /// Whether it is the one that was sent; takes as long for every wrong one.
    pub fn is(&self, sent: &str) -> bool {
        URL_SAFE_NO_PAD.decode(sent).is_ok_and(|sent| self.0.clone().verify_slice(&sent).is_ok())
    }
}

/// `GET_OAUTH_TOKEN`: it reaches as far as the credential it was asked for with.
pub async fn oauth_token(vault: &Vault, caller: &Caller, person: &Person) -> Result<Reply, Error> {
    let new = IssuedToken {
        principal: person.id,
        application: None,
        scopes: caller.scopes.clone(),
        label: "GET_OAUTH_TOKEN",
        lifetime: LIFETIME,
    };
    let text = vault.issue_token(new).await?;
    // so that nobody uses it in the second in which it ends
    let expiration = LIFETIME.num_seconds() - 1;
    Ok(Reply { local: Fields::new().text("tokenValue", text).number("expiration", expiration), ..Reply::default() })
}
