//! How long fsyncs take, until somebody reads it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Most times that are kept until they are read. Later ones are dropped: nobody measures.
const MOST: usize = 4_096;

/// The durations of the fsyncs since they were last taken.
#[derive(Debug, Default)]
pub struct SyncTimes(Mutex<Vec<Duration>>);

impl SyncTimes {
    fn lock(&self) -> MutexGuard<'_, Vec<Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, time: Duration) {
        let mut times = self.lock();
        if times.len() < MOST {
            times.push(time);
        }
    }

    /// Takes them, in their order.
    #[must_use]
    pub fn take(&self) -> Vec<Duration> {
        std::mem::take(&mut *self.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_taken_once_and_bounded_while_nobody_takes_them() {
        let times = SyncTimes::default();
        (0..MOST as u64 + 9).map(Duration::from_millis).for_each(|time| times.add(time));
        let taken = times.take();
        assert_eq!((taken.len(), taken[1]), (MOST, Duration::from_millis(1)));
        assert!(times.take().is_empty());
    }
}
