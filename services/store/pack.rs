//! Packs: the columns, roll-ups and estimates of one submission version as one run of bytes, cut into values of one size.
//!
//! A pack is made outside the writer's thread, except for its last run: person keys are kept by number, and only the writer
//! knows the numbers. The version's row keeps the directory.

use super::error::StoreError;
use super::estimates;
use super::keys;
use super::record_keys::record_keys;
use super::runs::Runs;
use super::tree::{Row, VALUE_BYTES};
use crate::domain::collection::Dataset;
use crate::domain::cube::{
    Directory, Packed, Run, decode_column, decode_words, put_numbers, rollups,
};
use crate::domain::field::{Field, number};
use crate::proto::store::{ColumnMeta, SubmissionMeta};

/// A roll-up is stored where it has fewer cells than the records by this. A fuller one saves a reader little, and where submissions
/// are small it takes as many bytes as its column: it is counted again from the columns.
const RECORDS_A_CELL: usize = 8;

/// Fields without a roll-up: two of them make the cells of every roll-up, and days and what is suppressed are only read record by
/// record.
pub(super) const INNER: [Field; 4] =
    [Field::Channel, Field::Attendance, Field::Day, Field::Suppressed];

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
    pub(super) fn new(meta: &SubmissionMeta, runs: &Runs) -> Result<Self, StoreError> {
        let records = usize::try_from(meta.accepted_count).unwrap_or(usize::MAX);
        let mut pack = Self {
            directory: Directory::default(),
            bytes: Vec::new(),
            words: Vec::new(),
            persons: None,
        };
        if meta.dataset == u32::from(Dataset::Estimates.number()) {
            // Values are never added up, so there is nothing to roll up.
            pack.push(Run::Column(number::ESTIMATES), of_estimates(records, runs)?, 0)?;
            return Ok(pack);
        }
        let mut columns = Vec::new();
        let mut weights = Packed { width: 0, data: Vec::new() };
        for column in &meta.columns {
            match (Field::from_number(column.field), u8::try_from(column.field)) {
                (Some(field), _) => {
                    columns.push((field, words(column)?, packed(column, runs, records)?));
                }
                (None, Ok(number::WEIGHT)) => weights = packed(column, runs, records)?,
                (None, Ok(number::PERSON)) => pack.persons = Some(person_keys(runs, records)?),
                (None, _) => return Err(not_whole(column.field, records)),
            }
        }
        columns.sort_by_key(|(field, _, _)| *field);
        pack.roll_up(records, &columns, &weights)?;
        let keys = record_keys(meta, &columns, &weights, pack.persons.as_deref())?;
        for (field, words, _) in columns {
            let values = u32::try_from(words.len()).unwrap_or(u32::MAX);
            pack.push(Run::Column(field.number()), run(runs, field.number()), values)?;
            pack.words.push((field, words));
        }
        let mut of_records = Vec::new();
        put_numbers(&mut of_records, &keys.into_iter().map(u64::from).collect::<Vec<_>>());
        pack.push(Run::Column(number::KEY), &of_records, u8::BITS)?;
        if weights.width > 0 {
            let values = weights.width.into();
            pack.push(Run::Column(number::WEIGHT), run(runs, number::WEIGHT), values)?;
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
        for made in rollups(records, &varying, of(Field::Channel), of(Field::Attendance), weights) {
            // Who reads must not wait for all of this at once.
            std::thread::yield_now();
            if made.field == number::TOTAL || made.cells.len() * RECORDS_A_CELL <= records {
                self.push(Run::Rollup(made.field), &made.encode(), 0)?;
            }
        }
        Ok(())
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

pub(super) fn words(column: &ColumnMeta) -> Result<Vec<String>, StoreError> {
    decode_words(&column.values)
        .filter(|words| u32::try_from(words.len()) == Ok(column.value_count))
        .ok_or_else(|| StoreError::Damaged(format!("column {} has other words", column.field)))
}

/// The run of a field; none where every record has the same value.
fn run(runs: &Runs, field: u8) -> &[u8] {
    runs.get(&field.into()).map_or(&[], Vec::as_slice)
}

/// A column out of its run.
pub(super) fn packed(
    column: &ColumnMeta,
    runs: &Runs,
    records: usize,
) -> Result<Packed, StoreError> {
    let (field, width) = (u8::try_from(column.field), u8::try_from(column.width));
    let found = field.ok().zip(width.ok());
    let decoded = found.and_then(|(field, width)| decode_column(run(runs, field), width, records));
    decoded.ok_or_else(|| not_whole(column.field, records))
}

/// The person keys out of their run.
pub(super) fn person_keys(runs: &Runs, records: usize) -> Result<Vec<u64>, StoreError> {
    let (keys, rest) = run(runs, number::PERSON).as_chunks::<8>();
    if keys.len() != records || !rest.is_empty() {
        return Err(not_whole(number::PERSON.into(), records));
    }
    Ok(keys.iter().map(|key| u64::from_le_bytes(*key)).collect())
}

fn not_whole(field: u32, records: usize) -> StoreError {
    StoreError::Damaged(format!("column {field} of an entry does not have {records} records"))
}

/// The estimates out of their run.
fn of_estimates(records: usize, runs: &Runs) -> Result<&[u8], StoreError> {
    let bytes = run(runs, number::ESTIMATES);
    let found = estimates::rows(bytes)?.len();
    (found == records).then_some(bytes).ok_or_else(|| {
        StoreError::Damaged(format!("an entry has {found} estimates, not {records}"))
    })
}
