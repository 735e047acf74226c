//! The use cases: taking submissions in, answering questions, following answers.
//!
//! - `engine` one store and its caches; `at`, `earlier` the engine with the reference content of an earlier state; [`Settings`] how to run it; [`Followers`] the caches and watchers that changes are announced to
//! - [`intake`] the rows of a submission, and the decision about them; `replacing` what they
//!   may replace; [`receipt`] the receipt
//! - [`erasures`] destroying data, and what is kept for how long
//! - [`submissions`] stored submissions; [`assessments`] assessments by organisations
//! - [`releases`] named states of the data for those who may not see the newest
//! - [`delivery`] what partners' own systems are sent of each change
//! - [`publishing`] tables that everybody may read
//! - [`query`] a question; [`answer`] plan ▸ counts ▸ cells; `error` why a question is not answered
//! - [`content`] reference content of a folder; `health` whether the store accepts changes, and its size
//! - [`cache`] encoded answers, and [`scope`] what they have read: a change of it makes them be computed again
//! - `slabs` columns of months, ready to be counted; `threads`, `turns`, `memory` counting on several threads, large works one after
//!   another, within one bound of memory

pub mod answer;
pub mod assessments;
mod at;
pub mod cache;
pub mod content;
mod counts;
pub mod delivery;
mod earlier;
#[expect(clippy::module_inception, reason = "the room is named after what it holds")]
mod engine;
pub mod erasures;
mod error;
mod followers;
mod health;
pub mod intake;
mod memory;
pub mod publishing;
pub mod query;
pub mod receipt;
pub mod releases;
mod replacing;
pub mod scope;
mod settings;
mod slabs;
pub mod submissions;
mod threads;
mod turns;

pub use counts::{Counts, Outcome};
pub use engine::{Engine, Waiting};
pub use error::{Missing, QueryError};
pub use followers::Followers;
pub use health::Load;
pub use settings::{ReleaseSettings, Settings};
pub use slabs::Slabs;
pub use threads::Threads;

/// Types of the store, for the rooms that may not import it.
pub use crate::store::{
    About, Assessment, Erased, Erasure, ErasureKind, NewRelease, Release, ReleaseReason, Slot,
    StoreError, Submission, Touched, WriteError, Written, audit, outbox,
};
