//! Our own CSV: a header row with the contract's field names, one row a record, an empty cell where a field is absent.
//!
//! Besides the fields of a record a row may say `organisation` and `month`. What concerns a whole submission is said by any
//! row of it, once or always the same: `collection`, `person_key_scheme`, `code_systems` (`channel=gpad;sex=…`) and
//! `collected_characteristics` (`age;sex`, or `NONE`). Sets (`disability`, `inclusion_group`, `local_group`) are joined with `;`.
//! A `person_count` column makes the file populations, an `indicator` column estimates, any column that only access records have
//! (`online_appointments`, `app_registered`, `exclusion_reason`, …) access records; otherwise it holds consultations.
//!
//! Estimates have no characteristics: the categories of a row are `keys`, pairs joined with `;` (`age_band=75+;sex=2`), and what
//! concerns the whole submission is its source: `publisher`, `title`, `edition`, `licence`, `uri`, `series`, `not_for_targets` (Y, N).

mod columns;
mod kind;
mod read;
mod submission_columns;
mod write;

pub(super) use read::EquityCsv;
pub use write::{Writer, write};
