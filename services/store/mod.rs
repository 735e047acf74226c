//! The only room that knows sled. What is acknowledged is in the log and fsynced; sled is what is made of it, and comes back
//! from it.
//!
//! - [`log`] the ordered log: what is durable
//! - `change`, `touched`, `error` what may be asked for, what a change bears on, what can go wrong
//! - `state` apply: what an entry makes of the state; `load` what of it is read into memory at the start
//! - `tree`, `keys` sled, its batches and its keys
//! - [`catalog`] what there is, in memory; `assessment` what organisations say of their channels themselves
//! - `prepare`, `writer` how a submission gets in
//! - `handle`, `read` the store of a running service; columns, roll-ups and estimates, out of a bounded cache; `estimates` how
//!   estimates are stored
//! - `folder`, `lock`, `open`, `verify` starting alone, and starting again from the log
//! - `aside`, `recover`, `reserve` when sled has failed, and room on the disk that nobody else can take

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
pub use touched::{Observer, Touched};
pub use verify::{Report, rebuild, verify};
