//! What answers must be, held against a model that counts row by row.
//! A run asks a few worlds; `EQUITY_PROPERTY_CASES` is how many instead.

#![allow(
    clippy::cast_possible_truncation,
    clippy::wildcard_enum_match_arm,
    clippy::type_complexity,
    clippy::manual_is_multiple_of,
    clippy::redundant_closure_for_method_calls,
    clippy::cloned_ref_to_slice_refs,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::panic,
    clippy::print_stderr,
    reason = "small numbers, tables in tables; a test fails by panicking and says in which world"
)]

mod agreement;
mod ask;
mod attacked;
mod changed_areas;
mod compared;
mod contacts;
mod content;
mod contributors;
mod estimates;
mod exclusion;
mod faults;
pub(crate) mod full;
mod history;
mod impact;
mod indicators;
mod long;
mod model;
mod outcomes;
mod parent;
mod people;
mod protected;
mod provision;
mod published;
mod quality;
mod random;
mod released;
pub(crate) mod running;
pub(crate) mod support;
mod suppressed;
mod timely;
mod view;
mod wholes;
mod world;
