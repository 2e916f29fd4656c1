//! `coatcheck library`: trees of files, and roles in them.

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use uuid::Uuid;

use super::{
    acting, done, item,
    output::{Out, parse, word},
    with_vault, words,
};
use crate::{
    config::Config,
    domain::{
        actor::{Actor, Role},
        error::{Error, Missing},
        id::{ItemId, LibraryKey},
        library::{self, LibraryKind},
        permission::Action,
    },
    store::libraries::{NewLibrary, Quota},
    vault::{LibraryUpdate, Vault, setup::LibraryEntry},
};

/// Make and list libraries, give and take roles in them.
#[derive(Debug, Subcommand)]
pub(super) enum Library {
    /// Make a library
    Add {
        /// Its name
        name: String,
        /// personal, group or site
        #[arg(long, default_value = "site", value_parser = parse::<LibraryKind>)]
        kind: LibraryKind,
        /// The user or group it belongs to; a site's belongs to nobody
        #[arg(long, value_name = "WHO", required_if_eq_any = [("kind", "personal"), ("kind", "group")])]
        owner: Option<String>,
        /// What it is for
        #[arg(long, default_value = "")]
        description: String,
        /// Require a policy for what a role allows
        #[arg(long)]
        policies_required: bool,
        /// Count minor versions through Graph, too: uploads and plain check-ins make them
        #[arg(long)]
        minor_versions: bool,
        /// Let bytes into a file by a check-out only; a new one shows to nobody else before its first check-in
        #[arg(long)]
        check_out_required: bool,
        /// Make it Arena's workspace of this number
        #[arg(long, value_name = "NUMBER")]
        workspace: Option<i64>,
        /// Requests it may get through Arena in a day
        #[arg(long, value_name = "NUMBER")]
        request_limit: Option<i64>,
        /// Bytes it may hold; else as many as there is room for
        #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(i64).range(0..))]
        quota: Option<i64>,
    },
    /// Change a library's settings
    Change {
        /// Its name; somebody's own library is `~LOGIN`
        name: String,
        #[command(flatten)]
        what: Change,
    },
    /// List all libraries
    List,
    /// Require a policy for what a role allows in a library, or let roles decide alone
    Policies {
        /// Its name; somebody's own library is `~LOGIN`
        name: String,
        /// on or off
        #[arg(value_enum)]
        required: Switch,
    },
    /// Give somebody a role on a library, or on a folder or file in it, in place of the one they had there
    Grant {
        /// LIBRARY or LIBRARY/PATH, or any id of a folder or file
        on: String,
        /// A user, a group, or an application
        who: String,
        /// viewer, downloader, contributor, manager or owner
        #[arg(value_parser = parse::<Role>)]
        role: Role,
        /// Who gives it; else the first administrator
        #[arg(long = "as", value_name = "LOGIN")]
        by: Option<String>,
    },
    /// Take the role away that somebody was given on a library, or on a folder or file in it
    Revoke {
        /// LIBRARY or LIBRARY/PATH, or any id of a folder or file
        on: String,
        /// A user, a group, or an application
        who: String,
        /// Who takes it; else the first administrator
        #[arg(long = "as", value_name = "LOGIN")]
        by: Option<String>,
    },
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    /// Yes
    On,
    /// No
    Off,
}

/// What changes of a library: at least one thing.
#[derive(Args, Debug)]
#[group(id = "change", required = true, multiple = true)]
pub(super) struct Change {
    /// Whether the workspace can be entered through Arena's API; off ends its sessions
    #[arg(long, value_enum)]
    arena_api: Option<Switch>,
    /// Requests it may get through Arena in a day
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(0..))]
    request_limit: Option<i64>,
    /// Make it Arena's workspace of this number
    #[arg(long, value_name = "NUMBER")]
    workspace: Option<i64>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Whether uploads and plain check-ins through Graph make minor versions; off: major ones only
    #[arg(long, value_enum)]
    minor_versions: Option<Switch>,
    /// Whether bytes come into a file by a check-out only; what is not checked in yet stays so
    #[arg(long, value_enum)]
    check_out_required: Option<Switch>,
    /// Bytes it may hold, or none for as many as there is room for
    #[arg(long, value_name = "BYTES", value_parser = quota)]
    quota: Option<Quota>,
}

