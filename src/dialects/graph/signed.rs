//! Pre-authenticated addresses of content (spec/graph.md 7.3): who may read which bytes until when, signed with a key of
//! the installation, so that any node can check one and nobody can make one. What the caller may is asked again on use.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::{
    domain::{
        error::{Error, Result},
        id::{EditionId, ItemId, LinkId, PrincipalId},
    },
    vault::Vault,
};

/// Where the bytes are served. The secret stands in the query, which is never logged.
pub const PATH: &str = "/_layouts/15/download.aspx";
/// The option that carries the secret.
pub const OPTION: &str = "tempauth";

/// What an address was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The file.
    pub item: ItemId,
    /// Who may read; `None`: who has not signed in, through a link.
    pub caller: Option<PrincipalId>,
    /// Through which link, as it was changed last: any change of it ends the address.
    pub link: Option<(LinkId, DateTime<Utc>)>,
    /// Which bytes.
    pub bytes: Bytes,
    /// Whether a browser is to show them, as far as that is safe, and not to save them.
    pub shown: bool,
}

/// Which bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bytes {
    /// Those of a version.
    Edition(EditionId),
    /// The working copy of the check-out with this fence.
    Draft(i64),
}

/// Signs and reads addresses.
#[derive(Clone)]
pub struct Signer {
    key: [u8; 32],
    now: DateTime<Utc>,
    lifetime: Duration,
}

/// Layout: version, kind, item, caller, link, when that was changed (microseconds), bytes, end (seconds), then the signature
/// over all of it. Nobody and no link are zeros.
const CLAIMS: usize = 1 + 1 + 16 + 16 + 16 + 8 + 16 + 8;
const SIGNATURE: usize = 32;
const VERSION: u8 = 2;
/// The bit of the kind that says that a browser shows the bytes.
const SHOWN: u8 = 2;

impl Signer {
    /// One with this key, at a moment.
    pub fn new(key: [u8; 32], now: DateTime<Utc>, lifetime: Duration) -> Self {
        Self { key, now, lifetime }
    }

    /// The installation's signer at this moment.
    pub async fn of(vault: &Vault, lifetime: Duration) -> Result<Self> {
        Ok(Self::new(vault.secret("graph.download").await?, vault.now(), lifetime))
    }

    /// The text that proves the claims until its lifetime is over.
    pub fn sign(&self, claims: &Claims) -> Result<String> {
        let (kind, bytes) = match claims.bytes {
            Bytes::Edition(edition) => (0, edition.0.into_bytes()),
            Bytes::Draft(fence) => (1, i128::from(fence).to_be_bytes()),
        };
        let kind = if claims.shown { kind | SHOWN } else { kind };
        let end = self.now.checked_add_signed(self.lifetime).unwrap_or(DateTime::<Utc>::MAX_UTC).timestamp();
        let mut text = Vec::with_capacity(CLAIMS + SIGNATURE);
        text.extend([VERSION, kind]);
        text.extend(claims.item.0.as_bytes());
        text.extend(claims.caller.map_or(Uuid::nil(), |caller| caller.0).as_bytes());
        text.extend(claims.link.map_or(Uuid::nil(), |(link, _)| link.0).as_bytes());
        text.extend(claims.link.map_or(0, |(_, at)| at.timestamp_micros()).to_be_bytes());
        text.extend(bytes);
        text.extend(end.to_be_bytes());
        let signature = self.mac(&text)?.finalize().into_bytes();
        text.extend(signature);
        Ok(URL_SAFE_NO_PAD.encode(text))
    }

    /// The claims of a text that was signed here and has not ended.
    pub fn read(&self, text: &str) -> Option<Claims> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (claims, signature) = bytes.split_at_checked(CLAIMS)?;
        self.mac(claims).ok()?.verify_slice(signature).ok()?;
        let (head, rest) = claims.split_first_chunk::<2>()?;
        let (item, rest) = rest.split_first_chunk::<16>()?;
        let (caller, rest) = rest.split_first_chunk::<16>()?;
        let (link, rest) = rest.split_first_chunk::<16>()?;
        let (changed_at, rest) = rest.split_first_chunk::<8>()?;
        let (which, end) = rest.split_first_chunk::<16>()?;
        let [VERSION, kind] = *head else { return None };
        let bytes = match kind & !SHOWN {
            0 => Bytes::Edition(EditionId(Uuid::from_bytes(*which))),
            1 => Bytes::Draft(i64::try_from(i128::from_be_bytes(*which)).ok()?),
            _ => return None,
        };
        let end = i64::from_be_bytes(end.try_into().ok()?);
        let given = |id: &[u8; 16]| Some(Uuid::from_bytes(*id)).filter(|id| !id.is_nil());
        let link = match given(link) {
            Some(link) => Some((LinkId(link), DateTime::from_timestamp_micros(i64::from_be_bytes(*changed_at))?)),
            None => None,
        };
        let item = ItemId(Uuid::from_bytes(*item));
        let shown = kind & SHOWN != 0;
        let claims = Claims { item, caller: given(caller).map(PrincipalId), link, bytes, shown };
        (self.now.timestamp() < end).then_some(claims)
    }

    fn mac(&self, text: &[u8]) -> Result<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(|error| Error::broken(error.to_string()))?;
        mac.update(text);
        Ok(mac)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signer(key: u8, seconds: i64) -> Signer {
        let now = DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap();
        Signer { key: [key; 32], now, lifetime: Duration::minutes(60) }
    }

    prop_compose! {
        fn claims()(
            item: u128, caller in proptest::option::of(1_u128..), link in proptest::option::of((1_u128.., 0..1_i64 << 50)),
            edition: u128, fence: i64, draft: bool, shown: bool,
        ) -> Claims {
            let bytes = if draft { Bytes::Draft(fence) } else { Bytes::Edition(EditionId(Uuid::from_u128(edition))) };
            let caller = caller.map(|caller| PrincipalId(Uuid::from_u128(caller)));
            let link = link.map(|(link, at)| (LinkId(Uuid::from_u128(link)), DateTime::from_timestamp_micros(at).unwrap()));
            Claims { item: ItemId(Uuid::from_u128(item)), caller, link, bytes, shown }
        }
    }

    proptest! {
        #[test]
        fn an_address_proves_its_claims_until_its_end_and_only_here(claims in claims()) {
            let text = signer(1, 0).sign(&claims).unwrap();
            prop_assert_eq!(signer(1, 0).read(&text), Some(claims));
            prop_assert_eq!(signer(1, 3599).read(&text), Some(claims));
            prop_assert_eq!(signer(1, 3600).read(&text), None);
            prop_assert_eq!(signer(2, 0).read(&text), None);
        }

        #[test]
        fn a_changed_address_proves_nothing(claims in claims(), at in 0_usize..CLAIMS + SIGNATURE, bit in 0_u8..8) {
            let text = signer(1, 0).sign(&claims).unwrap();
            let mut bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(signer(1, 0).read(&URL_SAFE_NO_PAD.encode(&bytes)), None);
            bytes.truncate(at);
            prop_assert_eq!(signer(1, 0).read(&URL_SAFE_NO_PAD.encode(&bytes)), None);
        }

        #[test]
        fn nonsense_proves_nothing(text in "\\PC{0,200}") {
            prop_assert_eq!(signer(1, 0).read(&text), None);
        }
    }
}
