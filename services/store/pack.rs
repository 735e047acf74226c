//! Packs: the columns, roll-ups and estimates of one submission version as one run of bytes, cut into values of one size.
//!
//! A pack is made outside the writer's thread, except for its last run: person keys are kept by number, and only the writer
//! knows the numbers. The version's row keeps the directory.

use super::error::StoreError;
use super::estimates;
use super::keys;
use super::tree::{Row, VALUE_BYTES};
use crate::domain::collection::Dataset;
use crate::domain::cube::{
    Block, Directory, Packed, Run, decode_words, encode_column, put_numbers, rollups,
};
use crate::domain::field::{Field, number};
use crate::proto::store::{ColumnMeta, SubmissionMeta};

/// A roll-up is stored where it has fewer cells than the records by this. A fuller one saves a reader little, and where submissions
/// are small it takes as many bytes as the columns: it is counted again from them.
const RECORDS_A_CELL: usize = 2;

/// Fields without a roll-up: two of them make the cells of every roll-up, and days are only read record by record.
pub(super) const INNER: [Field; 3] = [Field::Channel, Field::Attendance, Field::Day];

/// A pack, and what only the writer can number.
pub(super) struct Pack {
    pub(super) directory: Directory,
    pub(super) bytes: Vec<u8>,
    /// Words of each coded column, in the order of the directory.
    pub(super) words: Vec<(Field, Vec<String>)>,
    /// Keyed hashes of the person keys, one a record; none if the submission has no scheme.
    pub(super) persons: Option<Vec<u64>>,
}

impl Pack {
    /// The pack of a submission. Submitting and replaying the log use this one function.
    pub(super) fn new(meta: &SubmissionMeta, blocks: &[Block]) -> Result<Self, StoreError> {
        let records = usize::try_from(meta.accepted_count).unwrap_or(usize::MAX);
        let mut pack = Self {
            directory: Directory::default(),
            bytes: Vec::new(),
            words: Vec::new(),
            persons: None,
        };
        if meta.dataset == u32::from(Dataset::Estimates.number()) {
            // Values are never added up, so there is nothing to roll up.
            pack.push(Run::Column(number::ESTIMATES), &joined_estimates(records, blocks)?, 0)?;
            return Ok(pack);
        }
        let mut columns = Vec::new();
        let mut weights = Packed { width: 0, data: Vec::new() };
        for column in &meta.columns {
            let field = u8::try_from(column.field).unwrap_or(u8::MAX);
            match (Field::from_number(column.field), field) {
                (Some(field), _) => {
                    columns.push((field, words(column)?, joined(column, blocks, records)?));
                }
                (None, number::WEIGHT) => weights = joined(column, blocks, records)?,
                (None, number::PERSON) => {
                    let keys = joined(column, blocks, records)?;
                    pack.persons = Some((0..records).map(|record| keys.number(record)).collect());
                }
                // What nobody asks for stays in the log alone.
                (None, _) => {}
            }
        }
        columns.sort_by_key(|(field, _, _)| *field);
        pack.roll_up(records, &columns, &weights)?;
        for (field, words, packed) in columns {
            let values = u32::try_from(words.len()).unwrap_or(u32::MAX);
            let run = encode_column(&packed, records);
            pack.push(Run::Column(field.number()), &run, values)?;
            pack.words.push((field, words));
        }
        if weights.width > 0 {
            let run = encode_column(&weights, records);
            pack.push(Run::Column(number::WEIGHT), &run, weights.width.into())?;
        }
        Ok(pack)
    }

    fn roll_up(
        &mut self,
        records: usize,
        columns: &[(Field, Vec<String>, Packed)],
        weights: &Packed,
    ) -> Result<(), StoreError> {
        let of = |wanted: Field| {
            let found = columns.iter().find(|(field, _, _)| *field == wanted);
            found.map(|(_, words, packed)| (words.len(), packed))
        };
        let varying: Vec<_> = columns
            .iter()
            .filter(|(field, words, _)| !INNER.contains(field) && words.len() > 1)
            .map(|(field, words, packed)| (field.number(), words.len(), packed))
            .collect();
        let made = rollups(records, &varying, of(Field::Channel), of(Field::Attendance), weights);
        let mut kept = made.iter().filter(|rollup| {
            rollup.field == number::TOTAL || rollup.cells.len() * RECORDS_A_CELL <= records
        });
        kept.try_for_each(|rollup| self.push(Run::Rollup(rollup.field), &rollup.encode(), 0))
    }

    fn push(&mut self, run: Run, bytes: &[u8], values: u32) -> Result<(), StoreError> {
        let pushed = self.directory.push(run, bytes.len(), values);
        pushed.ok_or_else(|| StoreError::Damaged("a submission has more than 4 GiB".into()))?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// The directory and bytes of the whole pack, the numbers of its persons included.
    pub(super) fn with_persons(
        &self,
        persons: Option<&[u64]>,
    ) -> Result<(Directory, Vec<u8>), StoreError> {
        let mut whole = Self {
            directory: self.directory.clone(),
            bytes: self.bytes.clone(),
            words: Vec::new(),
            persons: None,
        };
        if let Some(numbers) = persons {
            let mut run = Vec::new();
            put_numbers(&mut run, numbers);
            whole.push(Run::Column(number::PERSON), &run, u64::BITS)?;
        }
        Ok((whole.directory, whole.bytes))
    }
}

/// The values of a pack and their keys. The first has this number.
pub(super) fn values(first: u64, bytes: &[u8]) -> impl Iterator<Item = Row> + '_ {
    let numbered = (first..).zip(bytes.chunks(VALUE_BYTES));
    numbered.map(|(number, value)| (keys::pack(number), value.to_vec()))
}

/// How many values a pack of this many bytes has.
pub(super) fn value_count(bytes: usize) -> u64 {
    bytes.div_ceil(VALUE_BYTES) as u64
}

fn words(column: &ColumnMeta) -> Result<Vec<String>, StoreError> {
    decode_words(&column.values)
        .filter(|words| u32::try_from(words.len()) == Ok(column.value_count))
        .ok_or_else(|| StoreError::Damaged(format!("column {} has other words", column.field)))
}

/// A column out of its blocks.
fn joined(column: &ColumnMeta, blocks: &[Block], records: usize) -> Result<Packed, StoreError> {
    let width = u8::try_from(column.width).unwrap_or(u8::MAX);
    let mut packed = Packed { width, data: Vec::new() };
    for block in blocks.iter().filter(|block| u32::from(block.field) == column.field) {
        packed.data.extend_from_slice(&block.data);
    }
    let whole = packed.data.len() == Packed::bytes_for(records, packed.width);
    whole.then_some(packed).ok_or_else(|| {
        let field = column.field;
        StoreError::Damaged(format!("column {field} of an entry does not have {records} records"))
    })
}

/// The estimates out of their blocks: encoded messages that follow one another are one message.
fn joined_estimates(records: usize, blocks: &[Block]) -> Result<Vec<u8>, StoreError> {
    let whole = blocks.iter().all(|block| block.field == number::ESTIMATES);
    let bytes: Vec<u8> = blocks.iter().flat_map(|block| block.data.iter().copied()).collect();
    let found = estimates::rows(&bytes)?.len();
    (whole && found == records).then_some(bytes).ok_or_else(|| {
        StoreError::Damaged(format!("an entry has {found} estimates, not {records}"))
    })
}
