//! The slope index of inequality (SII) and the relative index (RII), for groups in an order: the whole gradient, not its two ends.
//!
//! A line is fitted through the groups ([`Line`]). SII is its rise from the most to the least disadvantaged end, in the values' unit:
//! m·b₁. RII is the ratio of its ends: (b₀ + b₁)/b₀, limits by Fieller. On the logarithmic scale (rates) and the logit scale
//! (shares) the line is fitted there and its ends are taken back, with its middle b₀ + b₁/2 held fixed. As `PHEindicatormethods`
//! `phe_sii`, whose simulated limits come to these. A negative multiplier turns the direction round, and with it the ratio.

use super::line::{Line, Variance};
use super::{Confidence, Estimate, Group, Groups, Limits, NotComputable};

/// The scale on which the line is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// The values as they are.
    Linear,
    /// Logarithms of the values: rates.
    Log,
    /// Log odds of the values: shares.
    Logit,
}

/// What the line through the groups says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// SII, times the multiplier.
    pub absolute: Estimate,
    /// RII.
    pub relative: Result<Estimate, NotComputable>,
    /// Value at the most disadvantaged end, without the multiplier.
    pub intercept: f64,
    /// Standard errors of SII and of ln RII from the scatter of the groups about the line (HC1), on the linear scale.
    pub scatter: Option<(f64, f64)>,
}

impl Scale {
    fn apply(self, value: f64) -> Result<f64, NotComputable> {
        match self {
            Self::Linear => Ok(value),
            Self::Log if value > 0.0 => Ok(value.ln()),
            Self::Log => Err(NotComputable::ZeroGroup),
            Self::Logit if value > 0.0 && value < 1.0 => Ok((value / (1.0 - value)).ln()),
            Self::Logit if value > 1.0 => Err(NotComputable::NotShares),
            Self::Logit => Err(NotComputable::CertainGroup),
        }
    }

    fn back(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.exp(),
            Self::Logit => 1.0 / (1.0 + (-value).exp()),
        }
    }

    /// The standard error of a group on this scale: from its limits, or else from its own error.
    fn error(self, group: &Group) -> Result<f64, NotComputable> {
        let of_value = group.error.ok_or(NotComputable::NoErrors);
        match (self, group.limits) {
            (Self::Linear, _) => of_value,
            (_, Some((lower, upper))) => {
                let width = self.apply(upper)? - self.apply(lower)?;
                Ok(width / (2.0 * Confidence::P95.z()))
            }
            (Self::Log, None) => Ok(of_value? / group.value),
            (Self::Logit, None) => Ok(of_value? / (group.value * (1.0 - group.value))),
        }
    }
}

/// The slope of groups in their order, SII times `multiplier`.
///
/// # Errors
/// Fewer than three groups, a group without a value, or a value that the scale does not have.
pub fn slope(
    groups: &Groups,
    scale: Scale,
    multiplier: f64,
    confidence: Confidence,
) -> Result<Slope, NotComputable> {
    let groups = groups.ordered()?;
    let values: Vec<_> =
        groups.all().iter().map(|group| scale.apply(group.value)).collect::<Result<_, _>>()?;
    let errors = groups.all().iter().map(|group| scale.error(group)).collect::<Result<Vec<_>, _>>();
    let line = Line::fit(groups, &values);
    let variance = errors.map(|errors| line.variance(&errors));
    let intercept = scale.back(line.start);
    if scale == Scale::Linear {
        return linear(&line, &variance, multiplier, confidence);
    }
    let middle = line.start + line.slope / 2.0;
    let ends = |slope: f64| (scale.back(middle - slope / 2.0), scale.back(middle + slope / 2.0));
    let absolute = |slope: f64| multiplier * (ends(slope).1 - ends(slope).0);
    let relative = |slope: f64| turned(ends(slope).1 / ends(slope).0, multiplier);
    let reach = variance.map(|of| confidence.z() * of.slope.sqrt());
    let found = |of: &dyn Fn(f64) -> f64| match reach {
        Ok(reach) => {
            let limits = (of(line.slope - reach), of(line.slope + reach));
            Estimate::with(of(line.slope), sorted(limits))
        }
        Err(why) => Estimate::without(of(line.slope), why),
    };
    Ok(Slope { absolute: found(&absolute)?, relative: found(&relative), intercept, scatter: None })
}

fn linear(
    line: &Line,
    variance: &Result<Variance, NotComputable>,
    multiplier: f64,
    confidence: Confidence,
) -> Result<Slope, NotComputable> {
    let absolute = multiplier * line.slope;
    let of_errors = |of: &Variance| multiplier.abs() * of.slope.sqrt();
    let (start, end) = (line.start, line.start + line.slope);
    let ratio = if start > 0.0 && end > 0.0 {
        Ok(turned(end / start, multiplier))
    } else {
        Err(NotComputable::LineAtZero)
    };
    let relative = ratio.and_then(|ratio| {
        let limits = variance.as_ref().map_err(|why| *why);
        match limits.and_then(|of| fieller(start, end, of, multiplier, confidence)) {
            Ok(limits) => Estimate::with(ratio, limits),
            Err(why) => Estimate::without(ratio, why),
        }
    });
    let scatter = line.scatter();
    // ln RII = ln(b₀ + b₁) − ln b₀.
    let (of_start, of_slope) = (1.0 / end - 1.0 / start, 1.0 / end);
    let of_ratio = of_start * of_start * scatter.start
        + 2.0 * of_start * of_slope * scatter.both
        + of_slope * of_slope * scatter.slope;
    let scatter = (of_errors(&scatter), of_ratio.max(0.0).sqrt());
    let absolute = match variance {
        Ok(of) => Estimate::normal(absolute, of_errors(of), confidence)?,
        Err(why) => Estimate::without(absolute, *why)?,
    };
    let finite = scatter.0.is_finite() && scatter.1.is_finite();
    Ok(Slope { absolute, relative, intercept: start, scatter: finite.then_some(scatter) })
}

/// Fieller's limits of the end divided by the start, both normal.
fn fieller(
    start: f64,
    end: f64,
    of: &Variance,
    multiplier: f64,
    confidence: Confidence,
) -> Result<Limits, NotComputable> {
    let square = confidence.z().powi(2);
    let of_end = of.start + 2.0 * of.both + of.slope;
    let (a, b, c) = (
        start * start - square * of.start,
        start * end - square * (of.start + of.both),
        end * end - square * of_end,
    );
    let root = b * b - a * c;
    if a <= 0.0 || root < 0.0 {
        return Err(NotComputable::Unbounded);
    }
    let limits = ((b - root.sqrt()) / a, (b + root.sqrt()) / a);
    // The other way round a lower limit of 0 would be no limit.
    if multiplier < 0.0 && limits.0 <= 0.0 {
        return Err(NotComputable::Unbounded);
    }
    Ok(sorted((turned(limits.0, multiplier), turned(limits.1, multiplier))))
}

fn turned(ratio: f64, multiplier: f64) -> f64 {
    if multiplier < 0.0 { 1.0 / ratio } else { ratio }
}

fn sorted((one, other): Limits) -> Limits {
    (one.min(other), one.max(other))
}
