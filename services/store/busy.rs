//! What the writer has to do: since when it works on its current changes, and how many wait. A disk that hangs shows here and nowhere else.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::Span;

/// What the writer has to do.
#[derive(Debug, Default)]
pub(super) struct Busy {
    since: Mutex<Option<Instant>>,
    waiting: AtomicU64,
}

impl Busy {
    fn set(&self, since: Option<Instant>) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    pub(super) fn begin(&self) {
        self.set(Some(Instant::now()));
    }

    pub(super) fn end(&self) {
        self.set(None);
    }

    pub(super) fn since(&self) -> Option<Duration> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner).map(|since| since.elapsed())
    }

    /// A change of this call waits for the writer.
    pub(super) fn wait(self: &Arc<Self>, call: Span) -> Waiting {
        self.waiting.fetch_add(1, Relaxed);
        let span = call.in_scope(|| tracing::debug_span!("wait for the writer"));
        Waiting { call, begun: Some((Arc::clone(self), span)) }
    }

    pub(super) fn waiting(&self) -> u64 {
        self.waiting.load(Relaxed)
    }
}

/// A change that waits until it is taken up, or dropped.
pub(super) struct Waiting {
    /// Span of the call that makes the change.
    call: Span,
    /// None: it waits no more.
    begun: Option<(Arc<Busy>, Span)>,
}

impl Waiting {
    /// The writer takes it up.
    pub(super) fn end(&mut self) {
        if let Some((busy, span)) = self.begun.take() {
            busy.waiting.fetch_sub(1, Relaxed);
            drop(span);
        }
    }

    /// Does a part of the work on it, as a part of its call.
    pub(super) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.call.in_scope(work)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_is_counted_until_it_is_taken_up_or_dropped() {
        let busy = Arc::new(Busy::default());
        let (mut first, second) = (busy.wait(Span::none()), busy.wait(Span::none()));
        assert_eq!(busy.waiting(), 2);
        first.end();
        first.end();
        assert_eq!(busy.waiting(), 1);
        drop((first, second));
        assert_eq!(busy.waiting(), 0);
    }
}
