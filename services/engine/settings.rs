//! Settings of the engine.

/// Settings of the engine: memory, rows, threads.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Most bytes of encoded answers in the cache.
    pub answer_bytes: u64,
    /// Most rows of a submission.
    pub max_rows: u64,
    /// Most threads that count one answer.
    pub threads: usize,
}
