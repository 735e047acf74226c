//! Takes the rows of one submission of estimates. A row with a problem is refused as a whole.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::finish::{hash_source, header_hash, text};
use super::problem_code::ProblemCode as Is;
use super::problems::Problems;
use super::raw::shown;
use super::read_as::ReadAs;
use super::reading::Readings;
use super::{Draft, Header, RowProblem};
use crate::domain::codes::{Dimension, State, expected_of, says_nothing};
use crate::domain::cube::Packed;
use crate::domain::estimate::{
    Estimate, EstimateKey, EstimateSource, Estimates, NAMED_AREA, PUBLISHER,
};
use crate::domain::indicator::Indicator;
use crate::domain::period::{Month, months_of};
use crate::domain::reference::Reference;
use crate::domain::text::{EXPECTED, forbidden};

/// Most keys of an estimate.
const KEYS: usize = 3;
/// Longest code, name or area, and longest base, in bytes: a row stays well below a block of the store.
const LONGEST: usize = 128;
const LONGEST_BASE: usize = 1000;

/// A row as it was submitted, not checked yet.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)] // the contract's message `EstimateRecord` describes each
pub struct EstimateRow<'a> {
    pub indicator: &'a str,
    pub area: &'a str,
    pub period: &'a str,
    /// Dimension and code of each key.
    pub keys: Vec<(&'a str, &'a str)>,
    pub value: Option<f64>,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    pub base_count: Option<i64>,
    pub weight: Option<f64>,
    pub base: &'a str,
    pub suppressed: bool,
}

impl EstimateRow<'_> {
    /// Cuts the blanks off the ends of all texts, and names the fields that had some.
    fn trim(&mut self) -> Vec<&'static str> {
        let mut cut = Vec::new();
        let keys = self
            .keys
            .iter_mut()
            .flat_map(|(dimension, code)| [("keys", dimension), ("keys", code)]);
        let own = [
            ("indicator", &mut self.indicator),
            ("area", &mut self.area),
            ("period", &mut self.period),
            ("base", &mut self.base),
        ];
        for (field, text) in own.into_iter().chain(keys) {
            let trimmed = text.trim();
            if trimmed.len() != text.len() {
                *text = trimmed;
                cut.push(field);
            }
        }
        cut.dedup();
        cut
    }
}

/// What identifies an estimate within a submission: indicator, area and its boundary, period, keys in order, base.
type Identity = (String, (String, usize), String, Vec<(String, String)>, String);

/// Takes rows of estimates and makes a [`Draft`].
pub struct EstimateBuilder {
    reference: Arc<Reference>,
    header: Header,
    estimates: Estimates,
    /// Row number of each estimate.
    seen: FxHashMap<Identity, u64>,
    left_out: blake3::Hasher,
    rows_seen: u64,
    rejected: u64,
    blank: u64,
    problems: Problems,
    readings: Readings,
}

/// Field, value, what was expected, nearest, kind.
type OneProblem = (String, String, String, String, Is);

/// Problems of one row. Finding the nearest is slow, so it is done only for a problem that is kept.
struct RowProblems<'a> {
    before: &'a Problems,
    all: Vec<OneProblem>,
}

impl RowProblems<'_> {
    fn add(&mut self, code: Is, field: &str, value: &str, expected: impl Into<String>) {
        let expected = expected_of(value, expected.into());
        self.all.push((field.to_owned(), shown(value), expected, String::new(), code));
    }

    fn near<'a>(
        &mut self,
        field: &str,
        value: &str,
        expected: impl Into<String>,
        nearest: impl FnOnce() -> Option<&'a str>,
    ) {
        let nearest = if self.before.keeps(field) { nearest() } else { None };
        let nearest = nearest.unwrap_or_default().to_owned();
        let expected = expected_of(value, expected.into());
        self.all.push((field.to_owned(), shown(value), expected, nearest, Is::Unknown));
    }
}

impl EstimateBuilder {
    /// Starts a submission of estimates from one source.
    #[must_use]
    pub fn new(reference: Arc<Reference>, header: Header, source: EstimateSource) -> Self {
        Self {
            reference,
            header,
            estimates: Estimates { source, rows: Vec::new() },
            seen: FxHashMap::default(),
            left_out: blake3::Hasher::new(),
            rows_seen: 0,
            rejected: 0,
            blank: 0,
            problems: Problems::default(),
            readings: Readings::default(),
        }
    }

