//! What the engine counts of itself; the telemetry room reads it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How a submission ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Stored.
    Stored,
    /// The same request again: answered with the first receipt.
    Repeated,
    /// Only validated, as asked for.
    Validated,
    /// Refused because of its content.
    Refused,
    /// Not stored because of the service: disk, deadline, fault.
    Failed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] =
        [Self::Stored, Self::Repeated, Self::Validated, Self::Refused, Self::Failed];

    /// Name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Repeated => "repeated",
            Self::Validated => "validated",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
    submissions: [AtomicU64; 5],
}

impl Counts {
    /// Counts an answer that came from the cache.
    pub fn hit(&self) {
        self.hits.fetch_add(1, Relaxed);
    }

    /// Counts an answer that had to be worked out.
    pub fn miss(&self) {
        self.misses.fetch_add(1, Relaxed);
    }

    /// Counts a submission.
    pub fn submission(&self, outcome: Outcome) {
        self.submissions[outcome as usize].fetch_add(1, Relaxed);
    }

    /// Answers from the cache, and answers worked out.
    #[must_use]
    pub fn answers(&self) -> (u64, u64) {
        (self.hits.load(Relaxed), self.misses.load(Relaxed))
    }

    /// Submissions that ended so.
    #[must_use]
    pub fn submissions(&self, outcome: Outcome) -> u64 {
        self.submissions[outcome as usize].load(Relaxed)
    }
}
