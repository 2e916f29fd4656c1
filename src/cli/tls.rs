//! `coatcheck tls init`: a certificate for who has none, and what to tell clients about it.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use rustls::pki_types::UnixTime;
use serde_json::json;

use super::output::Out;
use crate::{
    config::Config,
    http::certificate::Name,
    run::tls::{self, Done, Wish},
};

/// Make certificates.
#[derive(Debug, Subcommand)]
pub(super) enum Tls {
    /// Make an authority of your own and a certificate that it signs, for `coatcheck serve --tls`
    Init {
        /// What clients call the server: a host name or an IP address, once for each; else localhost, 127.0.0.1, `::1` and
        /// the host of `server.public_url`
        #[arg(long = "name", value_name = "NAME", value_parser = name)]
        names: Vec<Name>,
        /// Where the files go; else the folder `tls` in the data folder, where `serve` looks for them
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Days the certificate is valid
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(tls::DAYS))]
        days: u32,
        /// Replace a certificate that is there; the authority stays, so clients need not be told again
        #[arg(long)]
        force: bool,
        /// Make another authority as well
        #[arg(long, requires = "force")]
        new_ca: bool,
    },
}

fn name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(|error| error.to_string())
}

pub(super) fn run(command: Tls, config: &Config, out: &mut Out) -> anyhow::Result<()> {
    let Tls::Init { mut names, dir, days, force, new_ca } = command;
    if names.is_empty() {
        names = usual_names(config);
    }
    let usual = tls::usual_folder(config);
    let folder = match dir {
        Some(dir) => std::path::absolute(dir)?,
        None => match &usual {
            Ok(folder) => folder.clone(),
            Err(_) => return usual.map(|_| ()),
        },
    };
    let found_by_itself = config.tls.certificate.is_none() && usual.is_ok_and(|usual| usual == folder);
    let wish = Wish { folder, names, days, force, new_authority: new_ca, now: UnixTime::now().as_secs() };
    let done = tls::init(&wish)?;
    let names: Vec<String> = wish.names.iter().map(ToString::to_string).collect();
    let answer = json!({
        "authority": done.authority,
        "certificate": done.certificate,
        "key": done.key,
        "names": names,
        "valid_until": tls::day(done.until),
        "new_authority": done.new_authority,
    });
    out.answer(&answer, || text(&done, &names, found_by_itself))
}

/// This machine by its own names, and the name it is published under.
fn usual_names(config: &Config) -> Vec<Name> {
    let public = config.server.public_url.as_deref().and_then(|url| url.parse::<axum::http::Uri>().ok());
    let public = public.as_ref().and_then(axum::http::Uri::host);
    let mut names: Vec<Name> = Vec::new();
    for name in ["localhost", "127.0.0.1", "::1"].into_iter().chain(public).filter_map(|name| Name::parse(name).ok()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn text(done: &Done, names: &[String], found_by_itself: bool) -> String {
    let ca = quoted(&done.authority);
    let first = names.first().map_or("localhost", String::as_str);
    let first = if first.contains(':') { format!("[{first}]") } else { first.replace("*.", "any.") };
    let authority = if done.new_authority { "a new authority" } else { "the authority that was there" };
    let start = if found_by_itself {
        "coatcheck serve --tls 127.0.0.1:8443".to_owned()
    } else {
        format!(
            "COATCHECK__TLS__CERTIFICATE={} COATCHECK__TLS__KEY={} \\\n        coatcheck serve --tls 127.0.0.1:8443",
            quoted(&done.certificate),
            quoted(&done.key)
        )
    };
    format!(
        "Made a certificate for {names}, valid until {until}, signed by {authority}.\n\
         \n    certificate  {certificate}\n    key          {key}  (for the server alone)\n    authority    {shown}  (for clients)\n\
         \nServe with it; a server that runs already takes it on SIGHUP, or within a minute:\n\
         \n    {start}\n\
         \nClients must be told to trust the authority. One of these, as the client wants it:\n\
         \n    curl            curl --cacert {ca} https://{first}:8443/readyz\n    \
         requests        export REQUESTS_CA_BUNDLE={ca}\n    \
         OpenSSL, Go     export SSL_CERT_FILE={ca}        (in place of all others; Python's ssl and httpx too)\n    \
         Node            export NODE_EXTRA_CA_CERTS={ca}\n    \
         Java            keytool -importcert -noprompt -cacerts -alias coatcheck -file {ca}\n    \
         Debian, Ubuntu  sudo cp {ca} /usr/local/share/ca-certificates/coatcheck.crt && sudo update-ca-certificates\n    \
         Fedora, RHEL    sudo trust anchor {ca}\n    \
         macOS           sudo security add-trusted-cert -d -k /Library/Keychains/System.keychain {ca}\n    \
         Windows         certutil -addstore Root ca.crt",
        names = names.join(", "),
        until = tls::day(done.until),
        certificate = done.certificate.display(),
        key = done.key.display(),
        shown = done.authority.display(),
    )
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-+".contains(character);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_how_to_serve_and_how_clients_trust() {
        let place = |name: &str| Path::new("/etc/our tls").join(name);
        let (authority, certificate, key) = (place("ca.crt"), place("server.crt"), place("server.key"));
        let done = Done { authority, certificate, key, new_authority: true, until: 1_800_000_000 };
        let names = ["files.example".to_owned(), "::1".to_owned()];
        let said = text(&done, &names, false);
        for part in [
            "for files.example, ::1, valid until 2027-01-15, signed by a new authority.",
            "COATCHECK__TLS__KEY='/etc/our tls/server.key'",
            "curl --cacert '/etc/our tls/ca.crt' https://files.example:8443/readyz",
            "export NODE_EXTRA_CA_CERTS='/etc/our tls/ca.crt'",
        ] {
            assert!(said.contains(part), "{part}\n{said}");
        }
        assert!(text(&done, &names[1..], true).contains("\n    coatcheck serve --tls 127.0.0.1:8443\n"));
        assert!(text(&done, &names[1..], true).contains("https://[::1]:8443/"));
    }

    #[test]
    fn a_path_can_be_pasted_into_a_shell() {
        assert_eq!(quoted(Path::new("/var/lib/x-1.crt")), "/var/lib/x-1.crt");
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
