//! The only room that knows sled. An acknowledged change is in the log and fsynced. sled has what the log's entries amount to,
//! and can be rebuilt from the log.
//!
//! - [`log`] the ordered log: what is durable
//! - `change`, `touched`, `error` the changes that may be requested, the data that they affect, the errors
//! - `state` applies entries; `load` reads into memory what has to be there
//! - `tree`, `keys` rows, batches and keys of sled
//! - [`catalog`] the catalogue of submissions, in memory; `standing` what stands in a month; `assessment` what organisations write about their own channels
//! - `prepare`, `writer` how a submission gets in
//! - `handle`, `read` the store of a running service; columns, roll-ups and estimates, out of a bounded cache; `estimates` how
//!   estimates are stored
//! - `folder`, `lock`, `open`, `verify` starting alone, and starting again from the log
//! - `aside`, `recover`, `reserve` when sled has failed, and disk space reserved for sled

mod aside;
mod assessment;
pub mod catalog;
mod change;
mod error;
mod estimates;
mod folder;
mod handle;
mod keys;
mod load;
mod lock;
pub mod log;
mod open;
mod prepare;
mod read;
mod recover;
mod reserve;
mod standing;
mod state;
mod touched;
mod tree;
mod verify;
mod writer;

pub use assessment::{About, Assessment};
pub use catalog::{Catalog, Submission};
pub use change::Written;
pub use error::{StoreError, WriteError};
pub use folder::make_folder;
pub use handle::Store;
pub use keys::Slot;
pub use open::Settings;
pub use prepare::Prepared;
pub use read::Reader;
pub use standing::{MonthSlot, NOT_COLLECTED_CODE, Standing, code_of, occurring, standing};
pub use touched::{Observer, Touched};
pub use verify::{Report, rebuild, verify};
