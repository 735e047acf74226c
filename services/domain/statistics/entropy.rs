//! Measures of disproportion, with rₖ = yₖ/μ: Theil's index Σ pₖrₖ ln rₖ and the mean log deviation −Σ pₖ ln rₖ, without unit, 0 where all are alike.
//!
//! Limits: the delta method, √Σ(pₖ(ln rₖ − T)sₖ/μ)² and √Σ(pₖ(1 − 1/rₖ)sₖ/μ)². A group at 0 adds nothing to Theil's index, because x ln x goes to 0;
//! the mean log deviation then has no value (WHO's healthequal puts 0.000001 in its place, and is not followed).

use super::{Confidence, Estimate, Groups, NotComputable};

/// Theil's index.
///
/// # Errors
/// Fewer than three groups, many people in groups without a value, or a mean of 0.
pub fn theil(groups: &Groups, confidence: Confidence) -> Result<Estimate, NotComputable> {
    let mean = groups.summarised()?.positive_mean()?;
    let term = |value: f64| if value > 0.0 { value / mean * (value / mean).ln() } else { 0.0 };
    let index: f64 = groups.shares().map(|(share, group)| share * term(group.value)).sum();
    let per_unit = |value: f64| if value > 0.0 { (value / mean).ln() - index } else { 0.0 };
    with_limits(groups, index, mean, &per_unit, confidence)
}

/// The mean log deviation.
///
/// # Errors
/// As [`theil`], and where a group is at 0.
pub fn mean_log_deviation(
    groups: &Groups,
    confidence: Confidence,
) -> Result<Estimate, NotComputable> {
    let mean = groups.summarised()?.positive_mean()?;
    if groups.all().iter().any(|group| group.value <= 0.0) {
        return Err(NotComputable::ZeroGroup);
    }
    let index: f64 = groups.shares().map(|(share, group)| -share * (group.value / mean).ln()).sum();
    with_limits(groups, index, mean, &|value| 1.0 - mean / value, confidence)
}

/// An index with limits; it changes by `per_unit` for each unit of pₖyₖ/μ.
fn with_limits(
    groups: &Groups,
    index: f64,
    mean: f64,
    per_unit: &dyn Fn(f64) -> f64,
    confidence: Confidence,
) -> Result<Estimate, NotComputable> {
    match groups.errors() {
        Ok(errors) => {
            let of = |(share, error, group): &(f64, f64, &super::Group)| {
                (share * per_unit(group.value) * error / mean).powi(2)
            };
            let error = errors.iter().map(of).sum::<f64>().sqrt();
            Ok(Estimate::normal(index, error, confidence)?.within(0.0, f64::MAX))
        }
        Err(why) => Estimate::without(index, why),
    }
}
