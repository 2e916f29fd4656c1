//! Drawing what must not be guessed: identities in every dialect's form, tokens, digests of them. All from the system's
//! random source.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::{
    error::{Error, Result},
    id::PrincipalId,
    person::PrincipalKind,
};

/// Draws identities for one installation.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// The last 20 characters of every Oracle id.
    tenant_suffix: String,
}

const UPPER: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const HEX: &[u8; 16] = b"0123456789ABCDEF";
const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Fresh {
    /// Draws for a tenant.
    pub fn new(tenant_suffix: impl Into<String>) -> Self {
        Self { tenant_suffix: tenant_suffix.into() }
    }

    /// 20 characters (spec/arena.md 1.4).
    pub fn arena_guid(&self) -> Result<String> {
        text(UPPER, 20)
    }

    /// `D` and 43 characters (spec/oracle.md 2.4).
    pub fn oracle_file(&self) -> Result<String> {
        Ok(format!("D{}{}", text(HEX, 23)?, self.tenant_suffix))
    }

    /// `F` and 43 characters.
    pub fn oracle_folder(&self) -> Result<String> {
        Ok(format!("F{}{}", text(HEX, 23)?, self.tenant_suffix))
    }

    /// `U` and 35 characters.
    pub fn oracle_user(&self) -> Result<String> {
        let tenant: String = self.tenant_suffix.chars().take(12).collect();
        Ok(format!("U{}{tenant}", text(HEX, 23)?))
    }

    /// `LF` for a folder, `LD` for a file, and 42 characters.
    pub fn oracle_link(&self, folder: bool) -> Result<String> {
        let kind = if folder { 'F' } else { 'D' };
        Ok(format!("L{kind}{}{}", text(HEX, 22)?, self.tenant_suffix))
    }

    /// 34 upper-case letters and digits, the vendor's first two (spec/graph.md 1.4).
    pub fn graph_item(&self) -> Result<String> {
        Ok(format!("01{}", text(UPPER, 32)?))
    }

    /// `b!` and 64 letters and digits.
    pub fn graph_drive(&self) -> Result<String> {
        Ok(format!("b!{}", text(ALPHANUMERIC, 64)?))
    }

    /// The id of a sharing link.
    pub fn graph_share(&self) -> Result<String> {
        Ok(format!("s!{}", text(ALPHANUMERIC, 32)?))
    }

    /// The identities of somebody new.
    pub fn principal(&self, kind: PrincipalKind, name: &str) -> Result<crate::store::directory::NewPrincipal> {
        Ok(crate::store::directory::NewPrincipal {
            id: PrincipalId::fresh(),
            kind,
            name: name.to_owned(),
            arena_guid: self.arena_guid()?,
            oracle_id: self.oracle_user()?,
            graph_id: Uuid::new_v4(),
        })
    }
}

/// A token nobody can guess: 256 random bits in printable ASCII without blanks, commas or semicolons.
pub fn token(prefix: &str) -> Result<String> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Characters of a code that people type.
pub const USER_CODE: usize = 8;

/// A code that people type: consonants only, so that it is no word and no letter looks like a digit (RFC 8628, 6.1).
pub fn user_code() -> Result<String> {
    text(b"BCDFGHJKLMNPQRSTVWXZ", USER_CODE)
}

/// Random bytes.
pub fn fill(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| Error::broken(error.to_string()))
}

/// What is stored of a token. Plain SHA-256 is enough: nobody guesses 256 random bits.
pub fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn text(alphabet: &[u8], length: usize) -> Result<String> {
    let mut text = String::with_capacity(length);
    // Bytes at or above the largest multiple are thrown away, so that every letter is equally likely.
    let limit = 256 - 256 % alphabet.len();
    let mut bytes = [0; 64];
    while text.len() < length {
        fill(&mut bytes)?;
        let letters = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < limit);
        text.extend(letters.map(|byte| char::from(alphabet[byte % alphabet.len()])).take(length - text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_have_the_vendors_forms() {
        let fresh = Fresh::new("B5D17B95F47087F4E518");
        let guid = fresh.arena_guid().unwrap();
        assert!(guid.len() == 20 && guid.bytes().all(|byte| UPPER.contains(&byte)), "{guid}");
        let file = fresh.oracle_file().unwrap();
        assert!(file.len() == 44 && file.starts_with('D') && file.ends_with("B5D17B95F47087F4E518"), "{file}");
        assert_eq!(fresh.oracle_user().unwrap().len(), 36);
        let link = fresh.oracle_link(true).unwrap();
        assert!(link.len() == 44 && link.starts_with("LF"), "{link}");
        assert_eq!(fresh.graph_item().unwrap().len(), 34);
        assert!(fresh.graph_drive().unwrap().starts_with("b!"));
    }

    #[test]
    fn no_token_comes_twice() {
        let tokens: std::collections::HashSet<_> = (0..100).map(|_| token("").unwrap()).collect();
        assert_eq!(tokens.len(), 100);
    }
}