    /// Header of the submission, as given to [`EstimateBuilder::new`].
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Number of rows so far: accepted, refused or without any value.
    #[must_use]
    pub fn rows_seen(&self) -> u64 {
        self.rows_seen
    }

    /// Number of rows so far that have no value.
    #[must_use]
    pub fn blank_rows(&self) -> u64 {
        self.blank
    }

    /// Takes a row. `left_out` gives the row's bytes if it has a problem, for the content hash.
    pub fn row(&mut self, given: &EstimateRow<'_>, left_out: impl FnOnce() -> Vec<u8>) {
        let mut given = given.clone();
        let cut = given.trim();
        let given = &given;
        if *given == EstimateRow::default() {
            self.rows_seen += 1;
            self.blank += 1;
            return;
        }
        let mut wrong = RowProblems { before: &self.problems, all: Vec::new() };
        check_what(&self.reference, self.header.month, given, &mut wrong);
        check_keys(&self.reference, given, &mut wrong);
        check_figures(&self.reference, given, &mut wrong);
        if wrong.all.is_empty() {
            let identity = identity(&self.reference, given);
            if let Some(first) = self.seen.get(&identity) {
                let expected = format!(
                    "a figure that no earlier row has: row {first} has the same indicator, area, period, keys and base"
                );
                wrong.add(Is::Repeated, "indicator", given.indicator, expected);
            } else {
                self.seen.insert(identity, self.rows_seen);
            }
        }
        self.rows_seen += 1;
        let wrong = wrong.all;
        if !wrong.is_empty() {
            return self.reject(wrong, &left_out());
        }
        for field in cut {
            self.readings.add(field, ReadAs::WithoutBlanks, ("", ""), 1);
        }
        self.estimates.rows.push(estimate(given));
    }

    fn reject(&mut self, wrong: Vec<OneProblem>, bytes: &[u8]) {
        let row_index = self.rows_seen - 1;
        for (field, value, expected, nearest, code) in wrong {
            self.problems.count(&field, code);
            self.problems.add(RowProblem { row_index, field, value, expected, nearest });
        }
        self.left_out.update(&self.rows_seen.to_le_bytes());
        self.left_out.update(&(bytes.len() as u64).to_le_bytes());
        self.left_out.update(bytes);
        self.rejected += 1;
    }

    /// Ends the submission and hashes its content.
    #[must_use]
    pub fn finish(self) -> Draft {
        let accepted = self.estimates.rows.len() as u64;
        let content_hash = self.content_hash();
        let (problems, problem_counts) = self.problems.into_parts();
        let suppressed = self.estimates.rows.iter().filter(|row| row.value.is_none()).count();
        Draft {
            content_hash,
            accepted_count: accepted,
            rejected_count: self.rejected,
            blank_count: self.blank,
            total_count: accepted,
            suppressed_count: suppressed as u64,
            problems,
            problem_counts,
            readings: self.readings.list(),
            columns: Vec::new(),
            weights: Packed { width: 0, data: Vec::new() },
            persons: None,
            record_seed: None,
            estimates: Some(self.estimates),
        }
    }

    /// Hash over header, source, rows in order, and refused rows.
    fn content_hash(&self) -> [u8; 32] {
        let mut hasher = header_hash(&self.header);
        hash_source(&mut hasher, &self.estimates.source);
        for row in &self.estimates.rows {
            for part in [&row.indicator, &row.area, &row.period, &row.base] {
                text(&mut hasher, part);
            }
            hasher.update(&(row.keys.len() as u64).to_le_bytes());
            for key in &row.keys {
                text(&mut hasher, &key.dimension);
                text(&mut hasher, &key.code);
            }
            let numbers = [row.value, row.lower, row.upper, row.weight];
            for number in numbers {
                // Minus zero is zero.
                let bits = number.map(|number| (number + 0.0).to_bits());
                hasher.update(&[u8::from(bits.is_some())]);
                hasher.update(&bits.unwrap_or(0).to_le_bytes());
            }
            hasher.update(&[u8::from(row.base_count.is_some())]);
            hasher.update(&row.base_count.unwrap_or(0).to_le_bytes());
        }
        hasher.update(self.left_out.finalize().as_bytes());
        *hasher.finalize().as_bytes()
    }
}

