//! Population attributable risk: how far all would move if every group had the value r of the reference.
//!
//! PAR = r − μ, in the values' unit; PAF = 100·PAR/μ, in percent. Where the reference is worse than the mean both are 0, cut off. Limits: the delta
//! method for the ratio M of r to μ in a table of events by group, Var(ln M) = 1/c − 1/e − 1/t + 2c/(et) − 1/n, with c events among e
//! people of the reference and t events among n people (Walter 1978, International Journal of Epidemiology 7:175-182; as WHO's healthequal).

use super::{Confidence, Estimate, Groups, NotComputable};

/// Part of the mean within which a difference from it is rounding.
const ROUNDING: f64 = 1e-14;

/// PAR and PAF.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attributable {
    /// PAR.
    pub absolute: Estimate,
    /// PAF, in percent.
    pub relative: Result<Estimate, NotComputable>,
    /// Whether both are cut off at 0, because the reference is worse than the mean.
    pub cut_off: bool,
    /// Standard error of PAR; none: the reference has no events.
    pub error: Option<f64>,
}

/// What all would gain by the value of the group at `reference`. `adverse`: a high value is worse.
///
/// # Errors
/// Fewer than three groups, or many people in groups without a value.
pub fn attributable(
    groups: &Groups,
    reference: usize,
    adverse: bool,
    confidence: Confidence,
) -> Result<Attributable, NotComputable> {
    let groups = groups.summarised()?;
    let (mean, best) = (groups.mean(), groups.all()[reference]);
    // What rounding leaves where all are alike is neither better nor worse.
    let risk = Some(best.value - mean).filter(|of| of.abs() > ROUNDING * mean).unwrap_or_default();
    let cut_off = if adverse { risk > 0.0 } else { risk < 0.0 };
    let (events, people) = (best.people * best.value, best.people);
    let (of_all, all) = (groups.people() * mean, groups.people());
    let variance =
        1.0 / events - 1.0 / people - 1.0 / of_all + 2.0 * events / (people * of_all) - 1.0 / all;
    let error = (events > 0.0).then(|| best.value * variance.max(0.0).sqrt());
    let found = |value: f64, scale: f64| match error {
        _ if cut_off => Estimate::without(0.0, NotComputable::CutOff),
        Some(error) => Estimate::normal(value, error * scale, confidence),
        None => Estimate::without(value, NotComputable::ZeroReference),
    };
    let relative = groups.positive_mean().and_then(|mean| found(100.0 * risk / mean, 100.0 / mean));
    Ok(Attributable { absolute: found(risk, 1.0)?, relative, cut_off, error })
}
