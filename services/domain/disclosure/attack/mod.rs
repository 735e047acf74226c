//! What a reader can work out from published numbers.
//!
//! The truth is a list of cells, each a whole number from 0 on. A published number says that the sum of some cells lies in an interval. An
//! attacker looks for the least and the greatest value of a hidden sum that fits everything published.
//!
//! - [`Attack::range`] finds these two values, each with a witness: values of all cells that fit.
//! - [`certify`] shows that sensitive cells may have many values still: a witness for each value.
//!
//! A certificate first looks for values near known ones, which is fast, and asks the solver where that is not enough.
//! A witness is checked in whole numbers against everything published. So "this value is possible", and with it a certificate, never depends on
//! the arithmetic of the solver. "No smaller value is possible" is the solver's claim; tests compare it with a full enumeration. What
//! was not solved within the limits is not proven, and never safe.

mod bounds;
mod certify;
mod near;
mod nudge;
mod part;
mod published;
mod range;
mod solve;

pub use certify::{Certificate, Verdict, certify, certify_attack};
pub use published::{BadSum, Contradiction, MOST, Published, Sum};
pub use range::{Attack, End, Range};
pub use solve::{Limits, Open};

#[cfg(test)]
mod tests;
