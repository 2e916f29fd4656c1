//! Devices without a browser (RFC 8628): a device waits while somebody types its code elsewhere and signs in.

use std::net::IpAddr;

use super::{Vault, fresh, passwords::Tried};
use crate::{
    domain::{
        error::{Error, Result},
        grant::{Client, Invalid, Waiting},
        id::PrincipalId,
    },
    store::{
        self,
        grants::{NewDevice, Waits},
    },
};

/// How long a device waits at most.
pub const LIFETIME: chrono::Duration = chrono::Duration::minutes(15);
/// How long it should wait between two questions.
pub const INTERVAL: chrono::Duration = chrono::Duration::seconds(5);
/// Some questions travel faster than others.
const TOLERANCE: chrono::Duration = chrono::Duration::seconds(1);

/// What a device that waits was given.
#[derive(Clone)]
pub struct DeviceCode {
    /// What it asks with.
    pub device_code: String,
    /// What somebody has to type.
    pub user_code: String,
}

impl Vault {
    /// Lets a device wait until somebody has signed in for it through an application, with these scopes.
    pub async fn begin_device(&self, client: &Client, scopes: &[String]) -> Result<DeviceCode> {
        let device_code = fresh::token("ccd_")?;
        let mut tries = 3;
        loop {
            let user_code = fresh::user_code()?;
            let new = NewDevice {
                digest: fresh::digest(&device_code),
                user_code: fresh::digest(&user_code),
                application: client.id,
                scopes,
                lifetime: LIFETIME,
            };
            let mut db = self.connection().await?;
            match store::grants::create_device(&mut db, &new, self.0.clock.instead()).await {
                Ok(()) => return Ok(DeviceCode { device_code, user_code }),
                Err(error) if tries > 0 && store::violated(&error) == Some("device_codes_user_code_key") => tries -= 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Which application waits under a code that somebody typed, in any spelling. Wrong ones are counted by address, as
    /// those of links are.
    ///
    /// # Errors
    /// [`Error::AccessCode`] for a wrong one, and for any where too many were.
    pub async fn waiting_device(&self, user_code: &str, from: Option<IpAddr>) -> Result<Waits> {
        let digest = fresh::digest(&spelled(user_code));
        self.counted(&Tried::user_code(from), async {
            let mut db = self.connection().await?;
            let waits = store::grants::waiting(&mut db, &digest, self.0.clock.instead()).await?;
            waits.ok_or(Error::AccessCode)
        })
        .await
    }

    /// Signs a user in for the device with this code.
    ///
    /// # Errors
    /// Those of [`Vault::waiting_device`] and of [`Vault::sign_in`].
    pub async fn approve_device(
        &self,
        user_code: &str,
        login: &str,
        password: &str,
        from: Option<IpAddr>,
    ) -> Result<Waits> {
        let waits = self.waiting_device(user_code, from).await?;
        let verified = self.verified(login, password, from).await?;
        let (vault, login, digest) = (self.clone(), login.to_owned(), fresh::digest(&spelled(user_code)));
        self.complete(async move {
            let mut change = vault.0.db.begin().await?;
            vault.hold_verified(&mut change, &login, &verified).await?;
            let now = vault.0.clock.instead();
            if !store::grants::decide(&mut change, &digest, Some(verified.id), now).await? {
                return Err(Error::AccessCode);
            }
            change.commit().await?;
            Ok(waits)
        })
        .await
    }

    /// Says no to the device with this code: whoever has the code may.
    ///
    /// # Errors
    /// Those of [`Vault::waiting_device`].
    pub async fn decline_device(&self, user_code: &str, from: Option<IpAddr>) -> Result<Waits> {
        let waits = self.waiting_device(user_code, from).await?;
        let digest = fresh::digest(&spelled(user_code));
        let mut db = self.connection().await?;
        let declined = store::grants::decide(&mut db, &digest, None, self.0.clock.instead()).await?;
        if declined { Ok(waits) } else { Err(Error::AccessCode) }
    }

    /// What a device gets that asks whether somebody has signed in for it. Asking too often is only held against it while
    /// nobody has, and makes no interval longer: some clients never ask more slowly.
    pub async fn redeem_device(&self, client: &Client, device_code: &str) -> Result<Waiting> {
        let digest = fresh::digest(device_code);
        let row = {
            let mut db = self.connection().await?;
            let now = self.0.clock.instead();
            store::grants::poll(&mut db, &digest, client.id, INTERVAL - TOLERANCE, now).await?
        };
        let invalid = |why| Ok(Waiting::Invalid(why));
        let Some(row) = row else { return invalid(Invalid::Unknown) };
        match (row.decided, row.principal) {
            _ if row.spent => invalid(Invalid::Spent),
            _ if row.expired => invalid(Invalid::Expired),
            (false, _) if row.hurried => Ok(Waiting::TooOften),
            (false, _) => Ok(Waiting::Pending),
            (true, None) => Ok(Waiting::Declined),
            (true, Some(principal)) => self.give_to_device(client, principal, digest, row.scopes).await,
        }
    }

    async fn give_to_device(
        &self,
        client: &Client,
        principal: PrincipalId,
        digest: [u8; 32],
        scopes: Vec<String>,
    ) -> Result<Waiting> {
        let person = match self.living_account(principal).await {
            Ok(account) => account.person.clone(),
            Err(Error::BadCredentials) => return Ok(Waiting::Invalid(Invalid::Unknown)),
            Err(other) => return Err(other),
        };
        let (vault, application) = (self.clone(), client.id);
        self.complete(async move {
            let mut change = vault.0.db.begin().await?;
            store::directory::hold(&mut change, principal).await?;
            if !store::grants::spend_device(&mut change, &digest, principal, vault.0.clock.instead()).await? {
                return Ok(Waiting::Invalid(Invalid::Spent));
            }
            let (granted, _) = vault.give(&mut change, person, application, &scopes, None).await?;
            change.commit().await?;
            Ok(Waiting::Granted(Box::new(granted)))
        })
        .await
    }
}

/// A code as it was drawn: people type blanks, dashes and small letters.
fn spelled(user_code: &str) -> String {
    let letters = user_code.chars().filter(char::is_ascii_alphanumeric).take(fresh::USER_CODE + 1);
    letters.map(|letter| letter.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_code_is_read_as_people_type_it() {
        assert_eq!(spelled(" bcdf-ghjk\n"), "BCDFGHJK");
        assert_eq!(spelled("BCDFGHJK"), "BCDFGHJK");
        assert_ne!(spelled("BCDFGHJKL"), "BCDFGHJK");
        let drawn = fresh::user_code().unwrap();
        assert_eq!(spelled(&drawn.to_lowercase()), drawn);
    }
}
