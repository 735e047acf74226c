//! Who is digitally excluded: the indicators that access records give, and why people cannot use remote care.
//!
//! - `question` the table; `figures` everything that its cells are made of
//! - `shares` indicators that are shares, those of one dimension counted together

mod figures;
mod question;
mod shares;

pub use question::{ExclusionQuestion, counted_indicators};
