//! What questions read, ready to be counted: for a month of a collection and dataset, one column of codes over all organisations.
//! Made out of the store at first touch, shared, never changed, let go of by bytes.
//!
//! - `cache` what is kept, within one bound together with the encoded answers
//! - `columns` columns, weights and roll-ups out of the store
//! - `persons` the numbers of persons

mod cache;
mod columns;
mod persons;

pub use cache::Slabs;
pub(in crate::engine) use cache::{Kind, Worked};
pub(in crate::engine) use persons::PersonNumbers;
