//! Columns, roll-ups and the counting kernels: how records become cells.

mod axis;
mod pack;
mod rollup;
mod scan;
mod varint;
mod words;

pub use axis::{Axis, Cells, Cube, Part};
pub use pack::{BLOCK_BYTES, Block, Packed, width_for};
pub use rollup::{Rollup, rollups};
pub use scan::{Person, Persons, count, without_person};
pub use words::{decode_words, encode_words};