fn estimate(given: &EstimateRow<'_>) -> Estimate {
    let key = |(dimension, code): &(&str, &str)| EstimateKey {
        dimension: (*dimension).to_owned(),
        code: (*code).to_owned(),
    };
    Estimate {
        indicator: given.indicator.to_owned(),
        area: given.area.to_owned(),
        period: given.period.to_owned(),
        keys: given.keys.iter().map(key).collect(),
        value: given.value,
        lower: given.lower,
        upper: given.upper,
        base_count: given.base_count.and_then(|count| u64::try_from(count).ok()),
        weight: given.weight,
        base: given.base.to_owned(),
    }
}

/// The identity of a row. Each code of an area, if it is of the same boundary, and every order of the keys give the same identity.
fn identity(reference: &Reference, given: &EstimateRow<'_>) -> Identity {
    let last = months_of(given.period).map_or(Month::LAST, |months| *months.end());
    let (area, boundary) = reference.boundary(given.area, last);
    let mut keys: Vec<_> =
        given.keys.iter().map(|(d, c)| ((*d).to_owned(), (*c).to_owned())).collect();
    keys.sort_unstable();
    (
        given.indicator.to_owned(),
        (area.to_owned(), boundary),
        given.period.to_owned(),
        keys,
        given.base.to_owned(),
    )
}

/// Checks indicator, area, period and base.
fn check_what(
    reference: &Reference,
    edition: Month,
    given: &EstimateRow<'_>,
    wrong: &mut RowProblems<'_>,
) {
    if reference.indicator(given.indicator).is_none() {
        let expected = "an indicator id; ReferenceService.ListIndicators lists them";
        let near = || reference.nearest_indicator(given.indicator);
        wrong.near("indicator", given.indicator, expected, near);
    }
    check_area(reference, given.area, wrong);
    match months_of(given.period) {
        Ok(months) if *months.start() > edition => {
            let expected =
                format!("a period that begins no later than the submission's month, {edition}");
            wrong.add(Is::OutOfRange, "period", given.period, expected);
        }
        Ok(_) => {}
        // What was sent is told with the problem, as far as it may be shown.
        Err(_) => {
            let expected =
                "a month `2020-04`, quarter `2020-Q2`, financial year `2020/21` or year `2018`";
            wrong.add(Is::Malformed, "period", given.period, expected);
        }
    }
    if given.base.len() > LONGEST_BASE {
        wrong.add(Is::Malformed, "base", given.base, format!("at most {LONGEST_BASE} bytes"));
    } else if forbidden(given.base).is_some() {
        wrong.add(Is::Malformed, "base", given.base, EXPECTED);
    } else if says_nothing(given.base) {
        let expected = "words that say about whom the figure is, or nothing";
        wrong.add(Is::Malformed, "base", given.base, expected);
    }
}

fn check_area(reference: &Reference, area: &str, wrong: &mut RowProblems<'_>) {
    if area.len() > LONGEST || forbidden(area).is_some() {
        let expected = format!("at most {LONGEST} bytes without control characters");
        wrong.add(Is::Malformed, "area", area, expected);
        return;
    }
    let known = reference.areas().get(area).is_some()
        || reference.organisation(area).is_some()
        || is_ons_code(area)
        || area.strip_prefix(NAMED_AREA).is_some_and(|words| !words.trim().is_empty());
    if !known {
        let near = || reference.nearest_area(area);
        let expected = "the code of an area or organisation, an ONS code of nine characters (`E92000001`), or `NAME:` and words";
        wrong.near("area", area, expected, near);
    }
}

/// A letter and eight digits: `K02000001`.
fn is_ons_code(code: &str) -> bool {
    let bytes = code.as_bytes();
    bytes.len() == 9 && bytes[0].is_ascii_uppercase() && bytes[1..].iter().all(u8::is_ascii_digit)
}

