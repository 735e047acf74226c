//! A question: the same fields for every table, checked against the reference content.
//!
//! - [`asked`] the fields as received; [`checked`] the checked question
//! - `lattice` what the reader may ask; `in_scope` of which areas and datasets
//! - `place`, `collection`, `dimensions`, [`comparison`] the place, the collection that answers, the dimensions and conditions, what is compared
//! - `reader` who reads the answer
//! - [`errors`] the errors for fields that cannot be used

pub mod asked;
pub mod checked;
mod collection;
pub mod comparison;
mod dimensions;
pub mod errors;
mod in_scope;
mod lattice;
mod place;
mod reader;

pub use asked::{AsOf, Asked, Basis, Denominator, Filter, Measure, TableKind, Where};
pub use checked::{Query, Showing};
pub use collection::taking;
pub use comparison::{Against, Comparison, is_period};
pub use errors::{
    Wrong, area_named, hint, invalid, no_area, no_collection, no_dimension, no_indicator,
    no_organisation, no_release, too_wide,
};
pub use reader::Reader;
