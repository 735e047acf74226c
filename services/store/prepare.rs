//! A submission prepared for the log and the store, outside the writer's thread, so that the writer only has to write.

use bytes::Bytes;
use prost::Message;

use super::error::StoreError;
use super::estimates;
use crate::domain::collection::Dataset;
use crate::domain::cube::{Block, Packed, Rollup, encode_words, rollups};
use crate::domain::field::{Field, number};
use crate::domain::submission::{Draft, Header};
use crate::proto::store::{self, Chunk, ColumnMeta, SubmissionMeta};

/// Most bytes of blocks in one chunk entry. The log's limit is 256 KiB, framing included.
const CHUNK_BYTES: usize = 240 << 10;

/// A row of a column or roll-up. Slot numbers and version are missing from its key: only the writer knows them.
pub(super) struct Piece {
    pub(super) prefix: u8,
    pub(super) field: u8,
    pub(super) number: u32,
    pub(super) value: Vec<u8>,
}

/// A submission ready to be written.
pub struct Prepared {
    pub(super) meta: SubmissionMeta,
    /// Payloads of the chunk entries.
    pub(super) chunks: Vec<Vec<u8>>,
    /// Rows of columns and roll-ups. An error is a bug of this program, found before anything is written.
    pub(super) pieces: Result<Vec<Piece>, StoreError>,
}

impl Prepared {
    /// Encodes a draft and counts its roll-ups.
    #[must_use]
    pub fn new(caller: &str, header: &Header, draft: &Draft) -> Self {
        let blocks = blocks_of(draft);
        let meta = meta_of(caller, header, draft);
        let pieces = pieces(&meta, &blocks);
        let mut chunks = Vec::new();
        let mut open = Chunk::default();
        let mut bytes = 0;
        for block in &blocks {
            if bytes + block.data.len() > CHUNK_BYTES {
                chunks.push(std::mem::take(&mut open).encode_to_vec());
                bytes = 0;
            }
            bytes += block.data.len() + 24;
            open.blocks.push(store::Block {
                field: u32::from(block.field),
                chunk: block.chunk,
                data: block.data.clone().into(),
            });
        }
        if !open.blocks.is_empty() {
            chunks.push(open.encode_to_vec());
        }
        Self { meta, chunks, pieces }
    }

    /// Approximate bytes that the submission adds to the log and to sled.
    pub(super) fn bytes(&self) -> u64 {
        let chunks: usize = self.chunks.iter().map(Vec::len).sum();
        let pieces: usize = self.pieces.iter().flatten().map(|piece| piece.value.len() + 32).sum();
        // The description holds the problems of rows, which may be long: it is in the log and in the store.
        (chunks + 2 * pieces + 3 * self.meta.encoded_len()) as u64
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

fn blocks_of(draft: &Draft) -> Vec<Block> {
    let mut blocks: Vec<_> =
        draft.columns.iter().flat_map(|c| c.packed.blocks(c.field.number())).collect();
    blocks.extend(draft.estimates.iter().flat_map(estimates::blocks));
    blocks.extend(draft.weights.blocks(number::WEIGHT));
    blocks.extend(draft.persons.iter().flat_map(|keys| keys.blocks(number::PERSON)));
    blocks.extend(draft.source_records.iter().flat_map(|keys| keys.blocks(number::SOURCE_RECORD)));
    blocks
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
    columns.extend(draft.source_records.iter().map(|keys| plain(number::SOURCE_RECORD, keys)));
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
        total_count: draft.total_count,
        collected: header.collected.iter().map(|field| u32::from(field.number())).collect(),
        person_key_scheme: header.person_key_scheme.clone(),
        columns,
        problems: draft.problems.iter().map(problem).collect(),
        estimate_source: draft.estimates.as_ref().map(|e| estimates::stored_source(&e.source)),
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

/// The rows of a submission's columns and roll-ups. Submitting and replaying the log use this one function.
pub(super) fn pieces(meta: &SubmissionMeta, blocks: &[Block]) -> Result<Vec<Piece>, StoreError> {
    let records = usize::try_from(meta.accepted_count).unwrap_or(usize::MAX);
    // What nobody asks for stays in the log alone.
    let asked = blocks.iter().filter(|block| block.field != number::SOURCE_RECORD);
    let of_blocks = asked.map(|block| Piece {
        prefix: super::keys::BLOCK,
        field: block.field,
        number: block.chunk,
        value: block.data.clone(),
    });
    if meta.dataset == u32::from(Dataset::Estimates.number()) {
        // Values are never added up, so there is nothing to roll up.
        check_estimates(records, blocks)?;
        return Ok(of_blocks.collect());
    }
    let join = |field: u32, width: u32| {
        let mut packed = Packed { width: u8::try_from(width).unwrap_or(u8::MAX), data: Vec::new() };
        for block in blocks.iter().filter(|block| u32::from(block.field) == field) {
            packed.data.extend_from_slice(&block.data);
        }
        let whole = packed.data.len() == Packed::bytes_for(records, packed.width);
        whole.then_some(packed).ok_or_else(|| {
            StoreError::Damaged(format!(
                "column {field} of an entry does not have {records} records"
            ))
        })
    };
    let (mut columns, mut weights) = (Vec::new(), Packed { width: 0, data: Vec::new() });
    for column in &meta.columns {
        let packed = join(column.field, column.width)?;
        match Field::from_number(column.field) {
            Some(field) => {
                let values = usize::try_from(column.value_count).unwrap_or(usize::MAX);
                columns.push((field, values, packed));
            }
            None if column.field == u32::from(number::WEIGHT) => weights = packed,
            None => {}
        }
    }
    let of = |wanted: Field| {
        let found = columns.iter().find(|(field, _, _)| *field == wanted);
        found.map(|(_, values, packed)| (*values, packed))
    };
    let inner = [Field::Channel, Field::Attendance, Field::Day];
    let varying: Vec<_> = columns
        .iter()
        .filter(|(field, values, _)| !inner.contains(field) && *values > 1)
        .map(|(field, values, packed)| (field.number(), *values, packed))
        .collect();
    let made = rollups(records, &varying, of(Field::Channel), of(Field::Attendance), &weights);
    let rollups = made.iter().flat_map(|rollup: &Rollup| {
        let parts = rollup.encode().into_iter().zip(0u32..);
        let field = rollup.field;
        parts.map(move |(value, number)| Piece {
            prefix: super::keys::ROLLUP,
            field,
            number,
            value,
        })
    });
    Ok(rollups.chain(of_blocks).collect())
}

fn check_estimates(records: usize, blocks: &[Block]) -> Result<(), StoreError> {
    let mut found = 0;
    for block in blocks.iter().filter(|block| block.field == number::ESTIMATES) {
        found += estimates::rows(&block.data)?.len();
    }
    let whole = found == records && blocks.iter().all(|block| block.field == number::ESTIMATES);
    whole.then_some(()).ok_or_else(|| {
        StoreError::Damaged(format!("an entry has {found} estimates, not {records}"))
    })
}
