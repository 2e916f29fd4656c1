//! Ours beside what users would pick instead, in the same run: each round measures one after the other, so that a noisy
//! machine is noisy for both. `cargo bench --bench versus` runs everything and writes docs/bench; `-- --help` says more.
#![expect(clippy::print_stdout, reason = "its table is what it is for")]
#![expect(clippy::disallowed_methods, reason = "a bench finds its programs where its caller's environment says")]

mod cold;
#[path = "../common/mod.rs"]
mod common;
mod contents;
mod pgbench;
mod table;
mod web;

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use clap::Parser;
use sqlx::{Connection, PgConnection};

use self::{
    common::{
        figures,
        house::{self, Cluster, File, OTHER, Server, USER, World},
        load::{self, Answer, Script, Step},
        usage,
        works::{self, Caller, Room},
    },
    pgbench::{Pgbench, Work},
    table::{Goal, Line},
};

/// Measure the server beside pgbench, nginx and Subversion.
#[derive(Parser)]
struct Options {
    /// Rounds of each; they alternate
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each round
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Only works whose name holds this, or one of these when given more than once
    #[arg(long)]
    only: Vec<String>,
    /// Where the table, the CSV and the plot go; when not given, they are only printed
    #[arg(long)]
    out: Option<PathBuf>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// Everything that runs while it is measured; ended in this order.
struct Bench {
    options: Options,
    server: Server,
    cluster: Cluster,
    folder: tempfile::TempDir,
    world: World,
    /// Graph's id of the folder that is listed.
    listed: String,
    caller: Caller,
    other: Caller,
    pgbench: Pgbench,
    lines: Vec<Line>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    let out = options.out.clone();
    let mut bench = Bench::start(options).await?;
    bench.cold_start()?;
    bench.pairs().await?;
    bench.rooms().await?;
    bench.subversion().await?;
    bench.reads().await?;
    bench.check_ins().await?;
    bench.downloads().await?;
    bench.uploads().await?;
    bench.memory().await?;
    let text = table::markdown(&bench.lines);
    println!("\n{text}");
    if let Some(out) = out {
        fs::create_dir_all(&out)?;
        fs::write(out.join("versus.md"), text)?;
        fs::write(out.join("versus.csv"), table::csv(&bench.lines))?;
        table::plot(&bench.lines, &out.join("versus.svg"))?;
        println!("Written to {}.", out.display());
    }
    Ok(())
}

impl Bench {
    async fn start(options: Options) -> Result<Self> {
        let folder = house::folder()?;
        let cluster = Cluster::start(folder.path()).await?;
        let pgbench = Pgbench::prepare(cluster.postmaster()?, folder.path(), &cluster.create("anchor").await?).await?;
        let ours = cluster.create("ours").await?;
        let world = World::make(folder.path(), &ours)?;
        // as the anchor's tables are
        analyze(&ours).await?;
        let server = Server::start(folder.path(), &ours)?;
        let caller = Caller::sign_in(server.address, USER, &world.token).await?;
        let other = Caller::sign_in(server.address, OTHER, &world.other_token).await?;
        let listed = contents::graph_id(server.address, &world, &caller, "Hundred").await?;
        Ok(Self { options, folder, cluster, server, world, listed, caller, other, pgbench, lines: Vec::new() })
    }

    fn time(&self) -> Duration {
        Duration::from_secs(self.options.seconds)
    }

    fn wants(&self, work: &str) -> bool {
        let only = &self.options.only;
        only.is_empty() || only.iter().any(|part| work.to_lowercase().contains(&part.to_lowercase()))
    }

    fn add(&mut self, line: Line) {
        println!("{}", table::markdown(std::slice::from_ref(&line)).lines().nth(2).unwrap_or_default());
        self.lines.push(line);
    }

    async fn ours(&self, scripts: &[Script]) -> Result<load::Round> {
        let round = load::run(self.server.address, scripts, self.time()).await?;
        // beside the load everything must be as it should
        let file = self.world.files.first().context("no files")?;
        let proof = works::proof(&self.world, &self.caller, &self.other, file);
        load::once(self.server.address, &[proof]).await.context("a round does not count")?;
        Ok(round)
    }

