//! What a change affects. Caches drop the answers that read it.

use std::sync::Arc;

use super::keys::Slot;
use crate::domain::period::Month;

/// Data that a change affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// No data: only reference content changed.
    Nothing,
    /// No data: a release was made.
    Releases,
    /// Everything: data was erased, so that nothing may be given out that was worked out before.
    Erased,
    /// A slot that was submitted or withdrawn.
    Slot(Slot),
    /// An organisation's assessment of some months.
    Assessment {
        /// Number of the organisation; none if it has submitted nothing yet.
        organisation: Option<u32>,
        /// First month of the assessment.
        first: Month,
        /// Last month of the assessment, included.
        last: Month,
    },
}

/// Called with every change and its log position, after the change was applied and before it is acknowledged.
pub type Observer = Arc<dyn Fn(Touched, u64) + Send + Sync>;
