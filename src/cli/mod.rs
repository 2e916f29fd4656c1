//! The command line: what is asked for, and answers as tables for people or JSON for programs. It decides nothing: the
//! vault does, with the same gates as for every room.
//!
//! Exit codes: 0 done, 1 refused or failed, 2 not understood.

mod application;
mod category;
mod config;
mod health;
mod item;
mod library;
mod lock;
mod migrate;
mod output;
mod part;
mod password;
mod policy;
mod seed;
mod serve;
mod tls;
mod token;
mod user;
mod words;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, anyhow};
use clap::{Args, Parser, Subcommand};
use serde_json::json;
use tokio::runtime;

use self::output::{Format, Out};
use crate::{
    config::{Config, Flag},
    domain::{
        actor::{Actor, Dialect},
        person::License,
    },
    http::guard,
    run::{self, Database},
    vault::Vault,
};

/// One document store that speaks four vendors' check-out APIs over one lock per file.
#[derive(Debug, Parser)]
#[command(name = "coatcheck", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
struct Common {
    /// The configuration file; else what `COATCHECK_CONFIG` names, else ./coatcheck.toml if it is there
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How answers look
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    output: Format,
    /// The folder of the private Postgres and of local content
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve all dialects; with nothing configured, start a private Postgres as well
    Serve(serve::Serve),
    /// Bring the database schema up to date
    Migrate,
    /// Make, list and change users
    #[command(subcommand)]
    User(user::User),
    /// Make and list applications, draw secrets for them, let users sign in through them
    #[command(subcommand)]
    Application(application::Application),
    /// Make, list and revoke bearer tokens
    #[command(subcommand)]
    Token(token::Token),
    /// Make and list libraries, give roles in them
    #[command(subcommand)]
    Library(library::Library),
    /// Make, list, release and revise parts, which Arena calls items
    #[command(subcommand)]
    Part(part::Part),
    /// Make and list categories of files, give levels on them
    #[command(subcommand)]
    Category(category::Category),
    /// Make and list policies, give them to people
    #[command(subcommand)]
    Policy(policy::Policy),
    /// See who holds what, and cancel a check-out or unlock a folder
    #[command(subcommand)]
    Lock(lock::Lock),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::Config),
    /// Make certificates for serving TLS
    #[command(subcommand)]
    Tls(tls::Tls),
    /// Make a whole world from a file: users, groups, libraries, rights, files, links
    Seed(seed::Seed),
    /// Ask the server on this machine whether it is ready
    Health(health::Health),
}

/// The whole program.
pub fn main() -> ExitCode {
    // One of the process, wanted before the first client or encrypted connection; only a second call fails.
    let _first = rustls::crypto::ring::default_provider().install_default();
    let cli = Cli::parse();
    let mut out = Out::new(cli.common.output);
    match start(cli, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            out.fail(&error);
            ExitCode::from(if error.is::<Misused>() { 2 } else { 1 })
        }
    }
}

/// Flags that do not go together, where clap cannot see it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Misused(String);

fn start(cli: Cli, out: &mut Out) -> anyhow::Result<()> {
    let Cli { common, command } = cli;
    let mut flags: Vec<Flag> =
        common.data_dir.into_iter().map(|value| Flag { name: "--data-dir", key: "embedded.data_dir", value }).collect();
    flags.extend(match &command {
        Command::Serve(serve::Serve { listen, tls, .. }) | Command::Health(health::Health { listen, tls }) => {
            let plain = listen.clone().map(|value| Flag { name: "--listen", key: "server.listen", value });
            plain.into_iter().chain(tls.clone().map(|value| Flag { name: "--tls", key: "tls.listen", value })).collect()
        }
        Command::Migrate
        | Command::User(_)
        | Command::Application(_)
        | Command::Token(_)
        | Command::Library(_)
        | Command::Part(_)
        | Command::Category(_)
        | Command::Policy(_)
        | Command::Lock(_)
        | Command::Config(_)
        | Command::Tls(_)
        | Command::Seed(_) => Vec::new(),
    });
    let config = Config::from_process(common.config, flags)?;
    // A command's answer is its output; its log only says what is wrong.
    let filter = if matches!(command, Command::Serve(_)) { config.log.filter.as_str() } else { "warn" };
    run::start_logs(&config.log, filter);
    if let Command::Config(command) = command {
        return config::run(&command, &config, out);
    }
    if let Command::Tls(command) = command {
        return tls::run(command, &config, out);
    }
    guard::log_panics();
    let mut runtime = runtime::Builder::new_multi_thread();
    runtime.enable_all();
    let runtime = runtime.build().context("cannot start the runtime")?;
    runtime.block_on(async {
        match command {
            Command::Serve(command) => serve::run(&command, &config, out).await,
            Command::Health(command) => health::run(&command, &config, out).await,
            Command::Migrate => migrate::run(&config, out).await,
            Command::User(command) => user::run(command, &config, out).await,
            Command::Application(command) => application::run(command, &config, out).await,
            Command::Token(command) => token::run(command, &config, out).await,
            Command::Library(command) => library::run(command, &config, out).await,
            Command::Part(command) => part::run(command, &config, out).await,
            Command::Category(command) => category::run(command, &config, out).await,
            Command::Policy(command) => policy::run(command, &config, out).await,
            Command::Lock(command) => lock::run(command, &config, out).await,
            Command::Seed(command) => seed::run(&command, &config, out).await,
            Command::Config(_) | Command::Tls(_) => Ok(()),
        }
    })
}

/// Runs `work` over an open vault: beside a running server, or with the private Postgres started for it.
async fn with_vault<T>(config: &Config, work: impl AsyncFnOnce(&Vault) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let database = Database::for_command(config).await?;
    let done = async {
        let opened = run::open_vault(config, &database).await?;
        let done = work(&opened.vault).await;
        opened.close().await;
        done
    };
    let done = done.await;
    let stopped = database.stop().await;
    done.and_then(|done| stopped.map(|()| done))
}

/// Who a command acts as: the user that was named, else the first administrator who can.
async fn acting(vault: &Vault, login: Option<&str>) -> anyhow::Result<Actor> {
    let login = if let Some(login) = login {
        login.to_owned()
    } else {
        let users = vault.user_list().await.map_err(words::say)?;
        let can = users.iter().filter(|user| user.administrator && !user.disabled);
        // a license that covers writing first, then who was there first
        let first = can.min_by_key(|user| (user.license != License::Full, user.person.number));
        let first = first.ok_or_else(|| anyhow!("there is no administrator to act as; name a user with --as LOGIN"))?;
        first.person.login.clone()
    };
    let account = vault.account_named(&login).await.map_err(|error| words::about(error, &login))?;
    Ok(Actor::new(account, Dialect::Console))
}

/// What a command that only changes something answers.
fn done(out: &mut Out, what: &str, sentence: String) -> anyhow::Result<()> {
    out.answer(&json!({ "done": what }), || sentence)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn every_command_can_be_asked_for() {
        super::Cli::command().debug_assert();
    }
}
