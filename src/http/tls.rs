//! What the listener speaks TLS with: a certificate and its key from two PEM files, read again while serving. Which files
//! those are is a setting; making some is `certificate`'s business.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    CertificateError, InconsistentKeys, RootCertStore, ServerConfig,
    client::verify_server_cert_signed_by_trust_anchor,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use sha2::{Digest, Sha256};

/// A certificate that ends within so long is worth a warning.
const SOON: Duration = Duration::from_hours(14 * 24);

/// Larger than any chain; what is longer was named by mistake.
const LARGEST: u64 = 1 << 20;

/// The two files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Files {
    /// The server's certificate, then those between it and the authority its clients know. PEM.
    pub certificate: PathBuf,
    /// The private key of the first of them: PKCS#8, PKCS#1 or SEC1, as PEM without a password.
    pub key: PathBuf,
}

/// Why two files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of certificates cannot be read.
    #[error("{} cannot be read ({error})", .path.display())]
    CertificateUnread {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The file of the key cannot be read.
    #[error("{} cannot be read ({error})", .path.display())]
    KeyUnread {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// There is no certificate in it.
    #[error("{} holds no certificate; it should begin with -----BEGIN CERTIFICATE-----", .0.display())]
    NoCertificate(PathBuf),
    /// There is no key in it, or one behind a password.
    #[error("{} holds no private key; it should be PKCS#8, PKCS#1 or SEC1 as PEM, without a password", .0.display())]
    NoKey(PathBuf),
    /// Each can be used, but not together.
    #[error("the key in {} is not that of the first certificate in {}", .0.key.display(), .0.certificate.display())]
    Mismatch(Files),
    /// A kind of certificate or key that is not understood.
    #[error("{} and {} cannot be used: {error}", .files.certificate.display(), .files.key.display())]
    Unusable {
        /// Which.
        files: Files,
        /// Why not.
        error: rustls::Error,
    },
}

/// What a certificate's dates say now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// Nothing to worry about for some time.
    Good,
    /// It ends within two weeks.
    EndsSoon {
        /// Its last moment, in seconds since 1970.
        not_after: u64,
    },
    /// It has ended: clients refuse it.
    Ended {
        /// Its last moment, in seconds since 1970.
        not_after: u64,
    },
    /// It has not begun: clients refuse it.
    NotBegun {
        /// Its first moment, in seconds since 1970.
        not_before: u64,
    },
}

/// A certificate and its key as they are now. Cheap to clone; all clones see a change.
#[derive(Clone, Debug)]
pub struct Tls(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    files: Files,
    current: RwLock<Loaded>,
}

#[derive(Clone, Debug)]
struct Loaded {
    config: Arc<ServerConfig>,
    leaf: CertificateDer<'static>,
    /// Over both files: tells whether they have changed, and keeps no second copy of the key.
    digest: [u8; 32],
}

impl Tls {
    /// Reads both files.
    pub fn open(files: Files) -> Result<Self, TlsError> {
        let loaded = load(&files)?;
        Ok(Self(Arc::new(Shared { files, current: RwLock::new(loaded) })))
    }

    /// Reads both files again; whether there was something new. Connections that are open go on as they began. After an
    /// error the old certificate stays in use.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let loaded = load(&self.0.files)?;
        let mut current = self.0.current.write().unwrap_or_else(PoisonError::into_inner);
        let new = current.digest != loaded.digest;
        if new {
            *current = loaded;
        }
        Ok(new)
    }

    /// What new connections are greeted with.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.0.current.read().unwrap_or_else(PoisonError::into_inner).config.clone()
    }

    /// What the dates of the certificate in use say at this moment, by this machine's clock, as a client would read them.
    pub fn standing(&self) -> Standing {
        let leaf = self.0.current.read().unwrap_or_else(PoisonError::into_inner).leaf.clone();
        standing(&leaf, UnixTime::now())
    }

    /// The files it was read from.
    pub fn files(&self) -> &Files {
        &self.0.files
    }
}

/// The one provider of cryptography, whatever the process has installed.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn load(files: &Files) -> Result<Loaded, TlsError> {
    let Files { certificate, key } = files;
    let chain_pem =
        read(certificate).map_err(|error| TlsError::CertificateUnread { path: certificate.clone(), error })?;
    let key_pem = read(key).map_err(|error| TlsError::KeyUnread { path: key.clone(), error })?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&chain_pem)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsError::NoCertificate(certificate.clone()))?;
    let leaf = chain.first().cloned().ok_or_else(|| TlsError::NoCertificate(certificate.clone()))?;
    let private = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|_| TlsError::NoKey(key.clone()))?;
    let refused = |error| {
        if matches!(error, rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) {
            TlsError::Mismatch(files.clone())
        } else {
            TlsError::Unusable { files: files.clone(), error }
        }
    };
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(refused)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(refused)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let digest = Sha256::new().chain_update(Sha256::digest(&chain_pem)).chain_update(&key_pem).finalize().into();
    Ok(Loaded { config: Arc::new(config), leaf, digest })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let size = fs::metadata(path)?.len();
    if size > LARGEST {
        return Err(io::Error::other(format!("it is larger than {LARGEST} bytes")));
    }
    fs::read(path)
}

