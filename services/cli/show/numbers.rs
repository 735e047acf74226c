//! Numbers for people.

use crate::proto::v1::{Cell, Unit};

/// A value, with its limits if it has any.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Value, in the unit of its column.
    pub value: f64,
    /// Lower confidence limit; none: the figure has no limits.
    pub lower: Option<f64>,
    /// Upper confidence limit; none: the figure has no limits.
    pub upper: Option<f64>,
}

impl Interval {
    /// The figure of a cell; none: it is absent.
    pub fn of(cell: &Cell) -> Option<Self> {
        Some(Self { value: cell.value?, lower: cell.lower, upper: cell.upper })
    }
}

/// A count with thousands separators: `212,251`.
pub fn count(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    if value < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share of 0 to 1 as a percentage: `58.6 %`; two decimals below 1 %, so that little does not look like nothing.
pub fn percent(ratio: f64) -> String {
    if ratio > 0.0 && ratio < 0.000_05 {
        return "<0.01 %".to_owned();
    }
    format!("{:.*} %", decimals(ratio * 100.0), ratio * 100.0)
}

/// A share with its limits: `58.6 % (58.5-58.8)`.
pub fn share(interval: &Interval) -> String {
    let decimals = decimals(interval.value * 100.0);
    percent(interval.value) + &limits(interval, 100.0, decimals)
}

/// A rate per 1,000 with its limits: `12.3 (12.1-12.5)`.
pub fn rate(interval: &Interval) -> String {
    let decimals = decimals(interval.value);
    format!("{:.decimals$}{}", interval.value, limits(interval, 1.0, decimals))
}

/// Days, whole or half: `1 day`, `2.5 days`.
pub fn days(value: f64) -> String {
    let unit = if (value.abs() - 1.0).abs() < f64::EPSILON { "day" } else { "days" };
    format!("{value} {unit}")
}

/// A difference of two shares with its limits, in percentage points: `+3.3 points (+1.2 to +5.4)`.
pub fn points(interval: &Interval) -> String {
    // A difference that rounds to nothing has no sign.
    let signed = |value: f64| {
        let text = format!("{:+.1}", value * 100.0);
        if matches!(text.as_str(), "+0.0" | "-0.0") { "0.0".to_owned() } else { text }
    };
    let limits = match (interval.lower, interval.upper) {
        (Some(lower), Some(upper)) => format!(" ({} to {})", signed(lower), signed(upper)),
        _ => String::new(),
    };
    format!("{} points{limits}", signed(interval.value))
}

/// A figure in its unit, with its limits.
pub fn figure(unit: Unit, interval: &Interval) -> String {
    match unit {
        #[allow(clippy::cast_possible_truncation)] // counts are whole and below 2^53
        Unit::Count => count(interval.value as i64),
        Unit::Ratio => share(interval),
        Unit::Difference => points(interval),
        Unit::Days => days(interval.value),
        Unit::Per1000Month => rate(interval),
        Unit::Unspecified | Unit::Score => {
            format!("{:.2}{}", interval.value, limits(interval, 1.0, 2))
        }
    }
}

fn decimals(shown: f64) -> usize {
    if shown > 0.0 && shown < 1.0 { 2 } else { 1 }
}

fn limits(interval: &Interval, scale: f64, decimals: usize) -> String {
    match (interval.lower, interval.upper) {
        (Some(lower), Some(upper)) => {
            format!(" ({:.decimals$}-{:.decimals$})", lower * scale, upper * scale)
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(value: f64, lower: f64, upper: f64) -> Interval {
        Interval { value, lower: Some(lower), upper: Some(upper) }
    }

    #[test]
    fn counts_have_separators() {
        let texts = [0, 7, 999, 1_000, 212_251, 11_116_298, -1_234].map(count);
        assert_eq!(texts, ["0", "7", "999", "1,000", "212,251", "11,116,298", "-1,234"]);
        assert_eq!(count(i64::MIN), "-9,223,372,036,854,775,808");
    }

    #[test]
    fn shares_have_limits() {
        assert_eq!(share(&interval(0.58648, 0.58488, 0.58809)), "58.6 % (58.5-58.8)");
        assert_eq!(share(&interval(0.00091, 0.000_81, 0.00101)), "0.09 % (0.08-0.10)");
        assert_eq!(share(&interval(0.0, 0.0, 0.012)), "0.0 % (0.0-1.2)");
        assert_eq!(share(&Interval { value: 1.0, lower: None, upper: None }), "100.0 %");
    }

    #[test]
    fn little_is_not_nothing() {
        assert_eq!(percent(0.000_01), "<0.01 %");
        assert_eq!(percent(0.0), "0.0 %");
    }

    #[test]
    fn differences_have_a_sign_and_scores_no_percent() {
        assert_eq!(points(&interval(0.033, 0.012, 0.054)), "+3.3 points (+1.2 to +5.4)");
        assert_eq!(points(&interval(-0.0001, -0.02, 0.0199)), "0.0 points (-2.0 to +2.0)");
        let alone = Interval { value: -0.5, lower: None, upper: None };
        assert_eq!(points(&alone), "-50.0 points");
        assert_eq!(figure(Unit::Score, &Interval { value: 2.9369, ..alone }), "2.94");
        assert_eq!(figure(Unit::Ratio, &Interval { value: 0.436, ..alone }), "43.6 %");
    }

    #[test]
    fn one_day_is_no_days() {
        assert_eq!([0.0, 1.0, -1.0, 2.5].map(days), ["0 days", "1 day", "-1 day", "2.5 days"]);
    }

    #[test]
    fn rates_have_limits() {
        assert_eq!(rate(&interval(112.34, 111.0, 113.25)), "112.3 (111.0-113.2)");
    }
}
