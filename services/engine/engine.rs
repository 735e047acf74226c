//! The engine: one store and its caches.

use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustc_hash::FxBuildHasher;
use tokio::sync::watch;

use super::answer::AxisPositions;
use super::cache::AnswerCache;
use super::counts::Counts;
use super::delivery::Delivery;
use super::earlier::Earlier;
use super::error::QueryError;
use super::followers::Followers;
use super::memory::Memory;
use super::publishing::Kept;
use super::query::{AsOf, Query, Reader};
use super::releases::ShownAreas;
use super::settings::{ReleaseSettings, Settings};
use super::slabs::Slabs;
use super::threads::Threads;
use crate::domain::reference::Reference;
use crate::domain::submission::Keyer;
use crate::store::{Store, Unsettled};

/// Longest wait for changes that are being written.
const UNDER_WAY: Duration = Duration::from_secs(10);

/// The use cases over one store.
#[derive(Clone)]
pub struct Engine {
    pub(super) store: Arc<Store>,
    pub(super) keyer: Keyer,
    pub(super) settings: Bounds,
    answers: Arc<AnswerCache>,
    pub(super) positions: Arc<AxisPositions>,
    pub(super) slabs: Arc<Slabs>,
    /// Reference content to answer with; none: that in force.
    pub(super) earlier_reference: Option<Arc<Reference>>,
    pub(super) earlier: Arc<Earlier>,
    head: watch::Receiver<u64>,
    pub(super) counts: Arc<Counts>,
    questions: Arc<Memory>,
    pub(super) release_settings: ReleaseSettings,
    pub(super) shown_areas: Arc<ShownAreas>,
    pub(super) published: Arc<Kept>,
    released: watch::Receiver<u64>,
    /// Set when the first partner has telemetry.
    pub(super) delivery: Arc<OnceLock<Delivery>>,
}

/// Bounds from the settings.
#[derive(Clone)]
pub(super) struct Bounds {
    pub(super) max_rows: u64,
    pub(super) threads: Threads,
    /// Most bytes of an encoded answer; none: any number.
    pub(super) answer_bytes: Option<usize>,
}

