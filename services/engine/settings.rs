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
    /// What releases keep to.
    pub releases: ReleaseSettings,
}

/// What releases keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseSettings {
    /// Least number of organisations with data, and with a change, of an area that a release shows.
    pub least: usize,
    /// Days after the end of a month when the month closes.
    pub closing_days: u32,
}

impl ReleaseSettings {
    /// The least number that may be set: with two, each would see what the other one changed.
    pub const LEAST: usize = 3;
}

impl Default for ReleaseSettings {
    fn default() -> Self {
        Self { least: Self::LEAST, closing_days: 14 }
    }
}
