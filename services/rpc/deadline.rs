//! The deadline of a call: the server sets it, and long work checks it.

use std::time::Duration;

use tokio::time::Instant;

/// When the answer of a call has to be complete; of a watch stream, when its first table has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

/// Deadline of work without a call, such as a test.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

tokio::task_local! {
    static CURRENT: Deadline;
}

impl Deadline {
    /// A deadline at an instant of the monotonic clock.
    #[must_use]
    pub fn at(instant: Instant) -> Self {
        Self(instant)
    }

    /// That of the call which this is done for.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.try_with(|deadline| *deadline).unwrap_or_else(|_| Self(Instant::now() + LONGEST))
    }

    /// Does something for a call that has this deadline.
    pub fn within<T>(self, done: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, done)
    }

    /// Gives the same deadline to a task that runs next to the call.
    pub fn beside<F: Future>(self, done: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, done)
    }

    /// The instant at which the call ends.
    #[must_use]
    pub fn instant(self) -> Instant {
        self.0
    }

    /// Whether it has passed. Then nobody waits for the answer.
    #[must_use]
    pub fn has_passed(self) -> bool {
        Instant::now() >= self.0
    }

    /// Time left; zero when it has passed.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}
