//! Two rates of different people: their ratio, without unit, and their difference, in events per person.
//!
//! Ratio: limits on the logarithmic scale with SE² = 1/x₁ + 1/x₂; or exact, given the sum of the events, where x₁ is binomial (Clopper
//! and Pearson), as R's `poisson.test`. Difference: limits by Wald, SE² = x₁/n₁² + x₂/n₂².
//!
//! Restoration: the events a month of a period, divided by those of a baseline: 1 is as many as before, without unit. The measure is that of NHS
//! England: the letter on the third phase of the response to COVID-19 (31 July 2020) asks for activity as a share of last year's, and Implementing
//! phase 3 of the NHS response to the COVID-19 pandemic (7 August 2020) that services are restored inclusively. Limits are those of the ratio of two
//! rates (Greenland and Rothman 2008, in Modern Epidemiology, third edition, page 242): SE² of its logarithm = 1/x + 1/y, and noise of variance v adds
//! v/x² + v/y²; months are known. The relative restoration of a group is its restoration divided by that of all others: both are of different events, so
//! that the squares of their errors add up.

use super::beta::quantile;
use super::{Confidence, Estimate, NotComputable};

/// Events and the people (or person-time) that they are of.
pub type Events = (u64, f64);

/// The first rate divided by the second, with limits on the logarithmic scale; noise of this variance was added to each number.
///
/// # Errors
/// A population is not above 0, or the second has no events.
pub fn rate_ratio(
    first: Events,
    second: Events,
    noise: f64,
    confidence: Confidence,
) -> Result<Estimate, NotComputable> {
    let ([x, y], [n, m]) = checked(first, second)?;
    if y == 0.0 {
        return Err(NotComputable::ZeroReference);
    }
    let value = (x / n) / (y / m);
    if x == 0.0 {
        return Estimate::without(value, NotComputable::ZeroValue);
    }
    let of_noise: f64 = [x, n, y, m].iter().map(|number| noise / (number * number)).sum();
    Estimate::log_normal(value, (1.0 / x + 1.0 / y + of_noise).sqrt(), confidence)
}

/// Events of a period and of its baseline, each with its number of months.
pub type Activity = [Events; 2];

/// Events a month of the period, divided by those of the baseline; noise of this variance was added to both counts.
///
/// # Errors
/// The baseline has no events, or a number of months is not above 0.
pub fn restoration(
    [now, before]: Activity,
    noise: f64,
    confidence: Confidence,
) -> Result<Estimate, NotComputable> {
    let (value, variance) = restored(now, before, noise)?;
    match variance {
        Some(variance) => Estimate::log_normal(value, variance.sqrt(), confidence),
        None => Estimate::without(value, NotComputable::ZeroValue),
    }
}

/// The restoration of a group, divided by that of all others: the counts of the others are what the whole has more, so that they have the
/// noise of both.
///
/// # Errors
/// The group or the others have no events in the baseline, or the others have none in the period.
pub fn relative_restoration(
    group: Activity,
    whole: Activity,
    noise: f64,
    confidence: Confidence,
) -> Result<Estimate, NotComputable> {
    let rest = |at: usize| (whole[at].0.saturating_sub(group[at].0), whole[at].1);
    let (own, of_own) = restored(group[0], group[1], noise)?;
    let (others, of_others) = restored(rest(0), rest(1), 2.0 * noise)?;
    if others == 0.0 {
        return Err(NotComputable::ZeroReference);
    }
    // Both have the noise of the group's counts in them, in opposite directions: the errors may add up.
    match of_own.zip(of_others) {
        Some((one, other)) if noise > 0.0 => {
            Estimate::log_normal(own / others, one.sqrt() + other.sqrt(), confidence)
        }
        Some((one, other)) => Estimate::log_normal(own / others, (one + other).sqrt(), confidence),
        None => Estimate::without(own / others, NotComputable::ZeroValue),
    }
}

/// One rate divided by another of known times, and the variance of its logarithm; none: there are no events.
fn restored(now: Events, before: Events, noise: f64) -> Result<(f64, Option<f64>), NotComputable> {
    let ([x, y], [n, m]) = checked(now, before)?;
    if y == 0.0 {
        return Err(NotComputable::ZeroReference);
    }
    let variance = 1.0 / x + 1.0 / y + noise / (x * x) + noise / (y * y);
    Ok(((x / n) / (y / m), (x > 0.0).then_some(variance)))
}

/// Exact limits of the first rate divided by the second; no upper limit: the second has no events.
///
/// # Errors
/// A population is not above 0, neither has events, or there are more than 10⁹ events.
pub fn exact_rate_ratio_limits(
    first: Events,
    second: Events,
    confidence: Confidence,
) -> Result<(f64, Option<f64>), NotComputable> {
    let ([x, y], [n, m]) = checked(first, second)?;
    if x == 0.0 && y == 0.0 {
        return Err(NotComputable::ZeroReference);
    }
    let odds = |share: f64| share / (1.0 - share) * m / n;
    let tail = confidence.tail();
    let lower = if x == 0.0 { 0.0 } else { odds(quantile(x, y + 1.0, tail)?) };
    let upper = if y == 0.0 { None } else { Some(odds(quantile(x + 1.0, y, 1.0 - tail)?)) };
    Ok((lower, upper))
}

/// The first rate less the second.
///
/// # Errors
/// A population is not above 0.
pub fn rate_difference(
    first: Events,
    second: Events,
    confidence: Confidence,
) -> Result<Estimate, NotComputable> {
    let ([x, y], [n, m]) = checked(first, second)?;
    Estimate::normal(x / n - y / m, (x / (n * n) + y / (m * m)).sqrt(), confidence)
}

#[allow(clippy::cast_precision_loss)] // counts are below 2^53
fn checked((x, n): Events, (y, m): Events) -> Result<([f64; 2], [f64; 2]), NotComputable> {
    let sound = |people: f64| people.is_finite() && people > 0.0;
    if sound(n) && sound(m) {
        Ok(([x as f64, y as f64], [n, m]))
    } else {
        Err(NotComputable::NoPopulation)
    }
}
