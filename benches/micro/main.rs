//! What every request does beside the database, each by itself: ids read and written, the permission checker, JSON read and
//! written in each room. `cargo bench --bench micro` says how long it takes; with `-- --instructions` how many instructions,
//! which needs valgrind and is steady on a busy machine, too.
#![expect(clippy::print_stdout, reason = "its table is what it is for")]
#![expect(clippy::expect_used, reason = "a bench that cannot go on has failed")]

mod ids;
mod instructions;
mod json;
mod permission;
mod world;

use std::{env, hint::black_box, time::Duration};

use anyhow::Result;
use criterion::Criterion;

/// Something that is measured.
struct Bench {
    group: &'static str,
    name: &'static str,
    /// Does it once.
    run: Box<dyn Fn()>,
}

impl Bench {
    fn new<T>(group: &'static str, name: &'static str, work: impl Fn() -> T + 'static) -> Self {
        let run = move || {
            black_box(work());
        };
        Self { group, name, run: Box::new(run) }
    }
}

fn main() -> Result<()> {
    let benches: Vec<Bench> = [ids::benches(), permission::benches(), json::benches()].into_iter().flatten().collect();
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--instructions", ..] => instructions::count_all(&benches),
        [instructions::RUN, group, name, times] => instructions::run(&benches, group, name, times),
        _ => {
            time_all(&benches);
            Ok(())
        }
    }
}

fn time_all(benches: &[Bench]) {
    let mut criterion = Criterion::default()
        .without_plots()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for benches in benches.chunk_by(|one, next| one.group == next.group) {
        let mut group = criterion.benchmark_group(benches[0].group);
        for bench in benches {
            group.bench_function(bench.name, |bencher| bencher.iter(|| (bench.run)()));
        }
        group.finish();
    }
    criterion.final_summary();
}
