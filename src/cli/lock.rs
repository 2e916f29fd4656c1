//! `coatcheck lock`: the release side of locking, for those who run the place.

use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde::Serialize;
use serde_json::json;

use super::{
    acting, item,
    output::{Out, word},
    with_vault, words,
};
use crate::{
    config::Config,
    domain::{actor::Dialect, item::Kind, lock::Mode},
    vault::{Cancel, Look},
};

/// See who holds what, and cancel a check-out or unlock a folder.
#[derive(Debug, Subcommand)]
pub(super) enum Lock {
    /// List the locks of files and folders that are held, oldest first
    List {
        /// Only of this user or application
        #[arg(long, value_name = "LOGIN")]
        holder: Option<String>,
    },
    /// Cancel a check-out or a reservation, or unlock a folder; what the holder of a file has saved is kept as a rescued draft
    Cancel {
        /// The file or folder: LIBRARY/PATH or any of its ids
        file: String,
        /// Who cancels, with their rights; else the first administrator
        #[arg(long = "as", value_name = "LOGIN")]
        by: Option<String>,
        /// Why, for the trail
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
    },
}

#[derive(Serialize)]
struct Row {
    file: String,
    kind: Kind,
    /// Whether it counts for all that the folder holds.
    inheritable: bool,
    number: i64,
    oracle_id: String,
    graph_id: String,
    holder: String,
    mode: Mode,
    dialect: Dialect,
    fence: i64,
    taken_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    has_draft: bool,
    comment: Option<String>,
}

impl Row {
    fn of(held: &Look) -> Option<Self> {
        let item = held.item();
        let lock = item.own_lock()?;
        Some(Self {
            file: item::path(held),
            kind: item.kind(),
            inheritable: lock.folder.is_some_and(|folder| folder.inheritable),
            number: item.number,
            oracle_id: item.oracle_id.clone(),
            graph_id: item.graph_id.clone(),
            holder: lock.holder.login.clone(),
            mode: lock.mode,
            dialect: lock.dialect,
            fence: lock.fence,
            taken_at: lock.taken_at,
            expires_at: lock.expires_at,
            has_draft: item.file.as_ref().is_some_and(|file| file.draft.is_some()),
            comment: lock.comment.clone(),
        })
    }

    fn cells(&self) -> Vec<String> {
        let time = |at: DateTime<Utc>| at.format("%F %R").to_string();
        vec![
            self.file.clone(),
            self.holder.clone(),
            match (self.kind, self.inheritable) {
                (Kind::File, _) => word(self.mode),
                (Kind::Folder, false) => "folder".to_owned(),
                (Kind::Folder, true) => "folder and all in it".to_owned(),
            },
            word(self.dialect),
            time(self.taken_at),
            self.expires_at.map_or_else(|| "never".to_owned(), time),
            if self.has_draft { "yes" } else { "no" }.to_owned(),
            self.fence.to_string(),
        ]
    }
}

pub(super) async fn run(command: Lock, config: &Config, out: &mut Out) -> anyhow::Result<()> {
    with_vault(config, async |vault| match command {
        Lock::List { holder } => {
            let holder = match holder {
                Some(login) => {
                    let named = vault.principal_named(&login).await.map_err(|error| words::about(error, &login))?;
                    Some(named.id)
                }
                None => None,
            };
            let locks = vault.held_locks(holder).await.map_err(words::say)?;
            let rows: Vec<Row> = locks.iter().filter_map(Row::of).collect();
            let head = ["file or folder", "holder", "mode", "through", "since (UTC)", "until", "draft", "fence"];
            out.rows(&rows, &head, Row::cells)
        }
        Lock::Cancel { file, by, comment } => {
            let actor = acting(vault, by.as_deref()).await?;
            let target = item::look(vault, &actor, &file).await?;
            if target.item().kind() == Kind::Folder {
                let unlocked = vault.unlock_folder(&actor, &target, None, comment.as_deref()).await;
                let lock = unlocked.map_err(|error| words::about(error, &file))?;
                let holder = &lock.holder.login;
                let value = json!({ "file": item::path(&target), "holder": holder, "fence": lock.fence, "draft_rescued": false });
                return out.answer(&value, || format!("{file} is free; {holder} held it."));
            }
            let cancel = Cancel { holder: None, comment };
            let cancelled = vault.cancel(&actor, &target, cancel).await.map_err(|error| words::about(error, &file))?;
            let holder = &cancelled.lock.holder.login;
            let value = json!({ "file": item::path(&target), "holder": holder, "fence": cancelled.lock.fence,
                "draft_rescued": cancelled.rescued });
            let rescued = if cancelled.rescued { " What they had saved is kept." } else { "" };
            out.answer(&value, || format!("{file} is free; {holder} held it.{rescued}"))
        }
    })
    .await
}
