//! Counts of the engine's own work since the start. The service reports them as metrics.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How a submission ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A new version was stored.
    Stored,
    /// The same request or the same content came again, and nothing was stored.
    Repeated,
    /// It was only validated, as requested.
    Validated,
    /// It was refused because of its content.
    Refused,
    /// The service could not store it: disk, deadline, fault.
    Failed,
}

impl Outcome {
    /// In the order in which [`Counts`] keeps them.
    pub const ALL: [Self; 5] =
        [Self::Stored, Self::Repeated, Self::Validated, Self::Refused, Self::Failed];

    /// Value of the outcome's attribute in metrics.
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

/// Counts since the start of the service.
#[derive(Debug, Default)]
pub struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
    submissions: [AtomicU64; 5],
    rows: AtomicU64,
    #[cfg(test)]
    passes: AtomicU64,
}

#[cfg(test)]
impl Counts {
    /// Counts a scan of so many months.
    pub(crate) fn pass(&self, months: usize) {
        self.passes.fetch_add(months as u64, Relaxed);
    }

    /// Months that scans went through, each once for each scan.
    pub(crate) fn passes(&self) -> u64 {
        self.passes.load(Relaxed)
    }
}

impl Counts {
    /// Counts an answer that came from the cache.
    pub fn hit(&self) {
        self.hits.fetch_add(1, Relaxed);
    }

    /// Counts an answer that was computed.
    pub fn miss(&self) {
        self.misses.fetch_add(1, Relaxed);
    }

    /// Counts rows of a submission that was stored.
    pub fn stored_rows(&self, rows: u64) {
        self.rows.fetch_add(rows, Relaxed);
    }

    /// Rows of all submissions that were stored.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows.load(Relaxed)
    }

    /// Counts a submission that has ended.
    pub fn submission(&self, outcome: Outcome) {
        self.submissions[outcome as usize].fetch_add(1, Relaxed);
    }

    /// Answers from the cache, and answers that were computed.
    #[must_use]
    pub fn answers(&self) -> (u64, u64) {
        (self.hits.load(Relaxed), self.misses.load(Relaxed))
    }

    /// Submissions with this outcome.
    #[must_use]
    pub fn submissions(&self, outcome: Outcome) -> u64 {
        self.submissions[outcome as usize].load(Relaxed)
    }
}
