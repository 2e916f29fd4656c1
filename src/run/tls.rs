//! Where the files for TLS lie, what to say when they cannot be used, and when they are read again: on SIGHUP, and when
//! they have changed.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::{JoinHandle, spawn_blocking},
};

use super::folders;
use crate::{
    config::Config,
    http::{
        certificate::{self, LONGEST_DAYS, Made, MakingError, Name, Validity},
        tls::{Files, Standing, Tls, TlsError},
    },
};

/// How often the files are looked at: whoever renews certificates may not know how to signal.
const LOOK: Duration = Duration::from_mins(1);

/// The names of the four files in one folder.
const AUTHORITY: &str = "ca.crt";
const AUTHORITY_KEY: &str = "ca.key";
const CERTIFICATE: &str = "server.crt";
const KEY: &str = "server.key";

/// The folder for files that were not named: in the data folder.
pub fn usual_folder(config: &Config) -> anyhow::Result<PathBuf> {
    Ok(folders(config)?.data.join("tls"))
}

/// The configured files, else the usual ones, which `coatcheck tls init` makes.
fn files(config: &Config) -> anyhow::Result<(Files, bool)> {
    match (&config.tls.certificate, &config.tls.key) {
        (Some(certificate), Some(key)) => Ok((Files { certificate: certificate.clone(), key: key.clone() }, true)),
        _ => {
            let folder = usual_folder(config)?;
            Ok((Files { certificate: folder.join(CERTIFICATE), key: folder.join(KEY) }, false))
        }
    }
}

/// Reads the certificate and its key, where TLS is to be served. What is wrong is said with the setting and the file.
pub fn open(config: &Config) -> anyhow::Result<Option<Tls>> {
    if config.tls.listen.is_none() {
        return Ok(None);
    }
    let (files, named) = files(config)?;
    let tls = Tls::open(files).map_err(|error| {
        let setting = match &error {
            TlsError::CertificateUnread { .. } | TlsError::NoCertificate(_) => "`tls.certificate`",
            TlsError::KeyUnread { .. } | TlsError::NoKey(_) => "`tls.key`",
            TlsError::Mismatch(_) | TlsError::Unusable { .. } => "`tls.certificate` and `tls.key`",
        };
        if named {
            anyhow!("{setting}: {error}")
        } else {
            anyhow!(
                "{setting}: {error}; `coatcheck tls init` makes a certificate there, or name your own in \
                 `tls.certificate` and `tls.key`"
            )
        }
    })?;
    say_standing(&tls);
    Ok(Some(tls))
}

/// SIGHUP is ours to answer from here on.
pub(super) fn hangups() -> anyhow::Result<Signal> {
    signal(SignalKind::hangup()).context("SIGHUP cannot be received")
}

/// Reads the files again on SIGHUP and when they have changed. What cannot be used is said once and changes nothing.
pub(super) fn watch(tls: Tls, mut hangups: Signal) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut said = String::new();
        loop {
            let asked = tokio::select! {
                hangup = hangups.recv() => hangup.is_some(),
                () = tokio::time::sleep(LOOK) => false,
            };
            let looked = spawn_blocking({
                let tls = tls.clone();
                move || tls.reload()
            });
            match looked.await {
                Ok(Ok(true)) => {
                    said.clear();
                    tracing::info!(certificate = %tls.files().certificate.display(), "new connections get another certificate");
                    say_standing(&tls);
                }
                Ok(Ok(false)) => said.clear(),
                Ok(Err(error)) => {
                    let why = error.to_string();
                    if asked || why != said {
                        tracing::error!(error = %why, "the certificate was not read again; the one before stays in use");
                        said = why;
                    }
                }
                Err(error) => tracing::error!(%error, "the certificate was not read again"),
            }
        }
    })
}

fn say_standing(tls: &Tls) {
    let certificate = tls.files().certificate.display();
    match tls.standing() {
        Standing::Good => {}
        Standing::EndsSoon { not_after } => {
            tracing::warn!(%certificate, ends = %day(not_after), "the certificate ends soon; renew it");
        }
        Standing::Ended { not_after } => {
            tracing::error!(%certificate, ended = %day(not_after), "the certificate has ended: clients refuse it; renew it");
        }
        Standing::NotBegun { not_before } => {
            tracing::error!(%certificate, begins = %day(not_before), "the certificate has not begun: clients refuse it");
        }
    }
}

