//! The perturbation table of the cell-key method of the Office for National Statistics and the Australian Bureau of Statistics.
//!
//! Every record has a secret key of one byte. The key of a cell is the sum of its records' keys modulo 256. The table turns a count
//! and a cell key into a small change. The same records always get the same change, so a repeated question tells nothing new.
//!
//! What holds for a table that [`PTable::generate`] makes:
//!
//! - No change is larger than the bound, no result is negative, and zero stays zero.
//! - For every count from 1 on, the changes of the 256 keys add up to exactly 0: the result has no bias.
//! - The variance is the requested one, to the nearest 1/128. A small count has less variance if the most uncertain noise without bias that
//!   its results allow has less: counts 1 and 2 for bound 5 and variance 4.
//! - The noise has maximum entropy under these conditions, as near as 256 equal keys allow.

mod behaviour;
mod generate;
mod in_keys;
mod layout;
mod noise;
mod options;
mod table;

pub use behaviour::{Behaviour, OfCounts};
pub use layout::Refused;
pub use options::{NoSuchNoise, Noise};
pub use table::{KEYS, PTable, ROWS};

#[cfg(test)]
mod tests;
