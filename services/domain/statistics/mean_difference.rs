//! Mean distances of the groups: from the mean (MDM), the best group (MDB) or a reference (MDR), in the values' unit; and the index of disparity
//! IDIS = 100·MDM/μ in percent (Pearcy and Keppel 2002). Each with groups alike, Σ|yₖ − c|/K, and weighted by people, Σ pₖ|yₖ − c|, as in WHO's
//! healthequal.
//!
//! Limits have no formula.

use super::{Estimate, Groups, NotComputable};

/// The measures with groups alike, and weighted by people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanDifference {
    /// Each group counts alike.
    pub unweighted: Estimate,
    /// Each group counts by its people.
    pub weighted: Estimate,
}

/// Mean distance of the groups from a value.
///
/// # Errors
/// Fewer than three groups, or many people in groups without a value.
#[allow(clippy::cast_precision_loss)] // few groups
pub fn mean_difference(groups: &Groups, from: f64) -> Result<MeanDifference, NotComputable> {
    let groups = groups.summarised()?;
    let far = |value: f64| (value - from).abs();
    let alike: f64 = groups.all().iter().map(|group| far(group.value)).sum();
    let weighted = groups.shares().map(|(share, group)| share * far(group.value)).sum();
    let found = |value| Estimate::without(value, NotComputable::NoFormula);
    Ok(MeanDifference {
        unweighted: found(alike / groups.all().len() as f64)?,
        weighted: found(weighted)?,
    })
}

/// The index of disparity, in percent of the mean.
///
/// # Errors
/// As [`mean_difference`], and where the mean is 0.
pub fn disparity(groups: &Groups) -> Result<MeanDifference, NotComputable> {
    let mean = groups.summarised()?.positive_mean()?;
    let from_mean = mean_difference(groups, mean)?;
    let percent = |of: Estimate| Estimate { value: 100.0 * of.value / mean, ..of };
    Ok(MeanDifference {
        unweighted: percent(from_mean.unweighted),
        weighted: percent(from_mean.weighted),
    })
}