/// A day as people write it, from seconds since 1970.
pub fn day(seconds: u64) -> String {
    let moment = i64::try_from(seconds).ok().and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
    moment.map_or_else(|| "never".to_owned(), |moment| moment.format("%Y-%m-%d").to_string())
}

/// What is asked of [`init`].
#[derive(Debug)]
pub struct Wish {
    /// Where the files go.
    pub folder: PathBuf,
    /// What the server is called: at least one name.
    pub names: Vec<Name>,
    /// Days the certificate is valid.
    pub days: u32,
    /// Replace a certificate that is there.
    pub force: bool,
    /// Replace the authority as well: clients have to be told again.
    pub new_authority: bool,
    /// The present moment, in seconds since 1970.
    pub now: u64,
}

/// What [`init`] has made.
#[derive(Debug)]
pub struct Done {
    /// What clients are told to trust.
    pub authority: PathBuf,
    /// What the server shows.
    pub certificate: PathBuf,
    /// What the server keeps to itself.
    pub key: PathBuf,
    /// Whether the authority is a new one.
    pub new_authority: bool,
    /// The certificate's last moment, in seconds since 1970.
    pub until: u64,
}

/// Makes a certificate, and an authority where there is none. Nothing is replaced that was not said to be; keys are for
/// their owner's eyes only.
pub fn init(wish: &Wish) -> anyhow::Result<Done> {
    let Wish { folder, names, days, force, new_authority, now } = wish;
    let place = |name: &str| folder.join(name);
    let there = |name: &str| place(name).symlink_metadata().is_ok();
    if !force && let Some(name) = [CERTIFICATE, KEY].into_iter().find(|name| there(name)) {
        bail!("{} is there already; --force replaces the certificate and keeps the authority", place(name).display());
    }
    let authority = match (there(AUTHORITY), there(AUTHORITY_KEY)) {
        _ if *new_authority => None,
        (false, false) => None,
        (true, true) => {
            let read = |name: &str| {
                let path = place(name);
                fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
            };
            Some(Made { certificate: read(AUTHORITY)?, key: read(AUTHORITY_KEY)? })
        }
        (certificate, _) => {
            let gone = place(if certificate { AUTHORITY_KEY } else { AUTHORITY });
            bail!("{} is missing; --force --new-ca makes another authority", gone.display());
        }
    };
    let made_authority = authority.is_none();
    let authority = match authority {
        Some(authority) => authority,
        None => certificate::make_authority(*now)?,
    };
    let validity = Validity { from: *now, days: *days };
    let refused = |error: MakingError| match error {
        MakingError::Stranger | MakingError::BadKey(_) | MakingError::EndsEarlier => anyhow!(
            "{} and {}: {error}; --force --new-ca makes another authority",
            place(AUTHORITY).display(),
            place(AUTHORITY_KEY).display()
        ),
        MakingError::BadName(_) | MakingError::Broken(_) => error.into(),
    };
    let made = certificate::issue(&authority.key, names, validity).map_err(refused)?;
    certificate::verify(&authority.certificate, &made.certificate, names, validity).map_err(refused)?;

    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    // A key before what shows it: a server that looks in between finds two files that do not go together, and waits.
    if made_authority {
        write(&place(AUTHORITY_KEY), &authority.key, 0o600)?;
        write(&place(AUTHORITY), &authority.certificate, 0o644)?;
    }
    write(&place(KEY), &made.key, 0o600)?;
    write(&place(CERTIFICATE), &made.certificate, 0o644)?;
    Ok(Done {
        authority: place(AUTHORITY),
        certificate: place(CERTIFICATE),
        key: place(KEY),
        new_authority: made_authority,
        until: validity.until(),
    })
}

/// The days that may be asked for.
pub const DAYS: std::ops::RangeInclusive<i64> = 1..=LONGEST_DAYS as i64;

/// Whole or not at all, and never readable by others for a moment.
fn write(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let said = || format!("{} cannot be written", path.display());
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error).with_context(said),
        Ok(()) | Err(_) => {}
    }
    let written = OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)
    });
    written.with_context(said)
}
