//! What holds of one and of two groups, and of changes, whatever the counts: numbers are finite, limits hold the value, and what is the same question
//! in another unit or order has the same answer.

use equity_indicators::domain::indicator::Polarity;
use equity_indicators::domain::statistics::{
    AgeBand, Confidence, Estimate, Interval, Levelling, Marker, NotComputable, Verdict,
    byar_limits, difference, exact_rate_ratio_limits, levelling, paired_difference, proportion,
    rate, recent_trend, relative_restoration, restoration, standardised_rate,
};
use proptest::prelude::*;

use super::statistics::{LEVELS, near, share, sound};

/// A count, often 0, small, at the border of the exact limits, or as large as there are.
fn count() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0_u64),
        Just(9),
        Just(10),
        1_u64..30,
        1_u64..1_000_000,
        Just(1 << 53),
        Just(u64::MAX)
    ]
}

/// Fewer than all people.
fn events() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0_u64), 1_u64..12, 1_u64..60_000_000]
}

/// Tells of a number whether it is another one within rounding.
fn is_near(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1e-9)
}

fn all(of: Interval) -> [f64; 3] {
    [of.value, of.lower, of.upper]
}

/// The limits of the second hold those of the first.
fn holds(narrow: Interval, wide: Interval) -> bool {
    let slack = 1e-12 * narrow.value.abs();
    wide.lower <= narrow.lower + slack && narrow.upper <= wide.upper + slack
}

/// Probability of at most `most` events where `mean` are expected: Poisson, term by term.
fn at_most(most: u64, mean: f64) -> f64 {
    let mut term = (-mean).exp();
    let mut sum = term;
    for k in 1..=most {
        #[allow(clippy::cast_precision_loss)] // below 10
        let k = k as f64;
        term *= mean / k;
        sum += term;
    }
    sum
}

fn bands() -> impl Strategy<Value = Vec<AgeBand>> {
    let band = (0_u32..100_000, 1_u32..1_000_000, 1_u32..10_000);
    let band = band.prop_map(|(events, people, standard)| AgeBand {
        events: events.min(people).into(),
        people: people.into(),
        standard: standard.into(),
    });
    prop::collection::vec(band, 1..20)
}

fn points() -> impl Strategy<Value = Vec<Interval>> {
    let reach = || prop_oneof![1 => Just(0.0), 20 => 1.0_f64..1e6];
    let point = (-1e6_f64..1e6, reach(), reach()).prop_map(|(value, down, up)| Interval {
        value,
        lower: value - down,
        upper: value + up,
    });
    prop::collection::vec(point, 0..9)
}

/// Every point turned into another unit.
fn times(points: &[Interval], factor: f64) -> Vec<Interval> {
    let times = |of: &Interval| {
        let [value, one, other] = all(*of).map(|of| of * factor);
        Interval { value, lower: one.min(other), upper: one.max(other) }
    };
    points.iter().map(times).collect()
}

/// What became of the gap of two shares, before and after.
fn levelled(shares: [(u64, u64); 4], polarity: Polarity) -> Levelling {
    let [first, second, later, other] = shares;
    let gap = |one, other| difference(one, other, Confidence::P95).unwrap();
    let gaps = (gap(first, second), gap(later, other));
    #[allow(clippy::cast_precision_loss)] // counts are below 2^53
    let share = |(x, n): (u64, u64)| x as f64 / n as f64;
    let of = ((share(first), share(second)), (share(later), share(other)));
    levelling(gaps, of, polarity)
}

