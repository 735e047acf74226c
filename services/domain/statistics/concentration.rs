//! The concentration index, for groups in an order: where the value is concentrated. Negative: among the most disadvantaged.
//!
//! Absolute: ACI = Σ pₖ(2Xₖ − 1)yₖ, in the values' unit. Relative: RCI = ACI/μ, from −1 to 1. For shares also Wagstaff's RCI/(1 − μ) and
//! Erreygers's 4·ACI. Limits: the delta method with μ from the same values (Kakwani, Wagstaff and van Doorslaer 1997).

use super::line::{Line, centred_ranks};
use super::{Confidence, Estimate, Groups, NotComputable};

/// The four forms of the index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concentration {
    /// ACI.
    pub absolute: Estimate,
    /// RCI.
    pub relative: Result<Estimate, NotComputable>,
    /// Wagstaff's, for shares.
    pub wagstaff: Result<Estimate, NotComputable>,
    /// Erreygers's, for shares.
    pub erreygers: Result<Estimate, NotComputable>,
    /// Standard error of ACI from the scatter of the groups about a line (ordinary least squares, as WHO's healthequal).
    pub scatter: f64,
}

/// The concentration of groups in their order.
///
/// # Errors
/// Fewer than three groups, or a group without a value.
pub fn concentration(
    groups: &Groups,
    confidence: Confidence,
) -> Result<Concentration, NotComputable> {
    let groups = groups.ordered()?;
    let ranks = centred_ranks(groups);
    // 2Xₖ − 1.
    let weight = |k: usize| 2.0 * ranks[k];
    let index: f64 = groups
        .shares()
        .enumerate()
        .map(|(k, (share, group))| share * weight(k) * group.value)
        .sum();
    // A form of the index, and what it changes by for each unit of pₖyₖ.
    let form = |value: f64, per_unit: &dyn Fn(usize) -> f64| match groups.errors() {
        Ok(errors) => {
            let of = errors.iter().enumerate();
            let of = of.map(|(k, (share, error, _))| (share * per_unit(k) * error).powi(2));
            Estimate::normal(value, of.sum::<f64>().sqrt(), confidence)
        }
        Err(why) => Estimate::without(value, why),
    };
    let mean = groups.positive_mean();
    let is_shares = groups.all().iter().all(|group| group.value <= 1.0);
    let shares = if is_shares { Ok(()) } else { Err(NotComputable::NotShares) };
    let relative = mean.and_then(|mean| form(index / mean, &|k| (weight(k) - index / mean) / mean));
    let wagstaff = shares.and(mean).and_then(|mean| {
        let room = mean * (1.0 - mean);
        if room <= 0.0 {
            return Err(NotComputable::NoVariation);
        }
        form(index / room, &|k| (weight(k) - index * (1.0 - 2.0 * mean) / room) / room)
    });
    let erreygers = shares.and_then(|()| form(4.0 * index, &|k| 4.0 * weight(k)));
    let spread: f64 =
        groups.shares().zip(&ranks).map(|((share, _), rank)| share * rank.powi(2)).sum();
    let values: Vec<_> = groups.all().iter().map(|group| 2.0 * spread * group.value).collect();
    let scatter = Line::fit(groups, &values).ordinary_error();
    Ok(Concentration { absolute: form(index, &weight)?, relative, wagstaff, erreygers, scatter })
}
