//! Every table.

use super::channels::ChannelQuestion;
use super::consistency::ConsistencyQuestion;
use super::definition::TableDefinition;
use super::exclusion::ExclusionQuestion;
use super::impact::ImpactQuestion;
use super::indicators::IndicatorQuestion;
use super::inequality::{
    GapsQuestion, RestorationQuestion, StandardisedQuestion, SummaryQuestion, TargetQuestion,
    TrendQuestion,
};
use super::outcomes::OutcomeQuestion;
use super::provision::ProvisionQuestion;
use super::question::Question;
use super::recording::RecordingQuestion;
use super::representativeness::RepresentativenessQuestion;
use super::risk::RiskQuestion;
use super::timeliness::TimelinessQuestion;

/// The tables, in the order of the contract.
#[must_use]
pub fn tables() -> [TableDefinition; 17] {
    [
        ChannelQuestion::TABLE,
        OutcomeQuestion::TABLE,
        ExclusionQuestion::TABLE,
        ProvisionQuestion::TABLE,
        ImpactQuestion::TABLE,
        RiskQuestion::TABLE,
        IndicatorQuestion::TABLE,
        SummaryQuestion::TABLE,
        TrendQuestion::TABLE,
        GapsQuestion::TABLE,
        TargetQuestion::TABLE,
        RecordingQuestion::TABLE,
        TimelinessQuestion::TABLE,
        RepresentativenessQuestion::TABLE,
        ConsistencyQuestion::TABLE,
        RestorationQuestion::TABLE,
        StandardisedQuestion::TABLE,
    ]
}
