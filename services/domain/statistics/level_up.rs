//! Levelling up: how many it takes, and whether a gap that closed was levelled up or down.
//!
//! How many: Σ nₖ·max(0, how much worse the group's share is than the reference's), rounded up: a whole number of people or consultations.
//! A gap closed or widened if the limits of the change of its size do not hold 0 (hybrid of the limits of both sizes). Its size is its distance
//! from 0: a gap that turned has closed only as far as it is smaller now. A gap of 0 has no direction: it has the wider of its two limits on
//! both sides. Levelled up: the group that was worse off gained at least as much as the other lost.

use super::{Interval, Verdict, hybrid_difference};
use crate::domain::indicator::Polarity;

/// What became of a gap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levelling {
    /// Change of its size: below 0, it closed.
    pub change: Interval,
    /// What the change comes to.
    pub verdict: Option<Verdict>,
}

/// What became of a gap from the first pair of shares to the last; the gap is the first share of a pair less the second.
#[must_use]
pub fn levelling(
    (before, after): (Interval, Interval),
    (was, is): ((f64, f64), (f64, f64)),
    polarity: Polarity,
) -> Levelling {
    let change = hybrid_difference(size(after), size(before));
    let closed = change.upper < 0.0;
    // A gain is a change in the good direction.
    let good = if polarity == Polarity::LowerIsBetter { -1.0 } else { 1.0 };
    let gains = (good * (is.0 - was.0), good * (is.1 - was.1));
    let first_is_worse = good * (was.0 - was.1) < 0.0;
    let (worse, better) = if first_is_worse { gains } else { (gains.1, gains.0) };
    let verdict = match polarity {
        _ if change.lower > 0.0 => Verdict::Widened,
        _ if !closed => Verdict::NoChange,
        Polarity::Neither => Verdict::Narrowed,
        Polarity::HigherIsBetter | Polarity::LowerIsBetter if worse >= -better => {
            Verdict::LevelledUp
        }
        Polarity::HigherIsBetter | Polarity::LowerIsBetter => Verdict::LevelledDown,
    };
    Levelling { change, verdict: Some(verdict) }
}

/// A gap as a distance from 0, the same whichever group comes first.
fn size(of: Interval) -> Interval {
    let turned = Interval { value: -of.value, lower: -of.upper, upper: -of.lower };
    if of.value > 0.0 {
        of
    } else if of.value < 0.0 {
        turned
    } else {
        Interval { lower: of.lower.min(turned.lower), upper: of.upper.max(turned.upper), ..of }
    }
}

/// For one group: the share `x` of `n` against the reference's share. `adverse`: a high share is worse.
#[must_use]
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counts are below 2^53
pub fn to_level_up((x, n): (u64, u64), reference: f64, adverse: bool) -> u64 {
    let wanted = reference.clamp(0.0, 1.0) * n as f64;
    let short = if adverse { x as f64 - wanted } else { wanted - x as f64 };
    // What rounding leaves of a whole number is not one more.
    (short - 1e-9).max(0.0).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(value: f64) -> Interval {
        Interval { value, lower: value - 0.01, upper: value + 0.01 }
    }

    #[test]
    fn who_moved_decides_and_a_small_change_is_none() {
        use Polarity::{HigherIsBetter, LowerIsBetter, Neither};
        for (was, is, polarity, expected) in [
            ((0.3, 0.5), (0.45, 0.5), HigherIsBetter, Verdict::LevelledUp),
            ((0.3, 0.5), (0.3, 0.35), HigherIsBetter, Verdict::LevelledDown),
            ((0.5, 0.3), (0.35, 0.3), LowerIsBetter, Verdict::LevelledUp),
            ((0.5, 0.3), (0.5, 0.45), LowerIsBetter, Verdict::LevelledDown),
            ((0.5, 0.3), (0.35, 0.3), Neither, Verdict::Narrowed),
            ((0.3, 0.5), (0.2, 0.5), HigherIsBetter, Verdict::Widened),
            ((0.3, 0.5), (0.305, 0.5), HigherIsBetter, Verdict::NoChange),
            // Turned: as large as before, larger, smaller.
            ((0.3, 0.4), (0.5, 0.4), HigherIsBetter, Verdict::NoChange),
            ((0.4, 0.5), (0.7, 0.5), HigherIsBetter, Verdict::Widened),
            ((0.5, 0.4), (0.3, 0.5), LowerIsBetter, Verdict::Widened),
            ((0.3, 0.5), (0.55, 0.5), HigherIsBetter, Verdict::LevelledUp),
            ((0.3, 0.5), (0.3, 0.25), HigherIsBetter, Verdict::LevelledDown),
        ] {
            let gaps = (gap(was.0 - was.1), gap(is.0 - is.1));
            let found = levelling(gaps, (was, is), polarity);
            assert_eq!(found.verdict, Some(expected), "{was:?} {is:?} {polarity:?}");
        }
    }

    #[test]
    fn a_change_is_that_of_the_size_whichever_side_is_higher() {
        let sides = [-1.0, 1.0];
        for (was, is) in sides.into_iter().flat_map(|was| sides.map(|is| (was, is))) {
            let found = levelling(
                (gap(was * 0.1), gap(is * 0.2)),
                ((0.5, 0.5 - was * 0.1), (0.5, 0.5 - is * 0.2)),
                Polarity::HigherIsBetter,
            );
            assert!((found.change.value - 0.1).abs() < 1e-12, "{was} {is}");
            assert_eq!(found.verdict, Some(Verdict::Widened), "{was} {is}");
        }
    }

    #[test]
    fn a_gap_of_0_has_no_direction() {
        let lopsided = [(-0.3, 0.05), (-0.05, 0.3)];
        let [one, other] = lopsided.map(|(lower, upper)| Interval { value: 0.0, lower, upper });
        let shares = ((0.5, 0.3), (0.45, 0.45));
        let closed = |after| levelling((gap(0.2), after), shares, Polarity::HigherIsBetter);
        let opened = |before| levelling((before, gap(0.2)), shares, Polarity::HigherIsBetter);
        assert_eq!(closed(one), closed(other));
        assert_eq!(opened(one), opened(other));
        assert_eq!(closed(one).verdict, Some(Verdict::NoChange));
        assert_eq!(closed(gap(0.0)).verdict, Some(Verdict::LevelledUp));
    }

    #[test]
    fn people_are_whole_and_nobody_is_taken_from_the_better_off() {
        assert_eq!(to_level_up((29, 100), 0.39, false), 10);
        assert_eq!(to_level_up((29, 100), 0.385, false), 10);
        assert_eq!(to_level_up((39, 100), 0.29, false), 0);
        assert_eq!(to_level_up((39, 100), 0.29, true), 10);
        assert_eq!(to_level_up((0, 0), 0.5, false), 0);
    }
}
