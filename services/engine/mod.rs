//! The use cases: taking submissions in, answering questions, following answers.
//!
//! - `engine` the store and what is kept while it is asked; [`Settings`] how to run it; [`Followers`] who is told of changes
//! - [`intake`] the rows of a submission, and what is to become of them; [`receipt`] what became of them
//! - [`submissions`] what is stored; [`assessments`] what organisations say themselves
//! - [`query`] what is asked; [`answer`] plan ▸ cells ▸ measures; `error` why a question is not answered
//! - [`content`] reference content of a folder; `health` whether the store takes changes, and its size
//! - [`cache`] answers as they were encoded, let go when what they were made of changes
//! - `threads` how the counting of one answer is spread

pub mod answer;
pub mod assessments;
pub mod cache;
pub mod content;
mod counts;
#[expect(clippy::module_inception, reason = "the room is named after what it holds")]
mod engine;
mod error;
mod followers;
mod health;
pub mod intake;
pub mod query;
pub mod receipt;
mod settings;
pub mod submissions;
mod threads;

pub use counts::{Counts, Outcome};
pub use engine::Engine;
pub use error::{Missing, QueryError};
pub use followers::Followers;
pub use settings::Settings;
pub use threads::Threads;

/// What the store is asked and answers with, for those who may not know its room.
pub use crate::store::{About, Assessment, StoreError, Submission, Touched, WriteError, Written};
