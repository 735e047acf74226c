//! Distinct persons, so many at once: a range of person keys after another, so that a table takes no more memory for more of them.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::domain::cube::{Part, Person, Persons};
use crate::engine::threads::on_threads;
use crate::engine::{QueryError, Threads};
use crate::store::{Reader, StoreError, Submission};

/// Records whose persons are counted at once. Few in tests, so that there are several turns.
const AT_ONCE: usize = if cfg!(test) { 50 } else { 1 << 21 };

/// Ranges that hold every key once, each about as many as may be counted at once: keys are hashes, and so evenly spread.
pub(super) fn key_ranges(records: usize) -> impl Iterator<Item = RangeInclusive<u64>> {
    let turns = records.div_ceil(AT_ONCE).max(1) as u64;
    let each = u64::MAX / turns;
    (0..turns).map(move |turn| {
        let last = if turn + 1 == turns { u64::MAX } else { each * (turn + 1) - 1 };
        each * turn..=last
    })
}

/// The persons of these parts whose keys lie in a range, each in each cell once.
pub(super) fn persons(
    reader: &Reader,
    parts: &[(Part, Arc<Submission>)],
    among: &RangeInclusive<u64>,
    threads: Threads,
) -> Result<Vec<Person>, QueryError> {
    let run = |run: &[(Part, Arc<Submission>)]| -> Result<Vec<Person>, StoreError> {
        let mut persons = Persons::new(among.clone());
        for (part, submission) in run.iter().take_while(|_| !threads.are_late()) {
            let keys = reader.persons(submission)?;
            persons.add(part, &keys);
        }
        Ok(persons.sorted())
    };
    let mut found = Vec::new();
    for of_thread in on_threads(parts, |(part, _)| part.records, threads, run) {
        found.append(&mut of_thread?);
    }
    threads.in_time()?;
    // A person may have been met on several threads.
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_every_key_once() {
        for records in [0, 1, AT_ONCE, AT_ONCE + 1, AT_ONCE * 7, AT_ONCE * 1000 + 3] {
            let ranges: Vec<_> = key_ranges(records).collect();
            assert_eq!(ranges.len(), records.div_ceil(AT_ONCE).max(1));
            assert_eq!((*ranges[0].start(), *ranges[ranges.len() - 1].end()), (0, u64::MAX));
            assert!(ranges.windows(2).all(|two| two[0].end() + 1 == *two[1].start()));
        }
    }
}
