//! The only room that knows sled. An acknowledged change is in the log and fsynced. sled has what the log's entries amount to,
//! and can be rebuilt from the log.
//!
//! - [`log`] the ordered log: what is durable
//! - `change`, `touched`, `error` the changes that may be requested, the data that they affect, the errors
//! - `state` applies entries; `load` reads into memory what has to be there
//! - `tree`, `sled_error`, `sled_thread`, `half_made`, `keys` rows and batches of sled, its errors and threads, what a kill leaves, its keys
//! - `pack`, `pack_read` one pack a submission version: making it, and reading some of its runs
//! - `record_keys` the keys of records, which decide how a cell's count is changed before others see it
//! - `words`, `persons` numbers of the values of fields and of person keys, given once in the order of the log
//! - [`catalog`] the catalogue of submissions, in memory; `stored`, `standing` what stands in a month (`bits`: of whom); `assessment` what organisations write about
//!   their own channels; `look`, `recall` versions that stand no more, read when they are asked for
//! - `prepare`, `writer` how a submission gets in; `busy` what the writer has to do; `runs`, `described` its data and description as the log has them
//! - `release` named states of the data, for those who may not see the newest
//! - `erasure`, `erasing`, `erased`, `without` erasures: what they leave; doing them; applying them; a submission without the records of a person
//! - `handle`, `read` the store of a running service; columns, roll-ups and estimates; `estimates` how
//!   estimates are stored
//! - `settings`, `folder`, `lock`, `caught_up`, `open`, `verify` starting alone, and starting again from the log; `work_folder` where `verify` works
//! - `clock`, `witness` the log's time, and how far the log has come, outside the log
//! - [`snapshot`] copies of a data folder, and a data folder out of one
//! - [`outbox`] what partners' own systems are still to be sent, in a sled of its own
//! - `aside`, `recover`, `reserve` when sled has failed or has an old format, and disk space reserved for sled
//!
//! # Bytes a record
//! The log has a column in little more than the entropy of its values, and 8 bytes for each person key, a hash. The store has the
//! columns as the log has them, a byte for the record's key, a number of 1 to 2 bytes for each person key, and each key once; sled adds two fifths or more.
//! `tests/bench/README.md` has the figures; `sizes_tests` prints where the bytes of a folder go.

mod aside;
mod assessment;
pub mod audit;
mod bits;
mod busy;
pub mod catalog;
mod caught_up;
mod change;
mod clock;
mod content;
mod described;
mod erased;
mod erasing;
mod erasure;
mod error;
mod estimates;
mod folder;
mod half_made;
mod handle;
mod keys;
mod load;
mod lock;
pub mod log;
mod look;
mod open;
pub mod outbox;
mod pack;
mod pack_read;
mod persons;
mod prepare;
mod read;
mod recall;
mod record_keys;
mod recover;
mod release;
mod reserve;
mod runs;
mod settings;
#[cfg(test)]
mod sizes_tests;
mod sled_error;
mod sled_thread;
pub mod snapshot;
mod standing;
mod state;
mod stored;
mod touched;
mod tree;
mod unfinished;
mod verify;
mod without;
mod witness;
mod words;
mod work_folder;
mod writer;

pub use assessment::{About, Assessment};
pub use bits::Bits;
pub use catalog::Catalog;
pub use change::Written;
pub use clock::Unsettled;
pub use erasure::{Erased, Erasure, ErasureKind, NewErasure, ToErase};
pub use error::{StoreError, WriteError};
pub use folder::make_folder;
pub use handle::Store;
pub use keys::Slot;
pub use look::Look;
pub use pack_read::PackPart;
pub use prepare::Prepared;
pub use read::Reader;
pub use release::{NewRelease, Release, ReleaseReason};
pub use settings::Settings;
pub use standing::{MonthSlot, NOT_COLLECTED_CODE, Standing, code_of, occurring, standing};
pub use stored::{ColumnView, Submission, Version};
pub use touched::{Observer, Touched};
pub use verify::{Report, rebuild, verify};
