//! Cells turned into figures.

mod tally;

pub use tally::{Answer, Tally};
