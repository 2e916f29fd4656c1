//! Counting instructions: valgrind runs this program once more for each bench, and needs no counters that a container has not.

use std::{env, process::Command};

use anyhow::{Context, Result, ensure};

use super::{Bench, world};

/// The argument that makes this program do one thing so often, and nothing else: group, name and times follow.
pub const RUN: &str = "--run";

/// So often at least: where several take turns, each has as many as the others.
const FEW: u64 = world::ALIKE as u64;

/// What takes no more than this is done more often.
const CHEAP: u64 = 100_000;

/// Prints a table of all of them.
pub fn count_all(benches: &[Bench]) -> Result<()> {
    println!("| what | instructions |\n|---|---:|");
    for bench in benches {
        println!("| {}: {} | {} |", bench.group, bench.name, count(bench)?);
    }
    Ok(())
}

/// The difference of two runs: what starts the program, and what is done the first time only, is in both.
fn count(bench: &Bench) -> Result<u64> {
    let few = total(bench, FEW)?;
    let each = |many: u64| Ok(total(bench, many)?.saturating_sub(few) / (many - FEW));
    match each(2 * FEW) {
        Ok(cheap) if cheap <= CHEAP => each(33 * FEW),
        other => other,
    }
}

fn total(bench: &Bench, times: u64) -> Result<u64> {
    let valgrind = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"];
    let out = Command::new("valgrind")
        .args(valgrind)
        .arg(env::current_exe()?)
        .args([RUN, bench.group, bench.name, &format!("{times:05}")])
        .output()
        .context("instructions are counted by valgrind, which cannot be run: install it")?;
    let said = String::from_utf8_lossy(&out.stderr);
    ensure!(out.status.success(), "valgrind has failed: {said}");
    said.lines().find_map(counted).with_context(|| format!("valgrind has counted nothing: {said}"))
}

/// The number in `==7== I   refs:      1,234`.
fn counted(line: &str) -> Option<u64> {
    let (what, number) = line.rsplit_once("== ")?.1.split_once(':')?;
    let is_it = what.split_whitespace().eq(["I", "refs"]);
    is_it.then(|| number.replace(',', "").trim().parse().ok()).flatten()
}

/// Does one of them so often.
pub fn run(benches: &[Bench], group: &str, name: &str, times: &str) -> Result<()> {
    let bench = benches.iter().find(|bench| (bench.group, bench.name) == (group, name)).context("no such bench")?;
    for _ in 0..times.parse::<u64>()? {
        (bench.run)();
    }
    Ok(())
}
