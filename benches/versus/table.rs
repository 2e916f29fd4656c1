//! What the rounds came to: medians, spreads and ratios, as a table for people, as CSV and as a plot.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::Result;
use plotters::prelude::*;

use crate::common::figures::{median, number};

/// One line: our figure beside an anchor's, from rounds that alternated.
#[derive(Clone, Debug)]
pub struct Line {
    /// What was done.
    pub work: String,
    /// What it is compared with.
    pub anchor: String,
    /// What is counted, such as `pairs/s`.
    pub unit: &'static str,
    /// Ours, round by round.
    pub ours: Vec<f64>,
    /// The anchor's, round by round; empty where a limit stands instead.
    pub theirs: Vec<f64>,
    /// What must be reached, and what is aimed at.
    pub goal: Goal,
    /// The 99th percentile of our time for one, in milliseconds, over all rounds; where it was taken.
    pub p99: Option<f64>,
}

/// What a line is judged by.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// Ours divided by the anchor's, at least.
    AtLeast(f64, f64),
    /// Ours divided by the anchor's, at most.
    AtMost(f64, f64),
    /// Ours itself, at most.
    Limit(f64, f64),
}

impl Line {
    /// What is judged: the median of the ratios of neighbouring rounds, or of ours where there is no anchor.
    pub fn value(&self) -> f64 {
        match self.goal {
            Goal::Limit(..) => median(&self.ours),
            Goal::AtLeast(..) | Goal::AtMost(..) => {
                let ratios: Vec<f64> = self.ours.iter().zip(&self.theirs).map(|(ours, theirs)| ours / theirs).collect();
                median(&ratios)
            }
        }
    }

    /// Whether it must not stay like that, is good, or is as good as was aimed at.
    pub fn verdict(&self) -> &'static str {
        let value = self.value();
        let (must, aim) = match self.goal {
            Goal::AtLeast(must, aim) => (value >= must, value >= aim),
            Goal::AtMost(must, aim) | Goal::Limit(must, aim) => (value <= must, value <= aim),
        };
        match (must, aim) {
            (_, true) => "aim",
            (true, false) => "must",
            (false, false) => "missed",
        }
    }

    fn goal_words(&self) -> (f64, f64, &'static str) {
        match self.goal {
            Goal::AtLeast(must, aim) => (must, aim, "≥"),
            Goal::AtMost(must, aim) | Goal::Limit(must, aim) => (must, aim, "≤"),
        }
    }
}

/// Half of the distance between the lowest and the highest, in percent of the median.
fn spread(values: &[f64]) -> f64 {
    let (low, high) =
        values.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(*value), high.max(*value)));
    if values.is_empty() { 0.0 } else { (high - low) / 2.0 / median(values) * 100.0 }
}

/// The table for people, in Markdown.
pub fn markdown(lines: &[Line]) -> String {
    let mut text = String::from(
        "| Work | Anchor | Ours | ± | Anchor's | ± | Ratio | Must | Aim | | p99 ms |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for line in lines {
        let (must, aim, sign) = line.goal_words();
        let anchor = if line.theirs.is_empty() {
            "| | ".to_owned()
        } else {
            format!("| {} | {:.0} % ", number(median(&line.theirs)), spread(&line.theirs))
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} {} | {:.0} % {anchor}| **{:.2}** | {sign} {must} | {sign} {aim} | {} | {} |",
            line.work,
            line.anchor,
            number(median(&line.ours)),
            line.unit,
            spread(&line.ours),
            line.value(),
            line.verdict(),
            line.p99.map(|p99| format!("{p99:.1}")).unwrap_or_default(),
        );
    }
    text
}

/// Every round, for whoever wants to count again.
pub fn csv(lines: &[Line]) -> String {
    let mut text = String::from("work,anchor,unit,round,ours,anchors,must,aim\n");
    for line in lines {
        let (must, aim, _) = line.goal_words();
        for (round, ours) in line.ours.iter().enumerate() {
            let theirs = line.theirs.get(round).map(|theirs| format!("{theirs:.3}")).unwrap_or_default();
            let _ = writeln!(
                text,
                "\"{}\",\"{}\",{},{},{ours:.3},{theirs},{must},{aim}",
                line.work,
                line.anchor,
                line.unit,
                round + 1
            );
        }
    }
    text
}

/// The ratios as bars, each with what it must reach and what is aimed at.
pub fn plot(lines: &[Line], file: &Path) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let rows = u32::try_from(lines.len())?;
    let size = (1100, 60 + 34 * rows);
    let area = SVGBackend::new(file, size).into_drawing_area();
    area.fill(&WHITE)?;
    // how far a line is on the way to what it must reach: 1 is there, whether more or less is better
    let reached = |line: &Line, value: f64| {
        let (must, ..) = line.goal_words();
        match line.goal {
            Goal::AtLeast(..) => value / must,
            Goal::AtMost(..) | Goal::Limit(..) => must / value,
        }
    };
    let most = lines.iter().map(|line| reached(line, line.value())).fold(2.0_f64, f64::max).min(8.0);
    let names = ("sans-serif", 14).into_font();
    let place = |value: f64| -> Result<i32> {
        #[expect(clippy::cast_possible_truncation, reason = "a place on a page")]
        let offset = (value.min(most) / most * 560.0) as i32;
        Ok(430 + offset)
    };
    for (row, line) in lines.iter().enumerate() {
        let top = 40 + 34 * i32::try_from(row)?;
        let (_, aim, _) = line.goal_words();
        let colour = match line.verdict() {
            "aim" => RGBColor(46, 125, 50),
            "must" => RGBColor(104, 159, 56),
            _ => RGBColor(198, 40, 40),
        };
        area.draw(&Text::new(format!("{} / {}", line.work, line.anchor), (10, top + 4), names.clone()))?;
        let bar = [(430, top), (place(reached(line, line.value()))?, top + 20)];
        area.draw(&Rectangle::new(bar, colour.filled()))?;
        for (value, colour) in [(1.0, BLACK), (reached(line, aim), RGBColor(120, 120, 120))] {
            let at = place(value)?;
            area.draw(&PathElement::new([(at, top - 3), (at, top + 23)], colour.stroke_width(2)))?;
        }
        area.draw(&Text::new(
            format!("{:.2}", line.value()),
            (place(reached(line, line.value()))? + 6, top + 4),
            names.clone(),
        ))?;
    }
    let title = "How far each figure reaches: black what it must, grey what is aimed at; longer is better";
    area.draw(&Text::new(title, (10, 12), ("sans-serif", 15).into_font()))?;
    area.present()?;
    Ok(())
}
