//! How to run the engine.

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
