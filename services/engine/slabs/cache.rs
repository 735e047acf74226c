//! The slabs that are kept. What was used longest ago goes first.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use super::persons::PersonNumbers;
use crate::domain::cube::{Codes, RollupRows};
use crate::domain::field::Field;
use crate::engine::cache::AnswerCache;
use crate::store::{MonthSlot, Standing, StoreError};

/// What a slab holds of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::engine) enum Kind {
    /// A field, in codes.
    Field(Field),
    /// What each record stands for.
    Weights,
    /// Which records are of a suppressed count.
    Suppressed,
    /// The key of each record.
    Keys,
    /// The person of each record, by the numbers with this id.
    Persons(u64),
    /// The roll-up of the field with this number.
    Rollup(u8),
    /// A field, with what snapshots say of the persons; the number tells which snapshots.
    Known(Field, u128),
    /// What followed each record; the number tells the months that were looked at.
    Followed(u128),
    /// The combination of each record, by a number that the month gives it; the number here tells what the column is made of.
    Inner(u128),
}

/// A slab.
#[derive(Clone, Debug)]
pub(in crate::engine) enum Slab {
    /// One code or number for each record.
    Codes(Arc<Codes>),
    /// Roll-up rows of each submission.
    Rollup(Arc<RollupRows>),
    /// What was worked out of several columns.
    Worked(Arc<Worked>),
}

/// A column that was worked out, of a month.
#[derive(Debug, Default)]
pub(in crate::engine) struct Worked {
    /// The code of each record.
    pub(in crate::engine) codes: Arc<Codes>,
    /// Of a field: the codes that occur, in order. Of an inner column: what each of its codes stands for.
    pub(in crate::engine) occurring: Arc<[u32]>,
    /// A mark of each submission; none: no submission is marked.
    pub(in crate::engine) marks: Vec<bool>,
}

impl Slab {
    /// Bytes in memory, with those of the cache itself.
    fn cost(&self) -> u64 {
        let bytes = match self {
            Self::Codes(codes) => codes.bytes(),
            Self::Rollup(rows) => rows.bytes(),
            Self::Worked(worked) => {
                let occurring = worked.occurring.len() * size_of::<u32>();
                worked.codes.bytes() + occurring + worked.marks.len()
            }
        };
        bytes as u64 + 160
    }
}

/// Month, what stands in it, and what of it.
type Key = (MonthSlot, u128, Kind);

struct Kept {
    slab: Slab,
    standing: Arc<Standing>,
    used: AtomicU64,
}

#[derive(Default)]
struct Inner {
    kept: FxHashMap<Key, Kept>,
    /// What stands in the month of the newest slab of each kind: the next one is made out of it.
    newest: FxHashMap<(MonthSlot, Kind), u128>,
    bytes: u64,
}

/// Columns and roll-ups of months, kept for every question. What a question under way holds is not counted.
pub struct Slabs {
    inner: RwLock<Inner>,
    clock: AtomicU64,
    /// Most bytes, those of the encoded answers included.
    capacity: u64,
    answers: Arc<AnswerCache>,
    persons: RwLock<Arc<PersonNumbers>>,
    #[cfg(test)]
    made: AtomicU64,
}

#[cfg(test)]
impl Slabs {
    /// How many slabs were made, and how many are kept.
    pub(in crate::engine) fn made_and_kept(&self) -> [u64; 2] {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        [self.made.load(Ordering::Relaxed), inner.kept.len() as u64]
    }
}

impl Slabs {
    /// Keeps at most `capacity` bytes, those of the encoded answers included.
    #[must_use]
    pub fn new(capacity: u64, answers: Arc<AnswerCache>) -> Self {
        let (inner, clock, persons) = Default::default();
        Self {
            inner,
            clock,
            capacity,
            answers,
            persons,
            #[cfg(test)]
            made: AtomicU64::default(),
        }
    }

    /// Forgets all, the numbers of persons included.
    pub(in crate::engine) fn clear(&self) {
        *self.persons.write().unwrap_or_else(PoisonError::into_inner) = Arc::default();
        *self.inner.write().unwrap_or_else(PoisonError::into_inner) = Inner::default();
    }

