//! Numbers for people.

use indicatif::HumanCount;

use crate::proto::v1::Unit;

/// A count with thousands separators: `212,251`.
pub fn count(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}", HumanCount(value.unsigned_abs()))
}

/// A share of 0 to 1 as a percentage: `58.6 %`; two decimals below 1 %, so that little does not look like nothing.
pub fn percent(ratio: f64) -> String {
    if ratio > 0.0 && ratio < 0.000_05 {
        return "<0.01 %".to_owned();
    }
    format!("{:.*} %", decimals(ratio * 100.0), ratio * 100.0)
}

/// A figure in its unit, with its limits if it has any: `58.6 % (58.5-58.8)`, `12.3 (12.1-12.5)`, `2.5 days`.
pub fn figure(unit: Unit, value: f64, limits: Option<(f64, f64)>) -> String {
    let (scale, decimals) = match unit {
        #[allow(clippy::cast_possible_truncation)] // counts are whole and below 2^53
        Unit::Count => return count(value as i64),
        Unit::Days if (value.abs() - 1.0).abs() < f64::EPSILON => return format!("{value} day"),
        Unit::Days => return format!("{value} days"),
        Unit::Difference => return points(value, limits),
        Unit::Ratio => (100.0, decimals(value * 100.0)),
        Unit::Per1000Month => (1.0, decimals(value)),
        Unit::Unspecified | Unit::Score | Unit::Times => (1.0, 2),
        Unit::Index if value > 0.0 && value < 0.000_05 && limits.is_none() => {
            return "<0.0001".to_owned();
        }
        Unit::Index => return signed(value, limits, 4, ""),
        Unit::Percent => return signed(value, limits, 1, " % of the mean"),
    };
    let number = |value: f64| format!("{:.decimals$}", value * scale);
    let figure = if unit == Unit::Ratio { percent(value) } else { number(value) };
    match limits {
        Some((lower, upper)) => format!("{figure} ({}-{})", number(lower), number(upper)),
        None => figure,
    }
}

/// A number that can be below 0, with its limits.
fn signed(value: f64, limits: Option<(f64, f64)>, decimals: usize, unit: &str) -> String {
    let figure = format!("{value:.decimals$}{unit}");
    match limits {
        Some((lower, upper)) => format!("{figure} ({lower:.decimals$} to {upper:.decimals$})"),
        None => figure,
    }
}

/// A difference of two shares with its limits, in percentage points: `+3.3 points (+1.2 to +5.4)`.
fn points(value: f64, limits: Option<(f64, f64)>) -> String {
    // A difference that rounds to nothing has no sign.
    let signed = |value: f64| {
        let text = format!("{:+.1}", value * 100.0);
        if matches!(text.as_str(), "+0.0" | "-0.0") { "0.0".to_owned() } else { text }
    };
    let figure = format!("{} points", signed(value));
    match limits {
        Some((lower, upper)) => format!("{figure} ({} to {})", signed(lower), signed(upper)),
        None => figure,
    }
}

fn decimals(shown: f64) -> usize {
    if shown > 0.0 && shown < 1.0 { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_separators() {
        let texts = [0, 7, 999, 1_000, 212_251, 11_116_298, -1_234].map(count);
        assert_eq!(texts, ["0", "7", "999", "1,000", "212,251", "11,116,298", "-1,234"]);
        assert_eq!(count(i64::MIN), "-9,223,372,036,854,775,808");
    }

    #[test]
    fn shares_have_limits() {
        assert_eq!(figure(Unit::Ratio, 0.58648, Some((0.58488, 0.58809))), "58.6 % (58.5-58.8)");
        assert_eq!(figure(Unit::Ratio, 0.00091, Some((0.000_81, 0.00101))), "0.09 % (0.08-0.10)");
        assert_eq!(figure(Unit::Ratio, 0.0, Some((0.0, 0.012))), "0.0 % (0.0-1.2)");
        assert_eq!(figure(Unit::Ratio, 1.0, None), "100.0 %");
    }

    #[test]
    fn little_is_not_nothing() {
        assert_eq!(percent(0.000_01), "<0.01 %");
        assert_eq!(percent(0.0), "0.0 %");
    }

    #[test]
    fn differences_have_a_sign_and_scores_no_percent() {
        assert_eq!(
            figure(Unit::Difference, 0.033, Some((0.012, 0.054))),
            "+3.3 points (+1.2 to +5.4)"
        );
        assert_eq!(
            figure(Unit::Difference, -0.0001, Some((-0.02, 0.0199))),
            "0.0 points (-2.0 to +2.0)"
        );
        assert_eq!(figure(Unit::Difference, -0.5, None), "-50.0 points");
        assert_eq!(figure(Unit::Score, 2.9369, None), "2.94");
        assert_eq!(figure(Unit::Ratio, 0.436, None), "43.6 %");
    }

    #[test]
    fn measures_without_unit_can_be_below_0() {
        let limits = Some((-0.25, 0.125));
        assert_eq!(figure(Unit::Index, -0.03, limits), "-0.0300 (-0.2500 to 0.1250)");
        assert_eq!(figure(Unit::Index, 0.000_001, None), "<0.0001");
        assert_eq!(
            figure(Unit::Percent, -19.6, Some((-20.0, 1.0))),
            "-19.6 % of the mean (-20.0 to 1.0)"
        );
        assert_eq!(figure(Unit::Times, 1.65, Some((1.5, 2.0))), "1.65 (1.50-2.00)");
    }

    #[test]
    fn one_day_is_no_days() {
        assert_eq!(
            [0.0, 1.0, -1.0, 2.5].map(|value| figure(Unit::Days, value, None)),
            ["0 days", "1 day", "-1 day", "2.5 days"]
        );
    }

    #[test]
    fn rates_have_limits() {
        assert_eq!(
            figure(Unit::Per1000Month, 112.34, Some((111.0, 113.25))),
            "112.3 (111.0-113.2)"
        );
    }
}
