//! Groups of people, each with a value: what the summary measures of inequality are made of.
//!
//! Notation of the measures: pₖ is the group's share of the people, yₖ its value, sₖ its standard error, μ = Σ pₖyₖ.

use super::{Confidence, Limits, NotComputable, proportion};

/// Most of the people that may be in groups without a value, for measures that need no order.
const MOST_MISSING: f64 = 0.15;

/// One group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group {
    /// Its value: a share, a rate, a mean.
    pub value: f64,
    /// Standard error of the value; none: not known.
    pub error: Option<f64>,
    /// 95 % limits of the value, for a measure that transforms it; none: they follow from the error.
    pub limits: Option<Limits>,
    /// People in the group.
    pub people: f64,
}

impl Group {
    /// A group of `n` people with a share of `x`: error √(p(1 − p)/n), limits by Wilson. `None` if it is no share.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // counts are below 2^53
    pub fn share(x: u64, n: u64) -> Option<Self> {
        let of = proportion(x, n, Confidence::P95)?;
        let (people, value) = (n as f64, of.value);
        let error = Some((value * (1.0 - value) / people).sqrt());
        Some(Self { value, error, limits: Some((of.lower, of.upper)), people })
    }

    /// The same with noise of this variance, in squares of the value's unit, added to the value.
    #[must_use]
    pub fn with_noise(self, variance: f64) -> Self {
        let wider = |error: f64| error.hypot(variance.sqrt());
        let z = Confidence::P95.z();
        let reach = |length: f64| length.hypot(z * variance.sqrt());
        let limits = self.limits.map(|(lower, upper)| {
            (self.value - reach(self.value - lower), self.value + reach(upper - self.value))
        });
        Self { error: self.error.map(wider), limits, ..self }
    }

    fn is_sound(&self) -> bool {
        let sound = |number: f64| number.is_finite() && number >= 0.0;
        let holds = |(lower, upper): Limits| lower <= self.value && self.value <= upper;
        sound(self.value)
            && sound(self.people)
            && self.people > 0.0
            && self.error.is_none_or(sound)
            && self.limits.is_none_or(holds)
    }
}

/// Groups that do not overlap, in their order if they have one: most disadvantaged first.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    groups: Vec<Group>,
    missing: f64,
}

impl Groups {
    /// At least two groups; `missing` people are in groups without a value.
    ///
    /// # Errors
    /// Fewer groups, or one with a number that cannot be.
    pub fn new(groups: Vec<Group>, missing: f64) -> Result<Self, NotComputable> {
        let is_sound = missing.is_finite() && missing >= 0.0 && groups.iter().all(Group::is_sound);
        if !is_sound {
            return Err(NotComputable::BadGroup);
        }
        if groups.len() < 2 {
            return Err(NotComputable::FewGroups);
        }
        Ok(Self { groups, missing })
    }

    /// The groups.
    #[must_use]
    pub fn all(&self) -> &[Group] {
        &self.groups
    }

    /// People in all groups with a value.
    #[must_use]
    pub fn people(&self) -> f64 {
        self.groups.iter().map(|group| group.people).sum()
    }

    /// Share of the people that is in groups without a value.
    #[must_use]
    pub fn missing_share(&self) -> f64 {
        self.missing / (self.people() + self.missing)
    }

    /// μ, the mean of the values, weighted by people.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.groups.iter().map(|group| group.people * group.value).sum::<f64>() / self.people()
    }

    /// pₖ with the group.
    pub fn shares(&self) -> impl Iterator<Item = (f64, &Group)> {
        let people = self.people();
        self.groups.iter().map(move |group| (group.people / people, group))
    }

    /// pₖ, sₖ and the group.
    ///
    /// # Errors
    /// A group has no standard error.
    pub fn errors(&self) -> Result<Vec<(f64, f64, &Group)>, NotComputable> {
        let with = |(share, group)| {
            let group: &Group = group;
            Some((share, group.error?, group))
        };
        self.shares().map(with).collect::<Option<_>>().ok_or(NotComputable::NoErrors)
    }

    /// For measures without an order: more than two groups, and nearly everybody in one.
    ///
    /// # Errors
    /// Two groups, or many people in groups without a value.
    pub fn summarised(&self) -> Result<&Self, NotComputable> {
        match self.groups.len() {
            0..=2 => Err(NotComputable::FewGroups),
            _ => self.with_few_missing(),
        }
    }

    /// If nearly everybody is in a group with a value.
    ///
    /// # Errors
    /// More than 15 % of the people are in groups without one.
    pub fn with_few_missing(&self) -> Result<&Self, NotComputable> {
        if self.missing_share() > MOST_MISSING { Err(NotComputable::ManyMissing) } else { Ok(self) }
    }

    /// For measures of an order: more than two groups, and everybody in one.
    ///
    /// # Errors
    /// Two groups, or people in groups without a value.
    pub fn ordered(&self) -> Result<&Self, NotComputable> {
        if self.missing > 0.0 { Err(NotComputable::MissingGroup) } else { self.summarised() }
    }

    /// μ where something is relative to it.
    ///
    /// # Errors
    /// μ is 0.
    pub fn positive_mean(&self) -> Result<f64, NotComputable> {
        Some(self.mean()).filter(|mean| *mean > 0.0).ok_or(NotComputable::ZeroMean)
    }
}
