//! One place answers, in one shape: a question becomes a plan, the plan counts, the counts cells. Which path the counts came by leaves
//! no trace.
//!
//! - `question` what a table says of itself, `skeleton` how every answer is made, `protected` the form in which it leaves
//! - `model` columns, rows and cells, `cell` cells out of counts, `definition` the kinds of columns of a table
//! - `channels`, `outcomes`, `exclusion`, `provision`, `impact`, `risk`, `indicators` the tables
//! - `recording`, `timeliness`, `representativeness`, `consistency` the tables of data quality
//! - `comparison` the groups of a dimension compared with one of them
//! - `inequality` answers made of answers: summary measures, gaps over time, the largest gaps, targets
//! - `listed` tables that are too long, refused early
//! - `suppressed` counts that publishers do not give, `contributors` what an area's answer tells one of its organisations,
//!   `wholes` what a number tells of those whom it leaves out, `wider` the questions that this is seen in
//! - `planning`, `plan`, `meant`, `spans`, `counting`, `crosstab`, `dense`, `pass`,
//!   `inner_column`, `derived_column`, `axis_positions`, `axis_answers` what is read and counted
//! - `snapshot` which snapshots count
//! - `base_cells` counts for publications; `basic_view` answers without limits and words
//! - `provenance`, `area_notes`, `counted`, `editions`, `frame`, `quality`, `parent`, `rates`, `estimates` what goes with every table

mod access;
mod area_notes;
mod axis_answers;
mod axis_positions;
mod base_cells;
mod basic_view;
mod cell;
mod channels;
mod comparison;
mod consistency;
mod consultations;
mod contributors;
mod counted;
mod counting;
mod crosstab;
mod days_waited;
mod definition;
mod dense;
mod derived_column;
mod editions;
mod estimates;
mod exclusion;
mod frame;
mod impact;
mod indicators;
mod inequality;
mod inner_column;
mod listed;
mod meant;
mod model;
mod outcome_shares;
mod outcomes;
mod parent;
mod pass;
mod people;
mod plan;
mod planning;
mod protected;
mod provenance;
mod provision;
mod quality;
mod question;
mod rates;
mod recording;
mod representativeness;
mod risk;
mod shape;
mod skeleton;
mod snapshot;
mod spans;
mod suppressed;
mod tables;
#[cfg(test)]
pub(crate) mod tests;
mod timeliness;
mod wholes;
mod wider;

pub use access::snapshots_beside;
pub use axis_positions::AxisPositions;
pub use basic_view::BasicQuestion;
pub use channels::ChannelQuestion;
pub use consistency::ConsistencyQuestion;
pub use counted::CountedSource;
pub use definition::{ColumnDefinition, TableDefinition};
pub use estimates::{EstimateList, EstimatesWanted, Place, PublishedEstimate};
pub use exclusion::{ExclusionQuestion, counted_indicators};
pub use impact::{FollowedQuestion, ImpactQuestion};
pub use indicators::{IndicatorQuestion, submitted_indicator};
pub use inequality::{
    AGES, Between, GAP_COUNT, GapsQuestion, RestorationQuestion, StandardisedQuestion,
    SummaryQuestion, TargetQuestion, TrendQuestion, usual_baseline,
};
pub use model::{Absence, Cell, CellCounts, Column, DataQuality, Figure, Key, Reason, Row};
pub use outcomes::OutcomeQuestion;
pub use protected::{Beside, Protected};
pub use provenance::{Condition, Legend, Provenance};
pub use provision::ProvisionQuestion;
pub use question::AnyQuestion;
pub use recording::{RECORDING, RecordingQuestion};
pub use representativeness::{RepresentativenessQuestion, characteristic};
pub use risk::{HighRisk, RiskQuestion};
pub use tables::tables;
pub use timeliness::{Due, TimelinessQuestion};
