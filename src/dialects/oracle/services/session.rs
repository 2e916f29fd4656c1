//! Services about who asks (spec/oracle.md 12): the token against forged requests, and a bearer token for who is signed in.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{
    super::{
        auth::{Caller, Presented},
        error::Error,
        oauth::LIFETIME,
        wire::Fields,
    },
    Reply,
};
use crate::{
    domain::{error::Error as No, id::PrincipalId},
    vault::{Issue, Vault},
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

/// `GET_OAUTH_TOKEN`: it reaches as far as the credential it was asked for with, and ends when that password does.
pub async fn oauth_token(vault: &Vault, caller: &Caller) -> Result<Reply, Error> {
    const LABEL: &str = "GET_OAUTH_TOKEN";
    let issued = match &caller.presented {
        Presented::Nothing => return Err(No::NoSession.into()),
        Presented::Password { login, password } => {
            let what = Issue { application: None, scopes: Vec::new(), label: LABEL, lifetime: LIFETIME };
            vault.issue_by_password(login, password, what).await?
        }
        Presented::Token(token) => vault.issue_by_token(token, LABEL, LIFETIME).await?,
    };
    // so that nobody uses it in the second in which it ends
    let expiration = LIFETIME.num_seconds() - 1;
    Ok(Reply {
        local: Fields::new().text("tokenValue", issued.text).number("expiration", expiration),
        ..Reply::default()
    })
}