fn check_keys(reference: &Reference, given: &EstimateRow<'_>, wrong: &mut RowProblems<'_>) {
    if given.keys.len() > KEYS {
        let count = given.keys.len().to_string();
        let expected = format!("at most {KEYS} keys, one for each dimension");
        wrong.add(Is::Malformed, "keys", &count, expected);
        return;
    }
    for (place, (dimension, code)) in given.keys.iter().enumerate() {
        let (at_dimension, at_code) =
            (format!("keys[{place}].dimension"), format!("keys[{place}].code"));
        if given.keys[..place].iter().any(|(earlier, _)| earlier == dimension) {
            let expected = "a dimension that no other key of the row has";
            wrong.add(Is::Contradictory, &at_dimension, dimension, expected);
        } else if dimension.len() > LONGEST {
            wrong.add(Is::Malformed, &at_dimension, dimension, format!("at most {LONGEST} bytes"));
        } else if code.len() > LONGEST {
            wrong.add(Is::Malformed, &at_code, code, format!("at most {LONGEST} bytes"));
        } else if let Some(name) = dimension.strip_prefix(PUBLISHER) {
            if name.is_empty() || !name.bytes().all(is_of_a_name) {
                let expected = "`publisher:` and a name of a to z, 0 to 9 and _";
                wrong.add(Is::Malformed, &at_dimension, dimension, expected);
            }
            if code.trim().is_empty() || forbidden(code).is_some() {
                let expected = "the publisher's words, without control characters";
                wrong.add(Is::Malformed, &at_code, code, expected);
            }
        } else {
            match reference.dimension(dimension).filter(|found| found.field().is_some()) {
                Some(found) => check_code(found, &at_code, code, wrong),
                None => {
                    let near = || reference.nearest_dimension(dimension);
                    let expected = "a dimension of people (ReferenceService.ListDimensions), or `publisher:` and a name";
                    wrong.near(&at_dimension, dimension, expected, near);
                }
            }
        }
    }
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

fn check_code(dimension: &Dimension, field: &str, code: &str, wrong: &mut RowProblems<'_>) {
    let codes = || dimension.categories.iter().map(|(code, _)| code.as_str());
    let stands = codes().any(|category| category == code)
        || match State::from_name(code) {
            Some(State::Any | State::None) => dimension.overlapping(),
            Some(State::Coarser | State::NotCollected) | None => false,
            Some(_) => true,
        };
    if !stands {
        let some: Vec<_> = codes().take(12).collect();
        let more = if codes().nth(12).is_some() { ", …" } else { "" };
        let expected = format!("a category of `{}`: {}{more}", dimension.id, some.join(", "));
        wrong.near(field, code, expected, || dimension.nearest(code));
    }
}

fn check_figures(reference: &Reference, given: &EstimateRow<'_>, wrong: &mut RowProblems<'_>) {
    let (least, most) =
        reference.indicator(given.indicator).map_or((f64::MIN, f64::MAX), Indicator::range);
    let figures = [given.value, given.lower, given.upper];
    if given.suppressed && figures.iter().any(Option::is_some) {
        let expected = "no value and no limits beside it: the publisher suppressed them";
        wrong.add(Is::Contradictory, "suppressed", "true", expected);
    }
    let value = match given.value {
        None if given.suppressed => None,
        None => {
            let expected = "a number; or `suppressed`, if the publisher does not give it";
            wrong.add(Is::Missing, "value", "", expected);
            None
        }
        Some(value) if !value.is_finite() || !(least..=most).contains(&value) => {
            let range = if most < f64::MAX {
                format!("a finite number from {least} to {most}, in the indicator's unit")
            } else {
                "a finite number of 0 or more, in the indicator's unit".to_owned()
            };
            wrong.add(Is::OutOfRange, "value", &value.to_string(), range);
            None
        }
        value => value,
    };
    let value_words = value.map_or("the value".into(), |value| format!("the value, {value}"));
    let limit = |bound: Option<f64>, holds: fn(f64, f64) -> bool| {
        bound.filter(|bound| !bound.is_finite() || value.is_some_and(|value| !holds(*bound, value)))
    };
    if let Some(lower) = limit(given.lower, |lower, value| lower <= value) {
        let expected = format!("a finite number, not above {value_words}");
        wrong.add(Is::OutOfRange, "lower", &lower.to_string(), expected);
    }
    if let Some(upper) = limit(given.upper, |upper, value| upper >= value) {
        let expected = format!("a finite number, not below {value_words}");
        wrong.add(Is::OutOfRange, "upper", &upper.to_string(), expected);
    }
    if let Some(count) = given.base_count.filter(|count| *count < 0) {
        wrong.add(Is::OutOfRange, "base_count", &count.to_string(), "0 or more");
    }
    if let Some(weight) = given.weight.filter(|weight| !weight.is_finite() || *weight < 0.0) {
        wrong.add(Is::OutOfRange, "weight", &weight.to_string(), "a finite number of 0 or more");
    }
}

#[cfg(test)]
#[path = "estimates_tests.rs"]
mod tests;
