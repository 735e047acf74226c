//! What holds of every statistic whatever its counts: numbers are finite, limits hold the value, and neither the order of groups nor the
//! unit changes what must not depend on them.

use equity_indicators::domain::statistics::{
    Confidence, Estimate, Group, Groups, NotComputable, Scale, attributable, between_groups,
    concentration, difference, difference_p_value, disparity, false_discovery, gap, gap_ratio,
    logistic_slope, mean_difference, mean_log_deviation, pair, rate_difference, rate_ratio, ratio,
    slope, theil, trend,
};
use proptest::prelude::*;

pub(super) type Found = Result<Estimate, NotComputable>;

pub(super) const LEVELS: [Confidence; 2] = [Confidence::P95, Confidence::P998];

/// A share: x of n, n from 1 on, often at an end.
pub(super) fn share() -> impl Strategy<Value = (u64, u64)> {
    let people = prop_oneof![1_u64..20, 1_u64..5000, 1_u64..60_000_000];
    people.prop_flat_map(|n| (prop_oneof![Just(0), Just(n), 0..=n], Just(n)))
}

pub(super) fn groups() -> impl Strategy<Value = Vec<(u64, u64)>> {
    prop::collection::vec(share(), 2..12)
}

pub(super) fn of(shares: &[(u64, u64)]) -> Groups {
    let groups = shares.iter().map(|(x, n)| Group::share(*x, *n).unwrap()).collect();
    Groups::new(groups, 0.0).unwrap()
}

/// Every measure of groups, by name; both forms of those that have two.
fn measures(groups: &Groups, level: Confidence) -> Vec<(&'static str, Found)> {
    let two = pair(groups, false, true, None);
    let best = (0..groups.all().len())
        .max_by(|a, b| groups.all()[*a].value.total_cmp(&groups.all()[*b].value))
        .unwrap();
    let attributable = attributable(groups, best, false, level);
    let between = between_groups(groups, level);
    let distance = mean_difference(groups, groups.mean());
    vec![
        ("d", gap(groups, two, level)),
        ("r", gap_ratio(groups, two, level)),
        ("par", attributable.map(|of| of.absolute)),
        ("paf", attributable.and_then(|of| of.relative)),
        ("bgv", between.map(|of| of.variance)),
        ("bgsd", between.map(|of| of.deviation)),
        ("cov", between.and_then(|of| of.coefficient)),
        ("mdmu", distance.map(|of| of.unweighted)),
        ("mdmw", distance.map(|of| of.weighted)),
        ("idisu", disparity(groups).map(|of| of.unweighted)),
        ("idisw", disparity(groups).map(|of| of.weighted)),
        ("theil", theil(groups, level)),
        ("mld", mean_log_deviation(groups, level)),
    ]
}

fn of_an_order(groups: &Groups, level: Confidence) -> Vec<(&'static str, Found)> {
    let mut all = Vec::new();
    for scale in [Scale::Linear, Scale::Log, Scale::Logit] {
        for multiplier in [1.0, -100.0] {
            let found = slope(groups, scale, multiplier, level);
            all.push(("sii", found.map(|of| of.absolute)));
            all.push(("rii", found.and_then(|of| of.relative)));
        }
    }
    let logistic = logistic_slope(groups, level);
    all.push(("logistic sii", logistic.map(|of| of.0)));
    all.push(("logistic rii", logistic.map(|of| of.1)));
    let of = concentration(groups, level);
    all.push(("aci", of.map(|of| of.absolute)));
    all.push(("rci", of.and_then(|of| of.relative)));
    all.push(("wagstaff", of.and_then(|of| of.wagstaff)));
    all.push(("erreygers", of.and_then(|of| of.erreygers)));
    all
}

/// Finite, and the limits hold the value.
pub(super) fn sound(name: &str, found: Found) -> Result<(), TestCaseError> {
    let Ok(of) = found else { return Ok(()) };
    prop_assert!(of.value.is_finite(), "{name}: {of:?}");
    if let Ok((lower, upper)) = of.limits {
        let slack = 1e-9 * of.value.abs().max(1e-9);
        prop_assert!(lower.is_finite() && upper.is_finite(), "{name}: {of:?}");
        prop_assert!(lower <= of.value + slack && of.value <= upper + slack, "{name}: {of:?}");
    }
    Ok(())
}

