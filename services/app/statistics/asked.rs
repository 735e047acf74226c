//! What `equity statistics` is given: one measure with its counts, or a list of them, as JSON. Every error names the entry and the field.

use anyhow::{Context as _, anyhow, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::domain::indicator::Polarity;
use crate::domain::statistics::Confidence;

/// The measures that can be asked for, with the fields of each; those in brackets may be left out.
pub const MEASURES: [(&str, &str); 19] = [
    ("proportion", "numerator, denominator"),
    ("rate", "count, population, [multiplier]"),
    ("standardised_rate", "bands: [{count, population, [standard]}], [multiplier]"),
    ("difference", "numerator, denominator, reference_numerator, reference_denominator"),
    ("paired_difference", "both, first_only, second_only, neither"),
    ("ratio", "numerator, denominator, reference_numerator, reference_denominator"),
    ("rate_ratio", "count, population, reference_count, reference_population"),
    ("rate_difference", "count, population, reference_count, reference_population"),
    (
        "restoration",
        "count, months, baseline_count, baseline_months, [whole_count, whole_baseline_count]",
    ),
    (
        "inequality",
        "groups: [{numerator, denominator} or {value, population, [standard_error], [lower, upper]}], [ordered], [polarity], [reference], [scale], [missing_population]",
    ),
    ("slope", "groups as for inequality, [scale], [multiplier], [missing_population]"),
    ("logistic_slope", "groups as for inequality, [missing_population]"),
    ("trend", "points: [{numerator, denominator}]"),
    ("recent_trend", "points: [{value, lower, upper}]"),
    ("false_discovery_rate", "p_values"),
    ("p_value", "numerator, denominator, reference_numerator, reference_denominator"),
    ("comparator", "value, lower, upper, benchmark, [polarity]"),
    ("level_up", "groups: [{numerator, denominator}], reference_share, [polarity]"),
    (
        "levelling",
        "before and after: {numerator, denominator, reference_numerator, reference_denominator}, [polarity]",
    ),
];

/// One entry: a measure, and what it is computed from.
pub(super) struct Entry {
    /// Its own name, or its number in the list.
    pub(super) id: String,
    /// The measure asked for.
    pub(super) measure: &'static str,
    /// Level of the limits.
    pub(super) confidence: Confidence,
    /// The other fields.
    fields: Map<String, Value>,
}

impl Entry {
    /// The fields as those of a measure.
    ///
    /// # Errors
    /// A field is missing, not known, or of another kind.
    pub(super) fn fields<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        let of = MEASURES.iter().find(|(measure, _)| *measure == self.measure);
        let fields = of.map_or("", |(_, fields)| fields);
        serde_json::from_value(Value::Object(self.fields.clone()))
            .with_context(|| format!("entry {}: `{}` takes {fields}", self.id, self.measure))
    }

    fn read(number: usize, entry: Value) -> anyhow::Result<Self> {
        let number = number + 1;
        let Value::Object(mut fields) = entry else {
            bail!(
                "entry {number} is not an object such as {{\"measure\": \"proportion\", \"numerator\": 3, \"denominator\": 10}}"
            );
        };
        let id = match fields.remove("id") {
            None => number.to_string(),
            Some(Value::String(id)) => id,
            Some(other) => other.to_string(),
        };
        let all = || MEASURES.map(|(measure, _)| measure);
        let Some(Value::String(asked)) = fields.remove("measure") else {
            bail!("entry {id}: give `measure`, one of {}", all().join(", "));
        };
        let known = all().into_iter().find(|measure| *measure == asked);
        let measure = known.ok_or_else(|| {
            let near = all().into_iter().min_by_key(|of| strsim::levenshtein(of, &asked));
            let near = near.unwrap_or_default();
            anyhow!(
                "entry {id}: `{asked}` is no measure; did you mean `{near}`? All: {}",
                all().join(", ")
            )
        })?;
        let confidence = match fields.remove("confidence") {
            None => Confidence::P95,
            Some(level) => level.as_f64().and_then(Confidence::from_level).ok_or_else(|| {
                anyhow!("entry {id}: `confidence` is {level}; give 0.95 or 0.998")
            })?,
        };
        Ok(Self { id, measure, confidence, fields })
    }
}

/// The entries of a text.
///
/// # Errors
/// The text is no JSON, or an entry names no measure.
pub(super) fn entries(text: &str) -> anyhow::Result<Vec<Entry>> {
    let read: Value = serde_json::from_str(text).context("the text is not JSON")?;
    let all = if let Value::Array(all) = read { all } else { vec![read] };
    all.into_iter().enumerate().map(|(number, entry)| Entry::read(number, entry)).collect()
}

