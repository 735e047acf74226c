//! Measures: figures computed from counts and scores, one measure per file.

pub mod maturity;
pub mod provision;
pub mod receipt;
mod recording;
pub mod risk;
mod tally;
mod wait;

pub use provision::{Group, Needs, Provision};
pub use recording::{Aspect, Recorded};
pub use tally::{Response, Tally};
pub use wait::Waits;
