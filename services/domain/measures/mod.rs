//! How figures are made of counts and scores, one file each.

mod provision;
pub mod risk;
mod tally;

pub use provision::{Group, Needs, Provision};
pub use tally::{Answer, Tally};
