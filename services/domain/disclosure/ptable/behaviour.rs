//! What a table does to counts, and which rules it breaks.

use super::options::LEAST_VARIANCE;
use super::{KEYS, PTable, ROWS};

/// Consecutive counts that a table treats alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OfCounts {
    /// First and last count.
    pub counts: (usize, usize),
    /// Least change.
    pub least: i8,
    /// Greatest change.
    pub most: i8,
    /// Mean of the changes: the bias of the result.
    pub bias: f64,
    /// Mean of the squares of the changes, less the square of their mean.
    pub variance: f64,
    /// Number of keys that leave the count as it is.
    pub unchanged: usize,
}

/// What a table does.
#[derive(Debug, Clone, PartialEq)]
pub struct Behaviour {
    /// Counts from 1 to [`ROWS`], those that are treated alike as one.
    pub counts: Vec<OfCounts>,
    /// The rules that the table breaks, a sentence for each. Empty: the service may use the table.
    pub broken: Vec<String>,
}

impl PTable {
    /// What the table does to counts, and which rules it breaks.
    #[must_use]
    pub fn behaviour(&self) -> Behaviour {
        let mut counts: Vec<OfCounts> = Vec::new();
        for count in 1..=ROWS {
            let now = of_row(self.row(count), count);
            match counts.last_mut() {
                Some(last) if OfCounts { counts: last.counts, ..now } == *last => {
                    last.counts.1 = count;
                }
                _ => counts.push(now),
            }
        }
        let broken = broken(&counts, self.bound());
        Behaviour { counts, broken }
    }
}

fn of_row(row: &[i8], count: usize) -> OfCounts {
    let sum = |power: u32| row.iter().map(|change| i32::from(*change).pow(power)).sum::<i32>();
    let mean = |power: u32| f64::from(sum(power)) / KEYS as f64;
    OfCounts {
        counts: (count, count),
        least: row.iter().copied().min().unwrap_or_default(),
        most: row.iter().copied().max().unwrap_or_default(),
        bias: mean(1),
        variance: mean(2) - mean(1).powi(2),
        unchanged: row.iter().filter(|change| **change == 0).count(),
    }
}

/// Counts above the bound must have no bias, and enough noise.
fn broken(counts: &[OfCounts], bound: u64) -> Vec<String> {
    let of_large = counts.iter().filter(|of| of.counts.1 as u64 > bound);
    let (mut bias, mut noise) = (Vec::new(), Vec::new());
    for of in of_large {
        if of.bias.abs() > 0.0 {
            bias.push(of);
        }
        if of.variance < LEAST_VARIANCE {
            noise.push(of);
        }
    }
    let name = |of: &[&OfCounts]| {
        let first = of.first().map(|of| of.counts.0).unwrap_or_default();
        let number: usize = of.iter().map(|of| of.counts.1 - of.counts.0 + 1).sum();
        if number == 1 {
            format!("count {first}")
        } else {
            format!("{number} counts from {first} on")
        }
    };
    let mut sentences = Vec::new();
    if let Some(first) = bias.first() {
        sentences.push(format!(
            "{} have a bias, the first of {:+.3}: above the bound of {bound}, the changes of all keys must add up to 0",
            name(&bias),
            first.bias
        ));
    }
    if let Some(first) = noise.first() {
        sentences.push(format!(
            "{} have too little noise, the first a variance of {:.3}: the change must depend on the cell key, with a variance of at least {LEAST_VARIANCE}",
            name(&noise),
            first.variance
        ));
    }
    sentences
}
