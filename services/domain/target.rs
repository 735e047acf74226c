//! Targets: a value of an indicator to be reached by a deadline, for some people. Read from `targets.toml`.

use serde::Deserialize;

use super::indicator::{Condition, Polarity};
use super::period::Month;
use super::statistics::Limits;

/// Where a target starts from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Month, quarter or year of the baseline: `2021-03`, `2020/21`.
    pub period: String,
    /// Log position that the baseline is read at, so that later submissions do not move it; none: it is read with everything else.
    #[serde(default)]
    pub position: Option<u64>,
    /// Release that the baseline is read in. Readers of releases cannot read a position.
    #[serde(default)]
    pub release: String,
}

/// What a stated value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StatedUnit {
    /// A share, 0 to 1.
    #[default]
    Ratio,
    /// Years.
    Years,
}

impl StatedUnit {
    /// Name in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ratio => "RATIO",
            Self::Years => "YEARS",
        }
    }
}

/// A value that a document states as the start, without counts: nothing here can recompute it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedBaseline {
    /// The value: a share from 0 to 1, or years.
    pub value: f64,
    /// What it is.
    #[serde(default)]
    pub unit: StatedUnit,
    /// Month, quarter or year that it is of; empty: the document gives none.
    #[serde(default)]
    pub period: String,
    /// The people whom it is about, in addition to the target's population; empty: all of these.
    #[serde(default)]
    pub group: Vec<Condition>,
    /// Document that states it.
    pub source: String,
}

impl StatedBaseline {
    /// The value with its unit: "29.0 %", "8.7 years".
    #[must_use]
    pub fn words(&self) -> String {
        match self.unit {
            StatedUnit::Ratio => format!("{:.1} %", 100.0 * self.value),
            StatedUnit::Years => format!("{:.1} years", self.value),
        }
    }
}

/// A target as `targets.toml` defines it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Id in the contract: `C20-SMI`.
    pub id: String,
    /// Name for people.
    pub label: String,
    /// Id of the indicator; empty: no indicator here measures it.
    #[serde(default)]
    pub indicator: String,
    /// Value to be reached, a share from 0 to 1; none: the source gives no number.
    #[serde(default)]
    pub value: Option<f64>,
    /// What a high value means. It has to be that of the indicator.
    pub polarity: Polarity,
    /// Last month in which the value may be reached; none: it holds at all times.
    #[serde(default)]
    pub deadline: Option<Month>,
    /// The people whom it is about: conditions, all of which hold. Empty: everybody.
    #[serde(default)]
    pub population: Vec<Condition>,
    /// Where it starts from; none: no baseline was set.
    #[serde(default)]
    pub baseline: Option<Baseline>,
    /// Values that the document states as the start.
    #[serde(default)]
    pub baseline_values: Vec<StatedBaseline>,
    /// Role that is accountable for it; empty: none was named.
    #[serde(default)]
    pub owner_role: String,
    /// Ids of priorities that it belongs to.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What else the source says, in a sentence.
    #[serde(default)]
    pub note: String,
    /// Why it cannot be measured here, in a sentence; empty: it can.
    #[serde(default)]
    pub not_measurable: String,
    /// Document that sets it.
    pub source: String,
}

/// How a value compares with its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetStatus {
    /// All of the value's interval is at the target or beyond it.
    Met,
    /// The interval holds what the trajectory requires, or lies beyond it.
    OnTrack,
    /// All of the interval falls short of what the trajectory requires.
    OffTrack,
}

/// The value that a straight line from the baseline to the target requires in a month: `b + (v - b) * (m - m0) / (m1 - m0)`, with
/// baseline `b` in month `m0`, target `v` in month `m1` and month `m` between them. Before `m0` it is `b`, from `m1` on `v`.
#[must_use]
pub fn required(
    (baseline, from): (f64, Month),
    (value, deadline): (f64, Month),
    month: Month,
) -> f64 {
    let number = |month: Month| f64::from(month.number());
    if month >= deadline {
        return value;
    }
    let share = (number(month) - number(from)) / (number(deadline) - number(from));
    baseline + (value - baseline) * share.clamp(0.0, 1.0)
}

impl TargetStatus {
    /// The status of a value with these limits, which is required to be `required` now and `value` in the end. None: neither a high nor a
    /// low value is better.
    #[must_use]
    pub fn of(
        (lower, upper): Limits,
        required: f64,
        value: f64,
        polarity: Polarity,
    ) -> Option<Self> {
        let (met, short) = match polarity {
            Polarity::HigherIsBetter => (lower >= value, upper < required),
            Polarity::LowerIsBetter => (upper <= value, lower > required),
            Polarity::Neither => return None,
        };
        Some(match (met, short) {
            (true, _) => Self::Met,
            (false, true) => Self::OffTrack,
            (false, false) => Self::OnTrack,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    #[test]
    fn the_line_starts_at_the_baseline_and_ends_at_the_target() {
        let (from, to) = ((0.3, month("2024-01")), (0.7, month("2024-11")));
        for (at, expected) in [
            ("2023-06", 0.3),
            ("2024-01", 0.3),
            ("2024-06", 0.5),
            ("2024-11", 0.7),
            ("2030-01", 0.7),
        ] {
            let found = required(from, to, month(at));
            assert!((found - expected).abs() < 1e-12, "{at}: {found}");
        }
        // A deadline that is not after the baseline leaves no way: the target is required.
        let late = required(from, (0.7, month("2024-01")), month("2024-01"));
        assert!((late - 0.7).abs() < 1e-12);
    }

    #[test]
    fn the_interval_decides() {
        use Polarity::{HigherIsBetter, LowerIsBetter, Neither};
        use TargetStatus::{Met, OffTrack, OnTrack};
        for (limits, required, value, polarity, expected) in [
            ((0.76, 0.80), 0.6, 0.75, HigherIsBetter, Some(Met)),
            ((0.75, 0.80), 0.75, 0.75, HigherIsBetter, Some(Met)),
            ((0.70, 0.80), 0.75, 0.75, HigherIsBetter, Some(OnTrack)),
            ((0.55, 0.60), 0.60, 0.75, HigherIsBetter, Some(OnTrack)),
            ((0.50, 0.59), 0.60, 0.75, HigherIsBetter, Some(OffTrack)),
            ((0.01, 0.02), 0.05, 0.02, LowerIsBetter, Some(Met)),
            ((0.03, 0.05), 0.04, 0.02, LowerIsBetter, Some(OnTrack)),
            ((0.05, 0.06), 0.04, 0.02, LowerIsBetter, Some(OffTrack)),
            ((0.05, 0.06), 0.04, 0.02, Neither, None),
        ] {
            assert_eq!(TargetStatus::of(limits, required, value, polarity), expected, "{limits:?}");
        }
    }
}
