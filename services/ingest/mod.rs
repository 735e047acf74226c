//! Files to records.
//!
//! [`read`] recognises a file by its header row and yields [`Parcel`]s: what one submission will be. Knows the messages of
//! the contract and nothing else of ours: whether a code exists is for the service to say.
//!
//! - [`gpad`] appointments in general practice, regional CSV
//! - [`coverage`] the patients registered behind those appointments
//! - [`own`] our own CSV, read and written
//! - [`generate`] synthetic records, the same for the same seed

pub mod coverage;
pub mod generate;
pub mod gpad;
pub mod own;

mod error;
mod grouping;
mod month;
mod open;
mod parcel;
mod read;

pub use crate::domain::period::Month;
pub use error::IngestError;
pub use grouping::Parcels;
pub use parcel::{Parcel, Rows};
pub use read::{Defaults, read, read_all};
