//! What snapshots said of each person, over time: kept for as long as the snapshots that it is made of stand.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::engine::QueryError;
use crate::store::{Reader, StoreError, Submission};

/// Persons and changes of what was said of them, at most: beyond, the question is refused rather than the memory filled.
const MOST: usize = 1 << 23;
/// Histories that are kept: of each need, those of two collections.
const KEPT: usize = 6;
/// Entries of a bucket, about.
const BUCKET: usize = 4;

/// A person, a month, and the word that was said from then on.
type Entry = (u64, u16, u32);

/// What was said of each person, from when on.
#[derive(Debug, Default)]
pub(super) struct History {
    /// In order; a month only where the word is another than before.
    entries: Vec<Entry>,
    /// Where the entries of each bucket start: person keys are hashes, so their first bits spread them evenly.
    starts: Vec<u32>,
    shift: u32,
}

impl History {
    fn new(entries: Vec<Entry>) -> Self {
        let buckets = (entries.len() / BUCKET).next_power_of_two().max(2);
        let shift = u64::BITS - buckets.trailing_zeros();
        let mut starts = Vec::with_capacity(buckets + 1);
        for (number, (person, ..)) in (0u32..).zip(&entries) {
            let bucket = usize::try_from(person >> shift).unwrap_or(usize::MAX);
            while starts.len() <= bucket {
                starts.push(number);
            }
        }
        starts.resize(buckets + 1, u32::try_from(entries.len()).unwrap_or(u32::MAX));
        Self { entries, starts, shift }
    }

    /// Whether nothing was said of anybody.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The word that the latest snapshot at or before the month has for the person.
    pub(super) fn at(&self, person: u64, month: Month) -> Option<u32> {
        let bucket = usize::try_from(person >> self.shift).ok()?;
        let (start, end) =
            (*self.starts.get(bucket)? as usize, *self.starts.get(bucket + 1)? as usize);
        let said = self.entries[start..end].iter().rev();
        let mut said = said.filter(|(of, from, _)| *of == person && *from <= month.number());
        said.next().map(|(_, _, word)| *word)
    }
}

/// What a history is of: a field, and the positions of the snapshots that it is made of.
type Of = (Field, Vec<u64>);

/// The histories that were asked for last.
#[derive(Debug, Default)]
pub struct Histories(Mutex<VecDeque<(Of, Arc<History>)>>);

impl Histories {
    /// The history of a field that snapshots tell; they come oldest first.
    pub(super) fn of(
        &self,
        reader: &Reader,
        snapshots: &[Arc<Submission>],
        field: Field,
    ) -> Result<Arc<History>, QueryError> {
        let telling = snapshots.iter().filter(|snapshot| snapshot.column(field).is_some());
        let snapshots: Vec<_> = telling.cloned().collect();
        let positions = snapshots.iter().map(|snapshot| snapshot.position).collect();
        let asked: Of = (field, positions);
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = lock().iter().find(|(of, _)| *of == asked) {
            return Ok(Arc::clone(known));
        }
        let mut entries = Vec::new();
        for of_month in snapshots.chunk_by(|a, b| a.slot.month == b.slot.month) {
            entries = merged(entries, &said(reader, of_month, field)?, of_month[0].slot.month);
            if entries.len() > MOST {
                return Err(QueryError::Refused(format!(
                    "access snapshots tell of more than {MOST} people and changes of `{}`: ask of a collection with fewer",
                    field.name()
                )));
            }
        }
        let made = Arc::new(History::new(entries));
        let mut kept = lock();
        kept.push_front((asked, Arc::clone(&made)));
        kept.truncate(KEPT);
        // Small ones all stay; of large ones, as many as two may hold.
        let mut entries = 0;
        kept.retain(|(_, history)| {
            entries += history.entries.len();
            entries <= 2 * MOST
        });
        Ok(made)
    }
}

/// What the snapshots of one month say of each person, in order of person; of several, the last.
fn said(
    reader: &Reader,
    snapshots: &[Arc<Submission>],
    field: Field,
) -> Result<Vec<(u64, u32)>, StoreError> {
    let mut said = Vec::new();
    for snapshot in snapshots {
        let Some(column) = snapshot.column(field) else { continue };
        let (persons, packed) = (reader.persons(snapshot)?, reader.column(snapshot, field)?);
        let indices = packed.unpacked(snapshot.records());
        for (record, index) in indices.into_iter().enumerate() {
            let person = persons.number(record);
            if let Some(word) = column.words.get(usize::from(index)).filter(|_| person != 0) {
                said.push((person, *word));
            }
        }
    }
    // The sort keeps the order of equals, which is that of acceptance: the last of a person stands first once it is reversed.
    said.reverse();
    said.sort_by_key(|(person, _)| *person);
    said.dedup_by_key(|(person, _)| *person);
    Ok(said)
}

/// The entries, with those of a later month.
fn merged(entries: Vec<Entry>, said: &[(u64, u32)], month: Month) -> Vec<Entry> {
    let mut merged = Vec::with_capacity(entries.len() + said.len());
    let mut before = entries.into_iter().peekable();
    for (person, word) in said {
        while let Some(entry) = before.next_if(|entry| entry.0 <= *person) {
            merged.push(entry);
        }
        let same = |last: &Entry| last.0 == *person && last.2 == *word;
        if !merged.last().is_some_and(same) {
            merged.push((*person, month.number(), *word));
        }
    }
    merged.extend(before);
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_person_and_month_has_the_latest_word() {
        let person = |n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        for people in [0u64, 1, 3, 50, 1000] {
            let mut entries = Vec::new();
            // Of person n, month m says n * m % 3 where n + m is no multiple of 4.
            let says = |n: u64, m: u64| {
                (!(n + m).is_multiple_of(4)).then_some(u32::try_from(n * m % 3).unwrap())
            };
            for month in 1u64..8 {
                let mut said: Vec<_> = (0..people)
                    .filter_map(|n| says(n, month).map(|word| (person(n), word)))
                    .collect();
                said.sort_unstable();
                let month = Month::from_number(u32::try_from(month).unwrap()).unwrap();
                entries = merged(entries, &said, month);
            }
            let history = History::new(entries);
            for n in 0..people + 2 {
                for month in 0..10 {
                    let expected = (0..=month.min(7))
                        .rev()
                        .filter(|m| *m > 0 && n < people)
                        .find_map(|m| says(n, m));
                    let month = Month::from_number(u32::try_from(month).unwrap()).unwrap();
                    assert_eq!(history.at(person(n), month), expected, "{people} {n} {month}");
                }
            }
        }
    }
}
