//! Figures that others published: a value with what it is about and where it comes from, and no records behind it. They are kept
//! as they were given and never added to anything.

use crate::domain::period::{Month, months_of};

/// What stands before the name of what a publisher breaks down by and we do not.
pub const PUBLISHER: &str = "publisher:";
/// The question that a figure is about, and the answer that it counts. They say what was measured, not of whom: no dimensions to
/// break down by.
pub const MEASURED: [&str; 2] = ["publisher:question", "publisher:answer"];
/// What stands before a publisher's words for an area that has no code.
pub const NAMED_AREA: &str = "NAME:";

/// One category that a figure is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EstimateKey {
    /// Dimension id, or [`PUBLISHER`] and a name.
    pub dimension: String,
    /// Category code or the name of a state; behind [`PUBLISHER`] the publisher's words.
    pub code: String,
}

/// One figure, as it was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Indicator id.
    pub indicator: String,
    /// Area as it was given.
    pub area: String,
    /// Period as it was given; [`Estimate::months`] reads it.
    pub period: String,
    /// The categories it is about, all at once; none: everybody.
    pub keys: Vec<EstimateKey>,
    /// The value, in the indicator's unit; finite.
    pub value: f64,
    /// Lower limit, where it was published.
    pub lower: Option<f64>,
    /// Upper limit, where it was published.
    pub upper: Option<f64>,
    /// How many were asked or scored.
    pub base_count: Option<u64>,
    /// Sum of the weights.
    pub weight: Option<f64>,
    /// Words of the question and of whom it was asked.
    pub base: String,
}

impl Estimate {
    /// First and last month that the figure is about. `None` only for a period that no intake lets through.
    #[must_use]
    pub fn months(&self) -> Option<(Month, Month)> {
        let months = months_of(&self.period).ok()?;
        Some((*months.start(), *months.end()))
    }

    /// The keys in one order, so that figures about the same categories compare alike.
    #[must_use]
    pub fn sorted_keys(&self) -> Vec<&EstimateKey> {
        let mut keys: Vec<_> = self.keys.iter().collect();
        keys.sort_unstable();
        keys
    }
}

/// Where the figures of a submission come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

/// Longest text of a source, in bytes; a place to find it may be longer.
const TEXT_BYTES: usize = 300;
const URI_BYTES: usize = 1000;

impl EstimateSource {
    /// What is wrong with it: field and what was expected of it, for every field that cannot stand.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let fields = [
            ("publisher", &self.publisher, true, TEXT_BYTES),
            ("title", &self.title, true, TEXT_BYTES),
            ("edition", &self.edition, true, TEXT_BYTES),
            ("licence", &self.licence, true, TEXT_BYTES),
            ("uri", &self.uri, false, URI_BYTES),
            ("series", &self.series, true, TEXT_BYTES),
        ];
        let mut problems = Vec::new();
        for (field, text, required, most) in fields {
            if required && text.trim().is_empty() {
                problems.push((field, "is required: it travels with every value".to_owned()));
            } else if text.len() > most {
                problems.push((field, format!("at most {most} bytes, not {}", text.len())));
            } else if text.chars().any(char::is_control) {
                problems.push((field, "text without control characters".to_owned()));
            }
        }
        problems
    }
}

/// Figures and where they come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estimates {
    /// Where they come from.
    pub source: EstimateSource,
    /// The figures, in the order in which they came.
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
            licence: "x".repeat(TEXT_BYTES + 1),
            series: "labour\nforce".into(),
            ..EstimateSource::default()
        };
        let fields: Vec<_> = source.problems().into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["title", "licence", "series"]);
    }
}
