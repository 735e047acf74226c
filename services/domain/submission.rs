//! A submission being made: rows in, coded and packed columns out. How rows were batched leaves no trace.

mod builder;
mod estimates;
mod finish;
mod online;
mod raw;

use std::collections::{BTreeMap, BTreeSet};

pub use builder::Builder;
pub use estimates::{EstimateBuilder, EstimateRow};

use crate::domain::collection::Dataset;
use crate::domain::cube::Packed;
use crate::domain::estimate::Estimates;
use crate::domain::field::Field;
use crate::domain::period::Month;

/// What a submission says of itself, checked against the reference content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Organisation code.
    pub organisation: String,
    /// Collection id.
    pub collection: String,
    /// Shape of the data.
    pub dataset: Dataset,
    /// Calendar month.
    pub month: Month,
    /// Caller's id of the change.
    pub request_id: String,
    /// Place of the code system of each field that does not use the default.
    pub code_systems: BTreeMap<Field, usize>,
    /// Fields that the source collects.
    pub collected: BTreeSet<Field>,
    /// Name of the person keys' scheme; empty: none.
    pub person_key_scheme: String,
    /// Rows that have to come.
    pub expected_record_count: Option<u64>,
    /// Whether good rows are taken when others have problems.
    pub allow_partial: bool,
    /// Whether nothing is to be stored.
    pub validate_only: bool,
}

/// A row that could not be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowProblem {
    /// Number of the row in the stream, from 0.
    pub row_index: u64,
    /// Field path.
    pub field: String,
    /// The value's code; empty for keys and ids.
    pub value: String,
    /// What was expected.
    pub expected: String,
    /// Nearest valid code, or empty.
    pub nearest: String,
}

/// A column with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Field.
    pub field: Field,
    /// Values by index, in the text form of [`crate::domain::codes::Value`], sorted.
    pub values: Vec<String>,
    /// Indices.
    pub packed: Packed,
}

/// A submission that has been read to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// BLAKE3 of header and rows in order.
    pub content_hash: [u8; 32],
    /// Rows accepted.
    pub accepted_count: u64,
    /// Rows left out.
    pub rejected_count: u64,
    /// Sum of the weights.
    pub total_count: u64,
    /// The first problems, at most [`Draft::PROBLEMS`].
    pub problems: Vec<RowProblem>,
    /// Columns, in order of field; a field that was not collected has none.
    pub columns: Vec<Column>,
    /// What each record stands for.
    pub weights: Packed,
    /// Keyed hashes of person keys, if the submission has a scheme.
    pub persons: Option<Packed>,
    /// Keyed hashes of the source's ids, if any was given.
    pub source_records: Option<Packed>,
    /// Published figures, if that is what was submitted: then there are no columns.
    pub estimates: Option<Estimates>,
}

impl Draft {
    /// So many problems are kept.
    pub const PROBLEMS: usize = 1000;
}

/// Makes keyed hashes of what identifies a person or a record, with the deployment's secret, so that no key as a partner
/// knows it reaches a disk.
#[derive(Clone)]
pub struct Keyer([u8; 32]);

impl Keyer {
    /// A keyer from the secret.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(blake3::derive_key("equity-indicators 2026-11 person and record keys", secret))
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
