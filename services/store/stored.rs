//! A submission as the catalogue has it: what is needed to plan, without the data.

use std::sync::Arc;

use super::error::{StoreError, damaged};
use super::estimates::source;
use super::keys::Slot;
use crate::domain::cube::{Directory, Run, width_for};
use crate::domain::estimate::EstimateSource;
use crate::domain::field::{Field, number};
use crate::proto::store::{SubmissionMeta, VersionRow};

/// A submission that was accepted. Of every month it is in memory while it stands: so it has no more than questions and refusals need.
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
    pub request_id: Box<str>,
    /// BLAKE3 of header and rows. A retry has the same hash.
    pub content_hash: [u8; 32],
    /// Number of rows that were accepted.
    pub accepted_count: u64,
    /// Number of rows that were refused.
    pub rejected_count: u64,
    /// Number of rows without any value.
    pub blank_count: u64,
    /// Whether values were read in another form. Which ones, [`super::Reader::readings`] says.
    pub has_readings: bool,
    /// Sum of the `record_count`s of the accepted rows.
    pub total_count: u64,
    /// Number of accepted rows whose count or value the publisher suppressed.
    pub suppressed_count: u64,
    /// The fields that the source collects, as the submission lists them.
    pub collected: Box<[Field]>,
    /// Scheme of the person keys; empty if the submission has no person keys.
    pub person_key_scheme: Arc<str>,
    /// Bits of a weight; 0 if every record has weight 1.
    pub weight_width: u8,
    /// Whether there is a column of person keys.
    pub has_persons: bool,
    /// Where each run of the pack is.
    pub(super) directory: Directory,
    /// Number of the first value of the pack.
    pub(super) first_value: u64,
    /// The words of its columns, one column after another; and where those of each column end.
    words: Box<[u32]>,
    word_ends: Box<[u32]>,
    /// The publication that the rows come from; none if they were not published. Submissions of one publication share it.
    pub source: Option<Arc<EstimateSource>>,
}

/// Form of a column: what is needed to plan, without the data.
#[derive(Clone, Copy, Debug)]
pub struct ColumnView<'a> {
    /// Field whose values the column holds.
    pub field: Field,
    /// Bits of an index: 0, 1, 2, 4, 8 or 16.
    pub width: u8,
    /// For each index, the number of its word in the catalogue: the same number in every submission, for ever.
    pub words: &'a [u32],
}

impl Submission {
    /// The submission of a version's row. `share` gives the one copy of a text that many have.
    pub(super) fn of_row(
        slot: Slot,
        version: u32,
        row: &VersionRow,
        mut share: impl FnMut(&str) -> Arc<str>,
    ) -> Result<Self, StoreError> {
        let empty = SubmissionMeta::default();
        let meta = row.meta.as_ref().unwrap_or(&empty);
        let (directory, words) = Directory::decode(&row.directory)
            .ok_or_else(|| damaged(format!("the directory of the version at {}", row.position)))?;
        let weight = directory.entry(Run::Column(number::WEIGHT)).map_or(0, |entry| entry.values);
        let columns = directory.entries().filter(|entry| matches!(entry.run, Run::Column(_)));
        let word_ends = columns.scan(0, |end, entry| {
            *end += if entry.run.coded().is_some() { entry.values } else { 0 };
            Some(*end)
        });
        let collected = meta.collected.iter().filter_map(|number| Field::from_number(*number));
        Ok(Self {
            slot,
            version,
            position: row.position,
            time_millis: row.time_millis,
            collection: share(&meta.collection),
            organisation: share(&meta.organisation),
            request_id: meta.request_id.as_str().into(),
            content_hash: meta.content_hash.as_ref().try_into().unwrap_or_default(),
            accepted_count: meta.accepted_count,
            rejected_count: meta.rejected_count,
            blank_count: meta.blank_count,
            has_readings: !meta.readings.is_empty(),
            total_count: meta.total_count,
            suppressed_count: meta.suppressed_count,
            collected: collected.collect(),
            person_key_scheme: share(&meta.person_key_scheme),
            weight_width: u8::try_from(weight).unwrap_or(0),
            has_persons: directory.entry(Run::Column(number::PERSON)).is_some(),
            source: meta.estimate_source.as_ref().map(|stored| Arc::new(source(stored))),
            word_ends: word_ends.collect(),
            words: words.into(),
            directory,
            first_value: row.first_value,
        })
    }

    /// Number of records in each column.
    #[must_use]
    pub fn records(&self) -> usize {
        usize::try_from(self.accepted_count).unwrap_or(usize::MAX)
    }

    /// The column of a field; `None` if it was not collected.
    #[must_use]
    pub fn column(&self, field: Field) -> Option<ColumnView<'_>> {
        let place = self.directory.place_of_column(field.number())?;
        let start = place.checked_sub(1).map_or(0, |before| self.word_ends[before] as usize);
        let words = &self.words[start..self.word_ends[place] as usize];
        Some(ColumnView { field, width: width_for(words.len()), words })
    }

    /// The coded columns, in order of field.
    pub fn columns(&self) -> impl Iterator<Item = ColumnView<'_>> {
        let coded = self.directory.entries().filter_map(|entry| entry.run.coded());
        coded.filter_map(|field| self.column(field))
    }

    /// Bytes of it in memory that it shares with no other.
    #[must_use]
    pub fn memory(&self) -> usize {
        let numbers = (self.words.len() + self.word_ends.len()) * size_of::<u32>();
        let directory = self.directory.memory() - size_of::<Directory>();
        size_of::<Self>() + self.request_id.len() + self.collected.len() + numbers + directory
    }
}

/// One version of a slot. This much of it stays in memory for ever; what else is known of a version that stands no more is in its row.
#[derive(Clone, Debug)]
pub struct Version {
    /// Version within the slot: 1, 2, 3, …
    pub version: u32,
    /// Log position of the commit.
    pub position: u64,
    /// Log position and time (milliseconds since 1970) of the withdrawal, or of the erasure of what stood; none if it was neither.
    pub withdrawn: Option<(u64, u64)>,
    /// Whether its data was erased.
    pub is_erased: bool,
    /// What was submitted, while it stands.
    pub(super) stands: Option<Arc<Submission>>,
}
