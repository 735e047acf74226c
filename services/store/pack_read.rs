//! Reading parts of a pack: the values that hold the wanted runs, and nothing else.

use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use super::error::StoreError;
use super::keys;
use super::pack::INNER;
use super::persons::PersonKeys;
use super::stored::{ColumnView, Submission};
use super::tree::{Rows, VALUE_BYTES};
use crate::domain::cube::{Packed, Rollup, Run, decode_column, rollups, take_numbers};
use crate::domain::field::{Field, number};

/// Runs of one submission's pack that were read together.
pub struct PackPart<'a> {
    submission: &'a Submission,
    persons: &'a RwLock<PersonKeys>,
    /// Stretches of the pack, in order: where each begins, and its bytes.
    stretches: Vec<(usize, Vec<u8>)>,
}

impl<'a> PackPart<'a> {
    /// Reads the values that hold these runs: one scan for each stretch of neighbouring values.
    pub(super) fn read(
        rows: &Rows,
        persons: &'a RwLock<PersonKeys>,
        submission: &'a Submission,
        runs: &[Run],
    ) -> Result<Self, StoreError> {
        let key = |value: u32| keys::pack(submission.first_value.saturating_add(value.into()));
        let read = |values: Range<u32>| {
            rows.joined_range(&key(values.start), &key(values.end.saturating_sub(1)))
        };
        Self::read_by(VALUE_BYTES, read, persons, submission, runs)
    }

    /// The same for values of any size. `read`: the values of these numbers, joined.
    fn read_by(
        value_bytes: usize,
        read: impl Fn(Range<u32>) -> Result<Vec<u8>, StoreError>,
        persons: &'a RwLock<PersonKeys>,
        submission: &'a Submission,
        runs: &[Run],
    ) -> Result<Self, StoreError> {
        let stored = runs.iter().flat_map(|run| stored_as(submission, *run));
        let wanted = stored.filter_map(|run| submission.directory.range(run));
        let mut stretches = Vec::new();
        for values in stretches_of(wanted, value_bytes) {
            stretches.push((values.start as usize * value_bytes, read(values)?));
        }
        Ok(Self { submission, persons, stretches })
    }

    /// The column of a field in the usual widths; every record has index 0 if it was not collected or has one value.
    ///
    /// # Errors
    /// The store is damaged, or the run was not read.
    pub fn column(&self, field: Field) -> Result<Packed, StoreError> {
        let width = self.submission.column(field).map_or(0, |column| column.width);
        self.decoded(field.number(), width)
    }

    /// How many consultations or people each record stands for; no bits if each has weight 1.
    ///
    /// # Errors
    /// As [`PackPart::column`].
    pub fn weights(&self) -> Result<Packed, StoreError> {
        self.decoded(number::WEIGHT, self.submission.weight_width)
    }

    /// Numbers of the persons within the scheme of the submission: 1, 2, 3, …; 0 where there is none. A person has the same number
    /// in every submission of the scheme.
    ///
    /// # Errors
    /// As [`PackPart::column`].
    pub fn person_numbers(&self) -> Result<Vec<u32>, StoreError> {
        if !self.submission.has_persons {
            return Ok(Vec::new());
        }
        let mut run = self.bytes(Run::Column(number::PERSON))?;
        let records = self.submission.records();
        let (mut numbers, mut fit) = (Vec::with_capacity(records.min(1 << 20)), true);
        let taken = take_numbers(&mut run, records, |number| {
            fit &= u32::try_from(number).is_ok();
            numbers.push(u32::try_from(number).unwrap_or(0));
        });
        taken.filter(|()| fit && run.is_empty()).ok_or_else(|| self.damaged(number::PERSON))?;
        Ok(numbers)
    }

    /// Keyed hashes of the person keys, 64 bits each; 0 where there is none.
    ///
    /// # Errors
    /// As [`PackPart::column`].
    pub fn persons(&self) -> Result<Packed, StoreError> {
        let numbers = self.person_numbers()?;
        let known = self.persons.read().unwrap_or_else(PoisonError::into_inner);
        let scheme = known.scheme(&self.submission.person_key_scheme).unwrap_or(u16::MAX);
        let keys: Option<Vec<u64>> =
            numbers.into_iter().map(|number| known.key(scheme, number.into())).collect();
        Ok(Packed::keys(&keys.ok_or_else(|| self.damaged(number::PERSON))?))
    }

