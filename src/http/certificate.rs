//! Making certificates for a server that has none: an authority of its own, and a certificate that it signs. Names and
//! dates in, PEM out; where the files lie is `run`'s business.

use std::{net::IpAddr, sync::Arc, time::Duration};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, SanType, date_time_ymd,
};
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    pki_types::{CertificateDer, DnsName, ServerName, UnixTime, pem::PemObject},
};
use sha2::{Digest, Sha256};

use super::tls::{Standing, provider, standing};

/// Days an authority lives: clients are told about it once.
pub const AUTHORITY_DAYS: u32 = 3650;

/// The longest life of a certificate that all clients accept from an authority they were told about.
pub const LONGEST_DAYS: u32 = 825;

const DAY: u64 = 86_400;

/// Why a certificate cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MakingError {
    /// Neither a host name nor an address.
    #[error("{0:?} is no host name and no IP address")]
    BadName(String),
    /// The key of the authority cannot be read.
    #[error("the authority's key cannot be used ({0})")]
    BadKey(rcgen::Error),
    /// The authority is not one that was made here with this key.
    #[error("the authority's certificate and key do not belong together, or were not made by this program")]
    Stranger,
    /// The authority ends before the certificate would.
    #[error("the authority ends before the certificate would")]
    EndsEarlier,
    /// Should not happen.
    #[error("a certificate cannot be made ({0})")]
    Broken(String),
}

/// A name that a server is called by: a host name, `*.` and one, or an IP address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Name(San);

#[derive(Clone, Debug, Eq, PartialEq)]
enum San {
    Host(String),
    Address(IpAddr),
}

impl Name {
    /// Reads one. Host names are ASCII: others are written as `xn--…`.
    pub fn parse(text: &str) -> Result<Self, MakingError> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self(San::Address(address)));
        }
        let name = text.trim_end_matches('.').to_ascii_lowercase();
        let host = name.strip_prefix("*.").unwrap_or(&name);
        // what looks like an address and is none, such as 1.2.3.400, is a slip and no name
        let is_number = host.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        match DnsName::try_from(host) {
            Ok(_) if !is_number => Ok(Self(San::Host(name))),
            _ => Err(MakingError::BadName(text.to_owned())),
        }
    }

    fn san(&self) -> Result<SanType, MakingError> {
        match &self.0 {
            San::Address(address) => Ok(SanType::IpAddress(*address)),
            San::Host(name) => match name.as_str().try_into() {
                Ok(name) => Ok(SanType::DnsName(name)),
                Err(_) => Err(MakingError::BadName(name.clone())),
            },
        }
    }

    /// A server that a client would call by this name.
    fn called(&self) -> Result<ServerName<'static>, MakingError> {
        match &self.0 {
            San::Address(address) => Ok(ServerName::IpAddress((*address).into())),
            San::Host(name) => {
                let host = name.strip_prefix("*.").map_or_else(|| name.clone(), |rest| format!("any.{rest}"));
                ServerName::try_from(host).map_err(|_| MakingError::BadName(name.clone()))
            }
        }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            San::Host(name) => f.write_str(name),
            San::Address(address) => address.fmt(f),
        }
    }
}

/// From when and for how long; whole days, and one more before for clocks that are late.
#[derive(Clone, Copy, Debug)]
pub struct Validity {
    /// Seconds since 1970.
    pub from: u64,
    /// How long.
    pub days: u32,
}

impl Validity {
    /// The last moment, in seconds since 1970.
    pub fn until(self) -> u64 {
        self.from.saturating_add(u64::from(self.days) * DAY)
    }
}

