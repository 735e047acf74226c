//! Settings of the engine.

/// Settings of the engine: memory, rows, threads.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Most bytes in memory of what questions read and of encoded answers. The answers take at most a quarter.
    pub memory_bytes: u64,
    /// Most bytes that questions under way take.
    pub question_bytes: u64,
    /// Most rows of a submission.
    pub max_rows: u64,
    /// Most threads that count one answer.
    pub threads: usize,
}
