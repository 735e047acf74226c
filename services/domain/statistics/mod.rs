//! Statistics: limits, comparisons, summary measures of inequality, trends. Each file has one family of measures, with its formula, source
//! and units. The numbers agree with the field's own tools; see `tests/data/statistics`.
//!
//! - [`proportion`], [`rate`], [`standardised_rate`] one group; [`difference`], [`ratio`], [`rate_ratio`], [`rate_difference`], [`restoration`] two
//! - [`Groups`] many: [`pair`], [`gap`]; [`slope`], [`logistic_slope`], [`concentration`] in an order; [`attributable`], [`between_groups`],
//!   [`mean_difference`], [`theil`] in any order
//! - [`summary`] every measure of one set of groups
//! - [`trend`], [`recent_trend`] in time; [`false_discovery`] many at once; [`Verdict`] in words; [`to_level_up`] in people
//! - [`noise_of_share`], [`noise_of_rate`] of counts that were changed; [`median`] of waits and receipts
//! - [`Estimate`] a value with limits, or [`NotComputable`]

mod attributable;
mod beta;
mod comparator;
mod concentration;
mod difference;
mod discovery;
mod entropy;
mod estimate;
mod extremes;
mod group;
mod interval;
mod level_up;
mod line;
mod logistic;
mod mean_difference;
mod median;
mod noise;
mod normal;
mod proportion;
mod rate;
mod rate_comparison;
mod ratio;
mod recent_trend;
mod slope;
mod standardised;
mod summary;
mod trend;
mod variance;

pub use attributable::{Attributable, attributable};
pub use comparator::Verdict;
pub use concentration::{Concentration, concentration};
pub use difference::{difference, hybrid_difference, paired_difference};
pub use discovery::{difference_p_value, false_discovery};
pub use entropy::{mean_log_deviation, theil};
pub use estimate::{Estimate, Limits, NotComputable};
pub use extremes::{Pair, gap, gap_ratio, pair};
pub use group::{Group, Groups};
pub use interval::Interval;
pub use level_up::{Levelling, levelling, to_level_up};
pub use logistic::logistic_slope;
pub use mean_difference::{MeanDifference, disparity, mean_difference};
pub use median::median;
pub use noise::{noise_of_rate, noise_of_share};
pub use normal::{Confidence, quantile};
pub use proportion::proportion;
pub use rate::{byar_limits, rate};
pub use rate_comparison::{
    Activity, Events, exact_rate_ratio_limits, rate_difference, rate_ratio, relative_restoration,
    restoration,
};
pub use ratio::ratio;
pub use recent_trend::{Marker, RecentTrend, recent_trend};
pub use slope::{Scale, Slope, slope};
pub use standardised::{AgeBand, EUROPEAN_2013, noise_of_standardised, standardised_rate};
pub use summary::{MEASURES, MeasureName, Measured, Shape, summary};
pub use trend::{Trend, trend};
pub use variance::{BetweenGroups, between_groups};
