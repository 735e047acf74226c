//! The gap between two groups: the difference D, in the values' unit, and the ratio R.
//!
//! Which two: of groups in an order the ends, the worse-off first where a high value is worse; of others the highest and the lowest, or
//! a reference and the group that is furthest from it on the worse side (WHO, Handbook on health inequality monitoring). Limits of D: √(s₁² + s₂²); of R on
//! the logarithmic scale: √((s₁/y₁)² + (s₂/y₂)²).

use super::{Confidence, Estimate, Group, Groups, NotComputable};

/// What is compared with what: places of two groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The group whose value comes first: minuend and numerator.
    pub first: usize,
    /// The group whose value is taken away, or divided by.
    pub second: usize,
}

/// The two groups of the gap. `adverse`: a high value is worse.
#[must_use]
pub fn pair(groups: &Groups, ordered: bool, adverse: bool, reference: Option<usize>) -> Pair {
    let all = groups.all();
    let place = |highest: bool| {
        let better = |a: &usize, b: &usize| {
            let of = all[*a].value.total_cmp(&all[*b].value);
            if highest { of } else { of.reverse() }
        };
        // The first of several that are equal.
        (0..all.len()).rev().max_by(better).unwrap_or_default()
    };
    match reference {
        Some(reference) if !ordered && adverse => Pair { first: place(true), second: reference },
        Some(reference) if !ordered => Pair { first: reference, second: place(false) },
        _ if !ordered => Pair { first: place(true), second: place(false) },
        _ if adverse => Pair { first: 0, second: all.len() - 1 },
        _ => Pair { first: all.len() - 1, second: 0 },
    }
}

/// D of a pair.
///
/// # Errors
/// The numbers are out of range.
pub fn gap(groups: &Groups, of: Pair, confidence: Confidence) -> Result<Estimate, NotComputable> {
    let (first, second) = both(groups, of);
    let value = first.value - second.value;
    match first.error.zip(second.error) {
        Some((one, other)) => Estimate::normal(value, one.hypot(other), confidence),
        None => Estimate::without(value, NotComputable::NoErrors),
    }
}

/// R of a pair.
///
/// # Errors
/// The second is 0.
pub fn gap_ratio(
    groups: &Groups,
    of: Pair,
    confidence: Confidence,
) -> Result<Estimate, NotComputable> {
    let (first, second) = both(groups, of);
    if second.value == 0.0 {
        return Err(NotComputable::ZeroReference);
    }
    let value = first.value / second.value;
    match first.error.zip(second.error) {
        _ if first.value == 0.0 => Estimate::without(value, NotComputable::ZeroValue),
        Some((one, other)) => {
            let error = (one / first.value).hypot(other / second.value);
            Estimate::log_normal(value, error, confidence)
        }
        None => Estimate::without(value, NotComputable::NoErrors),
    }
}

fn both(groups: &Groups, of: Pair) -> (&Group, &Group) {
    (&groups.all()[of.first], &groups.all()[of.second])
}
