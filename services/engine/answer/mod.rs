//! One place answers: a question becomes a plan, the plan cells, the cells measures. Which path the cells came by leaves no trace.

mod around;
mod channels;
mod context;
mod exclusion;
mod indicators;
mod outcomes;
mod places;
mod plan;
mod rates;
mod table;
#[cfg(test)]
mod tests;
mod threads;

pub use channels::{ChannelCell, ChannelQuestion, ChannelRow, ChannelTable, Figures};
pub use context::{Absence, Context, DimensionQuality, Empty, Key, Legend, Reason};
pub use exclusion::{
    ExclusionQuestion, ExclusionRow, ExclusionTable, ReasonCell, counted_indicators,
};
pub use indicators::{IndicatorCell, Share};
pub use outcomes::{OutcomeCell, OutcomeQuestion, OutcomeRow, OutcomeTable};
pub use places::Places;
