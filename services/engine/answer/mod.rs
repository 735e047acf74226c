//! One place answers: a question becomes a plan, the plan cells, the cells measures. Which path the cells came by leaves no trace.

mod access;
mod around;
mod channels;
mod context;
mod estimates;
mod exclusion;
mod impact;
mod indicators;
mod outcomes;
mod places;
mod plan;
mod provision;
mod rates;
mod risk;
mod table;
#[cfg(test)]
mod tests;
mod threads;

pub use access::Histories;
pub use channels::{ChannelCell, ChannelQuestion, ChannelRow, ChannelTable, Figures};
pub use context::{Absence, Condition, Context, DimensionQuality, Empty, Key, Legend, Reason};
pub use estimates::{Estimates, PublishedEstimate};
pub use exclusion::{
    ExclusionQuestion, ExclusionRow, ExclusionTable, ReasonCell, counted_indicators,
};
pub use impact::{Conversion, ImpactQuestion, ImpactRow, ImpactTable, ModeDifference};
pub use indicators::{IndicatorCell, Share};
pub use outcomes::{OutcomeCell, OutcomeQuestion, OutcomeRow, OutcomeTable};
pub use places::Places;
pub use provision::{ProvisionGroup, ProvisionQuestion, ProvisionRow, ProvisionTable, Sources};
pub use risk::{HighRisk, RiskAsked, RiskQuestion, RiskRow, RiskTable};
