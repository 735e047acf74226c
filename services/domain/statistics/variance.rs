//! How far groups are from the mean, squared: the between-group variance BGV = Σ pₖ(yₖ − μ)², its root BGSD, and the coefficient of variation
//! COV = 100·BGSD/μ in percent.
//!
//! SE² of BGV = 4Σpₖ²sₖ²(yₖ − μ)² + 2[(Σpₖ²sₖ²)² − Σpₖ⁴sₖ⁴ + Σpₖ²(1 − pₖ)²sₖ⁴] (WHO, HEAT technical notes). The limits of BGSD are the roots of
//! those of BGV. Those of COV have no formula.

use super::{Confidence, Estimate, Groups, NotComputable};

/// The three measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BetweenGroups {
    /// BGV.
    pub variance: Estimate,
    /// BGSD.
    pub deviation: Estimate,
    /// COV, in percent.
    pub coefficient: Result<Estimate, NotComputable>,
}

/// How far groups are from the mean.
///
/// # Errors
/// Fewer than three groups, or many people in groups without a value.
pub fn between_groups(
    groups: &Groups,
    confidence: Confidence,
) -> Result<BetweenGroups, NotComputable> {
    let groups = groups.summarised()?;
    let mean = groups.mean();
    let value: f64 =
        groups.shares().map(|(share, group)| share * (group.value - mean).powi(2)).sum();
    let variance = match groups.errors() {
        Ok(errors) => {
            let sum = |of: &dyn Fn(f64, f64, f64) -> f64| -> f64 {
                errors.iter().map(|(p, s, group)| of(*p, *s, group.value - mean)).sum()
            };
            let of_values = sum(&|p, s, from| (p * s * from).powi(2));
            let of_errors = sum(&|p, s, _| (p * s).powi(2)).powi(2)
                - sum(&|p, s, _| (p * s).powi(4))
                + sum(&|p, s, _| (p * (1.0 - p) * s * s).powi(2));
            let error = (4.0 * of_values + 2.0 * of_errors).max(0.0).sqrt();
            Estimate::normal(value, error, confidence)?.within(0.0, f64::MAX)
        }
        Err(why) => Estimate::without(value, why)?,
    };
    let deviation = match variance.limits {
        Ok((lower, upper)) => Estimate::with(value.sqrt(), (lower.sqrt(), upper.sqrt()))?,
        Err(why) => Estimate::without(value.sqrt(), why)?,
    };
    let coefficient = groups
        .positive_mean()
        .and_then(|mean| Estimate::without(100.0 * value.sqrt() / mean, NotComputable::NoFormula));
    Ok(BetweenGroups { variance, deviation, coefficient })
}
