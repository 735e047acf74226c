//! Measures of change: trends, what became of a gap, activity beside that of a baseline.

use anyhow::bail;

use super::asked::{BeforeAndAfter, Entry, Point, Points, Restored, Shares, TwoShares};
use super::line::{Line, interval, line, number};
use crate::domain::statistics::{self as statistics, Interval, Marker, NotComputable};

/// The chi-squared test for a trend of shares.
pub(super) fn trend(entry: &Entry) -> anyhow::Result<Vec<Line>> {
    let Shares { points } = entry.fields()?;
    let points: Vec<_> = points.iter().map(|of| (of.numerator, of.denominator)).collect();
    Ok(match statistics::trend(&points, 0.0) {
        Ok(of) => vec![
            number("chi_squared", of.chi_squared),
            number("p_value", of.p_value),
            number("slope", of.slope),
        ],
        Err(why) => vec![line("trend", Err(why))],
    })
}

/// The marker of the last five values.
pub(super) fn recent_trend(entry: &Entry) -> anyhow::Result<Vec<Line>> {
    let Points { points } = entry.fields()?;
    let point = |of: &Point| Interval { value: of.value, lower: of.lower, upper: of.upper };
    let points: Vec<_> = points.iter().map(point).collect();
    Ok(match statistics::recent_trend(&points) {
        Ok(of) => {
            let (value, note) = match of.marker {
                Marker::Increasing => (1.0, "INCREASING"),
                Marker::NoChange => (0.0, "NO_CHANGE"),
                Marker::Decreasing => (-1.0, "DECREASING"),
            };
            vec![
                Line { note: note.into(), ..number("marker", value) },
                number("slope", of.slope),
                number("chi_squared", of.chi_squared),
            ]
        }
        Err(why) => vec![line("recent_trend", Err(why))],
    })
}

/// A gap before and after, the change of its size, and whether it was levelled up or down.
#[allow(clippy::cast_precision_loss)] // counts are below 2^53
pub(super) fn levelling(entry: &Entry) -> anyhow::Result<Vec<Line>> {
    let BeforeAndAfter { before, after, polarity } = entry.fields()?;
    let gap = |of: &TwoShares| statistics::difference(of.first(), of.second(), entry.confidence);
    let (was, is) = (gap(&before), gap(&after));
    let gaps = |of| interval(of, NotComputable::NoShare);
    let mut lines = vec![line("gap_before", gaps(was)), line("gap_after", gaps(is))];
    let share = |(x, n): (u64, u64)| x as f64 / n as f64;
    let shares = |of: &TwoShares| (share(of.first()), share(of.second()));
    lines.push(match was.zip(is) {
        Some(both) => {
            let of = statistics::levelling(both, (shares(&before), shares(&after)), polarity);
            let word = of.verdict.map_or("", statistics::Verdict::name);
            Line { note: word.into(), ..line("levelling", Ok(of.change.into())) }
        }
        None => line("levelling", Err(NotComputable::NoShare)),
    });
    Ok(lines)
}

/// Activity beside that of a baseline, of a group and beside the rest of a whole.
pub(super) fn restoration(entry: &Entry) -> anyhow::Result<Vec<Line>> {
    let of: Restored = entry.fields()?;
    if !(of.months > 0.0 && of.baseline_months > 0.0) {
        bail!("entry {}: `months` and `baseline_months` have to be above 0", entry.id);
    }
    let activity = |count, baseline| [(count, of.months), (baseline, of.baseline_months)];
    let (own, level) = (activity(of.count, of.baseline_count), entry.confidence);
    let mut lines = vec![line("restoration", statistics::restoration(own, 0.0, level))];
    match (of.whole_count, of.whole_baseline_count) {
        (None, None) => {}
        (Some(count), Some(baseline)) if count >= of.count && baseline >= of.baseline_count => {
            let whole = activity(count, baseline);
            let found = statistics::relative_restoration(own, whole, 0.0, level);
            lines.push(line("relative_restoration", found));
        }
        (Some(_), Some(_)) => {
            bail!(
                "entry {}: the whole has fewer events than the group that is part of it",
                entry.id
            )
        }
        _ => bail!("entry {}: give both `whole_count` and `whole_baseline_count`", entry.id),
    }
    Ok(lines)
}
