//! One place answers: a question becomes a plan, the plan cells, the cells measures. Which path the cells came by leaves no trace.

mod channels;
mod context;
mod estimates;
mod outcomes;
mod places;
mod plan;
mod rates;
mod risk;
mod table;
#[cfg(test)]
mod tests;
mod threads;

pub use channels::{ChannelCell, ChannelQuestion, ChannelRow, ChannelTable, Figures};
pub use context::{Absence, Context, DimensionQuality, Empty, Key, Legend, Reason};
pub use estimates::{Estimates, PublishedEstimate};
pub use outcomes::{OutcomeCell, OutcomeQuestion, OutcomeRow, OutcomeTable};
pub use places::Places;
pub use risk::{HighRisk, RiskAsked, RiskQuestion, RiskRow, RiskTable};
