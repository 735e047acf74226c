//! Whether the store accepts changes, and how large it is.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Engine;

/// What the engine has to do, and how far it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Load {
    /// Log position of the last applied change.
    pub position: u64,
    /// Rows of the submissions that were stored since the start.
    pub rows: u64,
    /// Changes that wait for the writer.
    pub writer_queue: u64,
    /// Questions that are being answered.
    pub questions: u64,
    /// Of these, how many wait for memory.
    pub waiting_for_memory: u64,
    /// Works of these that wait for their turn.
    pub waiting_for_turns: u64,
}

impl Engine {
    /// What it has to do now.
    #[must_use]
    pub fn load(&self) -> Load {
        let threads = &self.settings.threads;
        Load {
            position: self.position(),
            rows: self.counts.rows(),
            writer_queue: self.store.writer_queue(),
            questions: threads.asking.load(Ordering::Relaxed) as u64,
            waiting_for_memory: self.waiting_for_memory(),
            waiting_for_turns: threads.turns.waiting(),
        }
    }

    /// Time since the newest submission of each collection that has data was stored, by the log's time.
    #[must_use]
    pub fn ages(&self) -> Vec<(String, Duration)> {
        let (now, catalog) = (self.store.now(), self.store.catalog());
        let age = |time: u64| Duration::from_millis(now.saturating_sub(time));
        catalog.newest().map(|(id, time)| (id.to_owned(), age(time))).collect()
    }

    /// How long each fsync of the log took since the last call of this function.
    #[must_use]
    pub fn take_sync_times(&self) -> Vec<Duration> {
        self.store.take_sync_times()
    }

    /// Why the store accepts no changes until an operator has looked; none: it accepts changes.
    #[must_use]
    pub fn writing_stopped(&self) -> Option<&str> {
        self.store.stopped()
    }

    /// Time that the present write has taken so far; none: nothing is being written.
    #[must_use]
    pub fn writing_for(&self) -> Option<Duration> {
        self.store.writing_for()
    }

    /// Bytes of the log, of sled, and free on the disk; none: the system does not say it. Asks the file system.
    #[must_use]
    pub fn sizes(&self) -> (u64, u64, Option<u64>) {
        self.store.sizes()
    }
}
