//! The directory of a pack: which runs a submission version has, where each begins, and the words of its columns.
//!
//! Stored as: which fields have a roll-up and which a column, 64 bits each; then runs of numbers with the lengths of all runs, the
//! number of words of each column (or the bits of its numbers), and the word numbers of all coded columns.

use std::ops::Range;

use super::numbers::{put_numbers, take_numbers};
use crate::domain::field::Field;

/// One run of bytes of a pack. The field is a [`Field`]'s number or one of [`crate::domain::field::number`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Run {
    /// Counts of a field by channel and attendance.
    Rollup(u8),
    /// Values of a field in every record.
    Column(u8),
}

impl Run {
    fn field(self) -> u8 {
        match self {
            Self::Rollup(field) | Self::Column(field) => field,
        }
    }

    /// The coded field whose words the column needs.
    #[must_use]
    pub fn coded(self) -> Option<Field> {
        match self {
            Self::Column(field) => Field::from_number(field.into()),
            Self::Rollup(_) => None,
        }
    }
}

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What the run is.
    pub run: Run,
    /// Its first byte in the pack.
    pub start: u32,
    /// Its bytes.
    pub length: u32,
    /// Number of words of a coded column; bits of a number of another column; 0 for a roll-up.
    pub values: u32,
}

/// The runs of a pack in order: roll-ups, then columns, each in order of field. Every version that stands keeps one in memory, so it
/// has only what the rest does not follow from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// A bit for each field with a roll-up, and for each with a column.
    rollups: u64,
    columns: u64,
    /// The end of each run in the pack.
    ends: Vec<u32>,
    /// Of each column.
    values: Vec<u32>,
}

impl Directory {
    /// Appends a run. `None`: the run is out of order, or the pack would have more than 4 GiB.
    pub fn push(&mut self, run: Run, length: usize, values: u32) -> Option<()> {
        let bit = 1u64.checked_shl(run.field().into())?;
        let is_next = match run {
            Run::Rollup(_) => self.columns == 0 && self.rollups < bit,
            Run::Column(_) => self.columns < bit,
        };
        if !is_next {
            return None;
        }
        let end = u32::try_from(self.bytes().checked_add(length)?).ok()?;
        match run {
            Run::Rollup(_) => self.rollups |= bit,
            Run::Column(_) => {
                self.columns |= bit;
                self.values.push(values);
            }
        }
        self.ends.push(end);
        Some(())
    }

    /// The same without room for more runs.
    #[must_use]
    pub fn finished(mut self) -> Self {
        self.ends.shrink_to_fit();
        self.values.shrink_to_fit();
        self
    }

