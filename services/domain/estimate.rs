//! Published estimates: a value, what the value is about, and its source. There are no records. Estimates are stored as they
//! were submitted and are never added.

use crate::domain::period::{Month, months_of};

/// Prefix of a publisher's own dimension, which is none of ours.
pub const PUBLISHER: &str = "publisher:";
/// The survey question of an estimate, and the answer that it counts. They say what was measured, so they are no dimensions to
/// break down by.
pub const MEASURED: [&str; 2] = ["publisher:question", "publisher:answer"];
/// Prefix of a publisher's name for an area without a code.
pub const NAMED_AREA: &str = "NAME:";

/// One category that an estimate is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EstimateKey {
    /// Dimension id, or [`PUBLISHER`] and a name.
    pub dimension: String,
    /// Category code or name of a state; for a [`PUBLISHER`] dimension the publisher's words.
    pub code: String,
}

/// One estimate, as it was submitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Id of the indicator: `DX-12`.
    pub indicator: String,
    /// Area code as submitted, or [`NAMED_AREA`] and a name.
    pub area: String,
    /// Period as submitted; see [`Estimate::months`].
    pub period: String,
    /// Categories that it is about, all of them together; none: everybody.
    pub keys: Vec<EstimateKey>,
    /// Value in the indicator's unit; finite. `None`: the publisher does not give it.
    pub value: Option<f64>,
    /// Lower confidence limit, if it was published.
    pub lower: Option<f64>,
    /// Upper confidence limit, if it was published.
    pub upper: Option<f64>,
    /// Number asked or scored, not weighted.
    pub base_count: Option<u64>,
    /// Sum of the survey weights.
    pub weight: Option<f64>,
    /// The survey question and who was asked, in the publisher's words.
    pub base: String,
}

impl Estimate {
    /// First and last month of the period. `None` only for a period that intake would refuse.
    #[must_use]
    pub fn months(&self) -> Option<(Month, Month)> {
        let months = months_of(&self.period).ok()?;
        Some((*months.start(), *months.end()))
    }

    /// The keys in a fixed order, so that estimates about the same categories compare equal.
    #[must_use]
    pub fn sorted_keys(&self) -> Vec<&EstimateKey> {
        let mut keys: Vec<_> = self.keys.iter().collect();
        keys.sort_unstable();
        keys
    }
}

/// The publication that the estimates, or the rows, of a submission come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // the contract's message of the same name describes each
pub struct EstimateSource {
    pub publisher: String,
    pub title: String,
    pub edition: String,
    pub licence: String,
    pub uri: String,
    pub series: String,
    pub not_for_targets: bool,
}

impl EstimateSource {
    /// Every field that is missing, with what was expected. Only estimates are compared between periods, so only they need a series. How
    /// long texts may be is a part of the contract.
    #[must_use]
    pub fn problems(&self, of_estimates: bool) -> Vec<(&'static str, String)> {
        let of_all = [
            ("publisher", &self.publisher),
            ("title", &self.title),
            ("edition", &self.edition),
            ("licence", &self.licence),
        ];
        let required = of_all.into_iter().chain(of_estimates.then_some(("series", &self.series)));
        let missing = required.filter(|(_, text)| text.trim().is_empty());
        let what = "is required: it travels with every value";
        missing.map(|(field, _)| (field, what.to_owned())).collect()
    }

    /// Publisher, title, edition, months and licence in one line, for people.
    #[must_use]
    pub fn line(&self, months: &str) -> String {
        let Self { publisher, title, edition, licence, .. } = self;
        format!("{publisher}, {title}, {edition}, {months}; {licence}")
    }
}

/// The estimates of one submission and their source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estimates {
    /// One source for all of them.
    pub source: EstimateSource,
    /// In the order of submission.
    pub rows: Vec<Estimate>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_says_everything_that_it_lacks() {
        let source = EstimateSource {
            publisher: "Office for National Statistics".into(),
            title: " ".into(),
            edition: "2018".into(),
            series: "labour force".into(),
            ..EstimateSource::default()
        };
        let fields = |source: &EstimateSource, of_estimates| -> Vec<_> {
            source.problems(of_estimates).into_iter().map(|(field, _)| field).collect()
        };
        assert_eq!(fields(&source, true), ["title", "licence"]);
        let no_series = EstimateSource { series: String::new(), ..source };
        assert_eq!(fields(&no_series, true), ["title", "licence", "series"]);
        assert_eq!(fields(&no_series, false), ["title", "licence"]);
    }
}
