//! Files to records.
//!
//! [`read`] recognises a file by its header row and yields [`SubmissionFile`]s: what one submission will be. Knows the messages of
//! the contract and nothing else of ours: whether a code exists is for the service to say.
//!
//! - [`gpad`] appointments in general practice, regional CSV
//! - [`coverage`] the patients registered behind those appointments
//! - [`internet_users`] internet use by characteristic (ONS)
//! - [`gpps_charts`], [`gpps_answers`] the GP Patient Survey
//! - [`deri`] the Digital Exclusion Risk Index by small area
//! - [`census`], [`mid_2020`] populations by small area
//! - [`equity_csv`] our own CSV, read and written
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
pub mod mid_2020;

mod cells;
mod defaults;
mod error;
mod grouping;
mod header;
mod month;
mod open;
mod read;
mod refused;
mod submission_file;

pub use crate::domain::period::Month;
pub use defaults::Defaults;
pub use error::IngestError;
pub use grouping::SubmissionFiles;
pub use read::{read, read_all};
pub use submission_file::{Records, SubmissionFile};