proptest! {
    #[test]
    fn a_proportion_lies_between_its_limits_and_they_between_0_and_1((x, n) in share(), times in 2_u64..100) {
        let found = LEVELS.map(|level| proportion(x, n, level).unwrap());
        for of in found {
            prop_assert!(0.0 <= of.lower && of.lower <= of.value && of.value <= of.upper && of.upper <= 1.0, "{of:?}");
            prop_assert_eq!(of.lower == 0.0, x == 0);
            prop_assert_eq!(of.upper.to_bits() == 1.0_f64.to_bits(), x == n);
        }
        prop_assert!(holds(found[0], found[1]), "{found:?}");
        // The share of all others is what is missing of 1.
        let others = proportion(n - x, n, LEVELS[0]).unwrap();
        prop_assert!((found[0].lower + others.upper - 1.0).abs() < 1e-12, "{found:?} {others:?}");
        // As many times the people: the same share, known better.
        let more = proportion(x * times, n * times, LEVELS[0]).unwrap();
        prop_assert!(is_near(more.value, found[0].value) && more.upper - more.lower < found[0].upper - found[0].lower);
        prop_assert_eq!(proportion(n + 1, n, LEVELS[0]), None);
    }

    #[test]
    fn a_rate_lies_between_its_limits_at_every_count(x in count(), exponent in -300_i32..300, unit in 0.001_f64..1e6, factor in 0.001_f64..1e6) {
        let n = 10_f64.powi(exponent);
        for level in LEVELS {
            // What is too large to compute with is no rate, rather than no number.
            let Some(of) = rate(x, n, unit, level) else { prop_assert!(exponent < -200); continue };
            prop_assert!(all(of).iter().all(|of| of.is_finite()), "{of:?}");
            prop_assert!(0.0 <= of.lower && of.lower <= of.value && of.value <= of.upper, "{of:?}");
        }
        let people = f64::from(exponent.unsigned_abs()) + 0.5;
        let [own, wider] = LEVELS.map(|level| rate(x, people, unit, level).unwrap());
        prop_assert!(holds(own, wider));
        // Another unit, and as many times the people with as many times the unit.
        let other = rate(x, people, unit * factor, LEVELS[0]).unwrap();
        let same = rate(x, people * factor, unit * factor, LEVELS[0]).unwrap();
        for (own, (other, same)) in all(own).into_iter().zip(all(other).into_iter().zip(all(same))) {
            prop_assert!(is_near(own * factor, other) && is_near(own, same), "{own} {other} {same}");
        }
        // More events have higher limits, also where the formula changes.
        let more = rate(x.saturating_add(1), people, unit, LEVELS[0]).unwrap();
        prop_assert!(own.lower <= more.lower && own.upper <= more.upper, "{own:?} {more:?}");
    }

    /// The exact limits against their definition: with the lower one so many events or more have the probability of a tail, with the upper one so many or
    /// fewer.
    #[test]
    fn exact_limits_leave_a_tail_on_each_side(x in 0_u64..10) {
        for level in LEVELS {
            let of = rate(x, 1.0, 1.0, level).unwrap();
            prop_assert!((at_most(x, of.upper) / level.tail() - 1.0).abs() < 1e-9, "{x}: {of:?}");
            let more = if x == 0 { level.tail() } else { 1.0 - at_most(x - 1, of.lower) };
            prop_assert!((more / level.tail() - 1.0).abs() < 1e-9, "{x}: {of:?}");
        }
    }

    #[test]
    fn byar_limits_are_finite_and_in_order(x in count()) {
        #[allow(clippy::cast_precision_loss)] // any number will do
        let x = x as f64;
        for level in LEVELS {
            let (lower, upper) = byar_limits(x, level);
            prop_assert!(lower.is_finite() && upper.is_finite() && lower <= x && x <= upper, "{x}: {lower} {upper}");
        }
    }

    #[test]
    fn the_exact_limits_of_a_ratio_are_finite_at_every_count(x in events(), y in events(), n in 1_u32..100_000_000, m in 1_u32..100_000_000) {
        let (first, second) = ((x, f64::from(n)), (y, f64::from(m)));
        for level in LEVELS {
            match exact_rate_ratio_limits(first, second, level) {
                Ok((lower, upper)) => {
                    prop_assert!(lower.is_finite() && 0.0 <= lower);
                    prop_assert_eq!(upper.is_none(), y == 0);
                    #[allow(clippy::cast_precision_loss)] // counts are below 2^53
                    let ratio = (y > 0).then(|| x as f64 / first.1 / (y as f64 / second.1));
                    if let Some((ratio, upper)) = ratio.zip(upper) {
                        prop_assert!(upper.is_finite());
                        prop_assert!(lower <= ratio * (1.0 + 1e-6) && ratio <= upper * (1.0 + 1e-6), "{lower} {ratio} {upper}");
                    }
                }
                Err(why) => {
                    prop_assert_eq!(why, NotComputable::ZeroReference);
                    prop_assert_eq!((x, y), (0, 0));
                }
            }
        }
    }

    #[test]
    fn a_standardised_rate_does_not_depend_on_the_order_of_the_bands(bands in bands(), by in 0_usize..20, factor in 0.001_f64..1000.0) {
        let of = |bands: &[AgeBand], unit: f64| standardised_rate(bands, unit, LEVELS[0]);
        let own = of(&bands, 1000.0);
        for level in LEVELS {
            sound("standardised rate", standardised_rate(&bands, 1000.0, level))?;
        }
        let mut turned = bands.clone();
        turned.rotate_left(by % bands.len());
        near("order", own, of(&turned, 1000.0), 1.0)?;
        near("unit", own, of(&bands, 1000.0 * factor), factor)?;
        let weighted: Vec<_> = bands.iter().map(|of| AgeBand { standard: of.standard * factor, ..*of }).collect();
        near("size of the standard population", own, of(&weighted, 1000.0), 1.0)?;
        // One band has the crude rate, and its limits by Byar.
        let one = of(&bands[..1], 1000.0);
        let events = bands[0].events;
        prop_assert_eq!(one.err(), (events < 10.0).then_some(NotComputable::FewEvents));
        if let Ok(one) = one {
            let (lower, upper) = byar_limits(events, LEVELS[0]);
            let expected = [events, lower, upper].map(|of| of * 1000.0 / bands[0].people);
            let limits = one.limits.unwrap();
            for (found, expected) in [one.value, limits.0, limits.1].into_iter().zip(expected) {
                prop_assert!(is_near(found, expected), "{one:?} {expected}");
            }
        }
    }

    #[test]
    fn a_recent_trend_turns_with_time_and_with_the_sign(points in points(), factor in 0.001_f64..1000.0) {
        let turned: Vec<_> = points.iter().rev().copied().collect();
        let found = recent_trend(&points);
        let Ok(own) = found else {
            let last = points.len().saturating_sub(5);
            let flat = points[last..].iter().any(|of| of.upper <= of.lower);
            prop_assert!(points.len() < 5 || flat, "{points:?} {found:?}");
            return Ok(());
        };
        prop_assert!(own.slope.is_finite() && own.chi_squared.is_finite() && own.chi_squared >= 0.0, "{own:?}");
        let sign = |of: Marker| match of { Marker::Increasing => 1, Marker::NoChange => 0, Marker::Decreasing => -1 };
        prop_assert!(sign(own.marker) == 0 || f64::from(sign(own.marker)) * own.slope > 0.0, "{own:?}");
        if points.len() == 5 {
            let back = recent_trend(&turned).unwrap();
            prop_assert!((own.slope + back.slope).abs() <= 1e-6 * own.slope.abs().max(1.0), "{own:?} {back:?}");
            prop_assert_eq!(sign(own.marker), -sign(back.marker));
        }
        // Another unit, and the other direction.
        for factor in [factor, -factor] {
            let other = recent_trend(&times(&points, factor)).unwrap();
            prop_assert!((other.slope - own.slope * factor).abs() <= 1e-6 * (own.slope * factor).abs().max(factor.abs()), "{own:?} {other:?}");
            prop_assert_eq!(sign(other.marker), if factor > 0.0 { sign(own.marker) } else { -sign(own.marker) });
        }
        // What was before the last five does not matter.
        prop_assert_eq!(recent_trend(&points[points.len() - 5..]), Ok(own));
    }

    #[test]
    fn a_paired_difference_turns_with_the_questions(counts in [events(), events(), events(), events()]) {
        let [both, first, second, neither] = counts;
        let Some(own) = paired_difference(counts, LEVELS[0]) else {
            prop_assert_eq!(counts, [0; 4]);
            return Ok(());
        };
        for level in LEVELS {
            let of = paired_difference(counts, level).unwrap();
            sound("paired difference", Ok(Estimate::from(of)))?;
            prop_assert!(-1.0 <= of.lower && of.upper <= 1.0, "{of:?}");
        }
        let turned = paired_difference([both, second, first, neither], LEVELS[0]).unwrap();
        prop_assert!((own.value + turned.value).abs() < 1e-12, "{own:?} {turned:?}");
        prop_assert!((own.lower + turned.upper).abs() < 1e-9 && (own.upper + turned.lower).abs() < 1e-9, "{own:?} {turned:?}");
        // Yes and no exchanged: the difference has the other sign.
        let no = paired_difference([neither, second, first, both], LEVELS[0]).unwrap();
        prop_assert!((own.value + no.value).abs() < 1e-12, "{own:?} {no:?}");
        prop_assert!((own.lower + no.upper).abs() < 1e-9 && (own.upper + no.lower).abs() < 1e-9, "{own:?} {no:?}");
    }

    #[test]
    fn what_became_of_a_gap_does_not_depend_on_which_group_comes_first(shares in [share(), share(), share(), share()]) {
        let [first, second, later, other] = shares;
        let others = shares.map(|(x, n)| (n - x, n));
        for polarity in [Polarity::HigherIsBetter, Polarity::LowerIsBetter, Polarity::Neither] {
            let own = levelled(shares, polarity);
            let (of, verdict) = (own.change, own.verdict.unwrap());
            prop_assert!(all(of).iter().all(|of| of.is_finite()) && of.lower <= of.value && of.value <= of.upper, "{of:?}");
            let may: &[Verdict] = match (of.lower > 0.0, of.upper < 0.0, polarity) {
                (true, _, _) => &[Verdict::Widened],
                (false, false, _) => &[Verdict::NoChange],
                (false, true, Polarity::Neither) => &[Verdict::Narrowed],
                (false, true, _) => &[Verdict::LevelledUp, Verdict::LevelledDown],
            };
            prop_assert!(may.contains(&verdict), "{verdict:?} {of:?}");
            for turned in [[second, first, other, later], [first, second, other, later]] {
                let turned = levelled(turned, polarity).change;
                prop_assert!(all(turned).iter().zip(all(of)).all(|(turned, of)| (turned - of).abs() < 1e-9), "{of:?} {turned:?}");
            }
            // Which of two equal shares was worse off is not asked: no gap that was 0 can close.
            let turned = levelled([second, first, other, later], polarity);
            prop_assert_eq!(turned.verdict, own.verdict);
            // The shares of all others, of which a low one is better if a high one was.
            let opposite = match polarity {
                Polarity::HigherIsBetter => Polarity::LowerIsBetter,
                Polarity::LowerIsBetter => Polarity::HigherIsBetter,
                Polarity::Neither => Polarity::Neither,
            };
            let mirrored = levelled(others, opposite);
            prop_assert!((mirrored.change.value - of.value).abs() < 1e-9, "{own:?} {mirrored:?}");
        }
    }

    #[test]
    fn restoration_does_not_depend_on_the_length_of_a_month(group in [events(), events()], rest in [events(), events()], months in 1_u32..24, before in 1_u32..24, factor in 0.01_f64..100.0) {
        let activity = |of: [u64; 2], factor: f64| [(of[0], f64::from(months) * factor), (of[1], f64::from(before) * factor)];
        let whole = [group[0] + rest[0], group[1] + rest[1]];
        let own = |noise, level, factor| restoration(activity(group, factor), noise, level);
        let relative = |of: [u64; 2], noise, level, factor| relative_restoration(activity(of, factor), activity(whole, factor), noise, level);
        for level in LEVELS {
            for noise in [0.0, 4.0] {
                sound("restoration", own(noise, level, 1.0))?;
                sound("relative restoration", relative(group, noise, level, 1.0))?;
            }
        }
        near("months", own(0.0, LEVELS[0], 1.0), own(0.0, LEVELS[0], factor), 1.0)?;
        near("months", relative(group, 0.0, LEVELS[0], 1.0), relative(group, 0.0, LEVELS[0], factor), 1.0)?;
        // Noise changes limits, never the value, and makes them wider.
        if let (Ok(own), Ok(noisy)) = (own(0.0, LEVELS[0], 1.0), own(4.0, LEVELS[0], 1.0)) {
            prop_assert!(own.value.to_bits() == noisy.value.to_bits());
            if let (Ok(own), Ok(noisy)) = (own.limits, noisy.limits) {
                prop_assert!(noisy.0 <= own.0 && own.1 <= noisy.1);
            }
        }
        // The rest beside the group is the group beside the rest, turned round.
        if let (Ok(one), Ok(other)) = (relative(group, 0.0, LEVELS[0], 1.0), relative(rest, 0.0, LEVELS[0], 1.0))
            && one.value > 0.0
            && other.value > 0.0
        {
            prop_assert!((one.value * other.value - 1.0).abs() < 1e-9, "{one:?} {other:?}");
        }
    }
}