/// A number of bytes, or `none`.
fn quota(text: &str) -> Result<Quota, String> {
    if text == "none" {
        return Ok(Quota::Unlimited);
    }
    let bytes = text.parse::<i64>().ok().filter(|bytes| *bytes >= 0);
    bytes.map(Quota::Bytes).ok_or_else(|| "a number of bytes, or none".to_owned())
}

/// A library in the words of every dialect.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
struct Row {
    name: String,
    kind: LibraryKind,
    description: String,
    policies_required: bool,
    minor_versions: bool,
    check_out_required: bool,
    arena_workspace: Option<i64>,
    arena_api: bool,
    arena_request_limit: i64,
    quota_bytes: Option<i64>,
    liferay_group_id: i64,
    graph_drive_id: String,
    graph_site_id: Uuid,
    root_folder: Root,
}

#[derive(Serialize)]
struct Root {
    number: i64,
    oracle_id: String,
    graph_id: String,
}

impl Row {
    fn of(library: library::Library) -> Self {
        Self {
            name: library.name,
            kind: library.kind,
            description: library.description,
            policies_required: library.policies_required,
            minor_versions: library.minor_versions,
            check_out_required: library.check_out_required,
            arena_workspace: library.arena_workspace,
            arena_api: library.arena_api,
            arena_request_limit: library.arena_request_limit,
            quota_bytes: library.quota_bytes,
            liferay_group_id: library.number,
            graph_drive_id: library.graph_id,
            graph_site_id: library.graph_site_id,
            root_folder: Root {
                number: library.root_number,
                oracle_id: library.root_oracle_id,
                graph_id: library.root_graph_id,
            },
        }
    }

    fn cells(&self) -> Vec<String> {
        let workspace = self.arena_workspace.map(|number| number.to_string()).unwrap_or_default();
        vec![
            self.name.clone(),
            word(self.kind),
            self.liferay_group_id.to_string(),
            workspace,
            self.root_folder.oracle_id.clone(),
            self.graph_drive_id.clone(),
        ]
    }
}