    /// Bytes of it in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of::<Self>() + (self.ends.capacity() + self.values.capacity()) * size_of::<u32>()
    }

    /// Every run.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        let rollups = fields(self.rollups).map(Run::Rollup);
        let runs = rollups.chain(fields(self.columns).map(Run::Column)).enumerate();
        runs.map(|(place, run)| self.at(place, run))
    }

    fn at(&self, place: usize, run: Run) -> Entry {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        let values = match run {
            Run::Rollup(_) => 0,
            Run::Column(_) => self.values[place - self.rollups.count_ones() as usize],
        };
        Entry { run, start, length: self.ends[place] - start, values }
    }

    /// The place of a column among the columns; `None` if the pack has no such column.
    #[must_use]
    pub fn place_of_column(&self, field: u8) -> Option<usize> {
        place(self.columns, field)
    }

    /// The entry of a run; `None` if the pack has no such run.
    #[must_use]
    pub fn entry(&self, run: Run) -> Option<Entry> {
        let place = match run {
            Run::Rollup(field) => place(self.rollups, field)?,
            Run::Column(field) => self.rollups.count_ones() as usize + place(self.columns, field)?,
        };
        Some(self.at(place, run))
    }

    /// The bytes of a run within the pack.
    #[must_use]
    pub fn range(&self, run: Run) -> Option<Range<usize>> {
        let entry = self.entry(run)?;
        let start = entry.start as usize;
        Some(start..start + entry.length as usize)
    }

    /// Bytes of the whole pack.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.ends.last().map_or(0, |end| *end as usize)
    }

    /// The directory as it is stored, with the word numbers of its coded columns in order.
    #[must_use]
    pub fn encode(&self, words: &[u32]) -> Vec<u8> {
        let mut out = [self.rollups.to_le_bytes(), self.columns.to_le_bytes()].concat();
        let lengths: Vec<_> = self.entries().map(|entry| u64::from(entry.length)).collect();
        put_numbers(&mut out, &lengths);
        put_numbers(&mut out, &wide(&self.values));
        put_numbers(&mut out, &wide(words));
        out
    }

    /// Reads what [`Directory::encode`] wrote: the directory and the word numbers. `None` if the bytes are no directory.
    #[must_use]
    pub fn decode(mut bytes: &[u8]) -> Option<(Self, Vec<u32>)> {
        let mut set = || -> Option<u64> {
            let (found, rest) = bytes.split_first_chunk::<8>()?;
            bytes = rest;
            Some(u64::from_le_bytes(*found))
        };
        let (rollups, columns) = (set()?, set()?);
        let of = |set: u64| set.count_ones() as usize;
        let mut take = |count: usize| {
            let mut numbers = Vec::with_capacity(count);
            take_numbers(&mut bytes, count, |number| numbers.push(number))?;
            Some(numbers)
        };
        let (lengths, values) = (take(of(rollups) + of(columns))?, take(of(columns))?);
        let runs = fields(rollups).map(Run::Rollup).chain(fields(columns).map(Run::Column));
        let mut values = values.into_iter();
        let (mut found, mut words) = (Self::default(), 0usize);
        for (run, length) in runs.zip(lengths) {
            let of_column = matches!(run, Run::Column(_)).then(|| values.next());
            let values = u32::try_from(of_column.flatten().unwrap_or(0)).ok()?;
            if run.coded().is_some() {
                // An index of a column has at most 16 bits.
                words += usize::try_from(values).ok().filter(|words| *words <= 1 << 16)?;
            }
            found.push(run, usize::try_from(length).ok()?, values)?;
        }
        let mut numbers = Vec::new();
        let mut fit = true;
        take_numbers(&mut bytes, words, |number| {
            fit &= u32::try_from(number).is_ok();
            numbers.push(u32::try_from(number).unwrap_or(u32::MAX));
        })?;
        (fit && bytes.is_empty()).then(|| (found.finished(), numbers))
    }
}

/// The fields of a set, in order.
fn fields(set: u64) -> impl Iterator<Item = u8> {
    (0..64).filter(move |field| set >> field & 1 == 1)
}

/// How many of a set come before a field in it.
fn place(set: u64, field: u8) -> Option<usize> {
    let bit = 1u64.checked_shl(field.into())?;
    (set & bit != 0).then(|| (set & (bit - 1)).count_ones() as usize)
}

fn wide(numbers: &[u32]) -> Vec<u64> {
    numbers.iter().copied().map(u64::from).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn directories_come_back(
            runs in proptest::collection::btree_map(0u8..128, (0usize..100_000, 0u32..300), 0..60),
            seed in any::<u32>(),
        ) {
            let (mut directory, mut words) = (Directory::default(), Vec::new());
            for (place, (length, values)) in runs {
                let run = if place < 64 { Run::Rollup(place) } else { Run::Column(place - 64) };
                let values = if matches!(run, Run::Column(_)) { values } else { 0 };
                directory.push(run, length, values).unwrap();
                if run.coded().is_some() {
                    words.extend((0..values).map(|n| seed.wrapping_add(n)));
                }
            }
            prop_assert_eq!(Directory::decode(&directory.encode(&words)), Some((directory, words)));
        }

        #[test]
        fn hostile_directories_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Some((directory, _)) = Directory::decode(&bytes) {
                for entry in directory.entries() {
                    prop_assert!(directory.range(entry.run).is_some());
                }
            }
        }
    }

    #[test]
    fn a_pack_that_is_too_long_or_out_of_order_is_none() {
        let mut directory = Directory::default();
        directory.push(Run::Column(3), u32::MAX as usize, 2).unwrap();
        assert_eq!(directory.push(Run::Column(4), 1, 2), None);
        assert_eq!(directory.push(Run::Column(2), 0, 2), None);
        assert_eq!(directory.push(Run::Rollup(9), 0, 0), None);
    }
}
