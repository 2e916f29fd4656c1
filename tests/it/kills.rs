//! A server killed under load, again and again: what was acknowledged is there, and nobody holds twice.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use coatcheck::{
    domain::{actor::Role, clock::Clock, id::ItemKey, item::Item, person::License},
    embedded,
    vault::Vault,
};
use rustix::process::test_kill_process;

use super::support::{
    database::DurableFolder,
    process::{Process, postmaster},
    server,
    world::{self, Somebody, World},
};

const KILLS: usize = 20;
const WORKERS: usize = 6;

/// A vault of our own beside the running server, to build with and to look with.
async fn beside(data: &Path) -> Vault {
    let address = embedded::running(data).unwrap().expect("the server's Postgres runs");
    server::open_vault(&address.url("coatcheck"), &data.join("content"), Clock::Database, &server::config(&[])).await
}

/// One person with a file of their own, and what the server has acknowledged so far.
struct Worker {
    who: Somebody,
    file: Item,
    /// Check-ins acknowledged, and whether one more was asked for without an answer.
    checked_in: usize,
    checking_in: bool,
    /// What was acknowledged last of the own file's lock; `None`: asked for without an answer.
    holds: Option<bool>,
    /// The same of the file everybody wants.
    holds_common: Option<bool>,
}

/// What to ask the server; every answer but a success is a refusal, no answer at all is the kill.
struct Graph {
    http: reqwest::Client,
    base: String,
    drive: String,
}

impl Graph {
    async fn act(&self, who: &Somebody, file: &Item, verb: &str) -> Option<bool> {
        let url = format!("{}/v1.0/drives/{}/items/{}/{verb}", self.base, self.drive, file.graph_id);
        let answer = self.http.post(url).bearer_auth(&who.token).send().await.ok()?;
        answer.status().is_success().then_some(true).or((answer.status().as_u16() == 423).then_some(false))
    }

    async fn upload(&self, who: &Somebody, file: &Item, text: String) -> Option<bool> {
        let url = format!("{}/v1.0/drives/{}/items/{}/content", self.base, self.drive, file.graph_id);
        let answer = self.http.put(url).bearer_auth(&who.token).body(text).send().await.ok()?;
        answer.status().is_success().then_some(true)
    }
}

/// Large enough to lie in the content store, not in the row.
fn text_of(who: &Somebody, edition: usize) -> String {
    format!("{} {edition}\n", who.person.login).repeat(3000)
}

impl Worker {
    /// Works until the server no longer answers. Stops at the first silence, so that at most one act is in doubt.
    /// Every check-in that was acknowledged is counted in `acknowledged`.
    async fn work(
        &mut self,
        graph: &Graph,
        common: &Item,
        killed: &AtomicBool,
        acknowledged: &AtomicUsize,
    ) -> Option<()> {
        while !killed.load(Ordering::SeqCst) {
            self.holds = None;
            graph.act(&self.who, &self.file, "checkout").await?;
            self.holds = Some(true);
            graph.upload(&self.who, &self.file, text_of(&self.who, self.checked_in + 2)).await?;
            (self.holds, self.checking_in) = (None, true);
            graph.act(&self.who, &self.file, "checkin").await?;
            (self.holds, self.checking_in) = (Some(false), false);
            self.checked_in += 1;
            acknowledged.fetch_add(1, Ordering::SeqCst);

            let before = self.holds_common.replace(false);
            assert_eq!(before, Some(false));
            self.holds_common = None;
            let taken = graph.act(&self.who, common, "checkout").await?;
            self.holds_common = Some(taken);
            if taken {
                self.holds_common = None;
                graph.act(&self.who, common, "discardCheckout").await?;
                self.holds_common = Some(false);
            }
        }
        Some(())
    }

