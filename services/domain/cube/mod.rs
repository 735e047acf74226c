//! Columns, roll-ups and the counting kernels: how records become cells.

mod axis;
mod codes;
mod pack;
mod persons;
mod rollup;
mod scan;
mod varint;
mod words;

pub use axis::Cube;
pub use codes::Codes;
pub use pack::{BLOCK_BYTES, Block, Packed, width_for};
pub use persons::{NOBODY, PersonSets, persons_in};
pub use rollup::{Rollup, RollupRows, rollups};
pub use scan::{Adds, Counter, Records, Run, Term};
pub use words::{decode_words, encode_words};