    /// Bytes of the slabs and of the numbers of persons.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let columns = self.inner.read().unwrap_or_else(PoisonError::into_inner).bytes;
        columns + self.persons().bytes()
    }

    /// The numbers of persons.
    pub(in crate::engine) fn persons(&self) -> Arc<PersonNumbers> {
        Arc::clone(&self.persons.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same, for a question that is about to number more. Where they take more than half of the room, numbering begins again;
    /// whoever has the old ones keeps them to the end of the question.
    pub(in crate::engine) fn persons_for_more(&self) -> Arc<PersonNumbers> {
        let persons = self.persons();
        if persons.bytes() <= self.capacity / 2 {
            return persons;
        }
        let mut numbers = self.persons.write().unwrap_or_else(PoisonError::into_inner);
        if numbers.id == persons.id {
            *numbers = Arc::default();
            let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
            let old = |key: &&Key| key.2 == Kind::Persons(persons.id);
            let gone: Vec<_> = inner.kept.keys().filter(old).copied().collect();
            gone.iter().for_each(|key| inner.remove(key));
        }
        Arc::clone(&numbers)
    }

    /// The slab of a kind. `make` makes one, out of the newest one of an earlier state of the month if there is any.
    pub(in crate::engine) fn get(
        &self,
        standing: &Arc<Standing>,
        kind: Kind,
        make: impl FnOnce(Option<(&Standing, &Slab)>) -> Result<Slab, StoreError>,
    ) -> Result<Slab, StoreError> {
        let key = (standing.slot, standing.id, kind);
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        let earlier = {
            let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = inner.kept.get(&key) {
                known.used.store(now, Ordering::Relaxed);
                return Ok(known.slab.clone());
            }
            let id = inner.newest.get(&(standing.slot, kind));
            let earlier = id.and_then(|id| inner.kept.get(&(standing.slot, *id, kind)));
            earlier.map(|kept| (Arc::clone(&kept.standing), kept.slab.clone()))
        };
        let made = make(earlier.as_ref().map(|(standing, slab)| (standing.as_ref(), slab)))?;
        #[cfg(test)]
        self.made.fetch_add(1, Ordering::Relaxed);
        self.keep(key, standing, made.clone(), now);
        Ok(made)
    }

    /// A column that is worked out of others where it is not kept.
    pub(in crate::engine) fn worked(
        &self,
        standing: &Arc<Standing>,
        kind: Kind,
        work: impl FnOnce() -> Result<Worked, StoreError>,
    ) -> Result<Arc<Worked>, StoreError> {
        let slab = self.get(standing, kind, |_| Ok(Slab::Worked(Arc::new(work()?))))?;
        match slab {
            Slab::Worked(worked) => Ok(worked),
            Slab::Codes(_) | Slab::Rollup(_) => Ok(Arc::default()),
        }
    }

    fn keep(&self, key: Key, standing: &Arc<Standing>, slab: Slab, now: u64) {
        let (slot, id, kind) = key;
        let room = self.capacity.saturating_sub(self.answers.bytes() + self.persons().bytes());
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if slab.cost() <= room {
            let kept = Kept { slab, standing: Arc::clone(standing), used: AtomicU64::new(now) };
            inner.insert(key, kept);
            let before = inner.newest.get(&(slot, kind)).copied().filter(|before| *before != id);
            let before = before.map(|before| (slot, before, kind));
            let changed = before.and_then(|key| inner.kept.get(&key)).map(|of| of.standing.last());
            // Only a later state takes the place of another: of the earlier one nobody asks again, unless as of its position.
            if changed.is_none_or(|changed| changed < standing.last()) {
                inner.newest.insert((slot, kind), id);
                before.into_iter().for_each(|key| inner.remove(&key));
            }
        }
        if inner.bytes > room {
            inner.shrink(room - room / 4);
        }
    }
}

impl Inner {
    fn insert(&mut self, key: Key, kept: Kept) {
        self.remove(&key);
        self.bytes += kept.slab.cost();
        self.kept.insert(key, kept);
    }

    fn remove(&mut self, key: &Key) {
        if let Some(gone) = self.kept.remove(key) {
            self.bytes = self.bytes.saturating_sub(gone.slab.cost());
        }
    }

    /// Lets go of what was used longest ago, until no more than this is left.
    fn shrink(&mut self, least: u64) {
        let mut ages: Vec<_> =
            self.kept.iter().map(|(key, kept)| (kept.used.load(Ordering::Relaxed), *key)).collect();
        ages.sort_unstable_by_key(|(used, _)| *used);
        for (_, key) in ages {
            if self.bytes <= least {
                break;
            }
            self.remove(&key);
        }
        let kept = &self.kept;
        self.newest.retain(|(slot, kind), id| kept.contains_key(&(*slot, *id, *kind)));
    }
}
