//! Shares, rates, comparisons and trends: the tools of OHID, and base R.

use equity_indicators::domain::statistics::{
    AgeBand, Estimate, Interval, Marker, NotComputable, difference, exact_rate_ratio_limits,
    proportion, rate, rate_difference, rate_ratio, ratio, recent_trend, standardised_rate, trend,
};

use super::{LEVELS, Report, level};

fn of(interval: Option<Interval>) -> Result<Estimate, NotComputable> {
    interval.map(Estimate::from).ok_or(NotComputable::NoShare)
}

pub(super) fn shares(report: &mut Report) {
    for row in report.rows("proportions_wilson.csv") {
        let (x, n) = (row[1].parse().unwrap(), row[2].parse().unwrap());
        for (level, at) in LEVELS {
            let expected = [&*row[3], &*row[4 + at], &*row[5 + at]];
            let found = of(proportion(x, n, level));
            report.estimate(("proportion, Wilson", &row[0]), &found, expected, 1e-12);
        }
    }
}

pub(super) fn rates(report: &mut Report) {
    for row in report.rows("rates_byar_exact.csv") {
        let x = row[1].parse().unwrap();
        let (n, multiplier): (f64, f64) = (row[2].parse().unwrap(), row[3].parse().unwrap());
        let (measure, tolerance) =
            if row[9] == "Exact" { ("rate, exact", 1e-10) } else { ("rate, Byar", 1e-12) };
        for (level, at) in LEVELS {
            let expected = [&*row[4], &*row[5 + at], &*row[6 + at]];
            report.estimate(
                (measure, &row[0]),
                &of(rate(x, n, multiplier, level)),
                expected,
                tolerance,
            );
        }
    }
}

pub(super) fn comparisons_of_shares(report: &mut Report) {
    for row in report.rows("proportion_difference_ratio.csv") {
        let number = |column: usize| row[column].parse::<u64>().unwrap();
        let (first, second) = ((number(1), number(2)), (number(3), number(4)));
        let found = difference(first, second, level(&row[5])).unwrap();
        for (found, expected) in [found.value, found.lower, found.upper].iter().zip(&row[6..9]) {
            // Differences of nearly equal shares lose digits: the tolerance is absolute there.
            let of = ("difference of shares, Newcombe", &*row[0]);
            report.near(of, *found, expected.parse().unwrap(), 1e-12, 1e-13);
        }
        let found = ratio(first, second, 0.0, level(&row[5]));
        let of = ("ratio of shares, Katz", &*row[0]);
        report.estimate(of, &found, [&row[9], &row[10], &row[11]], 1e-12);
    }
}

pub(super) fn comparisons_of_rates(report: &mut Report) {
    for row in report.rows("rate_ratio_difference.csv") {
        let events = |column: usize| {
            (row[column].parse::<u64>().unwrap(), row[column + 1].parse::<f64>().unwrap())
        };
        let (first, second, level) = (events(1), events(3), level(&row[5]));
        let found = rate_ratio(first, second, 0.0, level);
        report.estimate(
            ("ratio of rates, log-normal", &row[0]),
            &found,
            [&row[6], &row[7], &row[8]],
            1e-12,
        );
        let of = ("ratio of rates, exact", &*row[0]);
        let (lower, upper) = exact_rate_ratio_limits(first, second, level).unwrap();
        report.near(of, lower, row[9].parse().unwrap(), 1e-8, 1e-15);
        match row[10].parse() {
            Ok(expected) => report.near(of, upper.unwrap_or(f64::NAN), expected, 1e-8, 1e-15),
            Err(_) => report.absent(of, &upper.ok_or(NotComputable::ZeroReference)),
        }
        let found = rate_difference(first, second, level);
        report.estimate(
            ("difference of rates, Wald", &row[0]),
            &found,
            [&row[11], &row[12], &row[13]],
            1e-12,
        );
    }
}

pub(super) fn standardised(report: &mut Report) {
    let bands = report.rows("dsr_inputs.csv");
    for row in report.rows("dsr_expected.csv") {
        let number = |text: &String| text.parse::<f64>().unwrap_or_default();
        let own = bands.iter().filter(|band| band[0] == row[0]);
        let own: Vec<_> = own
            .map(|band| AgeBand {
                events: number(&band[2]),
                people: number(&band[3]),
                standard: number(&band[4]),
            })
            .collect();
        for (level, at) in LEVELS {
            let found = standardised_rate(&own, 100_000.0, level);
            let expected = [&*row[3], &*row[4 + at], &*row[5 + at]];
            report.estimate(("standardised rate, Dobson", &row[0]), &found, expected, 1e-12);
        }
    }
}

pub(super) fn trends(report: &mut Report) {
    let numbers =
        |text: &str| -> Vec<f64> { text.split(';').map(|n| n.parse().unwrap()).collect() };
    for row in report.rows("trend_chi2_proportions.csv") {
        let counts = |text: &str| text.split(';').map(|n| n.parse().unwrap()).collect::<Vec<u64>>();
        let points: Vec<_> = counts(&row[1]).into_iter().zip(counts(&row[2])).collect();
        let found = trend(&points, 0.0).unwrap();
        for (found, expected) in
            [found.chi_squared, found.p_value, found.slope].iter().zip(&row[3..6])
        {
            report.near(
                ("trend of shares, chi-squared", &row[0]),
                *found,
                expected.parse().unwrap(),
                1e-10,
                1e-15,
            );
        }
    }
    for row in report.rows("trend_recent_values.csv") {
        let [values, lower, upper] = [1, 2, 3].map(|column| numbers(&row[column]));
        let point = |((value, lower), upper)| Interval { value, lower, upper };
        let points: Vec<_> = values.into_iter().zip(lower).zip(upper).map(point).collect();
        let found = recent_trend(&points).unwrap();
        let of = ("recent trend", &*row[0]);
        report.near(of, found.slope, row[4].parse().unwrap(), 1e-10, 1e-15);
        report.near(of, found.chi_squared, row[5].parse().unwrap(), 1e-10, 1e-15);
        let marker = match found.marker {
            Marker::Increasing => 1.0,
            Marker::NoChange => 0.0,
            Marker::Decreasing => -1.0,
        };
        report.near(("recent trend, marker", &row[0]), marker, row[6].parse().unwrap(), 0.0, 0.0);
        report.absent(of, &recent_trend(&points[1..]));
    }
}
