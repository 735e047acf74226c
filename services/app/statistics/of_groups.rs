//! Measures of groups: all of them, and the slope fitted in the ways that the summary does not show.

use anyhow::bail;

use super::asked::{Entry, OfGroup, OfGroups, OfLogistic, OfScale, OfSlope};
use super::line::{Line, line, number};
use crate::domain::statistics::{self as statistics, Group, Groups, NotComputable, Scale, Shape};

/// Every measure of inequality.
pub(super) fn inequality(entry: &Entry) -> anyhow::Result<Vec<Line>> {
    let asked: OfGroups = entry.fields()?;
    let reference = match asked.reference {
        None => None,
        Some(number) if (1..=asked.groups.len()).contains(&number) => Some(number - 1),
        Some(number) => {
            bail!(
                "entry {}: no group has the number {number}; give 1 to {}",
                entry.id,
                asked.groups.len()
            )
        }
    };
    let scale = scale(asked.scale);
    let groups = match groups(&asked.groups, asked.missing_population) {
        Ok(groups) => groups,
        Err(why) => return Ok(vec![line("inequality", Err(why))]),
    };
    let shape = Shape {
        ordered: asked.ordered,
        overlapping: false,
        polarity: asked.polarity,
        reference,
        scale,
    };
    let (measured, fitted) = statistics::summary(&groups, &shape, entry.confidence);
    let with_scale = |of: &statistics::Measured| {
        let mut line = line(of.name.id, of.found);
        if fitted != scale && matches!(of.name.id, "SII" | "RII") {
            // Besides the reason why it has no value, or no limits.
            let scale = "on the linear scale: a group is at an end of the scale asked for";
            let said = [line.note.as_str(), scale].into_iter().filter(|note| !note.is_empty());
            line.note = said.collect::<Vec<_>>().join("; ");
        }
        line
    };
    Ok(measured.iter().map(with_scale).collect())
}

/// SII and RII of a line on the scale asked for, and the value where it begins.
pub(super) fn slope(entry: &Entry) -> anyhow::Result<Vec<Line>> {
    let asked: OfSlope = entry.fields()?;
    if asked.multiplier == 0.0 {
        bail!("entry {}: `multiplier` is 0; give another number, such as 1 or -100", entry.id);
    }
    let groups = groups(&asked.groups, asked.missing_population);
    let found = groups.and_then(|groups| {
        statistics::slope(&groups, scale(asked.scale), asked.multiplier, entry.confidence)
    });
    Ok(match found {
        Ok(of) => vec![
            line("SII", Ok(of.absolute)),
            line("RII", of.relative),
            number("intercept", of.intercept),
        ],
        Err(why) => vec![line("slope", Err(why))],
    })
}

/// SII and RII of shares by logistic regression.
pub(super) fn logistic_slope(entry: &Entry) -> anyhow::Result<Vec<Line>> {
    let asked: OfLogistic = entry.fields()?;
    let groups = groups(&asked.groups, asked.missing_population);
    let found = groups.and_then(|groups| statistics::logistic_slope(&groups, entry.confidence));
    Ok(match found {
        Ok((absolute, relative)) => vec![line("SII", Ok(absolute)), line("RII", Ok(relative))],
        Err(why) => vec![line("logistic_slope", Err(why))],
    })
}

fn groups(of: &[OfGroup], missing: f64) -> Result<Groups, NotComputable> {
    let group = |of: &OfGroup| match *of {
        OfGroup::Share { numerator, denominator } => {
            Group::share(numerator, denominator).ok_or(NotComputable::NoShare)
        }
        OfGroup::Value { value, population, standard_error, lower, upper } => {
            Ok(Group { value, error: standard_error, limits: lower.zip(upper), people: population })
        }
    };
    let groups: Result<Vec<_>, _> = of.iter().map(group).collect();
    groups.and_then(|groups| Groups::new(groups, missing))
}

fn scale(of: OfScale) -> Scale {
    match of {
        OfScale::Linear => Scale::Linear,
        OfScale::Log => Scale::Log,
        OfScale::Logit => Scale::Logit,
    }
}
