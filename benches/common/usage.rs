//! What processes use: processor time and peak memory, as the kernel counts them.

use std::{collections::HashMap, fs, time::Duration};

use anyhow::{Context, Result};

/// Processor time of a process and of those that it has begun, dead or alive. A tick is 10 ms on every Linux.
pub fn of_family(process: u32) -> Result<Duration> {
    let mut children = HashMap::<u32, Vec<(u32, u64)>>::new();
    let mut own = 0;
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // one that has just ended
        let Some((parent, living, ended)) = stat(id) else { continue };
        if id == process {
            own = living + ended;
        }
        children.entry(parent).or_default().push((id, living + ended));
    }
    let mut ticks = own;
    let mut open = vec![process];
    while let Some(id) = open.pop() {
        for (child, used) in children.get(&id).into_iter().flatten() {
            ticks += used;
            open.push(*child);
        }
    }
    Ok(Duration::from_millis(ticks * 10))
}

/// The parent of a process, its own ticks, and those of children it has waited for.
fn stat(process: u32) -> Option<(u32, u64, u64)> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // the name stands in brackets and may hold anything
    let fields: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
    let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
    let parent = fields.get(1)?.parse().ok()?;
    Some((parent, number(11)? + number(12)?, number(13)? + number(14)?))
}

/// The most memory a process ever held, in MiB.
pub fn peak_memory(process: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).context("the kernel tells no peak")?;
    let kib: f64 = line.split_whitespace().nth(1).context("a peak without a number")?.parse()?;
    Ok(kib / 1024.0)
}
