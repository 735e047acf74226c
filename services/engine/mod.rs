//! The use cases: taking submissions in, answering questions, following answers.
//!
//! - [`intake`] the rows of a submission, and what is to become of them; [`receipt`] what became of them
//! - [`submissions`] what is stored; [`assessments`] what organisations say themselves
//! - [`query`] what is asked; [`answer`] plan ▸ cells ▸ measures
//! - [`content`] reference content of a folder; `health` whether the store takes changes, and its size
//! - [`cache`] answers as they were encoded, let go when what they were made of changes

pub mod answer;
pub mod assessments;
pub mod cache;
pub mod content;
mod counts;
mod health;
pub mod intake;
pub mod query;
pub mod receipt;
pub mod submissions;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use crate::domain::collection::Dataset;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::domain::submission::Keyer;
use crate::store::Store;
/// What the store is asked and answers with, for those who may not know its room.
pub use crate::store::{About, Assessment, StoreError, Submission, Touched, WriteError, Written};
use cache::{AnswerCache, Scope};
pub use counts::{Counts, Outcome};

/// How to run the engine.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bytes of encoded answers that are kept.
    pub answer_bytes: u64,
    /// Rows of a submission, at most.
    pub max_rows: u64,
    /// Threads that one answer may count on.
    pub threads: usize,
}

/// The use cases over one store.
#[derive(Clone)]
pub struct Engine {
    store: Arc<Store>,
    keyer: Keyer,
    settings: Bounds,
    answers: Arc<AnswerCache>,
    positions: Arc<answer::AxisPositions>,
    histories: Arc<answer::Histories>,
    head: watch::Receiver<u64>,
    counts: Arc<Counts>,
}

/// What the settings allow.
#[derive(Clone, Copy)]
struct Bounds {
    max_rows: u64,
    threads: Threads,
}

/// Threads that one answer may count on, and until when it is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Threads {
    most: usize,
    until: Option<Instant>,
}

impl Threads {
    /// Whether nobody waits for the answer any more.
    fn are_late(self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Ends what nobody waits for any more.
    fn in_time(self) -> Result<(), QueryError> {
        if self.are_late() { Err(QueryError::Late) } else { Ok(()) }
    }
}

/// What has to be told of changes: the cache of answers, and everybody who watches.
pub struct Followers {
    answers: Arc<AnswerCache>,
    head: watch::Sender<u64>,
}

impl Followers {
    /// Followers for a store that is about to be opened.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let answers = Arc::new(AnswerCache::new(settings.answer_bytes));
        Self { answers, head: watch::Sender::new(0) }
    }

    /// Lets go of the answers that a change touches, then tells who waits.
    pub fn changed(&self, touched: Touched, position: u64) {
        if touched != Touched::Nothing {
            self.answers.changed(touched, position);
        }
        self.head.send_replace(position);
    }
}

impl Engine {
    /// The engine over an open store.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        keyer: Keyer,
        settings: &Settings,
        followers: &Followers,
    ) -> Self {
        let position = store.catalog().position;
        followers.head.send_replace(position);
        Self {
            store,
            keyer,
            settings: Bounds {
                max_rows: settings.max_rows,
                threads: Threads { most: settings.threads, until: None },
            },
            answers: Arc::clone(&followers.answers),
            positions: Arc::default(),
            histories: Arc::default(),
            head: followers.head.subscribe(),
            counts: Arc::default(),
        }
    }

    /// The same engine; what it is asked is wanted until then, and given up afterwards.
    #[must_use]
    pub fn until(&self, until: Instant) -> Self {
        let mut engine = self.clone();
        engine.settings.threads.until = Some(until);
        engine
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The reference content in force: codes, areas, organisations, collections, indicators.
    #[must_use]
    pub fn reference(&self) -> Arc<Reference> {
        Arc::clone(&self.store.catalog().reference)
    }

    /// Position of the last change that was applied; watchers may not have been told of it yet.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.store.catalog().position
    }

    /// The position that a state of the data means now.
    ///
    /// # Errors
    /// It has not been reached.
    pub fn position_of(&self, as_of: &query::AsOf) -> Result<u64, QueryError> {
        answer::position(&self.store.catalog(), as_of)
    }

    /// Position of the last change of the reference content at or before a position; 0: none.
    #[must_use]
    pub fn configured(&self, position: u64) -> u64 {
        self.store.catalog().configured(position)
    }

    /// What is counted of the engine's own work.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Encoded answers.
    #[must_use]
    pub fn answers(&self) -> &AnswerCache {
        &self.answers
    }

    /// Position of the newest change; changes when there is a newer one.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<u64> {
        self.head.clone()
    }

    /// Position of the newest change that everybody was told of.
    #[must_use]
    pub fn told(&self) -> u64 {
        *self.head.borrow()
    }
}

/// Why a question is not answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// A field of the question.
    #[error("{field}: {description}")]
    Field {
        /// Field path.
        field: String,
        /// What is wrong and what was expected.
        description: String,
    },
    /// Something named is not there.
    #[error("{message}")]
    NotFound {
        /// What kind of thing.
        kind: Missing,
        /// What it was called.
        name: String,
        /// What to do.
        message: String,
    },
    /// The table would have too many cells.
    #[error("{cells} cells are above the limit of {limit}")]
    TooLarge {
        /// Cells.
        cells: u64,
        /// Limit.
        limit: u64,
    },
    /// The question is none that is answered; says which nearest one is.
    #[error("{0}")]
    Refused(String),
    /// A position that is still to come.
    #[error("position {asked} has not been reached: the newest is {reached}")]
    NotReached {
        /// Position asked for.
        asked: u64,
        /// Newest position.
        reached: u64,
    },
    /// The answer was not ready when it was wanted.
    #[error("the answer was not ready when it was wanted")]
    Late,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Kinds of things that can be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum Missing {
    Area,
    Organisation,
    Collection,
    Dimension,
    Category,
    Indicator,
    Release,
    Submission,
}

/// The data that an answer was made of, for the cache.
#[must_use]
pub fn scope(
    collections: &[(u16, Dataset)],
    organisations: &[u32],
    months: (Month, Month),
) -> Scope {
    let mut organisations = organisations.to_vec();
    organisations.sort_unstable();
    Scope { collections: collections.to_vec(), organisations, first: months.0, last: months.1 }
}