    /// Compares what was acknowledged with what is there, and learns what became of the act in doubt.
    async fn check(&mut self, vault: &Vault, world: &World) {
        let dora = world::actor(vault, &world.dora).await;
        let look = vault.look(&dora, &ItemKey::Id(self.file.id)).await.unwrap();
        let edition = &look.file().unwrap().edition;
        let made = usize::try_from(edition.ordinal).unwrap() - 1;
        let possible = self.checked_in..=self.checked_in + usize::from(self.checking_in);
        assert!(
            possible.contains(&made),
            "{}: {made} check-ins are there, {possible:?} were acknowledged",
            self.who.person.login
        );
        if made > 0 {
            let download = vault.download(&dora, &look, edition).await.unwrap();
            let bytes: Vec<bytes::Bytes> = {
                use futures_util::TryStreamExt;
                vault.open_bytes(&download.content, None).await.unwrap().into_stream().try_collect().await.unwrap()
            };
            assert!(bytes.concat() == text_of(&self.who, made + 1).as_bytes(), "edition {} has other bytes", made + 1);
        }
        let held = look.item().is_held_by(Some(self.who.person.id));
        assert!(
            self.holds.is_none_or(|holds| holds == held),
            "{}: holds {held}, not {:?}",
            self.who.person.login,
            self.holds
        );
        self.checked_in = made;
        self.checking_in = false;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_lose_nothing_that_was_acknowledged_and_leave_no_postgres_behind() {
    let folder = DurableFolder::new();
    let data = folder.path().join("data");
    let mut process = Process::start(&data, &[]);
    let vault = beside(&data).await;
    let world = world::build(&vault).await;
    let mut workers = Vec::new();
    for n in 0..WORKERS {
        let who =
            world::member(&vault, &world.library, &format!("worker{n}"), License::Full, Some(Role::Contributor)).await;
        let file = world::file(&vault, &who, &world.library, &format!("worker{n}.txt"), "first").await;
        let worker =
            Worker { who, file, checked_in: 0, checking_in: false, holds: Some(false), holds_common: Some(false) };
        workers.push(worker);
    }
    drop(vault);

    for round in 0..KILLS {
        let graph = Graph { http: server::client(), base: process.base.clone(), drive: world.library.graph_id.clone() };
        let (graph, common, killed) = (Arc::new(graph), Arc::new(world.file.clone()), Arc::new(AtomicBool::new(false)));
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let mut load = tokio::task::JoinSet::new();
        for mut worker in std::mem::take(&mut workers) {
            let (graph, common, killed) = (graph.clone(), common.clone(), killed.clone());
            let acknowledged = acknowledged.clone();
            load.spawn(async move {
                worker.work(&graph, &common, &killed, &acknowledged).await;
                worker
            });
        }
        // a different moment each time
        tokio::time::sleep(Duration::from_millis(60 + 23 * u64::try_from(round).unwrap())).await;
        // and under load, however slow the machine is
        let patience = std::time::Instant::now() + Duration::from_secs(30);
        while acknowledged.load(Ordering::SeqCst) < 2 && std::time::Instant::now() < patience {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let postgres = postmaster(&data).expect("it runs");
        if round % 4 == 3 {
            process.kill_with_database();
        } else {
            process.kill();
        }
        killed.store(true, Ordering::SeqCst);
        workers = load.join_all().await;

        process = Process::start(&data, &[]);
        assert!(
            test_kill_process(postgres).is_err() || postmaster(&data) == Some(postgres),
            "the old Postgres still runs"
        );
        let vault = beside(&data).await;
        for worker in &mut workers {
            worker.check(&vault, &world).await;
        }
        // whoever was told that the common file is theirs has it; at most one in doubt may
        let now = world::now(&vault, &world, &world.file).await;
        let holder = now.lock().map(|lock| lock.holder.id);
        for worker in &mut workers {
            let held = holder == Some(worker.who.person.id);
            assert!(
                worker.holds_common.is_none_or(|holds| holds == held),
                "{}: {:?}",
                worker.who.person.login,
                worker.holds_common
            );
        }
        // begin anew from what is known
        let graph = Graph { http: server::client(), base: process.base.clone(), drive: world.library.graph_id.clone() };
        for worker in &mut workers {
            if holder == Some(worker.who.person.id) {
                assert_eq!(graph.act(&worker.who, &world.file, "discardCheckout").await, Some(true));
            }
            (worker.holds, worker.holds_common) = (Some(false), Some(false));
        }
    }
    assert!(workers.iter().map(|worker| worker.checked_in).sum::<usize>() > KILLS, "there was load");

    let postgres = postmaster(&data).expect("it runs");
    assert!(process.stop(), "it stops in order");
    assert!(test_kill_process(postgres).is_err(), "no Postgres is left behind");
    assert_eq!(embedded::running(&data).unwrap(), None);
}