/// Asks the verifier about the dates alone: it looks at them before it looks for an issuer, and nobody is known to it.
pub(super) fn standing(leaf: &CertificateDer<'_>, now: UnixTime) -> Standing {
    let Ok(parsed) = ParsedCertificate::try_from(leaf) else {
        return Standing::Good;
    };
    let roots = RootCertStore::empty();
    let at = |moment| {
        let algorithms = provider().signature_verification_algorithms.all;
        match verify_server_cert_signed_by_trust_anchor(&parsed, &roots, &[], moment, algorithms) {
            Err(rustls::Error::InvalidCertificate(error)) => Some(error),
            Ok(()) | Err(_) => None,
        }
    };
    match at(now) {
        Some(CertificateError::ExpiredContext { not_after, .. }) => {
            return Standing::Ended { not_after: not_after.as_secs() };
        }
        Some(CertificateError::NotValidYetContext { not_before, .. }) => {
            return Standing::NotBegun { not_before: not_before.as_secs() };
        }
        _ => {}
    }
    match at(UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + SOON)) {
        Some(CertificateError::ExpiredContext { not_after, .. }) => {
            Standing::EndsSoon { not_after: not_after.as_secs() }
        }
        _ => Standing::Good,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::certificate::{self, Validity};

    const DAY: u64 = 86_400;

    #[test]
    fn the_dates_of_a_certificate_are_read() {
        let begun = 1_800_000_000 / DAY * DAY;
        let authority = certificate::make_authority(begun).expect("an authority");
        let names = [certificate::Name::parse("localhost").expect("a name")];
        let made = certificate::issue(&authority.key, &names, Validity { from: begun, days: 30 }).expect("it is made");
        let leaf = CertificateDer::from_pem_slice(made.certificate.as_bytes()).expect("PEM");
        let at = |seconds| standing(&leaf, UnixTime::since_unix_epoch(Duration::from_secs(seconds)));
        assert!(matches!(at(begun - 2 * DAY), Standing::NotBegun { .. }), "{:?}", at(begun - 2 * DAY));
        assert_eq!(at(begun), Standing::Good);
        assert_eq!(at(begun + 20 * DAY), Standing::EndsSoon { not_after: begun + 30 * DAY });
        assert_eq!(at(begun + 31 * DAY), Standing::Ended { not_after: begun + 30 * DAY });
    }

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = |name: &str| folder.path().join(name);
        let authority = certificate::make_authority(UnixTime::now().as_secs()).expect("an authority");
        let names = [certificate::Name::parse("localhost").expect("a name")];
        let validity = Validity { from: UnixTime::now().as_secs(), days: 2 };
        let made = certificate::issue(&authority.key, &names, validity).expect("it is made");
        for (name, text) in [
            ("server.crt", made.certificate.as_str()),
            ("server.key", made.key.as_str()),
            ("other.key", authority.key.as_str()),
            ("empty", ""),
            ("broken", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"),
            ("nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ] {
            fs::write(place(name), text).expect("it is written");
        }
        fs::write(place("huge"), vec![b'x'; 2 << 20]).expect("it is written");
        let open = |certificate: &str, key: &str| {
            Tls::open(Files { certificate: place(certificate), key: place(key) }).map(|tls| tls.standing())
        };
        assert!(matches!(open("server.crt", "server.key"), Ok(Standing::EndsSoon { .. })));
        assert!(matches!(open("gone", "server.key"), Err(TlsError::CertificateUnread { .. })));
        assert!(matches!(open("huge", "server.key"), Err(TlsError::CertificateUnread { .. })));
        assert!(matches!(open("server.crt", "gone"), Err(TlsError::KeyUnread { .. })));
        assert!(matches!(open("empty", "server.key"), Err(TlsError::NoCertificate(_))));
        assert!(matches!(open("broken", "server.key"), Err(TlsError::NoCertificate(_))));
        assert!(matches!(open("nonsense", "server.key"), Err(TlsError::Unusable { .. })));
        assert!(matches!(open("server.crt", "server.crt"), Err(TlsError::NoKey(_))));
        assert!(matches!(open("server.crt", "other.key"), Err(TlsError::Mismatch(_))));
        let said = open("server.crt", "other.key").map_err(|error| error.to_string());
        assert!(said.is_err_and(|said| said.contains("other.key") && said.contains("server.crt")));
    }

    #[test]
    fn what_is_new_is_read_again_and_what_is_broken_is_not_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files { certificate: folder.path().join("c"), key: folder.path().join("k") };
        let now = UnixTime::now().as_secs();
        let authority = certificate::make_authority(now).expect("an authority");
        let names = [certificate::Name::parse("localhost").expect("a name")];
        let write = |days| {
            let made = certificate::issue(&authority.key, &names, Validity { from: now, days }).expect("it is made");
            fs::write(&files.certificate, &made.certificate).expect("it is written");
            fs::write(&files.key, &made.key).expect("it is written");
        };
        write(2);
        let tls = Tls::open(files.clone()).expect("it opens");
        let before = tls.config();
        assert!(!tls.reload().expect("it reads"), "nothing is new");
        fs::write(&files.key, "gone").expect("it is written");
        assert!(matches!(tls.reload(), Err(TlsError::NoKey(_))));
        assert!(Arc::ptr_eq(&before, &tls.config()), "the old one stays");
        write(100);
        assert!(tls.reload().expect("it reads"));
        assert!(!Arc::ptr_eq(&before, &tls.config()));
        assert_eq!(tls.standing(), Standing::Good);
    }
}
