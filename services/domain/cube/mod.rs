//! Columns, roll-ups and the counting kernels: how records become cells.

mod axis;
mod codes;
mod column;
mod directory;
mod keyed;
mod numbers;
mod pack;
mod persons;
mod rollup;
mod scan;
mod shares;
mod varint;
mod windows;
mod words;

pub use axis::Cube;
pub use codes::Codes;
pub use column::{decode_column, encode_column};
pub use directory::{Directory, Entry, Run};
pub use keyed::KeyedCounter;
pub use numbers::{put_numbers, take_numbers};
pub use pack::{Packed, width_for};
pub use persons::{NOBODY, PersonSets, Present};
pub use rollup::{Rollup, RollupRow, RollupRows, rollups};
pub use scan::{Adds, Counter, Records, Stretch, Term};
pub use varint::{put as put_varint, take as take_varint};
pub use words::{decode_words, encode_words};
