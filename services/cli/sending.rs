//! How submissions are sent.

use uuid::Uuid;

/// How submissions are sent.
#[derive(Debug, Clone)]
pub struct Sending {
    /// Name of the run. The same run with the same content gets the first receipt again and stores nothing twice.
    pub run_id: String,
    /// Whether valid rows are stored even if other rows have problems.
    pub allow_partial: bool,
    /// Whether to check only.
    pub validate_only: bool,
    /// Whether a submission may replace another and lose most of it.
    pub replace: bool,
}

/// A new name for a run.
pub fn fresh_run_id() -> String {
    Uuid::new_v4().to_string()
}