/// A share.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Share {
    pub(super) numerator: u64,
    pub(super) denominator: u64,
}

/// A share and another one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TwoShares {
    pub(super) numerator: u64,
    pub(super) denominator: u64,
    pub(super) reference_numerator: u64,
    pub(super) reference_denominator: u64,
}

impl TwoShares {
    /// The first share: numerator and denominator.
    pub(super) fn first(&self) -> (u64, u64) {
        (self.numerator, self.denominator)
    }

    /// The share that it is compared with.
    pub(super) fn second(&self) -> (u64, u64) {
        (self.reference_numerator, self.reference_denominator)
    }
}

/// Answers of the same people to two questions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paired {
    pub(super) both: u64,
    pub(super) first_only: u64,
    pub(super) second_only: u64,
    pub(super) neither: u64,
}

/// A gap, earlier and later.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BeforeAndAfter {
    pub(super) before: TwoShares,
    pub(super) after: TwoShares,
    #[serde(default = "neither")]
    pub(super) polarity: Polarity,
}

/// Events of a period and of its baseline; with those of the whole, beside the rest of it too.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Restored {
    pub(super) count: u64,
    pub(super) months: f64,
    pub(super) baseline_count: u64,
    pub(super) baseline_months: f64,
    #[serde(default)]
    pub(super) whole_count: Option<u64>,
    #[serde(default)]
    pub(super) whole_baseline_count: Option<u64>,
}

/// Events of people.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rate {
    pub(super) count: u64,
    pub(super) population: f64,
    #[serde(default = "one")]
    pub(super) multiplier: f64,
}

/// Events of people, and of others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TwoRates {
    pub(super) count: u64,
    pub(super) population: f64,
    pub(super) reference_count: u64,
    pub(super) reference_population: f64,
}

/// One age band; no count: none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Band {
    #[serde(default)]
    pub(super) count: Option<f64>,
    pub(super) population: f64,
    #[serde(default)]
    pub(super) standard: Option<f64>,
}

/// Age bands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bands {
    pub(super) bands: Vec<Band>,
    #[serde(default = "hundred_thousand")]
    pub(super) multiplier: f64,
}

/// A group with a share, or with a value.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(super) enum OfGroup {
    Share {
        numerator: u64,
        denominator: u64,
    },
    Value {
        value: f64,
        population: f64,
        #[serde(default)]
        standard_error: Option<f64>,
        #[serde(default)]
        lower: Option<f64>,
        #[serde(default)]
        upper: Option<f64>,
    },
}

/// Groups, most disadvantaged first if they are in an order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfGroups {
    pub(super) groups: Vec<OfGroup>,
    #[serde(default)]
    pub(super) ordered: bool,
    #[serde(default = "neither")]
    pub(super) polarity: Polarity,
    /// Number of the reference group, from 1.
    #[serde(default)]
    pub(super) reference: Option<usize>,
    #[serde(default)]
    pub(super) scale: OfScale,
    #[serde(default)]
    pub(super) missing_population: f64,
}

/// Groups in an order, and how their slope is fitted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfSlope {
    pub(super) groups: Vec<OfGroup>,
    #[serde(default)]
    pub(super) scale: OfScale,
    #[serde(default = "one")]
    pub(super) multiplier: f64,
    #[serde(default)]
    pub(super) missing_population: f64,
}

/// Groups in an order, with shares.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfLogistic {
    pub(super) groups: Vec<OfGroup>,
    #[serde(default)]
    pub(super) missing_population: f64,
}

/// The scale of the slope.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum OfScale {
    #[default]
    Linear,
    Log,
    Logit,
}

/// Shares in time.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shares {
    pub(super) points: Vec<Share>,
}

/// A value with 95 % limits.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Point {
    pub(super) value: f64,
    pub(super) lower: f64,
    pub(super) upper: f64,
}

/// Values in time.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Points {
    pub(super) points: Vec<Point>,
}

/// Many p-values.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PValues {
    pub(super) p_values: Vec<f64>,
}

/// A value with limits, and a benchmark.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Benchmark {
    pub(super) value: f64,
    pub(super) lower: f64,
    pub(super) upper: f64,
    pub(super) benchmark: f64,
    #[serde(default = "neither")]
    pub(super) polarity: Polarity,
}

/// Groups and the share that all should reach.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LevelUp {
    pub(super) groups: Vec<Share>,
    pub(super) reference_share: f64,
    #[serde(default = "neither")]
    pub(super) polarity: Polarity,
}

fn one() -> f64 {
    1.0
}

fn hundred_thousand() -> f64 {
    100_000.0
}

fn neither() -> Polarity {
    Polarity::Neither
}
