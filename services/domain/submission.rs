//! Building a submission: rows in, coded and packed columns out. The result does not depend on how rows were batched.

mod builder;
mod estimates;
mod finish;
mod online;
mod outline;
mod problem_code;
mod problems;
mod raw;
mod read_as;
mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use builder::Builder;
pub use estimates::{EstimateBuilder, EstimateRow};
pub use outline::{Loss, Outline, area_of, covers_areas};
pub use problem_code::{ProblemCode, ProblemCounts};
pub use read_as::ReadAs;
pub use reading::Reading;

use crate::domain::collection::Dataset;
use crate::domain::cube::Packed;
use crate::domain::estimate::{EstimateSource, Estimates};
use crate::domain::field::Field;
use crate::domain::period::Month;

/// Header of a submission, checked against the reference content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Code of the organisation that the data is about.
    pub organisation: String,
    /// Id of the collection that the data belongs to.
    pub collection: String,
    /// Shape of the data.
    pub dataset: Dataset,
    /// Calendar month of the records.
    pub month: Month,
    /// Request id of the caller; a retry has the same one.
    pub request_id: String,
    /// Index of the code system for each field that does not use its default system.
    pub code_systems: BTreeMap<Field, usize>,
    /// Fields that the source collects.
    pub collected: BTreeSet<Field>,
    /// Scheme of the person keys; empty if there are no person keys.
    pub person_key_scheme: String,
    /// The publication that the rows come from; none if they were not published, and of estimates, which have it beside their header.
    pub source: Option<Arc<EstimateSource>>,
    /// Number of rows that has to arrive; none if the caller did not say.
    pub expected_record_count: Option<u64>,
    /// Whether valid rows are accepted if other rows have problems.
    pub allow_partial: bool,
    /// Whether the rows are checked only, and nothing is stored.
    pub validate_only: bool,
    /// Whether the month is replaced even if that loses most of it.
    pub allow_shrinking: bool,
}

impl Header {
    /// Whether a draft is stored: every row is good, or the header allows to leave out those that are not.
    #[must_use]
    pub fn takes(&self, draft: &Draft) -> bool {
        draft.rejected_count == 0 || (self.allow_partial && draft.accepted_count > 0)
    }
}

/// A problem of a refused row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowProblem {
    /// Number of the row in the stream, from 0.
    pub row_index: u64,
    /// Path of the field in the record's message.
    pub field: String,
    /// The value's code; empty for keys and ids.
    pub value: String,
    /// What would be valid, in words.
    pub expected: String,
    /// Nearest valid code, or empty.
    pub nearest: String,
}

/// A column and its distinct values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Field whose values the column holds.
    pub field: Field,
    /// Values by index, in the text form of [`crate::domain::codes::Value`], sorted.
    pub values: Vec<String>,
    /// Index into `values` for each record.
    pub packed: Packed,
}

/// A complete submission, ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// BLAKE3 of header and rows in order.
    pub content_hash: [u8; 32],
    /// Number of rows accepted.
    pub accepted_count: u64,
    /// Number of rows refused.
    pub rejected_count: u64,
    /// Number of rows without any value, which are no records.
    pub blank_count: u64,
    /// Sum of the `record_count`s of the accepted rows.
    pub total_count: u64,
    /// Number of accepted rows whose count or value the publisher suppressed.
    pub suppressed_count: u64,
    /// Values that were taken although their form is not that of the contract.
    pub readings: Vec<Reading>,
    /// The first [`Draft::PROBLEMS`] problems, and the first of each field.
    pub problems: Vec<RowProblem>,
    /// How many problems there are, those included that are not kept.
    pub problem_counts: ProblemCounts,
    /// Columns, in order of field; a field that was not collected has none.
    pub columns: Vec<Column>,
    /// Number of consultations or people of each record.
    pub weights: Packed,
    /// Keyed hashes of person keys, if the submission has a scheme.
    pub persons: Option<Packed>,
    /// Seed of the keys of records without a person; estimates have none.
    pub record_seed: Option<[u8; 32]>,
    /// Published estimates. If there are any, there are no columns.
    pub estimates: Option<Estimates>,
}

impl Draft {
    /// Most problems that are kept, besides the first of each field; further ones are only counted as refused rows.
    pub const PROBLEMS: usize = 1000;
}

/// Hashes person keys and record ids with the deployment's secret, so that a partner's own key never reaches a disk.
#[derive(Clone)]
pub struct Keyer([u8; 32]);

impl Keyer {
    /// A keyer from the secret.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(blake3::derive_key("equity-indicators 2026-11 person and record keys", secret))
    }

    /// The seed of the keys of records without a person. It is of nothing that a submission may change.
    #[must_use]
    pub fn record_seed(&self, header: &Header) -> [u8; 32] {
        let month = header.month.to_string();
        let of = ["keys of records", &header.collection, header.dataset.slug(), &month];
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for text in of.into_iter().chain([header.organisation.as_str()]) {
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }

    /// The hash of a key within a scheme; never 0.
    #[must_use]
    pub fn hash(&self, scheme: &str, key: &str) -> u64 {
        let length = (scheme.len() as u64).to_le_bytes();
        let text = [&length, scheme.as_bytes(), key.as_bytes()].concat();
        let mut first = [0; 8];
        first.copy_from_slice(&blake3::keyed_hash(&self.0, &text).as_bytes()[..8]);
        u64::from_le_bytes(first).max(1)
    }
}

#[cfg(test)]
mod tests;