pub(super) async fn run(command: Library, config: &Config, out: &mut Out) -> anyhow::Result<()> {
    with_vault(config, async |vault| match command {
        Library::Add {
            name,
            kind,
            owner,
            description,
            policies_required,
            minor_versions,
            check_out_required,
            workspace,
            request_limit,
            quota,
        } => {
            let owner = match (kind, owner) {
                (LibraryKind::Site, _) | (_, None) => None,
                (LibraryKind::Personal | LibraryKind::Group, Some(owner)) => {
                    Some(vault.principal_named(&owner).await.map_err(|error| words::about(error, &owner))?)
                }
            };
            let by = acting(vault, None).await?;
            let by = by.person().map(|person| person.id);
            let drawn = vault.draw_library(kind, &name, owner.as_ref().map(|owner| owner.id)).map_err(words::say)?;
            let new = NewLibrary {
                description,
                policies_required,
                minor_versions,
                check_out_required,
                arena_workspace: workspace,
                arena_request_limit: request_limit.unwrap_or(drawn.arena_request_limit),
                quota_bytes: quota,
                created_by: by,
                ..drawn
            };
            let made_by = by.ok_or_else(|| anyhow::anyhow!("there is no administrator"))?;
            let made = vault.create_library(&new, made_by).await.map_err(words::say)?;
            let sentence = format!("Made library {name}; `coatcheck library grant {name:?} WHO ROLE` lets people in.");
            out.answer(&Row::of(made), || sentence)
        }
        Library::Change { name, what } => change(vault, &name, what, out).await,
        Library::List => {
            let libraries = vault.all_libraries().await.map_err(words::say)?;
            let rows: Vec<Row> = libraries.into_iter().map(Row::of).collect();
            let head = ["name", "kind", "liferay group", "workspace", "oracle folder", "graph drive"];
            out.rows(&rows, &head, Row::cells)
        }
        Library::Grant { on, who, role, by } => {
            let actor = acting(vault, by.as_deref()).await?;
            let item = shared(vault, &actor, &on).await?;
            let to = vault.principal_named(&who).await.map_err(|error| words::about(error, &who))?;
            vault.grant(item, to.id, role, actor.id()).await.map_err(words::say)?;
            done(out, "granted", format!("{who} is {} of {on}.", word(role)))
        }
        Library::Revoke { on, who, by } => {
            let actor = acting(vault, by.as_deref()).await?;
            let item = shared(vault, &actor, &on).await?;
            let from = vault.principal_named(&who).await.map_err(|error| words::about(error, &who))?;
            if !vault.revoke(item, from.id).await.map_err(words::say)? {
                return Err(words::not_given(&who, &format!("role on {on}")));
            }
            done(out, "revoked", format!("{who} has no role of their own on {on} any more."))
        }
        Library::Policies { name, required } => {
            let there = named(vault, &name).await.map_err(|error| words::about(error, &name))?;
            let by = acting(vault, None).await?.id().ok_or_else(|| words::say(Error::NoSession))?;
            let entry = LibraryEntry {
                name: there.name,
                kind: there.kind,
                owner: there.owner,
                description: None,
                policies_required: Some(required == Switch::On),
                minor_versions: None,
                check_out_required: None,
                arena_workspace: None,
                arena_request_limit: None,
                quota_bytes: None,
                arena_api: None,
                by,
            };
            let mut change = vault.set_up().await.map_err(words::say)?;
            let (changed, _) = change.put_library(&entry).await.map_err(words::say)?;
            change.commit().await.map_err(words::say)?;
            let sentence = match required {
                Switch::On => {
                    format!("In {name} a role alone allows nothing now; `coatcheck policy grant` adds what is missing.")
                }
                Switch::Off => format!("In {name} roles decide without policies now."),
            };
            out.answer(&Row::of(changed), || sentence)
        }
    })
    .await
}

async fn change(vault: &Vault, name: &str, what: Change, out: &mut Out) -> anyhow::Result<()> {
    let Change { arena_api, request_limit, workspace, description, minor_versions, check_out_required, quota } = what;
    let there = named(vault, name).await.map_err(|error| words::about(error, name))?;
    let on = |switch: Option<Switch>| switch.map(|switch| switch == Switch::On);
    let update = LibraryUpdate {
        description: description.as_deref(),
        arena_workspace: workspace,
        minor_versions: on(minor_versions),
        check_out_required: on(check_out_required),
        arena_api: on(arena_api),
        arena_request_limit: request_limit,
        quota_bytes: quota,
        ..LibraryUpdate::default()
    };
    vault.update_library(there.id, &update).await.map_err(words::say)?;
    let changed = named(vault, name).await.map_err(|error| words::about(error, name))?;
    out.answer(&Row::of(changed), || format!("Changed library {name}."))
}

/// The library of this name, or somebody's own.
async fn named(vault: &Vault, name: &str) -> Result<library::Library, Error> {
    let key = match name.strip_prefix('~') {
        Some(owner) => LibraryKey::OwnedBy(vault.principal_named(owner).await?.id),
        None => LibraryKey::Named(name.to_owned()),
    };
    vault.library_named(&key).await?.ok_or(Error::Missing(Missing::Library))
}

/// What `on` names, if the actor may say who has which role there.
async fn shared(vault: &Vault, actor: &Actor, on: &str) -> anyhow::Result<ItemId> {
    let look = item::look(vault, actor, on).await?;
    look.check(actor, Action::Share).map_err(|error| words::about(error, on))?;
    Ok(look.item().id)
}