/// A certificate and its key, as PEM.
pub struct Made {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

/// A new authority, valid from now (seconds since 1970) for ten years.
pub fn make_authority(now: u64) -> Result<Made, MakingError> {
    let key = KeyPair::generate().map_err(broken)?;
    let mut params = authority(&key);
    set_dates(&mut params, Validity { from: now, days: AUTHORITY_DAYS });
    let certificate = params.self_signed(&key).map_err(broken)?;
    Ok(Made { certificate: certificate.pem(), key: key.serialize_pem() })
}

/// A new certificate with a new key for a server of these names, signed by the authority with this key.
pub fn issue(authority_key: &str, names: &[Name], validity: Validity) -> Result<Made, MakingError> {
    let signer = KeyPair::from_pem(authority_key).map_err(MakingError::BadKey)?;
    let key = KeyPair::generate().map_err(broken)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = called("Coatcheck server");
    params.subject_alt_names = names.iter().map(Name::san).collect::<Result<_, _>>()?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    set_dates(&mut params, validity);
    let issuer = Issuer::new(authority(&signer), signer);
    let certificate = params.signed_by(&key, &issuer).map_err(broken)?;
    Ok(Made { certificate: certificate.pem(), key: key.serialize_pem() })
}

/// Whether clients that know this authority accept the certificate under each of the names, from the first day to the last.
pub fn verify(authority: &str, certificate: &str, names: &[Name], validity: Validity) -> Result<(), MakingError> {
    let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| MakingError::Stranger);
    let mut roots = RootCertStore::empty();
    let authority = der(authority)?;
    let moments = [validity.from, validity.until() - 1].map(|at| UnixTime::since_unix_epoch(Duration::from_secs(at)));
    // the verifier takes an authority at its word; many clients look at its dates
    if moments.iter().any(|moment| matches!(standing(&authority, *moment), Standing::Ended { .. })) {
        return Err(MakingError::EndsEarlier);
    }
    roots.add(authority).map_err(|_| MakingError::Stranger)?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(|error| MakingError::Broken(error.to_string()))?;
    let leaf = der(certificate)?;
    for moment in moments {
        for name in names {
            let verified = verifier.verify_server_cert(&leaf, &[], &name.called()?, &[], moment);
            verified.map_err(|_| MakingError::Stranger)?;
        }
    }
    Ok(())
}

/// What an authority says of itself, which follows from its key alone: so the key is all that signing needs.
fn authority(key: &KeyPair) -> CertificateParams {
    let digest = Sha256::digest(key.subject_public_key_info());
    let number = digest.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    let mut params = CertificateParams::default();
    params.distinguished_name = called(&format!("Coatcheck CA {number:08x}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn called(name: &str) -> DistinguishedName {
    let mut called = DistinguishedName::new();
    called.push(DnType::OrganizationName, "Coatcheck");
    called.push(DnType::CommonName, name);
    called
}

fn set_dates(params: &mut CertificateParams, validity: Validity) {
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(validity.from.saturating_sub(DAY));
    params.not_after = epoch + Duration::from_secs(validity.until());
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where errors are mapped")]
fn broken(error: rcgen::Error) -> MakingError {
    MakingError::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(texts: &[&str]) -> Vec<Name> {
        texts.iter().map(|text| Name::parse(text).expect("a name")).collect()
    }

    #[test]
    fn names_are_hosts_and_addresses_and_nothing_else() {
        for (text, read) in [
            ("localhost", "localhost"),
            ("Files.Example.COM.", "files.example.com"),
            ("*.example.com", "*.example.com"),
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
            ("[::1]", "::1"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(Name::parse(text).map(|name| name.to_string()).ok().as_deref(), Some(read), "{text}");
        }
        for text in
            ["", "*", "*.", "a b", "bücher.example", "https://a", "a:80", "1.2.3.400", "a..b", "-", "a/b", "*.*.a"]
        {
            assert!(matches!(Name::parse(text), Err(MakingError::BadName(_))), "{text}");
        }
    }

    #[test]
    fn what_an_authority_signs_is_accepted_by_who_knows_it_and_by_nobody_else() {
        let (mine, other) = (make_authority(DAY * 20_000).expect("made"), make_authority(DAY * 20_000).expect("made"));
        let validity = Validity { from: DAY * 20_000 + 7, days: 365 };
        let names = names(&["localhost", "*.example.com", "127.0.0.1", "::1"]);
        let made = issue(&mine.key, &names, validity).expect("made");
        assert!(verify(&mine.certificate, &made.certificate, &names, validity).is_ok());
        assert!(matches!(verify(&other.certificate, &made.certificate, &names, validity), Err(MakingError::Stranger)));
        let elsewhere = [Name::parse("elsewhere").expect("a name")];
        assert!(verify(&mine.certificate, &made.certificate, &elsewhere, validity).is_err());
        let late = Validity { from: DAY * 23_500, days: 365 };
        let outliving = issue(&mine.key, &names, late).expect("made");
        assert!(matches!(
            verify(&mine.certificate, &outliving.certificate, &names, late),
            Err(MakingError::EndsEarlier)
        ));
        assert!(matches!(issue("nonsense", &names, validity), Err(MakingError::BadKey(_))));
    }

    proptest! {
        #[test]
        fn no_name_panics(text in "\\PC{0,300}") {
            let _read = Name::parse(&text);
        }
    }
}
