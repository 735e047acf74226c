//! How figures are made of counts and scores, one file each.

pub mod provision;
pub mod risk;
mod tally;
mod wait;

pub use provision::{Group, Needs, Provision};
pub use tally::{Answer, Tally};
pub use wait::Waits;
