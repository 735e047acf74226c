//! The room for what clients have not read: bytes of all connections together, and the steps of time in which messages are due.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use super::settings::ServerSettings;

/// The longest time that a message may stay unread has this many steps.
pub(super) const STEPS: u32 = 30;
/// A slot for each step in which a message may be due, and for as many steps in the past.
pub(super) const SLOTS: usize = 64;
/// A shorter message counts as this many bytes: the buffer that it was written into is this long.
pub(super) const LEAST: usize = 8 << 10;

/// Bytes and steps.
#[derive(Debug)]
pub(super) struct Room {
    begun: Instant,
    step: Duration,
    bytes: AtomicUsize,
    most: usize,
}

impl Room {
    /// An empty room, as large as the settings say.
    pub(super) fn new(settings: &ServerSettings) -> Self {
        let longest = settings.stream_idle.max(settings.request_deadline + settings.grace);
        let step = (longest / STEPS).max(Duration::from_millis(1));
        Self {
            begun: Instant::now(),
            step,
            bytes: AtomicUsize::new(0),
            most: settings.unread_bytes,
        }
    }

    /// The length of a step.
    pub(super) fn step(&self) -> Duration {
        self.step
    }

    /// The number of the step that an instant lies in.
    pub(super) fn step_of(&self, instant: Instant) -> usize {
        let passed = instant.saturating_duration_since(self.begun).as_micros();
        usize::try_from(passed / self.step.as_micros()).unwrap_or(usize::MAX)
    }

    /// Takes bytes. False: there is no room for them.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let fits = self.bytes.fetch_add(bytes, Relaxed) + bytes <= self.most;
        if !fits {
            self.give_back(bytes);
        }
        fits
    }

    /// Bytes that do not count any more.
    pub(super) fn give_back(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Relaxed);
    }

    /// Bytes that are taken.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.bytes.load(Relaxed)
    }

    /// The instant at which the first step began.
    #[cfg(test)]
    pub(super) fn begun(&self) -> Instant {
        self.begun
    }
}