/// Whoever waits for the answer to a question.
pub struct Waiting {
    given_up: Arc<AtomicBool>,
    asking: Arc<AtomicUsize>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
        self.asking.fetch_sub(1, Ordering::Relaxed);
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
        let last = store.catalog().releases().last().map_or(0, |last| last.position);
        followers.released.send_replace(last);
        let questions = Arc::new(Memory::new(settings.question_bytes));
        Self {
            store,
            keyer,
            settings: Bounds {
                max_rows: settings.max_rows,
                threads: Threads::new(settings.threads, Arc::clone(&questions)),
                answer_bytes: None,
            },
            answers: Arc::clone(&followers.answers),
            positions: Arc::clone(&followers.worked.positions),
            slabs: Arc::clone(&followers.slabs),
            earlier_reference: None,
            earlier: Arc::clone(&followers.worked.earlier),
            head: followers.head.subscribe(),
            counts: Arc::default(),
            questions,
            release_settings: settings.releases,
            shown_areas: Arc::clone(&followers.worked.shown_areas),
            published: Arc::clone(&followers.worked.published),
            released: followers.released.subscribe(),
            delivery: Arc::default(),
        }
    }

    /// The same engine for one question, with a deadline: work on it ends at this time.
    #[must_use]
    pub fn until(&self, until: Instant) -> Self {
        let mut engine = self.clone();
        engine.settings.threads.until = Some(until);
        engine.settings.threads.given_up = Arc::default();
        engine.settings.threads.share = self.settings.threads.share.of_another();
        engine
    }

    /// The same engine for a question of this reader: large works of several readers take turns.
    #[must_use]
    pub fn asked_by(&self, reader: &Reader) -> Self {
        let mut engine = self.clone();
        engine.settings.threads.asker = FxBuildHasher.hash_one(reader.key());
        engine
    }

    /// The same engine for one of several questions that one call asks.
    pub(super) fn with(&self, threads: Threads) -> Self {
        let mut engine = self.clone();
        engine.settings.threads = threads;
        engine
    }

    /// The same engine for answers that are sent as one message: an answer that would be longer is refused before it is made.
    #[must_use]
    pub fn within(&self, bytes: usize) -> Self {
        let mut engine = self.clone();
        engine.settings.answer_bytes = Some(bytes);
        engine
    }

    /// Ends this engine's work on a question when it is dropped: nobody waits for the answer any more.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        let Threads { given_up, asking, .. } = self.settings.threads.clone();
        asking.fetch_add(1, Ordering::Relaxed);
        Waiting { given_up, asking }
    }

    /// The store that answers are read from and changes are written to.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Position of the last applied change. It may not have been announced to watchers yet.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.store.catalog().position
    }

    /// The log position of a state of the data. Blocks while changes of the requested time are being written.
    ///
    /// # Errors
    /// The log has not reached the position, or the time has not come.
    pub fn position_of(&self, as_of: &AsOf) -> Result<u64, QueryError> {
        let AsOf::Time(asked) = *as_of else { return as_of.position(&self.store.catalog()) };
        let (begin, threads) = (Instant::now(), &self.settings.threads);
        let is_wanted = || !threads.are_late() && begin.elapsed() < UNDER_WAY;
        self.store.position_at(asked, is_wanted).map_err(|unsettled| match unsettled {
            Unsettled::Future(now) => QueryError::Future { asked, now },
            Unsettled::UnderWay if threads.are_late() => QueryError::Late,
            Unsettled::UnderWay => QueryError::UnderWay,
        })
    }

    /// A question at the position that its time means, so that all of its answer is of one position.
    pub(super) fn settled(&self, query: &Query) -> Result<Query, QueryError> {
        let as_of = match &query.as_of {
            AsOf::Time(_) => AsOf::Position(self.position_of(&query.as_of)?),
            AsOf::Release(_) => AsOf::Position(query.as_of.position(&self.store.catalog())?),
            settled @ (AsOf::Head | AsOf::Position(_)) => settled.clone(),
        };
        Ok(Query { as_of, ..query.clone() })
    }

    /// Position of the last change of the reference content at or before a position; 0: none.
    #[must_use]
    pub fn configured(&self, position: u64) -> u64 {
        self.store.catalog().configured(position)
    }

    /// Counts of the engine's own work.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Months that scans went through, each once for each scan; and the slabs that were made, and that are kept.
    #[cfg(test)]
    pub(crate) fn read_so_far(&self) -> (u64, [u64; 2]) {
        (self.counts.passes(), self.slabs.made_and_kept())
    }

    /// The same engine on one thread.
    #[cfg(test)]
    pub(crate) fn on_one_thread(&self) -> Self {
        self.with(Threads { most: 1, ..self.settings.threads.clone() })
    }

    /// The cache of encoded answers.
    #[must_use]
    pub fn answers(&self) -> &AnswerCache {
        &self.answers
    }

    /// Bytes in memory of what questions read, of encoded answers, and of questions under way.
    #[must_use]
    pub fn memory(&self) -> (u64, u64, u64) {
        (self.slabs.bytes(), self.answers.bytes(), self.questions.taken())
    }

    /// How many questions wait for memory.
    pub(super) fn waiting_for_memory(&self) -> u64 {
        self.questions.waiting()
    }

    /// Position of the newest announced change, as a channel that changes with it.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<u64> {
        self.head.clone()
    }

    /// Position of the newest announced release; 0: there is none.
    #[must_use]
    pub fn newest_released(&self) -> u64 {
        *self.released.borrow()
    }

    /// Position of the newest announced release, 0 if there is none, as a channel that changes with it.
    #[must_use]
    pub fn released(&self) -> watch::Receiver<u64> {
        self.released.clone()
    }

    /// Position of the newest announced change.
    #[must_use]
    pub fn told(&self) -> u64 {
        *self.head.borrow()
    }
}
