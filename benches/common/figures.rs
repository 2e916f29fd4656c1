//! Figures of rounds: their middle, what most took at most, and how they are written down.

/// The middle one.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.len(), sorted.len() / 2) {
        (0, _) => f64::NAN,
        (count, middle) if count % 2 == 1 => sorted[middle],
        (_, middle) => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// A percentile, in milliseconds, of times in microseconds, which are put in order. `None`: there are none.
pub fn percentile(micros: &mut [u32], percent: usize) -> Option<f64> {
    micros.sort_unstable();
    let place = micros.len() * percent / 100;
    micros.get(place).map(|micros| f64::from(*micros) / 1000.0)
}

/// A figure with as many digits as count.
pub fn number(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
