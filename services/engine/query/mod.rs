//! What is asked: the same words for every breakdown, checked against the reference content.
//!
//! - [`asked`] the words as they came; [`checked`] the question that came of them
//! - `place`, `collection`, `dimensions` where, of which data, by what
//! - [`errors`] what is said of what cannot be used

pub mod asked;
pub mod checked;
mod collection;
mod dimensions;
pub mod errors;
mod place;

pub use asked::{AsOf, Asked, Basis, Denominator, Filter, Measure, TableKind, Where};
pub use checked::Query;
pub use errors::{
    invalid, no_area, no_collection, no_dimension, no_indicator, no_organisation, too_wide,
};
