//! What snapshots said of each person, carried forward month by month: of a person and a month, the word of the latest snapshot.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::cube::{Codes, NOBODY};
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::engine::Engine;
use crate::engine::slabs::PersonNumbers;
use crate::store::{NOT_COLLECTED_CODE, Standing, StoreError};

/// The months of the access snapshots that stand, in order.
pub(super) struct Snapshots {
    pub(super) months: Vec<Arc<Standing>>,
    /// Numbers of the organisations whose snapshots the question's reader may not read: they say nothing.
    pub(super) unheard: BTreeSet<u32>,
}

impl Snapshots {
    /// Tells which snapshots are of this month or earlier, and which of them speak: the same for the same ones only.
    pub(super) fn until(&self, month: Month) -> u128 {
        let mut hasher = blake3::Hasher::new();
        for organisation in &self.unheard {
            hasher.update(&[1]).update(&organisation.to_le_bytes());
        }
        hasher.update(&[0]);
        for standing in self.months.iter().filter(|standing| standing.slot.month <= month) {
            hasher.update(&standing.slot.month.number().to_le_bytes());
            hasher.update(&standing.slot.collection.to_le_bytes());
            hasher.update(&standing.id.to_le_bytes());
        }
        hasher.finalize().as_bytes()[..16].try_into().map_or(0, u128::from_le_bytes)
    }
}

/// What was said of each person up to a month.
pub(super) struct Known<'a> {
    engine: &'a Engine,
    snapshots: &'a Snapshots,
    field: Field,
    numbers: &'a PersonNumbers,
    /// How many months were read.
    read: usize,
    /// The code of the word by number of the person; of nobody and of whom nothing was said: that of what is not collected.
    said: Vec<u32>,
}

impl<'a> Known<'a> {
    /// Nothing was read yet.
    pub(super) fn new(
        engine: &'a Engine,
        snapshots: &'a Snapshots,
        field: Field,
        numbers: &'a PersonNumbers,
    ) -> Self {
        Self { engine, snapshots, field, numbers, read: 0, said: Vec::new() }
    }

    /// Reads on to the end of a month, which is not before the last one.
    pub(super) fn read_to(&mut self, month: Month) -> Result<(), StoreError> {
        let (reader, slabs) = (self.engine.store().reader(), &self.engine.slabs);
        while let Some(standing) = self.snapshots.months.get(self.read) {
            if standing.slot.month > month {
                break;
            }
            self.read += 1;
            let codes = slabs.field(reader, standing, self.field)?;
            let persons = slabs.of_persons(reader, standing, self.numbers)?;
            self.said.resize(self.numbers.end() as usize, NOT_COLLECTED_CODE);
            // Of two in one month the one that was accepted last stands.
            let mut order: Vec<_> = (0..standing.submissions.len()).collect();
            order.sort_unstable_by_key(|place| standing.submissions[*place].position);
            for place in order {
                let submission = &standing.submissions[place];
                let is_unheard = self.snapshots.unheard.contains(&submission.slot.organisation);
                if is_unheard || !submission.has_persons || submission.column(self.field).is_none()
                {
                    continue;
                }
                for record in standing.starts[place]..standing.starts[place + 1] {
                    let person = persons.at(record);
                    if person != NOBODY {
                        self.said[person as usize] = codes.at(record);
                    }
                }
            }
        }
        Ok(())
    }

    /// The code of the word that the latest snapshot has for a person; that of what is not collected, if there is none.
    pub(super) fn of(&self, person: u32) -> u32 {
        self.said.get(person as usize).copied().unwrap_or(NOT_COLLECTED_CODE)
    }

    /// The persons of a month's records.
    pub(super) fn persons(&self, standing: &Arc<Standing>) -> Result<Arc<Codes>, StoreError> {
        self.engine.slabs.of_persons(self.engine.store().reader(), standing, self.numbers)
    }
}
