//! A submission as the catalogue has it: what is needed to plan, without the data.

use std::sync::Arc;

use super::keys::Slot;
use crate::domain::cube::Directory;
use crate::domain::estimate::EstimateSource;
use crate::domain::field::Field;
use crate::domain::submission::Reading;

/// A submission that was accepted.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Collection, dataset, organisation and month. A later version replaces all of it.
    pub slot: Slot,
    /// Version within the slot: 1, 2, 3, …
    pub version: u32,
    /// Log position of the commit.
    pub position: u64,
    /// When it was accepted, milliseconds since 1970.
    pub time_millis: u64,
    /// Collection id: `gpad-regional`.
    pub collection: Arc<str>,
    /// Code of the organisation that submitted.
    pub organisation: Arc<str>,
    /// Request id that the caller gave the submission.
    pub request_id: String,
    /// BLAKE3 of header and rows. A retry has the same hash.
    pub content_hash: [u8; 32],
    /// Number of rows that were accepted.
    pub accepted_count: u64,
    /// Number of rows that were refused.
    pub rejected_count: u64,
    /// Number of rows without any value.
    pub blank_count: u64,
    /// Values that were read in another form; of most submissions none.
    pub readings: Box<[Reading]>,
    /// Sum of the `record_count`s of the accepted rows.
    pub total_count: u64,
    /// Number of accepted rows whose count or value the publisher suppressed.
    pub suppressed_count: u64,
    /// Names of the fields that the source collects, as the submission lists them.
    pub collected: Vec<String>,
    /// Scheme of the person keys; empty if the submission has no person keys.
    pub person_key_scheme: String,
    /// Columns, in order of field.
    pub columns: Vec<ColumnView>,
    /// Bits of a weight; 0 if every record has weight 1.
    pub weight_width: u8,
    /// Whether there is a column of person keys.
    pub has_persons: bool,
    /// Where each run of the pack is.
    pub(super) directory: Directory,
    /// Number of the first value of the pack.
    pub(super) first_value: u64,
    /// Source of the estimates; none if the submission has records.
    pub source: Option<Arc<EstimateSource>>,
}

/// Form of a column: what is needed to plan, without the data.
#[derive(Clone, Debug)]
pub struct ColumnView {
    /// Field whose values the column holds.
    pub field: Field,
    /// Bits of an index: 0, 1, 2, 4, 8 or 16.
    pub width: u8,
    /// For each index, the number of its word in the catalogue: the same number in every submission, for ever.
    pub words: Box<[u32]>,
}

impl Submission {
    /// Number of records in each column.
    #[must_use]
    pub fn records(&self) -> usize {
        usize::try_from(self.accepted_count).unwrap_or(usize::MAX)
    }

    /// The column of a field; `None` if it was not collected.
    #[must_use]
    pub fn column(&self, field: Field) -> Option<&ColumnView> {
        self.columns
            .binary_search_by_key(&field, |column| column.field)
            .ok()
            .map(|i| &self.columns[i])
    }
}

/// One version of a slot, and when it was withdrawn.
#[derive(Clone, Debug)]
pub struct Version {
    /// What was submitted.
    pub submission: Arc<Submission>,
    /// Log position and time (milliseconds since 1970) of the withdrawal; none if it was not withdrawn.
    pub withdrawn: Option<(u64, u64)>,
}
