//! `coatcheck serve`: what is told to people when the server is ready. How it is started and stopped is in `run`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use clap::Args;
use serde::Serialize;

use super::{Misused, output::Out, words};
use crate::{
    config::Config,
    domain::{
        error::Error,
        person::{Affiliation, License},
    },
    http::tls::Tls,
    run::{self, Database, House, Opened, Signal},
    seed::{
        self, Applied,
        demo::{self, Step},
    },
    vault::{NewUser, Vault, fresh},
};

/// Serve all dialects; with nothing configured, start a private Postgres as well.
#[derive(Args, Debug)]
pub(super) struct Serve {
    /// Address and port to listen on without TLS; empty for none
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Option<String>,
    /// Listen for TLS as well, with the certificate of `coatcheck tls init` unless the configuration names another
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = TLS)]
    pub(super) tls: Option<String>,
    /// Add people, libraries and files to play with, and print requests to try; their passwords are public
    #[arg(long)]
    demo: bool,
    /// Let --demo listen on an address that others can reach, public passwords and all
    #[arg(long, requires = "demo")]
    demo_anywhere: bool,
}

/// Where TLS is listened for when nothing else was said.
pub(super) const TLS: &str = "127.0.0.1:8443";

/// The login of the administrator made on a first start.
const FIRST: &str = "admin";

/// What is told when the server is ready.
#[derive(Serialize)]
struct Ready {
    /// Where anybody can come in: without TLS, if that is possible.
    listening: String,
    /// Where TLS is spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    listening_tls: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    administrator: Option<Administrator>,
    /// Requests to try, with `--demo`.
    #[serde(skip_serializing_if = "Option::is_none")]
    demo: Option<Demo>,
}

/// The demo world and a tour through it.
#[derive(Serialize)]
struct Demo {
    tour: Vec<Step>,
    /// What is there; nothing if somebody has changed what the demo would make again.
    #[serde(skip_serializing_if = "Option::is_none")]
    world: Option<Applied>,
}

/// How to sign in after a first start. Shown once; stored nowhere in this form.
#[derive(Serialize)]
struct Administrator {
    login: &'static str,
    password: String,
}

pub(super) async fn run(command: &Serve, config: &Config, out: &mut Out) -> anyhow::Result<()> {
    let open = config.server.listen.into_iter().chain(config.tls.listen).find(|address| !address.ip().is_loopback());
    if command.demo
        && !command.demo_anywhere
        && let Some(open) = open
    {
        let said = format!(
            "--demo makes people whose passwords everybody knows, and {open} can be reached by others; listen on \
             127.0.0.1, or say --demo-anywhere if that is what you want"
        );
        return Err(Misused(said).into());
    }
    let tls = run::tls::open(config)?;
    let signal = Signal::catch();
    let mut database = Database::for_server(config).await?;
    let served = serve(command, config, &mut database, signal, tls, out).await;
    let stopped = database.stop().await;
    // A server that died has been said to have.
    served.and(stopped)
}

async fn serve(
    command: &Serve,
    config: &Config,
    database: &mut Database,
    signal: Signal,
    tls: Option<Tls>,
    out: &mut Out,
) -> anyhow::Result<()> {
    let opened = run::open_vault(config, database).await?;
    match greet(command, config, &opened, tls, out).await {
        Ok(house) => run::serve(config, database, opened, house, signal).await,
        Err(error) => {
            opened.close().await;
            Err(error)
        }
    }
}

/// Takes the ports, sees to it that somebody can sign in, and says so.
async fn greet(
    command: &Serve,
    config: &Config,
    opened: &Opened,
    tls: Option<Tls>,
    out: &mut Out,
) -> anyhow::Result<House> {
    let house = run::prepare(config, opened, tls).await?;
    let plain = house.addresses.plain.map(|address| format!("http://{}", here(address)));
    let secure = house.addresses.secure.map(|address| format!("https://{}", here(address)));
    let demo = if command.demo {
        let base = plain.as_ref().or(secure.as_ref()).map(String::as_str);
        Some(lay_out(&opened.vault, base.unwrap_or_default()).await?)
    } else {
        None
    };
    let administrator = first_administrator(&opened.vault).await?;
    let plain = house.addresses.plain.map(|address| format!("http://{address}"));
    let secure = house.addresses.secure.map(|address| format!("https://{address}"));
    tracing::info!(plain, secure, "ready");
    let listening = plain.or_else(|| secure.clone()).unwrap_or_default();
    let ready = Ready { listening, listening_tls: secure, administrator, demo };
    out.answer(&ready, || ready.text())?;
    Ok(house)
}

/// The demo, as it was left: where somebody's work stands in the way of laying it out again, the work stays.
async fn lay_out(vault: &Vault, base: &str) -> anyhow::Result<Demo> {
    let first = vault.is_new().await.map_err(words::say)?;
    match seed::apply(vault, &demo::seed()).await {
        Ok(world) => Ok(Demo { tour: demo::tour(&world, base).unwrap_or_default(), world: Some(world) }),
        Err(seed::Error::Wrong(changed)) if !first => {
            tracing::warn!(%changed, "the demo is not as it was laid out, and is left so");
            Ok(Demo { tour: Vec::new(), world: None })
        }
        Err(error) => Err(error.into()),
    }
}

/// Where somebody on this machine finds a server that listens on `address`.
pub(super) fn here(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V4(_) | IpAddr::V6(_) => address.ip(),
    };
    SocketAddr::new(ip, address.port())
}

/// On a first start, an administrator.
async fn first_administrator(vault: &Vault) -> anyhow::Result<Option<Administrator>> {
    if !vault.is_new().await.map_err(words::say)? {
        return Ok(None);
    }
    let password = fresh::token("").map_err(words::say)?;
    let user = NewUser {
        login: FIRST.to_owned(),
        email: format!("{FIRST}@localhost"),
        name: "Administrator".to_owned(),
        password: Some(password.clone()),
        license: License::Full,
        affiliation: Affiliation::Employee,
        administrator: true,
    };
    match vault.create_user(user).await {
        Ok(_) => Ok(Some(Administrator { login: FIRST, password })),
        // another node was quicker, and has told
        Err(Error::NameTaken(_)) => Ok(None),
        Err(error) => Err(words::say(error)),
    }
}

impl Ready {
    fn text(&self) -> String {
        let secure = self.listening_tls.as_ref().filter(|secure| **secure != self.listening);
        let also = secure.map(|secure| format!(" and {secure}")).unwrap_or_default();
        let mut parts = vec![format!("Coatcheck is ready at {}{also}", self.listening)];
        if let Some(Administrator { login, password }) = &self.administrator {
            parts.push(format!(
                "This is the first start. An administrator was made; this is shown only now:\n\
                 \n    user      {login}\n    password  {password}\n\
                 \nChange it with `coatcheck user passwd {login}`, make more users with `coatcheck user add`."
            ));
        }
        if let Some(demo) = &self.demo {
            parts.push(
                "DEMO ONLY: everybody knows these passwords. alice, bob (contributors), carol (administrator), dave \
                 (reads only), erin (approver) and frank (member of nothing) sign in with demo-only-NAME."
                    .to_owned(),
            );
            parts.push(match demo.world {
                Some(_) => "Try one lock through four dialects; paste the lines one after another:".to_owned(),
                None => "It has been changed since it was made, and stays so. With another --data-dir it begins anew."
                    .to_owned(),
            });
            parts.extend(demo.tour.iter().map(|step| format!("# {}\n{}", step.says, step.run)));
        }
        parts.join("\n\n")
    }
}