    /// One work of ours beside one of pgbench's.
    async fn beside_pgbench(
        &self,
        name: &str,
        unit: &'static str,
        scripts: &[Script],
        work: Work,
        goal: Goal,
    ) -> Result<Line> {
        let mut line = Line::new(name, "pgbench", unit, goal);
        let mut micros = Vec::new();
        for _ in 0..self.options.rounds {
            let ours = self.ours(scripts).await?;
            line.ours.push(ours.rate());
            micros.extend(ours.micros);
            line.theirs.push(self.pgbench.run(work, scripts.len(), self.time()).await?.rate);
        }
        line.p99 = figures::percentile(&mut micros, 99);
        Ok(line)
    }

    fn cold_start(&mut self) -> Result<()> {
        if !self.wants("cold start") {
            return Ok(());
        }
        let mut line = Line::new("cold start to first answer, database there", "", "s", Goal::Limit(2.0, 0.7));
        let place = self.folder.path().join("cold");
        for _ in 0..self.options.rounds {
            line.ours.push(cold::start(&place, &self.cluster.url("ours"))?.as_secs_f64());
        }
        self.add(line);
        Ok(())
    }

    async fn pairs(&mut self) -> Result<()> {
        for (connections, must, aim) in [(64, 1.5, 3.0), (8, 0.7, 1.2), (1, 0.4, 0.65)] {
            let name = format!("check out + cancel, Graph, {connections}");
            if self.wants(&name) {
                let scripts =
                    each(&self.world, connections, |file| works::pair(Room::Graph, &self.world, &self.caller, file));
                let line =
                    self.beside_pgbench(&name, "pairs/s", &scripts, Work::Pairs, Goal::AtLeast(must, aim)).await?;
                self.add(line);
            }
        }
        if self.wants("processor time") {
            self.processor_time().await?;
        }
        Ok(())
    }

    /// Server and Postgres together for one pair, beside Postgres alone for one of pgbench's.
    async fn processor_time(&mut self) -> Result<()> {
        let mut line = Line::new("processor time of a pair, 64", "pgbench's Postgres", "µs", Goal::AtMost(0.6, 0.25));
        let scripts = each(&self.world, 64, |file| works::pair(Room::Graph, &self.world, &self.caller, file));
        let postmaster = self.cluster.postmaster()?;
        for _ in 0..self.options.rounds {
            let used = || anyhow::Ok(usage::of_family(self.server.process())? + usage::of_family(postmaster)?);
            let before = used()?;
            let round = load::run(self.server.address, &scripts, self.time()).await?;
            #[expect(clippy::cast_precision_loss, reason = "a mean")]
            line.ours.push(used()?.saturating_sub(before).as_secs_f64() * 1e6 / round.done as f64);
            let before = usage::of_family(postmaster)?;
            let run = self.pgbench.run(Work::Pairs, 64, self.time()).await?;
            let used = usage::of_family(postmaster)?.saturating_sub(before);
            line.theirs.push(used.as_secs_f64() * 1e6 / run.done);
        }
        self.add(line);
        Ok(())
    }

    /// The other rooms beside Graph's.
    async fn rooms(&mut self) -> Result<()> {
        for room in [Room::Arena, Room::Oracle, Room::Liferay] {
            let name = format!("check out + cancel, {room:?}, 64");
            if !self.wants(&name) {
                continue;
            }
            let scripts = |room| each(&self.world, 64, |file| works::pair(room, &self.world, &self.caller, file));
            let mut line = Line::new(&name, "our Graph", "pairs/s", Goal::AtLeast(0.8, 0.95));
            let mut micros = Vec::new();
            for _ in 0..self.options.rounds {
                let ours = self.ours(&scripts(room)).await?;
                line.ours.push(ours.rate());
                micros.extend(ours.micros);
                line.theirs.push(self.ours(&scripts(Room::Graph)).await?.rate());
            }
            line.p99 = figures::percentile(&mut micros, 99);
            self.add(line);
        }
        Ok(())
    }

