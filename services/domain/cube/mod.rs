//! Columns, roll-ups and the counting kernels: how records become cells.

mod axis;
mod column;
mod directory;
mod numbers;
mod pack;
mod rollup;
mod scan;
mod varint;
mod words;

pub use axis::{Axis, Cells, Cube, Part};
pub use column::{decode_column, encode_column};
pub use directory::{Directory, Entry, Run};
pub use numbers::{put_numbers, take_numbers};
pub use pack::{BLOCK_BYTES, Block, Packed, width_for};
pub use rollup::{Rollup, rollups};
pub use scan::{Person, Persons, count, without_person};
pub use varint::{put as put_varint, take as take_varint};
pub use words::{decode_words, encode_words};
