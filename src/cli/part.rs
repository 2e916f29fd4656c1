//! `coatcheck part`: what is built, in revisions. Arena's clients see parts as items and put files to them; making and
//! releasing them is done here.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::{
    acting, item,
    output::{Out, word},
    with_vault, words,
};
use crate::{
    config::Config,
    domain::{
        actor::Actor,
        error::{Error, Missing},
        library::Library,
        part::{NewPart, Revision, RevisionStatus},
    },
    vault::{PartQuery, Vault},
};

/// How many parts are read at a time.
const PAGE: i64 = 400;

/// Make, list, release and revise parts.
#[derive(Debug, Subcommand)]
pub(super) enum Part {
    /// Make a part; its first revision is worked on
    Add {
        #[command(flatten)]
        which: Which,
        /// Its name; usually its number
        #[arg(long)]
        name: Option<String>,
        /// What it is
        #[arg(long, default_value = "")]
        description: String,
        /// The label of its first revision
        #[arg(long, default_value = "A")]
        revision: String,
        #[command(flatten)]
        by: By,
    },
    /// List the parts of a library, each in its effective revision or else in the one that is worked on
    List {
        /// The library, by name; ~LOGIN for somebody's own
        library: String,
        #[command(flatten)]
        by: By,
    },
    /// Release the revision that is worked on: it is the effective one from now on, and its files stay as they are
    Release {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        by: By,
    },
    /// Open the next revision, with the files of the effective one
    Revise {
        #[command(flatten)]
        which: Which,
        /// The label it will be released under
        label: String,
        #[command(flatten)]
        by: By,
    },
}

/// Names a part.
#[derive(Args, Debug)]
pub(super) struct Which {
    /// The library, by name; ~LOGIN for somebody's own
    library: String,
    /// The part's number
    number: String,
}

/// Whose rights count.
#[derive(Args, Debug)]
pub(super) struct By {
    /// Who does it, with their rights; else the first administrator
    #[arg(long = "as", value_name = "LOGIN")]
    by: Option<String>,
}

#[derive(Serialize)]
struct Row {
    number: String,
    name: String,
    description: String,
    revision: String,
    status: RevisionStatus,
    arena_guid: String,
    files: i64,
    effective_at: Option<DateTime<Utc>>,
}

impl Row {
    fn of(revision: &Revision) -> Self {
        Self {
            number: revision.number.clone(),
            name: revision.name.clone(),
            description: revision.description.clone(),
            revision: revision.label.clone(),
            status: revision.status,
            arena_guid: revision.arena_guid.clone(),
            files: revision.files,
            effective_at: revision.effective_at,
        }
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.number.clone(),
            self.name.clone(),
            self.revision.clone(),
            word(self.status),
            self.files.to_string(),
            self.arena_guid.clone(),
        ]
    }
}

pub(super) async fn run(command: Part, config: &Config, out: &mut Out) -> anyhow::Result<()> {
    with_vault(config, async |vault| match command {
        Part::Add { which: Which { library, number }, name, description, revision, by } => {
            let (actor, library) = where_and_who(vault, &library, &by).await?;
            let name = name.unwrap_or_else(|| number.clone());
            let new = NewPart { number: number.clone(), name, description, label: revision };
            let made = vault.make_part(&actor, &library, new).await.map_err(|error| words::about(error, &number))?;
            let row = Row::of(made.revision());
            out.answer(&row, || format!("Made part {number}; its revision {} is worked on.", row.revision))
        }
        Part::List { library, by } => {
            let (actor, library) = where_and_who(vault, &library, &by).await?;
            let mut rows = Vec::new();
            loop {
                let offset = i64::try_from(rows.len()).unwrap_or(i64::MAX);
                let page = vault.parts(&actor, &library, &PartQuery::default(), PAGE, offset).await;
                let page = page.map_err(words::say)?;
                rows.extend(page.iter().map(Row::of));
                if i64::try_from(page.len()).unwrap_or(i64::MAX) < PAGE {
                    break;
                }
            }
            out.rows(&rows, &["number", "name", "revision", "status", "files", "arena"], Row::cells)
        }
        Part::Release { which: Which { library, number }, by } => {
            let (actor, library) = where_and_who(vault, &library, &by).await?;
            let released = vault.release_part(&actor, &library, &number).await;
            let row = Row::of(released.map_err(|error| words::about(error, &number))?.revision());
            out.answer(&row, || format!("Revision {} of {number} is effective.", row.revision))
        }
        Part::Revise { which: Which { library, number }, label, by } => {
            let (actor, library) = where_and_who(vault, &library, &by).await?;
            let opened = vault.revise_part(&actor, &library, &number, &label).await;
            let row = Row::of(opened.map_err(|error| words::about(error, &number))?.revision());
            out.answer(&row, || format!("Revision {label} of {number} is worked on, with {} files.", row.files))
        }
    })
    .await
}

async fn where_and_who(vault: &Vault, library: &str, by: &By) -> anyhow::Result<(Actor, Arc<Library>)> {
    let actor = acting(vault, by.by.as_deref()).await?;
    let found = item::library(vault, library).await.map_err(|error| words::about(error, library))?;
    let found = found.ok_or_else(|| words::about(Error::Missing(Missing::Library), library))?;
    Ok((actor, Arc::new(found)))
}
