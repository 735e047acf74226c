//! Two rates of different people: their ratio, without unit, and their difference, in events per person.
//!
//! Ratio: limits on the logarithmic scale with SE² = 1/x₁ + 1/x₂; or exact, given the sum of the events, where x₁ is binomial (Clopper
//! and Pearson), as R's `poisson.test`. Difference: limits by Wald, SE² = x₁/n₁² + x₂/n₂².

use statrs::distribution::{Beta, ContinuousCDF};

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

/// Exact limits of the first rate divided by the second; no upper limit: the second has no events.
///
/// # Errors
/// A population is not above 0, or neither has events.
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
    let lower = if x == 0.0 { 0.0 } else { odds(beta_quantile(x, y + 1.0, tail)?) };
    let upper = if y == 0.0 { None } else { Some(odds(beta_quantile(x + 1.0, y, 1.0 - tail)?)) };
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

/// Quantile of the beta distribution, by bisection: it is good wherever the distribution function is.
fn beta_quantile(a: f64, b: f64, probability: f64) -> Result<f64, NotComputable> {
    let beta = Beta::new(a, b).map_err(|_| NotComputable::OutOfRange)?;
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..200 {
        let middle: f64 = f64::midpoint(low, high);
        if beta.cdf(middle) < probability { low = middle } else { high = middle }
    }
    Ok(f64::midpoint(low, high))
}
