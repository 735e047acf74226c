//! What a measure comes to: a value with its limits, or the reason why there is none. Nothing here is NaN or infinite.

use thiserror::Error;

use super::{Confidence, Interval};

/// Why a measure, or its limits, cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum NotComputable {
    /// A share of nothing, or of fewer than its numerator.
    #[error("the denominator is 0, or less than the numerator")]
    NoShare,
    /// A rate of nobody.
    #[error("the population is not above 0")]
    NoPopulation,
    /// A ratio to 0.
    #[error("the reference is 0: a ratio to 0 has no value")]
    ZeroReference,
    /// Limits of a ratio of 0.
    #[error("the value is 0: a ratio of 0 has no limits on the logarithmic scale")]
    ZeroValue,
    /// Fewer groups than a measure compares.
    #[error("the measure needs more than two groups")]
    FewGroups,
    /// A value, error or number of people that is not finite, or negative; limits that do not hold the value.
    #[error(
        "a group has a value, a standard error or a number of people that is negative or not finite, or limits that do not hold its value"
    )]
    BadGroup,
    /// An ordered measure over a part of the order.
    #[error("a group of the order has no value: the measure needs every group")]
    MissingGroup,
    /// More than 15 % of the people are in groups without a value.
    #[error("more than 15 % of the people are in groups without a value")]
    ManyMissing,
    /// The mean is 0.
    #[error("the mean over all groups is 0: a measure relative to the mean has no value")]
    ZeroMean,
    /// A group at 0 on a logarithmic scale.
    #[error("a group is at 0: the measure has no value on the logarithmic scale")]
    ZeroGroup,
    /// A group at 0 % or 100 % on the logit scale.
    #[error("a group is at 0 % or 100 %: the measure has no value on the logit scale")]
    CertainGroup,
    /// A share above 1.
    #[error("the measure is of shares from 0 to 1: a value is above 1")]
    NotShares,
    /// A slope whose line starts at 0 or below.
    #[error("the line through the groups reaches 0 at an end: a ratio of its ends has no value")]
    LineAtZero,
    /// Fieller's limits are not bounded.
    #[error("the end of the line is not different from 0: the ratio has no limits")]
    Unbounded,
    /// The point where the reference is no better than the mean.
    #[error("the reference is worse than the mean: the value is cut off at 0 and has no limits")]
    CutOff,
    /// A measure whose limits nobody gives in closed form.
    #[error("limits of this measure have no formula")]
    NoFormula,
    /// No standard errors.
    #[error("the groups have no standard errors")]
    NoErrors,
    /// A standardised rate of few events.
    #[error("fewer than 10 events: a standardised rate is not given")]
    FewEvents,
    /// All are alike: everybody or nobody.
    #[error("the share is 0 % or 100 % at every point: there is no variation to test")]
    NoVariation,
    /// Too short a series.
    #[error("cannot be calculated: the trend needs the last five points, each with limits")]
    FewPoints,
    /// A fit in steps that came to no end.
    #[error("the fit did not converge: no line of log odds fits the shares")]
    NoConvergence,
    /// A calculation that left the range of numbers.
    #[error("the numbers are too large or too small to compute with")]
    OutOfRange,
    /// Records in several groups.
    #[error("a person can be in several groups: the measure needs groups that do not overlap")]
    Overlapping,
    /// No best group.
    #[error("neither a high nor a low value is better: there is no best group")]
    NoPolarity,
    /// No reference group.
    #[error("no reference group is named")]
    NoReference,
    /// The group that is named as the reference has no value.
    #[error("the reference group has no value: the measure needs it")]
    MissingReference,
    /// Categories without an order.
    #[error("the groups have no order from most to least disadvantaged")]
    NoOrder,
}

/// Lower and upper limit.
pub type Limits = (f64, f64);

/// A value with its confidence limits, or with the reason why it has none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Point estimate.
    pub value: f64,
    /// Standard error, of ratios on the logarithmic scale; none: the limits are made without.
    pub error: Option<f64>,
    /// Confidence limits.
    pub limits: Result<Limits, NotComputable>,
}

impl Estimate {
    /// A value with limits at z standard errors on both sides.
    ///
    /// # Errors
    /// The value is not finite. An error that is not finite leaves the limits out.
    pub fn normal(value: f64, error: f64, confidence: Confidence) -> Result<Self, NotComputable> {
        let reach = confidence.z() * error;
        Self::with(value, (value - reach, value + reach)).map(|found| found.and_error(error))
    }

    /// A positive ratio with limits at z standard errors of its logarithm.
    ///
    /// # Errors
    /// The ratio is not finite.
    pub fn log_normal(
        value: f64,
        error: f64,
        confidence: Confidence,
    ) -> Result<Self, NotComputable> {
        let reach = (confidence.z() * error).exp();
        Self::with(value, (value / reach, value * reach)).map(|found| found.and_error(error))
    }

    /// A value with these limits.
    ///
    /// # Errors
    /// The value is not finite. Limits that are not finite are left out.
    pub fn with(value: f64, (lower, upper): Limits) -> Result<Self, NotComputable> {
        let finite = lower.is_finite() && upper.is_finite();
        let limits = if finite { Ok((lower, upper)) } else { Err(NotComputable::OutOfRange) };
        Ok(Self { limits, ..Self::without(value, NotComputable::OutOfRange)? })
    }

    /// A value without limits, for this reason.
    ///
    /// # Errors
    /// The value is not finite.
    pub fn without(value: f64, why: NotComputable) -> Result<Self, NotComputable> {
        // -0 reads as a number below 0.
        let value = if value == 0.0 { 0.0 } else { value };
        let found = Self { value, error: None, limits: Err(why) };
        if value.is_finite() { Ok(found) } else { Err(NotComputable::OutOfRange) }
    }

    /// The same with limits that stay between these two.
    #[must_use]
    pub fn within(self, least: f64, most: f64) -> Self {
        let limits = self.limits.map(|(lower, upper)| (lower.max(least), upper.min(most)));
        Self { limits, ..self }
    }

    fn and_error(self, error: f64) -> Self {
        Self { error: Some(error).filter(|error| error.is_finite()), ..self }
    }
}

impl From<Interval> for Estimate {
    fn from(of: Interval) -> Self {
        Self { value: of.value, error: None, limits: Ok((of.lower, of.upper)) }
    }
}
