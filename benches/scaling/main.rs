//! What it costs to be large: each hot operation over worlds of 10⁴, 10⁵ and 10⁶ files, each in a database and under a server
//! of its own, in rounds that alternate, so that a noisy machine is noisy for all. The largest has 10⁷ events and 10⁵ files that
//! are checked out, the others as many for each of their files. `cargo bench --bench scaling` runs everything; `-- --help` says
//! more. It takes some 20 minutes and 12 GB in the temporary folder, most of them for making the largest world.
#![expect(clippy::print_stdout, reason = "its table is what it is for")]
#![expect(clippy::disallowed_methods, reason = "a bench finds its programs where its caller's environment says")]

#[path = "../common/mod.rs"]
mod common;
mod grow;
mod hot;
mod table;

use std::{fmt::Write as _, fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::Parser;

use self::{
    common::{
        house::{self, Cluster, OTHER, Server, USER, World},
        load::{self, Script},
        usage,
        works::{self, Caller},
    },
    grow::{Grown, Size},
    hot::Work,
    table::{At, Figures, Line},
};

/// Measure the server over worlds of several sizes.
#[derive(Parser)]
struct Options {
    /// Sizes in files, rising; the first is what the others are compared with
    #[arg(long, value_delimiter = ',', default_values_t = [10_000_u32, 100_000, 1_000_000])]
    files: Vec<u32>,
    /// Events at the largest size
    #[arg(long, default_value_t = 10_000_000)]
    events: u32,
    /// Files that are checked out at the largest size
    #[arg(long, default_value_t = 100_000)]
    held: u32,
    /// Rounds at each size; they alternate
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each round
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Connections, each with files of its own
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Only works whose name holds one of these
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Where the table, the CSV and the plot go; when not given, they are only printed
    #[arg(long)]
    out: Option<PathBuf>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// One size: a database that was made so large, and a server over it.
pub struct Side {
    size: Size,
    server: Server,
    world: World,
    caller: Caller,
    other: Caller,
    places: Vec<grow::Place>,
    /// Oracle's id of the library's root folder.
    root: String,
}

/// Everything that runs while it is measured; ended in this order.
struct Bench {
    options: Options,
    sides: Vec<Side>,
    cluster: Cluster,
    _folder: tempfile::TempDir,
    lines: Vec<Line>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    let out = options.out.clone();
    let mut bench = Bench::start(options).await?;
    for work in hot::ALL {
        if bench.wants(work.name()) {
            bench.measure(work).await.with_context(|| format!("measuring {:?}", work.name()))?;
        }
    }
    ensure!(!bench.lines.is_empty(), "nothing is called like that");
    let text = bench.text()?;
    println!("\n{text}");
    if let Some(out) = out {
        fs::create_dir_all(&out)?;
        fs::write(out.join("scaling.md"), text)?;
        fs::write(out.join("scaling.csv"), table::csv(&bench.lines))?;
        table::plot(&bench.lines, &out.join("scaling.svg"))?;
        println!("Written to {}.", out.display());
    }
    Ok(())
}

impl Side {
    async fn start(size: Size, server: Server, world: World, grown: Grown) -> Result<Self> {
        let caller = Caller::sign_in(server.address, USER, &world.token).await?;
        let other = Caller::sign_in(server.address, OTHER, &world.other_token).await?;
        Ok(Self { size, server, world, caller, other, places: grown.places, root: grown.root })
    }
}

impl Bench {
    /// Makes all worlds, and only then starts the servers.
    async fn start(options: Options) -> Result<Self> {
        let sizes = Size::all(&options.files, options.events, options.held)?;
        ensure!((1..=64).contains(&options.connections), "1 to 64 connections");
        ensure!(options.rounds > 0 && options.seconds > 0, "at least one round of one second");
        let folder = house::folder()?;
        let cluster = Cluster::start(folder.path()).await?;
        grow::hurry(&cluster).await?;
        let mut made = Vec::new();
        for size in sizes {
            println!("{} files", size.files);
            let place = folder.path().join(size.files.to_string());
            fs::create_dir_all(&place)?;
            let database = cluster.create(&format!("files_{}", size.files)).await?;
            let world = World::make(&place, &database)?;
            let grown = grow::grow(&database, size).await?;
            made.push((size, place, database, world, grown));
        }
        grow::calm(&cluster).await?;
        let mut sides = Vec::new();
        for (size, place, database, world, grown) in made {
            let server = Server::start(&place, &database)?;
            sides.push(Side::start(size, server, world, grown).await?);
        }
        Ok(Self { options, sides, cluster, _folder: folder, lines: Vec::new() })
    }

    fn wants(&self, work: &str) -> bool {
        let only = &self.options.only;
        only.is_empty() || only.iter().any(|part| work.to_lowercase().contains(&part.to_lowercase()))
    }

    fn time(&self) -> Duration {
        Duration::from_secs(self.options.seconds)
    }

    /// One operation at all sizes in turn, again and again; after one round of each that does not count.
    async fn measure(&mut self, work: Work) -> Result<()> {
        let connections = self.options.connections;
        let mut scripts = Vec::with_capacity(self.sides.len());
        for side in &self.sides {
            let own = work.scripts(side, connections).await?;
            load::run(side.server.address, &own, self.time()).await?;
            scripts.push(own);
        }
        let at = |side: &Side| At { files: side.size.files, rounds: Vec::new() };
        let mut line = Line { work: work.name(), sizes: self.sides.iter().map(at).collect() };
        for _ in 0..self.options.rounds {
            for ((side, own), at) in self.sides.iter().zip(&mut scripts).zip(&mut line.sizes) {
                if work.is_made_anew() {
                    *own = work.scripts(side, connections).await?;
                }
                at.rounds.push(self.round(side, own).await?);
            }
        }
        print!("{}", table::rows(&line));
        self.lines.push(line);
        Ok(())
    }

    async fn round(&self, side: &Side, scripts: &[Vec<Script>]) -> Result<Figures> {
        // the rounds of the others have taken what this one had in Postgres's memory
        load::run(side.server.address, scripts, self.time() / 4).await?;
        let before = self.used(side)?;
        let round = load::run(side.server.address, scripts, self.time()).await?;
        let used = self.used(side)?.saturating_sub(before);
        // beside the load everything must be as it should
        let file = side.world.files.first().context("no files")?;
        let proof = works::proof(&side.world, &side.caller, &side.other, file);
        load::once(side.server.address, &[proof]).await.context("a round does not count")?;
        Figures::of(round, used)
    }

    /// Processor time of a server and of Postgres.
    fn used(&self, side: &Side) -> Result<Duration> {
        Ok(usage::of_family(side.server.process())? + usage::of_family(self.cluster.postmaster()?)?)
    }

    /// The table, and what the servers have needed beside time.
    fn text(&self) -> Result<String> {
        let mut text = table::markdown(&self.lines);
        text.push_str("\nPeak memory of the servers:");
        for side in &self.sides {
            let memory = usage::peak_memory(side.server.process())?;
            let _ = write!(text, " {memory:.0} MiB over {} files,", side.size.files);
        }
        text.truncate(text.trim_end_matches(',').len());
        text.push_str(".\n");
        Ok(text)
    }
}
