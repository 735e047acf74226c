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
mod parent;
mod persons;
mod places;
mod plan;
mod provision;
mod quality;
mod rates;
mod risk;
mod stand_in;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod threads;
mod waits;

pub use access::{Histories, NeedSources};
pub use channels::{ChannelCell, ChannelQuestion, ChannelRow, ChannelTable, Figures};
pub use context::{Absence, Condition, Context, DimensionQuality, Empty, Key, Legend, Reason};
pub use estimates::{Beside, EstimateList, Estimates, ListAsked, Place, PublishedEstimate};
pub use exclusion::{
    ExclusionQuestion, ExclusionRow, ExclusionTable, ReasonCell, counted_indicators,
};
pub use impact::{Conversion, FollowUps, ImpactQuestion, ImpactRow, ImpactTable, ModeDifference};
pub use indicators::{IndicatorCell, Share};
pub use outcomes::{OutcomeCell, OutcomeQuestion, OutcomeRow, OutcomeTable};
pub use places::Places;
pub use provision::{ProvisionGroup, ProvisionQuestion, ProvisionRow, ProvisionTable, Sources};
pub use risk::{HighRisk, RiskAsked, RiskQuestion, RiskRow, RiskTable};
pub use waits::{MedianWait, WaitCell};