    /// The cells of a field's roll-up and their counts, in order: stored ones, or counted from the columns. None of a field that was
    /// not collected, or has one value, or makes the cells of every roll-up.
    ///
    /// # Errors
    /// As [`PackPart::column`].
    pub fn rollup(&self, field: u8) -> Result<Vec<(u32, u64)>, StoreError> {
        let run = Run::Rollup(field);
        if self.submission.directory.entry(run).is_some() {
            return Rollup::decode(self.bytes(run)?).ok_or_else(|| self.damaged(field));
        }
        let Some(column) = counted(self.submission, field) else { return Ok(Vec::new()) };
        let packed = self.column(column.field)?;
        let inner = |field| {
            let words = self.submission.column(field).map(|column| column.words.len());
            words.map(|words| Ok::<_, StoreError>((words, self.column(field)?))).transpose()
        };
        let (channel, attendance) = (inner(Field::Channel)?, inner(Field::Attendance)?);
        let (weights, columns) = (self.weights()?, [(field, column.words.len(), &packed)]);
        let made = rollups(
            self.submission.records(),
            &columns,
            channel.as_ref().map(|(words, packed)| (*words, packed)),
            attendance.as_ref().map(|(words, packed)| (*words, packed)),
            &weights,
        );
        Ok(made.last().map_or_else(Vec::new, |rollup| rollup.cells))
    }

    /// The bytes of a run; none of a run that the pack does not have.
    pub(super) fn bytes(&self, run: Run) -> Result<&[u8], StoreError> {
        let Some(range) = self.submission.directory.range(run).filter(|range| !range.is_empty())
        else {
            return Ok(&[]);
        };
        let within = self.stretches.iter().find_map(|(start, bytes)| {
            bytes.get(range.start.checked_sub(*start)?..range.end.checked_sub(*start)?)
        });
        within.ok_or_else(|| {
            let position = self.submission.position;
            StoreError::Damaged(format!("{run:?} of the submission at {position} is not there"))
        })
    }

    /// A column by the number of its field.
    pub(super) fn packed(&self, field: u8, width: u8) -> Result<Packed, StoreError> {
        if field == number::PERSON { self.persons() } else { self.decoded(field, width) }
    }

    fn decoded(&self, field: u8, width: u8) -> Result<Packed, StoreError> {
        let bytes = self.bytes(Run::Column(field))?;
        decode_column(bytes, width, self.submission.records()).ok_or_else(|| self.damaged(field))
    }

    fn damaged(&self, field: u8) -> StoreError {
        let position = self.submission.position;
        StoreError::Damaged(format!("column {field} of the submission at {position} is not whole"))
    }
}

/// The column that a roll-up which is not stored is counted from.
fn counted(submission: &Submission, field: u8) -> Option<ColumnView<'_>> {
    let field = Field::from_number(field.into()).filter(|field| !INNER.contains(field))?;
    submission.column(field).filter(|column| column.words.len() > 1)
}

/// The runs that have to be read for a run.
fn stored_as(submission: &Submission, run: Run) -> Vec<Run> {
    match run {
        Run::Rollup(field)
            if submission.directory.entry(run).is_none()
                && counted(submission, field).is_some() =>
        {
            let inner = [Field::Channel, Field::Attendance].map(Field::number);
            [field, inner[0], inner[1], number::WEIGHT].map(Run::Column).into()
        }
        Run::Rollup(_) | Run::Column(_) => vec![run],
    }
}

/// Numbers of the values that hold these bytes, in stretches without a gap.
fn stretches_of(wanted: impl Iterator<Item = Range<usize>>, value_bytes: usize) -> Vec<Range<u32>> {
    let value = |byte: usize| u32::try_from(byte / value_bytes).unwrap_or(u32::MAX);
    let mut ranges: Vec<_> = wanted
        .filter(|range| !range.is_empty())
        .map(|range| value(range.start)..value(range.end - 1) + 1)
        .collect();
    ranges.sort_unstable_by_key(|range| range.start);
    let mut stretches: Vec<Range<u32>> = Vec::new();
    for range in ranges {
        match stretches.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => stretches.push(range),
        }
    }
    stretches
}

#[cfg(test)]
#[path = "pack_tests.rs"]
pub(super) mod pack_tests;
