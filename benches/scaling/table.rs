//! What the rounds came to at each size, as a table for people, as CSV and as a plot. A size is compared with the smallest one
//! round by round, as they alternated.

use std::{fmt::Write as _, path::Path, time::Duration};

use anyhow::{Context, Result};
use plotters::prelude::*;

use crate::common::{
    figures::{median, number, percentile},
    load::Round,
};

/// How much longer the slowest of a hundred may take than at the smallest size, and how much longer it should.
const MUST: f64 = 1.5;
const AIM: f64 = 1.2;

/// What one round came to.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Operations per second.
    pub rate: f64,
    /// The time that half of them took at most, in milliseconds.
    pub p50: f64,
    /// The time that 99 of a hundred took at most, in milliseconds.
    pub p99: f64,
    /// Processor time of server and Postgres together for one, in microseconds.
    pub processor: f64,
}

impl Figures {
    /// Counts a round, for which so much processor time was used.
    pub fn of(mut round: Round, used: Duration) -> Result<Self> {
        let mut time = |percent| percentile(&mut round.micros, percent).context("nothing was done in a round");
        let (p50, p99) = (time(50)?, time(99)?);
        #[expect(clippy::cast_precision_loss, reason = "a mean")]
        let processor = used.as_secs_f64() * 1e6 / round.done as f64;
        Ok(Self { rate: round.rate(), p50, p99, processor })
    }
}

/// The rounds at one size.
#[derive(Clone, Debug)]
pub struct At {
    /// The size.
    pub files: u32,
    /// Its rounds, in their order.
    pub rounds: Vec<Figures>,
}

impl At {
    fn median(&self, of: fn(&Figures) -> f64) -> f64 {
        let figures: Vec<f64> = self.rounds.iter().map(of).collect();
        median(&figures)
    }

    /// How many times as much as there: the median of what neighbouring rounds say.
    fn times(&self, there: &At, of: fn(&Figures) -> f64) -> f64 {
        let ratios: Vec<f64> =
            self.rounds.iter().zip(&there.rounds).map(|(here, there)| of(here) / of(there)).collect();
        median(&ratios)
    }
}

/// One operation at all sizes, the smallest first.
#[derive(Clone, Debug)]
pub struct Line {
    /// What was done.
    pub work: &'static str,
    /// How it went.
    pub sizes: Vec<At>,
}

fn verdict(times: f64) -> &'static str {
    match (times <= MUST, times <= AIM) {
        (_, true) => "aim",
        (true, false) => "must",
        (false, false) => "missed",
    }
}

/// The table for people, in Markdown.
pub fn markdown(lines: &[Line]) -> String {
    let mut text = String::from(
        "| Work | Files | /s | p50 ms | p99 ms | Processor µs | p50 × | p99 × | |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for line in lines {
        text.push_str(&rows(line));
    }
    let _ = writeln!(text, "\nThe p99 × must be {MUST} at most; {AIM} is aimed at.");
    text
}

/// The lines of the table for one operation: medians of its rounds.
pub fn rows(line: &Line) -> String {
    let mut text = String::new();
    for (place, at) in line.sizes.iter().enumerate() {
        let compared = match line.sizes.first().filter(|_| place > 0) {
            Some(smallest) => {
                let (p50, p99) = (at.times(smallest, |round| round.p50), at.times(smallest, |round| round.p99));
                format!("{p50:.2} | **{p99:.2}** | {}", verdict(p99))
            }
            None => "| |".to_owned(),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {:.0} | {compared} |",
            line.work,
            at.files,
            number(at.median(|round| round.rate)),
            number(at.median(|round| round.p50)),
            number(at.median(|round| round.p99)),
            at.median(|round| round.processor),
        );
    }
    text
}

/// Every round, for whoever wants to count again.
pub fn csv(lines: &[Line]) -> String {
    let mut text = String::from("work,files,round,rate,p50_ms,p99_ms,processor_us\n");
    for line in lines {
        for at in &line.sizes {
            for (round, figures) in at.rounds.iter().enumerate() {
                let Figures { rate, p50, p99, processor } = figures;
                let _ = writeln!(
                    text,
                    "\"{}\",{},{},{rate:.1},{p50:.3},{p99:.3},{processor:.1}",
                    line.work,
                    at.files,
                    round + 1
                );
            }
        }
    }
    text
}

