//! Cells turned into figures.

mod provision;
mod tally;

pub use provision::{Group, Needs, Provision};
pub use tally::{Answer, Tally};
