//! `coatcheck category`: the tree of file categories, and who may do what with files of them.

use std::collections::BTreeMap;

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::{
    done,
    output::{Out, parse, word},
    with_vault, words,
};
use crate::{
    config::Config,
    domain::{
        actor::Level,
        error::{Error, Missing},
        id::CategoryId,
    },
    store::categories::CategoryRow,
    vault::{
        Vault,
        setup::{CategoryEntry, Done, Setup},
    },
};

/// Make and list categories, give levels on them.
#[derive(Debug, Subcommand)]
pub(super) enum Category {
    /// Make a category, or change the one that is there
    Add {
        /// Names below the root category with `/` between; `/` is the root category
        path: String,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
        /// The level of those who were given none
        #[arg(long, value_enum, value_name = "LEVEL")]
        default_level: Option<DefaultLevel>,
        /// Let it only group others: no file can be of it
        #[arg(long)]
        structural: bool,
        /// Let no more files be given it; those that have it keep it
        #[arg(long)]
        inactive: bool,
    },
    /// Give somebody a level on a category and all below it, in place of the one they had there
    Grant {
        /// Names below the root category with `/` between
        path: String,
        /// A user, a group, or an application
        who: String,
        /// none (its files do not exist for them), read or full
        #[arg(value_parser = parse::<Level>)]
        level: Level,
    },
    /// Take the level away that somebody was given on a category
    Revoke {
        /// Names below the root category with `/` between
        path: String,
        /// A user, a group, or an application
        who: String,
    },
    /// List all categories and who has which level
    List,
}

/// What a category says of those who were given no level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum DefaultLevel {
    /// Its files do not exist for them
    None,
    /// They can read them
    Read,
    /// They can change them
    Full,
    /// What the category above says; the root category: full
    Inherit,
}

impl DefaultLevel {
    fn level(self) -> Option<Level> {
        match self {
            DefaultLevel::None => Some(Level::None),
            DefaultLevel::Read => Some(Level::Read),
            DefaultLevel::Full => Some(Level::Full),
            DefaultLevel::Inherit => None,
        }
    }
}

#[derive(Serialize)]
struct Row {
    path: String,
    description: String,
    default_level: Option<Level>,
    active: bool,
    assignable: bool,
    arena_guid: String,
    levels: BTreeMap<String, Level>,
}

impl Row {
    async fn all(vault: &Vault) -> anyhow::Result<Vec<(CategoryId, Self)>> {
        let levels = vault.category_levels().await.map_err(words::say)?;
        let row = |category: &std::sync::Arc<crate::vault::Category>| {
            let CategoryRow { id, description, default_level, active, assignable, arena_guid, .. } =
                category.row.clone();
            let given = levels.iter().filter(|(on, _, _)| *on == id);
            let levels = given.map(|(_, person, level)| (person.login.clone(), *level)).collect();
            let path = spell(&category.path);
            (id, Self { path, description, default_level, active, assignable, arena_guid, levels })
        };
        Ok(vault.all_categories().await.map_err(words::say)?.iter().map(row).collect())
    }

    fn cells(&self) -> Vec<String> {
        let levels: Vec<String> = self.levels.iter().map(|(who, level)| format!("{who} {}", word(level))).collect();
        let default = self.default_level.map(word).unwrap_or_default();
        vec![self.path.clone(), default, levels.join(", "), self.arena_guid.clone(), self.description.clone()]
    }
}

pub(super) async fn run(command: Category, config: &Config, out: &mut Out) -> anyhow::Result<()> {
    with_vault(config, async |vault| match command {
        Category::Add { path, description, default_level, structural, inactive } => {
            let names = names(&path);
            let mut change = vault.set_up().await.map_err(words::say)?;
            let entry = CategoryEntry {
                description,
                default_level: default_level.and_then(DefaultLevel::level),
                assignable: structural.then_some(false),
                active: inactive.then_some(false),
            };
            let put = change.put_category(&names, &entry).await;
            let (row, put) = put.map_err(|error| match (error, names.split_last()) {
                // it is one above it that is not there
                (Error::Missing(Missing::Category), Some((_, above))) => {
                    words::about(Error::Missing(Missing::Category), &spell(above))
                }
                (other, _) => words::about(other, &path),
            })?;
            if default_level == Some(DefaultLevel::Inherit) {
                change.inherit_level(row.id).await.map_err(words::say)?;
            }
            change.commit().await.map_err(words::say)?;
            let sentence = match put {
                Done::Made => {
                    format!("Made category {path}; `coatcheck category grant {path:?} WHO LEVEL` gives levels on it.")
                }
                Done::Changed | Done::Found | Done::Held => format!("{path} is so now."),
            };
            let made = Row::all(vault).await?.into_iter().find(|(id, _)| *id == row.id);
            let (_, made) = made.ok_or_else(|| words::about(Error::Missing(Missing::Category), &path))?;
            out.answer(&made, || sentence)
        }
        Category::Grant { path, who, level } => {
            let to = vault.principal_named(&who).await.map_err(|error| words::about(error, &who))?;
            let mut change = vault.set_up().await.map_err(words::say)?;
            let category = find(&mut change, &path).await?;
            change.put_level(category.id, to.id, level).await.map_err(words::say)?;
            change.commit().await.map_err(words::say)?;
            done(out, "granted", format!("{who} has level {} on {path}.", word(level)))
        }
        Category::Revoke { path, who } => {
            let from = vault.principal_named(&who).await.map_err(|error| words::about(error, &who))?;
            let mut change = vault.set_up().await.map_err(words::say)?;
            let category = find(&mut change, &path).await?;
            if !change.take_level(category.id, from.id).await.map_err(words::say)? {
                return Err(words::not_given(&who, &format!("level on {path:?}")));
            }
            change.commit().await.map_err(words::say)?;
            done(out, "revoked", format!("{who} has no level of their own on {path} any more."))
        }
        Category::List => {
            let rows: Vec<Row> = Row::all(vault).await?.into_iter().map(|(_, row)| row).collect();
            out.rows(&rows, &["path", "default", "levels", "arena guid", "description"], Row::cells)
        }
    })
    .await
}

/// The category at a path.
pub(super) async fn find(change: &mut Setup, path: &str) -> anyhow::Result<CategoryRow> {
    let found = change.category(&names(path)).await.map_err(words::say)?;
    found.ok_or_else(|| words::about(Error::Missing(Missing::Category), path))
}

/// A path as it is named: `/` for the root category.
pub(super) fn spell(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    format!("/{}", names.join("/"))
}

fn names(path: &str) -> Vec<&str> {
    path.split('/').map(str::trim).filter(|name| !name.is_empty()).collect()
}
