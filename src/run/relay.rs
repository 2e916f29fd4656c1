//! When subscribers are told that something has changed (spec/graph.md 13), and who does it: every node, each what it gets
//! hold of. What they are told is the vault's business, how that is worded their room's, how it is sent `http::outgoing`'s.

use std::time::Duration;

use axum::http::StatusCode;
use chrono::TimeDelta;
use futures_util::future::join_all;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::turns::Turns;
use crate::{
    dialects::Words,
    domain::error::Result,
    http::outgoing::Outgoing,
    vault::{Errand, Vault},
};

/// Subscribers that a node tells something at a time.
const AT_A_TIME: usize = 32;

/// Whoever is at a subscription has it for so long beyond what an answer may take.
const MARGIN: Duration = Duration::from_secs(30);

/// Tells subscribers. Clones are one and the same.
#[derive(Clone)]
pub struct Relay {
    vault: Vault,
    outgoing: Outgoing,
    words: Words,
}

/// What came of one look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Subscribers who were told something.
    pub told: usize,
    /// Those for whom there was nothing after all.
    pub silent: usize,
    /// Those who could not be told.
    pub failed: usize,
}

/// What came of one errand.
enum Outcome {
    Told,
    Silent,
    Failed,
}

impl Relay {
    /// Tells what has happened in the vault in these words.
    pub fn new(vault: Vault, outgoing: Outgoing, words: Words) -> Self {
        Self { vault, outgoing, words }
    }

    /// Settles the feed, looks once who is to be told something, tells them, and waits for it.
    pub async fn turn(&self) -> Result<Turn> {
        let mut turn = Turn::default();
        let claimed = self.claim(AT_A_TIME).await?;
        for outcome in join_all(claimed.into_iter().map(|errand| self.run(errand))).await {
            match outcome {
                Outcome::Told => turn.told += 1,
                Outcome::Silent => turn.silent += 1,
                Outcome::Failed => turn.failed += 1,
            }
        }
        Ok(turn)
    }

    /// Does so every so often until it is told to stop; then what is under way comes to its end. Ending the task before that
    /// loses nothing: it is told again.
    pub(super) fn start(self, period: Duration, stop: CancellationToken) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut under_way = JoinSet::new();
            self.work(period, &stop, &mut under_way).await;
            while under_way.join_next().await.is_some() {}
        })
    }

    async fn work(&self, period: Duration, stop: &CancellationToken, under_way: &mut JoinSet<Outcome>) {
        let mut turns = Turns::of("nobody can be told what has changed");
        while !stop.is_cancelled() {
            while under_way.try_join_next().is_some() {}
            let free = AT_A_TIME.saturating_sub(under_way.len());
            let claimed = turns.turn(self.claim(free)).await.unwrap_or_default();
            let all_hands = claimed.len() == free;
            for errand in claimed {
                let relay = self.clone();
                under_way.spawn(async move { relay.run(errand).await });
            }
            if all_hands {
                // there is more to do than hands to do it
                under_way.join_next().await;
            } else {
                // not in the middle of claiming: what is claimed and not begun would wait for its lease
                stop.run_until_cancelled(tokio::time::sleep(turns.pause(period))).await;
            }
        }
    }

    async fn claim(&self, limit: usize) -> Result<Vec<Errand>> {
        self.vault.settle().await?;
        let lease = self.outgoing.patience().saturating_mul(2).saturating_add(MARGIN);
        self.vault.claim_notices(limit, TimeDelta::from_std(lease).unwrap_or(TimeDelta::MAX)).await
    }

    /// Whatever goes wrong here is tried again when the lease has lapsed.
    async fn run(&self, errand: Errand) -> Outcome {
        self.tell(errand).await.unwrap_or_else(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(subscription = %errand.id.0, %error, cause, "a notification was left to another try");
            Outcome::Failed
        })
    }

    async fn tell(&self, errand: Errand) -> Result<Outcome> {
        let Some(notice) = self.vault.notice(errand).await? else { return Ok(Outcome::Silent) };
        let Ok(target) = self.outgoing.admit(&notice.subscription.notification_url) else {
            tracing::info!(subscription = %errand.id.0, "a notification is dropped: its host is not listed any more");
            self.vault.told(errand).await?;
            return Ok(Outcome::Silent);
        };
        let body = (self.words)(notice).await?;
        let sent = self.outgoing.tell(&target, body).await;
        if sent.as_ref().is_ok_and(StatusCode::is_success) {
            self.vault.told(errand).await?;
            tracing::debug!(subscription = %errand.id.0, "a subscriber was told of changes");
            return Ok(Outcome::Told);
        }
        let is_tried_again = self.vault.not_told(errand).await?;
        let what = sent.map_or_else(|failure| failure.to_string(), |status| format!("answered {}", status.as_u16()));
        tracing::debug!(subscription = %errand.id.0, what, is_tried_again, "a subscriber could not be told of changes");
        Ok(Outcome::Failed)
    }
}