/// The page of the plot, and on it the field of the lines; the room to the right is for their names.
const PAGE: (u32, u32) = (1100, 680);
const LEFT: i32 = 70;
const RIGHT: i32 = 720;
const TOP: i32 = 50;
const BOTTOM: i32 = 630;
/// Of a name.
const HEIGHT: i32 = 18;

/// The p99 over the size, both by their powers of ten: what costs the same at all sizes is level.
pub fn plot(lines: &[Line], file: &Path) -> Result<()> {
    let curves: Vec<Vec<(f64, f64)>> = lines.iter().map(curve).collect();
    let (x, y) =
        (span(curves.iter().flatten().map(|point| point.0)), span(curves.iter().flatten().map(|point| point.1)));
    let y = (y.0.floor(), y.1.ceil());
    let place = |point: &(f64, f64)| (between(point.0, x, (LEFT, RIGHT)), between(point.1, y, (BOTTOM, TOP)));

    let area = SVGBackend::new(file, PAGE).into_drawing_area();
    area.fill(&WHITE)?;
    let words = ("sans-serif", 14).into_font();
    let grey = RGBColor(200, 200, 200);
    area.draw(&Text::new("p99 in milliseconds over the number of files", (LEFT, 20), words.clone()))?;
    let mut power = y.0;
    while power <= y.1 {
        let height = between(power, y, (BOTTOM, TOP));
        area.draw(&PathElement::new([(LEFT, height), (RIGHT, height)], grey.stroke_width(1)))?;
        area.draw(&Text::new(format!("{}", 10_f64.powf(power)), (10, height - 7), words.clone()))?;
        power += 1.0;
    }
    for at in lines.first().into_iter().flat_map(|line| &line.sizes) {
        let across = between(f64::from(at.files).log10(), x, (LEFT, RIGHT));
        area.draw(&PathElement::new([(across, TOP), (across, BOTTOM)], grey.stroke_width(1)))?;
        area.draw(&Text::new(at.files.to_string(), (across - 24, BOTTOM + 10), words.clone()))?;
    }

    let mut names: Vec<(i32, usize)> = curves
        .iter()
        .enumerate()
        .filter_map(|(number, curve)| curve.last().map(|end| (place(end).1, number)))
        .collect();
    names.sort_unstable();
    let mut free = 0_i32;
    for (end, number) in names {
        let (Some(line), Some(curve)) = (lines.get(number), curves.get(number)) else { continue };
        let hue = f64::from(u32::try_from(number)?) / f64::from(u32::try_from(curves.len())?);
        let colour = HSLColor(hue, 0.7, 0.4);
        let points: Vec<(i32, i32)> = curve.iter().map(place).collect();
        for point in &points {
            area.draw(&Circle::new(*point, 3, colour.filled()))?;
        }
        area.draw(&PathElement::new(points, colour.stroke_width(2)))?;
        // beside the end of its line, or below the name before
        let top = free.max(end - HEIGHT / 2);
        free = top + HEIGHT;
        area.draw(&Rectangle::new([(RIGHT + 12, top + 3), (RIGHT + 24, top + 13)], colour.filled()))?;
        area.draw(&Text::new(line.work, (RIGHT + 32, top), words.clone()))?;
    }
    area.present()?;
    Ok(())
}

/// A line's points, as powers of ten.
fn curve(line: &Line) -> Vec<(f64, f64)> {
    let power = |value: f64| value.max(0.001).log10();
    line.sizes.iter().map(|at| (power(f64::from(at.files)), power(at.median(|round| round.p99)))).collect()
}

/// The lowest and the highest, never the same.
fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low < high { (low, high) } else { (low - 0.5, low + 0.5) }
}

/// Where a value lies on the page, from one end of its span to the other.
fn between(value: f64, (low, high): (f64, f64), (from, to): (i32, i32)) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "a place on a page")]
    let offset = (f64::from(to - from) * (value - low) / (high - low)) as i32;
    from + offset
}