    async fn subversion(&mut self) -> Result<()> {
        let name = "check out + cancel beside Subversion, 64";
        if !self.wants(name) {
            return Ok(());
        }
        let Some(svn) = web::svn(&self.place("svn")?, 64)? else {
            println!("LEFT OUT: {name}: Apache with mod_dav_svn is not installed (libapache2-mod-svn, subversion)");
            return Ok(());
        };
        let theirs: Vec<Script> = (0..64).map(web::svn_pair).collect();
        let ours = each(&self.world, 64, |file| works::pair(Room::Graph, &self.world, &self.caller, file));
        let mut line = Line::new(name, "Apache mod_dav_svn", "pairs/s", Goal::AtLeast(5.0, 10.0));
        for _ in 0..self.options.rounds {
            line.ours.push(self.ours(&ours).await?.rate());
            line.theirs.push(load::run(svn.address, &theirs, self.time()).await?.rate());
        }
        self.add(line);
        Ok(())
    }

    async fn reads(&mut self) -> Result<()> {
        for (connections, must, aim) in [(64, 1.0, 1.5), (8, 0.5, 0.8), (1, 0.35, 0.5)] {
            let name = format!("get item, {connections}");
            if self.wants(&name) {
                let scripts = each(&self.world, connections, |file| works::get(&self.world, &self.caller, file));
                let line = self.beside_pgbench(&name, "items/s", &scripts, Work::Get, Goal::AtLeast(must, aim)).await?;
                self.add(line);
            }
        }
        let name = "list a folder of 100, 64";
        if self.wants(name) {
            let scripts =
                each(&self.world, 64, |_| works::list(&self.world, &self.caller, &self.listed, ["l0.txt", "l99.txt"]));
            let line = self.beside_pgbench(name, "lists/s", &scripts, Work::List, Goal::AtLeast(0.6, 1.5)).await?;
            self.add(line);
        }
        Ok(())
    }

    async fn check_ins(&mut self) -> Result<()> {
        let name = "check out + check in of 1 KiB, 64";
        if self.wants(name) {
            let scripts = each(&self.world, 64, |file| works::check_in(&self.caller, file));
            let line = self.beside_pgbench(name, "pairs/s", &scripts, Work::CheckIns, Goal::AtLeast(1.2, 3.0)).await?;
            self.add(line);
        }
        Ok(())
    }

    async fn downloads(&mut self) -> Result<()> {
        let place = self.place("nginx-down")?;
        let Some(nginx) = web::nginx(&place)? else {
            println!("LEFT OUT: downloads: nginx is not installed");
            return Ok(());
        };
        for (size, words, connections, must, aim) in
            [(1024, "1 KiB", 64, 0.5, 0.85), (1 << 20, "1 MiB", 16, 1.0, 1.8), (100 << 20, "100 MiB", 4, 0.85, 1.0)]
        {
            let name = format!("download {words}");
            if !self.wants(&name) {
                continue;
            }
            let bytes = content(size);
            let file = format!("down-{size}.bin");
            contents::put(self.server.address, &self.world, &self.caller, &file, bytes.clone()).await?;
            fs::write(place.join("files").join(&file), &bytes)?;
            let step = contents::download(self.server.address, &self.world, &self.caller, &file, bytes.clone()).await?;
            let ours = vec![Script(vec![step]); connections];
            let step = Step::new("GET", &format!("/files/{file}"), &[], Answer::Bytes(bytes));
            let theirs = vec![Script(vec![step]); connections];
            let line = self.beside_web(&name, &ours, nginx.address, &theirs, Goal::AtLeast(must, aim)).await?;
            self.add(line);
        }
        Ok(())
    }

    async fn uploads(&mut self) -> Result<()> {
        let place = self.place("nginx-up")?;
        let Some(nginx) = web::nginx(&place)? else {
            println!("LEFT OUT: uploads: nginx is not installed");
            return Ok(());
        };
        for (size, words, connections, must, aim) in
            [(1 << 20, "1 MiB", 16, 0.5, 0.8), (100 << 20, "100 MiB", 4, 0.85, 1.3)]
        {
            let name = format!("upload {words}");
            if !self.wants(&name) {
                continue;
            }
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for number in 0..connections {
                let file = format!("up-{size}-{number}.bin");
                // bytes of its own for each, or all of them would be one content
                let bytes = content(size + number);
                contents::put(self.server.address, &self.world, &self.caller, &file, bytes.clone()).await?;
                ours.push(Script(vec![contents::upload(&self.world, &self.caller, &file, bytes.clone(), 200)]));
                let path = format!("/uploads/{file}");
                let first = Step::with_body("PUT", &path, &[], Some(bytes.clone()), Answer::Status(201));
                load::once(nginx.address, &[Script(vec![first])]).await?;
                theirs.push(Script(vec![Step::with_body("PUT", &path, &[], Some(bytes), Answer::Status(204))]));
            }
            let line = self.beside_web(&name, &ours, nginx.address, &theirs, Goal::AtLeast(must, aim)).await?;
            self.add(line);
        }
        Ok(())
    }

