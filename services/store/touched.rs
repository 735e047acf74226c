//! What a change bears on: whoever keeps answers lets go of those.

use std::sync::Arc;

use super::keys::Slot;
use crate::domain::period::Month;

/// What a change bears on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// No data: reference content.
    Nothing,
    /// A slot that was submitted or withdrawn.
    Slot(Slot),
    /// What an organisation says of some months.
    Assessment {
        /// Number of the organisation; none while it has submitted nothing.
        organisation: Option<u32>,
        /// First month.
        first: Month,
        /// Last month.
        last: Month,
    },
}

/// Told of every change after it was applied and before it is acknowledged: what it bears on, and its position.
pub type Observer = Arc<dyn Fn(Touched, u64) + Send + Sync>;
