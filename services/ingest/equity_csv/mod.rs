//! The CSV of this service: a header row with the contract's field names, then one record a row. An empty cell is an absent field.
//!
//! The header decides what a file holds. `indicator`: estimates. `person_count`: populations. A column that only access records
//! have (`online_appointments`, `app_registered`, `exclusion_reason`, …): access records. Otherwise: consultations.
//!
//! `organisation` and `month` say which submission a row belongs to. Other columns hold for the whole submission; one row fills
//! them, or several rows say the same. For records: `collection`, `person_key_scheme`, `code_systems` (`channel=gpad;sex=fhir`)
//! and `collected_characteristics` (`age_band;sex`, or `NONE`). For estimates: `collection` and their source, `publisher`, `title`,
//! `edition`, `licence`, `uri`, `series`, `not_for_targets` (`Y` or `N`).
//!
//! A cell joins several codes with `;` (`disability`, `exclusion_reason`, …). The `keys` of an estimate are pairs joined with
//! `;`: `age_band=75+;sex=2`.

mod columns;
mod dataset;
mod fields;
mod read;
mod submission_columns;
mod write;

pub(super) use columns::holds_several;
pub(super) use dataset::{all_names, known, names};
pub(super) use read::EquityCsv;
pub use write::{Writer, write};