    async fn beside_web(
        &self,
        name: &str,
        ours: &[Script],
        address: SocketAddr,
        theirs: &[Script],
        goal: Goal,
    ) -> Result<Line> {
        let mut line = Line::new(name, "nginx", "/s", goal);
        for _ in 0..self.options.rounds {
            line.ours.push(load::run(self.server.address, ours, self.time()).await?.rate());
            line.theirs.push(load::run(address, theirs, self.time()).await?.rate());
        }
        Ok(line)
    }

    /// Peaks of fresh processes: one that has had small requests only, one with eight large contents up and down at once.
    async fn memory(&mut self) -> Result<()> {
        if !self.wants("peak memory") {
            return Ok(());
        }
        let mut small = Line::new("peak memory, 64 connections of small requests", "", "MiB", Goal::Limit(96.0, 64.0));
        let mut large = Line::new("peak memory, 8 × 100 MiB up and down at once", "", "MiB", Goal::Limit(160.0, 64.0));
        let scripts = each(&self.world, 64, |file| works::pair(Room::Graph, &self.world, &self.caller, file));
        let server = Server::start(self.folder.path(), &self.cluster.url("ours"))?;
        load::run(server.address, &scripts, self.time()).await?;
        small.ours.push(usage::peak_memory(server.process())?);
        drop(server);

        let server = Server::start(self.folder.path(), &self.cluster.url("ours"))?;
        let mut both = Vec::new();
        for number in 0..8 {
            let file = format!("large-{number}.bin");
            let bytes = content((100 << 20) + 64 + number);
            contents::put(server.address, &self.world, &self.caller, &file, bytes.clone()).await?;
            both.push(Script(vec![contents::upload(&self.world, &self.caller, &file, bytes.clone(), 200)]));
            let down = contents::download(server.address, &self.world, &self.caller, &file, bytes).await?;
            both.push(Script(vec![down]));
        }
        load::run(server.address, &both, self.time()).await?;
        large.ours.push(usage::peak_memory(server.process())?);
        self.add(small);
        self.add(large);
        Ok(())
    }

    fn place(&self, name: &str) -> Result<PathBuf> {
        let place = self.folder.path().join(name);
        fs::create_dir_all(&place)?;
        house::open(&place)?;
        Ok(place)
    }
}

impl Line {
    fn new(work: &str, anchor: &str, unit: &'static str, goal: Goal) -> Self {
        let (work, anchor) = (work.to_owned(), anchor.to_owned());
        Self { work, anchor, unit, ours: Vec::new(), theirs: Vec::new(), goal, p99: None }
    }
}

/// Has Postgres look at what is in a database by now, as it does by itself after a minute.
async fn analyze(database: &str) -> Result<()> {
    let mut db = PgConnection::connect(database).await?;
    sqlx::raw_sql("VACUUM ANALYZE").execute(&mut db).await?;
    Ok(db.close().await?)
}

/// What each of so many connections repeats, each over a file of its own.
fn each<'a>(world: &'a World, connections: usize, script: impl Fn(&'a File) -> Script) -> Vec<Script> {
    world.files.iter().cycle().take(connections).map(script).collect()
}

/// Bytes that are no other size's: a counter, so that no two stretches of them are alike.
fn content(size: usize) -> Arc<[u8]> {
    let salt = u64::try_from(size).unwrap_or_default().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let words = (0..u64::MAX).flat_map(|number| (number.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ salt).to_le_bytes());
    words.take(size).collect()
}
