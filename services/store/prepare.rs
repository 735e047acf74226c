//! A submission prepared for the log and the store, outside the writer's thread, so that the writer only has to write.

use bytes::Bytes;
use prost::Message;

use super::described::deflated;
use super::error::StoreError;
use super::estimates;
use super::pack::Pack;
use super::runs::{self, Runs};
use crate::domain::cube::{Packed, encode_words};
use crate::domain::field::number;
use crate::domain::submission::{Draft, Header};
use crate::proto::store::{self, ColumnMeta, SubmissionMeta};

/// A submission ready to be written.
pub struct Prepared {
    pub(super) meta: SubmissionMeta,
    /// The same as the log has it.
    pub(super) described: Vec<u8>,
    /// Payloads of the chunk entries.
    pub(super) chunks: Vec<Vec<u8>>,
    /// The pack for the store. An error is a bug of this program, found before anything is written.
    pub(super) pack: Result<Pack, StoreError>,
}

impl Prepared {
    /// Encodes a draft and counts its roll-ups.
    #[must_use]
    pub fn new(caller: &str, header: &Header, draft: &Draft) -> Self {
        Self::of_runs(meta_of(caller, header, draft), &runs::of_draft(draft))
    }

    /// The same of a description and its runs.
    pub(super) fn of_runs(meta: SubmissionMeta, runs: &Runs) -> Self {
        let pack = Pack::new(&meta, runs);
        Self { described: deflated(&meta), chunks: runs::chunks(runs), meta, pack }
    }

    /// Hash of header and rows.
    #[must_use]
    pub fn content_hash(&self) -> &[u8] {
        &self.meta.content_hash
    }

    /// Approximate bytes that the submission adds to the log and to sled.
    pub(super) fn bytes(&self) -> u64 {
        let chunks: usize = self.chunks.iter().map(Vec::len).sum();
        let of_pack =
            |pack: &Pack| pack.bytes.len() + 16 * pack.persons.as_ref().map_or(0, Vec::len);
        let pack = self.pack.as_ref().map_or(0, of_pack);
        // The description holds the problems of rows, which may be long, and words, which may be new: each is in the log and
        // in the store.
        (chunks + 2 * pack + 3 * self.meta.encoded_len()) as u64
    }
}

/// Hash over the chunks' payload hashes. The commit contains it.
pub(super) fn chunks_hash<'a>(hashes: impl Iterator<Item = &'a [u8; 32]>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for hash in hashes {
        hasher.update(hash);
    }
    *hasher.finalize().as_bytes()
}

fn meta_of(caller: &str, header: &Header, draft: &Draft) -> SubmissionMeta {
    let mut columns: Vec<_> = draft
        .columns
        .iter()
        .map(|column| ColumnMeta {
            field: u32::from(column.field.number()),
            width: u32::from(column.packed.width),
            value_count: u32::try_from(column.values.len()).unwrap_or(u32::MAX),
            values: encode_words(&column.values).into(),
        })
        .collect();
    let plain = |field: u8, packed: &Packed| ColumnMeta {
        field: u32::from(field),
        width: u32::from(packed.width),
        value_count: 0,
        values: Bytes::new(),
    };
    if draft.weights.width > 0 {
        columns.push(plain(number::WEIGHT, &draft.weights));
    }
    columns.extend(draft.persons.iter().map(|keys| plain(number::PERSON, keys)));
    let source = draft.estimates.as_ref().map(|of| &of.source).or(header.source.as_deref());
    SubmissionMeta {
        collection: header.collection.clone(),
        dataset: u32::from(header.dataset.number()),
        organisation: header.organisation.clone(),
        month: u32::from(header.month.number()),
        caller: caller.to_owned(),
        request_id: header.request_id.clone(),
        content_hash: draft.content_hash.to_vec().into(),
        accepted_count: draft.accepted_count,
        rejected_count: draft.rejected_count,
        blank_count: draft.blank_count,
        readings: draft.readings.iter().map(reading).collect(),
        total_count: draft.total_count,
        suppressed_count: draft.suppressed_count,
        collected: header.collected.iter().map(|field| u32::from(field.number())).collect(),
        person_key_scheme: header.person_key_scheme.clone(),
        columns,
        problems: draft.problems.iter().map(problem).collect(),
        record_seed: draft.record_seed.map_or_else(Bytes::new, |seed| seed.to_vec().into()),
        estimate_source: source.map(estimates::stored_source),
    }
}

fn reading(reading: &crate::domain::submission::Reading) -> store::Reading {
    store::Reading {
        field: reading.field.clone(),
        how: reading.how.clone(),
        value: reading.value.clone(),
        read_as: reading.read_as.clone(),
        count: reading.count,
    }
}

fn problem(problem: &crate::domain::submission::RowProblem) -> store::RowProblem {
    store::RowProblem {
        row_index: problem.row_index,
        field: problem.field.clone(),
        value: problem.value.clone(),
        expected: problem.expected.clone(),
        nearest: problem.nearest.clone(),
    }
}
