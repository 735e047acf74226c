//! Whether the store accepts changes, and how large it is.

use std::time::Duration;

use super::Engine;

impl Engine {
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

    /// Bytes of the log, of sled, and free on the disk. Asks the file system.
    #[must_use]
    pub fn sizes(&self) -> (u64, u64, u64) {
        self.store.sizes()
    }
}
