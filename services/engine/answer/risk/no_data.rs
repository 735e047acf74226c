//! What it means that one of the two halves, people or scores, is missing.

/// Why a half is missing, and the last change that might have brought it.
pub(super) struct NoData {
    pub(super) detail: String,
    pub(super) data_position: u64,
}
