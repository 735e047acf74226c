//! Makes a table for a noise.

use super::in_keys::{row, shuffled};
use super::{KEYS, Noise, PTable, ROWS};

impl PTable {
    /// Makes the table of a noise. The same noise always gives the same table.
    #[must_use]
    pub fn generate(noise: Noise) -> Self {
        // From the bound on, all counts have the same changes, each in an order of its own.
        let rows: Vec<_> = (1..=noise.bound()).map(|count| row(&noise, count)).collect();
        let counts = (1..=ROWS).map(|count| shuffled(&rows[count.min(rows.len()) - 1], count));
        PTable::of(std::iter::once(vec![0; KEYS]).chain(counts).flatten().collect())
    }
}