pub(super) fn near(name: &str, one: Found, other: Found, factor: f64) -> Result<(), TestCaseError> {
    match (one, other) {
        (Ok(one), Ok(other)) => {
            let expected = one.value * factor;
            let error = (expected - other.value).abs();
            // What is 0 but for rounding is as small as the last digits of the values.
            let allowed = 1e-9 * expected.abs().max(1e-3 * factor.abs());
            prop_assert!(error <= allowed, "{name}: {one:?} {other:?}");
        }
        (one, other) => prop_assert_eq!(one.err(), other.err(), "{}", name),
    }
    Ok(())
}

proptest! {
    #[test]
    fn comparisons_are_finite_and_limits_hold_the_value(first in share(), second in share()) {
        for level in LEVELS {
            sound("difference", difference(first, second, level).map(Estimate::from).ok_or(NotComputable::NoShare))?;
            for noise in [0.0, 4.0] {
                sound("ratio", ratio(first, second, noise, level))?;
                let p = difference_p_value(first, second, noise);
                prop_assert!((0.0..=1.0).contains(&p));
            }
            #[allow(clippy::cast_precision_loss)]
            let events = |(x, n): (u64, u64)| (x, n as f64);
            sound("rate ratio", rate_ratio(events(first), events(second), 0.0, level))?;
            sound("rate difference", rate_difference(events(first), events(second), level))?;
        }
        // The other way round a difference has the other sign, and limits too.
        let (one, other) = (difference(first, second, LEVELS[0]).unwrap(), difference(second, first, LEVELS[0]).unwrap());
        prop_assert!((one.value + other.value).abs() < 1e-12 && (one.lower + other.upper).abs() < 1e-12);
    }

    #[test]
    fn measures_of_groups_are_finite_and_limits_hold_the_value(shares in groups()) {
        let groups = of(&shares);
        for level in LEVELS {
            for (name, found) in measures(&groups, level).into_iter().chain(of_an_order(&groups, level)) {
                sound(name, found)?;
            }
        }
    }

    #[test]
    fn the_order_of_groups_does_not_matter_where_they_have_none(shares in groups(), by in 0_usize..12) {
        let mut turned = shares.clone();
        turned.rotate_left(by % shares.len());
        let (one, other) = (of(&shares), of(&turned));
        for ((name, one), (_, other)) in measures(&one, LEVELS[0]).into_iter().zip(measures(&other, LEVELS[0])) {
            near(name, one, other, 1.0)?;
        }
    }

    /// A share and what is missing of it are as unequal, the other way round; and as many times the people of each group change nothing.
    #[test]
    fn wagstaff_and_erreygers_mirror_and_do_not_depend_on_the_number_of_people(shares in groups(), times in 2_u64..50) {
        let others: Vec<_> = shares.iter().map(|(x, n)| (n - x, *n)).collect();
        let more: Vec<_> = shares.iter().map(|(x, n)| (x * times, n * times)).collect();
        let mut turned = shares.clone();
        turned.reverse();
        let [own, others, more, turned] = [&shares, &others, &more, &turned].map(|shares| {
            let found = concentration(&of(shares), LEVELS[0]);
            [found.and_then(|of| of.wagstaff), found.and_then(|of| of.erreygers)]
        });
        for place in [0, 1] {
            near("people", own[place], more[place], 1.0)?;
            let Ok(found) = own[place] else {
                prop_assert!(others[place].is_err() && turned[place].is_err());
                continue;
            };
            prop_assert!(found.value.abs() <= 1.0 + 1e-6, "{found:?}");
            // Shares of nearly nobody, or nearly everybody, are divided by a small number that has lost digits.
            let allowed = 1e-6 * found.value.abs().max(0.01);
            for other in [others[place].unwrap(), turned[place].unwrap()] {
                prop_assert!((found.value + other.value).abs() <= allowed, "{found:?} {other:?}");
            }
        }
    }

    /// Where every group has both answers, some line fits best, and turned round it is the same line. Ends of 0 %, but for rounding, have no ratio.
    #[test]
    fn shares_between_0_and_1_have_a_logistic_slope(shares in prop::collection::vec((1_u64..1_000_000, 1_u64..1_000_000), 3..12)) {
        let shares: Vec<_> = shares.iter().map(|(yes, no)| (*yes, yes + no)).collect();
        let mut turned = shares.clone();
        turned.reverse();
        let [own, turned] = [&shares, &turned].map(|shares| logistic_slope(&of(shares), LEVELS[0]));
        match (own, turned) {
            (Ok((own, _)), Ok((turned, _))) => {
                prop_assert!((own.value + turned.value).abs() < 1e-8, "{own:?} {turned:?}");
            }
            (own, turned) => {
                let is_end = |of: Result<(Estimate, Estimate), NotComputable>| of.is_err_and(|why| why == NotComputable::OutOfRange);
                prop_assert!(is_end(own) || is_end(turned), "{own:?} {turned:?}");
            }
        }
    }

    #[test]
    fn the_order_turned_round_turns_the_gradient_round(shares in groups()) {
        let mut turned = shares.clone();
        turned.reverse();
        let all = |shares: &[(u64, u64)]| {
            let groups = of(shares);
            let found = slope(&groups, Scale::Linear, 1.0, LEVELS[0]);
            [found.map(|of| of.absolute), concentration(&groups, LEVELS[0]).map(|of| of.absolute)]
        };
        for (one, other) in all(&shares).into_iter().zip(all(&turned)) {
            near("gradient", one, other, -1.0)?;
        }
    }

    /// Another unit of the values changes measures in that unit alone; more people of each group alike change none.
    #[test]
    fn the_unit_and_the_number_of_people_do_not_matter(shares in groups(), factor in 0.5_f64..1000.0) {
        let groups = of(&shares);
        let changed = |value: f64, people: f64| {
            let with = |of: &Group| Group {
                value: of.value * value,
                error: of.error.map(|error| error * value),
                limits: None,
                people: of.people * people,
            };
            Groups::new(groups.all().iter().map(with).collect(), 0.0).unwrap()
        };
        let names = ["r", "paf", "cov", "idisu", "idisw", "theil", "mld"];
        let (own, units, people) = (measures(&groups, LEVELS[0]), changed(factor, 1.0), changed(1.0, factor));
        let (units, people) = (measures(&units, LEVELS[0]), measures(&people, LEVELS[0]));
        for (((name, own), (_, units)), (_, people)) in own.into_iter().zip(units).zip(people) {
            near(name, own, people, 1.0)?;
            let squared = if name == "bgv" { factor * factor } else { factor };
            near(name, own, units, if names.contains(&name) { 1.0 } else { squared })?;
        }
    }

    #[test]
    fn trends_are_finite_and_turn_with_time(points in prop::collection::vec(share(), 1..30)) {
        let mut turned = points.clone();
        turned.reverse();
        for noise in [0.0, 4.0] {
            match (trend(&points, noise), trend(&turned, noise)) {
                (Ok(one), Ok(other)) => {
                    prop_assert!(one.chi_squared.is_finite() && (0.0..=1.0).contains(&one.p_value));
                    prop_assert!((one.chi_squared - other.chi_squared).abs() <= 1e-7 * one.chi_squared.max(1e-3));
                    prop_assert!((one.slope + other.slope).abs() < 1e-9);
                }
                (one, other) => prop_assert_eq!(one.err(), other.err()),
            }
        }
    }

    #[test]
    fn adjusted_p_values_are_no_smaller_and_keep_their_order(p_values in prop::collection::vec(0.0_f64..=1.0, 0..40)) {
        let adjusted = false_discovery(&p_values);
        for (place, p) in p_values.iter().enumerate() {
            prop_assert!(adjusted[place] >= *p && adjusted[place] <= 1.0);
            for (other, q) in p_values.iter().enumerate() {
                prop_assert!(p > q || adjusted[place] <= adjusted[other]);
            }
        }
    }
}
