//! Files to records.
//!
//! [`read`] recognises a file by its header row and yields a [`SubmissionFile`] for each organisation and month. Codes are not
//! checked here: the service checks them when a submission arrives.
//!
//! - [`gpad`] appointments in general practice, by location or by practice
//! - [`registered`] patients registered at a GP practice
//! - [`coverage`] the patients registered at the practices of those appointments
//! - [`internet_users`] internet use by characteristic (ONS)
//! - [`gpps_charts`], [`gpps_answers`] the GP Patient Survey
//! - [`deri`] the Digital Exclusion Risk Index by small area
//! - [`pomi`] people enabled for online services, by practice
//! - [`nhs_app`] accounts of the NHS App, by integrated care board
//! - [`iod`] scores of the indices of deprivation, by small area
//! - [`census`], [`mid_2020`] populations by small area
//! - [`equity_csv`] the CSV of this service, read and written
//! - [`ColumnMap`] a map from the columns and words of an extract to those of the CSV of this service; [`sketch`] writes a first one
//! - [`reference_build`] reference content out of the files of ODS, NHS England, ONS and MHCLG
//! - [`generate`] synthetic records, the same for the same seed

pub mod census;
pub mod coverage;
pub mod deri;
pub mod equity_csv;
pub mod generate;
pub mod gpad;
pub mod gpps_answers;
pub mod gpps_charts;
pub mod internet_users;
pub mod iod;
pub mod mid_2020;
pub mod nhs_app;
pub mod pomi;
pub mod reference_build;
pub mod registered;

mod cells;
mod census_form;
mod census_topic;
mod column_map;
mod defaults;
mod error;
#[cfg(test)]
mod fuzz_tests;
mod grouping;
mod header;
mod lines;
mod month;
mod open;
mod problems;
mod published;
mod read;
mod refused;
mod row_map;
mod submission_file;
mod symbols;
mod text;
mod total_row;
mod unpack;

pub use crate::domain::period::Month;
pub use crate::domain::text::counted;
pub use column_map::{ColumnMap, sketch};
pub use defaults::{Defaults, Only};
pub use error::IngestError;
pub use grouping::SubmissionFiles;
pub use lines::Lines;
pub use read::{is_of_many, is_part, join, read, read_all, read_with_map};
pub use submission_file::{Records, SubmissionFile};
